//! What sessions have done, counted: the functions behind `pg_stat_all_tables`,
//! `pg_stat_all_indexes` and `pg_stat_database`, and the server's own `zserver_…`.
//!
//! The counts are of this server's life (see `txn::activity`) and of this moment, so
//! there is no snapshot of them to clear and nothing to flush.

use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{Datum, Oid};
use crate::txn::{Counted, DatabaseCounts};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_stat_get_numscans" => |call, args| table(call, args, Counted::Scans);
    call "pg_stat_get_tuples_returned" => |call, args| table(call, args, Counted::Returned);
    call "pg_stat_get_tuples_fetched" => |call, args| table(call, args, Counted::Fetched);
    call "pg_stat_get_tuples_inserted" => |call, args| table(call, args, Counted::Inserted);
    call "pg_stat_get_tuples_updated" => |call, args| table(call, args, Counted::Updated);
    call "pg_stat_get_tuples_deleted" => |call, args| table(call, args, Counted::Deleted);
    // An update finds its row's place again, and its old version leaves nothing to vacuum.
    call "pg_stat_get_tuples_hot_updated" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_dead_tuples" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_live_tuples" => |call, args| {
        call.eval.session.live_rows(arg(args, 0)?).map(Datum::Int8)
    };
    call "pg_stat_get_db_numbackends" => |call, args| {
        let database: Oid = arg(args, 0)?;
        let rows = call.eval.session.server_rows("pg_stat_activity")?;
        let is_there = |row: &&Vec<Datum>| matches!(row.first(), Some(Datum::Oid(oid)) if *oid == database);
        let count = rows.iter().filter(is_there).count();
        Ok(Datum::Int4(i32::try_from(count).unwrap_or(i32::MAX)))
    };
    call "pg_stat_get_db_xact_commit" => |call, args| database(call, args, |it| it.commits);
    call "pg_stat_get_db_xact_rollback" => |call, args| database(call, args, |it| it.rollbacks);
    call "pg_stat_get_db_tuples_returned" => |call, args| {
        database(call, args, |it| it.tables.get(Counted::Returned))
    };
    call "pg_stat_get_db_tuples_fetched" => |call, args| {
        database(call, args, |it| it.tables.get(Counted::Fetched))
    };
    call "pg_stat_get_db_tuples_inserted" => |call, args| {
        database(call, args, |it| it.tables.get(Counted::Inserted))
    };
    call "pg_stat_get_db_tuples_updated" => |call, args| {
        database(call, args, |it| it.tables.get(Counted::Updated))
    };
    call "pg_stat_get_db_tuples_deleted" => |call, args| {
        database(call, args, |it| it.tables.get(Counted::Deleted))
    };
    // Queries conflict with recovery on a standby only, and there is none.
    call "pg_stat_get_db_conflict_all" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_db_conflict_tablespace" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_db_conflict_lock" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_db_conflict_snapshot" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_db_conflict_bufferpin" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_db_conflict_startup_deadlock" => |_, _| Ok(Datum::Int8(0));
    call "pg_stat_get_db_temp_files" => |call, args| database(call, args, |it| it.temp_files);
    call "pg_stat_get_db_temp_bytes" => |call, args| database(call, args, |it| it.temp_bytes);
    call "pg_stat_get_db_deadlocks" => |call, args| database(call, args, |it| it.deadlocks);
    call "pg_stat_get_db_sessions" => |call, args| database(call, args, |it| it.sessions);
    call "pg_stat_get_db_stat_reset_time" => |call, _| {
        let rows = call.eval.session.server_rows("counts_reset_at")?;
        Ok(rows.into_iter().flatten().next().unwrap_or(Datum::Null))
    };
    call "pg_stat_reset" => |call, _| {
        call.eval.session.reset_counts(None)?;
        Ok(Datum::Text(String::new()))
    };
    call "pg_stat_reset_single_table_counters" => |call, args| {
        call.eval.session.reset_counts(Some(arg(args, 0)?))?;
        Ok(Datum::Text(String::new()))
    };
    call "pg_stat_clear_snapshot" => |_, _| Ok(Datum::Text(String::new()));
    call "pg_stat_force_next_flush" => |_, _| Ok(Datum::Text(String::new()));
};

/// No rows: nothing is replicated or subscribed to, and no command reports its progress.
fn nothing(_: &CallContext<'_>, _: &[Datum]) -> Result<SetRows> {
    Ok(Box::new(std::iter::empty()))
}

pub(super) const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "pg_stat_get_progress_info", rows: nothing },
    SetKernel { symbol: "pg_show_replication_origin_status", rows: nothing },
    SetKernel { symbol: "pg_stat_get_subscription", rows: nothing },
    SetKernel {
        symbol: "zserver_snapshots",
        rows: |call, _| super::server::server_rows(call, "zserver_snapshots"),
    },
    SetKernel {
        symbol: "zserver_index_builds",
        rows: |call, _| super::server::server_rows(call, "zserver_index_builds"),
    },
    SetKernel {
        symbol: "zserver_vector_indexes",
        rows: |call, _| super::server::server_rows(call, "zserver_vector_indexes"),
    },
    SetKernel {
        symbol: "zserver_commits",
        rows: |call, _| super::server::server_rows(call, "zserver_commits"),
    },
];

fn table(call: &CallContext<'_>, args: &[Datum], counted: Counted) -> Result<Datum> {
    let counts = call.eval.session.table_counts(arg(args, 0)?);
    Ok(int8(counts.get(counted)))
}

fn database(
    call: &CallContext<'_>,
    args: &[Datum],
    count: fn(&DatabaseCounts) -> u64,
) -> Result<Datum> {
    Ok(int8(count(&call.eval.session.database_counts(arg(args, 0)?))))
}

fn int8(count: u64) -> Datum {
    Datum::Int8(i64::try_from(count).unwrap_or(i64::MAX))
}
