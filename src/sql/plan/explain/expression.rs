//! Expressions of plans in PostgreSQL's spelling, as far as DataFusion's
//! operators go; a column is called by the name of the table's column it is.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{self as df, Operator};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr, Literal, NotExpr,
};

use crate::catalog::{Catalog, deparse, quote_identifier};
use crate::sql::ir::visit;
use crate::sql::ir::{ColumnId, Expr, ExprKind, Rel};
use crate::sql::plan::Planner;
use crate::sql::plan::form::column_name;
use crate::sql::types::Oid;
use crate::table::TableInfo;
use crate::txn::Overlay;

/// The names of a query's columns, by their names in plans.
pub struct Names {
    names: HashMap<String, String>,
    catalog: Arc<Catalog>,
    overlay: Overlay,
    /// EXPLAIN VERBOSE: schemas, qualified names, what each node gives.
    pub verbose: bool,
    /// The query has more tables than one.
    qualified: bool,
}

impl Names {
    pub fn new(rel: &Rel, planner: &Planner, verbose: bool) -> Names {
        let catalog = Arc::clone(&planner.eval().catalog);
        let overlay = planner.overlay().clone();
        let qualified = count_scans(&mut rel.clone()) > 1;
        let mut names = Names { names: HashMap::new(), catalog, overlay, verbose, qualified };
        let mut renamed = Vec::new();
        names.learn(&mut rel.clone(), qualified || verbose, &mut renamed);
        // Inner ones come last, and what they are called is known first.
        for (column, original) in renamed.into_iter().rev() {
            if let Some(name) = names.names.get(&column_name(original)).cloned() {
                names.names.insert(column_name(column), name);
            }
        }
        names
    }

    /// `renamed`: columns that are nothing but other columns, outer relations first.
    fn learn(&mut self, rel: &mut Rel, qualified: bool, renamed: &mut Vec<(ColumnId, ColumnId)>) {
        let table = match rel {
            Rel::Scan(scan) if qualified && scan.alias.is_empty() => {
                format!("{}.", quote_identifier(&scan.relation.name))
            }
            Rel::Scan(scan) if qualified => format!("{}.", quote_identifier(&scan.alias)),
            _ => String::new(),
        };
        for column in visit::columns(rel) {
            let name = format!("{table}{}", quote_identifier(&column.name));
            self.names.entry(column_name(column.id)).or_insert(name);
        }
        if let Rel::Project { exprs: pairs, .. } | Rel::Aggregate { group_by: pairs, .. } = rel {
            renamed.extend(pairs.iter().filter_map(|(column, expr)| match expr.kind {
                ExprKind::Column(original) => Some((column.id, original)),
                _ => None,
            }));
        }
        visit::inputs_mut(rel, &mut |input| self.learn(input, qualified, renamed));
        visit::expressions_mut(rel, &mut |expr| {
            visit::rewrite(expr, &mut |expr| {
                if let ExprKind::Subquery(subquery) = &mut expr.kind {
                    self.learn(&mut subquery.query.rel, qualified, renamed);
                }
            });
        });
        if let Rel::Scan(scan) = rel {
            for (_, column) in &scan.columns {
                let name = format!("{table}{}", quote_identifier(&column.name));
                self.names.insert(column_name(column.id), name);
            }
        }
    }

    /// A table, and how many rows it has.
    pub fn table(&self, oid: Oid) -> Option<(Arc<TableInfo>, i64)> {
        let info = TableInfo::of(&self.catalog, oid).ok()?;
        let rows = self.overlay.published().row_count(info.storage_id()).ok()?;
        Some((info, rows))
    }

    fn column(&self, name: &str) -> String {
        self.names.get(name).filter(|name| !name.is_empty()).cloned().unwrap_or(name.to_owned())
    }

    /// A table's name, with its schema for VERBOSE.
    pub fn relation(&self, info: &TableInfo) -> String {
        let name = quote_identifier(info.name());
        match self.verbose {
            true => format!("{}.{name}", quote_identifier(&self.schema(info))),
            false => name,
        }
    }

    pub fn schema(&self, info: &TableInfo) -> String {
        let schema = self.catalog.schema(info.relation.schema);
        let name = schema.map_or_else(String::new, |schema| schema.name.clone());
        // A session's own temporary schema is called by its short name.
        if name.starts_with("pg_temp_") { "pg_temp".to_owned() } else { name }
    }

