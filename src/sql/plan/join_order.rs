//! The order in which a query's inner joins are made.
//!
//! A tree of inner joins is a set of relations and a set of conditions; which pairs
//! are joined first is free, and decides how many rows flow between. The rule takes
//! each such tree apart and builds the one whose intermediate results have the fewest
//! rows, by [`cardinality`](super::cardinality): all trees without cross products for
//! up to [`EXHAUSTIVE_MAX`] relations (dynamic programming over subsets, after Moerkotte
//! and Neumann's DPsub), and beyond that the cheapest pair again and again (greedy
//! operator ordering, after Fegaras). The smaller side of a join comes left, where the
//! hash table is built.
//!
//! Equalities go by classes: from `a = b` and `b = c` follows `a = c`, so any member of
//! one side may meet any of the other, and a class filters only once.
//!
//! Outer, semi and anti joins, and everything else, stay where they are: they are the
//! relations of the tree above them. Only among themselves, semi and anti joins change
//! places ([`filter_joins`]).

use std::collections::HashMap;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, JoinConstraint, JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, ExprSchemable, Filter, Join, LogicalPlan, Projection};

use super::cardinality::{self, Estimate};
use super::filter_joins::{self, filtering};

/// The most relations whose join orders are all considered.
const EXHAUSTIVE_MAX: usize = 9;
/// The most relations of one tree: a set of them is the bits of a word. More are
/// joined as they are written.
const RELATIONS_MAX: usize = 64;

/// Whether a plan has joins whose order matters.
pub fn applies(plan: &LogicalPlan) -> bool {
    let mut joins = 0;
    // The closure does not fail.
    let _ = plan.apply(|node| {
        joins += usize::from(is_free(node) || filtering(node).is_some());
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    });
    joins >= 2
}

/// Orders the joins of every tree in a plan whose conditions have been pushed down.
pub fn reorder(plan: LogicalPlan) -> Result<LogicalPlan> {
    filter_joins::reorder(inner_joins(plan)?)
}

fn inner_joins(plan: LogicalPlan) -> Result<LogicalPlan> {
    if !is_free(&plan) {
        return Ok(plan.map_children(|child| inner_joins(child).map(Transformed::yes))?.data);
    }
    let mut tree = Tree::default();
    tree.take_apart(&plan)?;
    let relations = std::mem::take(&mut tree.relations);
    tree.relations = relations.into_iter().map(inner_joins).collect::<Result<_>>()?;
    match tree.is_orderable() {
        true => Ordering::of(tree)?.plan(plan.schema().columns()),
        false => Ok(plan.map_children(|child| inner_joins(child).map(Transformed::yes))?.data),
    }
}

/// Whether a node is a join that may change places with others.
fn is_free(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join) if join.join_type == JoinType::Inner
        && join.null_equality == NullEquality::NullEqualsNothing)
}

/// A tree of joins, taken apart.
#[derive(Default)]
struct Tree {
    relations: Vec<LogicalPlan>,
    keys: Vec<(Expr, Expr)>,
    conditions: Vec<Expr>,
}

impl Tree {
    fn take_apart(&mut self, plan: &LogicalPlan) -> Result<()> {
        match plan {
            LogicalPlan::Join(join) if is_free(plan) => {
                self.take_apart(&join.left)?;
                self.take_apart(&join.right)?;
                self.keys.extend(join.on.iter().cloned());
                self.conditions
                    .extend(join.filter.iter().cloned().flat_map(split_conjunction_owned));
            }
            relation => self.relations.push(relation.clone()),
        }
        Ok(())
    }

    fn is_orderable(&self) -> bool {
        let keys = self.keys.iter().flat_map(|(l, r)| [l, r]);
        (3..=RELATIONS_MAX).contains(&self.relations.len())
            && !keys.chain(&self.conditions).any(Expr::is_volatile)
    }
}

/// A set of relations.
type Set = u64;

/// Expressions of single relations that are equal in every row of the result.
struct Class(Vec<Member>);

struct Member {
    expr: Expr,
    relation: usize,
    distinct: f64,
}

struct Condition {
    expr: Expr,
    needs: Set,
    part: f64,
}

