//! `max-cost`: what the build has cost so far, by the policy's own prices.

use jiff::Timestamp;

use super::{
    About, Answer, Check, CheckKind, CheckOption, IamView, OptionKind,
    durations::{breaks_running_limit_at, pass_within},
};
use crate::{facts::Facts, price::Dollars};

pub(super) const MAX_COST: CheckKind = CheckKind {
    id: "max-cost",
    about: About {
        breaks_when: "The price of the build's compute type, times the minutes that it has been running, is over the limit. The policy's `prices` contain the price in USD per minute; without a price for the compute type, the rule is undecided.",
        why: "An hour of the largest machine costs as much as days of the smallest, so one time limit does not suit both.",
        example: "2.50",
        project: None,
        allowed: r#"{"startTime": "2026-11-22T07:00:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}, "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T07:00:00Z"}]}"#,
        stopped: r#"{"startTime": "2026-11-22T06:50:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}, "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T06:50:00Z"}]}"#,
        reads: &["environment.computeType", "environment.type", "startTime", "phases", "endTime"],
    },
    option: OptionKind::Dollars(|limit| Box::new(MaxCost { limit })),
    iam: IamView::NoKey("no condition key contains the cost of a build"),
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
        pass_within(price.running_time_for(self.limit), facts.running(), facts).unwrap_or_else(|| match facts.cost() {
            Ok(cost) => Answer::Broken(cost.to_string()),
            Err(fact) => Answer::Unknown(fact),
        })
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::MaxDollars(self.limit)
    }

    fn breaks_at(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        let price = facts.price().ok()?;
        breaks_running_limit_at(price.running_time_for(self.limit), facts)
    }

    fn has_deadline(&self) -> bool {
        true
    }
}
