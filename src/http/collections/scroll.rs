//! Points page by page, counted, by value, and what values there are.

use serde::Deserialize;
use serde_json::Value;

use super::found::{Found, Wanted};
use super::schema::Collection;
use super::statement::{Sql, integer, text};
use super::value::{PointId, invalid};
use crate::error::Result;
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::{Filter, Path};
use crate::sql::types::{Datum, Jsonb};

/// An order by the numbers or instants that a key holds.
pub struct Order {
    key: String,
    descending: bool,
    start: Option<f64>,
}

impl Order {
    pub fn of(value: &Value) -> Result<Order> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            key: String,
            #[serde(default)]
            direction: Option<Direction>,
            #[serde(default)]
            start_from: Option<Value>,
        }
        #[derive(Deserialize, PartialEq)]
        #[serde(rename_all = "lowercase")]
        enum Direction {
            Asc,
            Desc,
        }
        let raw = match value {
            Value::String(key) => Raw { key: key.clone(), direction: None, start_from: None },
            value => Raw::deserialize(value)
                .map_err(|error| invalid(format!("an order is not as expected: {error}")))?,
        };
        Path::parse(&raw.key)?;
        let start = match raw.start_from {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                let instant = crate::sql::functions::collections::parse_instant(&text);
                let wrong = || invalid(format!("\"{text}\" is not a date and time"));
                Some(instant.ok_or_else(wrong)? as f64)
            }
            Some(value) => {
                let wrong = || invalid(format!("{value} is not what an order starts from"));
                Some(value.as_f64().ok_or_else(wrong)?)
            }
        };
        Ok(Order { key: raw.key, descending: raw.direction == Some(Direction::Desc), start })
    }
}

fn rows(count: u64) -> Datum {
    Datum::Int8(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Points by id, from one on; and the one that the next page begins with.
pub async fn by_id(
    conversation: &mut Conversation,
    collection: &Collection,
    filter: &Filter,
    from: Option<&PointId>,
    limit: u64,
    wanted: &Wanted,
) -> Result<(Vec<Found>, Option<PointId>)> {
    let mut sql = Sql::new("SELECT ");
    collection.push_wanted(&mut sql, wanted);
    sql.push(&format!(" FROM {} WHERE ", collection.table));
    if let Some(from) = from {
        let from = collection.id_type.datum(from)?;
        sql.push("id >= ").bind(from, collection.id_type.sql()).push(" AND ");
    }
    collection.push_filter(&mut sql, filter)?;
    sql.push(" ORDER BY id LIMIT ").bind(rows(limit.saturating_add(1)), "bigint");
    let mut all = Vec::new();
    for row in sql.rows(conversation).await? {
        all.push(collection.found(wanted, row)?.0);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = all.get(limit).map(|found| found.id.clone());
    all.truncate(limit);
    Ok((all, next))
}

/// Points in an order; one is there for each value that it has.
pub async fn by_value(
    conversation: &mut Conversation,
    collection: &Collection,
    filter: &Filter,
    order: &Order,
    limit: u64,
    wanted: &Wanted,
) -> Result<Vec<Found>> {
    let mut sql = Sql::new("SELECT ");
    collection.push_wanted(&mut sql, wanted);
    sql.push(&format!(", o.v FROM {}, LATERAL (SELECT DISTINCT v FROM unnest(", collection.table));
    sql.push("collections.order_values(payload, ").bind(text(&order.key), "text");
    sql.push(")) v) o WHERE ");
    collection.push_filter(&mut sql, filter)?;
    if let Some(start) = order.start {
        sql.push(if order.descending { " AND o.v <= " } else { " AND o.v >= " });
        sql.bind(Datum::Float8(start), "float8");
    }
    sql.push(if order.descending { " ORDER BY o.v DESC, id" } else { " ORDER BY o.v, id" });
    sql.push(" LIMIT ").bind(rows(limit), "bigint");
    let mut all = Vec::new();
    for row in sql.rows(conversation).await? {
        let (mut found, rest) = collection.found(wanted, row)?;
        if let Some(Datum::Float8(value)) = rest.first() {
            found.order_value = Some(*value);
        }
        all.push(found);
    }
    Ok(all)
}

pub async fn count(
    conversation: &mut Conversation,
    collection: &Collection,
    filter: &Filter,
) -> Result<u64> {
    let mut sql = Sql::new(&format!("SELECT count(*) FROM {}", collection.table));
    if *filter != Filter::default() {
        sql.push(" WHERE ");
        collection.push_filter(&mut sql, filter)?;
    }
    let rows = sql.rows(conversation).await?;
    let count = rows.first().map_or(0, |row| integer(row, 0));
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The values of a key and how many points have each, the most frequent first: texts,
/// integers and booleans.
pub async fn facet(
    conversation: &mut Conversation,
    collection: &Collection,
    filter: &Filter,
    key: &str,
    limit: u64,
) -> Result<Vec<(Jsonb, u64)>> {
    Path::parse(key)?;
    let mut sql = Sql::new("SELECT o.v, count(*) AS n FROM ");
    sql.push(&collection.table).push(", LATERAL (SELECT DISTINCT v FROM jsonb_array_elements(");
    sql.push("collections.payload_values(payload, ").bind(text(key), "text");
    sql.push(")) v WHERE jsonb_typeof(v) IN ('string', 'boolean') OR jsonb_typeof(v) = 'number' ");
    sql.push("AND position('.' in v::text) = 0) o WHERE ");
    collection.push_filter(&mut sql, filter)?;
    sql.push(" GROUP BY o.v ORDER BY n DESC, o.v LIMIT ").bind(rows(limit), "bigint");
    let mut all = Vec::new();
    for row in sql.rows(conversation).await? {
        if let Some(Datum::Jsonb(value)) = row.first() {
            all.push((value.clone(), u64::try_from(integer(&row, 1)).unwrap_or(0)));
        }
    }
    Ok(all)
}

/// `"hits": […]` of a facet.
pub fn write_hits(hits: &[(Jsonb, u64)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"hits\":[");
    for (at, (value, count)) in hits.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"value\":");
        value.root().write(out);
        out.extend_from_slice(format!(",\"count\":{count}}}").as_bytes());
    }
    out.push(b']');
}
