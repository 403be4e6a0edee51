//! Notes on the work itself, whatever the outcome for a build.

use serde::Serialize;

use crate::facts::inquiry::Cause;

/// A note in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The kind of note.
    pub code: NoteCode,
    /// The note, for a person. It contains no secret.
    pub message: String,
    /// `true` if a permission is missing.
    #[serde(skip)]
    pub(super) is_denied: bool,
}

/// The kinds of note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteCode {
    /// The sweep had no safety limit, because a request asked for that.
    BeltOff,
    /// Not all running builds of the project were compared with the build.
    BuildsNotCompared,
    /// No alarm has the name in `BUILDBRAKE_STOP_ALARM`.
    AlarmMissing,
    /// CloudWatch did not return the state of that alarm.
    AlarmUnanswered,
    /// The reason for the stop could not be written to the build's own log.
    BuildLogUnwritable,
    /// A notification would have been too large with the Build.
    BuildLeftOut,
}

impl Note {
    fn new(code: NoteCode, message: String) -> Self {
        Self { code, message, is_denied: false }
    }

    fn caused_by(self, cause: &Cause) -> Self {
        Self { is_denied: matches!(cause, Cause::Denied(_)), ..self }
    }

    /// The sweep had no safety limit, because a request asked for that.
    pub(super) fn belt_off(request_id: &str) -> Self {
        let message = format!("this sweep had no safety limit, because the request {request_id} asked for that");
        Self::new(NoteCode::BeltOff, message)
    }

    /// Not all running builds of the project were compared with the build.
    pub(super) fn builds_not_compared() -> Self {
        let message = "the project has too many builds to compare at a build's start; the next sweep compares all that \
                       are running";
        Self::new(NoteCode::BuildsNotCompared, message.to_owned())
    }

    /// The Build was left out of a notification.
    pub(super) fn build_left_out(kilobytes: usize) -> Self {
        let message = format!("the Build was left out, since an event may have at most {kilobytes} KB");
        Self::new(NoteCode::BuildLeftOut, message)
    }

    /// No alarm has that name.
    pub fn alarm_missing(name: &str) -> Self {
        let message = format!(
            "CloudWatch has no alarm `{name}`, which BUILDBRAKE_STOP_ALARM names; nothing limits the rate of stops"
        );
        Self::new(NoteCode::AlarmMissing, message)
    }

    /// The alarm's state is unknown.
    pub fn alarm_unanswered(name: &str, cause: &Cause) -> Self {
        let message =
            format!("the state of the alarm `{name}` is unknown, so that the stop went ahead: {}", cause.text());
        Self::new(NoteCode::AlarmUnanswered, message).caused_by(cause)
    }

    /// The build's own log has no line about the stop.
    pub fn build_log_unwritable(cause: &Cause) -> Self {
        let message = format!("the reason could not be written to the build's own log: {}", cause.text());
        Self::new(NoteCode::BuildLogUnwritable, message).caused_by(cause)
    }
}
