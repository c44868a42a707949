//! Names in DDL: where a new object goes, which object is meant, who may touch it.

use std::sync::Arc;

use super::{Ddl, strings};
use crate::catalog::acl::Guarded;
use crate::catalog::{
    ObjectAddress, ObjectClass, Relation, RelationKind, acl, is_temporary_schema, relation_oid,
};
use crate::error::{Error, Result};
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::privilege;
use crate::sql::types::Oid;
use crate::sqlstate;

/// `pg_catalog`, where nobody creates anything.
const PG_CATALOG: Oid = 11;
/// The longest identifier, in bytes (PostgreSQL's NAMEDATALEN - 1).
const NAME_LENGTH_MAX: usize = 63;

impl Ddl<'_> {
    /// The schema that a new object without a schema in its name goes to.
    pub fn creation_schema(&mut self, schema: &str) -> Result<Oid> {
        let oid = if schema.is_empty() {
            let path = &self.ctx.eval.settings.search_path;
            let is_temporary = |oid: Oid| {
                self.work.catalog.schema(oid).is_some_and(|schema| is_temporary_schema(schema))
            };
            let mut candidates = path.iter().copied();
            candidates.find(|oid| *oid != PG_CATALOG && !is_temporary(*oid)).ok_or_else(|| {
                Error::new(
                    sqlstate::INVALID_SCHEMA_NAME,
                    "no schema has been selected to create in",
                )
            })?
        } else if schema == super::temporary::ALIAS {
            self.require_temporary()?;
            self.temporary_schema()
        } else {
            self.schema_named(schema)?
        };
        if oid == PG_CATALOG {
            self.require_creation(oid)?;
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "permission denied to create in schema \"pg_catalog\"",
            )
            .with_detail("System catalog modifications are currently disallowed."));
        }
        self.require_creation(oid)?;
        Ok(oid)
    }

    pub fn schema_named(&self, name: &str) -> Result<Oid> {
        let schema = self.work.catalog.find_schema(&self.ctx.eval.settings.search_path, name);
        schema.map(|schema| schema.oid).ok_or_else(|| Error::undefined_schema(name))
    }

    /// Creating in a schema takes CREATE on it; everybody may create in their own
    /// temporary one.
    fn require_creation(&self, oid: Oid) -> Result<()> {
        if self.is_own_temporary(oid) {
            return Ok(());
        }
        let role = self.current_role()?;
        let guarded = self.work.catalog.guarded(ObjectAddress::schema(oid));
        let Some(guarded) = guarded else { return Ok(()) };
        match self.work.catalog.rights(&role, guarded, acl::CREATE) {
            0 => Err(privilege::denied("schema", self.work.catalog.schema_name(oid))),
            _ => Ok(()),
        }
    }

    /// `42501` unless the current role has a privilege on the database.
    pub fn require_on_database(&self, privilege: u32) -> Result<()> {
        let name = &self.ctx.eval.settings.database;
        let role = self.current_role()?;
        let catalog = &self.work.catalog;
        let Some(database) = catalog.databases().find(|found| found.name == *name) else {
            return Ok(());
        };
        let on = ObjectAddress::new(relation_oid::PG_DATABASE, database.oid);
        match catalog.guarded(on).map(|guarded| catalog.rights(&role, guarded, privilege)) {
            Some(0) => Err(privilege::denied("database", name)),
            _ => Ok(()),
        }
    }

    /// The existing relation a name means, along the search path.
    pub fn find_relation(&self, name: &ast::RangeVar) -> Result<Arc<Relation>> {
        self.try_relation(name)?.ok_or_else(|| Error::undefined_table(&display_name(name)))
    }

    pub fn try_relation(&self, name: &ast::RangeVar) -> Result<Option<Arc<Relation>>> {
        let schema = Some(name.schemaname.as_str()).filter(|schema| !schema.is_empty());
        Ok(self.relation_by_name(schema, &name.relname))
    }

    /// What a trigger, rule, policy or constraint is named by, as the grammar gives it: the
    /// table that it goes with, which must be the current role's, and its name there.
    pub fn on_owned_table<'n>(
        &self,
        parts: &[&'n str],
        what: &str,
    ) -> Result<(Arc<Relation>, &'n str)> {
        let improper = || Error::syntax(format!("improper {what} name"));
        let (name, table) = parts.split_last().ok_or_else(improper)?;
        let (schema, plain) = match table {
            [table] => (None, *table),
            [.., schema, table] => (Some(*schema), *table),
            [] => return Err(improper()),
        };
        if let Some(schema) = schema {
            self.schema_named(schema)?;
        }
        let relation = self
            .relation_by_name(schema, plain)
            .ok_or_else(|| Error::undefined_table(&table.join(".")))?;
        self.require_owner(relation.owner, "relation", &relation.name)?;
        Ok((relation, name))
    }

    pub fn relation_by_name(&self, schema: Option<&str>, name: &str) -> Option<Arc<Relation>> {
        let catalog = &self.work.catalog;
        match schema {
            Some(schema) => {
                let path = &self.ctx.eval.settings.search_path;
                let schema = catalog.find_schema(path, schema)?.oid;
                catalog.relation_named(schema, name).cloned()
            }
            None => {
                let path = &self.ctx.eval.settings.search_path;
                // The statement itself may have made the temporary schema.
                let own = self.own_temporary_schema().filter(|schema| !path.contains(schema));
                let mut path = own.iter().chain(path);
                path.find_map(|schema| catalog.relation_named(*schema, name)).cloned()
            }
        }
    }

    /// The relation that an index is for: a stored one of this role's.
    pub fn find_indexable(&self, name: &ast::RangeVar) -> Result<Arc<Relation>> {
        let relation = self.find_relation(name)?;
        self.require_relation_owner(&relation)?;
        match relation.kind {
            RelationKind::Table => Ok(relation),
            RelationKind::Virtual => Err(system_catalog(&relation.name)),
            _ => {
                let kinds = match relation.kind_word() {
                    "index" => "indexes".to_owned(),
                    word => format!("{word}s"),
                };
                Err(Error::new(
                    sqlstate::WRONG_OBJECT_TYPE,
                    format!("cannot create index on relation \"{}\"", relation.name),
                )
                .with_detail(format!("This operation is not supported for {kinds}.")))
            }
        }
    }

    /// `42501` unless this role owns the relation or is a superuser.
    pub fn require_relation_owner(&self, relation: &Relation) -> Result<()> {
        let what = relation.kind_word();
        self.require_owner(relation.owner, what, &relation.name)
    }

    /// `42501` unless this role has a privilege on the relation.
    pub fn require_on_relation(&self, relation: &Relation, privilege: u32) -> Result<()> {
        let role = self.current_role()?;
        match self.work.catalog.rights(&role, Guarded::relation(relation), privilege) {
            0 => Err(privilege::denied(relation.kind_word(), &relation.name)),
            _ => Ok(()),
        }
    }

    pub fn require_owner(&self, owner: Oid, what: &str, name: &str) -> Result<()> {
        let role = self.current_role()?;
        if self.work.catalog.has_privileges_of(&role, owner) {
            return Ok(());
        }
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, format!("must be owner of {what} {name}")))
    }

    /// Fails when a relation (or a type, which a table also makes) of this name exists.
    pub fn require_free_name(&self, schema: Oid, name: &str) -> Result<()> {
        if self.work.catalog.relation_named(schema, name).is_some() {
            return Err(Error::duplicate_table(name));
        }
        if self.work.catalog.type_named(schema, name).is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("type \"{name}\" already exists"),
            )
            .with_hint(
                "A relation has an associated type of the same name, so you must use a name that \
                 doesn't conflict with any existing type.",
            ));
        }
        Ok(())
    }

    /// PostgreSQL's ChooseRelationName: `table_column_suffix`, shortened to fit,
    /// with a number when taken.
    pub fn choose_relation_name(&self, schema: Oid, parts: [&str; 2], suffix: &str) -> String {
        self.choose_name(parts, suffix, |name| {
            self.work.catalog.relation_named(schema, name).is_some()
        })
    }

    pub fn choose_name(
        &self,
        parts: [&str; 2],
        suffix: &str,
        taken: impl Fn(&str) -> bool,
    ) -> String {
        let first = object_name(parts, suffix);
        if !taken(&first) {
            return first;
        }
        (1u32..)
            .map(|number| object_name(parts, &format!("{suffix}{number}")))
            .find(|name| !taken(name))
            .expect("there are more names than relations")
    }

    /// The OIDs and names of schema-qualified objects in a list of name parts.
    pub fn split_name<'n>(&self, parts: &'n [ast::Node]) -> Result<(Option<&'n str>, &'n str)> {
        match strings(parts).as_slice() {
            [name] => Ok((None, name)),
            [schema, name] => Ok((Some(schema), name)),
            [database, schema, name] if *database == self.ctx.eval.settings.database => {
                Ok((Some(schema), name))
            }
            parts => Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                format!("cross-database references are not implemented: {}", parts.join(".")),
            )),
        }
    }

    pub fn type_by_name(&self, parts: &[ast::Node]) -> Result<Option<Oid>> {
        let (schema, name) = self.split_name(parts)?;
        let catalog = &self.work.catalog;
        Ok(match schema {
            Some(schema) => catalog.type_named(self.schema_named(schema)?, name),
            None => {
                let path = &self.ctx.eval.settings.search_path;
                path.iter().find_map(|schema| catalog.type_named(*schema, name))
            }
        }
        .map(|ty| ty.oid))
    }

    pub fn schema_name(&self, oid: Oid) -> String {
        self.work.catalog.schema(oid).map(|schema| schema.name.clone()).unwrap_or_default()
    }

    /// Whether a constraint of this name is on the table already.
    pub fn constraint_on(&self, table: Oid, name: &str) -> Option<Oid> {
        let relation = self.work.catalog.relation(table)?;
        relation.constraints.iter().copied().find(|oid| {
            self.work.catalog.constraint(*oid).is_some_and(|constraint| constraint.name == name)
        })
    }

    pub fn is_taken(&self, class: ObjectClass, schema: Oid, name: &str) -> bool {
        !self.work.catalog.named(class, schema, name).is_empty()
    }
}

