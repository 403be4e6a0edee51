//! `buildbrake learn`.

use std::{io::Write, ops::ControlFlow};

use anyhow::Context;
use buildbrake_core::{
    history::{Details, Moments, Replay},
    learn::{Grouping, Learner},
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    input::{self, Read, Source},
    output::{Exit, print, print_error},
    replay::Engine,
    report::replay::{Report, text},
};

/// Proposes a policy that recorded builds keep.
///
/// Limits are those that a share of the builds keeps, and lists contain everything that was used; lists
/// that are too long, too young or still growing are named instead. Every rule reports only, and contains its
/// evidence as a comment. The policy is printed to standard output, its replay over the same builds to
/// standard error.
///
/// Exit status: 0 success, 2 unusable input.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The share of the builds, in percent, that keep the proposed limits.
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
    // The history is read twice: to learn from it, and to replay it.
    let copy = arguments.source.is_read_once().then(|| Copy::of(&arguments.source, now)).transpose()?;
    let read = |each: &mut dyn FnMut(Read) -> ControlFlow<()>| match &copy {
        Some(copy) => copy.read(each),
        None => arguments.source.read(now, each),
    };
    let scope = &arguments.source.account.scope;
    let mut learner = Learner::new(grouping);
    Engine::new(Vec::new(), scope, now, false).collect(read, &mut |build| learner.add(&build))?;
    let proposal = learner.proposal(arguments.percentile);

    let yaml = proposal.policy(None);
    let policy = Policy::parse("the proposed policy", &yaml).map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
    let results = Engine::new(vec![replay], scope, now, false).run(read, &mut |_| Ok(()))?;
    let summary = results.summaries.first();
    print(&proposal.policy(summary))?;
    if let Some(summary) = summary {
        let report =
            Report { policy: Some("the proposed policy"), summary, unreadable: &results.unreadable, comparison: None };
        print_error(text::report(&report).trim_end());
    }
    Ok(Exit::Success)
}

/// A temporary file with the values of a history that can be read only once.
struct Copy {
    file: tempfile::NamedTempFile,
}

impl Copy {
    fn of(source: &Source, now: Timestamp) -> anyhow::Result<Self> {
        const FAILED: &str = "the input cannot be copied to a temporary file";
        let mut file = tempfile::NamedTempFile::new().context(FAILED)?;
        let mut written = Ok(());
        source.read(now, &mut |part| {
            if let Read::Chunk(chunk) = part {
                let mut values = chunk.values.iter().filter_map(|value| chunk.bytes.get(value.range.clone()));
                written = values.try_for_each(|value| {
                    file.write_all(value.trim_ascii_end())?;
                    file.write_all(b"\n")
                });
            }
            if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        written.and_then(|()| file.flush()).context(FAILED)?;
        Ok(Self { file })
    }

    fn read(&self, each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()> {
        input::read(&[self.file.path().to_owned()], each)
    }
}
