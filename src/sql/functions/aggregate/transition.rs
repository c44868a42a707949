//! PostgreSQL's transition and final functions as functions of their own:
//! `float8_accum`, `int4_avg_accum`, `interval_avg` ….
//!
//! The aggregates here keep their states as Rust values; these functions are for users'
//! aggregates that are made of them. A state is an array, as PostgreSQL lays it out.

use super::moments::{Floats, Moment};
use super::regression::Pairs;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null, wrong_type};
use crate::sql::functions::{AggregateState, Kernel};
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{ArrayValue, Datum, Interval, Oid, datetime, oid};
use crate::sqlstate;

pub const KERNELS: &[&[Kernel]] = &[BOOLEANS, FLOATS, PAIRS, INTEGERS, COUNTS, INTERVALS];

const BOOLEANS: &[Kernel] = kernels! {
    columns2 "booland_statefunc" => |a: bool, b: bool| Ok(a && b);
    columns2 "boolor_statefunc" => |a: bool, b: bool| Ok(a || b);
};

/// The elements of a state that has `count` of them.
fn state<'a>(
    args: &'a [Datum],
    n: usize,
    count: usize,
    element: (Oid, &str),
    function: &str,
) -> Result<&'a [Datum]> {
    let array: &ArrayValue = arg(args, n)?;
    let fits = array.dims.len() == 1
        && array.elements.len() == count
        && array.element_type == element.0
        && !array.elements.iter().any(Datum::is_null);
    if fits {
        return Ok(&array.elements);
    }
    let name = element.1;
    Err(Error::internal(format!("{function}: expected {count}-element {name} array")))
}

fn array(element: Oid, values: Vec<Datum>) -> Datum {
    Datum::Array(Box::new(ArrayValue::from_elements(element, values)))
}

const FLOAT8: (Oid, &str) = (oid::FLOAT8, "float8");

fn floats(args: &[Datum], n: usize, moment: Moment, function: &str) -> Result<Floats> {
    Floats::load(moment, state(args, n, 3, FLOAT8, function)?)
}

fn accumulate(args: &[Datum], function: &str) -> Result<Datum> {
    let mut floats = floats(args, 0, Moment::Average, function)?;
    floats.update(&args[1..])?;
    Ok(array(oid::FLOAT8, floats.save()?))
}

const FLOATS: &[Kernel] = kernels! {
    call "float4_accum" => |_, args| accumulate(args, "float4_accum");
    call "float8_accum" => |_, args| accumulate(args, "float8_accum");
    call "float8_combine" => |_, args| {
        let mut sum = floats(args, 0, Moment::Average, "float8_combine")?;
        sum.merge(state(args, 1, 3, FLOAT8, "float8_combine")?)?;
        Ok(array(oid::FLOAT8, sum.save()?))
    };
    call "float8_avg" => |_, args| floats(args, 0, Moment::Average, "float8_avg")?.finish();
    call "float8_var_pop" => |_, args| floats(args, 0, Moment::VarPop, "float8_var_pop")?.finish();
    call "float8_var_samp" => |_, args| floats(args, 0, Moment::VarSamp, "float8_var_samp")?.finish();
    call "float8_stddev_pop" => |_, args|
        floats(args, 0, Moment::StddevPop, "float8_stddev_pop")?.finish();
    call "float8_stddev_samp" => |_, args|
        floats(args, 0, Moment::StddevSamp, "float8_stddev_samp")?.finish();
};

fn pairs(args: &[Datum], n: usize, function: &str) -> Result<Pairs> {
    Pairs::load(state(args, n, 6, FLOAT8, function)?)
}

fn of_pairs(args: &[Datum], function: &str, result: fn(&Pairs) -> Option<Datum>) -> Result<Datum> {
    Ok(result(&pairs(args, 0, function)?).unwrap_or(Datum::Null))
}

const PAIRS: &[Kernel] = kernels! {
    call "float8_regr_accum" => |_, args| {
        let mut pairs = pairs(args, 0, "float8_regr_accum")?;
        pairs.update(&args[1..])?;
        Ok(array(oid::FLOAT8, pairs.save()?))
    };
    call "float8_regr_combine" => |_, args| {
        let mut sum = pairs(args, 0, "float8_regr_combine")?;
        sum.combine(state(args, 1, 6, FLOAT8, "float8_regr_combine")?)?;
        Ok(array(oid::FLOAT8, sum.save()?))
    };
    call "float8_corr" => |_, args| of_pairs(args, "float8_corr", Pairs::correlation);
    call "float8_covar_pop" => |_, args| of_pairs(args, "float8_covar_pop", Pairs::covariance);
    call "float8_covar_samp" => |_, args|
        of_pairs(args, "float8_covar_samp", Pairs::sample_covariance);
    call "float8_regr_avgx" => |_, args| of_pairs(args, "float8_regr_avgx", Pairs::average_x);
    call "float8_regr_avgy" => |_, args| of_pairs(args, "float8_regr_avgy", Pairs::average_y);
    call "float8_regr_intercept" => |_, args|
        of_pairs(args, "float8_regr_intercept", Pairs::intercept);
    call "float8_regr_r2" => |_, args| of_pairs(args, "float8_regr_r2", Pairs::determination);
    call "float8_regr_slope" => |_, args| of_pairs(args, "float8_regr_slope", Pairs::slope);
    call "float8_regr_sxx" => |_, args| of_pairs(args, "float8_regr_sxx", Pairs::sum_xx);
    call "float8_regr_sxy" => |_, args| of_pairs(args, "float8_regr_sxy", Pairs::sum_xy);
    call "float8_regr_syy" => |_, args| of_pairs(args, "float8_regr_syy", Pairs::sum_yy);
};

