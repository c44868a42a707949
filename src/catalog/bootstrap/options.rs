//! The options of a declaration: `(OID = 23, INPUT = int4in, …)`.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{DefElem, TypeName};

use crate::catalog::syntax::{integer_of, qualified, text_of};
use crate::error::{Error, Result};
use crate::sql::types::Oid;

/// A definition list.
pub(super) struct Options<'a>(pub(super) &'a [Node]);

impl<'a> Options<'a> {
    fn element(&self, name: &str) -> Option<&'a DefElem> {
        self.0.iter().find_map(|node| match node.node.as_ref()? {
            NodeEnum::DefElem(element) if element.defname == name => Some(&**element),
            _ => None,
        })
    }

    pub(super) fn value(&self, name: &str) -> Option<&'a Node> {
        self.element(name)?.arg.as_deref()
    }

    /// A word or string.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        text_of(self.value(name)?)
    }

    /// The same, empty when it is not given.
    pub(super) fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        integer_of(self.value(name)?)
    }

    pub(super) fn oid_or_zero(&self, name: &str) -> Result<Oid> {
        let value = self.integer(name).unwrap_or(0);
        Oid::try_from(value).map_err(|_| Error::syntax(format!("{name} is not an OID: {value}")))
    }

    pub(super) fn oid(&self, name: &str) -> Result<Oid> {
        match self.oid_or_zero(name)? {
            0 => Err(Error::syntax(format!("the declaration has no {name}"))),
            oid => Ok(oid),
        }
    }

    /// True for `NAME` alone and for `NAME = true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.element(name).is_some_and(|element| match element.arg.as_deref() {
            None => true,
            Some(node) => match node.node.as_ref() {
                Some(NodeEnum::Boolean(value)) => value.boolval,
                _ => text_of(node) == Some("true"),
            },
        })
    }

    pub(super) fn type_name(&self, name: &str) -> Option<&'a TypeName> {
        match self.value(name)?.node.as_ref()? {
            NodeEnum::TypeName(name) => Some(name),
            _ => None,
        }
    }

    /// An operator's name without its schema.
    pub(super) fn operator(&self, name: &str) -> Option<&'a str> {
        match self.value(name)?.node.as_ref()? {
            NodeEnum::List(list) => Some(qualified(&list.items)?.1),
            _ => self.text(name),
        }
    }
}

/// The OIDs in the COMMENT after a declaration: `'OID = 1976, ARRAY_OID = 0'`.
pub(super) fn comment_oid(next: Option<&NodeEnum>, name: &str) -> Result<Oid> {
    let Some(NodeEnum::CommentStmt(comment)) = next else {
        return Err(Error::syntax("the COMMENT with the OID is missing"));
    };
    comment
        .comment
        .split(',')
        .filter_map(|assignment| assignment.split_once('='))
        .find(|(key, _)| key.trim() == name)
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| Error::syntax(format!("the COMMENT has no {name}")))
}
