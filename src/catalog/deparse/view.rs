//! View definitions: `pg_get_viewdef`.
//!
//! A view is stored as the query its creator wrote, in libpg_query's spelling,
//! so this is not PostgreSQL's normal form: names are not expanded and casts are
//! not added. The layout is PostgreSQL's: a leading blank, a final semicolon.

use crate::catalog::{Relation, RelationKind};

pub fn view_definition(relation: &Relation) -> Option<String> {
    match &relation.kind {
        RelationKind::View(view) => {
            Some(format!(" {};", view.sql.trim().trim_end_matches(';').trim_end()))
        }
        _ => None,
    }
}
