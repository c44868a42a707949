//! Bodies of functions in SQL's own form (`RETURN x`, `BEGIN ATOMIC … END`) as PostgreSQL
//! prints them: bound, arguments under their names, everything qualified that the search
//! path does not find.
//!
//! Queries and changes of tables are printed; a body with other statements is shown as it
//! was written.

use super::layout::CLAUSE;
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
    let written = function.options.sql_body.as_deref().unwrap_or_default();
    let parameters = Parameters { function: &function.name, names: &function.arg_names };
    let path = &eval.settings.search_path;
    if written.starts_with(RETURN) {
        let (description, first) = described(eval, function, 0)?;
        return printer(eval, &description, path, Some(parameters)).returned(first, 0);
    }
    // Its statements are kept as they are bound, RETURN as a SELECT; it has a line for each.
    let returns = |line: &str| line.trim_start().starts_with(RETURN);
    let returns: Vec<bool> = written.lines().skip(1).map(returns).collect();
    let texts = statements(eval, function, path, Some(parameters), &returns)?;
    if returns.len() != texts.len() + 1 && returns.contains(&true) {
        return Err(unprintable("RETURN in this block"));
    }
    let lines: String = texts.iter().map(|text| format!("{text};\n")).collect();
    Ok(format!("BEGIN ATOMIC\n{lines}END"))
}

const RETURN: &str = "RETURN ";

/// The statements of a body with every name qualified and parameters by their numbers, as
/// they are kept: what they mean does not depend on the search path then.
pub fn qualified_source(eval: &EvalContext, function: &Function) -> Result<String> {
    let texts = statements(eval, function, &[PG_CATALOG], None, &[])?;
    Ok(texts.iter().map(|text| text.trim()).collect::<Vec<_>>().join(";\n"))
}

/// `returns`: which of them are shown as RETURN.
fn statements(
    eval: &EvalContext,
    function: &Function,
    path: &[Oid],
    parameters: Option<Parameters<'_>>,
    returns: &[bool],
) -> Result<Vec<String>> {
    let count = parse::parse(&function.source)?.len();
    let statement = |at: usize| {
        let (description, first) = described(eval, function, at)?;
        let printer = printer(eval, &description, path, parameters);
        let names = Names::default();
        match (first, &description.change) {
            (first, _) if returns.get(at) == Some(&true) => {
                Ok(format!(" {}", printer.returned(first, STATEMENT + CLAUSE)?))
            }
            (Some(first), _) => printer.query(first, &names, STATEMENT, Output::Hidden),
            (None, Some(change)) => printer.change(change, &names, STATEMENT, Output::Hidden),
            (None, None) => Err(unprintable("this statement")),
        }
    };
    (0..count).map(statement).collect()
}

impl Printer<'_> {
    /// A query of one value, as RETURN.
    fn returned(&self, first: Option<ColumnId>, indent: i32) -> Result<String> {
        let level = first.and_then(|first| self.description.level(first));
        let level = level.ok_or_else(|| unprintable("this body"))?;
        let Body::Plain(plain) = &level.body else { return Err(unprintable("this body")) };
        let Some((_, value)) = plain.targets.first() else { return Err(unprintable("nothing")) };
        Ok(format!("{RETURN}{}", self.expr(value, &Names::default(), indent)?))
    }
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

/// One of the body's statements, bound, and the first column of one that is a query.
fn described(
    eval: &EvalContext,
    function: &Function,
    at: usize,
) -> Result<(Description, Option<ColumnId>)> {
    let statements = parse::parse(&function.source)?;
    let statement =
        statements.get(at).ok_or_else(|| Error::internal("a body without statements"))?;
    match &statement.node {
        node @ (NodeEnum::SelectStmt(_)
        | NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)) => {
            Binder::with_fixed_params(eval, &[]).describe_body(function, node)
        }
        _ => Err(unprintable("this statement")),
    }
}
