//! CREATE TYPE of a base type, in an extension's script: values are represented as the
//! input function says ([`Catalog::repr`](crate::catalog::Catalog::repr)).

use super::super::Ddl;
use super::super::options::{boolean, options, string};
use crate::catalog::{Type, TypeKind};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, oid};

/// `default`, which collatable types have.
const DEFAULT_COLLATION: Oid = 100;

impl Ddl<'_> {
    pub(in crate::sql::ddl) fn create_base_type(
        &mut self,
        statement: &ast::DefineStmt,
    ) -> Result<&'static str> {
        if self.work.extension.is_none() {
            return Err(Error::unsupported("CREATE TYPE of a base type"));
        }
        let (schema, name) = self.split_name(&statement.defnames)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        self.require_free_type_name(schema, name)?;
        let mut ty = Type {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            length: -1,
            by_value: false,
            kind: TypeKind::Base,
            category: 'U',
            preferred: false,
            delimiter: ',',
            array: self.next_oid(),
            element: oid::INVALID,
            input: String::new(),
            output: String::new(),
            receive: String::new(),
            send: String::new(),
            typmod_in: String::new(),
            typmod_out: String::new(),
            subscript: String::new(),
            collation: oid::INVALID,
            align: 'i',
            storage: 'p',
        };
        for option in options(&statement.definition) {
            let named = || match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::TypeName(name)) => super::super::strings(&name.names).concat(),
                _ => string(option).unwrap_or_default().to_owned(),
            };
            match option.defname.as_str() {
                "input" => ty.input = named(),
                "output" => ty.output = named(),
                "receive" => ty.receive = named(),
                "send" => ty.send = named(),
                "typmod_in" => ty.typmod_in = named(),
                "subscript" => ty.subscript = named(),
                "category" => ty.category = named().chars().next().unwrap_or('U'),
                "preferred" => ty.preferred = boolean(option)?,
                "collatable" => {
                    if boolean(option)? {
                        ty.collation = DEFAULT_COLLATION;
                    }
                }
                // External: `e`, extended: `x` …; values are stored the same way.
                "storage" => ty.storage = named().chars().next().unwrap_or('p'),
                // All values are of variable length.
                "internallength" | "like" | "alignment" => {}
                other => return Err(Error::unsupported(format!("type attribute \"{other}\""))),
            }
        }
        self.put_with_array(ty);
        Ok("CREATE TYPE")
    }
}
