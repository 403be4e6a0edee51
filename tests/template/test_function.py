"""The function's properties, its settings, and what is kept of its output."""

import re
from pathlib import Path

import pytest
from translated import EVERYTHING, ROOT, arn, as_written, deployed, function, named, of_type, references, the, variables


@pytest.mark.parametrize("parameters", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_every_reference_leads_somewhere(parameters):
    # The linter accepts names that SAM might generate, such as the rule's.
    template = deployed(**parameters)
    found = set(references(template["Resources"])) | set(references(template["Outputs"]))
    assert {"FunctionBuildStarts", "FunctionSweep", "FunctionAliaslive"} <= found
    pseudo = {f"AWS::{name}" for name in ["AccountId", "Partition", "Region", "StackName", "URLSuffix"]}
    assert found <= template["Resources"].keys() | pseudo


def test_a_first_deployment_stops_nothing():
    mode = deployed()["Parameters"]["Mode"]
    assert mode["Default"] == "report"
    assert mode["AllowedValues"] == ["enforce", "report", "off"]
    assert variables(deployed(Mode="enforce"))["BUILDBRAKE_MODE"] == "enforce"


# The settings that parameters turn on, with the value that each leads to.
SETTINGS = [
    ({"GitHosts": "github.com"}, "BUILDBRAKE_GIT_HOSTS", "github.com"),
    ({"GitCredentials": EVERYTHING["GitCredentials"]}, "BUILDBRAKE_GIT_CREDENTIALS", EVERYTHING["GitCredentials"]),
    ({"GitCaBundle": "/opt/roots.pem"}, "BUILDBRAKE_GIT_CA_BUNDLE", "/opt/roots.pem"),
    ({"EventBus": "default"}, "BUILDBRAKE_EVENT_BUS", "default"),
    ({"StopLimit": "20"}, "BUILDBRAKE_STOP_ALARM", {"Ref": "StopRate"}),
]


@pytest.mark.parametrize(("parameters", "setting", "value"), SETTINGS)
def test_a_setting_is_off_until_its_parameter_turns_it_on(parameters, setting, value):
    assert setting not in variables(deployed())
    assert variables(deployed(**parameters))[setting] == value


def test_every_setting_has_a_test():
    always = {"MODE", "POLICY", "SCHEDULE_GROUP", "SCHEDULE_ROLE", "SCHEDULE_DEAD_LETTER_QUEUE", "BUILD_LOG"}
    # tests/template/test_members.py has these.
    of_members = {"MEMBER_ROLE", "MEMBER_EXTERNAL_ID", "MEMBER_ACCOUNTS", "MEMBER_REGIONS", "SWEEP_QUEUE", "SWEEP_SCHEDULE"}
    tested = {f"BUILDBRAKE_{name}" for name in always | of_members} | {setting for _, setting, _ in SETTINGS}
    assert function(deployed())["Environment"]["Variables"].keys() == tested
    assert variables(deployed())["BUILDBRAKE_BUILD_LOG"] == "false"
    assert variables(deployed(BuildLog="true"))["BUILDBRAKE_BUILD_LOG"] == "true"


def test_the_function_is_small_and_quick():
    properties = function(deployed(Architecture="arm64"))
    assert (properties["Runtime"], properties["Handler"]) == ("provided.al2023", "bootstrap")
    assert (properties["MemorySize"], properties["Timeout"]) == (128, 300)
    assert properties["Architectures"] == ["arm64"]
    assert function(deployed())["Architectures"] == ["x86_64"]


def test_the_policy_is_a_layer_of_its_own():
    template = deployed()
    ((name, layer),) = of_type(template, "AWS::Lambda::LayerVersion").items()
    properties = function(template)
    assert properties["Layers"] == [{"Ref": name}]
    assert layer["Content"] != properties["Code"]
    assert layer["CompatibleRuntimes"] == [properties["Runtime"]]
    assert template["Resources"][name]["DeletionPolicy"] == "Delete"


def test_the_layer_holds_the_policy_that_the_function_reads():
    folder = as_written()["Resources"]["Policy"]["Properties"]["ContentUri"]
    path = variables(deployed())["BUILDBRAKE_POLICY"]
    # Lambda unpacks a layer into /opt.
    assert (ROOT / folder / Path(path).relative_to("/opt")).is_file()


def test_a_shared_layer_has_the_policy_in_place_of_the_deployments_own():
    shared = EVERYTHING["PolicyLayerArn"]
    template = deployed(PolicyLayerArn=shared)
    ((name, _),) = of_type(template, "AWS::Lambda::LayerVersion").items()
    # The deployment's own layer stays: its change publishes a version of the function.
    assert function(template)["Layers"] == [{"Ref": name}, shared]
    # If the shared layer has no policy, that is a fault: the deployment's own policy is not used.
    path = variables(template)["BUILDBRAKE_POLICY"]
    assert path == "/opt/shared/policy.yaml"
    assert not (ROOT / "policy" / Path(path).relative_to("/opt")).exists()


# The limits of AWS on names that the template makes of the stack's name:
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
# https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
LIMITS = {
    ("AWS::Scheduler::ScheduleGroup", "Name"): 64,
    ("AWS::Events::Rule", "Name"): 64,
    ("AWS::Events::EventBus", "Name"): 256,
    ("AWS::Lambda::LayerVersion", "LayerName"): 140,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::Logs::QueryDefinition", "Name"): 255,
}


def test_the_names_fit_that_a_stack_set_makes():
    page = (ROOT / "docs/organisation.md").read_text()
    (name,) = set(re.findall(r"--stack-set-name (\w+) \\\n +--template-url", page))
    stack = f"StackSet-{name}-2f0f5c1e-5c0f-4d3b-9a37-0f3f5a1d7a10"
    named_after_stack = set()
    for kind, properties in [(item["Type"], item["Properties"]) for item in deployed(**EVERYTHING)["Resources"].values()]:
        for key, value in properties.items():
            match value:
                case {"Fn::Sub": str(text)} if key.endswith("Name") and "${AWS::StackName}" in text:
                    text = text.replace("${AWS::StackName}", stack).replace("${AWS::Region}", "ap-northeast-1")
                    text = text.replace("${AWS::AccountId}", "111122223333")
                    assert "$" not in text and len(text) <= LIMITS[kind, key], text
                    named_after_stack.add((kind, key))
    assert named_after_stack == LIMITS.keys()


def test_every_running_build_is_looked_at_on_a_schedule():
    sweep = named(deployed(), "FunctionSweep")
    assert sweep["ScheduleExpression"] == "rate(15 minutes)"
    (target,) = sweep["Targets"]
    assert target["Arn"] == {"Ref": "FunctionAliaslive"}
    # A constant event could switch the safety limit off for every sweep.
    assert set(target) == {"Arn", "Id", "DeadLetterConfig", "RetryPolicy"}
    assert target["DeadLetterConfig"] == {"Arn": arn("UndeliveredEvents")}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 10}


