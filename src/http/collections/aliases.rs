//! Other names of collections.

use super::manage::{check_name, exists};
use super::schema::not_found;
use super::statement::{Sql, string, text};
use crate::error::{Error, Result};
use crate::http::conversation::Conversation;
use crate::sqlstate;

/// Aliases with their collections: all, or those of one.
pub async fn aliases(
    conversation: &mut Conversation,
    of: Option<&str>,
) -> Result<Vec<(String, String)>> {
    let mut sql = Sql::new("SELECT alias, collection FROM collections.aliases");
    if let Some(of) = of {
        sql.push(" WHERE collection = ").bind(text(of), "text");
    }
    sql.push(" ORDER BY alias");
    let rows = sql.rows(conversation).await?;
    Ok(rows.iter().map(|row| (string(row, 0), string(row, 1))).collect())
}

/// A change of aliases.
pub enum AliasChange {
    Set { alias: String, collection: String },
    Delete { alias: String },
    Rename { old: String, new: String },
}

async fn is_collection(conversation: &mut Conversation, name: &str) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 FROM collections.registry WHERE name = ");
    sql.bind(text(name), "text");
    Ok(!sql.rows(conversation).await?.is_empty())
}

pub async fn change_alias(conversation: &mut Conversation, change: AliasChange) -> Result<()> {
    let missing = |alias: &str| {
        Error::new(sqlstate::UNDEFINED_TABLE, format!("Alias {alias} does not exists!"))
    };
    match change {
        AliasChange::Set { alias, collection } => {
            check_name(&alias)?;
            if is_collection(conversation, &alias).await? {
                return Err(exists(&alias));
            }
            if !is_collection(conversation, &collection).await? {
                return Err(not_found(&collection));
            }
            let mut sql = Sql::new("INSERT INTO collections.aliases (alias, collection) VALUES (");
            sql.bind(text(&alias), "text").push(", ").bind(text(&collection), "text");
            sql.push(") ON CONFLICT (alias) DO UPDATE SET collection = excluded.collection");
            sql.execute(conversation).await?;
        }
        AliasChange::Delete { alias } => {
            let mut sql = Sql::new("DELETE FROM collections.aliases WHERE alias = ");
            sql.bind(text(&alias), "text");
            if sql.execute(conversation).await? == 0 {
                return Err(missing(&alias));
            }
        }
        AliasChange::Rename { old, new } => {
            check_name(&new)?;
            if is_collection(conversation, &new).await? {
                return Err(exists(&new));
            }
            let mut sql = Sql::new("UPDATE collections.aliases SET alias = ");
            sql.bind(text(&new), "text").push(" WHERE alias = ").bind(text(&old), "text");
            if sql.execute(conversation).await? == 0 {
                return Err(missing(&old));
            }
        }
    }
    Ok(())
}
