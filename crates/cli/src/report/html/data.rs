//! What the page shows, as JSON.
//!
//! Each table has a budget of bytes, so that no history makes a page of more than 5 MB. What does not fit is counted.

use std::collections::BTreeMap;

use buildbrake_core::{
    record::Outcome,
    summary::{Breakdown, Examples, ExemptionSummary, IfEnforced, Missing, RuleSummary, Savings, Share},
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{HtmlPage, builds::Builds};

/// The number of bytes that the table of rules may take.
const BYTES_OF_RULES: usize = 400_000;
/// The number of bytes that each of the other tables may take.
const BYTES_OF_TABLE: usize = 130_000;
/// The number of rows of a table of projects or initiators.
const MAX_ROWS: usize = 1_000;
/// The maximum number of rules that have charts of their own.
const CHARTED_RULES: usize = 30;
/// The maximum number of bars in such a chart.
const BARS: usize = 10;
/// The number of days in a chart.
const MAX_DAYS: usize = 400;

/// Returns the data of a page, in which no character has a meaning in HTML.
pub(super) fn json(page: &HtmlPage<'_>) -> anyhow::Result<String> {
    let summary = page.summary;
    let days = Days::of(&summary.by_day);
    let builds = Builds::of(page)?;
    let data = Data {
        policy_name: page.policy_name,
        policy: &summary.policy,
        generated_at: page.generated_at,
        version: env!("CARGO_PKG_VERSION"),
        judged: summary.judged,
        unreadable: summary.unreadable,
        outcomes: &summary.outcomes,
        saved: summary.saved,
        unpriced: summary.unpriced,
        stopped_successes: &summary.stopped_successes,
        if_enforced: &summary.if_enforced,
        undecided: summary.undecided,
        rules: rules(page, &days)?,
        unknown: unknown(page)?,
        accounts: table(&summary.by_account)?,
        projects: table(&summary.by_project)?,
        initiators: table(&summary.by_initiator)?,
        days,
        values: builds.values,
        reasons: builds.reasons,
        builds: builds.table,
    };
    Ok(escaped(&serde_json::to_string(&data)?))
}

/// Escapes the characters that could end the element that contains the JSON, and the two line separators that older
/// versions of JavaScript do not allow in a string. JSON contains these characters only within strings.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push(character),
        }
    }
    text
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    policy_name: &'a str,
    policy: &'a str,
    generated_at: Timestamp,
    version: &'a str,
    judged: u64,
    unreadable: u64,
    outcomes: &'a BTreeMap<Outcome, u64>,
    #[serde(flatten)]
    saved: Savings,
    unpriced: u64,
    stopped_successes: &'a Examples,
    if_enforced: &'a IfEnforced,
    undecided: u64,
    rules: Table,
    unknown: Table,
    accounts: Table,
    projects: Table,
    initiators: Table,
    days: Days<'a>,
    /// The values that builds share. A build contains the index of a value instead of the value.
    values: Vec<Box<RawValue>>,
    reasons: Vec<usize>,
    builds: Table,
}

/// The rows of a table, and the number of rows for which there is no room.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Table {
    pub(super) rows: Vec<Box<RawValue>>,
    pub(super) left_out: u64,
}

impl Table {
    fn of<T: Serialize>(rows: impl IntoIterator<Item = T>, mut bytes: usize) -> anyhow::Result<Self> {
        let mut table = Self::default();
        for row in rows {
            let row = raw(&row)?;
            match bytes.checked_sub(row.get().len()) {
                Some(rest) if table.left_out == 0 => {
                    bytes = rest;
                    table.rows.push(row);
                }
                _ => table.left_out += 1,
            }
        }
        Ok(table)
    }
}

/// Serializes a value to escaped JSON, which has the same length in the page.
pub(super) fn raw(value: &impl Serialize) -> anyhow::Result<Box<RawValue>> {
    Ok(RawValue::from_string(escaped(to_raw_value(value)?.get()))?)
}

#[derive(Serialize)]
struct NamedCount<'a> {
    name: &'a str,
    #[serde(flatten)]
    share: Share,
}

