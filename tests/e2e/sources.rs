//! A build without a source, secondary sources, and facts that no event contains.

use buildbrake_testkit::{
    codebuild::{CodeBuild, running_in},
    events::{additional_information, event},
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, record};

/// A build of CodeBuild without a source, and with these secondary sources; and its event.
fn without_source(secondary: &Value) -> (CodeBuild, Value) {
    let codebuild = CodeBuild::default();
    let mut build = running_in("111122223333", "eu-west-1", FORBIDDEN);
    build["source"] = json!({"type": "NO_SOURCE", "buildspec": "version: 0.2"});
    build["secondarySources"] = secondary.clone();
    codebuild.put(build);
    codebuild.put_project(json!({
        "name": "shop-api", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"},
    }));
    let mut event = event("forbidden-branch");
    additional_information(&mut event)["source"] = json!({"type": "NO_SOURCE", "buildspec": "version: 0.2"});
    (codebuild, event)
}

#[test]
fn a_build_without_a_source_is_judged_by_that_and_by_its_secondary_sources() {
    let secondary = |owner: &str| {
        let location = format!("https://github.com/{owner}/tools.git");
        json!([{"type": "GITHUB", "location": location, "sourceIdentifier": "tools"}])
    };
    let of_pipeline = json!([{"type": "CODEPIPELINE", "sourceIdentifier": "tools"}]);
    let (acme, evil) = ("https://github.com/acme/*", "https://github.com/evil/*");
    let (get, stop, project) = ("BatchGetBuilds", "StopBuild", "BatchGetProjects");
    for (check, secondary, outcome, undecided, operations) in [
        (format!("allowed-sources: ['{acme}']"), json!([]), "stopped", 0, &[stop] as &[&str]),
        (format!("allowed-sources: ['{acme}', NO_SOURCE]"), json!([]), "allowed", 0, &[get]),
        (format!("allowed-sources: ['{acme}', NO_SOURCE]"), json!(null), "allowed", 0, &[get]),
        (format!("allowed-sources: ['{acme}', NO_SOURCE]"), secondary("acme"), "allowed", 0, &[get]),
        (format!("allowed-sources: ['{acme}', NO_SOURCE]"), secondary("evil"), "stopped", 0, &[get, stop]),
        (format!("allowed-sources: ['{acme}', NO_SOURCE]"), of_pipeline.clone(), "allowed", 1, &[get]),
        (format!("forbidden-sources: ['{evil}']"), json!([]), "allowed", 0, &[get]),
        (format!("forbidden-sources: ['{evil}']"), secondary("acme"), "allowed", 0, &[get]),
        (format!("forbidden-sources: ['{evil}']"), secondary("evil"), "stopped", 0, &[get, stop]),
        (format!("forbidden-sources: ['{evil}']"), of_pipeline, "allowed", 1, &[get]),
        ("forbidden-sources: [NO_SOURCE]".into(), json!([]), "stopped", 0, &[stop]),
        ("forbidden-overrides: [source]".into(), json!([]), "stopped", 0, &[project, stop]),
        ("deny-when: '!has(build.vpcConfig.vpcId)'".into(), json!([]), "stopped", 0, &[get, stop]),
    ] {
        let (codebuild, event) = without_source(&secondary);
        let codebuild = codebuild.listen();
        let record = record(&format!("version: 1\nrules: [{{id: a, {check}}}]\n"), &[], &codebuild, &event);
        assert_eq!(record["outcome"], outcome, "{check} {secondary}: {record}");
        assert_eq!(record["undecided"].as_array().unwrap().len(), undecided, "{check} {secondary}: {record}");
        assert_eq!(codebuild.operations(), operations, "{check} {secondary}");
    }
}
