//! One call to AWS, with any of the SDK's clients.

use aws_sdk_codebuild::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};

use crate::{CallError, Class};

/// Waits for a call, and reads its output. If `read` returns `None`, the call fails with an unreadable answer.
pub(crate) async fn call<O, E, T>(
    service: &str,
    operation: &str,
    sent: impl Future<Output = Result<O, SdkError<E, HttpResponse>>>,
    read: impl FnOnce(O) -> Option<T>,
) -> Result<T, CallError>
where
    O: RequestId,
    E: ProvideErrorMetadata,
    SdkError<E, HttpResponse>: RequestId,
{
    let output = sent.await.map_err(|error| CallError::from_sdk(service, error))?;
    let request_id = output.request_id().map(str::to_owned);
    read(output).ok_or_else(|| {
        let message = format!("{service}'s answer to {operation} is incomplete");
        CallError { request_id, ..CallError::new(Class::UnreadableAnswer, message) }
    })
}
