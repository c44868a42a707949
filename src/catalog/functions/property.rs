//! What access methods and indexes can do: `pg_indexam_has_property`,
//! `pg_index_has_property`, `pg_index_column_has_property`.
//!
//! NULL for a property that does not exist, or that is not one of such an object.

use crate::catalog::{Catalog, FamilyOperator, Index, IndexKey, OperatorClass, RelationKind};
use crate::error::Error;
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, Oid, oid};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "amvalidate" => |call, args| {
        let class: Oid = arg(args, 0)?;
        let found = call.eval.catalog.operator_class(class).ok_or_else(|| {
            Error::internal(format!("cache lookup failed for operator class {class}"))
        })?;
        Ok(Datum::Bool(is_valid(&call.eval.catalog, found)))
    };
    call "pg_indexam_has_property" => |call, args| {
        let (method, property): (Oid, &str) = (arg(args, 0)?, arg(args, 1)?);
        let method = call.eval.catalog.access_method(method).filter(|method| method.kind == 'i');
        Ok(known(method.and_then(|method| of_method(&method.name, &lower(property)))))
    };
    call "pg_index_has_property" => |call, args| {
        let property: &str = arg(args, 1)?;
        let index = index(call, arg(args, 0)?);
        Ok(known(index.and_then(|index| of_index(&index.access_method, &lower(property)))))
    };
    call "pg_index_column_has_property" => |call, args| {
        let (column, property): (i32, &str) = (arg(args, 1)?, arg(args, 2)?);
        let at = usize::try_from(column).ok().and_then(|column| column.checked_sub(1));
        let found = index(call, arg(args, 0)?).zip(at).and_then(|(index, at)| {
            let key = index.keys.get(at)?;
            of_column(index, key, at < index.key_count, &lower(property))
        });
        Ok(known(found))
    };
};

fn known(has: Option<bool>) -> Datum {
    has.map_or(Datum::Null, Datum::Bool)
}

fn lower(property: &str) -> String {
    property.to_ascii_lowercase()
}

/// Whether the members of a class's family are there, and of the types that they must
/// have: a condition is true or false, a distance can be sorted.
fn is_valid(catalog: &Catalog, class: &OperatorClass) -> bool {
    let Some(family) = catalog.operator_family(class.family) else { return false };
    let fits = |member: &FamilyOperator| {
        let Some(operator) = catalog.operator(member.operator) else { return false };
        match member.sort_family {
            0 => operator.result == oid::BOOL,
            sort => catalog.operator_family(sort).is_some() && operator.result != oid::BOOL,
        }
    };
    family.access_method == class.access_method
        && family.operators.iter().all(fits)
        && family.functions.iter().all(|member| catalog.function(member.function).is_some())
}

fn index<'a>(call: &'a CallContext<'_>, relation: Oid) -> Option<&'a Index> {
    match &call.eval.catalog.relation(relation)?.kind {
        RelationKind::Index(index) => Some(index),
        _ => None,
    }
}

/// Whether entries are in the order of their keys.
fn is_ordered(method: &str) -> bool {
    method == "btree"
}

/// An index that holds one entry for each of a row's elements, and gives no rows one by one.
fn is_inverted(method: &str) -> bool {
    method == "gin"
}

fn of_method(method: &str, property: &str) -> Option<bool> {
    match property {
        "can_order" | "can_unique" | "can_include" => Some(is_ordered(method)),
        "can_multi_col" => Some(!matches!(method, "hash" | "spgist")),
        "can_exclude" => Some(!matches!(method, "gin" | "brin")),
        _ => None,
    }
}

fn of_index(method: &str, property: &str) -> Option<bool> {
    match property {
        "clusterable" => Some(is_ordered(method)),
        "index_scan" => Some(!is_inverted(method)),
        "bitmap_scan" => Some(true),
        "backward_scan" => Some(matches!(method, "btree" | "hash")),
        _ => None,
    }
}

fn of_column(index: &Index, key: &IndexKey, is_key: bool, property: &str) -> Option<bool> {
    let ordered = is_ordered(&index.access_method);
    match property {
        "asc" => is_key.then_some(ordered && !key.descending),
        "desc" => is_key.then_some(ordered && key.descending),
        "nulls_first" => is_key.then_some(ordered && key.nulls_first),
        "nulls_last" => is_key.then_some(ordered && !key.nulls_first),
        "orderable" => Some(is_key && ordered),
        "distance_orderable" => Some(false),
        "returnable" => Some(ordered),
        "search_array" | "search_nulls" => is_key.then_some(ordered),
        _ => None,
    }
}
