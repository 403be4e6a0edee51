//! The places that an event names, and those where the function acts: the account and region of its own ARN,
//! and those that settings list.

use std::{fmt, str::FromStr};

use super::{EventError, Reach, shown};
use crate::model::BuildArn;

/// The function's own place: the partition, region and account of the ARN that it was invoked by.
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
enum PlacePart {
    Account,
    Region,
    Partition,
}

/// A name of a partition, region or account in one member of an event.
#[derive(Debug)]
struct NamedPlace {
    part: PlacePart,
    member: &'static str,
    value: String,
}

/// The accounts, regions and partitions that an event names.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<NamedPlace>);

impl Places {
    /// Returns the names in the envelope.
    pub(super) fn of_envelope(account: Option<&str>, region: Option<&str>) -> Self {
        Self::of("account", account, "region", region)
    }

    /// Returns the names by which an event or a message asks for a sweep.
    pub(super) fn of_sweep(account: Option<&str>, region: Option<&str>) -> Self {
        Self::of("detail.account", account, "detail.region", region)
    }

    fn of(
        account_member: &'static str,
        account: Option<&str>,
        region_member: &'static str,
        region: Option<&str>,
    ) -> Self {
        let named = |part, member, value: &str| NamedPlace { part, member, value: value.to_owned() };
        let account = account.map(|account| named(PlacePart::Account, account_member, account));
        Self(account.into_iter().chain(region.map(|region| named(PlacePart::Region, region_member, region))).collect())
    }

    /// Adds the account, region and partition of a build's ARN. `member` is the event's member that contains the ARN.
    pub(super) fn add(&mut self, member: &'static str, arn: &BuildArn) {
        let parts = [
            (PlacePart::Account, &arn.account),
            (PlacePart::Region, &arn.region),
            (PlacePart::Partition, &arn.partition),
        ];
        self.0.extend(parts.map(|(part, value)| NamedPlace { part, member, value: value.clone() }));
    }

    /// Checks that all names agree, and that the function acts in the place that they name.
    ///
    /// # Errors
    /// The first name that contradicts another one, or that is outside the function's reach.
    pub(super) fn check(&self, reach: Option<Reach<'_>>) -> Result<(), EventError> {
        [PlacePart::Account, PlacePart::Region, PlacePart::Partition]
            .into_iter()
            .try_for_each(|part| self.check_part(part, reach))
    }

    fn check_part(&self, part: PlacePart, reach: Option<Reach<'_>>) -> Result<(), EventError> {
        let mut named = self.0.iter().filter(|named| named.part == part);
        let Some(first) = named.clone().next() else { return Ok(()) };
        let outside = reach.and_then(|reach| Some((reach, named.clone().find(|named| !reach.contains(named))?)));
        let why = match (outside, named.find(|named| named.value != first.value)) {
            (Some((reach, NamedPlace { member, value, .. })), _) => {
                let (own, value) = (reach.home.part(part), shown(value));
                match part.setting() {
                    Some(setting) => format!(
                        "`{member}` names the {part} `{value}`, but the function acts only in its own, `{own}`, and in \
                         those that {setting} lists; list it there, deploy the function there as well, or send it no \
                         events from there"
                    ),
                    None => format!(
                        "`{member}` names the {part} `{value}`, but the function acts only in its own, `{own}`; deploy \
                         it there as well, or send it no events from there"
                    ),
                }
            }
            (None, Some(NamedPlace { member, value, .. })) => format!(
                "`{}` names the {part} `{}`, but `{member}` names `{}`; send the event as CodeBuild sent it",
                first.member,
                shown(&first.value),
                shown(value)
            ),
            (None, None) => return Ok(()),
        };
        Err(match part {
            PlacePart::Account => EventError::OtherAccount(why),
            PlacePart::Region | PlacePart::Partition => EventError::OtherRegion(why),
        })
    }
}

impl Reach<'_> {
    fn contains(&self, NamedPlace { part, value, .. }: &NamedPlace) -> bool {
        let is_listed = match part {
            PlacePart::Account => self.members.accounts.contains(value),
            PlacePart::Region => self.members.regions.contains(value),
            PlacePart::Partition => false,
        };
        is_listed || self.home.part(*part) == value
    }
}

impl PlacePart {
    /// The setting that lists further accounts or regions.
    fn setting(self) -> Option<&'static str> {
        match self {
            Self::Account => Some("BUILDBRAKE_MEMBER_ACCOUNTS"),
            Self::Region => Some("BUILDBRAKE_MEMBER_REGIONS"),
            Self::Partition => None,
        }
    }
}

impl Home {
    fn part(&self, part: PlacePart) -> &str {
        match part {
            PlacePart::Account => &self.account,
            PlacePart::Region => &self.region,
            PlacePart::Partition => &self.partition,
        }
    }
}

impl fmt::Display for PlacePart {
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
