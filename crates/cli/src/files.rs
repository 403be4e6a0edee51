//! Loads policy files, and writes files.

use std::{
    borrow::Cow,
    env, fs,
    io::{self, Write},
    path::Path,
};

use anyhow::{anyhow, ensure};
use buildbrake_core::{
    diagnostic::{Code, Diagnostics, Finding},
    policy::Policy,
    yaml,
};

use crate::output::{Exit, count, print_detail, print_error, print_faults};

/// A valid policy with the file it came from.
pub(crate) struct PolicyFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) policy: Policy,
}

/// The reason why there is no policy.
pub(crate) enum NotLoaded {
    /// The file cannot be read.
    Unreadable(Box<Finding>),
    /// The policy has faults.
    Faulty(Vec<Finding>),
}

impl PolicyFile {
    /// Loads a policy. If that fails, prints the faults or the read error, and returns the exit status.
    pub(crate) fn load(path: &Path) -> Result<Self, Exit> {
        Self::open(path).map_err(|why| {
            why.print();
            Exit::Error
        })
    }

    /// Loads a policy, and prints nothing.
    pub(crate) fn open(path: &Path) -> Result<Self, NotLoaded> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| NotLoaded::Unreadable(Box::new(unreadable(&name, &error))))?;
        Self::parse(name, bytes)
    }

    /// Parses the content of a file.
    pub(crate) fn parse(name: String, bytes: Vec<u8>) -> Result<Self, NotLoaded> {
        let faulty = |faults: Diagnostics| NotLoaded::Faulty(faults.findings().collect());
        let text = yaml::decode(&name, bytes).map_err(faulty)?;
        let policy = Policy::parse(&name, &text).map_err(faulty)?;
        print_detail(&format!("{name}: {}, digest {}", count(policy.rule_ids().count(), "rule"), policy.digest()));
        Ok(Self { name, text, policy })
    }
}

impl NotLoaded {
    /// Prints the reason.
    pub(crate) fn print(&self) {
        match self {
            Self::Unreadable(finding) => print_error(&finding.to_string()),
            Self::Faulty(faults) => print_faults(faults),
        }
    }
}

/// The finding about a file that cannot be read.
pub(crate) fn unreadable(file: &str, error: &io::Error) -> Finding {
    Finding {
        file: file.to_owned(),
        place: None,
        code: Code::UnreadableFile,
        message: format!("the file cannot be read: {error}"),
        help: "use the path of a file that exists and may be read".to_owned(),
        excerpt: None,
        fix: None,
    }
}

/// The reason why a file is not JSON, in words.
pub(crate) fn not_json(bytes: &[u8], error: &serde_json::Error) -> String {
    match bytes.trim_ascii().is_empty() {
        true => "the file is empty".to_owned(),
        false => format!("the file is not JSON at line {}, column {}", error.line(), error.column()),
    }
}

/// The path from the current folder, if the file is in it or below it. Otherwise the path itself.
pub(crate) fn from_here(path: &Path) -> Cow<'_, Path> {
    let here = env::current_dir().ok();
    match here.and_then(|here| path.strip_prefix(here).ok()).filter(|rest| !rest.as_os_str().is_empty()) {
        Some(rest) => rest.into(),
        None => path.into(),
    }
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = path.display();
    let written = temporary_beside(path).and_then(|mut file| {
        file.write_all(content)?;
        file.persist(path).map_err(|error| error.error)
    });
    // The error's own text would name the temporary file.
    written.map(drop).map_err(|error| anyhow!("{name}: the file cannot be written: {}", error.kind()))
}

/// Replaces the content of a file that exists, whole or not at all. The file keeps its permissions, and a link
/// to it stays a link.
pub(crate) fn replace_whole(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let cannot = |error: &io::Error| anyhow!("{}: the file cannot be written: {}", path.display(), error.kind());
    let file = fs::canonicalize(path).map_err(|error| cannot(&error))?;
    let permissions = fs::metadata(&file).map_err(|error| cannot(&error))?.permissions();
    let written = temporary_beside(&file).and_then(|mut temporary| {
        temporary.write_all(content)?;
        temporary.as_file().set_permissions(permissions)?;
        temporary.persist(&file).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| cannot(&error))
}

/// Checks that an HTML page can be written to this path later.
///
/// # Errors
/// If the path is a folder, if no file can be created in its folder, or if the page would replace a file that is not an
/// HTML page. An empty file may be replaced.
pub(crate) fn check_page(path: &Path) -> anyhow::Result<()> {
    const BEGIN: &[u8] = b"<!doctype html>";
    let name = path.display();
    ensure!(!path.is_dir(), "{name}: this is a folder; name a file in it");
    let folder = folder_of(path);
    ensure!(folder.exists(), "{name}: the folder `{}` does not exist; make it first", folder.display());
    temporary_beside(path).map_err(|error| anyhow!("{name}: the file cannot be written: {}", error.kind()))?;
    let old = fs::read(path).unwrap_or_default();
    let is_page = old.is_empty() || old.get(..BEGIN.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(BEGIN));
    ensure!(is_page, "{name}: the file exists and is not an HTML page; choose another name");
    Ok(())
}

fn temporary_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    builder().tempfile_in(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates files that others can read, as far as the umask allows. By default, a temporary file is private.
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
