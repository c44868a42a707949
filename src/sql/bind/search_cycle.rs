//! SEARCH and CYCLE of a recursive query: columns that order its rows, or end it.
//!
//! The query is given more columns; its recursive term reads them from the working
//! table and hands them on, extended by the row's own values.
//!
//! ```text
//! SEARCH DEPTH FIRST BY a SET o      ARRAY[ROW(a)]   then  o || ROW(a)
//! SEARCH BREADTH FIRST BY a SET o    ROW(0, a)       then  ROW(depth of o + 1, a)
//! CYCLE a SET c USING p              false, ARRAY[ROW(a)]   then
//!                                    ROW(a) = ANY (p), p || ROW(a)   where not c
//! ```

use super::Binder;
use super::node::{INT8, boxed, column_expr, constant, inner, string_node, strings, typed};
use super::operator::OperatorName;
use super::recursion::items;
use super::select::filter;
use crate::error::{Error, Result};
use crate::sql::ir::{Expr, ExprKind, OutputColumn, Query, Rel};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{
    ColumnRef, CommonTableExpr, CteCycleClause, CteSearchClause, Node, ResTarget, SelectStmt,
    SetOperation, WithClause,
};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

/// `record_eq`.
const RECORD_EQ: u32 = 2981;

/// The columns that the clauses add to a query.
pub(super) struct Marks {
    search: Option<Search>,
    cycle: Option<Cycle>,
}

struct Search {
    /// Positions of the columns that are followed.
    columns: Vec<usize>,
    breadth: bool,
    name: String,
}

struct Cycle {
    columns: Vec<usize>,
    mark: String,
    path: String,
    value: Expr,
    default: Expr,
}

impl Marks {
    /// Names and types of the columns added.
    pub fn columns(&self) -> Vec<(String, SqlType)> {
        let mut columns = Vec::new();
        if let Some(search) = &self.search {
            let ty = if search.breadth { oid::RECORD } else { oid::RECORD_ARRAY };
            columns.push((search.name.clone(), SqlType::new(ty)));
        }
        if let Some(cycle) = &self.cycle {
            columns.push((cycle.mark.clone(), cycle.value.ty));
            columns.push((cycle.path.clone(), SqlType::new(oid::RECORD_ARRAY)));
        }
        columns
    }
}

