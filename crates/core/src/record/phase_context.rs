//! The part of a phase's context that a record shows: its status code, and messages whose shape is
//! known.
//!
//! CodeBuild quotes commands, with or without expanded variables, lines of the buildspec, and what other
//! programs and services answered. Nothing distinguishes such a text from a secret, so its size and digest
//! replace it.

use super::redact::digest;
use crate::model::PhaseContext;

/// Messages that quote nothing, from public build logs. `#` stands for up to three digits.
const KNOWN: &[&str] = &[
    "",
    "Build has timed out",
    "Build has timed out.",
    "YAML file does not exist",
    "mapping values are not allowed in this context at line #",
    "no matching artifact paths found",
    "wrong number of container tags, expected #",
];

/// The reasons for which a command fails.
const REASONS: &[&str] = &["exit status #", "signal: killed", "signal: terminated", "signal: interrupt"];

const COMMAND: &str = "Error while executing command: ";
const REASON: &str = ". Reason: ";

/// Replaces the texts that a phase's context may quote.
pub(super) fn redact(context: &mut PhaseContext) {
    context.status_code =
        context.status_code.take().map(|code| if is_code(&code) { code } else { digest("text", &code) });
    context.message = context.message.take().map(|text| message(&text));
}

/// Returns a message without the texts that it may quote.
pub(super) fn message(text: &str) -> String {
    if KNOWN.iter().any(|known| has_shape(text.trim(), known)) {
        return text.to_owned();
    }
    let Some(quoted) = text.strip_prefix(COMMAND) else { return digest("text", text) };
    // A command can contain `. Reason: ` itself, so the last one ends the command.
    let (command, reason) = match quoted.rsplit_once(REASON) {
        Some((command, reason)) if REASONS.iter().any(|known| has_shape(reason.trim(), known)) => {
            (command, format!("{REASON}{}", reason.trim()))
        }
        Some((command, reason)) => (command, format!("{REASON}({})", digest("text", reason))),
        None => (quoted, String::new()),
    };
    format!("{COMMAND}({}){reason}", digest("command", command))
}

/// Returns whether a text is a status code: `COMMAND_EXECUTION_ERROR`.
fn is_code(text: &str) -> bool {
    ["", "Decrypted Variables Error", "BuildSecrets Manager Error"].contains(&text)
        || text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn has_shape(text: &str, shape: &str) -> bool {
    match shape.split_once('#') {
        None => text == shape,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            (1..=3).contains(&digits) && has_shape(&rest[digits..], after)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the message as it is shown, with its digests cut to eight digits.
    fn shown(text: &str) -> String {
        let message = message(text);
        let mut parts = message.split("sha256:");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |shown, part| format!("{shown}sha256:{}…{}", &part[..8], &part[64..]))
    }

    #[test]
    fn texts_of_known_shape_stay() {
        for text in [
            "",
            " ",
            "YAML file does not exist",
            "wrong number of container tags, expected 1",
            "mapping values are not allowed in this context at line 12",
            "no matching artifact paths found",
        ] {
            assert_eq!(message(text), text);
        }
    }

    #[test]
    fn a_quoted_command_is_its_size_and_digest() {
        for (text, expected) in [
            (
                "Error while executing command: mvn package. Reason: exit status 1",
                "Error while executing command: (command, 11 bytes, sha256:43ffa22b…). Reason: exit status 1",
            ),
            (
                "Error while executing command: echo a. Reason: exit status 1. Reason: exit status 255",
                "Error while executing command: (command, 29 bytes, sha256:16c7a9b4…). Reason: exit status 255",
            ),
            (
                "Error while executing command: a\nb. Reason: signal: killed\n",
                "Error while executing command: (command, 3 bytes, sha256:7e18f737…). Reason: signal: killed",
            ),
            (
                "Error while executing command: a. Reason: exit status 1234",
                "Error while executing command: (command, 1 bytes, sha256:ca978112…). Reason: (text, 16 bytes, sha256:dd1a6211…)",
            ),
            (
                "Error while executing command: if [ -f x ]; then\n",
                "Error while executing command: (command, 18 bytes, sha256:71e26ddb…)",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn any_other_text_is_its_size_and_digest() {
        for text in [
            "Error while executing the command: a. Reason: exit status 1",
            "YAML file does not exist: a",
            "wrong number of container tags, expected 1234",
            "Invalid buildspec phase name: POSTBUILD. Expecting: BUILD,INSTALL,POST_BUILD,PRE_BUILD",
            "AccessDeniedException: not authorized to perform: ssm:GetParameters on resource: secret",
            "git fetch failed: could not read from https://u:p@host",
        ] {
            let shown = message(text);
            assert!(shown.starts_with(&format!("text, {} bytes, sha256:", text.len())), "{shown}");
            assert_eq!(shown.len(), format!("text, {} bytes, sha256:", text.len()).len() + 64);
        }
    }

    #[test]
    fn a_status_code_stays_and_a_sentence_does_not() {
        for (code, stays) in [
            ("COMMAND_EXECUTION_ERROR", true),
            ("YAML_FILE_ERROR", true),
            ("", true),
            ("Decrypted Variables Error", true),
            ("fatal", false),
            ("SECRET 12", false),
            ("S3CR3T", false),
        ] {
            let mut context = PhaseContext { status_code: Some(code.into()), message: None };
            redact(&mut context);
            assert_eq!(context.status_code.as_deref() == Some(code), stays, "{code}: {context:?}");
        }
    }
}
