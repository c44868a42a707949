//! Changes of tables that are watched, written beside them.
//!
//! A trigger whose function is [`CAPTURE`] (the extension `events` makes them) calls
//! nothing: the writer of a row notes the old and the new one as JSON, and the end of the
//! statement writes what was noted into the table `change` of the function's schema, many
//! changes to a row ([`Piece`]). So a change costs its text, not a statement of its own.
//!
//! ```text
//! INSERT … 3 rows ─ note ─ note ─ note ─ end of the statement
//!      └▶ change: xid 812, n 3, changes 3, source 16390, op insert, new [{…},{…},{…}]
//! ```
//! `n` numbers the changes of a transaction from 1 on, and is that of the last one in its
//! row: those after `n` are in rows with a larger one. The order is that in which rows were
//! written, over all tables and statements of the transaction.
//!
//! What was noted is part of the transaction's [`TableState`](super::TableState): a
//! savepoint keeps it, and rolling back to it takes it back, with what was written of it.
//!
//! Not here: triggers of the function with WHEN, with columns, or deferred ones, which are
//! no way to watch a table: they are refused when they fire.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::info::TableInfo;
use super::lock;
use super::trigger::{Event, is_for};
use super::write::Writer;
use crate::catalog::{Catalog, Trigger, TriggerEvents, TriggerTiming};
use crate::error::{Error, Result};
use crate::sql::functions::datetime::clock;
use crate::sql::functions::json::build;
use crate::sql::types::{Datum, Oid};
use crate::txn::LockMode;

/// The symbol of the trigger function.
pub const CAPTURE: &str = "events_capture";
/// The table that changes go to.
const TABLE: &str = "change";

/// Changes that one row holds, and about how many bytes of them.
pub const PIECE_CHANGES: usize = 64;
const PIECE_BYTES: usize = 16 << 10;
/// Bytes that may wait for the end of the statement.
const NOTED_BYTES_MAX: usize = 256 << 10;

/// One trigger by which a table is watched.
#[derive(Clone, Debug)]
pub struct Watch {
    trigger: Arc<Trigger>,
    /// Where its changes go.
    outbox: Oid,
    /// The table that they are told of: this one, or the partitioned one above it.
    source: Oid,
}

impl Watch {
    /// Those among the triggers of a table.
    pub fn all(catalog: &Catalog, table: Oid) -> Box<[Watch]> {
        let triggers = catalog.triggers_of(table);
        triggers.iter().filter_map(|trigger| Watch::of(catalog, trigger)).collect()
    }

    /// None for a trigger that calls its function.
    pub(super) fn of(catalog: &Catalog, trigger: &Arc<Trigger>) -> Option<Watch> {
        let function = catalog.function(trigger.function)?;
        if !function.is_native() || function.source != CAPTURE || !is_plain(trigger) {
            return None;
        }
        let outbox = catalog.relation_named(function.schema, TABLE)?.oid;
        Some(Watch { trigger: trigger.clone(), outbox, source: named(catalog, trigger) })
    }

    fn tells(&self, event: Event, is_replica: bool) -> bool {
        let is_on = match self.trigger.enabled {
            'D' => false,
            'A' => true,
            'R' => is_replica,
            _ => !is_replica,
        };
        is_on && is_for(&self.trigger, event)
    }
}

/// Whether a trigger tells every change of a kind, at once.
fn is_plain(trigger: &Trigger) -> bool {
    let TriggerEvents { insert, update, delete, truncate } = trigger.events;
    let is_of_rows = trigger.row && !truncate;
    let is_of_all = !trigger.row && truncate && !insert && !update && !delete;
    trigger.timing == TriggerTiming::After
        && (is_of_rows || is_of_all)
        && trigger.when.is_none()
        && trigger.columns.is_empty()
        && trigger.constraint.is_none()
        && trigger.old_table.is_none()
        && trigger.new_table.is_none()
}

/// The table whose trigger this one is a copy of.
fn named(catalog: &Catalog, trigger: &Trigger) -> Oid {
    let mut found = trigger;
    while found.parent != 0
        && let Some(above) = catalog.triggers().find(|above| above.oid == found.parent)
    {
        found = &**above;
    }
    found.table
}

