//! What the standard `AWS_*` variables say, which Lambda sets.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>
//!
//! The crate `aws-config` would also look for credentials in files and on the network, where
//! a Lambda function has none: it made a tenth of the function.

use std::env;

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use aws_types::{
    region::Region,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};

/// The variables of this process.
#[derive(Debug)]
pub(super) struct Environment;

impl Environment {
    pub(super) fn region() -> Option<Region> {
        variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new)
    }

    /// Whether a kind of endpoint is asked for, if it is said.
    pub(super) fn switch(name: &str) -> Option<bool> {
        variable(name).map(|text| text.eq_ignore_ascii_case("true"))
    }
}

impl ProvideCredentials for Environment {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let keys = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
        let credentials = keys.map(|(id, secret)| {
            let mut credentials = Credentials::builder().provider_name("Environment");
            credentials.set_session_token(variable("AWS_SESSION_TOKEN"));
            credentials.access_key_id(id).secret_access_key(secret).build()
        });
        future::ProvideCredentials::ready(
            credentials.ok_or_else(|| CredentialsError::not_loaded("no AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY")),
        )
    }
}

/// `AWS_ENDPOINT_URL_CODEBUILD` counts before `AWS_ENDPOINT_URL`.
impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace([' ', '-'], "_");
        variable(&format!("{}_{service}", key.env())).or_else(|| variable(key.env()))
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