/// Which two sets to join for a set; none for a single relation.
#[derive(Clone, Copy)]
struct Best {
    cost: f64,
    split: Option<(Set, Set)>,
}

struct Ordering {
    relations: Vec<LogicalPlan>,
    rows: Vec<f64>,
    classes: Vec<Class>,
    conditions: Vec<Condition>,
    /// Memoised rows of sets.
    sizes: HashMap<Set, f64>,
}

impl Ordering {
    fn of(tree: Tree) -> Result<Ordering> {
        let home: HashMap<Column, usize> = tree
            .relations
            .iter()
            .enumerate()
            .flat_map(|(at, plan)| plan.schema().columns().into_iter().map(move |c| (c, at)))
            .collect();
        let needs = |expr: &Expr| -> Set {
            let read = expr.column_refs();
            read.iter().filter_map(|c| home.get(*c)).fold(0, |set, at| set | 1 << at)
        };
        let mut relations = tree.relations;
        let mut estimates: Vec<Estimate> = relations.iter().map(cardinality::estimate).collect();
        let mut conditions = tree.conditions;
        let mut classes: Vec<Vec<(Expr, usize)>> = Vec::new();
        for (l, r) in tree.keys {
            let (left, right) = (needs(&l), needs(&r));
            let is_simple = left.count_ones() == 1 && right.count_ones() == 1 && left != right;
            match is_simple {
                true => {
                    let ends =
                        [(l, left.trailing_zeros() as usize), (r, right.trailing_zeros() as usize)];
                    add_key(&mut classes, &relations, ends)?;
                }
                false => conditions.push(l.eq(r)),
            }
        }
        // Two members of a class in one relation are equal there already.
        for class in &mut classes {
            let mut first: HashMap<usize, Expr> = HashMap::new();
            class.retain(|(expr, at)| match first.get(at) {
                None => {
                    first.insert(*at, expr.clone());
                    true
                }
                Some(other) => {
                    conditions.push(other.clone().eq(expr.clone()));
                    false
                }
            });
        }
        let (single, several): (Vec<_>, Vec<_>) =
            conditions.into_iter().partition(|expr| needs(expr).count_ones() == 1);
        for expr in single {
            let at = needs(&expr).trailing_zeros() as usize;
            let input = std::mem::take(&mut relations[at]);
            relations[at] = LogicalPlan::Filter(Filter::try_new(expr, input.into())?);
            estimates[at] = cardinality::estimate(&relations[at]);
        }
        let member = |(expr, relation): (Expr, usize)| {
            let distinct = estimates[relation].distinct(&expr);
            Member { expr, relation, distinct }
        };
        let classes = classes
            .into_iter()
            .map(|class| Class(class.into_iter().map(member).collect()))
            .collect();
        let conditions = several
            .into_iter()
            .map(|expr| {
                let part = cardinality::selectivity(&expr, &Estimate::default());
                Condition { needs: needs(&expr), part, expr }
            })
            .collect();
        let rows = estimates.iter().map(|estimate| estimate.rows.max(1.0)).collect();
        Ok(Ordering { relations, rows, classes, conditions, sizes: HashMap::new() })
    }

