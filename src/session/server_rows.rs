//! Rows of the relations that show the server's state: settings and sessions.
//!
//! The columns are those of PostgreSQL's functions behind the views:
//! `pg_show_all_settings`, `pg_stat_get_activity`, `pg_lock_status` ….

use std::sync::atomic::Ordering;

use super::Session;
use super::hooks::Hooks;
use super::portal::{Portal, PortalState};
use super::prepare::Named;
use super::registry::State;
use super::settings::{Effect, Kind, Shown as Setting};
use super::stat_statements;
use crate::auth::hba;
use crate::error::{Error, Result};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, Inet, oid};
use crate::txn::{PreparedInfo, Resource, Transactions};

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

fn int8(number: u64) -> Datum {
    Datum::Int8(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A transaction's id, of which clients see the low half.
fn xid(id: u64) -> Datum {
    Datum::Oid(id as u32)
}

fn optional(value: Option<String>) -> Datum {
    value.map_or(Datum::Null, Datum::Text)
}

fn time(value: Option<i64>) -> Datum {
    value.map_or(Datum::Null, Datum::TimestampTz)
}

/// OUT columns of `pg_stat_get_activity`.
const ACTIVITY_COLUMNS: usize = 22;

/// What a session waits for, in PostgreSQL's words: a lock, its client, or the disk at
/// its commit. A row or a key is waited for by way of the transaction that holds it.
fn wait_event(
    state: State,
    waits_for: Option<Resource>,
    waits_for_commit: bool,
) -> Option<(&'static str, &'static str)> {
    match waits_for {
        Some(Resource::Table { .. }) => Some(("Lock", "relation")),
        Some(
            Resource::Row { .. }
            | Resource::IndexKey { .. }
            | Resource::Claims { .. }
            | Resource::Transaction { .. },
        ) => Some(("Lock", "transactionid")),
        Some(Resource::Virtual { .. }) => Some(("Lock", "virtualxid")),
        Some(Resource::Object { .. }) => Some(("Lock", "object")),
        Some(Resource::Advisory { .. }) => Some(("Lock", "advisory")),
        None if state != State::Active => Some(("Client", "ClientRead")),
        None if waits_for_commit => Some(("IO", "WALSync")),
        None => None,
    }
}

/// What only the session itself knows, as it was at the statement's start.
#[derive(Default)]
pub(super) struct Shown {
    /// By name. A row is made when it is asked for: texts are long, and there are many.
    prepared: Vec<(String, Named)>,
    cursors: Vec<Vec<Datum>>,
}

impl Session {
    /// Tells the hooks of prepared statements and cursors, if these changed.
    pub(super) fn show_statements(&mut self) {
        if !std::mem::take(&mut self.statements_changed) {
            return;
        }
        let named = self.prepared.iter().filter(|(name, _)| !name.is_empty());
        let prepared = named.map(|(name, named)| (name.clone(), named.clone())).collect();
        let cursors = self.portals().filter_map(cursor_row).collect();
        *self.hooks.shown.lock() = Shown { prepared, cursors };
    }
}

fn prepared_row((name, named): &(String, Named)) -> Vec<Datum> {
    let types: Vec<Datum> = named.statement.params().iter().map(|ty| Datum::Oid(ty.oid)).collect();
    vec![
        text(name),
        text(&named.statement.text),
        Datum::TimestampTz(named.prepared_at),
        array(oid::REGTYPE, types),
        Datum::Bool(named.from_sql),
        Datum::Int8(0),
        Datum::Int8(0),
    ]
}

fn cursor_row((name, portal): (&str, &Portal)) -> Option<Vec<Datum>> {
    let PortalState::Cursor(cursor) = &portal.state else { return None };
    Some(vec![
        text(name),
        text(&portal.statement.text),
        Datum::Bool(cursor.hold),
        Datum::Bool(cursor.binary),
        Datum::Bool(cursor.scroll),
        Datum::TimestampTz(portal.created),
    ])
}

impl Hooks {
    pub(super) fn rows_of(&self, relation: &str) -> Result<Vec<Vec<Datum>>> {
        match relation {
            "pg_settings" => Ok(self.settings_rows()),
            "pg_file_settings" => self.file_setting_rows(),
            "pg_stat_activity" => Ok(self.activity_rows()),
            "pg_locks" => Ok(self.lock_rows()),
            "pg_blocking_pids" => Ok(self.waiting_rows(Transactions::blocking_pids)),
            "pg_safe_snapshot_blocking_pids" => {
                Ok(self.waiting_rows(Transactions::safe_snapshot_blocking_pids))
            }
            "pg_notification_queue_usage" => {
                Ok(vec![vec![Datum::Float8(self.database.channels.usage())]])
            }
            "pg_prepared_xacts" => Ok(self.prepared_rows()),
            "zserver_snapshots" => Ok(self.snapshot_rows()),
            "zserver_index_builds" => Ok(self.index_build_rows()),
            "zserver_vector_indexes" => Ok(self.vector_index_rows()),
            "zserver_commits" => Ok(self.commit_rows()),
            "counts_reset_at" => Ok(vec![vec![time(self.database.counts_reset_at())]]),
            "pg_hba_file_rules" => self.hba_rows(),
            "pg_ident_file_mappings" => self.mapping_rows(),
            "pg_prepared_statements" => {
                Ok(self.shown.lock().prepared.iter().map(prepared_row).collect())
            }
            "pg_stat_archiver" => Ok(self.archiver_rows()),
            "pg_stat_statements" => {
                let counts = stat_statements::loaded(&self.database.stat_statements)?;
                Ok(counts.rows(|role| self.sees_statistics_of(role)))
            }
            "pg_stat_statements_info" => {
                let counts = stat_statements::loaded(&self.database.stat_statements)?;
                Ok(vec![counts.info_row()])
            }
            "pg_cursors" => Ok(self.shown.lock().cursors.clone()),
            "pg_postmaster_start_time" => Ok(vec![vec![Datum::TimestampTz(self.database.started)]]),
            "pg_conf_load_time" => {
                Ok(vec![vec![Datum::TimestampTz(self.database.configured_at())]])
            }
            other => Err(Error::unsupported(format!("the server state \"{other}\""))),
        }
    }

    /// Pairs of a waiting session and one that it waits for.
    fn waiting_rows(&self, blockers_of: fn(&Transactions, i32) -> Vec<i32>) -> Vec<Vec<Datum>> {
        let blocking = |pid: i32| {
            let blockers = blockers_of(&self.database.transactions, pid);
            blockers.into_iter().map(move |other| vec![Datum::Int4(pid), Datum::Int4(other)])
        };
        self.database.registry.all().iter().flat_map(|backend| blocking(backend.pid)).collect()
    }

    fn settings_rows(&self) -> Vec<Vec<Datum>> {
        let sees_all = self.sees_all_settings();
        let mut rows: Vec<Vec<Datum>> = {
            let settings = self.settings.lock();
            let shown = settings.all().filter(|it| sees_all || !it.parameter.is_for_superusers());
            shown.map(setting_row).collect()
        };
        for row in &mut rows {
            if let [Datum::Text(name), value, ..] = row.as_mut_slice()
                && let Some(now) = self.transaction_setting(name)
            {
                *value = text(now);
            }
        }
        rows
    }

    /// `pg_hba.conf` as it is now, which may not be what is in force.
    fn hba_rows(&self) -> Result<Vec<Vec<Datum>>> {
        let source = self.database.config().hba_source();
        let row = |line: hba::Line| {
            let mut row = vec![Datum::Null; 9];
            row[0] = Datum::Int4(i32::try_from(line.number).unwrap_or(i32::MAX));
            if let Some(rule) = &line.rule {
                let shown = rule.shown();
                row[1] = text(shown.side);
                row[2] = texts(&shown.databases);
                row[3] = texts(&shown.users);
                row[4] = optional(shown.address);
                row[5] = optional(shown.mask);
                row[6] = text(shown.method);
                if !shown.options.is_empty() {
                    row[7] = texts(&shown.options);
                }
            }
            row[8] = optional(line.error);
            row
        };
        Ok(hba::read_lines(&source)?.into_iter().map(row).collect())
    }

    fn mapping_rows(&self) -> Result<Vec<Vec<Datum>>> {
        let source = self.database.config().hba_source();
        let row = |mapping: hba::Mapping| {
            let number = Datum::Int4(i32::try_from(mapping.number).unwrap_or(i32::MAX));
            match mapping.error {
                Some(error) => {
                    vec![number, Datum::Null, Datum::Null, Datum::Null, Datum::Text(error)]
                }
                None => vec![
                    number,
                    Datum::Text(mapping.map),
                    Datum::Text(mapping.identity),
                    Datum::Text(mapping.user),
                    Datum::Null,
                ],
            }
        };
        Ok(hba::read_mappings(&source)?.into_iter().map(row).collect())
    }

    /// The instants that somebody can read at, and what each keeps.
    fn snapshot_rows(&self) -> Vec<Vec<Datum>> {
        let transactions = &self.database.transactions;
        let max = transactions.limits().snapshot_bytes_max;
        let row = |snapshot: crate::txn::SnapshotStatus| {
            let pids = transactions.activities().readers_at(snapshot.commit_ts);
            vec![
                int8(snapshot.commit_ts),
                super::lock_rows::timestamp(snapshot.taken),
                int8(snapshot.bytes_since),
                int8(max),
                array(oid::INT4, pids.into_iter().map(Datum::Int4).collect()),
            ]
        };
        transactions.snapshots().into_iter().map(row).collect()
    }

    /// The vector indexes that are being built.
    fn index_build_rows(&self) -> Vec<Vec<Datum>> {
        let builds = self.database.vectors.iter().flat_map(|vectors| vectors.builds());
        let row = |(build, linked): (crate::index::vector::Building, u64)| {
            vec![
                Datum::Int4(build.pid),
                Datum::Oid(build.database),
                Datum::Oid(build.table),
                Datum::Oid(build.index),
                text(build.command),
                text("building index: loading tuples"),
                int8(build.entries),
                int8(linked),
            ]
        };
        builds.map(row).collect()
    }

    /// The graphs of the session's database's vector indexes.
    fn vector_index_rows(&self) -> Vec<Vec<Datum>> {
        let Some(vectors) = &self.database.vectors else { return Vec::new() };
        let Some(catalog) = self.database.catalog_of(self.backend.database_oid) else {
            return Vec::new();
        };
        let row = |relation: &std::sync::Arc<crate::catalog::Relation>| {
            let status = vectors.status(relation.storage_id)?;
            Some(vec![
                Datum::Oid(relation.oid),
                text(status.phase),
                int8(status.rows),
                int8(status.linked),
                int8(status.fresh),
                int8(status.dead),
                int8(status.bytes),
                status.recall.map_or(Datum::Null, Datum::Float8),
                optional(status.failure),
            ])
        };
        catalog.relations().filter_map(row).collect()
    }

    /// What the committer has done.
    fn commit_rows(&self) -> Vec<Vec<Datum>> {
        let counts = self.database.transactions.commit_counts();
        let row = [
            counts.groups,
            counts.transactions,
            counts.largest_group,
            counts.bytes,
            counts.syncs,
            counts.sync_us,
            counts.sync_us_max,
            counts.sync_us_p50,
            counts.sync_us_p99,
        ];
        vec![row.into_iter().map(int8).collect()]
    }

    /// `pg_prepared_xacts` in the columns of `pg_prepared_xact`.
    fn prepared_rows(&self) -> Vec<Vec<Datum>> {
        let row = |info: PreparedInfo| {
            vec![
                Datum::Oid(info.id as u32),
                text(&info.gid),
                Datum::TimestampTz(info.prepared_at),
                Datum::Oid(info.owner),
                Datum::Oid(info.database),
            ]
        };
        self.database.transactions.prepared().into_iter().map(row).collect()
    }

    /// `pg_stat_activity` in the columns of `pg_stat_get_activity`.
    fn activity_rows(&self) -> Vec<Vec<Datum>> {
        let catalog = self.database.shared_catalog();
        let waits = self.database.transactions.waits();
        let oldest = self.running_transactions().first().copied();
        let row = |backend: std::sync::Arc<super::registry::Backend>| {
            let waits_for = waits.iter().find(|(pid, _)| *pid == backend.pid);
            let waits_for = waits_for.map(|(_, resource)| *resource);
            self.activity_row(&backend, &catalog, waits_for, oldest)
        };
        self.database.registry.all().into_iter().map(row).collect()
    }

    fn activity_row(
        &self,
        backend: &super::registry::Backend,
        catalog: &crate::catalog::Catalog,
        waits_for: Option<Resource>,
        oldest_running: Option<u64>,
    ) -> Vec<Datum> {
        let activity = backend.activity.lock().clone();
        let role = catalog.role_named(&backend.user);
        let mut row = vec![Datum::Null; ACTIVITY_COLUMNS];
        row[0] = Datum::Oid(backend.database_oid);
        row[1] = text(&backend.database);
        row[2] = Datum::Int4(backend.pid);
        row[4] = role.map_or(Datum::Null, |role| Datum::Oid(role.oid));
        row[5] = text(&backend.user);
        if !self.sees_activity_of(backend) {
            row[20] = text("<insufficient privilege>");
            return row;
        }
        row[6] = text(&activity.application_name);
        if let Some(ends) = backend.ends() {
            row[7] = Datum::Inet(Inet::host(ends.client.ip()));
            row[9] = Datum::Int4(ends.client.port().into());
        } else {
            // A Unix socket.
            row[9] = Datum::Int4(-1);
        }
        row[10] = Datum::TimestampTz(backend.started);
        row[11] = time(activity.transaction_start);
        row[12] = time(activity.query_start);
        row[13] = time(activity.state_change);
        let waits_for_commit = backend.waits_for_commit.load(Ordering::Relaxed);
        if let Some((kind, event)) = wait_event(activity.state, waits_for, waits_for_commit) {
            (row[14], row[15]) = (text(kind), text(event));
        }
        row[16] = text(activity.state.as_str());
        row[17] = backend.assigned_transaction_id().map_or(Datum::Null, xid);
        if backend.transaction_id() != 0 {
            row[18] = oldest_running.map_or(Datum::Null, xid);
        }
        if activity.query_id != 0 {
            row[19] = Datum::Int8(activity.query_id);
        }
        row[20] = text(activity.shown_query());
        row[21] = text("client backend");
        row
    }
}

fn setting_row(Setting { parameter, value, source, reset }: Setting<'_>) -> Vec<Datum> {
    let bounds = match &parameter.kind {
        Kind::Integer { min, max } => Some((min.to_string(), max.to_string())),
        Kind::Real { min, max } => Some((real(*min), real(*max))),
        _ => None,
    };
    let (min, max) = bounds.unzip();
    let values = match &parameter.kind {
        Kind::Enum(values) => text_array(values),
        _ => Datum::Null,
    };
    vec![
        text(parameter.name),
        Datum::Text(value.raw()),
        parameter.unit.map_or(Datum::Null, |unit| text(unit.as_str())),
        text(parameter.category),
        text(parameter.short_desc),
        match parameter.effect {
            Effect::Used => parameter.extra_desc.map_or(Datum::Null, text),
            Effect::Hint => text("Has no influence on results."),
            Effect::Fixed => text("Only the default is supported."),
        },
        text(parameter.context.as_str()),
        text(parameter.kind.name()),
        text(source.as_str()),
        optional(min),
        optional(max),
        values,
        Datum::Text(parameter.default.raw()),
        Datum::Text(reset.raw()),
        Datum::Null,
        Datum::Null,
        Datum::Bool(false),
    ]
}

/// A bound of a real parameter as PostgreSQL prints it (`%g`).
fn real(value: f64) -> String {
    if value > 1e300 { "1.79769e+308".to_owned() } else { value.to_string() }
}

fn texts(values: &[String]) -> Datum {
    array(oid::TEXT, values.iter().map(|value| text(value)).collect())
}

fn text_array(values: &[&'static str]) -> Datum {
    array(oid::TEXT, values.iter().map(|value| text(value)).collect())
}

fn array(element_type: oid::Oid, elements: Vec<Datum>) -> Datum {
    let dims = match elements.len() {
        0 => Vec::new(),
        length => vec![ArrayDim { length: length as i32, lower_bound: 1 }],
    };
    Datum::Array(Box::new(ArrayValue { element_type, dims, elements }))
}
