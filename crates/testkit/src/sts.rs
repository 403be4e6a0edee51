//! An STS on loopback that gives the credentials of roles. The access key is the number of the role's account,
//! because the other services here identify accounts by it.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    codebuild::REQUEST_ID,
    http::{Address, Reply, Request, Server},
};

/// The name of the role in every account.
pub const ROLE: &str = "buildbrake-member";
/// The external id that its trust policy demands.
pub const EXTERNAL_ID: &str = "o-1a2b3c4d5e";

/// A call to AssumeRole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    /// `RoleArn`.
    pub role_arn: String,
    /// `RoleSessionName`.
    pub session_name: String,
    /// `ExternalId`.
    pub external_id: Option<String>,
}

/// A running STS. It ends when it is dropped.
pub struct Sts {
    url: String,
    calls: Arc<Mutex<Vec<AssumeRole>>>,
    _server: Server,
}

impl Sts {
    /// Gives credentials for an hour.
    pub fn obliging() -> Self {
        Self::answering(|_| None)
    }

    /// Gives credentials for an hour, unless `refused` answers for the account.
    pub fn answering(refused: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self::lasting(Duration::from_secs(3600), refused)
    }

    /// The same, for another time.
    pub fn lasting(validity: Duration, refused: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let calls: Arc<Mutex<Vec<AssumeRole>>> = Arc::default();
        let log = calls.clone();
        let server = Address::reserve().open(move |request| {
            let call = AssumeRole::read(&request);
            log.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
            let account = call.account().to_owned();
            refused(&account).unwrap_or_else(|| credentials(&call, &account, Timestamp::now() + validity))
        });
        Self { url: format!("http://{}", server.address), calls, _server: server }
    }

    /// The function's settings for it and for these accounts.
    pub fn settings<'a>(&'a self, accounts: &'a str, regions: &'a str) -> [(&'a str, &'a str); 5] {
        [
            ("AWS_ENDPOINT_URL_STS", &self.url),
            ("BUILDBRAKE_MEMBER_ROLE", ROLE),
            ("BUILDBRAKE_MEMBER_EXTERNAL_ID", EXTERNAL_ID),
            ("BUILDBRAKE_MEMBER_ACCOUNTS", accounts),
            ("BUILDBRAKE_MEMBER_REGIONS", regions),
        ]
    }

    /// All calls, in their order.
    pub fn calls(&self) -> Vec<AssumeRole> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The accounts of all calls, in their order.
    pub fn accounts(&self) -> Vec<String> {
        self.calls().iter().map(|call| call.account().to_owned()).collect()
    }
}

impl AssumeRole {
    fn read(request: &Request) -> Self {
        let parameters: HashMap<String, String> = request
            .body
            .split('&')
            .filter_map(|parameter| parameter.split_once('='))
            .map(|(name, value)| (name.to_owned(), percent_decoded(value)))
            .collect();
        assert_eq!(parameters["Action"], "AssumeRole");
        Self {
            role_arn: parameters["RoleArn"].clone(),
            session_name: parameters["RoleSessionName"].clone(),
            external_id: parameters.get("ExternalId").cloned(),
        }
    }

    fn account(&self) -> &str {
        self.role_arn.split(':').nth(4).unwrap_or_default()
    }
}

/// The refusal of a role that does not exist, or does not trust the caller: STS refuses both alike.
pub fn denied(account: &str) -> Reply {
    let message = format!(
        "User: arn:aws:sts::111122223333:assumed-role/buildbrake/buildbrake is not authorized to perform: \
         sts:AssumeRole on resource: arn:aws:iam::{account}:role/{ROLE}"
    );
    refusal(403, "AccessDenied", &message)
}

/// An error as this API answers it.
pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    );
    xml(status, body)
}

fn credentials(call: &AssumeRole, account: &str, expiration: Timestamp) -> Reply {
    let AssumeRole { role_arn, session_name, .. } = call;
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
         <AssumedRoleUser><AssumedRoleId>AROA:{session_name}</AssumedRoleId><Arn>{role_arn}</Arn></AssumedRoleUser>\
         <Credentials><AccessKeyId>{account}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
         <SessionToken>token</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </AssumeRoleResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>\
         </AssumeRoleResponse>"
    );
    xml(200, body)
}

fn xml(status: u16, body: String) -> Reply {
    Reply::Http { status, headers: vec![("content-type", "text/xml".to_owned())], body: body.into_bytes() }
}

/// Decodes a value of a form.
fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).unwrap()
}
