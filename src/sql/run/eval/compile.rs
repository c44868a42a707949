//! From typed expressions to [`Node`]s.

use std::sync::Arc;

use super::native::{Native, native};
use super::node::{CallNode, Code, Equal, Node, Operator};
use crate::catalog::{Catalog, Function};
use crate::error::{Error, Result};
use crate::sql::functions::subscript::{subscripting, unnamed_function};
use crate::sql::functions::{self, EvalContext};
use crate::sql::ir::{Call, ColumnId, Expr, ExprKind};
use crate::sql::routine;
use crate::sql::types::{self, Datum, Oid, Repr, SqlType, oid};
use crate::sqlstate;

/// How deep an expression may nest before it is refused (`54001`); far below
/// what the planner threads' stacks hold.
const DEPTH_MAX: usize = 5_000;

/// The code, and whether it calls functions that users wrote.
pub fn compile(expr: &Expr, slots: &[ColumnId], catalog: &Catalog) -> Result<(Node, bool)> {
    let mut compiler = Compiler { slots, catalog, depth: 0, calls_functions: false };
    let node = compiler.node(expr)?;
    Ok((node, compiler.calls_functions))
}

struct Compiler<'a> {
    slots: &'a [ColumnId],
    catalog: &'a Catalog,
    depth: usize,
    calls_functions: bool,
}

