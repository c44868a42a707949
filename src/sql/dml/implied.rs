//! What a condition says of indexes that are not over columns alone: which partial
//! indexes hold every row that it asks for, and what it asks of expressions that are keys.
//!
//! An index's predicate follows from a condition if each of its conjuncts does: one of
//! the condition's is the same expression, or compares the same column more narrowly. Of
//! alternatives in the predicate one has to follow; alternatives in the condition must
//! all lead there. That is PostgreSQL's rule, without its proofs about strict functions.

use super::conditions::Conditions;
use crate::catalog::deparse;
use crate::error::Result;
use crate::index::{IndexInfo, KeyColumn};
use crate::sql::bind::{bind_relation_expression_sql, same};
use crate::sql::functions::EvalContext;
use crate::sql::ir::{ColumnId, Expr, ExprKind, visit};
use crate::sql::types::Datum;
use crate::table::TableInfo;
use crate::table::scan::{Comparison, IndexHints, KeyComparison, implies};

/// Steps of one proof: conditions of many alternatives are not tried to the end.
const STEPS_MAX: usize = 500;

/// What a condition says of a table's partial indexes and keys that are expressions. `columns` are the table's by
/// attribute number; `simplify` is what was done to the condition before.
pub fn index_hints(
    info: &TableInfo,
    condition: Option<(&Expr, &[(i16, ColumnId)])>,
    eval: &EvalContext,
    params: &[Datum],
    simplify: impl Fn(&Expr) -> Result<Expr>,
) -> IndexHints {
    let mut found = IndexHints::default();
    let is_partial = |index: &&std::sync::Arc<IndexInfo>| index.valid && index.predicate.is_some();
    let partial: Vec<_> = info.indexes.iter().filter(is_partial).collect();
    let over_expressions: Vec<_> = info.indexes.iter().filter(has_expressions).collect();
    if partial.is_empty() && over_expressions.is_empty() {
        return found;
    }
    let numbers = 1..=info.columns.len() as u32;
    let columns = numbers.map(|number| (number as i16, ColumnId(number))).collect();
    let proof = Proof { info, eval, params, columns };
    let condition = condition.map(|(condition, columns)| by_number(condition, columns));
    let known = condition.as_ref().map(conjuncts).unwrap_or_default();
    for index in partial {
        let Some(sql) = &index.predicate else { continue };
        let bound = bind_relation_expression_sql(eval, &info.relation, sql, None);
        // What cannot be bound now cannot be used, either.
        let Ok(predicate) = bound.and_then(|predicate| simplify(&predicate)) else { continue };
        let wanted = conjuncts(&predicate);
        let mut steps = STEPS_MAX;
        if wanted.iter().all(|one| proof.follows(&known, one, &mut steps)) {
            found.implied.push(index.oid());
        } else if let Some(all) = wanted.iter().map(|one| proof.comparison(one)).collect() {
            found.conditional.push((index.oid(), all));
        }
    }
    if let Some(condition) = &condition {
        for index in over_expressions {
            for (at, key) in index.keys.iter().enumerate() {
                found.keys.extend(proof.key_comparisons(condition, index, (at, key), &simplify));
            }
        }
    }
    found
}

fn has_expressions(index: &&std::sync::Arc<IndexInfo>) -> bool {
    index.valid && index.keys.iter().any(|key| key.expression.is_some())
}

/// A condition with each column of the table under its attribute number.
fn by_number(condition: &Expr, columns: &[(i16, ColumnId)]) -> Expr {
    let mut condition = condition.clone();
    visit::rewrite(&mut condition, &mut |expr| {
        if let ExprKind::Column(id) = &mut expr.kind {
            let number = columns.iter().find(|(number, column)| column == id && *number > 0);
            *id = number.map_or(ColumnId(u32::MAX), |(number, _)| ColumnId(*number as u32));
        }
    });
    condition
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        _ => vec![expr],
    }
}

