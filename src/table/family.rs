//! A table with those that inherit from it, or a partitioned table with its
//! partitions: the tables whose rows are read and changed under one name.
//!
//! Columns of parent and child belong together by name, so a child's columns may
//! stand at other positions; a [`ColumnMap`] goes from one to the other. Most have
//! none to go.
//!
//! ```text
//! p (a, b)        SELECT a, b FROM p
//!   c1 (a, b)       c1: a b
//!   c2 (b, x, a)    c2: #3 #1
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use super::info::TableInfo;
use super::partition::{Level, Partitions, Proof};
use super::scan::Comparison;
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::types::{Datum, Oid};

/// Where each column of a parent is in a child.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnMap {
    /// By the parent's positions; `None` for dropped columns.
    positions: Vec<Option<usize>>,
    /// Columns of the child.
    width: usize,
}

impl ColumnMap {
    /// `None` if all columns are at the same positions.
    pub fn between(parent: &Relation, child: &Relation) -> Result<Option<ColumnMap>> {
        let mut positions = Vec::with_capacity(parent.columns.len());
        for column in &parent.columns {
            positions.push(match column.dropped {
                true => None,
                false => Some(child.column_position(&column.name).ok_or_else(|| {
                    let (column, child) = (&column.name, &child.name);
                    Error::internal(format!(
                        "could not find inherited attribute \"{column}\" of relation \"{child}\""
                    ))
                })?),
            });
        }
        let same = positions.iter().enumerate().all(|(at, to)| to.is_none_or(|to| to == at));
        let width = child.columns.len();
        let plain = same && width == parent.columns.len();
        Ok((!plain).then_some(ColumnMap { positions, width }))
    }

    /// A child's row as the parent's.
    pub fn to_parent(&self, row: &[Datum]) -> Vec<Datum> {
        let value = |at: &Option<usize>| at.map_or(Datum::Null, |at| row[at].clone());
        self.positions.iter().map(value).collect()
    }

    /// A parent's row as the child's; what the child has more is NULL.
    pub fn to_child(&self, row: Vec<Datum>) -> Vec<Datum> {
        let mut found = vec![Datum::Null; self.width];
        for (to, value) in self.positions.iter().zip(row) {
            if let Some(to) = to {
                found[*to] = value;
            }
        }
        found
    }

    pub fn position(&self, parent: usize) -> Option<usize> {
        self.positions.get(parent).copied().flatten()
    }
}

/// A child's row as the parent's.
pub fn to_parent(map: Option<&ColumnMap>, row: &[Datum]) -> Vec<Datum> {
    map.map_or_else(|| row.to_vec(), |map| map.to_parent(row))
}

/// A parent's row as the child's.
pub fn to_child(map: Option<&ColumnMap>, row: Vec<Datum>) -> Vec<Datum> {
    match map {
        Some(map) => map.to_child(row),
        None => row,
    }
}

/// One table of a family that has rows.
#[derive(Debug)]
pub struct Member {
    pub info: Arc<TableInfo>,
    /// From the table that was named.
    pub map: Option<ColumnMap>,
    /// What is known of a partition's rows.
    pub proof: Option<Arc<Proof>>,
}

impl Member {
    pub fn position(&self, parent: usize) -> Option<usize> {
        self.map.as_ref().map_or(Some(parent), |map| map.position(parent))
    }

    pub fn attnum(&self, parent: i16) -> Option<i16> {
        let position = self.position(usize::try_from(parent - 1).ok()?)?;
        i16::try_from(position + 1).ok()
    }

    /// Comparisons of the named table's columns, as the member's.
    pub fn comparisons(&self, of_parent: &[(usize, Comparison)]) -> Vec<(usize, Comparison)> {
        let own = |(at, comparison): &(usize, Comparison)| {
            Some((self.position(*at)?, comparison.clone()))
        };
        of_parent.iter().filter_map(own).collect()
    }

    /// Whether a row for which all this holds may be here.
    pub fn may_hold(&self, comparisons: &[(usize, Comparison)]) -> bool {
        self.proof.as_ref().is_none_or(|proof| proof.may_hold(comparisons))
    }
}

