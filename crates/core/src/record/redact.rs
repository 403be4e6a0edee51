//! Redaction: the values of environment variables, user information in URLs, and the text of
//! inline buildspecs never leave the program.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};
use sha2::{Digest, Sha256};

use super::Failure;
use crate::{
    model::{Build, ProjectSource},
    url::without_user_info,
};

const STARS: &str = "***";

/// The Build without its secrets.
pub(super) fn build(mut build: Box<Build>) -> Box<Build> {
    let secrets = Secrets::of(&build);
    let environment = build.environment.iter_mut();
    for variable in environment.flat_map(|environment| environment.environment_variables.iter_mut().flatten()) {
        variable.value = variable.value.take().map(|_| STARS.into());
    }
    for variable in build.exported_environment_variables.iter_mut().flatten() {
        variable.value = variable.value.take().map(|_| STARS.into());
    }
    for source in build.source.iter_mut().chain(build.secondary_sources.iter_mut().flatten()) {
        buildspec(source);
    }
    // CodeBuild quotes failed commands in these texts, with or without expanded variables.
    let contexts = build.phases.iter_mut().flatten().flat_map(|phase| phase.contexts.iter_mut().flatten());
    let messages = contexts.filter_map(|context| context.message.as_mut());
    let docker_server = build.environment.iter_mut().filter_map(|environment| environment.docker_server.as_mut());
    let statuses = docker_server.filter_map(|server| server.status.as_mut()?.message.as_mut());
    for text in messages.chain(statuses) {
        *text = secrets.removed_from(text);
    }
    build
}

/// The failure without secrets: a service's message may quote the request or the build.
pub(super) fn failure(failure: Failure, build: &Build) -> Failure {
    Failure { message: without_user_info(&Secrets::of(build).removed_from(&failure.message)).into_owned(), ..failure }
}

/// Serializes fields, and removes the user information of every URL in them.
pub(super) fn every_url(fields: &impl Serialize) -> Box<RawValue> {
    // A record consists of texts, numbers and lists: it can always be serialized.
    let json = to_raw_value(fields).unwrap_or_default();
    // JSON escapes neither of these, and no user information is without them.
    if !json.get().contains('@') || !json.get().contains("://") {
        return json;
    }
    let mut redacted = String::with_capacity(json.get().len());
    let mut rest = json.get();
    while let Some(start) = rest.find('"') {
        let (before, text) = rest.split_at(start);
        let (text, after) = text.split_at(end_of_string(text));
        redacted.push_str(before);
        match serde_json::from_str::<String>(text) {
            Ok(value) if value.contains("://") => redacted.push_str(&json!(without_user_info(&value)).to_string()),
            _ => redacted.push_str(text),
        }
        rest = after;
    }
    redacted.push_str(rest);
    RawValue::from_string(redacted).unwrap_or_default()
}

/// The length of the JSON string that the text begins with, quotes included.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let closing = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let closes = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        closes
    });
    closing.map_or(text.len(), |(at, _)| at + 1)
}

/// Replaces an inline buildspec by its size and digest, which distinguish it from another. A
/// path or an S3 ARN stays as it is.
fn buildspec(source: &mut ProjectSource) {
    source.buildspec = source.buildspec.take().map(|text| {
        if is_path(&text) {
            return text;
        }
        let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("inline buildspec, {} bytes, sha256:{digest}", text.len())
    });
}

/// A buildspec is a path in the source, an S3 ARN, or the whole file. A text with any character
/// that plain paths do not have counts as the file.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-name-storage>
fn is_path(buildspec: &str) -> bool {
    let path = buildspec.strip_prefix("arn:").map_or(buildspec, |arn| arn.splitn(5, ':').last().unwrap_or_default());
    path.chars().all(|character| character.is_ascii_alphanumeric() || "/._-+@=%~".contains(character))
}

/// What a build contains that no text may quote.
struct Secrets {
    /// The values of its variables that are long enough to be distinguished from other words.
    values: Vec<String>,
    /// The words of its inline buildspecs: CodeBuild quotes the commands that failed.
    words: HashSet<String>,
}

/// Shorter texts reveal little, and occur in many words.
const MIN_SECRET_LENGTH: usize = 4;

impl Secrets {
    fn of(build: &Build) -> Self {
        let environment = build.environment.iter();
        let variables = environment.flat_map(|environment| environment.environment_variables.iter().flatten());
        let exported = build.exported_environment_variables.iter().flatten();
        let values = variables.filter_map(|variable| variable.value.as_ref());
        let mut values: Vec<String> = values
            .chain(exported.filter_map(|variable| variable.value.as_ref()))
            .filter(|value| value.len() >= MIN_SECRET_LENGTH)
            .map(ToString::to_string)
            .collect();
        // A value that contains another goes first, or its remainder would stay.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));

        let sources = build.source.iter().chain(build.secondary_sources.iter().flatten());
        let inline = sources.filter_map(|source| source.buildspec.as_deref()).filter(|text| !is_path(text));
        let words =
            inline.flat_map(|text| text.split(ends_word)).map(bare).filter(|word| word.len() >= MIN_SECRET_LENGTH);
        Self { values, words: words.map(str::to_owned).collect() }
    }

    fn removed_from(&self, text: &str) -> String {
        let text = self.values.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), STARS));
        let pieces = text.split_inclusive(ends_word).map(|piece| {
            let word = bare(piece.trim_end_matches(ends_word));
            if self.words.contains(word) { piece.replace(word, STARS) } else { piece.to_owned() }
        });
        pieces.collect()
    }
}

/// Whether a word ends here, in YAML or in a sentence that quotes it.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || "\"'`,;()[]{}".contains(character)
}

/// The word without the punctuation of a sentence or of a YAML key.
fn bare(word: &str) -> &str {
    word.trim_matches(['.', ':'])
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::every_url;

    #[test]
    fn user_information_is_removed_and_all_else_stays_as_it_is_written() {
        let json = r#"{"z": "https://u:p@host/\"a\"", "a\\": ["\\", "x@y", "ssh://t@h/\u0041"], "n": 1.50, "u": "\""}"#;
        let fields = RawValue::from_string(json.to_owned()).unwrap();
        let expected = r#"{"z": "https://host/\"a\"", "a\\": ["\\", "x@y", "ssh://h/A"], "n": 1.50, "u": "\""}"#;
        assert_eq!(every_url(&fields).get(), expected);
    }
}
