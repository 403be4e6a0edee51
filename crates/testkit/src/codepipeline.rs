//! A CodePipeline with the executions of pipelines, by account and region.
//! <https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html>

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::{
    codebuild::{ACCOUNT, CODEPIPELINE, Call, Endpoint, REGION, identified},
    http::{Address, Reply},
};

/// The number of executions of actions on a page.
pub const PAGE: usize = 100;

/// The state of CodePipeline. Clones share it.
#[derive(Clone, Default)]
pub struct CodePipeline(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pipelines: Vec<Pipeline>,
    exchanges: Vec<Exchange>,
}

/// A pipeline with its history, the latest first.
struct Pipeline {
    account: String,
    region: String,
    name: String,
    triggers: Value,
    executions: Vec<Value>,
    /// As `ListActionExecutions` returns them.
    actions: Vec<Value>,
}

/// A call and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The operation's name, such as `GetPipelineState`.
    pub operation: String,
    /// The call's body.
    pub input: Value,
    /// The status of the answer.
    pub status: u16,
    /// The answer's body.
    pub output: Value,
}

/// An execution of an action.
pub struct Action<'a> {
    /// The execution of the pipeline.
    pub execution: &'a str,
    /// The stage's name.
    pub stage: &'a str,
    /// The action's name.
    pub name: &'a str,
    /// The start, in seconds since the epoch.
    pub start: i64,
    /// The action's work.
    pub does: Does<'a>,
}

