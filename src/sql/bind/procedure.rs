//! CALL: which procedure is meant, and its arguments.

use std::sync::Arc;

use super::Binder;
use super::call::Resolved;
use super::node::{inner, qualified_name};
use super::polymorphic::is_polymorphic;
use super::variables::{VariableRef, Variables};
use crate::catalog::{Function, FunctionKind};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::Expr;
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{CallStmt, FuncCall};
use crate::sql::privilege::Permissions;
use crate::sql::routine;
use crate::sql::types::{Oid, SqlType, oid, record};
use crate::sqlstate;

/// A bound CALL.
pub struct ProcedureCall {
    pub function: Arc<Function>,
    /// The input arguments, in order.
    pub args: Vec<Expr>,
    /// The row of the output parameters; `void` without any.
    pub result: SqlType,
    /// The output parameters, and the name that stands for each, if it is one.
    pub outputs: Vec<(String, Vec<String>)>,
    pub used: Vec<(VariableRef, SqlType)>,
    pub params: Vec<SqlType>,
    pub permissions: Permissions,
}

/// Binds a CALL whose `$n` are parameters of the statement.
pub fn bind_call(call: &CallStmt, eval: &EvalContext, declared: &[Oid]) -> Result<ProcedureCall> {
    Binder::new(eval, declared).procedure_call(call)
}

/// Binds a CALL in a routine's body.
pub fn bind_call_with(
    call: &CallStmt,
    eval: &EvalContext,
    variables: Arc<dyn Variables>,
) -> Result<ProcedureCall> {
    Binder::with_variables(eval, variables).procedure_call(call)
}

impl Binder<'_> {
    fn procedure_call(&mut self, call: &CallStmt) -> Result<ProcedureCall> {
        let call = call.funccall.as_deref().ok_or_else(|| Error::syntax("CALL of nothing"))?;
        let bound = self.at_new_level(|binder| binder.procedure_at_level(call))?;
        self.note_call(bound.function.oid);
        Ok(ProcedureCall { params: self.param_types(), permissions: self.permissions(), ..bound })
    }

    fn procedure_at_level(&mut self, call: &FuncCall) -> Result<ProcedureCall> {
        let name = qualified_name(&call.funcname)?;
        self.params.leave_void();
        let arguments = self.arguments(call)?;
        let named = self
            .catalog
            .functions_named(&self.search_path, name.0, name.1)
            .map_err(|error| error.at(call.location))?;
        let candidates: Vec<Arc<Function>> = named.iter().map(with_outputs).collect();
        let resolved = self.resolve_among(&candidates, name, &arguments, call.location, false);
        let resolved = resolved.map_err(|error| match error.code() {
            sqlstate::UNDEFINED_FUNCTION => Error::new(
                sqlstate::UNDEFINED_FUNCTION,
                format!("procedure {} does not exist", self.signature(name, &arguments)),
            )
            .with_hint(
                "No procedure matches the given name and argument types. You might need to add \
                 explicit type casts.",
            )
            .at(call.location),
            sqlstate::AMBIGUOUS_FUNCTION => Error::new(
                sqlstate::AMBIGUOUS_FUNCTION,
                format!("procedure {} is not unique", self.signature(name, &arguments)),
            )
            .with_hint(
                "Could not choose a best candidate procedure. You might need to add explicit \
                 type casts.",
            )
            .at(call.location),
            _ => error,
        })?;
        let not_procedure = |binder: &Self| {
            Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{} is not a procedure", binder.signature(name, &arguments)),
            )
            .with_hint("To call a function, use SELECT.")
            .at(call.location)
        };
        let Resolved::Function(resolution) = resolved else { return Err(not_procedure(self)) };
        if resolution.function.kind != FunctionKind::Procedure {
            return Err(not_procedure(self));
        }
        let oid = resolution.function.oid;
        let function = named.iter().find(|known| known.oid == oid).cloned();
        let function = function.ok_or_else(|| Error::internal("a procedure is gone"))?;
        let modes: Vec<(char, String)> = match &function.all_args {
            None => vec![('i', String::new()); function.args.len()],
            Some(all) => all.iter().map(|(mode, _, name)| (*mode, name.clone())).collect(),
        };
        let given: Vec<Vec<String>> = call.args.iter().map(written_name).collect();
        let outputs = modes
            .iter()
            .enumerate()
            .filter(|(_, (mode, _))| matches!(mode, 'o' | 'b'))
            .map(|(at, (_, name))| {
                let source = resolution.source(at);
                (name.clone(), source.and_then(|at| given.get(at).cloned()).unwrap_or_default())
            })
            .collect();
        let resolved = resolution.function.clone();
        let (args, _) = self.coerce_arguments(resolution, arguments, call.location)?;
        let result = self.output_row(&function, &resolved, &args, call.location)?;
        let args = args
            .into_iter()
            .enumerate()
            .filter(|(at, _)| modes.get(*at).is_none_or(|(mode, _)| *mode != 'o'))
            .map(|(_, arg)| arg)
            .collect();
        let used = self.used_variables();
        let permissions = Permissions::default();
        Ok(ProcedureCall { function, args, result, outputs, used, params: Vec::new(), permissions })
    }
}

impl Binder<'_> {
    /// The row of a procedure's output parameters, given the types of all its arguments.
    fn output_row(
        &self,
        function: &Function,
        resolved: &Function,
        args: &[Expr],
        location: i32,
    ) -> Result<SqlType> {
        let mut fields = routine::outputs(function);
        if fields.is_empty() {
            return Ok(SqlType::new(oid::VOID));
        }
        let actual: Vec<Oid> = args.iter().map(|arg| arg.ty.oid).collect();
        for (_, ty) in fields.iter_mut().filter(|(_, ty)| is_polymorphic(ty.oid)) {
            let (_, known) = self
                .resolve_polymorphic(&actual, &resolved.args, ty.oid)
                .map_err(|error| error.at(location))?;
            *ty = SqlType::new(known);
        }
        Ok(record::type_of(fields))
    }
}

/// A procedure as CALL resolves it: output parameters take arguments, too.
fn with_outputs(function: &Arc<Function>) -> Arc<Function> {
    let Some(all) = function.all_args.as_ref() else { return function.clone() };
    if function.kind != FunctionKind::Procedure || all.iter().all(|(mode, ..)| *mode != 'o') {
        return function.clone();
    }
    let mut expanded = (**function).clone();
    expanded.args = all.iter().map(|(_, ty, _)| *ty).collect();
    expanded.arg_names = all.iter().map(|(.., name)| name.clone()).collect();
    expanded.returns = oid::VOID;
    Arc::new(expanded)
}

/// The dotted name that an argument is, if it is nothing else.
fn written_name(arg: &crate::sql::parse::ast::Node) -> Vec<String> {
    let node = match inner(arg) {
        Ok(NodeEnum::NamedArgExpr(named)) => named.arg.as_ref().and_then(|arg| arg.node.as_ref()),
        Ok(node) => Some(node),
        Err(_) => None,
    };
    match node {
        Some(NodeEnum::ColumnRef(column)) => {
            column.fields.iter().filter_map(super::node::string).map(str::to_owned).collect()
        }
        Some(NodeEnum::ParamRef(param)) => vec![format!("${}", param.number)],
        _ => Vec::new(),
    }
}
