//! Transaction ids and snapshots: `pg_current_xact_id`, `pg_current_snapshot`,
//! `pg_xact_status` and the older functions on `bigint`.
//!
//! Every transaction has its id from its beginning; it counts as assigned, as in
//! PostgreSQL, once the transaction has written or asked for it.

use super::call::{arg, wrong_type};
use super::{CallContext, Kernel, SetKernel, SetRows, TransactionStatus};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::Datum;
use crate::sql::types::snapshot::Snapshot;
use crate::sqlstate;

/// The ids that no transaction has: of the first rows, and of frozen ones.
const BOOTSTRAP_AND_FROZEN: [i64; 2] = [1, 2];

pub const KERNELS: &[&[Kernel]] = &[SNAPSHOTS];

const SNAPSHOTS: &[Kernel] = kernels! {
    call "pg_current_xact_id" => |call, _| {
        Ok(Datum::Int8(call.eval.session.assign_transaction_id() as i64))
    };
    call "pg_current_xact_id_if_assigned" => |call, _| {
        let id = call.eval.session.assigned_transaction_id();
        Ok(id.map_or(Datum::Null, |id| Datum::Int8(id as i64)))
    };
    call "pg_current_snapshot" => |call, _| {
        call.eval.session.snapshot().map(|snapshot| Datum::Text(snapshot.text()))
    };
    call "pg_export_snapshot" => |call, _| {
        call.eval.session.export_snapshot().map(Datum::Text)
    };
    call "pg_snapshot_xmin" => |_, args| Ok(Datum::Int8(snapshot(args, 0)?.xmin as i64));
    call "pg_snapshot_xmax" => |_, args| Ok(Datum::Int8(snapshot(args, 0)?.xmax as i64));
    call "pg_visible_in_snapshot" => |_, args| {
        let id: i64 = arg(args, 0)?;
        Ok(Datum::Bool(snapshot(args, 1)?.sees(id as u64)))
    };
    call "pg_xact_status" => status;
};

pub const SET_KERNELS: &[SetKernel] = &[SetKernel { symbol: "pg_snapshot_xip", rows: running }];

fn snapshot(args: &[Datum], at: usize) -> Result<Snapshot> {
    match args.get(at) {
        Some(Datum::Text(text)) => Snapshot::parse(text),
        _ => Err(wrong_type()),
    }
}

fn running(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let ids = snapshot(args, 0)?.running.into_iter();
    Ok(Box::new(ids.map(|id| Ok(vec![Datum::Int8(id as i64)]))))
}

/// What became of a transaction; NULL if that is not remembered.
fn status(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let id: i64 = arg(args, 0)?;
    if BOOTSTRAP_AND_FROZEN.contains(&id) {
        return Ok(Datum::Text("committed".to_owned()));
    }
    let word = match call.eval.session.transaction_status(id as u64)? {
        TransactionStatus::Future => {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("transaction ID {} is in the future", id as u64),
            ));
        }
        TransactionStatus::Forgotten => return Ok(Datum::Null),
        TransactionStatus::InProgress => "in progress",
        TransactionStatus::Committed => "committed",
        TransactionStatus::Aborted => "aborted",
    };
    Ok(Datum::Text(word.to_owned()))
}
