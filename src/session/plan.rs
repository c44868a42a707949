//! Prepared statements, and the bound forms kept for texts that come again.
//!
//! A bound statement is good for one catalog and one set of names and input
//! settings. The catalog is an immutable value, so "the same catalog" is pointer
//! equality; a transaction with DDL of its own has a catalog of its own, and
//! nothing bound against that outlives it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::statement::Command;
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::functions::{EvalContext, SettingsView};
use crate::sql::outcome::ResultColumn;
use crate::sql::parse::{Identity, ParsedStatement, Recent};
use crate::sql::types::{Oid, SqlType};
use crate::sql::{self, Prepared};

/// A statement that was parsed, and bound if it is `sql`'s.
pub struct Statement {
    /// The text that error positions count in.
    pub text: Arc<str>,
    pub body: Body,
    /// Where its own text is in that.
    range: Range<usize>,
    /// What it is counted under, once somebody has asked.
    identity: OnceLock<Option<Arc<Identity>>>,
}

impl Statement {
    /// BEGIN, COMMIT, a savepoint and their kin.
    pub fn is_transaction_command(&self) -> bool {
        matches!(&self.body, Body::Command(command) if matches!(**command, Command::Transaction(_)))
    }
}

pub enum Body {
    /// An empty query string.
    Empty,
    Command(Arc<Command>),
    Query(Query),
}

/// A statement of `sql`, bound again when the catalog changed.
pub struct Query {
    pub parsed: Arc<ParsedStatement>,
    /// Parameter types as the client gave them; 0 is unknown.
    declared: Vec<Oid>,
    /// A client may know the result's columns already: they must stay as they are.
    is_described: bool,
    bound: Mutex<Bound>,
}

#[derive(Clone)]
struct Bound {
    catalog: Arc<Catalog>,
    view: Arc<SettingsView>,
    prepared: Arc<Prepared>,
}

impl Query {
    pub fn bind(
        parsed: Arc<ParsedStatement>,
        eval: &EvalContext,
        declared: Vec<Oid>,
    ) -> Result<Query> {
        let prepared = Arc::new(sql::prepare(&parsed, eval, &declared)?);
        let bound = Bound { catalog: eval.catalog.clone(), view: eval.settings.clone(), prepared };
        Ok(Query { parsed, declared, is_described: false, bound: Mutex::new(bound) })
    }

    /// The query of a cursor, with what its rows are known by.
    pub fn bind_cursor(
        parsed: Arc<ParsedStatement>,
        eval: &EvalContext,
        declared: Vec<Oid>,
    ) -> Result<Option<(Query, sql::bind::CursorQuery)>> {
        let Some((prepared, cursor)) = sql::prepare_cursor(&parsed, eval, &declared)? else {
            return Ok(None);
        };
        let (catalog, view) = (eval.catalog.clone(), eval.settings.clone());
        let bound = Bound { catalog, view, prepared: Arc::new(prepared) };
        let bound = Mutex::new(bound);
        Ok(Some((Query { parsed, declared, is_described: false, bound }, cursor)))
    }

    /// As part of a prepared statement.
    pub fn described(self) -> Query {
        Query { is_described: true, ..self }
    }

    /// As it was last bound.
    pub fn prepared(&self) -> Arc<Prepared> {
        self.bound.lock().prepared.clone()
    }

    /// Bound for the present catalog and search path.
    pub fn current(&self, eval: &EvalContext) -> Result<Arc<Prepared>> {
        let bound = self.bound.lock().clone();
        let same_names = Arc::ptr_eq(&bound.view, &eval.settings)
            || bound.view.search_path == eval.settings.search_path;
        let same_role = !bound.prepared.depends_on_role
            || bound.view.current_user == eval.settings.current_user
                && bound.view.row_security == eval.settings.row_security;
        if same_names && same_role && Arc::ptr_eq(&bound.catalog, &eval.catalog) {
            return Ok(bound.prepared);
        }
        // Parameter types, once told to the client, stay.
        let types: Vec<Oid> = bound.prepared.params.iter().map(|ty| ty.oid).collect();
        let types = if types.is_empty() { self.declared.clone() } else { types };
        let prepared = Arc::new(sql::prepare(&self.parsed, eval, &types)?);
        if self.is_described && !same_columns(&bound.prepared.columns, &prepared.columns) {
            return Err(Error::new(
                crate::sqlstate::FEATURE_NOT_SUPPORTED,
                "cached plan must not change result type",
            )
            // asyncpg and JDBC prepare the statement again when they see it.
            .with_routine("RevalidateCachedQuery"));
        }
        *self.bound.lock() = Bound {
            catalog: eval.catalog.clone(),
            view: eval.settings.clone(),
            prepared: prepared.clone(),
        };
        Ok(prepared)
    }

