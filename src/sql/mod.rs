//! SQL: from text to rows.
//!
//! # The life of a statement
//!
//! 1. [`parse::parse`] gives PostgreSQL's parse tree of each statement of a text.
//! 2. [`prepare`] binds it ([`bind`]) to one catalog: names and types are
//!    resolved, privileges checked, the result's columns known. What can be
//!    decided before the parameters are known is decided here, once: the keyed
//!    access path of a point read, the compiled form of an INSERT.
//! 3. [`execute`] locks the relations it names and runs it with parameters in a transaction ([`run::Work`]): by the
//!    fast path, by a DataFusion plan ([`plan`]), by [`dml`], or as a utility or
//!    data-definition statement ([`utility`], [`ddl`]).
//! 4. The [`outcome::Outcome`] streams rows to whoever asked.
//!
//! Transaction control, settings, prepared statements and cursors are the
//! session's, not this module's.

pub mod bind;
pub mod command;
pub mod ddl;
mod describe;
pub mod dml;
pub mod functions;
pub mod ir;
pub mod outcome;
pub mod parse;
pub mod plan;
pub mod plpgsql;
pub mod privilege;
pub mod routine;
pub mod run;
pub mod stages;
pub mod types;
mod utility;

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use bind::Binder;
use functions::EvalContext;
use ir::Statement;
use outcome::{Outcome, ResultColumn};
use parse::{NodeEnum, ParsedStatement};
use privilege::Permissions;
use run::{StatementContext, Work};
use types::{Datum, Oid, SqlType};
use utility::in_statement_text;

use crate::sqlstate;
use crate::table::lock;
use crate::txn::LockMode;

/// A statement bound to one catalog, to be executed any number of times while
/// that catalog is the newest.
pub struct Prepared {
    /// The parameters' types, `$1` first.
    pub params: Vec<SqlType>,
    /// The result's columns; `None` for a statement that returns no rows.
    pub columns: Option<Arc<[ResultColumn]>>,
    /// What is to be locked before it runs.
    relations: Vec<(Oid, LockMode)>,
    /// Whether it calls functions that users wrote.
    calls_functions: bool,
    /// Policies made it one for the role and the setting it was bound under.
    pub depends_on_role: bool,
    /// What it needs to be allowed, each time that it runs.
    permissions: Permissions,
    /// What PostgreSQL calls it, of queries and row changes.
    command: &'static str,
    body: Body,
}

enum Body {
    Query(run::CompiledQuery),
    Modify(dml::Compiled),
    Utility(Arc<ParsedStatement>),
    Explain(utility::Explain),
    /// CALL and DO: the session runs them, where they may end the transaction.
    Routine(Arc<routine::command::Top>),
}

impl Prepared {
    /// The relations that it names or that stand behind them.
    pub fn relation_oids(&self) -> Vec<Oid> {
        self.relations.iter().map(|(oid, _)| *oid).collect()
    }

    /// Whether it is a query or a change of rows.
    pub fn is_planned(&self) -> bool {
        matches!(self.body, Body::Query(_) | Body::Modify(_))
    }

    /// Whether PostgreSQL would compute it while it plans.
    pub fn is_constant(&self) -> bool {
        matches!(&self.body, Body::Query(query) if query.is_constant())
    }
}

