//! ORDER BY a distance over joins, and over conditions that only the planner can decide:
//! the nearest rows of the table come first and drive the rest.
//!
//! ```text
//! SELECT … FROM t JOIN u ON u.id = t.u WHERE t.id IN (SELECT …) ORDER BY t.v <-> $1 LIMIT 10
//!   Limit(Sort(Filter(Join(nearest 80 rows of t, u))))   enough? else of 640 rows, …
//! ```
//!
//! Whatever stands between the sort and the table lets each row of the table through, or
//! some rows made of it, whatever the others are: projections, filters, and inner and
//! outer joins that the table is on the kept side of. So the first rows by distance of
//! what is made of the nearest so many rows are the first rows of all, if they are enough;
//! if they are not, more rows are taken, and at last all of them.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;

use super::operator::NearestRows;
use super::way::{self, Wanted};
use crate::error::Result;
use crate::sql::ir::{ColumnId, Rel, SortKey, visit};
use crate::sql::plan::form::{Form, Scope, column_name};
use crate::sql::plan::lower::expr::column_expr;
use crate::sql::plan::lower::{Lowering, Relation, project};
use crate::sql::plan::operator::{Operator, OperatorNode, Run};
use crate::sql::plan::{Planner, batch, optimize, prefix};
use crate::sql::run::failure;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::logical_expr::LogicalPlanBuilder;

/// Rows that are taken for each that is wanted, and how many times more at the next try.
const FIRST_SHARE: usize = 8;
const GROWTH: usize = 8;

/// The first `wanted` rows of a sort over a relation; none where it is to be sorted.
pub fn lower(
    lowering: &Lowering<'_>,
    input: &Rel,
    keys: &[SortKey],
    wanted: usize,
) -> Result<Option<Relation>> {
    let taken = wanted.saturating_mul(FIRST_SHARE);
    let Some((relation, nearest)) = attempt(lowering, input, keys, (wanted, taken))? else {
        return Ok(None);
    };
    let columns: Vec<(ColumnId, Form)> = visit::columns(input)
        .iter()
        .filter_map(|column| Some((column.id, relation.scope.get(column.id)?.clone())))
        .collect();
    let mut scope = Scope::default();
    columns.iter().for_each(|(id, form)| scope.insert(*id, form.clone()));
    let operator = Driven {
        planner: lowering.planner.clone(),
        input: input.clone(),
        keys: keys.to_vec(),
        wanted,
        taken,
        nearest,
    };
    let schema = batch::schema(&columns);
    let plan = OperatorNode::plan(Arc::new(operator), vec![relation.plan], schema)?;
    Ok(Some(Relation { plan, scope }))
}

/// The first rows of what is made of the nearest `taken` rows, in order.
fn attempt(
    lowering: &Lowering<'_>,
    input: &Rel,
    keys: &[SortKey],
    (wanted, taken): (usize, usize),
) -> Result<Option<(Relation, Arc<NearestRows>)>> {
    let rows = Wanted { fetch: Some(taken), drives: true };
    let Some((relation, nearest)) = way::lower_with(lowering, input, keys, rows)? else {
        return Ok(None);
    };
    first(lowering, relation, input, keys, wanted).map(|relation| Some((relation, nearest)))
}

/// The first rows of a relation by the keys: the columns that the relation has.
fn first(
    lowering: &Lowering<'_>,
    relation: Relation,
    input: &Rel,
    keys: &[SortKey],
    wanted: usize,
) -> Result<Relation> {
    let Relation { plan, scope } = lowering.sort(relation, keys)?;
    let limited = LogicalPlanBuilder::from(plan).limit(0, Some(wanted));
    let plan = limited.and_then(LogicalPlanBuilder::build).map_err(failure::unwrap)?;
    let has = |id: &ColumnId| scope.contains(*id);
    let ids = visit::columns(input).into_iter().map(|column| column.id).filter(has);
    let exprs = ids.map(|id| column_expr(id).alias(column_name(id))).collect();
    Ok(Relation { plan: project(exprs, plan)?, scope })
}

struct Driven {
    planner: Planner,
    input: Rel,
    keys: Vec<SortKey>,
    wanted: usize,
    /// Rows that the first try takes.
    taken: usize,
    /// Of the first try.
    nearest: Arc<NearestRows>,
}

impl std::fmt::Debug for Driven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Driven")
    }
}

impl Operator for Driven {
    fn name(&self) -> &str {
        "Gather"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let mut batches = Vec::new();
            while let Some(batch) = input.next().await {
                batches.push(batch.map_err(failure::unwrap)?);
            }
            let mut taken = self.taken;
            let mut is_all = self.nearest.gave_all();
            while !is_all && rows_of(&batches) < self.wanted {
                taken = taken.saturating_mul(GROWTH);
                (batches, is_all) = self.again(taken).await?;
            }
            for batch in batches {
                let columns = run.schema.fields().iter().map(|field| {
                    let found = batch.column_by_name(field.name()).cloned();
                    found.ok_or_else(|| crate::error::Error::internal("a column is not produced"))
                });
                let columns = columns.collect::<Result<Vec<_>>>()?;
                let batch = batch::assemble(&run.schema, columns, batch.num_rows())?;
                if !run.sink.send(batch).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl Driven {
    /// Another try with more rows; whether they are all there are.
    async fn again(&self, taken: usize) -> Result<(Vec<RecordBatch>, bool)> {
        self.planner.check_cancel()?;
        let (plan, nearest) = {
            let lowering = Lowering::new(&self.planner);
            let (input, keys) = (&self.input, self.keys.as_slice());
            match attempt(&lowering, input, keys, (self.wanted, taken))? {
                Some((relation, nearest)) => (relation.plan, Some(nearest)),
                None => {
                    let relation = lowering.rel(input)?;
                    (first(&lowering, relation, input, keys, self.wanted)?.plan, None)
                }
            }
        };
        let physical = optimize::physical(self.planner.context(), plan).await?;
        let context = self.planner.task_context();
        let mut stream = prefix::execute(&physical, context).map_err(failure::unwrap)?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            batches.push(batch.map_err(failure::unwrap)?);
        }
        Ok((batches, nearest.is_none_or(|nearest| nearest.gave_all())))
    }
}

fn rows_of(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}
