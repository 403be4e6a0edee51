"""The hub and two members: from an event of a member to the stopped build, and through the sweep's queue.

An account is an access key of twelve digits. The function enters the members with their roles. EventBridge accepts
events of CodeBuild only from AWS, so the tests hand them to the function. The tests run in the order of this file.
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from codebuild import codebuild, gateway
from local_aws import ACCOUNT as HUB
from local_aws import REGION, ROOT, Buildbrake, local_aws, until
from ministack_template import member_for_ministack
from pages import blocks, section
from samtranslator.yaml_helper import yaml_parse

SHOP, BANK = "444455556666", "012345678901"
# It is listed, and nobody has deployed anything in it.
UNREADY = "123456789012"
STRANGER = "999999999999"

# The hub's own region, another one, and one that is not listed.
HOME, OTHER, UNLISTED = REGION, "us-east-1", "eu-central-1"
PLACES = [(account, region) for account in (HUB, SHOP, BANK) for region in (HOME, OTHER)]

ACCOUNTS = f"""# The shop
{SHOP}=shop-prod
{BANK}=Bank & Söhne #1
{UNREADY}
"""

POLICY = {
    "version": 1,
    "safety": {"max-stops-per-sweep": "100%"},
    "rules": [
        {"id": "protected", "reason": "The pipeline builds it.", "forbidden-branches": ["main"], "batch": "stop-all"}
    ],
}

PROJECT = "shop-api"


def running(account, region):
    """The builds, batches and sandboxes that run in a place from the start, as the API has them."""
    def arn(kind, number):
        return f"arn:aws:codebuild:{region}:{account}:{kind}/nightly:{id(number)}"

    def id(number):
        return f"5e00000{number}-0000-4000-8000-{account}"

    def build(number, branch, **more):
        name = f"nightly:{id(number)}"
        return {"id": name, "arn": arn("build", number), "sourceVersion": f"refs/heads/{branch}"} | more

    batch = {"id": f"nightly:{id(3)}", "arn": arn("build-batch", 3), "buildBatchStatus": "IN_PROGRESS"}
    batch |= {"projectName": "nightly", "initiator": "alice", "sourceVersion": "refs/heads/main", "complete": False}
    sandbox = {"id": f"nightly:{id(5)}", "arn": arn("sandbox", 5), "sourceVersion": "refs/heads/main"}
    return [build(1, "main"), build(2, "feature"), batch, build(4, "main", buildBatchArn=batch["arn"]), sandbox]


def broken(things):
    """Returns the things that a sweep stops. If it stops a batch's build, it also stops the batch."""
    return [thing for thing in things if thing["sourceVersion"] == "refs/heads/main"]


class Organization:
    """The hub's stack, and the builds that run in the accounts."""

    def __init__(self, id, hub, builds):
        self.id = id
        self.hub = hub
        self.builds = builds

    def start(self, account, region, branch="main"):
        """Starts a build. Returns it."""
        client = self.builds.client(account, region)
        if PROJECT not in client.list_projects()["projects"]:
            environment = {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0"}
            client.create_project(
                name=PROJECT,
                source={"type": "GITHUB", "location": "https://github.com/acme/shop-api.git"},
                artifacts={"type": "NO_ARTIFACTS"},
                environment=environment | {"computeType": "BUILD_GENERAL1_SMALL"},
                serviceRole=f"arn:aws:iam::{account}:role/{PROJECT}",
            )
        return client.start_build(projectName=PROJECT, sourceVersion=f"refs/heads/{branch}")["build"]

    def status(self, build):
        """The status of a build that was started or that runs from the start."""
        _, _, _, region, account, _ = build["arn"].split(":", 5)
        (found,) = self.builds.client(account, region).batch_get_builds(ids=[build["id"]])["builds"]
        return found["buildStatus"]


def in_account(service, account, region=HOME):
    """A client of another account."""
    return boto3.client(
        service, aws_access_key_id=account, aws_secret_access_key="unchecked", region_name=region
    )


def deploy_member(hub, organization, account, region, role_region=HOME):
    """Deploys org/member.yaml, as a StackSet does."""
    template = yaml_parse((ROOT / "org/member.yaml").read_text())
    member_for_ministack(template, region)
    parameters = {
        "HubBusArn": hub.outputs["MemberBusArn"],
        "HubFunctionRoleArn": hub.outputs["FunctionRoleArn"],
        "OrganizationId": organization,
        "RoleRegion": role_region,
    }
    cloudformation = in_account("cloudformation", account, region)
    cloudformation.create_stack(
        StackName="buildbrake-member",
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="buildbrake-member", WaiterConfig={"Delay": 0.2, "MaxAttempts": 100}
    )


@pytest.fixture(scope="module")
def organization():
    things = [thing for place in PLACES for thing in running(*place)]
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)), codebuild(Path(folder), things) as builds:
        # ministack knows an account's organization only after the account has asked for it.
        id = boto3.client("organizations").describe_organization()["Organization"]["Id"]
        hub = Buildbrake(Path(folder))
        (hub.built / "policy/policy.yaml").write_text(json.dumps(POLICY))
        (hub.built / "policy/accounts.txt").write_text(ACCOUNTS)
        hub.deploy(Mode="enforce", OrganizationId=id, MemberRegions=f"{HOME},{OTHER}", SweepSchedule="rate(1 hour)")
        hub.mount_layers()
        for account in (SHOP, BANK):
            for region in (HOME, OTHER):
                deploy_member(hub, id, account, region)
        deploy_member(hub, id, HUB, OTHER, role_region=OTHER)
        with gateway(builds) as served:
            hub.configure(AWS_ENDPOINT_URL_CODEBUILD=served.url)
            yield Organization(id, hub, served)


