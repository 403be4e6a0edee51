//! Rules of the repository that no lint can check.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use buildbrake_core::checks;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The text files below a folder.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(ROOT).join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} is empty");
    found
}

/// An account number that AWS does not use in its own examples could be somebody's.
#[test]
fn all_account_numbers_are_those_of_the_documentation() {
    let examples = ["111122223333", "444455556666", "123456789012", "999999999999", "012345678901"];
    for folder in ["crates", "docs", "events", "library", "policy", "src", "tests"] {
        for (path, text) in files(folder) {
            let runs = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '-');
            for number in runs.filter(|run| run.len() == 12 && run.bytes().all(|byte| byte.is_ascii_digit())) {
                assert!(examples.contains(&number), "{}: {number}", path.display());
            }
        }
    }
}

/// Clippy forbids the core's I/O and clocks (`crates/core/clippy.toml`), but sees no `cfg`.
#[test]
fn the_core_is_tied_to_no_processor_and_no_operating_system() {
    for (path, text) in files("crates/core/src") {
        for word in ["target_arch", "target_os", "target_pointer_width", "std::arch", "core::arch", "std::os"] {
            assert!(!text.contains(word), "{} contains `{word}`", path.display());
        }
    }
}

/// A reader may take two types of the same name for the same thing. Only the arguments and formats of commands, and
/// aliases of one line, have a meaning of their own in each module.
#[test]
fn no_type_is_named_like_another() {
    let shared = ["Arguments", "Format", "Key", "Each", "Difference"];
    let mut homes: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in ["src", "crates/core/src", "crates/aws/src", "crates/cli/src"] {
        let is_test = |path: &Path| path.iter().any(|part| part == "tests" || part == "tests.rs");
        for (path, text) in files(folder).into_iter().filter(|(path, _)| !is_test(path)) {
            for name in text.lines().filter_map(declared_type).filter(|name| !shared.contains(name)) {
                homes.entry(name.to_owned()).or_default().push(path.clone());
            }
        }
    }
    assert!(homes.contains_key("Verdict"));
    homes.retain(|_, homes| homes.len() > 1);
    assert!(homes.is_empty(), "{homes:#?}");
}

/// The name of the type that a line declares outside functions, tests and implementations.
fn declared_type(line: &str) -> Option<&str> {
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.trim_start(),
        None => line,
    };
    let keyword = ["struct ", "enum ", "trait ", "type "].into_iter().find(|keyword| line.starts_with(keyword))?;
    line[keyword.len()..].split(|character: char| !character.is_alphanumeric()).next()
}

#[test]
fn every_check_is_documented() {
    for file in ["docs/policy.md", "docs/prevention.md"] {
        let documentation = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
        for check in checks::ids() {
            assert!(documentation.contains(&format!("`{check}`")), "{file} does not explain `{check}`");
        }
    }
}
