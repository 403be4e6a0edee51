//! The configuration of calls in an account and region.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use aws_config::{Region, SdkConfig, identity::IdentityCache};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::Client;
use buildbrake_core::event::{Home, MemberAccounts};

use crate::{AccountRegion, MemberRole, clients::Pace, config::AwsConfig, members::MemberCredentials};

/// Configures calls by account and region. Clones share the credentials of other accounts.
#[derive(Clone, Debug)]
pub struct Accounts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: AwsConfig,
    members: Option<(MemberAccounts, MemberRole)>,
    /// The function's own place, which the first event reveals.
    home: OnceLock<Home>,
    sts: OnceLock<Client>,
    entered: Mutex<HashMap<String, MemberCredentials>>,
}

/// The configuration of calls in one account and region.
pub(crate) struct PlaceConfig {
    pub(crate) sdk: SdkConfig,
    /// The credentials, if the account is not the program's own.
    pub(crate) member: Option<MemberCredentials>,
}

impl Accounts {
    /// Configures all calls with the program's own credentials.
    pub fn own(config: AwsConfig) -> Self {
        Self::new(config, None)
    }

    /// Configures calls in these accounts with the credentials of a role there.
    pub fn with_members(config: AwsConfig, accounts: MemberAccounts, role: MemberRole) -> Self {
        Self::new(config, Some((accounts, role)))
    }

    fn new(config: AwsConfig, members: Option<(MemberAccounts, MemberRole)>) -> Self {
        let inner = Inner { config, members, home: OnceLock::new(), sts: OnceLock::new(), entered: Mutex::default() };
        Self(Arc::new(inner))
    }

    /// Sets the function's own place. No role is assumed in its account.
    pub(crate) fn set_home(&self, home: &Home) {
        self.0.home.get_or_init(|| home.clone());
    }

    /// The configuration of the program's own account and region.
    pub(crate) fn aws_config(&self) -> &AwsConfig {
        &self.0.config
    }

    /// The configuration of calls in a place.
    pub(crate) fn config(&self, place: &AccountRegion, pace: Pace) -> PlaceConfig {
        let config = match pace {
            Pace::Prompt => &self.0.config.prompt,
            Pace::Patient => &self.0.config.patient,
        };
        let member = place.account.as_deref().and_then(|account| self.member(account));
        let region = place.region.clone().map(Region::new).or_else(|| config.region().cloned());
        let mut builder = config.to_builder();
        builder.set_region(region);
        if let Some(member) = &member {
            // The credentials are cached by account, so a client needs no cache of its own.
            builder.set_identity_cache(Some(IdentityCache::no_cache()));
            builder.set_credentials_provider(Some(SharedCredentialsProvider::new(member.clone())));
        }
        PlaceConfig { sdk: builder.build(), member }
    }

    /// Returns the credentials of an account, or `None` if calls there are made with the program's own.
    fn member(&self, account: &str) -> Option<MemberCredentials> {
        let Inner { config, members, home, sts, entered } = &*self.0;
        let home = home.get().filter(|home| home.account != account)?;
        let (_, role) = members.as_ref().filter(|(accounts, _)| accounts.contains(account))?;
        let mut entered = entered.lock().unwrap_or_else(PoisonError::into_inner);
        let member = entered.entry(account.to_owned()).or_insert_with(|| {
            let sts = sts.get_or_init(|| Client::new(&config.prompt)).clone();
            MemberCredentials::new(&home.partition, account, role, sts, &config.prompt)
        });
        Some(member.clone())
    }
}
