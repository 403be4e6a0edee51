//! `buildbrake replay` on made-up histories, whose totals are counted independently.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use buildbrake_testkit::history::History;
use serde_json::{Value, json};

use crate::learn::run_with;

const POLICY: &str = "
version: 1
never-stop: [project-00*]
prices: { BUILD_GENERAL1_SMALL: 0.005, BUILD_GENERAL1_MEDIUM: 0.01, LINUX_CONTAINER/BUILD_GENERAL1_LARGE: 0.02 }
rules:
  - { id: long-timeout, max-timeout: 60m }
  - { id: long-build, max-duration: 20m, except: [{ initiators: [alice] }] }
  - { id: queue, max-queue-time: 5m, mode: report }
  - { id: compute, forbidden-compute: [BUILD_GENERAL1_2XLARGE], only: [{ projects: [project-1*] }] }
";

/// A folder for one test's files.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("policy.yaml"), POLICY).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let arguments = ["replay", "--policy", "policy.yaml"].iter().chain(arguments);
    Command::new(env!("CARGO_BIN_EXE_buildbrake")).args(arguments).current_dir(folder).output().unwrap()
}

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn summary(folder: &Path, inputs: &[&str]) -> Value {
    let arguments: Vec<&str> = ["--format", "json"].iter().chain(inputs).copied().collect();
    serde_json::from_str(&stdout(folder, &arguments)).unwrap()
}

pub(crate) fn lines(builds: &[Value]) -> String {
    builds.iter().map(|build| format!("{build}\n")).collect()
}

#[test]
fn the_summary_of_several_accounts_and_regions_tells_them_apart() {
    let folder = folder("accounts");
    let mut builds: Vec<Value> = History::of_seed(7).take(60).collect();
    let places = ["eu-west-1:111122223333", "us-east-1:111122223333", "eu-west-1:444455556666"];
    for (index, build) in builds.iter_mut().enumerate() {
        build["arn"] =
            json!(format!("arn:aws:codebuild:{}:build/{}", places[index % 3], build["id"].as_str().unwrap()));
        build["timeoutInMinutes"] = json!(if index % 3 == 2 { 480 } else { 30 });
    }
    fs::write(folder.join("history.ndjson"), lines(&builds)).unwrap();
    let by_account = summary(&folder, &["history.ndjson"])["byAccount"].clone();
    let text = stdout(&folder, &["history.ndjson"]);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    for place in ["111122223333/eu-west-1", "111122223333/us-east-1", "444455556666/eu-west-1"] {
        let row = rows.iter().find(|row| row.first() == Some(&place)).unwrap_or_else(|| panic!("{place}: {text}"));
        let of_place = &by_account[place];
        assert_eq!(row[1..3], [of_place["builds"].to_string(), of_place["stopped"].to_string()]);
    }
    assert!(
        by_account["444455556666/eu-west-1"]["stopped"].as_u64()
            > by_account["111122223333/eu-west-1"]["stopped"].as_u64()
    );

    // One place needs no table.
    fs::write(folder.join("history.ndjson"), lines(&builds[..1])).unwrap();
    assert!(!stdout(&folder, &["history.ndjson"]).contains("account and region"));
}

/// What a rule would have done, counted without buildbrake.
#[derive(Default)]
struct Counted {
    broken: u64,
    exempted: u64,
    minutes: f64,
    usd: f64,
}

