//! TABLESAMPLE: a filter over the rows' identities.

use std::sync::Arc;

use super::Binder;
use super::node::{INT8, column_expr, inner, required, strings, typed};
use super::scope::{Clause, Item};
use super::select::filter;
use crate::catalog::{CastContext, Function, RelationKind};
use crate::error::{Error, Result};
use crate::sql::ir::{
    Call, Expr, ExprKind, OutputColumn, Query, Rel, Scan, Subquery, SubqueryKind,
};
use crate::sql::parse::ast::RangeTableSample;
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

/// `random()`.
const RANDOM: u32 = 1598;

/// The table of an item of FROM, under its policies or not.
fn scanned(rel: &mut Rel) -> Option<&mut Scan> {
    match rel {
        Rel::Scan(scan) => Some(scan),
        Rel::Barrier { input } => match &mut **input {
            Rel::Filter { input, .. } => scanned(input),
            _ => None,
        },
        _ => None,
    }
}

impl Binder<'_> {
    pub(super) fn table_sample(&mut self, node: &RangeTableSample) -> Result<(Rel, Vec<Item>)> {
        let relation = required(&node.relation)?;
        let (mut rel, items) = self.from_item(relation)?;
        let rid = match scanned(&mut rel) {
            Some(scan)
                if matches!(scan.relation.kind, RelationKind::Table | RelationKind::Virtual) =>
            {
                match scan.rid {
                    Some(rid) => rid,
                    None => {
                        let rid = self.new_id();
                        scan.rid = Some(rid);
                        rid
                    }
                }
            }
            _ => {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "TABLESAMPLE clause can only be applied to tables and materialized views",
                )
                .at(super::node::location(relation)));
            }
        };
        let method = strings(&node.method).pop().unwrap_or_default();
        if !["bernoulli", "system"].contains(&method.as_str()) {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("tablesample method {method} does not exist"),
            )
            .at(node.location));
        }
        let [percentage] = node.args.as_slice() else {
            return Err(Error::new(
                sqlstate::INVALID_TABLESAMPLE_ARGUMENT,
                format!("tablesample method {method} requires 1 argument, not {}", node.args.len()),
            )
            .at(node.location));
        };
        let float4 = SqlType::new(oid::FLOAT4);
        let percentage = self.sample_argument(inner(percentage)?, float4, "TABLESAMPLE")?;
        let seed = match node.repeatable.as_ref() {
            Some(seed) => {
                let float8 = SqlType::new(oid::FLOAT8);
                self.sample_argument(inner(seed)?, float8, "REPEATABLE")?
            }
            None => self.random_seed()?,
        };
        let rid = OutputColumn { id: rid, name: "rid".to_owned(), ty: INT8, origin: None };
        let args = vec![column_expr(&rid, -1), percentage, seed];
        let ty = SqlType::new(oid::BOOL);
        let function = Arc::new(function(&method, &*self.function(RANDOM)?));
        let call = Call { function, args, ty, sql_syntax: false };
        let is_sampled = typed(ExprKind::Call(call), ty, -1);
        // What policies hide is hidden from the sample, not the other way round.
        if let Rel::Barrier { input } = rel {
            let rel = Rel::Barrier { input: Box::new(filter(*input, is_sampled)) };
            return Ok((rel, items));
        }
        Ok((filter(rel, is_sampled), items))
    }

    fn sample_argument(
        &mut self,
        node: &crate::sql::parse::NodeEnum,
        ty: SqlType,
        words: &str,
    ) -> Result<Expr> {
        self.within(Clause::FromFunction, |binder| {
            let expr = binder.expr(node)?;
            binder.to_specific(expr, ty, CastContext::Assignment, words)
        })
    }

    /// One number for the whole scan, another one each time.
    fn random_seed(&mut self) -> Result<Expr> {
        let ty = SqlType::new(oid::FLOAT8);
        let random = self.builtin_call(RANDOM, Vec::new(), -1)?;
        let column = self.new_column("seed", ty);
        let exprs = vec![(column.clone(), random)];
        let rel = Rel::Project { input: Box::new(Rel::OneRow), exprs };
        let query = Query { rel, output: vec![column] };
        let subquery = Subquery { kind: SubqueryKind::Scalar, query };
        Ok(typed(ExprKind::Subquery(Box::new(subquery)), ty, -1))
    }
}

/// The filter of a method, which is no function of the catalog.
fn function(method: &str, like: &Function) -> Function {
    Function {
        oid: 0,
        name: method.to_owned(),
        source: format!("tablesample_{method}"),
        args: vec![oid::INT8, oid::FLOAT4, oid::FLOAT8],
        returns: oid::BOOL,
        strict: false,
        ..like.clone()
    }
}
