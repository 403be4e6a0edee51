//! The faults of a pattern without a scheme, which is compared with locations in S3.

use super::{bucket, codecommit, query, quoted};
use crate::facts::{
    possible::{Form, Remark, can_fit, is_wild},
    source_location::Scheme,
    vocabulary::{SOURCE_TYPES, is_host_like},
};

/// Checks a location in S3, `bucket/key`.
pub(in crate::facts::source_pattern) fn of_s3(text: &str, warnings: &mut Vec<Remark>) -> Result<(), Remark> {
    if text == "NO_SOURCE" {
        return Ok(());
    }
    let first = text.split('/').next().unwrap_or(text);
    if let Some(rest) = text.strip_prefix('/') {
        let rest = rest.trim_start_matches('/');
        let right = if is_host_like(rest.split('/').next().unwrap_or(rest)) {
            format!("https://{rest}")
        } else {
            rest.to_owned()
        };
        return Err(Remark::new(format!("no location fits `{text}`: none begins with `/`"), quoted(&right)));
    }
    if let Some(rest) = text[first.len()..].strip_prefix("//").filter(|_| Scheme::read(first).is_some()) {
        let right = quoted(&format!("https://{rest}"));
        return Err(Remark::new(format!("no location fits `{text}`: a `:` is missing behind `{first}`"), right));
    }
    let upper = first.to_ascii_uppercase();
    if SOURCE_TYPES.contains(&first) || !text.contains('/') && SOURCE_TYPES.contains(&&*upper) {
        return Err(source_type(text, &upper));
    }
    if let Some(arn) = text.strip_prefix("arn:") {
        let name = arn.rsplit(':').next().unwrap_or(arn);
        let right = match arn.split(':').collect::<Vec<_>>()[..] {
            [_, "codecommit", region, ..] => quoted(&codecommit(region, name)),
            _ => format!("a location in S3 without its ARN: {}", quoted(name)),
        };
        return Err(Remark::new(format!("no location fits `{text}`: none is an ARN"), right));
    }
    if let Some((scheme, rest)) = first.split_once(':')
        && Scheme::read(scheme).is_some()
    {
        let rest = format!("{rest}{}", &text[first.len()..]);
        let right = quoted(&format!("https://{}", rest.trim_start_matches('/')));
        return Err(Remark::new(format!("no location fits `{text}`: `//` is missing behind `{scheme}:`"), right));
    }
    let is_host = is_host_like(first);
    if !is_wild(text) && !text.contains('/') {
        let right = match is_host {
            true => quoted(&format!("https://{}/*", text.rsplit('@').next().unwrap_or(text))),
            false => "a URL as in `https://github.com/acme/*`, or `bucket/key` in S3".to_owned(),
        };
        return Err(Remark::new(
            format!("no location fits `{text}`: it is neither a URL nor `bucket/key` in S3"),
            right,
        ));
    }
    if let Some(location) = bucket(first, &text[first.len()..]).filter(|_| is_host) {
        let found = format!("a location in S3 has no host, so that `{text}` fits none");
        warnings.push(Remark::new(found, quoted(&location)));
    } else if is_host || first.contains('@') {
        let url = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let found = format!("`{text}` has no scheme, so that it is compared as `bucket/key` in S3");
        warnings.push(Remark::new(found, quoted(&format!("https://{url}"))));
    } else if text.strip_suffix('/') == Some(first) {
        let found = format!("`{text}` fits only a bucket as a whole");
        warnings.push(Remark::new(found, format!("`{text}*` for everything in it")));
    } else if !is_bucket(first) {
        let found = format!("`{text}` is compared as `bucket/key` in S3, and no bucket can be called `{first}`");
        let right = format!("{}, if you mean repositories", quoted(&format!("https://github.com/{text}")));
        warnings.push(Remark::new(found, right));
    } else if let Some(at) = query(text) {
        let found = format!("`{text}` has a query, and a location in S3 has none");
        warnings.push(Remark::new(found, quoted(&text[..at])));
    } else if let [bucket, key] = text.split('/').collect::<Vec<_>>()[..]
        && !is_wild(text)
        && !key.contains('.')
    {
        let found = format!("`{text}` is compared with the object `{key}` in a bucket called `{bucket}`");
        let right =
            format!("{} for a repository, `{text}/*` for a folder", quoted(&format!("https://github.com/{text}")));
        warnings.push(Remark::new(found, right));
    }
    Ok(())
}

/// Letters in lower case, digits, dots and hyphens, at least three.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const BUCKET: Form = Form {
    // In the states 1 to 3, the last character is a letter or a digit; in 4 to 6 a hyphen, in 7 to 9 a dot.
    // Each group counts one, two, and three or more characters.
    step: |state, next| {
        let count = if state == 0 { 1 } else { state.wrapping_sub(1) % 3 + 2 }.min(3);
        match next {
            'a'..='z' | '0'..='9' => Some(count),
            '-' if state > 0 => Some(count + 3),
            '.' if (1..7).contains(&state) => Some(count + 6),
            _ => None,
        }
    },
    ends: |state| state == 3,
    alphabet: "a.-",
};

/// Returns whether a bucket can have this name. Only the part up to the first `*` is checked.
fn is_bucket(first: &str) -> bool {
    match first.split_once('*') {
        Some((start, _)) => can_fit(&format!("{start}*"), &BUCKET),
        None => can_fit(first, &BUCKET),
    }
}

fn source_type(text: &str, kind: &str) -> Remark {
    let right = match kind {
        "NO_SOURCE" => quoted("NO_SOURCE"),
        "GITHUB" => quoted("https://github.com/*"),
        "GITLAB" => quoted("https://gitlab.com/*"),
        "BITBUCKET" => quoted("https://bitbucket.org/*"),
        _ => "a URL as in `https://git.example.com/*`".to_owned(),
    };
    let found = format!("no location fits `{text}`, which is a source's type");
    let right = match kind {
        "NO_SOURCE" => right,
        _ => format!("{right}; or `build.source.type == \"{kind}\"` in an expression"),
    };
    Remark::new(found, right)
}
