use proptest::prelude::*;

use super::*;

/// `PATTERN`, `PATTERN ! WARNING = RIGHT` or `FAULT = RIGHT`.
fn read(result: Result<(Pattern, Vec<Remark>), Remark>) -> String {
    let joined = |remark: &Remark| format!("{} = {}", remark.message, remark.help);
    match result {
        Ok((pattern, warnings)) => {
            let warnings: String = warnings.iter().map(|remark| format!(" ! {}", joined(remark))).collect();
            format!("{pattern}{warnings}")
        }
        Err(remark) => joined(&remark),
    }
}

#[track_caller]
fn branch(text: &str, expected: &str) {
    assert_eq!(read(branch_pattern(text)), expected);
}

#[track_caller]
fn reference(text: &str, expected: &str) {
    assert_eq!(read(ref_pattern(text)), expected);
}

#[test]
fn one_branch_in_many_spellings() {
    for text in [
        "main",
        "refs/heads/main",
        "heads/main",
        "origin/main",
        "refs/remotes/origin/main",
        "remotes/upstream/main",
        "refs/remotes/*/main",
        "heads//main",
        "origin//main",
    ] {
        branch(text, "main");
    }
    for (text, expected) in [
        ("*", "*"),
        ("release/*", "release/*"),
        ("refs/heads/*", "*"),
        ("refs/heads/release/*", "release/*"),
        ("origin/*", "*"),
        ("heads/heads/main", "heads/main"),
        ("refs/heads/origin/main", "origin/main"),
        ("refs/heads/pr/*", "pr/*"),
        ("refs/heads/refs/*", "refs/*"),
        ("release-1.*", "release-1.*"),
        ("v?.x", "v?.x"),
        ("feature/*.x", "feature/*.x"),
        ("*/try-*", "*/try-*"),
        ("dépôt/分支", "dépôt/分支"),
        ("2024", "2024"),
        ("a@b", "a@b"),
        ("release/**", "release/**"),
        ("remotes/main", "remotes/main"),
        ("pr/fix-*", "pr/fix-*"),
        ("pull/request", "pull/request"),
        ("dependabot/*", "dependabot/*"),
    ] {
        branch(text, expected);
    }
}

#[test]
fn what_no_branch_can_be_called() {
    for (text, expected) in [
        (
            "refs/tags/v1",
            "no branch fits `refs/tags/v1`: it is a tag's name = write `refs/tags/v1` as a ref: `forbidden-refs`, `allowed-refs`, or `refs` in a selector",
        ),
        (
            "tags/v1",
            "no branch fits `tags/v1`: it is a tag's name = write `refs/tags/v1` as a ref: `forbidden-refs`, `allowed-refs`, or `refs` in a selector",
        ),
        (
            "refs/pull/*",
            "no branch fits `refs/pull/*`: a pull request has a ref and no branch = write `refs/pull/*` as a ref: `forbidden-refs`, `allowed-refs`, or `refs` in a selector",
        ),
        (
            "refs/merge-requests/25/head",
            "no branch fits `refs/merge-requests/25/head`: a pull request has a ref and no branch = write `refs/pull/25/head` as a ref: `forbidden-refs`, `allowed-refs`, or `refs` in a selector",
        ),
        (
            "refs/pull/25",
            "no branch fits `refs/pull/25`: a pull request has a ref and no branch = write `refs/pull/*` as a ref: `forbidden-refs`, `allowed-refs`, or `refs` in a selector",
        ),
        ("refs/*", "no branch fits `refs/*`: a branch pattern is a short name = write `main`, not `refs/heads/main`"),
        (
            "refs/head/main",
            "no branch fits `refs/head/main`: a branch pattern is a short name = write `main`, not `refs/heads/main`",
        ),
        ("main^0", "no branch fits `main^0`: git accepts no `^` in a name = write a name without `^`, as in `main`"),
        (
            "refs/heads/main~1",
            "no branch fits `refs/heads/main~1`: git accepts no `~` in a name = write a name without `~`, as in `main`",
        ),
        ("~1", "no branch fits `~1`: git accepts no `~` in a name = write a name without `~`, as in `main`"),
        ("main:path", "no branch fits `main:path`: git accepts no `:` in a name = write the name alone, as in `main`"),
        (
            "release\\d",
            "no branch fits `release\\d`: git accepts no `\\` in a name = write a name without `\\`, as in `release`",
        ),
        (
            "main..dev",
            "no branch fits `main..dev`: git accepts no `..` in a name = write a name without `..`, as in `main`",
        ),
        (
            "main or dev",
            "no branch fits `main or dev`: a name has no white space = write a list with an element for each name",
        ),
        ("release//1", "no branch fits `release//1`: a part of the name is empty = write one `/` between two parts"),
        ("/", "no branch fits `/`: a part of the name is empty = write one `/` between two parts"),
        (
            ".*",
            "no branch fits `.*`: git accepts no part of a name that begins with `.` = write `*`, since `*` alone stands for any run of characters",
        ),
        (
            "release/.+",
            "no branch fits `release/.+`: git accepts no part of a name that begins with `.` = write `release/*`, since `*` alone stands for any run of characters",
        ),
        (
            ".main",
            "no branch fits `.main`: git accepts no part of a name that begins with `.` = write a name without it, as in `main`",
        ),
        (
            "main.",
            "no branch fits `main.`: git accepts no name that ends in `.` = write a name without `.`, as in `main`",
        ),
        (
            "main.lock",
            "no branch fits `main.lock`: git accepts no part of a name that ends with `.lock` = write a name without it, as in `main`",
        ),
        ("@", "no branch fits `@`: git accepts no name that ends in `@` = write a name without `@`, as in `main`"),
    ] {
        branch(text, expected);
    }
}

