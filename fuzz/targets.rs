//! The fuzz targets. Each takes any text, and must neither panic nor overflow its stack nor take long. `make fuzz`
//! runs them with libFuzzer; `tests/e2e/fuzz.rs` runs them over their seeds.

use std::{cell::LazyCell, sync::LazyLock, thread};

use buildbrake_aws::{
    Clients, Discard,
    config::AwsConfig,
    enforce::{Enforcer, Invocation},
};
use buildbrake_core::{
    event::{BuildEvent, Trigger},
    export::{self, Breadth},
    facts::{Facts, source_version::SourceVersion},
    history::{Item, recognize},
    model::Project,
    policy::Policy,
    verdict::judge_by,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};

/// A policy whose rules ask for every fact.
const POLICY: &str = "\
version: 1
never-stop: [deploy-*]
prices: {BUILD_GENERAL1_SMALL: 0.005}
rules:
  - {id: a, max-timeout: 60m}
  - {id: b, max-queued-timeout: 60m}
  - {id: c, forbidden-branches: [main, release/*], only: [{projects: [a*], branches: [b*]}]}
  - {id: d, allowed-branches: [feature/*], except: [{initiators: [c*], accounts: ['1*']}]}
  - {id: e, forbidden-compute: [BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]}
  - {id: f, allowed-images: [aws/codebuild/*], on-unknown: stop}
  - {id: g, allowed-sources: ['*/acme/*'], except: [{regions: [eu-*], sources: ['*e*']}]}
  - {id: h, allowed-initiators: [codepipeline/*]}
  - {id: i, forbidden-variables: [AWS_*]}
  - {id: j, deny-when: 'build.environment.environmentVariables.exists(v, v.value.glob(\"a*\"))'}
  - {id: k, forbidden-overrides: [image, compute, timeout, privileged, buildspec, source]}
  - {id: l, max-duration: 60m}
  - {id: newest, only-newest-per: [project, ref, initiator]}
  - {id: m, max-queue-time: 30m, batch: stop-all}
  - {id: n, max-cost: 2.50}
";

/// The value of a variable, which no record may hold.
const SECRET: &str = "cAnArY7f3a";

/// A build as large and as plain as most.
static BUILD: LazyLock<BuildEvent> = LazyLock::new(|| {
    let Ok(Trigger::Build(event)) = Trigger::parse(include_str!("../events/forbidden-branch.json")) else {
        panic!("the sample event is read");
    };
    event
});

static PROJECT: LazyLock<Project> = LazyLock::new(|| {
    let project = json!({"name": "shop-api", "timeoutInMinutes": 30, "tags": [{"key": "team", "value": "shop"}]});
    serde_json::from_value(project).expect("the sample project is read")
});

thread_local! {
    static RUNTIME: LazyCell<Runtime> =
        LazyCell::new(|| runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));
}

const INVOCATION: Invocation<'_> = Invocation {
    // With an ARN, most events would be refused as those of another region.
    function: None,
    request_id: None,
    version: None,
    deadline: Timestamp::MAX,
    clock: &|| Timestamp::UNIX_EPOCH,
    sink: &Discard,
};

/// Handles an event up to its record. The function is offline: no call reaches a network.
pub fn events(text: &str) {
    static ENFORCER: LazyLock<Enforcer> = LazyLock::new(|| {
        let config = RUNTIME.with(|runtime| runtime.block_on(AwsConfig::offline("us-east-1")));
        let policy = Policy::parse("policy.yaml", POLICY).unwrap_or_else(|faults| panic!("{faults}"));
        Enforcer::new(policy, Clients::new(config), None)
    });
    let record = |text: &str| {
        let record = RUNTIME.with(|runtime| runtime.block_on(ENFORCER.handle(text.as_bytes(), &INVOCATION)));
        record.into_response().to_string()
    };
    record(text);
    if let Some(planted) = planted(text) {
        let record = record(&planted);
        assert!(!record.contains(SECRET), "{record}");
    }
}

/// Returns the event with a secret in its environment variables, if it has an environment.
fn planted(text: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    let environment = event.pointer_mut("/detail/additional-information/environment")?.as_object_mut()?;
    environment.insert("environment-variables".into(), json!([{"name": "TOKEN", "value": SECRET}]));
    (!text.contains(SECRET)).then(|| event.to_string())
}

/// Reads recorded input. Every recognized build must have a valid id.
pub fn inputs(text: &str) {
    let _ = recognize(text.as_bytes(), |item| {
        if let Item::Build(observation) = item {
            assert_eq!(observation.build.id.as_deref(), Some(observation.id.as_str()), "{text}");
        }
    });
}

/// Parses a policy. Uses it in every way, or checks its faults.
pub fn policies(text: &str) {
    match Policy::parse("policy.yaml", text) {
        Ok(policy) => {
            judge(&policy);
            let _ = policy.lint("policy.yaml", text, Timestamp::UNIX_EPOCH).to_string();
            for breadth in [Breadth::Exact, Breadth::Broad] {
                let _ = export::iam(&policy, breadth);
            }
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            // In YAML a carriage return ends a line, too.
            let lines = text.split(['\n', '\r']).count();
            assert!(faults.iter().all(|fault| (1..=lines + 1).contains(&fault.place.line)), "{faults}");
        }
    }
}

fn judge(policy: &Policy) {
    for is_whole in [false, true] {
        let facts = Facts { is_whole, project: Some(&PROJECT), ..Facts::of(&BUILD.build, Timestamp::UNIX_EPOCH) };
        let _ = judge_by(policy, &facts);
    }
}

/// Reads a source version. A branch that it names must be the one that is read from the branch's full name.
pub fn source_versions(text: &str) {
    let version = SourceVersion::read(text);
    let _ = version.to_string();
    if let Some(branch) = version.branch() {
        let reference = format!("refs/heads/{branch}");
        assert_eq!(SourceVersion::read(&reference).branch(), Some(branch), "{text:?}");
    }
}

/// Compiles and evaluates an expression, on a stack far smaller than the function's.
pub fn expressions(text: &str) {
    let policy = format!("{{version: 1, rules: [{{id: a, deny-when: {}}}]}}", json!(text));
    let run = || match Policy::parse("policy.yaml", &policy) {
        Ok(policy) => judge(&policy),
        Err(faults) => assert!(!faults.is_empty()),
    };
    thread::scope(|scope| {
        let run = thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, run);
        run.expect("a thread").join().expect("no panic");
    });
}
