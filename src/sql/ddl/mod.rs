//! Data definition: CREATE, ALTER, DROP and their kin.
//!
//! A DDL statement works on the transaction's own catalog ([`Work::catalog`]):
//! each step puts or removes one object, and the same steps are written and
//! published at commit, so DDL is transactional like everything else. Where rows
//! are concerned (a new index, a changed column type, TRUNCATE) the data is
//! written under a new storage id that no committed catalog names until commit.
//!
//! A statement waits for others that change the same objects ([`Ddl::lock_relation`]),
//! or that make objects of the same names ([`claim`]).
//!
//! Expressions are stored as SQL text in PostgreSQL's own printed form: bound
//! once here, to be checked and to find what they depend on, then printed.
//!
//! Each file is one family of statements; [`execute`] is the table of contents.

mod absent;
mod aggregate;
mod alter;
mod cast;
mod claim;
mod column;
mod comment;
mod composite;
mod constraint;
mod create_as;
mod database;
mod default_privileges;
mod depend;
mod domain;
mod drop;
mod enumeration;
mod exclusion;
mod expression;
mod extension;
mod function;
mod grant;
mod index;
mod index_copy;
mod inherit;
mod large_object;
mod like;
mod matview;
mod name;
mod operator;
pub(super) mod options;
mod owned;
mod partition;
mod policy;
mod range;
mod rename;
mod rewrite;
mod role;
mod role_rights;
mod rule;
mod schema;
mod sequence;
mod setting;
mod statistics;
mod storage_options;
mod table;
mod table_to_view;
pub mod tablespace;
mod temporary;
mod trigger;
mod trigger_change;
mod typed;
mod uses;
mod view;
mod view_options;

use std::sync::Arc;

pub use create_as::{into_clause, select_into};
pub use index_copy::{concurrently_dropped, declare_copy, drop_index, free_name, give_order};
pub use partition::{finish_detach, is_concurrent};
pub use temporary::{before_commit, discard, drop_temporary};

use crate::catalog::{Change, Object, ObjectClass, Relation, Role};
use crate::error::{Error, Report, Result, Severity};
use crate::sql::command;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::run::{StatementContext, Work};
use crate::sql::types::{Datum, Oid, SqlType};
use crate::table::lock;
use crate::txn::{LockMode, WaitPolicy};

/// One DDL statement at work.
pub(crate) struct Ddl<'a> {
    pub work: &'a mut Work,
    pub ctx: &'a StatementContext,
    /// Of the query in CREATE TABLE AS, where a prepared statement stands for it.
    pub arguments: Arguments<'a>,
}

/// The parameters of a query, with their types.
#[derive(Clone, Copy, Default)]
pub struct Arguments<'a> {
    pub types: &'a [SqlType],
    pub values: &'a [Datum],
}

