//! `jsonrpc-sql.v1`: SQL as JSON-RPC 2.0 in the text messages of a data channel.
//!
//! | method | params | result |
//! |---|---|---|
//! | `query` | `query, params?, param_types?, rows?, max_rows?, page_rows?, window?, timeout_ms?`, as of the WebSocket `/api/v1/sql` | `{"columns", "rows", "parts", "command", "row_count", "notices"}` |
//! | `call` | `function` or `procedure` (`schema.name`), `args?`: an array, or an object by names; the rest as of `query` | the same, of `SELECT * FROM` or `CALL` |
//! | `call` | `job`: what `POST /api/v1/jobs` takes | the same: a row with its `id` |
//! | `begin` | `isolation?, read_only?, deferrable?` | `{"command", "row_count", "notices"}` |
//! | `commit`, `rollback` | | the same |
//! | `subscribe` | `table, after?`, or `job`: an id | the same, and `position`; then notifications |
//! | `unsubscribe` | `subscription` | the same |
//! | `cancel` | `id` of a request | `{"cancelled": true}`, false if there is none; the request fails with `57014` |
//! | `more` | `id`, `pages` | `{}`; as of the WebSocket |
//!
//! Requests are answered in their order, but for `cancel` and `more`, which are answered at
//! once. They have the id of a string or a number to be spoken of; params are by name. What
//! has no id is done and not answered. Of a batch (at most [`BATCH_MAX`]) the requests are
//! done one after the other, and answered together; it is no transaction.
//!
//! A message has at most [`MESSAGE_BYTES_MAX`]. Rows that do not fit the answer come before
//! it, in as many notifications as they need, or one for each page if `page_rows` is given:
//! ```text
//! ◀ {"jsonrpc": "2.0", "method": "rows", "params": {"id": 1, "part": 1, "columns": […], "rows": […]}}
//! ◀ {"jsonrpc": "2.0", "method": "rows", "params": {"id": 1, "part": 2, "rows": […]}}
//! ◀ {"jsonrpc": "2.0", "id": 1, "result": {"rows": […], "parts": 2, "command": "SELECT", "row_count": 9000, "notices": []}}
//! ```
//! The columns are in the first of them. A row that no message can hold fails the request
//! (`54000`). Rows are computed as they are taken: what the client does not read waits.
//!
//! | notification from the server | |
//! |---|---|
//! | `rows` | as above |
//! | `event` | `{"subscription", "event"}`: a change of a table |
//! | `position` | `{"subscription", "position"}`: there was nothing else up to here |
//! | `job` | `{"subscription", "kind", "data"}`: of a job a line (`log`), `progress` or its `state` |
//! | `end` | `{"subscription", "error"?}`: nothing more comes |
//!
//! An error of SQL has the code [`SQL_ERROR`] and in its `data` the SQLSTATE (`code`), detail,
//! hint, position and what else PostgreSQL tells; those of JSON-RPC itself have its own codes.
//!
//! The peer is the principal that has signalled it. Each method needs the scope that its
//! route over HTTP needs: `sql`, of jobs `jobs`, of changes `events`. A channel has one transaction at
//! most, under `http_transaction_timeout` and `http_transaction_idle_timeout`; one that has
//! ended by itself fails all requests until the client has said `commit` or `rollback`. When the channel
//! closes, what runs is cancelled and the transaction undone.

mod line;
mod message;
mod voice;

pub use line::serve;
pub use message::BATCH_MAX;
pub use voice::refusal;

pub const PROTOCOL: &str = "jsonrpc-sql.v1";

/// Bytes of a message, in both directions.
pub const MESSAGE_BYTES_MAX: usize = 256 << 10;

/// The code of what has failed as SQL.
pub const SQL_ERROR: i32 = -32000;
