//! Prepared statements: the protocol's Parse and Bind, and SQL's PREPARE,
//! EXECUTE and DEALLOCATE. Both share one set of names.

use std::sync::Arc;

use bytes::Bytes;

use super::format::{Format, formats};
use super::plan::{Body, Query, Statement};
use super::portal::Portal;
use super::rows::{RowCursor, split};
use super::scope::catch;
use super::statement::{Command, with_query};
use super::{Session, time};
use crate::error::{Error, Result};
use crate::sql::bind::check_execute_argument;
use crate::sql::outcome::{Outcome, ResultColumn, Rows};
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sql::types::{self, Datum, Oid, SqlType};
use crate::sqlstate;

/// A prepared statement under its name.
#[derive(Clone)]
pub(super) struct Named {
    pub statement: Arc<Statement>,
    pub from_sql: bool,
    /// Microseconds since 2000-01-01 UTC.
    pub prepared_at: i64,
}

/// What Bind asks for.
pub struct BindRequest {
    pub portal: String,
    pub statement: String,
    /// Format codes as they came.
    pub param_formats: Vec<i16>,
    pub params: Vec<Option<Bytes>>,
    pub result_formats: Vec<i16>,
}

impl Session {
    /// Parse: makes a prepared statement. The unnamed one is replaced.
    pub fn prepare(&mut self, name: &str, text: &str, declared: Vec<Oid>) -> Result<()> {
        if name.is_empty() {
            self.prepared.remove("");
        }
        let parsed = self.parse(text)?;
        let statement = match parsed.as_slice() {
            [] => Arc::new(Statement::empty(text)),
            [one] => {
                self.check_not_failed(Some(one))?;
                self.prepare_one(one, &declared)?
            }
            _ => {
                return Err(Error::syntax(
                    "cannot insert multiple commands into a prepared statement",
                ));
            }
        };
        self.add_prepared(name, statement, false)
    }

    fn prepare_one(
        &mut self,
        parsed: &ParsedStatement,
        declared: &[Oid],
    ) -> Result<Arc<Statement>> {
        let Some(mut command) = Command::of(parsed)? else {
            return self.bind_kept(parsed, Some(declared));
        };
        if let Command::Declare(declare) = &mut command {
            declare.params = self.bind_kept(&declare.statement.clone(), Some(declared))?.params();
        }
        let body = Body::Command(Arc::new(command));
        Ok(Arc::new(Statement::new(parsed, body)))
    }

