"""Takes out of the built template what ministack, the AWS on this machine, does not know.

    python ministack_template.py .aws-sam/build/template.yaml

tests/deploy proves that each of these is still needed.
"""

import json
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

# What ministack does not know, by resource.
LEFT_OUT = {
    "RulesUndecided": "metric math",
    "VersionStopsTooMuch": "metric math",
    "StoppedQuery": "AWS::Logs::QueryDefinition",
    "ReportedQuery": "AWS::Logs::QueryDefinition",
    "RulesQuery": "AWS::Logs::QueryDefinition",
    "AccountsQuery": "AWS::Logs::QueryDefinition",
    "UndecidedQuery": "AWS::Logs::QueryDefinition",
    "FailuresQuery": "AWS::Logs::QueryDefinition",
    "ReactionQuery": "AWS::Logs::QueryDefinition",
    "MemberBusPolicy": "AWS::Events::EventBusPolicy",
}

# The conditions that it cannot decide, because they split text.
CONDITIONS = {"BusIsArn": False, "BusIsDefault": False}

# The statements of the function's role whose resources it does not find in a call.
RESOURCES = {
    "StopBuilds": "a build's project",
    "SetDeadlines": "a schedule's group",
}


def for_ministack(template):
    """Changes the template."""
    # It knows no aws:ResourceOrgID, and messages sent together need a permission of their own.
    enter, _, sweeps = template["Resources"]["MemberPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    del enter["Condition"]
    sweeps["Action"].append("sqs:SendMessageBatch")
    for name in LEFT_OUT:
        del template["Resources"][name]
    for name, holds in CONDITIONS.items():
        template["Conditions"][name] = {"Fn::Equals": ["true", str(holds).lower()]}
    (policy,) = template["Resources"]["FunctionRole"]["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement["Sid"] in RESOURCES:
            statement["Resource"] = "*"
    # CodeDeploy, too, is unknown: the alias moves at once, whatever Deployment says.
    for kind in template["Mappings"]["Deployments"].values():
        kind["Gradual"] = "false"
    template["Resources"]["Function"]["Properties"]["DeploymentPreference"]["Alarms"].pop(0)


def member_for_ministack(template, region):
    """Changes the template of a member, which is deployed in a region."""
    # It knows no region where it decides conditions.
    template["Conditions"]["MakesRoles"]["Fn::Equals"][0] = region
    # To it, the principal of a role's session is the session.
    (statement,) = template["Resources"]["MemberRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    name = {"Fn::Select": [1, {"Fn::Split": ["role/", {"Ref": "HubFunctionRoleArn"}]}]}
    hub = {"Fn::Select": [4, {"Fn::Split": [":", {"Ref": "HubFunctionRoleArn"}]}]}
    session = {"Fn::Sub": ["arn:aws:sts::${Hub}:assumed-role/${Name}/*", {"Hub": hub, "Name": name}]}
    statement["Condition"]["ArnLike"] = {"aws:PrincipalArn": session}
    del statement["Condition"]["ArnEquals"]


if __name__ == "__main__":
    path = Path(sys.argv[1])
    built = yaml_parse(path.read_text())
    for_ministack(built)
    path.write_text(json.dumps(built, indent=2))
