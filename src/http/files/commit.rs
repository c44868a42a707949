//! The way of a content into a row.
//!
//! The server vouches for a content that it has got by a receipt: the HMAC of its kind and
//! the hash under the database's secret, in the setting `files.receipt` of the transaction.
//! One of the kind `content` lets `files.add_content` say where the content is; it is there
//! for that statement alone, in which nothing of the role's own runs. One of the kind
//! `small`, which `files.add_small` gives to roles, lets a file have the content. Without
//! one a role can name contents only that it may read (`files.may_use`).

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::super::Http;
use super::super::conversation::Conversation;
use super::super::params;
use super::super::principal::Principal;
use super::super::problem::Problem;
use super::caller::Target;
use super::receive::Received;
use super::rows::{self, fetch};
use crate::error::{Error, Result};
use crate::files::pins::Pin;
use crate::files::{Hash, Location, Staged, Store};
use crate::sqlstate;

/// What a file is to be.
#[derive(Clone)]
pub struct Wanted {
    pub target: Target,
    pub content_type: Option<String>,
    /// JSON, an object.
    pub metadata: Option<String>,
    /// What `files.store` takes as `only_if`.
    pub only_if: Option<Vec<String>>,
    /// The upload that ends with it.
    pub upload: Option<String>,
}

/// Where a content's bytes are now.
pub enum Bringing {
    Small(Bytes),
    Staged(Staged),
    /// A file that stays where it is.
    File(PathBuf, Hash, u64),
}

impl From<Received> for Bringing {
    fn from(received: Received) -> Bringing {
        match received {
            Received::Small(data) => Bringing::Small(data),
            Received::Large(staged) => Bringing::Staged(staged),
        }
    }
}

impl Bringing {
    fn named(&self) -> (Hash, u64) {
        match self {
            Bringing::Small(data) => (Hash::of(data), data.len() as u64),
            Bringing::Staged(staged) => (staged.hash, staged.size),
            Bringing::File(_, hash, size) => (*hash, *size),
        }
    }
}

/// What a commit says of a content.
#[derive(Clone)]
struct Content {
    hash: Hash,
    size: u64,
    location: Location,
    data: Option<Bytes>,
}

/// Puts a content where it stays, and commits the row of its file; answers the version.
pub async fn commit(
    http: &Arc<Http>,
    principal: &Principal,
    bringing: Bringing,
    wanted: Wanted,
) -> Result<i64, Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    let store = http.files.store(http).await.map_err(failed)?;
    let pin = Arc::new(store.pins.pin(bringing.named().0).await);
    let content = placed(&store, bringing).await.map_err(failed)?;
    let (mut is_fresh, mut again) = (false, true);
    loop {
        let secret = secret(http, principal, is_fresh).await?;
        let done =
            attempt(http, principal, pin.clone(), content.clone(), wanted.clone(), secret).await;
        match done {
            // The sweep has taken the content's row in between: now it is gone for all.
            Err(problem) if problem.text("code") == "23503" && again => again = false,
            // The database of this name has another secret than the one before.
            Err(problem) if problem.text("code") == "42501" && !is_fresh => is_fresh = true,
            done => return done,
        }
    }
}

/// Puts a content where it stays.
async fn placed(store: &Arc<Store>, bringing: Bringing) -> Result<Content> {
    let (hash, size) = bringing.named();
    let path = match &bringing {
        Bringing::Small(data) => {
            let data = Some(data.clone());
            return Ok(Content { hash, size, location: Location::Database, data });
        }
        Bringing::Staged(staged) => staged.path().to_owned(),
        Bringing::File(path, ..) => path.clone(),
    };
    match &store.remote {
        Some(remote) => remote.put(&hash, &path, size).await?,
        None => {
            let placing = store.clone();
            let placed = tokio::task::spawn_blocking(move || placing.place(&path, &hash, size));
            let ended = |_| Error::internal("the thread that places a file has ended");
            placed.await.map_err(ended)??;
        }
    }
    Ok(Content { hash, size, location: store.new_location(), data: None })
}

/// A file that a transaction has made; to be held until its commit.
pub struct Made {
    pub version: i64,
    pub hash: Hash,
    pub size: u64,
    _pin: Pin,
}

/// Makes a file in the transaction of a conversation.
pub async fn within(
    conversation: &mut Conversation,
    files: &Arc<Store>,
    bringing: Bringing,
    wanted: &Wanted,
    secret: &[u8],
) -> Result<Made> {
    let pin = files.pins.pin(bringing.named().0).await;
    let content = placed(files, bringing).await?;
    let version = store(conversation, &content, wanted, secret).await?;
    Ok(Made { version, hash: content.hash, size: content.size, _pin: pin })
}

async fn attempt(
    http: &Http,
    principal: &Principal,
    pin: Arc<Pin>,
    content: Content,
    wanted: Wanted,
    secret: Vec<u8>,
) -> Result<i64, Problem> {
    rows::with(http, principal, move |mut conversation| async move {
        conversation.begin("BEGIN").await?;
        let version = store(&mut conversation, &content, &wanted, &secret).await?;
        if let Some(upload) = &wanted.upload {
            let values = [json!(upload), json!(version)];
            fetch(&mut conversation, "SELECT files.finish_upload($1, $2)", &values).await?;
        }
        conversation.commit().await?;
        drop(pin);
        Ok(version)
    })
    .await
}

