//! The cost of a policy at a build's start: the calls that its rules may need.

use std::collections::BTreeSet;

use super::{Criterion, Policy, Rule, Selector};
use crate::{
    checks::{CheckKind, CheckOption, NewestPer, OptionKind, Override, Patterns, Syntax},
    expression::{Expression, Variable},
    facts::{
        inquiry::Source,
        start_event,
        starter::{Starter, may_fit_webhook},
    },
    model::RunKind,
};

impl Policy {
    /// The rules that may need further sources at a build's start, with these sources: the event
    /// contains only a part of what they read. All other rules are decided by the event, if it has
    /// the members that CodeBuild's events usually have.
    pub fn calls_at_start(&self) -> impl Iterator<Item = (&str, BTreeSet<Source>)> {
        let rules = self.rules.iter().filter(|rule| !rule.is_off() && rule.may_apply_to(RunKind::Build));
        rules.map(|rule| (rule.id.as_str(), rule.calls_at_start())).filter(|(_, sources)| !sources.is_empty())
    }
}

impl Policy {
    /// The rules about branches and refs. If the source version of a build names none, they may need
    /// the [`Source`]s that provide it.
    pub fn rules_about_refs(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter(|rule| !rule.is_off() && rule.is_about_refs()).map(|rule| rule.id.as_str())
    }
}

impl Rule {
    fn is_about_refs(&self) -> bool {
        let exemptions = self.except.iter().map(|exemption| &exemption.selector);
        let mut criteria = self.only.iter().chain(exemptions).flat_map(Selector::criteria);
        let reads_ref = match self.check.option() {
            CheckOption::DenyWhen(expression) => reads_ref(expression),
            CheckOption::NewestPer(keys) => keys.contains(&NewestPer::Ref),
            _ => self.kind.is_about_refs(),
        };
        reads_ref || criteria.any(Criterion::is_about_refs)
    }

    fn calls_at_start(&self) -> BTreeSet<Source> {
        let only = self.only.iter().flat_map(Selector::criteria).flat_map(Criterion::calls_at_start);
        let exemptions = self.except.iter().flat_map(|exemption| exemption.selector.criteria());
        let except = exemptions.flat_map(|criterion| match criterion {
            Criterion::Among(subject, patterns) if subject.contradiction.is_some() => of_starters(patterns),
            criterion => criterion.calls_at_start(),
        });
        let check = match self.check.option() {
            CheckOption::DenyWhen(expression) => of_expression(expression),
            CheckOption::ForbiddenOverrides(kinds) => kinds.iter().flat_map(|kind| of_override(*kind)).collect(),
            CheckOption::Allowed(patterns) if matches!(self.kind.option, OptionKind::Allowed(Syntax::Initiator, _)) => {
                of_starters(patterns)
            }
            _ => self.kind.calls_at_start().iter().copied().collect(),
        };
        only.chain(except).chain(check).collect()
    }
}

impl Criterion {
    fn is_about_refs(&self) -> bool {
        match self {
            Self::Among(subject, _) => subject.syntax.is_about_refs(),
            Self::When(expression) => reads_ref(expression),
            Self::Kinds(_) | Self::StartedBy(_) | Self::Tagged(..) => false,
        }
    }

    fn calls_at_start(&self) -> BTreeSet<Source> {
        match self {
            Self::Kinds(_) | Self::Among(..) => BTreeSet::new(),
            Self::StartedBy(starters) => of_kinds(starters),
            Self::Tagged(..) => [Source::Project].into(),
            Self::When(expression) => of_expression(expression),
        }
    }
}

impl CheckKind {
    /// Returns whether the check looks at the build's branch or ref.
    pub(crate) fn is_about_refs(&self) -> bool {
        match self.option {
            OptionKind::Forbidden(syntax, _) | OptionKind::Allowed(syntax, _) => syntax.is_about_refs(),
            OptionKind::NewestPer(_) => true,
            OptionKind::Duration(..)
            | OptionKind::Dollars(_)
            | OptionKind::Overrides(_)
            | OptionKind::Expression(_) => false,
        }
    }

    /// The sources that the check needs at the start of a build that does not break it. Those of an expression
    /// depend on the expression.
    pub(crate) fn calls_at_start(&self) -> &'static [Source] {
        match self.option {
            OptionKind::Overrides(_) => &[Source::Project],
            // No event contains secondary sources.
            OptionKind::Forbidden(Syntax::Source, _) | OptionKind::Allowed(Syntax::Source, _) => &[Source::Build],
            // No event contains the fleet, and the project contains the Docker server.
            OptionKind::Dollars(_) => &[Source::Build, Source::Project],
            // An event's time has whole seconds.
            OptionKind::NewestPer(_) => &[Source::Build, Source::RunningBuilds],
            OptionKind::Duration(..)
            | OptionKind::Forbidden(..)
            | OptionKind::Allowed(..)
            | OptionKind::Expression(_) => &[],
        }
    }
}

