//! `pg_get_viewdef`, `pg_get_ruledef`, `pg_get_functiondef` and `pg_get_expr`: what is kept as a query,
//! printed anew.

use std::sync::Arc;

use super::call::arg;
use super::{CallContext, Kernel};
use crate::catalog::system::policy::ConditionRef;
use crate::catalog::{
    Function, FunctionKind, Relation, deparse, quote_qualified, relation_by_text, view_of_rule,
};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::describe;
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

pub const KERNELS: &[&[Kernel]] = &[VIEWS];

const VIEWS: &[Kernel] = kernels! {
    call "pg_get_expr" => |call, args| expression(call, args, false);
    call "pg_get_expr_ext" => |call, args| expression(call, args, arg(args, 2)?);
    call "pg_get_viewdef" => |call, args| by_oid(call, args, false);
    call "pg_get_viewdef_ext" => |call, args| by_oid(call, args, arg(args, 1)?);
    call "pg_get_viewdef_wrap" => |call, args| by_oid(call, args, true);
    call "pg_get_viewdef_name" => |call, args| by_name(call, args, false);
    call "pg_get_viewdef_name_ext" => |call, args| by_name(call, args, arg(args, 1)?);
    call "pg_get_functiondef" => |call, args| {
        let Some(function) = call.eval.catalog.function(arg(args, 0)?) else { return Ok(Datum::Null) };
        if function.kind == FunctionKind::Aggregate {
            let message = format!("\"{}\" is an aggregate function", function.name);
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message));
        }
        let mut shown = (**function).clone();
        shown.options.sql_body = sql_body(call, function);
        let path = &call.eval.settings.search_path;
        Ok(Datum::Text(deparse::function_definition(&call.eval.catalog, path, &shown)))
    };
    call "pg_get_function_sqlbody" => |call, args| {
        let function = call.eval.catalog.function(arg(args, 0)?);
        Ok(text(function.and_then(|function| sql_body(call, function))))
    };
    call "pg_get_ruledef" => |call, args| rule(call, args, false);
    call "pg_get_ruledef_ext" => |call, args| rule(call, args, arg(args, 1)?);
};

/// An expression that is kept as text, or a policy's condition.
fn expression(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let (sql, _relation): (&str, Oid) = (arg(args, 0)?, arg(args, 1)?);
    let catalog = &call.eval.catalog;
    if let Some(reference) = ConditionRef::parse(sql) {
        let Some(policy) = catalog.policy(reference.policy) else { return Ok(Datum::Null) };
        let condition = if reference.is_check { &policy.check } else { &policy.using };
        let Some(condition) = condition else { return Ok(Datum::Null) };
        return describe::policy_condition(call.eval, condition, pretty).map(Datum::Text);
    }
    let shown = deparse::display(catalog, &call.eval.settings.search_path, sql);
    Ok(Datum::Text(if pretty { deparse::pretty(&shown) } else { shown }))
}

fn by_oid(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let view = call.eval.catalog.relation(arg::<Oid>(args, 0)?);
    Ok(view.map_or(Datum::Null, |view| text(definition(call, view, pretty))))
}

fn by_name(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let name: &str = arg(args, 0)?;
    let path = &call.eval.settings.search_path;
    let view = relation_by_text(&call.eval.catalog, path, name)?;
    Ok(text(definition(call, view, pretty)))
}

/// The query as the binder understands it, or as it was written where that cannot be
/// printed.
fn definition(call: &CallContext<'_>, view: &Arc<Relation>, pretty: bool) -> Option<String> {
    view.view()?;
    let printed = describe::view_definition(call.eval, view, pretty);
    let catalog = &call.eval.catalog;
    let path = &call.eval.settings.search_path;
    printed.ok().or_else(|| deparse::view_definition(catalog, path, view))
}

/// A body in SQL's own form as the binder understands it, or as it was written.
fn sql_body(call: &CallContext<'_>, function: &Function) -> Option<String> {
    let written = function.options.sql_body.as_ref()?;
    Some(describe::sql_body(call.eval, function).unwrap_or_else(|_| written.clone()))
}

/// A view's `_RETURN` rule.
fn rule(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let rule: Oid = arg(args, 0)?;
    let catalog = &call.eval.catalog;
    if let Some(rule) = catalog.rule(rule) {
        let printed = describe::rule_definition(call.eval, rule, pretty).ok();
        let path = &call.eval.settings.search_path;
        return Ok(text(printed.or_else(|| deparse::rule_definition(catalog, path, rule))));
    }
    let Some(view) = catalog.relation(view_of_rule(rule)) else {
        return Ok(Datum::Null);
    };
    let name = quote_qualified(Some(catalog.schema_name(view.schema)), &view.name);
    let query = definition(call, view, pretty);
    Ok(text(query.map(|query| {
        format!("CREATE RULE \"_RETURN\" AS\n    ON SELECT TO {name} DO INSTEAD {query}")
    })))
}

fn text(value: Option<String>) -> Datum {
    value.map_or(Datum::Null, Datum::Text)
}
