//! Parts of a pipeline's state and history, under the names of the CodePipeline API.
//! <https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html>

use std::collections::BTreeMap;

use jiff::Timestamp;

/// An action as `GetPipelineState` returns it: its latest execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionState {
    /// The id of the latest pipeline execution in the action's stage. The action's own latest execution may
    /// belong to another one.
    pub pipeline_execution_id: Option<String>,
    /// The id of this execution of the action.
    pub action_execution_id: Option<String>,
    /// The id of the build or batch that it started.
    pub external_execution_id: Option<String>,
}

/// An execution of an action as `ListActionExecutions` returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionExecution {
    /// The pipeline execution that it belongs to.
    pub pipeline_execution_id: Option<String>,
    /// Its own id.
    pub action_execution_id: Option<String>,
    /// The action's name.
    pub action_name: Option<String>,
    /// The time when it started.
    pub start_time: Option<Timestamp>,
    /// `InProgress`, `Succeeded`…
    pub status: Option<String>,
    /// `Source`, `Build`…
    pub category: Option<String>,
    /// The provider of the action: `CodeStarSourceConnection`, `CodeCommit`, `GitHub`…
    pub provider: Option<String>,
    /// The region that it ran in, if that is not the pipeline's.
    pub region: Option<String>,
    /// Its configuration, with the values of variables.
    pub configuration: BTreeMap<String, String>,
    /// The locations of its output artifacts.
    pub output_artifacts: Vec<S3Location>,
    /// The variables that it has set.
    pub output_variables: BTreeMap<String, String>,
    /// The id of the build or batch that it started.
    pub external_execution_id: Option<String>,
}

/// The location of an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key.
    pub key: String,
}

/// An execution of a pipeline as `GetPipelineExecution` returns it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineExecution {
    /// The execution's id.
    pub pipeline_execution_id: Option<String>,
    /// The version of the pipeline that was executed.
    pub pipeline_version: Option<i32>,
    /// The kind of trigger: `WebhookV2`, `StartPipelineExecution`…
    pub trigger_type: Option<String>,
    /// `STANDARD` or `ROLLBACK`.
    pub execution_type: Option<String>,
}
