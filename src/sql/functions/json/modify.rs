//! `jsonb`: comparison, containment, concatenation, deletion, `jsonb_set`.

use super::access::{document, invalid};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null, wrong_type};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::json::compare;
use crate::sql::types::{ArrayValue, Datum, JsonKind, JsonRef, JsonValue, Jsonb};
use crate::sqlstate;

pub const COMPARISON: &[Kernel] = kernels! {
    rows2 "jsonb_eq" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()).is_eq());
    rows2 "jsonb_ne" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()).is_ne());
    rows2 "jsonb_lt" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()).is_lt());
    rows2 "jsonb_le" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()).is_le());
    rows2 "jsonb_gt" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()).is_gt());
    rows2 "jsonb_ge" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()).is_ge());
    rows2 "jsonb_cmp" => |a: &Jsonb, b: &Jsonb| Ok(compare(a.root(), b.root()) as i32);
};

pub const KERNELS: &[Kernel] = kernels! {
    rows2 "jsonb_contains" => |a: &Jsonb, b: &Jsonb| Ok(contains(a.root(), b.root(), true));
    rows2 "jsonb_contained" => |a: &Jsonb, b: &Jsonb| Ok(contains(b.root(), a.root(), true));
    rows2 "jsonb_exists" => |a: &Jsonb, key: &str| Ok(exists(a.root(), key));
    rows2 "jsonb_exists_any" => |a: &Jsonb, keys: &ArrayValue|
        Ok(texts(keys).any(|key| exists(a.root(), key)));
    rows2 "jsonb_exists_all" => |a: &Jsonb, keys: &ArrayValue|
        Ok(texts(keys).all(|key| exists(a.root(), key)));
    rows2 "jsonb_concat" => |a: &Jsonb, b: &Jsonb| Ok(concat(a.root(), b.root()).to_jsonb());
    rows2 "jsonb_delete" => |a: &Jsonb, key: &str| delete_keys(a, &[key]);
    rows2 "jsonb_delete_array" => |a: &Jsonb, keys: &ArrayValue|
        delete_keys(a, &texts(keys).collect::<Vec<_>>());
    rows2 "jsonb_delete_idx" => delete_index;
    rows2 "jsonb_delete_path" => |a: &Jsonb, path: &ArrayValue| change(a, path, &Change::Delete);
    rows4 "jsonb_set" => |a: &Jsonb, path: &ArrayValue, new: &Jsonb, create: bool|
        change(a, path, &Change::Set { new, create });
    rows4 "jsonb_insert" => |a: &Jsonb, path: &ArrayValue, new: &Jsonb, after: bool|
        change(a, path, &Change::Insert { new, after });
    call "jsonb_set_lax" => set_lax;
};

