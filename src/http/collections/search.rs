//! Searches: the nearest to a vector, what is like some points and unlike others, the best of
//! several searches, and points by id, by value or at random.
//!
//! The nearest come from `ORDER BY column <operator> $1 LIMIT k`, which the planner answers
//! by the vector's graph or by comparing all, with the filter asked on the way. What is
//! scored by more than one vector is scored row by row in SQL.

use serde::Deserialize;
use serde_json::Value;

use super::fusion;
use super::mmr::Mmr;
use super::points::{Found, PayloadWanted, Wanted};
use super::schema::{Collection, Distance, VectorSpec, VectorType};
use super::scroll::{self, Order};
use super::statement::{Sql, text};
use super::value::{PointId, Sought, Written, invalid, mean, written};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::{Condition, Filter};
use crate::sql::types::Datum;
use crate::sqlstate;

/// Points of one answer, unless it says otherwise.
pub const LIMIT_DEFAULT: u64 = 10;
/// The most points of one answer, and of what it skips.
pub const LIMIT_MAX: u64 = 100_000;
/// `hnsw.ef_search` at most.
const EF_MAX: u64 = 1_000;
/// How widely a graph is searched, unless a request says so.
const EF_DEFAULT: u64 = 100;
/// Searches within searches.
const DEPTH_MAX: usize = 8;
/// Vectors that one search compares with.
const EXAMPLES_MAX: usize = 256;

/// One, or several in an array.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(Vec<T>);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let read = match value {
            Value::Array(_) => serde_json::from_value(value).map(OneOrMany),
            one => serde_json::from_value(one).map(|one| OneOrMany(vec![one])),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl<T> OneOrMany<T> {
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// A search as it is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    pub query: Option<Asked>,
    pub prefetch: Option<OneOrMany<Query>>,
    pub using: Option<String>,
    pub filter: Option<Value>,
    pub params: Option<Params>,
    pub score_threshold: Option<f64>,
    pub limit: Option<u64>,
    pub offset: Option<u64>,
    #[serde(alias = "with_vectors")]
    pub with_vector: Option<Value>,
    pub with_payload: Option<Value>,
    pub with_columns: bool,
    pub lookup_from: Option<Lookup>,
    pub shard_key: Option<Value>,
}

