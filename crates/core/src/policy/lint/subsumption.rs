//! Decides whether one part of a policy covers another for every possible build.
//!
//! `true` means certainly; `false` means no, or not known. An unknown scope can lead to a
//! violation too (`on-unknown: stop`), so each comparison holds for three values: if the
//! narrower part matches, so does the wider; if the narrower is unknown, the wider matches or
//! is unknown.

use jiff::Timestamp;

use crate::{
    model::RunKind,
    policy::{Criterion, Exemption, Mode, OnUnknown, Rule, RuleMode, Selector, mode::is_over},
};

impl Criterion {
    fn covers(&self, narrower: &Self) -> bool {
        match (self, narrower) {
            (Self::Kinds(wide), Self::Kinds(narrow)) => narrow.iter().all(|kind| wide.contains(kind)),
            (Self::Among(subject, wide), Self::Among(other, narrow)) => {
                subject.name == other.name && wide.covers(narrow)
            }
            (Self::StartedBy(wide), Self::StartedBy(narrow)) => narrow.iter().all(|starter| wide.contains(starter)),
            (Self::Tagged(key, wide), Self::Tagged(other, narrow)) => key == other && wide.covers(narrow),
            (Self::When(wide), Self::When(narrow)) => wide.as_str() == narrow.as_str(),
            _ => false,
        }
    }

    /// Returns whether it is never unknown.
    fn is_always_known(&self) -> bool {
        match self {
            Self::Kinds(_) => true,
            Self::Among(subject, _) => subject.is_always_known(),
            Self::StartedBy(_) | Self::Tagged(..) | Self::When(_) => false,
        }
    }

    /// Returns whether it matches every build. Not even `branches: ["*"]` does: some builds have no
    /// known branch.
    fn is_everything(&self) -> bool {
        match self {
            Self::Kinds(kinds) => RunKind::ALL.iter().all(|kind| kinds.contains(kind)),
            Self::Among(_, patterns) => patterns.match_everything() && self.is_always_known(),
            Self::StartedBy(_) | Self::Tagged(..) | Self::When(_) => false,
        }
    }
}

impl Selector {
    /// Returns whether it matches every build.
    fn is_everything(&self) -> bool {
        self.0.iter().all(Criterion::is_everything)
    }

    fn covers(&self, narrower: &Self) -> bool {
        let covered = |wide: &Criterion| narrower.0.iter().any(|narrow| wide.covers(narrow));
        self.0.iter().all(|wide| wide.is_everything() || covered(wide))
    }
}

/// Returns whether one `only` selects every build that another selects.
fn scope_covers(wide: &[Selector], narrow: &[Selector]) -> bool {
    match (wide, narrow) {
        ([], _) => true,
        (_, []) => wide.iter().any(Selector::is_everything),
        _ => narrow.iter().all(|narrow| wide.iter().any(|wide| wide.covers(narrow))),
    }
}

impl Exemption {
    /// Returns whether it exempts every build that `other` exempts, from `now` on.
    fn covers(&self, other: &Self, now: Timestamp) -> bool {
        let lasts = match (self.until, other.until) {
            (None, _) => true,
            (Some(until), Some(other)) => until >= other,
            (Some(_), None) => false,
        };
        lasts && !self.is_over(now) && self.selector.covers(&other.selector)
    }
}

impl Rule {
    /// The exemptions that together exempt every build that the rule selects, for ever; empty
    /// if there may be a build left.
    pub(in crate::policy) fn voiding_exemptions(&self) -> Vec<&Exemption> {
        // With `on-unknown: stop`, an unknown scope with an unknown exemption is a violation.
        let holds = |exemption: &&Exemption| {
            let is_known = || exemption.selector.0.iter().all(Criterion::is_always_known);
            exemption.until.is_none() && (self.on_unknown != OnUnknown::Stop || is_known())
        };
        let lasting = self.except.iter().filter(holds);
        if let Some(everything) = lasting.clone().find(|exemption| exemption.selector.is_everything()) {
            return vec![everything];
        }
        if self.only.is_empty() {
            return Vec::new();
        }
        let by_selector = self.only.iter().map(|only| lasting.clone().find(|wide| wide.selector.covers(only)));
        let Some(voiding) = by_selector.collect::<Option<Vec<_>>>() else { return Vec::new() };
        lasting.filter(|exemption| voiding.iter().any(|one| std::ptr::eq(*one, *exemption))).collect()
    }

    /// Returns whether no build can break the check, or be stopped because it is undecided.
    pub(in crate::policy) fn is_never_broken(&self) -> bool {
        self.check.option().allows_everything() && self.on_unknown != OnUnknown::Stop
    }

    /// Returns whether it does at least as much as `other` to every build, from `now` on.
    pub(in crate::policy) fn shadows(&self, other: &Self, now: Timestamp) -> bool {
        // Names every field, so that a new one is not forgotten here.
        let Self {
            id: _,
            place: _,
            reason: _,
            owner: _,
            mode,
            mode_place: _,
            kind,
            check,
            only,
            except,
            on_unknown,
            batch,
        } = self;
        let mut exemptions = except.iter().filter(|exemption| !exemption.is_over(now));
        // The cheapest comparisons come first, because all rules of a policy are compared with each other.
        kind.id == other.kind.id
            && mode.is_at_least(other.mode, now)
            && on_unknown.is_at_least(other.on_unknown)
            && *batch >= other.batch
            && scope_covers(only, &other.only)
            && check.option().covers(other.check.option())
            && !self.leaves_out_pipelines_of(other)
            && exemptions.all(|exemption| other.except.iter().any(|wide| wide.covers(exemption, now)))
    }
}

impl Rule {
    /// Returns whether a rule with `only-newest-per` may leave out builds of pipelines that the other does not.
    fn leaves_out_pipelines_of(&self, other: &Self) -> bool {
        let names_pipelines = |rule: &Self| rule.only.iter().any(Selector::names_pipelines);
        let selects_pipelines = || !self.only.is_empty() && self.only.iter().all(Selector::names_pipelines);
        self.newest_per().is_some() && names_pipelines(other) && !selects_pipelines()
    }
}

impl RuleMode {
    /// Returns whether it is never weaker than `other`, from `now` on.
    fn is_at_least(self, other: Self, now: Timestamp) -> bool {
        match (self, other) {
            (Self::EnforceAfter(date), Self::EnforceAfter(other)) => date <= other || is_over(date, now),
            (Self::EnforceAfter(_), Self::Always(other)) => self.at(now) >= other,
            (Self::Always(mode), Self::EnforceAfter(_)) => mode == Mode::Enforce,
            (Self::Always(mode), Self::Always(other)) => mode >= other,
        }
    }
}

impl OnUnknown {
    /// Returns whether it does at least as much with an undecided build as `other`.
    fn is_at_least(self, other: Self) -> bool {
        match other {
            Self::Ignore => true,
            Self::Report => self != Self::Ignore,
            Self::Stop => self == Self::Stop,
        }
    }
}