/// The sources that show a starter: the Build shows an automatic retry, the project shows a webhook.
const STARTER: [Source; 2] = [Source::Build, Source::Project];

/// The sources that distinguish a retry, or a webhook, from a role: none if the list has both or neither.
fn of_kinds(starters: &[Starter]) -> BTreeSet<Source> {
    let differs = |one: Starter| starters.contains(&one) != starters.contains(&Starter::Role);
    let retry = differs(Starter::Retry).then_some(Source::Build);
    retry.into_iter().chain(differs(Starter::Webhook).then_some(Source::Project)).collect()
}

/// Returns the sources that patterns of initiators need. Only the project confirms the claim of a webhook's
/// initiator.
fn of_starters(patterns: &Patterns) -> BTreeSet<Source> {
    let may_be_webhook = !patterns.match_everything() && patterns.iter().any(may_fit_webhook);
    may_be_webhook.then_some(Source::Project).into_iter().collect()
}

fn reads_ref(expression: &Expression) -> bool {
    expression.reads().any(|variable| matches!(variable, Variable::Branch | Variable::Ref))
}

/// Returns the sources that show an override. A project has no setting for a debug session: only a call can
/// request one.
fn of_override(kind: Override) -> BTreeSet<Source> {
    let project = (kind != Override::DebugSession).then_some(Source::Project);
    let lacks_a_member = kind.members().iter().any(|member| !start_event::may_contain(member));
    project.into_iter().chain(lacks_a_member.then_some(Source::Build)).collect()
}

fn of_expression(expression: &Expression) -> BTreeSet<Source> {
    let variables = expression.reads().flat_map(|variable| match variable {
        Variable::Project => &[Source::Project][..],
        Variable::Batch | Variable::Running => &[Source::Build],
        Variable::Cost => &[Source::Build, Source::Project],
        Variable::StartedBy => &STARTER,
        Variable::Build | Variable::Account | Variable::Region | Variable::Branch | Variable::Ref | Variable::Now => {
            &[]
        }
    });
    let lacks_a_member = expression.build_members().any(|path| !start_event::may_contain(path));
    variables.copied().chain(lacks_a_member.then_some(Source::Build)).collect()
}

#[cfg(test)]
mod tests {
    use buildbrake_testkit::events::event;
    use jiff::Timestamp;
    use serde_json::Value;

    use crate::{
        checks::CHECKS,
        event::Trigger,
        facts::{
            inquiry::{Case, Question, Reply, Source, compare},
            supersession::LeftOut,
        },
        model::{Build, Project},
        policy::Policy,
    };

    #[track_caller]
    fn check(rule: &str, expected: &[Source]) {
        let text = format!("{{version: 1, prices: {{X: 1}}, rules: [{{id: a, {rule}}}]}}");
        let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
        let found: Vec<Source> = policy.calls_at_start().flat_map(|(_, sources)| sources).collect();
        assert_eq!(found, expected, "{rule}");
    }

    #[test]
    fn what_an_expression_or_a_selector_needs() {
        check("deny-when: build.environment.privilegedMode && has(build.vpcConfig)", &[]);
        check("deny-when: \"build.environment.environmentVariables.exists(v, v.name == 'A')\"", &[]);
        check("deny-when: has(build.environment.fleet) || build.serviceRole == 'a'", &[Source::Build]);
        check("deny-when: \"build.phases.exists(p, p.phaseType == 'BUILD')\"", &[Source::Build]);
        check("deny-when: has(project.webhook) && running > duration('1h')", &[Source::Build, Source::Project]);
        check("max-timeout: 60m, only: [{tags: {team: [a]}}]", &[Source::Project]);
        check("max-timeout: 60m, only: [{kinds: [build], tags: {team: [a]}}]", &[Source::Project]);
        // No event is about a sandbox.
        check("max-timeout: 60m, only: [{kinds: [sandbox], tags: {team: [a]}}]", &[]);
        check("max-timeout: 60m, except: [{started-by: [webhook]}]", &[Source::Project]);
        check("max-timeout: 60m, except: [{started-by: [retry]}]", &[Source::Build]);
        check("max-timeout: 60m, only: [{started-by: [role]}]", &[Source::Build, Source::Project]);
        check("max-timeout: 60m, only: [{started-by: [role, retry, webhook]}]", &[]);
        check("max-timeout: 60m, except: [{started-by: [pipeline, user, rule, build]}]", &[]);
        check("deny-when: startedBy == 'user'", &[Source::Build, Source::Project]);
        check("max-timeout: 60m, except: [{when: has(build.buildBatchArn)}]", &[Source::Build]);
        check("forbidden-sources: ['https://github.com/a/*'], mode: 'off'", &[]);
        check("max-timeout: 60m, except: [{initiators: [GitHub-Hookshot/*]}]", &[Source::Project]);
        check("max-timeout: 60m, except: [{initiators: [codepipeline/*]}]", &[]);
        check("max-timeout: 60m, only: [{initiators: [GitHub-Hookshot/*]}]", &[]);
        check("allowed-initiators: [codepipeline/*, '*-Webhooks/*']", &[Source::Project]);
        check("allowed-initiators: ['*']", &[]);
        check("forbidden-overrides: [image, buildspec, timeout]", &[Source::Project]);
        check("forbidden-overrides: [image, service-role]", &[Source::Build, Source::Project]);
        check("forbidden-overrides: [compute]", &[Source::Build, Source::Project]);
        check("forbidden-overrides: [debug-session]", &[Source::Build]);
        check("max-timeout: 60m, only: [{sources: ['https://github.com/a/*']}]", &[]);
    }

