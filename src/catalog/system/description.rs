//! What PostgreSQL says of its built-in objects, for those that exist here.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::listed;
use crate::catalog::{Catalog, ObjectAddress, ObjectClass, relation_oid};
use crate::sql::types::Oid;

/// Class, object, column and text a line, as `compat/declarations` writes them.
const TEXT: &str = include_str!("../../../sql/descriptions.tsv");

static DESCRIPTIONS: LazyLock<HashMap<ObjectAddress, &'static str>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut fields = line.splitn(4, '\t');
        let class = fields.next()?.parse().ok()?;
        let oid = fields.next()?.parse().ok()?;
        let sub = fields.next()?.parse().ok()?;
        Some((ObjectAddress { class, oid, sub }, fields.next()?))
    };
    TEXT.lines().filter_map(line).collect()
});

/// Classes of objects that all databases share.
pub fn is_shared_class(class: Oid) -> bool {
    let shared = [relation_oid::PG_AUTHID, relation_oid::PG_DATABASE, relation_oid::PG_TABLESPACE];
    shared.contains(&class)
}

impl Catalog {
    /// What is said of an object: by a user, or by PostgreSQL.
    pub fn description(&self, on: ObjectAddress) -> Option<String> {
        match self.comment_on(on) {
            Some(comment) => Some(comment.text.clone()),
            None => DESCRIPTIONS.get(&on).filter(|_| self.exists(on)).map(|&t| t.to_owned()),
        }
    }

    /// What PostgreSQL says of built-in objects that no user has spoken of.
    pub fn builtin_descriptions(&self) -> Vec<(ObjectAddress, &'static str)> {
        let mut found: Vec<(ObjectAddress, &'static str)> = DESCRIPTIONS
            .iter()
            .map(|(on, text)| (*on, *text))
            .filter(|(on, _)| self.exists(*on) && self.comment_on(*on).is_none())
            .collect();
        found.sort_by_key(|(on, _)| *on);
        found
    }

    fn exists(&self, on: ObjectAddress) -> bool {
        match on.class {
            relation_oid::PG_LANGUAGE => super::is_language(on.oid),
            relation_oid::PG_CONVERSION => listed::has_row("pg_conversion", on.oid),
            relation_oid::PG_TS_CONFIG => listed::has_row("pg_ts_config", on.oid),
            relation_oid::PG_TS_DICT => listed::has_row("pg_ts_dict", on.oid),
            relation_oid::PG_TS_PARSER => listed::has_row("pg_ts_parser", on.oid),
            relation_oid::PG_TS_TEMPLATE => listed::has_row("pg_ts_template", on.oid),
            relation_oid::PG_TABLESPACE => super::TABLESPACES.iter().any(|(oid, _)| *oid == on.oid),
            _ => on.key().is_some_and(|key| match key.class {
                ObjectClass::Function => self.function(key.oid).is_some(),
                _ => self.has_object(key),
            }),
        }
    }
}
