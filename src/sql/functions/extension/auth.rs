//! `auth`: what its functions need of the server's key and configuration.

use crate::auth::opaque::{Kind, Opaque, new_id};
use crate::auth::scope::Scope;
use crate::auth::signing::{Algorithm, PrivateKey};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::value::text_array;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, json, oid};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "auth_make_secret" => make_secret;
    call "auth_make_signing_key" => make_signing_key;
    call "auth_configured" => |call, args| {
        let name: &str = arg(args, 0)?;
        call.eval.session.auth_value(name).map(Datum::Text).ok_or_else(|| {
            let message = format!("unrecognized configuration parameter \"{name}\"");
            Error::new(sqlstate::UNDEFINED_OBJECT, message)
        })
    };
    call "auth_all_scopes" => |_, _| {
        let names = Scope::ALL.into_iter().map(|scope| Datum::Text(scope.as_str().to_owned()));
        Ok(text_array(names.collect()))
    };
};

/// A new API key, or a new secret for one: its id, its text and its hash.
fn make_secret(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let vault = call.eval.session.vault()?;
    let made = match args.first() {
        // Its id names the database: where that was copied, keys were not.
        Some(Datum::Text(id)) => Opaque::renewed(Kind::ApiKey, id)
            .filter(|key| key.database() == vault.database())
            .ok_or_else(|| {
                let message = format!("API key \"{id}\" is of another database");
                Error::new(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE, message)
            })?,
        _ => Opaque::new(Kind::ApiKey, vault.database()),
    };
    Ok(Datum::Record(vec![
        (oid::TEXT, Datum::Text(made.id())),
        (oid::TEXT, Datum::Text(made.text())),
        (oid::BYTEA, Datum::Bytea(made.hash(&vault).to_vec().into())),
    ]))
}

/// A new key to sign with: its name, its public part and, sealed, its private one.
fn make_signing_key(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let name: &str = arg(args, 0)?;
    let vault = call.eval.session.vault()?;
    let kid = new_id(vault.database());
    let failed = || Error::internal("a signing key could not be made");
    let key = Algorithm::named(name).and_then(PrivateKey::generate).ok_or_else(|| {
        let message = format!("unknown algorithm \"{name}\"");
        Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
    })?;
    let public = key.public_jwk(&kid).ok_or_else(failed)?.to_string();
    let sealed = vault.seal(key.der(), &kid)?;
    Ok(Datum::Record(vec![
        (oid::TEXT, Datum::Text(kid)),
        (oid::JSONB, Datum::Jsonb(json::parse(&public)?)),
        (oid::BYTEA, Datum::Bytea(sealed.into())),
    ]))
}
