//! Row-level security: a table's policies become conditions of the statements that
//! use it.
//!
//! ```text
//! SELECT … FROM t       t's rows for which a USING holds, before anything else sees them
//! UPDATE t, DELETE t    the same for what is changed; if the statement reads t, also the
//!                       USING of policies for SELECT
//! INSERT, UPDATE        WITH CHECK (without one, USING) of each row that is written
//! ```
//!
//! Permissive policies are alternatives, restrictive ones all have to hold; without any
//! permissive policy there are no rows. A condition is bound as a view's query over its
//! table ([`PolicyCondition`]), and then its columns become those of the scan at hand.

use std::sync::Arc;

use super::Binder;
use super::node::{BOOL, all_of, bool_expr, constant};
use super::same::same;
use super::updatable::{Below, Target, filtered_further, substitute};
use crate::catalog::{
    Policies, Policy, PolicyCommand, PolicyCondition, Relation, RelationKind, Role,
    RowSecurityState,
};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{columns, columns_of};
use crate::sql::ir::{CheckKind, Expr, ExprKind, JoinKind, PolicyChecks, Rel, RowCheck, Scan};
use crate::sql::privilege;
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// What a statement may do to rows of its target, for the checks that policies ask for.
#[derive(Clone, Copy, Default)]
pub(super) struct Writes {
    pub insert: bool,
    pub update: bool,
    /// ON CONFLICT DO UPDATE: the rows that are there.
    pub conflict: bool,
    pub merge_update: bool,
    pub merge_delete: bool,
    pub is_merge: bool,
    /// Columns of the target are read, in RETURNING or elsewhere.
    pub reads: bool,
}

