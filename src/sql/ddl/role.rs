//! Roles: CREATE, ALTER and DROP ROLE, and membership.
//!
//! A password is turned into a SCRAM verifier here and never stored.

use std::sync::Arc;

use super::Ddl;
use super::options::{boolean, conflicting, integer, options, string};
use crate::auth::scram;
use crate::catalog::{AclItem, Membership, ObjectAddress, ObjectClass, Role, relation_oid};
use crate::error::{Error, Result, Severity};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{self, Oid, OutputContext, Repr, SqlType, oid};
use crate::sqlstate;

impl Ddl<'_> {
    pub fn create_role(&mut self, statement: &ast::CreateRoleStmt) -> Result<&'static str> {
        self.require_may_create_role(&statement.options)?;
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
            memberships: Vec::new(),
        };
        self.set_role_options(&mut role, &statement.options)?;
        let oid = role.oid;
        self.put(role);
        self.set_members(oid, &statement.options, true)?;
        Ok("CREATE ROLE")
    }

    pub fn alter_role(&mut self, statement: &ast::AlterRoleStmt) -> Result<&'static str> {
        let spec = statement.role.as_ref().ok_or_else(|| Error::syntax("role without a name"))?;
        let role = self.role_of(spec)?;
        self.require_may_alter_role(&role, &statement.options)?;
        let mut role = (*role).clone();
        self.set_role_options(&mut role, &statement.options)?;
        let oid = role.oid;
        self.put(role);
        self.set_members(oid, &statement.options, statement.action >= 0)?;
        Ok("ALTER ROLE")
    }

    pub fn drop_role(&mut self, statement: &ast::DropRoleStmt) -> Result<&'static str> {
        self.require_may_drop_roles()?;
        for node in &statement.roles {
            let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
            if spec.roletype() != ast::RoleSpecType::RolespecCstring {
                return Err(Error::new(
                    sqlstate::INVALID_PARAMETER_VALUE,
                    "cannot use special role specifier in DROP ROLE",
                ));
            }
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
                member.memberships.retain(|known| known.group != role.oid);
                self.put(member);
            }
            let address = ObjectAddress::new(relation_oid::PG_AUTHID, role.oid);
            self.remove_annotations(address);
            let settings = self.work.catalog.all_settings().filter(|it| it.role == role.oid);
            let settings: Vec<Oid> = settings.map(|settings| settings.oid).collect();
            settings.into_iter().for_each(|oid| self.remove(ObjectClass::Settings, oid));
            self.remove(ObjectClass::Role, role.oid);
        }
        Ok("DROP ROLE")
    }

    pub fn grant_role(&mut self, statement: &ast::GrantRoleStmt) -> Result<&'static str> {
        let option = membership_option(&statement.opt)?;
        // REVOKE does not look at its GRANTED BY.
        let grantor = match &statement.grantor {
            Some(spec) if statement.is_grant => self.role_of(spec)?,
            _ => self.current_role()?,
        };
        for granted in &statement.granted_roles {
            let Some(NodeEnum::AccessPriv(granted)) = &granted.node else { continue };
            let granted = self.role_by_name(&granted.priv_name)?;
            self.require_admin_of(&granted)?;
            for grantee in &statement.grantee_roles {
                let Some(NodeEnum::RoleSpec(spec)) = &grantee.node else { continue };
                let grantee = self.role_of(spec)?;
                match statement.is_grant {
                    true => self.add_member(&granted, &grantee, &grantor, option)?,
                    false => self.remove_member(&granted, &grantee, option),
                }
            }
        }
        Ok(if statement.is_grant { "GRANT ROLE" } else { "REVOKE ROLE" })
    }

    /// Makes a role a member of another; with `admin` it may make others so.
    fn add_member(
        &mut self,
        granted: &Role,
        grantee: &Role,
        grantor: &Role,
        admin: Option<bool>,
    ) -> Result<()> {
        for (role, what) in
            [(granted, "cannot have explicit members"), (grantee, "cannot be a member of any role")]
        {
            if role.name == "pg_database_owner" {
                return Err(Error::internal(format!("role \"{}\" {what}", role.name)));
            }
        }
        self.require_no_cycle(granted, grantee)?;
        let mut member = grantee.clone();
        let known = member.memberships.iter().find(|known| known.group == granted.oid).copied();
        let is_member = member.member_of.contains(&granted.oid);
        let has_admin = known.is_some_and(|known| known.admin);
        let admin = admin == Some(true);
        if is_member && (has_admin || !admin) {
            self.notice(format!(
                "role \"{}\" is already a member of role \"{}\"",
                grantee.name, granted.name
            ));
            return Ok(());
        }
        if !is_member {
            member.member_of.push(granted.oid);
        }
        member.memberships.retain(|known| known.group != granted.oid);
        let membership = Membership { group: granted.oid, grantor: grantor.oid, admin };
        member.memberships.push(membership);
        self.put(member);
        Ok(())
    }

    /// Ends a membership; with `admin` only the right to admit others.
    fn remove_member(&mut self, granted: &Role, grantee: &Role, admin: Option<bool>) {
        if !grantee.member_of.contains(&granted.oid) {
            self.report(Error::notice(
                Severity::Warning,
                format!("role \"{}\" is not a member of role \"{}\"", grantee.name, granted.name),
            ));
            return;
        }
        let mut member = grantee.clone();
        if admin.is_some() {
            let known = member.memberships.iter_mut().find(|known| known.group == granted.oid);
            known.into_iter().for_each(|known| known.admin = false);
        } else {
            member.member_of.retain(|oid| *oid != granted.oid);
            member.memberships.retain(|known| known.group != granted.oid);
        }
        self.put(member);
    }

    /// Superusers may admit to every role, CREATEROLE to those of no superuser, others
    /// where they have the admin option.
    fn require_admin_of(&self, role: &Role) -> Result<()> {
        let current = self.current_role()?;
        if current.superuser {
            return Ok(());
        }
        if role.superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "must be superuser to alter superusers",
            ));
        }
        let catalog = &self.work.catalog;
        let has_option = |oid: Oid| {
            catalog.role(oid).is_some_and(|member| {
                member.memberships.iter().any(|known| known.group == role.oid && known.admin)
            })
        };
        if current.create_role || catalog.inherited_roles(&current).into_iter().any(has_option) {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("must have admin option on role \"{}\"", role.name),
        ))
    }

    /// IN ROLE, ROLE and ADMIN of CREATE ROLE; ADD USER and DROP USER of ALTER GROUP.
    fn set_members(&mut self, role: Oid, nodes: &[ast::Node], adds: bool) -> Result<()> {
        let grantor = self.current_role()?;
        for option in options(nodes) {
            let admin = match option.defname.as_str() {
                "rolemembers" | "addroleto" => None,
                "adminmembers" => Some(true),
                _ => continue,
            };
            let Some(NodeEnum::List(list)) = option.arg.as_ref().and_then(|n| n.node.as_ref())
            else {
                continue;
            };
            for node in &list.items {
                let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
                let (this, other) = (self.role_by_oid(role)?, self.role_of(spec)?);
                let (granted, grantee) = match option.defname.as_str() {
                    "addroleto" => (other, this),
                    _ => (this, other),
                };
                self.require_admin_of(&granted)?;
                match adds {
                    true => self.add_member(&granted, &grantee, &grantor, admin)?,
                    false => self.remove_member(&granted, &grantee, admin),
                }
            }
        }
        Ok(())
    }

    fn role_by_oid(&self, oid: Oid) -> Result<Arc<Role>> {
        let role = self.work.catalog.role(oid).cloned();
        role.ok_or_else(|| Error::internal(format!("cache lookup failed for role {oid}")))
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

    pub(super) fn role_by_name(&self, name: &str) -> Result<Arc<Role>> {
        self.work.catalog.role_named(name).cloned().ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))
        })
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
        let path = &self.ctx.eval.settings.search_path;
        let owned = |address| format!("owner of {}", catalog.describe(path, address));
        let mut found: Vec<(Oid, String)> = self
            .owned_objects(role.oid)
            .into_iter()
            .map(|address| (address.oid, owned(address)))
            .chain(self.privileges_of(role))
            .chain(self.policies_for(role))
            .chain(self.large_objects_using(role.oid)?)
            .collect();
        found.sort_by_key(|(oid, _)| *oid);
        let mut details: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
        details.extend(self.elsewhere(role)?);
        if details.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
            format!("role \"{}\" cannot be dropped because some objects depend on it", role.name),
        )
        .with_detail(details.join("\n")))
    }

    /// What depends on a role in other databases, counted.
    fn elsewhere(&self, role: &Role) -> Result<Vec<String>> {
        let cluster = crate::catalog::cluster(&self.work.txn.newest().attachment);
        let others = cluster.catalogs().filter(|it| it.database != self.work.catalog.database);
        let mut said = Vec::new();
        for catalog in others {
            let large_objects = self.large_objects_of(catalog.database, role.oid)?;
            let count = catalog.uses_of_role(role.oid) + large_objects.len();
            let Some(database) = catalog.database(catalog.database) else { continue };
            match count {
                0 => {}
                1 => said.push(format!("1 object in database {}", database.name)),
                count => said.push(format!("{count} objects in database {}", database.name)),
            }
        }
        Ok(said)
    }

    /// The policies that name a role.
    fn policies_for(&self, role: &Role) -> Vec<(Oid, String)> {
        let catalog = &self.work.catalog;
        let path = &self.ctx.eval.settings.search_path;
        catalog
            .policies()
            .filter(|policy| policy.roles.contains(&role.oid))
            .map(|policy| {
                let text = catalog.describe(path, policy.address());
                (policy.oid, format!("target of {text}"))
            })
            .collect()
    }

    /// Where a role is mentioned in access control lists and default privileges.
    fn privileges_of(&self, role: &Role) -> Vec<(Oid, String)> {
        let catalog = &self.work.catalog;
        let path = &self.ctx.eval.settings.search_path;
        let mentions = |items: &[AclItem]| {
            items.iter().any(|item| item.grantee == role.oid || item.grantor == role.oid)
        };
        let lists = catalog.access_lists().filter(|list| {
            let owner = catalog.guarded(list.on).map(|guarded| guarded.owner);
            mentions(&list.items) && owner != Some(role.oid)
        });
        let text = |on: ObjectAddress| format!("privileges for {}", catalog.describe(path, on));
        let mut found: Vec<(Oid, String)> =
            lists.map(|list| (list.on.oid, text(list.on.whole()))).collect();
        found.dedup();
        for defaults in catalog.all_default_privileges() {
            let what = match defaults.kind {
                'r' => "relations",
                'S' => "sequences",
                'f' => "functions",
                'T' => "types",
                _ => "schemas",
            };
            let place = match catalog.schema(defaults.schema) {
                Some(schema) => format!(" in schema {}", schema.name),
                None => String::new(),
            };
            let belongs = catalog.role(defaults.role).map_or("", |role| &role.name);
            let object =
                format!("default privileges on new {what} belonging to role {belongs}{place}");
            if defaults.role == role.oid {
                found.push((defaults.oid, format!("owner of {object}")));
            } else if mentions(&defaults.items) {
                found.push((defaults.oid, format!("privileges for {object}")));
            }
        }
        found
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

    /// VALID UNTIL as the catalog stores it: the text form in UTC.
    fn valid_until(&self, option: &ast::DefElem) -> Result<Option<String>> {
        let Some(text) = string(option) else { return Ok(None) };
        let ty = SqlType::new(oid::TIMESTAMPTZ);
        let until = types::text_input(text, ty, &Repr::TimestampTz, &self.eval().input())?;
        Ok(Some(types::to_text(&until, ty.oid, &OutputContext::default())))
    }

    fn set_role_option(&self, role: &mut Role, option: &ast::DefElem) -> Result<()> {
        match option.defname.as_str() {
            "password" => role.verifier = verifier(string(option))?,
            "superuser" => role.superuser = boolean(option)?,
            "inherit" => role.inherit = boolean(option)?,
            "createrole" => role.create_role = boolean(option)?,
            "createdb" => role.create_db = boolean(option)?,
            "canlogin" => role.login = boolean(option)?,
            "isreplication" => role.replication = boolean(option)?,
            "bypassrls" => role.bypass_rls = boolean(option)?,
            "connectionlimit" => role.connection_limit = connection_limit(option)?,
            "validUntil" => role.valid_until = self.valid_until(option)?,
            // Memberships are made once the role is there.
            "rolemembers" | "adminmembers" | "addroleto" => {}
            other => return Err(Error::unsupported(format!("role option \"{other}\""))),
        }
        Ok(())
    }
}

fn connection_limit(option: &ast::DefElem) -> Result<i32> {
    let limit = integer(option)?;
    i32::try_from(limit).ok().filter(|limit| *limit >= -1).ok_or_else(|| {
        let message = format!("invalid connection limit: {limit}");
        Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
    })
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

/// WITH ADMIN OPTION, or ADMIN OPTION FOR: what it says, if it is there.
fn membership_option(nodes: &[ast::Node]) -> Result<Option<bool>> {
    let mut found = None;
    for option in options(nodes) {
        match option.defname.as_str() {
            "admin" => found = Some(boolean(option)?),
            other => return Err(Error::unsupported(format!("GRANT role WITH {other}"))),
        }
    }
    Ok(found)
}
