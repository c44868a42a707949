//! Calls and their results on PostgreSQL 15, from `tests/sql/functions/*.txt`.
//!
//! A line is `name('argument'::type, …)`, a tab, and what PostgreSQL printed:
//! the value's text, `NULL`, or `ERROR` with SQLSTATE and message. Rows of a
//! set-returning function are joined by ` | `.

use super::declared::{Declared, functions};
use super::session::context;
use crate::error::Result;
use crate::sql::functions::{CallContext, kernel, set_kernel, value};
use crate::sql::types::{Datum, Oid, SqlType, array_of, element_of, oid};

/// A call as the file spells it.
struct Case {
    name: String,
    args: Vec<(Option<String>, String)>,
}

/// The OID of a type by the name that the declarations use.
fn type_oid(name: &str) -> Oid {
    if let Some(element) = name.strip_suffix("[]") {
        return array_of(type_oid(element)).expect("every listed type has an array type");
    }
    match name {
        "bool" => oid::BOOL,
        "bytea" => oid::BYTEA,
        "char" => oid::CHAR,
        "name" => oid::NAME,
        "int2" => oid::INT2,
        "int4" => oid::INT4,
        "int8" => oid::INT8,
        "oid" => oid::OID,
        "float4" => oid::FLOAT4,
        "float8" => oid::FLOAT8,
        "numeric" => oid::NUMERIC,
        "text" | "cstring" => oid::TEXT,
        "varchar" => oid::VARCHAR,
        "bpchar" => oid::BPCHAR,
        "date" => oid::DATE,
        "time" => oid::TIME,
        "timetz" => oid::TIMETZ,
        "timestamp" => oid::TIMESTAMP,
        "timestamptz" => oid::TIMESTAMPTZ,
        "interval" => oid::INTERVAL,
        "uuid" => oid::UUID,
        "json" => oid::JSON,
        "jsonb" => oid::JSONB,
        "pg_lsn" => oid::PG_LSN,
        "void" => oid::VOID,
        other => panic!("type {other} is not known to the cases"),
    }
}

fn parse(call: &str) -> Case {
    let (name, rest) = call.split_once('(').expect("a call has arguments");
    let mut args = Vec::new();
    let mut rest = rest;
    while !rest.starts_with(')') {
        rest = rest.trim_start_matches([',', ' ']);
        rest = rest.strip_prefix("VARIADIC ").unwrap_or(rest);
        let value;
        (value, rest) = literal(rest);
        let after = rest.strip_prefix("::").expect("an argument has a type");
        let end = after.find([',', ')']).expect("arguments end");
        args.push((value, after[..end].replace('"', "")));
        rest = &after[end..];
    }
    Case { name: name.to_owned(), args }
}

/// A quoted literal, with doubled quotes, or NULL.
fn literal(text: &str) -> (Option<String>, &str) {
    if let Some(rest) = text.strip_prefix("NULL") {
        return (None, rest);
    }
    let mut out = String::new();
    let mut rest = text.strip_prefix('\'').expect("an argument is quoted");
    loop {
        let end = rest.find('\'').expect("the quote is closed");
        out.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                rest = after;
            }
            None => return (Some(out), rest),
        }
    }
}

fn accepts(declared: &str, actual: &str) -> bool {
    match declared {
        "any" | "anyelement" | "anycompatible" => true,
        "anynonarray" | "anycompatiblenonarray" => !actual.ends_with("[]"),
        "anyarray" | "anycompatiblearray" => actual.ends_with("[]"),
        _ => declared == actual,
    }
}

/// The declaration that the call is of. A variadic one is written with its array.
fn find<'a>(all: &'a [Declared], case: &Case) -> &'a Declared {
    let types: Vec<&str> = case.args.iter().map(|(_, ty)| ty.as_str()).collect();
    let fits = |function: &&Declared| {
        function.name == case.name
            && match function.args.last().map(String::as_str) {
                Some("any") => {
                    let fixed = function.args.len() - 1;
                    types.len() >= fixed
                        && function.args[..fixed].iter().zip(&types).all(|(d, a)| accepts(d, a))
                }
                _ => {
                    function.args.len() == types.len()
                        && function.args.iter().zip(&types).all(|(d, a)| accepts(d, a))
                }
            }
    };
    all.iter().find(fits).unwrap_or_else(|| panic!("{}({types:?}) is not declared", case.name))
}

fn result_type(function: &Declared, case: &Case) -> Oid {
    let returns = function.returns.trim_start_matches("SETOF ");
    let first = || type_oid(&case.args[0].1);
    match returns {
        "anyelement" | "anycompatible" => element_of(first()).unwrap_or_else(first),
        "anyarray" | "anycompatiblearray" => {
            let arrays = case.args.iter().find(|(_, ty)| ty.ends_with("[]"));
            let of_element = || array_of(first()).expect("the element has an array type");
            arrays.map_or_else(of_element, |(_, ty)| type_oid(ty))
        }
        "record" => oid::TEXT,
        _ => type_oid(returns),
    }
}

fn evaluate(function: &Declared, case: &Case) -> Result<String> {
    let eval = context();
    let args: Vec<SqlType> = case.args.iter().map(|(_, ty)| SqlType::new(type_oid(ty))).collect();
    let result = SqlType::new(result_type(function, case));
    let call = CallContext { eval: &eval, args: &args, result };
    let mut values = Vec::new();
    for ((text, _), ty) in case.args.iter().zip(&args) {
        values.push(match text {
            Some(text) => value::read_text(&call, text, ty.oid, -1)?,
            None => Datum::Null,
        });
    }
    if function.strict && values.iter().any(Datum::is_null) {
        return Ok("NULL".into());
    }
    let print = |datum: &Datum| match datum {
        Datum::Null => Ok("NULL".into()),
        datum => value::element_text(&call, datum, result.oid),
    };
    if let Some(kernel) = kernel(&function.symbol) {
        return print(&(kernel.scalar)(&call, &values)?);
    }
    let kernel = set_kernel(&function.symbol).expect("a declared symbol has a kernel");
    let rows = (kernel.rows)(&call, &values)?.collect::<Result<Vec<_>>>()?;
    let row = |row: &Vec<Datum>| match row.as_slice() {
        [one] => print(one),
        fields => {
            let fields: Vec<_> = fields.iter().map(|field| (oid::TEXT, field.clone())).collect();
            value::element_text(&call, &Datum::Record(fields), oid::RECORD)
        }
    };
    Ok(rows.iter().map(row).collect::<Result<Vec<_>>>()?.join(" | "))
}

/// Runs one file and lists the lines whose result differs.
fn run(text: &str) {
    let all = functions();
    let mut wrong = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("--")) {
        let (call, expected) = line.split_once('\t').expect("a tab precedes the result");
        let case = parse(call);
        let actual = match evaluate(find(&all, &case), &case) {
            Ok(text) => text,
            Err(error) => format!("ERROR {} {}", error.code(), error.message()),
        };
        let actual = actual.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
        if actual != expected {
            wrong.push(format!("{call}\n  expected {expected}\n  got      {actual}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! files {
    ($($name:ident;)*) => {$(
        #[test]
        fn $name() {
            run(include_str!(concat!("../../../../tests/sql/functions/", stringify!($name), ".txt")));
        }
    )*};
}

files! {
    arrays;
    binary;
    datetime;
    floats;
    integers;
    json;
    numerics;
    pictures;
    regexps;
    texts;
}
