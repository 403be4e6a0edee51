//! The secret parts of URLs: user information, often a token, and a query or a fragment.
//! <https://www.rfc-editor.org/rfc/rfc3986#section-3>

use std::{borrow::Cow, ops::Range};

use memchr::{memchr, memchr2, memchr3, memmem};
use serde_json::{
    json,
    value::{RawValue, to_raw_value},
};

/// The hosts of the AWS console. The query and the fragment of a link into the console are a part of its address.
const CONSOLES: [&str; 4] =
    ["console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com", "console.amazonaws.eu"];

/// Removes user information, query and fragment of every URL in a text, or in the strings of a
/// JSON text. Query and fragment of a link into the AWS console stay.
pub(crate) fn redacted(text: &str) -> Cow<'_, str> {
    if text.trim_start().starts_with(['{', '[', '"'])
        && may_contain_url(text)
        && let Ok(json) = serde_json::from_str::<&RawValue>(text)
    {
        return redacted_json(json.get(), &[]);
    }
    without(text, Parts::All)
}

/// Removes the user information of every URL in a text.
pub(crate) fn without_user_info(text: &str) -> Cow<'_, str> {
    without(text, Parts::UserInfo)
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

/// Redacts every string of a JSON text except for those in `own`. A string with an escape is written as serde_json
/// writes it, so that the values of variables are found in it. Everything else stays as it is written.
pub(crate) fn redacted_json<'a>(json: &'a str, own: &[&str]) -> Cow<'a, str> {
    let mut redacted_json = String::new();
    let (mut copied, mut from) = (0, 0);
    while let Some(start) = memchr(b'"', &json.as_bytes()[from..]) {
        let start = from + start;
        let end = start + end_of_string(&json[start..]);
        let text = &json[start..end];
        if may_contain_url(text) {
            let redacted = redacted_string(text, own);
            if redacted != text {
                redacted_json.push_str(&json[copied..start]);
                redacted_json.push_str(&redacted);
                copied = end;
            }
        }
        from = end;
    }
    if copied == 0 {
        return json.into();
    }
    redacted_json.push_str(&json[copied..]);
    redacted_json.into()
}

/// Redacts one string of a JSON text, with its quotes.
fn redacted_string<'a>(text: &'a str, own: &[&str]) -> Cow<'a, str> {
    match serde_json::from_str::<String>(text) {
        Ok(value) if own.contains(&value.as_str()) => text.into(),
        Ok(value) => json!(redacted(&value)).to_string().into(),
        // Half of a surrogate pair is valid JSON, but not a text.
        Err(_) => {
            let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
            format!("\"{}\"", without(inner, Parts::All)).into()
        }
    }
}

/// Serializes a value, and redacts every string in it except for those in `own`.
pub(crate) fn to_redacted_json(value: &impl serde::Serialize, own: &[&str]) -> Box<RawValue> {
    // A record consists of texts, numbers and lists: it can always be serialized.
    let json = to_raw_value(value).unwrap_or_default();
    match may_contain_url(json.get()).then(|| redacted_json(json.get(), own)) {
        None | Some(Cow::Borrowed(_)) => json,
        Some(Cow::Owned(redacted)) => RawValue::from_string(redacted).unwrap_or_default(),
    }
}

/// The length of the JSON string that the text begins with, quotes included.
fn end_of_string(text: &str) -> usize {
    let mut from = 1;
    while let Some(at) = text.as_bytes().get(from..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        let is_escape = text.as_bytes()[from + at] == b'\\';
        from += at + 1 + usize::from(is_escape);
        if !is_escape {
            return from;
        }
    }
    text.len()
}

/// Returns whether a text may contain a URL. A backslash may begin the escape of any character of `://` and of `@`.
/// Most texts contain none of them.
fn may_contain_url(text: &str) -> bool {
    let first = memchr3(b':', b'\\', b'@', text.as_bytes());
    first
        .map(|first| &text.as_bytes()[first..])
        .is_some_and(|rest| memchr2(b'\\', b'@', rest).is_some() || memmem::find(rest, b"://").is_some())
}

/// The parts of a URL to be removed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    UserInfo,
    All,
}

fn without(text: &str, parts: Parts) -> Cow<'_, str> {
    if !may_contain_url(text) {
        return text.into();
    }
    let (plain, places) = unescaped(text);
    let secrets = secrets(&plain, parts);
    if secrets.is_empty() {
        return text.into();
    }
    let place = |at: usize| places.as_ref().map_or(at, |places| places[at]);
    let (mut kept, mut from) = (String::with_capacity(text.len()), 0);
    for Range { start, end } in secrets {
        kept.push_str(&text[from..place(start)]);
        from = place(end);
    }
    kept.push_str(&text[from..]);
    kept.into()
}

/// Resolves the escapes of JSON that a URL may be written with, at any depth (`\/`, `\\/`, `\u0040`). Also returns
/// the place in `text` of each byte of the result, or `None` if there are no backslashes and the places are equal.
fn unescaped(text: &str) -> (Cow<'_, str>, Option<Vec<usize>>) {
    if !text.contains('\\') {
        return (text.into(), None);
    }
    let (mut plain, mut places, mut at) = (String::new(), Vec::new(), 0);
    while let Some(character) = text[at..].chars().next() {
        let escaped = text[at..].trim_start_matches('\\');
        let (shown, after) = match escape(escaped).filter(|_| character == '\\') {
            Some((shown, length)) => (shown, text.len() - escaped.len() + length),
            None => (character, at + character.len_utf8()),
        };
        plain.push(shown);
        places.resize(plain.len(), at);
        at = after;
    }
    places.push(at);
    (plain.into(), Some(places))
}

