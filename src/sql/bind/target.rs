//! Select lists: names, expressions, and `*`.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{AIndirection, ColumnRef, ResTarget};

use super::Binder;
use super::name::output_name;
use super::node::{inner, required};
use super::scope::Item;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind};
use crate::sql::types::Oid;
use crate::sql::types::record;

/// One entry of a select list; `junk` entries exist for sorting only.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub name: String,
    pub expr: Expr,
    pub origin: Option<(Oid, i16)>,
    pub junk: bool,
}

impl Target {
    pub fn new(name: impl Into<String>, expr: Expr) -> Target {
        Target { name: name.into(), expr, origin: None, junk: false }
    }
}

/// Whether a column reference ends in `*`.
pub(super) fn is_star(column: &ColumnRef) -> bool {
    matches!(column.fields.last().and_then(|field| field.node.as_ref()), Some(NodeEnum::AStar(_)))
}

impl Binder<'_> {
    /// A select or RETURNING list; literals may stay `unknown`.
    pub(super) fn targets(&mut self, nodes: &[Node]) -> Result<Vec<Target>> {
        let mut targets = Vec::with_capacity(nodes.len());
        for node in nodes {
            let NodeEnum::ResTarget(target) = inner(node)? else {
                return Err(Error::internal("select list without targets"));
            };
            self.add_targets(target, &mut targets)?;
        }
        Ok(targets)
    }

    fn add_targets(&mut self, target: &ResTarget, targets: &mut Vec<Target>) -> Result<()> {
        let value = required(&target.val)?;
        match value {
            NodeEnum::ColumnRef(column) if is_star(column) => {
                let all = self.star(column)?;
                self.note_star(column, &all);
                targets.extend(all);
            }
            NodeEnum::AIndirection(indirection) if ends_in_star(indirection) => {
                targets.extend(self.record_star(indirection)?);
            }
            value => {
                let expr = self.expr(value)?;
                let name = match target.name.is_empty() {
                    true => output_name(value),
                    false => target.name.clone(),
                };
                let origin = self.origin(&expr);
                targets.push(Target { name, expr, origin, junk: false });
            }
        }
        Ok(())
    }

    /// The table column that an expression is a plain copy of.
    fn origin(&self, expr: &Expr) -> Option<(Oid, i16)> {
        let ExprKind::Column(id) = expr.kind else { return None };
        self.levels
            .iter()
            .rev()
            .flat_map(|level| &level.items)
            .flat_map(|item| item.columns.iter().chain(&item.system))
            .find(|column| matches!(column.expr.kind, ExprKind::Column(other) if other == id))
            .and_then(|column| column.origin)
    }

    /// `*` or `t.*`.
    pub(super) fn star(&mut self, column: &ColumnRef) -> Result<Vec<Target>> {
        let names: Vec<&str> = column.fields.iter().filter_map(super::node::string).collect();
        let location = column.location;
        let (schema, table) = match names.as_slice() {
            [] => return self.bare_star(location),
            [table] => (None, *table),
            [schema, table] | [_, schema, table] => (Some(*schema), *table),
            _ => {
                return Err(Error::syntax(format!(
                    "improper qualified name (too many dotted names): {}",
                    names.join(".")
                ))
                .at(location));
            }
        };
        let place = match self.require_item(schema, table, location) {
            Err(error) if schema.is_none() && self.has_variables() => {
                // A variable of a routine: `SELECT OLD.*`.
                let record = self.variable(&[table], location)?.ok_or(error)?;
                return self.fields_of(&record);
            }
            place => place?,
        };
        let targets = item_targets(self.item(place), location);
        targets.iter().for_each(|target| self.note_selected(target.origin));
        Ok(targets)
    }

    fn bare_star(&mut self, location: i32) -> Result<Vec<Target>> {
        let level = self.level();
        if level.items.is_empty() {
            return Err(
                Error::syntax("SELECT * with no tables specified is not valid").at(location)
            );
        }
        let targets: Vec<Target> = level
            .items
            .iter()
            .filter(|item| item.columns_visible)
            .flat_map(|item| item_targets(item, location))
            .collect();
        targets.iter().for_each(|target| self.note_selected(target.origin));
        Ok(targets)
    }

    /// `(expression).*`.
    pub(super) fn record_star(&mut self, node: &AIndirection) -> Result<Vec<Target>> {
        let mut shorter = node.clone();
        shorter.indirection.pop();
        let record = match shorter.indirection.is_empty() {
            true => self.expr(required(&shorter.arg)?)?,
            false => self.indirection(&shorter)?,
        };
        self.fields_of(&record)
    }

    fn fields_of(&mut self, record: &Expr) -> Result<Vec<Target>> {
        let names = self.field_names(record)?;
        names
            .into_iter()
            .map(|name| {
                let expr = self.field(record.clone(), &name, record.location)?;
                Ok(Target::new(name, expr))
            })
            .collect()
    }

    fn field_names(&self, record: &Expr) -> Result<Vec<String>> {
        if let Some(relation) = self.composite_relation(record.ty.oid)
            && let Some(relation) = self.catalog.relation(relation)
        {
            let columns = relation.columns.iter().filter(|column| !column.dropped);
            return Ok(columns.map(|column| column.name.clone()).collect());
        }
        if let Some(fields) = record::fields(record.ty) {
            return Ok(fields.iter().map(|(name, _)| name.clone()).collect());
        }
        match &record.kind {
            ExprKind::Row(fields) => Ok((1..=fields.len()).map(|n| format!("f{n}")).collect()),
            _ => Err(self.not_composite(record)),
        }
    }

    fn not_composite(&self, record: &Expr) -> Error {
        Error::new(
            crate::sqlstate::WRONG_OBJECT_TYPE,
            format!("type {} is not composite", self.display_type(record.ty.oid)),
        )
        .at(record.location)
    }
}

pub(super) fn ends_in_star(node: &AIndirection) -> bool {
    matches!(node.indirection.last().and_then(|step| step.node.as_ref()), Some(NodeEnum::AStar(_)))
}

fn item_targets(item: &Item, location: i32) -> Vec<Target> {
    item.columns
        .iter()
        .map(|column| Target {
            name: column.name.clone(),
            expr: Expr { location, ..column.expr.clone() },
            origin: column.origin,
            junk: false,
        })
        .collect()
}
