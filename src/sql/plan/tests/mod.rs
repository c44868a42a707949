//! Queries from text to rows, over the memory engine. The expected rows in
//! `cases.txt` are PostgreSQL 15's own output.

use std::sync::Arc;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::catalog::PG_CATALOG;
use crate::error::{Error, Result};
use crate::sql::bind::Binder;
use crate::sql::functions::tests::context_over;
use crate::sql::ir::{Query, Statement};
use crate::sql::outcome::Rows;
use crate::sql::parse;
use crate::sql::plan::explain::{ExplainOptions, explain};
use crate::sql::plan::fast::FastPlan;
use crate::sql::run::work::{StatementContext, StatementLimits, Work};
use crate::sql::run::{RowChunks, rows};
use crate::sql::types::{self, Datum, SqlType};
use crate::storage::memory::MemoryEngine;
use crate::table::NoExpressions;
use crate::txn::{Isolation, Limits, Transactions};

/// A server of one session that only reads.
struct Fixture {
    transactions: Transactions,
    context: StatementContext,
}

impl Fixture {
    fn new() -> Fixture {
        let catalog = Arc::new(crate::catalog::bootstrap().expect("bootstrap"));
        let limits = Limits { disk_reserve_bytes: 0, ..Limits::default() };
        let transactions = Transactions::open(Arc::new(MemoryEngine::new()), limits).expect("open");
        let notices = crate::sql::run::Notices::new(100);
        let context = StatementContext {
            eval: Arc::new(context_over(catalog, vec![PG_CATALOG])),
            cancel: CancellationToken::new(),
            compiler: Arc::new(NoExpressions),
            runtime: Arc::new(Default::default()),
            limits: StatementLimits {
                max_expression_depth: 1_000,
                work_mem_bytes: 1 << 20,
                lock_timeout_ms: 0,
                deadlock_timeout_ms: 50,
                parallelism: 2,
                batch_rows: 1_024,
            },
            notices,
            reads: None,
            touched: None,
        };
        Fixture { transactions, context }
    }

    fn work(&self) -> Work {
        let mut txn = self.transactions.begin(Isolation::ReadCommitted, true).expect("begin");
        let _mark = txn.begin_statement();
        Work::new(txn, Arc::clone(&self.context.eval.catalog))
    }

    fn bind(&self, sql: &str) -> Result<Query> {
        let parsed = parse::parse(sql)?;
        let mut binder = Binder::new(&self.context.eval, &[]);
        match binder.bind_statement(&parsed[0].node)? {
            Statement::Query(query) => Ok(query),
            _ => Err(Error::internal("not a query")),
        }
    }

    /// Planned by DataFusion, whether or not the query has a fast plan.
    async fn planned(&self, query: &Query) -> Result<Vec<Vec<Datum>>> {
        let mut work = self.work();
        let mut chunks: RowChunks = rows(query, &[], &mut work, &self.context).await?;
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().await {
            all.extend(chunk?);
        }
        Ok(all)
    }

    fn text(&self, query: &Query, rows: Vec<Vec<Datum>>) -> String {
        let context = self.context.eval.settings.output(&*self.context.eval);
        let value = |value: &Datum, ty: SqlType| match value {
            Datum::Null => "NULL".to_owned(),
            value => types::to_text(value, ty.oid, &context),
        };
        let line = |row: &Vec<Datum>| {
            let values = row.iter().zip(&query.output).map(|(v, column)| value(v, column.ty));
            values.collect::<Vec<_>>().join("|")
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    async fn answer(&self, sql: &str) -> String {
        let query = match self.bind(sql) {
            Ok(query) => query,
            Err(error) => return told(&error),
        };
        match self.planned(&query).await {
            Ok(rows) => self.text(&query, rows),
            Err(error) => told(&error),
        }
    }
}

fn told(error: &Error) -> String {
    format!("ERROR {}: {}", error.code(), error.message())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime")
}

/// The cases: a query, `----`, PostgreSQL's rows; separated by empty lines.
fn cases() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("cases.txt").trim_end().split("\n\n").map(|case| {
        let (sql, expected) = case.split_once("\n----").expect("a case has an answer");
        (sql, expected.trim_start_matches('\n'))
    })
}

#[test]
fn queries_answer_as_postgresql_does() {
    let fixture = Fixture::new();
    let mut wrong = Vec::new();
    for (sql, expected) in cases() {
        let answer = runtime().block_on(fixture.answer(sql));
        if answer != expected {
            wrong.push(format!("{sql}\nexpected:\n{expected}\nfound:\n{answer}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn fast_plans_answer_as_planned_queries_do() {
    let fixture = Fixture::new();
    let mut fast_plans = 0;
    for (sql, expected) in cases() {
        let Ok(query) = fixture.bind(sql) else { continue };
        let Some(fast) = FastPlan::recognise(&query, &fixture.context.eval.catalog) else {
            continue;
        };
        fast_plans += 1;
        let overlay = fixture.work().txn.overlay();
        let answer = match fast.run(&overlay, &fixture.context.eval, &[]) {
            Ok(Some(rows)) => fixture.text(&query, rows),
            Ok(None) => continue,
            Err(error) => told(&error),
        };
        assert_eq!(answer, expected, "{sql}");
    }
    assert!(fast_plans > 10, "only {fast_plans} queries have a fast plan");
}

#[test]
fn explain_prints_postgresqls_nodes() {
    let fixture = Fixture::new();
    let sql = "SELECT a.x FROM (VALUES (1), (2)) a(x) JOIN (VALUES (2)) b(x) ON a.x = b.x \
               ORDER BY a.x LIMIT 1";
    let statement = Statement::Query(fixture.bind(sql).expect("binds"));
    let options = ExplainOptions { costs: false, ..ExplainOptions::default() };
    let lines = runtime().block_on(async {
        let mut work = fixture.work();
        let stream = explain(&statement, &options, &[], &mut work, &fixture.context).await;
        match stream.expect("explains").rows.next().await {
            Some(Ok(Rows::Datums(rows))) => rows,
            _ => panic!("EXPLAIN gives rows"),
        }
    });
    let text: Vec<String> = lines.iter().map(|row| format!("{:?}", row[0])).collect();
    let text = text.join("\n");
    for node in ["Limit", "Sort Key", "Hash Join", "Hash Cond", "Values Scan"] {
        assert!(text.contains(node), "no {node} in\n{text}");
    }
}

#[test]
fn a_long_union_is_one_node() {
    let fixture = Fixture::new();
    let arms = vec!["SELECT 1 AS x"; 1_000].join(" UNION ALL ");
    let sql = format!("SELECT count(*) FROM ({arms}) s");
    let answer = std::thread::Builder::new()
        .stack_size(16 << 20)
        .spawn(move || runtime().block_on(fixture.answer(&sql)))
        .expect("thread")
        .join()
        .expect("no overflow");
    assert_eq!(answer, "1000");
}

#[test]
fn a_cancelled_query_ends_at_once() {
    let fixture = Fixture::new();
    let sql = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b \
               WHERE a + b = 3";
    let cancel = fixture.context.cancel.clone();
    let answer = runtime().block_on(async {
        let cancelling = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            cancel.cancel();
        };
        let (answer, ()) = tokio::join!(fixture.answer(sql), cancelling);
        answer
    });
    assert_eq!(answer, "ERROR 57014: canceling statement due to user request");
}
