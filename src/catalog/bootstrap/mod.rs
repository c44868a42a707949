//! The built-in objects: `sql/*.sql` executed into an empty catalog.
//!
//! The files are PostgreSQL's own syntax, so its parser reads them; what runs
//! them here is a small interpreter of declarations that knows neither queries
//! nor expressions (a view's query is kept as text). Built-in objects have the
//! OIDs of PostgreSQL 15, because drivers hard-code them; `sql/README.md` says
//! where a declaration carries its OID; [`unpinned`] has those of casts and of
//! members of operator families.
//!
//! What PostgreSQL has and this server does not is declared too, in the files
//! `later_*.sql` and `postgres_views.sql`: clients read it, and using it answers
//! `0A000` with its name. There an object that another file declares already is
//! passed over.
//!
//! Functions name their operators' functions and operators their commutators
//! by name, so order matters: each file refers only to the files before it, and
//! operators are linked to each other after the last one.

mod define;
mod function;
mod index;
mod opclass;
mod options;
mod relation;
mod unpinned;

use std::sync::OnceLock;

use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::TypeName;

use super::names::{BOOTSTRAP_ROLE, PG_CATALOG, PG_TOAST, PUBLIC};
use super::{
    Catalog, Change, Database, Object, ObjectClass, ObjectKey, Role, Schema, declared_type, syntax,
};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, SqlType};

/// The declarations, in the order they are executed.
const FILES: &[(&str, &str)] = &[
    ("types.sql", include_str!("../../../sql/types.sql")),
    ("catalog_types.sql", include_str!("../../../sql/catalog_types.sql")),
    ("later_types.sql", include_str!("../../../sql/later_types.sql")),
    ("system_relations.sql", include_str!("../../../sql/system_relations.sql")),
    ("functions.sql", include_str!("../../../sql/functions.sql")),
    ("catalog_functions.sql", include_str!("../../../sql/catalog_functions.sql")),
    ("later_functions.sql", include_str!("../../../sql/later_functions.sql")),
    ("operators.sql", include_str!("../../../sql/operators.sql")),
    ("casts.sql", include_str!("../../../sql/casts.sql")),
    ("aggregates.sql", include_str!("../../../sql/aggregates.sql")),
    ("later_aggregates.sql", include_str!("../../../sql/later_aggregates.sql")),
    ("opclasses.sql", include_str!("../../../sql/opclasses.sql")),
    ("system_indexes.sql", include_str!("../../../sql/system_indexes.sql")),
    ("system_views.sql", include_str!("../../../sql/system_views.sql")),
    ("server_functions.sql", include_str!("../../../sql/server_functions.sql")),
    ("information_schema.sql", include_str!("../../../sql/information_schema.sql")),
    ("postgres_views.sql", include_str!("../../../sql/postgres_views.sql")),
];

/// A catalog with the built-in objects only.
///
/// The files are read once per process; every call answers a catalog with
/// counters of its own.
pub fn bootstrap() -> Result<Catalog> {
    static BUILT_IN: OnceLock<Result<Catalog>> = OnceLock::new();
    match BUILT_IN.get_or_init(build) {
        Ok(catalog) => Ok(catalog.detached()),
        Err(error) => Err(error.clone()),
    }
}

fn build() -> Result<Catalog> {
    let mut bootstrap = Bootstrap::new();
    for (name, text) in FILES {
        bootstrap.later = name.starts_with("later_") || *name == "postgres_views.sql";
        bootstrap.execute(text).map_err(|e| e.with_context(format!("in file sql/{name}")))?;
    }
    bootstrap.link_operators()?;
    Ok(bootstrap.catalog)
}

/// Executes declarations into a catalog.
struct Bootstrap {
    catalog: Catalog,
    /// Whether the file lists what is not here: see the module's first lines.
    later: bool,
    /// Commutators, negators and sort operators to look up at the end.
    links: Vec<define::OperatorLink>,
}

impl Bootstrap {
    /// Starts with what SQL has no statement for here.
    fn new() -> Bootstrap {
        let mut bootstrap =
            Bootstrap { catalog: Catalog::default(), later: false, links: Vec::new() };
        for (oid, name, superuser, login) in ROLES {
            bootstrap.add(role(*oid, name, *superuser, *login));
        }
        for (oid, name, owner) in SCHEMAS {
            bootstrap.add(Schema { oid: *oid, name: (*name).to_owned(), owner: *owner });
        }
        for (oid, name, is_template, allow_connections) in DATABASES {
            bootstrap.add(Database {
                oid: *oid,
                name: (*name).to_owned(),
                owner: BOOTSTRAP_ROLE,
                is_template: *is_template,
                allow_connections: *allow_connections,
                ..Database::default()
            });
        }
        bootstrap.create_collations();
        bootstrap
    }