#[test]
fn what_could_be_a_branch_and_probably_is_a_mistake() {
    for (text, expected) in [
        (
            "pr/*",
            "pr/* ! `pr/*` fits only a branch of that name: a pull request has a ref and no branch = write `refs/pull/*` in `forbidden-refs`, or `refs` in a selector",
        ),
        (
            "pr/25",
            "pr/25 ! `pr/25` fits only a branch of that name: a pull request has a ref and no branch = write `refs/pull/25/head` in `forbidden-refs`, or `refs` in a selector",
        ),
        (
            "pull/*/head",
            "pull/*/head ! `pull/*/head` fits only a branch of that name: a pull request has a ref and no branch = write `refs/pull/*/head` in `forbidden-refs`, or `refs` in a selector",
        ),
        (
            "pull/25",
            "pull/25 ! `pull/25` fits only a branch of that name: a pull request has a ref and no branch = write `refs/pull/*` in `forbidden-refs`, or `refs` in a selector",
        ),
        ("main|master", "main|master ! `|` in `main|master` is a part of the name = write a list: `[main, master]`"),
        (
            "(main|release)",
            "(main|release) ! `|` in `(main|release)` is a part of the name = write a list: `[main, release]`",
        ),
        ("main,dev", "main,dev ! `,` in `main,dev` is a part of the name = write a list: `[main, dev]`"),
        ("(main)", "(main) ! quotes and parentheses in `(main)` are a part of the name = write `main`"),
        ("\"main\"", "\"main\" ! quotes and parentheses in `\"main\"` are a part of the name = write `main`"),
        ("“main”", "“main” ! quotes and parentheses in `“main”` are a part of the name = write `main`"),
        ("`main`", "`main` ! quotes and parentheses in ``main`` are a part of the name = write `main`"),
        (
            "/main/",
            "main ! `/main/` is read as `main`: a name neither begins nor ends with `/` = write `main`, or `main/*` for all below it",
        ),
        (
            "main/",
            "main ! `main/` is read as `main`: a name neither begins nor ends with `/` = write `main`, or `main/*` for all below it",
        ),
        ("/main", "main ! `/main` is read as `main`: a name neither begins nor ends with `/` = write `main`"),
        ("!main", "!main ! `!` in `!main` is a part of the name = write `main` in a rule that allows"),
        ("-main", "-main ! git creates no branch called `-main` = write a name that does not begin with `-`"),
        ("feature%2Fx", "feature%2Fx ! `%2F` in `feature%2Fx` is a part of the name = write `feature/x`"),
        (
            "feature.*",
            "feature.* ! `feature.*` fits only names with a `.` in that place = write `feature*`, if you do not mean a dot",
        ),
        (
            "feature-.+",
            "feature-.+ ! `feature-.+` fits only names with a `.` in that place = write `feature-*`, if you do not mean a dot",
        ),
        ("*/main", "*/main ! `*/main` does not fit the branch `main`, which has no `/` = write `main` beside it"),
        ("**/x", "**/x ! `**/x` does not fit the branch `x`, which has no `/` = write `x` beside it"),
        ("HEAD", "HEAD ! `HEAD` fits only a branch of that name = write the name of the branch, as in `main`"),
        ("origin", "origin ! `origin` fits only a branch of that name = write the name of the branch, as in `main`"),
    ] {
        branch(text, expected);
    }
    let id = "75614758eace7c1d9d032b8980854ab486068f3b";
    branch(
        id,
        &format!(
            "{id} ! `{id}` looks like a commit id, which is not the branch of a build = write the name of a branch"
        ),
    );
}

