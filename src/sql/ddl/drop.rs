//! DROP: finds the objects named, asks the catalog what goes with them, and
//! removes it all.

use super::name::wrong_object;
use super::{Ddl, absent, strings};
use crate::catalog::{
    ConstraintKind, DropBehavior, ObjectAddress, ObjectClass, Relation, RelationKind, Type,
    TypeKind, relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sqlstate;
use crate::txn::LockMode;

impl Ddl<'_> {
    pub async fn drop_objects(&mut self, statement: &ast::DropStmt) -> Result<String> {
        let tag = drop_tag(statement.remove_type())?;
        let mut targets = Vec::new();
        for node in &statement.objects {
            if let Some(target) = self.drop_target(statement, node).await?
                && !targets.contains(&target)
            {
                targets.push(target);
            }
        }
        self.drop_addresses(&targets, statement.behavior()).await?;
        Ok(tag.to_owned())
    }

    /// Removes the targets and what must go with them.
    pub async fn drop_addresses(
        &mut self,
        targets: &[ObjectAddress],
        behavior: ast::DropBehavior,
    ) -> Result<()> {
        let behavior = match behavior {
            ast::DropBehavior::DropCascade => DropBehavior::Cascade,
            _ => DropBehavior::Restrict,
        };
        let path = self.ctx.eval.settings.search_path.clone();
        let plan = self.work.catalog.plan_drop(&path, targets, behavior)?;
        if let Some(notice) = plan.notice {
            self.report(notice);
        }
        for address in plan.objects {
            self.drop_one(address).await?;
        }
        Ok(())
    }

    /// The object a DROP names, locked; `None` when IF EXISTS forgives its absence.
    pub(super) async fn drop_target(
        &mut self,
        statement: &ast::DropStmt,
        node: &ast::Node,
    ) -> Result<Option<ObjectAddress>> {
        use ast::ObjectType as Kind;
        let kind = statement.remove_type();
        let found = match kind {
            Kind::ObjectTable
            | Kind::ObjectView
            | Kind::ObjectMatview
            | Kind::ObjectIndex
            | Kind::ObjectSequence => {
                let mode = match statement.concurrent {
                    true => LockMode::ShareUpdateExclusive,
                    false => LockMode::AccessExclusive,
                };
                self.relation_target(kind, &object_name(node), mode).await
            }
            Kind::ObjectSchema => match self.schema_target(node) {
                Ok(schema) => {
                    self.lock_schema(schema.oid, LockMode::AccessExclusive).await?;
                    self.work.refresh_catalog();
                    self.schema_target(node)
                }
                absent => absent,
            },
            Kind::ObjectType => self.type_target(node, "type"),
            Kind::ObjectDomain => self.type_target(node, "domain"),
            Kind::ObjectTrigger => self.trigger_target(node, statement.missing_ok).await,
            Kind::ObjectPolicy => self.policy_target(node, statement.missing_ok).await,
            Kind::ObjectRule => self.rule_target(node).await,
            Kind::ObjectFunction | Kind::ObjectProcedure | Kind::ObjectRoutine => {
                self.routine_target(node, kind, statement.missing_ok)
            }
            Kind::ObjectAggregate => self.routine_target(node, kind, statement.missing_ok),
            Kind::ObjectOperator => self.operator_target(node),
            Kind::ObjectCast => self.cast_target(node),
            Kind::ObjectStatisticExt => self.statistics_target(node).await,
            Kind::ObjectExtension => match &node.node {
                Some(NodeEnum::String(name)) => self.extension_target(&name.sval),
                _ => Err(Error::syntax("improper extension name")),
            },
            kind if absent::words(kind).is_some() => {
                Err(self.undroppable(kind, node, statement.missing_ok))
            }
            _ => Err(Error::unsupported("DROP of this kind of object")),
        };
        match found {
            Err(error) if statement.missing_ok && is_absence(kind, &error) => {
                self.notice(format!("{}, skipping", error.message()));
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    async fn relation_target(
        &mut self,
        kind: ast::ObjectType,
        parts: &[&str],
        mode: LockMode,
    ) -> Result<ObjectAddress> {
        let what = relation_word(kind);
        let (schema, name) = match parts {
            [name] => (None, *name),
            [schema, name] | [_, schema, name] => (Some(*schema), *name),
            _ => return Err(Error::syntax("improper relation name")),
        };
        if let Some(schema) = schema {
            self.schema_named(schema)?;
        }
        let relation = self.relation_by_name(schema, name).ok_or_else(|| {
            let code = match kind {
                ast::ObjectType::ObjectIndex => sqlstate::UNDEFINED_OBJECT,
                _ => sqlstate::UNDEFINED_TABLE,
            };
            Error::new(code, format!("{what} \"{}\" does not exist", parts.join(".")))
        })?;
        if !is_kind(&relation, kind) {
            let actual = match relation.kind {
                RelationKind::Composite => "TYPE".to_owned(),
                _ => relation.kind_word().to_ascii_uppercase(),
            };
            return Err(wrong_object(name, what)
                .with_hint(format!("Use DROP {actual} to remove {}.", with_article(&actual))));
        }
        if relation.is_system_catalog() {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied: \"{name}\" is a system catalog"),
            ));
        }
        self.require_relation_owner(&relation)?;
        if let RelationKind::Index(index) = &relation.kind {
            self.lock_relation(index.table, mode).await?;
        }
        if relation.is_table()
            && relation.is_partition()
            && let Some(parent) = relation.inheritance.parents.first()
        {
            self.lock_relation(*parent, LockMode::AccessExclusive).await?;
        }
        self.lock_relation(relation.oid, mode).await?;
        if relation.inheritance.index_of_partitioned {
            self.lock_parts_of_index(relation.oid).await?;
        }
        Ok(relation.address())
    }

    /// An index of a partitioned table goes with its parts: their tables are locked, too,
    /// parents first.
    async fn lock_parts_of_index(&mut self, index: u32) -> Result<()> {
        for part in self.work.catalog.with_descendants(index).split_off(1) {
            let Some(relation) = self.work.catalog.relation(part).cloned() else { continue };
            if let RelationKind::Index(part) = &relation.kind {
                self.lock_relation(part.table, LockMode::AccessExclusive).await?;
            }
        }
        Ok(())
    }

    fn schema_target(&self, node: &ast::Node) -> Result<ObjectAddress> {
        let Some(NodeEnum::String(name)) = &node.node else {
            return Err(Error::syntax("improper schema name"));
        };
        let oid = self.schema_named(&name.sval)?;
        if let Some(schema) = self.work.catalog.schema(oid) {
            self.require_owner(schema.owner, "schema", &schema.name)?;
            if oid < crate::sql::types::oid::FIRST_NORMAL && schema.name != "public" {
                return Err(Error::new(
                    sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                    format!(
                        "cannot drop schema {} because it is required by the database system",
                        schema.name
                    ),
                ));
            }
        }
        Ok(ObjectAddress::schema(oid))
    }

    fn type_target(&self, node: &ast::Node, what: &str) -> Result<ObjectAddress> {
        let Some(NodeEnum::TypeName(name)) = &node.node else {
            return Err(Error::syntax("improper type name"));
        };
        let oid = self.resolve_type(name).map_err(Error::without_position)?.oid;
        if let Some(ty) = self.work.catalog.type_(oid) {
            if what == "domain" && !matches!(ty.kind, TypeKind::Domain { .. }) {
                return Err(wrong_object(&self.display_type(oid), what));
            }
            self.require_owner(ty.owner, "type", &ty.name)?;
            if oid < crate::sql::types::oid::FIRST_NORMAL {
                return Err(Error::new(
                    sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                    format!(
                        "cannot drop type {} because it is required by the database system",
                        self.work.catalog.type_name(oid, -1)
                    ),
                ));
            }
        }
        Ok(ObjectAddress::type_(oid))
    }

    /// Removes one object; its dependents are gone already.
    pub(super) async fn drop_one(&mut self, address: ObjectAddress) -> Result<()> {
        self.remove_annotations(address);
        match (address.class, address.sub) {
            (relation_oid::PG_CLASS, 0) => self.drop_relation(address.oid).await,
            (relation_oid::PG_CLASS, attnum) => self.drop_column(address.oid, attnum as i16).await,
            (relation_oid::PG_ATTRDEF, _) => self.drop_default(address.oid),
            (relation_oid::PG_CONSTRAINT, _) => self.drop_constraint(address.oid).await,
            (relation_oid::PG_LARGEOBJECT, _) => self.drop_large_object(address.oid).await,
            (relation_oid::PG_REWRITE, _) if address.key().is_none() => Ok(()),
            _ => {
                match address.class {
                    relation_oid::PG_PROC => self.remove_aggregate(address.oid),
                    relation_oid::PG_OPERATOR => self.forget_operator(address.oid),
                    _ => {}
                }
                let key = address.key().ok_or_else(|| Error::unsupported("DROP of this object"))?;
                self.remove(key.class, key.oid);
                Ok(())
            }
        }
    }

    /// Comments, recorded references and statistics go with their object.
    pub(super) fn remove_annotations(&mut self, address: ObjectAddress) {
        let catalog = self.work.catalog.clone();
        if let Some(comment) = catalog.comment_on(address) {
            self.remove(ObjectClass::Comment, comment.oid);
        }
        let lists: Vec<u32> = catalog
            .access_lists()
            .filter(|list| list.on.class == address.class && list.on.oid == address.oid)
            .filter(|list| address.sub == 0 || list.on.sub == address.sub)
            .map(|list| list.oid)
            .collect();
        for list in lists {
            self.remove(ObjectClass::AccessList, list);
        }
        if address.sub == 0 && catalog.references(address.oid).is_some() {
            self.remove(ObjectClass::References, address.oid);
        }
        if address.sub == 0 && catalog.statistics(address.oid).is_some() {
            self.remove(ObjectClass::Statistics, address.oid);
        }
    }

    async fn drop_relation(&mut self, oid: u32) -> Result<()> {
        let Some(relation) = self.work.catalog.relation(oid).cloned() else { return Ok(()) };
        self.lock_relation(oid, LockMode::AccessExclusive).await?;
        match &relation.kind {
            RelationKind::Index(index) => {
                if let Some(table) = self.work.catalog.relation(index.table) {
                    let mut table = (**table).clone();
                    table.indexes.retain(|index| *index != oid);
                    self.put_relation(table);
                }
                crate::index::remove(self.work, &relation)?;
            }
            RelationKind::Table => crate::table::remove(self.work, &relation)?,
            RelationKind::Sequence(_)
            | RelationKind::View(_)
            | RelationKind::Virtual
            | RelationKind::Composite => {}
        }
        self.remove(ObjectClass::Relation, oid);
        Ok(())
    }

    fn drop_default(&mut self, oid: u32) -> Result<()> {
        let owner = self.work.catalog.default_owner(oid);
        let Some(column) = owner else { return Ok(()) };
        let mut relation = (*self.relation(column.oid)?).clone();
        relation.columns[column.sub as usize - 1].default = None;
        self.put_relation(relation);
        Ok(())
    }

    pub async fn drop_constraint(&mut self, oid: u32) -> Result<()> {
        let Some(constraint) = self.work.catalog.constraint(oid).cloned() else { return Ok(()) };
        if let ConstraintKind::DomainCheck { domain, .. } = constraint.kind
            && let Some(ty) = self.work.catalog.type_(domain)
        {
            let mut ty: Type = (**ty).clone();
            if let TypeKind::Domain { constraints, .. } = &mut ty.kind {
                constraints.retain(|constraint| *constraint != oid);
            }
            self.put(ty);
        }
        if let Some(table) = self.work.catalog.relation(constraint.table) {
            let mut table = (**table).clone();
            table.constraints.retain(|constraint| *constraint != oid);
            self.put_relation(table);
        }
        self.remove(ObjectClass::Constraint, oid);
        Ok(())
    }

    /// Marks a column dropped: its values stay in old rows and are never read.
    pub async fn drop_column(&mut self, table: u32, attnum: i16) -> Result<()> {
        let Some(relation) = self.work.catalog.relation(table).cloned() else { return Ok(()) };
        let mut relation = (*relation).clone();
        let column = &mut relation.columns[attnum as usize - 1];
        if column.dropped {
            return Ok(());
        }
        let default = column.default.take();
        // The type may go with the column; what old rows hold must stay readable.
        column.ty = crate::table::info::dropped_type(&self.work.catalog, column.ty)?;
        column.dropped = true;
        column.not_null = false;
        column.identity = None;
        column.name = format!("........pg.dropped.{attnum}........");
        relation.schema_version = next_version(relation.schema_version)?;
        self.put_relation(relation);
        if let Some(default) = default {
            self.remove_annotations(ObjectAddress::default(default.oid));
        }
        Ok(())
    }
}

