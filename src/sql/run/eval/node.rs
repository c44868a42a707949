//! Compiled expressions and their evaluation.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use smallvec::SmallVec;

use super::array;
use super::native::{self, Arithmetic, Comparison, Family, Number};
use crate::catalog::Function;
use crate::error::{Error, Result};
use crate::sql::functions::{self, CallContext, EvalContext, Kernel};
use crate::sql::routine;
use crate::sql::types::{self, ArrayValue, Datum, Oid, Repr, SqlType, geometry};
use crate::sqlstate;

/// What an expression is evaluated against.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    pub context: &'a EvalContext,
    pub params: &'a [Datum],
    pub row: &'a [Datum],
    /// The current element of an array cast.
    pub element: Option<&'a Datum>,
    /// The operand of the surrounding simple CASE.
    pub operand: Option<&'a Datum>,
}

#[derive(Debug)]
pub enum Node {
    Const(Datum),
    Param(usize),
    Slot(usize),
    Element,
    Operand,
    Arithmetic { operation: Arithmetic, number: Number, args: Box<[Node; 2]> },
    Compare { comparison: Comparison, family: Family, args: Box<[Node; 2]> },
    Call(Box<CallNode>),
    Domain { arg: Box<Node>, domain: Oid },
    ViaText { arg: Box<Node>, from: SqlType, to: SqlType },
    ArrayCoerce { array: Box<Node>, element: Box<Node>, element_type: Oid },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Relabel { arg: Box<Node>, repr: Repr },
    IsNull(Box<Node>),
    IsNotNull(Box<Node>),
    BoolTest { arg: Box<Node>, value: Option<bool>, negated: bool },
    Distinct { equal: Box<Equal>, negated: bool },
    Case { operand: Option<Box<Node>>, whens: Vec<(Node, Node)>, otherwise: Option<Box<Node>> },
    Coalesce(Vec<Node>),
    NullIf(Box<Equal>),
    Extreme { args: Vec<Node>, repr: Repr, greatest: bool },
    ArrayCompare { operator: Box<Operator>, left: Box<Node>, array: Box<Node>, all: bool },
    InList { operator: Box<Operator>, left: Box<Node>, list: Vec<Node>, negated: bool },
    Array { elements: Vec<Node>, element_type: Oid, nested: bool },
    Subscript { array: Box<Node>, indexes: Vec<Node> },
    Slice { array: Box<Node>, bounds: Vec<(Option<Node>, Option<Node>)> },
    Row(Vec<(Oid, Node)>),
    Field { record: Box<Node>, index: usize },
}

/// A kernel call with its arguments.
#[derive(Debug)]
pub struct CallNode {
    pub operator: Operator,
    pub args: Vec<Node>,
}

/// A function ready to be called.
pub struct Operator {
    pub code: Code,
    pub strict: bool,
    pub types: Vec<SqlType>,
    pub result: SqlType,
    /// Set when it is a comparison that needs no kernel.
    pub comparison: Option<(Comparison, Family)>,
}

/// What computes a call.
pub enum Code {
    Kernel(Kernel),
    /// A function that a user wrote.
    Routine(Arc<Function>),
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &self.code {
            Code::Kernel(kernel) => kernel.symbol,
            Code::Routine(function) => &function.name,
        })
    }
}

/// An equality and its two operands.
#[derive(Debug)]
pub struct Equal {
    pub operator: Operator,
    pub left: Node,
    pub right: Node,
}

impl Operator {
    pub fn call(&self, context: &EvalContext, args: &[Datum]) -> Result<Datum> {
        if self.strict && args.iter().any(Datum::is_null) {
            return Ok(Datum::Null);
        }
        let call = CallContext { eval: context, args: &self.types, result: self.result };
        match &self.code {
            Code::Kernel(kernel) => (kernel.scalar)(&call, args),
            Code::Routine(function) => routine::call(&call, function, args),
        }
    }

    /// A boolean call over two operands: `None` is NULL.
    fn test(&self, context: &EvalContext, left: &Datum, right: &Datum) -> Result<Option<bool>> {
        if self.strict && (left.is_null() || right.is_null()) {
            return Ok(None);
        }
        if let Some((comparison, family)) = self.comparison
            && let Some(ordering) = native::compare(family, left, right)
        {
            return Ok(Some(comparison.holds(ordering)));
        }
        Ok(truth(&self.call(context, &[left.clone(), right.clone()])?))
    }
}

