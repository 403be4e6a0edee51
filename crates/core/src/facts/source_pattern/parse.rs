//! The text of a pattern, read as a URL, as git's `host:path`, or as an S3 location.

use super::{NormalPattern, SourcePattern, remarks};
use crate::{
    facts::{
        possible::{Remark, is_wild},
        source_location::{Authority, PathPart, Scheme, canonical_host, is_known, normal_path, split_scp},
    },
    pattern::Pattern,
};

/// Parses a pattern, with warnings about probable mistakes.
pub(super) fn pattern(text: &str) -> Result<(SourcePattern, Vec<Remark>), Remark> {
    let written = Remark::pattern(text)?;
    let mut warnings = Vec::new();
    let normal = match normal_forms(text, &mut warnings) {
        Ok(normal) => normal,
        Err(Trouble::FitsNothing(remark)) => return Err(remark),
        Err(Trouble::NoNormalForm(why)) => {
            warnings.push(remarks::as_written(text, &why));
            as_written(text)
        }
    };
    let is_url = split_scheme(text).is_some() || split_host_and_path(text).is_some();
    Ok((SourcePattern { written, is_url, normal }, warnings))
}

/// The reason why a pattern has no normal form.
enum Trouble {
    /// No location can fit it.
    FitsNothing(Remark),
    /// It can be read in more ways than one.
    NoNormalForm(String),
}

impl From<Remark> for Trouble {
    fn from(remark: Remark) -> Self {
        Self::FitsNothing(remark)
    }
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::NoNormalForm(why)
    }
}

fn normal_forms(text: &str, warnings: &mut Vec<Remark>) -> Result<Vec<NormalPattern>, Trouble> {
    if text.bytes().all(|byte| byte == b'*') {
        Ok(as_written(text))
    } else if let Some((scheme, rest)) = split_scheme(text) {
        let scheme = UrlScheme::read(text, scheme)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        url(text, &scheme, authority, path, warnings)
    } else if let Some((host, path)) = split_host_and_path(text) {
        warnings.extend(remarks::of_host_and_path(host, path));
        let path = format!("/{}", path.trim_start_matches('/'));
        url(text, &UrlScheme::known(Scheme::Https, 22), host, &path, warnings)
    } else if text.starts_with(['*', '?']) {
        anything(text, warnings)
    } else {
        remarks::of_s3(text, warnings)?;
        Ok(as_written(text))
    }
}

/// Splits a pattern that has a scheme, which may contain wildcards.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-.*?:".contains(c);
    (!scheme.is_empty() && scheme.chars().all(is_part)).then_some((scheme, rest))
}

/// Splits git's `git@host:path`.
fn split_host_and_path(text: &str) -> Option<(&str, &str)> {
    let (host, path) = split_scp(text)?;
    let is_bare_wildcard = is_wild(host) && !host.contains('@');
    (!is_bare_wildcard && host != "arn" && Scheme::read(host).is_none()).then_some((host, path))
}

/// The scheme of a pattern in the normal form.
struct UrlScheme {
    text: String,
    own_port: u16,
    /// `true` for `http` and `git`: where a match forbids, the pattern fits `https`, too.
    is_https_too: bool,
}

impl UrlScheme {
    fn known(scheme: Scheme, own_port: u16) -> Self {
        Self { text: scheme.as_str().to_owned(), own_port, is_https_too: scheme != Scheme::Https }
    }

    fn read(text: &str, scheme: &str) -> Result<Self, Remark> {
        let scheme = scheme.to_ascii_lowercase();
        if !is_wild(&scheme) {
            let known = Scheme::read(&scheme).map(|(known, own_port)| Self::known(known, own_port));
            return known.ok_or_else(|| remarks::other_scheme(text));
        }
        let fits = |name: &str| scheme.parse::<Pattern>().is_ok_and(|pattern| pattern.fits(name));
        if ["https", "http", "git"].into_iter().any(fits) {
            Ok(Self { text: scheme, own_port: 443, is_https_too: false })
        } else if fits("ssh") {
            Ok(Self::known(Scheme::Https, 22))
        } else {
            Err(remarks::other_scheme(text))
        }
    }
}