/// Counts from the builds' own members alone: the rules' decisions, the outcomes, the saved minutes, and the stopped
/// builds that succeeded.
fn count(builds: &[Value]) -> (BTreeMap<&'static str, Counted>, BTreeMap<&'static str, u64>, f64, u64) {
    let mut rules: BTreeMap<&str, Counted> = BTreeMap::new();
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut total, mut successes) = (0.0, 0);
    for build in builds {
        let number = |value: &Value| value.as_f64().unwrap();
        let phase =
            |name: &str| build["phases"].as_array().unwrap().iter().find(|phase| phase["phaseType"] == name).unwrap();
        let (start, end) = (number(&build["startTime"]), number(&build["endTime"]));
        let run = number(&phase("PROVISIONING")["startTime"]);
        let (kind, compute) = (&build["environment"]["type"], build["environment"]["computeType"].as_str().unwrap());
        let price = match (kind.as_str().unwrap(), compute) {
            (_, "BUILD_GENERAL1_SMALL") => 0.005,
            (_, "BUILD_GENERAL1_MEDIUM") => 0.01,
            ("LINUX_CONTAINER", "BUILD_GENERAL1_LARGE") => 0.02,
            _ => 0.0,
        };
        let project = build["projectName"].as_str().unwrap();
        // Times count in whole seconds.
        let fired = [
            ("long-timeout", (number(&build["timeoutInMinutes"]) > 60.0).then_some(start), true),
            ("long-build", ((end - run).floor() > 1200.0).then_some(run + 1200.0), true),
            ("queue", ((run - start).floor() > 300.0).then_some(start + 300.0), false),
            (
                "compute",
                (compute == "BUILD_GENERAL1_2XLARGE" && project.starts_with("project-1")).then_some(start),
                true,
            ),
        ];
        let (mut first, mut is_reported) = (f64::INFINITY, false);
        for (rule, at, is_enforced) in fired {
            let Some(at) = at else { continue };
            let rule_counts = rules.entry(rule).or_default();
            if rule == "long-build" && build["initiator"] == "alice" {
                rule_counts.exempted += 1;
                continue;
            }
            rule_counts.broken += 1;
            rule_counts.minutes += (end - at) / 60.0;
            rule_counts.usd += (end - at.max(run)) / 60.0 * price;
            is_reported = true;
            if is_enforced {
                first = first.min(at);
            }
        }
        let outcome = match (first.is_finite(), is_reported) {
            (true, _) if project.starts_with("project-00") => "protected",
            (true, _) => "stopped",
            (false, true) => "reported",
            (false, false) => "allowed",
        };
        *outcomes.entry(outcome).or_default() += 1;
        if outcome == "stopped" {
            total += (end - first) / 60.0;
            successes += u64::from(build["buildStatus"] == "SUCCEEDED");
        }
    }
    (rules, outcomes, total, successes)
}

#[test]
fn the_totals_are_those_of_an_independent_count() {
    let folder = folder("totals");
    let builds: Vec<Value> = History::of_seed(17).take(3000).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    let summary = summary(&folder, &["builds.ndjson"]);
    let (rules, outcomes, minutes, successes) = count(&builds);
    assert_eq!((&summary["judged"], &summary["unreadable"]), (&json!(3000), &json!(0)));
    assert_eq!(summary["outcomes"], json!(outcomes));
    assert_eq!(summary["stoppedSuccesses"]["builds"], json!(successes));
    let near = |found: &Value, expected: f64| (found.as_f64().unwrap() - expected).abs() < 0.01;
    assert!(near(&summary["minutes"], minutes), "{} {minutes}", summary["minutes"]);
    for (rule, counted) in rules {
        let found = &summary["rules"][rule];
        assert_eq!(
            (&found["broken"], &found["exempted"]),
            (&json!(counted.broken), &json!(counted.exempted)),
            "{rule}"
        );
        assert!(near(&found["minutes"], counted.minutes), "{rule}: {} {}", found["minutes"], counted.minutes);
        assert!(near(&found["usd"], counted.usd), "{rule}: {} {}", found["usd"], counted.usd);
        let by_project = found["byProject"].as_object().unwrap().values();
        let in_projects: u64 = by_project.map(|share| share["builds"].as_u64().unwrap()).sum();
        assert_eq!(in_projects, counted.broken, "{rule}");
    }
}

