//! What definitions ask of name resolution: the functions that aggregates, operators
//! and casts are made of, found by the types that they will be given.

use std::sync::Arc;

use super::Binder;
use super::call::{Arguments, Resolved, display_name};
use super::node::typed;
use super::polymorphic::is_polymorphic;
use crate::catalog::{CastContext, CastMethod, Function, FunctionKind, Operator};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::ir::ExprKind;
use crate::sql::types::{Datum, Oid, SqlType, oid};
use crate::sqlstate;

/// A function, and what it answers when it is given the types asked about.
pub struct FoundFunction {
    pub function: Arc<Function>,
    pub result: Oid,
}

/// The function that an aggregate calls with arguments of these types
/// (`lookup_agg_function`). `variadic`: the aggregate's own VARIADIC element type.
pub fn aggregate_part(
    eval: &EvalContext,
    name: (Option<&str>, &str),
    args: &[Oid],
    variadic: Oid,
) -> Result<FoundFunction> {
    let mut binder = Binder::with_fixed_params(eval, &[]);
    let absent = binder.absent(name, args);
    let (function, declared) = binder.plain_function(name, args, absent)?;
    if function.returns_set {
        return Err(mismatch(format!("function {} returns a set", binder.shown(name, args))));
    }
    if variadic == oid::ANY && function.variadic != oid::ANY {
        return Err(mismatch(format!(
            "function {} must accept VARIADIC ANY to be used in this aggregate",
            binder.shown(name, args)
        )));
    }
    let (types, result) = binder.resolve_signature(args, &declared, function.returns)?;
    if !args.iter().zip(&types).all(|(given, wanted)| binder.is_binary_coercible(*given, *wanted)) {
        return Err(mismatch(format!(
            "function {} requires run-time type coercion",
            binder.shown(name, &types)
        )));
    }
    Ok(FoundFunction { function, result })
}

/// Whether values of one type are values of the other as they are.
pub fn is_binary_coercible(eval: &EvalContext, source: Oid, target: Oid) -> bool {
    Binder::with_fixed_params(eval, &[]).is_binary_coercible(source, target)
}

/// The operator that these operand types choose, or PostgreSQL's error.
pub fn find_operator(
    eval: &EvalContext,
    name: (Option<&str>, &str),
    left: Option<Oid>,
    right: Oid,
) -> Result<Arc<Operator>> {
    let binder = Binder::with_fixed_params(eval, &[]);
    let name = super::operator::OperatorName { schema: name.0, name: name.1 };
    binder.find_operator(name, left, right, -1).map_err(Error::without_position)
}

fn mismatch(message: String) -> Error {
    Error::new(sqlstate::DATATYPE_MISMATCH, message)
}

impl Binder<'_> {
    /// `name(types)`, as messages write it.
    fn shown(&self, name: (Option<&str>, &str), args: &[Oid]) -> String {
        let types: Vec<String> = args.iter().map(|ty| self.display_type(*ty)).collect();
        format!("{}({})", display_name(name), types.join(", "))
    }

    fn absent(&self, name: (Option<&str>, &str), args: &[Oid]) -> Error {
        Error::undefined_function(&self.shown(name, args))
    }

    /// The ordinary function that a call with arguments of these types means, and the
    /// types of its parameters; any other answer is `absent`.
    fn plain_function(
        &mut self,
        name: (Option<&str>, &str),
        args: &[Oid],
        absent: Error,
    ) -> Result<(Arc<Function>, Vec<Oid>)> {
        let value = |ty: &Oid| typed(ExprKind::Const(Datum::Null), SqlType::new(*ty), -1);
        let mut arguments = Arguments::positional(args.iter().map(value).collect());
        arguments.whole = true;
        let resolved = match self.resolve_call(name, &arguments, -1, false) {
            Ok(Resolved::Function(resolution)) => resolution,
            Err(error) if error.code() == sqlstate::INVALID_SCHEMA_NAME => return Err(error),
            _ => return Err(absent),
        };
        match resolved.function.kind {
            FunctionKind::Function => Ok((resolved.function.clone(), resolved.declared().to_vec())),
            _ => Err(absent),
        }
    }

    pub(super) fn is_binary_coercible(&self, source: Oid, target: Oid) -> bool {
        if source == target || matches!(target, oid::ANY | oid::ANYELEMENT | oid::ANYCOMPATIBLE) {
            return true;
        }
        let source = self.base(source);
        if source == target {
            return true;
        }
        let kind = self.catalog.type_(source).map(|ty| &ty.kind);
        use crate::catalog::TypeKind;
        match target {
            oid::ANYARRAY | oid::ANYCOMPATIBLEARRAY => return self.element(source).is_some(),
            oid::ANYNONARRAY | oid::ANYCOMPATIBLENONARRAY => {
                return self.element(source).is_none();
            }
            oid::ANYENUM => return matches!(kind, Some(TypeKind::Enum { .. })),
            oid::ANYRANGE | oid::ANYCOMPATIBLERANGE => {
                return matches!(kind, Some(TypeKind::Range { .. }));
            }
            oid::ANYMULTIRANGE | oid::ANYCOMPATIBLEMULTIRANGE => {
                return matches!(kind, Some(TypeKind::Multirange { .. }));
            }
            oid::RECORD => return self.is_complex(source),
            _ => {}
        }
        debug_assert!(!is_polymorphic(target), "all of them are above");
        self.catalog.cast_between(source, target).is_some_and(|cast| {
            cast.method == CastMethod::Binary && cast.context == CastContext::Implicit
        })
    }
}
