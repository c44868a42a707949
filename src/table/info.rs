//! What writing and reading a table needs to know, gathered once per catalog.
//!
//! A [`TableInfo`] resolves a [`Relation`]'s columns to representations and row
//! layouts, its indexes to key layouts, and its constraints in both directions.
//! It is immutable and shared; the catalog value it was made from keeps it, so a
//! DDL step drops it by making a new catalog.

use std::sync::{Arc, OnceLock};

use datafusion::arrow::datatypes::DataType;

use super::estimate::ColumnEstimate;
use super::expression::TableExpressions;
use super::layout::{self, Layout, Width};
use super::outbox::Watch;
use super::together::Together;
use crate::catalog::{
    Catalog, Constraint, ConstraintKind, ExtendedStatistics, ForeignKey, Relation, RelationKind,
    Statistics,
};
use crate::error::{Error, Result};
use crate::index::IndexInfo;
use crate::sql::types::{self, Datum, InputContext, Oid, Repr, SqlType};
use crate::storage::row as header;

use super::row::RowView;
use super::trigger::TableTriggers;

/// One column, ready for the row codec.
#[derive(Debug, Clone)]
pub struct ColumnInfo {
    pub name: String,
    pub ty: SqlType,
    pub repr: Repr,
    /// Set for `numeric(p,s)` held as a scaled `i128`: the scale.
    pub decimal_scale: Option<i8>,
    pub arrow: DataType,
    pub not_null: bool,
    pub dropped: bool,
    pub generated: bool,
    /// The value of rows older than the column.
    pub missing: Datum,
}

/// A foreign key with its constraint row.
#[derive(Debug, Clone)]
pub struct ForeignKeyInfo {
    pub constraint: Arc<Constraint>,
    pub key: ForeignKey,
}

/// One table, ready to be read and written.
#[derive(Debug)]
pub struct TableInfo {
    pub relation: Arc<Relation>,
    pub schema_name: String,
    pub columns: Vec<ColumnInfo>,
    layouts: Vec<Layout>,
    pub indexes: Vec<Arc<IndexInfo>>,
    pub checks: Vec<Arc<Constraint>>,
    /// Foreign keys of this table.
    pub foreign_keys: Vec<ForeignKeyInfo>,
    /// Foreign keys of any table that refer to this one.
    pub referencing: Vec<ForeignKeyInfo>,
    /// Whether who inserts a row leaves a record of the commit: what is read in its order.
    pub records_commits: bool,
    /// None for a table without triggers.
    pub triggers: Option<Arc<TableTriggers>>,
    /// By whom it is watched.
    pub(super) watches: Box<[Watch]>,
    /// Compiled at the first write.
    pub(super) expressions: OnceLock<Arc<TableExpressions>>,
    /// What ANALYZE found, if it ran.
    pub statistics: Option<Arc<Statistics>>,
    /// The same by position, read at the first use.
    estimates: OnceLock<Vec<Option<ColumnEstimate>>>,
    /// What ANALYZE found about columns together.
    extended: Vec<Arc<ExtendedStatistics>>,
    /// The same, read at the first use.
    together: OnceLock<Vec<Together>>,
}

impl TableInfo {
    /// The info of a table, made once per catalog value.
    pub fn of(catalog: &Catalog, table: Oid) -> Result<Arc<TableInfo>> {
        if let Some(known) = catalog.derived(table) {
            return Ok(known);
        }
        let relation = catalog
            .relation(table)
            .ok_or_else(|| Error::internal(format!("could not open relation with OID {table}")))?;
        let info = TableInfo::new(catalog, relation)?;
        Ok(catalog.derive(table, info))
    }

    pub fn new(catalog: &Catalog, relation: &Arc<Relation>) -> Result<Arc<TableInfo>> {
        let columns = relation
            .columns
            .iter()
            .map(|column| column_info(catalog, column))
            .collect::<Result<Vec<_>>>()?;
        let widths: Vec<Width> = columns
            .iter()
            .map(|column| layout::width(&column.repr, column.decimal_scale.is_some()))
            .collect();
        let indexes = relation
            .indexes
            .iter()
            .filter_map(|oid| catalog.relation(*oid))
            .filter(|index| is_kept_up(index))
            .map(|index| IndexInfo::new(catalog, index).map(Arc::new))
            .collect::<Result<Vec<_>>>()?;
        let schema = catalog.schema(relation.schema);
        let schema_name = schema.map(|schema| schema.name.clone()).unwrap_or_default();
        Ok(Arc::new(TableInfo {
            relation: relation.clone(),
            records_commits: schema_name == "events" && relation.name == "change",
            schema_name,
            layouts: layout::layouts(relation, &widths),
            columns,
            indexes,
            checks: checks(catalog, relation),
            foreign_keys: foreign_keys(catalog, |constraint, _| constraint.table == relation.oid),
            referencing: referencing(catalog, relation),
            triggers: TableTriggers::of(catalog, relation.oid),
            watches: Watch::all(catalog, relation.oid),
            expressions: OnceLock::new(),
            statistics: catalog.statistics(relation.oid).cloned(),
            estimates: OnceLock::new(),
            extended: catalog
                .all_extended_statistics()
                .filter(|object| object.table == relation.oid && object.found.is_some())
                .cloned()
                .collect(),
            together: OnceLock::new(),
        }))
    }

