//! What the audit log ([`crate::audit`]) is told of a session: statements that are done,
//! what was refused, and what functions have done to the server.

use super::Session;
use super::hooks::Hooks;
use super::logging::without_passwords;
use crate::audit::{self, Class, DENIED, Event, OK, Record};
use crate::config::LogStatement;
use crate::error::{Error, Result};
use crate::sql::command::{self, log_class};
use crate::sql::functions::{EvalContext, SessionHooks};
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sql::privilege;
use crate::sql::types::Datum;
use crate::sqlstate;

impl Hooks {
    /// An event of this session: who, where, from where; as whom, if that is another.
    fn audit_event(&self, class: Class, event: &str, outcome: &'static str) -> Event {
        let backend = &self.backend;
        let user = self.session_user();
        let role = self.settings.lock().derived().role.clone().filter(|role| *role != user);
        Event::new(class, event, outcome)
            .by(&user, &backend.database)
            .with("role", &role.unwrap_or_default())
            .with_number("pid", u64::try_from(backend.pid).unwrap_or(0))
            .from(backend.ends().map(|ends| ends.client))
    }

    /// A statement that defines, grants or configures something is done.
    pub(super) fn audit_command(&self, statement: &ParsedStatement) {
        let log = &self.database.audit;
        let Some(class) = class_of(&statement.node).filter(|class| log.keeps(*class)) else {
            return;
        };
        let event = self.audit_event(class, &command::name(&statement.node), OK);
        let id = self.assigned_transaction_id().unwrap_or(0);
        let event = if id == 0 { event } else { event.with_number("xid", id) };
        log.record(event.with("detail", &without_passwords(statement.sql())));
    }

    /// What was refused for want of privileges.
    pub(super) fn audit_refusal(&self, error: &Error, statement: &str) {
        let log = &self.database.audit;
        if error.code() != sqlstate::INSUFFICIENT_PRIVILEGE || !log.keeps(Class::Refused) {
            return;
        }
        let event = self.audit_event(Class::Refused, error.message(), DENIED);
        let event = event.with("code", error.code().as_str());
        log.record(event.with("detail", &without_passwords(statement)));
    }

    /// A function has done something to the server.
    pub(super) fn audit_admin(&self, event: &str, detail: &str) {
        if self.database.audit.keeps(Class::Admin) {
            let event = self.audit_event(Class::Admin, event, OK);
            self.database.audit.record(event.with("detail", detail));
        }
    }

    /// `zserver_audit_event`: for functions that run as a superuser, such as those of the
    /// extension `auth`; the event is their caller's.
    pub(super) fn audit_key_event(
        &self,
        eval: &EvalContext,
        event: &str,
        detail: &str,
    ) -> Result<()> {
        if !privilege::is_superuser(eval)? {
            let message = "must be superuser to write the audit log";
            return Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message));
        }
        if self.database.audit.keeps(Class::Key) {
            let event = self.audit_event(Class::Key, event, OK);
            self.database.audit.record(event.with("detail", detail));
        }
        Ok(())
    }

    /// `zserver_audit`.
    pub(super) fn audited_rows(
        &self,
        eval: &EvalContext,
        since: Option<i64>,
    ) -> Result<Box<dyn Iterator<Item = Result<Vec<Datum>>> + Send>> {
        if !privilege::has_role(eval, "pg_monitor")? {
            let message = "must be superuser or have privileges of the pg_monitor role to read the \
                           audit log";
            return Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message));
        }
        let Some(directory) = self.database.audit.directory() else {
            return Ok(Box::new(std::iter::empty()));
        };
        let rows = audit::records(&directory)?.filter_map(move |record| {
            let row = record.map(|record| row_of(&record)).transpose()?;
            let time = row.as_ref().ok().and_then(|row| time_of(row));
            let is_before = since.zip(time).is_some_and(|(since, time)| time < since);
            (!is_before).then_some(row)
        });
        Ok(Box::new(rows))
    }
}

/// Which class a statement is of, if it is of one.
fn class_of(node: &NodeEnum) -> Option<Class> {
    use NodeEnum as N;
    Some(match node {
        N::GrantStmt(_)
        | N::GrantRoleStmt(_)
        | N::AlterDefaultPrivilegesStmt(_)
        | N::CreateRoleStmt(_)
        | N::AlterRoleStmt(_)
        | N::AlterRoleSetStmt(_)
        | N::DropRoleStmt(_)
        | N::AlterOwnerStmt(_)
        | N::DropOwnedStmt(_)
        | N::ReassignOwnedStmt(_) => Class::Grant,
        N::CreatePolicyStmt(_) | N::AlterPolicyStmt(_) => Class::Policy,
        N::DropStmt(drop) if drop.remove_type() == ast::ObjectType::ObjectPolicy => Class::Policy,
        N::RenameStmt(rename) if rename.rename_type() == ast::ObjectType::ObjectPolicy => {
            Class::Policy
        }
        N::AlterTableStmt(alter) if alters_row_security(alter) => Class::Policy,
        N::AlterSystemStmt(_) | N::AlterDatabaseSetStmt(_) | N::CheckPointStmt(_) => Class::Admin,
        // What others never see.
        N::CreateStmt(create) if is_temporary(create.relation.as_ref()) => return None,
        node if log_class(node) == LogStatement::Ddl => Class::Ddl,
        _ => return None,
    })
}

fn is_temporary(relation: Option<&ast::RangeVar>) -> bool {
    relation.is_some_and(|relation| relation.relpersistence == "t")
}

fn alters_row_security(alter: &ast::AlterTableStmt) -> bool {
    use ast::AlterTableType as Kind;
    alter.cmds.iter().any(|command| match &command.node {
        Some(NodeEnum::AlterTableCmd(command)) => matches!(
            command.subtype(),
            Kind::AtEnableRowSecurity
                | Kind::AtDisableRowSecurity
                | Kind::AtForceRowSecurity
                | Kind::AtNoForceRowSecurity
        ),
        _ => false,
    })
}

/// Microseconds since 2000 of a record's time.
fn microseconds(time: &str) -> Option<i64> {
    const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;
    let time = chrono::DateTime::parse_from_rfc3339(time).ok()?;
    Some(time.timestamp_micros() - EPOCH_MICROSECONDS)
}

fn time_of(row: &[Datum]) -> Option<i64> {
    match row.get(1) {
        Some(Datum::TimestampTz(time)) => Some(*time),
        _ => None,
    }
}

fn row_of(record: &Record) -> Option<Vec<Datum>> {
    let text = |name: &str| match record.text(name) {
        "" => Datum::Null,
        text => Datum::Text(text.to_owned()),
    };
    let pid = record.members.get("pid").and_then(|pid| i32::try_from(pid.as_i64()?).ok());
    let time = microseconds(record.text("time"));
    Some(vec![
        Datum::Int8(i64::try_from(record.seq).ok()?),
        time.map_or(Datum::Null, Datum::TimestampTz),
        text("class"),
        text("event"),
        text("outcome"),
        text("user"),
        text("database"),
        pid.map_or(Datum::Null, Datum::Int4),
        text("client"),
        text("code"),
        text("detail"),
        Datum::Text(serde_json::Value::Object(record.members.clone()).to_string()),
    ])
}

impl Session {
    /// A session has begun, at whichever port.
    pub fn audit_login(&self, how: &str) {
        if self.database.audit.keeps(Class::Login) {
            let event = self.hooks.audit_event(Class::Login, "login", OK);
            self.database.audit.record(event.with("detail", how));
        }
    }
}
