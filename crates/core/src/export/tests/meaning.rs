//! For any policy and call: if the document denies the call, the policy stops its build. And if
//! the policy stops its build whatever the project has and whoever starts it, the document
//! denies the call.

use std::collections::HashMap;

use jiff::Timestamp;
use proptest::{
    prelude::*,
    sample::{select, subsequence},
};
use serde_json::{Value, json};

use super::{
    super::{Breadth, iam},
    evaluator::{Request, denies},
    policy,
};
use crate::{
    facts::source_location::SourceLocation,
    model::Build,
    policy::Policy,
    verdict::{Action, judge},
};

const TYPES: &[&str] = &["LINUX_CONTAINER", "LINUX_GPU_CONTAINER", "ARM_CONTAINER", "WINDOWS_EC2"];
const COMPUTES: &[&str] = &["BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_LARGE", "BUILD_LAMBDA_1GB", "CUSTOM_INSTANCE_TYPE"];
const IMAGES: &[&str] = &["aws/codebuild/standard:7.0", "tools:latest", "tools", "tools:1", "other"];
const LOCATIONS: &[&str] = &[
    "https://github.com/acme/app",
    "https://github.com/Evil/app",
    "https://GitHub.com/acme/app",
    "https://github.com/acme/app.git",
    "https://token@github.com/Evil/app",
    "acme-bucket/app.zip",
    "bucket/GitHub/token.zip",
    "other",
];
const VARIABLES: &[&str] = &["PASSWORD", "STAGE"];
const PROJECTS: &[&str] = &["shop-1", "shop-prod", "deploy-1"];
const REGIONS: &[&str] = &["eu-west-1", "us-east-1"];
const INITIATORS: &[&str] = &["Release/alice", "Developer/alice"];
const BRANCHES: &[&str] = &["main", "feature/basket"];
const TIMES: &[&str] =
    &["2027-01-31T23:59:59Z", "2027-02-01T00:00:00Z", "2027-02-28T12:00:00Z", "2027-03-01T00:00:00Z"];

/// A call of StartBuild with its overrides.
#[derive(Clone, Debug)]
struct Call {
    project: &'static str,
    region: &'static str,
    now: Timestamp,
    kind: Option<&'static str>,
    compute: Option<&'static str>,
    image: Option<&'static str>,
    location: Option<&'static str>,
    /// Names, and whether the variables are PLAINTEXT.
    variables: Vec<(&'static str, bool)>,
}

impl Call {
    fn request(&self) -> Request {
        let mut context = HashMap::from([
            ("aws:RequestedRegion", vec![self.region.to_owned()]),
            ("aws:ResourceAccount", vec!["111122223333".to_owned()]),
            ("aws:CurrentTime", vec![self.now.to_string()]),
        ]);
        for (key, value) in [
            ("codebuild:environment.type", self.kind),
            ("codebuild:environment.computeType", self.compute),
            ("codebuild:environment.image", self.image),
            ("codebuild:source.location", self.location),
        ] {
            context.extend(value.map(|value| (key, vec![value.to_owned()])));
        }
        if !self.variables.is_empty() {
            let names = self.variables.iter().map(|(name, _)| name.to_string()).collect();
            context.insert("codebuild:environment.environmentVariables.name", names);
        }
        let resource = format!("arn:aws:codebuild:{}:111122223333:project/{}", self.region, self.project);
        Request { action: "codebuild:StartBuild", resource, context }
    }

    /// The build that it starts, with these settings of the project and this initiator.
    fn build(&self, [kind, compute, image, location, initiator, branch]: [&str; 6]) -> Build {
        let variable = |&(name, plaintext): &(&str, bool)| json!({"name": name, "type": if plaintext { "PLAINTEXT" } else { "PARAMETER_STORE" }});
        let variables: Vec<Value> = self.variables.iter().map(variable).collect();
        let build = json!({
            "arn": format!("arn:aws:codebuild:{}:111122223333:build/{}:1", self.region, self.project),
            "projectName": self.project,
            "initiator": initiator,
            "sourceVersion": branch,
            "source": {"type": source_type(self.location.unwrap_or(location)), "location": self.location.unwrap_or(location)},
            "secondarySources": [],
            "environment": {
                "type": self.kind.unwrap_or(kind),
                "computeType": self.compute.unwrap_or(compute),
                "image": self.image.unwrap_or(image),
                "environmentVariables": variables,
            },
        });
        serde_json::from_value(build).unwrap()
    }

    fn is_stopped(&self, policy: &Policy, project: [&str; 6]) -> bool {
        judge(policy, &self.build(project), self.now).action == Action::Stop
    }

