//! Physical plans as PostgreSQL's plan nodes.

use std::sync::Arc;
use std::time::Duration;

use datafusion::common::JoinType;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::union::UnionExec;

use super::expression::Names;
use crate::catalog::quote_identifier;
use crate::sql::plan::operator::{self, Scanned};
use crate::sql::plan::tuple_sort::TupleSort;
use crate::table::scan::{Access, TableScan};

/// Bytes of a column whose type does not say.
const COLUMN_BYTES: usize = 8;
/// PostgreSQL's cost constants.
pub(super) const TUPLE_COST: f64 = 0.01;
const OPERATOR_COST: f64 = 0.0025;
const RANDOM_PAGE_COST: f64 = 4.0;
const PAGE_ROWS: f64 = 100.0;
/// The share of rows that a condition is assumed to keep.
const SELECTIVITY: f64 = 1.0 / 3.0;
/// Rows assumed where nothing is known.
pub(super) const ROWS_DEFAULT: f64 = 1_000.0;

/// One node as EXPLAIN shows it.
#[derive(Debug, Default)]
pub struct Node {
    /// `Node Type` in the structured formats.
    pub kind: String,
    /// The first line in the text format.
    pub title: String,
    /// Further lines: `Filter: …`.
    pub properties: Vec<(String, Property)>,
    pub cost: Cost,
    pub actual: Option<Actual>,
    pub children: Vec<Node>,
}

#[derive(Debug)]
pub enum Property {
    /// In every format.
    Shown(String),
    /// A list, joined by commas in text.
    List(Vec<String>),
    /// Only in the structured formats: it is part of the title.
    Titled(String),
    /// Only in the text format: a line of its own.
    Line(String),
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub startup: f64,
    pub total: f64,
    pub rows: f64,
    pub width: usize,
}

#[derive(Clone, Copy, Debug)]
pub struct Actual {
    pub rows: usize,
    pub time: Duration,
}

impl Node {
    pub fn new(kind: impl Into<String>, title: impl Into<String>) -> Node {
        Node { kind: kind.into(), title: title.into(), ..Node::default() }
    }

    /// In a statement that changes rows the one table that is left of a family is
    /// numbered, too.
    pub fn number_alone(&mut self, family: &str) {
        if self.kind.ends_with("Scan")
            && self.title.ends_with(&format!(" {family}"))
            && self.title.matches(' ').count() > 3 - usize::from(self.kind == "Seq Scan")
        {
            self.title.push_str("_1");
        }
        self.children.iter_mut().for_each(|child| child.number_alone(family));
    }

    /// The scans of a family of tables: `p1 p_1`.
    pub fn scans(&self, family: &str, found: &mut Vec<String>) {
        let words: Vec<&str> = self.title.rsplitn(3, ' ').collect();
        if let [alias, table, _] = words.as_slice()
            && self.kind.ends_with("Scan")
            && (alias == &family || alias.rsplit_once('_').is_some_and(|(name, _)| name == family))
        {
            found.push(format!("{table} {alias}"));
        }
        self.children.iter().for_each(|child| child.scans(family, found));
    }

    fn simple(kind: &str) -> Node {
        Node::new(kind, kind)
    }

    pub fn text(&mut self, name: &str, value: &str) {
        self.properties.push((name.into(), Property::Titled(value.into())));
    }

    pub fn show(&mut self, name: &str, value: String) {
        self.properties.push((name.into(), Property::Shown(value)));
    }

    pub fn list(&mut self, name: &str, values: Vec<String>) {
        if !values.is_empty() {
            self.properties.push((name.into(), Property::List(values)));
        }
    }
}

/// Reads a physical plan.
pub fn read(plan: &Arc<dyn ExecutionPlan>, names: &Names, analyze: bool) -> Node {
    let mut node = Reader { names, analyze }.node(plan);
    if node.cost.width == 0 {
        node.cost.width = width(plan);
    }
    node
}

struct Reader<'a> {
    names: &'a Names,
    analyze: bool,
}

