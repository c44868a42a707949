//! Constants as SQL.

use crate::catalog::{Catalog, PG_CATALOG, quote_literal, quote_qualified};
use crate::sql::types::{Datum, OutputContext, SqlType, oid, to_text};

/// A constant with a cast to its type unless the text alone has that type.
pub(super) fn constant(catalog: &Catalog, value: &Datum, ty: SqlType) -> String {
    let type_name = || catalog.format_type(&[PG_CATALOG], ty.oid, Some(ty.typmod));
    let text = match value {
        Datum::Null => return format!("NULL::{}", type_name()),
        Datum::Bool(value) => return value.to_string(),
        Datum::Oid(object) => reference(catalog, *object, ty.oid),
        Datum::Text(text) if ty.oid == oid::UNKNOWN => return quote_literal(text),
        value => printed(catalog, value, ty),
    };
    match value {
        Datum::Int4(value) if *value >= 0 && ty.oid == oid::INT4 => text,
        // Written as a number, which is none of PostgreSQL's constants of this type.
        Datum::Oid(_) if ty.oid == oid::OID => format!("({text})::{}", type_name()),
        Datum::Numeric(_) if is_plain_decimal(&text) && ty.typmod < 0 => text,
        _ => format!("{}::{}", quote_literal(&text), type_name()),
    }
}

/// The value as its type prints it, whatever the session's settings.
fn printed(catalog: &Catalog, value: &Datum, ty: SqlType) -> String {
    to_text(value, ty.oid, &OutputContext { catalog, ..OutputContext::default() })
}

/// A number that reads back as numeric without a cast: it has a point or an
/// exponent and no sign.
fn is_plain_decimal(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['.', 'e', 'E'])
}

/// A reg* constant by qualified name; other numbers as they are.
fn reference(catalog: &Catalog, object: u32, ty: u32) -> String {
    let qualified = |schema, name: &str| quote_qualified(Some(catalog.schema_name(schema)), name);
    let name = match ty {
        oid::REGCLASS => catalog.relation(object).map(|o| match o.schema {
            PG_CATALOG => quote_qualified(None, &o.name),
            schema => qualified(schema, &o.name),
        }),
        oid::REGTYPE => {
            catalog.type_(object).map(|_| catalog.format_type(&[PG_CATALOG], object, None))
        }
        oid::REGPROC => catalog.function(object).map(|o| qualified(o.schema, &o.name)),
        oid::REGNAMESPACE => catalog.schema(object).map(|o| quote_qualified(None, &o.name)),
        oid::REGROLE => catalog.role(object).map(|o| quote_qualified(None, &o.name)),
        _ => None,
    };
    name.unwrap_or_else(|| object.to_string())
}
