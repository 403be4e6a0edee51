//! A case about a build of the past.

use jiff::Timestamp;

use super::{BuildOrigin, Case, Purpose};
use crate::{
    event::BuildEvent,
    explain::{Reason, reasons},
    facts::{Facts, RefFrom, known_initiator, supersession::Supersession},
    model::Build,
    policy::{Mode, Policy},
    price::Dollars,
    verdict::{Action, Verdict, action, may_break_later},
};

impl<'a> Case<'a> {
    /// Judges a build of the past at a moment of its life, and asks questions for every undecided rule, even if
    /// another one stops the build. `is_whole` is `true` if the build is the API's.
    pub fn of_past(policy: &'a Policy, event: BuildEvent, is_whole: bool, at: Timestamp) -> Self {
        let origin = if is_whole { BuildOrigin::Api } else { BuildOrigin::Event };
        Self::new(policy, event, origin, Purpose::EveryRule, at)
    }

    /// Judges the build once more, at another moment of its life. `show` puts it into its state at that moment.
    pub fn judge_at(&mut self, at: Timestamp, show: impl FnOnce(&mut Build)) {
        show(&mut self.event.build);
        self.judge(at);
    }

    /// Judges the build once more, and compares it with others as if it were running, even if it has ended.
    pub fn compare_although_ended(&mut self, at: Timestamp) {
        self.compares_ended = true;
        self.judge(at);
    }

    /// Moves the verdict out. The case must be judged again before it has another question.
    pub(crate) fn take_verdict(&mut self) -> Verdict {
        std::mem::take(&mut self.verdict)
    }

    /// The event, with the build as it is known by now.
    pub(crate) fn into_event(self) -> BuildEvent {
        self.event
    }

    /// Adds the reference that was found when the build ran, and judges it again.
    pub fn add_recorded_ref(&mut self, name: String, from: RefFrom, at: Timestamp) {
        self.recorded_ref = Some((name, from));
        self.judge(at);
    }

    /// Adds the comparison with the builds that started later, and judges it again.
    pub(crate) fn add_supersession(&mut self, supersession: Supersession, at: Timestamp) {
        self.supersession = Some(supersession);
        self.judge(at);
    }

    /// The initiator, as far as it is known.
    pub(crate) fn initiator(&self) -> Option<&str> {
        known_initiator(self.build(), self.batch())
    }

    /// The price of a minute of the build, as far as it is known.
    pub(crate) fn price(&self, at: Timestamp) -> Option<Dollars> {
        // Avoids building a reason for the missing price, which nobody would read.
        if self.policy.prices.is_empty() {
            return None;
        }
        let facts = self.priced_facts(at);
        facts.price().or_else(|_| facts.machine_price()).ok()
    }

    /// The action at a moment for a build that breaks rules of these modes.
    pub(crate) fn action(&self, at: Timestamp, modes: impl Iterator<Item = Mode>) -> Action {
        let mut modes = modes.peekable();
        if modes.peek().is_none() { Action::Allow } else { action(self.policy, &self.facts(at), modes) }
    }

    /// The ids of the rules that pass at a moment, but may be broken later just because time passes.
    pub(crate) fn may_break_later(&self, at: Timestamp) -> Vec<&'a str> {
        may_break_later(self.policy, &self.priced_facts(at))
    }

    /// The reason of each rule at a moment.
    pub(crate) fn reasons(&self, at: Timestamp) -> Vec<Reason> {
        reasons(self.policy, self.facts(at))
    }

    /// The earliest time at which a rule may be broken just because time passes, whatever its scope.
    pub(crate) fn first_limit(&self, at: Timestamp) -> Option<Timestamp> {
        let facts = self.facts(at);
        self.policy.rules.iter().filter(|rule| !rule.is_off()).filter_map(|rule| rule.check.breaks_at(&facts)).min()
    }

    /// Returns whether the scope and the exemptions of a rule do not change with time.
    pub(crate) fn is_fixed(&self, rule: &str) -> bool {
        let rule = self.policy.rules.iter().find(|other| other.id == rule);
        rule.is_some_and(|rule| {
            rule.clock_variable().is_none() && rule.except.iter().all(|exemption| exemption.until.is_none())
        })
    }

    /// The time at which a running build reaches the limit of a rule, by what is known; see
    /// [`Check::reaches_limit_at`](crate::checks::Check::reaches_limit_at).
    pub(crate) fn reaches_limit_at(&self, rule: &str, at: Timestamp) -> Option<Timestamp> {
        let rule = self.policy.rules.iter().find(|other| other.id == rule)?;
        rule.check.reaches_limit_at(&self.priced_facts(at))
    }

    fn priced_facts(&self, at: Timestamp) -> Facts<'_> {
        Facts { prices: Some(&self.policy.prices), ..self.facts(at) }
    }
}
