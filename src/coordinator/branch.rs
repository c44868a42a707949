//! The branches of one transaction, from the first statement on another server to the
//! commit.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::{join_all, try_join_all};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::servers::with_source;
use super::tls::Connector;
use super::{Branch, Coordinator, decision, unreachable};
use crate::error::{Error, Result};
use crate::sqlstate::{self, SqlState};
use crate::txn::WriteBatch;

const EPOCH_2000_MICROSECONDS: i64 = 946_684_800_000_000;

/// What a statement on another server answers.
#[derive(Debug, Default)]
pub struct RemoteRows {
    /// Values in text form.
    pub rows: Vec<Vec<Option<String>>>,
    /// As its command tag says.
    pub count: u64,
}

/// Rows that one statement may bring.
const ROWS_MAX: usize = 1_000_000;

/// How far a transaction has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Nothing is prepared.
    Working,
    /// Some may be prepared, and there will be no decision unless all are.
    Preparing,
    /// The decision is on its way to the disk or there: nothing may be rolled back.
    Deciding,
    Over,
}

struct Open {
    server: String,
    gid: String,
    client: Arc<Client>,
    connector: Connector,
    /// A statement on it failed: it cannot be committed.
    failed: bool,
}

/// The part of a transaction that is on other servers. Dropping it rolls it back, unless
/// it is being decided; then it is left to [`Coordinator::resolve`].
pub struct Branches {
    coordinator: Arc<Coordinator>,
    transaction: u64,
    /// How a branch begins.
    begin: String,
    read_only: bool,
    open: Vec<Open>,
    stage: Stage,
    /// Statements sent so far.
    pub statements: u64,
}

impl Branches {
    pub(super) fn new(
        coordinator: Arc<Coordinator>,
        transaction: u64,
        begin: String,
        read_only: bool,
    ) -> Branches {
        Branches {
            coordinator,
            transaction,
            begin,
            read_only,
            open: Vec::new(),
            stage: Stage::Working,
            statements: 0,
        }
    }

    /// Runs one statement on a server, in this transaction's branch there. Blocks;
    /// `is_over` tells that the caller is to give up.
    pub fn run(
        &mut self,
        server: &str,
        sql: &str,
        is_over: &dyn Fn() -> bool,
    ) -> Result<RemoteRows> {
        let at = self.branch(server, is_over)?;
        self.statements += 1;
        let (client, text) = (self.open[at].client.clone(), sql.to_owned());
        let name = server.to_owned();
        let result =
            self.coordinator.wait(is_over, async move { query(&client, &name, &text).await });
        if result.is_err() {
            let branch = &mut self.open[at];
            branch.failed = true;
            // It may run on where it was given up.
            let token = branch.client.cancel_token();
            let connector = branch.connector.clone();
            let cancel = async move { token.cancel_query(connector).await };
            self.coordinator.runtime()?.spawn(cancel);
        }
        result
    }

    /// The branch on a server; it is begun if there is none.
    fn branch(&mut self, server: &str, is_over: &dyn Fn() -> bool) -> Result<usize> {
        if let Some(at) = self.open.iter().position(|open| open.server == server) {
            return Ok(at);
        }
        let known = {
            // From here on no server may be dropped.
            let _changes = self.coordinator.changes.lock();
            self.coordinator.set_active(self.transaction, true);
            self.coordinator.server(server)?
        };
        let number = self.coordinator.number()?;
        let number = number.ok_or_else(|| Error::internal("the coordinator has no number"))?;
        let (timeout, begin) = (self.coordinator.timeout(), self.begin.clone());
        let (client, connector) = self.coordinator.wait(is_over, async move {
            let (client, connector) = known.connect(timeout).await?;
            query(&client, &known.name, &begin).await?;
            Ok((client, connector))
        })?;
        let gid = gid(number, self.transaction, self.open.len());
        let (server, client) = (server.to_owned(), Arc::new(client));
        self.open.push(Open { server, gid, client, connector, failed: false });
        Ok(self.open.len() - 1)
    }

