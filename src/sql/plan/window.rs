//! Window functions with PostgreSQL's frames: ROWS, RANGE and GROUPS, every
//! bound and exclusion.
//!
//! The input arrives sorted by partition and order. One partition is held at a
//! time; each function appends a column.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::MemoryConsumer;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::aggregate::{Aggregate, Code, Order};
use super::batch::{self, RowReader};
use super::form::Form;
use super::operator::{Operator, Run};
use super::transition::Calls;
use crate::error::{Error, Result};
use crate::sql::functions::{AggregateState, EvalContext};
use crate::sql::ir::{ColumnId, FrameExclusion, FrameUnits};
use crate::sql::run::eval::native::integer;
use crate::sql::run::failure;
use crate::sql::types::Datum;
use crate::sqlstate;

pub struct Window {
    pub context: Arc<EvalContext>,
    /// Everything read from the input.
    pub input: Vec<(ColumnId, Form)>,
    /// Positions of the partition's values.
    pub partition: Vec<usize>,
    pub order: Vec<Order>,
    pub calls: Vec<Call>,
}

pub struct Call {
    pub function: Function,
    /// Positions of the arguments.
    pub args: Vec<usize>,
    pub frame: Frame,
    pub form: Form,
}

pub enum Function {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile,
    /// `lag` (-1) and `lead` (1).
    Offset(i64),
    FirstValue,
    LastValue,
    NthValue,
    Aggregate(Box<Aggregate>),
}

pub struct Frame {
    pub units: FrameUnits,
    pub start: Bound,
    pub end: Bound,
    pub exclusion: FrameExclusion,
}

pub enum Bound {
    UnboundedPreceding,
    UnboundedFollowing,
    CurrentRow,
    /// Rows or groups before (negative) or after the current one.
    Distance(i64),
    /// For RANGE: rows whose order value is within an offset of the current row's.
    Range(InRange),
}

/// Whether an order value is not beyond the bound that lies an offset away from the
/// current row's: the type's own `in_range`.
pub type InRange = Box<dyn Fn(&EvalContext, &Datum, &Datum) -> Result<bool> + Send + Sync>;

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WindowAgg")
    }
}

impl Operator for Window {
    fn name(&self) -> &str {
        "WindowAgg"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.input, &input.schema())?;
            let pool = &run.context.runtime_env().memory_pool;
            let reservation = MemoryConsumer::new("window").register(pool);
            let mut partition = Partition::default();
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut start = 0;
                for row in 0..batch.num_rows() {
                    let values = reader.row(&batch, row)?;
                    let key = self.key(&values);
                    if !partition.rows.is_empty() && key != partition.key {
                        partition.pieces.push(batch.slice(start, row - start));
                        start = row;
                        let done = std::mem::take(&mut partition);
                        if !self.emit(&run, done).await? {
                            return Ok(());
                        }
                        reservation.free();
                    }
                    reservation.try_grow(batch::row_bytes(&values)).map_err(failure::unwrap)?;
                    partition.key = key;
                    partition.rows.push(values);
                }
                let rest = batch.slice(start, batch.num_rows() - start);
                reservation.try_grow(rest.get_array_memory_size()).map_err(failure::unwrap)?;
                partition.pieces.push(rest);
            }
            self.emit(&run, partition).await?;
            Ok(())
        })
    }
}

/// The rows of one partition, as datums and as they arrived.
#[derive(Default)]
struct Partition {
    key: Vec<u8>,
    rows: Vec<Vec<Datum>>,
    pieces: Vec<RecordBatch>,
}

impl Window {
    fn key(&self, row: &[Datum]) -> Vec<u8> {
        let mut key = Vec::new();
        for position in &self.partition {
            batch::append_key(&row[*position], &self.input[*position].1, &mut key);
        }
        key
    }

