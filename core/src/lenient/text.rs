//! Reading JSON's text into slots.
//!
//! Every event is read here. Most of what that takes is finding where a text ends, which
//! serde_json does eight bytes at a time, and a vector search in one or two steps:
//! docs/performance.md has the figures. So objects, lists, plain texts, words and small whole
//! numbers are read here. Other numbers, escapes and whatever is out of the ordinary are left to
//! serde_json: what it refuses is refused, and what it reads is read as it reads it.

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
    let reader = Reader { text, ends: Two::new(b'"', b'\\')?, has_controls: holds_controls(text.as_bytes()) };
    let end = reader.value(0, slot, 0)?;
    (reader.after_space(end) == text.len()).then_some(())
}

/// Reads what stands at a byte of a text. Each part answers where what it read ends, or
/// `None` as [`alone`] does.
struct Reader<'a> {
    text: &'a str,
    /// What a plain text ends before: a quote, or an escape.
    ends: Two,
    /// Whether there is any character that no text may hold. White space between values is.
    has_controls: bool,
}

impl Reader<'_> {
    /// Most values are texts: for those there is no call.
    #[inline(always)]
    fn value(&self, at: usize, slot: &mut dyn Slot, depth: usize) -> Option<usize> {
        let Some(start) = self.after(at, b'"') else {
            return self.no_text(self.after_space(at), slot, depth);
        };
        let (said, end) = self.plain(start)?;
        if self.byte(end) != Some(b'"') {
            return self.escaped(start, end, slot);
        }
        slot.begin(Json::Text(said));
        Some(end + 1)
    }

    fn no_text(&self, at: usize, slot: &mut dyn Slot, depth: usize) -> Option<usize> {
        match self.byte(at)? {
            b'{' | b'[' if depth == DEEPEST => None,
            b'{' => self.object(at + 1, slot, depth + 1),
            b'[' => self.list(at + 1, slot, depth + 1),
            _ => self.number_or_word(at, slot),
        }
    }

    /// An object after its brace.
    fn object(&self, mut at: usize, slot: &mut dyn Slot, depth: usize) -> Option<usize> {
        slot.begin(Json::Object);
        if let Some(end) = self.after(at, b'}') {
            return Some(end);
        }
        loop {
            let (name, end) = self.plain(self.after(at, b'"')?)?;
            if self.byte(end)? != b'"' {
                return None;
            }
            let value = self.after(end + 1, b':')?;
            let end = match slot.member(name) {
                Some(slot) => self.value(value, slot, depth)?,
                None => self.value(value, &mut Nowhere, depth)?,
            };
            match self.after(end, b',') {
                Some(next) => at = next,
                None => return self.after(end, b'}'),
            }
        }
    }

    /// A list after its bracket.
    fn list(&self, mut at: usize, slot: &mut dyn Slot, depth: usize) -> Option<usize> {
        slot.begin(Json::List);
        if let Some(end) = self.after(at, b']') {
            return Some(end);
        }
        loop {
            let mut end = None;
            slot.element(&mut |slot| end = self.value(at, slot, depth));
            match self.after(end?, b',') {
                Some(next) => at = next,
                None => return self.after(end?, b']'),
            }
        }
    }

    /// What a text says before its first quote or escape, and where that is.
    #[inline(always)]
    fn plain(&self, start: usize) -> Option<(&str, usize)> {
        let rest = self.text.get(start..)?;
        let length = self.ends.find(rest.as_bytes())?;
        let said = rest.get(..length)?;
        if self.has_controls && said.bytes().any(is_control) {
            return None;
        }
        Some((said, start + length))
    }

    /// A text with escapes, which serde_json knows. Its first one is at `end`.
    fn escaped(&self, start: usize, mut end: usize, slot: &mut dyn Slot) -> Option<usize> {
        while self.byte(end)? != b'"' {
            // Whatever is escaped, it is not the end.
            end += 2;
            end += self.ends.find(self.text.as_bytes().get(end..)?)?;
        }
        by_serde_json(self.text.get(start - 1..=end)?, slot)?;
        Some(end + 1)
    }

    /// A number, `true`, `false` or `null`, or what stands in their place.
    fn number_or_word(&self, at: usize, slot: &mut dyn Slot) -> Option<usize> {
        let text = self.text.get(at..)?;
        for (word, said) in [("true", Json::Flag(true)), ("false", Json::Flag(false)), ("null", Json::Null)] {
            if text.starts_with(word) {
                slot.begin(said);
                return Some(at + word.len());
            }
        }
        let is_in_numbers = |byte: u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = text.bytes().position(|byte| !is_in_numbers(byte)).unwrap_or(text.len());
        let number = text.get(..length)?;
        match small_integer(number.as_bytes()) {
            Some(integer) => slot.begin(Json::Integer(integer)),
            None => by_serde_json(number, slot)?,
        }
        Some(at + length)
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// What comes after a byte, which may have white space before it.
    #[inline(always)]
    fn after(&self, at: usize, expected: u8) -> Option<usize> {
        // As good as always, of an event on one line.
        if self.byte(at)? == expected {
            return Some(at + 1);
        }
        let at = self.after_space(at);
        (self.byte(at)? == expected).then_some(at + 1)
    }

    #[inline]
    fn after_space(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte(at) {
            at += 1;
        }
        at
    }
}

/// A whole number of a few digits. JSON has none that begins with a 0, but 0.
fn small_integer(number: &[u8]) -> Option<i64> {
    if !matches!(number, [b'0'] | [b'1'..=b'9', ..]) || number.len() > 9 {
        return None;
    }
    number.iter().try_fold(0, |integer, digit| digit.is_ascii_digit().then(|| integer * 10 + i64::from(digit - b'0')))
}

fn by_serde_json(token: &str, slot: &mut dyn Slot) -> Option<()> {
    let mut deserializer = serde_json::Deserializer::from_str(token);
    IntoSlot(slot).deserialize(&mut deserializer).and_then(|()| deserializer.end()).ok()
}

/// Whether a text can only hold that character escaped.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-7>
fn is_control(byte: u8) -> bool {
    byte < b' '
}

/// Whether any of the bytes is such a character. That is the least of them, which the
/// compiler finds many at once.
fn holds_controls(bytes: &[u8]) -> bool {
    is_control(bytes.iter().copied().fold(u8::MAX, u8::min))
}

#[cfg(test)]
mod tests;
