//! WITH RECURSIVE: in which order its items are bound, and whether those that read
//! themselves have a form that can be computed.
//!
//! All items of the clause see each other. Before any of them is bound the raw trees
//! are walked for references by name, as PostgreSQL does: items are put in an order
//! in which none reads a later one, and of an item that reads itself the one
//! reference must stand in the right side of a UNION, in no subquery, not on the
//! nullable side of an outer join, not where EXCEPT or INTERSECT ALL would need the
//! whole result.

use std::collections::BTreeSet;

use super::node::{boxed, location, required};
use super::tree::{Part, parts, select_parts, tail_parts, with_of};
use crate::error::{Error, Result};
use crate::sql::parse::ast::{
    CommonTableExpr, JoinExpr, JoinType, RangeVar, SelectStmt, SetOperation, SubLink, WithClause,
};
use crate::sql::parse::{NodeEnum, with_stack};
use crate::sqlstate;

/// Nesting walked on one stack before the next piece of stack is taken.
const DEPTH_PER_STACK: usize = 64;
const STACK_BYTES: usize = 4 << 20;

/// An item of the clause in the order of evaluation.
pub(super) struct Ordered<'t> {
    pub cte: &'t CommonTableExpr,
    /// It reads itself.
    pub recursive: bool,
}

/// The items in an order in which none reads a later one, and checked.
pub(super) fn ordered<'t>(ctes: &[&'t CommonTableExpr]) -> Result<Vec<Ordered<'t>>> {
    let mut waiting = Vec::with_capacity(ctes.len());
    for (index, cte) in ctes.iter().enumerate() {
        let mut reads = references(cte, ctes)?;
        let recursive = reads.remove(&index);
        waiting.push((index, reads, Ordered { cte, recursive }));
    }
    let mut order = Vec::with_capacity(ctes.len());
    while let Some((_, _, first)) = waiting.first() {
        let Some(free) = waiting.iter().position(|(_, reads, _)| reads.is_empty()) else {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "mutual recursion between WITH items is not implemented",
            )
            .at(first.cte.location));
        };
        waiting.swap(0, free);
        let (done, _, item) = waiting.remove(0);
        waiting.iter_mut().for_each(|(_, reads, _)| {
            reads.remove(&done);
        });
        order.push(item);
    }
    for item in order.iter().filter(|item| item.recursive) {
        check_form(item.cte)?;
    }
    Ok(order)
}

/// Which of the items a query reads.
fn references(cte: &CommonTableExpr, ctes: &[&CommonTableExpr]) -> Result<BTreeSet<usize>> {
    let mut found = BTreeSet::new();
    let mut walker = Walker::new(|table: &RangeVar, _| {
        found.extend(ctes.iter().position(|cte| cte.ctename == table.relname));
        Ok(())
    });
    walker.part(Part::of(required(&cte.ctequery)?))?;
    Ok(found)
}

/// Where a reference stands, and so what is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Legal,
    NonRecursiveTerm,
    Subquery,
    OuterJoin,
    Intersect,
    Except,
}

impl Place {
    fn refused(self) -> Option<&'static str> {
        match self {
            Place::Legal => None,
            Place::NonRecursiveTerm => Some("its non-recursive term"),
            Place::Subquery => Some("a subquery"),
            Place::OuterJoin => Some("an outer join"),
            Place::Intersect => Some("INTERSECT"),
            Place::Except => Some("EXCEPT"),
        }
    }
}

/// Refuses an item whose reference to itself stands where it may not.
fn check_form(cte: &CommonTableExpr) -> Result<()> {
    let name = &cte.ctename;
    let wrong = |message: String| Error::new(sqlstate::INVALID_RECURSION, message);
    let NodeEnum::SelectStmt(select) = required(&cte.ctequery)? else {
        let message =
            format!("recursive query \"{name}\" must not contain data-modifying statements");
        return Err(wrong(message).at(cte.location));
    };
    let is_union = select.op == SetOperation::SetopUnion as i32;
    let (Some(left), Some(right), true) = (&select.larg, &select.rarg, is_union) else {
        return Err(wrong(format!(
            "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
        ))
        .at(cte.location));
    };
    let mut references = 0;
    let mut walker = Walker::new(|table: &RangeVar, place: Place| {
        if table.relname != *name {
            return Ok(());
        }
        let refused = |rest: String| {
            let message = format!("recursive reference to query \"{name}\" must not appear {rest}");
            Err(Error::new(sqlstate::INVALID_RECURSION, message).at(table.location))
        };
        if let Some(within) = place.refused() {
            return refused(format!("within {within}"));
        }
        references += 1;
        match references > 1 {
            true => refused("more than once".to_owned()),
            false => Ok(()),
        }
    });
    walker.place = Place::Subquery;
    walker.under(select.with_clause.as_ref(), |walker| {
        check_bare(select)?;
        walker.place = Place::NonRecursiveTerm;
        walker.part(Part::Select(left))?;
        walker.place = Place::Legal;
        walker.part(Part::Select(right))
    })
}