fn url(
    text: &str,
    scheme: &UrlScheme,
    authority: &str,
    path: &str,
    warnings: &mut Vec<Remark>,
) -> Result<Vec<NormalPattern>, Trouble> {
    if path.contains('#') {
        return Err(remarks::fragment(text).into());
    }
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let no_host = || remarks::no_host(text, authority, path);
    let (host, ports) = host_and_ports(authority, path, scheme.own_port)?.ok_or_else(no_host)?;
    let normal = normal_path(path, PathPart::Pattern, is_known(&host))?;
    remarks::of_url(text, &host, path, &normal, warnings)?;
    warnings.extend(remarks::of_port(text, &host, &ports, &normal));
    let mut patterns = Vec::new();
    for path in with_and_without_git(&normal) {
        for port in &ports {
            patterns.extend(NormalPattern::of(&scheme.text, &host, port, path, false));
            // A pattern whose host has wildcards is about how a source is fetched, not about where it is.
            if scheme.is_https_too && !is_wild(&host) {
                patterns.extend(NormalPattern::of("https", &host, port, path, true));
            }
        }
    }
    Ok(patterns)
}

/// Returns the host of a pattern, and the forms of its port: empty, or with the `:`. `None` if it is not a
/// host.
fn host_and_ports(authority: &str, path: &str, own_port: u16) -> Result<Option<(String, Vec<String>)>, String> {
    if !is_wild(authority) {
        let authority = Authority::read(authority, own_port);
        return Ok(authority.map(|Authority { host, port }| {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            (host, vec![port])
        }));
    }
    let (host, ports) = match authority.rsplit_once(':') {
        None => (authority, vec![String::new()]),
        Some((host, "*")) => (host, vec![String::new(), ":*".to_owned()]),
        Some((host, port)) if port.parse() == Ok(own_port) => (host, vec![String::new()]),
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, vec![format!(":{port}")]),
        Some(_) => return Err("its port has wildcards".to_owned()),
    };
    if !is_wild(host) {
        return Ok(Authority::read(host, own_port).map(|Authority { host, .. }| (host, ports)));
    }
    if host.contains('%') {
        return Err("its host is percent-encoded".to_owned());
    }
    // Without a path, the text behind a `*` may belong to a path, whose case counts.
    let of_host = if path.is_empty() { host.find('*').unwrap_or(host.len()) } else { host.len() };
    let (of_host, rest) = host.split_at(of_host);
    let rest = rest.strip_suffix(".git").unwrap_or(rest);
    Ok(Some((of_host.to_ascii_lowercase() + rest, ports)))
}

/// The forms of a path: `app.git*` means `app` too, since no location ends with `.git`.
fn with_and_without_git(path: &str) -> Vec<&str> {
    let without = path.trim_end_matches('*').strip_suffix(".git").filter(|_| path.ends_with('*'));
    without.into_iter().chain([path]).collect()
}

/// Returns the normal forms of a pattern that begins with a wildcard, which can fit every kind of location.
fn anything(text: &str, warnings: &mut Vec<Remark>) -> Result<Vec<NormalPattern>, Trouble> {
    remarks::of_anything(text, warnings);
    let path = normal_path(&format!("/{text}"), PathPart::Pattern, false)?;
    let forms = with_and_without_git(path.trim_start_matches('/'));
    Ok(forms.into_iter().filter_map(|form| NormalPattern::new(form, form, false)).collect())
}

fn as_written(text: &str) -> Vec<NormalPattern> {
    Vec::from_iter(NormalPattern::new(text, text, false))
}

impl NormalPattern {
    fn of(scheme: &str, host: &str, port: &str, path: &str, only_forbids: bool) -> Option<Self> {
        let exact = format!("{scheme}://{host}{port}{path}");
        let path = path.to_lowercase();
        let path = path.strip_suffix(".git").unwrap_or(&path);
        Self::new(&exact, &format!("{scheme}://{}{path}", canonical_host(host)), only_forbids)
    }

    /// Returns `None` only for texts that are not patterns. The normal form of a pattern is always a pattern.
    fn new(exact: &str, loose: &str, only_forbids: bool) -> Option<Self> {
        let pattern = |text: &str| text.parse().ok();
        Some(Self {
            exact: pattern(exact)?,
            lower: pattern(&exact.to_lowercase())?,
            loose: pattern(&loose.to_lowercase())?,
            only_forbids,
        })
    }
}
