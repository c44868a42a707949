//! The rows that rules work on: `old` and `new` of a statement, or of a rule that is
//! being made.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::Binder;
use super::super::dml::live_columns;
use super::super::from::cross_join;
use super::super::node::{INT8, column_expr, null};
use super::super::scope::{Item, ItemColumn};
use super::Source;
use crate::catalog::{Relation, Rule};
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, Expr, Insert, OutputColumn, Rel, Statement, Update};
use crate::sql::types::oid;

impl Binder<'_> {
    /// The rows of a statement, with `old` and `new`.
    pub(super) fn event_rows(&mut self, relation: &Arc<Relation>, base: &Statement) -> Source {
        let (rel, old, new) = match base {
            Statement::Insert(insert) => {
                let (rel, new) = self.inserted_rows(relation, insert);
                (rel, None, Some(new))
            }
            Statement::Update(update) => {
                let old = scanned(relation, &update.target.columns);
                let mut new = old.clone();
                let mut exprs = passed(update);
                if let Some(id) = update.target.rid.filter(|_| relation.view().is_none()) {
                    let (name, ty) = ("rid".to_owned(), INT8);
                    let rid = OutputColumn { id, name, ty, origin: None };
                    exprs.push((rid.clone(), column_expr(&rid, -1)));
                }
                for (number, expr) in &update.assignments {
                    let column = self.new_column("new", expr.ty);
                    new.insert(*number, column_expr(&column, -1));
                    exprs.push((column, expr.clone()));
                }
                let input = Box::new(update.input.clone());
                (Rel::Project { input, exprs }, Some(old), Some(new))
            }
            Statement::Delete(delete) => {
                let old = scanned(relation, &delete.target.columns);
                (delete.input.clone(), Some(old), None)
            }
            _ => (Rel::OneRow, None, None),
        };
        let mut items = Vec::with_capacity(2);
        for (name, columns) in [("old", old), ("new", new)] {
            let Some(mut columns) = columns else { continue };
            let entries = live_columns(relation).map(|(number, column)| ItemColumn {
                name: column.name.clone(),
                expr: columns.remove(&number).unwrap_or_else(|| null(column.ty)),
                origin: None,
            });
            items.push(self.row_item(name, relation, entries.collect()));
        }
        Source { rel, items }
    }

    fn row_item(&self, name: &str, relation: &Arc<Relation>, columns: Vec<ItemColumn>) -> Item {
        let mut item = Item::new(name, columns);
        item.aliased = true;
        item.columns_visible = false;
        item.row_type = match self.catalog.row_type(relation) {
            oid::INVALID => oid::RECORD,
            row_type => row_type,
        };
        item
    }

    fn inserted_rows(&mut self, relation: &Relation, insert: &Insert) -> (Rel, HashMap<i16, Expr>) {
        let output = &insert.source.output;
        let mut exprs: Vec<(OutputColumn, Expr)> =
            output.iter().map(|column| (column.clone(), column_expr(column, -1))).collect();
        let mut new = HashMap::new();
        for (number, column) in insert.columns.iter().zip(output) {
            new.insert(*number, column_expr(column, -1));
        }
        for (number, default) in &insert.defaults {
            let column = self.new_column("default", default.ty);
            new.insert(*number, column_expr(&column, -1));
            exprs.push((column, default.clone()));
        }
        for (number, column) in live_columns(relation) {
            new.entry(number).or_insert_with(|| null(column.ty));
        }
        let input = Box::new(insert.source.rel.clone());
        (Rel::Project { input, exprs }, new)
    }

    /// Two scans of the relation, as `old` and `new`.
    pub(super) fn definition_rows(&mut self, relation: &Arc<Relation>) -> Source {
        let (mut items, mut scans) = (Vec::new(), Vec::new());
        for name in ["old", "new"] {
            let scan = self.scan(relation);
            let columns = self.scan_item(&scan).columns;
            let columns = columns.into_iter().map(|c| ItemColumn { origin: None, ..c }).collect();
            items.push(self.row_item(name, relation, columns));
            scans.push(Rel::Scan(scan));
        }
        let new = scans.pop().unwrap_or(Rel::OneRow);
        let old = scans.pop().unwrap_or(Rel::OneRow);
        Source { rel: cross_join(old, new, false), items }
    }
}

/// `old` and `new` with the columns that there were, under their names then.
pub(super) fn known_rows(relation: &Relation, rule: &Rule, items: &[Item]) -> Vec<Item> {
    let live: Vec<i16> = live_columns(relation).map(|(number, _)| number).collect();
    let known = |item: &Item| {
        let columns = rule.columns.iter().filter_map(|(number, name)| {
            let at = live.iter().position(|live| live == number)?;
            Some(ItemColumn { name: name.clone(), ..item.columns.get(at)?.clone() })
        });
        Item { columns: columns.collect(), ..item.clone() }
    };
    items.iter().map(known).collect()
}

pub(super) fn row_ids(source: &Source) -> Vec<Vec<ColumnId>> {
    let ids = |item: &Item| {
        let columns = item.columns.iter();
        columns.flat_map(|column| visit::columns_of(&column.expr)).collect()
    };
    source.items.iter().map(ids).collect()
}

/// The columns of an update's rows that are handed on: all but the system columns that
/// it does not read.
fn passed(update: &Update) -> Vec<(OutputColumn, Expr)> {
    let mut read: HashSet<ColumnId> =
        update.target.columns.iter().map(|(_, column)| column.id).collect();
    read.extend(update.target.rid);
    let returned = update.returning.iter().flat_map(|returning| &returning.exprs);
    let assigned = update.assignments.iter().map(|(_, expr)| expr);
    for expr in assigned.chain(returned.map(|(_, expr)| expr)) {
        read.extend(visit::columns_of(expr));
    }
    let mut columns = visit::columns(&update.input);
    columns.retain(|column| {
        read.contains(&column.id) || !SYSTEM_NAMES.contains(&column.name.as_str())
    });
    columns.into_iter().map(|column| (column.clone(), column_expr(&column, -1))).collect()
}

const SYSTEM_NAMES: [&str; 7] = ["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "rid"];

fn scanned(relation: &Relation, columns: &[(i16, OutputColumn)]) -> HashMap<i16, Expr> {
    let live: Vec<i16> = live_columns(relation).map(|(number, _)| number).collect();
    let own = columns.iter().filter(|(number, _)| live.contains(number));
    own.map(|(number, column)| (*number, column_expr(column, -1))).collect()
}

/// The statement reads its rows with what the rules' conditions read.
pub(super) fn read_through(base: &mut Statement, rows: Source) {
    match base {
        Statement::Insert(insert) => insert.source.rel = rows.rel,
        Statement::Delete(delete) => delete.input = rows.rel,
        Statement::Update(update) => {
            let new = rows.items.iter().find(|item| item.alias == "new");
            let columns: Vec<i16> =
                live_columns(&update.target.relation).map(|(number, _)| number).collect();
            for (number, expr) in &mut update.assignments {
                let place = columns.iter().position(|known| known == number);
                if let Some(column) = place.and_then(|at| new?.columns.get(at)) {
                    *expr = column.expr.clone();
                }
            }
            update.input = rows.rel;
        }
        _ => {}
    }
}
