"""The events that reach the function: the template's own pattern against sample events."""

import json
from datetime import datetime

import boto3
import pytest
from moto import mock_aws
from moto.events.models import EventPattern
from translated import ROOT, deployed, named


def events(folder):
    """The events of a folder, each under the name of its file."""
    files = sorted((ROOT / folder).glob("*.json"))
    assert files, f"{folder} is empty"
    return [pytest.param(json.loads(file.read_text()), id=file.stem) for file in files]


EVENTS = [*events("events"), *events("crates/core/tests/events")]


def starts_a_build(event):
    """Returns whether the event reports the start of a build."""
    return (
        event["detail-type"] == "CodeBuild Build State Change"
        and event["detail"]["build-status"] == "IN_PROGRESS"
    )


def comes_through(event):
    pattern = named(deployed(), "FunctionBuildStarts")["EventPattern"]
    return EventPattern(None, pattern).matches_event(event)


def test_the_events_are_of_both_kinds():
    assert {starts_a_build(*event.values) for event in EVENTS} == {True, False}


@pytest.mark.parametrize("event", EVENTS)
def test_exactly_the_events_of_builds_that_start_come_through(event):
    assert comes_through(event) == starts_a_build(event)


STARTED = [event for event in EVENTS if starts_a_build(*event.values)]


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"])
@pytest.mark.parametrize("event", STARTED)
def test_a_build_that_ended_does_not(event, status):
    assert not comes_through({**event, "detail": {**event["detail"], "build-status": status}})


@pytest.mark.parametrize("kind", ["CodeBuild Build Phase Change", "CodeBuild Fleet State Change"])
@pytest.mark.parametrize("event", STARTED)
def test_another_kind_of_event_does_not_even_with_the_same_status(event, kind):
    assert not comes_through({**event, "detail-type": kind})


@pytest.mark.parametrize("event", STARTED)
def test_a_replayed_event_does_not(event):
    assert not comes_through({**event, "replay-name": "last-week"})


@pytest.mark.parametrize("source", ["aws.codepipeline", "com.example"])
@pytest.mark.parametrize("event", STARTED)
def test_another_source_does_not(event, source):
    assert not comes_through({**event, "source": source})


def test_a_real_replay_does_not_reach_the_function():
    # A second rule without the template's condition shows that the replay arrives.
    pattern = named(deployed(), "FunctionBuildStarts")["EventPattern"]
    patterns = {"template": pattern, "any": {key: value for key, value in pattern.items() if key != "replay-name"}}
    assert patterns["any"] != pattern
    with mock_aws():
        events, queues = (boto3.client(service, region_name="eu-west-1") for service in ("events", "sqs"))

        def received(name):
            answer = queues.receive_message(QueueUrl=queues.get_queue_url(QueueName=name)["QueueUrl"])
            return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

        for name, pattern in patterns.items():
            url = queues.create_queue(QueueName=name)["QueueUrl"]
            attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
            events.put_rule(Name=name, EventPattern=json.dumps(pattern))
            events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
        bus = events.describe_event_bus(Name="default")["Arn"]
        archive = events.create_archive(ArchiveName="builds", EventSourceArn=bus)["ArchiveArn"]
        (event, *_) = STARTED[0].values
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        events.put_events(Entries=[entry])
        assert {name: len(received(name)) for name in patterns} == {"template": 1, "any": 1}

        times = {"EventStartTime": datetime(2020, 1, 1), "EventEndTime": datetime(2100, 1, 1)}
        events.start_replay(ReplayName="again", EventSourceArn=archive, Destination={"Arn": bus}, **times)
        assert received("template") == []
        assert [event["replay-name"] for event in received("any")] == ["again"]
