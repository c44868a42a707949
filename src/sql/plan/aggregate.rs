//! Aggregation in general: any aggregate kernel, grouping sets, DISTINCT and
//! ORDER BY inside aggregates, groups of any type (compared by key).
//!
//! What DataFusion aggregates with the same meaning is lowered to its own
//! operator, which is vectorised and spills; this one holds its groups in
//! memory, under the pool's limit.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::execution::memory_pool::MemoryConsumer;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch::{self, RowReader};
use super::form::Form;
use super::operator::{Operator, Run};
use super::transition::UserAggregate;
use crate::error::{Error, Result};
use crate::sql::functions::{AggregateKernel, AggregateState, CallContext, EvalContext};
use crate::sql::ir::ColumnId;
use crate::sql::run::failure;
use crate::sql::types::{self, Datum, SqlType};

/// States looked at to estimate what all of them hold.
const STATES_SAMPLED: usize = 1_000;

/// One aggregate of the node; positions are in the node's input row.
#[derive(Clone)]
pub struct Aggregate {
    pub code: Code,
    pub types: Vec<SqlType>,
    pub result: SqlType,
    pub args: Vec<usize>,
    pub forms: Vec<Form>,
    pub filter: Option<usize>,
    pub distinct: bool,
    pub order_by: Vec<Order>,
    /// A hypothetical-set aggregate: the first arguments, one per key of the order,
    /// are the row that it asks about.
    pub hypothetical: bool,
}

/// What computes an aggregate.
#[derive(Clone)]
pub enum Code {
    Kernel(AggregateKernel),
    /// Functions of a user's aggregate.
    User(UserAggregate),
}

impl Code {
    /// Whether rows with a NULL among the aggregated arguments are passed over.
    fn is_strict(&self) -> bool {
        match self {
            Code::Kernel(kernel) => kernel.strict,
            Code::User(user) => user.plain.is_strict(),
        }
    }

    /// How many arguments in front may be NULL all the same.
    fn direct(&self) -> usize {
        match self {
            Code::Kernel(_) => 0,
            Code::User(user) => user.plain.direct(),
        }
    }
}

/// One key of an order over rows of datums.
#[derive(Clone, Debug)]
pub struct Order {
    pub position: usize,
    pub form: Form,
    pub descending: bool,
    pub nulls_first: bool,
}

impl Order {
    pub fn compare(&self, left: &Datum, right: &Datum) -> Ordering {
        match (left.is_null(), right.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) if self.nulls_first => Ordering::Less,
            (true, false) => Ordering::Greater,
            (false, true) if self.nulls_first => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let ordering = types::compare(left, right, &self.form.repr);
                if self.descending { ordering.reverse() } else { ordering }
            }
        }
    }
}

pub struct HashAggregate {
    pub context: Arc<EvalContext>,
    /// Everything read from the input: group values, arguments, filters, order keys.
    pub input: Vec<(ColumnId, Form)>,
    /// The first columns of `input` are the group values.
    pub group_count: usize,
    pub sets: Vec<Vec<usize>>,
    pub aggregates: Vec<Aggregate>,
    /// Group columns, aggregates, and per group column whether it is left out
    /// of the row's set (1) or not (0).
    pub output: Vec<Form>,
}

impl std::fmt::Debug for HashAggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The running aggregate of one group.
struct Running {
    state: Box<dyn AggregateState>,
    /// Rows seen, when it is DISTINCT.
    distinct: Option<HashSet<Vec<u8>>>,
    /// Rows kept to be sorted: order keys and arguments.
    kept: Vec<(Vec<Datum>, Vec<Datum>)>,
}

struct Group {
    values: Vec<Datum>,
    set: usize,
    running: Vec<Running>,
}

