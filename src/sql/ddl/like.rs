//! CREATE TABLE … (LIKE source INCLUDING …).
//!
//! Columns with their types and NOT NULL always come along; what INCLUDING names is
//! written as SQL again and made for the new table as if it had been written there:
//! defaults, generation and identity with the columns, CHECK constraints with the
//! table, indexes and comments when the table is there. There are no storage,
//! compression or statistics settings to take over.

use super::Ddl;
use super::column::{ColumnPlan, SequencePlan};
use crate::catalog::{
    Column, Comment, Constraint, ConstraintKind, ObjectAddress, Relation, RelationKind, Sequence,
    deparse,
};
use crate::error::{Error, Result};
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;

/// The bits of `TableLikeClause::options`.
mod including {
    pub const COMMENTS: u32 = 1;
    pub const CONSTRAINTS: u32 = 1 << 2;
    pub const DEFAULTS: u32 = 1 << 3;
    pub const GENERATED: u32 = 1 << 4;
    pub const IDENTITY: u32 = 1 << 5;
    pub const INDEXES: u32 = 1 << 6;
}

/// What is still to be made like the source once the table exists.
pub struct LikeRest {
    source: Oid,
    options: u32,
}

impl Ddl<'_> {
    /// Plans the columns and CHECK constraints that a LIKE clause stands for.
    pub fn plan_like(
        &self,
        like: &ast::TableLikeClause,
        constraints: &mut Vec<ast::Constraint>,
    ) -> Result<(Vec<ColumnPlan>, LikeRest)> {
        let name = like.relation.as_ref().ok_or_else(|| Error::syntax("LIKE without a name"))?;
        let source = self.find_relation(name).map_err(|error| error.at(name.location))?;
        if matches!(source.kind, RelationKind::Index(_) | RelationKind::Sequence(_)) {
            let what = match source.kind {
                RelationKind::Index(_) => "indexes",
                _ => "sequences",
            };
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("relation \"{}\" is invalid in LIKE clause", source.name),
            )
            .with_detail(format!("This operation is not supported for {what}."))
            .at(name.location));
        }
        let has = |option: u32| like.options & option != 0;
        let mut plans = Vec::new();
        for (position, column) in source.columns.iter().enumerate() {
            if !column.dropped {
                plans.push(self.column_like(&source, position as i16 + 1, column, like.options)?);
            }
        }
        if has(including::CONSTRAINTS) {
            for constraint in self.constraints_of(&source) {
                if let ConstraintKind::Check { sql, .. } = &constraint.kind {
                    constraints.push(ast::Constraint {
                        contype: ast::ConstrType::ConstrCheck as i32,
                        conname: constraint.name.clone(),
                        raw_expr: Some(Box::new(expression(sql)?)),
                        initially_valid: true,
                        is_enforced: true,
                        ..Default::default()
                    });
                }
            }
        }
        Ok((plans, LikeRest { source: source.oid, options: like.options }))
    }

    fn column_like(
        &self,
        source: &Relation,
        attnum: i16,
        column: &Column,
        options: u32,
    ) -> Result<ColumnPlan> {
        let has = |option: u32| options & option != 0;
        let mut plan = ColumnPlan {
            column: Column {
                default: None,
                identity: column.identity.filter(|_| has(including::IDENTITY)),
                since_version: 0,
                missing: None,
                ..column.clone()
            },
            default: None,
            generated: None,
            sequence: None,
            constraints: Vec::new(),
        };
        match &column.default {
            Some(default) if default.generated && has(including::GENERATED) => {
                plan.generated = Some(expression(&default.sql)?);
            }
            Some(default) if !default.generated && has(including::DEFAULTS) => {
                plan.default = Some(expression(&default.sql)?);
            }
            _ => {}
        }
        if plan.column.identity.is_some() {
            let sequence = self.owned_sequence(source.oid, attnum);
            let sequence = sequence.map(|oid| self.relation(oid)).transpose()?;
            if let Some(RelationKind::Sequence(sequence)) = sequence.as_deref().map(|s| &s.kind) {
                plan.sequence = Some(SequencePlan { options: sequence_options(sequence)? });
            }
        }
        Ok(plan)
    }

    fn constraints_of(&self, relation: &Relation) -> Vec<std::sync::Arc<Constraint>> {
        let catalog = &self.work.catalog;
        let oids = relation.constraints.iter();
        oids.filter_map(|oid| catalog.constraint(*oid).cloned()).collect()
    }

    /// Makes indexes and comments for a table that exists now.
    pub async fn finish_like(&mut self, table: Oid, rest: &LikeRest) -> Result<()> {
        let source = self.relation(rest.source)?;
        let has = |option: u32| rest.options & option != 0;
        if has(including::COMMENTS) {
            self.copy_column_comments(&source, table)?;
        }
        if has(including::COMMENTS) && has(including::CONSTRAINTS) {
            for constraint in self.constraints_of(&source) {
                let copy = self.constraint_on(table, &constraint.name);
                if let (ConstraintKind::Check { .. }, Some(copy)) = (&constraint.kind, copy) {
                    let from = ObjectAddress::constraint(constraint.oid);
                    self.copy_comment(from, ObjectAddress::constraint(copy));
                }
            }
        }
        if has(including::INDEXES) {
            for index in source.indexes.clone() {
                let copy = self.index_like(&source, table, index).await?;
                if has(including::COMMENTS) {
                    self.copy_index_comments(index, copy)?;
                }
            }
        }
        Ok(())
    }

    /// Makes one index, or the key constraint that it stands for; answers the index.
    async fn index_like(&mut self, source: &Relation, table: Oid, index: Oid) -> Result<Oid> {
        let relation = self.relation(index)?;
        let RelationKind::Index(info) = &relation.kind else {
            return Err(Error::internal("an index that is none"));
        };
        if info.constraint == 0 {
            let sql = deparse::index_definition(&self.work.catalog, &[], &relation, false);
            let sql = sql.ok_or_else(|| Error::internal("an index without a definition"))?;
            let mut statement = match first_statement(&sql)? {
                NodeEnum::IndexStmt(statement) => *statement,
                _ => return Err(Error::internal("the definition of an index is none")),
            };
            let target = self.relation(table)?;
            statement.idxname = String::new();
            if let Some(name) = &mut statement.relation {
                name.schemaname = self.schema_name(target.schema);
                name.relname = target.name.clone();
            }
            self.create_index(&statement).await?;
        } else {
            let keys = info.keys.iter().map(|key| column_name(source, key.column));
            let keys: Vec<ast::Node> = keys.collect();
            let constraint = self.work.catalog.constraint(info.constraint).cloned();
            let constraint = constraint.ok_or_else(|| Error::internal("a lost constraint"))?;
            let kind = match info.primary {
                true => ast::ConstrType::ConstrPrimary,
                false => ast::ConstrType::ConstrUnique,
            };
            let definition = ast::Constraint {
                contype: kind as i32,
                deferrable: constraint.deferrable,
                initdeferred: constraint.initially_deferred,
                nulls_not_distinct: info.nulls_not_distinct,
                keys: keys[..info.key_count].to_vec(),
                including: keys[info.key_count..].to_vec(),
                initially_valid: true,
                ..Default::default()
            };
            self.add_constraint(table, &definition).await?;
        }
        let made = self.relation(table)?.indexes.last().copied();
        made.ok_or_else(|| Error::internal("an index that was not made"))
    }

    fn copy_column_comments(&mut self, source: &Relation, table: Oid) -> Result<()> {
        let target = self.relation(table)?;
        for (position, column) in source.columns.iter().enumerate() {
            let same = |other: &Column| !other.dropped && other.name == column.name;
            let Some(at) = target.columns.iter().position(same) else { continue };
            let from = ObjectAddress::column(source.oid, position as i16 + 1);
            self.copy_comment(from, ObjectAddress::column(table, at as i16 + 1));
        }
        Ok(())
    }

    fn copy_index_comments(&mut self, from: Oid, to: Oid) -> Result<()> {
        self.copy_comment(ObjectAddress::relation(from), ObjectAddress::relation(to));
        let constraint = |index: &Relation| match &index.kind {
            RelationKind::Index(info) if info.constraint != 0 => Some(info.constraint),
            _ => None,
        };
        let pair = (constraint(&*self.relation(from)?), constraint(&*self.relation(to)?));
        if let (Some(from), Some(to)) = pair {
            self.copy_comment(ObjectAddress::constraint(from), ObjectAddress::constraint(to));
        }
        Ok(())
    }

    fn copy_comment(&mut self, from: ObjectAddress, to: ObjectAddress) {
        if let Some(comment) = self.work.catalog.comment_on(from).cloned() {
            let oid = self.next_oid();
            self.put(Comment { oid, on: to, text: comment.text.clone() });
        }
    }
}

