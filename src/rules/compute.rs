//! `forbidden-compute`, `allowed-compute`: the compute type (`BUILD_GENERAL1_LARGE`),
//! or the environment type and the compute type (`ARM_CONTAINER/BUILD_GENERAL1_LARGE`).

use super::{
    About, CheckKind, OptionKind,
    patterns::{Subject, Values, allowed, forbidden},
};

use crate::facts::{Fact, Facts};

pub(super) const COMPUTE: Subject =
    Subject { name: "compute", example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]", values: compute };

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-compute",
    about: About {
        breaks_when: "The build's compute type, or its environment and compute type, is among the patterns.",
        why: "The largest machines and the GPUs cost many times as much as the others, and an override of one build is enough to use them.",
        example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]",
        allowed: r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        stopped: r#"{"environment": {"type": "LINUX_GPU_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        reads: &["environment.computeType", "environment.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| forbidden(&COMPUTE, reader, node),
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-compute",
    about: About {
        breaks_when: "Neither the build's compute type nor its environment and compute type is among the patterns.",
        why: "A list of what is affordable needs no change when AWS adds a larger machine.",
        example: "[BUILD_GENERAL1_SMALL, BUILD_LAMBDA_*]",
        allowed: r#"{"environment": {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        stopped: r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_XLARGE"}}"#,
        reads: &["environment.computeType", "environment.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&COMPUTE, reader, node),
};

fn compute<'a>(facts: &Facts<'a>) -> Result<Values<'a>, Fact> {
    let environment = facts.build.environment.as_ref().ok_or(Fact::Absent("environment"))?;
    let compute = environment.compute_type.as_deref().ok_or(Fact::Absent("environment.computeType"))?;
    let kind = environment.r#type.as_deref().ok_or(Fact::Absent("environment.type"));
    Ok(Values { value: compute.into(), other: Some(kind.map(|kind| format!("{kind}/{compute}"))) })
}
