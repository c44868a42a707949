//! `vector`: the types `vector`, `halfvec` and `sparsevec` (`zserver_vector`), and
//! distances of bit strings.

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::types::vector::{self, Distance, Kind, Operator, Value, sql_error};
use crate::sql::types::{ArrayValue, Bits, Datum, float, integer, oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "vector_in" => |_, args| parsed(Kind::Vector, args);
    call "halfvec_in" => |_, args| parsed(Kind::Half, args);
    call "sparsevec_in" => |_, args| parsed(Kind::Sparse, args);
    call "vector_out" => |_, args| printed(args);
    call "halfvec_out" => |_, args| printed(args);
    call "sparsevec_out" => |_, args| printed(args);
    call "vector_typmod_in" => |_, args| typmod(Kind::Vector, args);
    call "halfvec_typmod_in" => |_, args| typmod(Kind::Half, args);
    call "sparsevec_typmod_in" => |_, args| typmod(Kind::Sparse, args);
    call "vector_recv" => |_, _| Err(Error::unsupported("function vector_recv"));
    call "halfvec_recv" => |_, _| Err(Error::unsupported("function halfvec_recv"));
    call "sparsevec_recv" => |_, _| Err(Error::unsupported("function sparsevec_recv"));
    call "hnswhandler" => |_, _| Err(Error::unsupported("function hnswhandler"));
    call "ivfflathandler" => |_, _| Err(Error::unsupported("function ivfflathandler"));
    call "hnsw_halfvec_support" => |_, _| Err(Error::unsupported("function hnsw_halfvec_support"));
    call "hnsw_bit_support" => |_, _| Err(Error::unsupported("function hnsw_bit_support"));
    call "hnsw_sparsevec_support" => |_, _| Err(Error::unsupported("function hnsw_sparsevec_support"));
    call "ivfflat_halfvec_support" => |_, _| Err(Error::unsupported("function ivfflat_halfvec_support"));
    call "ivfflat_bit_support" => |_, _| Err(Error::unsupported("function ivfflat_bit_support"));
    call "vector_send" => |_, args| sent(args);
    call "halfvec_send" => |_, args| sent(args);
    call "sparsevec_send" => |_, args| sent(args);

    rows2 "l2_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L2).map_err(sql_error);
    rows2 "inner_product" => |a: &Value, b: &Value| a.distance(b, Distance::InnerProduct).map_err(sql_error);
    rows2 "cosine_distance" => |a: &Value, b: &Value| a.distance(b, Distance::Cosine).map_err(sql_error);
    rows2 "l1_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L1).map_err(sql_error);
    rows2 "vector_l2_squared_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L2Squared).map_err(sql_error);
    rows2 "vector_negative_inner_product" => |a: &Value, b: &Value| a.distance(b, Distance::NegativeInnerProduct).map_err(sql_error);
    rows2 "vector_spherical_distance" => |a: &Value, b: &Value| a.distance(b, Distance::Spherical).map_err(sql_error);
    rows1 "vector_dims" => |a: &Value| Ok(a.dims());
    rows1 "vector_norm" => |a: &Value| Ok(a.norm());
    rows1 "l2_normalize" => |a: &Value| a.normalize().map_err(sql_error);
    call "binary_quantize" => |_, args| quantized(args);
    rows3 "subvector" => |a: &Value, start: i32, count: i32| a.subvector(start, count).map_err(sql_error);
    rows2 "vector_add" => |a: &Value, b: &Value| a.combine(b, Operator::Add).map_err(sql_error);
    rows2 "vector_sub" => |a: &Value, b: &Value| a.combine(b, Operator::Subtract).map_err(sql_error);
    rows2 "vector_mul" => |a: &Value, b: &Value| a.combine(b, Operator::Multiply).map_err(sql_error);
    rows2 "vector_concat" => |a: &Value, b: &Value| a.concat(b).map_err(sql_error);
    rows2 "vector_lt" => |a: &Value, b: &Value| Ok(a.compare(b).is_lt());
    rows2 "vector_le" => |a: &Value, b: &Value| Ok(a.compare(b).is_le());
    rows2 "vector_eq" => |a: &Value, b: &Value| Ok(a.compare(b).is_eq());
    rows2 "vector_ne" => |a: &Value, b: &Value| Ok(a.compare(b).is_ne());
    rows2 "vector_ge" => |a: &Value, b: &Value| Ok(a.compare(b).is_ge());
    rows2 "vector_gt" => |a: &Value, b: &Value| Ok(a.compare(b).is_gt());
    rows2 "vector_cmp" => |a: &Value, b: &Value| Ok(a.compare(b) as i32);
    call "vector_accum" => |_, args| accumulated("vector_accum", args);
    call "vector_avg" => |_, args| average(Kind::Vector, "vector_avg", args);
    call "vector_combine" => |_, args| combined(args);

    rows2 "halfvec_l2_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L2).map_err(sql_error);
    rows2 "halfvec_inner_product" => |a: &Value, b: &Value| a.distance(b, Distance::InnerProduct).map_err(sql_error);
    rows2 "halfvec_cosine_distance" => |a: &Value, b: &Value| a.distance(b, Distance::Cosine).map_err(sql_error);
    rows2 "halfvec_l1_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L1).map_err(sql_error);
    rows2 "halfvec_l2_squared_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L2Squared).map_err(sql_error);
    rows2 "halfvec_negative_inner_product" => |a: &Value, b: &Value| a.distance(b, Distance::NegativeInnerProduct).map_err(sql_error);
    rows2 "halfvec_spherical_distance" => |a: &Value, b: &Value| a.distance(b, Distance::Spherical).map_err(sql_error);
    rows1 "halfvec_vector_dims" => |a: &Value| Ok(a.dims());
    rows1 "halfvec_l2_norm" => |a: &Value| Ok(a.norm());
    rows1 "halfvec_l2_normalize" => |a: &Value| a.normalize().map_err(sql_error);
    call "halfvec_binary_quantize" => |_, args| quantized(args);
    rows3 "halfvec_subvector" => |a: &Value, start: i32, count: i32| a.subvector(start, count).map_err(sql_error);
    rows2 "halfvec_add" => |a: &Value, b: &Value| a.combine(b, Operator::Add).map_err(sql_error);
    rows2 "halfvec_sub" => |a: &Value, b: &Value| a.combine(b, Operator::Subtract).map_err(sql_error);
    rows2 "halfvec_mul" => |a: &Value, b: &Value| a.combine(b, Operator::Multiply).map_err(sql_error);
    rows2 "halfvec_concat" => |a: &Value, b: &Value| a.concat(b).map_err(sql_error);
    rows2 "halfvec_lt" => |a: &Value, b: &Value| Ok(a.compare(b).is_lt());
    rows2 "halfvec_le" => |a: &Value, b: &Value| Ok(a.compare(b).is_le());
    rows2 "halfvec_eq" => |a: &Value, b: &Value| Ok(a.compare(b).is_eq());
    rows2 "halfvec_ne" => |a: &Value, b: &Value| Ok(a.compare(b).is_ne());
    rows2 "halfvec_ge" => |a: &Value, b: &Value| Ok(a.compare(b).is_ge());
    rows2 "halfvec_gt" => |a: &Value, b: &Value| Ok(a.compare(b).is_gt());
    rows2 "halfvec_cmp" => |a: &Value, b: &Value| Ok(a.compare(b) as i32);
    call "halfvec_accum" => |_, args| accumulated("halfvec_accum", args);
    call "halfvec_avg" => |_, args| average(Kind::Half, "halfvec_avg", args);

    rows2 "sparsevec_l2_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L2).map_err(sql_error);
    rows2 "sparsevec_inner_product" => |a: &Value, b: &Value| a.distance(b, Distance::InnerProduct).map_err(sql_error);
    rows2 "sparsevec_cosine_distance" => |a: &Value, b: &Value| a.distance(b, Distance::Cosine).map_err(sql_error);
    rows2 "sparsevec_l1_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L1).map_err(sql_error);
    rows2 "sparsevec_l2_squared_distance" => |a: &Value, b: &Value| a.distance(b, Distance::L2Squared).map_err(sql_error);
    rows2 "sparsevec_negative_inner_product" => |a: &Value, b: &Value| a.distance(b, Distance::NegativeInnerProduct).map_err(sql_error);
    rows1 "sparsevec_l2_norm" => |a: &Value| Ok(a.norm());
    rows1 "sparsevec_l2_normalize" => |a: &Value| a.normalize().map_err(sql_error);
    rows2 "sparsevec_lt" => |a: &Value, b: &Value| Ok(a.compare(b).is_lt());
    rows2 "sparsevec_le" => |a: &Value, b: &Value| Ok(a.compare(b).is_le());
    rows2 "sparsevec_eq" => |a: &Value, b: &Value| Ok(a.compare(b).is_eq());
    rows2 "sparsevec_ne" => |a: &Value, b: &Value| Ok(a.compare(b).is_ne());
    rows2 "sparsevec_ge" => |a: &Value, b: &Value| Ok(a.compare(b).is_ge());
    rows2 "sparsevec_gt" => |a: &Value, b: &Value| Ok(a.compare(b).is_gt());
    rows2 "sparsevec_cmp" => |a: &Value, b: &Value| Ok(a.compare(b) as i32);

    call "vector" => |_, args| sized(args);
    call "halfvec" => |_, args| sized(args);
    call "sparsevec" => |_, args| sized(args);
    call "array_to_vector" => |_, args| from_array(Kind::Vector, args);
    call "array_to_halfvec" => |_, args| from_array(Kind::Half, args);
    call "array_to_sparsevec" => |_, args| from_array(Kind::Sparse, args);
    call "vector_to_float4" => |_, args| to_array(args);
    call "halfvec_to_float4" => |_, args| to_array(args);
    call "vector_to_halfvec" => |_, args| cast(Kind::Half, args);
    call "halfvec_to_vector" => |_, args| cast(Kind::Vector, args);
    call "vector_to_sparsevec" => |_, args| cast(Kind::Sparse, args);
    call "sparsevec_to_vector" => |_, args| cast(Kind::Vector, args);
    call "halfvec_to_sparsevec" => |_, args| cast(Kind::Sparse, args);
    call "sparsevec_to_halfvec" => |_, args| cast(Kind::Half, args);

    rows2 "hamming_distance" => |a: &Bits, b: &Bits| {
        same_length(a, b)?;
        Ok(zserver_vector::kernel::hamming(a.bytes(), b.bytes()) as f64)
    };
    rows2 "jaccard_distance" => |a: &Bits, b: &Bits| {
        same_length(a, b)?;
        Ok(zserver_vector::kernel::jaccard(a.bytes(), b.bytes()))
    };
};

