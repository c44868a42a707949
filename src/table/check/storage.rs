//! What is stored beside tables: sequences, and storage that nobody has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Check, Severity};
use crate::catalog::{Catalog, RelationKind, Sequence};
use crate::error::Result;
use crate::storage::key::{self, KeyRange, Meta};
use crate::txn::Keyspace;

impl Check<'_> {
    pub(super) fn storage(&mut self, catalogs: &[Arc<Catalog>]) -> Result<()> {
        let (mut stored, mut sequences) = (BTreeSet::new(), BTreeMap::new());
        let all = catalogs.iter().flat_map(|it| it.relations().map(move |relation| (it, relation)));
        for (catalog, relation) in all {
            match &relation.kind {
                RelationKind::Sequence(sequence) => {
                    let database = catalog.database(catalog.database).map_or("", |it| &it.name);
                    let schema = catalog.schema_name(relation.schema);
                    let object = format!("{database}.{schema}.{}", relation.name);
                    sequences.insert(relation.storage_id, (object, sequence.clone()));
                }
                _ => {
                    stored.insert(relation.storage_id);
                }
            }
        }
        // Large objects are stored under the OID of their database.
        stored.extend(catalogs.iter().map(|catalog| catalog.database));
        self.orphans(Keyspace::Rows, &stored)?;
        self.orphans(Keyspace::Indexes, &stored)?;
        self.orphans(Keyspace::Vectors, &stored)?;
        for (storage_id, (object, sequence)) in &sequences {
            self.sequence(*storage_id, object, sequence)?;
        }
        for entry in self.overlay.clone().scan(Keyspace::Meta, &Meta::sequences(), false) {
            let (meta_key, _) = entry?;
            let storage_id = Meta::sequence_id(&meta_key).unwrap_or_default();
            if !sequences.contains_key(&storage_id) {
                let message = "a sequence's state that no sequence has".to_owned();
                let object = format!("storage {storage_id}");
                self.report.add(Severity::Warning, "orphan", &object, message);
            }
        }
        Ok(())
    }

    /// Finds each object that has entries by one seek, and names the unknown ones.
    fn orphans(&mut self, keyspace: Keyspace, known: &BTreeSet<u32>) -> Result<()> {
        let mut range = KeyRange::all();
        loop {
            let first = self.overlay.scan(keyspace, &range, false).next();
            let first = match first {
                None => return Ok(()),
                Some(Ok((first, _))) => first,
                Some(Err(error)) => {
                    let error = self.unless_over(error)?;
                    self.report.error("row", keyspace.name(), error.to_string());
                    return Ok(());
                }
            };
            let Some(object) = key::object_of(&first) else {
                let message = format!("a key of {} bytes", first.len());
                self.report.error("row", keyspace.name(), message);
                range.lower = key::next(&first);
                continue;
            };
            if !known.contains(&object) {
                let message = format!("there are {} that no object has", keyspace.name());
                let object = format!("storage {object}");
                self.report.add(Severity::Warning, "orphan", &object, message);
            }
            let Some(end) = key::object(object).upper else { return Ok(()) };
            range.lower = end;
        }
    }

    fn sequence(&mut self, storage_id: u32, object: &str, sequence: &Sequence) -> Result<()> {
        let state = self.overlay.get(Keyspace::Meta, &Meta::Sequence(storage_id).key())?;
        let Some(state) = state else { return Ok(()) };
        let value = state.first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
        let is_whole = state.len() == 9 && matches!(state.last(), Some(0 | 1));
        let (Some(value), true) = (value, is_whole) else {
            self.report.error("sequence", object, "its state is damaged");
            return Ok(());
        };
        if !(sequence.min..=sequence.max).contains(&value) {
            let message = format!(
                "its value {value} is not within its bounds, {} to {}",
                sequence.min, sequence.max
            );
            self.report.error("sequence", object, message);
        }
        Ok(())
    }
}
