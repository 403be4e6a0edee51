//! What is null, absent, empty or the API's own default is the same in a build and in its project.

use serde_json::{Value, json};

use super::{
    Given, Override,
    starters::{build, project, with},
};

/// Members, each with values that mean the same as an absent member.
fn same_values() -> Vec<(&'static str, Vec<Value>)> {
    let environment = vec![
        ("/environment/privilegedMode", vec![json!(false)]),
        ("/environment/certificate", vec![json!("")]),
        ("/environment/hostKernel", vec![json!("")]),
        ("/environment/imagePullCredentialsType", vec![json!(""), json!("CODEBUILD")]),
        (
            "/environment/registryCredential",
            vec![json!({}), json!({"credential": ""}), json!({"credential": "", "credentialProvider": ""})],
        ),
        ("/environment/fleet", vec![json!({}), json!({"fleetArn": ""})]),
        (
            "/environment/computeConfiguration",
            vec![json!({}), json!({"machineType": "", "instanceType": ""}), json!({"vCpu": 0, "memory": 0, "disk": 0})],
        ),
        ("/environment/environmentVariables", vec![json!([])]),
    ];
    let rest = vec![
        ("/secondarySources", vec![json!([])]),
        ("/secondarySourceVersions", vec![json!([])]),
        ("/secondaryArtifacts", vec![json!([])]),
        ("/sourceVersion", vec![json!("")]),
        ("/source/auth", vec![json!({}), json!({"type": "", "resource": ""})]),
        ("/source/insecureSsl", vec![json!(false)]),
        ("/source/buildspec", vec![json!("")]),
        ("/artifacts", vec![json!({}), json!({"location": ""}), json!({"encryptionDisabled": false})]),
        ("/cache", vec![json!({}), json!({"type": ""}), json!({"type": "NO_CACHE", "location": "", "modes": []})]),
        ("/serviceRole", vec![json!("")]),
        ("/encryptionKey", vec![json!("")]),
        ("/autoRetryConfig", vec![json!({}), json!({"autoRetryLimit": 0})]),
        ("/debugSession", vec![json!({}), json!({"sessionEnabled": false})]),
    ];
    environment.into_iter().chain(rest).map(|(member, values)| (member, [vec![json!(null)], values].concat())).collect()
}

#[test]
fn what_is_empty_is_no_override() {
    for (member, values) in same_values() {
        for (ours, theirs) in values.iter().flat_map(|ours| values.iter().map(move |theirs| (ours, theirs))) {
            let given =
                Given::of(with(build(), &[(member, ours.clone())]), with(project(), &[(member, theirs.clone())]));
            for kind in Override::ALL {
                assert_eq!(given.judged(&[kind]), "pass", "{}: {member} {ours} beside {theirs}", kind.name());
            }
        }
    }
}

#[test]
fn an_empty_part_of_a_setting_is_no_override() {
    let variable = |kind: Value| json!([{"name": "STAGE", "value": "dev", "type": kind}]);
    let registry = |provider: Value| json!({"credential": "hub", "credentialProvider": provider});
    let auth = |resource: Value| json!({"type": "OAUTH", "resource": resource});
    let compute = |instance: Value| json!({"vCpu": 4, "memory": null, "instanceType": instance});
    for (member, values) in [
        ("/environment/environmentVariables", [json!(null), json!(""), json!("PLAINTEXT")].map(variable)),
        ("/environment/registryCredential", [json!(null), json!(""), json!("SECRETS_MANAGER")].map(registry)),
        ("/source/auth", [json!(null), json!(""), json!("")].map(auth)),
        ("/environment/computeConfiguration", [json!(null), json!(""), json!("")].map(compute)),
    ] {
        for (ours, theirs) in values.iter().flat_map(|ours| values.iter().map(move |theirs| (ours, theirs))) {
            let given =
                Given::of(with(build(), &[(member, ours.clone())]), with(project(), &[(member, theirs.clone())]));
            for kind in Override::ALL {
                assert_eq!(given.judged(&[kind]), "pass", "{}: {ours} beside {theirs}", kind.name());
            }
        }
    }
}
