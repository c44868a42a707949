//! What `sql/*.sql` declares has a kernel.

use crate::sql::functions::{aggregate_kernel, kernel, set_kernel};

const FUNCTIONS: &str = include_str!("../../../../sql/functions.sql");
const AGGREGATES: &str = include_str!("../../../../sql/aggregates.sql");

/// One declared function: what the tests need of it.
pub struct Declared {
    pub name: String,
    pub args: Vec<String>,
    pub returns: String,
    pub symbol: String,
    pub strict: bool,
}

/// The declarations, read by their fixed form: one statement a line.
pub fn functions() -> Vec<Declared> {
    FUNCTIONS.lines().filter(|line| line.starts_with("CREATE FUNCTION")).map(declared).collect()
}

/// The declared aggregates without direct arguments; `symbol` is the kernel's.
pub fn aggregates() -> Vec<Declared> {
    let lines = AGGREGATES.lines().filter(|line| line.starts_with("CREATE AGGREGATE"));
    lines.filter(|line| !line.contains("ORDER BY")).map(declared_aggregate).collect()
}

fn declared_aggregate(line: &str) -> Declared {
    let rest = line.strip_prefix("CREATE AGGREGATE pg_catalog.").expect("all are in pg_catalog");
    let (name, rest) = rest.split_once('(').expect("arguments follow the name");
    let (args, rest) = rest.split_once(") (").expect("options follow the arguments");
    let returns = rest.split("RETURNS = ").nth(1).and_then(|rest| rest.split(',').next());
    let symbol = rest.split('\'').nth(1).expect("the kernel is quoted");
    let args = args.replace('"', "");
    let args = args.split(", ").filter(|arg| *arg != "*");
    Declared {
        name: name.to_owned(),
        args: args.map(|arg| arg.rsplit(' ').next().unwrap_or_default().to_owned()).collect(),
        returns: returns.expect("the result is declared").to_owned(),
        symbol: symbol.to_owned(),
        strict: false,
    }
}

fn declared(line: &str) -> Declared {
    let rest = line.strip_prefix("CREATE FUNCTION pg_catalog.").expect("all are in pg_catalog");
    let (name, rest) = rest.split_once('(').expect("arguments follow the name");
    let (args, rest) = rest.split_once(") RETURNS ").expect("the result follows the arguments");
    let (returns, rest) = rest.split_once(" LANGUAGE internal").expect("all are internal");
    let symbol = rest.split('\'').nth(1).expect("the symbol is quoted");
    let args = args.split(", ").filter(|arg| !arg.is_empty() && !arg.starts_with("OUT "));
    let type_of = |arg: &str| {
        let arg = arg.split(" DEFAULT ").next().unwrap_or_default();
        arg.rsplit(' ').next().unwrap_or_default().replace('"', "")
    };
    Declared {
        name: name.replace('"', ""),
        args: args.map(type_of).collect(),
        returns: returns.replace('"', ""),
        symbol: symbol.to_owned(),
        strict: rest.contains(" STRICT "),
    }
}

/// Window functions are the planner's.
fn lives_elsewhere(symbol: &str) -> bool {
    symbol.starts_with("window_")
}

/// Only the system itself could call them: no value has these types.
fn cannot_be_called(function: &Declared) -> bool {
    function.args.iter().any(|arg| arg == "internal")
        || matches!(
            function.symbol.as_str(),
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

#[test]
fn every_declared_function_has_a_kernel() {
    let missing: Vec<_> = functions()
        .into_iter()
        .filter(|function| !cannot_be_called(function) && !lives_elsewhere(&function.symbol))
        .filter(|function| {
            kernel(&function.symbol).is_none() && set_kernel(&function.symbol).is_none()
        })
        .map(|function| function.symbol)
        .collect();
    assert!(missing.is_empty(), "no kernel for {missing:?}");
}

#[test]
fn every_declared_aggregate_has_a_kernel() {
    let symbols = AGGREGATES.lines().filter_map(|line| line.split("KERNEL = '").nth(1));
    let symbols = symbols.filter_map(|rest| rest.split('\'').next());
    let missing: Vec<_> = symbols.filter(|symbol| aggregate_kernel(symbol).is_none()).collect();
    assert!(missing.is_empty(), "no kernel for {missing:?}");
}
