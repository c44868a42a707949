//! The first superuser's password.
//!
//! A data directory begins with the role `postgres` and no way to log in. The
//! first start without `dev` gives it a password: that of `ZSERVER_PASSWORD`, or
//! a generated one that is printed once and stored as a verifier only.

use std::sync::Arc;

use crate::auth::scram;
use crate::catalog::{Change, Role};
use crate::error::{Error, Result};
use crate::session::Database;
use crate::txn::{Durability, Isolation};

const SUPERUSER: &str = "postgres";
const PASSWORD_VARIABLE: &str = "ZSERVER_PASSWORD";

/// Sees to it that some superuser can log in.
pub async fn ensure(database: &Arc<Database>) -> Result<()> {
    let catalog = database.shared_catalog();
    let can_log_in = |role: &Arc<Role>| role.superuser && role.login && role.verifier.is_some();
    if database.config().dev || catalog.roles().any(can_log_in) {
        return Ok(());
    }
    let role = catalog
        .role_named(SUPERUSER)
        .ok_or_else(|| Error::internal(format!("role \"{SUPERUSER}\" does not exist")))?;
    let given = std::env::var(PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty());
    let password = given.clone().unwrap_or_else(scram::generate_password);
    store_password(database, role, &password).await?;
    if given.is_none() {
        println!("superuser \"{SUPERUSER}\" has the password {password} (it is not shown again)");
    }
    Ok(())
}

async fn store_password(database: &Database, role: &Role, password: &str) -> Result<()> {
    let role = Role { verifier: Some(scram::stored_form(password)), ..role.clone() };
    let mut work = database.begin(0, Isolation::ReadCommitted, false, None)?;
    work.change(Change::put(role));
    database.commit(work, Durability::Sync).await
}