/// The order of the input, its form, and duplicate builds change no total.
#[test]
fn every_form_of_the_input_has_the_same_totals() {
    let folder = folder("forms");
    let builds: Vec<Value> = History::of_seed(3).take(400).collect();
    let reversed: Vec<Value> = builds.iter().rev().cloned().collect();
    let pages: Vec<Value> = builds.chunks(100).map(|page| json!({"builds": page, "buildsNotFound": []})).collect();
    let pretty: String = pages.iter().map(|page| serde_json::to_string_pretty(page).unwrap()).collect();
    for (name, text) in [
        ("lines.ndjson", lines(&builds)),
        ("reversed.ndjson", lines(&reversed)),
        ("twice.ndjson", lines(&builds) + &lines(&reversed)),
        ("pages.json", pretty),
        ("array.json", json!(builds).to_string()),
        ("undelimited.json", builds.iter().map(Value::to_string).collect()),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    let expected = summary(&folder, &["lines.ndjson"]);
    assert_eq!(expected["judged"], 400);
    for form in ["reversed.ndjson", "twice.ndjson", "pages.json", "array.json", "undelimited.json"] {
        assert_eq!(summary(&folder, &[form]), expected, "{form}");
    }
    assert_eq!(summary(&folder, &["lines.ndjson", "array.json"]), expected, "several files");
}

/// More builds than stay in memory.
#[test]
fn summaries_of_parts_add_up_to_the_summary_of_all() {
    let folder = folder("parts");
    // A third of the builds have a commit alone, and are kept whole.
    fs::write(folder.join("policy.yaml"), format!("{POLICY}  - {{ id: branches, forbidden-branches: [main] }}\n"))
        .unwrap();
    let builds: Vec<Value> = History::of_seed(29).take(9000).collect();
    fs::write(folder.join("all.ndjson"), lines(&builds)).unwrap();
    for (index, part) in builds.chunks(3500).enumerate() {
        fs::write(folder.join(format!("{index}.ndjson")), lines(part)).unwrap();
        fs::write(folder.join(format!("{index}.json")), summary(&folder, &[&format!("{index}.ndjson")]).to_string())
            .unwrap();
    }
    let run = |parts: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_buildbrake"))
            .args(["replay", "--format", "json", "--merge"])
            .args(parts)
            .current_dir(&folder)
            .output()
            .unwrap()
    };
    let merge = |parts: &[&str]| -> Value { serde_json::from_slice(&run(parts).stdout).unwrap() };
    let all = summary(&folder, &["all.ndjson"]);
    assert_eq!(all["judged"], 9000);
    assert!(all["undecided"].as_u64().unwrap() > 2000);
    assert_eq!(merge(&["0.json", "1.json", "2.json"]), all);
    assert_eq!(merge(&["2.json", "0.json", "1.json"]), all);

    fs::copy(folder.join("0.json"), folder.join("copy.json")).unwrap();
    for (parts, expected) in [
        (["0.json", "./0.json"], "./0.json: its builds would count twice; name each summary once\n"),
        (["0.json", "copy.json"], "copy.json: this summary cannot be added: the build `"),
        (["0.json", "all.json"], "all.json: this summary cannot be added: the build `"),
    ] {
        fs::write(folder.join("all.json"), all.to_string()).unwrap();
        let output = run(&parts);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(expected), "{error}");
    }
}

#[test]
fn every_build_has_a_record_and_a_row() {
    let folder = folder("rows");
    let builds: Vec<Value> = History::of_seed(5).take(300).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    let (_, outcomes, ..) = count(&builds);
    let records = stdout(&folder, &["--format", "ndjson", "builds.ndjson"]);
    let records: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for record in &records {
        *found.entry(record["outcome"].as_str().unwrap()).or_default() += 1;
        assert_eq!((&record["trigger"], record.get("build"), record.get("_aws")), (&json!("replay"), None, None));
    }
    assert_eq!(found, outcomes);
    let starts: Vec<&str> = records.iter().map(|record| record["replay"]["startTime"].as_str().unwrap()).collect();
    assert!(starts.is_sorted(), "in the order of their starts");
    let rows = stdout(&folder, &["--format", "csv", "builds.ndjson"]);
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let outcome = rows.headers().unwrap().iter().position(|name| name == "outcome").unwrap();
    let stopped = rows.records().filter(|row| &row.as_ref().unwrap()[outcome] == "stopped").count();
    assert_eq!(stopped as u64, outcomes["stopped"]);
    // The values of variables are in no output.
    let value = builds[0]["environment"]["environmentVariables"][0]["value"].as_str().unwrap();
    for format in ["text", "json", "ndjson", "csv"] {
        assert!(!stdout(&folder, &["--format", format, "builds.ndjson"]).contains(value), "{format}");
    }
}

#[test]
fn what_cannot_be_read_is_counted_named_and_passed_over() {
    let folder = folder("unreadable");
    let builds: Vec<Value> = History::of_seed(5).take(3).collect();
    let text = format!("{}\n{{\"id\": 7, \"arn\": true}}\n{}\n{{\"builds\": [\n{}\n", builds[0], builds[1], builds[2]);
    fs::write(folder.join("builds.ndjson"), text).unwrap();
    let found = summary(&folder, &["builds.ndjson"]);
    assert!(found["judged"].as_u64().unwrap() >= 2, "{found}");
    assert!(found["unreadable"].as_u64().unwrap() >= 1, "{found}");
    assert!(
        found["unreadableValues"]
            .as_array()
            .unwrap()
            .iter()
            .any(|value| value.as_str().unwrap().contains("builds.ndjson:2")),
        "{found}"
    );
    fs::write(folder.join("one.ndjson"), format!("{}\n{{\"id\": 7}}\n{}\n", builds[0], builds[1])).unwrap();
    let strict = run(&folder, &["--strict", "one.ndjson"]);
    assert_eq!(strict.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&strict.stderr).contains("one.ndjson:2: "));
    let missing = run(&folder, &["nothing.ndjson"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("nothing.ndjson"));
}

