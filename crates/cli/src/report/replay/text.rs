//! The report of a replay as text.

use buildbrake_core::{
    diagnostic::printable,
    record::Outcome,
    summary::{Breakdown, Examples, RuleSummary, Savings, Summary},
};

use super::{PolicyComparison, Report};
use crate::output::count;

/// The number of projects, initiators, days and builds that are named.
const NAMED: usize = 5;

/// The summary, for people.
pub(crate) fn report(report: &Report<'_>) -> String {
    let summary = report.summary;
    let mut text = overview(report);
    text.push_str(&accounts(&summary.by_account));
    text.push_str(&successes(&summary.stopped_successes));
    text.push_str(&rules(summary));
    text.push_str(&unknown(summary));
    text.push_str(&idle_and_exempt(summary));
    if let Some(comparison) = report.comparison {
        text.push_str(&changes(comparison));
    }
    let unreadable = unreadable(report);
    if !unreadable.is_empty() {
        text.push_str(&format!("\n{unreadable}"));
    }
    text
}

fn overview(report: &Report<'_>) -> String {
    let summary = report.summary;
    let by = report.policy.map(|policy| format!(" by {policy}")).unwrap_or_default();
    let days: Vec<&str> = summary.by_day.iter().map(|(day, _)| day).filter(|day| day.starts_with('2')).collect();
    let period = match (days.first(), days.last()) {
        (Some(first), Some(last)) if first != last => format!(", started from {first} to {last} (UTC)"),
        (Some(day), _) => format!(", started on {day} (UTC)"),
        (None, _) => String::new(),
    };
    let mut text = format!("{} judged{by}{period}\n", builds(summary.judged));
    for (outcome, what) in [
        (Outcome::Allowed, "break no rule"),
        (Outcome::Stopped, "would have been stopped"),
        (Outcome::Reported, "would have been reported"),
        (Outcome::Protected, "would have been reported and not stopped, because of `never-stop`"),
    ] {
        let number = summary.outcomes.get(&outcome).copied().unwrap_or_default();
        let known = if outcome == Outcome::Allowed && summary.undecided > 0 { ", as far as is known" } else { "" };
        if number > 0 || outcome == Outcome::Stopped {
            text.push_str(&format!("  {number:>8} {what}{known}\n"));
        }
    }
    if summary.undecided > 0 {
        text.push_str(&format!("  {:>8} with a rule that could not be evaluated\n", summary.undecided));
    }
    text.push_str(&format!("\nthe stops would have saved {}\n", amount(summary.saved)));
    let is_priced = summary.saved.usd != Default::default();
    if summary.unpriced > 0 && (is_priced || summary.saved.minutes == Default::default()) {
        text.push_str(&format!("  without {}, whose price or running time is unknown\n", builds(summary.unpriced)));
    }
    let all = &summary.if_enforced;
    if all.stopped != summary.outcomes.get(&Outcome::Stopped).copied().unwrap_or_default() {
        let successes = match all.stopped_successes {
            0 => String::new(),
            number => format!(" ({number} of which succeeded)"),
        };
        text.push_str(&format!(
            "if every rule were enforced: {}{successes} stopped, {} saved\n",
            builds(all.stopped),
            amount(all.saved)
        ));
    }
    text
}

/// The builds by account and region, if there are several.
fn accounts(shares: &Breakdown) -> String {
    let number = shares.iter().count();
    if number < 2 {
        return String::new();
    }
    let mut text =
        format!("\n{:32} {:>8} {:>8} {:>12} {:>11}\n", "account and region", "builds", "stopped", "minutes", "USD");
    for (place, share) in shares.largest(4 * NAMED) {
        let (minutes, usd) = (share.saved.minutes.as_f64(), share.saved.usd.as_f64());
        text.push_str(&format!(
            "{:32} {:>8} {:>8} {minutes:>12.1} {usd:>11.2}\n",
            shown(place),
            share.builds,
            share.stopped
        ));
    }
    let rest = number.saturating_sub(4 * NAMED);
    if rest > 0 {
        text.push_str(&format!("and {rest} more; `--format json` has all\n"));
    }
    text
}

/// The builds that succeeded and would have been stopped.
fn successes(examples: &Examples) -> String {
    if examples.builds == 0 {
        return "\nno build that succeeded would have been stopped\n".to_owned();
    }
    let mut text = format!("\n{} succeeded and would have been stopped:\n", builds(examples.builds));
    for example in examples.examples.iter().take(NAMED) {
        let minutes = example.saved.minutes.as_f64();
        text.push_str(&format!(
            "  {} by {}, {minutes:.1} min before its end\n",
            shown(&example.build_id),
            example.rules.join(", ")
        ));
    }
    let rest = examples.builds.saturating_sub(NAMED as u64);
    if rest > 0 {
        text.push_str(&format!("  and {rest} more; `--format ndjson` has all\n"));
    }
    text
}

