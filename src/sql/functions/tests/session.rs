//! A session with PostgreSQL's default settings, without a server around it.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::functions::context::{DateOrder, DateStyle, IntervalStyle};
use crate::sql::functions::{EvalContext, SessionHooks, SettingsView};
use crate::sql::types::{Datum, Oid};

pub fn context() -> EvalContext {
    let settings = SettingsView {
        time_zone: chrono_tz::Tz::UTC,
        time_zone_offset: None,
        date_style: DateStyle::Iso,
        date_order: DateOrder::Mdy,
        interval_style: IntervalStyle::Postgres,
        bytea_output_hex: true,
        extra_float_digits: 1,
        search_path: Vec::new(),
        current_user: "postgres".into(),
        session_user: "postgres".into(),
        database: "postgres".into(),
        backend_pid: 1,
    };
    EvalContext {
        catalog: Arc::new(Catalog::default()),
        settings: Arc::new(settings),
        transaction_timestamp: 0,
        statement_timestamp: 0,
        session: Arc::new(NoSession),
    }
}

struct NoSession;

fn none() -> Error {
    Error::internal("there is no session")
}

impl SessionHooks for NoSession {
    fn nextval(&self, _: Oid) -> Result<i64> {
        Err(none())
    }

    fn currval(&self, _: Oid) -> Result<i64> {
        Err(none())
    }

    fn lastval(&self) -> Result<i64> {
        Err(none())
    }

    fn setval(&self, _: Oid, _: i64, _: bool) -> Result<i64> {
        Err(none())
    }

    fn setting(&self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn set_setting(&self, _: &str, _: &str, _: bool) -> Result<String> {
        Err(none())
    }

    fn transaction_id(&self) -> u64 {
        1
    }

    fn is_cancelled(&self) -> bool {
        false
    }

    fn cancel_backend(&self, _: i32, _: bool) -> Result<bool> {
        Ok(false)
    }

    fn server_rows(&self, _: &str) -> Result<Vec<Vec<Datum>>> {
        Err(none())
    }

    fn relation_size_bytes(&self, _: Oid) -> Result<i64> {
        Err(none())
    }
}
