"""The template, deployed with `sam deploy` into an AWS on this machine.

The tests follow one stack from its first deployment to its deletion, so they run in
the order of this file. Nothing here needs a network or an account.
"""

import json
import tempfile
import time
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from codebuild import ENDED, codebuild, sandbox
from local_aws import BUS, ROOT, Buildbrake, Project, local_aws, until
from ministack_template import LEFT_OUT
from samtranslator.yaml_helper import yaml_parse

ONLY_HOTFIXES = """
version: 1
rules:
  - id: freeze
    reason: Only hotfixes are built this week.
    allowed-branches: [hotfix/*]
"""


@pytest.fixture(scope="module")
def stack():
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)):
        stack = Buildbrake(Path(folder))
        stack.deploy(**stack.everything)
        yield stack


@pytest.fixture(scope="module")
def project(stack):
    return Project()


def test_the_whole_template_is_deployed_with_every_option(stack):
    written = yaml_parse((ROOT / "template.yaml").read_text())
    assert stack.everything.keys() == written["Parameters"].keys()
    # SAM appends a digest to the names of layers and versions.
    deployed = {"Policy" if name.startswith("Policy") else name for name in stack.resources}
    # test_organization.py deploys what an organization adds.
    of_members = {
        name
        for section in ("Resources", "Outputs")
        for name, item in written[section].items()
        if item.get("Condition") == "HasMembers"
    }
    assert written["Resources"].keys() - deployed - (of_members - LEFT_OUT.keys()) == LEFT_OUT.keys()
    assert {"FunctionAliaslive", "FunctionBuildStarts", "FunctionSweep", "FunctionEventInvokeConfig"} <= deployed
    assert written["Outputs"].keys() - of_members == stack.outputs.keys()