#[test]
fn refs_in_their_full_names() {
    for (text, expected) in [
        ("*", "*"),
        ("refs/heads/main", "refs/heads/main"),
        ("heads/main", "refs/heads/main"),
        ("origin/main", "refs/heads/main"),
        ("refs/remotes/origin/release/*", "refs/heads/release/*"),
        ("refs/tags/v1.*", "refs/tags/v1.*"),
        ("tags/v*", "refs/tags/v*"),
        ("refs/pull/25/head", "refs/pull/25/head"),
        ("refs/pull/25/merge", "refs/pull/25/head"),
        ("refs/pull/*/head", "refs/pull/*/head"),
        ("refs/pull/*/merge", "refs/pull/*/head"),
        ("refs/pull/*", "refs/pull/*"),
        ("pull/25/head", "refs/pull/25/head"),
        ("pr/25", "refs/pull/25/head"),
        ("pr/2?", "refs/pull/2?/head"),
        ("pr/*", "refs/pull/*"),
        ("pr/2*/head", "refs/pull/2*/head"),
        ("merge-requests/*/head", "refs/pull/*/head"),
        ("refs/merge-requests/*", "refs/pull/*"),
        ("pull-requests/25/from", "refs/pull/25/head"),
        ("pull/25/*", "refs/pull/25/*"),
        ("refs/*", "refs/*"),
        ("refs/*/main", "refs/*/main"),
        ("*/main", "*/main"),
        ("re*", "re*"),
        (
            "refs/heads/main/",
            "refs/heads/main ! `refs/heads/main/` is read as `refs/heads/main`: a name neither begins nor ends with `/` = write `refs/heads/main`, or `refs/heads/main/*` for all below it",
        ),
        (
            "refs/heads/main|dev",
            "refs/heads/main|dev ! `|` in `refs/heads/main|dev` is a part of the name = write a list: `[refs/heads/main, dev]`",
        ),
        (
            "main",
            "no ref fits `main`: a ref pattern is a full name = write `refs/heads/main` for a branch, `refs/tags/main` for a tag",
        ),
        (
            "v1.*",
            "no ref fits `v1.*`: a ref pattern is a full name = write `refs/heads/v1.*` for a branch, `refs/tags/v1.*` for a tag",
        ),
        (
            "pull/25",
            "no ref fits `pull/25`: a ref pattern is a full name = write `refs/heads/pull/25` for a branch, `refs/tags/pull/25` for a tag",
        ),
        ("refs/pull/25", "no ref fits `refs/pull/25`: a pull request's ref has an end = write `refs/pull/25/head`"),
        (
            "refs/head/main",
            "no ref fits `refs/head/main`: a build's ref is a branch, a tag or a pull request's head = write a pattern under `refs/heads/`, `refs/tags/` or `refs/pull/`",
        ),
        (
            "refs/notes/*",
            "no ref fits `refs/notes/*`: a build's ref is a branch, a tag or a pull request's head = write a pattern under `refs/heads/`, `refs/tags/` or `refs/pull/`",
        ),
        (
            "refs/heads/main^0",
            "no ref fits `refs/heads/main^0`: git accepts no `^` in a name = write a name without `^`, as in `refs/heads/main`",
        ),
        (
            "Refs/heads/main",
            "no ref fits `Refs/heads/main`: a ref pattern is a full name = write `refs/heads/Refs/heads/main` for a branch, `refs/tags/Refs/heads/main` for a tag",
        ),
    ] {
        reference(text, expected);
    }
}