fn parsed(kind: Kind, args: &[Datum]) -> Result<Datum> {
    let value = vector::parse(kind, arg(args, 0)?)?;
    vector::check_expected(arg(args, 2)?, value.dims())?;
    Ok(Datum::Vector(value))
}

fn typmod(kind: Kind, args: &[Datum]) -> Result<Datum> {
    let modifier = |element: &Datum| match element {
        Datum::Text(text) => integer::parse_i32(text),
        _ => Err(wrong_type()),
    };
    let modifiers = arg::<&ArrayValue>(args, 0)?.elements.iter().map(modifier);
    Ok(Datum::Int4(vector::typmod(kind, &modifiers.collect::<Result<Vec<i32>>>()?)?))
}

fn printed(args: &[Datum]) -> Result<Datum> {
    let mut out = Vec::new();
    arg::<&Value>(args, 0)?.write(&mut out);
    Ok(Datum::Text(String::from_utf8_lossy(&out).into_owned()))
}

fn sent(args: &[Datum]) -> Result<Datum> {
    let mut out = bytes::BytesMut::new();
    vector::send(arg(args, 0)?, &mut out);
    Ok(Datum::Bytea(out.freeze()))
}

fn quantized(args: &[Datum]) -> Result<Datum> {
    let value: &Value = arg(args, 0)?;
    Ok(Datum::Bit(Bits::new(value.quantize(), value.dims() as usize)))
}

