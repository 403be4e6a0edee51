mod left_out;
mod values;

use buildbrake_core::scan::Given;

use super::*;

/// A template with a parameter of each kind.
const TEMPLATE: &str = r#"
Parameters:
  Image: { Type: String, Default: 'aws/codebuild/standard:7.0' }
  Stage: { Type: String }
  Minutes: { Type: Number, Default: 60 }
  Subnets: { Type: CommaDelimitedList, Default: 'subnet-1, subnet-2' }
  Secret: { Type: String, NoEcho: true, Default: hunter2 }
  Ami: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /ami }
Mappings:
  Sizes:
    prod: { type: BUILD_GENERAL1_LARGE, zones: [a, b] }
    test: { type: BUILD_GENERAL1_SMALL, zones: [c] }
Conditions:
  IsTest: !Equals [!Ref Image, aws/codebuild/standard:7.0]
  IsProd: !Equals [!Ref Stage, prod]
  Both: !And [!Condition IsTest, !Condition IsProd]
  Neither: !Not [!Or [!Condition IsTest, !Condition IsProd]]
  AnyTest: !Or [{ Condition: IsTest }, { Condition: IsProd }]
  Same: !Equals [a, a]
  Loop: !Not [!Condition Loop]
  InSubnets: !Contains [!Ref Subnets, subnet-2]
  TwoSubnets: !Equals [{ 'Fn::Length': !Ref Subnets }, 2]
  IsYes: !Equals [yes, 'true']
  ListIsText: !Equals [!Ref Subnets, subnet-1]
  ListIsNothing: !Equals [!Ref Subnets, !Ref 'AWS::NoValue']
Resources: {}
"#;

/// Evaluates a YAML value in that template. Returns the result as text, or `?` and the reason why it is unknown.
fn evaluated(value: &str, parameters: &[&str], destination: &Destination) -> String {
    let root = Node::parse(TEMPLATE).unwrap();
    let parameters: Vec<Parameter> = parameters.iter().map(|given| given.parse().unwrap()).collect();
    let parameters = Parameters::read(member(&root, "Parameters"), &parameters, destination);
    let conditions = Conditions::new(member(&root, "Conditions"));
    let evaluation = Evaluation::new(&parameters, &conditions, member(&root, "Mappings"));
    shown(&evaluation.value(&Node::parse(value).unwrap()).value)
}

