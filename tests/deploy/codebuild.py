"""The testkit's CodeBuild, whose builds run until they are stopped: ministack's end at once."""

import json
import subprocess
import time
from contextlib import contextmanager

import boto3
from local_aws import ACCOUNT, REGION, TARGET

PROJECT = "nightly"

# A build that has ended before the test.
ENDED = f"{PROJECT}:5e000000-0000-4000-8000-000000000000"


class CodeBuild:
    """The builds of one project."""

    def __init__(self, url):
        self.url = url
        self.client = boto3.client("codebuild", endpoint_url=url)

    def start(self, source_version):
        """Starts a build. Returns its id."""
        return self.client.start_build(projectName=PROJECT, sourceVersion=source_version)["build"]["id"]

    def status(self, id):
        return self.client.batch_get_builds(ids=[id])["builds"][0]["buildStatus"]


def history(count):
    """Builds of the past: the last one has just ended."""
    program = [TARGET / "debug/buildbrake-testkit", "history", "--builds", str(count)]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
    builds = [json.loads(line) for line in lines]
    shift = time.time() - max(build["endTime"] for build in builds)

    def move(value):
        for name, member in value.items():
            if name in ("startTime", "endTime"):
                value[name] = member + shift
        for phase in value.get("phases", []):
            move(phase)

    for build in builds:
        move(build)
    return builds


@contextmanager
def codebuild(folder, builds=()):
    """Serves a CodeBuild with an ended build and others on a free port of the loopback interface."""
    file = folder / "builds.json"
    arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/{ENDED}"
    ended = {"buildStatus": "SUCCEEDED", "buildComplete": True, "startTime": time.time()}
    ended |= {"id": ENDED, "arn": arn, "sourceVersion": "refs/heads/feature"}
    file.write_text(json.dumps([ended, *builds]))
    program = [TARGET / "debug/buildbrake-testkit", "codebuild", "--port", "0", "--builds", file]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield CodeBuild(process.stdout.readline().strip())
        finally:
            process.kill()
