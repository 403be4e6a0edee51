//! `forbidden-initiators`, `allowed-initiators`: who or what started the build, as CodeBuild
//! names it: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`,
//! `GitHub-Hookshot/4f5b68a`.

use super::{
    CheckDocs, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    patterns::Syntax,
    subject::{Subject, SubjectValues},
};

pub(super) const INITIATORS: Subject = Subject {
    name: "initiators",
    example: "[codepipeline/*]",
    syntax: Syntax::Initiator,
    values: |facts| facts.initiator().map(SubjectValues::from),
    contradiction: Some(|facts| facts.contradiction()),
    arn_part: None,
};

const IAM: IamView = IamView::NoKey("no condition key contains the initiator, which CodeBuild sets after the call");

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-initiators",
    about: CheckDocs {
        breaks_when: "Who or what started the build matches a pattern: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`, `GitHub-Hookshot/4f5b68a`.",
        why: "Some builds should be started only by people, and others only by a pipeline.",
        example: "[GitHub-Hookshot/*]",
        project: None,
        running: None,
        allowed: r#"{"initiator": "Developer/alice"}"#,
        stopped: r#"{"initiator": "GitHub-Hookshot/4f5b68a"}"#,
        reads: &["initiator", "source.type", "the same of the batch"],
    },
    option: OptionKind::Forbidden(Syntax::Initiator, |patterns| forbidden(&INITIATORS, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-initiators",
    about: CheckDocs {
        breaks_when: "Who or what started the build matches none of the patterns.",
        why: "A build that deploys should be started by its pipeline, not by hand.",
        example: "[codepipeline/*]",
        project: None,
        running: None,
        allowed: r#"{"initiator": "codepipeline/release"}"#,
        stopped: r#"{"initiator": "Developer/alice"}"#,
        reads: &["initiator", "source.type", "the same of the batch"],
    },
    option: OptionKind::Allowed(Syntax::Initiator, |patterns| allowed(&INITIATORS, patterns)),
    iam: IAM,
};

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::{
        facts::Facts,
        model::{Build, Project},
        policy::Policy,
        verdict::judge_by,
    };

    const PIPELINE: &str = r#"{"initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}}"#;
    /// The session `release` of a role called `codepipeline`.
    const FORGED_PIPELINE: &str = r#"{"initiator": "codepipeline/release", "source": {"type": "GITHUB"}}"#;
    const HOOK: &str = r#"{"initiator": "GitHub-Hookshot/4f5b68a", "source": {"type": "GITHUB"}}"#;
    const ALICE: &str = r#"{"initiator": "Developer/alice"}"#;
    const RULE: &str = r#"{"initiator": "rule/nightly"}"#;

    /// Judges a whole Build by a rule: `broken`, `exempt`, the missing fact, or nothing.
    fn judged(rule: &str, build: &str, project: Option<&str>) -> String {
        let policy = Policy::parse("p", &format!("{{version: 1, rules: [{{id: r, {rule}}}]}}")).unwrap();
        let build: Build = serde_json::from_str(build).unwrap();
        let project: Option<Project> = project.map(|project| serde_json::from_str(project).unwrap());
        let verdict = judge_by(&policy, &Facts::known(&build, true, project.as_ref(), Timestamp::UNIX_EPOCH));
        let broken = verdict.violations.iter().map(|violation| format!("broken: {}", violation.found));
        let open = verdict.undecided.iter().map(|undecided| undecided.missing.to_string());
        broken.chain(open).chain(verdict.exempted.iter().map(|_| "exempt".to_owned())).collect()
    }

    #[test]
    fn what_contradicts_its_claim_is_let_through_by_no_pattern_and_forbidden_by_each() {
        const HAS_HOOK: Option<&str> = Some(r#"{"webhook": {}}"#);
        let forged = "broken: codepipeline/release, which is a role's session: the source is GITHUB, not CODEPIPELINE";
        let no_hook = "broken: GitHub-Hookshot/4f5b68a, which is a role's session: the project has no webhook";
        for (rule, build, project, expected) in [
            ("allowed-initiators: [codepipeline/*]", PIPELINE, None, ""),
            ("allowed-initiators: [codepipeline/*]", FORGED_PIPELINE, None, forged),
            ("allowed-initiators: ['*/release']", FORGED_PIPELINE, None, forged),
            ("allowed-initiators: ['*']", FORGED_PIPELINE, None, ""),
            ("allowed-initiators: [codepipeline/*]", ALICE, None, "broken: Developer/alice"),
            ("allowed-initiators: [GitHub-Hookshot/*]", HOOK, HAS_HOOK, ""),
            ("allowed-initiators: [GitHub-Hookshot/*]", HOOK, Some("{}"), no_hook),
            ("allowed-initiators: [GitHub-Hookshot/*]", HOOK, None, "project"),
            ("allowed-initiators: [Developer/*]", HOOK, None, "broken: GitHub-Hookshot/4f5b68a"),
            ("allowed-initiators: [rule/*]", RULE, None, ""),
            ("forbidden-initiators: [codepipeline/*]", PIPELINE, None, "broken: codepipeline/release"),
            ("forbidden-initiators: [codepipeline/*]", FORGED_PIPELINE, None, "broken: codepipeline/release"),
            ("forbidden-initiators: [GitHub-Hookshot/*]", HOOK, None, "broken: GitHub-Hookshot/4f5b68a"),
            ("forbidden-initiators: [GitHub-Hookshot/*]", HOOK, Some("{}"), "broken: GitHub-Hookshot/4f5b68a"),
        ] {
            assert_eq!(judged(rule, build, project), expected, "{rule} {build} {project:?}");
        }
    }

    #[test]
    fn an_exemption_holds_for_what_nothing_contradicts() {
        const HAS_HOOK: Option<&str> = Some(r#"{"webhook": {}}"#);
        for (selector, build, project, expected) in [
            ("initiators: [codepipeline/*]", PIPELINE, None, "exempt"),
            ("initiators: [codepipeline/*]", FORGED_PIPELINE, None, "broken"),
            ("started-by: [pipeline]", PIPELINE, None, "exempt"),
            ("started-by: [pipeline]", FORGED_PIPELINE, None, "broken"),
            ("started-by: [pipeline], initiators: [codepipeline/rel*]", PIPELINE, None, "exempt"),
            ("started-by: [pipeline], initiators: [codepipeline/other]", PIPELINE, None, "broken"),
            ("started-by: [role]", FORGED_PIPELINE, None, "exempt"),
            ("started-by: [webhook]", HOOK, HAS_HOOK, "exempt"),
            ("started-by: [webhook]", HOOK, Some("{}"), "broken"),
            ("started-by: [webhook]", HOOK, None, "project"),
            ("started-by: [webhook, role]", HOOK, None, "exempt"),
            ("started-by: [user, pipeline]", HOOK, None, "broken"),
            ("started-by: [rule]", RULE, None, "exempt"),
            ("when: startedBy == 'pipeline'", PIPELINE, None, "exempt"),
            ("when: startedBy != 'role'", FORGED_PIPELINE, None, "broken"),
            ("when: \"startedBy in ['webhook', 'user']\"", HOOK, None, "project"),
        ] {
            let rule = format!("max-timeout: 5m, except: [{{{selector}}}]");
            let build = build.replacen('{', r#"{"timeoutInMinutes": 60, "#, 1);
            let found = judged(&rule, &build, project);
            assert_eq!(found.split(':').next(), Some(expected), "{selector} {build} {project:?}");
        }
    }
}
