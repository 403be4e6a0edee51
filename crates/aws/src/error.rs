//! Failed calls to AWS, classified by whether a retry can fix them.

use std::{error::Error, io, iter::successors};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_codebuild::{
    config::http::HttpResponse,
    error::{ConnectorError, ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use buildbrake_core::{facts::inquiry::Cause, record::Failure};

use crate::members::NotEntered;

/// The reason why a call to AWS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Too many calls. A retry can fix it.
    Throttled,
    /// The service failed. A retry can fix it.
    ServiceFault,
    /// There was no answer in time. A retry can fix it.
    TimedOut,
    /// There was no connection, or a broken one, or no credentials. A retry can fix it.
    ConnectionFault,
    /// The credentials had expired, or the clock is off. A retry can fix it.
    ExpiredCredentials,
    /// The answer could not be parsed, or is incomplete. A retry can fix it.
    UnreadableAnswer,
    /// CodeBuild accepted the stop, but has not confirmed it. A retry can fix it.
    NotConfirmed,
    /// The role may not do this. No retry can fix it.
    AccessDenied,
    /// The role in another account may not be assumed. No retry can fix it.
    RoleDenied,
    /// The API considers the request invalid. No retry can fix it.
    InvalidInput,
    /// The thing does not exist. No retry can fix it.
    NotFound,
    /// The API refuses for another reason. No retry can fix it.
    Refused,
    /// The request could not be made, for example without a region. No retry can fix it.
    NotSent,
}

impl Class {
    /// Returns whether a retry can fix it.
    pub(crate) fn is_temporary(self) -> bool {
        match self {
            Self::Throttled
            | Self::ServiceFault
            | Self::TimedOut
            | Self::ConnectionFault
            | Self::ExpiredCredentials
            | Self::UnreadableAnswer
            | Self::NotConfirmed => true,
            Self::AccessDenied
            | Self::RoleDenied
            | Self::InvalidInput
            | Self::NotFound
            | Self::Refused
            | Self::NotSent => false,
        }
    }

    /// Returns whether a call that failed under this name may have taken effect nevertheless.
    pub(crate) fn may_have_acted(name: &str) -> bool {
        let unanswered =
            [Self::ServiceFault, Self::TimedOut, Self::ConnectionFault, Self::UnreadableAnswer, Self::NotConfirmed];
        unanswered.iter().any(|class| class.name() == name)
    }

    /// The cause of a question's failure, in these words.
    pub(crate) fn in_words(self, words: String) -> Cause {
        match self {
            Self::AccessDenied | Self::RoleDenied => Cause::Denied(words),
            _ => Cause::Other(words),
        }
    }

    /// The cause of a question's failure, in the words of [`Self::name`].
    pub(crate) fn cause(self) -> Cause {
        self.in_words(self.name().to_owned())
    }

    /// The name in a record's `error.type` and in an invocation's `errorType`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "Throttled",
            Self::ServiceFault => "ServiceFault",
            Self::TimedOut => "TimedOut",
            Self::ConnectionFault => "ConnectionFault",
            Self::ExpiredCredentials => "ExpiredCredentials",
            Self::UnreadableAnswer => "UnreadableAnswer",
            Self::NotConfirmed => "NotConfirmed",
            Self::AccessDenied => "AccessDenied",
            Self::RoleDenied => "RoleDenied",
            Self::InvalidInput => "InvalidInput",
            Self::NotFound => "NotFound",
            Self::Refused => "Refused",
            Self::NotSent => "NotSent",
        }
    }
}

/// A failed call. Its message quotes nothing but the error code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// The kind of failure.
    pub class: Class,
    /// The API's error code.
    pub code: Option<String>,
    /// The request's id, for AWS support.
    pub request_id: Option<String>,
    /// The error, as a lower-case fragment.
    pub message: String,
    /// The service's own text, which may quote secrets.
    pub answer: Option<String>,
}

impl CallError {
    pub(crate) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, code: None, request_id: None, message: message.into(), answer: None }
    }

    /// Classifies an error of a call to `service`. The error's `Debug` form and the texts of its sources are never
    /// used: they contain whole requests and answers.
    pub(crate) fn from_sdk<E>(service: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata,
        SdkError<E, HttpResponse>: RequestId,
    {
        if let Some(NotEntered(error)) = not_entered(&error) {
            return error.clone();
        }
        let request_id = error.request_id().map(str::to_owned);
        let code = error.code().map(str::to_owned);
        let status = error.raw_response().map_or(0, |response| response.status().as_u16());
        let mut answer = None;
        let (class, message) = match &error {
            SdkError::ConstructionFailure(_) => {
                (Class::NotSent, "the request could not be made; is a region set?".to_owned())
            }
            SdkError::TimeoutError(_) => (Class::TimedOut, format!("{service} did not answer in time")),
            SdkError::DispatchFailure(failure) => undelivered(service, failure.as_connector_error()),
            _ => {
                let class = classify(status, code.as_deref());
                // For a wrong signature, the service's text quotes the request's headers, including the session
                // token.
                answer = error.message().filter(|_| code.as_deref().is_some_and(|code| !code.contains("Signature")));
                (class, answered(service, class, status, code.as_deref()))
            }
        };
        let answer = answer.map(str::to_owned);
        Self { class, code, request_id, message, answer }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let CallError { class, code, request_id, message, answer } = error;
        Self { r#type: class.name().to_owned(), code, request_id, message, answer }
    }
}

/// Returns the reason why the role in the call's account could not be assumed, if the call failed because of that.
fn not_entered<E>(error: &SdkError<E, HttpResponse>) -> Option<&NotEntered> {
    let SdkError::DispatchFailure(failure) = error else { return None };
    causes(failure.as_connector_error()?).find_map(|cause| cause.downcast_ref())
}

/// Returns the reason why a request did not reach the service: no answer, no credentials, or no
/// connection.
fn undelivered(service: &str, error: Option<&ConnectorError>) -> (Class, String) {
    if error.is_some_and(ConnectorError::is_timeout) {
        return (Class::TimedOut, format!("{service} did not answer in time"));
    }
    let credentials = error.and_then(|error| causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>()));
    let message = match credentials {
        None => format!("no connection to {service}"),
        Some(error) => {
            let why = match error {
                CredentialsError::CredentialsNotLoaded(_) => "none were found",
                CredentialsError::ProviderTimedOut(_) => "their provider did not answer in time",
                CredentialsError::InvalidConfiguration(_) => "their configuration is invalid",
                _ => "their provider failed",
            };
            format!("no credentials for {service}: {why}")
        }
    };
    (Class::ConnectionFault, message)
}

/// An error and its causes, including the errors inside I/O errors.
pub(crate) fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// Describes the error that the service answered.
fn answered(service: &str, class: Class, status: u16, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{service} answered {code}"),
        None if class == Class::UnreadableAnswer => format!("{service}'s answer could not be read"),
        None => format!("{service} answered HTTP {status}"),
    }
}

/// Classifies an answer by its HTTP status and error code. The SDK retries some of these and not others (a 429
/// without a body, a fault sent as 400); Lambda retries them all.
///
/// Common codes: <https://docs.aws.amazon.com/codebuild/latest/APIReference/CommonErrors.html>
pub(crate) fn classify(status: u16, code: Option<&str>) -> Class {
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
