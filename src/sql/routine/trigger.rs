//! Calling a trigger function.

use std::sync::Arc;

use crate::catalog::{Function, Relation};
use crate::sql::types::{Datum, SqlType};

/// What a trigger function is told.
pub struct TriggerCall<'a> {
    pub function: Arc<Function>,
    pub table: &'a Relation,
    pub schema: String,
    /// The type of the table's rows.
    pub row_type: SqlType,
    /// The trigger's own OID.
    pub trigger: u32,
    pub name: String,
    /// `BEFORE`, `AFTER` or `INSTEAD OF`.
    pub when: &'static str,
    /// `ROW` or `STATEMENT`.
    pub level: &'static str,
    /// `INSERT`, `UPDATE`, `DELETE` or `TRUNCATE`.
    pub op: &'static str,
    pub args: Vec<String>,
    /// Rows by attribute number.
    pub new: Option<Vec<Datum>>,
    pub old: Option<Vec<Datum>>,
}
