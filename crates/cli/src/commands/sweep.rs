//! `buildbrake sweep`.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use anyhow::ensure;
use buildbrake_aws::{
    AccountRegion, Clients, Sink,
    enforce::{Enforcer, Invocation, SweepRequest},
    git::{GitClient, GitHosts, GitSettings},
};
use buildbrake_core::{
    event::{Belt, SweepEvent, SweepMode},
    model::RunKind,
    policy::Policy,
    record::Record,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    files::PolicyFile,
    input::account::connection::{Connection, region},
    output::{Exit, count, print, print_error, print_note, without_controls},
};

/// Judges every running build and sandbox of an account now, as the function's sweep does.
///
/// Stops nothing without `--enforce`. With it, shows what would be stopped, and asks before it
/// stops anything. The policy's modes, `never-stop` and `max-stops-per-sweep` apply as in the function.
///
/// Needs ListProjects, ListBuildsForProject and BatchGetBuilds; ListSandboxes and BatchGetSandboxes if a rule
/// applies to sandboxes; what the policy's rules ask for; and StopBuild, StopBuildBatch and StopSandbox with
/// `--enforce`.
///
/// Exit status: 0 no running build breaks a rule, 1 some do, 2 the sweep failed or is incomplete.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake sweep --policy policy.yaml
  buildbrake sweep --policy policy.yaml --profile prod --region eu-west-1 --enforce")]
pub(crate) struct Arguments {
    /// The policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A profile of the AWS CLI. Can be repeated, for several accounts.
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// A region instead of the profile's. Can be repeated.
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Vec<String>,
    /// Another endpoint for all calls.
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Git hosts that may be asked for a build's branch, as in BUILDBRAKE_GIT_HOSTS.
    #[arg(long, value_name = "HOSTS", value_parser = git_hosts)]
    git_hosts: Option<GitHosts>,
    /// Stop the builds and sandboxes that break an enforced rule.
    #[arg(long)]
    enforce: bool,
    /// Stop them without asking for confirmation.
    #[arg(long, requires = "enforce")]
    yes: bool,
    /// Stop them even if there are more than `max-stops-per-sweep` allows.
    #[arg(long, requires = "enforce")]
    safety_belt_off: bool,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text for people.
    Text,
    /// One JSON object.
    Json,
}

/// The exit status after Ctrl-C, as shells report it: 128 plus the number of SIGINT.
const INTERRUPTED: i32 = 130;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let file = match PolicyFile::load(&arguments.policy) {
        Ok(file) => file,
        Err(exit) => return Ok(exit),
    };
    let asks = arguments.enforce && !arguments.yes;
    ensure!(
        !asks || (io::stdin().is_terminal() && arguments.format == Format::Text),
        "`--enforce` asks for confirmation, which needs a terminal and `--format text`; add `--yes`, or drop `--enforce`"
    );
    sweep_all(arguments, &file)
}

#[tokio::main(flavor = "current_thread")]
async fn sweep_all(arguments: &Arguments, PolicyFile { name, text, .. }: &PolicyFile) -> anyhow::Result<Exit> {
    let connections = Connection::all(&arguments.profile, &arguments.region, arguments.endpoint_url.as_deref()).await?;
    let belt = if arguments.safety_belt_off { Belt::Off } else { Belt::On };
    let mut places = Vec::new();
    for connection in connections {
        let place = connection.name();
        let git = arguments.git_hosts.clone().map(|hosts| {
            let settings = GitSettings { hosts, credentials: Default::default(), ca_bundle: None, runtime_api: None };
            GitClient::new(settings, &connection.config)
        });
        let policy = Policy::parse(name, text)?;
        let enforcer = Enforcer::new(policy, Clients::new(connection.config), None).with_git(git);
        places.push(SweptPlace { name: place, enforcer, belt, format: arguments.format });
    }
    let mut swept = Vec::new();
    for place in &places {
        swept.push(place.sweep(if arguments.yes { SweepMode::Enforce } else { SweepMode::DryRun }).await?);
    }
    let to_stop = |swept: &[Swept], kind| swept.iter().map(|swept| swept.to_stop(kind)).sum::<usize>();
    let [builds, sandboxes] = RunKind::ALL.map(|kind| to_stop(&swept, kind));
    if arguments.enforce && builds + sandboxes > 0 && confirmed(builds, sandboxes)? {
        for (place, swept) in places.iter().zip(&mut swept).filter(|(_, swept)| swept.has_to_stop()) {
            *swept = place.sweep(SweepMode::Enforce).await?;
        }
    }
    if arguments.format == Format::Json {
        print(&format!("{}\n", serde_json::to_string_pretty(&json!({"sweeps": swept}))?))?;
    }
    Ok(swept.iter().map(Swept::exit).max().unwrap_or(Exit::Success))
}

