//! The way of spans to a collector: OTLP over HTTP, as protobuf.
//!
//! One task takes what is queued, waits up to `otlp_interval` for more, and posts it to
//! `otlp_endpoint` (`/v1/traces`, where the URL has no path). It alone waits for the
//! collector, each time up to `otlp_timeout`. What is refused is lost and counted: a
//! collector that is down for long would have it too late anyway. That it is down is said
//! in the log once, and again when it is back.
//!
//! Headers that a collector asks for are in `OTEL_EXPORTER_OTLP_HEADERS`, as the library
//! reads them; they are no setting, so that no secret of a collector is shown by
//! `print-config`.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{SpanCounts, invalid};
use crate::config::Config;
use crate::error::{Error, Result};

/// Spans of one request to the collector.
const BATCH_MAX: usize = 512;

/// Of an answer: it says no more than how many spans were refused.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The path of traces.
const PATH: &str = "/v1/traces";

pub(super) struct Exporter {
    exporter: SpanExporter,
    interval: Duration,
    timeout: Duration,
}

impl Exporter {
    pub(super) fn new(config: &Config) -> Result<Exporter> {
        let timeout = config.otlp_timeout.duration();
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::internal(format!("a client of HTTP: {error}")))?;
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint(&config.otlp_endpoint)?)
            .with_timeout(timeout)
            .with_http_client(Client(client))
            .with_retry_policy(RetryPolicy::default().with_max_retries(0))
            .build()
            .map_err(|error| invalid(format!("\"otlp_endpoint\": {error}")))?;
        let resource = Resource::builder_empty()
            .with_service_name(config.otlp_service_name.clone())
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", format!("{:032x}", rand::random::<u128>())),
                KeyValue::new("process.pid", i64::from(std::process::id())),
            ])
            .build();
        exporter.set_resource(&resource);
        Ok(Exporter { exporter, interval: config.otlp_interval.duration(), timeout })
    }

    /// Sends what is queued until `closing`, and then what is left.
    pub(super) async fn run(
        &self,
        mut queued: mpsc::Receiver<SpanData>,
        counts: &SpanCounts,
        closing: &CancellationToken,
    ) {
        let mut is_down = false;
        loop {
            let mut batch = Vec::with_capacity(BATCH_MAX);
            let first = tokio::select! {
                count = queued.recv_many(&mut batch, BATCH_MAX) => count,
                () = closing.cancelled() => 0,
            };
            if first > 0 {
                self.fill(&mut batch, &mut queued, closing).await;
            } else {
                // What is queued later has missed its time.
                queued.close();
                while batch.len() < BATCH_MAX
                    && let Ok(span) = queued.try_recv()
                {
                    batch.push(span);
                }
            }
            if batch.is_empty() {
                return;
            }
            self.send(batch, counts, &mut is_down).await;
        }
    }

    /// Waits for a batch to grow, no longer than the interval.
    async fn fill(
        &self,
        batch: &mut Vec<SpanData>,
        queued: &mut mpsc::Receiver<SpanData>,
        closing: &CancellationToken,
    ) {
        let end = tokio::time::Instant::now() + self.interval;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            tokio::select! {
                count = queued.recv_many(batch, room) => if count == 0 { return },
                () = closing.cancelled() => return,
                () = tokio::time::sleep_until(end) => return,
            }
        }
    }

    async fn send(&self, batch: Vec<SpanData>, counts: &SpanCounts, is_down: &mut bool) {
        let count = batch.len() as u64;
        let sent = tokio::time::timeout(self.timeout, self.exporter.export(batch)).await;
        let failure = match sent {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it did not answer in time".to_owned()),
        };
        match &failure {
            None => counts.sent.add(count),
            Some(_) => counts.failed.add(count),
        }
        match (failure, *is_down) {
            (Some(why), false) => tracing::warn!("the collector does not take spans: {why}"),
            (None, true) => tracing::info!("the collector takes spans again"),
            (None, false) | (Some(_), true) => return,
        }
        *is_down = !*is_down;
    }
}

/// The URL that spans are sent to.
fn endpoint(text: &str) -> Result<String> {
    let url = reqwest::Url::parse(text)
        .map_err(|error| invalid(format!("\"otlp_endpoint\": \"{text}\": {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(invalid(format!("\"otlp_endpoint\": \"{text}\" is not a URL of HTTP")));
    }
    match url.path() {
        "" | "/" => Ok(format!("{}{PATH}", text.trim_end_matches('/'))),
        _ => Ok(text.to_owned()),
    }
}

/// The server's own client of HTTP, as the library asks for one.
struct Client(reqwest::Client);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(
        &self,
        request: Request<Bytes>,
    ) -> std::result::Result<Response<Bytes>, HttpError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err("the answer is too long".into());
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = answer.status();
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn an_endpoint_without_a_path_is_completed() {
        let complete = |text: &str| endpoint(text).unwrap();
        assert_eq!(complete("http://h:4318"), "http://h:4318/v1/traces");
        assert_eq!(complete("http://h:4318/"), "http://h:4318/v1/traces");
        assert_eq!(complete("https://h/otlp/v1/traces"), "https://h/otlp/v1/traces");
        assert!(endpoint("h:4318").is_err() && endpoint("ftp://h/").is_err());
    }
}
