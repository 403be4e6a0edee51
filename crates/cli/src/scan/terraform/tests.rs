use buildbrake_core::{
    policy::Policy,
    scan::{AnswerKind, scan},
};
use serde_json::json;

use super::*;

/// A plan with a configuration and these resources: the address, the values, and the marks of unknown and of sensitive
/// values.
fn plan(resources: &[(&str, Json, Json, Json)], configuration: Json) -> String {
    let kind = |address: &str| address.split('.').rev().nth(1).unwrap().to_owned();
    let values = resources.iter().map(|(address, values, _, sensitive)| {
        json!({ "address": address, "mode": "managed", "type": kind(address), "values": values, "sensitive_values": sensitive })
    });
    let changes = resources.iter().map(|(address, _, unknown, _)| {
        json!({ "address": address, "type": kind(address), "change": { "after_unknown": unknown } })
    });
    json!({
        "format_version": "1.2",
        "planned_values": { "root_module": { "resources": values.collect::<Vec<_>>() } },
        "resource_changes": changes.collect::<Vec<_>>(),
        "configuration": configuration,
    })
    .to_string()
}

fn projects(plan: &str) -> Projects {
    read("plan.json", plan.as_bytes(), &Destination::default()).unwrap()
}

/// The decision of an expression about the only project.
fn decided(projects: &Projects, expression: &str) -> AnswerKind {
    let policy = json!({ "version": 1, "rules": [{ "id": "a", "deny-when": expression }] });
    let policy = Policy::parse("policy.yaml", &policy.to_string()).unwrap();
    let now = "2026-11-27T09:00:00Z".parse().unwrap();
    scan(&policy, &projects.projects[0].settings, now).rules[0].answer.kind()
}

const APP: &str = "aws_codebuild_project.app";

/// A replacement that failed has left the old object behind, with the same address.
#[test]
fn a_deposed_object_hides_nothing_of_the_one_in_its_place() {
    let values = json!({ "name": "app", "environment": [{ "type": "LINUX_CONTAINER" }] });
    let unknown = json!({ "environment": [{ "image": true }] });
    let mut plan: Json = serde_json::from_str(&plan(&[(APP, values, unknown, json!({}))], json!({}))).unwrap();
    let deposed = json!({
        "address": APP, "type": "aws_codebuild_project", "deposed": "abcd1234", "change": { "after_unknown": {} },
    });
    plan["resource_changes"].as_array_mut().unwrap().push(deposed);
    let found = projects(&plan.to_string());
    assert_eq!(decided(&found, "build.environment.image == 'x'"), AnswerKind::Unknown);
}

#[test]
fn what_is_unknown_or_sensitive_stays_unknown_part_by_part() {
    let values = json!({
        "name": "app", "description": "", "build_timeout": 90,
        "environment": [{ "type": "LINUX_CONTAINER", "compute_type": "BUILD_GENERAL1_SMALL", "fleet": [],
            "environment_variable": [{ "name": "A", "value": "secret" }, { "name": "B", "value": null }] }],
        "source": [{ "type": "GITHUB", "location": "https://github.com/acme/app.git" }],
        "tags_all": { "team": "ci" }, "cache": [],
    });
    let unknown = json!({
        "arn": true, "environment": [{ "image": true, "environment_variable": [{}, { "value": true }] }],
        "vpc_config": [{ "vpc_id": true }], "tags_all": {},
    });
    let sensitive = json!({ "environment": [{ "environment_variable": [{ "value": true }, {}] }] });
    let found = projects(&plan(&[(APP, values, unknown, sensitive)], json!({})));
    for (expression, expected) in [
        ("build.timeoutInMinutes == 90", AnswerKind::Broken),
        ("build.queuedTimeoutInMinutes == 480", AnswerKind::Broken),
        ("has(project.description)", AnswerKind::Passes),
        ("build.environment.image == 'x'", AnswerKind::Unknown),
        ("build.environment.environmentVariables.exists(v, v.name == 'B')", AnswerKind::Broken),
        ("build.environment.environmentVariables.exists(v, v.value == 'secret')", AnswerKind::Unknown),
        ("has(build.environment.fleet)", AnswerKind::Passes),
        ("has(build.vpcConfig)", AnswerKind::Broken),
        ("build.vpcConfig.vpcId == 'vpc-1'", AnswerKind::Unknown),
        ("build.cache.type == 'NO_CACHE'", AnswerKind::Broken),
        ("project.tags.exists(t, t.key == 'team' && t.value == 'ci')", AnswerKind::Broken),
        ("has(project.arn)", AnswerKind::Unknown),
        ("has(project.webhook)", AnswerKind::Passes),
    ] {
        assert_eq!(decided(&found, expression), expected, "{expression}");
    }
}

