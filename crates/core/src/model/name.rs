//! The names a build goes by.

use std::{fmt, str::FromStr};

use super::Build;

/// A build's id: `project:uuid`. What `StopBuild` and `BatchGetBuilds` take.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildId(String);

impl BuildId {
    /// `project:uuid`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What tells the build apart from all others.
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

/// What a [`BuildId`] or a [`BuildArn`] could not be read from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct NotABuild {
    found: String,
    expected: &'static str,
}

impl FromStr for BuildId {
    type Err = NotABuild;

    fn from_str(text: &str) -> Result<Self, NotABuild> {
        match text.split_once(':') {
            Some((project, uuid)) if !project.is_empty() && !uuid.is_empty() && !uuid.contains([':', '/']) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotABuild { found: text.to_owned(), expected: "a build id (`project:uuid`)" }),
        }
    }
}

/// A build's ARN: `arn:aws:codebuild:us-east-1:111122223333:build/project:uuid`.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildArn {
    /// `aws`, `aws-cn`, `aws-us-gov`…
    pub partition: String,
    /// The region the build runs in.
    pub region: String,
    /// The account the build runs in: twelve digits.
    pub account: String,
    /// What the ARN's resource names.
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

impl BuildArn {
    /// The id in a build's ARN, where the text is one.
    pub(crate) fn id_in(text: &str) -> Option<BuildId> {
        parts(text).map(|(_, id)| id)
    }
}

/// The partition, region and account in a build's ARN, and its id.
fn parts(text: &str) -> Option<([&str; 3], BuildId)> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(':')?;
    let (region, rest) = rest.strip_prefix("codebuild:")?.split_once(':')?;
    let (account, resource) = rest.split_once(':')?;
    let places = [partition, region, account];
    let id = resource.strip_prefix("build/")?.parse().ok()?;
    (!places.contains(&"")).then_some((places, id))
}

impl Build {
    /// The account the build runs in, as far as its ARN tells.
    pub fn account(&self) -> Option<&str> {
        self.arn_part(4)
    }

    /// The region the build runs in, as far as its ARN tells.
    pub fn region(&self) -> Option<&str> {
        self.arn_part(3)
    }

    /// What comes after so many of the colons that part an ARN.
    fn arn_part(&self, colons: usize) -> Option<&str> {
        self.arn.as_deref()?.split(':').nth(colons).filter(|part| !part.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_partition_region_account_and_id() {
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
    fn what_is_no_build_is_refused() {
        for text in ["", "shop", ":", "shop:", ":5e", "arn:aws:codebuild:us-east-1:111122223333:build/shop:5e"] {
            assert!(text.parse::<BuildId>().is_err(), "{text}");
        }
        for text in
            ["", "shop:5e", "arn:aws:codebuild:us-east-1:111122223333:project/shop", "arn:aws:s3:::build/shop:5e"]
        {
            assert!(text.parse::<BuildArn>().is_err(), "{text}");
        }
    }
}
