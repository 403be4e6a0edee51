//! Stops the builds that a sweep found, if they are not too many.

use std::collections::{HashMap, HashSet};

use buildbrake_core::{
    event::SweepMode,
    facts::inquiry::Case,
    model::RunKind,
    record::{BeltSwitch, Effect, Failure, Safety},
    verdict::Withheld,
};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::{
    super::{
        BUILD_BUDGET,
        newest::stop_whole_batch,
        notify::Settled,
        out_of_time,
        stop::{effect, retry_of, stop_batch, stop_build, stop_sandbox},
    },
    Sweep,
};
use crate::{codebuild::Client, running::CONCURRENT_CALLS, stop_alarm::StopRate};

/// A build to stop.
struct ToStop<'a> {
    case: Case<'a>,
    /// The ARN of the batch to stop with it.
    batch: Option<String>,
    /// The number of running builds that are stopped with it. Those of a batch count once.
    builds: u64,
}

impl Sweep<'_> {
    /// Stops the builds that must be stopped, or none if they exceed the safety limit. If there was not enough time
    /// for some of them, returns the first of their projects by name.
    pub(super) async fn stop_all(&mut self) -> Option<String> {
        let to_stop = with_batches(std::mem::take(&mut self.to_stop), &self.batches);
        self.stops += to_stop.iter().map(|to_stop| to_stop.builds).sum::<u64>();
        let max_stops = self.enforcer.policy.max_stops();
        let allowed = max_stops.of(self.running + self.found.values().sum::<u64>());
        let has_belt = self.summary.belt_off_by.is_none();
        let withheld = if has_belt && self.stops > allowed {
            let is_function = self.invocation.function.is_some();
            self.summary.safety = Some(Safety {
                stops: self.stops,
                allowed,
                setting: max_stops.to_string(),
                part: self.part,
                switch: if is_function { BeltSwitch::Event } else { BeltSwitch::Option },
            });
            Some(Withheld::SafetyBelt)
        } else {
            (self.mode == SweepMode::DryRun).then_some(Withheld::DryRun)
        };
        if let Some(withheld) = withheld {
            let settled = to_stop.into_iter().map(|ToStop { case, .. }| Settled { case, effect: withheld.into() });
            self.reported.extend(settled);
            return None;
        }
        let (enforcer, client, invocation, ends) = (self.enforcer, self.client.clone(), self.invocation, self.ends);
        let stops = to_stop.into_iter().map(async |to_stop| {
            if invocation.now() >= ends {
                return (to_stop, None);
            }
            let effect = match enforcer.stop_rate(&to_stop.case, invocation).await {
                StopRate::Normal(note) => {
                    let stopped = timeout(BUILD_BUDGET, stop(&client, &to_stop)).await;
                    stopped.unwrap_or_else(|_elapsed| Failure::from(out_of_time()).into()).noting(note)
                }
                StopRate::Alarm => Withheld::StopRate.into(),
            };
            (to_stop, Some(effect))
        });
        let stops: Vec<_> = stream::iter(stops).buffered(CONCURRENT_CALLS).collect().await;
        let (mut settled, mut retries) = (Vec::new(), Vec::new());
        let mut rest: Option<String> = None;
        let mut failed = Vec::new();
        for (ToStop { case, builds, .. }, effect) in stops {
            match effect {
                Some(effect) => {
                    if effect.failure.is_none()
                        && effect.withheld.is_none()
                        && !case.is_batch()
                        && let Some(found) = self.found.get_mut(case.event().id.project())
                    {
                        *found -= 1;
                        self.running += 1;
                    }
                    if effect.failure.is_some() {
                        failed.push((case.event().id.project().to_owned(), builds));
                    }
                    retries.extend(effect.returned.as_deref().and_then(retry_of));
                    settled.push(Settled { case, effect });
                }
                None => {
                    self.stops -= builds;
                    let project = case.event().id.project().to_owned();
                    rest = rest.into_iter().chain([project]).min();
                }
            }
        }
        // The next part tries again to stop the builds of its projects, and counts them.
        if let Some(from) = &rest {
            let again = failed.iter().filter(|(project, _)| project >= from);
            self.stops -= again.map(|(_, builds)| builds).sum::<u64>();
        }
        let sweep = &*self;
        let retries = retries.into_iter().map(async |retry| sweep.judge_retry(retry).await);
        let retries: Vec<_> = stream::iter(retries).buffered(CONCURRENT_CALLS).collect().await;
        settled.extend(retries.into_iter().flatten());
        self.record(&settled).await;
        rest
    }
}

/// Assigns each batch that must be stopped to the first of its builds that stops it.
fn with_batches<'a>(cases: Vec<Case<'a>>, running: &HashMap<String, u64>) -> Vec<ToStop<'a>> {
    let batches: HashSet<String> = cases.iter().filter_map(Case::batch_to_stop).map(str::to_owned).collect();
    let mut assigned = HashSet::new();
    let to_stop = |case: Case<'a>| {
        let batch = case.build().build_batch_arn.clone().filter(|arn| batches.contains(arn));
        let Some(arn) = batch else { return ToStop { case, batch: None, builds: 1 } };
        if case.batch_to_stop().is_some() && assigned.insert(arn.clone()) {
            let builds = running.get(&arn).copied().unwrap_or(1);
            return ToStop { case, batch: Some(arn), builds };
        }
        ToStop { case, batch: None, builds: 0 }
    };
    cases.into_iter().map(to_stop).collect()
}

async fn stop(client: &Client, ToStop { case, batch, .. }: &ToStop<'_>) -> Effect {
    if let (true, Some(arn)) = (case.is_batch(), batch) {
        return stop_whole_batch(client, arn).await;
    }
    let id = &case.event().id;
    if case.kind() == RunKind::Sandbox {
        return stop_sandbox(client, id).await;
    }
    let attempt = stop_build(client, id).await;
    let batch = match batch {
        Some(arn) => stop_batch(client, arn).await,
        None => Ok(None),
    };
    effect(client, id, attempt, batch).await
}
