//! `buildbrake learn`.

use std::{
    fs::File,
    io::{self, Seek, Write},
    ops::ControlFlow,
};

use anyhow::Context;
use buildbrake_core::{
    history::{Details, Moments, Replay},
    learn::{Grouping, Learner},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    input::{self, HistorySource, Read},
    output::{Exit, print, print_note},
    replay::{CollectedInput, Engine},
    report::replay::{Report, text},
};

/// Proposes a policy that recorded builds comply with.
///
/// Each limit covers the given share of the builds, and each list contains every value that was used. Lists that are
/// too long, have too little history or are still growing are named, but not proposed. Every rule has the mode
/// `report`, and its evidence as a comment. The policy is printed to standard output, its replay over the same
/// builds to standard error.
///
/// Exit status: 0 success, 2 unusable input.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake learn --account --since 90d > policy.yaml
  buildbrake learn --percentile 99.9 --per project history/")]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: HistorySource,
    /// The share of the builds, in percent, that are within the proposed limits.
    #[arg(long, default_value_t = 99.0, value_parser = percentile, value_name = "PERCENT")]
    percentile: f64,
    /// Propose lists for each account, or for each project.
    #[arg(long, value_enum, default_value_t = Per::Account)]
    per: Per,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Per {
    /// A list for each account.
    Account,
    /// A list for each project.
    Project,
}

fn percentile(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err("it must be a number above 0 and at most 100".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let grouping = match arguments.per {
        Per::Account => Grouping::Account,
        Per::Project => Grouping::Project,
    };
    let now = Timestamp::now();
    let source = &arguments.source;
    // The history is read twice: to learn from it, and to replay it.
    let mut copy = source.is_read_once().then(Copy::new).transpose()?;
    let scope = &source.account.scope;
    let mut learner = Learner::new(grouping);
    let read = |each: &mut dyn FnMut(Read) -> ControlFlow<()>| {
        source.read(now, &mut |part| match copy.as_mut().map(|copy| copy.add(&part)) {
            Some(ControlFlow::Break(())) => ControlFlow::Break(()),
            Some(ControlFlow::Continue(())) | None => each(part),
        })
    };
    let CollectedInput { unreadable, unreadable_count, has_builds } =
        Engine::new(Vec::new(), scope, now, false).collect(read, &mut |build| learner.add(&build))?;
    let copy = copy.map(Copy::finish).transpose()?;
    let options = scope.options();
    if learner.builds() == 0 && has_builds && !options.is_empty() {
        anyhow::bail!("the input contains builds, but none that matches {}", options.join(" and "));
    }
    if learner.builds() == 0 {
        let why = unreadable.first().map(|first| format!(": {first}")).unwrap_or_default();
        anyhow::bail!("the input contains no builds to learn from{why}");
    }
    let proposal = learner.proposal(arguments.percentile);
    if proposal.is_empty() {
        let why: String = proposal.left_out().map(|left_out| format!("\n  {left_out}")).collect();
        anyhow::bail!("these builds support no rule; learn from a longer history{why}");
    }

    let yaml = proposal.policy(None);
    let policy = Policy::parse("the proposed policy", &yaml).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
    let read_again = |each: &mut dyn FnMut(Read) -> ControlFlow<()>| match copy {
        Some(copy) => input::read_copy(copy, each),
        None => source.read_again(each),
    };
    let mut results = Engine::new(vec![replay], scope, now, false).run(read_again, &mut |_| Ok(()))?;
    let mut summary = results.summaries.pop();
    // A copy contains neither the unreadable parts nor the places of values. Both come from the first reading.
    summary.iter_mut().for_each(|summary| summary.unreadable = unreadable_count);
    print(&proposal.policy(summary.as_ref()))?;
    if let Some(summary) = &summary {
        let report = Report { policy: Some("the proposed policy"), summary, unreadable: &unreadable, comparison: None };
        print_note(text::report(&report).trim_end());
    }
    Ok(Exit::Success)
}

/// A temporary file with the values of a history that can be read only once. It has no name, so that the
/// system removes it whenever the program ends.
struct Copy {
    file: File,
    written: io::Result<()>,
}

impl Copy {
    const FAILED: &str = "the input cannot be copied to a temporary file";

    fn new() -> anyhow::Result<Self> {
        Ok(Self { file: tempfile::tempfile().context(Self::FAILED)?, written: Ok(()) })
    }

    /// Adds the values of a part. Ends the reading if they cannot be written.
    fn add(&mut self, part: &Read) -> ControlFlow<()> {
        if let Read::Chunk(chunk) = part {
            let mut values = chunk.values.iter().filter_map(|value| chunk.bytes.get(value.range.clone()));
            self.written = values.try_for_each(|value| {
                self.file.write_all(value.trim_ascii_end())?;
                self.file.write_all(b"\n")
            });
        }
        if self.written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// The file, to be read from its start.
    fn finish(mut self) -> anyhow::Result<File> {
        self.written.context(Self::FAILED)?;
        self.file.rewind().context(Self::FAILED)?;
        Ok(self.file)
    }
}
