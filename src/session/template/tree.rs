//! A tree with parameters in place of its constants.
//!
//! Only where a parameter means what the constant did: operands and arguments in
//! conditions, assignments, VALUES and SELECT lists. A constant that is more than its
//! value stays: LIMIT, positions in ORDER BY, type modifiers; the expressions of a query
//! that groups or sorts, as they are compared with each other; ON CONFLICT's, as they are
//! compared with those of indexes.

use super::shape::{Constant, Value};
use crate::sql::parse::{NodeEnum, ast};

/// A parameter: which constant it stands for, and whether its sign is turned.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub constant: usize,
    pub negative: bool,
}

/// Puts parameters in place of constants; the slots of `$1`, `$2`, …
pub fn parameterize(node: &mut NodeEnum, text: &str, constants: &[Constant]) -> Vec<Slot> {
    let mut tree = Tree { text, constants, slots: Vec::new() };
    match node {
        NodeEnum::SelectStmt(select) => tree.select(select),
        NodeEnum::InsertStmt(insert) if insert.with_clause.is_none() => {
            tree.insert_source(insert.select_stmt.as_deref_mut());
        }
        NodeEnum::UpdateStmt(update) if update.with_clause.is_none() => {
            tree.targets(&mut update.target_list, true);
            tree.from(&mut update.from_clause);
            tree.optional(update.where_clause.as_deref_mut());
        }
        NodeEnum::DeleteStmt(delete) if delete.with_clause.is_none() => {
            tree.from(&mut delete.using_clause);
            tree.optional(delete.where_clause.as_deref_mut());
        }
        _ => {}
    }
    tree.slots
}

struct Tree<'a> {
    text: &'a str,
    constants: &'a [Constant],
    slots: Vec<Slot>,
}