fn rules(summary: &Summary) -> String {
    let mut rules: Vec<(&String, &RuleSummary)> = summary.rules.iter().filter(|(_, rule)| rule.counts()).collect();
    if rules.is_empty() {
        return String::new();
    }
    rules.sort_by(|(id, one), (other_id, other)| (other.broken, id).cmp(&(one.broken, other_id)));
    let width = rules.iter().map(|(id, _)| id.len()).max().unwrap_or_default().max(4);
    let mut text = format!(
        "\n{:width$} {:>8} {:>10} {:>10} {:>8} {:>12} {:>11}\n",
        "rule", "broken", "succeeded", "undecided", "exempt", "minutes", "USD"
    );
    for (id, rule) in &rules {
        let (minutes, usd) = (rule.saved.minutes.as_f64(), rule.saved.usd.as_f64());
        text.push_str(&format!(
            "{id:width$} {:>8} {:>10} {:>10} {:>8} {minutes:>12.1} {usd:>11.2}\n",
            rule.broken, rule.broken_successes, rule.undecided, rule.exempted
        ));
    }
    for (id, rule) in rules.iter().filter(|(_, rule)| rule.broken > 0) {
        text.push_str(&format!("\n{id} is broken most\n"));
        for (by, shares) in [("project", &rule.by_project), ("initiator", &rule.by_initiator), ("day", &rule.by_day)] {
            text.push_str(&format!("  by {by:9}  {}\n", largest(shares)));
        }
    }
    text
}

fn largest(shares: &Breakdown) -> String {
    let named = shares.largest(NAMED).into_iter().map(|(key, share)| format!("{} ({})", shown(key), share.builds));
    let mut named: Vec<String> = named.collect();
    let rest = shares.iter().count().saturating_sub(NAMED);
    if rest > 0 {
        named.push(format!("{rest} more"));
    }
    named.join(", ")
}

fn unknown(summary: &Summary) -> String {
    if summary.unknown.is_empty() {
        return String::new();
    }
    let mut unknown: Vec<_> = summary.unknown.iter().collect();
    unknown.sort_by(|(fact, one), (other_fact, other)| (other.builds, fact).cmp(&(one.builds, other_fact)));
    let mut text = "\nunknown facts\n".to_owned();
    for (fact, missing) in unknown.iter().take(2 * NAMED) {
        let rules: Vec<&str> = missing.rules.iter().map(String::as_str).collect();
        text.push_str(&format!("  {}: {}, for {}\n", shown(fact), builds(missing.builds), rules.join(", ")));
        if let Some(resolved_by) = &missing.resolved_by {
            text.push_str(&format!("    = {resolved_by}\n"));
        }
    }
    if unknown.len() > 2 * NAMED {
        text.push_str(&format!("  and {} more\n", unknown.len() - 2 * NAMED));
    }
    text
}

/// The rules that no build broke, and the use of each exemption.
fn idle_and_exempt(summary: &Summary) -> String {
    let mut text = String::new();
    let idle: Vec<&str> =
        summary.rules.iter().filter(|(_, rule)| rule.broken == 0).map(|(id, _)| id.as_str()).collect();
    if !idle.is_empty() {
        text.push_str(&format!("\nrules that no build broke: {}\n", idle.join(", ")));
    }
    let exemptions =
        summary.rules.iter().flat_map(|(id, rule)| rule.exemptions.iter().map(move |exemption| (id, exemption)));
    let lines = exemptions.map(|(id, exemption)| {
        let used = match exemption.builds {
            0 => "no build needed it".to_owned(),
            number => format!("{} would have broken the rule or been undecided", builds(number)),
        };
        format!("  {id}: {}: {used}\n", shown(&exemption.exemption))
    });
    let lines: String = lines.collect();
    if !lines.is_empty() {
        text.push_str(&format!("\nexemptions\n{lines}"));
    }
    text
}

fn changes(comparison: &PolicyComparison) -> String {
    let mut text = format!("\ncompared with {}: {} judged differently\n", comparison.old, builds(comparison.changed));
    for (from, outcomes) in &comparison.outcomes {
        for (to, number) in outcomes.iter().filter(|(to, _)| *to != from) {
            text.push_str(&format!("  {number:>8} {} -> {}\n", name(*from), name(*to)));
        }
    }
    for (build, change) in comparison.builds.iter().take(4 * NAMED) {
        let mut rules: Vec<String> = change.newly_broken.iter().map(|rule| format!("+{rule}")).collect();
        rules.extend(change.no_longer_broken.iter().map(|rule| format!("-{rule}")));
        let mut parts: Vec<String> = if rules.is_empty() { Vec::new() } else { vec![rules.join(" ")] };
        for (what, rules) in
            [("now enforced", &change.newly_enforced), ("no longer enforced", &change.no_longer_enforced)]
        {
            if !rules.is_empty() {
                parts.push(format!("{what}: {}", rules.join(", ")));
            }
        }
        let rules = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join("; ")) };
        text.push_str(&format!("  {}: {} -> {}{rules}\n", shown(build), name(change.from), name(change.to)));
    }
    let rest = comparison.changed.saturating_sub(4 * NAMED as u64);
    if rest > 0 {
        text.push_str(&format!("  and {rest} more; `--format json` has up to 1,000\n"));
    }
    text
}

/// The values that could not be read.
pub(crate) fn unreadable(report: &Report<'_>) -> String {
    let number = report.summary.unreadable;
    if number == 0 {
        return String::new();
    }
    let mut text = format!("{number} {} could not be read\n", if number == 1 { "value" } else { "values" });
    for value in report.unreadable {
        text.push_str(&format!("  {}\n", shown(value)));
    }
    text
}

fn name(outcome: Outcome) -> String {
    serde_json::to_value(outcome).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn builds(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "build")
}

fn amount(saved: Savings) -> String {
    let minutes = format!("{:.1} minutes", saved.minutes.as_f64());
    match saved.usd.as_f64() {
        0.0 => minutes,
        usd => format!("{minutes} and {usd:.2} USD"),
    }
}

/// A text of a build, without control characters that a terminal would heed.
fn shown(text: &str) -> String {
    printable(text, 200)
}
