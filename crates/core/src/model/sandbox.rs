//! A sandbox, as the CodeBuild API defines it: what `BatchGetSandboxes` returns.
//!
//! Every member is optional, as in [`Build`](crate::model::Build).

use jiff::Timestamp;

use super::{
    Progress,
    build::{
        Build, BuildPhase, LogsLocation, NetworkInterface, PhaseContext, ProjectEnvironment, ProjectFileSystemLocation,
        ProjectSource, ProjectSourceVersion, VpcConfig,
    },
    project::LogsConfig,
    shape::shapes,
};

shapes! {
    /// One sandbox. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Sandbox.html>
    pub Sandbox {
        id: String,
        arn: String,
        project_name: String,
        request_time: Timestamp,
        start_time: Timestamp,
        end_time: Timestamp,
        status: String,
        source: ProjectSource,
        source_version: String,
        secondary_sources: Vec<ProjectSource>,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        environment: ProjectEnvironment,
        file_system_locations: Vec<ProjectFileSystemLocation>,
        timeout_in_minutes: i32,
        queued_timeout_in_minutes: i32,
        vpc_config: VpcConfig,
        log_config: LogsConfig,
        encryption_key: String,
        service_role: String,
        current_session: SandboxSession,
    }

    /// The current session of a sandbox.
    pub SandboxSession {
        id: String,
        status: String,
        start_time: Timestamp,
        end_time: Timestamp,
        current_phase: String,
        phases: Vec<SandboxSessionPhase>,
        resolved_source_version: String,
        logs: LogsLocation,
        network_interface: NetworkInterface,
    }

    /// One phase of a session.
    pub SandboxSessionPhase {
        phase_type: String,
        phase_status: String,
        start_time: Timestamp,
        end_time: Timestamp,
        duration_in_seconds: i64,
        contexts: Vec<PhaseContext>,
    }
}

impl Sandbox {
    /// The members of the Build that [`Self::as_build`] makes of a sandbox. A sandbox has no others.
    pub(crate) const MEMBERS_OF_BUILD: [&str; 23] = [
        "id",
        "arn",
        "startTime",
        "endTime",
        "currentPhase",
        "buildStatus",
        "sourceVersion",
        "resolvedSourceVersion",
        "projectName",
        "phases",
        "source",
        "secondarySources",
        "secondarySourceVersions",
        "environment",
        "serviceRole",
        "logs",
        "timeoutInMinutes",
        "queuedTimeoutInMinutes",
        "buildComplete",
        "vpcConfig",
        "networkInterface",
        "encryptionKey",
        "fileSystemLocations",
    ];

    /// Returns whether the sandbox is still running. One that is being stopped needs no further stop.
    ///
    /// The API lists no values of `status`. The samples of the user guide have QUEUED, STOPPING and
    /// STOPPED, and the phases have the final values of builds.
    /// <https://docs.aws.amazon.com/codebuild/latest/userguide/sandbox.html>
    pub fn progress(&self) -> Progress {
        let session = self.current_session.as_ref();
        let is_completed = session.is_some_and(|session| session.current_phase.as_deref() == Some("COMPLETED"));
        match self.status.as_deref() {
            Some("SUCCEEDED" | "FAILED" | "FAULT" | "TIMED_OUT" | "STOPPED" | "STOPPING") => Progress::Ended,
            _ if self.end_time.is_some() || is_completed => Progress::Ended,
            Some(_) => Progress::Running,
            None => Progress::Unknown,
        }
    }

    /// Returns whether the sandbox was stopped, or is being stopped: `StopSandbox` answers STOPPING.
    pub fn is_stopped(&self) -> bool {
        matches!(self.status.as_deref(), Some("STOPPED" | "STOPPING"))
    }

    /// The sandbox in the form of a build, by which it is judged. Its start is the time of the request, as a
    /// build's is. Its phases are those of its current session; without any phase, it counts as running since
    /// its `startTime`.
    pub fn as_build(&self) -> Build {
        let session = self.current_session.clone().unwrap_or_default();
        let phases = session.phases.filter(|phases| !phases.is_empty());
        let phases = phases.map(|phases| phases.into_iter().map(BuildPhase::from).collect());
        let since_start = |start| {
            let phase_type = Some("RUN_SANDBOX".to_owned());
            vec![BuildPhase { phase_type, start_time: Some(start), ..BuildPhase::default() }]
        };
        Build {
            id: self.id.clone(),
            arn: self.arn.clone(),
            start_time: self.request_time.or(self.start_time).or(session.start_time),
            end_time: self.end_time.or(session.end_time),
            current_phase: session.current_phase,
            build_status: self.status.clone(),
            build_complete: match self.progress() {
                Progress::Running => Some(false),
                Progress::Ended => Some(true),
                Progress::Unknown => None,
            },
            source_version: self.source_version.clone(),
            resolved_source_version: session.resolved_source_version,
            project_name: self.project_name.clone(),
            phases: phases.or_else(|| self.start_time.map(since_start)),
            source: self.source.clone(),
            secondary_sources: self.secondary_sources.clone(),
            secondary_source_versions: self.secondary_source_versions.clone(),
            environment: self.environment.clone(),
            service_role: self.service_role.clone(),
            logs: session.logs,
            timeout_in_minutes: self.timeout_in_minutes,
            queued_timeout_in_minutes: self.queued_timeout_in_minutes,
            vpc_config: self.vpc_config.clone(),
            network_interface: session.network_interface,
            encryption_key: self.encryption_key.clone(),
            file_system_locations: self.file_system_locations.clone(),
            ..Build::default()
        }
    }
}

