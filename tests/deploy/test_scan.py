"""`buildbrake scan --account`: the projects of two profiles and two regions of ministack."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import boto3
import pytest
from local_aws import ACCOUNT, ROOT, TARGET, local_aws

POLICY = ROOT / "tests/terraform/scan/policy.yaml"

# More than one page of ListProjects, and more than one call of BatchGetProjects.
NUMBERS = {"eu-west-1": 103, "us-east-1": 2}


@pytest.fixture(scope="module")
def projects():
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)):
        for region, number in NUMBERS.items():
            client = boto3.client("codebuild", region_name=region)
            for index in range(number):
                create(client, f"shop-{index}", timeout=30 if index else 480)
        aws = Path(folder) / ".aws"
        aws.mkdir()
        (aws / "config").write_text("[profile ireland]\nregion = eu-west-1\n[profile virginia]\nregion = us-east-1\n")
        keys = f"aws_access_key_id = {ACCOUNT}\naws_secret_access_key = unchecked\n"
        (aws / "credentials").write_text(f"[ireland]\n{keys}[virginia]\n{keys}")
        yield


def create(client, name, timeout):
    client.create_project(
        name=name,
        timeoutInMinutes=timeout,
        source={"type": "GITHUB", "location": "https://github.com/acme/shop.git"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "STAGE", "value": "canary", "type": "PLAINTEXT"}],
        },
        serviceRole=f"arn:aws:iam::{ACCOUNT}:role/build",
    )


def scanned(*arguments, leave_out=()):
    """The projects of a report, by their ARNs."""
    environment = {name: value for name, value in os.environ.items() if name not in leave_out}
    command = [TARGET / "debug/buildbrake", "scan", "--policy", POLICY, "--account", "--format", "json", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "canary" not in done.stdout
    return {project["address"]: project for project in json.loads(done.stdout)["projects"]}


def broken(project):
    return [rule["rule"] for rule in project["rules"] if rule["decision"] == "broken"]


def arn(region, name):
    return f"arn:aws:codebuild:{region}:{ACCOUNT}:project/{name}"


def test_each_region_is_read_to_its_end(projects):
    found = scanned("--region", "eu-west-1", "--region", "us-east-1")
    for region, number in NUMBERS.items():
        assert {address for address in found if region in address} == {arn(region, f"shop-{i}") for i in range(number)}
    # The rule `account` is about this account, `virginia` about that region.
    assert broken(found[arn("eu-west-1", "shop-0")]) == ["short-builds", "short-queue", "account"]
    assert broken(found[arn("us-east-1", "shop-1")]) == ["short-queue", "virginia", "account"]


def test_each_profile_has_its_region(projects):
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    found = scanned("--profile", "ireland", "--profile", "virginia", "--projects", "shop-1", leave_out=keys)
    assert set(found) == {arn("eu-west-1", "shop-1"), arn("us-east-1", "shop-1")}
