//! Constraints as in CREATE TABLE: `pg_get_constraintdef`.

use super::display::{display, pretty};
use crate::catalog::{
    Catalog, Constraint, ConstraintKind, ForeignKey, ReferentialAction, Relation, RelationKind,
    quote_identifier, quote_qualified,
};
use crate::sql::types::Oid;

/// `PRIMARY KEY (id)`, `FOREIGN KEY (a) REFERENCES b(id)`, `CHECK ((a > 0))`.
pub fn constraint_definition(
    catalog: &Catalog,
    search_path: &[Oid],
    constraint: &Constraint,
    is_pretty: bool,
) -> Option<String> {
    let table = catalog.relation(constraint.table);
    let mut text = match &constraint.kind {
        ConstraintKind::Check { sql, .. } | ConstraintKind::DomainCheck { sql, .. } => {
            let shown = display(catalog, search_path, sql);
            let no_inherit = if constraint.no_inherit { " NO INHERIT" } else { "" };
            format!("CHECK ({}){no_inherit}", if is_pretty { pretty(&shown) } else { shown })
        }
        ConstraintKind::PrimaryKey { index, columns } => {
            let table = table?;
            format!("PRIMARY KEY ({}){}", names(table, columns), included(catalog, table, *index))
        }
        ConstraintKind::Unique { index, columns } => {
            let table = table?;
            let nulls = match catalog.relation(*index).map(|index| &index.kind) {
                Some(RelationKind::Index(index)) if index.nulls_not_distinct => {
                    " NULLS NOT DISTINCT"
                }
                _ => "",
            };
            let included = included(catalog, table, *index);
            format!("UNIQUE{nulls} ({}){included}", names(table, columns))
        }
        ConstraintKind::Exclusion { index, .. } => {
            let index = catalog.relation(*index)?;
            super::index::exclusion_definition(catalog, search_path, index, is_pretty)?
        }
        ConstraintKind::ForeignKey(key) => {
            foreign_key(catalog, search_path, table?, key, is_pretty)?
        }
    };
    if constraint.deferrable {
        text.push_str(" DEFERRABLE");
    }
    if constraint.initially_deferred {
        text.push_str(" INITIALLY DEFERRED");
    }
    if !constraint.validated {
        text.push_str(" NOT VALID");
    }
    Some(text)
}

fn names(table: &Relation, columns: &[i16]) -> String {
    let name = |attnum: &i16| {
        let at = usize::try_from(*attnum).ok()?.checked_sub(1)?;
        Some(quote_identifier(&table.columns.get(at)?.name))
    };
    columns.iter().filter_map(name).collect::<Vec<_>>().join(", ")
}

/// ` INCLUDE (…)` of the index that implements a constraint.
fn included(catalog: &Catalog, table: &Relation, index: Oid) -> String {
    let Some(RelationKind::Index(index)) = catalog.relation(index).map(|index| &index.kind) else {
        return String::new();
    };
    let columns: Vec<i16> = index.keys.iter().skip(index.key_count).map(|key| key.column).collect();
    match columns.is_empty() {
        true => String::new(),
        false => format!(" INCLUDE ({})", names(table, &columns)),
    }
}

fn foreign_key(
    catalog: &Catalog,
    search_path: &[Oid],
    table: &Relation,
    key: &ForeignKey,
    is_pretty: bool,
) -> Option<String> {
    let referenced = catalog.relation(key.referenced_table)?;
    // Without `pretty` PostgreSQL qualifies only what is not visible, too.
    let name = match is_pretty || catalog.relation_is_visible(search_path, referenced) {
        true => catalog.relation_name(search_path, referenced),
        false => quote_qualified(Some(catalog.schema_name(referenced.schema)), &referenced.name),
    };
    let mut text = format!(
        "FOREIGN KEY ({}) REFERENCES {name}({})",
        names(table, &key.columns),
        names(referenced, &key.referenced_columns),
    );
    if key.match_full {
        text.push_str(" MATCH FULL");
    }
    if let Some(action) = action(key.on_update) {
        text.push_str(&format!(" ON UPDATE {action}"));
    }
    if let Some(action) = action(key.on_delete) {
        text.push_str(&format!(" ON DELETE {action}"));
    }
    if !key.delete_set_columns.is_empty() {
        text.push_str(&format!(" ({})", names(table, &key.delete_set_columns)));
    }
    Some(text)
}

fn action(action: ReferentialAction) -> Option<&'static str> {
    match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("RESTRICT"),
        ReferentialAction::Cascade => Some("CASCADE"),
        ReferentialAction::SetNull => Some("SET NULL"),
        ReferentialAction::SetDefault => Some("SET DEFAULT"),
    }
}
