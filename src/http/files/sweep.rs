//! Removes what no row names (any more): contents, files of uploads, uploads that expired.
//!
//! At the start, and each `files_sweep_interval`. What a crash has left between a file and
//! its row is removed so, and what lost its last file. A content goes in two steps: its row
//! once it is older than `files_grace` and no file has it (a foreign key keeps files from
//! naming it meanwhile), its bytes once they have been seen without a row of any database
//! for `files_grace`, and are still without one under a mark that keeps uploads of the same
//! content waiting (`files::pins`). Should a database not answer, nothing is removed.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::Http;
use super::super::params;
use super::super::principal::Principal;
use super::super::problem::Problem;
use super::rows::{EXTENSION, query};
use crate::error::{Error, Result};
use crate::files::{Hash, Location, Store, age};
use crate::session::Ends;

/// Rows deleted by one statement.
const BATCH_ROWS: i64 = 1_000;

/// Since when contents are seen without a row.
type Unnamed = HashMap<(Hash, &'static str), Instant>;

/// Sweeps until the server stops.
pub async fn run(http: Arc<Http>, stop: CancellationToken) {
    let mut unnamed = Unnamed::new();
    loop {
        let pass = async {
            if let Err(problem) = pass(&http, &mut unnamed).await {
                tracing::warn!(
                    "contents without files were not removed: {}",
                    problem.text("message")
                );
            }
            let interval = http.front.database.config().files_sweep_interval.duration();
            tokio::time::sleep(interval).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = pass => {}
        }
    }
}

async fn pass(http: &Arc<Http>, unnamed: &mut Unnamed) -> Result<(), Problem> {
    let failed = |error: Error| Problem::of(&error, "");
    let store = http.files.store(http).await.map_err(failed)?;
    let grace = http.front.database.config().files_grace.duration();
    let databases = databases(http)?;
    for database in &databases {
        forget(http, &store, database, grace).await?;
    }
    uploads(http, &store, &databases, grace).await?;
    let before = std::mem::take(unnamed);
    for first in 0..=u8::MAX {
        for location in [Location::Disk, Location::S3] {
            let there = contents(&store, location, first).await.map_err(failed)?;
            if there.is_empty() {
                continue;
            }
            let named = named(http, &databases, location, first).await?;
            for (hash, age) in there {
                if named.contains(&hash) {
                    continue;
                }
                let key = (hash, location.as_str());
                let since = before.get(&key).copied().unwrap_or_else(Instant::now);
                if since.elapsed() < grace
                    || age < grace
                    || !remove(http, &store, hash, location).await?
                {
                    unnamed.insert(key, since);
                }
            }
        }
    }
    Ok(())
}

/// The server's own role in each database that has the extension.
fn databases(http: &Http) -> Result<Vec<Principal>, Problem> {
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let cluster = http.front.database.cluster();
    let mut found = Vec::new();
    for catalog in cluster.catalogs() {
        if catalog.extension_named(EXTENSION).is_none() {
            continue;
        }
        let Some(database) = catalog.database(catalog.database) else { continue };
        let ends = Ends { client: nowhere, server: nowhere };
        let own = Principal::server(http, &database.name, ends);
        found.push(own.map_err(|error| Problem::of(&error, ""))?);
    }
    Ok(found)
}

/// Rows of a database that nothing needs any more.
async fn forget(
    http: &Arc<Http>,
    store: &Store,
    database: &Principal,
    grace: Duration,
) -> Result<(), Problem> {
    let expired = "DELETE FROM files.uploads WHERE id IN \
                   (SELECT id FROM files.uploads WHERE expires < now() LIMIT $1) RETURNING id::text";
    loop {
        let rows = query(http, database, expired, vec![json!(BATCH_ROWS)]).await?;
        for id in rows.iter().filter_map(|row| row.text(0)) {
            store.remove_upload(&id).await;
        }
        if (rows.len() as i64) < BATCH_ROWS {
            break;
        }
    }
    let unused = "DELETE FROM files.contents WHERE hash IN (SELECT c.hash FROM files.contents c \
                  WHERE c.made < now() - make_interval(secs => $1) \
                  AND NOT EXISTS (SELECT FROM files.objects o WHERE o.hash = c.hash) LIMIT $2) RETURNING hash";
    loop {
        let values = vec![json!(grace.as_secs_f64()), json!(BATCH_ROWS)];
        let rows = match query(http, database, unused, values).await {
            // A file has been made of one meanwhile: the next pass does better.
            Err(problem) if problem.text("code").starts_with("23") => break,
            rows => rows?,
        };
        if (rows.len() as i64) < BATCH_ROWS {
            break;
        }
    }
    Ok(())
}

/// Files of uploads that no database knows.
async fn uploads(
    http: &Arc<Http>,
    store: &Arc<Store>,
    databases: &[Principal],
    grace: Duration,
) -> Result<(), Problem> {
    let directory = store.uploads();
    let listed = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            found.push((entry.file_name().to_string_lossy().into_owned(), age(&entry)));
        }
        Ok::<_, std::io::Error>(found)
    });
    let listed = listed.await.map_err(|_| Problem::unavailable())?;
    let listed = listed.map_err(|error| Problem::of(&Error::io("read the uploads", &error), ""))?;
    for (id, age) in listed {
        if age < grace {
            continue;
        }
        let mut is_known = false;
        for database in databases {
            let text = "SELECT 1 FROM files.uploads WHERE id::text = $1";
            is_known |= !query(http, database, text, vec![json!(id)]).await?.is_empty();
        }
        if !is_known {
            store.remove_upload(&id).await;
        }
    }
    Ok(())
}

