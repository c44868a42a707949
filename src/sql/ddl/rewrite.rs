//! Statements of DDL that write rows: a column's values, a converted type, the
//! rows of CREATE TABLE AS.
//!
//! The table is locked against everybody else; rows are read at the newest
//! committed instant with this transaction's own writes, a row at a time, and are
//! written as new rows of a new storage: the write set of insertions spills, so memory
//! stays bounded.

use futures::StreamExt;

use super::Ddl;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::ir::{Expr, ExprKind, Query, visit};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::{self, StatementContext};
use crate::sql::types::datetime::Zone;
use crate::sql::types::{
    BuiltinsOnly, DateOrder, DateStyle, Datum, IntervalStyle, Oid, OutputContext, to_text,
};
use crate::sqlstate;
use crate::storage::key;
use crate::table::{TableInfo, Writer};
use crate::txn::Keyspace;

impl Ddl<'_> {
    /// Gives every row of a table its value of a new column: the default computed
    /// for each row, the next value of an identity sequence, or the generation.
    pub async fn fill_column(&mut self, table: Oid, attnum: i16) -> Result<()> {
        self.require_row_type_unused(table)?;
        let relation = self.relation(table)?;
        let before = TableInfo::new(&self.work.catalog, &relation)?;
        self.give_new_storage(&relation)?;
        let info = TableInfo::of(&self.work.catalog, table)?;
        let default = info.default_of(&self.work.catalog, self.ctx, attnum)?;
        self.open_loan(default.as_ref().is_some_and(|default| default.calls_functions()));
        let sequence = match info.relation.columns[attnum as usize - 1].identity {
            Some(_) => self.owned_sequence(table, attnum),
            None => None,
        };
        let rows = self.work.txn.overlay_newest();
        let rows = rows.scan(Keyspace::Rows, &key::rows(before.storage_id()), false);
        let mut eval = self.eval();
        // The column's sequence may be as new as the column.
        eval.settings = eval.session.settings_view(&eval.catalog)?;
        let mut writer = Writer::rewriting(self.work, self.ctx);
        for entry in rows {
            let (_, row) = entry?;
            check_cancelled(writer.ctx)?;
            let old = before.decode(&row)?;
            let mut new = old.clone();
            if let Some(sequence) = sequence {
                new[attnum as usize - 1] =
                    sequence_value(&info, attnum, eval.session.nextval(sequence)?)?;
            } else if let Some(default) = &default {
                new[attnum as usize - 1] = writer.lend(|| default.eval(&eval, &old))?;
            } else {
                // A domain may refuse NULL.
                eval.input().null(info.relation.columns[attnum as usize - 1].ty.oid)?;
            }
            writer.insert(&info, new).await.map_err(of_rewrite)?;
        }
        writer.finish().await.map_err(of_rewrite)
    }

    /// Writes every row of a table into a new storage, in the order of an index, which is
    /// marked as the one that the table is clustered by; answers how many there were.
    pub async fn write_in_order(&mut self, table: Oid, index: Oid) -> Result<u64> {
        let relation = self.relation(table)?;
        let entries = key::object(self.relation(index)?.storage_id);
        self.mark_clustered(&relation, Some(index))?;
        let before = TableInfo::new(&self.work.catalog, &relation)?;
        let rows = self.work.txn.overlay_newest();
        self.give_new_storage(&relation)?;
        let after = TableInfo::of(&self.work.catalog, table)?;
        let mut writer = Writer::rewriting(self.work, self.ctx);
        let mut count = 0;
        for entry in rows.scan(Keyspace::Indexes, &entries, false) {
            let (entry, value) = entry?;
            check_cancelled(writer.ctx)?;
            let rid = key::index_rid(&entry, &value)
                .ok_or_else(|| Error::data_corrupted("an index entry has no rid"))?;
            let row = rows.get(Keyspace::Rows, &key::row(before.storage_id(), rid))?;
            let row = row.ok_or_else(|| {
                Error::data_corrupted(format!("an index names row {rid}, which does not exist"))
            })?;
            writer.write_again(&after, &before.decode(&row)?).await.map_err(of_rewrite)?;
            count += 1;
        }
        writer.finish().await.map_err(of_rewrite)?;
        Ok(count)
    }

    /// Expressions that call functions need the transaction's work.
    fn open_loan(&mut self, calls_functions: bool) {
        if calls_functions && !self.ctx.eval.loan.is_needed() {
            self.ctx.eval.loan.open(self.work);
        }
    }

    /// A table's rows and its indexes' entries are written anew.
    pub fn give_new_storage(&mut self, relation: &Relation) -> Result<()> {
        crate::table::remove(self.work, relation)?;
        let storage_id = self.next_storage_id();
        let mut changed = Relation { storage_id, schema_version: 0, ..relation.clone() };
        for column in &mut changed.columns {
            column.since_version = 0;
            column.missing = None;
        }
        self.put_relation(changed);
        for oid in &relation.indexes {
            let mut index = (*self.relation(*oid)?).clone();
            crate::index::remove(self.work, &index)?;
            index.storage_id = self.next_storage_id();
            self.put_relation(index);
        }
        Ok(())
    }

    /// Writes every row of `old` into `new`'s storage with one column converted.
    pub async fn convert_column(
        &mut self,
        old: &Relation,
        new: Oid,
        attnum: i16,
        conversion: &Expr,
    ) -> Result<()> {
        let before = TableInfo::new(&self.work.catalog, &old.clone().into())?;
        let after = TableInfo::of(&self.work.catalog, new)?;
        let slots = super::expression::row_slots(old);
        let conversion = Evaluator::compile(conversion, &slots, &self.work.catalog)?;
        self.open_loan(conversion.calls_functions());
        let rows = self.work.txn.overlay_newest();
        let rows = rows.scan(Keyspace::Rows, &key::rows(before.storage_id()), false);
        let eval = self.eval();
        let mut writer = Writer::rewriting(self.work, self.ctx);
        for entry in rows {
            let (_, row) = entry?;
            check_cancelled(writer.ctx)?;
            let mut datums = before.decode(&row)?;
            datums[attnum as usize - 1] = writer.lend(|| conversion.eval(&eval, &[], &datums))?;
            writer.insert(&after, datums).await.map_err(of_rewrite)?;
        }
        writer.finish().await.map_err(of_rewrite)
    }

    /// Inserts a query's rows into a new table; answers how many there were.
    pub async fn fill_table(&mut self, table: Oid, query: &Query) -> Result<u64> {
        let mut chunks = run::rows(query, &[], self.work, self.ctx).await?;
        let info = TableInfo::of(&self.work.catalog, table)?;
        let mut writer = Writer::new(self.work, self.ctx);
        let mut count = 0;
        while let Some(chunk) = writer.ctx.lend_while(writer.work, chunks.next()).await {
            for row in chunk? {
                writer.insert(&info, row).await?;
                count += 1;
            }
        }
        writer.finish().await?;
        Ok(count)
    }

    /// The text of a default that is the same for every row: `Some(None)` for
    /// NULL, `None` when it must be computed row by row.
    pub fn constant_default(
        &self,
        relation: &std::sync::Arc<Relation>,
        attnum: i16,
        sql: &str,
    ) -> Result<Option<Option<String>>> {
        let eval = self.eval();
        let ty = relation.columns[attnum as usize - 1].ty;
        let expr = bind::bind_relation_expression_sql(&eval, relation, sql, Some(ty))?;
        let mut volatile = false;
        let mut note = |expr: &Expr| {
            if let ExprKind::Call(call) = &expr.kind {
                volatile |= call.function.volatility == crate::catalog::Volatility::Volatile;
            }
        };
        visit::each_in_expr(&expr, &mut note, &mut |_| {});
        if volatile {
            return Ok(None);
        }
        let value = Evaluator::compile(&expr, &[], &self.work.catalog)?.eval(&eval, &[], &[])?;
        if value.is_null() {
            return Ok(Some(None));
        }
        Ok(Some(Some(stored_text(&value, ty.oid))))
    }
}

