//! Rules with `only-newest-per` whose scope selects none of the builds that they compare.

use crate::{
    diagnostic::{Code, Diagnostic},
    facts::starter::Starter,
    pattern::Pattern,
    policy::{Criterion, Rule},
};

/// Selectors of `only` that select nothing in such a rule.
pub(super) fn scope(rule: &Rule) -> impl Iterator<Item = Diagnostic> {
    let selectors = rule.only.iter().filter(|_| rule.newest_per().is_some());
    selectors.filter_map(|selector| {
        let (why, help) = if selector.criteria().any(is_retries_alone) {
            let help = "name what starts the first tries, such as `started-by: [webhook]`";
            ("an automatic retry counts as its first try, so `started-by: [retry]` matches no build", help)
        } else if !selector.names_pipelines() && selector.criteria().any(is_pipelines_alone) {
            let help =
                "add `started-by: [pipeline]` beside it; stopping a pipeline's build fails the pipeline's execution";
            ("its `initiators` are pipelines, whose builds are left out", help)
        } else {
            return None;
        };
        let message = format!("an element of `only` of `{}` selects nothing: {why}", rule.id);
        Some(Diagnostic::new(Code::SelectsNothing, rule.place, message, help))
    })
}

fn is_retries_alone(criterion: &Criterion) -> bool {
    matches!(criterion, Criterion::StartedBy(starters) if starters.iter().all(|one| *one == Starter::Retry))
}

fn is_pipelines_alone(criterion: &Criterion) -> bool {
    let is_pipeline = |pattern: &Pattern| pattern.as_str().starts_with("codepipeline/");
    match criterion {
        Criterion::Among(subject, patterns) => subject.name == "initiators" && patterns.iter().all(is_pipeline),
        Criterion::Kinds(_) | Criterion::StartedBy(_) | Criterion::Tagged(..) | Criterion::When(_) => false,
    }
}
