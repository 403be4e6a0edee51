"""The Terraform module: it has the same resources as the template, and can be applied and destroyed.

Terraform and the AWS provider must be on this machine. Nothing here needs a network or an
account.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from local_aws import BUS, ROOT, TARGET, everything, local_aws, until
from packages import packages
from settings import MODULE_ALONE, TEMPLATE_ALONE, TYPES, module_name, of_module, of_template, resources, snake, without_module_alone
from translated import as_written, translated

MODULE = ROOT / "terraform"

# The resources that ministack does not support.
LEFT_OUT = {"aws_cloudwatch_query_definition": "PutQueryDefinition", "aws_codedeploy": "CodeDeploy"}

LOST_ANSWER = re.compile("AddPermission.*ResourceConflictException: The statement id .* already exists")


class Terraform:
    """The module, called from a folder."""

    def __init__(self, folder, mirror, **variables):
        self.folder = folder / "terraform"
        (self.folder / "module").mkdir(parents=True)
        for file in MODULE.glob("*.tf"):
            shutil.copy(file, self.folder / "module")
        call = {"source": "./module"} | variables
        main = {
            "provider": {"aws": {"region": os.environ["AWS_DEFAULT_REGION"]}},
            "module": {"buildbrake": call},
            "output": {"all": {"value": "${module.buildbrake}"}},
        }
        (self.folder / "main.tf.json").write_text(json.dumps(main))
        # Without this file's own settings Terraform would ask its registry.
        mirrored = f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        (folder / "terraformrc").write_text(mirrored)
        self.environment = os.environ | {
            "TF_CLI_CONFIG_FILE": str(folder / "terraformrc"),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
        }
        self.run("init", "-input=false")

    def run(self, *arguments):
        result = self.result_of(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def result_of(self, *arguments):
        return subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True
        )

    def apply(self):
        """Applies the module, once more if a lost answer was the only fault.

        If the answer to AddPermission is lost, the AWS SDK sends the call again. ministack refuses it,
        as Lambda does, because the statement already exists.
        """
        apply = ["apply", "-auto-approve", "-input=false", "-no-color"]
        first = self.result_of(*apply)
        faults = [line for line in first.stdout.splitlines() + first.stderr.splitlines() if "Error: " in line]
        if not faults or not all(LOST_ANSWER.search(line) for line in faults):
            assert first.returncode == 0, first.stdout + first.stderr
            return
        self.run(*apply)

    def plan(self):
        self.run("plan", "-input=false", "-out=plan")
        return json.loads(self.run("show", "-json", "plan"))

    @contextmanager
    def leaving_out(self):
        """Leaves out the resources that ministack does not support."""
        parts = []
        for file in sorted((self.folder / "module").glob("*.tf")):
            for line in file.read_text().splitlines():
                if line.startswith('resource "') and line.split('"')[1].startswith(tuple(LEFT_OUT)):
                    parts.append(f"{line}\n  count = 0\n}}\n")
        assert len(parts) == 9
        override = self.folder / "module/override.tf"
        override.write_text("".join(parts))
        yield
        override.unlink()


def variables(folder):
    """Every variable, with every option on."""
    parameters = everything()
    lists = {"BuildLogGroups", "GitSecrets"}
    values = {snake(name): [value] if name in lists else value for name, value in parameters.items()}
    booleans = {"true": True, "false": False}
    values = {name: booleans.get(value, value) if isinstance(value, str) else value for name, value in values.items()}
    packages(TARGET / "debug/buildbrake-lambda", ROOT / "policy", folder / "packages")
    return parameters, values | {"packages": str(folder / "packages")}


@pytest.fixture(scope="module")
def mirror():
    found = os.environ.get("TERRAFORM_MIRROR")
    assert found, "TERRAFORM_MIRROR names no folder with a mirror of the AWS provider"
    return found


@pytest.fixture(scope="module")
def applied(mirror):
    with tempfile.TemporaryDirectory() as folder, local_aws(Path(folder)):
        parameters, values = variables(Path(folder))
        terraform = Terraform(Path(folder), mirror, **values)
        terraform.parameters = {name: str(value) for name, value in parameters.items()}
        with terraform.leaving_out():
            terraform.apply()
        terraform.outputs = json.loads(terraform.run("output", "-json"))["all"]["value"]
        # Everything that the module refers to is known by now.
        terraform.planned = terraform.plan()
        yield terraform


def test_the_module_is_valid_and_formatted(applied):
    applied.run("validate")
    applied.run("fmt", "-check", "-diff", str(MODULE))


# The module's attribute that the template's Ref returns, by the type of the resource.
REF = {
    "aws_sqs_queue": "url",
    "aws_sns_topic": "arn",
    "aws_lambda_layer_version": "arn",
    "aws_lambda_alias": "arn",
    "aws_lambda_function": "function_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_codedeploy_app": "name",
}


def known(plan):
    """The values that the template's references would have if it were deployed as the module is."""
    deployed = {}
    for resource in resources(plan):
        kind, name = resource["type"], resource["name"]
        if kind in TYPES.values() and kind != "aws_iam_role_policy":
            deployed["alias" if kind == "aws_lambda_alias" else name] = kind, resource["values"]

    def found(name, attribute):
        if name.startswith("FunctionVersion"):
            _, function = deployed["function"]
            return function["qualified_arn" if attribute is None else "version"]
        kind, values = deployed.get(module_name(name), (None, {}))
        if attribute is None:
            return values.get(REF.get(kind, "name"))
        value = values.get({"Arn": "arn", "QueueName": "name"}[attribute])
        # CloudFormation's ARN of a log group ends with `:*`, the provider's does not.
        return f"{value}:*" if kind == "aws_cloudwatch_log_group" else value

    return found


