//! Who may create, alter and drop roles: PostgreSQL 15's rules.
//!
//! CREATEROLE suffices for everything but what only a superuser has: the attributes
//! SUPERUSER, REPLICATION and BYPASSRLS, and roles that have the first two.

use super::Ddl;
use super::options::{boolean, options};
use crate::catalog::Role;
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sqlstate;

impl Ddl<'_> {
    pub(super) fn require_may_create_role(&self, nodes: &[ast::Node]) -> Result<()> {
        let current = self.current_role()?;
        for option in options(nodes).filter(|_| !current.superuser) {
            let what = match option.defname.as_str() {
                "superuser" => "superusers",
                "isreplication" => "replication users",
                "bypassrls" => "bypassrls users",
                _ => continue,
            };
            if boolean(option)? {
                return Err(denied(format!("must be superuser to create {what}")));
            }
        }
        match current.superuser || current.create_role {
            true => Ok(()),
            false => Err(denied("permission denied to create role")),
        }
    }

    pub(super) fn require_may_alter_role(&self, role: &Role, nodes: &[ast::Node]) -> Result<()> {
        let current = self.current_role()?;
        if current.superuser {
            return Ok(());
        }
        let names = |name: &str| options(nodes).any(|option| option.defname == name);
        let refused = if role.superuser || names("superuser") {
            "must be superuser to alter superuser roles or change superuser attribute"
        } else if role.replication || names("isreplication") {
            "must be superuser to alter replication roles or change replication attribute"
        } else if names("bypassrls") {
            "must be superuser to change bypassrls attribute"
        } else {
            let only_password = options(nodes).all(|option| option.defname == "password");
            return match current.create_role || (only_password && current.oid == role.oid) {
                true => Ok(()),
                false => Err(denied("permission denied")),
            };
        };
        Err(denied(refused))
    }

    pub(super) fn require_may_drop_roles(&self) -> Result<()> {
        let current = self.current_role()?;
        match current.superuser || current.create_role {
            true => Ok(()),
            false => Err(denied("permission denied to drop role")),
        }
    }
}

fn denied(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}
