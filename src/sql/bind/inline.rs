//! What is inlined: views, functions in SQL, and expressions kept as text.
//!
//! Each is bound where no name of the surrounding statement is visible, under
//! its own search path; errors inside carry no position, which would point into
//! another text.

use std::sync::Arc;

use super::Binder;
use super::bound::Names;
use super::node::{bool_expr, boxed, inner, null, typed};
use super::params::Params;
use super::prune::prune_scans;
use super::scope::Level;
use super::{INLINE_DEPTH_MAX, from::exact};
use crate::catalog::{self, CastContext, Function, FunctionKind, Relation, Volatility};
use crate::error::{Error, Result};
use crate::sql::ir::visit::{Walk, each_expr_mut, each_in_expr, rel_exprs_mut};
use crate::sql::ir::{Expr, ExprKind, Query, Rel, Statement, Subquery, SubqueryKind};
use crate::sql::parse::ast::{Node, SelectStmt};
use crate::sql::parse::{self, NodeEnum};
use crate::sql::types::{Datum, Oid, SqlType, oid, record};

/// What a stored expression is bound under: it names the schemas of all that is not
/// PostgreSQL's, so that it means what it meant, whatever the session's own path is.
pub(super) const STORED_PATH: [Oid; 1] = [catalog::PG_CATALOG];

/// The language of functions whose body is a query.
const SQL_LANGUAGE: &str = "sql";

