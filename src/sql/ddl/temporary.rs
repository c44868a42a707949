//! Temporary objects: of one session, gone with it.
//!
//! They are objects like others in a schema of the session's own, `pg_temp_` and its
//! pid, which the search path begins with. The schema is made with the first of them.
//! When the session ends, all of it is dropped; what a crash left is dropped at start,
//! before anybody connects.

use super::Ddl;
use crate::catalog::acl;
use crate::catalog::{
    BOOTSTRAP_ROLE, DropBehavior, ObjectAddress, OnCommit, Persistence, Relation, RelationKind,
    Schema, is_temporary_schema, temporary_schema_name,
};
use crate::error::{Error, Result};
use crate::sql::dml;
use crate::sql::parse::ast;
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::Oid;
use crate::sqlstate;

/// How SQL calls the session's own temporary schema.
pub(super) const ALIAS: &str = "pg_temp";

impl Ddl<'_> {
    /// The schema that a new relation goes to: the temporary one if the statement or
    /// the name says so.
    pub fn relation_schema(&mut self, name: &ast::RangeVar) -> Result<Oid> {
        let own = temporary_schema_name(self.pid());
        let names_temporary = name.schemaname == ALIAS || name.schemaname == own;
        match name.relpersistence.as_str() {
            "t" if !name.schemaname.is_empty() && !names_temporary => Err(Error::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                "cannot create temporary relation in non-temporary schema",
            )
            .at(name.location)),
            "u" if names_temporary => Err(Error::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                "only temporary relations may be created in temporary schemas",
            )
            .at(name.location)),
            _ if name.relpersistence == "t" || names_temporary => {
                self.require_temporary()?;
                Ok(self.temporary_schema())
            }
            "u" => {
                // It survives crashes, too: more than PostgreSQL promises.
                self.creation_schema(&name.schemaname)
            }
            _ if name.schemaname == "pg_catalog" && self.current_role()?.superuser => {
                Err(Error::new(
                    sqlstate::INSUFFICIENT_PRIVILEGE,
                    format!("permission denied to create \"pg_catalog.{}\"", name.relname),
                )
                .with_detail("System catalog modifications are currently disallowed."))
            }
            _ => self.creation_schema(&name.schemaname),
        }
    }

    fn pid(&self) -> i32 {
        self.ctx.eval.settings.backend_pid
    }

    pub fn own_temporary_schema(&self) -> Option<Oid> {
        let name = temporary_schema_name(self.pid());
        self.work.catalog.schema_named(&name).map(|schema| schema.oid)
    }

    /// The first temporary object of a session takes TEMPORARY on the database.
    pub(super) fn require_temporary(&self) -> Result<()> {
        if self.own_temporary_schema().is_some() {
            return Ok(());
        }
        let database = &self.ctx.eval.settings.database;
        self.require_on_database(acl::TEMPORARY).map_err(|_| {
            Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("permission denied to create temporary tables in database \"{database}\""),
            )
        })
    }

    /// The session's temporary schema, made if it is not there.
    pub fn temporary_schema(&mut self) -> Oid {
        if let Some(schema) = self.own_temporary_schema() {
            return schema;
        }
        let name = temporary_schema_name(self.pid());
        let oid = self.next_oid();
        self.put(Schema { oid, name, owner: BOOTSTRAP_ROLE });
        oid
    }

    /// Whether a schema is the session's temporary one.
    pub fn is_own_temporary(&self, schema: Oid) -> bool {
        let name = temporary_schema_name(self.pid());
        self.work.catalog.schema(schema).is_some_and(|schema| schema.name == name)
    }

    /// How long a relation in a schema lives.
    pub fn persistence_in(&self, schema: Oid) -> Persistence {
        match self.is_own_temporary(schema) {
            true => Persistence::Temporary(self.pid(), OnCommit::PreserveRows),
            false => Persistence::Permanent,
        }
    }

    /// ON COMMIT of a table that was just made.
    pub fn set_on_commit(&mut self, table: Oid, action: ast::OnCommitAction) -> Result<()> {
        let on_commit = match action {
            ast::OnCommitAction::OncommitDeleteRows => OnCommit::DeleteRows,
            ast::OnCommitAction::OncommitDrop => OnCommit::Drop,
            ast::OnCommitAction::OncommitPreserveRows => OnCommit::PreserveRows,
            ast::OnCommitAction::OncommitNoop | ast::OnCommitAction::Undefined => return Ok(()),
        };
        let relation = self.relation(table)?;
        let Persistence::Temporary(pid, _) = relation.persistence else {
            return Err(Error::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                "ON COMMIT can only be used on temporary tables",
            ));
        };
        let persistence = Persistence::Temporary(pid, on_commit);
        self.put_relation(Relation { persistence, ..(*relation).clone() });
        Ok(())
    }

    /// Drops everything in a schema, and the schema itself unless it is `kept`.
    async fn empty_schema(&mut self, schema: Oid, kept: bool) -> Result<()> {
        let schema = ObjectAddress::schema(schema);
        let plan = self.work.catalog.plan_drop(&[], &[schema], DropBehavior::Cascade)?;
        for address in plan.objects {
            if !kept || address != schema {
                self.drop_one(address).await?;
            }
        }
        Ok(())
    }
}