/// Count and sum of integers.
fn count_and_sum(args: &[Datum], n: usize) -> Result<(i64, i64)> {
    let array: &ArrayValue = arg(args, n)?;
    match (array.element_type, array.elements.as_slice()) {
        (oid::INT8, [Datum::Int8(count), Datum::Int8(sum)]) => Ok((*count, *sum)),
        _ => Err(Error::internal("expected 2-element int8 array")),
    }
}

/// The state with a value more, or one less.
fn averaged(args: &[Datum], sign: i64) -> Result<Datum> {
    let (count, sum) = count_and_sum(args, 0)?;
    let value = match args.get(1) {
        Some(Datum::Int2(value)) => i64::from(*value),
        Some(Datum::Int4(value)) => i64::from(*value),
        _ => return Err(wrong_type()),
    };
    let values = [count.wrapping_add(sign), sum.wrapping_add(sign * value)];
    Ok(array(oid::INT8, values.map(Datum::Int8).to_vec()))
}

/// A sum that starts from NULL.
fn summed(args: &[Datum]) -> Result<Datum> {
    let value = match args.get(1) {
        Some(Datum::Int2(value)) => i64::from(*value),
        Some(Datum::Int4(value)) => i64::from(*value),
        Some(Datum::Null) => return args.first().cloned().ok_or_else(wrong_type),
        _ => return Err(wrong_type()),
    };
    let sum: Option<i64> = arg_or_null(args, 0)?;
    Ok(Datum::Int8(sum.map_or(value, |sum| sum.wrapping_add(value))))
}

const INTEGERS: &[Kernel] = kernels! {
    call "int2_avg_accum" => |_, args| averaged(args, 1);
    call "int4_avg_accum" => |_, args| averaged(args, 1);
    call "int2_avg_accum_inv" => |_, args| averaged(args, -1);
    call "int4_avg_accum_inv" => |_, args| averaged(args, -1);
    // PostgreSQL lets aggregates only call it; here none does.
    call "int4_avg_combine" => |_, _|
        Err(Error::internal("aggregate function called in non-aggregate context"));
    call "int8_avg" => |_, args| match count_and_sum(args, 0)? {
        (0, _) => Ok(Datum::Null),
        (count, sum) => Numeric::from(sum).div(&Numeric::from(count)).map(Datum::Numeric),
    };
    call "int2int4_sum" => |_, args| match count_and_sum(args, 0)? {
        (0, _) => Ok(Datum::Null),
        (_, sum) => Ok(Datum::Int8(sum)),
    };
    call "int2_sum" => |_, args| summed(args);
    call "int4_sum" => |_, args| summed(args);
    call "int8_sum" => |_, args| {
        let Some(value) = arg_or_null::<i64>(args, 1)? else {
            return args.first().cloned().ok_or_else(wrong_type);
        };
        let value = Numeric::from(value);
        match arg_or_null::<&Numeric>(args, 0)? {
            Some(sum) => sum.add(&value).map(Datum::Numeric),
            None => Ok(Datum::Numeric(value)),
        }
    };
};

fn counted(args: &[Datum], step: i64) -> Result<Datum> {
    let count: i64 = arg(args, 0)?;
    count.checked_add(step).map(Datum::Int8).ok_or_else(|| Error::out_of_range("bigint"))
}

const COUNTS: &[Kernel] = kernels! {
    call "int8inc" => |_, args| counted(args, 1);
    call "int8inc_any" => |_, args| counted(args, 1);
    call "int8inc_float8_float8" => |_, args| counted(args, 1);
    call "int8dec" => |_, args| counted(args, -1);
    call "int8dec_any" => |_, args| counted(args, -1);
    columns1 "int4inc" => |a: i32| a.checked_add(1).ok_or_else(|| Error::out_of_range("integer"));
    rows1 "numeric_inc" => |a: &Numeric| a.add(&Numeric::from(1));
};

/// Sum and count of intervals; the count is the time of the second one.
fn span_state(args: &[Datum], n: usize) -> Result<(Interval, Interval)> {
    let array: &ArrayValue = arg(args, n)?;
    if array.elements.iter().any(Datum::is_null) {
        let message = "null array element not allowed in this context";
        return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
    }
    match array.elements.as_slice() {
        [Datum::Interval(sum), Datum::Interval(count)] => Ok((*sum, *count)),
        _ => Err(Error::internal("expected 2-element interval array")),
    }
}

/// The state with so much more in its count.
fn spans(sum: Interval, mut count: Interval, more: i64) -> Datum {
    count.microseconds = count.microseconds.wrapping_add(more);
    array(oid::INTERVAL, vec![Datum::Interval(sum), Datum::Interval(count)])
}

const INTERVALS: &[Kernel] = kernels! {
    call "interval_accum" => |_, args| {
        let (sum, count) = span_state(args, 0)?;
        Ok(spans(datetime::interval_add(&sum, &arg(args, 1)?)?, count, 1))
    };
    call "interval_accum_inv" => |_, args| {
        let (sum, count) = span_state(args, 0)?;
        Ok(spans(datetime::interval_sub(&sum, &arg(args, 1)?)?, count, -1))
    };
    call "interval_combine" => |_, args| {
        let ((a, count), (b, more)) = (span_state(args, 0)?, span_state(args, 1)?);
        Ok(spans(datetime::interval_add(&a, &b)?, count, more.microseconds))
    };
    call "interval_avg" => |_, args| match span_state(args, 0)? {
        (_, Interval { microseconds: 0, .. }) => Ok(Datum::Null),
        (sum, count) => {
            datetime::interval_div(&sum, count.microseconds as f64).map(Datum::Interval)
        }
    };
};
