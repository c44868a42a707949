//! Rows taken from a stream a few at a time: what a portal and a cursor hold.

use std::sync::Arc;

use futures::StreamExt;

use crate::error::Result;
use crate::sql::outcome::{ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::run::Lender;

/// A running query and what was read of it but not yet taken.
pub struct RowCursor {
    pub columns: Arc<[ResultColumn]>,
    pub tag: RowsTag,
    rows: futures::stream::BoxStream<'static, Result<Rows>>,
    pending: Option<Rows>,
    /// Set when the rows are computed with functions.
    pub lender: Option<Arc<Lender>>,
    /// Rows taken so far.
    pub taken: u64,
}

impl RowCursor {
    pub fn new(stream: RowStream) -> RowCursor {
        RowCursor {
            columns: stream.columns,
            tag: stream.tag,
            // A portal may be asked for more after its end.
            rows: stream.rows.fuse().boxed(),
            pending: None,
            lender: stream.lender,
            taken: 0,
        }
    }

    /// The next rows, at most `max` of them; `None` at the end. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self, max: usize) -> Result<Option<Rows>> {
        loop {
            let rows = match self.pending.take() {
                Some(rows) => rows,
                None => match self.rows.next().await.transpose()? {
                    Some(rows) => rows,
                    None => return Ok(None),
                },
            };
            let (now, later) = split(rows, max);
            self.pending = later;
            let count = row_count(&now);
            if count > 0 {
                self.taken += count as u64;
                return Ok(Some(now));
            }
        }
    }

    /// Whether there are more rows, reading ahead if that is not known.
    pub async fn has_more(&mut self) -> Result<bool> {
        while self.pending.is_none() {
            match self.rows.next().await.transpose()? {
                None => return Ok(false),
                Some(rows) if row_count(&rows) > 0 => self.pending = Some(rows),
                Some(_) => {}
            }
        }
        Ok(true)
    }
}

pub fn row_count(rows: &Rows) -> usize {
    match rows {
        Rows::Batch(batch) => batch.num_rows(),
        Rows::Datums(rows) => rows.len(),
    }
}

/// About how much memory rows take.
pub fn size_bytes(rows: &Rows) -> usize {
    match rows {
        Rows::Batch(batch) => batch.get_array_memory_size(),
        Rows::Datums(rows) => rows.iter().map(|row| 24 + row.len() * 48).sum(),
    }
}

/// The first `max` rows, and the rest if there is any.
pub fn split(rows: Rows, max: usize) -> (Rows, Option<Rows>) {
    if row_count(&rows) <= max {
        return (rows, None);
    }
    match rows {
        Rows::Batch(batch) => {
            let rest = batch.slice(max, batch.num_rows() - max);
            (Rows::Batch(batch.slice(0, max)), Some(Rows::Batch(rest)))
        }
        Rows::Datums(mut rows) => {
            let rest = rows.split_off(max);
            (Rows::Datums(rows), Some(Rows::Datums(rest)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::types::Datum;

    fn rows(range: std::ops::Range<i32>) -> Result<Rows> {
        Ok(Rows::Datums(range.map(|n| vec![Datum::Int4(n)]).collect()))
    }

    fn values(rows: Option<Rows>) -> Vec<i32> {
        let Some(Rows::Datums(rows)) = rows else { return Vec::new() };
        let value = |row: &Vec<Datum>| match row[..] {
            [Datum::Int4(n)] => n,
            _ => panic!(),
        };
        rows.iter().map(value).collect()
    }

    #[tokio::test]
    async fn rows_are_taken_in_pieces_across_batches() {
        let stream = futures::stream::iter([rows(0..3), rows(3..3), rows(3..5)]);
        let mut cursor = RowCursor::new(RowStream {
            columns: Arc::new([]),
            rows: Box::pin(stream),
            tag: RowsTag::Counted("SELECT"),
            lender: None,
        });
        assert_eq!(values(cursor.next(2).await.unwrap()), [0, 1]);
        assert!(cursor.has_more().await.unwrap());
        assert_eq!(values(cursor.next(2).await.unwrap()), [2]);
        assert!(cursor.has_more().await.unwrap());
        assert_eq!(values(cursor.next(9).await.unwrap()), [3, 4]);
        assert!(!cursor.has_more().await.unwrap());
        assert!(cursor.next(1).await.unwrap().is_none());
        assert_eq!(cursor.taken, 5);
    }
}
