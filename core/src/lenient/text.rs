//! Reading JSON's text into slots.
//!
//! Every event is read here. Most of what that takes is finding where a text ends, which
//! serde_json does eight bytes at a time, and a vector search in one or two steps:
//! docs/performance.md has the figures. So objects, lists, plain texts and words are found
//! here. Numbers, escapes and whatever is out of the ordinary are left to serde_json: what it
//! refuses is refused, and what it reads is read as it reads it.

// `memchr2` finds out at every call which instructions the processor has, which takes longer
// than to search a text of a dozen bytes. Every processor of Lambda's two kinds has these.
#[cfg(target_arch = "aarch64")]
use memchr::arch::aarch64::neon::memchr::Two;
#[cfg(target_arch = "x86_64")]
use memchr::arch::x86_64::sse2::memchr::Two;
use serde::de::DeserializeSeed;

use super::{IntoSlot, Json, Lenient, Nowhere, Slot, read};

/// Deeper than any event is. What is deeper is left to serde_json, which knows its limits.
const DEEPEST: usize = 64;

/// The value that a text of JSON says, or `None` where it cannot be read. Of a member that
/// is said twice the last counts.
///
/// # Errors
/// Where the text is no JSON.
pub(crate) fn from_json<T: Lenient>(text: &str) -> serde_json::Result<Option<T>> {
    let mut value = None;
    if alone(text, &mut value).is_some() {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = read(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads a value and nothing after it. `None` where it is no JSON, or out of the ordinary.
fn alone(text: &str, slot: &mut dyn Slot) -> Option<()> {
    let reader = Reader { ends: Two::new(b'"', b'\\')?, has_controls: may_hold_controls(text.as_bytes()) };
    without_space(reader.value(text, slot, 0)?).is_empty().then_some(())
}

/// Reads what a text begins with. Each part answers the rest of the text, or `None` as
/// [`alone`] does.
struct Reader {
    /// What a plain text ends before: a quote, or an escape.
    ends: Two,
    /// Whether there is any character that no text may hold. White space between values is.
    has_controls: bool,
}

impl Reader {
    /// Most values are texts: for those there is no call.
    #[inline(always)]
    fn value<'a>(&self, text: &'a str, slot: &mut dyn Slot, depth: usize) -> Option<&'a str> {
        let text = without_space(text);
        if text.as_bytes().first() != Some(&b'"') {
            return self.no_text(text, slot, depth);
        }
        match self.plain(text)? {
            (said, Some(rest)) => {
                slot.begin(Json::Text(said));
                Some(rest)
            }
            (_, None) => self.escaped(text, slot),
        }
    }

    fn no_text<'a>(&self, text: &'a str, slot: &mut dyn Slot, depth: usize) -> Option<&'a str> {
        match text.as_bytes().first()? {
            b'{' | b'[' if depth == DEEPEST => None,
            b'{' => self.object(after(text, b'{')?, slot, depth + 1),
            b'[' => self.list(after(text, b'[')?, slot, depth + 1),
            _ => other(text, slot),
        }
    }

    /// An object after its brace.
    fn object<'a>(&self, text: &'a str, slot: &mut dyn Slot, depth: usize) -> Option<&'a str> {
        slot.begin(Json::Object);
        let mut text = without_space(text);
        if let Some(rest) = after(text, b'}') {
            return Some(rest);
        }
        loop {
            let (name, rest) = self.plain(without_space(text))?;
            let rest = after(without_space(rest?), b':')?;
            let rest = match slot.member(name) {
                Some(slot) => self.value(rest, slot, depth)?,
                None => self.value(rest, &mut Nowhere, depth)?,
            };
            match next(rest, b'}')? {
                Next::Another(rest) => text = rest,
                Next::End(rest) => return Some(rest),
            }
        }
    }

    /// A list after its bracket.
    fn list<'a>(&self, text: &'a str, slot: &mut dyn Slot, depth: usize) -> Option<&'a str> {
        slot.begin(Json::List);
        let mut text = without_space(text);
        if let Some(rest) = after(text, b']') {
            return Some(rest);
        }
        loop {
            let mut rest = None;
            slot.element(&mut |slot| rest = self.value(text, slot, depth));
            match next(rest?, b']')? {
                Next::Another(rest) => text = rest,
                Next::End(rest) => return Some(rest),
            }
        }
    }

    /// A text that says what stands between its quotes, and what comes after it: `None` where
    /// that is an escape.
    #[inline]
    fn plain<'a>(&self, text: &'a str) -> Option<(&'a str, Option<&'a str>)> {
        let text = after(text, b'"')?;
        let (said, rest) = text.split_at_checked(self.ends.find(text.as_bytes())?)?;
        if self.has_controls && said.bytes().any(is_control) {
            return None;
        }
        Some((said, after(rest, b'"')))
    }

    /// A text with escapes, which serde_json knows.
    fn escaped<'a>(&self, text: &'a str, slot: &mut dyn Slot) -> Option<&'a str> {
        let bytes = text.as_bytes();
        let mut end = 1;
        loop {
            end += self.ends.find(bytes.get(end..)?)?;
            if bytes.get(end) == Some(&b'"') {
                break;
            }
            // Whatever is escaped, it is not the end.
            end += 2;
        }
        let (token, rest) = text.split_at_checked(end + 1)?;
        by_serde_json(token, slot)?;
        Some(rest)
    }
}

