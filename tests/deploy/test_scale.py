"""The state machine of docs/scale.md, deployed with `sam deploy` into an AWS on this machine.

Three shards are replayed, and their merged summary is compared with a single replay.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import boto3
import pytest
from local_aws import ROOT, TARGET, Stack, local_aws, until

BUCKET = "example-builds"
POLICY = ROOT / "policy/policy.yaml"
BUILDBRAKE = TARGET / "debug/buildbrake"

# The results of each must have a name of their own.
KEYS = ["history/shop/api.ndjson", "history/shop_api.ndjson", "history/api.ndjson"]


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)):
        yield Path(folder)


@pytest.fixture(scope="module")
def bucket(folder):
    bucket = boto3.resource("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    bucket.upload_file(str(POLICY), "policy.yaml")
    return bucket


@pytest.fixture(scope="module")
def shards(folder, bucket):
    """Three shards in the bucket. Returns their files."""
    made = [TARGET / "debug/buildbrake-testkit", "history", "--builds", "90"]
    history = subprocess.run(made, check=True, capture_output=True, text=True).stdout.splitlines(keepends=True)
    shards = [folder / key for key in KEYS]
    for number, (key, shard) in enumerate(zip(KEYS, shards)):
        shard.parent.mkdir(parents=True, exist_ok=True)
        shard.write_text("".join(history[number::3]))
        bucket.upload_file(str(shard), key)
    return shards


@pytest.fixture(scope="module")
def stack(folder, bucket):
    built = folder / "scale"
    built.mkdir()
    for name in ["template.yaml", "worker.py"]:
        shutil.copy(ROOT / "docs/scale" / name, built / name)
    # ministack mounts no layer at /opt, so that configure() names the binary.
    (built / "layer/bin").mkdir(parents=True)
    (built / "layer/bin/buildbrake").write_text("not used")
    stack = Stack("scale", built / "template.yaml")
    stack.deploy(Bucket=BUCKET)
    return stack


def configure(stack, **settings):
    functions = boto3.client("lambda")
    for name in ["Judge", "Merge"]:
        name = stack.resources[name]
        deployed = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": deployed | settings})


def execute(stack, name):
    """Runs the state machine. Returns the execution once it has ended."""
    states = boto3.client("stepfunctions")
    started = states.start_execution(stateMachineArn=stack.outputs["StateMachine"], name=name)

    def ended():
        execution = states.describe_execution(executionArn=started["executionArn"])
        return execution if execution["status"] != "RUNNING" else None

    return until(ended, 60, "the execution ends")


def read(bucket, key):
    return bucket.Object(key).get()["Body"].read()


def replay(*inputs):
    program = [BUILDBRAKE, "replay", "--policy", POLICY, "--format", "json", *inputs]
    return json.loads(subprocess.run(program, check=True, capture_output=True).stdout)


def test_ministack_still_mounts_no_layer(stack, shards):
    # Once it does, configure() can go.
    event = {"policy": "policy.yaml", "shard": KEYS[0], "results": "replays/by-hand"}
    answer = boto3.client("lambda").invoke(FunctionName=stack.resources["Judge"], Payload=json.dumps(event))
    assert "'/opt/bin/buildbrake'" in json.load(answer["Payload"])["errorMessage"]
    configure(stack, BUILDBRAKE=str(BUILDBRAKE))


def test_the_merged_summary_is_that_of_a_single_replay(stack, bucket, shards):
    execution = execute(stack, "first")
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(read(bucket, "replays/first/summary.json")) == replay(*shards)


def test_each_shard_has_a_summary_and_records(bucket, shards):
    keys = {object.key.removeprefix("replays/first/") for object in bucket.objects.filter(Prefix="replays/first/")}
    of_shards = {f"summaries/{key}.json" for key in KEYS} | {f"records/{key}.ndjson" for key in KEYS}
    assert keys == of_shards | {"summary.json"}
    for key, shard in zip(KEYS, shards):
        assert json.loads(read(bucket, f"replays/first/summaries/{key}.json")) == replay(shard)
        records = read(bucket, f"replays/first/records/{key}.ndjson").splitlines()
        assert [json.loads(record)["trigger"] for record in records] == 30 * ["replay"]


def test_a_fault_fails_the_execution_and_its_message_is_in_the_map_run(stack, bucket, shards):
    bucket.put_object(Key="policy.yaml", Body=b"version: 1\nrules: 7\n")
    execution = execute(stack, "faulty")
    bucket.upload_file(str(POLICY), "policy.yaml")
    assert execution["status"] == "FAILED"
    assert list(bucket.objects.filter(Prefix="replays/faulty/")) == []
    # As on the page.
    states = boto3.client("stepfunctions")
    (run,) = states.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
    failed = states.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED")["executions"]
    assert len(failed) == 3
    cause = states.describe_execution(executionArn=failed[0]["executionArn"])["cause"]
    assert "policy.yaml:2:8" in cause


def test_a_history_without_shards_fails_the_execution(stack, bucket, shards):
    bucket.objects.filter(Prefix="history/").delete()
    execution = execute(stack, "empty")
    assert execution["status"] == "FAILED"
    assert "put the history under the prefix history/" in execution["cause"]
