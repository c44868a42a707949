//! ON CONFLICT: which unique indexes arbitrate, and what happens then.

use std::sync::Arc;

use super::Binder;
use super::described::Arbiter;
use super::dml::assigned_names;
use super::node::{boxed, column_expr, inner};
use super::opened::Verb;
use super::same::same;
use super::scope::Clause;
use super::updatable::{Target, TargetRows};
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
        written: &Target,
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
        let TargetRows { scan: mut target, item, .. } = self.target_rows(written)?;
        let outer = std::mem::take(&mut self.level().items);
        let item = self.finish_item(item, alias)?;
        self.level().add(vec![item]);
        let arbiters = match &clause.infer {
            Some(infer) => self.arbiters(infer, written, &target)?,
            None => Vec::new(),
        };
        if does_update && arbiters.iter().any(|index| self.is_exclusion(*index)) {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                "ON CONFLICT DO UPDATE not supported with exclusion constraints",
            ));
        }
        let action = match does_update {
            false => Ok(ConflictAction::Nothing),
            true => self.conflict_update(clause, written, &target).map(|update| {
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
        written: &Target,
        target: &Scan,
    ) -> Result<(Vec<(i16, OutputColumn)>, Vec<(i16, Expr)>, Option<Expr>)> {
        let TargetRows { scan, mut item, .. } = self.target_rows(written)?;
        let mut excluded = scan.columns;
        excluded.retain(|(number, _)| *number > 0);
        item.alias = "excluded".to_owned();
        (item.relation, item.aliased) = (None, true);
        item.system.clear();
        let item = self.finish_item(item, None)?;
        self.level().add(vec![item]);
        let named = assigned_names(&clause.target_list, written.named());
        self.note_written(written, Verb::Update, &named);
        let assignments = self.assignments(&clause.target_list, written, target, "insert into")?;
        let condition =
            self.condition(boxed(&clause.where_clause), Clause::ConflictWhere, "WHERE")?;
        Ok((excluded, assignments, condition))
    }

    fn is_exclusion(&self, index: Oid) -> bool {
        let index = self.catalog.relation(index).map(|index| &index.kind);
        matches!(index, Some(RelationKind::Index(index)) if !index.exclusion.is_empty())
    }

    fn arbiters(&mut self, infer: &InferClause, written: &Target, scan: &Scan) -> Result<Vec<Oid>> {
        if !infer.conname.is_empty() {
            self.note_arbiter(Arbiter::Constraint(infer.conname.clone()));
            return self.constraint_arbiter(infer, written.named());
        }
        let relation = &written.relation;
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
        if self.is_describing() {
            let (elements, condition) = (wanted.clone(), predicate.clone());
            let columns = scan.columns.clone();
            self.note_arbiter(Arbiter::Elements { elements, condition, columns });
        }
        let mut found = Vec::new();
        for oid in &relation.indexes {
            let Some(index) = self.catalog.relation(*oid).cloned() else { continue };
            let RelationKind::Index(index) = &index.kind else { continue };
            if self.index_matches(index, scan, &wanted, predicate.as_ref())? {
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
        &mut self,
        infer: &InferClause,
        relation: &Arc<Relation>,
    ) -> Result<Vec<Oid>> {
        let known = relation
            .constraints
            .iter()
            .filter_map(|oid| self.catalog.constraint(*oid).cloned())
            .find(|constraint| constraint.name == infer.conname);
        let index = known.as_ref().map(|constraint: &Arc<Constraint>| match &constraint.kind {
            ConstraintKind::PrimaryKey { index, .. }
            | ConstraintKind::Exclusion { index, .. }
            | ConstraintKind::Unique { index, .. } => Some(*index),
            _ => None,
        });
        if let Some(
            ConstraintKind::PrimaryKey { columns, .. } | ConstraintKind::Unique { columns, .. },
        ) = known.as_ref().map(|constraint| &constraint.kind)
        {
            for column in columns.clone() {
                self.permissions.select(relation.oid, self.check_as, column);
            }
        }
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
        scan: &Scan,
        wanted: &[Expr],
        predicate: Option<&Expr>,
    ) -> Result<bool> {
        if !index.unique || !index.valid || !index.exclusion.is_empty() {
            return Ok(false);
        }
        let mut keys = Vec::with_capacity(index.key_count);
        for key in index.keys.iter().take(index.key_count) {
            keys.push(match &key.expression {
                Some(sql) => self.index_expr(sql, scan)?,
                None => match key_column(scan, key.column) {
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
                let needed = self.index_expr(sql, scan)?;
                Ok(implies(given, &needed))
            }
        }
    }

    /// An expression of an index, over the table's scan.
    fn index_expr(&mut self, sql: &str, scan: &Scan) -> Result<Expr> {
        let item = self.scan_item(scan);
        let outer = std::mem::replace(&mut self.level().items, vec![item]);
        let expr = self.stored_text(sql).map_err(Error::without_position);
        let expr = expr.and_then(|expr| self.decide(expr));
        self.level().items = outer;
        expr
    }
}

fn key_column(scan: &Scan, number: i16) -> Option<Expr> {
    let (_, column) = scan.columns.iter().find(|(known, _)| *known == number)?;
    Some(column_expr(column, -1))
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
