//! The message of a sweep's record.

use super::{super::redact, BeltSwitch, Failures, Rest, Safety, SweepSummary};
use crate::url;

impl SweepSummary {
    /// The counts, the failures and the remaining work, in sentences.
    pub(super) fn message(&self) -> String {
        let Self { running, sandboxes, broken, stopped, to_stop, undecided, failed, failed_calls, .. } = self;
        let mut message = String::new();
        if let Some(Safety { stops, allowed, setting, part, switch }) = &self.safety {
            let by = if *part > 1 { format!(" by this part of the sweep (number {part})") } else { String::new() };
            message.push_str(&format!(
                "SAFETY LIMIT: nothing was stopped{by}. The policy would have stopped {stops} of the running builds, \
                 but one sweep may stop {allowed} (`max-stops-per-sweep: {setting}`). Check the policy first. If these \
                 builds must be stopped, raise `max-stops-per-sweep`, or have one sweep stop them all: {}. ",
                switch.instruction(self)
            ));
        }
        let mut things = counted(*running, "running build");
        if *sandboxes > 0 {
            things.push_str(&format!(" and {}", counted_as(*sandboxes, "running sandbox", "running sandboxes")));
        }
        let done = match to_stop {
            0 => format!("{stopped} were stopped"),
            to_stop => format!("{to_stop} would be stopped"),
        };
        message.push_str(&format!(
            "Swept {}: of {things}, {broken} broke a rule and {done}.",
            counted(self.projects, "project"),
        ));
        if *undecided > 0 {
            let builds = counted(*undecided, "build");
            message.push_str(&format!(" For {builds}, at least one rule could not be evaluated."));
        }
        if let Some(fact) = &self.denied_fact {
            message.push_str(&format!(
                " The first fact that is unknown for lack of a permission: {}.",
                url::redacted(fact)
            ));
        }
        if *failed > 0 {
            message.push_str(&format!(" {} could not be handled.", counted(*failed, "build")));
        }
        if *failed_calls > 0 {
            message.push_str(&format!(
                " {} failed, so some builds may not have been judged.",
                counted(*failed_calls, "call")
            ));
        }
        if let Some(failure) = &self.first_failure {
            let failure = redact::failure_without_build(failure.clone());
            message.push_str(&format!(" The first failure: {}.", failure.message));
        }
        if let Some(denied) = self.first_denied.as_ref().filter(|denied| self.first_failure.as_ref() != Some(denied)) {
            let denied = redact::failure_without_build(denied.clone());
            message.push_str(&format!(" The first denied call: {}.", denied.message));
        }
        if let Failures { count, first: Some(first) } = &self.earlier {
            let failures = counted(*count, "failure");
            message.push_str(&format!(" In earlier parts of the sweep: {failures}, the first: {}.", first.message));
        }
        if let Some(Rest { from, .. }) = &self.rest {
            let rest = format!(" There was not enough time for all projects; the next part begins with `{from}`.");
            message.push_str(&rest);
        }
        if self.is_handed_on && self.failures().count > 0 {
            message.push_str(" The last part of the sweep will fail because of these errors.");
        }
        message
    }
}

impl BeltSwitch {
    /// Returns a clause for a message. The event names the account and region. Without them, it would apply to
    /// everything that the function sweeps.
    fn instruction(self, summary: &SweepSummary) -> String {
        let place = [("account", &summary.account), ("region", &summary.region)];
        let place = place.into_iter().filter_map(|(key, value)| Some(format!("{key:?}: {:?}, ", value.as_ref()?)));
        match self {
            Self::Event => format!(
                r#"invoke the function with `{{"detail-type": "Scheduled Event", "source": "buildbrake", "detail": {{{}"safety-belt": "off"}}}}`"#,
                place.collect::<String>()
            ),
            Self::Option => "add `--safety-belt-off`".to_owned(),
        }
    }
}

fn counted(count: u64, noun: &str) -> String {
    counted_as(count, noun, &format!("{noun}s"))
}

fn counted_as(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
