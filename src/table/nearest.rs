//! The rows of a table that are nearest to a value: what ORDER BY a distance reads.
//!
//! ```text
//! by an index   batches of neighbours → the row of each → filter → enough?
//! by a scan     every row → filter → distance → the nearest so many are kept
//! ```
//!
//! Rows are always read at the overlay's instant, whatever an index says, and the filter
//! is asked of each, so rows that others may not see or that a policy hides do not come.
//! A search by an index goes on in batches until enough rows pass the filter. It does not
//! give fewer rows than there are:
//!
//! - where another index says that few rows can pass, those alone are searched;
//! - where searches with the same condition have looked at as many rows as the table has,
//!   the rows that pass are remembered ([`vector::matching`]) and those alone are searched;
//! - where more than a share of the table was looked at in vain, the table is scanned;
//! - rows without a place in the index (NULL; under cosine the zero vector) come last, as
//!   ORDER BY has them, unless sequential scans are disabled: then they are left out, as
//!   an index scan of pgvector leaves them out.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::blocking::blocking;
use super::info::TableInfo;
use super::scan::{Comparison, IndexHints, count_search, few_rows, rid_ranges, rid_rows};
use super::{estimate, lookup};
use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::index::vector::{
    self, Asked, Class, Condition, Element, Known, Method, Point, Request, Ruler,
};
use crate::sql::functions::VectorSettings;
use crate::sql::types::vector::Value as VectorValue;
use crate::sql::types::{Bits, Datum};
use crate::storage::{Keyspace, Value, key};
use crate::txn::{Counted, Overlay};

/// Rows that another index may name for them to be searched alone; by ANALYZE's word, and
/// without it.
const SEARCHED_ALONE_MAX: usize = 20_000;
const SEARCHED_ALONE_UNSURE: usize = 2_000;
/// A search that has met so many rows, and one in so many of the table, scans the table.
const MET_MIN: usize = 2_000;
const MET_DIVISOR: usize = 8;
/// Rows that are kept with what was found; others are read again.
const ROWS_KEPT: usize = 4_096;
/// Rows between two looks at the cancel token.
const ROWS_PER_LOOK: usize = 256;

/// Whether a row passes, by its rid and its bytes.
pub type RowFilter<'a> = &'a (dyn Fn(u64, &[u8]) -> Result<bool> + Sync);

/// The value of a row that is compared.
#[derive(Clone, Copy)]
pub enum Compared<'a> {
    /// The column at a position.
    Column(usize),
    Expression(&'a (dyn Fn(&[u8]) -> Result<Datum> + Sync)),
}

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Nearest<'a> {
    pub info: &'a TableInfo,
    pub overlay: &'a Overlay,
    pub class: Class,
    /// NULL has no distance from anything.
    pub query: &'a Datum,
    pub compared: Compared<'a>,
    pub filter: Option<RowFilter<'a>>,
    /// What the filter says of single columns.
    pub comparisons: &'a [(usize, Comparison)],
    /// What identifies the filter, if its rows may be remembered.
    pub condition: Option<&'a Condition>,
    pub hints: &'a IndexHints,
    pub settings: &'a VectorSettings,
    pub cancel: &'a CancellationToken,
    /// Threads that scan at most.
    pub threads: usize,
}

/// One row found.
pub struct Found {
    pub rid: u64,
    /// NULL for a row or a query that is.
    pub distance: Option<f64>,
    /// None of what is to be read again, because there is much.
    pub row: Option<Value>,
}

/// How rows were found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// By the index, in its order.
    Index(Method),
    /// By the index, among rows that another one named.
    Among(usize),
    /// By the index, among rows that are remembered.
    Remembered(Method, usize),
    /// By a scan of the table.
    Scan,
}

/// What finding has cost, for EXPLAIN.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    pub strategy: Strategy,
    /// Distances that were computed.
    pub evaluations: u64,
    /// Of values that the index has not linked yet.
    pub fresh: u64,
    /// Rows that the filter did not let through.
    pub removed: u64,
    pub time: Duration,
}

impl Found {
    /// The order of ORDER BY.
    pub fn compare(&self, other: &Found) -> Ordering {
        self.rank().cmp(&other.rank())
    }

    fn rank(&self) -> Rank {
        Rank::new(self.distance, self.rid)
    }
}

/// By distance: NaN after every number and NULL after it; then by rid.
#[derive(Clone, Copy, PartialEq)]
struct Rank {
    class: u8,
    distance: f64,
    rid: u64,
}

