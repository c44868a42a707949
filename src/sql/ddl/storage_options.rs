//! Storage parameters: WITH (…), ALTER TABLE … SET (…) and RESET (…).
//!
//! They are checked as PostgreSQL checks them, kept, and shown (`pg_class.reloptions`,
//! `pg_get_indexdef`). Rows are packed by the store's compaction here and no worker
//! vacuums tables, so none of them changes what is stored.

use super::Ddl;
use super::options::options;
use crate::catalog::{Relation, RelationKind, boolean};
use crate::error::{Error, Result};
use crate::index;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

/// What parameters may be set on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Table,
    Partitioned,
    Btree,
    Gin,
    Gist,
    Hash,
    Column,
    /// A key by an operator class that makes signatures of its values.
    Signature,
}

impl Target {
    /// An index by its access method.
    pub fn of_method(method: &str) -> Target {
        match method {
            index::GIN => Target::Gin,
            index::GIST => Target::Gist,
            index::HASH => Target::Hash,
            _ => Target::Btree,
        }
    }
}

enum Kind {
    Boolean,
    Integer(i64, i64),
    Real(f64, f64),
    Words(&'static [&'static str]),
}

use Kind::{Boolean, Integer, Real, Words};

const INT_MAX: i64 = i32::MAX as i64;
const FREEZE_AGE_MAX: i64 = 2_000_000_000;
const FREEZE_MIN_AGE_MAX: i64 = 1_000_000_000;

/// Of tables and of the toast tables beside them.
const VACUUM: &[(&str, Kind)] = &[
    ("autovacuum_enabled", Boolean),
    ("vacuum_truncate", Boolean),
    ("vacuum_index_cleanup", Words(&["auto", "on", "off", "true", "false", "yes", "no", "1", "0"])),
    ("autovacuum_vacuum_threshold", Integer(0, INT_MAX)),
    ("autovacuum_vacuum_insert_threshold", Integer(-1, INT_MAX)),
    ("autovacuum_vacuum_cost_limit", Integer(1, 10_000)),
    ("autovacuum_freeze_min_age", Integer(0, FREEZE_MIN_AGE_MAX)),
    ("autovacuum_multixact_freeze_min_age", Integer(0, FREEZE_MIN_AGE_MAX)),
    ("autovacuum_freeze_max_age", Integer(100_000, FREEZE_AGE_MAX)),
    ("autovacuum_multixact_freeze_max_age", Integer(10_000, FREEZE_AGE_MAX)),
    ("autovacuum_freeze_table_age", Integer(0, FREEZE_AGE_MAX)),
    ("autovacuum_multixact_freeze_table_age", Integer(0, FREEZE_AGE_MAX)),
    ("log_autovacuum_min_duration", Integer(-1, INT_MAX)),
    ("autovacuum_vacuum_cost_delay", Real(0.0, 100.0)),
    ("autovacuum_vacuum_scale_factor", Real(0.0, 100.0)),
    ("autovacuum_vacuum_insert_scale_factor", Real(0.0, 100.0)),
];

const TABLE: &[(&str, Kind)] = &[
    ("fillfactor", Integer(10, 100)),
    ("autovacuum_analyze_threshold", Integer(0, INT_MAX)),
    ("autovacuum_analyze_scale_factor", Real(0.0, 100.0)),
    ("toast_tuple_target", Integer(128, 8160)),
    ("user_catalog_table", Boolean),
    ("parallel_workers", Integer(0, 1024)),
];

const BTREE: &[(&str, Kind)] = &[
    ("fillfactor", Integer(10, 100)),
    ("deduplicate_items", Boolean),
    ("vacuum_cleanup_index_scale_factor", Real(0.0, 1e10)),
];

const GIST: &[(&str, Kind)] =
    &[("fillfactor", Integer(10, 100)), ("buffering", Words(&["on", "off", "auto"]))];

const HASH: &[(&str, Kind)] = &[("fillfactor", Integer(10, 100))];

const GIN: &[(&str, Kind)] =
    &[("fastupdate", Boolean), ("gin_pending_list_limit", Integer(64, INT_MAX / 1024))];

const SIGNATURE: &[(&str, Kind)] = &[("siglen", Integer(1, 2_024))];

const COLUMN: &[(&str, Kind)] =
    &[("n_distinct", Real(-1.0, f64::MAX)), ("n_distinct_inherited", Real(-1.0, f64::MAX))];

/// The namespace of a table's long values.
const TOAST: &str = "toast";

fn invalid(message: String) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, message)
}

fn find(target: Target, name: &str, toast: bool) -> Option<&'static Kind> {
    let lists: &[&'static [(&'static str, Kind)]] = match target {
        Target::Table if toast => &[VACUUM],
        Target::Table => &[TABLE, VACUUM],
        Target::Partitioned => &[],
        Target::Btree => &[BTREE],
        Target::Gin => &[GIN],
        Target::Gist => &[GIST],
        Target::Hash => &[HASH],
        Target::Column => &[COLUMN],
        Target::Signature => &[SIGNATURE],
    };
    let mut all = lists.iter().copied().flatten();
    all.find(|(known, _)| *known == name).map(|(_, kind)| kind)
}

