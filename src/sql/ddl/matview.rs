//! CREATE MATERIALIZED VIEW and REFRESH MATERIALIZED VIEW.
//!
//! A materialized view is a table with a query ([`Relation::materialized`]): it is
//! scanned, indexed and analyzed as one, and filled from its query alone. REFRESH
//! gives it new storage and fills that, row by row as the query gives them; with
//! CONCURRENTLY the rows that differ are exchanged, under the eyes of readers.

use std::collections::HashMap;
use std::sync::Arc;

use futures::StreamExt;

use super::{Ddl, strings};
use crate::catalog::{
    ConstraintKind, Materialized, ObjectAddress, Relation, RelationKind, View, quote_qualified,
};
use crate::error::{Error, Result};
use crate::sql::bind::{Binder, Refreshed};
use crate::sql::dml;
use crate::sql::ir::{Query, Statement, visit};
use crate::sql::parse::{self, ast};
use crate::sql::run::{self, StatementContext};
use crate::sql::types::{Datum, to_text};
use crate::sqlstate;
use crate::table::{LockedRow, TableInfo, Writer, lock};
use crate::txn::{LockMode, WaitPolicy};

const CREATED: &str = "CREATE MATERIALIZED VIEW";

impl Ddl<'_> {
    pub(super) async fn create_materialized_view(
        &mut self,
        statement: &ast::CreateTableAsStmt,
    ) -> Result<String> {
        let into = statement.into.as_ref();
        let into = into.ok_or_else(|| Error::syntax("a materialized view without a name"))?;
        super::tablespace::check(&into.table_space_name)?;
        let name = into.rel.as_ref().ok_or_else(|| Error::syntax("a view without a name"))?;
        if name.relpersistence == "u" {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "materialized views cannot be unlogged",
            ));
        }
        if self.is_made(statement)? {
            return Ok(CREATED.to_owned());
        }
        let schema = self.relation_schema(name)?;
        let node = statement.query.as_deref();
        let node = node.ok_or_else(|| Error::syntax("a view without a query"))?;
        let query = self.bind_query(node).await?;
        refuse_modifications(&query)?;
        let definition = self.view_definition(parse::deparse(node)?)?;
        let reads_temporary = definition.names.iter().any(|name| {
            let relation = self.work.catalog.relation(name.oid);
            relation.is_some_and(|relation| self.is_own_temporary(relation.schema))
        });
        if reads_temporary {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "materialized views must not use temporary tables or views",
            ));
        }
        let storage =
            super::storage_options::read(&into.options, super::storage_options::Target::Table)?;
        let oid = self.put_table_for(schema, &name.relname, &query, &strings(&into.col_names))?;
        self.put_settings(oid, storage, false)?;
        let view = View {
            sql: definition.sql,
            search_path: self.search_path_names(),
            options: Vec::new(),
            updatable: None,
            names: definition.names,
        };
        let populated = !into.skip_data;
        let relation = (*self.relation(oid)?).clone();
        let materialized = Some(Box::new(Materialized { view, populated }));
        self.put_relation(Relation { materialized, ..relation });
        let address = ObjectAddress::relation(oid);
        self.record_query_references(address, &definition.query.rel, &definition.keys);
        if !populated {
            return Ok(CREATED.to_owned());
        }
        let rows = self.fill_table(oid, &query).await?;
        Ok(format!("SELECT {rows}"))
    }

    pub(super) async fn refresh_materialized_view(
        &mut self,
        statement: &ast::RefreshMatViewStmt,
    ) -> Result<&'static str> {
        let name = statement.relation.as_ref();
        let name = name.ok_or_else(|| Error::syntax("REFRESH of nothing"))?;
        let relation = self.find_relation(name)?;
        self.require_relation_owner(&relation)?;
        let mode = match statement.concurrent {
            true => LockMode::Exclusive,
            false => LockMode::AccessExclusive,
        };
        self.lock_relation(relation.oid, mode).await?;
        let relation = self.relation(relation.oid)?;
        let Some(materialized) = &relation.materialized else {
            if relation.is_table() {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!("\"{}\" is not a materialized view", relation.name),
                ));
            }
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is not a table or materialized view", relation.name),
            ));
        };
        if statement.concurrent && !materialized.populated {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "CONCURRENTLY cannot be used when the materialized view is not populated",
            ));
        }
        if statement.concurrent && statement.skip_data {
            return Err(Error::syntax(
                "CONCURRENTLY and WITH NO DATA options cannot be used together",
            ));
        }
        match statement.concurrent {
            true => self.refresh_rows(&relation).await?,
            false => self.refresh_storage(&relation, statement.skip_data).await?,
        }
        Ok("REFRESH MATERIALIZED VIEW")
    }

    /// New storage, filled with what the query gives now.
    async fn refresh_storage(&mut self, relation: &Arc<Relation>, skip_data: bool) -> Result<()> {
        let eval = self.eval();
        let mut binder = Binder::with_fixed_params(&eval, &[]);
        let Statement::Query(query) = binder.bind_view(relation)? else {
            return Err(Error::internal("a view's query is no query"));
        };
        lock::acquire_relations(&binder.opened(), self.work, self.ctx).await?;
        dml::empty(self.work, relation.oid)?;
        let mut changed = (*self.relation(relation.oid)?).clone();
        if let Some(materialized) = &mut changed.materialized {
            materialized.populated = !skip_data;
        }
        self.put_relation(changed);
        if !skip_data {
            let rows = self.fill_table(relation.oid, &query).await.map_err(as_index_build)?;
            self.ctx.eval.session.note_processed(rows);
        }
        Ok(())
    }

    /// Deletes the rows that the query does not give any more, then inserts those that
    /// it gives now.
    async fn refresh_rows(&mut self, relation: &Arc<Relation>) -> Result<()> {
        let keys = self.refresh_keys(relation)?;
        let eval = self.eval();
        let mut binder = Binder::with_fixed_params(&eval, &[]);
        let kept = binder.bind_refresh(relation, &keys, Refreshed::Kept)?;
        let added = binder.bind_refresh(relation, &keys, Refreshed::Added)?;
        lock::acquire_relations(&binder.opened(), self.work, self.ctx).await?;
        let info = TableInfo::of(&self.work.catalog, relation.oid)?;
        let mut chunks = run::rows(&kept, &[], self.work, self.ctx).await?;
        let mut writer = Writer::new(self.work, self.ctx);
        let mut matched = Rids::default();
        let mut rows = 0;
        while let Some(chunk) = chunks.next().await {
            for row in chunk? {
                let [Datum::Int8(rid), present] = row.as_slice() else { continue };
                let (rid, is_kept) = (*rid as u64, matches!(present, Datum::Bool(true)));
                if is_kept && matched.add(rid) {
                    rows += 1;
                    continue;
                }
                let mode = LockMode::RowForUpdate;
                let locked = writer.lock_row(&info, rid, mode, WaitPolicy::Wait).await?;
                let (LockedRow::Unchanged(row) | LockedRow::Changed(row)) = locked else {
                    continue;
                };
                let row = info.decode(&row)?;
                if is_kept {
                    return Err(duplicate_row(&info, &shown(&info, &row, writer.ctx)));
                }
                writer.delete(&info, rid, &row).await?;
            }
        }
        writer.finish().await?;
        let mut chunks = run::rows(&added, &[], self.work, self.ctx).await?;
        let mut writer = Writer::new(self.work, self.ctx);
        while let Some(chunk) = chunks.next().await {
            for row in chunk? {
                refuse_duplicate(&info, &row, &mut writer).await?;
                writer.insert(&info, row).await?;
                rows += 1;
            }
        }
        writer.finish().await?;
        self.ctx.eval.session.note_processed(rows);
        Ok(())
    }

    /// The columns of a unique index over plain columns, on all rows.
    fn refresh_keys(&self, relation: &Relation) -> Result<Vec<i16>> {
        let usable = |oid: &u32| {
            let index = self.work.catalog.relation(*oid)?;
            let RelationKind::Index(index) = &index.kind else { return None };
            let keys: Vec<i16> = index.keys[..index.key_count].iter().map(|k| k.column).collect();
            let deferrable =
                self.work.catalog.constraint(index.constraint).is_some_and(|c| {
                    c.deferrable && !matches!(c.kind, ConstraintKind::Check { .. })
                });
            let plain = keys.iter().all(|column| *column > 0);
            (index.unique && index.valid && index.predicate.is_none() && plain && !deferrable)
                .then_some(keys)
        };
        relation.indexes.iter().find_map(usable).ok_or_else(|| {
            let schema = self.work.catalog.schema_name(relation.schema);
            Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!(
                    "cannot refresh materialized view \"{}\" concurrently",
                    quote_qualified(Some(schema), &relation.name)
                ),
            )
            .with_hint(
                "Create a unique index with no WHERE clause on one or more columns of the \
                 materialized view.",
            )
        })
    }
}

