//! Patterns of initiators: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`,
//! `GitHub-Hookshot/4f5b68a`.

use crate::{
    facts::possible::{Remark, is_wild},
    pattern::Pattern,
};

/// The texts that CodeBuild writes in front of a `/` if no role started the build, each with the usual names of
/// that service in lower case.
const SERVICES: [(&str, &[&str]); 4] = [
    ("codepipeline", &["codepipeline", "code-pipeline", "codepipelines", "pipeline", "pipelines", "aws-codepipeline"]),
    ("rule", &["rule", "rules", "events", "eventbridge", "cloudwatch"]),
    ("GitHub-Hookshot", &["github-hookshot", "github-webhook", "hookshot", "webhook", "webhooks"]),
    ("Bitbucket-Webhooks", &["bitbucket-webhooks", "bitbucket-webhook"]),
];

/// The names that hardly any user has.
const NO_USERS: [&str; 6] = ["codepipeline", "rule", "github-hookshot", "bitbucket-webhooks", "webhook", "webhooks"];

/// The initiator of builds that CodeBuild's plugin for Jenkins starts. It has no session.
const JENKINS: &str = "CodeBuild-Jenkins-Plugin";

/// Parses a pattern of initiators, which are compared as written, with warnings about probable mistakes.
/// Returns an error if no initiator can fit it.
///
/// The names of users, roles and sessions consist of letters, digits and `_+=,.@-`:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub fn initiator_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    let never = |why: &str, right: String| Err(Remark::new(format!("no initiator fits `{text}`: {why}"), right));
    if text.contains(char::is_whitespace) {
        let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let right =
            if text.contains('/') { format!("`{joined}`") } else { "a list with an element for each".to_owned() };
        return never("a name has no white space", right);
    }
    if let Some(name) = text.strip_suffix('/') {
        let right = match name.strip_prefix('/') {
            Some(inner) => format!("`{inner}`"),
            None if name.is_empty() => "`*/*`".to_owned(),
            None => format!("`{text}*`"),
        };
        return never("a name follows the `/`", right);
    }
    if text.starts_with('/') {
        return never("a name stands in front of the `/`", format!("`*{text}`"));
    }
    Ok((pattern, probably_not_meant(text)))
}

fn probably_not_meant(text: &str) -> Vec<Remark> {
    let warning = |message: String, right: String| vec![Remark::new(message, right)];
    if let Some((before, resource)) = text.rsplit_once(':') {
        let what = if before.contains("arn") { "is an ARN" } else { "has a `:`" };
        return warning(format!("no initiator {what}, so `{text}` fits none"), without_arn(resource));
    }
    if let Some(separator) = ['|', ',', ';'].into_iter().find(|separator| text.contains(*separator)) {
        let names: String = text.chars().filter(|c| !"()".contains(*c)).collect();
        let names = names.split(separator).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
        return warning(format!("`{separator}` in `{text}` is a part of the name"), format!("a list: `[{names}]`"));
    }
    if let Some(found) = text.chars().find(|c| !c.is_alphanumeric() && !"_+=.@-/*?".contains(*c)) {
        let right = "a name of letters, digits and `_+=.@-`, without anything around it".to_owned();
        return warning(format!("no initiator has a `{}`, so `{text}` fits none", found.escape_debug()), right);
    }
    if let Some(name) = text.strip_prefix('@') {
        return warning(format!("`@` in `{text}` is a part of the name"), format!("the name alone: `{name}`"));
    }
    if let Some(at) = regex_wildcard(text) {
        let right = format!("`{}*`, since `*` alone stands for any run of characters", &text[..at]);
        return warning(format!("`{text}` fits only names with a `.` in that place"), right);
    }
    let (name, session) = text.split_once('/').map_or((text, None), |(name, session)| (name, Some(session)));
    let called = match session {
        Some(_) => format!("`{text}` fits only a role that is called `{name}`"),
        None => format!("`{text}` fits only a user with this name"),
    };
    let whole = text.trim_start_matches('*');
    if let (Some(_), "user" | "role" | "assumed-role" | "*assumed-role") = (session, name) {
        return warning(called, without_arn(whole));
    }
    let lower = name.to_ascii_lowercase();
    if let (Some(session), "iamuser" | "iam-user") = (session, &*lower) {
        return warning(called, format!("the user's name: `{session}`"));
    }
    if let (None, "user" | "role") = (session, name) {
        return warning(called, format!("`started-by: [{name}]` in a selector, or the names that builds show"));
    }
    if session.is_some() && name == JENKINS || session.is_none() && lower == "jenkins" {
        return warning(called, format!("`{JENKINS}`"));
    }
    let is_principal = lower.ends_with(".amazonaws.com");
    let service = SERVICES.iter().find(|(_, names)| names.contains(&lower.trim_end_matches(".amazonaws.com")));
    let is_meant = session.is_some() || is_principal || NO_USERS.contains(&&*lower);
    if let Some((service, _)) = service.filter(|(service, _)| is_meant && (session.is_none() || *service != name)) {
        return warning(called, format!("`{service}/{}`", session.unwrap_or("*")));
    }
    if is_principal {
        return warning(called, "the initiator as a build shows it, as in `codepipeline/*`".to_owned());
    }
    if session.is_none() && name.starts_with("AWSCodeBuild-") {
        return warning(called, format!("`*/{text}`"));
    }
    if session.is_some_and(|session| session.contains('/')) {
        let message =
            format!("`{text}` has more than one `/`, and an initiator is a role and its session, without a path");
        return warning(message, "the role's name alone, and its session, as in `Admin/*`".to_owned());
    }
    Vec::new()
}

/// Returns the first place of a `.*` or `.+` that is probably a regular expression's: at the start, or behind a
/// sign, where names have no dot.
fn regex_wildcard(text: &str) -> Option<usize> {
    let starts = text.match_indices(".*").chain(text.match_indices(".+")).map(|(at, _)| at);
    starts.filter(|at| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || is_wild(&c.to_string()))).min()
}

/// The initiator for the last part of an ARN, or for a path that looks like one.
fn without_arn(resource: &str) -> String {
    match resource.split_once('/') {
        Some(("user", name)) => format!("the user's name: `{}`", last_part(name)),
        Some(("assumed-role", name)) if name.contains('/') => format!("the role and its session: `{name}`"),
        Some(("role", name)) if name.contains('/') && is_wild(last_part(name)) => {
            format!("the role and its session: `{name}`")
        }
        Some((_, name)) => format!("the role's name: `{}/*`", last_part(name)),
        None => "a name as in `alice`, or `Role/*`".to_owned(),
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