fn shown(value: &Given) -> String {
    match value {
        Given::Unknown(why) => format!("? {why}"),
        Given::Nothing => "nothing".to_owned(),
        Given::Flag(flag) => flag.to_string(),
        Given::Number(number) => number.to_string(),
        Given::Text(text) => text.clone(),
        Given::List(list) => format!("[{}]", list.iter().map(|one| shown(&one.value)).collect::<Vec<_>>().join(", ")),
        Given::Structure(members) => {
            let members = members.iter().map(|(name, one)| format!("{name}: {}", shown(&one.value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn functions_are_evaluated_where_that_is_certain() {
    for (value, expected) in [
        ("plain", "plain"),
        ("!Ref Image", "aws/codebuild/standard:7.0"),
        ("{Ref: Minutes}", "60"),
        ("!Ref Subnets", "[subnet-1, subnet-2]"),
        ("!Ref Stage", "? the parameter `Stage` has no value"),
        ("!Ref Secret", "? the parameter `Secret` has `NoEcho`, so its value is not used"),
        ("!Ref Ami", "? the value of the parameter `Ami` is in Parameter Store"),
        ("!Ref Role", "? `Role` is known only after the stack is deployed"),
        ("!Ref AWS::NoValue", "nothing"),
        ("!Ref AWS::Region", "? it depends on where the template is deployed; add `--region`"),
        ("!Ref AWS::StackName", "? `AWS::StackName` is known only after the stack is deployed"),
        ("!Sub 'a-${Image}-${!Image}'", "a-aws/codebuild/standard:7.0-${Image}"),
        ("!Sub 'a-${Stage}'", "? the parameter `Stage` has no value"),
        ("!Sub '${Role.Arn}'", "? `Role.Arn` is known only after the stack is deployed"),
        ("!Sub ['${A}-${Minutes}', {A: !Join ['/', [x, !Ref Minutes]]}]", "x/60-60"),
        ("{'Fn::Sub': ['${A}', {A: {Ref: Image}}]}", "aws/codebuild/standard:7.0"),
        ("!Sub 'no ${end'", "no ${end"),
        ("!Join [':', [a, b]]", "a:b"),
        ("!Join [',', !Ref Subnets]", "subnet-1,subnet-2"),
        ("!Join ['', [a, !GetAtt Role.Arn]]", "? `Fn::GetAtt` is evaluated when the stack is deployed"),
        ("!Select [1, [a, b]]", "b"),
        ("!Select ['0', !Split ['/', !Ref Image]]", "aws"),
        ("!Select [7, [a]]", "? this use of `Fn::Select` cannot be evaluated"),
        ("!Split [',', 'a,b']", "[a, b]"),
        ("!FindInMap [Sizes, test, type]", "BUILD_GENERAL1_SMALL"),
        ("!FindInMap [Sizes, prod, zones]", "[a, b]"),
        ("!FindInMap [Sizes, none, type]", "? this use of `Fn::FindInMap` cannot be evaluated"),
        ("!FindInMap [Sizes, none, type, {DefaultValue: x}]", "x"),
        ("!FindInMap [Sizes, !Ref Stage, type]", "? the parameter `Stage` has no value"),
        ("!If [IsTest, yes, no]", "true"),
        ("!If [IsProd, yes, no]", "? it depends on the condition `IsProd`, which is unknown"),
        ("!If [IsProd, same, same]", "same"),
        ("!If [Both, yes, no]", "? it depends on the condition `Both`, which is unknown"),
        ("!If [Neither, yes, no]", "false"),
        ("!If [AnyTest, yes, no]", "true"),
        ("!If [Loop, yes, no]", "? it depends on the condition `Loop`, which is unknown"),
        ("!If [NoSuch, yes, no]", "? it depends on the condition `NoSuch`, which is unknown"),
        ("!If [InSubnets, yes, no]", "true"),
        ("!If [TwoSubnets, yes, no]", "true"),
        ("!If [IsYes, yes, no]", "true"),
        ("!If [ListIsText, yes, no]", "false"),
        ("!If [ListIsNothing, yes, no]", "false"),
        ("!Join ['-', [a, yes, 3]]", "a-true-3"),
        ("{'Fn::If': [Same, {A: !Ref Minutes}, {'Ref': 'AWS::NoValue'}]}", "{A: 60}"),
        ("[a, !If [Same, !Ref 'AWS::NoValue', b]]", "[a, nothing]"),
        ("{A: 1, 'Fn::Transform': {Name: X}}", "? a function beside other members may add members"),
        ("{'Fn::Transform': {Name: X}}", "? `Fn::Transform` is evaluated when the stack is deployed"),
        ("!ImportValue x", "? `Fn::ImportValue` is evaluated when the stack is deployed"),
        ("!Base64 abc", "YWJj"),
        ("{'Fn::Base64': !Sub '${Minutes}'}", "NjA="),
        ("{'Fn::Length': !Ref Subnets}", "2"),
        ("!Nonsense x", "? this use of `Fn::Nonsense` cannot be evaluated"),
        ("'{{resolve:ssm:/a}}'", "? a dynamic reference is resolved when the stack is deployed"),
        ("!Sub '{{resolve:ssm:/${Minutes}/a}}'", "? a dynamic reference is resolved when the stack is deployed"),
        ("!Join ['', ['{{resolve:', 'ssm:/a}}']]", "? a dynamic reference is resolved when the stack is deployed"),
        ("!Base64 '{{resolve:ssm:/a}}'", "? a dynamic reference is resolved when the stack is deployed"),
        ("!Split [',', !Sub 'a,{{resolve:ssm:/a}}']", "? a dynamic reference is resolved when the stack is deployed"),
        ("on", "true"),
        ("True", "true"),
        ("FALSE", "false"),
        ("'True'", "True"),
        ("No", "false"),
        ("'yes'", "yes"),
        ("{Condition: x}", "{Condition: x}"),
    ] {
        assert_eq!(evaluated(value, &[], &Destination::default()), expected, "{value}");
    }
}

#[test]
fn the_partition_is_that_of_the_region() {
    let unknown = "? it depends on where the template is deployed; add `--region`";
    for (region, partition, suffix) in [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("us-iso-east-1", "?", "?"),
        ("eu-isoe-west-1", "?", "?"),
        ("xx-west-1", "?", "?"),
    ] {
        let destination = Destination { region: Some(region.to_owned()), ..Destination::default() };
        let of = |name: &str| evaluated(&format!("!Ref AWS::{name}"), &[], &destination);
        let expected = [partition, suffix].map(|part| if part == "?" { unknown_in(region) } else { part.to_owned() });
        assert_eq!([of("Partition"), of("URLSuffix")], expected, "{region}");
    }
    assert_eq!(evaluated("!Ref AWS::Partition", &[], &Destination::default()), unknown);
}

fn unknown_in(region: &str) -> String {
    format!("? the partition of the region `{region}` is not known")
}

#[test]
fn given_parameters_take_the_place_of_defaults() {
    let destination = Destination {
        account: Some("111122223333".to_owned()),
        region: Some("cn-north-1".to_owned()),
        ..Destination::default()
    };
    let given = ["Stage=prod", "Minutes=5", "Minutes=90", "Secret=x", "AWS::StackName=ci", "Image={{resolve:ssm:/a}}"];
    for (value, expected) in [
        ("!Ref Image", "? a dynamic reference is resolved when the stack is deployed"),
        ("!Ref Minutes", "90"),
        ("!If [IsProd, yes, no]", "true"),
        ("!FindInMap [Sizes, !Ref Stage, type]", "BUILD_GENERAL1_LARGE"),
        ("!Ref Secret", "? the parameter `Secret` has `NoEcho`, so its value is not used"),
        (
            "!Sub 'arn:${AWS::Partition}:s3:${AWS::Region}:${AWS::AccountId}.${AWS::URLSuffix}/${AWS::StackName}'",
            "arn:aws-cn:s3:cn-north-1:111122223333.amazonaws.com.cn/ci",
        ),
    ] {
        assert_eq!(evaluated(value, &given, &destination), expected, "{value}");
    }
    for text in ["", "=a", "a"] {
        assert!(text.parse::<Parameter>().is_err(), "{text}");
    }
}

/// Reads a template that has one parameter.
fn projects(resources: &str) -> Projects {
    let template = format!(
        "Parameters:\n  Flag: {{ Type: String }}\nConditions:\n  On: !Equals [!Ref Flag, on]\n  No: !Equals [a, b]\nResources:\n{resources}"
    );
    read("t.yaml", template.into_bytes(), &[], &Destination::default()).unwrap()
}

#[test]
fn what_a_template_does_not_create_is_left_out() {
    let found = projects(
        "  A: { Type: AWS::CodeBuild::Project, Condition: No, Properties: { Name: a } }\n  B: { Type: AWS::CodeBuild::Project, Condition: On, Properties: { Name: b } }\n  C: { Type: AWS::S3::Bucket }\n  D: { Type: AWS::CodeBuild::Project }\n",
    );
    let names: Vec<_> = found.projects.iter().map(|one| (&*one.origin.address, one.settings.name())).collect();
    assert_eq!(names, [("B", Some("b")), ("D", None)]);
    assert_eq!(
        found.projects[0].doubt.as_deref(),
        Some("the template creates it only if the condition `On` holds, which is unknown")
    );
    assert_eq!(found.projects[1].origin.place.map(|place| (place.line, place.column)), Some((10, 3)));
}

#[test]
fn parts_that_are_not_judged_are_named() {
    let found = projects(
        "  'Fn::ForEach::Each':\n    - X\n    - [a, b]\n    - 'P${X}': { Type: AWS::CodeBuild::Project }\n  'Fn::ForEach::Buckets': [X, [a], {'B${X}': {Type: AWS::S3::Bucket}}]\n  Nested: { Type: AWS::CloudFormation::Stack }\n  Off: { Type: AWS::CloudFormation::Stack, Condition: No }\n  App: { Type: AWS::Serverless::Application }\n  M: { Type: 'Acme::Ci::Build::MODULE' }\n  Set: { Type: AWS::CloudFormation::StackSet }\n  Product: { Type: AWS::ServiceCatalog::CloudFormationProvisionedProduct }\n  'Fn::Transform': { Name: AWS::Include }\nTransform: [AWS::Serverless-2016-10-31, { Name: Acme }]\n",
    );
    let named: Vec<_> = found.left_out.iter().map(|one| (&*one.origin.address, &*one.why)).collect();
    let nested = "the template of a nested stack is not read; scan it by itself";
    let deployed = "the template that it deploys is not read; scan it by itself";
    assert_eq!(
        named,
        [
            ("Transform", "the macro `Acme` may change projects and add others; they are judged as they are written"),
            ("Fn::ForEach::Each", "what `Fn::ForEach` makes is not judged"),
            ("Nested", nested),
            ("App", nested),
            ("M", "what a module contains is not read"),
            ("Set", deployed),
            ("Product", deployed),
            ("Fn::Transform", "what the macro adds is not judged"),
        ]
    );
}

#[test]
fn what_is_no_template_is_a_fault_with_its_place() {
    let fault = |text: &[u8]| read("t", text.to_vec(), &[], &Destination::default()).unwrap_err().to_string();
    assert!(fault(b"a: 1").contains("no `Resources`: this is not a template"), "{}", fault(b"a: 1"));
    assert!(fault(b"[1").contains("invalid YAML"));
    assert!(fault(b"a: \xff").contains("not valid UTF-8"));
    let nested = format!("Resources: {}", "[".repeat(100_000));
    assert!(fault(nested.as_bytes()).contains("t:1:"));
    let mut laughs = String::from("Resources:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let last = level - 1;
        laughs.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![format!("*a{last}"); 10].join(", ")));
    }
    assert!(fault(laughs.as_bytes()).contains("anchors and aliases copy more than 100000 values"));
}

#[test]
fn json_is_read_with_places_and_with_characters_of_two_escapes() {
    let template = "{\n\t\"Resources\": {\n\t\t\"A\": {\"Type\": \"AWS::CodeBuild::Project\", \"Properties\": {\"Name\": \"a\"}}}}";
    let found = read("t.json", template.as_bytes().to_vec(), &[], &Destination::default()).unwrap();
    assert_eq!(found.projects[0].settings.name(), Some("a"));
    let emoji = template.replace("\"a\"", r#""\ud83d\ude00""#);
    let found = read("t.json", emoji.into_bytes(), &[], &Destination::default()).unwrap();
    assert_eq!(found.projects[0].settings.name(), Some("😀"));
}

/// Without a limit, these few lines would make 10^12 characters.
#[test]
fn functions_make_no_text_without_end() {
    let mut value = "'xxxxxxxxxx'".to_owned();
    for _ in 0..11 {
        value = format!("{{'Fn::Sub': ['{}', {{A: {value}}}]}}", "${A}".repeat(10));
    }
    assert_eq!(
        evaluated(&value, &[], &Destination::default()),
        "? the functions of the template produce too much text"
    );
}

proptest::proptest! {
    /// A damaged template is a fault or has projects; nothing panics.
    #[test]
    fn damage_is_no_panic(at in 0..TEMPLATE.len(), length in 0..40_usize, with in "[a-z!&*{}\\[\\]:$ \n-]{0,6}") {
        let template = TEMPLATE.replace("Resources: {}", "Resources:\n  A:\n    Type: AWS::CodeBuild::Project\n    Properties: { Name: !Sub 'a-${Image}', Source: !If [IsTest, {Type: S3}, !Ref Stage] }\n");
        let mut bytes = template.into_bytes();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with.into_bytes());
        let _ = read("t.yaml", bytes, &[], &Destination::default());
    }
}

#[test]
fn what_the_template_does_not_define_is_undefined() {
    let why = |rest: &str| {
        let properties =
            "Name: shop, ServiceRole: !Ref Rol, EncryptionKey: !Sub '${Key.Arn}', TimeoutInMinutes: !Ref Key";
        let template = format!(
            "{rest}\nResources:\n  Key: {{ Type: AWS::KMS::Key }}\n  Build: {{ Type: AWS::CodeBuild::Project, Properties: {{ {properties} }} }}\n"
        );
        let projects = read("template.yaml", template.into_bytes(), &[], &Destination::default()).unwrap();
        format!("{:?}", projects.projects)
    };
    let found = why("");
    assert!(found.contains("the template does not define `Rol`"), "{found}");
    assert!(found.contains("`Key.Arn` is known only after the stack is deployed"), "{found}");
    // SAM adds a role to each function.
    assert!(why("Transform: AWS::Serverless-2016-10-31").contains("`Rol` is known only after the stack is deployed"));
}
