//! Counts the instructions of each case with valgrind's callgrind: unlike times, they repeat. Renews the figures in
//! `instructions.txt`, and prints the changes.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    process::Command,
};

use anyhow::Context;
use inside::{CASES, case};

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
/// The two numbers of runs of a case. The difference of their counts leaves out what is done only once.
const FEW: u64 = 20;
const MANY: u64 = 120;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["run", name, times] => {
            let work = case(name)?;
            (0..times.parse::<u64>()?).for_each(|_| work());
            Ok(())
        }
        [] => report(),
        _ => anyhow::bail!("this takes no arguments"),
    }
}

fn report() -> anyhow::Result<()> {
    let before = fs::read_to_string(FIGURES).unwrap_or_default();
    let mut figures = format!("{}\n", machine()?);
    for name in CASES {
        let found = count(name)?;
        writeln!(figures, "{name}: {found}")?;
        let figure = before.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse::<f64>().ok());
        let change = figure.map(|figure| format!(", {:+.2} %", (found as f64 / figure - 1.0) * 100.0));
        writeln!(io::stdout(), "{name}: {found} instructions{}", change.unwrap_or_default())?;
    }
    if !before.starts_with(figures.lines().next().unwrap_or_default()) {
        writeln!(io::stdout(), "The previous figures are from {}.", before.lines().next().unwrap_or("nothing"))?;
    }
    Ok(fs::write(FIGURES, &figures)?)
}

/// The instructions of one run of a case.
fn count(name: &str) -> anyhow::Result<u64> {
    let more = collected(name, MANY)?.checked_sub(collected(name, FEW)?);
    Ok(more.context("more runs took fewer instructions")? / (MANY - FEW))
}

fn collected(name: &str, times: u64) -> anyhow::Result<u64> {
    let program = env::current_exe()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["run", name, &times.to_string()])
        // The environment is on the stack, so its size would move the addresses of everything else there.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .context("valgrind cannot be started")?;
    let log = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{log}");
    let line = log.lines().find_map(|line| line.split_once("Collected :")).context("valgrind printed no count")?;
    line.1.trim().parse().context("valgrind printed no count")
}

/// Returns what the counts depend on besides the code.
fn machine() -> anyhow::Result<String> {
    let compiler = Command::new("rustc").arg("--version").output().context("rustc")?;
    let compiler = String::from_utf8_lossy(&compiler.stdout).trim().to_owned();
    Ok(format!("{compiler}, {}", env::consts::ARCH))
}
