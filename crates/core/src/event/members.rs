//! The accounts and regions, beside its own, in which the function acts.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use super::{Home, SweepQueue};
use crate::facts::vocabulary::{is_account, is_region};

/// The accounts and regions that settings list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberPlaces {
    /// The accounts.
    pub accounts: MemberAccounts,
    /// The regions, of the function's own account too.
    pub regions: MemberRegions,
}

impl MemberPlaces {
    /// Returns whether none is listed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Accounts, some of them with a name for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberAccounts(BTreeMap<String, Option<String>>);

/// Regions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberRegions(BTreeSet<String>);

/// Where the function acts: at home, and in the accounts and regions of its settings.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The place of the function itself.
    pub home: &'a Home,
    /// The other accounts and regions.
    pub members: &'a MemberPlaces,
    /// The queue that delivers messages about sweeps.
    pub sweep_queue: Option<&'a SweepQueue>,
}

impl<'a> Reach<'a> {
    /// The account and region of every place, the function's own first.
    pub fn places(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let Home { account, region, .. } = self.home;
        let MemberPlaces { accounts, regions } = self.members;
        let accounts = own_first(account, accounts.0.keys());
        accounts.flat_map(move |account| own_first(region, regions.0.iter()).map(move |region| (account, region)))
    }
}

fn own_first<'a>(own: &'a str, listed: impl Iterator<Item = &'a String>) -> impl Iterator<Item = &'a str> {
    [own].into_iter().chain(listed.map(String::as_str).filter(move |other| *other != own))
}

impl MemberAccounts {
    /// Returns whether an account is listed.
    pub fn contains(&self, account: &str) -> bool {
        self.0.contains_key(account)
    }

    /// Returns whether none is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses the lines of a file: `444455556666`, or `444455556666=Shop, Inc. #1`, whose name is the rest of
    /// the line. A line that begins with `#` is a comment.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse_lines(text: &str) -> Result<Self, Vec<String>> {
        let lines = lines(text).map(str::trim).filter(|line| !line.is_empty());
        let split = lines.clone().filter(|line| {
            let names = line.split_once('=').map_or(*line, |(_, name)| name);
            names.split(',').skip(1).any(|part| is_account(entry(part).0))
        });
        let faults: Vec<String> =
            split.map(|line| format!("`{line}` has several accounts; write each in a line of its own")).collect();
        if faults.is_empty() { Self::of_entries(lines) } else { Err(faults) }
    }

    fn of_entries<'a>(entries: impl Iterator<Item = &'a str>) -> Result<Self, Vec<String>> {
        let (mut accounts, mut faults) = (BTreeMap::new(), Vec::new());
        for text in entries {
            let (account, name) = entry(text);
            if !is_account(account) {
                faults.push(format!("`{text}` is not an account; write its twelve digits, as in `111122223333`"));
            } else if name == Some("") {
                faults.push(format!("`{text}` has no name after `=`; add one, or remove the `=`"));
            } else if accounts.insert(account.to_owned(), name.map(str::to_owned)).is_some() {
                faults.push(format!("duplicate account `{account}`; remove one of them"));
            }
        }
        if accounts.is_empty() && faults.is_empty() {
            faults.push("it lists no account; add one, as in `111122223333`".to_owned());
        }
        if faults.is_empty() { Ok(Self(accounts)) } else { Err(faults) }
    }

    /// The name that the list gives an account.
    pub fn name(&self, account: &str) -> Option<&str> {
        self.0.get(account)?.as_deref()
    }
}

impl MemberRegions {
    /// Returns whether a region is listed.
    pub fn contains(&self, region: &str) -> bool {
        self.0.contains(region)
    }
}

impl FromStr for MemberAccounts {
    type Err = Vec<String>;

    /// Parses `111122223333` or `111122223333=shop-prod`, with commas or line breaks between them. A line that
    /// begins with `#` is a comment.
    fn from_str(text: &str) -> Result<Self, Vec<String>> {
        Self::of_entries(entries(text))
    }
}

impl FromStr for MemberRegions {
    type Err = Vec<String>;

    /// Parses regions with commas between them.
    fn from_str(text: &str) -> Result<Self, Vec<String>> {
        let (mut regions, mut faults) = (BTreeSet::new(), Vec::new());
        for region in entries(text) {
            if !is_region(region) {
                faults.push(format!("`{region}` is not a region; write its code, as in `eu-west-1`"));
            } else if !regions.insert(region.to_owned()) {
                faults.push(format!("duplicate region `{region}`; remove one of them"));
            }
        }
        if regions.is_empty() && faults.is_empty() {
            faults.push("it lists no region; add one, as in `eu-west-1`".to_owned());
        }
        if faults.is_empty() { Ok(Self(regions)) } else { Err(faults) }
    }
}

