//! One bound form for all texts that differ in their constants only.
//!
//! A program that uses the simple protocol writes its values into the text, so that no
//! text comes twice, and each would be parsed and bound. Instead, when a [`shape`] comes
//! for the second time, its tree is bound with parameters in place of the constants
//! ([`tree`]); from then on a text of this shape is neither parsed nor bound: its
//! constants are the values of the parameters.
//!
//! Constants that must stay in the tree have to be the same in each text. A string that
//! its parameter's type cannot read, and everything else that does not fit, goes the
//! usual way, which knows the error and its position.

mod shape;
mod tree;

use std::ops::Range;
use std::sync::Arc;

use super::Session;
use super::plan::{Body, Query, Statement, same_columns};
use super::scope::catch;
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::parse::{NodeEnum, ParsedStatement, Recent};
use crate::sql::types::{self, Datum, Oid, SqlType, oid};
use shape::{Constant, Value};
use tree::Slot;

pub use shape::Shape;

/// What is known of a shape.
enum Known {
    /// It has come once.
    Seen,
    Bound(Arc<Template>),
    /// Parameters cannot stand for its constants.
    Unsuitable,
}

/// The shapes of a session.
pub struct Templates(Recent<String, Known>);

impl Templates {
    pub fn new(entries_max: usize) -> Templates {
        Templates(Recent::new(entries_max))
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

pub struct Template {
    statement: Arc<Statement>,
    types: Vec<SqlType>,
    slots: Vec<Slot>,
    /// Constants that are part of the tree.
    fixed: Vec<(usize, Value)>,
    /// Where the constants stand in the text that was bound.
    ranges: Vec<Range<usize>>,
}

impl Session {
    /// The bound form of a shape's text, if there is one for just this context, and the
    /// values of its parameters. The transaction has begun.
    pub fn templated(&mut self, shape: &Shape) -> Result<Option<(Arc<Template>, Vec<Datum>)>> {
        let Some(Known::Bound(template)) = self.templates.0.get(&shape.text) else {
            return Ok(None);
        };
        let template = template.clone();
        self.begin_statement()?;
        let eval = self.eval_context();
        if !template.statement.fits(&eval) {
            self.templates.0.add(shape.text.clone(), Known::Seen);
            return Ok(None);
        }
        Ok(template.values(shape, &eval).map(|values| (template, values)))
    }

    /// Whether a text of this shape may have a bound form.
    pub fn knows(&mut self, shape: &Shape) -> bool {
        matches!(self.templates.0.get(&shape.text), Some(Known::Bound(_)))
    }

    /// A text of this shape has been parsed and bound; the second time it is kept.
    pub fn note_shape(&mut self, shape: Shape, parsed: &ParsedStatement, statement: &Statement) {
        if !matches!(statement.body, Body::Query(_)) || self.has_catalog_changes() {
            return;
        }
        let known = match self.templates.0.get(&shape.text) {
            None => Known::Seen,
            Some(Known::Seen) => {
                let eval = self.eval_context();
                let bind = || Template::bind(&shape, parsed, statement, &eval);
                match self.hooks.is_of_now(bind) {
                    (Some(template), false) => Known::Bound(Arc::new(template)),
                    _ => Known::Unsuitable,
                }
            }
            Some(Known::Bound(_) | Known::Unsuitable) => return,
        };
        self.templates.0.add(shape.text, known);
    }
}

impl Template {
    fn bind(
        shape: &Shape,
        parsed: &ParsedStatement,
        statement: &Statement,
        eval: &EvalContext,
    ) -> Option<Template> {
        let Body::Query(query) = &statement.body else { return None };
        let mut node: NodeEnum = parsed.node.clone();
        let slots = tree::parameterize(&mut node, &parsed.text, &shape.constants);
        if slots.is_empty() {
            return None;
        }
        let declared: Vec<Oid> = slots.iter().map(|slot| declared(shape, slot)).collect();
        let whole = ParsedStatement { text: statement.text.clone(), ..parsed.clone() };
        let parsed = Arc::new(ParsedStatement { node, ..parsed.clone() });
        let bound = catch(|| Query::bind(parsed, eval, declared)).ok()?;
        let prepared = bound.prepared();
        let is_same = prepared.params.len() == slots.len()
            && same_columns(&prepared.columns, &query.prepared().columns);
        if !is_same {
            return None;
        }
        let is_fixed = |at: &usize| !slots.iter().any(|slot| slot.constant == *at);
        let fixed = (0..shape.constants.len()).filter(is_fixed);
        Some(Template {
            types: prepared.params.clone(),
            fixed: fixed.map(|at| (at, shape.constants[at].value.clone())).collect(),
            ranges: shape.constants.iter().map(|constant| constant.range.clone()).collect(),
            statement: Arc::new(Statement::new(&whole, Body::Query(bound))),
            slots,
        })
    }

    pub fn statement(&self) -> &Arc<Statement> {
        &self.statement
    }

    /// None if a text of this shape has to go the usual way.
    fn values(&self, shape: &Shape, eval: &EvalContext) -> Option<Vec<Datum>> {
        let constants = &shape.constants;
        let is_same = self.fixed.iter().all(|(at, value)| constants[*at].value == *value);
        if !is_same {
            return None;
        }
        let slots = self.slots.iter().zip(&self.types);
        slots.map(|(slot, ty)| value(&constants[slot.constant], slot, *ty, eval)).collect()
    }

    /// An error's position in the text that was bound, as one in a text of its shape.
    pub fn relocated(&self, error: Error, shape: &Shape) -> Error {
        let mut report = error.into_report();
        if report.internal_query.is_none() {
            report.offset = report.offset.map(|offset| self.moved(offset, shape));
        }
        Error::from_report(report)
    }

    fn moved(&self, offset: usize, shape: &Shape) -> usize {
        let before = self.ranges.iter().take_while(|range| range.start < offset).count();
        let Some(last) = before.checked_sub(1) else { return offset };
        let (bound, now) = (&self.ranges[last], &shape.constants[last].range);
        match offset < bound.end {
            true => now.start,
            false => now.end + (offset - bound.end),
        }
    }
}

/// The type that a constant has by itself; a string has none.
fn declared(shape: &Shape, slot: &Slot) -> Oid {
    match shape.constants[slot.constant].value {
        Value::Integer(_) => oid::INT4,
        Value::String(_) => 0,
    }
}

fn value(constant: &Constant, slot: &Slot, ty: SqlType, eval: &EvalContext) -> Option<Datum> {
    match &constant.value {
        Value::Integer(number) if slot.negative => Some(Datum::Int4(-number)),
        Value::Integer(number) => Some(Datum::Int4(*number)),
        Value::String(text) => {
            let repr = eval.catalog.repr(ty.oid).ok()?;
            types::text_input(text, ty, &repr, &eval.input()).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_move_with_the_constants_before_them() {
        let bound = Shape::of("SELECT 1 + a / 22, 'x' || b").expect("a shape");
        let template = Template {
            statement: Arc::new(Statement::empty("")),
            types: Vec::new(),
            slots: Vec::new(),
            fixed: Vec::new(),
            ranges: bound.constants.iter().map(|constant| constant.range.clone()).collect(),
        };
        let text = "SELECT 1000 + a / 2, 'xyz' || b";
        let shape = Shape::of(text).expect("a shape");
        assert_eq!(shape.text, bound.text);
        for (from, to) in [(0, 0), (7, 7), (9, 12), (15, 18), (19, 21), (23, 27), (26, 30)] {
            assert_eq!(template.moved(from, &shape), to, "{from}");
        }
    }
}
