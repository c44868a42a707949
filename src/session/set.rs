//! SET, RESET, SHOW and DISCARD.

use std::sync::Arc;

use super::Session;
use super::settings::{Authority, IsolationLevel, Scope, Settings, parse_bool};
use super::statement::{Arg, DiscardTarget, Modes, SetCommand};
use crate::catalog::quote_identifier;
use crate::error::{Error, Result};
use crate::sql::outcome::{Outcome, ResultColumn, RowStream, Rows, RowsTag};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

/// The parameters that are the transaction's and not the session's.
const TRANSACTION_PARAMETERS: [&str; 3] =
    ["transaction_isolation", "transaction_read_only", "transaction_deferrable"];

/// Whose arguments may be a list.
const LIST_PARAMETERS: [&str; 6] = [
    "search_path",
    "DateStyle",
    "temp_tablespaces",
    "session_preload_libraries",
    "shared_preload_libraries",
    "unix_socket_directories",
];

impl Session {
    pub(super) fn run_set(&mut self, command: &SetCommand) -> Result<Outcome> {
        // A role may have been created just before.
        self.hooks.set_catalog(&self.catalog());
        match command {
            SetCommand::Value { name, args, local } => {
                let text = argument_text(name, args)?;
                self.warn_local(*local);
                self.set_parameter(name, &text, scope(*local))?;
            }
            SetCommand::Default { name, local, is_reset } => {
                self.warn_local(*local);
                self.reset_parameter(name, scope(*local))?;
                if *is_reset {
                    return Ok(Outcome::Command("RESET".to_owned()));
                }
            }
            SetCommand::ResetAll => {
                self.settings.lock().reset_all();
                return Ok(Outcome::Command("RESET".to_owned()));
            }
            SetCommand::Transaction(modes) => self.set_transaction(*modes)?,
            SetCommand::Snapshot(id) => self.import_snapshot(id)?,
            SetCommand::Characteristics(modes) => self.set_characteristics(*modes)?,
        }
        Ok(Outcome::Command("SET".to_owned()))
    }

    fn warn_local(&self, local: bool) {
        if local && !self.block.is_explicit() {
            self.warn(
                sqlstate::NO_ACTIVE_SQL_TRANSACTION,
                "SET LOCAL can only be used in transaction blocks",
            );
        }
    }

    fn set_parameter(&mut self, name: &str, text: &str, scope: Scope) -> Result<()> {
        if let Some(modes) = transaction_modes(name, text)? {
            return self.set_transaction(modes);
        }
        self.hooks.set_parameter(name, text, scope, self.authority()).map(|_| ())
    }