/// Row headers carry the schema version in 16 bits.
pub fn next_version(version: u16) -> Result<u16> {
    version.checked_add(1).ok_or_else(|| {
        Error::new(
            sqlstate::PROGRAM_LIMIT_EXCEEDED,
            "the table's layout has been changed 65535 times",
        )
        .with_hint("Copy the table with CREATE TABLE AS.")
    })
}

/// DROP INDEX CONCURRENTLY drops one index that nothing else needs.
pub(super) fn check_concurrent(statement: &ast::DropStmt) -> Result<()> {
    let refused = |what: &str| {
        let message = format!("DROP INDEX CONCURRENTLY does not support {what}");
        Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message))
    };
    if statement.objects.len() != 1 {
        return refused("dropping multiple objects");
    }
    match statement.behavior() {
        ast::DropBehavior::DropCascade => refused("CASCADE"),
        _ => Ok(()),
    }
}

fn drop_tag(kind: ast::ObjectType) -> Result<&'static str> {
    use ast::ObjectType as Kind;
    Ok(match kind {
        Kind::ObjectTable => "DROP TABLE",
        Kind::ObjectView => "DROP VIEW",
        Kind::ObjectMatview => "DROP MATERIALIZED VIEW",
        Kind::ObjectIndex => "DROP INDEX",
        Kind::ObjectSequence => "DROP SEQUENCE",
        Kind::ObjectSchema => "DROP SCHEMA",
        Kind::ObjectType => "DROP TYPE",
        Kind::ObjectDomain => "DROP DOMAIN",
        Kind::ObjectTrigger => "DROP TRIGGER",
        Kind::ObjectRule => "DROP RULE",
        Kind::ObjectPolicy => "DROP POLICY",
        Kind::ObjectFunction => "DROP FUNCTION",
        Kind::ObjectAggregate => "DROP AGGREGATE",
        Kind::ObjectOperator => "DROP OPERATOR",
        Kind::ObjectCast => "DROP CAST",
        Kind::ObjectProcedure => "DROP PROCEDURE",
        Kind::ObjectRoutine => "DROP ROUTINE",
        Kind::ObjectStatisticExt => "DROP STATISTICS",
        Kind::ObjectExtension => "DROP EXTENSION",
        other if absent::words(other).is_some() => absent::words(other).map_or("", |w| w.1),
        other => {
            let name = other.as_str_name().trim_start_matches("OBJECT_").replace('_', " ");
            return Err(Error::unsupported(format!("DROP {name}")));
        }
    })
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

