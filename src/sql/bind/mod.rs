//! Parse trees to typed trees: names resolved, types decided, PostgreSQL's rules.
//!
//! A [`Binder`] binds one statement against one catalog snapshot. It keeps a
//! stack of query levels ([`scope::Level`]), innermost last; a column is looked
//! up from the innermost level outwards, so a reference found in an outer level
//! is a correlated reference and needs no mark: column ids are unique.
//!
//! ```text
//! statement ─▶ select / dml ─▶ from, expr, aggregate, window, subquery
//!                                 └─▶ call, operator ─▶ coerce, polymorphic
//! ```
//!
//! Type resolution follows chapter 10 of PostgreSQL's documentation; the files
//! carry the names of its steps. What a later phase of PostgreSQL does (constant
//! folding, subquery pull-up) is the planner's, with two exceptions that have
//! to happen here because errors need a position: literals are read by their
//! type's input function, and functions in SQL are inlined.
//!
//! # Invariants
//!
//! - No expression of a bound statement has type `unknown`, but literals in rows.
//! - Recursion is bounded: every nesting goes through [`Binder::deeper`].
//! - A `ColumnId` is produced once per statement.

mod aggregate;
mod assign;
mod bound;
mod call;
mod candidate;
mod case;
mod coerce;
mod collation;
mod column;
mod conflict;
mod cte;
mod cursor;
mod definition;
pub mod described;
mod described_change;
mod dml;
mod expr;
mod expression;
mod from;
mod function_scan;
mod group;
mod inline;
mod join;
mod literal;
mod locking;
mod merge;
mod name;
mod node;
mod opened;
mod operator;
mod order;
mod params;
mod policy;
mod polymorphic;
mod procedure;
mod prune;
mod recursion;
mod refresh;
mod row;
mod row_star;
mod rule;
mod same;
mod sample;
mod scope;
mod search_cycle;
mod select;
mod set_operation;
mod statement;
mod subquery;
mod subscript;
mod target;
mod tree;
mod typename;
mod updatable;
mod values;
mod variables;
mod window;

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, CteId, OutputColumn};
use crate::sql::parse::with_stack;
use crate::sql::privilege::Permissions;
use crate::sql::types::{Oid, SqlType};

pub use collation::{is_by_bytes, output_collations};
pub use cursor::{CursorQuery, CursorTable};
pub use definition::{FoundFunction, aggregate_part, find_operator, is_binary_coercible};
pub use dml::live_columns;
pub use expression::{
    ColumnExpression, DOMAIN_VALUE, ExpressionUse, bind_bound_value, bind_column_expression,
    bind_default, bind_domain_check, bind_domain_check_sql, bind_domain_default, bind_expression,
    bind_expression_sql, bind_relation_expression_sql, bind_trigger_condition,
    bind_trigger_condition_sql, check_execute_argument,
};
pub use from::cannot_open;
pub use inline::expression_of;
pub use name::output_name;
pub use node::location;
use opened::Opened;
pub use opened::opened_by_copy;
use params::Params;
pub use polymorphic::{is_polymorphic, missing_input};
pub use procedure::{ProcedureCall, bind_call, bind_call_with};
pub use refresh::Refreshed;
pub use rule::only_part;
pub(in crate::sql) use same::same;
use scope::Level;
pub use statement::{lend_ctes, reads_own_changes};
pub use updatable::updatable;
pub use variables::{Conflict, Conversion, VariableRef, Variables, bind_conversion};

/// Nesting of expressions and queries that is bound; deeper is `54001`.
const DEPTH_MAX: usize = 1_500;

/// Nesting bound on one stack before the next piece of stack is taken.
const DEPTH_PER_STACK: usize = 48;
const STACK_BYTES: usize = 12 << 20;

/// Views within views (and functions in SQL within those).
const INLINE_DEPTH_MAX: usize = 64;

