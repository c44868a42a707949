//! Subqueries in expressions: scalar, EXISTS, IN/ANY/ALL, ARRAY.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{SubLink, SubLinkType};

use super::Binder;
use super::node::{bool_expr, boxed, column_expr, required, typed};
use super::operator::OperatorName;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind, Query, Subquery, SubqueryKind};
use crate::sql::types::SqlType;
use crate::sqlstate;

impl Binder<'_> {
    pub(super) fn sublink(&mut self, link: &SubLink) -> Result<Expr> {
        if let Some(place) = self.level().clause.refuses_subqueries() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot use subquery in {place}"),
            )
            .at(link.location));
        }
        let location = link.location;
        match SubLinkType::try_from(link.sub_link_type).unwrap_or(SubLinkType::Undefined) {
            SubLinkType::ExistsSublink => {
                let query = self.subselect(link)?;
                Ok(subquery(SubqueryKind::Exists, query, super::node::BOOL, location))
            }
            SubLinkType::ExprSublink => {
                let query = self.subselect(link)?;
                let ty = self.only_column(&query, location)?;
                Ok(subquery(SubqueryKind::Scalar, query, ty, location))
            }
            SubLinkType::ArraySublink => {
                let query = self.subselect(link)?;
                let element = self.only_column(&query, location)?.oid;
                let is_array = self.element(self.base(element)).is_some();
                let array = self.array_of(element).or(is_array.then_some(element));
                let array = array.ok_or_else(|| {
                    Error::new(
                        sqlstate::UNDEFINED_OBJECT,
                        format!(
                            "could not find array type for data type {}",
                            self.display_type(element)
                        ),
                    )
                    .at(location)
                })?;
                Ok(subquery(SubqueryKind::Array, query, SqlType::new(array), location))
            }
            SubLinkType::AnySublink => self.quantified(link, false),
            SubLinkType::AllSublink => self.quantified(link, true),
            _ => Err(Error::unsupported("this form of subquery").at(location)),
        }
    }

    fn only_column(&self, query: &Query, location: i32) -> Result<SqlType> {
        match query.output.as_slice() {
            [column] => Ok(column.ty),
            _ => Err(Error::syntax("subquery must return only one column").at(location)),
        }
    }

    /// The bound query of a sublink, at a level of its own.
    pub(super) fn subselect(&mut self, link: &SubLink) -> Result<Query> {
        match required(&link.subselect)? {
            NodeEnum::SelectStmt(select) => self.select(select),
            _ => Err(Error::internal("subquery is no SELECT")),
        }
    }

    fn quantified(&mut self, link: &SubLink, all: bool) -> Result<Expr> {
        let location = link.location;
        let test = boxed(&link.testexpr).ok_or_else(|| Error::internal("IN without operand"))?;
        let left = match test {
            NodeEnum::RowExpr(row) => self.exprs(&row.args)?,
            other => vec![self.expr(other)?],
        };
        let query = self.subselect(link)?;
        self.check_row_width(left.len(), query.output.len(), location)?;
        let right = query.output.iter().map(|column| column_expr(column, location)).collect();
        let name = match link.oper_name.is_empty() {
            true => OperatorName::plain("="),
            false => OperatorName::of(&link.oper_name)?,
        };
        let test = Box::new(self.row_comparison(name, left, right, location)?);
        let kind = SubqueryKind::Quantified { test, all };
        let subquery = Subquery { kind, query };
        Ok(bool_expr(ExprKind::Subquery(Box::new(subquery)), location))
    }
}

fn subquery(kind: SubqueryKind, query: Query, ty: SqlType, location: i32) -> Expr {
    typed(ExprKind::Subquery(Box::new(Subquery { kind, query })), ty, location)
}
