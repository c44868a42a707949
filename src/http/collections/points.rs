//! Points written, read and deleted.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::schema::{Collection, VectorSpec};
use super::statement::{Sql, array, document, text, texts};
use super::value::{PointId, Vectors, invalid};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::{Filter, Path};
use crate::sql::types::{Datum, json, oid};
use crate::sqlstate;

/// A point that is to be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPoint {
    pub id: PointId,
    #[serde(default, alias = "vectors")]
    pub vector: Vectors,
    #[serde(default)]
    pub payload: Option<Value>,
    /// Typed columns by name.
    #[serde(default)]
    pub columns: Option<Value>,
}

/// What happens to points whose ids are there, and to those whose are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Upsert,
    #[serde(alias = "insert")]
    InsertOnly,
    #[serde(alias = "update")]
    UpdateOnly,
    /// Ids that are there fail.
    #[serde(skip)]
    Insert,
}

/// Rows of a collection, column by column; an id is there once.
pub struct Rows {
    pub ids: Vec<Datum>,
    /// One for each of the collection's vectors.
    pub vectors: Vec<Vec<Datum>>,
    pub payloads: Vec<Datum>,
    /// Documents of the typed columns, if there are any.
    pub columns: Vec<Datum>,
}

impl Rows {
    pub fn new(collection: &Collection) -> Rows {
        let vectors = vec![Vec::new(); collection.vectors.len()];
        Rows { ids: Vec::new(), vectors, payloads: Vec::new(), columns: Vec::new() }
    }

    pub fn push(&mut self, id: Datum, vectors: Vec<Datum>, payload: Datum, columns: Datum) {
        self.ids.push(id);
        self.vectors.iter_mut().zip(vectors).for_each(|(column, vector)| column.push(vector));
        self.payloads.push(payload);
        self.columns.push(columns);
    }

    /// Puts other values into the place of a row.
    pub fn replace(&mut self, at: usize, vectors: Vec<Datum>, payload: Datum, columns: Datum) {
        self.vectors.iter_mut().zip(vectors).for_each(|(column, vector)| column[at] = vector);
        self.payloads[at] = payload;
        self.columns[at] = columns;
    }

    /// A copy of some of the rows.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Rows {
        Rows {
            ids: self.ids[range.clone()].to_vec(),
            vectors: self.vectors.iter().map(|column| column[range.clone()].to_vec()).collect(),
            payloads: self.payloads[range.clone()].to_vec(),
            columns: self.columns[range].to_vec(),
        }
    }
}

pub fn empty_document() -> Datum {
    Datum::Jsonb(json::JsonValue::Object(Vec::new()).to_jsonb())
}

/// A payload as it is kept: an object.
pub fn payload(value: Option<&Value>) -> Result<Datum> {
    match value {
        None | Some(Value::Null) => Ok(empty_document()),
        Some(value @ Value::Object(_)) => document(value),
        Some(_) => Err(invalid("a payload is an object")),
    }
}

impl Collection {
    /// The documents of typed columns: of columns that there are.
    pub fn check_columns(&self, members: &mut dyn Iterator<Item = &str>) -> Result<()> {
        for name in members {
            if !self.columns.iter().any(|column| column.name == name) {
                let message = format!("there is no column \"{name}\"");
                return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
            }
        }
        Ok(())
    }

    /// Points as rows; of points of one id the last.
    pub fn rows(&self, points: Vec<NewPoint>) -> Result<Rows> {
        let mut rows = Rows::new(self);
        let mut places: HashMap<PointId, usize> = HashMap::new();
        for point in points {
            let id = self.id_type.datum(&point.id)?;
            let vectors = self.vector_datums(point.vector)?;
            let payload = payload(point.payload.as_ref())?;
            let columns = match &point.columns {
                None => empty_document(),
                Some(Value::Object(members)) => {
                    self.check_columns(&mut members.keys().map(String::as_str))?;
                    document(&Value::Object(members.clone()))?
                }
                Some(_) => return Err(invalid("the columns of a point are an object")),
            };
            // Ids that are written differently may be one: they are told apart as kept.
            match places.get(&self.id_type.id(&id)?) {
                Some(at) => rows.replace(*at, vectors, payload, columns),
                None => {
                    places.insert(self.id_type.id(&id)?, rows.ids.len());
                    rows.push(id, vectors, payload, columns);
                }
            }
        }
        Ok(rows)
    }

