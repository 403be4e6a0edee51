# Projects in the ways that people write them. The tests of `buildbrake scan` read the plan.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {
    tags = { owner = "ci" }
  }
}

provider "aws" {
  alias                       = "virginia"
  region                      = "us-east-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variable "token" {
  type      = string
  sensitive = true
  default   = "canary-of-a-sensitive-value"
}

locals {
  role = "arn:aws:iam::111122223333:role/build"
}

resource "terraform_data" "later" {
  input = "known after apply"
}

resource "aws_codebuild_project" "app" {
  name          = "app"
  service_role  = local.role
  build_timeout = 480
  tags          = { team = "app" }

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    compute_type    = "BUILD_GENERAL1_LARGE"
    image           = "aws/codebuild/standard:7.0"
    type            = "LINUX_CONTAINER"
    privileged_mode = true

    environment_variable {
      name  = "DB_PASSWORD"
      value = "canary-of-a-variable"
    }
    environment_variable {
      name  = "API_KEY"
      value = var.token
    }
  }

  source {
    type      = "GITHUB"
    location  = "https://user:canary-of-a-url@github.com/acme/app.git"
    buildspec = "version: 0.2 # canary-of-a-buildspec"
  }

  vpc_config {
    vpc_id             = "vpc-1"
    subnets            = ["subnet-1"]
    security_group_ids = ["sg-1"]
  }
}

resource "aws_codebuild_webhook" "app" {
  project_name = aws_codebuild_project.app.name

  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PUSH"
    }
    filter {
      type    = "HEAD_REF"
      pattern = "^refs/heads/main$"
    }
  }
}

# Nothing here is known before it is applied.
resource "aws_codebuild_project" "later" {
  name           = "later-${terraform_data.later.id}"
  service_role   = local.role
  queued_timeout = 30

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    compute_type = "BUILD_LAMBDA_1GB"
    image        = terraform_data.later.output
    type         = "LINUX_LAMBDA_CONTAINER"

    dynamic "environment_variable" {
      for_each = ["STAGE", terraform_data.later.output]
      content {
        name  = environment_variable.value
        value = "test"
      }
    }
  }

  source {
    type     = "S3"
    location = "bucket/source.zip"
  }
}

resource "aws_codebuild_webhook" "later" {
  project_name = aws_codebuild_project.later.name
}

resource "aws_codebuild_project" "counted" {
  count          = 2
  provider       = aws.virginia
  name           = "counted-${count.index}"
  service_role   = local.role
  source_version = "main"

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    compute_type = count.index == 0 ? "BUILD_GENERAL1_SMALL" : "BUILD_GENERAL1_2XLARGE"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"
  }

  source {
    type = "CODEPIPELINE"
  }
}

module "team" {
  source   = "./team"
  for_each = toset(["a.b", "c"])
  name     = each.key
  role     = local.role
}
