"""The alarms, among them the brake on stops and those that roll a new version back: when each goes off."""

import json
import re

import pytest
from translated import EVERYTHING, ROOT, arn, as_written, deployed, named, of_type, seconds, variables

ALWAYS = {
    "EventsUndelivered",
    "InvocationsFailed",
    "FunctionErrors",
    "FunctionThrottled",
    "EventsDelayed",
    "BuildStartsNotDelivered",
    "SweepsNotDelivered",
    "AccessDenied",
    "SafetyBelt",
    "RulesUndecided",
    "NoHeartbeat",
}
WITH_PARAMETERS = {
    "PeopleNotTold": {"EventBus": "default", "ViolationTopic": "true"},
    "ChatNotTold": {"EventBus": "default", "ChatTopic": "true"},
    "StopRate": {"StopLimit": "20"},
    "StopAlarmMissing": {"StopLimit": "20"},
    "SweepsFailed": {"OrganizationId": "o-1a2b3c4d5e"},
    "SweepsDropped": {"OrganizationId": "o-1a2b3c4d5e"},
    "VersionStopsTooMuch": {"Deployment": "AllAtOnce"},
    "VersionFails": {"Deployment": "AllAtOnce"},
}


def alarms(**parameters):
    return of_type(deployed(**parameters), "AWS::CloudWatch::Alarm")


def metrics(alarm):
    """The metrics that an alarm reads: namespace, name, dimensions, statistic."""
    if "Metrics" in alarm:
        stats = [query["MetricStat"] for query in alarm["Metrics"] if "MetricStat" in query]
        pairs = [(stat["Metric"], stat["Stat"]) for stat in stats]
    else:
        pairs = [(alarm, alarm["Statistic"])]
    for metric, stat in pairs:
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in metric.get("Dimensions", [])}
        yield metric["Namespace"], metric["MetricName"], dimensions, stat


def test_these_alarms_are_always_there():
    assert alarms().keys() == ALWAYS
    assert alarms(**EVERYTHING).keys() == ALWAYS | WITH_PARAMETERS.keys()


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_an_alarm_comes_with_what_it_watches(name):
    assert name in alarms(**WITH_PARAMETERS[name])


def test_every_alarm_goes_to_the_topic_if_there_is_one():
    for alarm in alarms(**EVERYTHING).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [EVERYTHING["AlarmTopic"]]
    assert not any("AlarmActions" in alarm or "OKActions" in alarm for alarm in alarms().values())


def test_missing_data_is_a_fault_of_the_heartbeat_alone():
    breaching = {name for name, alarm in alarms(**EVERYTHING).items() if alarm["TreatMissingData"] == "breaching"}
    assert breaching == {"NoHeartbeat"}
    others = [alarm for name, alarm in alarms(**EVERYTHING).items() if name not in breaching]
    assert {alarm["TreatMissingData"] for alarm in others} == {"notBreaching"}


# Alarms on one metric that go off if there is anything: namespace, metric, dimensions, statistic.
QUEUE = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
ANYTHING = {
    "EventsUndelivered": (*QUEUE, {"QueueName": {"Fn::GetAtt": ["UndeliveredEvents", "QueueName"]}}, "Maximum"),
    "InvocationsFailed": (*QUEUE, {"QueueName": {"Fn::GetAtt": ["FailedInvocations", "QueueName"]}}, "Maximum"),
    "FunctionErrors": ("AWS/Lambda", "Errors", {"FunctionName": {"Ref": "Function"}}, "Sum"),
    "FunctionThrottled": ("AWS/Lambda", "Throttles", {"FunctionName": {"Ref": "Function"}}, "Sum"),
    "BuildStartsNotDelivered": ("AWS/Events", "FailedInvocations", {"RuleName": {"Ref": "FunctionBuildStarts"}}, "Sum"),
    "SweepsNotDelivered": ("AWS/Events", "FailedInvocations", {"RuleName": {"Ref": "FunctionSweep"}}, "Sum"),
    "AccessDenied": ("Buildbrake", "AccessDenied", {}, "Sum"),
    "SafetyBelt": ("Buildbrake", "SafetyBelt", {}, "Maximum"),
    "SweepsDropped": ("Buildbrake", "SweepsDropped", {}, "Sum"),
    "StopAlarmMissing": ("Buildbrake", "AlarmMissing", {}, "Sum"),
}


@pytest.mark.parametrize("name", ANYTHING)
def test_an_alarm_goes_off_if_there_is_anything(name):
    alarm = alarms(**EVERYTHING)[name]
    assert list(metrics(alarm)) == [ANYTHING[name]]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (300, 1)


RULE = {"Fn::Sub": "${AWS::StackName}-violations"}


