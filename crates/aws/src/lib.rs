//! The acting half of buildbrake: fetches facts from AWS, has the core judge builds, and acts on
//! its verdicts.

mod accounts;
mod build_log;
mod call;
mod clients;
mod codebuild;
pub mod codecommit;
pub mod codepipeline;
pub mod config;
pub mod enforce;
mod error;
mod event_bus;
pub mod git;
pub mod history;
mod members;
mod profile;
mod resolve;
mod running;
mod scheduler;
mod sink;
mod stop_alarm;
mod sweep_queue;
mod trust;

pub use self::{
    accounts::Accounts,
    build_log::BuildLogs,
    clients::{AccountRegion, Clients},
    error::{CallError, Class},
    event_bus::{BusName, EventBus},
    members::{ExternalId, MemberRole, RoleName},
    scheduler::{ScheduleSettings, Scheduler},
    sink::{Discard, Sink},
    stop_alarm::{AlarmName, StopAlarm},
    sweep_queue::Sweeps,
    trust::{Bundle, BundleFault},
};