/// What a search is for: a vector is not made a tree on the way.
#[derive(Clone, Debug)]
pub enum Asked {
    Vector(Vec<f32>),
    Other(Value),
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Asked, D::Error> {
        struct Visit;
        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = Asked;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a vector, the id of a point, or a query")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Asked, E> {
                Ok(Asked::Other(Value::from(text)))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Asked, E> {
                Ok(Asked::Other(Value::from(number)))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<Asked, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element::<f32>()? {
                    elements.push(element);
                }
                Ok(Asked::Vector(elements))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Asked, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                Value::deserialize(map).map(Asked::Other)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    pub exact: Option<bool>,
    #[serde(alias = "ef")]
    pub hnsw_ef: Option<u64>,
    pub indexed_only: Option<bool>,
    pub quantization: Option<Value>,
    pub acorn: Option<Value>,
    pub idf: Option<Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub collection: String,
    #[serde(default)]
    pub vector: Option<String>,
    #[serde(default)]
    pub shard_key: Option<Value>,
}

/// Points that are like and unlike.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Recommend {
    positive: Option<Vec<Value>>,
    negative: Option<Vec<Value>>,
    strategy: Option<Strategy>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Strategy {
    #[default]
    AverageVector,
    BestScore,
    SumScores,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Discover {
    target: Value,
    #[serde(default)]
    context: Option<OneOrMany<Pair>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    positive: Value,
    negative: Value,
}

fn read<T: serde::de::DeserializeOwned>(value: &Value, what: &str) -> Result<T> {
    T::deserialize(value).map_err(|error| invalid(format!("{what} is not as expected: {error}")))
}

/// A search after everything in it was read.
struct Plan {
    filter: Filter,
    limit: u64,
    offset: u64,
    threshold: Option<f64>,
    wanted: Wanted,
}

impl Plan {
    fn rows(&self) -> Datum {
        Datum::Int8(i64::try_from(self.limit).unwrap_or(i64::MAX))
    }

    fn skipped(&self) -> Datum {
        Datum::Int8(i64::try_from(self.offset).unwrap_or(i64::MAX))
    }
}

impl Query {
    /// What cannot be asked.
    fn check(&self) -> Result<()> {
        if self.shard_key.as_ref().is_some_and(|key| !key.is_null()) {
            return Err(Error::unsupported("a shard key"));
        }
        let Some(params) = &self.params else { return Ok(()) };
        let asked = [&params.quantization, &params.acorn, &params.idf];
        for (name, value) in ["quantization", "acorn", "idf"].iter().zip(asked) {
            if value.as_ref().is_some_and(|value| !value.is_null()) {
                return Err(Error::unsupported(format!("the search parameter \"{name}\"")));
            }
        }
        if params.indexed_only == Some(true) {
            return Err(Error::unsupported("the search parameter \"indexed_only\""));
        }
        Ok(())
    }

    fn plan(&self, collection: &Collection, default: PayloadWanted) -> Result<Plan> {
        self.check()?;
        let filter = self.filter.as_ref().filter(|filter| !filter.is_null());
        let (limit, offset) = (self.limit.unwrap_or(LIMIT_DEFAULT), self.offset.unwrap_or(0));
        if limit == 0 {
            return Err(invalid("limit: value 0 invalid, must be 1 or larger"));
        }
        if limit > LIMIT_MAX || offset > LIMIT_MAX {
            let message = format!("limit and offset are at most {LIMIT_MAX}");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        Ok(Plan {
            filter: filter.map(Filter::parse).transpose()?.unwrap_or_default(),
            limit,
            offset,
            threshold: self.score_threshold,
            wanted: Wanted {
                payload: PayloadWanted::of(self.with_payload.as_ref(), default)?,
                vectors: collection.vectors_wanted(self.with_vector.as_ref())?,
                columns: self.with_columns,
            },
        })
    }

    /// Parameters of the session that a search runs under.
    pub fn settings(&self) -> Vec<(String, String)> {
        let params = self.params.clone().unwrap_or_default();
        let rows = self.limit.unwrap_or(LIMIT_DEFAULT).saturating_add(self.offset.unwrap_or(0));
        let ef = params.hnsw_ef.unwrap_or(EF_DEFAULT).max(rows).clamp(1, EF_MAX);
        let mut settings = vec![("hnsw.ef_search".to_owned(), ef.to_string())];
        let scans = if params.exact == Some(true) { "off" } else { "on" };
        settings.push(("enable_indexscan".to_owned(), scans.to_owned()));
        settings
    }
}

/// Runs a search; the conversation is in a transaction of one snapshot.
pub async fn search(
    conversation: &mut Conversation,
    collection: &Collection,
    query: Query,
    default: PayloadWanted,
) -> Result<Vec<Found>> {
    let plan = query.plan(collection, default)?;
    run(conversation, collection, query, plan, 0).await
}

async fn run(
    conversation: &mut Conversation,
    collection: &Collection,
    query: Query,
    mut plan: Plan,
    depth: usize,
) -> Result<Vec<Found>> {
    if depth > DEPTH_MAX {
        let message = format!("searches stand within each other at most {DEPTH_MAX} deep");
        return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
    }
    let prefetch = query.prefetch.clone().map(OneOrMany::into_vec).unwrap_or_default();
    if prefetch.is_empty() {
        return one(conversation, collection, query, plan).await;
    }
    let mut sources = Vec::new();
    for inner in prefetch {
        // What is asked of the whole is asked of each part, before it is cut off.
        let mut part = inner.plan(collection, PayloadWanted::None)?;
        part.offset = 0;
        part.wanted = Wanted::default();
        let own = std::mem::take(&mut part.filter);
        part.filter = both(own, plan.filter.clone());
        sources.push(Box::pin(run(conversation, collection, inner, part, depth + 1)).await?);
    }
    if let Some(Asked::Other(Value::Object(members))) = &query.query
        && let Some(mut fused) = fusion::fuse(members, &sources)?
    {
        fused.retain(|(_, score)| plan.threshold.is_none_or(|least| *score >= least));
        let (offset, limit) = (plan.offset as usize, plan.limit as usize);
        let kept: Vec<(PointId, f64)> = fused.into_iter().skip(offset).take(limit).collect();
        let ids: Vec<PointId> = kept.iter().map(|(id, _)| id.clone()).collect();
        let mut found = collection.retrieve(conversation, &ids, &plan.wanted).await?;
        for point in &mut found {
            point.score = kept.iter().find(|(id, _)| *id == point.id).map(|(_, score)| *score);
        }
        return Ok(found);
    }
    let mut ids: Vec<Value> = sources.iter().flatten().map(|found| found.id.to_json()).collect();
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    plan.filter.must.push(Condition::HasId(ids));
    one(conversation, collection, query, plan).await
}

fn both(a: Filter, b: Filter) -> Filter {
    if b == Filter::default() {
        return a;
    }
    Filter { must: vec![Condition::Filter(a), Condition::Filter(b)], ..Filter::default() }
}

/// A search without others in it.
async fn one(
    conversation: &mut Conversation,
    collection: &Collection,
    query: Query,
    mut plan: Plan,
) -> Result<Vec<Found>> {
    let using = query.using.clone().unwrap_or_default();
    set(conversation, &query).await?;
    let members = match query.query.clone() {
        None => return by_id(conversation, collection, plan).await,
        Some(Asked::Vector(elements)) => {
            let spec = collection.vector(&using)?;
            return nearest(conversation, collection, spec, Written::Dense(elements), plan).await;
        }
        Some(Asked::Other(Value::Object(members))) => members,
        Some(Asked::Other(value)) => {
            let spec = collection.vector(&using)?;
            let mut examples = Examples::new(&query, collection, spec);
            let vector = examples.vector(conversation, &value).await?;
            examples.leave_out(&mut plan.filter);
            return nearest(conversation, collection, spec, vector, plan).await;
        }
    };
    if members.contains_key("indices") || members.contains_key("values") {
        let spec = collection.vector(&using)?;
        let vector = read(&Value::Object(members), "a vector")?;
        return nearest(conversation, collection, spec, vector, plan).await;
    }
    let kind = ["nearest", "recommend", "discover", "context", "order_by", "sample"]
        .into_iter()
        .find(|kind| members.contains_key(*kind));
    let Some(kind) = kind else {
        let what = members.keys().next().map(String::as_str).unwrap_or_default();
        return Err(match what {
            "fusion" | "rrf" | "dbsf" => invalid("Cannot perform fusion without prefetches"),
            "formula" | "relevance_feedback" | "text" | "image" | "object" => {
                Error::unsupported(format!("a query by \"{what}\""))
            }
            _ => invalid("the query is none that there is"),
        });
    };
    let value = &members[kind];
    for (name, other) in &members {
        let is_known = name == kind || (kind == "nearest" && name == "mmr");
        if !is_known && !other.is_null() {
            return Err(Error::unsupported(format!("\"{name}\" of a query")));
        }
    }
    match kind {
        "order_by" => {
            let order: Order = Order::of(value)?;
            let wanted = plan.wanted.clone();
            let rows = plan.limit + plan.offset;
            let found =
                scroll::by_value(conversation, collection, &plan.filter, &order, rows, &wanted)
                    .await?;
            let scored = found.into_iter().skip(plan.offset as usize).map(|mut point| {
                point.score = Some(0.0);
                point
            });
            return Ok(scored.collect());
        }
        "sample" => {
            if value != "random" {
                return Err(invalid("a sample is \"random\""));
            }
            return sample(conversation, collection, plan).await;
        }
        _ => {}
    }
    let spec = collection.vector(&using)?;
    let mut examples = Examples::new(&query, collection, spec);
    match kind {
        "nearest" => {
            let vector = examples.vector(conversation, value).await?;
            examples.leave_out(&mut plan.filter);
            match members.get("mmr").filter(|mmr| !mmr.is_null()) {
                None => nearest(conversation, collection, spec, vector, plan).await,
                Some(mmr) => {
                    let mmr = Mmr::of(mmr)?;
                    unlike(conversation, collection, spec, vector, plan, mmr).await
                }
            }
        }
        "recommend" => {
            let asked: Recommend = read(value, "a recommendation")?;
            let positive = asked.positive.unwrap_or_default();
            let negative = asked.negative.unwrap_or_default();
            let strategy = asked.strategy.unwrap_or_default();
            if positive.is_empty() && (negative.is_empty() || strategy == Strategy::AverageVector) {
                return Err(invalid("a recommendation needs examples"));
            }
            let like = examples.vectors(conversation, &positive).await?;
            let unlike = examples.vectors(conversation, &negative).await?;
            examples.leave_out(&mut plan.filter);
            if strategy == Strategy::AverageVector {
                let average = average(&like, &unlike)?;
                return nearest(conversation, collection, spec, average, plan).await;
            }
            let mut scorer = Scorer::new(collection, spec);
            let score = match strategy {
                Strategy::SumScores => scorer.sum(like, unlike)?,
                _ => scorer.best(like, unlike)?,
            };
            scorer.run(conversation, &score, plan).await
        }
        "discover" | "context" => {
            let (target, pairs) = match kind {
                "context" => (None, read::<OneOrMany<Pair>>(value, "a context")?.into_vec()),
                _ => {
                    let asked: Discover = read(value, "a discovery")?;
                    let pairs = asked.context.map(OneOrMany::into_vec).unwrap_or_default();
                    (Some(examples.vector(conversation, &asked.target).await?), pairs)
                }
            };
            let mut vectors = Vec::new();
            for pair in &pairs {
                let positive = examples.vector(conversation, &pair.positive).await?;
                vectors.push((positive, examples.vector(conversation, &pair.negative).await?));
            }
            examples.leave_out(&mut plan.filter);
            let mut scorer = Scorer::new(collection, spec);
            let score = match target {
                Some(target) => scorer.discovery(target, vectors)?,
                None => scorer.context(vectors)?,
            };
            scorer.run(conversation, &score, plan).await
        }
        _ => Err(Error::internal("a query of no known kind")),
    }
}

/// Sets what a search runs under until the transaction ends.
async fn set(conversation: &mut Conversation, query: &Query) -> Result<()> {
    let mut sql = Sql::new("SELECT ");
    for (at, (name, value)) in query.settings().into_iter().enumerate() {
        sql.push(if at == 0 { "set_config(" } else { ", set_config(" });
        sql.bind(text(&name), "text").push(", ").bind(text(&value), "text").push(", true)");
    }
    sql.rows(conversation).await.map(drop)
}

/// The vectors that examples stand for, and which points those are.
struct Examples<'a> {
    own: &'a Collection,
    spec: &'a VectorSpec,
    lookup: Option<Lookup>,
    /// The other collection, once it was read.
    other: Option<Collection>,
    named: Vec<PointId>,
    taken: usize,
}

impl<'a> Examples<'a> {
    fn new(query: &Query, own: &'a Collection, spec: &'a VectorSpec) -> Examples<'a> {
        let lookup = query.lookup_from.clone();
        Examples { own, spec, lookup, other: None, named: Vec::new(), taken: 0 }
    }

    async fn vectors(
        &mut self,
        conversation: &mut Conversation,
        values: &[Value],
    ) -> Result<Vec<Written>> {
        let mut all = Vec::with_capacity(values.len());
        for value in values {
            all.push(self.vector(conversation, value).await?);
        }
        Ok(all)
    }

    async fn vector(&mut self, conversation: &mut Conversation, value: &Value) -> Result<Written> {
        self.taken += 1;
        if self.taken > EXAMPLES_MAX {
            let message = format!("a search compares with at most {EXAMPLES_MAX} vectors");
            return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
        }
        let id = match Sought::of(value)? {
            Sought::Vector(vector) => return Ok(vector),
            Sought::Id(id) => id,
        };
        let name = match &self.lookup {
            None => self.spec.name.clone(),
            Some(lookup) => {
                if lookup.shard_key.as_ref().is_some_and(|key| !key.is_null()) {
                    return Err(Error::unsupported("a shard key"));
                }
                if self.other.is_none() && lookup.collection != self.own.name {
                    self.other = Some(Collection::load(conversation, &lookup.collection).await?);
                }
                lookup.vector.clone().unwrap_or_else(|| self.spec.name.clone())
            }
        };
        let collection = self.other.as_ref().unwrap_or(self.own);
        let spec = collection.vector(&name)?;
        let mut sql =
            Sql::new(&format!("SELECT {} FROM {} WHERE id = ", spec.quoted(), collection.table));
        sql.bind(collection.id_type.datum(&id)?, collection.id_type.sql());
        let rows = sql.rows(conversation).await?;
        let found = rows.first().and_then(|row| row.first());
        if self.other.is_none() {
            self.named.push(id.clone());
        }
        match found {
            Some(Datum::Vector(vector)) => Ok(written(vector)),
            Some(_) => Err(invalid(format!("the point {id} has no vector \"{name}\""))),
            None => Err(super::points::no_point(&id)),
        }
    }

    /// Points that were named are not found.
    fn leave_out(&self, filter: &mut Filter) {
        if !self.named.is_empty() {
            let ids = self.named.iter().map(PointId::to_json).collect();
            let own = std::mem::take(filter);
            *filter = Filter {
                must: vec![Condition::Filter(own)],
                must_not: vec![Condition::HasId(ids)],
                ..Filter::default()
            };
        }
    }
}

/// The nearest to one vector.
async fn nearest(
    conversation: &mut Conversation,
    collection: &Collection,
    spec: &VectorSpec,
    vector: Written,
    plan: Plan,
) -> Result<Vec<Found>> {
    let is_sparse = spec.kind == VectorType::Sparsevec;
    let vector = spec.datum(vector)?;
    let (column, ty) = (spec.quoted(), collection.vector_sql(spec));
    let operator = collection.operator(spec);
    let mut sql = Sql::new("SELECT ");
    collection.push_wanted(&mut sql, &plan.wanted);
    sql.push(&format!(", {column} {operator} ")).bind(vector, &ty);
    let number = sql.params.len();
    sql.push(&format!(" FROM {}", collection.table));
    let has_filter = plan.filter != Filter::default();
    if has_filter {
        sql.push(" WHERE ");
        collection.push_filter(&mut sql, &plan.filter)?;
    }
    if is_sparse {
        // Vectors that share nothing with the query are no answer.
        sql.push(if has_filter { " AND " } else { " WHERE " });
        sql.push(&format!("{column} {operator} ")).again(number, &ty).push(" <> 0");
    }
    sql.push(&format!(" ORDER BY {column} {operator} ")).again(number, &ty);
    sql.push(" LIMIT ").bind(plan.rows(), "bigint");
    if plan.offset > 0 {
        sql.push(" OFFSET ").bind(plan.skipped(), "bigint");
    }
    let mut all = Vec::new();
    for row in sql.rows(conversation).await? {
        let (mut found, rest) = collection.found(&plan.wanted, row)?;
        // Points without the vector come last, and so do those without a direction.
        let Some(Datum::Float8(distance)) = rest.first() else { break };
        if distance.is_nan() {
            break;
        }
        let score = spec.distance.score(*distance);
        if is_beyond(spec.distance, score, plan.threshold) {
            break;
        }
        found.score = Some(score);
        all.push(found);
    }
    Ok(all)
}

/// Of the nearest those that are unlike each other.
async fn unlike(
    conversation: &mut Conversation,
    collection: &Collection,
    spec: &VectorSpec,
    vector: Written,
    mut plan: Plan,
    mmr: Mmr,
) -> Result<Vec<Found>> {
    let (wanted, skipped) = (plan.limit + plan.offset, plan.offset as usize);
    (plan.limit, plan.offset) = (mmr.candidates(plan.limit)?, 0);
    let own = collection.vectors.iter().position(|own| own.name == spec.name).unwrap_or(0);
    let is_told = plan.wanted.vectors.contains(&own);
    let tells = !plan.wanted.vectors.is_empty();
    if !is_told {
        plan.wanted.vectors.push(own);
    }
    let found = nearest(conversation, collection, spec, vector.clone(), plan).await?;
    let mut candidates = Vec::with_capacity(found.len());
    for mut point in found {
        let vectors = point.vectors.get_or_insert_default();
        let Some(at) = vectors.iter().position(|(name, _)| *name == spec.name) else { continue };
        let vector = match is_told {
            true => vectors[at].1.clone(),
            false => vectors.remove(at).1,
        };
        if !tells {
            point.vectors = None;
        }
        candidates.push((point, vector));
    }
    let chosen = mmr.choose(spec, &vector, candidates, wanted as usize);
    Ok(chosen.into_iter().skip(skipped).collect())
}

fn is_beyond(distance: Distance, score: f64, threshold: Option<f64>) -> bool {
    threshold.is_some_and(|threshold| match distance.higher_is_nearer() {
        true => score <= threshold,
        false => score >= threshold,
    })
}

/// The mean of what is like, away from the mean of what is unlike.
fn average(like: &[Written], unlike: &[Written]) -> Result<Written> {
    let dense = |vectors: &[Written]| -> Result<Vec<std::sync::Arc<[f32]>>> {
        let elements = vectors.iter().map(|vector| match vector {
            Written::Dense(elements) => Ok(elements.as_slice().into()),
            Written::Sparse { .. } => {
                Err(Error::unsupported("a recommendation by the average of sparse vectors"))
            }
        });
        elements.collect()
    };
    let (like, unlike) = (dense(like)?, dense(unlike)?);
    let size = like.first().map_or(0, |vector| vector.len());
    if like.iter().chain(&unlike).any(|vector| vector.len() != size) {
        return Err(invalid("the examples have different dimensions"));
    }
    let mut vector = mean(&like);
    if !unlike.is_empty() {
        let away = mean(&unlike);
        vector.iter_mut().zip(away).for_each(|(element, away)| *element += *element - away);
    }
    Ok(Written::Dense(vector))
}

/// Scores that are computed of each row.
struct Scorer<'a> {
    collection: &'a Collection,
    spec: &'a VectorSpec,
    sql: Sql,
}

impl<'a> Scorer<'a> {
    fn new(collection: &'a Collection, spec: &'a VectorSpec) -> Scorer<'a> {
        Scorer { collection, spec, sql: Sql::default() }
    }

