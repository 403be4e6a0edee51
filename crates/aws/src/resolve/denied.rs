//! The resources to which access was denied recently. A missing permission costs one call in some minutes, and not
//! one call for each build.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::AccountRegion;

const DENIED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Some ten kilobytes.
const MAX_DENIED: usize = 200;

/// An account and region, and a name in it.
type Key = (AccountRegion, String);

/// The times at which access was denied.
#[derive(Debug, Default)]
pub(super) struct Denied(Mutex<HashMap<Key, Timestamp>>);

impl Denied {
    pub(super) fn contains(&self, key: &Key, now: Timestamp) -> bool {
        let denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denied.get(key).is_some_and(|since| now.duration_since(*since) < DENIED_FOR)
    }

    pub(super) fn add(&self, key: Key, now: Timestamp) {
        let mut denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if denied.len() >= MAX_DENIED {
            denied.clear();
        }
        denied.insert(key, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_is_tried_again_after_five_minutes() {
        let denied = Denied::default();
        let key = |name: &str| (AccountRegion::default(), name.to_owned());
        let at = |time: &str| format!("2026-11-22T{time}Z").parse::<Timestamp>().unwrap();
        denied.add(key("release"), at("09:00:00"));
        assert!(denied.contains(&key("release"), at("09:04:59")));
        assert!(!denied.contains(&key("release"), at("09:05:00")));
        assert!(!denied.contains(&key("other"), at("09:00:01")));
    }
}
