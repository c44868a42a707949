//! The body of an upload, up to a limit: small ones in memory, larger ones to a file.

use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::super::Http;
use super::super::problem::Problem;
use super::digest::Expected;
use crate::error::Error;
use crate::files::{Hash, Staged, Stager, Store};

/// What came.
pub enum Received {
    Small(Bytes),
    Large(Staged),
}

impl Received {
    pub fn hash(&self) -> Hash {
        match self {
            Received::Small(data) => Hash::of(data),
            Received::Large(staged) => staged.hash,
        }
    }

    pub fn size(&self) -> u64 {
        match self {
            Received::Small(data) => data.len() as u64,
            Received::Large(staged) => staged.size,
        }
    }
}

/// Takes bytes as they come: up to `files_inline_max` are kept, more go to a file.
pub struct Sink {
    store: Arc<Store>,
    inline_max: usize,
    small: BytesMut,
    stager: Option<Stager>,
    /// Bytes that came.
    pub size: u64,
}

impl Sink {
    pub fn new(store: Arc<Store>, inline_max: usize) -> Sink {
        Sink { store, inline_max, small: BytesMut::new(), stager: None, size: 0 }
    }

    pub async fn write(&mut self, data: Bytes) -> Result<(), Error> {
        self.size += data.len() as u64;
        if self.stager.is_none() && self.size > self.inline_max as u64 {
            let mut begun = self.store.stage()?;
            begun.write(std::mem::take(&mut self.small).freeze()).await?;
            self.stager = Some(begun);
        }
        match &mut self.stager {
            Some(stager) => stager.write(data).await,
            None => {
                self.small.extend_from_slice(&data);
                Ok(())
            }
        }
    }

    pub async fn finish(self) -> Result<Received, Error> {
        match self.stager {
            None => Ok(Received::Small(self.small.freeze())),
            Some(stager) => Ok(Received::Large(stager.finish().await?)),
        }
    }
}

/// The next piece of a body; none at its end. Each may take `http_read_timeout`.
pub async fn next(http: &Http, body: &mut Body) -> Result<Option<Bytes>, Problem> {
    let limit = http.front.database.config().http_read_timeout.duration();
    loop {
        match tokio::time::timeout(limit, body.frame()).await {
            Err(_) => return Err(Problem::body_too_slow()),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => {
                return Err(Problem::bad_request(&format!("the body was cut off: {error}")));
            }
            Ok(Some(Ok(frame))) => {
                // Trailers say nothing here.
                if let Ok(data) = frame.into_data() {
                    http.front.database.statistics.file_bytes_received.add(data.len() as u64);
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads a body whole, and compares it with its digests.
pub async fn receive(
    http: &Http,
    store: &Arc<Store>,
    body: &mut Body,
    limit: u64,
    mut digests: Vec<Expected>,
) -> Result<Received, Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    let inline_max = http.front.database.config().files_inline_max.get();
    let mut sink = Sink::new(store.clone(), inline_max);
    while let Some(data) = next(http, body).await? {
        if sink.size + data.len() as u64 > limit {
            return Err(Problem::file_too_large(limit));
        }
        for digest in &mut digests {
            digest.update(&data);
        }
        sink.write(data).await.map_err(failed)?;
    }
    if let Some(name) = digests.into_iter().find_map(Expected::differs) {
        return Err(Problem::bad_request(&format!("the body differs from its digest {name}")));
    }
    sink.finish().await.map_err(failed)
}
