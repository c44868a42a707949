//! Money moves between accounts and none is made or lost, whenever one looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::{block_on, connect, zserver::Zserver};

const ACCOUNTS: i32 = 10;
const BALANCE: i64 = 100;
const CLIENTS: i32 = 6;
const TRANSFERS: i32 = 150;

/// Moves money round after round; what cannot be serialized is tried again.
async fn transfer(client: Client, number: i32, begin: &str) {
    for turn in 0..TRANSFERS {
        let from = (number + turn) % ACCOUNTS;
        let to = (from + 1 + turn % (ACCOUNTS - 1)) % ACCOUNTS;
        let amount = turn % 7;
        let sql = format!(
            "{begin}; UPDATE accounts SET balance = balance - {amount} WHERE id = {from}; \
             UPDATE accounts SET balance = balance + {amount} WHERE id = {to}; COMMIT"
        );
        while let Err(error) = client.batch_execute(&sql).await {
            let code = error.code().expect("the server answers");
            let expected = [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED];
            assert!(expected.contains(&code), "{error:?}");
            client.batch_execute("ROLLBACK").await.expect("ROLLBACK");
        }
    }
}

/// Reads one half of the accounts after the other in one snapshot.
async fn look(mut client: Client, stop: Arc<AtomicBool>) -> usize {
    let mut looks = 0;
    while !stop.load(Ordering::Relaxed) {
        let level = tokio_postgres::IsolationLevel::RepeatableRead;
        let builder = client.build_transaction().isolation_level(level).read_only(true);
        let transaction = builder.start().await.expect("BEGIN");
        let mut total = 0;
        for half in 0..2 {
            let sql = "SELECT sum(balance)::bigint FROM accounts WHERE id % 2 = $1";
            let row = transaction.query_one(sql, &[&half]).await.expect("a sum");
            total += row.get::<_, i64>(0);
        }
        transaction.commit().await.expect("COMMIT");
        assert_eq!(total, i64::from(ACCOUNTS) * BALANCE);
        looks += 1;
    }
    looks
}

fn check(begin: &'static str) {
    let server = Zserver::start();
    block_on(async {
        let setup = connect(server.port).await;
        let sql = format!(
            "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint); \
             INSERT INTO accounts SELECT g, {BALANCE} FROM generate_series(0, {ACCOUNTS} - 1) g"
        );
        setup.batch_execute(&sql).await.expect("accounts");
        let stop = Arc::new(AtomicBool::new(false));
        let looker = tokio::spawn(look(connect(server.port).await, stop.clone()));
        let mut transfers = Vec::new();
        for number in 0..CLIENTS {
            let client = connect(server.port).await;
            client.batch_execute("SET deadlock_timeout = '5ms'").await.expect("SET");
            transfers.push(tokio::spawn(transfer(client, number, begin)));
        }
        for transfer in transfers {
            transfer.await.expect("the transfers are done");
        }
        stop.store(true, Ordering::Relaxed);
        assert!(looker.await.expect("the total is constant") > 0);
        let sql = "SELECT sum(balance)::bigint FROM accounts";
        let total: i64 = setup.query_one(sql, &[]).await.expect("a sum").get(0);
        assert_eq!(total, i64::from(ACCOUNTS) * BALANCE);
    });
}

#[test]
fn the_total_is_constant_under_read_committed_transfers() {
    check("BEGIN ISOLATION LEVEL READ COMMITTED");
}

#[test]
fn the_total_is_constant_under_repeatable_read_transfers() {
    check("BEGIN ISOLATION LEVEL REPEATABLE READ");
}
