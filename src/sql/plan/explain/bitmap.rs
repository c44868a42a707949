//! A read through an inverted index (gin), as PostgreSQL prints it: a bitmap of the rows that
//! the index names, and the rows looked at again.

use super::tree::{Cost, Node};
use crate::table::scan::IndexAccess;

/// What reading one page and one row costs.
const ROW_COST: f64 = 4.01;
const START_COST: f64 = 8.0;

/// `named` is the table with its alias, as titles have it.
pub fn scan(access: &IndexAccess, (table, alias, named): (&str, &str, &str)) -> Node {
    let rows = (access.rows.rids.len() as f64).max(1.0);
    let condition = match access.conditions.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(" AND ")),
    };
    let index = &access.index_name;
    let mut below = Node::new("Bitmap Index Scan", format!("Bitmap Index Scan on {index}"));
    below.text("Index Name", index);
    below.show("Index Cond", condition.clone());
    below.cost = Cost { startup: 0.0, total: START_COST, rows, width: 0 };
    let mut node = Node::new("Bitmap Heap Scan", format!("Bitmap Heap Scan on {named}"));
    node.text("Relation Name", table);
    node.text("Alias", alias);
    node.show("Recheck Cond", condition);
    node.cost = Cost { startup: START_COST, total: START_COST + rows * ROW_COST, rows, width: 0 };
    node.children.push(below);
    node
}
