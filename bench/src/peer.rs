//! The functions that are measured, and how each is started.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

/// A function.
pub struct Peer {
    pub name: String,
    program: PathBuf,
    arguments: Vec<String>,
    /// The file that is deployed, if it is a single one.
    pub deployed: Option<PathBuf>,
    /// `true` if it calls CodeBuild at all.
    pub stops: bool,
    /// `true` if it calls `BatchGetBuilds` for an event without details.
    pub asks: bool,
    /// `true` if it asks git for a branch.
    pub resolves: bool,
}

impl Peer {
    /// All peers. Their programs are where `make bench` puts them; buildbrake is the program that SAM built for
    /// deployment.
    pub fn all(bench: &Path, target: &Path) -> Vec<Self> {
        let rust = |name: &str, program: PathBuf, stops| Self {
            name: name.into(),
            deployed: Some(program.clone()),
            program,
            arguments: Vec::new(),
            stops,
            asks: stops,
            resolves: false,
        };
        let release = target.join("release");
        let python = target.join("bench/python");
        let node = target.join("bench/node/bundle.mjs");
        let handler = ["-m", "awslambdaric", "function.handle"];
        vec![
            Self { resolves: true, ..rust("buildbrake", bench.join("../.aws-sam/build/Function/bootstrap"), true) },
            rust("a function that does nothing (Rust)", release.join("nothing"), false),
            rust("a bare call of the SDK (Rust)", release.join("bare-sdk"), true),
            Self {
                name: "the same job in Python, boto3".into(),
                program: python.join("bin/python"),
                arguments: handler.map(str::to_owned).to_vec(),
                deployed: None,
                stops: true,
                asks: false,
                resolves: false,
            },
            Self {
                name: "the same job in Node, SDK v3, bundled".into(),
                program: target.join("bench/node/node"),
                arguments: vec![node.display().to_string()],
                deployed: Some(node),
                stops: true,
                asks: false,
                resolves: false,
            },
        ]
    }

    /// The command, with the variables that Lambda sets and nothing else of this machine.
    pub fn command(&self, bench: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").context("no PATH")?)
            .env("LAMBDA_TASK_ROOT", bench.join("peers/python"))
            .env("PYTHONPATH", bench.join("peers/python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
            // The region of the builds in the sample events.
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
            .env("BUILDBRAKE_POLICY", bench.join("../policy/policy.yaml"))
            .envs(settings.iter().copied());
        Ok(command)
    }
}
