//! Filters that become known while the query runs.
//!
//! A hash join that has read its smaller side knows which keys the other side is to
//! look for, and a top-N sort knows what it no longer needs. DataFusion offers both to
//! the scan below as expressions that change. They are a help, not a condition: a row
//! that is let through is dropped later. So a scan uses them where they pay:
//!
//! - Keys that an index finds: the scan reads those rows only ([`comparisons`]). This
//!   is how a join looks up its partners row by row, as PostgreSQL's nested loop over
//!   an index scan does.
//! - Everything else filters batches before their other columns are decoded
//!   ([`RuntimeFilter`]), until it turns out to keep nearly all rows.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, CaseExpr, Column, InListExpr, Literal};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_common::physical_expr::{
    snapshot_generation, snapshot_physical_expr,
};

use super::ScanColumn;
use super::filter::{self, Comparison};
use super::reader::Filter;
use crate::sql::types::Datum;
use crate::table::TableInfo;

/// Rows after which it is known whether a filter is worth its while.
const TRIAL_ROWS: usize = 20_000;
/// The share of rows that a filter worth its while lets through at most.
const KEPT_MAX: f64 = 0.9;

/// One filter, as the loop of one partition uses it.
pub struct RuntimeFilter {
    expr: Arc<dyn PhysicalExpr>,
    /// Of the expression that `filter` was made from.
    generation: Option<u64>,
    filter: Option<Filter>,
    seen: usize,
    kept: usize,
}

impl RuntimeFilter {
    pub fn new(expr: Arc<dyn PhysicalExpr>) -> RuntimeFilter {
        RuntimeFilter { expr, generation: None, filter: None, seen: 0, kept: 0 }
    }

    /// The filter as it is now; none if it keeps everything, or nearly.
    pub fn current(
        &mut self,
        schema: &SchemaRef,
        projection: &[ScanColumn],
    ) -> DataFusionResult<Option<&Filter>> {
        if self.seen >= TRIAL_ROWS && self.kept as f64 > KEPT_MAX * self.seen as f64 {
            return Ok(None);
        }
        let generation = snapshot_generation(&self.expr);
        if self.generation != Some(generation) {
            self.generation = Some(generation);
            self.filter = compile(&self.expr, schema, projection)?;
        }
        Ok(self.filter.as_ref())
    }

    pub fn count(&mut self, seen: usize, kept: usize) {
        self.seen += seen;
        self.kept += kept;
    }
}

/// The expression of this moment over the columns that it names.
fn compile(
    expr: &Arc<dyn PhysicalExpr>,
    schema: &SchemaRef,
    projection: &[ScanColumn],
) -> DataFusionResult<Option<Filter>> {
    let expr = snapshot_physical_expr(Arc::clone(expr))?;
    let mut fields: Vec<usize> = collect_columns(&expr).iter().map(Column::index).collect();
    fields.sort_unstable();
    fields.dedup();
    if fields.is_empty() {
        return Ok(None);
    }
    let input: Schema = schema.project(&fields)?;
    let physical = expr.transform(|node| {
        let Some(column) = node.downcast_ref::<Column>() else { return Ok(Transformed::no(node)) };
        let at = fields.iter().position(|field| *field == column.index()).unwrap_or(0);
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(column.name(), at));
        Ok(Transformed::yes(column))
    })?;
    let columns = fields.iter().map(|field| projection[*field]).collect();
    Ok(Some(Filter { columns, schema: Arc::new(input), physical: physical.data }))
}

/// What filters say about single columns now.
pub fn comparisons(
    info: &TableInfo,
    projection: &[ScanColumn],
    filters: &[Arc<dyn PhysicalExpr>],
) -> DataFusionResult<Vec<(usize, Comparison)>> {
    let reader = Reader { info, projection };
    let mut found = Vec::new();
    for filter in filters {
        let now = snapshot_physical_expr(Arc::clone(filter))?;
        reader.collect(&now, &mut found);
    }
    Ok(found)
}

/// Reads the forms that joins and sorts give their filters.
struct Reader<'a> {
    info: &'a TableInfo,
    projection: &'a [ScanColumn],
}