/// The truth value of a boolean datum.
pub fn truth(value: &Datum) -> Option<bool> {
    match value {
        Datum::Bool(value) => Some(*value),
        _ => None,
    }
}

fn boolean(value: Option<bool>) -> Cow<'static, Datum> {
    Cow::Owned(value.map_or(Datum::Null, Datum::Bool))
}

type Value<'a> = Result<Cow<'a, Datum>>;

impl Node {
    /// Evaluates; borrowed where the value exists already.
    pub fn value<'a>(&'a self, env: &Env<'a>) -> Value<'a> {
        match self {
            Node::Const(value) => Ok(Cow::Borrowed(value)),
            Node::Slot(slot) => Ok(Cow::Borrowed(&env.row[*slot])),
            Node::Param(index) => param(env, *index),
            Node::Element => Ok(env.element.map_or(Cow::Owned(Datum::Null), Cow::Borrowed)),
            Node::Operand => Ok(env.operand.map_or(Cow::Owned(Datum::Null), Cow::Borrowed)),
            Node::Arithmetic { operation, number, args } => {
                arithmetic(env, *operation, *number, args)
            }
            Node::Compare { comparison, family, args } => compare(env, *comparison, *family, args),
            Node::Call(call) => call.value(env),
            Node::And(args) => connective(env, args, false),
            Node::Or(args) => connective(env, args, true),
            Node::Relabel { arg, repr } => {
                Ok(Cow::Owned(arg.value(env)?.into_owned().relabelled(repr)))
            }
            Node::Domain { arg, domain } => {
                let value = arg.value(env)?;
                functions::domain::check(env.context, *domain, &value)?;
                Ok(value)
            }
            Node::Not(arg) => Ok(boolean(arg.truth(env)?.map(|value| !value))),
            Node::IsNull(arg) => Ok(boolean(Some(is_null(&*arg.value(env)?)))),
            Node::IsNotNull(arg) => Ok(boolean(Some(is_not_null(&*arg.value(env)?)))),
            Node::BoolTest { arg, value, negated } => {
                Ok(boolean(Some((arg.truth(env)? == *value) != *negated)))
            }
            Node::Distinct { equal, negated } => {
                Ok(boolean(Some(equal.distinct(env)? != *negated)))
            }
            Node::Case { operand, whens, otherwise } => {
                case(env, operand.as_deref(), whens, otherwise.as_deref())
            }
            Node::Coalesce(args) => coalesce(env, args),
            Node::NullIf(equal) => equal.null_if(env),
            Node::Extreme { args, repr, greatest } => extreme(env, args, repr, *greatest),
            _ => self.composite(env),
        }
    }

    /// Arrays, rows and casts through text.
    fn composite<'a>(&'a self, env: &Env<'a>) -> Value<'a> {
        Ok(Cow::Owned(match self {
            Node::ViaText { arg, from, to } => via_text(env, arg, *from, *to)?,
            Node::ArrayCoerce { array, element, element_type } => {
                array_coerce(env, array, element, *element_type)?
            }
            Node::ArrayCompare { operator, left, array, all } => {
                array_compare(env, operator, left, array, *all)?
            }
            Node::InList { operator, left, list, negated } => {
                in_list(env, operator, left, list, *negated)?
            }
            Node::Array { elements, element_type, nested } => {
                let elements = elements
                    .iter()
                    .map(|element| Ok(element.value(env)?.into_owned()))
                    .collect::<Result<Vec<_>>>()?;
                match nested {
                    true => array::from_arrays(*element_type, elements)?,
                    false => array::from_elements(*element_type, elements),
                }
            }
            Node::Subscript { array, indexes } => subscript(env, array, indexes)?,
            Node::Slice { array, bounds } => slice(env, array, bounds)?,
            Node::Row(fields) => Datum::Record(
                fields
                    .iter()
                    .map(|(oid, field)| Ok((*oid, field.value(env)?.into_owned())))
                    .collect::<Result<_>>()?,
            ),
            Node::Field { record, index } => match &*record.value(env)? {
                Datum::Record(fields) => {
                    fields.get(*index).map_or(Datum::Null, |(_, value)| value.clone())
                }
                _ => Datum::Null,
            },
            _ => unreachable!("`value` handles every other node"),
        }))
    }

