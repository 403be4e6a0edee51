//! Patterns of accounts, regions and projects.

use crate::{
    facts::possible::{Form, Remark, can_fit, is_wild},
    pattern::Pattern,
};

/// Twelve digits.
const ACCOUNT: Form = Form {
    step: |state, character| (state < 12 && character.is_ascii_digit()).then_some(state + 1),
    ends: |state| state == 12,
    alphabet: "0",
};

/// `eu-west-1`, `us-gov-east-1`, `eusc-de-east-1`: words, and a number.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
const REGION: Form = Form {
    step: |state, character| match (state, character) {
        (0, 'a'..='z') => Some(1),
        (1..=2, 'a'..='z') => Some(2),
        (2, '-') => Some(3),
        (3..=4, 'a'..='z') => Some(4),
        (4, '-') => Some(5),
        (5, 'a'..='z') => Some(4),
        (5, '1'..='9') => Some(6),
        (6, '0'..='9') => Some(7),
        _ => None,
    },
    ends: |state| state == 6 || state == 7,
    alphabet: "a-1",
};

/// Letters, digits, `-` and `_`, the first one a letter or a digit. The API requires at least two characters;
/// one is accepted for the sake of short examples.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
const PROJECT: Form = Form {
    step: |state, character| match (state, character) {
        (0, 'a'..='z' | 'A'..='Z' | '0'..='9') => Some(1),
        (1..=2, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_') => Some(2),
        _ => None,
    },
    ends: |state| state > 0,
    alphabet: "a-",
};

/// The usual names of some regions.
const REGION_NAMES: &[(&str, &str)] = &[
    ("ireland", "eu-west-1"),
    ("london", "eu-west-2"),
    ("paris", "eu-west-3"),
    ("frankfurt", "eu-central-1"),
    ("zurich", "eu-central-2"),
    ("stockholm", "eu-north-1"),
    ("milan", "eu-south-1"),
    ("spain", "eu-south-2"),
    ("virginia", "us-east-1"),
    ("ohio", "us-east-2"),
    ("california", "us-west-1"),
    ("oregon", "us-west-2"),
    ("canada", "ca-central-1"),
    ("sao paulo", "sa-east-1"),
    ("mumbai", "ap-south-1"),
    ("singapore", "ap-southeast-1"),
    ("sydney", "ap-southeast-2"),
    ("jakarta", "ap-southeast-3"),
    ("tokyo", "ap-northeast-1"),
    ("seoul", "ap-northeast-2"),
    ("osaka", "ap-northeast-3"),
    ("hong kong", "ap-east-1"),
    ("bahrain", "me-south-1"),
    ("cape town", "af-south-1"),
    ("europe", "eu-*"),
    ("us", "us-*"),
    ("eu", "eu-*"),
];

/// Returns whether a text is an account id, without wildcards.
pub fn is_account(text: &str) -> bool {
    !is_wild(text) && can_fit(text, &ACCOUNT)
}

/// Returns whether a text has the shape of a region's code, without wildcards.
pub fn is_region(text: &str) -> bool {
    !is_wild(text) && can_fit(text, &REGION)
}

/// Parses a pattern of account ids. Returns an error if no account can fit it.
pub fn account_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    if can_fit(text, &ACCOUNT) {
        return Ok((pattern, Vec::new()));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let right = match digits.len() {
        12 => format!("`\"{digits}\"`"),
        11 if digits == text => "all twelve digits in quotes; perhaps a zero in front was lost".to_owned(),
        _ => "the twelve digits in quotes, as in `\"111122223333\"`".to_owned(),
    };
    Err(Remark::new(format!("no account fits `{text}`: an account id has twelve digits"), right))
}

/// Parses a pattern of regions. Returns an error if no region can fit it.
pub fn region_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    if can_fit(text, &REGION) {
        return Ok((pattern, unknown_region(text).into_iter().collect()));
    }
    let lower = text.to_lowercase().replace('_', "-");
    let zone = lower.strip_suffix(|last: char| last.is_ascii_lowercase()).filter(|zone| can_fit(zone, &REGION));
    let named = || REGION_NAMES.iter().find(|(name, _)| lower.contains(name) && (name.len() > 2 || lower == *name));
    let numbered = format!("{lower}-*");
    let (why, right) = if can_fit(&lower, &REGION) {
        ("a region is written in lower case, with `-`", format!("`{lower}`"))
    } else if let Some(zone) = zone {
        ("that is an availability zone", format!("`{zone}`"))
    } else if let Some((_, region)) = named() {
        ("write a region as its code", format!("`{region}`"))
    } else if lower.contains('-') && !is_wild(text) && can_fit(&numbered, &REGION) {
        ("a region ends with a number", format!("`{numbered}`"))
    } else {
        ("write a region as its code", "a code as in `eu-west-1`, or `eu-*`".to_owned())
    };
    Err(Remark::new(format!("no region fits `{text}`: {why}"), right))
}

/// The first words in the codes of all regions so far.
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html>
const AREAS: [&str; 11] = ["af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us"];
/// The words before the number.
const DIRECTIONS: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "southeast", "northwest", "southwest"];

/// Warns about a region with a word that no region has so far. It is no error, because AWS may add such a
/// region at any time.
fn unknown_region(text: &str) -> Option<Remark> {
    let words: Vec<&str> = text.split('-').collect();
    let [area, between @ .., direction, number] = &words[..] else { return None };
    if is_wild(text) || AREAS.contains(area) && DIRECTIONS.contains(direction) {
        return None;
    }
    let nearest = |word: &str, known: &[&'static str]| {
        known.iter().copied().min_by_key(|known| strsim::damerau_levenshtein(word, known)).unwrap_or_default()
    };
    let right = [&[nearest(area, &AREAS)], between, &[nearest(direction, &DIRECTIONS), number]].concat().join("-");
    Some(Remark::new(format!("no known region is called `{text}`"), format!("`{right}`, if you mean that region")))
}

/// Returns the partition of a region. `None` for the isolated regions, and for a region of an unknown area.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
pub fn partition(region: &str) -> Option<&'static str> {
    let (area, rest) = region.split_once('-')?;
    match area {
        "cn" => Some("aws-cn"),
        "eusc" => Some("aws-eusc"),
        _ if rest.starts_with("gov-") => Some("aws-us-gov"),
        _ if rest.starts_with("iso") || !AREAS.contains(&area) => None,
        _ => Some("aws"),
    }
}

/// Parses a pattern of project names. Returns an error if no project can fit it.
pub fn project_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    if can_fit(text, &PROJECT) {
        return Ok((pattern, Vec::new()));
    }
    let right = match text.strip_prefix("arn:").and_then(|arn| arn.split_once(":project/")) {
        Some((_, name)) => format!("the project's name: `{name}`"),
        None if text.starts_with("arn:") => "the project's name".to_owned(),
        None => {
            let name = text.strip_prefix("project/").or_else(|| text.strip_prefix("build/")).unwrap_or(text);
            match name.split(':').next().filter(|name| can_fit(name, &PROJECT)) {
                Some(name) => format!("the project's name: `{name}`"),
                None => "a name of letters, digits, `-` and `_`".to_owned(),
            }
        }
    };
    let why = if text.starts_with("arn:") {
        "a pattern of projects is a name, not an ARN"
    } else {
        "it is not a project's name"
    };
    Err(Remark::new(format!("no project fits `{text}`: {why}"), right))
}
