//! Roles: CREATE, ALTER and DROP ROLE, and membership.
//!
//! A password is turned into a SCRAM verifier here and never stored.

use std::sync::Arc;

use super::Ddl;
use super::options::{boolean, conflicting, integer, options, string};
use crate::auth::scram;
use crate::catalog::{ObjectClass, RelationKind, Role};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

impl Ddl<'_> {
    pub fn create_role(&mut self, statement: &ast::CreateRoleStmt) -> Result<&'static str> {
        self.require_role_rights()?;
        let name = &statement.role;
        if name.starts_with("pg_") {
            return Err(Error::new(
                sqlstate::RESERVED_NAME,
                format!("role name \"{name}\" is reserved"),
            )
            .with_detail("Role names starting with \"pg_\" are reserved."));
        }
        if self.is_taken(ObjectClass::Role, 0, name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("role \"{name}\" already exists"),
            ));
        }
        let is_user = statement.stmt_type() == ast::RoleStmtType::RolestmtUser;
        let mut role = Role {
            oid: self.next_oid(),
            name: name.clone(),
            superuser: false,
            inherit: true,
            create_role: false,
            create_db: false,
            login: is_user,
            replication: false,
            bypass_rls: false,
            connection_limit: -1,
            verifier: None,
            valid_until: None,
            member_of: Vec::new(),
        };
        self.set_role_options(&mut role, &statement.options)?;
        self.put(role);
        Ok("CREATE ROLE")
    }

    pub fn alter_role(&mut self, statement: &ast::AlterRoleStmt) -> Result<&'static str> {
        let spec = statement.role.as_ref().ok_or_else(|| Error::syntax("role without a name"))?;
        let role = self.role_of(spec)?;
        let current = self.current_role()?;
        let only_password = options(&statement.options).all(|option| option.defname == "password");
        if !(only_password && current.oid == role.oid) {
            self.require_role_rights()?;
        }
        if role.superuser && !current.superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "must be superuser to alter superuser roles or change superuser attribute",
            ));
        }
        let mut role = (*role).clone();
        self.set_role_options(&mut role, &statement.options)?;
        self.put(role);
        Ok("ALTER ROLE")
    }

    pub fn drop_role(&mut self, statement: &ast::DropRoleStmt) -> Result<&'static str> {
        self.require_role_rights()?;
        for node in &statement.roles {
            let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
            if self.work.catalog.role_named(&spec.rolename).is_none() && statement.missing_ok {
                self.notice(format!("role \"{}\" does not exist, skipping", spec.rolename));
                continue;
            }
            let role = self.role_of(spec)?;
            self.require_droppable(&role)?;
            let members: Vec<_> = self.work.catalog.roles().cloned().collect();
            for member in members.iter().filter(|member| member.member_of.contains(&role.oid)) {
                let mut member = (**member).clone();
                member.member_of.retain(|oid| *oid != role.oid);
                self.put(member);
            }
            self.remove(ObjectClass::Role, role.oid);
        }
        Ok("DROP ROLE")
    }

    pub fn grant_role(&mut self, statement: &ast::GrantRoleStmt) -> Result<&'static str> {
        self.require_role_rights()?;
        if !statement.opt.is_empty() {
            return Err(Error::unsupported("GRANT role WITH option"));
        }
        for granted in &statement.granted_roles {
            let Some(NodeEnum::AccessPriv(granted)) = &granted.node else { continue };
            let granted = self.role_by_name(&granted.priv_name)?;
            for grantee in &statement.grantee_roles {
                let Some(NodeEnum::RoleSpec(spec)) = &grantee.node else { continue };
                let mut grantee = (*self.role_of(spec)?).clone();
                grantee.member_of.retain(|oid| *oid != granted.oid);
                if statement.is_grant {
                    self.require_no_cycle(&granted, &grantee)?;
                    grantee.member_of.push(granted.oid);
                }
                self.put(grantee);
            }
        }
        Ok(if statement.is_grant { "GRANT ROLE" } else { "REVOKE ROLE" })
    }

    /// The role a RoleSpec means: a name or CURRENT_USER and the like.
    pub fn role_of(&self, spec: &ast::RoleSpec) -> Result<Arc<Role>> {
        use ast::RoleSpecType as Kind;
        match spec.roletype() {
            Kind::RolespecCstring => self.role_by_name(&spec.rolename),
            Kind::RolespecSessionUser => self.role_by_name(&self.ctx.eval.settings.session_user),
            Kind::RolespecPublic => {
                Err(Error::new(sqlstate::RESERVED_NAME, "role name \"public\" is reserved"))
            }
            _ => self.current_role(),
        }
    }

    fn role_by_name(&self, name: &str) -> Result<Arc<Role>> {
        self.work.catalog.role_named(name).cloned().ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))
        })
    }

    fn require_role_rights(&self) -> Result<()> {
        let role = self.current_role()?;
        if role.superuser || role.create_role {
            return Ok(());
        }
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, "permission denied to create role"))
    }

    fn require_no_cycle(&self, granted: &Role, grantee: &Role) -> Result<()> {
        let mut pending = vec![granted.oid];
        while let Some(oid) = pending.pop() {
            if oid == grantee.oid {
                return Err(Error::new(
                    sqlstate::INVALID_GRANT_OPERATION,
                    format!("role \"{}\" is a member of role \"{}\"", granted.name, grantee.name),
                ));
            }
            pending.extend(self.work.catalog.role(oid).iter().flat_map(|role| &role.member_of));
        }
        Ok(())
    }

    fn require_droppable(&self, role: &Role) -> Result<()> {
        let current = self.current_role()?;
        if role.oid == current.oid {
            return Err(Error::new(sqlstate::OBJECT_IN_USE, "current user cannot be dropped"));
        }
        let catalog = &self.work.catalog;
        let owned_relations = catalog.relations().filter(|relation| {
            relation.owner == role.oid && !matches!(relation.kind, RelationKind::Index(_))
        });
        let details: Vec<String> = owned_relations
            .map(|relation| {
                format!("owner of {} {}", relation.kind_word(), relation.name)
            })
            .chain(
                catalog
                    .schemas()
                    .filter(|schema| schema.owner == role.oid)
                    .map(|schema| format!("owner of schema {}", schema.name)),
            )
            .collect();
        if details.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
            format!("role \"{}\" cannot be dropped because some objects depend on it", role.name),
        )
        .with_detail(details.join("\n")))
    }

    fn set_role_options(&self, role: &mut Role, nodes: &[ast::Node]) -> Result<()> {
        let mut seen = Vec::new();
        for option in options(nodes) {
            if seen.contains(&option.defname) {
                return Err(conflicting(option));
            }
            seen.push(option.defname.clone());
            self.set_role_option(role, option)?;
        }
        Ok(())
    }

    fn set_role_option(&self, role: &mut Role, option: &ast::DefElem) -> Result<()> {
        let needs_superuser =
            matches!(option.defname.as_str(), "superuser" | "isreplication" | "bypassrls");
        if needs_superuser && !self.current_role()?.superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "must be superuser to create superusers",
            ));
        }
        match option.defname.as_str() {
            "password" => role.verifier = verifier(string(option))?,
            "superuser" => role.superuser = boolean(option)?,
            "inherit" => role.inherit = boolean(option)?,
            "createrole" => role.create_role = boolean(option)?,
            "createdb" => role.create_db = boolean(option)?,
            "canlogin" => role.login = boolean(option)?,
            "isreplication" => role.replication = boolean(option)?,
            "bypassrls" => role.bypass_rls = boolean(option)?,
            "connectionlimit" if integer(option)? == -1 => role.connection_limit = -1,
            "connectionlimit" => return Err(Error::unsupported("CONNECTION LIMIT")),
            "validUntil" => role.valid_until = string(option).map(str::to_owned),
            other => return Err(Error::unsupported(format!("role option \"{other}\""))),
        }
        Ok(())
    }
}

/// A verifier from a password, or one that was made elsewhere (pg_dumpall).
fn verifier(password: Option<&str>) -> Result<Option<String>> {
    let Some(password) = password else { return Ok(None) };
    if password.starts_with("md5") && password.len() == 35 {
        return Err(Error::unsupported("MD5 password"));
    }
    if scram::Verifier::parse(password).is_some() {
        return Ok(Some(password.to_owned()));
    }
    Ok(Some(scram::stored_form(password)))
}
