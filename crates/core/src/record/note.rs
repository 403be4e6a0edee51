//! Notes on the work itself, whatever the outcome for a build.

use serde::Serialize;

/// A note in a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Note {
    code: &'static str,
    message: String,
}

impl Note {
    /// The sweep had no safety belt, as a request asked.
    pub(super) fn belt_off(request_id: &str) -> Self {
        let message = format!("the safety belt was off for this sweep, as the request {request_id} asked");
        Self { code: "belt-off", message }
    }

    /// Not all running builds of the project were compared with the build.
    pub(super) fn builds_left_out() -> Self {
        let message = "the project has more builds than are asked for at a build's start; the next sweep compares all \
                       that are running"
            .to_owned();
        Self { code: "build-left-out", message }
    }
}
