"""The same job as buildbrake's sample policy, as one would write it in Python."""

import fnmatch
import json

import boto3

CODEBUILD = boto3.client("codebuild")
MAX_TIMEOUT = 60
FORBIDDEN_BRANCHES = ["main", "release/*"]
FORBIDDEN_COMPUTE = ["BUILD_GENERAL1_2XLARGE"]


def broken_rules(build):
    broken = []
    if build.get("timeout-in-minutes", 0) > MAX_TIMEOUT:
        broken.append("short-builds")
    branch = build.get("source-version", "").removeprefix("refs/heads/")
    is_exempt = build.get("initiator", "").startswith("codepipeline/")
    if not is_exempt and any(fnmatch.fnmatchcase(branch, pattern) for pattern in FORBIDDEN_BRANCHES):
        broken.append("protected-branches")
    environment = build.get("environment", {})
    if environment.get("compute-type") in FORBIDDEN_COMPUTE or environment.get("type") == "LINUX_GPU_CONTAINER":
        broken.append("costly-compute")
    return broken


def handle(event, _context):
    build_id = event["detail"]["build-id"].rpartition("/")[2]
    record = {"build": build_id, "outcome": "allowed"}
    broken = broken_rules(event["detail"]["additional-information"])
    if broken:
        stopped = CODEBUILD.stop_build(id=build_id)["build"]
        record |= {"outcome": "stopped", "broken": broken, "returned": stopped}
    record = json.loads(json.dumps(record, default=str))
    print(json.dumps(record))
    return record
