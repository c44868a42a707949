//! `has_table_privilege` and its family, and `pg_has_role`.
//!
//! They ask the object's access control list, or its kind's default, and superusers
//! may do everything.

use std::sync::Arc;

use crate::catalog::acl::{self, Guarded};
use crate::catalog::{
    Catalog, Column, ObjectAddress, Relation, RelationKind, Role, relation_by_text, relation_oid,
};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, Oid, oid};
use crate::sqlstate;

/// `42501` unless the current user has one of some privileges on a sequence.
pub(super) fn require_any(
    call: &CallContext<'_>,
    sequence: &Relation,
    privileges: u32,
) -> Result<()> {
    let catalog = &call.eval.catalog;
    let role = catalog.role_named(&call.eval.settings.current_user);
    let rights = |role| catalog.rights(role, Guarded::relation(sequence), privileges);
    match role.is_some_and(|role| rights(role) != 0) {
        true => Ok(()),
        false => Err(Error::new(
            sqlstate::INSUFFICIENT_PRIVILEGE,
            format!("permission denied for sequence {}", sequence.name),
        )),
    }
}

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "has_table_privilege_id" => table;
    call "has_table_privilege_id_id" => table;
    call "has_table_privilege_id_name" => table;
    call "has_table_privilege_name" => table;
    call "has_table_privilege_name_id" => table;
    call "has_table_privilege_name_name" => table;
    call "has_any_column_privilege_id" => any_column;
    call "has_any_column_privilege_id_id" => any_column;
    call "has_any_column_privilege_id_name" => any_column;
    call "has_any_column_privilege_name" => any_column;
    call "has_any_column_privilege_name_id" => any_column;
    call "has_any_column_privilege_name_name" => any_column;
    call "has_column_privilege_id_attnum" => column_privilege;
    call "has_column_privilege_id_id_attnum" => column_privilege;
    call "has_column_privilege_id_id_name" => column_privilege;
    call "has_column_privilege_id_name" => column_privilege;
    call "has_column_privilege_id_name_attnum" => column_privilege;
    call "has_column_privilege_id_name_name" => column_privilege;
    call "has_column_privilege_name_attnum" => column_privilege;
    call "has_column_privilege_name_id_attnum" => column_privilege;
    call "has_column_privilege_name_id_name" => column_privilege;
    call "has_column_privilege_name_name" => column_privilege;
    call "has_column_privilege_name_name_attnum" => column_privilege;
    call "has_column_privilege_name_name_name" => column_privilege;
    call "has_sequence_privilege_id" => sequence;
    call "has_sequence_privilege_id_id" => sequence;
    call "has_sequence_privilege_id_name" => sequence;
    call "has_sequence_privilege_name" => sequence;
    call "has_sequence_privilege_name_id" => sequence;
    call "has_sequence_privilege_name_name" => sequence;
    call "has_database_privilege_id" => database;
    call "has_database_privilege_id_id" => database;
    call "has_database_privilege_id_name" => database;
    call "has_database_privilege_name" => database;
    call "has_database_privilege_name_id" => database;
    call "has_database_privilege_name_name" => database;
    call "has_function_privilege_id" => function;
    call "has_function_privilege_id_id" => function;
    call "has_function_privilege_id_name" => function;
    call "has_function_privilege_name" => function;
    call "has_function_privilege_name_id" => function;
    call "has_function_privilege_name_name" => function;
    call "has_schema_privilege_id" => schema;
    call "has_schema_privilege_id_id" => schema;
    call "has_schema_privilege_id_name" => schema;
    call "has_schema_privilege_name" => schema;
    call "has_schema_privilege_name_id" => schema;
    call "has_schema_privilege_name_name" => schema;
    call "has_type_privilege_id" => type_;
    call "has_type_privilege_id_id" => type_;
    call "has_type_privilege_id_name" => type_;
    call "has_type_privilege_name" => type_;
    call "has_type_privilege_name_id" => type_;
    call "has_type_privilege_name_name" => type_;
};

pub(super) const ROLES: &[Kernel] = kernels! {
    call "pg_has_role_id" => has_role;
    call "pg_has_role_id_id" => has_role;
    call "pg_has_role_id_name" => has_role;
    call "pg_has_role_name" => has_role;
    call "pg_has_role_name_id" => has_role;
    call "pg_has_role_name_name" => has_role;
};

/// The role asked about (the session's own without one) and the other arguments.
pub(super) fn split<'a>(
    call: &CallContext<'_>,
    args: &'a [Datum],
    others: usize,
) -> Result<(Arc<Role>, &'a [Datum])> {
    let catalog = &call.eval.catalog;
    let named = |name: &str| {
        catalog.role_named(name).cloned().ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))
        })
    };
    if args.len() == others {
        return Ok((named(&call.eval.settings.current_user)?, args));
    }
    let (role, rest) = args.split_first().ok_or_else(wrong_type)?;
    let role = match role {
        Datum::Text(name) => named(name)?,
        // Who does not exist may do what everybody may.
        Datum::Oid(oid) => {
            catalog.role(*oid).cloned().unwrap_or_else(|| Arc::new(Role::unknown(*oid)))
        }
        _ => return Err(wrong_type()),
    };
    Ok((role, rest))
}

