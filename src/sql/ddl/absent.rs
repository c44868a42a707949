//! DROP of kinds of objects that nobody can make here: there are the built-in ones of
//! some kinds, and none of the others, so every name is one that does not exist or one
//! that the server needs.

use super::{Ddl, strings};
use crate::catalog::{ObjectAddress, ObjectClass, relation_oid};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
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

    /// Why an object that an extension brought cannot be dropped.
    fn required_by_extension(
        &self,
        kind: Kind,
        method: Option<&str>,
        schemas: &[Oid],
        name: &str,
    ) -> Option<Error> {
        let catalog = &self.work.catalog;
        let named =
            |class| schemas.iter().flat_map(move |schema| catalog.named(class, *schema, name));
        let address = match kind {
            Kind::ObjectAccessMethod => {
                let method = catalog.access_method_named(name)?;
                ObjectAddress::new(relation_oid::PG_AM, method.oid)
            }
            Kind::ObjectOpclass => {
                let mut classes = named(ObjectClass::OperatorClass)
                    .filter_map(|oid| catalog.operator_class(*oid));
                let class = classes.find(|class| Some(class.access_method.as_str()) == method)?;
                ObjectAddress::new(relation_oid::PG_OPCLASS, class.oid)
            }
            Kind::ObjectOpfamily => {
                let mut families = named(ObjectClass::OperatorFamily)
                    .filter_map(|oid| catalog.operator_family(*oid));
                let family = families.find(|it| Some(it.access_method.as_str()) == method)?;
                ObjectAddress::new(relation_oid::PG_OPFAMILY, family.oid)
            }
            _ => return None,
        };
        let mut extensions = catalog.extensions();
        let owner = extensions.find(|extension| extension.members.contains(&address))?;
        let object = catalog.describe(&self.ctx.eval.settings.search_path, address);
        let message = format!("cannot drop {object} because extension {} requires it", owner.name);
        let error = Error::new(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST, message);
        Some(error.with_hint(format!("You can drop extension {} instead.", owner.name)))
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
            if let Some(error) = self.required_by_extension(kind, method, &schemas, name) {
                return Err(error);
            }
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