impl Binder<'_> {
    /// The role whose policies hold for a table that is used with the rights of `role`;
    /// none if no policy does.
    pub(super) fn policy_role(
        &mut self,
        relation: &Relation,
        role: Option<Oid>,
    ) -> Result<Option<Arc<Role>>> {
        let is_definition = self.names.are_recorded() || self.is_describing();
        if !relation.row_security.enabled || is_definition || self.is_kept {
            return Ok(None);
        }
        self.depends_on_role = true;
        let role = match role {
            Some(role) => self.catalog.role(role).cloned(),
            None => Some(Arc::new(privilege::current_role(self.eval)?.clone())),
        };
        let Some(role) = role else { return Ok(None) };
        match self.catalog.row_security(relation, &role) {
            RowSecurityState::Off => Ok(None),
            RowSecurityState::Applies { is_owner } if !self.eval.settings.row_security => {
                Err(privilege::affected_by_policies(relation, is_owner))
            }
            RowSecurityState::Applies { .. } => Ok(Some(role)),
        }
    }

    /// What a scan of a table answers under its policies for SELECT.
    pub(super) fn secured_scan(&mut self, relation: &Arc<Relation>, scan: Scan) -> Result<Rel> {
        if self.unsecured == Some(relation.oid) {
            self.unsecured = None;
            return Ok(Rel::Scan(scan));
        }
        let conditions = self.using_conditions(relation, &scan, &[PolicyCommand::Select])?;
        Ok(match all_of(conditions) {
            Some(predicate) => barrier(Rel::Scan(scan), predicate),
            None => Rel::Scan(scan),
        })
    }

    /// The USING conditions for some commands, over a scan of the table.
    pub(super) fn using_conditions(
        &mut self,
        relation: &Arc<Relation>,
        scan: &Scan,
        commands: &[PolicyCommand],
    ) -> Result<Vec<Expr>> {
        let role = self.check_as;
        self.using_conditions_as(relation, scan, commands, role)
    }

    fn using_conditions_as(
        &mut self,
        relation: &Arc<Relation>,
        scan: &Scan,
        commands: &[PolicyCommand],
        role: Option<Oid>,
    ) -> Result<Vec<Expr>> {
        let Some(user) = self.policy_role(relation, role)? else { return Ok(Vec::new()) };
        let outer = std::mem::replace(&mut self.check_as, role);
        let conditions = self.within_policies(relation, |binder| {
            let mut conditions: Vec<Expr> = Vec::new();
            for command in commands {
                let policies = binder.catalog.policies_for(relation, *command, &user);
                for condition in binder.using(&policies, relation, scan)? {
                    if !conditions.iter().any(|known| same(known, &condition)) {
                        conditions.push(condition);
                    }
                }
            }
            Ok(conditions)
        });
        self.check_as = outer;
        conditions
    }

    /// As [`Binder::using_conditions`], for the table that a statement writes to.
    pub(super) fn target_conditions(
        &mut self,
        target: &Target,
        scan: &Scan,
        commands: &[PolicyCommand],
    ) -> Result<Vec<Expr>> {
        let written = target.written(self.check_as, &[]);
        let role = written.last().and_then(|(_, role, _)| *role);
        self.using_conditions_as(&target.relation, scan, commands, role)
    }

    /// Restrictive conditions each, then the permissive ones together.
    fn using(
        &mut self,
        policies: &Policies,
        relation: &Arc<Relation>,
        scan: &Scan,
    ) -> Result<Vec<Expr>> {
        let of = |binder: &mut Self, policies: &[Arc<Policy>]| -> Result<Vec<Expr>> {
            let kept = policies.iter().filter_map(|policy| policy.using.as_ref());
            kept.map(|condition| binder.policy_condition(condition, relation, scan)).collect()
        };
        let permissive = of(self, &policies.permissive)?;
        if permissive.is_empty() {
            return Ok(vec![constant(Datum::Bool(false), BOOL)]);
        }
        let mut conditions = of(self, &policies.restrictive)?;
        conditions.push(any_of(permissive));
        Ok(conditions)
    }

    /// The conditions on rows that a statement writes to a target.
    pub(super) fn policy_checks(
        &mut self,
        target: &Target,
        writes: Writes,
    ) -> Result<PolicyChecks> {
        let mut checks = PolicyChecks::default();
        let relation = &target.relation;
        let written = target.written(self.check_as, &[]);
        let role = written.last().and_then(|(_, role, _)| *role);
        let Some(user) = self.policy_role(relation, role)? else { return Ok(checks) };
        let outer = std::mem::replace(&mut self.check_as, role);
        let answer = self.within_policies(relation, |binder| {
            use PolicyCommand::{Delete, Insert, Select, Update};
            let mut add = |into: &mut Vec<RowCheck>, command, forced, kind| {
                binder.add_checks(into, relation, &user, (command, forced), kind)
            };
            let (new, target, conflict) = (Tested::New, Tested::Target, Tested::Conflict);
            if writes.insert {
                add(&mut checks.insert, Insert, false, new)?;
                if writes.reads && !writes.is_merge {
                    add(&mut checks.insert, Select, true, new)?;
                }
            }
            if writes.update || writes.conflict || writes.merge_update {
                add(&mut checks.update, Update, false, new)?;
                if writes.reads {
                    add(&mut checks.update, Select, true, new)?;
                }
            }
            if writes.conflict {
                add(&mut checks.update_target, Update, true, conflict)?;
                if writes.reads {
                    add(&mut checks.update_target, Select, true, conflict)?;
                }
            }
            if writes.merge_update {
                add(&mut checks.update_target, Update, true, target)?;
            }
            if writes.merge_delete {
                add(&mut checks.delete_target, Delete, true, target)?;
            }
            Ok(())
        });
        self.check_as = outer;
        answer.map(|()| checks)
    }

    /// Adds what the policies for a command ask; `forced`: their USING even where they
    /// have a WITH CHECK.
    fn add_checks(
        &mut self,
        into: &mut Vec<RowCheck>,
        relation: &Arc<Relation>,
        user: &Role,
        (command, forced): (PolicyCommand, bool),
        tested: Tested,
    ) -> Result<()> {
        let policies = self.catalog.policies_for(relation, command, user);
        let kept = |policy: &Policy| match forced {
            true => policy.using.clone(),
            false => policy.check.clone().or_else(|| policy.using.clone()),
        };
        let kind = |policy: Option<&str>| CheckKind::Policy {
            table: relation.name.clone(),
            policy: policy.map(str::to_owned),
            is_target: tested == Tested::Target,
            is_using: tested != Tested::New,
        };
        let permissive: Vec<PolicyCondition> =
            policies.permissive.iter().filter_map(|policy| kept(policy)).collect();
        let scan = self.scan(relation);
        if permissive.is_empty() {
            push(into, kind(None), &scan, constant(Datum::Bool(false), BOOL));
            return Ok(());
        }
        let alternatives: Result<Vec<Expr>> = permissive
            .iter()
            .map(|condition| self.policy_condition(condition, relation, &scan))
            .collect();
        push(into, kind(None), &scan, any_of(alternatives?));
        for policy in &policies.restrictive {
            let Some(condition) = kept(policy) else { continue };
            let scan = self.scan(relation);
            let predicate = self.policy_condition(&condition, relation, &scan)?;
            push(into, kind(Some(&policy.name)), &scan, predicate);
        }
        Ok(())
    }

    /// A policy whose condition reads its own table never comes to an end.
    fn within_policies<T>(
        &mut self,
        relation: &Relation,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        if self.securing.contains(&relation.oid) {
            return Err(Error::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                format!("infinite recursion detected in policy for relation \"{}\"", relation.name),
            ));
        }
        self.securing.push(relation.oid);
        let answer = work(self);
        self.securing.pop();
        answer
    }

    /// A policy's condition over a scan of its table.
    fn policy_condition(
        &mut self,
        condition: &PolicyCondition,
        relation: &Arc<Relation>,
        scan: &Scan,
    ) -> Result<Expr> {
        let query = Relation {
            kind: RelationKind::View(condition.query.clone()),
            materialized: None,
            ..(**relation).clone()
        };
        // What the condition reads of its own table takes no privilege.
        let before = self.permissions.of(relation.oid, self.check_as).clone();
        let outer = self.unsecured.replace(relation.oid);
        let query = self.view_query(&Arc::new(query));
        self.unsecured = outer;
        *self.permissions.of(relation.oid, self.check_as) = before;
        let query = query?;
        let mut below = Below::default();
        let found = below.collapse(&query.rel);
        let found = found.ok_or_else(|| Error::internal("a policy that is no condition"))?;
        let output = query.output.first().and_then(|column| below.columns.get(&column.id));
        let mut expr = output.cloned().ok_or_else(|| Error::internal("an empty policy"))?;
        substitute(&mut expr, &Below::renumbered(found, scan));
        // A literal alone was of no type, and a query's columns have one.
        if expr.ty.oid == oid::TEXT && matches!(expr.kind, ExprKind::Const(_)) {
            expr.ty = SqlType::new(oid::UNKNOWN);
        }
        self.to_boolean(expr, "POLICY")
    }
}

