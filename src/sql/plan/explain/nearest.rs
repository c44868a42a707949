//! Rows that come nearest first, as PostgreSQL prints a scan of a vector index: one scan for
//! each table, merged where there are several; where no index is used, a sort.
//!
//! ```text
//! Index Scan using t_v_idx on t
//!   Order By: (v <-> '[3,1,2]'::vector)
//!   Ef Search: 40                            VERBOSE
//!   Search Strategy: graph                   ANALYZE
//!   Distance Evaluations: 812                ANALYZE
//! ```

use super::expression::Names;
use super::tree::{Actual, Cost, Node, ROWS_DEFAULT, TUPLE_COST};
use crate::catalog::quote_identifier;
use crate::index::IVFFLAT;
use crate::index::vector::Method;
use crate::sql::plan::nearest::{NearestRows, Source};
use crate::table::nearest::{Report, Strategy};

/// What the steps of a search cost, as EXPLAIN estimates it.
const SEARCH_COST: f64 = 8.0;
const FETCH_COST: f64 = 4.0;

pub fn node(nearest: &NearestRows, names: &Names, analyze: bool) -> Node {
    let reports = nearest.reports();
    let mut children: Vec<Node> = nearest
        .sources()
        .iter()
        .enumerate()
        .map(|(at, source)| {
            let report = reports.get(at).filter(|_| analyze);
            of_source(nearest, source, names, report)
        })
        .collect();
    if children.len() == 1 {
        return children.remove(0);
    }
    let mut node = Node::new("Merge Append", "Merge Append");
    node.list("Sort Key", vec![order_by(nearest, &nearest.sources()[0], names)]);
    node.cost = Cost {
        startup: children.iter().map(|child| child.cost.startup).sum(),
        total: children.iter().map(|child| child.cost.total).sum(),
        rows: children.iter().map(|child| child.cost.rows).sum(),
        width: children.first().map_or(0, |child| child.cost.width),
    };
    node.children = children;
    node
}

fn order_by(nearest: &NearestRows, source: &Source, names: &Names) -> String {
    let prefix = match names.verbose {
        true => {
            let name = source.alias.as_deref().unwrap_or_else(|| source.info.name());
            format!("{}.", quote_identifier(name))
        }
        false => String::new(),
    };
    nearest.order_by().map_or_else(String::new, |expr| names.over(expr, &source.info, &prefix))
}

fn of_source(
    nearest: &NearestRows,
    source: &Source,
    names: &Names,
    report: Option<&(Report, usize)>,
) -> Node {
    let table = source.info.name();
    let alias = source.alias.as_deref().unwrap_or(table);
    let own = names.relation(&source.info);
    let named = match alias == table {
        true => own,
        false => format!("{own} {}", quote_identifier(alias)),
    };
    let all = names.table(source.info.oid()).map_or(ROWS_DEFAULT, |(_, rows)| rows as f64);
    let rows = nearest.fetch().map_or(all, |fetch| all.min(fetch as f64)).max(1.0);
    let distance = order_by(nearest, source, names);
    let mut node = match &source.index {
        Some(index) => {
            let title = format!("Index Scan using {} on {named}", quote_identifier(index.name()));
            let mut node = Node::new("Index Scan", title);
            node.text("Scan Direction", "Forward");
            node.text("Index Name", index.name());
            about_table(&mut node, source, names, alias);
            node.show("Order By", distance);
            let settings = nearest.settings();
            if names.verbose {
                match index.access_method == IVFFLAT {
                    true => node.show("Probes", settings.probes.to_string()),
                    false => node.show("Ef Search", settings.ef_search.to_string()),
                }
            }
            let total = SEARCH_COST + rows * FETCH_COST;
            node.cost = Cost { startup: SEARCH_COST, total, rows, width: 0 };
            node
        }
        None => {
            let mut scan = Node::new("Seq Scan", format!("Seq Scan on {named}"));
            about_table(&mut scan, source, names, alias);
            let total = all * TUPLE_COST * 2.0;
            scan.cost = Cost { startup: 0.0, total, rows: all.max(1.0), width: 0 };
            let mut node = Node::new("Sort", "Sort");
            node.list("Sort Key", vec![distance]);
            node.cost = Cost { startup: total, total: total + rows * TUPLE_COST, rows, width: 0 };
            node.children.push(scan);
            node
        }
    };
    if let Some((report, found)) = report {
        if report.removed > 0 {
            node.show("Rows Removed by Filter", report.removed.to_string());
        }
        node.show("Search Strategy", strategy(report.strategy));
        node.show("Distance Evaluations", report.evaluations.to_string());
        if report.fresh > 0 {
            node.show("Unlinked Values", report.fresh.to_string());
        }
        node.actual = Some(Actual { rows: *found, time: report.time });
        for child in &mut node.children {
            let rows = (report.evaluations + report.removed) as usize;
            child.actual = Some(Actual { rows, time: report.time });
        }
    }
    node
}

fn about_table(node: &mut Node, source: &Source, names: &Names, alias: &str) {
    node.text("Relation Name", source.info.name());
    if names.verbose {
        node.text("Schema", &names.schema(&source.info));
    }
    node.text("Alias", alias);
}

fn strategy(strategy: Strategy) -> String {
    let name = |method: Method| match method {
        Method::Graph => "graph",
        Method::Lists => "lists",
        Method::Exact => "exact",
    };
    match strategy {
        Strategy::Index(method) => name(method).to_owned(),
        Strategy::Remembered(method, rows) => {
            format!("{} among {rows} remembered rows", name(method))
        }
        Strategy::Among(rows) => format!("exact among {rows} rows"),
        Strategy::Scan => "scan of the table".to_owned(),
    }
}