/// The privileges in `'SELECT, INSERT WITH GRANT OPTION'`, in capitals, each with
/// whether the right to grant it is asked for.
pub(super) fn privileges(list: &str, known: &[&str]) -> Result<Vec<(String, bool)>> {
    list.split(',')
        .map(|privilege| {
            let privilege = privilege.trim();
            let upper = privilege.to_uppercase();
            let (name, grant) = match upper.strip_suffix(" WITH GRANT OPTION") {
                Some(name) => (name.trim().to_owned(), true),
                None => (upper, false),
            };
            known.contains(&name.as_str()).then_some((name, grant)).ok_or_else(|| {
                let message = format!("unrecognized privilege type: \"{privilege}\"");
                Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
            })
        })
        .collect()
}

/// The bits of some privileges, with their options to grant.
fn bits(asked: &[(String, bool)]) -> u32 {
    let bit = |(name, grant): &(String, bool)| {
        let name = if name == "TEMP" { "TEMPORARY" } else { name.as_str() };
        let at = acl::PRIVILEGES.iter().position(|(_, known)| *known == name);
        let bit = at.map_or(0, |at| 1u32 << at);
        if *grant { acl::grant_options(bit) } else { bit }
    };
    asked.iter().map(bit).fold(0, |all, bit| all | bit)
}

/// Whether a role has one of the privileges on an object.
pub(super) fn allowed(
    catalog: &Catalog,
    role: &Role,
    on: ObjectAddress,
    asked: &[(String, bool)],
) -> Result<Datum> {
    let guarded = catalog.guarded(on);
    let guarded = guarded.ok_or_else(|| Error::internal("an object without privileges"))?;
    Ok(Datum::Bool(catalog.rights(role, guarded, bits(asked)) != 0))
}

const TABLE: &[&str] =
    &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
const COLUMN: &[&str] = &["SELECT", "INSERT", "UPDATE", "REFERENCES"];
const SEQUENCE: &[&str] = &["USAGE", "SELECT", "UPDATE"];
const DATABASE: &[&str] = &["CREATE", "CONNECT", "TEMPORARY", "TEMP"];
const FUNCTION: &[&str] = &["EXECUTE"];
const SCHEMA: &[&str] = &["CREATE", "USAGE"];
const TYPE: &[&str] = &["USAGE"];

/// The relation of an argument: by name it must exist, by OID it may not.
fn relation<'a>(call: &'a CallContext<'_>, object: &Datum) -> Result<Option<&'a Relation>> {
    let catalog = &call.eval.catalog;
    let name = match object {
        Datum::Oid(oid) => return Ok(catalog.relation(*oid).map(|relation| &**relation)),
        Datum::Text(name) => name,
        _ => return Err(wrong_type()),
    };
    relation_by_text(catalog, super::path(call), name).map(|relation| Some(&**relation))
}

fn table(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let known: Vec<&str> = TABLE.iter().chain(&["RULE"]).copied().collect();
    on_relation(call, args, &known)
}

fn on_relation(call: &CallContext<'_>, args: &[Datum], known: &[&str]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, known)?;
    let Some(relation) = relation(call, &args[0])? else { return Ok(Datum::Null) };
    allowed(&call.eval.catalog, &role, relation.address(), &asked)
}

/// Whether some column of the relation, or all of it, is allowed.
fn any_column(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = bits(&privileges(arg(args, 1)?, COLUMN)?);
    let Some(relation) = relation(call, &args[0])? else { return Ok(Datum::Null) };
    let catalog = &call.eval.catalog;
    let live = relation.columns.iter().zip(1i16..).filter(|(column, _)| !column.dropped);
    let on_column = |(_, number): (&Column, i16)| {
        catalog.rights(&role, Guarded::column(relation, number), asked) != 0
    };
    let on_table = catalog.rights(&role, Guarded::relation(relation), asked) != 0;
    Ok(Datum::Bool(on_table || live.into_iter().any(on_column)))
}

fn sequence(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, SEQUENCE)?;
    let Some(relation) = relation(call, &args[0])? else { return Ok(Datum::Null) };
    if !matches!(relation.kind, RelationKind::Sequence(_)) {
        let message = format!("\"{}\" is not a sequence", relation.name);
        return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, message));
    }
    allowed(&call.eval.catalog, &role, relation.address(), &asked)
}

fn column_privilege(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 3)?;
    let asked = bits(&privileges(arg(args, 2)?, COLUMN)?);
    let Some(relation) = relation(call, &args[0])? else { return Ok(Datum::Null) };
    let Some(number) = column(relation, &args[1])? else { return Ok(Datum::Null) };
    let catalog = &call.eval.catalog;
    let on_table = catalog.rights(&role, Guarded::relation(relation), asked) != 0;
    let on_column = catalog.rights(&role, Guarded::column(relation, number), asked) != 0;
    Ok(Datum::Bool(on_table || on_column))
}

