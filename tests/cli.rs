//! The command line, as transcripts in `tests/cli/`.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cli/*.md");
}
