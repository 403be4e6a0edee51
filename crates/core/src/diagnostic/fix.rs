//! Fixes of diagnostics, and their application to a text.

use super::{Code, Diagnostics, Place, Severity};

/// The replacement of a text in one line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The place of the first character to replace.
    pub place: Place,
    /// The characters to replace; none to insert only.
    pub old: String,
    /// The new characters.
    pub new: String,
}

impl Fix {
    /// Returns `None` if the text does not have `old` at that place, if `old` contains a line break, or if nothing
    /// would change.
    pub(crate) fn new(text: &str, place: Place, old: &str, new: String) -> Option<Self> {
        let fix = Self { place, old: old.to_owned(), new };
        (fix.old != fix.new && !fix.old.contains(['\n', '\r']) && fix.applied(text).is_some()).then_some(fix)
    }

    /// The place behind the last character to replace.
    pub fn end(&self) -> Place {
        Place { line: self.place.line, column: self.place.column + self.old.chars().count() }
    }

    /// Returns whether the other makes the same replacement in the same line, perhaps in another column.
    fn is_same_correction(&self, other: &Self) -> bool {
        (self.place.line, &self.old, &self.new) == (other.place.line, &other.old, &other.new)
    }

    /// The text with the replacement; `None` if it does not have `old` at that place.
    pub(crate) fn applied(&self, text: &str) -> Option<String> {
        let mut lines = text.split_inclusive('\n');
        let before: usize = lines.by_ref().take(self.place.line.checked_sub(1)?).map(str::len).sum();
        let line = lines.next()?;
        let (start, _) = line.char_indices().chain([(line.len(), ' ')]).nth(self.place.column.checked_sub(1)?)?;
        let (head, rest) = text.split_at(before + start);
        Some(format!("{head}{}{}", self.new, rest.strip_prefix(self.old.as_str())?))
    }
}

/// The kinds of warnings whose fix leaves the meaning of a file as it is.
const HARMLESS: [Code; 1] = [Code::AccountWithoutQuotes];

/// Applies the fixes of faults and harmless warnings, one after another. Returns the new text and the applied fixes.
///
/// A fix is kept if it turns the text into YAML or leaves fewer diagnostics, alone or together with one more fix
/// that it reveals. While the text is not YAML, a fix is also kept if the next mistake in the syntax comes later.
/// A fix that only reveals other faults is not kept.
pub fn fixed(original: &str, diagnose: impl Fn(&str) -> Diagnostics) -> (String, Vec<Fix>) {
    let (mut text, mut applied) = (original.to_owned(), Vec::new());
    let mut found = diagnose(&text);
    let start = Score::of(&found);
    while let Some((fix, better, left)) = next(&text, &found, &diagnose) {
        applied.push(fix);
        (text, found) = (better, left);
    }
    // Each mistake in the syntax hides everything after it.
    if Score::of(&found) < start { (text, applied) } else { (original.to_owned(), Vec::new()) }
}

/// The first fix that makes the text better, with the text that it makes and its diagnostics.
fn next(text: &str, found: &Diagnostics, diagnose: impl Fn(&str) -> Diagnostics) -> Option<(Fix, String, Diagnostics)> {
    fixes(found).find_map(|fix| {
        let better = fix.applied(text)?;
        let left = diagnose(&better);
        let goes_on = || matches!((syntax(found), syntax(&left)), (Some(before), Some(after)) if after > before);
        // The value of a misspelt key is read only once the key is right.
        let leads_on = || {
            let is_known = |next: &Fix| fixes(found).any(|known| known.is_same_correction(next));
            let and_then = |next: Fix| Some(Score::of(&diagnose(&next.applied(&better)?)) < Score::of(found));
            let revealed = fixes(&left).filter(|next| !is_known(next));
            Score::of(&left) == Score::of(found) && revealed.filter_map(and_then).any(|is_better| is_better)
        };
        (Score::of(&left) < Score::of(found) || goes_on() || leads_on()).then_some((fix, better, left))
    })
}

fn fixes(found: &Diagnostics) -> impl Iterator<Item = Fix> {
    let is_safe = |code: Code| code.severity() == Severity::Error || HARMLESS.contains(&code);
    found.iter().filter(move |one| is_safe(one.code)).filter_map(|one| one.fix.as_deref()).cloned()
}

/// The place of a mistake in the syntax of YAML.
fn syntax(found: &Diagnostics) -> Option<Place> {
    found.iter().find(|one| one.code == Code::MissingSpace).map(|one| one.place)
}

/// In this order: whether the text is not YAML, which hides all other faults; the number of faults; the number of
/// warnings. A lower score is better.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Score(bool, usize, usize);

impl Score {
    fn of(found: &Diagnostics) -> Self {
        let is_no_yaml = found.iter().any(|one| one.code.hides_others());
        Self(is_no_yaml, found.count(Severity::Error), found.count(Severity::Warning))
    }
}

#[cfg(test)]
mod tests;
