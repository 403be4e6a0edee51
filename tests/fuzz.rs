//! The fuzz targets over their seeds: the project's own events, policies, and what its
//! tests read. The seeds are written down, for `make fuzz` to begin with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::{fs, path::Path};

use serde_json::Value;

const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn events() {
    run("events", targets::events, files(&["events", "tests/events"], "json"));
}

#[test]
fn policies() {
    let mut seeds = policy_files();
    for file in ["tests.rs", "tests/faults.rs", "tests/yaml.rs"] {
        seeds.extend(literals(&format!("crates/core/src/policy/{file}")));
    }
    run("policies", targets::policies, seeds);
}

#[test]
fn source_versions() {
    run("source-versions", targets::source_versions, literals("crates/core/src/facts/source_version/tests.rs"));
}

#[test]
fn expressions() {
    let mut seeds = literals("crates/core/src/expression/tests.rs");
    for policy in policy_files() {
        let Ok(policy) = serde_saphyr::from_str::<Value>(&policy) else { continue };
        let rules = policy["rules"].as_array().into_iter().flatten();
        seeds.extend(rules.filter_map(|rule| Some(rule["deny-when"].as_str()?.to_owned())));
    }
    run("expressions", targets::expressions, seeds);
}

fn run(name: &str, target: fn(&str), seeds: Vec<String>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seeds").join(name);
    fs::create_dir_all(&folder).unwrap();
    assert!(seeds.len() > 10, "{name} has {} seeds", seeds.len());
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(number.to_string()), seed).unwrap();
        target(seed);
    }
}

fn policy_files() -> Vec<String> {
    files(&["library", "policy", "crates/cli/tests/transcripts/policies"], "yaml")
}

fn files(folders: &[&str], ending: &str) -> Vec<String> {
    let entries = folders.iter().flat_map(|folder| fs::read_dir(Path::new(PROJECT).join(folder)).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The texts in double quotes of a file of Rust.
fn literals(file: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(PROJECT).join(file)).unwrap();
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