    /// How like a vector a row's is: higher is nearer.
    fn likeness(&mut self, vector: Written) -> Result<String> {
        self.sql.params.push(self.spec.datum(vector)?);
        let operator = self.collection.operator(self.spec);
        let compared = format!(
            "({} {operator} ${}::{})",
            self.spec.quoted(),
            self.sql.params.len(),
            self.collection.vector_sql(self.spec)
        );
        Ok(match self.spec.distance {
            Distance::Cosine => format!("(1 - {compared})"),
            Distance::Dot | Distance::Manhattan => format!("(- {compared})"),
            Distance::Euclid => format!("(- {compared} * {compared})"),
        })
    }

    fn likenesses(&mut self, vectors: Vec<Written>) -> Result<Vec<String>> {
        vectors.into_iter().map(|vector| self.likeness(vector)).collect()
    }

    fn best(&mut self, like: Vec<Written>, unlike: Vec<Written>) -> Result<String> {
        let most = |all: Vec<String>| match all.is_empty() {
            true => "'-Infinity'::float8".to_owned(),
            false => format!("greatest({})", all.join(", ")),
        };
        let like = most(self.likenesses(like)?);
        let unlike = most(self.likenesses(unlike)?);
        let (like_score, unlike_score) = (sigmoid(&like), sigmoid(&unlike));
        Ok(format!("CASE WHEN {like} > {unlike} THEN {like_score} ELSE - {unlike_score} END"))
    }

