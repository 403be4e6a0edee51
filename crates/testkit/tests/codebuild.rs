//! The CodeBuild as its callers see it, and as a program of its own.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
};

use buildbrake_testkit::codebuild::{ACCOUNT, Call, CodeBuild, running_in};
use serde_json::{Value, json};

/// The answer to a call in `eu-west-1`.
fn call(codebuild: &CodeBuild, account: &str, operation: &str, input: Value) -> Value {
    let (account, region) = (account.to_owned(), "eu-west-1".to_owned());
    let reply = codebuild.answer(&Call { operation: operation.to_owned(), input, account, region });
    serde_json::from_slice(&reply.written().1).unwrap()
}

#[test]
fn a_started_build_runs_until_it_is_stopped() {
    let codebuild = CodeBuild::default();
    let call = |operation, input| call(&codebuild, ACCOUNT, operation, input);
    let environment = json!({"type": "ARM_CONTAINER", "image": "i:1", "computeType": "BUILD_GENERAL1_SMALL"});
    call("CreateProject", json!({"name": "shop", "environment": environment, "timeoutInMinutes": 20}));
    let input = json!({"projectName": "shop", "sourceVersion": "main", "imageOverride": "i:2"});
    let build = call("StartBuild", input)["build"].clone();
    assert_eq!((&build["buildStatus"], &build["sourceVersion"]), (&json!("IN_PROGRESS"), &json!("main")));
    assert_eq!((&build["environment"]["type"], &build["timeoutInMinutes"]), (&json!("ARM_CONTAINER"), &json!(20)));
    assert_eq!(build["environment"]["image"], "i:2");
    assert_eq!(
        build["arn"],
        format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", build["id"].as_str().unwrap())
    );

    assert_eq!(call("ListProjects", json!({}))["projects"], json!(["shop"]));
    assert_eq!(call("ListBuildsForProject", json!({"projectName": "shop"}))["ids"], json!([build["id"]]));
    let id = json!({"id": build["id"]});
    assert_eq!(call("StopBuild", id)["build"]["buildStatus"], "STOPPED");
    let got = call("BatchGetBuilds", json!({"ids": [build["id"], "shop:none"]}));
    assert_eq!((&got["builds"][0]["buildComplete"], &got["buildsNotFound"]), (&json!(true), &json!(["shop:none"])));
}

#[test]
fn accounts_see_nothing_of_each_other() {
    let codebuild = CodeBuild::default();
    call(&codebuild, ACCOUNT, "CreateProject", json!({"name": "shop"}));
    let build = call(&codebuild, ACCOUNT, "StartBuild", json!({"projectName": "shop"}))["build"].clone();
    let stop = call(&codebuild, "444455556666", "StopBuild", json!({"id": build["id"]}));
    assert_eq!(stop["__type"], "ResourceNotFoundException");
    assert!(codebuild.stopped().is_empty());
}

#[test]
fn a_batch_is_stopped_with_its_builds() {
    let codebuild = CodeBuild::default();
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:b";
    codebuild.put_batch(json!({"id": "shop:b", "arn": arn, "buildBatchStatus": "IN_PROGRESS"}));
    let mut build = running_in(ACCOUNT, "eu-west-1", "shop:1");
    build["buildBatchArn"] = json!(arn);
    codebuild.put(build);
    codebuild.put(running_in(ACCOUNT, "eu-west-1", "shop:2"));
    let call = |operation, input| call(&codebuild, ACCOUNT, operation, input);
    assert_eq!(call("ListBuildBatchesForProject", json!({"projectName": "shop"}))["ids"], json!(["shop:b"]));
    assert_eq!(call("StopBuildBatch", json!({"id": "shop:b"}))["buildBatch"]["buildBatchStatus"], "STOPPED");
    assert_eq!(codebuild.stopped(), BTreeSet::from(["shop:1".to_owned()]));
}

#[test]
fn the_program_serves_it() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake-testkit"));
    let mut child = command.args(["codebuild", "--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let mut stream = TcpStream::connect(url.trim().strip_prefix("http://").unwrap()).unwrap();
    let head = "POST / HTTP/1.1\r\nx-amz-target: CodeBuild_20161006.ListProjects\r\ncontent-length: 2\r\n\
                authorization: AWS4-HMAC-SHA256 Credential=111122223333/20261126/eu-west-1/codebuild/aws4_request\r\n";
    stream.write_all(format!("{head}\r\n{{}}").as_bytes()).unwrap();
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}
