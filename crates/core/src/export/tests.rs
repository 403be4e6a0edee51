//! The export of each check and scope, as snapshots. `meaning` proves with an evaluator of IAM
//! policies that the documents refuse what the policy stops, and nothing else.

mod evaluator;
mod meaning;

use super::{Breadth, iam};
use crate::{checks::Override, policy::Policy};

fn policy(text: &str) -> Policy {
    Policy::parse("policy.yaml", text).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// Each statement on one line, without what all have, and the remarks on rules.
fn exported(text: &str, breadth: Breadth) -> String {
    let export = iam(&policy(text), breadth);
    let mut lines = Vec::new();
    for statement in export.document["Statement"].as_array().unwrap() {
        let mut statement = statement.as_object().unwrap().clone();
        let sid = statement.shift_remove("Sid").unwrap();
        assert_eq!(statement.shift_remove("Effect").unwrap(), "Deny");
        let action = statement.shift_remove("Action").unwrap().to_string();
        assert_eq!(action, r#"["codebuild:StartBuild","codebuild:StartBuildBatch"]"#);
        if statement.get("Resource").is_some_and(|resource| resource == "*") {
            statement.shift_remove("Resource");
        }
        lines.push(format!("{}: {}", sid.as_str().unwrap(), serde_json::to_string(&statement).unwrap()));
    }
    lines.extend(export.remarks.into_iter().filter(|remark| {
        !remark.starts_with("a condition key contains what")
            && !remark.starts_with("StartBuildBatch")
            && !remark.starts_with("the document has no")
            && (!remark.starts_with("sandboxes are not refused") || text.contains("sandbox"))
    }));
    lines.join("\n")
}

/// The export of one rule with these keys after its id.
fn of_rule(keys: &str) -> String {
    exported(&format!("{{version: 1, rules: [{{id: a, {keys}}}]}}"), Breadth::Exact)
}

#[test]
fn images() {
    insta::assert_snapshot!(of_rule("forbidden-images: ['*:latest']"), @r#"
    A1: {"Condition":{"StringLike":{"codebuild:environment.image":"*:latest"},"Null":{"codebuild:environment.image":"false"}}}
    A2: {"Condition":{"StringNotLike":{"codebuild:environment.image":["*:*","*@*","aws/*"]},"Null":{"codebuild:environment.image":"false"}}}
    a: an image is compared as the call spells it: another name of its registry is not refused
    "#);
    insta::assert_snapshot!(of_rule("allowed-images: [aws/codebuild/*, tools]"), @r#"
    A: {"Condition":{"StringNotLike":{"codebuild:environment.image":["aws/codebuild/*","tools","docker.io/library/tools:latest","docker.io/library/tools","library/tools:latest","library/tools","tools:latest"]},"Null":{"codebuild:environment.image":"false"}}}
    a: an image is compared as the call spells it: one with an unusual spelling of its name is refused even if the rule allows it
    "#);
}

#[test]
fn compute() {
    insta::assert_snapshot!(of_rule("forbidden-compute: [BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*, ARM_*/*LARGE]"), @r#"
    A1: {"Condition":{"StringLike":{"codebuild:environment.computeType":"BUILD_GENERAL1_2XLARGE"},"Null":{"codebuild:environment.computeType":"false"}}}
    A2: {"Condition":{"StringLike":{"codebuild:environment.type":"LINUX_GPU_CONTAINER"},"Null":{"codebuild:environment.type":"false"}}}
    A3: {"Condition":{"StringLike":{"codebuild:environment.type":"ARM_*","codebuild:environment.computeType":"*LARGE"},"Null":{"codebuild:environment.type":"false","codebuild:environment.computeType":"false"}}}
    a: a call that overrides only the environment type or only the compute type is refused only if that settles it, because no condition key contains what the project has
    "#);
    insta::assert_snapshot!(of_rule("forbidden-compute: ['*/BUILD_GENERAL1_LARGE']"), @r#"A: {"Condition":{"StringLike":{"codebuild:environment.computeType":"BUILD_GENERAL1_LARGE"},"Null":{"codebuild:environment.computeType":"false"}}}"#);
    insta::assert_snapshot!(of_rule("allowed-compute: [BUILD_GENERAL1_SMALL, BUILD_LAMBDA_*]"), @r#"A: {"Condition":{"StringNotLike":{"codebuild:environment.computeType":["BUILD_GENERAL1_SMALL","BUILD_LAMBDA_*"]},"Null":{"codebuild:environment.computeType":"false"}}}"#);
    insta::assert_snapshot!(of_rule("allowed-compute: [ARM_CONTAINER/BUILD_GENERAL1_SMALL]"), @r#"
    A1: {"Condition":{"StringNotLike":{"codebuild:environment.computeType":"BUILD_GENERAL1_SMALL"},"Null":{"codebuild:environment.computeType":"false"}}}
    A2: {"Condition":{"StringNotLike":{"codebuild:environment.type":"ARM_CONTAINER"},"Null":{"codebuild:environment.type":"false"}}}
    a: a call that overrides only the environment type or only the compute type is refused only if that settles it, because no condition key contains what the project has
    "#);
    insta::assert_snapshot!(of_rule("allowed-compute: [BUILD_LAMBDA_1GB, ARM_CONTAINER/BUILD_GENERAL1_*, LINUX_CONTAINER/BUILD_GENERAL1_SMALL]"), @r#"
    A1: {"Condition":{"StringNotLike":{"codebuild:environment.computeType":["BUILD_LAMBDA_1GB","BUILD_GENERAL1_*","BUILD_GENERAL1_SMALL"]},"Null":{"codebuild:environment.computeType":"false"}}}
    A2: {"Condition":{"StringNotLike":{"codebuild:environment.type":"ARM_CONTAINER","codebuild:environment.computeType":["BUILD_LAMBDA_1GB","BUILD_GENERAL1_SMALL"]},"Null":{"codebuild:environment.type":"false","codebuild:environment.computeType":"false"}}}
    A3: {"Condition":{"StringNotLike":{"codebuild:environment.type":"LINUX_CONTAINER","codebuild:environment.computeType":["BUILD_LAMBDA_1GB","BUILD_GENERAL1_*"]},"Null":{"codebuild:environment.type":"false","codebuild:environment.computeType":"false"}}}
    A4: {"Condition":{"StringNotLike":{"codebuild:environment.type":["ARM_CONTAINER","LINUX_CONTAINER"],"codebuild:environment.computeType":"BUILD_LAMBDA_1GB"},"Null":{"codebuild:environment.type":"false","codebuild:environment.computeType":"false"}}}
    a: a call that overrides only the environment type or only the compute type is refused only if that settles it, because no condition key contains what the project has
    "#);
    insta::assert_snapshot!(of_rule("allowed-compute: [ARM_EC2/*SMALL, LINUX_EC2/*MEDIUM, MAC_ARM/*LARGE, WINDOWS_EC2/*_2XLARGE]"), @r#"
    A1: {"Condition":{"StringNotLike":{"codebuild:environment.computeType":["*SMALL","*MEDIUM","*LARGE","*_2XLARGE"]},"Null":{"codebuild:environment.computeType":"false"}}}
    A2: {"Condition":{"StringNotLike":{"codebuild:environment.type":["ARM_EC2","LINUX_EC2","MAC_ARM","WINDOWS_EC2"]},"Null":{"codebuild:environment.type":"false"}}}
    a: a call that overrides only the environment type or only the compute type is refused only if that settles it, because no condition key contains what the project has
    a: the allowed compute types differ between too many environment types to refuse every call that is not allowed
    "#);
    // The pair allows nothing that its compute type alone does not allow.
    insta::assert_snapshot!(of_rule("allowed-compute: [BUILD_GENERAL1_SMALL, ARM_CONTAINER/BUILD_GENERAL1_SMALL]"), @r#"
    A: {"Condition":{"StringNotLike":{"codebuild:environment.computeType":"BUILD_GENERAL1_SMALL"},"Null":{"codebuild:environment.computeType":"false"}}}
    a: a call that overrides only the environment type or only the compute type is refused only if that settles it, because no condition key contains what the project has
    "#);
    insta::assert_snapshot!(of_rule("allowed-compute: ['*']"), @"a: not exported: no argument of StartBuild certainly breaks the rule");
}

#[test]
fn sources() {
    insta::assert_snapshot!(of_rule("forbidden-sources: ['https://github.com/Evil/*', '*/somebody/*', '*/Somebody/*']"), @r#"
    A1: {"Condition":{"StringLike":{"codebuild:source.location":["https://github.com/Evil/*","*/somebody/*"]},"StringNotLike":{"codebuild:source.location":["*@*","*%*"]},"Null":{"codebuild:source.location":"false"}}}
    A2: {"Condition":{"StringLike":{"codebuild:source.location":["*/..","*/../*","*%2e*","*%2E*"]},"Null":{"codebuild:source.location":"false"}}}
    a: a location that contains `@` or `%` is not refused, because it may have user information or another path
    a: a location in another spelling than the pattern's (capital letters, a port, `http`, `//`, a `/` at its end; `.git`, if the pattern begins with a wildcard) is not refused, because IAM compares it as the call spells it
    a: not refused: */Somebody/*; IAM could match the spelling of a location that the rule does not forbid
    a: a location with a `..` segment or `%2e` is refused, wherever it leads, because IAM cannot resolve its path
    "#);
    insta::assert_snapshot!(of_rule("forbidden-sources: ['git@*']"), @r#"
    A: {"Condition":{"StringLike":{"codebuild:source.location":["*/..","*/../*","*%2e*","*%2E*"]},"Null":{"codebuild:source.location":"false"}}}
    a: not refused: git@*; IAM could match the spelling of a location that the rule does not forbid
    a: a location with a `..` segment or `%2e` is refused, wherever it leads, because IAM cannot resolve its path
    "#);
    insta::assert_snapshot!(of_rule("allowed-sources: ['https://github.com/acme/*']"), @r#"
    A1: {"Condition":{"StringNotLike":{"codebuild:source.location":"https://github.com/acme/*"},"Null":{"codebuild:source.location":"false"}}}
    A2: {"Condition":{"StringLike":{"codebuild:source.location":["*/..","*/../*","*%2e*","*%2E*"]},"Null":{"codebuild:source.location":"false"}}}
    a: a location in another spelling than the pattern's (user information, capital letters, `git@host:path`, a `/` at its end; `.git`, if the pattern begins with a wildcard) is refused even if the rule allows it, because IAM compares it as the call spells it
    a: a location with a `..` segment or `%2e` is refused, wherever it leads, because IAM cannot resolve its path
    "#);
}

#[test]
fn variables() {
    insta::assert_snapshot!(of_rule("forbidden-variables: ['*PASSWORD*', AWS_SECRET_ACCESS_KEY]"), @"a: not exported because of --exact: no condition key contains the type of a variable, so a variable of such a name from Parameter Store or Secrets Manager is refused too, which the rule allows");
    let text = "{version: 1, rules: [{id: a, forbidden-variables: ['*PASSWORD*']}]}";
    insta::assert_snapshot!(exported(text, Breadth::Broad), @r#"
    A: {"Condition":{"ForAnyValue:StringLike":{"codebuild:environment.environmentVariables.name":"*PASSWORD*"},"Null":{"codebuild:environment.environmentVariables.name":"false"}}}
    a: refuses more than the rule: no condition key contains the type of a variable, so a variable of such a name from Parameter Store or Secrets Manager is refused too, which the rule allows
    "#);
}

#[test]
fn overrides_and_privileged_mode() {
    let exported = |keys: &str| exported(&format!("{{version: 1, rules: [{{id: a, {keys}}}]}}"), Breadth::Broad);
    insta::assert_snapshot!(exported("forbidden-overrides: [image, timeout]"), @r#"
    A: {"Condition":{"Null":{"codebuild:environment.image":"false"}}}
    a: refuses more than the rule: a call that overrides a setting with the project's own value is refused too; StartBuild has no condition key for `timeout`
    "#);
    insta::assert_snapshot!(exported("forbidden-overrides: [timeout]"), @"a: not exported: StartBuild has no condition key for `timeout`");
    let kinds = Override::ALL.map(Override::name).join(", ");
    insta::assert_snapshot!(exported(&format!("forbidden-overrides: [{kinds}]")), @r#"
    A1: {"Condition":{"Null":{"codebuild:environment.image":"false"}}}
    A2: {"Condition":{"Null":{"codebuild:environment.computeType":"false"}}}
    A3: {"Condition":{"Null":{"codebuild:environment.type":"false"}}}
    A4: {"Condition":{"Null":{"codebuild:environment.fleet.fleetArn":"false"}}}
    A5: {"Condition":{"Null":{"codebuild:environment.privilegedMode":"false"}}}
    A6: {"Condition":{"Null":{"codebuild:environment.certificate":"false"}}}
    A7: {"Condition":{"Null":{"codebuild:environment.imagePullCredentialsType":"false"}}}
    A8: {"Condition":{"Null":{"codebuild:environment.registryCredential.credential":"false"}}}
    A9: {"Condition":{"Null":{"codebuild:environment.environmentVariables.name":"false"}}}
    A10: {"Condition":{"Null":{"codebuild:source.location":"false"}}}
    A11: {"Condition":{"Null":{"codebuild:source.auth.type":"false"}}}
    A12: {"Condition":{"Null":{"codebuild:source.auth.resource":"false"}}}
    A13: {"Condition":{"Null":{"codebuild:source.insecureSsl":"false"}}}
    A14: {"Condition":{"Null":{"codebuild:secondarySources.sourceIdentifier":"false"}}}
    A15: {"Condition":{"Null":{"codebuild:source.buildspec":"false"}}}
    A16: {"Condition":{"Null":{"codebuild:serviceRole":"false"}}}
    A17: {"Condition":{"Null":{"codebuild:encryptionKey":"false"}}}
    A18: {"Condition":{"Bool":{"codebuild:artifacts":"true"},"Null":{"codebuild:artifacts":"false"}}}
    A19: {"Condition":{"Null":{"codebuild:secondaryArtifacts.artifactIdentifier":"false"}}}
    A20: {"Condition":{"Bool":{"codebuild:logsConfig":"true"},"Null":{"codebuild:logsConfig":"false"}}}
    A21: {"Condition":{"Null":{"codebuild:cache.type":"false"}}}
    A22: {"Condition":{"Null":{"codebuild:autoRetryLimit":"false"}}}
    a: refuses more than the rule: a call that overrides a setting with the project's own value is refused too, and so are the calls of pipelines that set `variables`, `source`, `secondary-sources`, `encryption-key` and `artifacts`; StartBuild has no condition key for `computeConfiguration`, `host-kernel`, `sourceTypeOverride`, `source-version`, `secondarySourcesVersionOverride`, `timeout`, `queued-timeout` and `debug-session`
    "#);
    insta::assert_snapshot!(exported("deny-when: build.environment.privilegedMode"), @r#"A: {"Condition":{"Bool":{"codebuild:environment.privilegedMode":"true"},"Null":{"codebuild:environment.privilegedMode":"false"}}}"#);
    insta::assert_snapshot!(exported("deny-when: build.timeoutInMinutes > 60"), @"a: not exported: no condition key contains what the expression reads");
}

#[test]
fn checks_without_a_key() {
    insta::assert_snapshot!(of_rule("max-timeout: 60m"), @"a: not exported: no condition key contains a timeout");
    insta::assert_snapshot!(of_rule("max-queued-timeout: 60m"), @"a: not exported: no condition key contains a timeout");
    insta::assert_snapshot!(of_rule("forbidden-branches: [main]"), @"a: not exported: no condition key contains the source version of a call");
    insta::assert_snapshot!(of_rule("allowed-initiators: [codepipeline/*]"), @"a: not exported: no condition key contains the initiator, which CodeBuild sets after the call");
}

#[test]
fn modes() {
    let image = "forbidden-images: [aws/a]";
    insta::assert_snapshot!(of_rule(&format!("{image}, mode: report")), @"a: not exported: the rule only reports");
    insta::assert_snapshot!(of_rule(&format!("{image}, mode: off")), @"a: not exported: the rule is off");
    insta::assert_snapshot!(of_rule(&format!("{image}, mode: report, enforce-after: 2027-02-28")), @r#"A: {"Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"},"DateGreaterThanEquals":{"aws:CurrentTime":"2027-03-01T00:00:00Z"}}}"#);
}

#[test]
fn scopes() {
    let scoped = |scope: &str| of_rule(&format!("forbidden-images: [aws/a], {scope}"));
    insta::assert_snapshot!(scoped("only: [{projects: [shop-*, cart]}, {accounts: ['111122223333'], regions: [eu-*]}]"), @r#"A: {"Resource":["arn:*:codebuild:*:*:project/shop-*","arn:*:codebuild:*:*:project/cart","arn:*:codebuild:eu-*:111122223333:project/*"],"Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"}}}"#);
    insta::assert_snapshot!(scoped("only: [{branches: [main]}, {projects: [shop-*]}]"), @r#"
    A: {"Resource":"arn:*:codebuild:*:*:project/shop-*","Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"}}}
    a: a selector of `only` is left out, because no ARN contains its branches
    "#);
    insta::assert_snapshot!(scoped("only: [{initiators: ['*/alice']}]"), @"
    a: a selector of `only` is left out, because no ARN contains its initiators
    a: not exported: no selector of `only` is left
    ");
    insta::assert_snapshot!(scoped("except: [{projects: [hotfix-*]}]"), @r#"A: {"NotResource":"arn:*:codebuild:*:*:project/hotfix-*","Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"}}}"#);
    insta::assert_snapshot!(scoped("except: [{initiators: [codepipeline/*]}]"), @"
    a: every call that an exemption may cover is let through, because no ARN contains its initiators
    a: not exported: every project that ARNs can name is exempt or never stopped
    ");
    insta::assert_snapshot!(scoped("except: [{initiators: [codepipeline/*], until: 2027-01-31}]"), @r#"
    A: {"Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"},"DateGreaterThanEquals":{"aws:CurrentTime":"2027-02-01T00:00:00Z"}}}
    a: every call that an exemption may cover is let through before 2027-02-01, because no ARN contains its initiators
    "#);
    insta::assert_snapshot!(scoped("except: [{initiators: [codepipeline/*], projects: [release]}]"), @r#"
    A: {"NotResource":"arn:*:codebuild:*:*:project/release","Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"}}}
    a: every call that an exemption may cover is let through, because no ARN contains its initiators
    "#);
    insta::assert_snapshot!(scoped("except: [{projects: [a], until: 2027-01-31}, {projects: [b]}, {regions: [us-*], until: 2027-02-28}]"), @r#"
    A1: {"NotResource":["arn:*:codebuild:*:*:project/a","arn:*:codebuild:*:*:project/b","arn:*:codebuild:us-*:*:project/*"],"Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"}}}
    A2: {"NotResource":["arn:*:codebuild:*:*:project/b","arn:*:codebuild:us-*:*:project/*"],"Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"},"DateGreaterThanEquals":{"aws:CurrentTime":"2027-02-01T00:00:00Z"}}}
    A3: {"NotResource":"arn:*:codebuild:*:*:project/b","Condition":{"StringLike":{"codebuild:environment.image":"aws/a"},"Null":{"codebuild:environment.image":"false"},"DateGreaterThanEquals":{"aws:CurrentTime":"2027-03-01T00:00:00Z"}}}
    "#);
    insta::assert_snapshot!(scoped("only: [{regions: [eu-*], accounts: ['111122223333']}], except: [{projects: [hotfix-*]}]"), @r#"A: {"NotResource":"arn:*:codebuild:*:*:project/hotfix-*","Condition":{"StringLike":{"codebuild:environment.image":"aws/a","aws:RequestedRegion":"eu-*","aws:ResourceAccount":"111122223333"},"Null":{"codebuild:environment.image":"false"}}}"#);
    insta::assert_snapshot!(scoped("only: [{projects: [shop-*, hotfix-1]}], except: [{projects: ['hotfix-*', '*-prod']}]"), @"
    a: not exported for arn:*:codebuild:*:*:project/shop-*: some of these projects are exempt or never stopped, and ARNs cannot name the others
    a: not exported: every project that ARNs can name is exempt or never stopped
    ");
}

#[test]
fn projects_that_are_never_stopped() {
    let text = "{version: 1, never-stop: [deploy-*, prod-*], rules: [{id: no-latest, forbidden-images: ['*:latest']}, \
                {id: nolatest, forbidden-images: [aws/a], only: [{projects: [deploy-a]}]}]}";
    insta::assert_snapshot!(exported(text, Breadth::Exact), @r#"
    NoLatest1: {"NotResource":["arn:*:codebuild:*:*:project/deploy-*","arn:*:codebuild:*:*:project/prod-*"],"Condition":{"StringLike":{"codebuild:environment.image":"*:latest"},"Null":{"codebuild:environment.image":"false"}}}
    NoLatest2: {"NotResource":["arn:*:codebuild:*:*:project/deploy-*","arn:*:codebuild:*:*:project/prod-*"],"Condition":{"StringNotLike":{"codebuild:environment.image":["*:*","*@*","aws/*"]},"Null":{"codebuild:environment.image":"false"}}}
    no-latest: an image is compared as the call spells it: another name of its registry is not refused
    nolatest: not exported: every project that ARNs can name is exempt or never stopped
    "#);
}

#[test]
fn a_dollar_sign_does_not_start_a_variable() {
    insta::assert_snapshot!(of_rule("forbidden-sources: ['https://git.example.com/a$b']"), @r#"
    A1: {"Condition":{"StringLike":{"codebuild:source.location":["https://git.example.com/a${$}b","https://git.example.com/a${$}b.git"]},"StringNotLike":{"codebuild:source.location":["*@*","*%*"]},"Null":{"codebuild:source.location":"false"}}}
    A2: {"Condition":{"StringLike":{"codebuild:source.location":["*/..","*/../*","*%2e*","*%2E*"]},"Null":{"codebuild:source.location":"false"}}}
    a: a location that contains `@` or `%` is not refused, because it may have user information or another path
    a: a location in another spelling than the pattern's (capital letters, a port, `http`, `//`, a `/` at its end; `.git`, if the pattern begins with a wildcard) is not refused, because IAM compares it as the call spells it
    a: a location with a `..` segment or `%2e` is refused, wherever it leads, because IAM cannot resolve its path
    "#);
}

#[test]
fn names_of_statements_are_unique_letters_and_digits() {
    let rules = "{id: a-1, allowed-compute: [ARM_EC2/*SMALL, LINUX_EC2/*LARGE]}, {id: a--1, forbidden-images: [aws/a]}, {id: a-11, forbidden-images: [aws/a]}";
    let export = iam(&policy(&format!("{{version: 1, rules: [{rules}]}}")), Breadth::Exact);
    let sids: Vec<_> = export.document["Statement"].as_array().unwrap().iter().map(|one| &one["Sid"]).collect();
    assert_eq!(sids, ["A11", "A12", "A13", "A14", "A1", "A11x"]);
}

#[test]
fn a_remark_on_a_document_that_is_too_large() {
    let sized = |rules: usize| {
        let rules: String = (0..rules).map(|id| format!("{{id: r-{id}, forbidden-images: [aws/a]}}, ")).collect();
        iam(&policy(&format!("{{version: 1, rules: [{rules}]}}")), Breadth::Exact).remarks.pop().unwrap()
    };
    insta::assert_snapshot!(sized(10), @"StartBuildBatch is refused for what the call overrides, even if the buildspec gives the builds of the batch something else");
    insta::assert_snapshot!(sized(26), @"the document has 5774 characters without white space, more than 5,120, which was the limit of a service control policy before AWS raised it to 10,240");
    insta::assert_snapshot!(sized(32), @"the document has 7100 characters without white space, more than 6,144, the limit of an IAM managed policy");
    insta::assert_snapshot!(sized(60), @"the document has 13288 characters without white space, more than 10,240, the limit of a service control policy");
}

#[test]
fn sandboxes_that_are_all_forbidden_are_refused() {
    let statements = |text: &str| {
        let export = iam(&policy(text), Breadth::Exact);
        export.document["Statement"].to_string()
    };
    let forbid = |more: &str| {
        format!(
            "{{version: 1, rules: [{{id: a, deny-when: 'true', only: [{{kinds: [sandbox]}}]{more}}}], never-stop: [deploy-*]}}"
        )
    };
    let actions = r#"["codebuild:StartSandbox","codebuild:StartCommandExecution","codebuild:StartSandboxConnection"]"#;
    assert_eq!(
        statements(&forbid("")),
        format!(
            r#"[{{"Sid":"A","Effect":"Deny","Action":{actions},"NotResource":["arn:*:codebuild:*:*:project/deploy-*","arn:*:codebuild:*:*:sandbox/deploy-*:*"]}}]"#
        )
    );
    assert!(statements(&forbid(", except: [{kinds: [build]}]")).contains("StartSandbox"), "it exempts no sandbox");
    assert_eq!(statements(&forbid(", except: [{kinds: [sandbox]}]")), "[]");
    assert_eq!(statements(&forbid(", mode: report")), "[]");
    // What a build is not refused for is not lost, and the reverse.
    assert_eq!(
        of_rule("forbidden-images: [tools], only: [{kinds: [sandbox]}]"),
        "a: not exported: the rule applies only to sandboxes, and no condition key contains a sandbox's settings\nsandboxes are not refused: they run what the project has, which no condition key contains; to refuse all of them, add a rule with `deny-when: \"true\"` and `only: [{ kinds: [sandbox] }]`"
    );
    assert_eq!(
        of_rule("forbidden-variables: [A], only: [{kinds: [build]}]").lines().next(),
        of_rule("forbidden-variables: [A]").lines().next()
    );
}
