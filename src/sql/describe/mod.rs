//! Views' queries as PostgreSQL prints them: `pg_get_viewdef`.
//!
//! The query is bound as it was when the view was made, views not expanded, and the
//! clauses that the binder kept ([`bind::described`](super::bind::described)) are
//! printed: every column qualified, every cast written out, one line for each clause,
//! column and join. Names are those that the objects have now.
//!
//! What this does not print (aliases of joins, windows that refine others, GROUPING) is
//! refused; such a view is shown as it was written.

mod body;
mod call;
mod change;
mod from;
mod layout;
mod rule;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

pub use body::{qualified_source, sql_body};
use layout::{CLAUSE, Page, indented_cases};
pub use rule::rule_definition;

use super::bind::Binder;
use super::bind::described::{Body, Description, Key, Level, Plain, With, WrittenGroup, first_of};
use super::functions::EvalContext;
use super::ir::{ColumnId, Expr, ExprKind, OutputColumn, Subquery, SubqueryKind, visit};
use super::parse::NodeEnum;
use super::parse::ast::{
    CteMaterialize, GroupingSetKind, LimitOption, LockClauseStrength, LockWaitPolicy, Node,
    SelectStmt, SetOperation,
};
use crate::catalog::{Catalog, PolicyCondition, Relation, RelationKind, deparse, quote_identifier};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, SqlType, oid};

/// Stands for a subquery or a call until the expression around it is laid out.
const PLACE: &str = "printed_part_of_query_";

/// The text of a view's query, from a blank to the semicolon.
pub fn view_definition(
    eval: &EvalContext,
    relation: &Arc<Relation>,
    pretty: bool,
) -> Result<String> {
    let mut binder = Binder::with_fixed_params(eval, &[]);
    let (description, first) = binder.describe(relation)?;
    let names: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
    let printer = Printer {
        catalog: &eval.catalog,
        path: &eval.settings.search_path,
        description: &description,
        pretty,
        parameters: None,
    };
    let text = printer.query(first, &Names::default(), 0, Output::Named(&names))?;
    Ok(format!("{text};"))
}

/// A policy's condition, the columns of its own table without the table's name.
pub fn policy_condition(
    eval: &EvalContext,
    condition: &PolicyCondition,
    pretty: bool,
) -> Result<String> {
    let table = condition.query.names.iter().find_map(|name| eval.catalog.relation(name.oid));
    let table = table.ok_or_else(|| unprintable("a policy without a table"))?;
    let view = Relation { kind: RelationKind::View(condition.query.clone()), ..(**table).clone() };
    let mut binder = Binder::with_fixed_params(eval, &[]);
    let (description, first) = binder.describe(&Arc::new(view))?;
    let printer = Printer {
        catalog: &eval.catalog,
        path: &eval.settings.search_path,
        description: &description,
        pretty,
        parameters: None,
    };
    let level = description.level(first).ok_or_else(|| unprintable("this condition"))?;
    let Body::Plain(plain) = &level.body else { return Err(unprintable("this condition")) };
    let Some((_, expr)) = plain.targets.first() else { return Err(unprintable("nothing")) };
    let mut known = Names::default();
    printer.name_from(&level.select.from_clause, &plain.from, &mut known)?;
    printer.expr(expr, &known.bare(), 0)
}

/// How columns are called, those of outer levels included.
#[derive(Clone, Default)]
pub struct Names {
    columns: HashMap<ColumnId, Name>,
    /// What the items of FROM are called, by their first column.
    aliases: HashMap<ColumnId, String>,
    /// The names taken here and further out.
    used: Vec<String>,
    /// Where this level's names begin among those.
    own: usize,
}

#[derive(Clone)]
pub enum Name {
    /// The item of FROM, and the column.
    Column(String, String),
    /// The same, where the column's name says enough.
    Bare(String, String),
    /// An aggregate or window function, as it is written.
    Call(String),
}

impl Names {
    fn inside(&self) -> Names {
        let mut names = Names { own: self.used.len(), ..self.clone() };
        for name in names.columns.values_mut() {
            if let Name::Bare(item, column) = name {
                *name = Name::Column(std::mem::take(item), std::mem::take(column));
            }
        }
        names
    }

    /// The names without those of the items, which are written in subqueries only.
    fn bare(mut self) -> Names {
        for name in self.columns.values_mut() {
            if let Name::Column(item, column) = name {
                *name = Name::Bare(std::mem::take(item), std::mem::take(column));
            }
        }
        self
    }

