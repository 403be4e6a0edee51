//! The credentials of other accounts: a role is assumed in each.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::{str::FromStr, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_sdk_sts::Client;
use aws_smithy_async::time::SharedTimeSource;
use tokio::{sync::Mutex, time::Instant};

use crate::{CallError, Class, call::call};

/// Credentials are renewed that long before they expire.
const RENEWED_BEFORE: Duration = Duration::from_secs(5 * 60);

/// For this time after STS has returned credentials, they are used however soon they expire.
const JUST_FETCHED: Duration = Duration::from_secs(1);

/// The name of the session, which CloudTrail shows in the member account.
const SESSION: &str = "buildbrake";

const SERVICE: &str = "STS";

/// The role that is assumed in every other account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRole {
    /// Its name, the same in every account.
    pub name: RoleName,
    /// The external id that its trust policy demands.
    pub external_id: Option<ExternalId>,
}

/// The name of a role, without a path.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleName(String);

/// An external id. It is not a secret.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId(String);

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

impl FromStr for RoleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, name)) = text.rsplit_once('/') {
            return Err(format!("`{text}` has a path; write the role's name alone, as in `{name}`"));
        }
        match (1..=64).contains(&text.len()) && text.bytes().all(is_word) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` is not a role's name; use up to 64 letters, digits and `+=,.@-_`")),
        }
    }
}

impl FromStr for ExternalId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (2..=1224).contains(&text.len()) && text.bytes().all(|byte| is_word(byte) || b":/".contains(&byte)) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` is not an external id; use 2 to 1224 letters, digits and `+=,.@:/-_`")),
        }
    }
}

/// The credentials of one account. Clones share them, so that one call to STS serves all regions.
#[derive(Clone, Debug)]
pub(crate) struct MemberCredentials(Arc<MemberSession>);

#[derive(Debug)]
struct MemberSession {
    account: String,
    role_arn: String,
    external_id: Option<ExternalId>,
    sts: Client,
    time_source: Option<SharedTimeSource>,
    /// The cached credentials, and when they were fetched. While one caller fetches them, the others wait.
    kept: Mutex<Option<(Credentials, Instant)>>,
}

/// The reason why the role in an account could not be assumed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotEntered(pub(crate) CallError);

impl MemberCredentials {
    /// Makes no call yet.
    pub(crate) fn new(partition: &str, account: &str, role: &MemberRole, sts: Client, config: &SdkConfig) -> Self {
        let MemberRole { name: RoleName(name), external_id } = role;
        Self(Arc::new(MemberSession {
            account: account.to_owned(),
            role_arn: format!("arn:{partition}:iam::{account}:role/{name}"),
            external_id: external_id.clone(),
            sts,
            time_source: config.time_source(),
            kept: Mutex::default(),
        }))
    }

    /// Forgets credentials that a service has refused as expired, so that the next call fetches new ones.
    pub(crate) async fn forget(&self) {
        *self.0.kept.lock().await = None;
    }

    /// Returns the cached credentials if they are valid for some more minutes, or else fetches new ones.
    pub(crate) async fn credentials(&self) -> Result<Credentials, CallError> {
        let mut kept = self.0.kept.lock().await;
        if let Some((credentials, fetched)) = &*kept
            && (!self.0.expire_soon(credentials) || fetched.elapsed() < JUST_FETCHED)
        {
            return Ok(credentials.clone());
        }
        let credentials = self.0.assume_role().await?;
        *kept = Some((credentials.clone(), Instant::now()));
        Ok(credentials)
    }
}

impl ProvideCredentials for MemberCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let unavailable = |error| CredentialsError::provider_error(NotEntered(error));
        future::ProvideCredentials::new(async move { self.credentials().await.map_err(unavailable) })
    }
}

impl MemberSession {
    fn expire_soon(&self, credentials: &Credentials) -> bool {
        let now = self.time_source.as_ref().map(|source| source.now());
        let left = credentials.expiry().zip(now).map(|(expiry, now)| expiry.duration_since(now).unwrap_or_default());
        left.is_some_and(|left| left <= RENEWED_BEFORE)
    }

    async fn assume_role(&self) -> Result<Credentials, CallError> {
        let sent = self
            .sts
            .assume_role()
            .role_arn(&self.role_arn)
            .role_session_name(SESSION)
            .set_external_id(self.external_id.as_ref().map(|ExternalId(id)| id.clone()))
            .send();
        let read = call(SERVICE, "AssumeRole", sent, |output| {
            let found = output.credentials?;
            let expiry = found.expiration.try_into().ok()?;
            let (key, secret, token) = (found.access_key_id, found.secret_access_key, found.session_token);
            Some(Credentials::new(key, secret, Some(token), Some(expiry), "AssumeRole"))
        });
        read.await.map_err(|error| self.not_entered(error))
    }

    /// Adds the account or its role to an error of STS.
    fn not_entered(&self, error: CallError) -> CallError {
        let Self { account, role_arn, .. } = self;
        match error.class {
            Class::AccessDenied => CallError {
                class: Class::RoleDenied,
                message: format!(
                    "the role {role_arn} cannot be assumed: {error}; deploy org/member.yaml in account {account}, with \
                     this function's role and external id"
                ),
                ..error
            },
            _ => CallError { message: format!("account {account} could not be accessed: {error}"), ..error },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_name_and_an_external_id_as_iam_has_them() {
        for name in ["buildbrake-member", "a", "Role_1+=,.@-", &"a".repeat(64)] {
            assert!(name.parse::<RoleName>().is_ok(), "{name}");
        }
        for (name, fault) in [
            ("ci/buildbrake-member", "write the role's name alone, as in `buildbrake-member`"),
            ("arn:aws:iam::111122223333:role/member", "has a path"),
            ("", "is not a role's name"),
            ("two words", "is not a role's name"),
            ("rôle", "is not a role's name"),
            (&"a".repeat(65), "is not a role's name"),
        ] {
            let found = name.parse::<RoleName>().unwrap_err();
            assert!(found.contains(fault), "{found}");
        }
        for id in ["o-1a2b3c4d5e", "urn:ci/brake@2", &"x".repeat(1224)] {
            assert!(id.parse::<ExternalId>().is_ok(), "{id}");
        }
        for id in ["", "x", "two words", "#1", &"x".repeat(1225)] {
            assert!(id.parse::<ExternalId>().unwrap_err().contains("is not an external id"), "{id}");
        }
    }
}
