//! Changes as events: the JSON format of CloudEvents 1.0.
//!
//! ```json
//! {"specversion": "1.0", "id": "1207-31", "source": "/postgres/public/orders",
//!  "type": "zserver.row.update", "time": "2026-05-04T10:00:00.123456+00:00",
//!  "datacontenttype": "application/json",
//!  "data": {"op": "update", "schema": "public", "table": "orders",
//!           "old": {"id": 7, "paid": false}, "new": {"id": 7, "paid": true}}}
//! ```
//! The id is the position: unique and growing within the source's database. `old` and
//! `new` are there as far as there is such a row that the reader may see.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::feed::{Change, Op};
use super::position::Position;
use super::sight::Sight;

pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";

/// What may stand in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An event, ready to be sent.
#[derive(Clone, Debug)]
pub struct Event {
    pub position: Position,
    pub op: Op,
    pub body: Value,
}

impl Event {
    pub fn of(database: &str, sight: &Sight, change: Change) -> Event {
        let path = |name: &str| utf8_percent_encode(name, PATH).to_string();
        let Sight { schema, table, .. } = sight;
        let Change { position, op, at, old, new } = change;
        let mut data = Map::new();
        data.insert("op".to_owned(), json!(op.as_str()));
        data.insert("schema".to_owned(), json!(schema));
        data.insert("table".to_owned(), json!(table));
        for (name, row) in [("old", old), ("new", new)] {
            if !row.is_null() {
                data.insert(name.to_owned(), row);
            }
        }
        let body = json!({
            "specversion": "1.0",
            "id": position.to_string(),
            "source": format!("/{}/{}/{}", path(database), path(schema), path(table)),
            "type": event_type(op),
            "time": at,
            "datacontenttype": "application/json",
            "data": data,
        });
        Event { position, op, body }
    }

    /// The same without its rows, which are too large: who gets it has to read the table.
    pub fn without_rows(&self) -> Event {
        let mut event = self.clone();
        if let Some(data) = event.body["data"].as_object_mut() {
            data.remove("old");
            data.remove("new");
            data.insert("rows_omitted".to_owned(), json!(true));
        }
        event
    }
}

pub fn event_type(op: Op) -> String {
    match op {
        Op::Truncate => "zserver.table.truncate".to_owned(),
        row => format!("zserver.row.{}", row.as_str()),
    }
}