    fn text(&self, id: ColumnId) -> Option<String> {
        Some(match self.columns.get(&id)? {
            Name::Column(item, column) => {
                format!("{}.{}", quote_identifier(item), quote_identifier(column))
            }
            Name::Bare(_, column) => quote_identifier(column),
            Name::Call(text) => text.clone(),
        })
    }

    fn is_call(&self, id: ColumnId) -> bool {
        matches!(self.columns.get(&id), Some(Name::Call(_)))
    }

    /// A name that nothing here or further out has.
    fn take(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 0;
        while self.used.contains(&name) {
            number += 1;
            name = format!("{wanted}_{number}");
        }
        self.used.push(name.clone());
        name
    }
}

pub struct Printer<'a> {
    pub catalog: &'a Catalog,
    pub path: &'a [Oid],
    description: &'a Description,
    pretty: bool,
    /// Of a function's body.
    parameters: Option<body::Parameters<'a>>,
}

/// What a query's columns are for.
#[derive(Clone, Copy)]
pub enum Output<'a> {
    /// They are called so.
    Named(&'a [&'a str]),
    /// Their names are those that the query gives them.
    Visible,
    /// Nobody sees their names.
    Hidden,
}

/// What is not printed.
fn unprintable(what: &str) -> Error {
    Error::unsupported(format!("printing {what}"))
}

