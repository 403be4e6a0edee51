//! The pipeline execution that started a build, and what its source actions show of the build's
//! source.
//!
//! CodePipeline hands a build an object in S3, and neither event nor Build names a branch. The
//! pipeline's history does.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::SignedDuration;

use super::{
    remote_refs::ObjectId,
    source_version::{SourceVersion, is_number},
};
use crate::model::{ActionExecution, ActionState, Build, BuildBatch, PipelineExecution, S3Location};

/// The time within which an action usually names the build that it started.
pub(super) const NAMED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// CodePipeline's answer about the pipeline that a build's initiator names.
#[derive(Clone, Debug, PartialEq)]
pub enum PipelineAnswer {
    /// The execution with the action that started the build.
    Run(Arc<PipelineRun>),
    /// No action names the build. If the build just started, one may do so soon.
    NotNamed,
    /// The account and region have no pipeline of that name.
    NoPipeline,
}

/// An execution of a pipeline, with its source actions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PipelineRun {
    /// The pipeline's name.
    pub pipeline: String,
    /// The execution.
    pub execution: PipelineExecution,
    /// The executions of its source actions.
    pub sources: Vec<ActionExecution>,
    /// The names of the source actions whose pushed tags start the pipeline. `None` if that is
    /// unknown.
    pub sources_with_tags: Option<Vec<String>>,
}

/// The source of a build, as its pipeline's source action shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineSource {
    /// The revision that was fetched.
    pub revision: PipelineRevision,
    /// Its commit.
    pub commit: Option<ObjectId>,
    /// The repository, if it is in CodeCommit or on a git host whose name is known.
    pub repository: Option<PipelineRepository>,
}

/// The revision that a source action fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineRevision {
    /// The head of this branch, by its short name.
    Branch(String),
    /// A commit that may belong to another branch, because the caller that started the execution could choose it.
    /// The branch is this one if the commit is its head in git.
    BranchIfHead(String),
    /// A pull request.
    PullRequest {
        /// Its number.
        number: String,
        /// The branch that it would merge.
        source_branch: Option<String>,
        /// The branch that it would be merged into.
        destination_branch: Option<String>,
    },
}

/// The repository of a source action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipelineRepository {
    /// A URL, as in `https://github.com/acme/shop`.
    Url(String),
    /// A repository of CodeCommit, by name, and its region if it is not the pipeline's.
    CodeCommit {
        /// The repository's name.
        name: String,
        /// As in `eu-west-1`.
        region: Option<String>,
    },
}

/// The pipeline's name in an initiator, `codepipeline/NAME`, if it is one that a pipeline can
/// have.
pub fn pipeline_name(initiator: &str) -> Option<&str> {
    let name = initiator.strip_prefix("codepipeline/")?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".@-_".contains(&byte);
    ((1..=100).contains(&name.len()) && name.bytes().all(fits)).then_some(name)
}

/// The action that started one of these builds or batches, in the pipeline's state.
pub fn action_in_state<'a>(states: &'a [ActionState], started: &[&str]) -> Option<&'a ActionState> {
    states.iter().find(|state| state.external_execution_id.as_deref().is_some_and(|id| started.contains(&id)))
}

/// Returns the id of the pipeline execution with an action that started one of these builds or batches.
/// `action` is the id of the action's execution, if the pipeline's state has it: the history of a running
/// action may not contain the build yet. Only actions of CodeBuild count, because another kind of action may
/// report any id as its own.
pub fn execution_of<'a>(actions: &'a [ActionExecution], started: &[&str], action: Option<&str>) -> Option<&'a str> {
    let is_it = |execution: &&ActionExecution| {
        let has_started = execution.external_execution_id.as_deref().is_some_and(|id| started.contains(&id));
        let is_of_codebuild = execution.provider.as_deref().is_none_or(|provider| provider == "CodeBuild");
        is_of_codebuild && (has_started || (action.is_some() && execution.action_execution_id.as_deref() == action))
    };
    actions.iter().find(is_it)?.pipeline_execution_id.as_deref()
}

