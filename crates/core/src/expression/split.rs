//! Splits the text of an expression at its boolean operators.

/// The outermost boolean operator of an expression, with the texts of its operands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BooleanSplit<'t> {
    /// `!a`
    Not(&'t str),
    /// `a && b && c`
    And(Vec<&'t str>),
    /// `a || b || c`
    Or(Vec<&'t str>),
    /// `a ? b : c`
    Conditional([&'t str; 3]),
    /// A comparison, a call or a member.
    None,
}

/// Splits an expression whose syntax is correct, and which is a bool.
pub(super) fn split(text: &str) -> BooleanSplit<'_> {
    let tokens = outer_tokens(text);
    let between = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim();
    if let Some(question) = tokens.iter().position(|token| token.text == "?") {
        let mut open = 0_usize;
        let colon = tokens.iter().skip(question).find(|token| {
            match token.text {
                "?" => open += 1,
                ":" => open = open.saturating_sub(1),
                _ => {}
            }
            token.text == ":" && open == 0
        });
        if let (Some(question), Some(colon)) = (tokens.get(question), colon) {
            let [condition, then] = [between(0, question.start), between(question.end(), colon.start)];
            return BooleanSplit::Conditional([condition, then, between(colon.end(), text.len())]);
        }
    }
    let operands = |operator: &str| {
        let found: Vec<&Token<'_>> = tokens.iter().filter(|token| token.text == operator).collect();
        let starts = std::iter::once(0).chain(found.iter().map(|token| token.end()));
        let ends = found.iter().map(|token| token.start).chain([text.len()]);
        let operands: Vec<&str> = starts.zip(ends).map(|(start, end)| between(start, end)).collect();
        (operands.len() > 1).then_some(operands)
    };
    if let Some(operands) = operands("||") {
        return BooleanSplit::Or(operands);
    }
    if let Some(operands) = operands("&&") {
        return BooleanSplit::And(operands);
    }
    match tokens.as_slice() {
        // `!a == b` is `(!a) == b`.
        [first, rest @ ..] if first.text == "!" && rest.iter().all(|token| token.text == "!") => {
            BooleanSplit::Not(between(first.end(), text.len()))
        }
        _ => BooleanSplit::None,
    }
}

/// Removes the brackets around a whole expression, and the comments before and after it.
pub(super) fn without_brackets(text: &str) -> &str {
    let Some((start, end)) = extent(text) else { return text.trim() };
    let inner = text.get(start..end).unwrap_or_default();
    let is_whole = inner.starts_with('(') && closing(inner) == Some(inner.len() - 1);
    match inner.get(1..inner.len().saturating_sub(1)) {
        Some(within) if is_whole => without_brackets(within),
        _ => inner,
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    start: usize,
    pub(super) text: &'t str,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The operators except `in`, `-`, `*` and `/`, longest first.
const OPERATORS: [&str; 13] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "+", "%"];

/// The operators outside of all brackets and strings.
fn outer_tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    for piece in pieces(text) {
        match piece.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            operator if depth == 0 && (OPERATORS.contains(&operator) || operator == "in") => tokens.push(piece),
            _ => {}
        }
    }
    tokens
}

/// The offset of the bracket that closes the first one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    pieces(text).into_iter().find_map(|piece| {
        match piece.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(piece.start)
    })
}

/// The start and the end of the text without space and comments around it.
fn extent(text: &str) -> Option<(usize, usize)> {
    let pieces = pieces(text);
    Some((pieces.first()?.start, pieces.last()?.end()))
}

/// The words, strings, operators and other characters of an expression, without space and comments.
/// <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>
pub(super) fn pieces(text: &str) -> Vec<Token<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = string_length(rest) {
            length
        } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            operator.len()
        } else {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            word.max(rest.chars().next().map_or(1, char::len_utf8))
        };
        let piece = rest.get(..length).unwrap_or(rest);
        if !piece.starts_with("//") && !piece.trim().is_empty() {
            pieces.push(Token { start: at, text: piece });
        }
        at += length.max(1);
    }
    pieces
}

/// The length of the string that a text starts with, with its prefix and quotes.
fn string_length(text: &str) -> Option<usize> {
    let prefix = text.find(['"', '\'']).filter(|at| *at <= 2)?;
    let letters = text.get(..prefix)?;
    if !letters.chars().all(|letter| matches!(letter, 'r' | 'R' | 'b' | 'B')) {
        return None;
    }
    let is_raw = letters.contains(['r', 'R']);
    let quoted = text.get(prefix..)?;
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| quoted.starts_with(*quote))?;
    let mut at = quote.len();
    loop {
        let rest = quoted.get(at..)?;
        if rest.starts_with(quote) {
            return Some(prefix + at + quote.len());
        }
        let mut characters = rest.chars();
        let first = characters.next()?;
        at += first.len_utf8();
        if first == '\\' && !is_raw {
            at += characters.next()?.len_utf8();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_split_at_its_outermost_operator() {
        use BooleanSplit::{And, Conditional, None, Not, Or};
        for (text, expected) in [
            ("a && b || c", Or(vec!["a && b", "c"])),
            ("a && (b || c)", And(vec!["a", "(b || c)"])),
            ("a ? b : c ? d : e", Conditional(["a", "b", "c ? d : e"])),
            ("a ? b ? c : d : e", Conditional(["a", "b ? c : d", "e"])),
            ("!a", Not("a")),
            ("!!a", Not("!a")),
            ("!a == b", None),
            ("!(a && b)", Not("(a && b)")),
            ("!a && b", And(vec!["!a", "b"])),
            ("branch != \"a || b\"", None),
            (r#"branch == "\" || " && a"#, And(vec![r#"branch == "\" || ""#, "a"])),
            (r"branch == r'\' && a", And(vec![r"branch == r'\'", "a"])),
            ("branch == '''it's || ''' && a", And(vec!["branch == '''it's || '''", "a"])),
            ("a // b || c\n&& d", And(vec!["a // b || c", "d"])),
            ("a.exists(x, x || y)", None),
            ("\"ä\" in [\"ö\"] || b", Or(vec!["\"ä\" in [\"ö\"]", "b"])),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn brackets_around_the_whole_are_removed() {
        for (text, expected) in
            [(" ((a)) ", "a"), ("(a) && (b)", "(a) && (b)"), ("// why\n(a) // so", "a"), ("a // b", "a"), ("", "")]
        {
            assert_eq!(without_brackets(text), expected, "{text}");
        }
    }
}
