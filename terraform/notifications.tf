# The notifications of violations. The comments in ../template.yaml give the reasons.

locals {
  told = jsonencode({
    source        = ["buildbrake"]
    "detail-type" = ["Build Policy Violation"]
    "replay-name" = [{ exists = false }]
    "$or" = [
      { detail = { outcome = ["stopped"] } },
      { detail = { outcome = ["reported", "protected", "already-complete"], trigger = [{ "anything-but" = "sweep" }] } },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "violations_for_people" {
  count          = var.violation_topic ? 1 : 0
  name           = "${var.name}-violations"
  description    = "Notifies people of builds that buildbrake stopped, or would have stopped."
  event_bus_name = var.event_bus
  event_pattern  = local.told
}

resource "aws_cloudwatch_event_target" "violations_for_people" {
  count          = var.violation_topic ? 1 : 0
  rule           = aws_cloudwatch_event_rule.violations_for_people[0].name
  event_bus_name = var.event_bus
  target_id      = "people"
  arn            = aws_sns_topic.people_topic[0].arn

  input_transformer {
    input_paths = {
      message = "$.detail.message"
      account = "$.account"
      region  = "$.region"
      id      = "$.detail.id"
    }
    input_template = <<-EOT
      {
        "message": <message>,
        "account": <account>,
        "region": <region>,
        "id": <id>
      }
    EOT
  }
}

resource "aws_sns_topic" "people_topic" {
  count             = var.violation_topic ? 1 : 0
  name              = "${var.name}-people"
  display_name      = "buildbrake"
  kms_master_key_id = local.kms_key
}

resource "aws_sns_topic_policy" "people_topic_policy" {
  count = var.violation_topic ? 1 : 0
  arn   = aws_sns_topic.people_topic[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RuleOnly"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.people_topic[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.violations_for_people[0].arn } }
    }]
  })
}

resource "aws_cloudwatch_event_rule" "violations_for_chat" {
  count          = var.chat_topic ? 1 : 0
  name           = "${var.name}-chat"
  description    = "Notifies a chat of builds that buildbrake stopped, or would have stopped."
  event_bus_name = var.event_bus
  event_pattern  = local.told
}

resource "aws_cloudwatch_event_target" "violations_for_chat" {
  count          = var.chat_topic ? 1 : 0
  rule           = aws_cloudwatch_event_rule.violations_for_chat[0].name
  event_bus_name = var.event_bus
  target_id      = "chat"
  arn            = aws_sns_topic.chats_topic[0].arn

  input_transformer {
    input_paths = {
      message = "$.detail.message"
      build   = "$.detail.buildId"
      account = "$.account"
      region  = "$.region"
      id      = "$.detail.id"
    }
    input_template = <<-EOT
      {
        "version": "1.0",
        "source": "custom",
        "id": <id>,
        "content": {
          "textType": "client-markdown",
          "title": "<build> breaks the policy",
          "description": <message>
        },
        "metadata": {
          "threadId": <build>,
          "summary": "<build> breaks the policy",
          "eventType": "Build Policy Violation",
          "additionalContext": { "account": <account>, "region": <region> }
        }
      }
    EOT
  }
}

resource "aws_sns_topic" "chats_topic" {
  count             = var.chat_topic ? 1 : 0
  name              = "${var.name}-chats"
  display_name      = "buildbrake for chats"
  kms_master_key_id = local.kms_key
}

resource "aws_sns_topic_policy" "chats_topic_policy" {
  count = var.chat_topic ? 1 : 0
  arn   = aws_sns_topic.chats_topic[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RuleOnly"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.chats_topic[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.violations_for_chat[0].arn } }
    }]
  })
}
