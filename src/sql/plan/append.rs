//! The rows of a table and of those that inherit from it, or of the partitions of
//! a partitioned table: one scan each, one after the other.
//!
//! What a condition right above the scan excludes is not planned at all; filters
//! that the optimiser brings down later (through joins) exclude partitions when
//! their scans are made. Few rows are read in the order of the tables, as
//! PostgreSQL's Append does; many from all tables at a time.

use std::sync::Arc;

use datafusion::logical_expr::{LogicalPlan, Union};
use futures::StreamExt;
use futures::future::BoxFuture;

use super::cte::RowsScan;
use super::form::{Form, Scope};
use super::lower::{Lowering, Relation};
use super::operator::{Operator, OperatorNode, Run};
use super::source;
use crate::error::Result;
use crate::sql::dml::Conditions;
use crate::sql::ir::{ColumnId, Expr, ExprKind, Scan};
use crate::sql::run::failure;
use crate::sql::types::{SqlType, oid};
use crate::table::scan::Comparison;
use crate::table::{Family, Member, TableInfo};

/// Families of more rows are read in no order.
const ORDERED_ROWS_MAX: i64 = 50_000;

/// The scan of a table with its descendants.
pub fn family(lowering: &Lowering<'_>, scan: &Scan, predicate: Option<&Expr>) -> Result<Relation> {
    let members = members(lowering, scan, predicate)?;
    let hints = match predicate {
        Some(predicate) => family_hints(lowering, scan, &members, predicate)?,
        None => Vec::new(),
    };
    let of_member = |member: &Member| match member.map {
        None => hints.clone(),
        Some(_) => member.comparisons(&hints),
    };
    let name = if scan.alias.is_empty() { &scan.relation.name } else { &scan.alias };
    if let [only] = members.as_slice() {
        let is_root = only.info.oid() == scan.relation.oid;
        let alias = (!is_root || !scan.alias.is_empty()).then(|| name.to_owned());
        return source::stored(lowering, scan, only, alias, predicate, &of_member(only));
    }
    let mut inputs = Vec::with_capacity(members.len());
    for (member, number) in members.iter().zip(1..) {
        let alias = format!("{name}_{number}");
        let hints = of_member(member);
        inputs.push(source::stored(lowering, scan, member, Some(alias), predicate, &hints)?);
    }
    let overlay = lowering.planner.overlay();
    let mut rows = 0i64;
    for member in &members {
        let counted = overlay.published().row_count(member.info.storage_id())?;
        rows = rows.saturating_add(counted);
    }
    append(lowering, scan, inputs, rows <= ORDERED_ROWS_MAX)
}

/// What the predicate asks of parts of values, by the named table's columns.
fn family_hints(
    lowering: &Lowering<'_>,
    scan: &Scan,
    members: &[Arc<Member>],
    predicate: &Expr,
) -> Result<Vec<(usize, Comparison)>> {
    let is_searchable = |member: &Arc<Member>| {
        member.info.indexes.iter().any(|index| index.valid && index.is_by_parts())
    };
    if !members.iter().any(is_searchable) {
        return Ok(Vec::new());
    }
    let root = TableInfo::of(lowering.catalog(), scan.relation.oid)?;
    Ok(source::hints(lowering, scan, &root, predicate))
}

/// The tables that may have rows for which the predicate holds.
pub(super) fn members(
    lowering: &Lowering<'_>,
    scan: &Scan,
    predicate: Option<&Expr>,
) -> Result<Vec<Arc<Member>>> {
    let catalog = lowering.catalog();
    if !scan.descendants {
        let info = TableInfo::of(catalog, scan.relation.oid)?;
        // A partitioned table has no rows of its own.
        let own = if scan.relation.is_partitioned() { Vec::new() } else { vec![info] };
        let alone = |info| Arc::new(Member { info, map: None, proof: None });
        return Ok(own.into_iter().map(alone).collect());
    }
    let pid = lowering.planner.eval().settings.backend_pid;
    let family = Family::for_session(catalog, scan.relation.oid, pid)?;
    let Some(predicate) = predicate else { return Ok(family.members.clone()) };
    let predicate = lowering.planner.substitute(predicate)?;
    let columns: Vec<(i16, ColumnId)> =
        scan.columns.iter().map(|(number, column)| (*number, column.id)).collect();
    let root = TableInfo::of(catalog, scan.relation.oid)?;
    let pruning = Pruning { lowering, family: &family, root: &root, columns: &columns };
    let mut members = pruning.members(&predicate)?;
    // In the order of the family, whatever the order of an OR.
    let place = |member: &Arc<Member>| family.members.iter().position(|m| Arc::ptr_eq(m, member));
    members.sort_by_key(place);
    Ok(members)
}

