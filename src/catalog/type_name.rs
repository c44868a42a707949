//! Type names, both ways: from the parse tree to a type with its modifier, and
//! back to text as PostgreSQL's `format_type` prints it.
//!
//! A modifier packs what is in the parentheses: `varchar(10)` is 14 (length and
//! 4 of header), `numeric(5,2)` is `(5 << 16 | 2) + 4`, `timestamp(3)` is 3.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{Node, TypeName, a_const};

use super::names::{PG_CATALOG, PUBLIC, find_relation};
use super::syntax::{integer_of, qualified, text_of};
use super::{Catalog, ObjectAddress, Type, TypeKind, quote_qualified};
use crate::error::{Error, Result};
use crate::sql::types::vector::{self, Kind};
use crate::sql::types::{self, Oid, SqlType, oid};
use crate::sqlstate;

/// Bytes of header that length modifiers include.
const VARHDRSZ: i32 = 4;
const MAX_CHARACTERS: i32 = 10_485_760;
const MAX_BITS: i32 = 83_886_080;
const MAX_NUMERIC_PRECISION: i32 = 1000;
const MAX_TIME_PRECISION: i32 = 6;

/// The interval modifier's field mask for "all fields", and "no precision".
const INTERVAL_FULL_RANGE: i32 = 0x7FFF;
const INTERVAL_FULL_PRECISION: i32 = 0xFFFF;

/// The type that a parsed name means, or PostgreSQL's error, at its position.
///
/// A type that is only listed, as it has no values here, answers `0A000`.
pub fn resolve_type(catalog: &Catalog, search_path: &[Oid], name: &TypeName) -> Result<SqlType> {
    let found = named_type(catalog, search_path, name)?;
    if found.oid < oid::FIRST_NORMAL && catalog.is_listed_only(found.oid) {
        let printed = catalog.type_name(found.oid, -1);
        return Err(Error::unsupported(format!("type {printed}")).at(name.location));
    }
    Ok(found)
}

/// A type of `pg_catalog` that a built-in declaration names, with values or without.
pub(super) fn declared_type(catalog: &Catalog, name: &TypeName) -> Result<SqlType> {
    named_type(catalog, &[PG_CATALOG], name)
}

fn named_type(catalog: &Catalog, search_path: &[Oid], name: &TypeName) -> Result<SqlType> {
    find_type_name(catalog, search_path, name)?.ok_or_else(|| {
        let (schema, plain) = qualified(&name.names).unwrap_or_default();
        let arrays = "[]".repeat(name.array_bounds.len().min(1));
        let printed = match schema {
            Some(schema) => format!("{schema}.{plain}{arrays}"),
            None => format!("{plain}{arrays}"),
        };
        Error::undefined_type(&printed).at(name.location)
    })
}

/// The type named by a text such as `int4[]` or `character varying(10)`.
pub fn resolve_type_text(
    catalog: &Catalog,
    search_path: &[Oid],
    text: &str,
) -> Result<Option<SqlType>> {
    if text.trim().is_empty() {
        return Err(Error::syntax(format!("invalid type name \"{text}\"")));
    }
    find_type_name(catalog, search_path, &super::syntax::type_name(text)?)
}

/// As `resolve_type`; `None` when no type has the name.
fn find_type_name(
    catalog: &Catalog,
    search_path: &[Oid],
    name: &TypeName,
) -> Result<Option<SqlType>> {
    if name.pct_type {
        return column_type(catalog, search_path, name).map(Some);
    }
    if name.type_oid != 0 {
        return Ok(Some(SqlType::with_typmod(name.type_oid, name.typemod)));
    }
    let (schema, plain) = qualified(&name.names)
        .ok_or_else(|| Error::syntax("improper type name").at(name.location))?;
    let found = catalog.find_type(search_path, schema, plain).map_err(|e| e.at(name.location))?;
    let Some(ty) = found else { return Ok(None) };
    let typmod = if name.typmods.is_empty() {
        -1
    } else {
        modifiers(ty, name)
            .and_then(|modifiers| type_modifier(ty, &modifiers))
            .map_err(|error| error.at(name.location))?
    };
    if name.array_bounds.is_empty() {
        return Ok(Some(SqlType::with_typmod(ty.oid, typmod)));
    }
    if ty.array == oid::INVALID {
        let message =
            format!("could not find array type for data type {}", catalog.type_name(ty.oid, -1));
        return Err(Error::new(sqlstate::UNDEFINED_OBJECT, message).at(name.location));
    }
    Ok(Some(SqlType::with_typmod(ty.array, typmod)))
}

