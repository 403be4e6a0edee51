//! Syntax errors of YAML, in words for people.

use granit_parser::{Marker, ScanError};

use super::{Node, reader::NO_SPACE};
use crate::diagnostic::{Code, Diagnostic, Fix, Place};

/// The fault of a text that is not YAML.
pub(super) fn fault_of(error: &ScanError, text: &str) -> Diagnostic {
    let info = error.info();
    // The parser reports a tab at the start of the value before it.
    if let Some(place) = indenting_tab(text, error.marker().line()).filter(|_| info.contains("tab")) {
        return Diagnostic::new(
            Code::TabIndentation,
            place,
            "invalid YAML: a tab in the indentation",
            "indent with spaces",
        );
    }
    let place = place_of(error.marker());
    if let Some(fault) = no_break_space(text, place.line) {
        return fault;
    }
    // In these files, only expressions begin with a `!`.
    if ["scanning a tag", "parsing a tag", "the handle wasn't declared"].iter().any(|part| info.contains(part)) {
        return Diagnostic::unquoted_exclamation_mark(place);
    }
    if ["mapping values are not allowed", "simple key expected", "':' may not precede", "expected '-' indicator"]
        .iter()
        .any(|part| info.contains(part))
        && let Some(fault) = missing_space_after_dash(text, place)
            .or_else(|| missing_space(text, place))
            .or_else(|| indentation(text, place))
    {
        return fault;
    }
    if ["expected '-' indicator", "did not find expected key"].iter().any(|part| info.contains(part))
        && let Some(fault) = indentation_of_list(text, place)
    {
        return fault;
    }
    if ["illegal placement of ':'", "only valid inside a block"].iter().any(|part| info.contains(part))
        && let Some(fault) = unclosed_bracket(text, place)
    {
        return fault;
    }
    if ["anchor", "alias", "unexpected character"].iter().any(|part| info.contains(part))
        && let Some(fault) = missing_quotes(text, place)
    {
        return fault;
    }
    let fault = not_yaml(place, &info);
    // A plain scalar that YAML parses as more than one value, as it does with many expressions.
    if info.contains("trailing content") || info.contains("mapping values are not allowed") {
        let help = "put the whole value into quotes, or into a block: `|`, and the value on the next line";
        return Diagnostic { help: help.into(), ..fault };
    }
    fault
}

pub(super) fn not_yaml(place: Place, info: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidYaml, place, format!("invalid YAML: {info}"), "correct the YAML syntax here")
}

/// A line with its number, its indentation, and its content without the `-` of a list.
struct Line<'a> {
    number: usize,
    indentation: usize,
    content: &'a str,
    /// The column of a `-` that begins the line, if no space follows it.
    tight_dash: Option<usize>,
}

impl<'a> Line<'a> {
    fn read(number: usize, line: &'a str) -> Self {
        let content = line.trim_start_matches(['-', ' ']);
        let indentation = line.chars().count() - content.chars().count();
        let has_tight_dash = line.trim_start_matches(' ').strip_prefix('-') == Some(content) && !content.is_empty();
        Self { number, indentation, content, tight_dash: has_tight_dash.then_some(indentation) }
    }

    /// The key that begins the line, without quotes.
    fn key(&self) -> Option<&'a str> {
        let (key, rest) = self.content.split_once(':')?;
        (is_key(key) && (rest.is_empty() || rest.starts_with(' '))).then_some(key)
    }

    /// Returns the first key that has no space after its colon, and the number of characters before the key. The
    /// key begins the line, or follows the `{` or `,` of a mapping in one line.
    fn key_without_space(&self) -> Option<(&'a str, usize)> {
        self.content.match_indices(':').find_map(|(colon, _)| {
            let before = &self.content[..colon];
            let start = before.rfind(['{', ',', ' ']).map_or(0, |at| at + 1);
            let begins = matches!(before[..start].trim_end().chars().next_back(), None | Some('{' | ','));
            let next = self.content[colon + 1..].chars().next()?;
            let is_value = !next.is_whitespace() && next != '/' && next != ':';
            (begins && is_key(&before[start..]) && is_value)
                .then(|| (&before[start..], self.indentation + before[..start].chars().count()))
        })
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.')
}

