//! What an area of HTTP keeps is an extension of its name (`jobs`, `files`, …): tables and
//! functions in a schema of that name, which SQL sees like any others.
//!
//! [`ensure`] makes it, as CREATE EXTENSION by the first superuser would, the first time
//! that a database is asked for it; `http_create_extensions = false` leaves that to who
//! runs the server.

use super::Http;
use super::conversation::Conversation;
use super::principal::Principal;
use crate::catalog::{available, quote_identifier};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Logs a principal in, in a database that has an extension, or is given it; `settings` are
/// parameters of the session.
pub async fn open(
    http: &Http,
    principal: &Principal,
    name: &'static str,
    settings: Vec<(String, String)>,
) -> Result<Conversation> {
    let mut conversation = Conversation::open(http, principal, settings).await?;
    ensure(http, principal, &mut conversation, name).await?;
    Ok(conversation)
}

/// Sees to it that the database of a conversation has an extension; none is in a block.
pub async fn ensure(
    http: &Http,
    principal: &Principal,
    conversation: &mut Conversation,
    name: &'static str,
) -> Result<()> {
    if has(conversation, name)? {
        return Ok(());
    }
    if !http.front.database.config().http_create_extensions {
        let message = format!("extension \"{name}\" does not exist");
        let hint = format!("CREATE EXTENSION {} in this database.", quote_identifier(name));
        return Err(Error::new(sqlstate::UNDEFINED_OBJECT, message).with_hint(hint));
    }
    let _one_at_a_time = http.making_extension.lock().await;
    if has(conversation, name)? {
        return Ok(());
    }
    check_schema(conversation, name)?;
    let owner = Principal::server(http, &principal.database, principal.ends)?;
    // What has no schema of its own is made where CREATE EXTENSION by hand puts it.
    let settings = vec![("search_path".to_owned(), "public".to_owned())];
    let mut maker = Conversation::open(http, &owner, settings).await?;
    let text = format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE", quote_identifier(name));
    let made = maker.start(&text, &[]).await?;
    maker.finish(made).await?;
    Ok(())
}

/// `42501` where the schema is there and another's: who owns it could put objects of its
/// own among those that run as a superuser.
fn check_schema(conversation: &mut Conversation, name: &str) -> Result<()> {
    let catalog = &conversation.eval_context()?.catalog;
    let schema = available().get(name).and_then(|extension| extension.schema);
    let Some(schema) = schema.and_then(|schema| catalog.schema_named(schema)) else {
        return Ok(());
    };
    if catalog.role(schema.owner).is_some_and(|owner| owner.superuser) {
        return Ok(());
    }
    let message = format!("schema \"{}\" is not a superuser's", schema.name);
    Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message)
        .with_detail(format!("The extension \"{name}\" is made in it.")))
}

fn has(conversation: &mut Conversation, name: &str) -> Result<bool> {
    Ok(conversation.eval_context()?.catalog.extension_named(name).is_some())
}