/// `table.column%TYPE`.
fn column_type(catalog: &Catalog, search_path: &[Oid], name: &TypeName) -> Result<SqlType> {
    let parts: Vec<&str> = name.names.iter().filter_map(text_of).collect();
    let (schema, table, column) = match parts.as_slice() {
        [table, column] => (None, *table, *column),
        [schema, table, column] | [_, schema, table, column] => (Some(*schema), *table, *column),
        _ => {
            let message =
                format!("improper %TYPE reference (too few dotted names): {}", parts.join("."));
            return Err(Error::syntax(message).at(name.location));
        }
    };
    let relation = find_relation(catalog, search_path, schema, table)
        .ok_or_else(|| Error::undefined_table(table).at(name.location))?;
    let found = relation.columns.iter().find(|c| !c.dropped && c.name == column);
    found.map(|column| column.ty).ok_or_else(|| {
        let message = format!("column \"{column}\" of relation \"{table}\" does not exist");
        Error::new(sqlstate::UNDEFINED_COLUMN, message).at(name.location)
    })
}

/// The integers in the parentheses after a type's name: constants or identifiers, read as
/// integers. A type without modifiers has none, whatever is written.
fn modifiers(ty: &Type, name: &TypeName) -> Result<Vec<i32>> {
    if ty.typmod_in.is_empty() {
        return Ok(Vec::new());
    }
    name.typmods.iter().map(|node| types::integer::parse_i32(&modifier_text(node)?)).collect()
}

/// A modifier as its type's function gets it: a constant that is a number or a string, or
/// a name without a qualifier.
fn modifier_text(node: &Node) -> Result<String> {
    let identifier = |fields: &[Node]| match fields {
        [only] => match only.node.as_ref()? {
            NodeEnum::String(name) => Some(name.sval.clone()),
            _ => None,
        },
        _ => None,
    };
    let text = match &node.node {
        Some(NodeEnum::ColumnRef(column)) => identifier(&column.fields),
        Some(NodeEnum::Float(float)) => Some(float.fval.clone()),
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(a_const::Val::Ival(value)) => Some(value.ival.to_string()),
            Some(a_const::Val::Fval(value)) => Some(value.fval.clone()),
            Some(a_const::Val::Sval(value)) => Some(value.sval.clone()),
            _ => None,
        },
        _ => integer_of(node).or_else(|| negative(node)).map(|value| value.to_string()),
    };
    text.ok_or_else(|| Error::syntax("type modifiers must be simple constants or identifiers"))
}

/// `-n`, which the parser leaves as an operator on a constant.
fn negative(node: &Node) -> Option<i64> {
    match node.node.as_ref()? {
        NodeEnum::AExpr(expr) if expr.lexpr.is_none() => (text_of(expr.name.first()?)? == "-")
            .then(|| integer_of(expr.rexpr.as_deref()?))?
            .map(|n| -n),
        _ => None,
    }
}

/// Packs the modifiers of a type, as its `typmodin` function does.
pub fn type_modifier(ty: &Type, modifiers: &[i32]) -> Result<i32> {
    match ty.typmod_in.as_str() {
        "" => Err(Error::syntax(format!("type modifier is not allowed for type \"{}\"", ty.name))),
        "varchartypmodin" => length_modifier("varchar", modifiers, MAX_CHARACTERS, VARHDRSZ),
        "bpchartypmodin" => length_modifier("char", modifiers, MAX_CHARACTERS, VARHDRSZ),
        "bittypmodin" => length_modifier("bit", modifiers, MAX_BITS, 0),
        "varbittypmodin" => length_modifier("varbit", modifiers, MAX_BITS, 0),
        "numerictypmodin" => numeric_modifier(modifiers),
        "intervaltypmodin" => interval_modifier(modifiers),
        "timetypmodin" => time_modifier("TIME", "", modifiers),
        "timetztypmodin" => time_modifier("TIME", " WITH TIME ZONE", modifiers),
        "timestamptypmodin" => time_modifier("TIMESTAMP", "", modifiers),
        "timestamptztypmodin" => time_modifier("TIMESTAMP", " WITH TIME ZONE", modifiers),
        "vector_typmod_in" => vector::typmod(Kind::Vector, modifiers),
        "halfvec_typmod_in" => vector::typmod(Kind::Half, modifiers),
        "sparsevec_typmod_in" => vector::typmod(Kind::Sparse, modifiers),
        _ => single(modifiers),
    }
}

