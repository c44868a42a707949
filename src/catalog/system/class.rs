//! `pg_class`, `pg_index`, `pg_sequence` and `pg_rewrite`.

use std::collections::HashSet;
use std::sync::Arc;

use super::cell::*;
use super::lookup::Lookup;
use crate::catalog::{
    Catalog, Column, Constraint, ConstraintKind, Index, ObjectClass, Persistence, Relation,
    RelationKind, Rule, RuleEvent, relation_oid, rule_of_view,
};
use crate::sql::types::{Datum, Oid};

/// `pg_am.oid` of tables.
const HEAP: u32 = 2;

/// Columns of a sequence as a relation: last_value, log_cnt, is_called.
const SEQUENCE_COLUMNS: usize = 3;

/// Relations that all databases share.
const SHARED: &[u32] = &[
    relation_oid::PG_AUTHID,
    relation_oid::PG_AUTH_MEMBERS,
    relation_oid::PG_DATABASE,
    relation_oid::PG_DB_ROLE_SETTING,
    relation_oid::PG_PARAMETER_ACL,
    relation_oid::PG_REPLICATION_ORIGIN,
    relation_oid::PG_SHDEPEND,
    relation_oid::PG_SHDESCRIPTION,
    relation_oid::PG_SHSECLABEL,
    relation_oid::PG_SUBSCRIPTION,
    relation_oid::PG_TABLESPACE,
];

/// `pg_tablespace.oid` of pg_global.
const GLOBAL_TABLESPACE: u32 = 1664;

pub(super) fn pg_class(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let foreign = foreign_key_ends(catalog);
    let ruled: HashSet<Oid> = catalog.rules().map(|rule| rule.table).collect();
    catalog
        .find_relations(lookup, "oid", "relname")
        .map(|relation| {
            let above = catalog.partition_ancestors(relation);
            let is_end = std::iter::once(&relation.oid).chain(&above).any(|o| foreign.contains(o));
            class_row(catalog, relation, is_end, ruled.contains(&relation.oid))
        })
        .collect()
}

fn class_row(catalog: &Catalog, relation: &Relation, has_triggers: bool, has_rules: bool) -> Row {
    let is_table = matches!(relation.kind, RelationKind::Table | RelationKind::Virtual);
    let stored = !matches!(relation.kind, RelationKind::View(_) | RelationKind::Composite);
    let has_rows = !relation.is_partitioned() && !relation.inheritance.index_of_partitioned;
    let checks = relation
        .constraints
        .iter()
        .filter_map(|oid| catalog.constraint(*oid))
        .filter(|constraint| constraint.is_check())
        .count();
    let never_counted = if is_uncounted(relation) { 0.0 } else { -1.0 };
    vec![
        oid(relation.oid),
        text(&relation.name),
        oid(relation.schema),
        oid(catalog.row_type(relation)),
        oid(relation.settings.of_type),
        oid(relation.owner),
        oid(access_method(catalog, relation)),
        oid(if stored && has_rows { file_of(relation) } else { 0 }),
        oid(if is_shared(relation) { GLOBAL_TABLESPACE } else { 0 }),
        int4(pages(catalog, relation)),
        float4(catalog.statistics(relation.oid).map_or(never_counted, |found| found.rows as f32)),
        int4(0),
        oid(0),
        boolean(!relation.indexes.is_empty()),
        boolean(is_shared(relation)),
        char(match relation.persistence {
            Persistence::Permanent if relation.settings.unlogged => 'u',
            Persistence::Permanent => 'p',
            Persistence::Temporary(..) => 't',
        }),
        char(relation_kind(relation)),
        count(column_count(relation)),
        count(checks),
        boolean(relation.view().is_some() || has_rules),
        boolean(has_triggers),
        boolean(!catalog.children(relation.oid).is_empty()),
        boolean(relation.row_security.enabled),
        boolean(relation.row_security.forced),
        boolean(!relation.is_unpopulated()),
        char(match is_table {
            true if relation.schema == crate::catalog::PG_CATALOG => 'n',
            true => relation.settings.replica_identity.unwrap_or('d'),
            false => 'n',
        }),
        boolean(relation.is_partition()),
        oid(0),
        oid(if is_table && has_rows { FROZEN_XID } else { 0 }),
        oid(if is_table && has_rows { 1 } else { 0 }),
        acl(catalog, relation.address()),
        relation_options(relation),
        text_or_null(super::inherits::bound_text(catalog, relation).as_deref()),
    ]
}

/// Relations that all databases share, and their indexes.
fn is_shared(relation: &Relation) -> bool {
    let table = match &relation.kind {
        RelationKind::Index(index) => index.table,
        _ => relation.oid,
    };
    SHARED.contains(&table)
}

