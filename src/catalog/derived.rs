//! What other layers have computed from one catalog value.
//!
//! A table's layouts or a compiled expression are functions of the catalog, so they
//! are kept with it: copies of the value share them, and a change of it starts
//! with nothing.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Catalog;
use crate::sql::types::Oid;

type Values = HashMap<(TypeId, Oid), Arc<dyn Any + Send + Sync>>;

#[derive(Clone, Default)]
pub(super) struct Derived(Arc<Mutex<Values>>);

impl Catalog {
    /// What was computed for an object, by type.
    pub fn derived<T: Any + Send + Sync>(&self, oid: Oid) -> Option<Arc<T>> {
        let values = self.derived.0.lock();
        values.get(&(TypeId::of::<T>(), oid))?.clone().downcast().ok()
    }

    /// Keeps what was computed for an object; answers the one that is kept.
    pub fn derive<T: Any + Send + Sync>(&self, oid: Oid, value: Arc<T>) -> Arc<T> {
        let mut values = self.derived.0.lock();
        let kept = values.entry((TypeId::of::<T>(), oid)).or_insert_with(|| value.clone());
        kept.clone().downcast().unwrap_or(value)
    }
}