impl Reader<'_> {
    fn collect(&self, expr: &Arc<dyn PhysicalExpr>, found: &mut Vec<(usize, Comparison)>) {
        if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
            if *binary.op() == Operator::And {
                self.collect(binary.left(), found);
                self.collect(binary.right(), found);
            } else if let Some(position) = self.column(binary.left())
                && let Some(datum) = self.value(binary.right(), position)
                && let Some(comparison) = filter::comparison(*binary.op(), datum)
            {
                found.push((position, comparison));
            }
        } else if let Some(list) = expr.downcast_ref::<InListExpr>()
            && !list.negated()
        {
            self.keys(list, found);
        } else if let Some(case) = expr.downcast_ref::<CaseExpr>() {
            found.extend(self.branches(case).unwrap_or_default());
        }
    }

    /// The keys of a join: values of a column, or of several as records.
    fn keys(&self, list: &InListExpr, found: &mut Vec<(usize, Comparison)>) {
        if let Some(position) = self.column(list.expr()) {
            // A NULL among the keys finds no partner.
            let values = list.list().iter().filter(|one| !is_null(one));
            let values: Option<Vec<Datum>> = values.map(|one| self.value(one, position)).collect();
            if let Some(values) = values.filter(|values| !values.is_empty()) {
                found.push((position, Comparison::OneOf(values)));
            }
            return;
        }
        let Some(record) = list.expr().downcast_ref::<ScalarFunctionExpr>() else { return };
        if record.name() != "struct" {
            return;
        }
        for (field, column) in record.args().iter().enumerate() {
            let Some(position) = self.column(column) else { continue };
            let values: Option<Vec<ScalarValue>> =
                list.list().iter().map(|one| field_of(one, field)).collect();
            let Some(mut values) = values else { continue };
            values.retain(|value| !value.is_null());
            let mut seen = HashSet::with_capacity(values.len());
            values.retain(|value| seen.insert(value.clone()));
            let values: Option<Vec<Datum>> =
                values.iter().map(|one| filter::value_of(self.info, position, one)).collect();
            if let Some(values) = values.filter(|values| !values.is_empty()) {
                found.push((position, Comparison::OneOf(values)));
            }
        }
    }

    /// A join whose build side is in several parts has the keys of each in a branch of
    /// a CASE: together they are all keys. None if some branch does not say its keys.
    fn branches(&self, case: &CaseExpr) -> Option<Vec<(usize, Comparison)>> {
        let results = case.when_then_expr().iter().map(|(_, then)| then).chain(case.else_expr());
        let mut all: Option<Vec<(usize, Vec<Datum>)>> = None;
        for result in results {
            if is_false(result) {
                continue;
            }
            let mut found = Vec::new();
            self.collect(result, &mut found);
            let lists = found.into_iter().filter_map(|(position, comparison)| match comparison {
                Comparison::OneOf(values) => Some((position, values)),
                _ => None,
            });
            let mut lists: Vec<(usize, Vec<Datum>)> = lists.collect();
            if let Some(all) = all {
                lists.retain_mut(|(position, values)| {
                    let others = all.iter().find(|(other, _)| other == position);
                    others.map(|(_, others)| values.extend_from_slice(others)).is_some()
                });
            }
            if lists.is_empty() {
                return None;
            }
            all = Some(lists);
        }
        let lists = all?.into_iter();
        Some(lists.map(|(position, values)| (position, Comparison::OneOf(values))).collect())
    }

    fn column(&self, expr: &Arc<dyn PhysicalExpr>) -> Option<usize> {
        match self.projection.get(expr.downcast_ref::<Column>()?.index())? {
            ScanColumn::Stored(position) => Some(*position),
            _ => None,
        }
    }

    fn value(&self, expr: &Arc<dyn PhysicalExpr>, position: usize) -> Option<Datum> {
        filter::value_of(self.info, position, expr.downcast_ref::<Literal>()?.value())
    }
}

fn is_null(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.downcast_ref::<Literal>().is_some_and(|literal| literal.value().is_null())
}

fn is_false(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let value = expr.downcast_ref::<Literal>().map(Literal::value);
    matches!(value, Some(ScalarValue::Boolean(Some(false))))
}

