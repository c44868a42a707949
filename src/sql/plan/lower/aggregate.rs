//! Aggregation: DataFusion's where its aggregates mean the same, our own
//! operator for everything else.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::functions_aggregate::bool_and_or::{bool_and_udaf, bool_or_udaf};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{self as df, AggregateUDF, LogicalPlanBuilder};

use super::expr::{Lowered, cast, column_expr, is_total};
use super::{Lowering, Relation, built, project};
use crate::error::{Error, Result};
use crate::sql::functions;
use crate::sql::ir::visit;
use crate::sql::ir::{AggregateCall, Call, ColumnId, Expr, ExprKind, OutputColumn, Rel, SortKey};
use crate::sql::plan::aggregate::{Aggregate, Code, HashAggregate, Order};
use crate::sql::plan::batch;
use crate::sql::plan::form::{Form, Scope, column_name};
use crate::sql::plan::operator::OperatorNode;
use crate::sql::plan::prepare::column_of;
use crate::sql::types::{SqlType, oid};

/// The schema of built-in objects.
pub const PG_CATALOG: u32 = 11;

/// How an aggregate is computed by DataFusion.
struct NativeAggregate {
    function: Arc<AggregateUDF>,
    /// The argument in the form it is aggregated in.
    argument: df::Expr,
    distinct: bool,
    /// The form of the result.
    form: Form,
    /// Divide the result by the count of the same rows.
    average: bool,
}

/// An aggregation's parts with their subqueries resolved.
struct Parts {
    group_by: Vec<(OutputColumn, Expr)>,
    aggregates: Vec<(OutputColumn, AggregateCall)>,
}

