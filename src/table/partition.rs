//! Partitions: which one a row belongs to, and which ones cannot have a row.
//!
//! [`Partitions`] is a partitioned table's children with their bounds, sorted for
//! search; a key finds its partition by [`Partitions::find`]. A partition with the
//! bounds above it is a [`Proof`]: comparisons of columns with values that
//! contradict it exclude the partition from a query.
//!
//! ```text
//! RANGE (a): p1 FROM (0) TO (10), p2 FROM (10) TO (20), d DEFAULT
//! find (12) → p2    find (20), find (NULL) → d
//! a < 10: p1, d     a = 12: p2
//! ```

use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use super::expression::{RowExpression, eval_over};
use super::family::ColumnMap;
use super::info::TableInfo;
use super::scan::Comparison;
use crate::catalog::{Catalog, PartitionBound, PartitionKey, PartitionStrategy, RangeDatum};
use crate::error::{Error, Result};
use crate::sql::run::StatementContext;
use crate::sql::types::{self, Datum, InputContext, Oid, Repr, SqlType, hash};

/// Values of one list that are looked at one by one.
const LIST_MAX: usize = 1_000;

/// One column of a partition key.
#[derive(Debug)]
pub struct KeyPart {
    /// The position of the column; `None` for an expression.
    pub position: Option<usize>,
    pub expression: Option<String>,
    pub ty: SqlType,
    pub repr: Repr,
}

#[derive(Clone, Debug)]
pub enum Edge {
    Min,
    Value(Datum),
    Max,
}

/// FOR VALUES, as values.
#[derive(Clone, Debug)]
pub enum Bound {
    Default,
    /// NULL is among them as NULL.
    List(Vec<Datum>),
    Range {
        from: Vec<Edge>,
        to: Vec<Edge>,
    },
    Hash {
        modulus: u32,
        remainder: u32,
    },
}

#[derive(Debug)]
pub struct Partition {
    pub oid: Oid,
    pub bound: Bound,
    /// From the partitioned table's columns to the partition's.
    pub map: Option<ColumnMap>,
}

/// A partitioned table's key and partitions.
pub struct Partitions {
    pub strategy: PartitionStrategy,
    pub keys: Vec<KeyPart>,
    /// In the order of their bounds, the default partition last.
    pub children: Vec<Partition>,
    default: Option<usize>,
    /// LIST: values in order with their partitions.
    values: Vec<(Datum, usize)>,
    null: Option<usize>,
    expressions: OnceLock<Vec<Option<Arc<dyn RowExpression>>>>,
}

impl std::fmt::Debug for Partitions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Partitions({:?})", self.children)
    }
}

/// The columns of a partition key with their representations.
pub fn key_parts(catalog: &Catalog, key: &PartitionKey) -> Result<Vec<KeyPart>> {
    key.columns
        .iter()
        .map(|column| {
            Ok(KeyPart {
                position: usize::try_from(column.column - 1).ok(),
                expression: column.expression.clone(),
                ty: column.ty,
                repr: catalog.repr(column.ty.oid)?,
            })
        })
        .collect()
}

/// A stored bound as values.
pub fn bound_of(bound: &PartitionBound, keys: &[KeyPart]) -> Result<Bound> {
    let input = InputContext::default();
    let value = |text: &str, at: usize| {
        let key = keys.get(at).ok_or_else(|| Error::internal("a bound without its key"))?;
        types::text_input(text, key.ty, &key.repr, &input)
    };
    let edges = |datums: &[RangeDatum]| -> Result<Vec<Edge>> {
        let edge = |(at, datum): (usize, &RangeDatum)| {
            Ok(match datum {
                RangeDatum::MinValue => Edge::Min,
                RangeDatum::MaxValue => Edge::Max,
                RangeDatum::Value(text) => Edge::Value(value(text, at)?),
            })
        };
        datums.iter().enumerate().map(edge).collect()
    };
    Ok(match bound {
        PartitionBound::Default => Bound::Default,
        PartitionBound::Hash { modulus, remainder } => {
            Bound::Hash { modulus: *modulus, remainder: *remainder }
        }
        PartitionBound::List(texts) => {
            let datum = |text: &Option<String>| match text {
                Some(text) => value(text, 0),
                None => Ok(Datum::Null),
            };
            Bound::List(texts.iter().map(datum).collect::<Result<_>>()?)
        }
        PartitionBound::Range { from, to } => Bound::Range { from: edges(from)?, to: edges(to)? },
    })
}

