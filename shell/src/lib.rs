//! What buildbrake does: it asks AWS for what is to be known, has a [`verdict`] made of it,
//! acts, and tells. What it knows and decides is the core, which is handed on here.

pub use buildbrake_core::*;

pub mod aws;
pub mod codebuild;
pub mod enforce;
pub mod scheduler;
