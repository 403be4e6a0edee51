//! Measures buildbrake and its peers side by side in one run: `make bench`.
//!
//! It plays Lambda's Runtime API and a CodeBuild, and observes the processes from outside. Every round starts each
//! peer anew and in another order, so that all peers share what else the machine does.

mod codebuild;
mod figures;
mod git;
mod lambda;
mod peer;
mod process;
mod quota;
mod replay;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use buildbrake_testkit::{codebuild::Endpoint, http::Server, tls::Authority};
use flate2::{Compression, write::DeflateEncoder};

use crate::{
    figures::{Figures, Samples, ratios, table},
    lambda::Lambda,
    peer::Peer,
    process::Process,
    quota::Quota,
};

/// The number of rounds. Each measures one start and one first stop.
const ROUNDS: usize = 40;
/// The number of events of each kind that are measured in a round.
const EVENTS: usize = 100;
/// The number of events of each kind that are sent before these as a warm-up.
const WARM_UP: usize = 100;
/// The number of builds in a round whose branch git knows.
const RESOLVED: usize = 5;
/// Fewer than [`ROUNDS`]: the quota makes a round slow, and its figures large.
const ROUNDS_UNDER_QUOTA: usize = 12;

fn main() -> anyhow::Result<()> {
    let target = PathBuf::from(env::args().nth(1).context("the first argument is cargo's target folder")?);
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    match env::args().nth(2).as_deref() {
        None | Some("peers") => peers(bench, &target),
        Some("replay") => {
            let report = replay::report(bench, &target)?;
            io::stdout().write_all(report.as_bytes())?;
            renew(&bench.join("../docs/performance.md"), "replay", &report)
        }
        Some(other) => anyhow::bail!("`{other}` is not measured; use `peers` or `replay`"),
    }
}

/// Measures the function beside its peers.
fn peers(bench: &Path, target: &Path) -> anyhow::Result<()> {
    let peers = Peer::all(bench, target);
    let stage = Stage::new(bench, target)?;
    let mut measured: Vec<(String, Figures)> = Vec::new();
    for peer in &peers {
        let mut figures = Figures::default();
        if let Some(file) = &peer.deployed {
            let bytes = fs::read(file).with_context(|| file.display().to_string())?;
            figures.size.add(bytes.len() as f64 / 1e6);
            figures.zipped.add(deflated(&bytes)? as f64 / 1e6);
        }
        measured.push((peer.name.clone(), figures));
    }
    for round in 0..ROUNDS {
        write!(io::stderr(), "\rround {} of {ROUNDS}", round + 1)?;
        for turn in 0..peers.len() {
            let index = (round + turn) % peers.len();
            let (peer, figures) = (&peers[index], &mut measured[index].1);
            stage.start_and_events(peer, figures).with_context(|| peer.name.clone())?;
            if peer.stops {
                stage.first_stop(peer, figures).with_context(|| peer.name.clone())?;
            }
            if round < ROUNDS_UNDER_QUOTA
                && let Some(quota) = &stage.quota
            {
                stage.under(quota, peer, figures).with_context(|| peer.name.clone())?;
            }
        }
    }
    writeln!(io::stderr())?;
    let mut report = format!("{}\n\n{}", about(&stage)?, table(&measured));
    report.push_str(&format!("\nbuildbrake to each of the others:\n\n{}", ratios(&measured)));
    report.push_str(&over_the_bare_call("violating event", &measured, |figures| &figures.violating));
    report.push_str(&over_the_bare_call("compliant event that needs the Build", &measured, |figures| &figures.asking));
    io::stdout().write_all(report.as_bytes())?;
    renew(&bench.join("../docs/performance.md"), "peers", &report)
}

/// Returns a sentence about how much longer buildbrake takes than the bare call of the SDK.
fn over_the_bare_call(event: &str, measured: &[(String, Figures)], of: fn(&Figures) -> &Samples) -> String {
    match (of(&measured[0].1).median(), of(&measured[2].1).median()) {
        (Some(own), Some(bare)) => format!("\nA {event} takes {:.3} ms more than the bare call.\n", own - bare),
        _ => String::new(),
    }
}

/// The servers and events with which all peers are measured.
struct Stage {
    bench: PathBuf,
    plain: String,
    tls: String,
    authority: PathBuf,
    _endpoints: [Endpoint; 2],
    git: Server,
    quota: Option<Quota>,
    compliant: String,
    /// An event without details, of a build that is compliant.
    asking: String,
    violating: String,
}

impl Stage {
    fn new(bench: &Path, target: &Path) -> anyhow::Result<Self> {
        // As it is sent: on one line, without spaces.
        let event = |name| {
            let text = fs::read(bench.join("../events").join(name)).with_context(|| format!("the event {name}"))?;
            anyhow::Ok(serde_json::from_slice::<serde_json::Value>(&text)?.to_string())
        };
        let authority = Authority::new();
        let pem = target.join("bench/authority.pem");
        fs::create_dir_all(target.join("bench"))?;
        fs::write(&pem, authority.pem())?;
        let git = git::host();
        let (plain, tls) = (codebuild::plain(&git::repository(&git)), codebuild::tls(&authority));
        Ok(Self {
            bench: bench.to_owned(),
            plain: format!("http://{}", plain.address),
            tls: format!("https://localhost:{}", tls.address.port()),
            authority: pem,
            _endpoints: [plain, tls],
            git,
            quota: Quota::new(),
            compliant: event("compliant.json")?,
            asking: event("no-additional-information.json")?,
            violating: event("forbidden-branch.json")?,
        })
    }

