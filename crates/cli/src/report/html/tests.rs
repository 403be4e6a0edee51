//! Tests of the page's text. `tests/page` drives it in a browser.

use std::{env, fs, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    CHARTS, LICENSE_OF_CHARTS, LICENSE_OF_COLORS, MAX_BUILDS, SCRIPT, STYLE, data,
    sample::{self, HOSTILE, SampleHistory},
};

const MEGABYTE: usize = 1_000_000;

/// The text of each element that starts with this tag.
fn elements<'a>(page: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    page.split(start).skip(1).map(|rest| rest.split_once(end).unwrap().0).collect()
}

fn data_of(history: &SampleHistory) -> Value {
    let page = history.page();
    let data = elements(&page, r#"<script type="application/json" id="data">"#, "</script>");
    assert_eq!(data.len(), 1);
    serde_json::from_str(data[0]).unwrap()
}

#[test]
fn nothing_in_the_data_has_a_meaning_in_html() {
    let page = sample::hostile().page();
    let data = elements(&page, r#"<script type="application/json" id="data">"#, "</script>")[0];
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{data}");
    assert!(!page.contains("<img"));
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["projects"]["rows"][0]["name"], HOSTILE);
}

#[test]
fn the_data_survives_being_escaped() {
    let text = "a < b > c & d \u{2028} e \u{2029} f \\ \" \u{1f600} </script> <!-- ]]>";
    let json = data::escaped(&serde_json::to_string(text).unwrap());
    assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
}

#[test]
fn the_policy_allows_the_scripts_and_the_style_and_nothing_else() {
    let page = sample::ordinary(50).page();
    let policy = elements(&page, r#"<meta http-equiv="Content-Security-Policy" content=""#, "\"")[0];
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    let scripts: Vec<String> = elements(&page, "<script>", "</script>").into_iter().map(hash).collect();
    let styles: Vec<String> = elements(&page, "<style>", "</style>").into_iter().map(hash).collect();
    assert_eq!((scripts.len(), styles.len()), (2, 1));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            scripts.join(" "),
            styles.join(" ")
        )
    );
    assert_eq!(page.matches("<script").count(), 3, "the data and the two scripts");
}

#[test]
fn the_page_names_nothing_that_a_browser_would_load() {
    let page = sample::ordinary(50).page();
    for loading in
        ["src=", "@import", "url(", "sourceMappingURL", "<iframe", "<object", "<base", "style=", "<a href=\"http"]
    {
        let rest = page.replace(CHARTS.split_once("\n//#").unwrap().0, "");
        assert!(!rest.contains(loading), "{loading}");
    }
    for parsing in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"] {
        assert!(!SCRIPT.contains(parsing) && !CHARTS.contains(parsing), "{parsing}");
    }
}

#[test]
fn the_charts_are_those_of_the_release() {
    // From `npm pack chart.js@4.6.1`: dist/chart.umd.min.js.
    let hash: String = Sha256::digest(CHARTS).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2");
    assert_eq!(CHARTS.len(), 210_082);
    assert!(CHARTS.starts_with("/*!\n * Chart.js v4.6.1\n"));
}

#[test]
fn the_page_contains_the_licenses() {
    let page = sample::empty().page();
    for license in [LICENSE_OF_CHARTS, LICENSE_OF_COLORS] {
        assert!(license.contains("Permission is hereby granted, free of charge"));
        assert!(!license.contains(['<', '&']), "it is not escaped");
        assert!(page.contains(license));
    }
}

#[test]
fn five_thousand_builds_of_long_names_fit_into_five_megabytes() {
    let history = sample::long();
    let page = history.page();
    assert!(page.len() <= 5 * MEGABYTE, "{}", page.len());
    let data = data_of(&history);
    assert_eq!(data["builds"]["rows"].as_array().unwrap().len(), MAX_BUILDS);
    assert_eq!(data["builds"]["leftOut"], 0);
    assert_eq!(data["reasons"].as_array().unwrap().len(), MAX_BUILDS);
}

#[test]
fn what_does_not_fit_is_counted() {
    let mut history = sample::ordinary(20_000).times(5);
    for (index, build) in history.builds.iter_mut().enumerate() {
        build.branch = Some(format!("{index}{}", "<".repeat(1_000)));
    }
    let page = history.page();
    assert!(page.len() <= 5 * MEGABYTE, "{}", page.len());
    let data = data_of(&history);
    let listed = data["builds"]["rows"].as_array().unwrap();
    let all = history.builds.len() as u64 + history.left_out;
    assert!(!listed.is_empty() && listed.len() < history.builds.len());
    assert_eq!(listed.len() as u64 + data["builds"]["leftOut"].as_u64().unwrap(), all);
    let values = data["values"].as_array().unwrap();
    for index in listed.iter().flat_map(|build| [&build["project"], &build["branch"], &build["initiator"]]) {
        assert!(values[index.as_u64().unwrap() as usize].is_string());
    }
}

