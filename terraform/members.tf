# Other accounts and regions: the bus that their events come over, the queue that their
# sweeps go over, and the role that the function assumes there. All of it only with an
# organization.

resource "aws_iam_role_policy" "members" {
  count = local.has_members ? 1 : 0
  role  = aws_iam_role.function_role.name
  name  = "members"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # The function acts only in the accounts that its own list names; their roles trust
      # it by name.
      {
        Sid       = "EnterMembers"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Resource  = "arn:${local.partition}:iam::*:role/buildbrake-member"
        Condition = { StringEquals = { "aws:ResourceOrgID" = var.organization_id } }
      },
      {
        Sid    = "StopBuildsInOtherRegions"
        Effect = "Allow"
        Action = [
          "codebuild:BatchGetBuilds",
          "codebuild:BatchGetProjects",
          "codebuild:StopBuild",
          "codebuild:ListBuildsForProject",
          "codebuild:ListBuildBatchesForProject",
          "codebuild:StopBuildBatch",
          "codebuild:BatchGetBuildBatches",
          "codebuild:BatchGetSandboxes",
          "codebuild:StopSandbox",
        ]
        Resource = "arn:${local.partition}:codebuild:*:${local.account}:project/*"
      },
      {
        Sid      = "SendAndReceiveSweeps"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.sweeps[0].arn
      },
    ]
  })
}

resource "aws_cloudwatch_event_bus" "member_bus" {
  count = local.has_members ? 1 : 0
  name  = "${var.name}-members"
}

resource "aws_cloudwatch_event_bus_policy" "member_bus_policy" {
  count          = local.has_members ? 1 : 0
  event_bus_name = aws_cloudwatch_event_bus.member_bus[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "organization"
      Effect    = "Allow"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.member_bus[0].arn
      Condition = {
        StringEquals = {
          "aws:PrincipalOrgID" = var.organization_id
          "events:source"      = "aws.codebuild"
          "events:detail-type" = "CodeBuild Build State Change"
        }
      }
    }]
  })
}

# Deadlines and sweeps never come over this bus.
resource "aws_cloudwatch_event_rule" "member_build_starts" {
  count          = local.has_members ? 1 : 0
  name           = "${var.name}-member-build-starts"
  event_bus_name = aws_cloudwatch_event_bus.member_bus[0].name
  event_pattern = jsonencode({
    source        = ["aws.codebuild"]
    "detail-type" = ["CodeBuild Build State Change"]
    "replay-name" = [{ exists = false }]
    detail        = { "build-status" = ["IN_PROGRESS"] }
  })
}

resource "aws_cloudwatch_event_target" "member_build_starts" {
  count          = local.has_members ? 1 : 0
  rule           = aws_cloudwatch_event_rule.member_build_starts[0].name
  event_bus_name = aws_cloudwatch_event_bus.member_bus[0].name
  target_id      = "function"
  arn            = local.alias.arn

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered_events.arn
  }
}

resource "aws_lambda_permission" "member_build_starts_permission" {
  count         = local.has_members ? 1 : 0
  function_name = aws_lambda_function.function.function_name
  qualifier     = local.alias.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.member_build_starts[0].arn
}

# A sweep sends one message for each account and region.
resource "aws_sqs_queue" "sweeps" {
  count                   = local.has_members ? 1 : 0
  name                    = "${var.name}-sweeps"
  sqs_managed_sse_enabled = local.kms_key == null ? true : null
  kms_master_key_id       = local.kms_key
  # A failed message is delivered again after this time, which must be longer than the
  # function's timeout.
  visibility_timeout_seconds = 360
  # Longer than the longest schedule and three tries. A message that expires leaves no
  # trace. So the function itself drops a message that is too old, and writes a record.
  message_retention_seconds = 7200
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed_sweeps[0].arn
    maxReceiveCount     = 3
  })
}

# Holds the messages of accounts and regions that three tries could not sweep.
resource "aws_sqs_queue" "failed_sweeps" {
  count                     = local.has_members ? 1 : 0
  name                      = "${var.name}-failed-sweeps"
  message_retention_seconds = var.queue_retention_days * 86400
  sqs_managed_sse_enabled   = local.kms_key == null ? true : null
  kms_master_key_id         = local.kms_key
}

resource "aws_lambda_event_source_mapping" "sweep_messages" {
  count            = local.has_members ? 1 : 0
  function_name    = local.alias.arn
  event_source_arn = aws_sqs_queue.sweeps[0].arn
  # The places of a batch are swept side by side.
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 20
  }

  # Lambda checks that the role may receive messages.
  depends_on = [aws_iam_role_policy.members]
}

resource "aws_cloudwatch_metric_alarm" "sweeps_failed" {
  count               = local.has_members ? 1 : 0
  alarm_name          = "${var.name}-sweeps-failed"
  alarm_description   = "buildbrake cannot sweep some accounts or regions. Their messages wait in the queue FailedSweeps."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed_sweeps[0].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}

resource "aws_cloudwatch_metric_alarm" "sweeps_dropped" {
  count               = local.has_members ? 1 : 0
  alarm_name          = "${var.name}-sweeps-dropped"
  alarm_description   = "buildbrake's sweep of all accounts and regions takes longer than SweepSchedule, so some were left out."
  namespace           = "Buildbrake"
  metric_name         = "SweepsDropped"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}
