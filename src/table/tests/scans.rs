//! Tables read through DataFusion.

use datafusion::arrow::array::{Int32Array, Int64Array, RecordBatch};
use datafusion::physical_plan::displayable;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col, lit};

use super::*;

async fn numbers(rows: i32) -> Fixture {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false), ("part", INT4, false)]);
    fixture.index(101, 100, "t_pkey", 1, UNIQUE);
    fixture.index(
        102,
        100,
        "t_part",
        3,
        IndexOptions { descending: true, unique: false, ..UNIQUE },
    );
    let row = |id: i32| vec![Datum::Int4(id), Datum::Text(id.to_string()), Datum::Int4(id / 10)];
    fixture.insert(100, (0..rows).map(row).collect()).await.expect("inserted");
    fixture
}

fn table(fixture: &Fixture, work: Option<&Work>) -> Arc<dyn datafusion::catalog::TableProvider> {
    let ctx = fixture.context();
    let overlay = match work {
        Some(work) => work.txn.overlay(),
        None => fixture.transactions.published().overlay(),
    };
    let options = ScanOptions {
        system: vec![ScanColumn::Rid],
        batch_rows: ctx.limits.batch_rows,
        parallelism: 2,
        cancel: ctx.cancel,
        proof: None,
        alias: None,
        hints: Vec::new(),
        indexes: Default::default(),
    };
    provider(fixture.info(100), overlay, options)
}

fn frame(fixture: &Fixture, work: Option<&Work>) -> DataFrame {
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    session.read_table(table(fixture, work)).expect("a table")
}

fn ids(batches: &[RecordBatch]) -> Vec<i32> {
    let column = |batch: &RecordBatch| {
        let column = batch.column_by_name("a1").expect("a1").clone();
        column.as_any().downcast_ref::<Int32Array>().expect("int4").values().to_vec()
    };
    batches.iter().flat_map(column).collect()
}

