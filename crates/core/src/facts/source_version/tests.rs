use super::SourceVersion::{Branch, BranchOrCommit, Commit, Default, PullRequest, S3Object, Tag, Unreadable};
use super::*;
use proptest::prelude::*;

const SHA: &str = "75614758eace7c1d9d032b8980854ab486068f3b";
const SHA_256: &str = "75614758eace7c1d9d032b8980854ab486068f3b75614758eace7c1d9d032b89";

#[track_caller]
fn check(text: &str, expected: SourceVersion<'_>) {
    assert_eq!(SourceVersion::read(text), expected, "{text:?}");
}

#[track_caller]
fn check_all(texts: &[&str], expected: SourceVersion<'_>) {
    for text in texts {
        check(text, expected);
    }
}

/// Each text is unreadable, and comes back as it is.
#[track_caller]
fn check_unreadable(texts: &[&str]) {
    for text in texts {
        check(text, Unreadable(text));
    }
}

#[test]
fn what_codebuild_sends() {
    check("main", Branch("main"));
    check("pr/25", PullRequest("25"));
    check(SHA, Commit(SHA));
    check(&format!("refs/heads/master^{{{SHA}}}"), Branch("master"));
    check(&format!("refs/tags/v1.0^{{{SHA}}}"), Tag("v1.0"));
    check(&format!("refs/pull/1/head^{{{SHA}}}"), PullRequest("1"));
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let arn = format!("arn:{partition}:s3:::acme-artifacts/acme serverle/../R7LpCOx.zip");
        check(&arn, S3Object(&arn));
    }
}

#[test]
fn one_branch_in_many_spellings() {
    let spellings = [
        "main",
        "refs/heads/main",
        "heads/main",
        "refs/remotes/origin/main",
        "refs/remotes/upstream/main",
        "remotes/origin/main",
        "remotes/upstream/main",
        "origin/main",
        // Suffixes, alone and in chains.
        "main^",
        "main^0",
        "main^2",
        "main^{}",
        "main^{commit}",
        "main^{/fix: a..b}",
        "main~",
        "main~0",
        "main~12",
        "main@{0}",
        "main@{upstream}",
        "main@{yesterday}",
        "main^!",
        "main^@",
        "main^-",
        "main^-2",
        "main:src/lib.rs",
        "main~1^2~3",
        "main^{commit}^{tree}",
        "main@{1}^{/x}~2:docs/",
        "origin/main@{1 day ago}",
        "refs/heads/main^{commit",
        "main^nonsense",
        // White space, control characters and slashes that no name can hold.
        " main",
        "main\n",
        "\t main \r\n",
        "main\0",
        "\u{1b}main\u{7f}",
        "/main",
        "main/",
        "//refs//heads//main",
        "heads///main~1",
        "origin//main",
        "remotes//origin//main",
    ];
    check_all(&spellings, Branch("main"));
}

#[test]
fn branches_that_only_look_like_something_else() {
    for name in [
        "Main",
        "release/1.2",
        "feature/origin/main",
        "pr/fix-1",
        "pr/",
        "pull/25",
        "pull/25/files",
        "feature/heads/x",
        "head",
        "heads",
        "refs",
        "remotes/origin",
        "my_HEAD",
        "@home",
        "a@b",
        "a{b}",
        "dev-g",
        "fix-gaffe",
        "fix-g123",
        "deadbeef",
        "facade",
        "123",
        "dépôt/分支",
        "ma\u{200b}in",
        "a\u{a0}b",
        "main-worktree/x",
        "worktrees/x",
        "dev-gabc1234x",
    ] {
        check(name, Branch(name.trim_end_matches('/')));
        let explicit = format!("refs/heads/{name}");
        check(&explicit, Branch(name.trim_end_matches('/')));
    }
}

