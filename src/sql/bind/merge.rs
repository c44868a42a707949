//! MERGE: a source joined with a target, and what is done with each pair.
//!
//! ```text
//! MERGE INTO t USING s ON t.id = s.id
//!   WHEN MATCHED THEN UPDATE SET v = s.v       sees t and s
//!   WHEN NOT MATCHED THEN INSERT VALUES (s.id) sees s
//! input: s LEFT JOIN t, with t's row identity, NULL where nothing matched
//! ```

use std::sync::Arc;

use super::Binder;
use super::dml::assigned_names;
use super::from::cross_join;
use super::node::{boxed, inner, required};
use super::opened::Verb;
use super::policy::Writes;
use super::scope::{Clause, Item};
use super::updatable::{Target, TargetRows};
use crate::catalog::{PolicyCommand, Relation, RelationKind, acl};
use crate::error::{Error, Result};
use crate::sql::ir::visit::each_in_expr;
use crate::sql::ir::{
    Expr, ExprKind, JoinKind, Merge, MergeAction, MergeKind, Rel, Scan, system_column,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    CmdType, InsertStmt, MergeMatchKind, MergeStmt, MergeWhenClause, RangeVar,
};
use crate::sqlstate;

impl Binder<'_> {
    pub(super) fn merge(&mut self, stmt: &MergeStmt) -> Result<Merge> {
        if let Some(with) = &stmt.with_clause
            && with.recursive
        {
            return Err(Error::syntax("WITH RECURSIVE is not supported for MERGE statement"));
        }
        if stmt.returning_clause.is_some() {
            return Err(Error::syntax("syntax error at or near \"RETURNING\""));
        }
        let ctes = match &stmt.with_clause {
            Some(with) => self.with_clause(with)?,
            None => Vec::new(),
        };
        let clauses = when_clauses(stmt)?;
        check_reachable(&clauses)?;
        let table = stmt.relation.as_ref().ok_or_else(|| Error::internal("MERGE INTO nothing"))?;
        let written = self.merge_target(table, &clauses)?;
        let TargetRows { mut scan, item, .. } = self.target_rows(&written)?;
        scan.rid = Some(self.new_id());
        scan.descendants = !self.descendants(&written.relation, table).is_empty();
        let item = self.finish_item(item, table.alias.as_ref())?;
        let source = required(&stmt.source_relation)?;
        let (rel, sources) = self.from_item(source)?;
        check_names(&item, &sources)?;
        let read_before = self.forget_reads(&written);
        let both: Vec<Item> = std::iter::once(item).chain(sources.iter().cloned()).collect();
        self.level().items = both.clone();
        let on = self.condition(boxed(&stmt.join_condition), Clause::JoinOn, "JOIN/ON")?;
        let mut actions = Vec::with_capacity(clauses.len());
        for clause in &clauses {
            let matched = is_matched(clause);
            self.level().items = if matched { both.clone() } else { sources.clone() };
            actions.push(self.merge_action(clause, matched, &written, &scan)?);
        }
        self.level().items = both;
        let kind = match actions.iter().all(|action| action.matched) {
            true => JoinKind::Inner,
            false => JoinKind::Left,
        };
        let reads = self.recall_reads(&written, read_before);
        let does = |command: CmdType| clauses.iter().any(|c| c.command_type() == command);
        let writes = Writes {
            insert: does(CmdType::CmdInsert),
            merge_update: does(CmdType::CmdUpdate),
            merge_delete: does(CmdType::CmdDelete),
            is_merge: true,
            reads,
            ..Writes::default()
        };
        let policies = self.policy_checks(&written, writes)?;
        let seen: &[PolicyCommand] = if reads { &[PolicyCommand::Select] } else { &[] };
        let conditions = self.target_conditions(&written, &scan, seen)?;
        let rows = self.filtered_target(&written, &scan, conditions, Vec::new(), false)?;
        let mut input = cross_join(rel, rows, false);
        if let Rel::Join { kind: join, on: condition, .. } = &mut input {
            (*join, *condition) = (kind, on);
        }
        let family = scan.descendants;
        scan.columns
            .retain(|(number, _)| *number > 0 || family && *number == system_column::TABLEOID);
        let input = self.with_ctes(ctes, input);
        Ok(Merge { target: scan, input, actions, policies })
    }

    /// The table that MERGE changes; views have no part in it.
    fn merge_target(&mut self, table: &RangeVar, clauses: &[&MergeWhenClause]) -> Result<Target> {
        let relation = self.relation(table)?;
        let what = match &relation.kind {
            RelationKind::Table if relation.is_materialized_view() => "materialized views",
            RelationKind::Table => "",
            RelationKind::View(_) => "views",
            RelationKind::Sequence(_) => "sequences",
            RelationKind::Index(_) => "indexes",
            RelationKind::Composite => {
                return Err(super::from::cannot_open(&relation).at(table.location));
            }
            RelationKind::Virtual => {
                self.check_target_kind(table, &relation)?;
                ""
            }
        };
        if !what.is_empty() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot execute MERGE on relation \"{}\"", relation.name),
            )
            .with_detail(format!("This operation is not supported for {what}.")));
        }
        if !self.catalog.rules_of(relation.oid).is_empty() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot execute MERGE on relation \"{}\"", relation.name),
            )
            .with_detail("MERGE is not supported for relations with rules."));
        }
        let below = self.descendants(&relation, table);
        self.open_merged(&relation, &below, clauses)?;
        Ok(Target::of_table(relation))
    }

    fn open_merged(
        &mut self,
        relation: &Arc<Relation>,
        below: &[crate::sql::types::Oid],
        clauses: &[&MergeWhenClause],
    ) -> Result<()> {
        self.opened.written(relation.oid);
        for clause in clauses {
            let verb = match clause.command_type() {
                CmdType::CmdInsert => Verb::Insert,
                CmdType::CmdUpdate => Verb::Update,
                CmdType::CmdDelete => Verb::Delete,
                _ => continue,
            };
            self.opened.target(&self.catalog, relation.oid, verb)?;
            self.open_family(relation, below, verb)?;
        }
        Ok(())
    }

    fn merge_action(
        &mut self,
        clause: &MergeWhenClause,
        matched: bool,
        written: &Target,
        scan: &Scan,
    ) -> Result<MergeAction> {
        let condition = self.condition(boxed(&clause.condition), Clause::MergeWhen, "WHEN")?;
        if let Some(condition) = &condition {
            refuse_system_columns(condition, scan)?;
        }
        let kind = match clause.command_type() {
            CmdType::CmdDelete => {
                self.note_written(written, Verb::Delete, &[]);
                MergeKind::Delete
            }
            CmdType::CmdUpdate => {
                let nodes = &clause.target_list;
                self.note_written(written, Verb::Update, &assigned_names(nodes, written.named()));
                MergeKind::Update { assignments: self.assignments(nodes, written, scan, "update")? }
            }
            CmdType::CmdInsert => self.merge_insert(clause, written)?,
            _ => {
                self.permissions.require(written.relation.oid, self.check_as, acl::SELECT);
                MergeKind::Nothing
            }
        };
        Ok(MergeAction { matched, condition, kind })
    }

    fn merge_insert(&mut self, clause: &MergeWhenClause, written: &Target) -> Result<MergeKind> {
        let names = InsertStmt {
            cols: clause.target_list.clone(),
            r#override: clause.r#override,
            ..InsertStmt::default()
        };
        let named = assigned_names(&clause.target_list, written.named());
        self.note_written(written, Verb::Insert, &named);
        let (columns, values) = match clause.values.is_empty() {
            true => (Vec::new(), Vec::new()),
            false => self.inserted_row(&names, &clause.values, written)?,
        };
        let defaults = self.insert_defaults(written, &columns)?;
        Ok(MergeKind::Insert { columns, values, defaults })
    }
}