fn is_kind(relation: &Relation, kind: ast::ObjectType) -> bool {
    match kind {
        ast::ObjectType::ObjectView => matches!(relation.kind, RelationKind::View(_)),
        ast::ObjectType::ObjectIndex => matches!(relation.kind, RelationKind::Index(_)),
        ast::ObjectType::ObjectSequence => matches!(relation.kind, RelationKind::Sequence(_)),
        ast::ObjectType::ObjectMatview => relation.is_materialized_view(),
        _ => relation.is_table() || matches!(relation.kind, RelationKind::Virtual),
    }
}

fn with_article(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

fn object_name(node: &ast::Node) -> Vec<&str> {
    match &node.node {
        Some(NodeEnum::List(list)) => strings(&list.items),
        _ => Vec::new(),
    }
}

/// Errors that IF EXISTS turns into notices.
fn is_absence(kind: ast::ObjectType, error: &Error) -> bool {
    let of_class = matches!(kind, ast::ObjectType::ObjectOpclass | ast::ObjectType::ObjectOpfamily);
    if of_class && error.message().starts_with("access method") {
        return false;
    }
    [
        sqlstate::UNDEFINED_TABLE,
        sqlstate::UNDEFINED_OBJECT,
        sqlstate::UNDEFINED_FUNCTION,
        sqlstate::INVALID_SCHEMA_NAME,
    ]
    .contains(&error.code())
}
