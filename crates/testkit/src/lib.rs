//! AWS on loopback, for buildbrake's tests and for its demo: one HTTP server, which also
//! misbehaves, one stateful CodeBuild, one CodePipeline, one CodeCommit, one EventBridge, one CloudWatch with its
//! Logs, one Scheduler, one SQS, one STS, git over HTTP, one Runtime API with the function behind it, and the table of
//! everything that can go wrong with an answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helper fails by panicking")]

#[cfg(feature = "cloudwatch")]
pub mod cloudwatch;
pub mod cloudwatch_logs;
pub mod codebuild;
pub mod codecommit;
pub mod codepipeline;
pub mod eventbridge;
pub mod events;
pub mod faults;
pub mod git;
pub mod history;
pub mod http;
pub mod json;
pub mod lambda;
pub mod metrics;
pub mod runtime_api;
pub mod scheduler;
pub mod sqs;
pub mod sts;
#[cfg(feature = "tls")]
pub mod tls;