    /// What a scan gives: columns called `a{attnum}`.
    pub fn stored_columns(&self, schema: &Schema, info: &TableInfo, alias: &str) -> Vec<String> {
        let table = match self.qualified {
            true => format!("{}.", quote_identifier(alias)),
            false => String::new(),
        };
        let stored = |name: &str| info.column(name.strip_prefix('a')?.parse().ok()?).ok();
        let names = schema.fields().iter().filter_map(|field| stored(field.name()));
        names.map(|column| format!("{table}{}", quote_identifier(&column.name))).collect()
    }

    /// What a node gives, as far as all of it has names.
    pub fn output<'e>(
        &self,
        exprs: impl Iterator<Item = &'e Arc<dyn PhysicalExpr>>,
    ) -> Option<Vec<String>> {
        exprs.map(|expr| self.is_named(expr).then(|| self.in_list(self.physical(expr)))).collect()
    }

    fn is_named(&self, expr: &Arc<dyn PhysicalExpr>) -> bool {
        let any: &dyn std::any::Any = expr.as_ref();
        match any.downcast_ref::<Column>() {
            Some(column) => self.names.contains_key(column.name()),
            None => expr.children().into_iter().all(|child| self.is_named(child)),
        }
    }

    /// Output is qualified only if there are several tables.
    fn in_list(&self, name: String) -> String {
        match name.rsplit_once('.') {
            Some((_, column)) if !self.qualified && !name.contains(['(', '\'', ' ']) => {
                column.to_owned()
            }
            _ => name,
        }
    }

    /// A physical expression.
    pub fn physical(&self, expr: &Arc<dyn PhysicalExpr>) -> String {
        let any: &dyn PhysicalExpr = expr.as_ref();
        let any: &dyn std::any::Any = any;
        if let Some(column) = any.downcast_ref::<Column>() {
            return self.column(column.name());
        }
        if let Some(literal) = any.downcast_ref::<Literal>() {
            return scalar(literal.value());
        }
        if let Some(binary) = any.downcast_ref::<BinaryExpr>() {
            let (left, right) = (self.physical(binary.left()), self.physical(binary.right()));
            return format!("({left} {} {right})", operator(*binary.op()));
        }
        if let Some(cast) = any.downcast_ref::<CastExpr>() {
            return self.physical(cast.expr());
        }
        if let Some(not) = any.downcast_ref::<NotExpr>() {
            return format!("(NOT {})", self.physical(not.arg()));
        }
        if let Some(null) = any.downcast_ref::<IsNullExpr>() {
            return format!("({} IS NULL)", self.physical(null.arg()));
        }
        if let Some(null) = any.downcast_ref::<IsNotNullExpr>() {
            return format!("({} IS NOT NULL)", self.physical(null.arg()));
        }
        if let Some(like) = any.downcast_ref::<LikeExpr>() {
            let (text, pattern) = (self.physical(like.expr()), self.physical(like.pattern()));
            let operator = if like.negated() { "!~~" } else { "~~" };
            return format!("({text} {operator} {pattern})");
        }
        if let Some(list) = any.downcast_ref::<InListExpr>() {
            let items: Vec<String> = list.list().iter().map(|item| self.physical(item)).collect();
            let operator = if list.negated() { "<> ALL" } else { "= ANY" };
            let left = self.physical(list.expr());
            return format!("({left} {operator} ('{{{}}}'))", items.join(","));
        }
        if let Some(function) = any.downcast_ref::<ScalarFunctionExpr>() {
            let args: Vec<String> = function.args().iter().map(|arg| self.physical(arg)).collect();
            return self.function(function.fun().name(), &args);
        }
        expr.to_string()
    }

    /// Our own functions under what they stand for.
    fn function(&self, name: &str, args: &[String]) -> String {
        match (name.split('_').next(), args) {
            (Some("key" | "reform" | "canonical"), [arg]) => arg.clone(),
            (Some("exact"), [left, right]) => {
                let symbol = match name.split('_').nth(1) {
                    Some("add") => "+",
                    Some("subtract") => "-",
                    Some("multiply") => "*",
                    Some("divide") => "/",
                    _ => "%",
                };
                format!("({left} {symbol} {right})")
            }
            _ => {
                let name = name.split('#').next().unwrap_or(name);
                format!("{name}({})", args.join(", "))
            }
        }
    }

    /// An expression over the attribute numbers of a table whose columns are named with
    /// `prefix` before them.
    pub fn over(&self, expr: &Expr, info: &TableInfo, prefix: &str) -> String {
        let name = |id: ColumnId| {
            let at = usize::try_from(id.0).ok()?.checked_sub(1)?;
            let column = info.relation.columns.get(at)?;
            Some(format!("{prefix}{}", quote_identifier(&column.name)))
        };
        deparse::expression(expr, &name, &self.catalog)
    }

    /// A filter inside a table scan, whose columns are `a{attnum}`.
    pub fn stored(&self, expr: &df::Expr, info: &TableInfo, table: &str) -> String {
        match expr {
            df::Expr::Column(column) => column
                .name
                .strip_prefix('a')
                .and_then(|number| number.parse::<i16>().ok())
                .and_then(|number| info.column(number).ok())
                .map_or_else(
                    || column.name.clone(),
                    |column| format!("{table}{}", quote_identifier(&column.name)),
                ),
            df::Expr::Literal(value, _) => scalar(value),
            df::Expr::BinaryExpr(binary) => {
                let left = self.stored(&binary.left, info, table);
                let right = self.stored(&binary.right, info, table);
                format!("({left} {} {right})", operator(binary.op))
            }
            df::Expr::Cast(cast) => self.stored(&cast.expr, info, table),
            df::Expr::Not(arg) => format!("(NOT {})", self.stored(arg, info, table)),
            df::Expr::IsNull(arg) => format!("({} IS NULL)", self.stored(arg, info, table)),
            df::Expr::IsNotNull(arg) => format!("({} IS NOT NULL)", self.stored(arg, info, table)),
            df::Expr::InList(list) => {
                let items: Vec<String> =
                    list.list.iter().map(|item| self.stored(item, info, table)).collect();
                let operator = if list.negated { "<> ALL" } else { "= ANY" };
                let left = self.stored(&list.expr, info, table);
                let ty = match list.expr.as_ref() {
                    df::Expr::Column(column) => {
                        info.columns.iter().find(|c| left.ends_with(&c.name)).map(|found| {
                            let _ = column;
                            let ty = self.catalog.format_type(&[], found.ty.oid, None);
                            format!("::{ty}[]")
                        })
                    }
                    _ => None,
                };
                let bare = |item: &String| match item.strip_suffix("'::text") {
                    Some(text) => text.trim_start_matches('\'').to_owned(),
                    None => item.clone(),
                };
                let items: Vec<String> = items.iter().map(bare).collect();
                let ty = ty.unwrap_or_default();
                format!("({left} {operator} ('{{{}}}'{ty}))", items.join(","))
            }
            other => other.to_string(),
        }
    }
}

fn count_scans(rel: &mut Rel) -> usize {
    let mut count = usize::from(matches!(rel, Rel::Scan(_)));
    visit::inputs_mut(rel, &mut |input| count += count_scans(input));
    visit::expressions_mut(rel, &mut |expr| {
        visit::rewrite(expr, &mut |expr| {
            if let ExprKind::Subquery(subquery) = &mut expr.kind {
                count += count_scans(&mut subquery.query.rel);
            }
        });
    });
    count
}

fn operator(operator: Operator) -> String {
    match operator {
        Operator::NotEq => "<>".into(),
        Operator::And => "AND".into(),
        Operator::Or => "OR".into(),
        other => other.to_string(),
    }
}

fn scalar(value: &ScalarValue) -> String {
    match value {
        ScalarValue::Utf8(Some(text))
        | ScalarValue::Utf8View(Some(text))
        | ScalarValue::LargeUtf8(Some(text)) => format!("'{}'::text", text.replace('\'', "''")),
        ScalarValue::Boolean(Some(value)) => value.to_string(),
        value if value.is_null() => "NULL".into(),
        ScalarValue::Date32(_) => format!("'{value}'::date"),
        other => other.to_string(),
    }
}