async fn plan(frame: &DataFrame) -> String {
    let plan = frame.clone().create_physical_plan().await.expect("a plan");
    displayable(plan.as_ref()).indent(false).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_gives_all_rows_in_order_with_their_rids() {
    let fixture = numbers(1000).await;
    let batches = frame(&fixture, None).collect().await.expect("rows");
    assert_eq!(ids(&batches), (0..1000).collect::<Vec<_>>());
    let rids = batches[0].column_by_name("rid").expect("rid").clone();
    assert_eq!(rids.as_any().downcast_ref::<Int64Array>().expect("int8").value(0), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_sees_the_own_writes_and_not_those_of_others() {
    let fixture = numbers(10).await;
    let (mut work, ctx) = (fixture.begin(Isolation::ReadCommitted), fixture.context());
    let more = vec![Datum::Int4(99), Datum::Null, Datum::Null];
    insert(&mut work, &ctx, 100, vec![more]).await.expect("inserted");
    delete(&mut work, &ctx, 100, 1).await.expect("deleted");
    let own = frame(&fixture, Some(&work)).collect().await.expect("rows");
    assert_eq!(ids(&own), [1, 2, 3, 4, 5, 6, 7, 8, 9, 99]);
    let others = frame(&fixture, None).collect().await.expect("rows");
    assert_eq!(ids(&others), (0..10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selective_filter_uses_the_index_and_a_wide_one_does_not() {
    let fixture = numbers(5000).await;
    let one = frame(&fixture, None).filter(col("a1").eq(lit(42))).expect("a filter");
    assert!(plan(&one).await.contains("index=t_pkey"), "{}", plan(&one).await);
    assert_eq!(ids(&one.collect().await.expect("rows")), [42]);
    let range = col("a3").gt_eq(lit(3)).and(col("a3").lt(lit(5)));
    let range = frame(&fixture, None).filter(range).expect("a filter");
    assert!(plan(&range).await.contains("index=t_part"), "{}", plan(&range).await);
    assert_eq!(ids(&range.collect().await.expect("rows")), (30..50).collect::<Vec<_>>());
    let wide = frame(&fixture, None).filter(col("a1").gt(lit(10))).expect("a filter");
    assert!(!plan(&wide).await.contains("index="), "{}", plan(&wide).await);
    assert_eq!(wide.count().await.expect("rows"), 4989);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_a_text_column_is_evaluated_in_the_scan() {
    let fixture = numbers(300).await;
    let some = frame(&fixture, None).filter(col("a2").eq(lit("77"))).expect("a filter");
    assert!(!plan(&some).await.contains("FilterExec"), "{}", plan(&some).await);
    assert_eq!(ids(&some.collect().await.expect("rows")), [77]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_stops_the_scan() {
    let fixture = numbers(1000).await;
    let few = frame(&fixture, None).limit(0, Some(7)).expect("a limit");
    assert!(plan(&few).await.contains("limit=7"), "{}", plan(&few).await);
    assert_eq!(ids(&few.collect().await.expect("rows")), [0, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_ends_when_it_is_cancelled() {
    let fixture = numbers(1000).await;
    let options = ScanOptions {
        system: Vec::new(),
        batch_rows: 10,
        parallelism: 1,
        cancel: CancellationToken::new(),
        proof: None,
        alias: None,
        hints: Vec::new(),
        indexes: Default::default(),
    };
    let (cancel, overlay) = (options.cancel.clone(), fixture.transactions.published().overlay());
    let session = SessionContext::new();
    let frame = session.read_table(provider(fixture.info(100), overlay, options)).expect("table");
    cancel.cancel();
    let error = frame.collect().await.expect_err("cancelled");
    assert!(error.to_string().contains("canceling statement"), "{error}");
}

#[test]
fn keyed_lookups_go_both_ways() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let fixture = runtime.expect("a runtime").block_on(numbers(100));
    let (info, overlay) = (fixture.info(100), fixture.transactions.published().overlay());
    let pkey = info.index(101).expect("the index");
    let (_, row) =
        lookup::unique(&info, &overlay, pkey, &[Datum::Int4(42)]).expect("readable").expect("42");
    let name = lookup::columns(&info, &row, &[1]).expect("decodable");
    assert!(matches!(&name[0], Datum::Text(text) if text == "42"));
    use crate::index::ordered::{End, KeySearch};
    let search = KeySearch {
        equal: Vec::new(),
        lower: End::Excluded(Datum::Int4(10)),
        upper: End::Included(Datum::Int4(13)),
    };
    let ids = |reverse| -> Vec<i32> {
        lookup::Lookup::new(&info, &overlay, pkey, &search, reverse)
            .map(|row| lookup::columns(&info, &row.expect("readable").1, &[0]).expect("a row"))
            .map(|columns| int_of(&columns[0]))
            .collect()
    };
    assert_eq!(ids(false), [11, 12, 13]);
    assert_eq!(ids(true), [13, 12, 11]);
    // A descending index reads the same range the other way.
    let part = info.index(102).expect("the index");
    let search = KeySearch { lower: End::Included(Datum::Int4(8)), upper: End::Open, ..search };
    let parts: Vec<i32> = lookup::Lookup::new(&info, &overlay, part, &search, false)
        .map(|row| lookup::columns(&info, &row.expect("readable").1, &[2]).expect("a row"))
        .map(|columns| int_of(&columns[0]))
        .collect();
    assert_eq!(parts, [[9; 10], [8; 10]].concat());
}

/// Joins a few keys, each twice, with the numbered rows; the build side in two parts.
async fn joined(fixture: &Fixture, keys: &[i32], on: [&[&str]; 2]) -> Vec<i32> {
    let mut config = SessionConfig::new().with_target_partitions(2);
    let options = config.options_mut();
    options.optimizer.hash_join_single_partition_threshold = 0;
    options.optimizer.hash_join_single_partition_threshold_rows = 0;
    let session = SessionContext::new_with_config(config);
    let twice: Int32Array = keys.iter().chain(keys).copied().collect();
    let parts: Int32Array = twice.iter().map(|id| id.map(|id| id / 10)).collect();
    let columns: Vec<(&str, datafusion::arrow::array::ArrayRef)> =
        vec![("k", Arc::new(twice)), ("p", Arc::new(parts))];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let small = session.read_batch(batch).expect("keys");
    let large = session.read_table(table(fixture, None)).expect("a table");
    let join = datafusion::logical_expr::JoinType::Inner;
    let frame = small.join(large, join, on[0], on[1], None).expect("a join");
    let shown = plan(&frame).await;
    assert!(shown.contains("mode=Partitioned") && shown.contains("TableScan"), "{shown}");
    let mut found = ids(&frame.collect().await.expect("rows"));
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_finds_its_partners_by_the_keys_of_all_parts() {
    let fixture = numbers(1000).await;
    let keys: Vec<i32> = (0..40).map(|n| n * 37 % 1100).collect();
    let mut expected: Vec<i32> =
        keys.iter().chain(&keys).copied().filter(|key| *key < 1000).collect();
    expected.sort_unstable();
    assert_eq!(joined(&fixture, &keys, [&["k"], &["a1"]]).await, expected);
    assert_eq!(joined(&fixture, &keys, [&["k", "p"], &["a1", "a3"]]).await, expected);
}
