//! Regular expressions of webhook filters, as far as all dialects agree on their meaning.
//!
//! CodeBuild does not document the dialect of a filter; Java's is likely. Only the syntax that Java, PCRE, RE2
//! and others understand alike is parsed here: literals, escaped punctuation, `.`, anchors, groups,
//! alternations, repetitions, and plain character classes. Everything else is not understood: flags,
//! look-around, back references, possessive and doubled quantifiers, `\Q…\E`, `\b`, `\p{…}`, escapes of control
//! characters, and brackets within brackets.
//!
//! `.` is every character and `$` the end of the name: no name that is considered contains a line
//! terminator.

use regex_syntax::{
    ast::{
        AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, GroupKind, Literal, LiteralKind,
        Repetition, RepetitionKind, RepetitionRange, parse::Parser,
    },
    hir::{ClassUnicode, ClassUnicodeRange},
};

use super::automaton::{Automaton, Builder, StateIndex, any, class_of};

/// The automaton of the names that begin with `prefix`, and in whose rest the expression matches
/// anywhere. `None` if the expression is not understood.
pub(super) fn automaton(prefix: &str, expression: &str) -> Option<Automaton> {
    let ast = Parser::new().parse(expression).ok()?;
    let mut builder = Builder::new();
    let matched = builder.accept();
    let start = node(&mut builder, &ast, matched)?;
    let start = builder.any_text(start)?;
    builder.finish(prefix, start)
}

/// The start of an automaton of this expression, followed by `next`.
fn node(builder: &mut Builder, ast: &Ast, next: StateIndex) -> Option<StateIndex> {
    match ast {
        // An empty expression gets a state of its own, so that the maximum number of states also limits its
        // repetitions.
        Ast::Empty(_) => builder.split(vec![next]),
        Ast::Literal(literal) => builder.step(class_of(character(literal)?), next),
        Ast::Dot(_) => builder.step(any(), next),
        Ast::Assertion(assertion) => match assertion.kind {
            AssertionKind::StartLine | AssertionKind::StartText => builder.at_start(next),
            AssertionKind::EndLine | AssertionKind::EndText => builder.at_end(next),
            AssertionKind::WordBoundary
            | AssertionKind::NotWordBoundary
            | AssertionKind::WordBoundaryStart
            | AssertionKind::WordBoundaryEnd
            | AssertionKind::WordBoundaryStartAngle
            | AssertionKind::WordBoundaryEndAngle
            | AssertionKind::WordBoundaryStartHalf
            | AssertionKind::WordBoundaryEndHalf => None,
        },
        Ast::ClassPerl(class) => builder.step(perl(class), next),
        Ast::ClassBracketed(class) => {
            let ClassSet::Item(item) = &class.kind else { return None };
            let mut members = bracketed(item)?;
            if class.negated {
                members.negate();
            }
            builder.step(members, next)
        }
        Ast::Repetition(repetition) => repeated(builder, repetition, next),
        Ast::Group(group) => {
            let has_flags = matches!(&group.kind, GroupKind::NonCapturing(flags) if !flags.items.is_empty());
            if has_flags { None } else { node(builder, &group.ast, next) }
        }
        Ast::Alternation(alternation) => {
            let starts = alternation.asts.iter().map(|ast| node(builder, ast, next)).collect::<Option<_>>()?;
            builder.split(starts)
        }
        Ast::Concat(concat) => concat.asts.iter().rev().try_fold(next, |next, ast| node(builder, ast, next)),
        Ast::Flags(_) | Ast::ClassUnicode(_) => None,
    }
}

/// The start of an automaton of a repetition. A lazy one matches the same names.
fn repeated(builder: &mut Builder, repetition: &Repetition, next: StateIndex) -> Option<StateIndex> {
    let ast = repetition.ast.as_ref();
    // `a*+` is possessive in Java.
    if matches!(ast, Ast::Repetition(_)) {
        return None;
    }
    let (least, most) = match repetition.op.kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(count)) => (count, Some(count)),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => (least, None),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (least, Some(most)),
    };
    let optional = match most {
        None => builder.repeat(next, |builder, again| node(builder, ast, again))?,
        Some(most) => (least..most).try_fold(next, |after, _| {
            let one = node(builder, ast, after)?;
            builder.split(vec![one, next])
        })?,
    };
    (0..least).try_fold(optional, |next, _| node(builder, ast, next))
}

/// The members of a class in brackets.
fn bracketed(item: &ClassSetItem) -> Option<ClassUnicode> {
    let items = match item {
        ClassSetItem::Union(union) => union.items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut members = ClassUnicode::empty();
    for (index, item) in items.iter().enumerate() {
        let is_at_an_end = index == 0 || index + 1 == items.len();
        match item {
            // Dialects differ in a bracket, and in a hyphen between two members.
            ClassSetItem::Literal(literal) if literal.kind == LiteralKind::Verbatim => match literal.c {
                '[' | ']' => return None,
                '-' if !is_at_an_end => return None,
                other => members.union(&class_of(other)),
            },
            ClassSetItem::Literal(literal) => members.union(&class_of(character(literal)?)),
            ClassSetItem::Range(range) => {
                let (start, end) = (character(&range.start)?, character(&range.end)?);
                members.union(&ClassUnicode::new([ClassUnicodeRange::new(start, end)]));
            }
            ClassSetItem::Perl(class) => members.union(&perl(class)),
            ClassSetItem::Empty(_)
            | ClassSetItem::Ascii(_)
            | ClassSetItem::Unicode(_)
            | ClassSetItem::Bracketed(_)
            | ClassSetItem::Union(_) => return None,
        }
    }
    Some(members)
}

/// Returns a character that is written as it is, or as escaped punctuation. `None` for any other escape.
fn character(literal: &Literal) -> Option<char> {
    match literal.kind {
        LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous => Some(literal.c),
        LiteralKind::Octal | LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_) | LiteralKind::Special(_) => None,
    }
}

/// `\d`, `\w` and `\s` are ASCII's, as in Java.
/// <https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/regex/Pattern.html>
fn perl(class: &ClassPerl) -> ClassUnicode {
    let ranges: &[(char, char)] = match class.kind {
        ClassPerlKind::Digit => &[('0', '9')],
        ClassPerlKind::Space => &[('\t', '\r'), (' ', ' ')],
        ClassPerlKind::Word => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
    };
    let mut members = ClassUnicode::new(ranges.iter().map(|(start, end)| ClassUnicodeRange::new(*start, *end)));
    if class.negated {
        members.negate();
    }
    members
}
