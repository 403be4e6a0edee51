"""A CodeBuild whose builds keep running, since those of ministack end at once.

It has one project, and serves the calls that starting builds and sweeping need.
"""

import json
import time
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from local_aws import ACCOUNT, REGION

PROJECT = "nightly"


class CodeBuild:
    """The builds of the one project, by id, as the API returns them."""

    def __init__(self, url):
        self.url = url
        self.builds = {}

    def start(self, source_version, status="IN_PROGRESS"):
        """Starts a build, or adds one that has ended already. Returns its id."""
        id = f"{PROJECT}:{uuid.uuid4()}"
        ended = status != "IN_PROGRESS"
        self.builds[id] = {
            "id": id,
            "arn": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:build/{id}",
            "projectName": PROJECT,
            "buildStatus": status,
            "buildComplete": ended,
            "currentPhase": "COMPLETED" if ended else "BUILD",
            "startTime": time.time(),
            "initiator": "Developer/alice",
            "sourceVersion": source_version,
            "source": {"type": "GITHUB", "location": "https://github.com/acme/nightly.git"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [],
                "privilegedMode": False,
            },
            "timeoutInMinutes": 45,
            "queuedTimeoutInMinutes": 480,
        }
        return id

    def status(self, id):
        return self.builds[id]["buildStatus"]

    def answer(self, operation, request):
        match operation:
            case "ListProjects":
                return {"projects": [PROJECT]}
            case "ListBuildsForProject":
                return {"ids": [*reversed(self.builds)]}
            case "BatchGetBuilds":
                return {"builds": [self.builds[id] for id in request["ids"]]}
            case "StopBuild":
                build = self.builds[request["id"]]
                build |= {"buildStatus": "STOPPED", "buildComplete": True, "currentPhase": "COMPLETED"}
                return {"build": build}
        raise NotImplementedError(operation)


@contextmanager
def codebuild():
    """Serves such a CodeBuild on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            operation = self.headers["X-Amz-Target"].removeprefix("CodeBuild_20161006.")
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = json.dumps(service.answer(operation, request)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service = CodeBuild(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, daemon=True).start()
        yield service
        server.shutdown()
