//! Rows against the columns that the declarations give their relations.

use super::*;
use crate::catalog::{RelationKind, bootstrap};
use crate::sql::types::{Datum, Repr};

/// Whether a value has the representation of its column's type.
fn fits(value: &Datum, repr: &Repr) -> bool {
    matches!(
        (value, repr),
        (Datum::Null, _)
            | (Datum::Bool(_), Repr::Bool)
            | (Datum::Int2(_), Repr::Int2)
            | (Datum::Int4(_), Repr::Int4)
            | (Datum::Int8(_), Repr::Int8)
            | (Datum::Float4(_), Repr::Float4)
            | (Datum::Oid(_), Repr::Oid)
            | (Datum::Char(_), Repr::Char)
            | (Datum::Text(_), Repr::Text)
            | (Datum::TimestampTz(_), Repr::TimestampTz)
            | (Datum::Array(_), Repr::Array(_))
    )
}

#[test]
fn every_row_fits_its_relations_columns() {
    let catalog = bootstrap().expect("the declarations load");
    for relation in catalog.relations().filter(|r| matches!(r.kind, RelationKind::Virtual)) {
        let reprs: Vec<Repr> = relation
            .columns
            .iter()
            .map(|column| catalog.repr(column.ty.oid).expect("a representation"))
            .collect();
        for row in catalog_rows(&catalog, relation.oid, None) {
            assert_eq!(row.len(), reprs.len(), "{}", relation.name);
            for ((value, repr), column) in row.iter().zip(&reprs).zip(&relation.columns) {
                let name = format!("{}.{}", relation.name, column.name);
                assert!(fits(value, repr), "{name} is {value:?}, not {repr:?}");
                assert!(!column.not_null || !value.is_null(), "{name} is NULL");
            }
        }
    }
}

#[test]
fn system_relations_list_themselves() {
    let catalog = bootstrap().expect("the declarations load");
    let values = [Datum::Text("pg_class".to_owned())];
    let lookup = Lookup { column: "relname", values: &values };
    let rows = catalog_rows(&catalog, relation::PG_CLASS, Some(lookup));
    assert_eq!(rows.len(), 1);
    assert!(matches!(rows[0][0], Datum::Oid(relation::PG_CLASS)));
}

#[test]
fn a_lookup_answers_the_rows_asked_for_only() {
    let catalog = bootstrap().expect("the declarations load");
    let values = [Datum::Oid(relation::PG_CLASS)];
    let lookup = Lookup { column: "attrelid", values: &values };
    let rows = catalog_rows(&catalog, relation::PG_ATTRIBUTE, Some(lookup));
    // PostgreSQL 15: 33 columns and 6 system columns.
    assert_eq!(rows.len(), 39);
}
