//! One index: has it the entries of its table's rows and no others.

use std::sync::Arc;

use super::{Check, Severity};
use crate::error::Result;
use crate::index::vector::{self, verify::Fault};
use crate::storage::key;
use crate::table::info::TableInfo;
use crate::table::lookup;
use crate::txn::Keyspace;

impl Check<'_> {
    /// `expected` entries belong to rows.
    pub(super) fn index(
        &mut self,
        info: &Arc<TableInfo>,
        at: usize,
        object: &str,
        expected: u64,
    ) -> Result<()> {
        let range = key::index(info.indexes[at].storage_id());
        let mut found = 0;
        for entry in self.overlay.clone().scan(Keyspace::Indexes, &range, false) {
            if let Err(error) = entry {
                let error = self.unless_over(error)?;
                self.report.error("index", object, format!("after {found} entries: {error}"));
                return Ok(());
            }
            found += 1;
            self.report.index_entries += 1;
            self.look(found)?;
        }
        if info.indexes[at].is_vector() {
            self.graph(info, at, object)?;
        }
        match found == expected {
            true => Ok(()),
            false => self.strangers(info, at, object),
        }
    }

    /// Compares a vector index's graph with its entries.
    fn graph(&mut self, info: &Arc<TableInfo>, at: usize, object: &str) -> Result<()> {
        let mut faults = Vec::new();
        let overlay = self.overlay.clone();
        let compared = vector::verify::verify(
            &info.indexes[at],
            &overlay,
            &|count| self.look(count),
            &mut |fault| faults.push(fault),
        );
        for fault in faults {
            match fault {
                Fault::Row(what) => self.report.error("index", object, what),
                Fault::Page(what) => self.report.add(Severity::Warning, "index", object, what),
            }
        }
        match compared {
            Ok(()) => Ok(()),
            Err(error) => {
                let error = self.unless_over(error)?;
                self.report.error("index", object, format!("its graph: {error}"));
                Ok(())
            }
        }
    }

    /// Names the entries that no row has.
    fn strangers(&mut self, info: &Arc<TableInfo>, at: usize, object: &str) -> Result<()> {
        let range = key::index(info.indexes[at].storage_id());
        let entries = self.overlay.clone().scan(Keyspace::Indexes, &range, false);
        for (count, entry) in entries.enumerate() {
            self.look(count as u64 + 1)?;
            let (entry_key, value) = entry?;
            let Some(rid) = key::index_rid(&entry_key, &value) else {
                self.report.error("index", object, "an entry has no row id");
                continue;
            };
            let Some(row) = lookup::row(&self.overlay, info.storage_id(), rid)? else {
                let message = format!("an entry names row {rid}, which does not exist");
                self.report.error("index", object, message);
                continue;
            };
            // What cannot be decoded was found with its row.
            let Ok(datums) = info.decode(&row) else { continue };
            let storage_id = info.indexes[at].storage_id();
            let is_own = match self.payloads_of(info, at, (rid, &datums)) {
                Ok(Some((payloads, holds_rid))) => payloads.iter().any(|payload| {
                    let holder = holds_rid.then_some(rid);
                    key::index_entry(storage_id, payload, holder) == *entry_key
                }),
                Ok(None) => false,
                Err(error) => {
                    self.unless_over(error)?;
                    continue;
                }
            };
            if !is_own {
                let message = format!("an entry names row {rid}, which has another key");
                self.report.error("index", object, message);
            }
        }
        Ok(())
    }
}
