//! FOR UPDATE and its kin: which rows are locked, and how.
//!
//! A locking clause names items of FROM. Of a table it locks the rows that the query
//! returns; of a subquery or a view those of the tables inside, whose identities are
//! brought out to the one node that locks. What a subquery locks by a clause of its
//! own is brought out in the same way.

use std::sync::Arc;

use super::Binder;
use super::node::{INT8, column_expr, inner};
use super::scope::Item;
use crate::catalog::{PolicyCommand, Relation, RelationKind, acl};
use crate::error::{Error, Result};
use crate::sql::ir::visit::columns;
use crate::sql::ir::{
    ColumnId, ExprKind, JoinKind, LockWaitPolicy, OutputColumn, Rel, RowLock, RowLockStrength,
};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    LockClauseStrength, LockWaitPolicy as RawWait, LockingClause, RangeVar, SelectStmt,
};
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;
use crate::txn::LockMode;

/// A table's rows that are to be locked: the table, and the column of their identity.
/// And of its table, where that is one of a family.
type Rows = (Arc<Relation>, ColumnId, Option<ColumnId>);

impl Binder<'_> {
    /// The rows that a query's locking clauses lock, in FROM.
    pub(super) fn locks(&mut self, select: &SelectStmt, from: &mut Rel) -> Result<Vec<RowLock>> {
        let mut locks: Vec<RowLock> = Vec::new();
        for node in &select.locking_clause {
            let NodeEnum::LockingClause(clause) = inner(node)? else { continue };
            self.check_lockable(select, clause)?;
            for (item, named) in self.locked_items(clause)? {
                let Some(column) = first_column(&item) else { continue };
                let Some(rel) = producer(from, column) else { continue };
                if let Some(named) = named {
                    check_kind(rel, clause, named)?;
                }
                let mut brought = Brought { binder: self, clause, locks: Vec::new() };
                let rows = brought.rows(rel)?;
                let own = std::mem::take(&mut brought.locks);
                if !rows.is_empty() && is_nullable(from, column) {
                    return Err(nullable_side(clause));
                }
                rows.into_iter().for_each(|rows| add_lock(&mut locks, lock_of(clause, rows)));
                own.into_iter().for_each(|lock| add_lock(&mut locks, lock));
            }
        }
        Ok(locks)
    }

    fn check_lockable(&mut self, select: &SelectStmt, clause: &LockingClause) -> Result<()> {
        let level = self.level();
        let refused = [
            (!select.distinct_clause.is_empty(), "DISTINCT clause"),
            (!select.group_clause.is_empty(), "GROUP BY clause"),
            (select.having_clause.is_some(), "HAVING clause"),
            (!level.aggregates.is_empty(), "aggregate functions"),
            (!level.windows.is_empty(), "window functions"),
            (!level.set_calls.is_empty(), "set-returning functions in the target list"),
        ];
        match refused.iter().find(|(present, _)| *present) {
            Some((_, what)) => Err(not_allowed_with(clause, what)),
            None => Ok(()),
        }
    }

    /// The items that a clause locks: those it names, or all.
    fn locked_items<'n>(
        &mut self,
        clause: &'n LockingClause,
    ) -> Result<Vec<(Item, Option<&'n RangeVar>)>> {
        let words = strength_words(clause.strength);
        if clause.locked_rels.is_empty() {
            return Ok(self.level().items.iter().map(|item| (item.clone(), None)).collect());
        }
        let mut found = Vec::new();
        for node in &clause.locked_rels {
            let NodeEnum::RangeVar(table) = inner(node)? else { continue };
            if !table.schemaname.is_empty() {
                return Err(Error::syntax(format!(
                    "{words} must specify unqualified relation names"
                ))
                .at(table.location));
            }
            let items = &self.level().items;
            let item = items.iter().find(|i| i.table_visible && i.alias == table.relname);
            let item = item.cloned().ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_TABLE,
                    format!(
                        "relation \"{}\" in {words} clause not found in FROM clause",
                        table.relname
                    ),
                )
                .at(table.location)
            })?;
            if item.is_join {
                let message = format!("{words} cannot be applied to a join");
                return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message).at(table.location));
            }
            found.push((item, Some(table)));
        }
        Ok(found)
    }
}

/// A column that tells which relation an item is.
fn first_column(item: &Item) -> Option<ColumnId> {
    item.system.iter().chain(&item.columns).find_map(|column| match column.expr.kind {
        ExprKind::Column(id) => Some(id),
        _ => None,
    })
}