impl Printer<'_> {
    /// A query, its output called `names` if these are given.
    pub fn query(
        &self,
        first: ColumnId,
        outer: &Names,
        indent: i32,
        names: Output<'_>,
    ) -> Result<String> {
        let level = self.description.level(first);
        let level = level.ok_or_else(|| unprintable("this query"))?;
        let mut page = Page::new(indent);
        let mut known = outer.inside();
        if let Body::Plain(plain) = &level.body {
            self.name_from(&level.select.from_clause, &plain.from, &mut known)?;
        }
        self.with(&level.with, &known, &mut page)?;
        match &level.body {
            Body::Plain(plain) => self.plain(level, plain, &mut known, names, &mut page)?,
            Body::Values(rows) => self.values(rows, outer, &mut page)?,
            Body::SetOperation { sides, keys } => {
                self.operation(level, *sides, outer, names, &mut page)?;
                self.order_by_position(keys, &mut page);
            }
        }
        self.limit(level, outer, &mut page)?;
        self.locks(&level.select, &known, &mut page);
        Ok(page.text)
    }

    fn with(&self, written: &With, outer: &Names, page: &mut Page) -> Result<()> {
        let Some(with) = &written.clause else { return Ok(()) };
        page.indent += CLAUSE;
        page.push(if with.recursive { " WITH RECURSIVE " } else { " WITH " });
        for (at, (node, first)) in with.ctes.iter().zip(&written.queries).enumerate() {
            let Some(NodeEnum::CommonTableExpr(cte)) = &node.node else { continue };
            if cte.search_clause.is_some() || cte.cycle_clause.is_some() {
                return Err(unprintable("SEARCH and CYCLE"));
            }
            page.push(if at == 0 { "" } else { ", " });
            page.push(&quote_identifier(&cte.ctename));
            if !cte.aliascolnames.is_empty() {
                page.push(&format!("({})", name_list(&cte.aliascolnames)));
            }
            page.push(match cte.ctematerialized() {
                CteMaterialize::Always => " AS MATERIALIZED (",
                CteMaterialize::Never => " AS NOT MATERIALIZED (",
                _ => " AS (",
            });
            page.line("", 0, 0, 0);
            let first = first.ok_or_else(|| unprintable("a query of WITH without columns"))?;
            let query = match self.description.changes.get(&first) {
                Some(change) => self.change(change, outer, page.indent, Output::Visible)?,
                None => self.query(first, outer, page.indent, Output::Visible)?,
            };
            page.push(&query);
            page.line("", 0, 0, 0);
            page.push(")");
        }
        page.indent -= CLAUSE;
        page.line("", 0, 0, 0);
        Ok(())
    }

    fn plain(
        &self,
        level: &Level,
        plain: &Plain,
        known: &mut Names,
        names: Output<'_>,
        page: &mut Page,
    ) -> Result<()> {
        page.indent += CLAUSE;
        page.push(" SELECT");
        let from = &level.select.from_clause;
        self.name_calls(plain, known, page.indent)?;
        let known = &*known;
        self.distinct(level, plain, known, page)?;
        self.targets(level, plain, known, names, page)?;
        if !from.is_empty() {
            page.line(" FROM ", -CLAUSE, CLAUSE, 2);
            self.from(from, &plain.from, known, page)?;
        }
        if let Some(condition) = &plain.condition {
            page.line(" WHERE ", -CLAUSE, CLAUSE, 1);
            let text = self.expr(condition, known, page.indent)?;
            page.push(&text);
        }
        if !level.select.group_clause.is_empty() {
            page.line(" GROUP BY ", -CLAUSE, CLAUSE, 1);
            let exprs = plain.group_by.iter();
            let texts: Result<Vec<String>> =
                exprs.map(|expr| self.sorted_by(expr, known, page.indent)).collect();
            let texts = texts?;
            page.push(if level.select.group_distinct { "DISTINCT " } else { "" });
            page.push(&match &plain.grouping_sets {
                Some(sets) => groups(sets, &texts, true),
                None => texts.join(", "),
            });
        }
        if let Some(having) = &plain.having {
            page.line(" HAVING ", -CLAUSE, CLAUSE, 0);
            let text = self.expr(having, known, page.indent)?;
            page.push(&text);
        }
        let windows = window_names(&level.select.window_clause);
        if !windows.is_empty() {
            page.line(" WINDOW ", -CLAUSE, CLAUSE, 1);
            let text = self.window_clause(&windows, plain, known, page.indent)?;
            page.push(&text);
        }
        if !plain.keys.is_empty() {
            page.line(" ORDER BY ", -CLAUSE, CLAUSE, 1);
            for (at, key) in plain.keys.iter().enumerate() {
                let (_, expr) = &plain.targets[key.target];
                let text = self.sorted_by(expr, known, page.indent)?;
                page.push(if at == 0 { "" } else { ", " });
                page.push(&text);
                page.push(direction(*key));
            }
        }
        Ok(())
    }

    fn distinct(&self, level: &Level, plain: &Plain, known: &Names, page: &mut Page) -> Result<()> {
        match &plain.distinct_on {
            Some(targets) => {
                let texts: Result<Vec<String>> = targets
                    .iter()
                    .map(|at| self.sorted_by(&plain.targets[*at].1, known, page.indent))
                    .collect();
                page.push(&format!(" DISTINCT ON ({})", texts?.join(", ")));
            }
            None if !level.select.distinct_clause.is_empty() => page.push(" DISTINCT"),
            None => {}
        }
        Ok(())
    }

    fn targets(
        &self,
        level: &Level,
        plain: &Plain,
        known: &Names,
        names: Output<'_>,
        page: &mut Page,
    ) -> Result<()> {
        let mut is_multiline = false;
        let visible = plain.targets.iter().take(plain.visible);
        for (at, ((_, expr), output)) in visible.zip(&level.output).enumerate() {
            page.push(if at == 0 { " " } else { ", " });
            let name = match names {
                Output::Named(names) => names.get(at).copied().unwrap_or(&output.name),
                Output::Visible | Output::Hidden => output.name.as_str(),
            };
            let is_hidden = matches!(names, Output::Hidden) && name == "?column?";
            let text = self.target(expr, name, is_hidden, known, page.indent)?;
            page.item(&text, at == 0 && !is_multiline);
            is_multiline = text.trim_start_matches('\n').contains('\n');
        }
        Ok(())
    }

    /// An expression with its name, unless it is a column that is called so.
    fn target(
        &self,
        expr: &Expr,
        name: &str,
        is_hidden: bool,
        known: &Names,
        indent: i32,
    ) -> Result<String> {
        let text = self.expr(expr, known, indent)?;
        let own = match expr.kind {
            ExprKind::Column(id) => known.columns.get(&id),
            _ => None,
        };
        let is_own = matches!(own, Some(Name::Column(_, column)) if column == name);
        Ok(match is_own || is_hidden {
            true => text,
            false => format!("{text} AS {}", quote_identifier(name)),
        })
    }

    fn values(&self, rows: &[Vec<Expr>], outer: &Names, page: &mut Page) -> Result<()> {
        page.indent += CLAUSE;
        page.push(" VALUES ");
        for (at, row) in rows.iter().enumerate() {
            let texts: Result<Vec<String>> =
                row.iter().map(|expr| self.expr(expr, outer, page.indent)).collect();
            page.push(if at == 0 { "(" } else { ", (" });
            page.push(&texts?.join(","));
            page.push(")");
        }
        Ok(())
    }

    fn operation(
        &self,
        level: &Level,
        sides: [ColumnId; 2],
        outer: &Names,
        names: Output<'_>,
        page: &mut Page,
    ) -> Result<()> {
        self.side(level, sides[0], true, outer, names, page)?;
        let word = match level.select.op() {
            SetOperation::SetopIntersect => "INTERSECT ",
            SetOperation::SetopExcept => "EXCEPT ",
            _ => "UNION ",
        };
        page.push(word);
        page.push(if level.select.all { "ALL " } else { "" });
        let names = if matches!(names, Output::Named(_)) { names } else { Output::Hidden };
        self.side(level, sides[1], false, outer, names, page)
    }

    /// One side of a set operation; nested operations stand in parentheses unless they
    /// are of the same kind and on the left.
    fn side(
        &self,
        above: &Level,
        first: ColumnId,
        is_left: bool,
        outer: &Names,
        names: Output<'_>,
        page: &mut Page,
    ) -> Result<()> {
        let level = self.description.level(first).ok_or_else(|| unprintable("this query"))?;
        let Body::SetOperation { sides, keys } = &level.body else {
            let in_parentheses = level.select.with_clause.is_some()
                || !level.select.sort_clause.is_empty()
                || !level.select.locking_clause.is_empty()
                || level.limit.is_some()
                || level.offset.is_some();
            if !is_left {
                page.line("", 0, 0, 0);
            }
            let query = self.query(first, outer, page.indent, names)?;
            page.push(&if in_parentheses { format!("({query})") } else { query });
            if is_left {
                page.line("", 0, 0, 0);
            }
            return Ok(());
        };
        if !keys.is_empty() || level.limit.is_some() || level.offset.is_some() {
            return Err(unprintable("an ordered set operation within another"));
        }
        let same = level.select.op == above.select.op && level.select.all == above.select.all;
        let in_parentheses = !is_left || !same;
        let step = if in_parentheses { CLAUSE } else { 0 };
        if in_parentheses {
            page.push("(");
        }
        if in_parentheses || !is_left {
            page.line("", step, 0, 0);
        }
        self.operation(level, *sides, outer, names, page)?;
        match (in_parentheses, is_left) {
            (true, true) => page.line(") ", -step, 0, 0),
            (false, true) => page.line("", 0, 0, 0),
            (true, false) => page.line(")", -step, 0, 0),
            (false, false) => {}
        }
        Ok(())
    }

    fn order_by_position(&self, keys: &[Key], page: &mut Page) {
        if keys.is_empty() {
            return;
        }
        page.line(" ORDER BY ", -CLAUSE, CLAUSE, 1);
        let texts: Vec<String> =
            keys.iter().map(|key| format!("{}{}", key.target + 1, direction(*key))).collect();
        page.push(&texts.join(", "));
    }

    fn limit(&self, level: &Level, outer: &Names, page: &mut Page) -> Result<()> {
        if let Some(offset) = &level.offset {
            page.line(" OFFSET ", -CLAUSE, CLAUSE, 0);
            let text = self.expr(written(offset), outer, page.indent)?;
            page.push(&text);
        }
        let Some(limit) = &level.limit else { return Ok(()) };
        let ties = level.select.limit_option() == LimitOption::WithTies;
        let text = self.expr(written(limit), outer, page.indent)?;
        let text = if ties { format!("({text})") } else { text };
        page.line(if ties { " FETCH FIRST " } else { " LIMIT " }, -CLAUSE, CLAUSE, 0);
        page.push(&text);
        page.push(if ties { " ROWS WITH TIES" } else { "" });
        Ok(())
    }

    fn locks(&self, select: &SelectStmt, known: &Names, page: &mut Page) {
        for node in &select.locking_clause {
            let Some(NodeEnum::LockingClause(clause)) = &node.node else { continue };
            let word = match clause.strength() {
                LockClauseStrength::LcsForkeyshare => " FOR KEY SHARE",
                LockClauseStrength::LcsForshare => " FOR SHARE",
                LockClauseStrength::LcsFornokeyupdate => " FOR NO KEY UPDATE",
                _ => " FOR UPDATE",
            };
            let wait = match clause.wait_policy() {
                LockWaitPolicy::LockWaitError => " NOWAIT",
                LockWaitPolicy::LockWaitSkip => " SKIP LOCKED",
                _ => "",
            };
            let named: Vec<&str> = clause
                .locked_rels
                .iter()
                .filter_map(|node| match &node.node {
                    Some(NodeEnum::RangeVar(table)) => Some(table.relname.as_str()),
                    _ => None,
                })
                .collect();
            let own = known.used[known.own..].iter().map(String::as_str);
            for name in own.filter(|name| named.is_empty() || named.contains(name)) {
                page.line(word, -CLAUSE, CLAUSE, 0);
                page.push(&format!(" OF {}{wait}", quote_identifier(name)));
            }
        }
    }

    /// An expression of a query whose lines are indented so far.
    pub fn expr(&self, expr: &Expr, known: &Names, indent: i32) -> Result<String> {
        self.expr_in_place(expr, known, indent, false)
    }

    /// A value for a column: its coercion to the column's type goes without saying.
    fn assigned(&self, expr: &Expr, known: &Names, indent: i32) -> Result<String> {
        self.expr_in_place(expr, known, indent, true)
    }

    fn expr_in_place(
        &self,
        expr: &Expr,
        known: &Names,
        indent: i32,
        is_assigned: bool,
    ) -> Result<String> {
        let decided;
        let expr = match expr.ty.oid {
            oid::UNKNOWN => {
                decided = Expr { ty: SqlType::new(oid::TEXT), ..expr.clone() };
                &decided
            }
            _ => expr,
        };
        let mut has_grouping = false;
        let mut look = |inner: &Expr| has_grouping |= matches!(inner.kind, ExprKind::Grouping(_));
        visit::each_in_expr(expr, &mut look, &mut |_| {});
        if has_grouping {
            return Err(unprintable("GROUPING"));
        }
        let failed = RefCell::new(None);
        let parts: RefCell<Vec<String>> = RefCell::default();
        // Parts that are laid out already stand apart until the rest is.
        let place = |text: String| {
            let mut parts = parts.borrow_mut();
            parts.push(text);
            format!("{PLACE}{}_", parts.len() - 1)
        };
        let name = |id: ColumnId| {
            let text = known.text(id);
            if text.is_none() {
                failed.borrow_mut().get_or_insert(unprintable("a column of this query"));
            }
            match known.is_call(id) {
                true => text.map(&place),
                false => text,
            }
        };
        let subquery = |subquery: &Subquery| {
            self.subquery(subquery, known, indent, &place).unwrap_or_else(|error| {
                failed.borrow_mut().get_or_insert(error);
                String::new()
            })
        };
        let is_qualified = !known.used.is_empty();
        let parameter = |at: usize| self.parameters.as_ref()?.name(at, is_qualified);
        let names = deparse::QueryNames {
            column: &name,
            subquery: &subquery,
            parameter: &parameter,
            is_assigned,
        };
        let text = deparse::query_expression(expr, &names, self.catalog);
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        let shown = deparse::display(self.catalog, self.path, &text);
        let shown = if self.pretty { deparse::pretty(&shown) } else { shown };
        let mut shown = indented_cases(&shown, indent);
        for (at, part) in parts.into_inner().iter().enumerate().rev() {
            shown = shown.replace(&format!("{PLACE}{at}_"), part);
        }
        Ok(shown)
    }

    /// An expression in GROUP BY, ORDER BY or DISTINCT ON.
    pub fn sorted_by(&self, expr: &Expr, known: &Names, indent: i32) -> Result<String> {
        let text = self.expr(expr, known, indent)?;
        let is_call = match expr.kind {
            ExprKind::Call(_) => !text.starts_with('('),
            ExprKind::Column(id) => known.is_call(id),
            _ => false,
        };
        let is_name = matches!(expr.kind, ExprKind::Column(_)) && !is_call;
        let in_parentheses = is_call || self.pretty && !is_name;
        Ok(if in_parentheses { format!("({text})") } else { text })
    }

    fn subquery(
        &self,
        subquery: &Subquery,
        known: &Names,
        indent: i32,
        place: &dyn Fn(String) -> String,
    ) -> Result<String> {
        let first = first_of(&subquery.query);
        let first = first.ok_or_else(|| unprintable("a subquery without columns"))?;
        let query = self.query(first, known, indent, Output::Hidden)?;
        Ok(match &subquery.kind {
            SubqueryKind::Scalar => place(format!("({query})")),
            SubqueryKind::Array => place(format!("ARRAY({query})")),
            SubqueryKind::Exists => place(format!("(EXISTS ({query}))")),
            SubqueryKind::Quantified { test, all } => {
                let (left, operator) = self.tested(test, known, indent)?;
                match (operator.as_str(), all) {
                    ("=", false) => place(format!("({left} IN ({query}))")),
                    ("<>", true) => format!("(NOT {})", place(format!("({left} IN ({query}))"))),
                    (operator, false) => place(format!("({left} {operator} ANY ({query}))")),
                    (operator, true) => place(format!("({left} {operator} ALL ({query}))")),
                }
            }
        })
    }

    /// The left side of a quantified comparison, and its operator.
    fn tested(&self, test: &Expr, known: &Names, indent: i32) -> Result<(String, String)> {
        let calls: Vec<&Expr> = match &test.kind {
            ExprKind::And(tests) | ExprKind::Or(tests) => tests.iter().collect(),
            _ => vec![test],
        };
        let mut sides = Vec::with_capacity(calls.len());
        let mut operator = String::new();
        for call in calls {
            let ExprKind::Call(call) = &call.kind else { return Err(unprintable("a comparison")) };
            let [left, _] = call.args.as_slice() else {
                return Err(unprintable("a comparison of rows"));
            };
            sides.push(self.expr(left, known, indent)?);
            let found = self.catalog.operators().find(|o| o.function == call.function.oid);
            let found = found.ok_or_else(|| unprintable("a comparison without operator"))?;
            operator.clone_from(&found.name);
        }
        let left = match sides.as_slice() {
            [only] => only.clone(),
            _ => format!("({})", sides.join(", ")),
        };
        Ok((left, operator))
    }
}

