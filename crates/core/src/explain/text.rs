//! An explanation as text for people, within 100 columns where words allow it.

use std::fmt;

use super::{
    CaseExplanation, CriterionExplanation, Decided, Explanation, FactFrom, Matches, SelectorExplanation, UnknownFact,
};
use crate::{
    diagnostic::printable,
    expression::ExpressionPart,
    policy::{Mode, OnUnknown},
    verdict::{Action, Withheld},
};

/// The number of columns.
const WIDTH: usize = 100;

impl fmt::Display for CaseExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match (self.action, self.withheld) {
            (Action::Allow, _) => "allowed",
            (Action::Report, Some(Withheld::Ceiling)) => {
                "would be reported, not stopped: the deployment's mode is `report`"
            }
            (Action::Report, _) => "would be reported",
            (Action::Protect, _) => "would be reported, not stopped: the project matches `never-stop`, or is unknown",
            (Action::Stop, _) => "would be stopped",
        };
        let undecided = self.rules.iter().filter(|rule| rule.decision == Decided::Undecided).count();
        let known = match (self.action, undecided) {
            (Action::Allow, 1) => ", as far as is known: 1 rule is undecided".to_owned(),
            (Action::Allow, 2..) => format!(", as far as is known: {undecided} rules are undecided"),
            _ => String::new(),
        };
        line(f, 0, &format!("{}, judged at {}: {action}{known}", self.build_id, self.now))?;
        for note in &self.notes {
            line(f, 0, &format!("note: {note}"))?;
        }
        if let Some(deadline) = self.deadline {
            line(f, 0, &format!("the next time limit is reached at {deadline}"))?;
        }
        for rule in &self.rules {
            writeln!(f)?;
            rule.fmt(f)?;
        }
        if !self.questions.is_empty() {
            f.write_str("\nThe function would ask for, in this order, as long as a rule depends on it:\n")?;
        }
        for question in &self.questions {
            let rules: Vec<String> = question.rules.iter().map(|rule| format!("`{rule}`")).collect();
            let why = if rules.is_empty() { String::new() } else { format!(", for {}", rules.join(", ")) };
            line(f, 2, &format!("{}: {}{why}", question.calls.join(", "), question.about))?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            Mode::Report => " (report only)",
            Mode::Enforce | Mode::Off => "",
        };
        let effect = match self.on_unknown {
            Some(OnUnknown::Stop) if self.counts_as_broken => ", counts as broken by `on-unknown: stop`",
            Some(OnUnknown::Ignore) => ", ignored by `on-unknown: ignore`",
            Some(OnUnknown::Stop | OnUnknown::Report) | None => "",
        };
        line(f, 0, &format!("{}: {}{effect}{mode}", self.rule, self.decision.name()))?;
        let from = from(self.from);
        let check = match self.expression {
            // The expression follows.
            Some(_) => self.check.to_owned(),
            None => format!("{} {}", self.check, self.limit),
        };
        line(f, 2, &check)?;
        if let Some(found) = self.found.as_ref().filter(|_| self.expression.is_none()) {
            line(f, 2, &format!("found: {found}{from}"))?;
        }
        if let Some(missing) = &self.missing {
            line(f, 2, &format!("unknown: {}", missing_text(missing)))?;
        }
        if let Some(expression) = &self.expression {
            part(f, 4, expression)?;
        }
        if self.decision == Decided::Broken {
            for (name, text) in [("reason", &self.reason), ("owner", &self.owner)] {
                if let Some(text) = text {
                    line(f, 2, &format!("{name}: {}", text.trim_end()))?;
                }
            }
        }
        for selector in &self.only {
            selector_text(f, "only", selector)?;
        }
        for selector in &self.except {
            selector_text(f, "except", selector)?;
        }
        Ok(())
    }
}

impl Decided {
    fn name(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Broken => "broken",
            Self::Undecided => "undecided",
            Self::Exempt => "exempt",
            Self::OutOfScope => "does not apply",
            Self::Off => "off",
        }
    }
}

fn selector_text(f: &mut fmt::Formatter<'_>, key: &str, selector: &SelectorExplanation) -> fmt::Result {
    let matches = match selector.matches {
        Matches::Yes => "matches",
        Matches::No if selector.is_over => "is over",
        Matches::No => "does not match",
        Matches::Unknown => "is unknown",
    };
    let until = selector.until.map(|until| format!(", until {until}")).unwrap_or_default();
    let reason = selector.reason.as_ref().map(|reason| format!(": {}", reason.trim_end())).unwrap_or_default();
    line(f, 2, &format!("{key} {matches}{until}{reason}"))?;
    selector.criteria.iter().try_for_each(|one| criterion(f, one))
}

fn criterion(f: &mut fmt::Formatter<'_>, one: &CriterionExplanation) -> fmt::Result {
    let answer = match one.matches {
        Matches::Yes => "yes",
        Matches::No => "no",
        Matches::Unknown => "unknown",
    };
    if let Some(expression) = &one.expression {
        line(f, 4, &format!("{answer}: when"))?;
        return part(f, 6, expression);
    }
    let value = one.value.as_ref().map(|value| format!("; found: {value}{}", from(one.from))).unwrap_or_default();
    let note = one.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
    let missing = one.missing.as_ref().map(|missing| format!("; unknown: {}", missing_text(missing)));
    line(f, 4, &format!("{answer}: {}{value}{note}{}", one.criterion, missing.unwrap_or_default()))
}

fn part(f: &mut fmt::Formatter<'_>, indent: usize, one: &ExpressionPart) -> fmt::Result {
    let value = match (one.value, &one.unknown) {
        (Some(value), _) => value.to_string(),
        (None, Some(_)) => "unknown".to_owned(),
        (None, None) => "not evaluated".to_owned(),
    };
    line(f, indent, &format!("{value}: {}", one.text))?;
    if let Some(why) = one.unknown.as_ref().filter(|_| one.parts.is_empty()) {
        line(f, indent + 2, why)?;
    }
    for read in &one.reads {
        line(f, indent + 2, &format!("{} = {}", read.path, read.value))?;
    }
    one.parts.iter().try_for_each(|operand| part(f, indent + 2, operand))
}

fn from(from: Option<FactFrom>) -> String {
    from.map(|from| format!(", from {}", from.name())).unwrap_or_default()
}

fn missing_text(missing: &UnknownFact) -> String {
    if let Some(help) = &missing.help {
        return format!("{}; {help}", missing.fact);
    }
    match missing.calls {
        [] => format!("{}; no source provides it", missing.fact),
        calls => format!("{}; {} may provide it", missing.fact, calls.join(", ")),
    }
}

/// Writes a text without control characters, wrapped at [`WIDTH`].
fn line(f: &mut fmt::Formatter<'_>, indent: usize, text: &str) -> fmt::Result {
    let text = printable(text, usize::MAX);
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column == 0 {
            write!(f, "{:indent$}{word}", "")?;
            column = indent + length;
        } else if column + 1 + length <= WIDTH {
            write!(f, " {word}")?;
            column += 1 + length;
        } else {
            let indent = indent + 4;
            write!(f, "\n{:indent$}{word}", "")?;
            column = indent + length;
        }
    }
    writeln!(f)
}
