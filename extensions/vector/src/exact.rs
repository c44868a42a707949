//! The nearest, exactly: codes are scanned, and only rows that their bound does not
//! exclude are compared in full.
//!
//! # The certificate
//!
//! `codes` bounds how far the distance of the codes is from the one that the kernel
//! computes. While the codes are scanned, the `k` least *upper* bounds are kept; the
//! greatest of them is a limit that the k-th nearest cannot pass. A row whose *lower*
//! bound is above the limit is not among the nearest, whatever the data. The others are
//! compared in full, the most promising first, until the lower bound of the next is above
//! the k-th distance found. So the result is that of comparing everything, in the order
//! (distance, slot), at about a quarter of the bytes read; what data that codes badly
//! costs is time.
//!
//! ```text
//!   k = 1         lower ├──────────┤ upper
//!   row 7                 ├─────┤ ◄── limit: its upper bound
//!   row 3               ├─────┤           compared (it is even nearer)
//!   row 9                       ├─────┤   compared
//!   row 5                            ├────┤   excluded by its codes alone
//! ```
//!
//! # Shared scans
//!
//! Several queries are answered by one scan: a block of rows stays in the cache while four
//! queries at a time are compared with it.

use crate::codes::{Coded, FACTORS_BYTES, Factors, as_codes};
use crate::graph::Met;
use crate::hits::{Best, Hit};
use crate::kernel::{code, dispatch, rounding};
use crate::metric::Metric;
use crate::rows::Rows;
use crate::simd::Simd;
use crate::space::{Dense, DenseQuery, Element, Space};

/// Rows that are scanned before the next queries get their turn: they stay in the cache.
const BLOCK: usize = 64;
/// Queries that share the loads of one row.
const SHARED: usize = 4;
/// How far the share of a loss that counts may be beyond its usual size: of elements that
/// are spread as a normal distribution, one in a hundred thousand is further.
const DEVIATIONS: f32 = 2.5;
/// What rounding an estimate can lose of the squares that go into it: see `codes`.
const ESTIMATE: f32 = 1e-6;

/// The `k` nearest of `slots` to each of `queries`, nearest first, equal ones by slot.
/// Slots must be published and stay so: hold `Slots::reading`.
pub fn nearest<E: Element>(
    space: &Dense<E>,
    queries: &[DenseQuery<E>],
    k: usize,
    slots: &[u32],
) -> Vec<Vec<Hit>> {
    let metric = space.quantizer.metric();
    let dims = space.quantizer.dims();
    let search = |query: &DenseQuery<E>| Scan::new(metric, dims, &query.coded, k);
    let mut scans: Vec<Scan> = queries.iter().map(search).collect();
    if k > 0 {
        // One query has nothing to share.
        let block = if queries.len() > 1 { BLOCK } else { usize::MAX };
        for block in slots.chunks(block) {
            scan_block(Scattered(&space.codes), block, queries, &mut scans);
        }
    }
    let verify = |(scan, query): (Scan, &DenseQuery<E>)| {
        scan.verify(|slot| space.exact(query, slot), |slot| space.prefetch_exact(slot))
    };
    scans.into_iter().zip(queries).map(verify).collect()
}

