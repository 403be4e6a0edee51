//! `forbidden-variables`: names that no PLAINTEXT environment variable may have. A variable
//! from Parameter Store or Secrets Manager may: its value is only a reference.

use super::{Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind, Patterns, patterns::Syntax};
use crate::facts::{Facts, MissingFact};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-variables",
    about: CheckDocs {
        breaks_when: "The name of a PLAINTEXT environment variable matches a pattern. The value is never read.",
        why: "Everyone who can see the build can read a PLAINTEXT value. Parameter Store and Secrets Manager keep it secret.",
        example: "['*PASSWORD*', AWS_SECRET_ACCESS_KEY]",
        project: None,
        running: None,
        allowed: r#"{"environment": {"environmentVariables": [{"name": "DB_PASSWORD", "type": "SECRETS_MANAGER", "value": "db"}]}}"#,
        stopped: r#"{"environment": {"environmentVariables": [{"name": "DB_PASSWORD", "type": "PLAINTEXT", "value": "x"}]}}"#,
        reads: &["environment.environmentVariables"],
    },
    option: OptionKind::Forbidden(Syntax::Variable, |names| Box::new(ForbiddenVariables { names })),
    iam: IamView::VariableName,
};

struct ForbiddenVariables {
    names: Patterns,
}

impl Check for ForbiddenVariables {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let environment = facts.build.environment.as_ref();
        let Some(variables) = environment.and_then(|environment| environment.environment_variables.as_ref()) else {
            return Answer::Unknown(MissingFact::Absent("environment.environmentVariables"));
        };
        // Without a type, a variable is PLAINTEXT.
        // <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_EnvironmentVariable.html>
        let plaintext =
            variables.iter().filter(|variable| matches!(variable.r#type.as_deref(), None | Some("PLAINTEXT")));
        let (named, nameless): (Vec<_>, Vec<_>) =
            plaintext.map(|variable| variable.name.as_deref()).partition(Option::is_some);
        let forbidden: Vec<&str> = named.into_iter().flatten().filter(|name| self.names.any_fits(name)).collect();
        if !forbidden.is_empty() {
            return Answer::Broken(forbidden.join(", "));
        }
        match nameless.is_empty() {
            true => Answer::Pass,
            false => Answer::Unknown(MissingFact::Absent("environment.environmentVariables[].name")),
        }
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::Forbidden(&self.names)
    }
}
