//! `buildbrake scan` on templates, on plans and states of Terraform, and on accounts.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use buildbrake_testkit::{
    codebuild::{ACCOUNT, Endpoint},
    http::Reply,
};
use serde_json::{Value, json};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const POLICY: &str = "tests/terraform/scan/policy.yaml";
const PLAN: &str = "tests/terraform/scan/plan.json";
const STATE: &str = "tests/terraform/scan/state.json";

/// A template in which every value that may be a secret is a canary.
const TEMPLATE: &str = r#"
Parameters:
  Key: { Type: String, NoEcho: true, Default: canary-parameter }
  Image: { Type: String }
Conditions:
  Later: !Equals [!Ref Image, x]
Resources:
  Build:
    Type: AWS::CodeBuild::Project
    Condition: Later
    Properties:
      Name: "=shop\e[2J"
      TimeoutInMinutes: 480
      Source:
        Type: GITHUB
        Location: https://user:canary-url@github.com/acme/shop.git?canary-query
        BuildSpec: "version: 0.2 # canary-buildspec"
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: BUILD_GENERAL1_LARGE
        Image: !Ref Image
        PrivilegedMode: true
        EnvironmentVariables:
          - { Name: DB_PASSWORD, Value: canary-variable }
          - { Name: KEY, Value: !Ref Key }
      Triggers: { Webhook: true }
"#;

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scan").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
    command.current_dir(ROOT).arg("scan");
    command
}

