//! The catalog's use of PostgreSQL's parser: declarations and type names. Nothing else in the catalog calls it.

use std::sync::Arc;

use crate::error::Result;
use crate::sql::parse::ast::{Node, TypeName, a_const};
use crate::sql::parse::{self, NodeEnum, ParsedStatement};

/// The statements of a text, each as a tree and as it is written.
pub(super) fn statements(text: &str) -> Result<Arc<Vec<ParsedStatement>>> {
    parse::parse(text)
}

/// The type that a text names, as in `'int4[]'::regtype`.
pub(super) fn type_name(text: &str) -> Result<TypeName> {
    parse::parse_type_name(text)
}

/// An expression's tree back as SQL.
pub(super) fn expression_text(expression: &Node) -> Result<String> {
    parse::expression_text(expression)
}

/// The text of a String, identifier or string constant node.
pub(super) fn text_of(node: &Node) -> Option<&str> {
    match node.node.as_ref()? {
        NodeEnum::String(string) => Some(&string.sval),
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Sval(string) => Some(&string.sval),
            _ => None,
        },
        NodeEnum::TypeName(name) => name.names.last().and_then(text_of),
        _ => None,
    }
}

/// The value of an integer node.
pub(super) fn integer_of(node: &Node) -> Option<i64> {
    match node.node.as_ref()? {
        NodeEnum::Integer(integer) => Some(integer.ival.into()),
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            a_const::Val::Ival(integer) => Some(integer.ival.into()),
            _ => None,
        },
        _ => None,
    }
}

/// A possibly qualified name: `(schema, name)`.
pub(super) fn qualified(nodes: &[Node]) -> Option<(Option<&str>, &str)> {
    match nodes {
        [name] => Some((None, text_of(name)?)),
        [schema, name] => Some((Some(text_of(schema)?), text_of(name)?)),
        [_, schema, name] => Some((Some(text_of(schema)?), text_of(name)?)),
        _ => None,
    }
}