/// Splits an entry into the account and its name.
fn entry(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((account, name)) => (account.trim(), Some(name.trim())),
        None => (text.trim(), None),
    }
}

/// The lines that are not comments. Editors and shells of Windows may begin a file with a byte order mark.
fn lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim_start().starts_with('#'))
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    lines(text).flat_map(|line| line.split(',')).map(str::trim).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_may_have_names_and_lines() {
        let accounts: MemberAccounts =
            "111122223333, 444455556666=shop-prod\n# the bank\n999999999999 = Bank of Eggs,\n".parse().unwrap();
        assert_eq!(accounts.name("111122223333"), None);
        assert_eq!(accounts.name("444455556666"), Some("shop-prod"));
        assert_eq!(accounts.name("999999999999"), Some("Bank of Eggs"));
        assert!(!accounts.contains("123456789012"));
    }

    #[test]
    fn a_name_is_the_rest_of_its_line() {
        let names =
            ["Shop, Inc.", "a=b", "Shop #1", "Müller & Söhne 東京", "=", "2026, the year", "\"quoted\"", "4, 44"];
        for name in names {
            let text = format!("\u{feff}# Names\r\n  # indented\r\n\r\n444455556666={name}\r\n  012345678901  ");
            let accounts = MemberAccounts::parse_lines(&text).unwrap();
            assert_eq!(accounts.name("444455556666"), Some(name));
            assert!(accounts.contains("012345678901"));
        }
    }

    /// An account must not vanish in the name of another one.
    #[test]
    fn a_line_has_one_account() {
        let text =
            "444455556666=shop, 012345678901=bank\n111122223333,012345678901\n111122223333=a,012345678901,\n1111";
        let expected =
            ["444455556666=shop, 012345678901=bank", "111122223333,012345678901", "111122223333=a,012345678901,"];
        let expected = expected.map(|line| format!("`{line}` has several accounts; write each in a line of its own"));
        assert_eq!(MemberAccounts::parse_lines(text).unwrap_err(), expected);
        for (text, fault) in [
            ("1111", "`1111` is not an account"),
            ("444455556666=", "has no name after `=`"),
            ("444455556666\n444455556666=shop", "duplicate account"),
            ("# none\n", "it lists no account"),
        ] {
            let faults = MemberAccounts::parse_lines(text).unwrap_err();
            assert!(faults.len() == 1 && faults[0].contains(fault), "{faults:?}");
        }
    }

    #[test]
    fn all_faults_of_a_list_are_found_at_once() {
        let faults = "1111, 444455556666=, 999999999999, *, 999999999999".parse::<MemberAccounts>().unwrap_err();
        assert_eq!(
            faults,
            [
                "`1111` is not an account; write its twelve digits, as in `111122223333`",
                "`444455556666=` has no name after `=`; add one, or remove the `=`",
                "`*` is not an account; write its twelve digits, as in `111122223333`",
                "duplicate account `999999999999`; remove one of them",
            ]
        );
        let faults = "eu-west-1,Ireland,eu-*,eu-west-1,eu-west-1a".parse::<MemberRegions>().unwrap_err();
        assert_eq!(
            faults,
            [
                "`Ireland` is not a region; write its code, as in `eu-west-1`",
                "`eu-*` is not a region; write its code, as in `eu-west-1`",
                "duplicate region `eu-west-1`; remove one of them",
                "`eu-west-1a` is not a region; write its code, as in `eu-west-1`",
            ]
        );
        assert!(",".parse::<MemberAccounts>().unwrap_err()[0].contains("lists no account"));
        assert!(",".parse::<MemberRegions>().unwrap_err()[0].contains("lists no region"));
    }

    #[test]
    fn every_place_is_named_once() {
        let home: Home = "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake".parse().unwrap();
        let members = MemberPlaces {
            accounts: "444455556666,111122223333".parse().unwrap(),
            regions: "us-east-1,eu-west-1".parse().unwrap(),
        };
        let places = |members| Reach { home: &home, members, sweep_queue: None }.places().collect::<Vec<_>>();
        assert_eq!(
            places(&members),
            [
                ("111122223333", "eu-west-1"),
                ("111122223333", "us-east-1"),
                ("444455556666", "eu-west-1"),
                ("444455556666", "us-east-1"),
            ]
        );
        assert_eq!(places(&MemberPlaces::default()), [("111122223333", "eu-west-1")]);
    }
}