/// The line of a place, and the one before it that is neither empty nor a comment.
fn lines(text: &str, place: Place) -> (Option<Line<'_>>, Option<Line<'_>>) {
    let mut before = None;
    for (index, line) in text.lines().enumerate() {
        if index + 1 == place.line {
            return (Some(Line::read(index + 1, line)), before);
        }
        if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            before = Some(Line::read(index + 1, line));
        }
    }
    (None, before)
}

/// Reports `-key: value` or `-value` in the line of the error, or `-key: value` in the line before, whose scalar then
/// continues in this line.
fn missing_space_after_dash(text: &str, place: Place) -> Option<Diagnostic> {
    let (line, before) = lines(text, place);
    let line = line?;
    let goes_on = |before: &Line<'_>| {
        let is_deeper = before.tight_dash.is_some_and(|dash| line.indentation >= dash);
        is_deeper && before.key().is_some() && line.key().is_some()
    };
    let (line, column) = match line.tight_dash.filter(|dash| *dash == place.column) {
        Some(dash) => (&line, dash),
        None => {
            before.as_ref().filter(|before| goes_on(before)).and_then(|before| Some((before, before.tight_dash?)))?
        }
    };
    let element = line.key().map_or("…".to_owned(), |key| format!("{key}: …"));
    let help = format!("write `- {element}`, with a space");
    let place = Place { line: line.number, column };
    let fix = Fix::new(text, Place { column: column + 1, ..place }, "", " ".to_owned());
    Some(Diagnostic::new(Code::MissingSpace, place, NO_SPACE, help).with_fix(fix))
}

/// Reports `key:value` in the line of the error, or in the line before, whose scalar then continues in this line.
fn missing_space(text: &str, place: Place) -> Option<Diagnostic> {
    let (line, before) = lines(text, place);
    [line, before].into_iter().flatten().find_map(|line| {
        let (key, start) = line.key_without_space()?;
        let place = Place { line: line.number, column: start + key.chars().count() + 1 };
        let (message, help) = (format!("no space after `{key}:`"), format!("write `{key}: …`, with a space"));
        let behind = Place { column: place.column + 1, ..place };
        let fix = Fix::new(text, behind, "", " ".to_owned());
        Some(Diagnostic::new(Code::MissingSpace, place, message, help).with_fix(fix))
    })
}

/// Reports a value without quotes, such as a pattern, that begins with a character that YAML reserves.
/// <https://yaml.org/spec/1.2.2/#53-indicator-characters>
fn missing_quotes(text: &str, place: Place) -> Option<Diagnostic> {
    let line = text.lines().nth(place.line.checked_sub(1)?)?;
    let (start, first) = line.char_indices().nth(place.column.checked_sub(1)?)?;
    if !matches!(first, '*' | '%' | '@' | '`') {
        return None;
    }
    let (before, value) = line.split_at(start);
    let value = value.split(" #").next().unwrap_or(value);
    let ends: &[char] = if before.contains(['[', '{']) { &[',', ']', '}'] } else { &[] };
    let value = value.split(ends).next().unwrap_or(value).trim_end();
    let quote = if value.contains('\'') { '"' } else { '\'' };
    let mut help = format!("write `{quote}{value}{quote}`");
    if first == '*' {
        help.push_str("; without quotes, it is an alias of YAML");
    }
    let message = format!("invalid YAML: a value that begins with `{first}` needs quotes");
    Some(Diagnostic::new(Code::InvalidYaml, place, message, help))
}

