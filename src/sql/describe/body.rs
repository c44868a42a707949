//! Bodies of functions in SQL's own form (`RETURN x`, `BEGIN ATOMIC … END`) as PostgreSQL
//! prints them: bound, arguments under their names, everything qualified that the search
//! path does not find.
//!
//! Only queries are printed; a body with other statements is shown as it was written.

use super::{Names, Output, Printer, unprintable};
use crate::catalog::{Function, PG_CATALOG, quote_identifier};
use crate::error::{Error, Result};
use crate::sql::bind::Binder;
use crate::sql::bind::described::{Body, Description};
use crate::sql::functions::EvalContext;
use crate::sql::ir::ColumnId;
use crate::sql::parse::{self, NodeEnum};
use crate::sql::types::Oid;

/// What the parameters of a query are called.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    function: &'a str,
    names: &'a [String],
}

impl Parameters<'_> {
    /// A parameter by its position; qualified where a column could have the name.
    pub fn name(&self, at: usize, qualified: bool) -> Option<String> {
        let name = self.names.get(at).filter(|name| !name.is_empty())?;
        let name = quote_identifier(name);
        Some(match qualified {
            true => format!("{}.{name}", quote_identifier(self.function)),
            false => name,
        })
    }
}

/// The body as `pg_get_function_sqlbody` has it.
pub fn sql_body(eval: &EvalContext, function: &Function) -> Result<String> {
    let is_return =
        function.options.sql_body.as_ref().is_some_and(|body| body.starts_with("RETURN "));
    if is_return {
        let (description, first) = described(eval, function, 0)?;
        let parameters = Parameters { function: &function.name, names: &function.arg_names };
        let path = &eval.settings.search_path;
        let printer = printer(eval, &description, path, Some(parameters));
        let level = description.level(first).ok_or_else(|| unprintable("this body"))?;
        let Body::Plain(plain) = &level.body else { return Err(unprintable("this body")) };
        let Some((_, value)) = plain.targets.first() else { return Err(unprintable("nothing")) };
        return Ok(format!("RETURN {}", printer.expr(value, &Names::default(), 0)?));
    }
    let written = function.options.sql_body.as_deref().unwrap_or_default();
    if written.contains("RETURN ") {
        // Its statement is kept as a SELECT.
        return Err(unprintable("RETURN in a block"));
    }
    let mut text = "BEGIN ATOMIC\n".to_owned();
    let parameters = Parameters { function: &function.name, names: &function.arg_names };
    for query in queries(eval, function, &eval.settings.search_path, Some(parameters))? {
        text.push_str(&format!("{query};\n"));
    }
    Ok(format!("{text}END"))
}

/// The statements of a body with every name qualified and parameters by their numbers, as
/// they are kept: what they mean does not depend on the search path then.
pub fn qualified_source(eval: &EvalContext, function: &Function) -> Result<String> {
    let queries = queries(eval, function, &[PG_CATALOG], None)?;
    Ok(queries.iter().map(|query| query.trim()).collect::<Vec<_>>().join(";\n"))
}

fn queries(
    eval: &EvalContext,
    function: &Function,
    path: &[Oid],
    parameters: Option<Parameters<'_>>,
) -> Result<Vec<String>> {
    let count = parse::parse(&function.source)?.len();
    let query = |at: usize| {
        let (description, first) = described(eval, function, at)?;
        let printer = printer(eval, &description, path, parameters);
        printer.query(first, &Names::default(), STATEMENT, Output::Hidden)
    };
    (0..count).map(query).collect()
}

/// How far a statement of a body is indented.
const STATEMENT: i32 = 1;

fn printer<'a>(
    eval: &'a EvalContext,
    description: &'a Description,
    path: &'a [Oid],
    parameters: Option<Parameters<'a>>,
) -> Printer<'a> {
    Printer { catalog: &eval.catalog, path, description, pretty: false, parameters }
}

/// One of the body's queries, bound.
fn described(
    eval: &EvalContext,
    function: &Function,
    at: usize,
) -> Result<(Description, ColumnId)> {
    let statements = parse::parse(&function.source)?;
    let statement =
        statements.get(at).ok_or_else(|| Error::internal("a body without statements"))?;
    match &statement.node {
        NodeEnum::SelectStmt(select) => {
            Binder::with_fixed_params(eval, &[]).describe_body(function, select)
        }
        _ => Err(unprintable("this statement")),
    }
}
