//! Made-up histories for the tests of the page.

use buildbrake_core::{
    explain::Reason,
    facts::{RefFrom, inquiry::Source, starter::Starter},
    history::{Replayed, RuleDecision, RuleResult},
    policy::{Mode, Policy},
    record::Outcome,
    summary::{Minutes, Savings, Summary, Usd},
};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::{HtmlPage, MAX_BUILDS, Row, page};

pub(super) const GENERATED_AT: &str = "2026-11-26T08:00:00Z";
/// A project whose name runs a script where it is taken for HTML.
pub(super) const HOSTILE: &str = r#"</script><img src=x onerror="document.title='run'">&lt;{project}"#;
const HOUR: u64 = 60;
const PRICE: f64 = 0.005;

const POLICY: &str = "
version: 1
rules:
  - id: max-one-hour
    max-duration: 1h
    except:
      - projects: [nightly-*]
        reason: The nightly suite takes three hours.
      - projects: [migration-2025]
        until: 2025-12-31
  - id: no-release-by-hand
    forbidden-branches: [main, release/*]
    except: [{started-by: [pipeline]}]
  - id: trusted-images
    mode: report
    allowed-images: [\"aws/codebuild/*\"]
  - id: no-large-compute
    mode: report
    forbidden-compute: [BUILD_GENERAL1_2XLARGE]
  - id: max-queue
    max-queue-time: 30m
";

/// The rules in the order of the policy: their ids, modes, checks and limits, and what they find.
const RULES: [(&str, Mode, &str, &str, &str); 5] = [
    ("max-one-hour", Mode::Enforce, "max-duration", "1h", "60m"),
    ("no-release-by-hand", Mode::Enforce, "forbidden-branches", "main, release/*", "release/2026.11"),
    ("trusted-images", Mode::Report, "allowed-images", "aws/codebuild/*", "docker.io/library/node:22"),
    ("no-large-compute", Mode::Report, "forbidden-compute", "BUILD_GENERAL1_2XLARGE", "BUILD_GENERAL1_2XLARGE"),
    ("max-queue", Mode::Enforce, "max-queue-time", "30m", "31m"),
];
const PROJECTS: [&str; 14] = [
    "payments-api",
    "payments-web",
    "checkout",
    "catalogue",
    "search-index",
    "mobile-android",
    "mobile-ios",
    "data-warehouse",
    "nightly-regression",
    "terraform-network",
    "docs-site",
    "fraud-model",
    "notifications",
    "deploy-prod",
];
const INITIATORS: [(&str, Starter); 6] = [
    ("GitHub-Hookshot/5f1c2d3", Starter::Webhook),
    ("codepipeline/release-train", Starter::Pipeline),
    ("rule/nightly", Starter::Rule),
    ("alice", Starter::User),
    ("ci-runner/session-1", Starter::Role),
    ("bob", Starter::User),
];

/// A history, and those of its builds that do not pass every rule.
pub(super) struct SampleHistory {
    pub(super) summary: Summary,
    pub(super) builds: Vec<Replayed>,
    pub(super) reasons: Vec<Vec<Reason>>,
    pub(super) left_out: u64,
}

pub(super) fn empty() -> SampleHistory {
    let policy = Policy::parse("policy.yaml", POLICY).unwrap();
    SampleHistory { summary: Summary::of(&policy), builds: Vec::new(), reasons: Vec::new(), left_out: 0 }
}

/// A history of so many builds with ordinary names.
pub(super) fn ordinary(builds: u64) -> SampleHistory {
    let mut history = empty();
    let mut rng = Rng::with_seed(17);
    for _ in 0..builds {
        let build = build(&mut rng);
        history.add(build);
    }
    history
}

impl SampleHistory {
    pub(super) fn add(&mut self, build: Replayed) {
        self.summary.add(&build);
        if build.rules.is_empty() {
            return;
        }
        if self.builds.len() == MAX_BUILDS {
            self.left_out += 1;
            return;
        }
        self.reasons.push(reasons(&build));
        self.builds.push(build);
    }

    /// The same history as often as this. The builds of the other times are left out.
    pub(super) fn times(mut self, times: u64) -> Self {
        let mut once = self.summary.clone();
        once.stopped_successes.examples.clear();
        let listed = self.builds.len() as u64 + self.left_out;
        for _ in 1..times {
            self.summary.merge(once.clone()).unwrap();
            self.left_out += listed;
        }
        self
    }

    pub(super) fn page(&self) -> String {
        let rows = self.builds.iter().zip(&self.reasons);
        let rows: Vec<Row<'_>> = rows.map(|(build, reasons)| Row { build, reasons }).collect();
        let generated_at = GENERATED_AT.parse().unwrap();
        let Self { summary, left_out, .. } = self;
        page(&HtmlPage { summary, policy_name: "policy.yaml", generated_at, builds: &rows, left_out: *left_out })
            .unwrap()
    }
}

pub(super) fn build(rng: &mut Rng) -> Replayed {
    let project = PROJECTS[(rng.f64() * rng.f64() * PROJECTS.len() as f64) as usize];
    let (initiator, started_by) = INITIATORS[(rng.f64() * rng.f64() * INITIATORS.len() as f64) as usize];
    let number = format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        rng.u32(..),
        rng.u16(..),
        rng.u16(..4096),
        rng.u16(..4096),
        rng.u64(..1 << 48)
    );
    let day = rng.i64(0..365);
    let is_weekend = (day + 2) % 7 < 2;
    let day = if is_weekend && rng.u8(..4) > 0 { day - 2 } else { day };
    let start: Timestamp = "2025-11-26T00:00:00Z".parse().unwrap();
    let start = start + SignedDuration::from_secs(day.max(0) * 86_400 + 21_600 + rng.i64(0..50_000));
    let minutes = 2 + rng.u64(..20) + if rng.u8(..30) == 0 { rng.u64(..150) } else { 0 };
    let branch =
        ["main", "feature/checkout", "release/2026.11", "fix/timeout", "dependabot/npm/left-pad"][rng.usize(..5)];
    let mut rules = Vec::new();
    for (index, (rule, mode, _, _, found)) in RULES.iter().enumerate() {
        let broken_at = match index {
            0 if minutes > HOUR => HOUR,
            1 if branch.starts_with("release") && started_by == Starter::User => 0,
            2 if project == "fraud-model" || rng.u8(..40) == 0 => 0,
            3 if rng.u8(..60) == 0 => 0,
            2 | 3 if rng.u8(..200) == 0 => {
                let missing = "the image is not in the event".to_owned();
                let decided = RuleDecision::Undecided { missing, source: Some(Source::Build), counts: true };
                rules.push(RuleResult { rule: (*rule).to_owned(), decided });
                continue;
            }
            _ => continue,
        };
        let decided = if index == 0 && project.starts_with("nightly") {
            let reason = Some("The nightly suite takes three hours.".to_owned());
            RuleDecision::Exempted { index: 0, reason, until: None }
        } else {
            let at = start + SignedDuration::from_mins(broken_at as i64);
            let saved = saved(minutes - broken_at);
            RuleDecision::Broken { mode: *mode, found: (*found).to_owned(), at: Some(at), saved, unknown: None }
        };
        rules.push(RuleResult { rule: (*rule).to_owned(), decided });
    }
    let region = ["eu-west-1", "us-east-1"][usize::from(rng.u8(..4) == 0)];
    let succeeded = rng.u8(..5) > 0;
    Replayed {
        build_id: format!("{project}:{number}"),
        build_arn: Some(format!("arn:aws:codebuild:{region}:111122223333:build/{project}:{number}")),
        initiator: Some(initiator.to_owned()),
        started_by: Some(started_by),
        branch: Some(branch.to_owned()),
        git_ref: Some(format!("refs/heads/{branch}")),
        ref_from: Some(RefFrom::SourceVersion),
        start: Some(start),
        end: Some(start + SignedDuration::from_mins(minutes as i64)),
        status: Some(if succeeded { "SUCCEEDED" } else { "FAILED" }.to_owned()),
        reasons: Vec::new(),
        record: None,
        is_priced: true,
        ..judged(project, rules)
    }
}

/// A build with the outcome and the savings that follow from these decisions.
fn judged(project: &str, rules: Vec<RuleResult>) -> Replayed {
    let largest = |wanted: &dyn Fn(Mode) -> bool| {
        let saved = rules.iter().filter_map(|rule| match &rule.decided {
            RuleDecision::Broken { mode, saved, .. } if wanted(*mode) => Some(*saved),
            _ => None,
        });
        saved.max()
    };
    let enforced = largest(&|mode| mode == Mode::Enforce);
    let any = largest(&|_| true);
    let outcome = match (enforced, any) {
        (Some(_), _) if project == "deploy-prod" => Outcome::Protected,
        (Some(_), _) => Outcome::Stopped,
        (None, Some(_)) => Outcome::Reported,
        (None, None) => Outcome::Allowed,
    };
    Replayed {
        build_id: String::new(),
        build_arn: None,
        initiator: None,
        started_by: None,
        branch: None,
        git_ref: None,
        ref_from: None,
        start: None,
        end: None,
        status: None,
        outcome,
        saved: if outcome == Outcome::Stopped { enforced.unwrap_or_default() } else { Savings::default() },
        saved_if_enforced: any.unwrap_or_default(),
        is_priced: false,
        rules,
        reasons: Vec::new(),
        record: None,
    }
}

pub(super) fn saved(minutes: u64) -> Savings {
    let minutes = Minutes::of_milliseconds(minutes * 60_000);
    Savings { minutes, usd: Usd::of(PRICE, minutes) }
}

fn reasons(build: &Replayed) -> Vec<Reason> {
    let reasons = RULES.iter().map(|(rule, _, check, limit, found)| {
        let result = build.rules.iter().find(|result| result.rule == *rule);
        let why = match result.map(|result| &result.decided) {
            Some(RuleDecision::Broken { .. }) => format!("broken: {check} {limit}; found: {found}"),
            Some(RuleDecision::Undecided { missing, .. }) => format!("could not be evaluated: {missing}"),
            Some(RuleDecision::Exempted { .. }) => "exempt by projects nightly-*".to_owned(),
            None => format!("passes {check} {limit}"),
        };
        Reason { rule: (*rule).to_owned(), why, missing: None }
    });
    reasons.collect()
}

/// A history whose every text is HTML that runs a script.
pub(super) fn hostile() -> SampleHistory {
    let mut history = empty();
    let mut rng = Rng::with_seed(18);
    for number in 0..120 {
        let mut build = build(&mut rng);
        build.build_id = format!("{HOSTILE}:{number}");
        build.build_arn =
            Some(format!("arn:aws:codebuild:{HOSTILE}{number}:{HOSTILE}{number}:build/{}", build.build_id));
        for text in [&mut build.initiator, &mut build.branch, &mut build.git_ref, &mut build.status] {
            *text = Some(format!("{HOSTILE}{number}"));
        }
        build.rules = vec![RuleResult {
            rule: HOSTILE.to_owned(),
            decided: RuleDecision::Broken {
                mode: Mode::Report,
                found: HOSTILE.to_owned(),
                at: build.start,
                saved: saved(1),
                unknown: None,
            },
        }];
        build.outcome = Outcome::Reported;
        history.add(build);
        let reason = Reason { rule: HOSTILE.to_owned(), why: HOSTILE.to_owned(), missing: None };
        history.reasons.last_mut().unwrap().push(reason);
    }
    history
}

/// A history whose names are as long as CodeBuild and git allow, and all different.
pub(super) fn long() -> SampleHistory {
    let mut history = empty();
    let mut rng = Rng::with_seed(19);
    while history.builds.len() < MAX_BUILDS {
        let mut build = build(&mut rng);
        if build.rules.is_empty() {
            continue;
        }
        let number = build.build_id.rsplit_once(':').unwrap().1.to_owned();
        build.build_id = format!("{:x<150}:{number}", history.builds.len());
        build.branch = Some(format!("feature/{:b<100}", history.builds.len()));
        build.initiator = Some(format!("role/{:i<64}", history.builds.len()));
        history.add(build);
    }
    history
}
