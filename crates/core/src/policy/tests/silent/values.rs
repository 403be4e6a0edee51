//! Values of lists, limits and prices.

use super::check;

#[test]
fn references_of_images() {
    check(
        r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        &[
            ("forbidden-images: [':7.0']", "fault"),
            ("forbidden-images: ['ubuntu:']", "fault"),
            ("forbidden-images: [111122223333.dkr.ecr.eu-west-1.amazonaws.com/]", "fault"),
            ("forbidden-images: ['x@sha256:abc']", "fault"),
            ("forbidden-images: ['11112222333.dkr.ecr.eu-west-1.amazonaws.com/*']", "fault"),
            ("forbidden-images: [docker.io]", "warning, nothing"),
            ("forbidden-images: ['hub.docker.com/*']", "warning, nothing"),
            ("forbidden-images: ['AWS/codebuild/*']", "warning, nothing"),
            ("forbidden-images: ['codebuild/standard:*']", "warning, nothing"),
            ("forbidden-images: ['standard:7.0']", "warning, nothing"),
            ("forbidden-images: ['7.0']", "warning, nothing"),
            ("forbidden-images: ['*:7.0']", "stop"),
            ("forbidden-images: ['*:7.?', '*RC*']", "stop"),
        ],
    );
}

#[test]
fn initiators() {
    check(
        r#"{"initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}}"#,
        &[
            ("forbidden-initiators: [codepipeline/]", "fault"),
            ("forbidden-initiators: ['code*/']", "fault"),
            ("forbidden-initiators: ['codepipeline / release']", "fault"),
            ("forbidden-initiators: [CodePipeline/*]", "warning, nothing"),
            ("forbidden-initiators: [pipeline/*]", "warning, nothing"),
            ("forbidden-initiators: [events/*]", "warning, nothing"),
            ("forbidden-initiators: [github-hookshot/*]", "warning, nothing"),
            ("forbidden-initiators: [webhook]", "warning, nothing"),
            ("forbidden-initiators: [Admin/a/b]", "warning, nothing"),
            ("forbidden-initiators: [codepipeline/*]", "stop"),
        ],
    );
}

#[test]
fn limits_that_codebuild_keeps_anyway() {
    check(
        r#"{"startTime": "2026-11-26T02:00:00Z"}"#,
        &[
            ("max-duration: 36h", "warning, nothing"),
            ("max-duration: 2d", "fault"),
            ("max-queue-time: 8h", "warning, nothing"),
            ("max-duration: 35h", "nothing"),
            ("max-queue-time: 7h", "nothing"),
        ],
    );
}

#[test]
fn locations() {
    check(
        r#"{"source": {"type": "GITHUB", "location": "https://github.com/evil/a"}}"#,
        &[
            ("forbidden-sources: ['https//github.com/evil/*']", "fault"),
            ("forbidden-sources: ['//github.com/evil/*']", "fault"),
            ("forbidden-sources: ['/bucket/*']", "fault"),
            ("forbidden-sources: ['*github.com:evil/*']", "warning, nothing"),
            ("forbidden-sources: [my-bucket/]", "warning, nothing"),
            ("forbidden-sources: ['https://github.com/evil/a/tree/main']", "warning, nothing"),
            ("forbidden-sources: ['https://gitlab.com/evil/a/-/tree/main']", "warning, nothing"),
            ("forbidden-sources: ['https://git.example.com/evil/a/blob/*']", "warning, nothing"),
            ("forbidden-sources: ['github:evil/*']", "warning, nothing"),
            ("forbidden-sources: ['s3:bucket/*']", "warning, nothing"),
            ("forbidden-sources: ['https://s3.eu-west-1.amazonaws.com/bucket/*']", "warning, nothing"),
            ("forbidden-sources: ['https://bucket.s3.amazonaws.com/*']", "warning, nothing"),
            ("forbidden-sources: ['https://github.com/a/*|https://github.com/b/*']", "warning, nothing"),
            ("forbidden-sources: ['*github.com/evil/*']", "stop"),
            ("forbidden-sources: ['my-bucket/*', 'https://git.example.com/a/b/c/d']", "nothing"),
        ],
    );
}

#[test]
fn pairs_of_compute() {
    check(
        r#"{"environment": {"type": "LINUX_LAMBDA_CONTAINER", "computeType": "BUILD_LAMBDA_1GB"}}"#,
        &[
            ("forbidden-compute: [LINUX_LAMBDA_CONTAINER/BUILD_GENERAL1_LARGE]", "fault"),
            ("forbidden-compute: [LINUX_CONTAINER/BUILD_LAMBDA_*]", "fault"),
            ("forbidden-compute: ['*_GPU_*/BUILD_LAMBDA_1GB']", "fault"),
            ("forbidden-compute: [LINUX_LAMBDA_CONTAINER/BUILD_LAMBDA_1GB]", "stop"),
            ("forbidden-compute: [LINUX_*/BUILD_LAMBDA_*]", "stop"),
            ("forbidden-compute: [LINUX_LAMBDA_CONTAINER/*]", "stop"),
        ],
    );
}

#[test]
fn names() {
    check(
        r#"{"sourceVersion": "main", "source": {"type": "GITHUB"}, "environment": {"environmentVariables": [{"name": "FOO", "type": "PLAINTEXT"}]}}"#,
        &[
            ("forbidden-refs: ['refs/pull/*/base']", "fault"),
            ("forbidden-branches: ['main;master']", "warning, nothing"),
            ("forbidden-branches: ['main&&x']", "warning, nothing"),
            ("forbidden-branches: [upstream/main]", "warning, nothing"),
            ("forbidden-branches: ['*refs/heads/main']", "warning, nothing"),
            ("forbidden-branches: [upstream/x, 'dependabot/*']", "nothing"),
            ("forbidden-variables: [FOO-X]", "warning, nothing"),
            ("forbidden-variables: ['%FOO%']", "warning, nothing"),
            ("forbidden-variables: [1A]", "warning, nothing"),
            ("forbidden-variables: [env.FOO]", "warning, nothing"),
            ("forbidden-variables: [$FOO]", "warning, nothing"),
            ("forbidden-variables: [FOO=bar]", "warning, nothing"),
            ("forbidden-variables: [F_*, '*OO']", "stop"),
            ("only: [{ accounts: [111122223333] }]\nmax-timeout: 1h", "warning, stop"),
        ],
    );
}