/// A number, `true`, `false` or `null`, or what stands in their place.
fn other<'a>(text: &'a str, slot: &mut dyn Slot) -> Option<&'a str> {
    let ends = |byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    let (token, rest) = text.split_at_checked(text.bytes().position(ends).unwrap_or(text.len()))?;
    match token {
        "true" => slot.begin(Json::Flag(true)),
        "false" => slot.begin(Json::Flag(false)),
        "null" => slot.begin(Json::Null),
        number => by_serde_json(number, slot)?,
    }
    Some(rest)
}

fn by_serde_json(token: &str, slot: &mut dyn Slot) -> Option<()> {
    let mut deserializer = serde_json::Deserializer::from_str(token);
    IntoSlot(slot).deserialize(&mut deserializer).and_then(|()| deserializer.end()).ok()
}

/// What follows a member or an element.
enum Next<'a> {
    Another(&'a str),
    End(&'a str),
}

#[inline]
fn next(text: &str, end: u8) -> Option<Next<'_>> {
    let text = without_space(text);
    match after(text, b',') {
        Some(rest) => Some(Next::Another(rest)),
        None => after(text, end).map(Next::End),
    }
}

#[inline]
fn without_space(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b' ' | b'\n' | b'\r' | b'\t') => text.trim_start_matches([' ', '\n', '\r', '\t']),
        // As good as always, of an event on one line.
        _ => text,
    }
}

/// The text after its first byte, where that is the one given.
#[inline]
fn after(text: &str, first: u8) -> Option<&str> {
    if text.as_bytes().first() == Some(&first) { text.get(1..) } else { None }
}

/// Whether a text can only hold that character escaped.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-7>
fn is_control(byte: u8) -> bool {
    byte < b' '
}

/// `false` where none of the bytes is such a character. Eight are looked at at once: a byte
/// below a space is one whose high bit comes up when a space is subtracted, and was not set.
fn may_hold_controls(bytes: &[u8]) -> bool {
    const IN_EACH: u64 = u64::MAX / 255;
    let (words, rest) = bytes.as_chunks();
    let found = words.iter().fold(0, |found, word| {
        let word = u64::from_le_bytes(*word);
        found | word.wrapping_sub(IN_EACH * u64::from(b' ')) & !word
    });
    found & (IN_EACH * 0x80) != 0 || rest.iter().any(|byte| is_control(*byte))
}

#[cfg(test)]
mod tests;
