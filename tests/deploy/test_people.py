"""Notifications of a stopped build, and the check of a new version, deployed into an AWS on this machine.

The tests run in the order of this file.
"""

import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import boto3
import pytest
from local_aws import BUS, Buildbrake, Project, local_aws, until

MESSAGE = 'Stopped build shop-api:5e1. Ask "the \\ team" <b>today</b>,\nplease 🛑 <message>'


REASON = 'Ask "the \\ team" <b>today</b>,\nplease 🛑'

POLICY = {
    "version": 1,
    "rules": [
        {"id": "protected", "reason": REASON, "owner": "#ci-platform", "forbidden-branches": ["main"]},
        {"id": "short", "reason": "Too long.", "max-timeout": "30m"},
    ],
}


@pytest.fixture(scope="module")
def stack():
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)):
        stack = Buildbrake(Path(folder))
        (stack.built / "policy/policy.yaml").write_text(json.dumps(POLICY))
        stack.deploy(**stack.everything)
        yield stack


@pytest.fixture(scope="module")
def subscribers(stack):
    """Queues, each subscribed to one topic, by the name of the topic's output."""
    urls = {}
    for name in ["PeopleTopicArn", "ChatsTopicArn"]:
        urls[name] = stack.queues.create_queue(QueueName=name)["QueueUrl"]
        attributes = stack.queues.get_queue_attributes(QueueUrl=urls[name], AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]}
        stack.queues.set_queue_attributes(QueueUrl=urls[name], Attributes={"Policy": json.dumps(policy)})
        boto3.client("sns").subscribe(TopicArn=stack.outputs[name], Protocol="sqs", Endpoint=arn)
    return urls


def received(stack, url):
    """The messages of topics in a queue that have not been received before."""
    messages = stack.queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(json.loads(message["Body"])["Message"]) for message in messages]


def send(**detail):
    """Sends an event to the bus, as buildbrake does."""
    record = {"id": "4d1c", "outcome": "stopped", "trigger": "state-change", "buildId": "shop-api:5e1"}
    entry = {
        "EventBusName": BUS,
        "Source": "buildbrake",
        "DetailType": "Build Policy Violation",
        "Detail": json.dumps(record | {"message": MESSAGE} | detail),
    }
    boto3.client("events").put_events(Entries=[entry])


def test_a_message_with_quotes_and_line_breaks_reaches_every_subscriber_whole(stack, subscribers):
    send()
    (people,) = until(lambda: received(stack, subscribers["PeopleTopicArn"]), 60, "a message for people")
    assert people == {"message": MESSAGE, "account": "111122223333", "region": "eu-west-1", "id": "4d1c"}
    (chat,) = until(lambda: received(stack, subscribers["ChatsTopicArn"]), 60, "a message for chats")
    assert chat["content"]["description"] == MESSAGE
    assert chat["content"]["title"] == "shop-api:5e1 breaks the policy"


def test_a_build_that_a_sweep_reports_again_and_again_reaches_nobody(stack, subscribers):
    send(outcome="reported", trigger="sweep", id="again")
    send(outcome="reported", trigger="deadline", id="once")
    for url in subscribers.values():
        (message,) = until(lambda: received(stack, url), 60, "a message")
        assert message["id"] == "once"


class CodeDeploy:
    """The CodeDeploy that a check of a deployment reports to."""

    def __init__(self):
        self.reports = reports = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                answer = json.dumps({"lifecycleEventHookExecutionId": "hook"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def codedeploy():
    codedeploy = CodeDeploy()
    yield codedeploy
    codedeploy.server.shutdown()


def check(stack, codedeploy, version=None):
    """Has a version checked, the template's own one by default. Returns the status that CodeDeploy gets."""
    name = stack.resources["DeploymentCheck"]
    deployed = stack.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    settings = {"VERSION": version or deployed["VERSION"], "AWS_ENDPOINT_URL_CODEDEPLOY": codedeploy.url}
    stack.functions.update_function_configuration(FunctionName=name, Environment={"Variables": deployed | settings})
    event = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook"}
    answer = stack.functions.invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, json.load(answer["Payload"])
    report = codedeploy.reports.pop()
    assert (report["deploymentId"], report["lifecycleEventHookExecutionId"]) == ("d-1", "hook")
    return report["status"]


def test_a_version_that_cannot_load_its_policy_gets_no_traffic(stack, codedeploy):
    # ministack mounts no layer, so this version finds no policy.
    assert check(stack, codedeploy) == "Failed"


def test_a_version_that_works_gets_traffic(stack, codedeploy):
    stack.mount_layers()
    version = stack.configuration()
    assert check(stack, codedeploy, f"{stack.outputs['FunctionName']}:{version['Version']}") == "Succeeded"


def test_a_version_that_does_not_exist_gets_no_traffic(stack, codedeploy):
    assert check(stack, codedeploy, f"{stack.outputs['FunctionName']}:404") == "Failed"


@pytest.fixture(scope="module")
def project():
    return Project()


def messages(stack, url, count):
    """That many messages of topics in a queue."""
    found = []
    until(lambda: len(found.extend(received(stack, url)) or found) >= count, 60, f"{count} messages")
    return found


def test_whoever_subscribes_learns_of_each_broken_rule_of_a_stopped_build(stack, project, subscribers):
    build, event = project.start("refs/heads/main")
    stack.send(event)
    for name, url in subscribers.items():
        told = messages(stack, url, 2)
        texts = [message["message"] if name == "PeopleTopicArn" else message["content"]["description"] for message in told]
        assert all(f"Stopped build {build['id']}." in text for text in texts)
        assert all(f"{REASON} Owner: #ci-platform." in text for text in texts)
        assert {message["id"] for message in told} == {f"{build['arn']}#{rule}" for rule in ("protected", "short")}
    assert project.status(build) == "STOPPED"


def test_a_build_that_keeps_the_rules_is_told_to_nobody(stack, project, subscribers):
    _, event = project.start("refs/heads/feature", timeout=10)
    assert stack.invoke(event)["outcome"] == "allowed"
    assert [received(stack, url) for url in subscribers.values()] == [[], []]


def test_the_log_of_a_stopped_build_has_the_reason(stack, project):
    group = f"/aws/codebuild/{project.name}"
    stack.logs.create_log_group(logGroupName=group)
    build, event = project.start("refs/heads/main")
    assert stack.invoke(event)["outcome"] == "stopped"
    (line,) = stack.logs.filter_log_events(logGroupName=group)["events"]
    assert line["logStreamName"].endswith(build["id"].split(":")[1])
    assert 'Ask "the' in line["message"]
    assert "#ci-platform" in line["message"]


def test_while_the_alarm_on_stops_is_on_builds_are_reported_and_people_told(stack, project, subscribers):
    cloudwatch = boto3.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix="buildbrake-stops-")["MetricAlarms"]

    def becomes(state):
        cloudwatch.set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test")
        # An instance of the function remembers a state for thirty seconds. A new instance has to ask.
        stack.mount_layers()
        build, event = project.start("refs/heads/main")
        return build, stack.invoke(event)

    for url in subscribers.values():
        received(stack, url)
    build, record = becomes("ALARM")
    assert (record["outcome"], record["withheld"]) == ("reported", "stop-rate")
    assert record["StopAttempts"] == 1
    assert project.status(build) == "SUCCEEDED"
    for message in messages(stack, subscribers["PeopleTopicArn"], 2):
        assert message["message"].startswith(f"Reported build {build['id']}; it keeps running.")

    build, record = becomes("OK")
    assert record["outcome"] == "stopped"
    assert project.status(build) == "STOPPED"
