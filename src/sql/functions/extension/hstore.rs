//! `hstore`: sets of keys with texts. A value is its canonical text (`zserver_hstore`).

use zserver_hstore::Pairs;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{self, ArrayDim, ArrayValue, Datum, Repr, json, oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "hstore_in" => |_, args| {
        let text: &str = arg(args, 0)?;
        made(Pairs::parse(text).map_err(|error| Error::internal(error.to_string()))?)
    };
    call "hstore_out" => |_, args| Ok(Datum::Text(arg::<&str>(args, 0)?.to_owned()));
    // What an index by signatures holds; there are no such values here.
    call "ghstore_in" => |_, _| Err(no_value("accept"));
    call "ghstore_out" => |_, _| Err(no_value("display"));
    call "hstore_version_diag" => |_, _| Ok(Datum::Int4(2));
    call "hstore_fetchval" => |_, args| {
        let value = pairs(args, 0)?.get(arg(args, 1)?).flatten().map(str::to_owned);
        Ok(value.map_or(Datum::Null, Datum::Text))
    };
    // Which kernels read and assign is said by `functions::subscript`; nobody can call it.
    call "hstore_subscript_handler" =>
        |_, _| Err(Error::unsupported("calling hstore_subscript_handler"));
    call "hstore_assign_value" => |_, args| {
        let Some(key) = arg_or_null::<&str>(args, 2)? else {
            let message = "hstore subscript in assignment must not be null";
            return Err(Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, message));
        };
        let value = arg_or_null::<&str>(args, 1)?.map(str::to_owned);
        let new = Pairs::new(vec![(key.to_owned(), value)]);
        match args.first() {
            Some(Datum::Null) | None => made(new),
            Some(_) => made(pairs(args, 0)?.concat(new)),
        }
    };
    call "hstore_slice_to_array" => |_, args| {
        let (own, keys): (Pairs, &ArrayValue) = (pairs(args, 0)?, arg(args, 1)?);
        let value = |key: &Datum| match key {
            Datum::Text(key) => text_or_null(own.get(key).flatten()),
            _ => Datum::Null,
        };
        let elements = keys.elements.iter().map(value).collect();
        Ok(Datum::Array(Box::new(ArrayValue { elements, ..keys.clone() })))
    };
    call "hstore_slice_to_hstore" => |_, args| {
        let (mut own, keys) = (pairs(args, 0)?, keys(args, 1)?);
        own.retain(|key, _| keys.iter().any(|wanted| wanted == key));
        made(own)
    };
    call "hstore_exists" => |_, args| {
        Ok(Datum::Bool(pairs(args, 0)?.get(arg(args, 1)?).is_some()))
    };
    call "hstore_defined" => |_, args| {
        Ok(Datum::Bool(pairs(args, 0)?.get(arg(args, 1)?).flatten().is_some()))
    };
    call "hstore_exists_any" => |_, args| {
        let own = pairs(args, 0)?;
        Ok(Datum::Bool(keys(args, 1)?.iter().any(|key| own.get(key).is_some())))
    };
    call "hstore_exists_all" => |_, args| {
        let own = pairs(args, 0)?;
        Ok(Datum::Bool(keys(args, 1)?.iter().all(|key| own.get(key).is_some())))
    };
    call "hstore_delete" => |_, args| {
        let (mut own, gone): (Pairs, &str) = (pairs(args, 0)?, arg(args, 1)?);
        own.retain(|key, _| key != gone);
        made(own)
    };
    call "hstore_delete_array" => |_, args| {
        let (mut own, gone) = (pairs(args, 0)?, keys(args, 1)?);
        own.retain(|key, _| gone.iter().all(|gone| gone != key));
        made(own)
    };
    call "hstore_delete_hstore" => |_, args| {
        let (mut own, gone) = (pairs(args, 0)?, pairs(args, 1)?);
        own.retain(|key, value| gone.get(key) != Some(value));
        made(own)
    };
    call "hstore_concat" => |_, args| made(pairs(args, 0)?.concat(pairs(args, 1)?));
    call "hstore_contains" => |_, args| {
        Ok(Datum::Bool(pairs(args, 0)?.contains(&pairs(args, 1)?)))
    };
    call "hstore_contained" => |_, args| {
        Ok(Datum::Bool(pairs(args, 1)?.contains(&pairs(args, 0)?)))
    };
    call "hstore_from_text" => |_, args| {
        let Some(key) = arg_or_null::<&str>(args, 0)? else { return Ok(Datum::Null) };
        let value = arg_or_null::<&str>(args, 1)?.map(str::to_owned);
        made(Pairs::new(vec![(key.to_owned(), value)]))
    };
    call "hstore_from_array" => |_, args| from_array(arg(args, 0)?);
    call "hstore_from_arrays" => |_, args| {
        let Some(keys) = arg_or_null::<&ArrayValue>(args, 0)? else { return Ok(Datum::Null) };
        from_arrays(keys, arg_or_null(args, 1)?)
    };
    call "hstore_to_json" => |_, args| Ok(Datum::Text(as_json(&pairs(args, 0)?, false)));
    call "hstore_to_json_loose" => |_, args| Ok(Datum::Text(as_json(&pairs(args, 0)?, true)));
    call "hstore_to_jsonb" => |_, args| {
        json::parse(&as_json(&pairs(args, 0)?, false)).map(Datum::Jsonb)
    };
    call "hstore_to_jsonb_loose" => |_, args| {
        json::parse(&as_json(&pairs(args, 0)?, true)).map(Datum::Jsonb)
    };
    call "hstore_to_array" => |_, args| {
        let own = pairs(args, 0)?;
        let both = own.iter().flat_map(|(key, value)| [text_or_null(Some(key)), text_or_null(value)]);
        Ok(array(both.collect(), None))
    };
    call "hstore_to_matrix" => |_, args| {
        let own = pairs(args, 0)?;
        let both = own.iter().flat_map(|(key, value)| [text_or_null(Some(key)), text_or_null(value)]);
        Ok(array(both.collect(), Some(2)))
    };
    call "hstore_akeys" => |_, args| {
        Ok(array(pairs(args, 0)?.iter().map(|(key, _)| text_or_null(Some(key))).collect(), None))
    };
    call "hstore_avals" => |_, args| {
        Ok(array(pairs(args, 0)?.iter().map(|(_, value)| text_or_null(value)).collect(), None))
    };
    rows2 "hstore_eq" => |a: &str, b: &str| Ok(a == b);
    rows2 "hstore_ne" => |a: &str, b: &str| Ok(a != b);
    call "hstore_gt" => |_, args| Ok(Datum::Bool(order(args)?.is_gt()));
    call "hstore_ge" => |_, args| Ok(Datum::Bool(order(args)?.is_ge()));
    call "hstore_lt" => |_, args| Ok(Datum::Bool(order(args)?.is_lt()));
    call "hstore_le" => |_, args| Ok(Datum::Bool(order(args)?.is_le()));
    call "hstore_cmp" => |_, args| Ok(Datum::Int4(order(args)? as i32));
    call "hstore_hash" => |_, args| Ok(Datum::Int4(hash(args, 0) as i32));
    call "hstore_hash_extended" => |_, args| {
        let seed: i64 = arg(args, 1)?;
        Ok(Datum::Int8(hash(args, seed as u64) as i64))
    };
};

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel {
        symbol: "hstore_skeys",
        rows: |_, args| rows(args, |key, _| vec![text_or_null(Some(key))]),
    },
    SetKernel {
        symbol: "hstore_svals",
        rows: |_, args| rows(args, |_, value| vec![text_or_null(value)]),
    },
    SetKernel { symbol: "hstore_each", rows: each },
];

