//! Statements of several transactions: VACUUM, CLUSTER and REINDEX of many tables, and the
//! …CONCURRENTLY family.
//!
//! Such a statement runs outside of a transaction block. Between two of its stages it
//! gives its transaction to the session, which commits it and begins the next
//! ([`Staged::next`]): what one stage has done stays done if a later one fails, as in
//! PostgreSQL. What has to be kept over the stages, a lock on the table most of all, is the
//! session's ([`Staged::keep_lock`]) until the statement ends.
//!
//! | module | statement |
//! |---|---|
//! | [`index`] | CREATE INDEX CONCURRENTLY, and the steps it shares with REINDEX |
//! | [`reindex`] | REINDEX, concurrently or one index a transaction |
//! | [`drop_index`] | DROP INDEX CONCURRENTLY |
//! | [`detach`] | ALTER TABLE … DETACH PARTITION … CONCURRENTLY |

mod detach;
mod drop_index;
mod index;
mod reindex;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::command;
use super::ddl::Arguments;
use super::outcome::Outcome;
use super::parse::{NodeEnum, ParsedStatement, ast};
use super::run::{StatementContext, Work};
use super::utility;
use crate::catalog::{Change, Object, Persistence, Relation};
use crate::error::{Error, Result};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::table::lock;
use crate::txn::{LockMode, SessionLocks};

/// A stage is done: the session commits its work and answers with the next.
pub struct NextStage {
    pub work: Work,
    pub reply: oneshot::Sender<Result<(Work, StatementContext)>>,
}

/// A statement and the transaction that it is in now.
pub struct Staged<'a> {
    pub work: &'a mut Work,
    pub ctx: StatementContext,
    requests: mpsc::UnboundedSender<NextStage>,
    kept: Option<SessionLocks>,
    /// It may write in read-only transactions: what it writes, no dump shows.
    maintains: bool,
}

/// Whether a statement may be one of several transactions, where no block is around it.
pub fn has_stages(parsed: &ParsedStatement) -> bool {
    match &parsed.node {
        NodeEnum::VacuumStmt(_) | NodeEnum::ReindexStmt(_) | NodeEnum::ClusterStmt(_) => true,
        NodeEnum::IndexStmt(statement) => statement.concurrent,
        NodeEnum::DropStmt(statement) => statement.concurrent,
        NodeEnum::AlterTableStmt(statement) => detach::detached(statement).is_some(),
        _ => false,
    }
}

/// What a statement is called that must have its transactions for itself: PostgreSQL's
/// `PreventInTransactionBlock`.
pub fn alone(parsed: &ParsedStatement) -> Option<&'static str> {
    use ast::ReindexObjectType as Kind;
    Some(match &parsed.node {
        NodeEnum::VacuumStmt(statement) if statement.is_vacuumcmd => "VACUUM",
        NodeEnum::IndexStmt(statement) if statement.concurrent => "CREATE INDEX CONCURRENTLY",
        NodeEnum::DropStmt(statement) if statement.concurrent => "DROP INDEX CONCURRENTLY",
        NodeEnum::ClusterStmt(statement) if statement.relation.is_none() => "CLUSTER",
        NodeEnum::AlterTableStmt(statement) if detach::detached(statement).is_some() => {
            "ALTER TABLE ... DETACH CONCURRENTLY"
        }
        NodeEnum::ReindexStmt(statement) => match statement.kind() {
            Kind::ReindexObjectSchema => "REINDEX SCHEMA",
            Kind::ReindexObjectSystem => "REINDEX SYSTEM",
            Kind::ReindexObjectDatabase => "REINDEX DATABASE",
            _ if utility::reindex::is_concurrent(statement) => "REINDEX CONCURRENTLY",
            _ => return None,
        },
        _ => return None,
    })
}

