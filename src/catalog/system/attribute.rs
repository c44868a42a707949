//! `pg_attribute` and `pg_attrdef`.

use super::cell::*;
use super::class::table_column;
use super::lookup::Lookup;
use crate::catalog::{
    Catalog, Column, ColumnSettings, Identity, Index, ObjectAddress, Relation, RelationKind, Type,
};
use crate::sql::ir::system_column;
use crate::sql::types::{Datum, SqlType, oid as types};

/// Hidden columns that every stored relation has.
const SYSTEM_COLUMNS: &[(i16, &str, u32)] = &[
    (system_column::TABLEOID, "tableoid", types::OID),
    (system_column::CMAX, "cmax", types::CID),
    (system_column::XMAX, "xmax", types::XID),
    (system_column::CMIN, "cmin", types::CID),
    (system_column::XMIN, "xmin", types::XID),
    (system_column::CTID, "ctid", types::TID),
];

/// A sequence as a relation.
const SEQUENCE_COLUMNS: &[(&str, u32)] =
    &[("last_value", types::INT8), ("log_cnt", types::INT8), ("is_called", types::BOOL)];

pub(super) fn pg_attribute(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let mut rows = Vec::new();
    for relation in catalog.find_relations(lookup, "attrelid", "") {
        match &relation.kind {
            RelationKind::Index(index) => index_rows(catalog, relation, index, &mut rows),
            RelationKind::Sequence(_) => sequence_rows(catalog, relation, &mut rows),
            kind => {
                if !matches!(kind, RelationKind::View(_) | RelationKind::Composite) {
                    system_rows(catalog, relation, &mut rows);
                }
                for (column, attnum) in relation.columns.iter().zip(1..) {
                    rows.push(column_row(catalog, relation.oid, attnum, column));
                }
            }
        }
    }
    rows
}

/// What of an attribute differs from the plainest one.
struct Attribute<'a> {
    relation: u32,
    name: &'a str,
    ty: SqlType,
    attnum: i16,
    not_null: bool,
    collation: u32,
    column: Option<&'a Column>,
    /// Of an index's column.
    index_settings: Option<&'a ColumnSettings>,
    /// Of the operator class of an index's column.
    class_options: &'a [(String, String)],
}

fn column_row(catalog: &Catalog, relation: u32, attnum: i16, column: &Column) -> Row {
    attribute_row(
        catalog,
        Attribute {
            relation,
            name: &column.name,
            ty: column.ty,
            attnum,
            not_null: column.not_null,
            collation: column.collation,
            column: Some(column),
            index_settings: None,
            class_options: &[],
        },
    )
}

fn system_rows(catalog: &Catalog, relation: &Relation, rows: &mut Vec<Row>) {
    for (attnum, name, ty) in SYSTEM_COLUMNS {
        rows.push(plain_row(catalog, relation.oid, *attnum, name, *ty));
    }
}

fn sequence_rows(catalog: &Catalog, relation: &Relation, rows: &mut Vec<Row>) {
    system_rows(catalog, relation, rows);
    for ((name, ty), attnum) in SEQUENCE_COLUMNS.iter().zip(1..) {
        rows.push(plain_row(catalog, relation.oid, attnum, name, *ty));
    }
}

fn plain_row(catalog: &Catalog, relation: u32, attnum: i16, name: &str, ty: u32) -> Row {
    let ty = SqlType::new(ty);
    let attribute = Attribute {
        relation,
        name,
        ty,
        attnum,
        not_null: true,
        collation: 0,
        column: None,
        index_settings: None,
        class_options: &[],
    };
    attribute_row(catalog, attribute)
}

fn index_rows(catalog: &Catalog, relation: &Relation, index: &Index, rows: &mut Vec<Row>) {
    let columns = catalog.relation(index.table).map_or(&[][..], |table| &table.columns);
    for (at, (key, attnum)) in index.keys.iter().zip(1..).enumerate() {
        let column = table_column(columns, key.column);
        let collation = match column {
            Some(column) => column.collation,
            None => catalog.type_(key.ty.oid).map_or(0, |ty| ty.collation),
        };
        let attribute = Attribute {
            relation: relation.oid,
            name: &catalog.index_key_name(relation, at),
            ty: stored_type(catalog, key.opclass, column.map_or(key.ty, |column| column.ty)),
            attnum,
            not_null: false,
            collation,
            column: None,
            index_settings: relation.columns.get(at).map(|column| &column.settings),
            class_options: &key.options,
        };
        rows.push(attribute_row(catalog, attribute));
    }
}

