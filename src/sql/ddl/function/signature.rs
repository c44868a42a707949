//! Parameters and result of a function, and functions named by them.

use std::sync::Arc;

use crate::catalog::{Function, FunctionKind, TypeKind, deparse, resolve_type};
use crate::error::{Error, Result};
use crate::sql::bind::{self, is_polymorphic};
use crate::sql::ddl::{Ddl, strings};
use crate::sql::ir::Expr;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType, oid};
use crate::sqlstate;

/// What a parameter list and RETURNS say.
#[derive(Default)]
pub struct Signature {
    pub args: Vec<Oid>,
    pub arg_names: Vec<String>,
    pub all_args: Option<Vec<(char, Oid, String)>>,
    pub defaults: Vec<String>,
    pub default_exprs: Vec<Expr>,
    pub variadic: Oid,
    pub returns: Oid,
    pub has_table: bool,
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_FUNCTION_DEFINITION, message)
}

/// The letter of `proargmodes`.
fn mode_of(parameter: &ast::FunctionParameter) -> char {
    use ast::FunctionParameterMode as Mode;
    match parameter.mode() {
        Mode::FuncParamOut => 'o',
        Mode::FuncParamInout => 'b',
        Mode::FuncParamVariadic => 'v',
        Mode::FuncParamTable => 't',
        _ => 'i',
    }
}

/// Arguments of a function (`FUNC_MAX_ARGS`).
const ARGUMENTS_MAX: usize = 100;

