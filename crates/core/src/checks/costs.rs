//! `max-cost`: what the build has cost so far, by the policy's own prices.

use std::any::Any;

use jiff::Timestamp;

use super::{
    About, Answer, Check, CheckKind, OptionKind,
    durations::{runs_longer_at, within},
    prevention::Prevention,
};
use crate::{facts::Facts, price::Dollars};

pub(super) const MAX_COST: CheckKind = CheckKind {
    id: "max-cost",
    about: About {
        breaks_when: "The price of the build's compute type, times the minutes that it has been running, is over the limit. The price stands under the policy's `prices`, in USD a minute; where there is none for the compute type, the rule cannot tell.",
        why: "An hour of the largest machine costs as much as days of the smallest, so that one limit of time does not fit both.",
        example: "2.50",
        project: None,
        allowed: r#"{"startTime": "2026-11-22T07:00:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}, "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T07:00:00Z"}]}"#,
        stopped: r#"{"startTime": "2026-11-22T06:50:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}, "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T06:50:00Z"}]}"#,
        reads: &["environment.computeType", "environment.type", "startTime", "phases", "endTime"],
    },
    option: OptionKind::Dollars,
    read: |reader, node| {
        let limit = reader.scalar(node)?;
        Some(Box::new(MaxCost { limit }))
    },
};

struct MaxCost {
    limit: Dollars,
}

impl Check for MaxCost {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let price = match facts.price() {
            Ok(price) => price,
            Err(fact) => return Answer::Unknown(fact),
        };
        within(price.buy(self.limit), facts.running, facts).unwrap_or_else(|| match facts.cost() {
            Ok(cost) => Answer::Broken(cost.to_string()),
            Err(fact) => Answer::Unknown(fact),
        })
    }

    fn limit(&self) -> String {
        self.limit.to_string()
    }

    fn breaks_at(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        let price = facts.price().ok()?;
        runs_longer_at(price.buy(self.limit), facts)
    }

    fn is_timed(&self) -> bool {
        true
    }

    fn prevention(&self) -> Prevention {
        Prevention::NoKey("no condition key sees what a build will cost")
    }

    fn covers(&self, other: &dyn Check) -> bool {
        let other: Option<&Self> = (other as &dyn Any).downcast_ref();
        other.is_some_and(|other| self.limit <= other.limit)
    }
}
