use super::*;

fn error(text: &str) -> Error {
    parse(text).expect_err("must not parse")
}

#[test]
fn statements_are_split_with_their_texts() {
    let parsed = parse("SELECT 1; ; INSERT INTO t VALUES ('a;b') ;\n-- end\n").expect("parses");
    let texts: Vec<&str> = parsed.iter().map(|statement| statement.sql()).collect();
    assert_eq!(texts, ["SELECT 1", "INSERT INTO t VALUES ('a;b')"]);
}

#[test]
fn empty_text_has_no_statements() {
    assert!(parse("").expect("parses").is_empty());
    assert!(parse(" ; -- nothing").expect("parses").is_empty());
}

#[test]
fn syntax_errors_carry_message_and_position() {
    let found = error("SELECT 'é' FORM t");
    assert_eq!(found.message(), "syntax error at or near \"t\"");
    assert_eq!(found.code(), sqlstate::SYNTAX_ERROR);
    assert_eq!(found.report().offset, Some("SELECT 'é' FORM ".len()));
    assert_eq!(error("SELECT (1").message(), "syntax error at end of input");
}

#[test]
fn nul_bytes_are_refused() {
    assert_eq!(error("SELECT '\0'").code(), sqlstate::CHARACTER_NOT_IN_REPERTOIRE);
}

#[test]
fn a_sum_of_100_000_terms_is_refused_at_once() {
    let start = std::time::Instant::now();
    let found = error(&format!("SELECT 1{}", "+1".repeat(100_000)));
    assert_eq!(found.code(), sqlstate::STATEMENT_TOO_COMPLEX);
    assert!(start.elapsed().as_secs() < 5);
}

#[test]
fn parentheses_100_000_deep_are_refused() {
    let text = format!("SELECT {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert_eq!(error(&text).code(), sqlstate::STATEMENT_TOO_COMPLEX);
}

#[test]
fn deep_but_legal_statements_parse() {
    for text in [
        format!("SELECT 1{}", "+1".repeat(1_000)),
        format!("SELECT true{}", " AND true".repeat(1_000)),
        format!("SELECT {}1{}", "(".repeat(1_000), ")".repeat(1_000)),
        format!("SELECT {}1{}", "abs(".repeat(500), ")".repeat(500)),
    ] {
        assert_eq!(parse(&text).expect("parses").len(), 1, "{}", &text[..30]);
    }
}

#[test]
fn a_type_name_parses_alone() {
    assert!(parse_type_name("numeric(10,2)[]").is_ok());
    assert!(parse_type_name("int; DROP TABLE t").is_err());
}