impl Compiler<'_> {
    fn node(&mut self, expr: &Expr) -> Result<Node> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        self.depth += 1;
        let node = self.kind(expr);
        self.depth -= 1;
        node
    }

    fn kind(&mut self, expr: &Expr) -> Result<Node> {
        Ok(match &expr.kind {
            ExprKind::Const(value) => Node::Const(value.clone()),
            ExprKind::Param(index) => Node::Param(*index),
            ExprKind::Column(id) => Node::Slot(self.slot(*id)?),
            ExprKind::Element => Node::Element,
            ExprKind::CaseOperand => Node::Operand,
            ExprKind::Call(call) => self.call(call, expr.location)?,
            ExprKind::Relabel(arg) => match types::builtin_repr(expr.ty.oid) {
                Some(repr @ (Repr::Oid | Repr::Int4)) => {
                    Node::Relabel { arg: self.boxed(arg)?, repr }
                }
                _ => self.node(arg)?,
            },
            ExprKind::CoerceToDomain(arg) => {
                Node::Domain { arg: self.boxed(arg)?, domain: expr.ty.oid }
            }
            ExprKind::CoerceViaText(arg) => {
                Node::ViaText { from: arg.ty, arg: self.boxed(arg)?, to: expr.ty }
            }
            ExprKind::ArrayCoerce { array, element } => Node::ArrayCoerce {
                array: self.boxed(array)?,
                element: self.boxed(element)?,
                element_type: self.element_type(expr.ty.oid),
            },
            ExprKind::And(args) => Node::And(self.nodes(args)?),
            ExprKind::Or(args) => Node::Or(self.nodes(args)?),
            ExprKind::Not(arg) => Node::Not(self.boxed(arg)?),
            ExprKind::IsNull(arg) => Node::IsNull(self.boxed(arg)?),
            ExprKind::IsNotNull(arg) => Node::IsNotNull(self.boxed(arg)?),
            ExprKind::BoolTest { arg, value, negated } => {
                Node::BoolTest { arg: self.boxed(arg)?, value: *value, negated: *negated }
            }
            ExprKind::Distinct { equal, negated } => {
                Node::Distinct { equal: Box::new(self.equal(equal)?), negated: *negated }
            }
            ExprKind::Case { operand, whens, otherwise } => {
                self.case(operand.as_deref(), whens, otherwise.as_deref())?
            }
            ExprKind::Coalesce(args) => Node::Coalesce(self.nodes(args)?),
            ExprKind::NullIf { equal } => Node::NullIf(Box::new(self.equal(equal)?)),
            ExprKind::Greatest(args) => self.extreme(args, expr.ty, true)?,
            ExprKind::Least(args) => self.extreme(args, expr.ty, false)?,
            _ => self.composite(expr)?,
        })
    }

    fn composite(&mut self, expr: &Expr) -> Result<Node> {
        Ok(match &expr.kind {
            ExprKind::ArrayCompare { operator, left, array, all } => {
                let element = SqlType::new(self.element_type(array.ty.oid));
                Node::ArrayCompare {
                    operator: Box::new(self.comparison(operator, left.ty, element)?),
                    left: self.boxed(left)?,
                    array: self.boxed(array)?,
                    all: *all,
                }
            }
            ExprKind::InList { equal, left, list, negated } => {
                let item = list.first().map_or(left.ty, |item| item.ty);
                Node::InList {
                    operator: Box::new(self.comparison(equal, left.ty, item)?),
                    left: self.boxed(left)?,
                    list: self.nodes(list)?,
                    negated: *negated,
                }
            }
            ExprKind::Array { elements, nested } => Node::Array {
                elements: self.nodes(elements)?,
                element_type: self.element_type(expr.ty.oid),
                nested: *nested,
            },
            ExprKind::Subscript { array, indexes } => self.subscript(expr, array, indexes)?,
            ExprKind::Slice { array, bounds } => self.slice(array, bounds)?,
            ExprKind::Row(fields) => Node::Row(
                fields
                    .iter()
                    .map(|field| Ok((field.ty.oid, self.node(field)?)))
                    .collect::<Result<_>>()?,
            ),
            ExprKind::Field { record, index } => {
                Node::Field { record: self.boxed(record)?, index: *index }
            }
            ExprKind::Subquery(_) => {
                return Err(Error::unsupported("a subquery in this expression").at(expr.location));
            }
            ExprKind::Grouping(_) => {
                return Err(
                    Error::unsupported("GROUPING outside an aggregate query").at(expr.location)
                );
            }
            _ => unreachable!("`kind` handles every other expression"),
        })
    }

    fn boxed(&mut self, expr: &Expr) -> Result<Box<Node>> {
        Ok(Box::new(self.node(expr)?))
    }

    fn nodes(&mut self, exprs: &[Expr]) -> Result<Vec<Node>> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn slot(&self, id: ColumnId) -> Result<usize> {
        self.slots
            .iter()
            .position(|slot| *slot == id)
            .ok_or_else(|| Error::internal(format!("column c{} is not in the row", id.0)))
    }

    fn call(&mut self, call: &Call, location: i32) -> Result<Node> {
        if let [left, right] = &call.args[..]
            && call.function.is_native()
        {
            match native(&call.function.source) {
                Some(Native::Compare(comparison, family)) if family.is_inline() => {
                    let args = Box::new([self.node(left)?, self.node(right)?]);
                    return Ok(Node::Compare { comparison, family, args });
                }
                Some(Native::Arithmetic(operation, number)) if is_integer(call.ty.oid) => {
                    let args = Box::new([self.node(left)?, self.node(right)?]);
                    return Ok(Node::Arithmetic { operation, number, args });
                }
                _ => {}
            }
        }
        let types = call.args.iter().map(|arg| arg.ty).collect();
        let operator =
            self.operator(&call.function, types, call.ty).map_err(|error| error.at(location))?;
        Ok(Node::Call(Box::new(CallNode { operator, args: self.nodes(&call.args)? })))
    }

    fn comparison(&mut self, function: &Arc<Function>, l: SqlType, r: SqlType) -> Result<Operator> {
        self.operator(function, vec![l, r], SqlType::new(oid::BOOL))
    }

    fn operator(
        &mut self,
        function: &Arc<Function>,
        types: Vec<SqlType>,
        result: SqlType,
    ) -> Result<Operator> {
        let operator = operator(function, types, result)?;
        self.calls_functions |= routine::is_routine(function);
        Ok(operator)
    }

    fn equal(&mut self, call: &Call) -> Result<Equal> {
        let [left, right] = &call.args[..] else {
            return Err(Error::internal("an equality takes two operands"));
        };
        Ok(Equal {
            operator: self.comparison(&call.function, left.ty, right.ty)?,
            left: self.node(left)?,
            right: self.node(right)?,
        })
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
    ) -> Result<Node> {
        Ok(Node::Case {
            operand: operand.map(|operand| self.boxed(operand)).transpose()?,
            whens: whens
                .iter()
                .map(|(condition, result)| Ok((self.node(condition)?, self.node(result)?)))
                .collect::<Result<_>>()?,
            otherwise: otherwise.map(|otherwise| self.boxed(otherwise)).transpose()?,
        })
    }

    fn extreme(&mut self, args: &[Expr], ty: SqlType, greatest: bool) -> Result<Node> {
        let repr = self.catalog.repr(ty.oid)?;
        Ok(Node::Extreme { args: self.nodes(args)?, repr, greatest })
    }

    fn slice(&mut self, array: &Expr, bounds: &[(Option<Expr>, Option<Expr>)]) -> Result<Node> {
        let mut bound = |expr: &Option<Expr>| expr.as_ref().map(|e| self.node(e)).transpose();
        let bounds = bounds
            .iter()
            .map(|(lower, upper)| Ok((bound(lower)?, bound(upper)?)))
            .collect::<Result<_>>()?;
        Ok(Node::Slice { array: self.boxed(array)?, bounds })
    }

    fn subscript(&mut self, expr: &Expr, array: &Expr, indexes: &[Expr]) -> Result<Node> {
        let Some(of) = subscripting(self.catalog, array.ty.oid) else {
            let (array, indexes) = (self.boxed(array)?, self.nodes(indexes)?);
            return Ok(Node::Subscript { array, indexes });
        };
        let args: Vec<Expr> = std::iter::once(array).chain(indexes).cloned().collect();
        let types = args.iter().map(|arg| arg.ty.oid).collect();
        let function = unnamed_function(of.fetch, types, expr.ty.oid, true);
        let call = Call { function, args, ty: expr.ty, sql_syntax: false };
        self.call(&call, expr.location)
    }

    fn element_type(&self, array: Oid) -> Oid {
        self.catalog.type_(array).map_or(oid::INVALID, |ty| ty.element)
    }
}

