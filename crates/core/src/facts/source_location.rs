//! The location of a source, in the form by which hosts compare it.
//!
//! A repository has many spellings: `HTTPS://x@GitHub.com:443//acme/./app.git/` and `git@github.com:acme/app`
//! are one. The normal form follows RFC 3986, section 6 (<https://www.rfc-editor.org/rfc/rfc3986#section-6>),
//! what git does with a URL (`git-fetch(1)`, "Git URLs") and what three large hosts are known to do with names.
//! A location that programs read in different ways has no normal form: it is unknown, never guessed.

mod path;
mod url;

use std::fmt;

pub use self::url::{Scheme, Url};
pub(super) use self::{
    path::{PathPart, normal_path},
    url::{Authority, canonical_host, is_known, split_scp},
};
use super::{Facts, MissingFact};
use crate::{model::ProjectSource, url::without_user_info};

/// The location of a build's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceLocation {
    /// The build has no source; the value `NO_SOURCE`.
    NoSource,
    /// An object or a folder in S3, `bucket/key`. It has one spelling.
    S3(String),
    /// A repository, in its normal form.
    Repository(Url),
    /// A repository of a known host, whose path can be read in more ways than one.
    UnclearPath {
        /// Its URL, without the path.
        host: Url,
        /// The reason why the path is unclear.
        why: String,
    },
    /// A location that cannot be compared with anything.
    Unclear {
        /// The location without user information.
        text: String,
        /// The reason why it cannot be compared.
        why: String,
    },
}

/// The text of a source without a location.
const NO_SOURCE: &str = "NO_SOURCE";

/// The location of a project whose webhook is an organization's or a group's.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/github-global-organization-webhook.html>
pub const WEBHOOK_LOCATION: &str = "CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION";

impl SourceLocation {
    /// Parses the location of a source, given the source's type if it is known. Returns `None` if the location
    /// is missing, although sources of this type have one.
    pub fn read(source_type: Option<&str>, location: Option<&str>) -> Option<Self> {
        let location = location.map(|text| text.trim_matches(|c: char| c.is_ascii_whitespace()));
        let location = location.filter(|text| !text.is_empty());
        match (source_type, location) {
            (Some(NO_SOURCE), _) => Some(Self::NoSource),
            (Some("CODEPIPELINE"), None) => Some(unclear("CODEPIPELINE", "the source is CODEPIPELINE")),
            (_, None) => None,
            (Some("S3"), Some(text)) => Some(Self::S3(text.to_owned())),
            (kind, Some(text)) => Some(Self::of_text(kind, text)),
        }
    }

    /// Reads the location of a source, as [`Self::read`] does.
    pub fn of(source: &ProjectSource) -> Option<Self> {
        Self::read(source.r#type.as_deref(), source.location.as_deref())
    }

    fn of_text(kind: Option<&str>, text: &str) -> Self {
        if text == WEBHOOK_LOCATION {
            return unclear(text, "the project's webhook names no single repository");
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return of_url(text, scheme, rest);
        }
        match split_scp(text) {
            Some((host, path)) if !text.starts_with("arn:") => of_scp(text, host, path),
            // Without a type, a text that is not a URL can only be an object in S3.
            _ if kind.is_none() => Self::S3(text.to_owned()),
            _ => unclear(text, "the location has no scheme"),
        }
    }

    /// Returns whether two locations are the same. An `http` URL is not the same as the `https` URL, because it
    /// lacks the protection of `https`. The error is the reason why the result is unknown.
    pub fn is_same(&self, other: &Self) -> Result<bool, String> {
        match (self, other) {
            (Self::Repository(one), Self::Repository(two)) => {
                if one == two {
                    return Ok(true);
                }
                if one.loose() == two.loose() {
                    return Err(one.doubt(&two.host, two.port));
                }
                Ok(false)
            }
            (Self::Unclear { why, .. }, _) | (_, Self::Unclear { why, .. }) => Err(why.clone()),
            (Self::UnclearPath { host, why }, Self::Repository(url) | Self::UnclearPath { host: url, .. })
            | (Self::Repository(url), Self::UnclearPath { host, why }) => {
                match host.canonical_host() == url.canonical_host() {
                    true => Err(why.clone()),
                    false => Ok(false),
                }
            }
            _ => Ok(self == other),
        }
    }
}

impl Facts<'_> {
    /// The location of the build's primary source.
    pub fn source(&self) -> Result<&SourceLocation, MissingFact> {
        let source = self.build.source.as_ref().ok_or(MissingFact::Absent("source"))?;
        let location = self.normal_forms.source.get_or_init(|| SourceLocation::of(source));
        location.as_ref().ok_or(MissingFact::Absent("source.location"))
    }

