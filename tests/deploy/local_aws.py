"""An AWS on this machine (ministack), and stacks that SAM deploys into it."""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from unittest import mock

import boto3
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))
from ministack_template import for_ministack  # noqa: E402
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")

# ministack takes an access key of twelve digits for the account's number.
ACCOUNT = "111122223333"
REGION = "eu-west-1"

# The event bus, which is not the template's.
BUS = "violations"

# The settings of a deployed function that this test changes because ministack is not AWS.
# Each entry has a test that fails once ministack no longer needs it.
CHANGED_SETTINGS = {
    "BUILDBRAKE_POLICY": "ministack mounts no layer at /opt for a custom runtime",
    "BUILDBRAKE_MEMBER_ACCOUNTS": "the same",
    "AWS_ENDPOINT_URL_CODEBUILD": "ministack's builds end at once, so a sweep finds none running",
}


def until(condition, seconds, what):
    """Waits for the condition to be true (or to have a result), and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.1)
    raise TimeoutError(f"{what}: not within {seconds} s")


@contextmanager
def local_aws(folder):
    """Runs ministack on a free port of the loopback interface.

    boto3, SAM and the deployed function use it meanwhile, and see nothing of this
    machine's own AWS settings. Their output goes where pytest captures it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        # ministack then evaluates the policies of roles, topics, queues and keys.
        "AUTH": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "unchecked",
        "AWS_DEFAULT_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    # SAM asks PyPI for a newer version of itself if it has not done so for a week.
    settings = folder / ".aws-sam/metadata.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"lastVersionCheck": time.time()}))
    with mock.patch.dict(os.environ, environment, clear=True):
        server = subprocess.Popen([sys.executable, "-m", "ministack"])
        try:
            until(lambda: listens(server, port), 30, "ministack starts")
            yield
        finally:
            server.terminate()
            server.wait()