    fn execute(&mut self, text: &str) -> Result<()> {
        let statements = syntax::statements(text)?;
        for (at, statement) in statements.iter().enumerate() {
            let next = statements.get(at + 1).map(|next| &next.node);
            self.statement(&statement.node, next, statement.sql())
                .map_err(|e| e.with_context(format!("in {}", first_words(statement.sql()))))?;
        }
        Ok(())
    }

    /// `next` is the statement after this one: for some statements it is the
    /// COMMENT that carries the OID.
    fn statement(
        &mut self,
        statement: &NodeEnum,
        next: Option<&NodeEnum>,
        source: &str,
    ) -> Result<()> {
        match statement {
            NodeEnum::DefineStmt(define) => self.define(define),
            NodeEnum::CreateFunctionStmt(create) => self.create_function(create),
            NodeEnum::CreateCastStmt(create) => self.create_cast(create),
            NodeEnum::CreateAmStmt(create) => self.create_access_method(create, next),
            NodeEnum::CreateOpFamilyStmt(create) => self.create_operator_family(create, next),
            NodeEnum::AlterOpFamilyStmt(alter) => self.alter_operator_family(alter),
            NodeEnum::CreateOpClassStmt(create) => self.create_operator_class(create, next),
            NodeEnum::CreateDomainStmt(create) => self.create_domain(create, next),
            NodeEnum::CreateExtensionStmt(create) => self.create_extension(create, next),
            NodeEnum::CreateSchemaStmt(create) => self.create_schema(create, next),
            NodeEnum::CreateStmt(create) => self.create_table(create),
            NodeEnum::IndexStmt(create) => self.create_index(create),
            NodeEnum::ViewStmt(create) => self.create_view(create, source),
            NodeEnum::RuleStmt(create) => self.create_rule(create, next, source),
            NodeEnum::CommentStmt(_) => Ok(()),
            _ => Err(Error::unsupported("this statement among the built-in declarations")),
        }
    }

    fn add(&mut self, object: impl Into<Object>) {
        self.catalog.apply(&Change::put(object));
    }

    /// Whether another file declares the object that a list of what is not here names.
    fn is_declared(&self, class: ObjectClass, oid: Oid) -> bool {
        self.later && self.catalog.has_object(ObjectKey { class, oid })
    }

    fn resolve(&self, name: &TypeName) -> Result<SqlType> {
        declared_type(&self.catalog, name)
    }

    fn resolve_oid(&self, name: Option<&TypeName>) -> Result<Oid> {
        match name {
            Some(name) => Ok(self.resolve(name)?.oid),
            None => Err(Error::syntax("a type is missing")),
        }
    }
}

fn first_words(source: &str) -> String {
    source.trim_start().chars().take(80).collect()
}

/// PostgreSQL's schemas; `information_schema` is created by its own file.
const SCHEMAS: &[(Oid, &str, Oid)] = &[
    (PG_CATALOG, "pg_catalog", BOOTSTRAP_ROLE),
    (PG_TOAST, "pg_toast", BOOTSTRAP_ROLE),
    (PUBLIC, "public", DATABASE_OWNER_ROLE),
];

use super::acl::DATABASE_OWNER_ROLE;

/// OID, name, superuser, login.
const ROLES: &[(Oid, &str, bool, bool)] = &[
    (BOOTSTRAP_ROLE, "postgres", true, true),
    (3373, "pg_monitor", false, false),
    (3374, "pg_read_all_settings", false, false),
    (3375, "pg_read_all_stats", false, false),
    (3377, "pg_stat_scan_tables", false, false),
    (4200, "pg_signal_backend", false, false),
    (4544, "pg_checkpoint", false, false),
    (4569, "pg_read_server_files", false, false),
    (4570, "pg_write_server_files", false, false),
    (4571, "pg_execute_server_program", false, false),
    (DATABASE_OWNER_ROLE, "pg_database_owner", false, false),
    (6181, "pg_read_all_data", false, false),
    (6182, "pg_write_all_data", false, false),
];

fn role(oid: Oid, name: &str, superuser: bool, login: bool) -> Role {
    Role {
        oid,
        name: name.to_owned(),
        superuser,
        inherit: true,
        create_role: superuser,
        create_db: superuser,
        login,
        replication: superuser,
        bypass_rls: superuser,
        connection_limit: -1,
        verifier: None,
        valid_until: None,
        // pg_monitor has the three roles that read settings and statistics.
        member_of: if oid == 3373 { vec![3374, 3375, 3377] } else { Vec::new() },
        memberships: Vec::new(),
    }
}

/// OID, name, is template, allows connections.
const DATABASES: &[(Oid, &str, bool, bool)] =
    &[(1, "template1", true, true), (4, "template0", true, false), (5, "postgres", false, true)];

#[cfg(test)]
mod tests;