/// Returns whether an execution is that of a source action.
pub fn is_source(action: &ActionExecution) -> bool {
    action.category.as_deref() == Some("Source")
}

impl PipelineRun {
    /// The source of a build of this execution, or of the batch that it started.
    ///
    /// # Errors
    /// The reason why it is unknown.
    pub fn source_for(&self, build: &Build, batch: Option<&BuildBatch>) -> Result<PipelineSource, String> {
        let (version, resolved) = match batch {
            Some(batch) => (&batch.source_version, &batch.resolved_source_version),
            None => (&build.source_version, &build.resolved_source_version),
        };
        self.source_of(version.as_deref(), resolved.as_deref())
    }

    /// Returns the source of a build of this execution. `version` and `resolved` are the source version and the
    /// resolved source version of the build, or of the batch that the execution started.
    ///
    /// # Errors
    /// The reason why it is unknown.
    pub fn source_of(&self, version: Option<&str>, resolved: Option<&str>) -> Result<PipelineSource, String> {
        let trigger = ExecutionTrigger::of(&self.execution)?;
        let fetched = self.sources.iter().filter(|action| is_source(action));
        let fetched: Vec<&ActionExecution> =
            fetched.filter(|action| action.status.as_deref() == Some("Succeeded")).collect();
        let commit = resolved.and_then(ObjectId::read);
        let object = version.and_then(s3_object);
        let has_object = |action: &&&ActionExecution| {
            action
                .output_artifacts
                .iter()
                .any(|S3Location { bucket, key }| Some((bucket.as_str(), key.as_str())) == object)
        };
        let has_commit = |action: &&&ActionExecution| commit.is_some() && commit_of(action) == commit;
        let mut actions: Vec<&ActionExecution> = fetched.iter().filter(has_object).copied().collect();
        if actions.is_empty() {
            actions = fetched.iter().filter(has_commit).copied().collect();
        }
        if actions.is_empty() {
            actions = fetched;
        }
        let sources = actions.into_iter().map(|action| self.source(action, trigger)).collect::<Result<Vec<_>, _>>()?;
        let source = agreed(sources)?;
        match (&source.commit, &commit) {
            (Some(one), Some(other)) if one != other => {
                Err("the build's commit is not that of the pipeline's source action".to_owned())
            }
            _ => Ok(source),
        }
    }

    /// Returns what one source action shows.
    fn source(&self, action: &ActionExecution, trigger: ExecutionTrigger) -> Result<PipelineSource, String> {
        let variable =
            |name: &str| action.output_variables.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let commit = commit_of(action);
        let repository = repository(action);
        if let Some(number) = variable("PullRequestId") {
            if trigger != ExecutionTrigger::Push || !is_number(number) {
                return Err("the pull request of the pipeline's source action is not certain".to_owned());
            }
            let revision = PipelineRevision::PullRequest {
                number: number.to_owned(),
                source_branch: variable("SourceBranchName").map(str::to_owned),
                destination_branch: variable("DestinationBranchName").map(str::to_owned),
            };
            return Ok(PipelineSource { revision, commit, repository });
        }
        // A trigger with filters replaces the branch of the configuration.
        // https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
        let configured = ["BranchName", "Branch"].iter().find_map(|key| action.configuration.get(*key));
        let configured = configured.map(String::as_str).filter(|_| trigger != ExecutionTrigger::Push);
        let branch = variable("BranchName").or(configured).and_then(plain_branch);
        let Some(branch) = branch.map(str::to_owned) else {
            return Err("the pipeline's source action names no branch".to_owned());
        };
        let is_certain = match trigger {
            ExecutionTrigger::Change => true,
            ExecutionTrigger::Push => self.is_never_started_by_tags(action),
            ExecutionTrigger::Choice => false,
        };
        let revision = match (is_certain, &commit) {
            (true, _) => PipelineRevision::Branch(branch),
            (false, Some(_)) => PipelineRevision::BranchIfHead(branch),
            (false, None) => return Err("the commit of the pipeline's source action is unknown".to_owned()),
        };
        Ok(PipelineSource { revision, commit, repository })
    }

