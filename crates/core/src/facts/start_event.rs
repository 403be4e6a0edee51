//! The members of the Build that the event of a build's start contains.

/// The members that such an event may contain, with the API's names. Taken from captured events, of
/// 2017 to 2025.
const MEMBERS: [&str; 30] = [
    "arn",
    "artifacts.location",
    "buildComplete",
    "buildStatus",
    "cache.type",
    "currentPhase",
    "environment.computeType",
    "environment.environmentVariables",
    "environment.image",
    "environment.imagePullCredentialsType",
    "environment.privilegedMode",
    "environment.type",
    "fileSystemLocations",
    "id",
    "initiator",
    "logs.deepLink",
    "projectName",
    "queuedTimeoutInMinutes",
    "source.buildspec",
    "source.gitCloneDepth",
    "source.gitSubmodulesConfig.fetchSubmodules",
    "source.location",
    "source.reportBuildStatus",
    "source.type",
    "sourceVersion",
    "startTime",
    "timeoutInMinutes",
    "vpcConfig.securityGroupIds",
    "vpcConfig.subnets",
    "vpcConfig.vpcId",
];

/// Returns whether such an event may contain a member of the Build, or a part of it:
/// `environment.image`.
pub(crate) fn may_contain(path: &str) -> bool {
    let is_within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    MEMBERS.iter().any(|member| is_within(member, path) || is_within(path, member))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use buildbrake_testkit::events::events;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        event::{Trigger, TriggerKind},
        model::Progress,
    };

    /// The paths of a value's members, but not those within lists.
    fn paths(json: &Value, path: &str, found: &mut BTreeSet<String>) {
        match json {
            Value::Object(members) => {
                for (name, member) in members {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    paths(member, &path, found);
                }
            }
            _ => drop(found.insert(path.to_owned())),
        }
    }

    #[test]
    fn the_members_are_those_of_captured_events() {
        let mut found = BTreeSet::new();
        for (name, event) in events("crates/core/tests/events") {
            match Trigger::parse(event.to_string()).unwrap() {
                Trigger::Build(event)
                    if name.starts_with("real")
                        && event.kind == TriggerKind::StateChange
                        && event.build.progress() == Progress::Running =>
                {
                    paths(&json!(event.build), "", &mut found);
                }
                _ => {}
            }
        }
        assert_eq!(found, MEMBERS.map(str::to_owned).into());
    }

    #[test]
    fn a_part_or_the_whole_of_a_member() {
        for path in ["vpcConfig", "vpcConfig.vpcId", "environment", "source.gitSubmodulesConfig"] {
            assert!(may_contain(path), "{path}");
        }
        for path in
            ["serviceRole", "environment.fleet", "environment.fleet.fleetArn", "logs.groupName", "sourceVersions"]
        {
            assert!(!may_contain(path), "{path}");
        }
    }
}