#[test]
fn two_policies_are_compared_build_by_build() {
    let folder = folder("compare");
    let builds: Vec<Value> = History::of_seed(11).take(500).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    let old = "version: 1\nrules:\n  - { id: long-timeout, max-timeout: 60m }\n";
    fs::write(folder.join("old.yaml"), old).unwrap();
    fs::write(folder.join("policy.yaml"), old.replace("60m", "120m")).unwrap();
    let found = summary(&folder, &["--compare", "old.yaml", "builds.ndjson"]);
    let changed = builds.iter().filter(|build| build["timeoutInMinutes"] == 120).count();
    assert_eq!(found["comparison"]["changed"], changed);
    assert_eq!(found["comparison"]["outcomes"]["stopped"]["allowed"], changed);
    assert_eq!(found["comparison"]["builds"].as_object().unwrap().len(), changed);
    assert!(
        stdout(&folder, &["--compare", "old.yaml", "builds.ndjson"]).contains("stopped -> allowed (-long-timeout)")
    );
}

/// A file's name may contain what a terminal takes for a command.
#[test]
fn no_control_character_of_a_name_reaches_the_terminal() {
    let folder = folder("control-characters");
    fs::write(folder.join("\u{1b}[2J.json"), "[{").unwrap();
    fs::write(folder.join("\u{1b}[2J.yaml"), "version: 2").unwrap();
    for arguments in [
        ["replay", "--strict", "--policy", "policy.yaml", "\u{1b}[2J.json"].as_slice(),
        &["replay", "--policy", "\u{1b}[2J.yaml", "\u{1b}[2J.json"],
        &["check", "\u{1b}[2J.yaml"],
        &["explain", "--policy", "policy.yaml", "\u{1b}[2J.json"],
    ] {
        let program = env!("CARGO_BIN_EXE_buildbrake");
        let output = Command::new(program).args(arguments).current_dir(&folder).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let shown = [output.stdout, output.stderr].concat();
        assert!(!shown.contains(&0x1b), "{arguments:?}: {}", String::from_utf8_lossy(&shown));
        assert!(String::from_utf8_lossy(&shown).contains("\\u{1b}[2J"), "{arguments:?}");
    }
}

/// A running build is kept as it is. Many of them with a long member need temporary files.
#[test]
fn a_temporary_file_that_cannot_be_written_ends_the_replay() {
    let folder = folder("temporary");
    let id = |number: usize| format!("shop:5e000000-0000-4000-8000-{number:012}");
    let build = |number| json!({"id": id(number), "buildStatus": "IN_PROGRESS", "initiator": "x".repeat(300_000)});
    let input: String = (0..60).map(|number| format!("{}\n", build(number))).collect();
    let nowhere = [("TMPDIR", "nowhere"), ("TMP", "nowhere"), ("TEMP", "nowhere")];
    let output = run_with(&folder, &["replay", "--policy", "policy.yaml", "-"], input.as_bytes(), &nowhere);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("a temporary file cannot be written"), "{error}");
}

/// A record of the function does not contain the start of its build.
#[test]
fn builds_before_the_period_are_left_out_whatever_else_describes_them() {
    let folder = folder("since");
    let builds: Vec<Value> = History::of_seed(5).take(50).collect();
    let record = |build: &Value| {
        json!({"outcome": "allowed", "policy": "sha256:0", "trigger": "state-change", "buildId": build["id"],
               "buildArn": build["arn"], "initiator": build["initiator"]})
    };
    let records: Vec<Value> = builds.iter().map(record).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    fs::write(folder.join("records.ndjson"), lines(&records)).unwrap();
    let mut starts: Vec<f64> = builds.iter().map(|build| build["startTime"].as_f64().unwrap()).collect();
    starts.sort_by(f64::total_cmp);
    let since = jiff::Timestamp::from_second(starts[20].ceil() as i64 + 1).unwrap().to_string();
    for inputs in [&["builds.ndjson"][..], &["builds.ndjson", "records.ndjson"], &["records.ndjson", "builds.ndjson"]] {
        let arguments: Vec<&str> = ["--since", &since].iter().chain(inputs).copied().collect();
        assert_eq!(summary(&folder, &arguments)["judged"], 29, "{inputs:?}");
    }
}

