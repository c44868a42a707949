//! REFRESH MATERIALIZED VIEW CONCURRENTLY: what has to go and what has to come.
//!
//! The view's rows are joined with those that its query gives now, by the keys of a
//! unique index and by all columns. Rows without a partner are deleted, or inserted:
//!
//! ```text
//! kept   mv LEFT JOIN (query) ON mv.id = q.id AND mv.* = q.*   q is absent or not
//! added  (query) LEFT JOIN mv ON …                             where mv is absent
//! ```

use std::sync::Arc;

use super::Binder;
use super::from::cross_join;
use super::node::{INT8, all_of, bool_expr, column_expr, constant, typed};
use super::operator::OperatorName;
use super::select::filter;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind, JoinKind, OutputColumn, Query, Rel, Scan, Statement};
use crate::sql::types::{Datum, Oid, SqlType, oid};

/// Which of the two sides is kept whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Refreshed {
    /// The rids of the view's rows, each with whether the query still gives it.
    Kept,
    /// The rows that the query gives and the view does not have.
    Added,
}

/// Types of which equal values are the same.
const SAME_IF_EQUAL: &[Oid] = &[
    oid::BOOL,
    oid::BYTEA,
    oid::CHAR,
    oid::DATE,
    oid::INT2,
    oid::INT4,
    oid::INT8,
    oid::NAME,
    oid::OID,
    oid::TEXT,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::UUID,
    oid::VARCHAR,
];

impl Binder<'_> {
    /// The query for one half of a concurrent refresh; `keys` are the columns of a
    /// unique index.
    pub fn bind_refresh(
        &mut self,
        relation: &Arc<Relation>,
        keys: &[i16],
        half: Refreshed,
    ) -> Result<Query> {
        let fresh = self.view_query(relation)?;
        let mut scan = self.scan(relation);
        scan.columns.retain(|(number, _)| *number > 0);
        let rid = self.new_id();
        scan.rid = Some(rid);
        let on = self.same_row(&scan, &fresh.output, keys)?;
        let marker = self.new_column("present", SqlType::new(oid::BOOL));
        let present = constant(Datum::Bool(true), marker.ty);
        let mut exprs: Vec<(OutputColumn, Expr)> =
            fresh.output.iter().map(|column| (column.clone(), column_expr(column, -1))).collect();
        exprs.push((marker.clone(), present));
        let query = Rel::Project { input: Box::new(fresh.rel), exprs };
        let stored = Rel::Scan(scan);
        let rid = OutputColumn { id: rid, name: "rid".to_owned(), ty: INT8, origin: None };
        let (left, right, output) = match half {
            Refreshed::Kept => (stored, query, vec![rid.clone(), marker]),
            Refreshed::Added => (query, stored, fresh.output.clone()),
        };
        let mut joined = cross_join(left, right, false);
        if let Rel::Join { kind, on: condition, .. } = &mut joined {
            (*kind, *condition) = (JoinKind::Left, on);
        }
        if half == Refreshed::Added {
            let is_absent = ExprKind::IsNull(Box::new(column_expr(&rid, -1)));
            joined = filter(joined, bool_expr(is_absent, -1));
        }
        let exprs: Vec<(OutputColumn, Expr)> = output
            .iter()
            .map(|column| {
                (self.new_column(column.name.clone(), column.ty), column_expr(column, -1))
            })
            .collect();
        let output = exprs.iter().map(|(column, _)| column.clone()).collect();
        let rel = Rel::Project { input: Box::new(joined), exprs };
        let mut statement = Statement::Query(Query { rel, output });
        super::prune::prune_scans(&mut statement);
        match statement {
            Statement::Query(query) => Ok(query),
            _ => Err(Error::internal("a query is a query")),
        }
    }

    fn same_row(
        &mut self,
        scan: &Scan,
        fresh: &[OutputColumn],
        keys: &[i16],
    ) -> Result<Option<Expr>> {
        let mut conditions = Vec::new();
        for ((number, stored), fresh) in scan.columns.iter().zip(fresh) {
            let (mut left, mut right) = (column_expr(stored, -1), column_expr(fresh, -1));
            if keys.contains(number) {
                let equal = OperatorName::plain("=");
                let call = self.operator_call(equal, Some(left.clone()), right.clone(), -1)?;
                let ty = call.ty;
                conditions.push(typed(ExprKind::Call(call), ty, -1));
            }
            // Values that are equal may be of different looks: then the texts tell.
            if !SAME_IF_EQUAL.contains(&self.base(left.ty.oid)) {
                let text = SqlType::new(oid::TEXT);
                left = typed(ExprKind::CoerceViaText(Box::new(left)), text, -1);
                right = typed(ExprKind::CoerceViaText(Box::new(right)), text, -1);
            }
            conditions.push(self.distinct_from(left, right, true, -1)?);
        }
        Ok(all_of(conditions))
    }
}