/// Reports a key that is not indented as far as the key before it: further, so that it continues that key's value,
/// or less, so that it belongs to no mapping.
fn indentation(text: &str, place: Place) -> Option<Diagnostic> {
    let (line, before) = lines(text, place);
    let (line, before) = (line?, before?);
    let (key, other) = (line.key()?, before.key()?);
    let goes_on = line.indentation > before.indentation
        && before.content.len() > other.len() + 1
        && place.column == line.indentation + key.len() + 1;
    let further = match goes_on {
        true => "further",
        false if line.indentation < before.indentation && place.column == line.indentation + 1 => "less",
        false => return None,
    };
    let message = format!("`{key}` is indented {further} than `{other}` before it");
    let help = format!("indent both by {} spaces if they belong together", before.indentation);
    Some(Diagnostic::new(Code::Indentation, Place { line: line.number, column: line.indentation + 1 }, message, help))
}

/// Reports a `-` that is one column further or less indented than the list before it.
fn indentation_of_list(text: &str, place: Place) -> Option<Diagnostic> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let dash = |line: &str| line[indent(line)..].starts_with("- ").then(|| indent(line) + 1);
    let own = dash(text.lines().nth(place.line.checked_sub(1)?)?)?;
    let earlier: Vec<&str> = text.lines().take(place.line - 1).filter(|line| !line.trim().is_empty()).collect();
    // A line that is indented less ends the list.
    let beside = earlier.into_iter().rev().take_while(|line| indent(line) + 2 >= own);
    let near: Vec<usize> = beside.filter_map(dash).filter(|other| other.abs_diff(own) <= 1).collect();
    let other = *near.first().filter(|first| **first != own && near.iter().all(|other| other == *first))?;
    let message = format!("this `-` is in column {own}, and the list before it in column {other}");
    Some(Diagnostic::new(Code::Indentation, Place { line: place.line, column: own }, message, "indent both alike"))
}

/// Reports a bracket that is still open where a key begins a line that is not indented further than that of the
/// bracket. `None` if a later line closes a bracket: then a comma may be missing.
fn unclosed_bracket(text: &str, place: Place) -> Option<Diagnostic> {
    let before: usize = text.split_inclusive('\n').take(place.line.checked_sub(1)?).map(str::len).sum();
    let (earlier, rest) = text.split_at_checked(before)?;
    // For the parser, a carriage return ends a line, too. So `earlier` could be the whole text.
    if rest.is_empty() || rest.lines().any(|line| line.trim_start().starts_with([']', '}'])) {
        return None;
    }
    let fault = Node::parse(earlier).err().filter(|fault| fault.message.contains("unclosed bracket"))?;
    let (line, opened) = (lines(text, place).0?, lines(text, fault.place).0?);
    (line.key().is_some() && line.indentation <= opened.indentation).then_some(fault)
}

/// Reports a no-break space in the indentation of a line. YAML takes it for a letter.
pub(super) fn no_break_space(text: &str, line: usize) -> Option<Diagnostic> {
    let content = text.lines().nth(line.checked_sub(1)?)?;
    let column = content.chars().take_while(|character| character.is_whitespace()).position(is_no_break_space)? + 1;
    let message = "invalid YAML: a no-break space (U+00A0) in the indentation";
    Some(Diagnostic::new(Code::TabIndentation, Place { line, column }, message, "indent with spaces"))
}

pub(super) fn is_no_break_space(character: char) -> bool {
    character == '\u{a0}'
}

/// The first tab that indents something, from a line on.
fn indenting_tab(text: &str, line: usize) -> Option<Place> {
    text.lines().enumerate().skip(line.saturating_sub(1)).find_map(|(index, line)| {
        let content = line.trim_start();
        let indentation = &line[..line.len() - content.len()];
        let tab = indentation.find('\t').filter(|_| !content.is_empty() && !content.starts_with('#'))?;
        Some(Place { line: index + 1, column: indentation[..tab].chars().count() + 1 })
    })
}

/// The parser counts columns from 0.
pub(super) fn place_of(marker: &Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}
