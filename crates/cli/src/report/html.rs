//! The results of a replay as one HTML page, which needs no network.
//!
//! **Invariant:** a value of a build is data. It is embedded as JSON in which nothing can end the element, and the
//! page's script shows it as text. The content security policy allows the page's own scripts and style, by their
//! hashes, and nothing else.

mod builds;
mod data;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use base64::{Engine, prelude::BASE64_STANDARD};
use buildbrake_core::{explain::Reason, history::Replayed, summary::Summary};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// The number of builds that a page lists at most. Fewer are listed if they would take more than 3.7 MB.
pub(crate) const MAX_BUILDS: usize = 5_000;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = concat!(
    include_str!("html/script/elements.js"),
    include_str!("html/script/data.js"),
    include_str!("html/script/table.js"),
    include_str!("html/script/overview.js"),
    include_str!("html/script/builds.js"),
    include_str!("html/script/build.js"),
    include_str!("html/script/charts.js"),
    include_str!("html/script/start.js"),
);
const CHARTS: &str = include_str!("html/chart.js-4.6.1/chart.umd.min.js");
const LICENSE_OF_CHARTS: &str = include_str!("html/chart.js-4.6.1/LICENSE.md");
const LICENSE_OF_COLORS: &str = include_str!("html/chart.js-4.6.1/LICENSE-color.md");

/// What a page shows.
pub(crate) struct HtmlPage<'a> {
    /// The totals.
    pub(crate) summary: &'a Summary,
    /// The policy's file.
    pub(crate) policy_name: &'a str,
    /// When the page is made.
    pub(crate) generated_at: Timestamp,
    /// Builds that do not pass every rule, the most important first. Those after [`MAX_BUILDS`] are only counted.
    pub(crate) builds: &'a [Row<'a>],
    /// The number of such builds that are not in `builds`.
    pub(crate) left_out: u64,
}

/// A build that the page lists.
pub(crate) struct Row<'a> {
    /// The build.
    pub(crate) build: &'a Replayed,
    /// The reasons of the rules' decisions: of all rules, or only of those that do not pass. May be empty.
    pub(crate) reasons: &'a [Reason],
}

/// Returns the page, of at most 5 MB.
///
/// # Errors
/// If serde_json cannot serialize the data.
pub(crate) fn page(page: &HtmlPage<'_>) -> anyhow::Result<String> {
    let charts = without_source_map(CHARTS);
    Ok(format!(
        include_str!("html/page.html"),
        script_hash = hash(SCRIPT),
        charts_hash = hash(charts),
        style_hash = hash(STYLE),
        style = STYLE,
        data = data::json(page)?,
        charts = charts,
        script = SCRIPT,
        license_of_charts = LICENSE_OF_CHARTS,
        license_of_colors = LICENSE_OF_COLORS,
    ))
}

/// Returns the name of an inline script or style in a content security policy:
/// <https://www.w3.org/TR/CSP3/#grammardef-hash-source>.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

/// Removes the link to the source map: a browser's developer tools would request it, and the page has none.
fn without_source_map(script: &str) -> &str {
    script.split_once("\n//# sourceMappingURL=").map_or(script, |(script, _)| script)
}