def test_neither_has_a_resource_or_a_setting_that_the_other_lacks(applied):
    template = of_template(applied.parameters, known(applied.planned))
    module = without_module_alone(of_module(applied.planned), template)
    assert sorted(template) == sorted(module)
    for key, settings in template.items():
        assert settings == module[key], key


def test_both_have_the_same_resources_by_default(applied, mirror):
    with tempfile.TemporaryDirectory() as folder:
        terraform = Terraform(Path(folder), mirror, packages=str(applied.folder.parent / "packages"))
        planned = terraform.plan()
    defaults = {(resource["type"], resource["name"]) for resource in resources(planned)}
    policies = {name for kind, name in defaults if kind == "aws_iam_role_policy"}
    assert policies == {"function_role", "deadline_policy"}
    template = {("aws_lambda_alias", "live") if key[1] == "alias" else key for key in of_template({}, lambda *_: None)}
    assert {key for key in defaults if key[0] != "aws_iam_role_policy"} == {
        key for key in template if key[0] != "aws_iam_role_policy"
    }


def test_both_have_the_same_parameters_with_the_same_words_and_defaults(applied):
    configured = applied.planned["configuration"]["root_module"]["module_calls"]["buildbrake"]["module"]["variables"]
    parameters = as_written()["Parameters"]
    names = {snake(name): name for name in parameters}
    # A stack has a name of its own, and SAM finds its own packages.
    assert configured.keys() - names.keys() == {"name", "packages"}
    assert names.keys() <= configured.keys()
    for name, written in names.items():
        default = configured[name].get("default")
        default = {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else default
        assert (default or "") == (parameters[written]["Default"] or ""), name


def test_a_second_apply_would_change_nothing(applied):
    changes = applied.planned["resource_changes"]
    changed = {change["type"] for change in changes if change["change"]["actions"] not in (["no-op"], ["read"])}
    left_out = {kind for kind in changed if kind.startswith(tuple(LEFT_OUT))}
    # The provider asks for alarms in XML, in which ministack leaves out most of an alarm.
    assert changed - left_out == {"aws_cloudwatch_metric_alarm"}


def test_the_exceptions_are_needed(applied):
    template = translated(applied.parameters)["Resources"].values()
    properties = {(resource["Type"], key) for resource in template for key in resource.get("Properties", {})}
    assert TEMPLATE_ALONE <= properties
    configured = applied.planned["configuration"]["root_module"]["module_calls"]["buildbrake"]["module"]["resources"]
    arguments = {(resource["type"], key) for resource in configured for key in resource.get("expressions", {})}
    assert MODULE_ALONE <= arguments


def test_the_applied_function_judges_builds(applied):
    functions = boto3.client("lambda")
    name = applied.outputs["function_alias"]
    answer = functions.invoke(FunctionName=name, Payload="{}")
    # ministack mounts no layer.
    assert "`/opt/policy.yaml` cannot be read" in json.load(answer["Payload"])["errorMessage"]


def test_a_deployment_by_codedeploy_moves_the_alias_to_the_new_version(applied):
    specification = json.loads(applied.outputs["appspec"])
    ((function,),) = [resource.values() for resource in specification["Resources"]]
    properties = function["Properties"]
    assert (properties["Alias"], properties["CurrentVersion"], properties["TargetVersion"]) == ("live", "1", "1")
    assert specification["Hooks"] == [{"BeforeAllowTraffic": "buildbrake-deployment-check"}]


def test_nothing_is_left_after_it_is_destroyed(applied):
    applied.run("destroy", "-auto-approve", "-input=false")
    assert boto3.client("lambda").list_functions()["Functions"] == []
    for bus in ["default", BUS]:
        assert boto3.client("events").list_rules(EventBusName=bus)["Rules"] == []
    until(lambda: not boto3.client("sqs").list_queues().get("QueueUrls"), 10, "the queues are gone")
    assert len(boto3.client("sns").list_topics()["Topics"]) == 1
    assert boto3.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert boto3.client("logs").describe_log_groups()["logGroups"] == []
    assert boto3.client("iam").list_roles()["Roles"] == []
