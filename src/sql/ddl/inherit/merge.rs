//! CREATE TABLE … INHERITS: the columns and CHECKs that come from parents, merged
//! with each other and with the table's own.

use std::sync::Arc;

use super::super::Ddl;
use super::super::column::ColumnPlan;
use super::{mismatch, wrong_kind};
use crate::catalog::{
    self, Column, Constraint, ConstraintKind, Inherited, ObjectAddress, Persistence, Relation,
    RelationKind,
};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

/// What a table gets from its parents.
#[derive(Default)]
pub struct Merged {
    pub parents: Vec<Oid>,
    /// In the parents' order.
    pub columns: Vec<ColumnPlan>,
    /// CHECKs with the number of parents that have each.
    pub checks: Vec<(Arc<Constraint>, i16)>,
    /// Columns whose parents disagree on the default.
    undecided: Vec<(usize, bool)>,
}

impl Ddl<'_> {
    /// Finds and locks the parents of a new table.
    pub async fn inherited_parents(
        &mut self,
        statement: &ast::CreateStmt,
        persistence: Persistence,
    ) -> Result<Vec<Arc<Relation>>> {
        let is_partition = statement.partbound.is_some();
        let mut parents: Vec<Arc<Relation>> = Vec::new();
        for node in &statement.inh_relations {
            let Some(NodeEnum::RangeVar(name)) = &node.node else { continue };
            let found = self.find_relation(name)?;
            self.lock_relation(found.oid, LockMode::ShareUpdateExclusive).await?;
            let parent = self.relation(found.oid)?;
            require_parent(&parent, is_partition)?;
            if parent.persistence != Persistence::Permanent && persistence == Persistence::Permanent
            {
                let name = &parent.name;
                return Err(wrong_kind(match is_partition {
                    true => format!(
                        "cannot create a permanent relation as partition of temporary relation \
                         \"{name}\""
                    ),
                    false => format!("cannot inherit from temporary relation \"{name}\""),
                }));
            }
            if is_partition
                && parent.persistence == Persistence::Permanent
                && persistence != Persistence::Permanent
            {
                return Err(wrong_kind(format!(
                    "cannot create a temporary relation as partition of permanent relation \"{}\"",
                    parent.name
                )));
            }
            self.require_relation_owner(&parent)?;
            if parents.iter().any(|known| known.oid == parent.oid) {
                return Err(inherited_twice(&parent.name));
            }
            parents.push(parent);
        }
        Ok(parents)
    }

    /// The parents' columns and CHECKs, merged.
    pub fn merge_parents(&mut self, parents: &[Arc<Relation>]) -> Result<Merged> {
        let mut merged = Merged::default();
        for parent in parents {
            merged.parents.push(parent.oid);
            for column in parent.columns.iter().filter(|column| !column.dropped) {
                self.merge_parent_column(&mut merged, column)?;
            }
            for oid in &parent.constraints {
                let Some(check) = self.work.catalog.constraint(*oid).cloned() else { continue };
                merge_parent_check(&mut merged, check)?;
            }
        }
        Ok(merged)
    }

    fn merge_parent_column(&mut self, merged: &mut Merged, column: &Column) -> Result<()> {
        let name = &column.name;
        let known = merged.columns.iter().position(|plan| plan.column.name == *name);
        let Some(at) = known else {
            merged.columns.push(inherited_plan(column));
            return Ok(());
        };
        self.notice(format!("merging multiple inherited definitions of column \"{name}\""));
        let known = &mut merged.columns[at].column;
        if known.ty != column.ty {
            let detail =
                format!("{} versus {}", self.type_text(known.ty), self.type_text(column.ty));
            let message = format!("inherited column \"{name}\" has a type conflict");
            return Err(mismatch(message).with_detail(detail));
        }
        let is_generated = |column: &Column| column.default.as_ref().is_some_and(|d| d.generated);
        if is_generated(known) != is_generated(column) {
            return Err(mismatch(format!("inherited column \"{name}\" has a generation conflict")));
        }
        known.inherited.count += 1;
        known.not_null |= column.not_null;
        match (&known.default, &column.default) {
            (None, Some(default)) => known.default = Some(copied(default)),
            (Some(one), Some(other)) if one.sql != other.sql => {
                merged.undecided.push((at, other.generated));
            }
            _ => {}
        }
        Ok(())
    }

    /// Merges the table's own columns with those of its parents.
    pub fn merge_own_columns(
        &mut self,
        merged: &mut Merged,
        own: Vec<ColumnPlan>,
    ) -> Result<Vec<ColumnPlan>> {
        let mut plans = std::mem::take(&mut merged.columns);
        for (position, plan) in own.into_iter().enumerate() {
            let name = plan.column.name.clone();
            let Some(at) = plans.iter().position(|known| known.column.name == name) else {
                plans.push(plan);
                continue;
            };
            if at == position {
                self.notice(format!("merging column \"{name}\" with inherited definition"));
            } else {
                let message =
                    format!("moving and merging column \"{name}\" with inherited definition");
                let mut report = Error::notice(crate::error::Severity::Notice, message);
                report.detail = Some(
                    "User-specified column moved to the position of the inherited column."
                        .to_owned(),
                );
                self.report(report);
            }
            self.merge_own_column(&mut plans[at], plan)?;
            merged.undecided.retain(|(undecided, _)| {
                *undecided != at || plans[at].default.is_none() && plans[at].generated.is_none()
            });
        }
        if let Some((at, generated)) = merged.undecided.first() {
            let name = &plans[*at].column.name;
            let (what, hint) = match generated {
                true => (
                    "generation expressions",
                    "To resolve the conflict, specify a generation expression explicitly.",
                ),
                false => {
                    ("default values", "To resolve the conflict, specify a default explicitly.")
                }
            };
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_DEFINITION,
                format!("column \"{name}\" inherits conflicting {what}"),
            )
            .with_hint(hint));
        }
        Ok(plans)
    }

    fn merge_own_column(&self, known: &mut ColumnPlan, own: ColumnPlan) -> Result<()> {
        let name = &own.column.name;
        if known.column.ty != own.column.ty {
            let detail = format!(
                "{} versus {}",
                self.type_text(known.column.ty),
                self.type_text(own.column.ty)
            );
            return Err(
                mismatch(format!("column \"{name}\" has a type conflict")).with_detail(detail)
            );
        }
        if known.column.collation != own.column.collation {
            return Err(Error::new(
                sqlstate::COLLATION_MISMATCH,
                format!("column \"{name}\" has a collation conflict"),
            ));
        }
        self.adopt_own_definition(known, own)
    }

    /// What a column definition says beside the type, over what is inherited.
    pub fn adopt_own_definition(&self, known: &mut ColumnPlan, own: ColumnPlan) -> Result<()> {
        let name = &own.column.name;
        let inherits_generated =
            known.column.default.as_ref().is_some_and(|default| default.generated);
        if inherits_generated {
            let conflict = match (&own.generated, &own.default, own.column.identity) {
                (Some(_), ..) => {
                    return Err(Error::new(
                        sqlstate::INVALID_COLUMN_DEFINITION,
                        format!("child column \"{name}\" specifies generation expression"),
                    )
                    .with_hint(
                        "Omit the generation expression in the definition of the child table \
                         column to inherit the generation expression from the parent table.",
                    ));
                }
                (_, Some(_), _) => Some("default"),
                (.., Some(_)) => Some("identity"),
                _ => None,
            };
            if let Some(what) = conflict {
                return Err(Error::new(
                    sqlstate::INVALID_COLUMN_DEFINITION,
                    format!(
                        "column \"{name}\" inherits from generated column but specifies {what}"
                    ),
                ));
            }
        }
        known.column.inherited.local = true;
        known.column.not_null |= own.column.not_null;
        if own.default.is_some() || own.generated.is_some() || own.sequence.is_some() {
            known.column.default = None;
        }
        known.column.identity = own.column.identity;
        known.default = own.default;
        known.generated = own.generated;
        known.sequence = own.sequence;
        known.constraints.extend(own.constraints);
        Ok(())
    }

    /// Puts the inherited CHECKs on a new table.
    pub fn put_inherited_checks(
        &mut self,
        table: Oid,
        checks: &[(Arc<Constraint>, i16)],
    ) -> Result<()> {
        for (check, count) in checks {
            let inherited = Inherited { count: *count, local: false };
            self.put_inherited_check(table, check, inherited)?;
        }
        Ok(())
    }

    /// A parent's CHECK on a child.
    pub fn put_inherited_check(
        &mut self,
        table: Oid,
        check: &Constraint,
        inherited: Inherited,
    ) -> Result<Arc<Constraint>> {
        let ConstraintKind::Check { sql, .. } = &check.kind else {
            return Err(Error::internal("not a CHECK constraint"));
        };
        let relation = self.relation(table)?;
        let bound = bind::bind_relation_expression_sql(&self.eval(), &relation, sql, None)?;
        let columns = self.columns_of(&bound);
        let oid = self.next_oid();
        self.record_references(ObjectAddress::constraint(oid), [&bound]);
        let kind = ConstraintKind::Check { sql: sql.clone(), columns };
        let constraint = Constraint {
            oid,
            schema: relation.schema,
            table,
            kind,
            inherited,
            parent: 0,
            ..check.clone()
        };
        Ok(self.attach(&relation, constraint))
    }

    /// A parent's default or generation expression on a child, with an OID of its own.
    pub fn adopt_default(&mut self, table: Oid, attnum: i16) -> Result<()> {
        let relation = self.relation(table)?;
        let column = &relation.columns[attnum as usize - 1];
        let Some(default) = column.default.clone() else { return Ok(()) };
        let bound = bind::bind_relation_expression_sql(
            &self.eval(),
            &relation,
            &default.sql,
            Some(column.ty),
        )?;
        let oid = self.next_oid();
        match default.generated {
            true => {
                let column = ObjectAddress::column(table, attnum);
                self.record_generated_references(oid, column, &bound);
            }
            false => self.record_references(ObjectAddress::default(oid), [&bound]),
        }
        let mut changed = (*relation).clone();
        changed.columns[attnum as usize - 1].default = Some(catalog::Default { oid, ..default });
        self.put_relation(changed);
        Ok(())
    }
}

