use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{facts::possible::Remark, pattern::Pattern};

type Reading = Result<(Pattern, Vec<Remark>), Remark>;

/// `""` for a pattern that is accepted, else the warnings or the fault, each with its help.
#[track_caller]
fn check(read: fn(&str) -> Reading, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let joined = |remark: &Remark| format!("{} = {}", remark.message, remark.help);
        let found = match read(text) {
            Ok((pattern, warnings)) => {
                assert_eq!(pattern.as_str(), *text);
                warnings.iter().map(|warning| format!("warning: {}", joined(warning))).collect::<Vec<_>>().join("; ")
            }
            Err(remark) => joined(&remark),
        };
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn compute_types() {
    check(
        compute_pattern,
        &[
            ("*", ""),
            ("BUILD_GENERAL1_2XLARGE", ""),
            ("BUILD_LAMBDA_*", ""),
            ("*LARGE", ""),
            ("LINUX_GPU_CONTAINER/*", ""),
            ("LINUX_GPU_*", ""),
            ("WINDOWS_*/*", ""),
            ("MAC_ARM/*", ""),
            ("*/BUILD_GENERAL1_LARGE", ""),
            ("ARM*LARGE", ""),
            ("CUSTOM_INSTANCE_TYPE", ""),
            ("ATTRIBUTE_BASED_COMPUTE", ""),
            ("LARGE", "no build fits `LARGE`: it is not a value of the API = write `BUILD_GENERAL1_LARGE`"),
            ("large", "no build fits `large`: it is not a value of the API = write `BUILD_GENERAL1_LARGE`"),
            ("2XLARGE", "no build fits `2XLARGE`: it is not a value of the API = write `BUILD_GENERAL1_2XLARGE`"),
            ("10GB", "no build fits `10GB`: it is not a value of the API = write `BUILD_LAMBDA_10GB`"),
            (
                "GENERAL1_LARGE",
                "no build fits `GENERAL1_LARGE`: it is not a value of the API = write `BUILD_GENERAL1_LARGE`",
            ),
            (
                "build_general1_large",
                "no build fits `build_general1_large`: the API's values are in upper case = write `BUILD_GENERAL1_LARGE`",
            ),
            (
                "build.general1.2xlarge",
                "no build fits `build.general1.2xlarge`: it is not a value of the API = write `BUILD_GENERAL1_2XLARGE`",
            ),
            (
                "linux_gpu_container/*",
                "no build fits `linux_gpu_container/*`: the API's values are in upper case = write `LINUX_GPU_CONTAINER/*`",
            ),
            (
                "LINUX_GPU_CONTAINER",
                "no build fits `LINUX_GPU_CONTAINER`: an environment type stands in front of a compute type = write `LINUX_GPU_CONTAINER/*`",
            ),
            (
                "arm_container",
                "no build fits `arm_container`: an environment type stands in front of a compute type = write `ARM_CONTAINER/*`",
            ),
            (
                "GPU*",
                "no build fits `GPU*`: an environment type stands in front of a compute type = write `LINUX_GPU_CONTAINER/*`",
            ),
            (
                "GPU",
                "no build fits `GPU`: an environment type stands in front of a compute type = write `LINUX_GPU_CONTAINER/*`",
            ),
            (
                "BUILD_GENERAL1_LARGE/LINUX_CONTAINER",
                "no build fits `BUILD_GENERAL1_LARGE/LINUX_CONTAINER`: the environment type stands in front = write `LINUX_CONTAINER/BUILD_GENERAL1_LARGE`",
            ),
            (
                "LINUX_CONTAINER/LARGE",
                "no build fits `LINUX_CONTAINER/LARGE`: it is not a value of the API = write `LINUX_CONTAINER/BUILD_GENERAL1_LARGE`",
            ),
            (
                "LINUX/BUILD_GENERAL1_LARGE",
                "no build fits `LINUX/BUILD_GENERAL1_LARGE`: it is not a value of the API = write `LINUX_CONTAINER/BUILD_GENERAL1_LARGE`",
            ),
            (
                "g4dn.xlarge",
                "no build fits `g4dn.xlarge`: an instance type is not a compute type = write `LINUX_GPU_CONTAINER/*` for GPUs, or `deny-when: build.environment.computeConfiguration.instanceType == \"g4dn.xlarge\"`",
            ),
            (
                "expensive",
                "no build fits `expensive`: it is not a value of the API = write `BUILD_GENERAL1_LARGE`, `LINUX_GPU_CONTAINER/*`, or another value of the API",
            ),
            (
                "LINUX_CONTAINER/",
                "no build fits `LINUX_CONTAINER/`: it is not a value of the API = write `BUILD_GENERAL1_LARGE`, `LINUX_GPU_CONTAINER/*`, or another value of the API",
            ),
            (
                "BUILD_GENERAL1_2XLARG",
                "warning: `BUILD_GENERAL1_2XLARG` fits no compute type that is known = write `BUILD_GENERAL1_2XLARGE`, if you mean that compute type",
            ),
            (
                "BUILD_GENERAL1_4XLARGE",
                "warning: `BUILD_GENERAL1_4XLARGE` fits no compute type that is known = write `BUILD_GENERAL1_XLARGE`, if you mean that compute type",
            ),
            (
                "LINUX_GPU_CONTANER/*",
                "warning: `LINUX_GPU_CONTANER/*` fits no compute type that is known = write `LINUX_GPU_CONTAINER/*`, if you mean that compute type",
            ),
            (
                "LINUX_RISCV_HOST/*",
                "warning: `LINUX_RISCV_HOST/*` fits no compute type that is known = write a compute type of the API, or keep it if AWS has added it",
            ),
            (
                "BUILD_QUANTUM_*",
                "warning: `BUILD_QUANTUM_*` fits no compute type that is known = write a compute type of the API, or keep it if AWS has added it",
            ),
        ],
    );
}

#[test]
fn accounts() {
    check(
        account_pattern,
        &[
            ("111122223333", ""),
            ("*", ""),
            ("1*", ""),
            ("1111????3333", ""),
            (
                "1111-2222-3333",
                "no account fits `1111-2222-3333`: an account id has twelve digits = write `\"111122223333\"`",
            ),
            (
                "arn:aws:iam::111122223333:root",
                "no account fits `arn:aws:iam::111122223333:root`: an account id has twelve digits = write `\"111122223333\"`",
            ),
            (
                "11112222333",
                "no account fits `11112222333`: an account id has twelve digits = write all twelve digits in quotes; perhaps a zero in front was lost",
            ),
            (
                "1111222233334",
                "no account fits `1111222233334`: an account id has twelve digits = write the twelve digits in quotes, as in `\"111122223333\"`",
            ),
            (
                "1111222233334*",
                "no account fits `1111222233334*`: an account id has twelve digits = write the twelve digits in quotes, as in `\"111122223333\"`",
            ),
            (
                "1111?",
                "no account fits `1111?`: an account id has twelve digits = write the twelve digits in quotes, as in `\"111122223333\"`",
            ),
            (
                "production",
                "no account fits `production`: an account id has twelve digits = write the twelve digits in quotes, as in `\"111122223333\"`",
            ),
            (
                "prod-*",
                "no account fits `prod-*`: an account id has twelve digits = write the twelve digits in quotes, as in `\"111122223333\"`",
            ),
        ],
    );
}

#[test]
fn regions() {
    check(
        region_pattern,
        &[
            ("*", ""),
            ("eu-*", ""),
            ("eu*", ""),
            ("eu-west-1", ""),
            ("*-1", ""),
            ("us-gov-*", ""),
            ("us-isob-east-1", ""),
            ("eusc-de-east-1", ""),
            ("ap-southeast-?", ""),
            ("??-west-1", ""),
            ("eu-west-1a", "no region fits `eu-west-1a`: that is an availability zone = write `eu-west-1`"),
            ("Ireland", "no region fits `Ireland`: write a region as its code = write `eu-west-1`"),
            (
                "US East (N. Virginia)",
                "no region fits `US East (N. Virginia)`: write a region as its code = write `us-east-1`",
            ),
            (
                "EU-WEST-1",
                "no region fits `EU-WEST-1`: a region is written in lower case, with `-` = write `eu-west-1`",
            ),
            (
                "eu_west_1",
                "no region fits `eu_west_1`: a region is written in lower case, with `-` = write `eu-west-1`",
            ),
            ("eu-west", "no region fits `eu-west`: a region ends with a number = write `eu-west-*`"),
            ("eu", "no region fits `eu`: write a region as its code = write `eu-*`"),
            (
                "nowhere",
                "no region fits `nowhere`: write a region as its code = write a code as in `eu-west-1`, or `eu-*`",
            ),
            (
                "euwest1",
                "no region fits `euwest1`: write a region as its code = write a code as in `eu-west-1`, or `eu-*`",
            ),
            (
                "eu-west-1-*",
                "no region fits `eu-west-1-*`: write a region as its code = write a code as in `eu-west-1`, or `eu-*`",
            ),
        ],
    );
}

#[test]
fn projects() {
    check(
        project_pattern,
        &[
            ("*", ""),
            ("shop", ""),
            ("deploy-*", ""),
            ("*-release", ""),
            ("0_a-B", ""),
            (
                "arn:aws:codebuild:eu-west-1:111122223333:project/shop-*",
                "no project fits `arn:aws:codebuild:eu-west-1:111122223333:project/shop-*`: a pattern of projects is a name, not an ARN = write the project's name: `shop-*`",
            ),
            ("shop:*", "no project fits `shop:*`: it is not a project's name = write the project's name: `shop`"),
            (
                "team/shop",
                "no project fits `team/shop`: it is not a project's name = write a name of letters, digits, `-` and `_`",
            ),
            (
                "my shop",
                "no project fits `my shop`: it is not a project's name = write a name of letters, digits, `-` and `_`",
            ),
            (
                "shop.*",
                "no project fits `shop.*`: it is not a project's name = write a name of letters, digits, `-` and `_`",
            ),
            (
                "-shop",
                "no project fits `-shop`: it is not a project's name = write a name of letters, digits, `-` and `_`",
            ),
        ],
    );
}

#[test]
fn initiators_and_variables() {
    check(
        initiator_pattern,
        &[
            ("*", ""),
            ("alice", ""),
            ("codepipeline/*", ""),
            ("GitHub-Hookshot/*", ""),
            ("rule/*", ""),
            ("*/mallory", ""),
            ("me@example.com", ""),
            (
                "arn:aws:iam::111122223333:role/ci/Deploy",
                "warning: no initiator is an ARN, so `arn:aws:iam::111122223333:role/ci/Deploy` fits none = write the role's name: `Deploy/*`",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/Deploy/me",
                "warning: no initiator is an ARN, so `arn:aws:sts::111122223333:assumed-role/Deploy/me` fits none = write the role and its session: `Deploy/me`",
            ),
            (
                "arn:aws:iam::*:user/alice",
                "warning: no initiator is an ARN, so `arn:aws:iam::*:user/alice` fits none = write the user's name: `alice`",
            ),
            (
                "role/Deploy",
                "warning: `role/Deploy` fits only a role that is called `role` = write the role's name: `Deploy/*`",
            ),
            (
                "user/alice",
                "warning: `user/alice` fits only a role that is called `user` = write the user's name: `alice`",
            ),
            (
                "assumed-role/Deploy/*",
                "warning: `assumed-role/Deploy/*` fits only a role that is called `assumed-role` = write the role and its session: `Deploy/*`",
            ),
            ("codepipeline/", "no initiator fits `codepipeline/`: a name follows the `/` = write `codepipeline/*`"),
            ("GitHub*/", "no initiator fits `GitHub*/`: a name follows the `/` = write `GitHub*/*`"),
            ("/alice", "no initiator fits `/alice`: a name stands in front of the `/` = write `*/alice`"),
            ("Admin / bob", "no initiator fits `Admin / bob`: a name has no white space = write `Admin/bob`"),
            (
                "Admin bob",
                "no initiator fits `Admin bob`: a name has no white space = write a list with an element for each",
            ),
            (
                "Admin/a/b",
                "warning: `Admin/a/b` has more than one `/`, and an initiator is a role and its session, without a path = write the role's name alone, and its session, as in `Admin/*`",
            ),
            (
                "CodePipeline/*",
                "warning: `CodePipeline/*` fits only a role that is called `CodePipeline` = write `codepipeline/*`",
            ),
            (
                "pipeline/release",
                "warning: `pipeline/release` fits only a role that is called `pipeline` = write `codepipeline/release`",
            ),
            ("events/*", "warning: `events/*` fits only a role that is called `events` = write `rule/*`"),
            (
                "github-hookshot/*",
                "warning: `github-hookshot/*` fits only a role that is called `github-hookshot` = write `GitHub-Hookshot/*`",
            ),
            (
                "codepipeline.amazonaws.com/x",
                "warning: `codepipeline.amazonaws.com/x` fits only a role that is called `codepipeline.amazonaws.com` = write `codepipeline/x`",
            ),
            ("webhook", "warning: `webhook` fits only a user with this name = write `GitHub-Hookshot/*`"),
            ("AWSCodeBuild-*", "warning: `AWSCodeBuild-*` fits only a user with this name = write `*/AWSCodeBuild-*`"),
            (
                "*:assumed-role/Deploy/*",
                "warning: no initiator has a `:`, so `*:assumed-role/Deploy/*` fits none = write the role and its session: `Deploy/*`",
            ),
            ("(alice|bob)", "warning: `|` in `(alice|bob)` is a part of the name = write a list: `[alice, bob]`"),
            ("alice,bob", "warning: `,` in `alice,bob` is a part of the name = write a list: `[alice, bob]`"),
            (
                "!alice",
                "warning: no initiator has a `!`, so `!alice` fits none = write a name of letters, digits and `_+=.@-`, without anything around it",
            ),
            // Users, roles and sessions whose names are much like those of services.
            ("Admin", ""),
            ("pipeline", ""),
            ("github", ""),
            ("github/*", ""),
            ("GitLab/*", ""),
            ("PipelineRole/*", ""),
            ("webhook-lambda/*", ""),
            ("*@example.com", ""),
            ("AWSReservedSSO_Admin_*/me@example.com", ""),
            ("CodeBuild-Jenkins-Plugin", ""),
            ("*/*", ""),
            ("codepipeline", "warning: `codepipeline` fits only a user with this name = write `codepipeline/*`"),
            (
                "events.amazonaws.com",
                "warning: `events.amazonaws.com` fits only a user with this name = write `rule/*`",
            ),
        ],
    );
    check(
        variable_pattern,
        &[
            ("AWS_*", ""),
            ("*", ""),
            ("npm_config_*", ""),
            (
                "TOKEN=*",
                "warning: `TOKEN=*` is compared with a variable's name, which has no `=` = write the name: `TOKEN`",
            ),
            (
                "AWS-SECRET",
                "warning: `AWS-SECRET` is compared with a variable's name, which has no `-` = write the name: `AWS_SECRET`",
            ),
            (
                "%PATH%",
                "warning: `%PATH%` is compared with a variable's name, which has no `%` = write the name: `PATH`",
            ),
            (
                "1A",
                "warning: `1A` is compared with a variable's name, which has no digit in front = write the name: `A`",
            ),
            (
                "env.X",
                "warning: `env.X` is compared with a variable's name, which has no `env.` in front = write the name: `X`",
            ),
            (
                "MY KEY",
                "warning: `MY KEY` is compared with a variable's name, which has no white space = write the name: `MY_KEY`",
            ),
            (
                "=x",
                "warning: `=x` is compared with a variable's name, which has no `=` = write a name as in `DB_PASSWORD`",
            ),
            ("_*", ""),
            ("?", ""),
            (
                "AWS_.*|(TOKEN)",
                "warning: `AWS_.*|(TOKEN)` is compared with a variable's name, which has no `.` = write a list: `[AWS_*, TOKEN]`",
            ),
            (
                "KEY: x",
                "warning: `KEY: x` is compared with a variable's name, which has no `:` = write the name: `KEY`",
            ),
            (
                "$TOKEN",
                "warning: `$TOKEN` is compared with a variable's name, which has no `$` = write the name: `TOKEN`",
            ),
        ],
    );
}

/// The words are the model's.
#[test]
fn the_words_of_a_build_are_those_of_the_model() {
    let model: Value =
        serde_json::from_str(include_str!("../../../tests/model/codebuild-2016-10-06-build.json")).unwrap();
    let shapes = model["shapes"].as_object().unwrap();
    let mut count = 0;
    for (structure, shape) in shapes {
        for (member, target) in shape["members"].as_object().into_iter().flatten() {
            let mut target = &shapes[target.as_str().unwrap()];
            while target["type"] == "list" {
                target = &shapes[target["member"].as_str().unwrap()];
            }
            let expected: Option<Vec<&str>> =
                target["enum"].as_array().map(|words| words.iter().filter_map(Value::as_str).collect());
            count += usize::from(expected.is_some());
            if member == "currentPhase" {
                continue;
            }
            assert_eq!(words_of(structure, member).map(<[_]>::to_vec), expected, "{structure}.{member}");
        }
    }
    assert!(count > 15);
}

proptest! {
    #[test]
    fn what_is_refused_fits_nothing(
        text in "[a-z0-9A-Z*?_-]{1,14}",
        account in "[0-9]{12}",
        region in "(eu|us|ap|us-gov)-(west|east|southeast)-[1-9]",
        project in "[a-zA-Z0-9][a-zA-Z0-9_-]{0,8}",
    ) {
        let Ok(pattern) = text.parse::<Pattern>() else { return Ok(()) };
        prop_assert!(account_pattern(&text).is_ok() || !pattern.fits(&account));
        prop_assert!(region_pattern(&text).is_ok() || !pattern.fits(&region));
        prop_assert!(project_pattern(&text).is_ok() || !pattern.fits(&project));
        for compute in COMPUTE_TYPES {
            prop_assert!(compute_pattern(&text).is_ok_and(|(_, warnings)| warnings.is_empty()) || !pattern.fits(compute));
        }
    }

    /// The advised value is accepted.
    #[test]
    fn the_help_of_a_compute_type_works(text in "((LINUX|arm|GPU|linux_gpu)(_CONTAINER)?/?)?(BUILD_|build\\.)?(GENERAL1_)?(large|2XLARGE|10GB)?") {
        if let Err(remark) = compute_pattern(&text)
            && let Some(advised) = remark.help.strip_prefix("write `").and_then(|rest| rest.strip_suffix('`'))
            && !advised.contains('`')
        {
            prop_assert!(compute_pattern(advised).is_ok_and(|(_, warnings)| warnings.is_empty()), "{text} {advised}");
        }
    }
}
