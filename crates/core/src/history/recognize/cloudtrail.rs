//! CloudTrail's events of CodeBuild's API.
//! <https://docs.aws.amazon.com/codebuild/latest/userguide/understanding-service-name-entries.html>

use serde_json::Value;

use super::{Each, Item, NotRecognized, Recognized, observation, redacted, text_of};
use crate::{history::ObservedIn, model::lenient};

/// Passes on the build that a call started. Other calls, and calls that failed, contain none.
pub(super) fn event(mut event: Value, each: Each<'_>) -> Recognized {
    let starts_a_build = text_of(&event, "eventSource") == Some("codebuild.amazonaws.com")
        && matches!(text_of(&event, "eventName"), Some("StartBuild" | "RetryBuild"));
    let answer = event.pointer_mut("/responseElements/build").map(Value::take);
    let Some(mut build) = answer.filter(|build| starts_a_build && build.is_object()) else { return Ok(()) };
    redacted::forget(&mut build);
    let build = lenient::read(build).unwrap_or_default();
    let mut build =
        observation(ObservedIn::CloudTrail, build).ok_or(NotRecognized::NoBuild("a CloudTrail event of CodeBuild"))?;
    build.time = event.get_mut("eventTime").and_then(|time| lenient::read(time.take()));
    each(Item::Build(build));
    Ok(())
}
