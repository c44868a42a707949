//! What executing one statement gives back.

use std::pin::Pin;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use futures::Stream;

use super::run::{Lender, Work};
use super::types::{Datum, Oid, SqlType};
use crate::error::Result;

/// The result of one statement. Rows are streamed; everything else is done when
/// the outcome is returned.
pub enum Outcome {
    Rows(RowStream),
    /// Done; the text of CommandComplete: `INSERT 0 1`, `CREATE TABLE`.
    Command(String),
    /// An empty query string.
    Empty,
    /// The client must now send COPY data.
    CopyIn(Box<dyn CopyIn>),
    /// COPY … TO STDOUT: the chunks are CopyData messages.
    CopyOut(CopyOut),
}

/// A result column as RowDescription tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultColumn {
    pub name: String,
    pub ty: SqlType,
    /// `typlen` of the type.
    pub length: i16,
    /// The table and attribute number it is a plain copy of, or (0, 0).
    pub origin: (Oid, i16),
}

/// Rows on their way to the client.
pub struct RowStream {
    pub columns: Arc<[ResultColumn]>,
    pub rows: Pin<Box<dyn Stream<Item = Result<Rows>> + Send>>,
    /// The verb of CommandComplete; the row count is appended by whoever counts:
    /// `SELECT`, `INSERT 0`, `UPDATE`, `FETCH`, or a fixed tag such as `SHOW`.
    pub tag: RowsTag,
    /// Set when the rows are computed with functions: whoever reads them lends the work.
    pub lender: Option<Arc<Lender>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RowsTag {
    /// `verb` and the number of rows sent: `SELECT 5`.
    Counted(&'static str),
    /// Exactly this text: `SHOW`, `EXPLAIN`, `INSERT 0 7`.
    Fixed(String),
}

/// Some rows, in whichever form they were made.
pub enum Rows {
    /// Columns in the order of `RowStream::columns`, in the Arrow forms of `sql::types`.
    Batch(RecordBatch),
    Datums(Vec<Vec<Datum>>),
}

/// Formats of COPY data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopyFormat {
    Text,
    Csv,
    Binary,
}

/// Receives COPY … FROM STDIN data. It does not hold the transaction it writes
/// to: the session lends that to each call, the same one every time. On CopyFail
/// or a lost connection it is dropped and the session undoes the statement.
#[async_trait::async_trait]
pub trait CopyIn: Send {
    fn format(&self) -> CopyFormat;
    fn column_count(&self) -> usize;
    /// How far it has come, for CONTEXT: `COPY t, line 3`.
    fn place(&self) -> String;
    /// Takes a piece of data, cut anywhere.
    async fn data(&mut self, bytes: bytes::Bytes, work: &mut Work) -> Result<()>;
    /// CopyDone: finishes and answers the number of rows (`COPY n`).
    async fn done(self: Box<Self>, work: &mut Work) -> Result<u64>;
}

/// COPY … TO STDOUT.
pub struct CopyOut {
    pub format: CopyFormat,
    pub column_count: usize,
    /// Each item is the payload of one CopyData message and the rows it ends.
    pub chunks: Pin<Box<dyn Stream<Item = Result<(bytes::Bytes, u64)>> + Send>>,
}
