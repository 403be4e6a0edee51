//! The faults of a pattern of locations, and what is probably not meant by it.

use crate::facts::{
    possible::{Remark, is_wild},
    source_location::{Scheme, is_known},
    vocabulary::{SOURCE_TYPES, is_host_like},
};

/// Hosts whose repositories are called `OWNER/REPOSITORY`, without further folders.
const FLAT_HOSTS: [&str; 2] = ["github.com", "bitbucket.org"];

pub(super) fn as_written(text: &str, why: &str) -> Remark {
    Remark::new(
        format!("`{text}` is compared as written with locations in their normal form: {why}"),
        "a URL in its plain form, as in `https://github.com/acme/*`",
    )
}

pub(super) fn fragment(text: &str) -> Remark {
    let plain = text.split('#').next().unwrap_or(text);
    Remark::new(format!("no location fits `{text}`: locations are compared without a fragment"), quoted(plain))
}

pub(super) fn other_scheme(text: &str) -> Remark {
    let (scheme, rest) = text.split_once("://").unwrap_or((text, ""));
    match scheme {
        "s3" | "S3" => {
            Remark::new(format!("no location fits `{text}`: one in S3 is written without `s3://`"), quoted(rest))
        }
        _ => Remark::new(
            format!("no location fits `{text}`: `{scheme}` is no scheme of a git host"),
            quoted(&format!("https://{rest}")),
        ),
    }
}

pub(super) fn no_host(text: &str, authority: &str, path: &str) -> Remark {
    let found = format!("no location fits `{text}`: `{authority}` is no host");
    match authority.split_once(':') {
        Some((host, first)) if !host.is_empty() => {
            Remark::new(found, format!("a `/` behind the host: {}", quoted(&format!("https://{host}/{first}{path}"))))
        }
        _ => Remark::new(found, "a URL, as in `https://github.com/acme/*`"),
    }
}

/// Warns about a URL that is probably not meant: `path` as written, `normal` in its normal form.
pub(super) fn of_url(
    text: &str,
    host: &str,
    path: &str,
    normal: &str,
    warnings: &mut Vec<Remark>,
) -> Result<(), Remark> {
    let plain = format!("https://{host}{normal}");
    let segments: Vec<&str> = normal.split('/').skip(1).collect();
    let is_flat = FLAT_HOSTS.contains(&host);
    if text.matches("://").count() > 1 {
        let found = format!("`{text}` contains several locations");
        warnings.push(Remark::new(found, "a list with an element for each"));
        return Ok(());
    }
    if let Some(bucket) = bucket(host, normal) {
        let found = format!("`{text}` is a repository's URL here, and a location in S3 has no host");
        warnings.push(Remark::new(found, quoted(&bucket)));
        return Ok(());
    }
    if is_wild(host) {
        return Ok(());
    }
    if !is_wild(normal) && segments.len() < 2 && is_known(host) {
        return Err(Remark::new(
            format!("no repository fits `{text}`, which has no repository's name"),
            format!("{} for everything below it", quoted(&format!("{plain}/*"))),
        ));
    }
    if segments.is_empty() {
        let right = format!("{} for every repository of the host", quoted(&format!("{plain}/*")));
        warnings.push(Remark::new(format!("`{text}` fits a repository without a path alone"), right));
    } else if path.ends_with('/') && !(is_flat && segments.len() == 2) {
        let right =
            format!("{} for everything below it, {} for the repository", quoted(&format!("{plain}/*")), quoted(&plain));
        warnings.push(Remark::new(format!("a `/` at the end of `{text}` is left out"), right));
    } else if let [owner, repository, _, ..] = &segments[..]
        && is_flat
        && !is_wild(owner)
        && !is_wild(repository)
    {
        let right = quoted(&format!("https://{host}/{owner}/{repository}"));
        warnings.push(Remark::new(format!("`{text}` is more than a repository of {host} has in its name"), right));
    } else if let Some(repository) = repository_of_page(&segments) {
        let right = quoted(&format!("https://{host}/{}", repository.join("/")));
        warnings.push(Remark::new(format!("`{text}` looks like the address of a page and no repository"), right));
    } else if let Some(start) = normal.strip_suffix(".*") {
        let right = format!("{}, without an end", quoted(&format!("https://{host}{start}")));
        warnings.push(Remark::new(format!("`{text}` does not fit `.git`, which is left out of a location"), right));
    }
    Ok(())
}

