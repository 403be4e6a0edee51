//! `buildbrake replay`.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use buildbrake_core::{
    history::{Details, Moments, Replay, Replayed},
    summary::Summary,
};
use jiff::Timestamp;
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    files::{PolicyFile, check_page, write_whole},
    input::{HistorySource, total_bytes},
    output::{Exit, print, print_error, print_note},
    replay::{Engine, ListedBuilds, NAMED_UNREADABLE, ReplayResults},
    report::{
        html,
        replay::{PolicyComparison, Report, csv, text},
    },
};

/// Judges recorded builds, and sums up what a policy would have done.
///
/// Each build is judged once, as if it were running. The input contains builds as Builds of the API,
/// events, records or CloudTrail. Formats are recognized; files may be compressed, and folders are searched.
/// Nothing is stopped, and AWS is only asked with `--account`.
///
/// Exit status: 0 success, 2 unusable policy or input.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake replay --policy policy.yaml --account --since 30d --html report.html
  buildbrake replay --policy policy.yaml --compare old.yaml history/
  buildbrake replay --merge january.json february.json")]
pub(crate) struct Arguments {
    /// The policy.
    #[arg(long, value_name = "POLICY", required_unless_present = "merge")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    source: HistorySource,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write the results as one HTML page, which needs no network.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Compare with this older policy: show, build by build, what `--policy` changes.
    #[arg(long, value_name = "OLD")]
    compare: Option<PathBuf>,
    /// Judge each build only at its start, by the facts known then.
    #[arg(long, value_enum, value_name = "MOMENT")]
    at: Option<At>,
    /// Stop at the first value that cannot be read.
    #[arg(long)]
    strict: bool,
    /// Add up summaries that `--format json` printed; needs no policy.
    #[arg(long, value_name = "SUMMARY", num_args = 1.., conflicts_with_all = ["policy", "inputs", "compare", "at", "strict", "html", "projects", "since", "account", "profile", "region", "endpoint_url", "save"])]
    merge: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A summary for people.
    Text,
    /// The summary as one JSON object.
    Json,
    /// One record per build, as JSON lines.
    Ndjson,
    /// One row per build.
    Csv,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum At {
    /// The start of the build.
    Start,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if !arguments.merge.is_empty() {
        return merge(arguments);
    }
    let Some(path) = &arguments.policy else { anyhow::bail!("no policy; use `--policy FILE`") };
    let policy = match PolicyFile::load(path) {
        Ok(policy) => policy,
        Err(exit) => return Ok(exit),
    };
    let old = match arguments.compare.as_ref().map(|path| PolicyFile::load(path)).transpose() {
        Ok(old) => old,
        Err(exit) => return Ok(exit),
    };
    if let Some(path) = &arguments.html {
        check_page(path)?;
    }
    let is_summed_up = matches!(arguments.format, Format::Text | Format::Json);
    anyhow::ensure!(
        old.is_none() || is_summed_up,
        "`--compare` prints a summary only: use `--format text` or `json`, not `ndjson` or `csv`"
    );
    let moments = match arguments.at {
        Some(At::Start) => Moments::StartOnly,
        None => Moments::WholeLife,
    };
    let details = Details {
        records: arguments.format == Format::Ndjson,
        reasons: arguments.html.is_some(),
        origins: arguments.format == Format::Csv || arguments.html.is_some(),
    };
    let replays = [Some(&policy), old.as_ref()].into_iter().flatten();
    let replays = replays.map(|file| Replay::new(&file.policy, moments, details)).collect();
    let now = Timestamp::now();
    let engine = Engine::new(replays, &arguments.source.account.scope, now, arguments.strict);

    let mut comparison = old.as_ref().map(|old| PolicyComparison::with(&old.name));
    let mut rows = RowWriter::new(arguments.format)?;
    let mut listed = ListedBuilds::default();
    let mut sink = |judged: &[Replayed]| {
        if let ([new, old], Some(comparison)) = (judged, &mut comparison) {
            comparison.add(old, new);
        }
        let Some(build) = judged.first() else { return Ok(()) };
        if arguments.html.is_some() {
            listed.add(build);
        }
        rows.add(build)
    };
    let results = engine.run(|each| arguments.source.read(now, each), &mut sink)?;
    check_input(&arguments.source, &results)?;
    rows.finish()?;
    let ReplayResults { mut summaries, unreadable, .. } = results;
    let summary = if summaries.is_empty() { Summary::default() } else { summaries.swap_remove(0) };
    if let Some(path) = &arguments.html {
        let (builds, left_out) = listed.finish();
        let rows = builds.iter().map(|build| html::Row { build, reasons: &build.reasons });
        let rows: Vec<html::Row<'_>> = rows.collect();
        let (policy_name, generated_at) = (policy.name.as_str(), now);
        let page = html::HtmlPage { summary: &summary, policy_name, generated_at, builds: &rows, left_out };
        write_whole(path, html::page(&page)?.as_bytes())?;
    }
    report(
        arguments.format,
        &Report {
            policy: Some(&policy.name),
            summary: &summary,
            unreadable: &unreadable,
            comparison: comparison.as_ref(),
        },
    )
}

/// Fails or prints a warning if no build was judged. A report of no builds looks like that of a policy that does no
/// harm.
///
/// # Errors
/// If files describe no build, project or batch at all. An account may have no builds, and a part of its history may
/// contain only projects.
fn check_input(source: &HistorySource, results: &ReplayResults) -> anyhow::Result<()> {
    if results.summaries.first().is_some_and(|summary| summary.judged > 0) {
        return Ok(());
    }
    let is_account = source.account.account;
    if !results.has_builds && !results.has_others && !is_account {
        if let Some(first) = results.unreadable.first() {
            anyhow::bail!("the input contains no build: {first}");
        }
        let found = match total_bytes(&source.inputs) {
            Some(0) => "is empty",
            _ => "contains no build",
        };
        anyhow::bail!(
            "the input {found}; use Builds of `aws codebuild batch-get-builds`, events of CodeBuild, or records"
        );
    }
    let scope = &source.account.scope;
    let options = scope.options();
    let of = if is_account { "the account's history" } else { "the input" };
    match (results.has_builds, options.as_slice()) {
        (true, []) => {}
        (true, options) => {
            print_note(&format!("warning: {of} contains builds, but none that matches {}", options.join(" and ")));
        }
        (false, []) => print_note(&format!("warning: {of} contains no build")),
        (false, options) => {
            print_note(&format!("warning: {of} contains no build that matches {}", options.join(" and ")));
        }
    }
    Ok(())
}

/// Adds up summaries.
fn merge(arguments: &Arguments) -> anyhow::Result<Exit> {
    anyhow::ensure!(
        matches!(arguments.format, Format::Text | Format::Json),
        "summaries contain no single builds; use `--format text` or `--format json` with `--merge`"
    );
    let mut total: Option<Summary> = None;
    let mut unreadable = Vec::new();
    let mut paths = BTreeSet::new();
    for path in &arguments.merge {
        let name = path.display();
        let is_new = path.canonicalize().is_ok_and(|path| paths.insert(path)) || !path.is_file();
        anyhow::ensure!(is_new, "{name}: its builds would count twice; name each summary once");
        let json = fs::read(path).with_context(|| format!("{name}: the file cannot be read"))?;
        let no_summary = || format!("{name}: this is not a summary; make one with `replay --format json`");
        let summary: Summary = serde_json::from_slice(&json).with_context(no_summary)?;
        let rest: ReportRest = serde_json::from_slice(&json).with_context(no_summary)?;
        anyhow::ensure!(
            rest.comparison.is_none(),
            "{name}: a comparison cannot be added up; make the summaries without `--compare`"
        );
        unreadable.extend(rest.unreadable_values);
        match &mut total {
            Some(total) => total.merge(summary).with_context(|| format!("{name}: this summary cannot be added"))?,
            None => total = Some(summary),
        }
    }
    unreadable.truncate(NAMED_UNREADABLE);
    let summary = total.unwrap_or_default();
    report(arguments.format, &Report { policy: None, summary: &summary, unreadable: &unreadable, comparison: None })
}

/// The members of a JSON report besides its summary.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReportRest {
    #[serde(default)]
    unreadable_values: Vec<String>,
    comparison: Option<IgnoredAny>,
}

fn report(format: Format, report: &Report<'_>) -> anyhow::Result<Exit> {
    match format {
        Format::Text => print(&text::report(report)),
        Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(report)?)),
        Format::Ndjson | Format::Csv => {
            text::unreadable(report).lines().for_each(print_error);
            Ok(Exit::Success)
        }
    }
}

/// Writes each build as it is judged, in the formats that list all builds.
enum RowWriter {
    None,
    Ndjson(io::BufWriter<io::Stdout>),
    Csv(Box<csv::CsvRows<io::Stdout>>),
}

impl RowWriter {
    fn new(format: Format) -> anyhow::Result<Self> {
        Ok(match format {
            Format::Text | Format::Json => Self::None,
            Format::Ndjson => Self::Ndjson(io::BufWriter::new(io::stdout())),
            Format::Csv => Self::Csv(Box::new(csv::CsvRows::new(io::stdout())?)),
        })
    }

    fn add(&mut self, build: &Replayed) -> anyhow::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Ndjson(out) => Ok(writeln!(out, "{}", build.record.as_deref().unwrap_or_default())?),
            Self::Csv(rows) => rows.add(build),
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Ndjson(mut out) => Ok(out.flush()?),
            Self::Csv(rows) => rows.finish(),
        }
    }
}
