use buildbrake_core::diagnostic::{Code, Fix, Place};
use serde_json::Value;

use super::{Finding, Format};

fn finding(file: &str, code: Code, message: &str) -> Finding {
    Finding {
        file: file.to_owned(),
        place: Some(Place { line: 5, column: 3 }),
        code,
        message: message.to_owned(),
        help: "remove one of them".to_owned(),
        excerpt: None,
        fix: Some(Box::new(Fix { place: Place { line: 5, column: 3 }, old: "x".to_owned(), new: "é".to_owned() })),
    }
}

fn sarif(findings: &[Finding]) -> Value {
    serde_json::from_str(&Format::Sarif.write(findings).unwrap()).unwrap()
}

/// The schema of OASIS, as the crate `serde-sarif` contains it.
fn assert_valid(log: &Value) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/resources/sarif-schema-2.1.0.json");
    let text = std::fs::read_to_string(path).unwrap();
    // A pattern has a bracket too many, which only JavaScript accepts.
    let schema: Value = serde_json::from_str(&text.replace("{2}]?$", "{2}?$")).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}\n{log:#}");
}

#[test]
fn a_sarif_log_is_valid_whatever_it_contains() {
    assert_valid(&sarif(&[]));
    let every: Vec<Finding> = Code::ALL.iter().map(|code| finding("policy.yaml", *code, "duplicate key `x`")).collect();
    assert_valid(&sarif(&every));
    let whole = Finding { place: None, ..finding("a b/ü:%[].yaml", Code::UnreadableFile, "\u{1b}[31m\n[a](1) {0}") };
    assert_valid(&sarif(&[whole]));
}

#[test]
fn names_of_files_are_uris() {
    for (file, expected) in [
        ("policy.yaml", "policy.yaml"),
        ("./policy/policy.yaml", "policy/policy.yaml"),
        ("../a b.yaml", "../a%20b.yaml"),
        ("/etc/policy.yaml", "file:///etc/policy.yaml"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/a b/policy.yaml"), "a%20b/policy.yaml"),
        ("a:b/100%/ü?#.yaml", "a%3Ab/100%25/%C3%BC%3F%23.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
    ] {
        let log = sarif(&[finding(file, Code::DuplicateKey, "duplicate key `x`")]);
        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], expected);
    }
}

/// GitHub's code scanning refuses a log with a result that has no line.
#[test]
fn a_result_without_a_place_is_about_the_first_line() {
    let whole = Finding { place: None, ..finding("policy.yaml", Code::UnreadableFile, "no such file") };
    let log = sarif(&[whole]);
    let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["region"], serde_json::json!({ "startLine": 1 }));
}

#[test]
fn a_message_contains_no_link() {
    for (message, expected) in [
        ("write `[a, b]`", "write `[a, b]`; remove one of them"),
        ("see [this](https://example.com)", "see \\[this\\](https://example.com); remove one of them"),
        ("[a\\](1)", "\\[a\\\\\\](1); remove one of them"),
    ] {
        let log = sarif(&[finding("policy.yaml", Code::DuplicateKey, message)]);
        assert_eq!(log["runs"][0]["results"][0]["message"]["text"], expected);
    }
}

#[test]
fn workflow_commands_are_escaped() {
    for (file, code, message, expected) in [
        (
            "policy.yaml",
            Code::DuplicateKey,
            "duplicate key `x`",
            "::error file=policy.yaml,line=5,col=3,title=BB025::duplicate key `x`%0Aremove one of them\n",
        ),
        (
            "a,b:c%.yaml",
            Code::NoPrices,
            "100 %, so: no\r\nmore",
            "::warning file=a%2Cb%3Ac%25.yaml,line=5,col=3,title=BB303::100 %25, so: no%0D%0Amore%0Aremove one of them\n",
        ),
        (
            "policy.yaml",
            Code::NoDeadline,
            "\u{1b}[31m::error::x",
            "::notice file=policy.yaml,line=5,col=3,title=BB304::\\u{1b}[31m::error::x%0Aremove one of them\n",
        ),
    ] {
        assert_eq!(Format::Github.write(&[finding(file, code, message)]).unwrap(), expected);
    }
    let whole = Finding { place: None, ..finding("policy.yaml", Code::UnreadableFile, "no such file") };
    let command = Format::Github.write(&[whole]).unwrap();
    assert_eq!(command, "::error file=policy.yaml,title=BB011::no such file%0Aremove one of them\n");
}