#[test]
fn builds_are_listed_before_reasons() {
    let mut history = sample::long();
    for (index, reasons) in history.reasons.iter_mut().enumerate() {
        reasons[0].why = format!("{index:x<1000}");
    }
    let page = history.page();
    assert!(page.len() <= 5 * MEGABYTE, "{}", page.len());
    let data = data_of(&history);
    assert_eq!(data["builds"]["rows"].as_array().unwrap().len(), MAX_BUILDS);
    let reasons = data["reasons"].as_array().unwrap();
    assert!(!reasons.is_empty() && reasons.len() < MAX_BUILDS, "{}", reasons.len());
    let values = data["values"].as_array().unwrap();
    let value = |index: &Value| &values[index.as_u64().unwrap() as usize];
    for reason in reasons.iter().flat_map(|list| value(list).as_array().unwrap()) {
        assert!(value(reason)["why"].is_string());
    }
}

#[test]
fn many_projects_and_days_fit() {
    let mut history = sample::empty();
    let mut rng = fastrand::Rng::with_seed(20);
    for index in 0..12_000_i64 {
        let mut build = sample::build(&mut rng);
        build.build_id = format!("{:p<150}:{index}", index);
        build.initiator = Some(format!("{:<<150}", index));
        build.start = Some(build.start.unwrap() - jiff::SignedDuration::from_hours(24 * (index % 1_000)));
        history.add(build);
    }
    let page = history.page();
    assert!(page.len() <= 5 * MEGABYTE, "{}", page.len());
    let data = data_of(&history);
    for table in ["projects", "initiators"] {
        let rows = data[table]["rows"].as_array().unwrap();
        let listed: u64 = rows.len() as u64 + data[table]["leftOut"].as_u64().unwrap();
        assert_eq!(listed, 10_001, "10,000 that are counted each by itself, and all others");
    }
    let days = &data["days"];
    let listed: u64 = days["builds"].as_array().unwrap().iter().map(|builds| builds.as_u64().unwrap()).sum();
    assert_eq!(days["names"].as_array().unwrap().len(), 400);
    assert_eq!(listed + days["leftOut"].as_u64().unwrap(), 12_000);
}

#[test]
fn a_build_shares_its_texts_and_keeps_its_numbers() {
    let history = sample::ordinary(500);
    let data = data_of(&history);
    let row = &data["builds"]["rows"][0];
    let build = &history.builds[0];
    let values = data["values"].as_array().unwrap();
    let value = |index: &Value| values[index.as_u64().unwrap() as usize].clone();
    assert_eq!(value(&row["project"]), build.project());
    assert_eq!(format!("{}:{}", build.project(), row["number"].as_str().unwrap()), build.build_id);
    let common = value(&row["common"]);
    assert_eq!(format!("{}{}", common["arn"].as_str().unwrap(), build.build_id), *build.build_arn.as_ref().unwrap());
    assert_eq!(row["start"], build.start.unwrap().as_millisecond());
    let reason = value(&value(&data["reasons"][0])[0]);
    assert_eq!(reason, serde_json::json!({"rule": "max-one-hour", "why": "passes max-duration 1h"}));
    let projects = values.iter().filter(|value| value.as_str() == Some("payments-api")).count();
    assert_eq!(projects, 1);
}

#[test]
fn the_record_of_a_build_stays_out() {
    let mut history = sample::ordinary(50);
    history.builds[0].record = Some(r#"{"reason":"from-the-record"}"#.to_owned());
    assert!(!history.page().contains("from-the-record"));
}

#[test]
fn the_style_and_the_script_end_where_they_should() {
    assert!(!STYLE.contains('<'));
    for script in [SCRIPT, CHARTS] {
        assert!(!script.contains("</script") && !script.contains("<!--"));
    }
}

/// `make page-test` runs this, and drives the pages in a browser.
#[test]
#[ignore = "writes the pages that `make page-test` drives into the folder BUILDBRAKE_PAGES"]
fn write_pages() {
    let folder = PathBuf::from(env::var_os("BUILDBRAKE_PAGES").unwrap());
    fs::create_dir_all(&folder).unwrap();
    let million = sample::ordinary(50_000).times(20);
    assert_eq!(million.summary.judged, 1_000_000);
    for (name, history) in [("million", million), ("hostile", sample::hostile()), ("empty", sample::empty())] {
        fs::write(folder.join(name).with_extension("html"), history.page()).unwrap();
    }
}
