//! Repeats a call that a service cannot answer now.

use std::time::Duration;

use crate::{CallError, Class};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Makes a call, and repeats it for about this time, with pauses that become longer, while the service
/// throttles it or fails. The SDK's own retries come first: they share a budget, which a throttled
/// account soon exhausts.
///
/// # Errors
/// The first error of another kind, or the last error when the time is up.
pub(super) async fn patiently<T>(
    patience: Duration,
    call: impl AsyncFn() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let (mut waited, mut pause) = (Duration::ZERO, FIRST_PAUSE);
    loop {
        match call().await {
            Err(error) if matches!(error.class, Class::Throttled | Class::ServiceFault) && waited < patience => {
                let wait = pause.min(patience - waited);
                tokio::time::sleep(wait).await;
                waited += wait;
                pause = (2 * pause).min(LONGEST_PAUSE);
            }
            result => return result,
        }
    }
}