@pytest.mark.parametrize(
    ("bus", "dimensions"),
    [
        # For the default bus, EventBridge counts only by rule.
        ("default", {"RuleName": RULE}),
        ("arn:aws:events:eu-west-1:111122223333:event-bus/default", {"RuleName": RULE}),
        ("ci", {"RuleName": RULE, "EventBusName": "ci"}),
        ("arn:aws:events:eu-west-1:111122223333:event-bus/ci", {"RuleName": RULE, "EventBusName": "ci"}),
    ],
)
def test_people_who_are_not_told_are_noticed_on_any_bus(bus, dimensions):
    template = deployed(EventBus=bus, ViolationTopic="true")
    alarm = named(template, "PeopleNotTold")
    assert list(metrics(alarm)) == [("AWS/Events", "FailedInvocations", dimensions, "Sum")]
    rule = named(template, "ViolationsForPeople")
    assert (rule["Name"], rule["EventBusName"]) == (RULE, bus)


def test_events_that_wait_are_noticed_after_lambdas_own_retries():
    alarm = alarms()["EventsDelayed"]
    assert list(metrics(alarm)) == [("AWS/Lambda", "AsyncEventAge", {"FunctionName": {"Ref": "Function"}}, "Maximum")]
    # Milliseconds. Lambda retries after one minute and after two more.
    assert int(alarm["Threshold"]) > (1 + 2) * 60 * 1000


