//! Relations: scans, values, functions, filters, projections, sorts, limits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datafusion::logical_expr::{
    self as df, EmptyRelation, Filter, LogicalPlan, LogicalPlanBuilder,
};

use super::aggregate::project_grouping;
use super::expr::{Lowered, balanced, column, column_expr, is_total};
use super::{Lowering, Relation, built, own_forms, project, scope_of};
use crate::error::{Error, Result};
use crate::sql::functions;
use crate::sql::ir::visit;
use crate::sql::ir::{Call, Expr, ExprKind, FunctionScan, OutputColumn, Rel, RowLock, SortKey};
use crate::sql::plan::barrier::Barrier;
use crate::sql::plan::cte::RowsScan;
use crate::sql::plan::distinct::FirstPerKey;
use crate::sql::plan::form::{Form, Scope, column_name};
use crate::sql::plan::limit::LimitWithTies;
use crate::sql::plan::operator::OperatorNode;
use crate::sql::plan::projectset::{ProjectSet, SetCall, SetSource};
use crate::sql::plan::recursive::WorkingTableScan;
use crate::sql::plan::{batch, nearest, source, walk};
use crate::sql::run::eval::Evaluator;
use crate::sql::run::eval::native::integer;
use crate::sql::run::failure;
use crate::sql::types::{Datum, Repr, SqlType, oid};
use crate::sqlstate;

/// The node of functions in FROM.
const FUNCTION_SCAN: &str = "Function Scan";