impl Operator for HashAggregate {
    fn name(&self) -> &str {
        match (self.group_count, self.sets.len()) {
            (0, _) => "Aggregate",
            (_, 0 | 1) => "HashAggregate",
            _ => "MixedAggregate",
        }
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.input, &input.schema())?;
            let pool = &run.context.runtime_env().memory_pool;
            let reservation = MemoryConsumer::new("aggregate").register(pool);
            let mut groups: Vec<Group> = Vec::new();
            let mut index: HashMap<Vec<u8>, usize> = HashMap::new();
            let mut kept_bytes = 0;
            let mut row = Vec::new();
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                if self.context.session.is_cancelled() {
                    return Err(Error::query_canceled());
                }
                for position in 0..batch.num_rows() {
                    reader.read(&batch, position, &mut row)?;
                    for set in 0..self.sets.len() {
                        let group = self.group(set, &row, &mut index, &mut groups)?;
                        kept_bytes += self.update(&mut groups[group], &row)?;
                    }
                }
                let bytes = index.len() * 64 + kept_bytes + states_bytes(&groups);
                reservation.try_resize(bytes).map_err(failure::unwrap)?;
            }
            self.add_empty_groups(&mut groups)?;
            let batch_rows = run.context.session_config().batch_size();
            let mut groups = groups.into_iter();
            loop {
                let rows = groups
                    .by_ref()
                    .take(batch_rows)
                    .map(|group| self.finish(group))
                    .collect::<Result<Vec<_>>>()?;
                if rows.is_empty() {
                    return Ok(());
                }
                let batch = batch::from_rows(&run.schema, &self.output, &rows)?;
                if !run.sink.send(batch).await {
                    return Ok(());
                }
            }
        })
    }
}

fn states_bytes(groups: &[Group]) -> usize {
    let sampled = groups.len().min(STATES_SAMPLED);
    let bytes: usize = groups[..sampled]
        .iter()
        .map(|group| {
            let states = group.running.iter().map(|running| running.state.size_bytes());
            states.sum::<usize>() + batch::row_bytes(&group.values)
        })
        .sum();
    bytes * groups.len() / sampled.max(1)
}

impl HashAggregate {
    /// The group of a row in one grouping set, made when it is new.
    fn group(
        &self,
        set: usize,
        row: &[Datum],
        index: &mut HashMap<Vec<u8>, usize>,
        groups: &mut Vec<Group>,
    ) -> Result<usize> {
        let mut key = (set as u32).to_be_bytes().to_vec();
        for column in &self.sets[set] {
            batch::append_key(&row[*column], &self.input[*column].1, &mut key);
        }
        if let Some(group) = index.get(&key) {
            return Ok(*group);
        }
        let mut values = vec![Datum::Null; self.group_count];
        for column in &self.sets[set] {
            values[*column] = row[*column].clone();
        }
        groups.push(Group { values, set, running: self.start()? });
        index.insert(key, groups.len() - 1);
        Ok(groups.len() - 1)
    }

    fn start(&self) -> Result<Vec<Running>> {
        self.aggregates
            .iter()
            .map(|aggregate| {
                Ok(Running {
                    state: aggregate.new_state(&self.context)?,
                    distinct: aggregate.distinct.then(HashSet::new),
                    kept: Vec::new(),
                })
            })
            .collect()
    }

    /// Gives a row to a group; returns the bytes that it keeps.
    fn update(&self, group: &mut Group, row: &[Datum]) -> Result<usize> {
        let mut bytes = 0;
        for (aggregate, running) in self.aggregates.iter().zip(&mut group.running) {
            if !aggregate.takes(row) {
                continue;
            }
            let args = aggregate.args_of(row);
            if let Some(seen) = &mut running.distinct {
                let mut key = Vec::new();
                for (value, form) in args.iter().zip(&aggregate.forms) {
                    batch::append_key(value, form, &mut key);
                }
                bytes += key.len();
                if !seen.insert(key) {
                    continue;
                }
            }
            if aggregate.order_by.is_empty() && !aggregate.distinct {
                running.state.update(&args)?;
                continue;
            }
            let keys: Vec<Datum> =
                aggregate.order_by.iter().map(|order| row[order.position].clone()).collect();
            bytes += batch::row_bytes(&keys) + batch::row_bytes(&args);
            running.kept.push((keys, args));
        }
        Ok(bytes)
    }

