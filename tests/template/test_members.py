"""Other accounts: the hub's permissions there, the trust of its role, and the events that the hub's bus accepts.

The policies are evaluated as IAM does, for the operators that they use:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse
from translated import ROOT, Deployment, arn, deployed, named, of_type, seconds, variables

HUB, MEMBER, ORGANIZATION = "111122223333", "444455556666", "o-1a2b3c4d5e"
FUNCTION_ROLE = f"arn:aws:iam::{HUB}:role/buildbrake-FunctionRole-1ABC"
BUS = f"arn:aws:events:eu-west-1:{HUB}:event-bus/buildbrake-members"
ON = {"OrganizationId": ORGANIZATION, "MemberRegions": "us-east-1"}


def fits(pattern, value):
    wildcards = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wildcards.get(letter, re.escape(letter)) for letter in pattern), value) is not None


def listed(value):
    return value if isinstance(value, list) else [value]


def holds(operator, expected, found):
    """Returns whether a condition holds for the value of its key, which may be missing."""
    assert operator in {"StringEquals", "ArnEquals", "ArnLike"}
    if found is None:
        return False
    return any(found == one if operator == "StringEquals" else fits(one, found) for one in listed(expected))


def allows(statements, action, resource, account, context):
    """Returns whether a resource's own policy allows an action to a principal of an account."""
    for statement in listed(statements):
        assert statement["Effect"] == "Allow"
        principal = statement["Principal"]
        principals = ["*"] if principal == "*" else listed(principal["AWS"])
        is_meant = any(one == "*" or one.split(":")[4] == account for one in principals)
        is_asked = any(fits(one, action) for one in listed(statement["Action"]))
        is_there = any(fits(one, resource) for one in listed(statement.get("Resource", resource)))
        conditions = [
            holds(operator, expected, context.get(key))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        ]
        if is_meant and is_asked and is_there and all(conditions):
            return True
    return False


def member(**parameters):
    """The template of a member, deployed in its account."""
    template = yaml_parse((ROOT / "org/member.yaml").read_text())
    template = {"Mappings": {}, "Outputs": {}} | template
    values = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    values |= {
        "HubBusArn": BUS,
        "HubFunctionRoleArn": FUNCTION_ROLE,
        "OrganizationId": ORGANIZATION,
        "RoleRegion": "eu-west-1",
        "AWS::AccountId": MEMBER,
        "AWS::Partition": "aws",
        "AWS::Region": "eu-west-1",
    }
    return Deployment(template, values | parameters).template()


