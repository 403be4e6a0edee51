//! The explanation of a case.

use jiff::Timestamp;

use super::{BuildOrigin, Case};
use crate::{
    event::Delivery,
    explain::{Explanation, NextQuestion, explain},
};

impl Case<'_> {
    /// Explains the decision of each rule. Nothing is judged of an old event.
    pub(crate) fn explain_rules(&self, now: Timestamp) -> Vec<Explanation> {
        if self.origin != BuildOrigin::Api && self.event.delivery != Delivery::Live {
            return Vec::new();
        }
        explain(self.policy, self.facts(now))
    }

    /// The open questions, with the rules that need their answers.
    pub(crate) fn explain_questions(&self) -> Vec<NextQuestion> {
        self.open_questions().map(|question| NextQuestion::of(&question, self.rules_that_want(&question))).collect()
    }
}