SCHEDULES = as_written()["Parameters"]["SweepSchedule"]["AllowedValues"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_heartbeat_is_missed_after_three_sweeps_on_every_schedule(schedule):
    alarm = named(deployed(SweepSchedule=schedule), "NoHeartbeat")
    assert list(metrics(alarm)) == [("Buildbrake", "Swept", {}, "SampleCount")]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (seconds(schedule), 3)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    # CloudWatch evaluates periods of a day at most.
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 24 * 60 * 60


@pytest.mark.parametrize("more", [{}, {"OrganizationId": "o-1a2b3c4d5e"}], ids=["one account", "an organization"])
def test_the_brake_counts_all_stops_in_ten_seconds_and_holds_for_five_minutes(more):
    template = deployed(StopLimit="20", **more)
    alarm = named(template, "StopRate")
    # The metric covers every account in which the function stops builds.
    assert list(metrics(alarm)) == [("Buildbrake", "StopAttempts", {}, "Sum")]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", "20")
    assert (alarm["Period"], alarm["DatapointsToAlarm"]) == (10, 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 5 * 60
    # The function asks for this alarm whatever account a build is in: there is no other.
    assert variables(template)["BUILDBRAKE_STOP_ALARM"] == {"Ref": "StopRate"}


def expression(alarm):
    (query,) = (query for query in alarm["Metrics"] if "Expression" in query)
    # An alarm reads the one result that is returned.
    assert [query.get("ReturnData", True) for query in alarm["Metrics"]] == [False, False, True]
    return query["Expression"]


def test_a_version_that_stops_most_builds_is_taken_back():
    alarm = named(deployed(**EVERYTHING, DeploymentStopShare=30, DeploymentMinimumBuilds=5), "VersionStopsTooMuch")
    ((name, _),) = of_type(deployed(**EVERYTHING), "AWS::Lambda::Version").items()
    by_version = {"Version": {"Fn::GetAtt": [name, "Version"]}}
    assert list(metrics(alarm)) == [
        ("Buildbrake", "StopAttempts", by_version, "Sum"),
        ("Buildbrake", "StopAttempts", by_version, "SampleCount"),
    ]
    assert expression(alarm) == "IF(judged >= 5, 100 * stops / judged, 0)"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", "30")


def test_a_version_that_fails_is_taken_back():
    alarm = named(deployed(**EVERYTHING), "VersionFails")
    ((name, _),) = of_type(deployed(**EVERYTHING), "AWS::Lambda::Version").items()
    dimensions = {
        "FunctionName": {"Ref": "Function"},
        "Resource": {"Fn::Sub": "${Function}:live"},
        "ExecutedVersion": {"Fn::GetAtt": [name, "Version"]},
    }
    assert list(metrics(alarm)) == [("AWS/Lambda", "Errors", dimensions, "Sum")]


def test_rules_that_cannot_be_evaluated_are_noticed():
    alarm = alarms()["RulesUndecided"]
    assert [(name, stat) for _, name, _, stat in metrics(alarm)] == [("Undecided", "Sum"), ("Undecided", "SampleCount")]
    assert expression(alarm) == "IF(judged >= 10, 100 * undecided / judged, 0)"
    assert alarm["Threshold"] == 50


# Deployments.


def test_no_traffic_is_moved_by_codedeploy_unless_asked_for():
    assert not of_type(deployed(), "AWS::CodeDeploy::DeploymentGroup")
    alias = deployed()["Resources"]["FunctionAliaslive"]
    assert "UpdatePolicy" not in alias


KINDS = [kind for kind in as_written()["Parameters"]["Deployment"]["AllowedValues"] if kind != "off"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_deployment_is_checked_first_and_taken_back_by_two_alarms(kind):
    template = deployed(Deployment=kind)
    ((_, group),) = of_type(template, "AWS::CodeDeploy::DeploymentGroup").items()
    assert group["DeploymentConfigName"] == f"CodeDeployDefault.Lambda{kind}"
    assert group["ServiceRoleArn"] == arn("DeploymentRole")
    assert group["AlarmConfiguration"] == {
        "Enabled": True,
        "Alarms": [{"Name": {"Ref": "VersionStopsTooMuch"}}, {"Name": {"Ref": "VersionFails"}}],
    }
    assert set(group["AutoRollbackConfiguration"]["Events"]) >= {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"}
    update = template["Resources"]["FunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["BeforeAllowTrafficHook"] == {"Ref": "DeploymentCheck"}
    # The check invokes the new version, and not the alias, which still has the old one.
    ((version, _),) = of_type(template, "AWS::Lambda::Version").items()
    check = named(template, "DeploymentCheck")
    assert check["Environment"]["Variables"] == {"VERSION": {"Ref": version}}
    assert check["Timeout"] > named(template, "Function")["Timeout"]


def test_codedeploy_has_a_configuration_of_every_kind():
    # https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
    assert set(KINDS) == {
        "AllAtOnce",
        *(f"Canary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)),
        *(f"Linear10PercentEvery{period}" for period in ("1Minute", "2Minutes", "3Minutes", "10Minutes")),
    }


# The dashboard.


def test_the_dashboard_is_json_and_reads_metrics_that_exist():
    ((_, dashboard),) = of_type(deployed(), "AWS::CloudWatch::Dashboard").items()
    body = json.loads(dashboard["DashboardBody"]["Fn::Sub"])
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert len(titles) == len(set(titles)) == 10
    for widget in body["widgets"]:
        assert widget["properties"]["region"] == "${AWS::Region}"
        assert widget["x"] + widget["width"] <= 24
    read = {
        (metric[0], metric[1])
        for widget in body["widgets"]
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], str)
    }
    judged = {"Stopped", "Reported", "Allowed", "Undecided", "Failed", "ReactionMs"}
    swept = {"Swept", "SafetyBelt"}
    noted = {"AccessDenied", "AlarmMissing", "AlarmUnanswered"}
    assert {name for namespace, name in read if namespace == "Buildbrake"} == judged | swept | noted


# The queries of CloudWatch Logs Insights.


def queries():
    """The text of each query by its name, those of the dashboard by their titles."""
    template = deployed()
    ((_, dashboard),) = of_type(template, "AWS::CloudWatch::Dashboard").items()
    widgets = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = {widget["properties"]["title"]: widget["properties"]["query"] for widget in widgets if widget["type"] == "log"}
    saved = of_type(template, "AWS::Logs::QueryDefinition").values()
    return shown | {query["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}/"): query["QueryString"] for query in saved}


def fields(command):
    """The fields that a command of a query shows or groups by."""
    listed = command.partition(" by ")[2] if command.startswith("stats ") else command.removeprefix("fields ")
    return [field.strip() for field in listed.split(",")]


@pytest.mark.parametrize("name", queries())
def test_a_query_names_what_records_have(name):
    # The names in the first column of the page's tables.
    page = (ROOT / "docs/record.md").read_text()
    members = {name for column in re.findall(r"^\|([^|]*)\|", page, re.M) for name in re.findall(r"`(\w+)`", column)}
    text = queries()[name]
    for command in (command.strip() for command in text.split("|")):
        if command.startswith(("fields ", "stats ")):
            for field in fields(command):
                assert field in {"@timestamp", "bin(1h)"} or field.split(".")[0] in members, field
        summed = re.findall(r"\b(?:sum|pct|max)\((\w+)", command)
        assert set(summed) <= members, summed


def test_a_query_about_builds_tells_accounts_and_regions_apart():
    about_the_function = {"Reaction time", "Why rules could not be evaluated"}
    found = {}
    for name, text in queries().items():
        (command,) = [part.strip() for part in text.split("|") if part.strip().startswith(("fields ", "stats "))]
        found[name] = {"account", "accountName", "region"} <= set(fields(command))
    assert {name for name, tells_apart in found.items() if not tells_apart} == about_the_function
    assert found["Builds by account and region"]
