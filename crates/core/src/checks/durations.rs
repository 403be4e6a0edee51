//! `max-duration`, `max-queue-time`: how long the build has been running or queued, whatever
//! its timeouts are.

use jiff::Timestamp;

use super::{
    Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind, TimeLimit,
    timeouts::{LONGEST_QUEUE, LONGEST_RUN},
};
use crate::{duration::Duration, facts::Facts, model::RunStart};

const IAM: IamView = IamView::NoKey("no condition key contains how long a build takes");

pub(super) const MAX_DURATION: CheckKind = CheckKind {
    id: "max-duration",
    about: CheckDocs {
        breaks_when: "The build has been running for longer than the limit. Its time in the queue does not count.",
        why: "Only the clock shows that a build hangs, and its timeout may be a day and a half.",
        example: "60m",
        project: None,
        running: None,
        allowed: r#"{"startTime": "2026-11-22T08:00:00Z", "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T08:00:00Z"}]}"#,
        stopped: r#"{"startTime": "2026-11-22T07:30:00Z", "phases": [{"phaseType": "PROVISIONING", "startTime": "2026-11-22T07:30:00Z"}]}"#,
        reads: &["startTime", "phases.phaseType", "phases.startTime", "phases.endTime", "endTime"],
    },
    option: OptionKind::Duration(
        TimeLimit { shortest: None, longest: LONGEST_RUN, broken: |limit| format!("that runs for more than {limit}") },
        |limit| Box::new(MaxTime { limit, phase: Phase::Running }),
    ),
    iam: IAM,
};

pub(super) const MAX_QUEUE_TIME: CheckKind = CheckKind {
    id: "max-queue-time",
    about: CheckDocs {
        breaks_when: "The build has been queued for longer than the limit, or was until it ran.",
        why: "A build that waits for a busy fleet may run when no one expects it any more.",
        example: "30m",
        project: None,
        running: None,
        allowed: r#"{"startTime": "2026-11-22T08:40:00Z", "phases": [{"phaseType": "QUEUED", "startTime": "2026-11-22T08:40:00Z"}]}"#,
        stopped: r#"{"startTime": "2026-11-22T08:20:00Z", "phases": [{"phaseType": "QUEUED", "startTime": "2026-11-22T08:20:00Z"}]}"#,
        reads: &["startTime", "phases.phaseType", "phases.startTime", "phases.endTime", "endTime"],
    },
    option: OptionKind::Duration(
        TimeLimit {
            shortest: None,
            longest: LONGEST_QUEUE,
            broken: |limit| format!("that is queued for more than {limit}"),
        },
        |limit| Box::new(MaxTime { limit, phase: Phase::Queued }),
    ),
    iam: IAM,
};

struct MaxTime {
    limit: Duration,
    phase: Phase,
}

/// The part of a build's life that is measured.
#[derive(Clone, Copy)]
enum Phase {
    Running,
    Queued,
}

impl MaxTime {
    fn time(&self, facts: &Facts<'_>) -> Option<Duration> {
        match self.phase {
            Phase::Running => facts.running(),
            Phase::Queued => facts.queued(),
        }
    }
}

impl Check for MaxTime {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let time = self.time(facts);
        let fact = match self.phase {
            Phase::Running => "running",
            Phase::Queued => "queued",
        };
        pass_within(self.limit, time, facts).unwrap_or_else(|| match time {
            Some(time) => Answer::Broken(time.to_string()),
            None => Answer::Unknown(facts.no_phases(fact)),
        })
    }

    fn value(&self, facts: &Facts<'_>) -> Option<String> {
        self.time(facts).map(|time| time.to_string())
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::MaxDuration(self.limit)
    }

    fn breaks_at(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        match (self.phase, facts.build.run_start()) {
            (Phase::Running, _) => breaks_running_limit_at(self.limit, facts),
            (Phase::Queued, RunStart::At(_)) => None,
            (Phase::Queued, RunStart::Queued | RunStart::Unknown) => {
                first_second_after(self.limit, facts.build.start_time?)
            }
        }
    }

    fn reaches_limit_at(&self, facts: &Facts<'_>) -> Option<Timestamp> {
        match (self.phase, facts.build.run_start()) {
            (Phase::Running, RunStart::At(start)) => Some(self.limit.after(start)),
            (Phase::Running, RunStart::Queued | RunStart::Unknown) => None,
            (Phase::Queued, _) => Some(self.limit.after(facts.build.start_time?)),
        }
    }

    fn has_deadline(&self) -> bool {
        true
    }
}

