//! Statements that change rows: INSERT, UPDATE, DELETE, TRUNCATE and COPY.
//!
//! A bound statement is compiled once ([`Compiled`]): expressions become
//! evaluators, and the rows to be changed get a source. Three sources need no
//! plan: VALUES, a unique key, and a scan of the target alone; a prepared
//! statement keeps the compiled form and pays for nothing else. Everything else
//! (joins, subqueries) asks `run` for rows.
//!
//! ```text
//! UPDATE t SET b = b + 1 WHERE id = $1
//!   unique lookup id → row lock → newest version → WHERE again → b + 1 → write
//! ```
//!
//! A statement reads its snapshot through an overlay made before its first write,
//! so it never meets its own changes. Under READ COMMITTED a row that changed
//! since is judged again in its newest version, with the rows of other tables that it
//! was found with (`run::recheck`).

mod compiler;
pub mod conditions;
pub mod copy;
mod domain;
mod implied;
mod insert;
mod instead;
mod late;
mod merge;
mod modify;
mod returning;
mod row_value;
mod several;
mod source;
mod trigger;
mod truncate;
mod view_check;

pub use compiler::{SqlCompiler, row_expression};
pub use conditions::Conditions;
pub use copy::{CopyFrom, CopyOptions, CopyTo};
pub use domain::{compile_check, compile_domain};
pub use implied::index_hints;
pub use returning::reserve;
pub use truncate::{empty, truncate};

use std::sync::Arc;

use super::ir;
use super::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use super::run::{StatementContext, Work};
use super::types::Datum;
use crate::catalog::Catalog;
use crate::error::{Error, Result};

use insert::InsertPlan;
use instead::{InsteadPlan, is_for_triggers};
use merge::MergePlan;
use modify::ModifyPlan;
use several::SeveralPlan;

/// A statement ready to be run many times under the catalog it was compiled for.
pub struct Compiled {
    relation: Arc<crate::catalog::Relation>,
    plan: Plan,
    returning: Option<returning::ReturningPlan>,
    /// The statement, if it is compiled anew once its CTEs have run.
    late: Option<Box<ir::Statement>>,
}

enum Plan {
    Insert(InsertPlan),
    Modify(ModifyPlan),
    Merge(Box<MergePlan>),
    Instead(Box<InsteadPlan>),
    Several(SeveralPlan),
}

/// What a statement did.
pub struct Effect {
    /// Rows inserted, updated or deleted.
    pub count: u64,
    /// The rows of RETURNING.
    pub rows: Vec<Vec<Datum>>,
}

impl Compiled {
    pub fn new(statement: &ir::Statement, catalog: &Catalog) -> Result<Compiled> {
        let instead = |plan| Plan::Instead(Box::new(plan));
        let (relation, plan, returning) = match statement {
            ir::Statement::Insert(insert) if is_for_triggers(&insert.relation) => {
                let plan = instead(InsteadPlan::insert(insert, catalog)?);
                (&insert.relation, plan, insert.returning.as_ref())
            }
            ir::Statement::Update(update) if is_for_triggers(&update.target.relation) => {
                let plan = instead(InsteadPlan::update(update, catalog)?);
                (&update.target.relation, plan, update.returning.as_ref())
            }
            ir::Statement::Delete(delete) if is_for_triggers(&delete.target.relation) => {
                let plan = instead(InsteadPlan::delete(delete, catalog)?);
                (&delete.target.relation, plan, delete.returning.as_ref())
            }
            ir::Statement::Insert(insert) => {
                let plan = Plan::Insert(InsertPlan::new(insert, catalog)?);
                (&insert.relation, plan, insert.returning.as_ref())
            }
            ir::Statement::Update(update) => {
                let plan = Plan::Modify(ModifyPlan::update(update, catalog)?);
                (&update.target.relation, plan, update.returning.as_ref())
            }
            ir::Statement::Delete(delete) => {
                let plan = Plan::Modify(ModifyPlan::delete(delete, catalog)?);
                (&delete.target.relation, plan, delete.returning.as_ref())
            }
            ir::Statement::Merge(merge) => {
                let plan = Plan::Merge(Box::new(MergePlan::new(merge, catalog)?));
                (&merge.target.relation, plan, None)
            }
            ir::Statement::Several(several) => {
                let plan = Plan::Several(SeveralPlan::new(several, catalog)?);
                let relation = several.relation.clone();
                return Ok(Compiled { relation, plan, returning: None, late: None });
            }
            ir::Statement::Query(_) => return Err(Error::internal("a query changes no rows")),
        };
        let extra = match &plan {
            Plan::Insert(_) | Plan::Merge(_) | Plan::Several(_) => &[][..],
            Plan::Modify(plan) => plan.extra_columns(),
            Plan::Instead(plan) => plan.extra_columns(),
        };
        let returning = returning
            .map(|returning| returning::ReturningPlan::new(returning, extra, catalog))
            .transpose()?;
        let late = late::applies(statement).then(|| Box::new(statement.clone()));
        Ok(Compiled { relation: relation.clone(), plan, returning, late })
    }

