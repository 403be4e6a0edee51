"""The permissions of the function, its deadlines and its deployment. A test fails if one is added or removed."""

import pytest
from translated import EVERYTHING, arn, deployed, function, named, of_type, translated, variables

PROJECTS = {"Fn::Sub": "arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:project/*"}
ALL_ALARMS = {"Sid": "ReadAlarms", "Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": "*"}
WRITE_LOG = ["logs:CreateLogStream", "logs:PutLogEvents"]
SECRET = EVERYTHING["GitSecrets"]
BUS = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/"
GROUPS = "arn:${AWS::Partition}:logs:${Region}:${AWS::AccountId}:log-group:/aws/codebuild/*"
OWN_REGION = {"Region": {"Ref": "AWS::Region"}}


def statements(template, name):
    """The statements of a role's own policy, or of a policy."""
    properties = named(template, name)
    if "Policies" in properties:
        (properties,) = properties["Policies"]
    return properties["PolicyDocument"]["Statement"]


def test_the_function_may_do_exactly_this():
    assert statements(deployed(), "FunctionRole") == [
        {
            "Sid": "StopBuilds",
            "Effect": "Allow",
            "Action": [
                "codebuild:BatchGetBuilds",
                "codebuild:BatchGetProjects",
                "codebuild:StopBuild",
                "codebuild:ListBuildsForProject",
                "codebuild:ListBuildBatchesForProject",
                "codebuild:StopBuildBatch",
                "codebuild:BatchGetBuildBatches",
                "codebuild:BatchGetSandboxes",
                "codebuild:StopSandbox",
            ],
            "Resource": PROJECTS,
        },
        {
            "Sid": "ListProjectsAndSandboxes",
            "Effect": "Allow",
            "Action": ["codebuild:ListProjects", "codebuild:ListSandboxes"],
            "Resource": "*",
        },
        {
            "Sid": "SetDeadlines",
            "Effect": "Allow",
            "Action": "scheduler:CreateSchedule",
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${Deadlines}/*"
            },
        },
        {
            "Sid": "LetDeadlinesCallBack",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn("DeadlineRole"),
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
        {"Sid": "WriteRecords", "Effect": "Allow", "Action": WRITE_LOG, "Resource": arn("LogGroup")},
        {
            "Sid": "KeepFailedInvocations",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": arn("FailedInvocations"),
        },
    ]


# The additions of a parameter to the function's role: the policy, its actions, its resources.
OPTIONAL = [
    (
        {"AskPipelines": "true"},
        "PipelinePolicy",
        [
            "codepipeline:GetPipelineState",
            "codepipeline:ListActionExecutions",
            "codepipeline:GetPipelineExecution",
            "codepipeline:GetPipeline",
        ],
        {"Fn::Sub": ["arn:${AWS::Partition}:codepipeline:${Region}:${AWS::AccountId}:*", OWN_REGION]},
    ),
    (
        {"AskCodeCommit": "true"},
        "CodeCommitPolicy",
        ["codecommit:GetRepository", "codecommit:ListBranches", "codecommit:GetBranch"],
        {"Fn::Sub": "arn:${AWS::Partition}:codecommit:*:${AWS::AccountId}:*"},
    ),
    ({"GitSecrets": f"{SECRET},{SECRET}2"}, "GitSecretPolicy", "secretsmanager:GetSecretValue", [SECRET, f"{SECRET}2"]),
    ({"EventBus": "default"}, "EventBusPolicy", "events:PutEvents", {"Fn::Sub": f"{BUS}default"}),
    ({"EventBus": "ci"}, "EventBusPolicy", "events:PutEvents", {"Fn::Sub": f"{BUS}ci"}),
    (
        {"EventBus": "arn:aws-cn:events:cn-north-1:111122223333:event-bus/ci"},
        "EventBusPolicy",
        "events:PutEvents",
        "arn:aws-cn:events:cn-north-1:111122223333:event-bus/ci",
    ),
    ({"BuildLog": "true"}, "BuildLogPolicy", WRITE_LOG, {"Fn::Sub": [GROUPS, OWN_REGION]}),
    (
        {
            "BuildLog": "true",
            "BuildLogGroups": "arn:aws:logs:eu-west-1:111122223333:log-group:a:*,arn:aws:logs:eu-west-1:111122223333:log-group:b/*:*",
        },
        "BuildLogPolicy",
        WRITE_LOG,
        ["arn:aws:logs:eu-west-1:111122223333:log-group:a:*", "arn:aws:logs:eu-west-1:111122223333:log-group:b/*:*"],
    ),
    # CloudWatch leaves composite alarms out of the answer if the permission names resources.
    ({"StopLimit": "20"}, "StopAlarmPolicy", "cloudwatch:DescribeAlarms", "*"),
    ({"KmsKey": EVERYTHING["KmsKey"]}, "KmsKeyPolicy", ["kms:GenerateDataKey", "kms:Decrypt"], EVERYTHING["KmsKey"]),
]


@pytest.mark.parametrize(("parameters", "name", "actions", "resource"), OPTIONAL)
def test_a_parameter_adds_exactly_this(parameters, name, actions, resource):
    assert name not in deployed()["Resources"]
    (statement,) = statements(deployed(**parameters), name)
    assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", actions, resource)
    assert statement.get("Condition") == (
        {"StringEquals": {"kms:ViaService": {"Fn::Sub": "sqs.${AWS::Region}.${AWS::URLSuffix}"}}}
        if name == "KmsKeyPolicy"
        else None
    )


def test_no_permission_comes_from_elsewhere():
    roles = {"FunctionRole", "DeadlineRole"}
    assert set(of_type(deployed(), "AWS::IAM::Role")) == roles
    assert set(of_type(deployed(), "AWS::IAM::Policy")) == {"DeadlinePolicy"}
    everything = deployed(**EVERYTHING)
    assert set(of_type(everything, "AWS::IAM::Role")) == roles | {"DeploymentRole", "DeploymentCheckRole"}
    policies = of_type(everything, "AWS::IAM::Policy")
    assert {name: policy["Roles"] for name, policy in policies.items()} == {
        "DeadlinePolicy": [{"Ref": "DeadlineRole"}],
        **{name: [{"Ref": "FunctionRole"}] for _, name, _, _ in OPTIONAL},
        "KmsKeyPolicy": [{"Ref": "FunctionRole"}, {"Ref": "DeadlineRole"}],
        "MemberPolicy": [{"Ref": "FunctionRole"}],
    }
    assert all(set(policy) == {"PolicyName", "PolicyDocument", "Roles"} for policy in policies.values())
    assert not of_type(everything, "AWS::IAM::RolePolicy")
    assert not of_type(everything, "AWS::IAM::ManagedPolicy")
    assert not any("ManagedPolicyArns" in role for role in of_type(everything, "AWS::IAM::Role").values())


TRUSTED = {
    "FunctionRole": "lambda.amazonaws.com",
    "DeploymentCheckRole": "lambda.amazonaws.com",
    "DeploymentRole": "codedeploy.amazonaws.com",
}


@pytest.mark.parametrize("name", TRUSTED)
def test_only_its_service_may_take_a_role(name):
    assert named(deployed(**EVERYTHING), name)["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Principal": {"Service": TRUSTED[name]}, "Action": "sts:AssumeRole"}
    ]
    assert function(deployed())["Role"] == arn("FunctionRole")


def test_every_role_has_the_path_and_the_boundary_that_are_asked_for():
    bounded = deployed(**EVERYTHING, RolePath="/ci/guardrails/")
    for role in of_type(bounded, "AWS::IAM::Role").values():
        assert role["Path"] == "/ci/guardrails/"
        assert role["PermissionsBoundary"] == EVERYTHING["PermissionsBoundary"]
    for role in of_type(deployed(), "AWS::IAM::Role").values():
        assert role["Path"] == "/"
        assert "PermissionsBoundary" not in role


def test_deadlines_may_call_the_alias_and_nothing_more():
    assert statements(deployed(), "DeadlinePolicy") == [
        {
            "Sid": "CallTheFunction",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": {"Ref": "FunctionAliaslive"},
        },
        {
            "Sid": "KeepUndeliveredDeadlines",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": arn("UndeliveredEvents"),
        },
    ]


def test_only_the_functions_own_schedules_may_take_their_role():
    assert named(deployed(), "DeadlineRole")["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": arn("Deadlines")},
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            },
        }
    ]


def test_only_the_rules_may_call_the_function_and_only_by_its_alias():
    permissions = of_type(deployed(**EVERYTHING), "AWS::Lambda::Permission").values()
    assert list(permissions) == [
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "FunctionAliaslive"},
            "Principal": "events.amazonaws.com",
            "SourceArn": arn(rule),
        }
        for rule in ["MemberBuildStarts", "FunctionBuildStarts", "FunctionSweep"]
    ]


def test_a_deployment_may_move_the_alias_and_read_alarms():
    everything = deployed(**EVERYTHING)
    move, check, read = statements(everything, "DeploymentRole")
    assert move["Resource"] == [arn("Function"), {"Fn::Sub": "${Function.Arn}:*"}]
    assert move["Action"] == ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
    assert (check["Action"], check["Resource"]) == ("lambda:InvokeFunction", arn("DeploymentCheck"))
    assert read == ALL_ALARMS


def test_the_check_of_a_deployment_may_invoke_versions_report_and_write_its_log():
    judge, report, write = statements(deployed(**EVERYTHING), "DeploymentCheckRole")
    assert (judge["Action"], judge["Resource"]) == ("lambda:InvokeFunction", {"Fn::Sub": "${Function.Arn}:*"})
    assert report["Action"] == "codedeploy:PutLifecycleEventHookExecutionStatus"
    assert (write["Action"], write["Resource"]) == (WRITE_LOG, arn("LogGroup"))


@pytest.mark.parametrize("topic", ["People", "Chats"])
def test_only_its_rule_may_publish_to_a_topic(topic):
    rule = {"People": "ViolationsForPeople", "Chats": "ViolationsForChat"}[topic]
    (statement,) = statements(deployed(**EVERYTHING), f"{topic}TopicPolicy")
    assert statement == {
        "Sid": "RuleOnly",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": f"{topic}Topic"},
        "Condition": {"ArnEquals": {"aws:SourceArn": arn(rule)}},
    }


def test_only_the_rules_may_fill_their_queue():
    policy = named(deployed(**EVERYTHING), "UndeliveredEventsPolicy")
    assert policy["Queues"] == [{"Ref": "UndeliveredEvents"}]
    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Sid": "RulesOnly",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn("UndeliveredEvents"),
            "Condition": {
                "ArnEquals": {
                    "aws:SourceArn": [arn("FunctionBuildStarts"), arn("FunctionSweep"), arn("MemberBuildStarts")]
                }
            },
        }
    ]


def test_every_arn_is_right_in_every_partition():
    written = str(translated(EVERYTHING)["Resources"])
    assert "arn:${AWS::Partition}:" in written
    given = [value for value in EVERYTHING.values() if value.startswith("arn:aws") or "=arn:aws" in value]
    for value in given:
        written = written.replace(value, "")
    assert "arn:aws" not in written


def test_the_function_knows_where_its_deadlines_are_made():
    schedule = {name: value for name, value in variables(deployed()).items() if "_SCHEDULE_" in name}
    assert schedule == {
        "BUILDBRAKE_SCHEDULE_GROUP": {"Ref": "Deadlines"},
        "BUILDBRAKE_SCHEDULE_ROLE": arn("DeadlineRole"),
        "BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE": arn("UndeliveredEvents"),
    }