impl Binder<'_> {
    /// Runs `work` with nothing of the current statement visible.
    pub(super) fn isolated<T: Send>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T> + Send,
    ) -> Result<T> {
        self.isolated_with(Params::fixed(&[]), work)
    }

    pub(super) fn isolated_with<T: Send>(
        &mut self,
        params: Params,
        work: impl FnOnce(&mut Self) -> Result<T> + Send,
    ) -> Result<T> {
        if self.inline_depth >= INLINE_DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        let levels = std::mem::replace(&mut self.levels, vec![Level::default()]);
        let params = std::mem::replace(&mut self.params, params);
        let names = std::mem::take(&mut self.names);
        let rule_source = self.rule_source.take();
        self.inline_depth += 1;
        let answer = self.deeper(work);
        self.inline_depth -= 1;
        self.levels = levels;
        self.params = params;
        self.names = names;
        self.rule_source = rule_source;
        answer.map_err(Error::without_position)
    }

    /// A view's query as a statement of its own: what fills a materialized view.
    pub fn bind_view(&mut self, relation: &Arc<Relation>) -> Result<Statement> {
        let mut statement = Statement::Query(self.view_query(relation)?);
        prune_scans(&mut statement);
        Ok(statement)
    }

    /// A view's query, bound under the search path of its creation.
    pub(super) fn view_query(&mut self, relation: &Arc<Relation>) -> Result<Query> {
        let Some(view) = relation.view() else {
            return Err(Error::internal(format!("relation \"{}\" is no view", relation.name)));
        };
        let statements = parse::parse(&view.sql)?;
        let path = catalog::effective_search_path(
            &self.catalog,
            &view.search_path,
            &self.eval.settings.current_user,
            None,
        );
        let outer = std::mem::replace(&mut self.search_path, path);
        // What a view reads is read with its owner's rights.
        let check_as = match view.security_invoker() {
            true => self.check_as,
            false => Some(relation.owner),
        };
        let outer_check_as = std::mem::replace(&mut self.check_as, check_as);
        let query = self.isolated(|binder| {
            binder.names = Names::of_view(relation);
            match statements.as_slice() {
                [only] => match &only.node {
                    NodeEnum::SelectStmt(select) => {
                        let query = binder.select(select)?;
                        Ok(binder.wrapped(query))
                    }
                    _ => Err(Error::internal("a view's query is no SELECT")),
                },
                _ => Err(Error::internal("a view's query is not one statement")),
            }
        });
        self.search_path = outer;
        self.check_as = outer_check_as;
        query
    }

    /// An expression from its text, at the current level.
    pub(super) fn expression_text(&mut self, sql: &str) -> Result<Expr> {
        let statements = parse::parse_expression(sql)?;
        let invalid = || Error::syntax(format!("invalid expression: {sql}"));
        let [only] = statements.as_slice() else { return Err(invalid()) };
        let node = expression_of(&only.node).ok_or_else(invalid)?;
        self.expr(node)
    }

    /// The same of one that is stored: bound under what it was printed for.
    pub(super) fn stored_text(&mut self, sql: &str) -> Result<Expr> {
        let outer = std::mem::replace(&mut self.search_path, STORED_PATH.to_vec());
        let expr = self.expression_text(sql);
        self.search_path = outer;
        expr
    }

    /// A call of a function in SQL becomes its body.
    pub(super) fn inline_scalar(&mut self, expr: Expr) -> Result<Expr> {
        let ExprKind::Call(call) = &expr.kind else { return Ok(expr) };
        if call.function.language != SQL_LANGUAGE {
            return Ok(expr);
        }
        let (function, args, ty) = (call.function.clone(), call.args.clone(), call.ty);
        let location = expr.location;
        if function.oid >= oid::FIRST_NORMAL {
            return self.inline_users(expr, &function, &args, ty);
        }
        let mut query = self.function_query(&function, &args)?;
        let body = match single_value(&mut query) {
            Some(value) => value,
            None => scalar_subquery(query),
        };
        let mut body = self.returned(body, ty, &function)?;
        body.location = location;
        substitute(&mut body, &args);
        Ok(if function.strict { strict(body, &args) } else { body })
    }

    /// A user's function is called, unless its body is an expression that may stand in
    /// the place of the call without any difference to be seen.
    fn inline_users(
        &mut self,
        call: Expr,
        function: &Arc<Function>,
        args: &[Expr],
        ty: SqlType,
    ) -> Result<Expr> {
        let may = !self.is_kept
            && !self.is_describing()
            && !function.strict
            && !function.options.security_definer
            && function.options.config.is_empty()
            && function.kind == FunctionKind::Function
            && !matches!(ty.oid, oid::RECORD | oid::VOID)
            && !self.is_complex(ty.oid)
            && !self.inlining.contains(&function.oid);
        let plain = || {
            let statements = parse::parse(&function.source).ok()?;
            let [only] = statements.as_slice() else { return None };
            expression_of(&only.node).map(|_| ())
        };
        if !may || plain().is_none() {
            return Ok(call);
        }
        self.inlining.push(function.oid);
        let query = self.function_query(function, args);
        self.inlining.pop();
        // What is wrong with the body is said when it runs.
        let Ok(mut query) = query else { return Ok(call) };
        let Some(body) = single_value(&mut query) else { return Ok(call) };
        let Ok(mut body) = self.returned(body, ty, function) else { return Ok(call) };
        let mut uses = vec![0usize; args.len()];
        let mut volatility = Volatility::Immutable;
        let mut has_query = false;
        let mut note = |expr: &Expr| match &expr.kind {
            ExprKind::Param(index) => {
                if let Some(count) = uses.get_mut(*index) {
                    *count += 1;
                }
            }
            ExprKind::Call(call) => volatility = volatility.max(call.function.volatility),
            ExprKind::Subquery(_) => has_query = true,
            _ => {}
        };
        each_in_expr(&body, &mut note, &mut |_| {});
        let repeats = |(arg, count): (&Expr, &usize)| *count != 1 && !is_cheap(arg);
        if has_query || volatility > function.volatility || args.iter().zip(&uses).any(repeats) {
            return Ok(call);
        }
        body.location = call.location;
        substitute(&mut body, args);
        Ok(body)
    }

    /// Whether a set-returning function of a user may stand in FROM as its query.
    fn may_inline_set(&self, function: &Function, args: &[Expr]) -> bool {
        let is_select = || {
            let statements = parse::parse(&function.source).ok()?;
            let [only] = statements.as_slice() else { return None };
            let NodeEnum::SelectStmt(select) = &only.node else { return None };
            let plain = select.into_clause.is_none()
                && select.locking_clause.is_empty()
                && select.with_clause.is_none();
            plain.then_some(())
        };
        function.returns_set
            && function.returns != oid::VOID
            && function.volatility != Volatility::Volatile
            && !function.strict
            && !function.options.security_definer
            && function.options.config.is_empty()
            && !self.inlining.contains(&function.oid)
            && args.iter().all(is_cheap)
            && is_select().is_some()
    }

    fn returned(&mut self, body: Expr, ty: SqlType, function: &Function) -> Result<Expr> {
        let source = body.ty.oid;
        if ty.oid == oid::VOID {
            return Ok(typed(ExprKind::Const(Datum::Null), ty, -1));
        }
        self.coerce_to(body, ty, CastContext::Assignment)?.ok_or_else(|| {
            Error::new(
                crate::sqlstate::INVALID_FUNCTION_DEFINITION,
                format!(
                    "return type mismatch in function declared to return {}",
                    self.display_type(ty.oid)
                ),
            )
            .with_detail(format!("Actual return type is {}.", self.display_type(source)))
            .with_context(format!("SQL function \"{}\"", function.name))
        })
    }

    /// A set-returning function in SQL in FROM becomes a subquery.
    pub(super) fn inline_set(
        &mut self,
        expr: &Expr,
        definitions: &[Node],
    ) -> Result<Option<Query>> {
        let ExprKind::Call(call) = &expr.kind else { return Ok(None) };
        if call.function.language != SQL_LANGUAGE {
            return Ok(None);
        }
        let (function, args) = (call.function.clone(), call.args.clone());
        let users = function.oid >= oid::FIRST_NORMAL;
        if users && (self.is_kept || !self.may_inline_set(&function, &args)) {
            return Ok(None);
        }
        self.inlining.push(function.oid);
        let query = self.function_query(&function, &args);
        self.inlining.pop();
        if users && query.is_err() {
            return Ok(None);
        }
        let mut query = query?;
        let columns = if !definitions.is_empty() {
            Some(self.column_definitions(definitions)?)
        } else {
            let fields = record::fields(call.ty).map(|fields| fields.to_vec());
            fields.or_else(|| self.composite_columns(call.ty.oid))
        };
        let names_and_types = columns.unwrap_or_else(|| vec![(function.name.clone(), call.ty)]);
        let types: Vec<SqlType> = names_and_types.iter().map(|(_, ty)| *ty).collect();
        if types.len() != query.output.len() && users {
            return Ok(None);
        }
        if types.len() != query.output.len() {
            return Err(Error::unsupported(format!(
                "function {} whose query has {} columns",
                function.name,
                query.output.len()
            )));
        }
        query = exact(self, query);
        self.assign_output(&mut query, &types)?;
        for (output, (name, _)) in query.output.iter_mut().zip(names_and_types) {
            output.name = name;
        }
        if !function.returns_set {
            query.rel = limit_one(query.rel);
        }
        rel_exprs_mut(&mut query.rel, &mut |expr| replace_param(expr, &args));
        Ok(Some(query))
    }

    fn assign_output(&mut self, query: &mut Query, types: &[SqlType]) -> Result<()> {
        let Rel::Project { exprs, .. } = &mut query.rel else { return Ok(()) };
        for (((column, expr), output), ty) in exprs.iter_mut().zip(&mut query.output).zip(types) {
            let taken = std::mem::replace(expr, null(column.ty));
            let source = taken.ty.oid;
            *expr = self.coerce_to(taken, *ty, CastContext::Assignment)?.ok_or_else(|| {
                Error::new(
                    crate::sqlstate::INVALID_FUNCTION_DEFINITION,
                    "return type mismatch in function declared to return record",
                )
                .with_detail(format!(
                    "Final statement returns {} instead of {}.",
                    self.display_type(source),
                    self.display_type(ty.oid)
                ))
            })?;
            (column.ty, output.ty) = (expr.ty, expr.ty);
        }
        Ok(())
    }

    /// What names in a function's body are looked for in: a function of the system, and one
    /// whose body is SQL's own form, mean what they meant when they were made; a body that
    /// is a text goes by the path of where it stands, and is called where that finds nothing.
    fn body_path(&self, function: &Function) -> Vec<Oid> {
        if function.oid < oid::FIRST_NORMAL {
            return vec![catalog::PG_CATALOG, function.schema];
        }
        let path = function.body_path(&self.catalog);
        path.unwrap_or_else(|| self.search_path.clone())
    }

    /// The body of a function in SQL, its arguments still parameters.
    fn function_query(&mut self, function: &Arc<Function>, args: &[Expr]) -> Result<Query> {
        let path = self.body_path(function);
        let outer = std::mem::replace(&mut self.search_path, path);
        let query = self.body_query(function, args);
        self.search_path = outer;
        query
    }

    fn body_query(&mut self, function: &Arc<Function>, args: &[Expr]) -> Result<Query> {
        let statements = parse::parse(&function.source)
            .map_err(|error| error.without_position().with_context(context(function)))?;
        let types: Vec<Oid> = args.iter().map(|arg| arg.ty.oid).collect();
        let mut params = Params::fixed(&types);
        params.names = function.arg_names.clone();
        self.isolated_with(params, |binder| {
            binder.levels.clear();
            match statements.as_slice() {
                [only] => match &only.node {
                    NodeEnum::SelectStmt(select) => binder.select(select),
                    _ => Err(Error::unsupported("a function in SQL that is not one SELECT")),
                },
                _ => Err(Error::unsupported("a function in SQL that is not one SELECT")),
            }
        })
        .map_err(|error| error.with_context(context(function)))
    }
}