    /// Sets without columns have a group even when there are no rows.
    fn add_empty_groups(&self, groups: &mut Vec<Group>) -> Result<()> {
        for (set, columns) in self.sets.iter().enumerate() {
            if columns.is_empty() && !groups.iter().any(|group| group.set == set) {
                let values = vec![Datum::Null; self.group_count];
                groups.push(Group { values, set, running: self.start()? });
            }
        }
        Ok(())
    }

    fn finish(&self, group: Group) -> Result<Vec<Datum>> {
        let mut values = group.values;
        for (aggregate, mut running) in self.aggregates.iter().zip(group.running) {
            values.push(aggregate.finish(&mut running)?);
        }
        let set = &self.sets[group.set];
        let left_out = (0..self.group_count).map(|column| !set.contains(&column));
        values.extend(left_out.map(|left_out| Datum::Int4(i32::from(left_out))));
        Ok(values)
    }
}

impl Aggregate {
    pub fn new_state(&self, context: &Arc<EvalContext>) -> Result<Box<dyn AggregateState>> {
        match &self.code {
            Code::Kernel(kernel) => {
                let call = CallContext { eval: context, args: &self.types, result: self.result };
                (kernel.new_state)(&call)
            }
            Code::User(user) => Ok(Box::new(user.plain.start(context))),
        }
    }

    /// The arguments of a row.
    pub fn args_of(&self, row: &[Datum]) -> Vec<Datum> {
        self.args.iter().map(|position| row[*position].clone()).collect()
    }

    /// Whether a row counts: its filter holds, and strict kernels skip NULLs.
    pub fn takes(&self, row: &[Datum]) -> bool {
        let filtered = match self.filter {
            Some(position) => !matches!(row[position], Datum::Bool(true)),
            None => false,
        };
        let aggregated = self.args.iter().skip(self.code.direct());
        let skipped =
            self.code.is_strict() && aggregated.into_iter().any(|arg| row[*arg].is_null());
        !filtered && !skipped
    }

    /// Feeds what was kept, in order, and takes the result. DISTINCT without
    /// ORDER BY is sorted by the arguments, as PostgreSQL's sort leaves it.
    fn finish(&self, running: &mut Running) -> Result<Datum> {
        let mut kept = std::mem::take(&mut running.kept);
        if !self.order_by.is_empty() {
            kept.sort_by(|(left, _), (right, _)| compare_keys(&self.order_by, left, right));
        } else if self.distinct {
            let orders = self.argument_order();
            kept.sort_by(|(_, left), (_, right)| compare_keys(&orders, left, right));
        }
        if self.hypothetical {
            self.feed_standings(&kept, running)?;
        } else {
            for (_, args) in &kept {
                running.state.update(args)?;
            }
        }
        running.state.finish()
    }

    /// Tells the state of each sorted row where it stands to the hypothetical one, and
    /// whether it is the first of its peers.
    fn feed_standings(
        &self,
        kept: &[(Vec<Datum>, Vec<Datum>)],
        running: &mut Running,
    ) -> Result<()> {
        let mut previous: Option<&[Datum]> = None;
        for (keys, args) in kept {
            let place = compare_keys(&self.order_by, keys, args) as i32;
            let is_first_peer =
                previous.is_none_or(|before| compare_keys(&self.order_by, before, keys).is_ne());
            running.state.update(&[Datum::Int4(place), Datum::Bool(is_first_peer)])?;
            previous = Some(keys);
        }
        Ok(())
    }

    fn argument_order(&self) -> Vec<Order> {
        let ascending = |(position, form): (usize, &Form)| Order {
            position,
            form: form.clone(),
            descending: false,
            nulls_first: false,
        };
        self.forms.iter().enumerate().map(ascending).collect()
    }
}

fn compare_keys(orders: &[Order], left: &[Datum], right: &[Datum]) -> Ordering {
    orders
        .iter()
        .zip(left.iter().zip(right))
        .map(|(order, (left, right))| order.compare(left, right))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}
