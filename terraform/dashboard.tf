# The dashboard, and the queries that the console of CloudWatch Logs Insights lists.

resource "aws_cloudwatch_query_definition" "stopped_query" {
  name            = "${var.name}/Stopped builds"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    fields @timestamp, outcome, account, accountName, region, project, initiator, violations.0.rule, message
    | filter outcome in ["stopped", "already-complete"]
    | sort @timestamp desc
  EOT
  )
}

resource "aws_cloudwatch_query_definition" "reported_query" {
  name            = "${var.name}/Builds that would have been stopped"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    fields @timestamp, outcome, withheld, account, accountName, region, project, initiator, violations.0.rule, message
    | filter outcome in ["reported", "protected"] and trigger != "sweep"
    | sort @timestamp desc
  EOT
  )
}

resource "aws_cloudwatch_query_definition" "rules_query" {
  name            = "${var.name}/Broken rules by project"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    filter ispresent(violations.0.rule)
    | stats count(*) as builds by violations.0.rule, account, accountName, region, project, outcome
    | sort builds desc
  EOT
  )
}

resource "aws_cloudwatch_query_definition" "accounts_query" {
  name            = "${var.name}/Builds by account and region"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    filter ispresent(buildId)
    | stats sum(Stopped) as stopped, sum(Reported) as reported, sum(Allowed) as allowed, sum(Failed) as failed by account, accountName, region
    | sort stopped desc, reported desc
  EOT
  )
}

resource "aws_cloudwatch_query_definition" "undecided_query" {
  name            = "${var.name}/Rules that could not be evaluated"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    filter ispresent(undecided.0.rule)
    | stats count(*) as builds by undecided.0.rule, undecided.0.missing, account, accountName, region
    | sort builds desc
  EOT
  )
}

resource "aws_cloudwatch_query_definition" "failures_query" {
  name            = "${var.name}/Failures"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    fields @timestamp, error.type, error.code, error.requestId, account, accountName, region, message
    | filter outcome = "failed"
    | sort @timestamp desc
  EOT
  )
}

resource "aws_cloudwatch_query_definition" "reaction_query" {
  name            = "${var.name}/Reaction time"
  log_group_names = [aws_cloudwatch_log_group.log_group.name]
  query_string = trimspace(<<-EOT
    filter outcome = "stopped" and ispresent(reactionMs)
    | stats count(*) as stops, pct(reactionMs, 50) as median, pct(reactionMs, 99) as p99, max(reactionMs) as slowest by bin(1h)
  EOT
  )
}