def test_an_event_that_lambda_does_not_take_is_kept():
    (target,) = named(deployed(), "FunctionBuildStarts")["Targets"]
    assert target["Arn"] == {"Ref": "FunctionAliaslive"}
    assert target["DeadLetterConfig"] == {"Arn": arn("UndeliveredEvents")}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 185}


def test_an_event_that_the_function_fails_on_is_kept():
    failures = the(deployed(), "AWS::Lambda::EventInvokeConfig")
    assert failures["FunctionName"] == {"Ref": "Function"}
    assert failures["Qualifier"] == "live"
    assert failures["DestinationConfig"] == {"OnFailure": {"Destination": arn("FailedInvocations")}}
    assert failures["MaximumEventAgeInSeconds"] == 3600
    assert failures["MaximumRetryAttempts"] == 2


def test_the_log_is_the_functions_own_and_has_an_end():
    logging = function(deployed())["LoggingConfig"]
    # At WARN, Lambda writes no line about an invocation that succeeds.
    assert logging == {"LogGroup": {"Ref": "LogGroup"}, "LogFormat": "JSON", "SystemLogLevel": "WARN"}
    assert the(deployed(), "AWS::Logs::LogGroup")["RetentionInDays"] == "365"


def test_the_queues_are_encrypted_and_keep_events_for_as_many_days_as_wanted():
    queues = of_type(deployed(QueueRetentionDays=2), "AWS::SQS::Queue")
    assert set(queues) == {"UndeliveredEvents", "FailedInvocations"}
    for queue in queues.values():
        assert queue == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 2 * 24 * 60 * 60}
    parameter = deployed()["Parameters"]["QueueRetentionDays"]
    assert parameter["Default"] == 14
    seconds = {int(days): period["Seconds"] for days, period in deployed()["Mappings"]["Days"].items()}
    assert seconds == {days: days * 24 * 60 * 60 for days in parameter["AllowedValues"]}


def test_a_key_encrypts_whatever_is_kept():
    everything = deployed(**EVERYTHING)
    key = EVERYTHING["KmsKey"]
    assert the(everything, "AWS::Logs::LogGroup")["KmsKeyId"] == key
    kept = of_type(everything, "AWS::SQS::Queue") | of_type(everything, "AWS::SNS::Topic")
    queues = {"UndeliveredEvents", "FailedInvocations", "Sweeps", "FailedSweeps"}
    assert set(kept) == queues | {"PeopleTopic", "ChatsTopic"}
    assert all(properties["KmsMasterKeyId"] == key for properties in kept.values())
    assert not any("SqsManagedSseEnabled" in properties for properties in kept.values())


def test_a_deployment_tells_where_to_look():
    assert {name: output["Value"] for name, output in deployed(**EVERYTHING)["Outputs"].items()} == {
        "FunctionName": {"Ref": "Function"},
        "FunctionAlias": {"Ref": "FunctionAliaslive"},
        "LogGroupName": {"Ref": "LogGroup"},
        "UndeliveredEventsUrl": {"Ref": "UndeliveredEvents"},
        "FailedInvocationsUrl": {"Ref": "FailedInvocations"},
        "PeopleTopicArn": {"Ref": "PeopleTopic"},
        "ChatsTopicArn": {"Ref": "ChatsTopic"},
        "MemberBusArn": arn("MemberBus"),
        "FunctionRoleArn": arn("FunctionRole"),
    }


# The parameters.


def test_every_parameter_is_described_constrained_grouped_and_labelled():
    template = as_written()
    parameters = template["Parameters"]
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(parameters)
    assert interface["ParameterLabels"].keys() == parameters.keys()
    for name, parameter in parameters.items():
        assert parameter["Description"].endswith("."), name
        assert {"AllowedValues", "AllowedPattern", "MinValue"} & parameter.keys(), name
        assert "MinValue" not in parameter or "MaxValue" in parameter, name
        assert "AllowedPattern" not in parameter or "ConstraintDescription" in parameter, name


def test_everything_is_every_parameter_that_is_off_by_default():
    parameters = as_written()["Parameters"].items()
    off = {name for name, parameter in parameters if parameter["Default"] in ("", "false", "off", 0)}
    # These two refine others.
    assert off - {"GitCaBundle", "BuildLogGroups"} == EVERYTHING.keys()
    assert as_written()["Parameters"]["Dashboard"]["Default"] == "true"
    assert not of_type(deployed(Dashboard="false"), "AWS::CloudWatch::Dashboard")
