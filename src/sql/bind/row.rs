//! Row constructors and comparisons between rows.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{RowExpr, SubLink};

use super::Binder;
use super::node::{all_of, bool_expr, inner, typed};
use super::operator::OperatorName;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind, Subquery, SubqueryKind};
use crate::sql::types::{SqlType, oid, record};
use crate::sqlstate;

/// PostgreSQL's `MaxTupleAttributeNumber`.
const ROW_FIELDS_MAX: usize = 1664;

impl Binder<'_> {
    pub(super) fn row_expr(&mut self, args: &[Node], location: i32) -> Result<Expr> {
        let fields = self.expanded_exprs(args)?;
        if fields.len() > ROW_FIELDS_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_COLUMNS,
                format!("ROW expressions can have at most {ROW_FIELDS_MAX} entries"),
            )
            .at(location));
        }
        let named = fields.iter().enumerate().map(|(at, field)| (format!("f{}", at + 1), field.ty));
        let ty = record::type_of(named.collect());
        Ok(typed(ExprKind::Row(fields), ty, location))
    }

    /// Expressions with `t.*` spread out, as in `ROW(t.*, 1)`.
    pub(super) fn expanded_exprs(&mut self, nodes: &[Node]) -> Result<Vec<Expr>> {
        let mut exprs = Vec::with_capacity(nodes.len());
        for node in nodes {
            match inner(node)? {
                NodeEnum::ColumnRef(column) if super::target::is_star(column) => {
                    exprs.extend(self.star(column)?.into_iter().map(|target| target.expr));
                }
                NodeEnum::AIndirection(record) if super::target::ends_in_star(record) => {
                    exprs.extend(self.record_star(record)?.into_iter().map(|target| target.expr));
                }
                other => exprs.push(self.expr(other)?),
            }
        }
        Ok(exprs)
    }

    /// `(a, b) op (c, d)`, field by field (`make_row_comparison_op`).
    pub(super) fn row_comparison(
        &mut self,
        name: OperatorName<'_>,
        left: Vec<Expr>,
        right: Vec<Expr>,
        location: i32,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(Error::syntax("unequal number of entries in row expressions").at(location));
        }
        if left.is_empty() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot compare rows of zero length",
            )
            .at(location));
        }
        let pairs: Vec<(Expr, Expr)> = left.into_iter().zip(right).collect();
        match name.name {
            "=" | "<>" => {
                let tests = pairs
                    .into_iter()
                    .map(|(l, r)| self.row_operator(name, l, r, location))
                    .collect::<Result<Vec<_>>>()?;
                if tests.len() == 1 || name.name == "=" {
                    return all_of(tests).ok_or_else(|| Error::internal("empty row comparison"));
                }
                Ok(bool_expr(ExprKind::Or(tests), location))
            }
            "<" | "<=" | ">" | ">=" => self.row_order(name.name, pairs, location),
            _ if pairs.len() == 1 => {
                let (l, r) = pairs.into_iter().next().ok_or_else(|| Error::internal("no pair"))?;
                self.row_operator(name, l, r, location)
            }
            other => {
                for (left, right) in pairs {
                    self.row_operator(name, left, right, location)?;
                }
                Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "could not determine interpretation of row comparison operator {other}"
                    ),
                )
                .with_hint(
                    "Row comparison operators must be associated with btree operator families.",
                )
                .at(location))
            }
        }
    }

    fn row_operator(
        &mut self,
        name: OperatorName<'_>,
        left: Expr,
        right: Expr,
        location: i32,
    ) -> Result<Expr> {
        let test = self.operator(name, Some(left), right, location)?;
        if test.ty.oid != oid::BOOL {
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "row comparison operator must yield type boolean, not type {}",
                    self.display_type(test.ty.oid)
                ),
            )
            .at(location));
        }
        Ok(test)
    }

    /// `(a, b) < (c, d)` is `a < c OR (a = c AND b < d)`: the first pair that
    /// differs decides, and an unknown one before that makes it unknown.
    fn row_order(
        &mut self,
        name: &str,
        mut pairs: Vec<(Expr, Expr)>,
        location: i32,
    ) -> Result<Expr> {
        let strict = if name.starts_with('<') { "<" } else { ">" };
        let (left, right) = pairs.pop().ok_or_else(|| Error::internal("empty row comparison"))?;
        let last = OperatorName::plain(name);
        let mut result = self.row_operator(last, left, right, location)?;
        while let Some((left, right)) = pairs.pop() {
            let strict = OperatorName::plain(strict);
            let differ = self.row_operator(strict, left.clone(), right.clone(), location)?;
            let equal = self.row_operator(OperatorName::plain("="), left, right, location)?;
            let rest = bool_expr(ExprKind::And(vec![equal, result]), location);
            result = bool_expr(ExprKind::Or(vec![differ, rest]), location);
        }
        Ok(result)
    }

    pub(super) fn row_distinct(
        &mut self,
        left: Vec<Expr>,
        right: Vec<Expr>,
        negated: bool,
        location: i32,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(Error::syntax("unequal number of entries in row expressions").at(location));
        }
        let mut tests = Vec::with_capacity(left.len());
        for (left, right) in left.into_iter().zip(right) {
            tests.push(self.distinct_from(left, right, negated, location)?);
        }
        match tests.len() {
            0 => Ok(self.bool_constant(negated)),
            _ if negated => all_of(tests).ok_or_else(|| Error::internal("empty row comparison")),
            _ => Ok(bool_expr(ExprKind::Or(tests), location)),
        }
    }

    pub(super) fn row_in_list(
        &mut self,
        name: OperatorName<'_>,
        left: &[Node],
        items: &[Node],
        negated: bool,
        location: i32,
    ) -> Result<Expr> {
        let mut tests = Vec::with_capacity(items.len());
        for item in items {
            let left = self.exprs(left)?;
            let test = match inner(item)? {
                NodeEnum::RowExpr(right) => {
                    let right = self.exprs(&right.args)?;
                    self.row_comparison(name, left, right, location)?
                }
                other => {
                    let fields =
                        left.into_iter().map(|e| self.decide(e)).collect::<Result<Vec<_>>>()?;
                    let row = typed(ExprKind::Row(fields), SqlType::new(oid::RECORD), location);
                    let right = self.expr(other)?;
                    self.operator(name, Some(row), right, location)?
                }
            };
            tests.push(test);
        }
        if tests.len() == 1 {
            return tests.pop().ok_or_else(|| Error::internal("IN without a test"));
        }
        let kind = if negated { ExprKind::And(tests) } else { ExprKind::Or(tests) };
        Ok(bool_expr(kind, location))
    }

    /// `(a, b) = (SELECT c, d …)`: compared within the one row that there may be.
    pub(super) fn row_subquery_comparison(
        &mut self,
        name: OperatorName<'_>,
        left: &RowExpr,
        link: &SubLink,
        location: i32,
    ) -> Result<Expr> {
        let left = self.exprs(&left.args)?;
        let mut query = self.subselect(link)?;
        self.check_row_width(left.len(), query.output.len(), location)?;
        let right = query.output.iter().map(|c| super::node::column_expr(c, location)).collect();
        let test = self.row_comparison(name, left, right, location)?;
        let column = self.new_column("?column?", test.ty);
        let input = std::mem::replace(&mut query.rel, crate::sql::ir::Rel::OneRow);
        query.rel = crate::sql::ir::Rel::Project {
            input: Box::new(input),
            exprs: vec![(column.clone(), test)],
        };
        query.output = vec![column];
        let subquery = Subquery { kind: SubqueryKind::Scalar, query };
        Ok(bool_expr(ExprKind::Subquery(Box::new(subquery)), location))
    }

    pub(super) fn check_row_width(&self, left: usize, right: usize, location: i32) -> Result<()> {
        if left == right {
            return Ok(());
        }
        let words = if left < right { "many" } else { "few" };
        Err(Error::syntax(format!("subquery has too {words} columns")).at(location))
    }
}
