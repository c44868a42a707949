//! ALTER … RENAME, SET SCHEMA and OWNER TO.

use std::sync::Arc;

use super::constraint::column_number;
use super::domain::name_parts;
use super::name::{name_list, wrong_object};
use super::table::require_no_system_column;
use super::{Ddl, strings};
use crate::catalog::acl;
use crate::catalog::{
    Constraint, ConstraintKind, ObjectAddress, ObjectClass, Relation, RelationKind, Role, Schema,
    Type, TypeKind, relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::bind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::types::Oid;
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    pub async fn rename(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        use ast::ObjectType as Kind;
        match statement.rename_type() {
            kind @ (Kind::ObjectTable
            | Kind::ObjectView
            | Kind::ObjectMatview
            | Kind::ObjectIndex
            | Kind::ObjectSequence) => self.rename_relation(statement, kind).await,
            Kind::ObjectColumn => self.rename_column(statement).await,
            Kind::ObjectAttribute => {
                self.rename_attribute(statement).await.map(|()| "ALTER TYPE".to_owned())
            }
            Kind::ObjectTabconstraint => self.rename_constraint(statement).await,
            Kind::ObjectSchema => self.rename_schema(statement),
            Kind::ObjectRole => self.rename_role(statement),
            Kind::ObjectDatabase => self.rename_database(statement).await.map(str::to_owned),
            Kind::ObjectType => self.rename_type(statement).map(|()| "ALTER TYPE".to_owned()),
            Kind::ObjectDomain => {
                self.owned_domain(name_parts(statement.object.as_deref())?)?;
                self.rename_type(statement).map(|()| "ALTER DOMAIN".to_owned())
            }
            Kind::ObjectDomconstraint => {
                self.rename_domain_constraint(statement).map(|()| "ALTER DOMAIN".to_owned())
            }
            Kind::ObjectTrigger => self.rename_trigger(statement).await,
            Kind::ObjectPolicy => self.rename_policy(statement).await,
            Kind::ObjectRule => self.rename_rule(statement).await,
            Kind::ObjectFunction
            | Kind::ObjectProcedure
            | Kind::ObjectRoutine
            | Kind::ObjectAggregate => self.rename_routine(statement),
            Kind::ObjectStatisticExt => self.rename_statistics(statement),
            _ => Err(Error::unsupported("ALTER … RENAME of this kind of object")),
        }
    }

    /// The relation a statement names, or `None` with a notice under IF EXISTS.
    async fn altered_relation(
        &mut self,
        name: Option<&ast::RangeVar>,
        missing_ok: bool,
    ) -> Result<Option<Arc<Relation>>> {
        let name = name.ok_or_else(|| Error::syntax("relation without a name"))?;
        let Some(relation) = self.try_relation(name)? else {
            if missing_ok {
                self.notice(format!("relation \"{}\" does not exist, skipping", name.relname));
                return Ok(None);
            }
            return Err(Error::undefined_table(&super::name::display_name(name)));
        };
        self.require_relation_owner(&relation)?;
        if relation.is_system_catalog() {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied: \"{}\" is a system catalog", relation.name),
            ));
        }
        self.lock_relation(relation.oid, LockMode::AccessExclusive).await?;
        self.relation(relation.oid).map(Some)
    }

    async fn rename_relation(
        &mut self,
        statement: &ast::RenameStmt,
        kind: ast::ObjectType,
    ) -> Result<String> {
        let tag = format!("ALTER {}", relation_word(kind).to_ascii_uppercase());
        let relation =
            self.altered_relation(statement.relation.as_ref(), statement.missing_ok).await?;
        let Some(relation) = relation else { return Ok(tag) };
        // As PostgreSQL, ALTER TABLE … RENAME also takes views, indexes and sequences, and
        // ALTER INDEX … RENAME whatever has the name.
        let takes_all = matches!(kind, ast::ObjectType::ObjectTable | ast::ObjectType::ObjectIndex);
        if !takes_all && relation.kind_word() != relation_word(kind) {
            return Err(wrong_object(&relation.name, relation_word(kind)));
        }
        self.require_free_name(relation.schema, &statement.newname)?;
        self.rename_row_type(&relation, &statement.newname);
        if let RelationKind::Index(index) = &relation.kind
            && index.constraint != 0
        {
            self.put_constraint_name(index.constraint, &statement.newname);
        }
        let address = relation.address();
        let uses = self.uses_of(|_, referenced| referenced == address)?;
        let renamed = Relation { name: statement.newname.clone(), ..(*relation).clone() };
        self.put_relation(renamed);
        self.rewrite_uses(uses)?;
        Ok(tag)
    }

    /// The schema of a relation or a type.
    fn schema_of(&self, object: ObjectAddress) -> Option<Oid> {
        match object.class {
            relation_oid::PG_CLASS => {
                self.work.catalog.relation(object.oid).map(|relation| relation.schema)
            }
            relation_oid::PG_TYPE => self.work.catalog.type_(object.oid).map(|ty| ty.schema),
            _ => None,
        }
    }

    fn rename_row_type(&mut self, relation: &Relation, name: &str) {
        let row = self.work.catalog.row_type(relation);
        if let Some(ty) = self.work.catalog.type_(row).cloned() {
            self.put(Type { name: name.to_owned(), ..(*ty).clone() });
        }
    }

    async fn rename_column(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let tag =
            format!("ALTER {}", relation_word(statement.relation_type()).to_ascii_uppercase());
        let relation =
            self.altered_relation(statement.relation.as_ref(), statement.missing_ok).await?;
        let Some(relation) = relation else { return Ok(tag) };
        let (old, new) = (&statement.subname, &statement.newname);
        if relation.settings.of_type != 0 {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                "cannot rename column of typed table",
            ));
        }
        column_number(&relation, old).ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_COLUMN, format!("column \"{old}\" does not exist"))
        })?;
        require_no_system_column(new)?;
        let recurse = statement.relation.as_ref().is_none_or(|name| name.inh);
        for oid in self.renamed_family(&relation, old, recurse).await? {
            let relation = self.relation(oid)?;
            let Some(attnum) = column_number(&relation, old) else { continue };
            if column_number(&relation, new).is_some() {
                return Err(duplicate_column(new, &relation.name));
            }
            self.rename_in_expressions(&relation, attnum, new)?;
        }
        Ok(tag)
    }

    /// Stored expressions are text, so those over the table are bound under the
    /// old name and printed under the new. Views know the column by its number.
    pub(super) fn rename_in_expressions(
        &mut self,
        relation: &Relation,
        attnum: i16,
        new: &str,
    ) -> Result<()> {
        let mut renamed = relation.clone();
        renamed.columns[attnum as usize - 1].name = new.to_owned();
        for column in &mut renamed.columns {
            if let Some(default) = &mut column.default
                && default.generated
            {
                default.sql =
                    self.reprint(relation, &renamed_view(relation, attnum, new), &default.sql)?;
            }
        }
        for oid in relation.constraints.clone() {
            let Some(constraint) = self.work.catalog.constraint(oid).cloned() else { continue };
            let ConstraintKind::Check { sql, columns } = &constraint.kind else { continue };
            let sql = self.reprint(relation, &renamed, sql)?;
            let mut changed = (*constraint).clone();
            changed.kind = ConstraintKind::Check { sql, columns: columns.clone() };
            self.put(changed);
        }
        if let Some(key) = &mut renamed.inheritance.key {
            for column in &mut key.columns {
                if let Some(sql) = &mut column.expression {
                    *sql = self.reprint(relation, &renamed_view(relation, attnum, new), sql)?;
                }
            }
        }
        for oid in relation.indexes.clone() {
            self.rename_in_index(relation, &renamed, oid)?;
        }
        self.rename_in_statistics(relation.oid, |ddl, sql| ddl.reprint(relation, &renamed, sql))?;
        self.put_relation(renamed);
        Ok(())
    }

    fn rename_in_index(&mut self, old: &Relation, new: &Relation, oid: Oid) -> Result<()> {
        let mut index = (*self.relation(oid)?).clone();
        let RelationKind::Index(info) = &mut index.kind else { return Ok(()) };
        if let Some(predicate) = &mut info.predicate {
            *predicate = self.reprint(old, new, predicate)?;
        }
        for (key, column) in info.keys.iter_mut().zip(&mut index.columns) {
            match (&mut key.expression, key.column) {
                (Some(sql), _) => *sql = self.reprint(old, new, sql)?,
                (None, attnum) => column.name = new.columns[attnum as usize - 1].name.clone(),
            }
        }
        self.put_relation(index);
        Ok(())
    }

    fn reprint(&self, old: &Relation, new: &Relation, sql: &str) -> Result<String> {
        let expr = {
            let old = Arc::new(old.clone());
            bind::bind_relation_expression_sql(&self.eval(), &old, sql, None)?
        };
        Ok(self.print_expression(&expr, new))
    }

    async fn rename_constraint(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let tag = "ALTER TABLE".to_owned();
        let relation =
            self.altered_relation(statement.relation.as_ref(), statement.missing_ok).await?;
        let Some(relation) = relation else { return Ok(tag) };
        let (old, new) = (&statement.subname, &statement.newname);
        let oid = self.constraint_on(relation.oid, old).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("constraint \"{old}\" for table \"{}\" does not exist", relation.name),
            )
        })?;
        if self.constraint_on(relation.oid, new).is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("constraint \"{new}\" for relation \"{}\" already exists", relation.name),
            ));
        }
        let constraint = self.work.catalog.constraint(oid).cloned();
        if let Some(constraint) = &constraint {
            let recurse = statement.relation.as_ref().is_none_or(|name| name.inh);
            for oid in self.renamed_constraints(&relation, constraint, recurse).await? {
                self.put_constraint_name(oid, new);
            }
        }
        if let Some(
            ConstraintKind::PrimaryKey { index, .. }
            | ConstraintKind::Exclusion { index, .. }
            | ConstraintKind::Unique { index, .. },
        ) = constraint.as_ref().map(|constraint| &constraint.kind)
        {
            self.require_free_name(relation.schema, new)?;
            let index = self.relation(*index)?;
            self.put_relation(Relation { name: new.clone(), ..(*index).clone() });
        }
        self.put_constraint_name(oid, new);
        Ok(tag)
    }

    fn put_constraint_name(&mut self, oid: Oid, name: &str) {
        if let Some(constraint) = self.work.catalog.constraint(oid).cloned() {
            let mut renamed = (*constraint).clone();
            renamed.name = name.to_owned();
            self.put(renamed);
        }
    }

    fn rename_schema(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let oid = self.schema_named(&statement.subname)?;
        let schema = self.work.catalog.schema(oid).cloned();
        let schema = schema.ok_or_else(|| Error::undefined_schema(&statement.subname))?;
        self.require_owner(schema.owner, "schema", &schema.name)?;
        let new = &statement.newname;
        if new.starts_with("pg_")
            || oid < crate::sql::types::oid::FIRST_NORMAL && schema.name != "public"
        {
            return Err(Error::new(
                sqlstate::RESERVED_NAME,
                format!("unacceptable schema name \"{new}\""),
            )
            .with_detail("The prefix \"pg_\" is reserved for system schemas."));
        }
        if self.is_taken(ObjectClass::Schema, 0, new) {
            return Err(Error::new(
                sqlstate::DUPLICATE_SCHEMA,
                format!("schema \"{new}\" already exists"),
            ));
        }
        let uses = self.uses_of(|ddl, referenced| ddl.schema_of(referenced) == Some(oid))?;
        self.put(Schema { name: new.clone(), ..(*schema).clone() });
        self.rewrite_uses(uses)?;
        Ok("ALTER SCHEMA".to_owned())
    }

    fn rename_role(&mut self, statement: &ast::RenameStmt) -> Result<String> {
        let (old, new) = (&statement.subname, &statement.newname);
        let current = self.current_role()?;
        if !current.superuser && !current.create_role {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied to rename role",
            ));
        }
        let role = self.work.catalog.role_named(old).cloned().ok_or_else(|| {
            Error::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{old}\" does not exist"))
        })?;
        if self.is_taken(ObjectClass::Role, 0, new) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("role \"{new}\" already exists"),
            ));
        }
        if current.oid == role.oid {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "session user cannot be renamed",
            ));
        }
        self.put(Role { name: new.clone(), ..(*role).clone() });
        Ok("ALTER ROLE".to_owned())
    }

    fn rename_type(&mut self, statement: &ast::RenameStmt) -> Result<()> {
        let ty = self.owned_type(name_parts(statement.object.as_deref())?)?;
        self.require_own_type(&ty)?;
        let new = &statement.newname;
        self.require_free_type_name(ty.schema, new)?;
        let (address, array) = (ty.address(), ObjectAddress::type_(ty.array));
        let uses = self.uses_of(|_, referenced| referenced == address || referenced == array)?;
        self.put_type_name(&ty, new);
        if let TypeKind::Composite { relation } = ty.kind {
            let relation = self.relation(relation)?;
            self.put_relation(Relation { name: new.clone(), ..(*relation).clone() });
        }
        self.rewrite_uses(uses)
    }

    /// Renames a type and the array type over it.
    fn put_type_name(&mut self, ty: &Type, name: &str) {
        self.put(Type { name: name.to_owned(), ..ty.clone() });
        if let Some(array) = self.work.catalog.type_(ty.array).cloned() {
            let name = self.choose_array_name(ty.schema, name);
            self.put(Type { name, ..(*array).clone() });
        }
    }

    /// Array types and tables' row types are not altered by themselves.
    fn require_own_type(&self, ty: &Type) -> Result<()> {
        let name = self.display_type(ty.oid);
        if let TypeKind::Composite { relation } = ty.kind
            && !matches!(self.relation(relation)?.kind, RelationKind::Composite)
        {
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{name} is a table's row type"),
            )
            .with_hint("Use ALTER TABLE instead."));
        }
        if ty.is_true_array() {
            let element = self.display_type(ty.element);
            return Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("cannot alter array type {name}"),
            )
            .with_hint(format!(
                "You can alter type {element}, which will alter the array type as well."
            )));
        }
        Ok(())
    }

    pub fn owned_type(&self, parts: &[ast::Node]) -> Result<Arc<Type>> {
        let name = strings(parts).join(".");
        let oid = self.type_by_name(parts)?.ok_or_else(|| Error::undefined_type(&name))?;
        let ty = self.work.catalog.type_(oid).cloned();
        let ty = ty.ok_or_else(|| Error::undefined_type(&name))?;
        self.require_owner(ty.owner, "type", &ty.name)?;
        Ok(ty)
    }

    pub async fn set_schema(&mut self, statement: &ast::AlterObjectSchemaStmt) -> Result<String> {
        use ast::ObjectType as Kind;
        let kind = statement.object_type();
        if matches!(kind, Kind::ObjectType | Kind::ObjectDomain) {
            return self.set_type_schema(statement);
        }
        if matches!(
            kind,
            Kind::ObjectFunction
                | Kind::ObjectProcedure
                | Kind::ObjectRoutine
                | Kind::ObjectAggregate
        ) {
            return self.set_routine_schema(statement);
        }
        if kind == Kind::ObjectExtension {
            let object = statement.object.as_ref().and_then(|node| node.node.as_ref());
            let name = name_list(object).concat();
            return self.set_extension_schema(&name, &statement.newschema);
        }
        if kind == Kind::ObjectStatisticExt {
            return self.set_statistics_schema(statement);
        }
        if kind == Kind::ObjectOperator {
            self.set_operator_schema(statement.object.as_deref(), &statement.newschema)?;
            return Ok("ALTER OPERATOR".to_owned());
        }
        if !matches!(
            kind,
            Kind::ObjectTable | Kind::ObjectView | Kind::ObjectMatview | Kind::ObjectSequence
        ) {
            return Err(Error::unsupported("SET SCHEMA of this kind of object"));
        }
        let tag = format!("ALTER {}", relation_word(kind).to_ascii_uppercase());
        let relation =
            self.altered_relation(statement.relation.as_ref(), statement.missing_ok).await?;
        let Some(relation) = relation else { return Ok(tag) };
        let schema = self.creation_schema(&statement.newschema)?;
        if schema == relation.schema {
            return Ok(tag);
        }
        if self.is_own_temporary(schema) || self.is_own_temporary(relation.schema) {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "cannot move objects into or out of temporary schemas",
            ));
        }
        self.require_free_name(schema, &relation.name)?;
        let old = relation.schema;
        let uses = self.uses_of(|ddl, referenced| ddl.schema_of(referenced) == Some(old))?;
        self.move_to_schema(&relation, schema)?;
        self.rewrite_uses(uses)?;
        Ok(tag)
    }

    fn set_type_schema(&mut self, statement: &ast::AlterObjectSchemaStmt) -> Result<String> {
        let parts = name_parts(statement.object.as_deref())?;
        let schema = self.creation_schema(&statement.newschema)?;
        let (ty, tag) = match statement.object_type() {
            ast::ObjectType::ObjectDomain => (self.owned_domain(parts)?, "ALTER DOMAIN"),
            _ => (self.owned_type(parts)?, "ALTER TYPE"),
        };
        self.require_own_type(&ty)?;
        if schema == ty.schema {
            return Ok(tag.to_owned());
        }
        if self.is_taken(ObjectClass::Type, schema, &ty.name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!(
                    "type \"{}\" already exists in schema \"{}\"",
                    ty.name,
                    self.schema_name(schema)
                ),
            ));
        }
        let (address, array) = (ty.address(), ObjectAddress::type_(ty.array));
        let uses = self.uses_of(|_, referenced| referenced == address || referenced == array)?;
        self.put_type_schema(&ty, schema)?;
        self.rewrite_uses(uses)?;
        Ok(tag.to_owned())
    }

    /// A type takes its array type, a domain its constraints, a composite type its
    /// relation along.
    fn put_type_schema(&mut self, ty: &Type, schema: Oid) -> Result<()> {
        self.put(Type { schema, ..ty.clone() });
        if let Some(array) = self.work.catalog.type_(ty.array).cloned() {
            let name = self.choose_array_name(schema, &ty.name);
            self.put(Type { schema, name, ..(*array).clone() });
        }
        match &ty.kind {
            TypeKind::Domain { constraints, .. } => {
                for oid in constraints {
                    if let Some(constraint) = self.work.catalog.constraint(*oid).cloned() {
                        self.put(Constraint { schema, ..(*constraint).clone() });
                    }
                }
            }
            TypeKind::Composite { relation } => {
                let relation = self.relation(*relation)?;
                self.put_relation(Relation { schema, ..(*relation).clone() });
            }
            _ => {}
        }
        Ok(())
    }

    /// A table takes its indexes, constraints, owned sequences and row type along.
    fn move_to_schema(&mut self, relation: &Relation, schema: Oid) -> Result<()> {
        let row = self.work.catalog.row_type(relation);
        if let Some(ty) = self.work.catalog.type_(row).cloned() {
            self.put(Type { schema, ..(*ty).clone() });
        }
        for oid in &relation.indexes {
            let index = self.relation(*oid)?;
            self.put_relation(Relation { schema, ..(*index).clone() });
        }
        for oid in &relation.constraints {
            if let Some(constraint) = self.work.catalog.constraint(*oid).cloned() {
                let mut moved = (*constraint).clone();
                moved.schema = schema;
                self.put(moved);
            }
        }
        for attnum in 1..=relation.columns.len() as i16 {
            if let Some(oid) = self.owned_sequence(relation.oid, attnum) {
                let sequence = self.relation(oid)?;
                self.put_relation(Relation { schema, ..(*sequence).clone() });
            }
        }
        self.put_relation(Relation { schema, ..relation.clone() });
        Ok(())
    }

    pub async fn alter_owner(&mut self, statement: &ast::AlterOwnerStmt) -> Result<String> {
        use ast::ObjectType as Kind;
        let spec = statement.newowner.as_ref().ok_or_else(|| Error::syntax("OWNER TO nobody"))?;
        let new_owner = self.role_of(spec)?;
        let owner = new_owner.oid;
        match statement.object_type() {
            Kind::ObjectDatabase => {
                let object = statement.object.as_ref().and_then(|node| node.node.as_ref());
                let name = name_list(object).concat();
                self.set_database_owner(&name, &new_owner).await
            }
            Kind::ObjectSchema => {
                let Some(NodeEnum::String(name)) =
                    statement.object.as_ref().and_then(|node| node.node.as_ref())
                else {
                    return Err(Error::syntax("improper schema name"));
                };
                let oid = self.schema_named(&name.sval)?;
                let schema = self.work.catalog.schema(oid).cloned();
                let schema = schema.ok_or_else(|| Error::undefined_schema(&name.sval))?;
                self.require_owner(schema.owner, "schema", &schema.name)?;
                self.put(Schema { owner, ..(*schema).clone() });
                Ok("ALTER SCHEMA".to_owned())
            }
            Kind::ObjectType => {
                let ty = self.owned_type(name_parts(statement.object.as_deref())?)?;
                self.set_type_owner(&ty, owner)?;
                Ok("ALTER TYPE".to_owned())
            }
            Kind::ObjectDomain => {
                let ty = self.owned_domain(name_parts(statement.object.as_deref())?)?;
                self.set_type_owner(&ty, owner)?;
                Ok("ALTER DOMAIN".to_owned())
            }
            Kind::ObjectFunction
            | Kind::ObjectProcedure
            | Kind::ObjectRoutine
            | Kind::ObjectAggregate => self.set_routine_owner(statement, owner),
            Kind::ObjectOperator => {
                self.set_operator_owner(statement.object.as_deref(), owner)?;
                Ok("ALTER OPERATOR".to_owned())
            }
            Kind::ObjectStatisticExt => {
                let object = statement.object.as_deref().and_then(|node| node.node.as_ref());
                self.set_statistics_owner(object, owner)
            }
            Kind::ObjectLargeobject => {
                let object = statement.object.as_deref().and_then(|node| node.node.as_ref());
                self.set_large_object_owner(object, owner).await?;
                Ok("ALTER LARGE OBJECT".to_owned())
            }
            _ => Err(Error::unsupported("OWNER TO for this kind of object")),
        }
    }

    /// The array type and the relation of a composite type follow.
    fn set_type_owner(&mut self, ty: &Type, owner: Oid) -> Result<()> {
        self.require_own_type(ty)?;
        self.put(Type { owner, ..ty.clone() });
        if let Some(array) = self.work.catalog.type_(ty.array).cloned() {
            self.put(Type { owner, ..(*array).clone() });
        }
        if let TypeKind::Composite { relation } = ty.kind {
            let relation = self.relation(relation)?;
            self.put_relation(Relation { owner, ..(*relation).clone() });
        }
        Ok(())
    }

    /// Who gives an object away must be a member of the new owner, and the new owner
    /// must be able to make such objects there.
    pub(super) fn require_new_owner(&self, owner: Oid, schema: Oid) -> Result<()> {
        let current = self.current_role()?;
        let catalog = &self.work.catalog;
        if current.superuser {
            return Ok(());
        }
        let Some(new) = catalog.role(owner) else { return Ok(()) };
        if !catalog.is_member(&current, owner) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("must be member of role \"{}\"", new.name),
            ));
        }
        let guarded = catalog.guarded(ObjectAddress::schema(schema));
        match guarded.map(|guarded| catalog.rights(new, guarded, acl::CREATE)) {
            Some(0) => Err(privilege::denied("schema", catalog.schema_name(schema))),
            _ => Ok(()),
        }
    }

    /// ALTER TABLE … OWNER TO: indexes and owned sequences follow.
    pub fn set_relation_owner(&mut self, relation: &Relation, owner: Oid) -> Result<()> {
        if owner != relation.owner {
            self.require_new_owner(owner, relation.schema)?;
        }
        for oid in &relation.indexes {
            let index = self.relation(*oid)?;
            self.put_relation(Relation { owner, ..(*index).clone() });
        }
        for attnum in 1..=relation.columns.len() as i16 {
            if let Some(oid) = self.owned_sequence(relation.oid, attnum) {
                let sequence = self.relation(oid)?;
                self.put_relation(Relation { owner, ..(*sequence).clone() });
            }
        }
        // The row type and the array type over it have the relation's owner.
        let catalog = &self.work.catalog;
        let row = catalog.type_(catalog.row_type(relation)).cloned();
        let array = row.as_ref().and_then(|row| catalog.type_(row.array)).cloned();
        for ty in row.into_iter().chain(array) {
            self.put(crate::catalog::Type { owner, ..(*ty).clone() });
        }
        self.put_relation(Relation { owner, ..relation.clone() });
        Ok(())
    }
}

/// The relation as it will be, for printing under the new name.
fn renamed_view(relation: &Relation, attnum: i16, new: &str) -> Relation {
    let mut renamed = relation.clone();
    renamed.columns[attnum as usize - 1].name = new.to_owned();
    renamed
}

pub fn duplicate_column(column: &str, relation: &str) -> Error {
    Error::new(
        sqlstate::DUPLICATE_COLUMN,
        format!("column \"{column}\" of relation \"{relation}\" already exists"),
    )
}

fn relation_word(kind: ast::ObjectType) -> &'static str {
    match kind {
        ast::ObjectType::ObjectView => "view",
        ast::ObjectType::ObjectMatview => "materialized view",
        ast::ObjectType::ObjectIndex => "index",
        ast::ObjectType::ObjectSequence => "sequence",
        _ => "table",
    }
}