fn when_clauses(stmt: &MergeStmt) -> Result<Vec<&MergeWhenClause>> {
    let mut clauses = Vec::with_capacity(stmt.merge_when_clauses.len());
    for node in &stmt.merge_when_clauses {
        let NodeEnum::MergeWhenClause(clause) = inner(node)? else {
            return Err(Error::internal("MERGE with something else than WHEN"));
        };
        if clause.match_kind() == MergeMatchKind::MergeWhenNotMatchedBySource {
            return Err(Error::syntax("syntax error at or near \"BY\""));
        }
        clauses.push(&**clause);
    }
    Ok(clauses)
}

fn is_matched(clause: &MergeWhenClause) -> bool {
    clause.match_kind() == MergeMatchKind::MergeWhenMatched
}

/// After a clause without condition, none of the same kind is ever reached.
fn check_reachable(clauses: &[&MergeWhenClause]) -> Result<()> {
    for (at, clause) in clauses.iter().enumerate() {
        let hides = |before: &&&MergeWhenClause| {
            is_matched(before) == is_matched(clause) && before.condition.is_none()
        };
        if clauses[..at].iter().any(|before| hides(&before)) {
            return Err(Error::syntax(
                "unreachable WHEN clause specified after unconditional WHEN clause",
            ));
        }
    }
    Ok(())
}

fn check_names(target: &Item, sources: &[Item]) -> Result<()> {
    match sources.iter().find(|source| source.table_visible && source.alias == target.alias) {
        Some(source) => Err(Error::new(
            sqlstate::DUPLICATE_ALIAS,
            format!("name \"{}\" specified more than once", source.alias),
        )
        .with_detail("The name is used both as MERGE target table and data source.")),
        None => Ok(()),
    }
}

/// Conditions of WHEN see no system columns but `tableoid`.
fn refuse_system_columns(condition: &Expr, scan: &Scan) -> Result<()> {
    let mut refused = None;
    each_in_expr(
        condition,
        &mut |expr| {
            let ExprKind::Column(id) = expr.kind else { return };
            let found = scan.columns.iter().find(|(_, column)| column.id == id);
            if let Some((number, column)) = found
                && *number < 0
                && *number != system_column::TABLEOID
            {
                refused.get_or_insert((column.name.clone(), expr.location));
            }
        },
        &mut |_| {},
    );
    match refused {
        Some((name, location)) => Err(Error::new(
            sqlstate::INVALID_COLUMN_REFERENCE,
            format!("cannot use system column \"{name}\" in MERGE WHEN condition"),
        )
        .at(location)),
        None => Ok(()),
    }
}