impl From<SandboxSessionPhase> for BuildPhase {
    fn from(phase: SandboxSessionPhase) -> Self {
        let SandboxSessionPhase { phase_type, phase_status, start_time, end_time, duration_in_seconds, contexts } =
            phase;
        Self { phase_type, phase_status, start_time, end_time, duration_in_seconds, contexts }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::duration::Duration;

    fn sandbox(json: Value) -> Sandbox {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn it_runs_until_its_status_or_its_end_shows_otherwise() {
        let ended = "2026-11-22T09:00:00Z";
        for (json, expected) in [
            (json!({"status": "QUEUED"}), Progress::Running),
            (json!({"status": "SOMETHING_NEW"}), Progress::Running),
            (json!({"status": "STOPPING"}), Progress::Ended),
            (json!({"status": "STOPPED"}), Progress::Ended),
            (json!({"status": "TIMED_OUT"}), Progress::Ended),
            (json!({"status": "SOMETHING_NEW", "endTime": ended}), Progress::Ended),
            (json!({"status": "NEW", "currentSession": {"currentPhase": "COMPLETED"}}), Progress::Ended),
            (json!({"endTime": ended}), Progress::Ended),
            (json!({}), Progress::Unknown),
        ] {
            let sandbox = sandbox(json);
            assert_eq!(sandbox.progress(), expected, "{sandbox:?}");
            assert_eq!(sandbox.as_build().progress(), expected, "{sandbox:?}");
        }
    }

    #[test]
    fn its_time_is_that_of_its_current_session() {
        let check = |json: Value, running: Option<&str>, queued: Option<&str>| {
            let build = sandbox(json).as_build();
            let now = "2026-11-22T10:00:00Z".parse().unwrap();
            let text = |time: Option<Duration>| time.map(|time| time.to_string());
            assert_eq!((text(build.running(now)).as_deref(), text(build.queued(now)).as_deref()), (running, queued));
        };
        let phase = |kind: &str, start: &str| json!({"phaseType": kind, "startTime": format!("2026-11-22T{start}Z")});
        let waits = [phase("SUBMITTED", "08:00:00"), phase("QUEUED", "08:00:00")];
        let mut runs = waits.to_vec();
        runs.push(phase("PROVISIONING", "08:30:00"));
        let requested = "2026-11-22T08:00:00Z";
        let of = |phases: &[Value]| {
            json!({"status": "NEW", "requestTime": requested, "startTime": requested,
            "currentSession": {"phases": phases}})
        };
        check(of(&runs), Some("90m"), Some("30m"));
        check(of(&waits), Some("0m"), Some("120m"));
        check(json!({"status": "NEW", "requestTime": requested}), None, None);
        let started = json!({"status": "NEW", "requestTime": requested, "startTime": "2026-11-22T08:20:00Z"});
        check(started, Some("100m"), Some("20m"));
    }

    #[test]
    fn the_members_of_its_build_are_named() {
        let text = include_str!("../../tests/model/codebuild-2016-10-06-sandbox.json");
        let model: Value = serde_json::from_str(text).unwrap();
        fn sample(model: &Value, shape: &str) -> Value {
            let found = &model["shapes"][shape];
            match found["type"].as_str().unwrap() {
                "structure" => {
                    let members = found["members"].as_object().unwrap().iter();
                    members.map(|(name, of)| (name.clone(), sample(model, of.as_str().unwrap()))).collect()
                }
                "list" => json!([sample(model, found["member"].as_str().unwrap())]),
                "integer" | "long" => json!(5),
                "timestamp" => json!(1_602_709_200.125),
                "boolean" => json!(true),
                _ => json!("text"),
            }
        }
        let build = json!(sandbox(sample(&model, "Sandbox")).as_build());
        let mut members: Vec<&str> = build.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = Sandbox::MEMBERS_OF_BUILD.to_vec();
        members.sort_unstable();
        expected.sort_unstable();
        assert_eq!(members, expected);
    }
}