def event(build):
    """The event that CodeBuild sends when the build starts."""
    _, _, _, region, account, _ = build["arn"].split(":", 5)
    event = json.loads((ROOT / "events/forbidden-branch.json").read_text())
    now = datetime.now(timezone.utc)
    event |= {"account": account, "region": region, "time": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    event["resources"] = [build["arn"]]
    event["detail"]["build-id"] = build["arn"]
    event["detail"]["additional-information"]["source-version"] = build["sourceVersion"]
    return event


@pytest.mark.parametrize(("account", "region"), [place for place in PLACES if place != (HUB, HOME)])
def test_a_region_forwards_its_events_with_a_role_of_its_account(organization, account, region):
    rules = in_account("events", account, region)
    (target,) = rules.list_targets_by_rule(Rule="buildbrake-forward")["Targets"]
    assert target["Arn"] == organization.hub.outputs["MemberBusArn"]
    role = in_account("iam", account).get_role(RoleName="buildbrake-forward")["Role"]
    assert target["RoleArn"] == role["Arn"]


@pytest.mark.parametrize(
    ("account", "region", "name"),
    [(SHOP, HOME, "shop-prod"), (SHOP, OTHER, "shop-prod"), (BANK, OTHER, "Bank & Söhne #1"), (HUB, OTHER, None)],
)
def test_an_event_stops_the_build_in_its_own_account(organization, account, region, name):
    build = organization.start(account, region)
    organization.builds.calls.clear()
    record = organization.hub.invoke(event(build))
    assert (record["outcome"], record["account"], record["region"]) == ("stopped", account, region)
    assert record.get("accountName") == name
    assert organization.status(build) == "STOPPED"
    # With the hub's own credentials, calls were made only for its own build.
    assert {(where, region) for where, region, *_ in organization.builds.calls} == {(account, region)}
    assert organization.builds.stops() == [(account, region, build["id"])]


def test_a_build_of_a_member_that_breaks_no_rule_runs_on(organization):
    build = organization.start(SHOP, OTHER, branch="feature")
    organization.builds.calls.clear()
    assert organization.hub.invoke(event(build))["outcome"] == "allowed"
    assert (organization.status(build), organization.builds.calls) == ("IN_PROGRESS", [])


def refused():
    """Events of places that are not listed, and of two places at once. Each names a build on main."""
    def of(account, region, /, **envelope):
        arn = f"arn:aws:codebuild:{region}:{account}:build/{PROJECT}:5e000000-0000-4000-8000-000000000001"
        return event({"arn": arn, "sourceVersion": "refs/heads/main"}) | envelope

    deadline = of(STRANGER, HOME)
    deadline |= {"detail-type": "Buildbrake Deadline", "source": "buildbrake", "resources": []}
    deadline["detail"] = {"build-arn": deadline["detail"]["build-id"]}
    sweep = {"detail-type": "Scheduled Event", "source": "aws.events", "account": SHOP, "region": HOME, "detail": {}}
    two = of(SHOP, HOME)
    two["resources"].append(of(BANK, HOME)["detail"]["build-id"])
    return {
        "an account that is not listed": (of(STRANGER, HOME), "OtherAccount"),
        "a region that is not listed": (of(SHOP, UNLISTED), "OtherRegion"),
        "a region that is not listed, of the hub": (of(HUB, UNLISTED), "OtherRegion"),
        "another partition": (json.loads(json.dumps(of(SHOP, HOME)).replace("arn:aws:", "arn:aws-cn:")), "OtherRegion"),
        "a member's event about the hub's build": (of(HUB, HOME, account=SHOP), "OtherAccount"),
        "a member's event about another member's build": (of(BANK, HOME, account=SHOP), "OtherAccount"),
        "a stranger's event about a member's build": (of(SHOP, HOME, account=STRANGER), "OtherAccount"),
        "an event about a build in another region": (of(SHOP, HOME, region=OTHER), "OtherRegion"),
        "an event about two builds": (two, "OtherAccount"),
        "a deadline of a stranger's build": (deadline, "OtherAccount"),
        "a sweep that a member asks for": (sweep, "OtherAccount"),
        "an event of a member's own": (of(SHOP, HOME, source="shop"), "UnreadableEvent"),
    }


@pytest.mark.parametrize("name", refused())
def test_what_is_not_listed_or_contradicts_itself_costs_no_call(organization, name):
    sent, expected = refused()[name]
    organization.builds.calls.clear()
    answer = organization.hub.invoke(sent)
    assert answer["errorType"] == expected
    assert organization.builds.calls == []
    # The log shows the same.
    errors = [record["error"] for record in organization.hub.records() if record["outcome"] == "failed"]
    assert (errors[-1]["type"], errors[-1]["message"]) == (expected, answer["errorMessage"])


def session(role, service="sts"):
    """A client with the session of a role of the hub."""
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="probe")["Credentials"]
    return boto3.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