/// The work of an action.
pub enum Does<'a> {
    /// It has fetched a branch's head over a connection to GitHub, and stored it in S3.
    Fetch {
        /// `acme/shop`.
        repository: &'a str,
        /// The branch's short name.
        branch: &'a str,
        /// The commit's id.
        commit: &'a str,
        /// The object's key in the bucket `artifacts`.
        key: &'a str,
    },
    /// It is running a build, by the build's id.
    Run(&'a str),
    /// It has run a build to its end.
    HasRun(&'a str),
}

impl CodePipeline {
    /// Adds a pipeline in the default account and region.
    pub fn put_pipeline(&self, name: &str) {
        self.put_pipeline_in(REGION, name, json!([]));
    }

    /// Adds a pipeline in a region, with triggers.
    pub fn put_pipeline_in(&self, region: &str, name: &str, triggers: Value) {
        self.state().pipelines.push(Pipeline {
            account: ACCOUNT.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            triggers,
            executions: Vec::new(),
            actions: Vec::new(),
        });
    }

    /// Adds an execution of a pipeline.
    pub fn start(&self, pipeline: &str, id: &str, trigger: &str) {
        let execution = json!({
            "pipelineName": pipeline,
            "pipelineVersion": 3,
            "pipelineExecutionId": id,
            "status": "InProgress",
            "artifactRevisions": [],
            "trigger": {"triggerType": trigger, "triggerDetail": ""},
            "executionMode": "SUPERSEDED",
            "executionType": if trigger.ends_with("Rollback") { "ROLLBACK" } else { "STANDARD" },
        });
        self.state().pipeline(pipeline).executions.insert(0, execution);
    }

    /// Adds an execution of an action, the latest up to now.
    pub fn act(&self, pipeline: &str, action: &Action<'_>) {
        let mut state = self.state();
        let pipeline = state.pipeline(pipeline);
        let id = format!("a0000000-0000-4000-8000-{:012}", pipeline.actions.len());
        pipeline.actions.insert(0, detail(action, &id));
    }

    /// All calls and their answers, in their order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state().exchanges.clone()
    }

    /// The operations that were called, in their order.
    pub fn operations(&self) -> Vec<String> {
        self.exchanges().into_iter().map(|exchange| exchange.operation).collect()
    }

    /// Listens on a free port.
    pub fn listen(&self) -> Endpoint {
        self.listen_unless(|_| None)
    }

    /// Listens on a free port. A call that `spoil` answers does not reach the state.
    pub fn listen_unless(&self, spoil: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) -> Endpoint {
        let codepipeline = self.clone();
        Endpoint::of_service(CODEPIPELINE, Address::reserve(), move |call| {
            spoil(call).unwrap_or_else(|| codepipeline.answer(call))
        })
    }

    /// Answers a call.
    pub fn answer(&self, call: &Call) -> Reply {
        let mut state = self.state();
        let (status, output) = match state.answer(call) {
            Ok(output) => (200, output),
            Err((code, message)) => (400, json!({"__type": code, "message": message})),
        };
        let (operation, input) = (call.operation.clone(), call.input.clone());
        state.exchanges.push(Exchange { operation, input, status, output: output.clone() });
        identified(Reply::json(status, output))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The code and the message of an error.
type Refusal = (&'static str, &'static str);

impl State {
    fn pipeline(&mut self, name: &str) -> &mut Pipeline {
        let found = self.pipelines.iter_mut().find(|pipeline| pipeline.name == name);
        found.unwrap_or_else(|| panic!("no pipeline {name}"))
    }

    fn answer(&self, call: &Call) -> Result<Value, Refusal> {
        let name = call.input["name"].as_str().or(call.input["pipelineName"].as_str()).unwrap_or_default();
        let is_it = |pipeline: &&Pipeline| {
            (&pipeline.account, &pipeline.region) == (&call.account, &call.region) && pipeline.name == name
        };
        let pipeline = self.pipelines.iter().find(is_it);
        let pipeline = pipeline.ok_or(("PipelineNotFoundException", "Account has no such pipeline"))?;
        match call.operation.as_str() {
            "GetPipeline" => Ok(pipeline.definition()),
            "GetPipelineState" => Ok(pipeline.state()),
            "GetPipelineExecution" => {
                let id = &call.input["pipelineExecutionId"];
                let found = pipeline.executions.iter().find(|execution| execution["pipelineExecutionId"] == *id);
                let found = found.ok_or(("PipelineExecutionNotFoundException", "there is no such execution"))?;
                Ok(json!({ "pipelineExecution": found }))
            }
            "ListActionExecutions" => Ok(pipeline.list(&call.input)),
            _ => Err(("UnknownOperationException", "this CodePipeline knows no such operation")),
        }
    }
}

impl Pipeline {
    fn definition(&self) -> Value {
        let action = |category: &str, provider: &str| {
            let kind = json!({"category": category, "owner": "AWS", "provider": provider, "version": "1"});
            json!({"name": category, "actionTypeId": kind, "runOrder": 1})
        };
        json!({"pipeline": {
            "name": self.name,
            "roleArn": format!("arn:aws:iam::{}:role/pipeline", self.account),
            "stages": [
                {"name": "Source", "actions": [action("Source", "CodeStarSourceConnection")]},
                {"name": "Build", "actions": [action("Build", "CodeBuild")]},
            ],
            "version": 3,
            "pipelineType": "V2",
            "triggers": self.triggers,
        }})
    }

    /// The latest execution of each stage and of each action.
    fn state(&self) -> Value {
        let mut stages: Vec<Value> = Vec::new();
        for detail in &self.actions {
            let index = stages.iter().position(|stage| stage["stageName"] == detail["stageName"]);
            let index = index.unwrap_or_else(|| {
                let execution = json!({"pipelineExecutionId": detail["pipelineExecutionId"], "status": "InProgress"});
                stages
                    .push(json!({"stageName": detail["stageName"], "actionStates": [], "latestExecution": execution}));
                stages.len() - 1
            });
            let Some(actions) = stages[index]["actionStates"].as_array_mut() else { continue };
            if actions.iter().all(|action| action["actionName"] != detail["actionName"]) {
                let mut latest = json!({
                    "actionExecutionId": detail["actionExecutionId"],
                    "status": detail["status"],
                    "lastStatusChange": detail["startTime"],
                });
                if let Some(build) = detail["build"].as_str() {
                    latest["externalExecutionId"] = json!(build);
                }
                actions.push(json!({"actionName": detail["actionName"], "latestExecution": latest}));
            }
        }
        json!({"pipelineName": self.name, "pipelineVersion": 3, "stageStates": stages})
    }

    fn list(&self, input: &Value) -> Value {
        let execution = &input["filter"]["pipelineExecutionId"];
        let is_listed = |detail: &&Value| execution.is_null() || detail["pipelineExecutionId"] == *execution;
        let start: usize = input["nextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or_default();
        let mut details = self.actions.iter().filter(is_listed).skip(start).map(|detail| {
            let mut detail = detail.clone();
            detail.as_object_mut().unwrap().remove("build");
            detail
        });
        let page: Vec<Value> = details.by_ref().take(PAGE).collect();
        let mut output = json!({ "actionExecutionDetails": page });
        if details.next().is_some() {
            output["nextToken"] = json!((start + PAGE).to_string());
        }
        output
    }
}

/// As `ListActionExecutions` returns it, and with the build's id, which only the pipeline's state
/// contains while the build is running.
fn detail(action: &Action<'_>, id: &str) -> Value {
    let kind = |category: &str, provider: &str| json!({"category": category, "owner": "AWS", "provider": provider, "version": "1"});
    let (status, input, output, build) = match action.does {
        Does::Fetch { repository, branch, commit, key } => {
            let configuration = json!({
                "BranchName": branch,
                "ConnectionArn": format!("arn:aws:codestar-connections:{REGION}:{ACCOUNT}:connection/c"),
                "FullRepositoryId": repository,
            });
            let input = json!({
                "actionTypeId": kind("Source", "CodeStarSourceConnection"),
                "configuration": configuration,
                "resolvedConfiguration": configuration,
                "region": REGION,
                "inputArtifacts": [],
            });
            let variables = json!({
                "BranchName": branch,
                "CommitId": commit,
                "FullRepositoryName": repository,
                "ProviderType": "GitHub",
            });
            let artifact = json!({"name": "Source", "s3location": {"bucket": "artifacts", "key": key}});
            ("Succeeded", input, json!({"outputArtifacts": [artifact], "outputVariables": variables}), None)
        }
        Does::Run(build) => (
            "InProgress",
            json!({"actionTypeId": kind("Build", "CodeBuild"), "region": REGION}),
            json!({}),
            Some(build),
        ),
        Does::HasRun(build) => {
            let output = json!({"executionResult": {"externalExecutionId": build}, "outputVariables": {}});
            ("Succeeded", json!({"actionTypeId": kind("Build", "CodeBuild"), "region": REGION}), output, Some(build))
        }
    };
    json!({
        "pipelineExecutionId": action.execution,
        "actionExecutionId": id,
        "pipelineVersion": 3,
        "stageName": action.stage,
        "actionName": action.name,
        "startTime": action.start,
        "lastUpdateTime": action.start,
        "status": status,
        "input": input,
        "output": output,
        "build": build,
    })
}
