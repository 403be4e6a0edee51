"""What the SAM template makes, once SAM has turned it into plain CloudFormation.

Each test breaks when a deployment would do more, or less, than it promises.
Nothing here needs a network or an account.
"""

import json
from pathlib import Path

import pytest
from moto.events.models import EventPattern
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]

PROJECTS = {"Fn::Sub": "arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:project/*"}


class NoManagedPolicies:
    """SAM wants to look up AWS's managed policies, and the template uses none."""

    def load(self):
        return {}


def as_written():
    """The template as it is written."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@pytest.fixture(scope="module")
def template():
    """The template as CloudFormation gets it."""
    packaged = as_written()
    # SAM translates uploaded code only. These are the places `sam deploy` puts it.
    packaged["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://uploads/function"
    packaged["Resources"]["Policy"]["Properties"]["ContentUri"] = "s3://uploads/policy"
    return Translator(NoManagedPolicies(), Parser()).translate(packaged, {})


def of_type(template, kind):
    """The resources of one type, by name."""
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def the(template, kind):
    """The properties of the one resource of its type."""
    (resource,) = of_type(template, kind).values()
    return resource["Properties"]


def named(template, name):
    """The properties of the resource of that name."""
    return template["Resources"][name]["Properties"]


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def references(node):
    """The names that Ref and Fn::GetAtt lead to, anywhere below."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0]
            else:
                yield from references(value)


def test_every_reference_leads_somewhere(template):
    # The linter lets names pass that SAM might generate, such as the rule's.
    found = set(references(template))
    assert {"FunctionBuildStarts", "FunctionSweep"} <= found
    assert found <= template["Resources"].keys() | template["Parameters"].keys() | {"AWS::AccountId"}


# What the function may do.