@pytest.fixture(scope="module")
def callers(organization):
    """Clients of STS: the function's, that of another role of the hub, and those of other accounts."""
    iam = boto3.client("iam")
    trust = document({"Principal": {"AWS": f"arn:aws:iam::{HUB}:root"}, "Action": "sts:AssumeRole"})
    admin = iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="admin", PolicyName="all", PolicyDocument=document({"Action": "*", "Resource": "*"}))
    # The session that Lambda has of the function's role is not available here.
    role = organization.hub.resources["FunctionRole"]
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    function = session(organization.hub.outputs["FunctionRoleArn"])
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))
    return {
        "function": function,
        "admin": session(admin),
        "root": boto3.client("sts"),
        "member": in_account("sts", BANK),
        "stranger": in_account("sts", STRANGER),
    }


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]})


@pytest.mark.parametrize("name", ["function", "admin", "root", "member", "stranger"])
def test_only_the_function_with_the_external_id_enters_a_member(organization, callers, name):
    role = f"arn:aws:iam::{SHOP}:role/buildbrake-member"

    def enter(**more):
        return callers[name].assume_role(RoleArn=role, RoleSessionName="probe", **more)

    with pytest.raises(ClientError, match="AccessDenied"):
        enter()
    if name == "function":
        arn = enter(ExternalId=organization.id)["AssumedRoleUser"]["Arn"]
        assert arn == f"arn:aws:sts::{SHOP}:assumed-role/buildbrake-member/probe"
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            enter(ExternalId=organization.id)


def test_a_role_that_is_missing_fails_the_event_and_names_the_account(organization):
    build = organization.start(UNREADY, HOME)
    answer = organization.hub.invoke(event(build))
    assert answer["errorType"] == "RoleDenied"
    for part in ("buildbrake-member", f"deploy org/member.yaml in account {UNREADY}"):
        assert part in answer["errorMessage"]
    assert organization.status(build) == "IN_PROGRESS"