/// The tables with rows under one name, in the order in which they are read.
#[derive(Debug)]
pub struct Family {
    pub members: Vec<Arc<Member>>,
    by_oid: HashMap<Oid, usize>,
}

impl Family {
    /// Made once per catalog value.
    pub fn of(catalog: &Catalog, table: Oid) -> Result<Arc<Family>> {
        if let Some(known) = catalog.derived(table) {
            return Ok(known);
        }
        let root = TableInfo::of(catalog, table)?;
        let mut members = Vec::new();
        if root.relation.is_partitioned() {
            add_partitions(catalog, &root, &root, &[], &mut members)?;
        } else {
            for oid in catalog.with_descendants(table) {
                let info = TableInfo::of(catalog, oid)?;
                if !info.relation.is_partitioned() {
                    let map = ColumnMap::between(&root.relation, &info.relation)?;
                    members.push(Arc::new(Member { info, map, proof: None }));
                }
            }
        }
        Ok(catalog.derive(table, Arc::new(Family::new(members))))
    }

    /// The one table alone.
    pub fn only(info: Arc<TableInfo>) -> Family {
        Family::new(vec![Arc::new(Member { info, map: None, proof: None })])
    }

    fn new(members: Vec<Arc<Member>>) -> Family {
        let by_oid = members.iter().enumerate().map(|(at, member)| (member.info.oid(), at));
        Family { by_oid: by_oid.collect(), members }
    }

    /// The tables that the session with this pid reads and changes under one name: those
    /// of other sessions that are temporary are not among them.
    pub fn for_session(catalog: &Catalog, table: Oid, pid: i32) -> Result<Arc<Family>> {
        let family = Family::of(catalog, table)?;
        let is_others = |member: &&Arc<Member>| member.info.relation.persistence.is_of_another(pid);
        if !family.members.iter().any(|member| is_others(&member)) {
            return Ok(family);
        }
        let members = family.members.iter().filter(|member| !is_others(member)).cloned();
        Ok(Arc::new(Family::new(members.collect())))
    }

    pub fn member(&self, oid: Oid) -> Option<&Arc<Member>> {
        self.by_oid.get(&oid).map(|at| &self.members[*at])
    }

    /// The members where rows may be for which all this holds of the named table's
    /// columns.
    pub fn having(&self, comparisons: &[(usize, Comparison)]) -> Vec<Arc<Member>> {
        let may_hold = |member: &&Arc<Member>| match member.proof.is_some() {
            true => member.may_hold(&member.comparisons(comparisons)),
            false => true,
        };
        self.members.iter().filter(may_hold).cloned().collect()
    }
}

fn add_partitions(
    catalog: &Catalog,
    root: &TableInfo,
    parent: &TableInfo,
    above: &[(Oid, Arc<Partitions>, usize)],
    members: &mut Vec<Arc<Member>>,
) -> Result<()> {
    let partitions = Partitions::of(catalog, parent.oid())?;
    for (at, child) in partitions.children.iter().enumerate() {
        let info = TableInfo::of(catalog, child.oid)?;
        let mut levels = above.to_vec();
        levels.push((parent.oid(), partitions.clone(), at));
        if info.relation.is_partitioned() {
            add_partitions(catalog, root, &info, &levels, members)?;
            continue;
        }
        let map = ColumnMap::between(&root.relation, &info.relation)?;
        let proof = proof(catalog, &info, levels)?;
        members.push(Arc::new(Member { info, map, proof: Some(Arc::new(proof)) }));
    }
    Ok(())
}

/// The bounds of a partition and of those above it, over its own columns.
fn proof(
    catalog: &Catalog,
    info: &TableInfo,
    levels: Vec<(Oid, Arc<Partitions>, usize)>,
) -> Result<Proof> {
    let mut known = Vec::with_capacity(levels.len());
    for (parent, partitions, child) in levels {
        let Some(relation) = catalog.relation(parent) else { continue };
        let map = ColumnMap::between(relation, &info.relation)?;
        let position = |at: Option<usize>| match (&map, at) {
            (Some(map), Some(at)) => map.position(at),
            (_, at) => at,
        };
        let positions = partitions.keys.iter().map(|key| position(key.position)).collect();
        known.push(Level { partitions, child, positions });
    }
    Ok(Proof { levels: known })
}
