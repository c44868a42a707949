//! RETURNING: what the client gets back for each row.

use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};

use super::row_value::RowValue;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::ir::{ColumnId, Returning};
use crate::sql::outcome::ResultColumn;
use crate::sql::run::{StatementContext, result_column};
use crate::sql::types::Datum;
use crate::table::{SystemColumns, Writer};

/// A compiled RETURNING list.
pub struct ReturningPlan {
    pub columns: Arc<[ResultColumn]>,
    /// Attribute numbers of the row's columns, in the order of the slots.
    attnums: Vec<i16>,
    exprs: Vec<RowValue>,
}

impl ReturningPlan {
    /// `extra` are the columns of the statement's input beside the target's.
    pub fn new(
        returning: &Returning,
        extra: &[ColumnId],
        catalog: &Catalog,
    ) -> Result<ReturningPlan> {
        let mut slots: Vec<ColumnId> = returning.row.iter().map(|(_, column)| column.id).collect();
        slots.extend_from_slice(extra);
        let exprs = returning
            .exprs
            .iter()
            .map(|(_, expr)| RowValue::new(expr, &slots, catalog))
            .collect::<Result<Vec<_>>>()?;
        let columns =
            returning.exprs.iter().map(|(column, _)| result_column(column, catalog)).collect();
        let attnums = returning.row.iter().map(|(attnum, _)| *attnum).collect();
        Ok(ReturningPlan { columns, attnums, exprs })
    }

    async fn row(
        &self,
        params: &[Datum],
        system: SystemColumns,
        row: &[Datum],
        extra: &[Datum],
        writer: &mut Writer<'_>,
    ) -> Result<Vec<Datum>> {
        let mut values: Vec<Datum> =
            self.attnums.iter().map(|attnum| system.value(*attnum, row)).collect::<Result<_>>()?;
        values.extend_from_slice(extra);
        let mut returned = Vec::with_capacity(self.exprs.len());
        for expr in &self.exprs {
            returned.push(expr.eval(&values, params, writer.work, writer.ctx).await?);
        }
        Ok(returned)
    }
}

/// The rows returned so far, within the statement's memory.
pub struct Returned<'a> {
    plan: Option<&'a ReturningPlan>,
    reservation: MemoryReservation,
    pub rows: Vec<Vec<Datum>>,
}

impl<'a> Returned<'a> {
    pub fn new(plan: Option<&'a ReturningPlan>, ctx: &StatementContext) -> Returned<'a> {
        let reservation = MemoryConsumer::new("RETURNING").register(&ctx.runtime.memory_pool);
        Returned { plan, reservation, rows: Vec::new() }
    }

    /// Adds what RETURNING makes of a row, if there is a RETURNING.
    pub async fn add(
        &mut self,
        params: &[Datum],
        system: SystemColumns,
        row: &[Datum],
        extra: &[Datum],
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        let Some(plan) = self.plan else { return Ok(()) };
        let values = plan.row(params, system, row, extra, writer).await?;
        reserve(&mut self.reservation, &values)?;
        self.rows.push(values);
        Ok(())
    }
}

/// Takes the memory of a row that is kept. `53200` if there is not so much.
pub fn reserve(reservation: &mut MemoryReservation, row: &[Datum]) -> Result<()> {
    let bytes = row.iter().map(bytes_of).sum::<usize>() + size_of::<Vec<Datum>>();
    reservation.try_grow(bytes).map_err(|error| Error::out_of_memory(error.strip_backtrace()))
}

/// The memory of a value, about.
fn bytes_of(datum: &Datum) -> usize {
    let heap = match datum {
        Datum::Text(text) => text.len(),
        Datum::Bytea(bytes) => bytes.len(),
        Datum::Jsonb(document) => document.0.len(),
        Datum::Array(array) => array.elements.iter().map(bytes_of).sum(),
        Datum::Record(fields) => fields.iter().map(|(_, field)| bytes_of(field)).sum(),
        _ => 0,
    };
    size_of::<Datum>() + heap
}