/// Notes a content, and makes a file of it.
async fn store(
    conversation: &mut Conversation,
    content: &Content,
    wanted: &Wanted,
    secret: &[u8],
) -> Result<i64> {
    show_receipt(conversation, secret, b"content", &content.hash).await?;
    let hash = params::bytea(&content.hash.0);
    let data = content.data.as_ref().map_or(Value::Null, |data| params::bytea(data));
    let location = content.location.as_str();
    let add = "SELECT files.add_content($1, $2, $3, $4)";
    fetch(conversation, add, &[hash.clone(), json!(content.size), json!(location), data]).await?;
    // What follows may call functions of the role's own.
    show_receipt(conversation, secret, b"small", &content.hash).await?;
    let stored = fetch(
        conversation,
        "SELECT files.store($1, $2, $3, $4, $5, $6, $7)",
        &[
            json!(wanted.target.bucket),
            json!(wanted.target.name),
            hash,
            json!(content.size),
            json!(wanted.content_type),
            wanted.metadata.as_ref().map_or(Value::Null, |text| json!(text)),
            json!(wanted.only_if),
        ],
    )
    .await?;
    let version = stored.first().and_then(|row| row.number(0));
    version.ok_or_else(|| Error::internal("a file without a version"))
}

/// Has the transaction vouch for a content, as a kind of receipt does.
async fn show_receipt(
    conversation: &mut Conversation,
    secret: &[u8],
    kind: &[u8],
    hash: &Hash,
) -> Result<()> {
    let receipt = signature(secret, &[kind, &hash.0]);
    // Spelled out: the role's search path may name another one first.
    let set = "SELECT pg_catalog.set_config('files.receipt', $1, true)";
    fetch(conversation, set, &[json!(receipt)]).await.map(drop)
}

/// Tries whether the role of a conversation may store a file, before its bytes come: what
/// would be refused then is refused now. Nothing is left of it.
pub async fn try_in(conversation: &mut Conversation, wanted: &Wanted, secret: &[u8]) -> Result<()> {
    let empty = Content {
        hash: Hash::of(b""),
        size: 0,
        location: Location::Database,
        data: Some(Bytes::new()),
    };
    conversation.begin("BEGIN").await?;
    store(conversation, &empty, wanted, secret).await?;
    conversation.roll_back().await
}

/// The same for who asks over HTTP.
pub async fn try_out(http: &Http, principal: &Principal, wanted: Wanted) -> Result<(), Problem> {
    let mut is_fresh = false;
    loop {
        let (secret, wanted) = (secret(http, principal, is_fresh).await?, wanted.clone());
        let tried = rows::with(http, principal, move |mut conversation| async move {
            try_in(&mut conversation, &wanted, &secret).await
        });
        match tried.await {
            Err(problem) if problem.text("code") == "42501" && !is_fresh => is_fresh = true,
            tried => return tried,
        }
    }
}

/// Bytes that there is room for by the quotas of a bucket and a role; none is no limit.
pub async fn room(
    http: &Http,
    principal: &Principal,
    bucket: &str,
) -> Result<Option<u64>, Problem> {
    let own = rows::own(http, principal)?;
    let (bucket, role) = (bucket.to_owned(), principal.role.clone());
    rows::with(http, &own, move |mut conversation| async move {
        room_for(&mut conversation, &bucket, &role).await
    })
    .await
}

/// The same in a conversation of the server's own.
pub async fn room_for(
    conversation: &mut Conversation,
    bucket: &str,
    role: &str,
) -> Result<Option<u64>> {
    let values = [json!(bucket), json!(role)];
    let rows = fetch(conversation, "SELECT files.room($1, $2)", &values).await?;
    Ok(rows.first().and_then(|row| row.number(0)).map(|left| left.max(0).unsigned_abs()))
}

/// Hexadecimal.
pub fn signature(secret: &[u8], parts: &[&[u8]]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a database signs with. `fresh`: asks it again, should it be another one by now.
pub async fn secret(http: &Http, principal: &Principal, fresh: bool) -> Result<Vec<u8>, Problem> {
    let known = http.files.secrets.lock().get(&principal.database).cloned();
    if let Some(known) = known.filter(|_| !fresh) {
        return Ok(known);
    }
    let own = rows::own(http, principal)?;
    let secret =
        rows::with(
            http,
            &own,
            |mut conversation| async move { own_secret(&mut conversation).await },
        )
        .await?;
    http.files.secrets.lock().insert(principal.database.clone(), secret.clone());
    Ok(secret)
}

/// The same, asked in a conversation of the server's own.
pub async fn own_secret(conversation: &mut Conversation) -> Result<Vec<u8>> {
    let found = fetch(conversation, "SELECT files.own_secret()", &[]).await?;
    let lost =
        || Error::new(sqlstate::NO_DATA_FOUND, "the extension \"files\" has lost its secret");
    Ok(found.first().and_then(|row| row.bytes(0)).ok_or_else(lost)?.to_vec())
}