impl Reader<'_> {
    fn node(&self, plan: &Arc<dyn ExecutionPlan>) -> Node {
        let any: &dyn ExecutionPlan = plan.as_ref();
        let any: &dyn std::any::Any = any;
        if let Some(filter) = any.downcast_ref::<FilterExec>() {
            return self.filter(filter, plan);
        }
        let mut node = if let Some(scan) = any.downcast_ref::<TableScan>() {
            self.scan(scan)
        } else if let Some(sort) = any.downcast_ref::<SortExec>() {
            self.sort(sort)
        } else if let Some(sort) = any.downcast_ref::<TupleSort>().and_then(TupleSort::sort) {
            self.sort(sort)
        } else if let Some(join) = any.downcast_ref::<HashJoinExec>() {
            self.hash_join(join)
        } else if let Some(join) = any.downcast_ref::<NestedLoopJoinExec>() {
            let join_type = *join.join_type();
            let mut node = self.join("Nested Loop", join_type, join.left(), join.right());
            if let Some(filter) = join.filter() {
                node.show("Join Filter", self.names.physical(filter.expression()));
            }
            node
        } else if let Some(join) = any.downcast_ref::<CrossJoinExec>() {
            self.join("Nested Loop", JoinType::Inner, join.left(), join.right())
        } else if let Some(aggregate) = any.downcast_ref::<AggregateExec>() {
            if *aggregate.mode() == AggregateMode::Partial {
                return self.node(aggregate.input());
            }
            self.aggregate(aggregate)
        } else if let Some(limit) = any.downcast_ref::<GlobalLimitExec>() {
            self.limit(limit.input(), limit.fetch())
        } else if let Some(limit) = any.downcast_ref::<LocalLimitExec>() {
            self.limit(limit.input(), Some(limit.fetch()))
        } else if any.is::<UnionExec>() || plan.name() == "Append" {
            return self.append(plan);
        } else {
            return self.other(plan);
        };
        self.measure(&mut node, plan);
        node
    }

    /// Nodes of ours by their names; DataFusion's plumbing is left out.
    fn other(&self, plan: &Arc<dyn ExecutionPlan>) -> Node {
        let children = plan.children();
        let name = plan.name();
        let is_plumbing = name.ends_with("Exec") || name == "Gather";
        if let ([child], true) = (&children[..], is_plumbing) {
            let mut node = self.node(child);
            self.show_output(&mut node, plan);
            return node;
        }
        let mut node = match is_plumbing {
            true => Node::simple("Result"),
            false => Node::simple(name),
        };
        if let Some(nearest) = operator::nearest(plan.as_ref()) {
            let mut node = super::nearest::node(nearest, self.names, self.analyze);
            let (actual, children) = (node.actual, node.children);
            node.children = Vec::new();
            self.measure(&mut node, plan);
            // What the search itself has measured says more.
            node.actual = actual.or(node.actual);
            node.children = children;
            return node;
        }
        if name == "Result" || name == "EmptyExec" {
            node = nothing();
        }
        if let Some((scanned, rows)) = operator::scanned(plan.as_ref()) {
            return self.rows_scan(scanned, rows, plan);
        }
        node.children = children.into_iter().map(|child| self.node(child)).collect();
        node.cost = match node.children.first() {
            Some(child) => {
                Cost { total: child.cost.total + child.cost.rows * TUPLE_COST, ..child.cost }
            }
            None => Cost { rows: 1.0, total: TUPLE_COST, ..Cost::default() },
        };
        self.measure(&mut node, plan);
        node
    }

    /// Rows that are known when the plan is made: those of a system relation.
    fn rows_scan(
        &self,
        scanned: &Scanned,
        rows: Option<usize>,
        plan: &Arc<dyn ExecutionPlan>,
    ) -> Node {
        let (name, alias) = (quote_identifier(&scanned.name), quote_identifier(&scanned.alias));
        let mut title = match self.names.verbose {
            true => format!("{} on {}.{name}", plan.name(), quote_identifier(&scanned.schema)),
            false => format!("{} on {name}", plan.name()),
        };
        if name != alias {
            title.push_str(&format!(" {alias}"));
        }
        let mut node = Node::new(plan.name(), title);
        node.text("Relation Name", &scanned.name);
        if self.names.verbose {
            node.text("Schema", &scanned.schema);
        }
        node.text("Alias", &scanned.alias);
        let rows = rows.map_or(ROWS_DEFAULT, |rows| rows as f64);
        let total = rows * TUPLE_COST + (rows / PAGE_ROWS).ceil();
        node.cost = Cost { startup: 0.0, total, rows: rows.max(1.0), width: 0 };
        self.measure(&mut node, plan);
        node
    }

    /// A filter belongs to the node whose rows it keeps.
    fn filter(&self, filter: &FilterExec, plan: &Arc<dyn ExecutionPlan>) -> Node {
        let mut node = self.node(filter.input());
        if node.kind == "Result" && node.children.is_empty() {
            return node;
        }
        node.show("Filter", self.names.physical(filter.predicate()));
        node.cost.total += node.cost.rows * OPERATOR_COST;
        node.cost.rows = (node.cost.rows * SELECTIVITY).max(1.0);
        self.measure(&mut node, plan);
        // A limit right above is the filter's.
        match filter.fetch() {
            Some(fetch) => {
                let mut limit = Node::simple("Limit");
                limit.cost = Cost { rows: node.cost.rows.min(fetch as f64), ..node.cost };
                limit.actual = node.actual;
                limit.children.push(node);
                limit
            }
            None => node,
        }
    }

    fn scan(&self, scan: &TableScan) -> Node {
        let spec = scan.spec();
        let table = scan.table_name();
        let alias = scan.alias().unwrap_or(table);
        let known = self.names.table(spec.table);
        let own =
            known.as_ref().map_or_else(|| table.to_owned(), |(info, _)| self.names.relation(info));
        let named = match alias == table {
            true => own,
            false => format!("{own} {}", quote_identifier(alias)),
        };
        let prefix = match self.names.verbose {
            true => format!("{}.", quote_identifier(alias)),
            false => String::new(),
        };
        let schema = match (&known, self.names.verbose) {
            (Some((info, _)), true) => Some(self.names.schema(info)),
            _ => None,
        };
        let conditions = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            spec.filters
                .iter()
                .filter(|filter| {
                    let columns = filter.column_refs();
                    columns.iter().any(|column| wanted(&column.name))
                })
                .map(|filter| match &known {
                    Some((info, _)) => self.names.stored(filter, info, &prefix),
                    None => filter.to_string(),
                })
                .collect()
        };
        let rows = known.as_ref().map_or(ROWS_DEFAULT, |(_, rows)| *rows as f64);
        let mut node = match &spec.access {
            Access::Sequential(_) => {
                let mut node = Node::new("Seq Scan", format!("Seq Scan on {named}"));
                node.text("Relation Name", table);
                schema.iter().for_each(|schema| node.text("Schema", schema));
                node.text("Alias", alias);
                let filters = conditions(&|_| true);
                let kept = scan.estimated_rows().map_or(rows, |rows| rows as f64);
                if !filters.is_empty() {
                    node.show("Filter", all_of(filters));
                }
                let total = rows * TUPLE_COST + (rows / PAGE_ROWS).ceil();
                node.cost = Cost { startup: 0.0, total, rows: kept.max(1.0), width: 0 };
                node
            }
            Access::Index(access) if access.bitmap => {
                let mut node = super::bitmap::scan(access, (table, alias, &named));
                let rest = conditions(&|_| true);
                if !rest.is_empty() {
                    node.show("Filter", all_of(rest));
                }
                node
            }
            Access::Index(access) => {
                let index = &access.index_name;
                let title = format!("Index Scan using {index} on {named}");
                let mut node = Node::new("Index Scan", title);
                node.text("Scan Direction", "Forward");
                node.text("Index Name", index);
                node.text("Relation Name", table);
                schema.iter().for_each(|schema| node.text("Schema", schema));
                node.text("Alias", alias);
                let is_bound = |name: &str| {
                    access.bound_columns.iter().any(|column| format!("a{column}") == *name)
                };
                let mut bound = conditions(&is_bound);
                bound.extend(access.conditions.iter().cloned());
                // Of a partial index all of it may be read.
                if !bound.is_empty() {
                    node.show("Index Cond", all_of(bound));
                }
                let mut rest = conditions(&|name| !is_bound(name));
                // What the index was asked for is no column's comparison.
                if !access.conditions.is_empty() {
                    rest.retain(|shown| !shown.starts_with("expression_"));
                }
                if !rest.is_empty() {
                    node.show("Filter", all_of(rest));
                }
                let rows = access.rows.rids.len() as f64;
                let total = rows * (RANDOM_PAGE_COST + TUPLE_COST) + RANDOM_PAGE_COST;
                node.cost = Cost { startup: 0.15, total, rows: rows.max(1.0), width: 0 };
                node
            }
        };
        if let (Some((info, _)), true) = (&known, self.names.verbose) {
            let output = self.names.stored_columns(&scan.schema(), info, alias);
            node.properties.insert(0, ("Output".into(), Property::List(output)));
        }
        node.cost.width = spec.projection.len() * COLUMN_BYTES;
        node
    }

    /// VERBOSE: what a projection over a node makes of its rows is what the node gives.
    fn show_output(&self, node: &mut Node, plan: &Arc<dyn ExecutionPlan>) {
        let any: &dyn std::any::Any = plan.as_ref();
        let Some(projection) = any.downcast_ref::<ProjectionExec>() else { return };
        if !self.names.verbose || node.kind == "Append" {
            return;
        }
        let exprs = projection.expr().iter().map(|projected| &projected.expr);
        if let Some(output) = self.names.output(exprs) {
            node.properties.retain(|(name, _)| name != "Output");
            node.properties.insert(0, ("Output".into(), Property::List(output)));
        }
    }

    fn sort(&self, sort: &SortExec) -> Node {
        let mut node = Node::simple("Sort");
        let keys = sort.expr().iter().map(|key| {
            let name = self.names.physical(&key.expr);
            let nulls = match (key.options.descending, key.options.nulls_first) {
                (false, true) => " NULLS FIRST",
                (true, false) => " NULLS LAST",
                _ => "",
            };
            format!("{name}{}{nulls}", if key.options.descending { " DESC" } else { "" })
        });
        node.list("Sort Key", keys.collect());
        let child = self.node(sort.input());
        let rows = child.cost.rows;
        let startup = child.cost.total + rows * rows.max(2.0).log2() * OPERATOR_COST * 2.0;
        node.cost = Cost { startup, total: startup + rows * OPERATOR_COST, ..child.cost };
        node.children.push(child);
        match sort.fetch() {
            Some(fetch) => {
                let mut limit = Node::simple("Limit");
                limit.cost = Cost { rows: node.cost.rows.min(fetch as f64), ..node.cost };
                limit.children.push(node);
                limit
            }
            None => node,
        }
    }

    fn limit(&self, input: &Arc<dyn ExecutionPlan>, fetch: Option<usize>) -> Node {
        let mut node = Node::simple("Limit");
        let child = self.node(input);
        if child.kind == "Limit" {
            return child;
        }
        let rows = fetch.map_or(child.cost.rows, |fetch| child.cost.rows.min(fetch as f64));
        let share = rows / child.cost.rows.max(1.0);
        let total = child.cost.startup + (child.cost.total - child.cost.startup) * share;
        node.cost = Cost { rows, total, ..child.cost };
        node.children.push(child);
        node
    }

    fn hash_join(&self, join: &HashJoinExec) -> Node {
        // DataFusion builds the hash table of its left input; PostgreSQL shows
        // the probing side first and a Hash node over the other.
        let mut node = self.join("Hash Join", join.join_type().swap(), join.right(), join.left());
        let keys = join.on().iter().map(|(left, right)| {
            format!("({} = {})", self.names.physical(right), self.names.physical(left))
        });
        node.show("Hash Cond", all_of(keys.collect()));
        if let Some(filter) = join.filter() {
            node.show("Join Filter", self.names.physical(filter.expression()));
        }
        if let Some(built) = node.children.pop() {
            let mut hash = Node::simple("Hash");
            hash.cost = Cost { startup: built.cost.total, ..built.cost };
            hash.actual = built.actual;
            hash.children.push(built);
            node.children.push(hash);
        }
        node
    }

    fn join(
        &self,
        method: &str,
        join_type: JoinType,
        outer: &Arc<dyn ExecutionPlan>,
        inner: &Arc<dyn ExecutionPlan>,
    ) -> Node {
        let name = match join_type {
            JoinType::Inner => "Inner",
            JoinType::Left => "Left",
            JoinType::Right => "Right",
            JoinType::Full => "Full",
            JoinType::LeftSemi | JoinType::RightSemi => "Semi",
            JoinType::LeftAnti | JoinType::RightAnti => "Anti",
            _ => "Semi",
        };
        let stem = method.trim_end_matches(" Join");
        let title = match join_type {
            JoinType::Inner => method.to_owned(),
            _ => format!("{stem} {name} Join"),
        };
        let mut node = Node::new(method, title);
        node.text("Join Type", name);
        let (outer, inner) = (self.node(outer), self.node(inner));
        let is_hash = method == "Hash Join";
        let rows = match is_hash {
            true => outer.cost.rows.max(inner.cost.rows),
            false => outer.cost.rows * inner.cost.rows,
        };
        let pairs = if is_hash { outer.cost.rows + inner.cost.rows } else { rows };
        let startup = if is_hash { inner.cost.total } else { 0.0 };
        node.cost = Cost {
            startup,
            total: outer.cost.total + inner.cost.total + pairs * TUPLE_COST,
            rows,
            width: outer.cost.width + inner.cost.width,
        };
        node.children = vec![outer, inner];
        node
    }

    fn aggregate(&self, aggregate: &AggregateExec) -> Node {
        let groups: Vec<String> = aggregate
            .group_expr()
            .expr()
            .iter()
            .map(|(expr, _)| self.names.physical(expr))
            .collect();
        let title = if groups.is_empty() { "Aggregate" } else { "HashAggregate" };
        let mut node = Node::new("Aggregate", title);
        node.text("Strategy", if groups.is_empty() { "Plain" } else { "Hashed" });
        node.list("Group Key", groups.clone());
        let child = self.node(aggregate.input());
        let rows = if groups.is_empty() { 1.0 } else { (child.cost.rows / 10.0).clamp(1.0, 200.0) };
        let startup = child.cost.total + child.cost.rows * OPERATOR_COST;
        node.cost =
            Cost { startup, total: startup + rows * TUPLE_COST, rows, width: child.cost.width };
        node.children.push(child);
        node
    }

    fn append(&self, plan: &Arc<dyn ExecutionPlan>) -> Node {
        let mut children: Vec<Node> = plan
            .children()
            .into_iter()
            .filter(|child| !is_excluded(child))
            .map(|child| self.node(child))
            .collect();
        renumber(&mut children);
        match children.len() {
            0 => return nothing(),
            1 => return children.remove(0),
            _ => {}
        }
        let mut node = Node::simple("Append");
        node.children = children;
        node.cost = Cost {
            startup: 0.0,
            total: node.children.iter().map(|child| child.cost.total).sum(),
            rows: node.children.iter().map(|child| child.cost.rows).sum(),
            width: node.children.first().map_or(0, |child| child.cost.width),
        };
        self.measure(&mut node, plan);
        node
    }

    fn measure(&self, node: &mut Node, plan: &Arc<dyn ExecutionPlan>) {
        if node.cost.width == 0 {
            node.cost.width = width(plan);
        }
        if !self.analyze {
            return;
        }
        let metrics = plan.metrics();
        let rows = metrics.as_ref().and_then(|metrics| metrics.output_rows()).unwrap_or(0);
        let own = metrics.and_then(|metrics| metrics.elapsed_compute()).unwrap_or(0);
        let below = node.children.iter().filter_map(|child| child.actual).map(|a| a.time);
        let time = Duration::from_nanos(own as u64) + below.sum::<Duration>();
        node.actual = Some(Actual { rows, time });
    }
}

