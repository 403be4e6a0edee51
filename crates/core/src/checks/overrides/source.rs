//! Overrides of what is built, and by which buildspec.

use super::{Override, differ, instead, is_same_secret, or_absent, settings::BuildSettings};
use crate::{
    facts::{
        Facts, MissingFact,
        source_location::{SourceLocation, WEBHOOK_LOCATION},
        source_version::SourceVersion,
        starter::Starter,
    },
    model::{Project, ProjectSource, ProjectSourceVersion, ScopeConfiguration, SourceAuth},
};

type Difference = Result<Option<String>, MissingFact>;

/// Compares the type and the location of the primary source. Two spellings of one location are the same.
pub(super) fn location(
    facts: &Facts<'_>,
    ours: &BuildSettings<'_>,
    theirs: &BuildSettings<'_>,
    project: &Project,
) -> Difference {
    let kind = |source: &ProjectSource| source.r#type.clone();
    let place = |source: &ProjectSource| or_absent(source.location.clone());
    if ours.source(kind, "source.type")? == theirs.source.and_then(kind) {
        ours.known_beside(ours.source.and_then(place), theirs.source.and_then(place), "source.location")?;
    }
    let (Some(ours), Some(theirs)) = (ours.source, project.source.as_ref()) else {
        let words = |source: Option<&ProjectSource>| source.map(shown).unwrap_or_default();
        return Ok(differ(Override::Source, &words(ours.source), &words(project.source.as_ref())));
    };
    if theirs.location.as_deref() == Some(WEBHOOK_LOCATION) && ours.location != theirs.location {
        return match is_of_webhook(facts, ours, project)? {
            true => Ok(None),
            false => {
                Ok(Some(instead(Override::Source, &shown(ours), "a repository in the scope of the project's webhook")))
            }
        };
    }
    Ok((!is_same(ours, theirs)?).then(|| instead(Override::Source, &shown(ours), &shown(theirs))))
}

/// Returns whether two sources have the same type and location.
fn is_same(ours: &ProjectSource, theirs: &ProjectSource) -> Result<bool, MissingFact> {
    if ours.r#type.as_deref().unwrap_or_default() != theirs.r#type.as_deref().unwrap_or_default() {
        return Ok(false);
    }
    let text = |source: &ProjectSource| source.location.clone().unwrap_or_default();
    if text(ours) == text(theirs) {
        return Ok(true);
    }
    match (SourceLocation::of(ours), SourceLocation::of(theirs)) {
        (Some(one), Some(other)) => {
            one.is_same(&other).map_err(|why| MissingFact::Unknown { fact: "source.location", why })
        }
        (one, other) => Ok(one == other),
    }
}

/// The type and the location without user information.
fn shown(source: &ProjectSource) -> String {
    let location = SourceLocation::of(source).map(|location| location.to_string()).unwrap_or_default();
    let kind = source.r#type.as_deref().unwrap_or_default();
    if kind == location { location } else { format!("{kind} {location}").trim_end().to_owned() }
}

/// Returns whether a repository lies under the scope of the project's webhook: an organization, a
/// group or an enterprise.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ScopeConfiguration.html>
fn is_of_webhook(facts: &Facts<'_>, ours: &ProjectSource, project: &Project) -> Result<bool, MissingFact> {
    let unknown = |why: &str| MissingFact::Unknown { fact: "source.location", why: why.to_owned() };
    let scope = project.webhook.as_ref().and_then(|webhook| webhook.scope_configuration.as_ref());
    let scope = scope.ok_or_else(|| unknown("the project's webhook has no scope"))?;
    let source_type = project.source.as_ref().and_then(|source| source.r#type.as_deref());
    if ours.r#type.as_deref() != source_type {
        return Ok(false);
    }
    let ScopeConfiguration { name, domain, scope } = scope;
    let kind = scope.as_deref().unwrap_or_default();
    let is_gitlab = kind == "GITLAB_GROUP";
    let default = if is_gitlab { "gitlab.com" } else { "github.com" };
    let domain = domain.as_deref().filter(|domain| !domain.is_empty()).unwrap_or(default);
    let host = domain.split_once("://").map_or(domain, |(_, host)| host).trim_matches('/');
    let repository = match SourceLocation::of(ours) {
        Some(SourceLocation::Repository(url)) => url,
        Some(SourceLocation::Unclear { why, .. } | SourceLocation::UnclearPath { why, .. }) => {
            return Err(unknown(&why));
        }
        Some(SourceLocation::NoSource | SourceLocation::S3(_)) => return Ok(false),
        None => return Err(MissingFact::Absent("source.location")),
    };
    let owner = match kind {
        "GITHUB_GLOBAL" => "",
        _ => {
            name.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| unknown("the webhook's scope has no name"))?
        }
    };
    // Parses the owner's page like the location of a repository, so that the two can be compared.
    let Some(SourceLocation::Repository(scope)) =
        SourceLocation::read(source_type, Some(&format!("https://{host}/{owner}")))
    else {
        return Err(unknown("the webhook's scope cannot be read"));
    };
    if (scope.scheme, &scope.host, scope.port) != (repository.scheme, &repository.host, repository.port) {
        return Ok(false);
    }
    if kind == "GITHUB_GLOBAL" {
        // Nothing names the organizations of an enterprise. Only its webhook knows them.
        let is_started = facts.starters().is_among(&[Starter::Webhook])?;
        return match is_started {
            true => Ok(true),
            false => Err(unknown("the organizations of the webhook's enterprise are unknown")),
        };
    }
    let below = repository.path.strip_prefix(scope.path.as_str()).is_some_and(|rest| rest.starts_with('/'));
    let below_but_for_case = repository
        .path
        .to_lowercase()
        .strip_prefix(&scope.path.to_lowercase())
        .is_some_and(|rest| rest.starts_with('/'));
    match below {
        false if below_but_for_case => Err(unknown("the host may or may not distinguish upper and lower case")),
        below => Ok(below),
    }
}

