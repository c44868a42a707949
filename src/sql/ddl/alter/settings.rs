//! What ALTER TABLE sets beside columns and constraints: a column's statistics target,
//! storage and options, LOGGED, CLUSTER ON, REPLICA IDENTITY.
//!
//! Values are stored whole in their row whatever a column's storage says, and every
//! table survives a crash: both are kept for who asks the catalog.

use std::sync::Arc;

use crate::catalog::{ConstraintKind, Persistence, Relation, RelationKind};
use crate::error::{Error, Result, Severity};
use crate::sql::ddl::Ddl;
use crate::sql::ddl::name::wrong_object;
use crate::sql::ddl::storage_options::{self, Target};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;

/// The greatest statistics target.
const STATISTICS_MAX: i32 = 10_000;

const SYSTEM_COLUMNS: [&str; 6] = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];

impl Ddl<'_> {
    /// The column that SET STATISTICS names, by its name or its number.
    fn column_for_statistics(
        &self,
        relation: &Relation,
        command: &ast::AlterTableCmd,
    ) -> Result<i16> {
        let is_index = matches!(relation.kind, RelationKind::Index(_));
        if !command.name.is_empty() {
            if is_index {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    "cannot refer to non-index column by number",
                ));
            }
            return self.ordinary_column(relation, &command.name);
        }
        if !is_index {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot refer to non-index column by number",
            ));
        }
        let number = i16::try_from(command.num).unwrap_or(0);
        let known = usize::try_from(number).is_ok_and(|n| n >= 1 && n <= relation.columns.len());
        match known {
            true => Ok(number),
            false => Err(Error::new(
                sqlstate::UNDEFINED_COLUMN,
                format!("column number {number} of relation \"{}\" does not exist", relation.name),
            )),
        }
    }

    /// A column of the table's own.
    fn ordinary_column(&self, relation: &Relation, name: &str) -> Result<i16> {
        if SYSTEM_COLUMNS.contains(&name) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cannot alter system column \"{name}\""),
            ));
        }
        self.altered_column(relation, name)
    }

    pub(super) fn set_statistics(
        &mut self,
        relation: &Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let mut target = match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::Integer(value)) => value.ival,
            _ => -1,
        };
        if target < -1 {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("statistics target {target} is too low"),
            ));
        }
        if target > STATISTICS_MAX {
            target = STATISTICS_MAX;
            let message = format!("lowering statistics target to {target}");
            let warning = Error::notice(Severity::Warning, message);
            self.report(warning.with_code(sqlstate::INVALID_PARAMETER_VALUE));
        }
        let attnum = self.column_for_statistics(relation, command)?;
        if let RelationKind::Index(index) = &relation.kind {
            let at = attnum as usize - 1;
            let name = &relation.columns[at].name;
            let refused = |what: &str| {
                Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "cannot alter statistics on {what} column \"{name}\" of index \"{}\"",
                        relation.name
                    ),
                )
            };
            if at >= index.key_count {
                return Err(refused("included"));
            }
            if index.keys[at].column != 0 {
                return Err(refused("non-expression")
                    .with_hint("Alter statistics on table column instead."));
            }
        }
        self.put_column(relation, attnum, |column| {
            column.settings.statistics = (target >= 0).then_some(target);
        });
        Ok(())
    }

    pub(super) fn set_storage(
        &mut self,
        relation: &Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let word = match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::String(word)) => word.sval.to_ascii_lowercase(),
            _ => String::new(),
        };
        storage_letter(&word)?;
        let attnum = self.ordinary_column(relation, &command.name)?;
        let ty = relation.columns[attnum as usize - 1].ty;
        let storage = self.storage_of(ty.oid, &word)?;
        self.put_column(relation, attnum, |column| column.settings.storage = storage);
        Ok(())
    }

    /// The letter of `attstorage` where it is not the type's own.
    pub(in crate::sql::ddl) fn storage_of(&self, ty: u32, word: &str) -> Result<Option<char>> {
        let letter = storage_letter(&word.to_ascii_lowercase())?;
        let usual = self.work.catalog.type_(ty).map_or('p', |ty| ty.storage);
        if usual == 'p' && letter.is_some_and(|letter| letter != 'p') {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("column data type {} can only have storage PLAIN", self.display_type(ty)),
            ));
        }
        Ok(letter.filter(|letter| *letter != usual))
    }

    pub(super) fn set_compression(
        &mut self,
        relation: &Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let word = match command.def.as_ref().and_then(|node| node.node.as_ref()) {
            Some(NodeEnum::String(word)) => word.sval.as_str(),
            _ => "",
        };
        let attnum = self.ordinary_column(relation, &command.name)?;
        let ty = relation.columns[attnum as usize - 1].ty;
        let letter = self.compression_letter(ty.oid, word)?;
        self.put_column(relation, attnum, |column| column.settings.compression = letter);
        Ok(())
    }

    /// The letter of `attcompression`; none for the default method.
    pub(in crate::sql::ddl) fn compression_letter(
        &self,
        ty: u32,
        word: &str,
    ) -> Result<Option<char>> {
        if word.is_empty() || word == "default" {
            return Ok(None);
        }
        let is_toasted = self.work.catalog.type_(ty).is_some_and(|ty| ty.storage != 'p');
        if !is_toasted {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("column data type {} does not support compression", self.display_type(ty)),
            ));
        }
        match word {
            "pglz" => Ok(Some('p')),
            "lz4" => Ok(Some('l')),
            _ => Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("invalid compression method \"{word}\""),
            )),
        }
    }

    /// ALTER COLUMN … SET (n_distinct = …) and RESET (…).
    pub(super) fn set_column_options(
        &mut self,
        relation: &Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        if matches!(relation.kind, RelationKind::Index(_)) {
            return Err(super::not_for(command.subtype(), relation));
        }
        let attnum = self.ordinary_column(relation, &command.name)?;
        let resets = command.subtype() == ast::AlterTableType::AtResetOptions;
        let before = &relation.columns[attnum as usize - 1].settings.options;
        let nodes = storage_options::list_of(command);
        let after = storage_options::changed(before, nodes, Target::Column, resets)?;
        self.put_column(relation, attnum, |column| column.settings.options = after);
        Ok(())
    }

    /// SET LOGGED and SET UNLOGGED: no foreign key may lead from what lasts to what does
    /// not.
    pub(super) fn set_logged(&mut self, relation: &Arc<Relation>, unlogged: bool) -> Result<()> {
        if matches!(relation.persistence, Persistence::Temporary(..)) {
            return Err(Error::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!(
                    "cannot change logged status of table \"{}\" because it is temporary",
                    relation.name
                ),
            ));
        }
        if relation.settings.unlogged == unlogged {
            return Ok(());
        }
        let catalog = self.work.catalog.clone();
        let keys = catalog.constraints().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some((constraint.table, key.referenced_table)),
            _ => None,
        });
        for (from, to) in keys {
            let other = match unlogged {
                true if to == relation.oid => from,
                false if from == relation.oid => to,
                _ => continue,
            };
            let Some(other) = catalog.relation(other).filter(|r| r.oid != relation.oid) else {
                continue;
            };
            if other.settings.unlogged == unlogged {
                continue;
            }
            let message = match unlogged {
                true => format!(
                    "could not change table \"{}\" to unlogged because it references logged \
                     table \"{}\"",
                    relation.name, other.name
                ),
                false => format!(
                    "could not change table \"{}\" to logged because it references unlogged \
                     table \"{}\"",
                    relation.name, other.name
                ),
            };
            return Err(Error::new(sqlstate::INVALID_TABLE_DEFINITION, message));
        }
        self.put_unlogged(relation.oid, unlogged)
    }

    /// A table's indexes and sequences follow it.
    pub(in crate::sql::ddl) fn put_unlogged(&mut self, table: u32, unlogged: bool) -> Result<()> {
        let catalog = self.work.catalog.clone();
        let owned = catalog.relations().filter(|relation| match &relation.kind {
            RelationKind::Index(index) => index.table == table,
            RelationKind::Sequence(sequence) => {
                sequence.owned_by.is_some_and(|(owner, _)| owner == table)
            }
            _ => relation.oid == table,
        });
        for relation in owned {
            let mut changed = (**relation).clone();
            changed.settings.unlogged = unlogged;
            self.put_relation(changed);
        }
        Ok(())
    }

    /// CLUSTER ON index, and SET WITHOUT CLUSTER (no name).
    pub(super) fn cluster_on(&mut self, relation: &Arc<Relation>, name: &str) -> Result<()> {
        let chosen = match name {
            "" => None,
            name => Some(self.named_index(relation, name)?.oid),
        };
        if relation.is_partitioned() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot mark index clustered in partitioned table",
            ));
        }
        self.mark_clustered(relation, chosen)
    }

    /// Marks the index that a table is clustered by, and no other.
    pub fn mark_clustered(
        &mut self,
        relation: &Relation,
        chosen: Option<crate::sql::types::Oid>,
    ) -> Result<()> {
        for oid in relation.indexes.clone() {
            let index = self.relation(oid)?;
            let clustered = chosen == Some(oid);
            if index.settings.clustered != clustered {
                let mut index = (*index).clone();
                index.settings.clustered = clustered;
                self.put_relation(index);
            }
        }
        Ok(())
    }

    fn named_index(&self, relation: &Relation, name: &str) -> Result<Arc<Relation>> {
        let found = self.work.catalog.relation_named(relation.schema, name).cloned();
        let found = found.ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("index \"{name}\" for table \"{}\" does not exist", relation.name),
            )
        })?;
        match &found.kind {
            RelationKind::Index(index) if index.table == relation.oid => Ok(found),
            _ => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{name}\" is not an index for table \"{}\"", relation.name),
            )),
        }
    }

    pub(super) fn set_replica_identity(
        &mut self,
        relation: &Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let Some(NodeEnum::ReplicaIdentityStmt(statement)) =
            command.def.as_ref().and_then(|node| node.node.as_ref())
        else {
            return Err(Error::syntax("REPLICA IDENTITY of nothing"));
        };
        let letter = statement.identity_type.chars().next().unwrap_or('d');
        let chosen = match letter {
            'i' => {
                let index = self.named_index(relation, &statement.name)?;
                self.check_identity_index(relation, &index)?;
                Some(index.oid)
            }
            _ => None,
        };
        for oid in relation.indexes.clone() {
            let mut index = (*self.relation(oid)?).clone();
            index.settings.replica_identity = (chosen == Some(oid)).then_some('i');
            self.put_relation(index);
        }
        let mut changed = (*self.relation(relation.oid)?).clone();
        changed.settings.replica_identity = (letter != 'd').then_some(letter);
        self.put_relation(changed);
        Ok(())
    }

    /// An identity index finds every row, and one row each.
    fn check_identity_index(&self, relation: &Relation, index: &Relation) -> Result<()> {
        let RelationKind::Index(info) = &index.kind else {
            return Err(wrong_object(&index.name, "index"));
        };
        let name = &index.name;
        let refused = |what: &str, code| {
            Err(Error::new(code, format!("cannot use {what} index \"{name}\" as replica identity")))
        };
        if !info.unique {
            return refused("non-unique", sqlstate::WRONG_OBJECT_TYPE);
        }
        let deferrable =
            self.work.catalog.constraint(info.constraint).is_some_and(|c| c.deferrable);
        if deferrable {
            return refused("non-immediate", sqlstate::FEATURE_NOT_SUPPORTED);
        }
        if info.keys.iter().any(|key| key.column == 0) {
            return refused("expression", sqlstate::FEATURE_NOT_SUPPORTED);
        }
        if info.predicate.is_some() {
            return refused("partial", sqlstate::FEATURE_NOT_SUPPORTED);
        }
        // That of a partitioned table becomes valid with those of all its partitions.
        if !info.valid && !relation.is_partitioned() {
            return refused("invalid", sqlstate::WRONG_OBJECT_TYPE);
        }
        let keys = info.keys.iter().take(info.key_count);
        let columns = keys.map(|key| &relation.columns[key.column as usize - 1]);
        match columns.into_iter().find(|column| !column.not_null) {
            Some(column) => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!(
                    "index \"{name}\" cannot be used as replica identity because column \"{}\" \
                     is nullable",
                    column.name
                ),
            )),
            None => Ok(()),
        }
    }
}

/// The letter of `attstorage`; none for DEFAULT.
fn storage_letter(word: &str) -> Result<Option<char>> {
    match word {
        "plain" => Ok(Some('p')),
        "external" => Ok(Some('e')),
        "extended" => Ok(Some('x')),
        "main" => Ok(Some('m')),
        "default" => Ok(None),
        word => Err(Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid storage type \"{word}\""),
        )),
    }
}
