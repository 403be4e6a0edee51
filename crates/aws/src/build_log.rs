//! Writes into a build's own log, in CloudWatch Logs.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>

use aws_sdk_cloudwatchlogs::{Client, error::ProvideErrorMetadata, types::InputLogEvent};
use buildbrake_core::record::LogStream;
use jiff::Timestamp;

use crate::{AccountRegion, Accounts, CallError, Class, clients::Pace};

const SERVICE: &str = "CloudWatch Logs";

/// Writes lines into the logs of builds. Makes streams, but no groups.
#[derive(Debug)]
pub struct BuildLogs {
    accounts: Accounts,
}

impl BuildLogs {
    /// Makes no call yet.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    /// Writes a line into the log of a build in an account and region: one call if the stream exists, two if it is known that it does not, three otherwise.
    ///
    /// # Errors
    /// If the line was not written.
    pub(crate) async fn write(
        &self,
        place: &AccountRegion,
        stream: &LogStream,
        line: &str,
        now: Timestamp,
    ) -> Result<(), CallError> {
        let client = Client::new(&self.accounts.config(place, Pace::Prompt).sdk);
        if !stream.exists {
            create(&client, stream).await?;
        }
        match put(&client, stream, line, now).await {
            Err(error) if error.class == Class::NotFound && stream.exists => {
                create(&client, stream).await?;
                put(&client, stream, line, now).await
            }
            result => result,
        }
    }
}

async fn put(client: &Client, stream: &LogStream, line: &str, now: Timestamp) -> Result<(), CallError> {
    let event = InputLogEvent::builder().message(line).timestamp(now.as_millisecond()).build();
    let event = event.map_err(|_| CallError::new(Class::NotSent, "the line is incomplete"))?;
    let call = client.put_log_events().log_group_name(&stream.group).log_stream_name(&stream.name).log_events(event);
    let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    match answer.rejected_log_events_info() {
        Some(_) => Err(CallError::new(Class::Refused, format!("{SERVICE} rejected the line"))),
        None => Ok(()),
    }
}

/// Makes the stream, unless the build itself has made it by now.
async fn create(client: &Client, stream: &LogStream) -> Result<(), CallError> {
    let call = client.create_log_stream().log_group_name(&stream.group).log_stream_name(&stream.name);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ResourceAlreadyExistsException") => Ok(()),
        Err(error) => Err(CallError::from_sdk(SERVICE, error)),
    }
}
