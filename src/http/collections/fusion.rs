//! The best of several searches: reciprocal ranks, and scores by their distribution.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::found::Found;
use super::value::{PointId, invalid};
use crate::error::Result;

/// What is added to a rank, as Qdrant has it.
const RANK_CONSTANT: f64 = 2.0;

/// The points of all sources with their scores, the best first; none if the query is no
/// fusion.
pub fn fuse(
    query: &Map<String, Value>,
    sources: &[Vec<Found>],
) -> Result<Option<Vec<(PointId, f64)>>> {
    if let Some(rrf) = query.get("rrf") {
        let constant = match rrf.get("k") {
            None | Some(Value::Null) => RANK_CONSTANT,
            Some(k) => k.as_f64().filter(|k| *k >= 1.0).ok_or_else(|| invalid("k is 1 or more"))?,
        };
        let weights = match rrf.get("weights") {
            None | Some(Value::Null) => vec![1.0; sources.len()],
            Some(weights) => weights
                .as_array()
                .and_then(|all| all.iter().map(Value::as_f64).collect::<Option<Vec<_>>>())
                .filter(|weights| weights.len() == sources.len())
                .ok_or_else(|| invalid("there is a weight for each prefetch"))?,
        };
        return Ok(Some(by_rank(sources, constant, &weights)));
    }
    match query.get("fusion").map(Value::as_str) {
        None => Ok(None),
        Some(Some("rrf")) => Ok(Some(by_rank(sources, RANK_CONSTANT, &vec![1.0; sources.len()]))),
        Some(Some("dbsf")) => Ok(Some(by_distribution(sources))),
        Some(_) => Err(invalid("a fusion is \"rrf\" or \"dbsf\"")),
    }
}

fn by_rank(sources: &[Vec<Found>], constant: f64, weights: &[f64]) -> Vec<(PointId, f64)> {
    let mut scores = Scores::default();
    for (source, weight) in sources.iter().zip(weights) {
        for (rank, found) in source.iter().enumerate() {
            let score = match *weight > 0.0 {
                true => 1.0 / ((rank as f64 + 1.0) / weight + constant - 1.0),
                false => 0.0,
            };
            scores.add(&found.id, score);
        }
    }
    scores.sorted()
}

fn by_distribution(sources: &[Vec<Found>]) -> Vec<(PointId, f64)> {
    let mut scores = Scores::default();
    for source in sources {
        let all: Vec<f64> = source.iter().map(|found| found.score.unwrap_or(0.0)).collect();
        let count = all.len() as f64;
        let mean = all.iter().sum::<f64>() / count;
        let variance = all.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (count - 1.0);
        for (found, score) in source.iter().zip(all) {
            // Scores that do not differ say nothing.
            let score = match variance > 0.0 {
                true => (score - mean + 3.0 * variance.sqrt()) / (6.0 * variance.sqrt()),
                false => 0.5,
            };
            scores.add(&found.id, score);
        }
    }
    scores.sorted()
}

/// Sums by point, in the order that points were met.
#[derive(Default)]
struct Scores {
    places: HashMap<PointId, usize>,
    sums: Vec<(PointId, f64)>,
}

impl Scores {
    fn add(&mut self, id: &PointId, score: f64) {
        match self.places.get(id) {
            Some(at) => self.sums[*at].1 += score,
            None => {
                self.places.insert(id.clone(), self.sums.len());
                self.sums.push((id.clone(), score));
            }
        }
    }

    fn sorted(mut self) -> Vec<(PointId, f64)> {
        self.sums.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        self.sums
    }
}
