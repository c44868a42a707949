//! Names of types and schemas, and names to OIDs: `format_type`, `to_regclass`,
//! `current_schemas`.

use super::{path, text};
use crate::catalog::system::cell;
use crate::catalog::{explicit_search_path, is_temporary_schema, parse_search_path};
use crate::error::Result;
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{ArrayValue, Datum, Oid, oid};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "format_type" => |call, args| {
        let Some(ty) = arg_or_null::<Oid>(args, 0)? else { return Ok(Datum::Null) };
        let typmod = arg_or_null::<i32>(args, 1)?;
        Ok(Datum::Text(call.eval.catalog.format_type(path(call), ty, typmod)))
    };
    call "oidvectortypes" => |call, args| {
        let types: &ArrayValue = arg(args, 0)?;
        let name = |value: &Datum| match value {
            Datum::Oid(ty) => call.eval.catalog.format_type(path(call), *ty, Some(-1)),
            _ => String::new(),
        };
        Ok(Datum::Text(types.elements.iter().map(name).collect::<Vec<_>>().join(", ")))
    };
    call "to_regclass" => |call, args| find(call, args, oid::REGCLASS);
    call "to_regtype" => |call, args| find(call, args, oid::REGTYPE);
    call "to_regproc" => |call, args| find(call, args, oid::REGPROC);
    call "to_regprocedure" => |call, args| find(call, args, oid::REGPROCEDURE);
    call "to_regoper" => |call, args| find(call, args, oid::REGOPER);
    call "to_regoperator" => |call, args| find(call, args, oid::REGOPERATOR);
    call "to_regnamespace" => |call, args| find(call, args, oid::REGNAMESPACE);
    call "to_regrole" => |call, args| find(call, args, oid::REGROLE);
    call "to_regcollation" => |call, args| find(call, args, oid::REGCOLLATION);
    call "current_schema" => |call, _| {
        let first = explicit_path(call)?.into_iter().next();
        Ok(text(first.map(|schema| call.eval.catalog.schema_name(schema).to_owned())))
    };
    call "current_schemas" => |call, args| {
        let schemas = match arg(args, 0)? {
            true => path(call).to_vec(),
            false => explicit_path(call)?,
        };
        let names = schemas.iter().map(|schema| Datum::Text(call.eval.catalog.schema_name(*schema).to_owned()));
        Ok(cell::array_of(oid::NAME, names.collect()))
    };
    call "pg_my_temp_schema" => |call, _| Ok(Datum::Oid(temporary_schema(call).unwrap_or(oid::INVALID)));
    call "pg_is_other_temp_schema" => |call, args| {
        let schema: Oid = arg(args, 0)?;
        let temporary = call.eval.catalog.schema(schema).is_some_and(|schema| is_temporary_schema(schema));
        Ok(Datum::Bool(temporary && temporary_schema(call) != Some(schema)))
    };
};

/// The session's temporary schema, once it has one.
fn temporary_schema(call: &CallContext<'_>) -> Option<Oid> {
    let is_temporary = |oid: &Oid| {
        call.eval.catalog.schema(*oid).is_some_and(|schema| is_temporary_schema(schema))
    };
    path(call).iter().copied().find(is_temporary)
}

/// The schemas that the setting itself names, in order.
fn explicit_path(call: &CallContext<'_>) -> Result<Vec<Oid>> {
    let setting = call.eval.session.setting("search_path")?.unwrap_or_default();
    let entries = parse_search_path(&setting)?;
    let user = &call.eval.settings.current_user;
    Ok(explicit_search_path(&call.eval.catalog, &entries, user, temporary_schema(call)))
}

/// The OID that a name means; NULL when nothing has it. Other mistakes are errors.
fn find(call: &CallContext<'_>, args: &[Datum], reg_type: Oid) -> Result<Datum> {
    let missing = [
        sqlstate::UNDEFINED_TABLE,
        sqlstate::UNDEFINED_OBJECT,
        sqlstate::UNDEFINED_FUNCTION,
        sqlstate::INVALID_SCHEMA_NAME,
        sqlstate::AMBIGUOUS_FUNCTION,
    ];
    match call.eval.catalog.reg_oid(path(call), reg_type, arg(args, 0)?) {
        Ok(oid) => Ok(Datum::Oid(oid)),
        Err(error) if missing.contains(&error.code()) => Ok(Datum::Null),
        Err(error) => Err(error),
    }
}