fn window_names(clause: &[Node]) -> Vec<String> {
    let name = |node: &Node| match &node.node {
        Some(NodeEnum::WindowDef(window)) => Some(window.name.clone()),
        _ => None,
    };
    clause.iter().filter_map(name).collect()
}

/// Items of GROUP BY; one expression needs no parentheses but in GROUPING SETS.
fn groups(items: &[WrittenGroup], texts: &[String], bare: bool) -> String {
    let text = |at: &usize| texts.get(*at).map_or("", String::as_str);
    let item = |item: &WrittenGroup| match item {
        WrittenGroup::Columns(columns) if bare && columns.len() == 1 => {
            text(&columns[0]).to_owned()
        }
        WrittenGroup::Columns(columns) => {
            format!("({})", columns.iter().map(text).collect::<Vec<_>>().join(", "))
        }
        WrittenGroup::Sets(GroupingSetKind::GroupingSetRollup, items) => {
            format!("ROLLUP({})", groups(items, texts, true))
        }
        WrittenGroup::Sets(GroupingSetKind::GroupingSetCube, items) => {
            format!("CUBE({})", groups(items, texts, true))
        }
        WrittenGroup::Sets(_, items) => format!("GROUPING SETS ({})", groups(items, texts, false)),
    };
    items.iter().map(item).collect::<Vec<_>>().join(", ")
}

/// What was written where a bigint is wanted.
pub fn written(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Call(call) => match call.args.as_slice() {
            [only] if matches!(only.kind, ExprKind::Const(_)) && expr.ty.oid == oid::INT8 => only,
            _ => expr,
        },
        _ => expr,
    }
}

fn direction(key: Key) -> &'static str {
    match (key.descending, key.nulls_first) {
        (false, false) => "",
        (false, true) => " NULLS FIRST",
        (true, true) => " DESC",
        (true, false) => " DESC NULLS LAST",
    }
}

pub fn name_list(nodes: &[Node]) -> String {
    let names: Vec<String> = nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::String(name)) => Some(quote_identifier(&name.sval)),
            _ => None,
        })
        .collect();
    names.join(", ")
}

/// The names of columns that a list of aliases renames from the left.
pub fn renamed(columns: &[OutputColumn], aliases: &[Node]) -> Vec<String> {
    let aliases: Vec<&str> = aliases
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::String(name)) => Some(name.sval.as_str()),
            _ => None,
        })
        .collect();
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| (*aliases.get(at).unwrap_or(&column.name.as_str())).to_owned())
        .collect()
}