struct Proof<'a> {
    info: &'a TableInfo,
    eval: &'a EvalContext,
    params: &'a [Datum],
    columns: Vec<(i16, ColumnId)>,
}

impl Proof<'_> {
    fn follows(&self, known: &[&Expr], wanted: &Expr, steps: &mut usize) -> bool {
        if *steps == 0 {
            return false;
        }
        *steps -= 1;
        match &wanted.kind {
            ExprKind::And(parts) => return parts.iter().all(|one| self.follows(known, one, steps)),
            ExprKind::Or(arms) if arms.iter().any(|arm| self.follows(known, arm, steps)) => {
                return true;
            }
            _ => {}
        }
        known.iter().any(|one| same(one, wanted))
            || self.is_compared_more_narrowly(known, wanted)
            || (0..known.len()).any(|at| self.follows_from_arms(known, at, wanted, steps))
    }

    fn is_compared_more_narrowly(&self, known: &[&Expr], wanted: &Expr) -> bool {
        let Some((position, wanted)) = self.comparison(wanted) else { return false };
        let known: Vec<_> = known.iter().filter_map(|one| self.comparison(one)).collect();
        implies(self.info, &known, position, &wanted)
    }

    /// Whether it follows from each alternative of a condition, with the others.
    fn follows_from_arms(
        &self,
        known: &[&Expr],
        at: usize,
        wanted: &Expr,
        steps: &mut usize,
    ) -> bool {
        let ExprKind::Or(arms) = &known[at].kind else { return false };
        arms.iter().all(|arm| {
            let others = known.iter().enumerate().filter(|(other, _)| *other != at);
            let mut with_arm: Vec<&Expr> = others.map(|(_, one)| *one).collect();
            with_arm.extend(conjuncts(arm));
            self.follows(&with_arm, wanted, steps)
        })
    }

    /// What a condition asks of a key that is an expression.
    fn key_comparisons(
        &self,
        condition: &Expr,
        index: &IndexInfo,
        (at, key): (usize, &KeyColumn),
        simplify: impl Fn(&Expr) -> Result<Expr>,
    ) -> Vec<KeyComparison> {
        let Some(sql) = &key.expression else { return Vec::new() };
        let bound = bind_relation_expression_sql(self.eval, &self.info.relation, sql, None);
        let Ok(expression) = bound.and_then(|bound| simplify(&bound)) else { return Vec::new() };
        let is_key = |expr: &Expr| is_expression(expr, &expression).then_some(0);
        let of_conjunct = |conjunct: &Expr| -> Option<Vec<KeyComparison>> {
            let conditions = Conditions::over(conjunct, &is_key, &self.eval.catalog).ok()?;
            let found = conditions.evaluate_for(key, self.eval, self.params).ok()??;
            let relation = &self.info.relation;
            let one = |(_, comparison)| KeyComparison {
                index: index.oid(),
                key: at,
                comparison,
                text: deparse::stored_expression(conjunct, relation, &self.eval.catalog),
            };
            Some(found.into_iter().map(one).collect())
        };
        conjuncts(condition).into_iter().filter_map(of_conjunct).flatten().collect()
    }

    /// A condition that is nothing but a comparison of one column with what is known.
    fn comparison(&self, expr: &Expr) -> Option<(usize, Comparison)> {
        if matches!(expr.kind, ExprKind::And(_)) {
            return None;
        }
        let conditions = Conditions::new(expr, &self.columns, &self.eval.catalog).ok()?;
        let mut found = conditions.evaluate(self.info, self.eval, self.params).ok()??;
        let only = found.pop()?;
        found.is_empty().then_some(only)
    }
}

/// Whether an expression is another one, perhaps under another type of the same values.
fn is_expression(expr: &Expr, wanted: &Expr) -> bool {
    match &expr.kind {
        _ if same(expr, wanted) => true,
        ExprKind::Relabel(inner) => is_expression(inner, wanted),
        _ => false,
    }
}
