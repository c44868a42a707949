//! Where a session's cursors are, for WHERE CURRENT OF.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::sql::bind::CursorTable;
use crate::sql::types::Oid;
use crate::sqlstate;

/// A row of a table: the table's OID and the rid.
pub type RowIdentity = (Oid, u64);

/// The tables that a cursor is over, and the row of each that it is on.
#[derive(Clone, Debug, Default)]
pub struct Position {
    pub tables: Vec<CursorTable>,
    /// None before the first row and after the last; an outer join may lack a row.
    pub rows: Option<Vec<Option<RowIdentity>>>,
    /// It outlives the transaction that its rows were read in.
    pub held: bool,
}

/// The positions of a session's cursors by name.
#[derive(Default)]
pub struct Positions(Mutex<HashMap<String, Position>>);

impl Positions {
    pub fn put(&self, name: &str, position: Position) {
        self.0.lock().insert(name.to_owned(), position);
    }

    /// The cursor has moved.
    pub fn moved(&self, name: &str, rows: Option<Vec<Option<RowIdentity>>>) {
        if let Some(position) = self.0.lock().get_mut(name) {
            position.rows = rows;
        }
    }

    /// Forgets the cursors that are closed, and marks those that are held.
    pub fn keep(&self, is_open: impl Fn(&str) -> Option<bool>) {
        self.0.lock().retain(|name, position| match is_open(name) {
            Some(held) => {
                position.held = held;
                true
            }
            None => false,
        });
    }

    /// The row of a table that a cursor is on; `family` are the tables that are meant.
    pub fn row(
        &self,
        name: &str,
        table: &Relation,
        family: &dyn Fn(Oid) -> bool,
    ) -> Result<Option<RowIdentity>> {
        let positions = self.0.lock();
        let position = positions.get(name).ok_or_else(|| {
            let message = format!("cursor \"{name}\" does not exist");
            Error::new(sqlstate::UNDEFINED_CURSOR, message)
        })?;
        let state = |message: String| Error::new(sqlstate::INVALID_CURSOR_STATE, message);
        if position.held {
            return Err(state(format!("cursor \"{name}\" is held from a previous transaction")));
        }
        let locks = position.tables.iter().any(|table| table.locked);
        let mut places = position
            .tables
            .iter()
            .enumerate()
            .filter(|(_, own)| (own.locked || !locks) && family(own.relation));
        let table = &table.name;
        let place = match (places.next(), places.next()) {
            (Some((place, _)), None) => place,
            (Some(_), Some(_)) if locks => {
                return Err(state(format!(
                    "cursor \"{name}\" has multiple FOR UPDATE/SHARE references to table \"{table}\""
                )));
            }
            _ if locks => {
                return Err(state(format!(
                    "cursor \"{name}\" does not have a FOR UPDATE/SHARE reference to table \
                     \"{table}\""
                )));
            }
            _ => {
                return Err(state(format!(
                    "cursor \"{name}\" is not a simply updatable scan of table \"{table}\""
                )));
            }
        };
        match &position.rows {
            Some(rows) => Ok(rows.get(place).copied().flatten()),
            None => Err(state(format!("cursor \"{name}\" is not positioned on a row"))),
        }
    }
}