fn is_integer(ty: Oid) -> bool {
    matches!(ty, oid::INT2 | oid::INT4 | oid::INT8)
}

/// Makes a function callable.
pub fn operator(
    function: &Arc<Function>,
    types: Vec<SqlType>,
    result: SqlType,
) -> Result<Operator> {
    if !function.is_native() {
        let code = Code::Routine(function.clone());
        return Ok(Operator { code, strict: function.strict, types, result, comparison: None });
    }
    let kernel = *kernel_of(function)?;
    let comparison = match native(kernel.symbol) {
        Some(Native::Compare(comparison, family)) if family.is_inline() => {
            Some((comparison, family))
        }
        _ => None,
    };
    let code = Code::Kernel(kernel);
    Ok(Operator { code, strict: function.strict, types, result, comparison })
}

fn kernel_of(function: &Function) -> Result<&'static functions::Kernel> {
    functions::kernel(&function.source).ok_or_else(|| {
        Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("function {} (\"{}\") is not supported", function.name, function.source),
        )
    })
}

/// A cast through the types' text forms.
pub fn cast_through_text(
    context: &EvalContext,
    value: &Datum,
    from: SqlType,
    to: SqlType,
) -> Result<Datum> {
    let text = match value {
        Datum::Text(text) => text.clone(),
        other => types::to_text(other, from.oid, &context.settings.output(context)),
    };
    let repr = context.catalog.repr(to.oid)?;
    types::text_input(
        &text,
        to,
        &repr,
        &context.settings.input(context, context.transaction_timestamp),
    )
}
