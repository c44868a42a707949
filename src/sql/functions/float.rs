//! `float4` and `float8`: arithmetic with PostgreSQL's overflow and underflow
//! errors, comparison with NaN equal to itself and above everything,
//! conversions, and the mathematical functions.

use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sqlstate;

use super::Kernel;

pub const KERNELS: &[&[Kernel]] = &[
    FLOAT4,
    FLOAT8,
    FLOAT4_COMPARISON,
    FLOAT8_COMPARISON,
    FLOAT48_COMPARISON,
    FLOAT84_COMPARISON,
    FLOAT48,
    FLOAT84,
    CONVERSIONS,
    FUNCTIONS,
    TRIGONOMETRY,
];

fn overflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
}

fn underflow() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow")
}

/// An infinite result is an overflow unless an operand was infinite already.
fn finite_as(value: f64, inputs_infinite: bool) -> Result<f64> {
    if value.is_infinite() && !inputs_infinite { Err(overflow()) } else { Ok(value) }
}

/// As `finite_as`; a zero result is an underflow unless an operand explains it.
fn ranged(value: f64, infinite: bool, zero: bool) -> Result<f64> {
    if value == 0.0 && !zero {
        return Err(underflow());
    }
    finite_as(value, infinite)
}

fn add8(a: f64, b: f64) -> Result<f64> {
    finite_as(a + b, a.is_infinite() || b.is_infinite())
}

fn sub8(a: f64, b: f64) -> Result<f64> {
    finite_as(a - b, a.is_infinite() || b.is_infinite())
}

fn mul8(a: f64, b: f64) -> Result<f64> {
    ranged(a * b, a.is_infinite() || b.is_infinite(), a == 0.0 || b == 0.0)
}

fn div8(a: f64, b: f64) -> Result<f64> {
    if b == 0.0 && !a.is_nan() {
        return Err(Error::division_by_zero());
    }
    ranged(a / b, a.is_infinite(), a == 0.0 || b.is_infinite())
}

/// Narrows the exact result of a `float4` operation.
fn narrow(value: f32, infinite: bool, zero: bool) -> Result<f32> {
    if value.is_infinite() && !infinite {
        return Err(overflow());
    }
    if value == 0.0 && !zero { Err(underflow()) } else { Ok(value) }
}

const FLOAT4: &[Kernel] = kernels! {
    columns2 "float4pl" => |a: f32, b: f32| narrow(a + b, a.is_infinite() || b.is_infinite(), true);
    columns2 "float4mi" => |a: f32, b: f32| narrow(a - b, a.is_infinite() || b.is_infinite(), true);
    columns2 "float4mul" => |a: f32, b: f32|
        narrow(a * b, a.is_infinite() || b.is_infinite(), a == 0.0 || b == 0.0);
    columns2 "float4div" => |a: f32, b: f32| {
        if b == 0.0 && !a.is_nan() {
            return Err(Error::division_by_zero());
        }
        narrow(a / b, a.is_infinite(), a == 0.0 || b.is_infinite())
    };
    columns1 "float4abs" => |a: f32| Ok(a.abs());
    columns1 "float4um" => |a: f32| Ok(-a);
    columns1 "float4up" => |a: f32| Ok(a);
    columns2 "float4larger" => |a: f32, b: f32| Ok(if order(a.into(), b.into()).is_gt() { a } else { b });
    columns2 "float4smaller" => |a: f32, b: f32| Ok(if order(a.into(), b.into()).is_lt() { a } else { b });
};

const FLOAT8: &[Kernel] = kernels! {
    columns2 "float8pl" => add8;
    columns2 "float8mi" => sub8;
    columns2 "float8mul" => mul8;
    columns2 "float8div" => div8;
    columns1 "float8abs" => |a: f64| Ok(a.abs());
    columns1 "float8um" => |a: f64| Ok(-a);
    columns1 "float8up" => |a: f64| Ok(a);
    columns2 "float8larger" => |a: f64, b: f64| Ok(if order(a, b).is_gt() { a } else { b });
    columns2 "float8smaller" => |a: f64, b: f64| Ok(if order(a, b).is_lt() { a } else { b });
};