    /// Computes a partition and sends it on; `false` when nobody reads.
    async fn emit(&self, run: &Run, partition: Partition) -> Result<bool> {
        let peers = Peers::new(&partition.rows, &self.order);
        let columns = self
            .calls
            .iter()
            .map(|call| self.compute(call, &partition.rows, &peers))
            .collect::<Result<Vec<_>>>()?;
        let mut start = 0;
        for piece in partition.pieces {
            let end = start + piece.num_rows();
            let mut arrays = piece.columns().to_vec();
            for (call, values) in self.calls.iter().zip(&columns) {
                arrays.push(batch::column(values[start..end].iter(), &call.form)?);
            }
            let out = batch::assemble(&run.schema, arrays, piece.num_rows())?;
            if !run.sink.send(out).await {
                return Ok(false);
            }
            start = end;
        }
        Ok(true)
    }

    fn compute(&self, call: &Call, rows: &[Vec<Datum>], peers: &Peers) -> Result<Vec<Datum>> {
        let count = rows.len();
        let per_row = |f: &dyn Fn(usize) -> Datum| Ok((0..count).map(f).collect());
        match &call.function {
            Function::RowNumber => per_row(&|row| Datum::Int8(row as i64 + 1)),
            Function::Rank => per_row(&|row| Datum::Int8(peers.of(row).start as i64 + 1)),
            Function::DenseRank => per_row(&|row| Datum::Int8(peers.group[row] as i64 + 1)),
            Function::PercentRank => per_row(&|row| {
                let rank = peers.of(row).start as f64;
                Datum::Float8(if count > 1 { rank / (count - 1) as f64 } else { 0.0 })
            }),
            Function::CumeDist => {
                per_row(&|row| Datum::Float8(peers.of(row).end as f64 / count as f64))
            }
            Function::Ntile => ntile(call, rows),
            Function::Offset(direction) => offset(call, rows, *direction),
            Function::FirstValue | Function::LastValue | Function::NthValue => {
                self.framed_value(call, rows, peers)
            }
            Function::Aggregate(aggregate) => self.aggregate(call, aggregate, rows, peers),
        }
    }

