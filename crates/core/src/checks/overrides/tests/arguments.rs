//! Every argument of StartBuild and StartBuildBatch has a kind, or a reason for having none.

use serde_json::Value;

use super::Override;

/// Returns the kind that detects an argument, or the reason why there is none.
fn kind_of(argument: &str) -> Result<Override, &'static str> {
    Ok(match argument {
        "secondarySourcesOverride" | "secondarySourcesVersionOverride" => Override::SecondarySources,
        "sourceVersion" => Override::SourceVersion,
        "artifactsOverride" | "secondaryArtifactsOverride" => Override::Artifacts,
        "environmentVariablesOverride" => Override::Variables,
        "sourceTypeOverride" | "sourceLocationOverride" => Override::Source,
        "sourceAuthOverride" => Override::SourceAuth,
        "buildspecOverride" => Override::Buildspec,
        "insecureSslOverride" => Override::InsecureSsl,
        "environmentTypeOverride" | "computeTypeOverride" | "fleetOverride" => Override::Compute,
        "imageOverride" => Override::Image,
        "certificateOverride" => Override::Certificate,
        "cacheOverride" => Override::Cache,
        "serviceRoleOverride" => Override::ServiceRole,
        "privilegedModeOverride" => Override::Privileged,
        "timeoutInMinutesOverride" | "buildTimeoutInMinutesOverride" => Override::Timeout,
        "queuedTimeoutInMinutesOverride" => Override::QueuedTimeout,
        "encryptionKeyOverride" => Override::EncryptionKey,
        "logsConfigOverride" => Override::Logs,
        "registryCredentialOverride" | "imagePullCredentialsTypeOverride" => Override::Registry,
        "debugSessionEnabled" => Override::DebugSession,
        "autoRetryLimitOverride" => Override::AutoRetry,
        "hostKernelOverride" => Override::HostKernel,
        "projectName" => return Err("it names the project"),
        "idempotencyToken" => return Err("it is about the call, and no setting"),
        "gitCloneDepthOverride" => return Err("it is how much history is fetched; the code is the same"),
        "gitSubmodulesConfigOverride" => {
            return Err("the repository names its submodules; it is whether they are fetched");
        }
        "reportBuildStatusOverride" | "buildStatusConfigOverride" | "reportBuildBatchStatusOverride" => {
            return Err("it is what the source's host shows of the build");
        }
        "buildBatchConfigOverride" => return Err("it is about the batch: `batch.buildBatchConfig` in an expression"),
        other => panic!("{other} has neither a kind nor a reason for having none"),
    })
}

#[test]
fn every_argument_of_start_build_has_a_kind_or_a_reason() {
    let model = include_str!("../../../../tests/model/codebuild-2016-10-06-start-build.json");
    let model: Value = serde_json::from_str(model).unwrap();
    let mut kinds = Vec::new();
    for input in ["StartBuildInput", "StartBuildBatchInput"] {
        for argument in model["shapes"][input]["members"].as_object().unwrap().keys() {
            kinds.extend(kind_of(argument));
        }
    }
    for kind in Override::ALL {
        assert!(kinds.contains(&kind), "no argument overrides {}", kind.name());
    }
}
