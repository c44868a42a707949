//! Who may read and change what.
//!
//! There are no grants yet: a relation is its owner's and the superusers', and
//! everybody may read the system relations, except those that hold secrets.

use crate::catalog::{Catalog, Relation, RelationKind, Role};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{Statement, visit};
use crate::sql::types::Oid;
use crate::sqlstate;

/// Checks every relation that a bound statement touches.
pub fn check_statement(statement: &Statement, eval: &EvalContext) -> Result<()> {
    let role = current_role(eval)?;
    if role.superuser {
        return Ok(());
    }
    let mut denied = None;
    visit::statement_scans(statement, &mut |scan| {
        if denied.is_none() && !may_use(role, &eval.catalog, &scan.relation) {
            denied = Some(scan.relation.clone());
        }
    });
    let target = match statement {
        Statement::Query(_) => None,
        Statement::Insert(insert) => Some(&insert.relation),
        Statement::Update(update) => Some(&update.target.relation),
        Statement::Delete(delete) => Some(&delete.target.relation),
    };
    let denied_target = target.filter(|relation| !may_use(role, &eval.catalog, relation));
    if let Some(relation) = denied_target.or(denied.as_ref()) {
        return Err(denied_on(relation));
    }
    let mut outcome = Ok(());
    visit::modifications(visit::statement_rel(statement), &mut |inner| {
        if outcome.is_ok() {
            outcome = check_statement(inner, eval);
        }
    });
    outcome
}

/// Checks one relation that a utility statement names.
pub fn check_relation(relation: &Relation, eval: &EvalContext) -> Result<()> {
    let role = current_role(eval)?;
    if role.superuser || may_use(role, &eval.catalog, relation) {
        return Ok(());
    }
    Err(denied_on(relation))
}

fn current_role(eval: &EvalContext) -> Result<&Role> {
    let name = &eval.settings.current_user;
    let role = eval.catalog.role_named(name);
    role.map(|role| &**role)
        .ok_or_else(|| Error::internal(format!("role \"{name}\" does not exist")))
}

/// Owned by the role or by one it is a member of; or a public system relation.
fn may_use(role: &Role, catalog: &Catalog, relation: &Relation) -> bool {
    if matches!(relation.kind, RelationKind::Virtual) {
        return relation.name != "pg_authid";
    }
    is_member(role, catalog, relation.owner)
}

/// Whether the role that runs a statement has what a predefined role may.
pub fn has_role(eval: &EvalContext, name: &str) -> Result<bool> {
    let role = current_role(eval)?;
    let wanted = eval.catalog.role_named(name);
    Ok(role.superuser || wanted.is_some_and(|wanted| is_member(role, &eval.catalog, wanted.oid)))
}

/// Whether a role is another, or a member of it, directly or through others.
fn is_member(role: &Role, catalog: &Catalog, of: Oid) -> bool {
    let mut pending = vec![role.oid];
    let mut seen = Vec::new();
    while let Some(oid) = pending.pop() {
        if oid == of {
            return true;
        }
        seen.push(oid);
        let more = catalog.role(oid).into_iter().flat_map(|role| &role.member_of);
        pending.extend(more.filter(|oid| !seen.contains(oid)));
    }
    false
}

fn denied_on(relation: &Relation) -> Error {
    let kind = match relation.kind {
        RelationKind::Composite => "type",
        RelationKind::View(_) => "view",
        RelationKind::Sequence(_) => "sequence",
        RelationKind::Index(_) => "index",
        RelationKind::Table | RelationKind::Virtual => "table",
    };
    Error::new(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!("permission denied for {kind} {}", relation.name),
    )
}