/// Runs a statement in stages.
pub async fn execute(
    parsed: &Arc<ParsedStatement>,
    work: &mut Work,
    ctx: StatementContext,
    requests: mpsc::UnboundedSender<NextStage>,
) -> Result<Outcome> {
    let maintains = command::write_class(&parsed.node) == command::WriteClass::Maintains;
    let mut staged = Staged { work, ctx, requests, kept: None, maintains };
    match &parsed.node {
        NodeEnum::VacuumStmt(statement) => {
            utility::maintenance::vacuum_in_stages(statement, &mut staged).await
        }
        NodeEnum::ClusterStmt(statement) => {
            utility::cluster::cluster_in_stages(statement, &mut staged).await
        }
        NodeEnum::ReindexStmt(statement) => reindex::reindex(statement, &mut staged).await,
        NodeEnum::IndexStmt(_) => index::create(parsed, &mut staged).await,
        NodeEnum::DropStmt(statement) => {
            drop_index::drop_index(parsed, statement, &mut staged).await
        }
        NodeEnum::AlterTableStmt(statement) => detach::detach(parsed, statement, &mut staged).await,
        _ => Err(Error::internal("the statement has no stages")),
    }
    .map(|tag| Outcome::Command(tag.to_owned()))
}

impl Staged<'_> {
    /// Commits the present transaction and goes on in a new one.
    pub async fn next(&mut self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let stand_in = self.work.stand_in();
        let work = std::mem::replace(self.work, stand_in);
        let gone = || Error::internal("the session of a statement is gone");
        self.requests.send(NextStage { work, reply }).map_err(|_| gone())?;
        let (work, ctx) = answer.await.map_err(|_| gone())??;
        *self.work = work;
        self.ctx = ctx;
        if self.maintains {
            self.work.txn.permit_writes();
        }
        Ok(())
    }

    /// Keeps a lock that the present transaction holds until the statement ends.
    pub fn keep_lock(&mut self, relation: Oid, mode: LockMode) -> Result<()> {
        if self.kept.is_none() {
            self.kept = Some(self.work.txn.session_locks()?);
        }
        if let Some(kept) = &mut self.kept {
            kept.keep(lock::relation(&self.work.catalog, relation), mode);
        }
        Ok(())
    }

    /// Waits for those who hold a conflicting lock on a table now.
    pub async fn wait_for_lockers(&mut self, table: Oid, mode: LockMode) -> Result<()> {
        lock::wait_for_lockers(table, mode, self.work, &self.ctx).await
    }

    /// Locks a relation and looks at it again; none if it is gone.
    pub async fn lock(&mut self, oid: Oid, mode: LockMode) -> Result<Option<Arc<Relation>>> {
        let resource = lock::relation(&self.work.catalog, oid);
        lock::acquire(&mut self.work.txn, resource, mode, &self.ctx).await?;
        self.refresh();
        Ok(self.work.catalog.relation(oid).cloned())
    }

    /// Takes the newest snapshot, and the catalog that belongs to it.
    pub fn refresh(&mut self) {
        self.work.txn.refresh_snapshot();
        self.work.refreshed = None;
        self.work.refresh_catalog();
    }

    pub fn put_relation(&mut self, relation: Relation) {
        self.work.change(Change::put(Object::Relation(Arc::new(relation))));
    }

    /// Runs a statement, or the first stage of it, as a plain one.
    async fn plainly(&mut self, parsed: &Arc<ParsedStatement>) -> Result<String> {
        let outcome = utility::perform(parsed, Arguments::default(), self.work, &self.ctx).await?;
        match outcome {
            Outcome::Command(tag) => Ok(tag),
            _ => Err(Error::internal("a utility statement has an outcome of its own")),
        }
    }
}

/// Nobody else sees a temporary table: what is said of others does not concern it.
fn is_temporary(relation: &Relation) -> bool {
    relation.persistence != Persistence::Permanent
}

/// `XX000`: what a stage goes on with is gone, although it is locked.
fn lost(oid: Oid) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("could not open relation with OID {oid}"))
}

/// The same statement without its CONCURRENTLY.
fn not_concurrent(parsed: &ParsedStatement) -> Arc<ParsedStatement> {
    let node = match &parsed.node {
        NodeEnum::IndexStmt(statement) => {
            let statement = ast::IndexStmt { concurrent: false, ..(**statement).clone() };
            NodeEnum::IndexStmt(Box::new(statement))
        }
        NodeEnum::DropStmt(statement) => {
            NodeEnum::DropStmt(ast::DropStmt { concurrent: false, ..statement.clone() })
        }
        other => other.clone(),
    };
    Arc::new(ParsedStatement { node, ..parsed.clone() })
}
