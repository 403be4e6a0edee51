//! Writes into a build's own log, in CloudWatch Logs.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::{Client, error::ProvideErrorMetadata, types::InputLogEvent};
use buildbrake_core::record::LogStream;
use jiff::Timestamp;

use crate::{CallError, Class};

const SERVICE: &str = "CloudWatch Logs";

/// Writes lines into the logs of builds. Makes streams, but no groups.
#[derive(Debug)]
pub struct BuildLogs {
    config: SdkConfig,
    /// Made when it is first needed: most builds are not stopped.
    client: OnceLock<Client>,
}

impl BuildLogs {
    /// Makes no call yet.
    pub fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone(), client: OnceLock::new() }
    }

    /// Writes a line: one call if the stream exists, two if it is known that it does not, three otherwise.
    ///
    /// # Errors
    /// If the line was not written.
    pub(crate) async fn write(&self, stream: &LogStream, line: &str, now: Timestamp) -> Result<(), CallError> {
        if !stream.exists {
            self.create(stream).await?;
        }
        match self.put(stream, line, now).await {
            Err(error) if error.class == Class::NotFound && stream.exists => {
                self.create(stream).await?;
                self.put(stream, line, now).await
            }
            result => result,
        }
    }

    async fn put(&self, stream: &LogStream, line: &str, now: Timestamp) -> Result<(), CallError> {
        let event = InputLogEvent::builder().message(line).timestamp(now.as_millisecond()).build();
        let event = event.map_err(|_| CallError::new(Class::NotSent, "the line is incomplete"))?;
        let call = self
            .client()
            .put_log_events()
            .log_group_name(&stream.group)
            .log_stream_name(&stream.name)
            .log_events(event);
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
        match answer.rejected_log_events_info() {
            Some(_) => Err(CallError::new(Class::Refused, format!("{SERVICE} rejected the line"))),
            None => Ok(()),
        }
    }

    /// Makes the stream, unless the build itself has made it by now.
    async fn create(&self, stream: &LogStream) -> Result<(), CallError> {
        let call = self.client().create_log_stream().log_group_name(&stream.group).log_stream_name(&stream.name);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceAlreadyExistsException") => Ok(()),
            Err(error) => Err(CallError::from_sdk(SERVICE, error)),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.config))
    }
}
