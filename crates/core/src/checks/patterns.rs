//! Lists of patterns, and how they match a fact.

use super::subject::{Subject, SubjectValue, SubjectValues};
use crate::{
    diagnostic::Code,
    facts::{
        Facts, MissingFact,
        git_ref::{branch_pattern, ref_pattern},
        image::ImagePattern,
        possible::{PATTERN, Remark},
        source_pattern::{Direction, SourcePattern},
        vocabulary::{
            account_pattern, compute_pattern, initiator_pattern, project_pattern, region_pattern, tag_pattern,
            variable_pattern,
        },
        webhook::{PossibleRefs, RefsFit},
    },
    model::RunKind,
    pattern::Pattern,
    url::without_user_info,
    yaml::{
        Node,
        reader::{Reader, RemarkCodes},
    },
};

/// The result of a match, which may be unknown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fit {
    Yes,
    No,
    Unknown(MissingFact),
}

impl From<Result<bool, MissingFact>> for Fit {
    fn from(answer: Result<bool, MissingFact>) -> Self {
        match answer {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(fact) => Self::Unknown(fact),
        }
    }
}

impl Fit {
    /// The unknown fact.
    pub(crate) fn missing(self) -> Option<MissingFact> {
        match self {
            Self::Unknown(missing) => Some(missing),
            Self::Yes | Self::No => None,
        }
    }

    /// Kleene's "and": one `No` settles it, whatever is unknown.
    pub(crate) fn and(self, facts: &Facts<'_>, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Unknown(missing) => match other() {
                Self::No => Self::No,
                Self::Yes => Self::Unknown(missing),
                Self::Unknown(other) => Self::Unknown(facts.settling(missing, other)),
            },
        }
    }

    /// Kleene's "or": one `Yes` settles it, whatever is unknown.
    pub(crate) fn or(self, facts: &Facts<'_>, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other(),
            Self::Unknown(missing) => match other() {
                Self::Yes => Self::Yes,
                Self::No => Self::Unknown(missing),
                Self::Unknown(other) => Self::Unknown(facts.settling(missing, other)),
            },
        }
    }
}

/// The subject of a list of patterns, which decides how a pattern is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Account,
    Branch,
    Compute,
    Image,
    Initiator,
    Project,
    Ref,
    Region,
    Source,
    Tag,
    Variable,
}

impl Syntax {
    /// Returns whether values are branches or refs.
    pub(crate) fn is_about_refs(self) -> bool {
        matches!(self, Self::Branch | Self::Ref)
    }

    /// The codes of a pattern that can never match and of one that is probably a mistake.
    fn codes(self) -> RemarkCodes {
        let (impossible, doubtful) = match self {
            Self::Account => (Code::ImpossibleAccount, Code::AccountWithoutQuotes),
            Self::Branch => (Code::ImpossibleBranch, Code::DoubtfulRef),
            Self::Compute => (Code::ImpossibleCompute, Code::DoubtfulCompute),
            Self::Image => (Code::ImpossibleImage, Code::DoubtfulImage),
            Self::Initiator => (Code::ImpossibleInitiator, Code::DoubtfulInitiator),
            Self::Project => (Code::ImpossibleProject, Code::DoubtfulName),
            Self::Ref => (Code::ImpossibleRef, Code::DoubtfulRef),
            Self::Region => (Code::ImpossibleRegion, Code::DoubtfulName),
            Self::Source => (Code::ImpossibleSource, Code::DoubtfulSource),
            Self::Tag => (Code::ImpossibleTag, Code::DoubtfulName),
            Self::Variable => (Code::ImpossibleVariable, Code::DoubtfulName),
        };
        RemarkCodes { impossible, doubtful }
    }

