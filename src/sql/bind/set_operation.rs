//! UNION, INTERSECT and EXCEPT.

use crate::sql::parse::ast::{SelectStmt, SetOperation};

use super::Binder;
use super::described::{Body, Level, With, keys as described_keys};
use super::from::query_item;
use super::node::{column_expr, is_unknown_literal};
use super::target::Target;
use crate::catalog::CastContext;
use crate::error::{Error, Result};
use crate::sql::ir::{ExprKind, OutputColumn, Query, Rel, SetOpKind};
use crate::sql::types::{SqlType, oid};
use crate::sqlstate;

/// Operations that nest in one chain; only UNIONs of one kind and type do not.
const CHAIN_DEPTH_MAX: usize = 1_000;

/// What a chain of operations, left to right, has come to.
struct Chain {
    /// One relation, or the arms of a union.
    arms: Vec<Rel>,
    /// Whether it is a UNION, and then whether it is a UNION ALL.
    union: Option<bool>,
    output: Vec<OutputColumn>,
    depth: usize,
}

impl Chain {
    fn new(query: Query) -> Chain {
        Chain { arms: vec![query.rel], union: None, output: query.output, depth: 0 }
    }

    fn first(&self) -> &Rel {
        self.arms.first().unwrap_or(&Rel::OneRow)
    }
}

/// Whether it is a query of its own in a chain, and no operation of it.
fn is_operand(select: &SelectStmt) -> bool {
    select.op == SetOperation::SetopNone as i32
        || !select.sort_clause.is_empty()
        || select.limit_count.is_some()
        || select.limit_offset.is_some()
        || !select.locking_clause.is_empty()
        || select.with_clause.is_some()
}

fn sides(select: &SelectStmt) -> Result<(&SelectStmt, &SelectStmt)> {
    match (&select.larg, &select.rarg) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(Error::internal("set operation without two sides")),
    }
}