fn attribute_row(catalog: &Catalog, attribute: Attribute<'_>) -> Row {
    let Attribute {
        relation, name, ty, attnum, not_null, collation, column, index_settings, ..
    } = &attribute;
    let (relation, ty, attnum, not_null) = (*relation, *ty, *attnum, *not_null);
    let (collation, column, index_settings) = (*collation, *column, *index_settings);
    let dropped = column.is_some_and(|column| column.dropped);
    let physical = catalog.type_(ty.oid).map(|ty| &**ty);
    let default = column.and_then(|column| column.default.as_ref());
    let settings = column.map(|column| &column.settings).or(index_settings).filter(|_| !dropped);
    vec![
        oid(relation),
        text(if dropped {
            format!("........pg.dropped.{attnum}........")
        } else {
            (*name).to_owned()
        }),
        oid(if dropped { 0 } else { ty.oid }),
        int4(match settings.and_then(|settings| settings.statistics) {
            Some(target) => target,
            None if attnum > 0 && !dropped => -1,
            None => 0,
        }),
        int2(physical.map_or(-1, |ty| ty.length)),
        int2(attnum),
        int4(physical.map_or(0, |ty| i32::from(is_array(catalog, &attribute, ty)))),
        int4(-1),
        int4(ty.typmod),
        boolean(physical.is_some_and(|ty| ty.by_value)),
        char(physical.map_or('i', |ty: &Type| ty.align)),
        char(
            settings
                .and_then(|settings| settings.storage)
                .unwrap_or(physical.map_or('p', |ty: &Type| ty.storage)),
        ),
        settings.and_then(|settings| settings.compression).map_or(NO_CHAR, char),
        boolean(not_null && !dropped),
        boolean(default.is_some()),
        boolean(column.is_some_and(|column| column.missing.is_some())),
        match column.and_then(|column| column.identity) {
            Some(Identity::Always) => char('a'),
            Some(Identity::ByDefault) => char('d'),
            None => NO_CHAR,
        },
        if default.is_some_and(|default| default.generated) { char('s') } else { NO_CHAR },
        boolean(dropped),
        boolean(column.is_none_or(|column| column.inherited.local)),
        int4(column.map_or(0, |column| i32::from(column.inherited.count))),
        oid(collation),
        acl(catalog, ObjectAddress::column(relation, attnum)),
        match settings
            .map_or(&[][..], |settings| &settings.options)
            .iter()
            .chain(attribute.class_options)
        {
            options if options.clone().next().is_none() => Datum::Null,
            options => text_array(options.map(|(name, value)| format!("{name}={value}"))),
        },
        Datum::Null,
        Datum::Null,
    ]
}

/// Whether `attndims` is 1: not in views, and in the system's own relations of vectors,
/// too.
fn is_array(catalog: &Catalog, attribute: &Attribute<'_>, ty: &Type) -> bool {
    let of_view = catalog.relation(attribute.relation).is_some_and(|r| r.view().is_some());
    let is_vector = ty.element != 0 && ty.length == -1;
    let is_builtin = attribute.relation < types::FIRST_NORMAL;
    !of_view && attribute.column.is_some() && (ty.is_true_array() || is_vector && is_builtin)
}

/// The type of an index's column: what its operator class stores, or the key's own.
fn stored_type(catalog: &Catalog, opclass: u32, own: SqlType) -> SqlType {
    match catalog.operator_class(opclass).map_or(0, |class| class.key_type) {
        0 => own,
        types::ANYELEMENT => match catalog.type_(own.oid).map_or(0, |ty| ty.element) {
            0 => own,
            element => SqlType::new(element),
        },
        stored => SqlType::new(stored),
    }
}

pub(super) fn pg_attrdef(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let mut rows = Vec::new();
    for relation in catalog.find_relations(lookup, "adrelid", "") {
        for (column, attnum) in relation.columns.iter().zip(1..) {
            if let Some(default) = column.default.as_ref().filter(|_| !column.dropped) {
                rows.push(vec![
                    oid(default.oid),
                    oid(relation.oid),
                    int2(attnum),
                    text(&default.sql),
                ]);
            }
        }
    }
    rows
}
