//! `rtc`: keys that tokens of rooms are signed with; what is alive.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::jwt;
use crate::auth::opaque::new_id;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, oid};

/// What the ids of keys begin with, as LiveKit's do; the rest names the database.
pub const KEY_PREFIX: &str = "API";

/// What a secret is sealed for.
pub fn purpose(id: &str) -> String {
    format!("rtc key {id}")
}

pub const KERNELS: &[Kernel] = kernels! {
    call "rtc_make_key" => |call, _| make_key(call);
    call "rtc_sign" => sign;
    call "rtc_is_live" => |call, args| {
        Ok(Datum::Bool(call.eval.session.has_live_track(arg(args, 0)?, arg(args, 1)?)))
    };
};

/// A new key: its id, its secret and, sealed, the same.
fn make_key(call: &CallContext<'_>) -> Result<Datum> {
    let vault = call.eval.session.vault()?;
    let id = format!("{KEY_PREFIX}{}", new_id(vault.database()));
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let sealed = vault.seal(secret.as_bytes(), &purpose(&id))?;
    Ok(Datum::Record(vec![
        (oid::TEXT, Datum::Text(id)),
        (oid::TEXT, Datum::Text(secret)),
        (oid::BYTEA, Datum::Bytea(sealed.into())),
    ]))
}

/// A token of claims, to which the key is added as their issuer; NULL where the key is not
/// of this server and database.
fn sign(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (id, sealed): (&str, &[u8]) = (arg(args, 0)?, arg(args, 1)?);
    let Some(Datum::Jsonb(claims)) = args.get(2) else {
        return Err(Error::internal("claims that are no document"));
    };
    let vault = call.eval.session.vault()?;
    let Some(secret) = vault.open(sealed, &purpose(id)) else { return Ok(Datum::Null) };
    let mut text = Vec::new();
    claims.root().write(&mut text);
    let mut claims: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|error| Error::internal(format!("claims that are not JSON: {error}")))?;
    claims["iss"] = id.into();
    claims["aud"] = vault.audience().into();
    Ok(Datum::Text(jwt::sign_with_secret(&secret, &claims.to_string())))
}
