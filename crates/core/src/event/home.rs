//! The account and region that the function acts in: those of its own ARN.

use std::{fmt, str::FromStr};

use super::{EventError, shown};
use crate::model::BuildArn;

/// The place where the function acts: the partition, region and account of the ARN that it was
/// invoked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, `aws-us-gov`…
    pub partition: String,
    /// As in `eu-west-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

/// The error for text that is not a function's ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the ARN of a Lambda function")]
pub struct NotAFunction;

impl FromStr for Home {
    type Err = NotAFunction;

    /// Parses `arn:aws:lambda:eu-west-1:111122223333:function:buildbrake`, with or without a
    /// qualifier.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>
    fn from_str(arn: &str) -> Result<Self, NotAFunction> {
        let parts: Vec<&str> = arn.splitn(7, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "lambda", region, account, "function", name]
                if [partition, region, account, name].iter().all(|part| !part.is_empty()) =>
            {
                let [partition, region, account] = [partition, region, account].map(|part| (*part).to_owned());
                Ok(Self { partition, region, account })
            }
            _ => Err(NotAFunction),
        }
    }
}

/// A part of an address in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Account,
    Region,
    Partition,
}

/// A name of a partition, region or account in one member of an event.
#[derive(Debug)]
struct Named {
    part: Part,
    member: &'static str,
    value: String,
}

/// The accounts, regions and partitions that an event names.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Named>);

impl Places {
    /// Returns the names in the envelope.
    pub(super) fn of_envelope(account: Option<&str>, region: Option<&str>) -> Self {
        let named = |part, member, value: &str| Named { part, member, value: value.to_owned() };
        let account = account.map(|account| named(Part::Account, "account", account));
        Self(account.into_iter().chain(region.map(|region| named(Part::Region, "region", region))).collect())
    }

    /// Adds what a build's ARN names, which stands in this member.
    pub(super) fn add(&mut self, member: &'static str, arn: &BuildArn) {
        let parts = [(Part::Account, &arn.account), (Part::Region, &arn.region), (Part::Partition, &arn.partition)];
        self.0.extend(parts.map(|(part, value)| Named { part, member, value: value.clone() }));
    }

    /// Checks that everything named is the function's own, or at least the same.
    ///
    /// # Errors
    /// The first that is not.
    pub(super) fn check(&self, home: Option<&Home>) -> Result<(), EventError> {
        [Part::Account, Part::Region, Part::Partition].into_iter().try_for_each(|part| self.check_part(part, home))
    }

    fn check_part(&self, part: Part, home: Option<&Home>) -> Result<(), EventError> {
        let own = home.map(|home| home.part(part));
        let mut named = self.0.iter().filter(|named| named.part == part);
        let Some(first) = named.clone().next() else { return Ok(()) };
        let expected = own.unwrap_or(&first.value);
        let Some(Named { member, value, .. }) = named.find(|named| named.value != expected) else { return Ok(()) };
        let value = shown(value);
        let why = match own {
            Some(own) => format!(
                "`{member}` names the {part} `{value}`, but the function acts only in its own, `{own}`; deploy it there \
                 as well, or send it no events from there"
            ),
            None => format!(
                "`{}` names the {part} `{}`, but `{member}` names `{value}`; send the event as CodeBuild sent it",
                first.member,
                shown(&first.value)
            ),
        };
        Err(match part {
            Part::Account => EventError::OtherAccount(why),
            Part::Region | Part::Partition => EventError::OtherRegion(why),
        })
    }
}

impl Home {
    fn part(&self, part: Part) -> &str {
        match part {
            Part::Account => &self.account,
            Part::Region => &self.region,
            Part::Partition => &self.partition,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Region => "region",
            Self::Partition => "partition",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_functions_arn_names_its_home() {
        for arn in [
            "arn:aws-cn:lambda:cn-north-1:111122223333:function:buildbrake",
            "arn:aws-cn:lambda:cn-north-1:111122223333:function:buildbrake:live",
        ] {
            let home: Home = arn.parse().unwrap();
            let Home { partition, region, account } = &home;
            assert_eq!([partition, region, account], ["aws-cn", "cn-north-1", "111122223333"]);
        }
        for other in [
            "",
            "buildbrake",
            "arn:aws:lambda:eu-west-1:111122223333:function",
            "arn:aws:lambda::111122223333:function:buildbrake",
            "arn:aws:lambda:eu-west-1:111122223333:layer:policy",
            "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e",
        ] {
            assert_eq!(other.parse::<Home>(), Err(NotAFunction), "{other}");
        }
    }
}
