//! Loads policy files, and writes files.

use std::{fs, io::Write, path::Path};

use anyhow::Context;
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

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = builder().tempfile_in(folder).and_then(|mut file| {
        file.write_all(content)?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).with_context(|| format!("{name}: the file cannot be written"))
}

/// A file that others may read, as far as the user's mask allows it. A temporary file is private otherwise.
#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;

    let mut builder = tempfile::Builder::new();
    builder.permissions(fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}
