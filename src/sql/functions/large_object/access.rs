//! One call's way to the large objects of its transaction.

use std::sync::Arc;

use super::{INV_READ, INV_WRITE, check_position, invalid};
use crate::catalog::acl::{self, AclItem, AclKind};
use crate::catalog::{Catalog, Change, ObjectAddress, ObjectClass, Role, relation_oid};
use crate::error::{Error, Result};
use crate::sql::functions::{CallContext, EvalContext};
use crate::sql::routine::wait;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::large_object::{self as stored, Descriptor, Metadata, SIZE_MAX};
use crate::table::{blocking, lock};
use crate::txn::{LockMode, Overlay};

/// A call with its transaction's work in its hands.
pub struct Access<'a> {
    eval: &'a EvalContext,
    pub work: &'a mut Work,
    ctx: &'a StatementContext,
}

/// Runs a call in the transaction of its statement; it may block.
pub fn within<T>(
    call: &CallContext<'_>,
    run: impl FnOnce(&mut Access<'_>) -> Result<T>,
) -> Result<T> {
    let mut taken = call.eval.loan.take(call.eval)?;
    let lent = &mut *taken;
    let mut access = Access { eval: call.eval, work: &mut lent.work, ctx: &lent.ctx };
    blocking(|| run(&mut access))
}

impl Access<'_> {
    fn database(&self) -> Oid {
        self.work.catalog.database
    }

    fn role(&self) -> Result<Arc<Role>> {
        let name = &self.eval.settings.current_user;
        let role = self.work.catalog.role_named(name).cloned();
        role.ok_or_else(|| Error::internal(format!("role \"{name}\" does not exist")))
    }

    /// `lo_compat_privileges`: everybody may do everything.
    fn is_lax(&self) -> Result<bool> {
        Ok(self.eval.session.setting("lo_compat_privileges")?.as_deref() == Some("on"))
    }

    /// Keeps others from changing an object until the transaction is over.
    fn lock(&mut self, object: Oid) -> Result<()> {
        let resource = stored::lock_of(self.database(), object);
        let locked = lock::acquire(&mut self.work.txn, resource, LockMode::RowForUpdate, self.ctx);
        wait(self.eval, locked)?;
        // PostgreSQL lets read-only transactions write large objects.
        self.work.txn.permit_writes();
        Ok(())
    }

    /// What is known of an object now.
    fn newest(&self, object: Oid) -> Result<Option<Metadata>> {
        stored::metadata(&self.work.txn.overlay_newest(), self.database(), object)
    }

    fn existing(&self, object: Oid) -> Result<Metadata> {
        self.newest(object)?.ok_or_else(|| missing(object))
    }

    /// Makes an object, under a new number if it is 0.
    pub fn create(&mut self, wanted: Oid) -> Result<Oid> {
        let owner = self.role()?.oid;
        let object = match wanted {
            0 => self.free_number()?,
            wanted => wanted,
        };
        self.lock(object)?;
        if self.newest(object)?.is_some() {
            return Err(already_there(object));
        }
        stored::put(self.work, object, &Metadata { owner, acl: None })?;
        Ok(object)
    }

    fn free_number(&self) -> Result<Oid> {
        loop {
            let number = self.work.catalog.next_oid();
            if self.newest(number)?.is_none() {
                return Ok(number);
            }
        }
    }

    pub fn unlink(&mut self, object: Oid) -> Result<()> {
        self.existing(object)?;
        self.lock(object)?;
        let found = self.existing(object)?;
        let role = self.role()?;
        if !self.is_lax()? && !self.work.catalog.has_privileges_of(&role, found.owner) {
            return Err(denied_owner(object));
        }
        let session = &self.eval.session;
        stored::remove(self.work, object, &|| session.is_cancelled())?;
        let address = ObjectAddress::new(relation_oid::PG_LARGEOBJECT, object);
        let comment = self.work.catalog.comment_on(address).map(|comment| comment.oid);
        if let Some(comment) = comment {
            self.work.change(Change::remove(ObjectClass::Comment, comment));
        }
        Ok(())
    }

    /// Opens an object, for those who may read it, and write to it if that is asked for.
    pub fn open(&self, object: Oid, flags: i32) -> Result<Descriptor> {
        let writes = flags & INV_WRITE != 0;
        if !writes && flags & INV_READ == 0 {
            return Err(invalid(format!("invalid flags for opening a large object: {flags}")));
        }
        let reads = (!writes).then(|| self.statement_reads());
        let newest;
        let seen = match &reads {
            Some(overlay) => overlay,
            None => {
                newest = self.work.txn.overlay_newest();
                &newest
            }
        };
        let found = stored::metadata(seen, self.database(), object)?;
        let found = found.ok_or_else(|| missing(object))?;
        if !self.is_lax()? {
            let (catalog, role) = (&self.work.catalog, self.role()?);
            let may = |asked| allows(catalog, &role, &found, asked);
            if !may(acl::SELECT) || writes && !may(acl::UPDATE) {
                return Err(denied(object));
            }
        }
        Ok(Descriptor::new(object, writes, reads))
    }

    fn statement_reads(&self) -> Overlay {
        let of_statement = self.eval.loan.reads().cloned();
        of_statement.unwrap_or_else(|| self.work.txn.overlay())
    }

    pub fn descriptor(&self, number: i32) -> Result<Arc<Descriptor>> {
        self.work.table.large_objects.get(number)
    }

    fn writable(&self, number: i32) -> Result<Arc<Descriptor>> {
        let opened = self.descriptor(number)?;
        match opened.writes {
            true => Ok(opened),
            false => Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("large object descriptor {number} was not opened for writing"),
            )),
        }
    }

    fn overlay(&self, opened: &Descriptor) -> Overlay {
        opened.reads.clone().unwrap_or_else(|| self.work.txn.overlay_newest())
    }

    pub fn size(&self, opened: &Descriptor) -> Result<i64> {
        stored::size(&self.overlay(opened), self.database(), opened.object)
    }

    pub fn read_at(&self, opened: &Descriptor, from: i64, most: usize) -> Result<Vec<u8>> {
        let session = &self.eval.session;
        let is_cancelled = || session.is_cancelled();
        let overlay = self.overlay(opened);
        stored::read(&overlay, self.database(), opened.object, from, most, &is_cancelled)
    }

    /// Reads on where the descriptor is.
    pub fn read(&self, number: i32, most: i32) -> Result<Vec<u8>> {
        let opened = self.descriptor(number)?;
        let mut position = opened.position.lock();
        let read = self.read_at(&opened, *position, usize::try_from(most).unwrap_or(0))?;
        *position += read.len() as i64;
        Ok(read)
    }

    /// Writes on where the descriptor is.
    pub fn write(&mut self, number: i32, data: &[u8]) -> Result<()> {
        let opened = self.writable(number)?;
        let mut position = opened.position.lock();
        self.write_at(opened.object, *position, data)?;
        *position += data.len() as i64;
        Ok(())
    }

    fn write_at(&mut self, object: Oid, at: i64, data: &[u8]) -> Result<()> {
        if data.len() as i64 + at > SIZE_MAX {
            return Err(invalid(format!(
                "invalid large object write request size: {}",
                data.len()
            )));
        }
        if data.is_empty() {
            return Ok(());
        }
        self.lock(object)?;
        self.existing(object)?;
        let session = &self.eval.session;
        stored::write(self.work, object, at, data, &|| session.is_cancelled())
    }

    /// Writes into an object that is opened for this alone.
    pub fn put(&mut self, object: Oid, at: i64, data: &[u8]) -> Result<()> {
        self.open(object, INV_WRITE)?;
        check_position(at)?;
        self.write_at(object, at, data)
    }

    pub fn seek(&self, number: i32, offset: i64, whence: i32) -> Result<i64> {
        let opened = self.descriptor(number)?;
        let mut position = opened.position.lock();
        let target = match whence {
            0 => offset,
            1 => position.saturating_add(offset),
            2 => self.size(&opened)?.saturating_add(offset),
            _ => return Err(invalid(format!("invalid whence setting: {whence}"))),
        };
        check_position(target)?;
        *position = target;
        Ok(target)
    }

    pub fn truncate(&mut self, number: i32, length: i64) -> Result<()> {
        let opened = self.writable(number)?;
        if !(0..=SIZE_MAX).contains(&length) {
            return Err(invalid(format!("invalid large object truncation target: {length}")));
        }
        self.lock(opened.object)?;
        self.existing(opened.object)?;
        let session = &self.eval.session;
        stored::truncate(self.work, opened.object, length, &|| session.is_cancelled())
    }
}

/// Whether a role has a privilege on an object.
pub fn allows(catalog: &Catalog, role: &Role, found: &Metadata, asked: u32) -> bool {
    let default = || AclKind::LargeObject.default_items(found.owner);
    let items: Vec<AclItem> = found.acl.clone().unwrap_or_else(default);
    role.superuser || catalog.rights_in(role, &items, found.owner, asked) != 0
}

/// `42704`: there is no such object.
pub fn missing(object: Oid) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("large object {object} does not exist"))
}

fn denied(object: Oid) -> Error {
    let message = format!("permission denied for large object {object}");
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}

/// `42501`: only the owner may.
pub fn denied_owner(object: Oid) -> Error {
    let message = format!("must be owner of large object {object}");
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}

fn already_there(object: Oid) -> Error {
    let index = "pg_largeobject_metadata_oid_index";
    Error::new(
        sqlstate::UNIQUE_VIOLATION,
        format!("duplicate key value violates unique constraint \"{index}\""),
    )
    .with_detail(format!("Key (oid)=({object}) already exists."))
    .with_table("pg_catalog", "pg_largeobject_metadata")
    .with_constraint(index)
}
