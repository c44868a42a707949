//! `GET /demo`: a demonstration of rooms, in a browser as it is.
//!
//! | file | |
//! |---|---|
//! | `main.js` | the forms, and what they begin |
//! | `session.js` | who asks: a login or a token; requests of the HTTP API |
//! | `signal.js` | the WebSocket `/api/v1/rtc` |
//! | `room.js` | the peer: descriptions, tracks that are sent and come |
//! | `media.js` | camera, microphone, screen |
//! | `tiles.js` | who is there, seen and heard |
//! | `chat.js` | messages |
//! | `sql.js`, `rpc.js` | statements over a data channel (`jsonrpc-sql.v1`) |
//! | `quality.js` | figures of each track, of this browser and of the server |
//! | `recordings.js` | recordings: begun, ended, played |
//! | `dom.js` | elements |
//!
//! It asks for nothing that any client could not ask for, and does so in the server's own
//! words. Nothing of it is built or comes from elsewhere; it runs under a policy without
//! scripts or styles in the document ([`POLICY`]). `compat/clients/demo-page` uses it in
//! Chromium.
//!
//! It is served with `dev` only: a server for others has no page that tries passwords.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

use super::State;
use super::page::{self, File};
use super::problem::Problem;

/// It asks this server (`'self'` has its WebSockets, too), and plays its files and streams.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const PAGE: File = File { name: "index.html", kind: page::HTML, text: include_str!("index.html") };

macro_rules! file {
    ($kind:expr, $name:literal) => {
        File { name: $name, kind: $kind, text: include_str!($name) }
    };
}

const FILES: [File; 14] = [
    file!(page::SCRIPT, "chat.js"),
    file!(page::SCRIPT, "dom.js"),
    file!(page::SCRIPT, "main.js"),
    file!(page::SCRIPT, "media.js"),
    file!(page::SCRIPT, "quality.js"),
    file!(page::SCRIPT, "recordings.js"),
    file!(page::SCRIPT, "room.js"),
    file!(page::SCRIPT, "rpc.js"),
    file!(page::SCRIPT, "session.js"),
    file!(page::SCRIPT, "signal.js"),
    file!(page::SCRIPT, "sql.js"),
    file!(page::SCRIPT, "tiles.js"),
    file!(page::STYLE, "style.css"),
    file!(page::DRAWING, "icon.svg"),
];

/// `GET /demo`: the page; 404 without `dev`.
pub async fn page(http: State, asked: HeaderMap) -> Result<Response, Problem> {
    check(&http)?;
    Ok(PAGE.answer(POLICY, &asked))
}

/// `GET /demo/{file}`: what it is made of.
pub async fn file(
    http: State,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    check(&http)?;
    let found = FILES.iter().find(|file| file.name == name);
    Ok(found.ok_or_else(Problem::not_found)?.answer(POLICY, &asked))
}

fn check(http: &State) -> Result<(), Problem> {
    match http.front.database.config().dev {
        true => Ok(()),
        false => Err(Problem::not_found()),
    }
}