fn sized(args: &[Datum]) -> Result<Datum> {
    let value: &Value = arg(args, 0)?;
    vector::check_expected(arg(args, 1)?, value.dims())?;
    Ok(Datum::Vector(value.clone()))
}

fn cast(to: Kind, args: &[Datum]) -> Result<Datum> {
    let cast = arg::<&Value>(args, 0)?.cast(to, arg(args, 1)?);
    cast.map(Datum::Vector).map_err(sql_error)
}

fn from_array(kind: Kind, args: &[Datum]) -> Result<Datum> {
    let (array, typmod): (&ArrayValue, i32) = (arg(args, 0)?, arg(args, 1)?);
    if array.dims.len() > 1 {
        return Err(Error::new(sqlstate::DATA_EXCEPTION, "array must be 1-D"));
    }
    if array.elements.iter().any(Datum::is_null) {
        let message = "array must not contain nulls";
        return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
    }
    let element = |element: &Datum| -> Result<f32> {
        Ok(match element {
            Datum::Int4(v) => *v as f32,
            Datum::Float4(v) => *v,
            Datum::Float8(v) => *v as f32,
            Datum::Numeric(v) => float::parse_f32(&v.to_string())?,
            _ => return Err(wrong_type()),
        })
    };
    let elements: Vec<f32> = array.elements.iter().map(element).collect::<Result<_>>()?;
    Value::from_floats(kind, elements, typmod).map(Datum::Vector).map_err(sql_error)
}

