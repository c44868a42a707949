//! The walk of a path over a document, step by step.

use bytes::Bytes;

use super::item::Item;
use crate::error::Error;
use crate::sql::functions::EvalContext;
use crate::sql::types::jsonpath::{Head, Level, Path, Range, Step};
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{JsonKind, JsonRef, Jsonb};
use crate::sqlstate::{self, SqlState};

/// Steps between two looks at whether the statement is cancelled.
const STEPS_PER_LOOK: u32 = 1024;

/// Whether a path led anywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    Some,
    None,
}

/// Why a walk ended early.
pub enum Stop {
    Error(Box<Error>),
    /// An error of the data where those are not reported.
    Suppressed,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(Box::new(error))
    }
}

pub type Walk<T = Found> = std::result::Result<T, Stop>;

/// Where what is found goes; `None` when one wants to know only whether anything is.
pub type Sink<'a> = Option<&'a mut Vec<Item>>;

/// The document that object identifiers of `.keyvalue()` count within.
#[derive(Clone)]
pub struct Base {
    pub document: Option<Bytes>,
    pub id: i64,
}

pub struct Executor<'a> {
    pub eval: &'a EvalContext,
    root: Item,
    variables: Option<Bytes>,
    pub lax: bool,
    /// Errors of the data are reported.
    pub throws: bool,
    pub use_zone: bool,
    /// Missing members, elements out of bounds … are passed over.
    ignores_structure: bool,
    /// What `@` is.
    current: Item,
    pub base: Base,
    /// The identifier of the next object that `.keyvalue()` makes.
    pub next_id: i64,
    /// The length of the array in whose subscript the walk is.
    array_length: Option<usize>,
    steps: u32,
}

/// A second look at a sink that is handed on several times.
fn reborrow<'b>(sink: &'b mut Sink<'_>) -> Sink<'b> {
    sink.as_deref_mut()
}