impl Partitions {
    /// Of a partitioned table; made once per catalog value.
    pub fn of(catalog: &Catalog, table: Oid) -> Result<Arc<Partitions>> {
        if let Some(known) = catalog.derived(table) {
            return Ok(known);
        }
        let relation = catalog.relation(table);
        let relation = relation.ok_or_else(|| Error::internal("no such partitioned table"))?;
        let key = relation.inheritance.key.as_ref();
        let key = key.ok_or_else(|| Error::internal("not a partitioned table"))?;
        let keys = key_parts(catalog, key)?;
        let mut children = Vec::new();
        for oid in catalog.children(table) {
            let Some(child) = catalog.relation(*oid) else { continue };
            let bound = child.inheritance.bound.as_ref();
            let bound = bound.ok_or_else(|| Error::internal("a partition without a bound"))?;
            let map = ColumnMap::between(relation, child)?;
            children.push(Partition { oid: *oid, bound: bound_of(bound, &keys)?, map });
        }
        let partitions = Partitions::new(key.strategy, keys, children);
        Ok(catalog.derive(table, Arc::new(partitions)))
    }

    fn new(
        strategy: PartitionStrategy,
        keys: Vec<KeyPart>,
        mut children: Vec<Partition>,
    ) -> Partitions {
        children.sort_by(|a, b| order(&a.bound, &b.bound, &keys));
        let default = children.iter().position(|child| matches!(child.bound, Bound::Default));
        let (mut values, mut null) = (Vec::new(), None);
        for (at, child) in children.iter().enumerate() {
            let Bound::List(datums) = &child.bound else { continue };
            for datum in datums {
                match datum.is_null() {
                    true => null = Some(at),
                    false => values.push((datum.clone(), at)),
                }
            }
        }
        if let Some(key) = keys.first() {
            values.sort_by(|(a, _), (b, _)| types::compare(a, b, &key.repr));
        }
        let expressions = OnceLock::new();
        Partitions { strategy, keys, children, default, values, null, expressions }
    }

    /// Where a key belongs: an index into `children`.
    pub fn find(&self, key: &[Datum]) -> Result<Option<usize>> {
        let found = match self.strategy {
            PartitionStrategy::List => self.find_in_lists(&key[0]),
            PartitionStrategy::Range => self.find_in_ranges(key),
            PartitionStrategy::Hash => return self.find_by_hash(key),
        };
        Ok(found.or(self.default))
    }

    fn find_in_lists(&self, value: &Datum) -> Option<usize> {
        if value.is_null() {
            return self.null;
        }
        let repr = &self.keys.first()?.repr;
        let at = self.values.binary_search_by(|(known, _)| types::compare(known, value, repr));
        at.ok().map(|at| self.values[at].1)
    }

    fn find_in_ranges(&self, key: &[Datum]) -> Option<usize> {
        if key.iter().any(Datum::is_null) {
            return None;
        }
        let starts_after = |child: &Partition| match &child.bound {
            Bound::Range { from, .. } => against(key, from, &self.keys).is_lt(),
            _ => true,
        };
        let at = self.children.partition_point(|child| !starts_after(child)).checked_sub(1)?;
        match &self.children[at].bound {
            Bound::Range { to, .. } => against(key, to, &self.keys).is_lt().then_some(at),
            _ => None,
        }
    }

    fn find_by_hash(&self, key: &[Datum]) -> Result<Option<usize>> {
        let hash = self.hash(key)?;
        let is_here = |child: &Partition| match child.bound {
            Bound::Hash { modulus, remainder } => {
                hash % u64::from(modulus.max(1)) == u64::from(remainder)
            }
            _ => false,
        };
        Ok(self.children.iter().position(is_here))
    }

    fn hash(&self, key: &[Datum]) -> Result<u64> {
        hash::row(key.iter().zip(self.keys.iter().map(|part| &part.repr)))
            .ok_or_else(|| Error::unsupported("hash of a value of this type"))
    }

    /// The key of a row of the partitioned table.
    pub fn key_of(
        &self,
        info: &TableInfo,
        catalog: &Arc<Catalog>,
        ctx: &StatementContext,
        row: &[Datum],
    ) -> Result<Vec<Datum>> {
        let expressions = self.compiled(info, catalog, ctx)?;
        let parts = self.keys.iter().zip(expressions);
        parts
            .map(|(part, expression)| match (part.position, expression) {
                (Some(position), _) => Ok(row[position].clone()),
                (None, Some(expression)) => expression.eval(&ctx.eval, row),
                (None, None) => Err(Error::internal("a partition key of nothing")),
            })
            .collect()
    }

