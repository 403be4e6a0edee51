//! Tests that the commands of the documentation's pages work, and that their statements are true.

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

#[test]
fn the_policy_is_replaced_only_by_one_that_was_learned() {
    let program = Path::new(env!("CARGO_BIN_EXE_buildbrake")).parent().unwrap();
    let path = env::join_paths([program.to_owned()].into_iter().chain(env::split_paths(&env::var("PATH").unwrap())));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages-learn");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("policy")).unwrap();
    fs::write(folder.join("policy/policy.yaml"), "version: 1\nrules: []\n").unwrap();
    // There is neither a region nor a credential.
    let status = Command::new("sh")
        .args(["-e", "-c", &block("docs/tasks/turn-it-on.md", "sh", "buildbrake learn")])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", path.unwrap())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .status()
        .unwrap();
    assert_eq!(fs::read_to_string(folder.join("policy/policy.yaml")).unwrap(), "version: 1\nrules: []\n", "{status}");
}

/// The upload of an empty log would be an error of its own.
#[test]
fn the_scan_in_ci_leaves_no_empty_log() {
    let workflow = block("docs/tasks/policy-in-ci.md", "yaml", "# .github/workflows/policy.yml");
    let (scan, upload) = workflow.split_once("- name: Scan the projects").unwrap().1.split_once("- uses:").unwrap();
    assert!(upload.contains("if: always() && hashFiles('scan.sarif') != ''"), "{upload}");
    let script = scan.split_once("run:").unwrap().1.trim_start().trim_start_matches('|');
    let program = Path::new(env!("CARGO_BIN_EXE_buildbrake")).parent().unwrap();
    let path = env::join_paths([program.to_owned()].into_iter().chain(env::split_paths(&env::var("PATH").unwrap())));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages-scan");
    let template = |minutes: &str| {
        format!("Resources:\n  A: {{ Type: AWS::CodeBuild::Project, Properties: {{ TimeoutInMinutes: {minutes} }} }}\n")
    };
    for (template, expected, has_log) in
        [(template("30"), 0, true), (template("480"), 1, true), ("Resources: [".to_owned(), 2, false)]
    {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("template.yaml"), template).unwrap();
        fs::write(folder.join("policy.yaml"), "version: 1\nrules: [{ id: short, max-timeout: 60m }]\n").unwrap();
        let mut command = Command::new("sh");
        command.args(["-e", "-c", script]).current_dir(&folder).env("PATH", path.as_ref().unwrap());
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{error}");
        assert_eq!(folder.join("scan.sarif").exists(), has_log, "{error}");
    }
}

/// Returns what `buildbrake check` writes to standard error about a policy. It is empty if nothing is found.
fn checked(name: &str, policy: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    fs::write(&path, policy).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_buildbrake")).arg("check").arg(&path).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The text of a policy for a block of a page: a whole policy, or rules. `None` for anything else.
fn policy_of(block: &str) -> Option<String> {
    let first = block.lines().find(|line| !line.trim().is_empty())?;
    match first.trim_start() {
        start if start.starts_with("version: 1") => Some(block.to_owned()),
        start if start.starts_with("- id:") => {
            let indent = first.len() - start.len();
            let rules: Vec<String> =
                block.lines().map(|line| format!("  {}", line.get(indent..).unwrap_or(""))).collect();
            Some(format!("version: 1\nrules:\n{}\n", rules.join("\n")))
        }
        _ => None,
    }
}

#[test]
fn every_policy_and_rule_of_a_page_is_valid_and_without_a_warning() {
    let mut checks = 0;
    for name in
        ["README", "docs/branches", "docs/expressions", "docs/policy", "docs/prevention", "docs/limits-of-a-rule"]
    {
        let page = read(&format!("{name}.md"));
        let blocks = page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("yaml\n"));
        for policy in blocks.filter_map(policy_of) {
            let found = checked("page", &policy);
            assert!(!found.contains("fault") && !found.contains("warning"), "{name}: {policy}\n{found}");
            checks += 1;
        }
    }
    assert!(checks >= 5, "{checks}");
}

/// The expressions in the first cells of the table.
#[test]
fn every_comparison_of_the_page_is_reported() {
    let page = read("docs/expressions.md");
    let section = page.split("## Comparisons that `check` reports").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(|row| row.replace("\\|", "¦"));
    let cells: Vec<String> = rows.map(|row| row.split('|').nth(1).unwrap().replace('¦', "|")).collect();
    let expressions: Vec<&str> = cells.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(expressions.len() >= 13, "{expressions:?}");
    for expression in expressions {
        // `x` stands for any member.
        let expression = expression.replace("x ==", "build.projectName ==").replace("x !=", "build.projectName !=");
        let policy = format!("version: 1\nrules:\n  - id: a\n    deny-when: |\n      {expression}\n");
        let found = checked("comparison", &policy);
        assert!(found.contains("1 fault") || found.contains("warning"), "{expression}: {found}");
    }
}

#[test]
fn the_policy_that_enforces_everything_is_valid() {
    let steps = block("docs/tasks/turn-it-on.md", "sh", "> enforced.yaml");
    let sed = steps.lines().find(|line| line.starts_with("sed ")).unwrap();
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("enforced");
    fs::create_dir_all(copy.join("policy")).unwrap();
    let rules = "  - { id: a, mode: report, max-timeout: 60m }\n  - id: b\n    mode: report\n    \
                 enforce-after: 2999-03-01\n    max-timeout: 90m\n";
    fs::write(copy.join("policy/policy.yaml"), format!("version: 1\nrules:\n{rules}")).unwrap();
    assert!(Command::new("sh").args(["-c", sed]).current_dir(&copy).status().unwrap().success());
    let enforced = fs::read_to_string(copy.join("enforced.yaml")).unwrap();
    assert_eq!(enforced.matches("mode: enforce").count(), 2, "{enforced}");
    let found = checked("enforced", &enforced);
    assert!(!found.contains("error["), "{found}");
}

/// If the cache's key lacked the revision, a new revision would still use the old program.
#[test]
fn a_cached_program_is_that_of_the_revision() {
    let keys: Vec<String> = [".github/workflows/policy.yml", ".gitlab-ci.yml"]
        .into_iter()
        .map(|file| {
            let block = block("docs/tasks/policy-in-ci.md", "yaml", file);
            block.lines().find(|line| line.trim().starts_with("key: ")).unwrap().trim().to_owned()
        })
        .collect();
    assert_eq!(keys, ["key: buildbrake-${{ env.REVISION }}", "key: buildbrake-$REVISION"]);
}
