//! The history of AWS accounts, as lines of JSON.

mod file;
mod scope;

use std::{cell::RefCell, ops::ControlFlow, path::PathBuf, time::Duration};

use anyhow::Context;
use buildbrake_aws::{
    config::{self, AwsConfig},
    history::{History, Wanted},
};
use buildbrake_core::record::saved::Saved;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use self::file::{Known, SavedHistory};
pub(crate) use self::scope::Scope;

/// The options for reading AWS accounts.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Read the history of AWS accounts: their projects, and the builds that CodeBuild still has (one
    /// year).
    #[arg(long)]
    pub(crate) account: bool,
    /// A profile of the AWS CLI. Can be repeated, for several accounts.
    #[arg(long, value_name = "NAME", requires = "account")]
    pub(crate) profile: Vec<String>,
    /// A region instead of the profile's. Can be repeated.
    #[arg(long, value_name = "REGION", requires = "account")]
    pub(crate) region: Vec<String>,
    /// Another endpoint for all calls.
    #[arg(long, value_name = "URL", requires = "account")]
    pub(crate) endpoint_url: Option<String>,
    /// Append what was read to this file, without secrets, and continue from what it contains.
    #[arg(long, value_name = "FILE", requires = "account")]
    pub(crate) save: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) scope: Scope,
}

/// Is called with whole lines. It may end the reading.
pub(crate) type Each<'a> = dyn FnMut(&[u8]) -> ControlFlow<()> + 'a;

/// The exit status of a program that Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// Reads the saved history, and then the rest of it from AWS. Calls `each` with lines of JSON: Projects,
/// BuildBatches and Builds under the API's own names, without secrets. Projects come before their
/// builds, and a build may come twice if it was still running when it was saved.
///
/// # Errors
/// If the file cannot be used, if AWS cannot be read to the end, or after Ctrl-C. What was read until
/// then is in the file.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn read(options: &Options, now: Timestamp, each: &mut Each<'_>) -> anyhow::Result<()> {
    let since = options.scope.since(now);
    let histories = histories(options).await?;
    let mut file = None;
    let mut known = Known::default();
    if let Some(path) = &options.save {
        let saved = SavedHistory::open(path)?;
        if saved.read(&options.scope, since, &mut known, each)?.is_break() {
            return Ok(());
        }
        file = Some(saved);
    }
    let reading = Reading { options, since, known: RefCell::new(known), progress: progress() };
    let result = tokio::select! {
        result = reading.all_accounts(&histories, file.as_ref(), each) => result,
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

/// Makes Ctrl-C end the program again: tokio's handler stays once it was asked for.
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
struct Reading<'a> {
    options: &'a Options,
    since: Option<Timestamp>,
    known: RefCell<Known>,
    progress: ProgressBar,
}

impl Reading<'_> {
    async fn all_accounts(
        &self,
        histories: &[(Option<String>, History)],
        file: Option<&SavedHistory>,
        each: &mut Each<'_>,
    ) -> anyhow::Result<()> {
        for (profile, history) in histories {
            let account = profile.iter().map(String::as_str).chain([history.region()]);
            self.progress.set_prefix(Vec::from_iter(account).join(" "));
            if self.account(history, file, each).await?.is_break() {
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
        let wanted = Wanted {
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

    /// The lines of what is not in the file yet.
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

/// The accounts and regions to read, each with its profile.
async fn histories(options: &Options) -> anyhow::Result<Vec<(Option<String>, History)>> {
    let mut histories = Vec::new();
    for profile in or_default(&options.profile) {
        for region in or_default(&options.region) {
            histories.push((profile.clone(), history(options, profile.clone(), region).await?));
        }
    }
    Ok(histories)
}

async fn history(options: &Options, profile: Option<String>, region: Option<String>) -> anyhow::Result<History> {
    let options = config::Options { profile: profile.clone(), region, endpoint_url: options.endpoint_url.clone() };
    let config = AwsConfig::for_command_line(options).await.map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(faults.join("; "))
    })?;
    History::new(&config).with_context(|| match profile {
        Some(profile) => {
            format!("the profile `{profile}` does not exist or has no region; correct its name, or add `--region`")
        }
        None => "no region; add `--region`, or set AWS_REGION".to_owned(),
    })
}

/// These, or else the one that the environment chooses.
fn or_default(chosen: &[String]) -> Vec<Option<String>> {
    if chosen.is_empty() { vec![None] } else { chosen.iter().cloned().map(Some).collect() }
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