impl Tree<'_> {
    fn select(&mut self, select: &mut ast::SelectStmt) {
        let is_plain = select.with_clause.is_none()
            && select.into_clause.is_none()
            && select.op() == ast::SetOperation::SetopNone;
        if !is_plain {
            return;
        }
        let compares = !select.group_clause.is_empty()
            || !select.distinct_clause.is_empty()
            || !select.sort_clause.is_empty()
            || !select.window_clause.is_empty()
            || select.having_clause.is_some();
        if !compares {
            self.targets(&mut select.target_list, false);
        }
        for row in &mut select.values_lists {
            self.expr(row);
        }
        self.from(&mut select.from_clause);
        self.optional(select.where_clause.as_deref_mut());
    }

    /// A query's columns are not the table's: only VALUES are.
    fn insert_source(&mut self, source: Option<&mut ast::Node>) {
        if let Some(NodeEnum::SelectStmt(select)) = source.and_then(|node| node.node.as_mut()) {
            self.select(select);
        }
    }

    /// A string that is a query's whole column decides the column's type.
    fn targets(&mut self, targets: &mut [ast::Node], assigned: bool) {
        for target in targets {
            let Some(NodeEnum::ResTarget(target)) = &mut target.node else { continue };
            let Some(value) = target.val.as_deref_mut() else { continue };
            if assigned || !matches!(value.node, Some(NodeEnum::AConst(_))) {
                self.expr(value);
            }
        }
    }

    fn from(&mut self, items: &mut [ast::Node]) {
        items.iter_mut().for_each(|item| self.from_item(item));
    }

    fn from_item(&mut self, item: &mut ast::Node) {
        match &mut item.node {
            Some(NodeEnum::JoinExpr(join)) => {
                for side in [&mut join.larg, &mut join.rarg].into_iter().flatten() {
                    self.from_item(side);
                }
                self.optional(join.quals.as_deref_mut());
            }
            Some(NodeEnum::RangeSubselect(range)) => {
                let query = range.subquery.as_deref_mut().and_then(|node| node.node.as_mut());
                if let Some(NodeEnum::SelectStmt(select)) = query {
                    self.select(select);
                }
            }
            _ => {}
        }
    }

    fn optional(&mut self, node: Option<&mut ast::Node>) {
        if let Some(node) = node {
            self.expr(node);
        }
    }

    fn all(&mut self, nodes: &mut [ast::Node]) {
        nodes.iter_mut().for_each(|node| self.expr(node));
    }

    fn expr(&mut self, node: &mut ast::Node) {
        match &mut node.node {
            Some(NodeEnum::AConst(constant)) => {
                if let Some(param) = self.parameter(constant) {
                    node.node = Some(NodeEnum::ParamRef(param));
                }
            }
            Some(NodeEnum::AExpr(expr)) => {
                self.optional(expr.lexpr.as_deref_mut());
                self.optional(expr.rexpr.as_deref_mut());
            }
            Some(NodeEnum::BoolExpr(expr)) => self.all(&mut expr.args),
            Some(NodeEnum::NullTest(test)) => self.optional(test.arg.as_deref_mut()),
            Some(NodeEnum::BooleanTest(test)) => self.optional(test.arg.as_deref_mut()),
            // A type's modifiers take part in reading a constant.
            Some(NodeEnum::TypeCast(cast)) if !has_modifiers(cast) => {
                self.optional(cast.arg.as_deref_mut());
            }
            Some(NodeEnum::FuncCall(call)) if is_plain_call(call) => {
                // A function may take a string as one of no type yet.
                let args = call.args.iter_mut().filter(|arg| !is_string(arg));
                args.for_each(|arg| self.expr(arg));
            }
            Some(NodeEnum::NamedArgExpr(arg)) => self.optional(arg.arg.as_deref_mut()),
            Some(NodeEnum::CoalesceExpr(expr)) => self.all(&mut expr.args),
            Some(NodeEnum::MinMaxExpr(expr)) => self.all(&mut expr.args),
            Some(NodeEnum::CaseExpr(case)) => {
                self.optional(case.arg.as_deref_mut());
                self.all(&mut case.args);
                self.optional(case.defresult.as_deref_mut());
            }
            Some(NodeEnum::CaseWhen(when)) => {
                self.optional(when.expr.as_deref_mut());
                self.optional(when.result.as_deref_mut());
            }
            Some(NodeEnum::RowExpr(row)) => self.all(&mut row.args),
            Some(NodeEnum::AArrayExpr(array)) => self.all(&mut array.elements),
            Some(NodeEnum::List(list)) => self.all(&mut list.items),
            Some(NodeEnum::SubLink(link)) => {
                self.optional(link.testexpr.as_deref_mut());
                let query = link.subselect.as_deref_mut().and_then(|node| node.node.as_mut());
                if let Some(NodeEnum::SelectStmt(select)) = query {
                    self.select(select);
                }
            }
            _ => {}
        }
    }

    fn parameter(&mut self, constant: &ast::AConst) -> Option<ast::ParamRef> {
        let location = usize::try_from(constant.location).ok()?;
        // The grammar makes one constant of a sign and a number.
        let negative = self.text.as_bytes().get(location) == Some(&b'-');
        let start = match negative {
            true => self.text.len() - self.text[location + 1..].trim_start().len(),
            false => location,
        };
        let at = self.constants.binary_search_by_key(&start, |one| one.range.start).ok()?;
        let is_same = match (&self.constants[at].value, &constant.val) {
            (Value::Integer(number), Some(ast::a_const::Val::Ival(value))) => {
                value.ival == if negative { -number } else { *number }
            }
            (Value::String(text), Some(ast::a_const::Val::Sval(value))) => *text == value.sval,
            _ => false,
        };
        if !is_same || self.slots.iter().any(|slot| slot.constant == at) {
            return None;
        }
        self.slots.push(Slot { constant: at, negative });
        let number = i32::try_from(self.slots.len()).ok()?;
        Some(ast::ParamRef { number, location: constant.location })
    }
}

fn is_string(node: &ast::Node) -> bool {
    let Some(NodeEnum::AConst(constant)) = &node.node else { return false };
    matches!(constant.val, Some(ast::a_const::Val::Sval(_)))
}

fn has_modifiers(cast: &ast::TypeCast) -> bool {
    cast.type_name.as_ref().is_some_and(|name| !name.typmods.is_empty())
}

/// Not an aggregate or window call by its syntax, whose arguments may be compared.
fn is_plain_call(call: &ast::FuncCall) -> bool {
    call.agg_order.is_empty()
        && call.agg_filter.is_none()
        && call.over.is_none()
        && !call.agg_within_group
        && !call.agg_distinct
}
