//! Searches: the nearest to a vector, what is like some points and unlike others, the best of
//! several searches, and points by id, by value or at random.
//!
//! The nearest come from `ORDER BY column <operator> $1 LIMIT k`, which the planner answers
//! by the vector's graph or by comparing all, with the filter asked on the way. What is
//! scored by more than one vector is scored row by row in SQL.
//!
//! | file | what it is |
//! |---|---|
//! | [`asked`] | a search as it is asked |
//! | [`examples`] | vectors that ids stand for, and their average |
//! | [`scorer`] | scores that are computed of each row |

mod asked;
mod examples;
mod scorer;

use serde_json::Value;

pub use asked::Query;
use asked::{Asked, Discover, OneOrMany, Pair, Plan, Recommend, Strategy, read};
use examples::{Examples, average};
use scorer::Scorer;

use super::found::{Found, PayloadWanted, Wanted};
use super::fusion;
use super::mmr::Mmr;
use super::schema::{Collection, Distance, VectorSpec, VectorType};
use super::scroll::{self, Order};
use super::statement::{Sql, text};
use super::value::{PointId, Written, invalid};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sql::functions::collections::{Condition, Filter};
use crate::sql::types::Datum;
use crate::sqlstate;

/// Points of one answer, unless it says otherwise.
pub const LIMIT_DEFAULT: u64 = 10;
/// The most points of one answer, and of what it skips.
pub const LIMIT_MAX: u64 = 100_000;
/// Searches within searches.
const DEPTH_MAX: usize = 8;

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
