"""The notifications that each topic gets: the patterns and input transformers of the topics."""

import json
import re

import pytest
from moto.events.models import EventPattern
from translated import EVERYTHING, deployed, named, the, translated

RULES = {"ViolationsForPeople": "PeopleTopic", "ViolationsForChat": "ChatsTopic"}

MESSAGE = 'Stopped build shop-api:5e1. Ask "the \\ team" <b>today</b>,\nplease 🛑 <message>'


def violation(**detail):
    """An event as buildbrake sends it."""
    record = {
        "schemaVersion": "1",
        "id": "4d1c",
        "outcome": "stopped",
        "trigger": "state-change",
        "message": MESSAGE,
        "buildId": "shop-api:5e1",
        "violations": [{"rule": "short-builds"}],
    }
    return {
        "version": "0",
        "id": "0f5e",
        "detail-type": "Build Policy Violation",
        "source": "buildbrake",
        "account": "111122223333",
        "time": "2026-11-26T12:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:codebuild:eu-west-1:111122223333:build/shop-api:5e1"],
        "detail": record | detail,
    }


def told(name, event):
    return EventPattern(None, named(deployed(**EVERYTHING), name)["EventPattern"]).matches_event(event)


# The outcome, the trigger, and whether people are notified.
CASES = [
    ("stopped", "state-change", True),
    ("stopped", "deadline", True),
    ("stopped", "sweep", True),
    ("reported", "state-change", True),
    ("reported", "deadline", True),
    # A sweep finds the same build again every time.
    ("reported", "sweep", False),
    ("protected", "state-change", True),
    ("protected", "sweep", False),
    ("already-complete", "state-change", True),
]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(("outcome", "trigger", "expected"), CASES)
def test_people_are_told_of_stops_and_once_of_what_runs_on(name, outcome, trigger, expected):
    assert told(name, violation(outcome=outcome, trigger=trigger)) == expected


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize(
    "change", [{"source": "aws.codebuild"}, {"detail-type": "Buildbrake Deadline"}, {"replay-name": "last-week"}]
)
def test_no_other_event_reaches_them(name, change):
    assert not told(name, violation() | change)


def rendered(transformer, event):
    """The message. A variable outside of quotes becomes a JSON value, a variable inside of quotes plain text."""

    def value(path):
        found = event
        for part in path.removeprefix("$.").split("."):
            found = found[part]
        return found

    values = {name: value(path) for name, path in transformer["InputPathsMap"].items()}
    strings = re.compile(r'"(?:\\.|[^"\\])*"|<(\w+)>')

    def render(match):
        if match[1]:
            return json.dumps(values[match[1]])
        return re.sub(r"<(\w+)>", lambda found: values[found[1]], match[0])

    return json.loads(strings.sub(render, transformer["InputTemplate"]))


def transformer(name):
    (target,) = named(deployed(**EVERYTHING), name)["Targets"]
    assert target["Arn"] == {"Ref": RULES[name]}
    return target["InputTransformer"]


def test_a_message_for_people_arrives_whole():
    assert rendered(transformer("ViolationsForPeople"), violation()) == {
        "message": MESSAGE,
        "account": "111122223333",
        "region": "eu-west-1",
        "id": "4d1c",
    }


def test_a_message_for_chats_has_their_schema():
    # https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    message = rendered(transformer("ViolationsForChat"), violation())
    assert (message["version"], message["source"], message["id"]) == ("1.0", "custom", "4d1c")
    assert message["content"] == {
        "textType": "client-markdown",
        "title": "shop-api:5e1 breaks the policy",
        "description": MESSAGE,
    }
    # Everything about one build is in one thread.
    assert message["metadata"]["threadId"] == "shop-api:5e1"
    assert set(message["metadata"]) <= {"threadId", "summary", "eventType", "relatedResources", "additionalContext"}


@pytest.mark.parametrize("name", RULES)
def test_text_that_anybody_wrote_is_never_between_quotes(name):
    # EventBridge does not escape text between quotes, so a quote would end the JSON string.
    template = transformer(name)["InputTemplate"]
    quoted = "".join(re.findall(r'"(?:\\.|[^"\\])*"', template))
    assert set(re.findall(r"<(\w+)>", quoted)) <= {"build"}


@pytest.mark.parametrize("name", RULES)
def test_only_what_every_event_has_is_used(name):
    # EventBridge inserts nothing for a path that an event lacks.
    paths = set(transformer(name)["InputPathsMap"].values())
    assert paths <= {"$.account", "$.region", "$.detail.message", "$.detail.buildId", "$.detail.id"}


def test_a_topic_needs_a_bus():
    rule = translated({})["Rules"]["ATopicNeedsABus"]
    assert rule["RuleCondition"] == {
        "Fn::Or": [{"Fn::Equals": [{"Ref": name}, "true"]} for name in ("ViolationTopic", "ChatTopic")]
    }
    assert [check["Assert"] for check in rule["Assertions"]] == [{"Fn::Not": [{"Fn::Equals": [{"Ref": "EventBus"}, ""]}]}]


def test_there_is_no_topic_unless_asked_for():
    resources = deployed(EventBus="default")["Resources"]
    assert not RULES.keys() & resources.keys()
    assert not set(RULES.values()) & resources.keys()
    assert the(deployed(EventBus="default", ChatTopic="true"), "AWS::SNS::Topic")["DisplayName"]
