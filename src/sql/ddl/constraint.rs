//! Table constraints: CHECK, PRIMARY KEY, UNIQUE, FOREIGN KEY.
//!
//! A key constraint is an index and a `pg_constraint` row that name each other.
//! A constraint added to a table with rows is checked against all of them before
//! it exists for anybody else.

use std::sync::Arc;

use super::storage_options::{self, Target};
use super::{Ddl, index::IndexPlan, name::display_name, strings, tablespace};
use crate::catalog::{
    Constraint, ConstraintKind, ForeignKey, IndexKey, Inherited, Object, ObjectAddress,
    Persistence, ReferentialAction, Relation, RelationKind,
};
use crate::error::{Error, Result};
use crate::sql::bind::ExpressionUse;
use crate::sql::parse::ast;
use crate::sql::privilege;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

pub(super) const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"];

impl Ddl<'_> {
    /// Adds one table constraint and checks the rows that are there; `recurse`: to the
    /// tables that inherit from it, too.
    pub async fn add_constraint(
        &mut self,
        table: Oid,
        constraint: &ast::Constraint,
        recurse: bool,
    ) -> Result<()> {
        if !constraint.is_enforced
            && is_enforceable(constraint)
            && is_marked_not_enforced(constraint)
        {
            return Err(Error::unsupported("NOT ENFORCED constraint"));
        }
        let relation = self.relation(table)?;
        let known = match constraint.conname.as_str() {
            "" => None,
            name => self.work.catalog.constraint_named(&relation, name),
        };
        // A CHECK may be one that is inherited.
        let may_merge = |known: &Constraint| {
            known.is_check()
                && known.inherited.count > 0
                && !known.inherited.local
                && constraint.contype() == ast::ConstrType::ConstrCheck
        };
        // Of keys, the index is made first.
        let is_key = |contype| {
            matches!(contype, ast::ConstrType::ConstrPrimary | ast::ConstrType::ConstrUnique)
        };
        if is_key(constraint.contype())
            && known.is_some_and(|known| {
                matches!(
                    known.kind,
                    ConstraintKind::Unique { .. } | ConstraintKind::PrimaryKey { .. }
                )
            })
        {
            return Err(Error::duplicate_table(&constraint.conname));
        }
        if known.is_some_and(|known| !may_merge(known)) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!(
                    "constraint \"{}\" for relation \"{}\" already exists",
                    constraint.conname, relation.name
                ),
            ));
        }
        match constraint.contype() {
            ast::ConstrType::ConstrCheck => self.add_check(table, constraint, recurse).await,
            ast::ConstrType::ConstrPrimary => self.add_key(table, constraint, true, recurse).await,
            ast::ConstrType::ConstrUnique => self.add_key(table, constraint, false, recurse).await,
            ast::ConstrType::ConstrForeign => {
                self.add_foreign_key(table, constraint, recurse).await
            }
            ast::ConstrType::ConstrExclusion => self.add_exclusion(table, constraint).await,
            ast::ConstrType::ConstrNotnull => Err(Error::unsupported("named NOT NULL constraint")),
            _ => Err(Error::unsupported("this constraint")),
        }
    }

    async fn add_check(&mut self, table: Oid, def: &ast::Constraint, recurse: bool) -> Result<()> {
        let relation = self.relation(table)?;
        if def.is_no_inherit && relation.is_partitioned() {
            return Err(super::inherit::invalid(format!(
                "cannot add NO INHERIT constraint to partitioned table \"{}\"",
                relation.name
            )));
        }
        let node = def.raw_expr.as_deref().ok_or_else(|| Error::syntax("empty CHECK"))?;
        let bound = self.bind_over(&relation, node, ExpressionUse::Check)?;
        let columns = self.columns_of(&bound);
        let only = match columns.as_slice() {
            [one] => relation.columns[*one as usize - 1].name.clone(),
            _ => String::new(),
        };
        let name = self.constraint_name(&relation, def, &only, "check");
        let oid = self.next_oid();
        self.record_references(ObjectAddress::constraint(oid), [&bound]);
        let sql = self.print_expression(&bound, &relation);
        let constraint =
            self.new_constraint(oid, &relation, name, def, ConstraintKind::Check { sql, columns });
        let own = self.work.catalog.constraint_named(&relation, &constraint.name).cloned();
        if let Some(own) = own {
            let mut merged = self.merged_check(&relation, &own, &constraint)?;
            // A partition has it from its table, whatever it says itself.
            merged.inherited.local = !relation.is_partition();
            self.put(merged);
            return Ok(());
        }
        let constraint = self.attach(&relation, constraint);
        if constraint.validated {
            crate::table::verify::check(self.work, self.ctx, table, &constraint).await?;
        }
        self.add_check_to_children(table, &constraint, recurse).await
    }

    /// PRIMARY KEY and UNIQUE.
    async fn add_key(
        &mut self,
        table: Oid,
        def: &ast::Constraint,
        primary: bool,
        recurse: bool,
    ) -> Result<()> {
        if !def.indexname.is_empty() {
            return self.adopt_index(table, def, primary).await;
        }
        tablespace::check(&def.indexspace)?;
        let relation = self.relation(table)?;
        if primary {
            self.require_no_primary_key(&relation)?;
        }
        let columns = self.key_columns(&relation, &def.keys)?;
        let included = self.key_columns(&relation, &def.including)?;
        let keys = self.plain_keys(&relation, columns.iter().chain(&included))?;
        self.require_partition_key_in(&relation, &keys[..columns.len()], primary)?;
        let relation =
            if primary { self.set_not_null(relation, &columns).await? } else { relation };
        let name = self.key_name(&relation, def, &columns, primary);
        let constraint_oid = self.next_oid();
        let name_of = |column: &i16| relation.columns[*column as usize - 1].name.clone();
        let plan = IndexPlan {
            name: name.clone(),
            column_names: columns.iter().chain(&included).map(name_of).collect(),
            keys,
            key_count: columns.len(),
            unique: true,
            primary,
            nulls_not_distinct: def.nulls_not_distinct,
            predicate: None,
            constraint: constraint_oid,
            exclusion: Vec::new(),
            options: storage_options::read(&def.options, Target::Btree)?,
            access_method: "btree".to_owned(),
        };
        let index = self.declare_index(table, plan)?;
        let relation = self.relation(table)?;
        self.put_key_constraint(&relation, constraint_oid, name, def, index, columns, primary);
        crate::index::build(self.work, self.ctx, table, index).await?;
        self.spread_index(index, recurse).await
    }

    /// `ADD PRIMARY KEY/UNIQUE USING INDEX`.
    async fn adopt_index(
        &mut self,
        table: Oid,
        def: &ast::Constraint,
        primary: bool,
    ) -> Result<()> {
        let relation = self.relation(table)?;
        if relation.is_partitioned() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "ALTER TABLE / ADD CONSTRAINT USING INDEX is not supported on partitioned tables",
            ));
        }
        let index = self
            .relation_by_name(Some(&self.schema_name(relation.schema)), &def.indexname)
            .ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_OBJECT,
                    format!("index \"{}\" does not exist", def.indexname),
                )
            })?;
        let RelationKind::Index(mut info) = index.kind.clone() else {
            return Err(super::name::wrong_object(&index.name, "index"));
        };
        if info.table == table && info.constraint == 0 && !info.valid {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("index \"{}\" is not valid", index.name),
            ));
        }
        let plain = info.keys.iter().all(|key| key.column != 0) && info.predicate.is_none();
        let unique = info.unique && info.exclusion.is_empty();
        if info.table != table || !unique || !plain || info.constraint != 0 {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is not a unique index usable for this constraint", index.name),
            )
            .with_detail("Cannot create a primary key or unique constraint using such an index."));
        }
        if primary {
            self.require_no_primary_key(&relation)?;
        }
        let columns: Vec<i16> = info.keys[..info.key_count].iter().map(|key| key.column).collect();
        let relation =
            if primary { self.set_not_null(relation, &columns).await? } else { relation };
        let oid = self.next_oid();
        info.primary = primary;
        info.constraint = oid;
        let name = if def.conname.is_empty() { index.name.clone() } else { def.conname.clone() };
        let mut renamed = Relation { kind: RelationKind::Index(info), ..(*index).clone() };
        renamed.name = name.clone();
        // Entries of a deferrable key are others than those of the index that there was.
        let storage_id = if def.deferrable { self.next_storage_id() } else { renamed.storage_id };
        self.put_relation(Relation { storage_id, ..renamed });
        self.put_key_constraint(&relation, oid, name, def, index.oid, columns, primary);
        if def.deferrable {
            crate::index::remove(self.work, &index)?;
            crate::index::build(self.work, self.ctx, table, index.oid).await?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn put_key_constraint(
        &mut self,
        relation: &Relation,
        oid: Oid,
        name: String,
        def: &ast::Constraint,
        index: Oid,
        columns: Vec<i16>,
        primary: bool,
    ) {
        let kind = if primary {
            ConstraintKind::PrimaryKey { index, columns }
        } else {
            ConstraintKind::Unique { index, columns }
        };
        let constraint = self.new_constraint(oid, relation, name, def, kind);
        self.attach(relation, constraint);
    }

    pub fn require_no_primary_key(&self, relation: &Relation) -> Result<()> {
        let primary = relation.constraints.iter().any(|oid| {
            self.work
                .catalog
                .constraint(*oid)
                .is_some_and(|c| matches!(c.kind, ConstraintKind::PrimaryKey { .. }))
        });
        if primary {
            return Err(several_primary_keys(&relation.name));
        }
        Ok(())
    }

    /// Marks columns NOT NULL, checking the rows that are there.
    pub async fn set_not_null(
        &mut self,
        relation: Arc<Relation>,
        columns: &[i16],
    ) -> Result<Arc<Relation>> {
        let mut changed = (*relation).clone();
        let mut fresh = Vec::new();
        for column in columns {
            let column_def = &mut changed.columns[*column as usize - 1];
            if !column_def.not_null {
                column_def.not_null = true;
                fresh.push(*column);
            }
        }
        if fresh.is_empty() {
            return Ok(relation);
        }
        let changed = self.put_relation(changed);
        crate::table::verify::not_null(self.work, self.ctx, changed.oid, &fresh).await?;
        Ok(changed)
    }

    fn plain_keys<'c>(
        &self,
        relation: &Relation,
        columns: impl Iterator<Item = &'c i16>,
    ) -> Result<Vec<IndexKey>> {
        columns.map(|column| self.plain_key(relation, *column)).collect()
    }

    fn key_columns(&self, relation: &Relation, keys: &[ast::Node]) -> Result<Vec<i16>> {
        let mut columns = Vec::new();
        for name in strings(keys) {
            let column = column_number(relation, name).ok_or_else(|| {
                Error::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("column \"{name}\" named in key does not exist"),
                )
            })?;
            if columns.contains(&column) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{name}\" appears twice in unique constraint"),
                ));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    fn key_name(
        &self,
        relation: &Relation,
        def: &ast::Constraint,
        columns: &[i16],
        primary: bool,
    ) -> String {
        if !def.conname.is_empty() {
            return def.conname.clone();
        }
        if primary {
            return self.choose_relation_name(relation.schema, [&relation.name, ""], "pkey");
        }
        let names = self.joined_names(relation, columns);
        self.choose_relation_name(relation.schema, [&relation.name, &names], "key")
    }

    fn joined_names(&self, relation: &Relation, columns: &[i16]) -> String {
        let names =
            columns.iter().map(|column| relation.columns[*column as usize - 1].name.as_str());
        names.collect::<Vec<_>>().join("_")
    }

    async fn add_foreign_key(
        &mut self,
        table: Oid,
        def: &ast::Constraint,
        recurse: bool,
    ) -> Result<()> {
        let target =
            def.pktable.as_ref().ok_or_else(|| Error::syntax("REFERENCES without a table"))?;
        let referenced = self.find_relation(target)?;
        if referenced.is_system_catalog() {
            return Err(super::name::system_catalog(&referenced.name));
        }
        if !referenced.is_table() {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("referenced relation \"{}\" is not a table", display_name(target)),
            ));
        }
        self.lock_relation(referenced.oid, LockMode::ShareRowExclusive).await?;
        let referenced = self.relation(referenced.oid)?;
        let relation = self.relation(table)?;
        require_same_persistence(&relation, &referenced)?;
        self.require_spreadable(&relation, &referenced, !def.skip_validation, recurse)?;
        let columns = self.foreign_columns(&relation, &def.fk_attrs)?;
        let set_columns = self.set_columns(&relation, &columns, def)?;
        let (referenced_index, referenced_columns) = self.referenced_key(&referenced, def)?;
        let keys = referenced_columns.iter().copied();
        privilege::check_references(&referenced, keys, &self.eval())?;
        if columns.len() != referenced_columns.len() {
            return Err(Error::new(
                sqlstate::INVALID_FOREIGN_KEY,
                "number of referencing and referenced columns for foreign key disagree",
            ));
        }
        let name =
            self.constraint_name(&relation, def, &self.joined_names(&relation, &columns), "fkey");
        self.require_comparable(&relation, &columns, &referenced, &referenced_columns, &name)?;
        let oid = self.next_oid();
        let key = ForeignKey {
            delete_set_columns: set_columns,
            columns,
            referenced_table: referenced.oid,
            referenced_columns,
            referenced_index,
            on_update: referential_action(&def.fk_upd_action),
            on_delete: referential_action(&def.fk_del_action),
            match_full: match def.fk_matchtype.as_str() {
                "f" => true,
                "p" => return Err(Error::unsupported("MATCH PARTIAL")),
                _ => false,
            },
            check_disabled: false,
            action_disabled: false,
        };
        let constraint =
            self.new_constraint(oid, &relation, name, def, ConstraintKind::ForeignKey(key));
        let constraint = self.attach(&relation, constraint);
        if constraint.validated {
            crate::table::verify::foreign_key(self.work, self.ctx, table, &constraint).await?;
        }
        self.spread_referenced(&constraint).await?;
        self.spread_foreign_key(table, &constraint).await
    }

    /// The columns of ON DELETE SET NULL (…): each once, all of the foreign key's.
    fn set_columns(
        &self,
        relation: &Relation,
        columns: &[i16],
        def: &ast::Constraint,
    ) -> Result<Vec<i16>> {
        let mut set = Vec::new();
        let written = self.foreign_columns(relation, &def.fk_del_set_cols)?;
        for (column, name) in written.into_iter().zip(strings(&def.fk_del_set_cols)) {
            if !columns.contains(&column) {
                return Err(Error::new(
                    sqlstate::INVALID_COLUMN_REFERENCE,
                    format!(
                        "column \"{name}\" referenced in ON DELETE SET action must be part of \
                         foreign key"
                    ),
                ));
            }
            if !set.contains(&column) {
                set.push(column);
            }
        }
        Ok(set)
    }

    fn foreign_columns(&self, relation: &Relation, names: &[ast::Node]) -> Result<Vec<i16>> {
        strings(names)
            .into_iter()
            .map(|name| {
                if SYSTEM_COLUMNS.contains(&name) {
                    return Err(Error::new(
                        sqlstate::FEATURE_NOT_SUPPORTED,
                        "system columns cannot be used in foreign keys",
                    ));
                }
                column_number(relation, name).ok_or_else(|| {
                    Error::new(
                        sqlstate::UNDEFINED_COLUMN,
                        format!(
                            "column \"{name}\" referenced in foreign key constraint does not exist"
                        ),
                    )
                })
            })
            .collect()
    }

    /// The unique index that the referenced columns name, in the order of the
    /// columns as written; without columns, the primary key.
    fn referenced_key(
        &self,
        referenced: &Relation,
        def: &ast::Constraint,
    ) -> Result<(Oid, Vec<i16>)> {
        let wanted = self.foreign_columns(referenced, &def.pk_attrs)?;
        for oid in &referenced.indexes {
            let index = self.relation(*oid)?;
            let RelationKind::Index(info) = &index.kind else { continue };
            if !info.valid {
                continue;
            }
            let columns: Vec<i16> =
                info.keys[..info.key_count].iter().map(|key| key.column).collect();
            if wanted.is_empty() && info.primary {
                return Ok((*oid, columns));
            }
            let same_set = columns.len() == wanted.len()
                && wanted.iter().all(|column| columns.contains(column));
            let unique = info.unique && info.exclusion.is_empty();
            if !wanted.is_empty() && unique && info.predicate.is_none() && same_set {
                return Ok((*oid, wanted));
            }
        }
        if wanted.is_empty() {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("there is no primary key for referenced table \"{}\"", referenced.name),
            ));
        }
        Err(Error::new(
            sqlstate::INVALID_FOREIGN_KEY,
            format!(
                "there is no unique constraint matching given keys for referenced table \"{}\"",
                referenced.name
            ),
        ))
    }

    pub(super) fn require_comparable(
        &self,
        relation: &Relation,
        columns: &[i16],
        referenced: &Relation,
        referenced_columns: &[i16],
        name: &str,
    ) -> Result<()> {
        for (own, other) in columns.iter().zip(referenced_columns) {
            let own = &relation.columns[*own as usize - 1];
            let other = &referenced.columns[*other as usize - 1];
            if own.ty.oid == other.ty.oid || self.converts_exactly(own.ty.oid, other.ty.oid) {
                continue;
            }
            return Err(Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!("foreign key constraint \"{name}\" cannot be implemented"),
            )
            .with_detail(format!(
                "Key columns \"{}\" and \"{}\" are of incompatible types: {} and {}.",
                own.name,
                other.name,
                self.work.catalog.type_name(own.ty.oid, own.ty.typmod),
                self.work.catalog.type_name(other.ty.oid, other.ty.typmod),
            )));
        }
        Ok(())
    }

    /// Whether a foreign key may look values of one type up among another's: a number
    /// among integers only if it is one.
    fn converts_exactly(&self, own: Oid, other: Oid) -> bool {
        use crate::sql::types::oid::{BPCHAR, INT2, INT4, INT8, NUMERIC, TEXT, VARCHAR};
        const FAMILIES: [&[Oid]; 2] = [&[INT2, INT4, INT8, NUMERIC], &[TEXT, VARCHAR, BPCHAR]];
        if own == NUMERIC && other != NUMERIC {
            return false;
        }
        FAMILIES.iter().any(|family| family.contains(&own) && family.contains(&other))
    }

    fn constraint_name(
        &self,
        relation: &Relation,
        def: &ast::Constraint,
        columns: &str,
        suffix: &str,
    ) -> String {
        if !def.conname.is_empty() {
            return def.conname.clone();
        }
        self.choose_name([&relation.name, columns], suffix, |name| {
            self.constraint_on(relation.oid, name).is_some()
        })
    }

    pub fn new_constraint(
        &self,
        oid: Oid,
        relation: &Relation,
        name: String,
        def: &ast::Constraint,
        kind: ConstraintKind,
    ) -> Constraint {
        Constraint {
            oid,
            schema: relation.schema,
            name,
            table: relation.oid,
            kind,
            deferrable: def.deferrable,
            initially_deferred: def.initdeferred,
            validated: !def.skip_validation,
            inherited: Inherited::default(),
            no_inherit: def.is_no_inherit,
            parent: 0,
        }
    }

    /// Records a constraint and its table's reference to it.
    pub fn attach(&mut self, relation: &Relation, constraint: Constraint) -> Arc<Constraint> {
        let constraint = Arc::new(constraint);
        let mut relation =
            (*self.relation(relation.oid).expect("the table is in the catalog")).clone();
        relation.constraints.push(constraint.oid);
        self.put(Object::Constraint(constraint.clone()));
        self.put_relation(relation);
        constraint
    }
}

