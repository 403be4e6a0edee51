//! Loads policy files.

use std::{fs, path::Path};

use buildbrake_core::{policy::Policy, yaml};

use crate::output::{print_error, print_faults};

/// A valid policy with the file it came from.
pub(crate) struct PolicyFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) policy: Policy,
}

/// The reason why there is no policy. It has been printed.
pub(crate) enum NotLoaded {
    /// The file cannot be read.
    Unreadable,
    /// The policy has faults.
    Faulty,
}

impl PolicyFile {
    /// Loads a policy. Prints its faults, or why it cannot be read.
    pub(crate) fn load(path: &Path) -> Result<Self, NotLoaded> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            print_error(&format!("{name}: the file cannot be read: {error}"));
            NotLoaded::Unreadable
        })?;
        let parsed =
            yaml::decode(&name, bytes).and_then(|text| Policy::parse(&name, &text).map(|policy| (text, policy)));
        match parsed {
            Ok((text, policy)) => Ok(Self { name, text, policy }),
            Err(faults) => {
                print_faults(&faults);
                Err(NotLoaded::Faulty)
            }
        }
    }
}
