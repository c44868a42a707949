//! Function calls: resolution (chapter 10.3) and what a call turns into.

use std::sync::Arc;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{CoercionForm, FuncCall};

use super::Binder;
use super::coerce::Pathway;
use super::node::{boxed, inner, location, qualified_name, typed};
use super::polymorphic::is_polymorphic;
use super::scope::{Clause, SetCall};
use super::typename::category;
use crate::catalog::{CastContext, Function, FunctionKind};
use crate::error::{Error, Result};
use crate::sql::functions::OF_ARRAY;
use crate::sql::ir::{Call, Expr, ExprKind};
use crate::sql::types::{Datum, Oid, SqlType, oid, record};
use crate::sqlstate;

/// The symbol of `pg_typeof`.
const PG_TYPEOF: &str = "pg_typeof";

/// What a call's name and arguments resolved to.
pub(super) enum Resolved {
    Function(Resolution),
    /// A type's name used as a function: `date('2020-01-01')`.
    Cast(SqlType),
}

/// One function, and how the given arguments fill its parameters.
pub(super) struct Resolution {
    pub function: Arc<Function>,
    /// Parameter types in parameter order, a VARIADIC tail spread out.
    declared: Vec<Oid>,
    /// For each parameter the index of the argument given, or none: the default.
    sources: Vec<Option<usize>>,
    /// How many trailing arguments are gathered into the VARIADIC array.
    gathered: usize,
    /// Another function takes the same arguments as well.
    ambiguous: bool,
}

/// Arguments of a call (PostgreSQL's `FUNC_MAX_ARGS`).
const ARGUMENTS_MAX: usize = 100;

impl Resolution {
    /// The parameters' types, a VARIADIC tail spread out.
    pub fn declared(&self) -> &[Oid] {
        &self.declared
    }

    /// Which of the arguments given fills a parameter.
    pub fn source(&self, parameter: usize) -> Option<usize> {
        self.sources.get(parameter).copied().flatten()
    }
}

/// The arguments of a call as written, bound.
pub(super) struct Arguments {
    pub exprs: Vec<Expr>,
    /// One per argument; `None` for positional ones.
    pub names: Vec<Option<String>>,
    pub variadic: bool,
    /// VARIADIC parameters stand for themselves: nothing is gathered.
    pub whole: bool,
}

impl Arguments {
    pub fn positional(exprs: Vec<Expr>) -> Arguments {
        let names = vec![None; exprs.len()];
        Arguments { exprs, names, variadic: false, whole: false }
    }

    fn types(&self) -> Vec<Oid> {
        self.exprs.iter().map(|expr| expr.ty.oid).collect()
    }

    fn is_named(&self) -> bool {
        self.names.iter().any(Option::is_some)
    }
}