/// CodeBuild retries a build: both count as one, which a newer build supersedes.
#[test]
fn the_earlier_tries_of_a_build_are_found_in_the_input() {
    let folder = folder("tries");
    let policy =
        "version: 1\nrules:\n  - { id: newest, only-newest-per: [project, ref], except: [{ initiators: [bob] }] }\n";
    fs::write(folder.join("policy.yaml"), policy).unwrap();
    let id = |number: u32| format!("shop:5e000000-0000-4000-8000-{number:012}");
    let arn = |number| format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", id(number));
    let build = |number: u32, start: &str, end: &str, retry: Value| {
        json!({"id": id(number), "arn": arn(number), "buildNumber": number, "projectName": "shop",
               "startTime": format!("2026-06-01T10:{start}:00Z"), "endTime": format!("2026-06-01T10:{end}:00Z"),
               "buildStatus": "FAILED", "buildComplete": true, "sourceVersion": "main", "initiator": "alice",
               "source": {"type": "GITHUB"}, "autoRetryConfig": retry})
    };
    let first = build(1, "00", "10", json!({"autoRetryLimit": 1, "autoRetryNumber": 0, "nextAutoRetry": arn(2)}));
    let retry = build(2, "11", "30", json!({"autoRetryLimit": 1, "autoRetryNumber": 1, "previousAutoRetry": arn(1)}));
    for (start, minutes, from) in [("20", 10.0, "the start of the newer build"), ("10", 19.0, "its own start")] {
        let newer = build(3, start, "40", json!(null));
        for builds in [[&first, &retry, &newer], [&newer, &retry, &first]] {
            fs::write(folder.join("builds.ndjson"), lines(&builds.map(Value::clone))).unwrap();
            let found = summary(&folder, &["builds.ndjson"]);
            let newest = &found["rules"]["newest"];
            assert_eq!((&newest["broken"], &newest["undecided"]), (&json!(1), &json!(0)), "{found}");
            assert_eq!(newest["minutes"], minutes, "the retry, from {from}");
        }
    }
}

