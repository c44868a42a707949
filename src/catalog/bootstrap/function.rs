//! CREATE FUNCTION and CREATE CAST.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{
    CoercionContext, CreateCastStmt, CreateFunctionStmt, FunctionParameter, FunctionParameterMode,
    ObjectWithArgs,
};

use super::Bootstrap;
use super::options::Options;
use crate::catalog::syntax::{expression_text, integer_of, qualified, text_of};
use crate::catalog::{
    BOOTSTRAP_ROLE, Cast, CastContext, CastMethod, Catalog, Function, FunctionKind,
    FunctionOptions, ObjectClass, Volatility,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, oid as types};

/// What a parameter list says.
#[derive(Default)]
pub(in crate::catalog) struct Signature {
    /// Input arguments only.
    pub args: Vec<Oid>,
    /// Their names, unless none has one.
    pub arg_names: Vec<String>,
    /// All of them, when some are not plain IN arguments.
    pub all_args: Option<Vec<(char, Oid, String)>>,
    pub defaults: Vec<String>,
    pub variadic: Oid,
}

impl Signature {
    /// The types of the OUT, INOUT and TABLE parameters.
    fn outputs(&self) -> Vec<Oid> {
        let all = self.all_args.as_deref().unwrap_or_default();
        all.iter().filter(|(mode, ..)| "obt".contains(*mode)).map(|(_, ty, _)| *ty).collect()
    }
}

impl Bootstrap {
    pub(super) fn create_function(&mut self, create: &CreateFunctionStmt) -> Result<()> {
        let (schema, name) =
            qualified(&create.funcname).ok_or_else(|| Error::syntax("improper function name"))?;
        let options = Options(&create.options);
        let oid = set_oid(&options)?;
        if self.is_declared(ObjectClass::Function, oid) {
            return Ok(());
        }
        let signature = self.signature(&create.parameters)?;
        let returns = match (&create.return_type, signature.outputs().as_slice()) {
            (Some(ty), _) => self.resolve(ty)?.oid,
            (None, [one]) => *one,
            (None, _) => types::RECORD,
        };
        let schema = self.catalog.resolve_schema(&[], schema.unwrap_or("pg_catalog"))?.oid;
        self.add(Function {
            oid,
            schema,
            name: name.to_owned(),
            owner: BOOTSTRAP_ROLE,
            kind: match options.flag("window") {
                true => FunctionKind::Window,
                false => FunctionKind::Function,
            },
            language: options.text_or_empty("language"),
            source: source_text(&options)?,
            args: signature.args,
            arg_names: signature.arg_names,
            all_args: signature.all_args,
            defaults: signature.defaults,
            returns,
            returns_set: create.return_type.as_ref().is_some_and(|ty| ty.setof),
            variadic: signature.variadic,
            strict: options.flag("strict"),
            volatility: match options.text("volatility") {
                Some("immutable") => Volatility::Immutable,
                Some("stable") => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            options: FunctionOptions {
                leakproof: options.flag("leakproof"),
                ..FunctionOptions::default()
            },
        });
        Ok(())
    }

    pub(super) fn signature(&self, parameters: &[Node]) -> Result<Signature> {
        let mut all = Vec::with_capacity(parameters.len());
        let mut signature = Signature::default();
        for parameter in parameters {
            let Some(NodeEnum::FunctionParameter(parameter)) = &parameter.node else { continue };
            let mode = parameter_mode(parameter);
            let ty = self.resolve_oid(parameter.arg_type.as_ref())?;
            all.push((mode, ty, parameter.name.clone()));
            if "ibv".contains(mode) {
                signature.args.push(ty);
                signature.arg_names.push(parameter.name.clone());
            }
            if mode == 'v' {
                signature.variadic = variadic_element(&self.catalog, ty);
            }
            if let Some(default) = &parameter.defexpr {
                signature.defaults.push(expression_text(default)?);
            }
        }
        if all.iter().any(|(mode, ..)| *mode != 'i') {
            signature.all_args = Some(all);
        }
        if signature.arg_names.iter().all(String::is_empty) {
            signature.arg_names.clear();
        }
        Ok(signature)
    }

    pub(super) fn create_cast(&mut self, create: &CreateCastStmt) -> Result<()> {
        let method = match &create.func {
            Some(function) => CastMethod::Function(self.object_with_args(function)?),
            None if create.inout => CastMethod::InOut,
            None => CastMethod::Binary,
        };
        let context = match CoercionContext::try_from(create.context) {
            Ok(CoercionContext::CoercionImplicit) => CastContext::Implicit,
            Ok(CoercionContext::CoercionAssignment) => CastContext::Assignment,
            _ => CastContext::Explicit,
        };
        let source = self.resolve_oid(create.sourcetype.as_ref())?;
        let target = self.resolve_oid(create.targettype.as_ref())?;
        let oid = super::unpinned::cast(source, target)?;
        self.add(Cast { oid, source, target, method, context });
        Ok(())
    }

    /// The function that `name(types)` means.
    pub(super) fn object_with_args(&self, object: &ObjectWithArgs) -> Result<Oid> {
        let (_, name) =
            qualified(&object.objname).ok_or_else(|| Error::syntax("improper function name"))?;
        Ok(self.function(name, &self.type_list(&object.objargs)?)?.oid)
    }

    /// The types in a list of names; 0 for the missing side of an operator.
    pub(super) fn type_list(&self, names: &[Node]) -> Result<Vec<Oid>> {
        names
            .iter()
            .map(|node| match &node.node {
                Some(NodeEnum::TypeName(name)) => Ok(self.resolve(name)?.oid),
                _ => Ok(types::INVALID),
            })
            .collect()
    }
}

/// `provariadic`: the element type of a VARIADIC parameter's array type.
pub(in crate::catalog) fn variadic_element(catalog: &Catalog, ty: Oid) -> Oid {
    match ty {
        types::ANY => types::ANY,
        types::ANYARRAY => types::ANYELEMENT,
        types::ANYCOMPATIBLEARRAY => types::ANYCOMPATIBLE,
        _ => catalog.type_(ty).map_or(types::INVALID, |ty| ty.element),
    }
}

/// The letter of `proargmodes`.
fn parameter_mode(parameter: &FunctionParameter) -> char {
    match FunctionParameterMode::try_from(parameter.mode) {
        Ok(FunctionParameterMode::FuncParamOut) => 'o',
        Ok(FunctionParameterMode::FuncParamInout) => 'b',
        Ok(FunctionParameterMode::FuncParamVariadic) => 'v',
        Ok(FunctionParameterMode::FuncParamTable) => 't',
        _ => 'i',
    }
}

/// The OID in `SET oid = n`.
fn set_oid(options: &Options<'_>) -> Result<Oid> {
    let missing = || Error::syntax("the declaration has no oid");
    let Some(NodeEnum::VariableSetStmt(set)) = options.value("set").and_then(|n| n.node.as_ref())
    else {
        return Err(missing());
    };
    let value = set.args.first().filter(|_| set.name == "oid").and_then(integer_of);
    value.and_then(|value| Oid::try_from(value).ok()).ok_or_else(missing)
}

/// The text after AS.
fn source_text(options: &Options<'_>) -> Result<String> {
    let text = match options.value("as").and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::List(list)) => list.items.last().and_then(text_of),
        _ => None,
    };
    text.map(str::to_owned).ok_or_else(|| Error::syntax("no function body specified"))
}