impl<'a> Executor<'a> {
    pub fn new(
        eval: &'a EvalContext,
        target: &Jsonb,
        variables: Option<&Jsonb>,
        lax: bool,
        silent: bool,
        use_zone: bool,
    ) -> Executor<'a> {
        let root = Item::of(&target.0, target.root());
        Executor {
            eval,
            current: root.clone(),
            root,
            variables: variables.map(|variables| variables.0.clone()),
            lax,
            throws: !silent,
            use_zone,
            ignores_structure: lax,
            base: Base { document: None, id: 0 },
            next_id: if variables.is_some() { 2 } else { 1 },
            array_length: None,
            steps: 0,
        }
    }

    pub fn run(&mut self, path: &Path, found: Sink<'_>) -> Walk {
        let root = self.root.clone();
        if self.lax || found.is_some() {
            return self.path(path, &root, found);
        }
        // In strict mode everything must be found to know that there is no error.
        let mut all = Vec::new();
        self.path(path, &root, Some(&mut all))?;
        Ok(if all.is_empty() { Found::None } else { Found::Some })
    }

    /// An error of the data.
    pub fn fail<T>(&self, code: SqlState, message: impl Into<String>) -> Walk<T> {
        self.fail_with(|| Error::new(code, message))
    }

    pub fn fail_with<T>(&self, error: impl FnOnce() -> Error) -> Walk<T> {
        Err(if self.throws { error().into() } else { Stop::Suppressed })
    }

    /// The same, unless the structure of the data does not matter.
    fn fail_structure(&self, code: SqlState, message: &str) -> Walk {
        if self.ignores_structure { Ok(Found::None) } else { self.fail(code, message) }
    }

    fn look_for_cancel(&mut self) -> Walk<()> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STEPS_PER_LOOK) && self.eval.session.is_cancelled() {
            return Err(Error::query_canceled().into());
        }
        Ok(())
    }

    /// A whole path, from its head on.
    pub fn path(&mut self, path: &Path, item: &Item, found: Sink<'_>) -> Walk {
        self.look_for_cancel()?;
        let steps = path.steps.as_slice();
        // The value of a constant is not needed to know that it is there.
        let is_skipped = found.is_none() && steps.is_empty();
        match &path.head {
            Head::Predicate(predicate) => {
                let truth = self.predicate(predicate, item)?;
                match is_skipped {
                    true => Ok(Found::Some),
                    false => self.next(steps, &truth.map_or(Item::Null, Item::Bool), found),
                }
            }
            Head::Root => {
                let root = self.root.clone();
                let base = Base { document: container(&root), id: 0 };
                self.next_from(base, steps, &root, found)
            }
            Head::Current => {
                let current = self.current.clone();
                self.next(steps, &current, found)
            }
            Head::Arithmetic(operation, left, right) => {
                self.arithmetic(*operation, (left, right), steps, item, found)
            }
            Head::Unary(sign, inner) => self.unary(*sign, inner, steps, item, found),
            Head::Last => {
                let length = self.array_length.ok_or_else(|| {
                    Error::internal("evaluating jsonpath LAST outside of array subscript")
                })?;
                let last = Item::Number(Numeric::from(length as i64 - 1));
                self.next(steps, &last, found)
            }
            // A variable is looked for all the same: it may be missing.
            head if is_skipped && !matches!(head, Head::Variable(_)) => Ok(Found::Some),
            Head::Null => self.next(steps, &Item::Null, found),
            Head::Bool(value) => self.next(steps, &Item::Bool(*value), found),
            Head::Number(number) => self.next(steps, &Item::Number(number.clone()), found),
            Head::String(text) => self.next(steps, &Item::String(text.clone()), found),
            Head::Variable(name) => {
                let Some(variables) = self.variables.clone() else {
                    return self.next(steps, &Item::Null, found);
                };
                let Some(value) = JsonRef::from_bytes(&variables).get(name) else {
                    let message = format!("could not find jsonpath variable \"{name}\"");
                    return Err(Error::new(sqlstate::UNDEFINED_OBJECT, message).into());
                };
                let value = Item::of(&variables, value);
                self.next_from(Base { document: Some(variables), id: 1 }, steps, &value, found)
            }
        }
    }

    /// Goes on with the steps that are left; without any, the item is found.
    pub fn next(&mut self, steps: &[Step], item: &Item, found: Sink<'_>) -> Walk {
        match (steps.is_empty(), found) {
            (false, found) => self.step(steps, item, found, self.lax),
            (true, Some(found)) => {
                found.push(item.clone());
                Ok(Found::Some)
            }
            (true, None) => Ok(Found::Some),
        }
    }

    /// Goes on within another document.
    pub fn next_from(&mut self, base: Base, steps: &[Step], item: &Item, found: Sink<'_>) -> Walk {
        let outer = std::mem::replace(&mut self.base, base);
        let walked = self.next(steps, item, found);
        self.base = outer;
        walked
    }

    /// The first of the steps. With `unwrap` a step that is not for arrays is taken
    /// for each element of one.
    fn step(&mut self, steps: &[Step], item: &Item, found: Sink<'_>, unwrap: bool) -> Walk {
        self.look_for_cancel()?;
        let Some((step, rest)) = steps.split_first() else { return self.next(steps, item, found) };
        let unwraps = unwrap && item.is_array();
        match step {
            Step::Key(key) => match item {
                Item::Container(bytes) if item.is_object() => {
                    match JsonRef::from_bytes(bytes).get(key) {
                        Some(value) => self.next(rest, &Item::of(bytes, value), found),
                        None if self.ignores_structure => Ok(Found::None),
                        None => self.fail(
                            sqlstate::SQL_JSON_MEMBER_NOT_FOUND,
                            format!("JSON object does not contain key \"{key}\""),
                        ),
                    }
                }
                _ if unwraps => self.each_element(steps, item, found),
                _ => self.fail_structure(
                    sqlstate::SQL_JSON_MEMBER_NOT_FOUND,
                    "jsonpath member accessor can only be applied to an object",
                ),
            },
            Step::AnyKey if item.is_object() => self.children(rest, item, found, self.lax),
            Step::AnyKey if unwraps => self.each_element(steps, item, found),
            Step::AnyKey => self.fail_structure(
                sqlstate::SQL_JSON_OBJECT_NOT_FOUND,
                "jsonpath wildcard member accessor can only be applied to an object",
            ),
            Step::AnyElement if item.is_array() => self.children(rest, item, found, self.lax),
            Step::AnyElement if self.lax => self.next(rest, item, found),
            Step::AnyElement => self.fail_structure(
                sqlstate::SQL_JSON_ARRAY_NOT_FOUND,
                "jsonpath wildcard array accessor can only be applied to an array",
            ),
            Step::Elements(ranges) if item.is_array() || self.lax => {
                let outer = self.array_length;
                let walked = self.elements(ranges, rest, item, found);
                self.array_length = outer;
                walked
            }
            Step::Elements(_) => self.fail_structure(
                sqlstate::SQL_JSON_ARRAY_NOT_FOUND,
                "jsonpath array accessor can only be applied to an array",
            ),
            Step::Descendants(first, last) => self.descendants(rest, item, found, (*first, *last)),
            Step::Filter(_) if unwraps => self.each_element(steps, item, found),
            Step::Filter(condition) => {
                let outer = std::mem::replace(&mut self.current, item.clone());
                let truth = self.condition(condition, item);
                self.current = outer;
                match truth? {
                    Some(true) => self.next(rest, item, found),
                    _ => Ok(Found::None),
                }
            }
            Step::Method(method) => self.method(*method, steps, item, found, unwrap),
            Step::Datetime(_) if unwraps => self.each_element(steps, item, found),
            Step::Datetime(template) => {
                let moment = self.moment(template.as_deref(), item)?;
                self.next(rest, &Item::Moment(moment), found)
            }
        }
    }

    /// The steps for each element of an array, which is not unwrapped once more.
    pub fn each_element(&mut self, steps: &[Step], array: &Item, found: Sink<'_>) -> Walk {
        self.children(steps, array, found, false)
    }

    fn children(&mut self, steps: &[Step], item: &Item, mut found: Sink<'_>, unwrap: bool) -> Walk {
        let mut any = Found::None;
        for child in item.children() {
            let walked = match steps.is_empty() {
                true => self.next(steps, &child, reborrow(&mut found))?,
                false => self.step(steps, &child, reborrow(&mut found), unwrap)?,
            };
            if walked == Found::Some {
                any = Found::Some;
                if found.is_none() {
                    break;
                }
            }
        }
        Ok(any)
    }

    /// `[1, 2 to last]`; what is no array is one of one element.
    fn elements(
        &mut self,
        ranges: &[Range],
        rest: &[Step],
        item: &Item,
        mut found: Sink<'_>,
    ) -> Walk {
        let length = match item {
            Item::Container(bytes) if item.is_array() => JsonRef::from_bytes(bytes).len(),
            _ => 1,
        };
        self.array_length = Some(length);
        let mut any = Found::None;
        for range in ranges {
            let from = i64::from(self.subscript(&range.from, item)?);
            let to = match &range.to {
                Some(to) => i64::from(self.subscript(to, item)?),
                None => from,
            };
            let limit = length as i64;
            if !self.ignores_structure && (from < 0 || from > to || to >= limit) {
                return self.fail(
                    sqlstate::INVALID_SQL_JSON_SUBSCRIPT,
                    "jsonpath array subscript is out of bounds",
                );
            }
            for index in from.max(0)..=to.min(limit - 1) {
                let element = match item {
                    Item::Container(bytes) if item.is_array() => {
                        Item::of(bytes, JsonRef::from_bytes(bytes).value_at(index as usize))
                    }
                    single => single.clone(),
                };
                if self.next(rest, &element, reborrow(&mut found))? == Found::Some {
                    any = Found::Some;
                    if found.is_none() {
                        return Ok(any);
                    }
                }
            }
        }
        Ok(any)
    }

    fn subscript(&mut self, path: &Path, item: &Item) -> Walk<i32> {
        let mut values = Vec::new();
        self.path(path, item, Some(&mut values))?;
        let [Item::Number(number)] = values.as_slice() else {
            return self.fail(
                sqlstate::INVALID_SQL_JSON_SUBSCRIPT,
                "jsonpath array subscript is not a single numeric value",
            );
        };
        match number.trunc(0).and_then(|number| number.to_i32()) {
            Ok(index) => Ok(index),
            Err(_) => self.fail(
                sqlstate::INVALID_SQL_JSON_SUBSCRIPT,
                "jsonpath array subscript is out of integer range",
            ),
        }
    }

    /// `**{first to last}`: the item itself at level 0, its children at level 1 ….
    fn descendants(
        &mut self,
        rest: &[Step],
        item: &Item,
        mut found: Sink<'_>,
        (first, last): (Level, Level),
    ) -> Walk {
        let mut any = Found::None;
        if first == Level::Number(0) {
            any = self.without_structure(|walk| walk.next(rest, item, reborrow(&mut found)))?;
            if any == Found::Some && found.is_none() {
                return Ok(any);
            }
        }
        match self.below(rest, item, reborrow(&mut found), 1, (first, last))? {
            Found::Some => Ok(Found::Some),
            Found::None => Ok(any),
        }
    }

    fn below(
        &mut self,
        rest: &[Step],
        item: &Item,
        mut found: Sink<'_>,
        level: u32,
        (first, last): (Level, Level),
    ) -> Walk {
        let mut any = Found::None;
        if Level::Number(level) > last {
            return Ok(any);
        }
        for child in item.children() {
            let is_leaf = !matches!(child, Item::Container(_));
            let only_leaves = first == Level::Last && last == Level::Last;
            if Level::Number(level) >= first || (only_leaves && is_leaf) {
                let walked = self.without_structure(|walk| match rest.is_empty() {
                    true => walk.next(rest, &child, reborrow(&mut found)),
                    false => walk.step(rest, &child, reborrow(&mut found), walk.lax),
                })?;
                if walked == Found::Some {
                    any = Found::Some;
                }
            }
            if (any == Found::None || found.is_some())
                && Level::Number(level) < last
                && !is_leaf
                && self.below(rest, &child, reborrow(&mut found), level + 1, (first, last))?
                    == Found::Some
            {
                any = Found::Some;
            }
            if any == Found::Some && found.is_none() {
                break;
            }
        }
        Ok(any)
    }

    /// Walks with the structure of the data not mattering.
    fn without_structure<T>(&mut self, walk: impl FnOnce(&mut Self) -> Walk<T>) -> Walk<T> {
        let outer = std::mem::replace(&mut self.ignores_structure, true);
        let walked = walk(self);
        self.ignores_structure = outer;
        walked
    }

    /// The items of an operand; in lax mode arrays are taken apart.
    pub fn operand(&mut self, path: &Path, item: &Item, unwrap: bool) -> Walk<Vec<Item>> {
        let mut items = Vec::new();
        self.path(path, item, Some(&mut items))?;
        let unwraps = unwrap && self.lax && items.iter().any(Item::is_array);
        if !unwraps {
            return Ok(items);
        }
        let mut flat = Vec::with_capacity(items.len());
        for item in items {
            match item.kind() {
                JsonKind::Array => flat.extend(item.children()),
                _ => flat.push(item),
            }
        }
        Ok(flat)
    }

    /// Walks with errors of the data suppressed: `None` is such an error.
    pub fn quietly<T>(&mut self, walk: impl FnOnce(&mut Self) -> Walk<T>) -> Walk<Option<T>> {
        let outer = std::mem::replace(&mut self.throws, false);
        let walked = walk(self);
        self.throws = outer;
        match walked {
            Ok(value) => Ok(Some(value)),
            Err(Stop::Suppressed) => Ok(None),
            Err(stop) => Err(stop),
        }
    }
}

/// The document that an item is, if it is a container.
pub fn container(item: &Item) -> Option<Bytes> {
    match item {
        Item::Container(bytes) => Some(bytes.clone()),
        _ => None,
    }
}
