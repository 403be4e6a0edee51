"""The function that checks a new version before it gets traffic, tested with versions that work or fail."""

import io
import json
from types import SimpleNamespace

import boto3
import pytest
from translated import EVERYTHING, deployed, named

CHECK = named(deployed(**EVERYTHING), "DeploymentCheck")
VERSION = "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake:7"


class Version:
    """A version of buildbrake that gives these answers in turn, and takes this many seconds for each."""

    def __init__(self, answers, seconds=140):
        self.answers = iter(answers)
        self.seconds = seconds
        self.left = CHECK["Timeout"]
        self.details = []
        self.reports = []

    def invoke(self, FunctionName, Payload):
        assert FunctionName == VERSION
        event = json.loads(Payload)
        assert (event["detail-type"], event["source"]) == ("Scheduled Event", "buildbrake")
        self.details.append(event["detail"])
        self.left -= self.seconds
        assert self.left > 0, "Lambda ends the check"
        answer = next(self.answers)
        failure = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return failure | {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def put_lifecycle_event_hook_execution_status(self, deploymentId, lifecycleEventHookExecutionId, status):
        assert (deploymentId, lifecycleEventHookExecutionId) == ("d-1", "hook")
        self.reports.append(status)


@pytest.fixture
def check(monkeypatch, capsys):
    """Has a version checked. Returns the status that CodeDeploy gets, and the fault."""

    def run(version):
        monkeypatch.setenv("VERSION", VERSION)
        monkeypatch.setattr(boto3, "client", lambda service, config=None: version)
        code = {}
        exec(CHECK["Code"]["ZipFile"], code)
        context = SimpleNamespace(
            invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:buildbrake-DeploymentCheck",
            get_remaining_time_in_millis=lambda: version.left * 1000,
        )
        code["handler"]({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook"}, context)
        (status,) = version.reports
        return status, json.loads(capsys.readouterr().out)["fault"]

    return run


SWEPT = {"outcome": "reported", "running": 20}
SWEEP = {"account": "111122223333", "region": "eu-west-1", "dry-run": "on"}


def rest(project, running):
    return {"from": project, "running": running, "stops": 3}


def test_a_version_passes_that_judges_all_running_builds(check):
    version = Version([SWEPT])
    assert check(version) == ("Succeeded", None)
    assert version.details == [SWEEP]


def test_the_rest_is_judged_too(check):
    rests = [rest("shop", 20), rest("warehouse", 40)]
    version = Version([SWEPT | {"rest": rests[0]}, SWEPT | {"rest": rests[1]}, SWEPT])
    assert check(version) == ("Succeeded", None)
    assert version.details == [SWEEP, SWEEP | {"sweep": rests[0]}, SWEEP | {"sweep": rests[1]}]


FAULTS = {
    "it fails: No policy": {"errorType": "Fault", "errorMessage": "No policy"},
    "it would stop too many builds: SAFETY BELT": SWEPT | {"safety": {"stops": 9}, "message": "SAFETY BELT"},
}


@pytest.mark.parametrize("before", [[], [SWEPT | {"rest": rest("shop", 20)}]], ids=["at once", "in the rest"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_version_gets_no_traffic(check, before, fault):
    assert check(Version([*before, FAULTS[fault]])) == ("Failed", fault)


def test_a_version_that_is_not_done_in_time_gets_no_traffic(check):
    """One part more could take longer than the check itself."""
    limit = named(deployed(**EVERYTHING), "Function")["Timeout"]
    parts = (SWEPT | {"rest": rest(f"shop-{number}", 20 * number)} for number in range(1, 100))
    version = Version(parts, seconds=limit)
    status, fault = check(version)
    assert status == "Failed"
    assert len(version.details) > 1
    parts = len(version.details)
    assert fault == (
        f"it has judged {20 * parts} running builds, and there is no time left for the rest, "
        f"which begins with the project shop-{parts}"
    )