impl Lowering<'_> {
    pub fn aggregate(
        &self,
        input: &Rel,
        group_by: &[(OutputColumn, Expr)],
        grouping_sets: Option<&[Vec<usize>]>,
        aggregates: &[(OutputColumn, AggregateCall)],
    ) -> Result<Relation> {
        if group_by.is_empty() && grouping_sets.is_none() && aggregates.is_empty() {
            // HAVING alone makes one group of whatever rows there are.
            return self.rel(&Rel::OneRow);
        }
        let mut parts = Parts { group_by: group_by.to_vec(), aggregates: aggregates.to_vec() };
        let relation = self.rel(input)?;
        let mut exprs: Vec<Expr> = parts.expressions().into_iter().map(|e| e.clone()).collect();
        let relation = self.resolve(relation, &mut exprs)?;
        for (slot, expr) in parts.expressions().into_iter().zip(exprs) {
            *slot = expr;
        }
        parts.aggregates.iter_mut().for_each(|(_, call)| guard_arguments(call));
        if grouping_sets.is_none()
            && let Some(native) = self.native_aggregation(&relation, &parts)?
        {
            return Ok(native);
        }
        self.general_aggregation(relation, &parts, grouping_sets)
    }

    fn native_aggregation(&self, input: &Relation, parts: &Parts) -> Result<Option<Relation>> {
        let mut below = Vec::new();
        let mut scope = Scope::default();
        for (column, expr) in &parts.group_by {
            let lowered = self.expr(expr, &input.scope)?;
            if !lowered.form.is_natively_ordered() {
                return Ok(None);
            }
            below.push(lowered.expr.alias(column_name(column.id)));
            scope.insert(column.id, lowered.form);
        }
        let mut calls = Vec::new();
        let mut averages = Vec::new();
        for (column, call) in &parts.aggregates {
            let Some(native) = self.native_aggregate(call, &input.scope)? else {
                return Ok(None);
            };
            let argument = self.below(native.argument.clone(), &mut below);
            let filter = match &call.filter {
                Some(filter) => {
                    let filter = self.condition(filter, &input.scope)?;
                    Some(Box::new(self.below(filter, &mut below)))
                }
                None => None,
            };
            let aggregate = |function, argument: df::Expr| {
                df::Expr::AggregateFunction(AggregateFunction::new_udf(
                    function,
                    vec![argument],
                    native.distinct,
                    filter.clone(),
                    Vec::new(),
                    None,
                ))
            };
            if !native.average {
                let expr = aggregate(Arc::clone(&native.function), argument);
                calls.push(expr.alias(column_name(column.id)));
                scope.insert(column.id, native.form);
                continue;
            }
            let (sum, count) = (self.planner.fresh_column(), self.planner.fresh_column());
            let expr = aggregate(Arc::clone(&native.function), argument.clone());
            calls.push(expr.alias(column_name(sum)));
            calls.push(aggregate(count_udaf(), argument).alias(column_name(count)));
            scope.insert(sum, native.form);
            scope.insert(count, Form::of(SqlType::new(oid::INT8), self.catalog())?);
            averages.push((column, call.ty, sum, count));
        }
        let groups: Vec<df::Expr> =
            parts.group_by.iter().map(|(column, _)| column_expr(column.id)).collect();
        let plan = match below.is_empty() {
            true => input.plan.clone(),
            false => project(below, input.plan.clone())?,
        };
        let plan = built(LogicalPlanBuilder::from(plan).aggregate(groups, calls))?;
        let relation = Relation { plan, scope };
        let columns = averages
            .into_iter()
            .map(|(column, ty, sum, count)| {
                Ok((column.id, self.quotient(&relation.scope, ty, sum, count)?))
            })
            .collect::<Result<Vec<_>>>()?;
        self.extend(relation, columns).map(Some)
    }

    /// An expression as a column of the projection below the aggregation.
    fn below(&self, expr: df::Expr, below: &mut Vec<df::Expr>) -> df::Expr {
        if matches!(expr, df::Expr::Literal(..)) {
            return expr;
        }
        let id = self.planner.fresh_column();
        below.push(expr.alias(column_name(id)));
        column_expr(id)
    }

    fn native_aggregate(
        &self,
        call: &AggregateCall,
        scope: &Scope,
    ) -> Result<Option<NativeAggregate>> {
        if call.function.schema != PG_CATALOG {
            return Ok(None);
        }
        let own = Form::of(call.ty, self.catalog())?;
        let name = call.function.name.as_str();
        let [arg] = &call.args[..] else {
            let counts_rows = name == "count" && call.args.is_empty();
            return Ok(counts_rows.then(|| NativeAggregate {
                function: count_udaf(),
                argument: df::lit(1i64),
                distinct: false,
                form: own,
                average: false,
            }));
        };
        let arg = self.expr(arg, scope)?;
        let ordered = arg.form.is_natively_ordered();
        let simple = |function: Arc<AggregateUDF>, arg: Lowered, form: Form| {
            Ok(Some(NativeAggregate {
                function,
                argument: arg.expr,
                distinct: false,
                form,
                average: false,
            }))
        };
        match name {
            "count" if !call.distinct => simple(count_udaf(), arg, own),
            "count" if ordered => {
                let count = simple(count_udaf(), arg, own)?;
                Ok(count.map(|count| NativeAggregate { distinct: true, ..count }))
            }
            "min" | "max" if ordered => {
                let form = Form { ty: call.ty, ..arg.form.clone() };
                simple(if name == "min" { min_udaf() } else { max_udaf() }, arg, form)
            }
            "bool_and" | "every" => simple(bool_and_udaf(), arg, own),
            "bool_or" => simple(bool_or_udaf(), arg, own),
            "sum" | "avg" if !call.distinct => self.native_sum(call, arg, name == "avg"),
            _ => Ok(None),
        }
    }

    /// Sums that cannot overflow what they are summed in: ten digits more than
    /// the argument has are enough for ten thousand million rows.
    fn native_sum(
        &self,
        call: &AggregateCall,
        arg: Lowered,
        average: bool,
    ) -> Result<Option<NativeAggregate>> {
        let own = Form::of(call.ty, self.catalog())?;
        let widened = |digits: u8| {
            (
                cast(arg.expr.clone(), &arg.form.data_type, &DataType::Decimal128(digits, 0)),
                (digits, 0),
            )
        };
        let (argument, parts) = match &arg.form.data_type {
            DataType::Int16 | DataType::Int32 if !average => {
                let argument = cast(arg.expr, &arg.form.data_type, &DataType::Int64);
                return Ok(Some(NativeAggregate {
                    function: sum_udaf(),
                    argument,
                    distinct: false,
                    form: own,
                    average,
                }));
            }
            DataType::Int16 => widened(5),
            DataType::Int32 => widened(10),
            DataType::Int64 => widened(19),
            DataType::Float64 => {
                let form = own;
                return Ok(Some(NativeAggregate {
                    function: sum_udaf(),
                    argument: arg.expr,
                    distinct: false,
                    form,
                    average,
                }));
            }
            DataType::Decimal128(precision @ ..=28, scale)
            | DataType::Decimal256(precision @ ..=66, scale) => (arg.expr, (*precision, *scale)),
            _ => return Ok(None),
        };
        let is_wide = matches!(arg.form.data_type, DataType::Decimal256(..));
        let data_type = match is_wide {
            true => DataType::Decimal256(parts.0 + 10, parts.1),
            false => DataType::Decimal128(parts.0 + 10, parts.1),
        };
        let form = Form { data_type, ..Form::decimal(1, 0) };
        Ok(Some(NativeAggregate { function: sum_udaf(), argument, distinct: false, form, average }))
    }

    /// `sum / count` with the type's own division.
    fn quotient(
        &self,
        scope: &Scope,
        ty: SqlType,
        sum: ColumnId,
        count: ColumnId,
    ) -> Result<Lowered> {
        if ty.oid == oid::FLOAT8 {
            let count = df::cast(column_expr(count), DataType::Float64);
            let expr = df::binary_expr(column_expr(sum), df::Operator::Divide, count);
            return Ok(Lowered { expr, form: Form::of(ty, self.catalog())? });
        }
        let ty = SqlType::new(oid::NUMERIC);
        let count = Expr {
            kind: ExprKind::Call(Call {
                function: self.conversion(oid::INT8, oid::NUMERIC)?,
                args: vec![column_of(count, SqlType::new(oid::INT8))],
                ty,
                sql_syntax: false,
            }),
            ty,
            location: -1,
        };
        let function = self.operator_function("/", oid::NUMERIC, oid::NUMERIC)?;
        let call = Call { function, args: vec![column_of(sum, ty), count], ty, sql_syntax: false };
        self.expr(&Expr { kind: ExprKind::Call(call), ty, location: -1 }, scope)
    }

    /// The function behind a built-in operator.
    pub fn operator_function(
        &self,
        name: &str,
        left: u32,
        right: u32,
    ) -> Result<Arc<crate::catalog::Function>> {
        let catalog = self.catalog();
        catalog
            .named(crate::catalog::ObjectClass::Operator, PG_CATALOG, name)
            .iter()
            .filter_map(|oid| catalog.operator(*oid))
            .find(|operator| operator.left == left && operator.right == right)
            .and_then(|operator| catalog.function(operator.function))
            .cloned()
            .ok_or_else(|| Error::internal(format!("operator {name} is not declared")))
    }

    fn conversion(&self, from: u32, to: u32) -> Result<Arc<crate::catalog::Function>> {
        let catalog = self.catalog();
        let cast = catalog.cast_between(from, to).map(|cast| cast.method);
        match cast {
            Some(crate::catalog::CastMethod::Function(function)) => catalog.function(function),
            _ => None,
        }
        .cloned()
        .ok_or_else(|| Error::internal(format!("the cast from {from} to {to} is not declared")))
    }

    fn general_aggregation(
        &self,
        relation: Relation,
        parts: &Parts,
        grouping_sets: Option<&[Vec<usize>]>,
    ) -> Result<Relation> {
        let mut added = Vec::new();
        let mut input: Vec<(ColumnId, Form)> = Vec::new();
        let mut output: Vec<(ColumnId, Form)> = Vec::new();
        for (column, expr) in &parts.group_by {
            let found = self.as_column(expr, &relation.scope, &mut added)?;
            output.push((column.id, found.1.clone()));
            input.push(found);
        }
        let group_count = input.len();
        let mut aggregates = Vec::new();
        for (column, call) in &parts.aggregates {
            let aggregate =
                self.general_aggregate(call, &relation.scope, &mut added, &mut input)?;
            output.push((column.id, Form::of(call.ty, self.catalog())?));
            aggregates.push(aggregate);
        }
        let flag = Form::of(SqlType::new(oid::INT4), self.catalog())?;
        let grouping: Vec<ColumnId> =
            (0..group_count).map(|_| self.planner.fresh_column()).collect();
        output.extend(grouping.iter().map(|id| (*id, flag.clone())));
        let sets = match grouping_sets {
            Some(sets) => sets.to_vec(),
            None => vec![(0..group_count).collect()],
        };
        let relation = self.extend(relation, added)?;
        let operator = HashAggregate {
            context: Arc::clone(self.planner.eval()),
            input,
            group_count,
            sets,
            aggregates,
            output: output.iter().map(|(_, form)| form.clone()).collect(),
        };
        let plan =
            OperatorNode::plan(Arc::new(operator), vec![relation.plan], batch::schema(&output))?;
        let mut scope = super::scope_of(&output);
        scope.set_grouping(grouping);
        Ok(Relation { plan, scope })
    }

    /// One aggregate over columns, which are appended to `input`.
    pub fn general_aggregate(
        &self,
        call: &AggregateCall,
        scope: &Scope,
        added: &mut Vec<(ColumnId, Lowered)>,
        input: &mut Vec<(ColumnId, Form)>,
    ) -> Result<Aggregate> {
        let code = match call.aggregate.calls_functions() {
            true => Code::User(self.user_aggregate(call)?),
            false => {
                let kernel = functions::aggregate_kernel(&call.aggregate.kernel);
                Code::Kernel(*kernel.ok_or_else(|| {
                    Error::unsupported(format!("aggregate function {}", call.function.name))
                })?)
            }
        };
        let mut position = |expr: &Expr, input: &mut Vec<(ColumnId, Form)>| -> Result<usize> {
            input.push(self.as_column(expr, scope, added)?);
            Ok(input.len() - 1)
        };
        let args = call.args.iter().map(|arg| position(arg, input)).collect::<Result<Vec<_>>>()?;
        let filter = call.filter.as_ref().map(|filter| position(filter, input)).transpose()?;
        let mut order_by = Vec::with_capacity(call.order_by.len());
        for key in &call.order_by {
            let position = position(&key.expr, input)?;
            order_by.push(self.order(key, position, &input[position].1));
        }
        Ok(Aggregate {
            code,
            types: call.args.iter().map(|arg| arg.ty).collect(),
            result: call.ty,
            forms: args.iter().map(|position| input[*position].1.clone()).collect(),
            args,
            filter,
            distinct: call.distinct,
            order_by,
            hypothetical: call.aggregate.kind == 'h',
        })
    }

    pub fn order(&self, key: &SortKey, position: usize, form: &Form) -> Order {
        Order {
            position,
            form: form.clone(),
            descending: key.descending,
            nulls_first: key.nulls_first,
        }
    }
}