    /// Returns whether the build is stopped, independently of its project and of who starts it.
    fn is_surely_stopped(&self, policy: &Policy) -> bool {
        let kinds = self.kind.map_or(TYPES.to_vec(), |kind| vec![kind]);
        let computes = self.compute.map_or(COMPUTES.to_vec(), |compute| vec![compute]);
        let images = self.image.map_or(IMAGES.to_vec(), |image| vec![image]);
        let locations = self.location.map_or(LOCATIONS.to_vec(), |location| vec![location]);
        kinds.iter().all(|kind| {
            computes.iter().all(|compute| {
                images.iter().all(|image| {
                    locations.iter().all(|location| {
                        INITIATORS.iter().all(|initiator| {
                            BRANCHES.iter().all(|branch| {
                                self.is_stopped(policy, [kind, compute, image, location, initiator, branch])
                            })
                        })
                    })
                })
            })
        })
    }
}

fn source_type(location: &str) -> &'static str {
    if location.contains("://") { "GITHUB" } else { "S3" }
}

/// Returns whether the spelling of a location differs from its normal form.
fn is_unusual(location: &str) -> bool {
    SourceLocation::read(Some(source_type(location)), Some(location))
        .is_none_or(|normal| normal.to_string() != location)
}

fn call() -> impl Strategy<Value = Call> {
    let maybe = |values: &'static [&'static str]| prop::option::of(select(values));
    (
        (select(PROJECTS), select(REGIONS), select(TIMES)),
        (maybe(TYPES), maybe(COMPUTES), maybe(IMAGES), maybe(LOCATIONS)),
        prop::collection::vec((select(VARIABLES), any::<bool>()), 0..3),
    )
        .prop_map(|((project, region, now), (kind, compute, image, location), variables)| Call {
            project,
            region,
            now: now.parse().unwrap(),
            kind,
            compute,
            image,
            location,
            variables,
        })
}

fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    subsequence(values, 1..=3.min(values.len())).prop_map(|values| format!("[{}]", values.join(", ")))
}

/// Patterns of compute types. The last two match a pair although they contain no `/`.
const COMPUTE_PATTERNS: &[&str] = &[
    "BUILD_GENERAL1_SMALL",
    "BUILD_LAMBDA_*",
    "'*LARGE'",
    "ARM_CONTAINER/BUILD_GENERAL1_LARGE",
    "ARM_CONTAINER/*",
    "LINUX_*/BUILD_GENERAL1_*",
    "'?RM_CONTAINER/*SMALL'",
    "'*/BUILD_GENERAL1_LARGE'",
    "LINUX_GPU_CONTAINER?BUILD_GENERAL1_LARGE",
    "LINUX*LARGE",
];

fn check() -> impl Strategy<Value = String> {
    prop_oneof![
        (select(&["forbidden", "allowed"][..]), some_of(COMPUTE_PATTERNS))
            .prop_map(|(kind, list)| format!("{kind}-compute: {list}")),
        (select(&["forbidden", "allowed"][..]), some_of(&["aws/codebuild/*", "'*:latest'", "tools"]))
            .prop_map(|(kind, list)| format!("{kind}-images: {list}")),
        (
            select(&["forbidden", "allowed"][..]),
            some_of(&[
                "https://github.com/Evil/*",
                "https://github.com/acme/app",
                "'*/app'",
                "'*/acme/*'",
                "'*GitHub*'",
                "acme-bucket/*",
                "'*token*'"
            ])
        )
            .prop_map(|(kind, list)| format!("{kind}-sources: {list}")),
        Just("forbidden-variables: ['PASS*']".to_owned()),
        Just("forbidden-branches: [main]".to_owned()),
        Just("max-timeout: 60m".to_owned()),
    ]
}

fn selector() -> impl Strategy<Value = String> {
    prop_oneof![
        some_of(&["shop-*", "'*-prod'", "deploy-1", "'shop-?'"]).prop_map(|list| format!("projects: {list}")),
        Just("regions: [eu-*]".to_owned()),
        Just("accounts: ['111122223333']".to_owned()),
        Just("accounts: ['2*']".to_owned()),
        Just("regions: [us-*], projects: [shop-1]".to_owned()),
        Just("initiators: [Release/*]".to_owned()),
        Just("initiators: [Release/*], projects: [deploy-*]".to_owned()),
        Just("branches: [main]".to_owned()),
        Just("sources: ['*/acme/*'], regions: [eu-*]".to_owned()),
    ]
}

