//! `deny-when`: an expression that must not be true.

use super::{Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind};
use crate::{expression::Expression, facts::Facts};

pub(super) const DENY_WHEN: CheckKind = CheckKind {
    id: "deny-when",
    about: CheckDocs {
        breaks_when: "The CEL expression is true. It can use `build`, `project` and `batch` (the API's objects, with the API's own names), `account`, `region`, `branch`, `ref`, `startedBy`, `running`, `cost` and `now`.",
        why: "An expression can test every member of a build, and combine tests with `&&` and `||`, where no other check fits.",
        example: "'build.environment.privilegedMode && !(build.projectName in [\"images\"])'",
        project: None,
        running: None,
        allowed: r#"{"projectName": "images", "environment": {"privilegedMode": true}}"#,
        stopped: r#"{"projectName": "shop", "environment": {"privilegedMode": true}}"#,
        reads: &[],
    },
    option: OptionKind::Expression(|expression| Box::new(DenyWhen { expression })),
    iam: IamView::NoKey("no condition key contains what the expression reads"),
};

struct DenyWhen {
    expression: Expression,
}

impl Check for DenyWhen {
    /// Reports only that the expression is true: the values that it read may be secrets.
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        match self.expression.evaluate(facts) {
            Ok(true) => Answer::Broken("it is true".to_owned()),
            Ok(false) => Answer::Pass,
            Err(fact) => Answer::Unknown(fact),
        }
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::DenyWhen(&self.expression)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::{
        facts::{Facts, inquiry::Source},
        model::Build,
        policy::Policy,
        verdict::{judge, judge_by},
    };

    /// Judges a build by a rule with these lines. Returns the faults if the rule is invalid.
    fn check(lines: &str, build: &str) -> String {
        let text = format!("version: 1\nrules:\n  - id: r\n    {}\n", lines.replace('\n', "\n    "));
        let policy = match Policy::parse("policy.yaml", &text) {
            Ok(policy) => policy,
            Err(faults) => return faults.to_string(),
        };
        let build: Build = serde_json::from_str(build).unwrap();
        let verdict = judge(&policy, &build, Timestamp::UNIX_EPOCH);
        let broken = verdict.violations.iter().map(|broken| format!("broken: {} ({})", broken.found, broken.limit));
        let open = verdict.undecided.iter().map(|open| format!("unknown: {}", open.missing));
        let exempt = verdict.exempted.iter().map(|_| "exempt".to_owned());
        broken.chain(open).chain(exempt).collect::<Vec<_>>().join("\n")
    }

    const BUILD: &str = r#"{"projectName": "shop", "timeoutInMinutes": 90, "environment": {"type": "LINUX_CONTAINER", "privilegedMode": true}}"#;

