//! DROP of kinds of objects that nobody can make here: there are the built-in ones of
//! some kinds, and none of the others, so every name is one that does not exist or one
//! that the server needs.

use super::{Ddl, strings};
use crate::catalog::{ObjectAddress, ObjectClass, relation_oid};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

use ast::ObjectType as Kind;

/// What messages call a kind of these, and the tag of its DROP.
pub fn words(kind: Kind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        Kind::ObjectCollation => ("collation", "DROP COLLATION"),
        Kind::ObjectConversion => ("conversion", "DROP CONVERSION"),
        Kind::ObjectTsparser => ("text search parser", "DROP TEXT SEARCH PARSER"),
        Kind::ObjectTsdictionary => ("text search dictionary", "DROP TEXT SEARCH DICTIONARY"),
        Kind::ObjectTstemplate => ("text search template", "DROP TEXT SEARCH TEMPLATE"),
        Kind::ObjectTsconfiguration => {
            ("text search configuration", "DROP TEXT SEARCH CONFIGURATION")
        }
        Kind::ObjectLanguage => ("language", "DROP LANGUAGE"),
        Kind::ObjectFdw => ("foreign-data wrapper", "DROP FOREIGN DATA WRAPPER"),
        Kind::ObjectForeignServer => ("server", "DROP SERVER"),
        Kind::ObjectAccessMethod => ("access method", "DROP ACCESS METHOD"),
        Kind::ObjectEventTrigger => ("event trigger", "DROP EVENT TRIGGER"),
        Kind::ObjectPublication => ("publication", "DROP PUBLICATION"),
        Kind::ObjectForeignTable => ("foreign table", "DROP FOREIGN TABLE"),
        Kind::ObjectOpclass => ("operator class", "DROP OPERATOR CLASS"),
        Kind::ObjectOpfamily => ("operator family", "DROP OPERATOR FAMILY"),
        _ => return None,
    })
}

const LANGUAGES: [&str; 4] = ["internal", "c", "sql", "plpgsql"];

impl Ddl<'_> {
    /// Why an object of one of these kinds cannot be dropped.
    pub(super) fn undroppable(&self, kind: Kind, node: &ast::Node, missing_ok: bool) -> Error {
        match self.find_undroppable(kind, node, missing_ok) {
            Ok(name) if let Some(owner) = self.extension_of_method(kind, &name) => Error::new(
                sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                format!("cannot drop access method {name} because {owner} requires it"),
            )
            .with_hint(format!("You can drop {owner} instead.")),
            Ok(name) => Error::new(
                sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                format!(
                    "cannot drop {} {name} because it is required by the database system",
                    words(kind).map_or("object", |words| words.0)
                ),
            ),
            Err(error) => error,
        }
    }

    /// `extension name` of an access method that an extension brought.
    fn extension_of_method(&self, kind: Kind, name: &str) -> Option<String> {
        let catalog = &self.work.catalog;
        let method = catalog.access_method_named(name).filter(|_| kind == Kind::ObjectAccessMethod);
        let address = ObjectAddress::new(relation_oid::PG_AM, method?.oid);
        let mut extensions = catalog.extensions();
        let owner = extensions.find(|extension| extension.members.contains(&address))?;
        Some(format!("extension {}", owner.name))
    }

    /// The name of a built-in object, as it is written; or that there is none.
    fn find_undroppable(&self, kind: Kind, node: &ast::Node, missing_ok: bool) -> Result<String> {
        let parts = match &node.node {
            Some(NodeEnum::List(list)) => strings(&list.items),
            Some(NodeEnum::String(name)) => vec![name.sval.as_str()],
            _ => Vec::new(),
        };
        let (method, parts) = match kind {
            Kind::ObjectOpclass | Kind::ObjectOpfamily => match parts.split_first() {
                Some((method, rest)) => (Some(*method), rest.to_vec()),
                None => (None, parts),
            },
            _ => (None, parts),
        };
        if let Some(method) = method
            && self.work.catalog.access_method_named(method).is_none()
        {
            // IF EXISTS does not forgive this one.
            return Err(super::index::undefined_method(method));
        }
        let schemas = match parts.as_slice() {
            [schema, _] | [_, schema, _] => vec![self.schema_named(schema)?],
            _ => self.ctx.eval.settings.search_path.clone(),
        };
        let name = parts.last().copied().unwrap_or_default();
        let within = |class| {
            let catalog = &self.work.catalog;
            schemas.iter().any(|schema| !catalog.named(class, *schema, name).is_empty())
        };
        let exists = match kind {
            Kind::ObjectLanguage => LANGUAGES.contains(&name),
            Kind::ObjectCollation => within(ObjectClass::Collation),
            Kind::ObjectOpclass => within(ObjectClass::OperatorClass),
            Kind::ObjectOpfamily => within(ObjectClass::OperatorFamily),
            Kind::ObjectAccessMethod => self.work.catalog.access_method_named(name).is_some(),
            _ => false,
        };
        if exists {
            return Ok(name.to_owned());
        }
        let word = words(kind).map_or("object", |words| words.0);
        let written = parts.join(".");
        Err(Error::new(
            sqlstate::UNDEFINED_OBJECT,
            match (kind, method) {
                (Kind::ObjectCollation, _) if !missing_ok => {
                    format!("{word} \"{written}\" for encoding \"UTF8\" does not exist")
                }
                (_, Some(method)) => {
                    format!("{word} \"{written}\" does not exist for access method \"{method}\"")
                }
                _ => format!("{word} \"{written}\" does not exist"),
            },
        ))
    }
}