impl Lowering<'_> {
    pub fn rel(&self, rel: &Rel) -> Result<Relation> {
        match rel {
            Rel::OneRow => Ok(one_row()),
            Rel::Scan(scan) => source::scan(self, scan, None),
            Rel::Values { columns, rows } => self.values(columns, rows),
            Rel::Functions(scan) => self.function_scan(one_row(), scan, false),
            Rel::Cte { id, columns } => self.cte(*id, columns),
            Rel::Filter { input, predicate } => self.filter(input, predicate),
            Rel::Barrier { input } => {
                let input = self.rel(input)?;
                self.appending(Arc::new(Barrier), input, &[])
            }
            Rel::Project { input, exprs } => self.project(input, exprs),
            Rel::ProjectSet { input, calls } => {
                let input = self.rel(input)?;
                self.project_set(input, calls)
            }
            Rel::Join { kind, left, right, on, lateral } => {
                self.join(*kind, left, right, on.as_ref(), *lateral)
            }
            Rel::Aggregate { input, group_by, grouping_sets, aggregates } => {
                self.aggregate(input, group_by, grouping_sets.as_deref(), aggregates)
            }
            Rel::Window { input, calls } => self.window(input, calls),
            Rel::Sort { input, keys } => self.sorted(input, keys, None),
            Rel::Limit { input, limit, offset, with_ties } => {
                self.limit(input, limit.as_ref(), offset.as_ref(), with_ties)
            }
            Rel::Distinct { input, on } => self.distinct(input, on.as_deref()),
            Rel::SetOp { .. } => self.set_operation(rel),
            Rel::RecursiveUnion { id, all, initial, recursive, columns } => {
                self.recursive_union(*id, *all, initial, recursive, columns)
            }
            Rel::LockRows { input, locks } => self.lock_rows(input, locks),
            Rel::With { .. } => Err(Error::internal("WITH is taken apart before lowering")),
        }
    }

    fn values(&self, columns: &[OutputColumn], rows: &[Vec<Expr>]) -> Result<Relation> {
        let correlated = rows.iter().flatten().any(walk::has_subquery);
        if correlated {
            return self.values_as_union(columns, rows);
        }
        let forms = own_forms(columns, self.catalog())?;
        let context = self.planner.eval();
        let rows = rows
            .iter()
            .map(|row| {
                row.iter()
                    .map(|value| {
                        let value = self.planner.substitute(value)?;
                        match value.kind {
                            ExprKind::Const(value) => Ok(value),
                            _ => Evaluator::compile(&value, &[], self.catalog())?.eval(
                                context,
                                &[],
                                &[],
                            ),
                        }
                    })
                    .collect::<Result<Vec<_>>>()
            })
            .collect::<Result<Vec<_>>>()?;
        let ids = crate::sql::plan::ids(columns);
        let scope = scope_of(&forms);
        let forms = forms.into_iter().map(|(_, form)| form).collect();
        let plan = RowsScan { name: "Values Scan", relation: None, forms, rows }.plan(&ids)?;
        Ok(Relation { plan, scope })
    }

    /// VALUES with dependent subqueries: one SELECT per row.
    fn values_as_union(&self, columns: &[OutputColumn], rows: &[Vec<Expr>]) -> Result<Relation> {
        let mut arms = rows.iter().map(|row| Rel::Project {
            input: Box::new(Rel::OneRow),
            exprs: columns
                .iter()
                .map(|column| {
                    let id = self.planner.fresh_column();
                    OutputColumn { id, ..column.clone() }
                })
                .zip(row.iter().cloned())
                .collect(),
        });
        let Some(first) = arms.next() else {
            return Err(Error::internal("VALUES has at least one row"));
        };
        let union = arms.fold(first, |left, right| Rel::SetOp {
            kind: crate::sql::ir::SetOpKind::Union,
            all: true,
            left: Box::new(left),
            right: Box::new(right),
            columns: columns.to_vec(),
        });
        match union {
            Rel::Project { input, exprs } => {
                let exprs: Vec<_> =
                    columns.iter().cloned().zip(exprs.into_iter().map(|(_, e)| e)).collect();
                self.project(&input, &exprs)
            }
            union => self.rel(&union),
        }
    }

    fn cte(&self, id: crate::sql::ir::CteId, columns: &[OutputColumn]) -> Result<Relation> {
        let working_table = self.planner.shared.working_tables.read().get(&id).cloned();
        if let Some(table) = working_table {
            let columns: Vec<_> =
                columns.iter().zip(&table.forms).map(|(c, form)| (c.id, form.clone())).collect();
            let operator = Arc::new(WorkingTableScan(table));
            let plan = OperatorNode::plan(operator, Vec::new(), batch::schema(&columns))?;
            return Ok(Relation { plan, scope: scope_of(&columns) });
        }
        let cte = self.planner.shared.ctes.read().get(&id).cloned();
        let Some(cte) = cte else {
            return Err(Error::internal(format!("CTE {} is not registered", id.0)));
        };
        let (plan, columns) = cte.reader(self.planner, columns)?;
        Ok(Relation { plan, scope: scope_of(&columns) })
    }

    fn filter(&self, input: &Rel, predicate: &Expr) -> Result<Relation> {
        let relation = match input {
            Rel::Scan(scan) => source::scan(self, scan, Some(predicate))?,
            input => {
                source::note_part_conditions(self, input, predicate);
                self.rel(input)?
            }
        };
        let (joined, mut plain): (Vec<_>, Vec<_>) =
            walk::conjuncts(predicate).into_iter().partition(walk::has_subquery);
        let relation = project_grouping(self, relation, &mut plain)?;
        let mut relation = self.keep(relation, &plain)?;
        let mut rest = Vec::new();
        for conjunct in joined {
            match self.subquery_join(&relation, input, &conjunct)? {
                Some(joined) => relation = joined,
                None => rest.push(conjunct),
            }
        }
        if rest.is_empty() {
            return Ok(relation);
        }
        let relation = self.resolve(relation, &mut rest)?;
        self.keep(relation, &rest)
    }

    /// Keeps the rows for which all conjuncts hold.
    pub fn keep(&self, relation: Relation, conjuncts: &[Expr]) -> Result<Relation> {
        let factored = conjuncts.iter().flat_map(factored).collect();
        let conditions = guarded(factored, &[&relation.plan])
            .iter()
            .map(|condition| self.condition(condition, &relation.scope))
            .collect::<Result<Vec<_>>>()?;
        let Some(condition) = balanced(conditions, df::Operator::And) else {
            return Ok(relation);
        };
        let filter =
            Filter::try_new(condition, Arc::new(relation.plan)).map_err(failure::unwrap)?;
        Ok(Relation { plan: LogicalPlan::Filter(filter), scope: relation.scope })
    }

    fn project(&self, input: &Rel, exprs: &[(OutputColumn, Expr)]) -> Result<Relation> {
        let relation = self.rel(input)?;
        let mut values: Vec<Expr> = exprs.iter().map(|(_, expr)| expr.clone()).collect();
        let relation = self.resolve(relation, &mut values)?;
        let mut scope = Scope::default();
        let mut columns = Vec::with_capacity(exprs.len());
        for ((output, _), value) in exprs.iter().zip(&values) {
            let Lowered { expr, form } = self.expr(value, &relation.scope)?;
            let form = Form { ty: output.ty, ..form };
            let own = Form::of(output.ty, self.catalog())?;
            // A value may be in another form than its type only for exact numbers.
            let (expr, form) = match form.data_type == own.data_type
                || form.repr == own.repr && form.decimal_parts().is_some()
            {
                true => (expr, form),
                false => (self.convert(Lowered { expr, form }, &own)?, own),
            };
            columns.push(expr.alias(column_name(output.id)));
            scope.insert(output.id, form);
        }
        Ok(Relation { plan: project(columns, relation.plan)?, scope })
    }

    fn project_set(&self, input: Relation, calls: &[(OutputColumn, Call)]) -> Result<Relation> {
        let calls: Vec<(Call, Vec<OutputColumn>)> =
            calls.iter().map(|(column, call)| (call.clone(), vec![column.clone()])).collect();
        self.set_calls("ProjectSet", input, &calls, None, false)
    }

    /// Functions in FROM over the rows of `input` (one row when not LATERAL).
    pub fn function_scan(
        &self,
        input: Relation,
        scan: &FunctionScan,
        outer: bool,
    ) -> Result<Relation> {
        self.set_calls(FUNCTION_SCAN, input, &scan.calls, scan.ordinality.as_ref(), outer)
    }

    fn set_calls(
        &self,
        name: &'static str,
        input: Relation,
        calls: &[(Call, Vec<OutputColumn>)],
        ordinality: Option<&OutputColumn>,
        outer: bool,
    ) -> Result<Relation> {
        let mut args: Vec<Expr> = calls.iter().flat_map(|(call, _)| call.args.clone()).collect();
        let input = self.resolve(input, &mut args)?;
        let mut args = args.iter();
        let mut calls: Vec<(Call, &Vec<OutputColumn>)> =
            calls.iter().map(|(call, columns)| (call.clone(), columns)).collect();
        for arg in calls.iter_mut().flat_map(|(call, _)| &mut call.args) {
            *arg = self.planner.substitute(args.next().expect("one per argument"))?;
        }
        let mut read: Vec<_> =
            calls.iter().flat_map(|(call, _)| &call.args).flat_map(walk::columns_read).collect();
        read.sort();
        read.dedup();
        let slots = read
            .iter()
            .map(|id| Ok((*id, column(*id, &input.scope)?.form)))
            .collect::<Result<Vec<_>>>()?;
        let is_from = name == FUNCTION_SCAN;
        let mut appended = Vec::new();
        let mut set_calls = Vec::new();
        for (call, columns) in &calls {
            let columns = own_forms(columns, self.catalog())?;
            let forms: Vec<Form> = columns.iter().map(|(_, form)| form.clone()).collect();
            // An element of an array of rows is a row, whatever describes its columns.
            let is_element = call.function.source == "array_unnest" && call.ty.oid == oid::RECORD;
            let is_composite =
                matches!(self.catalog().repr(call.ty.oid), Ok(Repr::Record(Some(_))));
            let is_row = is_from && (is_composite || is_element && forms.len() > 1);
            let once = is_from && call.args.iter().all(|arg| walk::columns_read(arg).is_empty());
            let source = self.set_source(call, &read)?;
            set_calls.push(SetCall { source, forms, is_row, once });
            appended.extend(columns);
        }
        let ordinality = match ordinality {
            Some(column) => {
                let form = Form::of(column.ty, self.catalog())?;
                appended.push((column.id, form.clone()));
                Some(form)
            }
            None => None,
        };
        let context = Arc::clone(self.planner.eval());
        let operator = ProjectSet { name, context, slots, calls: set_calls, ordinality, outer };
        self.appending(Arc::new(operator), input, &appended)
    }

    fn set_source(&self, call: &Call, slots: &[crate::sql::ir::ColumnId]) -> Result<SetSource> {
        let is_routine = !call.function.is_native();
        if !call.function.returns_set && !is_routine {
            let expr = Expr { kind: ExprKind::Call(call.clone()), ty: call.ty, location: -1 };
            return Ok(SetSource::Value(Evaluator::compile(&expr, slots, self.catalog())?));
        }
        let args = call
            .args
            .iter()
            .map(|arg| Evaluator::compile(arg, slots, self.catalog()))
            .collect::<Result<_>>()?;
        if is_routine {
            return Ok(SetSource::Routine {
                function: call.function.clone(),
                args,
                types: call.args.iter().map(|arg| arg.ty).collect(),
                result: call.ty,
            });
        }
        let kernel = functions::set_kernel(&call.function.source).ok_or_else(|| {
            Error::unsupported(format!("set-returning function {}", call.function.name))
        })?;
        Ok(SetSource::Rows {
            rows: kernel.rows,
            strict: call.function.strict,
            args,
            types: call.args.iter().map(|arg| arg.ty).collect(),
            result: call.ty,
        })
    }

    /// A relation in an order, of which no more than `fetch` rows are read.
    fn sorted(&self, input: &Rel, keys: &[SortKey], fetch: Option<usize>) -> Result<Relation> {
        if let Some(relation) = nearest::lower(self, input, keys, fetch)? {
            return Ok(relation);
        }
        let input = self.rel(input)?;
        self.sort(input, keys)
    }

    pub fn sort(&self, input: Relation, keys: &[SortKey]) -> Result<Relation> {
        let mut exprs: Vec<Expr> = keys.iter().map(|key| key.expr.clone()).collect();
        let input = self.resolve(input, &mut exprs)?;
        let mut added = Vec::new();
        let mut sorts = Vec::new();
        for (key, expr) in keys.iter().zip(&exprs) {
            let lowered = self.expr(expr, &input.scope)?;
            // Constants do not order anything.
            if matches!(lowered.expr, df::Expr::Literal(..)) {
                continue;
            }
            let by = match (&expr.kind, lowered.form.is_natively_ordered()) {
                (ExprKind::Column(id), true) => column_expr(*id),
                _ => {
                    let form = lowered.form.clone();
                    let expr = self.ordered(lowered);
                    let id = self.planner.fresh_column();
                    added.push((id, Lowered { expr, form }));
                    column_expr(id)
                }
            };
            sorts.push(by.sort(!key.descending, key.nulls_first));
        }
        let input = self.extend(input, added)?;
        if sorts.is_empty() {
            return Ok(input);
        }
        let plan = built(LogicalPlanBuilder::from(input.plan).sort(sorts))?;
        Ok(Relation { plan, scope: input.scope })
    }

    fn limit(
        &self,
        input: &Rel,
        limit: Option<&Expr>,
        offset: Option<&Expr>,
        with_ties: &[SortKey],
    ) -> Result<Relation> {
        let offset = self.row_count(offset, Clause::Offset)?.unwrap_or(0);
        let limit = self.row_count(limit, Clause::Limit)?;
        let input = match input {
            Rel::Sort { input, keys } if with_ties.is_empty() => {
                self.sorted(input, keys, limit.map(|limit| limit.saturating_add(offset)))?
            }
            input => self.rel(input)?,
        };
        if let (Some(limit), false) = (limit, with_ties.is_empty()) {
            let mut added = Vec::new();
            let keys = with_ties
                .iter()
                .map(|key| self.as_column(&key.expr, &input.scope, &mut added))
                .collect::<Result<Vec<_>>>()?;
            let input = self.extend(input, added)?;
            let operator = LimitWithTies { offset, limit, keys };
            return self.appending(Arc::new(operator), input, &[]);
        }
        if limit.is_none() && offset == 0 {
            return Ok(input);
        }
        if limit.is_none() && super::is_ordered(&input.plan) {
            // DataFusion takes the sort away from below an offset that nothing bounds.
            let operator = LimitWithTies { offset, limit: usize::MAX, keys: Vec::new() };
            return self.appending(Arc::new(operator), input, &[]);
        }
        let plan = built(LogicalPlanBuilder::from(input.plan).limit(offset, limit))?;
        Ok(Relation { plan, scope: input.scope })
    }

    fn row_count(&self, expr: Option<&Expr>, clause: Clause) -> Result<Option<usize>> {
        let Some(expr) = expr else { return Ok(None) };
        match self.constant_value(expr)? {
            Datum::Null => Ok(None),
            value => match integer(&value) {
                Some(value) => match usize::try_from(value) {
                    Ok(value) => Ok(Some(value)),
                    Err(_) => Err(clause.negative()),
                },
                None => Err(Error::internal("a row count is an integer")),
            },
        }
    }

    fn distinct(&self, input: &Rel, on: Option<&[Expr]>) -> Result<Relation> {
        let columns = visit::columns(input);
        let relation = self.rel(input)?;
        let Some(on) = on else { return self.distinct_rows(relation, &columns) };
        let mut on = on.to_vec();
        let relation = self.resolve(relation, &mut on)?;
        let mut added = Vec::new();
        let keys = on
            .iter()
            .map(|expr| self.as_column(expr, &relation.scope, &mut added))
            .collect::<Result<Vec<_>>>()?;
        let relation = self.extend(relation, added)?;
        self.appending(Arc::new(FirstPerKey { keys }), relation, &[])
    }

    /// DISTINCT over whole rows: DataFusion's aggregation where it compares as
    /// PostgreSQL does.
    pub fn distinct_rows(&self, relation: Relation, columns: &[OutputColumn]) -> Result<Relation> {
        let keys = batch::forms(columns, &relation.scope)?;
        let native = keys.iter().all(|(_, form)| form.is_natively_ordered());
        let is_sorted = super::is_ordered(&relation.plan);
        if !native || is_sorted || keys.is_empty() {
            return self.appending(Arc::new(FirstPerKey { keys }), relation, &[]);
        }
        let groups: Vec<df::Expr> = keys.iter().map(|(id, _)| column_expr(*id)).collect();
        let builder = LogicalPlanBuilder::from(relation.plan);
        let plan = built(builder.aggregate(groups, Vec::<df::Expr>::new()))?;
        Ok(Relation { plan, scope: scope_of(&keys) })
    }

    fn lock_rows(&self, input: &Rel, locks: &[RowLock]) -> Result<Relation> {
        let relation = self.rel(input)?;
        source::lock_rows(self, relation, locks)
    }
}