/// Returns [`Answer::Pass`] if the build cannot have exceeded the limit: by its phases, or because it is
/// younger than the limit. Otherwise returns `None`. The event of a start contains no phases, so this lets
/// a new build through without an API call.
pub(super) fn pass_within(limit: Duration, time: Option<Duration>, facts: &Facts<'_>) -> Option<Answer> {
    let at_most = time.or_else(|| facts.build.age(facts.now));
    at_most.is_some_and(|time| time <= limit).then_some(Answer::Pass)
}

/// Returns the time when a build will have been running for longer than the limit; the earliest
/// possible time, if it is unknown when the build started to run.
pub(super) fn breaks_running_limit_at(limit: Duration, facts: &Facts<'_>) -> Option<Timestamp> {
    match facts.build.run_start() {
        RunStart::At(start) => first_second_after(limit, start),
        // The deadline counts from the start of the build, so that each event computes the same one as
        // long as it lies in the future.
        RunStart::Queued | RunStart::Unknown => {
            let since_start = first_second_after(limit, facts.build.start_time.unwrap_or(facts.now))?;
            if since_start > facts.now { Some(since_start) } else { first_second_after(limit, facts.now) }
        }
    }
}

/// The first whole second at which more time than the limit has passed.
fn first_second_after(limit: Duration, start: Timestamp) -> Option<Timestamp> {
    Some(Duration::from_seconds(1.0).after(limit.after(start)))
}

#[cfg(test)]
mod tests {
    use crate::{
        facts::Facts,
        model::Build,
        policy::Policy,
        verdict::{Action, judge_by},
    };

    const NOW: &str = "2026-11-22T10:00:00Z";

    /// Judges a build by one rule, and compares the action, the missing facts and the deadline with `expected`.
    fn check(rule: &str, start: &str, phases: &str, expected: &str) {
        let text = format!("{{version: 1, prices: {{SMALL: 0.05}}, rules: [{{id: r, {rule}}}]}}");
        let policy = Policy::parse("p", &text).unwrap_or_else(|faults| panic!("{faults}"));
        let json = format!(
            r#"{{"startTime": "2026-11-22T{start}Z", "phases": {phases}, "environment": {{"computeType": "SMALL"}}}}"#
        );
        let build: Build = serde_json::from_str(&json).unwrap();
        let facts = Facts::known(&build, phases != "null", None, NOW.parse().unwrap());
        let verdict = judge_by(&policy, &Facts { is_sample: true, ..facts });
        let mut found = match verdict.action {
            Action::Stop => format!("stop at {}", verdict.violations[0].found),
            _ => "run".to_owned(),
        };
        for undecided in &verdict.undecided {
            found.push_str(&format!(", missing {}", undecided.missing));
        }
        if let Some(deadline) = verdict.deadline {
            found.push_str(&format!(" till {}", deadline.strftime("%T")));
        }
        assert_eq!(found, expected, "{rule}: started {start}, {phases}");
    }