/// The texts of a `text[]` that are not NULL.
fn texts(array: &ArrayValue) -> impl Iterator<Item = &str> {
    array.elements.iter().filter_map(|element| match element {
        Datum::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn equal(a: JsonRef<'_>, b: JsonRef<'_>) -> bool {
    compare(a, b).is_eq()
}

/// Whether `a` contains `b`. At the top an array also contains a bare scalar.
fn contains(a: JsonRef<'_>, b: JsonRef<'_>, top: bool) -> bool {
    match (a.kind(), b.kind()) {
        (JsonKind::Object, JsonKind::Object) => {
            b.members().all(|(key, b)| a.get(key).is_some_and(|a| contains(a, b, false)))
        }
        (JsonKind::Array, JsonKind::Array) => b.elements().all(|b| has_element(a, b)),
        (JsonKind::Array, JsonKind::Object) | (JsonKind::Object, _) => false,
        (JsonKind::Array, _) => top && has_element(a, b),
        (_, JsonKind::Array | JsonKind::Object) => false,
        _ => equal(a, b),
    }
}

fn has_element(array: JsonRef<'_>, wanted: JsonRef<'_>) -> bool {
    array.elements().any(|element| match element.is_container() && wanted.is_container() {
        true => contains(element, wanted, false),
        false => element.is_container() == wanted.is_container() && equal(element, wanted),
    })
}

/// Whether the text is a key, an element or the string itself.
fn exists(json: JsonRef<'_>, key: &str) -> bool {
    match json.kind() {
        JsonKind::Object => json.get(key).is_some(),
        JsonKind::Array => json.elements().any(|element| element.as_str() == Some(key)),
        _ => json.as_str() == Some(key),
    }
}

fn part(json: JsonRef<'_>) -> JsonValue {
    JsonValue::Encoded(json.to_jsonb())
}

fn concat(a: JsonRef<'_>, b: JsonRef<'_>) -> JsonValue {
    if let (JsonKind::Object, JsonKind::Object) = (a.kind(), b.kind()) {
        let members = a.members().chain(b.members());
        return JsonValue::Object(
            members.map(|(key, value)| (key.to_owned(), part(value))).collect(),
        );
    }
    let elements = |json: JsonRef<'_>| match json.kind() {
        JsonKind::Array => json.elements().map(part).collect(),
        _ => vec![part(json)],
    };
    JsonValue::Array([elements(a), elements(b)].concat())
}

fn delete_keys(json: &Jsonb, keys: &[&str]) -> Result<Jsonb> {
    let json = document(json);
    let value = match json.kind() {
        JsonKind::Object => JsonValue::Object(
            json.members()
                .filter(|(key, _)| !keys.contains(key))
                .map(|(key, value)| (key.to_owned(), part(value)))
                .collect(),
        ),
        JsonKind::Array => JsonValue::Array(
            json.elements()
                .filter(|element| element.as_str().is_none_or(|text| !keys.contains(&text)))
                .map(part)
                .collect(),
        ),
        _ => return Err(invalid("cannot delete from scalar")),
    };
    Ok(value.to_jsonb())
}

fn delete_index(json: &Jsonb, index: i32) -> Result<Jsonb> {
    let root = document(json);
    match root.kind() {
        JsonKind::Array => {}
        JsonKind::Object => {
            return Err(invalid("cannot delete from object using integer index"));
        }
        _ => return Err(invalid("cannot delete from scalar")),
    }
    let index = i64::from(index) + if index < 0 { root.len() as i64 } else { 0 };
    let kept = root.elements().enumerate().filter(|(n, _)| *n as i64 != index);
    Ok(JsonValue::Array(kept.map(|(_, element)| part(element)).collect()).to_jsonb())
}

/// What happens at the end of a path.
enum Change<'a> {
    Set { new: &'a Jsonb, create: bool },
    Insert { new: &'a Jsonb, after: bool },
    Delete,
}

fn change(json: &Jsonb, path: &ArrayValue, change: &Change<'_>) -> Result<Jsonb> {
    if path.dims.len() > 1 {
        return Err(Error::new(
            sqlstate::ARRAY_SUBSCRIPT_ERROR,
            "wrong number of array subscripts",
        ));
    }
    let root = document(json);
    if !root.is_container() {
        return Err(invalid(match change {
            Change::Delete => "cannot delete path in scalar",
            _ => "cannot set path in scalar",
        }));
    }
    if path.elements.is_empty()
        || (root.is_empty()
            && !matches!(change, Change::Set { create: true, .. } | Change::Insert { .. }))
    {
        return Ok(json.clone());
    }
    change_at(root, &path.elements, 0, change).map(JsonValue::to_jsonb)
}

fn change_at(
    json: JsonRef<'_>,
    path: &[Datum],
    level: usize,
    change: &Change<'_>,
) -> Result<JsonValue> {
    let Some(Datum::Text(step)) = path.get(level) else {
        return Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            format!("path element at position {} is null", level + 1),
        ));
    };
    match json.kind() {
        JsonKind::Object => change_member(json, step, path, level, change),
        JsonKind::Array => change_element(json, step, path, level, change),
        _ => Ok(part(json)),
    }
}

fn change_member(
    json: JsonRef<'_>,
    step: &str,
    path: &[Datum],
    level: usize,
    change: &Change<'_>,
) -> Result<JsonValue> {
    let last = level + 1 == path.len();
    let mut members = Vec::with_capacity(json.len() + 1);
    let mut found = false;
    for (key, value) in json.members() {
        if key != step {
            members.push((key.to_owned(), part(value)));
            continue;
        }
        found = true;
        let new = match change {
            _ if !last => change_at(value, path, level + 1, change)?,
            Change::Set { new, .. } => part(new.root()),
            Change::Delete => continue,
            Change::Insert { .. } => {
                return Err(invalid("cannot replace existing key")
                    .with_hint("Try using the function jsonb_set to replace key value."));
            }
        };
        members.push((key.to_owned(), new));
    }
    if let Change::Set { new, create: true } | Change::Insert { new, .. } = change
        && last
        && !found
    {
        members.push((step.to_owned(), part(new.root())));
    }
    Ok(JsonValue::Object(members))
}

fn change_element(
    json: JsonRef<'_>,
    step: &str,
    path: &[Datum],
    level: usize,
    change: &Change<'_>,
) -> Result<JsonValue> {
    let last = level + 1 == path.len();
    let count = json.len() as i64;
    let index: i32 = step.trim().parse().map_err(|_| {
        Error::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("path element at position {} is not an integer: \"{step}\"", level + 1),
        )
    })?;
    let index = i64::from(index) + if index < 0 { count } else { 0 };
    let mut elements: Vec<JsonValue> = json.elements().map(part).collect();
    let inside = (0..count).contains(&index);
    if !last {
        if inside {
            let child = json.value_at(index as usize);
            elements[index as usize] = change_at(child, path, level + 1, change)?;
        }
        return Ok(JsonValue::Array(elements));
    }
    match change {
        Change::Set { new, .. } if inside => elements[index as usize] = part(new.root()),
        Change::Set { new, create: true } | Change::Insert { new, .. } if !inside => {
            let at = if index < 0 { 0 } else { elements.len() };
            elements.insert(at, part(new.root()));
        }
        Change::Insert { new, after } => {
            elements.insert(index as usize + usize::from(*after), part(new.root()));
        }
        Change::Delete if inside => {
            elements.remove(index as usize);
        }
        _ => {}
    }
    Ok(JsonValue::Array(elements))
}