    /// Parses a pattern. Returns it with warnings about probable mistakes, or an error if it can never match.
    fn parse(self, text: &str, direction: Direction) -> Result<(FactPattern, Vec<Remark>), Remark> {
        let parse = match self {
            Self::Account => account_pattern,
            Self::Branch => branch_pattern,
            Self::Compute => compute_pattern,
            Self::Initiator => initiator_pattern,
            Self::Project => project_pattern,
            Self::Ref => ref_pattern,
            Self::Region => region_pattern,
            Self::Variable => variable_pattern,
            Self::Tag => tag_pattern,
            Self::Image => {
                let (pattern, warnings) = ImagePattern::parse(text, direction)?;
                return Ok((FactPattern::Image(pattern), warnings));
            }
            Self::Source => {
                let (pattern, warnings) = SourcePattern::parse(text)?;
                return Ok((FactPattern::Source(pattern), warnings));
            }
        };
        let (normal, warnings) = parse(text)?;
        Ok((FactPattern::Text { written: Remark::pattern(text)?, normal }, warnings))
    }
}

/// A pattern and its normal form.
#[derive(Clone, Debug)]
pub(crate) enum FactPattern {
    Image(ImagePattern),
    Source(SourcePattern),
    Text { written: Pattern, normal: Pattern },
}

impl FactPattern {
    /// The pattern as the policy contains it.
    fn written(&self) -> &Pattern {
        match self {
            Self::Image(pattern) => pattern.written(),
            Self::Source(pattern) => pattern.written(),
            Self::Text { written, .. } => written,
        }
    }

    fn fits(&self, value: &SubjectValue<'_>, direction: Direction) -> Result<bool, MissingFact> {
        match (self, value) {
            (Self::Image(pattern), SubjectValue::Image(image)) => Ok(pattern.matches(image, direction)),
            (Self::Source(pattern), SubjectValue::Source(location)) => pattern
                .matches(location, direction)
                .map_err(|why| MissingFact::Unknown { fact: "source.location", why }),
            (Self::Text { normal, .. }, value) => Ok(normal.fits(&value.text())),
            (Self::Image(_) | Self::Source(_), value) => Ok(self.written().fits(&value.text())),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Image(wide), Self::Image(narrow)) => wide.covers(narrow),
            (Self::Source(wide), Self::Source(narrow)) => wide.covers(narrow),
            (Self::Text { normal: wide, .. }, Self::Text { normal: narrow, .. }) => wide.covers(narrow),
            _ => false,
        }
    }

    /// Returns `false` only if no value can match both.
    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text { normal: one, .. }, Self::Text { normal: other, .. }) => one.overlaps(other),
            (Self::Source(one), Self::Source(other)) => one.overlaps(other),
            _ => true,
        }
    }
}

/// A list of patterns. It matches if one of them does.
#[derive(Clone, Debug)]
pub(crate) struct Patterns(Vec<FactPattern>);

impl Patterns {
    /// Reads a list of a policy file. Returns `None` if it contains no valid pattern.
    pub(crate) fn read(
        reader: &mut Reader,
        node: &Node,
        example: &str,
        syntax: Syntax,
        direction: Direction,
    ) -> Option<Self> {
        let nodes = reader.list_of_scalars(node, example);
        let patterns: Vec<FactPattern> = nodes
            .iter()
            .filter_map(|node| reader.checked(node, PATTERN, syntax.codes(), |text| syntax.parse(text, direction)))
            .collect();
        if syntax == Syntax::Account {
            nodes.iter().for_each(|node| reader.warn_of_number(node));
        }
        (!patterns.is_empty()).then_some(Self(patterns))
    }

    /// Matches the build's value of the subject.
    pub(crate) fn fits(&self, subject: &Subject, facts: &Facts<'_>, direction: Direction) -> Fit {
        // A sandbox has no initiator, so no pattern matches it.
        if subject.syntax == Syntax::Initiator && facts.kind == RunKind::Sandbox {
            return Fit::No;
        }
        let SubjectValues { value, other } = match (subject.values)(facts) {
            Ok(values) => values,
            Err(fact) => return Fit::Unknown(fact),
        };
        if let (SubjectValue::Within(refs), Some(Err(missing))) = (&value, &other) {
            return self.fits_refs(refs, subject.syntax).map_or(Fit::Unknown(missing.clone()), |fits| Ok(fits).into());
        }
        let fit = self.fits_value(&value, direction).or(facts, || match other {
            None => Fit::No,
            Some(Ok(other)) => self.fits_value(&SubjectValue::from(&*other), direction),
            Some(Err(fact)) => Fit::Unknown(fact),
        });
        match (subject.contradiction, direction) {
            // `*` lets every value through, even one that is contradicted.
            (Some(contradiction), Direction::Allow) if !self.match_everything() => {
                fit.and(facts, || Fit::from(contradiction(facts).map(|why| why.is_none())))
            }
            _ => fit,
        }
    }

