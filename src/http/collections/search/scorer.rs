//! Scores by more than one vector, computed of each row.

use super::asked::Plan;
use super::is_beyond;
use crate::error::Result;
use crate::http::collections::found::Found;
use crate::http::collections::schema::{Collection, Distance, VectorSpec};
use crate::http::collections::statement::Sql;
use crate::http::collections::value::Written;
use crate::http::conversation::Conversation;
use crate::sql::types::Datum;

/// Scores that are computed of each row.
pub(super) struct Scorer<'a> {
    collection: &'a Collection,
    spec: &'a VectorSpec,
    sql: Sql,
}

impl<'a> Scorer<'a> {
    pub(super) fn new(collection: &'a Collection, spec: &'a VectorSpec) -> Scorer<'a> {
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

    pub(super) fn best(&mut self, like: Vec<Written>, unlike: Vec<Written>) -> Result<String> {
        let most = |all: Vec<String>| match all.is_empty() {
            true => "'-Infinity'::float8".to_owned(),
            false => format!("greatest({})", all.join(", ")),
        };
        let like = most(self.likenesses(like)?);
        let unlike = most(self.likenesses(unlike)?);
        let (like_score, unlike_score) = (sigmoid(&like), sigmoid(&unlike));
        Ok(format!("CASE WHEN {like} > {unlike} THEN {like_score} ELSE - {unlike_score} END"))
    }

    pub(super) fn sum(&mut self, like: Vec<Written>, unlike: Vec<Written>) -> Result<String> {
        let mut sum = String::from("0::float8");
        self.likenesses(like)?.iter().for_each(|one| sum.push_str(&format!(" + {one}")));
        self.likenesses(unlike)?.iter().for_each(|one| sum.push_str(&format!(" - {one}")));
        Ok(sum)
    }

    pub(super) fn discovery(
        &mut self,
        target: Written,
        pairs: Vec<(Written, Written)>,
    ) -> Result<String> {
        let mut score = sigmoid(&self.likeness(target)?);
        for (positive, negative) in pairs {
            let (positive, negative) = (self.likeness(positive)?, self.likeness(negative)?);
            score.push_str(&format!(" + sign({positive} - {negative})"));
        }
        Ok(score)
    }

    pub(super) fn context(&mut self, pairs: Vec<(Written, Written)>) -> Result<String> {
        let mut score = String::from("0::float8");
        for (positive, negative) in pairs {
            let (positive, negative) = (self.likeness(positive)?, self.likeness(negative)?);
            let less = format!("least({positive} - {negative} - {}, 0)", f32::EPSILON);
            score.push_str(&format!(" + {less} / (1 + abs({less}))"));
        }
        Ok(score)
    }

    /// The rows with the highest score.
    pub(super) async fn run(
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
