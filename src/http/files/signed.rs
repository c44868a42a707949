//! URLs that need no password.
//!
//! ```text
//! …/BUCKET/NAME?database=app&role=ann&method=GET&expires=1790000000&signature=…
//! ```
//! `files.sign_url` makes them. The signature is an HMAC, under the database's secret, of
//! everything else: database, role, method, bucket, expiry, name, a line each. Who has the
//! URL asks as that role, for that file and method, until then; what the role may not do
//! (any more) it may not either.

use axum::http::Method;
use axum::http::request::Parts;

use super::super::principal::{self, Principal, Proof};
use super::super::problem::Problem;
use super::super::{Http, guard};
use super::caller::{Query, Target};
use super::commit::{secret, signature};
use super::rows;
use crate::auth::scram::constant_time_equal;
use crate::error::Error;
use crate::sqlstate;

/// The role that a signed URL lends, if this is one.
pub async fn principal(
    http: &Http,
    parts: &Parts,
    query: &Query,
    target: &Target,
) -> Result<Option<Principal>, Problem> {
    let Some(given) = query.get("signature") else { return Ok(None) };
    let need = |name| query.get(name).ok_or_else(|| refused("the signed URL is not complete"));
    let (database, role) = (need("database")?, need("role")?);
    let (method, expires) = (need("method")?, need("expires")?);
    let until: i64 = expires.parse().map_err(|_| refused("the signed URL is not complete"))?;
    let peer = principal::peer(parts)?;
    if http.front.database.config().require_tls && !peer.is_encrypted {
        return Err(refused("a signed URL is taken over TLS only"));
    }
    let signer = Principal::lent(role, database, peer.ends, Proof::SignedUrl);
    let text = ["url", database, role, method, &target.bucket, expires, &target.name].join("\n");
    let mut is_right = false;
    for is_fresh in [false, true] {
        // A database that is not there, or without files, is told as a wrong signature is.
        if !rows::is_there(http, database) {
            break;
        }
        let Ok(secret) = secret(http, &signer, is_fresh).await else { break };
        let own = signature(&secret, &[text.as_bytes()]);
        is_right = constant_time_equal(own.as_bytes(), given.as_bytes());
        if is_right {
            break;
        }
    }
    if !is_right {
        return Err(refused("the signature of the URL is wrong"));
    }
    if until < chrono::Utc::now().timestamp() {
        return Err(refused("the signed URL has expired"));
    }
    let asked = if parts.method == Method::HEAD { "GET" } else { parts.method.as_str() };
    if asked != method {
        return Err(refused(&format!("the URL is signed for {method} only")));
    }
    guard::admit(http, parts, &signer).await?;
    Ok(Some(signer))
}

fn refused(message: &str) -> Problem {
    Problem::of(&Error::new(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION, message), "")
}