/// Returns the ASCII character of an escape, and the escape's length. `text` follows the backslashes.
fn escape(text: &str) -> Option<(char, usize)> {
    if text.starts_with('/') {
        return Some(('/', 1));
    }
    let code = u8::from_str_radix(text.strip_prefix('u')?.get(..4)?, 16).ok()?;
    code.is_ascii_graphic().then_some((code.into(), 5))
}

/// The places in a text that hold secrets of URLs, in ascending order.
fn secrets(text: &str, parts: Parts) -> Vec<Range<usize>> {
    let (mut secrets, mut from) = (Vec::new(), 0);
    while let Some(colon) = text[from..].find("://") {
        let scheme = text[..from + colon].trim_start();
        let extent = match scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte)) {
            true => Extent::WholeText,
            false => Extent::Word,
        };
        let start = from + colon + 3;
        let host = start + user_info(&text[start..], extent);
        if host > start {
            secrets.push(start..host);
        }
        from = host;
        if parts == Parts::All && !leads_into_console(&text[host..]) {
            let end = host + extent.end(&text[host..]);
            let nested = text[host..end].find("://").map_or(end, |nested| host + nested);
            if let Some(query) = text[host..nested].find(['?', '#']) {
                secrets.push(host + query..end);
                from = end;
            }
        }
    }
    if parts == Parts::All {
        let in_urls = secrets.clone();
        let is_new = |bare: &Range<usize>| in_urls.iter().all(|url| url.end <= bare.start || bare.end <= url.start);
        secrets.extend(without_scheme(text).filter(is_new));
        secrets.sort_unstable_by_key(|secret| secret.start);
    }
    secrets
}

/// The user information of texts that are probably URLs without `://`: `user:password@git.example.com/app`,
/// `https:/user:password@…`, `token@git.example.com/app`. An e-mail address, an ARN that ends with one,
/// `git@git.example.com:app` and the digest of an image are not such URLs.
fn without_scheme(text: &str) -> impl Iterator<Item = Range<usize>> {
    let ends_word = |c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')' | '<' | '>' | ',');
    let words = text.split(ends_word).map(move |word| (word.as_ptr().addr() - text.as_ptr().addr(), word));
    words.filter(|(_, word)| !word.contains("://") && !word.starts_with("arn:")).filter_map(|(start, word)| {
        let (user, rest) = word.rsplit_once('@')?;
        let host = rest.split(['/', '?', '#', '\\', ':']).next().unwrap_or_default();
        let has_path = rest[host.len()..].starts_with('/');
        let is_secret = match user.split_once(':') {
            Some((_, password)) => is_host(host) || (has_path && !password.is_empty()),
            None => is_host(host) && has_path && !user.contains('/'),
        };
        is_secret.then(|| start..start + user.len() + 1)
    })
}

/// The extent of a URL in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// The text is a URL, whatever characters it has.
    WholeText,
    /// The URL stands in a sentence. Only ASCII's white space ends it: git accepts other white space in a URL.
    Word,
}

impl Extent {
    fn end(self, text: &str) -> usize {
        match self {
            Self::WholeText => text.len(),
            Self::Word => text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()),
        }
    }
}

/// The length of the user information at the start of a URL without its scheme.
///
/// By RFC 3986, it ends at the last `@` before a `/`, `?` or `#`. Passwords that are not encoded may contain
/// these characters, too. So after a `:`, any `@` may end it, except for one that begins a segment of a path
/// (`/@scope/app`). After the name of a host with a dot, such as `git.example.com:8443`, git reads only a path.
fn user_info(url: &str, extent: Extent) -> usize {
    if leads_into_console(url) {
        return 0;
    }
    let end = extent.end(url);
    let word = &url[..end];
    let ends = |at: usize| at + 1;
    let last_at = |part: &str| part.rmatch_indices('@').map(|(at, _)| at).find(|at| !url[..*at].ends_with('/'));
    let authority = word.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rfind('@').map_or(0, ends);
    if is_host(&authority[host..]) {
        return host;
    }
    let nested = word.find("://").filter(|nested| *nested > 0).unwrap_or(end);
    let colon = word[..nested].find(':');
    if let Some(colon) = colon {
        if let Some(at) = last_at(word).filter(|at| *at > colon) {
            return ends(at);
        }
        // A text that is not a port is a password that contains white space.
        let password = word[colon + 1..].split(['/', '?', '#']).next().unwrap_or_default();
        if !password.bytes().all(|byte| byte.is_ascii_digit()) && !word[..colon].contains(['"', '\'', '/', '?', '#']) {
            return url.find('@').map_or(0, ends);
        }
    }
    let slashes = word.len() - word.trim_start_matches('/').len();
    let authority = word[slashes..].find(['/', '?', '#']).map_or(end, |end| slashes + end);
    last_at(&word[..authority]).map_or(0, ends)
}

/// Returns whether a text can only be a host, with or without a port: a DNS name of several labels,
/// or an IPv4 address.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_name = |top: &str| top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_address = host.parse::<std::net::Ipv4Addr>().is_ok();
    let top = host.rsplit_once('.').map(|(_, top)| top);
    is_port && host.split('.').all(is_label) && (is_address || top.is_some_and(is_name))
}

/// Returns whether a URL without scheme and user information leads into the AWS console.
fn leads_into_console(url: &str) -> bool {
    let host = url.split(|c: char| "/?#".contains(c) || c.is_whitespace()).next().unwrap_or_default();
    // User information may end like a host.
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    let is_below =
        |console: &str| host.strip_suffix(console).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    is_host && CONSOLES.into_iter().any(is_below)
}

#[cfg(test)]
mod tests;
