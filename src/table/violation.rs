//! The errors of violated constraints, in PostgreSQL's words and fields.

use super::info::{ForeignKeyInfo, TableInfo};
use crate::catalog::acl::{self, Guarded};
use crate::catalog::{Relation, RowSecurityState};
use crate::error::Error;
use crate::index::IndexInfo;
use crate::sql::functions::EvalContext;
use crate::sql::types::{self, Datum, SqlType};
use crate::sqlstate;

/// Values longer than this are cut in DETAIL (PostgreSQL's `maxfieldlen`).
const FIELD_BYTES_MAX: usize = 64;

/// A value as DETAIL shows it: its text form, `null` for NULL.
pub fn text(ctx: &EvalContext, datum: &Datum, ty: &SqlType) -> String {
    match datum {
        Datum::Null => "null".to_owned(),
        _ => types::to_text(datum, ty.oid, &ctx.output()),
    }
}

fn clip(mut text: String) -> String {
    if text.len() > FIELD_BYTES_MAX {
        let mut end = FIELD_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// What an error may show of a row.
enum Shown {
    All,
    /// The columns that the role may read, or has given itself, by position; with names, as
    /// it is not all.
    Some(Vec<usize>),
    Nothing,
}

/// What of a table's rows the current user may be shown: nothing where policies may hide
/// them; otherwise the columns that it may read and, of a row that it has written itself,
/// those that it has given values to.
fn shown(info: &TableInfo, ctx: &EvalContext, of_written: bool) -> Shown {
    // What has no role is the server's own.
    let Some(role) = ctx.catalog.role_named(&ctx.settings.current_user) else {
        return Shown::All;
    };
    if role.superuser {
        return Shown::All;
    }
    let security = info.relation.row_security.enabled;
    if security && ctx.catalog.row_security(&info.relation, role) != RowSecurityState::Off {
        return Shown::Nothing;
    }
    // A partition is written to by way of the table that it is of.
    let mut named = vec![info.relation.clone()];
    while let Some(last) = named.last().filter(|last| last.inheritance.bound.is_some())
        && let Some(parent) = last.inheritance.parents.first()
        && let Some(parent) = ctx.catalog.relation(*parent).cloned()
    {
        named.push(parent);
    }
    let reads = |relation: &Relation| {
        ctx.catalog.rights(role, Guarded::relation(relation), acl::SELECT) != 0
    };
    if named.iter().any(|relation| reads(relation)) {
        return Shown::All;
    }
    let given = ctx.given.iter().filter(|_| of_written).flat_map(|given| given.iter());
    let given: Vec<_> = given.collect();
    let may_see = |name: &str| {
        named.iter().any(|relation| {
            let at = relation.columns.iter().position(|column| column.name == name);
            let Some(number) = at.and_then(|at| i16::try_from(at + 1).ok()) else { return false };
            let column = Guarded::column(relation, number);
            ctx.catalog.rights(role, column, acl::SELECT) != 0
                || given
                    .iter()
                    .any(|(oid, columns)| *oid == relation.oid && columns.contains(&number))
        })
    };
    let live = info.columns.iter().enumerate().filter(|(_, column)| !column.dropped);
    let seen: Vec<usize> =
        live.filter(|(_, column)| may_see(&column.name)).map(|(at, _)| at).collect();
    if seen.is_empty() { Shown::Nothing } else { Shown::Some(seen) }
}

/// Whether all of some columns may be shown; 0 is an expression.
fn are_shown(info: &TableInfo, ctx: &EvalContext, attnums: impl IntoIterator<Item = i16>) -> bool {
    match shown(info, ctx, false) {
        Shown::All => true,
        Shown::Nothing => false,
        Shown::Some(seen) => attnums.into_iter().all(|attnum| {
            usize::try_from(attnum - 1).is_ok_and(|position| seen.contains(&position))
        }),
    }
}

/// `Failing row contains (1, null).`, or `(a, b) = (1, null)` where there is more.
pub fn failing_row(info: &TableInfo, ctx: &EvalContext, row: &[Datum]) -> Option<String> {
    let value = |at: usize| Some(clip(text(ctx, row.get(at)?, &info.columns.get(at)?.ty)));
    match shown(info, ctx, true) {
        Shown::Nothing => None,
        Shown::All => {
            let live = (0..info.columns.len()).filter(|at| !info.columns[*at].dropped);
            let values: Vec<String> = live.filter_map(value).collect();
            Some(format!("Failing row contains ({}).", values.join(", ")))
        }
        Shown::Some(seen) => {
            let names: Vec<&str> = seen.iter().map(|at| info.columns[*at].name.as_str()).collect();
            let values: Vec<String> = seen.iter().filter_map(|at| value(*at)).collect();
            let (names, values) = (names.join(", "), values.join(", "));
            Some(format!("Failing row contains ({names}) = ({values})."))
        }
    }
}

/// The key that a row would be routed by; none where it is not to be shown. 0 is an
/// expression.
pub fn may_show_key(
    info: &TableInfo,
    ctx: &EvalContext,
    attnums: impl IntoIterator<Item = i16>,
) -> bool {
    are_shown(info, ctx, attnums)
}

pub fn not_null(info: &TableInfo, ctx: &EvalContext, position: usize, row: &[Datum]) -> Error {
    let column = &info.columns[position].name;
    Error::new(
        sqlstate::NOT_NULL_VIOLATION,
        format!(
            "null value in column \"{column}\" of relation \"{}\" violates not-null constraint",
            info.name()
        ),
    )
    .with_detail_if(failing_row(info, ctx, row))
    .with_table(&info.schema_name, info.name())
    .with_column(column)
}

/// A column that is to be NOT NULL has a NULL already.
pub fn null_found(info: &TableInfo, attnum: i16) -> Error {
    let column = &info.columns[attnum as usize - 1].name;
    Error::new(
        sqlstate::NOT_NULL_VIOLATION,
        format!("column \"{column}\" of relation \"{}\" contains null values", info.name()),
    )
    .with_table(&info.schema_name, info.name())
    .with_column(column)
}

/// A row that is not of the partition it is written to.
pub fn partition(info: &TableInfo, ctx: &EvalContext, row: &[Datum]) -> Error {
    Error::new(
        sqlstate::CHECK_VIOLATION,
        format!("new row for relation \"{}\" violates partition constraint", info.name()),
    )
    .with_detail_if(failing_row(info, ctx, row))
    .with_table(&info.schema_name, info.name())
}

/// A value in DETAIL, cut if it is long.
pub fn clipped_text(ctx: &EvalContext, datum: &Datum, ty: &SqlType) -> String {
    clip(text(ctx, datum, ty))
}

pub fn check(info: &TableInfo, ctx: &EvalContext, constraint: &str, row: &[Datum]) -> Error {
    Error::new(
        sqlstate::CHECK_VIOLATION,
        format!(
            "new row for relation \"{}\" violates check constraint \"{constraint}\"",
            info.name()
        ),
    )
    .with_detail_if(failing_row(info, ctx, row))
    .with_table(&info.schema_name, info.name())
    .with_constraint(constraint)
}

/// `(a, b)=(1, x)`: the columns of an index with a key's values.
fn key_text(
    info: &TableInfo,
    ctx: &EvalContext,
    index: &IndexInfo,
    key: &[Datum],
) -> Option<String> {
    let columns = index.keys.iter();
    let attnums = columns.map(|key| if key.expression.is_some() { 0 } else { key.column });
    if !are_shown(info, ctx, attnums) {
        return None;
    }
    let names: Vec<String> = index
        .keys
        .iter()
        .map(|column| match (&column.expression, info.column(column.column)) {
            (Some(sql), _) => sql.clone(),
            (None, Ok(info)) => info.name.clone(),
            (None, Err(_)) => "?".to_owned(),
        })
        .collect();
    let values: Vec<String> =
        index.keys.iter().zip(key).map(|(column, datum)| text(ctx, datum, &column.ty)).collect();
    Some(format!("({})=({})", names.join(", "), values.join(", ")))
}

/// Two keys of an exclusion constraint: a new one and one that is there.
type Keys<'a> = (&'a [Datum], &'a [Datum]);

/// A key that another one excludes.
pub fn excluded(info: &TableInfo, ctx: &EvalContext, index: &IndexInfo, keys: Keys<'_>) -> Error {
    let text = |key| key_text(info, ctx, index, key);
    let both = text(keys.0).zip(text(keys.1));
    Error::new(
        sqlstate::EXCLUSION_VIOLATION,
        format!("conflicting key value violates exclusion constraint \"{}\"", index.name()),
    )
    .with_detail_if(both.map(|(a, b)| format!("Key {a} conflicts with existing key {b}.")))
    .with_table(&info.schema_name, info.name())
    .with_constraint(index.name())
}

/// Two keys that exclude each other, found while the constraint is made.
pub fn not_exclusive(
    info: &TableInfo,
    ctx: &EvalContext,
    index: &IndexInfo,
    keys: Keys<'_>,
) -> Error {
    let text = |key| key_text(info, ctx, index, key);
    let both = text(keys.0).zip(text(keys.1));
    Error::new(
        sqlstate::EXCLUSION_VIOLATION,
        format!("could not create exclusion constraint \"{}\"", index.name()),
    )
    .with_detail_if(both.map(|(a, b)| format!("Key {a} conflicts with key {b}.")))
    .with_table(&info.schema_name, info.name())
    .with_constraint(index.name())
}

pub fn unique(info: &TableInfo, ctx: &EvalContext, index: &IndexInfo, key: &[Datum]) -> Error {
    if index.exclusion {
        return excluded(info, ctx, index, (key, key));
    }
    Error::new(
        sqlstate::UNIQUE_VIOLATION,
        format!("duplicate key value violates unique constraint \"{}\"", index.key_name()),
    )
    .with_detail_if(key_text(info, ctx, index, key).map(|key| format!("Key {key} already exists.")))
    .with_table(&info.schema_name, info.name())
    .with_constraint(index.key_name())
}

/// Duplicates found while an index is built.
pub fn duplicated(info: &TableInfo, ctx: &EvalContext, index: &IndexInfo, key: &[Datum]) -> Error {
    if index.exclusion {
        return not_exclusive(info, ctx, index, (key, key));
    }
    Error::new(
        sqlstate::UNIQUE_VIOLATION,
        format!("could not create unique index \"{}\"", index.name()),
    )
    .with_detail_if(key_text(info, ctx, index, key).map(|key| format!("Key {key} is duplicated.")))
    .with_table(&info.schema_name, info.name())
    .with_constraint(index.name())
}

pub fn columns_text(info: &TableInfo, ctx: &EvalContext, attnums: &[i16], key: &[Datum]) -> String {
    let columns: Vec<_> = attnums.iter().filter_map(|attnum| info.column(*attnum).ok()).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let values: Vec<String> =
        columns.iter().zip(key).map(|(column, datum)| text(ctx, datum, &column.ty)).collect();
    format!("({})=({})", names.join(", "), values.join(", "))
}

/// A referencing row without a referenced one.
pub fn foreign_key_missing(
    info: &TableInfo,
    parent: &TableInfo,
    ctx: &EvalContext,
    key: &ForeignKeyInfo,
    values: &[Datum],
) -> Error {
    let key_text = match are_shown(info, ctx, key.key.columns.iter().copied()) {
        true => format!("Key {}", columns_text(info, ctx, &key.key.columns, values)),
        false => "Key".to_owned(),
    };
    referencing_violation(info, key)
        .with_detail(format!("{key_text} is not present in table \"{}\".", parent.name()))
}

/// MATCH FULL with some but not all columns NULL.
pub fn foreign_key_mixed(info: &TableInfo, key: &ForeignKeyInfo) -> Error {
    referencing_violation(info, key)
        .with_detail("MATCH FULL does not allow mixing of null and nonnull key values.")
}

fn referencing_violation(info: &TableInfo, key: &ForeignKeyInfo) -> Error {
    Error::new(
        sqlstate::FOREIGN_KEY_VIOLATION,
        format!(
            "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
            info.name(),
            key.constraint.name
        ),
    )
    .with_table(&info.schema_name, info.name())
    .with_constraint(&key.constraint.name)
}

/// A referenced row of the table `changed` that is gone while rows still refer to it.
pub fn foreign_key_referenced(
    (parent, child): (&TableInfo, &TableInfo),
    changed: &str,
    ctx: &EvalContext,
    key: &ForeignKeyInfo,
    values: &[Datum],
) -> Error {
    let columns = &key.key.referenced_columns;
    let key_text = match are_shown(parent, ctx, columns.iter().copied()) {
        true => format!("Key {}", columns_text(parent, ctx, columns, values)),
        false => "Key".to_owned(),
    };
    Error::new(
        sqlstate::FOREIGN_KEY_VIOLATION,
        format!(
            "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \
             \"{}\"",
            changed,
            key.constraint.name,
            child.name()
        ),
    )
    .with_detail(format!("{key_text} is still referenced from table \"{}\".", child.name()))
    .with_table(&child.schema_name, child.name())
    .with_constraint(&key.constraint.name)
}
