//! The command line, as transcripts in `tests/transcripts/` and in the documentation.

#[test]
fn transcripts() {
    // The transcripts name files from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
    trycmd::TestCases::new()
        .case("crates/cli/tests/transcripts/*.md")
        .case("docs/testing.md")
        .case("docs/replay.md")
        .case("docs/learn.md")
        .case("docs/explain.md")
        .case("docs/scan.md");
}
