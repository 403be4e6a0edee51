//! The path of a repository in its normal form.

use std::borrow::Cow;

/// The kind of text that a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum PathPart {
    /// A build's location.
    Value,
    /// A pattern, in which `*` and `?` are wildcards.
    Pattern,
}

/// Returns the path without doubled slashes, dot segments, needless percent-encoding, `.git` and a slash at its
/// end. It is empty or begins with `/`. If `folds` is `true`, it is in lower case.
///
/// The error is the reason why the path can be read in more than one way.
pub(in crate::facts) fn normal_path(path: &str, part: PathPart, folds: bool) -> Result<String, String> {
    let path = normal_encoding(path, part)?;
    let path = if folds && path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        path.to_ascii_lowercase().into()
    } else {
        path
    };
    let mut segments: Vec<&str> = Vec::new();
    let mut after_empty = false;
    for (index, segment) in path.split('/').enumerate() {
        match segment {
            "" => {
                after_empty |= index > 0;
                continue;
            }
            "." => {}
            // RFC 3986 takes the empty segment for a folder, a file system does not.
            ".." if after_empty => return Err("`..` behind `//` can be read in two ways".to_owned()),
            ".." => {
                let removed = segments.pop();
                if part == PathPart::Pattern && removed.is_some_and(|segment| segment.contains(['*', '?'])) {
                    return Err("`..` behind a wildcard".to_owned());
                }
            }
            segment => segments.push(segment),
        }
        after_empty = false;
    }
    if let Some(last) = segments.last_mut() {
        *last = last.strip_suffix(".git").unwrap_or(last);
        if last.ends_with(".git") {
            return Err("`.git` twice can be read in two ways".to_owned());
        }
        if last.is_empty() {
            segments.pop();
        }
    }
    let mut normal = String::with_capacity(path.len());
    segments.iter().for_each(|segment| normal.extend(["/", segment]));
    Ok(normal)
}

/// Decodes bytes that need no encoding, and encodes those that do.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2.2>
fn normal_encoding(path: &str, part: PathPart) -> Result<Cow<'_, str>, String> {
    if path.bytes().all(|byte| byte == b'/' || matches!(spelling(byte), Spelling::Plain)) {
        return Ok(path.into());
    }
    let mut normal = String::with_capacity(path.len());
    let bytes = path.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let is_wildcard = part == PathPart::Pattern && matches!(byte, b'*' | b'?');
        match byte {
            b'%' => {
                let digits = bytes.get(at..at + 2).and_then(|digits| std::str::from_utf8(digits).ok());
                let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some((code, digits)) = code.zip(digits) else {
                    return Err("`%` without two hexadecimal digits".to_owned());
                };
                match spelling(code) {
                    Spelling::Plain => normal.push(code.into()),
                    Spelling::Encoded => normal.push_str(&format!("%{code:02X}")),
                    Spelling::Reserved | Spelling::Never => {
                        return Err(format!("`%{digits}` in a path can be read in two ways"));
                    }
                }
                at += 2;
            }
            _ if is_wildcard => normal.push(byte.into()),
            _ => match spelling(byte) {
                Spelling::Plain | Spelling::Reserved => normal.push(byte.into()),
                Spelling::Encoded => normal.push_str(&format!("%{byte:02X}")),
                Spelling::Never => {
                    return Err("a path with `\\` or a control character can be read in two ways".to_owned());
                }
            },
        }
    }
    Ok(normal.into())
}

/// The spellings that a byte of a path may have.
enum Spelling {
    /// Plain or encoded, with the same meaning.
    Plain,
    /// Only encoded.
    Encoded,
    /// Encoded, it may mean something else.
    Reserved,
    /// None that every program interprets in the same way.
    Never,
}

fn spelling(byte: u8) -> Spelling {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => Spelling::Plain,
        b'/' | b'?' | b'#' | b'[' | b']' | b'@' | b':' | b'%' => Spelling::Reserved,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => Spelling::Reserved,
        b'\\' | 0..=0x1f | 0x7f => Spelling::Never,
        _ => Spelling::Encoded,
    }
}
