//! `forbidden-compute`, `allowed-compute`: the compute type (`BUILD_GENERAL1_LARGE`),
//! or the environment type and the compute type (`ARM_CONTAINER/BUILD_GENERAL1_LARGE`).

use super::{
    CheckKind,
    patterns::{Subject, Values, allowed, forbidden},
};

use crate::facts::{Fact, Facts};

pub(super) const COMPUTE: Subject =
    Subject { name: "compute", example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]", values: compute };

pub(super) const FORBIDDEN: CheckKind =
    CheckKind { id: "forbidden-compute", read: |reader, node| forbidden(&COMPUTE, reader, node) };

pub(super) const ALLOWED: CheckKind =
    CheckKind { id: "allowed-compute", read: |reader, node| allowed(&COMPUTE, reader, node) };

fn compute<'a>(facts: &Facts<'a>) -> Result<Values<'a>, Fact> {
    let environment = facts.build.environment.as_ref().ok_or(Fact::Absent("environment"))?;
    let compute = environment.compute_type.as_deref().ok_or(Fact::Absent("environment.computeType"))?;
    let kind = environment.r#type.as_deref().ok_or(Fact::Absent("environment.type"));
    Ok(Values { value: compute.into(), other: Some(kind.map(|kind| format!("{kind}/{compute}"))) })
}
