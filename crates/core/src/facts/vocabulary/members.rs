//! The members of the API whose texts have a form, and whose numbers have limits.

use super::{
    account_pattern, arn, fleet_pattern, initiator_pattern, project_pattern, region_pattern, variable_pattern,
};
use crate::{
    facts::{
        git_ref::{branch_pattern, ref_pattern},
        image::ImagePattern,
        possible::{Form, Remark, can_fit, is_wild},
        source_pattern::{Direction, SourcePattern},
    },
    pattern::Pattern,
};

/// Parses a pattern and returns warnings about probable mistakes. Returns an error if no value can fit it.
pub type MemberReading = fn(&str) -> Result<Vec<Remark>, Remark>;

/// Returns the function that parses patterns of a structure's member, or of a list's elements. `None` if their
/// texts have no fixed form.
pub fn texts_of(structure: &str, member: &str) -> Option<MemberReading> {
    Some(match (structure, member) {
        ("Build" | "BuildBatch", "projectName") | ("Project", "name") => |text| warnings(project_pattern(text)),
        ("Build" | "BuildBatch", "initiator") => |text| warnings(initiator_pattern(text)),
        ("Build" | "BuildBatch", "id") => build_id,
        ("Build", "arn") => |text| of_form(text, &arn::BUILD, "arn:aws:codebuild:REGION:ACCOUNT:build/PROJECT:ID"),
        ("BuildBatch", "arn") | ("Build", "buildBatchArn") => {
            |text| of_form(text, &arn::BUILD_BATCH, "arn:aws:codebuild:REGION:ACCOUNT:build-batch/PROJECT:ID")
        }
        ("Project", "arn") => |text| of_form(text, &arn::PROJECT, "arn:aws:codebuild:REGION:ACCOUNT:project/PROJECT"),
        ("ProjectFleet", "fleetArn") => |text| fleet_pattern(text).map(|_| Vec::new()),
        ("ProjectEnvironment", "image") => {
            |text| ImagePattern::parse(text, Direction::Forbid).map(|(_, warnings)| warnings)
        }
        // The warnings of a source pattern are about locations in their normal form, so they are dropped here.
        ("ProjectSource", "location") => |text| SourcePattern::parse(text).map(|_| Vec::new()),
        ("EnvironmentVariable", "name") => |text| warnings(variable_pattern(text)),
        ("Build" | "BuildBatch" | "Project", "serviceRole") => role,
        ("VpcConfig", "vpcId") => |text| begins_with(text, "vpc-", "an id"),
        ("VpcConfig", "subnets") | ("NetworkInterface", "subnetId") => |text| begins_with(text, "subnet-", "an id"),
        ("VpcConfig", "securityGroupIds") => |text| begins_with(text, "sg-", "an id"),
        _ => return None,
    })
}

/// Checks a pattern of account ids.
pub fn account(text: &str) -> Result<Vec<Remark>, Remark> {
    warnings(account_pattern(text))
}

/// Checks a pattern of region codes.
pub fn region(text: &str) -> Result<Vec<Remark>, Remark> {
    warnings(region_pattern(text))
}

/// Checks a pattern of numbers as CEL writes them.
pub fn number(text: &str) -> Result<Vec<Remark>, Remark> {
    const NUMBER: Form = Form {
        step: |_, next| (next.is_ascii_digit() || "-+.e".contains(next)).then_some(1),
        ends: |state| state == 1,
        alphabet: "0-.e",
    };
    match can_fit(text, &NUMBER) {
        true => Ok(Vec::new()),
        false => Ok(vec![Remark::new(
            format!("a number is never written as `{text}`"),
            "its digits, or compare it as a number",
        )]),
    }
}

/// Checks a pattern of booleans as CEL writes them.
pub fn flag(text: &str) -> Result<Vec<Remark>, Remark> {
    let fits = |word: &str| text.parse::<Pattern>().is_ok_and(|pattern| pattern.fits(word));
    match fits("true") || fits("false") {
        true => Ok(Vec::new()),
        false => {
            let found = format!("a bool is never written as `{text}`");
            Ok(vec![Remark::new(found, "`true` or `false`, or the member without `string`")])
        }
    }
}