    /// Prepares all branches. If one cannot be, the transaction is to be rolled back.
    /// None if they are read only: there is nothing to be decided.
    pub async fn prepare(mut self) -> Result<Option<Branches>> {
        if let Some(failed) = self.open.iter().find(|open| open.failed) {
            return Err(Error::new(
                sqlstate::IN_FAILED_SQL_TRANSACTION,
                format!("the transaction on server \"{}\" has failed", failed.server),
            ));
        }
        if self.read_only {
            return Ok(None);
        }
        self.stage = Stage::Preparing;
        let timeout = self.coordinator.timeout();
        try_join_all(self.open.iter().map(|open| open.prepare(timeout))).await?;
        Ok(Some(self))
    }

    /// The decision to commit, for the local commit's batch. From now on nothing is
    /// rolled back, unless [`Branches::roll_back`] says that the commit failed.
    pub fn decide(&mut self) -> Result<WriteBatch> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_micros());
        let decided_at = i64::try_from(now).unwrap_or(i64::MAX) - EPOCH_2000_MICROSECONDS;
        let branches: Vec<Branch> = self
            .open
            .iter()
            .map(|open| Branch { server: open.server.clone(), gid: open.gid.clone(), decided_at })
            .collect();
        let mut batch = WriteBatch::new();
        decision::put(&mut batch, self.transaction, &branches)?;
        self.stage = Stage::Deciding;
        Ok(batch)
    }

    /// The decision is durable: tells all branches. Answers the servers that could not be
    /// told; they will be.
    pub async fn commit(mut self) -> Vec<String> {
        let timeout = self.coordinator.timeout();
        let told = join_all(self.open.iter().map(|open| open.commit(timeout))).await;
        let failed = self.open.iter().zip(told).filter_map(|(open, result)| {
            let error = result.err()?;
            tracing::warn!(server = open.server, gid = open.gid, %error, "a branch is in doubt");
            Some(open.server.clone())
        });
        let failed: Vec<String> = failed.collect();
        if failed.is_empty() {
            self.coordinator.forget(self.transaction);
        }
        self.stage = Stage::Over;
        failed
    }

    /// The local commit has failed for certain: there is no decision.
    pub fn roll_back(mut self) {
        self.stage = Stage::Preparing;
    }
}

impl Drop for Branches {
    fn drop(&mut self) {
        let open = std::mem::take(&mut self.open);
        let timeout = self.coordinator.timeout();
        // Without a decision to come, others may resolve it from now on; with one, its
        // outcome is known, or the process is about to end.
        if self.stage != Stage::Deciding {
            self.coordinator.set_active(self.transaction, false);
        }
        if self.stage != Stage::Preparing {
            // A server rolls back what is not prepared when its connection ends.
            return;
        }
        if let Ok(runtime) = self.coordinator.runtime() {
            runtime.spawn(async move {
                // What fails here is found by `resolve`.
                join_all(open.iter().map(|open| open.roll_back(timeout))).await;
            });
        }
    }
}

/// The name of a branch.
fn gid(coordinator: u64, transaction: u64, number: usize) -> String {
    format!("{}{transaction}:{number}", gid_prefix(coordinator))
}

pub(super) fn gid_prefix(coordinator: u64) -> String {
    format!("zserver:{coordinator:016x}:")
}

/// The transaction that a branch of this coordinator belongs to.
pub(super) fn transaction_of(coordinator: u64, gid: &str) -> Option<u64> {
    let (transaction, number) = gid.strip_prefix(&gid_prefix(coordinator))?.split_once(':')?;
    number.parse::<usize>().ok()?;
    transaction.parse().ok()
}

