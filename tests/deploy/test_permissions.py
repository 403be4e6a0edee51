"""Takes away one permission at a time, in an AWS on this machine that evaluates policies."""

import json
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from local_aws import ACCOUNT, REGION, ROOT, Buildbrake, Project, local_aws
from ministack_template import RESOURCES
from samtranslator.yaml_helper import yaml_parse

POLICY = {
    "version": 1,
    "rules": [
        {"id": "protected", "forbidden-branches": ["main"]},
        {"id": "short", "max-duration": "50m"},
        {"id": "docker-server", "deny-when": "project.concurrentBuildLimit > 100"},
    ],
}

# The permissions whose lack cannot be tested here.
NOT_TESTED = {
    "codebuild:StopBuildBatch": "ministack has no batches",
    "codebuild:BatchGetBuildBatches": "ministack has no batches",
    "codebuild:ListBuildBatchesForProject": "ministack has no batches",
    "codebuild:ListSandboxes": "ministack has no sandboxes",
    "codebuild:BatchGetSandboxes": "ministack has no sandboxes",
    "codebuild:StopSandbox": "ministack has no sandboxes",
    "codepipeline:GetPipelineState": "ministack has no CodePipeline",
    "codepipeline:ListActionExecutions": "ministack has no CodePipeline",
    "codepipeline:GetPipelineExecution": "ministack has no CodePipeline",
    "codepipeline:GetPipeline": "ministack has no CodePipeline",
    "codecommit:GetRepository": "ministack has no CodeCommit",
    "codecommit:ListBranches": "ministack has no CodeCommit",
    "codecommit:GetBranch": "ministack has no CodeCommit",
    "secretsmanager:GetSecretValue": "ministack has no git host",
    "iam:PassRole": "ministack does not ask for it when a schedule is created",
    "sqs:SendMessage": "Lambda's own work, which ministack does without the role",
    # tests/e2e/stop_alarm.rs has a CloudWatch that denies it.
    "cloudwatch:DescribeAlarms": "ministack does not evaluate it where the call is in CBOR",
    "kms:GenerateDataKey": "Lambda's own work, which ministack does without the role",
    "kms:Decrypt": "Lambda's own work, which ministack does without the role",
}


@pytest.fixture(scope="module")
def stack():
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)):
        stack = Buildbrake(Path(folder))
        (stack.built / "policy/policy.yaml").write_text(json.dumps(POLICY))
        stack.deploy(**stack.everything)
        stack.mount_layers()
        yield stack


@pytest.fixture
def project(stack, request):
    """A project of the test's own: the function remembers a project for five minutes."""
    return Project(re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[-40:].strip("-"))


class Role:
    """The inline policies of the function's role."""

    def __init__(self, stack):
        self.client = boto3.client("iam")
        self.name = stack.resources["FunctionRole"]

    def documents(self):
        names = self.client.list_role_policies(RoleName=self.name)["PolicyNames"]
        return {
            name: self.client.get_role_policy(RoleName=self.name, PolicyName=name)["PolicyDocument"] for name in names
        }

    def put(self, documents):
        for name, document in documents.items():
            self.client.put_role_policy(RoleName=self.name, PolicyName=name, PolicyDocument=json.dumps(document))

    @contextmanager
    def without(self, action):
        before = self.documents()
        self.put({name: taken(document, action) for name, document in before.items()})
        yield
        self.put(before)


