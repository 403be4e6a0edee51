//! Every policy that comes with the program keeps what its tests promise: each rule is
//! broken by one of them and passed by another.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The files with this ending in a folder and its subfolders, by their paths from the repository's root. A
/// missing folder has none.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(Path::new(ROOT).join(&folder)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Runs the test files one by one, so that each policy must be covered by the tests beside it.
#[test]
fn every_policy_passes_its_tests() {
    let files = [files("library", ".test.yaml"), files("tests", ".test.yaml")].concat();
    assert!(!files.is_empty(), "there is no policy test");
    let mut failures = Vec::new();
    for file in &files {
        let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
        let run = command.args(["test", "--coverage"]).arg(file).current_dir(ROOT);
        let output = run.output().unwrap();
        if !output.status.success() {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            failures.push(format!("{}\n{}{}", file.display(), text(&output.stdout), text(&output.stderr)));
        }
    }
    assert!(failures.is_empty(), "{} of {} fail\n\n{}", failures.len(), files.len(), failures.join("\n"));
}

#[test]
fn every_policy_of_the_library_has_tests_beside_it() {
    let tests = files("library", ".test.yaml");
    for policy in files("library", ".yaml").iter().filter(|file| !tests.contains(file)) {
        assert!(tests.contains(&policy.with_extension("test.yaml")), "{} has no tests", policy.display());
    }
}

/// The projects that AWS's own tools create are not stopped once the block is uncommented.
#[test]
fn the_never_stop_block_protects_the_projects_of_awss_own_tools() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("never-stop");
    fs::create_dir_all(&folder).unwrap();
    let starter = fs::read_to_string(Path::new(ROOT).join("library/starter.yaml")).unwrap();
    let (before, block) = starter.split_once("\n# never-stop:\n").unwrap();
    let block: Vec<&str> = block.lines().map(|line| line.strip_prefix('#').unwrap_or(line)).collect();
    fs::write(folder.join("policy.yaml"), format!("{before}\nnever-stop:\n{}\n", block.join("\n"))).unwrap();
    let test = |project: &str, expected: &str| {
        let build = format!("{{id: \"{project}:1\", projectName: {project}, timeoutInMinutes: 300}}");
        format!("  - {{name: {project}, now: 2026-11-22T09:00:00Z, build: {build}, expect: {expected}}}\n")
    };
    let tests = [
        test("bedrock-agentcore-shop-builder", "protect"),
        test("ProwlerCodeBuild-1f2e3d", "protect"),
        test("shop-builder", "stop"),
    ];
    let file = folder.join("policy.test.yaml");
    fs::write(&file, format!("policy: policy.yaml\ntests:\n{}", tests.concat())).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_buildbrake")).arg("test").arg(&file).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

/// The function's layer contains the whole folder of the sample policy.
#[test]
fn no_test_ships_in_the_layer() {
    assert_eq!(files("policy", ".test.yaml"), Vec::<PathBuf>::new());
}
