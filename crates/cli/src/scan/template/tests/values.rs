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
