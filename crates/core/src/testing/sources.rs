//! The answers of git and CodePipeline about a test's build: the keys `git` and `pipeline`.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    diagnostic::Code,
    facts::{
        pipeline::{PipelineAnswer, PipelineRun},
        remote_refs::{ObjectId, RefsAtCommit, RemoteRef, RemoteRefs},
        source_version::SourceVersion,
    },
    model::{ActionExecution, Build, BuildBatch, PipelineExecution, Project},
    yaml::{Node, reader::Reader, scalar::FromScalar},
};

const PIPELINE_KEYS: &[&str] = &["branch", "commit", "pull-request", "trigger"];

/// The source action of the pipeline's execution that started a build.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    branch: Option<String>,
    commit: Option<ObjectId>,
    pull_request: Option<String>,
    trigger: Option<String>,
}

/// Parses the references of a remote repository: their full names with their commits, and `HEAD` with
/// the full name of a branch.
pub(super) fn git(reader: &mut Reader, node: &Node) -> RemoteRefs {
    let mut remote = RemoteRefs::default();
    for (name, node) in reader.entries(node, "refs with their commits", "{ refs/heads/main: COMMIT_ID }") {
        if name == "HEAD" {
            remote.head = reader.scalar(node).map(|FullName(name)| name);
        } else if let Err(wrong) = FullName::from_scalar(name) {
            let help = format!("use {}, or `HEAD`", FullName::EXPECTED);
            reader.fault(Code::InvalidRevision, node.place, format!("`{name}` {wrong}"), help);
        } else if let Some(Commit(id)) = reader.scalar(node) {
            remote.refs.push(RemoteRef { name: name.to_owned(), id, peeled: None });
        }
    }
    remote
}

/// Parses what a pipeline's source action has fetched.
pub(super) fn pipeline(reader: &mut Reader, node: &Node) -> Option<Pipeline> {
    let mapping = reader.mapping(node, "a pipeline's source", PIPELINE_KEYS)?;
    let pipeline = Pipeline {
        branch: mapping.get("branch").and_then(|node| reader.scalar(node)),
        commit: mapping.get("commit").and_then(|node| reader.scalar(node)).map(|Commit(id)| id),
        pull_request: mapping.get("pull-request").and_then(|node| reader.scalar(node)),
        trigger: mapping.get("trigger").and_then(|node| reader.scalar(node)),
    };
    let is_named =
        ["branch", "pull-request"].iter().any(|key| mapping.get(key).is_some() || mapping.suggested.contains(key));
    if !is_named {
        let help = "add what the source action has fetched: `branch: main`, or `pull-request: 25`";
        reader.fault(Code::PipelineWithoutBranch, node.place, "a pipeline's source without a branch", help);
    }
    Some(pipeline)
}

/// Returns git's answer at the start of the build, about the commit that the pipeline has fetched. Without a
/// pipeline, the commit is that of the build or of its batch.
pub(super) fn git_answer(
    remote: &RemoteRefs,
    pipeline: Option<&Pipeline>,
    build: &Build,
    batch: Option<&BuildBatch>,
    project: Option<&Project>,
    now: Timestamp,
) -> RefsAtCommit {
    let commit = pipeline.map_or_else(|| ObjectId::of_build(build, batch, project), |pipeline| pipeline.commit);
    let names = commit.into_iter().flat_map(|commit| remote.at(commit)).map(str::to_owned).collect();
    let start = batch.map_or(build.start_time, |batch| batch.start_time);
    RefsAtCommit { names, head: remote.head.clone(), as_of: start.unwrap_or(now) }
}

impl Pipeline {
    /// CodePipeline's answer: an execution whose only source action has fetched this.
    pub(super) fn answer(&self) -> PipelineAnswer {
        let commit = self.commit.map(|id| id.to_string());
        let variables = [("BranchName", &self.branch), ("PullRequestId", &self.pull_request), ("CommitId", &commit)];
        let known = variables.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let source = ActionExecution {
            status: Some("Succeeded".to_owned()),
            category: Some("Source".to_owned()),
            action_name: Some("Source".to_owned()),
            output_variables: known.collect(),
            ..ActionExecution::default()
        };
        let trigger_type = Some(self.trigger.clone().unwrap_or_else(|| "WebhookV2".to_owned()));
        PipelineAnswer::Run(Arc::new(PipelineRun {
            execution: PipelineExecution { trigger_type, ..PipelineExecution::default() },
            sources: vec![source],
            sources_with_tags: Some(Vec::new()),
            ..PipelineRun::default()
        }))
    }
}

struct Commit(ObjectId);

impl FromScalar for Commit {
    const CODE: Code = Code::InvalidRevision;
    const EXPECTED: &'static str = "a whole commit id, of 40 or 64 hexadecimal digits";

    fn from_scalar(text: &str) -> Result<Self, String> {
        ObjectId::read(text).map(Self).ok_or_else(|| "is not a commit id".into())
    }
}

struct FullName(String);

impl FromScalar for FullName {
    const CODE: Code = Code::InvalidRevision;
    const EXPECTED: &'static str = "the full name of a branch or a tag, as in `refs/heads/main`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        match SourceVersion::read(text) {
            version @ (SourceVersion::Branch(_) | SourceVersion::Tag(_))
                if version.full_name().as_deref() == Some(text) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err("is not the full name of a branch or a tag".into()),
        }
    }
}