enum Clause {
    Limit,
    Offset,
}

impl Clause {
    fn negative(&self) -> Error {
        match self {
            Clause::Limit => Error::new(
                sqlstate::INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                "LIMIT must not be negative",
            ),
            Clause::Offset => Error::new(
                sqlstate::INVALID_ROW_COUNT_IN_RESULT_OFFSET_CLAUSE,
                "OFFSET must not be negative",
            ),
        }
    }
}

/// Conjuncts as conditions that may be evaluated apart from each other. One that cannot
/// fail stands alone. One that can comes after those that cannot and read no relation
/// that it does not read: in this order, wherever it is pushed down to.
pub fn guarded(conjuncts: Vec<Expr>, joined: &[&LogicalPlan]) -> Vec<Expr> {
    let (total, fallible): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(is_total);
    if fallible.is_empty() {
        return total;
    }
    let homes = homes(joined);
    let mut groups: Vec<(BTreeSet<usize>, Vec<Expr>)> = Vec::new();
    for conjunct in fallible {
        let read = relations_read(&conjunct, &homes);
        match groups.iter_mut().find(|(relations, _)| *relations == read) {
            Some((_, group)) => group.push(conjunct),
            None => groups.push((read, vec![conjunct])),
        }
    }
    let conditions = groups.into_iter().map(|(relations, group)| {
        let guards = total.iter().filter(|e| relations_read(e, &homes).is_subset(&relations));
        let mut all: Vec<Expr> = guards.cloned().chain(group).collect();
        match all.len() {
            1 => all.remove(0),
            _ => Expr { kind: ExprKind::And(all), ty: SqlType::new(oid::BOOL), location: -1 },
        }
    });
    let conditions: Vec<Expr> = conditions.collect();
    total.into_iter().chain(conditions).collect()
}

