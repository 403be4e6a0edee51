//! Patterns of source locations. Their literal parts are normalized in the same way as locations.

mod parse;
mod remarks;

use super::{
    possible::{Remark, can_begin_with},
    source_location::{Scheme, SourceLocation, Url, is_known},
};
use crate::pattern::Pattern;

/// The effect of a pattern that fits. Only a certain match lets a build through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A location that fits is caught: it is forbidden, or a rule applies to its builds.
    Forbid,
    /// A location that fits is let through: it is allowed, or exempt from a rule.
    Allow,
}

/// A pattern of source locations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePattern {
    written: Pattern,
    /// `true` if it is a repository's URL, which no object in S3 fits.
    is_url: bool,
    /// The normal forms. A location fits if one of them fits.
    normal: Vec<NormalPattern>,
}

/// A pattern in three forms.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NormalPattern {
    exact: Pattern,
    /// For hosts that ignore case.
    lower: Pattern,
    /// In lower case, without a port, and with a host's first name in place of a second one.
    loose: Pattern,
    /// `true` if it applies only where a match forbids: the `https` form of a pattern with another scheme.
    only_forbids: bool,
}

impl SourcePattern {
    /// Parses a pattern, with warnings about probable mistakes. Returns an error, with a correction, if no
    /// location can fit the pattern.
    pub fn parse(text: &str) -> Result<(Self, Vec<Remark>), Remark> {
        parse::pattern(text)
    }

    /// Returns whether the location fits. The error is the reason why that is unknown.
    pub fn matches(&self, location: &SourceLocation, direction: Direction) -> Result<bool, String> {
        if self.written.is_everything() && !matches!(location, SourceLocation::Unclear { .. }) {
            return Ok(true);
        }
        match location {
            SourceLocation::NoSource => Ok(self.written.fits(&location.to_string())),
            SourceLocation::S3(text) => Ok(!self.is_url && self.written.fits(text)),
            SourceLocation::Repository(url) => self.matches_url(url, direction),
            SourceLocation::UnclearPath { host, why } => match self.may_fit_below(host, direction) {
                true => Err(why.clone()),
                false => Ok(false),
            },
            SourceLocation::Unclear { why, .. } => Err(why.clone()),
        }
    }

    fn matches_url(&self, url: &Url, direction: Direction) -> Result<bool, String> {
        let mut may_fit = false;
        let secure = meant_as_https(url, direction);
        for pattern in self.forms(direction) {
            for url in [url].into_iter().chain(&secure) {
                if pattern.exact.fits(url.text()) || is_known(&url.host) && pattern.lower.fits(url.text()) {
                    return Ok(true);
                }
                may_fit |= pattern.loose.fits(url.loose());
            }
        }
        if !may_fit {
            return Ok(false);
        }
        let canonical = url.canonical_host();
        Err(match url.host == canonical {
            true => format!("it differs from `{}` only in case, port or a second name of the host", self.written),
            false => format!("`{}` may be `{canonical}`", url.host),
        })
    }

    /// Returns whether some repository of the host may fit.
    fn may_fit_below(&self, host: &Url, direction: Direction) -> bool {
        let secure = meant_as_https(host, direction);
        let mut starts = [host].into_iter().chain(&secure).map(|host| format!("{}/", host.loose()));
        starts.any(|start| self.forms(direction).any(|pattern| can_begin_with(&pattern.loose, &start)))
    }

    fn forms(&self, direction: Direction) -> impl Iterator<Item = &NormalPattern> {
        self.normal.iter().filter(move |pattern| direction == Direction::Forbid || !pattern.only_forbids)
    }

    /// Returns whether this pattern fits every location that `other` fits: certainly where `other` certainly
    /// does, and at least possibly where `other` possibly does.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |narrow: &NormalPattern| {
            self.normal.iter().any(|wide| {
                wide.exact.covers(&narrow.exact)
                    && wide.lower.covers(&narrow.lower)
                    && wide.loose.covers(&narrow.loose)
                    && (narrow.only_forbids || !wide.only_forbids)
            })
        };
        (other.is_url || self.written.covers(&other.written)) && other.normal.iter().all(covers)
    }

    /// `false` if certainly no location fits both.
    pub fn overlaps(&self, other: &Self) -> bool {
        let loose = |pattern: &Self| pattern.normal.iter().map(|normal| normal.loose.clone()).collect::<Vec<_>>();
        let others = loose(other);
        self.written.overlaps(&other.written)
            || loose(self).iter().any(|one| others.iter().any(|other| one.overlaps(other)))
    }

    /// Returns whether it fits every location that can be compared.
    pub fn is_everything(&self) -> bool {
        self.written.is_everything()
    }

    /// The pattern as written.
    pub fn written(&self) -> &Pattern {
        &self.written
    }
}

/// Returns the `https` form of a URL with another scheme, if a match forbids: a rule that forbids the `https`
/// URL forbids this one, too.
fn meant_as_https(url: &Url, direction: Direction) -> Option<Url> {
    (direction == Direction::Forbid && url.scheme != Scheme::Https).then(|| url.with_https())
}

#[cfg(test)]
mod tests;
