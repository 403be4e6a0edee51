//! Finds policies and test files in folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use buildbrake_core::policy::Policy;
use walkdir::{DirEntry, WalkDir};

/// The path that names standard input.
pub(crate) const STDIN: &str = "-";

/// Folders that are not searched: they contain files of other programs.
const LEFT_OUT: [&str; 2] = ["target", "node_modules"];

/// A kind of file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// YAML files with `version` and `rules` at their top, except test files.
    Policy,
    /// `*.test.yaml` and `*.test.yml`.
    Tests,
}

/// Lists each named file, and each file of this kind in the named folders, once. Without paths, searches the current
/// folder: all of it for tests, but only `buildbrake.yaml`, `policy.yaml` and the folder `policy` for policies.
///
/// # Errors
/// If a folder cannot be read or contains no such file. A named file that does not exist is no error: it is listed.
pub(crate) fn files(paths: &[PathBuf], kind: FileKind) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut add = |path: &Path| {
        let path = path.strip_prefix(".").unwrap_or(path);
        if files.iter().all(|file| file != path) {
            files.push(path.to_path_buf());
        }
    };
    if paths.is_empty() {
        of_current_folder(kind)?.iter().for_each(|path| add(path));
    }
    for path in paths {
        if !path.is_dir() {
            add(path);
            continue;
        }
        let found = listed(WalkDir::new(path), kind)?;
        if found.is_empty() {
            bail!("{}: no {} in this folder; name a file", path.display(), kind.described());
        }
        found.iter().for_each(|path| add(path));
    }
    Ok(files)
}

fn of_current_folder(kind: FileKind) -> anyhow::Result<Vec<PathBuf>> {
    let (files, missing) = match kind {
        FileKind::Policy => {
            let mut files: Vec<PathBuf> = ["buildbrake.yaml", "policy.yaml"].map(PathBuf::from).into();
            files.retain(|path| path.is_file());
            if Path::new("policy").is_dir() {
                files.extend(listed(WalkDir::new("policy").max_depth(1), kind)?);
            }
            (files, "no `buildbrake.yaml`, `policy.yaml` or `policy/*.yaml` here; name a policy or a folder")
        }
        FileKind::Tests => {
            (listed(WalkDir::new("."), kind)?, "no `*.test.yaml` in this folder or below it; name a test file")
        }
    };
    if files.is_empty() {
        bail!(missing);
    }
    Ok(files)
}

/// The files of the kind, in the order of their names. Links to folders are not followed.
fn listed(walk: WalkDir, kind: FileKind) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = walk.sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_left_out(entry)) {
        // The error names the path.
        let path = entry.context("a folder cannot be read")?.into_path();
        if kind.includes(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

fn is_left_out(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.starts_with('.') || entry.file_type().is_dir() && LEFT_OUT.contains(&&*name)
}

impl FileKind {
    fn includes(self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
        match (self, stem.ends_with(".test")) {
            (Self::Tests, is_test) => is_test && path.is_file(),
            (Self::Policy, true) => false,
            // Reading a pipe or a device may never end.
            (Self::Policy, false) if !path.is_file() => false,
            // A file that cannot be read may be a policy, so it is listed, and reported later.
            (Self::Policy, false) => match fs::read(path) {
                Ok(bytes) => Policy::recognizes(&String::from_utf8_lossy(&bytes)),
                Err(_) => true,
            },
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Policy => "policy (a YAML file with `version` and `rules` at its top)",
            Self::Tests => "`*.test.yaml`",
        }
    }
}