def test_ministack_still_does_not_know_what_is_left_out(stack):
    written = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    kinds = {written[name]["Type"] for name in LEFT_OUT} | {"AWS::CodeDeploy::Application"}
    for kind in kinds - {"AWS::CloudWatch::Alarm"}:
        with pytest.raises(ClientError, match="Unrecognized resource types"):
            stack.cloudformation.create_stack(
                StackName="unknown", TemplateBody=json.dumps({"Resources": {"Unknown": {"Type": kind}}})
            )
    math = {name for name in LEFT_OUT if written[name]["Type"] == "AWS::CloudWatch::Alarm"}
    assert all("Metrics" in written[name]["Properties"] for name in math)
    alarm = written[min(math)]["Properties"] | {"AlarmActions": [], "OKActions": []}
    alarm["Metrics"][-1]["Expression"] = "undecided / judged"
    template = {"Resources": {"Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}}}
    stack.cloudformation.create_stack(StackName="math", TemplateBody=json.dumps(template))

    def reason():
        events = stack.cloudformation.describe_stack_events(StackName="math")["StackEvents"]
        return [event for event in events if "metric math" in event.get("ResourceStatusReason", "")]

    until(reason, 60, "the alarm is refused")


def test_ministack_still_decides_no_condition_that_splits_text(stack):
    condition = {"Fn::Equals": [{"Fn::Select": [0, {"Fn::Split": [":", "arn:aws"]}]}, "arn"]}
    topic = {"Type": "AWS::SNS::Topic"}
    template = {"Conditions": {"BusIsArn": condition}, "Resources": {"Topic": topic}}
    with pytest.raises((ClientError, ResponseParserError)):
        stack.cloudformation.create_stack(StackName="condition", TemplateBody=json.dumps(template))


def test_the_queues_keep_events_for_as_long_as_wanted(stack):
    for name in ["UndeliveredEventsUrl", "FailedInvocationsUrl"]:
        attributes = stack.queues.get_queue_attributes(QueueUrl=stack.outputs[name], AttributeNames=["All"])
        assert attributes["Attributes"]["MessageRetentionPeriod"] == str(2 * 24 * 60 * 60)


def test_ministack_still_mounts_no_layer(stack):
    # Once it does, mount_layers() can go.
    assert "`/opt/policy.yaml` cannot be read" in stack.invoke({})["errorMessage"]
    stack.mount_layers()


def test_a_build_that_breaks_the_policy_is_stopped(stack, project):
    build, event = project.start("refs/heads/main")
    stack.send(event)
    until(lambda: project.status(build) == "STOPPED", 60, "the build is stopped")


def test_ministacks_builds_still_end_at_once(project):
    # Once they keep running, the sweep needs no other CodeBuild.
    build, _ = project.start("refs/heads/feature")
    assert project.status(build) == "SUCCEEDED"


UNREADABLE = {"detail-type": "Something Else", "source": "aws.codebuild"}


def failures(stack):
    return [record for record in stack.records() if record["outcome"] == "failed"]


def test_ministack_still_ignores_where_failed_events_of_an_alias_go(stack):
    # Once it does not, direct_failures() can go, and the following tests can use the alias.
    stack.send(UNREADABLE)
    # The first try and two retries, as the template says.
    until(lambda: len(failures(stack)) == 3, 60, "three tries")
    time.sleep(1)
    assert stack.failed_invocations() == []
    stack.direct_failures()


def test_an_event_that_nobody_can_read_ends_in_the_queue_with_its_error(stack):
    stack.send(UNREADABLE, to="FunctionName")
    (message,) = until(stack.failed_invocations, 60, "the event is in the queue")
    assert message["requestPayload"] == UNREADABLE
    assert message["requestContext"]["condition"] == "RetriesExhausted"
    assert message["responseContext"]["functionError"] == "Unhandled"
    assert message["responsePayload"]["errorType"] == "UnreadableEvent"
    assert "Something Else" in message["responsePayload"]["errorMessage"]
    assert [record["error"]["type"] for record in failures(stack)] == 6 * ["UnreadableEvent"]


def test_a_message_of_the_queue_can_be_redriven(stack, project):
    build, event = project.start("refs/heads/main")
    stack.send(UNREADABLE, to="FunctionName")
    (message,) = until(stack.failed_invocations, 60, "an event is in the queue")
    # ministack's build has ended by then, which the function finds out first.
    record = stack.invoke({**message, "requestPayload": event})
    assert (record["outcome"], record["buildId"]) == ("not-running", build["id"])


def deployed(stack):
    """Code, version and layers that get traffic."""
    configuration = stack.configuration()
    return configuration["CodeSha256"], configuration["Version"], [layer["Arn"] for layer in configuration["Layers"]]


def test_a_second_deployment_brings_another_policy(stack, project):
    build, event = project.start("refs/heads/feature")
    before = stack.invoke(event)
    assert before["outcome"] == "allowed"
    (stack.built / "policy/policy.yaml").write_text(ONLY_HOTFIXES)
    code, version, layers = deployed(stack)

    stack.deploy(**stack.everything)
    # The alias has a new version with the new layer, and the same code.
    new_code, new_version, new_layers = deployed(stack)
    assert (new_code, int(new_version) > int(version)) == (code, True)
    assert new_layers != layers
    stack.mount_layers()

    after = stack.invoke(event)
    assert after["outcome"] == "stopped"
    assert [violation["rule"] for violation in after["violations"]] == ["freeze"]
    assert after["policy"] != before["policy"]
    assert project.status(build) == "STOPPED"


def test_a_third_deployment_brings_another_setting_alone(stack):
    code, version, layers = deployed(stack)
    stack.deploy(**stack.everything | {"Mode": "report"})
    assert stack.configuration()["Environment"]["Variables"]["BUILDBRAKE_MODE"] == "report"
    new_code, new_version, new_layers = deployed(stack)
    assert (new_code, new_layers, int(new_version) > int(version)) == (code, layers, True)
    stack.deploy(**stack.everything)
    assert stack.configuration()["Environment"]["Variables"]["BUILDBRAKE_MODE"] == "enforce"
    stack.mount_layers()


def test_the_schedule_starts_a_sweep_that_stops_what_runs_and_nothing_else(stack, tmp_path):
    sandboxes = [sandbox(0, "refs/heads/feature"), sandbox(1, "refs/heads/hotfix/login")]
    with codebuild(tmp_path, sandboxes) as running:
        stack.configure(AWS_ENDPOINT_URL_CODEBUILD=running.url)
        allowed = running.start("refs/heads/hotfix/login")
        broken = running.start("refs/heads/feature")

        def swept():
            return [r for r in stack.records() if r.get("trigger") == "sweep" and r.get("buildId") == broken]

        (record, *_) = until(swept, 90, "a sweep")
        assert record["outcome"] == "stopped"
        assert running.status(broken) == "STOPPED"
        assert running.status(allowed) == "IN_PROGRESS"
        assert running.status(ENDED) == "SUCCEEDED"
        # CodeBuild sends no events about sandboxes.
        assert [running.sandbox_status(one["id"]) for one in sandboxes] == ["STOPPED", "RUN_SANDBOX"]
        (record,) = until(lambda: [r for r in stack.records() if r.get("kind") == "sandbox"], 30, "its record")
        assert (record["outcome"], record["buildId"]) == ("stopped", sandboxes[0]["id"])


def test_nothing_is_left_after_the_stack_is_deleted(stack):
    stack.delete()
    assert boto3.client("lambda").list_functions()["Functions"] == []
    for bus in ["default", BUS]:
        assert boto3.client("events").list_rules(EventBusName=bus)["Rules"] == []
    assert boto3.client("sqs").list_queues().get("QueueUrls", []) == []
    assert [topic["TopicArn"] for topic in boto3.client("sns").list_topics()["Topics"]] == [stack.everything["AlarmTopic"]]
    assert boto3.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert boto3.client("cloudwatch").list_dashboards()["DashboardEntries"] == []
    assert boto3.client("logs").describe_log_groups()["logGroups"] == []
    assert boto3.client("iam").list_roles()["Roles"] == []
    groups = boto3.client("scheduler").list_schedule_groups()["ScheduleGroups"]
    assert [group["Name"] for group in groups] == ["default"]
