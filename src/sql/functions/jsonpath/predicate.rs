//! Predicates in three-valued logic: true, false, unknown (`None`).

use std::cmp::Ordering;

use super::execute::{Executor, Found, Walk};
use super::item::Item;
use crate::sql::types::jsonpath::{Comparison, Head, Path, Predicate};

type Truth = Option<bool>;

impl Executor<'_> {
    /// The predicate that a filter's path is.
    pub fn condition(&mut self, path: &Path, item: &Item) -> Walk<Truth> {
        match &path.head {
            Head::Predicate(predicate) if path.steps.is_empty() => self.predicate(predicate, item),
            _ => Ok(None),
        }
    }

    pub fn predicate(&mut self, predicate: &Predicate, item: &Item) -> Walk<Truth> {
        match predicate {
            Predicate::And(left, right) => {
                let left = self.condition(left, item)?;
                if left == Some(false) {
                    return Ok(left);
                }
                let right = self.condition(right, item)?;
                Ok(if right == Some(true) { left } else { right })
            }
            Predicate::Or(left, right) => {
                let left = self.condition(left, item)?;
                if left == Some(true) {
                    return Ok(left);
                }
                let right = self.condition(right, item)?;
                Ok(if right == Some(false) { left } else { right })
            }
            Predicate::Not(inner) => Ok(self.condition(inner, item)?.map(|truth| !truth)),
            Predicate::IsUnknown(inner) => Ok(Some(self.condition(inner, item)?.is_none())),
            Predicate::Exists(path) => self.exists(path, item),
            Predicate::Compare(comparison, left, right) => {
                let right = Some((right, true));
                self.any_pair(left, right, item, |walk, a, b| walk.compare(*comparison, a, b))
            }
            Predicate::StartsWith(whole, initial) => {
                let initial = Some((initial, false));
                self.any_pair(whole, initial, item, |_, whole, initial| {
                    Ok(match (whole, initial) {
                        (Item::String(whole), Item::String(initial)) => {
                            Some(whole.starts_with(initial.as_str()))
                        }
                        _ => None,
                    })
                })
            }
            Predicate::LikeRegex(path, pattern) => {
                let expression = pattern.compile()?;
                self.any_pair(path, None, item, |_, text, _| match text {
                    Item::String(text) => Ok(Some(expression.is_match(text)?)),
                    _ => Ok(None),
                })
            }
        }
    }

    fn exists(&mut self, path: &Path, item: &Item) -> Walk<Truth> {
        // In strict mode all must be found to know that there is no error.
        let found = if self.lax {
            self.quietly(|walk| walk.path(path, item, None))?.map(|found| found == Found::Some)
        } else {
            self.quietly(|walk| walk.operand(path, item, false))?.map(|items| !items.is_empty())
        };
        Ok(found)
    }

    /// Whether the test holds for any pair of the operands' items. In strict mode one
    /// pair that is unknown makes all unknown. Without a right operand, each item of
    /// the left one is tested by itself.
    fn any_pair(
        &mut self,
        left: &Path,
        right: Option<(&Path, bool)>,
        item: &Item,
        mut test: impl FnMut(&mut Self, &Item, &Item) -> Walk<Truth>,
    ) -> Walk<Truth> {
        let Some(left) = self.quietly(|walk| walk.operand(left, item, true))? else {
            return Ok(None);
        };
        let right = match right {
            Some((right, unwrap)) => self.quietly(|walk| walk.operand(right, item, unwrap))?,
            None => Some(vec![Item::Null]),
        };
        let Some(right) = right else { return Ok(None) };
        let (mut found, mut unknown) = (false, false);
        for a in &left {
            for b in &right {
                match test(self, a, b)? {
                    None if !self.lax => return Ok(None),
                    None => unknown = true,
                    Some(true) if self.lax => return Ok(Some(true)),
                    Some(true) => found = true,
                    Some(false) => {}
                }
            }
        }
        Ok(match (found, unknown) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        })
    }

    fn compare(&mut self, comparison: Comparison, a: &Item, b: &Item) -> Walk<Truth> {
        let order = match (a, b) {
            (Item::Null, Item::Null) => Ordering::Equal,
            // null equals nothing else, and is neither less nor greater.
            (Item::Null, _) | (_, Item::Null) => {
                return Ok(Some(comparison == Comparison::NotEqual));
            }
            (Item::Bool(a), Item::Bool(b)) => a.cmp(b),
            (Item::Number(a), Item::Number(b)) => a.cmp(b),
            (Item::String(a), Item::String(b)) => a.cmp(b),
            (Item::Moment(a), Item::Moment(b)) => match a.compare(b, self.use_zone, self.eval)? {
                Some(order) => order,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(match comparison {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterEqual => order.is_ge(),
        }))
    }
}
