//! FOR VALUES: a partition's bound, read and checked against those that are there.

use super::super::inherit::{invalid, mismatch};
use super::super::rewrite::stored_text;
use super::super::{Ddl, strings};
use super::unfit;
use crate::catalog::{
    PartitionBound, PartitionKey, PartitionStrategy, RangeDatum, Relation, deparse,
};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::eval::Evaluator;
use crate::sql::types::Datum;
use crate::table::partition::{Bound, Partitions, bound_of, compare_edges, key_parts};

/// The bound of a partition as it was written, with the places of its values.
pub struct WrittenBound {
    pub bound: PartitionBound,
    location: i32,
    /// Of the values of a list, of the lower and of the upper edge.
    values: Vec<i32>,
    upper: i32,
}

impl Ddl<'_> {
    /// Reads FOR VALUES against the key of the partitioned table.
    pub fn read_bound(
        &mut self,
        parent: &Relation,
        spec: &ast::PartitionBoundSpec,
    ) -> Result<WrittenBound> {
        let key = parent.inheritance.key.as_ref();
        let key = key.ok_or_else(|| Error::internal("not a partitioned table"))?;
        let mut written = WrittenBound {
            bound: PartitionBound::Default,
            location: spec.location,
            values: locations(&spec.listdatums),
            upper: locations(&spec.upperdatums).first().copied().unwrap_or(spec.location),
        };
        if spec.is_default {
            return match key.strategy {
                PartitionStrategy::Hash => {
                    Err(invalid("a hash-partitioned table may not have a default partition"))
                }
                _ => Ok(written),
            };
        }
        let (letter, words) = match key.strategy {
            PartitionStrategy::List => ("l", "list"),
            PartitionStrategy::Range => ("r", "range"),
            PartitionStrategy::Hash => ("h", "hash"),
        };
        if spec.strategy != letter {
            let article = format!("invalid bound specification for a {words} partition");
            return Err(invalid(article).at(spec.location));
        }
        written.bound = match key.strategy {
            PartitionStrategy::Hash => hash_bound(spec)?,
            PartitionStrategy::List => self.list_bound(parent, key, spec)?,
            PartitionStrategy::Range => {
                written.values = locations(&spec.lowerdatums);
                self.range_bound(parent, key, spec)?
            }
        };
        Ok(written)
    }

    fn list_bound(
        &mut self,
        parent: &Relation,
        key: &PartitionKey,
        spec: &ast::PartitionBoundSpec,
    ) -> Result<PartitionBound> {
        let mut values: Vec<Option<String>> = Vec::new();
        for node in &spec.listdatums {
            let value = self.bound_value(parent, key, 0, node)?;
            let text = (!value.is_null()).then(|| stored_text(&value, key.columns[0].ty.oid));
            if !values.contains(&text) {
                values.push(text);
            }
        }
        Ok(PartitionBound::List(values))
    }

    fn range_bound(
        &mut self,
        parent: &Relation,
        key: &PartitionKey,
        spec: &ast::PartitionBoundSpec,
    ) -> Result<PartitionBound> {
        for (words, datums) in [("FROM", &spec.lowerdatums), ("TO", &spec.upperdatums)] {
            if datums.len() != key.columns.len() {
                let message =
                    format!("{words} must specify exactly one value per partitioning column");
                return Err(invalid(message));
            }
        }
        let from = self.edge(parent, key, &spec.lowerdatums)?;
        let to = self.edge(parent, key, &spec.upperdatums)?;
        Ok(PartitionBound::Range { from, to })
    }

    fn edge(
        &mut self,
        parent: &Relation,
        key: &PartitionKey,
        nodes: &[ast::Node],
    ) -> Result<Vec<RangeDatum>> {
        let mut datums: Vec<RangeDatum> = Vec::with_capacity(nodes.len());
        for (at, node) in nodes.iter().enumerate() {
            let datum = match unbounded(node) {
                Some(datum) => datum,
                None => {
                    let value = self.bound_value(parent, key, at, node)?;
                    if value.is_null() {
                        return Err(unfit("cannot specify NULL in range bound"));
                    }
                    RangeDatum::Value(stored_text(&value, key.columns[at].ty.oid))
                }
            };
            let word = match datums.last() {
                Some(RangeDatum::MinValue) if datum != RangeDatum::MinValue => Some("MINVALUE"),
                Some(RangeDatum::MaxValue) if datum != RangeDatum::MaxValue => Some("MAXVALUE"),
                _ => None,
            };
            if let Some(word) = word {
                let message = format!("every bound following {word} must also be {word}");
                return Err(mismatch(message).at(location(node)));
            }
            datums.push(datum);
        }
        Ok(datums)
    }

    fn bound_value(
        &mut self,
        parent: &Relation,
        key: &PartitionKey,
        at: usize,
        node: &ast::Node,
    ) -> Result<Datum> {
        if matches!(&node.node, Some(NodeEnum::ColumnRef(_))) {
            return Err(Error::new(
                crate::sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot use column reference in partition bound expression",
            )
            .at(location(node)));
        }
        let ty = key.columns[at].ty;
        let eval = self.eval();
        let bound = bind::bind_bound_value(&eval, node, ty).map_err(|error| {
            if error.code() != crate::sqlstate::UNDEFINED_COLUMN {
                return error;
            }
            let place = error.report().offset.and_then(|offset| i32::try_from(offset).ok());
            Error::new(
                crate::sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot use column reference in partition bound expression",
            )
            .at(place.unwrap_or(-1))
        });
        let Some(expr) = bound? else {
            let path = &self.ctx.eval.settings.search_path;
            let names = deparse::partition_key_columns(&self.work.catalog, path, parent);
            return Err(mismatch(format!(
                "specified value cannot be cast to type {} for column \"{}\"",
                self.work.catalog.type_name(ty.oid, ty.typmod),
                names.get(at).map_or("?", |name| name.trim_matches('"'))
            ))
            .at(location(node)));
        };
        Evaluator::compile(&expr, &[], &self.work.catalog)?.eval(&eval, &[], &[])
    }

    /// A new partition's bound must be free.
    pub fn require_free_bound(
        &mut self,
        name: &str,
        parent: &Relation,
        written: &WrittenBound,
    ) -> Result<()> {
        let catalog = self.work.catalog.clone();
        let key = parent.inheritance.key.as_ref();
        let key = key.ok_or_else(|| Error::internal("not a partitioned table"))?;
        let partitions = Partitions::of(&catalog, parent.oid)?;
        let known = |at: usize| {
            let child = &partitions.children[at];
            catalog.relation(child.oid).map_or("?", |relation| relation.name.as_str())
        };
        let overlap = |at: usize, location: i32| {
            let message = format!("partition \"{name}\" would overlap partition \"{}\"", known(at));
            Err(unfit(message).at(location))
        };
        let keys = key_parts(&catalog, key)?;
        match bound_of(&written.bound, &keys)? {
            Bound::Default => {
                let default =
                    partitions.children.iter().position(|p| matches!(p.bound, Bound::Default));
                match default {
                    Some(at) => Err(unfit(format!(
                        "partition \"{name}\" conflicts with existing default partition \"{}\"",
                        known(at)
                    ))
                    .at(written.location)),
                    None => Ok(()),
                }
            }
            Bound::Hash { modulus, remainder } => {
                let moduli: Vec<(u32, usize)> = partitions
                    .children
                    .iter()
                    .enumerate()
                    .filter_map(|(at, child)| match child.bound {
                        Bound::Hash { modulus, .. } => Some((modulus, at)),
                        _ => None,
                    })
                    .collect();
                let refuse = |detail: String| {
                    Err(unfit(
                        "every hash partition modulus must be a factor of the next larger modulus",
                    )
                    .with_detail(detail))
                };
                // The next smaller and the next larger modulus: the children are in order.
                if let Some((below, at)) = moduli.iter().rev().find(|(m, _)| *m <= modulus)
                    && modulus % below != 0
                {
                    return refuse(format!(
                        "The new modulus {modulus} is not divisible by {below}, the modulus of \
                         existing partition \"{}\".",
                        known(*at)
                    ));
                }
                if let Some((above, at)) = moduli.iter().find(|(m, _)| *m >= modulus)
                    && above % modulus != 0
                {
                    return refuse(format!(
                        "The new modulus {modulus} is not a factor of {above}, the modulus of \
                         existing partition \"{}\".",
                        known(*at)
                    ));
                }
                let meets = |child: &crate::table::partition::Partition| match child.bound {
                    Bound::Hash { modulus: other, remainder: rest } => {
                        let common = other.min(modulus);
                        remainder % common == rest % common
                    }
                    _ => false,
                };
                match partitions.children.iter().position(meets) {
                    Some(at) => overlap(at, written.location),
                    None => Ok(()),
                }
            }
            Bound::List(values) => {
                for (place, value) in values.iter().enumerate() {
                    let location = written.values.get(place).copied().unwrap_or(written.location);
                    let holds = |child: &crate::table::partition::Partition| match &child.bound {
                        Bound::List(known) => known.iter().any(|known| {
                            crate::sql::types::compare(known, value, &keys[0].repr).is_eq()
                        }),
                        _ => false,
                    };
                    if let Some(at) = partitions.children.iter().position(holds) {
                        return overlap(at, location);
                    }
                }
                Ok(())
            }
            Bound::Range { from, to } => {
                if compare_edges(&from, &to, &keys).is_ge() {
                    let (PartitionBound::Range { from, to }, lower) =
                        (&written.bound, written.values.first())
                    else {
                        return Err(Error::internal("a range without edges"));
                    };
                    return Err(unfit(format!(
                        "empty range bound specified for partition \"{name}\""
                    ))
                    .with_detail(format!(
                        "Specified lower bound {} is greater than or equal to upper bound {}.",
                        edge_text(from, key),
                        edge_text(to, key)
                    ))
                    .at(lower.copied().unwrap_or(written.location)));
                }
                for (at, child) in partitions.children.iter().enumerate() {
                    let Bound::Range { from: low, to: high } = &child.bound else { continue };
                    let begins_before = compare_edges(&from, high, &keys).is_lt();
                    let ends_after = compare_edges(low, &to, &keys).is_lt();
                    if begins_before && ends_after {
                        let inside = compare_edges(low, &from, &keys).is_le();
                        let lower = written.values.first().copied().unwrap_or(written.location);
                        return overlap(at, if inside { lower } else { written.upper });
                    }
                }
                Ok(())
            }
        }
    }
}

