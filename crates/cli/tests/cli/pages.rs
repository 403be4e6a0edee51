//! Tests that what the pages tell people to run and to read is true.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The first block of code in this language that contains a text.
fn block(page: &str, language: &str, containing: &str) -> String {
    let page = read(page);
    let mut blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(language));
    blocks.find(|block| block.contains(containing)).unwrap().to_owned()
}

#[test]
fn the_readme_lists_the_policy_that_it_names() {
    let rules = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(rules(&block("README.md", "yaml", "rules:")), rules(&read("policy/policy.yaml")));
}

/// A folder with copies of these folders of the repository.
fn copy_of(folders: &[&str]) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let _ = fs::remove_dir_all(&copy);
    for folder in folders {
        fs::create_dir_all(copy.join(folder)).unwrap();
        for entry in fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                fs::copy(entry.path(), copy.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    copy
}

#[test]
fn the_steps_to_a_policy_of_the_library_work() {
    let program = Path::new(env!("CARGO_BIN_EXE_buildbrake")).parent().unwrap();
    let path = env::join_paths([program.to_owned()].into_iter().chain(env::split_paths(&env::var("PATH").unwrap())));
    let copy = copy_of(&["library", "policy", "tests", "events"]);
    for policy in ["cost", "webhooks", "supply-chain"] {
        let steps = block("library/README.md", "sh", "cp library/").replace("cost", policy);
        let output = Command::new("sh")
            .args(["-e", "-c", &steps])
            .current_dir(&copy)
            .env("PATH", path.as_ref().unwrap())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{policy}\n{}{}", text(&output.stdout), text(&output.stderr));
    }
}
