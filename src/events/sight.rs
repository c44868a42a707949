//! What a role may see of the changes of a table.
//!
//! Asked as the role, each time that changes are read: a privilege that was revoked counts
//! from the next ones on. A role sees of a row the columns that it may select, and the row
//! as it was before and after, each if the table's policies show it. Policies are those of
//! now; they look at the row as it was captured, through the table's type of now.
//!
//! The session looks for names in `pg_catalog` only ([`SETTINGS`]), so that a role cannot
//! put functions of its own before those that say what it may see. A policy's functions
//! run with that path, too, unless they set one.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::feed::{Change, Op};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::types::Oid;
use crate::sqlstate;

const TABLE: &str = "SELECT n.nspname AS schema, c.relname AS name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS quoted, \
    quote_ident(c.relname) AS alias, row_security_active(c.oid) AS is_secured, \
    has_schema_privilege(n.oid, 'USAGE') AS may_enter, has_table_privilege(c.oid, 'SELECT') AS sees_all, \
    to_jsonb(ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
        AND has_column_privilege(c.oid, a.attnum, 'SELECT'))) AS columns \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid";
const POLICIES: &str = "SELECT p.polpermissive AS is_permissive, pg_get_expr(p.polqual, p.polrelid) AS condition FROM pg_policy p \
    WHERE p.polrelid = $1::oid AND p.polcmd IN ('r', '*') AND p.polqual IS NOT NULL \
    AND EXISTS (SELECT FROM unnest(p.polroles) r WHERE r = 0 OR pg_has_role(r, 'USAGE'))";

/// Parameters of the session that a sight is asked in.
pub fn settings() -> Vec<(String, String)> {
    vec![
        ("search_path".to_owned(), "pg_catalog, pg_temp".to_owned()),
        ("application_name".to_owned(), "events".to_owned()),
    ]
}

/// What a role sees.
#[derive(Debug)]
pub struct Sight {
    pub schema: String,
    pub table: String,
    quoted: String,
    alias: String,
    /// None: all.
    columns: Option<HashSet<String>>,
    /// What a row has to fulfil.
    condition: Option<String>,
}

impl Sight {
    /// `42501` for a role that sees nothing of the table, `42P01` if there is none any more.
    pub async fn of(reader: &mut Conversation, source: Oid) -> Result<Sight> {
        let rows = reader.rows(TABLE, &[json!(source)]).await?;
        let row = rows.into_iter().next().ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_TABLE, "the table does not exist any more")
        })?;
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let (schema, table) = (text("schema"), text("name"));
        if row["may_enter"] != true {
            return Err(denied(&format!("schema {schema}")));
        }
        let columns: HashSet<String> =
            serde_json::from_value(row["columns"].clone()).unwrap_or_default();
        if columns.is_empty() && row["sees_all"] != true {
            return Err(denied(&format!("table {table}")));
        }
        let condition = match row["is_secured"] == false {
            true => None,
            false => Some(condition(&reader.rows(POLICIES, &[json!(source)]).await?)),
        };
        Ok(Sight {
            schema,
            table,
            quoted: text("quoted"),
            alias: text("alias"),
            columns: (row["sees_all"] != true).then_some(columns),
            condition,
        })
    }

    /// The changes that the role sees, and of these what it sees.
    pub async fn see(
        &self,
        reader: &mut Conversation,
        mut changes: Vec<Change>,
    ) -> Result<Vec<Change>> {
        if let Some(condition) = &self.condition {
            self.apply(reader, condition, &mut changes).await?;
            changes.retain(|change| {
                change.op == Op::Truncate || !change.old.is_null() || !change.new.is_null()
            });
        }
        if let Some(columns) = &self.columns {
            for change in &mut changes {
                [&mut change.old, &mut change.new].into_iter().for_each(|row| mask(row, columns));
            }
        }
        Ok(changes)
    }

    /// Takes away rows that do not fulfil a condition.
    async fn apply(
        &self,
        reader: &mut Conversation,
        condition: &str,
        changes: &mut [Change],
    ) -> Result<()> {
        let mut rows: Vec<&mut Value> = changes
            .iter_mut()
            .flat_map(|change| [&mut change.old, &mut change.new])
            .filter(|row| !row.is_null())
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let Sight { quoted, alias, .. } = self;
        let text = format!(
            "SELECT zserver_rows.zserver_number AS number \
             FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS zserver_rows (zserver_row, zserver_number), \
             LATERAL jsonb_populate_record(NULL::{quoted}, zserver_rows.zserver_row) AS {alias} WHERE ({condition})"
        );
        let asked = Value::Array(rows.iter().map(|row| (**row).clone()).collect());
        let seen = reader.rows(&text, &[json!(asked.to_string())]).await?;
        let seen: HashSet<u64> = seen.iter().filter_map(|row| row["number"].as_u64()).collect();
        for (row, number) in rows.iter_mut().zip(1..) {
            if !seen.contains(&number) {
                **row = Value::Null;
            }
        }
        Ok(())
    }
}

/// Some permissive policy lets a row through, and every restrictive one does.
fn condition(policies: &[Value]) -> String {
    let of = |is_permissive: bool| {
        let found = policies.iter().filter(move |row| row["is_permissive"] == is_permissive);
        found.filter_map(|row| Some(format!("({})", row["condition"].as_str()?)))
    };
    let any: Vec<String> = of(true).collect();
    let any = if any.is_empty() { "false".to_owned() } else { any.join(" OR ") };
    std::iter::once(format!("({any})")).chain(of(false)).collect::<Vec<_>>().join(" AND ")
}

/// Leaves the columns that may be seen.
fn mask(row: &mut Value, columns: &HashSet<String>) {
    if let Value::Object(members) = row {
        let kept: Map<String, Value> = std::mem::take(members)
            .into_iter()
            .filter(|(name, _)| columns.contains(name))
            .collect();
        *members = kept;
    }
}

fn denied(what: &str) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("permission denied for {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_put_together_as_row_security_does() {
        let policy = |is_permissive: bool, condition: &str| json!({"is_permissive": is_permissive, "condition": condition});
        assert_eq!(condition(&[]), "(false)");
        assert_eq!(condition(&[policy(false, "r")]), "(false) AND (r)");
        let some = [policy(true, "a"), policy(false, "r"), policy(true, "b")];
        assert_eq!(condition(&some), "((a) OR (b)) AND (r)");
    }

    #[test]
    fn columns_that_may_not_be_seen_are_left_out() {
        let mut row = json!({"id": 1, "secret": 2});
        mask(&mut row, &HashSet::from(["id".to_owned()]));
        assert_eq!(row, json!({"id": 1}));
        let mut none = Value::Null;
        mask(&mut none, &HashSet::new());
        assert_eq!(none, Value::Null);
    }
}
