//! The options of checks: how they are written, shown and compared.

use std::fmt;

use super::{Check, CheckDocs, CheckKind, NewestPer, Override, Patterns, patterns::Syntax};
use crate::{
    diagnostic::Code,
    duration::Duration,
    expression::Expression,
    facts::source_pattern::Direction,
    price::Dollars,
    url::without_user_info,
    yaml::{Node, reader::Reader},
};

/// The form of an option, with the constructor of its check.
#[derive(Clone, Copy)]
pub(crate) enum OptionKind {
    Duration(TimeLimit, fn(Duration) -> Box<dyn Check>),
    Dollars(fn(Dollars) -> Box<dyn Check>),
    /// A list of what is forbidden.
    Forbidden(Syntax, fn(Patterns) -> Box<dyn Check>),
    /// A list of all that is allowed.
    Allowed(Syntax, fn(Patterns) -> Box<dyn Check>),
    Expression(fn(Expression) -> Box<dyn Check>),
    Overrides(fn(Vec<Override>) -> Box<dyn Check>),
    NewestPer(fn(Vec<NewestPer>) -> Box<dyn Check>),
}

/// CodeBuild's own bounds of a time that a check limits, and the words for a build over the limit.
#[derive(Clone, Copy)]
pub(crate) struct TimeLimit {
    /// The shortest timeout that CodeBuild accepts, in minutes. `None` if the check does not limit a timeout.
    pub(crate) shortest: Option<i32>,
    /// The longest timeout that CodeBuild accepts, or the longest that a build can run or queue, in minutes.
    pub(crate) longest: i32,
    /// The words that follow "a build" in the description of one over the limit.
    pub(crate) broken: fn(Duration) -> String,
}

impl CheckKind {
    /// Reads the option of a policy file. Returns `None` after a fault.
    pub(crate) fn read(&self, reader: &mut Reader, node: &Node) -> Option<Box<dyn Check>> {
        let CheckDocs { example, .. } = self.about;
        match self.option {
            OptionKind::Duration(_, check) => reader.scalar(node).map(check),
            OptionKind::Dollars(check) => reader.scalar(node).map(check),
            OptionKind::Forbidden(syntax, check) => {
                Patterns::read(reader, node, example, syntax, Direction::Forbid).map(check)
            }
            OptionKind::Allowed(syntax, check) => {
                Patterns::read(reader, node, example, syntax, Direction::Allow).map(check)
            }
            OptionKind::Expression(check) => reader.expression(node).map(check),
            OptionKind::Overrides(check) => {
                Some(reader.scalars(node, example)).filter(|overrides| !overrides.is_empty()).map(check)
            }
            OptionKind::NewestPer(check) => newest_per(reader, node, example).map(check),
        }
    }
}

/// Reads the values by which builds are compared. Builds of different projects never supersede each
/// other.
fn newest_per(reader: &mut Reader, node: &Node, example: &str) -> Option<Vec<NewestPer>> {
    let nodes = reader.list_of_scalars(node, example);
    let mut keys: Vec<NewestPer> = Vec::new();
    for node in nodes {
        let Some(key) = reader.scalar(node) else { continue };
        if keys.contains(&key) {
            reader.fault(
                Code::DuplicateKey,
                node.place,
                format!("duplicate key `{}`", key.name()),
                "remove one of them",
            );
        }
        keys.push(key);
    }
    if !nodes.is_empty() && !keys.contains(&NewestPer::Project) {
        let help = "add `project`; builds of different projects never supersede each other";
        reader.fault(Code::MissingKey, node.place, "missing key `project`", help);
    }
    (!keys.is_empty()).then_some(keys)
}

/// The option of a check, to be shown and compared with others.
#[derive(Clone, Copy)]
pub(crate) enum CheckOption<'a> {
    /// At most this long.
    MaxDuration(Duration),
    /// At most this much.
    MaxDollars(Dollars),
    Forbidden(&'a Patterns),
    Allowed(&'a Patterns),
    DenyWhen(&'a Expression),
    ForbiddenOverrides(&'a [Override]),
    NewestPer(&'a [NewestPer]),
}

impl CheckOption<'_> {
    /// Compares two options of the same check. Returns `true` if every build that breaks `other` also breaks
    /// `self`, and every build that leaves `other` undecided breaks `self` or leaves it undecided. Returns
    /// `false` if that is not certain.
    pub(crate) fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::MaxDuration(strict), Self::MaxDuration(other)) => strict <= other,
            (Self::MaxDollars(strict), Self::MaxDollars(other)) => strict <= other,
            (Self::Forbidden(wide), Self::Forbidden(narrow)) => wide.covers(narrow),
            (Self::Allowed(narrow), Self::Allowed(wide)) => wide.covers(narrow),
            (Self::DenyWhen(one), Self::DenyWhen(other)) => one.as_str() == other.as_str(),
            (Self::ForbiddenOverrides(all), Self::ForbiddenOverrides(some)) => some.iter().all(|one| all.contains(one)),
            // Builds that have the same values for `more` keys also have the same values for `few` of them.
            (Self::NewestPer(few), Self::NewestPer(more)) => few.iter().all(|key| more.contains(key)),
            _ => false,
        }
    }

    /// Returns whether no build can break a check with this option.
    pub(crate) fn allows_everything(self) -> bool {
        matches!(self, Self::Allowed(patterns) if patterns.match_everything())
    }
}

/// Writes the option as the policy contains it. An expression is put on one line and shortened.
impl fmt::Display for CheckOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LENGTH: usize = 200;
        match self {
            Self::MaxDuration(duration) => write!(f, "{duration}"),
            Self::MaxDollars(dollars) => write!(f, "{dollars}"),
            Self::Forbidden(patterns) | Self::Allowed(patterns) => f.write_str(&patterns.listed()),
            Self::DenyWhen(expression) => {
                let text = expression.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
                let text = without_user_info(&text);
                match text.char_indices().nth(LENGTH) {
                    Some((end, _)) => write!(f, "{}…", text[..end].trim_end()),
                    None => f.write_str(&text),
                }
            }
            Self::ForbiddenOverrides(overrides) => {
                f.write_str(&overrides.iter().map(|one| one.name()).collect::<Vec<_>>().join(", "))
            }
            Self::NewestPer(keys) => f.write_str(&keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(", ")),
        }
    }
}
