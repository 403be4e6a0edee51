//! The SDK's clients, by account and region.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aws_config::{Region, SdkConfig};
use aws_sdk_codebuild::{Client, config::Builder};
use buildbrake_core::model::Build;

use crate::config::AwsConfig;

/// An account and a region. What is `None` is the program's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AccountRegion {
    /// Twelve digits.
    pub account: Option<String>,
    /// As in `eu-west-1`.
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

/// Clients for other regions than the program's own are seldom needed; more are not kept.
const MAX_CLIENTS: usize = 64;

/// The clients of all accounts and regions, each made when it is first needed: most events need none, and
/// the first one of a process takes a third of a start and a megabyte of memory.
#[derive(Debug)]
pub struct Clients {
    config: AwsConfig,
    clients: Mutex<HashMap<(AccountRegion, Pace), Client>>,
}

impl Clients {
    /// Makes no call yet.
    pub fn new(config: AwsConfig) -> Self {
        Self { config, clients: Mutex::default() }
    }

    /// The client of CodeBuild in an account and region. All accounts are entered with the
    /// program's own credentials.
    pub(crate) fn codebuild(&self, place: &AccountRegion, pace: Pace) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        let client = clients.entry((place.clone(), pace)).or_insert_with(|| {
            let config: &SdkConfig = match pace {
                Pace::Prompt => &self.config.prompt,
                Pace::Patient => &self.config.patient,
            };
            let region = place.region.clone().map(Region::new);
            let region = region.or_else(|| config.region().cloned());
            let mut builder = Builder::from(config);
            builder.set_region(region);
            Client::from_conf(builder.build())
        });
        client.clone()
    }

    /// The configuration that the clients are made of.
    pub(crate) fn aws_config(&self) -> &AwsConfig {
        &self.config
    }

    /// The configuration of clients of other services.
    pub fn config(&self) -> &SdkConfig {
        &self.config.prompt
    }
}
