//! How many rows a logical plan gives, and how many distinct values its columns have.
//!
//! Tables answer by what ANALYZE found; above them the formulas are PostgreSQL's
//! (`eqjoinsel`, `estimate_num_groups`), conditions taken to be independent. What is
//! not known counts as PostgreSQL's defaults.

use std::collections::HashMap;

use datafusion::common::{Column, DFSchema, JoinType, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    Aggregate, BinaryExpr, Expr, FetchType, Join, Limit, LogicalPlan, Operator, Projection,
    TableScan,
};

use super::operator;
use crate::table::scan;

/// Rows of what nothing is known about.
const ROWS_DEFAULT: f64 = 1_000.0;
/// PostgreSQL's `DEFAULT_NUM_DISTINCT`.
const DISTINCT_DEFAULT: f64 = 200.0;
/// PostgreSQL's `DEFAULT_EQ_SEL` and `DEFAULT_INEQ_SEL`.
const EQUAL_DEFAULT: f64 = 0.005;
const OTHER_DEFAULT: f64 = 1.0 / 3.0;
/// The share of rows that find, or do not find, a partner in a semi- or anti-join.
const MATCH_DEFAULT: f64 = 0.5;

#[derive(Clone, Debug, Default)]
pub struct Estimate {
    pub rows: f64,
    /// Of columns that something is known about.
    distinct: HashMap<Column, f64>,
    /// Of columns together, where ANALYZE has looked at them together.
    together: Vec<(Vec<Column>, f64)>,
}

impl Estimate {
    fn of_rows(rows: f64) -> Estimate {
        Estimate { rows, ..Estimate::default() }
    }

    /// The distinct values of an expression, never more than there are rows.
    pub fn distinct(&self, expr: &Expr) -> f64 {
        let mut known = expr.column_refs().into_iter().map(|column| self.distinct.get(column));
        let known = match (known.next(), known.next()) {
            (Some(only), None) => only.copied(),
            _ => None,
        };
        known.unwrap_or(DISTINCT_DEFAULT).min(self.rows).max(1.0)
    }

    /// Pairs of rows of two relations.
    pub fn beside(mut self, other: Estimate) -> Estimate {
        self.rows *= other.rows;
        self.distinct.extend(other.distinct);
        self
    }

    fn keep(mut self, part: f64) -> Estimate {
        self.rows = (self.rows * part).max(1.0);
        self
    }

    /// The same rows under other column names, by position.
    fn renamed(self, from: &DFSchema, to: &DFSchema) -> Estimate {
        let pairs: Vec<(Column, Column)> = from.columns().into_iter().zip(to.columns()).collect();
        self.under(&pairs)
    }

    /// The same rows, of which only these columns are known, under their second names.
    fn under(&self, pairs: &[(Column, Column)]) -> Estimate {
        let distinct =
            pairs.iter().filter_map(|(from, to)| Some((to.clone(), *self.distinct.get(from)?)));
        let renamed = |column: &Column| {
            pairs.iter().find(|(from, _)| from == column).map(|(_, to)| to.clone())
        };
        let together = self.together.iter().filter_map(|(columns, number)| {
            Some((columns.iter().map(renamed).collect::<Option<Vec<_>>>()?, *number))
        });
        Estimate { rows: self.rows, distinct: distinct.collect(), together: together.collect() }
    }

    /// The combinations of values of several expressions, each by itself unless more is
    /// known of some of them together (PostgreSQL's `estimate_multivariate_ndistinct`).
    fn combinations(&self, exprs: &[Expr]) -> f64 {
        let mut rest: Vec<&Expr> = exprs.iter().collect();
        let mut groups = 1.0;
        loop {
            let is_key = |column: &Column| {
                rest.iter().any(|expr| matches!(expr, Expr::Column(key) if key == column))
            };
            let known = self.together.iter().filter(|(columns, _)| columns.iter().all(is_key));
            let Some((columns, number)) = known.max_by_key(|(columns, _)| columns.len()) else {
                break;
            };
            groups *= number.min(self.rows);
            rest.retain(|expr| !matches!(expr, Expr::Column(key) if columns.contains(key)));
        }
        groups * rest.into_iter().map(|expr| self.distinct(expr)).product::<f64>()
    }
}

pub fn estimate(plan: &LogicalPlan) -> Estimate {
    match plan {
        LogicalPlan::TableScan(scan) => table(scan),
        LogicalPlan::Projection(projection) => projected(projection),
        LogicalPlan::SubqueryAlias(alias) => {
            estimate(&alias.input).renamed(alias.input.schema(), &alias.schema)
        }
        LogicalPlan::Filter(filter) => {
            let input = estimate(&filter.input);
            let part = selectivity(&filter.predicate, &input);
            input.keep(part)
        }
        LogicalPlan::Join(join) => joined(join),
        LogicalPlan::Aggregate(aggregate) => grouped(aggregate),
        LogicalPlan::Limit(limit) => limited(limit),
        LogicalPlan::Union(union) => {
            Estimate::of_rows(union.inputs.iter().map(|input| estimate(input).rows).sum())
        }
        LogicalPlan::Values(values) => Estimate::of_rows(values.values.len() as f64),
        LogicalPlan::EmptyRelation(empty) => {
            Estimate::of_rows(f64::from(u8::from(empty.produce_one_row)))
        }
        LogicalPlan::Extension(extension) if operator::known_rows(&extension.node).is_some() => {
            Estimate::of_rows(operator::known_rows(&extension.node).unwrap_or(0) as f64)
        }
        other => match other.inputs().first() {
            Some(input) => estimate(input),
            None => Estimate::of_rows(ROWS_DEFAULT),
        },
    }
}

