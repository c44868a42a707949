//! CREATE TYPE … AS (…) and ALTER TYPE … ATTRIBUTE.
//!
//! A composite type keeps its attributes as columns of a relation of its own kind,
//! without rows. Values are stored with a place for each attribute there ever was
//! (`types::record`), so adding and dropping attributes rewrites nothing.

use std::sync::Arc;

use super::Ddl;
use super::column::new_column;
use super::constraint::column_number;
use super::name::{display_name, wrong_object};
use super::rename::duplicate_column;
use crate::catalog::{Column, ObjectAddress, Persistence, Relation, RelationKind, TypeKind};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, SqlType};
use crate::sqlstate;
use crate::txn::LockMode;

/// The most attributes a composite type may have, as in PostgreSQL.
const ATTRIBUTES_MAX: usize = 1600;

impl Ddl<'_> {
    pub fn create_composite(&mut self, statement: &ast::CompositeTypeStmt) -> Result<&'static str> {
        let name =
            statement.typevar.as_ref().ok_or_else(|| Error::syntax("type without a name"))?;
        let schema = self.creation_schema(&name.schemaname)?;
        self.require_free_type_name(schema, &name.relname)?;
        if self.work.catalog.relation_named(schema, &name.relname).is_some() {
            return Err(Error::duplicate_table(&name.relname));
        }
        let columns = self.attributes(&statement.coldeflist)?;
        let oid = self.next_oid();
        let owner = self.current_role()?.oid;
        self.put_relation(Relation {
            oid,
            schema,
            name: name.relname.clone(),
            owner,
            kind: RelationKind::Composite,
            columns,
            storage_id: 0,
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            persistence: Persistence::Permanent,
            materialized: None,
            row_security: Default::default(),
            settings: Default::default(),
            inheritance: Default::default(),
        });
        self.put_row_type(oid)?;
        Ok("CREATE TYPE")
    }

    fn attributes(&self, nodes: &[ast::Node]) -> Result<Vec<Column>> {
        let mut columns: Vec<Column> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Some(NodeEnum::ColumnDef(def)) = &node.node else { continue };
            if columns.iter().any(|known| known.name == def.colname) {
                return Err(Error::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("column \"{}\" specified more than once", def.colname),
                ));
            }
            columns.push(self.attribute(def)?);
        }
        if columns.len() > ATTRIBUTES_MAX {
            return Err(Error::new(
                sqlstate::TOO_MANY_COLUMNS,
                format!("tables can have at most {ATTRIBUTES_MAX} columns"),
            ));
        }
        Ok(columns)
    }

    fn attribute(&self, def: &ast::ColumnDef) -> Result<Column> {
        let name =
            def.type_name.as_ref().ok_or_else(|| Error::syntax("attribute without a type"))?;
        let ty = self.column_type(def, name)?;
        let collation = self.collation(def.coll_clause.as_deref(), ty)?;
        Ok(new_column(&def.colname, ty, collation))
    }

    /// ALTER TYPE … ADD, DROP and ALTER ATTRIBUTE.
    pub async fn alter_composite(&mut self, statement: &ast::AlterTableStmt) -> Result<()> {
        let name =
            statement.relation.as_ref().ok_or_else(|| Error::syntax("type without a name"))?;
        let relation = self.composite(name)?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        let mut commands: Vec<&ast::AlterTableCmd> = statement
            .cmds
            .iter()
            .filter_map(|node| match &node.node {
                Some(NodeEnum::AlterTableCmd(command)) => Some(&**command),
                _ => None,
            })
            .collect();
        commands.sort_by_key(|command| super::alter::pass(command.subtype()));
        for command in commands {
            let relation = self.relation(relation.oid)?;
            let tables = self.tables_of_type(&relation, command.behavior())?;
            match command.subtype() {
                ast::AlterTableType::AtAddColumn => self.add_attribute(&relation, command)?,
                ast::AlterTableType::AtDropColumn => {
                    self.drop_attribute(&relation, command).await?;
                }
                ast::AlterTableType::AtAlterColumnType => {
                    self.alter_attribute_type(&relation, command)?;
                }
                _ => return Err(Error::unsupported("this ALTER TYPE")),
            }
            self.alter_typed_tables(&tables, command).await?;
        }
        Ok(())
    }

    /// The relation of a composite type that a statement names, of this role's.
    fn composite(&self, name: &ast::RangeVar) -> Result<Arc<Relation>> {
        let relation =
            self.try_relation(name)?.ok_or_else(|| Error::undefined_table(&display_name(name)))?;
        if !matches!(relation.kind, RelationKind::Composite) {
            return Err(wrong_object(&relation.name, "composite type"));
        }
        self.require_owner(relation.owner, "table", &relation.name)?;
        Ok(relation)
    }

    fn add_attribute(&mut self, relation: &Relation, command: &ast::AlterTableCmd) -> Result<()> {
        let Some(NodeEnum::ColumnDef(def)) = command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("ADD ATTRIBUTE without an attribute"));
        };
        if column_number(relation, &def.colname).is_some() {
            return Err(duplicate_column(&def.colname, &relation.name));
        }
        let column = self.attribute(def)?;
        self.require_no_member_of_itself(relation, column.ty)?;
        self.require_no_index_over(relation)?;
        let mut changed = relation.clone();
        changed.columns.push(column);
        self.put_relation(changed);
        Ok(())
    }

    async fn drop_attribute(
        &mut self,
        relation: &Relation,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let Some(attnum) = column_number(relation, &command.name) else {
            let message = undefined(&command.name, &relation.name);
            if command.missing_ok {
                self.notice(format!("{message}, skipping"));
                return Ok(());
            }
            return Err(Error::new(sqlstate::UNDEFINED_COLUMN, message));
        };
        self.require_no_index_over(relation)?;
        let address = ObjectAddress::column(relation.oid, attnum);
        self.drop_addresses(&[address], command.behavior()).await
    }

    fn alter_attribute_type(
        &mut self,
        relation: &Relation,
        command: &ast::AlterTableCmd,
    ) -> Result<()> {
        let Some(NodeEnum::ColumnDef(def)) = command.def.as_ref().and_then(|n| n.node.as_ref())
        else {
            return Err(Error::syntax("ALTER ATTRIBUTE without a type"));
        };
        let attnum = column_number(relation, &command.name).ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_COLUMN, undefined(&command.name, &relation.name))
        })?;
        let row = self.work.catalog.row_type(relation);
        if let Some((table, column)) = self.column_using(row)? {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!(
                    "cannot alter type \"{}\" because column \"{table}.{column}\" uses it",
                    relation.name
                ),
            ));
        }
        let def = ast::ColumnDef { colname: command.name.clone(), ..(**def).clone() };
        let column = self.attribute(&def)?;
        self.require_no_member_of_itself(relation, column.ty)?;
        let mut changed = relation.clone();
        changed.columns[attnum as usize - 1] = column;
        self.put_relation(changed);
        Ok(())
    }

    /// RENAME ATTRIBUTE.
    pub async fn rename_attribute(&mut self, statement: &ast::RenameStmt) -> Result<()> {
        let name =
            statement.relation.as_ref().ok_or_else(|| Error::syntax("type without a name"))?;
        let relation = self.composite(name)?;
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        let (old, new) = (&statement.subname, &statement.newname);
        let attnum = column_number(&relation, old).ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{old}\" does not exist"))
        })?;
        if column_number(&relation, new).is_some() {
            return Err(duplicate_column(new, &relation.name));
        }
        let tables = self.tables_of_type(&relation, statement.behavior())?;
        let (row, array) = self.row_types(&relation);
        let uses = self.uses_of(|_, referenced| referenced == row || referenced == array)?;
        let mut changed = (*relation).clone();
        changed.columns[attnum as usize - 1].name = new.clone();
        self.put_relation(changed);
        self.rewrite_uses(uses)?;
        for table in tables {
            self.lock_relation(table, LockMode::AccessExclusive).await?;
            let table = self.relation(table)?;
            if let Some(attnum) = column_number(&table, old) {
                self.rename_in_expressions(&table, attnum, new)?;
            }
        }
        Ok(())
    }

    fn row_types(&self, relation: &Relation) -> (ObjectAddress, ObjectAddress) {
        let row = self.work.catalog.row_type(relation);
        let array = self.work.catalog.type_(row).map_or(0, |ty| ty.array);
        (ObjectAddress::type_(row), ObjectAddress::type_(array))
    }

    /// A row cannot hold a row of its own type, at any depth.
    pub fn require_no_member_of_itself(&self, relation: &Relation, ty: SqlType) -> Result<()> {
        let row = self.work.catalog.row_type(relation);
        if row == 0 || !self.holds(ty.oid, row) {
            return Ok(());
        }
        Err(Error::new(
            sqlstate::INVALID_TABLE_DEFINITION,
            format!("composite type {} cannot be made a member of itself", self.display_type(row)),
        ))
    }

    /// Whether values of a type are, or hold, values of another.
    fn holds(&self, ty: Oid, wanted: Oid) -> bool {
        if ty == wanted {
            return true;
        }
        let Some(found) = self.work.catalog.type_(ty) else { return false };
        if found.is_true_array() {
            return self.holds(found.element, wanted);
        }
        match &found.kind {
            TypeKind::Domain { base, .. } => self.holds(base.oid, wanted),
            TypeKind::Range { subtype, .. } => self.holds(*subtype, wanted),
            TypeKind::Multirange { range } => self.holds(*range, wanted),
            TypeKind::Composite { relation } => {
                self.work.catalog.relation(*relation).is_some_and(|relation| {
                    let mut columns = relation.columns.iter().filter(|column| !column.dropped);
                    columns.any(|column| self.holds(column.ty.oid, wanted))
                })
            }
            _ => false,
        }
    }

    /// A table's column of a type, or of one that holds values of it: table and column.
    /// Arrays and rows of the type come before its own columns, as PostgreSQL finds them.
    pub fn column_using(&self, ty: Oid) -> Result<Option<(String, String)>> {
        for container in self.containers_of(ty) {
            if let Some(found) = self.column_using(container)? {
                return Ok(Some(found));
            }
        }
        let columns = self.columns_of_type(ty);
        let Some((table, attnums)) = columns.first() else { return Ok(None) };
        let relation = self.relation(*table)?;
        let column = &relation.columns[attnums[0] as usize - 1];
        Ok(Some((relation.name.clone(), column.name.clone())))
    }

    /// `0A000` when other tables have columns of a table's row type: its rows cannot be
    /// written anew.
    pub fn require_row_type_unused(&self, table: Oid) -> Result<()> {
        let relation = self.relation(table)?;
        let row = self.work.catalog.row_type(&relation);
        match self.column_using(row)? {
            Some((user, column)) if row != 0 => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!(
                    "cannot alter table \"{}\" because column \"{user}.{column}\" uses its row type",
                    relation.name
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Index entries are keys of whole rows, which do not follow their type.
    fn require_no_index_over(&self, relation: &Relation) -> Result<()> {
        let row = self.work.catalog.row_type(relation);
        for index in self.work.catalog.relations() {
            if let RelationKind::Index(info) = &index.kind
                && info.keys[..info.key_count].iter().any(|key| self.holds(key.ty.oid, row))
            {
                return Err(Error::unsupported(format!(
                    "changing the attributes of a type that index \"{}\" is over",
                    index.name
                )));
            }
        }
        Ok(())
    }
}

fn undefined(column: &str, relation: &str) -> String {
    format!("column \"{column}\" of relation \"{relation}\" does not exist")
}