const FLOAT48: &[Kernel] = kernels! {
    columns2 "float48pl" => |a: f32, b: f64| add8(a.into(), b);
    columns2 "float48mi" => |a: f32, b: f64| sub8(a.into(), b);
    columns2 "float48mul" => |a: f32, b: f64| mul8(a.into(), b);
    columns2 "float48div" => |a: f32, b: f64| div8(a.into(), b);
};

const FLOAT84: &[Kernel] = kernels! {
    columns2 "float84pl" => |a: f64, b: f32| add8(a, b.into());
    columns2 "float84mi" => |a: f64, b: f32| sub8(a, b.into());
    columns2 "float84mul" => |a: f64, b: f32| mul8(a, b.into());
    columns2 "float84div" => |a: f64, b: f32| div8(a, b.into());
};

/// PostgreSQL's order: NaN equals NaN and is greatest, `-0` equals `0`.
pub fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The six comparisons and the btree order of two float types.
macro_rules! comparison {
    ($($group:ident, $prefix:literal, $left:ty, $right:ty;)*) => {$(
        const $group: &[Kernel] = kernels! {
            columns2 concat!($prefix, "eq") => |a: $left, b: $right| Ok(order(a.into(), b.into()).is_eq());
            columns2 concat!($prefix, "ne") => |a: $left, b: $right| Ok(order(a.into(), b.into()).is_ne());
            columns2 concat!($prefix, "lt") => |a: $left, b: $right| Ok(order(a.into(), b.into()).is_lt());
            columns2 concat!($prefix, "le") => |a: $left, b: $right| Ok(order(a.into(), b.into()).is_le());
            columns2 concat!($prefix, "gt") => |a: $left, b: $right| Ok(order(a.into(), b.into()).is_gt());
            columns2 concat!($prefix, "ge") => |a: $left, b: $right| Ok(order(a.into(), b.into()).is_ge());
            columns2 concat!("bt", $prefix, "cmp") =>
                |a: $left, b: $right| Ok(order(a.into(), b.into()) as i32);
        };
    )*};
}

comparison! {
    FLOAT4_COMPARISON, "float4", f32, f32;
    FLOAT8_COMPARISON, "float8", f64, f64;
    FLOAT48_COMPARISON, "float48", f32, f64;
    FLOAT84_COMPARISON, "float84", f64, f32;
}

/// Rounds half to even and checks the range of the integer type.
macro_rules! to_integer {
    ($ty:ty, $name:literal) => {
        |value: f64| {
            let rounded = value.round_ties_even();
            let limit = -(<$ty>::MIN as f64);
            if rounded >= -limit && rounded < limit {
                Ok(rounded as $ty)
            } else {
                Err(Error::out_of_range($name))
            }
        }
    };
}

fn to_i16(value: f64) -> Result<i16> {
    to_integer!(i16, "smallint")(value)
}

fn to_i32(value: f64) -> Result<i32> {
    to_integer!(i32, "integer")(value)
}

fn to_i64(value: f64) -> Result<i64> {
    to_integer!(i64, "bigint")(value)
}

const CONVERSIONS: &[Kernel] = kernels! {
    columns1 "ftod" => |a: f32| Ok(f64::from(a));
    columns1 "dtof" => |a: f64| narrow(a as f32, a.is_infinite(), a == 0.0);
    columns1 "ftoi2" => |a: f32| to_i16(a.into());
    columns1 "dtoi2" => to_i16;
    columns1 "ftoi4" => |a: f32| to_i32(a.into());
    columns1 "dtoi4" => to_i32;
    columns1 "ftoi8" => |a: f32| to_i64(a.into());
    columns1 "dtoi8" => to_i64;
};

