"""The testkit's CodeBuild, whose builds run until they are stopped. ministack's builds end at once."""

import http.client
import json
import re
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import boto3
from local_aws import ACCOUNT, REGION, TARGET

PROJECT = "nightly"

# A build that ended before the test.
ENDED = f"{PROJECT}:5e000000-0000-4000-8000-000000000000"


def sandbox(number, source_version):
    """A running sandbox."""
    id = f"{PROJECT}:5e000000-0000-4000-9000-{number:012}"
    return {"id": id, "arn": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:sandbox/{id}", "sourceVersion": source_version}


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

    def sandbox_status(self, id):
        return self.client.batch_get_sandboxes(ids=[id])["sandboxes"][0]["status"]


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
    """Serves a CodeBuild with an ended build and others, or sandboxes, on a free port of the loopback interface."""
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


class Gateway:
    """A CodeBuild for all accounts: it hands calls over to the testkit's, which has builds by account and region.

    The testkit identifies an account by an access key that is its number. STS returns the account of a session's key.
    """

    def __init__(self, url, testkit):
        self.url = url
        self.testkit = testkit
        # The account, region, operation and input of each call, in their order.
        self.calls = []

    def client(self, account, region):
        """A client that starts builds and reads their state. Its calls do not count."""
        return boto3.client(
            "codebuild",
            endpoint_url=self.testkit,
            aws_access_key_id=account,
            aws_secret_access_key="unchecked",
            region_name=region,
        )

    def stops(self):
        """The account and region of each call that stops something, and the id of what it stops."""
        return [(account, region, what["id"]) for account, region, name, what in self.calls if name.startswith("Stop")]


@contextmanager
def gateway(codebuild):
    """Serves the testkit's CodeBuild to the sessions of roles in all accounts."""
    sts = boto3.client("sts")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signed = self.headers["Authorization"]
            key, region = re.search(r"Credential=(\w+)/\d+/([^/]+)/", signed).groups()
            account = key if re.fullmatch(r"\d{12}", key) else sts.get_access_key_info(AccessKeyId=key)["Account"]
            target = self.headers["X-Amz-Target"]
            served.calls.append((account, region, target.rpartition(".")[2], json.loads(body)))
            headers = {"Authorization": signed.replace(key, account, 1), "X-Amz-Target": target}
            connection = http.client.HTTPConnection(urlsplit(codebuild.url).netloc)
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            self.send_response(answer.status)
            content = answer.read()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Gateway(f"http://127.0.0.1:{server.server_port}", codebuild.url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()
