//! `has_language_privilege` and the functions for kinds of objects that have fixed
//! members here (tablespaces, parameters) or none (foreign-data wrappers, servers).

use super::privilege::{allowed, privileges, split};
use crate::catalog::system::{TABLESPACES, is_language, language_named};
use crate::catalog::{ObjectAddress, relation_oid};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::Datum;
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "has_language_privilege_id" => language;
    call "has_language_privilege_id_id" => language;
    call "has_language_privilege_id_name" => language;
    call "has_language_privilege_name" => language;
    call "has_language_privilege_name_id" => language;
    call "has_language_privilege_name_name" => language;
    call "has_foreign_data_wrapper_privilege_id" => wrapper;
    call "has_foreign_data_wrapper_privilege_id_id" => wrapper;
    call "has_foreign_data_wrapper_privilege_id_name" => wrapper;
    call "has_foreign_data_wrapper_privilege_name" => wrapper;
    call "has_foreign_data_wrapper_privilege_name_id" => wrapper;
    call "has_foreign_data_wrapper_privilege_name_name" => wrapper;
    call "has_server_privilege_id" => server;
    call "has_server_privilege_id_id" => server;
    call "has_server_privilege_id_name" => server;
    call "has_server_privilege_name" => server;
    call "has_server_privilege_name_id" => server;
    call "has_server_privilege_name_name" => server;
    call "has_tablespace_privilege_id" => tablespace;
    call "has_tablespace_privilege_id_id" => tablespace;
    call "has_tablespace_privilege_id_name" => tablespace;
    call "has_tablespace_privilege_name" => tablespace;
    call "has_tablespace_privilege_name_id" => tablespace;
    call "has_tablespace_privilege_name_name" => tablespace;
    call "has_parameter_privilege_id_name" => parameter;
    call "has_parameter_privilege_name" => parameter;
    call "has_parameter_privilege_name_name" => parameter;
};

fn missing(what: &str, name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("{what} \"{name}\" does not exist"))
}

fn language(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, &["USAGE"])?;
    let language = match &args[0] {
        Datum::Oid(oid) => Some(*oid).filter(|oid| is_language(*oid)),
        Datum::Text(name) => {
            let found = language_named(name).map(|(oid, _)| oid);
            Some(found.ok_or_else(|| missing("language", name))?)
        }
        _ => return Err(wrong_type()),
    };
    let Some(language) = language else { return Ok(Datum::Null) };
    let on = ObjectAddress::new(relation_oid::PG_LANGUAGE, language);
    allowed(&call.eval.catalog, &role, on, &asked)
}

/// There are none: a name is wrong, an OID is nobody's.
fn nothing(call: &CallContext<'_>, args: &[Datum], what: &str) -> Result<Datum> {
    let (_, args) = split(call, args, 2)?;
    privileges(arg(args, 1)?, &["USAGE"])?;
    match &args[0] {
        Datum::Text(name) => Err(missing(what, name)),
        _ => Ok(Datum::Null),
    }
}

fn wrapper(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    nothing(call, args, "foreign-data wrapper")
}

fn server(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    nothing(call, args, "server")
}

/// Only superusers may use a tablespace that nobody was granted.
fn tablespace(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    privileges(arg(args, 1)?, &["CREATE"])?;
    match &args[0] {
        Datum::Oid(oid) if !TABLESPACES.iter().any(|(known, _)| known == oid) => Ok(Datum::Null),
        Datum::Text(name) if !TABLESPACES.iter().any(|(_, known)| known == name) => {
            Err(missing("tablespace", name))
        }
        _ => Ok(Datum::Bool(role.superuser)),
    }
}

/// Privileges on parameters cannot be granted here: superusers have them all.
fn parameter(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    privileges(arg(args, 1)?, &["SET", "ALTER SYSTEM"])?;
    Ok(Datum::Bool(role.superuser))
}
