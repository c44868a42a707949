//! Traces: where a client's trace comes in, what the spans of a request and a statement
//! are, and how they leave.
//!
//! ```text
//! POST /api/v1/sql                                 server
//! └─ SELECT                                        internal
//!    ├─ parse  ├─ bind  ├─ plan  ├─ execute
//!    └─ storage commit
//! ```
//! A trace is continued from `traceparent` (W3C Trace Context): a header over HTTP, a
//! comment in SQL as sqlcommenter writes it (`/*traceparent='00-…-01'*/`), which is about
//! the statement only and wins over the request's. What its client has sampled is sampled,
//! what it has not is not; without one, `otlp_sample_ratio` decides.
//!
//! The spans of a [`Trace`] are made when it is over, from the moments that were noted
//! meanwhile; nothing of the library runs before that. [`Tracer`] queues them, [`export`]
//! sends them. Spans hold no values of parameters, no headers and no paths: routes by their
//! template, statements without their constants (as `pg_stat_statements` shows them; not at
//! all with `otlp_statement_text = false`), utility statements by their kind only.

pub mod context;
mod export;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use context::{Context, carry, current, within};
pub use opentelemetry::KeyValue as Attribute;

use super::count::Counter;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::sqlstate;

/// What became of spans.
#[derive(Default)]
pub struct SpanCounts {
    pub sent: Counter,
    /// The queue was full.
    pub dropped: Counter,
    /// The collector did not take them.
    pub failed: Counter,
}

/// Makes spans and sends them.
pub struct Tracer {
    ratio: f64,
    with_text: bool,
    scope: InstrumentationScope,
    queue: mpsc::Sender<SpanData>,
    /// The other end, until somebody reads it.
    queued: Mutex<Option<mpsc::Receiver<SpanData>>>,
    exporter: export::Exporter,
    pub counts: SpanCounts,
    closing: CancellationToken,
    closed: CancellationToken,
}

impl Tracer {
    /// None without an endpoint. `22023` for one that is no URL.
    pub fn new(config: &Config) -> Result<Option<Arc<Tracer>>> {
        if config.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        let (queue, queued) = mpsc::channel(config.otlp_queue);
        let scope = InstrumentationScope::builder("zserver");
        Ok(Some(Arc::new(Tracer {
            ratio: config.otlp_sample_ratio,
            with_text: config.otlp_statement_text,
            scope: scope.with_version(env!("CARGO_PKG_VERSION")).build(),
            queue,
            queued: Mutex::new(Some(queued)),
            exporter: export::Exporter::new(config)?,
            counts: SpanCounts::default(),
            closing: CancellationToken::new(),
            closed: CancellationToken::new(),
        })))
    }

    /// Sends what is queued until [`Tracer::close`]; a second call returns at once.
    pub async fn run(self: Arc<Self>) {
        let queued = self.queued.lock().take();
        if let Some(queued) = queued {
            self.exporter.run(queued, &self.counts, &self.closing).await;
            self.closed.cancel();
        }
    }

    /// Waits until what is queued is sent, no longer than `limit`.
    pub async fn close(&self, limit: Duration) {
        self.closing.cancel();
        let is_run = self.queued.lock().is_none();
        if is_run && tokio::time::timeout(limit, self.closed.cancelled()).await.is_err() {
            tracing::warn!("spans were not sent in time: the collector does not answer");
        }
    }

    /// Whether spans may have the text of statements.
    pub fn with_text(&self) -> bool {
        self.with_text
    }

    /// Begins a trace, or the part of one that is this server's. None if it is not sampled.
    pub fn begin(&self, parent: Option<&Context>) -> Option<Box<Trace>> {
        let is_sampled = match parent {
            Some(parent) => parent.is_sampled,
            None => self.ratio >= 1.0 || rand::random::<f64>() < self.ratio,
        };
        if !is_sampled {
            return None;
        }
        let context = Context {
            trace_id: parent.map_or_else(new_trace_id, |parent| parent.trace_id),
            span_id: new_span_id(),
            is_sampled: true,
            is_remote: false,
            state: parent.map(|parent| parent.state.clone()).unwrap_or_default(),
        };
        Some(Box::new(Trace {
            context,
            parent: parent.map(|parent| (parent.span_id, parent.is_remote)),
            clock: (SystemTime::now(), Instant::now()),
            parts: Vec::new(),
        }))
    }

    /// A trace is over: its spans are queued, or dropped where there is no room.
    pub fn end(&self, trace: Trace, span: Span) {
        let now = Instant::now();
        let (parent, is_remote) = trace.parent.unwrap_or((SpanId::INVALID, false));
        for part in &trace.parts {
            let id = new_span_id();
            let times = (trace.at(part.begun), trace.at(part.ended));
            let ids = (id, trace.context.span_id, false);
            let (name, kind) = (Cow::Borrowed(part.name), SpanKind::Internal);
            self.send(self.data(&trace, ids, times, name, kind, part.attributes.clone()));
        }
        let times = (trace.at(span.begun), trace.at(now));
        let ids = (trace.context.span_id, parent, is_remote);
        let kind = if trace.is_entry() { SpanKind::Server } else { SpanKind::Internal };
        let mut data = self.data(&trace, ids, times, span.name, kind, span.attributes);
        data.status = span.failure.map_or(Status::Unset, Status::error);
        self.send(data);
    }

