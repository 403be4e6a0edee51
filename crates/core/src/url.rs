//! The user information of a URL, which often contains a token.
//! <https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1>

use std::borrow::Cow;

/// `text` without the user information of the URLs in it.
pub(crate) fn without_user_info(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return text.into();
    }
    let mut kept = String::new();
    let mut rest = text;
    while let Some(colon) = rest.find("://") {
        let (before, after) = rest.split_at(colon + 3);
        kept.push_str(before);
        // An authority ends where a path, a query, a fragment or white space begins; its user
        // information ends at the last `@` in it, since people leave `@` and quotes in passwords.
        let end = after.find(|c: char| "/?#".contains(c) || c.is_whitespace()).unwrap_or(after.len());
        rest = after[..end].rfind('@').map_or(after, |at| &after[at + 1..]);
    }
    if kept.is_empty() {
        return text.into();
    }
    kept.push_str(rest);
    kept.into()
}

/// A location as patterns are compared with it: without user information, and with scheme and
/// host in lower case.
pub(crate) fn normalized(location: &str) -> Cow<'_, str> {
    let location = without_user_info(location);
    let Some(colon) = location.find("://") else { return location };
    let authority = colon + 3;
    let end = location[authority..].find(['/', '?', '#']);
    let end = end.map_or(location.len(), |end| authority + end);
    if location[..end].bytes().any(|byte| byte.is_ascii_uppercase()) {
        return format!("{}{}", location[..end].to_ascii_lowercase(), &location[end..]).into();
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_information_is_left_out_wherever_it_stands() {
        for (text, expected) in [
            ("https://github.com/acme/app.git", "https://github.com/acme/app.git"),
            ("https://token@github.com/acme/app.git", "https://github.com/acme/app.git"),
            ("https://user:pa@ss@github.com/acme", "https://github.com/acme"),
            (
                "fatal: could not read 'HTTPS://x:y@host' and ssh://git:z@h/p",
                "fatal: could not read 'HTTPS://host' and ssh://h/p",
            ),
            ("https://github.com/@scope/app", "https://github.com/@scope/app"),
            ("https://github.com?mail=a@b", "https://github.com?mail=a@b"),
            ("a://b://c:d@e", "a://b://e"),
            ("git@github.com:acme/app.git", "git@github.com:acme/app.git"),
            ("", ""),
        ] {
            assert_eq!(without_user_info(text), expected);
        }
    }

    #[test]
    fn scheme_and_host_are_lower_case_and_the_path_is_not() {
        assert_eq!(normalized("HTTPS://t@GitHub.com/Acme/App"), "https://github.com/Acme/App");
        assert_eq!(normalized("bucket/Key.zip"), "bucket/Key.zip");
    }
}