def waiting(queues, url):
    """The number of messages in a queue, visible or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_a_scheduled_sweep_reaches_every_member_and_leaves_what_failed_in_a_queue(organization):
    hub = organization.hub
    sweeps, failed = hub.resources["Sweeps"], hub.resources["FailedSweeps"]
    # Three tries of six minutes each are too long for a test.
    hub.queues.set_queue_attributes(QueueUrl=sweeps, Attributes={"VisibilityTimeout": "3"})
    forged = [(STRANGER, HOME), (SHOP, UNLISTED)]
    for account, region in forged:
        hub.queues.send_message(QueueUrl=sweeps, MessageBody=json.dumps({"account": account, "region": region}))
    organization.builds.calls.clear()
    scheduled = {"detail-type": "Scheduled Event", "source": "aws.events", "account": HUB, "region": HOME, "detail": {}}
    record = hub.invoke(scheduled)
    assert record["message"] == "Sent the sweeps of 8 accounts and regions to the queue."

    things = {place: running(*place) for place in PLACES}
    stopped = sorted((*place, thing["id"]) for place in PLACES for thing in broken(things[place]))
    until(lambda: len(organization.builds.stops()) >= len(stopped), 90, "all are stopped")
    assert sorted(organization.builds.stops()) == stopped
    for first, feature, _, of_batch, _ in things.values():
        assert [organization.status(build) for build in (first, feature, of_batch)] == ["STOPPED", "IN_PROGRESS", "STOPPED"]

    until(lambda: waiting(hub.queues, failed) == 4, 120, "what failed is in its queue")
    received = hub.queues.receive_message(QueueUrl=failed, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(message["Body"]) for message in received]
    expected = [(UNREADY, HOME), (UNREADY, OTHER), *forged]
    assert sorted((body["account"], body["region"]) for body in bodies) == sorted(expected)
    assert waiting(hub.queues, sweeps) == 0
    swept = [record for record in hub.records() if record.get("trigger") == "sweep" and "buildId" not in record]
    denied = [record for record in swept if record["outcome"] == "failed"]
    assert {(record["account"], record["error"]["type"]) for record in denied} == {(UNREADY, "RoleDenied")}
    # Each of the two places was tried three times.
    assert len(denied) == 6
    assert not {account for account, *_ in organization.builds.calls} & {UNREADY, STRANGER}
    assert UNLISTED not in {region for _, region, *_ in organization.builds.calls}
    names = {record["account"]: record.get("accountName") for record in swept if record["outcome"] != "failed"}
    assert names == {HUB: None, SHOP: "shop-prod", BANK: "Bank & Söhne #1"}


def test_a_message_that_waited_for_too_long_is_dropped_and_counted(organization):
    hub = organization.hub
    names = {"QueueUrl": hub.resources["Sweeps"], "AttributeNames": ["QueueArn"]}
    message = {
        "messageId": "5e000000-0000-4000-8000-000000000007",
        "body": json.dumps({"account": SHOP, "region": OTHER}),
        "attributes": {"SentTimestamp": "1700000000000", "ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": hub.queues.get_queue_attributes(**names)["Attributes"]["QueueArn"],
    }
    assert hub.invoke({"Records": [message]}) == {"batchItemFailures": []}
    (record,) = [record for record in hub.records() if "SweepsDropped" in record]
    assert (record["SweepsDropped"], record["account"], record["region"]) == (1, SHOP, OTHER)
    # The alarm of this name reads it.
    alarm = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["SweepsDropped"]["Properties"]
    (directive,) = record["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == alarm["Namespace"] and directive["Dimensions"] == [[]]
    assert [metric["Name"] for metric in directive["Metrics"]] == [alarm["MetricName"]]


PAGE = (ROOT / "docs/organisation.md").read_text()


def commands(title, **replaced):
    """The commands of a part of the page, each as a script."""
    for language, text in blocks(section(PAGE, title)):
        if language == "sh":
            for old, new in replaced.items():
                text = text.replace(old, new)
            yield text


def run(script, folder, account=HUB):
    """Runs a script in a folder with the credentials of an account."""
    environment = os.environ | {"AWS_ACCESS_KEY_ID": account}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )
    print(script, done.stdout, done.stderr, sep="\n")
    return done


def test_organizations_lists_the_accounts_and_the_function_knows_their_names(organization, tmp_path):
    names = ["Shop, Inc.", "a=b #1", "# closed", "Müller & Söhne 東京"]
    client = boto3.client("organizations")
    ids = {}
    for number, name in enumerate(names):
        created = client.create_account(AccountName=name, Email=f"a{number}@example.com")
        ids[name] = created["CreateAccountStatus"]["AccountId"]
    client.close_account(AccountId=ids.pop("# closed"))
    (tmp_path / "policy").mkdir()
    (script,) = [script for script in commands("One deployment for all") if "organizations" in script]
    assert run(script, tmp_path).returncode == 0
    file = tmp_path / "policy/accounts.txt"
    expected = {HUB: "Master Account"} | {id: name for name, id in ids.items()}
    assert file.read_text().splitlines() == sorted(f"{id}={name}" for id, name in expected.items())

    hub = organization.hub
    before = hub.configuration()["Environment"]["Variables"]["BUILDBRAKE_MEMBER_ACCOUNTS"]
    hub.configure(BUILDBRAKE_MEMBER_ACCOUNTS=str(file))
    for id, name in expected.items():
        build = organization.start(id, HOME)
        hub.invoke(event(build))
        (record,) = [record for record in hub.records() if record.get("buildArn") == build["arn"]]
        assert record["accountName"] == name
    hub.configure(BUILDBRAKE_MEMBER_ACCOUNTS=before)


SAM = """#!/bin/sh
[ "$1" = build ] && exit
exec {sam} "$@" --stack-name buildbrake --template-file {template} --capabilities CAPABILITY_IAM --no-progressbar
"""


class Covered:
    """A stack of an account, as a stack set makes it. `template` is its URL."""

    NAME = "StackSet-brake-2f0f5c1e-5c0f-4d3b-9a37-0f3f5a1d7a10"

    def __init__(self, account, folder, hub, template):
        self.template = template
        self.cloudformation = in_account("cloudformation", account)
        self.function = copy.copy(hub)
        self.function.folder = folder
        self.function.functions = in_account("lambda", account)

    def deploy(self, action, layer):
        parameters = {"Mode": "report", "PolicyLayerArn": layer}
        getattr(self.cloudformation, f"{action}_stack")(
            StackName=self.NAME,
            TemplateURL=self.template,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        self.cloudformation.get_waiter(f"stack_{action}_complete").wait(
            StackName=self.NAME, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150}
        )
        (stack,) = self.cloudformation.describe_stacks(StackName=self.NAME)["Stacks"]
        self.function.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if action == "update":
            # ministack still keeps a layer whose description has changed, so that it publishes no version.
            assert layer not in str(self.function.configuration()["Layers"])
            self.function.configure()
        assert layer in str(self.function.configuration()["Layers"])
        self.function.mount_layers()

    def rules(self, build):
        """The rules that a build breaks."""
        return [violation["rule"] for violation in self.function.invoke(event(build))["violations"]]


def test_a_stack_of_a_stack_set_has_the_policy_of_a_shared_layer(organization, tmp_path):
    """The page's commands run in the account that administers the stack sets."""
    admin, hub = BANK, organization.hub
    sam = tmp_path / "bin/sam"
    sam.parent.mkdir()
    sam.write_text(SAM.format(sam=Path(sys.executable).with_name("sam"), template=hub.template))
    sam.chmod(0o755)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/policy.yaml").write_text(json.dumps(POLICY))
    layer = f"arn:aws:lambda:{HOME}:{admin}:layer:buildbrake-shared"
    known = []
    for script in commands("The same deployment in every account", **{HUB: admin}):
        if "-stack-set " in script:
            # ministack still has no stack sets. Once it does, they can do the rest of this test.
            for command in re.split(r"^(?=aws )", script, flags=re.M)[1:]:
                assert "Unknown action" in run(command, tmp_path, admin).stderr
        else:
            assert run(f"PATH={sam.parent}:$PATH\n{script}", tmp_path, admin).returncode == 0
            known.append(script)
    assert len(known) == 3

    assert "Transform" not in json.loads((tmp_path / "processed.json").read_text())
    # ministack reads the bucket's name only from the path.
    ((bucket, host, key),) = re.findall(r"--template-url https://([\w-]+)\.(s3\S+?)/(\S+)", PAGE)
    # Its buckets belong to one account each, so the stack is in the same account.
    stack = Covered(admin, tmp_path, hub, f"https://{host}/{bucket}/{key}")
    stack.deploy("create", f"{layer}:1")
    build = organization.start(admin, HOME)
    assert stack.rules(build) == ["protected"]

    # A new policy.
    another = {"version": 1, "rules": [{"id": "another", "forbidden-branches": ["main"]}]}
    (tmp_path / "policy/policy.yaml").write_text(json.dumps(another))
    assert run(known[1], tmp_path, admin).returncode == 0
    for number, rule in [(2, "another"), (1, "protected")]:
        stack.deploy("update", f"{layer}:{number}")
        assert stack.rules(build) == [rule]