fn width(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let schema = plan.schema();
    let widths = schema
        .fields()
        .iter()
        .map(|field| field.data_type().primitive_width().unwrap_or(COLUMN_BYTES * 4));
    widths.sum()
}

/// Whether a part of an Append was found to have no rows.
fn is_excluded(plan: &Arc<dyn ExecutionPlan>) -> bool {
    match &plan.children()[..] {
        [] => plan.name() == "EmptyExec",
        [child] if plan.name().ends_with("Exec") => is_excluded(child),
        _ => false,
    }
}

/// The tables of a family are numbered by those that are left; one alone has the
/// name of the family.
fn renumber(children: &mut [Node]) {
    let alone = children.len() == 1;
    for (node, number) in children.iter_mut().zip(1..) {
        let Some((title, alias)) = node.title.rsplit_once(' ') else { continue };
        let Some((name, digits)) = alias.rsplit_once('_') else { continue };
        let is_numbered = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_numbered || !node.kind.ends_with("Scan") {
            continue;
        }
        let table = title.rsplit_once(' ').map_or("", |(_, table)| table);
        let new = if alone { name.to_owned() } else { format!("{name}_{number}") };
        node.title = match table == new {
            true => title.to_owned(),
            false => format!("{title} {new}"),
        };
        for (name, property) in &mut node.properties {
            if name == "Alias" {
                *property = Property::Titled(new.clone());
            }
        }
    }
}

/// Where no part is left.
fn nothing() -> Node {
    let mut node = Node::simple("Result");
    node.show("One-Time Filter", "false".to_owned());
    node
}

/// Conditions as PostgreSQL joins them.
fn all_of(mut conditions: Vec<String>) -> String {
    match conditions.len() {
        1 => conditions.remove(0),
        _ => format!("({})", conditions.join(" AND ")),
    }
}
