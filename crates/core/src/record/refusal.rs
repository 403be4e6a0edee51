//! Texts of services that quote nothing but names: a refused action, its caller and its resource.

/// The words in the error texts of IAM and of the services' own limits.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
const WORDS: &[&str] = &[
    "User",
    "is",
    "not",
    "authorized",
    "to",
    "perform",
    "on",
    "resource",
    "because",
    "no",
    "allows",
    "the",
    "action",
    "with",
    "an",
    "a",
    "explicit",
    "deny",
    "in",
    "identity-based",
    "resource-based",
    "service",
    "resource",
    "control",
    "session",
    "role",
    "trust",
    "VPC",
    "endpoint",
    "permissions",
    "boundary",
    "policy",
    "Rate",
    "exceeded",
    "Too",
    "many",
    "requests",
    "The",
    "security",
    "token",
    "included",
    "request",
    "expired",
    "invalid",
];

/// The services whose ARNs name a caller, a policy, or what this program calls.
const SERVICES: &[&str] =
    &["codebuild", "codepipeline", "codecommit", "iam", "lambda", "organizations", "scheduler", "sts"];

/// Returns whether each word of a text is a usual one, an action or an ARN.
pub(super) fn is_harmless(text: &str) -> bool {
    text.split_whitespace()
        .map(|word| word.trim_end_matches(['.', ',', ':']))
        .all(|word| word == "*" || WORDS.contains(&word) || is_action(word) || is_arn(word))
}

/// Returns whether a text is an action: `codebuild:StopBuild`.
fn is_action(text: &str) -> bool {
    text.split_once(':').is_some_and(|(service, name)| {
        SERVICES.contains(&service) && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, service, _, _, _] if partition.starts_with("aws") && SERVICES.contains(&service))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_-+=,.@*".contains(&byte))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_of_usual_words_and_names_is_harmless() {
        let denied = "User: arn:aws:sts::111122223333:assumed-role/buildbrake/buildbrake is not authorized to perform: \
                      codebuild:StopBuild on resource: arn:aws:codebuild:eu-west-1:111122223333:project/shop";
        for (text, is_harmless) in [
            ("", true),
            ("Rate exceeded", true),
            ("The security token included in the request is expired", true),
            (denied, true),
            (&format!("{denied} because no identity-based policy allows the codebuild:StopBuild action"), true),
            (&format!("{denied} with an explicit deny in a service control policy"), true),
            (
                &format!(
                    "{denied} with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/a"
                ),
                true,
            ),
            (&format!("{denied} with s3cret"), false),
            ("Rate exceeded: 12", false),
            ("User: alice is not authorized", false),
            ("codebuild:Stop_Build", false),
            ("no arn:aws:ssm:eu-west-1:111122223333:parameter/token", false),
            ("https://token@host/", false),
        ] {
            assert_eq!(super::is_harmless(text), is_harmless, "{text}");
        }
    }
}
