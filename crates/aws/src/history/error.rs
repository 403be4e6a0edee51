//! The reason why a history could not be read to its end.

use std::fmt;

use crate::{CallError, Class};

/// A call that failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryError {
    /// The name of the operation, such as `ListProjects`.
    pub operation: &'static str,
    /// The region in which it was called.
    pub region: String,
    /// The failed call. Boxed because it is large.
    pub error: Box<CallError>,
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, region, error } = self;
        match (error.class, error.code.as_deref()) {
            (Class::AccessDenied, None | Some("AccessDenied" | "AccessDeniedException" | "NotAuthorized")) => {
                write!(f, "access denied: {operation} in {region} needs the permission `codebuild:{operation}`")
            }
            (Class::AccessDenied, Some(code)) => {
                write!(f, "the credentials are not valid in {region}: {operation} returned {code}")
            }
            (Class::ExpiredCredentials, _) => {
                write!(f, "the credentials have expired ({operation} in {region}); renew them")
            }
            (Class::Throttled, _) => write!(f, "CodeBuild keeps throttling {operation} in {region}; try again later"),
            _ => write!(f, "{operation} in {region} failed: {error}"),
        }
    }
}

impl std::error::Error for HistoryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_operation_and_what_to_do() {
        for (class, code, expected) in [
            (
                Class::AccessDenied,
                Some("AccessDeniedException"),
                "access denied: ListProjects in eu-west-1 needs the permission `codebuild:ListProjects`",
            ),
            (
                Class::AccessDenied,
                Some("UnrecognizedClientException"),
                "the credentials are not valid in eu-west-1: ListProjects returned UnrecognizedClientException",
            ),
            (
                Class::ExpiredCredentials,
                Some("ExpiredTokenException"),
                "the credentials have expired (ListProjects in eu-west-1); renew them",
            ),
            (
                Class::Throttled,
                Some("ThrottlingException"),
                "CodeBuild keeps throttling ListProjects in eu-west-1; try again later",
            ),
            (Class::ConnectionFault, None, "ListProjects in eu-west-1 failed: no connection to CodeBuild"),
        ] {
            let error = CallError { code: code.map(Into::into), ..CallError::new(class, "no connection to CodeBuild") };
            let error = HistoryError { operation: "ListProjects", region: "eu-west-1".into(), error: Box::new(error) };
            assert_eq!(error.to_string(), expected);
        }
    }
}