def listens(server, port):
    assert server.poll() is None, "ministack has ended"
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Stack:
    """A template that SAM deploys."""

    def __init__(self, name, template):
        self.name = name
        self.template = template
        self.cloudformation = boto3.client("cloudformation")

    def deploy(self, **parameters):
        self.sam(
            "deploy",
            *("--template-file", self.template),
            *("--capabilities", "CAPABILITY_IAM"),
            *("--parameter-overrides", *(f"{name}='{value}'" for name, value in parameters.items())),
            "--resolve-s3",
            "--no-progressbar",
        )
        self.resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        }
        (stack,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def delete(self):
        self.sam("delete", "--no-prompts")

    def sam(self, command, *arguments):
        sam = Path(sys.executable).with_name("sam")
        folder = self.template.parent
        subprocess.run([sam, command, "--stack-name", self.name, *arguments], cwd=folder, check=True)


def everything():
    """Creates the resources that parameters refer to. Returns every parameter, with every option on."""
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:git-AbCdEf"
    boto3.client("events").create_event_bus(Name=BUS)
    boundary = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return {
        "Mode": "enforce",
        # EventBridge's shortest period.
        "SweepSchedule": "rate(1 minute)",
        "StopLimit": 20,
        "EventBus": BUS,
        "ViolationTopic": "true",
        "ChatTopic": "true",
        "BuildLog": "true",
        "BuildLogGroups": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/*",
        "AlarmTopic": boto3.client("sns").create_topic(Name="alarms")["TopicArn"],
        "Dashboard": "true",
        "Architecture": "x86_64",
        "Deployment": "Canary10Percent5Minutes",
        "DeploymentStopShare": 50,
        "DeploymentMinimumBuilds": 10,
        "AskPipelines": "true",
        "AskCodeCommit": "true",
        "GitHosts": "git.example.com",
        "GitCredentials": f"git.example.com={secret}",
        "GitSecrets": secret,
        "GitCaBundle": "",
        # test_organization.py sets these, with a list of accounts in the layer.
        "OrganizationId": "",
        "MemberRegions": "",
        "PolicyLayerArn": "",
        "LogRetentionDays": 30,
        "QueueRetentionDays": 2,
        "KmsKey": boto3.client("kms").create_key()["KeyMetadata"]["Arn"],
        "RolePath": "/ci/",
        "PermissionsBoundary": boto3.client("iam").create_policy(
            PolicyName="boundary", PolicyDocument=json.dumps(boundary)
        )["Policy"]["Arn"],
    }


class Buildbrake(Stack):
    """The project's template, deployed with the function that the Rust tests built."""

    def __init__(self, folder):
        self.folder = folder
        self.built = folder / "build"
        self.mounts = 0
        super().__init__("buildbrake", self.built / "template.yaml")
        self.functions = boto3.client("lambda")
        self.queues = boto3.client("sqs")
        self.logs = boto3.client("logs")
        self.everything = everything()
        # This is what `sam build` would make of the template.
        template = yaml_parse((ROOT / "template.yaml").read_text())
        assert template["Resources"]["Function"]["Properties"]["CodeUri"] == "."
        template["Resources"]["Function"]["Properties"]["CodeUri"] = "Function"
        for_ministack(template)
        shutil.copytree(ROOT / "policy", self.built / "policy")
        self.template.write_text(json.dumps(template))
        (self.built / "Function").mkdir()
        shutil.copy(TARGET / "debug/buildbrake-lambda", self.built / "Function/bootstrap")

    def configuration(self):
        """The configuration of the version that gets traffic."""
        return self.functions.get_function_configuration(FunctionName=self.outputs["FunctionAlias"])

    def configure(self, **settings):
        """Gives traffic to a version with changed settings, until the next deployment."""
        assert settings.keys() <= CHANGED_SETTINGS.keys()
        deployed = self.configuration()["Environment"]["Variables"]
        name = self.outputs["FunctionName"]
        self.functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": deployed | settings}
        )
        version = self.functions.publish_version(FunctionName=name)["Version"]
        self.functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    def mount_layers(self):
        """Unpacks the function's layers, and has a new instance of the function read its files there."""
        configuration = self.configuration()
        self.mounts += 1
        opt = self.folder / f"opt-{self.mounts}"
        for layer in configuration["Layers"]:
            content = self.functions.get_layer_version_by_arn(Arn=layer["Arn"])["Content"]
            with urllib.request.urlopen(content["Location"]) as archive:
                zipfile.ZipFile(io.BytesIO(archive.read())).extractall(opt)
        # In /opt, or in the folder of an earlier call, which an update of the stack alone may leave.
        mounted = re.compile(rf"^(?:/opt|{re.escape(str(self.folder))}/opt-\d+)(?=/)")
        settings = configuration["Environment"]["Variables"]
        files = {name: value for name, value in settings.items() if mounted.match(value)}
        self.configure(**{name: mounted.sub(str(opt), value) for name, value in files.items()})

    def direct_failures(self):
        """Gives the unqualified function the alias's configuration for failed events, which ministack ignores."""
        name = self.outputs["FunctionName"]
        wanted = self.functions.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
        keys = ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"]
        self.functions.put_function_event_invoke_config(FunctionName=name, **{key: wanted[key] for key in keys})

    def invoke(self, event):
        """Invokes the function, and returns its response."""
        answer = self.functions.invoke(FunctionName=self.outputs["FunctionAlias"], Payload=json.dumps(event))
        return json.load(answer["Payload"])

    def send(self, event, to="FunctionAlias"):
        """Invokes the function asynchronously, as EventBridge does.

        EventBridge itself accepts events of `aws.codebuild` from nobody but AWS.
        """
        self.functions.invoke(FunctionName=self.outputs[to], Payload=json.dumps(event), InvocationType="Event")

    def failed_invocations(self):
        """The messages in the queue that have not been received before."""
        received = self.queues.receive_message(
            QueueUrl=self.outputs["FailedInvocationsUrl"], MaxNumberOfMessages=10
        )
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]

    def records(self):
        """The records that the function has written to its log."""
        events = self.logs.filter_log_events(logGroupName=self.outputs["LogGroupName"])["events"]
        lines = [event["message"] for event in events if event["message"].startswith("{")]
        return [record for record in map(json.loads, lines) if "outcome" in record]


class Project:
    """A project of the account's own CodeBuild, whose builds end at once."""

    def __init__(self, name="shop-api"):
        self.name = name
        self.client = boto3.client("codebuild")
        self.client.create_project(
            name=name,
            source={"type": "NO_SOURCE"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/shop-api",
        )

    def start(self, source_version, timeout=60):
        """Starts a build. Returns it, and the event that CodeBuild would send."""
        build = self.client.start_build(
            projectName=self.name, sourceVersion=source_version, timeoutInMinutesOverride=timeout
        )["build"]
        event = json.loads((ROOT / "events/forbidden-branch.json").read_text())
        now = datetime.now(timezone.utc)
        event["time"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        event["resources"] = [build["arn"]]
        event["detail"] |= {"build-id": build["arn"], "project-name": self.name}
        more = event["detail"]["additional-information"]
        more["build-start-time"] = now.strftime("%b %d, %Y %I:%M:%S %p")
        more["source-version"] = source_version
        more["timeout-in-minutes"] = timeout
        return build, event

    def status(self, build):
        return self.client.batch_get_builds(ids=[build["id"]])["builds"][0]["buildStatus"]
