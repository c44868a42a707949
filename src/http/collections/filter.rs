//! Filters as conditions of SQL: their values are parameters, so that the planner sees what
//! it can use in them, and a search for the nearest asks them of the rows that it meets.
//!
//! What a payload index is of is said twice: as the condition that the index finds rows by,
//! which is never narrower, and exactly.

use super::schema::{Collection, IndexKind};
use super::statement::{Sql, array, document, text, texts};
use super::value::{PointId, invalid};
use crate::catalog::quote_identifier;
use crate::error::{Error, Result};
use crate::sql::functions::collections::{
    Condition, Filter, Path, Range, Scalar, Test, print_instant,
};
use crate::sql::types::{Datum, oid};

impl Collection {
    /// Appends a filter as a condition that is true or false.
    pub fn push_filter(&self, sql: &mut Sql, filter: &Filter) -> Result<()> {
        let mut parts = 0;
        let mut next = |sql: &mut Sql| {
            sql.push(if parts == 0 { "(" } else { " AND " });
            parts += 1;
        };
        for condition in &filter.must {
            next(sql);
            self.push_condition(sql, condition)?;
        }
        for condition in &filter.must_not {
            next(sql);
            sql.push("NOT ");
            self.push_condition(sql, condition)?;
        }
        if !filter.should.is_empty() {
            next(sql);
            for (at, condition) in filter.should.iter().enumerate() {
                sql.push(if at == 0 { "(" } else { " OR " });
                self.push_condition(sql, condition)?;
            }
            sql.push(")");
        }
        if let Some((conditions, count)) = &filter.min_should {
            next(sql);
            sql.push("(0");
            for condition in conditions {
                sql.push(" + CASE WHEN ");
                self.push_condition(sql, condition)?;
                sql.push(" THEN 1 ELSE 0 END");
            }
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            sql.push(" >= ").bind(Datum::Int8(count), "bigint").push(")");
        }
        sql.push(if parts == 0 { "true" } else { ")" });
        Ok(())
    }

    fn push_condition(&self, sql: &mut Sql, condition: &Condition) -> Result<()> {
        match condition {
            Condition::Filter(filter) => self.push_filter(sql, filter),
            Condition::HasId(ids) => {
                let ids = ids.iter().map(PointId::of).collect::<Result<Vec<_>>>()?;
                let array = format!("{}[]", self.id_type.sql());
                sql.push("id = ANY(").bind(self.id_type.datums(&ids)?, &array).push(")");
                Ok(())
            }
            Condition::HasVector(name) => {
                let column = self.vector(name)?.quoted();
                sql.push(&format!("{column} IS NOT NULL"));
                Ok(())
            }
            Condition::Column { name, test } => self.push_column(sql, name, test),
            Condition::Field { key, path, test } => {
                sql.push("(");
                self.push_indexed(sql, key, path, test);
                push_matches(sql, condition)?;
                sql.push(")");
                Ok(())
            }
            Condition::Nested { .. } => push_matches(sql, condition),
        }
    }

