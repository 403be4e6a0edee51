//! Finds the files to read, from the paths on the command line.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::Skipped;

/// One file to read.
pub(super) enum Input {
    Stdin,
    /// A file that the command line names.
    Named(PathBuf),
    /// A file in a folder that the command line names.
    Found(PathBuf),
}

impl Input {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::Named(path) | Self::Found(path) => path.display().to_string(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        match self {
            Self::Stdin => PathBuf::from("-"),
            Self::Named(path) | Self::Found(path) => path.clone(),
        }
    }

    pub(super) fn is_named(&self) -> bool {
        match self {
            Self::Stdin | Self::Named(_) => true,
            Self::Found(_) => false,
        }
    }

    pub(super) fn open(&self) -> io::Result<Box<dyn io::Read>> {
        Ok(match self {
            Self::Stdin => Box::new(io::stdin()),
            Self::Named(path) | Self::Found(path) => Box::new(File::open(path)?),
        })
    }

    /// The size in bytes, if it is known.
    pub(super) fn bytes(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::Named(path) | Self::Found(path) => {
                fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
            }
        }
    }
}

/// Lists the files that the paths name and, ordered by name, the files in the folders that they name. Also lists the
/// entries of these folders that are skipped.
///
/// # Errors
/// If one of the paths, or a file or folder in one of them, cannot be opened: its builds would be missing from every
/// number.
pub(super) fn expand(paths: &[PathBuf]) -> anyhow::Result<(Vec<Input>, Vec<Skipped>)> {
    let (mut inputs, mut skipped) = (Vec::new(), Vec::new());
    for path in paths {
        if path.as_os_str() == "-" {
            inputs.push(Input::Stdin);
        } else if fs::metadata(path).with_context(|| cannot_open(path))?.is_dir() {
            folder(path, &mut inputs, &mut skipped)?;
        } else {
            File::open(path).with_context(|| cannot_open(path))?;
            inputs.push(Input::Named(path.clone()));
        }
    }
    Ok((inputs, skipped))
}

/// Lists the files in a folder and in the folders in it. Links to folders are not followed, as they may
/// lead in a circle.
fn folder(folder: &Path, inputs: &mut Vec<Input>, skipped: &mut Vec<Skipped>) -> anyhow::Result<()> {
    let cannot = || format!("{}: the folder cannot be read", folder.display());
    let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let mut entries = entries.with_context(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().with_context(cannot)?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            skipped.push(Skipped { path, why: "it is hidden" });
        } else if kind.is_dir() {
            self::folder(&path, inputs, skipped)?;
        } else if kind.is_file() || path.is_file() {
            File::open(&path).with_context(|| cannot_open(&path))?;
            inputs.push(Input::Found(path));
        } else {
            skipped.push(Skipped { path, why: "it is not a file" });
        }
    }
    Ok(())
}

fn cannot_open(path: &Path) -> String {
    format!("{}: the file cannot be opened", path.display())
}