    #[test]
    fn rules_about_branches_and_refs_may_ask_who_knows_them() {
        for (rule, expected) in [
            ("forbidden-branches: [main]", true),
            ("allowed-refs: [refs/heads/main]", true),
            ("max-timeout: 60m, only: [{branches: [main]}]", true),
            ("max-timeout: 60m, except: [{refs: [refs/pull/*]}]", true),
            ("deny-when: branch == 'main'", true),
            ("max-timeout: 60m, except: [{when: ref.startsWith('refs/tags/')}]", true),
            ("only-newest-per: [project, ref]", true),
            ("only-newest-per: [project, initiator]", false),
            ("forbidden-branches: [main], mode: 'off'", false),
            ("max-timeout: 60m, except: [{started-by: [pipeline]}]", false),
            ("forbidden-initiators: [alice]", false),
            ("deny-when: build.sourceVersion == 'main'", false),
        ] {
            let text = format!("{{version: 1, rules: [{{id: a, {rule}}}]}}");
            let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{text}\n{faults}"));
            assert_eq!(policy.rules_about_refs().count() == 1, expected, "{rule}");
        }
    }

    /// Checks the function's questions at the start of a build that keeps each check's example.
    #[test]
    fn every_check_asks_what_it_is_said_to_ask() {
        for kind in CHECKS {
            let about = &kind.about;
            let prices = "prices: {BUILD_GENERAL1_LARGE: 0.02, BUILD_GENERAL1_SMALL: 0.01}";
            let text = format!("{{version: 1, {prices}, rules: [{{id: a, {}: {}}}]}}", kind.id, about.example);
            let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"));
            let mut allowed: Value = serde_json::from_str(about.allowed).unwrap();
            let project: Project =
                about.project.map_or_else(Project::default, |json| serde_json::from_str(json).unwrap());

            let Trigger::Build(mut event) = Trigger::parse(event("compliant").to_string()).unwrap() else { panic!() };
            let now = event.time.unwrap_or(Timestamp::UNIX_EPOCH);
            // The event contains what the example has and an event can contain.
            let mut start = serde_json::to_value(&event.build).unwrap();
            merge(&mut start, &allowed);
            merge(&mut allowed, &serde_json::to_value(&event.build).unwrap());
            start.as_object_mut().unwrap().retain(|member, _| crate::facts::start_event::may_contain(member));
            event.build = serde_json::from_value(start).unwrap();
            let whole: Build = serde_json::from_value(allowed).unwrap();

            let mut case = Case::of_event(&policy, event, now);
            let mut asked = Vec::new();
            while let Some(question) = case.next_question() {
                asked.push(question.source());
                let reply = match question {
                    Question::RunningBuilds(_) => {
                        compare(&mut [&mut case], &LeftOut::default(), now);
                        continue;
                    }
                    Question::Build(_) => Reply::Build(Box::new(whole.clone())),
                    Question::Project { .. } => Reply::Project(Some(project.clone().into())),
                    other => panic!("{}: {other:?}", kind.id),
                };
                case.add(reply, now);
            }
            asked.sort();
            let expected: Vec<Source> = policy.calls_at_start().flat_map(|(_, sources)| sources).collect();
            assert_eq!(asked, expected, "{}", kind.id);
        }
    }

    /// Adds the members that are missing, at any depth.
    fn merge(json: &mut Value, other: &Value) {
        if let (Value::Object(members), Value::Object(others)) = (json, other) {
            for (name, value) in others {
                merge(members.entry(name.clone()).or_insert_with(|| value.clone()), value);
            }
        }
    }
}
