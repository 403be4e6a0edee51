//! The words of CodeBuild's API that policies use, and what is wrong with a pattern that none
//! of them can fit.

mod compute;
mod enums;
mod fleet;
mod names;

pub use self::{
    compute::compute_pattern,
    enums::{COMPUTE_TYPES, ENVIRONMENT_TYPES, SOURCE_TYPES, words_of},
    fleet::fleet_pattern,
    names::{account_pattern, initiator_pattern, project_pattern, region_pattern, variable_pattern},
};

#[cfg(test)]
mod tests;