impl Open {
    async fn prepare(&self, timeout: Duration) -> Result<()> {
        let prepare = format!("PREPARE TRANSACTION '{}'", self.gid);
        let check = format!("SELECT 1 FROM pg_prepared_xacts WHERE gid = '{}'", self.gid);
        within(timeout, &self.server, async {
            query(&self.client, &self.server, &prepare).await?;
            // Of a transaction that has failed, PREPARE TRANSACTION makes a rollback.
            let found = query(&self.client, &self.server, &check).await?;
            match found.rows.is_empty() {
                false => Ok(()),
                true => Err(Error::new(
                    sqlstate::T_R_INTEGRITY_CONSTRAINT_VIOLATION,
                    format!("server \"{}\" has rolled its transaction back", self.server),
                )),
            }
        })
        .await
    }

    async fn commit(&self, timeout: Duration) -> Result<()> {
        let sql = format!("COMMIT PREPARED '{}'", self.gid);
        finished(within(timeout, &self.server, query(&self.client, &self.server, &sql)).await)
    }

    async fn roll_back(&self, timeout: Duration) -> Result<()> {
        let sql = format!("ROLLBACK PREPARED '{}'", self.gid);
        finished(within(timeout, &self.server, query(&self.client, &self.server, &sql)).await)
    }
}

/// A prepared transaction that does not exist any more has ended.
pub(super) fn finished<T>(result: Result<T>) -> Result<()> {
    match result {
        Err(error) if error.code() != sqlstate::UNDEFINED_OBJECT => Err(error),
        _ => Ok(()),
    }
}

pub(super) async fn within<T>(
    timeout: Duration,
    server: &str,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(timeout, work).await {
        Ok(result) => result,
        Err(_) => Err(unreachable(server, "no answer in time")),
    }
}

/// Runs one statement by the simple protocol.
pub(super) async fn query(client: &Client, server: &str, sql: &str) -> Result<RemoteRows> {
    use futures::TryStreamExt;
    let stream = client.simple_query_raw(sql).await.map_err(|error| failed(server, &error))?;
    let mut stream = std::pin::pin!(stream);
    let mut answer = RemoteRows::default();
    while let Some(message) = stream.try_next().await.map_err(|error| failed(server, &error))? {
        match message {
            SimpleQueryMessage::Row(row) => {
                if answer.rows.len() >= ROWS_MAX {
                    return Err(Error::new(
                        sqlstate::PROGRAM_LIMIT_EXCEEDED,
                        format!("server \"{server}\" answers with more than {ROWS_MAX} rows"),
                    ));
                }
                let values = (0..row.len()).map(|at| row.get(at).map(str::to_owned));
                answer.rows.push(values.collect());
            }
            SimpleQueryMessage::CommandComplete(count) => answer.count += count,
            _ => {}
        }
    }
    Ok(answer)
}

/// Another server's error as one of ours: its code and words, and where it comes from.
fn failed(server: &str, error: &tokio_postgres::Error) -> Error {
    let Some(theirs) = error.as_db_error() else {
        return unreachable(server, with_source(error));
    };
    let code = theirs.code().code().as_bytes().try_into().map(|code: [u8; 5]| SqlState::new(&code));
    let code = code.unwrap_or(sqlstate::CONNECTION_FAILURE);
    let mut ours = Error::new(code, theirs.message());
    if let Some(detail) = theirs.detail() {
        ours = ours.with_detail(detail);
    }
    if let Some(hint) = theirs.hint() {
        ours = ours.with_hint(hint);
    }
    ours.with_context(format!("server \"{server}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_whose_branch_it_is() {
        let name = gid(0xab, 17, 2);
        assert_eq!(name, "zserver:00000000000000ab:17:2");
        assert_eq!(transaction_of(0xab, &name), Some(17));
        assert_eq!(transaction_of(0xac, &name), None);
        for other in ["x", "zserver:00000000000000ab:17", "zserver:00000000000000ab:a:1"] {
            assert_eq!(transaction_of(0xab, other), None, "{other}");
        }
        assert!(gid(u64::MAX, u64::MAX, usize::MAX).len() < 200);
    }
}
