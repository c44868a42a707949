//! `x.*` in the rows of VALUES: the columns of a rule's row, or the fields of a variable,
//! written out.

use super::Binder;
use super::from::cross_join;
use super::node::{list, string};
use crate::error::Result;
use crate::sql::ir::{Expr, OutputColumn, Rel};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{self, Node, SelectStmt};

impl Binder<'_> {
    /// A VALUES list whose rows have `x.*` written out, if some have.
    pub(super) fn without_row_stars(
        &mut self,
        select: &SelectStmt,
    ) -> Result<Option<Box<SelectStmt>>> {
        let has_star = |row: &Node| match row.node.as_ref().and_then(list) {
            Some(items) => items.iter().any(|item| row_star(item).is_some()),
            None => false,
        };
        if !select.values_lists.iter().any(has_star) {
            return Ok(None);
        }
        let mut written = select.clone();
        for row in &mut written.values_lists {
            let Some(NodeEnum::List(row)) = &mut row.node else { continue };
            let mut items = Vec::with_capacity(row.items.len());
            for item in std::mem::take(&mut row.items) {
                match row_star(&item) {
                    Some((table, location)) => match self.row_columns(table, location)? {
                        Some(columns) => items.extend(columns),
                        None => return Ok(None),
                    },
                    None => items.push(item),
                }
            }
            row.items = items;
        }
        Ok(Some(Box::new(written)))
    }

    /// References to the columns of a rule's row, or to the fields of a variable.
    fn row_columns(&mut self, table: &str, location: i32) -> Result<Option<Vec<Node>>> {
        let of_rule = self.rule_row_columns(table);
        let names = match of_rule {
            Some(names) => names,
            None if self.has_variables() => match self.variable(&[table], location)? {
                Some(variable) => match self.composite_columns(variable.ty.oid) {
                    Some(columns) => columns.into_iter().map(|(name, _)| name).collect(),
                    None => return Ok(None),
                },
                None => return Ok(None),
            },
            None => return Ok(None),
        };
        let named = |text: &str| Node {
            node: Some(NodeEnum::String(ast::String { sval: text.to_owned() })),
        };
        let reference = |name: &String| Node {
            node: Some(NodeEnum::ColumnRef(ast::ColumnRef {
                fields: vec![named(table), named(name)],
                location,
            })),
        };
        Ok(Some(names.iter().map(reference).collect()))
    }
}

/// `x` of an item `x.*`.
fn row_star(node: &Node) -> Option<(&str, i32)> {
    let Some(NodeEnum::ColumnRef(column)) = &node.node else { return None };
    let [table, star] = column.fields.as_slice() else { return None };
    let is_star = matches!(star.node, Some(NodeEnum::AStar(_)));
    is_star.then_some((string(table)?, column.location))
}

/// Rows of values over each of the rows that a rule's action is carried out for.
pub(super) fn values_for_each(
    rule_rows: Rel,
    columns: Vec<OutputColumn>,
    mut rows: Vec<Vec<Expr>>,
) -> Rel {
    match rows.pop() {
        Some(row) if rows.is_empty() => {
            let exprs = columns.into_iter().zip(row).collect();
            Rel::Project { input: Box::new(rule_rows), exprs }
        }
        last => {
            rows.extend(last);
            cross_join(rule_rows, Rel::Values { columns, rows }, true)
        }
    }
}