    fn reset_parameter(&mut self, name: &str, scope: Scope) -> Result<()> {
        if TRANSACTION_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let defaults = self.default_characteristics();
            return self.set_transaction(Modes {
                isolation: Some(defaults.isolation),
                read_only: Some(defaults.read_only),
                deferrable: Some(defaults.deferrable),
            });
        }
        match name.to_ascii_lowercase().as_str() {
            "role" => self.hooks.set_parameter("role", "none", scope, self.authority()).map(|_| ()),
            "session_authorization" => self.hooks.reset_session_authorization(scope),
            _ => {
                // Reads the settings itself, so before they are locked.
                let authority = self.authority();
                self.settings.lock().reset(name, scope, authority)
            }
        }
    }

    fn set_characteristics(&mut self, modes: Modes) -> Result<()> {
        let mut settings = self.settings.lock();
        let flag = |value: bool| if value { "on" } else { "off" };
        let values = [
            ("default_transaction_isolation", modes.isolation.map(IsolationLevel::as_str)),
            ("default_transaction_read_only", modes.read_only.map(flag)),
            ("default_transaction_deferrable", modes.deferrable.map(flag)),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                settings.set(name, value, Scope::Session, Authority::User)?;
            }
        }
        Ok(())
    }

    /// The value that SHOW prints.
    pub(super) fn show(&self, name: &str) -> Result<String> {
        self.hooks.set_catalog(&self.catalog());
        let characteristics = match self.block.open() {
            Some(open) => open.characteristics,
            None => self.default_characteristics(),
        };
        let flag = |value: bool| if value { "on" } else { "off" }.to_owned();
        match name.to_ascii_lowercase().as_str() {
            "transaction_isolation" => Ok(characteristics.isolation.as_str().to_owned()),
            "transaction_read_only" => Ok(flag(characteristics.read_only)),
            "transaction_deferrable" => Ok(flag(characteristics.deferrable)),
            _ => {
                if !self.hooks.sees_all_settings() {
                    Settings::check_examinable(name)?;
                }
                self.settings.lock().show(name)
            }
        }
    }

    pub(super) fn run_show(&self, name: &str) -> Result<Outcome> {
        let rows = if name.eq_ignore_ascii_case("all") {
            self.show_all()?
        } else {
            vec![vec![Datum::Text(self.show(name)?)]]
        };
        Ok(Outcome::Rows(RowStream {
            columns: self.show_columns(name)?,
            rows: Box::pin(futures::stream::iter([Ok(Rows::Datums(rows))])),
            tag: RowsTag::Fixed("SHOW".to_owned()),
            lender: None,
        }))
    }

    fn show_all(&self) -> Result<Vec<Vec<Datum>>> {
        let sees_all = self.hooks.sees_all_settings();
        let descriptions: Vec<_> = {
            let settings = self.settings.lock();
            let shown = settings.all().filter(|it| sees_all || !it.parameter.is_for_superusers());
            shown.map(|it| (it.parameter.name, it.parameter.short_desc)).collect()
        };
        let row = |(name, description): (&str, &str)| {
            let text = |text: &str| Datum::Text(text.to_owned());
            Ok(vec![text(name), Datum::Text(self.show(name)?), text(description)])
        };
        descriptions.into_iter().map(row).collect()
    }

    pub(super) fn show_columns(&self, name: &str) -> Result<Arc<[ResultColumn]>> {
        if name.eq_ignore_ascii_case("all") {
            return Ok(["name", "setting", "description"].map(text_column).into());
        }
        // Under the parameter's own spelling: `SHOW timezone` is column TimeZone.
        let spelled = {
            let settings = self.settings.lock();
            settings
                .all()
                .map(|it| it.parameter.name)
                .find(|known| known.eq_ignore_ascii_case(name))
        };
        Ok([text_column(spelled.unwrap_or(name))].into())
    }

    pub(super) async fn run_discard(&mut self, target: DiscardTarget) -> Result<Outcome> {
        let tag = match target {
            DiscardTarget::All => {
                if self.block.phase != super::Phase::Single {
                    return Err(Error::new(
                        sqlstate::ACTIVE_SQL_TRANSACTION,
                        "DISCARD ALL cannot run inside a transaction block",
                    ));
                }
                self.discard_all();
                self.discard_temporary().await?;
                "DISCARD ALL"
            }
            DiscardTarget::Plans => {
                self.plans.clear();
                self.templates.clear();
                "DISCARD PLANS"
            }
            DiscardTarget::Sequences => {
                self.hooks.forget_sequences();
                "DISCARD SEQUENCES"
            }
            DiscardTarget::Temporary => {
                self.discard_temporary().await?;
                "DISCARD TEMP"
            }
        };
        Ok(Outcome::Command(tag.to_owned()))
    }

    fn discard_all(&mut self) {
        self.statements_changed = true;
        self.portals.clear();
        self.settings.lock().reset_all();
        // RESET SESSION AUTHORIZATION and ROLE are part of it.
        let _ = self.hooks.reset_session_authorization(Scope::Session);
        self.prepared.clear();
        self.plans.clear();
        self.templates.clear();
        self.inbox.unlisten_all();
        self.hooks.forget_sequences();
        self.hooks.advisory.unlock_session();
    }
}

fn scope(local: bool) -> Scope {
    if local { Scope::Transaction } else { Scope::Session }
}

pub(super) fn argument_text(name: &str, args: &[Arg]) -> Result<String> {
    let is_list = LIST_PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    match args {
        [one] if !is_list => Ok(one.text.clone()),
        many if is_list => {
            let is_quoted = !name.eq_ignore_ascii_case("datestyle");
            let quoted = |arg: &Arg| match is_quoted {
                true => quote_identifier(&arg.text),
                false => arg.text.clone(),
            };
            Ok(many.iter().map(quoted).collect::<Vec<_>>().join(", "))
        }
        _ => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("SET {name} takes only one argument"),
        )),
    }
}

/// `SET transaction_isolation = 'repeatable read'` means SET TRANSACTION.
pub(super) fn transaction_modes(name: &str, text: &str) -> Result<Option<Modes>> {
    let mut modes = Modes::default();
    let invalid = |name: &str| {
        Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"{name}\": \"{text}\""),
        )
    };
    match name.to_ascii_lowercase().as_str() {
        name @ "transaction_isolation" => {
            modes.isolation = Some(IsolationLevel::parse(text).ok_or_else(|| invalid(name))?);
        }
        name @ "transaction_read_only" => {
            modes.read_only = Some(parse_bool(text).ok_or_else(|| invalid(name))?);
        }
        name @ "transaction_deferrable" => {
            modes.deferrable = Some(parse_bool(text).ok_or_else(|| invalid(name))?);
        }
        _ => return Ok(None),
    }
    Ok(Some(modes))
}

pub(super) fn text_column(name: &str) -> ResultColumn {
    ResultColumn { name: name.to_owned(), ty: SqlType::new(oid::TEXT), length: -1, origin: (0, 0) }
}