#[test]
fn one_prefix_is_taken_off_as_git_does() {
    check("heads/heads/main", Branch("heads/main"));
    check("refs/heads/heads/main", Branch("heads/main"));
    check("refs/heads/refs/heads/main", Branch("refs/heads/main"));
    check("refs/heads/origin/main", Branch("origin/main"));
    check("origin/origin/main", Branch("origin/main"));
    check("origin/heads/main", Branch("heads/main"));
    check("refs/heads/pr/25", Branch("pr/25"));
    check("refs/heads/HEAD", Branch("HEAD"));
    check("refs/heads/-f", Branch("-f"));
    check(&format!("refs/heads/{SHA}"), Branch(SHA));
    check(&format!("origin/{SHA}"), Branch(SHA));
}

#[test]
fn tags() {
    check_all(&["refs/tags/v1", "tags/v1", "refs//tags//v1^{}", "tags/v1~3"], Tag("v1"));
    check("refs/tags/heads/main", Tag("heads/main"));
}

#[test]
fn pull_requests() {
    check_all(
        &[
            "pr/25",
            "pr/25^{commit}",
            "pr/25/head",
            "refs/pull/25/head",
            "refs/pull/25/merge",
            "pull/25/head",
            "pull/25/merge~1",
            "refs/merge-requests/25/head",
            "merge-requests/25/merge",
            "refs/pull-requests/25/from",
        ],
        PullRequest("25"),
    );
    check("pr/٣", Branch("pr/٣"));
}

#[test]
fn commits_whole_abbreviated_and_described() {
    let upper = SHA.to_uppercase();
    let letters = "abcdef".repeat(7);
    for id in [SHA, SHA_256, &upper, &letters[..40]] {
        check(id, Commit(id));
        check(&format!("{id}^2~1"), Commit(id));
        check(&format!("{id}^{{commit}}"), Commit(id));
    }
    for id in [&SHA[..39], &SHA[..7], &SHA[..4], "2024"] {
        check(id, BranchOrCommit(id));
        check(&format!("{id}^2~1"), BranchOrCommit(id));
        check(&format!("refs/heads/{id}"), Branch(id));
    }
    check_all(
        &[
            "v1.0-3-gabc1234",
            "v1.0-3-gabc1234~2",
            "harmless-gabc1234",
            "harmless-gabc1234/",
            "refs/heads/no-such-branch-gabc1234",
            "tags/no-such-tag-1-gabc1234",
            "pr/25-gabc1234",
            // Git reads these by their ends, before it looks for a suffix.
            "harmless^x-gabc1234",
            "harmless:x-gabc1234^0",
        ],
        Commit("abc1234"),
    );
    check("v1.0-3-gabcdefa", Commit("abcdefa"));
    check("main^{/harmless-gabc1234}", Branch("main"));
}

#[test]
fn the_default_branch() {
    check_all(
        &[
            "",
            " \t\n",
            "\0",
            "HEAD",
            "HEAD~1",
            "HEAD@{0}",
            "@",
            "@^",
            "@@{0}",
            "origin",
            "origin/HEAD",
            "origin/HEAD^{commit}",
            "remotes/origin/HEAD",
            "refs/remotes/upstream/HEAD",
            "main-worktree/HEAD",
            "/HEAD",
        ],
        Default,
    );
}

#[test]
fn revisions_that_name_no_single_branch() {
    check_unreadable(&[
        "a..b",
        "a...b",
        "..main",
        "main...",
        "harmless~0...main",
        "harmless^{/x}..main",
        "harmless@{0}^{a}...main",
        ":/fix",
        ":0:file",
        ":main",
        "^main",
        "^{/fix}",
        "~1",
        "@{-1}",
        "@{upstream}",
        "FETCH_HEAD",
        "FETCH_HEAD^0",
        "ORIG_HEAD",
        "MERGE_HEAD",
        "AUTO_MERGE",
        "main-worktree/FETCH_HEAD",
        "main-worktree/refs/heads/main",
        "worktrees/x/HEAD",
        "refs/notes/commits",
        "refs/stash",
        "refs/pull/25",
        "refs/refs/heads/main",
        "refs/heads/",
        "refs/remotes/origin",
        "refs/heads/^0",
        "-",
        "-f",
        "--orphan",
        "+main",
        "+refs/heads/main:refs/heads/other",
        "/-f",
        "+",
        "/",
        "arn:aws:s3:::",
        "arn:aws:ecr:eu-west-1:111122223333:repository/x",
    ]);
}