/// Checks a pattern of short branch names. A longer spelling is an error: no value has it.
pub fn branch(text: &str) -> Result<Vec<Remark>, Remark> {
    in_normal_form(text, branch_pattern(text)?, "`branch` is a short name")
}

/// Checks a pattern of full reference names. A shorter spelling is an error: no value has it.
pub fn reference(text: &str) -> Result<Vec<Remark>, Remark> {
    in_normal_form(text, ref_pattern(text)?, "`ref` is a full name")
}

fn in_normal_form(text: &str, read: (Pattern, Vec<Remark>), form: &str) -> Result<Vec<Remark>, Remark> {
    let (normal, warnings) = read;
    match normal.as_str() == text {
        true => Ok(warnings),
        false => Err(Remark::new(format!("{form} here, and never `{text}`"), format!("`{normal}`"))),
    }
}

fn warnings(read: Result<(Pattern, Vec<Remark>), Remark>) -> Result<Vec<Remark>, Remark> {
    read.map(|(_, warnings)| warnings)
}

fn of_form(text: &str, form: &Form, example: &str) -> Result<Vec<Remark>, Remark> {
    match can_fit(text, form) {
        true => Ok(Vec::new()),
        false => Err(Remark::new(format!("it is never `{text}`"), format!("a text of the form `{example}`"))),
    }
}

fn build_id(text: &str) -> Result<Vec<Remark>, Remark> {
    let warnings = of_form(text, &arn::BUILD_ID, "PROJECT:ID")?;
    match text.starts_with("arn:") {
        true => {
            Ok(vec![Remark::new("an id is not an ARN", "`arn` instead of `id`, or a text of the form `PROJECT:ID`")])
        }
        false => Ok(warnings),
    }
}

fn role(text: &str) -> Result<Vec<Remark>, Remark> {
    let warnings = begins_with(text, "arn:", "the ARN of a role")?;
    let account = match text.split(':').collect::<Vec<_>>()[..] {
        [_, _, "iam", "", account, _, ..] if !is_wild(account) => account,
        _ => return Ok(warnings),
    };
    match account_pattern(account) {
        Ok(_) => Ok(warnings),
        Err(_) => {
            let found = format!("`{text}` fits no role, because an account id has twelve digits, unlike `{account}`");
            Ok(vec![Remark::new(found, "all twelve digits of the account id")])
        }
    }
}

fn begins_with(text: &str, start: &str, what: &str) -> Result<Vec<Remark>, Remark> {
    let form: Option<Pattern> = format!("{start}*").parse().ok();
    match form.is_some_and(|form| form.overlaps(&Remark::pattern(text).unwrap_or(Pattern::everything()))) {
        true => Ok(Vec::new()),
        false => {
            let found = format!("`{text}` probably fits nothing, because {what} begins with `{start}`");
            Ok(vec![Remark::new(found, format!("{what} that begins with `{start}`"))])
        }
    }
}

/// The least and the greatest number that CodeBuild accepts for a member.
///
/// From CodeBuild's model of 2016-10-06, as of botocore 1.44.8.
pub fn limits_of(structure: &str, member: &str) -> Option<(i32, i32)> {
    Some(match (structure, member) {
        ("Build" | "Project", "timeoutInMinutes")
        | ("BuildBatch", "buildTimeoutInMinutes")
        | ("ProjectBuildBatchConfig", "timeoutInMins") => (5, 2160),
        ("Build" | "Project" | "BuildBatch", "queuedTimeoutInMinutes") => (5, 480),
        ("Build", "buildNumber") | ("BuildBatch", "buildBatchNumber") => (1, i32::MAX),
        ("ProjectSource", "gitCloneDepth")
        | ("AutoRetryConfig" | "Project", "autoRetryLimit")
        | ("BuildPhase" | "BuildBatchPhase", "durationInSeconds") => (0, i32::MAX),
        _ => return None,
    })
}
