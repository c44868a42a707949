//! ALTER EXTENSION: UPDATE, SET SCHEMA, ADD and DROP of members.

use std::collections::HashSet;

use super::super::Ddl;
use super::super::options::{conflicting, options, string};
use super::known_extension;
use crate::catalog::{
    Extension, Function, Object, ObjectAddress, Operator, OperatorClass, OperatorFamily, Relation,
    Type,
};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sqlstate;

impl Ddl<'_> {
    /// ALTER EXTENSION … UPDATE.
    pub async fn alter_extension(
        &mut self,
        statement: &ast::AlterExtensionStmt,
    ) -> Result<&'static str> {
        let name = &statement.extname;
        let found = self.owned_extension(name)?;
        let mut version: Option<&str> = None;
        for option in options(&statement.options) {
            match option.defname.as_str() {
                "new_version" if version.is_some() => return Err(conflicting(option)),
                "new_version" => version = string(option),
                other => return Err(Error::syntax(format!("unrecognized option: {other}"))),
            }
        }
        let extension = known_extension(name)?;
        let target = version.unwrap_or(extension.default_version);
        if found.version == target {
            self.notice(format!(
                "version \"{target}\" of extension \"{name}\" is already installed"
            ));
            return Ok("ALTER EXTENSION");
        }
        let path = extension.update_path(&found.version, target).ok_or_else(|| {
            Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!(
                    "extension \"{name}\" has no update path from version \"{}\" to version \
                     \"{target}\"",
                    found.version
                ),
            )
        })?;
        let current = self.current_role()?;
        let runner = self.script_runner(extension, &current)?;
        for script in path {
            self.run_script(found.oid, script, &runner).await?;
        }
        Ok("ALTER EXTENSION")
    }

    /// ALTER EXTENSION … ADD and DROP.
    pub fn alter_extension_contents(
        &mut self,
        statement: &ast::AlterExtensionContentsStmt,
    ) -> Result<&'static str> {
        let name = &statement.extname;
        let found = self.owned_extension(name)?;
        let object = ast::CommentStmt {
            objtype: statement.objtype,
            object: statement.object.clone(),
            comment: String::new(),
        };
        let address = self.commented(&object)?;
        let path = self.ctx.eval.settings.search_path.clone();
        let described = self.work.catalog.describe(&path, address);
        let not_ready =
            |message: String| Err(Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message));
        let mut members = found.members.clone();
        if statement.action > 0 {
            let owner = self.work.catalog.extensions().find(|it| it.members.contains(&address));
            if let Some(owner) = owner {
                let owner = &owner.name;
                return not_ready(format!(
                    "{described} is already a member of extension \"{owner}\""
                ));
            }
            if address == ObjectAddress::schema(found.schema) {
                return not_ready(format!(
                    "cannot add schema \"{}\" to extension \"{name}\" because the schema contains \
                     the extension",
                    self.schema_name(found.schema)
                ));
            }
            members.push(address);
        } else {
            if !members.contains(&address) {
                return not_ready(format!("{described} is not a member of extension \"{name}\""));
            }
            members.retain(|member| *member != address);
        }
        self.put(Extension { members, ..(*found).clone() });
        Ok("ALTER EXTENSION")
    }

    /// ALTER EXTENSION … SET SCHEMA.
    pub(in crate::sql::ddl) fn set_extension_schema(
        &mut self,
        name: &str,
        schema: &str,
    ) -> Result<String> {
        let found = self.owned_extension(name)?;
        let target = self.creation_schema(schema)?;
        if found.members.contains(&ObjectAddress::schema(target)) {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!(
                    "cannot move extension \"{name}\" into schema \"{schema}\" because the \
                     extension contains the schema"
                ),
            ));
        }
        if !found.relocatable {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("extension \"{name}\" does not support SET SCHEMA"),
            ));
        }
        if found.schema == target {
            return Ok("ALTER EXTENSION".to_owned());
        }
        let members: HashSet<ObjectAddress> = found.members.iter().copied().collect();
        let uses = self.uses_of(|_, referenced| members.contains(&referenced.whole()))?;
        for member in &found.members {
            self.move_member(*member, target)?;
        }
        self.put(Extension { schema: target, ..(*found).clone() });
        self.rewrite_uses(uses)?;
        Ok("ALTER EXTENSION".to_owned())
    }

    /// Moves a member, and what goes with it, into another schema.
    fn move_member(&mut self, member: ObjectAddress, schema: u32) -> Result<()> {
        let Some(object) = member.key().and_then(|key| self.work.catalog.object(key).cloned())
        else {
            return Ok(());
        };
        match object {
            Object::Function(function) => {
                self.require_free_function(schema, &function.name, &function)?;
                self.put(Function { schema, ..(*function).clone() });
            }
            Object::Type(ty) => {
                self.require_free_type_name(schema, &ty.name)?;
                if let Some(array) = self.work.catalog.type_(ty.array).cloned() {
                    self.put(Type { schema, ..(*array).clone() });
                }
                self.put(Type { schema, ..(*ty).clone() });
            }
            Object::Relation(relation) => {
                self.require_free_name(schema, &relation.name)?;
                let row_type = self.work.catalog.row_type(&relation);
                if let Some(ty) = self.work.catalog.type_(row_type).cloned() {
                    if let Some(array) = self.work.catalog.type_(ty.array).cloned() {
                        self.put(Type { schema, ..(*array).clone() });
                    }
                    self.put(Type { schema, ..(*ty).clone() });
                }
                self.put_relation(Relation { schema, ..(*relation).clone() });
            }
            Object::Operator(operator) => self.put(Operator { schema, ..(*operator).clone() }),
            Object::OperatorClass(class) => {
                self.put(OperatorClass { schema, ..(*class).clone() });
            }
            Object::OperatorFamily(family) => {
                self.put(OperatorFamily { schema, ..(*family).clone() });
            }
            _ => {}
        }
        Ok(())
    }
}