/// The builds by project or initiator. Those with the most stops come first.
fn table(breakdown: &Breakdown) -> anyhow::Result<Table> {
    let mut rows: Vec<NamedCount<'_>> = breakdown.iter().map(|(name, share)| NamedCount { name, share }).collect();
    rows.sort_by_key(|row| (u64::MAX - row.share.stopped, u64::MAX - row.share.builds));
    let more = rows.len().saturating_sub(MAX_ROWS);
    rows.truncate(MAX_ROWS);
    let mut table = Table::of(rows, BYTES_OF_TABLE)?;
    table.left_out += more as u64;
    Ok(table)
}

/// The days of the chart, ascending.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Days<'a> {
    names: Vec<&'a str>,
    builds: Vec<u64>,
    stopped: Vec<u64>,
    /// The number of builds of other days, or of no known day.
    left_out: u64,
}

impl<'a> Days<'a> {
    fn of(breakdown: &'a Breakdown) -> Self {
        let is_day = |name: &str| name.parse::<Date>().is_ok();
        let (days, others): (Vec<_>, Vec<_>) = breakdown.iter().partition(|(name, _)| is_day(name));
        let (earlier, days) = days.split_at(days.len().saturating_sub(MAX_DAYS));
        Self {
            names: days.iter().map(|(name, _)| *name).collect(),
            builds: days.iter().map(|(_, share)| share.builds).collect(),
            stopped: days.iter().map(|(_, share)| share.stopped).collect(),
            left_out: others.iter().chain(earlier).map(|(_, share)| share.builds).sum(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleRow<'a> {
    id: &'a str,
    broken: u64,
    enforced: u64,
    broken_successes: u64,
    undecided: u64,
    exempted: u64,
    #[serde(flatten)]
    saved: Savings,
    exemptions: &'a [ExemptionSummary],
    #[serde(skip_serializing_if = "Option::is_none")]
    charts: Option<Charts<'a>>,
}

/// Names, or indices of days, with the number of builds that break the rule, and of those that would have been stopped.
#[derive(Serialize)]
struct Charts<'a> {
    days: Vec<(usize, u64, u64)>,
    projects: Vec<(&'a str, u64, u64)>,
    initiators: Vec<(&'a str, u64, u64)>,
}

/// The rules. Those that most builds break come first.
fn rules(page: &HtmlPage<'_>, days: &Days<'_>) -> anyhow::Result<Table> {
    let mut rules: Vec<(&String, &RuleSummary)> = page.summary.rules.iter().collect();
    rules.sort_by_key(|(_, rule)| u64::MAX - rule.broken);
    let rows = rules.into_iter().enumerate().map(|(index, (id, rule))| RuleRow {
        id,
        broken: rule.broken,
        enforced: rule.enforced,
        broken_successes: rule.broken_successes,
        undecided: rule.undecided,
        exempted: rule.exempted,
        saved: rule.saved,
        exemptions: &rule.exemptions,
        charts: (index < CHARTED_RULES && rule.broken > 0).then(|| Charts::of(rule, days)),
    });
    Table::of(rows, BYTES_OF_RULES)
}

impl<'a> Charts<'a> {
    fn of(rule: &'a RuleSummary, days: &Days<'_>) -> Self {
        let largest = |breakdown: &'a Breakdown| {
            let shares = breakdown.largest(BARS).into_iter();
            shares.map(|(name, share)| (name, share.builds, share.stopped)).collect()
        };
        let days = rule
            .by_day
            .iter()
            .filter_map(|(name, share)| Some((days.names.binary_search(&name).ok()?, share.builds, share.stopped)));
        Self { days: days.collect(), projects: largest(&rule.by_project), initiators: largest(&rule.by_initiator) }
    }
}

#[derive(Serialize)]
struct UnknownRow<'a> {
    fact: &'a str,
    #[serde(flatten)]
    missing: &'a Missing,
}

/// The missing facts. Those that most builds lack come first.
fn unknown(page: &HtmlPage<'_>) -> anyhow::Result<Table> {
    let mut rows: Vec<UnknownRow<'_>> =
        page.summary.unknown.iter().map(|(fact, missing)| UnknownRow { fact, missing }).collect();
    rows.sort_by_key(|row| u64::MAX - row.missing.builds);
    Table::of(rows, BYTES_OF_TABLE)
}
