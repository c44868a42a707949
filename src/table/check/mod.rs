//! Whether what is stored is what must be: rows, indexes, constraints, the catalog.
//!
//! One pass over the rows of each table decodes every value, evaluates the constraints,
//! and looks up each row's entry in each index; one pass over each index counts its
//! entries. Since every row has its entries, an index with as many entries as its rows
//! ask for has no others; only where the numbers differ are the entries looked at one by
//! one, each against its row. All of it reads one snapshot, a row at a time: memory is
//! bounded, and others go on working.
//!
//! | kind | a finding says |
//! |---|---|
//! | `file` | a file of the store differs from its checksum (made by the caller) |
//! | `catalog` | an object refers to one that does not exist, or two share their storage |
//! | `row` | a row cannot be read or decoded, or has an id that was never given out |
//! | `index` | a row has no entry, an entry has no row or another's key |
//! | `not null`, `check`, `unique`, `foreign key`, `partition` | a row violates it |
//! | `count` | the stored number of a table's rows is another than that of its rows |
//! | `sequence` | a sequence's state is damaged or out of its bounds |
//! | `content` | a content of a file is not there, or differs from its hash |
//! | `orphan` | storage that no object has: a warning, it costs space only |
//!
//! A constraint that is not validated is not looked at, nor is an index that is being
//! built. Domains' constraints are not evaluated: a domain may be altered NOT VALID and
//! does not know the columns of its type.

mod catalog;
mod index;
mod row;
mod storage;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::info::{TableInfo, is_stored};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::Overlay;

/// More findings than these are counted and not kept.
pub const FINDINGS_MAX: usize = 1_000;

/// Of one kind about one object these are kept at most, so that one broken table does
/// not hide the others.
const FINDINGS_MAX_EACH: usize = 20;

/// Rows between two looks at the cancel token.
const ROWS_PER_LOOK: u64 = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It costs space only.
    Warning,
    /// Something is lost or wrong.
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub kind: &'static str,
    /// What it is about, by its name.
    pub object: String,
    pub message: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub tables: u64,
    pub rows: u64,
    pub index_entries: u64,
    /// Files of the store and their bytes, if they were read.
    pub files: u64,
    pub file_bytes: u64,
    pub findings: Vec<Finding>,
    /// Findings beyond those that are kept.
    pub more: u64,
}

impl Report {
    pub fn add(&mut self, severity: Severity, kind: &'static str, object: &str, message: String) {
        let same = |found: &&Finding| found.kind == kind && found.object == object;
        let is_full = self.findings.len() >= FINDINGS_MAX
            || self.findings.iter().rev().filter(same).count() >= FINDINGS_MAX_EACH;
        match is_full {
            true => self.more += 1,
            false => {
                let object = object.to_owned();
                self.findings.push(Finding { severity, kind, object, message });
            }
        }
    }

    fn error(&mut self, kind: &'static str, object: &str, message: impl Into<String>) {
        self.add(Severity::Error, kind, object, message.into());
    }

    /// Whether something is worse than a waste of space.
    pub fn has_errors(&self) -> bool {
        self.more > 0 || self.findings.iter().any(|found| found.severity == Severity::Error)
    }
}

/// Checks one table of a database, or all that the work's catalog has, and adds to a
/// report; `place` is the database's name where it is not the session's. Blocks for as long as reading it takes; ends with
/// `57014` when the statement is cancelled and with `72000` when too much was written
/// since its snapshot.
pub fn check(
    work: &mut Work,
    ctx: &StatementContext,
    only: Option<Oid>,
    place: Option<String>,
    contents: &Path,
    report: Report,
) -> Result<Report> {
    let overlay = work.txn.overlay();
    let mut check = Check { work, ctx, overlay, place, contents: Some(contents), report };
    if only.is_none() {
        check.catalog();
    }
    let tables: Vec<Arc<Relation>> = check
        .work
        .catalog
        .relations()
        .filter(|relation| is_stored(relation) && relation.storage_id != 0)
        .filter(|relation| only.is_none_or(|only| only == relation.oid))
        .filter(|relation| !relation.is_partitioned())
        .cloned()
        .collect();
    for relation in tables {
        check.table(&relation)?;
    }
    Ok(check.report)
}

/// Checks what is stored beside tables, against the catalogs of all databases.
pub fn check_storage(
    work: &mut Work,
    ctx: &StatementContext,
    catalogs: &[Arc<Catalog>],
    report: Report,
) -> Result<Report> {
    let overlay = work.txn.overlay();
    let mut check = Check { work, ctx, overlay, place: None, contents: None, report };
    check.shared_storage(catalogs);
    check.storage(catalogs)?;
    Ok(check.report)
}

struct Check<'a> {
    work: &'a mut Work,
    ctx: &'a StatementContext,
    /// Everything is read through this one.
    overlay: Overlay,
    place: Option<String>,
    /// Where the contents of files are (`crate::files`).
    contents: Option<&'a Path>,
    report: Report,
}

impl Check<'_> {
    /// The directory of what a table's rows name, if it is `files.contents`.
    fn contents_of(&self, info: &TableInfo) -> Option<PathBuf> {
        let contents = self.contents?;
        let catalog = &self.work.catalog;
        let extension = catalog.extension_named("files")?;
        let relation = catalog.relation(info.oid())?;
        let is_it = relation.name == "contents" && relation.schema == extension.schema;
        is_it.then(|| contents.to_owned())
    }

    fn table(&mut self, relation: &Relation) -> Result<()> {
        self.report.tables += 1;
        let name = self.name_of(relation);
        let info = match TableInfo::of(&self.work.catalog, relation.oid) {
            Ok(info) => info,
            Err(error) => {
                self.report.error("catalog", &name, error.message());
                return Ok(());
            }
        };
        let Some(counted) = self.rows(&info, &name)? else { return Ok(()) };
        for (at, index) in info.indexes.iter().enumerate().filter(|(_, index)| index.valid) {
            self.index(&info, at, &self.name_of(&index.relation), counted.entries[at])?;
        }
        let stored = self.overlay.published().row_count(info.storage_id())?;
        if u64::try_from(stored) != Ok(counted.rows) {
            let message = format!("the table has {} rows, and counts {stored}", counted.rows);
            self.report.error("count", &name, message);
        }
        Ok(())
    }

    fn name_of(&self, relation: &Relation) -> String {
        let place = self.place.iter().map(|place| format!("{place}.")).collect::<String>();
        format!("{place}{}.{}", self.work.catalog.schema_name(relation.schema), relation.name)
    }

    /// An error that ends the check and is no finding.
    fn unless_over(&self, error: Error) -> Result<Error> {
        let is_over = error.code() == sqlstate::QUERY_CANCELED
            || error.code() == sqlstate::SNAPSHOT_TOO_OLD
            || self.ctx.cancel.is_cancelled();
        if is_over { Err(error) } else { Ok(error) }
    }

    fn look(&self, count: u64) -> Result<()> {
        match count.is_multiple_of(ROWS_PER_LOOK) && self.is_cancelled() {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.ctx.cancel.is_cancelled() || self.ctx.eval.session.is_cancelled()
    }
}
