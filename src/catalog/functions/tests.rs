//! What the declarations name has a kernel, and a few answers of PostgreSQL's.

use std::sync::Arc;

use crate::catalog::{FunctionKind, bootstrap};
use crate::sql::functions::{CallContext, EvalContext, kernel, set_kernel};
use crate::sql::types::{Datum, SqlType, oid, to_text};

/// Functions that no value can be passed to or that only the system calls.
fn cannot_be_called(function: &crate::catalog::Function) -> bool {
    function.args.contains(&oid::INTERNAL)
        || matches!(
            function.source.as_str(),
            "any_in"
                | "anyarray_in"
                | "anyarray_out"
                | "any_out"
                | "shell_out"
                | "void_in"
                | "void_out"
                | "void_send"
        )
}

/// Functions that are listed only.
fn is_for_later(function: u32) -> bool {
    const LISTED: &str = include_str!("../../../sql/later_functions.sql");
    LISTED.contains(&format!(" SET oid = {function};"))
}

#[test]
fn every_builtin_function_has_a_kernel() {
    let catalog = bootstrap().expect("the declarations load");
    let missing: Vec<&str> = catalog
        .functions()
        .filter(|function| function.kind == FunctionKind::Function && !cannot_be_called(function))
        .filter(|function| function.language == "internal" && !is_for_later(function.oid))
        .filter(|f| kernel(&f.source).is_none() && set_kernel(&f.source).is_none())
        .map(|function| function.source.as_str())
        .collect();
    assert!(missing.is_empty(), "no kernel for {missing:?}");
}

/// A session over the built-in objects, with the default search path.
pub(in crate::catalog) fn context() -> EvalContext {
    let mut eval = crate::sql::functions::tests::context();
    eval.catalog = Arc::new(bootstrap().expect("the declarations load"));
    let settings = Arc::make_mut(&mut eval.settings);
    settings.search_path = vec![crate::catalog::PG_CATALOG, crate::catalog::PUBLIC];
    eval
}

/// The result of a kernel as text.
fn answer(symbol: &str, args: &[Datum], result: u32) -> String {
    let eval = context();
    let call = CallContext { eval: &eval, args: &[], result: SqlType::new(result) };
    let kernel = kernel(symbol).unwrap_or_else(|| panic!("{symbol} exists"));
    let value = (kernel.scalar)(&call, args).unwrap_or_else(|error| panic!("{symbol}: {error}"));
    to_text(&value, result, &eval.output())
}

fn text(text: &str) -> Datum {
    Datum::Text(text.to_owned())
}

#[test]
fn names_resolve_and_print_as_in_postgres() {
    for (symbol, argument, result, expected) in [
        ("to_regclass", "pg_class", oid::REGCLASS, "pg_class"),
        ("to_regclass", "nope", oid::REGCLASS, ""),
        ("to_regtype", "int4[]", oid::REGTYPE, "integer[]"),
        ("to_regtype", "nope", oid::REGTYPE, ""),
        ("to_regproc", "int4pl", oid::REGPROC, "int4pl"),
        ("to_regprocedure", "abs(int4)", oid::REGPROCEDURE, "abs(integer)"),
        ("to_regoperator", "=(int4,int4)", oid::REGOPERATOR, "=(integer,integer)"),
        ("to_regnamespace", "pg_catalog", oid::REGNAMESPACE, "pg_catalog"),
        ("to_regrole", "postgres", oid::REGROLE, "postgres"),
        ("PG_char_to_encoding", "utf-8", oid::INT4, "6"),
    ] {
        assert_eq!(answer(symbol, &[text(argument)], result), expected, "{symbol}({argument})");
    }
}

#[test]
fn functions_are_described_as_in_postgres() {
    for (function, arguments, result) in [
        (177, "integer, integer", "integer"),
        (3058, "VARIADIC \"any\"", "text"),
        (3958, "from_json json, OUT key text, OUT value json", "SETOF record"),
    ] {
        let function = [Datum::Oid(function)];
        assert_eq!(answer("pg_get_function_arguments", &function, oid::TEXT), arguments);
        assert_eq!(answer("pg_get_function_result", &function, oid::TEXT), result);
    }
}

#[test]
fn default_privileges_are_those_of_postgres() {
    for (kind, expected) in [
        ('r', "{postgres=arwdDxt/postgres}"),
        ('f', "{=X/postgres,postgres=X/postgres}"),
        ('d', "{=Tc/postgres,postgres=CTc/postgres}"),
        ('c', "{}"),
    ] {
        let args = [Datum::Char(kind as u8), Datum::Oid(10)];
        assert_eq!(answer("acldefault_sql", &args, oid::ACLITEM_ARRAY), expected);
    }
}

#[test]
fn the_owner_may_everything_and_others_what_public_may() {
    let asks = |role: &str, object: u32, privilege: &str| {
        let args = [text(role), Datum::Oid(object), text(privilege)];
        answer("has_table_privilege_name_id", &args, oid::BOOL)
    };
    assert_eq!(asks("postgres", 1259, "SELECT, INSERT"), "t");
    assert_eq!(asks("pg_monitor", 1259, "SELECT"), "t");
    assert_eq!(asks("pg_monitor", 1260, "SELECT"), "f");
    assert_eq!(asks("pg_monitor", 1259, "INSERT"), "f");
    assert_eq!(asks("pg_monitor", 999_999, "SELECT"), "");
}