#[test]
fn names_that_git_refuses_or_others_read_in_another_way() {
    check_unreadable(&[
        "main other",
        "main\0other",
        "main\nother",
        "main ^0",
        "refs/heads/ main",
        "ma*n",
        "refs/heads/*",
        "ma?n",
        "[m]ain",
        "ma\\in",
        "main.",
        "main.lock",
        "refs/heads/./main",
        "refs/heads/../heads/main",
        ".main",
        "release//1.2",
        "refs/heads/release//1.2",
        // Git keeps this white space; who trims it builds another branch.
        "main\u{a0}",
        "\u{3000}main",
        "main\u{2028}",
        "main\u{85}^0",
        "\u{feff}main",
        "refs/heads/\u{a0}main",
        "origin/main\u{a0}",
        "\u{a0}",
        "HEAD\u{a0}",
    ]);
}

#[test]
fn words_that_end_the_sentence() {
    let words = |text: &str| SourceVersion::read(text).to_string();
    assert_eq!(words("heads/main"), "the branch main");
    assert_eq!(words("tags/v1"), "a tag");
    assert_eq!(words("pr/25"), "pull request 25");
    assert_eq!(words(SHA), "a commit id");
    assert_eq!(words("arn:aws:s3:::b/k"), "an S3 object");
    assert_eq!(words(""), "empty or HEAD: the default branch, which the build does not name");
    assert_eq!(words("a..b"), "a revision that names no single branch");
}

/// Names of branches by `git-check-ref-format(1)`: parts of letters of any
/// script, words that look like something else, and signs that git allows.
fn branch_name() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[\\p{L}\\p{N}_+=!#$%&'\",;<>|(){}-]{1,8}",
        1 => "[a-f]{3,9}",
        1 => "[0-9a-f]{3,64}",
        1 => prop::sample::select(vec![
            "main", "release", "v1.2", "origin", "heads", "refs", "tags", "remotes", "pr", "pull",
            "25", "head", "HEAD", "FETCH_HEAD", "@", "a@b", "x.y", "main-worktree", "a-g", "-",
        ]).prop_map(String::from),
    ];
    prop::collection::vec(part, 1..4)
        .prop_map(|parts| parts.join("/"))
        .prop_filter("git describe's form is a commit's", |name| described_commit(name).is_none())
}

fn suffix() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\^[0-9]{0,3}",
        "~[0-9]{0,3}",
        "\\^\\{[^{}]{0,12}\\}",
        "@\\{[^{}]{0,12}\\}",
        "\\^-[0-9]?",
        "\\^!",
        prop::sample::select(vec!["^{commit}^{tree}", "@{upstream}", "@{u}", "^{/a..b}"]).prop_map(String::from),
    ]
}

/// Suffixes in a chain, and perhaps a path behind them.
fn suffixes() -> impl Strategy<Value = String> {
    (prop::collection::vec(suffix(), 0..4), prop_oneof![3 => Just(String::new()), 1 => ":[a-z/]{0,8}"])
        .prop_map(|(chain, path)| chain.concat() + &path)
}

