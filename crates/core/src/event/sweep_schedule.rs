//! The schedule of sweeps: how long a message about a sweep is valid, and which account and region comes first.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

/// The time between two sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepSchedule(pub(super) SignedDuration);

impl Default for SweepSchedule {
    fn default() -> Self {
        Self(SignedDuration::from_hours(1))
    }
}

impl FromStr for SweepSchedule {
    type Err = String;

    /// Parses EventBridge's `rate(5 minutes)`.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>
    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("`{text}` is not a rate, as in `rate(5 minutes)`");
        let rate = text.strip_prefix("rate(").and_then(|text| text.strip_suffix(')')).ok_or_else(fault)?;
        let (count, unit) = rate.split_once(' ').ok_or_else(fault)?;
        let count: i32 = count.parse().ok().filter(|count| *count > 0).ok_or_else(fault)?;
        let seconds = match unit {
            "minute" | "minutes" => 60,
            "hour" | "hours" => 3_600,
            "day" | "days" => 86_400,
            _ => return Err(fault()),
        };
        Ok(Self(SignedDuration::from_secs(i64::from(count) * seconds)))
    }
}

impl SweepSchedule {
    /// Rotates the places of a sweep, so that each sweep begins with another one. A queue that is too slow drops
    /// the messages that are sent last. Without the rotation, these would be about the same places in each sweep.
    ///
    /// From one period of the schedule to the next, the first place moves by the golden ratio of the number of
    /// places. That spreads any few sweeps in a row evenly over all places:
    /// <https://en.wikipedia.org/wiki/Low-discrepancy_sequence>.
    pub fn rotate<T>(self, places: &mut [T], time: Timestamp) {
        const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;
        let period = time.as_second().div_euclid(self.0.as_secs());
        let share = period.cast_unsigned().wrapping_mul(GOLDEN_RATIO);
        let start = (u128::from(share) * places.len() as u128) >> u64::BITS;
        // `start` is smaller than the number of places.
        places.rotate_left(usize::try_from(start).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue that is too slow drops what is sent last.
    #[test]
    fn no_place_is_sent_last_in_one_sweep_after_another() {
        for rate in ["rate(1 minute)", "rate(15 minutes)", "rate(1 hour)"] {
            let schedule: SweepSchedule = rate.parse().unwrap();
            let start: Timestamp = "2026-11-22T00:03:07Z".parse().unwrap();
            for count in [1_usize, 2, 3, 7, 12, 100, 4_000] {
                // One schedule is long enough for a quarter of the places.
                let (served, mut last_served) = (count.div_ceil(4), vec![0; count]);
                for sweep in 1..=60 {
                    let mut places: Vec<usize> = (0..count).collect();
                    schedule.rotate(&mut places, start + schedule.0 * sweep);
                    for place in &places[..served] {
                        last_served[*place] = sweep;
                    }
                    places.sort_unstable();
                    assert!(places.into_iter().eq(0..count));
                    let longest = last_served.iter().map(|last| sweep - last).max().unwrap();
                    assert!(longest < 5, "{rate}, {count} places: one was not served for {longest} sweeps");
                }
            }
        }
    }

    #[test]
    fn places_keep_their_order_and_none_are_fine() {
        let schedule = SweepSchedule::default();
        let mut places = [0, 1, 2, 3, 4];
        schedule.rotate(&mut places, "2026-11-22T05:00:00Z".parse().unwrap());
        let start = places[0];
        assert_eq!(places, [0, 1, 2, 3, 4].map(|place| (start + place) % 5));
        schedule.rotate(&mut [0; 0], Timestamp::UNIX_EPOCH);
        let mut places = [0, 1, 2];
        schedule.rotate(&mut places, Timestamp::MIN);
        schedule.rotate(&mut places, Timestamp::MAX);
    }

    #[test]
    fn a_schedule_is_a_rate() {
        for (text, minutes) in
            [("rate(1 minute)", 1), ("rate(15 minutes)", 15), ("rate(1 hour)", 60), ("rate(2 days)", 2 * 24 * 60)]
        {
            assert_eq!(text.parse(), Ok(SweepSchedule(SignedDuration::from_mins(minutes))));
        }
        for other in ["", "5 minutes", "rate(0 minutes)", "rate(5)", "rate(5 weeks)", "cron(0 * * * ? *)"] {
            assert!(other.parse::<SweepSchedule>().unwrap_err().contains("is not a rate"), "{other}");
        }
    }
}
