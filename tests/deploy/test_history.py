"""Replays the history of an account, as moto's CodeBuild has it, with the command line."""

import json
import os
import socket
import subprocess
import sys
from unittest import mock

import boto3
import pytest

from local_aws import ACCOUNT, TARGET, listens, until

REGIONS = ("eu-west-1", "us-east-1")
# More than BatchGetBuilds takes at once.
BUILDS = {"shop-api": 130, "shop-web": 2}
POLICY = """\
version: 1
rules:
  - {id: no-main, forbidden-branches: [main]}
"""


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """Runs moto, with the same builds in two regions. Yields the folder with the policy."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "policy.yaml").write_text(POLICY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "unchecked",
        "AWS_SECRET_ACCESS_KEY": "unchecked",
        "MOTO_ACCOUNT_ID": ACCOUNT,
    }
    with mock.patch.dict(os.environ, environment, clear=True):
        server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)])
        try:
            until(lambda: listens(server, port), 30, "moto starts")
            for region in REGIONS:
                start_builds(boto3.client("codebuild", region_name=region))
            yield folder
        finally:
            server.terminate()
            server.wait()


def start_builds(codebuild):
    for project, count in BUILDS.items():
        codebuild.create_project(
            name=project,
            source={"type": "CODECOMMIT", "location": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/service-role/build",
        )
        for number in range(count):
            branch = "main" if number % 10 == 0 else f"feature/{number}"
            codebuild.start_build(projectName=project, sourceVersion=f"refs/heads/{branch}")


def replay(folder, *arguments):
    """The summary that the command prints."""
    command = [TARGET / "debug/buildbrake", "replay", "--policy", "policy.yaml", "--format", "json", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_build_of_every_region_is_judged_once(account):
    regions = [option for region in REGIONS for option in ("--region", region)]
    summary = replay(account, "--account", *regions, "--save", "history.ndjson")
    assert (summary["judged"], summary["unreadable"]) == (264, 0)
    assert summary["rules"]["no-main"]["broken"] == 2 * (13 + 1)
    assert {key: share["builds"] for key, share in summary["byAccount"].items()} == {
        f"{ACCOUNT}/{region}": 132 for region in REGIONS
    }
    # A replay of the saved history has the same totals, without access to the account.
    assert replay(account, "history.ndjson") == summary


def test_projects_and_regions_can_be_chosen(account):
    summary = replay(account, "--account", "--region", REGIONS[0], "--projects", "*-web")
    assert {key: share["builds"] for key, share in summary["byProject"].items()} == {"shop-web": 2}
