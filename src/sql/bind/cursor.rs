//! Cursors: which of their rows are rows of tables, for WHERE CURRENT OF.
//!
//! The rows of a plain selection are known by their table and rid, which the query of a
//! cursor gives after its own columns; with FOR UPDATE and its like a join's are, too.
//! That is what PostgreSQL finds in the plan (`execCurrentOf`).

use std::sync::Arc;

use super::Binder;
use super::node::{INT8, column_expr, constant};
use super::scope::Clause;
use super::updatable::Target;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, OutputColumn, Query, Rel, Scan, Statement, system_column};
use crate::sql::parse::NodeEnum;
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// A cursor's query.
pub struct CursorQuery {
    pub query: Query,
    /// How many of its columns are the client's; then come two for each table.
    pub visible: usize,
    pub tables: Vec<CursorTable>,
    /// Going back costs nothing but keeping rows.
    pub scrollable: bool,
}

/// A table whose rows a cursor is on.
#[derive(Clone, Debug)]
pub struct CursorTable {
    pub relation: Oid,
    pub locked: bool,
}

impl Binder<'_> {
    /// Binds the query of DECLARE CURSOR; none if it is no query.
    pub fn bind_cursor(&mut self, node: &NodeEnum) -> Result<Option<CursorQuery>> {
        let Statement::Query(mut query) = self.bind_statement(node)? else { return Ok(None) };
        let visible = query.output.len();
        let scrollable = goes_back(&query.rel);
        let locked: Vec<Oid> = locks(&query.rel).unwrap_or_default();
        let mut found = Vec::new();
        self.identify(&mut query.rel, !locked.is_empty(), &mut found);
        let mut tables = Vec::new();
        for (relation, columns) in found {
            query.output.extend(columns);
            let is_locked = locked.contains(&relation.oid);
            tables.push(CursorTable { relation: relation.oid, locked: is_locked });
        }
        Ok(Some(CursorQuery { query, visible, tables, scrollable }))
    }

    /// Has a relation give the table and the rid of its rows.
    fn identify(
        &mut self,
        rel: &mut Rel,
        locked: bool,
        found: &mut Vec<(Arc<Relation>, [OutputColumn; 2])>,
    ) {
        match rel {
            Rel::Scan(scan) if scan.relation.is_table() => {
                let relation = scan.relation.clone();
                let columns = self.identified(scan);
                let mut exprs: Vec<_> = crate::sql::ir::visit::columns(rel)
                    .into_iter()
                    .map(|column| (column.clone(), column_expr(&column, -1)))
                    .collect();
                let [(table, table_expr), (rid, rid_expr)] = columns;
                // Those who lock the rows read it, too.
                if let crate::sql::ir::ExprKind::Column(id) = rid_expr.kind {
                    exprs.push((OutputColumn { id, ..rid.clone() }, rid_expr.clone()));
                }
                exprs.push((table.clone(), table_expr));
                exprs.push((rid.clone(), rid_expr));
                let input = Box::new(std::mem::replace(rel, Rel::OneRow));
                *rel = Rel::Project { input, exprs };
                found.push((relation, [table, rid]));
            }
            Rel::Project { input, exprs } => {
                let from = found.len();
                self.identify(input, locked, found);
                for (_, columns) in &found[from..] {
                    let copies = columns.iter().map(|c| (c.clone(), column_expr(c, -1)));
                    exprs.extend(copies);
                }
            }
            Rel::Filter { input, .. } | Rel::Limit { input, .. } | Rel::LockRows { input, .. } => {
                self.identify(input, locked, found);
            }
            Rel::With { body, .. } => self.identify(body, locked, found),
            Rel::Sort { input, .. } if locked => self.identify(input, locked, found),
            Rel::Join { left, right, .. } if locked => {
                self.identify(left, locked, found);
                self.identify(right, locked, found);
            }
            _ => {}
        }
    }

    /// The columns that tell a scan's rows apart, and what they are.
    fn identified(&mut self, scan: &mut Scan) -> [(OutputColumn, crate::sql::ir::Expr); 2] {
        let rid = match scan.rid {
            Some(id) => id,
            None => {
                let id = self.new_id();
                scan.rid = Some(id);
                id
            }
        };
        let own = OutputColumn { id: rid, name: "rid".to_owned(), ty: INT8, origin: None };
        let table_type = SqlType::new(oid::OID);
        let table = match scan.descendants {
            false => constant(Datum::Oid(scan.relation.oid), table_type),
            true => {
                let number = system_column::TABLEOID;
                let known = scan.columns.iter().find(|(known, _)| *known == number).cloned();
                let (_, column) = known.unwrap_or_else(|| {
                    let column = self.new_column("tableoid", table_type);
                    scan.columns.push((number, column.clone()));
                    (number, column)
                });
                column_expr(&column, -1)
            }
        };
        let given = self.new_column("rid", INT8);
        [(self.new_column("tableoid", table_type), table), (given, column_expr(&own, -1))]
    }

    /// The rows that WHERE chooses: the one that a cursor stands on, or those for which a
    /// condition holds.
    pub(super) fn chosen_rows(
        &mut self,
        node: Option<&NodeEnum>,
        target: &Target,
    ) -> Result<(Option<String>, Option<Expr>)> {
        let cursor = self.current_of(node, target)?;
        let condition = match cursor {
            Some(_) => None,
            None => self.condition(node, Clause::Where, "WHERE")?,
        };
        Ok((cursor, condition))
    }

    /// The cursor of WHERE CURRENT OF.
    fn current_of(&mut self, node: Option<&NodeEnum>, target: &Target) -> Result<Option<String>> {
        let Some(NodeEnum::CurrentOfExpr(current)) = node else { return Ok(None) };
        if target.named().view().is_some() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "WHERE CURRENT OF on a view is not implemented",
            ));
        }
        let name = current.cursor_name.as_str();
        if self.has_variables() && self.variable(&[name], -1)?.is_some() {
            return Err(Error::unsupported("WHERE CURRENT OF a cursor variable"));
        }
        Ok(Some(name.to_owned()))
    }
}

/// The tables whose rows a query locks.
fn locks(rel: &Rel) -> Option<Vec<Oid>> {
    match rel {
        Rel::LockRows { locks, .. } => Some(locks.iter().map(|lock| lock.relation.oid).collect()),
        Rel::Project { input, .. } | Rel::Limit { input, .. } | Rel::Sort { input, .. } => {
            locks(input)
        }
        Rel::With { body, .. } => locks(body),
        _ => None,
    }
}

/// Whether PostgreSQL's plan for a query can run backwards.
fn goes_back(rel: &Rel) -> bool {
    match rel {
        Rel::Scan(_) | Rel::Values { .. } | Rel::Functions(_) | Rel::Cte { .. } => true,
        Rel::Sort { input, .. } => locks(input).is_none(),
        Rel::Filter { input, .. } | Rel::Project { input, .. } | Rel::Limit { input, .. } => {
            goes_back(input)
        }
        Rel::With { body, .. } => goes_back(body),
        _ => false,
    }
}
