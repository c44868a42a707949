//! `pg_trgm`: similarity of texts by trigrams. Thresholds are the session's
//! (`pg_trgm.similarity_threshold` and its like).

use zserver_trgm::{similarity, trigrams, word_similarity};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "show_trgm" => |_, args| {
        let found = trigrams(arg(args, 0)?);
        let elements: Vec<Datum> =
            found.iter().map(|trigram| Datum::Text(trigram.to_string())).collect();
        let dims = match elements.len() {
            0 => Vec::new(),
            length => vec![ArrayDim { length: length as i32, lower_bound: 1 }],
        };
        Ok(Datum::Array(Box::new(ArrayValue { element_type: oid::TEXT, dims, elements })))
    };
    call "show_limit" => |call, _| threshold(call, SIMILARITY).map(|limit| Datum::Float4(limit as f32));
    call "set_limit" => |call, args| {
        let limit: f32 = arg(args, 0)?;
        check(SIMILARITY.0, limit.into())?;
        call.eval.session.set_setting(SIMILARITY.0, &limit.to_string(), false)?;
        Ok(Datum::Float4(limit))
    };
    rows2 "similarity" => |a: &str, b: &str| Ok(similarity(a, b));
    rows2 "similarity_dist" => |a: &str, b: &str| Ok(1.0 - similarity(a, b));
    rows2 "word_similarity" => |a: &str, b: &str| Ok(word_similarity(a, b, false));
    rows2 "strict_word_similarity" => |a: &str, b: &str| Ok(word_similarity(a, b, true));
    rows2 "word_similarity_dist_op" => |a: &str, b: &str| Ok(1.0 - word_similarity(a, b, false));
    rows2 "word_similarity_dist_commutator_op" =>
        |a: &str, b: &str| Ok(1.0 - word_similarity(b, a, false));
    rows2 "strict_word_similarity_dist_op" =>
        |a: &str, b: &str| Ok(1.0 - word_similarity(a, b, true));
    rows2 "strict_word_similarity_dist_commutator_op" =>
        |a: &str, b: &str| Ok(1.0 - word_similarity(b, a, true));
    call "similarity_op" => |call, args| {
        reaches(call, similarity(arg(args, 0)?, arg(args, 1)?), SIMILARITY)
    };
    call "word_similarity_op" => |call, args| {
        reaches(call, word_similarity(arg(args, 0)?, arg(args, 1)?, false), WORD)
    };
    call "word_similarity_commutator_op" => |call, args| {
        reaches(call, word_similarity(arg(args, 1)?, arg(args, 0)?, false), WORD)
    };
    call "strict_word_similarity_op" => |call, args| {
        reaches(call, word_similarity(arg(args, 0)?, arg(args, 1)?, true), STRICT_WORD)
    };
    call "strict_word_similarity_commutator_op" => |call, args| {
        reaches(call, word_similarity(arg(args, 1)?, arg(args, 0)?, true), STRICT_WORD)
    };
};

/// A parameter and its default.
type Threshold = (&'static str, f64);

const SIMILARITY: Threshold = ("pg_trgm.similarity_threshold", 0.3);
const WORD: Threshold = ("pg_trgm.word_similarity_threshold", 0.6);
const STRICT_WORD: Threshold = ("pg_trgm.strict_word_similarity_threshold", 0.5);

fn reaches(call: &CallContext<'_>, found: f32, limit: Threshold) -> Result<Datum> {
    Ok(Datum::Bool(f64::from(found) >= threshold(call, limit)?))
}

fn threshold(call: &CallContext<'_>, (name, default): Threshold) -> Result<f64> {
    let Some(text) = call.eval.session.setting(name)?.filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    let value = text.parse().map_err(|_| {
        Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"{name}\": \"{text}\""),
        )
    })?;
    check(name, value)
}

fn check(name: &str, value: f64) -> Result<f64> {
    match (0.0..=1.0).contains(&value) {
        true => Ok(value),
        false => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("{value} is outside the valid range for parameter \"{name}\" (0 .. 1)"),
        )),
    }
}
