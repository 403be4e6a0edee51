//! `forbidden-compute`, `allowed-compute`: the compute type (`BUILD_GENERAL1_LARGE`), or the
//! environment type and the compute type (`ARM_CONTAINER/BUILD_GENERAL1_LARGE`).

use super::{
    CheckDocs, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    patterns::Syntax,
    subject::{Subject, SubjectValue, SubjectValues},
};
use crate::facts::{Facts, MissingFact};

pub(super) const COMPUTE: Subject = Subject {
    name: "compute",
    example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]",
    syntax: Syntax::Compute,
    values: compute,
    contradiction: None,
    arn_part: None,
};

const IAM: IamView = IamView::ComputeType;

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-compute",
    about: CheckDocs {
        breaks_when: "The build's compute type, or its environment type and compute type, matches a pattern.",
        why: "The largest machines and GPUs cost many times as much as the others, and anyone who may start a build can choose them for it.",
        example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]",
        project: None,
        running: None,
        allowed: r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        stopped: r#"{"environment": {"type": "LINUX_GPU_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        reads: &["environment.computeType", "environment.type"],
    },
    option: OptionKind::Forbidden(Syntax::Compute, |patterns| forbidden(&COMPUTE, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-compute",
    about: CheckDocs {
        breaks_when: "Neither the build's compute type nor its environment type and compute type matches a pattern.",
        why: "A list of affordable machines stays right when AWS adds a larger one.",
        example: "[BUILD_GENERAL1_SMALL, BUILD_LAMBDA_*]",
        project: None,
        running: None,
        allowed: r#"{"environment": {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        stopped: r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_XLARGE"}}"#,
        reads: &["environment.computeType", "environment.type"],
    },
    option: OptionKind::Allowed(Syntax::Compute, |patterns| allowed(&COMPUTE, patterns)),
    iam: IAM,
};

fn compute<'a>(facts: &Facts<'a>) -> Result<SubjectValues<'a>, MissingFact> {
    let environment = facts.build.environment.as_ref().ok_or(MissingFact::Absent("environment"))?;
    let compute = environment.compute_type.as_deref().ok_or(MissingFact::Absent("environment.computeType"))?;
    let kind = environment.r#type.as_deref().ok_or(MissingFact::Absent("environment.type"));
    Ok(SubjectValues {
        value: SubjectValue::from(compute),
        other: Some(kind.map(|kind| [kind, "/", compute].concat())),
    })
}
