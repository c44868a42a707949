//! Definitions as SQL: `pg_get_indexdef`, `pg_get_constraintdef` …

use super::{path, text};
use crate::catalog::{
    Relation, RelationKind, Sequence, deparse, quote_identifier, relation_by_text,
};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, arg_or_null};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, Oid, oid};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_get_indexdef" => |call, args| index(call, args, 0, false);
    call "pg_get_indexdef_ext" => |call, args| index(call, args, arg(args, 1)?, arg(args, 2)?);
    call "pg_get_constraintdef" => |call, args| constraint(call, args, false);
    call "pg_get_constraintdef_ext" => |call, args| constraint(call, args, arg(args, 1)?);
    call "pg_get_serial_sequence" => serial_sequence;
    call "pg_get_triggerdef" => |call, args| trigger(call, args, false);
    call "pg_get_triggerdef_ext" => |call, args| trigger(call, args, arg(args, 1)?);
    call "pg_get_statisticsobjdef" => |call, args| {
        let catalog = &call.eval.catalog;
        let found = catalog.extended_statistics(arg(args, 0)?);
        Ok(text(found.and_then(|found| deparse::statistics_definition(catalog, path(call), found))))
    };
    call "pg_get_statisticsobjdef_columns" => |call, args| {
        let catalog = &call.eval.catalog;
        let found = catalog.extended_statistics(arg(args, 0)?);
        Ok(text(found.and_then(|found| deparse::statistics_parts(catalog, path(call), found))))
    };
    call "pg_get_statisticsobjdef_expressions" => |call, args| {
        let catalog = &call.eval.catalog;
        let found = catalog.extended_statistics(arg(args, 0)?);
        let found = found.filter(|found| !found.expressions.is_empty());
        Ok(found.map_or(Datum::Null, |found| {
            let shown = deparse::statistics_expressions(catalog, path(call), found);
            crate::catalog::system::cell::text_array(shown)
        }))
    };
    call "pg_get_replica_identity_index" => |_, _| Ok(Datum::Null);
    call "pg_get_userbyid" => |call, args| {
        let role: Oid = arg(args, 0)?;
        let name = call.eval.catalog.role(role).map(|role| role.name.clone());
        Ok(Datum::Text(name.unwrap_or_else(|| format!("unknown (OID={role})"))))
    };
};

pub(super) const FUNCTIONS: &[Kernel] = kernels! {
    call "pg_get_function_arguments" => |call, args| {
        let function = call.eval.catalog.function(arg(args, 0)?);
        Ok(text(function.map(|f| deparse::function_arguments(&call.eval.catalog, path(call), f))))
    };
    call "pg_get_function_identity_arguments" => |call, args| {
        let function = call.eval.catalog.function(arg(args, 0)?);
        Ok(text(function.map(|f| {
            deparse::function_identity_arguments(&call.eval.catalog, path(call), f)
        })))
    };
    call "pg_get_function_result" => |call, args| {
        let function = call.eval.catalog.function(arg(args, 0)?);
        Ok(text(function.and_then(|f| deparse::function_result(&call.eval.catalog, path(call), f))))
    };
    call "pg_get_function_arg_default" => argument_default;
};

/// The whole index, or one of its columns.
fn index(call: &CallContext<'_>, args: &[Datum], column: i32, pretty: bool) -> Result<Datum> {
    let catalog = &call.eval.catalog;
    let Some(relation) = catalog.relation(arg(args, 0)?) else { return Ok(Datum::Null) };
    Ok(text(match usize::try_from(column) {
        Ok(0) => deparse::index_definition(catalog, path(call), relation, pretty),
        Ok(column) => deparse::index_column(catalog, path(call), relation, column, pretty),
        Err(_) => None,
    }))
}

fn constraint(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let catalog = &call.eval.catalog;
    let constraint = catalog.constraint(arg(args, 0)?);
    Ok(text(constraint.and_then(|constraint| {
        deparse::constraint_definition(catalog, path(call), constraint, pretty)
    })))
}

fn trigger(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let catalog = &call.eval.catalog;
    let trigger = catalog.trigger(arg(args, 0)?);
    Ok(text(
        trigger
            .and_then(|trigger| deparse::trigger_definition(catalog, path(call), trigger, pretty)),
    ))
}

fn relation_by_name<'a>(call: &'a CallContext<'_>, name: &str) -> Result<&'a Relation> {
    relation_by_text(&call.eval.catalog, path(call), name).map(|relation| &**relation)
}

/// The sequence that a serial or identity column owns.
fn serial_sequence(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (table, column): (&str, &str) = (arg(args, 0)?, arg(args, 1)?);
    let table = relation_by_name(call, table)?;
    let at =
        table.columns.iter().position(|c| c.name == column && !c.dropped).ok_or_else(|| {
            let message =
                format!("column \"{column}\" of relation \"{}\" does not exist", table.name);
            Error::new(sqlstate::UNDEFINED_COLUMN, message)
        })?;
    let owner = i16::try_from(at + 1).map(|attnum| (table.oid, attnum)).ok();
    let catalog = &call.eval.catalog;
    let owned = |relation: &Relation| {
        matches!(&relation.kind, RelationKind::Sequence(Sequence { owned_by, .. })
            if owned_by.is_some() && *owned_by == owner)
    };
    let sequence = catalog
        .relations()
        .filter(|relation| relation.oid >= oid::FIRST_NORMAL)
        .find(|relation| owned(relation));
    Ok(text(sequence.map(|sequence| {
        let schema = quote_identifier(catalog.schema_name(sequence.schema));
        format!("{schema}.{}", quote_identifier(&sequence.name))
    })))
}

/// The default of the `n`th argument, counted from 1.
fn argument_default(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (function, n): (Oid, i32) = (arg(args, 0)?, arg_or_null(args, 1)?.unwrap_or(0));
    let default = call.eval.catalog.function(function).and_then(|function| {
        let at = usize::try_from(n).ok()?.checked_sub(1)?;
        let first = function.args.len().checked_sub(function.defaults.len())?;
        function.defaults.get(at.checked_sub(first)?).cloned()
    });
    Ok(text(default))
}
