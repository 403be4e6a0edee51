//! What is read and saved, and what a second reading adds.

use std::fs;

use buildbrake_testkit::codebuild::{ACCOUNT, Call, CodeBuild, running_in};
use serde_json::{Value, json};

use super::{codebuild, ended, fresh_file, id, names, run, saved};

#[test]
fn projects_batches_and_builds_of_several_regions_are_saved_without_secrets() {
    let codebuild = CodeBuild::default();
    let secret = json!([{"name": "TOKEN", "type": "PLAINTEXT", "value": "s3cret"}]);
    for region in ["eu-west-1", "us-east-1"] {
        let arn = |kind: &str, name: &str| format!("arn:aws:codebuild:{region}:{ACCOUNT}:{kind}/{name}");
        let environment = json!({
            "type": "LINUX_CONTAINER",
            "image": "i:1",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": secret,
        });
        codebuild.put_project(json!({"name": "shop", "arn": arn("project", "shop"), "environment": environment}));
        let batch = json!({"id": "shop:b", "arn": arn("build-batch", "shop:b"), "buildBatchStatus": "SUCCEEDED"});
        codebuild.put_batch(batch);
        for number in 0..3 {
            let mut build = ended(region, &id("shop", number), number as i64 + 10);
            build["environment"]["environmentVariables"] = secret.clone();
            build["source"]["location"] = json!("https://bot:s3cret@github.com/acme/shop.git");
            build["source"]["buildspec"] = json!("phases: {build: {commands: [s3cret]}}");
            build["buildBatchArn"] = json!(arn("build-batch", "shop:b"));
            codebuild.put(build);
        }
        codebuild.put(ended(region, &id("other", 0), 10));
    }
    let (endpoint, file) = (codebuild.listen(), fresh_file("regions"));
    let arguments = format!("--region eu-west-1 --region us-east-1 --projects sh* --save {}", file.display());
    let lines = run(&endpoint, &arguments).expect();
    let order: Vec<String> = lines
        .iter()
        .map(|line| {
            let json: Value = serde_json::from_str(line).unwrap();
            json["arn"].as_str().unwrap().replace("arn:aws:codebuild:", "").replace(ACCOUNT, "")
        })
        .collect();
    let expected = |region: &str| {
        let builds = (0..3).map(|number| format!("{region}::build/{}", id("shop", number)));
        let others = [format!("{region}::project/shop"), format!("{region}::build-batch/shop:b")];
        Vec::from_iter(others.into_iter().chain(builds))
    };
    assert_eq!(order, [expected("eu-west-1"), expected("us-east-1")].concat());
    assert_eq!(lines, saved(&file));
    assert!(!lines.concat().contains("s3cret"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_is_saved_and_has_ended_is_not_fetched_again() {
    let codebuild = codebuild(2, 150);
    let running = codebuild_with_running(&codebuild);
    let (endpoint, file) = (codebuild.listen(), fresh_file("again"));
    let arguments = format!("--region eu-west-1 --save {}", file.display());
    assert_eq!(run(&endpoint, &arguments).expect().len(), 2 + 301);
    let operations = endpoint.operations();
    let count = |name: &str| operations.iter().filter(|operation| *operation == name).count();
    assert_eq!((count("ListProjects"), count("BatchGetProjects")), (1, 1));
    assert_eq!((count("ListBuildsForProject"), count("BatchGetBuilds")), (4, 4));

    let first_calls = operations.len();
    let build = ended("eu-west-1", &id("shop-0001", 900), 1);
    codebuild.put(build);
    codebuild.change(&running, |build| build["buildStatus"] = json!("FAILED"));
    let lines = run(&endpoint, &arguments).expect();
    let got: Vec<Call> = endpoint.calls().into_iter().skip(first_calls).collect();
    let got: Vec<Value> = got
        .into_iter()
        .filter(|call| call.operation == "BatchGetBuilds")
        .map(|call| call.input["ids"].clone())
        .collect();
    assert_eq!(got, [json!([running, id("shop-0001", 900)])]);
    assert_eq!((lines.len(), &lines), (2 + 301 + 2, &saved(&file)));
    // A third time, there is nothing to fetch.
    assert_eq!(run(&endpoint, &arguments).expect(), lines);
}

/// Adds a build that is running; returns its id.
fn codebuild_with_running(codebuild: &CodeBuild) -> String {
    let id = id("shop-0000", 999);
    codebuild.put(running_in(ACCOUNT, "eu-west-1", &id));
    id
}

#[test]
fn older_builds_are_left_out_and_their_lists_are_not_read_to_the_end() {
    let codebuild = codebuild(1, 3000);
    let endpoint = codebuild.listen();
    let lines = run(&endpoint, "--region eu-west-1 --since 2h").expect();
    // Builds 10 to 119 minutes ago, with some tolerance for the time that the test takes.
    assert!((1 + 108..=1 + 111).contains(&lines.len()), "{}", lines.len());
    assert!(endpoint.calls().len() < 25, "{:?}", endpoint.operations());
}

#[test]
fn a_line_that_was_cut_off_is_fetched_again_and_other_files_stay_as_they_are() {
    let codebuild = codebuild(1, 3);
    let (endpoint, file) = (codebuild.listen(), fresh_file("cut"));
    let arguments = format!("--region eu-west-1 --save {}", file.display());
    let lines = run(&endpoint, &arguments).expect();
    let whole = fs::read_to_string(&file).unwrap();
    for end in [whole.len() - 1, whole.len() - 20, whole.len() - lines[3].len(), 1, 0] {
        fs::write(&file, &whole[..end]).unwrap();
        let names_of = |lines: &[String]| names(lines);
        assert_eq!(names_of(&run(&endpoint, &arguments).expect()), names_of(&lines), "cut at {end}");
        assert_eq!(saved(&file).len(), 4, "cut at {end}");
    }
    let text_of_another = [
        "hello",
        "hello\n",
        "{\n  \"builds\": []\n}\n",
        "{\"builds\":[]}",
        "{\"builds\":[",
        "{\"id\":\"shop:1\"}",
        "{\"arn\":\"arn:aws:s3:::bucket\"}\n",
    ];
    for text in text_of_another {
        fs::write(&file, text).unwrap();
        let error = run(&endpoint, &arguments).expect_error();
        let expected = "line 1: not a line that `--save` writes; choose a file that does not exist";
        assert!(error.ends_with(expected), "{text}: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}
