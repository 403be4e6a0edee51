//! The credentials of git hosts: `BUILDBRAKE_GIT_CREDENTIALS` names their secrets, and Secrets
//! Manager keeps them.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_config::{Region, SdkConfig};
use aws_sdk_secretsmanager::{Client, config::Builder};
use aws_smithy_types::base64;
use buildbrake_core::facts::source_location::Scheme;
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    error::GitError,
    hosts::{GitHosts, Origin},
    transport::Authorization,
};
use crate::{AccountRegion, CallError, Class, call::call};

/// The time to read a secret. The git host needs the rest of the question's time.
const BUDGET: Duration = Duration::from_secs(1);

const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

/// The ARNs of the secrets of git hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitCredentials(Vec<(Origin, String)>);

impl GitCredentials {
    /// Returns a fault for each credential whose host is not listed, or not listed for https.
    pub fn unlisted(&self, hosts: &GitHosts) -> Vec<String> {
        let unlisted = self.0.iter().filter(|(origin, _)| !hosts.contain(origin));
        let fault = |host: &str| format!("`{host}` is not listed for https in BUILDBRAKE_GIT_HOSTS; list it there");
        unlisted.map(|(origin, _)| fault(origin.to_string().trim_start_matches("https://"))).collect()
    }

    /// The ARN of the host's secret.
    pub(super) fn secret_of(&self, origin: &Origin) -> Option<&str> {
        self.0.iter().find(|(named, _)| named == origin).map(|(_, secret)| secret.as_str())
    }
}

/// Parses entries `HOST=SECRET_ARN`, separated by commas. The error contains all faults.
impl FromStr for GitCredentials {
    type Err = Vec<String>;

    fn from_str(text: &str) -> Result<Self, Vec<String>> {
        let (mut secrets, mut faults) = (Vec::<(Origin, String)>::new(), Vec::new());
        for (index, entry) in text.split(',').map(str::trim).enumerate() {
            match entry_of(entry) {
                Ok((origin, _)) if secrets.iter().any(|(other, _)| *other == origin) => {
                    faults.push(format!("duplicate host in `{entry}`; remove one of them"));
                }
                Ok(entry) => secrets.push(entry),
                Err(fault) => faults.push(format!("entry {}: {fault}", index + 1)),
            }
        }
        if faults.is_empty() { Ok(Self(secrets)) } else { Err(faults) }
    }
}

/// Parses one entry. A credential is sent only over https, and only to one host. The error quotes nothing: any part
/// of the entry may be the credential itself.
fn entry_of(entry: &str) -> Result<(Origin, String), &'static str> {
    let (host, secret) = entry.split_once('=').ok_or("write it like `HOST=SECRET_ARN`")?;
    let (host, secret) = (host.trim(), secret.trim());
    let origin = host.parse::<Origin>().ok().filter(|origin| origin.scheme == Scheme::Https && !host.contains('*'));
    let origin = origin.ok_or("name one host without `*` or `http://`, such as `github.com`")?;
    let parts: Vec<&str> = secret.splitn(7, ':').collect();
    match parts[..] {
        ["arn", partition, "secretsmanager", region, account, "secret", name]
            if ![partition, region, account, name].contains(&"") =>
        {
            Ok((origin, secret.to_owned()))
        }
        _ => Err("name the secret by its ARN in Secrets Manager"),
    }
}

/// Reads secrets and caches them for some minutes.
#[derive(Debug)]
pub(super) struct Secrets {
    config: SdkConfig,
    /// By ARN, with the time when each was read.
    kept: Mutex<HashMap<String, (Timestamp, Authorization)>>,
}

/// A secret's credential, and where it comes from.
#[derive(Debug)]
pub(super) enum Credential {
    /// It was read some minutes ago, and may have changed.
    Kept(Authorization),
    /// It was read now.
    Fresh(Authorization),
}

impl Secrets {
    pub(super) fn new(config: SdkConfig) -> Self {
        Self { config, kept: Mutex::default() }
    }

