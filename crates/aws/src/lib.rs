//! The acting half of buildbrake: asks AWS for facts, has the core judge, and acts on its verdicts.

pub mod codebuild;
pub mod config;
pub mod enforce;
mod error;
pub mod scheduler;
mod trust;

pub use self::{
    error::{CallError, Class},
    trust::UntrustedRoots,
};
