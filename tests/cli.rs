//! The command line, as transcripts in `tests/cli/` and in the documentation.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cli/*.md").case("docs/testing.md");
}