fn policy_text() -> impl Strategy<Value = String> {
    let maybe_list = |key: &'static str, elements: BoxedStrategy<String>| {
        prop::collection::vec(elements, 0..3).prop_map(move |elements| match elements.is_empty() {
            true => String::new(),
            false => {
                format!(", {key}: [{}]", elements.iter().map(|one| format!("{{{one}}}")).collect::<Vec<_>>().join(", "))
            }
        })
    };
    let until = select(&["", ", until: 2027-01-31", ", until: 2027-02-28"][..]);
    let exemption = (selector(), until).prop_map(|(selector, until)| format!("{selector}{until}"));
    let mode = select(&["", "", ", mode: report", ", mode: report, enforce-after: 2027-01-31"][..]);
    let never_stop = select(&["", ", never-stop: [deploy-*]", ", never-stop: ['*-prod']"][..]);
    (check(), maybe_list("only", selector().boxed()), maybe_list("except", exemption.boxed()), mode, never_stop)
        .prop_map(|(check, only, except, mode, never_stop)| {
            format!("{{version: 1{never_stop}, rules: [{{id: a, {check}{only}{except}{mode}}}]}}")
        })
}

/// Returns whether a rule refuses a call that overrides the location.
fn refuses(rule: &str, location: &str) -> bool {
    let policy = policy(&format!("{{version: 1, rules: [{{id: a, {rule}}}]}}"));
    let request = Request {
        action: "codebuild:StartBuild",
        resource: "arn:aws:codebuild:eu-west-1:111122223333:project/shop".to_owned(),
        context: HashMap::from([("codebuild:source.location", vec![location.to_owned()])]),
    };
    denies(&iam(&policy, Breadth::Exact).document, &request)
}

#[test]
fn two_dots_within_a_name_do_not_hide_a_location() {
    for location in ["https://github.com/evil/app..x", "https://github.com/evil..x/app", "https://github.com/acme/.."] {
        assert!(refuses("forbidden-sources: ['https://github.com/evil*']", location), "{location}");
    }
}

#[test]
fn a_repository_has_the_same_rule_with_and_without_git_at_its_end() {
    for end in ["", ".git"] {
        let pattern = format!("https://github.com/evil/app{end}");
        for end in ["", ".git"] {
            let location = format!("https://github.com/evil/app{end}");
            assert!(refuses(&format!("forbidden-sources: ['{pattern}']"), &location), "{pattern}, {location}");
            assert!(!refuses(&format!("allowed-sources: ['{pattern}']"), &location), "{pattern}, {location}");
        }
        assert!(!refuses(&format!("forbidden-sources: ['{pattern}']"), "https://github.com/evil/app2"));
        assert!(refuses(&format!("allowed-sources: ['{pattern}']"), "https://github.com/evil/app2"));
    }
    // In S3, another end is another object.
    assert!(!refuses("forbidden-sources: [bucket/app]", "bucket/app.git"));
    assert!(!refuses("forbidden-sources: ['*/app']", "bucket/app.git"));
    assert!(refuses("allowed-sources: [bucket/app]", "bucket/app.git"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_denied_would_be_stopped(
        text in policy_text(),
        call in call(),
        project in (select(TYPES), select(COMPUTES), select(IMAGES), select(LOCATIONS), select(INITIATORS), select(BRANCHES)),
    ) {
        let policy = policy(&text);
        let (kind, compute, image, location, initiator, branch) = project;
        // The export refuses unusual spellings of a location beyond the rule, with a remark.
        let is_unusual = call.location.is_some_and(is_unusual);
        if denies(&iam(&policy, Breadth::Exact).document, &call.request()) && !(text.contains("allowed-sources") && is_unusual) {
            prop_assert!(call.is_stopped(&policy, [kind, compute, image, location, initiator, branch]));
        }
    }

    #[test]
    fn what_is_surely_stopped_is_denied(text in policy_text(), call in call()) {
        let policy = policy(&text);
        let export = iam(&policy, Breadth::Broad);
        // What the export leaves out, with a remark or because the pattern is too odd.
        let is_left_out = export.remarks.iter().any(|remark| remark.contains("not exported for"))
            || ["LINUX*LARGE", "CONTAINER?BUILD"].iter().any(|pair| text.contains(pair))
            || text.contains("forbidden-sources")
            || text.contains("{sources")
            || (text.contains("allowed-images") && text.contains("latest"))
            || call.location.is_some_and(is_unusual);
        if !is_left_out && call.is_surely_stopped(&policy) {
            prop_assert!(denies(&export.document, &call.request()), "{:#}", export.document);
        }
    }

    #[test]
    fn what_overrides_nothing_is_not_denied(text in policy_text(), call in call()) {
        let call = Call { kind: None, compute: None, image: None, location: None, variables: Vec::new(), ..call };
        prop_assert!(!denies(&iam(&policy(&text), Breadth::Broad).document, &call.request()));
    }
}
