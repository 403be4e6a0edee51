"""Replays one shard of a history, or merges the summaries of all shards.

`template.yaml` runs this as a Lambda function, with the command line `buildbrake` in a layer.
"""

import os
import subprocess
import tempfile
from pathlib import Path

import boto3

BUCKET = os.environ["BUCKET"]
BUILDBRAKE = os.environ.get("BUILDBRAKE", "/opt/bin/buildbrake")

s3 = boto3.client("s3")


def judge(event, context):
    """Writes the summary and the records of the builds in the object `event["shard"]`."""
    with tempfile.TemporaryDirectory() as folder:
        policy = download(event["policy"], folder, "policy.yaml")
        shard = download(event["shard"], folder, "shard")
        for part, extension in [("summaries", "json"), ("records", "ndjson")]:
            output = Path(folder, extension)
            buildbrake(output, "replay", "--policy", policy, "--format", extension, shard)
            s3.upload_file(str(output), BUCKET, f"{event['results']}/{part}/{event['shard']}.{extension}")


def merge(event, context):
    """Writes the summary of all shards."""
    with tempfile.TemporaryDirectory() as folder:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{event['results']}/summaries/")
        keys = [summary["Key"] for page in pages for summary in page.get("Contents", [])]
        if not keys:
            raise RuntimeError(f"no shards; put the history under the prefix {event['history']}")
        summaries = [download(key, folder, str(number)) for number, key in enumerate(keys)]
        output = Path(folder, "summary.json")
        buildbrake(output, "replay", "--format", "json", "--merge", *summaries)
        s3.upload_file(str(output), BUCKET, f"{event['results']}/summary.json")


def download(key, folder, name):
    path = Path(folder, name)
    s3.download_file(BUCKET, key, str(path))
    return path


def buildbrake(output, *arguments):
    """Runs the command line, with its standard output in a file."""
    with output.open("wb") as file:
        done = subprocess.run([BUILDBRAKE, *arguments], stdout=file, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