/// Whether an argument may be computed any number of times.
fn is_cheap(arg: &Expr) -> bool {
    match &arg.kind {
        ExprKind::Const(_) | ExprKind::Param(_) | ExprKind::Column(_) => true,
        ExprKind::Relabel(inner) => is_cheap(inner),
        _ => false,
    }
}

fn context(function: &Function) -> String {
    format!("SQL function \"{}\" during inlining", function.name)
}

/// The expression in `SELECT expression`.
pub fn expression_of(node: &NodeEnum) -> Option<&NodeEnum> {
    let NodeEnum::SelectStmt(select) = node else { return None };
    let SelectStmt { target_list, .. } = select.as_ref();
    let [target] = target_list.as_slice() else { return None };
    let plain = select.from_clause.is_empty()
        && select.where_clause.is_none()
        && select.group_clause.is_empty()
        && select.sort_clause.is_empty()
        && select.limit_count.is_none()
        && select.larg.is_none();
    match inner(target).ok()? {
        NodeEnum::ResTarget(target) if plain => boxed(&target.val),
        _ => None,
    }
}

/// The value of `SELECT value`, when the query is nothing else.
fn single_value(query: &mut Query) -> Option<Expr> {
    match &mut query.rel {
        Rel::Project { input, exprs }
            if exprs.len() == 1 && matches!(**input, Rel::OneRow) && query.output.len() == 1 =>
        {
            exprs.pop().map(|(_, expr)| expr)
        }
        _ => None,
    }
}

