//! The inputs and the results of `buildbrake scan`: projects of templates, of Terraform, and of accounts.

pub(crate) mod account;
pub(crate) mod baseline;
pub(crate) mod results;
pub(crate) mod template;
pub(crate) mod terraform;

use std::collections::BTreeSet;

use buildbrake_core::{diagnostic::Place, scan::PlannedProject};

use self::template::StackTags;

/// The projects of some inputs.
#[derive(Debug, Default)]
pub(crate) struct Projects {
    pub(crate) projects: Vec<Project>,
    pub(crate) left_out: Vec<SkippedInput>,
    /// `true` if a template has projects, or stacks, that it does not create with the given parameters.
    pub(crate) has_absent: bool,
    /// The names of the parameters that templates declare.
    pub(crate) parameters: BTreeSet<String>,
    /// Messages about the given values of parameters that templates do not allow.
    pub(crate) refused: Vec<String>,
}

/// A project, and where it is defined.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) settings: PlannedProject,
    pub(crate) origin: ProjectOrigin,
    /// The reason why the project may not exist. `None` if it is certain to exist.
    pub(crate) doubt: Option<String>,
}

/// Where a project is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectOrigin {
    /// The file; `None` for a project of an account.
    pub(crate) file: Option<String>,
    /// The logical id in a template, the address in Terraform, the ARN in an account.
    pub(crate) address: String,
    /// The place in the file.
    pub(crate) place: Option<Place>,
}

/// A part of an input whose projects, if it has any, are not judged.
#[derive(Debug)]
pub(crate) struct SkippedInput {
    pub(crate) origin: ProjectOrigin,
    pub(crate) why: String,
}

impl Projects {
    pub(crate) fn extend(&mut self, other: Self) {
        self.projects.extend(other.projects);
        self.left_out.extend(other.left_out);
        self.has_absent |= other.has_absent;
        self.parameters.extend(other.parameters);
        self.refused.extend(other.refused);
    }
}

/// The account and the region that files are deployed to, and the tags of the stack, as far as options name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Destination {
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    /// The tags of the stack that templates are deployed as.
    pub(crate) stack_tags: Option<StackTags>,
}
