//! Parts of a template that are not judged.

use super::*;

/// The parts of a template that are left out, each with the reason.
fn left_out(template: &str, given: &[&str]) -> Vec<(String, String)> {
    let given: Vec<Parameter> = given.iter().map(|given| given.parse().unwrap()).collect();
    let found = read("t.yaml", template.as_bytes().to_vec(), &given, &Destination::default()).unwrap();
    found.left_out.into_iter().map(|one| (one.origin.address, one.why)).collect()
}

#[test]
fn what_only_defaults_leave_out_is_named() {
    const TEMPLATE: &str = "
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  Size: { Type: String, Default: small }
  Other: { Type: String, Default: x }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsBig: { 'Fn::And': [{ Condition: IsProd }, !Equals [!Sub 'a-${Size}', a-big]] }
  IsChosen: !Equals [!If [IsProd, a, b], a]
  Never: !Equals [a, b]
  Loop: !And [!Condition Loop, !Condition Never]
Resources:
  A: { Type: AWS::CodeBuild::Project, Condition: IsProd }
  B: { Type: AWS::CloudFormation::Stack, Condition: IsBig }
  C: { Type: AWS::CodeBuild::Project, Condition: Never }
  D: { Type: AWS::S3::Bucket, Condition: IsProd }
  E: { Type: AWS::CodeBuild::Project, Condition: IsChosen }
  F: { Type: AWS::CodeBuild::Project, Condition: Loop }
";
    let of = |address: &str, why: &str| (address.to_owned(), why.to_owned());
    let of_stage = |condition: &str| {
        format!(
            "the condition `{condition}` is false with the default of `Stage`; scan with `--parameter Stage=VALUE`, too"
        )
    };
    let both = "the condition `IsBig` is false with the defaults of `Size` and `Stage`; \
                scan with `--parameter Size=VALUE --parameter Stage=VALUE`, too";
    assert_eq!(left_out(TEMPLATE, &[]), [of("A", &of_stage("IsProd")), of("B", both), of("E", &of_stage("IsChosen"))]);
    let of_size = "the condition `IsBig` is false with the default of `Size`; scan with `--parameter Size=VALUE`, too";
    assert_eq!(left_out(TEMPLATE, &["Stage=prod"]), [of("B", of_size)]);
    assert_eq!(left_out(TEMPLATE, &["Stage=dev", "Size=small"]), []);
}
