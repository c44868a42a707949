//! WITH CHECK OPTION: a row written through a view must be one that the view shows.

use super::row_value::RowValue;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::ir::{ColumnId, ViewCheck};
use crate::sql::types::Datum;
use crate::sqlstate;
use crate::table::{SystemColumns, TableInfo, Writer, failing_row};

/// The conditions of a statement's views, those of inner views first.
pub struct ViewChecks(Vec<Compiled>);

struct Compiled {
    view: String,
    attnums: Vec<i16>,
    predicate: RowValue,
}

impl ViewChecks {
    pub fn new(checks: &[ViewCheck], catalog: &Catalog) -> Result<ViewChecks> {
        let compile = |check: &ViewCheck| {
            let slots: Vec<ColumnId> = check.row.iter().map(|(_, column)| column.id).collect();
            Ok(Compiled {
                view: check.view.clone(),
                attnums: check.row.iter().map(|(attnum, _)| *attnum).collect(),
                predicate: RowValue::new(&check.predicate, &slots, catalog)?,
            })
        };
        Ok(ViewChecks(checks.iter().map(compile).collect::<Result<_>>()?))
    }

    /// Tests a row that was written; `44000` when a view would not show it.
    pub async fn test(
        &self,
        info: &TableInfo,
        system: SystemColumns,
        row: &[Datum],
        params: &[Datum],
        writer: &mut Writer<'_>,
    ) -> Result<()> {
        for check in &self.0 {
            let values: Vec<Datum> = check
                .attnums
                .iter()
                .map(|attnum| system.value(*attnum, row))
                .collect::<Result<_>>()?;
            let ctx = writer.ctx;
            if !check.predicate.is_true(&values, params, writer.work, ctx).await? {
                return Err(Error::new(
                    sqlstate::WITH_CHECK_OPTION_VIOLATION,
                    format!("new row violates check option for view \"{}\"", check.view),
                )
                .with_detail(failing_row(info, &ctx.eval, row)));
            }
        }
        Ok(())
    }
}