def test_the_rule_on_the_members_bus_takes_no_deadline(organization):
    """Only AWS sends events of CodeBuild. Here, the hub's own account can put other events on the bus."""
    build = organization.start(SHOP, HOME)
    events, queues = boto3.client("events"), organization.hub.queues
    bus = organization.hub.resources["MemberBus"]
    # Events that the bus has accepted arrive in this queue, too.
    queue = queues.create_queue(QueueName="seen")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = document({"Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn})
    queues.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_rule(Name="seen", EventBusName=bus, EventPattern=json.dumps({"account": [HUB]}))
    events.put_targets(Rule="seen", EventBusName=bus, Targets=[{"Id": "seen", "Arn": arn}])
    before = len(organization.hub.records())
    deadline = {"Source": "buildbrake", "DetailType": "Buildbrake Deadline", "EventBusName": bus}
    deadline["Detail"] = json.dumps({"build-arn": build["arn"]})
    forged = event(build)
    forged = {"Source": "shop", "DetailType": forged["detail-type"], "EventBusName": bus, "Detail": json.dumps(forged["detail"])}
    codebuild = forged | {"Source": "aws.codebuild"}
    answer = events.put_events(Entries=[deadline, forged, codebuild])
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [None, None, "NotAuthorizedForSourceException"]
    until(lambda: waiting(queues, queue) == 2, 60, "the bus has taken two events")
    assert len(organization.hub.records()) == before
    assert organization.status(build) == "IN_PROGRESS"


def test_ministack_still_forwards_no_event_to_the_bus_of_another_account(organization):
    # Once it does, an event of a member can go all the way, and the bus can refuse strangers.
    sent = {"Source": "shop", "DetailType": "Anything", "Detail": "{}"}
    bus = organization.hub.outputs["MemberBusArn"]
    answer = in_account("events", SHOP).put_events(Entries=[sent | {"EventBusName": bus}])
    assert answer["Entries"][0]["ErrorCode"] == "ResourceNotFoundException"


def test_ministack_still_takes_a_session_for_a_principal_of_its_own(organization, callers):
    # Once it knows the role of a session, member_for_ministack() can leave the trust alone.
    trust = {"Principal": {"AWS": f"arn:aws:iam::{HUB}:root"}, "Action": "sts:AssumeRole"}
    trust["Condition"] = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{HUB}:role/admin"}}
    role = in_account("iam", SHOP).create_role(RoleName="probe", AssumeRolePolicyDocument=document(trust))["Role"]
    with pytest.raises(ClientError, match="AccessDenied"):
        callers["admin"].assume_role(RoleArn=role["Arn"], RoleSessionName="probe")


@pytest.mark.parametrize(
    ("statement", "works"),
    [
        ({"Action": "sts:AssumeRole"}, True),
        ({"Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:ResourceOrgID": "ORGANIZATION"}}}, False),
    ],
)
def test_ministack_still_knows_no_organization_of_a_resource(organization, callers, statement, works):
    # Once it does, for_ministack() can leave this condition.
    text = document(statement | {"Resource": "*"}).replace("ORGANIZATION", organization.id)
    boto3.client("iam").put_role_policy(RoleName="admin", PolicyName="all", PolicyDocument=text)
    trust = document({"Principal": {"AWS": f"arn:aws:iam::{HUB}:root"}, "Action": "sts:AssumeRole"})
    iam = in_account("iam", SHOP)
    iam.create_role(RoleName=f"probe-{works}", AssumeRolePolicyDocument=trust)
    role = f"arn:aws:iam::{SHOP}:role/probe-{works}"
    if works:
        callers["admin"].assume_role(RoleArn=role, RoleSessionName="probe")
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            callers["admin"].assume_role(RoleArn=role, RoleSessionName="probe")


