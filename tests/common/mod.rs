//! What the tests of reading share with the end-to-end tests.

#![allow(dead_code, unused_imports, reason = "each test program uses a part of this")]

pub use buildbrake_testkit::{
    events::{event, events},
    http, json,
};

pub mod codebuild {
    pub use buildbrake_testkit::codebuild::Endpoint as CodeBuild;
}

pub mod lambda {
    pub use buildbrake_testkit::lambda::Answer;
    use buildbrake_testkit::lambda::Program;

    pub struct Lambda;

    impl Lambda {
        pub fn start(
            policy: &str,
            codebuild: std::net::SocketAddr,
            settings: &[(&str, &str)],
        ) -> buildbrake_testkit::lambda::Lambda {
            Program { path: env!("CARGO_BIN_EXE_buildbrake-lambda"), folder: env!("CARGO_TARGET_TMPDIR") }
                .start(policy, codebuild, settings)
        }
    }
}
