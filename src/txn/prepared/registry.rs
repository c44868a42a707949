//! Which transactions are prepared, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::begin::Shared;
use super::{Prepared, PreparedInfo};
use crate::{Error, Result, sqlstate};

/// Whatever has a name.
struct Slot {
    /// None while it is being prepared.
    info: Option<PreparedInfo>,
    /// None while someone prepares or finishes it.
    transaction: Option<Box<Prepared>>,
}

#[derive(Default)]
pub(in crate::txn) struct Registry(Mutex<BTreeMap<Arc<str>, Slot>>);

impl Registry {
    /// It is durable; its name was reserved.
    pub(in crate::txn) fn add(&self, prepared: Box<Prepared>) {
        let info = prepared.info.clone();
        let slot = Slot { info: Some(info.clone()), transaction: Some(prepared) };
        self.0.lock().insert(info.gid, slot);
    }

    pub(super) fn restore(&self, prepared: Box<Prepared>) -> Result<()> {
        if self.0.lock().contains_key(&prepared.info.gid) {
            return Err(Error::data_corrupted("two prepared transactions of one name"));
        }
        self.add(prepared);
        Ok(())
    }

    pub(super) fn take(
        &self,
        gid: &str,
        may: impl FnOnce(&PreparedInfo) -> Result<()>,
    ) -> Result<Box<Prepared>> {
        let mut slots = self.0.lock();
        let found = slots.get_mut(gid).and_then(|slot| {
            let Slot { info, transaction } = slot;
            info.as_ref().map(|info| (info, transaction))
        });
        let Some((info, transaction)) = found else {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("prepared transaction with identifier \"{gid}\" does not exist"),
            ));
        };
        if transaction.is_none() {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("prepared transaction with identifier \"{gid}\" is busy"),
            ));
        }
        may(info)?;
        transaction.take().ok_or_else(|| Error::internal("no prepared transaction"))
    }

    /// It was not finished after all.
    pub(in crate::txn) fn put_back(&self, prepared: Box<Prepared>) {
        if let Some(slot) = self.0.lock().get_mut(&prepared.info.gid) {
            slot.transaction = Some(prepared);
        }
    }

    /// It is finished, or could not be prepared.
    pub(in crate::txn) fn remove(&self, gid: &str) {
        self.0.lock().remove(gid);
    }

    pub(super) fn all(&self) -> Vec<PreparedInfo> {
        self.0.lock().values().filter_map(|slot| slot.info.clone()).collect()
    }
}

/// A name for a transaction that is about to be prepared. Dropping it frees the name.
pub struct Place {
    shared: Arc<Shared>,
    gid: Option<Arc<str>>,
}

impl Place {
    pub(super) fn reserve(shared: &Arc<Shared>, gid: &str, max: usize) -> Result<Place> {
        let mut slots = shared.prepared.0.lock();
        if slots.contains_key(gid) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("transaction identifier \"{gid}\" is already in use"),
            ));
        }
        if slots.len() >= max {
            return Err(Error::new(
                sqlstate::OUT_OF_MEMORY,
                "maximum number of prepared transactions reached",
            )
            .with_hint(format!("Increase max_prepared_transactions (currently {max}).")));
        }
        let gid: Arc<str> = gid.into();
        let slot = Slot { info: None, transaction: None };
        slots.insert(gid.clone(), slot);
        Ok(Place { shared: shared.clone(), gid: Some(gid) })
    }

    pub fn gid(&self) -> Arc<str> {
        self.gid.clone().unwrap_or_else(|| Arc::from(""))
    }

    /// Leaves the name to the committer.
    pub(super) fn keep(mut self) {
        self.gid = None;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(gid) = self.gid.take() {
            self.shared.prepared.remove(&gid);
        }
    }
}
