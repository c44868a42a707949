//! DefElem options: `name = value` lists of many statements.

use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};

/// The options of a statement as `(name, option)` pairs, in order.
pub fn options(nodes: &[ast::Node]) -> impl Iterator<Item = &ast::DefElem> {
    nodes.iter().filter_map(|node| match &node.node {
        Some(NodeEnum::DefElem(option)) => Some(&**option),
        _ => None,
    })
}

/// `42601`: the same option twice.
pub fn conflicting(option: &ast::DefElem) -> Error {
    Error::syntax("conflicting or redundant options").at(option.location)
}

/// An integer value; numbers beyond 32 bits arrive as float text.
pub fn integer(option: &ast::DefElem) -> Result<i64> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::Integer(value)) => Ok(i64::from(value.ival)),
        Some(NodeEnum::Float(value)) => value.fval.parse().map_err(|_| {
            Error::new(
                crate::sqlstate::NUMERIC_VALUE_OUT_OF_RANGE,
                format!("value \"{}\" is out of range for type bigint", value.fval),
            )
        }),
        _ => Err(Error::syntax(format!("{} requires a numeric value", option.defname))),
    }
}

/// A boolean; an option without a value is on.
pub fn boolean(option: &ast::DefElem) -> Result<bool> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        None => Ok(true),
        Some(NodeEnum::Boolean(value)) => Ok(value.boolval),
        Some(NodeEnum::Integer(value)) => Ok(value.ival != 0),
        Some(NodeEnum::String(value)) => match value.sval.to_ascii_lowercase().as_str() {
            "true" | "on" => Ok(true),
            "false" | "off" => Ok(false),
            _ => Err(Error::syntax(format!("{} requires a Boolean value", option.defname))),
        },
        _ => Err(Error::syntax(format!("{} requires a Boolean value", option.defname))),
    }
}

/// A string value; `None` when the option says NULL or nothing.
pub fn string(option: &ast::DefElem) -> Option<&str> {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::String(value)) => Some(&value.sval),
        _ => None,
    }
}