impl Binder<'_> {
    pub(super) fn func_call(&mut self, call: &FuncCall) -> Result<Expr> {
        self.func_call_in(call, false)
    }

    /// `at_top`: the call is a FROM item itself, where a set may be returned.
    pub(super) fn func_call_in(&mut self, call: &FuncCall, at_top: bool) -> Result<Expr> {
        let name = qualified_name(&call.funcname)?;
        let unsupported = matches!(name.1, "xmlexists") && name.0 == Some("pg_catalog");
        if unsupported {
            return Err(Error::unsupported("XML").at(call.location));
        }
        let outer_sets = self.levels.last().map_or(0, |level| level.set_calls.len());
        let mut arguments = self.arguments(call)?;
        if call.agg_within_group {
            for key in &call.agg_order {
                if let NodeEnum::SortBy(sort) = inner(key)? {
                    arguments.exprs.push(self.expr(super::node::required(&sort.node)?)?);
                    arguments.names.push(None);
                }
            }
        }
        if arguments.exprs.len() > ARGUMENTS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_ARGUMENTS,
                format!("cannot pass more than {ARGUMENTS_MAX} arguments to a function"),
            )
            .at(call.location));
        }
        let resolved = match self.resolve_call(name, &arguments, call.location, call.agg_star) {
            Err(error) => {
                return match self.projected(call, name, &arguments)? {
                    Some(field) => Ok(field),
                    None => Err(error),
                };
            }
            resolved => resolved?,
        };
        let resolution = match resolved {
            Resolved::Cast(ty) => {
                self.plain_function_only(call, name.1)?;
                let arg = arguments.exprs.remove(0);
                return self.cast(arg, ty, call.location);
            }
            Resolved::Function(resolution) => resolution,
        };
        self.match_hypothetical(call, name, &resolution, &mut arguments)?;
        match resolution.function.kind {
            FunctionKind::Aggregate if call.over.is_some() => {
                self.window_call(call, resolution, arguments)
            }
            FunctionKind::Aggregate => self.aggregate_call(call, resolution, arguments),
            FunctionKind::Window => self.window_call(call, resolution, arguments),
            FunctionKind::Procedure => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{} is a procedure", self.signature(name, &arguments)),
            )
            .with_hint("To call a procedure, use CALL.")
            .at(call.location)),
            FunctionKind::Function => {
                self.plain_function_only(call, name.1)?;
                self.check_code(&resolution.function).map_err(|error| error.at(call.location))?;
                let returns_set = resolution.function.returns_set;
                let mut call_expr = self.finish_call(resolution, arguments, call.location)?;
                if let ExprKind::Call(bound) = &mut call_expr.kind {
                    bound.sql_syntax = call.funcformat() == CoercionForm::CoerceSqlSyntax;
                }
                if returns_set && !at_top {
                    return self.set_call(call_expr, call.location, outer_sets);
                }
                if returns_set || at_top {
                    return Ok(call_expr);
                }
                self.inline_scalar(call_expr)
            }
        }
    }

    /// `f(row)` where no function is meant is the field `f` of the row.
    fn projected(
        &mut self,
        call: &FuncCall,
        name: (Option<&str>, &str),
        arguments: &Arguments,
    ) -> Result<Option<Expr>> {
        let [row] = arguments.exprs.as_slice() else { return Ok(None) };
        let is_plain = name.0.is_none()
            && !arguments.is_named()
            && !arguments.variadic
            && self.is_complex(row.ty.oid)
            && self.plain_function_only(call, name.1).is_ok();
        match is_plain {
            true => Ok(self.find_field(row.clone(), name.1, call.location)),
            false => Ok(None),
        }
    }

    /// `row.f` where the row has no such field calls the function `f` of the row.
    pub(super) fn functional_field(
        &mut self,
        row: &Expr,
        name: &str,
        location: i32,
    ) -> Result<Option<Expr>> {
        let arguments = Arguments::positional(vec![row.clone()]);
        match self.resolve_call((None, name), &arguments, location, false) {
            Ok(Resolved::Function(resolution))
                if resolution.function.kind == FunctionKind::Function
                    && !resolution.function.returns_set =>
            {
                let call = self.finish_call(resolution, arguments, location)?;
                self.inline_scalar(call).map(Some)
            }
            Ok(Resolved::Cast(ty)) => {
                let [row] = <[Expr; 1]>::try_from(arguments.exprs)
                    .map_err(|_| Error::internal("one argument"))?;
                self.cast(row, ty, location).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn arguments(&mut self, call: &FuncCall) -> Result<Arguments> {
        let mut arguments = Arguments::positional(Vec::new());
        arguments.variadic = call.func_variadic;
        for arg in &call.args {
            let node = inner(arg)?;
            let (name, value) = match node {
                NodeEnum::NamedArgExpr(named) => {
                    (Some(named.name.clone()), super::node::required(&named.arg)?)
                }
                other => (None, other),
            };
            if name.is_none() && arguments.is_named() {
                return Err(Error::syntax("positional argument cannot follow named argument")
                    .at(location(node)));
            }
            if name.is_some() && arguments.names.contains(&name) {
                return Err(Error::syntax(format!(
                    "argument name \"{}\" used more than once",
                    name.unwrap_or_default()
                ))
                .at(location(node)));
            }
            let expr = self.expr(value)?;
            // Clients of JDBC's form `{? = call f(?)}` give the result a parameter, of type void.
            let is_result = expr.ty.oid == oid::VOID && matches!(expr.kind, ExprKind::Param(_));
            if !is_result || call.agg_within_group {
                arguments.exprs.push(expr);
                arguments.names.push(name);
            }
        }
        Ok(arguments)
    }

    /// DISTINCT, ORDER BY, FILTER, OVER … need an aggregate or a window function.
    fn plain_function_only(&self, call: &FuncCall, name: &str) -> Result<()> {
        let wrong = |what: &str| {
            Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{what}{name} is not an aggregate function"),
            )
            .at(call.location))
        };
        if call.agg_star {
            return wrong(&format!("{name}(*) specified, but "));
        }
        if call.agg_distinct {
            return wrong("DISTINCT specified, but ");
        }
        if call.agg_within_group {
            return wrong("WITHIN GROUP specified, but ");
        }
        if !call.agg_order.is_empty() {
            return wrong("ORDER BY specified, but ");
        }
        if boxed(&call.agg_filter).is_some() {
            return wrong("FILTER specified, but ");
        }
        if call.over.is_some() {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!(
                    "OVER specified, but {name} is not a window function nor an aggregate function"
                ),
            )
            .at(call.location));
        }
        Ok(())
    }

    /// The function that a call means (`func_get_detail`).
    pub(super) fn resolve_call(
        &mut self,
        name: (Option<&str>, &str),
        arguments: &Arguments,
        location: i32,
        star: bool,
    ) -> Result<Resolved> {
        let functions = self
            .catalog
            .functions_named(&self.search_path, name.0, name.1)
            .map_err(|error| error.at(location))?;
        self.resolve_among(&functions, name, arguments, location, star)
    }

    /// The function among those of one name that a call means.
    pub(super) fn resolve_among(
        &mut self,
        functions: &[Arc<Function>],
        name: (Option<&str>, &str),
        arguments: &Arguments,
        location: i32,
        star: bool,
    ) -> Result<Resolved> {
        let mut candidates: Vec<Resolution> =
            functions.iter().filter_map(|function| candidate(function, arguments)).collect();
        self.drop_hidden(&mut candidates, arguments.exprs.len());
        let actual = arguments.types();
        let given = |c: &Resolution| given_types(c, actual.len());
        if let Some(exact) = candidates.iter().position(|c| given(c) == actual) {
            return self.unambiguous(candidates.swap_remove(exact), name, arguments, location);
        }
        if let Some(ty) = self.cast_by_name(name, arguments) {
            return Ok(Resolved::Cast(ty));
        }
        let types: Vec<Vec<Oid>> = candidates.iter().map(given).collect();
        let fitting: Vec<usize> =
            (0..types.len()).filter(|index| self.accepts(&actual, &types[*index])).collect();
        let chosen = match fitting[..] {
            [] => return Err(self.no_function(name, arguments, star).at(location)),
            [only] => Some(only),
            _ => {
                let slices: Vec<&[Oid]> = fitting.iter().map(|i| types[*i].as_slice()).collect();
                self.best_candidate(&actual, &slices).map(|best| fitting[best])
            }
        };
        match chosen {
            Some(index) => {
                self.unambiguous(candidates.swap_remove(index), name, arguments, location)
            }
            None => Err(self.not_unique(name, arguments).at(location)),
        }
    }

    fn unambiguous(
        &mut self,
        resolution: Resolution,
        name: (Option<&str>, &str),
        arguments: &Arguments,
        location: i32,
    ) -> Result<Resolved> {
        match resolution.ambiguous {
            true => Err(self.not_unique(name, arguments).at(location)),
            false => {
                self.note_call(resolution.function.oid);
                Ok(Resolved::Function(resolution))
            }
        }
    }

    fn not_unique(&self, name: (Option<&str>, &str), arguments: &Arguments) -> Error {
        Error::new(
            sqlstate::AMBIGUOUS_FUNCTION,
            format!("function {} is not unique", self.signature(name, arguments)),
        )
        .with_hint(
            "Could not choose a best candidate function. You might need to add explicit type casts.",
        )
    }

    /// Of candidates that take the same arguments the earlier schema wins, then
    /// one that is not variadic; between others there is no choice.
    fn drop_hidden(&self, candidates: &mut Vec<Resolution>, count: usize) {
        let rank = |c: &Resolution| {
            let schema = self.search_path.iter().position(|oid| *oid == c.function.schema);
            (schema, c.gathered > 0)
        };
        let mut kept: Vec<Resolution> = Vec::with_capacity(candidates.len());
        for candidate in candidates.drain(..) {
            let types = given_types(&candidate, count);
            match kept.iter().position(|other| given_types(other, count) == types) {
                Some(index) => match rank(&candidate).cmp(&rank(&kept[index])) {
                    std::cmp::Ordering::Less => kept[index] = candidate,
                    std::cmp::Ordering::Equal => kept[index].ambiguous = true,
                    std::cmp::Ordering::Greater => {}
                },
                None => kept.push(candidate),
            }
        }
        *candidates = kept;
    }

    /// `type(x)` is a cast when no function of that name takes `x` exactly and
    /// the cast needs no work, or goes through text.
    fn cast_by_name(&self, name: (Option<&str>, &str), arguments: &Arguments) -> Option<SqlType> {
        let [only] = arguments.exprs.as_slice() else { return None };
        if arguments.is_named() || arguments.variadic {
            return None;
        }
        let found = self.catalog.find_type(&self.search_path, name.0, name.1).ok()??;
        let (source, target) = (only.ty.oid, found.oid);
        let casts = source == oid::UNKNOWN
            || match self.pathway(source, target, CastContext::Explicit) {
                Some(Pathway::Relabel) => true,
                Some(Pathway::Text) => {
                    !(self.is_complex(source) && self.category(target) == category::STRING)
                }
                _ => false,
            };
        casts.then(|| SqlType::new(target))
    }

    fn no_function(&self, name: (Option<&str>, &str), arguments: &Arguments, star: bool) -> Error {
        let signature = match star {
            true => format!("{}()", display_name(name)),
            false => self.signature(name, arguments),
        };
        Error::undefined_function(&signature).with_hint(
            "No function matches the given name and argument types. You might need to add explicit type casts.",
        )
    }

    pub(super) fn signature(&self, name: (Option<&str>, &str), arguments: &Arguments) -> String {
        let args: Vec<String> = arguments
            .exprs
            .iter()
            .zip(&arguments.names)
            .map(|(expr, name)| {
                let ty = self.display_type(expr.ty.oid);
                name.as_ref().map_or(ty.clone(), |name| format!("{name} => {ty}"))
            })
            .collect();
        format!("{}({})", display_name(name), args.join(", "))
    }

    /// Coerces, fills in defaults and gathers the VARIADIC tail.
    pub(super) fn finish_call(
        &mut self,
        resolution: Resolution,
        arguments: Arguments,
        location: i32,
    ) -> Result<Expr> {
        let function = resolution.function.clone();
        if function.source == PG_TYPEOF && arguments.exprs.iter().all(is_undecided) {
            let ty = SqlType::new(function.returns);
            return Ok(typed(ExprKind::Const(Datum::Oid(oid::UNKNOWN)), ty, location));
        }
        let explicit_any = arguments.variadic && function.variadic == oid::ANY;
        let (mut args, result) = self.coerce_arguments(resolution, arguments, location)?;
        let function = match explicit_any {
            true => self.spread_variadic(function, &mut args)?,
            false => function,
        };
        let ty = match result {
            oid::RECORD => self.record_type(&function, &args, location)?,
            result => SqlType::new(result),
        };
        Ok(typed(ExprKind::Call(Call { function, args, ty, sql_syntax: false }), ty, location))
    }

    /// The type of a function's record, as its OUT parameters name the fields.
    fn record_type(&self, function: &Function, args: &[Expr], location: i32) -> Result<SqlType> {
        let Some(mut columns) = out_columns(function) else {
            return Ok(SqlType::new(oid::RECORD));
        };
        let actual: Vec<Oid> = args.iter().map(|arg| arg.ty.oid).collect();
        for (_, ty) in columns.iter_mut().filter(|(_, ty)| is_polymorphic(ty.oid)) {
            let (_, resolved) = self
                .resolve_polymorphic(&actual, &function.args, ty.oid)
                .map_err(|error| error.at(location))?;
            *ty = SqlType::new(resolved);
        }
        Ok(record::type_of(columns))
    }

    /// The arguments in parameter order, and the actual result type.
    pub(super) fn coerce_arguments(
        &mut self,
        resolution: Resolution,
        arguments: Arguments,
        location: i32,
    ) -> Result<(Vec<Expr>, Oid)> {
        let function = resolution.function.clone();
        let mut given: Vec<Option<Expr>> = arguments.exprs.into_iter().map(Some).collect();
        let mut exprs = Vec::with_capacity(resolution.sources.len());
        for (parameter, source) in resolution.sources.iter().enumerate() {
            exprs.push(match source {
                Some(index) => given[*index]
                    .take()
                    .ok_or_else(|| Error::internal("an argument fills two parameters"))?,
                None => self.default_argument(&function, parameter)?,
            });
        }
        let actual: Vec<Oid> = exprs.iter().map(|expr| expr.ty.oid).collect();
        let (types, result) =
            self.resolve_polymorphic(&actual, &resolution.declared, function.returns)?;
        let mut args = Vec::with_capacity(exprs.len());
        for (expr, ty) in exprs.into_iter().zip(&types) {
            let arg = self.coerce_type(expr, SqlType::new(*ty), CastContext::Implicit)?;
            args.push(match *ty {
                oid::ANY => self.decide_any(arg)?,
                _ => self.decide(arg)?,
            });
        }
        if resolution.gathered > 0 && function.variadic != oid::ANY {
            self.gather_variadic(&mut args, resolution.gathered, location)?;
        }
        Ok((args, result))
    }

    /// A default is the parameter's expression in SQL.
    fn default_argument(&mut self, function: &Function, parameter: usize) -> Result<Expr> {
        let first = function.args.len() - function.defaults.len();
        let sql = parameter
            .checked_sub(first)
            .and_then(|index| function.defaults.get(index))
            .ok_or_else(|| Error::internal("no default for a missing argument"))?;
        let expr = self.isolated(|binder| binder.stored_text(sql))?;
        let ty = SqlType::new(function.args[parameter]);
        match super::polymorphic::is_polymorphic(ty.oid) {
            true => Ok(expr),
            false => self.coerce_type(expr, ty, CastContext::Assignment),
        }
    }

    fn gather_variadic(&mut self, args: &mut Vec<Expr>, count: usize, location: i32) -> Result<()> {
        let elements = args.split_off(args.len() - count);
        let element = elements.first().map_or(oid::TEXT, |first| first.ty.oid);
        let array = self.array_of(element).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("could not find array type for data type {}", self.display_type(element)),
            )
            .at(location)
        })?;
        let kind = ExprKind::Array { elements, nested: false };
        args.push(typed(kind, SqlType::new(array), location));
        Ok(())
    }

    /// The last argument of a VARIADIC "any" function, marked VARIADIC: the elements of
    /// a constructor are the arguments, any other array is taken apart by a kernel.
    fn spread_variadic(
        &mut self,
        function: Arc<Function>,
        args: &mut Vec<Expr>,
    ) -> Result<Arc<Function>> {
        let Some(last) = args.pop() else { return Ok(function) };
        if self.element(self.base(last.ty.oid)).is_none() {
            let message = "VARIADIC argument must be an array";
            return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message).at(last.location));
        }
        if let ExprKind::Array { elements, nested: false } = last.kind {
            args.extend(elements);
            return Ok(function);
        }
        args.push(last);
        let source = format!("{}{OF_ARRAY}", function.source);
        Ok(Arc::new(Function { source, ..(*function).clone() }))
    }

    /// A set-returning function in a select list becomes a column of ProjectSet.
    fn set_call(&mut self, expr: Expr, location: i32, outer_sets: usize) -> Result<Expr> {
        let ExprKind::Call(call) = expr.kind else {
            return Err(Error::internal("a set-returning call is no call"));
        };
        let level = self.level();
        let refused =
            |words: String| Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, words).at(location));
        if level.in_aggregate > 0 {
            return refused("aggregate function calls cannot contain set-returning function calls".into())
                .map_err(|error: Error| {
                    error.with_hint(
                        "You might be able to move the set-returning function into a LATERAL FROM item.",
                    )
                });
        }
        let in_definition = matches!(level.clause, Clause::WindowPartition | Clause::WindowOrder);
        if level.in_window > 0 && !in_definition {
            return refused(
                "window function calls cannot contain set-returning function calls".into(),
            );
        }
        if let Some(construct) = level.conditional {
            return refused(format!("set-returning functions are not allowed in {construct}"))
                .map_err(|error: Error| {
                    error.with_hint(
                        "You might be able to move the set-returning function into a LATERAL FROM item.",
                    )
                });
        }
        if level.clause == Clause::FromFunction {
            return refused("set-returning functions must appear at top level of FROM".into());
        }
        if let Some(clause) = level.clause.refuses_sets() {
            return refused(format!("set-returning functions are not allowed in {clause}"));
        }
        debug_assert!(outer_sets <= level.set_calls.len());
        let ty = call.ty;
        let name = call.function.name.clone();
        let known = self.level().set_calls.iter().find(|known| {
            call.function.volatility != crate::catalog::Volatility::Volatile
                && super::same::same_call(&known.call, &call)
        });
        let column = match known {
            Some(known) => known.column.clone(),
            None => {
                let column = self.new_column(name, ty);
                self.level().set_calls.push(SetCall { column: column.clone(), call });
                column
            }
        };
        Ok(super::node::column_expr(&column, location))
    }
}