    /// All sources of the build with their locations, the primary one first. In place of an unknown one, the
    /// missing fact is returned.
    pub fn sources(&self) -> impl Iterator<Item = Result<(&ProjectSource, &SourceLocation), MissingFact>> {
        let source = self.build.source.as_ref().ok_or(MissingFact::Absent("source"));
        let primary = source.and_then(|source| Ok((source, self.source()?)));
        let (secondary, missing) = match &self.build.secondary_sources {
            Some(sources) => (sources.as_slice(), None),
            None if self.lacks("secondarySources") || self.is_sample => (&[][..], None),
            // No event contains them.
            None => (&[][..], Some(Err(MissingFact::Absent("secondarySources")))),
        };
        let locations =
            self.normal_forms.secondary_sources.get_or_init(|| secondary.iter().map(SourceLocation::of).collect());
        let secondary = secondary.iter().zip(locations).map(|(source, location)| {
            location.as_ref().map(|location| (source, location)).ok_or(MissingFact::Absent("source.location"))
        });
        [primary].into_iter().chain(secondary).chain(missing)
    }
}

/// The normal form, without user information, query and fragment.
impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSource => f.write_str(NO_SOURCE),
            Self::S3(text) | Self::Unclear { text, .. } => f.write_str(text),
            Self::Repository(url) => f.write_str(url.text()),
            Self::UnclearPath { host, .. } => write!(f, "{}/…", host.text()),
        }
    }
}

fn unclear(text: &str, why: impl Into<String>) -> SourceLocation {
    let text = without_user_info(text);
    let end = text.find(['?', '#']).unwrap_or(text.len());
    SourceLocation::Unclear { text: text[..end].to_owned(), why: why.into() }
}

fn of_url(text: &str, scheme: &str, rest: &str) -> SourceLocation {
    let Some((scheme, own_port)) = Scheme::read(scheme) else {
        return unclear(text, "git hosts do not compare locations of this scheme");
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some(authority) = Authority::read(authority, own_port) else {
        return unclear(text, "the host of the location cannot be read");
    };
    if let Some(at) = path.find(['?', '#']) {
        // Some programs look for the host behind the last `@`, others end the host at the `?`.
        if path[at..].contains('@') {
            return unclear(text, "the host of the location can be read in two ways");
        }
        let why = "the location has a query or a fragment".to_owned();
        return SourceLocation::UnclearPath { host: authority.with_path(scheme, String::new()), why };
    }
    with_path(scheme, authority, path)
}

fn of_scp(text: &str, host: &str, path: &str) -> SourceLocation {
    if Scheme::read(host).is_some() || path.starts_with(':') || host.starts_with('[') {
        return unclear(text, "the location is neither a URL nor `host:path`");
    }
    if path.contains('@') {
        // Everything before the `@` may be a secret.
        let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
        return unclear(text, "the location may be a password and a host without `https://`");
    }
    let Some(authority) = Authority::of_scp(host) else {
        return unclear(text, "the host of the location cannot be read");
    };
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let why = if path.contains(['%', '?', '#']) {
        "ssh reads `%`, `?` and `#` in a path literally, a URL does not"
    } else if !path.starts_with('/') && first.bytes().all(|byte| byte.is_ascii_digit()) {
        "a number behind the host can be a port or a folder"
    } else {
        return with_path(Scheme::Https, authority, &format!("/{}", path.trim_start_matches('/')));
    };
    SourceLocation::UnclearPath { host: authority.with_path(Scheme::Https, String::new()), why: why.to_owned() }
}

fn with_path(scheme: Scheme, authority: Authority, path: &str) -> SourceLocation {
    let folds = is_known(&authority.host);
    match normal_path(path, PathPart::Value, folds) {
        Ok(path) => SourceLocation::Repository(authority.with_path(scheme, path)),
        Err(why) => SourceLocation::UnclearPath { host: authority.with_path(scheme, String::new()), why },
    }
}

#[cfg(test)]
mod tests;
