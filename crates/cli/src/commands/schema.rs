//! `buildbrake schema`.

use buildbrake_core::policy::schema;

use crate::output::{Exit, print};

/// Prints the JSON Schema of the policy file, for editors.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> anyhow::Result<Exit> {
    print(&format!("{:#}\n", schema()))
}