/// The item of FROM, among its joins, that produces a column.
fn producer(rel: &mut Rel, column: ColumnId) -> Option<&mut Rel> {
    match rel {
        Rel::Join { left, right, .. } => match producer(left, column) {
            Some(found) => Some(found),
            None => producer(right, column),
        },
        rel => columns(rel).iter().any(|known| known.id == column).then_some(rel),
    }
}

/// Whether the left and the right side of a join may be absent from its rows.
fn nullable_sides(kind: JoinKind) -> (bool, bool) {
    match kind {
        JoinKind::Inner => (false, false),
        JoinKind::Left => (false, true),
        JoinKind::Right => (true, false),
        JoinKind::Full => (true, true),
    }
}

/// Whether a column's item stands on a side of a join that may be absent.
fn is_nullable(rel: &Rel, column: ColumnId) -> bool {
    let Rel::Join { kind, left, right, .. } = rel else { return false };
    let is_in = |side: &Rel| columns(side).iter().any(|known| known.id == column);
    let (left_is_nullable, right_is_nullable) = nullable_sides(*kind);
    match (is_in(left), is_in(right)) {
        (true, _) => left_is_nullable || is_nullable(left, column),
        (_, true) => right_is_nullable || is_nullable(right, column),
        _ => false,
    }
}

fn nullable_side(clause: &LockingClause) -> Error {
    let words = strength_words(clause.strength);
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("{words} cannot be applied to the nullable side of an outer join"),
    )
}

/// What a clause names must be something that can be locked.
fn check_kind(rel: &Rel, clause: &LockingClause, named: &RangeVar) -> Result<()> {
    let what = match rel {
        Rel::Functions(_) => "a function",
        Rel::Cte { .. } => "a WITH query",
        _ => return Ok(()),
    };
    let words = strength_words(clause.strength);
    Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("{words} cannot be applied to {what}"))
        .at(named.location))
}

/// Brings the identities of the tables' rows out of an item of FROM.
struct Brought<'b, 'a> {
    binder: &'b mut Binder<'a>,
    clause: &'b LockingClause,
    /// What the item locks by itself.
    locks: Vec<RowLock>,
}

impl Brought<'_, '_> {
    fn rows(&mut self, rel: &mut Rel) -> Result<Vec<Rows>> {
        match rel {
            Rel::Scan(scan) if scan.relation.is_materialized_view() => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("cannot lock rows in materialized view \"{}\"", scan.relation.name),
            )),
            Rel::Scan(scan) if matches!(scan.relation.kind, RelationKind::Table) => {
                self.binder.opened.relation(&scan.relation, LockMode::RowShare);
                let family = scan.descendants.then(|| scan.tableoid()).flatten();
                if scan.descendants {
                    for oid in self.binder.catalog.with_descendants(scan.relation.oid) {
                        self.binder.opened.descendant(oid, LockMode::RowShare);
                    }
                }
                let role = self.binder.check_as;
                self.binder.permissions.require(scan.relation.oid, role, acl::UPDATE);
                let fresh = self.binder.new_id();
                Ok(vec![(scan.relation.clone(), *scan.rid.get_or_insert(fresh), family)])
            }
            Rel::OneRow
            | Rel::Scan(_)
            | Rel::Values { .. }
            | Rel::Functions(_)
            | Rel::Cte { .. }
            | Rel::RecursiveUnion { .. } => Ok(Vec::new()),
            Rel::Barrier { input } => {
                let rows = self.rows(input)?;
                self.add_policies(input)?;
                Ok(rows)
            }
            Rel::Filter { input, .. } | Rel::Sort { input, .. } | Rel::Limit { input, .. } => {
                self.rows(input)
            }
            Rel::With { body, .. } => self.rows(body),
            Rel::Project { input, exprs } => {
                let rows = self.rows(input)?;
                let own = self.locks.iter().map(|lock| (lock.rid, lock.tableoid));
                let brought = rows.iter().map(|(_, rid, table)| (*rid, *table)).chain(own);
                let columns = brought.flat_map(|(rid, table)| {
                    std::iter::once(row_id(rid)).chain(table.map(table_id))
                });
                for column in columns.collect::<Vec<_>>() {
                    if !exprs.iter().any(|(known, _)| known.id == column.id) {
                        exprs.push((column.clone(), column_expr(&column, -1)));
                    }
                }
                Ok(rows)
            }
            Rel::Join { kind, left, right, .. } => {
                let (mut rows, others) = (self.rows(left)?, self.rows(right)?);
                let (left_is_nullable, right_is_nullable) = nullable_sides(*kind);
                if left_is_nullable && !rows.is_empty() || right_is_nullable && !others.is_empty() {
                    return Err(nullable_side(self.clause));
                }
                rows.extend(others);
                Ok(rows)
            }
            Rel::LockRows { input, locks } => {
                self.locks.append(locks);
                let rows = self.rows(input)?;
                *rel = std::mem::replace(&mut **input, Rel::OneRow);
                Ok(rows)
            }
            Rel::Aggregate { group_by, .. } => Err(self.refused(match group_by.is_empty() {
                true => "aggregate functions",
                false => "GROUP BY clause",
            })),
            Rel::Window { .. } => Err(self.refused("window functions")),
            Rel::ProjectSet { .. } => {
                Err(self.refused("set-returning functions in the target list"))
            }
            Rel::Distinct { .. } => Err(self.refused("DISTINCT clause")),
            Rel::SetOp { .. } => Err(self.refused("UNION/INTERSECT/EXCEPT")),
        }
    }

    /// Rows that are locked are those that the policies for UPDATE show, too.
    fn add_policies(&mut self, secured: &mut Rel) -> Result<()> {
        let Rel::Filter { input, predicate } = secured else { return Ok(()) };
        let Rel::Scan(scan) = &**input else { return Ok(()) };
        let relation = scan.relation.clone();
        let added = self.binder.using_conditions(&relation, scan, &[PolicyCommand::Update])?;
        let first = std::mem::replace(predicate, super::node::null(super::node::BOOL));
        let all = added.into_iter().chain([first]).collect();
        if let Some(all) = super::node::all_of(all) {
            *predicate = all;
        }
        Ok(())
    }

    fn refused(&self, what: &str) -> Error {
        not_allowed_with(self.clause, what)
    }
}