/// The location in S3 of a URL of S3, with the bucket in its host or its path.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
fn bucket(host: &str, path: &str) -> Option<String> {
    let (host, _) = host.split_once(".amazonaws.com")?;
    let is_s3 = |label: &str| label == "s3" || label.starts_with("s3-");
    let at = host.split('.').position(is_s3)?;
    let bucket = host.split('.').take(at).collect::<Vec<_>>().join(".");
    Some(if bucket.is_empty() { path.trim_start_matches('/').to_owned() } else { format!("{bucket}{path}") })
}

/// Words that follow a repository's path in the addresses of pages about it: of GitLab, and of
/// GitHub's and its likes on hosts of their own.
const PAGES: [&str; 5] = ["-", "tree", "blob", "commits", "pull"];

/// The repository that a page is about.
fn repository_of_page<'a>(segments: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let at = segments.iter().position(|segment| PAGES.contains(segment)).filter(|at| *at >= 2)?;
    segments.get(..at)
}

/// Returns a remark if git's `host:path` is probably not meant.
pub(super) fn of_host_and_path(host: &str, path: &str) -> Option<Remark> {
    let known = [("github", "github.com"), ("gitlab", "gitlab.com"), ("bitbucket", "bitbucket.org")];
    if let Some((_, whole)) = known.iter().find(|(name, _)| *name == host) {
        let found = format!("`{host}:{path}` is read as a path on a host called `{host}`");
        return Some(Remark::new(found, quoted(&format!("https://{whole}/{path}"))));
    }
    if host == "s3" {
        let found = format!("`{host}:{path}` is read as a path on a host called `{host}`");
        return Some(Remark::new(found, quoted(path.trim_start_matches('/'))));
    }
    let port = path.split('/').next().unwrap_or_default();
    is_port(port).then(|| {
        let found = format!("`{host}:{path}` has no scheme, so that `{port}` is a folder and no port");
        Remark::new(found, quoted(&format!("https://{host}:{path}")))
    })
}

fn is_port(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit() || is_wild(char::from(byte).encode_utf8(&mut [0; 4])))
}

/// Warns about a pattern that begins with a wildcard, if it is probably not meant.
pub(super) fn of_anything(text: &str, warnings: &mut Vec<Remark>) {
    let first = text.split('/').next().unwrap_or(text);
    if let Some((_, host)) = first.rsplit_once('@') {
        let rest = &text[first.len()..];
        let found = format!("`{text}` has user information, which is left out of a location");
        warnings.push(Remark::new(found, quoted(&format!("https://{host}{rest}"))));
    } else if let Some((host, path)) = first.split_once(':').filter(|(host, path)| is_host_like(host) && !is_port(path))
    {
        let rest = &text[first.len()..];
        let found = format!("`{text}` fits no location in its normal form, in which a `/` follows the host");
        warnings.push(Remark::new(found, quoted(&format!("{host}/{path}{rest}"))));
    }
}

/// Checks a location in S3, `bucket/key`.
pub(super) fn of_s3(text: &str, warnings: &mut Vec<Remark>) -> Result<(), Remark> {
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
    if let Some(bucket) = text.strip_prefix("arn:") {
        let bucket = bucket.rsplit(':').next().unwrap_or(bucket);
        let right = format!("a location in S3 without its ARN: {}", quoted(bucket));
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
            true => quoted(&format!("https://{text}/*")),
            false => "a URL as in `https://github.com/acme/*`, or `bucket/key` in S3".to_owned(),
        };
        return Err(Remark::new(
            format!("no location fits `{text}`: it is neither a URL nor `bucket/key` in S3"),
            right,
        ));
    }
    if is_host || first.contains('@') {
        let url = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let found = format!("`{text}` has no scheme, so that it is compared as `bucket/key` in S3");
        warnings.push(Remark::new(found, quoted(&format!("https://{url}"))));
    } else if text.strip_suffix('/') == Some(first) {
        let found = format!("`{text}` fits only a bucket as a whole");
        warnings.push(Remark::new(found, format!("`{text}*` for everything in it")));
    }
    Ok(())
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
        _ => format!("{right}; or `deny-when: build.source.type == \"{kind}\"`"),
    };
    Remark::new(found, right)
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}