/// Which version of a row is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tested {
    New,
    Target,
    Conflict,
}

fn push(into: &mut Vec<RowCheck>, kind: CheckKind, scan: &Scan, predicate: Expr) {
    let read = columns_of(&predicate);
    let mut row = scan.columns.clone();
    row.retain(|(_, column)| read.contains(&column.id));
    into.push(RowCheck { kind, row, predicate });
}

fn any_of(mut conditions: Vec<Expr>) -> Expr {
    match conditions.len() {
        1 => conditions.remove(0),
        _ => bool_expr(ExprKind::Or(conditions), -1),
    }
}

/// Rows that a condition hides are hidden from everything above, its functions too.
pub(super) fn barrier(rows: Rel, predicate: Expr) -> Rel {
    let filtered = Rel::Filter { input: Box::new(rows), predicate };
    Rel::Barrier { input: Box::new(filtered) }
}

/// Puts conditions that tell nothing below the barriers whose columns they read, where
/// an index may serve them; answers what is left of the predicate.
pub(super) fn below_barriers(mut input: Rel, predicate: Expr) -> (Rel, Option<Expr>) {
    if !has_barrier(&input) {
        return (input, Some(predicate));
    }
    let conjuncts = match predicate.kind {
        ExprKind::And(list) => list,
        _ => vec![predicate],
    };
    let left = conjuncts
        .into_iter()
        .filter_map(|conjunct| match is_leakproof(&conjunct) {
            true => put_below(&mut input, conjunct),
            false => Some(conjunct),
        })
        .collect();
    (input, all_of(left))
}

fn has_barrier(rel: &Rel) -> bool {
    match rel {
        Rel::Barrier { .. } => true,
        Rel::Join { kind: JoinKind::Inner, left, right, .. } => {
            has_barrier(left) || has_barrier(right)
        }
        _ => false,
    }
}

/// Puts a condition below a barrier; answers it if there is none for it.
fn put_below(rel: &mut Rel, condition: Expr) -> Option<Expr> {
    match rel {
        Rel::Barrier { input } => {
            let read = columns_of(&condition);
            let known = columns(input);
            if read.is_empty() || !read.iter().all(|id| known.iter().any(|c| c.id == *id)) {
                return Some(condition);
            }
            let below = std::mem::replace(&mut **input, Rel::OneRow);
            **input = filtered_further(below, condition);
            None
        }
        Rel::Join { kind: JoinKind::Inner, left, right, .. } => {
            put_below(left, condition).and_then(|condition| put_below(right, condition))
        }
        _ => Some(condition),
    }
}

/// Whether nothing but its truth tells what an expression was called with.
fn is_leakproof(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Column(_) => true,
        ExprKind::Call(call) => {
            call.function.options.leakproof && call.args.iter().all(is_leakproof)
        }
        ExprKind::Relabel(arg)
        | ExprKind::Not(arg)
        | ExprKind::IsNull(arg)
        | ExprKind::IsNotNull(arg)
        | ExprKind::BoolTest { arg, .. } => is_leakproof(arg),
        ExprKind::And(args) | ExprKind::Or(args) => args.iter().all(is_leakproof),
        _ => false,
    }
}