/// Binds one statement.
pub struct Binder<'a> {
    eval: &'a EvalContext,
    catalog: Arc<Catalog>,
    search_path: Vec<Oid>,
    params: Params,
    levels: Vec<Level>,
    next_column: u32,
    next_cte: u32,
    /// See [`Binder::opened`].
    opened: Opened,
    /// See [`Binder::permissions`].
    permissions: Permissions,
    /// Whose privileges count for what is bound now: a view's owner's.
    check_as: Option<Oid>,
    depth: usize,
    inline_depth: usize,
    /// Functions in SQL whose bodies are being inlined.
    inlining: Vec<Oid>,
    names: bound::Names,
    /// See [`Binder::describe`].
    description: Option<described::Description>,
    /// The clauses of the level that was bound last.
    plain: Option<described::Body>,
    /// The table whose next scan is not subject to its policies: they are seen to
    /// elsewhere.
    unsecured: Option<Oid>,
    /// The tables whose policies are being bound.
    securing: Vec<Oid>,
    /// What was bound depends on who runs it.
    depends_on_role: bool,
    /// What is bound is kept and not run: policies have no part in it, and calls of
    /// functions in SQL stay calls.
    is_kept: bool,
    /// Primary keys by which columns are grouped that GROUP BY does not name.
    grouping_keys: Vec<Oid>,
    /// A view whose next mention in FROM stays as it is.
    unexpanded: Option<Oid>,
    /// What a rule's action reads beside its own FROM; taken by the first FROM.
    rule_source: Option<rule::Source>,
    /// The rules that are being applied: relations and events.
    rewriting: Vec<(Oid, crate::catalog::RuleEvent)>,
    /// A relation whose rules are not looked at: its statement is the rules' own.
    bare_target: Option<Oid>,
}

impl<'a> Binder<'a> {
    /// A binder for a statement whose parameters may be left untyped (0 or
    /// beyond the list): their types are then deduced.
    pub fn new(eval: &'a EvalContext, param_types: &[Oid]) -> Binder<'a> {
        Binder::with_params(eval, Params::deduced(param_types))
    }

    /// A binder for a statement with exactly these parameters (none in the
    /// simple query protocol).
    pub fn with_fixed_params(eval: &'a EvalContext, param_types: &[Oid]) -> Binder<'a> {
        Binder::with_params(eval, Params::fixed(param_types))
    }

    fn with_params(eval: &'a EvalContext, params: Params) -> Binder<'a> {
        Binder {
            eval,
            catalog: eval.catalog.clone(),
            search_path: eval.settings.search_path.clone(),
            params,
            levels: Vec::new(),
            next_column: 0,
            next_cte: 0,
            opened: Opened::default(),
            permissions: Permissions::default(),
            check_as: None,
            depth: 0,
            inline_depth: 0,
            inlining: Vec::new(),
            names: bound::Names::default(),
            description: None,
            plain: None,
            unsecured: None,
            securing: Vec::new(),
            depends_on_role: false,
            is_kept: false,
            grouping_keys: Vec::new(),
            unexpanded: None,
            rule_source: None,
            rewriting: Vec::new(),
            bare_target: None,
        }
    }

    /// The parameters' types, after binding.
    pub fn param_types(&self) -> Vec<SqlType> {
        self.params.types()
    }

    /// What the bound statement needs to be allowed.
    pub fn permissions(&mut self) -> Permissions {
        std::mem::take(&mut self.permissions)
    }

    /// For a statement that is kept in the catalog, not run.
    pub fn for_keeping(self) -> Binder<'a> {
        Binder { is_kept: true, ..self }
    }

    /// Whether policies made the bound statement one for the present role only.
    pub fn depends_on_role(&self) -> bool {
        self.depends_on_role
    }

    /// A column of a relation is read.
    fn note_selected(&mut self, origin: Option<(Oid, i16)>) {
        if let Some((relation, column)) = origin {
            self.permissions.select(relation, self.check_as, column);
        }
    }

    /// A function is called; everybody may call a built-in one that nobody has spoken of.
    fn note_call(&mut self, function: Oid) {
        let on = crate::catalog::ObjectAddress::function(function);
        let is_users = function >= crate::sql::types::oid::FIRST_NORMAL;
        if is_users || self.catalog.has_acl(on) {
            self.permissions.execute(function);
        }
    }

    fn note_selected_items(&mut self, columns: &[scope::ItemColumn]) {
        for column in columns {
            self.note_selected(column.origin);
        }
    }

    fn new_id(&mut self) -> ColumnId {
        self.next_column += 1;
        ColumnId(self.next_column)
    }

    fn new_cte_id(&mut self) -> CteId {
        self.next_cte += 1;
        CteId(self.next_cte)
    }

    fn new_column(&mut self, name: impl Into<String>, ty: SqlType) -> OutputColumn {
        OutputColumn { id: self.new_id(), name: name.into(), ty, origin: None }
    }

    /// Every recursion passes here: counts depth and provides stack.
    fn deeper<T: Send>(&mut self, work: impl FnOnce(&mut Self) -> Result<T> + Send) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        self.depth += 1;
        let answer = if self.depth.is_multiple_of(DEPTH_PER_STACK) {
            with_stack(STACK_BYTES, || work(self))
        } else {
            work(self)
        };
        self.depth -= 1;
        answer
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("a query level is open while binding")
    }
}

#[cfg(test)]
mod tests;