fn each(_: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    rows(args, |key, value| vec![text_or_null(Some(key)), text_or_null(value)])
}

fn rows(args: &[Datum], row: fn(&str, Option<&str>) -> Vec<Datum>) -> Result<SetRows> {
    let rows: Vec<_> = pairs(args, 0)?.iter().map(|(key, value)| Ok(row(key, value))).collect();
    Ok(Box::new(rows.into_iter()))
}

fn no_value(what: &str) -> Error {
    let message = format!("cannot {what} a value of type ghstore");
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message)
}

fn pairs(args: &[Datum], at: usize) -> Result<Pairs> {
    let text: &str = arg(args, at)?;
    Pairs::parse(text).map_err(|error| Error::data_corrupted(format!("an hstore: {error}")))
}

fn made(pairs: Pairs) -> Result<Datum> {
    Ok(Datum::Text(pairs.to_string()))
}

fn text_or_null(text: Option<&str>) -> Datum {
    text.map_or(Datum::Null, |text| Datum::Text(text.to_owned()))
}

/// The keys in an array; NULLs are none.
fn keys(args: &[Datum], at: usize) -> Result<Vec<String>> {
    let keys: &ArrayValue = arg(args, at)?;
    let key = |datum: &Datum| match datum {
        Datum::Text(key) => Some(key.clone()),
        _ => None,
    };
    Ok(keys.elements.iter().filter_map(key).collect())
}

