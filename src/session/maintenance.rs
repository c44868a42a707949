//! Checks and backups, for a session that asks for one and for the server's commands.
//!
//! Both read one instant of their own, not the session's transaction: what it has not
//! committed is not in them.

use std::path::Path;
use std::sync::Arc;

use super::block::Phase;
use super::hooks::Hooks;
use super::{Database, Session};
use crate::backup::{self, BackupOptions};
use crate::catalog::{self, Catalog};
use crate::error::{Error, Result};
use crate::sql::functions::{EvalContext, SessionHooks};
use crate::sql::privilege;
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;
use crate::storage::Verified;
use crate::table::blocking;
use crate::table::check::{self, Report, Severity};
use crate::txn::Isolation;
use crate::txn::archive::ArchiveStatus;

impl Hooks {
    /// Everything, or one table. Blocks.
    pub(super) fn check(&self, eval: &EvalContext, only: Option<Oid>) -> Result<Report> {
        let own = self.backend.database_oid;
        let mut work = self.database.begin(own, Isolation::RepeatableRead, true, None)?;
        let mut report = Report::default();
        let contents = self.database.config().files_directory();
        let all = catalog::cluster(&work.txn.published().attachment);
        let catalogs: Vec<Arc<Catalog>> = match only {
            Some(_) => vec![work.catalog.clone()],
            None => all.catalogs().cloned().collect(),
        };
        for catalog in &catalogs {
            let eval =
                EvalContext { catalog: catalog.clone(), loan: Arc::default(), ..eval.clone() };
            let cancel = self.statement_token().unwrap_or_default();
            let ctx = self.statement_context(Arc::new(eval), cancel);
            let is_other = catalog.database != own;
            let name = catalog.database(catalog.database).map(|database| database.name.clone());
            work.catalog = catalog.clone();
            let place = name.filter(|_| is_other);
            report = check::check(&mut work, &ctx, only, place, &contents, report)?;
        }
        if only.is_none() {
            let eval = EvalContext { loan: Arc::default(), ..eval.clone() };
            let cancel = self.statement_token().unwrap_or_default();
            let ctx = self.statement_context(Arc::new(eval), cancel);
            report = check::check_storage(&mut work, &ctx, &catalogs, report)?;
        }
        work.txn.rollback();
        if only.is_none() {
            let verified = self.verify_files()?;
            (report.files, report.file_bytes) = (verified.files, verified.bytes);
            for damage in verified.damages {
                let file = damage.file.display().to_string();
                report.add(Severity::Error, "file", &file, damage.what);
            }
        }
        Ok(report)
    }

    fn verify_files(&self) -> Result<Verified> {
        use crate::sql::functions::SessionHooks;
        self.database.transactions.engine().verify(&mut |_| match self.is_cancelled() {
            true => Err(Error::query_canceled()),
            false => Ok(()),
        })
    }