/// The nearest of what a walk has met, which comes nearest first by its codes.
///
/// A walk is not exact, so this needs no certificate: what codes lose points in no
/// particular direction, and only a share of it lies along the line to the query. By how
/// many elements the query is spread over, that share has a deviation, and what is farther
/// than [`DEVIATIONS`] of them say is passed over: most of what a walk has met beyond `k`.
pub(crate) fn nearest_met<E: Element>(
    space: &Dense<E>,
    query: &DenseQuery<E>,
    k: usize,
    all: &[Met],
) -> Vec<Hit> {
    let (metric, coded) = (space.quantizer.metric(), &query.coded);
    let share = (DEVIATIONS / spread(coded.codes()).sqrt()).min(1.0);
    let least = |met: &Met| {
        let stored = Factors::read(space.codes.row(met.slot));
        match metric {
            Metric::InnerProduct => {
                let lost = stored.error * coded.length + stored.norm * coded.factors.error;
                met.distance - share * lost
            }
            _ => met.distance.max(0.0).sqrt() - share * (stored.error + coded.factors.error),
        }
    };
    let (mut best, mut limit) = (Best::new(k), f32::INFINITY);
    // What is not a number is not passed over.
    let is_due = |least: f32, limit: f32| least <= limit || least.is_nan();
    let least: Vec<f32> = all.iter().map(least).collect();
    for (at, met) in all.iter().enumerate() {
        if !is_due(least[at], limit) {
            continue;
        }
        if least.get(at + 1).is_some_and(|next| is_due(*next, limit)) {
            space.prefetch_exact(all[at + 1].slot);
        }
        if best.offer(Hit { slot: met.slot, distance: space.exact(query, met.slot) })
            && let Some(worst) = best.worst()
        {
            limit = match metric {
                Metric::Cosine => (2.0 * worst.max(0.0)).sqrt() as f32,
                _ => worst as f32,
            };
            // NaN is after every number: it passes nothing over.
            limit = if limit.is_nan() { f32::INFINITY } else { limit };
        }
    }
    best.into_sorted()
}

/// How many elements a vector is spread over: one that is alone in it counts as one, as
/// many as there are of equal size count as that many (the participation ratio).
fn spread(codes: &[i8]) -> f32 {
    let squares = codes.iter().map(|code| f32::from(*code) * f32::from(*code));
    let (sum, fourth) = squares.fold((0.0, 0.0), |(sum, fourth), it| (sum + it, fourth + it * it));
    if fourth > 0.0 { sum * sum / fourth } else { 1.0 }
}

/// The same where walk distances are exact: every slot is compared.
pub fn nearest_plain<S: Space>(space: &S, query: &S::Query, k: usize, slots: &[u32]) -> Vec<Hit> {
    let mut best = Best::new(k);
    for slot in slots {
        best.offer(Hit { slot: *slot, distance: space.exact(query, *slot) });
    }
    best.into_sorted()
}

fn scan_block<E: Element>(
    rows: Scattered<'_>,
    block: &[u32],
    queries: &[DenseQuery<E>],
    scans: &mut [Scan],
) {
    let (mut queries, mut scans) = (queries, scans);
    while let Some(([a, b, c, d], others)) = queries.split_first_chunk::<SHARED>() {
        let (now, later) = scans.split_first_chunk_mut::<SHARED>().expect("a scan a query");
        let coded = [&a.coded, &b.coded, &c.coded, &d.coded];
        scan_four(rows, block, &coded, now);
        (queries, scans) = (others, later);
    }
    for (query, scan) in queries.iter().zip(scans) {
        scan_one(rows, block, &[&query.coded], std::array::from_mut(scan));
    }
}

/// The codes of some slots once more, side by side: who compares the same slots again and
/// again reads them in a third less time.
pub struct Gathered {
    stride: usize,
    rows: Vec<u8>,
}

impl Gathered {
    /// The codes of `slots`, in their order. Those of a slot that is not `published` are
    /// zero. Hold `Slots::reading`.
    pub(crate) fn new<E: Element>(
        space: &Dense<E>,
        slots: &[u32],
        published: impl Fn(u32) -> bool,
    ) -> Gathered {
        let stride = space.quantizer.stride();
        let mut rows = vec![0; slots.len() * stride];
        for (slot, row) in slots.iter().zip(rows.chunks_exact_mut(stride)) {
            if published(*slot) {
                row.copy_from_slice(space.codes.row(*slot));
            }
        }
        Gathered { stride, rows }
    }

    pub fn bytes(&self) -> usize {
        self.rows.len()
    }
}

/// The same as [`nearest`] of the slots at some places of `slots`, of which `gathered` was
/// made.
pub(crate) fn nearest_gathered<E: Element>(
    space: &Dense<E>,
    query: &DenseQuery<E>,
    k: usize,
    (slots, gathered): (&[u32], &Gathered),
    places: &[u32],
) -> Vec<Hit> {
    let mut scan = Scan::new(space.quantizer.metric(), space.quantizer.dims(), &query.coded, k);
    if k > 0 {
        let rows = Together { slots, gathered };
        scan_gathered(rows, places, &[&query.coded], std::array::from_mut(&mut scan));
    }
    scan.verify(|slot| space.exact(query, slot), |slot| space.prefetch_exact(slot))
}