    fn compiled(
        &self,
        info: &TableInfo,
        catalog: &Arc<Catalog>,
        ctx: &StatementContext,
    ) -> Result<&[Option<Arc<dyn RowExpression>>]> {
        if let Some(known) = self.expressions.get() {
            return Ok(known);
        }
        let eval = eval_over(catalog, ctx);
        let compile = |part: &KeyPart| {
            let sql = part.expression.as_deref();
            sql.map(|sql| ctx.compiler.compile(&eval, info, sql, None)).transpose()
        };
        let compiled = self.keys.iter().map(compile).collect::<Result<Vec<_>>>()?;
        Ok(self.expressions.get_or_init(|| compiled))
    }

    /// Whether a partition may have rows with keys of which this is known, by the
    /// parts of the key.
    fn may_hold(&self, child: usize, known: &[Vec<&Comparison>]) -> Result<bool> {
        // A list of values is one of them after the other.
        for (at, comparisons) in known.iter().enumerate() {
            let list = comparisons.iter().position(|c| matches!(c, Comparison::OneOf(_)));
            let Some(place) = list else { continue };
            let Comparison::OneOf(values) = comparisons[place] else { continue };
            if values.len() > LIST_MAX {
                return Ok(true);
            }
            for value in values {
                let equal = Comparison::Equal(value.clone());
                let mut narrowed = known.to_vec();
                narrowed[at][place] = &equal;
                if self.may_hold(child, &narrowed)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let equals: Option<Vec<Datum>> = known
            .iter()
            .map(|comparisons| {
                comparisons.iter().find_map(|comparison| match comparison {
                    Comparison::Equal(value) => Some(value.clone()),
                    Comparison::IsNull => Some(Datum::Null),
                    _ => None,
                })
            })
            .collect();
        if let Some(key) = equals
            && self.find(&key)? != Some(child)
        {
            return Ok(false);
        }
        Ok(match &self.children[child].bound {
            Bound::List(values) => values.iter().any(|value| self.fulfils(value, 0, known)),
            Bound::Range { from, to } => {
                reaches(known, from, &self.keys) && begins_before(known, to, &self.keys)
            }
            Bound::Default if self.strategy == PartitionStrategy::Range => !self.is_covered(known),
            Bound::Hash { .. } | Bound::Default => true,
        })
    }

    fn fulfils(&self, value: &Datum, at: usize, known: &[Vec<&Comparison>]) -> bool {
        let Some(part) = self.keys.get(at) else { return true };
        let compare = |other: &Datum| types::compare(value, other, &part.repr);
        known[at].iter().all(|comparison| match comparison {
            Comparison::IsNull => value.is_null(),
            _ if value.is_null() => false,
            Comparison::Equal(other) => compare(other).is_eq(),
            Comparison::OneOf(others) => others.iter().any(|other| compare(other).is_eq()),
            Comparison::Below { bound, included } => match compare(bound) {
                Ordering::Equal => *included,
                order => order.is_lt(),
            },
            Comparison::Above { bound, included } => match compare(bound) {
                Ordering::Equal => *included,
                order => order.is_gt(),
            },
            Comparison::IsNotNull | Comparison::Parts(..) => true,
        })
    }

    /// Whether all keys between the known limits lie in ranges other than the
    /// default partition; for keys of one column.
    fn is_covered(&self, known: &[Vec<&Comparison>]) -> bool {
        let ([comparisons], [part]) = (known, self.keys.as_slice()) else { return false };
        let compare = |a: &Datum, b: &Datum| types::compare(a, b, &part.repr);
        let (mut low, mut high): (Option<&Datum>, Option<(&Datum, bool)>) = (None, None);
        for comparison in comparisons {
            match comparison {
                Comparison::Above { bound, .. }
                    if low.is_none_or(|known| compare(bound, known).is_gt()) =>
                {
                    low = Some(bound);
                }
                Comparison::Below { bound, included }
                    if high.is_none_or(|(known, _)| compare(bound, known).is_lt()) =>
                {
                    high = Some((bound, *included));
                }
                _ => {}
            }
        }
        if low.is_none() && high.is_none() {
            return false;
        }
        // Walks along ranges that join; `reached` is where the last one ends.
        let mut reached: Option<&Edge> = None;
        for child in &self.children {
            let Bound::Range { from, to } = &child.bound else { continue };
            let joins = match (reached, &from[0]) {
                (None, Edge::Min) => true,
                (None, Edge::Value(from)) => low.is_some_and(|low| compare(from, low).is_le()),
                (Some(Edge::Value(reached)), Edge::Value(from)) => compare(reached, from).is_eq(),
                _ => false,
            };
            let contains_low = match (low, &to[0]) {
                (Some(low), Edge::Value(to)) => compare(low, to).is_lt(),
                _ => true,
            };
            if reached.is_none() && !(joins && contains_low) {
                continue;
            }
            if !joins {
                return false;
            }
            reached = Some(&to[0]);
            let ends = match (high, &to[0]) {
                (_, Edge::Max) => true,
                (Some((high, included)), Edge::Value(to)) => match compare(high, to) {
                    Ordering::Equal => !included,
                    order => order.is_lt(),
                },
                _ => false,
            };
            if ends {
                return true;
            }
        }
        false
    }
}

/// A key against an edge.
pub fn against(key: &[Datum], edge: &[Edge], keys: &[KeyPart]) -> Ordering {
    for ((value, edge), part) in key.iter().zip(edge).zip(keys) {
        let order = match edge {
            Edge::Min => Ordering::Greater,
            Edge::Max => Ordering::Less,
            Edge::Value(bound) => types::compare(value, bound, &part.repr),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Two edges; what follows MINVALUE or MAXVALUE does not count.
pub fn compare_edges(a: &[Edge], b: &[Edge], keys: &[KeyPart]) -> Ordering {
    for ((a, b), part) in a.iter().zip(b).zip(keys) {
        let order = match (a, b) {
            (Edge::Min, Edge::Min) | (Edge::Max, Edge::Max) => return Ordering::Equal,
            (Edge::Min, _) | (_, Edge::Max) => Ordering::Less,
            (Edge::Max, _) | (_, Edge::Min) => Ordering::Greater,
            (Edge::Value(a), Edge::Value(b)) => types::compare(a, b, &part.repr),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// The order of partitions: of ranges, of the least values of lists, of moduli.
fn order(a: &Bound, b: &Bound, keys: &[KeyPart]) -> Ordering {
    let least = |values: &[Datum]| {
        let repr = &keys[0].repr;
        values.iter().min_by(|a, b| types::compare(a, b, repr)).cloned().unwrap_or(Datum::Null)
    };
    match (a, b) {
        (Bound::Default, Bound::Default) => Ordering::Equal,
        (Bound::Default, _) => Ordering::Greater,
        (_, Bound::Default) => Ordering::Less,
        (Bound::Range { from: a, .. }, Bound::Range { from: b, .. }) => compare_edges(a, b, keys),
        (Bound::List(a), Bound::List(b)) => types::compare(&least(a), &least(b), &keys[0].repr),
        (Bound::Hash { modulus: a, remainder: x }, Bound::Hash { modulus: b, remainder: y }) => {
            (a, x).cmp(&(b, y))
        }
        _ => Ordering::Equal,
    }
}

/// Whether keys of which this is known may be at or after a range's lower edge.
fn reaches(known: &[Vec<&Comparison>], from: &[Edge], keys: &[KeyPart]) -> bool {
    for ((comparisons, edge), part) in known.iter().zip(from).zip(keys) {
        let bound = match edge {
            Edge::Min => return true,
            Edge::Max => return false,
            Edge::Value(bound) => bound,
        };
        let mut is_equal = false;
        for comparison in comparisons {
            match comparison {
                Comparison::Equal(value) => match types::compare(value, bound, &part.repr) {
                    Ordering::Less => return false,
                    Ordering::Equal => is_equal = true,
                    Ordering::Greater => return true,
                },
                Comparison::Below { bound: high, included } => {
                    match types::compare(high, bound, &part.repr) {
                        Ordering::Less => return false,
                        Ordering::Equal if !included => return false,
                        _ => {}
                    }
                }
                Comparison::IsNull => return false,
                _ => {}
            }
        }
        if !is_equal {
            return true;
        }
    }
    true
}

/// Whether keys of which this is known may be before a range's upper edge.
fn begins_before(known: &[Vec<&Comparison>], to: &[Edge], keys: &[KeyPart]) -> bool {
    let last = keys.len() - 1;
    for (at, ((comparisons, edge), part)) in known.iter().zip(to).zip(keys).enumerate() {
        let bound = match edge {
            Edge::Max => return true,
            Edge::Min => return false,
            Edge::Value(bound) => bound,
        };
        let mut is_equal = false;
        for comparison in comparisons {
            match comparison {
                Comparison::Equal(value) => match types::compare(value, bound, &part.repr) {
                    Ordering::Less => return true,
                    Ordering::Equal => is_equal = true,
                    Ordering::Greater => return false,
                },
                Comparison::Above { bound: low, included } => {
                    match types::compare(low, bound, &part.repr) {
                        Ordering::Greater => return false,
                        Ordering::Equal if !included || at == last => return false,
                        _ => {}
                    }
                }
                Comparison::IsNull => return false,
                _ => {}
            }
        }
        if !is_equal {
            return true;
        }
    }
    false
}

/// One of the bounds that hold for a partition's rows.
#[derive(Debug)]
pub struct Level {
    pub partitions: Arc<Partitions>,
    pub child: usize,
    /// Where the key's columns are in the partition; `None` for expressions.
    pub positions: Vec<Option<usize>>,
}

/// What holds for all rows of a partition.
#[derive(Debug)]
pub struct Proof {
    pub levels: Vec<Level>,
}

impl Proof {
    /// Whether a row for which all comparisons hold may be in the partition.
    pub fn may_hold(&self, comparisons: &[(usize, Comparison)]) -> bool {
        self.levels.iter().all(|level| level.may_hold(comparisons))
    }
}

impl Level {
    fn may_hold(&self, comparisons: &[(usize, Comparison)]) -> bool {
        let known: Vec<Vec<&Comparison>> = self
            .positions
            .iter()
            .map(|position| {
                let of_key = comparisons.iter().filter(|(at, _)| Some(*at) == *position);
                of_key.map(|(_, comparison)| comparison).collect()
            })
            .collect();
        if known.iter().all(Vec::is_empty) {
            return true;
        }
        self.partitions.may_hold(self.child, &known).unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::types::oid;

    fn ints(count: usize) -> Vec<KeyPart> {
        let part = |position| KeyPart {
            position: Some(position),
            expression: None,
            ty: SqlType::new(oid::INT4),
            repr: Repr::Int4,
        };
        (0..count).map(part).collect()
    }

    fn range(oid: Oid, from: Edge, to: Edge) -> Partition {
        Partition { oid, bound: Bound::Range { from: vec![from], to: vec![to] }, map: None }
    }

    fn value(value: i32) -> Edge {
        Edge::Value(Datum::Int4(value))
    }

    fn three() -> Partitions {
        let default = Partition { oid: 9, bound: Bound::Default, map: None };
        let children = vec![
            default,
            range(2, value(10), value(20)),
            range(1, Edge::Min, value(10)),
            range(3, value(30), Edge::Max),
        ];
        Partitions::new(PartitionStrategy::Range, ints(1), children)
    }

    fn holding(partitions: &Partitions, known: &[Comparison]) -> Vec<Oid> {
        let known = [known.iter().collect::<Vec<_>>()];
        let may = |at: &usize| partitions.may_hold(*at, &known).expect("nothing fails");
        (0..partitions.children.len()).filter(may).map(|at| partitions.children[at].oid).collect()
    }

    #[test]
    fn a_key_finds_its_range_or_the_default() {
        let partitions = three();
        let found = |key: Datum| {
            let at = partitions.find(&[key]).expect("nothing fails");
            at.map(|at| partitions.children[at].oid)
        };
        assert_eq!(found(Datum::Int4(-5)), Some(1));
        assert_eq!(found(Datum::Int4(10)), Some(2));
        assert_eq!(found(Datum::Int4(20)), Some(9));
        assert_eq!(found(Datum::Int4(i32::MAX)), Some(3));
        assert_eq!(found(Datum::Null), Some(9));
    }

    #[test]
    fn comparisons_exclude_ranges_and_a_default_that_they_do_not_reach() {
        let partitions = three();
        let below = |bound, included| Comparison::Below { bound: Datum::Int4(bound), included };
        let above = |bound, included| Comparison::Above { bound: Datum::Int4(bound), included };
        assert_eq!(holding(&partitions, &[Comparison::Equal(Datum::Int4(12))]), [2]);
        assert_eq!(holding(&partitions, &[below(10, false)]), [1]);
        assert_eq!(holding(&partitions, &[below(10, true)]), [1, 2]);
        assert_eq!(holding(&partitions, &[above(12, true), below(25, true)]), [2, 9]);
        assert_eq!(holding(&partitions, &[above(30, true)]), [3]);
        assert_eq!(holding(&partitions, &[Comparison::IsNull]), [9]);
    }

    #[test]
    fn a_key_is_before_maxvalue_and_not_before_its_own_value() {
        let one = [Datum::Int4(1)];
        assert!(against(&one, &[Edge::Max], &ints(1)).is_lt());
        assert!(against(&one, &[Edge::Min], &ints(1)).is_gt());
        assert!(against(&one, &[value(1)], &ints(1)).is_eq());
    }
}
