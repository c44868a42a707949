//! CREATE, ALTER and DROP of functions and procedures.

mod alter;
mod options;
mod signature;

use std::sync::Arc;

use super::Ddl;
use crate::catalog::{
    Function, FunctionKind, FunctionOptions, ObjectClass, PG_CATALOG, Volatility, quote_qualified,
};
use crate::error::{Error, Result};
use crate::sql::bind::is_polymorphic;
use crate::sql::parse::{self, NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::routine::validate;
use crate::sql::types::{Oid, SqlType, oid, record};
use crate::sqlstate;

pub(super) use signature::{Signature, check_internal, function_word, named_routine};

/// The languages that functions may be written in.
const LANGUAGES: [&str; 4] = ["sql", "plpgsql", "internal", "c"];

impl Ddl<'_> {
    pub async fn create_function(
        &mut self,
        statement: &ast::CreateFunctionStmt,
    ) -> Result<&'static str> {
        let tag = if statement.is_procedure { "CREATE PROCEDURE" } else { "CREATE FUNCTION" };
        let (schema, name) = self.split_name(&statement.funcname)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        let given = options::read(&statement.options, statement.is_procedure)?;
        let language = match (&given.language, &statement.sql_body) {
            (Some(language), _) => language.clone(),
            (None, Some(_)) => "sql".to_owned(),
            (None, None) => {
                return Err(Error::new(
                    sqlstate::INVALID_FUNCTION_DEFINITION,
                    "no language specified",
                ));
            }
        };
        let body = self.function_body(statement, &given, &language)?;
        if !LANGUAGES.contains(&language.as_str()) {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("language \"{language}\" does not exist"),
            ));
        }
        let signature = self.signature(statement)?;
        if body.sql_body.is_some() && signature.args.iter().any(|ty| is_polymorphic(*ty)) {
            return Err(Error::new(
                sqlstate::INVALID_FUNCTION_DEFINITION,
                "SQL function with unquoted function body cannot have polymorphic arguments",
            ));
        }
        let returns_set =
            statement.return_type.as_ref().is_some_and(|ty| ty.setof) || signature.has_table;
        // What is said by default is not printed.
        let default_cost = if language == "internal" || language == "c" { 1.0 } else { 100.0 };
        let function = Function {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            kind: match statement.is_procedure {
                true => FunctionKind::Procedure,
                false => FunctionKind::Function,
            },
            language,
            source: body.source,
            args: signature.args,
            arg_names: signature.arg_names,
            all_args: signature.all_args,
            defaults: signature.defaults,
            returns: signature.returns,
            returns_set,
            variadic: signature.variadic,
            strict: given.strict.unwrap_or(false),
            volatility: given.volatility.unwrap_or(Volatility::Volatile),
            options: FunctionOptions {
                security_definer: given.security_definer.unwrap_or(false),
                leakproof: given.leakproof.unwrap_or(false),
                parallel: given.parallel,
                cost: given.cost.filter(|cost| *cost != default_cost),
                rows: given.rows.filter(|rows| *rows != 1000.0),
                config: self.config(Vec::new(), &given.settings)?,
                body_path: body.sql_body.as_ref().map(|_| self.search_path_names()),
                sql_body: body.sql_body,
            },
        };
        self.check_options(&function)?;
        let function = self.replaced(function, statement.replace)?;
        self.check_language(&function)?;
        let address = function.address();
        let function = self.put_function(function);
        // A body may call the function itself.
        if self.checks_bodies()? {
            for warning in validate::validate(&function, &self.eval())? {
                self.ctx.notices.send(warning);
            }
        }
        self.qualify_body(&function);
        self.record_references(address, signature.default_exprs.iter());
        Ok(tag)
    }

    /// Names in a body of SQL's own form mean for good what they mean now.
    fn qualify_body(&mut self, function: &Arc<Function>) {
        if function.options.sql_body.is_none() {
            return;
        }
        // What cannot be printed stays as it was written, and is bound as it was.
        if let Ok(source) = crate::sql::describe::qualified_source(&self.eval(), function) {
            let mut kept = Function { source, ..(**function).clone() };
            kept.options.body_path = Some(vec![self.schema_name(PG_CATALOG)]);
            self.put_function(kept);
        }
    }

    fn checks_bodies(&self) -> Result<bool> {
        let setting = self.ctx.eval.session.setting("check_function_bodies")?;
        Ok(setting.is_none_or(|value| value == "on"))
    }

    /// Only a superuser writes functions that are code of the server.
    fn check_language(&self, function: &Function) -> Result<()> {
        privilege::check_language(&function.language, &self.eval())?;
        match function.language.as_str() {
            "c" if self.work.extension.is_none() => Err(Error::unsupported("LANGUAGE c")),
            "internal" | "c" => {
                if !self.current_role()?.superuser {
                    return Err(Error::new(
                        sqlstate::INSUFFICIENT_PRIVILEGE,
                        "permission denied for language internal",
                    ));
                }
                // Nobody can call one that takes what only the server has.
                let known = function.args.contains(&oid::INTERNAL)
                    || crate::sql::functions::kernel(&function.source).is_some()
                    || crate::sql::functions::set_kernel(&function.source).is_some();
                if known {
                    return Ok(());
                }
                Err(Error::new(
                    sqlstate::UNDEFINED_FUNCTION,
                    format!("there is no built-in function named \"{}\"", function.source),
                ))
            }
            _ => Ok(()),
        }
    }

    fn check_options(&self, function: &Function) -> Result<()> {
        let invalid =
            |message: &str| Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message.to_owned()));
        if function.options.cost.is_some_and(|cost| cost <= 0.0) {
            return invalid("COST must be positive");
        }
        match function.options.rows {
            Some(rows) if rows <= 0.0 => return invalid("ROWS must be positive"),
            Some(_) if !function.returns_set => {
                return invalid("ROWS is not applicable when function does not return a set");
            }
            _ => {}
        }
        if function.options.leakproof && !self.current_role()?.superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "only superuser can define a leakproof function",
            ));
        }
        Ok(())
    }

    /// The function under the OID of the one it replaces, if that may be.
    pub(super) fn replaced(&mut self, new: Function, replace: bool) -> Result<Function> {
        let named = self.work.catalog.named(ObjectClass::Function, new.schema, &new.name);
        let mut known = named.iter().filter_map(|oid| self.work.catalog.function(*oid));
        let Some(old) = known.find(|old| old.args == new.args).cloned() else {
            return Ok(new);
        };
        if !replace {
            return Err(Error::new(
                sqlstate::DUPLICATE_FUNCTION,
                format!("function \"{}\" already exists with same argument types", new.name),
            ));
        }
        self.require_owner(old.owner, function_word(old.kind), &old.name)?;
        if old.kind != new.kind {
            let what = match old.kind {
                FunctionKind::Aggregate => "an aggregate function",
                FunctionKind::Function => "a function",
                FunctionKind::Procedure => "a procedure",
                FunctionKind::Window => "a window function",
            };
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, "cannot change routine kind")
                .with_detail(format!("\"{}\" is {what}.", old.name)));
        }
        let path = self.ctx.eval.settings.search_path.clone();
        let signature = self.work.catalog.function_signature(&path, &old);
        let hint =
            format!("Use DROP {} {signature} first.", function_word(old.kind).to_uppercase());
        let invalid = |message: String| {
            Error::new(sqlstate::INVALID_FUNCTION_DEFINITION, message).with_hint(hint.clone())
        };
        if old.returns != new.returns || old.returns_set != new.returns_set {
            let message = match old.kind {
                FunctionKind::Procedure => {
                    "cannot change whether a procedure has output parameters".to_owned()
                }
                _ => "cannot change return type of existing function".to_owned(),
            };
            return Err(invalid(message));
        }
        if old.returns == oid::RECORD && outputs(&old) != outputs(&new) {
            return Err(invalid("cannot change return type of existing function".to_owned())
                .with_detail("Row type defined by OUT parameters is different."));
        }
        for (at, name) in old.arg_names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let now = new.arg_names.get(at).map_or("", String::as_str);
            if now != name {
                return Err(invalid(format!("cannot change name of input parameter \"{name}\"")));
            }
        }
        if new.defaults.len() < old.defaults.len() {
            return Err(invalid(
                "cannot remove parameter defaults from existing function".to_owned(),
            ));
        }
        Ok(Function { oid: old.oid, owner: old.owner, ..new })
    }

    /// What AS, RETURN or BEGIN ATOMIC says.
    fn function_body(
        &self,
        statement: &ast::CreateFunctionStmt,
        given: &options::Given,
        language: &str,
    ) -> Result<BodyText> {
        let Some(node) = statement.sql_body.as_deref() else {
            let source = given.source.clone().ok_or_else(|| {
                Error::new(sqlstate::INVALID_FUNCTION_DEFINITION, "no function body specified")
            })?;
            return Ok(BodyText { source, sql_body: None });
        };
        if given.source.is_some() {
            return Err(Error::new(
                sqlstate::INVALID_FUNCTION_DEFINITION,
                "duplicate function body specified",
            ));
        }
        if language != "sql" {
            return Err(Error::new(
                sqlstate::INVALID_FUNCTION_DEFINITION,
                "inline SQL function body only valid for language SQL",
            ));
        }
        match &node.node {
            Some(NodeEnum::ReturnStmt(returned)) => {
                let value = returned.returnval.as_deref();
                let value = value.ok_or_else(|| Error::syntax("RETURN of nothing"))?;
                let text = parse::expression_text(value)?;
                let is_operator = matches!(value.node, Some(NodeEnum::AExpr(_)));
                let shown = if is_operator { format!("({text})") } else { text.clone() };
                Ok(BodyText {
                    source: format!("SELECT {text}"),
                    sql_body: Some(format!("RETURN {shown}")),
                })
            }
            Some(NodeEnum::List(list)) => {
                let inner = match list.items.first().and_then(|node| node.node.as_ref()) {
                    Some(NodeEnum::List(inner)) => inner.items.as_slice(),
                    _ => list.items.as_slice(),
                };
                let inner: Vec<&ast::Node> =
                    inner.iter().filter(|node| node.node.is_some()).collect();
                let texts =
                    inner.iter().map(|node| atomic_text(node)).collect::<Result<Vec<_>>>()?;
                let lines: String = texts.iter().map(|(_, shown)| format!(" {shown};\n")).collect();
                let texts: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
                Ok(BodyText {
                    source: texts.join(";\n"),
                    sql_body: Some(format!("BEGIN ATOMIC\n{lines}END")),
                })
            }
            _ => Err(Error::unsupported("a function body of this form")),
        }
    }

    /// `name(types)` of a function that exists, for messages.
    pub(super) fn routine_name(&self, function: &Function) -> String {
        let path = &self.ctx.eval.settings.search_path;
        self.work.catalog.function_signature(path, function)
    }

    pub(super) fn put_function(&mut self, function: Function) -> Arc<Function> {
        let function = Arc::new(function);
        self.put(crate::catalog::Object::Function(function.clone()));
        function
    }

    /// Fails when another function of this name takes the same arguments.
    pub(super) fn require_free_function(
        &self,
        schema: Oid,
        name: &str,
        function: &Function,
    ) -> Result<()> {
        let named = self.work.catalog.named(ObjectClass::Function, schema, name);
        let taken = named
            .iter()
            .filter_map(|oid| self.work.catalog.function(*oid))
            .any(|other| other.args == function.args && other.oid != function.oid);
        if !taken {
            return Ok(());
        }
        let moved = Function { name: name.to_owned(), schema, ..function.clone() };
        let types: Vec<String> = moved
            .args
            .iter()
            .map(|ty| {
                self.work.catalog.format_type(&self.ctx.eval.settings.search_path, *ty, Some(-1))
            })
            .collect();
        Err(Error::new(
            sqlstate::DUPLICATE_FUNCTION,
            format!(
                "function {}({}) already exists in schema \"{}\"",
                quote_qualified(None, name),
                types.join(", "),
                self.schema_name(schema)
            ),
        ))
    }
}