/// A field of a record that is a constant.
fn field_of(expr: &Arc<dyn PhysicalExpr>, field: usize) -> Option<ScalarValue> {
    let ScalarValue::Struct(record) = expr.downcast_ref::<Literal>()?.value() else { return None };
    ScalarValue::try_from_array(record.column(field), 0).ok()
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, Int32Array, StructArray};
    use datafusion::arrow::datatypes::{DataType, Field};
    use datafusion::common::config::ConfigOptions;
    use datafusion::functions::core::r#struct;
    use datafusion::physical_expr::expressions::{binary, case, col, lit};

    use super::*;
    use crate::sql::types::oid;
    use crate::table::tests::Fixture;

    const PROJECTION: [ScanColumn; 2] = [ScanColumn::Stored(0), ScanColumn::Stored(1)];

    fn schema() -> Schema {
        let field = |name| Field::new(name, DataType::Int32, true);
        Schema::new(vec![field("a1"), field("a2")])
    }

    fn column(name: &str) -> Arc<dyn PhysicalExpr> {
        col(name, &schema()).expect("a column")
    }

    /// `column` IN `values`.
    fn one_of(name: &str, values: &[i32]) -> Arc<dyn PhysicalExpr> {
        let values: ArrayRef = Arc::new(Int32Array::from(values.to_vec()));
        let list = InListExpr::try_new_from_array(column(name), values, false, &schema());
        Arc::new(list.expect("a list"))
    }

    fn both(left: Arc<dyn PhysicalExpr>, right: Arc<dyn PhysicalExpr>) -> Arc<dyn PhysicalExpr> {
        binary(left, Operator::And, right, &schema()).expect("a conjunction")
    }

    /// The keys found for each column, in order.
    fn keys(filter: Arc<dyn PhysicalExpr>) -> Vec<(usize, Vec<i32>)> {
        let mut fixture = Fixture::memory();
        fixture.table(100, "t", &[("a", oid::INT4, false), ("b", oid::INT4, false)]);
        let found = comparisons(&fixture.info(100), &PROJECTION, &[filter]).expect("comparisons");
        let lists = found.into_iter().filter_map(|(position, comparison)| match comparison {
            Comparison::OneOf(values) => Some((position, values)),
            _ => None,
        });
        let number = |value: Datum| match value {
            Datum::Int4(number) => number,
            other => panic!("{other:?} is no int4"),
        };
        let sorted = lists.map(|(position, values)| {
            let mut values: Vec<i32> = values.into_iter().map(number).collect();
            values.sort_unstable();
            (position, values)
        });
        sorted.collect()
    }

    #[test]
    fn keys_of_several_columns_are_keys_of_each() {
        let fields = schema().fields().clone();
        let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(2), Some(1), None, Some(2)]));
        let b: ArrayRef = Arc::new(Int32Array::from(vec![10, 10, 3, 10]));
        let values: ArrayRef =
            Arc::new(StructArray::from(vec![(fields[0].clone(), a), (fields[1].clone(), b)]));
        let record = ScalarFunctionExpr::new(
            "struct",
            r#struct(),
            vec![column("a1"), column("a2")],
            Arc::new(Field::new("struct", values.data_type().clone(), true)),
            Arc::new(ConfigOptions::default()),
        );
        let list = InListExpr::try_new_from_array(Arc::new(record), values, false, &schema());
        let found = keys(Arc::new(list.expect("a list")));
        assert_eq!(found, [(0, vec![1, 2]), (1, vec![3, 10])]);
    }

    #[test]
    fn keys_in_branches_are_keys_together() {
        let at_least = binary(column("a1"), Operator::GtEq, lit(1i32), &schema()).expect("a bound");
        let branches = |otherwise: Arc<dyn PhysicalExpr>, second: Arc<dyn PhysicalExpr>| {
            let first = both(at_least.clone(), one_of("a1", &[1, 2]));
            let whens = vec![(lit(0u64), first), (lit(1u64), second)];
            case(Some(lit(1u64)), whens, Some(otherwise)).expect("a case")
        };
        assert_eq!(keys(branches(lit(false), one_of("a1", &[5]))), [(0, vec![1, 2, 5])]);
        assert_eq!(keys(branches(one_of("a1", &[7]), lit(false))), [(0, vec![1, 2, 7])]);
        // A branch that lets rows through without saying their keys.
        assert_eq!(keys(branches(lit(true), one_of("a1", &[5]))), []);
        assert_eq!(keys(branches(lit(false), at_least.clone())), []);
        assert_eq!(keys(branches(lit(false), one_of("a2", &[5]))), []);
    }
}
