//! Joins all observations of one build.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{Observation, ObservedIn, PastBuild};
use crate::model::{Build, BuildPhase, Progress};

/// Joins all observations of one build, in any order. `None` if there are none.
///
/// Settings come from the source that knows them best: the API before events, events before records. Values
/// that change while a build runs (status, phases, times) come from the latest observation. One that was made
/// after the build's end comes before all others.
pub fn join(mut observations: Vec<Observation>) -> Option<PastBuild> {
    if observations.len() == 1 {
        return observations.pop().map(PastBuild::from);
    }
    let rank = |one: &Observation| Reverse((one.from, has_ended(one), last_time(one)));
    // Contradicting observations of the same rank are put in the order of their content, so that the order of
    // the input does not matter.
    if has_ties(&mut observations, rank) {
        observations.sort_by_cached_key(|one| (rank(one), serde_json::to_string(&one.build).unwrap_or_default()));
    }
    let latest = observations.iter().enumerate().max_by_key(|(index, one)| {
        let has_phases = one.build.phases.is_some();
        (has_ended(one), last_time(one), has_phases, one.from, Reverse(*index))
    });
    let progress = latest.map(|(_, one)| state_of(one))?;
    let last_seen = observations.iter().filter_map(last_time).max();
    let recorded_ref = observations.iter().filter_map(|one| one.recorded_ref.clone()).min();
    let mut observations = observations.into_iter();
    let first = observations.next()?;
    let (id, is_whole) = (first.id, first.from == ObservedIn::Api);
    let mut build = first.build;
    for other in observations {
        fill(&mut build, *other.build);
    }
    progress.write_to(&mut build);
    Some(PastBuild { id, build, is_whole, last_seen, recorded_ref })
}

/// Makes a past build of a single observation.
impl From<Observation> for PastBuild {
    fn from(observation: Observation) -> Self {
        let last_seen = last_time(&observation);
        let end = end_of(&observation);
        let Observation { id, from, mut build, recorded_ref, .. } = observation;
        build.end_time = end;
        Self { id, build, is_whole: from == ObservedIn::Api, last_seen, recorded_ref }
    }
}

/// The build as one observation, to be joined with others.
impl From<PastBuild> for Observation {
    fn from(past: PastBuild) -> Self {
        let PastBuild { id, build, is_whole, last_seen, recorded_ref } = past;
        let from = if is_whole { ObservedIn::Api } else { ObservedIn::Event };
        Self { id, from, time: last_seen, build, recorded_ref }
    }
}

/// Returns the end of the build. If no member contains it, the time of the event about the end stands for it.
fn end_of(observation: &Observation) -> Option<Timestamp> {
    let build = &observation.build;
    let completed = build.phases.iter().flatten().any(|phase| phase.phase_type.as_deref() == Some("COMPLETED"));
    let is_end = has_ended(observation) && observation.from == ObservedIn::Event && !completed;
    build.end_time.or(observation.time.filter(|_| is_end))
}

/// Sorts by rank, and returns whether two observations have the same one.
fn has_ties<K: Ord>(observations: &mut [Observation], rank: impl Fn(&Observation) -> K) -> bool {
    observations.sort_by_key(&rank);
    observations.windows(2).any(|pair| match pair {
        [one, other] => rank(one) == rank(other) && one.build != other.build,
        _ => false,
    })
}

fn has_ended(observation: &Observation) -> bool {
    observation.build.progress() == Progress::Ended
}

/// The latest time that the observation contains.
fn last_time(observation: &Observation) -> Option<Timestamp> {
    let build = &observation.build;
    let phases = build.phases.iter().flatten();
    let of_phases = phases.flat_map(|phase| [phase.start_time, phase.end_time]);
    of_phases.chain([observation.time, build.start_time, build.end_time]).flatten().max()
}

/// Takes over the members that the build does not have.
fn fill(build: &mut Build, other: Build) {
    macro_rules! fill {
        ($($member:ident),* $(,)?) => {{
            // Exhaustive, so that no member is forgotten.
            let Build { $($member),* } = other;
            $(build.$member = build.$member.take().or($member);)*
        }};
    }
    fill!(
        id,
        arn,
        build_number,
        start_time,
        end_time,
        current_phase,
        build_status,
        source_version,
        resolved_source_version,
        project_name,
        phases,
        source,
        secondary_sources,
        secondary_source_versions,
        artifacts,
        secondary_artifacts,
        cache,
        environment,
        service_role,
        logs,
        timeout_in_minutes,
        queued_timeout_in_minutes,
        build_complete,
        initiator,
        vpc_config,
        network_interface,
        encryption_key,
        exported_environment_variables,
        report_arns,
        file_system_locations,
        debug_session,
        build_batch_arn,
        auto_retry_config,
    );
}

