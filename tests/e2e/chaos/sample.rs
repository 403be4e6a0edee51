//! Builds that comply with a policy or break it. Their events describe them more or less completely.

use buildbrake_testkit::{
    codebuild::{CodeBuild, running, succeeded},
    events::{additional_information, event},
};
use fastrand::Rng;
use serde_json::{Value, json};

/// The policy that judges the builds.
pub const POLICY: &str = "\
version: 1
rules:
  - id: protected-branches
    forbidden-branches: [main, release/*]
  - id: short-builds
    max-timeout: 60m
  - id: frozen-projects
    deny-when: project.tags.exists(tag, tag.key == 'frozen')
    only: [{projects: [vault-*]}]
";

/// The reason why a build is stopped or runs on, and the calls needed to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It complies, as its event shows.
    Complies,
    /// It complies, as only its Build shows.
    CompliesByBuild,
    /// It complies, as only its project shows.
    CompliesByProject,
    BreaksByBranch,
    BreaksByTimeout,
    BreaksByBuild,
    BreaksByProject,
    /// It breaks a rule, and has ended since its event.
    BrokeAndEnded,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Complies,
        Self::CompliesByBuild,
        Self::CompliesByProject,
        Self::BreaksByBranch,
        Self::BreaksByTimeout,
        Self::BreaksByBuild,
        Self::BreaksByProject,
        Self::BrokeAndEnded,
    ];

    pub fn complies(self) -> bool {
        matches!(self, Self::Complies | Self::CompliesByBuild | Self::CompliesByProject)
    }

    /// Returns `true` if the build must be stopped.
    pub fn breaks(self) -> bool {
        !self.complies() && self != Self::BrokeAndEnded
    }
}

/// A build of the account.
#[derive(Clone, Debug)]
pub struct Sample {
    pub kind: Kind,
    pub id: String,
    branch: &'static str,
    timeout: u32,
}

impl Sample {
    pub fn new(kind: Kind, random: &mut Rng) -> Self {
        let project = match kind {
            Kind::CompliesByProject => format!("vault-open-{}", random.u16(..)),
            Kind::BreaksByProject => format!("vault-frozen-{}", random.u16(..)),
            _ => format!("shop-{}", random.u8(..)),
        };
        let id = format!("{project}:{:08x}-0000-4000-8000-{:012x}", random.u32(..), random.u64(..1 << 48));
        let branch = match kind {
            Kind::BreaksByBranch | Kind::BreaksByBuild | Kind::BrokeAndEnded => "refs/heads/main",
            _ => "feature/basket",
        };
        let timeout = if kind == Kind::BreaksByTimeout { 480 } else { 45 };
        Self { kind, id, branch, timeout }
    }

    /// The event of its start.
    pub fn started(&self) -> Value {
        let mut event = event("compliant");
        event["detail"]["build-id"] = json!(self.arn());
        event["resources"] = json!([self.arn()]);
        event["detail"]["project-name"] = json!(self.project());
        additional_information(&mut event)["source-version"] = json!(self.branch);
        additional_information(&mut event)["timeout-in-minutes"] = json!(self.timeout);
        if matches!(self.kind, Kind::CompliesByBuild | Kind::BreaksByBuild) {
            event["detail"].as_object_mut().unwrap().remove("additional-information");
        }
        event
    }

    /// The event of one of its phases.
    pub fn changed_phase(&self) -> Value {
        let mut event = self.started();
        event["detail-type"] = json!("CodeBuild Build Phase Change");
        let detail = event["detail"].as_object_mut().unwrap();
        for name in ["build-status", "current-phase", "current-phase-context"] {
            detail.remove(name);
        }
        detail.insert("completed-phase".into(), json!("SUBMITTED"));
        detail.insert("completed-phase-status".into(), json!("SUCCEEDED"));
        event
    }

    /// The event of its end.
    pub fn ended(&self) -> Value {
        let mut event = self.started();
        event["detail"]["build-status"] = json!(if self.kind.breaks() { "STOPPED" } else { "SUCCEEDED" });
        event["detail"]["current-phase"] = json!("COMPLETED");
        if let Some(information) = additional_information(&mut event).as_object_mut() {
            information.insert("build-complete".into(), json!(true));
        }
        event
    }

    /// Adds the build and its project to a CodeBuild.
    pub fn add_to(&self, codebuild: &CodeBuild) {
        codebuild.put(self.build());
        let project = self.project();
        if project.starts_with("vault-frozen") {
            let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:project/{project}");
            let tags = json!([{"key": "frozen", "value": "yes"}]);
            codebuild.put_project(json!({"name": project, "arn": arn, "tags": tags}));
        }
    }

    fn arn(&self) -> String {
        format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", self.id)
    }

    fn project(&self) -> &str {
        self.id.split(':').next().unwrap()
    }

    /// The build as the API has it.
    fn build(&self) -> Value {
        let mut build = if self.kind == Kind::BrokeAndEnded { succeeded(&self.id) } else { running(&self.id) };
        build["arn"] = json!(self.arn());
        build["sourceVersion"] = json!(self.branch);
        build["timeoutInMinutes"] = json!(self.timeout);
        build
    }
}

/// A CodeBuild with these builds.
pub fn account<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> CodeBuild {
    let codebuild = CodeBuild::default();
    samples.into_iter().for_each(|sample| sample.add_to(&codebuild));
    codebuild
}
