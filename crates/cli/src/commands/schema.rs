//! `buildbrake schema`.

use buildbrake_core::{policy, record};

use crate::output::{Exit, print};

/// Prints a JSON Schema: of the policy file, for editors, or of the events about violations.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake schema > policy.schema.json
  buildbrake schema record")]
pub(crate) struct Arguments {
    /// What the schema describes.
    #[arg(default_value = "policy")]
    of: Of,
}

/// What a schema describes.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    /// The policy file.
    Policy,
    /// The detail of an event on the bus that BUILDBRAKE_EVENT_BUS names.
    Record,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let schema = match arguments.of {
        Of::Policy => policy::schema(),
        Of::Record => record::schema(),
    };
    print(&format!("{schema:#}\n"))
}