    /// The joins, with the columns in the order of the tree that was taken apart.
    fn plan(mut self, columns: Vec<Column>) -> Result<LogicalPlan> {
        let all: Set = Set::MAX >> (64 - self.relations.len());
        let best = match self.relations.len() <= EXHAUSTIVE_MAX {
            true => self.exhaustive(all),
            false => self.greedy(),
        };
        let mut plan = self.build(&best, all)?;
        let unbound = self.conditions.iter().filter(|condition| condition.needs == 0);
        if let Some(predicate) = conjunction(unbound.map(|condition| condition.expr.clone())) {
            plan = LogicalPlan::Filter(Filter::try_new(predicate, plan.into())?);
        }
        if plan.schema().columns() == columns {
            return Ok(plan);
        }
        let columns = columns.into_iter().map(Expr::Column).collect();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, plan.into())?))
    }

    /// The rows of a set's join: all combinations, less what the conditions within
    /// the set leave out.
    fn size(&mut self, set: Set) -> f64 {
        if let Some(size) = self.sizes.get(&set) {
            return *size;
        }
        let mut size: f64 = members(set).map(|at| self.rows[at]).product();
        for class in &self.classes {
            let inside = class.0.iter().filter(|member| contains(set, member.relation));
            let distinct: Vec<f64> = inside.map(|member| member.distinct).collect();
            let least = distinct.iter().copied().fold(f64::INFINITY, f64::min);
            if distinct.len() > 1 {
                size /= distinct.iter().product::<f64>() / least;
            }
        }
        for condition in self.conditions.iter().filter(|c| c.needs & !set == 0) {
            size *= condition.part;
        }
        let size = size.max(1.0);
        self.sizes.insert(set, size);
        size
    }

    /// Whether some condition links two sets.
    fn are_linked(&self, a: Set, b: Set) -> bool {
        let in_both = |class: &Class| {
            class.0.iter().any(|member| contains(a, member.relation))
                && class.0.iter().any(|member| contains(b, member.relation))
        };
        let spans = |condition: &Condition| {
            condition.needs & a != 0 && condition.needs & b != 0 && condition.needs & !(a | b) == 0
        };
        self.classes.iter().any(in_both) || self.conditions.iter().any(spans)
    }

    /// What a join costs beside its inputs: a row of the build side is hashed and
    /// kept, one of the other side is looked up, each result is put together.
    fn join_cost(&mut self, a: Set, b: Set) -> f64 {
        let (a_rows, b_rows) = (self.size(a), self.size(b));
        2.0 * a_rows.min(b_rows) + a_rows.max(b_rows) + self.size(a | b)
    }

    fn exhaustive(&mut self, all: Set) -> HashMap<Set, Best> {
        let mut best: HashMap<Set, Best> = HashMap::new();
        for at in members(all) {
            best.insert(1 << at, Best { cost: 0.0, split: None });
        }
        for set in 1..=all {
            if set.count_ones() < 2 {
                continue;
            }
            if let Some(found) = self.best_split(set, &best) {
                best.insert(set, found);
            }
        }
        if !best.contains_key(&all) {
            // Something is linked to nothing: cross products are needed.
            return self.greedy();
        }
        best
    }

    fn best_split(&mut self, set: Set, best: &HashMap<Set, Best>) -> Option<Best> {
        let mut found: Option<Best> = None;
        let mut part = (set - 1) & set;
        while part > 0 {
            let rest = set & !part;
            // Each pair once.
            if part < rest
                && let (Some(a), Some(b)) = (best.get(&part), best.get(&rest))
                && self.are_linked(part, rest)
            {
                let cost = a.cost + b.cost + self.join_cost(part, rest);
                if found.is_none_or(|found| cost < found.cost) {
                    found = Some(Best { cost, split: Some((part, rest)) });
                }
            }
            part = (part - 1) & set;
        }
        found
    }

    /// Joins the pair that gives the fewest rows, linked pairs first, until one is left.
    fn greedy(&mut self) -> HashMap<Set, Best> {
        let mut left: Vec<Set> = (0..self.relations.len()).map(|at| 1 << at).collect();
        let mut best: HashMap<Set, Best> =
            left.iter().map(|set| (*set, Best { cost: 0.0, split: None })).collect();
        while left.len() > 1 {
            let mut choice: Option<(bool, f64, usize, usize)> = None;
            for i in 0..left.len() {
                for j in i + 1..left.len() {
                    let is_cross = !self.are_linked(left[i], left[j]);
                    let size = self.size(left[i] | left[j]);
                    if choice.is_none_or(|(cross, least, ..)| (is_cross, size) < (cross, least)) {
                        choice = Some((is_cross, size, i, j));
                    }
                }
            }
            let Some((_, _, i, j)) = choice else { break };
            let (a, b) = (left[i], left[j]);
            left.swap_remove(j);
            left[i] = a | b;
            best.insert(a | b, Best { cost: 0.0, split: Some((a, b)) });
        }
        best
    }

    fn build(&mut self, best: &HashMap<Set, Best>, set: Set) -> Result<LogicalPlan> {
        let Some((a, b)) = best.get(&set).and_then(|best| best.split) else {
            let at = set.trailing_zeros() as usize;
            return Ok(std::mem::take(&mut self.relations[at]));
        };
        let (a, b) = if self.size(a) <= self.size(b) { (a, b) } else { (b, a) };
        let left = self.build(best, a)?;
        let right = self.build(best, b)?;
        let side = |class: &Class, set: Set| {
            class.0.iter().find(|member| contains(set, member.relation)).map(|m| m.expr.clone())
        };
        let keys = self.classes.iter().filter_map(|class| Some((side(class, a)?, side(class, b)?)));
        let filter = conjunction(
            self.conditions
                .iter()
                .filter(|c| c.needs & !set == 0 && c.needs & !a != 0 && c.needs & !b != 0)
                .map(|condition| condition.expr.clone()),
        );
        Ok(LogicalPlan::Join(Join::try_new(
            left.into(),
            right.into(),
            keys.collect(),
            filter,
            JoinType::Inner,
            JoinConstraint::On,
            NullEquality::NullEqualsNothing,
            false,
        )?))
    }
}

