//! Explains the checks: `buildbrake rules` and docs/checks.md.

use super::{CHECKS, CheckDocs, CheckKind, OptionKind, Syntax};
use crate::facts::inquiry::Source;

/// All checks, one line each.
pub fn overview() -> String {
    let width = CHECKS.iter().map(|check| check.id.len()).max().unwrap_or_default();
    let line = |check: &CheckKind| {
        let first = check.about.breaks_when.split_inclusive(". ").next().unwrap_or_default();
        format!("{:width$}  {}\n", check.id, first.trim_end())
    };
    CHECKS.iter().map(line).collect()
}

/// One check as a section of Markdown; `None` if there is no such check.
pub fn explanation(id: &str) -> Option<String> {
    CHECKS.iter().find(|check| check.id == id).map(section)
}

/// All checks as a page of Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Checks\n\nEach rule of a policy has exactly one of these checks. A rule is undecided if a fact that \
         its check\nreads is unknown; see [the policy](policy.md#when-a-rule-cant-be-decided).\n\n\
         `buildbrake rules --markdown` generates this page.\n",
    );
    for check in CHECKS {
        page.push('\n');
        page.push_str(&section(check));
    }
    page
}

/// The calls that may show a branch or ref. Some need a permission that is not granted by default.
const REF_CALLS: &str = "for a build whose source version names no branch or tag, `BatchGetProjects`, and then \
    `codepipeline:GetPipelineState`, `ListActionExecutions`, `GetPipelineExecution` and `GetPipeline`, or git's \
    `ls-refs`, or `codecommit:GetRepository`, `ListBranches` and `GetBranch` (see [branches](branches.md))";

fn section(kind: &CheckKind) -> String {
    let CheckKind { id, about, .. } = kind;
    let CheckDocs { breaks_when, why, example, project, running, allowed, stopped, reads } = about;
    let row = |name: &str, json: &Option<&str>| json.map(|json| format!("| {name} | `{json}` |\n")).unwrap_or_default();
    let beside = row("its Project", project) + &row("another running build", running);
    let calls: Vec<String> =
        kind.calls_at_start().iter().flat_map(|source| source.operations()).map(|call| format!("`{call}`")).collect();
    let at_start = match (&kind.option, calls.as_slice()) {
        (OptionKind::Expression(_), _) => "those that the expression needs; `buildbrake check` lists them".to_owned(),
        (_, []) => "none".to_owned(),
        (_, [calls @ .., last]) if !calls.is_empty() => format!("{} and {last}", calls.join(", ")),
        (_, calls) => calls.join(", "),
    };
    let mut others = Vec::new();
    if !kind.calls_at_start().contains(&Source::Build) {
        others.push("`BatchGetBuilds` if an event lacks a fact");
    }
    if reads.iter().any(|member| member.ends_with("of the batch")) {
        others.push("`BatchGetBuildBatches` for a build of a batch");
    }
    if kind.is_about_refs() {
        others.push(REF_CALLS);
    }
    if matches!(kind.option, OptionKind::Allowed(Syntax::Initiator, _)) {
        others.push("`BatchGetProjects` for the initiator of a webhook");
    }
    let sandboxes = match kind.not_for_sandboxes() {
        Some(why) => format!("it does not apply to them, because {why}"),
        None if matches!(kind.option, OptionKind::Expression(_)) => {
            "it applies to them, unless the expression names `startedBy`, `batch` or a member that no Sandbox has"
                .into()
        }
        None => "it applies to them".into(),
    };
    others.push("`StopBuild` to stop a build");
    let others = others.join("; ");
    let reads: Vec<String> = reads.iter().map(|member| format!("`{member}`")).collect();
    let reads = if reads.is_empty() { "what the expression uses".into() } else { reads.join(", ") };
    format!(
        "## `{id}`\n\n**Breaks when:** {breaks_when}\n\n**Why:** {why}\n\n\
         \u{20}   - id: example\n      {id}: {example}\n\n\
         | | members of the Build |\n| --- | --- |\n{beside}| allowed | `{allowed}` |\n| stopped | `{stopped}` |\n\n\
         **Reads:** {reads}.\n\n\
         **Sandboxes:** {sandboxes}.\n\n\
         **Calls at a build's start:** {at_start}. Also {others}.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_is_explained_by_its_id() {
        for check in CHECKS {
            let explained = explanation(check.id).unwrap();
            assert!(explained.starts_with(&format!("## `{}`\n", check.id)), "{explained}");
        }
        assert_eq!(explanation("max-timeouts"), None);
    }
}
