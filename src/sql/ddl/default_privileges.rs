//! ALTER DEFAULT PRIVILEGES, and what new objects get of them; owners' changes.

use super::grant::{Change, asked_bits, invalid_privilege};
use super::{Ddl, strings};
use crate::catalog::acl::{AclItem, AclKind, acl_of_new_owner};
use crate::catalog::{
    Catalog, DefaultPrivileges, Object, ObjectAddress, ObjectClass, Role, relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

impl Ddl<'_> {
    pub fn alter_default_privileges(
        &mut self,
        statement: &ast::AlterDefaultPrivilegesStmt,
    ) -> Result<&'static str> {
        let action = statement.action.as_ref();
        let action = action.ok_or_else(|| Error::syntax("nothing is granted or revoked"))?;
        let kind = default_kind(action.objtype())?;
        let (roles, schemas) = self.default_scope(&statement.options)?;
        if kind == AclKind::Schema && !schemas.is_empty() {
            return Err(Error::new(
                sqlstate::INVALID_GRANT_OPERATION,
                "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS",
            ));
        }
        let change = self.acl_change(action)?;
        let bits = match asked_bits(&action.privileges)? {
            None => kind.all(),
            Some(bits) if bits & !kind.all() == 0 => bits,
            Some(bits) => return Err(invalid_privilege(bits & !kind.all(), kind.word())),
        };
        let schemas = if schemas.is_empty() { vec![oid::INVALID] } else { schemas };
        for role in roles {
            for schema in &schemas {
                self.change_defaults(role, *schema, kind, bits, &change)?;
            }
        }
        Ok("ALTER DEFAULT PRIVILEGES")
    }

    /// FOR ROLE and IN SCHEMA; without a role it is the current one.
    fn default_scope(&self, options: &[ast::Node]) -> Result<(Vec<Oid>, Vec<Oid>)> {
        let (mut roles, mut schemas) = (Vec::new(), Vec::new());
        for option in super::options::options(options) {
            let Some(NodeEnum::List(list)) = option.arg.as_ref().and_then(|n| n.node.as_ref())
            else {
                continue;
            };
            if option.defname == "schemas" {
                for name in strings(&list.items) {
                    schemas.push(self.schema_named(name)?);
                }
                continue;
            }
            for node in &list.items {
                let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
                let role = self.role_of(spec)?.oid;
                let current = self.current_role()?;
                if !self.work.catalog.has_privileges_of(&current, role) {
                    return Err(Error::new(
                        sqlstate::INSUFFICIENT_PRIVILEGE,
                        format!("must be member of role \"{}\"", self.role_of(spec)?.name),
                    ));
                }
                roles.push(role);
            }
        }
        if roles.is_empty() {
            roles.push(self.current_role()?.oid);
        }
        Ok((roles, schemas))
    }

    fn change_defaults(
        &mut self,
        role: Oid,
        schema: Oid,
        kind: AclKind,
        bits: u32,
        change: &Change,
    ) -> Result<()> {
        let letter = kind.letter().ok_or_else(|| Error::internal("no defaults of this kind"))?;
        let known = self.work.catalog.defaults_of(role, schema, letter).cloned();
        // For one schema the items are added to the defaults of all.
        let plain = if schema == oid::INVALID { kind.default_items(role) } else { Vec::new() };
        let items = known.as_ref().map_or_else(|| plain.clone(), |known| known.items.clone());
        let items = self.changed_items(items, bits, role, role, change)?;
        let is_plain = same_items(&items, &plain);
        match (is_plain, known) {
            (true, Some(known)) => self.remove(ObjectClass::DefaultPrivileges, known.oid),
            (true, None) => {}
            (false, known) => {
                let oid = known.map_or_else(|| self.next_oid(), |known| known.oid);
                self.put(DefaultPrivileges { oid, role, schema, kind: letter, items });
            }
        }
        Ok(())
    }

    /// Gives the objects that a statement made their default privileges, and rewrites
    /// the lists of those that have got another owner.
    pub(super) fn settle_privileges(&mut self, before: &Catalog, made: usize) {
        let changed: Vec<ObjectAddress> = self.work.changes[made..]
            .iter()
            .filter_map(|change| change.object.as_ref())
            .filter_map(address_of)
            .collect();
        let mut done: Vec<ObjectAddress> = Vec::new();
        for on in changed {
            if done.contains(&on) {
                continue;
            }
            done.push(on);
            let Some(now) = self.work.catalog.guarded(on) else { continue };
            match before.guarded(on) {
                None => self.give_defaults(on, now.kind, now.owner),
                Some(old) if old.owner != now.owner => {
                    self.change_acl_owner(on, old.owner, now.owner);
                }
                Some(_) => {}
            }
        }
    }

    fn give_defaults(&mut self, on: ObjectAddress, kind: AclKind, owner: Oid) {
        let catalog = self.work.catalog.clone();
        let Some(letter) = kind.letter() else { return };
        if catalog.access_list_on(on).is_some() {
            return;
        }
        let schema = match on.class {
            relation_oid::PG_CLASS => catalog.relation(on.oid).map(|o| o.schema),
            relation_oid::PG_TYPE => catalog.type_(on.oid).map(|o| o.schema),
            relation_oid::PG_PROC => catalog.function(on.oid).map(|o| o.schema),
            _ => None,
        };
        let everywhere = catalog.defaults_of(owner, oid::INVALID, letter);
        let here = schema.and_then(|schema| catalog.defaults_of(owner, schema, letter));
        if everywhere.is_none() && here.is_none() {
            return;
        }
        let plain = kind.default_items(owner);
        let mut items = everywhere.map_or_else(|| plain.clone(), |found| found.items.clone());
        for item in here.iter().flat_map(|found| &found.items) {
            let same = |k: &&mut AclItem| k.grantee == item.grantee && k.grantor == item.grantor;
            match items.iter_mut().find(same) {
                Some(known) => known.bits |= item.bits,
                None => items.push(*item),
            }
        }
        if !same_items(&items, &plain) {
            self.put_acl(on, Some(items));
        }
    }

    fn change_acl_owner(&mut self, on: ObjectAddress, old: Oid, new: Oid) {
        let lists: Vec<_> = self
            .work
            .catalog
            .access_lists()
            .filter(|list| list.on.class == on.class && list.on.oid == on.oid)
            .cloned()
            .collect();
        for list in lists {
            let items = acl_of_new_owner(&list.items, old, new);
            self.put_acl(list.on, Some(items));
        }
    }

    /// Takes a role out of every list and of the default privileges.
    pub(super) fn revoke_everything_from(&mut self, role: &Role) -> Result<()> {
        let lists: Vec<_> = self.work.catalog.access_lists().cloned().collect();
        for list in lists {
            let owner = self.work.catalog.guarded(list.on).map_or(oid::INVALID, |g| g.owner);
            let mut items = list.items.clone();
            while let Some(item) =
                items.iter().copied().find(|i| i.grantee == role.oid && owner != role.oid)
            {
                items = self.work.catalog.acl_revoked(items, item, owner, true)?;
            }
            if items != list.items {
                self.put_acl(list.on, Some(items));
            }
        }
        self.forget_role_in_policies(role.oid);
        let defaults: Vec<_> = self.work.catalog.all_default_privileges().cloned().collect();
        for found in defaults {
            if found.role == role.oid {
                self.remove(ObjectClass::DefaultPrivileges, found.oid);
            } else if found.items.iter().any(|item| item.grantee == role.oid) {
                let mut kept = (*found).clone();
                kept.items.retain(|item| item.grantee != role.oid);
                self.put(kept);
            }
        }
        Ok(())
    }
}