# The prices are those of us-east-1 for x86_64: see docs/dashboard.md.
resource "aws_cloudwatch_dashboard" "stops_dashboard" {
  count = var.dashboard ? 1 : 0
  # A dashboard's name is unique within the account, across all regions.
  dashboard_name = "${var.name}-${local.region}"
  dashboard_body = <<-EOT
    {
      "widgets": [
        {
          "type": "metric", "x": 0, "y": 0, "width": 12, "height": 6,
          "properties": {
            "title": "Stopped builds by rule", "region": "${local.region}", "view": "timeSeries", "stacked": true, "period": 300,
            "metrics": [[{ "expression": "SEARCH('{Buildbrake,Rule} MetricName=\"Stopped\"', 'Sum')", "label": "" }]]
          }
        },
        {
          "type": "metric", "x": 12, "y": 0, "width": 12, "height": 6,
          "properties": {
            "title": "Judged builds", "region": "${local.region}", "view": "timeSeries", "stacked": true, "period": 300, "stat": "Sum",
            "metrics": [["Buildbrake", "Stopped"], ["Buildbrake", "Reported"], ["Buildbrake", "Allowed"], ["Buildbrake", "Failed"]]
          }
        },
        {
          "type": "metric", "x": 0, "y": 6, "width": 12, "height": 6,
          "properties": {
            "title": "Reaction time: from CodeBuild's event to the answer", "region": "${local.region}", "view": "timeSeries", "period": 300,
            "metrics": [["Buildbrake", "ReactionMs", { "stat": "p50", "label": "median" }], ["Buildbrake", "ReactionMs", { "stat": "p99", "label": "p99" }]]
          }
        },
        {
          "type": "metric", "x": 12, "y": 6, "width": 12, "height": 6,
          "properties": {
            "title": "Builds with a rule that could not be evaluated, in percent", "region": "${local.region}", "view": "timeSeries", "period": 300,
            "metrics": [["Buildbrake", "Undecided", { "stat": "Average", "id": "share", "visible": false }], [{ "expression": "100 * share", "label": "undecided" }]]
          }
        },
        {
          "type": "log", "x": 0, "y": 12, "width": 24, "height": 6,
          "properties": {
            "title": "Why rules could not be evaluated", "region": "${local.region}", "view": "table",
            "query": "SOURCE '${aws_cloudwatch_log_group.log_group.name}' | filter ispresent(undecided.0.rule) | stats count(*) as builds by undecided.0.rule, undecided.0.missing | sort builds desc"
          }
        },
        {
          "type": "metric", "x": 0, "y": 18, "width": 12, "height": 6,
          "properties": {
            "title": "Failures", "region": "${local.region}", "view": "timeSeries", "period": 300, "stat": "Sum",
            "metrics": [["AWS/Lambda", "Errors", "FunctionName", "${aws_lambda_function.function.function_name}"], ["AWS/Lambda", "Throttles", "FunctionName", "${aws_lambda_function.function.function_name}"], ["Buildbrake", "AccessDenied"], ["Buildbrake", "AlarmMissing"], ["Buildbrake", "AlarmUnanswered"], ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${aws_sqs_queue.failed_invocations.name}", { "stat": "Maximum", "label": "failed invocations" }], ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${aws_sqs_queue.undelivered_events.name}", { "stat": "Maximum", "label": "undelivered events" }]]
          }
        },
        {
          "type": "metric", "x": 12, "y": 18, "width": 12, "height": 6,
          "properties": {
            "title": "Sweeps", "region": "${local.region}", "view": "timeSeries", "period": 3600,
            "metrics": [["Buildbrake", "Swept", { "stat": "SampleCount", "label": "sweeps" }], ["Buildbrake", "Swept", { "stat": "Maximum", "label": "running builds" }], ["Buildbrake", "SafetyBelt", { "stat": "Sum", "label": "safety limit tripped" }]]
          }
        },
        {
          "type": "metric", "x": 0, "y": 24, "width": 24, "height": 6,
          "properties": {
            "title": "What buildbrake costs in USD a day: invocations, compute time, log", "region": "${local.region}", "view": "timeSeries", "stacked": true, "period": 86400, "stat": "Sum",
            "metrics": [["AWS/Lambda", "Invocations", "FunctionName", "${aws_lambda_function.function.function_name}", { "id": "invocations", "visible": false }], ["AWS/Lambda", "Duration", "FunctionName", "${aws_lambda_function.function.function_name}", { "id": "duration", "visible": false }], ["AWS/Logs", "IncomingBytes", "LogGroupName", "${aws_cloudwatch_log_group.log_group.name}", { "id": "bytes", "visible": false }], [{ "expression": "invocations * 0.20 / 1000000", "label": "invocations" }], [{ "expression": "duration / 1000 * 0.125 * 0.0000166667", "label": "compute time" }], [{ "expression": "bytes / 1000000000 * 0.50", "label": "log" }]]
          }
        },
        {
          "type": "metric", "x": 0, "y": 30, "width": 12, "height": 6,
          "properties": {
            "title": "Stopped builds by account", "region": "${local.region}", "view": "timeSeries", "stacked": true, "period": 300,
            "metrics": [[{ "expression": "SEARCH('{Buildbrake,Account} MetricName=\"StopAttempts\"', 'Sum')", "label": "" }]]
          }
        },
        {
          "type": "log", "x": 12, "y": 30, "width": 12, "height": 6,
          "properties": {
            "title": "Builds by account and region", "region": "${local.region}", "view": "table",
            "query": "SOURCE '${aws_cloudwatch_log_group.log_group.name}' | filter ispresent(buildId) | stats sum(Stopped) as stopped, sum(Reported) as reported, sum(Allowed) as allowed, sum(Failed) as failed by account, accountName, region | sort stopped desc, reported desc"
          }
        }
      ]
    }
  EOT
}