def test_ministack_still_wants_a_permission_of_its_own_for_messages_sent_together(organization, callers):
    # Once IAM's is enough, for_ministack() can leave the permission alone.
    allowed = document({"Action": ["sqs:SendMessage", "sts:*"], "Resource": "*"})
    boto3.client("iam").put_role_policy(RoleName="admin", PolicyName="all", PolicyDocument=allowed)
    queues = session(f"arn:aws:iam::{HUB}:role/admin", "sqs")
    queue = organization.hub.queues.create_queue(QueueName="together")["QueueUrl"]
    queues.send_message(QueueUrl=queue, MessageBody="{}")
    with pytest.raises(ClientError, match="AccessDenied"):
        queues.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "{}"}])


def test_ministack_still_knows_no_region_where_it_decides_conditions(organization):
    # Once it does, member_for_ministack() can leave this condition alone.
    template = {
        "Conditions": {"IsHere": {"Fn::Equals": [{"Ref": "AWS::Region"}, HOME]}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Here": {"Type": "AWS::SNS::Topic", "Condition": "IsHere"}},
    }
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="here", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="here", WaiterConfig={"Delay": 0.2, "MaxAttempts": 100}
    )
    resources = cloudformation.describe_stack_resources(StackName="here")["StackResources"]
    assert [resource["LogicalResourceId"] for resource in resources] == ["Topic"]