/// Binds a statement. `declared` are the parameter types that the client gave;
/// 0, and what is missing at the end, is deduced.
pub fn prepare(
    parsed: &Arc<ParsedStatement>,
    eval: &EvalContext,
    declared: &[Oid],
) -> Result<Prepared> {
    match &parsed.node {
        NodeEnum::SelectStmt(select) if ddl::into_clause(select).is_some() => {
            prepare_utility(parsed)
        }
        NodeEnum::SelectStmt(_)
        | NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_) => prepare_bound(&parsed.node, eval, declared),
        NodeEnum::ExplainStmt(statement) => {
            let explain = utility::Explain::prepare(statement, parsed.sql(), eval, declared)?;
            Ok(Prepared {
                params: explain.params(),
                columns: Some(utility::Explain::columns(&explain)),
                relations: explain.relations(),
                calls_functions: explain.calls_functions(),
                depends_on_role: explain.depends_on_role(),
                permissions: explain.permissions(),
                command: explain.command(),
                body: Body::Explain(explain),
            })
        }
        NodeEnum::CallStmt(call) => {
            let call = routine::command::bind_client_call(call, eval, declared)?;
            Ok(Prepared {
                params: call.params.clone(),
                columns: call.columns(eval),
                relations: Vec::new(),
                calls_functions: false,
                depends_on_role: false,
                permissions: call.permissions.clone(),
                command: "CALL",
                body: Body::Routine(Arc::new(routine::command::Top::Call(call))),
            })
        }
        NodeEnum::DoStmt(statement) => {
            let text = routine::command::do_text(statement)?;
            Ok(Prepared {
                params: Vec::new(),
                columns: None,
                relations: Vec::new(),
                calls_functions: false,
                depends_on_role: false,
                permissions: Permissions::default(),
                command: "DO",
                body: Body::Routine(Arc::new(routine::command::Top::Do(text))),
            })
        }
        NodeEnum::CreateTableAsStmt(_) => {
            // Those of a prepared statement that stands for the query.
            let params = declared.iter().map(|oid| SqlType::new(*oid)).collect();
            Ok(Prepared { params, ..prepare_utility(parsed)? })
        }
        _ => prepare_utility(parsed),
    }
}

/// The columns of an EXPLAIN's answer.
pub fn explain_columns(statement: &parse::ast::ExplainStmt) -> Result<Arc<[ResultColumn]>> {
    utility::explain_columns(statement)
}

/// EXPLAIN EXECUTE of a prepared statement that has no plan.
pub fn explain_utility(statement: &parse::ast::ExplainStmt, is_notify: bool) -> Result<Outcome> {
    utility::explain_utility(statement, is_notify)
}

fn prepare_utility(parsed: &Arc<ParsedStatement>) -> Result<Prepared> {
    let body = Body::Utility(parsed.clone());
    Ok(Prepared {
        params: Vec::new(),
        columns: None,
        relations: Vec::new(),
        calls_functions: false,
        depends_on_role: false,
        permissions: Permissions::default(),
        command: "",
        body,
    })
}

fn prepare_bound(node: &NodeEnum, eval: &EvalContext, declared: &[Oid]) -> Result<Prepared> {
    let bound = bind_statement(node, Binder::new(eval, declared))?;
    compile_bound(bound, eval)
}

/// Prepares the query of a cursor: after its own columns come those that tell which rows
/// of which tables its rows are. None if it is no query.
pub fn prepare_cursor(
    parsed: &Arc<ParsedStatement>,
    eval: &EvalContext,
    declared: &[Oid],
) -> Result<Option<(Prepared, bind::CursorQuery)>> {
    if !matches!(&parsed.node, NodeEnum::SelectStmt(select) if select.into_clause.is_none()) {
        return Ok(None);
    }
    let mut binder = Binder::new(eval, declared);
    let Some(cursor) = binder.bind_cursor(&parsed.node)? else { return Ok(None) };
    let bound = BoundStatement {
        statement: Statement::Query(cursor.query.clone()),
        command: command::query_name(&parsed.node).unwrap_or_default(),
        params: binder.param_types(),
        relations: binder.opened(),
        permissions: binder.permissions(),
        depends_on_role: binder.depends_on_role(),
    };
    Ok(Some((compile_bound(bound, eval)?, cursor)))
}

/// Prepares a statement whose parameters have exactly these types.
pub fn prepare_fixed(
    parsed: &Arc<ParsedStatement>,
    eval: &EvalContext,
    types: &[Oid],
) -> Result<Prepared> {
    match &parsed.node {
        NodeEnum::SelectStmt(select) if ddl::into_clause(select).is_some() => {
            prepare_utility(parsed)
        }
        NodeEnum::SelectStmt(_)
        | NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_) => {
            let binder = Binder::with_fixed_params(eval, types);
            compile_bound(bind_statement(&parsed.node, binder)?, eval)
        }
        _ => prepare(parsed, eval, types),
    }
}

