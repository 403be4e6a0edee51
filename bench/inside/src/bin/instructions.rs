//! How many instructions each case takes, by valgrind's callgrind: unlike time, they
//! repeat. `instructions check` holds them against the committed figures, `instructions
//! renew` writes these anew.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    process::{Command, ExitCode},
};

use anyhow::Context;
use inside::{CASES, case};

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
/// More than so many hundredths over the committed figure fail.
const TOLERANCE: u64 = 5;
/// How often a case runs: the difference of the two is free of all that is done once.
const FEW: u64 = 20;
const MANY: u64 = 120;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["run", name, times] => {
            let work = case(name)?;
            (0..times.parse::<u64>()?).for_each(|_| work());
            Ok(ExitCode::SUCCESS)
        }
        ["renew"] => {
            let mut figures = format!("{}\n", machine()?);
            for name in CASES {
                writeln!(figures, "{name}: {}", count(name)?)?;
            }
            fs::write(FIGURES, &figures)?;
            say(&figures)?;
            Ok(ExitCode::SUCCESS)
        }
        ["check"] => check(),
        _ => anyhow::bail!("`instructions check` or `instructions renew`"),
    }
}

fn check() -> anyhow::Result<ExitCode> {
    let figures = fs::read_to_string(FIGURES).context(FIGURES)?;
    let (then, figures) = figures.split_once('\n').context("no figures")?;
    let here = machine()?;
    let is_comparable = then == here;
    let mut is_slower = false;
    for name in CASES {
        let figure = figures.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let figure: u64 =
            figure.with_context(|| format!("no figure for `{name}`: `make instructions-renew`"))?.parse()?;
        let found = count(name)?;
        let is_over = found * 100 > figure * (100 + TOLERANCE);
        is_slower |= is_over;
        let change = (found as f64 / figure as f64 - 1.0) * 100.0;
        say(&format!("{name}: {found} instructions, {change:+.2} %{}\n", if is_over { ": TOO MANY" } else { "" }))?;
    }
    if !is_comparable {
        say(&format!("The figures are of {then}, and this is {here}: they are shown, and nothing fails.\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if is_slower {
        say(&format!(
            "More than {TOLERANCE} % over the figures in bench/inside/instructions.txt. Where that is \
             worth it, renew them by `make instructions-renew`, and say why in the commit.\n"
        ))?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
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
        // The environment lies on the stack, and moves what is above it.
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .output()
        .context("valgrind cannot be started")?;
    let log = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{log}");
    let line = log.lines().find_map(|line| line.split_once("Collected :")).context("valgrind tells no count")?;
    line.1.trim().parse().context("valgrind tells no count")
}

/// What the counts hang on, beside the code.
fn machine() -> anyhow::Result<String> {
    let compiler = Command::new("rustc").arg("--version").output().context("rustc")?;
    let compiler = String::from_utf8_lossy(&compiler.stdout).trim().to_owned();
    Ok(format!("{compiler}, {}", env::consts::ARCH))
}

fn say(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
