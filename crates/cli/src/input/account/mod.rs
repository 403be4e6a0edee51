//! The history of AWS accounts, as lines of JSON.

pub(crate) mod connection;
mod file;
mod scope;

use std::{cell::RefCell, ops::ControlFlow, path::PathBuf, time::Duration};

use buildbrake_aws::history::{History, WantedHistory};
use buildbrake_core::record::saved::Saved;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

pub(crate) use self::scope::HistoryScope;
use self::{
    connection::Connection,
    file::{KnownRuns, SavedHistory},
};

/// The options for reading AWS accounts.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct AccountOptions {
    /// Read the history of AWS accounts: their projects, and the builds that CodeBuild still has (one
    /// year).
    #[arg(long)]
    pub(crate) account: bool,
    /// A profile of the AWS CLI. Can be repeated, for several accounts.
    #[arg(long, value_name = "NAME", requires = "account")]
    pub(crate) profile: Vec<String>,
    /// A region instead of the profile's. Can be repeated.
    #[arg(long, value_name = "REGION", requires = "account", value_parser = connection::region)]
    pub(crate) region: Vec<String>,
    /// Another endpoint for all calls.
    #[arg(long, value_name = "URL", requires = "account")]
    pub(crate) endpoint_url: Option<String>,
    /// Append what was read to this file, without secrets, and continue from what it contains.
    #[arg(long, value_name = "FILE", requires = "account")]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) scope: HistoryScope,
}

/// A callback that receives whole lines, and can end the reading.
pub(crate) type Each<'a> = dyn FnMut(&[u8]) -> ControlFlow<()> + 'a;

/// The exit status after Ctrl-C, as shells report it: 128 plus the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// Reads the saved history, and then the rest of it from AWS. Calls `each` with lines of JSON: Projects,
/// BuildBatches and Builds under the API's own names, without secrets. Projects come before their
/// builds, and a build may come twice if it was still running when it was saved.
///
/// # Errors
/// If the file cannot be used, if AWS cannot be read to the end, or after Ctrl-C. What was read until
/// then is in the file.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn read(options: &AccountOptions, now: Timestamp, each: &mut Each<'_>) -> anyhow::Result<()> {
    let since = options.scope.since(now);
    let connections = Connection::all(&options.profile, &options.region, options.endpoint_url.as_deref()).await?;
    let mut file = None;
    let mut known = KnownRuns::default();
    if let Some(path) = &options.save {
        let saved = SavedHistory::open(path)?;
        if saved.read(&options.scope, since, &mut known, each)?.is_break() {
            return Ok(());
        }
        file = Some(saved);
    }
    let reading = AccountReader { options, since, known: RefCell::new(known), progress: progress() };
    let result = tokio::select! {
        result = reading.all_accounts(&connections, file.as_ref(), each) => result,
        signal = tokio::signal::ctrl_c() => signal.map_err(Into::into).and_then(|()| Err(anyhow::anyhow!("interrupted"))),
    };
    reading.progress.finish_and_clear();
    end_at_interrupt();
    result.map_err(|error| match &options.save {
        Some(path) => error.context(format!(
            "the history was not read to its end; {} contains what was read: run the same command again to continue",
            path.display()
        )),
        None => error.context("the history was not read to its end; with `--save FILE`, it could be continued"),
    })
}

/// Makes Ctrl-C end the program again. tokio's handler stays installed after its first use, and replaces the default.
fn end_at_interrupt() {
    std::thread::spawn(|| {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build()
            && runtime.block_on(tokio::signal::ctrl_c()).is_ok()
        {
            std::process::exit(INTERRUPTED);
        }
    });
}

/// The reading of some accounts.
struct AccountReader<'a> {
    options: &'a AccountOptions,
    since: Option<Timestamp>,
    known: RefCell<KnownRuns>,
    progress: ProgressBar,
}

impl AccountReader<'_> {
    async fn all_accounts(
        &self,
        connections: &[Connection],
        file: Option<&SavedHistory>,
        each: &mut Each<'_>,
    ) -> anyhow::Result<()> {
        for connection in connections {
            self.progress.set_prefix(connection.name());
            if self.account(&History::new(&connection.config), file, each).await?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads one account in one region.
    async fn account(
        &self,
        history: &History,
        file: Option<&SavedHistory>,
        each: &mut Each<'_>,
    ) -> anyhow::Result<ControlFlow<()>> {
        let wanted = WantedHistory {
            is_wanted: &|name| self.options.scope.has_project(name),
            since: self.since,
            is_known: &|arn| self.known.borrow().has(arn),
        };
        let mut end = None;
        let mut take = |found: Vec<Saved>| {
            let lines = self.lines(found);
            let saved = file.map_or(Ok(()), |file| file.append(&lines));
            end = match saved {
                Ok(()) => each(&lines).break_value().map(Ok),
                Err(error) => Some(Err(error)),
            };
            if end.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        history.read(&wanted, &mut take).await?;
        match end {
            None => Ok(ControlFlow::Continue(())),
            Some(result) => result.map(|()| ControlFlow::Break(())),
        }
    }

    /// Returns a line for each item that is new or has changed, and marks it as known.
    fn lines(&self, found: Vec<Saved>) -> Vec<u8> {
        let mut known = self.known.borrow_mut();
        let mut lines = Vec::new();
        for one in found {
            if !known.add(&one) {
                continue;
            }
            if let Saved::Build(build) = &one {
                self.progress.inc(1);
                self.progress.set_message(build.project_name.clone().unwrap_or_default());
            }
            lines.extend_from_slice(one.into_line().as_bytes());
            lines.push(b'\n');
        }
        lines
    }
}

/// A line on standard error, if that is a terminal.
fn progress() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {human_pos} builds, {per_sec}; {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
