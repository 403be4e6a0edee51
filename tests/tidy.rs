//! What the house keeps to, where no lint can see it.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use buildbrake_core::checks;

fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no {ending} in {folder}");
    found
}

/// An account number that is not AWS's own example could be somebody's.
#[test]
fn no_account_but_the_documentations() {
    let examples = ["111122223333", "444455556666", "123456789012", "012345678901"];
    for (path, text) in [
        files("events", ".json"),
        files("tests", ""),
        files("docs", ""),
        files("src", ".rs"),
        files("crates", ".rs"),
        files("policy", ""),
    ]
    .concat()
    {
        let digits = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '-');
        for number in digits.filter(|run| run.len() == 12 && run.bytes().all(|byte| byte.is_ascii_digit())) {
            assert!(examples.contains(&number), "{}: {number}", path.display());
        }
    }
}

#[test]
fn every_check_is_documented() {
    for file in ["docs/policy.md", "docs/prevention.md"] {
        let documentation = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        for check in checks::ids() {
            assert!(documentation.contains(&format!("`{check}`")), "{file} does not explain `{check}`");
        }
    }
}
