//! `pg_table_is_visible` and its family: whether a bare name means the object.

use super::path;
use crate::catalog::{ObjectClass, system};
use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, Oid};

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_table_is_visible" => |call, args| {
        let catalog = &call.eval.catalog;
        Ok(known(catalog.relation(arg(args, 0)?).map(|o| catalog.relation_is_visible(path(call), o))))
    };
    call "pg_type_is_visible" => |call, args| {
        let catalog = &call.eval.catalog;
        Ok(known(catalog.type_(arg(args, 0)?).map(|o| catalog.type_is_visible(path(call), o))))
    };
    call "pg_function_is_visible" => |call, args| {
        let catalog = &call.eval.catalog;
        Ok(known(catalog.function(arg(args, 0)?).map(|o| catalog.function_is_visible(path(call), o))))
    };
    call "pg_operator_is_visible" => |call, args| {
        let catalog = &call.eval.catalog;
        Ok(known(catalog.operator(arg(args, 0)?).map(|o| catalog.operator_is_visible(path(call), o))))
    };
    call "pg_collation_is_visible" => |call, args| {
        let object: Oid = arg(args, 0)?;
        let collation = call.eval.catalog.collation(object);
        visible(call, ObjectClass::Collation, object, collation.map(|o| o.name.as_str()))
    };
    call "pg_opclass_is_visible" => |call, args| {
        let object: Oid = arg(args, 0)?;
        let class = call.eval.catalog.operator_class(object);
        visible(call, ObjectClass::OperatorClass, object, class.map(|o| o.name.as_str()))
    };
    call "pg_opfamily_is_visible" => |call, args| {
        let object: Oid = arg(args, 0)?;
        let family = call.eval.catalog.operator_family(object);
        visible(call, ObjectClass::OperatorFamily, object, family.map(|o| o.name.as_str()))
    };
    call "pg_statistics_obj_is_visible" => |call, args| {
        let object: Oid = arg(args, 0)?;
        let found = call.eval.catalog.extended_statistics(object);
        visible(call, ObjectClass::ExtendedStatistics, object, found.map(|o| o.name.as_str()))
    };
    // Kinds of which there are PostgreSQL's own objects only.
    call "pg_conversion_is_visible" => |_, args| listed(args, "pg_conversion");
    call "pg_ts_config_is_visible" => |_, args| listed(args, "pg_ts_config");
    call "pg_ts_dict_is_visible" => |_, args| listed(args, "pg_ts_dict");
    call "pg_ts_parser_is_visible" => |_, args| listed(args, "pg_ts_parser");
    call "pg_ts_template_is_visible" => |_, args| listed(args, "pg_ts_template");
};

fn known(visible: Option<bool>) -> Datum {
    visible.map_or(Datum::Null, Datum::Bool)
}

/// `pg_catalog` is on every path.
fn listed(args: &[Datum], relation: &str) -> Result<Datum> {
    let known = system::listed::has_row(relation, arg(args, 0)?);
    Ok(if known { Datum::Bool(true) } else { Datum::Null })
}

fn visible(
    call: &CallContext<'_>,
    class: ObjectClass,
    object: Oid,
    name: Option<&str>,
) -> Result<Datum> {
    let catalog = &call.eval.catalog;
    Ok(known(name.map(|name| catalog.name_is_visible(path(call), class, name, object))))
}