    fn framed_value(&self, call: &Call, rows: &[Vec<Datum>], peers: &Peers) -> Result<Vec<Datum>> {
        let mut values = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let frame = self.frame(call, rows, peers, row)?;
            let mut members = members(&frame, call.frame.exclusion, peers, row);
            let member = match call.function {
                Function::FirstValue => members.next(),
                Function::LastValue => members.last(),
                _ => match integer(&rows[row][call.args[1]]) {
                    Some(n @ 1..) => members.nth(n as usize - 1),
                    Some(_) => return Err(invalid_argument("nth_value", sqlstate_nth())),
                    None => None,
                },
            };
            values.push(member.map_or(Datum::Null, |m| rows[m][call.args[0]].clone()));
        }
        Ok(values)
    }

    /// Aggregates over frames. A frame that only grows at its end is fed
    /// incrementally; any other is computed anew for each row.
    fn aggregate(
        &self,
        call: &Call,
        aggregate: &Aggregate,
        rows: &[Vec<Datum>],
        peers: &Peers,
    ) -> Result<Vec<Datum>> {
        if let Code::User(user) = &aggregate.code
            && let Some(moving) = &user.moving
            && !matches!(call.frame.start, Bound::UnboundedPreceding)
        {
            return self.moving_aggregate(call, (aggregate, moving), rows, peers);
        }
        let grows = matches!(call.frame.start, Bound::UnboundedPreceding)
            && call.frame.exclusion == FrameExclusion::NoOthers;
        let mut values: Vec<Datum> = Vec::with_capacity(rows.len());
        let mut state = aggregate.new_state(&self.context)?;
        let mut fed = 0;
        let mut last: Option<usize> = None;
        for row in 0..rows.len() {
            if self.context.session.is_cancelled() {
                return Err(Error::query_canceled());
            }
            let frame = self.frame(call, rows, peers, row)?;
            if !grows {
                let mut state = aggregate.new_state(&self.context)?;
                for member in members(&frame, call.frame.exclusion, peers, row) {
                    feed(aggregate, state.as_mut(), &rows[member])?;
                }
                values.push(state.finish()?);
                continue;
            }
            if last == Some(frame.end) {
                let same = values[row - 1].clone();
                values.push(same);
                continue;
            }
            if frame.end < fed {
                state = aggregate.new_state(&self.context)?;
                fed = 0;
            }
            for member in &rows[fed..frame.end] {
                feed(aggregate, state.as_mut(), member)?;
            }
            fed = frame.end;
            last = Some(frame.end);
            values.push(state.finish()?);
        }
        Ok(values)
    }

    /// Aggregates over frames that move: rows that leave are taken back out.
    fn moving_aggregate(
        &self,
        call: &Call,
        (aggregate, calls): (&Aggregate, &Arc<Calls>),
        rows: &[Vec<Datum>],
        peers: &Peers,
    ) -> Result<Vec<Datum>> {
        let exclusion = call.frame.exclusion;
        let mut values: Vec<Datum> = Vec::with_capacity(rows.len());
        let mut state = calls.start(&self.context);
        let mut held = 0..0;
        for row in 0..rows.len() {
            if self.context.session.is_cancelled() {
                return Err(Error::query_canceled());
            }
            let frame = self.frame(call, rows, peers, row)?;
            let mut anew = exclusion != FrameExclusion::NoOthers
                || frame.start < held.start
                || frame.end < held.end
                || held.end <= frame.start;
            for left in rows.iter().take(frame.start).skip(held.start) {
                if anew {
                    break;
                }
                if aggregate.takes(left) {
                    anew = !state.remove(&aggregate.args_of(left))?;
                }
            }
            if anew {
                state = calls.start(&self.context);
                held = frame.start..frame.start;
            }
            for member in members(&(held.end..frame.end), exclusion, peers, row) {
                feed(aggregate, &mut state, &rows[member])?;
            }
            held = frame;
            values.push(state.finish()?);
        }
        Ok(values)
    }

    /// The rows between the frame's bounds, before exclusion.
    fn frame(
        &self,
        call: &Call,
        rows: &[Vec<Datum>],
        peers: &Peers,
        row: usize,
    ) -> Result<Range<usize>> {
        let start = self.bound(call, &call.frame.start, true, rows, peers, row)?;
        let end = self.bound(call, &call.frame.end, false, rows, peers, row)?;
        Ok(start..end.max(start))
    }

    fn bound(
        &self,
        call: &Call,
        bound: &Bound,
        is_start: bool,
        rows: &[Vec<Datum>],
        peers: &Peers,
        row: usize,
    ) -> Result<usize> {
        let count = rows.len();
        let units = call.frame.units;
        Ok(match bound {
            Bound::UnboundedPreceding => 0,
            Bound::UnboundedFollowing => count,
            Bound::CurrentRow => match (units, is_start) {
                (FrameUnits::Rows, true) => row,
                (FrameUnits::Rows, false) => row + 1,
                (_, true) => peers.of(row).start,
                (_, false) => peers.of(row).end,
            },
            Bound::Distance(distance) if units == FrameUnits::Rows => {
                let next = row as i64 + i64::from(!is_start);
                let target = next.saturating_add(*distance);
                target.clamp(0, count as i64) as usize
            }
            Bound::Distance(distance) => {
                let group = (peers.group[row] as i64).saturating_add(*distance);
                match (group < 0, group >= peers.ranges.len() as i64) {
                    (true, _) => 0,
                    (_, true) => count,
                    _ if is_start => peers.ranges[group as usize].start,
                    _ => peers.ranges[group as usize].end,
                }
            }
            Bound::Range(within) => self.range_bound(within, is_start, rows, peers, row)?,
        })
    }

    fn range_bound(
        &self,
        within: &InRange,
        is_start: bool,
        rows: &[Vec<Datum>],
        peers: &Peers,
        row: usize,
    ) -> Result<usize> {
        let Some(order) = self.order.first() else {
            return Err(Error::internal("RANGE with an offset needs one ORDER BY column"));
        };
        let value = &rows[row][order.position];
        if value.is_null() {
            let group = peers.of(row);
            return Ok(if is_start { group.start } else { group.end });
        }
        // Rows are in order, NULLs at one end: before the start are those that are
        // beyond its bound, before the end those that are within its own.
        let mut failed = None;
        let found = rows.partition_point(|other| {
            let other = &other[order.position];
            if other.is_null() {
                return order.nulls_first;
            }
            match within(&self.context, other, value) {
                Ok(within) => within != is_start,
                Err(error) => {
                    failed.get_or_insert(error);
                    false
                }
            }
        });
        failed.map_or(Ok(found), Err)
    }
}