    /// The condition by which an index finds every row that a test is passed by.
    fn push_indexed(&self, sql: &mut Sql, key: &str, path: &Path, test: &Test) {
        let Some(index) = self.payload_indexes.get(key) else { return };
        let bounds = match (index.kind, test) {
            (IndexKind::Integer | IndexKind::Float, Test::Range(range)) => *range,
            (IndexKind::Datetime, Test::Instants(range)) => {
                let of = |bound: Option<i64>| bound.map(|bound| bound as f64);
                Range { lt: of(range.lt), lte: of(range.lte), gt: of(range.gt), gte: of(range.gte) }
            }
            (IndexKind::Keyword | IndexKind::Uuid, Test::Any(values)) => {
                let words = values.iter().map(|value| match value {
                    Scalar::Text(text) => Some(text.as_str()),
                    _ => None,
                });
                if let (Some(words), Some(keys)) = (words.collect::<Option<Vec<_>>>(), path.keys())
                {
                    push_document(sql, &keys);
                    sql.push(" ?| ").bind(texts(&words), "text[]").push(" AND ");
                }
                return;
            }
            (IndexKind::Integer, Test::Value(Scalar::Integer(value))) => {
                let value = Some(*value as f64);
                Range { gte: value, lte: value, ..Range::default() }
            }
            (_, Test::Value(value)) => {
                if let (Some(keys), Ok(value)) = (path.keys(), document(&value.to_json())) {
                    push_document(sql, &keys);
                    sql.push(" @> ").bind(value, "jsonb").push(" AND ");
                }
                return;
            }
            _ => return,
        };
        let kind = if index.kind == IndexKind::Datetime { "time" } else { "number" };
        let mut push = |side: &str, operator: &str, bound: Option<f64>| {
            if let Some(bound) = bound {
                sql.push(&format!("collections.payload_{side}(payload, "));
                sql.bind(text(key), "text").push(", ").bind(text(kind), "text");
                sql.push(&format!(") {operator} ")).bind(Datum::Float8(bound), "float8");
                sql.push(" AND ");
            }
        };
        push("highest", ">=", bounds.gte);
        push("highest", ">=", bounds.gt);
        push("lowest", "<=", bounds.lte);
        push("lowest", "<=", bounds.lt);
    }

    fn push_column(&self, sql: &mut Sql, name: &str, test: &Test) -> Result<()> {
        let column = self.columns.iter().find(|column| column.name == name);
        let column = column.ok_or_else(|| invalid(format!("there is no column \"{name}\"")))?;
        let (quoted, ty) = (quote_identifier(name), &column.ty);
        let scalar = |value: &Scalar| match value {
            Scalar::Bool(value) => value.to_string(),
            Scalar::Integer(value) => value.to_string(),
            Scalar::Text(text) => text.clone(),
        };
        let list = |values: &[Scalar]| {
            array(oid::TEXT, values.iter().map(|value| Datum::Text(scalar(value))).collect())
        };
        sql.push("((");
        match test {
            Test::IsNull(is) | Test::IsEmpty(is) => {
                sql.push(&quoted).push(if *is { " IS NULL" } else { " IS NOT NULL" });
            }
            Test::Value(value) => {
                sql.push(&format!("{quoted} = "));
                sql.bind(Datum::Text(scalar(value)), "text").push(&format!("::{ty}"));
            }
            Test::Any(values) => {
                sql.push(&format!("{quoted} = ANY("));
                sql.bind(list(values), "text[]").push(&format!("::{ty}[])"));
            }
            Test::Except(values) => {
                sql.push(&format!("{quoted} <> ALL("));
                sql.bind(list(values), "text[]").push(&format!("::{ty}[])"));
            }
            Test::Prefix(prefix) => {
                sql.push(&format!("starts_with({quoted}::text, "));
                sql.bind(text(prefix), "text").push(")");
            }
            Test::Range(range) => push_range(sql, &quoted, ty, *range, |bound| bound.to_string()),
            Test::Instants(range) => push_range(sql, &quoted, ty, *range, print_instant),
            _ => return Err(Error::unsupported("such a condition on a column")),
        }
        sql.push(") IS TRUE)");
        Ok(())
    }
}

/// The exact condition on the payload.
fn push_matches(sql: &mut Sql, condition: &Condition) -> Result<()> {
    let condition = document(&condition.to_json())?;
    sql.push("collections.matches(payload, ").bind(condition, "jsonb").push(")");
    Ok(())
}

fn push_document(sql: &mut Sql, keys: &[&str]) {
    sql.push("(payload #> ").bind(texts(keys), "text[]").push(")");
}

fn push_range<T: Copy>(
    sql: &mut Sql,
    column: &str,
    ty: &str,
    range: Range<T>,
    print: impl Fn(T) -> String,
) {
    sql.push("true");
    for (operator, bound) in
        [("<", range.lt), ("<=", range.lte), (">", range.gt), (">=", range.gte)]
    {
        if let Some(bound) = bound {
            sql.push(&format!(" AND {column} {operator} "));
            sql.bind(Datum::Text(print(bound)), "text").push(&format!("::{ty}"));
        }
    }
}
