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

#[test]
fn every_view_gives_the_columns_it_declares() {
    use crate::sql::bind::Binder;
    use crate::sql::{ir::Statement, parse};

    const LISTED: &str = include_str!("../../../sql/postgres_views.sql");

    let eval = crate::catalog::functions::tests::context();
    let mut wrong = Vec::new();
    for relation in eval.catalog.relations() {
        let RelationKind::View(view) = &relation.kind else { continue };
        let statements = parse::parse(&view.sql).expect("the view's query parses");
        let bound = Binder::with_fixed_params(&eval, &[]).bind_statement(&statements[0].node);
        let output = match bound {
            Ok(Statement::Query(query)) => query.output,
            Ok(_) => continue,
            // Over functions that are only listed.
            Err(error) if error.code() == crate::sqlstate::FEATURE_NOT_SUPPORTED => {
                let is_listed = LISTED.contains(&format!("pg_catalog.{} (", relation.name));
                assert!(is_listed, "{}: {error}", relation.name);
                continue;
            }
            Err(error) => {
                wrong.push(format!("{}: {error}", relation.name));
                continue;
            }
        };
        if output.len() != relation.columns.len() {
            wrong.push(format!("{}: {} columns", relation.name, output.len()));
        }
        for (found, column) in output.iter().zip(&relation.columns) {
            if found.ty.oid != eval.catalog.base_type(column.ty).oid {
                let found = eval.catalog.type_name(found.ty.oid, -1);
                wrong.push(format!("{}.{} is {found}", relation.name, column.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