/// `jsonb_set_lax(target, path, new, create, null treatment)`.
fn set_lax(_: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (Some(target), Some(path), Some(create)) = (
        arg_or_null::<&Jsonb>(args, 0)?,
        arg_or_null::<&ArrayValue>(args, 1)?,
        arg_or_null::<bool>(args, 3)?,
    ) else {
        return Ok(Datum::Null);
    };
    let Some(treatment) = arg_or_null::<&str>(args, 4)? else {
        return Err(invalid(
            "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"",
        ));
    };
    if let Some(Datum::Jsonb(_)) = args.get(2) {
        let new = arg(args, 2)?;
        return change(target, path, &Change::Set { new, create }).map(Datum::Jsonb);
    }
    let null = JsonValue::Null.to_jsonb();
    match treatment {
        "raise_exception" => Err(Error::new(
            sqlstate::NULL_VALUE_NOT_ALLOWED,
            "JSON value must not be null",
        )
        .with_detail(
            "Exception was raised because null_value_treatment is \"raise_exception\".",
        )
        .with_hint(
            "To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.",
        )),
        "use_json_null" => {
            change(target, path, &Change::Set { new: &null, create }).map(Datum::Jsonb)
        }
        "delete_key" => change(target, path, &Change::Delete).map(Datum::Jsonb),
        "return_target" => Ok(args.first().ok_or_else(wrong_type)?.clone()),
        _ => Err(invalid(
            "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"",
        )),
    }
}