impl Rank {
    fn new(distance: Option<f64>, rid: u64) -> Rank {
        match distance {
            None => Rank { class: 2, distance: 0.0, rid },
            Some(distance) if distance.is_nan() => Rank { class: 1, distance: 0.0, rid },
            Some(distance) => Rank { class: 0, distance: distance + 0.0, rid },
        }
    }
}

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Rank) -> Ordering {
        self.class
            .cmp(&other.class)
            .then(self.distance.total_cmp(&other.distance))
            .then(self.rid.cmp(&other.rid))
    }
}

/// In the order of ORDER BY, no more than so many.
fn sorted(mut found: Vec<Found>, wanted: Option<usize>) -> Vec<Found> {
    found.sort_by_key(Found::rank);
    found.truncate(wanted.unwrap_or(usize::MAX));
    found
}

impl Nearest<'_> {
    /// The nearest `wanted` rows by an index over what is compared, or all of them.
    pub fn by_index(
        &self,
        index: &IndexInfo,
        wanted: Option<usize>,
    ) -> Result<(Vec<Found>, Report)> {
        if let Some(found) = self.search(index, self.known(index)?, wanted, true)? {
            return Ok(found);
        }
        // What is remembered now is what it looked for.
        if self.remember(index, None)?
            && let Some(found) = self.search(index, self.known(index)?, wanted, true)?
        {
            return Ok(found);
        }
        self.by_scan(wanted)
    }

    /// The same on a thread that serves connections; none where a scan of the table is
    /// needed. What may take long, because nobody knows yet which rows pass or they are few
    /// of very many, gives the thread's other duties away first.
    pub fn by_index_alone(
        &self,
        index: &IndexInfo,
        wanted: usize,
    ) -> Result<Option<(Vec<Found>, Report)>> {
        let known = self.known(index)?;
        if self.filter.is_none() || known.as_ref().is_some_and(Known::is_quick) {
            return self.search(index, known, Some(wanted), false);
        }
        blocking(|| self.search(index, known, Some(wanted), false))
    }

    /// A search of the index alone, among the rows that are known to pass if they are; none
    /// where too much was met in vain.
    fn search(
        &self,
        index: &IndexInfo,
        known: Option<Known>,
        wanted: Option<usize>,
        may_scan: bool,
    ) -> Result<Option<(Vec<Found>, Report)>> {
        let start = Instant::now();
        let rows = self.overlay.published().row_count(self.info.storage_id())?.max(0) as usize;
        let among = match known {
            Some(_) => None,
            None => self.few(rows)?,
        };
        let breadth = self.breadth(index);
        let query = match self.query {
            Datum::Null => zero(self.class, index),
            query => query.clone(),
        };
        let request = Request {
            query,
            breadth,
            filter: among.clone(),
            known: known.clone(),
            max_scan: None,
            cancel: self.cancel.clone(),
        };
        let mut search = vector::open(index, self.overlay, request)?;
        let mut progress = Progress::default();
        let is_sought = self.filter.is_some() && known.is_none();
        let met_max = match is_sought && among.is_none() {
            true => (rows / MET_DIVISOR).max(MET_MIN).min(self.settings.max_scan_tuples),
            false => usize::MAX,
        };
        let wanted_rows = wanted.unwrap_or(usize::MAX);
        let mut count = match wanted {
            None => ROWS_KEPT,
            Some(wanted) if is_sought => wanted.max(breadth),
            Some(wanted) => wanted,
        };
        let mut is_exhausted = false;
        while progress.found.len() < wanted_rows {
            let batch = search.next_batch(count)?;
            if batch.is_empty() {
                is_exhausted = true;
                break;
            }
            self.look()?;
            for neighbour in batch {
                // Without a filter the nearest of a batch are enough.
                if !is_sought && progress.found.len() >= wanted_rows {
                    break;
                }
                let distance = (!self.query.is_null()).then_some(neighbour.distance);
                self.take(neighbour.rid, distance, &mut progress)?;
            }
            if progress.met > met_max {
                return Ok(None);
            }
            count = count.saturating_mul(2);
        }
        let cost = progress.met + among.as_ref().map_or(0, |rids| rids.len());
        if is_sought && self.is_due(index, cost, rows) {
            if !may_scan {
                return Ok(None);
            }
            self.remember(index, among.as_deref())?;
        }
        let figures = search.figures();
        let strategy = match (&among, &known) {
            (_, Some(known)) => Strategy::Remembered(figures.method, known.rows()),
            (Some(rids), None) => Strategy::Among(rids.len()),
            (None, None) => Strategy::Index(figures.method),
        };
        count_search(index.oid(), self.overlay, progress.met);
        self.note_search(figures.method, figures.evaluations);
        self.overlay.count(index.oid(), Counted::Fetched, progress.fetched);
        if is_exhausted && self.settings.seq_scans && progress.found.len() < wanted_rows {
            if !may_scan {
                return Ok(None);
            }
            let few = known.map(|known| known.unplaced().collect()).map(Arc::new).or(among);
            self.add_unplaced(index, few.as_deref(), &mut progress)?;
        }
        let report = Report {
            strategy,
            evaluations: figures.evaluations,
            fresh: figures.fresh,
            removed: progress.removed,
            time: start.elapsed(),
        };
        Ok(Some((sorted(progress.found, wanted), report)))
    }

    /// Where the filter is asked, if its rows may be remembered.
    fn asked(&self, index: &IndexInfo) -> Option<Asked<'_>> {
        let (table, index) = (self.info.storage_id(), index.storage_id());
        let condition = self.condition.filter(|_| self.filter.is_some())?;
        Some(Asked { table, index, condition, overlay: self.overlay })
    }

    /// The rows that are remembered to pass the filter.
    fn known(&self, index: &IndexInfo) -> Result<Option<Known>> {
        let Some(asked) = self.asked(index) else { return Ok(None) };
        let passes = |rid: u64| match lookup::row(self.overlay, asked.table, rid)? {
            Some(row) => self.passes(rid, &row),
            None => Ok(false),
        };
        let Some(recalled) = asked.recall()? else { return Ok(None) };
        let known = match recalled.is_quick() {
            true => asked.known(recalled, &passes)?,
            false => blocking(|| asked.known(recalled, &passes))?,
        };
        // Others may come to pass by what a concurrent transaction writes.
        self.overlay.note_range(Keyspace::Rows, &key::rows(asked.table))?;
        Ok(Some(known))
    }

    fn is_due(&self, index: &IndexInfo, cost: usize, rows: usize) -> bool {
        self.asked(index).is_some_and(|asked| asked.is_due(cost, rows))
    }

    /// Looks at all rows, or at all that can pass, and remembers those that do. False where
    /// that cannot be.
    fn remember(&self, index: &IndexInfo, among: Option<&Vec<u64>>) -> Result<bool> {
        let Some(asked) = self.asked(index).filter(Asked::may_remember) else { return Ok(false) };
        let mut passing = Vec::new();
        match among {
            Some(rids) => {
                for rid in rids {
                    if let Some(row) = lookup::row(self.overlay, asked.table, *rid)?
                        && self.passes(*rid, &row)?
                    {
                        passing.push(*rid);
                    }
                }
            }
            None => {
                self.overlay.count(self.info.oid(), Counted::Scans, 1);
                let parts = self.in_parts(|range| self.passing(range))?;
                passing.extend(parts.into_iter().flatten());
            }
        }
        Ok(asked.remember(&passing))
    }

    /// The rows of a range that pass.
    fn passing(&self, (from, to): (u64, u64)) -> Result<Vec<u64>> {
        let mut passing = Vec::new();
        for (number, row) in rid_rows(self.info, self.overlay, from, to).enumerate() {
            if number.is_multiple_of(ROWS_PER_LOOK) {
                self.look()?;
            }
            let (rid, row) = row?;
            if self.passes(rid, &row)? {
                passing.push(rid);
            }
        }
        Ok(passing)
    }

    /// How widely a search looks.
    fn breadth(&self, index: &IndexInfo) -> usize {
        match index.access_method == crate::index::IVFFLAT {
            true => self.settings.probes,
            false => self.settings.ef_search,
        }
    }

    /// The rows that may pass the filter, where another index says that they are few.
    fn few(&self, rows: usize) -> Result<Option<Arc<Vec<u64>>>> {
        if self.filter.is_none() || self.comparisons.is_empty() && self.hints.keys.is_empty() {
            return Ok(None);
        }
        let is_known =
            self.comparisons.iter().all(|(position, _)| self.info.estimate(*position).is_some());
        let part = estimate::selectivity(self.info, self.comparisons, 0, rows as f64);
        let limit = match is_known {
            true if part * rows as f64 > SEARCHED_ALONE_MAX as f64 => return Ok(None),
            true => SEARCHED_ALONE_MAX,
            false => SEARCHED_ALONE_UNSURE,
        };
        let few = few_rows(self.info, self.overlay, self.comparisons, self.hints, limit)?;
        Ok(few.map(|mut rids| {
            rids.sort_unstable();
            rids.dedup();
            Arc::new(rids)
        }))
    }

    /// Reads a row and keeps it if it passes.
    fn take(&self, rid: u64, distance: Option<f64>, progress: &mut Progress) -> Result<()> {
        progress.met += 1;
        let Some(row) = lookup::row(self.overlay, self.info.storage_id(), rid)? else {
            return Ok(());
        };
        progress.fetched += 1;
        match self.passes(rid, &row)? {
            true => progress.keep(rid, distance, row),
            false => progress.removed += 1,
        }
        Ok(())
    }

    fn passes(&self, rid: u64, row: &[u8]) -> Result<bool> {
        self.filter.map_or(Ok(true), |filter| filter(rid, row))
    }

    fn look(&self) -> Result<()> {
        match self.cancel.is_cancelled() {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        }
    }

    /// Adds the rows that have no place in the index.
    fn add_unplaced(
        &self,
        index: &IndexInfo,
        among: Option<&Vec<u64>>,
        progress: &mut Progress,
    ) -> Result<()> {
        let mut ruler = self.ruler()?;
        let mut look_at = |rid: u64, row: Value| -> Result<()> {
            let value = self.value(&row)?;
            if index.payloads(std::slice::from_ref(&value))?.is_empty() && self.passes(rid, &row)? {
                let distance = self.distance(&value, ruler.as_mut())?;
                progress.keep(rid, distance, row);
            }
            Ok(())
        };
        match among {
            Some(rids) => {
                for rid in rids {
                    if let Some(row) = lookup::row(self.overlay, self.info.storage_id(), *rid)? {
                        look_at(*rid, row)?;
                    }
                }
            }
            None => {
                self.overlay.count(self.info.oid(), Counted::Scans, 1);
                let rows = rid_rows(self.info, self.overlay, 0, u64::MAX);
                for (number, row) in rows.enumerate() {
                    if number.is_multiple_of(ROWS_PER_LOOK) {
                        self.look()?;
                    }
                    let (rid, row) = row?;
                    look_at(rid, row)?;
                }
            }
        }
        Ok(())
    }

    /// The value of a row that is compared.
    fn value(&self, row: &[u8]) -> Result<Datum> {
        match self.compared {
            Compared::Column(position) => {
                let values = lookup::columns(self.info, row, &[position])?;
                Ok(values.into_iter().next().unwrap_or(Datum::Null))
            }
            Compared::Expression(value) => value(row),
        }
    }

    /// What distances are measured from; none from NULL.
    fn ruler(&self) -> Result<Option<Ruler>> {
        match self.query {
            Datum::Null => Ok(None),
            query => Ok(Some(Ruler::new(self.class, Point::of_query(self.class, query)?))),
        }
    }

    fn distance(&self, value: &Datum, ruler: Option<&mut Ruler>) -> Result<Option<f64>> {
        match (value, ruler) {
            (Datum::Null, _) | (_, None) => Ok(None),
            (value, Some(ruler)) => ruler.of_point(&Point::of_query(self.class, value)?).map(Some),
        }
    }

    /// The distance of a row, without a value made of a column's bytes.
    fn distance_of(&self, row: &[u8], ruler: Option<&mut Ruler>) -> Result<Option<f64>> {
        let Some(ruler) = ruler else { return Ok(None) };
        if let Compared::Column(position) = self.compared
            && self.class.element != Element::Bit
            && let Some(stored) = self.info.view(row)?.stored(position)
        {
            return stored.map(|stored| ruler.of_stored(stored)).transpose();
        }
        self.distance(&self.value(row)?, Some(ruler))
    }

    /// The nearest `wanted` rows by a scan of the table, or all of them.
    pub fn by_scan(&self, wanted: Option<usize>) -> Result<(Vec<Found>, Report)> {
        let start = Instant::now();
        self.overlay.count(self.info.oid(), Counted::Scans, 1);
        let parts = self.in_parts(|range| self.scan(range, wanted))?;
        let (strategy, time) = (Strategy::Scan, Duration::ZERO);
        let mut report = Report { strategy, evaluations: 0, fresh: 0, removed: 0, time };
        let mut found = Vec::new();
        for part in parts {
            report.evaluations += part.evaluations;
            report.removed += part.removed;
            found.extend(part.found);
        }
        report.time = start.elapsed();
        self.note_search(Method::Exact, report.evaluations);
        Ok((sorted(found, wanted), report))
    }

    /// Counts it for all searches of the server.
    fn note_search(&self, method: Method, evaluations: u64) {
        if let Some(registry) = vector::Registry::of(self.overlay.published()) {
            registry.note_search(method, evaluations);
        }
    }

    /// Does something with each part of the table, by as many threads as are allowed.
    fn in_parts<T: Send>(&self, work: impl Fn((u64, u64)) -> Result<T> + Sync) -> Result<Vec<T>> {
        let ranges = rid_ranges(self.info, self.overlay, self.threads)?;
        if let [range] = ranges.as_slice() {
            return Ok(vec![work(*range)?]);
        }
        let work = &work;
        std::thread::scope(|scope| {
            let begin = |range: &(u64, u64)| {
                let range = *range;
                scope.spawn(move || work(range))
            };
            let running: Vec<_> = ranges.iter().map(begin).collect();
            let panicked = |_| Error::internal("a scan of a table panicked");
            running.into_iter().map(|thread| thread.join().map_err(panicked)?).collect()
        })
    }

    fn scan(&self, (from, to): (u64, u64), wanted: Option<usize>) -> Result<Part> {
        let mut ruler = self.ruler()?;
        let most = wanted.unwrap_or(usize::MAX);
        let mut best: BinaryHeap<Kept> = BinaryHeap::new();
        let (mut evaluations, mut removed, mut read) = (0, 0, 0);
        for row in rid_rows(self.info, self.overlay, from, to) {
            if (read as usize).is_multiple_of(ROWS_PER_LOOK) {
                self.look()?;
            }
            read += 1u64;
            let (rid, row) = row?;
            if !self.passes(rid, &row)? {
                removed += 1;
                continue;
            }
            evaluations += 1;
            let distance = self.distance_of(&row, ruler.as_mut())?;
            let rank = Rank::new(distance, rid);
            if best.len() < most {
                let row = (best.len() < ROWS_KEPT).then_some(row);
                best.push(Kept { rank, distance, row });
            } else if let Some(mut worst) = best.peek_mut()
                && rank < worst.rank
            {
                let row = worst.row.is_some().then_some(row);
                *worst = Kept { rank, distance, row };
            }
        }
        self.overlay.count(self.info.oid(), Counted::Returned, read);
        let found = best
            .into_iter()
            .map(|kept| Found { rid: kept.rank.rid, distance: kept.distance, row: kept.row })
            .collect();
        Ok(Part { found, evaluations, removed })
    }
}