    fn truth(&self, env: &Env<'_>) -> Result<Option<bool>> {
        Ok(truth(&*self.value(env)?))
    }
}

fn param<'a>(env: &Env<'a>, index: usize) -> Value<'a> {
    env.params.get(index).map(Cow::Borrowed).ok_or_else(|| {
        Error::new(sqlstate::UNDEFINED_PARAMETER, format!("there is no parameter ${}", index + 1))
    })
}

fn arithmetic<'a>(
    env: &Env<'a>,
    operation: Arithmetic,
    number: Number,
    args: &'a [Node; 2],
) -> Value<'a> {
    let (left, right) = (args[0].value(env)?, args[1].value(env)?);
    match native::compute(operation, number, &left, &right) {
        Some(result) => Ok(Cow::Owned(result?)),
        None => Ok(Cow::Owned(Datum::Null)),
    }
}

fn compare<'a>(
    env: &Env<'a>,
    comparison: Comparison,
    family: Family,
    args: &'a [Node; 2],
) -> Value<'a> {
    let (left, right) = (args[0].value(env)?, args[1].value(env)?);
    let ordering = native::compare(family, &left, &right);
    Ok(boolean(ordering.map(|ordering| comparison.holds(ordering))))
}

impl CallNode {
    fn value<'a>(&'a self, env: &Env<'a>) -> Value<'a> {
        let mut args: SmallVec<[Datum; 4]> = SmallVec::with_capacity(self.args.len());
        for arg in &self.args {
            let value = arg.value(env)?;
            if self.operator.strict && value.is_null() {
                return Ok(Cow::Owned(Datum::Null));
            }
            args.push(value.into_owned());
        }
        self.operator.call(env.context, &args).map(Cow::Owned)
    }
}

/// AND (`decisive` false) and OR (`decisive` true) in three-valued logic.
fn connective<'a>(env: &Env<'a>, args: &'a [Node], decisive: bool) -> Value<'a> {
    let mut result = Some(!decisive);
    for arg in args {
        match arg.truth(env)? {
            Some(value) if value == decisive => return Ok(boolean(Some(decisive))),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(boolean(result))
}

/// `IS NULL`: a row is NULL when all its fields are.
fn is_null(value: &Datum) -> bool {
    match value {
        Datum::Record(fields) => fields.iter().all(|(_, field)| field.is_null()),
        other => other.is_null(),
    }
}

/// `IS NOT NULL`: a row is not NULL when none of its fields is.
fn is_not_null(value: &Datum) -> bool {
    match value {
        Datum::Record(fields) => fields.iter().all(|(_, field)| !field.is_null()),
        other => !other.is_null(),
    }
}

impl Equal {
    fn distinct(&self, env: &Env<'_>) -> Result<bool> {
        let (left, right) = (self.left.value(env)?, self.right.value(env)?);
        if left.is_null() || right.is_null() {
            return Ok(left.is_null() != right.is_null());
        }
        Ok(self.operator.test(env.context, &left, &right)? != Some(true))
    }

    fn null_if<'a>(&'a self, env: &Env<'a>) -> Value<'a> {
        let (left, right) = (self.left.value(env)?, self.right.value(env)?);
        if !left.is_null()
            && !right.is_null()
            && self.operator.test(env.context, &left, &right)? == Some(true)
        {
            return Ok(Cow::Owned(Datum::Null));
        }
        Ok(left)
    }
}

fn case<'a>(
    env: &Env<'a>,
    operand: Option<&'a Node>,
    whens: &'a [(Node, Node)],
    otherwise: Option<&'a Node>,
) -> Value<'a> {
    let value = operand.map(|operand| operand.value(env)).transpose()?;
    for (condition, result) in whens {
        let holds = match &value {
            Some(value) => {
                let inner = Env { operand: Some(value), ..*env };
                condition.truth(&inner)?
            }
            None => condition.truth(env)?,
        };
        if holds == Some(true) {
            return result.value(env);
        }
    }
    otherwise.map_or(Ok(Cow::Owned(Datum::Null)), |otherwise| otherwise.value(env))
}

