//! ALTER COLUMN … TYPE: every row is converted and written under a new storage
//! id, and the table's indexes are built again over it.

use std::sync::Arc;

use super::super::Ddl;
use crate::catalog::{Constraint, ConstraintKind, ObjectAddress, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::index::vector_options;
use crate::sql::bind::{self, ExpressionUse};
use crate::sql::ir::Expr;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType};
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    pub(in crate::sql::ddl) async fn alter_column_type(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
        recurse: bool,
    ) -> Result<()> {
        let family = self.retyped_family(&relation, &command.name, recurse).await?;
        self.retype_one(relation, command).await?;
        for oid in family {
            self.retype_one(self.relation(oid)?, command).await?;
        }
        Ok(())
    }

    async fn retype_one(
        &mut self,
        relation: Arc<Relation>,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let attnum = self.altered_column(&relation, &command.name)?;
        let Some(NodeEnum::ColumnDef(def)) = command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("ALTER COLUMN TYPE without a type"));
        };
        let name = def.type_name.as_ref().ok_or_else(|| Error::syntax("column without a type"))?;
        let ty = self.resolve_type(name)?;
        crate::sql::privilege::check_type(ty.oid, &self.eval())?;
        self.require_no_member_of_itself(&relation, ty)?;
        self.require_row_type_unused(relation.oid)?;
        self.require_retypable(&relation, attnum, def.raw_default.is_some())?;
        let conversion = self.conversion(&relation, attnum, ty, def.raw_default.as_deref())?;
        let collation = self.column_collation(def.coll_clause.as_deref(), ty);
        let collation = collation.map_err(Error::without_position)?;
        let changed = self.retyped(&relation, attnum, (ty, collation))?;
        self.convert_column(&relation, changed.oid, attnum, &conversion).await?;
        self.recheck(&changed, attnum).await
    }

    /// What depends on the column's type and is not converted refuses the change.
    fn require_retypable(&self, relation: &Relation, attnum: i16, has_using: bool) -> Result<()> {
        let column = &relation.columns[attnum as usize - 1];
        let is_generated = column.default.as_ref().is_some_and(|default| default.generated);
        if is_generated && has_using {
            return Err(Error::new(
                sqlstate::INVALID_COLUMN_DEFINITION,
                "cannot specify USING when altering type of generated column",
            )
            .with_detail(format!("Column \"{}\" is a generated column.", column.name)));
        }
        let address = ObjectAddress::column(relation.oid, attnum);
        let computed = relation.columns.iter().find(|other| {
            other.default.as_ref().is_some_and(|default| {
                let references = self.work.catalog.references(default.oid);
                default.generated
                    && references.is_some_and(|refs| {
                        refs.edges.iter().any(|edge| edge.referenced == address)
                    })
            })
        });
        if let Some(computed) = computed {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a generated column",
            )
            .with_detail(format!(
                "Column \"{}\" is used by generated column \"{}\".",
                column.name, computed.name
            )));
        }
        let mut users = self.work.catalog.relations().filter(|other| {
            self.work
                .catalog
                .references(other.oid)
                .is_some_and(|refs| refs.edges.iter().any(|edge| edge.referenced == address))
        });
        if let Some(view) = users.find(|other| other.view().is_some()) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used by a view or rule",
            )
            .with_detail(format!(
                "rule _RETURN on {} {} depends on column \"{}\"",
                view.kind_word(),
                view.name,
                column.name
            )));
        }
        let catalog = &self.work.catalog;
        let policy = catalog.policies().find(|policy| {
            catalog
                .references(policy.oid)
                .is_some_and(|refs| refs.edges.iter().any(|edge| edge.referenced == address))
        });
        if let Some(policy) = policy {
            let path = &self.ctx.eval.settings.search_path;
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot alter type of a column used in a policy definition",
            )
            .with_detail(format!(
                "{} depends on column \"{}\"",
                catalog.describe(path, policy.address()),
                column.name
            )));
        }
        Ok(())
    }

    /// USING, or an assignment cast from the old type.
    fn conversion(
        &self,
        relation: &Arc<Relation>,
        attnum: i16,
        ty: SqlType,
        using: Option<&ast::Node>,
    ) -> Result<Expr> {
        let column = &relation.columns[attnum as usize - 1];
        let target = (column.name.as_str(), ty);
        let own = column_reference(&column.name);
        let node = using.unwrap_or(&own);
        let usage = ExpressionUse::Other;
        let bound = bind::bind_column_expression(&self.eval(), node, relation, usage, target);
        bound.map(|bound| bound.converted).map_err(|error| {
            if error.code() != sqlstate::DATATYPE_MISMATCH {
                return error;
            }
            if using.is_some() {
                return Error::new(
                    sqlstate::DATATYPE_MISMATCH,
                    format!(
                        "result of USING clause for column \"{}\" cannot be cast automatically to type {}",
                        column.name,
                        self.work.catalog.type_name(ty.oid, ty.typmod)
                    ),
                )
                .with_hint("You might need to add an explicit cast.");
            }
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "column \"{}\" cannot be cast automatically to type {}",
                    column.name,
                    self.work.catalog.type_name(ty.oid, ty.typmod)
                ),
            )
            .with_hint(format!(
                "You might need to specify \"USING {}::{}\".",
                crate::catalog::quote_identifier(&column.name),
                self.work.catalog.type_name(ty.oid, ty.typmod)
            ))
        })
    }

    /// The relation after the change, under new storage, its default converted.
    fn retyped(
        &mut self,
        relation: &Relation,
        attnum: i16,
        (ty, collation): (SqlType, Oid),
    ) -> Result<Arc<Relation>> {
        let mut changed = relation.clone();
        changed.storage_id = self.next_storage_id();
        changed.schema_version = 0;
        for column in &mut changed.columns {
            column.since_version = 0;
            column.missing = None;
        }
        let column = &mut changed.columns[attnum as usize - 1];
        column.ty = ty;
        column.collation = collation;
        if let Some(default) = &column.default {
            self.require_castable_default(relation, default, &column.name, ty)?;
        }
        crate::table::remove(self.work, relation)?;
        let changed = self.put_relation(changed);
        self.forget_measured(relation.oid, attnum);
        let was = relation.columns[attnum as usize - 1].ty;
        for oid in &relation.indexes {
            let mut index = (*self.relation(*oid)?).clone();
            crate::index::remove(self.work, &index)?;
            index.storage_id = self.next_storage_id();
            if let RelationKind::Index(info) = &mut index.kind {
                let method = info.access_method.clone();
                for (key, column) in info.keys.iter_mut().zip(&mut index.columns) {
                    if key.column == attnum {
                        *key = crate::catalog::IndexKey {
                            collation: 0,
                            descending: key.descending,
                            nulls_first: key.nulls_first,
                            opclass: self.retyped_class(&method, key.opclass, was, ty)?,
                            options: std::mem::take(&mut key.options),
                            ..key_of(&changed, attnum)
                        };
                        column.ty = ty;
                    }
                }
            }
            let index = self.put_relation(index);
            vector_options::check_definition(&self.work.catalog, &index)?;
        }
        Ok(changed)
    }

    /// The operator class of a key under its new type: a class that was named is kept.
    fn retyped_class(&self, method: &str, class: Oid, was: SqlType, ty: SqlType) -> Result<Oid> {
        let is_default = self.default_opclass(method, was).is_ok_and(|default| default == class);
        match self.work.catalog.operator_class(class).filter(|_| !is_default) {
            Some(named) => self.named_opclass(method, &named.name, ty),
            None => self.default_opclass(method, ty),
        }
    }

    /// A default is converted whenever it is used, so it stays as it was written.
    fn require_castable_default(
        &self,
        relation: &Relation,
        default: &crate::catalog::Default,
        column: &str,
        ty: SqlType,
    ) -> Result<()> {
        let relation = Arc::new(relation.clone());
        let bound =
            bind::bind_relation_expression_sql(&self.eval(), &relation, &default.sql, Some(ty));
        bound.map(drop).map_err(|error| match error.code() {
            sqlstate::DATATYPE_MISMATCH => Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!(
                    "{} for column \"{column}\" cannot be cast automatically to type {}",
                    if default.generated { "generation expression" } else { "default" },
                    self.work.catalog.type_name(ty.oid, ty.typmod)
                ),
            ),
            _ => error,
        })
    }

    /// Foreign keys over columns whose types have changed, on either side, must still be
    /// possible, and hold for the new values. All changes of a statement come first: it
    /// may change both sides.
    pub(super) async fn recheck_foreign_keys(
        &mut self,
        table: Oid,
        columns: Vec<String>,
        recurse: bool,
    ) -> Result<()> {
        if columns.is_empty() {
            return Ok(());
        }
        let family = self.family_of_step(table, recurse).await?;
        let keys = self.foreign_keys_over(&family, &columns)?;
        for constraint in keys {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
            self.lock_relation(constraint.table, LockMode::AccessExclusive).await?;
            self.require_comparable(
                &*self.relation(constraint.table)?,
                &key.columns,
                &*self.relation(key.referenced_table)?,
                &key.referenced_columns,
                &constraint.name,
            )?;
            if constraint.validated {
                let table = constraint.table;
                crate::table::verify::foreign_key(self.work, self.ctx, table, &constraint).await?;
            }
        }
        Ok(())
    }

    /// The foreign keys that columns of some tables are in, on either side.
    fn foreign_keys_over(
        &self,
        tables: &[Oid],
        columns: &[String],
    ) -> Result<Vec<Arc<Constraint>>> {
        let catalog = &self.work.catalog;
        let mut keys: Vec<Arc<Constraint>> = Vec::new();
        for table in tables {
            let table = self.relation(*table)?;
            let is_meant =
                |attnum: &i16| columns.contains(&table.columns[*attnum as usize - 1].name);
            let has_column = |constraint: &Constraint| match &constraint.kind {
                ConstraintKind::ForeignKey(key) => {
                    constraint.table == table.oid && key.columns.iter().any(is_meant)
                        || key.referenced_table == table.oid
                            && key.referenced_columns.iter().any(is_meant)
                }
                _ => false,
            };
            let found = catalog.constraints().filter(|constraint| has_column(constraint));
            keys.extend(found.filter(|key| !catalog.is_referenced_part(key)).cloned());
        }
        keys.sort_by_key(|key| key.oid);
        keys.dedup_by_key(|key| key.oid);
        Ok(keys)
    }

    /// CHECKs over the column must hold for the new values.
    async fn recheck(&mut self, relation: &Relation, attnum: i16) -> Result<()> {
        for oid in &relation.constraints {
            let Some(constraint) = self.work.catalog.constraint(*oid).cloned() else { continue };
            match &constraint.kind {
                ConstraintKind::Check { columns, .. } if columns.contains(&attnum) => {
                    crate::table::verify::check(self.work, self.ctx, relation.oid, &constraint)
                        .await?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The columns whose types subcommands change.
pub(super) fn names(commands: &[&ast::AlterTableCmd]) -> Vec<String> {
    let retyping = ast::AlterTableType::AtAlterColumnType;
    let commands = commands.iter().filter(|command| command.subtype() == retyping);
    commands.map(|command| command.name.clone()).collect()
}

/// A reference to a column of the table, as the grammar writes it.
fn column_reference(name: &str) -> ast::Node {
    let name = ast::Node { node: Some(NodeEnum::String(ast::String { sval: name.to_owned() })) };
    let reference = ast::ColumnRef { fields: vec![name], location: -1 };
    ast::Node { node: Some(NodeEnum::ColumnRef(reference)) }
}

/// A key over a column whose operator class is to be found.
fn key_of(relation: &Relation, attnum: i16) -> crate::catalog::IndexKey {
    crate::catalog::IndexKey {
        collation: 0,
        column: attnum,
        expression: None,
        ty: relation.columns[attnum as usize - 1].ty,
        descending: false,
        nulls_first: false,
        opclass: 0,
        options: Vec::new(),
    }
}
