//! The records' destination.

use std::pin::Pin;

use buildbrake_core::record::Record;

/// Takes each record as soon as it is made.
pub trait Sink: Sync {
    /// Writes a record. A sink remembers its own failures, which do not end the work on other builds.
    fn write<'a>(&'a self, record: &'a Record) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// Discards all records: the caller only needs the one that it gets back.
#[derive(Clone, Copy, Debug)]
pub struct Discard;

impl Sink for Discard {
    fn write<'a>(&'a self, _: &'a Record) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }
}