impl Ddl<'_> {
    pub(super) fn signature(&self, statement: &ast::CreateFunctionStmt) -> Result<Signature> {
        let word = if statement.is_procedure { "procedure" } else { "function" };
        let (mut signature, all) = self.parameters(&statement.parameters, word)?;
        signature.returns = self.result_type(statement, &all)?;
        for result in outputs_of(&all, signature.returns) {
            check_polymorphic(&self.work.catalog, result, &signature.args)?;
            check_internal(result, &signature.args)?;
        }
        Ok(signature)
    }

    /// The arguments of an aggregate.
    pub(in crate::sql::ddl) fn aggregate_parameters(
        &self,
        nodes: &[ast::Node],
    ) -> Result<Signature> {
        self.parameters(nodes, "aggregate").map(|(signature, _)| signature)
    }

    #[allow(clippy::type_complexity, reason = "the rows of proargmodes and its kin")]
    fn parameters(
        &self,
        nodes: &[ast::Node],
        word: &str,
    ) -> Result<(Signature, Vec<(char, Oid, String)>)> {
        let is_procedure = word == "procedure";
        let mut all: Vec<(char, Oid, String)> = Vec::new();
        let mut signature = Signature::default();
        for node in nodes {
            let Some(NodeEnum::FunctionParameter(parameter)) = &node.node else { continue };
            let mode = mode_of(parameter);
            let name = parameter.arg_type.as_ref();
            let name = name.ok_or_else(|| Error::syntax("a parameter without a type"))?;
            let ty = self.parameter_type(name)?;
            if name.setof {
                return Err(invalid(format!("{word}s cannot accept set arguments")));
            }
            self.check_parameter(&mut signature, &all, parameter, mode, ty, is_procedure)?;
            all.push((mode, ty, parameter.name.clone()));
        }
        if word != "aggregate" && signature.args.len() > ARGUMENTS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_ARGUMENTS,
                format!("functions cannot have more than {ARGUMENTS_MAX} arguments"),
            ));
        }
        if all.iter().any(|(mode, ..)| *mode != 'i') {
            signature.all_args = Some(all.clone());
        }
        if signature.arg_names.iter().all(String::is_empty) {
            signature.arg_names.clear();
        }
        signature.has_table = all.iter().any(|(mode, ..)| *mode == 't');
        Ok((signature, all))
    }

    fn parameter_type(&self, name: &ast::TypeName) -> Result<Oid> {
        let path = &self.ctx.eval.settings.search_path;
        let ty = resolve_type(&self.work.catalog, path, name)?;
        crate::sql::privilege::check_type(ty.oid, &self.eval())?;
        let pseudo = self.work.catalog.type_(ty.oid);
        if let Some(known) = pseudo.filter(|ty| matches!(ty.kind, TypeKind::Pseudo)) {
            let fine = is_polymorphic(ty.oid)
                || matches!(ty.oid, oid::RECORD | oid::ANY | oid::CSTRING | oid::INTERNAL);
            if !fine && !matches!(ty.oid, oid::VOID | oid::TRIGGER) {
                return Err(invalid(format!("functions cannot accept type {}", known.name)));
            }
        }
        Ok(ty.oid)
    }

    fn check_parameter(
        &self,
        signature: &mut Signature,
        before: &[(char, Oid, String)],
        parameter: &ast::FunctionParameter,
        mode: char,
        ty: Oid,
        is_procedure: bool,
    ) -> Result<()> {
        let is_input = "ibv".contains(mode);
        let is_output = "obt".contains(mode);
        if is_input && signature.variadic != 0 {
            return Err(invalid("VARIADIC parameter must be the last input parameter"));
        }
        if is_output && is_procedure && signature.variadic != 0 {
            return Err(invalid("VARIADIC parameter must be the last parameter"));
        }
        let name = &parameter.name;
        let clashes = |(other, _, known): &&(char, Oid, String)| {
            // A pure input and a pure output are told apart by what they are.
            let is_in = |mode: char| mode == 'i' || mode == 'v';
            let is_out = |mode: char| mode == 'o' || mode == 't';
            let apart = is_in(mode) && is_out(*other) || is_out(mode) && is_in(*other);
            *known == *name && !apart
        };
        if !name.is_empty() && before.iter().find(clashes).is_some() {
            return Err(invalid(format!("parameter name \"{name}\" used more than once")));
        }
        if is_input {
            signature.args.push(ty);
            signature.arg_names.push(name.clone());
        }
        if mode == 'v' {
            signature.variadic = match ty {
                oid::ANY => oid::ANY,
                oid::ANYARRAY => oid::ANYELEMENT,
                oid::ANYCOMPATIBLEARRAY => oid::ANYCOMPATIBLE,
                _ => self.work.catalog.type_(ty).map_or(0, |ty| ty.element),
            };
            if signature.variadic == 0 {
                return Err(invalid("VARIADIC parameter must be an array"));
            }
        }
        match &parameter.defexpr {
            Some(_) if !is_input => Err(invalid("only input parameters can have default values")),
            Some(default) => {
                let eval = self.eval();
                let target = match is_polymorphic(ty) {
                    true => None,
                    false => Some(SqlType::new(ty)),
                };
                let expr = bind::bind_default(&eval, default, target)?;
                let catalog = &self.work.catalog;
                signature.defaults.push(deparse::expression(&expr, &|_| None, catalog));
                signature.default_exprs.push(expr);
                Ok(())
            }
            None if is_input && !signature.defaults.is_empty() => Err(invalid(
                "input parameters after one with a default value must also have defaults",
            )),
            None if is_procedure && mode == 'o' && !signature.defaults.is_empty() => Err(invalid(
                "procedure OUT parameters cannot appear after one with a default value",
            )),
            None => Ok(()),
        }
    }

    fn result_type(
        &self,
        statement: &ast::CreateFunctionStmt,
        all: &[(char, Oid, String)],
    ) -> Result<Oid> {
        let outputs: Vec<Oid> =
            all.iter().filter(|(mode, ..)| "obt".contains(*mode)).map(|(_, ty, _)| *ty).collect();
        if statement.is_procedure {
            return Ok(if outputs.is_empty() { oid::VOID } else { oid::RECORD });
        }
        let by_outputs = match outputs.as_slice() {
            [] => None,
            [one] => Some(*one),
            _ => Some(oid::RECORD),
        };
        let Some(name) = &statement.return_type else {
            return by_outputs.ok_or_else(|| invalid("function result type must be specified"));
        };
        let path = &self.ctx.eval.settings.search_path;
        let declared = resolve_type(&self.work.catalog, path, name);
        let declared = declared.map_err(Error::without_position)?.oid;
        crate::sql::privilege::check_type(declared, &self.eval())?;
        let is_table = all.iter().any(|(mode, ..)| *mode == 't');
        match by_outputs {
            Some(wanted) if wanted != declared && !is_table => {
                let wanted = self.work.catalog.format_type(path, wanted, Some(-1));
                Err(invalid(format!(
                    "function result type must be {wanted} because of OUT parameters"
                )))
            }
            Some(wanted) => Ok(wanted),
            None => Ok(declared),
        }
    }

    /// The function that ALTER, DROP or COMMENT names.
    pub(in crate::sql::ddl) fn find_routine(
        &self,
        object: &ast::ObjectWithArgs,
        kind: ast::ObjectType,
    ) -> Result<Arc<Function>> {
        let (schema, name) = self.split_name(&object.objname)?;
        let word = named_routine(kind);
        let path = &self.ctx.eval.settings.search_path;
        if let Some(schema) = schema {
            self.schema_named(schema)?;
        }
        let mut found = self.work.catalog.functions_named(path, schema, name)?;
        let written = strings(&object.objname).join(".");
        if object.args_unspecified {
            let fits = |function: &Arc<Function>| fits_kind(function.kind, kind);
            if found.iter().any(fits) {
                found.retain(fits);
            }
            return match found.as_slice() {
                [] => Err(Error::new(
                    sqlstate::UNDEFINED_FUNCTION,
                    match kind {
                        ast::ObjectType::ObjectProcedure => {
                            format!("could not find a procedure named \"{written}\"")
                        }
                        ast::ObjectType::ObjectAggregate => {
                            format!("could not find an aggregate named \"{written}\"")
                        }
                        _ => format!("could not find a function named \"{written}\""),
                    },
                )),
                [only] => self.of_kind(only, kind),
                _ => Err(Error::new(
                    sqlstate::AMBIGUOUS_FUNCTION,
                    format!("{word} name \"{written}\" is not unique"),
                )
                .with_hint(format!(
                    "Specify the argument list to select the {word} unambiguously."
                ))),
            };
        }
        let types = self.argument_types(object, kind)?;
        let same = |function: &&Arc<Function>| {
            function.args == types || matches_all(function, &types, kind)
        };
        match found.iter().find(same) {
            Some(function) => self.of_kind(function, kind),
            None => {
                let mut names: Vec<String> =
                    types.iter().map(|ty| self.work.catalog.format_type(path, *ty, None)).collect();
                if kind == ast::ObjectType::ObjectAggregate && names.is_empty() {
                    names.push("*".to_owned());
                }
                Err(Error::new(
                    sqlstate::UNDEFINED_FUNCTION,
                    format!("{word} {written}({}) does not exist", names.join(", ")),
                ))
            }
        }
    }

    fn of_kind(&self, function: &Arc<Function>, kind: ast::ObjectType) -> Result<Arc<Function>> {
        if fits_kind(function.kind, kind) {
            return Ok(function.clone());
        }
        let what = match kind {
            ast::ObjectType::ObjectProcedure => "a procedure",
            ast::ObjectType::ObjectAggregate => "an aggregate function",
            _ => "a function",
        };
        let error = Error::new(
            sqlstate::WRONG_OBJECT_TYPE,
            format!("{} is not {what}", self.routine_name(function)),
        );
        Err(match function.kind == FunctionKind::Aggregate {
            true => error.with_hint("Use ALTER AGGREGATE or DROP AGGREGATE."),
            false => error,
        })
    }

    fn argument_types(
        &self,
        object: &ast::ObjectWithArgs,
        kind: ast::ObjectType,
    ) -> Result<Vec<Oid>> {
        let path = &self.ctx.eval.settings.search_path;
        // With modes, only the inputs count; a procedure's outputs may be named, too.
        let with_modes: Vec<&ast::FunctionParameter> = object
            .objfuncargs
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::FunctionParameter(parameter)) => Some(&**parameter),
                _ => None,
            })
            .collect();
        if !with_modes.is_empty() && kind != ast::ObjectType::ObjectAggregate {
            return with_modes
                .into_iter()
                .filter(|parameter| !matches!(mode_of(parameter), 'o' | 't'))
                .map(|parameter| {
                    let name = parameter.arg_type.as_ref();
                    let name = name.ok_or_else(|| Error::syntax("a parameter without a type"))?;
                    Ok(resolve_type(&self.work.catalog, path, name)?.oid)
                })
                .collect();
        }
        object
            .objargs
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::TypeName(name)) => Some(name),
                _ => None,
            })
            .map(|name| Ok(resolve_type(&self.work.catalog, path, name)?.oid))
            .collect()
    }
}