def test_the_function_may_do_exactly_this(template):
    (policy,) = named(template, "FunctionRole")["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Sid": "StopBuilds",
            "Effect": "Allow",
            "Action": [
                "codebuild:BatchGetBuilds",
                "codebuild:BatchGetProjects",
                "codebuild:StopBuild",
                "codebuild:ListBuildsForProject",
                "codebuild:ListBuildBatchesForProject",
                "codebuild:StopBuildBatch",
                "codebuild:BatchGetBuildBatches",
            ],
            "Resource": PROJECTS,
        },
        {"Sid": "ListProjects", "Effect": "Allow", "Action": "codebuild:ListProjects", "Resource": "*"},
        {
            "Sid": "SetDeadlines",
            "Effect": "Allow",
            "Action": "scheduler:CreateSchedule",
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${Deadlines}/*"
            },
        },
        {
            "Sid": "LetDeadlinesCallBack",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn("DeadlineRole"),
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
        {
            "Sid": "WriteRecords",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": arn("LogGroup"),
        },
        {
            "Sid": "KeepFailedInvocations",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": arn("FailedInvocations"),
        },
    ]


# The permissions for sources that know a build's branch: the condition, the actions, the resources.
OPTIONAL = {
    "PipelinePolicy": (
        {"Fn::Equals": [{"Ref": "AskPipelines"}, "true"]},
        [
            "codepipeline:GetPipelineState",
            "codepipeline:ListActionExecutions",
            "codepipeline:GetPipelineExecution",
            "codepipeline:GetPipeline",
        ],
        {"Fn::Sub": "arn:${AWS::Partition}:codepipeline:${AWS::Region}:${AWS::AccountId}:*"},
    ),
    "CodeCommitPolicy": (
        {"Fn::Equals": [{"Ref": "AskCodeCommit"}, "true"]},
        ["codecommit:GetRepository", "codecommit:ListBranches", "codecommit:GetBranch"],
        {"Fn::Sub": "arn:${AWS::Partition}:codecommit:*:${AWS::AccountId}:*"},
    ),
    "GitSecretPolicy": (
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "GitSecrets"}, ""]}]},
        "secretsmanager:GetSecretValue",
        {"Fn::Split": [",", {"Ref": "GitSecrets"}]},
    ),
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_source_of_branches_may_be_asked_only_if_its_parameter_says_so(template, name):
    condition, actions, resource = OPTIONAL[name]
    assert template["Conditions"][template["Resources"][name]["Condition"]] == condition
    (statement,) = named(template, name)["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", actions, resource)


def test_no_source_of_branches_is_asked_by_default(template):
    defaults = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    assert (defaults["AskPipelines"], defaults["AskCodeCommit"]) == ("false", "false")
    assert [defaults[name] for name in ("GitHosts", "GitCredentials", "GitSecrets", "GitCaBundle")] == [""] * 4


def test_the_function_knows_which_git_hosts_it_may_ask(template):
    variables = the(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if name.startswith("BUILDBRAKE_GIT")} == {
        "BUILDBRAKE_GIT_HOSTS": {"Ref": "GitHosts"},
        "BUILDBRAKE_GIT_CREDENTIALS": {"Ref": "GitCredentials"},
        "BUILDBRAKE_GIT_CA_BUNDLE": {"Ref": "GitCaBundle"},
    }


def test_no_permission_comes_from_elsewhere(template):
    assert set(of_type(template, "AWS::IAM::Role")) == {"FunctionRole", "DeadlineRole"}
    assert set(named(template, "FunctionRole")) == {"AssumeRolePolicyDocument", "Policies"}
    assert set(named(template, "DeadlineRole")) == {"AssumeRolePolicyDocument"}
    policies = of_type(template, "AWS::IAM::Policy")
    assert {name: policy["Properties"]["Roles"] for name, policy in policies.items()} == {
        "DeadlinePolicy": [{"Ref": "DeadlineRole"}],
        **{name: [{"Ref": "FunctionRole"}] for name in OPTIONAL},
    }
    assert all(set(policy["Properties"]) == {"PolicyName", "PolicyDocument", "Roles"} for policy in policies.values())
    assert not of_type(template, "AWS::IAM::RolePolicy")
    assert not of_type(template, "AWS::IAM::ManagedPolicy")


def test_only_lambda_may_take_the_functions_role(template):
    assert named(template, "FunctionRole")["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
    assert the(template, "AWS::Lambda::Function")["Role"] == arn("FunctionRole")


def test_deadlines_may_call_the_function_and_nothing_more(template):
    assert named(template, "DeadlinePolicy")["PolicyDocument"]["Statement"] == [
        {
            "Sid": "CallTheFunction",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": arn("Function"),
        },
        {
            "Sid": "KeepUndeliveredDeadlines",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": arn("UndeliveredEvents"),
        },
    ]


def test_only_the_functions_own_schedules_may_take_their_role(template):
    assert named(template, "DeadlineRole")["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": arn("Deadlines")},
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            },
        }
    ]


def test_the_function_knows_where_its_deadlines_are_made(template):
    variables = the(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if name.startswith("BUILDBRAKE_SCHEDULE")} == {
        "BUILDBRAKE_SCHEDULE_GROUP": {"Ref": "Deadlines"},
        "BUILDBRAKE_SCHEDULE_ROLE": arn("DeadlineRole"),
        "BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE": arn("UndeliveredEvents"),
    }


def test_only_the_rules_may_call_the_function(template):
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    assert [permission["Properties"] for permission in permissions] == [
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Function"},
            "Principal": "events.amazonaws.com",
            "SourceArn": arn(rule),
        }
        for rule in ["FunctionBuildStarts", "FunctionSweep"]
    ]


def test_every_running_build_is_looked_at_on_a_schedule(template):
    sweep = named(template, "FunctionSweep")
    assert sweep["ScheduleExpression"] == {"Ref": "SweepSchedule"}
    assert template["Parameters"]["SweepSchedule"]["Default"] == "rate(15 minutes)"
    (target,) = sweep["Targets"]
    assert target["Arn"] == arn("Function")
    # A constant event could take the safety belt off every sweep.
    assert set(target) == {"Arn", "Id", "DeadLetterConfig", "RetryPolicy"}
    assert target["DeadLetterConfig"] == {"Arn": arn("UndeliveredEvents")}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 10}


# What the function is.


def test_a_first_deployment_stops_nothing(template):
    mode = template["Parameters"]["Mode"]
    assert mode["Default"] == "report"
    assert mode["AllowedValues"] == ["enforce", "report", "off"]
    assert the(template, "AWS::Lambda::Function")["Environment"]["Variables"]["BUILDBRAKE_MODE"] == {"Ref": "Mode"}


def test_the_function_is_small_and_quick(template):
    function = the(template, "AWS::Lambda::Function")
    assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")
    assert (function["MemorySize"], function["Timeout"]) == (128, 300)
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert template["Parameters"]["Architecture"]["Default"] == "x86_64"


def test_the_policy_is_a_layer_of_its_own(template):
    ((name, layer),) = of_type(template, "AWS::Lambda::LayerVersion").items()
    function = the(template, "AWS::Lambda::Function")
    assert function["Layers"] == [{"Ref": name}]
    assert layer["Properties"]["Content"] != function["Code"]
    assert layer["Properties"]["CompatibleRuntimes"] == [function["Runtime"]]
    assert layer["DeletionPolicy"] == "Delete"


def test_the_layer_holds_the_policy_that_the_function_reads(template):
    folder = as_written()["Resources"]["Policy"]["Properties"]["ContentUri"]
    path = the(template, "AWS::Lambda::Function")["Environment"]["Variables"]["BUILDBRAKE_POLICY"]
    # Lambda unpacks a layer into /opt.
    assert (ROOT / folder / Path(path).relative_to("/opt")).is_file()


# What is kept.


def test_the_log_is_the_functions_own_and_has_an_end(template):
    assert the(template, "AWS::Lambda::Function")["LoggingConfig"]["LogGroup"] == {"Ref": "LogGroup"}
    assert the(template, "AWS::Logs::LogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert template["Parameters"]["LogRetentionDays"]["Default"] == 365


def test_an_event_that_lambda_does_not_take_is_kept(template):
    (target,) = named(template, "FunctionBuildStarts")["Targets"]
    assert target["Arn"] == arn("Function")
    assert target["DeadLetterConfig"] == {"Arn": arn("UndeliveredEvents")}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185}


def test_only_the_rules_may_fill_their_queue(template):
    policy = the(template, "AWS::SQS::QueuePolicy")
    assert policy["Queues"] == [{"Ref": "UndeliveredEvents"}]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Sid": "RulesOnly",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn("UndeliveredEvents"),
            "Condition": {"ArnEquals": {"aws:SourceArn": [arn("FunctionBuildStarts"), arn("FunctionSweep")]}},
        }
    ]


def test_an_event_that_the_function_fails_on_is_kept(template):
    failures = the(template, "AWS::Lambda::EventInvokeConfig")
    assert failures["FunctionName"] == {"Ref": "Function"}
    assert failures["Qualifier"] == "$LATEST"
    assert failures["DestinationConfig"] == {"OnFailure": {"Destination": arn("FailedInvocations")}}
    assert failures["MaximumEventAgeInSeconds"] == 3600
    assert failures["MaximumRetryAttempts"] == 2


def test_the_queues_are_encrypted_and_keep_events_for_as_many_days_as_wanted(template):
    queues = of_type(template, "AWS::SQS::Queue")
    assert set(queues) == {"UndeliveredEvents", "FailedInvocations"}
    for queue in queues.values():
        assert queue["Properties"] == {
            "SqsManagedSseEnabled": True,
            "MessageRetentionPeriod": {"Fn::FindInMap": ["Days", {"Ref": "QueueRetentionDays"}, "Seconds"]},
        }
    parameter = template["Parameters"]["QueueRetentionDays"]
    assert parameter["Default"] == 14
    seconds = {int(days): period["Seconds"] for days, period in template["Mappings"]["Days"].items()}
    assert seconds == {days: days * 24 * 60 * 60 for days in parameter["AllowedValues"]}


def test_an_alarm_watches_each_queue(template):
    for name, queue in {"EventsUndelivered": "UndeliveredEvents", "InvocationsFailed": "FailedInvocations"}.items():
        alarm = named(template, name)
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [queue, "QueueName"]}}]
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["TreatMissingData"] == "notBreaching"


def test_another_alarm_watches_the_safety_belt(template):
    alarm = named(template, "SafetyBelt")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Buildbrake", "SafetyBelt")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert set(of_type(template, "AWS::CloudWatch::Alarm")) == {"EventsUndelivered", "InvocationsFailed", "SafetyBelt"}


def test_a_deployment_tells_where_to_look(template):
    assert {name: output["Value"] for name, output in template["Outputs"].items()} == {
        "FunctionName": {"Ref": "Function"},
        "LogGroupName": {"Ref": "LogGroup"},
        "UndeliveredEventsUrl": {"Ref": "UndeliveredEvents"},
        "FailedInvocationsUrl": {"Ref": "FailedInvocations"},
    }


# Which events come through.


def events(folder):
    """The events of a folder, each under the name of its file."""
    files = sorted((ROOT / folder).glob("*.json"))
    assert files, f"{folder} is empty"
    return [pytest.param(json.loads(file.read_text()), id=file.stem) for file in files]


EVENTS = [*events("events"), *events("crates/core/tests/events")]


def starts_a_build(event):
    """Whether this tells that a build was started."""
    return (
        event["detail-type"] == "CodeBuild Build State Change"
        and event["detail"]["build-status"] == "IN_PROGRESS"
    )


def comes_through(template, event):
    pattern = named(template, "FunctionBuildStarts")["EventPattern"]
    return EventPattern(None, pattern).matches_event(event)


def test_the_events_are_of_both_kinds():
    assert {starts_a_build(*event.values) for event in EVENTS} == {True, False}


@pytest.mark.parametrize("event", EVENTS)
def test_exactly_the_events_of_builds_that_start_come_through(template, event):
    assert comes_through(template, event) == starts_a_build(event)


STARTED = [event for event in EVENTS if starts_a_build(*event.values)]


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"])
@pytest.mark.parametrize("event", STARTED)
def test_a_build_that_ended_does_not(template, event, status):
    assert not comes_through(template, {**event, "detail": {**event["detail"], "build-status": status}})


@pytest.mark.parametrize("kind", ["CodeBuild Build Phase Change", "CodeBuild Fleet State Change"])
@pytest.mark.parametrize("event", STARTED)
def test_another_kind_of_event_does_not_even_with_the_same_status(template, event, kind):
    assert not comes_through(template, {**event, "detail-type": kind})


@pytest.mark.parametrize("event", STARTED)
def test_a_replayed_event_does_not(template, event):
    assert not comes_through(template, {**event, "replay-name": "last-week"})


@pytest.mark.parametrize("source", ["aws.codepipeline", "com.example"])
@pytest.mark.parametrize("event", STARTED)
def test_another_source_does_not(template, event, source):
    assert not comes_through(template, {**event, "source": source})