    /// The columns that are written, quoted, without the id.
    fn written_columns(&self) -> Vec<String> {
        let typed =
            self.columns.iter().map(|column| crate::catalog::quote_identifier(&column.name));
        let vectors = self.vectors.iter().map(VectorSpec::quoted);
        std::iter::once("payload".to_owned()).chain(vectors).chain(typed).collect()
    }

    /// The rows as a relation `new`: `SELECT id, payload, … FROM unnest(…)`.
    fn push_rows(&self, sql: &mut Sql, rows: Rows) {
        sql.push("SELECT u.id, u.payload");
        for at in 0..self.vectors.len() {
            sql.push(&format!(", u.v{at}"));
        }
        for column in &self.columns {
            let name = crate::catalog::quote_literal(&column.name);
            match column.ty.strip_suffix("[]") {
                None => sql.push(&format!(", (u.c ->> {name})::{}", column.ty)),
                Some(element) => sql.push(&format!(
                    ", CASE WHEN jsonb_typeof(u.c -> {name}) = 'array' THEN \
                     ARRAY(SELECT e::{element} FROM jsonb_array_elements_text(u.c -> {name}) e) END"
                )),
            };
        }
        sql.push(" FROM unnest(");
        let id = format!("{}[]", self.id_type.sql());
        sql.bind(self.id_type.array(rows.ids), &id).push(", ");
        sql.bind(array(oid::JSONB, rows.payloads), "jsonb[]");
        for (vector, column) in self.vectors.iter().zip(rows.vectors) {
            let ty = format!("{}[]", self.vector_sql(vector));
            sql.push(", ").bind(array(self.vector_oid(vector), column), &ty);
        }
        let mut names = String::from("id, payload");
        (0..self.vectors.len()).for_each(|at| names.push_str(&format!(", v{at}")));
        if !self.columns.is_empty() {
            sql.push(", ").bind(array(oid::JSONB, rows.columns), "jsonb[]");
            names.push_str(", c");
        }
        sql.push(&format!(") AS u ({names})"));
    }

    /// The statement that writes rows; it returns the ids of those that were written.
    pub fn write(&self, rows: Rows, mode: Mode, only: Option<&Filter>) -> Result<Sql> {
        let columns = self.written_columns();
        let mut sql = Sql::default();
        if mode == Mode::UpdateOnly {
            sql.push(&format!("UPDATE {} AS t SET ", self.table));
            let sets: Vec<String> =
                columns.iter().map(|column| format!("{column} = new.{column}")).collect();
            sql.push(&sets.join(", ")).push(" FROM (");
            self.push_rows(&mut sql, rows);
            sql.push(&format!(") AS new (id, {}) WHERE t.id = new.id", columns.join(", ")));
            if let Some(filter) = only {
                // Its names are the target's.
                sql.push(" AND t.id IN (SELECT id FROM ").push(&self.table).push(" WHERE ");
                self.push_filter(&mut sql, filter)?;
                sql.push(")");
            }
            sql.push(" RETURNING t.id");
            return Ok(sql);
        }
        sql.push(&format!("INSERT INTO {} (id, {}) ", self.table, columns.join(", ")));
        if only.is_some() {
            sql.push("SELECT * FROM (");
        }
        self.push_rows(&mut sql, rows);
        if let Some(filter) = only {
            // Of points that are there, those that pass.
            sql.push(&format!(") AS new (id, {}) WHERE NOT EXISTS (", columns.join(", ")));
            sql.push(&format!("SELECT FROM {} WHERE id = new.id AND NOT ", self.table));
            self.push_filter(&mut sql, filter)?;
            sql.push(")");
        }
        match mode {
            Mode::Insert => &mut sql,
            Mode::InsertOnly => sql.push(" ON CONFLICT (id) DO NOTHING"),
            _ => {
                let sets: Vec<String> =
                    columns.iter().map(|column| format!("{column} = excluded.{column}")).collect();
                sql.push(" ON CONFLICT (id) DO UPDATE SET ").push(&sets.join(", "))
            }
        };
        if mode == Mode::InsertOnly {
            sql.push(" RETURNING id");
        }
        Ok(sql)
    }
}

