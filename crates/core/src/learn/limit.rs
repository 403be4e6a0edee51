//! Limits of time at a percentile.

use std::collections::BTreeMap;

use crate::duration::Duration;

/// CodeBuild's own limits: a rule at one of these would never be broken.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html>
pub(super) const MAX_TIMEOUT: u64 = 36 * 60;
pub(super) const MAX_DURATION: u64 = 36 * 60;
pub(super) const MAX_QUEUE_TIME: u64 = 8 * 60;

/// How often each time was seen.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// Builds by seconds.
    seconds: BTreeMap<u64, u64>,
    known: u64,
    unknown: u64,
}

/// A limit, with the times that it is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// In minutes.
    pub(super) minutes: u64,
    /// The time that the wanted share of the builds did not exceed.
    pub(super) at_percentile: Duration,
    pub(super) longest: Duration,
    pub(super) known: u64,
    pub(super) unknown: u64,
}

impl Times {
    pub(super) fn add(&mut self, time: Option<Duration>) {
        match time {
            Some(time) => {
                self.known += 1;
                *self.seconds.entry(time.as_seconds()).or_default() += 1;
            }
            None => self.unknown += 1,
        }
    }

    /// Returns the limit that this percentage of the builds complies with, rounded up to a round number of minutes.
    /// `None` if no time is known.
    pub(super) fn limit(&self, percentile: f64) -> Option<Limit> {
        let wanted = (self.known as f64 * percentile / 100.0).ceil() as u64;
        let mut builds = 0;
        let at_percentile = self.seconds.iter().find_map(|(seconds, number)| {
            builds += number;
            (builds >= wanted).then_some(*seconds)
        })?;
        let longest = *self.seconds.last_key_value()?.0;
        Some(Limit {
            minutes: round_up(at_percentile.div_ceil(60)),
            at_percentile: in_minutes(at_percentile),
            longest: in_minutes(longest),
            known: self.known,
            unknown: self.unknown,
        })
    }
}

/// A time in whole minutes, rounded up, as people read it.
fn in_minutes(seconds: u64) -> Duration {
    Duration::from_seconds((seconds.div_ceil(60) * 60) as f64)
}

/// The next number of minutes that a person would choose.
fn round_up(minutes: u64) -> u64 {
    let steps = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60];
    steps.into_iter().find(|step| *step >= minutes).unwrap_or_else(|| minutes.next_multiple_of(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_by_that_share_of_the_builds() {
        let mut times = Times::default();
        assert_eq!(times.limit(99.0), None);
        (1..=100).for_each(|minutes| times.add(Some(Duration::from_minutes(minutes))));
        times.add(None);
        for (percentile, minutes, at) in
            [(100.0, 120, "100m"), (99.0, 120, "99m"), (50.0, 60, "50m"), (4.0, 5, "4m"), (0.1, 1, "1m")]
        {
            let limit = times.limit(percentile).unwrap();
            assert_eq!((limit.minutes, limit.at_percentile.to_string().as_str()), (minutes, at), "{percentile}");
            assert_eq!((limit.longest.to_string().as_str(), limit.known, limit.unknown), ("100m", 100, 1));
        }
    }
}
