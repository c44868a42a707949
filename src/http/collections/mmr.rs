//! Maximal marginal relevance: of the nearest those that are unlike each other.

use serde::Deserialize;
use serde_json::Value;

use super::found::Found;
use super::schema::{Distance, VectorSpec};
use super::search::LIMIT_MAX;
use super::value::{Written, invalid};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Points that are chosen from, at most: each is compared with each that is chosen.
const CANDIDATES_MAX: u64 = 10_000;

/// How the nearest are chosen from.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mmr {
    /// From 0, the nearest alone, to 1, the unlike alone.
    #[serde(default)]
    diversity: Option<f64>,
    #[serde(default)]
    candidates_limit: Option<u64>,
}

impl Mmr {
    pub fn of(value: &Value) -> Result<Mmr> {
        let read = Mmr::deserialize(value)
            .map_err(|error| invalid(format!("mmr is not as expected: {error}")))?;
        if !(0.0..=1.0).contains(&read.diversity.unwrap_or(0.5)) {
            return Err(invalid("the diversity of mmr is 0 to 1"));
        }
        Ok(read)
    }

    /// How many are chosen from, if so many are wanted.
    pub fn candidates(&self, wanted: u64) -> Result<u64> {
        let candidates = self.candidates_limit.unwrap_or(wanted).min(LIMIT_MAX);
        match candidates <= CANDIDATES_MAX {
            true => Ok(candidates.max(1)),
            false => {
                let message = format!("mmr chooses from at most {CANDIDATES_MAX} points");
                Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message))
            }
        }
    }

    /// Chooses from candidates, each with its vector, in the order that they are chosen.
    pub fn choose(
        &self,
        spec: &VectorSpec,
        query: &Written,
        candidates: Vec<(Found, Written)>,
        wanted: usize,
    ) -> Vec<Found> {
        let relevant = 1.0 - self.diversity.unwrap_or(0.5);
        let likeness = |a: &Written, b: &Written| likeness(spec.distance, a, b);
        let mut pending: Vec<Pending> = candidates
            .into_iter()
            .map(|(found, vector)| Pending {
                relevance: likeness(query, &vector),
                likest: f64::NEG_INFINITY,
                found,
                vector,
            })
            .collect();
        let mut chosen = Vec::new();
        while chosen.len() < wanted && !pending.is_empty() {
            let score = |one: &Pending| match chosen.is_empty() {
                true => one.relevance,
                false => relevant * one.relevance - (1.0 - relevant) * one.likest,
            };
            // Of equal ones the last, as Qdrant has it.
            let best = (0..pending.len())
                .max_by(|a, b| score(&pending[*a]).total_cmp(&score(&pending[*b])))
                .unwrap_or(0);
            let taken = pending.swap_remove(best);
            for one in &mut pending {
                one.likest = one.likest.max(likeness(&one.vector, &taken.vector));
            }
            chosen.push(taken.found);
        }
        chosen
    }
}

struct Pending {
    found: Found,
    vector: Written,
    relevance: f64,
    /// How like it is to the one of those chosen that it is likest.
    likest: f64,
}

/// Higher is nearer.
fn likeness(distance: Distance, a: &Written, b: &Written) -> f64 {
    let (a, b) = match (a, b) {
        (Written::Dense(a), Written::Dense(b)) => (a, b),
        (Written::Sparse { indices: a, values: x }, Written::Sparse { indices: b, values: y }) => {
            // Both are in the order of their indices.
            let of = |index: &u32| b.binary_search(index).ok().map(|at| f64::from(y[at]));
            let products =
                a.iter().zip(x).filter_map(|(index, x)| Some(f64::from(*x) * of(index)?));
            return products.sum();
        }
        _ => return f64::NEG_INFINITY,
    };
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot = || pairs().map(|(a, b)| a * b).sum::<f64>();
    match distance {
        Distance::Dot => dot(),
        Distance::Cosine => {
            let length = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            match length(a) * length(b) {
                0.0 => 0.0,
                lengths => dot() / lengths,
            }
        }
        Distance::Euclid => -pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>(),
        Distance::Manhattan => -pairs().map(|(a, b)| (a - b).abs()).sum::<f64>(),
    }
}