/// Which of the relations that are joined has a column.
fn homes(joined: &[&LogicalPlan]) -> HashMap<String, usize> {
    fn collect(plan: &LogicalPlan, count: &mut usize, homes: &mut HashMap<String, usize>) {
        match plan {
            LogicalPlan::Join(join) => {
                collect(&join.left, count, homes);
                collect(&join.right, count, homes);
            }
            relation => {
                let names = relation.schema().fields().iter().map(|field| field.name().clone());
                homes.extend(names.map(|name| (name, *count)));
                *count += 1;
            }
        }
    }
    let (mut count, mut homes) = (0, HashMap::new());
    joined.iter().for_each(|plan| collect(plan, &mut count, &mut homes));
    homes
}

fn relations_read(expr: &Expr, homes: &HashMap<String, usize>) -> BTreeSet<usize> {
    let columns = walk::columns_read(expr);
    columns.iter().filter_map(|id| homes.get(&column_name(*id)).copied()).collect()
}

/// One row without columns.
pub fn one_row() -> Relation {
    let plan = LogicalPlan::EmptyRelation(EmptyRelation {
        produce_one_row: true,
        schema: Arc::new(datafusion::common::DFSchema::empty()),
    });
    Relation { plan, scope: Scope::default() }
}

/// Takes the conjuncts that all arms of an OR share out of it:
/// `(a AND b) OR (a AND c)` is `a AND (b OR c)`, which can be a join key.
fn factored(expr: &Expr) -> Vec<Expr> {
    let ExprKind::Or(arms) = &expr.kind else { return vec![expr.clone()] };
    let arms: Vec<Vec<Expr>> = arms.iter().map(walk::conjuncts).collect();
    let text = |expr: &Expr| format!("{:?}", expr.kind);
    let Some((first, others)) = arms.split_first() else { return vec![expr.clone()] };
    if others.is_empty() || first.len() == 1 || !first.iter().any(is_total) {
        return vec![expr.clone()];
    }
    let shared: Vec<&Expr> = first
        .iter()
        .filter(|candidate| is_total(candidate))
        .filter(|candidate| {
            let wanted = text(candidate);
            others.iter().all(|arm| arm.iter().any(|other| text(other) == wanted))
        })
        .collect();
    if shared.is_empty() {
        return vec![expr.clone()];
    }
    let names: Vec<String> = shared.iter().map(|expr| text(expr)).collect();
    let boolean = |kind| Expr { kind, ty: expr.ty, location: expr.location };
    let rest: Vec<Expr> = arms
        .iter()
        .map(|arm| {
            let rest: Vec<Expr> =
                arm.iter().filter(|e| !names.contains(&text(e))).cloned().collect();
            match rest.len() {
                0 => boolean(ExprKind::Const(Datum::Bool(true))),
                1 => rest.into_iter().next().expect("one"),
                _ => boolean(ExprKind::And(rest)),
            }
        })
        .collect();
    let mut result: Vec<Expr> = shared.into_iter().cloned().collect();
    result.push(boolean(ExprKind::Or(rest)));
    result
}
