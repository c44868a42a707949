//! CREATE RULE "_RETURN" ON SELECT: an empty table becomes a view.
//!
//! Views are made by CREATE VIEW; this is how old dumps, and new ones where views need
//! each other, make them.

use std::sync::Arc;

use super::Ddl;
use super::rule::{unfit, unimplemented};
use crate::catalog::{Relation, RelationKind, View};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::ir::Query;
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sqlstate;
use crate::table::TableInfo;
use crate::table::scan::rid_rows;
use crate::txn::Keyspace;

impl Ddl<'_> {
    pub(super) async fn create_select_rule(
        &mut self,
        statement: &ast::RuleStmt,
        relation: &Arc<Relation>,
    ) -> Result<()> {
        let node = only_select(statement)?;
        let query = self.bind_query(node).await?;
        self.check_view_columns(relation, &query)?;
        if relation.view().is_some() {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("\"{}\" is already a view", relation.name),
            ));
        }
        if statement.rulename != "_RETURN" {
            return Err(unfit(format!(
                "view rule for \"{}\" must be named \"_RETURN\"",
                relation.name
            )));
        }
        self.require_convertible(relation)?;
        let definition = self.view_definition(parse::deparse(node)?)?;
        let statements = parse::parse(&definition.sql)?;
        let only = statements.first().ok_or_else(|| Error::internal("a view without a query"))?;
        let view = View {
            updatable: Some(bind::updatable(&only.node, &definition.query)),
            sql: definition.sql,
            search_path: self.search_path_names(),
            options: Vec::new(),
            names: definition.names,
        };
        let storage = relation.storage_id;
        self.work.table.drop_storage(Keyspace::Rows, storage);
        let changed = Relation {
            kind: RelationKind::View(view),
            storage_id: 0,
            schema_version: 0,
            ..(**relation).clone()
        };
        let changed = self.put_relation(changed);
        self.record_query_references(changed.address(), &definition.query.rel, &definition.keys);
        Ok(())
    }

    /// The query gives the relation's columns.
    fn check_view_columns(&self, relation: &Relation, query: &Query) -> Result<()> {
        if relation.columns.iter().any(|column| column.dropped) {
            return Err(unimplemented(
                "cannot convert relation containing dropped columns to view",
            ));
        }
        let mut given = query.output.iter();
        for (at, column) in (1..).zip(&relation.columns) {
            let Some(output) = given.next() else {
                return Err(unfit("SELECT rule's target list has too few entries"));
            };
            let differs = |what: &str| {
                unfit(format!(
                    "SELECT rule's target entry {at} has different {what} from column \"{}\"",
                    column.name
                ))
            };
            if output.name != column.name {
                return Err(differs("column name")
                    .with_detail(format!("SELECT target entry is named \"{}\".", output.name)));
            }
            if output.ty.oid != column.ty.oid {
                return Err(differs("type").with_detail(format!(
                    "SELECT target entry has type {}, but column has type {}.",
                    self.type_text(output.ty),
                    self.type_text(column.ty)
                )));
            }
        }
        match given.next() {
            Some(_) => Err(unfit("SELECT rule's target list has too many entries")),
            None => Ok(()),
        }
    }

    /// A view has no rows, and nothing that belongs to a table.
    fn require_convertible(&self, relation: &Relation) -> Result<()> {
        let wrong = |what: &str| {
            let message = format!("cannot convert {what} \"{}\" to a view", relation.name);
            Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message))
        };
        if relation.is_partitioned() {
            return wrong("partitioned table");
        }
        if relation.is_partition() {
            return wrong("partition");
        }
        let info = TableInfo::of(&self.work.catalog, relation.oid)?;
        let overlay = self.work.txn.overlay();
        let has_rows = rid_rows(&info, &overlay, 0, u64::MAX).next().transpose()?.is_some();
        let has_triggers = info.triggers.is_some()
            || info.is_watched()
            || !info.foreign_keys.is_empty()
            || !info.referencing.is_empty();
        let reasons = [
            (has_rows, "it is not empty"),
            (has_triggers, "it has triggers"),
            (!relation.indexes.is_empty(), "it has indexes"),
            (self.has_children(relation.oid), "it has child tables"),
            (!relation.inheritance.parents.is_empty(), "it has parent tables"),
            (relation.row_security.enabled, "it has row security enabled"),
            (
                !self.work.catalog.policies_of(relation.oid).is_empty(),
                "it has row security policies",
            ),
        ];
        let Some((_, reason)) = reasons.iter().find(|(present, _)| *present) else {
            return Ok(());
        };
        let error = Error::new(
            sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("could not convert table \"{}\" to a view because {reason}", relation.name),
        );
        Err(match *reason {
            "it has triggers" => error.with_hint(
                "In particular, the table cannot be involved in any foreign key relationships.",
            ),
            _ => error,
        })
    }
}

/// The query of a rule ON SELECT.
fn only_select(statement: &ast::RuleStmt) -> Result<&ast::Node> {
    let refused = match statement.actions.as_slice() {
        [] => "rules on SELECT must have action INSTEAD SELECT",
        [only] => match &only.node {
            Some(NodeEnum::SelectStmt(_)) if !statement.instead => {
                "rules on SELECT must have action INSTEAD SELECT"
            }
            Some(NodeEnum::SelectStmt(_)) if statement.where_clause.is_some() => {
                "event qualifications are not implemented for rules on SELECT"
            }
            Some(NodeEnum::SelectStmt(_)) => return Ok(only),
            _ => "rules on SELECT must have action INSTEAD SELECT",
        },
        _ => {
            return Err(unimplemented("multiple actions for rules on SELECT are not implemented")
                .with_hint("Use views instead."));
        }
    };
    Err(unimplemented(refused))
}
