"""Which events come through to the function: the template's own pattern against sample events."""

import json

import pytest
from moto.events.models import EventPattern
from translated import ROOT, deployed, named




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
