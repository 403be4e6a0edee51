//! `forbidden-variables`: no PLAINTEXT environment variable has such a name.
//! A variable from Parameter Store or Secrets Manager may; its value is a name.

use std::any::Any;

use super::{
    About, Answer, Check, CheckKind, OptionKind,
    patterns::Patterns,
    prevention::{Condition, Prevention},
};
use crate::facts::{Fact, Facts};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-variables",
    about: About {
        breaks_when: "A PLAINTEXT environment variable has a name that is among the patterns. The name is looked at, never the value.",
        why: "A PLAINTEXT value is readable to everyone who can see the build. Parameter Store and Secrets Manager keep it.",
        example: "['*PASSWORD*', AWS_SECRET_ACCESS_KEY]",
        project: None,
        allowed: r#"{"environment": {"environmentVariables": [{"name": "DB_PASSWORD", "type": "SECRETS_MANAGER", "value": "db"}]}}"#,
        stopped: r#"{"environment": {"environmentVariables": [{"name": "DB_PASSWORD", "type": "PLAINTEXT", "value": "x"}]}}"#,
        reads: &["environment.environmentVariables"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| {
        let patterns = Patterns::read(reader, node, "[\"*PASSWORD*\", AWS_SECRET_ACCESS_KEY]")?;
        Some(Box::new(ForbiddenVariables(patterns)))
    },
};

struct ForbiddenVariables(Patterns);

impl Check for ForbiddenVariables {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let environment = facts.build.environment.as_ref();
        let Some(variables) = environment.and_then(|environment| environment.environment_variables.as_ref()) else {
            return Answer::Unknown(Fact::Absent("environment.environmentVariables"));
        };
        // The API takes a variable without a type for PLAINTEXT.
        let plaintext =
            variables.iter().filter(|variable| matches!(variable.r#type.as_deref(), None | Some("PLAINTEXT")));
        let (named, nameless): (Vec<_>, Vec<_>) =
            plaintext.map(|variable| variable.name.as_deref()).partition(Option::is_some);
        let forbidden: Vec<&str> = named.into_iter().flatten().filter(|name| self.0.any_fits(name)).collect();
        if !forbidden.is_empty() {
            return Answer::Broken(forbidden.join(", "));
        }
        match nameless.is_empty() {
            true => Answer::Pass,
            false => Answer::Unknown(Fact::Absent("environment.environmentVariables.name")),
        }
    }

    fn limit(&self) -> String {
        self.0.listed()
    }

    fn prevention(&self) -> Prevention {
        let key = "codebuild:environment.environmentVariables.name";
        let names = self.0.texts().into_iter().map(str::to_owned).collect();
        // Several values stand under this key. Negated or with ForAllValues, the condition
        // would also hold where there are none.
        let refusals = vec![vec![Condition::AnyLike(key, names), Condition::Given(key)]];
        let why = "the key of a variable's name does not tell its type, so that a variable of that name from \
                   Parameter Store or Secrets Manager, which the rule allows, would be refused too";
        Prevention::Broad { refusals, why }
    }

    fn covers(&self, other: &dyn Check) -> bool {
        let other: Option<&Self> = (other as &dyn Any).downcast_ref();
        other.is_some_and(|other| self.0.covers(&other.0))
    }
}