/// A function answers the first row of its query.
fn scalar_subquery(mut query: Query) -> Expr {
    let ty = query.output.first().map_or(SqlType::new(oid::VOID), |column| column.ty);
    query.rel = limit_one(query.rel);
    let subquery = Subquery { kind: SubqueryKind::Scalar, query };
    typed(ExprKind::Subquery(Box::new(subquery)), ty, -1)
}

fn limit_one(input: Rel) -> Rel {
    let one = super::node::constant(Datum::Int8(1), super::node::INT8);
    Rel::Limit { input: Box::new(input), limit: Some(one), offset: None, with_ties: Vec::new() }
}

fn substitute(body: &mut Expr, args: &[Expr]) {
    each_expr_mut(body, &mut |expr| replace_param(expr, args));
}

fn replace_param(expr: &mut Expr, args: &[Expr]) -> Walk {
    match expr.kind {
        ExprKind::Param(index) if index < args.len() => {
            *expr = args[index].clone();
            Walk::Skip
        }
        _ => Walk::Inside,
    }
}

/// A strict function answers NULL without running when an argument is NULL.
fn strict(body: Expr, args: &[Expr]) -> Expr {
    let nulls: Vec<Expr> = args
        .iter()
        .filter(|arg| !matches!(&arg.kind, ExprKind::Const(datum) if !datum.is_null()))
        .map(|arg| bool_expr(ExprKind::IsNull(Box::new(arg.clone())), -1))
        .collect();
    if nulls.is_empty() {
        return body;
    }
    let (ty, location) = (body.ty, body.location);
    let any_null = bool_expr(ExprKind::Or(nulls), -1);
    let kind = ExprKind::Case {
        operand: None,
        whens: vec![(any_null, null(ty))],
        otherwise: Some(Box::new(body)),
    };
    typed(kind, ty, location)
}
