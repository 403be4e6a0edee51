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


@contextmanager
def codebuild(folder):
    """Serves a CodeBuild with the ended build on a free port of the loopback interface."""
    builds = folder / "builds.json"
    arn = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/{ENDED}"
    ended = {"buildStatus": "SUCCEEDED", "buildComplete": True, "startTime": time.time()}
    builds.write_text(json.dumps([{"id": ENDED, "arn": arn, "sourceVersion": "refs/heads/feature"} | ended]))
    program = [TARGET / "debug/buildbrake-testkit", "codebuild", "--port", "0", "--builds", builds]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield CodeBuild(process.stdout.readline().strip())
        finally:
            process.kill()