/// The number of the column that an argument means.
fn column(relation: &Relation, column: &Datum) -> Result<Option<i16>> {
    match column {
        Datum::Int2(attnum) => {
            let at = usize::try_from(*attnum).ok().and_then(|attnum| attnum.checked_sub(1));
            let found = at.and_then(|at| relation.columns.get(at)).filter(|c| !c.dropped);
            Ok(found.map(|_| *attnum))
        }
        Datum::Text(name) => {
            let mut columns = relation.columns.iter().zip(1i16..);
            let found = columns.find(|(c, _)| c.name == *name);
            found.map(|(c, number)| (!c.dropped).then_some(number)).ok_or_else(|| {
                let table = &relation.name;
                let message = format!("column \"{name}\" of relation \"{table}\" does not exist");
                Error::new(sqlstate::UNDEFINED_COLUMN, message)
            })
        }
        _ => Err(wrong_type()),
    }
}

fn database(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, DATABASE)?;
    let catalog = &call.eval.catalog;
    let database = match &args[0] {
        Datum::Oid(oid) => catalog.database(*oid),
        Datum::Text(name) => {
            Some(catalog.databases().find(|d| d.name == *name).ok_or_else(|| {
                let message = format!("database \"{name}\" does not exist");
                Error::new(sqlstate::UNDEFINED_DATABASE, message)
            })?)
        }
        _ => return Err(wrong_type()),
    };
    let Some(database) = database else { return Ok(Datum::Null) };
    let on = ObjectAddress::new(relation_oid::PG_DATABASE, database.oid);
    allowed(catalog, &role, on, &asked)
}

fn function(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, FUNCTION)?;
    let catalog = &call.eval.catalog;
    let Some(function) = catalog.function(object_oid(call, &args[0], oid::REGPROCEDURE)?) else {
        return Ok(Datum::Null);
    };
    allowed(catalog, &role, function.address(), &asked)
}

fn schema(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, SCHEMA)?;
    let catalog = &call.eval.catalog;
    let Some(schema) = catalog.schema(object_oid(call, &args[0], oid::REGNAMESPACE)?) else {
        return Ok(Datum::Null);
    };
    allowed(catalog, &role, schema.address(), &asked)
}

fn type_(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (role, args) = split(call, args, 2)?;
    let asked = privileges(arg(args, 1)?, TYPE)?;
    let catalog = &call.eval.catalog;
    let Some(ty) = catalog.type_(object_oid(call, &args[0], oid::REGTYPE)?) else {
        return Ok(Datum::Null);
    };
    allowed(catalog, &role, ObjectAddress::type_(ty.oid), &asked)
}

fn object_oid(call: &CallContext<'_>, object: &Datum, reg_type: Oid) -> Result<Oid> {
    match object {
        Datum::Oid(oid) => Ok(*oid),
        Datum::Text(name) => call.eval.catalog.reg_oid(super::path(call), reg_type, name),
        _ => Err(wrong_type()),
    }
}

/// `pg_has_role([user,] role, 'MEMBER' | 'USAGE' | 'SET')`.
fn has_role(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    const KNOWN: &[&str] = &["MEMBER", "USAGE"];
    let (user, args) = split(call, args, 2)?;
    let list: &str = arg(args, 1)?;
    let asked = privileges(&list.to_uppercase().replace(" WITH ADMIN OPTION", ""), KNOWN)?;
    let group = match &args[0] {
        Datum::Oid(oid) => *oid,
        Datum::Text(name) => {
            let role = call.eval.catalog.role_named(name).map(|role| role.oid);
            role.ok_or_else(|| {
                let message = format!("role \"{name}\" does not exist");
                Error::new(sqlstate::UNDEFINED_OBJECT, message)
            })?
        }
        _ => return Err(wrong_type()),
    };
    let member = user.superuser || call.eval.catalog.is_member(&user, group);
    let inherits = call.eval.catalog.has_privileges_of(&user, group);
    let is_asked =
        |(privilege, _): &(String, bool)| if privilege == "MEMBER" { member } else { inherits };
    Ok(Datum::Bool(asked.iter().any(is_asked)))
}

impl Catalog {
    /// Whether a role is another one or a member of it, however indirectly.
    pub fn is_member(&self, role: &Role, group: Oid) -> bool {
        let mut known = vec![role.oid];
        let mut at = 0;
        while let Some(oid) = known.get(at).copied() {
            if oid == group {
                return true;
            }
            let groups = self.role(oid).map_or(&[][..], |role| &role.member_of);
            let new: Vec<Oid> = groups.iter().copied().filter(|g| !known.contains(g)).collect();
            known.extend(new);
            at += 1;
        }
        false
    }
}
