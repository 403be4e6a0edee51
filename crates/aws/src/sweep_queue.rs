//! Sends the sweeps of many accounts and regions to a queue.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use buildbrake_core::event::{SweepQueue, SweepSchedule};
use futures_util::{StreamExt, stream};

use crate::{CallError, Class, call::call, error::classify, running::CONCURRENT_CALLS};

/// The most messages of one call.
const MAX_ENTRIES: usize = 10;

const SERVICE: &str = "SQS";

/// The queue over which sweeps go.
#[derive(Debug)]
pub struct Sweeps {
    config: SdkConfig,
    /// Made when it is first needed: most events are about a build.
    client: OnceLock<Client>,
    queue: SweepQueue,
    schedule: SweepSchedule,
}

impl Sweeps {
    /// Makes no call yet.
    pub fn new(config: &SdkConfig, queue: SweepQueue, schedule: SweepSchedule) -> Self {
        Self { config: config.clone(), client: OnceLock::new(), queue, schedule }
    }

    /// The queue.
    pub(crate) fn queue(&self) -> &SweepQueue {
        &self.queue
    }

    /// The time between two sweeps.
    pub(crate) fn schedule(&self) -> SweepSchedule {
        self.schedule
    }

    /// Sends messages with these bodies.
    ///
    /// # Errors
    /// If one of them could not be sent. Others may have been.
    pub(crate) async fn send(&self, bodies: &[String]) -> Result<(), CallError> {
        let calls = bodies.chunks(MAX_ENTRIES).map(|bodies| Box::pin(self.put(bodies)));
        let results: Vec<Result<(), CallError>> =
            stream::iter(calls).buffer_unordered(CONCURRENT_CALLS).collect().await;
        results.into_iter().collect()
    }

    async fn put(&self, bodies: &[String]) -> Result<(), CallError> {
        let entry = |(id, body): (usize, &String)| {
            SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(body).build()
        };
        let entries: Result<Vec<_>, _> = bodies.iter().enumerate().map(entry).collect();
        let entries = entries.map_err(|_| CallError::new(Class::NotSent, "a message is incomplete"))?;
        let client = self.client.get_or_init(|| Client::new(&self.config));
        let sent = client.send_message_batch().queue_url(self.queue.url()).set_entries(Some(entries)).send();
        let refused = call(SERVICE, "SendMessageBatch", sent, |output| Some(output.failed)).await?;
        let Some(first) = refused.first() else { return Ok(()) };
        let status = if first.sender_fault { 400 } else { 500 };
        let message = format!("{SERVICE} did not accept {} of {} messages", refused.len(), bodies.len());
        let class = classify(status, Some(&first.code));
        Err(CallError { code: Some(first.code.clone()), ..CallError::new(class, message) })
    }
}