    /// Returns whether a pattern matches the name of a reference, if the answer is the same for all of `refs`.
    /// Only branches have short names.
    fn fits_refs(&self, refs: &PossibleRefs, syntax: Syntax) -> Option<bool> {
        let full = |pattern: &str| match syntax {
            Syntax::Branch => format!("refs/heads/{pattern}").parse().ok(),
            _ => pattern.parse().ok(),
        };
        let all_are_branches = || full("*").is_some_and(|branches| refs.fit(&[branches]) == RefsFit::Every);
        if syntax == Syntax::Branch && !all_are_branches() {
            return None;
        }
        let normal = self.0.iter().map(|pattern| match pattern {
            FactPattern::Text { normal, .. } => full(normal.as_str()),
            FactPattern::Image(_) | FactPattern::Source(_) => None,
        });
        match refs.fit(&normal.collect::<Option<Vec<_>>>()?) {
            RefsFit::Every => Some(true),
            RefsFit::None => Some(false),
            RefsFit::Some => None,
        }
    }

    /// Matches a value.
    pub(crate) fn fits_value(&self, value: &SubjectValue<'_>, direction: Direction) -> Fit {
        let mut unclear = None;
        for pattern in &self.0 {
            match Fit::from(pattern.fits(value, direction)) {
                Fit::Yes => return Fit::Yes,
                Fit::No => {}
                fit @ Fit::Unknown(_) => unclear = unclear.or(Some(fit)),
            }
        }
        unclear.unwrap_or(Fit::No)
    }

    /// Returns whether a pattern matches the text.
    pub(crate) fn any_fits(&self, text: &str) -> bool {
        self.fits_value(&SubjectValue::from(text), Direction::Forbid) == Fit::Yes
    }

    /// Returns whether these match everything that `other` matches. Returns `false` if it takes several of these
    /// to match everything that one pattern of `other` matches.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|narrow| self.0.iter().any(|wide| wide.covers(narrow)))
    }

    /// Returns whether a value may match both these and `other`.
    pub(crate) fn overlap(&self, other: &Self) -> bool {
        self.0.iter().any(|one| other.0.iter().any(|other| one.overlaps(other)))
    }

    /// The normal forms of the text patterns among them.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter().filter_map(|pattern| match pattern {
            FactPattern::Text { normal, .. } => Some(normal),
            FactPattern::Image(_) | FactPattern::Source(_) => None,
        })
    }

    /// Returns whether a pattern matches every value.
    pub(crate) fn match_everything(&self) -> bool {
        self.iter().any(Pattern::is_everything)
    }

    /// The patterns as the policy contains them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter().map(FactPattern::written)
    }

    /// The image patterns among them.
    pub(crate) fn images(&self) -> impl Iterator<Item = &ImagePattern> {
        self.0.iter().filter_map(|pattern| match pattern {
            FactPattern::Image(pattern) => Some(pattern),
            FactPattern::Source(_) | FactPattern::Text { .. } => None,
        })
    }

    /// Patterns of the usual spellings of images.
    pub(crate) fn image_spellings(&self) -> Vec<String> {
        let mut spellings: Vec<String> = Vec::new();
        for spelling in self.images().flat_map(ImagePattern::spellings) {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        spellings
    }

    /// The patterns as the policy contains them, without user information, separated by commas.
    pub(crate) fn listed(&self) -> String {
        self.iter().map(|pattern| without_user_info(pattern.as_str())).collect::<Vec<_>>().join(", ")
    }
}
