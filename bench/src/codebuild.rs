//! The CodeBuild that all peers call, over HTTP and over TLS.

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, running_in},
    http::Address,
    tls::Authority,
};
use serde_json::json;

/// The build of `events/no-additional-information.json`, which complies.
const COMPLIANT: &str = "shop-worker:5e000009-0000-4000-8000-000000000009";

/// A CodeBuild that has every build, and the project whose source is that repository.
fn codebuild(repository: &str) -> CodeBuild {
    let codebuild = CodeBuild::obliging();
    codebuild.put_project(json!({
        "name": "shop-api",
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
        "source": {"type": "GITHUB_ENTERPRISE", "location": repository},
    }));
    let mut build = running_in("111122223333", "eu-west-1", COMPLIANT);
    build["sourceVersion"] = json!("refs/heads/develop");
    codebuild.put(build);
    codebuild
}

/// Over plain HTTP. `repository` is the location of the project's source.
pub fn plain(repository: &str) -> Endpoint {
    let codebuild = codebuild(repository);
    Endpoint::open(Address::reserve(), move |call| codebuild.answer(call))
}

/// Over TLS, as `localhost`.
pub fn tls(authority: &Authority) -> Endpoint {
    let codebuild = codebuild("https://git.example.com/shop-api.git");
    Endpoint::open_over_tls(authority, move |call| codebuild.answer(call))
}
