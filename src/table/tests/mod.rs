//! Tables over both engines: a small catalog made by hand, no SQL.

mod concurrency;
mod constraints;
mod rows;
mod scans;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;
use crate::catalog::{
    Catalog, Change, Column, Constraint, ConstraintKind, ForeignKey, Index, IndexKey, Object,
    ObjectClass, ObjectKey, Persistence, ReferentialAction, Relation, RelationKind, Schema,
};
use crate::error::Result;
use crate::sql::functions::tests::context_over;
use crate::sql::run::work::{StatementContext, StatementLimits, Work};
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::storage::disk::{DiskEngine, DiskOptions};
use crate::storage::memory::MemoryEngine;
use crate::txn::{CommitOptions, Isolation, Limits, Transactions};

const PG_CATALOG: Oid = 11;
const SCHEMA: Oid = 2200;

/// A server without SQL: transactions and one catalog for all.
pub struct Fixture {
    pub transactions: Transactions,
    pub catalog: Catalog,
    _directory: Option<tempfile::TempDir>,
}

/// Runs a test on the memory engine and on the disk engine.
pub async fn on_both_engines<F: Future<Output = ()>>(test: impl Fn(Fixture) -> F) {
    test(Fixture::memory()).await;
    let directory = tempfile::tempdir().expect("temporary directory");
    let engine = DiskEngine::open(directory.path(), &DiskOptions::default()).expect("open");
    let transactions = Transactions::open(Arc::new(engine), Limits::default()).expect("open");
    test(Fixture::new(transactions, Some(directory))).await;
}

impl Fixture {
    fn new(transactions: Transactions, directory: Option<tempfile::TempDir>) -> Fixture {
        Fixture::with_catalog(transactions, directory, Catalog::default())
    }

    /// Over another catalog than the empty one: the built-in objects, for SQL.
    pub fn over(catalog: Catalog) -> Fixture {
        Fixture::with_catalog(Fixture::memory().transactions, None, catalog)
    }

    fn with_catalog(
        transactions: Transactions,
        directory: Option<tempfile::TempDir>,
        mut catalog: Catalog,
    ) -> Fixture {
        let schema = Schema { oid: SCHEMA, name: "public".into(), owner: 10 };
        put(&mut catalog, ObjectClass::Schema, SCHEMA, Object::Schema(Arc::new(schema)));
        Fixture { transactions, catalog, _directory: directory }
    }

    pub fn memory() -> Fixture {
        let engine = Arc::new(MemoryEngine::new());
        let limits = Limits { disk_reserve_bytes: 0, ..Limits::default() };
        Fixture::new(Transactions::open(engine, limits).expect("open"), None)
    }

    /// Adds a table; columns are (name, type, not null).
    pub fn table(&mut self, oid: Oid, name: &str, columns: &[(&str, Oid, bool)]) {
        let columns = columns
            .iter()
            .map(|(name, ty, not_null)| column(name, SqlType::new(*ty), *not_null))
            .collect();
        self.relation(Relation {
            oid,
            schema: SCHEMA,
            name: name.into(),
            owner: 10,
            kind: RelationKind::Table,
            columns,
            storage_id: oid,
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            persistence: Persistence::Permanent,
            inheritance: Default::default(),
            materialized: None,
            row_security: Default::default(),
            settings: Default::default(),
        });
    }

    pub fn relation(&mut self, relation: Relation) {
        let oid = relation.oid;
        put(&mut self.catalog, ObjectClass::Relation, oid, Object::Relation(Arc::new(relation)));
    }

    /// Adds a btree index on one column, and the constraint it implements.
    pub fn index(&mut self, oid: Oid, table: Oid, name: &str, attnum: i16, options: IndexOptions) {
        let mut owner = (**self.catalog.relation(table).expect("the table")).clone();
        let index = Index {
            table,
            access_method: "btree".into(),
            keys: vec![IndexKey {
                collation: 0,
                column: attnum,
                expression: None,
                ty: owner.columns[attnum as usize - 1].ty,
                descending: options.descending,
                nulls_first: options.descending,
                opclass: 0,
                options: Vec::new(),
            }],
            key_count: 1,
            unique: options.unique,
            primary: false,
            nulls_not_distinct: false,
            exclusion: Vec::new(),
            key_form: crate::catalog::KEY_FORM,
            predicate: None,
            constraint: if options.deferrable { oid + 1000 } else { 0 },
            valid: true,
            ready: true,
            live: true,
            replaces: 0,
        };
        if options.deferrable {
            let kind = ConstraintKind::Unique { index: oid, columns: vec![attnum] };
            self.constraint(oid + 1000, table, name, kind, true);
            owner = (**self.catalog.relation(table).expect("the table")).clone();
        }
        owner.indexes.push(oid);
        let name = name.to_owned();
        let kind = RelationKind::Index(index);
        self.relation(Relation {
            oid,
            name,
            kind,
            storage_id: oid,
            columns: vec![],
            indexes: vec![],
            ..owner.clone()
        });
        self.relation(owner);
    }