impl Binder<'_> {
    /// Reads and checks the clauses; `names` are the query's own columns.
    pub(super) fn marks(
        &mut self,
        cte: &CommonTableExpr,
        names: &[(String, SqlType)],
    ) -> Result<Option<Marks>> {
        let search =
            cte.search_clause.as_ref().map(|clause| search_of(clause, names)).transpose()?;
        let cycle = match &cte.cycle_clause {
            Some(clause) => Some(self.cycle_of(clause, names)?),
            None => None,
        };
        if search.is_none() && cycle.is_none() {
            return Ok(None);
        }
        if let (Some(search), Some(cycle), Some(clause)) = (&search, &cycle, &cte.search_clause) {
            for (other, what) in [(&cycle.mark, "mark"), (&cycle.path, "path")] {
                if *other == search.name {
                    return Err(Error::syntax(format!(
                        "search sequence column name and cycle {what} column name are the same"
                    ))
                    .at(clause.location));
                }
            }
        }
        Ok(Some(Marks { search, cycle }))
    }

    fn cycle_of(&mut self, clause: &CteCycleClause, names: &[(String, SqlType)]) -> Result<Cycle> {
        let columns = followed(&clause.cycle_col_list, names, "cycle", clause.location)?;
        let known = |name: &String| names.iter().any(|(known, _)| known == name);
        for (name, what) in
            [(&clause.cycle_mark_column, "mark"), (&clause.cycle_path_column, "path")]
        {
            if known(name) {
                return Err(Error::syntax(format!(
                    "cycle {what} column name \"{name}\" already used in WITH query column list"
                ))
                .at(clause.location));
            }
        }
        if clause.cycle_mark_column == clause.cycle_path_column {
            return Err(Error::syntax(
                "cycle mark column name and cycle path column name are the same",
            )
            .at(clause.location));
        }
        let mut values = Vec::with_capacity(2);
        for node in [&clause.cycle_mark_value, &clause.cycle_mark_default] {
            values.push(match boxed(node) {
                Some(node) => self.expr(node)?,
                None => constant(Datum::Bool(values.is_empty()), SqlType::new(oid::BOOL)),
            });
        }
        let ty = self.common_type(&values, "CYCLE")?;
        let mut converted = Vec::with_capacity(2);
        for value in values {
            converted.push(self.to_common(value, ty, "CYCLE/SET/TO")?);
        }
        let default = converted.pop().ok_or_else(|| Error::internal("CYCLE without values"))?;
        let value = converted.pop().ok_or_else(|| Error::internal("CYCLE without values"))?;
        Ok(Cycle {
            columns,
            mark: clause.cycle_mark_column.clone(),
            path: clause.cycle_path_column.clone(),
            value,
            default,
        })
    }

    /// The non-recursive term with the columns that the clauses start with.
    pub(super) fn marked_initial(&mut self, query: Query, marks: &Marks) -> Query {
        let mut exprs = own_columns(self, &query.output);
        if let Some(search) = &marks.search {
            let value = match search.breadth {
                true => {
                    let zero = constant(Datum::Int8(0), INT8);
                    row(std::iter::once(zero).chain(picked(&query.output, &search.columns)))
                }
                false => array(row(picked(&query.output, &search.columns))),
            };
            exprs.push((self.new_column(search.name.clone(), value.ty), value));
        }
        if let Some(cycle) = &marks.cycle {
            let path = array(row(picked(&query.output, &cycle.columns)));
            let mark = cycle.default.clone();
            exprs.push((self.new_column(cycle.mark.clone(), mark.ty), mark));
            exprs.push((self.new_column(cycle.path.clone(), path.ty), path));
        }
        projected(query.rel, exprs)
    }

    /// The recursive term, which hands on the added columns last, with these extended.
    pub(super) fn marked_recursive(&mut self, query: Query, marks: &Marks) -> Result<Query> {
        let own = query.output.len() - marks.columns().len();
        let (output, mut passed) = (&query.output[..own], query.output[own..].iter());
        let mut missing = || passed.next().ok_or_else(|| Error::internal("a column is missing"));
        let mut exprs = own_columns(self, output);
        let mut rel = query.rel;
        if let Some(search) = &marks.search {
            let before = column_expr(missing()?, -1);
            let value = match search.breadth {
                true => {
                    let record = Box::new(before);
                    let depth = typed(ExprKind::Field { record, index: 0 }, INT8, -1);
                    let one = constant(Datum::Int8(1), INT8);
                    let next = self.called("+", depth, one)?;
                    row(std::iter::once(next).chain(picked(output, &search.columns)))
                }
                false => self.called("||", before, array(row(picked(output, &search.columns))))?,
            };
            exprs.push((self.new_column(search.name.clone(), value.ty), value));
        }
        if let Some(cycle) = &marks.cycle {
            let (mark, path) = (column_expr(missing()?, -1), column_expr(missing()?, -1));
            let here = row(picked(output, &cycle.columns));
            let operator = self.function(RECORD_EQ)?;
            let (left, array_of) = (Box::new(here.clone()), Box::new(path.clone()));
            let met = ExprKind::ArrayCompare { operator, left, array: array_of, all: false };
            let met = typed(met, SqlType::new(oid::BOOL), -1);
            let kind = ExprKind::Case {
                operand: None,
                whens: vec![(met, cycle.value.clone())],
                otherwise: Some(Box::new(cycle.default.clone())),
            };
            let value = typed(kind, cycle.value.ty, -1);
            let path = self.called("||", path, array(here))?;
            let goes_on = self.called("<>", mark, cycle.value.clone())?;
            rel = filter(rel, goes_on);
            exprs.push((self.new_column(cycle.mark.clone(), value.ty), value));
            exprs.push((self.new_column(cycle.path.clone(), path.ty), path));
        }
        Ok(projected(rel, exprs))
    }

    fn called(&mut self, operator: &str, left: Expr, right: Expr) -> Result<Expr> {
        let call = self.operator_call(OperatorName::plain(operator), Some(left), right, -1)?;
        let ty = call.ty;
        Ok(typed(ExprKind::Call(call), ty, -1))
    }
}

