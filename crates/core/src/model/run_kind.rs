//! What is judged: a build or a sandbox.

use serde::{Deserialize, Serialize};

use crate::{diagnostic::Code, yaml::scalar::FromScalar};

/// A kind of thing that runs in a project. A batch is judged as its builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunKind {
    /// A build.
    #[default]
    Build,
    /// A sandbox, which somebody works in.
    Sandbox,
}

impl RunKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 2] = [Self::Build, Self::Sandbox];

    /// Its name in a policy, in a record and in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Sandbox => "sandbox",
        }
    }
}

impl FromScalar for RunKind {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "one of `build` and `sandbox`";

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::name).collect()
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| "is not a kind of run".to_owned())
    }
}