/// The credential may be a secret's name, which the difference does not show. A source of
/// CODEPIPELINE has none.
pub(super) fn auth(facts: &Facts<'_>, ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |source: &ProjectSource| {
        let SourceAuth { r#type, resource } = source.auth.clone()?;
        Some(SourceAuth { r#type: or_absent(r#type), resource: or_absent(resource) })
            .filter(|auth| *auth != SourceAuth::default())
    };
    if is_of_pipeline(ours) {
        return Ok(None);
    }
    ours.source(|source| source.auth.as_ref(), "source.auth")?;
    let (our_auth, their_auth) = (ours.source.and_then(read), theirs.source.and_then(read));
    if let (Some(one), Some(other)) = (&our_auth, &their_auth)
        && one.r#type == other.r#type
    {
        ours.known_beside(one.resource.as_ref(), other.resource.as_ref(), "source.auth.resource")?;
    }
    if !is_same_auth(facts, our_auth, their_auth)? {
        return Ok(Some("another source-auth".to_owned()));
    }
    for SecondaryPair { ours, theirs } in secondary_pairs(ours, theirs)? {
        if !is_same_auth(facts, read(ours), theirs.and_then(read))? {
            return Ok(Some(format!("another source-auth of the secondary source {}", identifier(ours))));
        }
    }
    Ok(None)
}

fn is_same_auth(facts: &Facts<'_>, ours: Option<SourceAuth>, theirs: Option<SourceAuth>) -> Result<bool, MissingFact> {
    match (ours, theirs) {
        (Some(one), Some(other)) if one != other && one.r#type == other.r#type => {
            match one.resource.zip(other.resource) {
                Some((one, other)) => is_same_secret(facts, &one, &other),
                None => Ok(false),
            }
        }
        (one, other) => Ok(one == other),
    }
}

/// A secondary source of a build, and the project's source with the same identifier.
struct SecondaryPair<'a> {
    ours: &'a ProjectSource,
    theirs: Option<&'a ProjectSource>,
}

/// Returns the secondary sources of a build, each with the project's. No event contains them.
fn secondary_pairs<'a>(
    ours: &BuildSettings<'a>,
    theirs: &BuildSettings<'a>,
) -> Result<impl Iterator<Item = SecondaryPair<'a>>, MissingFact> {
    let our_sources = ours.known_beyond_events(ours.secondary_sources, "secondarySources")?.unwrap_or_default();
    let their_sources = theirs.secondary_sources.unwrap_or_default();
    Ok(our_sources.iter().map(|ours| SecondaryPair {
        ours,
        theirs: their_sources.iter().find(|theirs| identifier(theirs) == identifier(ours)),
    }))
}

fn identifier(source: &ProjectSource) -> String {
    source.source_identifier.clone().unwrap_or_default()
}

pub(super) fn insecure_ssl(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    if is_of_pipeline(ours) {
        return Ok(None);
    }
    let read = |source: &ProjectSource| source.insecure_ssl;
    let our_primary = ours.source(read, "source.insecureSsl")?.unwrap_or_default();
    let their_primary = theirs.source.and_then(read).unwrap_or_default();
    if our_primary != their_primary {
        return Ok(differ(Override::InsecureSsl, &our_primary.to_string(), &their_primary.to_string()));
    }
    let mut differences = secondary_pairs(ours, theirs)?.filter_map(|SecondaryPair { ours, theirs }| {
        let (our_value, their_value) = (read(ours).unwrap_or_default(), theirs.and_then(read).unwrap_or_default());
        let difference = differ(Override::InsecureSsl, &our_value.to_string(), &their_value.to_string())?;
        Some(format!("{difference} in the secondary source {}", identifier(ours)))
    });
    Ok(differences.next())
}