    /// Phases with their start times; none has an end.
    fn phases(begun: &[(&str, &str)]) -> String {
        let phases = begun
            .iter()
            .map(|(phase, time)| format!(r#"{{"phaseType": "{phase}", "startTime": "2026-11-22T{time}Z"}}"#));
        format!("[{}]", phases.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn running_time_is_judged_by_the_phases() {
        let running = |since| phases(&[("SUBMITTED", "07:00:00"), ("QUEUED", "07:00:00"), ("PROVISIONING", since)]);
        check("max-duration: 60m", "07:00:00", &running("09:30:00"), "run till 10:30:01");
        check("max-duration: 60m", "07:00:00", &running("09:00:00"), "run till 10:00:01");
        check("max-duration: 60m", "07:00:00", &running("08:59:59"), "stop at 3601s");
        check("max-queue-time: 60m", "07:00:00", &running("07:59:00"), "run");
        check("max-queue-time: 60m", "07:00:00", &running("08:30:00"), "stop at 90m");
        check("max-cost: 1.50", "07:00:00", &running("09:40:00"), "run till 10:10:01");
        check("max-cost: 1.50", "07:00:00", &running("09:00:00"), "stop at 3.00 USD");
    }

    #[test]
    fn a_build_in_the_queue_runs_for_no_time_and_has_a_deadline_all_the_same() {
        let queued = phases(&[("SUBMITTED", "09:30:00"), ("QUEUED", "09:30:00")]);
        check("max-duration: 60m", "09:30:00", &queued, "run till 10:30:01");
        check("max-queue-time: 60m", "09:30:00", &queued, "run till 10:30:01");
        check("max-queue-time: 20m", "09:30:00", &queued, "stop at 30m");
        check("max-cost: 3", "09:30:00", &queued, "run till 10:30:01");
        // Counted from the build's start, the limit is exceeded; counted from now, it is not.
        let queued = phases(&[("SUBMITTED", "08:00:00"), ("QUEUED", "08:00:00")]);
        check("max-duration: 60m", "08:00:00", &queued, "run till 11:00:01");
        check("max-cost: 3", "08:00:00", &queued, "run till 11:00:01");
    }

    #[test]
    fn a_build_without_phases_passes_while_it_is_young() {
        for rule in ["max-duration: 60m", "max-queue-time: 60m", "max-cost: 3"] {
            check(rule, "09:30:00", "null", "run till 10:30:01");
        }
        check("max-duration: 60m", "08:59:59", "null", "run, missing running till 11:00:01");
        check("max-cost: 3", "08:59:59", "null", "run, missing running till 11:00:01");
        check("max-queue-time: 60m", "08:59:59", "null", "run, missing queued");
    }

    /// An exemption may end before the limit does.
    #[test]
    fn a_rule_must_apply_at_its_deadline() {
        let deadline = |keys: &str| {
            let text = format!("{{version: 1, rules: [{{id: r, max-duration: 20h, {keys}}}]}}");
            let build = r#"{"projectName": "shop", "startTime": "2026-11-22T09:00:00Z"}"#;
            let build: Build = serde_json::from_str(build).unwrap();
            let verdict = judge_by(&Policy::parse("p", &text).unwrap(), &Facts::of(&build, NOW.parse().unwrap()));
            verdict.deadline.map(|at| at.to_string())
        };
        let expected = Some("2026-11-23T05:00:01Z".to_owned());
        assert_eq!(deadline("except: [{projects: [shop], until: 2026-11-22}]"), expected);
        assert_eq!(deadline("except: [{projects: [shop], until: 2026-11-23}]"), None);
        for keys in ["mode: off", "only: [{projects: [warehouse-*]}]", "except: [{projects: [sh*]}]"] {
            assert_eq!(deadline(keys), None, "{keys}");
        }
        assert_eq!(deadline("only: [{when: 'now > timestamp(\"2026-11-23T00:00:00Z\")'}]"), expected);
        assert_eq!(deadline("only: [{when: 'now < timestamp(\"2026-11-23T00:00:00Z\")'}]"), None);
    }

    #[test]
    fn a_compute_type_without_a_price_is_undecided() {
        let text = "{version: 1, prices: {LARGE: 0.05}, rules: [{id: r, max-cost: 3}]}";
        let policy = Policy::parse("p", text).unwrap();
        let build = r#"{"startTime": "2026-11-22T09:59:00Z", "environment": {"type": "LINUX_CONTAINER", "computeType": "SMALL"}}"#;
        let build: Build = serde_json::from_str(build).unwrap();
        let verdict = judge_by(&policy, &Facts::of(&build, NOW.parse().unwrap()));
        assert_eq!(
            verdict.undecided[0].missing.to_string(),
            "cost (the policy has no price for LINUX_CONTAINER/SMALL)"
        );
        assert_eq!((verdict.action, verdict.deadline), (Action::Allow, None));
    }
}
