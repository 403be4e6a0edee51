//! A git host whose only repository has many branches.
//! <https://git-scm.com/docs/protocol-v2>

use buildbrake_testkit::{
    events::{additional_information, event},
    http::{Address, Reply, Server},
};
use jiff::Timestamp;
use serde_json::json;

/// The number of branches, which makes an answer of about 4 MB.
const BRANCHES: usize = 50_000;

/// The commit at the head of one of the branches.
const COMMIT: &str = "75614758eace7c1d9d032b8980854ab486068f3b";

/// Starts the host.
pub fn host() -> Server {
    let mut listing = String::new();
    let mut add = |commit: &str, name: &str| {
        let line = format!("{commit} refs/heads/{name}\n");
        listing.push_str(&format!("{:04x}{line}", line.len() + 4));
    };
    for number in 1..BRANCHES {
        add(&format!("{number:040x}"), &format!("feature/change-{number}"));
    }
    add(COMMIT, "main");
    listing.push_str("0000");
    Address::reserve().open(move |_| Reply::Http {
        status: 200,
        headers: vec![("content-type", "application/x-git-upload-pack-result".to_owned())],
        body: listing.clone().into_bytes(),
    })
}

/// The location of its repository.
pub fn repository(host: &Server) -> String {
    format!("http://{}/shop-api.git", host.address)
}

/// The event of a build of the commit, which has just started. The number is part of the build's id.
pub fn event_of(host: &Server, number: usize) -> String {
    let mut event = event("forbidden-branch");
    let details = additional_information(&mut event);
    details["build-start-time"] = json!(Timestamp::now().strftime("%b %d, %Y %I:%M:%S %p").to_string());
    details["source-version"] = json!(COMMIT);
    details["source"] = json!({"type": "GITHUB_ENTERPRISE", "location": repository(host)});
    event.to_string().replace("5e000002-0000-4000-8000-000000000002", &format!("5e000002-0000-4000-8000-{number:012}"))
}