    fn add_prepared(
        &mut self,
        name: &str,
        statement: Arc<Statement>,
        from_sql: bool,
    ) -> Result<()> {
        if !name.is_empty() && self.prepared.contains_key(name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_PSTATEMENT,
                format!("prepared statement \"{name}\" already exists"),
            ));
        }
        if self.prepared.len() >= self.database.config().max_prepared_statements {
            return Err(Error::new(
                sqlstate::CONFIGURATION_LIMIT_EXCEEDED,
                "too many prepared statements in this session",
            ));
        }
        self.statements_changed |= !name.is_empty();
        let named = Named { statement, from_sql, prepared_at: time::now() };
        self.prepared.insert(name.to_owned(), named);
        Ok(())
    }

    /// The prepared statement of a name.
    pub fn prepared(&self, name: &str) -> Result<Arc<Statement>> {
        match self.prepared.get(name) {
            Some(named) => Ok(named.statement.clone()),
            None => {
                let message = match name {
                    "" => "unnamed prepared statement does not exist".to_owned(),
                    name => format!("prepared statement \"{name}\" does not exist"),
                };
                Err(Error::new(sqlstate::UNDEFINED_PSTATEMENT, message))
            }
        }
    }

    /// Close of a statement; one that does not exist is closed already.
    pub fn close_prepared(&mut self, name: &str) {
        self.statements_changed |= !name.is_empty();
        self.prepared.remove(name);
    }

    /// What a statement's rows look like; `None` if it has none.
    pub fn columns(&self, statement: &Statement) -> Result<Option<Arc<[ResultColumn]>>> {
        match &statement.body {
            Body::Empty => Ok(None),
            Body::Query(query) => Ok(query.prepared().columns.clone()),
            Body::Command(command) => self.command_columns(command),
        }
    }

    fn command_columns(&self, command: &Command) -> Result<Option<Arc<[ResultColumn]>>> {
        match command {
            Command::Show(name) => self.show_columns(name).map(Some),
            Command::Execute { name, .. } => {
                let statement = self.prepared(name)?;
                match &statement.body {
                    // An EXECUTE of an EXECUTE does not exist in PostgreSQL either.
                    Body::Query(query) => Ok(query.prepared().columns.clone()),
                    _ => Ok(None),
                }
            }
            Command::AroundExecute { around, .. } => match &around.node {
                NodeEnum::ExplainStmt(explain) => crate::sql::explain_columns(explain).map(Some),
                _ => Ok(None),
            },
            Command::Fetch(fetch) if !fetch.is_move => Ok(self.cursor_columns(&fetch.name)),
            _ => Ok(None),
        }
    }

    /// Describe of a statement: parameter types and columns, bound anew if the
    /// catalog changed.
    pub fn describe_prepared(
        &mut self,
        name: &str,
    ) -> Result<(Vec<SqlType>, Option<Arc<[ResultColumn]>>)> {
        let statement = self.prepared(name)?;
        if self.block.phase == super::Phase::Failed && self.columns(&statement)?.is_some() {
            return Err(super::execute::failed_transaction());
        }
        if let Body::Query(query) = &statement.body {
            let eval = self.eval_context();
            catch(|| query.current(&eval))?;
        }
        Ok((statement.params(), self.columns(&statement)?))
    }

    /// Bind: a portal over a prepared statement and its parameters.
    pub fn bind(&mut self, request: BindRequest) -> Result<()> {
        let statement = self.prepared(&request.statement)?;
        let types = statement.params();
        if request.params.len() != types.len() {
            return Err(Error::new(
                sqlstate::PROTOCOL_VIOLATION,
                format!(
                    "bind message supplies {} parameters, but prepared statement \"{}\" requires {}",
                    request.params.len(),
                    request.statement,
                    types.len()
                ),
            ));
        }
        self.check_runs_when_failed(&statement)?;
        let params = self.decode_params(&request, &types, true)?;
        if let Body::Query(query) = &statement.body {
            // The catalog may be another than when it was prepared.
            let eval = self.eval_context();
            catch(|| query.current(&eval))?;
        }
        let columns = self.columns(&statement)?;
        let result_formats = formats(&request.result_formats)?;
        check_result_formats(&result_formats, columns.as_deref())?;
        let portal = Portal::new(statement, params, result_formats, columns);
        self.add_portal(request.portal, portal)
    }

    /// `25P02` in a failed transaction, unless the statement may run there.
    pub fn check_runs_when_failed(&self, statement: &Statement) -> Result<()> {
        let may_run = match &statement.body {
            Body::Empty => true,
            Body::Command(command) => command.ends_failed_transaction(),
            Body::Query(_) => false,
        };
        if self.block.phase == super::Phase::Failed && !may_run {
            return Err(super::execute::failed_transaction());
        }
        Ok(())
    }

    pub(super) fn decode_params(
        &mut self,
        request: &BindRequest,
        types: &[SqlType],
        is_portal: bool,
    ) -> Result<Vec<Datum>> {
        if types.is_empty() {
            return Ok(Vec::new());
        }
        let eval = self.eval_context();
        let input = eval.input();
        let decode = |(index, (value, ty)): (usize, (&Option<Bytes>, &SqlType))| {
            let located = |error, is_shown| match is_portal {
                true => in_parameter(error, index, &request.portal, is_shown),
                false => error,
            };
            let code = match request.param_formats[..] {
                [] => Format::Text as i16,
                [one] => one,
                ref many => many.get(index).copied().unwrap_or_default(),
            };
            let format = Format::from_code(code).map_err(|error| located(error, false))?;
            let Some(bytes) = value else {
                return input.null(ty.oid).map_err(|error| located(error, false));
            };
            let repr = eval.catalog.repr(ty.oid)?;
            match format {
                Format::Text => {
                    let text = input.client_encoding.decode(bytes);
                    let text = text.map_err(|error| located(error, false))?;
                    types::text_input(&text, *ty, &repr, &input)
                        .map_err(|error| located(error, true))
                }
                Format::Binary => types::binary_recv(bytes, *ty, &repr, &input)
                    .map_err(|error| located(error, false)),
            }
        };
        request.params.iter().zip(types).enumerate().map(decode).collect()
    }

    pub(super) async fn run_prepare(
        &mut self,
        name: &str,
        type_names: &[ast::TypeName],
        parsed: &Arc<ParsedStatement>,
    ) -> Result<Outcome> {
        self.begin_statement()?;
        let eval = self.eval_context();
        let types = type_names
            .iter()
            .map(|name| {
                crate::catalog::resolve_type(&eval.catalog, &eval.settings.search_path, name)
            })
            .map(|ty| ty.map(|ty| ty.oid))
            .collect::<Result<Vec<Oid>>>()?;
        loop {
            let statement = self.prepare_one(parsed, &types)?;
            let Body::Query(query) = &statement.body else {
                return Err(Error::syntax("utility statements cannot be prepared"));
            };
            match self.lock_prepared(query).await {
                // Bound anew, with the locks that it has.
                Err(error) if error.is_catalog_changed() && self.block.start_over() => {
                    self.begin_statement()?;
                }
                Err(error) => return Err(error),
                Ok(()) => {
                    self.add_prepared(name, statement, true)?;
                    return Ok(Outcome::Command("PREPARE".to_owned()));
                }
            }
        }
    }

    /// Locks what a statement names, as PostgreSQL does when it analyzes one, until the
    /// transaction ends.
    async fn lock_prepared(&mut self, query: &Query) -> Result<()> {
        let prepared = query.prepared();
        let eval = self.eval_context();
        let scope = self.scope()?;
        let context = self.statement_context(eval, scope.token.clone());
        let work = self.block.work()?;
        scope.run(prepared.lock(work, &context)).await?;
        work.end_statement();
        Ok(())
    }

    pub(super) async fn run_execute(&mut self, name: &str, args: &[ast::Node]) -> Result<Outcome> {
        let statement = self.prepared(name)?;
        let Body::Query(query) = &statement.body else {
            return Err(Error::unsupported("EXECUTE of a statement for the session"));
        };
        let params = self.execute_arguments(name, args, query, &statement.text).await?;
        Box::pin(self.run_query(query, params)).await
    }

    /// EXPLAIN or CREATE TABLE AS: as if the prepared query stood in the statement.
    pub(super) async fn run_around_execute(
        &mut self,
        around: &ParsedStatement,
        name: &str,
        args: &[ast::Node],
    ) -> Result<Outcome> {
        let statement = self.prepared(name)?;
        let explained = match &around.node {
            NodeEnum::ExplainStmt(explain) => Some(explain),
            _ => None,
        };
        let query = match (&statement.body, explained) {
            (Body::Query(query), _) => query,
            (Body::Command(command), Some(explain)) => {
                let is_notify = matches!(**command, Command::Notify { .. });
                return crate::sql::explain_utility(explain, is_notify);
            }
            _ => return Err(Error::unsupported("EXECUTE of a statement for the session")),
        };
        let params = self.execute_arguments(name, args, query, &statement.text).await?;
        if let Some(explain) = explained.filter(|_| !has_plan(&query.parsed.node)) {
            return crate::sql::explain_utility(explain, false);
        }
        let prepared = query.prepared();
        let types = prepared.params.iter().map(|ty| ty.oid).collect();
        let is_table = matches!(around.node, NodeEnum::CreateTableAsStmt(_));
        if is_table && !matches!(query.parsed.node, NodeEnum::SelectStmt(_)) {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                "prepared statement is not a SELECT",
            ));
        }
        let node = with_query(&around.node, &query.parsed.node);
        let parsed = ParsedStatement { node, ..(*query.parsed).clone() };
        self.begin_statement()?;
        let eval = self.eval_context();
        let bound = catch(|| Query::bind(Arc::new(parsed), &eval, types))?;
        Box::pin(self.run_query(&bound, params)).await
    }

    /// The values of an EXECUTE's arguments.
    async fn execute_arguments(
        &mut self,
        name: &str,
        args: &[ast::Node],
        query: &Query,
        text: &Arc<str>,
    ) -> Result<Vec<Datum>> {
        let types = query.prepared().params.clone();
        if args.len() != types.len() {
            return Err(Error::syntax(format!(
                "wrong number of parameters for prepared statement \"{name}\""
            ))
            .with_detail(format!(
                "Expected {} parameters but got {}.",
                types.len(),
                args.len()
            )));
        }
        self.evaluate_arguments(args, &types, text).await
    }

    /// Arguments of EXECUTE are expressions: they are a SELECT list of their own,
    /// cast to the parameters' types.
    async fn evaluate_arguments(
        &mut self,
        args: &[ast::Node],
        types: &[SqlType],
        text: &Arc<str>,
    ) -> Result<Vec<Datum>> {
        if args.is_empty() {
            return Ok(Vec::new());
        }
        let catalog = self.catalog();
        let targets = args
            .iter()
            .zip(types)
            .map(|(arg, ty)| cast_target(arg, type_name(&catalog, *ty)?))
            .collect::<Result<Vec<_>>>()?;
        let select = ast::SelectStmt {
            target_list: targets,
            limit_option: ast::LimitOption::Default as i32,
            op: ast::SetOperation::SetopNone as i32,
            ..Default::default()
        };
        let parsed = ParsedStatement {
            node: NodeEnum::SelectStmt(Box::new(select)),
            location: 0,
            length: text.len(),
            text: text.clone(),
            depth: 0,
        };
        self.begin_statement()?;
        let eval = self.eval_context();
        for (index, (arg, ty)) in args.iter().zip(types).enumerate() {
            catch(|| check_execute_argument(&eval, arg, (index + 1, *ty)))?;
        }
        let query = catch(|| Query::bind(Arc::new(parsed), &eval, Vec::new()))?;
        let Outcome::Rows(stream) = Box::pin(self.run_query(&query, Vec::new())).await? else {
            return Err(Error::internal("arguments of EXECUTE have no value"));
        };
        let mut cursor = RowCursor::new(stream);
        let columns = cursor.columns.clone();
        let rows = self.next_rows(&mut cursor, 1).await?;
        rows.and_then(|rows| first_row(rows, &columns, &eval.catalog).transpose())
            .ok_or_else(|| Error::internal("arguments of EXECUTE have no value"))?
    }

    pub(super) fn run_deallocate(&mut self, name: Option<&str>) -> Result<Outcome> {
        self.statements_changed = true;
        match name {
            None => {
                self.prepared.clear();
                Ok(Outcome::Command("DEALLOCATE ALL".to_owned()))
            }
            Some(name) => {
                self.prepared(name)?;
                self.prepared.remove(name);
                Ok(Outcome::Command("DEALLOCATE".to_owned()))
            }
        }
    }
}

