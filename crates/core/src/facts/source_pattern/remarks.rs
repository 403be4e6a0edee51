//! The faults of a pattern of locations, and its probable mistakes.

mod s3;

pub(super) use self::s3::of_s3;
use crate::{
    facts::{
        possible::{Remark, can_begin_with, is_wild},
        source_location::{canonical_host, is_known},
        vocabulary::{is_host_like, region_pattern},
    },
    pattern::Pattern,
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
        _ => {
            let right = match scheme.split_once("::").map_or((scheme, "*"), |(helper, region)| (helper, region)) {
                ("codecommit", region) => {
                    let repository = rest.rsplit('@').next().unwrap_or(rest);
                    quoted(&codecommit(region, repository))
                }
                ("file", _) => A_URL.to_owned(),
                _ => quoted(&format!("https://{rest}")),
            };
            Remark::new(format!("no location fits `{text}`: `{scheme}` is not a scheme of a git host"), right)
        }
    }
}

pub(super) fn no_host(text: &str, authority: &str, path: &str) -> Remark {
    if authority.is_empty() {
        return Remark::new(format!("no location fits `{text}`: it has no host"), A_URL);
    }
    let found = format!("no location fits `{text}`: `{authority}` is not a host");
    match authority.split_once(':') {
        Some((host, port)) if !host.is_empty() && is_port(port) => Remark::new(
            format!("no location fits `{text}`: a port is a number up to 65535"),
            quoted(&format!("https://{host}{path}")),
        ),
        Some((host, first)) if !host.is_empty() => {
            Remark::new(found, format!("a `/` behind the host: {}", quoted(&format!("https://{host}/{first}{path}"))))
        }
        _ => Remark::new(found, A_URL),
    }
}

const A_URL: &str = "a URL, as in `https://github.com/acme/*`";

/// The URL of a repository in CodeCommit.
/// <https://docs.aws.amazon.com/codecommit/latest/userguide/regions.html>
fn codecommit(region: &str, repository: &str) -> String {
    format!("https://git-codecommit.{region}.amazonaws.com{CODECOMMIT_FOLDER}{repository}")
}

const CODECOMMIT_FOLDER: &str = "/v1/repos/";

/// Warns about a URL that is probably a mistake. `path` is its path as written, `normal` the path in its normal
/// form.
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
    if let Some(at) = query(path) {
        let right = quoted(&format!("https://{host}{}", &path[..at]));
        warnings.push(Remark::new(format!("`{text}` has a query, and a location that is compared has none"), right));
        return Ok(());
    }
    if let Some(remark) =
        of_characters(text, host, if is_known(host) { normal } else { path }).or_else(|| of_host(text, host, normal))
    {
        warnings.push(remark);
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
        warnings.push(Remark::new(format!("`{text}` fits only a repository without a path"), right));
    } else if path.ends_with('/') && !(is_flat && segments.len() == 2) {
        let right =
            format!("{} for everything below it, {} for the repository", quoted(&format!("{plain}/*")), quoted(&plain));
        warnings.push(Remark::new(format!("a `/` at the end of `{text}` is left out"), right));
    } else if let [owner, repository, _, ..] = &segments[..]
        && is_flat
        && !is_wild(owner)
        && !is_wild(repository)
    {
        let right = match *owner {
            // `github.com/orgs/acme/repositories` is a page.
            "orgs" | "users" => quoted(&format!("https://{host}/{repository}/*")),
            owner => quoted(&format!("https://{host}/{owner}/{repository}")),
        };
        warnings.push(Remark::new(format!("`{text}` has more parts than a repository of {host}"), right));
    } else if let Some(repository) = repository_of_page(&segments) {
        let right = quoted(&format!("https://{host}/{}", repository.join("/")));
        warnings.push(Remark::new(format!("`{text}` looks like the address of a page and no repository"), right));
    } else if let Some(start) = normal.strip_suffix(".*") {
        let right = format!("{}, without an end", quoted(&format!("https://{host}{start}")));
        warnings.push(Remark::new(format!("`{text}` does not fit `.git`, which is left out of a location"), right));
    }
    Ok(())
}

/// The start of a query, `?ref=main`. Another `?` is a wildcard.
fn query(path: &str) -> Option<usize> {
    path.match_indices('?').map(|(at, _)| at).find(|at| {
        let name = path[at + 1..].split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).next();
        name.is_some_and(|name| !name.is_empty() && path[at + 1 + name.len()..].starts_with('='))
    })
}

/// Warns about a character that no repository's path contains, or hardly any.
fn of_characters(text: &str, host: &str, path: &str) -> Option<Remark> {
    let is_odd = |c: char| match is_known(host) {
        true => !c.is_ascii_alphanumeric() && !"-_./*?".contains(c),
        false => "|,;()\"'<>".contains(c),
    };
    let at = path.find(is_odd)?;
    let found = path[at..].chars().next()?;
    let right = match found {
        '|' | ',' | ';' | '(' => "a list with an element for each location".to_owned(),
        '@' | ':' => quoted(&format!("https://{host}{}", &path[..at])),
        _ => A_URL.to_owned(),
    };
    Some(Remark::new(format!("`{text}` probably fits no repository, because its path contains `{found}`"), right))
}