/// A report of no builds looks like a policy that does no harm.
#[test]
fn input_without_a_build_is_an_error() {
    let folder = folder("nothing");
    fs::create_dir_all(folder.join("empty")).unwrap();
    fs::write(folder.join("empty.json"), "").unwrap();
    let build = History::of_seed(7).next().unwrap().to_string();
    let utf_16: Vec<u8> = "\u{feff}".encode_utf16().chain(build.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(folder.join("utf-16.json"), utf_16).unwrap();
    for (input, expected) in [
        ("empty.json", "the input is empty; use Builds of "),
        ("empty", "the input is empty; use Builds of "),
        ("policy.yaml", "the input contains no build: policy.yaml:2: "),
        ("utf-16.json", "the input contains no build: utf-16.json:1: it is UTF-16; save it as UTF-8"),
    ] {
        for format in ["text", "json", "ndjson", "csv"] {
            let output = run(&folder, &["--format", format, input]);
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{input}: {error}");
            assert!(error.contains(expected), "{input}: {error}");
        }
    }

    fs::write(folder.join("history.ndjson"), build).unwrap();
    let output = run(&folder, &["--projects", "zzz", "history.ndjson"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert_eq!(error, "warning: the input contains builds, but none that matches `--projects`\n");

    // A shard or a saved account may have projects alone.
    fs::write(folder.join("projects.json"), json!({"projects": [{"name": "shop", "serviceRole": "r"}]}).to_string())
        .unwrap();
    let output = run(&folder, &["projects.json"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert_eq!(error, "warning: the input contains no build\n");
}

/// An undecided rule may be broken.
#[test]
fn a_build_with_an_undecided_rule_breaks_none_as_far_as_is_known() {
    let folder = folder("undecided");
    let mut build = History::of_seed(7).next().unwrap();
    fs::write(folder.join("history.ndjson"), build.to_string()).unwrap();
    let policy = "version: 1\nrules: [{ id: team, max-timeout: 1m, only: [{ tags: { team: [web] } }] }]\n";
    fs::write(folder.join("policy.yaml"), policy).unwrap();
    let text = stdout(&folder, &["history.ndjson"]);
    assert!(text.contains("       1 break no rule, as far as is known\n"), "{text}");
    build["timeoutInMinutes"] = json!(1);
    fs::write(folder.join("history.ndjson"), build.to_string()).unwrap();
    let text = stdout(&folder, &["history.ndjson"]);
    assert!(text.contains("       1 break no rule\n"), "{text}");
}

/// The table says the same as the summary, and an unknown saving is not shown as none.
#[test]
fn a_rule_that_stops_what_is_unknown_is_undecided_in_the_table_too() {
    let folder = folder("stops-the-unknown");
    fs::write(
        folder.join("policy.yaml"),
        "{version: 1, rules: [{id: image, forbidden-overrides: [image], on-unknown: stop}]}",
    )
    .unwrap();
    let build = json!({
        "id": "shop:5e000000-0000-4000-8000-000000000001", "projectName": "shop", "initiator": "alice",
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001",
        "startTime": "2026-11-20T08:00:00Z", "environment": {"image": "tools"},
    });
    fs::write(folder.join("builds.json"), build.to_string()).unwrap();
    let table = stdout(&folder, &["builds.json", "--format", "csv"]);
    let row = |index: usize| table.lines().nth(index).unwrap().split(',').collect::<Vec<_>>();
    let cell = |name: &str| row(1)[row(0).iter().position(|other| *other == name).unwrap()];
    assert_eq!((cell("outcome"), cell("broken"), cell("undecided")), ("stopped", "image", "image"), "{table}");
    let text = stdout(&folder, &["builds.json"]);
    assert!(text.contains("saved 0.0 minutes\n  without 1 build, whose price or running time is unknown"), "{text}");
}

/// The file's builds would be missing from every number.
#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_an_error_in_a_folder_too() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder("forbidden");
    let builds: Vec<Value> = History::of_seed(5).take(3).collect();
    fs::create_dir(folder.join("history")).unwrap();
    fs::write(folder.join("history/a.ndjson"), lines(&builds[..1])).unwrap();
    let closed = folder.join("history/b.ndjson");
    fs::write(&closed, lines(&builds[1..])).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    if fs::File::open(&closed).is_ok() {
        return;
    }
    for input in ["history", "history/b.ndjson"] {
        let output = run(&folder, &[input]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{input}: {error}");
        assert!(error.contains("history/b.ndjson: the file cannot be opened"), "{input}: {error}");
    }
}

#[test]
fn a_comparison_names_the_rules_that_now_stop_a_build() {
    let folder = folder("enforced");
    let policy = |mode: &str| {
        format!(
            "{{version: 1, rules: [{{id: short, mode: {mode}, max-timeout: 60m}}, {{id: shorter, max-timeout: 30m, mode: report}}]}}"
        )
    };
    fs::write(folder.join("old.yaml"), policy("report")).unwrap();
    fs::write(folder.join("policy.yaml"), policy("enforce")).unwrap();
    let build = json!({"id": "shop:5e000000-0000-4000-8000-000000000001", "projectName": "shop", "timeoutInMinutes": 480,
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001",
        "startTime": "2026-11-20T09:00:00Z", "endTime": "2026-11-20T09:10:00Z", "buildStatus": "SUCCEEDED", "buildComplete": true});
    fs::write(folder.join("builds.ndjson"), lines(&[build])).unwrap();
    let text = stdout(&folder, &["--compare", "old.yaml", "builds.ndjson"]);
    assert!(text.contains(": reported -> stopped (now enforced: short)\n"), "{text}");
    let found = summary(&folder, &["--compare", "old.yaml", "builds.ndjson"]);
    let change = found["comparison"]["builds"].as_object().unwrap().values().next().unwrap();
    assert_eq!(change, &json!({"from": "reported", "to": "stopped", "newlyEnforced": ["short"]}));
    // Another rule stops the build anyway.
    fs::write(folder.join("old.yaml"), policy("enforce")).unwrap();
    fs::write(folder.join("policy.yaml"), policy("enforce").replace(", mode: report", "")).unwrap();
    let text = stdout(&folder, &["--compare", "old.yaml", "builds.ndjson"]);
    assert!(text.contains(": stopped -> stopped (now enforced: shorter)\n"), "{text}");
}