/// Asks for confirmation on the terminal.
fn confirmed(builds: usize, sandboxes: usize) -> anyhow::Result<bool> {
    let sandboxes = match sandboxes {
        0 => None,
        1 => Some("1 sandbox".to_owned()),
        sandboxes => Some(format!("{sandboxes} sandboxes")),
    };
    let builds = (builds > 0).then(|| count(builds, "build"));
    let what: Vec<String> = builds.into_iter().chain(sandboxes).collect();
    let mut terminal = io::stderr();
    write!(terminal, "\nStop {}? [y/N] ", what.join(" and "))?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let is_yes = ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str());
    if !is_yes {
        print_note("nothing was stopped");
    }
    Ok(is_yes)
}

fn git_hosts(text: &str) -> Result<GitHosts, String> {
    text.parse().map_err(|faults: Vec<String>| faults.join("; "))
}

/// An account and a region.
struct SweptPlace {
    name: String,
    enforcer: Enforcer,
    belt: Belt,
    format: Format,
}

impl SweptPlace {
    /// Sweeps the account and region. With `--format text`, prints the message of each record as soon as it is written.
    async fn sweep(&self, mode: SweepMode) -> anyhow::Result<Swept> {
        let is_text = self.format == Format::Text;
        if is_text {
            print(&format!("{}\n", without_controls(&self.name)))?;
        }
        let records = Records { is_text, kept: Mutex::default() };
        let invocation = Invocation {
            function: None,
            request_id: None,
            version: None,
            deadline: Timestamp::MAX,
            clock: &Timestamp::now,
            sink: &records,
        };
        let event = SweepEvent { belt: self.belt, mode, ..SweepEvent::default() };
        let request = SweepRequest { place: AccountRegion::default(), event, is_unread: true };
        let record = tokio::select! {
            record = Box::pin(self.enforcer.sweep(request, &invocation)) => record,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                print_error("interrupted; a build whose stop was under way may be stopped");
                std::process::exit(INTERRUPTED);
            }
        };
        let kept = records.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
        kept.written?;
        if record.failure().is_some() && !is_text {
            print_error(&format!("{}: {}", self.name, text(&kept.sweep, "message")));
        }
        let has_failed = record.failure().is_some();
        Ok(Swept { place: self.name.clone(), has_failed, sweep: kept.sweep, records: kept.builds })
    }
}

/// The results of one sweep.
#[derive(Serialize)]
struct Swept {
    place: String,
    #[serde(skip)]
    has_failed: bool,
    /// The record of the sweep.
    sweep: Value,
    /// The records of the builds that broke a rule.
    records: Vec<Value>,
}

impl Swept {
    /// The number of builds or sandboxes that would have been stopped if this were not a dry run.
    fn to_stop(&self, kind: RunKind) -> usize {
        let is_to_stop = |record: &&Value| text(record, "withheld") == "dry-run" && text(record, "kind") == kind.name();
        self.records.iter().filter(is_to_stop).count()
    }

    fn has_to_stop(&self) -> bool {
        RunKind::ALL.into_iter().any(|kind| self.to_stop(kind) > 0)
    }

    fn exit(&self) -> Exit {
        match (self.has_failed, self.records.is_empty()) {
            (true, _) => Exit::Error,
            (false, false) => Exit::Findings,
            (false, true) => Exit::Success,
        }
    }
}

/// Prints and keeps the records of a sweep.
struct Records {
    is_text: bool,
    kept: Mutex<KeptRecords>,
}

struct KeptRecords {
    sweep: Value,
    builds: Vec<Value>,
    written: io::Result<()>,
}

impl Default for KeptRecords {
    fn default() -> Self {
        Self { sweep: Value::Null, builds: Vec::new(), written: Ok(()) }
    }
}

impl Sink for Records {
    fn write<'a>(&'a self, record: &'a Record) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut record: Value = serde_json::from_str(record.json().get()).unwrap_or_default();
        // The metrics are for CloudWatch Logs.
        record.as_object_mut().map(|members| members.shift_remove("_aws"));
        if self.is_text && kept.written.is_ok() {
            let line = without_controls(&text(&record, "message").replace('\n', " "));
            kept.written = writeln!(io::stdout(), "  {line}");
        }
        match record.get("buildId") {
            Some(_) => kept.builds.push(record),
            None => kept.sweep = record,
        }
        Box::pin(std::future::ready(()))
    }
}

fn text<'a>(record: &'a Value, member: &str) -> &'a str {
    record.get(member).and_then(Value::as_str).unwrap_or_default()
}
