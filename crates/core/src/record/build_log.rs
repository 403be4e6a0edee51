//! A build's own log, which the person whose build was stopped looks at.

use serde::Deserialize;

use super::Record;
use crate::{
    diagnostic::is_invisible,
    model::{Build, BuildId, CloudWatchLogsConfig, Project, Sandbox},
};

/// The maximum length of the line. An event of CloudWatch Logs may have a megabyte, but nobody reads that much.
const MAX_LINE_BYTES: usize = 200_000;

/// The log stream of a build in CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStream {
    /// The log group. It is not created: if it does not exist, the build cannot write to it either.
    pub group: String,
    /// The stream. Its last part is the build's own id.
    pub name: String,
    /// `false` if it probably has to be created: it exists only from the phase PROVISIONING on.
    pub exists: bool,
}

/// The destination of the reason for a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildLog {
    /// The build's log stream.
    Stream(LogStream),
    /// The project's settings name it; see [`BuildLog::of_project`].
    AskProject,
    /// There is none. The reason: lower case, no full stop.
    None(&'static str),
}

impl BuildLog {
    /// The log of a build, as far as the Build names it.
    /// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_LogsLocation.html>
    pub fn of_build(id: &BuildId, build: &Build) -> Self {
        let Some(logs) = &build.logs else { return Self::AskProject };
        let config = logs.cloud_watch_logs.as_ref();
        if config.is_some_and(is_disabled) {
            return Self::None(DISABLED);
        }
        match (&logs.group_name, &logs.stream_name) {
            (Some(group), Some(stream)) => stream_of(id.uuid(), group.clone(), stream.clone(), true),
            _ => config.map_or(Self::AskProject, |config| configured(id, config)),
        }
    }

    /// The log of a sandbox's current session, whose stream ends with the session's id.
    /// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_SandboxSession.html>
    pub fn of_sandbox(sandbox: &Sandbox) -> Self {
        let session = sandbox.current_session.as_ref();
        let Some(logs) = session.and_then(|session| session.logs.as_ref()) else {
            return Self::None("the sandbox names no log");
        };
        if logs.cloud_watch_logs.as_ref().is_some_and(is_disabled) {
            return Self::None(DISABLED);
        }
        let id = session.and_then(|session| session.id.as_deref());
        match (id, &logs.group_name, &logs.stream_name) {
            (Some(id), Some(group), Some(stream)) if !id.is_empty() => {
                stream_of(id, group.clone(), stream.clone(), true)
            }
            _ => Self::None("the sandbox names no log"),
        }
    }

    /// The log of a build whose Build does not name it, from the project's settings.
    /// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_LogsConfig.html>
    pub fn of_project(id: &BuildId, project: Option<&Project>) -> Self {
        let config = project.and_then(|project| project.logs_config.as_ref()?.cloud_watch_logs.as_ref());
        match config {
            Some(config) if is_disabled(config) => Self::None(DISABLED),
            Some(config) => configured(id, config),
            None => configured(id, &CloudWatchLogsConfig::default()),
        }
    }
}

const DISABLED: &str = "the build writes no log to CloudWatch";

fn is_disabled(config: &CloudWatchLogsConfig) -> bool {
    config.status.as_deref() == Some("DISABLED")
}

/// Returns the log by the settings. Their stream name is only a prefix: the build's id follows it.
fn configured(id: &BuildId, config: &CloudWatchLogsConfig) -> BuildLog {
    let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let group = set(&config.group_name).unwrap_or_else(|| format!("/aws/codebuild/{}", id.project()));
    let stream = match set(&config.stream_name) {
        Some(prefix) => format!("{prefix}/{}", id.uuid()),
        None => id.uuid().to_owned(),
    };
    stream_of(id.uuid(), group, stream, false)
}

/// Anyone who may change a project can choose the group and the stream. A stream is accepted only if it ends with
/// the id of the build, or of a sandbox's session, so that it is not the stream of another build.
fn stream_of(uuid: &str, group: String, name: String, exists: bool) -> BuildLog {
    if name.rsplit('/').next() != Some(uuid) {
        return BuildLog::None("its log stream does not end with the build's own id");
    }
    let is_group = |letter: char| letter.is_ascii_alphanumeric() || "._-/#".contains(letter);
    let is_stream = |letter: char| !letter.is_control() && ![':', '*'].contains(&letter);
    if !(1..=512).contains(&group.len())
        || !group.chars().all(is_group)
        || name.len() > 512
        || !name.chars().all(is_stream)
    {
        return BuildLog::None("CloudWatch Logs accepts no group or stream of that name");
    }
    BuildLog::Stream(LogStream { group, name, exists })
}