/// Rows of codes, by what a scan calls them.
trait Codes: Copy {
    fn slot(&self, key: u32) -> u32;
    fn row(&self, key: u32) -> &[u8];
    fn prefetch(&self, key: u32);
}

/// By slots, wherever they are.
#[derive(Clone, Copy)]
pub(crate) struct Scattered<'a>(&'a Rows<u8>);

impl Codes for Scattered<'_> {
    #[inline(always)]
    fn slot(&self, key: u32) -> u32 {
        key
    }

    #[inline(always)]
    fn row(&self, key: u32) -> &[u8] {
        self.0.row(key)
    }

    #[inline(always)]
    fn prefetch(&self, key: u32) {
        self.0.prefetch(key);
    }
}

/// By places among slots.
#[derive(Clone, Copy)]
pub(crate) struct Together<'a> {
    slots: &'a [u32],
    gathered: &'a Gathered,
}

impl Codes for Together<'_> {
    #[inline(always)]
    fn slot(&self, key: u32) -> u32 {
        self.slots[key as usize]
    }

    #[inline(always)]
    fn row(&self, key: u32) -> &[u8] {
        let start = key as usize * self.gathered.stride;
        &self.gathered.rows[start..start + self.gathered.stride]
    }

    /// The processor sees by itself what comes next.
    #[inline(always)]
    fn prefetch(&self, _: u32) {}
}

/// One query's scan: what the limit is and which rows passed it.
pub(crate) struct Scan {
    metric: Metric,
    /// The parts of the bounds that the query gives.
    query_error: f32,
    query_length: f32,
    query_square: f32,
    /// Inner product: what vanishes of the smallest products in the kernel's sum.
    vanished: f32,
    /// What a row's least distance, less its own error, is compared with.
    limit: f32,
    /// The k least upper bounds, as distances; a slot's number is not needed.
    uppers: Best,
    /// Rows to compare in full, with their side of the comparison with `limit`.
    candidates: Vec<(f32, u32)>,
    cosine_rounding: f64,
    k: usize,
}

impl Scan {
    fn new(metric: Metric, dims: usize, query: &Coded, k: usize) -> Scan {
        let factors = query.factors;
        // Squares of the smallest floats vanish in the kernel's sum, too.
        let vanished = (dims as f32 * f32::MIN_POSITIVE).sqrt();
        Scan {
            metric,
            query_error: match metric {
                Metric::InnerProduct => factors.error + ESTIMATE * factors.norm,
                _ => factors.error + vanished,
            },
            query_length: query.length,
            query_square: factors.norm * factors.norm * (1.0 - ESTIMATE),
            vanished: dims as f32 * f32::MIN_POSITIVE,
            limit: f32::INFINITY,
            uppers: Best::new(k),
            candidates: Vec::new(),
            cosine_rounding: 3.0 * f64::from(rounding(dims)),
            k,
        }
    }

    /// The limit that belongs to a distance.
    fn limit_of(&self, distance: f64) -> f32 {
        let limit = match self.metric {
            Metric::InnerProduct => distance,
            Metric::Cosine => {
                (2.0 * (distance + self.cosine_rounding)).max(0.0).sqrt()
                    + f64::from(self.query_error)
            }
            _ => distance + f64::from(self.query_error),
        };
        // What is not a number is after every number: it excludes none.
        if limit.is_finite() && !distance.is_nan() {
            (limit + limit.abs() * 1e-6) as f32
        } else {
            f32::INFINITY
        }
    }