    fn sum(&mut self, like: Vec<Written>, unlike: Vec<Written>) -> Result<String> {
        let mut sum = String::from("0::float8");
        self.likenesses(like)?.iter().for_each(|one| sum.push_str(&format!(" + {one}")));
        self.likenesses(unlike)?.iter().for_each(|one| sum.push_str(&format!(" - {one}")));
        Ok(sum)
    }

    fn discovery(&mut self, target: Written, pairs: Vec<(Written, Written)>) -> Result<String> {
        let mut score = sigmoid(&self.likeness(target)?);
        for (positive, negative) in pairs {
            let (positive, negative) = (self.likeness(positive)?, self.likeness(negative)?);
            score.push_str(&format!(" + sign({positive} - {negative})"));
        }
        Ok(score)
    }

    fn context(&mut self, pairs: Vec<(Written, Written)>) -> Result<String> {
        let mut score = String::from("0::float8");
        for (positive, negative) in pairs {
            let (positive, negative) = (self.likeness(positive)?, self.likeness(negative)?);
            let less = format!("least({positive} - {negative} - {}, 0)", f32::EPSILON);
            score.push_str(&format!(" + {less} / (1 + abs({less}))"));
        }
        Ok(score)
    }

    /// The rows with the highest score.
    async fn run(
        mut self,
        conversation: &mut Conversation,
        score: &str,
        plan: Plan,
    ) -> Result<Vec<Found>> {
        let column = self.spec.quoted();
        self.sql.push("SELECT ");
        self.collection.push_wanted(&mut self.sql, &plan.wanted);
        self.sql.push(&format!(", {score} AS score FROM {}", self.collection.table));
        self.sql.push(&format!(" WHERE {column} IS NOT NULL AND "));
        self.collection.push_filter(&mut self.sql, &plan.filter)?;
        self.sql.push(" ORDER BY score DESC LIMIT ").bind(plan.rows(), "bigint");
        self.sql.push(" OFFSET ").bind(plan.skipped(), "bigint");
        let mut all = Vec::new();
        for row in self.sql.rows(conversation).await? {
            let (mut found, rest) = self.collection.found(&plan.wanted, row)?;
            let Some(Datum::Float8(score)) = rest.first() else { continue };
            if is_beyond(self.spec.distance, *score, plan.threshold) {
                break;
            }
            found.score = Some(*score);
            all.push(found);
        }
        Ok(all)
    }
}