    /// Whether it would be bound to exactly the same again.
    fn fits(&self, eval: &EvalContext) -> bool {
        let bound = self.bound.lock();
        Arc::ptr_eq(&bound.view, &eval.settings) && Arc::ptr_eq(&bound.catalog, &eval.catalog)
    }
}

/// PostgreSQL compares types and names of result columns, not their origin.
pub fn same_columns(a: &Option<Arc<[ResultColumn]>>, b: &Option<Arc<[ResultColumn]>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            let key = |column: &ResultColumn| (column.ty, column.name.clone());
            a.iter().map(key).eq(b.iter().map(key))
        }
        _ => false,
    }
}

impl Statement {
    pub fn new(parsed: &ParsedStatement, body: Body) -> Statement {
        let range = parsed.location..parsed.location + parsed.length;
        Statement { text: parsed.text.clone(), body, range, identity: OnceLock::new() }
    }

    /// Of a text without a statement.
    pub fn empty(text: &str) -> Statement {
        Statement { text: text.into(), body: Body::Empty, range: 0..0, identity: OnceLock::new() }
    }

    /// What it is counted under; none if it is empty.
    pub fn identity(&self) -> Option<Arc<Identity>> {
        self.identity.get_or_init(|| self.identify().map(Arc::new)).clone()
    }

    /// Its own text.
    pub fn sql(&self) -> &str {
        self.text.get(self.range.clone()).unwrap_or_default().trim()
    }

    fn identify(&self) -> Option<Identity> {
        let sql = self.sql();
        match &self.body {
            Body::Empty => None,
            Body::Command(_) => Some(Identity::of_utility(sql)),
            Body::Query(query) => {
                let prepared = query.prepared();
                Some(match prepared.is_planned() {
                    true => Identity::of_query(sql, &prepared.relation_oids()),
                    false => Identity::of_utility(sql),
                })
            }
        }
    }

    pub fn params(&self) -> Vec<SqlType> {
        match &self.body {
            Body::Query(query) => query.prepared().params.clone(),
            Body::Command(command) => match &**command {
                Command::Declare(declare) => declare.params.clone(),
                _ => Vec::new(),
            },
            Body::Empty => Vec::new(),
        }
    }

    /// What it is, if it begins or ends a transaction: `COMMIT`.
    pub fn transaction_verb(&self) -> Option<&'static str> {
        match &self.body {
            Body::Command(command) => command.transaction_verb(),
            Body::Query(_) | Body::Empty => None,
        }
    }

    /// Whether it is LISTEN.
    pub fn is_listen(&self) -> bool {
        matches!(&self.body, Body::Command(command) if matches!(**command, Command::Listen(_)))
    }

    /// Whether PostgreSQL would compute it while it plans.
    pub fn is_constant(&self) -> bool {
        matches!(&self.body, Body::Query(query) if query.prepared().is_constant())
    }

    /// Whether it would be bound to exactly the same again.
    pub fn fits(&self, eval: &EvalContext) -> bool {
        matches!(&self.body, Body::Query(query) if query.fits(eval))
    }
}

/// Bound statements by text, for those that come again.
pub struct PlanCache(Recent<Key, Arc<Statement>>);

#[derive(PartialEq, Eq, Hash)]
struct Key {
    text: Arc<str>,
    /// Where in the text the statement begins.
    location: usize,
    /// Of a prepared statement, the types of its parameters that the client gave.
    declared: Option<Vec<Oid>>,
}

impl Key {
    fn of(parsed: &ParsedStatement, declared: Option<&[Oid]>) -> Key {
        Key {
            text: parsed.text.clone(),
            location: parsed.location,
            declared: declared.map(<[Oid]>::to_vec),
        }
    }
}

/// Texts longer than this hardly come twice.
const TEXT_BYTES_MAX: usize = 16 << 10;

impl PlanCache {
    pub fn new(entries_max: usize) -> PlanCache {
        PlanCache(Recent::new(entries_max))
    }

    /// A statement bound for exactly this context.
    pub fn get(
        &mut self,
        parsed: &ParsedStatement,
        declared: Option<&[Oid]>,
        eval: &EvalContext,
    ) -> Option<Arc<Statement>> {
        let found = self.0.get(&Key::of(parsed, declared))?;
        found.fits(eval).then(|| found.clone())
    }

    pub fn add(
        &mut self,
        parsed: &ParsedStatement,
        declared: Option<&[Oid]>,
        statement: Arc<Statement>,
    ) {
        if parsed.text.len() <= TEXT_BYTES_MAX {
            self.0.add(Key::of(parsed, declared), statement);
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