impl Record {
    /// The line for the build's own log: the message, which contains the reasons and the owners of the rules.
    pub fn build_log_line(&self) -> String {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Fields {
            message: String,
        }
        let Fields { message } = serde_json::from_str(self.json.get()).unwrap_or_default();
        let mut line: String = "[buildbrake] "
            .chars()
            .chain(message.chars().map(|letter| if letter.is_control() || is_invisible(letter) { ' ' } else { letter }))
            .collect();
        let mut end = line.len().min(MAX_LINE_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const UUID: &str = "5e000000-0000-4000-8000-000000000001";

    fn of_build(build: Value) -> BuildLog {
        let id = format!("shop:{UUID}").parse().unwrap();
        BuildLog::of_build(&id, &serde_json::from_value(build).unwrap())
    }

    fn of_project(project: Option<Value>) -> BuildLog {
        let id = format!("shop:{UUID}").parse().unwrap();
        let project: Option<Project> = project.map(|project| serde_json::from_value(project).unwrap());
        BuildLog::of_project(&id, project.as_ref())
    }

    fn stream(group: &str, name: String, exists: bool) -> BuildLog {
        BuildLog::Stream(LogStream { group: group.into(), name, exists })
    }

    #[test]
    fn the_build_names_its_stream_or_how_it_will_be_named() {
        for (logs, expected) in [
            (
                json!({"groupName": "/ci/shop", "streamName": format!("a/b/{UUID}")}),
                stream("/ci/shop", format!("a/b/{UUID}"), true),
            ),
            (json!({"cloudWatchLogs": {"status": "ENABLED"}}), stream("/aws/codebuild/shop", UUID.into(), false)),
            (
                json!({"cloudWatchLogs": {"status": "ENABLED", "groupName": "ci", "streamName": "shop"}}),
                stream("ci", format!("shop/{UUID}"), false),
            ),
            (
                json!({"cloudWatchLogs": {"status": "DISABLED"}, "s3Logs": {"status": "ENABLED"}}),
                BuildLog::None(DISABLED),
            ),
            (json!({"deepLink": "https://console.aws.amazon.com"}), BuildLog::AskProject),
        ] {
            assert_eq!(of_build(json!({"logs": logs})), expected, "{logs}");
        }
        assert_eq!(of_build(json!({})), BuildLog::AskProject);
    }

    #[test]
    fn a_sandbox_has_the_log_of_its_session() {
        let of =
            |session: Value| BuildLog::of_sandbox(&serde_json::from_value(json!({"currentSession": session})).unwrap());
        let logs = |name: &str| json!({"groupName": "/ci/shop", "streamName": name});
        assert_eq!(
            of(json!({"id": UUID, "logs": logs(&format!("a/{UUID}"))})),
            stream("/ci/shop", format!("a/{UUID}"), true)
        );
        for session in [
            json!({"id": UUID, "logs": logs("audit")}),
            json!({"id": "", "logs": logs("a/")}),
            json!({"logs": logs(UUID)}),
            json!({"id": UUID, "logs": {"cloudWatchLogs": {"status": "DISABLED"}}}),
            json!({"id": UUID}),
            json!(null),
        ] {
            assert!(matches!(of(session.clone()), BuildLog::None(_)), "{session}");
        }
    }

    #[test]
    fn the_project_is_the_second_to_know() {
        let default = stream("/aws/codebuild/shop", UUID.into(), false);
        for (project, expected) in [
            (None, default.clone()),
            (Some(json!({})), default.clone()),
            (
                Some(
                    json!({"logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "", "streamName": ""}}}),
                ),
                default,
            ),
            (
                Some(json!({"logsConfig": {"cloudWatchLogs": {"groupName": "ci", "streamName": "shop"}}})),
                stream("ci", format!("shop/{UUID}"), false),
            ),
            (Some(json!({"logsConfig": {"cloudWatchLogs": {"status": "DISABLED"}}})), BuildLog::None(DISABLED)),
        ] {
            assert_eq!(of_project(project.clone()), expected, "{project:?}");
        }
    }

    #[test]
    fn a_stream_that_is_not_the_builds_own_is_refused() {
        for name in ["audit", "5e000000-0000-4000-8000-000000000002", &format!("x{UUID}"), &format!("{UUID}/audit")] {
            let log = of_build(json!({"logs": {"groupName": "/ci", "streamName": name}}));
            assert!(matches!(log, BuildLog::None(_)), "{name}: {log:?}");
        }
        let longest = format!("{}/{UUID}", "a".repeat(511 - UUID.len()));
        let log = of_build(json!({"logs": {"groupName": "ci", "streamName": longest}}));
        assert!(matches!(log, BuildLog::Stream(_)), "{log:?}");
        let log = of_build(json!({"logs": {"groupName": "ci", "streamName": format!("a{longest}")}}));
        assert!(matches!(log, BuildLog::None(_)), "{log:?}");
        for (group, name) in [("a:b", UUID.to_owned()), ("", UUID.to_owned()), ("ci", format!("a*/{UUID}"))] {
            let log = of_build(json!({"logs": {"groupName": group, "streamName": name}}));
            assert!(matches!(log, BuildLog::None(_)), "{group} {name}: {log:?}");
        }
    }
}
