//! Measures `buildbrake replay` over a history of builds beside other programs that read such a file.

use std::{
    env, fs,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use buildbrake_testkit::history::History;
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;

use crate::{figures::Samples, process::Process};

/// The number of rounds. Each runs everything once.
const ROUNDS: usize = 5;
/// The number of builds in the file that is read.
const BUILDS: usize = 100_000;
/// The two numbers of builds for which the memory is compared.
const FEW: usize = 10_000;
const MANY: usize = 1_000_000;

const JQ: &str = "select(.timeoutInMinutes > 60 or .environment.computeType == \"BUILD_GENERAL1_2XLARGE\") | .id";

/// The measured times.
#[derive(Default)]
struct Times {
    gzip: Samples,
    twenty_rules: Samples,
    two_rules: Samples,
    two_rules_of_gzip: Samples,
    python: Samples,
    jq: Samples,
    duckdb: Samples,
    duckdb_of_gzip: Samples,
}

/// The programs and files.
struct Stage {
    buildbrake: PathBuf,
    python: PathBuf,
    jq: Option<PathBuf>,
    /// The folder of the policies, and of the Python programs that count the same.
    folder: PathBuf,
    plain: PathBuf,
    gzip: PathBuf,
    page: PathBuf,
}

/// Measures everything and returns the report.
pub fn report(bench: &Path, target: &Path) -> anyhow::Result<String> {
    let stage = Stage::new(bench, target)?;
    let mut times = Times::default();
    for round in 0..ROUNDS {
        write!(io::stderr(), "\rreplay: round {} of {ROUNDS}", round + 1)?;
        stage.round(&mut times)?;
    }
    write!(io::stderr(), "\rreplay: {MANY} builds")?;
    let two_rules = stage.folder.join("two-rules.yaml");
    let memory =
        |builds| stage.memory(builds, Command::new(&stage.buildbrake).args(["replay", "--policy"]).arg(&two_rules));
    let (few, many) = (memory(FEW)?, memory(MANY)?);
    let mut with_page = Command::new(&stage.buildbrake);
    with_page.args(["replay", "--policy"]).arg(&two_rules).arg("--html").arg(&stage.page);
    let of_page = stage.memory(MANY, &mut with_page)?;
    let page = fs::metadata(&stage.page)?.len() as f64 / 1e6;
    writeln!(io::stderr())?;

    let size = fs::metadata(&stage.plain)?.len() as f64 / BUILDS as f64 / 1e3;
    let (gzip, python, duckdb) = (times.gzip.median(), times.python.median(), times.duckdb.median());
    let share = |time: Option<f64>, share: f64| time.map(|time| time * share);
    let rows = [
        Row::time("`gzip -dc FILE \\| wc -l`", &times.gzip),
        Row::time("replay of the gzip file, 20 rules", &times.twenty_rules).at_most("as long", gzip),
        Row::time("Python's `json`, counting for 2 rules", &times.python),
        Row::time("`jq`, selecting by the same 2 rules", &times.jq),
        Row::time("DuckDB, reading the two columns of the 2 rules", &times.duckdb),
        Row::time("DuckDB, the same of the gzip file", &times.duckdb_of_gzip),
        Row::time("replay of the plain file, 2 rules", &times.two_rules).at_most("1/5 of Python's", share(python, 0.2)),
        Row::time("", &times.two_rules).at_most("1/10 of `jq`'s", share(times.jq.median(), 0.1)),
        Row::time("", &times.two_rules).at_most("2 × DuckDB's", share(duckdb, 2.0)),
        Row::time("replay of the gzip file, 2 rules", &times.two_rules_of_gzip),
        Row::megabytes("memory, 10,000 builds", few),
        Row::megabytes("memory, 1,000,000 builds", many).at_most("20 MB more", Some(few + 20.0)),
        Row::megabytes("memory, 1,000,000 builds with `--html`", of_page),
        Row::megabytes("page of 1,000,000 builds", page).at_most("5 MB", Some(5.0)),
    ];
    let table: String = rows.iter().map(Row::line).collect();
    Ok(format!(
        "{} {BUILDS} Builds of {size:.1} KB as JSON lines. Each time is the median of {ROUNDS} runs, which took \
         turns. Memory is the most that was resident, with the builds read from standard input.\n\n\
         | | measured | at most | |\n| --- | --- | --- | --- |\n{table}",
        crate::machine()?
    ))
}

impl Stage {
    fn new(bench: &Path, target: &Path) -> anyhow::Result<Self> {
        let made = target.join("bench");
        let found = |program: &str| {
            let paths = env::var_os("PATH").unwrap_or_default();
            env::split_paths(&paths).map(|path| path.join(program)).find(|path| path.is_file())
        };
        let stage = Self {
            buildbrake: target.join("cli/buildbrake"),
            python: made.join("python/bin/python"),
            jq: found("jq"),
            folder: bench.join("replay"),
            plain: made.join("builds.ndjson"),
            gzip: made.join("builds.ndjson.gz"),
            page: made.join("replay.html"),
        };
        let mut plain = BufWriter::new(File::create(&stage.plain)?);
        let mut gzip = GzEncoder::new(File::create(&stage.gzip)?, Compression::default());
        for build in History::of_seed(1).take(BUILDS) {
            let line = format!("{build}\n");
            plain.write_all(line.as_bytes())?;
            gzip.write_all(line.as_bytes())?;
        }
        plain.flush()?;
        gzip.finish()?;
        Ok(stage)
    }

    fn round(&self, times: &mut Times) -> anyhow::Result<()> {
        let mut lines = Command::new("sh");
        run(lines.args(["-c", "gzip -dc \"$0\" | wc -l"]).arg(&self.gzip), &mut times.gzip)?;
        self.replay("twenty-rules.yaml", &self.gzip, &mut times.twenty_rules)?;
        let summary = self.replay("two-rules.yaml", &self.plain, &mut times.two_rules)?;
        self.replay("two-rules.yaml", &self.gzip, &mut times.two_rules_of_gzip)?;
        let counted = format!("{} {}", summary["rules"]["short"]["broken"], summary["rules"]["small"]["broken"]);

        let mut python = Command::new(&self.python);
        let found = run(python.arg(self.folder.join("count_with_json.py")).arg(&self.plain), &mut times.python)?;
        anyhow::ensure!(found.trim() == counted, "Python counts {found}, and the replay {counted}");
        if let Some(jq) = &self.jq {
            run(Command::new(jq).arg(JQ).arg(&self.plain), &mut times.jq)?;
        }
        for (file, samples) in [(&self.plain, &mut times.duckdb), (&self.gzip, &mut times.duckdb_of_gzip)] {
            let mut duckdb = Command::new(&self.python);
            let found = run(duckdb.arg(self.folder.join("count_with_duckdb.py")).arg(file), &mut Samples::default())?;
            let (found, seconds) = found.trim().rsplit_once(' ').context("DuckDB's answer")?;
            anyhow::ensure!(found == counted, "DuckDB counts {found}, and the replay {counted}");
            samples.add_time(Duration::try_from_secs_f64(seconds.parse()?)?);
        }
        Ok(())
    }

    /// Replays a file, and returns the summary.
    fn replay(&self, policy: &str, file: &Path, samples: &mut Samples) -> anyhow::Result<Value> {
        let mut replay = Command::new(&self.buildbrake);
        replay.args(["replay", "--format", "json", "--policy"]).arg(self.folder.join(policy)).arg(file);
        Ok(serde_json::from_str(&run(&mut replay, samples)?)?)
    }

    /// The most memory that a program had resident while it read builds from standard input, in MB.
    fn memory(&self, builds: usize, command: &mut Command) -> anyhow::Result<f64> {
        let (reader, writer) = io::pipe()?;
        let mut process = Process::reading(command.arg("-"), Stdio::from(reader))?;
        let write = thread::spawn(move || -> io::Result<()> {
            let mut writer = BufWriter::with_capacity(1 << 20, writer);
            History::of_seed(2).take(builds).try_for_each(|build| writeln!(writer, "{build}"))?;
            writer.flush()
        });
        let mut peak: f64 = 0.0;
        while !process.has_ended()? {
            // The peak never falls. Just before the process ends, it cannot be read any more.
            peak = peak.max(process.peak_resident().unwrap_or_default());
            thread::sleep(Duration::from_millis(2));
        }
        write.join().map_err(|_| anyhow::anyhow!("the builds were not written"))??;
        Ok(peak / 1e6)
    }
}

/// Runs a program, and returns its output.
fn run(command: &mut Command, samples: &mut Samples) -> anyhow::Result<String> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    samples.add_time(start.elapsed());
    let error = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {error}");
    Ok(String::from_utf8(output.stdout)?)
}

