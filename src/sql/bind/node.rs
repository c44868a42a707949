//! Reading parse trees: the shapes that every file here meets.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::a_const::Val;

use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind, OutputColumn};
use crate::sql::types::{Datum, SqlType, oid};

pub(super) const BOOL: SqlType = SqlType::new(oid::BOOL);
pub(super) const INT4: SqlType = SqlType::new(oid::INT4);
pub(super) const INT8: SqlType = SqlType::new(oid::INT8);
pub(super) const TEXT: SqlType = SqlType::new(oid::TEXT);

pub(super) fn typed(kind: ExprKind, ty: SqlType, location: i32) -> Expr {
    Expr { kind, ty, location }
}

pub(super) fn column_expr(column: &OutputColumn, location: i32) -> Expr {
    typed(ExprKind::Column(column.id), column.ty, location)
}

pub(super) fn constant(datum: Datum, ty: SqlType) -> Expr {
    typed(ExprKind::Const(datum), ty, -1)
}

pub(super) fn null(ty: SqlType) -> Expr {
    constant(Datum::Null, ty)
}

pub(super) fn bool_expr(kind: ExprKind, location: i32) -> Expr {
    typed(kind, BOOL, location)
}

/// A conjunction that stays flat; `None` when there is nothing to test.
pub(super) fn all_of(mut conditions: Vec<Expr>) -> Option<Expr> {
    match conditions.len() {
        0 | 1 => conditions.pop(),
        _ => Some(bool_expr(ExprKind::And(conditions), -1)),
    }
}

pub(super) fn is_null_constant(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Const(Datum::Null))
}

pub(super) fn is_unknown_literal(expr: &Expr) -> bool {
    expr.ty.oid == oid::UNKNOWN && matches!(expr.kind, ExprKind::Const(_))
}

/// The node inside a `Node`; the grammar leaves none empty where one is needed.
pub(super) fn inner(node: &Node) -> Result<&NodeEnum> {
    node.node.as_ref().ok_or_else(|| Error::internal("empty node in parse tree"))
}

pub(super) fn boxed(node: &Option<Box<Node>>) -> Option<&NodeEnum> {
    node.as_ref().and_then(|node| node.node.as_ref())
}

pub(super) fn required(node: &Option<Box<Node>>) -> Result<&NodeEnum> {
    boxed(node).ok_or_else(|| Error::internal("missing node in parse tree"))
}

/// The text of a String node.
pub(super) fn string(node: &Node) -> Option<&str> {
    match node.node.as_ref()? {
        NodeEnum::String(value) => Some(&value.sval),
        _ => None,
    }
}

pub(super) fn string_node(text: &str) -> Node {
    let string = crate::sql::parse::ast::String { sval: text.to_owned() };
    Node { node: Some(NodeEnum::String(string)) }
}

pub(super) fn strings(nodes: &[Node]) -> Vec<String> {
    nodes.iter().filter_map(string).map(str::to_owned).collect()
}

/// A list of names: `(schema, name)`.
pub(super) fn qualified_name(nodes: &[Node]) -> Result<(Option<&str>, &str)> {
    let parts: Vec<&str> = nodes.iter().filter_map(string).collect();
    match parts.as_slice() {
        [name] => Ok((None, name)),
        [schema, name] | [_, schema, name] => Ok((Some(schema), name)),
        _ => Err(Error::syntax(format!(
            "improper qualified name (too many dotted names): {}",
            parts.join(".")
        ))),
    }
}

pub(super) fn list(node: &NodeEnum) -> Option<&[Node]> {
    match node {
        NodeEnum::List(list) => Some(&list.items),
        _ => None,
    }
}

pub(super) fn integer_constant(node: &NodeEnum) -> Option<i32> {
    match node {
        NodeEnum::AConst(value) => match value.val.as_ref()? {
            Val::Ival(value) => Some(value.ival),
            _ => None,
        },
        _ => None,
    }
}

/// Where a node starts in the text, or -1: PostgreSQL's `exprLocation`.
pub fn location(node: &NodeEnum) -> i32 {
    let earlier = |a: i32, b: i32| {
        if a < 0 {
            b
        } else if b < 0 {
            a
        } else {
            a.min(b)
        }
    };
    let of = |node: &Option<Box<Node>>| boxed(node).map_or(-1, location);
    match node {
        NodeEnum::AConst(n) => n.location,
        NodeEnum::ColumnRef(n) => n.location,
        NodeEnum::ParamRef(n) => n.location,
        NodeEnum::AExpr(n) => earlier(n.location, of(&n.lexpr)),
        NodeEnum::FuncCall(n) => n.location,
        NodeEnum::TypeCast(n) => {
            let ty = n.type_name.as_ref().map_or(-1, |ty| ty.location);
            earlier(earlier(n.location, of(&n.arg)), ty)
        }
        NodeEnum::BoolExpr(n) => {
            let first = n.args.first().and_then(|arg| arg.node.as_ref()).map_or(-1, location);
            earlier(n.location, first)
        }
        NodeEnum::SubLink(n) => earlier(of(&n.testexpr), n.location),
        NodeEnum::CaseExpr(n) => n.location,
        NodeEnum::CoalesceExpr(n) => n.location,
        NodeEnum::MinMaxExpr(n) => n.location,
        NodeEnum::RowExpr(n) => n.location,
        NodeEnum::AArrayExpr(n) => n.location,
        NodeEnum::NullTest(n) => earlier(n.location, of(&n.arg)),
        NodeEnum::BooleanTest(n) => earlier(n.location, of(&n.arg)),
        NodeEnum::CollateClause(n) => of(&n.arg),
        NodeEnum::AIndirection(n) => of(&n.arg),
        NodeEnum::SqlvalueFunction(n) => n.location,
        NodeEnum::SetToDefault(n) => n.location,
        NodeEnum::ResTarget(n) => n.location,
        NodeEnum::NamedArgExpr(n) => earlier(n.location, of(&n.arg)),
        NodeEnum::GroupingFunc(n) => n.location,
        NodeEnum::RangeVar(n) => n.location,
        NodeEnum::List(n) => {
            n.items.first().and_then(|item| item.node.as_ref()).map_or(-1, location)
        }
        _ => -1,
    }
}
