//! The clients of CodeBuild, by account and region. Clients of other services are not kept here.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aws_config::SdkConfig;
use buildbrake_core::model::Build;

use crate::{Accounts, codebuild::Client, config::AwsConfig};

/// An account and a region. `None` stands for the program's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccountRegion {
    /// Twelve digits.
    pub account: Option<String>,
    /// Such as `eu-west-1`.
    pub region: Option<String>,
}

impl AccountRegion {
    /// Returns the account and region in which a build runs, from its ARN.
    pub fn of_build(build: &Build) -> Self {
        Self { account: build.account().map(str::to_owned), region: build.region().map(str::to_owned) }
    }

    /// The account and region in an ARN.
    pub fn of_arn(arn: &str) -> Self {
        let part = |index| arn.split(':').nth(index).filter(|part| !part.is_empty()).map(str::to_owned);
        Self { account: part(4), region: part(3) }
    }
}

/// The time that a call may take; see [`AwsConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Pace {
    Prompt,
    Patient,
}

/// The maximum number of clients in the cache. Each takes some hundred kilobytes.
const MAX_CLIENTS: usize = 64;

/// The clients of CodeBuild for all accounts and regions. Each is created when it is first needed: most events need
/// none, and the first one of a process takes a third of the start's time and a megabyte of memory.
#[derive(Debug)]
pub struct Clients {
    accounts: Accounts,
    clients: Mutex<HashMap<(AccountRegion, Pace), Client>>,
}

impl Clients {
    /// Makes no call yet. All calls are made with the program's own credentials.
    pub fn new(config: AwsConfig) -> Self {
        Self::of(Accounts::own(config))
    }

    /// Makes no call yet.
    pub fn of(accounts: Accounts) -> Self {
        Self { accounts, clients: Mutex::default() }
    }

    /// The client of CodeBuild in an account and region.
    pub(crate) fn codebuild(&self, place: &AccountRegion, pace: Pace) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        let client =
            clients.entry((place.clone(), pace)).or_insert_with(|| Client::of_place(self.accounts.config(place, pace)));
        client.clone()
    }

    /// The configuration of calls in all accounts and regions.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The configuration of clients of other services in the program's own account and region.
    pub fn config(&self) -> &SdkConfig {
        &self.accounts.aws_config().prompt
    }
}
