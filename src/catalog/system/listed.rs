//! Rows kept as PostgreSQL prints them: `sql/rows/*.tsv` and what else
//! `compat/declarations` writes as tables.
//!
//! Conversions, text search objects and the standard's own tables are no objects here:
//! clients read their rows, nothing refers to them. Of built-in functions there is what
//! their declarations do not say.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::cell::*;
use super::lookup::Lookup;
use crate::catalog::{AclItem, Catalog, ObjectAddress, Relation, acl};
use crate::sql::types::{Datum, Oid, oid as types};

/// Files by the relation's name.
const FILES: &[(&str, &str)] = &[
    ("pg_conversion", include_str!("../../../sql/rows/pg_conversion.tsv")),
    ("pg_ts_config", include_str!("../../../sql/rows/pg_ts_config.tsv")),
    ("pg_ts_config_map", include_str!("../../../sql/rows/pg_ts_config_map.tsv")),
    ("pg_ts_dict", include_str!("../../../sql/rows/pg_ts_dict.tsv")),
    ("pg_ts_parser", include_str!("../../../sql/rows/pg_ts_parser.tsv")),
    ("pg_ts_template", include_str!("../../../sql/rows/pg_ts_template.tsv")),
    ("pg_collation", COLLATIONS),
    ("pg_depend", include_str!("../../../sql/rows/pg_depend.tsv")),
    ("sql_features", include_str!("../../../sql/rows/sql_features.tsv")),
    ("sql_implementation_info", include_str!("../../../sql/rows/sql_implementation_info.tsv")),
    ("sql_parts", include_str!("../../../sql/rows/sql_parts.tsv")),
    ("sql_sizing", include_str!("../../../sql/rows/sql_sizing.tsv")),
];

const COLLATIONS: &str = include_str!("../../../sql/rows/pg_collation.tsv");

/// The listed rows of a system relation, in the order of its columns; at least those that
/// `lookup` asks for by OID.
pub(super) fn rows(catalog: &Catalog, relation: &Relation, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let Some((_, text)) = FILES.iter().find(|(name, _)| *name == relation.name) else {
        return Vec::new();
    };
    let wanted = lookup.and_then(|lookup| lookup.oids(&["oid"]));
    let is_wanted = |line: &&str| {
        let oid = || line.split('\t').next().and_then(|oid| oid.parse().ok());
        wanted.as_ref().is_none_or(|wanted| oid().is_some_and(|oid| wanted.contains(&oid)))
    };
    let columns = relation.columns.iter();
    let types: Vec<Oid> = columns.map(|column| catalog.base_type(column.ty).oid).collect();
    let row =
        |line: &str| line.split('\t').zip(&types).map(|(text, ty)| value(text, *ty)).collect();
    text.lines().filter(is_wanted).map(row).collect()
}

/// A field as COPY writes it.
fn value(field: &str, ty: Oid) -> Datum {
    if field == "\\N" {
        return Datum::Null;
    }
    match ty {
        types::BOOL => boolean(field == "t"),
        types::OID | types::REGPROC => oid(field.parse().unwrap_or(0)),
        types::INT2 => int2(field.parse().unwrap_or(0)),
        types::INT4 => int4(field.parse().unwrap_or(0)),
        types::CHAR => Datum::Char(field.bytes().next().unwrap_or(0)),
        _ => text(field.replace("\\\\", "\\")),
    }
}

/// Where the rows of a relation's built-in objects lie in PostgreSQL, in whose order they
/// are read without ORDER BY.
static HEAP_ORDER: LazyLock<HashMap<&'static str, HashMap<Oid, usize>>> = LazyLock::new(|| {
    let places = |oids: &str| oids.split(' ').filter_map(|oid| oid.parse().ok()).zip(0..).collect();
    let text = include_str!("../../../sql/heap_order.tsv");
    let line = |line: &'static str| line.split_once('\t').map(|(name, oids)| (name, places(oids)));
    text.lines().filter_map(line).collect()
});

/// Objects of a relation in the order that PostgreSQL reads them, users' objects last.
pub(super) fn in_heap_order<T>(
    relation: &str,
    mut objects: Vec<T>,
    oid: impl Fn(&T) -> Oid,
) -> Vec<T> {
    let Some(places) = HEAP_ORDER.get(relation) else { return objects };
    objects.sort_by_key(|object| {
        let oid = oid(object);
        (places.get(&oid).copied().unwrap_or(usize::MAX), oid)
    });
    objects
}