async fn contents(
    store: &Arc<Store>,
    location: Location,
    first: u8,
) -> Result<Vec<(Hash, Duration)>> {
    match (location, &store.remote) {
        (Location::S3, Some(remote)) => remote.contents_from(first).await,
        (Location::Disk, _) => {
            let store = store.clone();
            let listed = tokio::task::spawn_blocking(move || store.contents_from(first));
            listed.await.map_err(|_| Error::internal("the thread that lists files has ended"))?
        }
        _ => Ok(Vec::new()),
    }
}

/// The contents that rows of any database name, of those whose hashes begin with a byte.
async fn named(
    http: &Arc<Http>,
    databases: &[Principal],
    location: Location,
    first: u8,
) -> Result<HashSet<Hash>, Problem> {
    let mut named = HashSet::new();
    let text = "SELECT hash FROM files.contents WHERE location = $1 AND hash >= $2 AND ($3::bytea IS NULL OR hash < $3)";
    for database in databases {
        let end = first.checked_add(1).map(|end| params::bytea(&[end]));
        let values = vec![json!(location.as_str()), params::bytea(&[first]), json!(end)];
        let rows = query(http, database, text, values).await?;
        named.extend(
            rows.iter().filter_map(|row| row.bytes(0)).filter_map(|hash| Hash::from_slice(&hash)),
        );
    }
    Ok(named)
}

/// Removes a content, if still nobody names it. False if somebody is bringing it.
async fn remove(
    http: &Arc<Http>,
    store: &Arc<Store>,
    hash: Hash,
    location: Location,
) -> Result<bool, Problem> {
    let Some(removing) = store.pins.remove(hash) else { return Ok(false) };
    for database in &databases(http)? {
        let text = "SELECT 1 FROM files.contents WHERE hash = $1 AND location = $2";
        let values = vec![params::bytea(&hash.0), json!(location.as_str())];
        if !query(http, database, text, values).await?.is_empty() {
            return Ok(true);
        }
    }
    let removed = match (location, &store.remote) {
        (Location::S3, Some(remote)) => remote.remove(&hash).await,
        _ => {
            let store = store.clone();
            tokio::task::spawn_blocking(move || store.remove(&hash))
                .await
                .unwrap_or_else(|_| Err(Error::internal("the thread that removes files has ended")))
        }
    };
    drop(removing);
    removed.map(|()| true).map_err(|error| Problem::of(&error, ""))
}
