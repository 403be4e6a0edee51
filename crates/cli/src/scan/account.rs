//! Projects of accounts.

use buildbrake_aws::history::History;
use buildbrake_core::{pattern::Pattern, scan::PlannedProject};

use super::{Project, ProjectOrigin, Projects};
use crate::input::account::connection::Connection;

/// The accounts and regions whose projects are read.
pub(crate) struct ScannedAccounts<'a> {
    pub(crate) profiles: &'a [String],
    pub(crate) regions: &'a [String],
    pub(crate) endpoint_url: Option<&'a str>,
    /// The patterns of the projects' names. If there are none, all projects are read.
    pub(crate) projects: &'a [Pattern],
}

/// Reads the projects of accounts.
///
/// # Errors
/// If AWS cannot be read to the end.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn read(accounts: &ScannedAccounts<'_>) -> anyhow::Result<Projects> {
    let is_wanted =
        |name: &str| accounts.projects.is_empty() || accounts.projects.iter().any(|pattern| pattern.fits(name));
    let mut projects = Vec::new();
    for connection in Connection::all(accounts.profiles, accounts.regions, accounts.endpoint_url).await? {
        let history = History::new(&connection.config);
        for project in history.read_projects(&is_wanted).await? {
            let address = project.arn.clone().or_else(|| project.name.clone()).unwrap_or_default();
            let origin = ProjectOrigin { file: None, address, place: None };
            projects.push(Project { settings: PlannedProject::deployed(&project), origin, doubt: None });
        }
    }
    Ok(Projects { projects, ..Projects::default() })
}