/// A statement between BEGIN ATOMIC and END as it runs, and as it is shown.
fn atomic_text(node: &ast::Node) -> Result<(String, String)> {
    let refused = |what: &str| {
        Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("{what} is not yet supported in unquoted SQL function body"),
        )
    };
    match &node.node {
        Some(NodeEnum::ReturnStmt(returned)) => {
            let value = returned.returnval.as_deref();
            let value = value.ok_or_else(|| Error::syntax("RETURN of nothing"))?;
            let text = parse::expression_text(value)?;
            Ok((format!("SELECT {text}"), format!("RETURN {text}")))
        }
        Some(
            NodeEnum::SelectStmt(_)
            | NodeEnum::InsertStmt(_)
            | NodeEnum::UpdateStmt(_)
            | NodeEnum::DeleteStmt(_)
            | NodeEnum::MergeStmt(_),
        ) => {
            let text = parse::deparse(node)?;
            Ok((text.clone(), text))
        }
        Some(other) => Err(refused(&crate::sql::command::name(other))),
        None => Err(Error::syntax("an empty statement in a function body")),
    }
}

struct BodyText {
    source: String,
    sql_body: Option<String>,
}

fn outputs(function: &Function) -> SqlType {
    record::type_of(crate::sql::routine::outputs(function))
}