/// A stored expression as a parse tree.
fn expression(sql: &str) -> Result<ast::Node> {
    let statements = parse::parse_expression(sql)?;
    if let [statement] = statements.as_slice()
        && let NodeEnum::SelectStmt(select) = &statement.node
        && let [target] = select.target_list.as_slice()
        && let Some(NodeEnum::ResTarget(target)) = &target.node
        && let Some(value) = &target.val
    {
        return Ok((**value).clone());
    }
    Err(Error::internal("a stored expression is none"))
}

fn first_statement(sql: &str) -> Result<NodeEnum> {
    let statements = parse::parse(sql)?;
    let statement = statements.first().ok_or_else(|| Error::internal("an empty statement"))?;
    Ok(statement.node.clone())
}

/// A sequence's options as CREATE SEQUENCE has them.
fn sequence_options(sequence: &Sequence) -> Result<Vec<ast::Node>> {
    let sql = format!(
        "ALTER SEQUENCE s INCREMENT BY {} MINVALUE {} MAXVALUE {} START WITH {} CACHE {} {}CYCLE",
        sequence.increment,
        sequence.min,
        sequence.max,
        sequence.start,
        sequence.cache,
        if sequence.cycle { "" } else { "NO " },
    );
    match first_statement(&sql)? {
        NodeEnum::AlterSeqStmt(statement) => Ok(statement.options),
        _ => Err(Error::internal("the options of a sequence are none")),
    }
}

fn column_name(relation: &Relation, attnum: i16) -> ast::Node {
    let name = usize::try_from(attnum - 1).ok().and_then(|at| relation.columns.get(at));
    let sval = name.map(|column| column.name.clone()).unwrap_or_default();
    ast::Node { node: Some(NodeEnum::String(ast::String { sval })) }
}
