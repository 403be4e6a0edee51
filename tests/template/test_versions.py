"""A change of the policy, a setting or the code publishes a new version, which alone gets traffic.

SAM's own digest contains no parameter's value, and no layer unless the layer asks for it:
https://github.com/aws/serverless-application-model/issues/3610
https://github.com/aws/serverless-application-model/issues/3820
CloudFormation replaces a version whose description changes:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
"""

import pytest
from translated import EVERYTHING, as_written, deployed, of_type, references


def version(template):
    """The name and the description: CloudFormation publishes another version if one of them changes."""
    ((name, version),) = of_type(template, "AWS::Lambda::Version").items()
    return name, version["Description"]


def test_another_policy_alone_publishes_another_version():
    before, after = (deployed(policy=f"s3://uploads/{digest}") for digest in ("0a1b", "2c3d"))
    # Nothing else differs.
    assert before["Resources"]["Function"]["Properties"]["Code"] == after["Resources"]["Function"]["Properties"]["Code"]
    (name, description), (other_name, other_description) = version(before), version(after)
    assert name != other_name
    assert description != other_description


def test_other_code_alone_publishes_another_version():
    assert version(deployed(code="s3://uploads/a"))[0] != version(deployed(code="s3://uploads/b"))[0]


def test_the_same_deployment_again_publishes_none():
    assert version(deployed()) == version(deployed())


# The parameters that decide how the function works: all that its properties and its layer name.
CHANGES = {
    "Mode": "enforce",
    "EventBus": "default",
    "BuildLog": "true",
    "StopLimit": "20",
    "GitHosts": "github.com",
    "GitCredentials": EVERYTHING["GitCredentials"],
    "GitCaBundle": "/opt/roots.pem",
    "OrganizationId": "o-1a2b3c4d5e",
    "MemberRegions": "us-east-1",
    "PolicyLayerArn": EVERYTHING["PolicyLayerArn"],
    "SweepSchedule": "rate(5 minutes)",
}


def test_the_changes_are_those_of_every_parameter_that_the_function_has():
    template = as_written()
    properties = template["Resources"]["Function"]["Properties"]
    names = set(references([properties["Environment"], properties["Architectures"], properties["Layers"]]))
    # Another processor needs other code.
    conditions = {"BrakesStops": "StopLimit", "HasMembers": "OrganizationId", "SharesPolicy": "PolicyLayerArn"}
    used = {conditions[item["Fn::If"][0]] for item in properties["Environment"]["Variables"].values() if "Fn::If" in item}
    assert (names & template["Parameters"].keys() | used) - {"Architecture"} == CHANGES.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_another_setting_alone_publishes_another_version(name):
    assert version(deployed()) != version(deployed(**{name: CHANGES[name]}))


def test_the_longest_settings_fit():
    parameters = as_written()["Parameters"]
    longest = {name: "x" * parameter["MaxLength"] for name, parameter in parameters.items() if "MaxLength" in parameter}
    template = deployed(**longest, Mode="enforce", BuildLog="false", StopLimit=10000)
    _, description = version(template)
    text, _ = description["Fn::Sub"]
    # Enough for ten million policies.
    assert len(text.replace("${PolicyVersion}", "10000000")) <= 256
    ((_, layer),) = of_type(template, "AWS::Lambda::LayerVersion").items()
    assert len(layer["Description"]) <= 256
    assert len(layer["LicenseInfo"]) <= 512


def test_a_version_outlives_the_next_one():
    # CodeDeploy moves traffic back to it.
    template = deployed()
    ((name, _),) = of_type(template, "AWS::Lambda::Version").items()
    assert template["Resources"][name]["DeletionPolicy"] == "Retain"
