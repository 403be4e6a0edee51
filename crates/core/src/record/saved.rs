//! The API's structures as they are saved for a replay: one line of JSON each, under the API's own names,
//! without secrets.
//!
//! Values of variables are left out, so that rules about them are undecided instead of comparing
//! placeholders. Everything else is redacted as in a record.

use crate::{
    model::{Build, BuildBatch, Project},
    record::redact::{self, HiddenValues},
    url,
};

/// A Project, a BuildBatch or a Build of the API.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// A project.
    Project(Box<Project>),
    /// A batch of builds.
    Batch(Box<BuildBatch>),
    /// A build.
    Build(Box<Build>),
}

impl Saved {
    /// Its ARN, which names account and region.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Project(project) => project.arn.as_deref(),
            Self::Batch(batch) => batch.arn.as_deref(),
            Self::Build(build) => build.arn.as_deref(),
        }
    }

    /// The line, without its end.
    pub fn into_line(self) -> String {
        let json = match self {
            Self::Project(project) => url::to_redacted_json(&redact::project(project, HiddenValues::LeftOut), &[]),
            Self::Batch(batch) => url::to_redacted_json(&redact::batch(batch, HiddenValues::LeftOut), &[]),
            Self::Build(build) => url::to_redacted_json(&redact::build(build, HiddenValues::LeftOut), &[]),
        };
        Box::<str>::from(json).into_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The settings that builds, batches and projects have in common. `¤` stands in secrets only.
    fn settings() -> Value {
        json!({
            "source": {"type": "GITHUB", "location": "https://bot:¤@github.com/acme/shop.git", "buildspec": "a: ¤"},
            "secondarySources": [{"type": "GITHUB", "location": "https://¤@github.com/acme/b", "buildspec": "a: ¤"}],
            "environment": {
                "image": "i:1",
                "environmentVariables": [
                    {"name": "STAGE", "type": "PLAINTEXT", "value": "¤"},
                    {"name": "TOKEN", "type": "SECRETS_MANAGER", "value": "¤"}
                ],
                "dockerServer": {"status": {"message": "no ¤"}}
            },
        })
    }

    fn line(more: Value, parse: fn(Value) -> Saved) -> Value {
        let mut json = settings();
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let line = parse(json).into_line();
        assert!(!line.contains('¤') && !line.contains('\n'), "{line}");
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_line_has_the_names_of_the_api_and_no_secret() {
        let contexts = json!([{"phaseType": "BUILD", "contexts": [
            {"statusCode": "COMMAND_EXECUTION_ERROR", "message": "Error while executing command: ¤. Reason: exit status 1"}
        ]}]);
        let build = line(
            json!({
                "id": "shop:1",
                "startTime": 1_602_710_932.587,
                "phases": contexts,
                "exportedEnvironmentVariables": [{"name": "TAG", "value": "¤"}],
            }),
            |json| Saved::Build(serde_json::from_value(json).unwrap()),
        );
        assert_eq!((&build["id"], &build["startTime"]), (&json!("shop:1"), &json!("2020-10-14T21:28:52.587Z")));
        assert_eq!(build["source"]["location"], "https://github.com/acme/shop.git");
        let variables = json!([{"name": "STAGE", "type": "PLAINTEXT"}, {"name": "TOKEN", "type": "SECRETS_MANAGER"}]);
        assert_eq!(build["environment"]["environmentVariables"], variables);
        assert_eq!(build["exportedEnvironmentVariables"], json!([{"name": "TAG"}]));

        let batch = line(json!({"id": "shop:b", "phases": contexts}), |json| {
            Saved::Batch(serde_json::from_value(json).unwrap())
        });
        assert_eq!(batch["environment"]["environmentVariables"], variables);

        let webhook = json!({"url": "https://api.github.com/hooks/1?secret=¤", "secret": "¤", "branchFilter": "main"});
        let badge =
            json!({"badgeEnabled": true, "badgeRequestUrl": "https://codebuild.us-east-1.amazonaws.com/badges?uuid=¤"});
        let project = line(json!({"name": "shop", "webhook": webhook, "badge": badge}), |json| {
            Saved::Project(serde_json::from_value(json).unwrap())
        });
        assert_eq!(project["webhook"], json!({"url": "https://api.github.com/hooks/1", "branchFilter": "main"}));
        // A build with another buildspec still differs from its project.
        assert_eq!(project["source"]["buildspec"], build["source"]["buildspec"]);
        assert!(project["source"]["buildspec"].as_str().unwrap().starts_with("inline buildspec, 5 bytes, sha256:"));
    }
}
