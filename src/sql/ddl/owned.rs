//! DROP OWNED and REASSIGN OWNED: everything that a role owns, and its privileges.

use std::sync::Arc;

use super::Ddl;
use crate::catalog::{
    Database, ExtendedStatistics, Extension, Object, ObjectAddress, Relation, RelationKind, Role,
    Schema, Type, relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};
use crate::sqlstate;

impl Ddl<'_> {
    pub async fn drop_owned(&mut self, statement: &ast::DropOwnedStmt) -> Result<&'static str> {
        let roles = self.owning_roles(&statement.roles, "drop")?;
        // Databases stay, as in PostgreSQL.
        let targets: Vec<ObjectAddress> = roles
            .iter()
            .flat_map(|role| self.owned_objects(role.oid))
            .filter(|address| address.class != relation_oid::PG_DATABASE)
            .collect();
        let mut targets = targets;
        for role in &roles {
            self.revoke_everything_from(role)?;
            self.revoke_large_objects_from(role.oid).await?;
            // A role may be named twice.
            let owned = self.owned_large_objects(role.oid)?;
            let new: Vec<_> = owned.into_iter().filter(|it| !targets.contains(it)).collect();
            targets.extend(new);
        }
        self.drop_addresses(&targets, statement.behavior()).await?;
        Ok("DROP OWNED")
    }

    pub async fn reassign_owned(
        &mut self,
        statement: &ast::ReassignOwnedStmt,
    ) -> Result<&'static str> {
        let roles = self.owning_roles(&statement.roles, "reassign")?;
        let spec = statement.newrole.as_ref();
        let new = self.role_of(spec.ok_or_else(|| Error::syntax("REASSIGN OWNED to nobody"))?)?;
        let current = self.current_role()?;
        if !self.work.catalog.has_privileges_of(&current, new.oid) {
            return Err(denied("reassign"));
        }
        for role in &roles {
            for address in self.owned_objects(role.oid) {
                self.set_owner(address, new.oid)?;
            }
            for address in self.owned_large_objects(role.oid)? {
                self.give_large_object(address.oid, new.oid).await?;
            }
        }
        Ok("REASSIGN OWNED")
    }

    fn owning_roles(&self, nodes: &[ast::Node], verb: &str) -> Result<Vec<Arc<Role>>> {
        let mut roles = Vec::new();
        for node in nodes {
            let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
            let role = self.role_of(spec)?;
            let current = self.current_role()?;
            if !self.work.catalog.has_privileges_of(&current, role.oid) {
                return Err(denied(verb));
            }
            if role.oid < oid::FIRST_NORMAL {
                return Err(Error::new(
                    sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                    format!(
                        "cannot {verb} {} owned by role {} because they are required by the \
                         database system",
                        if verb == "drop" { "objects" } else { "ownership of objects" },
                        role.name
                    ),
                ));
            }
            roles.push(role);
        }
        Ok(roles)
    }

    /// What a role owns, parts of other objects left out.
    pub(super) fn owned_objects(&self, role: Oid) -> Vec<ObjectAddress> {
        let catalog = &self.work.catalog;
        let is_part = |relation: &Relation| match &relation.kind {
            // Of a composite type, which stands for both.
            RelationKind::Index(_) | RelationKind::Composite => true,
            RelationKind::Sequence(sequence) => sequence.owned_by.is_some(),
            _ => false,
        };
        let relations = catalog.relations().filter(|r| r.owner == role && !is_part(r));
        let types = catalog.types().filter(|ty| {
            ty.owner == role
                && !ty.is_true_array()
                && !matches!(ty.kind, crate::catalog::TypeKind::Composite { relation }
                    if catalog.relation(relation).is_some_and(|r| !matches!(r.kind, RelationKind::Composite)))
        });
        relations
            .map(|relation| relation.address())
            .chain(types.map(|ty| ObjectAddress::type_(ty.oid)))
            .chain(catalog.functions().filter(|f| f.owner == role).map(|f| f.address()))
            .chain(catalog.schemas().filter(|s| s.owner == role).map(|s| s.address()))
            .chain(catalog.databases().filter(|d| d.owner == role).map(|d| d.address()))
            .chain(catalog.extensions().filter(|e| e.owner == role).map(|e| e.address()))
            .chain(
                catalog.all_extended_statistics().filter(|s| s.owner == role).map(|s| s.address()),
            )
            .collect()
    }

    fn set_owner(&mut self, address: ObjectAddress, owner: Oid) -> Result<()> {
        let catalog = self.work.catalog.clone();
        match address.class {
            relation_oid::PG_CLASS => {
                let relation = self.relation(address.oid)?;
                self.set_relation_owner(&relation, owner)?;
            }
            relation_oid::PG_TYPE => {
                if let Some(ty) = catalog.type_(address.oid) {
                    self.put(Type { owner, ..(**ty).clone() });
                }
            }
            relation_oid::PG_PROC => {
                if let Some(function) = catalog.function(address.oid) {
                    let function = crate::catalog::Function { owner, ..(**function).clone() };
                    self.put(Object::Function(Arc::new(function)));
                }
            }
            relation_oid::PG_NAMESPACE => {
                if let Some(schema) = catalog.schema(address.oid) {
                    self.put(Schema { owner, ..(**schema).clone() });
                }
            }
            relation_oid::PG_STATISTIC_EXT => {
                if let Some(found) = catalog.extended_statistics(address.oid) {
                    self.put(ExtendedStatistics { owner, ..(**found).clone() });
                }
            }
            relation_oid::PG_DATABASE => {
                if let Some(found) = catalog.database(address.oid) {
                    self.put(Database { owner, ..(**found).clone() });
                }
            }
            relation_oid::PG_EXTENSION => {
                if let Some(found) = catalog.extension(address.oid) {
                    self.put(Extension { owner, ..(**found).clone() });
                }
            }
            _ => return Err(Error::unsupported("REASSIGN OWNED of this kind of object")),
        }
        Ok(())
    }
}

fn denied(verb: &str) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied to {verb} objects"))
}
