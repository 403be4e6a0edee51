//! `forbidden-sources`, `allowed-sources`: the locations of the sources, primary and secondary,
//! in a normal form, so that no spelling evades a pattern.

use super::{
    Answer, Check, CheckDocs, CheckKind, CheckOption, Fit, IamView, OptionKind, Patterns,
    patterns::Syntax,
    subject::{Subject, SubjectValue, SubjectValues},
};
use crate::{
    facts::{Facts, MissingFact, source_location::SourceLocation, source_pattern::Direction},
    model::ProjectSource,
    url::normalized,
};

pub(super) const SOURCES: Subject = Subject {
    name: "sources",
    example: "[https://github.com/acme/*]",
    syntax: Syntax::Source,
    values: |facts| facts.source().map(|location| SubjectValues { value: SubjectValue::Source(location), other: None }),
    contradiction: None,
    arn_part: None,
};

const IAM: IamView = IamView::SourceLocation;

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-sources",
    about: CheckDocs {
        breaks_when: "The location of a source matches a pattern, in any of its spellings. Secondary sources count too.",
        why: "Code from some places must not run with this account's credentials.",
        example: "['https://github.com/somebody/*']",
        project: None,
        running: None,
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}, "secondarySources": []}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type", "secondarySources"],
    },
    option: OptionKind::Forbidden(Syntax::Source, |patterns| {
        Box::new(Sources { patterns, direction: Direction::Forbid })
    }),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-sources",
    about: CheckDocs {
        breaks_when: "The location of a source matches none of the patterns. Secondary sources count too, and a build without a source has the location `NO_SOURCE`.",
        why: "A build that is started with another source location runs that code with the project's role.",
        example: "['https://github.com/acme/*']",
        project: None,
        running: None,
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}, "secondarySources": []}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type", "secondarySources"],
    },
    option: OptionKind::Allowed(Syntax::Source, |patterns| Box::new(Sources { patterns, direction: Direction::Allow })),
    iam: IAM,
};

/// A list of patterns that every source of a build is compared with.
struct Sources {
    patterns: Patterns,
    direction: Direction,
}

impl Sources {
    /// The location as the build has it.
    fn location(source: &ProjectSource, location: &SourceLocation) -> String {
        let written = source.location.as_deref().filter(|_| *location != SourceLocation::NoSource);
        written.map_or_else(|| location.to_string(), shown)
    }

    fn answer(&self, source: &ProjectSource, location: &SourceLocation) -> Answer {
        match (self.direction, self.patterns.fits_value(&SubjectValue::Source(location), self.direction)) {
            (Direction::Forbid, Fit::Yes) | (Direction::Allow, Fit::No) => {
                Answer::Broken(Self::location(source, location))
            }
            (Direction::Forbid, Fit::No) | (Direction::Allow, Fit::Yes) => Answer::Pass,
            (_, Fit::Unknown(fact)) => Answer::Unknown(fact),
        }
    }
}

/// A location as the build has it, without user information, query and fragment.
fn shown(location: &str) -> String {
    let location = normalized(location);
    location.split(['?', '#']).next().unwrap_or_default().to_owned()
}

impl Check for Sources {
    /// One source that breaks the check is enough. If there is none, an unknown source leaves the check undecided.
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let mut undecided: Option<MissingFact> = None;
        for source in facts.sources() {
            match source.map(|(source, location)| self.answer(source, location)) {
                Ok(Answer::Pass) => {}
                Ok(answer @ Answer::Broken(_)) => return answer,
                Ok(Answer::Unknown(fact)) | Err(fact) => undecided = Some(facts.settling(undecided, fact)),
            }
        }
        undecided.map_or(Answer::Pass, Answer::Unknown)
    }

    /// All sources, if they are known.
    fn value(&self, facts: &Facts<'_>) -> Option<String> {
        let locations = facts.sources().map(|source| source.map(|(source, location)| Self::location(source, location)));
        locations.collect::<Result<Vec<_>, _>>().ok().map(|locations| locations.join(", "))
    }

    fn option(&self) -> CheckOption<'_> {
        match self.direction {
            Direction::Forbid => CheckOption::Forbidden(&self.patterns),
            Direction::Allow => CheckOption::Allowed(&self.patterns),
        }
    }
}