/// What one thread has found.
struct Part {
    found: Vec<Found>,
    evaluations: u64,
    removed: u64,
}

/// A row among the nearest so far.
struct Kept {
    rank: Rank,
    distance: Option<f64>,
    row: Option<Value>,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Kept) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Kept) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Kept) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

/// Where a search by an index is.
#[derive(Default)]
struct Progress {
    found: Vec<Found>,
    /// Neighbours that were looked at.
    met: usize,
    /// Their rows that were read.
    fetched: u64,
    removed: u64,
}

impl Progress {
    fn keep(&mut self, rid: u64, distance: Option<f64>, row: Value) {
        let row = (self.found.len() < ROWS_KEPT).then_some(row);
        self.found.push(Found { rid, distance, row });
    }
}

/// A value to search from where the query is NULL: rows come in some order.
fn zero(class: Class, index: &IndexInfo) -> Datum {
    let dims = index.keys.first().map_or(1, |key| key.ty.typmod).max(1);
    let elements = usize::try_from(dims).unwrap_or(1);
    let value = match class.element {
        Element::Bit => return Datum::Bit(Bits::new(vec![0; elements.div_ceil(8)], elements)),
        Element::Vector => VectorValue::vector(vec![0.0; elements]),
        Element::Half => VectorValue::half(vec![0; elements]),
        Element::Sparse => VectorValue::sparse(dims, Vec::new(), Vec::new()),
    };
    value.map_or(Datum::Null, Datum::Vector)
}
