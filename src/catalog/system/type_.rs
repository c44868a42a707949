//! `pg_type`, `pg_enum`, `pg_range`, `pg_collation` and `pg_cast`.

use super::cell::*;
use super::lookup::Lookup;
use crate::catalog::{
    CastContext, CastMethod, Catalog, ObjectAddress, ObjectClass, Type, TypeKind,
};
use crate::sql::types::{Datum, SqlType, oid as types};

pub(super) fn pg_type(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    catalog.find_types(lookup).map(|ty| type_row(catalog, ty)).collect()
}

/// The letter of `typtype`.
pub(in crate::catalog) fn type_kind(ty: &Type) -> char {
    match ty.kind {
        TypeKind::Base => 'b',
        TypeKind::Composite { .. } => 'c',
        TypeKind::Domain { .. } => 'd',
        TypeKind::Enum { .. } => 'e',
        TypeKind::Pseudo => 'p',
        TypeKind::Range { .. } => 'r',
        TypeKind::Multirange { .. } => 'm',
    }
}

fn type_row(catalog: &Catalog, ty: &Type) -> Row {
    // Those of an extension's type are in its schema.
    let function = |name: &str| {
        let own = catalog.named(ObjectClass::Function, ty.schema, name).first().copied();
        oid(own.unwrap_or_else(|| catalog.builtin_function(name)))
    };
    let (base, not_null, default) = match &ty.kind {
        TypeKind::Domain { base, not_null, default, .. } => (*base, *not_null, default.as_ref()),
        _ => (SqlType::new(0), false, None),
    };
    let subscript = match ty.name.as_str() {
        _ if !ty.subscript.is_empty() => &ty.subscript,
        "jsonb" => "jsonb_subscript_handler",
        _ if ty.element == 0 => "",
        "name" | "point" | "box" | "line" | "lseg" => "raw_array_subscript_handler",
        _ => "array_subscript_handler",
    };
    vec![
        oid(ty.oid),
        text(&ty.name),
        oid(ty.schema),
        oid(ty.owner),
        int2(ty.length),
        boolean(ty.by_value),
        char(type_kind(ty)),
        char(ty.category),
        boolean(ty.preferred),
        boolean(true),
        char(ty.delimiter),
        oid(match ty.kind {
            TypeKind::Composite { relation } => relation,
            _ => 0,
        }),
        function(subscript),
        oid(ty.element),
        oid(ty.array),
        function(&ty.input),
        function(&ty.output),
        function(&ty.receive),
        function(&ty.send),
        function(&ty.typmod_in),
        function(&ty.typmod_out),
        function(match ty.kind {
            TypeKind::Range { .. } => "range_typanalyze",
            TypeKind::Multirange { .. } => "multirange_typanalyze",
            _ if ty.is_true_array() => "array_typanalyze",
            _ if ty.oid == types::TSVECTOR => "ts_typanalyze",
            _ => "",
        }),
        char(ty.align),
        char(ty.storage),
        boolean(not_null),
        oid(base.oid),
        int4(base.typmod),
        int4(0),
        oid(ty.collation),
        text_or_null(default),
        text_or_null(default),
        acl(catalog, ObjectAddress::type_(ty.oid)),
    ]
}

pub(super) fn pg_enum(catalog: &Catalog) -> Vec<Row> {
    let mut rows = Vec::new();
    for ty in catalog.types() {
        if let TypeKind::Enum { labels } = &ty.kind {
            rows.extend(labels.iter().map(|label| {
                vec![oid(label.oid), oid(ty.oid), float4(label.sort_order), text(&label.name)]
            }));
        }
    }
    rows
}

pub(super) fn pg_range(catalog: &Catalog) -> Vec<Row> {
    let multirange = |range: u32| {
        catalog.types().find_map(|ty| match ty.kind {
            TypeKind::Multirange { range: of } if of == range => Some(ty.oid),
            _ => None,
        })
    };
    let function = |name: &str| oid(catalog.builtin_function(name));
    let row = |ty: &Type| match &ty.kind {
        TypeKind::Range { subtype, subtype_opclass, collation, canonical, subtype_diff } => {
            Some(vec![
                oid(ty.oid),
                oid(*subtype),
                oid(multirange(ty.oid).unwrap_or(0)),
                oid(*collation),
                oid(match subtype_opclass {
                    0 => catalog.default_operator_class("btree", *subtype).unwrap_or(0),
                    class => *class,
                }),
                function(canonical),
                function(subtype_diff),
            ])
        }
        _ => None,
    };
    catalog.types().filter_map(|ty| row(ty)).collect()
}

/// `collencoding` of collations for all encodings.
const ANY_ENCODING: i32 = -1;

/// Users' collations; those of PostgreSQL are listed rows.
pub(super) fn pg_collation(catalog: &Catalog) -> Vec<Row> {
    catalog
        .collations()
        .filter(|collation| collation.oid >= types::FIRST_NORMAL)
        .map(|collation| {
            let locale = || match collation.provider {
                'd' => Datum::Null,
                _ => text(&collation.locale),
            };
            vec![
                oid(collation.oid),
                text(&collation.name),
                oid(collation.schema),
                oid(crate::catalog::BOOTSTRAP_ROLE),
                char(collation.provider),
                boolean(true),
                int4(ANY_ENCODING),
                locale(),
                locale(),
                Datum::Null,
                Datum::Null,
            ]
        })
        .collect()
}

pub(super) fn pg_cast(catalog: &Catalog) -> Vec<Row> {
    catalog
        .casts()
        .map(|cast| {
            let (function, method) = match cast.method {
                CastMethod::Function(function) => (function, 'f'),
                CastMethod::Binary => (0, 'b'),
                CastMethod::InOut => (0, 'i'),
            };
            vec![
                oid(cast.oid),
                oid(cast.source),
                oid(cast.target),
                oid(function),
                char(match cast.context {
                    CastContext::Implicit => 'i',
                    CastContext::Assignment => 'a',
                    CastContext::Explicit => 'e',
                }),
                char(method),
            ]
        })
        .collect()
}
