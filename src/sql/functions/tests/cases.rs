//! Calls and their results on PostgreSQL 15, from `tests/sql/functions/*.txt`.
//!
//! A line is `name('argument'::type, …)`, a tab, and what PostgreSQL printed:
//! the value's text, `NULL`, or `ERROR` with SQLSTATE and message. Rows of a
//! set-returning function are joined by ` | `.

use super::declared::{Declared, aggregates as declared_aggregates, functions};
use super::session::context;
use crate::error::Result;
use crate::sql::functions::{CallContext, VectorFn, aggregate_kernel, kernel, set_kernel, value};
use crate::sql::types::arrow::{ArrayBuilder, datum_at};
use crate::sql::types::{Datum, Oid, SqlType, array_of, element_of, oid, record};

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
        "bit" => oid::BIT,
        "varbit" => oid::VARBIT,
        "inet" => oid::INET,
        "cidr" => oid::CIDR,
        "macaddr" => oid::MACADDR,
        "macaddr8" => oid::MACADDR8,
        "jsonpath" => oid::JSONPATH,
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
    let values = arguments(&call, case)?;
    if function.strict && values.iter().any(Datum::is_null) {
        return Ok("NULL".into());
    }
    let print = |datum: &Datum| match datum {
        Datum::Null => Ok("NULL".into()),
        datum => value::element_text(&call, datum, result.oid),
    };
    if let Some(kernel) = kernel(&function.symbol) {
        let text = print(&(kernel.scalar)(&call, &values)?)?;
        if let Some(vector) = kernel.vector {
            let column = over_columns(&call, vector, &values)?;
            let column: Vec<String> = column.iter().map(print).collect::<Result<_>>()?;
            assert_eq!(column, [text.as_str(), "NULL", &text], "{} over columns", function.symbol);
        }
        return Ok(text);
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

/// The results over columns of three rows: the values, NULLs, the values. The
/// last argument is a constant, unless it is the only one.
fn over_columns(call: &CallContext<'_>, vector: VectorFn, values: &[Datum]) -> Result<Vec<Datum>> {
    const ROWS: usize = 3;
    let mut columns = Vec::new();
    for (n, (value, ty)) in values.iter().zip(call.args).enumerate() {
        let mut builder = ArrayBuilder::new(ty, &value::repr(call, ty.oid)?, ROWS);
        builder.append(value)?;
        if n == 0 || n + 1 < values.len() {
            builder.append(&Datum::Null)?;
            builder.append(value)?;
        }
        columns.push(builder.finish());
    }
    let column = vector(call, &columns, ROWS)?;
    let repr = value::repr(call, call.result.oid)?;
    (0..ROWS).map(|row| datum_at(&column, row, &repr)).collect()
}

/// Runs an aggregate over the rows, in two partitions that are merged after
/// `split` rows.
fn aggregate(function: &Declared, rows: &[Case], split: usize) -> Result<String> {
    let eval = context();
    let types: Vec<SqlType> =
        rows[0].args.iter().map(|(_, ty)| SqlType::new(type_oid(ty))).collect();
    let result = SqlType::new(result_type(function, &rows[0]));
    let call = CallContext { eval: &eval, args: &types, result };
    let kernel = aggregate_kernel(&function.symbol).expect("a declared aggregate has a kernel");
    let (mut first, mut second) = ((kernel.new_state)(&call)?, (kernel.new_state)(&call)?);
    for (n, row) in rows.iter().enumerate() {
        let values = arguments(&call, row)?;
        if kernel.strict && values.iter().any(Datum::is_null) {
            continue;
        }
        if n < split { first.update(&values)? } else { second.update(&values)? }
    }
    first.merge(&second.save()?)?;
    match first.finish()? {
        Datum::Null => Ok("NULL".into()),
        datum => value::element_text(&call, &datum, result.oid),
    }
}

fn arguments(call: &CallContext<'_>, case: &Case) -> Result<Vec<Datum>> {
    let read = |(text, ty): &(Option<String>, String)| match text {
        Some(text) => value::read_text(call, text, type_oid(ty), -1),
        None => Ok(Datum::Null),
    };
    case.args.iter().map(read).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t")
}

#[test]
fn aggregates() {
    let all = declared_aggregates();
    let mut wrong = Vec::new();
    let text = include_str!("../../../../tests/sql/functions/aggregates.txt");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with("--")) {
        let (call, expected) = line.split_once('\t').expect("a tab precedes the result");
        let (name, rows) = call.split_once('(').expect("a call has arguments");
        let rows = rows.strip_suffix(')').expect("the call is closed").split("; ");
        let rows: Vec<Case> = rows.map(|row| parse(&format!("{name}({row})"))).collect();
        let function = find(&all, &rows[0]);
        for split in [rows.len(), rows.len() / 2, 0] {
            let actual = match aggregate(function, &rows, split) {
                Ok(text) => text,
                Err(error) => format!("ERROR {} {}", error.code(), error.message()),
            };
            if escaped(&actual) != expected {
                wrong.push(format!(
                    "{call} split at {split}\n  expected {expected}\n  got      {actual}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn rows_of_a_subquery_keep_their_field_names_in_json() {
    let eval = context();
    let row =
        Datum::Record(vec![(oid::INT4, Datum::Int4(1)), (oid::TEXT, Datum::Text("x".into()))]);
    let named = record::type_of(vec![
        ("a".into(), SqlType::new(oid::INT4)),
        ("b c".into(), SqlType::new(oid::TEXT)),
    ]);
    for (ty, expected) in
        [(named, r#"{"a":1,"b c":"x"}"#), (SqlType::new(oid::RECORD), r#"{"f1":1,"f2":"x"}"#)]
    {
        let call = CallContext { eval: &eval, args: &[ty], result: SqlType::new(oid::JSON) };
        let to_json = kernel("row_to_json").expect("row_to_json has a kernel");
        let json = (to_json.scalar)(&call, std::slice::from_ref(&row)).unwrap();
        assert!(matches!(&json, Datum::Text(text) if text == expected), "{json:?}");
    }
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
        let actual = escaped(&actual);
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
    bits;
    datetime;
    floats;
    integers;
    json;
    networks;
    numerics;
    pictures;
    regexps;
    texts;
    transitions;
}
