//! The whole story: an event comes in, its build is judged, what has to be done is
//! done, and a record tells of it.

use jiff::Timestamp;

use crate::{
    build::{Build, Progress},
    codebuild::{self, CallError, Class, Client, Target},
    event::Trigger,
    facts::Facts,
    policy::Policy,
    record::{Done, Failure, Outcome, Record},
    verdict::{Action, judge, judge_by},
};

/// Judges the build that an event is of, and stops it where the policy says so.
///
/// `now` is asked twice: for the moment the build is judged at, and for the moment of
/// the answer. It never fails: what goes wrong is the record's `error`.
pub async fn enforce(event: &str, policy: &Policy, client: &Client, now: impl Fn() -> Timestamp) -> Record {
    let event = match Trigger::parse(event) {
        Ok(Trigger::Build(event)) => event,
        Ok(Trigger::Fleet) => {
            let message = "A fleet changed; no build did.";
            return Record::without_build(policy, message, Outcome::Ignored.into(), now());
        }
        Err(unreadable) => {
            let failure = Failure::from(unreadable);
            return Record::without_build(policy, &failure.message.clone(), failure.into(), now());
        }
    };
    let mut build = event.build.clone();
    let mut verdict = judge(policy, &build, now());
    let record = |build: &Build, verdict: &_, done| Record::judged(policy, &event, build, verdict, done, now());

    if policy.is_off() {
        return record(&build, &verdict, Outcome::Ignored.into());
    }
    if build.progress() == Progress::Ended {
        return record(&build, &verdict, Outcome::NotRunning.into());
    }
    let target = Target::new(event.id.clone(), build.arn.as_deref());
    let is_surely_running = build.progress() == Progress::Running;
    if verdict.wants_the_whole_build() || (verdict.action == Action::Stop && !is_surely_running) {
        match codebuild::describe(client, &target).await {
            Ok(Some(whole)) => {
                build = whole;
                verdict = judge_by(policy, &Facts { is_whole: true, ..Facts::of(&build, now()) });
            }
            Ok(None) => return record(&build, &verdict, Outcome::NotFound.into()),
            Err(error) => return record(&build, &verdict, Failure::from(error).into()),
        }
    }
    let done = match verdict.action {
        Action::Allow => Outcome::Allowed.into(),
        Action::Report => Outcome::Reported.into(),
        Action::Protect => Outcome::Protected.into(),
        Action::Stop if build.progress() == Progress::Ended => Outcome::AlreadyComplete.into(),
        Action::Stop => stop(client, &target).await,
    };
    record(&build, &verdict, done)
}

/// Stops a build and makes sure of it: only a Build that says STOPPED is a stop, and
/// only one that says that it ended lets the matter rest.
async fn stop(client: &Client, target: &Target) -> Done {
    let answer = codebuild::stop(client, target).await;
    match answer {
        Ok(build) if has_ended(&build) => ended(build),
        Err(error) if error.class == Class::NotFound => Outcome::NotFound.into(),
        // The answer does not say that the build ended, or says that it cannot be stopped,
        // as a build that has ended cannot: what it is now settles it.
        Ok(_) => match codebuild::describe(client, target).await {
            Ok(Some(build)) if has_ended(&build) => ended(build),
            Ok(_) => Failure::from(CallError::new(Class::NotConfirmed, "the stop was answered, and the build runs on"))
                .into(),
            Err(error) => Failure::from(error).into(),
        },
        Err(error) if error.class == Class::InvalidInput => match codebuild::describe(client, target).await {
            Ok(Some(build)) if has_ended(&build) => ended(build),
            _ => Failure::from(error).into(),
        },
        Err(error) => Failure::from(error).into(),
    }
}

/// STOPPED is the end, even of a build whose `buildComplete` has yet to follow.
fn has_ended(build: &Build) -> bool {
    is_stopped(build) || build.progress() == Progress::Ended
}

fn is_stopped(build: &Build) -> bool {
    build.build_status.as_deref() == Some("STOPPED")
}

fn ended(build: Build) -> Done {
    let outcome = if is_stopped(&build) { Outcome::Stopped } else { Outcome::AlreadyComplete };
    Done { outcome, failure: None, returned: Some(build) }
}