/// A row that the query gives twice is told apart from two rows with one key.
async fn refuse_duplicate(info: &TableInfo, row: &[Datum], writer: &mut Writer<'_>) -> Result<()> {
    if row.iter().any(Datum::is_null) {
        return Ok(());
    }
    let mode = LockMode::RowKeyShare;
    let Some(conflict) = writer.find_conflict(info, &[], row, mode).await? else { return Ok(()) };
    let new = shown(info, row, writer.ctx);
    if new != shown(info, &info.decode(&conflict.row)?, writer.ctx) {
        return Ok(());
    }
    Err(duplicate_row(info, &new))
}

fn shown(info: &TableInfo, row: &[Datum], ctx: &StatementContext) -> Vec<String> {
    let columns = info.columns.iter().zip(row);
    columns.map(|(column, value)| to_text(value, column.ty.oid, &ctx.eval.output())).collect()
}

fn duplicate_row(info: &TableInfo, row: &[String]) -> Error {
    Error::new(
        sqlstate::CARDINALITY_VIOLATION,
        format!(
            "new data for materialized view \"{}\" contains duplicate rows without any null columns",
            info.name()
        ),
    )
    .with_detail(format!("Row: ({})", row.join(",")))
}

/// A set of row ids, a bit each.
#[derive(Default)]
struct Rids(HashMap<u64, u64>);

impl Rids {
    /// False if it is there already.
    fn add(&mut self, rid: u64) -> bool {
        let word = self.0.entry(rid / 64).or_default();
        let bit = 1 << (rid % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

fn refuse_modifications(query: &Query) -> Result<()> {
    let mut found = false;
    visit::modifications(&query.rel, &mut |_| found = true);
    match found {
        true => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "materialized views must not use data-modifying statements in WITH",
        )),
        false => Ok(()),
    }
}

/// In PostgreSQL the indexes are built once the rows are there.
fn as_index_build(error: Error) -> Error {
    if error.code() != sqlstate::UNIQUE_VIOLATION {
        return error;
    }
    let mut report = error.into_report();
    if let Some(index) = &report.constraint {
        report.message = format!("could not create unique index \"{index}\"");
    }
    let detail = report.detail.take();
    report.detail = detail.map(|text| text.replace(" already exists.", " is duplicated."));
    Error::from_report(report)
}
