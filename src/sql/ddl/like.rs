//! LIKE in CREATE TABLE: the columns of another relation, and with INCLUDING what
//! belongs to them.
//!
//! What is copied goes the way of what is written: the definitions are printed, read
//! again as parts of a statement on the new table, and carried out.

use super::Ddl;
use super::column::{ColumnPlan, SequencePlan};
use crate::catalog::{
    Column, Comment, ConstraintKind, ObjectAddress, Relation, RelationKind, Sequence, acl, deparse,
    quote_identifier, quote_qualified,
};
use crate::error::{Error, Result};
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::types::Oid;
use crate::sqlstate;

const COMMENTS: u32 = 1 << 0;
const CONSTRAINTS: u32 = 1 << 2;
const DEFAULTS: u32 = 1 << 3;
const GENERATED: u32 = 1 << 4;
const IDENTITY: u32 = 1 << 5;
const INDEXES: u32 = 1 << 6;
const STATISTICS: u32 = 1 << 7;

impl Ddl<'_> {
    /// The columns that a LIKE clause stands for, with their CHECK constraints.
    pub(super) fn plan_like(&self, like: &ast::TableLikeClause) -> Result<Vec<ColumnPlan>> {
        let source = self.like_source(like)?;
        let live: Vec<(&Column, i16)> =
            source.columns.iter().zip(1i16..).filter(|(column, _)| !column.dropped).collect();
        let mut plans = Vec::with_capacity(live.len());
        for (column, number) in live {
            plans.push(self.like_column(like, &source, column, number)?);
        }
        if like.options & CONSTRAINTS != 0
            && let Some(first) = plans.first_mut()
        {
            first.constraints = self.copied_constraints(&source, true)?;
        }
        Ok(plans)
    }

    fn like_source(&self, like: &ast::TableLikeClause) -> Result<std::sync::Arc<Relation>> {
        let name = like.relation.as_ref().ok_or_else(|| Error::syntax("LIKE without a name"))?;
        let source = self.find_relation(name).map_err(|error| error.at(name.location))?;
        let what = match source.kind {
            RelationKind::Sequence(_) => "sequences",
            RelationKind::Index(_) => "indexes",
            _ => {
                privilege::check_relation(&source, acl::SELECT, &self.eval())?;
                return Ok(source);
            }
        };
        Err(Error::new(
            sqlstate::WRONG_OBJECT_TYPE,
            format!("relation \"{}\" is invalid in LIKE clause", source.name),
        )
        .with_detail(format!("This operation is not supported for {what}."))
        .at(name.location))
    }

    fn like_column(
        &self,
        like: &ast::TableLikeClause,
        source: &Relation,
        column: &Column,
        number: i16,
    ) -> Result<ColumnPlan> {
        let mut plan = ColumnPlan {
            column: Column {
                default: None,
                identity: None,
                since_version: 0,
                missing: None,
                inherited: Default::default(),
                ..column.clone()
            },
            default: None,
            generated: None,
            sequence: None,
            constraints: Vec::new(),
        };
        if let Some(default) = &column.default {
            if default.generated && like.options & GENERATED != 0 {
                plan.generated = Some(expression_node(&default.sql)?);
            } else if !default.generated && like.options & DEFAULTS != 0 {
                plan.default = Some(expression_node(&default.sql)?);
            }
        }
        if column.identity.is_some() && like.options & IDENTITY != 0 {
            let sequence = self.work.catalog.owned_sequence(source.oid, number);
            if let Some(RelationKind::Sequence(sequence)) = sequence.map(|found| &found.kind) {
                plan.column.identity = column.identity;
                plan.sequence = Some(SequencePlan { options: sequence_options(sequence)? });
            }
        }
        Ok(plan)
    }

    /// The source's CHECK constraints, or its keys, as they would be written.
    fn copied_constraints(&self, source: &Relation, checks: bool) -> Result<Vec<ast::Constraint>> {
        let catalog = &self.work.catalog;
        let path = &self.ctx.eval.settings.search_path;
        let mut copied = Vec::new();
        for oid in &source.constraints {
            let Some(constraint) = catalog.constraint(*oid) else { continue };
            let name = match (&constraint.kind, checks) {
                (ConstraintKind::Check { .. }, true) => {
                    format!("CONSTRAINT {} ", quote_identifier(&constraint.name))
                }
                (
                    ConstraintKind::PrimaryKey { .. }
                    | ConstraintKind::Unique { .. }
                    | ConstraintKind::Exclusion { .. },
                    false,
                ) => String::new(),
                _ => continue,
            };
            let definition = deparse::constraint_definition(catalog, path, constraint, false);
            let Some(definition) = definition else { continue };
            copied.push(constraint_node(&format!("{name}{definition}"))?);
        }
        Ok(copied)
    }

    /// What LIKE copies once the new table is there: keys, indexes, statistics and comments.
    pub(super) async fn finish_like(
        &mut self,
        table: Oid,
        statement: &ast::CreateStmt,
    ) -> Result<()> {
        for element in &statement.table_elts {
            let Some(NodeEnum::TableLikeClause(like)) = &element.node else { continue };
            let source = self.like_source(like)?;
            if like.options & INDEXES != 0 {
                for constraint in self.copied_constraints(&source, false)? {
                    self.add_constraint(table, &constraint, true).await?;
                }
                self.copy_indexes(table, &source).await?;
            }
            if like.options & STATISTICS != 0 {
                self.copy_statistics(table, &source)?;
            }
            if like.options & COMMENTS != 0 {
                self.copy_comments(table, &source)?;
            }
        }
        Ok(())
    }

    /// The indexes that implement no constraint.
    async fn copy_indexes(&mut self, table: Oid, source: &Relation) -> Result<()> {
        let path = self.ctx.eval.settings.search_path.clone();
        for oid in &source.indexes {
            let index = self.relation(*oid)?;
            let RelationKind::Index(kind) = &index.kind else { continue };
            if kind.constraint != 0 {
                continue;
            }
            let text = deparse::index_definition(&self.work.catalog, &path, &index, false);
            let Some(text) = text else { continue };
            let statements = parse::parse(&text)?;
            let Some(NodeEnum::IndexStmt(statement)) = statements.first().map(|s| &s.node) else {
                return Err(Error::internal("an index's definition is no CREATE INDEX"));
            };
            let mut statement = (**statement).clone();
            let target = self.relation(table)?;
            statement.idxname.clear();
            if let Some(name) = &mut statement.relation {
                name.schemaname = self.work.catalog.schema_name(target.schema).to_owned();
                name.relname.clone_from(&target.name);
            }
            self.create_index(&statement).await?;
        }
        Ok(())
    }

    fn copy_comments(&mut self, table: Oid, source: &Relation) -> Result<()> {
        let target = self.relation(table)?;
        let catalog = self.work.catalog.clone();
        let numbered =
            |relation: &Relation, name: &str| super::constraint::column_number(relation, name);
        for (column, number) in source.columns.iter().zip(1i16..) {
            let comment = catalog.comment_on(ObjectAddress::column(source.oid, number));
            let Some((comment, number)) = comment.zip(numbered(&target, &column.name)) else {
                continue;
            };
            let on = ObjectAddress::column(table, number);
            let oid = self.next_oid();
            self.put(Comment { oid, on, text: comment.text.clone() });
        }
        for oid in &source.constraints {
            let Some(constraint) = catalog.constraint(*oid) else { continue };
            let comment = catalog.comment_on(constraint.address());
            let copy = self.constraint_on(table, &constraint.name);
            let Some((comment, copy)) = comment.zip(copy) else { continue };
            let (oid, on) = (self.next_oid(), ObjectAddress::constraint(copy));
            self.put(Comment { oid, on, text: comment.text.clone() });
        }
        Ok(())
    }
}