/// Which points: by id, or those that pass a filter.
pub enum Selector {
    Ids(Vec<PointId>),
    Filter(Filter),
}

impl Selector {
    pub fn of(ids: Option<Vec<PointId>>, filter: Option<&Value>) -> Result<Selector> {
        match (ids, filter) {
            (Some(ids), None) if ids.is_empty() => Err(invalid("Empty update request")),
            (Some(ids), None) => Ok(Selector::Ids(ids)),
            (None, Some(filter)) => Filter::parse(filter).map(Selector::Filter),
            (Some(_), Some(_)) => Err(invalid("points are named by ids or by a filter")),
            (None, None) => Err(invalid("Either points or filter must be specified")),
        }
    }

    fn push(&self, sql: &mut Sql, collection: &Collection) -> Result<()> {
        match self {
            Selector::Ids(ids) => {
                let ty = format!("{}[]", collection.id_type.sql());
                sql.push("id = ANY(").bind(collection.id_type.datums(ids)?, &ty).push(")");
                Ok(())
            }
            Selector::Filter(filter) => collection.push_filter(sql, filter),
        }
    }
}

/// What is done to payloads.
pub enum PayloadChange {
    /// Members are put in, at a key or in the payload itself.
    Set {
        key: Option<String>,
        members: Value,
    },
    Overwrite(Value),
    Delete(Vec<String>),
    Clear,
}

/// `02000`: points that were named are not there.
pub fn no_point(id: &PointId) -> Error {
    Error::new(sqlstate::NO_DATA, format!("No point with id {id} found"))
}

impl Collection {
    pub async fn delete(&self, conversation: &mut Conversation, which: &Selector) -> Result<u64> {
        let mut sql = Sql::new(&format!("DELETE FROM {} WHERE ", self.table));
        which.push(&mut sql, self)?;
        sql.execute(conversation).await
    }

    /// Changes payloads; the first point that is named and not there is the answer.
    pub async fn change_payload(
        &self,
        conversation: &mut Conversation,
        which: &Selector,
        change: PayloadChange,
    ) -> Result<Option<PointId>> {
        let mut sql = Sql::new(&format!("UPDATE {} SET payload = ", self.table));
        match change {
            PayloadChange::Set { key, members } => {
                let key = key.unwrap_or_default();
                if !key.is_empty() {
                    Path::parse(&key)?;
                }
                let members = payload(Some(&members))?;
                sql.push("collections.payload_set(payload, ").bind(text(&key), "text");
                sql.push(", ").bind(members, "jsonb").push(")");
            }
            PayloadChange::Overwrite(members) => {
                sql.bind(payload(Some(&members))?, "jsonb");
            }
            PayloadChange::Delete(keys) => {
                keys.iter().try_for_each(|key| Path::parse(key).map(drop))?;
                sql.push("collections.payload_delete(payload, ").bind(texts(&keys), "text[]");
                sql.push(")");
            }
            PayloadChange::Clear => {
                sql.bind(empty_document(), "jsonb");
            }
        }
        sql.push(" WHERE ");
        which.push(&mut sql, self)?;
        self.run_on(conversation, which, sql).await
    }

    /// Runs an UPDATE over what is named; the first that is not there is the answer.
    async fn run_on(
        &self,
        conversation: &mut Conversation,
        which: &Selector,
        mut sql: Sql,
    ) -> Result<Option<PointId>> {
        let Selector::Ids(ids) = which else {
            sql.execute(conversation).await?;
            return Ok(None);
        };
        sql.push(" RETURNING id");
        let rows = sql.rows(conversation).await?;
        let found = rows.iter().filter_map(|row| row.first());
        let found: HashSet<PointId> = found.map(|id| self.id_type.id(id)).collect::<Result<_>>()?;
        for id in ids {
            if !found.contains(&self.id_type.id(&self.id_type.datum(id)?)?) {
                return Ok(Some(id.clone()));
            }
        }
        Ok(None)
    }

