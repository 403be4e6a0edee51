//! The checks, explained to a person: from their own documentation, and nowhere else.

use super::{About, CHECKS, CheckKind};

/// All checks, a line each.
pub fn overview() -> String {
    let width = CHECKS.iter().map(|check| check.id.len()).max().unwrap_or_default();
    let line = |check: &CheckKind| {
        let first = check.about.breaks_when.split_inclusive(". ").next().unwrap_or_default();
        format!("{:width$}  {}\n", check.id, first.trim_end())
    };
    CHECKS.iter().map(line).collect()
}

/// One check, as a section of Markdown; `None` where there is none of that name.
pub fn explanation(id: &str) -> Option<String> {
    CHECKS.iter().find(|check| check.id == id).map(section)
}

/// All checks, as a page of Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# The checks\n\nA rule of a policy holds exactly one of these. A build that does not tell what a check \
         asks for\nneither passes nor breaks it; see [policy.md](policy.md).\n\n\
         This page is made by `buildbrake rules --markdown`.\n",
    );
    for check in CHECKS {
        page.push('\n');
        page.push_str(&section(check));
    }
    page
}

fn section(CheckKind { id, about, .. }: &CheckKind) -> String {
    let About { breaks_when, why, example, project, allowed, stopped, reads } = about;
    let of_project = project.map(|project| format!("| its Project | `{project}` |\n")).unwrap_or_default();
    let asks = match project {
        Some(_) => "`codebuild:BatchGetProjects`; `codebuild:BatchGetBuilds` where an event leaves a fact out",
        None => "`codebuild:BatchGetBuilds` where an event leaves a fact out",
    };
    let reads: Vec<String> = reads.iter().map(|member| format!("`{member}`")).collect();
    let reads = if reads.is_empty() { "what the expression names".into() } else { reads.join(", ") };
    format!(
        "## `{id}`\n\n**Breaks when:** {breaks_when}\n\n**Why:** {why}\n\n\
         \u{20}   - id: example\n      {id}: {example}\n\n\
         | | of the Build |\n| --- | --- |\n{of_project}| allowed | `{allowed}` |\n| stopped | `{stopped}` |\n\n\
         **Reads:** {reads}, from the event.\n\n\
         **Needs:** `codebuild:StopBuild` to stop a build; {asks}.\n"
    )
}