/// The recursive term's text with the added columns of the working table in its list.
pub(super) fn handing_on(
    select: &SelectStmt,
    cte: &CommonTableExpr,
    marks: &Marks,
) -> Result<SelectStmt> {
    let refused = |what: String| Error::new(sqlstate::FEATURE_NOT_SUPPORTED, what);
    if !is_plain(select) {
        return Err(Error::syntax(
            "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT",
        ));
    }
    let is_hidden = |with: &WithClause| items(with).iter().any(|i| i.ctename == cte.ctename);
    let from = match select.with_clause.as_ref().is_some_and(is_hidden) {
        true => &[],
        false => &select.from_clause[..],
    };
    let alias = from.iter().find_map(|node| reference(node, &cte.ctename));
    let alias = alias.ok_or_else(|| {
        refused(format!(
            "with a SEARCH or CYCLE clause, the recursive reference to WITH query \"{}\" must be at \
             the top level of its right-hand SELECT",
            cte.ctename
        ))
    })?;
    let mut select = select.clone();
    for (name, _) in marks.columns() {
        let column = NodeEnum::ColumnRef(ColumnRef {
            fields: vec![string_node(&alias), string_node(&name)],
            location: -1,
        });
        let target = ResTarget {
            val: Some(Box::new(Node { node: Some(column) })),
            location: -1,
            ..ResTarget::default()
        };
        select.target_list.push(Node { node: Some(NodeEnum::ResTarget(Box::new(target))) });
    }
    Ok(select)
}

/// Both terms of a query with a clause are SELECTs.
pub(super) fn check_left(select: &SelectStmt) -> Result<()> {
    if is_plain(select) || !select.values_lists.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        sqlstate::FEATURE_NOT_SUPPORTED,
        "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT",
    ))
}

fn is_plain(select: &SelectStmt) -> bool {
    select.op == SetOperation::SetopNone as i32 && select.values_lists.is_empty()
}

/// The name by which an item of FROM, or of its joins, knows the working table.
fn reference(node: &Node, name: &str) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::RangeVar(table) if table.schemaname.is_empty() && table.relname == name => {
            let alias = table.alias.as_ref().map(|alias| alias.aliasname.clone());
            Some(alias.filter(|alias| !alias.is_empty()).unwrap_or_else(|| name.to_owned()))
        }
        NodeEnum::JoinExpr(join) => {
            let sides = [&join.larg, &join.rarg];
            sides.into_iter().flatten().find_map(|side| reference(side, name))
        }
        _ => None,
    }
}

fn search_of(clause: &CteSearchClause, names: &[(String, SqlType)]) -> Result<Search> {
    let columns = followed(&clause.search_col_list, names, "search", clause.location)?;
    let name = &clause.search_seq_column;
    if names.iter().any(|(known, _)| known == name) {
        return Err(Error::syntax(format!(
            "search sequence column name \"{name}\" already used in WITH query column list"
        ))
        .at(clause.location));
    }
    Ok(Search { columns, breadth: clause.search_breadth_first, name: name.clone() })
}

/// The positions of the columns that a clause follows.
fn followed(
    nodes: &[Node],
    names: &[(String, SqlType)],
    word: &str,
    location: i32,
) -> Result<Vec<usize>> {
    let mut columns: Vec<usize> = Vec::new();
    for name in strings(nodes) {
        let at = names.iter().position(|(known, _)| *known == name).ok_or_else(|| {
            Error::syntax(format!("{word} column \"{name}\" not in WITH query column list"))
                .at(location)
        })?;
        if columns.contains(&at) {
            let message = format!("{word} column \"{name}\" specified more than once");
            return Err(Error::new(sqlstate::DUPLICATE_COLUMN, message).at(location));
        }
        columns.push(at);
    }
    nodes.iter().try_for_each(|node| inner(node).map(drop))?;
    Ok(columns)
}

fn own_columns(binder: &mut Binder<'_>, output: &[OutputColumn]) -> Vec<(OutputColumn, Expr)> {
    output
        .iter()
        .map(|column| (binder.new_column(column.name.clone(), column.ty), column_expr(column, -1)))
        .collect()
}

fn picked<'o>(output: &'o [OutputColumn], columns: &'o [usize]) -> impl Iterator<Item = Expr> + 'o {
    columns.iter().map(|at| column_expr(&output[*at], -1))
}

fn row(fields: impl IntoIterator<Item = Expr>) -> Expr {
    typed(ExprKind::Row(fields.into_iter().collect()), SqlType::new(oid::RECORD), -1)
}

fn array(element: Expr) -> Expr {
    let kind = ExprKind::Array { elements: vec![element], nested: false };
    typed(kind, SqlType::new(oid::RECORD_ARRAY), -1)
}

fn projected(input: Rel, exprs: Vec<(OutputColumn, Expr)>) -> Query {
    let output = exprs.iter().map(|(column, _)| column.clone()).collect();
    Query { rel: Rel::Project { input: Box::new(input), exprs }, output }
}
