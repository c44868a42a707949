//! Whether row-level security holds for a role that uses a table.

use super::{Catalog, Policy, PolicyCommand, Relation, Role};
use std::sync::Arc;

use crate::sql::types::oid;

/// What row-level security means for a role at a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowSecurityState {
    /// Nothing: the table has none, or the role is above it.
    Off,
    /// The table's policies decide.
    Applies { is_owner: bool },
}

/// The policies that decide about a command of a role.
#[derive(Default)]
pub struct Policies {
    /// One of these has to allow a row.
    pub permissive: Vec<Arc<Policy>>,
    /// All of these have to, in the order of their names.
    pub restrictive: Vec<Arc<Policy>>,
}

impl Catalog {
    pub fn row_security(&self, relation: &Relation, role: &Role) -> RowSecurityState {
        let security = relation.row_security;
        if !security.enabled || role.superuser || role.bypass_rls {
            return RowSecurityState::Off;
        }
        let is_owner = self.has_privileges_of(role, relation.owner);
        match is_owner && !security.forced {
            true => RowSecurityState::Off,
            false => RowSecurityState::Applies { is_owner },
        }
    }

    pub fn policies_for(
        &self,
        relation: &Relation,
        command: PolicyCommand,
        role: &Role,
    ) -> Policies {
        let is_for = |policy: &Policy| {
            let mut roles = policy.roles.iter();
            policy.command.covers(command)
                && roles.any(|oid| *oid == oid::INVALID || self.has_privileges_of(role, *oid))
        };
        let mut found = Policies::default();
        for policy in self.policies_of(relation.oid).into_iter().filter(|policy| is_for(policy)) {
            match policy.permissive {
                // PostgreSQL has them in the reverse order of their names.
                true => found.permissive.insert(0, policy),
                false => found.restrictive.push(policy),
            }
        }
        found
    }
}
