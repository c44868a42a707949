//! `jsonpath` over `jsonb`: `@?`, `@@` and the `jsonb_path_*` functions.
//!
//! `execute` walks an expression over a document, `predicate` decides filters,
//! `method` computes methods and arithmetic, `moment` handles dates and times.
//!
//! ```text
//! '{"a": [1, 2, 3]}', 'lax $.a ? (@ > 1)'
//!   $ → {"a": …}   .a → [1, 2, 3]   lax: unwrapped → 1, 2, 3   ?(@ > 1) → 2, 3
//! ```
//!
//! Errors of the data are `jsonpath`'s own: a predicate takes them for "unknown",
//! `silent` for the end of the result. What ends the statement (a cancel, a missing
//! time zone) does so always.

mod execute;
mod item;
mod layout;
mod method;
mod moment;
mod predicate;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::types::json::JsonValue;
use crate::sql::types::{Datum, JsonKind, Jsonb, jsonpath};
use crate::sqlstate;

use super::call::{arg, arg_or_null};
use super::{CallContext, Kernel, SetKernel, SetRows};
use execute::{Executor, Found, Stop};
use item::Item;

pub const KERNELS: &[Kernel] = kernels! {
    call "jsonb_path_exists" => |call, args| exists(&Request::new(call, args, false)?);
    call "jsonb_path_exists_tz" => |call, args| exists(&Request::new(call, args, true)?);
    call "jsonb_path_exists_opr" => |call, args| exists(&Request::operator(call, args)?);
    call "jsonb_path_match" => |call, args| matches(&Request::new(call, args, false)?);
    call "jsonb_path_match_tz" => |call, args| matches(&Request::new(call, args, true)?);
    call "jsonb_path_match_opr" => |call, args| matches(&Request::operator(call, args)?);
    call "jsonb_path_query_array" => |call, args| query_array(&Request::new(call, args, false)?);
    call "jsonb_path_query_array_tz" => |call, args| query_array(&Request::new(call, args, true)?);
    call "jsonb_path_query_first" => |call, args| query_first(&Request::new(call, args, false)?);
    call "jsonb_path_query_first_tz" => |call, args| query_first(&Request::new(call, args, true)?);
};

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel { symbol: "jsonb_path_query", rows: |call, args| query(call, args, false) },
    SetKernel { symbol: "jsonb_path_query_tz", rows: |call, args| query(call, args, true) },
];

/// `(target, path [, vars, silent])`.
struct Request<'a> {
    call: &'a CallContext<'a>,
    target: &'a Jsonb,
    path: &'a str,
    variables: Option<&'a Jsonb>,
    silent: bool,
    use_zone: bool,
}

impl<'a> Request<'a> {
    fn new(call: &'a CallContext<'a>, args: &'a [Datum], use_zone: bool) -> Result<Request<'a>> {
        let variables: Option<&Jsonb> = arg_or_null(args, 2)?;
        if variables.is_some_and(|variables| variables.root().kind() != JsonKind::Object) {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "\"vars\" argument is not an object",
            )
            .with_detail(
                "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.",
            ));
        }
        Ok(Request {
            call,
            target: arg(args, 0)?,
            path: arg(args, 1)?,
            variables,
            silent: arg_or_null(args, 3)?.unwrap_or(false),
            use_zone,
        })
    }

    /// The operators are silent.
    fn operator(call: &'a CallContext<'a>, args: &'a [Datum]) -> Result<Request<'a>> {
        Ok(Request {
            call,
            target: arg(args, 0)?,
            path: arg(args, 1)?,
            variables: None,
            silent: true,
            use_zone: false,
        })
    }

    /// Runs the path; the items found, when they are asked for. `None`: an error of
    /// the data, and the request is silent.
    fn run(&self, found: Option<&mut Vec<Item>>) -> Result<Option<Found>> {
        let path = jsonpath::open(self.path)?;
        let mut executor = Executor::new(
            self.call.eval,
            self.target,
            self.variables,
            path.lax,
            self.silent,
            self.use_zone,
        );
        match jsonpath::with_stack(path.depth, || executor.run(&path.path, found)) {
            Ok(found) => Ok(Some(found)),
            Err(Stop::Error(error)) => Err(*error),
            Err(Stop::Suppressed) => Ok(None),
        }
    }

    fn items(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        self.run(Some(&mut items))?;
        Ok(items)
    }
}

fn exists(request: &Request<'_>) -> Result<Datum> {
    let found = request.run(None)?;
    Ok(found.map_or(Datum::Null, |found| Datum::Bool(found == Found::Some)))
}

fn matches(request: &Request<'_>) -> Result<Datum> {
    match request.items()?.as_slice() {
        [Item::Bool(value)] => Ok(Datum::Bool(*value)),
        [Item::Null] => Ok(Datum::Null),
        _ if request.silent => Ok(Datum::Null),
        _ => Err(Error::new(
            sqlstate::SINGLETON_SQL_JSON_ITEM_REQUIRED,
            "single boolean result is expected",
        )),
    }
}

fn query(call: &CallContext<'_>, args: &[Datum], use_zone: bool) -> Result<SetRows> {
    let items = Request::new(call, args, use_zone)?.items()?;
    Ok(Box::new(items.into_iter().map(|item| Ok(vec![Datum::Jsonb(item.into_jsonb())]))))
}

fn query_array(request: &Request<'_>) -> Result<Datum> {
    let items = request.items()?.into_iter().map(Item::into_value).collect();
    Ok(Datum::Jsonb(JsonValue::Array(items).to_jsonb()))
}

fn query_first(request: &Request<'_>) -> Result<Datum> {
    let first = request.items()?.into_iter().next();
    Ok(first.map_or(Datum::Null, |item| Datum::Jsonb(item.into_jsonb())))
}