const FUNCTIONS: &[Kernel] = kernels! {
    columns1 "dround" => |a: f64| Ok(a.round_ties_even());
    columns1 "dceil" => |a: f64| Ok(a.ceil());
    columns1 "dfloor" => |a: f64| Ok(a.floor());
    columns1 "dtrunc" => |a: f64| Ok(a.trunc());
    columns1 "dsign" => |a: f64| Ok(if a > 0.0 { 1.0 } else if a < 0.0 { -1.0 } else { 0.0 });
    columns1 "dcbrt" => |a: f64| ranged(cube_root(a), a.is_infinite(), a == 0.0);
    columns1 "dsqrt" => square_root;
    columns1 "dexp" => exponential;
    columns1 "dlog1" => |a: f64| logarithm(a, f64::ln);
    columns1 "dlog10" => |a: f64| logarithm(a, f64::log10);
    columns2 "dpow" => power;
    columns1 "degrees" => |a: f64| div8(a, std::f64::consts::PI / 180.0);
    columns1 "radians" => |a: f64| mul8(a, std::f64::consts::PI / 180.0);
    call "dpi" => |_, _| Ok(crate::sql::types::Datum::Float8(std::f64::consts::PI));
    rows4 "width_bucket_float8" => width_bucket;
};

fn square_root(a: f64) -> Result<f64> {
    if a < 0.0 {
        return Err(Error::new(
            sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION,
            "cannot take square root of a negative number",
        ));
    }
    ranged(a.sqrt(), a.is_infinite(), a == 0.0)
}

/// The cube root as the GNU C library computed it until 2.41 (and PostgreSQL prints
/// it): a polynomial for a mantissa in 0.5..1, one step of Halley's method, and the
/// root of the exponent. It may be off by one in the last place.
fn cube_root(a: f64) -> f64 {
    const CBRT2: f64 = 1.259_921_049_894_873_2;
    const SQR_CBRT2: f64 = 1.587_401_051_968_199_5;
    const FACTORS: [f64; 5] = [1.0 / SQR_CBRT2, 1.0 / CBRT2, 1.0, CBRT2, SQR_CBRT2];
    if a == 0.0 || !a.is_finite() {
        return a;
    }
    let (mantissa, exponent) = split_float(a.abs());
    let x = mantissa;
    let u = 0.354_895_765_043_919_84
        + (1.508_191_937_815_849
            - (2.114_994_941_673_713
                - (2.446_931_225_635_344_4
                    - (1.834_692_774_836_130_8
                        - (0.784_932_344_976_639_2 - 0.145_263_899_385_486_37 * x) * x)
                        * x)
                    * x)
                * x)
            * x;
    let cube = u * u * u;
    let factor = FACTORS[(2 + exponent % 3) as usize];
    let root = u * (cube + 2.0 * x) / (2.0 * cube + x) * factor;
    (root * 2f64.powi(exponent / 3)).copysign(a)
}

/// A positive finite number as `mantissa * 2^exponent` with the mantissa in 0.5..1.
fn split_float(a: f64) -> (f64, i32) {
    const SUBNORMAL_SHIFT: i32 = 64;
    if a < f64::MIN_POSITIVE {
        let (mantissa, exponent) = split_float(a * 2f64.powi(SUBNORMAL_SHIFT));
        return (mantissa, exponent - SUBNORMAL_SHIFT);
    }
    let bits = a.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022;
    let mantissa = f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52));
    (mantissa, exponent)
}

fn exponential(a: f64) -> Result<f64> {
    ranged(a.exp(), a.is_infinite(), a == f64::NEG_INFINITY)
}

fn logarithm(a: f64, log: fn(f64) -> f64) -> Result<f64> {
    let invalid = |what| Err(Error::new(sqlstate::INVALID_ARGUMENT_FOR_LOG, what));
    if a == 0.0 {
        return invalid("cannot take logarithm of zero");
    }
    if a < 0.0 {
        return invalid("cannot take logarithm of a negative number");
    }
    ranged(log(a), a.is_infinite(), a == 1.0)
}