fn check_result_formats(formats: &[Format], columns: Option<&[ResultColumn]>) -> Result<()> {
    let count = columns.map_or(0, <[_]>::len);
    if formats.len() > 1 && formats.len() != count {
        return Err(Error::new(
            sqlstate::PROTOCOL_VIOLATION,
            format!(
                "bind message has {} result formats but query has {count} columns",
                formats.len()
            ),
        ));
    }
    Ok(())
}

/// As PostgreSQL, whose `log_parameter_max_length_on_error` is 0: a text that was read is
/// told of, and not shown.
fn in_parameter(error: Error, index: usize, portal: &str, is_shown: bool) -> Error {
    let number = index + 1;
    let value = if is_shown { " = '...'" } else { "" };
    error.with_context(match portal {
        "" => format!("unnamed portal parameter ${number}{value}"),
        name => format!("portal \"{name}\" parameter ${number}{value}"),
    })
}

/// The first row as values.
pub(super) fn first_row(
    rows: Rows,
    columns: &[ResultColumn],
    catalog: &crate::catalog::Catalog,
) -> Result<Option<Vec<Datum>>> {
    match split(rows, 1).0 {
        Rows::Datums(rows) => Ok(rows.into_iter().next()),
        Rows::Batch(batch) => {
            let datum = |(index, column): (usize, &ResultColumn)| {
                let repr = catalog.repr(column.ty.oid)?;
                types::arrow::datum_at(batch.column(index), 0, &repr)
            };
            columns.iter().enumerate().map(datum).collect::<Result<_>>().map(Some)
        }
    }
}

