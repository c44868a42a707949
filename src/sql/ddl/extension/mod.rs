//! CREATE, ALTER and DROP EXTENSION.
//!
//! An extension is a script of DDL ([`crate::catalog::available`]) that is run as one
//! statement; what it makes are the extension's members. Members go with it and cannot be
//! dropped without it (`pg_depend` kind `e`). A trusted extension may be made by who may
//! create in the database; its members belong to the bootstrap superuser, who runs the
//! script.
//!
//! Only scripts may say what users may not: functions of the server in `LANGUAGE c`, base
//! types, access methods, operator classes.

mod access_method;
mod alter;
mod config_dump;
mod operator_class;
mod types;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::options::{boolean, conflicting, options, string};
use super::{Arguments, Ddl};
use crate::catalog::{
    self, Available, BOOTSTRAP_ROLE, Comment, Extension, Object, ObjectAddress, Role, Schema,
    Script, TypeKind, acl, available,
};
use crate::error::{Error, Result};
use crate::sql::functions::EvalContext;
use crate::sql::parse::{self, ast};
use crate::sql::run::StatementContext;
use crate::sql::types::Oid;
use crate::sqlstate;

/// What CREATE EXTENSION says.
#[derive(Clone, Default)]
struct Given {
    schema: Option<String>,
    version: Option<String>,
    cascade: bool,
}

