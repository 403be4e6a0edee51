"""The function's permissions against the calls that its code makes: none is missing, none is left over."""

import re

import botocore.session
import pytest
from translated import EVERYTHING, ROOT, deployed, named, of_type

# The services that the code may call: the SDK's crates, with the names that botocore and IAM use.
SERVICES = {
    "cloudwatch": "cloudwatch",
    "cloudwatchlogs": "logs",
    "codebuild": "codebuild",
    "codecommit": "codecommit",
    "codepipeline": "codepipeline",
    "eventbridge": "events",
    "scheduler": "scheduler",
    "secretsmanager": "secretsmanager",
    "sqs": "sqs",
    "sts": "sts",
}

# Operations that need the permission of another one.
ACTIONS = {"sqs:SendMessageBatch": "sqs:SendMessage"}

# Permissions that the function's role needs because others act on its behalf.
FOR_OTHERS = {
    "iam:PassRole": "CreateSchedule hands Scheduler the role of deadlines",
    "sqs:SendMessage": "Lambda sends failed invocations to their queue",
    "sqs:ReceiveMessage": "Lambda reads the queue of sweeps",
    "sqs:DeleteMessage": "Lambda reads the queue of sweeps",
    "sqs:GetQueueAttributes": "Lambda reads the queue of sweeps",
    "logs:CreateLogStream": "Lambda writes the function's own log",
    "logs:PutLogEvents": "Lambda writes the function's own log",
    "kms:GenerateDataKey": "Lambda encrypts failed invocations with the key",
    "kms:Decrypt": "Lambda encrypts failed invocations with the key",
}


def crates():
    """The crates of AWS services that the function depends on."""
    return set(re.findall(r"^aws-sdk-(\w+)", (ROOT / "crates/aws/Cargo.toml").read_text(), re.MULTILINE))


def operations():
    """Every operation of these services by the name of its method, with IAM's actions for it."""
    session = botocore.session.get_session()
    found = {}
    for crate in crates():
        prefix = SERVICES[crate]
        for operation in session.get_service_model(prefix).operation_names:
            method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
            action = f"{prefix}:{operation}"
            found.setdefault(method, set()).add(ACTIONS.get(action, action))
    return found


def called():
    """The actions that the code calls."""
    known, found = operations(), set()
    for file in sorted((ROOT / "crates/aws/src").rglob("*.rs")):
        code = file.read_text().split("#[cfg(test)]")[0]
        for method in re.findall(r"\.(\w+)\(\)", code):
            if method in known:
                (action,) = known[method]
                found.add(action)
    return found


def allowed():
    """The actions that the function's role allows, with every option."""
    template = deployed(**EVERYTHING)
    documents = [policy["PolicyDocument"] for policy in named(template, "FunctionRole")["Policies"]]
    for policy in of_type(template, "AWS::IAM::Policy").values():
        if {"Ref": "FunctionRole"} in policy["Roles"]:
            documents.append(policy["PolicyDocument"])
    found = set()
    for statement in (statement for document in documents for statement in document["Statement"]):
        actions = statement["Action"]
        found.update([actions] if isinstance(actions, str) else actions)
    return found


def test_the_code_is_read():
    assert "codebuild:StopBuild" in called()
    assert "codepipeline:GetPipelineState" in called()


def test_every_call_is_allowed():
    assert called() - allowed() == set()


def test_nothing_is_allowed_that_is_not_called():
    services = {SERVICES[crate] for crate in crates()} | {action.split(":")[0] for action in FOR_OTHERS}
    left_over = allowed() - called() - FOR_OTHERS.keys()
    assert {action for action in left_over if action.split(":")[0] in services} == set()


@pytest.mark.parametrize("action", FOR_OTHERS)
def test_what_others_do_for_the_function_is_allowed(action):
    assert action in allowed()
