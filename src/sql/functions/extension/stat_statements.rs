//! `pg_stat_statements`: the counts are the session's (`SessionHooks::server_rows`).

use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{Kernel, SetKernel};
use crate::sql::types::Datum;

/// Where the text stands in a row.
const TEXT_COLUMN: usize = 4;

pub const KERNELS: &[Kernel] = kernels! {
    call "pg_stat_statements_reset_1_7" => |call, args| {
        let (role, database, query_id) = (arg(args, 0)?, arg(args, 1)?, arg(args, 2)?);
        call.eval.session.reset_statement_counts(role, database, query_id)?;
        Ok(Datum::Text(String::new()))
    };
    call "pg_stat_statements_info" => |call, _| {
        let rows = call.eval.session.server_rows("pg_stat_statements_info")?;
        let types = [crate::sql::types::oid::INT8, crate::sql::types::oid::TIMESTAMPTZ];
        let row = rows.into_iter().next().unwrap_or_default();
        Ok(Datum::Record(types.into_iter().zip(row).collect()))
    };
};

pub const SET_KERNELS: &[SetKernel] = &[SetKernel {
    symbol: "pg_stat_statements_1_10",
    rows: |call, args| {
        let shows_text: bool = arg(args, 0)?;
        let mut rows = call.eval.session.server_rows("pg_stat_statements")?;
        if !shows_text {
            rows.iter_mut().for_each(|row| row[TEXT_COLUMN] = Datum::Null);
        }
        Ok(Box::new(rows.into_iter().map(Ok)))
    },
}];
