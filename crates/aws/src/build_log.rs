//! Writes into a build's own log, in CloudWatch Logs.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>

use aws_sdk_cloudwatchlogs::{Client, types::InputLogEvent};
use buildbrake_core::record::LogStream;
use jiff::Timestamp;

use crate::{AccountRegion, Accounts, CallError, Class, call::call, clients::Pace};

const SERVICE: &str = "CloudWatch Logs";

/// Writes lines into the logs of builds. Creates log streams, but no log groups.
#[derive(Debug)]
pub struct BuildLogs {
    accounts: Accounts,
}

impl BuildLogs {
    /// Makes no call yet.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    /// Writes a line into the log of a build in an account and region. Takes one call if the stream exists, two if it
    /// is known to be missing, and three if it turns out to be missing.
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
    let request = client.put_log_events().log_group_name(&stream.group).log_stream_name(&stream.name);
    let sent = request.log_events(event).send();
    match call(SERVICE, "PutLogEvents", sent, |answer| Some(answer.rejected_log_events_info)).await? {
        Some(_) => Err(CallError::new(Class::Refused, format!("{SERVICE} rejected the line"))),
        None => Ok(()),
    }
}

/// Creates the stream. It is not an error if the build itself has created it by now.
async fn create(client: &Client, stream: &LogStream) -> Result<(), CallError> {
    let sent = client.create_log_stream().log_group_name(&stream.group).log_stream_name(&stream.name).send();
    match call(SERVICE, "CreateLogStream", sent, |_| Some(())).await {
        Err(error) if error.code.as_deref() == Some("ResourceAlreadyExistsException") => Ok(()),
        result => result,
    }
}
