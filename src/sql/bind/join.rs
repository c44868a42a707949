//! Joins: ON, USING, NATURAL and the merged columns of the latter two.

use crate::sql::parse::ast::{JoinExpr, JoinType};

use super::Binder;
use super::from::duplicate_table;
use super::node::{all_of, boxed, required, strings, typed};
use super::operator::OperatorName;
use super::scope::{Clause, Item, ItemColumn};
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind, JoinKind, Rel};
use crate::sql::types::SqlType;
use crate::sqlstate;

impl Binder<'_> {
    pub(super) fn join(&mut self, node: &JoinExpr) -> Result<(Rel, Vec<Item>)> {
        let kind = match JoinType::try_from(node.jointype) {
            Ok(JoinType::JoinLeft) => JoinKind::Left,
            Ok(JoinType::JoinRight) => JoinKind::Right,
            Ok(JoinType::JoinFull) => JoinKind::Full,
            _ => JoinKind::Inner,
        };
        let (left, left_items) = self.from_item(required(&node.larg)?)?;
        let (right, right_items, lateral) = self.join_right(node, kind, &left_items)?;
        self.check_between(&left_items, &right_items)?;
        let names = self.join_names(node, &left_items, &right_items);
        let left_columns = visible_columns(&left_items);
        let right_columns = visible_columns(&right_items);
        let mut merged = Vec::with_capacity(names.len());
        let mut conditions = Vec::with_capacity(names.len());
        for name in &names {
            let (column, condition) =
                self.merged_column(name, &left_columns, &right_columns, kind)?;
            merged.push(column);
            conditions.push(condition);
        }
        let left_count = left_items.len();
        let mut items: Vec<Item> = left_items.into_iter().chain(right_items).collect();
        let on = match boxed(&node.quals) {
            Some(quals) => Some(self.join_condition(quals, &items)?),
            None => all_of(conditions),
        };
        let is_nullable = |index: usize| match kind {
            JoinKind::Inner => false,
            JoinKind::Left => index >= left_count,
            JoinKind::Right => index < left_count,
            JoinKind::Full => true,
        };
        for (index, item) in items.iter_mut().enumerate() {
            item.nullable |= is_nullable(index);
        }
        let rest = |columns: Vec<ItemColumn>| {
            columns.into_iter().filter(|column| !names.contains(&column.name)).collect::<Vec<_>>()
        };
        let mut columns = merged.clone();
        columns.extend(rest(left_columns));
        columns.extend(rest(right_columns));
        self.join_namespace(node, &mut items, columns, merged)?;
        let rel = Rel::Join { kind, left: Box::new(left), right: Box::new(right), on, lateral };
        Ok((rel, items))
    }

    /// The right side sees the left one only if it is LATERAL.
    fn join_right(
        &mut self,
        node: &JoinExpr,
        kind: JoinKind,
        left_items: &[Item],
    ) -> Result<(Rel, Vec<Item>, bool)> {
        let outer_used = std::mem::take(&mut self.level().lateral_used);
        let before = self.level().items.len();
        let lateral_ok = matches!(kind, JoinKind::Inner | JoinKind::Left);
        let visible = left_items.iter().cloned().map(|mut item| {
            (item.lateral_only, item.lateral_ok) = (true, lateral_ok);
            item
        });
        let visible: Vec<Item> = visible.collect();
        self.level().add(visible);
        let right = self.from_item(required(&node.rarg)?);
        self.level().items.truncate(before);
        let lateral = std::mem::take(&mut self.level().lateral_used);
        self.level().lateral_used = outer_used || lateral;
        let (rel, items) = right?;
        Ok((rel, items, lateral))
    }

    fn check_between(&self, left: &[Item], right: &[Item]) -> Result<()> {
        for item in right.iter().filter(|item| item.table_visible) {
            let same = |other: &&Item| other.table_visible && other.alias == item.alias;
            let schemas_differ = |other: &Item| match (&other.relation, &item.relation) {
                (Some(a), Some(b)) => !other.aliased && !item.aliased && a.oid != b.oid,
                _ => false,
            };
            if left.iter().any(|other| same(&other) && !schemas_differ(other)) {
                return Err(duplicate_table(&item.alias));
            }
        }
        Ok(())
    }

    fn join_names(&self, node: &JoinExpr, left: &[Item], right: &[Item]) -> Vec<String> {
        if !node.is_natural {
            return strings(&node.using_clause);
        }
        let right = visible_columns(right);
        let mut names = Vec::new();
        for column in visible_columns(left) {
            if right.iter().any(|other| other.name == column.name) && !names.contains(&column.name)
            {
                names.push(column.name);
            }
        }
        names
    }

    /// The one column that USING makes of two, and the condition between them.
    fn merged_column(
        &mut self,
        name: &str,
        left: &[ItemColumn],
        right: &[ItemColumn],
        kind: JoinKind,
    ) -> Result<(ItemColumn, Expr)> {
        let left_column = using_column(name, left, "left")?;
        let right_column = using_column(name, right, "right")?;
        self.note_selected(left_column.origin);
        self.note_selected(right_column.origin);
        let sides = [left_column.expr.clone(), right_column.expr.clone()];
        let ty = self.common_type(&sides, "JOIN/USING")?;
        let [left_side, right_side] = sides.clone();
        let equal = OperatorName::plain("=");
        let condition = self.operator(equal, Some(left_side), right_side, -1)?;
        let condition = self.to_boolean(condition, "JOIN/USING")?;
        let [left_side, right_side] = sides;
        let typmod = if left_side.ty == right_side.ty { left_side.ty.typmod } else { -1 };
        let left_side = self.to_common(left_side, ty, "JOIN/USING")?;
        let right_side = self.to_common(right_side, ty, "JOIN/USING")?;
        let (expr, origin) = match kind {
            JoinKind::Inner | JoinKind::Left => (left_side, left_column.origin),
            JoinKind::Right => (right_side, right_column.origin),
            JoinKind::Full => {
                let kind = ExprKind::Coalesce(vec![left_side, right_side]);
                (typed(kind, SqlType::with_typmod(ty, typmod), -1), None)
            }
        };
        Ok((ItemColumn { name: name.to_owned(), expr, origin }, condition))
    }

    /// ON sees exactly the two sides, and what is outside the query level.
    fn join_condition(
        &mut self,
        quals: &crate::sql::parse::NodeEnum,
        items: &[Item],
    ) -> Result<Expr> {
        let outer = std::mem::replace(&mut self.level().items, items.to_vec());
        let condition = self.within(Clause::JoinOn, |binder| {
            let condition = binder.expr(quals)?;
            binder.to_boolean(condition, "JOIN/ON")
        });
        self.level().items = outer;
        condition
    }

    /// Without an alias the sides stay reachable by their names, and the join's
    /// columns by theirs; an alias hides the sides.
    fn join_namespace(
        &mut self,
        node: &JoinExpr,
        items: &mut Vec<Item>,
        columns: Vec<ItemColumn>,
        merged: Vec<ItemColumn>,
    ) -> Result<()> {
        let mut item = Item::new("", columns);
        let alias = node.alias.as_ref();
        if alias.is_some() {
            items.clear();
            item.is_join = true;
            let item = self.finish_item(item, alias)?;
            items.push(item);
            return Ok(());
        }
        for side in items.iter_mut() {
            side.columns_visible = false;
        }
        items.retain(|side| side.table_visible);
        item.table_visible = false;
        items.push(item);
        if let Some(using) = &node.join_using_alias {
            let mut using_item = Item::new(using.aliasname.clone(), merged);
            (using_item.columns_visible, using_item.is_join) = (false, true);
            if items.iter().any(|i| i.table_visible && i.alias == using.aliasname) {
                return Err(duplicate_table(&using.aliasname));
            }
            items.push(using_item);
        }
        Ok(())
    }
}

fn visible_columns(items: &[Item]) -> Vec<ItemColumn> {
    items
        .iter()
        .filter(|item| item.columns_visible)
        .flat_map(|item| item.columns.iter().cloned())
        .collect()
}

fn using_column<'c>(name: &str, columns: &'c [ItemColumn], side: &str) -> Result<&'c ItemColumn> {
    let mut matches = columns.iter().filter(|column| column.name == name);
    let first = matches.next().ok_or_else(|| {
        Error::new(
            sqlstate::UNDEFINED_COLUMN,
            format!("column \"{name}\" specified in USING clause does not exist in {side} table"),
        )
    })?;
    match matches.next() {
        None => Ok(first),
        Some(_) => Err(Error::new(
            sqlstate::AMBIGUOUS_COLUMN,
            format!("common column name \"{name}\" appears more than once in {side} table"),
        )),
    }
}