/// Bytes of a page in PostgreSQL, without its header; of a row's header, with the place of
/// its pointer; and what rows are aligned to.
const PAGE_BYTES: f64 = 8168.0;
const ROW_HEADER_BYTES: f64 = 24.0;
const POINTER_BYTES: f64 = 4.0;
const ALIGNMENT: f64 = 8.0;

/// `relpages`: the pages that the rows would fill in PostgreSQL, by what ANALYZE has found
/// of them. Nothing is stored in pages here, but clients go by the proportions.
fn pages(catalog: &Catalog, relation: &Relation) -> i32 {
    let Some(found) = catalog.statistics(relation.oid) else { return 0 };
    if relation.is_partitioned() {
        return -1;
    }
    let width = |number: usize| {
        let of_column = found.columns.iter().find(|it| usize::try_from(it.column) == Ok(number));
        of_column.map_or(0.0, |it| f64::from(it.width) * (1.0 - f64::from(it.null_fraction)))
    };
    let data: f64 = (1..=relation.columns.len()).map(width).sum();
    let row = ((ROW_HEADER_BYTES + data) / ALIGNMENT).ceil() * ALIGNMENT + POINTER_BYTES;
    // Longer values are kept elsewhere: at least four rows fit a page.
    let rows_per_page = (PAGE_BYTES / row).floor().max(4.0);
    (found.rows / rows_per_page).ceil().clamp(0.0, f64::from(i32::MAX)) as i32
}

/// `relfilenode`: where the rows lie.
fn file_of(relation: &Relation) -> u32 {
    if relation.storage_id == 0 { relation.oid } else { relation.storage_id }
}

/// Rows are never frozen here; PostgreSQL's first normal transaction id.
const FROZEN_XID: u32 = 3;

/// Tables with triggers, and those at either end of a foreign key: PostgreSQL enforces
/// it with triggers.
fn foreign_key_ends(catalog: &Catalog) -> HashSet<Oid> {
    let ends = |constraint: &Arc<Constraint>| match &constraint.kind {
        ConstraintKind::ForeignKey(key) => Some([constraint.table, key.referenced_table]),
        _ => None,
    };
    let triggered = catalog.triggers().map(|trigger| trigger.table);
    catalog.constraints().filter_map(ends).flatten().chain(triggered).collect()
}

/// Kinds whose rows ANALYZE does not count.
fn is_uncounted(relation: &Relation) -> bool {
    use RelationKind::{Composite, Index, Sequence};
    matches!(relation.kind, Index(_) | Sequence(_) | Composite)
}

/// The letter of `relkind`.
pub(in crate::catalog) fn relation_kind(relation: &Relation) -> char {
    match &relation.kind {
        RelationKind::Table if relation.is_partitioned() => 'p',
        RelationKind::Table if relation.is_materialized_view() => 'm',
        RelationKind::Table | RelationKind::Virtual => 'r',
        RelationKind::Composite => 'c',
        RelationKind::View(_) => 'v',
        RelationKind::Index(_) if relation.inheritance.index_of_partitioned => 'I',
        RelationKind::Index(_) => 'i',
        RelationKind::Sequence(_) => 'S',
    }
}

fn access_method(catalog: &Catalog, relation: &Relation) -> u32 {
    match &relation.kind {
        RelationKind::Table if relation.is_partitioned() => 0,
        RelationKind::Table | RelationKind::Virtual => HEAP,
        RelationKind::Index(index) => {
            catalog.access_method_named(&index.access_method).map_or(0, |method| method.oid)
        }
        _ => 0,
    }
}

fn column_count(relation: &Relation) -> usize {
    match &relation.kind {
        RelationKind::Index(index) => index.keys.len(),
        RelationKind::Sequence(_) => SEQUENCE_COLUMNS,
        _ => relation.columns.len(),
    }
}

fn relation_options(relation: &Relation) -> Datum {
    let options = match &relation.kind {
        RelationKind::View(view) => &view.options,
        _ => &relation.settings.options,
    };
    // Those of the toast table would be in its own row.
    let own: Vec<String> = options
        .iter()
        .filter(|(name, _)| !name.contains('.'))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if own.is_empty() { Datum::Null } else { text_array(own) }
}

pub(super) fn pg_index(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let row = |relation: &Relation| match &relation.kind {
        RelationKind::Index(index) => Some(index_row(catalog, relation, index)),
        _ => None,
    };
    if let Some(tables) = lookup.and_then(|lookup| lookup.oids(&["indrelid"])) {
        return tables
            .iter()
            .filter_map(|oid| catalog.relation(*oid))
            .flat_map(|table| table.indexes.iter())
            .filter_map(|oid| row(catalog.relation(*oid)?))
            .collect();
    }
    catalog.find_relations(lookup, "indexrelid", "").filter_map(|relation| row(relation)).collect()
}

