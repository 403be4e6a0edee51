//! A peer's process: started, looked at from outside, and ended.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use nix::{time::clock_getcpuclockid, unistd::Pid};

use crate::quota::Quota;

/// A running process, ended when it is dropped.
pub struct Process {
    child: Child,
    /// The time at which its program was started.
    pub started: Instant,
}

impl Process {
    /// Starts a program.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        Self::reading(command, Stdio::null())
    }

    /// Starts a program that reads its input.
    pub fn reading(command: &mut Command, input: Stdio) -> anyhow::Result<Self> {
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        Ok(Self { child, started })
    }

    /// Starts a program under a quota. A shell puts itself under the quota, waits until the quota has forgotten the
    /// shell's own time, and then becomes the program, so that the shell is not part of the measurement.
    pub fn start_under(quota: &Quota, command: &Command) -> anyhow::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "echo $$ > \"$0\"; echo; read _; exec \"$@\" > /dev/null"]).arg(quota.processes());
        shell.arg(command.get_program()).args(command.get_args());
        shell.env_clear();
        for (name, value) in command.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = shell.spawn()?;
        child.stdout.take().context("no standard output")?.read_exact(&mut [0])?;
        thread::sleep(Duration::from_millis(100));
        let started = Instant::now();
        child.stdin.take().context("no standard input")?.write_all(b"\n")?;
        Ok(Self { child, started })
    }

    /// Puts it under a quota from now on.
    pub fn put_under(&self, quota: &Quota) -> anyhow::Result<()> {
        fs::write(quota.processes(), self.child.id().to_string()).context("the quota takes no process")
    }

    /// The processor time of all its threads, including those that have ended.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let clock = clock_getcpuclockid(Pid::from_raw(self.child.id().try_into()?))?;
        Ok(clock.now()?.into())
    }

    /// Returns whether it has ended by itself.
    ///
    /// # Errors
    /// If it failed.
    pub fn has_ended(&mut self) -> anyhow::Result<bool> {
        let status = self.child.try_wait()?;
        anyhow::ensure!(status.is_none_or(|status| status.success()), "the program failed");
        Ok(status.is_some())
    }

    /// The memory that is resident, in bytes.
    pub fn resident(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory that has been resident so far, in bytes.
    pub fn peak_resident(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kilobytes * 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