def actions(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def taken(document, action):
    """The document without an action. If it is a statement's only one, `none:None` takes its place."""
    kept = [
        statement | {"Action": [one for one in actions(statement) if one != action] or ["none:None"]}
        for statement in document["Statement"]
    ]
    return document | {"Statement": kept}


@pytest.fixture(scope="module")
def role(stack):
    return Role(stack)


def test_with_all_permissions_nothing_fails(stack, project):
    build, event = project.start("refs/heads/main")
    assert stack.invoke(event)["outcome"] == "stopped"
    assert project.status(build) == "STOPPED"
    assert stack.invoke(SWEEP)["outcome"] == "allowed"


SWEEP = {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}


def deadline(build):
    return {"detail-type": "Buildbrake Deadline", "source": "buildbrake", "detail": {"build-arn": build["arn"]}}


# By permission, the event that fails without it: a build's event of that branch, or another event.
FAILS = {
    "codebuild:StopBuild": "refs/heads/main",
    "codebuild:BatchGetBuilds": deadline,
    "codebuild:BatchGetProjects": "refs/heads/feature",
    "codebuild:ListProjects": lambda _: SWEEP,
    "codebuild:ListBuildsForProject": lambda _: SWEEP,
    "scheduler:CreateSchedule": "refs/heads/feature",
    "events:PutEvents": "refs/heads/main",
}


@pytest.mark.parametrize("action", FAILS)
def test_an_event_fails_without_a_permission_and_says_which(stack, project, role, action):
    of = FAILS[action]
    build, event = project.start(of if isinstance(of, str) else "refs/heads/feature")
    if not isinstance(of, str):
        event = of(build)
    before = len(stack.records())
    with role.without(action):
        answer = stack.invoke(event)
    assert answer["errorType"] == "AccessDenied", answer
    assert action in answer["errorMessage"]
    # The alarm of this name counts them.
    assert [record["AccessDenied"] for record in stack.records()[before:] if "AccessDenied" in record]
    # Everything else is done before.
    assert (project.status(build) == "STOPPED") == (action == "events:PutEvents")
    assert "errorType" not in stack.invoke(event)


# By permission, the note in the record of a stop that goes ahead without it.
NOTED = {
    "logs:CreateLogStream": "build-log-unwritable",
    "logs:PutLogEvents": "build-log-unwritable",
}


@pytest.mark.parametrize("action", NOTED)
def test_a_stop_goes_ahead_without_a_permission_and_says_so(stack, project, role, action):
    stack.logs.create_log_group(logGroupName=f"/aws/codebuild/{project.name}")
    build, event = project.start("refs/heads/main")
    with role.without(action):
        record = stack.invoke(event)
    assert record["outcome"] == "stopped"
    assert [note["code"] for note in record["notes"]] == [NOTED[action]]
    assert project.status(build) == "STOPPED"
    # The alarm of this name counts them.
    assert record["AccessDenied"] == 1


def test_a_stop_goes_ahead_without_the_alarm_and_says_so(stack, project):
    alarms = boto3.client("cloudwatch")
    (alarm,) = alarms.describe_alarms(AlarmNamePrefix="buildbrake-stops-")["MetricAlarms"]
    alarms.delete_alarms(AlarmNames=[alarm["AlarmName"]])
    # An instance of the function remembers the alarm's state for thirty seconds. A new instance has to ask.
    stack.mount_layers()
    build, event = project.start("refs/heads/main")
    record = stack.invoke(event)
    assert (record["outcome"], record["AlarmMissing"]) == ("stopped", 1)
    assert "alarm-missing" in [note["code"] for note in record["notes"]]
    assert project.status(build) == "STOPPED"


# The resources of the template, and an event that needs them.
NOT_FOUND = {
    "StopBuilds": (f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/*", "refs/heads/main"),
    "SetDeadlines": (f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/buildbrake-deadlines/*", "refs/heads/feature"),
}


@pytest.mark.parametrize("sid", RESOURCES)
def test_ministack_still_does_not_find_the_resources_of_some_calls(stack, project, role, sid):
    resource, branch = NOT_FOUND[sid]
    _, event = project.start(branch)
    before = role.documents()
    for statement in (after := role.documents())["buildbrake"]["Statement"]:
        if statement["Sid"] == sid:
            statement["Resource"] = resource
    role.put(after)
    assert stack.invoke(event)["errorType"] == "AccessDenied"
    role.put(before)


def test_every_permission_is_here(role):
    allowed = {
        action
        for document in role.documents().values()
        for statement in document["Statement"]
        for action in actions(statement)
    }
    assert allowed == FAILS.keys() | NOTED.keys() | NOT_TESTED.keys()


def written(records):
    """The metrics of records: name, dimensions and unit."""
    for record in records:
        for directive in record["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "Buildbrake"
            for dimensions in directive["Dimensions"]:
                # CloudWatch leaves out a dimension without a value, and its metric.
                assert all(isinstance(record[name], str) for name in dimensions)
                for metric in directive["Metrics"]:
                    assert isinstance(record[metric["Name"]], int)
                    yield metric["Name"], tuple(dimensions), metric["Unit"]


def read(node):
    """The metrics of buildbrake that alarms read: name and dimensions."""
    if isinstance(node, list):
        for item in node:
            yield from read(item)
    elif isinstance(node, dict):
        if node.get("Namespace") == "Buildbrake":
            yield node["MetricName"], tuple(dimension["Name"] for dimension in node.get("Dimensions", []))
        for value in node.values():
            yield from read(value)


def test_every_alarm_reads_a_metric_that_the_function_writes(stack):
    # All metrics that the tests above made it write.
    metrics = set(written(stack.records()))
    alarms = set(read(yaml_parse((ROOT / "template.yaml").read_text())["Resources"]))
    # tests/deploy/test_organization.py has a sweep that is dropped.
    assert alarms - {(name, dimensions) for name, dimensions, _ in metrics} == {("SweepsDropped", ())}
    assert {unit for name, _, unit in metrics if name != "ReactionMs"} == {"Count"}
    assert {unit for name, _, unit in metrics if name == "ReactionMs"} == {"Milliseconds"}


def test_every_widget_reads_a_metric_that_the_function_writes(stack):
    body = boto3.client("cloudwatch").get_dashboard(DashboardName=f"buildbrake-{REGION}")["DashboardBody"]
    widgets = [widget["properties"].get("metrics", []) for widget in json.loads(body)["widgets"]]
    shown = {(metric[1], ()) for metrics in widgets for metric in metrics if metric[0] == "Buildbrake"}
    metrics = {(name, dimensions) for name, dimensions, _ in written(stack.records())}
    # ministack's CloudWatch always answers.
    assert shown - metrics == {("AlarmUnanswered", ())}
    # The dashboard finds the metrics of the rules by a search.
    assert "{Buildbrake,Rule} MetricName=\\\"Stopped\\\"" in body
    assert ("Stopped", ("Rule",)) in metrics