    /// What is known of columns together.
    pub fn together(&self) -> &[Together] {
        self.together
            .get_or_init(|| self.extended.iter().map(|object| Together::of(object, self)).collect())
    }

    /// What is known of the values of the column at a position.
    pub fn estimate(&self, position: usize) -> Option<&ColumnEstimate> {
        let estimates = self.estimates.get_or_init(|| {
            let columns = self.statistics.iter().flat_map(|statistics| &statistics.columns);
            let mut estimates: Vec<Option<ColumnEstimate>> = Vec::new();
            estimates.resize_with(self.columns.len(), || None);
            for found in columns {
                let at = usize::try_from(found.column - 1).unwrap_or(usize::MAX);
                let live = |column: &&ColumnInfo| !column.dropped && column.ty.oid == found.ty;
                if self.columns.get(at).filter(live).is_some() {
                    estimates[at] = ColumnEstimate::read(found, self).ok();
                }
            }
            estimates
        });
        estimates.get(position)?.as_ref()
    }

    pub fn oid(&self) -> Oid {
        self.relation.oid
    }

    pub fn name(&self) -> &str {
        &self.relation.name
    }

    /// Whether its rows are limited by bounds. Those of one that is being detached are by a
    /// CHECK.
    pub fn is_partition(&self) -> bool {
        self.relation.inheritance.bound.is_some() && !self.relation.inheritance.detaching
    }

    /// Whether changes of it are told to others.
    pub fn is_watched(&self) -> bool {
        !self.watches.is_empty()
    }

    pub fn storage_id(&self) -> u32 {
        self.relation.storage_id
    }

    /// The layout new rows are written with.
    pub fn layout(&self) -> &Layout {
        self.layouts.last().expect("a relation has at least the layout of version 0")
    }

    /// The layout of rows written under a schema version.
    pub fn layout_of(&self, version: u16) -> &Layout {
        let index = self.layouts.partition_point(|layout| layout.since_version <= version);
        &self.layouts[index.saturating_sub(1)]
    }

    /// Reads a stored row in place.
    pub fn view<'a>(&'a self, row: &'a [u8]) -> Result<RowView<'a>> {
        RowView::new(row, self.layout_of(header::schema_version(row)))
    }

    /// Encodes a whole row, by position.
    pub fn encode(&self, datums: &[Datum]) -> Result<Vec<u8>> {
        let version = self.relation.schema_version;
        super::row::encode(self.layout(), version, &self.columns, datums)
    }

    /// All columns of a stored row, by position.
    pub fn decode(&self, row: &[u8]) -> Result<Vec<Datum>> {
        let view = self.view(row)?;
        (0..self.columns.len()).map(|position| view.datum(&self.columns, position)).collect()
    }

    /// The column with an attribute number; system columns are not stored.
    pub fn column(&self, attnum: i16) -> Result<&ColumnInfo> {
        usize::try_from(attnum - 1)
            .ok()
            .and_then(|position| self.columns.get(position))
            .ok_or_else(|| Error::internal(format!("table has no attribute number {attnum}")))
    }

    pub fn index(&self, oid: Oid) -> Option<&Arc<IndexInfo>> {
        self.indexes.iter().find(|index| index.oid() == oid)
    }

    /// Attribute numbers whose values a foreign key may refer to: a change of
    /// one of them needs the strongest row lock.
    pub fn is_key_column(&self, attnum: i16) -> bool {
        self.indexes.iter().any(|index| {
            index.unique
                && !index.exclusion
                && index.predicate.is_none()
                && index.keys.iter().any(|key| key.column == attnum)
        })
    }
}