fn coalesce<'a>(env: &Env<'a>, args: &'a [Node]) -> Value<'a> {
    for arg in args {
        let value = arg.value(env)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Cow::Owned(Datum::Null))
}

/// GREATEST and LEAST: NULLs are ignored.
fn extreme<'a>(env: &Env<'a>, args: &'a [Node], repr: &Repr, greatest: bool) -> Value<'a> {
    let mut best: Option<Cow<'a, Datum>> = None;
    for arg in args {
        let value = arg.value(env)?;
        if value.is_null() {
            continue;
        }
        let better = match &best {
            None => true,
            Some(best) => {
                let wanted = if greatest { Ordering::Greater } else { Ordering::Less };
                types::compare(&value, best, repr) == wanted
            }
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.unwrap_or(Cow::Owned(Datum::Null)))
}

fn via_text(env: &Env<'_>, arg: &Node, from: SqlType, to: SqlType) -> Result<Datum> {
    let value = arg.value(env)?;
    if value.is_null() {
        return Ok(Datum::Null);
    }
    super::compile::cast_through_text(env.context, &value, from, to)
}

fn array_coerce(env: &Env<'_>, array: &Node, element: &Node, element_type: Oid) -> Result<Datum> {
    let value = array.value(env)?;
    let Datum::Array(array) = &*value else { return Ok(Datum::Null) };
    let elements = array
        .elements
        .iter()
        .map(|value| {
            let inner = Env { element: Some(value), ..*env };
            Ok(element.value(&inner)?.into_owned())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Datum::Array(Box::new(ArrayValue { element_type, dims: array.dims.clone(), elements })))
}

fn array_compare(
    env: &Env<'_>,
    operator: &Operator,
    left: &Node,
    array: &Node,
    all: bool,
) -> Result<Datum> {
    let array = array.value(env)?;
    let Datum::Array(array) = &*array else { return Ok(Datum::Null) };
    let left = left.value(env)?;
    let mut result = Some(all);
    for element in &array.elements {
        match operator.test(env.context, &left, element)? {
            Some(value) if value != all => return Ok(Datum::Bool(!all)),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(result.map_or(Datum::Null, Datum::Bool))
}

fn in_list(
    env: &Env<'_>,
    operator: &Operator,
    left: &Node,
    list: &[Node],
    negated: bool,
) -> Result<Datum> {
    let left = left.value(env)?;
    let mut result = Some(negated);
    for item in list {
        match operator.test(env.context, &left, &*item.value(env)?)? {
            Some(true) => return Ok(Datum::Bool(!negated)),
            Some(false) => {}
            None => result = None,
        }
    }
    Ok(result.map_or(Datum::Null, Datum::Bool))
}

fn index(env: &Env<'_>, node: &Node) -> Result<Option<i32>> {
    Ok(native::integer(&*node.value(env)?).and_then(|value| i32::try_from(value).ok()))
}

fn subscript(env: &Env<'_>, array: &Node, indexes: &[Node]) -> Result<Datum> {
    let value = array.value(env)?;
    if let (Datum::Text(shape), [only]) = (&*value, indexes) {
        let position = index(env, only)?.and_then(|position| usize::try_from(position).ok());
        let part = position.and_then(|position| geometry::part(shape, position));
        return Ok(part.unwrap_or(Datum::Null));
    }
    let Datum::Array(array) = &*value else { return Ok(Datum::Null) };
    let mut positions: SmallVec<[i32; 2]> = SmallVec::new();
    for node in indexes {
        match index(env, node)? {
            Some(position) => positions.push(position),
            None => return Ok(Datum::Null),
        }
    }
    Ok(array::element(array, &positions))
}

fn slice(env: &Env<'_>, array: &Node, bounds: &[(Option<Node>, Option<Node>)]) -> Result<Datum> {
    let value = array.value(env)?;
    let Datum::Array(array) = &*value else { return Ok(Datum::Null) };
    let mut ranges = Vec::with_capacity(bounds.len());
    for (lower, upper) in bounds {
        let mut ends = [None, None];
        for (end, node) in ends.iter_mut().zip([lower, upper]) {
            if let Some(node) = node {
                match index(env, node)? {
                    Some(position) => *end = Some(position),
                    None => return Ok(Datum::Null),
                }
            }
        }
        ranges.push((ends[0], ends[1]));
    }
    Ok(array::slice(array, &ranges))
}