/// Puts a pair of equals into the classes. Only what has one type hashes alike.
fn add_key(
    classes: &mut Vec<Vec<(Expr, usize)>>,
    relations: &[LogicalPlan],
    ends: [(Expr, usize); 2],
) -> Result<()> {
    let ty = |(expr, at): &(Expr, usize)| expr.get_type(relations[*at].schema());
    let of_key = ty(&ends[0])?;
    let mut merged: Vec<(Expr, usize)> = ends.to_vec();
    let mut kept = Vec::with_capacity(classes.len());
    for class in classes.drain(..) {
        let meets = class.iter().any(|member| merged.contains(member));
        match meets && ty(&class[0])? == of_key {
            true => merged.extend(class),
            false => kept.push(class),
        }
    }
    let mut class: Vec<(Expr, usize)> = Vec::with_capacity(merged.len());
    for member in merged {
        if !class.contains(&member) {
            class.push(member);
        }
    }
    kept.push(class);
    *classes = kept;
    Ok(())
}

fn members(set: Set) -> impl Iterator<Item = usize> {
    (0..64).filter(move |at| contains(set, *at))
}

fn contains(set: Set, relation: usize) -> bool {
    set >> relation & 1 == 1
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::logical_expr::{col, table_scan};

    use super::*;

    /// Tables of so many rows, and keys with so many distinct values at both ends.
    fn ordering(tables: &[(&str, f64)], keys: &[(&str, &str, f64, f64)]) -> Ordering {
        let relations = tables.iter().map(|(name, _)| {
            let fields = keys.iter().flat_map(|(l, r, ..)| [*l, *r]);
            let own = fields.filter_map(|column| column.strip_prefix(&format!("{name}.")));
            let mut names: Vec<&str> = own.collect();
            names.sort_unstable();
            names.dedup();
            let fields: Vec<Field> =
                names.into_iter().map(|name| Field::new(name, DataType::Int64, true)).collect();
            table_scan(Some(*name), &Schema::new(fields), None)
                .and_then(|builder| builder.build())
                .expect("a scan")
        });
        let tree = Tree {
            relations: relations.collect(),
            keys: keys.iter().map(|(l, r, ..)| (col(*l), col(*r))).collect(),
            conditions: Vec::new(),
        };
        let mut ordering = Ordering::of(tree).expect("an ordering");
        ordering.rows = tables.iter().map(|(_, rows)| *rows).collect();
        for member in ordering.classes.iter_mut().flat_map(|class| &mut class.0) {
            let name = member.expr.to_string();
            let ends = keys.iter().flat_map(|(l, r, a, b)| [(*l, *a), (*r, *b)]);
            let known = ends.filter(|(end, _)| *end == name).map(|(_, distinct)| distinct).next();
            member.distinct = known.expect("a key");
        }
        ordering
    }

    /// `(build ⋈ probe)`, by the names of tables.
    fn shape(plan: &LogicalPlan) -> String {
        match plan {
            LogicalPlan::Join(join) => {
                let cross = if join.on.is_empty() { " x " } else { " " };
                format!("({}{cross}{})", shape(&join.left), shape(&join.right))
            }
            LogicalPlan::TableScan(scan) => scan.table_name.to_string(),
            other => shape(other.inputs().first().expect("an input")),
        }
    }

    fn ordered(tables: &[(&str, f64)], keys: &[(&str, &str, f64, f64)]) -> String {
        let ordering = ordering(tables, keys);
        let columns: Vec<Column> =
            ordering.relations.iter().flat_map(|plan| plan.schema().columns()).collect();
        let plan = ordering.plan(columns.clone()).expect("a plan");
        assert_eq!(plan.schema().columns(), columns, "columns keep their order");
        shape(&plan)
    }

    #[test]
    fn small_tables_meet_before_the_large_one() {
        let tables = [("fact", 1e6), ("day", 10.0), ("shop", 1000.0)];
        let keys = [("fact.d", "day.id", 1000.0, 10.0), ("fact.s", "shop.id", 1000.0, 1000.0)];
        assert_eq!(ordered(&tables, &keys), "(shop (day fact))");
    }

    #[test]
    fn no_cross_product_where_conditions_link() {
        let tables = [("a", 5.0), ("big", 1e7), ("c", 5.0)];
        let keys = [("a.x", "big.x", 5.0, 5.0), ("big.y", "c.y", 5.0, 5.0)];
        assert!(!ordered(&tables, &keys).contains(" x "));
        assert!(ordered(&[("a", 5.0), ("b", 6.0), ("c", 7.0)], &keys[..0]).contains(" x "));
    }

    #[test]
    fn equal_columns_may_meet_by_way_of_a_third() {
        // Nothing says a.x = c.x, but it follows; b is large and comes last.
        let tables = [("a", 10.0), ("b", 1e6), ("c", 10.0)];
        let keys = [("a.x", "b.x", 10.0, 1e3), ("b.x", "c.x", 1e3, 10.0)];
        assert_eq!(ordered(&tables, &keys), "((a c) b)");
    }

    #[test]
    fn many_relations_are_ordered_greedily() {
        let names: Vec<String> = (0..EXHAUSTIVE_MAX + 3).map(|n| format!("t{n}")).collect();
        let tables: Vec<(&str, f64)> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), (n + 1) as f64)).collect();
        let columns: Vec<(String, String)> = names
            .windows(2)
            .map(|pair| (format!("{}.k", pair[0]), format!("{}.k", pair[1])))
            .collect();
        let keys: Vec<_> =
            columns.iter().map(|(l, r)| (l.as_str(), r.as_str(), 10.0, 10.0)).collect();
        let shape = ordered(&tables, &keys);
        assert!(!shape.contains(" x ") && names.iter().all(|name| shape.contains(name)), "{shape}");
    }

    /// A join of two joins, which a rule that orders joins again makes a chain.
    #[test]
    fn the_rules_that_follow_keep_the_order() {
        use datafusion::logical_expr::LogicalPlanBuilder;
        use datafusion::optimizer::{Optimizer, OptimizerContext};

        let table = |name: &str| {
            let fields = ["x", "y"].map(|column| Field::new(column, DataType::Int64, false));
            table_scan(Some(name), &Schema::new(fields.to_vec()), None).expect("a scan")
        };
        let join = |l: LogicalPlanBuilder, r: LogicalPlanBuilder, on: (&str, &str)| {
            let r = r.build().expect("a plan");
            l.join(r, JoinType::Inner, (vec![on.0], vec![on.1]), None).expect("a join")
        };
        let left = join(table("a"), table("b"), ("a.x", "b.x"));
        let right = join(table("c"), table("d"), ("c.x", "d.x"));
        let plan = join(left, right, ("b.y", "d.y")).build().expect("a plan");
        let after = |joins_are_ordered| {
            let rules = super::super::optimize::rules(joins_are_ordered);
            let config = OptimizerContext::new();
            let done = Optimizer::with_rules(rules).optimize(plan.clone(), &config, |_, _| {});
            shape(&done.expect("a plan"))
        };
        assert_eq!(after(true), "((a b) (c d))");
        assert_ne!(after(false), "((a b) (c d))", "the rule is not needed any more");
    }
}
