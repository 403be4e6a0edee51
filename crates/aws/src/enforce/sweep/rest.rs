//! Hands the rest of a sweep on to another invocation.

use buildbrake_core::{
    event::{SweepEvent, SweepMode, SweepRest},
    record::{Failures, Rest},
};

use super::Sweep;
use crate::{AccountRegion, CallError, scheduler};

impl Sweep<'_> {
    /// Schedules another invocation that continues with a project. Without a scheduler, keeps the rest for the
    /// next sweep.
    pub(super) async fn hand_on(&mut self, from: String) {
        // The next part finds the builds of the other projects again.
        let before = self.found.range(..from.clone()).map(|(_, found)| found).sum::<u64>();
        let running = self.running + before;
        self.summary.rest = Some(Rest { from: from.clone(), running, stops: self.stops });
        if self.mode == SweepMode::DryRun {
            // The caller may ask for the rest.
            return;
        }
        let rest = SweepRest {
            id: self.id.clone(),
            part: Some(self.part.saturating_add(1)),
            from: Some(from),
            running: to_signed(running),
            stops: to_signed(self.stops),
            belt_off_by: self.summary.belt_off_by.clone(),
            ..SweepRest::default()
        };
        let (Some(scheduler), Some(function)) = (&self.enforcer.scheduler, self.invocation.function) else {
            // If this part has errors, it fails. Its retry, or the next sweep, continues with the rest.
            return self.enforcer.keep_rest(self.place.clone(), rest);
        };
        let Failures { count, first } = self.summary.failures();
        let failures = Some(count).filter(|count| *count > 0).and_then(to_signed);
        let rest = SweepRest { failures, first_failure: first.map(Into::into), ..rest };
        let AccountRegion { account, region } = &self.place;
        let now = self.invocation.now();
        let at = scheduler::on_the_minute(now, now);
        // Each delivery of this part uses the same name, so the rest is handed on only once while the schedule
        // exists.
        let id = self.id.clone().unwrap_or_else(|| now.as_millisecond().to_string());
        let name = scheduler::name(&format!("sweep-part-{}-of-{id}", self.part.saturating_add(1)));
        match scheduler
            .schedule(function, &name, at, &SweepEvent::for_rest(account.as_deref(), region.as_deref(), &rest, at))
            .await
        {
            Ok(()) => self.summary.is_handed_on = true,
            Err(error) => {
                let message = format!("the rest of the sweep could not be handed on: {error}");
                self.add_failed_call(CallError { message, ..error });
            }
        }
    }
}

fn to_signed(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}
