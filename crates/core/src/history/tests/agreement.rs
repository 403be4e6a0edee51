//! The replay, the function, the sweep, policy tests and explanations give the same answers.

use buildbrake_testkit::history::History;
use serde_json::{Value, json};

use super::*;
use crate::{
    event::{BuildEvent, TriggerKind},
    explain::{self, Explanation, explain},
    facts::{Facts, inquiry::Case},
    verdict::{Verdict, judge_by},
};

const POLICY: &str = "
version: 1
never-stop: [project-00*]
prices: { BUILD_GENERAL1_SMALL: 0.005, BUILD_GENERAL1_MEDIUM: 0.01 }
rules:
  - { id: timeout, max-timeout: 60m }
  - { id: duration, max-duration: 20m }
  - { id: branches, forbidden-branches: [main, release/*], except: [{ started-by: [pipeline] }] }
  - { id: refs, allowed-refs: [refs/heads/*, refs/tags/v1.*], only: [{ initiators: ['GitHub-Hookshot/*', alice] }] }
  - { id: compute, forbidden-compute: [BUILD_GENERAL1_2XLARGE, ARM_CONTAINER/*], on-unknown: stop }
  - { id: images, allowed-images: [aws/codebuild/*, 'node:22'], mode: report }
  - { id: sources, allowed-sources: ['https://github.com/example/*'] }
  - { id: initiators, forbidden-initiators: [bob, Developer/*] }
  - { id: privileged, deny-when: 'build.environment.privilegedMode && build.timeoutInMinutes > 30' }
  - { id: queue, deny-when: 'running > duration(\"5m\") && build.projectName.startsWith(\"project-1\")' }
  - { id: overrides, forbidden-overrides: [image, compute] }
";

/// The ids of the broken, undecided and exempt rules.
type Answers<'a> = [Vec<&'a str>; 3];

fn answers(verdict: &Verdict) -> Answers<'_> {
    [
        verdict.violations.iter().map(|broken| broken.rule.as_str()).collect(),
        verdict.undecided.iter().map(|undecided| undecided.rule.as_str()).collect(),
        verdict.exempted.iter().map(|exempted| exempted.rule.as_str()).collect(),
    ]
}

fn replayed_answers(replayed: &Replayed) -> Answers<'_> {
    let rules = |is_wanted: fn(&RuleDecision) -> bool| {
        let rules = replayed.rules.iter().filter(|rule| is_wanted(&rule.decided));
        rules.map(|rule| rule.rule.as_str()).collect()
    };
    [
        rules(|decided| matches!(decided, RuleDecision::Broken { .. })),
        rules(|decided| {
            matches!(decided, RuleDecision::Undecided { .. } | RuleDecision::Broken { unknown: Some(_), .. })
        }),
        rules(|decided| matches!(decided, RuleDecision::Exempted { .. })),
    ]
}

fn explained_answers(rules: &[Explanation]) -> Answers<'_> {
    [explain::Decided::Broken, explain::Decided::Undecided, explain::Decided::Exempt].map(|decided| {
        let rules = rules.iter().filter(|rule| rule.decision == decided);
        rules.map(|rule| rule.rule.as_str()).collect()
    })
}

/// The Build as the API returned it when it had just been submitted.
fn at_its_start(build: &Value) -> Value {
    let mut build = build.clone();
    let members = build.as_object_mut().unwrap();
    members.remove("endTime");
    members.remove("resolvedSourceVersion");
    members.insert("buildStatus".into(), json!("IN_PROGRESS"));
    members.insert("buildComplete".into(), json!(false));
    members.insert("phases".into(), json!([{"phaseType": "SUBMITTED", "startTime": build_start(members)}]));
    build
}

fn build_start(build: &serde_json::Map<String, Value>) -> Value {
    build["startTime"].clone()
}

/// `BUILDBRAKE_BUILDS` sets the number of builds.
#[test]
fn replay_function_sweep_tests_and_explanations_agree() {
    let count = std::env::var("BUILDBRAKE_BUILDS").map_or(2000, |count| count.parse().unwrap());
    let policy = Policy::parse("policy.yaml", POLICY).unwrap_or_else(|faults| panic!("{faults}"));
    let replay = Replay::new(&policy, Moments::StartOnly, Details::default());
    for json in History::of_seed(4).take(count) {
        let build: Build = serde_json::from_value(at_its_start(&json)).unwrap();
        let (start, id) = (build.start_time.unwrap(), build.id.clone().unwrap().parse::<BuildId>().unwrap());

        // The function and the sweep: the inquiry about a running build, whose other sources cannot be asked.
        let event = BuildEvent::new(TriggerKind::Sweep, id.clone(), None, Box::new(build.clone()));
        let mut case = Case::of_build(&policy, event, start);
        while let Some(question) = case.next_question() {
            case.add(unavailable(&question).unwrap(), start);
        }
        // Policy tests and explanations: everything that is known.
        let facts = Facts::known(&build, true, None, start);
        let judged = judge_by(&policy, &facts);
        assert_eq!(answers(case.verdict()), answers(&judged), "{json}");
        assert_eq!(explained_answers(&explain(&policy, facts)), answers(&judged), "{json}");

        // The replay, by the Build as it is after its end.
        let build: Box<Build> = serde_json::from_value(json.clone()).unwrap();
        let observation = Observation { id, from: ObservedIn::Api, time: None, build, recorded_ref: None };
        let replayed = replay.judge(observation.into(), None, start, unavailable).unwrap();
        assert_eq!(replayed_answers(&replayed), answers(case.verdict()), "{json}");
    }
}