/// DISCARD TEMP: drops the session's temporary objects.
pub async fn discard(work: &mut Work, ctx: &StatementContext) -> Result<()> {
    let mut ddl = Ddl { work, ctx, arguments: Default::default() };
    let name = temporary_schema_name(ddl.pid());
    let Some(schema) = ddl.work.catalog.schema_named(&name).map(|schema| schema.oid) else {
        return Ok(());
    };
    ddl.empty_schema(schema, true).await
}

/// Drops the temporary objects of a session that ends, or of all: at start, when no
/// session has any.
pub async fn drop_temporary(
    work: &mut Work,
    ctx: &StatementContext,
    pid: Option<i32>,
) -> Result<()> {
    let mut ddl = Ddl { work, ctx, arguments: Default::default() };
    let wanted = |schema: &Schema| match pid {
        Some(pid) => schema.name == temporary_schema_name(pid),
        None => is_temporary_schema(schema),
    };
    let schemas = ddl.work.catalog.schemas().filter(|schema| wanted(schema));
    let schemas: Vec<Oid> = schemas.map(|schema| schema.oid).collect();
    for schema in schemas {
        ddl.empty_schema(schema, false).await?;
    }
    Ok(())
}

/// What ON COMMIT asks for, before the session's transaction commits.
pub async fn before_commit(work: &mut Work, ctx: &StatementContext) -> Result<()> {
    let mut ddl = Ddl { work, ctx, arguments: Default::default() };
    let name = temporary_schema_name(ddl.pid());
    let Some(schema) = ddl.work.catalog.schema_named(&name).map(|schema| schema.oid) else {
        return Ok(());
    };
    let with = |ddl: &Ddl<'_>, wanted: OnCommit| -> Vec<Oid> {
        let own = ddl.work.catalog.relations().filter(|relation| relation.schema == schema);
        let tables = own.filter(|relation| {
            matches!(relation.kind, RelationKind::Table)
                && matches!(relation.persistence, Persistence::Temporary(_, on) if on == wanted)
        });
        tables.map(|relation| relation.oid).collect()
    };
    let dropped = with(&ddl, OnCommit::Drop);
    if !dropped.is_empty() {
        let targets: Vec<_> = dropped.into_iter().map(ObjectAddress::relation).collect();
        let plan = ddl.work.catalog.plan_drop(&[], &targets, DropBehavior::Cascade)?;
        for address in plan.objects {
            ddl.drop_one(address).await?;
        }
    }
    let emptied = with(&ddl, OnCommit::DeleteRows);
    if emptied.is_empty() {
        return Ok(());
    }
    dml::truncate(ddl.work, ctx, &emptied, false, false).await
}
