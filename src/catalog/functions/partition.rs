//! Partitions: their keys, bounds and trees.

use super::{path, text};
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{Datum, Oid};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_get_partkeydef" => |call, args| {
        let catalog = &call.eval.catalog;
        let relation = catalog.relation(arg(args, 0)?);
        Ok(text(relation.and_then(|relation| {
            crate::catalog::system::inherits::key_text(catalog, path(call), relation)
        })))
    };
    call "pg_partition_root" => |call, args| {
        let catalog = &call.eval.catalog;
        let Some(relation) = of_tree(catalog, arg(args, 0)?) else { return Ok(Datum::Null) };
        let above = catalog.partition_ancestors(relation);
        Ok(Datum::Oid(above.last().copied().unwrap_or(relation.oid)))
    };
};

pub(super) const SET_KERNELS: [SetKernel; 2] = [
    SetKernel { symbol: "pg_partition_ancestors", rows: ancestors },
    SetKernel { symbol: "pg_partition_tree", rows: tree },
];

/// A partitioned table or index, or a partition.
fn of_tree(catalog: &Catalog, oid: Oid) -> Option<&Relation> {
    let relation = catalog.relation(oid)?;
    let is_part = relation.is_partition() || is_parent(relation);
    is_part.then_some(&**relation)
}

fn is_parent(relation: &Relation) -> bool {
    match relation.kind {
        RelationKind::Index(_) => relation.inheritance.index_of_partitioned,
        _ => relation.is_partitioned(),
    }
}

fn ancestors(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let catalog = &call.eval.catalog;
    let found = of_tree(catalog, arg(args, 0)?).map(|relation| {
        let mut found = vec![relation.oid];
        found.extend(catalog.partition_ancestors(relation));
        found
    });
    Ok(Box::new(found.unwrap_or_default().into_iter().map(|oid| Ok(vec![Datum::Oid(oid)]))))
}

/// Each relation of the tree with its parent, whether it is a leaf, and its level.
fn tree(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let catalog = &call.eval.catalog;
    let Some(root) = of_tree(catalog, arg(args, 0)?) else {
        return Ok(Box::new(std::iter::empty()));
    };
    let depth = catalog.partition_ancestors(root).len();
    let mut rows = Vec::new();
    for oid in catalog.with_descendants(root.oid) {
        let Some(relation) = catalog.relation(oid) else { continue };
        let above = catalog.partition_ancestors(relation);
        let level = i32::try_from(above.len().saturating_sub(depth)).unwrap_or(i32::MAX);
        rows.push(vec![
            Datum::Oid(oid),
            above.first().map_or(Datum::Null, |parent| Datum::Oid(*parent)),
            Datum::Bool(!is_parent(relation)),
            Datum::Int4(level),
        ]);
    }
    Ok(Box::new(rows.into_iter().map(Ok)))
}
