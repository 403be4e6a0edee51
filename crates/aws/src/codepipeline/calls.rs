//! The calls to CodePipeline.

use aws_sdk_codepipeline::{Client, types as sdk};
use buildbrake_core::model::{ActionExecution, ActionState, PipelineExecution, S3Location};
use jiff::Timestamp;

use crate::{CallError, call::call};

const SERVICE: &str = "CodePipeline";

/// The members of a source action's configuration that name the repository and the branch. Others may be secrets.
const CONFIGURATION: [&str; 6] = ["Branch", "BranchName", "FullRepositoryId", "Owner", "Repo", "RepositoryName"];

/// The latest execution of each action. `None` if there is no pipeline of that name.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineState.html>
pub(super) async fn get_pipeline_state(client: &Client, name: &str) -> Result<Option<Vec<ActionState>>, CallError> {
    let sent = client.get_pipeline_state().name(name).send();
    let states = call(SERVICE, "GetPipelineState", sent, |output| {
        Some(output.stage_states?.into_iter().flat_map(states).collect())
    });
    unless(states.await, "PipelineNotFoundException")
}

/// A page of executions of actions, the latest first, and the token of the next page. With `execution`, only
/// the actions of that execution of the pipeline.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html>
pub(super) async fn list_action_executions(
    client: &Client,
    name: &str,
    execution: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<ActionExecution>, Option<String>), CallError> {
    let filter = execution.map(|id| sdk::ActionExecutionFilter::builder().pipeline_execution_id(id).build());
    let sent = client.list_action_executions().pipeline_name(name).set_filter(filter).set_next_token(token).send();
    call(SERVICE, "ListActionExecutions", sent, |output| {
        let actions = output.action_execution_details?.into_iter().map(action).collect();
        Some((actions, output.next_token))
    })
    .await
}

/// An execution of the pipeline. `None` if there is none with that id.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipelineExecution.html>
pub(super) async fn get_pipeline_execution(
    client: &Client,
    name: &str,
    id: &str,
) -> Result<Option<PipelineExecution>, CallError> {
    let sent = client.get_pipeline_execution().pipeline_name(name).pipeline_execution_id(id).send();
    let execution = call(SERVICE, "GetPipelineExecution", sent, |output| {
        let execution = output.pipeline_execution?;
        Some(PipelineExecution {
            pipeline_execution_id: execution.pipeline_execution_id,
            pipeline_version: execution.pipeline_version,
            trigger_type: execution.trigger?.trigger_type.map(|kind| kind.as_str().to_owned()),
            execution_type: execution.execution_type.map(|kind| kind.as_str().to_owned()),
        })
    });
    unless(execution.await, "PipelineExecutionNotFoundException")
}

/// The names of the source actions in whose repositories a pushed tag may start this version of the pipeline. `None`
/// if the pipeline or the version does not exist.
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_GetPipeline.html>
pub(super) async fn sources_with_tags(
    client: &Client,
    name: &str,
    version: Option<i32>,
) -> Result<Option<Vec<String>>, CallError> {
    let sent = client.get_pipeline().name(name).set_version(version).send();
    let names = call(SERVICE, "GetPipeline", sent, |output| {
        let triggers = output.pipeline?.triggers.unwrap_or_default();
        let configurations = triggers.into_iter().filter_map(|trigger| trigger.git_configuration);
        let with_tags = configurations.filter(|configuration| configuration.push().iter().any(may_be_of_tags));
        Some(with_tags.map(|configuration| configuration.source_action_name).collect())
    });
    match unless(names.await, "PipelineVersionNotFoundException") {
        Ok(names) => Ok(names),
        Err(error) => unless(Err(error), "PipelineNotFoundException"),
    }
}

/// A filter on neither tags nor branches does not exclude tags.
fn may_be_of_tags(filter: &sdk::GitPushFilter) -> bool {
    filter.tags.is_some() || filter.branches.is_none()
}

fn states(stage: sdk::StageState) -> impl Iterator<Item = ActionState> {
    let pipeline_execution_id = stage.latest_execution.map(|execution| execution.pipeline_execution_id);
    let executions = stage.action_states.unwrap_or_default().into_iter().filter_map(|state| state.latest_execution);
    executions.map(move |execution| ActionState {
        pipeline_execution_id: pipeline_execution_id.clone(),
        action_execution_id: execution.action_execution_id,
        external_execution_id: execution.external_execution_id,
    })
}

fn action(detail: sdk::ActionExecutionDetail) -> ActionExecution {
    let (category, provider, region, mut configuration) = match detail.input {
        Some(input) => {
            let kind = input.action_type_id.map(|kind| (kind.category.as_str().to_owned(), kind.provider));
            let (category, provider) = kind.unzip();
            // The resolved configuration has the values of variables in place of their names.
            let configuration = input.resolved_configuration.or(input.configuration).unwrap_or_default();
            (category, provider, input.region, configuration)
        }
        None => Default::default(),
    };
    configuration.retain(|name, _| CONFIGURATION.contains(&name.as_str()));
    let (artifacts, variables, result) = match detail.output {
        Some(output) => (output.output_artifacts, output.output_variables, output.execution_result),
        None => Default::default(),
    };
    let location = |artifact: sdk::ArtifactDetail| {
        let location = artifact.s3_location?;
        Some(S3Location { bucket: location.bucket?, key: location.key? })
    };
    ActionExecution {
        pipeline_execution_id: detail.pipeline_execution_id,
        action_execution_id: detail.action_execution_id,
        action_name: detail.action_name,
        start_time: detail.start_time.and_then(|time| Timestamp::from_second(time.secs()).ok()),
        status: detail.status.map(|status| status.as_str().to_owned()),
        category,
        provider,
        region,
        configuration: configuration.into_iter().collect(),
        output_artifacts: artifacts.unwrap_or_default().into_iter().filter_map(location).collect(),
        output_variables: variables.unwrap_or_default().into_iter().collect(),
        external_execution_id: result.and_then(|result| result.external_execution_id),
    }
}

/// Turns the error with this code into `None`.
fn unless<T>(answer: Result<T, CallError>, code: &str) -> Result<Option<T>, CallError> {
    match answer {
        Err(error) if error.code.as_deref() == Some(code) => Ok(None),
        answer => answer.map(Some),
    }
}
