//! ALTER FUNCTION, PROCEDURE and ROUTINE.

use super::options;
use super::signature::{function_word, named_routine};
use crate::catalog::{Function, FunctionKind, ObjectAddress};
use crate::error::{Error, Result};
use crate::sql::ddl::Ddl;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;

impl Ddl<'_> {
    pub fn alter_function(&mut self, statement: &ast::AlterFunctionStmt) -> Result<String> {
        let object = statement.func.as_ref().ok_or_else(|| Error::syntax("ALTER of nothing"))?;
        let kind = statement.objtype();
        let function = self.find_routine(object, kind)?;
        self.require_routine_owner(&function, named_routine(kind))?;
        if function.kind == FunctionKind::Aggregate {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is an aggregate function", function.name),
            ));
        }
        let is_procedure = function.kind == FunctionKind::Procedure;
        let given = options::read(&statement.actions, is_procedure)?;
        let mut altered = (*function).clone();
        if let Some(volatility) = given.volatility {
            altered.volatility = volatility;
        }
        if let Some(strict) = given.strict {
            altered.strict = strict;
        }
        if let Some(definer) = given.security_definer {
            altered.options.security_definer = definer;
        }
        if let Some(leakproof) = given.leakproof {
            altered.options.leakproof = leakproof;
        }
        altered.options.parallel = given.parallel.or(altered.options.parallel);
        altered.options.cost = given.cost.or(altered.options.cost);
        altered.options.rows = given.rows.or(altered.options.rows);
        let config = std::mem::take(&mut altered.options.config);
        altered.options.config = self.config(config, &given.settings)?;
        self.check_options(&altered)?;
        self.put(altered);
        Ok(tag(kind))
    }

    /// `42501` unless the current role owns the function, which the message calls `word`.
    pub(in crate::sql::ddl) fn require_routine_owner(
        &self,
        function: &Function,
        word: &str,
    ) -> Result<()> {
        self.require_owner(function.owner, word, &function.name)
    }

    pub(in crate::sql::ddl) fn rename_routine(
        &mut self,
        statement: &ast::RenameStmt,
    ) -> Result<String> {
        let function = self.routine_of(statement.object.as_deref(), statement.rename_type())?;
        self.require_routine_owner(&function, "function")?;
        self.require_free_function(function.schema, &statement.newname, &function)?;
        let address = function.address();
        let uses = self.uses_of(|_, referenced| referenced == address)?;
        self.put_function(Function { name: statement.newname.clone(), ..(*function).clone() });
        self.rewrite_uses(uses)?;
        Ok(tag(statement.rename_type()))
    }

    pub(in crate::sql::ddl) fn set_routine_schema(
        &mut self,
        statement: &ast::AlterObjectSchemaStmt,
    ) -> Result<String> {
        let kind = statement.object_type();
        let function = self.routine_of(statement.object.as_deref(), kind)?;
        let schema = self.creation_schema(&statement.newschema)?;
        self.require_routine_owner(&function, "function")?;
        if schema != function.schema {
            self.require_free_function(schema, &function.name, &function)?;
            let address = function.address();
            let uses = self.uses_of(|_, referenced| referenced == address)?;
            self.put_function(Function { schema, ..(*function).clone() });
            self.rewrite_uses(uses)?;
        }
        Ok(tag(kind))
    }

    pub(in crate::sql::ddl) fn set_routine_owner(
        &mut self,
        statement: &ast::AlterOwnerStmt,
        owner: Oid,
    ) -> Result<String> {
        let kind = statement.object_type();
        let function = self.routine_of(statement.object.as_deref(), kind)?;
        self.require_routine_owner(&function, "function")?;
        self.put_function(Function { owner, ..(*function).clone() });
        Ok(tag(kind))
    }

    /// The routine in an object node.
    pub(in crate::sql::ddl) fn routine_of(
        &self,
        node: Option<&ast::Node>,
        kind: ast::ObjectType,
    ) -> Result<std::sync::Arc<Function>> {
        match node.and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::ObjectWithArgs(object)) => self.find_routine(object, kind),
            _ => Err(Error::syntax("improper function name")),
        }
    }

    /// What DROP FUNCTION names.
    pub(in crate::sql::ddl) fn routine_target(
        &self,
        node: &ast::Node,
        kind: ast::ObjectType,
        missing_ok: bool,
    ) -> Result<ObjectAddress> {
        let function = self.routine_of(Some(node), kind).map_err(|error| {
            match (error.code(), missing_ok) {
                (sqlstate::UNDEFINED_FUNCTION, true) => absent(node, kind, error),
                _ => error,
            }
        })?;
        if kind == ast::ObjectType::ObjectFunction && function.kind == FunctionKind::Aggregate {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is an aggregate function", function.name),
            )
            .with_hint("Use DROP AGGREGATE to drop aggregate functions."));
        }
        self.require_routine_owner(&function, named_routine(kind))?;
        if function.oid < crate::sql::types::oid::FIRST_NORMAL {
            return Err(Error::new(
                sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                format!(
                    "cannot drop {} {} because it is required by the database system",
                    function_word(function.kind),
                    self.routine_name(&function)
                ),
            ));
        }
        Ok(function.address())
    }
}

/// What IF EXISTS says, with the types as they were written.
fn absent(node: &ast::Node, kind: ast::ObjectType, error: Error) -> Error {
    let Some(NodeEnum::ObjectWithArgs(object)) = &node.node else { return error };
    if object.args_unspecified {
        return Error::new(
            sqlstate::UNDEFINED_FUNCTION,
            format!(
                "{} {}() does not exist",
                super::named_routine(kind),
                crate::sql::ddl::strings(&object.objname).join(".")
            ),
        );
    }
    let types: Vec<String> = object
        .objargs
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::TypeName(name)) => Some(crate::sql::ddl::strings(&name.names).join(".")),
            _ => None,
        })
        .collect();
    Error::new(
        sqlstate::UNDEFINED_FUNCTION,
        format!(
            "{} {}({}) does not exist",
            super::named_routine(kind),
            crate::sql::ddl::strings(&object.objname).join("."),
            types.join(",")
        ),
    )
}

fn tag(kind: ast::ObjectType) -> String {
    format!("ALTER {}", super::named_routine(kind).to_uppercase())
}
