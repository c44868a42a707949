//! ON CONFLICT: which unique indexes arbitrate, and what happens then.

use std::sync::Arc;

use super::Binder;
use super::from::query_item;
use super::node::{boxed, inner};
use super::same::same;
use super::scope::Clause;
use crate::catalog::{Constraint, ConstraintKind, Index, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::ir::{ConflictAction, Expr, ExprKind, OnConflict, OutputColumn, Scan};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{Alias, InferClause, OnConflictAction, OnConflictClause};
use crate::sql::types::Oid;
use crate::sqlstate;

impl Binder<'_> {
    pub(super) fn on_conflict(
        &mut self,
        clause: &OnConflictClause,
        relation: &Arc<Relation>,
        alias: Option<&Alias>,
    ) -> Result<Option<OnConflict>> {
        let does_update = clause.action == OnConflictAction::OnconflictUpdate as i32;
        if does_update && clause.infer.is_none() {
            return Err(Error::syntax(
                "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            )
            .with_hint("For example, ON CONFLICT (column_name).")
            .at(clause.location));
        }
        let mut target = self.scan(relation);
        let outer = std::mem::take(&mut self.level().items);
        let item = self.table_item(&target, alias)?;
        self.level().add(vec![item]);
        let arbiters = match &clause.infer {
            Some(infer) => self.arbiters(infer, relation)?,
            None => Vec::new(),
        };
        let action = match does_update {
            false => Ok(ConflictAction::Nothing),
            true => self.conflict_update(clause, relation, &target).map(|update| {
                let (excluded, assignments, condition) = update;
                target.columns.retain(|(number, _)| *number > 0);
                ConflictAction::Update { target, excluded, assignments, condition }
            }),
        };
        self.level().items = outer;
        Ok(Some(OnConflict { arbiters, action: action? }))
    }

    #[allow(clippy::type_complexity, reason = "the fields of ConflictAction::Update")]
    fn conflict_update(
        &mut self,
        clause: &OnConflictClause,
        relation: &Arc<Relation>,
        target: &Scan,
    ) -> Result<(Vec<(i16, OutputColumn)>, Vec<(i16, Expr)>, Option<Expr>)> {
        let mut excluded = self.scan(relation).columns;
        excluded.retain(|(number, _)| *number > 0);
        let columns: Vec<OutputColumn> =
            excluded.iter().map(|(_, column)| column.clone()).collect();
        let item = query_item("excluded", &columns);
        let item = self.finish_item(item, None)?;
        self.level().add(vec![item]);
        let assignments = self.assignments(&clause.target_list, relation, target)?;
        let condition =
            self.condition(boxed(&clause.where_clause), Clause::ConflictWhere, "WHERE")?;
        Ok((excluded, assignments, condition))
    }

    fn arbiters(&mut self, infer: &InferClause, relation: &Arc<Relation>) -> Result<Vec<Oid>> {
        if !infer.conname.is_empty() {
            return self.constraint_arbiter(infer, relation);
        }
        let mut wanted = Vec::with_capacity(infer.index_elems.len());
        for node in &infer.index_elems {
            let NodeEnum::IndexElem(element) = inner(node)? else { continue };
            let refused = element.ordering > 1 || element.nulls_ordering > 1;
            if refused {
                return Err(Error::new(
                    sqlstate::INVALID_COLUMN_REFERENCE,
                    "ASC/DESC is not allowed in ON CONFLICT clause",
                )
                .at(infer.location));
            }
            let expr = match boxed(&element.expr) {
                Some(node) => self.decided(node)?,
                None => self
                    .find_column(&element.name, infer.location)?
                    .ok_or_else(|| self.no_column(None, &element.name, infer.location))?,
            };
            wanted.push(expr);
        }
        let predicate = self.condition(boxed(&infer.where_clause), Clause::Where, "WHERE")?;
        let mut found = Vec::new();
        for oid in &relation.indexes {
            let Some(index) = self.catalog.relation(*oid).cloned() else { continue };
            let RelationKind::Index(index) = &index.kind else { continue };
            if self.index_matches(index, relation, &wanted, predicate.as_ref())? {
                found.push(*oid);
            }
        }
        match found.is_empty() {
            true => Err(Error::new(
                sqlstate::INVALID_COLUMN_REFERENCE,
                "there is no unique or exclusion constraint matching the ON CONFLICT specification",
            )),
            false => Ok(found),
        }
    }

    fn constraint_arbiter(
        &self,
        infer: &InferClause,
        relation: &Arc<Relation>,
    ) -> Result<Vec<Oid>> {
        let known = relation
            .constraints
            .iter()
            .filter_map(|oid| self.catalog.constraint(*oid))
            .find(|constraint| constraint.name == infer.conname);
        let index = known.map(|constraint: &Arc<Constraint>| match &constraint.kind {
            ConstraintKind::PrimaryKey { index, .. } | ConstraintKind::Unique { index, .. } => {
                Some(*index)
            }
            _ => None,
        });
        match index {
            Some(Some(index)) => Ok(vec![index]),
            Some(None) => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                "constraint in ON CONFLICT clause has no associated index",
            )),
            None => Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!(
                    "constraint \"{}\" for table \"{}\" does not exist",
                    infer.conname, relation.name
                ),
            )),
        }
    }

    /// A unique index arbitrates when its keys are the ones named, in any order,
    /// and its predicate, if any, is implied.
    fn index_matches(
        &mut self,
        index: &Index,
        relation: &Arc<Relation>,
        wanted: &[Expr],
        predicate: Option<&Expr>,
    ) -> Result<bool> {
        if !index.unique || !index.valid {
            return Ok(false);
        }
        let mut keys = Vec::with_capacity(index.key_count);
        for key in index.keys.iter().take(index.key_count) {
            keys.push(match &key.expression {
                Some(sql) => self.index_expr(sql)?,
                None => match self.key_column(relation, key.column) {
                    Some(expr) => expr,
                    None => return Ok(false),
                },
            });
        }
        let covered = keys.iter().all(|key| wanted.iter().any(|expr| same(expr, key)))
            && wanted.iter().all(|expr| keys.iter().any(|key| same(expr, key)));
        if !covered {
            return Ok(false);
        }
        match (&index.predicate, predicate) {
            (None, _) => Ok(true),
            (Some(_), None) => Ok(false),
            (Some(sql), Some(given)) => {
                let needed = self.index_expr(sql)?;
                Ok(implies(given, &needed))
            }
        }
    }

    fn index_expr(&mut self, sql: &str) -> Result<Expr> {
        let expr = self.expression_text(sql).map_err(Error::without_position)?;
        self.decide(expr)
    }

    fn key_column(&self, relation: &Relation, number: i16) -> Option<Expr> {
        let level = self.levels.last()?;
        level
            .items
            .first()?
            .columns
            .iter()
            .find(|column| column.origin == Some((relation.oid, number)))
            .map(|column| column.expr.clone())
    }
}

/// Whether every conjunct of `needed` is among those of `given`.
fn implies(given: &Expr, needed: &Expr) -> bool {
    fn parts(expr: &Expr) -> Vec<&Expr> {
        match &expr.kind {
            ExprKind::And(list) => list.iter().collect(),
            _ => vec![expr],
        }
    }
    let given = parts(given);
    parts(needed).iter().all(|needed| given.iter().any(|given| same(given, needed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::bind::node::{BOOL, typed};
    use crate::sql::ir::ColumnId;

    #[test]
    fn a_conjunction_implies_its_parts() {
        let column = |id| typed(ExprKind::Column(ColumnId(id)), BOOL, -1);
        let both = typed(ExprKind::And(vec![column(1), column(2)]), BOOL, -1);
        assert!(implies(&both, &column(2)));
        assert!(!implies(&column(2), &both));
    }
}