/// The fields of a function's result row, when it has OUT parameters enough to be
/// one.
fn out_columns(function: &Function) -> Option<Vec<(String, SqlType)>> {
    let all = function.all_args.as_ref()?;
    let outs: Vec<_> = all.iter().filter(|(mode, ..)| matches!(mode, 'o' | 'b' | 't')).collect();
    if outs.len() < 2 {
        return None;
    }
    let column = |(index, (_, ty, name)): (usize, &&(char, u32, String))| {
        let name = match name.is_empty() {
            true => format!("column{}", index + 1),
            false => name.clone(),
        };
        (name, SqlType::new(*ty))
    };
    Some(outs.iter().enumerate().map(column).collect())
}

pub(super) fn display_name(name: (Option<&str>, &str)) -> String {
    match name.0 {
        Some(schema) => format!("{schema}.{}", name.1),
        None => name.1.to_owned(),
    }
}

/// A literal whose type nothing has decided.
fn is_undecided(expr: &Expr) -> bool {
    expr.ty.oid == oid::UNKNOWN && matches!(expr.kind, ExprKind::Const(_))
}

/// The types wanted for the arguments given, in the order they are given.
fn given_types(candidate: &Resolution, count: usize) -> Vec<Oid> {
    let mut types = vec![oid::INVALID; count];
    for (parameter, source) in candidate.sources.iter().enumerate() {
        if let Some(index) = source {
            types[*index] = candidate.declared[parameter];
        }
    }
    types
}