/// Whether the table of CREATE TABLE AS exists, with IF NOT EXISTS.
pub fn is_made(
    statement: &ast::CreateTableAsStmt,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<bool> {
    Ddl { work, ctx, arguments: Arguments::default() }.is_made(statement)
}

/// Writes a table anew in the order of an index; answers how many rows it has.
pub async fn write_in_order(
    table: Oid,
    index: Oid,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<u64> {
    Ddl { work, ctx, arguments: Arguments::default() }.write_in_order(table, index).await
}

/// Runs a data-definition statement; answers its command tag.
pub async fn execute(
    node: &NodeEnum,
    arguments: Arguments<'_>,
    work: &mut Work,
    ctx: &StatementContext,
) -> Result<String> {
    let mut ddl = Ddl { work, ctx, arguments };
    let (before, made) = (ddl.work.catalog.clone(), ddl.work.changes.len());
    let tag = ddl.run(node).await?;
    ddl.settle_privileges(&before, made);
    ddl.claim_names(&before, made).await?;
    Ok(tag)
}

impl Ddl<'_> {
    async fn run(&mut self, node: &NodeEnum) -> Result<String> {
        let ddl = self;
        let tag = match node {
            NodeEnum::CreateStmt(statement) => ddl.create_table(statement).await?,
            NodeEnum::AlterTableStmt(statement) => return ddl.alter_table(statement).await,
            NodeEnum::IndexStmt(statement) => ddl.create_index(statement).await?,
            NodeEnum::ViewStmt(statement) => ddl.create_view(statement).await?,
            NodeEnum::CreateTableAsStmt(statement) => return ddl.create_table_as(statement).await,
            NodeEnum::RefreshMatViewStmt(statement) => {
                ddl.refresh_materialized_view(statement).await?
            }
            NodeEnum::CreateSeqStmt(statement) => ddl.create_sequence(statement).await?,
            NodeEnum::AlterSeqStmt(statement) => ddl.alter_sequence(statement).await?,
            NodeEnum::CreateSchemaStmt(statement) => ddl.create_schema(statement).await?,
            NodeEnum::CompositeTypeStmt(statement) => {
                ddl.create_composite(statement).map_err(Error::without_position)?
            }
            NodeEnum::CreateRangeStmt(statement) => ddl.create_range(statement)?,
            NodeEnum::CreateEnumStmt(statement) => ddl.create_enum(statement).await?,
            NodeEnum::AlterEnumStmt(statement) => ddl.alter_enum(statement).await?,
            NodeEnum::CreateDomainStmt(statement) => {
                ddl.create_domain(statement).map_err(Error::without_position)?
            }
            NodeEnum::AlterDomainStmt(statement) => {
                ddl.alter_domain(statement).await.map_err(Error::without_position)?
            }
            NodeEnum::CreateFunctionStmt(statement) => ddl.create_function(statement).await?,
            NodeEnum::AlterFunctionStmt(statement) => return ddl.alter_function(statement),
            NodeEnum::DefineStmt(statement) => ddl.define(statement).await?,
            NodeEnum::CreateCastStmt(statement) => ddl.create_cast(statement)?,
            NodeEnum::AlterOperatorStmt(statement) => ddl.alter_operator(statement)?,
            NodeEnum::CreateTrigStmt(statement) => ddl.create_trigger(statement).await?,
            NodeEnum::CreatePolicyStmt(statement) => ddl.create_policy(statement).await?,
            NodeEnum::AlterPolicyStmt(statement) => ddl.alter_policy(statement).await?,
            NodeEnum::RuleStmt(statement) => ddl.create_rule(statement).await?,
            NodeEnum::CreateEventTrigStmt(_) => {
                return Err(Error::unsupported("CREATE EVENT TRIGGER"));
            }
            NodeEnum::DropStmt(statement) => return ddl.drop_objects(statement).await,
            NodeEnum::RenameStmt(statement) => return ddl.rename(statement).await,
            NodeEnum::AlterObjectSchemaStmt(statement) => return ddl.set_schema(statement).await,
            NodeEnum::AlterOwnerStmt(statement) => return ddl.alter_owner(statement).await,
            NodeEnum::CommentStmt(statement) => ddl.comment(statement).await?,
            NodeEnum::CreateRoleStmt(statement) => ddl.create_role(statement)?,
            NodeEnum::AlterRoleStmt(statement) => ddl.alter_role(statement)?,
            NodeEnum::DropRoleStmt(statement) => ddl.drop_role(statement)?,
            NodeEnum::GrantStmt(statement) => ddl.grant(statement).await?,
            NodeEnum::AlterDefaultPrivilegesStmt(statement) => {
                ddl.alter_default_privileges(statement)?
            }
            NodeEnum::DropOwnedStmt(statement) => ddl.drop_owned(statement).await?,
            NodeEnum::ReassignOwnedStmt(statement) => ddl.reassign_owned(statement).await?,
            NodeEnum::GrantRoleStmt(statement) => ddl.grant_role(statement)?,
            NodeEnum::CreateStatsStmt(statement) => ddl.create_statistics(statement).await?,
            NodeEnum::AlterStatsStmt(statement) => ddl.alter_statistics(statement)?,
            NodeEnum::CreatedbStmt(statement) => ddl.create_database(statement).await?,
            NodeEnum::DropdbStmt(statement) => ddl.drop_database(statement).await?,
            NodeEnum::AlterDatabaseStmt(statement) => ddl.alter_database(statement).await?,
            NodeEnum::AlterDatabaseSetStmt(statement) => ddl.alter_database_set(statement).await?,
            NodeEnum::AlterDatabaseRefreshCollStmt(statement) => {
                ddl.refresh_database_collation(statement)?
            }
            NodeEnum::AlterSystemStmt(statement) => {
                let set = statement.setstmt.as_ref();
                let set = set.ok_or_else(|| Error::syntax("SET without a parameter"))?;
                ddl.ctx.eval.session.alter_system(set)?;
                "ALTER SYSTEM"
            }
            NodeEnum::AlterRoleSetStmt(statement) => ddl.alter_role_set(statement).await?,
            NodeEnum::CreateExtensionStmt(statement) => ddl.create_extension(statement).await?,
            NodeEnum::AlterExtensionStmt(statement) => ddl.alter_extension(statement).await?,
            NodeEnum::AlterExtensionContentsStmt(statement) => {
                ddl.alter_extension_contents(statement)?
            }
            NodeEnum::CreateAmStmt(statement) => ddl.create_access_method(statement)?,
            NodeEnum::CreateOpClassStmt(statement) => ddl.create_operator_class(statement)?,
            NodeEnum::SecLabelStmt(statement) => return Err(no_label_provider(statement)),
            other => return Err(Error::unsupported(command::name(other))),
        };
        Ok(tag.to_owned())
    }
}

impl Ddl<'_> {
    /// CREATE of what is defined by a list of attributes.
    async fn define(&mut self, statement: &ast::DefineStmt) -> Result<&'static str> {
        match statement.kind() {
            ast::ObjectType::ObjectAggregate => self.create_aggregate(statement).await,
            ast::ObjectType::ObjectOperator => self.create_operator(statement),
            ast::ObjectType::ObjectType => self.create_base_type(statement),
            ast::ObjectType::ObjectCollation => Err(Error::unsupported("CREATE COLLATION")),
            ast::ObjectType::ObjectTsparser => Err(Error::unsupported("CREATE TEXT SEARCH PARSER")),
            ast::ObjectType::ObjectTsdictionary => {
                Err(Error::unsupported("CREATE TEXT SEARCH DICTIONARY"))
            }
            ast::ObjectType::ObjectTstemplate => {
                Err(Error::unsupported("CREATE TEXT SEARCH TEMPLATE"))
            }
            ast::ObjectType::ObjectTsconfiguration => {
                Err(Error::unsupported("CREATE TEXT SEARCH CONFIGURATION"))
            }
            _ => Err(Error::unsupported("DEFINE")),
        }
    }
}

