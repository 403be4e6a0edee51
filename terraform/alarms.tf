# The alarms. docs/dashboard.md explains what to do when each one goes off.

locals {
  # For the default bus, EventBridge's metrics have the rule's name as their only dimension.
  bus_dimension = local.bus_name == "default" ? {} : { EventBusName = local.bus_name }
  sweep_seconds = {
    "rate(1 minute)"   = 60
    "rate(5 minutes)"  = 300
    "rate(15 minutes)" = 900
    "rate(30 minutes)" = 1800
    "rate(1 hour)"     = 3600
  }
}

resource "aws_cloudwatch_metric_alarm" "events_undelivered" {
  alarm_name          = "${var.name}-events-undelivered"
  alarm_description   = "buildbrake did not receive some events. They wait in the queue UndeliveredEvents."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered_events.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "invocations_failed" {
  alarm_name          = "${var.name}-invocations-failed"
  alarm_description   = "buildbrake could not judge or stop some builds. Their events wait in the queue FailedInvocations."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed_invocations.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "function_errors" {
  alarm_name          = "${var.name}-function-errors"
  alarm_description   = "Invocations of buildbrake fail. Lambda tries each three times."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.function.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "function_throttled" {
  alarm_name          = "${var.name}-function-throttled"
  alarm_description   = "Lambda throttles buildbrake, so builds are judged late. Raise the concurrency that it may use."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.function.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "events_delayed" {
  alarm_name          = "${var.name}-events-delayed"
  alarm_description   = "Events wait for more than five minutes until buildbrake handles them."
  namespace           = "AWS/Lambda"
  metric_name         = "AsyncEventAge"
  dimensions          = { FunctionName = aws_lambda_function.function.function_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 300000
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "build_starts_not_delivered" {
  alarm_name          = "${var.name}-build-starts-not-delivered"
  alarm_description   = "EventBridge cannot invoke buildbrake when a build starts."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.function_build_starts.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "sweeps_not_delivered" {
  alarm_name          = "${var.name}-sweeps-not-delivered"
  alarm_description   = "EventBridge cannot start buildbrake's sweep."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.function_sweep.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "people_not_told" {
  count               = var.violation_topic ? 1 : 0
  alarm_name          = "${var.name}-people-not-told"
  alarm_description   = "EventBridge cannot publish to the topic for people."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = merge({ RuleName = aws_cloudwatch_event_rule.violations_for_people[0].name }, local.bus_dimension)
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "chat_not_told" {
  count               = var.chat_topic ? 1 : 0
  alarm_name          = "${var.name}-chat-not-told"
  alarm_description   = "EventBridge cannot publish to the topic for chats."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = merge({ RuleName = aws_cloudwatch_event_rule.violations_for_chat[0].name }, local.bus_dimension)
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "access_denied" {
  alarm_name          = "${var.name}-access-denied"
  alarm_description   = "buildbrake may not do something that it must do. Its records name the action."
  namespace           = "Buildbrake"
  metric_name         = "AccessDenied"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "safety_belt" {
  alarm_name          = "${var.name}-safety-belt"
  alarm_description   = "A buildbrake sweep stopped nothing, because too many builds broke the policy at once."
  namespace           = "Buildbrake"
  metric_name         = "SafetyBelt"
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "rules_undecided" {
  alarm_name          = "${var.name}-rules-undecided"
  alarm_description   = "For more than half of the builds, buildbrake cannot evaluate some rule. Its records name the missing facts."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 50
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "undecided"
    return_data = false

    metric {
      namespace   = "Buildbrake"
      metric_name = "Undecided"
      period      = 300
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "judged"
    return_data = false

    metric {
      namespace   = "Buildbrake"
      metric_name = "Undecided"
      period      = 300
      stat        = "SampleCount"
    }
  }

  metric_query {
    id          = "share"
    label       = "Undecided builds in percent"
    expression  = "IF(judged >= ${var.deployment_minimum_builds}, 100 * undecided / judged, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "no_heartbeat" {
  alarm_name          = "${var.name}-no-heartbeat"
  alarm_description   = "buildbrake has not swept for three periods. It may be disabled, or unable to load its policy or settings."
  namespace           = "Buildbrake"
  metric_name         = "Swept"
  statistic           = "SampleCount"
  period              = local.sweep_seconds[var.sweep_schedule]
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "stop_rate" {
  count               = local.brakes_stops ? 1 : 0
  alarm_name          = "${var.name}-stops-${local.account}"
  alarm_description   = "buildbrake stops too many builds at once. Until this alarm clears, it stops no more, and only reports."
  namespace           = "Buildbrake"
  metric_name         = "StopAttempts"
  statistic           = "Sum"
  period              = 10
  evaluation_periods  = 30
  datapoints_to_alarm = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.stop_limit
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "stop_alarm_missing" {
  count               = local.brakes_stops ? 1 : 0
  alarm_name          = "${var.name}-stop-alarm-missing"
  alarm_description   = "buildbrake finds no alarm of the name in BUILDBRAKE_STOP_ALARM, so nothing limits its stops."
  namespace           = "Buildbrake"
  metric_name         = "AlarmMissing"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "version_stops_too_much" {
  count               = local.deploys_gradually ? 1 : 0
  alarm_name          = "${var.name}-version-stops-too-much"
  alarm_description   = "The new version of buildbrake stops most of the builds that it judges."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.deployment_stop_share
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions

  metric_query {
    id          = "stops"
    return_data = false

    metric {
      namespace   = "Buildbrake"
      metric_name = "StopAttempts"
      dimensions  = { Version = aws_lambda_function.function.version }
      period      = 300
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "judged"
    return_data = false

    metric {
      namespace   = "Buildbrake"
      metric_name = "StopAttempts"
      dimensions  = { Version = aws_lambda_function.function.version }
      period      = 300
      stat        = "SampleCount"
    }
  }

  metric_query {
    id          = "share"
    label       = "Stopped builds in percent"
    expression  = "IF(judged >= ${var.deployment_minimum_builds}, 100 * stops / judged, 0)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "version_fails" {
  count             = local.deploys_gradually ? 1 : 0
  alarm_name        = "${var.name}-version-fails"
  alarm_description = "Invocations of the new version of buildbrake fail."
  namespace         = "AWS/Lambda"
  metric_name       = "Errors"
  dimensions = {
    FunctionName    = aws_lambda_function.function.function_name
    Resource        = "${aws_lambda_function.function.function_name}:live"
    ExecutedVersion = aws_lambda_function.function.version
  }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}