/// A name that git does not read as a branch's when nothing stands before it.
fn is_ambiguous_alone(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    matches!(
        first,
        "refs"
            | "heads"
            | "tags"
            | "remotes"
            | "origin"
            | "pr"
            | "pull"
            | "HEAD"
            | "@"
            | "FETCH_HEAD"
            | "main-worktree"
    ) || name.starts_with(['-', '+'])
        || name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

proptest! {
    #[test]
    fn a_branch_is_found_in_every_spelling(
        name in branch_name(),
        remote in "[a-z]{1,8}",
        slashes in "/{1,3}",
        suffixes in suffixes(),
        before in "[ \\t\\r\\n\\x00]{0,2}",
        after in "[ \\t\\r\\n\\x00]{0,2}",
    ) {
        let mut prefixes = vec![
            "refs/heads/".to_owned(),
            "heads/".to_owned(),
            "/refs/heads/".to_owned(),
        ];
        // A remote's HEAD is not its branch, and neither is its pull request; they have tests of their own.
        let is_request = ["pr/", "mr/", "pull/", "pull-requests/", "merge-requests/"].iter().any(|kind| name.starts_with(kind));
        if name != "HEAD" && !is_request {
            prefixes.push(format!("refs/remotes/{remote}/"));
            prefixes.push(format!("remotes/{remote}/"));
            prefixes.push("origin/".to_owned());
        }
        if !is_ambiguous_alone(&name) {
            prefixes.push(String::new());
        }
        for prefix in prefixes {
            let prefix = prefix.replace('/', &slashes);
            let text = format!("{before}{prefix}{name}{suffixes}{after}");
            prop_assert_eq!(SourceVersion::read(&text).branch(), Some(&*name), "{:?}", text);
        }
    }

    #[test]
    fn a_second_revision_leaves_no_branch(
        (name, other) in (branch_name(), branch_name()),
        (one, two) in (suffixes(), suffixes()),
        dots in "\\.{2,3}",
    ) {
        let text = format!("refs/heads/{name}{one}{dots}{other}{two}");
        prop_assert_eq!(SourceVersion::read(&text).branch(), None, "{:?}", text);
    }

    #[test]
    fn any_text_is_read_and_gives_back_parts_of_itself(text in any::<String>()) {
        assert_reads(&text)?;
    }

    #[test]
    fn any_revision_is_read_and_gives_back_parts_of_itself(
        text in "(refs|heads|tags|remotes|origin|pr|pull|HEAD|@|main|-g|-1|abc1|é|\u{a0}|[/^~:@{}.+ \\x00-]){0,12}",
    ) {
        assert_reads(&text)?;
    }

    #[test]
    fn a_commit_id_is_never_a_branch(
        whole in "[0-9a-fA-F]{40}|[0-9a-fA-F]{64}",
        part in "[a-f]{0,3}[0-9][0-9a-f]{3,35}",
        suffixes in suffixes(),
        tag in "[a-z0-9./-]{0,8}[a-z]-[0-9]{1,3}",
    ) {
        let text = format!("{whole}{suffixes}");
        prop_assert_eq!(SourceVersion::read(&text), Commit(&whole), "{:?}", text);
        let text = format!("{part}{suffixes}");
        prop_assert_eq!(SourceVersion::read(&text), BranchOrCommit(&part), "{:?}", text);
        for id in [whole, part] {
            let text = format!("{tag}-g{id}{suffixes}");
            prop_assert_eq!(SourceVersion::read(&text).branch(), None, "{:?}", text);
        }
    }
}

/// Reading must not panic, and a branch that was read is one to git: spelled in
/// full, it reads as itself, unless it could be what `git describe` prints.
fn assert_reads(text: &str) -> Result<(), TestCaseError> {
    let read = SourceVersion::read(text);
    prop_assert!(!read.to_string().is_empty());
    if let Some(name) = read.branch() {
        prop_assert!(!name.is_empty());
        prop_assert!(text.contains(name));
        let full = format!("refs/heads/{name}");
        prop_assert_eq!(SourceVersion::read(&full), Branch(name));
    }
    Ok(())
}

/// Git itself as the oracle. Where there is no git these tests have nothing to
/// compare with, and pass.
mod git {
    use super::*;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// A clone, as CodeBuild makes one, in a directory that goes when it does.
    struct Clone {
        directory: PathBuf,
    }

    impl Clone {
        fn new(test: &str, branches: &[&str]) -> Option<Self> {
            Command::new("git").arg("--version").output().ok()?;
            let name = format!("buildbrake-{test}-{}", std::process::id());
            let directory = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&directory).unwrap();
            let clone = Self { directory };
            let upstream = clone.directory.join("upstream");
            clone.must(&clone.directory, &["init", "-q", "-b", "trunk", "upstream"]);
            // Each branch has a commit of its own, which tells it from the others.
            clone.must(&upstream, &["commit", "-q", "--allow-empty", "-m", "trunk"]);
            for branch in branches {
                clone.must(&upstream, &["checkout", "-q", "--detach"]);
                clone.must(&upstream, &["commit", "-q", "--allow-empty", "-m", branch]);
                clone.must(&upstream, &["update-ref", &format!("refs/heads/{branch}"), "HEAD"]);
            }
            clone.must(&upstream, &["checkout", "-q", "trunk"]);
            clone.must(&upstream, &["tag", "v1"]);
            clone.must(&clone.directory, &["clone", "-q", "upstream", "clone"]);
            // Local branches too, so that bare names can be looked up, but none
            // that git would find in the place of a remote's.
            for branch in branches.iter().filter(|name| !name.starts_with("origin/")) {
                let local = format!("refs/heads/{branch}");
                let remote = format!("refs/remotes/origin/{branch}");
                clone.must(&clone.path(), &["update-ref", "--create-reflog", &local, &remote]);
            }
            Some(clone)
        }

        fn path(&self) -> PathBuf {
            self.directory.join("clone")
        }

        /// Git, in a directory, with no configuration but ours.
        fn git(&self, directory: &Path) -> Command {
            let mut git = Command::new("git");
            // A hook that runs the tests names its own repository to git.
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("GIT_") {
                    git.env_remove(name);
                }
            }
            git.current_dir(directory)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CEILING_DIRECTORIES", &self.directory)
                .args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
            git
        }

        /// Returns git's output, if it succeeds.
        fn run(&self, directory: &Path, arguments: &[&str]) -> Option<String> {
            let output = self.git(directory).args(arguments).output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            output.status.success().then(|| printed.trim().to_owned())
        }

        fn must(&self, directory: &Path, arguments: &[&str]) {
            assert!(self.run(directory, arguments).is_some(), "git {arguments:?}");
        }

        fn commit(&self, revision: &str) -> Option<String> {
            self.run(&self.path(), &["rev-parse", "-q", "--verify", "--end-of-options", revision])
        }

        /// The same of many, by one process.
        fn commits(&self, revisions: &[String]) -> Vec<Option<String>> {
            let input = self.directory.join("revisions");
            std::fs::write(&input, revisions.join("\n") + "\n").unwrap();
            let output = self
                .git(&self.path())
                .args(["cat-file", "--batch-check=%(objectname)"])
                .stdin(std::fs::File::open(&input).unwrap())
                .output()
                .unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let commits: Vec<_> =
                printed.lines().map(|line| (!line.ends_with(" missing")).then(|| line.to_owned())).collect();
            assert_eq!(commits.len(), revisions.len(), "{:?}", output.stderr);
            commits
        }
    }

    impl Drop for Clone {
        fn drop(&mut self) {
            // A directory left behind in /tmp is no reason to fail a test.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }

    #[test]
    fn git_finds_the_same_branches() {
        let branches = [
            "main",
            "release/1.2",
            "heads/main",
            "origin/main",
            "refs/heads/main",
            "feature/origin/main",
            "pr/fix-1",
            "dépôt",
            "facade",
            "a@b",
            "@home",
            "main-worktree/x",
            "my_HEAD",
            "a\u{a0}b",
        ];
        let Some(clone) = Clone::new("branches", &branches) else {
            return;
        };
        let prefixes = [
            "",
            "refs/heads/",
            "heads/",
            "refs/remotes/origin/",
            "remotes/origin/",
            "origin/",
            "refs/",
            "refs/refs/heads/",
            "heads/heads/",
            "origin/origin/",
            "refs/remotes/",
            "main-worktree/",
        ];
        let suffixes = ["", "^0", "~0", "^{}", "^{commit}", "^{commit}^0~0", "^{/.}"];
        let texts: Vec<String> = branches
            .iter()
            .flat_map(|branch| prefixes.map(|prefix| format!("{prefix}{branch}")))
            .flat_map(|name| suffixes.map(|suffix| format!("{name}{suffix}")))
            .collect();
        let tips = clone.commits(&branches.map(|name| format!("refs/remotes/origin/{name}")));
        let branch_at = |commit: &Option<String>| {
            let at = tips.iter().position(|tip| tip == commit);
            at.map(|at| branches[at])
        };
        let mut found = 0;
        for (text, commit) in texts.iter().zip(clone.commits(&texts)) {
            // Git refuses the most: no such branch.
            if commit.is_some() {
                let branch = SourceVersion::read(text).branch();
                assert_eq!(branch, branch_at(&commit), "{text}");
                found += 1;
            }
        }
        assert!(found > 300, "git found {found} spellings only");

        // Of these git gives up at the first that it does not find.
        for text in ["main@{0}", "heads/main@{now}^0", "refs/heads/facade@{0}"] {
            let branch = SourceVersion::read(text).branch();
            assert_eq!(branch, branch_at(&clone.commit(text)), "{text}");
        }
    }

    #[test]
    fn what_git_finds_without_a_branch_is_none() {
        let Some(clone) = Clone::new("others", &["main"]) else {
            return;
        };
        let main = clone.commit("refs/heads/main").unwrap();
        let short = &main[..7];
        // What `git checkout` takes besides: it finds the merge base.
        for text in ["main...main", "HEAD...main"] {
            clone.must(&clone.path(), &["checkout", "-q", "--detach", text]);
            assert_eq!(SourceVersion::read(text).branch(), None, "{text}");
        }
        for text in [
            "HEAD",
            "@",
            "@@{0}",
            "@{0}",
            "origin",
            "origin/HEAD",
            "remotes/origin/HEAD",
            "main-worktree/HEAD",
            "HEAD~0",
            ":/main",
            "@{-1}",
            "tags/v1",
            "refs/tags/v1",
            &main,
            &main.to_uppercase(),
            short,
            &main[..4],
            &format!("v1-1-g{short}"),
            &format!("refs/heads/none-1-g{short}"),
            &format!("none^x-1-g{short}"),
            &format!("none:x-1-g{short}^0"),
            &format!("{short}^0"),
        ] {
            if text == short && short.bytes().all(|byte| byte.is_ascii_alphabetic())
                || text == &main[..4] && text.bytes().all(|byte| byte.is_ascii_alphabetic())
            {
                continue;
            }
            assert!(clone.commit(text).is_some(), "git finds nothing in {text}");
            assert_eq!(SourceVersion::read(text).branch(), None, "{text}");
        }
    }

    #[test]
    fn git_allows_the_same_names() {
        let Some(clone) = Clone::new("names", &[]) else {
            return;
        };
        let sign = "[a.@{}\\[\\]?*\\\\ \\x01\\x7f/é!\"$'-]";
        let strategy = format!("({sign}|{sign}|{sign}|\\.lock|lock|HEAD){{1,5}}");
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |(name in strategy.as_str())| {
            // Where these end a name, or are trimmed, is for other tests.
            let trimmed = name.trim_matches(|c| is_space_or_control(c) || c == '/');
            if name.contains("@{") || trimmed != name || name.contains("//") {
                return Ok(());
            }
            let full = format!("refs/heads/{name}");
            let allowed = clone.run(&clone.directory, &["check-ref-format", &full]).is_some();
            let read = SourceVersion::read(&full);
            prop_assert_eq!(read == Branch(&name), allowed, "{:?}", name);
        });
    }
}
