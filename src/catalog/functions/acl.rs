//! Access control items: `acldefault` and `aclexplode`.
//!
//! An item is text here, in PostgreSQL's spelling: `grantee=privileges/grantor`,
//! one letter a privilege, `*` after one that may be granted on; no grantee is
//! PUBLIC.

use crate::catalog::acl::PRIVILEGES;
use crate::catalog::system::cell;
use crate::catalog::{Catalog, identifier, quote_identifier};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel, SetRows};
use crate::sql::types::{ArrayValue, Datum, Oid, oid};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "acldefault_sql" => default_acl;
    call "makeaclitem" => |call, args| {
        let (grantee, grantor): (Oid, Oid) = (arg(args, 0)?, arg(args, 1)?);
        let (list, option): (&str, bool) = (arg(args, 2)?, arg(args, 3)?);
        let mut bits = privilege_bits(list)?;
        if option {
            bits |= crate::catalog::acl::grant_options(bits);
        }
        let item = crate::catalog::AclItem { grantee, grantor, bits };
        Ok(Datum::Text(call.eval.catalog.acl_text(&item)))
    };
    call "aclitem_eq" => |call, args| {
        let (a, b): (&str, &str) = (arg(args, 0)?, arg(args, 1)?);
        let catalog = &call.eval.catalog;
        Ok(Datum::Bool(read(catalog, a)? == read(catalog, b)?))
    };
    call "aclcontains" => |call, args| {
        let (items, wanted): (&ArrayValue, &str) = (arg(args, 0)?, arg(args, 1)?);
        let catalog = &call.eval.catalog;
        let wanted = read(catalog, wanted)?;
        for item in &items.elements {
            let Datum::Text(item) = item else { continue };
            let item = read(catalog, item)?;
            let same = (item.grantee, item.grantor) == (wanted.grantee, wanted.grantor);
            if same && item.bits & wanted.bits == wanted.bits {
                return Ok(Datum::Bool(true));
            }
        }
        Ok(Datum::Bool(false))
    };
    call "aclinsert" => |_, _| Err(no_longer("aclinsert"));
    call "aclremove" => |_, _| Err(no_longer("aclremove"));
};

fn no_longer(name: &str) -> Error {
    Error::new(sqlstate::FEATURE_NOT_SUPPORTED, format!("{name} is no longer supported"))
}

/// The bits of `'SELECT, INSERT'`.
fn privilege_bits(list: &str) -> Result<u32> {
    let mut bits = 0;
    for word in list.split(',').map(str::trim) {
        let upper = word.to_uppercase();
        let at = PRIVILEGES.iter().position(|(_, name)| *name == upper);
        let at = at.ok_or_else(|| {
            let message = format!("unrecognized privilege type: \"{word}\"");
            Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
        })?;
        bits |= 1 << at;
    }
    Ok(bits)
}

/// An item from its text.
fn read(catalog: &Catalog, text: &str) -> Result<crate::catalog::AclItem> {
    let mut item = crate::catalog::AclItem { grantee: 0, grantor: 0, bits: 0 };
    for row in explode(catalog, text)? {
        let [Datum::Oid(grantor), Datum::Oid(grantee), Datum::Text(name), Datum::Bool(option)] =
            row.as_slice()
        else {
            continue;
        };
        let bit = privilege_bits(name)?;
        let options = if *option { crate::catalog::acl::grant_options(bit) } else { 0 };
        (item.grantor, item.grantee) = (*grantor, *grantee);
        item.bits |= bit | options;
    }
    Ok(item)
}

fn item(catalog: &Catalog, grantee: Oid, privileges: &str, grantor: Oid) -> String {
    let name = |role: Oid| match catalog.role(role) {
        Some(role) => quote_identifier(&role.name),
        None if role == oid::INVALID => String::new(),
        None => role.to_string(),
    };
    format!("{}={privileges}/{}", name(grantee), name(grantor))
}

/// What PUBLIC and the owner may do with a new object of a kind.
fn default_acl(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (kind, owner): (u8, Oid) = (arg(args, 0)?, arg(args, 1)?);
    let (public, own) = match kind {
        b'c' | b'p' => ("", ""),
        b'r' => ("", "arwdDxt"),
        b's' => ("", "rwU"),
        b'd' => ("Tc", "CTc"),
        b'f' => ("X", "X"),
        b'l' | b'T' => ("U", "U"),
        b'L' => ("", "rw"),
        b'n' => ("", "UC"),
        b't' => ("", "C"),
        b'F' | b'S' => ("", "U"),
        _ => {
            let message = format!("unrecognized object type abbreviation: {}", char::from(kind));
            return Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message));
        }
    };
    let items = [(oid::INVALID, public), (owner, own)];
    let items = items.iter().filter(|(_, privileges)| !privileges.is_empty());
    let text = |(role, privileges): &(Oid, &str)| {
        Datum::Text(item(&call.eval.catalog, *role, privileges, owner))
    };
    Ok(cell::array_of(oid::ACLITEM, items.map(text).collect()))
}

/// Each privilege of each item: grantor, grantee, name, may be granted on.
pub(super) fn explode_all(call: &CallContext<'_>, args: &[Datum]) -> Result<SetRows> {
    let items: &ArrayValue = arg(args, 0)?;
    let mut rows = Vec::new();
    for item in &items.elements {
        if let Datum::Text(item) = item {
            rows.extend(explode(&call.eval.catalog, item)?);
        }
    }
    Ok(Box::new(rows.into_iter().map(Ok)))
}

fn explode(catalog: &Catalog, item: &str) -> Result<Vec<Vec<Datum>>> {
    let invalid = |message: &str| Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, message);
    let role = |name: &str| match name {
        "" => Ok(oid::INVALID),
        name => catalog.role_named(name).map(|role| role.oid).ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))
        }),
    };
    let (grantee, rest) = match item.strip_prefix('=') {
        Some(rest) => (oid::INVALID, rest),
        None => {
            let (name, rest) = grantee_name(item).ok_or_else(|| invalid("missing \"=\" sign"))?;
            (role(&name)?, rest)
        }
    };
    let (privileges, grantor) =
        rest.split_once('/').ok_or_else(|| invalid("a name must follow the \"/\" sign"))?;
    let grantor = role(&identifier(grantor).map_or(String::new(), |(name, _)| name))?;
    let mut rows = Vec::new();
    let mut letters = privileges.chars().peekable();
    while let Some(letter) = letters.next() {
        let (_, name) = PRIVILEGES
            .iter()
            .find(|(known, _)| *known == letter)
            .ok_or_else(|| invalid("invalid mode character: must be one of \"arwdDxtXUCTcsA\""))?;
        let grantable = letters.next_if_eq(&'*').is_some();
        rows.push(vec![
            Datum::Oid(grantor),
            Datum::Oid(grantee),
            Datum::Text((*name).to_owned()),
            Datum::Bool(grantable),
        ]);
    }
    Ok(rows)
}

/// The name before the `=`, and what is after it.
fn grantee_name(item: &str) -> Option<(String, &str)> {
    if item.starts_with('"') {
        let (name, rest) = identifier(item)?;
        return Some((name, rest.strip_prefix('=')?));
    }
    let (name, rest) = item.split_once('=')?;
    Some((name.to_owned(), rest))
}