fn scan(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rules of a project that have this decision.
fn decided(report: &Value, address: &str, decision: &str) -> Vec<String> {
    let mut projects = report["projects"].as_array().unwrap().iter();
    let project = projects.find(|project| project["address"] == address).unwrap();
    let rules = project["rules"].as_array().unwrap().iter();
    rules.filter(|rule| rule["decision"] == decision).map(|rule| rule["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_project_of_a_plan_is_judged() {
    let report = json_of(&scan(&["--policy", POLICY, "--terraform", PLAN, "--format", "json"]));
    let addresses: Vec<&str> =
        report["projects"].as_array().unwrap().iter().map(|project| project["address"].as_str().unwrap()).collect();
    assert_eq!(
        addresses,
        [
            "aws_codebuild_project.app",
            "aws_codebuild_project.counted[0]",
            "aws_codebuild_project.counted[1]",
            "aws_codebuild_project.later",
            "module.team[\"a.b\"].aws_codebuild_project.build",
            "module.team[\"c\"].aws_codebuild_project.build",
        ]
    );
    let app = "aws_codebuild_project.app";
    assert_eq!(
        decided(&report, app, "broken"),
        ["short-builds", "short-queue", "small", "no-privileged", "no-secrets", "webhooks"]
    );
    assert_eq!(decided(&report, app, "unknown"), ["account"]);
    assert_eq!(decided(&report, app, "decided-by-a-build"), ["not-main", "quick"]);
    assert_eq!(decided(&report, app, "passes"), ["known-images", "known-sources", "in-a-vpc"]);
    assert_eq!(decided(&report, app, "cannot-apply"), ["virginia"]);
    let counted = "aws_codebuild_project.counted[1]";
    assert_eq!(decided(&report, counted, "broken"), ["short-queue", "small", "virginia"]);
    let later = "aws_codebuild_project.later";
    assert_eq!(decided(&report, later, "unknown"), ["known-images", "no-secrets", "not-main", "account"]);
    assert_eq!(decided(&report, later, "broken"), ["known-sources", "webhooks"]);
    assert!(
        decided(&report, "module.team[\"c\"].aws_codebuild_project.build", "broken").contains(&"webhooks".to_owned())
    );
    let deploy = &report["projects"][4];
    assert_eq!((&deploy["project"], &deploy["neverStopped"]), (&json!("deploy-a-b"), &json!(true)));
}

#[test]
fn a_state_shows_the_account() {
    let report = json_of(&scan(&["--policy", POLICY, "--terraform", STATE, "--format", "json"]));
    assert_eq!(report["projects"][0]["account"], "111122223333");
    assert!(decided(&report, "aws_codebuild_project.removed", "broken").contains(&"account".to_owned()));
}

#[test]
fn no_format_shows_a_secret_or_a_control_character() {
    let folder = folder("secrets");
    let template = folder.join("template.yaml");
    fs::write(&template, TEMPLATE).unwrap();
    let policy = folder.join("policy.yaml");
    fs::write(
        &policy,
        "version: 1\nrules:\n  - { id: a, allowed-sources: ['https://github.com/other/*'] }\n  \
         - { id: b, deny-when: \"build.environment.environmentVariables.exists(v, v.value.startsWith('can'))\" }\n  \
         - { id: c, deny-when: \"build.source.buildspec.contains('can') && build.source.location.contains('can')\" }\n  \
         - { id: d, allowed-images: ['aws/*'] }\n  - { id: e, forbidden-variables: ['*PASSWORD*'] }\n",
    )
    .unwrap();
    let baseline = folder.join("baseline.yaml");
    for (index, format) in ["text", "json", "csv", "sarif", "github"].into_iter().enumerate() {
        let mut arguments = vec!["--policy", policy.to_str().unwrap(), "--terraform", PLAN, "--format", format];
        arguments.extend(["--template", template.to_str().unwrap()]);
        if index == 0 {
            arguments.extend(["--baseline", baseline.to_str().unwrap(), "--write-baseline"]);
        }
        let output = scan(&arguments);
        let shown = [text(&output.stdout), text(&output.stderr)].concat();
        assert!(shown.contains("DB_PASSWORD") && shown.contains("acme/app"), "{format}: {shown}");
        assert!(!shown.contains("canary"), "{format}: {shown}");
        assert!(!shown.contains('\u{1b}'), "{format}: {shown}");
        if format == "csv" {
            assert!(!shown.contains(",=shop") && shown.contains(",'=shop"), "{shown}");
        }
    }
    assert!(!fs::read_to_string(baseline).unwrap().contains("canary"));
}

#[test]
fn what_is_not_judged_is_a_row_of_the_table_and_no_file_counts_twice() {
    let folder = folder("not-judged");
    let (template, policy) = (folder.join("nested.yaml"), folder.join("policy.yaml"));
    fs::write(&template, "Resources:\n  Nested: { Type: AWS::CloudFormation::Stack }\n").unwrap();
    fs::write(&policy, "version: 1\nrules: [{ id: short, max-timeout: 60m }]\n").unwrap();
    let run = |more: &[&str]| {
        let output = command().current_dir(&folder).args(["--policy", "policy.yaml"]).args(more).output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, table, _) = run(&["--template", "nested.yaml", "--format", "csv"]);
    let why = "the template of a nested stack is not read; scan it by itself";
    assert_eq!(table.lines().nth(1), Some(&*format!("nested.yaml,2,3,Nested,,,,,,,,not-judged,,,{why},")));
    assert_eq!(status, Some(0));
    let (status, _, error) = run(&["--template", "nested.yaml", "nested.yaml"]);
    assert_eq!((status, error.as_str()), (Some(2), "buildbrake: `nested.yaml` is named twice; name it once\n"));
}

#[test]
fn the_baseline_accepts_what_is_known_and_nothing_else() {
    let folder = folder("baseline");
    let baseline = folder.join("baseline.yaml");
    let template = folder.join("template.yaml");
    let policy = folder.join("policy.yaml");
    fs::write(&policy, "version: 1\nrules: [{ id: short, max-timeout: 60m }]\n").unwrap();
    let run = |minutes: u32, more: &[&str]| {
        let content = format!(
            "# {}\nResources:\n  Build:\n    Type: AWS::CodeBuild::Project\n    Properties: {{ TimeoutInMinutes: {minutes}, Environment: {{ Type: LINUX_CONTAINER }} }}\n",
            "\n# ".repeat(more.len())
        );
        fs::write(&template, content).unwrap();
        let mut command = command();
        command.current_dir(&folder).args(["--policy", "policy.yaml", "--template", "template.yaml"]).args(more);
        command.args(["--baseline", "baseline.yaml"]);
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, _, error) = run(90, &[]);
    assert_eq!(status, Some(2), "{error}");
    assert!(error.contains("make one with `--write-baseline`"), "{error}");
    let (status, _, error) = run(90, &["--write-baseline"]);
    assert_eq!((status, error.as_str()), (Some(0), "baseline.yaml: 1 finding accepted\n"));
    // The project is on another line now, and the output has another format.
    let (status, found, _) = run(90, &["--format", "sarif"]);
    assert_eq!(status, Some(0));
    let log: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["suppressions"][0]["status"], "accepted");
    let (status, found, _) = run(90, &["--format", "github"]);
    assert_eq!((status, found.as_str()), (Some(0), ""));
    // A worse value is a new finding.
    let (status, found, _) = run(120, &[]);
    assert_eq!(status, Some(1));
    assert!(found.contains("template.yaml#Build: short; found: 90m"), "{found}");
    assert!(found.contains("1 project, 1 finding\n"), "{found}");
    let (status, found, _) = run(30, &["--write-baseline"]);
    assert_eq!(status, Some(0), "{found}");
    assert!(fs::read_to_string(&baseline).unwrap().ends_with("findings: []\n"));
}

#[test]
fn an_accepted_expression_is_a_new_finding_once_a_value_that_it_reads_changes() {
    let folder = folder("baseline-expression");
    let rule = "build.timeoutInMinutes > 60 || build.environment.environmentVariables.exists(v, v.name == 'X')";
    fs::write(folder.join("policy.yaml"), format!("version: 1\nrules: [{{ id: long, deny-when: \"{rule}\" }}]\n"))
        .unwrap();
    let run = |minutes: u32, variable: &str, more: &[&str]| {
        let template = format!(
            "Resources:\n  Build:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Name: n{}\n      \
             TimeoutInMinutes: {minutes}\n      \
             Environment: {{ Type: LINUX_CONTAINER, EnvironmentVariables: [{variable}] }}\n",
            more.len()
        );
        fs::write(folder.join("template.yaml"), template).unwrap();
        let mut command = command();
        command.current_dir(&folder).args(["--policy", "policy.yaml", "--template", "template.yaml"]);
        command.args(["--baseline", "baseline.yaml"]).args(more).output().unwrap().status.code()
    };
    assert_eq!(run(480, "", &["--write-baseline"]), Some(0));
    let baseline = fs::read_to_string(folder.join("baseline.yaml")).unwrap();
    assert!(baseline.contains("    found: \"it is true (sha256:") && !baseline.contains("480"), "{baseline}");
    // The name has changed, which the expression does not read.
    assert_eq!(run(480, "", &[]), Some(0));
    assert_eq!(run(500, "", &[]), Some(1));
    assert_eq!(run(480, "{ Name: X, Value: secret }", &[]), Some(1));
    // A value of a variable is a secret, and no part of the digest.
    assert_eq!(run(480, "{ Name: X, Value: secret }", &["--write-baseline"]), Some(0));
    assert_eq!(run(480, "{ Name: X, Value: other }", &[]), Some(0));
    assert_eq!(run(480, "{ Name: Y, Value: other }", &[]), Some(1));
}

#[test]
fn a_baseline_of_several_files_keeps_what_is_not_scanned() {
    let folder = folder("several");
    fs::write(folder.join("policy.yaml"), "version: 1\nrules: [{ id: short, max-timeout: 60m }]\n").unwrap();
    let template = |minutes: u32| {
        format!(
            "Resources:\n  Build: {{ Type: AWS::CodeBuild::Project, Properties: {{ Name: shop, TimeoutInMinutes: {minutes}, Environment: {{ Type: LINUX_CONTAINER }} }} }}\n"
        )
    };
    fs::write(folder.join("a.yaml"), template(90)).unwrap();
    fs::write(folder.join("b.yaml"), template(90)).unwrap();
    let run = |arguments: &str| {
        let mut command = command();
        command.current_dir(&folder).args(["--policy", "policy.yaml", "--baseline", "baseline.yaml"]);
        text(&command.args(arguments.split_whitespace()).output().unwrap().stdout)
    };
    let entries = || fs::read_to_string(folder.join("baseline.yaml")).unwrap().matches("project:").count();
    run("--template a.yaml b.yaml --write-baseline");
    assert_eq!(entries(), 2);
    let found = run("--template ./a.yaml");
    assert!(found.contains("1 accepted") && !found.contains("no longer occur"), "{found}");
    run("--template a.yaml --write-baseline");
    assert_eq!(entries(), 2);
    fs::write(folder.join("a.yaml"), template(30)).unwrap();
    assert!(!run("--template a.yaml --projects other").contains("no longer occur"));
    assert!(run("--template a.yaml").contains("no longer occur"));
    run("--template a.yaml --write-baseline");
    assert_eq!(entries(), 1);
}

#[test]
fn what_is_unknown_is_a_finding_only_if_that_is_asked_for() {
    let folder = folder("unknown");
    let (template, policy) = (folder.join("t.yaml"), folder.join("p.yaml"));
    fs::write(&policy, "version: 1\nrules: [{ id: images, allowed-images: [a] }, { id: quick, max-duration: 5m }]\n")
        .unwrap();
    fs::write(&template, "Parameters: {I: {Type: String}}\nResources:\n  B: {Type: AWS::CodeBuild::Project, Properties: {Environment: {Image: !Ref I}}}\n").unwrap();
    let arguments = ["--policy", policy.to_str().unwrap(), "--template", template.to_str().unwrap()];
    assert_eq!(scan(&arguments).status.code(), Some(0));
    let denied = scan(&[&arguments[..], &["--deny-unknown"]].concat());
    assert_eq!(denied.status.code(), Some(1), "{}", text(&denied.stdout));
    let known = scan(&[&arguments[..], &["--deny-unknown", "--parameter", "I=a"]].concat());
    assert_eq!(known.status.code(), Some(0), "{}", text(&known.stdout));
}

#[test]
fn what_is_not_judged_is_a_finding_only_if_unknown_is_denied_and_the_baseline_can_accept_it() {
    let folder = folder("deny-not-judged");
    fs::write(folder.join("nested.yaml"), "Resources:\n  Nested: { Type: AWS::CloudFormation::Stack }\n").unwrap();
    fs::write(folder.join("policy.yaml"), "version: 1\nrules: [{ id: short, max-timeout: 60m }]\n").unwrap();
    let run = |more: &str| {
        let mut command = command();
        command.current_dir(&folder).args(["--policy", "policy.yaml", "--template", "nested.yaml"]);
        let output = command.args(more.split_whitespace()).output().unwrap();
        (output.status.code(), text(&output.stdout))
    };
    let (status, found) = run("");
    assert_eq!(status, Some(0));
    assert!(found.ends_with("0 projects, 0 findings\n"), "{found}");
    let (status, found) = run("--deny-unknown");
    assert_eq!(status, Some(1));
    assert!(found.ends_with("0 projects, 1 finding\n"), "{found}");
    let (_, found) = run("--deny-unknown --format json");
    let report: Value = serde_json::from_str(&found).unwrap();
    assert_eq!((&report["notJudged"][0]["isFinding"], &report["findings"]), (&json!(true), &json!(1)));
    assert!(run("--deny-unknown --format csv").1.ends_with("scan it by itself,finding\n"));

    assert_eq!(run("--deny-unknown --baseline baseline.yaml --write-baseline").0, Some(0));
    let baseline = fs::read_to_string(folder.join("baseline.yaml")).unwrap();
    assert!(baseline.contains("- project: \"nested.yaml#Nested\"\n    rule: \"BB504\"\n"), "{baseline}");
    let (status, found) = run("--deny-unknown --baseline baseline.yaml");
    assert_eq!(status, Some(0));
    assert!(found.contains("not judged[BB504], accepted by the baseline: the template"), "{found}");
    assert!(found.ends_with("0 projects, 0 findings, 1 accepted by the baseline\n"), "{found}");
    assert_eq!(run("--deny-unknown --baseline baseline.yaml --format github"), (Some(0), String::new()));
    let (_, found) = run("--deny-unknown --baseline baseline.yaml --format sarif");
    let log: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["suppressions"][0]["status"], "accepted");
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = folder("errors");
    let file = folder.join("file.json");
    for (option, content, expected) in [
        ("--terraform", "{}", "this is not a plan or state of Terraform; make one with `terraform show -json PLAN`"),
        ("--terraform", "PK\u{3}", "this is not a plan or state of Terraform"),
        (
            "--terraform",
            r#"{"format_version": "1.2"}"#,
            "this state is empty; name a plan: `terraform show -json PLAN`",
        ),
        ("--template", "{}", "no `Resources`: this is not a template"),
        ("--template", "a: [", "invalid YAML"),
    ] {
        fs::write(&file, content).unwrap();
        let output = scan(&["--policy", POLICY, option, file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{content}");
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
    for arguments in
        [&["--policy", POLICY][..], &["--terraform", PLAN], &["--policy", POLICY, "--template", "none.yaml"]]
    {
        assert_eq!(scan(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// A CodeBuild with this number of projects in each of two regions. Its lists have pages.
fn codebuild(projects: usize) -> Endpoint {
    Endpoint::open(buildbrake_testkit::http::Address::reserve(), move |call| {
        let name = |number: usize| format!("shop-{number:03}");
        let region = &call.region;
        match call.operation.as_str() {
            "ListProjects" => {
                let start: usize = call.input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
                let end = (start + 100).min(projects);
                let mut page = json!({ "projects": (start..end).map(name).collect::<Vec<_>>() });
                if end < projects {
                    page["nextToken"] = json!(end.to_string());
                }
                Reply::json(200, page)
            }
            "BatchGetProjects" => {
                let names = call.input["names"].as_array().unwrap();
                assert!(names.len() <= 100);
                let project = |name: &Value| {
                    let arn = format!("arn:aws:codebuild:{region}:{ACCOUNT}:project/{}", name.as_str().unwrap());
                    json!({
                        "name": name, "arn": arn, "timeoutInMinutes": 480, "lastModified": 1_764_000_000.0,
                        "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
                            "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": false,
                            "environmentVariables": [{"name": "A_TOKEN", "value": "canary", "type": "PLAINTEXT"}]},
                        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop.git"},
                    })
                };
                Reply::json(200, json!({ "projects": names.iter().map(project).collect::<Vec<_>>() }))
            }
            other => Reply::json(400, json!({ "__type": other })),
        }
    })
}

fn at(endpoint: &str, arguments: &[&str]) -> Output {
    command()
        .args(["--policy", POLICY, "--account", "--endpoint-url", endpoint])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/none")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION")
        .output()
        .unwrap()
}

#[test]
fn all_projects_of_an_account_are_judged() {
    let endpoint = codebuild(250);
    let url = format!("http://{}", endpoint.address);
    let regions = ["--region", "eu-west-1", "--region", "us-east-1"];
    let report = json_of(&at(&url, &[&regions[..], &["--format", "json"]].concat()));
    assert_eq!(report["projects"].as_array().unwrap().len(), 500);
    assert!(!report.to_string().contains("canary"));
    let operations = endpoint.operations();
    let count = |name: &str| operations.iter().filter(|operation| *operation == name).count();
    assert_eq!((count("ListProjects"), count("BatchGetProjects"), operations.len()), (6, 6, 12));
    let arn = "arn:aws:codebuild:us-east-1:111122223333:project/shop-007";
    assert_eq!(decided(&report, arn, "broken"), ["short-builds", "short-queue", "no-secrets", "virginia", "account"]);

    let one = at(&url, &["--region", "eu-west-1", "--projects", "shop-00?,x", "--format", "sarif"]);
    assert_eq!(one.status.code(), Some(1));
    let log: Value = serde_json::from_slice(&one.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 10 * 4);
    assert_eq!(results[0]["properties"]["rule"], "short-builds");
    // Code scanning refuses a result without a place, so the place is that of the rule.
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], POLICY);
    let rules = fs::read_to_string(Path::new(ROOT).join(POLICY)).unwrap();
    let line = rules.lines().nth(place["region"]["startLine"].as_u64().unwrap() as usize - 1).unwrap();
    assert!(line.contains("id: short-builds"), "{line}");
    let annotations =
        text(&at(&url, &["--region", "eu-west-1", "--projects", "shop-001", "--format", "github"]).stdout);
    assert!(annotations.starts_with("::error title=BB501::arn:aws:codebuild:eu-west-1:"), "{annotations}");
}

#[test]
fn an_account_that_cannot_be_read_is_an_error() {
    let output = at("http://127.0.0.1:9", &["--region", "eu-west-1"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let output = at("http://127.0.0.1:9", &[]);
    assert!(text(&output.stderr).contains("no region; add `--region`"), "{}", text(&output.stderr));
}

/// Every log of a scan is valid by SARIF's own schema.
#[test]
fn a_log_is_valid_sarif() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/resources/sarif-schema-2.1.0.json");
    // A pattern has a bracket too many, which only JavaScript accepts.
    let schema = fs::read_to_string(path).unwrap().replace("{2}]?$", "{2}?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let output = scan(&["--policy", POLICY, "--terraform", PLAN, STATE, "--format", "sarif"]);
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults: Vec<String> = validator.iter_errors(&log).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let results = log["runs"][0]["results"].as_array().unwrap();
    let lines = results.iter().map(|result| &result["locations"][0]["physicalLocation"]["region"]["startLine"]);
    assert!(lines.clone().all(|line| *line == 1), "{:?}", lines.collect::<Vec<_>>());
    let result = &results[0];
    assert_eq!(result["ruleId"], "BB501");
    assert_eq!(
        result["partialFingerprints"]["projectAndRule/v1"],
        format!("{PLAN}#aws_codebuild_project.app short-builds")
    );
    assert_eq!(result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "aws_codebuild_project.app");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], PLAN);
}

/// The blocks of the page that a shell can run here. Terraform's own commands are run by
/// `tests/terraform/test_scan.py`.
#[test]
fn every_command_of_the_page_works() {
    let folder = folder("page");
    let from = Path::new(ROOT).join("crates/cli/tests/transcripts/scan");
    fs::copy(from.join("policy.yaml"), folder.join("policy.yaml")).unwrap();
    fs::copy(from.join("ci.yaml"), folder.join("template.yaml")).unwrap();
    let endpoint = codebuild(3);
    let page = fs::read_to_string(Path::new(ROOT).join("docs/scan.md")).unwrap();
    let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let workflow = page.lines().filter_map(|line| line.trim().strip_prefix("- run: "));
    let commands: Vec<&str> =
        blocks.flat_map(str::lines).chain(workflow).filter(|line| line.starts_with("buildbrake")).collect();
    assert!(commands.len() >= 4, "{commands:?}");
    let program = Path::new(env!("CARGO_BIN_EXE_buildbrake")).parent().unwrap();
    let path = std::env::join_paths(
        [program.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var("PATH").unwrap())),
    );
    for command in commands {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(&folder)
            .env("PATH", path.as_ref().unwrap())
            .env("AWS_ENDPOINT_URL", format!("http://{}", endpoint.address))
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "none")
            .output()
            .unwrap();
        let expected = if command.contains("--baseline") { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(expected), "{command}\n{}", text(&output.stderr));
    }
}

#[test]
fn standard_input_can_be_a_plan() {
    let plan = fs::File::open(Path::new(ROOT).join(PLAN)).unwrap();
    let output = command().args(["--policy", POLICY, "--terraform", "-", "-v"]).stdin(plan).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("standard input: aws_codebuild_project.app"));
    assert!(text(&output.stderr).contains("standard input: 6 projects"), "{}", text(&output.stderr));
}

/// Scans a template with these arguments: the exit status, and what is printed.
fn scanned(test: &str, template: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = folder(test);
    let path = folder.join("template.yaml");
    fs::write(&path, template).unwrap();
    let mut all = vec!["--policy", POLICY, "--template", path.to_str().unwrap()];
    all.extend(arguments);
    let output = scan(&all);
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn options_that_cannot_be_meant_are_errors() {
    let template = "Parameters:\n  Stage: { Type: String, AllowedValues: [dev, prod] }\n  \
                    Key: { Type: String, NoEcho: true, AllowedValues: [a] }\nResources:\n  \
                    Build: { Type: AWS::CodeBuild::Project, Properties: { Name: shop } }\n";
    for (arguments, expected) in [
        (["--region", "EU-WEST-1"], "a region is written in lower case, with `-`; write `eu-west-1`"),
        (["--region", "eu-*"], "write the code of one region, as in `eu-west-1`"),
        (
            ["--parameter", "Stage=prd"],
            "template.yaml: the parameter `Stage` does not allow `prd`; use one of its `AllowedValues`: `dev`, `prod`",
        ),
        (["--parameter", "Key=canary"], "the parameter `Key` does not allow this value"),
    ] {
        let (code, printed) = scanned("options", template, &arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {printed}");
        assert!(printed.contains(expected) && !printed.contains("canary"), "{arguments:?}: {printed}");
    }
    let (code, printed) = scanned("options", template, &["--parameter", "Stage=prod", "--region", "eu-west-1"]);
    assert_ne!(code, Some(2), "{printed}");
    let (_, printed) = scanned("options", template, &["--projects", "blog*"]);
    assert!(printed.contains("warning: the input contains projects, but none that matches `--projects`"), "{printed}");
}

#[test]
fn an_input_without_a_project_is_warned_about() {
    let warning = "warning: the input contains no CodeBuild project\n";
    let template = "Resources:\n  Bucket: { Type: AWS::S3::Bucket }\n";
    let folder = folder("no-project");
    let path = folder.join("template.yaml");
    for (content, arguments, expected) in [
        (template, &[][..], warning),
        (template, &["--format", "json"], warning),
        (template, &["--format", "sarif"], warning),
        (template, &["--format", "github"], warning),
        (template, &["--projects", "a"], "warning: the input contains no project that matches `--projects`\n"),
        // The report says so already.
        ("Resources:\n  Nested: { Type: AWS::CloudFormation::Stack }\n", &[], ""),
        ("Resources:\n  Build: { Type: AWS::CodeBuild::Project, Properties: { Name: a } }\n", &[], ""),
    ] {
        fs::write(&path, content).unwrap();
        let output = scan(&[&["--policy", POLICY, "--template", path.to_str().unwrap()], arguments].concat());
        assert_eq!(text(&output.stderr), expected, "{content} {arguments:?}");
    }
}

#[test]
fn what_terraform_did_not_write_is_refused_in_words() {
    let folder = folder("no-plan");
    for (content, expected) in [
        ("null", "this is not a plan or state of Terraform; make one with `terraform show -json PLAN`\n"),
        ("", ": the file is empty\n"),
        ("{\"format_version\": ", ": the file is not JSON at line 1, column 19\n"),
    ] {
        let plan = folder.join("plan.json");
        fs::write(&plan, content).unwrap();
        let output = scan(&["--policy", POLICY, "--terraform", plan.to_str().unwrap()]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn an_event_of_the_demo_that_is_none_is_refused_in_words() {
    let folder = folder("demo");
    for (content, expected) in [
        ("", "event.json: not a usable event: the file is empty\n"),
        ("{", "event.json: not a usable event: the file is not JSON at line 1, column 1\n"),
        (
            "{\"builds\": []}",
            "not a usable event: this is a Build of the API, not an event of CodeBuild; use an EventBridge event\n",
        ),
    ] {
        fs::write(folder.join("event.json"), content).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
        let output = command.args(["demo", "--events", "event.json"]).current_dir(&folder).output().unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.ends_with(expected), "{error}");
    }
}

/// A deployment adds the tags of its stack to those of the template.
#[test]
fn tags_that_a_template_lacks_may_be_those_of_its_stack() {
    let rules = "version: 1\nrules:\n  - { id: team, max-timeout: 1h, only: [{ tags: { team: [payments] } }] }\n  \
                 - { id: not-blog, max-timeout: 1h, except: [{ tags: { team: [blog] } }] }\n  \
                 - { id: tagged, deny-when: \"project.tags.exists(t, t.key == 'frozen')\" }\n";
    let of = |tags: &str, options: &[&str]| {
        let folder = folder("stack-tags");
        let (policy, template) = (folder.join("policy.yaml"), folder.join("template.yaml"));
        fs::write(&policy, rules).unwrap();
        let properties = format!("Name: shop, TimeoutInMinutes: 480{tags}");
        let resource = format!("{{ Type: AWS::CodeBuild::Project, Properties: {{ {properties} }} }}");
        let parameters = "Parameters: { Key: { Type: String }, Value: { Type: String } }";
        fs::write(&template, format!("{parameters}\nResources:\n  A: {resource}\n")).unwrap();
        let files = ["--policy", policy.to_str().unwrap(), "--template", template.to_str().unwrap()];
        let report = json_of(&scan(&[&files[..], &["--format", "json"], options].concat()));
        let rules = report["projects"][0]["rules"].as_array().unwrap().clone();
        let decisions: Vec<_> = rules.iter().map(|rule| rule["decision"].as_str().unwrap().to_owned()).collect();
        (decisions.join(" "), rules[0]["why"].as_str().unwrap_or_default().to_owned())
    };
    let why = "a deployment may add the stack's tags; add `--stack-tags`";
    assert_eq!(of("", &[]), ("unknown unknown unknown".to_owned(), why.to_owned()));
    let payments = ", Tags: [{ Key: team, Value: payments }]";
    let key = ", Tags: [{ Key: !Ref Key, Value: payments }]";
    let value = ", Tags: [{ Key: team, Value: !Ref Value }]";
    let all = ", Tags: !Ref Tags";
    let frozen = ["--stack-tags", "team=blog,frozen=a=b"];
    for (tags, options, expected) in [
        (", Tags: [{ Key: stage, Value: prod }]", &[][..], "unknown unknown unknown"),
        (payments, &[], "broken broken unknown"),
        // No tag of the stack takes this one away.
        (", Tags: [{ Key: frozen, Value: x }]", &[], "unknown unknown broken"),
        ("", &["--stack-tags", ""], "cannot-apply broken passes"),
        ("", &["--stack-tags", "team=payments, stage=prod"], "broken broken passes"),
        ("", &frozen, "cannot-apply exempt broken"),
        (payments, &frozen, "broken broken broken"),
        (key, &[], "unknown unknown unknown"),
        (key, &frozen, "unknown unknown unknown"),
        (value, &frozen, "unknown unknown broken"),
        (all, &frozen, "unknown unknown unknown"),
    ] {
        assert_eq!(of(tags, options).0, expected, "{tags} {options:?}");
    }
    for (tags, expected) in [
        ("team", "write the stack's tags as in `team=payments,stage=prod`, or an empty text for none"),
        ("=payments", "write the stack's tags as in"),
        ("team=a,team=b", "the key `team` is given twice"),
    ] {
        let (code, printed) = scanned("stack-tags", "Resources: {}\n", &["--stack-tags", tags]);
        assert!(code == Some(2) && printed.contains(expected), "{tags}: {printed}");
    }
}
