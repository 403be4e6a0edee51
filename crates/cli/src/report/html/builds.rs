//! The builds that the page lists.

use std::collections::HashMap;

use buildbrake_core::{
    facts::{RefFrom, starter::Starter},
    history::{Replayed, RuleDecision, RuleResult},
    policy::Mode,
    record::Outcome,
    summary::{Minutes, Savings, Usd},
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    HtmlPage, MAX_BUILDS,
    data::{Table, raw},
};

/// The bytes that the builds, their reasons and the values of both may take.
const MAX_BYTES: usize = 3_700_000;

/// The builds of a page.
pub(super) struct Builds {
    /// The builds that are listed.
    pub(super) table: Table,
    /// An element for each of the first builds, as many as there is room for. It is the index of a list in `values`,
    /// and the list contains the indices of the build's reasons in `values`.
    pub(super) reasons: Vec<usize>,
    /// The values that the builds and their reasons share.
    pub(super) values: Vec<Box<RawValue>>,
}

impl Builds {
    pub(super) fn of(page: &HtmlPage<'_>) -> anyhow::Result<Self> {
        let mut values = UsedValues::default();
        let mut table = Table::default();
        let mut bytes = 0;
        for row in page.builds.iter().take(MAX_BUILDS) {
            let shared = values.list.len();
            let build = raw(&Build::of(row.build, &mut values)?)?;
            if bytes + build.get().len() + values.bytes > MAX_BYTES {
                values.forget_from(shared);
                break;
            }
            bytes += build.get().len() + 1;
            table.rows.push(build);
        }
        table.left_out = page.left_out + (page.builds.len() - table.rows.len()) as u64;
        let mut reasons = Vec::new();
        for row in page.builds.iter().take(table.rows.len()) {
            let shared = values.list.len();
            let list = row.reasons.iter().map(|reason| values.index(reason)).collect::<anyhow::Result<Vec<usize>>>()?;
            let list = values.index(&list)?;
            if bytes + values.bytes > MAX_BYTES {
                values.forget_from(shared);
                break;
            }
            reasons.push(list);
        }
        Ok(Self { table, reasons, values: values.list })
    }
}

/// Values in the order in which they were first used.
#[derive(Default)]
struct UsedValues {
    indices: HashMap<String, usize>,
    list: Vec<Box<RawValue>>,
    bytes: usize,
}

impl UsedValues {
    /// Removes the values from this index on.
    fn forget_from(&mut self, index: usize) {
        self.bytes -= self.list.drain(index..).map(|value| value.get().len() + 1).sum::<usize>();
        self.indices.retain(|_, kept| *kept < index);
    }

    fn index(&mut self, value: &impl Serialize) -> anyhow::Result<usize> {
        let value = raw(value)?;
        if let Some(index) = self.indices.get(value.get()) {
            return Ok(*index);
        }
        let index = self.list.len();
        self.indices.insert(value.get().to_owned(), index);
        self.bytes += value.get().len() + 1;
        self.list.push(value);
        Ok(index)
    }

    fn index_of(&mut self, text: Option<&str>) -> anyhow::Result<Option<usize>> {
        text.map(|text| self.index(&text)).transpose()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build<'a> {
    /// The build's id, without the project's name and the colon after it.
    number: &'a str,
    project: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git_ref: Option<usize>,
    /// In milliseconds since 1970, as all times of a build.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    saved: Amount,
    if_enforced: Amount,
    /// The index of its `Common`.
    common: usize,
    rules: Vec<DecisionRow>,
}

/// The members that have few different values, so that one index can stand for all of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Common<'a> {
    /// The build's ARN up to its id.
    arn: Option<&'a str>,
    account: Option<&'a str>,
    region: Option<&'a str>,
    started_by: Option<Starter>,
    ref_from: Option<RefFrom>,
    status: Option<&'a str>,
    outcome: Outcome,
    is_priced: bool,
}

/// Minutes and US dollars, without their names.
type Amount = (Minutes, Usd);

fn amount(saved: Savings) -> Amount {
    (saved.minutes, saved.usd)
}

#[derive(Serialize)]
struct DecisionRow {
    rule: usize,
    #[serde(flatten)]
    kind: DecisionKind,
}

#[derive(Serialize)]
#[serde(tag = "decided", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum DecisionKind {
    Broken { mode: Mode, found: usize, at: Option<i64>, saved: Amount, is_unknown: bool },
    Undecided { missing: usize, counts: bool },
    Exempted { index: usize, reason: Option<usize>, until: Option<Date> },
}

impl<'a> Build<'a> {
    fn of(build: &'a Replayed, values: &mut UsedValues) -> anyhow::Result<Self> {
        let (project, number) = build.build_id.rsplit_once(':').unwrap_or_default();
        Ok(Self {
            number,
            project: values.index(&project)?,
            initiator: values.index_of(build.initiator.as_deref())?,
            branch: values.index_of(build.branch.as_deref())?,
            git_ref: values.index_of(build.git_ref.as_deref())?,
            start: build.start.map(Timestamp::as_millisecond),
            end: build.end.map(Timestamp::as_millisecond),
            saved: amount(build.saved),
            if_enforced: amount(build.saved_if_enforced),
            common: values.index(&Common::of(build))?,
            rules: build.rules.iter().map(|rule| DecisionRow::of(rule, values)).collect::<anyhow::Result<_>>()?,
        })
    }
}

impl<'a> Common<'a> {
    fn of(build: &'a Replayed) -> Self {
        Self {
            arn: build.build_arn.as_deref().and_then(|arn| arn.strip_suffix(build.build_id.as_str())),
            account: build.account(),
            region: build.region(),
            started_by: build.started_by,
            ref_from: build.ref_from,
            status: build.status.as_deref(),
            outcome: build.outcome,
            is_priced: build.is_priced,
        }
    }
}

impl DecisionRow {
    fn of(result: &RuleResult, values: &mut UsedValues) -> anyhow::Result<Self> {
        let kind = match &result.decided {
            RuleDecision::Broken { mode, found, at, saved, unknown } => DecisionKind::Broken {
                mode: *mode,
                found: values.index(found)?,
                at: at.map(Timestamp::as_millisecond),
                saved: amount(*saved),
                is_unknown: unknown.is_some(),
            },
            RuleDecision::Undecided { missing, source: _, counts } => {
                DecisionKind::Undecided { missing: values.index(missing)?, counts: *counts }
            }
            RuleDecision::Exempted { index, reason, until } => {
                DecisionKind::Exempted { index: *index, reason: values.index_of(reason.as_deref())?, until: *until }
            }
        };
        Ok(Self { rule: values.index(&result.rule)?, kind })
    }
}