/// Arguments are computed of rows that FILTER takes, and of no others.
fn guard_arguments(call: &mut AggregateCall) {
    let Some(filter) = call.filter.clone() else { return };
    for arg in call.args.iter_mut().filter(|arg| !is_total(arg)) {
        let (ty, location) = (arg.ty, arg.location);
        let placeholder = Expr { kind: ExprKind::CaseOperand, ty, location };
        let taken = std::mem::replace(arg, placeholder);
        let whens = vec![(filter.clone(), taken)];
        arg.kind = ExprKind::Case { operand: None, whens, otherwise: None };
    }
}

impl Parts {
    /// Every expression, in one fixed order.
    fn expressions(&mut self) -> Vec<&mut Expr> {
        let mut all: Vec<&mut Expr> = self.group_by.iter_mut().map(|(_, e)| e).collect();
        for (_, call) in &mut self.aggregates {
            all.extend(call.args.iter_mut());
            all.extend(call.order_by.iter_mut().map(|key| &mut key.expr));
            all.extend(call.filter.iter_mut());
        }
        all
    }
}

/// Replaces GROUPING calls by columns computed from the aggregation's flags.
pub fn project_grouping(
    lowering: &Lowering<'_>,
    relation: Relation,
    exprs: &mut [Expr],
) -> Result<Relation> {
    let mut columns = Vec::new();
    let form = Form::of(SqlType::new(oid::INT4), lowering.catalog())?;
    let flags = relation.scope.grouping().to_vec();
    for expr in exprs {
        visit::rewrite(expr, &mut |e| {
            let ExprKind::Grouping(indexes) = &e.kind else { return };
            let bit = |index: &usize| flags.get(*index).map(|id| column_expr(*id));
            let value = indexes.iter().map(bit).fold(df::lit(0i32), |value, bit| {
                let doubled = df::binary_expr(value, df::Operator::Multiply, df::lit(2i32));
                df::binary_expr(doubled, df::Operator::Plus, bit.unwrap_or(df::lit(0i32)))
            });
            let id = lowering.planner.fresh_column();
            columns.push((id, Lowered { expr: value, form: form.clone() }));
            e.kind = ExprKind::Column(id);
        });
    }
    lowering.extend(relation, columns)
}