#[test]
fn a_webhook_belongs_to_the_project_of_its_name_or_reference() {
    let project = |name: Json| (APP, json!({ "name": name }), json!({ "name": name.is_null() }), json!({}));
    let hook = |name: Json| {
        let groups = json!([{ "filter": [{ "type": "EVENT", "pattern": "PUSH", "exclude_matched_pattern": null }] }]);
        let values = json!({ "project_name": name, "filter_group": groups });
        ("aws_codebuild_webhook.app", values, json!({ "project_name": name.is_null() }), json!({ "secret": true }))
    };
    let refers = |references: Json| {
        let hook = json!({ "address": "aws_codebuild_webhook.app", "type": "aws_codebuild_webhook",
            "expressions": { "project_name": { "references": references } } });
        json!({ "root_module": { "resources": [hook] } })
    };
    let to_app = refers(json!(["aws_codebuild_project.app.name", "aws_codebuild_project.app"]));
    let to_other = refers(json!(["aws_codebuild_project.other.name", "aws_codebuild_project.other"]));
    let to_nothing = refers(json!(["var.name"]));
    for (project_name, hook_name, configuration, expected) in [
        (json!("app"), json!("app"), json!({}), AnswerKind::Broken),
        (json!("app"), json!("other"), to_app.clone(), AnswerKind::Passes),
        (json!(null), json!(null), to_app, AnswerKind::Broken),
        (json!("app"), json!(null), to_other.clone(), AnswerKind::Passes),
        (json!("app"), json!(null), to_nothing, AnswerKind::Unknown),
        (json!(null), json!("app"), json!({}), AnswerKind::Unknown),
        (json!(null), json!("other"), to_other, AnswerKind::Passes),
    ] {
        let found = projects(&plan(&[project(project_name.clone()), hook(hook_name.clone())], configuration));
        assert_eq!(decided(&found, "has(project.webhook)"), expected, "{project_name} {hook_name}");
        if expected == AnswerKind::Broken {
            let filters = "project.webhook.filterGroups[0][0].pattern == 'PUSH'";
            assert_eq!(decided(&found, filters), AnswerKind::Broken);
        }
    }
}

#[test]
fn addresses_without_the_keys_of_instances() {
    for (address, plain) in [
        ("aws_codebuild_project.a", "aws_codebuild_project.a"),
        ("aws_codebuild_project.a[0]", "aws_codebuild_project.a"),
        (
            r#"module.m["a.b]"].module.n[1].aws_codebuild_project.a["x\"]"]"#,
            "module.m.module.n.aws_codebuild_project.a",
        ),
        ("a]b[", "ab"),
    ] {
        assert_eq!(resource::without_keys(address), plain);
    }
}