fn feed(
    aggregate: &Aggregate,
    state: &mut dyn crate::sql::functions::AggregateState,
    row: &[Datum],
) -> Result<()> {
    if !aggregate.takes(row) {
        return Ok(());
    }
    state.update(&aggregate.args_of(row))
}

/// The rows of a frame that its exclusion leaves.
fn members(
    frame: &Range<usize>,
    exclusion: FrameExclusion,
    peers: &Peers,
    row: usize,
) -> impl Iterator<Item = usize> {
    let group = peers.of(row);
    frame.clone().filter(move |member| match exclusion {
        FrameExclusion::NoOthers => true,
        FrameExclusion::CurrentRow => *member != row,
        FrameExclusion::Group => !group.contains(member),
        FrameExclusion::Ties => *member == row || !group.contains(member),
    })
}

/// Which rows of a partition are equal in its order.
struct Peers {
    ranges: Vec<Range<usize>>,
    /// The group of each row.
    group: Vec<usize>,
}

impl Peers {
    fn new(rows: &[Vec<Datum>], order: &[Order]) -> Peers {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut group = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let same = index > 0
                && order.iter().all(|key| {
                    key.compare(&rows[index - 1][key.position], &row[key.position]).is_eq()
                });
            match ranges.last_mut() {
                Some(range) if same => range.end = index + 1,
                _ => ranges.push(index..index + 1),
            }
            group.push(ranges.len() - 1);
        }
        Peers { ranges, group }
    }

    fn of(&self, row: usize) -> Range<usize> {
        self.ranges[self.group[row]].clone()
    }
}

fn invalid_argument(function: &str, code: crate::sqlstate::SqlState) -> Error {
    Error::new(code, format!("argument of {function} must be greater than zero"))
}

fn sqlstate_nth() -> crate::sqlstate::SqlState {
    sqlstate::INVALID_ARGUMENT_FOR_NTH_VALUE
}

fn ntile(call: &Call, rows: &[Vec<Datum>]) -> Result<Vec<Datum>> {
    let Some(buckets) = rows.first().and_then(|row| integer(&row[call.args[0]])) else {
        return Ok(vec![Datum::Null; rows.len()]);
    };
    if buckets <= 0 {
        return Err(invalid_argument("ntile", sqlstate::INVALID_ARGUMENT_FOR_NTILE));
    }
    let (count, buckets) = (rows.len() as i64, buckets);
    let (size, larger) = (count / buckets, count % buckets);
    let bucket = |row: i64| match row < larger * (size + 1) {
        true => row / (size + 1),
        false => larger + (row - larger * (size + 1)) / size.max(1),
    };
    Ok((0..count).map(|row| Datum::Int4(bucket(row) as i32 + 1)).collect())
}

/// `lag` and `lead`: value, offset (1), default (NULL).
fn offset(call: &Call, rows: &[Vec<Datum>], direction: i64) -> Result<Vec<Datum>> {
    let mut values = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let distance = match call.args.get(1) {
            Some(position) => integer(&row[*position]),
            None => Some(1),
        };
        let Some(distance) = distance else {
            values.push(Datum::Null);
            continue;
        };
        let target = (index as i64).saturating_add(distance.saturating_mul(direction));
        let found = usize::try_from(target).ok().and_then(|target| rows.get(target));
        values.push(match (found, call.args.get(2)) {
            (Some(found), _) => found[call.args[0]].clone(),
            (None, Some(default)) => row[*default].clone(),
            (None, None) => Datum::Null,
        });
    }
    Ok(values)
}
