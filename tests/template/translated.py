"""The template as CloudFormation deploys it with given parameters.

SAM translates it, and the conditions are evaluated as CloudFormation does. References to
other resources stay, because nothing is deployed here.
"""

import re
from functools import cache
from pathlib import Path

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]

# All options turned on.
EVERYTHING = {
    "EventBus": "violations",
    "ViolationTopic": "true",
    "ChatTopic": "true",
    "BuildLog": "true",
    "StopLimit": "20",
    "AlarmTopic": "arn:aws:sns:eu-west-1:111122223333:alarms",
    "Deployment": "Canary10Percent5Minutes",
    "AskPipelines": "true",
    "AskCodeCommit": "true",
    "GitHosts": "github.com",
    "GitCredentials": "github.com=arn:aws:secretsmanager:eu-west-1:111122223333:secret:git-AbCdEf",
    "GitSecrets": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:git-AbCdEf",
    "OrganizationId": "o-1a2b3c4d5e",
    "MemberRegions": "eu-west-1,us-east-1",
    "PolicyLayerArn": "arn:aws:lambda:eu-west-1:111122223333:layer:buildbrake-shared:12",
    "KmsKey": "arn:aws:kms:eu-west-1:111122223333:key/2f0f5c1e-5c0f-4d3b-9a37-0f3f5a1d7a10",
    "PermissionsBoundary": "arn:aws:iam::111122223333:policy/boundary",
}

NOTHING = object()


class NoManagedPolicies:
    """SAM wants to look up AWS's managed policies, and the template uses none."""

    def load(self):
        return {}


def as_written():
    """The template as it is written."""
    return yaml_parse((ROOT / "template.yaml").read_text())


def translated(parameters, policy="s3://uploads/policy", code="s3://uploads/function"):
    """The template as SAM translates it. The two places are where `sam deploy` uploads to."""
    packaged = as_written()
    packaged["Resources"]["Function"]["Properties"]["CodeUri"] = code
    packaged["Resources"]["Policy"]["Properties"]["ContentUri"] = policy
    return Translator(NoManagedPolicies(), Parser()).translate(packaged, dict(parameters))


@cache
def _deployed(parameters, policy, code):
    template = translated(dict(parameters), policy, code)
    values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    return Deployment(template, values | dict(parameters)).template()


def deployed(policy="s3://uploads/policy", code="s3://uploads/function", **parameters):
    """The template as deployed with these parameters, and the defaults of the others."""
    return _deployed(tuple(parameters.items()), policy, code)


class Deployment:
    """A translated template, the values of its parameters, and what is known of its resources.

    `known` returns the value of a Ref (if the attribute is None) or of an Fn::GetAtt, or None if it is unknown.
    """

    def __init__(self, template, values, known=lambda name, attribute: None):
        self.source = template
        self.values = {name: str(value) for name, value in values.items()}
        self.values["AWS::NoValue"] = NOTHING
        self.known = known

    def template(self):
        return {
            section: {
                name: self.resolved({key: value for key, value in item.items() if key != "Condition"})
                for name, item in self.source[section].items()
                if "Condition" not in item or self.holds({"Condition": item["Condition"]})
            }
            for section in ("Resources", "Outputs")
        } | {"Parameters": self.source["Parameters"], "Mappings": self.source["Mappings"]}

    def holds(self, condition):
        ((function, argument),) = condition.items()
        match function:
            case "Condition":
                return self.holds(self.source["Conditions"][argument])
            case "Fn::Not":
                return not self.holds(argument[0])
            case "Fn::Equals":
                left, right = (str(self.resolved(side)) for side in argument)
                return left == right
        raise NotImplementedError(function)

    def resolved(self, node):
        match node:
            case {"Ref": name} if name in self.values:
                return self.values[name]
            case {"Ref": name}:
                return self.known(name, None) or node
            case {"Fn::GetAtt": [name, attribute]}:
                return self.known(name, attribute) or node
            case {"Fn::If": [name, if_true, if_false]}:
                return self.resolved(if_true if self.holds({"Condition": name}) else if_false)
            case {"Fn::Sub": [text, names]}:
                names = {name: self.resolved(value) for name, value in names.items()}
                known = {name: value for name, value in names.items() if isinstance(value, str)}
                unknown = {name: value for name, value in names.items() if name not in known}
                text = self.substituted(text, known)
                return {"Fn::Sub": [text, unknown]} if unknown else self.resolved({"Fn::Sub": text})
            case {"Fn::Sub": str(text)}:
                text = self.substituted(text, {})
                return {"Fn::Sub": text} if "${" in text else text
            case {"Fn::Split": [separator, of]}:
                of = self.resolved(of)
                return of.split(separator) if isinstance(of, str) else {"Fn::Split": [separator, of]}
            case {"Fn::Select": [index, of]}:
                of = self.resolved(of)
                return of[int(index)] if isinstance(of, list) else {"Fn::Select": [index, of]}
            case {"Fn::FindInMap": path}:
                map_name, first, second = map(self.resolved, path)
                return self.source["Mappings"][map_name][first][second]
            case dict():
                members = {key: self.resolved(value) for key, value in node.items()}
                return {key: value for key, value in members.items() if value is not NOTHING}
            case list():
                return [item for item in map(self.resolved, node) if item is not NOTHING]
        return node

    def substituted(self, text, names):
        def value(found):
            name, _, attribute = found[1].partition(".")
            values = self.values | names
            return values[name] if name in values else self.known(name, attribute or None) or found[0]

        return re.sub(r"\$\{([A-Za-z0-9:]+(?:\.\w+)?)\}", value, text)


def of_type(template, kind):
    """The properties of the resources of one type, by name."""
    resources = template["Resources"].items()
    return {name: resource.get("Properties", {}) for name, resource in resources if resource["Type"] == kind}


def the(template, kind):
    """The properties of the one resource of its type."""
    (properties,) = of_type(template, kind).values()
    return properties


def named(template, name):
    """The properties of the resource of that name."""
    return template["Resources"][name]["Properties"]


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def function(template):
    """The function that judges builds, and not the check of a deployment."""
    return named(template, "Function")


def variables(template):
    """The settings of the function that have a value."""
    return {name: value for name, value in function(template)["Environment"]["Variables"].items() if value != ""}


def seconds(schedule):
    """The period of a schedule such as `rate(5 minutes)`."""
    number, unit = schedule.removeprefix("rate(").removesuffix(")").split()
    return int(number) * {"minute": 60, "hour": 3600}[unit.removesuffix("s")]


def references(node):
    """The names that Ref, Fn::GetAtt and Fn::Sub refer to, anywhere below a node."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0]
            elif key == "Fn::Sub":
                text, names = (value, {}) if isinstance(value, str) else value
                found = re.findall(r"\$\{([A-Za-z0-9:]+)(?:\.\w+)?\}", text)
                yield from (name for name in found if name not in names)
                yield from references(names)
            else:
                yield from references(value)
