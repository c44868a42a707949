//! `/api/v1/rtc/ice`: servers of STUN and TURN.

use std::sync::Arc;

use axum::extract::Request;
use serde_json::{Value, json};

use super::{Asker, ice_servers, proof, urls};
use crate::http::principal::{self, Scope};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::http::{Http, State};
use crate::rtc::ice::{Checked, check as check_one};
use crate::rtc::peer::IceServer;

/// Servers that are asked at a time.
const AT_ONCE: usize = 16;

/// `GET /api/v1/rtc/ice`: what `RTCPeerConnection` is to be made with, and how long its
/// credentials are good.
pub async fn show(http: State, request: Request) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let asker = Asker::of(&http, &parts).await?;
    let (servers, expires) = ice_servers(&http, asker.name());
    let ttl = http.front.database.config().rtc_turn_ttl.0;
    let servers: Vec<_> = servers.iter().map(shown).collect();
    Ok(Json(json!({"ice_servers": servers, "ttl_s": ttl, "expires": expires})))
}

/// As `RTCIceServer` has it.
pub fn shown(server: &IceServer) -> Value {
    let mut shown = json!({"urls": server.urls});
    if let (Some(username), Some(credential)) = (&server.username, &server.credential) {
        shown["username"] = json!(username);
        shown["credential"] = json!(credential);
    }
    shown
}

/// `POST /api/v1/rtc/ice/check`: what became of each server that is configured. Nobody can
/// have others asked.
pub async fn check(http: State, request: Request) -> Result<Json, Problem> {
    let (parts, _) = request.into_parts();
    let principal = principal::of(&http, &parts).await?;
    principal.require(Scope::Rooms)?;
    let checked = check_all(&http, &principal.role).await;
    let is_ok = checked.iter().all(|one| one.is_ok);
    Ok(Json(json!({"is_ok": is_ok, "servers": checked})))
}

async fn check_all(http: &Http, whose: &str) -> Vec<Checked> {
    use futures::StreamExt;
    let urls = urls(&http.front.database.config());
    let (_, expires) = ice_servers(http, whose);
    let proof = proof(http);
    let asked = urls.into_iter().map(|url| check_one(url, proof.of(whose, expires)));
    futures::stream::iter(asked).buffered(AT_ONCE).collect().await
}

/// Says in the log what does not work; the server goes on.
pub async fn check_at_start(http: Arc<Http>) {
    let checked = tokio::select! {
        checked = check_all(&http, "zserver") => checked,
        () = http.stop.cancelled() => return,
    };
    for one in checked {
        match &one.reason {
            None => tracing::info!(url = one.url, took_ms = one.took_ms, "ICE server answers"),
            Some(reason) => tracing::warn!(url = one.url, reason, "ICE server fails"),
        }
    }
}