    /// Puts vectors in the place of those that points have under their names.
    pub async fn update_vectors(
        &self,
        conversation: &mut Conversation,
        points: Vec<(PointId, Vectors)>,
        only: Option<&Filter>,
    ) -> Result<Option<PointId>> {
        if points.is_empty() {
            return Err(invalid("Empty update request"));
        }
        // Points that name the same vectors are written by one statement, in order.
        let mut missing = None;
        let mut at = 0;
        while at < points.len() {
            let names = |point: &(PointId, Vectors)| -> Vec<String> {
                point.1.0.iter().map(|(name, _)| name.clone()).collect()
            };
            let mut seen = HashSet::new();
            let some: Vec<&(PointId, Vectors)> = points[at..]
                .iter()
                .take_while(|point| {
                    names(point) == names(&points[at]) && seen.insert(point.0.clone())
                })
                .collect();
            at += some.len();
            let ids: Vec<PointId> = some.iter().map(|point| point.0.clone()).collect();
            let mut specs = Vec::new();
            let mut columns: Vec<Vec<Datum>> = Vec::new();
            for (index, (name, _)) in some[0].1.0.iter().enumerate() {
                let spec = self.vector(name)?;
                let datums = some.iter().map(|point| spec.datum(point.1.0[index].1.clone()));
                columns.push(datums.collect::<Result<_>>()?);
                specs.push(spec);
            }
            let mut sql = Sql::new(&format!("UPDATE {} AS t SET ", self.table));
            let sets: Vec<String> = match specs.is_empty() {
                true => vec!["id = t.id".to_owned()],
                false => specs
                    .iter()
                    .enumerate()
                    .map(|(at, spec)| format!("{} = u.v{at}", spec.quoted()))
                    .collect(),
            };
            sql.push(&sets.join(", ")).push(" FROM unnest(");
            let ty = format!("{}[]", self.id_type.sql());
            sql.bind(self.id_type.datums(&ids)?, &ty);
            let mut aliases = String::from("id");
            for (at, (spec, column)) in specs.iter().zip(columns).enumerate() {
                let ty = format!("{}[]", self.vector_sql(spec));
                sql.push(", ").bind(array(self.vector_oid(spec), column), &ty);
                aliases.push_str(&format!(", v{at}"));
            }
            sql.push(&format!(") AS u ({aliases}) WHERE t.id = u.id"));
            if let Some(filter) = only {
                sql.push(" AND t.id IN (SELECT id FROM ").push(&self.table).push(" WHERE ");
                self.push_filter(&mut sql, filter)?;
                sql.push(")");
            }
            sql.push(" RETURNING t.id");
            let rows = sql.rows(conversation).await?;
            let found = rows.iter().filter_map(|row| row.first());
            let found: HashSet<PointId> =
                found.map(|id| self.id_type.id(id)).collect::<Result<_>>()?;
            if only.is_none() && missing.is_none() {
                let is_there = |id: &&PointId| {
                    let kept = self.id_type.datum(id).and_then(|datum| self.id_type.id(&datum));
                    kept.is_ok_and(|kept| found.contains(&kept))
                };
                missing = ids.iter().find(|id| !is_there(id)).cloned();
            }
        }
        Ok(missing)
    }

    pub async fn delete_vectors(
        &self,
        conversation: &mut Conversation,
        which: &Selector,
        names: &[String],
    ) -> Result<Option<PointId>> {
        if names.is_empty() {
            return Err(invalid("Empty update request"));
        }
        let columns = names.iter().map(|name| self.vector(name).map(VectorSpec::quoted));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let sets: Vec<String> = columns.iter().map(|column| format!("{column} = NULL")).collect();
        let mut sql = Sql::new(&format!("UPDATE {} SET {} WHERE ", self.table, sets.join(", ")));
        which.push(&mut sql, self)?;
        self.run_on(conversation, which, sql).await
    }
}
