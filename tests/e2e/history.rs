//! The history of an account, read from moto's CodeBuild.

use std::{collections::BTreeSet, ops::ControlFlow};

use buildbrake_aws::{
    config::AwsConfig,
    history::{History, WantedHistory},
};
use buildbrake_core::{
    policy::Policy,
    record::saved::Saved,
    scan::{AnswerKind, PlannedProject, scan},
};

use crate::moto::Moto;

/// The ARNs of everything in a region, in the order in which it is read.
#[tokio::main(flavor = "current_thread")]
async fn read(moto: &Moto, region: &str, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", moto.address), region).await;
    let history = History::new(&config);
    let mut arns = Vec::new();
    let wanted = WantedHistory { is_wanted, since: None, is_known: &|_| false };
    let mut each = |found: Vec<Saved>| {
        arns.extend(found.iter().map(|one| one.arn().unwrap().to_owned()));
        ControlFlow::Continue(())
    };
    history.read(&wanted, &mut each).await.unwrap();
    arns
}

#[test]
fn all_builds_of_a_region_are_read_and_those_of_others_are_not() {
    let moto = Moto::start();
    let mut started = BTreeSet::new();
    started.insert(moto.start_build("shop-api", "main")["arn"].as_str().unwrap().to_owned());
    started.insert(moto.start_build("shop-web", "main")["arn"].as_str().unwrap().to_owned());
    // More than a call of BatchGetBuilds may ask for.
    for _ in 0..150 {
        started.insert(moto.start_another_build("shop-web")["arn"].as_str().unwrap().to_owned());
    }
    let found = read(&moto, "eu-west-1", &|_| true);
    let (projects, builds): (Vec<String>, Vec<String>) = found.into_iter().partition(|arn| arn.contains(":project/"));
    let projects: Vec<&str> = projects.iter().filter_map(|arn| arn.split('/').nth(1)).collect();
    assert_eq!(projects, ["shop-api", "shop-web"]);
    assert_eq!(builds.len(), 152);
    assert_eq!(BTreeSet::from_iter(builds), started);
    assert_eq!(read(&moto, "eu-west-1", &|name| name == "shop-api").len(), 2);
    assert_eq!(read(&moto, "us-east-1", &|_| true), Vec::<String>::new());
}

/// The projects of a region, as `buildbrake scan --account` reads them.
#[tokio::main(flavor = "current_thread")]
async fn projects(moto: &Moto, region: &str, is_wanted: &dyn Fn(&str) -> bool) -> Vec<PlannedProject> {
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", moto.address), region).await;
    let projects = History::new(&config).read_projects(is_wanted).await.unwrap();
    projects.iter().map(PlannedProject::deployed).collect()
}

#[test]
fn the_projects_of_a_region_are_judged_before_they_build() {
    let moto = Moto::start();
    moto.start_build("shop-api", "main");
    moto.start_build("shop-web", "main");
    let policy = "{version: 1, rules: [{id: images, forbidden-images: ['aws/codebuild/*']}, {id: vpc, deny-when: has(build.vpcConfig)}]}";
    let policy = Policy::parse("policy.yaml", policy).unwrap();
    let found = projects(&moto, "eu-west-1", &|name| name != "shop-web");
    let places: Vec<_> = found.iter().map(|one| (one.name(), one.account(), one.region())).collect();
    assert_eq!(places, [(Some("shop-api"), Some("111122223333"), Some("eu-west-1"))]);
    let rules = scan(&policy, &found[0], jiff::Timestamp::now()).rules;
    let kinds: Vec<AnswerKind> = rules.iter().map(|rule| rule.answer.kind()).collect();
    assert_eq!(kinds, [AnswerKind::Broken, AnswerKind::Passes]);
    assert!(projects(&moto, "us-east-1", &|_| true).is_empty());
}
