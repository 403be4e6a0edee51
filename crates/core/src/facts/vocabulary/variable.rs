//! Patterns of the names of environment variables.

use crate::{facts::possible::Remark, pattern::Pattern};

/// The types of variables in the API.
const TYPES: [&str; 3] = ["PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"];

/// Parses a pattern of names of environment variables, which are compared as written, with warnings about
/// probable mistakes.
pub fn variable_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    if TYPES.contains(&text) {
        let found = format!("`{text}` is a type of variables, and is compared with their names");
        return Ok((pattern, vec![Remark::new(found, "the name of a variable, as in `DB_PASSWORD`")]));
    }
    let names: Vec<String> = text.split(['|', ',', ';']).map(meant).filter(|name| !name.is_empty()).collect();
    let name = names.join(", ");
    if name == text {
        return Ok((pattern, Vec::new()));
    }
    let message = format!("`{text}` is compared with a variable's name, which has {}", unusual(text));
    let right = match names.len() {
        0 => "a name as in `DB_PASSWORD`".to_owned(),
        1 => format!("the name: `{name}`"),
        _ => format!("a list: `[{name}]`"),
    };
    Ok((pattern, vec![Remark::new(message, right)]))
}

/// Returns the name without the characters that surround it in use: `$NAME`, `%NAME%`, `env.NAME`,
/// `NAME=value`. `_` replaces each character that names in shells do not have.
fn meant(text: &str) -> String {
    let name = ["env.", "env:"].into_iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text);
    let name = name.split(['=', ':']).next().unwrap_or(name).replace(".*", "*").replace(".+", "?*");
    let name = name.trim_matches(|c: char| !is_usual(c));
    let name = name.trim_start_matches(|first: char| first.is_ascii_digit());
    name.chars().map(|c| if is_usual(c) { c } else { '_' }).collect()
}

fn is_usual(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '*' | '?')
}

fn unusual(text: &str) -> String {
    match text.chars().find(|c| !is_usual(*c)) {
        Some('.') if text.starts_with("env.") => "no `env.` in front".to_owned(),
        Some(' ') => "no white space".to_owned(),
        Some(other) => format!("no `{}`", other.escape_debug()),
        None => "no digit in front".to_owned(),
    }
}
