//! The entries about builds that are kept until the whole input is read.

use std::io;

use buildbrake_core::history::{Observation, Replayed};

/// What one value of the input adds to a build.
pub(super) enum JoinedEntry {
    /// The result of each policy: nothing else about the build can change it.
    Judged(Vec<Replayed>),
    /// A description, to be joined with others.
    Observed(Box<Observation>),
    /// The build with this id started before the period that is wanted.
    Earlier(String),
}

const JUDGED: u8 = 0;
const OBSERVED: u8 = 1;
const EARLIER: u8 = 2;

/// The initial capacity in bytes. A build that breaks one or two rules takes less.
const USUAL_LENGTH: usize = 512;

impl JoinedEntry {
    /// Encodes the entry. An observation is written as JSON: a Build is parsed leniently, which needs a self-describing
    /// format.
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Judged(judged) => {
                let bytes = Vec::with_capacity(USUAL_LENGTH);
                postcard::to_extend(&(JUDGED, judged), bytes).map_err(io::Error::other)
            }
            Self::Observed(observation) => {
                let mut bytes = vec![OBSERVED];
                serde_json::to_writer(&mut bytes, observation)?;
                Ok(bytes)
            }
            Self::Earlier(id) => postcard::to_stdvec(&(EARLIER, id)).map_err(io::Error::other),
        }
    }

    /// Reads an entry.
    pub(super) fn decode(bytes: &[u8]) -> io::Result<Self> {
        match bytes.split_first() {
            Some((&JUDGED, judged)) => postcard::from_bytes(judged).map(Self::Judged).map_err(io::Error::other),
            Some((&EARLIER, id)) => postcard::from_bytes(id).map(Self::Earlier).map_err(io::Error::other),
            Some((_, observation)) => Ok(Self::Observed(serde_json::from_slice(observation)?)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