impl Catalog {
    pub fn defaults_of(
        &self,
        role: Oid,
        schema: Oid,
        kind: char,
    ) -> Option<&std::sync::Arc<DefaultPrivileges>> {
        self.all_default_privileges()
            .find(|found| found.role == role && found.schema == schema && found.kind == kind)
    }
}

fn default_kind(kind: ast::ObjectType) -> Result<AclKind> {
    use ast::ObjectType as Kind;
    Ok(match kind {
        Kind::ObjectTable => AclKind::Table,
        Kind::ObjectSequence => AclKind::Sequence,
        Kind::ObjectFunction | Kind::ObjectRoutine | Kind::ObjectProcedure => AclKind::Function,
        Kind::ObjectType => AclKind::Type,
        Kind::ObjectSchema => AclKind::Schema,
        _ => return Err(Error::unsupported("default privileges of this kind of object")),
    })
}

fn same_items(a: &[AclItem], b: &[AclItem]) -> bool {
    let a: Vec<&AclItem> = a.iter().filter(|item| item.bits != 0).collect();
    a.len() == b.len() && a.iter().all(|item| b.contains(item))
}

/// An object that has privileges.
fn address_of(object: &Object) -> Option<ObjectAddress> {
    match object {
        Object::Relation(o) if o.is_index() => None,
        Object::Relation(o) => Some(o.address()),
        Object::Type(o) => Some(ObjectAddress::type_(o.oid)),
        Object::Function(o) => Some(o.address()),
        Object::Schema(o) => Some(o.address()),
        Object::Database(o) => Some(ObjectAddress::new(relation_oid::PG_DATABASE, o.oid)),
        _ => None,
    }
}