/// `(1, MINVALUE)`.
fn edge_text(edge: &[RangeDatum], key: &PartitionKey) -> String {
    let bound = PartitionBound::Range { from: edge.to_vec(), to: Vec::new() };
    let text = deparse::partition_bound(&bound, key);
    let inner = text.strip_prefix("FOR VALUES FROM ").and_then(|text| text.strip_suffix(" TO ()"));
    inner.unwrap_or(&text).to_owned()
}

fn hash_bound(spec: &ast::PartitionBoundSpec) -> Result<PartitionBound> {
    let (modulus, remainder) = (u32::try_from(spec.modulus), u32::try_from(spec.remainder));
    let modulus = modulus.ok().filter(|modulus| *modulus > 0).ok_or_else(|| {
        invalid("modulus for hash partition must be an integer value greater than zero")
    })?;
    let remainder = remainder.map_err(|_| {
        invalid(
            "remainder for hash partition must be an integer value greater than or equal to zero",
        )
    })?;
    if remainder >= modulus {
        return Err(invalid("remainder for hash partition must be less than modulus"));
    }
    Ok(PartitionBound::Hash { modulus, remainder })
}

/// MINVALUE and MAXVALUE, which the grammar reads as columns.
fn unbounded(node: &ast::Node) -> Option<RangeDatum> {
    let Some(NodeEnum::ColumnRef(column)) = &node.node else { return None };
    match strings(&column.fields).as_slice() {
        ["minvalue"] => Some(RangeDatum::MinValue),
        ["maxvalue"] => Some(RangeDatum::MaxValue),
        _ => None,
    }
}

fn locations(nodes: &[ast::Node]) -> Vec<i32> {
    nodes.iter().map(location).collect()
}

fn location(node: &ast::Node) -> i32 {
    node.node.as_ref().map_or(-1, bind::location)
}