    #[test]
    fn broken_if_the_expression_is_true() {
        insta::assert_snapshot!(check("deny-when: build.environment.privilegedMode", BUILD), @"broken: it is true (build.environment.privilegedMode)");
        insta::assert_snapshot!(check("deny-when: build.timeoutInMinutes > 100", BUILD), @"");
        insta::assert_snapshot!(check("deny-when: build.environment.image == 'x'", BUILD), @"unknown: build.environment.image");
        insta::assert_snapshot!(check("deny-when: |\n  build.projectName == \"shop\" &&\n  build.timeoutInMinutes > 60", BUILD), @r#"broken: it is true (build.projectName == "shop" && build.timeoutInMinutes > 60)"#);
    }

    #[test]
    fn selects_by_an_expression() {
        insta::assert_snapshot!(check("max-timeout: 60m\nonly: [{ when: build.projectName.glob('shop*') }]", BUILD), @"broken: 90m (60m)");
        insta::assert_snapshot!(check("max-timeout: 60m\nonly: [{ when: build.projectName == 'x' }]", BUILD), @"");
        insta::assert_snapshot!(check("max-timeout: 60m\nonly: [{ when: build.initiator == 'x' }]", BUILD), @"unknown: build.initiator");
        insta::assert_snapshot!(check("max-timeout: 60m\nexcept:\n  - when: \"build.environment.privilegedMode\"\n    projects: [shop]", BUILD), @"exempt");
    }

    #[test]
    fn a_member_that_an_event_lacks_is_fetched() {
        let policy = "version: 1\nrules: [{ id: r, deny-when: '!has(build.vpcConfig)' }]";
        let policy = Policy::parse("policy.yaml", policy).unwrap();
        let build: Build = serde_json::from_str(BUILD).unwrap();
        let by_event = judge(&policy, &build, Timestamp::UNIX_EPOCH);
        assert!(by_event.violations.is_empty() && by_event.depends_on(|one| one.source == Some(Source::Build)));
        let facts = Facts { is_whole: true, ..Facts::of(&build, Timestamp::UNIX_EPOCH) };
        assert_eq!(judge_by(&policy, &facts).violations.len(), 1);
    }

    #[test]
    fn a_value_that_yaml_splits_comes_with_help() {
        insta::assert_snapshot!(check("deny-when: \"main\" == build.sourceVersion", BUILD), @r#"
        policy.yaml:4:23: error[BB002]: invalid YAML: invalid trailing content after double-quoted scalar
         4 |     deny-when: "main" == build.sourceVersion
           |                       ^
           = put the whole value into quotes, or into a block: `|`, and the value on the next line
        "#);
        insta::assert_snapshot!(check("deny-when: build.buildComplete ? true : false", BUILD), @"
        policy.yaml:4:43: error[BB002]: invalid YAML: mapping values are not allowed in this context
         4 |     deny-when: build.buildComplete ? true : false
           |                                           ^
           = put the whole value into quotes, or into a block: `|`, and the value on the next line
        ");
    }

    /// YAML would parse the `!` as a tag, and the rule would mean the opposite.
    #[test]
    fn a_negation_is_never_read_as_a_tag() {
        for lines in [
            "deny-when: ! build.environment.privilegedMode",
            "deny-when: !x build.environment.privilegedMode",
            "deny-when: !build.environment.privilegedMode",
            "deny-when: !build.projectName.startsWith(\"x\")",
            "deny-when: ![1, 2].all(n, n > 1)",
            "deny-when: !!build.projectName.matches('a%b')",
            "max-timeout: 5m\nonly: [{ when: !branch.glob(\"x\") }]",
            "deny-when: ! \"build.environment.privilegedMode\"",
            "deny-when: ! |\n  build.environment.privilegedMode",
            "deny-when: !x &y > # why\n  build.environment.privilegedMode",
            "max-timeout: 5m\nonly: [{ when: ! build.environment.privilegedMode }]",
            "max-timeout: 5m\nexcept:\n  - when:\n      ! build.environment.privilegedMode",
        ] {
            let found = check(lines, BUILD);
            assert!(found.contains("expected an expression, found a YAML tag"), "{lines}: {found}");
        }
        for lines in [
            "deny-when: '! build.environment.privilegedMode'",
            "deny-when: | # not !this\n  ! build.environment.privilegedMode",
            "deny-when:\n  |\n  ! build.environment.privilegedMode",
        ] {
            assert_eq!(check(lines, BUILD), "", "{lines}");
        }
    }

    #[test]
    fn a_fault_has_its_place_within_the_expression() {
        let plain = "deny-when: build.sourceVersion == 'é' && build.bild == 'x'";
        let single = "deny-when: 'build.sourceVersion == ''é'' && build.bild == 1'";
        let double = r#"deny-when: "build.sourceVersion == \"\u00e9\\t\" && build.bild == 1""#;
        let literal = "deny-when: |\n  # no comment\n  build.bild == 'x'";
        let block = "deny-when: |\n  build.sourceVersion == 'é' &&\n    build.bild == 'x' ||\n  build.bold == 'y'";
        let quote = "deny-when: |\n  'é' == build.sourceVersion || build.bild == 'x'";
        let folded = "deny-when: >-\n  build.sourceVersion == 'é' &&\n  build.bild == 'x'";
        let lines = "deny-when: build.sourceVersion == 'é' &&\n  build.bild == 'x'";
        let flow = "max-timeout: 5m\nonly: [{ when: branch == 1 }, { when: \"build.x\" }]";
        let tag = "deny-when: !has(build.vpcConfig)";
        let list = "deny-when: [a]";
        let end = "deny-when: 'build.projectName =='";
        let all = [plain, single, double, literal, block, quote, folded, lines, flow, tag, list, end];
        let all = all.map(|lines| {
            // Another snapshot contains the list of all members.
            let shown = check(lines, BUILD);
            shown
                .lines()
                .map(|line| line.split(" the members").next().unwrap_or_default())
                .collect::<Vec<_>>()
                .join("\n")
        });
        insta::assert_snapshot!(all.join("\n\n"), @r#"
        policy.yaml:4:52: error[BB204]: Build has no member `bild`
         4 |     deny-when: build.sourceVersion == 'é' && build.bild == 'x'
           |                                                    ^
           =

        policy.yaml:4:55: error[BB204]: Build has no member `bild`
         4 |     deny-when: 'build.sourceVersion == ''é'' && build.bild == 1'
           |                                                       ^
           =

        policy.yaml:4:63: error[BB204]: Build has no member `bild`
         4 |     deny-when: "build.sourceVersion == \"\u00e9\\t\" && build.bild == 1"
           |                                                               ^
           =

        policy.yaml:5:7: error[BB201]: unexpected `#`
         5 |       # no comment
           |       ^
           = begin a comment with `//`

        policy.yaml:6:15: error[BB204]: Build has no member `bild`
         6 |         build.bild == 'x' ||
           |               ^
           =

        policy.yaml:7:13: error[BB204]: Build has no member `bold`
         7 |       build.bold == 'y'
           |             ^
           =

        policy.yaml:5:43: error[BB204]: Build has no member `bild`
         5 |       'é' == build.sourceVersion || build.bild == 'x'
           |                                           ^
           =

        policy.yaml:6:13: error[BB204]: Build has no member `bild`
         6 |       build.bild == 'x'
           |             ^
           =

        policy.yaml:5:13: error[BB204]: Build has no member `bild`
         5 |       build.bild == 'x'
           |             ^
           =

        policy.yaml:5:27: error[BB206]: `==` between a string and an int
         5 |     only: [{ when: branch == 1 }, { when: "build.x" }]
           |                           ^
           = put the number into quotes: `"1"`

        policy.yaml:5:50: error[BB204]: Build has no member `x`
         5 |     only: [{ when: branch == 1 }, { when: "build.x" }]
           |                                                  ^
           =

        policy.yaml:4:16: error[BB009]: expected an expression, found a YAML tag (an unquoted `!`)
         4 |     deny-when: !has(build.vpcConfig)
           |                ^
           = write an expression; put one that begins with `!`, `"`, `[` or `{` into a block: `|`, and the expression on the next line

        policy.yaml:4:16: error[BB023]: expected an expression, found a list
         4 |     deny-when: [a]
           |                ^
           = write an expression; put one that begins with `!`, `"`, `[` or `{` into a block: `|`, and the expression on the next line

        policy.yaml:4:37: error[BB201]: the expression ends too early
         4 |     deny-when: 'build.projectName =='
           |                                     ^
           = write an expression such as `build.environment.privilegedMode && branch != "main"`
        "#);
    }
}