fn index_row(catalog: &Catalog, relation: &Relation, index: &Index) -> Row {
    let columns = catalog.relation(index.table).map_or(&[][..], |table| &table.columns);
    let keys = &index.keys[..index.key_count.min(index.keys.len())];
    let collation = |attnum: i16, ty: u32| match table_column(columns, attnum) {
        Some(column) => column.collation,
        None => catalog.type_(ty).map_or(0, |ty| ty.collation),
    };
    let deferrable = catalog.constraint(index.constraint).is_some_and(|c| c.deferrable);
    let expressions: Vec<&str> =
        index.keys.iter().filter_map(|key| key.expression.as_deref()).collect();
    vec![
        oid(relation.oid),
        oid(index.table),
        count(index.keys.len()),
        count(index.key_count),
        boolean(index.unique && index.exclusion.is_empty()),
        boolean(index.nulls_not_distinct),
        boolean(index.primary),
        boolean(!index.exclusion.is_empty()),
        boolean(!deferrable),
        boolean(relation.settings.clustered),
        boolean(index.valid),
        boolean(false),
        boolean(index.ready),
        boolean(index.live),
        boolean(relation.settings.replica_identity.is_some()),
        int2_vector(index.keys.iter().map(|key| key.column)),
        oid_vector(keys.iter().map(|key| match key.collation {
            0 => collation(key.column, key.ty.oid),
            own => own,
        })),
        oid_vector(keys.iter().map(|key| key.opclass)),
        int2_vector(keys.iter().map(|k| i16::from(k.descending) | i16::from(k.nulls_first) << 1)),
        text_or_null((!expressions.is_empty()).then(|| expressions.join(", "))),
        text_or_null(index.predicate.as_deref()),
    ]
}

pub(super) fn table_column(columns: &[Column], attnum: i16) -> Option<&Column> {
    columns.get(usize::try_from(attnum).ok()?.checked_sub(1)?)
}

pub(super) fn pg_sequence(catalog: &Catalog) -> Vec<Row> {
    let row = |relation: &Relation| match &relation.kind {
        RelationKind::Sequence(sequence) => Some(vec![
            oid(relation.oid),
            oid(sequence.ty.oid),
            int8(sequence.start),
            int8(sequence.increment),
            int8(sequence.max),
            int8(sequence.min),
            int8(sequence.cache),
            boolean(sequence.cycle),
        ]),
        _ => None,
    };
    catalog.relations().filter_map(|relation| row(relation)).collect()
}

/// One `_RETURN` rule a view, and what CREATE RULE has made.
pub(super) fn pg_rewrite(catalog: &Catalog) -> Vec<Row> {
    let row = |relation: &Relation| {
        relation.view().map(|view| {
            vec![
                oid(rule_of_view(relation.oid)),
                text("_RETURN"),
                oid(relation.oid),
                char('1'),
                char('O'),
                boolean(true),
                text("<>"),
                text(&view.sql),
            ]
        })
    };
    let views = catalog.relations().filter_map(|relation| row(relation));
    views.chain(catalog.rules().map(|rule| rule_row(rule))).collect()
}

fn rule_row(rule: &Rule) -> Row {
    let texts: Vec<&str> = rule.actions.iter().map(|action| action.sql.as_str()).collect();
    vec![
        oid(rule.oid),
        text(&rule.name),
        oid(rule.table),
        char(match rule.event {
            RuleEvent::Update => '2',
            RuleEvent::Insert => '3',
            RuleEvent::Delete => '4',
        }),
        char(rule.enabled),
        boolean(rule.instead),
        text(rule.condition.as_ref().map_or("<>", |condition| condition.sql.as_str())),
        text(texts.join("; ")),
    ]
}

impl Catalog {
    /// The name of a key of an index, as `pg_attribute` has it: the column's, or
    /// `expr` for an expression.
    pub(in crate::catalog) fn index_key_name(&self, relation: &Relation, at: usize) -> String {
        let RelationKind::Index(index) = &relation.kind else { return String::new() };
        if let Some(column) = relation.columns.get(at) {
            return column.name.clone();
        }
        let columns = self.relation(index.table).map_or(&[][..], |table| &table.columns);
        match table_column(columns, index.keys.get(at).map_or(0, |key| key.column)) {
            Some(column) => column.name.clone(),
            None => {
                let before = index.keys[..at].iter().filter(|key| key.column == 0).count();
                if before == 0 { "expr".to_owned() } else { format!("expr{before}") }
            }
        }
    }

    /// Whether a schema's name is taken by a relation or a type.
    pub fn relation_or_type_exists(&self, schema: u32, name: &str) -> bool {
        !self.named(ObjectClass::Relation, schema, name).is_empty()
            || !self.named(ObjectClass::Type, schema, name).is_empty()
    }
}
