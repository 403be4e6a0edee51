//! `buildbrake export`.

use std::path::PathBuf;

use buildbrake_core::export::{Breadth, iam};

use crate::{
    files::PolicyFile,
    output::{Exit, print, print_note},
};

/// Exports the part of a policy that can be enforced before a build starts.
///
/// Prints an IAM policy document of Deny statements for StartBuild and StartBuildBatch, and for the
/// calls that start and use sandboxes if a rule forbids all sandboxes. Attach it as a service control
/// policy, or to a role. Standard error lists each part that is not exported, with the reason.
///
/// Exit status: 0 success, 2 the policy has a fault or cannot be read.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake export iam policy.yaml > scp.json
  buildbrake export iam --exact policy.yaml")]
pub(crate) struct Arguments {
    /// The format of the export.
    format: Format,
    /// The policy file.
    policy: PathBuf,
    /// Leave out the statements that refuse more than their rule forbids.
    #[arg(long)]
    exact: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// An IAM policy document.
    Iam,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Format::Iam = arguments.format;
    let policy = match PolicyFile::load(&arguments.policy) {
        Ok(file) => file.policy,
        Err(exit) => return Ok(exit),
    };
    let export = iam(&policy, if arguments.exact { Breadth::Exact } else { Breadth::Broad });
    for remark in export.remarks {
        print_note(&remark);
    }
    print(&format!("{:#}\n", export.document))
}