/// A row of the table.
struct Row {
    name: &'static str,
    measured: Option<f64>,
    unit: &'static str,
    /// The limit in words, and as a number.
    limit: Option<(&'static str, f64)>,
}

impl Row {
    fn time(name: &'static str, samples: &Samples) -> Self {
        Self { name, measured: samples.median().map(|time| time / 1e3), unit: "s", limit: None }
    }

    fn megabytes(name: &'static str, megabytes: f64) -> Self {
        Self { name, measured: Some(megabytes), unit: "MB", limit: None }
    }

    /// `limit`: in milliseconds or MB, as it was measured.
    fn at_most(self, words: &'static str, limit: Option<f64>) -> Self {
        let scale = if self.unit == "s" { 1e3 } else { 1.0 };
        Self { limit: limit.map(|limit| (words, limit / scale)), ..self }
    }

    fn line(&self) -> String {
        let Self { name, measured, unit, limit } = self;
        let digits = if *unit == "s" { 2 } else { 1 };
        let Some(measured) = measured else { return format!("| {name} | not found here | | |\n") };
        let (limit, verdict) = match limit {
            Some((words, limit)) => {
                (format!("{limit:.digits$} {unit}: {words}"), if measured <= limit { "met" } else { "missed" })
            }
            None => (String::new(), ""),
        };
        // A row without a name adds a limit to the row above, and does not repeat its figure.
        let measured = if name.is_empty() { String::new() } else { format!("**{measured:.digits$} {unit}**") };
        format!("| {name} | {measured} | {limit} | {verdict} |\n")
    }
}
