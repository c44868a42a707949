//! INTERSECT and EXCEPT, with and without ALL: rows are compared by key, NULLs
//! are equal. Input 1 is counted in memory, input 0 streams past it.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::BooleanArray;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::execution::memory_pool::MemoryConsumer;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch::RowReader;
use super::cte::rename;
use super::form::Form;
use super::operator::{Operator, Run};
use super::recursive::row_key;
use crate::error::Result;
use crate::sql::ir::ColumnId;
use crate::sql::run::failure;

#[derive(Debug)]
pub struct SetOperation {
    /// EXCEPT when true, INTERSECT when false.
    pub except: bool,
    pub all: bool,
    pub left: Vec<(ColumnId, Form)>,
    pub right: Vec<(ColumnId, Form)>,
}

impl Operator for SetOperation {
    fn name(&self) -> &str {
        match (self.except, self.all) {
            (false, false) => "HashSetOp Intersect",
            (false, true) => "HashSetOp Intersect All",
            (true, false) => "HashSetOp Except",
            (true, true) => "HashSetOp Except All",
        }
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let pool = &run.context.runtime_env().memory_pool;
            let reservation = MemoryConsumer::new("set operation").register(pool);
            let mut counts: HashMap<Vec<u8>, i64> = HashMap::new();
            let mut right = run.input(1)?;
            let reader = RowReader::new(&self.right, &right.schema())?;
            while let Some(batch) = right.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut bytes = 0;
                for row in 0..batch.num_rows() {
                    let key = row_key(&reader, &self.right, &batch, row)?;
                    bytes += key.len() + size_of::<(Vec<u8>, i64)>();
                    *counts.entry(key).or_default() += 1;
                }
                reservation.try_grow(bytes).map_err(failure::unwrap)?;
            }
            let mut left = run.input(0)?;
            let reader = RowReader::new(&self.left, &left.schema())?;
            while let Some(batch) = left.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let mut bytes = 0;
                let mut keep = Vec::with_capacity(batch.num_rows());
                for row in 0..batch.num_rows() {
                    let key = row_key(&reader, &self.left, &batch, row)?;
                    bytes += key.len() + size_of::<(Vec<u8>, i64)>();
                    keep.push(self.keeps(&mut counts, key));
                }
                if self.except && !self.all {
                    reservation.try_grow(bytes).map_err(failure::unwrap)?;
                }
                let kept = filter_record_batch(&batch, &BooleanArray::from(keep))
                    .map_err(|error| failure::reveal_arrow(&error))?;
                if !run.sink.send(rename(&kept, &run.schema)?).await {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl SetOperation {
    /// Whether one more left row of this key is kept; counts down what is left.
    fn keeps(&self, counts: &mut HashMap<Vec<u8>, i64>, key: Vec<u8>) -> bool {
        if self.except && !self.all {
            return *counts.entry(key).and_modify(|n| *n += 1).or_insert(0) == 0;
        }
        let Some(count) = counts.get_mut(&key) else { return self.except };
        match (self.except, self.all) {
            (false, false) => std::mem::take(count) > 0,
            _ if *count > 0 => {
                *count -= 1;
                !self.except
            }
            _ => self.except,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(except: bool, all: bool, right: &[u8], left: &[u8]) -> Vec<u8> {
        let operation = SetOperation { except, all, left: Vec::new(), right: Vec::new() };
        let mut counts = HashMap::new();
        for value in right {
            *counts.entry(vec![*value]).or_default() += 1;
        }
        left.iter().copied().filter(|v| operation.keeps(&mut counts, vec![*v])).collect()
    }

    #[test]
    fn duplicates_are_counted_as_in_postgresql() {
        let (left, right) = ([1, 1, 1, 2, 3, 3], [1, 1, 3]);
        assert_eq!(kept(false, true, &right, &left), [1, 1, 3]);
        assert_eq!(kept(false, false, &right, &left), [1, 3]);
        assert_eq!(kept(true, true, &right, &left), [1, 2, 3]);
        assert_eq!(kept(true, false, &right, &left), [2]);
    }

    #[test]
    fn except_gives_each_row_once() {
        assert_eq!(kept(true, false, &[], &[5, 5, 6]), [5, 6]);
    }
}