fn check_cancelled(ctx: &StatementContext) -> Result<()> {
    if ctx.cancel.is_cancelled() { Err(Error::query_canceled()) } else { Ok(()) }
}

/// The text form that stored values are read back from: independent of settings.
pub(super) fn stored_text(value: &Datum, ty: Oid) -> String {
    let context = OutputContext {
        zone: Zone::Fixed(0),
        date_style: DateStyle::Iso,
        date_order: DateOrder::Mdy,
        interval_style: IntervalStyle::Postgres,
        bytea_output_hex: true,
        extra_float_digits: 1,
        catalog: &BuiltinsOnly,
    };
    to_text(value, ty, &context)
}

/// What is wrong with a row that was there before is told of the table, not of the row.
fn of_rewrite(error: Error) -> Error {
    let report = error.report();
    let (Some(name), table) = (&report.constraint, report.table.as_deref().unwrap_or_default())
    else {
        return error;
    };
    let message = match error.code() {
        sqlstate::UNIQUE_VIOLATION => format!("could not create unique index \"{name}\""),
        sqlstate::CHECK_VIOLATION => {
            format!("check constraint \"{name}\" of relation \"{table}\" is violated by some row")
        }
        _ => return error,
    };
    let mut report = error.into_report();
    report.message = message;
    report.detail = match report.code == Some(sqlstate::UNIQUE_VIOLATION) {
        true => report.detail.map(|detail| detail.replace(" already exists.", " is duplicated.")),
        false => None,
    };
    Error::from_report(report)
}

/// A sequence's value as the identity column's type.
fn sequence_value(info: &TableInfo, attnum: i16, value: i64) -> Result<Datum> {
    use crate::sql::types::oid;
    match info.column(attnum)?.ty.oid {
        oid::INT2 => {
            i16::try_from(value).map(Datum::Int2).map_err(|_| Error::out_of_range("smallint"))
        }
        oid::INT4 => {
            i32::try_from(value).map(Datum::Int4).map_err(|_| Error::out_of_range("integer"))
        }
        _ => Ok(Datum::Int8(value)),
    }
}