    /// `zserver_check`: severity, kind, object, message.
    pub(super) fn check_rows(
        &self,
        eval: &EvalContext,
        only: Option<Oid>,
    ) -> Result<Vec<Vec<Datum>>> {
        if !privilege::is_superuser(eval)? {
            return Err(insufficient("must be superuser to check the database"));
        }
        if let Some(oid) = only
            && !eval.catalog.relation(oid).is_some_and(|table| table.is_table())
        {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("relation with OID {oid} is not a table"),
            ));
        }
        let report = blocking(|| self.check(eval, only))?;
        let text = |text: &str| Datum::Text(text.to_owned());
        let mut rows: Vec<Vec<Datum>> = report
            .findings
            .iter()
            .map(|found| {
                let severity = text(found.severity.as_str());
                vec![severity, text(found.kind), text(&found.object), text(&found.message)]
            })
            .collect();
        if report.more > 0 {
            let more = format!("{} more findings of these kinds", report.more);
            rows.push(vec![text("error"), text("more"), text(""), text(&more)]);
        }
        Ok(rows)
    }

    /// `zserver_backup`: commit timestamp, chunks and bytes written, chunks shared.
    pub(super) fn take_backup(
        &self,
        eval: &EvalContext,
        directory: &str,
        previous: Option<&str>,
    ) -> Result<Vec<Datum>> {
        use crate::sql::functions::SessionHooks;
        if !privilege::has_role(eval, "pg_write_server_files")? {
            return Err(insufficient(
                "must be superuser or have privileges of the pg_write_server_files role to take \
                 a backup",
            ));
        }
        for path in [Some(directory), previous].into_iter().flatten() {
            if !Path::new(path).is_absolute() {
                return Err(Error::new(
                    sqlstate::INVALID_NAME,
                    "relative path not allowed for a backup on the server",
                ));
            }
        }
        let contents = self.database.config().files_directory();
        let options = BackupOptions {
            contents: &contents,
            directory: Path::new(directory),
            previous: previous.map(Path::new),
            is_cancelled: &|| self.is_cancelled(),
        };
        let created = blocking(|| {
            // No content that a row names at the instant is removed before it is copied.
            let _gate = self.database.contents.pins.gate.read();
            backup::create(&self.database.transactions, &options)
        })?;
        let number = |number: u64| Datum::Int8(i64::try_from(number).unwrap_or(i64::MAX));
        Ok(vec![
            number(created.manifest.commit_ts),
            number(created.chunks_written),
            number(created.bytes_written),
            number(created.chunks_shared),
        ])
    }

    /// `zserver_switch_archive`.
    pub(super) fn switch_archive_segment(&self, eval: &EvalContext) -> Result<()> {
        if !privilege::is_superuser(eval)? {
            return Err(insufficient("must be superuser to switch the archive's segment"));
        }
        if self.database.transactions.archive_status().is_none() {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "the server does not archive",
            )
            .with_hint("Set \"archive_directory\" and start the server again."));
        }
        blocking(|| self.database.transactions.switch_archive_segment())
    }

    /// `pg_stat_archiver`.
    pub(super) fn archiver_rows(&self) -> Vec<Vec<Datum>> {
        let status = self.database.transactions.archive_status();
        let ArchiveStatus { archived_count, last_archived, failed_count, last_failed } =
            status.unwrap_or_default();
        let number = |number: u64| Datum::Int8(i64::try_from(number).unwrap_or(i64::MAX));
        let name = |last: &Option<(String, i64)>| {
            last.as_ref().map_or(Datum::Null, |(name, _)| Datum::Text(name.clone()))
        };
        let time = |last: &Option<(String, i64)>| {
            last.as_ref().map_or(Datum::Null, |(_, time)| Datum::TimestampTz(since_2000(*time)))
        };
        vec![vec![
            number(archived_count),
            name(&last_archived),
            time(&last_archived),
            number(failed_count),
            name(&last_failed),
            time(&last_failed),
            Datum::TimestampTz(self.database.started),
        ]]
    }
}

/// Microseconds since 2000 of microseconds since 1970.
fn since_2000(time: i64) -> i64 {
    time.saturating_sub(946_684_800_000_000)
}

fn insufficient(message: &str) -> Error {
    Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
}

/// Checks everything, for the server's own command.
pub async fn check_database(database: &Arc<Database>) -> Result<Report> {
    let first = database.cluster().catalogs().next().map(|catalog| catalog.database);
    let mut session = Session::open_own(database.clone(), first.unwrap_or_default())?;
    session.begin_command(Phase::Single)?;
    session.begin_statement()?;
    let eval = session.eval_context();
    let hooks = session.hooks.clone();
    let report = tokio::task::spawn_blocking(move || hooks.check(&eval, None))
        .await
        .map_err(|error| Error::internal(format!("the check ended: {error}")))?;
    session.end_command(true).await?;
    report
}
