//! CREATE TRIGGER. What changes a trigger that is there is in `trigger_change`, the
//! copies on partitions are in `partition::trigger`.

use std::sync::Arc;

use super::constraint::column_number;
use super::{Ddl, strings};
use crate::catalog::{
    Catalog, Function, Relation, RelationKind, Trigger, TriggerConstraint, TriggerEvents,
    TriggerTiming, acl, deparse, quote_identifier,
};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::ir::visit::{self, Walk};
use crate::sql::ir::{ColumnId, Expr, ExprKind};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::oid;
use crate::sqlstate;
use crate::txn::LockMode;

// Bits of CreateTrigStmt (PostgreSQL's pg_trigger.h).
const BEFORE: i32 = 1 << 1;
const INSERT: i32 = 1 << 2;
const DELETE: i32 = 1 << 3;
const UPDATE: i32 = 1 << 4;
const TRUNCATE: i32 = 1 << 5;
const INSTEAD: i32 = 1 << 6;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
}

impl Ddl<'_> {
    pub async fn create_trigger(
        &mut self,
        statement: &ast::CreateTrigStmt,
    ) -> Result<&'static str> {
        let name = statement.relation.as_ref().ok_or_else(|| Error::syntax("no table"))?;
        let relation = self.find_relation(name)?;
        self.require_on_relation(&relation, acl::TRIGGER)?;
        self.lock_relation(relation.oid, LockMode::ShareRowExclusive).await?;
        let relation = self.relation(relation.oid)?;
        let timing = match statement.timing {
            BEFORE => TriggerTiming::Before,
            INSTEAD => TriggerTiming::InsteadOf,
            _ => TriggerTiming::After,
        };
        let has = |bit: i32| statement.events & bit != 0;
        let events = TriggerEvents {
            insert: has(INSERT),
            update: has(UPDATE),
            delete: has(DELETE),
            truncate: has(TRUNCATE),
        };
        check_relation(&relation, timing, statement, events)?;
        let (old_table, new_table) = self.transition_names(statement, &relation, timing, events)?;
        let function = self.trigger_function(statement)?;
        let columns = self.trigger_columns(statement, &relation)?;
        let when = self.trigger_condition(statement, &relation, timing, events)?;
        let existing =
            self.replaceable_trigger(&relation, &statement.trigname, statement.replace, false)?;
        let constraint = match statement.isconstraint {
            true => Some(self.trigger_constraint(statement, existing.as_deref())?),
            false => None,
        };
        let trigger = Trigger {
            oid: existing.as_ref().map_or_else(|| self.next_oid(), |old| old.oid),
            table: relation.oid,
            name: statement.trigname.clone(),
            function: function.oid,
            timing,
            row: statement.row,
            events,
            columns,
            when: when.as_ref().map(|(sql, _)| sql.clone()),
            args: strings(&statement.args).iter().map(|arg| (*arg).to_owned()).collect(),
            enabled: 'O',
            constraint,
            old_table,
            new_table,
            parent: 0,
        };
        let address = trigger.address();
        self.put(trigger.clone());
        if let Some((_, expr)) = &when {
            self.record_trigger_references(address, &relation, expr);
        }
        self.spread_trigger(&trigger, statement.replace).await?;
        Ok("CREATE TRIGGER")
    }

    /// The trigger of that name, if it may be replaced. `for_partition`: the new one is
    /// the copy of a partitioned table's trigger.
    pub(super) fn replaceable_trigger(
        &self,
        relation: &Relation,
        name: &str,
        replace: bool,
        for_partition: bool,
    ) -> Result<Option<Arc<Trigger>>> {
        let Some(old) = self.work.catalog.trigger_named(relation.oid, name) else {
            return Ok(None);
        };
        let what = if !replace {
            "already exists"
        } else if old.parent != 0 && !for_partition {
            "is an internal or a child trigger"
        } else if old.constraint.is_some() {
            "is a constraint trigger"
        } else {
            return Ok(Some(old.clone()));
        };
        Err(Error::new(
            sqlstate::DUPLICATE_OBJECT,
            format!("trigger \"{name}\" for relation \"{}\" {what}", relation.name),
        ))
    }

    fn trigger_constraint(
        &self,
        statement: &ast::CreateTrigStmt,
        existing: Option<&Trigger>,
    ) -> Result<TriggerConstraint> {
        let from = match &statement.constrrel {
            Some(name) => self.find_relation(name)?.oid,
            None => 0,
        };
        let known = existing.and_then(|old| old.constraint).map(|constraint| constraint.oid);
        Ok(TriggerConstraint {
            oid: known.unwrap_or_else(|| self.next_oid()),
            from,
            deferrable: statement.deferrable,
            initially_deferred: statement.initdeferred,
        })
    }

    fn trigger_function(&self, statement: &ast::CreateTrigStmt) -> Result<Arc<Function>> {
        let (schema, name) = self.split_name(&statement.funcname)?;
        let path = &self.ctx.eval.settings.search_path;
        let found = self.work.catalog.function_for(path, schema, name, &[])?;
        let written = strings(&statement.funcname).join(".");
        let function = found.ok_or_else(|| Error::undefined_function(&format!("{written}()")))?;
        if function.returns != oid::TRIGGER {
            return Err(invalid(format!("function {written} must return type trigger")));
        }
        Ok(function)
    }

    fn trigger_columns(
        &self,
        statement: &ast::CreateTrigStmt,
        relation: &Relation,
    ) -> Result<Vec<i16>> {
        let mut columns = Vec::new();
        for name in strings(&statement.columns) {
            let attnum = column_number(relation, name).ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("column \"{name}\" of relation \"{}\" does not exist", relation.name),
                )
            })?;
            if columns.contains(&attnum) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{name}\" specified more than once"),
                ));
            }
            columns.push(attnum);
        }
        Ok(columns)
    }

    /// WHEN, as it is stored and bound.
    fn trigger_condition(
        &self,
        statement: &ast::CreateTrigStmt,
        relation: &Arc<Relation>,
        timing: TriggerTiming,
        events: TriggerEvents,
    ) -> Result<Option<(String, Expr)>> {
        let Some(node) = statement.when_clause.as_deref() else { return Ok(None) };
        let expr = bind::bind_trigger_condition(&self.eval(), relation, node)?;
        let width = relation.columns.len() as u32;
        let mut refused: Option<(String, i32)> = None;
        let mut has_row = false;
        let mut row_location = -1;
        let mut note = |expr: &Expr| {
            if matches!(expr.kind, ExprKind::Row(_)) {
                (has_row, row_location) = (true, expr.location);
            }
            let ExprKind::Column(id) = expr.kind else { return };
            let is_system = id.0 > 2 * width;
            let is_old = id.0 <= width || id.0 == 2 * width + 1;
            let at = match is_system {
                true => usize::MAX,
                false => (if is_old { id.0 } else { id.0 - width }) as usize - 1,
            };
            let generated = relation.columns.get(at).is_some_and(|column| {
                column.default.as_ref().is_some_and(|default| default.generated)
            });
            let message = match (statement.row, is_old) {
                (false, _) => {
                    Some("statement trigger's WHEN condition cannot reference column values")
                }
                (true, true) if events.insert => {
                    Some("INSERT trigger's WHEN condition cannot reference OLD values")
                }
                (true, false) if events.delete => {
                    Some("DELETE trigger's WHEN condition cannot reference NEW values")
                }
                (true, false) if timing == TriggerTiming::Before && is_system => {
                    Some("BEFORE trigger's WHEN condition cannot reference NEW system columns")
                }
                (true, false) if timing == TriggerTiming::Before && generated => {
                    Some("BEFORE trigger's WHEN condition cannot reference NEW generated columns")
                }
                _ => None,
            };
            if let Some(message) = message {
                let location = if expr.location < 0 { row_location } else { expr.location };
                refused.get_or_insert((message.to_owned(), location));
            }
        };
        visit::each_in_expr(&expr, &mut note, &mut |_| {});
        if let Some((message, location)) = refused {
            let code = match message.ends_with("system columns") {
                true => sqlstate::FEATURE_NOT_SUPPORTED,
                false => sqlstate::INVALID_OBJECT_DEFINITION,
            };
            return Err(Error::new(code, message).at(location));
        }
        let name = |id: ColumnId| {
            if id.0 > 2 * width + 2 {
                return Some(if id.0 == 2 * width + 3 { "old.*" } else { "new.*" }.to_owned());
            }
            if id.0 > 2 * width {
                let row = if id.0 == 2 * width + 1 { "old" } else { "new" };
                return Some(format!("{row}.tableoid"));
            }
            let is_old = id.0 <= width;
            let at = (if is_old { id.0 } else { id.0 - width }) as usize - 1;
            let column = quote_identifier(&relation.columns.get(at)?.name);
            Some(format!("{}.{column}", if is_old { "old" } else { "new" }))
        };
        let mut shown = expr.clone();
        if has_row {
            name_whole_rows(&mut shown, relation, &self.work.catalog);
        }
        Ok(Some((deparse::expression(&shown, &name, &self.work.catalog), expr)))
    }

    /// REFERENCING: the names of the old and the new table.
    fn transition_names(
        &self,
        statement: &ast::CreateTrigStmt,
        relation: &Relation,
        timing: TriggerTiming,
        events: TriggerEvents,
    ) -> Result<(Option<String>, Option<String>)> {
        let (mut old, mut new) = (None, None);
        for node in &statement.transition_rels {
            let Some(NodeEnum::TriggerTransition(transition)) = &node.node else { continue };
            if !transition.is_table {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "ROW variable naming in the REFERENCING clause is not supported",
                )
                .with_hint("Use OLD TABLE or NEW TABLE for naming transition tables."));
            }
            if matches!(relation.kind, RelationKind::View(_)) {
                return Err(Error::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    format!("\"{}\" is a view", relation.name),
                )
                .with_detail("Triggers on views cannot have transition tables."));
            }
            if statement.row && relation.is_partition() {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "ROW triggers with transition tables are not supported on partitions",
                ));
            }
            if statement.row && !relation.inheritance.parents.is_empty() {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "ROW triggers with transition tables are not supported on inheritance children",
                ));
            }
            if timing != TriggerTiming::After {
                return Err(invalid(
                    "transition table name can only be specified for an AFTER trigger",
                ));
            }
            if events.truncate {
                return Err(invalid("TRUNCATE triggers with transition tables are not supported"));
            }
            let count = [events.insert, events.update, events.delete];
            if count.iter().filter(|event| **event).count() > 1 {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "transition tables cannot be specified for triggers with more than one event",
                ));
            }
            if !statement.columns.is_empty() {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "transition tables cannot be specified for triggers with column lists",
                ));
            }
            let slot = if transition.is_new {
                if !events.insert && !events.update {
                    return Err(invalid(
                        "NEW TABLE can only be specified for an INSERT or UPDATE trigger",
                    ));
                }
                &mut new
            } else {
                if !events.delete && !events.update {
                    return Err(invalid(
                        "OLD TABLE can only be specified for a DELETE or UPDATE trigger",
                    ));
                }
                &mut old
            };
            if slot.replace(transition.name.clone()).is_some() {
                let word = if transition.is_new { "NEW" } else { "OLD" };
                return Err(invalid(format!("{word} TABLE cannot be specified multiple times")));
            }
        }
        if old.is_some() && old == new {
            return Err(invalid("OLD TABLE name and NEW TABLE name cannot be the same"));
        }
        Ok((old, new))
    }
}