    /// The credential in the secret of this ARN.
    ///
    /// # Errors
    /// If the secret cannot be read, or contains no credential.
    pub(super) async fn get(&self, secret: &str, now: Timestamp) -> Result<Credential, GitError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(secret).cloned();
        match kept {
            Some((since, authorization)) if now.duration_since(since) < MAX_AGE => Ok(Credential::Kept(authorization)),
            _ => self.read(secret, now).await.map(Credential::Fresh),
        }
    }

    /// Reads the secret anew.
    ///
    /// # Errors
    /// If it cannot be read, or contains no credential.
    pub(super) async fn read(&self, secret: &str, now: Timestamp) -> Result<Authorization, GitError> {
        let late = || CallError::new(Class::TimedOut, "Secrets Manager did not answer within a second");
        let text = timeout(BUDGET, self.fetch(secret)).await.unwrap_or_else(|_| Err(late()));
        let authorization = authorization(&text.map_err(GitError::SecretUnread)?)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(secret.to_owned(), (now, authorization.clone()));
        Ok(authorization)
    }

    async fn fetch(&self, secret: &str) -> Result<String, CallError> {
        let mut config = Builder::from(&self.config);
        config.set_region(AccountRegion::of_arn(secret).region.map(Region::new));
        let sent = Client::from_conf(config.build()).get_secret_value().secret_id(secret).send();
        // A binary secret has no text.
        call("Secrets Manager", "GetSecretValue", sent, |answer| answer.secret_string).await
    }
}

/// The header of a credential: RFC 7617.
fn authorization(secret: &str) -> Result<Authorization, GitError> {
    #[derive(Deserialize)]
    struct Secret {
        username: String,
        password: String,
    }
    let Secret { username, password } = serde_json::from_str(secret).map_err(|_| GitError::SecretUnusable)?;
    // The first colon ends the name.
    if username.contains(':') {
        return Err(GitError::SecretUnusable);
    }
    let basic = format!("Basic {}", base64::encode(format!("{username}:{password}")));
    let mut value = HeaderValue::try_from(basic).map_err(|_| GitError::SecretUnusable)?;
    value.set_sensitive(true);
    Ok(Authorization(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_credentials_that_cannot_be_used_are_faults() {
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:git/github-AbCdEf";
        let china = "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a=b";
        let credentials: GitCredentials =
            format!("github.com={arn}, https://git.example.com:8443 = {china}").parse().unwrap();
        let secret_of = |origin: &str| credentials.secret_of(&origin.parse().unwrap());
        assert_eq!(secret_of("github.com"), Some(arn));
        assert_eq!(secret_of("git.example.com:8443"), Some(china));
        assert_eq!(secret_of("http://github.com"), None);
        assert_eq!(secret_of("github.com:8443"), None);
        for (entry, expected) in [
            (String::new(), "write it like `HOST=SECRET_ARN`"),
            ("ghp_token".to_owned(), "write it like `HOST=SECRET_ARN`"),
            (format!("*.test={arn}"), "name one host"),
            (format!("http://git.test={arn}"), "name one host"),
            (format!("ann:ghp_token@git.test={arn}"), "name one host"),
            ("git.test=ghp_token".to_owned(), "name the secret by its ARN"),
            ("ghp_token=git.test".to_owned(), "name the secret by its ARN"),
            (arn.replace("arn", "git.test=arn").replace("secret:", "parameter:"), "name the secret by its ARN"),
        ] {
            let faults = format!("github.com={arn},{entry}").parse::<GitCredentials>().unwrap_err();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert!(faults[0].starts_with(&format!("entry 2: {expected}")), "{faults:?}");
            assert!(!faults[0].contains("ghp_token"), "{faults:?}");
        }
        let twice = format!("github.com={arn},https://GITHUB.com:443={arn}");
        assert_eq!(twice.parse::<GitCredentials>().unwrap_err().len(), 1);
        assert!(credentials.unlisted(&"*.com,*.example.com:8443".parse().unwrap()).is_empty());
        assert_eq!(credentials.unlisted(&"http://github.com,*.example.com".parse().unwrap()).len(), 2);
    }

    #[test]
    fn a_credential_is_a_basic_header_that_is_never_shown() {
        let Authorization(value) = authorization(r#"{"username": "ann", "password": "o:p€n"}"#).unwrap();
        assert_eq!(value, "Basic YW5uOm86cOKCrG4=");
        assert_eq!(format!("{:?}", Authorization(value)), "Authorization(Sensitive)");
        for secret in
            ["token", "{}", r#"{"username": "a:b", "password": "c"}"#, r#"{"username": "ann", "password": 1}"#]
        {
            assert!(matches!(authorization(secret), Err(GitError::SecretUnusable)), "{secret}");
        }
    }
}