    /// A row that its codes do not exclude.
    #[inline(never)]
    fn passed(&mut self, slot: u32, least: f32, stored: Factors) {
        let (needed, upper) = match self.metric {
            Metric::InnerProduct => {
                let error = self.error(stored);
                (least - error, f64::from(least) + f64::from(error))
            }
            _ => {
                let slack = 2.0 * ESTIMATE * (stored.norm * stored.norm + self.query_square);
                let far = (least + slack).max(0.0).sqrt() + stored.error + self.query_error;
                let far = f64::from(far) * (1.0 + 1e-6);
                let upper = match self.metric {
                    Metric::Cosine => far * far / 2.0 + self.cosine_rounding,
                    _ => far,
                };
                (least.max(0.0).sqrt() - stored.error, upper)
            }
        };
        self.candidates.push((needed, slot));
        // A bound that is not a number bounds nothing.
        if upper.is_finite() && self.uppers.offer(Hit { slot, distance: upper }) {
            if let Some(worst) = self.uppers.worst() {
                self.limit = self.limit.min(self.limit_of(worst));
            }
            if self.candidates.len() > 4 * self.k + 4096 {
                self.drop_excluded();
            }
        }
    }

    /// Inner product: how far the product of the codes may be from the kernel's.
    #[inline(always)]
    fn error(&self, stored: Factors) -> f32 {
        stored.error * self.query_length + stored.norm * self.query_error + self.vanished
    }

    fn drop_excluded(&mut self) {
        let limit = self.limit;
        self.candidates.retain(|(needed, _)| {
            let is_excluded = *needed > limit;
            !is_excluded
        });
    }

    /// Compares the candidates in full.
    fn verify(mut self, exact: impl Fn(u32) -> f64, prefetch: impl Fn(u32)) -> Vec<Hit> {
        self.drop_excluded();
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut best = Best::new(self.k);
        let mut limit = self.limit;
        for (at, (needed, slot)) in candidates.iter().copied().enumerate() {
            if let Some((_, next)) = candidates.get(at + 1).filter(|(next, _)| *next <= limit) {
                prefetch(*next);
            }
            if needed > limit {
                // The others need more still; what is not a number comes last and stays.
                continue;
            }
            if best.offer(Hit { slot, distance: exact(slot) })
                && let Some(worst) = best.worst()
            {
                limit = limit.min(self.limit_of(worst));
            }
        }
        best.into_sorted()
    }
}

/// Rows of a block ahead of the one that is read.
const AHEAD: usize = 6;

#[inline(always)]
fn scan_by<S: Simd, C: Codes, const Q: usize>(
    simd: S,
    rows: C,
    block: &[u32],
    queries: &[&Coded; Q],
    scans: &mut [Scan; Q],
) {
    let codes = queries.map(|query| (query.codes(), query.factors.sum));
    block.iter().take(AHEAD).for_each(|key| rows.prefetch(*key));
    for (at, key) in block.iter().enumerate() {
        if let Some(next) = block.get(at + AHEAD) {
            rows.prefetch(*next);
        }
        let row = rows.row(*key);
        let stored = Factors::read(row);
        let dots = code::dots(simd, as_codes(&row[FACTORS_BYTES..]), &codes);
        for (at, scan) in scans.iter_mut().enumerate() {
            let product = stored.scale * queries[at].factors.scale * dots[at] as f32;
            let (least, limit) = if scan.metric == Metric::InnerProduct {
                (-product, scan.limit + scan.error(stored))
            } else {
                let square = stored.norm * stored.norm * (1.0 - ESTIMATE);
                let within = scan.limit + stored.error;
                (square + scan.query_square - 2.0 * product, within * within)
            };
            // What is not a number is not excluded.
            let is_excluded = least > limit;
            if !is_excluded {
                scan.passed(rows.slot(*key), least, stored);
            }
        }
    }
}

dispatch! {
    fn scan_one(rows: Scattered<'_>, block: &[u32], queries: &[&Coded; 1], scans: &mut [Scan; 1]) -> () = scan_by;
    fn scan_four(rows: Scattered<'_>, block: &[u32], queries: &[&Coded; 4], scans: &mut [Scan; 4]) -> () = scan_by;
    fn scan_gathered(rows: Together<'_>, block: &[u32], queries: &[&Coded; 1], scans: &mut [Scan; 1]) -> () = scan_by;
}