/// The steps every DDL statement is made of.
impl Ddl<'_> {
    /// A new OID, never used before in this data directory.
    pub fn next_oid(&self) -> Oid {
        self.work.catalog.next_oid()
    }

    /// A new storage id: where rows or entries of a relation will lie.
    pub fn next_storage_id(&self) -> u32 {
        self.next_oid()
    }

    /// Adds or replaces an object.
    pub fn put(&mut self, object: impl Into<Object>) {
        self.work.change(Change::put(object));
    }

    pub fn put_relation(&mut self, relation: Relation) -> Arc<Relation> {
        let relation = Arc::new(relation);
        self.put(Object::Relation(relation.clone()));
        relation
    }

    pub fn remove(&mut self, class: ObjectClass, oid: Oid) {
        self.work.change(Change::remove(class, oid));
    }

    /// The relation as this transaction sees it now.
    pub fn relation(&self, oid: Oid) -> Result<Arc<Relation>> {
        self.work
            .catalog
            .relation(oid)
            .cloned()
            .ok_or_else(|| Error::internal(format!("cache lookup failed for relation {oid}")))
    }

    /// Waits for every other transaction that uses the relation in a
    /// conflicting mode; held until this transaction ends. The catalog is then what
    /// they left: a relation that they dropped or renamed is not there any more.
    pub async fn lock_relation(&mut self, oid: Oid, mode: LockMode) -> Result<()> {
        lock::acquire_relation(oid, mode, WaitPolicy::Wait, self.work, self.ctx).await.map(drop)
    }

    pub fn notice(&self, message: impl Into<String>) {
        self.report(Error::notice(Severity::Notice, message));
    }

    /// IF NOT EXISTS: a relation of the name is there.
    pub fn skip_existing(&self, name: &str) {
        let message = format!("relation \"{name}\" already exists, skipping");
        self.notice_with(crate::sqlstate::DUPLICATE_TABLE, message);
    }

    pub fn notice_with(&self, code: crate::sqlstate::SqlState, message: impl Into<String>) {
        self.report(Error::notice(Severity::Notice, message).with_code(code));
    }

    pub fn report(&self, report: Report) {
        self.ctx.notices.send(report);
    }

    /// The role that runs this statement.
    pub fn current_role(&self) -> Result<Arc<Role>> {
        let name = &self.ctx.eval.settings.current_user;
        self.work
            .catalog
            .role_named(name)
            .cloned()
            .ok_or_else(|| Error::internal(format!("role \"{name}\" does not exist")))
    }
}

/// `22023`: labels are said by providers, and there is none.
fn no_label_provider(statement: &ast::SecLabelStmt) -> Error {
    let message = match statement.provider.as_str() {
        "" => "no security label providers have been loaded".to_owned(),
        provider => format!("security label provider \"{provider}\" is not loaded"),
    };
    Error::new(crate::sqlstate::INVALID_PARAMETER_VALUE, message)
}

/// The string nodes of a list, such as a qualified name's parts.
pub(super) fn strings(nodes: &[ast::Node]) -> Vec<&str> {
    nodes
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::String(string)) => Some(string.sval.as_str()),
            _ => None,
        })
        .collect()
}