/// What a table may inherit from.
fn require_parent(parent: &Relation, is_partition: bool) -> Result<()> {
    let name = &parent.name;
    if !matches!(parent.kind, RelationKind::Table) {
        return Err(match parent.kind {
            RelationKind::Virtual => Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied: \"{name}\" is a system catalog"),
            ),
            _ if is_partition => not_partitioned(name),
            _ => {
                wrong_kind(format!("inherited relation \"{name}\" is not a table or foreign table"))
            }
        });
    }
    match (is_partition, parent.is_partitioned(), parent.is_partition()) {
        (false, true, _) => {
            Err(wrong_kind(format!("cannot inherit from partitioned table \"{name}\"")))
        }
        (false, _, true) => Err(wrong_kind(format!("cannot inherit from partition \"{name}\""))),
        (true, false, _) => Err(not_partitioned(name)),
        _ => Ok(()),
    }
}

fn not_partitioned(name: &str) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, format!("\"{name}\" is not partitioned"))
}

pub fn inherited_twice(name: &str) -> Error {
    Error::new(
        sqlstate::DUPLICATE_TABLE,
        format!("relation \"{name}\" would be inherited from more than once"),
    )
}

/// A column as a child has it from one parent.
pub fn inherited_plan(column: &Column) -> ColumnPlan {
    ColumnPlan {
        column: Column {
            identity: None,
            since_version: 0,
            missing: None,
            default: column.default.as_ref().map(copied),
            inherited: Inherited::from_parent(),
            ..column.clone()
        },
        default: None,
        generated: None,
        sequence: None,
        constraints: Vec::new(),
    }
}

/// A default that gets an OID of its own when its table is there.
fn copied(default: &catalog::Default) -> catalog::Default {
    catalog::Default { oid: 0, ..default.clone() }
}

fn merge_parent_check(merged: &mut Merged, check: Arc<Constraint>) -> Result<()> {
    let ConstraintKind::Check { sql, .. } = &check.kind else { return Ok(()) };
    if check.no_inherit {
        return Ok(());
    }
    let Some((known, count)) = merged.checks.iter_mut().find(|(known, _)| known.name == check.name)
    else {
        merged.checks.push((check, 1));
        return Ok(());
    };
    match &known.kind {
        ConstraintKind::Check { sql: known, .. } if known == sql => {
            *count += 1;
            Ok(())
        }
        _ => Err(Error::new(
            sqlstate::DUPLICATE_OBJECT,
            format!(
                "check constraint name \"{}\" appears multiple times but with different expressions",
                check.name
            ),
        )),
    }
}
