//! `pg_trgm`: similarity of texts by trigrams. Thresholds are the session's
//! (`pg_trgm.similarity_threshold` and its like).

use zserver_trgm::{similarity, trigrams, word_similarity};

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, EvalContext, Kernel};
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
    // What an index by signatures holds; there are no such values here.
    call "gtrgm_in" => |_, _| Err(no_value("accept"));
    call "gtrgm_out" => |_, _| Err(no_value("display"));
    call "show_limit" => |call, _| {
        similarity_threshold(call.eval, SIMILARITY).map(|limit| Datum::Float4(limit as f32))
    };
    call "set_limit" => |call, args| {
        let limit: f32 = arg(args, 0)?;
        call.eval.session.set_setting(SIMILARITY, &limit.to_string(), false)?;
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

const SIMILARITY: &str = "pg_trgm.similarity_threshold";
const WORD: &str = "pg_trgm.word_similarity_threshold";
const STRICT_WORD: &str = "pg_trgm.strict_word_similarity_threshold";

fn no_value(what: &str) -> Error {
    let message = format!("cannot {what} a value of type gtrgm");
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
}

fn reaches(call: &CallContext<'_>, found: f32, limit: &str) -> Result<Datum> {
    Ok(Datum::Bool(f64::from(found) >= similarity_threshold(call.eval, limit)?))
}

/// How similar texts must be for an operator, by its parameter.
pub fn similarity_threshold(eval: &EvalContext, name: &str) -> Result<f64> {
    let text = eval.session.setting(name)?.unwrap_or_default();
    text.parse().map_err(|_| Error::internal(format!("{name} is {text:?}")))
}
