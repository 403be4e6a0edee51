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
    // No other size creates it.
    assert_eq!(left_out(TEMPLATE, &["Stage=dev"]), []);
}

#[test]
fn what_a_macro_adds_is_never_certain() {
    let template = "
Resources:
  A:
    Type: AWS::CodeBuild::Project
    Fn::Transform: { Name: AWS::Include, Parameters: { Location: s3://a/b } }
    Properties: { Name: a }
  B: { 'Fn::Transform': { Name: AWS::Include } }
  C: !Transform { Name: AWS::Include }
  'Fn::ForEach::Stacks': [X, [a], { 'S${X}': { Type: AWS::CloudFormation::Stack } }]
  'Fn::ForEach::Modules': [X, [a], { 'M${X}': { Type: 'Acme::Ci::Build::MODULE' } }]
  'Fn::ForEach::Macros': [X, [a], { 'N${X}': { 'Fn::Transform': { Name: Acme } } }]
  'Fn::ForEach::Tags': [X, [a], { 'T${X}': !Transform { Name: Acme } }]
  'Fn::ForEach::Buckets': [X, [a], { 'B${X}': { Type: AWS::S3::Bucket } }]
";
    let found = read("t.yaml", template.as_bytes().to_vec(), &[], &Destination::default()).unwrap();
    let names: Vec<_> = found.projects.iter().map(|one| (&*one.origin.address, one.settings.name())).collect();
    assert_eq!(names, [("A", None)]);
    let made = "what `Fn::ForEach` makes is not judged";
    let named: Vec<_> = found.left_out.iter().map(|one| (&*one.origin.address, &*one.why)).collect();
    assert_eq!(
        named,
        [
            ("B", "what the macro adds is not judged"),
            ("C", "what the macro adds is not judged"),
            ("Fn::ForEach::Stacks", made),
            ("Fn::ForEach::Modules", made),
            ("Fn::ForEach::Macros", made),
            ("Fn::ForEach::Tags", made),
        ]
    );
    let of_macro = [("Resources".to_owned(), "what the macro adds is not judged".to_owned())];
    assert_eq!(left_out("Resources: !Transform { Name: AWS::Include }\n", &[]), of_macro);
    for resources in ["[]", "x", "", "[{ A: { Type: AWS::CodeBuild::Project } }]"] {
        let fault = read("t", format!("Resources: {resources}\n").into_bytes(), &[], &Destination::default());
        let fault = fault.unwrap_err().to_string();
        assert!(fault.contains("`Resources` is not a mapping of resources"), "{resources}: {fault}");
    }
}

#[test]
fn a_mapping_that_a_macro_completes_is_unknown() {
    for mappings in [
        "{ M: { 'Fn::Transform': { Name: AWS::Include } } }",
        "{ M: !Transform { Name: AWS::Include } }",
        "{ M: { prod: { T: 30, 'Fn::Transform': { Name: AWS::Include } } } }",
        "{ 'Fn::Transform': { Name: AWS::Include } }",
        "!Transform { Name: AWS::Include }",
    ] {
        let template = format!(
            "Mappings: {mappings}\nResources:\n  A:\n    Type: AWS::CodeBuild::Project\n    Properties: {{ Name: !FindInMap \
             [M, prod, T, {{ DefaultValue: shop }}] }}\n"
        );
        let found = read("t.yaml", template.into_bytes(), &[], &Destination::default()).unwrap();
        assert_eq!(found.projects[0].settings.name(), None, "{mappings}");
        assert!(format!("{:?}", found.projects).contains("a macro may change this mapping"), "{mappings}");
    }
}
