//! Keys of tags, and patterns of their values.

use crate::{
    facts::possible::{Form, Remark, can_fit},
    pattern::Pattern,
};

/// Letters, digits, white space and `_.:/=@+-`.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Tag.html>
const TAG: Form = Form { step: |_, next| is_of_tags(next).then_some(0), ends: |_| true, alphabet: "a" };

fn is_of_tags(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "_.:/=@+-".contains(c)
}

/// Parses a pattern of the values of a tag. Returns an error if no value can fit it.
pub fn tag_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    match can_fit(text, &TAG) {
        true => Ok((pattern, Vec::new())),
        false => Err(of_other_characters(text, "value")),
    }
}

/// Checks a tag's key, which is compared exactly. Returns an error if no tag can have it.
pub fn check_tag_key(key: &str) -> Result<(), Remark> {
    if key.trim().is_empty() {
        return Err(Remark::new("a tag without a key", "the tag's key, as in `team: [payments]`"));
    }
    if key.contains(['*', '?']) {
        let found = format!("no tag has the key `{key}`: only the values of a tag can have wildcards");
        return Err(Remark::new(found, "the whole key, as in `team: [payments]`"));
    }
    match key.trim() == key && key.chars().all(is_of_tags) {
        true => Ok(()),
        false => Err(of_other_characters(key, "key")),
    }
}

fn of_other_characters(text: &str, what: &str) -> Remark {
    let found = text.chars().find(|c| !is_of_tags(*c) && !matches!(c, '*' | '?'));
    let why = match found {
        Some(found) => format!("AWS accepts no `{}` there", found.escape_debug()),
        None => "it begins or ends with white space".to_owned(),
    };
    let right = match found {
        Some('|' | ',' | ';') => "a list with an element for each".to_owned(),
        _ => format!("the {what} as the project's tag has it"),
    };
    Remark::new(format!("no tag has the {what} `{text}`: {why}"), right)
}