    /// Returns whether pushed tags never start the pipeline through this source action. A tag's commit may belong to
    /// any branch, and no documentation says which branch the source action then names.
    fn is_never_started_by_tags(&self, action: &ActionExecution) -> bool {
        let with_tags = self.sources_with_tags.as_ref();
        with_tags.zip(action.action_name.as_ref()).is_some_and(|(with_tags, name)| !with_tags.contains(name))
    }
}

/// The trigger of an execution, distinguished by the commits that it can make the source actions fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExecutionTrigger {
    /// A change of the configured branch: its head was fetched.
    Change,
    /// An event of a connection's repository.
    Push,
    /// A call or a rule, which may choose any commit.
    Choice,
}

impl ExecutionTrigger {
    /// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionTrigger.html>
    fn of(execution: &PipelineExecution) -> Result<Self, String> {
        match (execution.execution_type.as_deref(), execution.trigger_type.as_deref()) {
            (Some("ROLLBACK"), _) | (_, Some("ManualRollback" | "AutomatedRollback")) => {
                Err("the pipeline's execution is a rollback".to_owned())
            }
            (_, Some("WebhookV2")) => Ok(Self::Push),
            (_, Some("Webhook" | "PollForSourceChanges")) => Ok(Self::Change),
            _ => Ok(Self::Choice),
        }
    }
}

/// Returns the source on which all agree.
fn agreed(sources: Vec<PipelineSource>) -> Result<PipelineSource, String> {
    let mut sources = sources.into_iter();
    let mut first = sources.next().ok_or("the pipeline's execution has no source action that succeeded")?;
    for other in sources {
        if other.revision != first.revision {
            return Err("the pipeline's source actions fetch different branches".to_owned());
        }
        if (&other.commit, &other.repository) == (&first.commit, &first.repository) {
            continue;
        }
        if !matches!(first.revision, PipelineRevision::Branch(_)) {
            return Err("the pipeline's source actions fetch different commits".to_owned());
        }
        (first.commit, first.repository) = (None, None);
    }
    Ok(first)
}

fn commit_of(action: &ActionExecution) -> Option<ObjectId> {
    action.output_variables.get("CommitId").and_then(|id| ObjectId::read(id))
}

/// The name, if it is one that every program reads as that branch.
fn plain_branch(name: &str) -> Option<&str> {
    SourceVersion::of_full_name(&format!("refs/heads/{name}")).branch().map(|_| name)
}

/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html>
fn repository(action: &ActionExecution) -> Option<PipelineRepository> {
    let known = |name: &str| action.output_variables.get(name).or_else(|| action.configuration.get(name));
    let at = |host: &str, path: &str| Some(PipelineRepository::Url(format!("https://{host}/{path}")));
    match action.provider.as_deref()? {
        "CodeStarSourceConnection" => {
            let path = known("FullRepositoryName").or_else(|| known("FullRepositoryId"))?;
            match known("ProviderType")?.as_str() {
                "GitHub" => at("github.com", path),
                "Bitbucket" => at("bitbucket.org", path),
                "GitLab" => at("gitlab.com", path),
                // Only the connection knows the names of other hosts.
                _ => None,
            }
        }
        "GitHub" => at("github.com", &format!("{}/{}", known("Owner")?, known("Repo")?)),
        "CodeCommit" => {
            let name = known("RepositoryName")?.clone();
            Some(PipelineRepository::CodeCommit { name, region: action.region.clone() })
        }
        _ => None,
    }
}

/// Bucket and key in an ARN of S3: `arn:aws:s3:::BUCKET/KEY`.
fn s3_object(version: &str) -> Option<(&str, &str)> {
    match SourceVersion::read(version) {
        SourceVersion::S3Object(arn) => arn.splitn(6, ':').nth(5)?.split_once('/'),
        _ => None,
    }
}