impl Ddl<'_> {
    pub async fn create_extension(
        &mut self,
        statement: &ast::CreateExtensionStmt,
    ) -> Result<&'static str> {
        let name = &statement.extname;
        if self.work.catalog.extension_named(name).is_some() {
            let message = format!("extension \"{name}\" already exists");
            if statement.if_not_exists {
                self.notice_with(sqlstate::DUPLICATE_OBJECT, format!("{message}, skipping"));
                return Ok("CREATE EXTENSION");
            }
            return Err(Error::new(sqlstate::DUPLICATE_OBJECT, message));
        }
        if self.work.extension.is_some() {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "nested CREATE EXTENSION is not supported",
            ));
        }
        let mut given = Given::default();
        let mut seen: Vec<&str> = Vec::new();
        for option in options(&statement.options) {
            if seen.contains(&option.defname.as_str()) {
                return Err(conflicting(option));
            }
            seen.push(&option.defname);
            match option.defname.as_str() {
                "schema" => given.schema = string(option).map(str::to_owned),
                "new_version" => given.version = string(option).map(str::to_owned),
                "cascade" => given.cascade = boolean(option)?,
                other => return Err(Error::syntax(format!("unrecognized option: {other}"))),
            }
        }
        self.make_extension(name, &given, &[]).await?;
        Ok("CREATE EXTENSION")
    }

    /// Makes an extension; `parents` are those that it is made for.
    async fn make_extension(&mut self, name: &str, given: &Given, parents: &[&str]) -> Result<Oid> {
        let extension = known_extension(name)?;
        let current = self.current_role()?;
        let runner = self.script_runner(extension, &current)?;
        let version = given.version.as_deref().unwrap_or(extension.default_version);
        let scripts = extension.install_path(version).ok_or_else(|| {
            Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!(
                    "extension \"{name}\" has no installation script nor update path for version \
                     \"{version}\""
                ),
            )
        })?;
        let schema = self.extension_schema(extension, given, &runner).await?;
        for required in &extension.requires {
            self.require_extension(name, required, given, parents).await?;
        }
        let oid = self.next_oid();
        self.put(Extension {
            oid,
            name: name.to_owned(),
            owner: current.oid,
            schema,
            relocatable: extension.relocatable,
            version: version.to_owned(),
            members: Vec::new(),
            config: Vec::new(),
        });
        let comment = self.next_oid();
        let on = ObjectAddress::new(catalog::relation_oid::PG_EXTENSION, oid);
        self.put(Comment { oid: comment, on, text: extension.comment.to_owned() });
        for script in scripts {
            self.run_script(oid, script, &runner).await?;
        }
        // The session learns of the parameters that come with it.
        self.ctx.eval.session.settings_view(&self.work.catalog)?;
        Ok(oid)
    }

    async fn require_extension(
        &mut self,
        name: &str,
        required: &'static str,
        given: &Given,
        parents: &[&str],
    ) -> Result<()> {
        if self.work.catalog.extension_named(required).is_some() {
            return Ok(());
        }
        if !given.cascade {
            return Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("required extension \"{required}\" is not installed"),
            )
            .with_hint("Use CREATE EXTENSION ... CASCADE to install required extensions too."));
        }
        if parents.contains(&required) {
            return Err(Error::new(
                sqlstate::INVALID_RECURSION,
                format!(
                    "cyclic dependency detected between extensions \"{required}\" and \"{name}\""
                ),
            ));
        }
        self.notice(format!("installing required extension \"{required}\""));
        let mut all = parents.to_vec();
        all.push(name);
        let given = Given { version: None, ..given.clone() };
        Box::pin(self.make_extension(required, &given, &all)).await.map(|_| ())
    }

    /// Who runs the scripts: the current role if it is a superuser, else for a trusted
    /// extension the bootstrap superuser. `42501` for others.
    fn script_runner(&self, extension: &Available, current: &Arc<Role>) -> Result<Arc<Role>> {
        if current.superuser || !extension.superuser {
            return Ok(current.clone());
        }
        if extension.trusted && self.require_on_database(acl::CREATE).is_ok() {
            let owner = self.work.catalog.role(BOOTSTRAP_ROLE).cloned();
            return owner.ok_or_else(|| Error::internal("the bootstrap role does not exist"));
        }
        let hint = match extension.trusted {
            true => "Must have CREATE privilege on current database to create this extension.",
            false => "Must be superuser to create this extension.",
        };
        let message = format!("permission denied to create extension \"{}\"", extension.name);
        Err(Error::new(sqlstate::INSUFFICIENT_PRIVILEGE, message).with_hint(hint))
    }

    /// The schema that an extension is made in; made itself if the extension has one of
    /// its own.
    async fn extension_schema(
        &mut self,
        extension: &Available,
        given: &Given,
        runner: &Role,
    ) -> Result<Oid> {
        if let Some(own) = extension.schema {
            if given.schema.as_deref().is_some_and(|given| given != own) {
                return Err(Error::new(
                    sqlstate::FEATURE_NOT_SUPPORTED,
                    format!(
                        "extension \"{}\" must be installed in schema \"{own}\"",
                        extension.name
                    ),
                ));
            }
            if let Some(schema) = self.work.catalog.schema_named(own) {
                return Ok(schema.oid);
            }
            let schema = Schema { oid: self.next_oid(), name: own.to_owned(), owner: runner.oid };
            let oid = schema.oid;
            self.put(schema);
            return Ok(oid);
        }
        match &given.schema {
            Some(name) => self.schema_named(name),
            None => self.creation_schema(""),
        }
    }

    /// Runs one script of an extension; what it makes are members from now on.
    async fn run_script(&mut self, extension: Oid, script: Script, runner: &Role) -> Result<()> {
        let made = self.work.changes.len();
        let before = self.work.catalog.clone();
        let found = before.extension(extension).cloned();
        let found = found.ok_or_else(|| Error::internal("the extension is gone"))?;
        let schema = before.schema_name(found.schema).to_owned();
        let quoted = catalog::quote_identifier(&schema);
        let text = script.text.replace("@extschema@", &quoted);
        let statements = parse::parse(&text)?;
        let outer = self.work.extension.replace(extension);
        let mut result = Ok(());
        for statement in statements.iter() {
            let ctx = self.script_context(found.schema, runner);
            if let Some(asked) = config_dump::asked(&statement.node) {
                result = self.mark_config(extension, asked, &ctx);
                match result {
                    Ok(()) => continue,
                    Err(_) => break,
                }
            }
            let mut inner = Ddl { work: self.work, ctx: &ctx, arguments: Arguments::default() };
            if let Err(error) = Box::pin(inner.run(&statement.node)).await {
                result = Err(error.without_position());
                break;
            }
        }
        self.work.extension = outer;
        result?;
        self.add_members(extension, &before, made)?;
        let found = self.work.catalog.extension(extension).cloned();
        if let Some(found) = found.filter(|found| found.version != script.to) {
            self.put(Extension { version: script.to.to_owned(), ..(*found).clone() });
        }
        Ok(())
    }

    /// Names in a script are looked for in the extension's schema, after `pg_catalog`.
    fn script_context(&self, schema: Oid, runner: &Role) -> StatementContext {
        let mut settings = (*self.ctx.eval.settings).clone();
        settings.search_path = vec![catalog::PG_CATALOG];
        if schema != catalog::PG_CATALOG {
            settings.search_path.push(schema);
        }
        settings.current_user.clone_from(&runner.name);
        let eval = EvalContext {
            settings: Arc::new(settings),
            catalog: self.work.catalog.clone(),
            ..(*self.ctx.eval).clone()
        };
        StatementContext { eval: Arc::new(eval), ..self.ctx.clone() }
    }

    /// Notes the objects that are new since as members, but for parts of others.
    fn add_members(
        &mut self,
        extension: Oid,
        before: &catalog::Catalog,
        made: usize,
    ) -> Result<()> {
        let mut new: BTreeSet<(Oid, Oid)> = BTreeSet::new();
        for change in &self.work.changes[made..] {
            let Some(object) = &change.object else { continue };
            if before.has_object(change.key) || !self.work.catalog.has_object(change.key) {
                continue;
            }
            if let Some(address) = self.member_address(object) {
                new.insert((address.class, address.oid));
            }
        }
        let found = self.work.catalog.extension(extension).cloned();
        let found = found.ok_or_else(|| Error::internal("the extension is gone"))?;
        let mut members = found.members.clone();
        members.extend(new.into_iter().map(|(class, oid)| ObjectAddress::new(class, oid)));
        self.put(Extension { members, ..(*found).clone() });
        Ok(())
    }

    /// The address of an object that can be a member: it is no part of another.
    fn member_address(&self, object: &Object) -> Option<ObjectAddress> {
        use catalog::relation_oid as class;
        Some(match object {
            Object::Relation(relation) => match relation.kind {
                // A composite type is a member as the type that it is.
                catalog::RelationKind::Index(_) | catalog::RelationKind::Composite => return None,
                _ => relation.address(),
            },
            Object::Type(ty) if ty.is_true_array() => return None,
            Object::Type(ty) => match ty.kind {
                TypeKind::Composite { relation } if !self.is_composite(relation) => return None,
                _ => ObjectAddress::type_(ty.oid),
            },
            Object::Function(function) => function.address(),
            Object::Operator(operator) => operator.address(),
            Object::OperatorClass(found) => ObjectAddress::new(class::PG_OPCLASS, found.oid),
            Object::OperatorFamily(found) => ObjectAddress::new(class::PG_OPFAMILY, found.oid),
            Object::AccessMethod(found) => ObjectAddress::new(class::PG_AM, found.oid),
            Object::Cast(cast) => ObjectAddress::new(class::PG_CAST, cast.oid),
            Object::Schema(schema) => schema.address(),
            Object::Collation(found) => ObjectAddress::new(class::PG_COLLATION, found.oid),
            _ => return None,
        })
    }

    /// Whether a relation is a composite type's, and no table's or view's.
    fn is_composite(&self, relation: Oid) -> bool {
        let found = self.work.catalog.relation(relation);
        found.is_some_and(|found| matches!(found.kind, catalog::RelationKind::Composite))
    }

    /// An extension that exists, of which the current role is the owner.
    pub(super) fn owned_extension(&self, name: &str) -> Result<Arc<Extension>> {
        let found = self.work.catalog.extension_named(name).cloned();
        let found = found.ok_or_else(|| undefined_extension(name))?;
        self.require_owner(found.owner, "extension", name)?;
        Ok(found)
    }

    /// What DROP EXTENSION names.
    pub(super) fn extension_target(&self, name: &str) -> Result<ObjectAddress> {
        let found = self.owned_extension(name)?;
        if self.work.extension == Some(found.oid) {
            return Err(Error::new(
                sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("cannot drop extension \"{name}\" because it is being modified"),
            ));
        }
        if found.oid < crate::sql::types::oid::FIRST_NORMAL {
            return Err(Error::unsupported(format!("DROP EXTENSION of \"{name}\"")));
        }
        Ok(found.address())
    }
}

fn known_extension(name: &str) -> Result<&'static Available> {
    available().get(name).ok_or_else(|| {
        Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("extension \"{name}\" is not available"),
        )
        .with_hint(
            "The extension must first be installed on the system where PostgreSQL is running.",
        )
    })
}

fn undefined_extension(name: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_OBJECT, format!("extension \"{name}\" does not exist"))
}