/// What a condition leaves of a family.
struct Pruning<'a> {
    lowering: &'a Lowering<'a>,
    family: &'a Family,
    root: &'a TableInfo,
    columns: &'a [(i16, ColumnId)],
}

impl Pruning<'_> {
    fn members(&self, predicate: &Expr) -> Result<Vec<Arc<Member>>> {
        let conditions = Conditions::new(predicate, self.columns, self.lowering.catalog())?;
        let mut members = match conditions.evaluate(self.root, self.lowering.planner.eval(), &[]) {
            Ok(Some(comparisons)) => self.family.having(&comparisons),
            Ok(None) => return Ok(Vec::new()),
            // What fails here fails when it is run, if it is.
            Err(_) => return Ok(self.family.members.clone()),
        };
        let parts = match &predicate.kind {
            ExprKind::And(parts) => parts.as_slice(),
            _ => std::slice::from_ref(predicate),
        };
        for part in parts {
            let ExprKind::Or(arms) = &part.kind else { continue };
            let mut either: Vec<Arc<Member>> = Vec::new();
            for arm in arms {
                either.extend(self.members(arm)?);
            }
            members.retain(|member| either.iter().any(|other| Arc::ptr_eq(other, member)));
        }
        Ok(members)
    }
}

fn append(
    lowering: &Lowering<'_>,
    scan: &Scan,
    inputs: Vec<Relation>,
    in_order: bool,
) -> Result<Relation> {
    let Some(first) = inputs.first() else { return nothing(lowering, scan) };
    let scope = first.scope.clone();
    let plans: Vec<LogicalPlan> = inputs.into_iter().map(|input| input.plan).collect();
    if !in_order {
        let plans = plans.into_iter().map(Arc::new).collect();
        let union = Union::try_new(plans).map_err(failure::unwrap)?;
        return Ok(Relation { plan: LogicalPlan::Union(union), scope });
    }
    let fields = plans[0].schema().as_arrow().fields().iter();
    // One table may have NULLs where another is NOT NULL.
    let fields: Vec<_> = fields.map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let schema = datafusion::arrow::datatypes::Schema::new(fields);
    Ok(Relation { plan: OperatorNode::plan(Arc::new(Append), plans, schema)?, scope })
}

/// No rows, with the scan's columns.
fn nothing(lowering: &Lowering<'_>, scan: &Scan) -> Result<Relation> {
    let mut columns: Vec<(ColumnId, SqlType)> =
        scan.columns.iter().map(|(_, column)| (column.id, column.ty)).collect();
    columns.extend(scan.rid.map(|rid| (rid, SqlType::new(oid::INT8))));
    let mut scope = Scope::default();
    let mut forms = Vec::with_capacity(columns.len());
    for (id, ty) in &columns {
        let form = Form::of(*ty, lowering.catalog())?;
        scope.insert(*id, form.clone());
        forms.push(form);
    }
    let ids: Vec<ColumnId> = columns.into_iter().map(|(id, _)| id).collect();
    let plan = RowsScan { name: "Result", relation: None, forms, rows: Vec::new() }.plan(&ids)?;
    Ok(Relation { plan, scope })
}

/// Passes the batches of one input after the other on.
#[derive(Debug)]
struct Append;

impl Operator for Append {
    fn name(&self) -> &str {
        "Append"
    }

    fn passes_filters(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            for index in 0..run.inputs.len() {
                let mut input = run.input(index)?;
                while let Some(batch) = input.next().await {
                    let batch = batch.map_err(failure::unwrap)?;
                    let columns = batch.columns().to_vec();
                    let batch = super::batch::assemble(&run.schema, columns, batch.num_rows())?;
                    if !run.sink.send(batch).await {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }
}