/// Prepares a statement in a routine's body: with the variables that it names.
pub fn prepare_with(
    parsed: &Arc<ParsedStatement>,
    eval: &EvalContext,
    variables: Arc<dyn bind::Variables>,
) -> Result<(Prepared, Vec<(bind::VariableRef, SqlType)>)> {
    match &parsed.node {
        NodeEnum::SelectStmt(select) if ddl::into_clause(select).is_some() => {}
        NodeEnum::SelectStmt(_)
        | NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_) => {
            let mut binder = Binder::with_variables(eval, variables);
            let statement = binder.bind_statement(&parsed.node)?;
            let used = binder.used_variables();
            let bound = BoundStatement {
                statement,
                command: command::query_name(&parsed.node).unwrap_or_default(),
                params: used.iter().map(|(_, ty)| *ty).collect(),
                relations: binder.opened(),
                permissions: binder.permissions(),
                depends_on_role: binder.depends_on_role(),
            };
            return Ok((compile_bound(bound, eval)?, used));
        }
        _ => {}
    }
    Ok((prepare(parsed, eval, &[])?, Vec::new()))
}

/// Columns of a result, as many as PostgreSQL's (`MaxTupleAttributeNumber`).
const RESULT_COLUMNS_MAX: usize = 1_664;

/// `54011` for a result of more columns.
fn check_width(columns: usize) -> Result<()> {
    match columns > RESULT_COLUMNS_MAX {
        true => Err(Error::new(
            crate::sqlstate::TOO_MANY_COLUMNS,
            format!("target lists can have at most {RESULT_COLUMNS_MAX} entries"),
        )),
        false => Ok(()),
    }
}

fn compile_bound(bound: BoundStatement, eval: &EvalContext) -> Result<Prepared> {
    let BoundStatement { statement, command, params, relations, permissions, depends_on_role } =
        bound;
    let calls_functions = routine::are_called_in(&statement);
    let columns = statement_columns(&statement, &eval.catalog);
    if let Some(columns) = &columns {
        check_width(columns.len())?;
    }
    let body = match statement {
        Statement::Query(query) => Body::Query(run::CompiledQuery::new(&query, &eval.catalog)),
        other => Body::Modify(dml::Compiled::new(&other, &eval.catalog)?),
    };
    Ok(Prepared {
        params,
        columns,
        relations,
        calls_functions,
        depends_on_role,
        permissions,
        command,
        body,
    })
}

/// A bound statement with its parameters' types, and what it locks before it runs.
struct BoundStatement {
    statement: Statement,
    /// What PostgreSQL calls it.
    command: &'static str,
    params: Vec<SqlType>,
    relations: Vec<(Oid, LockMode)>,
    permissions: Permissions,
    depends_on_role: bool,
}

/// Binds a query or a statement that changes rows.
fn bind_statement(node: &NodeEnum, mut binder: Binder<'_>) -> Result<BoundStatement> {
    let statement = binder.bind_statement(node)?;
    Ok(BoundStatement {
        statement,
        command: command::query_name(node).unwrap_or_default(),
        params: binder.param_types(),
        relations: binder.opened(),
        permissions: binder.permissions(),
        depends_on_role: binder.depends_on_role(),
    })
}

impl Prepared {
    /// Whether it takes its locks while it runs, and not all of them before.
    pub fn is_utility(&self) -> bool {
        matches!(self.body, Body::Utility(_))
    }

    /// Takes the locks on what it names. [`Error::catalog_changed`](crate::Error::catalog_changed)
    /// if it has to be bound anew.
    pub async fn lock(&self, work: &mut Work, ctx: &StatementContext) -> Result<()> {
        lock::acquire_relations(&self.relations, work, ctx).await
    }

    /// Whether it may be a statement of several transactions.
    pub fn has_stages(&self) -> bool {
        matches!(&self.body, Body::Utility(parsed) if stages::has_stages(parsed))
    }

