//! The features in the deployed function, and the dependencies of the core. Neither may change unnoticed.

use std::process::Command;

/// The packages whose features decide what the function can do, how large it is and how it
/// starts. A name also stands for those that it begins.
const OF_INTEREST: [&str; 15] = [
    "aws-",
    "aws_",
    "buildbrake",
    "cel",
    "chrono",
    "gix-",
    "hyper",
    "jiff",
    "lambda",
    "reqwest",
    "ring",
    "rustls",
    "serde",
    "tokio",
    "tracing",
];

/// The lines of `cargo tree` of a package's dependencies, without versions.
fn tree(package: &str, edges: &str) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", edges, "--package", package]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let feature = rest.strip_prefix("feature ").and_then(|rest| rest.split('"').nth(1));
            feature.map_or(name.to_owned(), |feature| format!("{name} {feature}"))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}

/// `sam build` builds the function's package alone, so that cargo unifies no feature of the
/// command line into it. If a change here is meant, renew the list with
/// `INSTA_UPDATE=always cargo test --test e2e features::`.
#[test]
fn the_function_has_the_allowed_features_and_no_others() {
    let features = tree("buildbrake-lambda", "normal,features");
    let of_interest = |line: &&String| OF_INTEREST.iter().any(|name| line.starts_with(name));
    let listed: Vec<&str> = features.iter().filter(of_interest).map(String::as_str).collect();
    insta::assert_snapshot!(listed.join("\n"));
}

/// The programs of the command line and of the tests are not the function's.
#[test]
fn the_function_depends_on_no_command_line_and_on_no_testkit() {
    let packages = tree("buildbrake-lambda", "normal");
    for package in ["buildbrake", "buildbrake-testkit", "clap", "aws-lc-rs", "aws-lc-sys"] {
        assert!(!packages.iter().any(|name| name == package), "the function depends on {package}");
    }
}

#[test]
fn the_core_depends_on_no_runtime_and_on_no_sdk() {
    let packages = tree("buildbrake-core", "normal");
    assert!(packages.iter().any(|name| name == "serde_json"), "{packages:?}");
    for start in ["aws-", "hyper", "mio", "reqwest", "rustls", "socket2", "tokio"] {
        let found: Vec<_> = packages.iter().filter(|name| name.starts_with(start)).collect();
        assert!(found.is_empty(), "buildbrake-core depends on {found:?}");
    }
}
