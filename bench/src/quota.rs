//! A quota of processor time, as Lambda gives one with the memory.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The share of a processor that 128 MB give: at 1,769 MB, a function has one processor, and less in proportion.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const SHARE: f64 = 128.0 / 1769.0;
/// A small period, for a smooth share.
const PERIOD_MICROSECONDS: f64 = 20_000.0;

/// A control group with the processor time of a function of 128 MB.
pub struct Quota(PathBuf);

impl Quota {
    /// Returns `None` if this machine does not let this process create a control group.
    pub fn new() -> Option<Self> {
        let (period, quota) = (PERIOD_MICROSECONDS, (PERIOD_MICROSECONDS * SHARE).round());
        let name = format!("buildbrake-bench-{}", std::process::id());
        // Version 1, version 1 beside others, and version 2 of control groups.
        for root in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"] {
            let group = Self(Path::new(root).join(&name));
            if fs::create_dir(&group.0).is_err() {
                continue;
            }
            let write = |file: &str, value: String| fs::write(group.0.join(file), value);
            let is_set = write("cpu.cfs_period_us", period.to_string())
                .and_then(|()| write("cpu.cfs_quota_us", quota.to_string()))
                .or_else(|_| write("cpu.max", format!("{quota} {period}")));
            if is_set.is_ok() {
                return Some(group);
            }
        }
        None
    }

    /// The file that takes the processes under the quota.
    pub fn processes(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A group that is left behind is empty, and limits nothing.
        let _ = fs::remove_dir(&self.0);
    }
}
