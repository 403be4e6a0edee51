//! Overrides of the machine, the image and the variables.

use super::{Override, differ, instead, is_same_secret, or_absent, settings::BuildSettings};
use crate::{
    facts::{Facts, MissingFact, image::Image},
    model::{ComputeConfiguration, EnvironmentVariable, ProjectEnvironment},
};

type Difference = Result<Option<String>, MissingFact>;

/// Two names that Docker reads as one are the same image.
pub(super) fn image(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |environment: &ProjectEnvironment| environment.image.as_deref().map(Image::read);
    let ours = ours.environment(read, "environment.image")?;
    let theirs = theirs.environment.and_then(read);
    let (ours, theirs) = (ours.as_ref(), theirs.as_ref());
    if ours.map(Image::full) == theirs.map(Image::full) {
        return Ok(None);
    }
    let written = |image: Option<&Image>| image.map(Image::written).unwrap_or_default().to_owned();
    Ok(differ(Override::Image, &written(ours), &written(theirs)))
}

/// On a fleet, only the fleet counts: it determines the machine.
pub(super) fn compute(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let fleet = |environment: &'_ ProjectEnvironment| {
        environment.fleet.as_ref().and_then(|fleet| fleet.fleet_arn.clone()).filter(|arn| !arn.is_empty())
    };
    let given = ours.environment.and_then(|environment| environment.fleet.as_ref());
    let our_fleet = ours.known_beyond_events(given, "environment.fleet").map(|_| ours.environment.and_then(fleet));
    if let Some(theirs) = theirs.environment.and_then(fleet) {
        return Ok(differ(Override::Compute, &our_fleet?.unwrap_or_default(), &theirs));
    }
    let compute_type = |environment: &ProjectEnvironment| environment.compute_type.clone();
    ours.environment(compute_type, "environment.computeType")?;
    ours.environment(|environment| environment.r#type.as_ref(), "environment.type")?;
    let machine = |environment: Option<&ProjectEnvironment>| {
        let environment = environment.cloned().unwrap_or_default();
        format!("{}/{}", environment.r#type.unwrap_or_default(), environment.compute_type.unwrap_or_default())
    };
    let (our_machine, their_machine) = (machine(ours.environment), machine(theirs.environment));
    if our_machine != their_machine {
        return Ok(Some(instead(Override::Compute, &our_machine, &their_machine)));
    }
    if let Some(fleet) = our_fleet? {
        return Ok(Some(instead(Override::Compute, &fleet, "")));
    }
    let configuration = |environment: &ProjectEnvironment| {
        let given = environment.compute_configuration.clone()?;
        let number = |number: Option<i64>| number.filter(|number| *number != 0);
        Some(ComputeConfiguration {
            v_cpu: number(given.v_cpu),
            memory: number(given.memory),
            disk: number(given.disk),
            machine_type: or_absent(given.machine_type),
            instance_type: or_absent(given.instance_type),
        })
    };
    let given = ours.environment.and_then(configuration);
    let our_configuration = ours.known_beyond_events(given, "environment.computeConfiguration")?;
    let is_same =
        our_configuration.unwrap_or_default() == theirs.environment.and_then(configuration).unwrap_or_default();
    Ok((!is_same).then(|| "compute with another computeConfiguration".to_owned()))
}

pub(super) fn privileged(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |environment: &ProjectEnvironment| environment.privileged_mode;
    let ours = ours.environment(read, "environment.privilegedMode")?.unwrap_or_default();
    let theirs = theirs.environment.and_then(read).unwrap_or_default();
    Ok(differ(Override::Privileged, &ours.to_string(), &theirs.to_string()))
}

pub(super) fn host_kernel(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |environment: &ProjectEnvironment| environment.host_kernel.clone();
    let ours = ours.environment(read, "environment.hostKernel")?.unwrap_or_default();
    Ok(differ(Override::HostKernel, &ours, &theirs.environment.and_then(read).unwrap_or_default()))
}

pub(super) fn certificate(ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |environment: &ProjectEnvironment| environment.certificate.clone();
    let ours = ours.environment(read, "environment.certificate")?.unwrap_or_default();
    Ok(differ(Override::Certificate, &ours, &theirs.environment.and_then(read).unwrap_or_default()))
}

/// The credential is the ARN or the name of a secret. The difference does not show it.
pub(super) fn registry(facts: &Facts<'_>, ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let pull = |environment: &ProjectEnvironment| environment.image_pull_credentials_type.clone();
    let by_default = || "CODEBUILD".to_owned();
    let our_pull = ours.environment(pull, "environment.imagePullCredentialsType")?;
    let our_pull = or_absent(our_pull).unwrap_or_else(by_default);
    let their_pull = or_absent(theirs.environment.and_then(pull)).unwrap_or_else(by_default);
    if our_pull != their_pull {
        return Ok(Some(instead(Override::Registry, &our_pull, &their_pull)));
    }
    let credential = |environment: &ProjectEnvironment| {
        let credential = environment.registry_credential.as_ref()?;
        let name = or_absent(credential.credential.clone())?;
        let provider = or_absent(credential.credential_provider.clone());
        Some((name, provider.unwrap_or_else(|| "SECRETS_MANAGER".to_owned())))
    };
    ours.environment(|environment| environment.registry_credential.as_ref(), "environment.registryCredential")?;
    let (our_credential, their_credential) =
        (ours.environment.and_then(credential), theirs.environment.and_then(credential));
    ours.known_beside(our_credential.as_ref(), their_credential.as_ref(), "environment.registryCredential.credential")?;
    let is_same = match (our_credential, their_credential) {
        (Some((one, one_provider)), Some((other, other_provider))) => {
            one_provider == other_provider && is_same_secret(facts, &one, &other)?
        }
        (one, other) => one == other,
    };
    Ok((!is_same).then(|| "another registry credential".to_owned()))
}

/// Lists the names of the variables that differ from the project's, and never their values.
pub(super) fn variables(facts: &Facts<'_>, ours: &BuildSettings<'_>, theirs: &BuildSettings<'_>) -> Difference {
    let read = |environment: &ProjectEnvironment| environment.environment_variables.clone();
    let ours = ours.environment(read, "environment.environmentVariables")?.unwrap_or_default();
    let theirs = theirs.environment.and_then(read).unwrap_or_default();
    let is_any = |one: &EnvironmentVariable, compare: fn(&EnvironmentVariable, &EnvironmentVariable) -> bool| {
        theirs.iter().any(|other| is_of_same_kind(one, other) && compare(one, other))
    };
    // The API always returns a value: it was left out when the build or the project was saved.
    let is_hidden = |one: &EnvironmentVariable| facts.is_saved && is_any(one, lacks_value);
    let mut names = ours.iter().filter(|one| !is_hidden(one) && !is_any(one, has_same_value)).peekable();
    if names.peek().is_some() {
        let names: Vec<&str> = names.map(|one| one.name.as_deref().unwrap_or_default()).collect();
        return Ok(Some(format!("variables {}", names.join(" "))));
    }
    if ours.iter().any(is_hidden) {
        let why = "the input does not contain it".to_owned();
        return Err(MissingFact::Unknown { fact: "environment.environmentVariables[].value", why });
    }
    Ok(None)
}

fn is_of_same_kind(one: &EnvironmentVariable, other: &EnvironmentVariable) -> bool {
    let kind =
        |variable: &EnvironmentVariable| or_absent(variable.r#type.clone()).unwrap_or_else(|| "PLAINTEXT".to_owned());
    one.name == other.name && kind(one) == kind(other)
}

fn has_same_value(one: &EnvironmentVariable, other: &EnvironmentVariable) -> bool {
    one.value.as_deref().unwrap_or_default() == other.value.as_deref().unwrap_or_default()
}

fn lacks_value(one: &EnvironmentVariable, other: &EnvironmentVariable) -> bool {
    one.value.is_none() || other.value.is_none()
}