fn not_allowed_with(clause: &LockingClause, what: &str) -> Error {
    Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        format!("{} is not allowed with {what}", strength_words(clause.strength)),
    )
}

fn lock_of(clause: &LockingClause, (relation, rid, tableoid): Rows) -> RowLock {
    let strength = match LockClauseStrength::try_from(clause.strength) {
        Ok(LockClauseStrength::LcsForkeyshare) => RowLockStrength::KeyShare,
        Ok(LockClauseStrength::LcsForshare) => RowLockStrength::Share,
        Ok(LockClauseStrength::LcsFornokeyupdate) => RowLockStrength::NoKeyUpdate,
        _ => RowLockStrength::Update,
    };
    let wait = match RawWait::try_from(clause.wait_policy) {
        Ok(RawWait::LockWaitSkip) => LockWaitPolicy::SkipLocked,
        Ok(RawWait::LockWaitError) => LockWaitPolicy::NoWait,
        _ => LockWaitPolicy::Block,
    };
    RowLock { relation, rid, tableoid, strength, wait }
}

/// Several clauses on one table: the strongest and least patient wins.
fn add_lock(locks: &mut Vec<RowLock>, new: RowLock) {
    let Some(lock) = locks.iter_mut().find(|lock| lock.rid == new.rid) else {
        locks.push(new);
        return;
    };
    lock.strength = lock.strength.max(new.strength);
    if new.wait != LockWaitPolicy::Block && lock.wait != LockWaitPolicy::NoWait {
        lock.wait = new.wait;
    }
}

fn row_id(id: ColumnId) -> OutputColumn {
    OutputColumn { id, name: "rid".into(), ty: INT8, origin: None }
}

fn table_id(id: ColumnId) -> OutputColumn {
    OutputColumn { id, name: "tableoid".into(), ty: SqlType::new(oid::OID), origin: None }
}

/// The columns that carry the identities of the rows to lock.
pub(super) fn row_ids(locks: &[RowLock]) -> Vec<OutputColumn> {
    let columns = locks.iter().map(|lock| (row_id(lock.rid), lock.tableoid.map(table_id)));
    columns.flat_map(|(rid, table)| std::iter::once(rid).chain(table)).collect()
}

pub(super) fn locked(input: Rel, locks: Vec<RowLock>) -> Rel {
    match locks.is_empty() {
        true => input,
        false => Rel::LockRows { input: Box::new(input), locks },
    }
}

/// The words of a query's first locking clause, for messages.
pub(super) fn lock_words(select: &SelectStmt) -> &'static str {
    match select.locking_clause.first().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::LockingClause(clause)) => strength_words(clause.strength),
        _ => "FOR UPDATE",
    }
}

fn strength_words(strength: i32) -> &'static str {
    match LockClauseStrength::try_from(strength) {
        Ok(LockClauseStrength::LcsForkeyshare) => "FOR KEY SHARE",
        Ok(LockClauseStrength::LcsForshare) => "FOR SHARE",
        Ok(LockClauseStrength::LcsFornokeyupdate) => "FOR NO KEY UPDATE",
        _ => "FOR UPDATE",
    }
}
