use serde_json::{Map, Value, json};

use super::*;
use crate::{
    event::{BuildEvent, TriggerKind},
    facts::inquiry::Case,
    model::{
        Build, BuildBatch, Project,
        shape::{MemberType, Shape},
    },
};

#[test]
fn an_exemption_by_cost_is_named() {
    let policy = "version: 1
prices: { S: 0.01 }
rules: [{ id: r, max-timeout: 1m, except: [{ when: cost > 0.1 }] }]";
    let policy = Policy::parse("policy.yaml", policy).unwrap();
    let build: Build = serde_json::from_str(
        r#"{"timeoutInMinutes": 60, "environment": {"computeType": "S"}, "phases": [
                {"phaseType": "QUEUED", "startTime": "2026-11-20T08:00:00Z", "endTime": "2026-11-20T08:00:01Z"},
                {"phaseType": "BUILD", "startTime": "2026-11-20T08:00:01Z"}]}"#,
    )
    .unwrap();
    let facts = Facts { is_whole: true, is_sample: true, ..Facts::of(&build, "2026-11-20T09:00:00Z".parse().unwrap()) };
    assert_eq!(reasons(&policy, facts)[0].why, "exempt by when cost > 0.1");
}

/// Explains an event's or the API's build.
fn explained(rule: &str, build: &str, is_whole: bool) -> Explanation {
    let policy = format!("version: 1\nrules: [{{ id: r, {rule} }}]");
    let policy = Policy::parse("policy.yaml", &policy).unwrap_or_else(|faults| panic!("{faults}"));
    let build: Build = serde_json::from_str(build).unwrap();
    let facts = Facts::known(&build, is_whole, None, "2026-11-20T09:00:00Z".parse().unwrap());
    let one_line = reasons(&policy, facts.clone());
    let mut rules = explain(&policy, facts);
    assert_eq!(rules[0].why, one_line[0].why);
    rules.remove(0)
}

const BUILD: &str = r#"{"projectName": "shop", "sourceVersion": "refs/heads/main", "timeoutInMinutes": 60,
    "initiator": "alice", "environment": {"type": "LINUX_CONTAINER", "privilegedMode": true}}"#;

#[test]
fn each_decision_is_named() {
    for (rule, decision) in [
        ("max-timeout: 60m", Decided::Passes),
        ("max-timeout: 1m", Decided::Broken),
        ("forbidden-images: ['*']", Decided::Undecided),
        ("max-timeout: 1m, except: [{ projects: [shop] }]", Decided::Exempt),
        ("max-timeout: 1m, only: [{ projects: [other] }]", Decided::OutOfScope),
        ("max-timeout: 1m, mode: off", Decided::Off),
    ] {
        assert_eq!(explained(rule, BUILD, false).decision, decision, "{rule}");
    }
}

#[test]
fn each_criterion_shows_its_answer_value_and_source() {
    for (selector, is_whole, expected) in [
        ("projects: [sh*]", false, "    yes: projects sh*; found: shop, from the event"),
        ("projects: [other]", true, "    no: projects other; found: shop, from the Build"),
        ("branches: [main]", false, "    yes: branches main; found: main, from the source version"),
        ("initiators: [bob]", true, "    no: initiators bob; found: alice, from the Build"),
        ("started-by: [user]", true, "    yes: started-by user; found: user, from the Build"),
        ("regions: [eu-*]", false, "    unknown: regions eu-*; unknown: arn; BatchGetBuilds may provide it"),
        ("tags: { team: [a] }", false, "    unknown: tag team a; unknown: project; BatchGetProjects may provide it"),
        ("when: build.timeoutInMinutes > 5", false, "    yes: when"),
    ] {
        let text = explained(&format!("max-timeout: 1m, only: [{{ {selector} }}]"), BUILD, is_whole).to_string();
        assert!(text.lines().any(|line| line == expected), "{selector}\n{text}");
    }
}

#[test]
fn what_started_a_batch_is_from_the_batch() {
    let build: Build = serde_json::from_str(BUILD).unwrap();
    let batch: BuildBatch = serde_json::from_value(json!({"initiator": "carol"})).unwrap();
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    let facts = Facts { build_batch: Some(&batch), ..Facts::known(&build, true, None, now) };
    let text = "version: 1\nrules: [{ id: r, forbidden-initiators: [carol], only: [{ started-by: [user] }] }]";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    let explanation = &explain(&policy, facts)[0];
    assert_eq!(explanation.why, "broken: forbidden-initiators carol; found: carol (from the batch)");
    assert_eq!(explanation.from, Some(FactFrom::Batch));
    let text = explanation.to_string();
    assert!(text.contains("yes: started-by user; found: user, from the batch"), "{text}");
}