/// An array of texts, of rows of `width` if there is one.
fn array(elements: Vec<Datum>, width: Option<usize>) -> Datum {
    let dim = |length: usize| ArrayDim { length: length as i32, lower_bound: 1 };
    let dims = match (elements.len(), width) {
        (0, _) => Vec::new(),
        (length, None) => vec![dim(length)],
        (length, Some(width)) => vec![dim(length / width), dim(width)],
    };
    Datum::Array(Box::new(ArrayValue { element_type: oid::TEXT, dims, elements }))
}

fn order(args: &[Datum]) -> Result<std::cmp::Ordering> {
    Ok(pairs(args, 0)?.compare(&pairs(args, 1)?))
}

fn hash(args: &[Datum], seed: u64) -> u64 {
    args.first().and_then(|value| types::hash::extended(value, &Repr::Text, seed)).unwrap_or(0)
}

fn subscripts(message: &str) -> Error {
    Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, message)
}

fn key_of(datum: &Datum) -> Result<String> {
    match datum {
        Datum::Text(key) => Ok(key.clone()),
        _ => Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "null value not allowed for hstore key",
        )),
    }
}

fn value_of(datum: &Datum) -> Option<String> {
    match datum {
        Datum::Text(value) => Some(value.clone()),
        _ => None,
    }
}

/// Keys and values in turn, or in two columns.
fn from_array(array: &ArrayValue) -> Result<Datum> {
    match array.dims.as_slice() {
        [] => {}
        [one] if one.length % 2 == 0 => {}
        [_] => return Err(subscripts("array must have even number of elements")),
        [_, columns] if columns.length == 2 => {}
        [_, _] => return Err(subscripts("array must have two columns")),
        _ => return Err(subscripts("wrong number of array subscripts")),
    }
    let pair = |pair: &[Datum]| Ok((key_of(&pair[0])?, value_of(&pair[1])));
    made(Pairs::new(array.elements.chunks_exact(2).map(pair).collect::<Result<_>>()?))
}

fn from_arrays(keys: &ArrayValue, values: Option<&ArrayValue>) -> Result<Datum> {
    if keys.dims.len() > 1 || values.is_some_and(|values| values.dims.len() > 1) {
        return Err(subscripts("wrong number of array subscripts"));
    }
    if values.is_some_and(|values| {
        (!keys.dims.is_empty() || !values.dims.is_empty()) && keys.dims != values.dims
    }) {
        return Err(subscripts("arrays must have same bounds"));
    }
    let value = |at: usize| values.and_then(|values| value_of(&values.elements[at]));
    let pairs = keys.elements.iter().enumerate().map(|(at, key)| Ok((key_of(key)?, value(at))));
    made(Pairs::new(pairs.collect::<Result<_>>()?))
}

/// An object of strings; if `loose`, what looks like a number or a boolean is one.
fn as_json(pairs: &Pairs, loose: bool) -> String {
    let mut out = b"{".to_vec();
    for (at, (key, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        json::write_string(key, &mut out);
        out.extend_from_slice(b": ");
        match value {
            None => out.extend_from_slice(b"null"),
            Some("t") if loose => out.extend_from_slice(b"true"),
            Some("f") if loose => out.extend_from_slice(b"false"),
            Some(number) if loose && is_number(number) => out.extend_from_slice(number.as_bytes()),
            Some(text) => json::write_string(text, &mut out),
        }
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && json::validate(text).is_ok()
}