/// An expression's text as a parse tree.
fn expression_node(sql: &str) -> Result<ast::Node> {
    let statements = parse::parse(&format!("ALTER TABLE t ALTER c SET DEFAULT {sql}"))?;
    let command = only_command(&statements)?;
    command.def.as_deref().cloned().ok_or_else(|| Error::internal("a default without expression"))
}

pub(super) fn constraint_node(definition: &str) -> Result<ast::Constraint> {
    let statements = parse::parse(&format!("ALTER TABLE t ADD {definition}"))?;
    match only_command(&statements)?.def.as_ref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::Constraint(constraint)) => Ok((**constraint).clone()),
        _ => Err(Error::internal("a constraint's definition is no constraint")),
    }
}

fn only_command(statements: &[parse::ParsedStatement]) -> Result<&ast::AlterTableCmd> {
    let command = match statements.first().map(|statement| &statement.node) {
        Some(NodeEnum::AlterTableStmt(alter)) => alter.cmds.first(),
        _ => None,
    };
    match command.and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::AlterTableCmd(command)) => Ok(command),
        _ => Err(Error::internal("a definition that does not read as one")),
    }
}

/// A sequence's options as they would be written.
fn sequence_options(sequence: &Sequence) -> Result<Vec<ast::Node>> {
    let cycle = if sequence.cycle { "CYCLE" } else { "NO CYCLE" };
    let text = format!(
        "CREATE SEQUENCE {} START {} INCREMENT {} MINVALUE {} MAXVALUE {} CACHE {} {cycle}",
        quote_qualified(None, "s"),
        sequence.start,
        sequence.increment,
        sequence.min,
        sequence.max,
        sequence.cache
    );
    let statements = parse::parse(&text)?;
    match statements.first().map(|statement| &statement.node) {
        Some(NodeEnum::CreateSeqStmt(create)) => Ok(create.options.clone()),
        _ => Err(Error::internal("a sequence's definition is no CREATE SEQUENCE")),
    }
}