#[test]
fn the_region_is_that_of_the_arn_the_resource_or_the_provider() {
    let configuration = json!({
        "provider_config": { "aws": { "expressions": { "region": { "constant_value": "eu-central-1" } } } },
        "root_module": { "resources": [{ "address": APP, "type": PROJECT, "provider_config_key": "aws" }] },
    });
    let planned = |values: Json, unknown: Json, configuration: &Json| {
        let found = projects(&plan(&[(APP, values, unknown, json!({}))], configuration.clone()));
        found.projects[0].settings.region().map(str::to_owned)
    };
    let region = |values: Json, configuration: &Json| planned(values, json!({}), configuration);
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:project/app";
    assert_eq!(region(json!({ "arn": arn, "region": "us-east-1" }), &configuration).as_deref(), Some("eu-west-1"));
    // Since version 6 of the provider, a resource can have a region.
    assert_eq!(region(json!({ "region": "us-east-1" }), &configuration).as_deref(), Some("us-east-1"));
    assert_eq!(region(json!({}), &configuration).as_deref(), Some("eu-central-1"));
    assert_eq!(region(json!({}), &json!({})), None);
    assert_eq!(planned(json!({ "arn": null }), json!({ "arn": true, "region": true }), &configuration), None);
}

#[test]
fn a_plan_that_power_shell_wrote_is_read() {
    let plan = plan(&[(APP, json!({ "name": "é" }), json!({}), json!({}))], json!({}));
    let utf_16 = [0xfeff].into_iter().chain(plan.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let utf_8 = ["\u{feff}", &plan].concat().into_bytes();
    for bytes in [utf_16, utf_8] {
        let found = read("plan.json", &bytes, &Destination::default()).unwrap();
        assert_eq!(found.projects[0].settings.name(), Some("é"));
    }
}

/// If a project has no tags and its provider no default tags, the provider marks `tags_all` as unknown until the plan
/// is applied.
#[test]
fn a_project_without_tags_has_none() {
    let provider = |expressions: Json| {
        json!({
            "provider_config": { "aws": { "expressions": expressions } },
            "root_module": { "resources": [{ "address": APP, "type": PROJECT, "provider_config_key": "aws" }] },
        })
    };
    let without = provider(json!({ "region": { "constant_value": "eu-central-1" } }));
    let with = provider(json!({ "default_tags": [{ "tags": { "references": ["var.tags"] } }] }));
    let elsewhere = json!({
        "provider_config": {},
        "root_module": { "resources": [{ "address": APP, "type": PROJECT, "provider_config_key": "aws" }] },
    });
    let tagged = json!({ "team": "ci" });
    for (tags, tags_unknown, configuration, expected) in [
        (json!(null), json!(null), &without, AnswerKind::Passes),
        (json!({}), json!({}), &without, AnswerKind::Passes),
        (json!({}), json!({}), &with, AnswerKind::Unknown),
        (json!({}), json!({}), &elsewhere, AnswerKind::Unknown),
        (json!(null), json!(true), &without, AnswerKind::Unknown),
        (tagged, json!({}), &without, AnswerKind::Unknown),
    ] {
        let values = json!({ "name": "app", "tags": tags });
        let unknown = json!({ "tags": tags_unknown, "tags_all": true });
        let found = projects(&plan(&[(APP, values, unknown, json!({}))], configuration.clone()));
        assert_eq!(decided(&found, "project.tags.exists(t, t.key == 'x')"), expected, "{tags} {configuration}");
    }
}

/// A block `removed` with `destroy = false`.
#[test]
fn a_project_that_terraform_forgets_is_not_judged() {
    let plan = json!({
        "format_version": "1.2",
        "planned_values": { "root_module": { "resources": [{ "address": APP, "mode": "managed", "type": PROJECT, "sensitive_values": false }] } },
        "resource_changes": [{ "address": APP, "type": PROJECT, "change": { "actions": ["forget"], "before": { "build_timeout": 480 } } }],
    });
    let found = projects(&plan.to_string());
    assert!(found.projects.is_empty());
    assert_eq!(found.left_out[0].why, "Terraform removes this project from its state and leaves it as it is");
}

#[test]
fn a_stack_that_the_plan_creates_is_not_judged() {
    for stack in STACKS {
        let address = format!("{stack}.ci");
        let values = json!({ "name": "ci", "template_body": "Resources: {}" });
        let found = projects(&plan(&[(&address, values, json!({}), json!({}))], json!({})));
        let left_out: Vec<&str> = found.left_out.iter().map(|left_out| left_out.origin.address.as_str()).collect();
        assert_eq!(left_out, [address.as_str()]);
        assert_eq!(found.left_out[0].why, "the template that it deploys is not read; scan it by itself");
        let deleted = json!({
            "format_version": "1.2", "planned_values": { "root_module": {} },
            "resource_changes": [{ "address": address, "type": stack, "change": { "actions": ["delete"] } }],
        });
        assert!(projects(&deleted.to_string()).left_out.is_empty());
    }
}

/// `terraform plan -target=…` plans no values of the other resources.
#[test]
fn a_plan_of_some_resources_does_not_show_all() {
    let of = |complete: Option<bool>| {
        let mut plan: Json =
            serde_json::from_str(&plan(&[(APP, json!({ "name": "app" }), json!({}), json!({}))], json!({}))).unwrap();
        plan["complete"] = json!(complete);
        projects(&plan.to_string())
    };
    let found = of(Some(false));
    assert_eq!(found.projects.len(), 1);
    assert_eq!(found.left_out[0].why, "the plan is incomplete, as one with `-target`; scan a whole plan");
    assert!(of(Some(true)).left_out.is_empty());
    // Older versions do not write it.
    assert!(of(None).left_out.is_empty());
}

/// `terraform plan -refresh-only` plans no values: the projects are those of the state.
#[test]
fn a_plan_that_only_refreshes_has_the_projects_of_the_state() {
    let state = json!({ "root_module": { "resources": [
        { "address": APP, "mode": "managed", "type": PROJECT, "values": { "name": "app" }, "sensitive_values": {} },
    ] } });
    let refresh = json!({
        "format_version": "1.2", "planned_values": { "root_module": {} },
        "resource_drift": [{ "address": APP, "type": PROJECT, "change": { "actions": ["update"] } }],
        "prior_state": { "format_version": "1.0", "values": state },
    });
    assert_eq!(projects(&refresh.to_string()).projects[0].settings.name(), Some("app"));
    // `terraform plan -destroy` plans no values, either.
    let mut destroy = refresh;
    destroy["resource_changes"] = json!([{ "address": APP, "type": PROJECT, "change": { "actions": ["delete"] } }]);
    assert!(projects(&destroy.to_string()).projects.is_empty());
}

#[test]
fn plans_that_are_not_whole() {
    let deferred = json!({
        "format_version": "1.2", "planned_values": { "root_module": {} },
        "deferred_changes": [{ "reason": "unknown", "resource_change": { "address": APP, "type": PROJECT } }],
    });
    let found = projects(&deferred.to_string());
    assert_eq!(found.left_out[0].why, "Terraform has deferred this project to a later plan");
    let errored = json!({ "format_version": "1.2", "planned_values": { "root_module": {} }, "errored": true });
    let error = read("plan.json", errored.to_string().as_bytes(), &Destination::default()).unwrap_err().to_string();
    assert!(error.starts_with("plan.json: Terraform could not finish this plan"), "{error}");
    // The state of a configuration that nobody has applied yet.
    let empty = read("state.json", br#"{"format_version": "1.0"}"#, &Destination::default()).unwrap_err().to_string();
    assert!(empty.contains("this state is empty; name a plan"), "{empty}");
    let nested = format!(r#"{{"format_version": "1.0", "values": {}"#, "[".repeat(100_000));
    assert!(read("state.json", nested.as_bytes(), &Destination::default()).is_err());
}

proptest::proptest! {
    /// A damaged plan is an error or has projects; nothing panics.
    #[test]
    fn damage_is_no_panic(at in 0..10_000_usize, length in 0..30_usize, with in "[a-z\"{}\\[\\]:, ]{0,6}") {
        let plan = include_str!("../../../../../tests/terraform/scan/plan.json");
        let mut bytes = plan.as_bytes().to_vec();
        let at = at * bytes.len() / 10_000;
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with.into_bytes());
        let _ = read("plan.json", &bytes, &Destination::default());
    }
}
