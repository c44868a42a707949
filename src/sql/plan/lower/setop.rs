//! UNION, INTERSECT, EXCEPT and recursive unions.

use std::sync::Arc;

use datafusion::logical_expr::{LogicalPlan, Union};

use super::expr::column;
use super::{Lowering, Relation, own_forms, project, scope_of};
use crate::error::{Error, Result};
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, CteId, OutputColumn, Rel, SetOpKind};
use crate::sql::plan::batch;
use crate::sql::plan::form::{Form, column_name};
use crate::sql::plan::operator::OperatorNode;
use crate::sql::plan::recursive::{RecursiveUnion, WorkingTable};
use crate::sql::plan::setop::SetOperation;
use crate::sql::run::failure;
use crate::sql::types::oid;

impl Lowering<'_> {
    pub fn set_operation(&self, rel: &Rel) -> Result<Relation> {
        let Rel::SetOp { kind, all, left, right, columns } = rel else {
            return Err(Error::internal("not a set operation"));
        };
        if *kind == SetOpKind::Union {
            let union = self.union_all(&arms(rel, *all), columns)?;
            return if *all { Ok(union) } else { self.distinct_rows(union, columns) };
        }
        let left = self.arm(left)?;
        let right = self.arm(right)?;
        let forms = self.common(columns, &[&left, &right])?;
        let (left_plan, left) = self.align(left, columns, &forms)?;
        let renamed: Vec<OutputColumn> = columns
            .iter()
            .map(|column| OutputColumn { id: self.planner.fresh_column(), ..column.clone() })
            .collect();
        let (right_plan, right) = self.align(right, &renamed, &forms)?;
        let operator = SetOperation {
            except: *kind == SetOpKind::Except,
            all: *all,
            left: left.clone(),
            right,
        };
        let schema = batch::schema(&left);
        let plan = OperatorNode::plan(Arc::new(operator), vec![left_plan, right_plan], schema)?;
        Ok(Relation { plan, scope: scope_of(&left) })
    }

    /// UNION ALL of any number of arms as one node.
    fn union_all(&self, arms: &[&Rel], columns: &[OutputColumn]) -> Result<Relation> {
        let arms = arms.iter().map(|arm| self.arm(arm)).collect::<Result<Vec<_>>>()?;
        let forms = self.common(columns, &arms.iter().collect::<Vec<_>>())?;
        let inputs = arms
            .into_iter()
            .map(|arm| Ok(Arc::new(self.align(arm, columns, &forms)?.0)))
            .collect::<Result<Vec<_>>>()?;
        let union = Union::try_new(inputs).map_err(failure::unwrap)?;
        let columns: Vec<(ColumnId, Form)> =
            columns.iter().map(|column| column.id).zip(forms).collect();
        Ok(Relation { plan: LogicalPlan::Union(union), scope: scope_of(&columns) })
    }

    fn arm(&self, rel: &Rel) -> Result<(Relation, Vec<ColumnId>)> {
        let columns = visit::columns(rel).iter().map(|column| column.id).collect();
        let relation = self.rel(rel)?;
        Ok((self.gather_sorted(relation)?, columns))
    }

    /// An arm with an ORDER BY of its own keeps it.
    fn gather_sorted(&self, relation: Relation) -> Result<Relation> {
        match relation.plan {
            LogicalPlan::Limit(_) | LogicalPlan::Sort(_) => self.gather(relation),
            _ => Ok(relation),
        }
    }

    /// The forms of the result: decimals when all arms have the same scale.
    fn common(
        &self,
        columns: &[OutputColumn],
        arms: &[&(Relation, Vec<ColumnId>)],
    ) -> Result<Vec<Form>> {
        columns
            .iter()
            .enumerate()
            .map(|(position, output)| {
                let own = Form::of(output.ty, self.catalog())?;
                if output.ty.oid != oid::NUMERIC || own.decimal_parts().is_some() {
                    return Ok(own);
                }
                let mut parts = None;
                for (relation, ids) in arms {
                    let form = column(ids[position], &relation.scope)?.form;
                    match (form.decimal_parts(), parts) {
                        (Some(found), None) => parts = Some(found),
                        (Some((p, s)), Some((precision, scale))) if s == scale => {
                            parts = Some((p.max(precision), scale));
                        }
                        _ => return Ok(own),
                    }
                }
                Ok(match parts {
                    Some((precision, scale)) => {
                        Form { ty: output.ty, ..Form::decimal(precision, scale) }
                    }
                    None => own,
                })
            })
            .collect()
    }

    /// Names an arm's columns and brings them to the forms of the result.
    fn align(
        &self,
        arm: (Relation, Vec<ColumnId>),
        columns: &[OutputColumn],
        forms: &[Form],
    ) -> Result<(LogicalPlan, Vec<(ColumnId, Form)>)> {
        let (relation, ids) = arm;
        let mut exprs = Vec::with_capacity(columns.len());
        let mut named = Vec::with_capacity(columns.len());
        for ((output, form), id) in columns.iter().zip(forms).zip(ids) {
            let value = column(id, &relation.scope)?;
            exprs.push(self.convert(value, form)?.alias(column_name(output.id)));
            named.push((output.id, form.clone()));
        }
        Ok((project(exprs, relation.plan)?, named))
    }

    pub fn recursive_union(
        &self,
        id: CteId,
        all: bool,
        initial: &Rel,
        recursive: &Rel,
        columns: &[OutputColumn],
    ) -> Result<Relation> {
        let own = own_forms(columns, self.catalog())?;
        let forms: Vec<Form> = own.iter().map(|(_, form)| form.clone()).collect();
        let (initial, _) = self.align(self.arm(initial)?, columns, &forms)?;
        let table = Arc::new(WorkingTable::new(forms.clone()));
        self.planner.shared.working_tables.write().insert(id, Arc::clone(&table));
        let (recursive, _) = self.align(self.arm(recursive)?, columns, &forms)?;
        let context = Arc::clone(self.planner.eval());
        let operator = RecursiveUnion { table, all, context };
        let plan =
            OperatorNode::plan(Arc::new(operator), vec![initial, recursive], batch::schema(&own))?;
        Ok(Relation { plan, scope: scope_of(&own) })
    }
}

/// The arms of nested unions of the same kind, left to right.
fn arms(rel: &Rel, all: bool) -> Vec<&Rel> {
    let mut arms = Vec::new();
    let mut pending = vec![rel];
    while let Some(rel) = pending.pop() {
        match rel {
            Rel::SetOp { kind: SetOpKind::Union, all: inner, left, right, .. }
                if *inner == all || !all =>
            {
                pending.push(right);
                pending.push(left);
            }
            arm => arms.push(arm),
        }
    }
    arms
}
