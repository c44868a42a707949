//! What a server tells of itself: counters, and spans of traces.
//!
//! ```text
//! session, http, jobs ── count ──▶ Statistics ── read at a scrape ──▶ http::metrics ──▶ GET /metrics
//! session, http ── a trace that ends ──▶ Tracer: a bounded queue ── batches ──▶ OTLP collector
//! ```
//! It stands below `session`, so that everything above can count; it knows nothing of what
//! it counts for. What other layers count for themselves (`txn::activity`, `storage`,
//! `index::vector`) is read where it is, and not counted twice.
//!
//! | module | what it is |
//! |---|---|
//! | [`count`] | counters, gauges and histograms: plain atomics |
//! | [`statement`] | statements by kind and class of SQLSTATE |
//! | [`request`] | requests of HTTP by route, method and class of status |
//! | [`refusal`] | those that were refused, by why |
//! | [`job`] | attempts of jobs by queue and outcome |
//! | [`process`] | what the operating system knows of the process |
//! | [`page`] | the text of a scrape |
//! | [`trace`] | traces: contexts, spans, the way to a collector |
//!
//! # What it costs
//!
//! A statement costs two readings of the clock and five relaxed additions: no lock, no
//! allocation, no text. Counters that several threads share take the time that a cache
//! line takes between cores, some tens of nanoseconds. Everything else is done by a scrape.
//! Labels are of fixed sets (kinds, classes, templates of routes) or bounded ([`job`]).
//!
//! Without `otlp_endpoint` a trace costs a branch; with it, a statement that is not
//! sampled costs a random number. One that is costs an allocation for each of its spans,
//! and a place in the queue: a full queue drops spans, counts them, and makes nobody wait.

pub mod count;
pub mod job;
pub mod page;
pub mod process;
pub mod refusal;
pub mod request;
pub mod statement;
pub mod trace;

use std::sync::Arc;

use crate::config::Config;
use crate::error::Result;
use count::{Counter, Gauge};

/// What is counted for one server.
#[derive(Default)]
pub struct Statistics {
    pub statements: statement::Statements,
    pub requests: request::Requests,
    pub refusals: refusal::Refusals,
    pub jobs: job::Jobs,
    /// Connections that were accepted at the PostgreSQL port, and at the second one.
    pub pg_connections: Counter,
    pub http_connections: Counter,
    /// WebSockets that are open, and all so far.
    pub sockets: Gauge,
    pub sockets_opened: Counter,
    /// Bytes of files that came, in one request or in parts, and that were sent.
    pub file_bytes_received: Counter,
    pub file_bytes_sent: Counter,
    /// Uploads in parts that were begun, and that became a file.
    pub uploads_begun: Counter,
    pub uploads_finished: Counter,
    /// Where traces go; none if they go nowhere.
    pub tracer: Option<Arc<trace::Tracer>>,
}

impl Statistics {
    pub fn new(config: &Config) -> Result<Statistics> {
        Ok(Statistics { tracer: trace::Tracer::new(config)?, ..Statistics::default() })
    }
}
