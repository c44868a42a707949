//! Arithmetic and the methods of items.

use super::execute::{Base, Executor, Found, Sink, Walk};
use super::item::Item;
use super::layout;
use crate::error::{Error, Result};
use crate::sql::types::json::JsonValue;
use crate::sql::types::jsonpath::{Arithmetic, Method, Path, Sign, Step};
use crate::sql::types::numeric::Numeric;
use crate::sql::types::{JsonRef, float};
use crate::sqlstate;

/// What the identifier of a base counts for in the identifiers of its objects.
const BASE_FACTOR: i64 = 10_000_000_000;

impl Executor<'_> {
    pub fn arithmetic(
        &mut self,
        operation: Arithmetic,
        (left, right): (&Path, &Path),
        steps: &[Step],
        item: &Item,
        found: Sink<'_>,
    ) -> Walk {
        let left = self.operand(left, item, true)?;
        let right = self.operand(right, item, true)?;
        let single = |side: &str, items: Vec<Item>| match items.into_iter().collect::<Single>() {
            Single::One(Item::Number(number)) => Ok(number),
            _ => self.fail(
                sqlstate::SINGLETON_SQL_JSON_ITEM_REQUIRED,
                format!(
                    "{side} operand of jsonpath operator {} is not a single numeric value",
                    operation.symbol()
                ),
            ),
        };
        let (left, right) = (single("left", left)?, single("right", right)?);
        let value = match operation {
            Arithmetic::Add => left.add(&right),
            Arithmetic::Subtract => left.sub(&right),
            Arithmetic::Multiply => left.mul(&right),
            Arithmetic::Divide => left.div(&right),
            Arithmetic::Modulo => left.rem(&right),
        };
        let value = self.computed(value)?;
        self.next(steps, &Item::Number(value), found)
    }

    /// A result whose error is one of the data.
    pub fn computed<T>(&self, value: Result<T>) -> Walk<T> {
        value.or_else(|error| self.fail_with(|| error))
    }

    pub fn unary(
        &mut self,
        sign: Sign,
        inner: &Path,
        steps: &[Step],
        item: &Item,
        mut found: Sink<'_>,
    ) -> Walk {
        let mut any = Found::None;
        for value in self.operand(inner, item, true)? {
            let is_last = found.is_none() && steps.is_empty();
            let number = match value {
                Item::Number(_) if is_last => return Ok(Found::Some),
                Item::Number(number) => number,
                _ if is_last => continue,
                _ => {
                    return self.fail(
                        sqlstate::SQL_JSON_NUMBER_NOT_FOUND,
                        format!(
                            "operand of unary jsonpath operator {} is not a numeric value",
                            sign.symbol()
                        ),
                    );
                }
            };
            let number = if sign == Sign::Minus { number.neg() } else { number };
            if self.next(steps, &Item::Number(number), found.as_deref_mut())? == Found::Some {
                any = Found::Some;
                if found.is_none() {
                    break;
                }
            }
        }
        Ok(any)
    }

    /// The method that the first of the steps is.
    pub fn method(
        &mut self,
        method: Method,
        steps: &[Step],
        item: &Item,
        found: Sink<'_>,
        unwrap: bool,
    ) -> Walk {
        let rest = steps.get(1..).unwrap_or_default();
        let result = match method {
            Method::Type => Item::String(item.type_name().to_owned()),
            Method::Size => match item {
                Item::Container(bytes) if item.is_array() => {
                    Item::Number(Numeric::from(JsonRef::from_bytes(bytes).len() as i64))
                }
                _ if self.lax => Item::Number(Numeric::from(1)),
                _ => {
                    return self.fail(
                        sqlstate::SQL_JSON_ARRAY_NOT_FOUND,
                        "jsonpath item method .size() can only be applied to an array",
                    );
                }
            },
            _ if unwrap && item.is_array() => return self.each_element(steps, item, found),
            Method::KeyValue => return self.key_values(rest, item, found),
            Method::Double => self.double(item)?,
            Method::Abs => self.numeric_method(method, item, |number| Ok(number.abs()))?,
            Method::Floor => self.numeric_method(method, item, Numeric::floor)?,
            Method::Ceiling => self.numeric_method(method, item, Numeric::ceil)?,
        };
        self.next(rest, &result, found)
    }

    fn numeric_method(
        &self,
        method: Method,
        item: &Item,
        compute: fn(&Numeric) -> Result<Numeric>,
    ) -> Walk<Item> {
        match item {
            Item::Number(number) => self.computed(compute(number)).map(Item::Number),
            _ => self.fail(
                sqlstate::NON_NUMERIC_SQL_JSON_ITEM,
                format!(
                    "jsonpath item method .{}() can only be applied to a numeric value",
                    method.name()
                ),
            ),
        }
    }

    fn double(&self, item: &Item) -> Walk<Item> {
        let code = sqlstate::NON_NUMERIC_SQL_JSON_ITEM;
        match item {
            Item::Number(number) => match number.to_float8() {
                Ok(value) if value.is_finite() => Ok(item.clone()),
                _ => self.fail(
                    code,
                    "numeric argument of jsonpath item method .double() is out of range for \
                     type double precision",
                ),
            },
            Item::String(text) => match float::parse_f64(text) {
                Ok(value) if value.is_finite() => Ok(Item::Number(Numeric::from_f64(value))),
                _ => self.fail(
                    code,
                    "string argument of jsonpath item method .double() is not a valid \
                     representation of a double precision number",
                ),
            },
            _ => self.fail(
                code,
                "jsonpath item method .double() can only be applied to a string or numeric value",
            ),
        }
    }

    /// An object for each member: its key, its value, and a number for the object
    /// that it is of.
    fn key_values(&mut self, rest: &[Step], item: &Item, mut found: Sink<'_>) -> Walk {
        let Item::Container(bytes) = item else { return self.not_an_object() };
        if !item.is_object() {
            return self.not_an_object();
        }
        let object = JsonRef::from_bytes(bytes);
        let offset = self
            .base
            .document
            .as_ref()
            .and_then(|base| layout::offset_of(JsonRef::from_bytes(base), object));
        let id = self.base.id * BASE_FACTOR + offset.unwrap_or(0) as i64;
        let mut any = Found::None;
        for (key, value) in object.members() {
            if found.is_none() && rest.is_empty() {
                return Ok(Found::Some);
            }
            let member = JsonValue::Object(vec![
                ("key".to_owned(), JsonValue::String(key.to_owned())),
                ("value".to_owned(), JsonValue::Encoded(value.to_jsonb())),
                ("id".to_owned(), JsonValue::Number(Numeric::from(id))),
            ])
            .to_jsonb();
            let base = Base { document: Some(member.0.clone()), id: self.next_id };
            self.next_id += 1;
            let member = Item::Container(member.0);
            let walked = self.next_from(base, rest, &member, found.as_deref_mut())?;
            if walked == Found::Some {
                any = Found::Some;
                if found.is_none() {
                    break;
                }
            }
        }
        Ok(any)
    }

    fn not_an_object(&self) -> Walk {
        self.fail_with(|| {
            Error::new(
                sqlstate::SQL_JSON_OBJECT_NOT_FOUND,
                "jsonpath item method .keyvalue() can only be applied to an object",
            )
        })
    }
}

/// One item, or another number of them.
enum Single {
    One(Item),
    Other,
}

impl FromIterator<Item> for Single {
    fn from_iter<T: IntoIterator<Item = Item>>(items: T) -> Single {
        let mut items = items.into_iter();
        match (items.next(), items.next()) {
            (Some(item), None) => Single::One(item),
            _ => Single::Other,
        }
    }
}