/// `CAST(arg AS type)` as an item of a select list.
fn cast_target(arg: &ast::Node, type_name: ast::TypeName) -> Result<ast::Node> {
    let cast = ast::TypeCast {
        arg: Some(Box::new(arg.clone())),
        type_name: Some(type_name),
        location: -1,
    };
    let target = ast::ResTarget {
        val: Some(Box::new(node(NodeEnum::TypeCast(Box::new(cast))))),
        location: -1,
        ..Default::default()
    };
    Ok(node(NodeEnum::ResTarget(Box::new(target))))
}

fn type_name(catalog: &crate::catalog::Catalog, ty: SqlType) -> Result<ast::TypeName> {
    let missing = || Error::internal(format!("type {} does not exist", ty.oid));
    let found = catalog.type_(ty.oid).ok_or_else(missing)?;
    let schema = catalog.schema(found.schema).ok_or_else(missing)?;
    let name = |text: &str| node(NodeEnum::String(ast::String { sval: text.to_owned() }));
    Ok(ast::TypeName {
        names: vec![name(&schema.name), name(&found.name)],
        typemod: -1,
        location: -1,
        ..Default::default()
    })
}

fn node(node: NodeEnum) -> ast::Node {
    ast::Node { node: Some(node) }
}

/// Whether EXPLAIN shows a plan of the statement.
fn has_plan(node: &NodeEnum) -> bool {
    matches!(
        node,
        NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_)
            | NodeEnum::CreateTableAsStmt(_)
            | NodeEnum::DeclareCursorStmt(_)
    )
}
