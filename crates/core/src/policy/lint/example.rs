//! Examples of builds, for warnings about rules that have no effect.

use crate::{
    checks::{CheckOption, OptionKind, Patterns, Syntax},
    facts::starter::Starter,
    policy::{Criterion, Rule, Selector},
    url::without_user_info,
};

/// A build that a selector matches, such as "a build of project `shop-x` on branch `main`"; `None` if a
/// criterion has no example.
pub(super) fn of_selector(selector: &Selector) -> Option<String> {
    let parts = selector.criteria().map(|criterion| match criterion {
        Criterion::Among(subject, patterns) => Some(format!("{} `{}`", preposition(subject.syntax), value(patterns)?)),
        Criterion::StartedBy(starters) => starters.first().map(|starter| format!("started by {}", started(*starter))),
        Criterion::Tagged(key, patterns) => Some(format!("{} `{key}: {}`", preposition(Syntax::Tag), value(patterns)?)),
        Criterion::Kinds(_) | Criterion::When(_) => None,
    });
    Some(format!("a build {}", parts.collect::<Option<Vec<_>>>()?.join(" ")))
}

/// A build that breaks the rule, such as "a build of project `shop-x` with a timeout over 60m"; `None` if its
/// check has no example, or if the build may be exempt.
pub(super) fn of_broken(rule: &Rule) -> Option<String> {
    if !rule.except.is_empty() {
        return None;
    }
    let build = rule.only.first().map_or_else(|| Some("a build".to_owned()), of_selector)?;
    let broken = match (rule.kind.option, rule.check.option()) {
        (OptionKind::Duration(time, _), CheckOption::MaxDuration(limit)) => (time.broken)(limit),
        (OptionKind::Forbidden(syntax, _), CheckOption::Forbidden(patterns)) => {
            format!("{} `{}`", preposition(syntax), value(patterns)?)
        }
        _ => return None,
    };
    Some(format!("{build} {broken}"))
}

/// A value that one of the patterns matches, without secrets.
pub(super) fn value(patterns: &Patterns) -> Option<String> {
    patterns.iter().next().map(|pattern| without_user_info(&pattern.example()).into_owned())
}

/// The words that introduce a value of that kind in the description of a build.
fn preposition(syntax: Syntax) -> &'static str {
    match syntax {
        Syntax::Account => "in account",
        Syntax::Branch => "on branch",
        Syntax::Compute => "of compute type",
        Syntax::Image => "of image",
        Syntax::Initiator => "with the initiator",
        Syntax::Project => "of project",
        Syntax::Ref => "of ref",
        Syntax::Region => "in region",
        Syntax::Source => "of the source",
        Syntax::Tag => "with the tag",
        Syntax::Variable => "with the variable",
    }
}

fn started(starter: Starter) -> &'static str {
    match starter {
        Starter::User => "a user",
        Starter::Role => "a role",
        Starter::Webhook => "a webhook",
        Starter::Pipeline => "a pipeline",
        Starter::Rule => "a rule of EventBridge",
        Starter::Build => "another build",
        Starter::Retry => "a retry",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    /// Compares the example of a build that breaks a rule, whose members are given as YAML.
    #[track_caller]
    fn check(rule: &str, expected: &str) {
        let text = format!("{{version: 1, rules: [{{id: r, {rule}}}]}}");
        let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(of_broken(&policy.rules[0]).as_deref().unwrap_or_default(), expected, "{rule}");
    }

    #[test]
    fn a_build_that_breaks_a_rule() {
        for (rule, expected) in [
            ("max-timeout: 60m", "a build with a timeout over 60m"),
            ("max-queued-timeout: 60m", "a build with a timeout over 60m in the queue"),
            ("max-duration: 60m", "a build that runs for more than 60m"),
            ("max-queue-time: 5m", "a build that is queued for more than 5m"),
            ("forbidden-branches: [main]", "a build on branch `main`"),
            ("forbidden-refs: [refs/tags/v1]", "a build of ref `refs/tags/v1`"),
            ("forbidden-compute: [BUILD_GENERAL1_LARGE]", "a build of compute type `BUILD_GENERAL1_LARGE`"),
            ("forbidden-images: [aws/codebuild/standard:7.0]", "a build of image `aws/codebuild/standard:7.0`"),
            ("forbidden-initiators: [alice]", "a build with the initiator `alice`"),
            ("forbidden-sources: ['https://github.com/a/b']", "a build of the source `https://github.com/a/b`"),
            ("forbidden-variables: [TOKEN]", "a build with the variable `TOKEN`"),
            ("allowed-branches: [main]", ""),
            ("max-timeout: 60m, except: [{projects: [shop]}]", ""),
        ] {
            check(rule, expected);
        }
    }

    #[test]
    fn a_build_that_a_selector_matches() {
        for (selector, expected) in [
            ("projects: [shop-1]", "a build of project `shop-1`"),
            (
                "accounts: ['111122223333'], regions: [eu-west-1]",
                "a build in account `111122223333` in region `eu-west-1`",
            ),
            ("tags: {team: [shop]}", "a build with the tag `team: shop`"),
            ("started-by: [user]", "a build started by a user"),
            ("started-by: [role]", "a build started by a role"),
            ("started-by: [webhook]", "a build started by a webhook"),
            ("started-by: [pipeline]", "a build started by a pipeline"),
            ("started-by: [rule]", "a build started by a rule of EventBridge"),
            ("started-by: [build]", "a build started by another build"),
            ("started-by: [retry]", "a build started by a retry"),
        ] {
            check(&format!("max-timeout: 60m, only: [{{{selector}}}]"), &format!("{expected} with a timeout over 60m"));
        }
        check("max-timeout: 60m, only: [{when: 'build.environment.privilegedMode'}]", "");
    }
}