/// `schema.name` as it was written.
pub fn display_name(name: &ast::RangeVar) -> String {
    if name.schemaname.is_empty() {
        name.relname.clone()
    } else {
        format!("{}.{}", name.schemaname, name.relname)
    }
}

/// `42809`: `"x" is not a table`.
pub fn wrong_object(name: &str, what: &str) -> Error {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("\"{name}\" is not {article} {what}"))
}

pub(super) fn system_catalog(name: &str) -> Error {
    Error::new(
        sqlstate::INSUFFICIENT_PRIVILEGE,
        format!("permission denied: \"{name}\" is a system catalog"),
    )
}

/// PostgreSQL's makeObjectName: joins the non-empty parts with `_`, cutting the
/// longer part until the whole fits.
fn object_name(parts: [&str; 2], suffix: &str) -> String {
    let mut first = parts[0].to_owned();
    let mut second = parts[1].to_owned();
    let overhead = suffix.len() + usize::from(!suffix.is_empty()) + usize::from(!second.is_empty());
    while first.len() + second.len() + overhead > NAME_LENGTH_MAX {
        let longer = if first.len() > second.len() { &mut first } else { &mut second };
        if longer.pop().is_none() {
            break;
        }
    }
    let parts = [first.as_str(), second.as_str(), suffix];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// The parts of a name that the grammar gives as one node.
pub(super) fn name_list(node: Option<&NodeEnum>) -> Vec<&str> {
    match node {
        Some(NodeEnum::List(list)) => strings(&list.items),
        Some(NodeEnum::String(name)) => vec![&name.sval],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::object_name;

    #[test]
    fn long_names_are_cut_to_63_bytes_like_postgresql() {
        let long = "a".repeat(60);
        let name = object_name([&long, "column"], "seq");
        assert_eq!(name.len(), 63);
        assert!(name.ends_with("_column_seq"));
    }

    #[test]
    fn empty_parts_leave_no_underscore() {
        assert_eq!(object_name(["t", ""], "pkey"), "t_pkey");
        assert_eq!(object_name(["t", "a"], "key"), "t_a_key");
    }
}
