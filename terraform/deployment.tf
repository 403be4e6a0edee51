# With var.deployment, CodeDeploy moves traffic to a new version, and takes it back.

resource "aws_codedeploy_app" "deployment_application" {
  count            = local.deploys_gradually ? 1 : 0
  name             = var.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "function_deployment_group" {
  count                  = local.deploys_gradually ? 1 : 0
  app_name               = aws_codedeploy_app.deployment_application[0].name
  deployment_group_name  = "function"
  deployment_config_name = "CodeDeployDefault.Lambda${var.deployment}"
  service_role_arn       = aws_iam_role.deployment_role[0].arn

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  alarm_configuration {
    enabled = true
    alarms  = [aws_cloudwatch_metric_alarm.version_stops_too_much[0].alarm_name, aws_cloudwatch_metric_alarm.version_fails[0].alarm_name]
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }
}

resource "aws_lambda_function" "deployment_check" {
  count            = local.deploys_gradually ? 1 : 0
  function_name    = "${var.name}-deployment-check"
  description      = "Judges the running builds with a new version of buildbrake before it gets traffic."
  filename         = "${var.packages}/check.zip"
  source_code_hash = filebase64sha256("${var.packages}/check.zip")
  runtime          = "python3.13"
  handler          = "index.handler"
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 900
  role             = aws_iam_role.deployment_check_role[0].arn

  environment {
    variables = { VERSION = aws_lambda_function.function.qualified_arn }
  }

  logging_config {
    log_group        = aws_cloudwatch_log_group.log_group.name
    log_format       = "JSON"
    system_log_level = "WARN"
  }
}

resource "aws_iam_role" "deployment_check_role" {
  count                = local.deploys_gradually ? 1 : 0
  name                 = "${var.name}-deployment-check"
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

resource "aws_iam_role_policy" "deployment_check_role" {
  count = local.deploys_gradually ? 1 : 0
  role  = aws_iam_role.deployment_check_role[0].name
  name  = "deployment-check"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "JudgeRunningBuilds"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = "${aws_lambda_function.function.arn}:*"
      },
      {
        Sid      = "Report"
        Effect   = "Allow"
        Action   = "codedeploy:PutLifecycleEventHookExecutionStatus"
        Resource = "arn:${local.partition}:codedeploy:${local.region}:${local.account}:deploymentgroup:${var.name}/*"
      },
      {
        Sid      = "WriteLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.log_group.arn}:*"
      },
    ]
  })
}

resource "aws_iam_role" "deployment_role" {
  count                = local.deploys_gradually ? 1 : 0
  name                 = "${var.name}-deployment"
  path                 = var.role_path
  permissions_boundary = local.boundary
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "codedeploy.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "deployment_role" {
  count = local.deploys_gradually ? 1 : 0
  role  = aws_iam_role.deployment_role[0].name
  name  = "deployment"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "MoveTraffic"
        Effect   = "Allow"
        Action   = ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
        Resource = [aws_lambda_function.function.arn, "${aws_lambda_function.function.arn}:*"]
      },
      {
        Sid      = "Check"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = aws_lambda_function.deployment_check[0].arn
      },
      # CodeDeploy asks for several alarms in one call.
      {
        Sid      = "ReadAlarms"
        Effect   = "Allow"
        Action   = "cloudwatch:DescribeAlarms"
        Resource = "*"
      },
    ]
  })
}
