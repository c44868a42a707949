//! VALUES lists.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::SelectStmt;

use super::Binder;
use super::coerce::common_typmod;
use super::node::{inner, list};
use super::scope::Clause;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, OutputColumn, Query, Rel};
use crate::sql::types::SqlType;

impl Binder<'_> {
    /// `VALUES (…), (…)` as a query; columns that stay undecided become text.
    pub(super) fn values(&mut self, select: &SelectStmt) -> Result<Query> {
        let rows = self.value_rows(select)?;
        let width = rows.first().map_or(0, Vec::len);
        let mut columns: Vec<OutputColumn> = Vec::with_capacity(width);
        let mut by_column: Vec<Vec<Expr>> = vec![Vec::with_capacity(rows.len()); width];
        for row in rows {
            for (column, expr) in by_column.iter_mut().zip(row) {
                column.push(expr);
            }
        }
        for (index, column) in by_column.iter_mut().enumerate() {
            let exprs = self.all_to_common(std::mem::take(column), "VALUES")?;
            let oid = exprs.first().map_or(crate::sql::types::oid::TEXT, |e| e.ty.oid);
            let ty = SqlType::with_typmod(oid, common_typmod(&exprs));
            columns.push(self.new_column(format!("column{}", index + 1), ty));
            *column = exprs;
        }
        let rows = transpose(by_column);
        Ok(Query { rel: Rel::Values { columns: columns.clone(), rows }, output: columns })
    }

    fn value_rows(&mut self, select: &SelectStmt) -> Result<Vec<Vec<Expr>>> {
        let mut rows: Vec<Vec<Expr>> = Vec::with_capacity(select.values_lists.len());
        for node in &select.values_lists {
            let row = list(inner(node)?).ok_or_else(|| Error::internal("VALUES without rows"))?;
            if let Some(node) = row.iter().find(|n| is_default(n)) {
                return Err(Error::syntax("DEFAULT is not allowed in this context")
                    .at(super::node::location(inner(node)?)));
            }
            let exprs = self.within(Clause::Values, |binder| binder.expanded_exprs(row))?;
            if rows.first().is_some_and(|first| first.len() != exprs.len()) {
                let location = exprs.first().map_or(-1, |expr| expr.location);
                return Err(Error::syntax("VALUES lists must all be the same length").at(location));
            }
            rows.push(exprs);
        }
        Ok(rows)
    }
}

pub(super) fn is_default(node: &crate::sql::parse::ast::Node) -> bool {
    matches!(node.node, Some(NodeEnum::SetToDefault(_)))
}

fn transpose(columns: Vec<Vec<Expr>>) -> Vec<Vec<Expr>> {
    let count = columns.first().map_or(0, Vec::len);
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    (0..count).map(|_| columns.iter_mut().filter_map(Iterator::next).collect()).collect()
}