fn single(modifiers: &[i32]) -> Result<i32> {
    match modifiers {
        [value] => Ok(*value),
        _ => Err(invalid_modifier("invalid type modifier")),
    }
}

fn invalid_modifier(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn length_modifier(name: &str, modifiers: &[i32], max: i32, header: i32) -> Result<i32> {
    let length = single(modifiers)?;
    if length < 1 {
        return Err(invalid_modifier(format!("length for type {name} must be at least 1")));
    }
    if length > max {
        return Err(invalid_modifier(format!("length for type {name} cannot exceed {max}")));
    }
    Ok(length + header)
}

fn numeric_modifier(modifiers: &[i32]) -> Result<i32> {
    let (precision, scale) = match modifiers {
        [precision] => (*precision, 0),
        [precision, scale] => (*precision, *scale),
        _ => return Err(invalid_modifier("invalid NUMERIC type modifier")),
    };
    if !(1..=MAX_NUMERIC_PRECISION).contains(&precision) {
        return Err(invalid_modifier(format!(
            "NUMERIC precision {precision} must be between 1 and {MAX_NUMERIC_PRECISION}"
        )));
    }
    if !(-MAX_NUMERIC_PRECISION..=MAX_NUMERIC_PRECISION).contains(&scale) {
        return Err(invalid_modifier(format!(
            "NUMERIC scale {scale} must be between -{MAX_NUMERIC_PRECISION} and {MAX_NUMERIC_PRECISION}"
        )));
    }
    Ok(((precision << 16) | (scale & 0x7FF)) + VARHDRSZ)
}

/// PostgreSQL reduces a larger precision with a warning; here it is reduced.
fn time_modifier(name: &str, zone: &str, modifiers: &[i32]) -> Result<i32> {
    let precision = single(modifiers)?;
    if precision < 0 {
        return Err(invalid_modifier(format!(
            "{name}({precision}){zone} precision must not be negative"
        )));
    }
    Ok(precision.min(MAX_TIME_PRECISION))
}

fn interval_modifier(modifiers: &[i32]) -> Result<i32> {
    let (fields, precision) = match modifiers {
        [fields] => (*fields, INTERVAL_FULL_PRECISION),
        [_, precision] if *precision < 0 => {
            return Err(invalid_modifier(format!(
                "INTERVAL({precision}) precision must not be negative"
            )));
        }
        [fields, precision] => (*fields, (*precision).min(MAX_TIME_PRECISION)),
        _ => return Err(invalid_modifier("invalid INTERVAL type modifier")),
    };
    if fields == INTERVAL_FULL_RANGE && precision == INTERVAL_FULL_PRECISION {
        return Ok(-1);
    }
    Ok(((fields & INTERVAL_FULL_RANGE) << 16) | (precision & 0xFFFF))
}

/// Precision and scale in a numeric modifier.
pub fn numeric_precision_scale(typmod: i32) -> Option<(i32, i32)> {
    let packed = (typmod >= VARHDRSZ).then(|| typmod - VARHDRSZ)?;
    let scale = ((packed & 0x7FF) ^ 1024) - 1024;
    Some(((packed >> 16) & 0xFFFF, scale))
}

impl Catalog {
    /// A type's name as PostgreSQL prints it for a session with the default
    /// search path: `integer`, `character varying(10)`, `s.mood[]`.
    pub fn type_name(&self, oid: Oid, typmod: i32) -> String {
        self.format_type(&[PG_CATALOG, PUBLIC], oid, Some(typmod))
    }

    /// `format_type`: a type's name for sessions with this search path. Without
    /// a modifier (`None`) `character` stands for any `bpchar`.
    pub fn format_type(&self, search_path: &[Oid], oid: Oid, typmod: Option<i32>) -> String {
        if oid == oid::INVALID {
            return "-".to_owned();
        }
        let Some(ty) = self.type_(oid) else { return "???".to_owned() };
        match self.type_(ty.element).filter(|_| ty.is_true_array()) {
            Some(element) => format!("{}[]", self.element_name(search_path, element, typmod)),
            None => self.element_name(search_path, ty, typmod),
        }
    }

    fn element_name(&self, search_path: &[Oid], ty: &Type, typmod: Option<i32>) -> String {
        if let Some(name) = standard_name(ty.oid, typmod) {
            return name;
        }
        let schema = (!self.type_is_visible(search_path, ty)).then(|| self.schema_name(ty.schema));
        let mut name = quote_qualified(schema, &ty.name);
        if let Some(typmod) = typmod.filter(|typmod| *typmod >= 0) {
            name.push_str(&format!("({typmod})"));
        }
        name
    }

    /// The type's underlying non-domain type.
    pub fn base_type(&self, ty: SqlType) -> SqlType {
        match self.type_(ty.oid).map(|ty| &ty.kind) {
            Some(TypeKind::Domain { base, .. }) => self.base_type(*base),
            _ => ty,
        }
    }
}

impl Catalog {
    /// The multirange type over a range type.
    pub fn multirange_of(&self, range: Oid) -> Option<Oid> {
        types::range::builtin_multirange(range).or_else(|| {
            let over = |ty: &&std::sync::Arc<Type>| {
                matches!(ty.kind, TypeKind::Multirange { range: of } if of == range)
            };
            self.types().find(over).map(|ty| ty.oid)
        })
    }

    /// A domain's default in SQL.
    pub fn domain_default(&self, domain: Oid) -> Option<&str> {
        match &self.type_(domain)?.kind {
            TypeKind::Domain { default, .. } => default.as_deref(),
            _ => None,
        }
    }
}

impl Type {
    /// An array type proper, which prints as `element[]`; the vectors of the
    /// system catalogs (`int2vector`) have an element too.
    pub fn is_true_array(&self) -> bool {
        self.element != oid::INVALID && self.length == -1 && self.storage != 'p'
    }

    pub fn address(&self) -> ObjectAddress {
        ObjectAddress { class: super::relation_oid::PG_TYPE, oid: self.oid, sub: 0 }
    }
}

/// The names that the SQL standard gives built-in types.
pub(super) fn standard_name(oid: Oid, typmod: Option<i32>) -> Option<String> {
    let modifier = typmod.filter(|typmod| *typmod >= 0);
    let given = typmod.is_some();
    let length = |name: &str, header: i32| match modifier {
        Some(length) => format!("{name}({})", length - header),
        None => name.to_owned(),
    };
    let precision = |name: &str, zone: &str| match modifier {
        Some(precision) => format!("{name}({precision}) {zone}"),
        None => format!("{name} {zone}"),
    };
    Some(match oid {
        oid::BIT if modifier.is_none() && given => "\"bit\"".to_owned(),
        oid::BIT => length("bit", 0),
        oid::BOOL => "boolean".to_owned(),
        oid::BPCHAR if modifier.is_none() && given => "bpchar".to_owned(),
        oid::BPCHAR => length("character", VARHDRSZ),
        oid::FLOAT4 => "real".to_owned(),
        oid::FLOAT8 => "double precision".to_owned(),
        oid::INT2 => "smallint".to_owned(),
        oid::INT4 => "integer".to_owned(),
        oid::INT8 => "bigint".to_owned(),
        oid::NUMERIC => match modifier.and_then(numeric_precision_scale) {
            Some((precision, scale)) => format!("numeric({precision},{scale})"),
            None => "numeric".to_owned(),
        },
        oid::INTERVAL => format!("interval{}", modifier.map(interval_suffix).unwrap_or_default()),
        oid::TIME => precision("time", "without time zone"),
        oid::TIMETZ => precision("time", "with time zone"),
        oid::TIMESTAMP => precision("timestamp", "without time zone"),
        oid::TIMESTAMPTZ => precision("timestamp", "with time zone"),
        oid::VARBIT => length("bit varying", 0),
        oid::VARCHAR => length("character varying", VARHDRSZ),
        oid::CHAR => "\"char\"".to_owned(),
        _ => return None,
    })
}

/// ` day to second(3)`.
fn interval_suffix(typmod: i32) -> String {
    const MONTH: i32 = 1 << 1;
    const YEAR: i32 = 1 << 2;
    const DAY: i32 = 1 << 3;
    const HOUR: i32 = 1 << 10;
    const MINUTE: i32 = 1 << 11;
    const SECOND: i32 = 1 << 12;
    let fields = match (typmod >> 16) & INTERVAL_FULL_RANGE {
        YEAR => " year",
        MONTH => " month",
        DAY => " day",
        HOUR => " hour",
        MINUTE => " minute",
        SECOND => " second",
        f if f == YEAR | MONTH => " year to month",
        f if f == DAY | HOUR => " day to hour",
        f if f == DAY | HOUR | MINUTE => " day to minute",
        f if f == DAY | HOUR | MINUTE | SECOND => " day to second",
        f if f == HOUR | MINUTE => " hour to minute",
        f if f == HOUR | MINUTE | SECOND => " hour to second",
        f if f == MINUTE | SECOND => " minute to second",
        _ => "",
    };
    match typmod & 0xFFFF {
        INTERVAL_FULL_PRECISION => fields.to_owned(),
        precision => format!("{fields}({precision})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::bootstrap;

    /// Text in, `format_type` out; expected values are PostgreSQL's.
    #[test]
    fn names_survive_the_way_there_and_back() {
        let catalog = bootstrap().expect("the declarations load");
        for (text, printed) in [
            ("int", "integer"),
            ("int8[]", "bigint[]"),
            ("varchar(10)", "character varying(10)"),
            ("varchar(10)[]", "character varying(10)[]"),
            ("char", "character(1)"),
            ("bpchar", "bpchar"),
            ("\"char\"", "\"char\""),
            ("numeric(5,2)", "numeric(5,2)"),
            ("numeric(3,-2)", "numeric(3,-2)"),
            ("decimal", "numeric"),
            ("timestamp(3)", "timestamp(3) without time zone"),
            ("time with time zone", "time with time zone"),
            ("interval day to second(3)", "interval day to second(3)"),
            ("interval year", "interval year"),
            ("interval(2)", "interval(2)"),
            ("float(20)", "real"),
            ("text", "text"),
            ("int2vector", "int2vector"),
            ("int2vector[]", "int2vector[]"),
        ] {
            let ty = resolve_type_text(&catalog, &[PG_CATALOG], text)
                .expect(text)
                .unwrap_or_else(|| panic!("{text} is a type"));
            assert_eq!(catalog.type_name(ty.oid, ty.typmod), printed);
        }
    }

    #[test]
    fn modifiers_are_checked_with_postgres_words() {
        let catalog = bootstrap().expect("the declarations load");
        for (text, message) in [
            ("varchar(0)", "length for type varchar must be at least 1"),
            ("char(20000000)", "length for type char cannot exceed 10485760"),
            ("numeric(1001)", "NUMERIC precision 1001 must be between 1 and 1000"),
            ("int4(3)", "type modifier is not allowed for type \"int4\""),
        ] {
            let error = resolve_type_text(&catalog, &[PG_CATALOG], text).expect_err(text);
            assert_eq!(error.message(), message);
        }
    }

    #[test]
    fn a_missing_modifier_and_none_given_differ_for_bpchar() {
        let catalog = bootstrap().expect("the declarations load");
        assert_eq!(catalog.format_type(&[PG_CATALOG], oid::BPCHAR, None), "character");
        assert_eq!(catalog.format_type(&[PG_CATALOG], oid::BPCHAR, Some(-1)), "bpchar");
        assert_eq!(catalog.format_type(&[], oid::TEXT, None), "pg_catalog.text");
        assert_eq!(catalog.format_type(&[], 0, None), "-");
        assert_eq!(catalog.format_type(&[], 999_999, None), "???");
    }
}
