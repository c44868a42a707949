//! The parser: what it takes, what it refuses and where, and that no text makes it panic.

use std::sync::Arc;

use super::ast::{Kind, Purpose};
use super::lexer::Lexer;
use super::{Compiled, conditions};
use crate::catalog::{PG_CATALOG, PUBLIC, bootstrap};
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::functions::tests::context_over;
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

fn context() -> EvalContext {
    context_over(Arc::new(bootstrap().expect("built-in objects")), vec![PG_CATALOG, PUBLIC])
}

fn compiled(text: &str, eval: &EvalContext) -> Result<Compiled> {
    let purpose = Purpose {
        returns_set: false,
        result: SqlType::new(oid::VOID),
        is_procedure: false,
        is_trigger: false,
        table: oid::INVALID,
        creation: false,
    };
    Compiled::new(text, "f", "f()".to_owned(), &[], &purpose, eval)
}

const BODY: &str = r#"
<<outer>>
DECLARE
    n int NOT NULL := 1; t CONSTANT text DEFAULT 'it''s'; r record; a int[]; "Odd ""Name" int;
    c CURSOR (lo int, hi int) FOR SELECT g FROM generate_series(lo, hi) g;
BEGIN
    n := n + 1; a[1] := 2; -- a comment; with a semicolon
    IF n > 1 THEN NULL; ELSIF n = 3 THEN RETURN; ELSE n := 4; END IF;
    CASE n WHEN 1, 2 THEN NULL; ELSE NULL; END CASE;
    FOR i IN REVERSE 10..1 BY 2 LOOP CONTINUE outer_loop_is_not_here; END LOOP;
END
"#;

#[test]
fn statements_know_their_lines() {
    let eval = context();
    let body = "begin\n  null;\n\n  if true then\n    return;\n  end if;\nend";
    let block = compiled(body, &eval).unwrap().body.block;
    let lines: Vec<u32> = block.body.iter().map(|statement| statement.line).collect();
    assert_eq!(lines, [2, 4]);
    let Kind::If { branches, .. } = &block.body[1].kind else { panic!("an IF expected") };
    assert_eq!(branches[0].1[0].line, 5);
}

#[test]
fn refusals() {
    let eval = context();
    for (text, code) in [
        (BODY, sqlstate::SYNTAX_ERROR),
        ("begin x := 1; end", sqlstate::SYNTAX_ERROR),
        ("begin exit; end", sqlstate::SYNTAX_ERROR),
        ("declare a int; a text; begin end", sqlstate::SYNTAX_ERROR),
        ("declare a constant int := 1; begin a := 2; end", sqlstate::ERROR_IN_ASSIGNMENT),
        ("begin null; exception when nosuch then null; end", sqlstate::UNDEFINED_OBJECT),
        ("begin raise exception '%'; end", sqlstate::SYNTAX_ERROR),
        ("begin return 1; end", sqlstate::DATATYPE_MISMATCH),
        ("begin loop null; end", sqlstate::SYNTAX_ERROR),
        ("begin", sqlstate::SYNTAX_ERROR),
        ("", sqlstate::SYNTAX_ERROR),
    ] {
        let error = compiled(text, &eval).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), code, "{text}: {}", error.message());
    }
}

/// Every beginning of a body, and every body without one of its bytes, is an error or not.
#[test]
fn damaged_bodies_do_not_panic() {
    let eval = context();
    for at in (0..BODY.len()).filter(|at| BODY.is_char_boundary(*at)) {
        let _ = compiled(&BODY[..at], &eval);
        let without = format!("{}{}", &BODY[..at], &BODY[at + 1..]);
        let _ = compiled(&without, &eval);
    }
}

#[test]
fn nesting_is_bounded() {
    let eval = context();
    let deep = format!("{}null;{}", "begin ".repeat(100_000), " end;".repeat(100_000));
    assert!(compiled(&deep, &eval).is_err());
}

#[test]
fn quoted_names_lose_their_quotes_only() {
    let mut lexer = Lexer::new(r#""a""" "b" C"#).unwrap();
    assert_eq!(lexer.name().unwrap(), "a\"");
    assert_eq!(lexer.name().unwrap(), "b");
    assert_eq!(lexer.name().unwrap(), "c");
}

#[test]
fn conditions_have_their_codes() {
    let codes = |name| conditions::codes(name).collect::<Vec<_>>();
    assert_eq!(codes("unique_violation"), [sqlstate::UNIQUE_VIOLATION]);
    assert!(codes("nosuch").is_empty());
    assert!(conditions::parse_code("P0001").is_some());
    assert!(conditions::parse_code("p0001").is_none());
    assert!(conditions::parse_code("P001").is_none());
}