/// Reads a parenthesised list: names (those of the toast table with `toast.` in front)
/// and values as they were given.
pub fn read(nodes: &[ast::Node], target: Target) -> Result<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    for option in options(nodes) {
        let value = value_text(option);
        if option.defname == "oids" && target == Target::Table && option.defnamespace.is_empty() {
            if boolean(&value) != Some(false) {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "tables declared WITH OIDS are not supported",
                ));
            }
            continue;
        }
        let name = full_name(option, target)?;
        if found.iter().any(|(known, _)| *known == name) {
            return Err(invalid(format!(
                "parameter \"{}\" specified more than once",
                option.defname
            )));
        }
        let toast = !option.defnamespace.is_empty();
        match find(target, &option.defname, toast) {
            Some(kind) => check(&option.defname, kind, &value)?,
            None => {
                return Err(invalid(format!("unrecognized parameter \"{}\"", option.defname)));
            }
        }
        found.push((name, value));
    }
    Ok(found)
}

fn full_name(option: &ast::DefElem, target: Target) -> Result<String> {
    let (namespace, name) = (option.defnamespace.as_str(), &option.defname);
    match namespace {
        "" => Ok(name.clone()),
        TOAST if matches!(target, Target::Table | Target::Partitioned) => {
            Ok(format!("{TOAST}.{name}"))
        }
        _ => Err(invalid(format!("unrecognized parameter namespace \"{namespace}\""))),
    }
}

fn check(name: &str, kind: &Kind, value: &str) -> Result<()> {
    let wrong =
        |what: &str| invalid(format!("invalid value for {what} option \"{name}\": {value}"));
    let out_of = |range: String| {
        Err(invalid(format!("value {value} out of bounds for option \"{name}\""))
            .with_detail(range))
    };
    match kind {
        Boolean => boolean(value).map(drop).ok_or_else(|| wrong("boolean")),
        Integer(low, high) => {
            let number: i64 = value.trim().parse().map_err(|_| wrong("integer"))?;
            match (*low..=*high).contains(&number) {
                true => Ok(()),
                false => out_of(format!("Valid values are between \"{low}\" and \"{high}\".")),
            }
        }
        Real(low, high) => {
            let number: f64 = value.trim().parse().map_err(|_| wrong("floating point"))?;
            match (*low..=*high).contains(&number) {
                true => Ok(()),
                false => {
                    out_of(format!("Valid values are between \"{low:.6}\" and \"{high:.6}\"."))
                }
            }
        }
        Words(words) => match words.contains(&value.to_ascii_lowercase().as_str()) {
            true => Ok(()),
            false => {
                Err(wrong("enum").with_detail("Valid values are \"on\", \"off\", and \"auto\"."))
            }
        },
    }
}

/// A value as text; without one the parameter is on.
pub fn value_text(option: &ast::DefElem) -> String {
    match option.arg.as_ref().and_then(|node| node.node.as_ref()) {
        None => "true".to_owned(),
        Some(NodeEnum::String(value)) => value.sval.clone(),
        Some(NodeEnum::Integer(value)) => value.ival.to_string(),
        Some(NodeEnum::Float(value)) => value.fval.clone(),
        Some(NodeEnum::Boolean(value)) => value.boolval.to_string(),
        Some(NodeEnum::TypeName(name)) => super::strings(&name.names).join("."),
        Some(_) => String::new(),
    }
}

/// The list of SET or RESET.
pub fn list_of(command: &ast::AlterTableCmd) -> &[ast::Node] {
    match command.def.as_ref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::List(list)) => &list.items,
        _ => &[],
    }
}

/// What is set after SET or RESET of a list.
pub fn changed(
    before: &[(String, String)],
    nodes: &[ast::Node],
    target: Target,
    resets: bool,
) -> Result<Vec<(String, String)>> {
    let mut after = before.to_vec();
    if !resets {
        for (name, value) in read(nodes, target)? {
            after.retain(|(known, _)| *known != name);
            after.push((name, value));
        }
        return Ok(after);
    }
    for option in options(nodes) {
        if option.arg.is_some() {
            return Err(Error::syntax("RESET must not include values for parameters"));
        }
        let name = full_name(option, target)?;
        after.retain(|(known, _)| *known != name);
    }
    Ok(after)
}

/// Parameters that readers know of are set without any.
pub fn lock_mode(nodes: &[ast::Node]) -> LockMode {
    let known = ["user_catalog_table", "security_barrier", "fastupdate", "gin_pending_list_limit"];
    match options(nodes).any(|option| known.contains(&option.defname.as_str())) {
        true => LockMode::AccessExclusive,
        false => LockMode::ShareUpdateExclusive,
    }
}

/// What parameters a relation may have.
pub fn target_of(relation: &Relation) -> Target {
    match &relation.kind {
        RelationKind::Index(index) => Target::of_method(&index.access_method),
        _ if relation.is_partitioned() => Target::Partitioned,
        _ => Target::Table,
    }
}

impl Ddl<'_> {
    /// What a new table's WITH and UNLOGGED say.
    pub fn put_settings(
        &mut self,
        table: Oid,
        options: Vec<(String, String)>,
        unlogged: bool,
    ) -> Result<()> {
        if !options.is_empty() || unlogged {
            let mut table = (*self.relation(table)?).clone();
            (table.settings.options, table.settings.unlogged) = (options, unlogged);
            self.put_relation(table);
        }
        Ok(())
    }

    /// ALTER TABLE, INDEX or MATERIALIZED VIEW … SET (…) and RESET (…).
    pub fn alter_storage_options(
        &mut self,
        relation: &Relation,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let resets = command.subtype() == ast::AlterTableType::AtResetRelOptions;
        let before = &relation.settings.options;
        let after = changed(before, list_of(command), target_of(relation), resets)?;
        let mut relation = relation.clone();
        relation.settings.options = after;
        self.put_relation(relation);
        Ok(())
    }
}