    pub fn constraint(
        &mut self,
        oid: Oid,
        table: Oid,
        name: &str,
        kind: ConstraintKind,
        deferrable: bool,
    ) {
        let constraint = Constraint {
            oid,
            schema: SCHEMA,
            name: name.into(),
            table,
            kind,
            deferrable,
            initially_deferred: deferrable,
            validated: true,
            inherited: Default::default(),
            no_inherit: false,
            parent: 0,
        };
        let object = Object::Constraint(Arc::new(constraint));
        put(&mut self.catalog, ObjectClass::Constraint, oid, object);
        let mut owner = (**self.catalog.relation(table).expect("the table")).clone();
        owner.constraints.push(oid);
        self.relation(owner);
    }

    pub fn info(&self, table: Oid) -> Arc<TableInfo> {
        TableInfo::of(&self.catalog, table).expect("table info")
    }

    pub fn begin(&self, isolation: Isolation) -> Work {
        let mut txn = self.transactions.begin(isolation, false).expect("begin");
        let _mark = txn.begin_statement();
        Work::new(txn, Arc::new(self.catalog.clone()))
    }

    pub fn context(&self) -> StatementContext {
        let notices = crate::sql::run::Notices::new(100);
        StatementContext {
            eval: Arc::new(context_over(Arc::new(self.catalog.clone()), vec![PG_CATALOG, SCHEMA])),
            cancel: CancellationToken::new(),
            compiler: Arc::new(NoExpressions),
            runtime: Arc::new(Default::default()),
            limits: StatementLimits {
                max_expression_depth: 100,
                work_mem_bytes: 1 << 20,
                lock_timeout_ms: 0,
                deadlock_timeout_ms: 50,
                parallelism: 2,
                batch_rows: 100,
            },
            notices,
            reads: None,
            touched: None,
        }
    }

    /// Inserts rows in a transaction of its own.
    pub async fn insert(&self, table: Oid, rows: Vec<Vec<Datum>>) -> Result<Vec<u64>> {
        let mut work = self.begin(Isolation::ReadCommitted);
        let rids = insert(&mut work, &self.context(), table, rows).await?;
        commit(work).await;
        Ok(rids)
    }
}

pub async fn insert(
    work: &mut Work,
    ctx: &StatementContext,
    table: Oid,
    rows: Vec<Vec<Datum>>,
) -> Result<Vec<u64>> {
    let mut writer = Writer::new(work, ctx);
    let info = writer.table(table)?;
    let mut rids = Vec::new();
    for row in rows {
        rids.push(writer.insert(&info, row).await?.0);
    }
    writer.finish().await?;
    Ok(rids)
}

/// Locks and deletes a row.
pub async fn delete(work: &mut Work, ctx: &StatementContext, table: Oid, rid: u64) -> Result<()> {
    use crate::txn::{LockMode, WaitPolicy};
    let mut writer = Writer::new(work, ctx);
    let info = writer.table(table)?;
    let locked = writer.lock_row(&info, rid, LockMode::RowForUpdate, WaitPolicy::Wait).await?;
    if let LockedRow::Unchanged(row) | LockedRow::Changed(row) = locked {
        writer.delete(&info, rid, &info.decode(&row)?).await?;
    }
    writer.finish().await
}

pub async fn commit(work: Work) {
    let row_deltas = work.table.row_deltas();
    let options = CommitOptions { row_deltas, ..CommitOptions::default() };
    work.txn.commit(options).await.expect("commit");
}

/// All rows of a table at the newest instant, as text-free datums.
pub fn rows(fixture: &Fixture, table: Oid) -> Vec<Vec<Datum>> {
    let info = fixture.info(table);
    let overlay = fixture.transactions.published().overlay();
    scan::rid_rows(&info, &overlay, 0, u64::MAX)
        .map(|row| info.decode(&row.expect("readable").1).expect("a row"))
        .collect()
}

/// The first columns of all rows, which are int4.
pub fn ints(fixture: &Fixture, table: Oid) -> Vec<i32> {
    rows(fixture, table).iter().map(|row| int_of(&row[0])).collect()
}

pub fn int_of(datum: &Datum) -> i32 {
    match datum {
        Datum::Int4(v) => *v,
        other => panic!("expected int4, found {other:?}"),
    }
}

#[derive(Clone, Copy)]
pub struct IndexOptions {
    pub unique: bool,
    pub deferrable: bool,
    pub descending: bool,
}

pub const UNIQUE: IndexOptions =
    IndexOptions { unique: true, deferrable: false, descending: false };

pub fn column(name: &str, ty: SqlType, not_null: bool) -> Column {
    Column {
        name: name.into(),
        ty,
        not_null,
        default: None,
        identity: None,
        dropped: false,
        since_version: 0,
        missing: None,
        collation: 0,
        inherited: Default::default(),
        settings: Default::default(),
    }
}

fn put(catalog: &mut Catalog, class: ObjectClass, oid: Oid, object: Object) {
    catalog.apply(&Change { key: ObjectKey { class, oid }, object: Some(object), shared: false });
}

pub fn row(id: i32, name: &str) -> Vec<Datum> {
    vec![Datum::Int4(id), Datum::Text(name.into())]
}

pub const INT4: Oid = oid::INT4;
pub const TEXT: Oid = oid::TEXT;