    fn data(
        &self,
        trace: &Trace,
        (id, parent, parent_span_is_remote): (SpanId, SpanId, bool),
        (start_time, end_time): (SystemTime, SystemTime),
        name: Cow<'static, str>,
        span_kind: SpanKind,
        attributes: Vec<Attribute>,
    ) -> SpanData {
        let (trace_id, state) = (trace.context.trace_id, trace.context.state.clone());
        SpanData {
            span_context: SpanContext::new(trace_id, id, TraceFlags::SAMPLED, false, state),
            parent_span_id: parent,
            parent_span_is_remote,
            span_kind,
            name,
            start_time,
            end_time,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }

    fn send(&self, data: SpanData) {
        if self.queue.try_send(data).is_err() {
            self.counts.dropped.add(1);
        }
    }
}

/// The span that a trace is, when it is over.
pub struct Span {
    pub name: Cow<'static, str>,
    pub begun: Instant,
    pub attributes: Vec<Attribute>,
    /// Why it failed: what may be told to anybody.
    pub failure: Option<Cow<'static, str>>,
}

/// A request or a statement that is sampled.
pub struct Trace {
    context: Context,
    /// Its span, and whether it is another process'.
    parent: Option<(SpanId, bool)>,
    /// One moment on two clocks.
    clock: (SystemTime, Instant),
    parts: Vec<Part>,
}

/// A part of a trace, which becomes a span within its own.
struct Part {
    name: &'static str,
    begun: Instant,
    ended: Instant,
    attributes: Vec<Attribute>,
}

impl Trace {
    /// What spans within it continue.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether it is the first of this process.
    pub fn is_entry(&self) -> bool {
        self.parent.is_none_or(|(_, is_remote)| is_remote)
    }

    pub fn part(&mut self, name: &'static str, begun: Instant, ended: Instant) {
        self.part_with(name, begun, ended, Vec::new());
    }

    pub fn part_with(
        &mut self,
        name: &'static str,
        begun: Instant,
        ended: Instant,
        attributes: Vec<Attribute>,
    ) {
        self.parts.push(Part { name, begun, ended, attributes });
    }

    fn at(&self, moment: Instant) -> SystemTime {
        let (time, reference) = self.clock;
        match moment.checked_duration_since(reference) {
            Some(later) => time + later,
            None => time - reference.duration_since(moment),
        }
    }
}

fn new_trace_id() -> TraceId {
    TraceId::from_bytes(rand::random::<u128>().max(1).to_be_bytes())
}

fn new_span_id() -> SpanId {
    SpanId::from_bytes(rand::random::<u64>().max(1).to_be_bytes())
}

/// `22023`.
fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracer(queue: usize) -> Arc<Tracer> {
        let config = Config {
            otlp_endpoint: "http://127.0.0.1:9".to_owned(),
            otlp_queue: queue,
            ..Config::default()
        };
        Tracer::new(&config).unwrap().unwrap()
    }

    fn span(name: &'static str) -> Span {
        Span { name: name.into(), begun: Instant::now(), attributes: Vec::new(), failure: None }
    }

    #[test]
    fn nothing_is_made_without_an_endpoint() {
        assert!(Tracer::new(&Config::default()).unwrap().is_none());
        let config = Config { otlp_endpoint: "not a url".to_owned(), ..Config::default() };
        assert!(Tracer::new(&config).is_err());
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let tracer = tracer(2);
        for _ in 0..5 {
            let trace = tracer.begin(None).unwrap();
            tracer.end(*trace, span("a"));
        }
        assert_eq!(tracer.counts.dropped.get(), 3);
    }

    #[test]
    fn parts_are_within_their_span_and_the_span_within_its_parent() {
        let tracer = tracer(10);
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let parent = Context::parse(text, None).unwrap();
        let mut trace = tracer.begin(Some(&parent)).unwrap();
        assert!(trace.is_entry());
        let begun = Instant::now();
        trace.part("execute", begun, begun + Duration::from_millis(5));
        tracer.end(*trace, span("SELECT"));
        let mut queued = tracer.queued.lock().take().unwrap();
        let (part, own) = (queued.try_recv().unwrap(), queued.try_recv().unwrap());
        assert_eq!(own.parent_span_id, parent.span_id);
        assert!(own.parent_span_is_remote && !part.parent_span_is_remote);
        assert_eq!(part.parent_span_id, own.span_context.span_id());
        assert_eq!(part.span_context.trace_id(), parent.trace_id);
        let took = part.end_time.duration_since(part.start_time).unwrap();
        assert_eq!(took, Duration::from_millis(5));
    }

    #[test]
    fn what_the_client_has_not_sampled_is_not() {
        let tracer = tracer(10);
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        assert!(tracer.begin(Some(&Context::parse(text, None).unwrap())).is_none());
    }
}