impl Binder<'_> {
    /// A set operation with what follows it: ORDER BY, LIMIT.
    pub(super) fn set_operation_query(&mut self, select: &SelectStmt) -> Result<Query> {
        if !select.locking_clause.is_empty() {
            let strength = super::locking::lock_words(select);
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("{strength} is not allowed with UNION/INTERSECT/EXCEPT"),
            ));
        }
        let query = self.set_operation(select)?;
        let item = query_item("", &query.output);
        let targets: Vec<Target> = query
            .output
            .iter()
            .map(|column| Target::new(column.name.clone(), column_expr(column, -1)))
            .collect();
        self.level().owned.extend(query.output.iter().map(|column| column.id));
        self.level().add(vec![item]);
        let count = targets.len();
        let mut targets = targets;
        let keys = self.order_by(&select.sort_clause, &mut targets)?;
        if targets.len() > count {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
            )
            .with_detail("Only result column names can be used, not expressions or functions.")
            .with_hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
            .at(targets[count].expr.location));
        }
        let described = described_keys(&keys);
        let keys = keys.into_iter().map(|key| key.over(&query.output)).collect::<Vec<_>>();
        let rel = self.sorted_and_limited(query.rel, keys, select)?;
        self.note_sorted(described, &rel, &query.output);
        Ok(Query { rel, output: query.output })
    }

    /// A chain of operations, as its left sides nest; the other sides are whole
    /// queries. However long a chain of UNIONs is, its tree is not deep.
    fn set_operation(&mut self, select: &SelectStmt) -> Result<Query> {
        let mut operations = vec![select];
        let mut first = sides(select)?.0;
        while !is_operand(first) {
            operations.push(first);
            first = sides(first)?.0;
        }
        let first = self.deeper(|binder| binder.set_operand(first))?;
        let mut left = first.output.clone();
        let mut chain = Chain::new(first);
        for operation in operations.into_iter().rev() {
            let right = sides(operation)?.1;
            let right = self.deeper(|binder| binder.set_operand(right))?;
            if self.is_describing() {
                left = self.note_operation(operation, left, &right.output);
            }
            self.extend(&mut chain, operation, right)?;
        }
        let query = self.finished(chain);
        self.note_wrapped(&left, &query.output);
        Ok(query)
    }

    /// Describes one operation; answers the columns that stand for its rows.
    fn note_operation(
        &mut self,
        operation: &SelectStmt,
        left: Vec<OutputColumn>,
        right: &[OutputColumn],
    ) -> Vec<OutputColumn> {
        let (Some(first), Some(second)) = (left.first(), right.first()) else { return left };
        let sides = [first.id, second.id];
        let output: Vec<OutputColumn> =
            left.iter().map(|column| self.new_column(column.name.clone(), column.ty)).collect();
        self.note_level(Level {
            select: operation.clone(),
            body: Body::SetOperation { sides, keys: Vec::new() },
            limit: None,
            offset: None,
            with: With::default(),
            output: output.clone(),
        });
        output
    }

    /// ORDER BY and LIMIT of a whole set operation.
    fn note_sorted(
        &mut self,
        sorted: Vec<super::described::Key>,
        rel: &Rel,
        output: &[OutputColumn],
    ) {
        let Some(description) = &mut self.description else { return };
        let first = output.first().and_then(|column| description.level(column.id)).cloned();
        let Some(first) = first else { return };
        let mut level = (*first).clone();
        if let Body::SetOperation { keys, .. } = &mut level.body {
            *keys = sorted;
        }
        if let Rel::Limit { limit, offset, .. } = rel {
            (level.limit, level.offset) = (limit.clone(), offset.clone());
        }
        level.output = output.to_vec();
        self.note_level(level);
    }

    fn set_operand(&mut self, select: &SelectStmt) -> Result<Query> {
        if is_operand(select) { self.select_undecided(select) } else { self.set_operation(select) }
    }

    /// Adds an operation and its right side to a chain.
    fn extend(&mut self, chain: &mut Chain, operation: &SelectStmt, right: Query) -> Result<()> {
        let (kind, words) = match SetOperation::try_from(operation.op) {
            Ok(SetOperation::SetopIntersect) => (SetOpKind::Intersect, "INTERSECT"),
            Ok(SetOperation::SetopExcept) => (SetOpKind::Except, "EXCEPT"),
            _ => (SetOpKind::Union, "UNION"),
        };
        let all = operation.all;
        let types = self.common_types(words, chain, &right)?;
        let compares = !all || kind != SetOpKind::Union;
        for (index, ty) in types.iter().enumerate().filter(|_| compares) {
            if !self.type_has_operator("=", ty.oid) {
                let location = output_location(chain.first(), index);
                return Err(self.no_equality(ty.oid).at(location));
            }
        }
        let same_types = chain.output.iter().map(|column| column.ty).eq(types.iter().copied());
        if chain.union == Some(all) && kind == SetOpKind::Union && same_types {
            chain.arms.push(self.coerced_output(right, &types, words)?.rel);
            return Ok(());
        }
        if chain.depth >= CHAIN_DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        let depth = chain.depth + 1;
        let left = std::mem::replace(chain, Chain::new(Query { rel: Rel::OneRow, output: vec![] }));
        let names: Vec<String> = left.output.iter().map(|column| column.name.clone()).collect();
        let left = self.finished(left);
        let left = self.coerced_output(left, &types, words)?.rel;
        let right = self.coerced_output(right, &types, words)?.rel;
        let output: Vec<OutputColumn> =
            names.into_iter().zip(types).map(|(name, ty)| self.new_column(name, ty)).collect();
        *chain = match kind {
            SetOpKind::Union => Chain { arms: vec![left, right], union: Some(all), output, depth },
            _ => {
                let (left, right) = (Box::new(left), Box::new(right));
                let rel = Rel::SetOp { kind, all, left, right, columns: output.clone() };
                Chain { arms: vec![rel], union: None, output, depth }
            }
        };
        Ok(())
    }

    /// The types of the result's columns: each decided between the two sides.
    fn common_types(&self, words: &str, left: &Chain, right: &Query) -> Result<Vec<SqlType>> {
        if left.output.len() != right.output.len() {
            return Err(Error::syntax(format!(
                "each {words} query must have the same number of columns"
            ))
            .at(first_location(&right.rel)));
        }
        let mut types = Vec::with_capacity(left.output.len());
        for (index, (l, r)) in left.output.iter().zip(&right.output).enumerate() {
            let common = self.common_of(&[l.ty.oid, r.ty.oid]).map_err(|(l, r, _)| {
                Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    format!(
                        "{words} types {} and {} cannot be matched",
                        self.display_type(l),
                        self.display_type(r)
                    ),
                )
                .at(output_location(&right.rel, index))
            })?;
            let typmod = if l.ty == r.ty { l.ty.typmod } else { -1 };
            types.push(SqlType::with_typmod(common, typmod));
        }
        Ok(types)
    }

    /// The query that a chain has come to.
    fn finished(&mut self, chain: Chain) -> Query {
        let Chain { arms, union, output, .. } = chain;
        let rel = self.united(arms, union.unwrap_or(true), &output);
        Query { rel, output }
    }

    /// A union of arms as a tree whose halves are of one size. Only its top has the
    /// columns that others know.
    fn united(&mut self, mut arms: Vec<Rel>, all: bool, columns: &[OutputColumn]) -> Rel {
        if arms.len() <= 1 {
            return arms.pop().unwrap_or(Rel::OneRow);
        }
        let rest = arms.split_off(arms.len() / 2);
        let mut half = |arms| {
            let columns: Vec<OutputColumn> = columns
                .iter()
                .map(|column| self.new_column(column.name.clone(), column.ty))
                .collect();
            Box::new(self.united(arms, all, &columns))
        };
        let (left, right) = (half(arms), half(rest));
        Rel::SetOp { kind: SetOpKind::Union, all, left, right, columns: columns.to_vec() }
    }

    /// A query that produces exactly its output, in these types. Literals are
    /// read as the type at their place, everything else is converted above.
    pub(super) fn coerced_output(
        &mut self,
        mut query: Query,
        types: &[SqlType],
        words: &str,
    ) -> Result<Query> {
        let same_types = query.output.iter().map(|column| column.ty).eq(types.iter().copied());
        if same_types && matches!(query.rel, Rel::SetOp { .. }) {
            return Ok(query);
        }
        self.read_literals(&mut query, types)?;
        let mut query = self.wrapped(query);
        let Rel::Project { exprs, .. } = &mut query.rel else { return Ok(query) };
        for (((column, expr), output), ty) in exprs.iter_mut().zip(&mut query.output).zip(types) {
            let taken = std::mem::replace(expr, super::node::null(column.ty));
            *expr = self.to_common(taken, ty.oid, words)?;
            let ty = if expr.ty.oid == ty.oid { *ty } else { expr.ty };
            (column.ty, output.ty) = (ty, ty);
        }
        Ok(query)
    }

    pub(super) fn read_literals(&mut self, query: &mut Query, types: &[SqlType]) -> Result<()> {
        let Some(exprs) = projection(&mut query.rel) else { return Ok(()) };
        for (output, ty) in query.output.iter_mut().zip(types) {
            let Some((column, expr)) = exprs.iter_mut().find(|(c, _)| c.id == output.id) else {
                continue;
            };
            let is_param = matches!(expr.kind, ExprKind::Param(_)) && expr.ty.oid == oid::UNKNOWN;
            if !is_unknown_literal(expr) && !is_param {
                continue;
            }
            let taken = std::mem::replace(expr, super::node::null(column.ty));
            *expr = self.coerce_type(taken, SqlType::new(ty.oid), CastContext::Implicit)?;
            (column.ty, output.ty) = (expr.ty, expr.ty);
        }
        Ok(())
    }

    /// Whatever is still undecided in a query's output becomes text.
    pub(super) fn decide_output(&mut self, query: Query) -> Result<Query> {
        if query.output.iter().all(|column| column.ty.oid != oid::UNKNOWN) {
            return Ok(query);
        }
        let types: Vec<SqlType> = query
            .output
            .iter()
            .map(|column| match column.ty.oid {
                oid::UNKNOWN => SqlType::new(oid::TEXT),
                _ => column.ty,
            })
            .collect();
        let mut query = query;
        self.read_literals(&mut query, &types)?;
        if query.output.iter().all(|column| column.ty.oid != oid::UNKNOWN) {
            return Ok(query);
        }
        self.coerced_output(query, &types, "SELECT")
    }
}

/// The projection that makes a query's output, under what only orders, drops or
/// locks its rows.
fn projection(rel: &mut Rel) -> Option<&mut Vec<(OutputColumn, crate::sql::ir::Expr)>> {
    match rel {
        Rel::Project { exprs, .. } => Some(exprs),
        Rel::Sort { input, .. }
        | Rel::Limit { input, .. }
        | Rel::Distinct { input, .. }
        | Rel::LockRows { input, .. } => projection(input),
        Rel::With { body, .. } => projection(body),
        _ => None,
    }
}

fn first_location(rel: &Rel) -> i32 {
    output_location(rel, 0)
}

/// Where an output column of a side is written.
pub(super) fn output_location(rel: &Rel, index: usize) -> i32 {
    match rel {
        Rel::Project { exprs, .. } => exprs.get(index).map_or(-1, |(_, expr)| expr.location),
        Rel::Sort { input, .. } | Rel::Limit { input, .. } | Rel::Distinct { input, .. } => {
            output_location(input, index)
        }
        Rel::SetOp { left, .. } => output_location(left, index),
        Rel::Values { rows, .. } => {
            rows.first().and_then(|row| row.get(index)).map_or(-1, |expr| expr.location)
        }
        _ => -1,
    }
}