    /// `25006` for what a read-only transaction may not do; lets it write what it may.
    fn check_in_read_only(&self, work: &mut Work) -> Result<()> {
        let is_run = match &self.body {
            Body::Utility(parsed) => {
                command::check_in_read_only(&parsed.node)?;
                if command::write_class(&parsed.node) == command::WriteClass::Maintains {
                    work.txn.permit_writes();
                }
                false
            }
            Body::Query(_) | Body::Modify(_) => true,
            // PostgreSQL makes the table all the same, against its own documentation.
            Body::Explain(explain) if explain.makes_table() => {
                return Err(command::refused_in_read_only("CREATE TABLE AS"));
            }
            Body::Explain(explain) => explain.runs(),
            Body::Routine(_) => false,
        };
        if is_run {
            for relation in self.permissions.written() {
                if !work.catalog.relation(relation).is_some_and(|relation| relation.is_temporary())
                {
                    return Err(command::refused_in_read_only(self.command));
                }
                work.txn.permit_writes();
            }
        }
        Ok(())
    }

    /// CALL and DO.
    pub fn routine(&self) -> Option<&Arc<routine::command::Top>> {
        match &self.body {
            Body::Routine(top) => Some(top),
            _ => None,
        }
    }
}

/// Runs a bound statement in a transaction. [`Error::catalog_changed`] if it has to
/// be bound anew; a utility statement may have begun then.
///
/// [`Error::catalog_changed`]: crate::Error::catalog_changed
pub async fn execute(
    prepared: &Arc<Prepared>,
    params: &[Datum],
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<Outcome> {
    if work.txn.is_read_only() {
        prepared.check_in_read_only(work)?;
    }
    privilege::check(&prepared.permissions, &ctx.eval)?;
    lock::acquire_relations(&prepared.relations, work, ctx).await?;
    if prepared.calls_functions {
        ctx.eval.loan.open(work);
    }
    match &prepared.body {
        Body::Query(query) => {
            query.check_constants(params, ctx)?;
            let rows = query.execute(params, work, ctx).await;
            rows.or_else(|error| query.failing(error)).map(Outcome::Rows)
        }
        Body::Modify(compiled) => match privilege::given_unread(&prepared.permissions, &ctx.eval) {
            None => compiled.execute(params, work, ctx).await,
            Some(given) => {
                let given = Some(Arc::new(given));
                let eval = Arc::new(EvalContext { given, ..(*ctx.eval).clone() });
                let ctx = StatementContext { eval, ..ctx.clone() };
                compiled.execute(params, work, &ctx).await
            }
        },
        Body::Explain(explain) => explain.execute(params, work, ctx).await,
        Body::Utility(parsed) => {
            if let Some(name) = stages::alone(parsed) {
                let message = format!("{name} cannot be executed from a function");
                return Err(Error::new(sqlstate::ACTIVE_SQL_TRANSACTION, message));
            }
            let arguments = ddl::Arguments { types: &prepared.params, values: params };
            utility::execute(parsed, arguments, work, ctx).await
        }
        Body::Routine(top) => {
            crate::table::blocking(|| routine::command::run_top(top, params, work, ctx, None))
        }
    }
}

/// Runs a statement that may end its transaction and go on in the next.
pub async fn execute_in_stages(
    prepared: &Arc<Prepared>,
    work: &mut Work,
    ctx: StatementContext,
    requests: tokio::sync::mpsc::UnboundedSender<stages::NextStage>,
) -> Result<Outcome> {
    let Body::Utility(parsed) = &prepared.body else {
        return Err(Error::internal("the statement has no stages"));
    };
    if work.txn.is_read_only() {
        prepared.check_in_read_only(work)?;
    }
    let running: futures::future::BoxFuture<'_, Result<Outcome>> =
        Box::pin(stages::execute(parsed, work, ctx, requests));
    running.await
}

/// What the client is told of a statement's rows.
fn statement_columns(statement: &Statement, catalog: &Catalog) -> Option<Arc<[ResultColumn]>> {
    let returning = match statement {
        Statement::Query(query) => return Some(run::result_columns(&query.output, catalog)),
        other => other.returning(),
    };
    let columns: Vec<_> = returning?.exprs.iter().map(|(column, _)| column.clone()).collect();
    Some(run::result_columns(&columns, catalog))
}
