//! `max-cost`: what the build has cost so far, by the policy's own prices.

use jiff::Timestamp;

use super::{
    Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind,
    durations::{breaks_running_limit_at, pass_within},
};
use crate::{facts::Facts, model::RunStart, price::Dollars};

pub(super) const MAX_COST: CheckKind = CheckKind {
    id: "max-cost",
    about: CheckDocs {
        breaks_when: "The price of the build's machine, times the minutes that it has been running, is over the limit. The policy's `prices` contain the price in USD per minute: of a compute type, or of a fleet. A Docker server is a second machine, with a price by its compute type. Without a price, the rule is undecided.",
        why: "An hour of the largest machine costs as much as days of the smallest, so one time limit does not suit both.",
        example: "2.50",
        project: Some(r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}}"#),
        running: None,
        allowed: r#"{"startTime": "2026-11-22T07:00:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}, "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T07:00:00Z"}]}"#,
        stopped: r#"{"startTime": "2026-11-22T06:50:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}, "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T06:50:00Z"}]}"#,
        reads: &[
            "environment.computeType",
            "environment.type",
            "environment.fleet",
            "environment.dockerServer of the project",
            "startTime",
            "phases.phaseType",
            "phases.startTime",
            "phases.endTime",
            "endTime",
        ],
    },
    option: OptionKind::Dollars(|limit| Box::new(MaxCost { limit })),
    iam: IamView::NoKey("no condition key contains the cost of a build"),
};

struct MaxCost {
    limit: Dollars,
}

impl Check for MaxCost {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let machine = match facts.machine_price() {
            Ok(machine) => machine,
            Err(fact) => return Answer::Unknown(fact),
        };
        let price = match facts.price() {
            Ok(price) => price,
            // A Docker server only adds to the cost.
            Err(fact) => {
                let running = facts.running().filter(|running| *running > machine.running_time_for(self.limit));
                return running.map_or(Answer::Unknown(fact), |running| {
                    Answer::Broken(format!("at least {}", machine.for_running(running)))
                });
            }
        };
        pass_within(price.running_time_for(self.limit), facts.running(), facts).unwrap_or_else(|| match facts.cost() {
            Ok(cost) => Answer::Broken(cost.to_string()),
            Err(fact) => Answer::Unknown(fact),
        })
    }

    fn value(&self, facts: &Facts<'_>) -> Option<String> {
        facts.cost().ok().map(|cost| cost.to_string())
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::MaxDollars(self.limit)
    }

    fn breaks_at(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        let price = facts.price().or_else(|_| facts.machine_price()).ok().filter(|price| !price.is_zero())?;
        breaks_running_limit_at(price.running_time_for(self.limit), facts)
    }

    fn reaches_limit_at(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        let RunStart::At(start) = facts.build.run_start() else { return None };
        let price = facts.price().or_else(|_| facts.machine_price()).ok().filter(|price| !price.is_zero())?;
        Some(price.running_time_for(self.limit).after(start))
    }

    fn has_deadline(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        facts::{Facts, inquiry::Source},
        model::{Build, Project},
        policy::Policy,
        verdict::{Action, Verdict, judge_by},
    };

    const POLICY: &str = "
version: 1
prices:
  LINUX_CONTAINER/LARGE: 0.02
  SMALL: 0.01
  arn:aws:codebuild:*:*:fleet/free-*: 0
  arn:aws:codebuild:*:*:fleet/gpu:*: 0.05
rules: [{ id: r, max-cost: 1.50 }]
";

    /// Judges a build that has been running for so many minutes.
    fn judge(environment: &Value, minutes: i64, is_whole: bool, project: Option<Value>) -> Verdict {
        let now: jiff::Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let start = now - jiff::SignedDuration::from_mins(minutes);
        let phases = json!([{"phaseType": "BUILD", "startTime": start}]);
        let build = json!({"startTime": start, "environment": environment, "phases": phases});
        let build: Build = serde_json::from_value(build).unwrap();
        let project: Option<Project> = project.map(|project| serde_json::from_value(project).unwrap());
        let policy = Policy::parse("policy.yaml", POLICY).unwrap();
        judge_by(&policy, &Facts::known(&build, is_whole, project.as_ref(), now))
    }

    fn answer(environment: &Value, minutes: i64, project: Option<Value>) -> String {
        let verdict = judge(environment, minutes, true, project);
        match verdict.action {
            Action::Stop => verdict.violations[0].found.clone(),
            _ => verdict.undecided.first().map_or("pass".to_owned(), |undecided| undecided.missing.to_string()),
        }
    }

    #[test]
    fn a_fleet_and_a_docker_server_have_prices_of_their_own() {
        let large = json!({"type": "LINUX_CONTAINER", "computeType": "LARGE"});
        let on = |name: &str| {
            let arn =
                format!("arn:aws:codebuild:eu-west-1:111122223333:fleet/{name}:1a000001-0000-4000-8000-000000000001");
            json!({"type": "LINUX_CONTAINER", "computeType": "LARGE", "fleet": {"fleetArn": arn}})
        };
        let plain = Some(json!({}));
        let beside = |compute: &str| Some(json!({"environment": {"dockerServer": {"computeType": compute}}}));
        for (environment, minutes, project, expected) in [
            (&large, 75, &plain, "pass"),
            (&large, 76, &plain, "1.52 USD"),
            (&on("gpu"), 30, &plain, "pass"),
            (&on("gpu"), 31, &plain, "1.55 USD"),
            (&on("free-1"), 10_000, &plain, "pass"),
            (&on("gpus"), 31, &plain, "cost (the policy has no price for the fleet gpus)"),
            (&json!({"computeType": "LARGE"}), 31, &plain, "cost (the policy has no price for LARGE)"),
            (&large, 50, &beside("SMALL"), "pass"),
            (&large, 51, &beside("SMALL"), "1.53 USD"),
            (&on("free-1"), 151, &beside("SMALL"), "1.51 USD"),
            (&large, 75, &beside("HUGE"), "cost (the policy has no price for a Docker server on LINUX_CONTAINER/HUGE)"),
            (&large, 76, &beside("HUGE"), "at least 1.52 USD"),
            (&large, 75, &None, "project"),
            (&large, 76, &None, "at least 1.52 USD"),
        ] {
            assert_eq!(answer(environment, minutes, project.clone()), expected, "{environment} {minutes} {project:?}");
        }
        for fleet in [json!(null), json!({}), json!({"fleetArn": null}), json!({"fleetArn": ""})] {
            let mut on_none = large.clone();
            on_none["fleet"] = fleet;
            assert_eq!(answer(&on_none, 76, plain.clone()), "1.52 USD", "{on_none}");
        }
        let mut own = large.clone();
        own["dockerServer"] = json!({"computeType": "SMALL"});
        assert_eq!(answer(&own, 51, None), "1.53 USD");
    }

    #[test]
    fn an_event_names_neither_so_build_and_project_are_asked_for() {
        let large = json!({"type": "LINUX_CONTAINER", "computeType": "LARGE"});
        assert!(judge(&large, 1, false, None).depends_on(|one| one.source == Some(Source::Build)));
        assert!(judge(&large, 1, true, None).depends_on(|one| one.source == Some(Source::Project)));
        let verdict = judge(&large, 1, true, Some(json!({})));
        assert!(verdict.undecided.is_empty());
        assert_eq!(verdict.deadline.unwrap().to_string(), "2026-11-22T10:14:01Z");
    }
}
