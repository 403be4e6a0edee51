//! The fuzz targets over their seeds: the project's own events and policies, and the texts that
//! its tests parse. The seeds are written to a folder that `make fuzz` starts from.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::{fs, path::Path};

use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn events() {
    run("events", 20, targets::events, files(&["events", "crates/core/tests/events"], "json"));
}

#[test]
fn inputs() {
    let mut seeds = files(&["events", "crates/core/tests/events", "crates/core/tests/payloads"], "json");
    seeds.extend(literals("recognize"));
    run("inputs", 100, targets::inputs, seeds);
}

#[test]
fn policies() {
    let mut seeds = policy_files();
    seeds.extend(literals("policy"));
    run("policies", 230, targets::policies, seeds);
}

#[test]
fn source_versions() {
    run("source-versions", 320, targets::source_versions, literals("source_version"));
}

#[test]
fn expressions() {
    let mut seeds = literals("expression");
    for policy in policy_files() {
        let Ok(policy) = serde_saphyr::from_str::<Value>(&policy) else { continue };
        let rules = policy["rules"].as_array().into_iter().flatten();
        seeds.extend(rules.filter_map(|rule| Some(rule["deny-when"].as_str()?.to_owned())));
    }
    run("expressions", 500, targets::expressions, seeds);
}

/// Runs a target over its seeds. Fails if there are fewer than `least`, because then a file of seeds has been lost.
fn run(name: &str, least: usize, target: fn(&str), seeds: Vec<String>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("seeds").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    assert!(seeds.len() >= least, "{name} has {} seeds, and had {least}", seeds.len());
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(number.to_string()), seed).unwrap();
        target(seed);
    }
}

fn policy_files() -> Vec<String> {
    files(&["library", "policy", "crates/cli/tests/transcripts/policies"], "yaml")
}

fn files(folders: &[&str], ending: &str) -> Vec<String> {
    let entries = folders.iter().flat_map(|folder| fs::read_dir(Path::new(ROOT).join(folder)).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The string literals of all test files of the core whose path contains this word, wherever the files are.
fn literals(word: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(ROOT).join("crates/core")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(ROOT).unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && name.contains("tests") && name.contains(word) {
                let tokens = fs::read_to_string(&path).unwrap().parse().unwrap();
                collect(tokens, &mut found);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn collect(tokens: TokenStream, texts: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect(group.stream(), texts),
            TokenTree::Literal(literal) => {
                texts.extend(syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value()));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}
