//! What a request comes to, in the words of a protocol.

use super::message::Id;
use crate::error::{Error, Report, Result};
use crate::http::conversation::Done;
use crate::http::rows::RowWriter;
use crate::sql::outcome::Rows;

/// Writes the messages of one request, in this order: columns, rows as often as there are
/// some, the rest of them; then that it is done, or has failed.
pub trait Voice: Clone + Send + 'static {
    /// What the client calls the request; none if it cannot speak of it.
    fn id(&self) -> Option<&Id>;

    /// Before the first rows, if anything is said then.
    fn columns(&mut self, writer: &RowWriter) -> Option<String>;

    /// Rows that came: the messages that they fill.
    fn rows(&mut self, writer: &RowWriter, rows: &Rows) -> Result<Vec<String>>;

    /// No more rows come: what the last message has no room for.
    fn rest(&mut self) -> Option<String> {
        None
    }

    fn done(&mut self, done: &Done, notices: &[Report]) -> String;

    /// `query` is what positions count in.
    fn failed(&mut self, error: &Error, query: &str) -> String;
}
