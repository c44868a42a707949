//! Large objects in GRANT, REVOKE, COMMENT ON, OWNER TO, DROP OWNED, REASSIGN OWNED and
//! DROP ROLE. What they are otherwise, functions do (`sql::functions::large_object`).

use super::Ddl;
use super::grant::Named;
use crate::catalog::acl::{AclItem, AclKind, Guarded, acl_of_new_owner};
use crate::catalog::{ObjectAddress, relation_oid};
use crate::error::{Error, Result};
use crate::sql::functions::large_object::{denied_owner, missing};
use crate::sql::parse::NodeEnum;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::large_object::{self, Metadata};
use crate::table::lock;
use crate::txn::LockMode;

impl Ddl<'_> {
    /// What is known of a large object, with its changes kept from others.
    async fn locked_large_object(&mut self, object: Oid) -> Result<Metadata> {
        self.large_object(object)?;
        let resource = large_object::lock_of(self.work.catalog.database, object);
        lock::acquire(&mut self.work.txn, resource, LockMode::RowForUpdate, self.ctx).await?;
        self.large_object(object)
    }

    fn large_object(&self, object: Oid) -> Result<Metadata> {
        let newest = self.work.txn.overlay_newest();
        let found = large_object::metadata(&newest, self.work.catalog.database, object)?;
        found.ok_or_else(|| missing(object))
    }

    pub(super) async fn granted_large_object(&mut self, number: &NodeEnum) -> Result<Named> {
        let object = number_of(Some(number))?;
        let found = self.locked_large_object(object).await?;
        let guarded =
            Guarded { on: address(object), kind: AclKind::LargeObject, owner: found.owner };
        Ok(Named { guarded, name: format!("large object {object}"), word: "large object" })
    }

    pub(super) fn large_object_acl(&self, object: Oid) -> Result<Vec<AclItem>> {
        let found = self.large_object(object)?;
        let default = || AclKind::LargeObject.default_items(found.owner);
        Ok(found.acl.clone().unwrap_or_else(default))
    }

    pub(super) fn put_large_object_acl(&mut self, object: Oid, acl: Vec<AclItem>) -> Result<()> {
        let found = self.large_object(object)?;
        large_object::put(self.work, object, &Metadata { acl: Some(acl), ..found })
    }

    pub(super) fn commented_large_object(&self, node: Option<&NodeEnum>) -> Result<ObjectAddress> {
        let object = number_of(node)?;
        let found = self.large_object(object)?;
        self.require_large_object_owner(object, &found)?;
        Ok(address(object))
    }

    fn require_large_object_owner(&self, object: Oid, found: &Metadata) -> Result<()> {
        let current = self.current_role()?;
        match self.work.catalog.has_privileges_of(&current, found.owner) {
            true => Ok(()),
            false => Err(denied_owner(object)),
        }
    }

    /// ALTER LARGE OBJECT … OWNER TO.
    pub(super) async fn set_large_object_owner(
        &mut self,
        node: Option<&NodeEnum>,
        owner: Oid,
    ) -> Result<()> {
        let object = number_of(node)?;
        let found = self.locked_large_object(object).await?;
        if found.owner == owner {
            return Ok(());
        }
        self.require_large_object_owner(object, &found)?;
        let current = self.current_role()?;
        let catalog = &self.work.catalog;
        if !catalog.is_member_of(&current, owner) {
            let name = catalog.role(owner).map_or("", |role| &role.name);
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("must be member of role \"{name}\""),
            ));
        }
        self.give_large_object(object, owner).await
    }

    pub(super) async fn give_large_object(&mut self, object: Oid, owner: Oid) -> Result<()> {
        let found = self.locked_large_object(object).await?;
        let acl = found.acl.map(|items| acl_of_new_owner(&items, found.owner, owner));
        large_object::put(self.work, object, &Metadata { owner, acl })
    }

    pub(super) async fn drop_large_object(&mut self, object: Oid) -> Result<()> {
        self.locked_large_object(object).await?;
        let session = &self.ctx.eval.session;
        large_object::remove(self.work, object, &|| session.is_cancelled())
    }

    pub(super) fn owned_large_objects(&self, role: Oid) -> Result<Vec<ObjectAddress>> {
        let using = self.large_objects_of(self.work.catalog.database, role)?;
        let owned = using.into_iter().filter(|(_, found)| found.owner == role);
        Ok(owned.map(|(object, _)| address(object)).collect())
    }

    /// The large objects of a database that a role owns, or has privileges on.
    pub(super) fn large_objects_of(
        &self,
        database: Oid,
        role: Oid,
    ) -> Result<Vec<(Oid, Metadata)>> {
        let newest = self.work.txn.overlay_newest();
        let mut using = Vec::new();
        for entry in large_object::all(&newest, database) {
            let (object, found) = entry?;
            let is_granted = found.acl.iter().flatten().any(|item| item.grantee == role);
            if found.owner == role || is_granted {
                using.push((object, found));
            }
        }
        Ok(using)
    }

    /// The same of this database, in words, with their numbers.
    pub(super) fn large_objects_using(&self, role: Oid) -> Result<Vec<(Oid, String)>> {
        let using = self.large_objects_of(self.work.catalog.database, role)?;
        let said = |(object, found): (Oid, Metadata)| {
            let what = if found.owner == role { "owner of" } else { "privileges for" };
            (object, format!("{what} large object {object}"))
        };
        Ok(using.into_iter().map(said).collect())
    }

    /// Takes from a role what it was granted on large objects of others.
    pub(super) async fn revoke_large_objects_from(&mut self, role: Oid) -> Result<()> {
        let using = self.large_objects_of(self.work.catalog.database, role)?;
        for (object, _) in using.into_iter().filter(|(_, found)| found.owner != role) {
            let found = self.locked_large_object(object).await?;
            let mut items = found.acl.clone().unwrap_or_default();
            while let Some(item) = items.iter().copied().find(|item| item.grantee == role) {
                items = self.work.catalog.acl_revoked(items, item, found.owner, true)?;
            }
            self.put_large_object_acl(object, items)?;
        }
        Ok(())
    }
}

fn address(object: Oid) -> ObjectAddress {
    ObjectAddress::new(relation_oid::PG_LARGEOBJECT, object)
}

/// The number that a statement names an object by.
fn number_of(node: Option<&NodeEnum>) -> Result<Oid> {
    let text = match node {
        Some(NodeEnum::Integer(number)) => number.ival.to_string(),
        Some(NodeEnum::Float(number)) => number.fval.clone(),
        _ => return Err(Error::syntax("a large object is named by its number")),
    };
    let wide: i128 = text.parse().map_err(|_| Error::invalid_input("oid", &text))?;
    // As `oidin` has it, negative numbers stand for large ones.
    let number = match wide < 0 {
        true => i32::try_from(wide).ok().map(|wide| wide as u32),
        false => u32::try_from(wide).ok(),
    };
    number.ok_or_else(|| {
        Error::new(
            sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
            format!("value \"{text}\" is out of range for type oid"),
        )
    })
}
