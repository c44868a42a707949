//! The name of an output column that was given none (`FigureColname`).

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    AExprKind, MinMaxOp, SelectStmt, SetOperation, SqlValueFunctionOp, SubLink, SubLinkType,
};

use super::node::{boxed, string};

const NAMELESS: &str = "?column?";

pub fn output_name(node: &NodeEnum) -> String {
    figure(node).map_or(NAMELESS, |(name, _)| name).to_owned()
}

/// The name, if the expression has none it is looked through for.
pub(super) fn function_name(node: &NodeEnum) -> String {
    match figure(node) {
        Some((name, _)) => name.to_owned(),
        None => NAMELESS.to_owned(),
    }
}

/// How good a name is: one from a type gives way to one from within.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    Weak,
    Strong,
}

fn figure(node: &NodeEnum) -> Option<(&str, Strength)> {
    let strong = |name| Some((name, Strength::Strong));
    match node {
        NodeEnum::ColumnRef(n) => strong(n.fields.iter().rev().find_map(string)?),
        NodeEnum::AIndirection(n) => match n.indirection.iter().rev().find_map(string) {
            Some(name) => strong(name),
            None => figure(boxed(&n.arg)?),
        },
        NodeEnum::FuncCall(n) => strong(n.funcname.last().and_then(string)?),
        NodeEnum::AExpr(n) if n.kind == AExprKind::AexprNullif as i32 => strong("nullif"),
        NodeEnum::TypeCast(n) => match boxed(&n.arg).and_then(figure) {
            Some((name, Strength::Strong)) => strong(name),
            weak => match n.type_name.as_ref().and_then(|ty| ty.names.last()).and_then(string) {
                Some(name) => Some((name, Strength::Weak)),
                None => weak,
            },
        },
        NodeEnum::CollateClause(n) => figure(boxed(&n.arg)?),
        NodeEnum::GroupingFunc(_) => strong("grouping"),
        NodeEnum::SubLink(n) => sublink(n),
        NodeEnum::CaseExpr(n) => match boxed(&n.defresult).and_then(figure) {
            Some((name, Strength::Strong)) => strong(name),
            _ => Some(("case", Strength::Weak)),
        },
        NodeEnum::AArrayExpr(_) => strong("array"),
        NodeEnum::RowExpr(_) => strong("row"),
        NodeEnum::CoalesceExpr(_) => strong("coalesce"),
        NodeEnum::MinMaxExpr(n) if n.op == MinMaxOp::IsGreatest as i32 => strong("greatest"),
        NodeEnum::MinMaxExpr(_) => strong("least"),
        NodeEnum::SqlvalueFunction(n) => strong(value_function(n.op)?),
        _ => None,
    }
}

fn sublink(link: &SubLink) -> Option<(&str, Strength)> {
    let name = match SubLinkType::try_from(link.sub_link_type).ok()? {
        SubLinkType::ExistsSublink => "exists",
        SubLinkType::ArraySublink => "array",
        SubLinkType::ExprSublink => match boxed(&link.subselect)? {
            NodeEnum::SelectStmt(select) => first_column(select)?,
            _ => return None,
        },
        _ => return None,
    };
    Some((name, Strength::Strong))
}

/// The name of a query's first column.
fn first_column(select: &SelectStmt) -> Option<&str> {
    if select.op != SetOperation::SetopNone as i32
        && let Some(left) = &select.larg
    {
        return first_column(left);
    }
    if !select.values_lists.is_empty() {
        return Some("column1");
    }
    match select.target_list.first()?.node.as_ref()? {
        NodeEnum::ResTarget(target) if !target.name.is_empty() => Some(&target.name),
        NodeEnum::ResTarget(target) => {
            Some(figure(boxed(&target.val)?).map_or(NAMELESS, |(name, _)| name))
        }
        _ => None,
    }
}

fn value_function(op: i32) -> Option<&'static str> {
    use SqlValueFunctionOp::*;
    Some(match SqlValueFunctionOp::try_from(op).ok()? {
        SvfopCurrentDate => "current_date",
        SvfopCurrentTime | SvfopCurrentTimeN => "current_time",
        SvfopCurrentTimestamp | SvfopCurrentTimestampN => "current_timestamp",
        SvfopLocaltime | SvfopLocaltimeN => "localtime",
        SvfopLocaltimestamp | SvfopLocaltimestampN => "localtimestamp",
        SvfopCurrentRole => "current_role",
        SvfopCurrentUser => "current_user",
        SvfopUser => "user",
        SvfopSessionUser => "session_user",
        SvfopCurrentCatalog => "current_catalog",
        SvfopCurrentSchema => "current_schema",
        SqlvalueFunctionOpUndefined => return None,
    })
}
