terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" {
  type = string
}

variable "role" {
  type = string
}

resource "aws_codebuild_project" "build" {
  name         = "deploy-${replace(var.name, ".", "-")}"
  service_role = var.role

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"
  }

  source {
    type     = "GITHUB"
    location = "https://github.com/acme/${var.name}.git"
  }
}

resource "aws_codebuild_webhook" "build" {
  project_name = aws_codebuild_project.build.name
}
