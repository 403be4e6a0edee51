//! The git reference of a build, whatever started it.
//!
//! The source version of the build, or of the batch that it belongs to, may name it. If it is a commit, the
//! reference is one that the webhook's filters let through, and one that the remote repository has at that
//! commit. Without a source version, the project's own applies, and then the remote's `HEAD`. A source that a
//! pipeline hands over has the reference that the pipeline fetched.

mod fetched;

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::{
    Facts, MissingFact, RefFrom,
    inquiry::{Prospect, Source},
    remote_refs::{ObjectId, RefsAtCommit},
    source_version::SourceVersion,
    starter::Starter,
    supersession::ComparedValue,
    webhook::PossibleRefs,
};
use crate::model::ProjectSource;

/// A reference may move at any time. Git's answer counts only if git was asked within this time after the
/// build's start.
pub(super) const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The state of knowledge about a build's reference.
#[derive(Clone, Debug)]
enum Reference<'a> {
    /// It is this one.
    Known(SourceVersion<'a>, RefFrom),
    /// It is one of these, by their full names. The fact would show which.
    OneOf(Vec<&'a str>, RefFrom, MissingFact),
    /// The webhook's filters let it through. The fact would show which it is.
    Within(&'a PossibleRefs, MissingFact),
}

/// A name for patterns, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) enum PossibleName<'a> {
    /// This name, and a missing fact if the name may be a commit id instead.
    One(Cow<'a, str>, Option<MissingFact>),
    /// The full name of one of these references. The fact would show which.
    Within(&'a PossibleRefs, MissingFact),
}

/// The references that a webhook's filters let through, and their names if these are few.
#[derive(Clone, Debug)]
pub(super) struct WebhookRefs {
    refs: PossibleRefs,
    listed: Option<Vec<String>>,
}

/// The kind of name that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WantedName {
    Branch,
    Ref,
}

impl WantedName {
    fn fact(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Ref => "ref",
        }
    }

    fn unknown(self, why: impl Into<String>) -> MissingFact {
        MissingFact::Unknown { fact: self.fact(), why: why.into() }
    }

    fn unresolved(self, why: impl Into<String>, source: Source) -> MissingFact {
        MissingFact::Unresolved { fact: self.fact(), why: why.into(), source }
    }
}

impl Facts<'_> {
    /// The branch.
    ///
    /// # Errors
    /// The missing fact.
    pub fn branch(&self) -> Result<&str, MissingFact> {
        match self.known_reference(WantedName::Branch)? {
            SourceVersion::Branch(branch) => Ok(branch),
            other => Err(no_branch(other)),
        }
    }

    /// The full name of the reference.
    ///
    /// # Errors
    /// The missing fact.
    pub fn git_ref(&self) -> Result<String, MissingFact> {
        let version = self.known_reference(WantedName::Ref)?;
        version.full_name().ok_or_else(|| WantedName::Ref.unknown(is(version)))
    }

    /// The branch, as far as it is known. A name that could also be an abbreviated commit id is
    /// returned with that doubt.
    ///
    /// # Errors
    /// The missing fact.
    pub(crate) fn possible_branch(&self) -> Result<PossibleName<'_>, MissingFact> {
        match self.reference(WantedName::Branch)? {
            Reference::Known(SourceVersion::Branch(branch), _) => Ok(PossibleName::One(branch.into(), None)),
            Reference::Known(either @ SourceVersion::BranchOrCommit(name), _) => {
                Ok(PossibleName::One(name.into(), Some(no_branch(either))))
            }
            Reference::Known(other, _) => Err(no_branch(other)),
            Reference::OneOf(.., missing) => Err(missing),
            Reference::Within(refs, missing) => Ok(PossibleName::Within(refs, missing)),
        }
    }

    /// The full name of the reference, as far as it is known.
    ///
    /// # Errors
    /// The missing fact.
    pub(crate) fn possible_ref(&self) -> Result<PossibleName<'_>, MissingFact> {
        match self.reference(WantedName::Ref)? {
            Reference::Known(either @ SourceVersion::BranchOrCommit(name), _) => {
                let doubt = WantedName::Ref.unknown(is(either));
                Ok(PossibleName::One(format!("refs/heads/{name}").into(), Some(doubt)))
            }
            Reference::Known(version, _) => match version.full_name() {
                Some(name) => Ok(PossibleName::One(name.into(), None)),
                None => Err(WantedName::Ref.unknown(is(version))),
            },
            Reference::OneOf(.., missing) => Err(missing),
            Reference::Within(refs, missing) => Ok(PossibleName::Within(refs, missing)),
        }
    }

    /// The full name of the reference, to be compared with that of another build.
    pub(crate) fn compared_ref(&self) -> ComparedValue {
        match self.reference(WantedName::Ref) {
            Ok(Reference::Known(version, _)) => match version.full_name() {
                Some(name) => ComparedValue::Known(name),
                None => ComparedValue::Unknown(WantedName::Ref.unknown(is(version))),
            },
            Ok(Reference::OneOf(names, _, missing)) => {
                ComparedValue::OneOf(names.into_iter().map(str::to_owned).collect(), missing)
            }
            Ok(Reference::Within(refs, missing)) => ComparedValue::Within(refs.clone(), missing),
            Err(missing) => ComparedValue::Unknown(missing),
        }
    }

    /// Returns the source of the branch, or else of the reference, if that is known.
    pub(crate) fn ref_from(&self) -> Option<RefFrom> {
        let from = |wanted| match self.reference(wanted) {
            Ok(Reference::Known(_, from)) => Some(from),
            Ok(Reference::OneOf(..) | Reference::Within(..)) | Err(_) => None,
        };
        from(WantedName::Branch).or_else(|| from(WantedName::Ref))
    }

    /// Returns these facts once for each possible reference. A rule with the same result for all of them is
    /// decided. Empty if no list of references is known.
    pub(crate) fn by_possible_reference(&self) -> Vec<Self> {
        // Nothing but git's answer or the project's webhook lists several.
        if self.remote.is_none() && self.project.is_none() {
            return Vec::new();
        }
        match self.reference(WantedName::Ref) {
            Ok(Reference::OneOf(names, from, _)) => {
                names.into_iter().map(|name| Self { assumed: Some((name.into(), from)), ..self.clone() }).collect()
            }
            Ok(Reference::Known(..) | Reference::Within(..)) | Err(_) => Vec::new(),
        }
    }

    fn known_reference(&self, wanted: WantedName) -> Result<SourceVersion<'_>, MissingFact> {
        match self.reference(wanted)? {
            Reference::Known(version, _) => Ok(version),
            Reference::OneOf(.., missing) | Reference::Within(_, missing) => Err(missing),
        }
    }

    fn reference(&self, wanted: WantedName) -> Result<Reference<'_>, MissingFact> {
        if let Some((name, from)) = &self.assumed {
            return Ok(Reference::Known(SourceVersion::of_full_name(name), *from));
        }
        if self.is_handed_over()? {
            return self.fetched_reference(wanted);
        }
        let (version, from) = self.revision()?;
        match version {
            Some(SourceVersion::Commit(_)) => self.at_commit(wanted, version),
            Some(SourceVersion::Default) if self.names_no_version()? => self.default_reference(wanted),
            Some(SourceVersion::Default) => self.remote_head(wanted),
            Some(request @ SourceVersion::PullRequest(_)) if wanted == WantedName::Branch => {
                self.base_branch(request, from)
            }
            Some(version) => Ok(Reference::Known(version, from)),
            None => self.default_reference(wanted),
        }
    }

    /// The source version of the build, or of the batch that it belongs to, as git reads it.
    /// `None` if there is none. Sources from CodePipeline and S3 have versions that are not git
    /// revisions.
    fn revision(&self) -> Result<(Option<SourceVersion<'_>>, RefFrom), MissingFact> {
        has_revision(self.build.source.as_ref())?;
        let own = (self.source_version, RefFrom::SourceVersion);
        match self.batch() {
            Ok(Some(batch)) => {
                has_revision(batch.source.as_ref())?;
                Ok((batch.source_version.as_deref().map(SourceVersion::read), RefFrom::Batch))
            }
            // An event may lack what the Build has.
            Ok(None) if self.source_version.is_none() && !self.lacks("sourceVersion") => {
                Err(MissingFact::Absent("sourceVersion"))
            }
            Ok(None) => Ok(own),
            // A build has its batch's reference, or the commit that it referred to.
            Err(unknown) => match (&self.build.initiator, self.source_version) {
                (None, Some(version)) if version.full_name().is_some() => Ok(own),
                (None, None) => Err(MissingFact::Absent("sourceVersion")),
                _ => Err(unknown),
            },
        }
    }

    /// Returns whether the source version is empty, so that the project's own applies. The version `HEAD` is
    /// the remote's, whatever version the project has.
    fn names_no_version(&self) -> Result<bool, MissingFact> {
        let version = match self.batch()? {
            Some(batch) => batch.source_version.as_deref(),
            None => self.build.source_version.as_deref(),
        };
        Ok(version.is_none_or(|version| version.trim().is_empty()))
    }

    /// The reference that a build without a source version has: the project's, or the remote's `HEAD`.
    fn default_reference(&self, wanted: WantedName) -> Result<Reference<'_>, MissingFact> {
        match self.project_at_start()?.source_version.as_deref().map(SourceVersion::read) {
            None | Some(SourceVersion::Default) => self.remote_head(wanted),
            commit @ Some(SourceVersion::Commit(_)) => self.at_commit(wanted, commit),
            Some(version) => Ok(Reference::Known(version, RefFrom::Project)),
        }
    }

    fn remote_head(&self, wanted: WantedName) -> Result<Reference<'_>, MissingFact> {
        let remote = self.fresh_remote(wanted, is(SourceVersion::Default))?;
        match remote.head.as_deref().map(SourceVersion::of_full_name) {
            Some(branch @ SourceVersion::Branch(_)) => Ok(Reference::Known(branch, RefFrom::Git)),
            _ => Err(wanted.unknown("the remote's HEAD refers to no branch")),
        }
    }

    /// The branch into which a pull request was merged, if only its merge can have started the build.
    /// Otherwise a pull request has no branch.
    fn base_branch<'s>(&'s self, request: SourceVersion<'s>, from: RefFrom) -> Result<Reference<'s>, MissingFact> {
        let Some(WebhookRefs { refs, listed }) = self.webhook_refs(request)? else {
            return Ok(Reference::Known(request, from));
        };
        match listed.as_deref() {
            Some([name]) => Ok(Reference::Known(SourceVersion::of_full_name(name), RefFrom::Webhook)),
            _ => Ok(Reference::Within(refs, no_branch(request))),
        }
    }

    /// The reference at the build's commit: one that the webhook's filters let through, if a webhook
    /// started the build, and that the remote has there.
    fn at_commit(&self, wanted: WantedName, version: Option<SourceVersion<'_>>) -> Result<Reference<'_>, MissingFact> {
        let commit = version.unwrap_or(SourceVersion::Default);
        // If the webhook's filters remain unknown, git may still show the one ref at the commit.
        let (by_webhook, unknown_filters) = match self.webhook_refs(commit) {
            Ok(by_webhook) => (by_webhook, None),
            Err(missing) if self.prospect_of(&missing) != Prospect::Nothing => return Err(missing),
            Err(missing) => (None, Some(missing)),
        };
        if let Some([name]) = by_webhook.and_then(|by_webhook| by_webhook.listed.as_deref()) {
            return Ok(Reference::Known(SourceVersion::of_full_name(name), RefFrom::Webhook));
        }
        let remote = self.has_commit(wanted).and_then(|()| self.fresh_remote(wanted, is(commit)));
        let at_commit = remote.and_then(|remote| {
            let may_be = |name: &&str| by_webhook.is_none_or(|by_webhook| by_webhook.refs.may_contain(name));
            match remote.names.iter().map(String::as_str).filter(may_be).collect::<Vec<_>>().as_slice() {
                [] => Err(wanted.unknown("no branch or tag of the remote that can be the build's is at its commit")),
                [name] => Ok(Reference::Known(SourceVersion::of_full_name(name), RefFrom::Git)),
                names => {
                    let missing =
                        wanted.unknown(format!("{} refs are at the commit: {}", names.len(), shortened(names)));
                    Ok(Reference::OneOf(names.to_vec(), RefFrom::Git, missing))
                }
            }
        });
        at_commit.or_else(|missing| match by_webhook {
            None => Err(self.settling(unknown_filters, missing)),
            Some(WebhookRefs { listed: Some(names), .. }) if !names.is_empty() => {
                Ok(Reference::OneOf(names.iter().map(String::as_str).collect(), RefFrom::Webhook, missing))
            }
            Some(WebhookRefs { refs, .. }) => Ok(Reference::Within(refs, missing)),
        })
    }

    /// Returns an error if the id of the build's commit is unknown, so that git would find no reference at it.
    fn has_commit(&self, wanted: WantedName) -> Result<(), MissingFact> {
        match ObjectId::of_build(self.build, self.build_batch, self.project) {
            Some(_) => Ok(()),
            None if self.is_whole || self.build_batch.is_some() => {
                Err(wanted.unknown("CodeBuild has not resolved the commit's id yet"))
            }
            None => Err(MissingFact::Absent("resolvedSourceVersion")),
        }
    }

    /// Returns the references for which the project's webhook may have started the build. `None` if it did not,
    /// or if its filters prove nothing.
    fn webhook_refs(&self, version: SourceVersion<'_>) -> Result<Option<&WebhookRefs>, MissingFact> {
        let starters = self.starters();
        if !starters.possible.contains(&Starter::Webhook) {
            return Ok(None);
        }
        starters.one()?;
        let project = match self.project_at_start() {
            Ok(project) => project,
            // The filters may have been others when the build started.
            Err(MissingFact::Unknown { .. }) => return Ok(None),
            Err(missing) => return Err(missing),
        };
        let read = || {
            let source_type = project.source.as_ref().and_then(|source| source.r#type.as_deref());
            let refs = project.webhook.as_ref()?.possible_refs(version, source_type)?;
            Some(WebhookRefs { listed: refs.listed(), refs })
        };
        Ok(self.normal_forms.webhook_refs.get_or_init(read).as_ref())
    }

    /// Returns git's answer, if it was asked soon after the build's start. `why`: the reason why nothing
    /// else shows the reference.
    fn fresh_remote(&self, wanted: WantedName, why: String) -> Result<&RefsAtCommit, MissingFact> {
        let remote = self.remote.ok_or_else(|| wanted.unresolved(why, Source::Git))?;
        let age = remote.as_of.duration_since(self.start()?);
        if age > FRESH {
            let seconds = age.as_secs();
            return Err(wanted.unknown(format!("git was asked {seconds} seconds after the build's start; refs move")));
        }
        Ok(remote)
    }

    /// Returns the time when the build, or the batch that it belongs to, started.
    fn start(&self) -> Result<Timestamp, MissingFact> {
        match self.batch()? {
            Some(batch) => batch.start_time.ok_or_else(|| MissingFact::AbsentMember("batch.startTime".into())),
            None => self.build.start_time.ok_or(MissingFact::Absent("startTime")),
        }
    }
}

/// Returns an error if versions of the source are not git revisions.
fn has_revision(source: Option<&ProjectSource>) -> Result<(), MissingFact> {
    match source.and_then(|source| source.r#type.as_deref()) {
        Some(kind @ ("CODEPIPELINE" | "S3" | "NO_SOURCE")) => {
            Err(MissingFact::Unknown { fact: "branch", why: format!("the source is {kind}") })
        }
        _ => Ok(()),
    }
}

/// A commit, a tag or a pull request may belong to any branch.
fn no_branch(version: SourceVersion<'_>) -> MissingFact {
    MissingFact::Unknown { fact: "branch", why: is(version) }
}

fn is(version: SourceVersion<'_>) -> String {
    format!("the source version is {version}")
}

/// The first three names.
fn shortened(names: &[&str]) -> String {
    let more = names.len().saturating_sub(3);
    let listed = names.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { listed } else { format!("{listed} and {more} more") }
}

#[cfg(test)]
mod tests;
