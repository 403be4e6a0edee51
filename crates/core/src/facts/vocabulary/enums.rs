//! The members of the API whose value is one of a fixed set of words.
//!
//! From CodeBuild's model of 2016-10-06, as of botocore 1.44.8:
//! <https://github.com/boto/botocore/tree/develop/botocore/data/codebuild/2016-10-06>

/// The types of a source.
pub const SOURCE_TYPES: &[&str] = &[
    "CODECOMMIT",
    "CODEPIPELINE",
    "GITHUB",
    "GITLAB",
    "GITLAB_SELF_MANAGED",
    "S3",
    "BITBUCKET",
    "GITHUB_ENTERPRISE",
    "NO_SOURCE",
];

/// The compute types.
pub const COMPUTE_TYPES: &[&str] = &[
    "BUILD_GENERAL1_SMALL",
    "BUILD_GENERAL1_MEDIUM",
    "BUILD_GENERAL1_LARGE",
    "BUILD_GENERAL1_XLARGE",
    "BUILD_GENERAL1_2XLARGE",
    "BUILD_LAMBDA_1GB",
    "BUILD_LAMBDA_2GB",
    "BUILD_LAMBDA_4GB",
    "BUILD_LAMBDA_8GB",
    "BUILD_LAMBDA_10GB",
    "ATTRIBUTE_BASED_COMPUTE",
    "CUSTOM_INSTANCE_TYPE",
];

/// The environment types.
pub const ENVIRONMENT_TYPES: &[&str] = &[
    "WINDOWS_CONTAINER",
    "LINUX_CONTAINER",
    "LINUX_GPU_CONTAINER",
    "ARM_CONTAINER",
    "WINDOWS_SERVER_2019_CONTAINER",
    "WINDOWS_SERVER_2022_CONTAINER",
    "LINUX_LAMBDA_CONTAINER",
    "ARM_LAMBDA_CONTAINER",
    "LINUX_EC2",
    "ARM_EC2",
    "WINDOWS_EC2",
    "MAC_ARM",
];

/// Returns the words that a member of an API structure can have, or the elements of a list. `None` if it can
/// have other values.
pub fn words_of(structure: &str, member: &str) -> Option<&'static [&'static str]> {
    Some(match (structure, member) {
        ("Build", "buildStatus")
        | ("BuildPhase", "phaseStatus")
        | ("BuildBatch", "buildBatchStatus")
        | ("BuildBatchPhase", "phaseStatus")
        | ("BuildSummary", "buildStatus") => &["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "IN_PROGRESS", "STOPPED"],
        // `currentPhase` is a text in the model, but its value is the name of a phase.
        ("BuildPhase", "phaseType") | ("Build", "currentPhase") => &[
            "SUBMITTED",
            "QUEUED",
            "PROVISIONING",
            "DOWNLOAD_SOURCE",
            "INSTALL",
            "PRE_BUILD",
            "BUILD",
            "POST_BUILD",
            "UPLOAD_ARTIFACTS",
            "FINALIZING",
            "COMPLETED",
        ],
        ("ProjectSource", "type") => SOURCE_TYPES,
        ("SourceAuth", "type") => &["OAUTH", "CODECONNECTIONS", "SECRETS_MANAGER"],
        ("BuildArtifacts", "bucketOwnerAccess")
        | ("S3LogsConfig", "bucketOwnerAccess")
        | ("ProjectArtifacts", "bucketOwnerAccess") => &["NONE", "READ_ONLY", "FULL"],
        ("ProjectCache", "type") => &["NO_CACHE", "S3", "LOCAL"],
        ("ProjectCache", "modes") => &["LOCAL_DOCKER_LAYER_CACHE", "LOCAL_SOURCE_CACHE", "LOCAL_CUSTOM_CACHE"],
        ("ProjectEnvironment", "type") => ENVIRONMENT_TYPES,
        ("ProjectEnvironment", "computeType") | ("DockerServer", "computeType") => COMPUTE_TYPES,
        ("ComputeConfiguration", "machineType") => &["GENERAL", "NVME"],
        ("EnvironmentVariable", "type") => &["PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"],
        ("RegistryCredential", "credentialProvider") => &["SECRETS_MANAGER"],
        ("ProjectEnvironment", "imagePullCredentialsType") => &["CODEBUILD", "SERVICE_ROLE"],
        ("ProjectEnvironment", "hostKernel") => &["LINUX_KERNEL_4", "LINUX_KERNEL_6", "LINUX_KERNEL_LATEST"],
        ("CloudWatchLogsConfig", "status") | ("S3LogsConfig", "status") => &["ENABLED", "DISABLED"],
        ("ProjectFileSystemLocation", "type") => &["EFS"],
        ("ProjectArtifacts", "type") | ("ResolvedArtifact", "type") => &["CODEPIPELINE", "S3", "NO_ARTIFACTS"],
        ("ProjectArtifacts", "namespaceType") => &["NONE", "BUILD_ID"],
        ("ProjectArtifacts", "packaging") => &["NONE", "ZIP"],
        ("WebhookFilter", "type") => &[
            "EVENT",
            "BASE_REF",
            "HEAD_REF",
            "ACTOR_ACCOUNT_ID",
            "FILE_PATH",
            "COMMIT_MESSAGE",
            "WORKFLOW_NAME",
            "TAG_NAME",
            "RELEASE_NAME",
            "REPOSITORY_NAME",
            "ORGANIZATION_NAME",
        ],
        ("Webhook", "buildType") => &["BUILD", "BUILD_BATCH", "RUNNER_BUILDKITE_BUILD"],
        ("ScopeConfiguration", "scope") => &["GITHUB_ORGANIZATION", "GITHUB_GLOBAL", "GITLAB_GROUP"],
        ("Webhook", "status") => &["CREATING", "CREATE_FAILED", "ACTIVE", "DELETING"],
        ("PullRequestBuildPolicy", "requiresCommentApproval") => {
            &["DISABLED", "ALL_PULL_REQUESTS", "FORK_PULL_REQUESTS"]
        }
        ("PullRequestBuildPolicy", "approverRoles") => &[
            "GITHUB_READ",
            "GITHUB_TRIAGE",
            "GITHUB_WRITE",
            "GITHUB_MAINTAIN",
            "GITHUB_ADMIN",
            "GITLAB_GUEST",
            "GITLAB_PLANNER",
            "GITLAB_REPORTER",
            "GITLAB_DEVELOPER",
            "GITLAB_MAINTAINER",
            "GITLAB_OWNER",
            "BITBUCKET_READ",
            "BITBUCKET_WRITE",
            "BITBUCKET_ADMIN",
        ],
        ("ProjectBuildBatchConfig", "batchReportMode") => &["REPORT_INDIVIDUAL_BUILDS", "REPORT_AGGREGATED_BATCH"],
        ("Project", "projectVisibility") => &["PUBLIC_READ", "PRIVATE"],
        ("BuildBatchPhase", "phaseType") | ("BuildBatch", "currentPhase") => {
            &["SUBMITTED", "DOWNLOAD_BATCHSPEC", "IN_PROGRESS", "COMBINE_ARTIFACTS", "SUCCEEDED", "FAILED", "STOPPED"]
        }
        _ => return None,
    })
}