/// The rest of the name may be another branch: `release` in place of `release..1`.
#[test]
fn what_git_does_not_accept_is_not_corrected() {
    for text in ["release..1", "feature\\*", "main.lock", "main^0", "main.", ".main", "a/.b", "@"] {
        let remark = branch_pattern(text).unwrap_err();
        assert_eq!(remark.correction_of(text), None, "{text}: {}", remark.help);
    }
}

#[test]
fn full_names() {
    for (text, expected) in [
        ("main", Some("refs/heads/main")),
        ("origin/main^0", Some("refs/heads/main")),
        ("refs/tags/v1", Some("refs/tags/v1")),
        ("pr/25", Some("refs/pull/25/head")),
        ("refs/pull/25/merge", Some("refs/pull/25/head")),
        ("merge-requests/25/head", Some("refs/pull/25/head")),
        ("refs/pull-requests/25/from", Some("refs/pull/25/head")),
        ("abc1234", None),
        ("HEAD", None),
        ("", None),
        ("a..b", None),
    ] {
        assert_eq!(SourceVersion::read(text).full_name().as_deref(), expected, "{text}");
    }
}

proptest! {
    /// A pattern without wildcards means what the same text means as a value.
    #[test]
    fn a_pattern_and_a_value_are_read_alike(
        text in "((refs/|/)?(heads/|tags/|remotes/[a-z]{1,3}/|origin/|pull/|pr/)?)[a-z0-9.@/-]{1,8}(/head|/merge|\\^0|~1|/)?",
    ) {
        let value = SourceVersion::read(&text);
        if let Ok((pattern, _)) = branch_pattern(&text) && let Some(branch) = value.branch() {
            prop_assert_eq!(pattern.as_str(), branch);
        }
        if let Ok((pattern, _)) = ref_pattern(&text) && let Some(full) = value.full_name() {
            prop_assert_eq!(pattern.as_str(), full);
        }
    }

    /// A pattern that is refused fits the branch of no value.
    #[test]
    fn what_is_refused_fits_nothing(
        pattern in "(heads/|/)?[a.*?/~^:@-]{1,5}(\\.lock)?/?",
        value in "(refs/heads/)?[a.@/-]{1,6}(\\.lock)?",
    ) {
        if branch_pattern(&pattern).is_err()
            && let Some(branch) = SourceVersion::read(&value).branch()
            && let Ok(pattern) = pattern.parse::<Pattern>()
        {
            // `refs/heads/@` is read as a branch, though git creates none of that name.
            prop_assert!(branch == "@" || !pattern.fits(branch), "{} {}", pattern, branch);
        }
    }

    /// A value that names a ref fits the pattern of the same ref in every spelling.
    #[test]
    fn every_spelling_of_a_pull_request(number in 1..999_u32, one in 0..6_usize, two in 0..6_usize) {
        let spellings = ["pr/N", "refs/pull/N/head", "pull/N/merge", "merge-requests/N/head", "refs/pull-requests/N/from", "pr/N/head"];
        let spell = |index: usize| spellings[index].replace('N', &number.to_string());
        let (pattern, _) = ref_pattern(&spell(one)).unwrap();
        prop_assert!(pattern.fits(&SourceVersion::read(&spell(two)).full_name().unwrap()));
    }
}
