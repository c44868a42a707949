//! ORDER BY, and matching expressions against the select list.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{SortBy, SortByDir, SortByNulls};

use super::Binder;
use super::node::{column_expr, inner, integer_constant, list, required, string};
use super::same::same;
use super::scope::Clause;
use super::target::Target;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, OutputColumn, SortKey};
use crate::sql::types::Oid;
use crate::sqlstate;

/// A sort by one entry of the select list.
#[derive(Clone, Copy, Debug)]
pub(super) struct TargetKey {
    pub target: usize,
    pub descending: bool,
    pub nulls_first: bool,
}

impl TargetKey {
    pub fn over(self, output: &[OutputColumn]) -> SortKey {
        SortKey {
            expr: column_expr(&output[self.target], -1),
            descending: self.descending,
            nulls_first: self.nulls_first,
        }
    }
}

impl Binder<'_> {
    /// ORDER BY over the select list; expressions not in it are added as junk.
    pub(super) fn order_by(
        &mut self,
        nodes: &[Node],
        targets: &mut Vec<Target>,
    ) -> Result<Vec<TargetKey>> {
        let mut keys: Vec<TargetKey> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let NodeEnum::SortBy(sort) = inner(node)? else { continue };
            let target = self.target_of(required(&sort.node)?, targets, Clause::OrderBy)?;
            self.decide_target(&mut targets[target])?;
            let ty = targets[target].expr.ty.oid;
            let place = super::node::location(required(&sort.node)?);
            let (descending, nulls_first) = self.sort_direction(sort, ty, place)?;
            if !keys.iter().any(|key| key.target == target) {
                keys.push(TargetKey { target, descending, nulls_first });
            }
        }
        Ok(keys)
    }

    fn decide_target(&mut self, target: &mut Target) -> Result<()> {
        let taken = std::mem::replace(&mut target.expr, super::node::null(super::node::TEXT));
        target.expr = self.decide(taken)?;
        Ok(())
    }

    /// The entry of the select list that a sort or group item means: by output
    /// name, by position, or as an expression (`findTargetlistEntrySQL92`).
    pub(super) fn target_of(
        &mut self,
        node: &NodeEnum,
        targets: &mut Vec<Target>,
        clause: Clause,
    ) -> Result<usize> {
        if let NodeEnum::ColumnRef(column) = node
            && let [only] = column.fields.as_slice()
            && let Some(name) = string(only)
            && let Some(index) = self.target_named(name, targets, clause, column.location)?
        {
            return Ok(index);
        }
        if let NodeEnum::AConst(value) = node {
            let Some(position) = integer_constant(node) else {
                return Err(Error::syntax(format!("non-integer constant in {}", words(clause)))
                    .at(value.location));
            };
            let visible = targets.iter().filter(|target| !target.junk).count();
            let index = usize::try_from(position).ok().and_then(|p| p.checked_sub(1));
            return index.filter(|index| *index < visible).ok_or_else(|| {
                Error::new(
                    sqlstate::INVALID_COLUMN_REFERENCE,
                    format!("{} position {position} is not in select list", words(clause)),
                )
                .at(value.location)
            });
        }
        self.target_expr(node, targets, clause)
    }

    /// The entry equal to an expression, added as junk when there is none
    /// (`findTargetlistEntrySQL99`).
    pub(super) fn target_expr(
        &mut self,
        node: &NodeEnum,
        targets: &mut Vec<Target>,
        clause: Clause,
    ) -> Result<usize> {
        let expr = self.within(clause, |binder| binder.expr(node))?;
        if let Some(index) = targets.iter().position(|target| same(&target.expr, &expr)) {
            return Ok(index);
        }
        let mut target = Target::new("?column?", expr);
        target.junk = true;
        targets.push(target);
        Ok(targets.len() - 1)
    }

    fn target_named(
        &mut self,
        name: &str,
        targets: &[Target],
        clause: Clause,
        location: i32,
    ) -> Result<Option<usize>> {
        // GROUP BY prefers an input column of that name.
        if clause == Clause::GroupBy && self.own_column_exists(name) {
            return Ok(None);
        }
        let mut found: Option<usize> = None;
        for (index, target) in targets.iter().enumerate() {
            if target.junk || target.name != name {
                continue;
            }
            match found {
                Some(first) if !same(&targets[first].expr, &target.expr) => {
                    return Err(Error::new(
                        sqlstate::AMBIGUOUS_COLUMN,
                        format!("{} \"{name}\" is ambiguous", words(clause)),
                    )
                    .at(location));
                }
                Some(_) => {}
                None => found = Some(index),
            }
        }
        Ok(found)
    }

    fn own_column_exists(&self, name: &str) -> bool {
        let level = self.levels.last().expect("a query level is open while binding");
        level
            .items
            .iter()
            .filter(|item| item.columns_visible)
            .any(|item| item.named(name).next().is_some())
    }

    /// A sort key over an expression of its own (windows and aggregates).
    pub(super) fn sort_key(&mut self, expr: Expr, sort: &SortBy) -> Result<SortKey> {
        let (descending, nulls_first) = self.sort_direction(sort, expr.ty.oid, expr.location)?;
        Ok(SortKey { expr, descending, nulls_first })
    }

    /// Direction and place of NULLs; the type must have an order.
    fn sort_direction(&self, sort: &SortBy, ty: Oid, location: i32) -> Result<(bool, bool)> {
        let descending = match SortByDir::try_from(sort.sortby_dir) {
            Ok(SortByDir::SortbyDesc) => true,
            Ok(SortByDir::SortbyUsing) => self.sort_operator(sort)?,
            _ => false,
        };
        // An operator class may call its operators otherwise.
        let has_order = self.type_has_operator("<", ty)
            || self.catalog.default_operator_class("btree", ty).is_some();
        if !has_order {
            return Err(Error::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!(
                    "could not identify an ordering operator for type {}",
                    self.display_type(ty)
                ),
            )
            .with_hint("Use an explicit ordering operator or modify the query.")
            .at(location));
        }
        let nulls_first = match SortByNulls::try_from(sort.sortby_nulls) {
            Ok(SortByNulls::SortbyNullsFirst) => true,
            Ok(SortByNulls::SortbyNullsLast) => false,
            _ => descending,
        };
        Ok((descending, nulls_first))
    }

    fn sort_operator(&self, sort: &SortBy) -> Result<bool> {
        match sort.use_op.last().and_then(string) {
            Some("<") => Ok(false),
            Some(">") => Ok(true),
            name => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("operator {} is not a valid ordering operator", name.unwrap_or_default()),
            )
            .with_hint(
                "Ordering operators must be \"<\" or \">\" members of btree operator families.",
            )
            .at(sort.location)),
        }
    }

    pub(super) fn no_equality(&self, ty: Oid) -> Error {
        Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!("could not identify an equality operator for type {}", self.display_type(ty)),
        )
    }

    /// DISTINCT ON: its expressions must be the first ones of ORDER BY.
    pub(super) fn distinct_on(
        &mut self,
        nodes: &[Node],
        targets: &mut Vec<Target>,
        keys: &[TargetKey],
    ) -> Result<Vec<usize>> {
        let mut chosen: Vec<usize> = Vec::with_capacity(nodes.len());
        let mut locations = Vec::with_capacity(nodes.len());
        for node in nodes {
            let node = inner(node)?;
            let index = self.target_of(node, targets, Clause::DistinctOn)?;
            self.decide_target(&mut targets[index])?;
            let target = &targets[index];
            if !self.type_has_operator("=", target.expr.ty.oid) {
                return Err(self.no_equality(target.expr.ty.oid).at(target.expr.location));
            }
            if !chosen.contains(&index) {
                chosen.push(index);
                locations.push(super::node::location(node));
            }
        }
        let leading = keys.iter().take_while(|key| chosen.contains(&key.target)).count();
        let later = keys[leading..].iter().any(|key| chosen.contains(&key.target));
        let missing = leading < keys.len()
            && chosen.iter().any(|index| !keys[..leading].iter().any(|k| k.target == *index));
        if later || missing {
            let position = chosen
                .iter()
                .position(|index| !keys[..leading].iter().any(|key| key.target == *index))
                .unwrap_or(0);
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
            )
            .at(locations[position]));
        }
        Ok(chosen)
    }
}

/// Whether DISTINCT has expressions; plain DISTINCT is a list of one empty node.
pub(super) fn distinct_expressions(nodes: &[Node]) -> Option<&[Node]> {
    match nodes {
        [] => None,
        [only]
            if only.node.is_none()
                || only.node.as_ref().and_then(list).is_some_and(|l| l.is_empty()) =>
        {
            Some(&[])
        }
        nodes => Some(nodes),
    }
}

fn words(clause: Clause) -> &'static str {
    match clause {
        Clause::GroupBy => "GROUP BY",
        Clause::DistinctOn => "DISTINCT ON",
        _ => "ORDER BY",
    }
}