#[test]
fn each_part_of_an_expression_is_evaluated() {
    let expression = "build.environment.privilegedMode && !(region == 'eu-west-2' || build.initiator != 'alice')";
    let text = explained(&format!("deny-when: \"{expression}\""), BUILD, true).to_string();
    assert_eq!(
        text,
        "r: undecided
  deny-when
  unknown: arn; the Build has no `arn`
    unknown: build.environment.privilegedMode && !(region == 'eu-west-2' || build.initiator !=
        'alice')
      true: build.environment.privilegedMode
        build.environment.privilegedMode = true
      unknown: !(region == 'eu-west-2' || build.initiator != 'alice')
        unknown: region == 'eu-west-2' || build.initiator != 'alice'
          unknown: region == 'eu-west-2'
            `arn` is unknown
            region = unknown
          false: build.initiator != 'alice'
            build.initiator = alice
"
    );
    // One side settles the answer; the other one is shown nevertheless.
    let text =
        explained("deny-when: build.environment.privilegedMode || region == 'eu-west-2'", BUILD, true).to_string();
    assert!(text.contains("  true: build") && text.contains("      unknown: region == 'eu-west-2'"), "{text}");
}

#[test]
fn no_secret_is_shown() {
    let build = r#"{"projectName": "shop", "initiator": "https://u:CANARY@example.com/?t=CANARY#CANARY",
        "source": {"type": "GITHUB", "location": "https://u:CANARY@github.com/a/b?t=CANARY",
            "buildspec": "version: 0.2 CANARY\n"},
        "environment": {"environmentVariables": [{"name": "A", "value": "CANARY"}]},
        "exportedEnvironmentVariables": [{"name": "A", "value": "CANARY"}],
        "phases": [{"phaseType": "BUILD", "contexts": [{"message": "CANARY"}]}]}"#;
    for rule in [
        "deny-when: \"build.environment.environmentVariables.exists(v, v.value == 'x')\"",
        "deny-when: \"build.environment.environmentVariables[0].value == 'x'\"",
        "deny-when: \"build.exportedEnvironmentVariables[0].value == 'x'\"",
        "deny-when: \"build.source.buildspec.startsWith('x') || build.source.location == 'https://github.com/x/y'\"",
        "deny-when: \"build.initiator == 'x'\"",
        "deny-when: \"build.phases[0].contexts[0].message == 'x'\"",
        "allowed-sources: ['https://github.com/other/*']",
        "max-timeout: 1m, only: [{ initiators: [bob] }], except: [{ sources: ['https://github.com/x/y']  }]",
    ] {
        let explanation = explained(rule, build, true);
        let text = format!("{explanation}{}", serde_json::to_string(&explanation).unwrap());
        assert!(!text.contains("CANARY"), "{rule}\n{text}");
    }
}

/// A value with every member of the API, and a secret in each text: as plain text where the whole text is a secret, or
/// else in a URL.
fn canaries(kind: MemberType, name: &str) -> Value {
    let is_secret = ["value", "secret", "buildspec", "message"].contains(&name);
    match kind {
        MemberType::Flag => json!(true),
        MemberType::Integer => json!(5),
        MemberType::Time => json!("2026-11-20T08:00:00Z"),
        MemberType::Text if is_secret => json!("say: CANARY\n"),
        MemberType::Text => json!("https://u:CANARY@example.com/a?t=CANARY#CANARY"),
        MemberType::List(element) => json!([canaries(*element, name)]),
        MemberType::Structure(shape) => {
            let members = shape.names().into_iter().map(|name| {
                let value = canaries(shape.member(&name).unwrap(), &name);
                (name, value)
            });
            members.collect::<Map<_, _>>().into()
        }
    }
}

/// The paths of all texts that an expression can name.
fn texts(shape: &Shape, path: &str) -> Vec<String> {
    let members = shape.names().into_iter().map(|name| (shape.member(&name).unwrap(), format!("{path}.{name}")));
    let texts = members.flat_map(|(kind, path)| match kind {
        MemberType::Text => vec![path],
        MemberType::Structure(shape) => texts(shape, &path),
        MemberType::Flag | MemberType::Integer | MemberType::Time | MemberType::List(_) => Vec::new(),
    });
    texts.collect()
}

