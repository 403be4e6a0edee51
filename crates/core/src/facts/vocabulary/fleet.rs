//! Patterns of a fleet's ARN.

use crate::{
    facts::possible::{Form, Remark, can_fit},
    pattern::Pattern,
};

/// `arn:PARTITION:codebuild:REGION:ACCOUNT:fleet/NAME:ID`, with an id of 36 characters.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectFleet.html>
const FLEET_ARN: Form = Form { step, ends: |state| state == ID + 36, alphabet: "arn:codebuildflt/0-A_" };

const PARTITION: u8 = 4;
const SERVICE: u8 = 5;
const REGION: u8 = 15;
const ACCOUNT: u8 = 16;
const RESOURCE: u8 = 17;
const NAME: u8 = 23;
const ID: u8 = 24;

fn step(state: u8, next: char) -> Option<u8> {
    let word = |text: &str, start: u8| text.chars().nth((state - start).into()).filter(|one| *one == next);
    match state {
        0..PARTITION => word("arn:", 0).map(|_| state + 1),
        PARTITION if next == ':' => Some(SERVICE),
        PARTITION => (next.is_ascii_lowercase() || next == '-').then_some(state),
        SERVICE..REGION => word("codebuild:", SERVICE).map(|_| state + 1),
        REGION if next == ':' => Some(ACCOUNT),
        REGION => (next.is_ascii_lowercase() || next.is_ascii_digit() || next == '-').then_some(state),
        ACCOUNT if next == ':' => Some(RESOURCE),
        ACCOUNT => next.is_ascii_digit().then_some(state),
        RESOURCE..NAME => word("fleet/", RESOURCE).map(|_| state + 1),
        NAME if next == ':' => Some(ID),
        NAME => (next.is_ascii_alphanumeric() || next == '-' || next == '_').then_some(state),
        _ => (state < ID + 36 && (next.is_ascii_alphanumeric() || next == '-')).then_some(state + 1),
    }
}

/// Parses a pattern of a fleet's ARN. Returns an error, with a correction, if no fleet can fit it.
pub fn fleet_pattern(text: &str) -> Result<Pattern, Remark> {
    let pattern = Remark::pattern(text)?;
    if can_fit(text, &FLEET_ARN) {
        return Ok(pattern);
    }
    let with_id = format!("{}:*", text.trim_end_matches(':'));
    if can_fit(&with_id, &FLEET_ARN) {
        return Err(Remark::new(
            format!("no fleet fits `{text}`: a fleet's ARN ends in `:` and an id"),
            format!("`{with_id}`"),
        ));
    }
    Err(Remark::new(format!("no fleet fits `{text}`"), "a fleet's ARN, such as `arn:aws:codebuild:*:*:fleet/gpu-*`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_no_fleet_fits_is_refused() {
        for (text, expected) in [
            ("arn:aws:codebuild:*:*:fleet/gpu-*", ""),
            ("arn:*:fleet/gpu:*", ""),
            ("*:*", ""),
            ("arn:aws:codebuild:eu-west-1:111122223333:fleet/gpu:1a000001-0000-4000-8000-000000000001", ""),
            ("arn:aws:codebuild:*:*:fleet/gpu", "write `arn:aws:codebuild:*:*:fleet/gpu:*`"),
            ("arn:aws:codebuild:*:*:fleet/gpu-????", "write `arn:aws:codebuild:*:*:fleet/gpu-????:*`"),
            ("arn:aws:codebuild:*:*:fleet/gpu:", "write `arn:aws:codebuild:*:*:fleet/gpu:*`"),
            ("arn:aws:codebuild:*:*:project/gpu-*", "write a fleet's ARN, such as `arn:aws:codebuild:*:*:fleet/gpu-*`"),
            ("arn:aws:codebuild:*:fleet/gpu:1a", "write a fleet's ARN, such as `arn:aws:codebuild:*:*:fleet/gpu-*`"),
        ] {
            assert_eq!(fleet_pattern(text).map_or_else(|remark| remark.help, |_| String::new()), expected, "{text}");
        }
    }
}
