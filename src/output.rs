//! The function's output: records to standard output, diagnostics to standard error.

use std::{
    io::{self, Write},
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use buildbrake_aws::Sink;
use buildbrake_core::record::Record;
use tracing::Level;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// One line of standard output for each record of one invocation.
#[derive(Debug, Default)]
pub struct StandardOutput {
    /// The first error.
    error: Mutex<Option<io::Error>>,
}

impl StandardOutput {
    /// Ends the invocation's output.
    ///
    /// # Errors
    /// If a record could not be written.
    pub fn finish(self) -> Result<(), io::Error> {
        self.error.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

impl Sink for StandardOutput {
    fn write<'a>(&'a self, record: &'a Record) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            // A single write, so that no other line gets into it.
            let line = [record.json().get(), "\n"].concat();
            if let Err(error) = io::stdout().write_all(line.as_bytes()) {
                self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        })
    }
}

/// Writes diagnostics of that level and above as JSON lines to standard error.
///
/// The level applies to this program only. At TRACE, the Lambda runtime logs whole events and the
/// SDK whole answers, environment variables included; both stay at WARN.
pub fn log_to_standard_error(level: Level) {
    let targets = Targets::new()
        .with_default(level.min(Level::WARN))
        .with_target("buildbrake", level)
        .with_target("buildbrake_lambda", level);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
    // The default hook prints the panic's message, which may contain a part of an event.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: this is a fault of buildbrake");
    }));
}
