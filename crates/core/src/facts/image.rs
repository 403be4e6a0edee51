//! Container images: as a build names them, and as Docker reads that name.
//!
//! Docker reads `tools` as `docker.io/library/tools:latest`; see
//! <https://pkg.go.dev/github.com/distribution/reference#ParseNormalizedNamed>. A rule that
//! compared only the text could be evaded by another spelling.

mod remarks;

use super::{
    possible::{Remark, is_wild},
    source_pattern::Direction,
};
use crate::pattern::Pattern;

/// An image, in two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    written: String,
    full: String,
}

impl Image {
    /// Reads the name of an image.
    pub fn read(text: &str) -> Self {
        let written = text.trim().to_owned();
        let full = full_name(&written);
        Self { written, full }
    }

    /// The image as Docker reads its name, or the name of one of CodeBuild's own images.
    pub fn full(&self) -> &str {
        &self.full
    }

    /// The image as the build names it.
    pub fn written(&self) -> &str {
        &self.written
    }
}

/// A pattern of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePattern {
    written: Pattern,
    /// The forms that are compared with an image's full form. An image fits if one of them fits.
    full: Vec<Pattern>,
}

impl ImagePattern {
    /// Parses a pattern, with warnings about probable mistakes. Returns an error, with a correction, if no
    /// image can fit the pattern.
    pub fn parse(text: &str, direction: Direction) -> Result<(Self, Vec<Remark>), Remark> {
        let written = Remark::pattern(text)?;
        remarks::check(text)?;
        let full = full_forms(text).iter().map(|form| Remark::pattern(form)).collect::<Result<_, _>>()?;
        Ok((Self { written, full }, remarks::probably_not_meant(text, direction)))
    }

    /// Returns whether an image fits. A forbidden image may fit in either form, an allowed one only
    /// in the full form.
    pub fn matches(&self, image: &Image, direction: Direction) -> bool {
        self.full.iter().any(|pattern| pattern.fits(&image.full))
            || direction == Direction::Forbid
                && (self.written.fits(&image.written)
                    || self.written.fits(&image.full)
                    || self.full.iter().any(|pattern| pattern.fits(&image.written)))
    }

    /// The forms that are compared with an image's full form.
    pub fn full(&self) -> impl Iterator<Item = &Pattern> {
        self.full.iter()
    }

    /// Returns the pattern in its usual spellings: as written, in full, and without the parts that Docker adds.
    pub fn spellings(&self) -> Vec<String> {
        let mut spellings = vec![self.written.as_str().to_owned()];
        for full in self.full.iter().map(Pattern::as_str) {
            let mut names = vec![full];
            if !is_wild(full) {
                names.extend(names[0].strip_prefix("docker.io/"));
                names.extend(names[0].strip_prefix("docker.io/library/"));
            }
            for name in names {
                spellings.push(name.to_owned());
                spellings.extend(name.strip_suffix(":latest").filter(|short| !is_wild(short)).map(str::to_owned));
            }
        }
        spellings
    }

    /// Returns whether every image that fits `other` fits this, too.
    pub fn covers(&self, other: &Self) -> bool {
        self.written.covers(&other.written)
            && other.full.iter().all(|narrow| self.full.iter().any(|wide| wide.covers(narrow)))
    }

    /// Returns whether every image fits.
    pub fn is_everything(&self) -> bool {
        self.written.is_everything()
    }

    /// The pattern as written.
    pub fn written(&self) -> &Pattern {
        &self.written
    }
}

const DOCKER_HUB: &str = "docker.io";

/// Other names of Docker Hub.
const SECOND_NAMES: [&str; 3] = ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// The beginning of the names of the images that CodeBuild provides, which no registry has.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html>
pub(crate) const OWN_IMAGES: &str = "aws/";

fn full_name(text: &str) -> String {
    // A value has no wildcards, so it has one form.
    full_forms_of(text, |_| false).into_iter().next().unwrap_or_default()
}

fn full_forms(text: &str) -> Vec<String> {
    full_forms_of(text, is_wild)
}

/// Returns the full forms of a name or of a pattern. A registry and `library/` are added only if the first
/// component has no wildcard. `:latest` is added only if the last component has no wildcard, tag or digest.
fn full_forms_of(text: &str, is_wild: fn(&str) -> bool) -> Vec<String> {
    let (name, end) = split_end(text, is_wild);
    if name.starts_with(OWN_IMAGES) || name == "*" {
        return vec![text.to_owned()];
    }
    let (first, rest) = match name.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    };
    let is_host = rest.is_some() && is_registry(first);
    let host = first.split(':').next().unwrap_or(first);
    if is_wild(if is_host { host } else { first }) {
        return vec![format!("{name}{end}")];
    }
    let (registry, path) = match rest {
        Some(path) if is_host => (registry(first), path),
        _ => (DOCKER_HUB.to_owned(), name),
    };
    let full = format!("{registry}/{path}{end}");
    match registry == DOCKER_HUB && !path.contains('/') {
        // `docker.io/to*` can fit images of the library, and others.
        true if is_wild(path) => vec![full, format!("{registry}/library/{path}{end}")],
        true => vec![format!("{registry}/library/{path}{end}")],
        false => vec![full],
    }
}

/// Splits off the tag or digest. A tag beside a digest is left out, because Docker ignores it. A name without
/// tag and digest has the tag `:latest`, unless its last component has a wildcard.
fn split_end(text: &str, is_wild: fn(&str) -> bool) -> (&str, String) {
    let last = text.rfind('/').map_or(0, |slash| slash + 1);
    let (name, digest) = match text[last..].find('@') {
        Some(at) => text.split_at(last + at),
        None => (text, ""),
    };
    let (name, tag) = match name[last..].rfind(':') {
        Some(colon) => name.split_at(last + colon),
        None => (name, ""),
    };
    let end = match (digest, tag) {
        ("", "") if is_wild(&name[last..]) => "",
        ("", "") => ":latest",
        ("", tag) => tag,
        (digest, _) => digest,
    };
    (name, end.to_owned())
}

/// Returns whether the first component of a name is a registry's host, by Docker's rule.
fn is_registry(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn registry(host: &str) -> String {
    let lower = host.to_ascii_lowercase();
    // A single word is a host only because it has capital letters, so they stay.
    if !lower.contains(['.', ':']) && lower != "localhost" {
        return host.to_owned();
    }
    let bare = lower.strip_suffix(":443").filter(|bare| bare.contains('.') || *bare == "localhost");
    let host = bare.unwrap_or(&lower);
    if SECOND_NAMES.contains(&host) { DOCKER_HUB.to_owned() } else { host.to_owned() }
}

#[cfg(test)]
mod tests;