/// The OID and schema-less name of each row of a listed relation whose columns begin with
/// them, as text search objects' do.
pub fn names(relation: &str) -> impl Iterator<Item = (Oid, &'static str)> {
    let file = FILES.iter().find(|(name, _)| *name == relation);
    let lines = file.map_or("", |(_, text)| *text).lines();
    lines.filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?.parse().ok()?, fields.next()?))
    })
}

/// Whether a listed relation has a row of this OID; its first column is the OID.
pub fn has_row(relation: &str, object: Oid) -> bool {
    let file = FILES.iter().find(|(name, _)| *name == relation);
    file.is_some_and(|(_, text)| {
        text.lines().filter_map(|line| line.split('\t').next()).any(|oid| oid.parse() == Ok(object))
    })
}

/// PostgreSQL's collations: OID, name, provider, locale.
pub fn collations() -> impl Iterator<Item = (Oid, &'static str, char, &'static str)> {
    COLLATIONS.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [oid, name, _, _, provider, _, _, locale, _, icu_locale, _] = fields[..] else {
            return None;
        };
        let provider = provider.chars().next()?;
        Some((oid.parse().ok()?, name, provider, if provider == 'i' { icu_locale } else { locale }))
    })
}

/// What `pg_proc` says of a built-in function and its declaration does not.
#[derive(Clone, Copy)]
pub(super) struct FunctionProperties {
    /// PostgreSQL's `prolang`: many built-in functions are SQL there.
    pub language: Oid,
    pub cost: f32,
    pub rows: f32,
    pub support: Oid,
    pub parallel: char,
}

static FUNCTIONS: LazyLock<HashMap<Oid, FunctionProperties>> = LazyLock::new(|| {
    let line = |line: &str| {
        let mut fields = line.split('\t');
        let function = fields.next()?.parse().ok()?;
        let properties = FunctionProperties {
            language: fields.next()?.parse().ok()?,
            cost: fields.next()?.parse().ok()?,
            rows: fields.next()?.parse().ok()?,
            support: fields.next()?.parse().ok()?,
            parallel: fields.next()?.chars().next()?,
        };
        Some((function, properties))
    };
    include_str!("../../../sql/function_properties.tsv").lines().filter_map(line).collect()
});

/// `None` of functions that are as CREATE FUNCTION makes them by default.
pub(super) fn function_properties(function: Oid) -> Option<FunctionProperties> {
    FUNCTIONS.get(&function).copied()
}

/// What initdb grants: the kind that `pg_init_privs` has (`i` or `e`; `-` if it has none),
/// and grantee and grantor by name.
pub struct InitialPrivileges {
    pub kind: char,
    pub items: Vec<(&'static str, u32, &'static str)>,
}

impl InitialPrivileges {
    /// The items with the roles' OIDs that `role` tells.
    pub fn acl(&self, role: impl Fn(&str) -> Oid) -> Vec<AclItem> {
        let item = |(grantee, bits, grantor): &(&str, u32, &str)| AclItem {
            grantee: if grantee.is_empty() { 0 } else { role(grantee) },
            grantor: role(grantor),
            bits: *bits,
        };
        self.items.iter().map(item).collect()
    }
}

static PRIVILEGES: LazyLock<HashMap<ObjectAddress, InitialPrivileges>> = LazyLock::new(|| {
    let item = |item: &'static str| {
        let (grantee, rest) = item.split_once('=')?;
        let (letters, grantor) = rest.split_once('/')?;
        Some((grantee, acl::bits_of(letters), grantor))
    };
    let line = |line: &'static str| {
        let mut fields = line.split('\t');
        let class = fields.next()?.parse().ok()?;
        let oid = fields.next()?.parse().ok()?;
        let sub = fields.next()?.parse().ok()?;
        let kind = fields.next()?.chars().next()?;
        let items = fields.next()?.trim_matches(['{', '}']).split(',').filter_map(item).collect();
        Some((ObjectAddress { class, oid, sub }, InitialPrivileges { kind, items }))
    };
    include_str!("../../../sql/privileges.tsv").lines().filter_map(line).collect()
});

/// What initdb grants on an object, if not its kind's default.
pub fn initial_privileges(on: ObjectAddress) -> Option<&'static InitialPrivileges> {
    PRIVILEGES.get(&on)
}

/// Those of `pg_init_privs`, by address.
pub(super) fn all_initial_privileges() -> Vec<(ObjectAddress, &'static InitialPrivileges)> {
    let listed = PRIVILEGES.iter().filter(|(_, privileges)| privileges.kind != '-');
    let mut found: Vec<_> = listed.map(|(on, privileges)| (*on, privileges)).collect();
    found.sort_by_key(|(on, _)| *on);
    found
}