/// Whether the types are those of all parameters of a procedure, outputs included.
fn matches_all(function: &Function, types: &[Oid], kind: ast::ObjectType) -> bool {
    let procedure = function.kind == FunctionKind::Procedure
        && matches!(kind, ast::ObjectType::ObjectProcedure | ast::ObjectType::ObjectRoutine);
    procedure
        && function
            .all_args
            .as_ref()
            .is_some_and(|all| all.iter().map(|(_, ty, _)| *ty).eq(types.iter().copied()))
}

fn fits_kind(actual: FunctionKind, kind: ast::ObjectType) -> bool {
    match kind {
        ast::ObjectType::ObjectProcedure => actual == FunctionKind::Procedure,
        ast::ObjectType::ObjectAggregate => actual == FunctionKind::Aggregate,
        ast::ObjectType::ObjectFunction => {
            matches!(actual, FunctionKind::Function | FunctionKind::Window)
        }
        _ => true,
    }
}

/// What a statement about this kind of object calls it.
pub fn named_routine(kind: ast::ObjectType) -> &'static str {
    match kind {
        ast::ObjectType::ObjectProcedure => "procedure",
        ast::ObjectType::ObjectRoutine => "routine",
        ast::ObjectType::ObjectAggregate => "aggregate",
        _ => "function",
    }
}

