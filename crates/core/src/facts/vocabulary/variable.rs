//! Patterns of the names of environment variables.

use crate::{facts::possible::Remark, pattern::Pattern};

/// Reads a pattern of names of environment variables, which are compared as written, with
/// warnings about what is probably not meant.
pub fn variable_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    let name = meant(text);
    if name == text {
        return Ok((pattern, Vec::new()));
    }
    let message = format!("`{text}` is compared with a variable's name, which has {}", unusual(text));
    let right = if name.is_empty() { "a name as in `DB_PASSWORD`".to_owned() } else { format!("the name: `{name}`") };
    Ok((pattern, vec![Remark::new(message, right)]))
}

/// The name without what stands around it where it is used: `$NAME`, `%NAME%`, `env.NAME`,
/// `NAME=value`; with `_` for what names in shells do not have.
fn meant(text: &str) -> String {
    let (name, _) = text.split_once('=').unwrap_or((text, ""));
    let name = name.strip_prefix("env.").unwrap_or(name).trim_matches(['$', '%']);
    let name = name.trim_start_matches(|first: char| first.is_ascii_digit());
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '*' | '?') { c } else { '_' };
    name.chars().map(plain).collect()
}

fn unusual(text: &str) -> String {
    let is_usual = |c: char| c.is_alphanumeric() || matches!(c, '_' | '*' | '?');
    match text.chars().find(|c| !is_usual(*c)) {
        Some('.') if text.starts_with("env.") => "no `env.` in front".to_owned(),
        Some(' ') => "no white space".to_owned(),
        Some(other) => format!("no `{}`", other.escape_debug()),
        None => "no digit in front".to_owned(),
    }
}
