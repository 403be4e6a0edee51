//! The words of CodeBuild's API that policies use, and the faults of patterns that no such word can fit.

mod arn;
mod compute;
mod enums;
mod fleet;
mod host;
mod initiator;
pub mod members;
mod names;
mod tag;
mod variable;

pub use self::{
    compute::compute_pattern,
    enums::{COMPUTE_TYPES, ENVIRONMENT_TYPES, SOURCE_TYPES, words_of},
    fleet::fleet_pattern,
    host::is_host_like,
    initiator::initiator_pattern,
    names::{account_pattern, is_account, is_region, partition, project_pattern, region_pattern},
    tag::{check_tag_key, tag_pattern},
    variable::variable_pattern,
};

#[cfg(test)]
mod tests;
