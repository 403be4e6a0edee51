//! The page of each diagnostic: its example causes that diagnostic and no other, with this output.
//!
//! `DIAGNOSTICS=overwrite` writes the outputs and the list of all ids.

use std::{collections::BTreeSet, env, fs, path::PathBuf, process::Command};

use buildbrake_core::{
    diagnostic::{Code, Diagnostics, Finding},
    policy::Policy,
    testing::{File, PolicyTests},
    yaml::decode,
};
use jiff::Timestamp;

/// The moment at which the examples are checked.
const NOW: &str = "2026-11-26T12:00:00Z";

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics"))
}

/// The blocks of a page in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("{language}\n");
    page.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix(start.as_str())).collect()
}

/// What `buildbrake check` or `buildbrake test` finds in the files of an example.
fn found(policy: Vec<u8>, tests: Option<&str>) -> Vec<Finding> {
    let decoded = decode("policy.yaml", policy);
    let result = match tests {
        Some(tests) => {
            let policy = decoded.unwrap();
            let read = |name: &str| match name {
                "policy.yaml" => Ok(File { name: name.to_owned(), text: policy.clone() }),
                _ => Err("No such file or directory".to_owned()),
            };
            let file = File { name: "policy.test.yaml".to_owned(), text: tests.to_owned() };
            PolicyTests::parse(&file, read).map(|_| Vec::new())
        }
        None => decoded
            .and_then(|text| Ok((Policy::parse("policy.yaml", &text)?, text)))
            .map(|(policy, text)| vec![policy.lint("policy.yaml", &text, NOW.parse::<Timestamp>().unwrap())])
            .map_err(|faults| vec![faults]),
    };
    let all: Vec<Diagnostics> = result.unwrap_or_else(|faults| faults);
    all.iter().flat_map(Diagnostics::findings).collect()
}

/// Returns the page with the output of its example. If the example causes other diagnostics, returns a message about
/// these.
fn with_output(code: Code, page: &str) -> String {
    let files = blocks(page, "yaml");
    if code.id().starts_with("BB5") {
        return with_output_of_scan(code, page, &files);
    }
    let policy = match code {
        Code::NotUtf8 => files[0].chars().map(|letter| u8::try_from(letter).unwrap()).collect(),
        _ => files[0].as_bytes().to_vec(),
    };
    let findings = found(policy, files.get(1).copied());
    let codes: BTreeSet<&str> = findings.iter().map(|finding| finding.code.id()).collect();
    let shown: Vec<String> = findings.iter().map(Finding::to_string).collect();
    let shown = shown.join("\n\n");
    if codes != BTreeSet::from([code.id()]) {
        return format!("the example of {} causes {codes:?}\n{shown}", code.id());
    }
    page.replace(&format!("```text\n{}```", blocks(page, "text")[0]), &format!("```text\n{shown}\n```"))
}

/// Does the same for a page about `buildbrake scan`, whose example is a policy and a template.
fn with_output_of_scan(code: Code, page: &str, files: &[&str]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("diagnostics").join(code.id());
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("policy.yaml"), files[0]).unwrap();
    fs::write(folder.join("template.yaml"), files[1]).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_buildbrake"))
        .args(["scan", "--policy", "policy.yaml", "--template", "template.yaml"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let shown = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    let ids = shown.split("[BB").skip(1).map(|rest| format!("BB{}", rest.split(']').next().unwrap()));
    let ids: BTreeSet<String> = ids.collect();
    if ids != BTreeSet::from([code.id().to_owned()]) {
        return format!("the example of {} causes {ids:?}\n{shown}", code.id());
    }
    page.replace(&format!("```text\n{}```", blocks(page, "text")[0]), &format!("```text\n{}\n```", shown.trim_end()))
}

fn list() -> String {
    let mut list = String::from(
        "# Diagnostics\n\nWhat `buildbrake check`, `buildbrake test` and `buildbrake scan` report has an id, which later \
         versions keep.\n`buildbrake rules BB025` prints the page of one.\n\n| id | severity | about |\n| --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let (id, severity) = (code.id(), code.severity().name());
        list.push_str(&format!("| [{id}]({id}.md) | {severity} | {} |\n", code.summary().trim_end_matches('.')));
    }
    list
}

#[test]
fn every_diagnostic_has_a_page_whose_example_causes_it() {
    let overwrites = env::var("DIAGNOSTICS").is_ok_and(|value| value == "overwrite");
    let check = |name: &str, expected: String, actual: String| {
        if overwrites {
            fs::write(folder().join(name), expected).unwrap();
        } else {
            assert_eq!(actual, expected, "{name}; run this test with DIAGNOSTICS=overwrite");
        }
    };
    let read = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
    for code in Code::ALL {
        let name = format!("{}.md", code.id());
        let page = read(&name);
        let title = format!("# {}: ", code.id());
        assert!(page.starts_with(&title) && page.contains("\n## Correct it\n"), "{name}");
        check(&name, with_output(*code, &page), page);
    }
    check("README.md", list(), read("README.md"));
    let pages = fs::read_dir(folder()).unwrap().count();
    assert_eq!(pages, Code::ALL.len() + 1, "a page of an id that does not exist");
}