def role_statements(template, name):
    return [
        statement
        for policy in named(template, name)["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


CALLERS = {
    "the function": ({}, True),
    "another role of the hub": ({"aws:PrincipalArn": f"arn:aws:iam::{HUB}:role/admin"}, False),
    "a role of another account with that name": (
        {"account": "999999999999", "aws:PrincipalArn": FUNCTION_ROLE.replace(HUB, "999999999999")},
        False,
    ),
    "the hub outside the organization": ({"aws:PrincipalOrgID": "o-another1234"}, False),
    "an account without an organization": ({"aws:PrincipalOrgID": None}, False),
    "the function without the external id": ({"sts:ExternalId": None}, False),
    "the function with another external id": ({"sts:ExternalId": "o-another1234"}, False),
}


@pytest.mark.parametrize("caller", CALLERS)
def test_only_the_hubs_function_enters_a_member(caller):
    changes, is_allowed = CALLERS[caller]
    context = {
        "account": HUB,
        "aws:PrincipalArn": FUNCTION_ROLE,
        "aws:PrincipalOrgID": ORGANIZATION,
        "sts:ExternalId": ORGANIZATION,
    } | changes
    trust = named(member(), "MemberRole")["AssumeRolePolicyDocument"]["Statement"]
    role = f"arn:aws:iam::{MEMBER}:role/buildbrake-member"
    assert allows(trust, "sts:AssumeRole", role, context["account"], context) is is_allowed


def test_the_trust_outlives_the_role_that_it_names():
    """If a principal is a role's ARN and the role is deleted, IAM replaces the ARN with the role's id."""
    (statement,) = named(member(), "MemberRole")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{HUB}:root"}


SENDERS = {
    "a member's rule": ({}, True),
    "a stranger": ({"aws:PrincipalOrgID": "o-another1234"}, False),
    "an account without an organization": ({"aws:PrincipalOrgID": None}, False),
    "a member with a deadline": ({"events:source": "buildbrake", "events:detail-type": "Buildbrake Deadline"}, False),
    "a member with a sweep": ({"events:source": "aws.events", "events:detail-type": "Scheduled Event"}, False),
    "a member with an event of its own": ({"events:source": "shop"}, False),
}


@pytest.mark.parametrize("sender", SENDERS)
def test_the_bus_takes_the_organizations_builds_alone(sender):
    changes, is_allowed = SENDERS[sender]
    context = {
        "aws:PrincipalOrgID": ORGANIZATION,
        "events:source": "aws.codebuild",
        "events:detail-type": "CodeBuild Build State Change",
    } | changes
    statement = named(deployed(**ON), "MemberBusPolicy")["Statement"] | {"Resource": BUS}
    assert allows(statement, "events:PutEvents", BUS, MEMBER, context) is is_allowed
    assert not allows(statement, "events:PutRule", BUS, MEMBER, context)


def test_the_rule_on_the_bus_takes_running_builds_alone():
    hub, forwarded = named(deployed(**ON), "MemberBuildStarts"), named(member(), "ForwardBuildStarts")
    assert hub["EventPattern"] == forwarded["EventPattern"]
    assert hub["EventPattern"] == {
        "source": ["aws.codebuild"],
        "detail-type": ["CodeBuild Build State Change"],
        "replay-name": [{"exists": False}],
        "detail": {"build-status": ["IN_PROGRESS"]},
    }
    assert hub["EventBusName"] == {"Ref": "MemberBus"}
    (target,) = forwarded["Targets"]
    assert (target["Arn"], target["RoleArn"]) == (BUS, f"arn:aws:iam::{MEMBER}:role/buildbrake-forward")
    assert role_statements(member(), "ForwardRole") == [
        {"Sid": "ForwardToTheHub", "Effect": "Allow", "Action": "events:PutEvents", "Resource": BUS}
    ]


def test_a_member_lets_the_hub_do_in_all_regions_what_it_does_at_home():
    home = named(deployed(), "FunctionRole")["Policies"][0]["PolicyDocument"]["Statement"]
    stop, projects = role_statements(member(), "MemberRole")
    assert stop["Action"] == home[0]["Action"]
    assert stop["Resource"] == f"arn:aws:codebuild:*:{MEMBER}:project/*"
    assert projects == home[1]


@pytest.mark.parametrize(
    ("parameter", "policy"),
    [("AskPipelines", "PipelinePolicy"), ("AskCodeCommit", "CodeCommitPolicy"), ("BuildLog", "BuildLogPolicy")],
)
def test_a_parameter_adds_to_a_member_what_it_adds_to_the_hub(parameter, policy):
    before, after = (role_statements(member(**on), "MemberRole") for on in ({}, {parameter: "true"}))
    (added,) = [statement for statement in after if statement not in before]
    (statement,) = named(deployed(**{parameter: "true"}), policy)["PolicyDocument"]["Statement"]
    assert (added["Sid"], added["Action"]) == (statement["Sid"], statement["Action"])
    assert f":{MEMBER}:" in added["Resource"]


@pytest.mark.parametrize(
    ("parameter", "policy"),
    [("AskPipelines", "PipelinePolicy"), ("AskCodeCommit", "CodeCommitPolicy"), ("BuildLog", "BuildLogPolicy")],
)
def test_the_function_may_do_in_its_own_account_what_it_may_do_in_a_members(parameter, policy):
    """In its own account, the function has no other role."""
    (added,) = named(deployed(**ON, **{parameter: "true"}), policy)["PolicyDocument"]["Statement"]
    in_member = role_statements(member(**{parameter: "true"}), "MemberRole")
    (expected,) = [statement for statement in in_member if statement["Sid"] == added["Sid"]]
    of_hub = added["Resource"]["Fn::Sub"].replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", MEMBER)
    assert added | {"Resource": of_hub} == expected


def test_a_members_log_groups_may_be_named_for_all_accounts():
    groups = "arn:aws:logs:*:*:log-group:/ci/*,arn:aws:logs:*:*:log-group:/aws/codebuild/*"
    in_member = role_statements(member(BuildLog="true", BuildLogGroups=groups), "MemberRole")
    (logs,) = [statement for statement in in_member if statement["Sid"] == "WriteBuildLogs"]
    assert logs["Resource"] == groups.split(",")


def test_one_region_makes_the_roles_of_an_account():
    assert set(member()["Resources"]) == {"ForwardBuildStarts", "ForwardRole", "MemberRole"}
    assert set(member(**{"AWS::Region": "us-east-1"})["Resources"]) == {"ForwardBuildStarts"}


def test_the_function_enters_one_role_of_the_organizations_accounts():
    enter, _, sweeps = named(deployed(**ON), "MemberPolicy")["PolicyDocument"]["Statement"]
    assert (enter["Action"], enter["Resource"]) == (
        "sts:AssumeRole",
        {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/buildbrake-member"},
    )
    assert enter["Condition"] == {"StringEquals": {"aws:ResourceOrgID": ORGANIZATION}}
    assert named(member(), "MemberRole")["RoleName"] == "buildbrake-member"
    assert sweeps["Resource"] == arn("Sweeps")


def test_the_function_has_the_settings_of_members_only_with_an_organization():
    names = {"ROLE", "EXTERNAL_ID", "ACCOUNTS", "REGIONS"}
    found = {name.removeprefix("BUILDBRAKE_MEMBER_"): value for name, value in variables(deployed(**ON)).items()}
    assert {name: found.get(name) for name in names} == {
        "ROLE": "buildbrake-member",
        "EXTERNAL_ID": ORGANIZATION,
        "ACCOUNTS": "/opt/accounts.txt",
        "REGIONS": "us-east-1",
    }
    assert found["BUILDBRAKE_SWEEP_QUEUE"] == {"Ref": "Sweeps"}
    assert found["BUILDBRAKE_SWEEP_SCHEDULE"] == "rate(15 minutes)"
    assert not [name for name in variables(deployed()) if "MEMBER" in name or name.endswith("SWEEP_QUEUE")]


def test_a_sweep_that_fails_comes_again_alone_and_ends_in_a_queue():
    template = deployed(**ON)
    (mapping,) = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 20}
    assert (mapping["FunctionName"], mapping["EventSourceArn"]) == ({"Ref": "FunctionAliaslive"}, arn("Sweeps"))
    queue = named(template, "Sweeps")
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": arn("FailedSweeps"), "maxReceiveCount": 3}
    # Lambda accepts no shorter one.
    assert queue["VisibilityTimeout"] > named(template, "Function")["Timeout"]
    # SQS deletes no message before its last try, nor before the function drops it with a record.
    longest = max(map(seconds, template["Parameters"]["SweepSchedule"]["AllowedValues"]))
    assert queue["MessageRetentionPeriod"] > longest + 3 * queue["VisibilityTimeout"]


def test_without_an_organization_nothing_of_it_is_deployed():
    added = deployed(**ON)["Resources"].keys() - deployed()["Resources"].keys()
    assert {name for name in added if not re.match(r"FunctionVersion|Policy", name)} == {
        "FailedSweeps",
        "MemberBuildStarts",
        "MemberBuildStartsPermission",
        "MemberBus",
        "MemberBusPolicy",
        "MemberPolicy",
        "SweepMessages",
        "Sweeps",
        "SweepsDropped",
        "SweepsFailed",
    }
