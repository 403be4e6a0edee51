//! Repositories made by git, served by its own `git http-backend`.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::http::{Reply, Request};

/// The protocol that a server speaks.
/// <https://git-scm.com/docs/protocol-v2>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The one that the client asks for.
    Any,
    /// Version 0, whatever the client asks for: a server that does not know `Git-Protocol`.
    V0,
    /// Version 1, whatever the client asks for.
    V1,
}

/// A folder of repositories.
#[derive(Clone, Debug)]
pub struct Repositories {
    folder: PathBuf,
}

/// A bare repository.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
}

impl Repositories {
    /// Makes an empty folder, in place of one that a former run left.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// Makes an empty repository whose HEAD refers to `main`. The format is `sha1` or `sha256`.
    pub fn init(&self, name: &str, object_format: &str) -> Repository {
        let repository = Repository { folder: self.folder.join(name) };
        let format = format!("--object-format={object_format}");
        git(&self.folder, &["init", "--quiet", "--bare", "--initial-branch=main", &format, name], "");
        repository
    }

    /// Answers a request by `git http-backend`, a CGI program.
    /// <https://git-scm.com/docs/git-http-backend>
    pub fn answer(&self, request: &Request, protocol: Protocol) -> Reply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
        let mut backend = command(&self.folder, &["http-backend"]);
        backend.env("GIT_PROJECT_ROOT", &self.folder).env("GIT_HTTP_EXPORT_ALL", "1");
        backend.env("REQUEST_METHOD", &request.method).env("PATH_INFO", path).env("QUERY_STRING", query);
        backend.env("CONTENT_TYPE", header("content-type")).env("CONTENT_LENGTH", header("content-length"));
        backend.env("HTTP_CONTENT_ENCODING", header("content-encoding")).env("REMOTE_ADDR", "127.0.0.1");
        match protocol {
            Protocol::Any => backend.env("HTTP_GIT_PROTOCOL", header("git-protocol")),
            Protocol::V0 => &mut backend,
            Protocol::V1 => backend.env("GIT_PROTOCOL", "version=1"),
        };
        of_cgi(&output(backend, &request.body))
    }
}

impl Repository {
    /// Runs a git command in the repository and returns what it prints.
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.folder, arguments, "")
    }

    /// Makes a commit without files or parents, to which nothing points yet, and returns its id.
    pub fn commit(&self, message: &str) -> String {
        let tree = git(&self.folder, &["mktree"], "");
        self.git(&["commit-tree", &tree, "-m", message])
    }

    /// Points a branch or a tag, by its full name, to an object.
    pub fn point(&self, name: &str, id: &str) {
        self.git(&["update-ref", name, id]);
    }

    /// Adds this many branches at once, each of which points to the commit.
    pub fn add_branches(&self, count: usize, id: &str) {
        let names: String = (0..count).map(|at| format!("{id} refs/heads/feature/{at:05}\n")).collect();
        let packed = format!("# pack-refs with: peeled fully-peeled sorted \n{names}");
        fs::write(self.folder.join("packed-refs"), packed).unwrap();
    }
}

fn git(folder: &Path, arguments: &[&str], input: &str) -> String {
    let output = output(command(folder, arguments), input);
    String::from_utf8(output).unwrap().trim_end().to_owned()
}

/// A git command that ignores this machine's and this user's configuration.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder);
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "ann").env(format!("GIT_{role}_EMAIL"), "ann@example.com");
        git.env(format!("GIT_{role}_DATE"), "2026-11-22T09:00:00Z");
    }
    git
}

/// Returns the output of a program, whose standard error is dropped unless it fails.
fn output(mut command: Command, input: &str) -> Vec<u8> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("git: {error}"));
    // A program that has seen enough may close its input early.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let is_backend = command.get_args().any(|argument| argument == "http-backend");
    assert!(output.status.success() || is_backend, "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The answer of a CGI program: headers, of which `Status` is one, an empty line, and the body.
fn of_cgi(output: &[u8]) -> Reply {
    const END: &[u8] = b"\r\n\r\n";
    let end = output.windows(END.len()).position(|window| window == END);
    let Some(end) = end else { return Reply::Http { status: 500, headers: Vec::new(), body: Vec::new() } };
    let head = String::from_utf8_lossy(&output[..end]);
    let mut status = 200;
    let mut headers = Vec::new();
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "Status" => status = value[..3].parse().unwrap(),
            "Content-Type" => headers.push(("content-type", value.to_owned())),
            _ => {}
        }
    }
    Reply::Http { status, headers, body: output[end + END.len()..].to_vec() }
}
