//! Tokens for a client that may come back after its own is over.
//!
//! A token that is good for less than [`RENEWED`] is told anew, and again when half of that
//! is over: `refresh_token`, which clients show from then on. It says what the token of
//! before says.

use std::sync::Arc;

use tokio::time::Instant;

use super::line::Line;
use super::{Ended, Session};
use crate::http::Http;
use crate::http::livekit::signal::Response as Answer;
use crate::http::rooms::bearer::{self, Bearer, RENEWED, now_seconds};

/// What a session's client shows.
pub struct Renewal {
    bearer: Bearer,
    /// When it was told last, since it has come back.
    told: Option<Instant>,
}

impl Renewal {
    pub fn new(bearer: Bearer) -> Renewal {
        Renewal { bearer, told: None }
    }

    /// The client is back; what it was told last it may not have heard.
    pub fn forget(&mut self) {
        self.told = None;
    }

    fn is_due(&self) -> bool {
        match self.told {
            Some(told) => told.elapsed() >= RENEWED / 2,
            None => self.bearer.expires - now_seconds() < RENEWED.as_secs() as i64,
        }
    }
}

impl Session {
    /// Tells the client a token if one is due.
    pub(super) async fn renew(&mut self, http: &Arc<Http>, line: &mut Line) -> Result<(), Ended> {
        if line.is_cut() || !self.renewal.is_due() {
            return Ok(());
        }
        self.renewal.told = Some(Instant::now());
        match bearer::renewed(http, &self.renewal.bearer) {
            Some(token) => line.send(Answer::RefreshToken(token)).await,
            None => Ok(()),
        }
    }
}