/// What messages call a routine.
pub fn function_word(kind: FunctionKind) -> &'static str {
    match kind {
        FunctionKind::Procedure => "procedure",
        FunctionKind::Aggregate => "aggregate",
        FunctionKind::Function | FunctionKind::Window => "function",
    }
}

/// The types that come out of a function: the result's first.
fn outputs_of(all: &[(char, Oid, String)], returns: Oid) -> Vec<Oid> {
    let outputs = all.iter().filter(|(mode, ..)| "obt".contains(*mode)).map(|(_, ty, _)| *ty);
    std::iter::once(returns).chain(outputs).collect()
}

/// Only what is given the server's own values may answer such.
pub fn check_internal(result: Oid, args: &[Oid]) -> Result<()> {
    if result != oid::INTERNAL || args.contains(&oid::INTERNAL) {
        return Ok(());
    }
    Err(invalid("unsafe use of pseudo-type \"internal\"").with_detail(
        "A function returning \"internal\" must have at least one \"internal\" argument.",
    ))
}

/// A polymorphic result, or part of one, must follow from an argument.
pub fn check_polymorphic(
    catalog: &crate::catalog::Catalog,
    result: Oid,
    args: &[Oid],
) -> Result<()> {
    let Some(words) = bind::missing_input(result, args) else { return Ok(()) };
    let name = catalog.type_(result).map_or("", |ty| &ty.name);
    Err(invalid("cannot determine result data type").with_detail(format!(
        "A result of type {name} requires at least one input of type {words}."
    )))
}
