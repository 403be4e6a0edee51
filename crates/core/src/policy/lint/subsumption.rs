//! What a policy's parts say of each other, whatever the build: a selector that fits
//! wherever another does, a rule that does whatever another does.
//!
//! Every answer here is "surely", or else "not known". A scope that is unknown may end in a
//! violation as well (`on-unknown: stop`), so each comparison holds for three values:
//! where the narrower fits the wider fits, and where the narrower may fit the wider may.

use jiff::Timestamp;

use crate::policy::{Condition, Exemption, Mode, OnUnknown, Rule, RuleMode, Selector, is_over};

impl Condition {
    fn covers(&self, narrower: &Self) -> bool {
        match (self, narrower) {
            (Self::Among(subject, wide), Self::Among(other, narrow)) => {
                subject.name == other.name && wide.covers(narrow)
            }
            (Self::Tagged(key, wide), Self::Tagged(other, narrow)) => key == other && wide.covers(narrow),
            (Self::When(wide), Self::When(narrow)) => wide.as_str() == narrow.as_str(),
            _ => false,
        }
    }

    /// Whether every build tells whether it fits.
    fn is_always_told(&self) -> bool {
        matches!(self, Self::Among(subject, _) if subject.is_always_told())
    }

    /// Whether it fits every build. A branch is not known of every build, so that not even
    /// `branches: ["*"]` does.
    fn is_everything(&self) -> bool {
        matches!(self, Self::Among(_, patterns) if patterns.are_everything()) && self.is_always_told()
    }
}

impl Selector {
    /// Whether it fits every build.
    fn is_everything(&self) -> bool {
        self.0.iter().all(Condition::is_everything)
    }

    fn covers(&self, narrower: &Self) -> bool {
        let covered = |wide: &Condition| narrower.0.iter().any(|narrow| wide.covers(narrow));
        self.0.iter().all(|wide| wide.is_everything() || covered(wide))
    }
}

/// Whether the rule of one `only` looks at all that the rule of another looks at.
fn scope_covers(wide: &[Selector], narrow: &[Selector]) -> bool {
    match (wide, narrow) {
        ([], _) => true,
        (_, []) => wide.iter().any(Selector::is_everything),
        _ => narrow.iter().all(|narrow| wide.iter().any(|wide| wide.covers(narrow))),
    }
}

impl Exemption {
    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| is_over(until, now))
    }

    /// Whether it exempts, from `now` on, every build that `other` exempts.
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
    /// The exemptions that leave nothing for the rule to look at, ever; none where there may
    /// be something.
    pub(in crate::policy) fn voiding_exemptions(&self) -> Vec<&Exemption> {
        // Where both scope and exemption are unknown, `on-unknown: stop` is a violation.
        let holds = |exemption: &&Exemption| {
            let is_told = || exemption.selector.0.iter().all(Condition::is_always_told);
            exemption.until.is_none() && (self.on_unknown != OnUnknown::Stop || is_told())
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

    /// Whether the check can be broken by no build, and what it cannot tell stops none.
    pub(in crate::policy) fn is_never_broken(&self) -> bool {
        self.check.is_never_broken() && self.on_unknown != OnUnknown::Stop
    }

    /// Whether it does, from `now` on, to every build at least what `other` does to it.
    pub(in crate::policy) fn shadows(&self, other: &Self, now: Timestamp) -> bool {
        // Each member is named, so that a new one cannot be forgotten here.
        let Self {
            id: _,
            place: _,
            reason: _,
            mode,
            mode_place: _,
            check_id: _,
            check,
            only,
            except,
            on_unknown,
            batch,
        } = self;
        let mut exemptions = except.iter().filter(|exemption| !exemption.is_over(now));
        mode.is_at_least(other.mode, now)
            && on_unknown.is_at_least(other.on_unknown)
            && *batch >= other.batch
            && check.covers(other.check.as_ref())
            && scope_covers(only, &other.only)
            && exemptions.all(|exemption| other.except.iter().any(|wide| wide.covers(exemption, now)))
    }
}

impl RuleMode {
    /// Whether it is never less than `other`, from `now` on.
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
    /// Whether as much is done with an unknown as `other` does.
    fn is_at_least(self, other: Self) -> bool {
        match other {
            Self::Ignore => true,
            Self::Report => self != Self::Ignore,
            Self::Stop => self == Self::Stop,
        }
    }
}