    /// Whether it runs without a plan of DataFusion.
    pub fn is_fast(&self) -> bool {
        match &self.plan {
            Plan::Insert(plan) => plan.is_fast(),
            Plan::Modify(plan) => plan.is_fast(),
            Plan::Merge(_) | Plan::Instead(_) | Plan::Several(_) => false,
        }
    }

    /// Runs the statement to its end, end-of-statement checks included. Its relations
    /// are locked.
    pub async fn run(
        &self,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Effect> {
        if let Some(statement) = &self.late {
            return late::run(statement, params, work, ctx).await;
        }
        match &self.plan {
            Plan::Insert(plan) => {
                plan.run(&self.relation, self.returning.as_ref(), params, work, ctx).await
            }
            Plan::Modify(plan) => {
                plan.run(&self.relation, self.returning.as_ref(), params, work, ctx).await
            }
            Plan::Merge(plan) => plan.run(&self.relation, params, work, ctx).await,
            Plan::Several(plan) => plan.run(params, work, ctx).await,
            Plan::Instead(plan) => {
                plan.run(&self.relation, self.returning.as_ref(), params, work, ctx).await
            }
        }
    }

    /// Runs the statement and answers what the client gets.
    pub async fn execute(
        &self,
        params: &[Datum],
        work: &mut Work,
        ctx: &StatementContext,
    ) -> Result<Outcome> {
        let effect = self.run(params, work, ctx).await?;
        let tag = self.tag(effect.count);
        Ok(match self.returning() {
            None => Outcome::Command(tag),
            Some(returning) => {
                let rows = (!effect.rows.is_empty()).then(|| Ok(Rows::Datums(effect.rows)));
                Outcome::Rows(RowStream {
                    columns: returning.columns.clone(),
                    rows: Box::pin(futures::stream::iter(rows)),
                    tag: RowsTag::Fixed(tag),
                    lender: None,
                })
            }
        })
    }

    /// The columns of RETURNING.
    pub fn returned_columns(&self) -> Option<&Arc<[ResultColumn]>> {
        self.returning().map(|returning| &returning.columns)
    }

    fn returning(&self) -> Option<&returning::ReturningPlan> {
        match &self.plan {
            Plan::Several(plan) => plan.tagged()?.returning(),
            _ => self.returning.as_ref(),
        }
    }

    fn tag(&self, count: u64) -> String {
        match &self.plan {
            Plan::Insert(_) => format!("INSERT 0 {count}"),
            Plan::Modify(plan) => format!("{} {count}", plan.verb()),
            Plan::Merge(_) => format!("MERGE {count}"),
            Plan::Instead(plan) => plan.tag(count),
            Plan::Several(plan) => plan.tag(count),
        }
    }
}

/// Compiles and executes a statement.
pub async fn execute(
    statement: &ir::Statement,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    let compiled = Compiled::new(statement, &work.catalog)?;
    compiled.execute(params, work, ctx).await
}

#[cfg(test)]
mod tests;
