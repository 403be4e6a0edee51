//! The SDK's errors, sorted into ours: what a retry can help, and what it cannot.

use aws_sdk_codebuild::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use serde::Serialize;

/// Why a call to AWS did not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Class {
    /// Too many calls. A retry helps.
    Throttled,
    /// The service failed. A retry helps.
    ServiceFault,
    /// No answer in time. A retry helps.
    TimedOut,
    /// No connection, or one that broke, or no credentials to be had. A retry helps.
    ConnectionFault,
    /// The credentials, or the clock that signs with them, were out of date. A retry helps.
    ExpiredCredentials,
    /// An answer that cannot be read, or that lacks what it is for. A retry helps.
    UnreadableAnswer,
    /// The stop was answered, and the build runs on. A retry helps.
    NotConfirmed,
    /// The function's role may not do this. No retry helps.
    AccessDenied,
    /// The API takes the request for wrong. No retry helps.
    InvalidInput,
    /// There is no such build. No retry helps.
    NotFound,
    /// The API refuses for another reason. No retry helps.
    Refused,
    /// The request could not be made: no region, say. No retry helps.
    NotSent,
}

/// A call that did not do its work. Holds no text that could hold a secret but the
/// service's own message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind of failure.
    pub class: Class,
    /// The API's error code.
    pub code: Option<String>,
    /// The request's id, as AWS support asks for it.
    pub request_id: Option<String>,
    /// What happened, for a person.
    pub message: String,
}

impl CallError {
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, code: None, request_id: None, message: message.into() }
    }

    /// Sorts an error of the SDK, of a call to `service`. Neither its `Debug` form nor its
    /// chain of sources is read for text: both print whole requests and answers.
    pub(crate) fn from_sdk<E>(service: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata,
        SdkError<E, HttpResponse>: RequestId,
    {
        let request_id = error.request_id().map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().map(str::to_owned);
        let class = match &error {
            SdkError::ConstructionFailure(_) => Class::NotSent,
            SdkError::TimeoutError(_) => Class::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Class::TimedOut,
            SdkError::DispatchFailure(_) => Class::ConnectionFault,
            _ => classify(status.unwrap_or_default(), code.as_deref()),
        };
        let message = match (class, &code, status) {
            (Class::NotSent, ..) => "the request could not be made".to_owned(),
            (Class::TimedOut, _, None) => format!("{service} did not answer in time"),
            (Class::ConnectionFault, ..) => format!("no connection to {service}, or no credentials for it"),
            // The service explains a wrong signature by the request's headers, session token included.
            (_, Some(code), _) if code.contains("Signature") => format!("{service} answered {code}"),
            (_, Some(code), _) => match error.message() {
                Some(message) => format!("{service} answered {code}: {message}"),
                None => format!("{service} answered {code}"),
            },
            (Class::UnreadableAnswer, ..) => format!("{service}'s answer could not be read"),
            (_, None, status) => format!("{service} answered HTTP {}", status.unwrap_or_default()),
        };
        Self { class, code, request_id, message }
    }
}

/// Sorts an answer by its HTTP status and error code. The SDK itself retries some of
/// these and not others (a bodiless 429, a fault sent as 400); what remains is sorted
/// the same, so that Lambda retries it.
///
/// Common codes: <https://docs.aws.amazon.com/codebuild/latest/APIReference/CommonErrors.html>
fn classify(status: u16, code: Option<&str>) -> Class {
    match (code, status) {
        (
            Some(
                "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "RequestLimitExceeded"
                | "TooManyRequestsException"
                | "SlowDown",
            ),
            _,
        )
        | (_, 429) => Class::Throttled,
        (Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "RequestTimeTooSkewed"), _) => {
            Class::ExpiredCredentials
        }
        (Some("RequestTimeout" | "RequestTimeoutException"), _) | (_, 408) => Class::TimedOut,
        (
            Some(
                "InternalFailure"
                | "InternalError"
                | "InternalServerError"
                | "InternalServerException"
                | "InternalServiceException"
                | "ServiceUnavailable"
                | "ServiceUnavailableException",
            ),
            _,
        )
        | (_, 500..) => Class::ServiceFault,
        (Some("ResourceNotFoundException"), _) => Class::NotFound,
        (Some("InvalidInputException" | "ValidationException" | "ValidationError" | "SerializationException"), _) => {
            Class::InvalidInput
        }
        (
            Some(
                "AccessDenied"
                | "AccessDeniedException"
                | "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "MissingAuthenticationToken"
                | "NotAuthorized"
                | "OptInRequired",
            ),
            _,
        )
        | (None, 401 | 403) => Class::AccessDenied,
        (None, 200..=399) => Class::UnreadableAnswer,
        _ => Class::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_class() {
        for (status, code, expected) in [
            (400, Some("ThrottlingException"), Class::Throttled),
            (400, Some("Throttling"), Class::Throttled),
            (429, None, Class::Throttled),
            (408, None, Class::TimedOut),
            (500, None, Class::ServiceFault),
            (503, Some("ServiceUnavailable"), Class::ServiceFault),
            (400, Some("InternalFailure"), Class::ServiceFault),
            (400, Some("ExpiredTokenException"), Class::ExpiredCredentials),
            (403, Some("ExpiredToken"), Class::ExpiredCredentials),
            (400, Some("AccessDeniedException"), Class::AccessDenied),
            (403, None, Class::AccessDenied),
            (400, Some("UnrecognizedClientException"), Class::AccessDenied),
            (400, Some("ResourceNotFoundException"), Class::NotFound),
            (400, Some("InvalidInputException"), Class::InvalidInput),
            (400, Some("AccountSuspendedException"), Class::Refused),
            (400, Some("SomethingNewException"), Class::Refused),
            (400, None, Class::Refused),
            (200, None, Class::UnreadableAnswer),
        ] {
            assert_eq!(classify(status, code), expected, "{status} {code:?}");
        }
    }
}