/// From 0 to 1, fast.
fn sigmoid(of: &str) -> String {
    format!("(0.5 * ({of} / (1 + abs({of})) + 1))")
}

async fn by_id(
    conversation: &mut Conversation,
    collection: &Collection,
    plan: Plan,
) -> Result<Vec<Found>> {
    let rows = plan.limit + plan.offset;
    let page = scroll::by_id(conversation, collection, &plan.filter, None, rows, &plan.wanted);
    let (found, _) = page.await?;
    let scored = found.into_iter().skip(plan.offset as usize).map(|mut point| {
        point.score = Some(0.0);
        point
    });
    Ok(scored.collect())
}

async fn sample(
    conversation: &mut Conversation,
    collection: &Collection,
    plan: Plan,
) -> Result<Vec<Found>> {
    let mut sql = Sql::new("SELECT ");
    collection.push_wanted(&mut sql, &plan.wanted);
    sql.push(&format!(" FROM {} WHERE ", collection.table));
    collection.push_filter(&mut sql, &plan.filter)?;
    sql.push(" ORDER BY random() LIMIT ").bind(plan.rows(), "bigint");
    let mut all = Vec::new();
    for row in sql.rows(conversation).await? {
        let (mut found, _) = collection.found(&plan.wanted, row)?;
        found.score = Some(0.0);
        all.push(found);
    }
    Ok(all)
}