fn table(scan: &TableScan) -> Estimate {
    let provider = source_as_provider(&scan.source).ok();
    let statistics = provider.as_ref().and_then(|table| scan::estimated(&**table, &scan.filters));
    let Some(statistics) = statistics else { return Estimate::of_rows(ROWS_DEFAULT) };
    let rows = statistics.num_rows.get_value().map_or(ROWS_DEFAULT, |rows| *rows as f64).max(1.0);
    let all = scan.source.schema();
    let known = scan.projected_schema.columns().into_iter().filter_map(|column| {
        let position = all.index_of(&column.name).ok()?;
        let distinct = statistics.column_statistics.get(position)?.distinct_count.get_value()?;
        Some((column, *distinct as f64))
    });
    let field = |name: &String| {
        let columns = scan.projected_schema.columns().into_iter();
        columns.into_iter().find(|column| column.name == *name)
    };
    let together = provider.iter().flat_map(|table| scan::distinct_together(&**table));
    let together = together.filter_map(|(names, number)| {
        Some((names.iter().map(field).collect::<Option<Vec<_>>>()?, number))
    });
    Estimate { rows, distinct: known.collect(), together: together.collect() }
}

fn projected(projection: &Projection) -> Estimate {
    let input = estimate(&projection.input);
    let pairs: Vec<(Column, Column)> = projection
        .expr
        .iter()
        .zip(projection.schema.columns())
        .filter_map(|(expr, to)| match expr.clone().unalias_nested().data {
            Expr::Column(column) => Some((column, to)),
            _ => None,
        })
        .collect();
    input.under(&pairs)
}

fn grouped(aggregate: &Aggregate) -> Estimate {
    let input = estimate(&aggregate.input);
    if aggregate.group_expr.is_empty() {
        return Estimate::of_rows(1.0);
    }
    let groups = input.combinations(&aggregate.group_expr);
    let keys = aggregate.group_expr.iter().zip(aggregate.schema.columns());
    let distinct = keys.map(|(expr, column)| (column, input.distinct(expr))).collect();
    Estimate { rows: groups.min(input.rows).max(1.0), distinct, together: Vec::new() }
}

fn limited(limit: &Limit) -> Estimate {
    let mut input = estimate(&limit.input);
    if let Ok(FetchType::Literal(Some(most))) = limit.get_fetch_type() {
        input.rows = input.rows.min(most as f64);
    }
    input
}

fn joined(join: &Join) -> Estimate {
    let (left, right) = (estimate(&join.left), estimate(&join.right));
    let keys = join.on.iter().map(|(l, r)| 1.0 / left.distinct(l).max(right.distinct(r)));
    let pairs: f64 = keys.product::<f64>() * left.rows * right.rows;
    let mut both = Estimate { rows: pairs.max(1.0), ..left.clone() };
    both.distinct.extend(right.distinct.clone());
    both.together.extend(right.together.iter().cloned());
    let part = join.filter.as_ref().map_or(1.0, |filter| selectivity(filter, &both));
    let inner = both.rows * part;
    let rows = match join.join_type {
        JoinType::Inner => inner,
        JoinType::Left => inner.max(left.rows),
        JoinType::Right => inner.max(right.rows),
        JoinType::Full => inner.max(left.rows).max(right.rows),
        JoinType::LeftSemi | JoinType::LeftAnti => left.rows * MATCH_DEFAULT,
        JoinType::RightSemi | JoinType::RightAnti => right.rows * MATCH_DEFAULT,
        JoinType::LeftMark => left.rows,
        JoinType::RightMark => right.rows,
    };
    Estimate { rows: rows.max(1.0), ..both }
}

/// The share of rows that a condition keeps.
pub fn selectivity(predicate: &Expr, input: &Estimate) -> f64 {
    split_conjunction(predicate).into_iter().map(|one| conjunct(one, input)).product()
}

fn conjunct(expr: &Expr, input: &Estimate) -> f64 {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let distinct = input.distinct(left).max(input.distinct(right));
            if distinct > 1.0 { 1.0 / distinct } else { EQUAL_DEFAULT }
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::NotEq, right }) => {
            1.0 - 1.0 / input.distinct(left).max(input.distinct(right)).max(2.0)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (a, b) = (selectivity(left, input), selectivity(right, input));
            a + b - a * b
        }
        Expr::BinaryExpr(BinaryExpr { op: Operator::And, .. }) => selectivity(expr, input),
        Expr::IsNotNull(_) => 1.0,
        Expr::Literal(ScalarValue::Boolean(Some(true)), _) => 1.0,
        _ => OTHER_DEFAULT,
    }
}
