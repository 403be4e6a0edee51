//! A brake for AWS CodeBuild.

pub mod source_version;
