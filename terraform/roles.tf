# What the function and its deadlines may do.

locals {
  boundary = var.permissions_boundary != "" ? var.permissions_boundary : null

  # In its own account the function has no other role, whatever region a build is in.
  build_region = local.has_members ? "*" : local.region

  # Policies beside the role's own, each only if a variable asks for it.
  optional_policies = merge(
    var.ask_pipelines ? {
      pipelines = {
        Sid      = "AskPipelines"
        Effect   = "Allow"
        Action   = ["codepipeline:GetPipelineState", "codepipeline:ListActionExecutions", "codepipeline:GetPipelineExecution", "codepipeline:GetPipeline"]
        Resource = "arn:${local.partition}:codepipeline:${local.build_region}:${local.account}:*"
      }
    } : {},
    var.ask_code_commit ? {
      codecommit = {
        Sid      = "AskCodeCommit"
        Effect   = "Allow"
        Action   = ["codecommit:GetRepository", "codecommit:ListBranches", "codecommit:GetBranch"]
        Resource = "arn:${local.partition}:codecommit:*:${local.account}:*"
      }
    } : {},
    length(var.git_secrets) > 0 ? {
      "git-secrets" = {
        Sid      = "ReadGitSecrets"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = var.git_secrets
      }
    } : {},
    local.sends_events ? {
      "event-bus" = {
        Sid      = "SendViolations"
        Effect   = "Allow"
        Action   = "events:PutEvents"
        Resource = local.bus_arn
      }
    } : {},
    var.build_log ? {
      "build-logs" = {
        Sid      = "WriteBuildLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = length(var.build_log_groups) > 0 ? var.build_log_groups : ["arn:${local.partition}:logs:${local.build_region}:${local.account}:log-group:/aws/codebuild/*"]
      }
    } : {},
    # CloudWatch leaves composite alarms out of the answer if the permission names resources.
    local.brakes_stops ? {
      "stop-alarm" = {
        Sid      = "ReadStopAlarm"
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "*"
      }
    } : {},
  )

  # Lambda and Scheduler encrypt what they send to a queue as these roles.
  kms_statement = {
    Sid       = "EncryptForQueues"
    Effect    = "Allow"
    Action    = ["kms:GenerateDataKey", "kms:Decrypt"]
    Resource  = var.kms_key
    Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.${data.aws_partition.current.dns_suffix}" } }
  }
}

resource "aws_iam_role" "function_role" {
  name                 = "${var.name}-function"
  path                 = var.role_path
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function_role" {
  role = aws_iam_role.function_role.name
  name = "buildbrake"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "StopBuilds"
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
        Resource = "arn:${local.partition}:codebuild:${local.region}:${local.account}:project/*"
      },
      {
        Sid      = "ListProjectsAndSandboxes"
        Effect   = "Allow"
        Action   = ["codebuild:ListProjects", "codebuild:ListSandboxes"]
        Resource = "*"
      },
      {
        Sid      = "SetDeadlines"
        Effect   = "Allow"
        Action   = "scheduler:CreateSchedule"
        Resource = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule/${aws_scheduler_schedule_group.deadlines.name}/*"
      },
      {
        Sid       = "LetDeadlinesCallBack"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = aws_iam_role.deadline_role.arn
        Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      },
      {
        Sid      = "WriteRecords"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.log_group.arn}:*"
      },
      {
        Sid      = "KeepFailedInvocations"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.failed_invocations.arn
      },
    ]
  })
}

resource "aws_iam_role_policy" "optional" {
  for_each = local.optional_policies
  role     = aws_iam_role.function_role.name
  name     = each.key
  policy   = jsonencode({ Version = "2012-10-17", Statement = [each.value] })
}

resource "aws_iam_role_policy" "kms_key_policy" {
  for_each = local.kms_key == null ? {} : { function = aws_iam_role.function_role.name, deadlines = aws_iam_role.deadline_role.name }
  role     = each.value
  name     = "kms-key"
  policy   = jsonencode({ Version = "2012-10-17", Statement = [local.kms_statement] })
}

resource "aws_iam_role" "deadline_role" {
  name                 = "${var.name}-deadlines"
  path                 = var.role_path
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # No other schedules may use this role.
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_scheduler_schedule_group.deadlines.arn }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

resource "aws_iam_role_policy" "deadline_policy" {
  role = aws_iam_role.deadline_role.name
  name = "deadlines"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "CallTheFunction"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = local.alias.arn
      },
      {
        Sid      = "KeepUndeliveredDeadlines"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.undelivered_events.arn
      },
    ]
  })
}