/// Changes of one kind to one table, one after the other.
#[derive(Clone, Debug)]
struct Piece {
    outbox: Oid,
    source: Oid,
    event: Event,
    /// When the first of them was made.
    at: i64,
    count: usize,
    /// JSON arrays without their brackets; empty where such changes have no such row.
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Piece {
    fn bytes(&self) -> usize {
        self.old.len() + self.new.len()
    }

    fn takes(&self, watch: &Watch, event: Event) -> bool {
        self.outbox == watch.outbox
            && self.source == watch.source
            && self.event == event
            && event != Event::Truncate
            && self.count < PIECE_CHANGES
            && self.bytes() < PIECE_BYTES
    }

    /// The row of the outbox, by the names of its columns.
    fn row(self, info: &TableInfo, transaction: u64, n: u64) -> Result<Vec<Datum>> {
        let op = match self.event {
            Event::Insert => "insert",
            Event::Update => "update",
            Event::Delete => "delete",
            Event::Truncate => "truncate",
        };
        let (mut old, mut new) = (Some(self.old), Some(self.new));
        let column = |name: &str| {
            Ok(match name {
                "xid" => Datum::Int8(transaction as i64),
                "n" => Datum::Int8(n as i64),
                "changes" => Datum::Int4(self.count as i32),
                "source" => Datum::Oid(self.source),
                "op" => Datum::Text(op.to_owned()),
                "at" => Datum::TimestampTz(self.at),
                "old" => array(old.take().unwrap_or_default())?,
                "new" => array(new.take().unwrap_or_default())?,
                name => return Err(Error::internal(format!("a column {name} of the outbox"))),
            })
        };
        info.columns.iter().map(|column| column.name.as_str()).map(column).collect()
    }
}

/// JSON's array of what is between its brackets.
fn array(mut members: Vec<u8>) -> Result<Datum> {
    if members.is_empty() {
        return Ok(Datum::Null);
    }
    members.insert(0, b'[');
    members.push(b']');
    build::finished(members)
}

/// What a transaction has noted, and how many of its changes are written.
#[derive(Clone, Default)]
pub struct Outbox {
    /// Shared with savepoints, which seldom find something here.
    noted: Arc<Vec<Piece>>,
    bytes: usize,
    written: u64,
}

impl Outbox {
    fn is_full(&self) -> bool {
        self.bytes >= NOTED_BYTES_MAX
    }

    /// The piece that takes the next change.
    fn piece(&mut self, watch: &Watch, event: Event) -> &mut Piece {
        let noted = Arc::make_mut(&mut self.noted);
        if !noted.last().is_some_and(|last| last.takes(watch, event)) {
            noted.push(Piece {
                outbox: watch.outbox,
                source: watch.source,
                event,
                at: clock(),
                count: 0,
                old: Vec::new(),
                new: Vec::new(),
            });
        }
        let last = noted.len() - 1;
        &mut noted[last]
    }
}

impl Writer<'_> {
    /// Notes what has happened to a row of a table, or to all of it, if it is watched.
    pub async fn note(
        &mut self,
        info: &TableInfo,
        event: Event,
        old: Option<&[Datum]>,
        new: Option<&[Datum]>,
    ) -> Result<()> {
        if !info.is_watched() || self.rewrites {
            return Ok(());
        }
        let is_replica = self.is_replica();
        for watch in info.watches.iter().filter(|watch| watch.tells(event, is_replica)) {
            let eval = super::eval_over(&self.work.catalog, self.ctx);
            let writer = build::Writer::new(&eval);
            let outbox = &mut self.work.table.outbox;
            let piece = outbox.piece(watch, event);
            let before = piece.bytes();
            piece.count += 1;
            for (row, out) in [(old, &mut piece.old), (new, &mut piece.new)] {
                let Some(row) = row else { continue };
                if !out.is_empty() {
                    out.push(b',');
                }
                let columns = info.columns.iter().zip(row).filter(|(column, _)| !column.dropped);
                let members = columns.map(|(column, value)| (&*column.name, value, column.ty));
                writer.write_object(members, out)?;
            }
            let added = piece.bytes() - before;
            outbox.bytes += added;
        }
        match self.work.table.outbox.is_full() {
            true => self.write_noted().await,
            false => Ok(()),
        }
    }

    /// Writes what was noted.
    pub(super) fn write_noted(&mut self) -> BoxFuture<'_, Result<()>> {
        if self.work.table.outbox.noted.is_empty() {
            return futures::future::ok(()).boxed();
        }
        let write = async move {
            let outbox = &mut self.work.table.outbox;
            outbox.bytes = 0;
            let noted = Arc::unwrap_or_clone(std::mem::take(&mut outbox.noted));
            for piece in noted {
                let resource = lock::relation(&self.work.catalog, piece.outbox);
                let mode = LockMode::RowExclusive;
                lock::acquire(&mut self.work.txn, resource, mode, self.ctx).await?;
                let info = self.table(piece.outbox)?;
                let outbox = &mut self.work.table.outbox;
                outbox.written += piece.count as u64;
                let n = outbox.written;
                let row = piece.row(&info, self.work.txn.id(), n)?;
                self.insert(&info, row).await?;
            }
            Ok(())
        };
        write.boxed()
    }
}
