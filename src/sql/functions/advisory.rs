//! Advisory locks: `pg_advisory_lock` and its family.
//!
//! A key is one bigint or two integers; the two kinds never meet. The session
//! keeps the locks and does the waiting.

use crate::error::Result;
use crate::kernels;
use crate::sql::types::Datum;

use super::call::arg;
use super::{CallContext, Kernel};

/// What an advisory lock is on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdvisoryKey {
    Single(i64),
    Pair(i32, i32),
}

/// A request for an advisory lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdvisoryRequest {
    pub key: AdvisoryKey,
    pub shared: bool,
    /// Released by the end of the transaction rather than by `pg_advisory_unlock`.
    pub for_transaction: bool,
    /// Waits for others; without it the answer may be "no".
    pub waits: bool,
}

pub const KERNELS: &[Kernel] = kernels! {
    call "pg_advisory_lock_int8" => |call, args| lock(call, single(args)?, false, false);
    call "pg_advisory_lock_int4" => |call, args| lock(call, pair(args)?, false, false);
    call "pg_advisory_lock_shared_int8" => |call, args| lock(call, single(args)?, true, false);
    call "pg_advisory_lock_shared_int4" => |call, args| lock(call, pair(args)?, true, false);
    call "pg_advisory_xact_lock_int8" => |call, args| lock(call, single(args)?, false, true);
    call "pg_advisory_xact_lock_int4" => |call, args| lock(call, pair(args)?, false, true);
    call "pg_advisory_xact_lock_shared_int8" => |call, args| lock(call, single(args)?, true, true);
    call "pg_advisory_xact_lock_shared_int4" => |call, args| lock(call, pair(args)?, true, true);
    call "pg_try_advisory_lock_int8" => |call, args| try_lock(call, single(args)?, false, false);
    call "pg_try_advisory_lock_int4" => |call, args| try_lock(call, pair(args)?, false, false);
    call "pg_try_advisory_lock_shared_int8" => |call, args|
        try_lock(call, single(args)?, true, false);
    call "pg_try_advisory_lock_shared_int4" => |call, args| try_lock(call, pair(args)?, true, false);
    call "pg_try_advisory_xact_lock_int8" => |call, args| try_lock(call, single(args)?, false, true);
    call "pg_try_advisory_xact_lock_int4" => |call, args| try_lock(call, pair(args)?, false, true);
    call "pg_try_advisory_xact_lock_shared_int8" => |call, args|
        try_lock(call, single(args)?, true, true);
    call "pg_try_advisory_xact_lock_shared_int4" => |call, args|
        try_lock(call, pair(args)?, true, true);
    call "pg_advisory_unlock_int8" => |call, args| unlock(call, single(args)?, false);
    call "pg_advisory_unlock_int4" => |call, args| unlock(call, pair(args)?, false);
    call "pg_advisory_unlock_shared_int8" => |call, args| unlock(call, single(args)?, true);
    call "pg_advisory_unlock_shared_int4" => |call, args| unlock(call, pair(args)?, true);
    call "pg_advisory_unlock_all" => |call, _| {
        call.eval.session.advisory_unlock_all();
        Ok(Datum::Text(String::new()))
    };
};

fn single(args: &[Datum]) -> Result<AdvisoryKey> {
    Ok(AdvisoryKey::Single(arg(args, 0)?))
}

fn pair(args: &[Datum]) -> Result<AdvisoryKey> {
    Ok(AdvisoryKey::Pair(arg(args, 0)?, arg(args, 1)?))
}

fn lock(
    call: &CallContext<'_>,
    key: AdvisoryKey,
    shared: bool,
    for_transaction: bool,
) -> Result<Datum> {
    let request = AdvisoryRequest { key, shared, for_transaction, waits: true };
    call.eval.session.advisory_lock(request)?;
    Ok(Datum::Text(String::new()))
}

fn try_lock(
    call: &CallContext<'_>,
    key: AdvisoryKey,
    shared: bool,
    for_transaction: bool,
) -> Result<Datum> {
    let request = AdvisoryRequest { key, shared, for_transaction, waits: false };
    call.eval.session.advisory_lock(request).map(Datum::Bool)
}

fn unlock(call: &CallContext<'_>, key: AdvisoryKey, shared: bool) -> Result<Datum> {
    call.eval.session.advisory_unlock(key, shared).map(Datum::Bool)
}