fn to_array(args: &[Datum]) -> Result<Datum> {
    let elements = arg::<&Value>(args, 0)?.to_floats().into_iter().map(Datum::Float4).collect();
    Ok(Datum::Array(Box::new(ArrayValue::from_elements(oid::FLOAT4, elements))))
}

fn same_length(a: &Bits, b: &Bits) -> Result<()> {
    if a.len() == b.len() {
        return Ok(());
    }
    let message = format!("different bit lengths {} and {}", a.len(), b.len());
    Err(Error::new(sqlstate::DATA_EXCEPTION, message))
}

/// The state of `avg`: the number of values, then the sum of each element.
fn state(caller: &str, array: &ArrayValue) -> Result<Vec<f64>> {
    let number = |element: &Datum| match element {
        Datum::Float8(v) => Some(*v),
        _ => None,
    };
    let numbers: Option<Vec<f64>> = array.elements.iter().map(number).collect();
    numbers
        .filter(|numbers| array.dims.len() == 1 && !numbers.is_empty())
        .ok_or_else(|| Error::internal(format!("{caller}: expected state array")))
}

fn from_state(numbers: Vec<f64>) -> Result<Datum> {
    let elements = numbers.into_iter().map(Datum::Float8).collect();
    Ok(Datum::Array(Box::new(ArrayValue::from_elements(oid::FLOAT8, elements))))
}

fn accumulated(caller: &str, args: &[Datum]) -> Result<Datum> {
    let mut numbers = state(caller, arg(args, 0)?)?;
    let value: &Value = arg(args, 1)?;
    let elements = value.to_floats();
    numbers[0] += 1.0;
    if numbers.len() == 1 {
        numbers.extend(elements.into_iter().map(f64::from));
        return from_state(numbers);
    }
    vector::check_expected(numbers.len() as i32 - 1, value.dims())?;
    for (sum, element) in numbers[1..].iter_mut().zip(elements) {
        *sum = added(*sum, f64::from(element))?;
    }
    from_state(numbers)
}

/// As in pgvector 0.8.6, where two states of no values are an error, too.
fn combined(args: &[Datum]) -> Result<Datum> {
    let caller = "vector_combine";
    let (mut a, b) = (state(caller, arg(args, 0)?)?, state(caller, arg(args, 1)?)?);
    let both = a[0] != 0.0 && b[0] != 0.0;
    if a[0] == 0.0 {
        a.clone_from(&b);
    }
    vector::check_dims(Kind::Vector, a.len() as i32 - 1)?;
    if both {
        vector::check_expected(a.len() as i32 - 1, b.len() as i32 - 1)?;
        a[0] += b[0];
        for (sum, other) in a[1..].iter_mut().zip(&b[1..]) {
            *sum = added(*sum, *other)?;
        }
    }
    from_state(a)
}

fn added(sum: f64, value: f64) -> Result<f64> {
    let sum = sum + value;
    if sum.is_infinite() {
        let message = "value out of range: overflow";
        return Err(Error::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message));
    }
    Ok(sum)
}

fn average(kind: Kind, caller: &str, args: &[Datum]) -> Result<Datum> {
    let numbers = state(caller, arg(args, 0)?)?;
    if numbers[0] == 0.0 {
        return Ok(Datum::Null);
    }
    let elements = numbers[1..].iter().map(|sum| (sum / numbers[0]) as f32).collect();
    Value::from_floats(kind, elements, -1).map(Datum::Vector).map_err(sql_error)
}
