//! Functions in FROM: ROWS FROM, WITH ORDINALITY, column definition lists.

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::Node;
use crate::sql::parse::ast::{FuncCall, RangeFunction};

use super::Binder;
use super::from::query_item;
use super::name::function_name;
use super::node::{INT8, inner, list, string};
use super::scope::{Clause, Item};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::ir::{Call, Expr, ExprKind, FunctionScan, OutputColumn, Rel};
use crate::sql::types::{SqlType, oid, record};
use crate::sqlstate;

/// Columns of a function's row that its call describes.
const DEFINITIONS_MAX: usize = 1_600;

/// One function of a FROM item: the call, its name, its column definitions.
struct Entry<'n> {
    node: NodeEnum,
    definitions: &'n [Node],
}

impl Binder<'_> {
    pub(super) fn from_function(&mut self, node: &RangeFunction) -> Result<(Rel, Vec<Item>)> {
        let outer = std::mem::replace(&mut self.level().lateral_active, true);
        let bound = self.within(Clause::FromFunction, |binder| binder.function_rel(node));
        self.level().lateral_active = outer;
        let (rel, item) = bound?;
        let item = self.finish_item(item, node.alias.as_ref())?;
        Ok((rel, vec![item]))
    }

    fn function_rel(&mut self, node: &RangeFunction) -> Result<(Rel, Item)> {
        let entries = entries(node)?;
        let alias = node.alias.as_ref().map(|alias| alias.aliasname.as_str());
        let only = (entries.len() == 1).then_some(()).and(alias);
        let default_alias = entries.first().map(|e| function_name(&e.node)).unwrap_or_default();
        let mut calls = Vec::with_capacity(entries.len());
        let mut scalar = entries.len() == 1 && !node.ordinality;
        for entry in &entries {
            let name = function_name(&entry.node);
            let expr = self.function_expr(&entry.node)?;
            if !entry.definitions.is_empty() {
                self.check_defined(expr.ty, entry.definitions, expr.location)?;
            }
            if entries.len() == 1 && !node.ordinality {
                if let Some(query) = self.inline_set(&expr, entry.definitions)? {
                    let mut item = query_item(alias.unwrap_or(&name), &query.output);
                    item.scalar = query.output.len() == 1 && !self.is_composite_call(&expr);
                    if let ([column], Some(alias), true) =
                        (item.columns.as_mut_slice(), only, item.scalar)
                    {
                        column.name = alias.to_owned();
                    }
                    return Ok((query.rel, item));
                }
                if !matches!(expr.kind, ExprKind::Call(_)) {
                    return Ok(self.value_item(expr, only.unwrap_or(&name)));
                }
            }
            let ExprKind::Call(mut call) = expr.kind else {
                return Err(Error::unsupported("this expression in ROWS FROM").at(expr.location));
            };
            let (columns, is_scalar) = self.call_columns(
                &mut call,
                entry.definitions,
                only.unwrap_or(&name),
                expr.location,
            )?;
            scalar &= is_scalar;
            calls.push((call, columns));
        }
        let ordinality = node.ordinality.then(|| self.new_column("ordinality", INT8));
        let output: Vec<OutputColumn> = calls
            .iter()
            .flat_map(|(_, columns)| columns.iter().cloned())
            .chain(ordinality.clone())
            .collect();
        let mut item = query_item(alias.unwrap_or(&default_alias), &output);
        item.scalar = scalar;
        if let ([(call, _)], false) = (calls.as_slice(), node.ordinality)
            && self.composite_relation(call.ty.oid).is_some()
        {
            item.row_type = call.ty.oid;
        }
        Ok((Rel::Functions(FunctionScan { calls, ordinality }), item))
    }

    fn function_expr(&mut self, node: &NodeEnum) -> Result<Expr> {
        let expr = match node {
            NodeEnum::FuncCall(call) => self.func_call_in(call, true)?,
            other => self.expr(other)?,
        };
        self.decide(expr)
    }

    /// `FROM current_date`: one row of one value.
    fn value_item(&mut self, expr: Expr, name: &str) -> (Rel, Item) {
        let column = self.new_column(name, expr.ty);
        let mut item = query_item(name, std::slice::from_ref(&column));
        item.scalar = true;
        let rel = Rel::Project { input: Box::new(Rel::OneRow), exprs: vec![(column, expr)] };
        (rel, item)
    }

    fn is_composite_call(&self, expr: &Expr) -> bool {
        self.is_complex(expr.ty.oid)
    }

    /// The columns of one call, and whether it is one plain value.
    fn call_columns(
        &mut self,
        call: &mut Call,
        definitions: &[Node],
        name: &str,
        location: i32,
    ) -> Result<(Vec<OutputColumn>, bool)> {
        if !definitions.is_empty() {
            return Ok((self.defined_columns(call, definitions, location)?, false));
        }
        if let Some(fields) = record::fields(call.ty) {
            let column = |(name, ty): &(String, SqlType)| self.new_column(name, *ty);
            let columns = fields.iter().map(column).collect();
            return Ok((columns, false));
        }
        if let Some(columns) = self.composite_columns(call.ty.oid) {
            let columns = columns.into_iter().map(|(name, ty)| self.new_column(name, ty)).collect();
            return Ok((columns, false));
        }
        if call.ty.oid == oid::RECORD {
            return Err(Error::syntax(
                "a column definition list is required for functions returning \"record\"",
            )
            .at(location));
        }
        let name = single_out_name(&call.function).unwrap_or(name);
        Ok((vec![self.new_column(name, call.ty)], true))
    }

    fn defined_columns(
        &mut self,
        call: &mut Call,
        definitions: &[Node],
        location: i32,
    ) -> Result<Vec<OutputColumn>> {
        self.check_defined(call.ty, definitions, location)?;
        let definitions = self.column_definitions(definitions)?;
        // What the function makes of them it sees in its result type.
        call.ty = record::type_of(definitions.clone());
        Ok(definitions.into_iter().map(|(name, ty)| self.new_column(name, ty)).collect())
    }

    /// Only a function whose row nothing else describes takes definitions of columns.
    fn check_defined(&self, ty: SqlType, definitions: &[Node], location: i32) -> Result<()> {
        let words = match (record::fields(ty), self.composite_relation(ty.oid)) {
            (None, None) if ty.oid == oid::RECORD => return Ok(()),
            (Some(_), _) => {
                "a column definition list is redundant for a function with OUT parameters"
            }
            (None, Some(_)) => {
                "a column definition list is redundant for a function returning a named composite type"
            }
            (None, None) => {
                "a column definition list is only allowed for functions returning \"record\""
            }
        };
        let first = match definitions.first().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::ColumnDef(column)) => column.location,
            _ => location,
        };
        Err(Error::syntax(words).at(first))
    }

    pub(super) fn column_definitions(&mut self, nodes: &[Node]) -> Result<Vec<(String, SqlType)>> {
        if nodes.len() > DEFINITIONS_MAX {
            let first = match nodes.first().and_then(|node| node.node.as_ref()) {
                Some(NodeEnum::ColumnDef(column)) => column.location,
                _ => -1,
            };
            let message =
                format!("column definition lists can have at most {DEFINITIONS_MAX} entries");
            return Err(Error::new(sqlstate::TOO_MANY_COLUMNS, message).at(first));
        }
        nodes
            .iter()
            .map(|node| match inner(node)? {
                NodeEnum::ColumnDef(column) => {
                    let ty = column
                        .type_name
                        .as_ref()
                        .ok_or_else(|| Error::internal("column definition without a type"))?;
                    Ok((column.colname.clone(), self.resolve_type_name(ty)?))
                }
                _ => Err(Error::internal("column definition list of something else")),
            })
            .collect()
    }

    pub(super) fn composite_columns(&self, ty: u32) -> Option<Vec<(String, SqlType)>> {
        let relation = self.catalog.relation(self.composite_relation(ty)?)?;
        let columns = relation.columns.iter().filter(|column| !column.dropped);
        Some(columns.map(|column| (column.name.clone(), column.ty)).collect())
    }
}

