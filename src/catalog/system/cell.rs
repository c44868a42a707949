//! Values of system relations' columns.

use crate::catalog::{AclItem, Catalog, ObjectAddress};
use crate::sql::types::{ArrayDim, ArrayValue, Datum, Oid, oid as types};

/// One row of a system relation.
pub type Row = Vec<Datum>;

pub fn oid(value: Oid) -> Datum {
    Datum::Oid(value)
}

/// `name` and `text`.
pub fn text(value: impl Into<String>) -> Datum {
    Datum::Text(value.into())
}

pub fn text_or_null(value: Option<impl Into<String>>) -> Datum {
    value.map_or(Datum::Null, text)
}

/// `"char"`; all that PostgreSQL keeps in such columns is ASCII.
pub fn char(value: char) -> Datum {
    Datum::Char(value as u8)
}

/// The `"char"` that prints as nothing.
pub const NO_CHAR: Datum = Datum::Char(0);

pub fn boolean(value: bool) -> Datum {
    Datum::Bool(value)
}

pub fn int2(value: i16) -> Datum {
    Datum::Int2(value)
}

/// A count of things of which there are never many.
pub fn count(value: usize) -> Datum {
    Datum::Int2(i16::try_from(value).unwrap_or(i16::MAX))
}

pub fn int4(value: i32) -> Datum {
    Datum::Int4(value)
}

pub fn int8(value: i64) -> Datum {
    Datum::Int8(value)
}

pub fn float4(value: f32) -> Datum {
    Datum::Float4(value)
}

/// `oidvector`: an array that starts at 0.
pub fn oid_vector(values: impl IntoIterator<Item = Oid>) -> Datum {
    array(types::OID, 0, values.into_iter().map(Datum::Oid).collect())
}

/// `int2vector`: an array that starts at 0.
pub fn int2_vector(values: impl IntoIterator<Item = i16>) -> Datum {
    array(types::INT2, 0, values.into_iter().map(Datum::Int2).collect())
}

pub fn oid_array(values: impl IntoIterator<Item = Oid>) -> Datum {
    array(types::OID, 1, values.into_iter().map(Datum::Oid).collect())
}

pub fn int2_array(values: impl IntoIterator<Item = i16>) -> Datum {
    array(types::INT2, 1, values.into_iter().map(Datum::Int2).collect())
}

pub fn text_array(values: impl IntoIterator<Item = String>) -> Datum {
    array(types::TEXT, 1, values.into_iter().map(Datum::Text).collect())
}

pub fn char_array(values: impl IntoIterator<Item = char>) -> Datum {
    array(types::CHAR, 1, values.into_iter().map(char).collect())
}

/// The access control list of an object; NULL for its kind's default.
pub fn acl(catalog: &Catalog, on: ObjectAddress) -> Datum {
    catalog.acl(on).map_or(Datum::Null, |items| acl_items(catalog, &items))
}

pub fn acl_items(catalog: &Catalog, items: &[AclItem]) -> Datum {
    let items = items.iter().map(|item| Datum::Text(catalog.acl_text(item))).collect();
    array_of(types::ACLITEM, items)
}

/// A one-dimensional array of any element type.
pub fn array_of(element_type: Oid, elements: Vec<Datum>) -> Datum {
    array(element_type, 1, elements)
}

fn array(element_type: Oid, lower_bound: i32, elements: Vec<Datum>) -> Datum {
    let length = i32::try_from(elements.len()).expect("a catalog array has few elements");
    let dims = match length {
        0 if lower_bound == 1 => Vec::new(),
        _ => vec![ArrayDim { length, lower_bound }],
    };
    Datum::Array(Box::new(ArrayValue { element_type, dims, elements }))
}
