//! Conditions on the rows that a statement writes: WITH CHECK OPTION of views, and what
//! policies ask.
//!
//! A view's conditions are tested when the row is written, a policy's before: it sees
//! the row as the BEFORE triggers left it, and is heard before any constraint.

use futures::future::BoxFuture;

use super::row_value::RowValue;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::ir::{CheckKind, ColumnId, PolicyChecks, RowCheck};
use crate::sql::types::Datum;
use crate::sqlstate;
use crate::table::part::RowConditions;
use crate::table::{SystemColumns, TableInfo, Writer, failing_row};

/// Compiled conditions, in the order in which they are tested.
#[derive(Default)]
pub struct RowChecks(Vec<Compiled>);

/// What policies ask, by what is done to a row.
#[derive(Default)]
pub struct PolicyTests {
    pub insert: RowChecks,
    pub update: RowChecks,
    pub update_target: RowChecks,
    pub delete_target: RowChecks,
}

struct Compiled {
    kind: CheckKind,
    attnums: Vec<i16>,
    predicate: RowValue,
}

impl PolicyTests {
    pub fn new(checks: &PolicyChecks, catalog: &Catalog) -> Result<PolicyTests> {
        Ok(PolicyTests {
            insert: RowChecks::new(&checks.insert, catalog)?,
            update: RowChecks::new(&checks.update, catalog)?,
            update_target: RowChecks::new(&checks.update_target, catalog)?,
            delete_target: RowChecks::new(&checks.delete_target, catalog)?,
        })
    }
}

impl RowChecks {
    pub fn new(checks: &[RowCheck], catalog: &Catalog) -> Result<RowChecks> {
        let compile = |check: &RowCheck| {
            let slots: Vec<ColumnId> = check.row.iter().map(|(_, column)| column.id).collect();
            Ok(Compiled {
                kind: check.kind.clone(),
                attnums: check.row.iter().map(|(attnum, _)| *attnum).collect(),
                predicate: RowValue::new(&check.predicate, &slots, catalog)?,
            })
        };
        Ok(RowChecks(checks.iter().map(compile).collect::<Result<_>>()?))
    }

    pub async fn test_row(
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
                return Err(match &check.kind {
                    CheckKind::View(view) => Error::new(
                        sqlstate::WITH_CHECK_OPTION_VIOLATION,
                        format!("new row violates check option for view \"{view}\""),
                    )
                    .with_detail_if(failing_row(info, &ctx.eval, row)),
                    kind => policy_violation(kind),
                });
            }
        }
        Ok(())
    }
}

impl RowConditions for RowChecks {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn test<'a>(
        &'a self,
        root: &'a TableInfo,
        system: SystemColumns,
        row: &'a [Datum],
        params: &'a [Datum],
        writer: &'a mut Writer<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.test_row(root, system, row, params, writer))
    }
}

/// `42501`, in PostgreSQL's words; a policy does not show the row.
fn policy_violation(kind: &CheckKind) -> Error {
    let CheckKind::Policy { table, policy, is_target, is_using } = kind else {
        return Error::internal("not a policy");
    };
    let row = if *is_target { "target row" } else { "new row" };
    let name = policy.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    let using = if *is_using { " (USING expression)" } else { "" };
    Error::new(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!("{row} violates row-level security policy{name}{using} for table \"{table}\""),
    )
}
