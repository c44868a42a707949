//! Real time over HTTP: how peers and the server find each other.
//!
//! | | |
//! |---|---|
//! | `GET /api/v1/rtc` | a WebSocket: descriptions, candidates, wishes, as JSON ([`socket`]) |
//! | `POST /api/v1/rtc/whip/{room}` | a stream into a room (RFC 9725, [`resource`]) |
//! | `POST /api/v1/rtc/whep/{room}` | what is published in a room, out of it |
//! | `POST /api/v1/rooms/{room}/recordings/{id}/whep` | a recording |
//! | `PATCH DELETE /api/v1/rtc/sessions/{id}` | candidates, a restart; the end of one of the two |
//! | `PATCH /api/v1/rtc/sessions/{id}/playback` | a recording that is played: paused, or elsewhere |
//! | `GET /api/v1/rtc/ice` | servers of STUN and TURN, with credentials of one's own |
//! | `POST /api/v1/rtc/ice/check` | whether they do what is asked of them |
//!
//! Who asks is a principal, or the bearer of a room's token
//! ([`rooms::bearer`](super::rooms::bearer)); what it may do in a room is the room's to say.
//! Data channels carry SQL whatever room the peer is in, or in none
//! ([`crate::rtc::channel`]), and what is said in a room ([`voices`]).

mod fragment;
mod ice;
mod message;
mod resource;
mod socket;
mod voices;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::request::Parts;
use axum::routing::{get, patch, post};
use parking_lot::Mutex;

use super::principal::{self, Principal, Scope};
use super::problem::Problem;
use super::rooms::bearer::{self, Bearer};
use super::rooms::entry::{self, Entered, Wish};
use super::routes::Routes;
use super::{Http, socket_route};
use crate::config::{Config, list};
use crate::rtc::ice::{Proof, Url, parse, servers};
use crate::rtc::media::Media;
use crate::rtc::peer::{self, IceServer, Options};
use crate::sqlstate;

/// What the requests of one server share for this.
#[derive(Default)]
pub struct Shared {
    pub media: Arc<Media>,
    /// How the server proves itself to TURN, as it was when it was first asked.
    proof: OnceLock<Proof>,
    sessions: Mutex<HashMap<String, resource::Handle>>,
}

pub fn routes(router: Routes) -> Routes {
    router
        .route("/api/v1/rooms/{room}/recordings/{id}/whep", post(resource::play_recording))
        .route("/api/v1/rtc", socket_route(socket::open))
        .route("/api/v1/rtc/ice", get(ice::show))
        .route("/api/v1/rtc/ice/check", post(ice::check))
        .route("/api/v1/rtc/sessions/{id}", patch(resource::change).delete(resource::end))
        .route("/api/v1/rtc/sessions/{id}/playback", patch(resource::direct))
        .route("/api/v1/rtc/whep/{room}", post(resource::play))
        .route("/api/v1/rtc/whip/{room}", post(resource::publish))
}

/// What goes on beside requests, until the server ends.
pub fn start(http: &Arc<Http>) {
    tokio::spawn(crate::rtc::media::watch_speakers(http.rtc.media.clone(), http.stop.clone()));
    tokio::spawn(ice::check_at_start(http.clone()));
}

/// Who asks.
enum Asker {
    Bearer(Box<Bearer>),
    Principal(Principal),
}

impl Asker {
    /// The bearer of a room's token, in the header or the query; or else a principal.
    async fn of(http: &Arc<Http>, parts: &Parts) -> Result<Asker, Problem> {
        let most = http.front.database.config().auth_max_token.get();
        if bearer::token_of(parts).is_some_and(|token| bearer::is_one(&token, most)) {
            return Ok(Asker::Bearer(Box::new(bearer::of(http, parts).await?)));
        }
        let principal = principal::of(http, parts).await?;
        // Without a room there is SQL only.
        if !principal.scopes.has(Scope::Sql) {
            principal.require(Scope::Rooms)?;
        }
        Ok(Asker::Principal(principal))
    }

    fn principal(&self) -> &Principal {
        match self {
            Asker::Bearer(bearer) => &bearer.principal,
            Asker::Principal(principal) => principal,
        }
    }

    /// What it is called by TURN.
    fn name(&self) -> &str {
        match self {
            Asker::Bearer(bearer) => &bearer.identity,
            Asker::Principal(principal) => &principal.role,
        }
    }

    async fn enter(
        &self,
        http: &Arc<Http>,
        room: Option<&str>,
        identity: Option<String>,
        wish: Wish,
    ) -> Result<Entered, Problem> {
        match (self, room) {
            (Asker::Bearer(bearer), room) => entry::enter(http, bearer, room, wish).await,
            (Asker::Principal(principal), Some(room)) => {
                principal.require(Scope::Rooms)?;
                entry::enter_as(http, principal, room, identity, wish).await
            }
            (Asker::Principal(_), None) => Err(Problem::bad_request("which room is not said")),
        }
    }
}

fn failed(error: &peer::Error) -> Problem {
    use axum::http::StatusCode;
    let (status, code) = match error {
        peer::Error::Description(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, sqlstate::INVALID_PARAMETER_VALUE)
        }
        peer::Error::TooMany(_) | peer::Error::TooLong(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, sqlstate::CONFIGURATION_LIMIT_EXCEEDED)
        }
        peer::Error::Closed => (StatusCode::GONE, sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE),
        peer::Error::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, sqlstate::SYSTEM_ERROR),
    };
    Problem::plain(status, code, &error.to_string())
}

fn urls(config: &Config) -> Vec<Url> {
    parse(&config.rtc_ice_servers).unwrap_or_default()
}

fn proof(http: &Http) -> &Proof {
    http.rtc.proof.get_or_init(|| {
        let read = Proof::read(&http.front.database.config());
        read.inspect_err(|error| tracing::error!(%error, "TURN is used without a proof"))
            .unwrap_or_default()
    })
}

/// Servers of STUN and TURN for somebody, and until when (seconds since 1970).
pub fn ice_servers(http: &Http, whose: &str) -> (Vec<IceServer>, u64) {
    let config = http.front.database.config();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let expires = now + config.rtc_turn_ttl.0;
    (servers(&urls(&config), proof(http), whose, expires), expires)
}

/// How peers of this server are made.
pub fn peer_options(http: &Http) -> Options {
    let config = http.front.database.config();
    let addresses = list::addresses(&config.rtc_addresses).unwrap_or_default();
    Options {
        ice_servers: ice_servers(http, "zserver").0,
        addresses: if addresses.is_empty() { every_address(&config) } else { addresses },
        public_addresses: list::addresses(&config.rtc_public_addresses).unwrap_or_default(),
        ports: list::ports(&config.rtc_ports).unwrap_or_default(),
        max_message_bytes: config.rtc_max_channel_message.get(),
        max_buffered_bytes: config.rtc_send_buffer.get(),
        max_messages_per_second: config.rtc_max_channel_messages_per_second,
        max_channels: config.rtc_max_channels,
        max_tracks: config.rtc_max_streams,
        connect_timeout: config.rtc_connect_timeout.duration(),
        disconnected_timeout: config.rtc_disconnected_timeout.duration(),
        failed_timeout: config.rtc_consent_timeout.duration(),
    }
}

/// Those of all interfaces; of loopback, too, where the second port is there: its clients
/// may be on this machine.
fn every_address(config: &Config) -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    all.extend(config.http_listen.map(|listen| listen.ip()).filter(IpAddr::is_loopback));
    all
}