/// The members of a build that change while it runs.
struct BuildState {
    status: Option<String>,
    is_complete: Option<bool>,
    end: Option<Timestamp>,
    phase: Option<String>,
    phases: Option<Vec<BuildPhase>>,
}

fn state_of(observation: &Observation) -> BuildState {
    let build = &observation.build;
    BuildState {
        status: build.build_status.clone(),
        is_complete: build.build_complete,
        end: end_of(observation),
        phase: build.current_phase.clone(),
        phases: build.phases.clone(),
    }
}

impl BuildState {
    /// Writes the state into a build. Completion, end and current phase are written even if they are `None`:
    /// those of an earlier observation may contradict the status.
    fn write_to(self, build: &mut Build) {
        build.build_status = self.status.or(build.build_status.take());
        build.build_complete = self.is_complete;
        build.end_time = self.end;
        build.current_phase = self.phase;
        build.phases = self.phases.or(build.phases.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Build;

    const ID: &str = "shop:5e000000-0000-4000-8000-000000000001";

    fn observation(from: ObservedIn, time: &str, build: &str) -> Observation {
        let time = (!time.is_empty()).then(|| format!("2026-11-20T{time}Z").parse().unwrap());
        let build: Box<Build> = serde_json::from_str(build).unwrap();
        Observation { id: ID.parse().unwrap(), from, time, build, recorded_ref: None }
    }

    /// Joins the observations in every order and compares the result.
    fn check(observations: &[Observation], expected: &str, is_whole: bool) {
        let expected: Build = serde_json::from_str(expected).unwrap();
        let count = observations.len();
        for first in 0..count {
            let mut rotated = observations.to_vec();
            rotated.rotate_left(first);
            for reversed in [false, true] {
                if reversed {
                    rotated.reverse();
                }
                let joined = join(rotated.clone()).unwrap();
                assert_eq!((&*joined.build, joined.is_whole), (&expected, is_whole));
            }
        }
    }

    #[test]
    fn settings_come_from_the_api_and_the_state_from_the_last_observation() {
        let event = observation(
            ObservedIn::Event,
            "08:00:00",
            r#"{"buildStatus": "IN_PROGRESS", "initiator": "alice", "timeoutInMinutes": 60}"#,
        );
        let api = observation(
            ObservedIn::Api,
            "",
            r#"{"buildStatus": "IN_PROGRESS", "buildComplete": false, "startTime": "2026-11-20T08:00:00Z",
                "timeoutInMinutes": 90, "environment": {"privilegedMode": true}}"#,
        );
        let end = observation(ObservedIn::Event, "09:00:00", r#"{"buildStatus": "SUCCEEDED", "environment": {}}"#);
        check(
            &[event.clone(), api.clone(), end],
            r#"{"buildStatus": "SUCCEEDED", "startTime": "2026-11-20T08:00:00Z", "endTime": "2026-11-20T09:00:00Z",
                "initiator": "alice", "timeoutInMinutes": 90, "environment": {"privilegedMode": true}}"#,
            true,
        );
        check(
            &[event.clone(), event.clone()],
            r#"{"buildStatus": "IN_PROGRESS", "initiator": "alice", "timeoutInMinutes": 60}"#,
            false,
        );
        assert_eq!(join(vec![event, api]).unwrap().last_seen, Some("2026-11-20T08:00:00Z".parse().unwrap()));
        assert_eq!(join(Vec::new()), None);
    }

    #[test]
    fn the_order_of_contradicting_observations_does_not_count() {
        let one = observation(ObservedIn::Api, "", r#"{"buildStatus": "FAILED", "initiator": "alice"}"#);
        let other = observation(ObservedIn::Api, "", r#"{"buildStatus": "FAILED", "initiator": "bob"}"#);
        check(&[one, other], r#"{"buildStatus": "FAILED", "initiator": "alice"}"#, true);
    }
}