/// How a function could take these arguments, if it could at all by their
/// number and names (`FuncnameGetCandidates`).
fn candidate(function: &Arc<Function>, arguments: &Arguments) -> Option<Resolution> {
    let parameters = function.args.len();
    let given = arguments.exprs.len();
    if arguments.is_named() {
        return named_candidate(function, arguments);
    }
    let spreads = function.variadic != 0 && !arguments.variadic && !arguments.whole;
    if spreads && given >= parameters && parameters > 0 {
        let gathered = given - parameters + 1;
        let mut declared = function.args[..parameters - 1].to_vec();
        declared.extend(std::iter::repeat_n(function.variadic, gathered));
        let sources = (0..given).map(Some).collect();
        return Some(Resolution {
            function: function.clone(),
            declared,
            sources,
            gathered,
            ambiguous: false,
        });
    }
    if arguments.variadic && (function.variadic == 0 || given != parameters) {
        return None;
    }
    let enough = given == parameters
        || (given < parameters && given + function.defaults.len() >= parameters);
    enough.then(|| Resolution {
        function: function.clone(),
        declared: function.args.clone(),
        sources: (0..parameters).map(|p| (p < given).then_some(p)).collect(),
        gathered: 0,
        ambiguous: false,
    })
}

fn named_candidate(function: &Arc<Function>, arguments: &Arguments) -> Option<Resolution> {
    let parameters = function.args.len();
    if arguments.exprs.len() > parameters || function.arg_names.len() < parameters {
        return None;
    }
    let mut sources: Vec<Option<usize>> = vec![None; parameters];
    for (index, name) in arguments.names.iter().enumerate() {
        let parameter = match name {
            None => index,
            Some(name) => function.arg_names.iter().position(|known| known == name)?,
        };
        if parameter >= parameters || sources[parameter].replace(index).is_some() {
            return None;
        }
    }
    let first_default = parameters - function.defaults.len();
    let filled =
        sources.iter().enumerate().all(|(p, source)| source.is_some() || p >= first_default);
    filled.then(|| Resolution {
        function: function.clone(),
        declared: function.args.clone(),
        sources,
        gathered: 0,
        ambiguous: false,
    })
}
