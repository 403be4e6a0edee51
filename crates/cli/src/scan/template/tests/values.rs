//! Scalars as CloudFormation reads them.

use super::*;

#[test]
fn a_parameter_with_no_echo_is_a_secret_however_its_flag_is_spelt() {
    let read = |flag: &str, given: &str| {
        let template = format!(
            "Parameters:\n  Secret: {{ Type: String, NoEcho: {flag}, Default: hunter2, AllowedValues: [hunter2] }}\n\
             Resources:\n  A: {{ Type: AWS::CodeBuild::Project, Properties: {{ Name: !Ref Secret }} }}\n"
        );
        read("t.yaml", template.into_bytes(), &[given.parse().unwrap()], &Destination::default()).unwrap()
    };
    for flag in ["true", "True", "'TRUE'", "yes", "Yes", "'yes'", "on", "ON", "1", "!Ref Flag", "[]", ""] {
        for found in [read(flag, "Other=1"), read(flag, "Secret=hunter3")] {
            assert!(!format!("{:?} {:?}", found.projects, found.refused).contains("hunter"), "{flag}");
        }
    }
    for flag in ["false", "False", "no", "NO", "off", "'off'"] {
        assert_eq!(read(flag, "Other=1").projects[0].settings.name(), Some("hunter2"), "{flag}");
    }
}

/// Reads a template whose project exists if the condition holds. Returns the names of its projects, and messages about
/// refused parameters.
fn conditional(declaration: &str, given: &[&str], condition: &str) -> (Vec<String>, Vec<String>) {
    let template = format!(
        "Parameters:\n  Prod: {{ Type: String, {declaration} }}\n\
         Mappings:\n  Sizes: {{ yes: {{ On: large }}, 'false': {{ on: small }} }}\n\
         Conditions:\n  IsProd: {condition}\n\
         Resources:\n  A: {{ Type: AWS::CodeBuild::Project, Condition: IsProd, Properties: {{ Name: !Ref Prod }} }}\n"
    );
    let given: Vec<Parameter> = given.iter().map(|given| given.parse().unwrap()).collect();
    let found = read("t.yaml", template.into_bytes(), &given, &Destination::default()).unwrap();
    let names = found.projects.iter().map(|project| project.settings.name().unwrap_or("?").to_owned());
    (names.collect(), found.refused)
}

#[test]
fn a_plain_flag_is_the_text_true_or_false() {
    for (declaration, given, condition, name) in [
        ("Default: yes, AllowedValues: [yes, no]", &[][..], "!Equals [!Ref Prod, yes]", "true"),
        ("Default: 'true'", &[], "!Equals [!Ref Prod, True]", "true"),
        ("Default: True", &[], "!Equals [!Ref Prod, 'true']", "true"),
        ("Default: OFF", &[], "!Equals [!Ref Prod, False]", "false"),
        ("Default: 'True'", &[], "!Equals [!Ref Prod, 'True']", "True"),
        ("AllowedValues: [True, False]", &["Prod=true"], "!Equals [!Ref Prod, TRUE]", "true"),
        ("Default: true", &[], "!Equals [!FindInMap [Sizes, !Ref Prod, on], large]", "true"),
        ("Default: no", &[], "!Equals [!FindInMap [Sizes, !Ref Prod, yes], small]", "false"),
    ] {
        let found = conditional(declaration, given, condition);
        assert_eq!(found, (vec![name.to_owned()], Vec::new()), "{declaration} {condition}");
    }
    let (_, refused) = conditional("AllowedValues: [yes, no]", &["Prod=yes"], "!Equals [a, a]");
    let expected = "t.yaml: the parameter `Prod` does not allow `yes`; use one of its `AllowedValues`: `true`, `false`";
    assert_eq!(refused, [expected]);
}
