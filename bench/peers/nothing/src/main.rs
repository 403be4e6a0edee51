//! A function that does nothing: the least that a Lambda function in Rust can cost.

use std::io::{self, Write};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(async |_event: LambdaEvent<Box<RawValue>>| {
        io::stdout().write_all(b"{}\n")?;
        Ok::<_, Error>(serde_json::Map::new())
    }))
    .await
}