    /// The command with CodeBuild over plain HTTP. No certificates are named, so each peer trusts its own default
    /// roots.
    fn over_http(&self, peer: &Peer, lambda: &Lambda) -> anyhow::Result<Command> {
        let runtime = lambda.address.to_string();
        let git_host = format!("http://{}", self.git.address);
        let settings = [
            ("AWS_LAMBDA_RUNTIME_API", runtime.as_str()),
            ("AWS_ENDPOINT_URL_CODEBUILD", &self.plain),
            ("BUILDBRAKE_GIT_HOSTS", &git_host),
        ];
        peer.command(&self.bench, &settings)
    }

    /// The command with CodeBuild over TLS.
    fn over_tls(&self, peer: &Peer, lambda: &Lambda) -> anyhow::Result<Command> {
        let (runtime, authority) = (lambda.address.to_string(), self.authority.display().to_string());
        let settings = [
            ("AWS_LAMBDA_RUNTIME_API", runtime.as_str()),
            ("AWS_ENDPOINT_URL_CODEBUILD", &self.tls),
            ("AWS_CA_BUNDLE", &authority),
            ("NODE_EXTRA_CA_CERTS", &authority),
        ];
        peer.command(&self.bench, &settings)
    }

    fn start_and_events(&self, peer: &Peer, figures: &mut Figures) -> anyhow::Result<()> {
        let lambda = Lambda::new()?;
        let process = Process::start(&mut self.over_http(peer, &lambda)?)?;
        figures.start.add_time(lambda.wait_for_ask()? - process.started);
        figures.start_cpu.add_time(process.cpu()?);
        figures.resident_at_start.add(process.resident()? / 1e6);
        let events = |event: &str, samples: &mut Samples, cpu: &mut Samples| {
            for _ in 0..WARM_UP {
                lambda.invoke(event)?;
            }
            let before = process.cpu()?;
            for _ in 0..EVENTS {
                samples.add_time(lambda.invoke(event)?);
            }
            cpu.add_time((process.cpu()? - before) / u32::try_from(EVENTS)?);
            anyhow::Ok(())
        };
        events(&self.compliant, &mut figures.compliant, &mut figures.compliant_cpu)?;
        if peer.asks {
            events(&self.asking, &mut figures.asking, &mut figures.asking_cpu)?;
        }
        if peer.stops {
            events(&self.violating, &mut figures.violating, &mut figures.violating_cpu)?;
        }
        figures.resident_later.add(process.resident()? / 1e6);
        if peer.resolves {
            // The first question loads the machine's root certificates, and the project is then cached.
            lambda.invoke(&git::event_of(&self.git, 0))?;
            let before = process.cpu()?;
            for number in 1..=RESOLVED {
                figures.resolving.add_time(lambda.invoke(&git::event_of(&self.git, number))?);
            }
            figures.resolving_cpu.add_time((process.cpu()? - before) / u32::try_from(RESOLVED)?);
        }
        Ok(())
    }

    fn first_stop(&self, peer: &Peer, figures: &mut Figures) -> anyhow::Result<()> {
        let lambda = Lambda::new()?;
        let process = Process::start(&mut self.over_tls(peer, &lambda)?)?;
        lambda.wait_for_ask()?;
        let before = process.cpu()?;
        figures.first_stop.add_time(lambda.invoke(&self.violating)?);
        figures.first_stop_cpu.add_time(process.cpu()? - before);
        Ok(())
    }

    /// Measures the start of one process under a quota, and the first stop of another process that was put under the
    /// quota only after its start.
    fn under(&self, quota: &Quota, peer: &Peer, figures: &mut Figures) -> anyhow::Result<()> {
        let lambda = Lambda::new()?;
        let process = Process::start_under(quota, &self.over_http(peer, &lambda)?)?;
        figures.start_under_quota.add_time(lambda.wait_for_ask()? - process.started);
        drop(process);
        if peer.stops {
            let lambda = Lambda::new()?;
            let process = Process::start(&mut self.over_tls(peer, &lambda)?)?;
            lambda.wait_for_ask()?;
            process.put_under(quota)?;
            figures.first_stop_under_quota.add_time(lambda.invoke(&self.violating)?);
        }
        Ok(())
    }
}

/// The size of these bytes in a zip file.
fn deflated(bytes: &[u8]) -> io::Result<usize> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Describes the machine and the date, so that readers can compare.
fn machine() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let processor = processor.trim_start_matches([':', ' ', '\t']);
    let cores = std::thread::available_parallelism()?;
    let compiler = Command::new("rustc").arg("--version").output()?.stdout;
    let compiler = String::from_utf8_lossy(&compiler).trim().to_owned();
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    Ok(format!("Measured on {day}, on {cores} cores of a {processor}, with {compiler}."))
}

fn about(stage: &Stage) -> anyhow::Result<String> {
    let quota = match stage.quota {
        Some(_) => "The quota is that of a function of 128 MB, 128/1769 of a processor.",
        None => "This machine lets no one set a quota of processor time, so that nothing was measured under one.",
    };
    Ok(format!(
        "{} Each figure is a median; the middle half of the values lies in the range in brackets. It is the median \
         of {ROUNDS} starts and first stops ({ROUNDS_UNDER_QUOTA} under the quota), \
         of {} warm events, whose CPU is that of {EVENTS} shared among them. {quota}",
        machine()?,
        ROUNDS * EVENTS
    ))
}

/// Writes the report between its marks on a page.
fn renew(page: &Path, name: &str, report: &str) -> anyhow::Result<()> {
    let text = fs::read_to_string(page).with_context(|| page.display().to_string())?;
    let (from, to) = (format!("<!-- {name}: renewed by make bench -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&from).with_context(|| format!("no mark `{}`", from.trim()))?;
    let (_, after) = rest.split_once(&to).with_context(|| format!("no mark `{to}`"))?;
    fs::write(page, format!("{before}{from}\n{report}\n{to}{after}"))?;
    Ok(())
}