fn power(a: f64, b: f64) -> Result<f64> {
    let invalid = |what| Err(Error::new(sqlstate::INVALID_ARGUMENT_FOR_POWER_FUNCTION, what));
    if a.is_nan() || b.is_nan() {
        return Ok(if a == 1.0 || b == 0.0 { 1.0 } else { f64::NAN });
    }
    if a == 0.0 && b < 0.0 {
        return invalid("zero raised to a negative power is undefined");
    }
    if a < 0.0 && b.floor() != b {
        return invalid("a negative number raised to a non-integer power yields a complex result");
    }
    let value = a.powf(b);
    let infinite = a.is_infinite() || b.is_infinite();
    ranged(value, infinite, a == 0.0 || infinite)
}

fn width_bucket(operand: f64, low: f64, high: f64, count: i32) -> Result<i32> {
    let invalid =
        |what| Err(Error::new(sqlstate::INVALID_ARGUMENT_FOR_WIDTH_BUCKET_FUNCTION, what));
    if count <= 0 {
        return invalid("count must be greater than zero");
    }
    if operand.is_nan() || low.is_nan() || high.is_nan() {
        return invalid("operand, lower bound, and upper bound cannot be NaN");
    }
    if low.is_infinite() || high.is_infinite() {
        return invalid("lower and upper bounds must be finite");
    }
    if low == high {
        return invalid("lower bound cannot equal upper bound");
    }
    let beyond = || count.checked_add(1).ok_or_else(|| Error::out_of_range("integer"));
    let (below, above) = if low < high {
        (operand < low, operand >= high)
    } else {
        (operand > low, operand <= high)
    };
    if below {
        return Ok(0);
    }
    if above {
        return beyond();
    }
    let fraction = (operand / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
    Ok(((f64::from(count) * fraction) as i32).min(count - 1) + 1)
}

fn input_out_of_range() -> Error {
    Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}

/// A function defined on finite angles only.
fn angle(a: f64, f: fn(f64) -> f64) -> Result<f64> {
    if a.is_infinite() { Err(input_out_of_range()) } else { Ok(f(a)) }
}

/// A function defined on `[-1, 1]`.
fn unit(a: f64, f: fn(f64) -> f64) -> Result<f64> {
    if a.is_nan() || (-1.0..=1.0).contains(&a) { Ok(f(a)) } else { Err(input_out_of_range()) }
}

const TRIGONOMETRY: &[Kernel] = kernels! {
    columns1 "dsin" => |a: f64| angle(a, f64::sin);
    columns1 "dcos" => |a: f64| angle(a, f64::cos);
    columns1 "dtan" => |a: f64| angle(a, f64::tan);
    columns1 "dcot" => |a: f64| angle(a, |a| 1.0 / a.tan());
    columns1 "dasin" => |a: f64| unit(a, f64::asin);
    columns1 "dacos" => |a: f64| unit(a, f64::acos);
    columns1 "datan" => |a: f64| Ok(a.atan());
    columns2 "datan2" => |a: f64, b: f64| Ok(a.atan2(b));
    columns1 "dsinh" => |a: f64| Ok(a.sinh());
    columns1 "dcosh" => |a: f64| Ok(a.cosh());
    columns1 "dtanh" => |a: f64| Ok(a.tanh());
    columns1 "dasinh" => |a: f64| Ok(a.asinh());
    columns1 "dacosh" => |a: f64| if a < 1.0 { Err(input_out_of_range()) } else { Ok(a.acosh()) };
    columns1 "datanh" => |a: f64| unit(a, f64::atanh);
    columns1 "dsind" => |a: f64| angle(a, degrees::sine);
    columns1 "dcosd" => |a: f64| angle(a, degrees::cosine);
    columns1 "dtand" => |a: f64| angle(a, degrees::tangent);
    columns1 "dcotd" => |a: f64| angle(a, degrees::cotangent);
    columns1 "dasind" => |a: f64| unit(a, degrees::arcsine);
    columns1 "dacosd" => |a: f64| unit(a, degrees::arccosine);
    columns1 "datand" => |a: f64| Ok(degrees::arctangent(a));
    columns2 "datan2d" => |a: f64, b: f64| Ok(degrees::scale_arctangent(a.atan2(b)));
};

/// Trigonometry in degrees, exact at the multiples of 30 and 45 where the value
/// is rational: each function is scaled so that those points come out right.
mod degrees {
    const RADIANS: f64 = std::f64::consts::PI / 180.0;

    /// `sin` for 0 to 30 degrees, exactly ½ at 30.
    fn sine_to_30(a: f64) -> f64 {
        (a * RADIANS).sin() / (30.0 * RADIANS).sin() / 2.0
    }

    /// `cos` for 0 to 60 degrees, exactly ½ at 60.
    fn cosine_to_60(a: f64) -> f64 {
        1.0 - (1.0 - (a * RADIANS).cos()) / (1.0 - (60.0 * RADIANS).cos()) / 2.0
    }

    fn sine_to_90(a: f64) -> f64 {
        if a <= 30.0 { sine_to_30(a) } else { cosine_to_60(90.0 - a) }
    }

    fn cosine_to_90(a: f64) -> f64 {
        if a <= 60.0 { cosine_to_60(a) } else { sine_to_30(90.0 - a) }
    }

    pub fn sine(a: f64) -> f64 {
        let mut sign = if a < 0.0 { -1.0 } else { 1.0 };
        let mut a = a.abs() % 360.0;
        if a > 180.0 {
            a = 360.0 - a;
            sign = -sign;
        }
        sign * sine_to_90(if a > 90.0 { 180.0 - a } else { a })
    }

    pub fn cosine(a: f64) -> f64 {
        let mut a = a.abs() % 360.0;
        if a > 180.0 {
            a = 360.0 - a;
        }
        if a > 90.0 { -cosine_to_90(180.0 - a) } else { cosine_to_90(a) }
    }

    /// Sign and angle in the first quadrant for tangent and cotangent.
    fn quadrant(a: f64) -> (f64, f64) {
        let mut sign = if a < 0.0 { -1.0 } else { 1.0 };
        let mut a = a.abs() % 360.0;
        if a > 180.0 {
            a = 360.0 - a;
            sign = -sign;
        }
        if a > 90.0 { (-sign, 180.0 - a) } else { (sign, a) }
    }

    pub fn tangent(a: f64) -> f64 {
        let (sign, a) = quadrant(a);
        let at_45 = sine_to_90(45.0) / cosine_to_90(45.0);
        let value = sign * (sine_to_90(a) / cosine_to_90(a) / at_45);
        if value == 0.0 { 0.0 } else { value }
    }

    pub fn cotangent(a: f64) -> f64 {
        let (sign, a) = quadrant(a);
        let at_45 = cosine_to_90(45.0) / sine_to_90(45.0);
        let value = sign * (cosine_to_90(a) / sine_to_90(a) / at_45);
        if value == 0.0 { 0.0 } else { value }
    }

    fn arcsine_to_1(a: f64) -> f64 {
        if a <= 0.5 {
            a.asin() / 0.5_f64.asin() * 30.0
        } else {
            90.0 - a.acos() / 0.5_f64.acos() * 60.0
        }
    }

    pub fn arcsine(a: f64) -> f64 {
        if a < 0.0 { -arcsine_to_1(-a) } else { arcsine_to_1(a) }
    }

    fn arccosine_to_1(a: f64) -> f64 {
        if a <= 0.5 {
            90.0 - a.asin() / 0.5_f64.asin() * 30.0
        } else {
            a.acos() / 0.5_f64.acos() * 60.0
        }
    }

    pub fn arccosine(a: f64) -> f64 {
        if a < 0.0 { 90.0 + arcsine_to_1(-a) } else { arccosine_to_1(a) }
    }

    pub fn arctangent(a: f64) -> f64 {
        scale_arctangent(a.atan())
    }

    pub fn scale_arctangent(radians: f64) -> f64 {
        radians / 1.0_f64.atan() * 45.0
    }
}
