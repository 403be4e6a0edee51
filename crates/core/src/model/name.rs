//! A build's id and ARN.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Build;

/// A build's id, `project:uuid`, for `StopBuild` and `BatchGetBuilds`. It consists of the name of a
/// [project](https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html) and 36
/// letters, digits or hyphens: AWS's own samples are not true UUIDs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildId(String);

impl BuildId {
    /// The id of the build with this ARN. `None` if it is not a build's ARN.
    pub fn of_arn(arn: &str) -> Option<Self> {
        parts(arn).map(|(_, id)| id)
    }

    /// Returns the id for a policy test's build that has none.
    pub(crate) fn of_sample() -> Self {
        Self("sample:00000000-0000-0000-0000-000000000000".to_owned())
    }

    /// The id as text: `project:uuid`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the project's name. Unique to the build.
    pub fn uuid(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, uuid)| uuid)
    }

    /// The name of the build's project.
    pub fn project(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(project, _)| project)
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for text that is not a [`BuildId`] or [`BuildArn`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct NotABuild {
    found: String,
    expected: &'static str,
}

impl TryFrom<String> for BuildId {
    type Error = NotABuild;

    fn try_from(text: String) -> Result<Self, NotABuild> {
        text.parse()
    }
}

impl From<BuildId> for String {
    fn from(id: BuildId) -> Self {
        id.0
    }
}

impl FromStr for BuildId {
    type Err = NotABuild;

    fn from_str(text: &str) -> Result<Self, NotABuild> {
        match text.split_once(':') {
            Some((project, uuid)) if is_project(project) && is_uuid(uuid) => Ok(Self(text.to_owned())),
            _ => Err(NotABuild { found: text.to_owned(), expected: "a build id (`project:uuid`)" }),
        }
    }
}

/// `[A-Za-z0-9][A-Za-z0-9\-_]{1,254}`
fn is_project(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || [b'-', b'_'].contains(&byte);
    (2..=255).contains(&text.len()) && text.bytes().all(fits) && !text.starts_with(['-', '_'])
}

/// `[A-Za-z0-9\-]{36}`
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A build's ARN: `arn:aws:codebuild:us-east-1:111122223333:build/project:uuid`.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildArn {
    /// `aws`, `aws-cn`, `aws-us-gov`…
    pub partition: String,
    /// The region that the build runs in.
    pub region: String,
    /// The account that the build runs in.
    pub account: String,
    /// The build's id.
    pub id: BuildId,
}

impl fmt::Display for BuildArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:codebuild:{}:{}:build/{}", self.partition, self.region, self.account, self.id)
    }
}

impl FromStr for BuildArn {
    type Err = NotABuild;

    fn from_str(text: &str) -> Result<Self, NotABuild> {
        let not_one = || NotABuild { found: text.to_owned(), expected: "a build's ARN" };
        let ([partition, region, account], id) = parts(text).ok_or_else(not_one)?;
        let [partition, region, account] = [partition, region, account].map(str::to_owned);
        Ok(Self { partition, region, account, id })
    }
}

/// The partition, region, account and id in a build's ARN.
fn parts(text: &str) -> Option<([&str; 3], BuildId)> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
    let (region, rest) = rest.strip_prefix("codebuild:")?.split_once(':')?;
    let (account, resource) = rest.split_once(':')?;
    let places = [partition, region, account];
    let id = resource.strip_prefix("build/")?.parse().ok()?;
    (!places.contains(&"")).then_some((places, id))
}

impl Build {
    /// The account that the build runs in, from its ARN.
    pub fn account(&self) -> Option<&str> {
        arn_part(self.arn.as_deref()?, ACCOUNT)
    }

    /// The region that the build runs in, from its ARN.
    pub fn region(&self) -> Option<&str> {
        arn_part(self.arn.as_deref()?, REGION)
    }
}

/// The number of colons before the region in an ARN.
pub(crate) const REGION: usize = 3;
/// The number of colons before the account in an ARN.
pub(crate) const ACCOUNT: usize = 4;

/// The part of an ARN after a number of colons. `None` if it is empty.
pub(crate) fn arn_part(arn: &str, colons: usize) -> Option<&str> {
    arn.split(':').nth(colons).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_contains_partition_region_account_and_id() {
        let text = "arn:aws-cn:codebuild:cn-north-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000002";
        let arn: BuildArn = text.parse().unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!(
            (arn.partition.as_str(), arn.region.as_str(), arn.account.as_str()),
            ("aws-cn", "cn-north-1", "111122223333")
        );
        assert_eq!(arn.id.as_str(), "shop:5e000000-0000-4000-8000-000000000002");
        assert_eq!((arn.id.project(), arn.id.uuid()), ("shop", "5e000000-0000-4000-8000-000000000002"));
    }

    #[test]
    fn other_text_is_refused() {
        let uuid = "5e000000-0000-4000-8000-000000000002";
        let long = "a".repeat(255);
        for id in [
            format!("shop:{uuid}"),
            format!("A0:{uuid}"),
            format!("my_shop-2:{}", "A".repeat(36)),
            format!("{long}:{uuid}"),
        ] {
            assert!(id.parse::<BuildId>().is_ok(), "{id}");
        }
        for id in [
            String::new(),
            "shop".into(),
            ":".into(),
            "shop:".into(),
            format!(":{uuid}"),
            "shop:5e".into(),
            format!("{uuid}:shop"),
            "../../etc:passwd".into(),
            format!("../../etc:{uuid}"),
            format!("shop:{}", &uuid[1..]),
            format!("shop:{uuid}0"),
            format!("shop:{uuid}:{uuid}"),
            format!("shop:{}", uuid.replace('-', "/")),
            format!("shop:{}", uuid.replace('-', "_")),
            format!("s:{uuid}"),
            format!("-shop:{uuid}"),
            format!("_shop:{uuid}"),
            format!("shop 1:{uuid}"),
            format!("shöp:{uuid}"),
            format!("a{long}:{uuid}"),
            format!("shop:{uuid}\n"),
            format!(" shop:{uuid}"),
        ] {
            assert!(id.parse::<BuildId>().is_err(), "{id}");
            let arn = format!("arn:aws:codebuild:us-east-1:111122223333:build/{id}");
            assert!(arn.parse::<BuildArn>().is_err() && arn.parse::<BuildId>().is_err(), "{arn}");
        }
        for text in [
            format!("shop:{uuid}"),
            "arn:aws:codebuild:us-east-1:111122223333:project/shop".into(),
            format!("arn:aws:s3:::build/shop:{uuid}"),
            format!("arn:aws:codebuild::111122223333:build/shop:{uuid}"),
        ] {
            assert!(text.parse::<BuildArn>().is_err(), "{text}");
        }
    }
}