/// Puts a column of its own in the place of each whole row: `old.*` is the third after the
/// columns of both, `new.*` the fourth. What is printed so means the columns that there are.
fn name_whole_rows(expr: &mut Expr, relation: &Relation, catalog: &Catalog) {
    let width = relation.columns.len() as u32;
    let live: Vec<u32> =
        (1..=width).filter(|id| !relation.columns[*id as usize - 1].dropped).collect();
    let row_type = catalog.row_type(relation);
    visit::each_expr_mut(expr, &mut |expr| {
        let ExprKind::Row(fields) = &expr.kind else { return Walk::Inside };
        let is_of = |from: u32| {
            fields.len() == live.len()
                && fields.iter().zip(&live).all(|(field, id)| {
                    matches!(field.kind, ExprKind::Column(column) if column.0 == from + id)
                })
        };
        let is_whole = row_type == oid::INVALID || expr.ty.oid == row_type;
        let at = match (is_whole && is_of(0), is_whole && is_of(width)) {
            (true, _) => 3,
            (false, true) => 4,
            (false, false) => return Walk::Inside,
        };
        expr.kind = ExprKind::Column(ColumnId(2 * width + at));
        Walk::Skip
    });
}

fn check_relation(
    relation: &Relation,
    timing: TriggerTiming,
    statement: &ast::CreateTrigStmt,
    events: TriggerEvents,
) -> Result<()> {
    let row = statement.row;
    let wrong = |what: &str, detail: &str| {
        Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{}\" is a {what}", relation.name))
            .with_detail(detail.to_owned()))
    };
    match &relation.kind {
        RelationKind::Table if timing == TriggerTiming::InsteadOf => {
            return wrong("table", "Tables cannot have INSTEAD OF triggers.");
        }
        RelationKind::Table
            if relation.is_partitioned() && row && !statement.transition_rels.is_empty() =>
        {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("\"{}\" is a partitioned table", relation.name),
            )
            .with_detail(
                "ROW triggers with transition tables are not supported on partitioned tables.",
            ));
        }
        RelationKind::Table => {}
        RelationKind::View(_) if timing != TriggerTiming::InsteadOf && row => {
            return wrong("view", "Views cannot have row-level BEFORE or AFTER triggers.");
        }
        RelationKind::View(_) if events.truncate => {
            return wrong("view", "Views cannot have TRUNCATE triggers.");
        }
        RelationKind::View(_) => {}
        RelationKind::Virtual => {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied: \"{}\" is a system catalog", relation.name),
            ));
        }
        _ => {
            let word = relation.kind_word();
            let plural = if word == "index" { "indexes".to_owned() } else { format!("{word}s") };
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("relation \"{}\" cannot have triggers", relation.name),
            )
            .with_detail(format!("This operation is not supported for {plural}.")));
        }
    }
    let refused = if events.truncate && row {
        "TRUNCATE FOR EACH ROW triggers are not supported"
    } else if timing != TriggerTiming::InsteadOf {
        return Ok(());
    } else if !row {
        "INSTEAD OF triggers must be FOR EACH ROW"
    } else if statement.when_clause.is_some() {
        "INSTEAD OF triggers cannot have WHEN conditions"
    } else if !statement.columns.is_empty() {
        "INSTEAD OF triggers cannot have column lists"
    } else {
        return Ok(());
    };
    Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, refused))
}