/// The attribute number of a live column.
pub fn column_number(relation: &Relation, name: &str) -> Option<i16> {
    let position =
        relation.columns.iter().position(|column| !column.dropped && column.name == name)?;
    Some(position as i16 + 1)
}

/// A foreign key joins permanent tables, or temporary ones.
fn require_same_persistence(table: &Relation, referenced: &Relation) -> Result<()> {
    let is_permanent = |relation: &Relation| relation.persistence == Persistence::Permanent;
    let kind = match (is_permanent(table), is_permanent(referenced)) {
        (true, false) => "permanent",
        (false, true) => "temporary",
        _ => return Ok(()),
    };
    Err(Error::new(
        sqlstate::INVALID_TABLE_DEFINITION,
        format!("constraints on {kind} tables may reference only {kind} tables"),
    ))
}

fn referential_action(code: &str) -> ReferentialAction {
    match code {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

/// The grammar sets `is_enforced` only for these kinds.
fn is_enforceable(constraint: &ast::Constraint) -> bool {
    matches!(constraint.contype(), ast::ConstrType::ConstrCheck | ast::ConstrType::ConstrForeign)
}

/// NOT ENFORCED also turns validation off, which tells it from older trees.
fn is_marked_not_enforced(constraint: &ast::Constraint) -> bool {
    constraint.skip_validation && !constraint.initially_valid
}

pub(super) fn several_primary_keys(table: &str) -> Error {
    Error::new(
        sqlstate::INVALID_TABLE_DEFINITION,
        format!("multiple primary keys for table \"{table}\" are not allowed"),
    )
}
