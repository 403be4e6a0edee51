//! The measurements, and the tables that are made of them.

use std::{fmt, time::Duration};

/// One figure, measured again and again.
#[derive(Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// In milliseconds.
    pub fn add_time(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1e3);
    }

    fn quantile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        sorted.get((share * last as f64).round() as usize).copied()
    }

    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }
}

/// Writes the median, and in parentheses the range of the middle half.
impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.quantile(0.25), self.median(), self.quantile(0.75)) {
            (Some(low), Some(median), Some(high)) => {
                let digits = if median < 1.0 { 3 } else { usize::from(median < 100.0) };
                let digits = if (1.0..10.0).contains(&median) { 2 } else { digits };
                write!(f, "**{median:.digits$}** ({low:.digits$}–{high:.digits$})")
            }
            _ => f.write_str("—"),
        }
    }
}

/// Everything that is measured of one peer.
#[derive(Default)]
pub struct Figures {
    pub start: Samples,
    pub start_cpu: Samples,
    pub start_under_quota: Samples,
    pub resident_at_start: Samples,
    pub resident_later: Samples,
    pub compliant: Samples,
    pub compliant_cpu: Samples,
    pub asking: Samples,
    pub asking_cpu: Samples,
    pub violating: Samples,
    pub violating_cpu: Samples,
    pub resolving: Samples,
    pub resolving_cpu: Samples,
    pub first_stop: Samples,
    pub first_stop_cpu: Samples,
    pub first_stop_under_quota: Samples,
    pub size: Samples,
    pub zipped: Samples,
}

/// A row of a table: the measured quantity, its unit, and its field.
type Row = (&'static str, &'static str, fn(&Figures) -> &Samples);

const ROWS: [Row; 18] = [
    ("start", "ms", |figures| &figures.start),
    ("start", "ms of CPU", |figures| &figures.start_cpu),
    ("start under the quota", "ms", |figures| &figures.start_under_quota),
    ("resident after the start", "MB", |figures| &figures.resident_at_start),
    ("resident after the events", "MB", |figures| &figures.resident_later),
    ("warm, compliant event", "ms", |figures| &figures.compliant),
    ("warm, compliant event", "ms of CPU", |figures| &figures.compliant_cpu),
    ("warm, compliant event that needs the Build", "ms", |figures| &figures.asking),
    ("warm, compliant event that needs the Build", "ms of CPU", |figures| &figures.asking_cpu),
    ("warm, violating event", "ms", |figures| &figures.violating),
    ("warm, violating event", "ms of CPU", |figures| &figures.violating_cpu),
    ("a branch found among 50,000", "ms", |figures| &figures.resolving),
    ("a branch found among 50,000", "ms of CPU", |figures| &figures.resolving_cpu),
    ("first stop over TLS", "ms", |figures| &figures.first_stop),
    ("first stop over TLS", "ms of CPU", |figures| &figures.first_stop_cpu),
    ("first stop over TLS under the quota", "ms", |figures| &figures.first_stop_under_quota),
    ("what is deployed", "MB", |figures| &figures.size),
    ("what is deployed, zipped", "MB", |figures| &figures.zipped),
];

/// A table in Markdown: one row for each figure, one column for each peer.
pub fn table(measured: &[(String, Figures)]) -> String {
    let mut table = String::from("| |");
    measured.iter().for_each(|(name, _)| table.push_str(&format!(" {name} |")));
    table.push_str(&format!("\n| --- |{}\n", " --- |".repeat(measured.len())));
    for (name, unit, samples) in ROWS {
        table.push_str(&format!("| {name}, {unit} |"));
        measured.iter().for_each(|(_, figures)| table.push_str(&format!(" {} |", samples(figures))));
        table.push('\n');
    }
    table
}

/// Returns a table in Markdown that divides the first peer's medians by those of each other peer.
pub fn ratios(measured: &[(String, Figures)]) -> String {
    let Some(((_, own), others)) = measured.split_first() else { return String::new() };
    let mut table = String::from("| |");
    others.iter().for_each(|(name, _)| table.push_str(&format!(" {name} |")));
    table.push_str(&format!("\n| --- |{}\n", " --- |".repeat(others.len())));
    for (name, unit, samples) in ROWS {
        table.push_str(&format!("| {name}, {unit} |"));
        for (_, other) in others {
            match (samples(own).median(), samples(other).median()) {
                (Some(own), Some(other)) => table.push_str(&format!(" {:.2} |", own / other)),
                _ => table.push_str(" — |"),
            }
        }
        table.push('\n');
    }
    table
}