/// Nothing may follow the UNION.
fn check_bare(select: &SelectStmt) -> Result<()> {
    let place = |node: Option<&NodeEnum>| match node {
        Some(NodeEnum::SortBy(sort)) => boxed(&sort.node).map_or(-1, location),
        Some(node) => location(node),
        None => -1,
    };
    let first = |nodes: &[crate::sql::parse::ast::Node]| {
        place(nodes.first().and_then(|node| node.node.as_ref()))
    };
    for (present, name, at) in [
        (!select.sort_clause.is_empty(), "ORDER BY", first(&select.sort_clause)),
        (select.limit_offset.is_some(), "OFFSET", place(boxed(&select.limit_offset))),
        (select.limit_count.is_some(), "LIMIT", place(boxed(&select.limit_count))),
        (!select.locking_clause.is_empty(), "FOR UPDATE/SHARE", -1),
    ] {
        if present {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("{name} in a recursive query is not implemented"),
            )
            .at(at));
        }
    }
    Ok(())
}

/// Finds the references by name to items of the clause around.
struct Walker<'t, F> {
    /// Names that clauses further inside give something else.
    hidden: Vec<Vec<&'t str>>,
    place: Place,
    depth: usize,
    on_reference: F,
}

impl<'t, F: FnMut(&'t RangeVar, Place) -> Result<()> + Send> Walker<'t, F> {
    fn new(on_reference: F) -> Self {
        Walker { hidden: Vec::new(), place: Place::Legal, depth: 0, on_reference }
    }

    fn part(&mut self, part: Part<'t>) -> Result<()> {
        self.depth += 1;
        let done = match self.depth.is_multiple_of(DEPTH_PER_STACK) {
            true => with_stack(STACK_BYTES, || self.visit(part)),
            false => self.visit(part),
        };
        self.depth -= 1;
        done
    }

    fn all(&mut self, parts: Vec<Part<'t>>) -> Result<()> {
        parts.into_iter().try_for_each(|part| self.part(part))
    }

    fn visit(&mut self, part: Part<'t>) -> Result<()> {
        match part {
            Part::Table(table) => {
                let is_hidden = self.hidden.iter().flatten().any(|name| *name == table.relname);
                match table.schemaname.is_empty() && !is_hidden {
                    true => (self.on_reference)(table, self.place),
                    false => Ok(()),
                }
            }
            Part::Select(select) => {
                self.under(select.with_clause.as_ref(), |walker| walker.select(select))
            }
            Part::Node(NodeEnum::JoinExpr(join)) => self.join(join),
            Part::Node(NodeEnum::SubLink(link)) => self.sublink(link),
            Part::Node(node) => self.under(with_of(node), |walker| walker.all(parts(node))),
        }
    }

    /// Walks a WITH clause, then what it belongs to.
    fn under(
        &mut self,
        with: Option<&'t WithClause>,
        body: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let Some(with) = with else { return body(self) };
        let items: Vec<&CommonTableExpr> = items(with);
        let all = items.iter().filter(|_| with.recursive).map(|cte| cte.ctename.as_str());
        self.hidden.push(all.collect());
        for cte in items {
            self.part(Part::of(required(&cte.ctequery)?))?;
            if let Some(names) = self.hidden.last_mut() {
                names.push(&cte.ctename);
            }
        }
        body(self)?;
        self.hidden.pop();
        Ok(())
    }

    /// Walks with another place for references, where they are legal so far.
    fn refusing(&mut self, place: Place, part: Part<'t>) -> Result<()> {
        let outer = self.place;
        if outer == Place::Legal {
            self.place = place;
        }
        self.part(part)?;
        self.place = outer;
        Ok(())
    }

    fn select(&mut self, select: &'t SelectStmt) -> Result<()> {
        let (Some(left), Some(right)) = (&select.larg, &select.rarg) else {
            return self.all(select_parts(select));
        };
        let (left_place, right_place) = match SetOperation::try_from(select.op) {
            Ok(SetOperation::SetopIntersect) if select.all => (Place::Intersect, Place::Intersect),
            Ok(SetOperation::SetopExcept) if select.all => (Place::Except, Place::Except),
            Ok(SetOperation::SetopExcept) => (Place::Legal, Place::Except),
            _ => (Place::Legal, Place::Legal),
        };
        self.refusing(left_place, Part::Select(left))?;
        self.refusing(right_place, Part::Select(right))?;
        self.all(tail_parts(select))
    }

    fn join(&mut self, join: &'t JoinExpr) -> Result<()> {
        let (left, right) = match JoinType::try_from(join.jointype) {
            Ok(JoinType::JoinLeft) => (Place::Legal, Place::OuterJoin),
            Ok(JoinType::JoinRight) => (Place::OuterJoin, Place::Legal),
            Ok(JoinType::JoinFull) => (Place::OuterJoin, Place::OuterJoin),
            _ => (Place::Legal, Place::Legal),
        };
        for (side, place) in [(&join.larg, left), (&join.rarg, right)] {
            if let Some(side) = boxed(side) {
                self.refusing(place, Part::of(side))?;
            }
        }
        match boxed(&join.quals) {
            Some(condition) => self.part(Part::of(condition)),
            None => Ok(()),
        }
    }

    /// A subquery in an expression: whatever is around it does not matter.
    fn sublink(&mut self, link: &'t SubLink) -> Result<()> {
        let outer = std::mem::replace(&mut self.place, Place::Subquery);
        if let Some(query) = boxed(&link.subselect) {
            self.part(Part::of(query))?;
        }
        self.place = outer;
        match boxed(&link.testexpr) {
            Some(test) => self.part(Part::of(test)),
            None => Ok(()),
        }
    }
}

/// The items of a WITH clause.
pub(super) fn items(with: &WithClause) -> Vec<&CommonTableExpr> {
    with.ctes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::CommonTableExpr(cte)) => Some(&**cte),
            _ => None,
        })
        .collect()
}
