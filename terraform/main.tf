# The function that judges builds, its policy, its settings, and what invokes it.
# ../template.yaml deploys the same with SAM, and its comments give the reasons.

data "aws_partition" "current" {}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id

  sends_events      = var.event_bus != ""
  bus_is_arn        = startswith(var.event_bus, "arn:")
  bus_name          = element(split("/", var.event_bus), -1)
  bus_arn           = local.bus_is_arn ? var.event_bus : "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/${var.event_bus}"
  has_members       = var.organization_id != ""
  shares_policy     = var.policy_layer_arn != ""
  brakes_stops      = var.stop_limit > 0
  deploys_gradually = var.deployment != "off"
  kms_key           = var.kms_key != "" ? var.kms_key : null
  alarm_actions     = var.alarm_topic != "" ? [var.alarm_topic] : []
  # Both aliases are called "live"; only one of them exists at any time.
  alias = concat(aws_lambda_alias.live[*], aws_lambda_alias.deployed[*])[0]
}

resource "aws_lambda_function" "function" {
  function_name    = "${var.name}-function"
  description      = "Judges each CodeBuild build when it starts, and stops it if it breaks the policy."
  filename         = "${var.packages}/function.zip"
  source_code_hash = filebase64sha256("${var.packages}/function.zip")
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 128
  timeout          = 300
  role             = aws_iam_role.function_role.arn
  layers           = concat([aws_lambda_layer_version.policy.arn], local.shares_policy ? [var.policy_layer_arn] : [])
  # A change of code, layer or setting publishes a version.
  publish = true

  environment {
    variables = {
      BUILDBRAKE_MODE                       = var.mode
      BUILDBRAKE_POLICY                     = local.shares_policy ? "/opt/shared/policy.yaml" : "/opt/policy.yaml"
      BUILDBRAKE_SCHEDULE_GROUP             = aws_scheduler_schedule_group.deadlines.name
      BUILDBRAKE_SCHEDULE_ROLE              = aws_iam_role.deadline_role.arn
      BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE = aws_sqs_queue.undelivered_events.arn
      BUILDBRAKE_GIT_HOSTS                  = var.git_hosts
      BUILDBRAKE_GIT_CREDENTIALS            = var.git_credentials
      BUILDBRAKE_GIT_CA_BUNDLE              = var.git_ca_bundle
      BUILDBRAKE_EVENT_BUS                  = var.event_bus
      BUILDBRAKE_BUILD_LOG                  = tostring(var.build_log)
      BUILDBRAKE_STOP_ALARM                 = local.brakes_stops ? aws_cloudwatch_metric_alarm.stop_rate[0].alarm_name : ""
      BUILDBRAKE_MEMBER_ROLE                = local.has_members ? "buildbrake-member" : ""
      BUILDBRAKE_MEMBER_EXTERNAL_ID         = var.organization_id
      BUILDBRAKE_MEMBER_ACCOUNTS            = local.has_members ? "/opt/accounts.txt" : ""
      BUILDBRAKE_MEMBER_REGIONS             = var.member_regions
      BUILDBRAKE_SWEEP_QUEUE                = local.has_members ? aws_sqs_queue.sweeps[0].url : ""
      BUILDBRAKE_SWEEP_SCHEDULE             = var.sweep_schedule
    }
  }

  logging_config {
    log_group        = aws_cloudwatch_log_group.log_group.name
    log_format       = "JSON"
    system_log_level = "WARN"
  }

  # Lambda checks that the role may write to the queue and the log.
  depends_on = [aws_iam_role_policy.function_role]
}

resource "aws_lambda_layer_version" "policy" {
  layer_name          = "${var.name}-policy"
  description         = "The policy that buildbrake enforces."
  filename            = "${var.packages}/policy.zip"
  source_code_hash    = filebase64sha256("${var.packages}/policy.zip")
  compatible_runtimes = ["provided.al2023"]
}

resource "aws_lambda_alias" "live" {
  count            = local.deploys_gradually ? 0 : 1
  name             = "live"
  function_name    = aws_lambda_function.function.function_name
  function_version = aws_lambda_function.function.version
}

# CodeDeploy moves this one: see the output appspec.
resource "aws_lambda_alias" "deployed" {
  count            = local.deploys_gradually ? 1 : 0
  name             = "live"
  function_name    = aws_lambda_function.function.function_name
  function_version = aws_lambda_function.function.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_function_event_invoke_config" "function_event_invoke_config" {
  function_name                = aws_lambda_function.function.function_name
  qualifier                    = local.alias.name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_invocations.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "function_build_starts" {
  name = "${var.name}-build-starts"
  event_pattern = jsonencode({
    source        = ["aws.codebuild"]
    "detail-type" = ["CodeBuild Build State Change"]
    "replay-name" = [{ exists = false }]
    detail        = { "build-status" = ["IN_PROGRESS"] }
  })
}

resource "aws_cloudwatch_event_target" "function_build_starts" {
  rule      = aws_cloudwatch_event_rule.function_build_starts.name
  target_id = "function"
  arn       = local.alias.arn

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered_events.arn
  }
}

resource "aws_lambda_permission" "function_build_starts_permission" {
  function_name = aws_lambda_function.function.function_name
  qualifier     = local.alias.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.function_build_starts.arn
}

resource "aws_cloudwatch_event_rule" "function_sweep" {
  name                = "${var.name}-sweep"
  description         = "Starts a sweep, in which buildbrake checks every running build."
  schedule_expression = var.sweep_schedule
}

resource "aws_cloudwatch_event_target" "function_sweep" {
  rule      = aws_cloudwatch_event_rule.function_sweep.name
  target_id = "function"
  arn       = local.alias.arn

  retry_policy {
    maximum_event_age_in_seconds = 600
    maximum_retry_attempts       = 10
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered_events.arn
  }
}

resource "aws_lambda_permission" "function_sweep_permission" {
  function_name = aws_lambda_function.function.function_name
  qualifier     = local.alias.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.function_sweep.arn
}

resource "aws_scheduler_schedule_group" "deadlines" {
  name = "${var.name}-deadlines"
}

resource "aws_cloudwatch_log_group" "log_group" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key
}

# Both queues contain whole events, which nothing redacts. Give few people
# sqs:ReceiveMessage on them.
resource "aws_sqs_queue" "undelivered_events" {
  name                      = "${var.name}-undelivered-events"
  message_retention_seconds = var.queue_retention_days * 86400
  sqs_managed_sse_enabled   = local.kms_key == null ? true : null
  kms_master_key_id         = local.kms_key
}

resource "aws_sqs_queue_policy" "undelivered_events_policy" {
  queue_url = aws_sqs_queue.undelivered_events.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RulesOnly"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.undelivered_events.arn
      Condition = {
        ArnEquals = { "aws:SourceArn" = concat(
          [aws_cloudwatch_event_rule.function_build_starts.arn, aws_cloudwatch_event_rule.function_sweep.arn],
          aws_cloudwatch_event_rule.member_build_starts[*].arn,
        ) }
      }
    }]
  })
}

resource "aws_sqs_queue" "failed_invocations" {
  name                      = "${var.name}-failed-invocations"
  message_retention_seconds = var.queue_retention_days * 86400
  sqs_managed_sse_enabled   = local.kms_key == null ? true : null
  kms_master_key_id         = local.kms_key
}