#[cfg(test)]
impl TableInfo {
    /// A copy whose fields a test may change.
    pub fn clone_for_test(&self) -> TableInfo {
        TableInfo {
            relation: self.relation.clone(),
            schema_name: self.schema_name.clone(),
            records_commits: self.records_commits,
            columns: self.columns.clone(),
            layouts: self.layouts.clone(),
            indexes: self.indexes.clone(),
            checks: self.checks.clone(),
            foreign_keys: self.foreign_keys.clone(),
            referencing: self.referencing.clone(),
            triggers: self.triggers.clone(),
            watches: self.watches.clone(),
            expressions: OnceLock::new(),
            statistics: self.statistics.clone(),
            estimates: OnceLock::new(),
            extended: self.extended.clone(),
            together: OnceLock::new(),
        }
    }
}

/// Whether writers keep an index up.
fn is_kept_up(index: &Relation) -> bool {
    matches!(&index.kind, RelationKind::Index(index) if index.ready)
}

fn column_info(catalog: &Catalog, column: &crate::catalog::Column) -> Result<ColumnInfo> {
    let repr = catalog.repr(column.ty.oid)?;
    let arrow = types::arrow::data_type(&column.ty, &repr);
    let decimal_scale = match arrow {
        DataType::Decimal128(_, scale) => Some(scale),
        _ => None,
    };
    let missing = match &column.missing {
        Some(text) if !column.dropped => {
            let input = InputContext { catalog, ..InputContext::default() };
            types::text_input(text, column.ty, &repr, &input)?
        }
        _ => Datum::Null,
    };
    Ok(ColumnInfo {
        name: column.name.clone(),
        ty: column.ty,
        repr,
        decimal_scale,
        arrow,
        not_null: column.not_null && !column.dropped,
        dropped: column.dropped,
        generated: column.default.as_ref().is_some_and(|default| default.generated),
        missing,
    })
}

fn checks(catalog: &Catalog, relation: &Relation) -> Vec<Arc<Constraint>> {
    let mut checks: Vec<Arc<Constraint>> = relation
        .constraints
        .iter()
        .filter_map(|oid| catalog.constraint(*oid))
        .filter(|constraint| matches!(constraint.kind, ConstraintKind::Check { .. }))
        .cloned()
        .collect();
    // PostgreSQL evaluates CHECK constraints in the order of their names.
    checks.sort_by(|a, b| a.name.cmp(&b.name));
    checks
}

/// The foreign keys that refer to a table or, from above, to a partition of the table
/// they name: then over the partition's columns. Those of partitions stand behind
/// their partitioned table's.
fn referencing(catalog: &Catalog, relation: &Relation) -> Vec<ForeignKeyInfo> {
    let above = catalog.partition_ancestors(relation);
    let mut found = foreign_keys(catalog, |constraint, key| {
        let is_here = key.referenced_table == relation.oid || above.contains(&key.referenced_table);
        is_here && catalog.constraint(constraint.parent).is_none()
    });
    for foreign in &mut found {
        let named = foreign.key.referenced_table;
        if named != relation.oid
            && let Some(named) = catalog.relation(named)
            && let Some(columns) = named.same_columns(&foreign.key.referenced_columns, relation)
        {
            foreign.key.referenced_columns = columns;
        }
    }
    found
}

fn foreign_keys(
    catalog: &Catalog,
    wanted: impl Fn(&Constraint, &ForeignKey) -> bool,
) -> Vec<ForeignKeyInfo> {
    let mut found: Vec<ForeignKeyInfo> = catalog
        .constraints()
        .filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key)
                if wanted(constraint, key) && !catalog.is_referenced_part(constraint) =>
            {
                Some(ForeignKeyInfo { constraint: constraint.clone(), key: key.clone() })
            }
            _ => None,
        })
        .collect();
    // Triggers fire in the order of their names, which carry the OID.
    found.sort_by_key(|key| key.constraint.oid);
    found
}

/// The type that keeps a dropped column's place in the layout once its own type
/// may be gone too: DROP COLUMN puts it into the catalog row.
pub fn dropped_type(catalog: &Catalog, ty: SqlType) -> Result<SqlType> {
    use crate::sql::types::oid;
    Ok(match catalog.repr(ty.oid)? {
        Repr::Enum(_) => SqlType::new(oid::OID),
        Repr::Array(_) | Repr::Range(_) | Repr::Multirange(_) | Repr::Record(_) => {
            SqlType::new(oid::BYTEA)
        }
        _ => catalog.base_type(ty),
    })
}

/// Whether a relation is a table with stored rows.
pub fn is_stored(relation: &Relation) -> bool {
    matches!(relation.kind, RelationKind::Table)
}