/// Hosts that belong to a known git host, but have no repositories that can be cloned.
const NO_REPOSITORIES: [&str; 4] =
    ["api.github.com", "raw.githubusercontent.com", "codeload.github.com", "api.bitbucket.org"];

/// Warns about a host that is probably a mistake, and about paths that its repositories do not have.
fn of_host(text: &str, host: &str, path: &str) -> Option<Remark> {
    let plain = |host: &str| quoted(&format!("https://{host}{path}"));
    if NO_REPOSITORIES.contains(&host) {
        return Some(Remark::new(format!("`{text}` is not an address from which a repository can be cloned"), A_URL));
    }
    if host == "console.aws.amazon.com" || host.ends_with(".console.aws.amazon.com") {
        let found = format!("`{text}` is an address of the AWS console, not a location");
        return Some(Remark::new(found, format!("`{}`, or `bucket/key` in S3", codecommit("*", "shop"))));
    }
    if let Some((_, whole)) = SHORT_NAMES.into_iter().find(|(short, _)| *short == host) {
        return Some(Remark::new(format!("`{text}` fits only repositories on a host called `{host}`"), plain(whole)));
    }
    if let Some((_, known)) = SHORT_NAMES.into_iter().find(|(_, known)| strsim::damerau_levenshtein(host, known) == 1) {
        let found = format!("`{text}` fits only repositories on a host called `{host}`");
        return Some(Remark::new(found, format!("{}, if you mean that host", plain(known))));
    }
    let labels: Vec<&str> = host.split('.').collect();
    let (service, region) = match labels[..] {
        [service @ ("codecommit" | "git-codecommit"), region, "amazonaws", ..] => (service, region),
        _ => return None,
    };
    let repository = path.rsplit('/').next().filter(|name| !matches!(*name, "" | "repos" | "v1")).unwrap_or("*");
    if let Err(Remark { message, .. }) = region_pattern(region) {
        return Some(Remark::new(
            format!("no location fits `{text}`: {message}"),
            quoted(&codecommit("eu-west-1", repository)),
        ));
    }
    let is_possible = |path: Pattern| can_begin_with(&path, CODECOMMIT_FOLDER);
    if service == "codecommit" || !path.parse().is_ok_and(is_possible) {
        let found = format!("`{text}` fits no repository of CodeCommit");
        return Some(Remark::new(found, quoted(&codecommit(region, repository))));
    }
    None
}

/// Warns about a known host's port or second name, which leaves it uncertain whether a build's repository fits.
pub(super) fn of_port(text: &str, host: &str, ports: &[String], path: &str) -> Option<Remark> {
    let is_usual = |port: &String| port.is_empty() || port == ":*";
    let first = canonical_host(host);
    (is_known(host) && (first != host || !ports.iter().any(is_usual))).then(|| {
        let found = format!("a rule with `{text}` stays undecided, because of the host's port or second name");
        Remark::new(found, quoted(&format!("https://{first}{path}")))
    })
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

/// Words that follow a repository's path in the addresses of pages about it: on GitLab, and on GitHub and
/// similar software on hosts of their own.
const PAGES: [&str; 5] = ["-", "tree", "blob", "commits", "pull"];

/// The repository that a page is about.
fn repository_of_page<'a>(segments: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let at = segments.iter().position(|segment| PAGES.contains(segment)).filter(|at| *at >= 2)?;
    segments.get(..at)
}

const SHORT_NAMES: [(&str, &str); 3] =
    [("github", "github.com"), ("gitlab", "gitlab.com"), ("bitbucket", "bitbucket.org")];

/// Returns a remark if git's `host:path` is probably a mistake.
pub(super) fn of_host_and_path(host: &str, path: &str) -> Option<Remark> {
    if let Some((_, whole)) = SHORT_NAMES.into_iter().find(|(name, _)| *name == host) {
        let found = format!("`{host}:{path}` is read as a path on a host called `{host}`");
        return Some(Remark::new(found, quoted(&format!("https://{whole}/{path}"))));
    }
    if host == "s3" {
        let found = format!("`{host}:{path}` is read as a path on a host called `{host}`");
        return Some(Remark::new(found, quoted(path.trim_start_matches('/'))));
    }
    if !host.contains(['.', '@', '*', '?']) && host != "localhost" {
        let found = format!("`{host}:{path}` is read as a path on a host called `{host}`");
        return Some(Remark::new(found, "the whole name of the host, or `bucket/key` in S3"));
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

/// Warns about a pattern that begins with a wildcard, if it is probably a mistake.
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
    } else if let Some(bare) = text.strip_suffix('/').filter(|bare| bare.contains('/')) {
        let found = format!("a `/` at the end of `{text}` is left out");
        warnings.push(Remark::new(
            found,
            format!("`{text}*` for everything below it, {} for the repository", quoted(bare)),
        ));
    } else if let Some((host, owner)) = text.trim_start_matches(['*', '?', '/', ':', '.']).split_once('/')
        && is_known(host)
        && !owner.contains('/')
        && !is_wild(owner)
    {
        let found = format!("no repository fits `{text}`, which has no repository's name");
        warnings.push(Remark::new(found, format!("`{text}/*` for everything below it")));
    }
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}
