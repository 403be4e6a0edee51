"""The template and the module in one form, so that they can be compared.

A setting is what the template has under a property and the module under an argument. The
form is the module's: by the type and the name of each resource, its arguments.
"""

import json
import re

from translated import Deployment, translated


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def parsed(value):
    """Parses JSON in a text, so that neither its layout nor its order counts."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            # A template with placeholders is not JSON.
            return re.sub(r"\s+", " ", value).strip()
    return value


def statements(document):
    """The statements of a policy. A list of one resource is replaced with the resource."""
    document = json.loads(document) if isinstance(document, str) else document
    for statement in document["Statement"]:
        resource = statement.get("Resource")
        if isinstance(resource, list) and len(resource) == 1:
            (resource,) = resource
        if isinstance(resource, str):
            # SAM gives CodeDeploy's application this name.
            resource = resource.replace("buildbrake-ServerlessDeploymentApplication-*", "buildbrake")
        yield statement | ({} if resource is None else {"Resource": resource})


def number(value):
    return int(value) if isinstance(value, str) and value.isdigit() else value


# The template.

# By the version's description and the layer's licence, the template publishes a version for each
# change, which the provider does by itself. SAM marks the resources that it has made. For the names that
# CloudFormation makes up, the module has names of its own.
TEMPLATE_ALONE = {
    ("AWS::Lambda::LayerVersion", "Description"),
    ("AWS::Lambda::LayerVersion", "LicenseInfo"),
    ("AWS::Lambda::LayerVersion", "Content"),
    ("AWS::Lambda::Function", "Code"),
    ("AWS::Lambda::Function", "Tags"),
    ("AWS::Lambda::Version", "Description"),
    ("AWS::Lambda::Version", "FunctionName"),
}

MODULE_ALONE = {
    ("aws_lambda_layer_version", "description"),
    ("aws_lambda_layer_version", "filename"),
    ("aws_lambda_layer_version", "source_code_hash"),
    ("aws_lambda_function", "filename"),
    ("aws_lambda_function", "source_code_hash"),
    ("aws_lambda_function", "publish"),
    ("aws_lambda_function", "function_name"),
    ("aws_cloudwatch_event_rule", "name"),
    ("aws_cloudwatch_event_target", "rule"),
    ("aws_cloudwatch_event_target", "event_bus_name"),
    ("aws_cloudwatch_event_target", "target_id"),
    ("aws_cloudwatch_metric_alarm", "alarm_name"),
    ("aws_sqs_queue", "name"),
    ("aws_sns_topic", "name"),
    ("aws_iam_role", "name"),
    ("aws_codedeploy_app", "name"),
    ("aws_codedeploy_deployment_group", "deployment_group_name"),
}

# The module's names of properties that are not merely spelled differently.
RENAMED = {
    ("AWS::Logs::LogGroup", "LogGroupName"): "name",
    ("AWS::Scheduler::ScheduleGroup", "Name"): "name",
    ("AWS::SQS::Queue", "MessageRetentionPeriod"): "message_retention_seconds",
    ("AWS::SQS::QueuePolicy", "Queues"): "queue_url",
    ("AWS::SQS::QueuePolicy", "PolicyDocument"): "policy",
    ("AWS::SNS::TopicPolicy", "Topics"): "arn",
    ("AWS::SNS::TopicPolicy", "PolicyDocument"): "policy",
    ("AWS::IAM::Role", "AssumeRolePolicyDocument"): "assume_role_policy",
    ("AWS::CodeDeploy::DeploymentGroup", "ApplicationName"): "app_name",
    ("AWS::CloudWatch::Alarm", "OKActions"): "ok_actions",
    ("AWS::CloudWatch::Alarm", "Metrics"): "metric_query",
}

TYPES = {
    "AWS::CloudWatch::Alarm": "aws_cloudwatch_metric_alarm",
    "AWS::CloudWatch::Dashboard": "aws_cloudwatch_dashboard",
    "AWS::CodeDeploy::Application": "aws_codedeploy_app",
    "AWS::CodeDeploy::DeploymentGroup": "aws_codedeploy_deployment_group",
    "AWS::Events::Rule": "aws_cloudwatch_event_rule",
    "AWS::IAM::Policy": "aws_iam_role_policy",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::Lambda::Alias": "aws_lambda_alias",
    "AWS::Lambda::EventInvokeConfig": "aws_lambda_function_event_invoke_config",
    "AWS::Lambda::Function": "aws_lambda_function",
    "AWS::Lambda::LayerVersion": "aws_lambda_layer_version",
    "AWS::Lambda::Permission": "aws_lambda_permission",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
    "AWS::Logs::QueryDefinition": "aws_cloudwatch_query_definition",
    "AWS::SNS::Topic": "aws_sns_topic",
    "AWS::SNS::TopicPolicy": "aws_sns_topic_policy",
    "AWS::SQS::Queue": "aws_sqs_queue",
    "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
    "AWS::Scheduler::ScheduleGroup": "aws_scheduler_schedule_group",
}

# Resources whose names differ.
NAMES = {"ServerlessDeploymentApplication": "deployment_application", "FunctionAliaslive": "alias"}


def module_name(name):
    if name.startswith("Policy"):
        # SAM appends a digest to the layer's name.
        return "policy"
    return NAMES.get(name, snake(name))


def block(value):
    """A nested object, with the names of its members spelled as in the module."""
    if isinstance(value, dict):
        return {snake(key): block(member) for key, member in value.items()}
    return [block(item) for item in value] if isinstance(value, list) else value


def dimensions(pairs):
    return {pair["Name"]: pair["Value"] for pair in pairs}


def metric_query(query):
    if "MetricStat" not in query:
        return {"id": query["Id"], "expression": query["Expression"], "label": query["Label"], "return_data": True}
    stat = query["MetricStat"]
    metric = {"namespace": stat["Metric"]["Namespace"], "metric_name": stat["Metric"]["MetricName"]}
    if "Dimensions" in stat["Metric"]:
        metric["dimensions"] = dimensions(stat["Metric"]["Dimensions"])
    metric |= {"period": stat["Period"], "stat": stat["Stat"]}
    return {"id": query["Id"], "return_data": query["ReturnData"], "metric": [metric]}


def without_module_alone(module, template):
    """The settings of the module without those that the template leaves to CloudFormation."""
    return {
        key: {
            argument: value
            for argument, value in settings.items()
            if argument in template.get(key, {}) or (key[0], argument) not in MODULE_ALONE
        }
        for key, settings in module.items()
    }


def of_template(parameters, known):
    """The settings of the template. `known` returns the values of its references."""
    template = translated(parameters)
    values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    pseudo = {
        "AWS::AccountId": "111122223333",
        "AWS::Partition": "aws",
        "AWS::Region": "eu-west-1",
        "AWS::StackName": "buildbrake",
        "AWS::URLSuffix": "amazonaws.com",
    }
    resources = Deployment(template, values | parameters | pseudo, known).template()["Resources"]
    found = {}
    for name, resource in resources.items():
        kind, properties = resource["Type"], dict(resource.get("Properties", {}))
        if kind == "AWS::Lambda::Version":
            continue
        arguments = {}
        if kind == "AWS::IAM::Policy":
            for role in properties["Roles"]:
                policy = list(statements(properties["PolicyDocument"]))
                found["aws_iam_role_policy", f"{role} {properties['PolicyName']}"] = {"policy": policy}
            continue
        for policy in properties.pop("Policies", []):
            key = "aws_iam_role_policy", f"{known(name, None)} {policy['PolicyName']}"
            found[key] = {"policy": list(statements(policy["PolicyDocument"]))}
        for target in properties.pop("Targets", []):
            retry, letters = target.get("RetryPolicy"), target.get("DeadLetterConfig")
            of_target = {"arn": target["Arn"]}
            if retry:
                of_target["retry_policy"] = [block(retry)]
            if letters:
                of_target["dead_letter_config"] = [block(letters)]
            if "InputTransformer" in target:
                transformer = target["InputTransformer"]
                of_target["input_transformer"] = [
                    {"input_paths": transformer["InputPathsMap"], "input_template": parsed(transformer["InputTemplate"])}
                ]
            found["aws_cloudwatch_event_target", module_name(name)] = of_target
        for key, value in properties.items():
            if (kind, key) in TEMPLATE_ALONE:
                continue
            argument = RENAMED.get((kind, key), snake(key))
            if key in ("PolicyDocument", "AssumeRolePolicyDocument"):
                value = list(statements(value))
            elif key in ("Queues", "Topics"):
                (value,) = value
            elif key == "Environment":
                value = [{"variables": value["Variables"]}]
            elif key == "Dimensions":
                value = dimensions(value)
            elif key == "Metrics":
                value = by_id(metric_query(query) for query in value)
            elif key == "AlarmConfiguration":
                value = [{"enabled": value["Enabled"], "alarms": sorted(alarm["Name"] for alarm in value["Alarms"])}]
            elif key == "AutoRollbackConfiguration":
                value = [{"enabled": value["Enabled"], "events": sorted(value["Events"])}]
            elif key == "DestinationConfig":
                value = [{"on_failure": [block(value["OnFailure"])]}]
            elif isinstance(value, dict) and key not in ("EventPattern", "DashboardBody"):
                value = [block(value)]
            elif key == "FunctionName" and "Permission" in kind:
                # The template names the alias, the module the function and its alias.
                value, arguments["qualifier"] = value.split(":")[-2:]
            arguments[argument] = number(parsed(value)) if not isinstance(value, list) else value
        found[TYPES[kind], module_name(name)] = arguments
    return found


# The module.


def of_module(plan):
    """The settings of the module: the arguments that its configuration names, with the values that are planned."""
    configured = {
        resource["address"]: resource["expressions"]
        for resource in plan["configuration"]["root_module"]["module_calls"]["buildbrake"]["module"]["resources"]
        if resource["mode"] == "managed"
    }
    found = {}
    for resource in resources(plan):
        kind, name = resource["type"], resource["name"]
        address = resource["address"].removeprefix("module.buildbrake.").split("[")[0]
        arguments = {
            key: argument(key, resource["values"][key], expression)
            for key, expression in configured[address].items()
            # An argument that a variable turns off is null, or the provider's value for null.
            if resource["values"].get(key) is not None and resource["values"][key] is not False
        }
        if kind == "aws_iam_role_policy":
            name = f"{arguments.pop('role')} {arguments.pop('name')}"
        found[kind, "alias" if kind == "aws_lambda_alias" else name] = arguments
    return found


def resources(plan):
    (module,) = plan["planned_values"]["root_module"]["child_modules"]
    return [resource for resource in module["resources"] if resource["mode"] == "managed"]


def argument(key, value, configured):
    """A value in the common form."""
    if key in ("policy", "assume_role_policy"):
        return list(statements(value))
    if isinstance(configured, list):
        # Blocks of one kind may be in any order, so each is read with all names that any of them sets.
        names = {}
        for expressions in configured:
            names |= expressions
        return by_id(only(block, names) for block in value)
    return number(parsed(value)) if not isinstance(value, list) else value


def by_id(blocks):
    return sorted(blocks, key=lambda block: block.get("id", ""))


def only(block, configured):
    """The members of a block that the module sets."""
    found = {}
    for key, expression in configured.items():
        value = block.get(key)
        if value in (None, "", []):
            continue
        if isinstance(expression, list):
            found[key] = [only(inner, expression[0]) for inner in value]
        else:
            found[key] = sorted(value) if key in ("alarms", "events") else parsed(value)
    return found
