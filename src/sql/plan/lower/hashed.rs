//! Subqueries whose relation can be read once for all outer rows: what
//! [`HashedSubPlan`] needs of them.

use std::collections::HashSet;
use std::sync::Arc;

use super::lateral::is_plain;
use super::subquery::{Peeled, is_equality, peel};
use super::{Lowering, Relation, produced};
use crate::error::Result;
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, Expr, ExprKind, OutputColumn, Query, Rel};
use crate::sql::plan::apply::{Apply, Value};
use crate::sql::plan::form::Form;
use crate::sql::plan::hashed::{HashedSubPlan, Key};
use crate::sql::plan::operator::Operator;
use crate::sql::plan::walk;
use crate::sql::run::eval::Evaluator;
use crate::sql::types::{Datum, Repr, SqlType, oid};

/// The two sides of an equality, as expressions, and how they compare.
struct Sides {
    outer: Expr,
    inner: Expr,
    repr: Repr,
}

impl Lowering<'_> {
    /// Computes a subquery for each row: by looking its rows up where its form allows
    /// that, otherwise by running it.
    pub(super) fn sub_plan(
        &self,
        relation: Relation,
        id: ColumnId,
        query: &Query,
        apply: Apply,
    ) -> Result<Relation> {
        let form = apply.form.clone();
        let hashed = match (&apply.subquery.volatile, self.peeled_query(query, &apply.value)) {
            (false, Some(peeled)) => self.hashed(query, peeled, apply)?,
            _ => Err(apply),
        };
        let operator: Arc<dyn Operator> = match hashed {
            Ok(hashed) => Arc::new(hashed),
            Err(apply) => Arc::new(apply),
        };
        self.appending(operator, relation, &[(id, form)])
    }

    /// The parts of a subquery that may have only conditions over outer columns.
    fn peeled_query(&self, query: &Query, value: &Value) -> Option<Peeled> {
        let plain = match value {
            // Whether there are rows; how often one comes does not matter.
            Value::Exists | Value::Quantified { .. } => true,
            Value::Scalar | Value::Array(_) => is_plain(&query.rel),
        };
        if !plain {
            return None;
        }
        peel(&query.rel).filter(|peeled| !peeled.correlated.is_empty() || !peeled.exprs.is_empty())
    }

    /// The operator, or what was given if an expression cannot be evaluated here.
    fn hashed(
        &self,
        query: &Query,
        peeled: Peeled,
        apply: Apply,
    ) -> Result<std::result::Result<HashedSubPlan, Apply>> {
        let inside = produced(&peeled.inner);
        let mut keys = Vec::new();
        let mut conditions = Vec::new();
        for condition in &peeled.correlated {
            match self.sides(condition, &inside) {
                Some(sides) => keys.push(sides),
                None => conditions.push(condition.clone()),
            }
        }
        let output = match (&apply.value, &query.output[..]) {
            (Value::Exists, _) => None,
            (_, [column]) => {
                let found = peeled.exprs.iter().find(|(id, _)| *id == column.id);
                let own =
                    || Expr { kind: ExprKind::Column(column.id), ty: column.ty, location: -1 };
                Some(found.map_or_else(own, |(_, expr)| expr.clone()))
            }
            _ => return Ok(Err(apply)),
        };
        let read: HashSet<ColumnId> = keys
            .iter()
            .map(|sides| &sides.inner)
            .chain(&conditions)
            .chain(&output)
            .flat_map(walk::columns_read)
            .filter(|id| inside.contains(id))
            .collect();
        let Some(relation) = self.once(&peeled, &read) else { return Ok(Err(apply)) };
        let outer: Vec<ColumnId> = apply.subquery.outer.iter().map(|(id, _)| *id).collect();
        let inner: Vec<ColumnId> = relation.output.iter().map(|column| column.id).collect();
        let both: Vec<ColumnId> = outer.iter().chain(&inner).copied().collect();
        let mut lookups = Vec::with_capacity(keys.len());
        for Sides { outer: left, inner: right, repr } in keys {
            let left = self.compiled(&left, &outer)?;
            let right = self.compiled(&right, &inner)?;
            let (Some(outer), Some(inner)) = (left, right) else { return Ok(Err(apply)) };
            lookups.push(Key { outer, inner, repr });
        }
        let mut compiled = Vec::with_capacity(conditions.len());
        for condition in &conditions {
            let Some(condition) = self.compiled(condition, &both)? else { return Ok(Err(apply)) };
            compiled.push(condition);
        }
        let output = match output {
            None => None,
            Some(expr) => match self.compiled(&expr, &both)? {
                Some(output) => Some(output),
                None => return Ok(Err(apply)),
            },
        };
        Ok(Ok(HashedSubPlan { apply, relation, keys: lookups, conditions: compiled, output }))
    }

    /// The relation without its conditions over outer columns, with the columns read.
    fn once(&self, peeled: &Peeled, read: &HashSet<ColumnId>) -> Option<Query> {
        let mut rel = peeled.local();
        let mut output: Vec<OutputColumn> =
            visit::columns(&rel).into_iter().filter(|column| read.contains(&column.id)).collect();
        if output.len() != read.len() {
            return None;
        }
        if output.is_empty() {
            let id = self.planner.fresh_column();
            let ty = SqlType::new(oid::BOOL);
            let column = OutputColumn { id, name: String::new(), ty, origin: None };
            let value = Expr { kind: ExprKind::Const(Datum::Bool(true)), ty, location: -1 };
            rel = Rel::Project { input: Box::new(rel), exprs: vec![(column.clone(), value)] };
            output.push(column);
        }
        Some(Query { rel, output })
    }

    /// An expression over columns in this order; none if it runs code of users, for
    /// which the statement's work would have to be lent.
    fn compiled(&self, expr: &Expr, slots: &[ColumnId]) -> Result<Option<Evaluator>> {
        let expr = self.planner.substitute(expr)?;
        if !walk::columns_read(&expr).iter().all(|id| slots.contains(id)) {
            return Ok(None);
        }
        let evaluator = Evaluator::compile(&expr, slots, self.catalog())?;
        Ok((!evaluator.calls_functions()).then_some(evaluator))
    }

    /// `outer = inner` in either order, of types that compare by one form.
    fn sides(&self, condition: &Expr, inside: &HashSet<ColumnId>) -> Option<Sides> {
        let ExprKind::Call(call) = &condition.kind else { return None };
        let [a, b] = &call.args[..] else { return None };
        if !is_equality(condition) {
            return None;
        }
        let is_inner = |expr: &Expr| {
            let read = walk::columns_read(expr);
            !read.is_empty() && read.iter().all(|id| inside.contains(id))
        };
        let is_outer = |expr: &Expr| walk::columns_read(expr).is_disjoint(inside);
        let (outer, inner) = match (is_outer(a) && is_inner(b), is_inner(a) && is_outer(b)) {
            (true, _) => (a, b),
            (_, true) => (b, a),
            _ => return None,
        };
        let repr = |expr: &Expr| Form::of(expr.ty, self.catalog()).ok().map(|form| form.repr);
        let (left, right) = (repr(outer)?, repr(inner)?);
        let is_integer = |repr: &Repr| matches!(repr, Repr::Int2 | Repr::Int4 | Repr::Int8);
        let comparable = left == right || is_integer(&left) && is_integer(&right);
        comparable.then(|| Sides { outer: outer.clone(), inner: inner.clone(), repr: right })
    }
}