fn single_out_name(function: &Function) -> Option<&str> {
    let all = function.all_args.as_ref()?;
    let mut outs = all.iter().filter(|(mode, ..)| matches!(mode, 'o' | 'b' | 't'));
    let (_, _, name) = outs.next()?;
    (outs.next().is_none() && !name.is_empty()).then_some(name)
}

/// The functions of a FROM item; `unnest(a, b)` means one unnest each.
fn entries(node: &RangeFunction) -> Result<Vec<Entry<'_>>> {
    let mut entries = Vec::new();
    for function in &node.functions {
        let pair = list(inner(function)?).unwrap_or_default();
        let call = pair.first().map(inner).transpose()?;
        let Some(call) = call else { return Err(Error::internal("empty function in FROM")) };
        let own = pair.get(1).and_then(|node| node.node.as_ref()).and_then(list);
        let definitions = own.filter(|list| !list.is_empty()).unwrap_or(&node.coldeflist);
        match call {
            NodeEnum::FuncCall(call) if is_multi_unnest(call) => {
                entries.extend(call.args.iter().map(|arg| {
                    let mut one = call.clone();
                    one.args = vec![arg.clone()];
                    Entry { node: NodeEnum::FuncCall(one), definitions: &[] }
                }));
            }
            other => entries.push(Entry { node: other.clone(), definitions }),
        }
    }
    if entries.len() > 1 && !node.coldeflist.is_empty() {
        return Err(Error::new(
            sqlstate::SYNTAX_ERROR,
            "ROWS FROM() with multiple functions cannot have a column definition list",
        ));
    }
    Ok(entries)
}

fn is_multi_unnest(call: &FuncCall) -> bool {
    call.args.len() > 1
        && call.funcname.len() == 1
        && call.funcname.first().and_then(string) == Some("unnest")
        && call.over.is_none()
}