fn is_of_pipeline(settings: &BuildSettings<'_>) -> bool {
    settings.source.and_then(|source| source.r#type.as_deref()) == Some("CODEPIPELINE")
}

/// The text of an inline buildspec is not shown.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-name-storage>
pub(super) fn buildspec(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |source: &ProjectSource| source.buildspec.clone();
    let or_default = |buildspec: Option<String>| match buildspec {
        Some(text) if !text.is_empty() => text,
        _ => "buildspec.yml".to_owned(),
    };
    let ours = or_default(ours.source(read, "source.buildspec")?);
    Ok((ours != or_default(theirs.source.and_then(read))).then(|| "another buildspec".to_owned()))
}

/// A build that was started without a version has the version of its project.
pub(super) fn version(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let kind = ours.source.and_then(|source| source.r#type.as_deref());
    let ours = ours.known(ours.source_version, "sourceVersion")?.unwrap_or_default();
    let theirs = theirs.source_version.unwrap_or_default();
    if ours.is_empty() || is_same_version(ours, theirs, kind)? {
        return Ok(None);
    }
    let theirs = if theirs.is_empty() { "the default branch" } else { theirs };
    Ok(Some(instead(Override::SourceVersion, ours, theirs)))
}

/// Returns whether git treats two versions as the same. An object in S3 has versions of its own.
fn is_same_version(ours: &str, theirs: &str, kind: Option<&str>) -> Result<bool, MissingFact> {
    if ours.trim() == theirs.trim() {
        return Ok(true);
    }
    if matches!(kind, Some("S3")) {
        return Ok(false);
    }
    let has_no_version = theirs.trim().is_empty();
    let suffixes = (SourceVersion::suffix(ours), SourceVersion::suffix(theirs));
    let (ours, theirs) = (SourceVersion::read(ours), SourceVersion::read(theirs));
    let begins = |id: &str, start: &str| id.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase());
    let unknown = |why: &str| Err(MissingFact::Unknown { fact: "source version", why: why.to_owned() });
    match (ours, theirs) {
        _ if suffixes.0 != suffixes.1 => match ours == theirs && !suffixes.0.is_empty() && !suffixes.1.is_empty() {
            true => unknown("two ways through the history may lead to one commit"),
            false => Ok(false),
        },
        (SourceVersion::Default, SourceVersion::Default) => Ok(true),
        (SourceVersion::Default, _) => unknown("the remote's default branch is unknown"),
        (_, SourceVersion::Default) if !has_no_version => unknown("the remote's default branch is unknown"),
        (SourceVersion::Branch(one), SourceVersion::Tag(other) | SourceVersion::BranchOrCommit(other))
        | (SourceVersion::Tag(one) | SourceVersion::BranchOrCommit(one), SourceVersion::Branch(other))
            if one == other =>
        {
            unknown("a name may be that of a branch, a tag or a commit")
        }
        (SourceVersion::Commit(one), SourceVersion::Commit(other)) => Ok(one.eq_ignore_ascii_case(other)),
        (SourceVersion::Commit(id), SourceVersion::BranchOrCommit(start))
        | (SourceVersion::BranchOrCommit(start), SourceVersion::Commit(id))
            if begins(id, start) =>
        {
            unknown("a name may be that of a branch, a tag or a commit")
        }
        (SourceVersion::Unreadable(_), SourceVersion::Unreadable(_)) => unknown("git reads it in its own way"),
        (ours, theirs) => Ok(ours == theirs),
    }
}

/// Compares secondary sources and their versions by identifier. Their order does not count.
pub(super) fn secondary(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let our_sources = ours.known_beyond_events(ours.secondary_sources, "secondarySources")?.unwrap_or_default();
    let their_sources = theirs.secondary_sources.unwrap_or_default();
    let mut identifiers: Vec<String> = our_sources.iter().chain(their_sources).map(identifier).collect();
    identifiers.sort_unstable();
    identifiers.dedup();
    let our_versions = match ours.secondary_source_versions {
        // No event contains versions. Without sources, there are none.
        None if identifiers.is_empty() => &[],
        versions => ours.known_beyond_events(versions, "secondarySourceVersions")?.unwrap_or_default(),
    };
    let their_versions = theirs.secondary_source_versions.unwrap_or_default();
    let (mut others, mut unknown) = (Vec::new(), None);
    for name in identifiers {
        let of = |sources: &[ProjectSource]| sources.iter().find(|source| identifier(source) == name).cloned();
        let is_same = match (of(our_sources), of(their_sources)) {
            (Some(one), Some(other)) => is_same(&one, &other).and_then(|is_same| {
                let (one_version, other_version) = (version_of(&name, our_versions), version_of(&name, their_versions));
                let is_same_version = || is_same_version(one_version, other_version, one.r#type.as_deref());
                Ok(is_same && (one_version.is_empty() || is_same_version()?))
            }),
            _ => Ok(false),
        };
        match is_same {
            Ok(true) => {}
            Ok(false) => others.push(name),
            Err(fact) => unknown = unknown.or(Some(fact)),
        }
    }
    match unknown {
        _ if !others.is_empty() => Ok(Some(format!("secondary-sources {}", others.join(" ")))),
        Some(fact) => Err(fact),
        None => Ok(None),
    }
}

fn version_of<'a>(identifier: &str, versions: &'a [ProjectSourceVersion]) -> &'a str {
    let version = versions.iter().find(|version| version.source_identifier.as_deref() == Some(identifier));
    version.and_then(|version| version.source_version.as_deref()).unwrap_or_default()
}
