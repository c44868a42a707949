//! A session with PostgreSQL's default settings, without a server around it.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::functions::context::{DateOrder, DateStyle, IntervalStyle};
use crate::sql::functions::{EvalContext, SequenceRow, SessionHooks, SettingsView};
use crate::sql::types::datetime::Zone;
use crate::sql::types::{Datum, Oid};

/// A context without objects.
pub fn context() -> EvalContext {
    context_over(Arc::new(Catalog::default()), Vec::new())
}

/// A context over a catalog.
pub fn context_over(catalog: Arc<Catalog>, search_path: Vec<Oid>) -> EvalContext {
    let settings = SettingsView {
        vector: Default::default(),
        time_zone: Zone::UTC,
        date_style: DateStyle::Iso,
        date_order: DateOrder::Mdy,
        interval_style: IntervalStyle::Postgres,
        bytea_output_hex: true,
        extra_float_digits: 1,
        client_encoding: crate::sql::types::encoding::Encoding::UTF8,
        shows_query_id: false,
        row_security: true,
        restrict_views: false,
        search_path,
        current_user: "postgres".into(),
        session_user: "postgres".into(),
        database: "postgres".into(),
        backend_pid: 1,
    };
    EvalContext {
        catalog,
        settings: Arc::new(settings),
        transaction_timestamp: 0,
        statement_timestamp: 0,
        session: Arc::new(NoSession),
        loan: Arc::default(),
        transitions: None,
        given: None,
    }
}

/// No session: nothing reaches outside the expression.
struct NoSession;

fn none<T>() -> Result<T> {
    Err(Error::unsupported("a session in this test"))
}

impl SessionHooks for NoSession {
    fn nextval(&self, _: Oid) -> Result<i64> {
        none()
    }

    fn currval(&self, _: Oid) -> Result<i64> {
        none()
    }

    fn lastval(&self) -> Result<(Oid, i64)> {
        none()
    }

    fn setval(&self, _: Oid, _: i64, _: bool) -> Result<i64> {
        none()
    }

    fn sequence_row(&self, _: Oid) -> Result<SequenceRow> {
        none()
    }

    fn setting(&self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn set_setting(&self, _: &str, _: &str, _: bool) -> Result<String> {
        none()
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
        Ok(Vec::new())
    }

    fn relation_size_bytes(&self, _: Oid) -> Result<i64> {
        Ok(0)
    }
}
