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
            ("forbidden-images: ['tools.']", "fault"),
            ("forbidden-images: ['acme/tools..x']", "fault"),
            ("forbidden-images: ['acme/tools-:1']", "fault"),
            ("forbidden-images: ['111122223333.dkr.ecr.amazonaws.com/*']", "warning, nothing"),
            ("forbidden-images: ['111122223333.ecr.eu-west-1.amazonaws.com/*']", "warning, nothing"),
            ("forbidden-images: ['dockerhub/*']", "warning, nothing"),
            ("forbidden-images: ['ecr/*']", "warning, nothing"),
            ("forbidden-images: ['ghcr.io/acme']", "warning, nothing"),
            ("forbidden-images: ['*:LATEST']", "warning, nothing"),
            ("forbidden-images: ['sha256:*']", "warning, nothing"),
            ("forbidden-images: ['Tools/*']", "warning, nothing"),
            ("forbidden-images: ['aws/codebuild/standard:7']", "warning, nothing"),
            ("forbidden-images: ['aws-codebuild/standard:*']", "warning, nothing"),
            ("forbidden-images: ['registry:5000']", "warning, nothing"),
            (
                "forbidden-images: ['ghcr.io/acme/a_b', 'registry:5000/x', 'x:2024', 'a__b/c--d.e', 'Reg.example.com/x:1']",
                "nothing",
            ),
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
            ("forbidden-initiators: ['@alice']", "warning, nothing"),
            ("forbidden-initiators: ['code-pipeline/*']", "warning, nothing"),
            ("forbidden-initiators: [CodeBuild-Jenkins-Plugin/*]", "warning, nothing"),
            ("forbidden-initiators: [jenkins]", "warning, nothing"),
            ("forbidden-initiators: [IAMUser/alice]", "warning, nothing"),
            ("forbidden-initiators: [user]", "warning, nothing"),
            ("forbidden-initiators: ['codepipeline/.*']", "warning, nothing"),
            ("forbidden-initiators: ['codepipeline/rel-.+']", "warning, nothing"),
            ("forbidden-initiators: [alice.smith, 'alice.*', CodeBuild-Jenkins-Plugin, a@b.c]", "nothing"),
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
            ("forbidden-sources: ['EVIL/*']", "warning, nothing"),
            ("forbidden-sources: ['my_bucket/x.zip']", "warning, nothing"),
            ("forbidden-sources: ['s3/evil/*']", "warning, nothing"),
            ("forbidden-sources: ['a..b/*']", "warning, nothing"),
            ("forbidden-sources: ['evil/a']", "warning, nothing"),
            ("forbidden-sources: ['evil/a.zip?versionId=1']", "warning, nothing"),
            ("forbidden-sources: ['bucket.s3.eu-west-1.amazonaws.com/*']", "warning, nothing"),
            ("forbidden-sources: ['repo:evil/*']", "warning, nothing"),
            ("forbidden-sources: ['https://github.com:8443/evil/*']", "warning, nothing"),
            ("forbidden-sources: ['ssh://git@ssh.github.com:443/evil/*']", "warning, nothing"),
            ("forbidden-sources: ['https://api.github.com/repos/evil/*']", "warning, nothing"),
            ("forbidden-sources: ['https://github.com/evil/a?ref=main']", "warning, nothing"),
            ("forbidden-sources: ['https://github.com/evil/a@main']", "warning, nothing"),
            ("forbidden-sources: ['https://github.com/(evil|bad)/*']", "warning, nothing"),
            ("forbidden-sources: ['https://git.example.com/evil|bad/*']", "warning, nothing"),
            ("forbidden-sources: ['https://github/evil/*']", "warning, nothing"),
            ("forbidden-sources: ['https://githbu.com/evil/*']", "warning, nothing"),
            ("forbidden-sources: ['*github.com/evil']", "warning, nothing"),
            ("forbidden-sources: ['*/evil/']", "warning, nothing"),
            ("forbidden-sources: ['https://git-codecommit.eu-west-1.amazonaws.com/evil']", "warning, nothing"),
            (
                "forbidden-sources: ['https://git-codecommit.eu-west-1a.amazonaws.com/v1/repos/evil']",
                "warning, nothing",
            ),
            ("forbidden-sources: ['https://codecommit.eu-west-1.amazonaws.com/v1/repos/evil']", "warning, nothing"),
            ("forbidden-sources: ['https://s3.console.aws.amazon.com/s3/buckets/evil']", "warning, nothing"),
            (
                "forbidden-sources: ['https://git.example.com/scm/~alice/a', 'https://gitea.com/a/b', '*/b', 'my.bucket-1*', \
                 'https://git-codecommit.*.amazonaws.com/v1/repos/*', 'https://github.com/a.b/c_d-?', 'ab-c/d/e', \
                 'https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/x', 'git@gitserver:team/app', 'bucket/a.zip']",
                "nothing",
            ),
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
            ("forbidden-branches: [Main]", "warning, nothing"),
            ("forbidden-branches: [MASTER]", "warning, nothing"),
            ("forbidden-branches: [ref/heads/main]", "warning, nothing"),
            ("forbidden-branches: [branch=main]", "warning, nothing"),
            ("forbidden-branches: ['%main%']", "warning, nothing"),
            ("forbidden-branches: [$BRANCH]", "warning, nothing"),
            ("forbidden-branches: [<main>]", "warning, nothing"),
            ("forbidden-branches: ['@main']", "warning, nothing"),
            ("forbidden-branches: ['#main']", "warning, nothing"),
            ("forbidden-branches: [d5b0159]", "warning, nothing"),
            ("forbidden-branches: [\"ma\\u200bin\"]", "warning, nothing"),
            ("forbidden-branches: [\"\\ufeffmain\"]", "warning, nothing"),
            (
                "forbidden-branches: ['renovate/npm@1', 'fix#12', 'feature/100%', Release/*, '1234567', facade]",
                "nothing",
            ),
            ("forbidden-variables: [FOO-X]", "warning, nothing"),
            ("forbidden-variables: ['%FOO%']", "warning, nothing"),
            ("forbidden-variables: [1A]", "warning, nothing"),
            ("forbidden-variables: [env.FOO]", "warning, nothing"),
            ("forbidden-variables: [$FOO]", "warning, nothing"),
            ("forbidden-variables: [FOO=bar]", "warning, nothing"),
            ("forbidden-variables: [PLAINTEXT]", "warning, nothing"),
            ("forbidden-variables: [F_*, '*OO']", "stop"),
            ("only: [{ regions: [eu-wset-1] }]\nmax-timeout: 1h", "warning, nothing"),
            ("only: [{ regions: [ue-west-1] }]\nmax-timeout: 1h", "warning, nothing"),
            (
                "only: [{ regions: [us-gov-west-1, us-isof-south-1, eusc-de-east-1, ap-southeast-7] }]\nmax-timeout: 1h",
                "nothing",
            ),
            ("only: [{ tags: { 'team*': [a] } }]\nmax-timeout: 1h", "fault"),
            ("only: [{ tags: { 'team ': [a] } }]\nmax-timeout: 1h", "fault"),
            ("only: [{ tags: { team: ['a|b'] } }]\nmax-timeout: 1h", "fault"),
            ("only: [{ tags: { team: ['!a'] } }]\nmax-timeout: 1h", "fault"),
            ("only: [{ tags: { 'aws:cloudformation:stack-name': ['a b*', 'ä/+@'] } }]\nmax-timeout: 1h", "nothing"),
            ("only: [{ accounts: [111122223333] }]\nmax-timeout: 1h", "warning, stop"),
        ],
    );
}