#[test]
fn no_member_shows_a_secret() {
    let build: Build = serde_json::from_value(canaries(MemberType::Structure(Build::SHAPE), "")).unwrap();
    let project: Project = serde_json::from_value(canaries(MemberType::Structure(Project::SHAPE), "")).unwrap();
    let batch: BuildBatch = serde_json::from_value(canaries(MemberType::Structure(BuildBatch::SHAPE), "")).unwrap();
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    let facts = Facts { build_batch: Some(&batch), project: Some(&project), ..Facts::known(&build, true, None, now) };
    let shapes = [("build", Build::SHAPE), ("project", Project::SHAPE), ("batch", BuildBatch::SHAPE)];
    let paths: Vec<String> = shapes.into_iter().flat_map(|(name, shape)| texts(shape, name)).collect();
    assert!(paths.len() > 100, "{paths:?}");
    for path in paths {
        let policy = format!("version: 1\nrules: [{{ id: r, deny-when: '{path} == account' }}]");
        let policy = Policy::parse("policy.yaml", &policy).unwrap_or_else(|faults| panic!("{faults}"));
        let explanation = explain(&policy, facts.clone()).remove(0);
        let text = format!("{explanation}{}", serde_json::to_string(&explanation).unwrap());
        assert!(text.contains(&format!("{path} = ")), "{text}");
        assert!(!text.contains("CANARY"), "{text}");
    }
}

/// Explains the API's Build as the function would ask about it.
fn case_text(rule: &str, members: Value) -> String {
    let policy = format!("version: 1\nrules: [{{ id: r, {rule} }}]");
    let policy = Policy::parse("policy.yaml", &policy).unwrap_or_else(|faults| panic!("{faults}"));
    let id = "shop:5e000000-0000-4000-8000-000000000001";
    let mut build = json!({"id": id, "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}"),
        "projectName": "shop", "buildStatus": "IN_PROGRESS", "startTime": "2026-11-20T08:00:00Z", "initiator": "alice"});
    build.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let build = serde_json::from_value(build).unwrap();
    let event = BuildEvent::new(TriggerKind::Sweep, id.parse().unwrap(), None, Box::new(build));
    let now = "2026-11-20T09:00:00Z".parse().unwrap();
    Case::of_build(&policy, event, now).explain(now).to_string()
}

#[test]
fn the_next_questions_are_named_with_their_calls_and_rules() {
    let commit = "d5b0159a3ce05a95d7f16055dab3e0ae3cae6cff";
    let github = json!({"type": "GITHUB", "location": "https://u:CANARY@github.com/example/shop"});
    let batch = "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:5e000000-0000-4000-8000-000000000009";
    let s3 = "arn:aws:s3:::artifacts/shop/source.zip";
    for (rule, members, expected) in [
        ("forbidden-overrides: [image]", json!({}), "  BatchGetProjects: shop, for `r`\n"),
        (
            "forbidden-branches: [main]",
            json!({"sourceVersion": commit, "source": github}),
            "  git ls-refs: https://github.com/example/shop, for `r`\n",
        ),
        (
            "forbidden-branches: [main]",
            json!({"sourceVersion": s3, "initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}}),
            "release, for `r`\n",
        ),
        (
            "forbidden-initiators: [bob]",
            json!({"buildBatchArn": batch, "initiator": "x/AWSCodeBuild-1"}),
            "  BatchGetBuildBatches: shop:",
        ),
        ("'only-newest-per': [project, ref]", json!({"sourceVersion": "refs/heads/dev"}), "  ListBuildsForProject"),
    ] {
        let text = case_text(rule, members);
        assert!(
            text.contains("The function would ask for, in this order") && text.contains(expected),
            "{rule}\n{text}"
        );
        assert!(!text.contains("CANARY"), "{text}");
    }
    let text = case_text("forbidden-branches: [main]", json!({"sourceVersion": "dev"}));
    assert!(!text.contains("would ask"), "{text}");
}

/// The first paragraph of an explanation in one line.
fn heading(text: &str) -> String {
    text.split("\n\n").next().unwrap().replace("\n    ", " ")
}

#[test]
fn an_undecided_rule_names_what_its_on_unknown_does() {
    for (on_unknown, action, effect) in [
        ("report", "allowed, as far as is known: 1 rule is undecided", "r: undecided\n"),
        (
            "ignore",
            "allowed, as far as is known: 1 rule is undecided",
            "r: undecided, ignored by `on-unknown: ignore`\n",
        ),
        ("stop", "would be stopped", "r: undecided, counts as broken by `on-unknown: stop`\n"),
    ] {
        let text = case_text(&format!("max-timeout: 5m, on-unknown: {on_unknown}"), json!({}));
        assert!(heading(&text).ends_with(action) && text.contains(effect), "{text}");
    }
    let text = case_text("max-timeout: 5m }, { id: s, forbidden-overrides: [image]", json!({}));
    assert!(heading(&text).ends_with(": allowed, as far as is known: 2 rules are undecided"), "{text}");
    let text = case_text("forbidden-overrides: [image], on-unknown: stop", json!({}));
    assert!(heading(&text).ends_with("1 rule is undecided") && text.contains("r: undecided\n"), "{text}");
    assert!(text.contains("BatchGetProjects: shop, for `r`"), "{text}");
}
