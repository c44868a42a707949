//! FETCH FIRST … WITH TIES: rows up to the limit, and those after it that sort
//! equal to the last. Also an OFFSET without a limit over rows in an order.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;

use super::batch::RowReader;
use super::form::Form;
use super::operator::{Operator, Run};
use super::recursive::row_key;
use crate::error::Result;
use crate::sql::ir::ColumnId;
use crate::sql::run::failure;

#[derive(Debug)]
pub struct LimitWithTies {
    pub offset: usize,
    pub limit: usize,
    pub keys: Vec<(ColumnId, Form)>,
}

impl Operator for LimitWithTies {
    fn name(&self) -> &str {
        "Limit"
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn run(self: Arc<Self>, run: Run) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            if self.limit == 0 {
                return Ok(());
            }
            let mut input = run.input(0)?;
            let reader = RowReader::new(&self.keys, &input.schema())?;
            let end = self.offset.saturating_add(self.limit);
            let mut position = 0usize;
            let mut last: Option<Vec<u8>> = None;
            while let Some(batch) = input.next().await {
                let batch = batch.map_err(failure::unwrap)?;
                let start = self.offset.saturating_sub(position).min(batch.num_rows());
                let mut stop = start;
                for row in start..batch.num_rows() {
                    let place = position + row;
                    if place >= end {
                        let key = row_key(&reader, &self.keys, &batch, row)?;
                        if last.as_ref() != Some(&key) {
                            run.sink.send(batch.slice(start, stop - start)).await;
                            return Ok(());
                        }
                    } else if place + 1 == end {
                        last = Some(row_key(&reader, &self.keys, &batch, row)?);
                    }
                    stop = row + 1;
                }
                position += batch.num_rows();
                if !run.sink.send(batch.slice(start, stop - start)).await {
                    break;
                }
            }
            Ok(())
        })
    }
}
