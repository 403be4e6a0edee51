//! A brake for AWS CodeBuild.
