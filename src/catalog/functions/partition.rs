//! Partitions: their keys, bounds and trees.

use super::{path, text};
use crate::catalog::{Catalog, PartitionStrategy, Relation, RelationKind, deparse};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{Datum, Oid, hash};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_get_partkeydef" => |call, args| {
        let catalog = &call.eval.catalog;
        let relation = catalog.relation(arg(args, 0)?);
        Ok(text(relation.and_then(|relation| {
            crate::catalog::system::inherits::key_text(catalog, path(call), relation)
        })))
    };
    call "pg_get_partition_constraintdef" => |call, args| {
        let catalog = &call.eval.catalog;
        let relation = catalog.relation(arg(args, 0)?);
        Ok(text(relation.and_then(|relation| {
            deparse::partition_constraint(catalog, path(call), relation)
        })))
    };
    call "satisfies_hash_partition" => satisfies;
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

/// Whether values are of the hash partition with this modulus and remainder.
fn satisfies(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let parent: Option<Oid> = arg_or_null(args, 0)?;
    let (modulus, remainder): (Option<i32>, Option<i32>) =
        (arg_or_null(args, 1)?, arg_or_null(args, 2)?);
    let (Some(parent), Some(modulus), Some(remainder)) = (parent, modulus, remainder) else {
        return Ok(Datum::Bool(false));
    };
    let invalid = |message: String| Error::new(sqlstate::INVALID_PARAMETER_VALUE, message);
    if modulus <= 0 {
        return Err(invalid(
            "modulus for hash partition must be an integer value greater than zero".to_owned(),
        ));
    }
    if remainder < 0 {
        return Err(invalid(
            "remainder for hash partition must be an integer value greater than or equal to zero"
                .to_owned(),
        ));
    }
    if remainder >= modulus {
        return Err(invalid("remainder for hash partition must be less than modulus".to_owned()));
    }
    let relation = call.eval.catalog.relation(parent);
    let relation = relation.ok_or_else(|| {
        Error::new(sqlstate::UNDEFINED_TABLE, format!("could not open relation with OID {parent}"))
    })?;
    let key = relation.inheritance.key.as_ref();
    let Some(key) = key.filter(|key| key.strategy == PartitionStrategy::Hash) else {
        return Err(invalid(format!("\"{}\" is not a hash partitioned table", relation.name)));
    };
    let spread;
    let variadic = matches!(args, [_, _, _, Datum::Array(_)])
        && call.args.get(3).is_some_and(|ty| ty.oid != key.columns[0].ty.oid);
    let values = match (&args[3..], variadic) {
        ([Datum::Array(array)], true) => {
            spread = array.elements.clone();
            spread.as_slice()
        }
        (values, _) => values,
    };
    if values.len() != key.columns.len() {
        return Err(invalid(format!(
            "number of partitioning columns ({}) does not match number of partition keys provided ({})",
            key.columns.len(),
            values.len()
        )));
    }
    if !variadic {
        for (at, (column, given)) in key.columns.iter().zip(&call.args[3..]).enumerate() {
            if column.ty.oid != given.oid {
                let catalog = &call.eval.catalog;
                return Err(invalid(format!(
                    "column {} of the partition key has type {}, but supplied value is of type {}",
                    at + 1,
                    catalog.type_name(column.ty.oid, -1),
                    catalog.type_name(given.oid, -1)
                )));
            }
        }
    }
    let mut parts = Vec::with_capacity(values.len());
    for (value, column) in values.iter().zip(&key.columns) {
        parts.push((value, call.eval.catalog.repr(column.ty.oid)?));
    }
    let hash = hash::row(parts.iter().map(|(value, repr)| (*value, repr)));
    let hash = hash.ok_or_else(|| Error::unsupported("hash of a value of this type"))?;
    Ok(Datum::Bool(hash % modulus.unsigned_abs() as u64 == remainder.unsigned_abs() as u64))
}
