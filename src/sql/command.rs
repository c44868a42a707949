//! What a statement is called, and whether it may run in a read-only transaction.
//!
//! The names are PostgreSQL's command tags: a refusal says them (`cannot execute ALTER
//! TABLE in a read-only transaction`). Queries and row changes are judged by the
//! relations that they write to, which [`super::execute`] knows; here is what the parse
//! tree alone tells of all the others.

use super::parse::{NodeEnum, ast};
use crate::config::LogStatement;
use crate::error::{Error, Result};
use crate::sqlstate;

/// What a utility statement may do to a read-only transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteClass {
    /// It changes nothing, or the statements in it are judged one by one.
    ReadsOnly,
    /// It writes what no dump would show: statistics, a rebuilt index.
    Maintains,
    /// It changes the database.
    Writes,
}

/// How a utility statement counts; queries and row changes count as reading here.
pub fn write_class(node: &NodeEnum) -> WriteClass {
    use NodeEnum as N;
    match node {
        N::SelectStmt(select) if super::ddl::into_clause(select).is_some() => WriteClass::Writes,
        N::SelectStmt(_)
        | N::InsertStmt(_)
        | N::UpdateStmt(_)
        | N::DeleteStmt(_)
        | N::MergeStmt(_)
        | N::AlterSystemStmt(_)
        | N::CallStmt(_)
        | N::DoStmt(_)
        | N::CheckPointStmt(_)
        | N::ClosePortalStmt(_)
        | N::ConstraintsSetStmt(_)
        | N::CopyStmt(_)
        | N::DeallocateStmt(_)
        | N::DeclareCursorStmt(_)
        | N::DiscardStmt(_)
        | N::ExecuteStmt(_)
        | N::ExplainStmt(_)
        | N::FetchStmt(_)
        | N::ListenStmt(_)
        | N::LoadStmt(_)
        | N::LockStmt(_)
        | N::NotifyStmt(_)
        | N::PrepareStmt(_)
        | N::TransactionStmt(_)
        | N::UnlistenStmt(_)
        | N::VariableSetStmt(_)
        | N::VariableShowStmt(_) => WriteClass::ReadsOnly,
        N::ClusterStmt(_) | N::ReindexStmt(_) | N::VacuumStmt(_) => WriteClass::Maintains,
        _ => WriteClass::Writes,
    }
}

/// The least `log_statement` that logs a statement, as PostgreSQL's
/// `GetCommandLogLevel`. Of EXECUTE, whose statement is not in the tree, `All`.
pub fn log_class(node: &NodeEnum) -> LogStatement {
    use NodeEnum as N;
    let inner = |node: &Option<Box<ast::Node>>| {
        let node = node.as_ref().and_then(|node| node.node.as_ref());
        node.map_or(LogStatement::All, log_class)
    };
    match node {
        N::InsertStmt(_) | N::UpdateStmt(_) | N::DeleteStmt(_) | N::MergeStmt(_) => {
            LogStatement::Mod
        }
        N::TruncateStmt(_) => LogStatement::Mod,
        N::CopyStmt(copy) if copy.is_from => LogStatement::Mod,
        N::PrepareStmt(prepare) => inner(&prepare.query),
        N::ExplainStmt(explain) if explains_by_running(explain) => inner(&explain.query),
        N::AlterSystemStmt(_) | N::ClusterStmt(_) => LogStatement::Ddl,
        node => match write_class(node) {
            WriteClass::Writes => LogStatement::Ddl,
            WriteClass::ReadsOnly | WriteClass::Maintains => LogStatement::All,
        },
    }
}

/// EXPLAIN ANALYZE.
fn explains_by_running(explain: &ast::ExplainStmt) -> bool {
    explain.options.iter().any(|option| {
        matches!(&option.node, Some(NodeEnum::DefElem(option)) if option.defname == "analyze")
    })
}

/// `25006` for a utility statement that a read-only transaction may not run.
pub fn check_in_read_only(node: &NodeEnum) -> Result<()> {
    match write_class(node) {
        WriteClass::Writes => Err(refused_in_read_only(&name(node))),
        WriteClass::ReadsOnly | WriteClass::Maintains => Ok(()),
    }
}

/// `what` is a command's name, or a function's with parentheses.
pub fn refused_in_read_only(what: &str) -> Error {
    Error::new(
        sqlstate::READ_ONLY_SQL_TRANSACTION,
        format!("cannot execute {what} in a read-only transaction"),
    )
}

/// What PostgreSQL calls a statement.
pub fn name(node: &NodeEnum) -> String {
    match query_name(node).or_else(|| fixed_name(node)) {
        Some(name) => name.to_owned(),
        None => name_by_object(node),
    }
}

/// Of queries and statements that change rows.
pub fn query_name(node: &NodeEnum) -> Option<&'static str> {
    use ast::LockClauseStrength as Strength;
    Some(match node {
        NodeEnum::InsertStmt(_) => "INSERT",
        NodeEnum::UpdateStmt(_) => "UPDATE",
        NodeEnum::DeleteStmt(_) => "DELETE",
        NodeEnum::MergeStmt(_) => "MERGE",
        NodeEnum::SelectStmt(select) if super::ddl::into_clause(select).is_some() => "SELECT INTO",
        NodeEnum::SelectStmt(select) => {
            match select.locking_clause.first().and_then(|n| n.node.as_ref()) {
                Some(NodeEnum::LockingClause(clause)) => match clause.strength() {
                    Strength::LcsForkeyshare => "SELECT FOR KEY SHARE",
                    Strength::LcsForshare => "SELECT FOR SHARE",
                    Strength::LcsFornokeyupdate => "SELECT FOR NO KEY UPDATE",
                    _ => "SELECT FOR UPDATE",
                },
                _ => "SELECT",
            }
        }
        _ => return None,
    })
}

/// Of statements that always have the same name.
fn fixed_name(node: &NodeEnum) -> Option<&'static str> {
    use NodeEnum as N;
    Some(match node {
        N::SelectStmt(_) => "SELECT",
        N::AlterCollationStmt(_) => "ALTER COLLATION",
        N::AlterDatabaseStmt(_)
        | N::AlterDatabaseSetStmt(_)
        | N::AlterDatabaseRefreshCollStmt(_) => "ALTER DATABASE",
        N::AlterDefaultPrivilegesStmt(_) => "ALTER DEFAULT PRIVILEGES",
        N::AlterDomainStmt(_) => "ALTER DOMAIN",
        N::AlterEnumStmt(_) | N::AlterTypeStmt(_) => "ALTER TYPE",
        N::AlterEventTrigStmt(_) => "ALTER EVENT TRIGGER",
        N::AlterExtensionStmt(_) | N::AlterExtensionContentsStmt(_) => "ALTER EXTENSION",
        N::AlterFdwStmt(_) => "ALTER FOREIGN DATA WRAPPER",
        N::AlterForeignServerStmt(_) => "ALTER SERVER",
        N::AlterOpFamilyStmt(_) => "ALTER OPERATOR FAMILY",
        N::AlterOperatorStmt(_) => "ALTER OPERATOR",
        N::AlterPolicyStmt(_) => "ALTER POLICY",
        N::AlterPublicationStmt(_) => "ALTER PUBLICATION",
        N::AlterRoleStmt(_) | N::AlterRoleSetStmt(_) => "ALTER ROLE",
        N::AlterSeqStmt(_) => "ALTER SEQUENCE",
        N::AlterStatsStmt(_) => "ALTER STATISTICS",
        N::AlterSubscriptionStmt(_) => "ALTER SUBSCRIPTION",
        N::AlterSystemStmt(_) => "ALTER SYSTEM",
        N::AlterTableSpaceOptionsStmt(_) => "ALTER TABLESPACE",
        N::AlterTsconfigurationStmt(_) => "ALTER TEXT SEARCH CONFIGURATION",
        N::AlterTsdictionaryStmt(_) => "ALTER TEXT SEARCH DICTIONARY",
        N::AlterUserMappingStmt(_) => "ALTER USER MAPPING",
        N::CallStmt(_) => "CALL",
        N::CheckPointStmt(_) => "CHECKPOINT",
        N::ClosePortalStmt(_) => "CLOSE CURSOR",
        N::ClusterStmt(_) => "CLUSTER",
        N::CommentStmt(_) => "COMMENT",
        N::ConstraintsSetStmt(_) => "SET CONSTRAINTS",
        N::CopyStmt(copy) if copy.is_from => "COPY FROM",
        N::CopyStmt(_) => "COPY",
        N::CreateAmStmt(_) => "CREATE ACCESS METHOD",
        N::CreateCastStmt(_) => "CREATE CAST",
        N::CreateConversionStmt(_) => "CREATE CONVERSION",
        N::CreateDomainStmt(_) => "CREATE DOMAIN",
        N::CreateEnumStmt(_) | N::CompositeTypeStmt(_) | N::CreateRangeStmt(_) => "CREATE TYPE",
        N::CreateEventTrigStmt(_) => "CREATE EVENT TRIGGER",
        N::CreateExtensionStmt(_) | N::CreatePlangStmt(_) => "CREATE EXTENSION",
        N::CreateFdwStmt(_) => "CREATE FOREIGN DATA WRAPPER",
        N::CreateForeignServerStmt(_) => "CREATE SERVER",
        N::CreateForeignTableStmt(_) => "CREATE FOREIGN TABLE",
        N::CreateFunctionStmt(create) if create.is_procedure => "CREATE PROCEDURE",
        N::CreateFunctionStmt(_) => "CREATE FUNCTION",
        N::CreateOpClassStmt(_) => "CREATE OPERATOR CLASS",
        N::CreateOpFamilyStmt(_) => "CREATE OPERATOR FAMILY",
        N::CreatePolicyStmt(_) => "CREATE POLICY",
        N::CreatePublicationStmt(_) => "CREATE PUBLICATION",
        N::CreateRoleStmt(_) => "CREATE ROLE",
        N::CreateSchemaStmt(_) => "CREATE SCHEMA",
        N::CreateSeqStmt(_) => "CREATE SEQUENCE",
        N::CreateStatsStmt(_) => "CREATE STATISTICS",
        N::CreateStmt(_) => "CREATE TABLE",
        N::CreateSubscriptionStmt(_) => "CREATE SUBSCRIPTION",
        N::CreateTableSpaceStmt(_) => "CREATE TABLESPACE",
        N::CreateTransformStmt(_) => "CREATE TRANSFORM",
        N::CreateTrigStmt(_) => "CREATE TRIGGER",
        N::CreateUserMappingStmt(_) => "CREATE USER MAPPING",
        N::CreatedbStmt(_) => "CREATE DATABASE",
        N::DeallocateStmt(_) => "DEALLOCATE",
        N::DeclareCursorStmt(_) => "DECLARE CURSOR",
        N::DiscardStmt(_) => "DISCARD",
        N::DoStmt(_) => "DO",
        N::DropOwnedStmt(_) => "DROP OWNED",
        N::DropRoleStmt(_) => "DROP ROLE",
        N::DropSubscriptionStmt(_) => "DROP SUBSCRIPTION",
        N::DropTableSpaceStmt(_) => "DROP TABLESPACE",
        N::DropUserMappingStmt(_) => "DROP USER MAPPING",
        N::DropdbStmt(_) => "DROP DATABASE",
        N::ExecuteStmt(_) => "EXECUTE",
        N::ExplainStmt(_) => "EXPLAIN",
        N::FetchStmt(fetch) if fetch.ismove => "MOVE",
        N::FetchStmt(_) => "FETCH",
        N::GrantStmt(grant) if grant.is_grant => "GRANT",
        N::GrantStmt(_) => "REVOKE",
        N::GrantRoleStmt(grant) if grant.is_grant => "GRANT ROLE",
        N::GrantRoleStmt(_) => "REVOKE ROLE",
        N::ImportForeignSchemaStmt(_) => "IMPORT FOREIGN SCHEMA",
        N::IndexStmt(_) => "CREATE INDEX",
        N::ListenStmt(_) => "LISTEN",
        N::LoadStmt(_) => "LOAD",
        N::LockStmt(_) => "LOCK TABLE",
        N::NotifyStmt(_) => "NOTIFY",
        N::PrepareStmt(_) => "PREPARE",
        N::ReassignOwnedStmt(_) => "REASSIGN OWNED",
        N::RefreshMatViewStmt(_) => "REFRESH MATERIALIZED VIEW",
        N::ReindexStmt(_) => "REINDEX",
        N::RuleStmt(_) => "CREATE RULE",
        N::SecLabelStmt(_) => "SECURITY LABEL",
        N::TruncateStmt(_) => "TRUNCATE TABLE",
        N::UnlistenStmt(_) => "UNLISTEN",
        N::VacuumStmt(vacuum) if vacuum.is_vacuumcmd => "VACUUM",
        N::VacuumStmt(_) => "ANALYZE",
        N::VariableSetStmt(set) => match set.kind() {
            ast::VariableSetKind::VarReset | ast::VariableSetKind::VarResetAll => "RESET",
            _ => "SET",
        },
        N::VariableShowStmt(_) => "SHOW",
        N::ViewStmt(_) => "CREATE VIEW",
        _ => return None,
    })
}

/// Of statements that are named after the kind of object that they are about.
fn name_by_object(node: &NodeEnum) -> String {
    use NodeEnum as N;
    use ast::ObjectType as Kind;
    let (verb, kind) = match node {
        N::CreateTableAsStmt(create) => {
            return match (create.objtype(), create.is_select_into) {
                (Kind::ObjectMatview, _) => "CREATE MATERIALIZED VIEW",
                (_, true) => "SELECT INTO",
                (_, false) => "CREATE TABLE AS",
            }
            .to_owned();
        }
        N::TransactionStmt(statement) => return transaction_name(statement.kind()).to_owned(),
        N::DefineStmt(define) => ("CREATE", define.kind()),
        N::DropStmt(drop) => ("DROP", drop.remove_type()),
        N::AlterTableStmt(alter) => ("ALTER", alter.objtype()),
        N::AlterTableMoveAllStmt(alter) => ("ALTER", alter.objtype()),
        N::AlterFunctionStmt(alter) => ("ALTER", alter.objtype()),
        N::AlterObjectDependsStmt(alter) => ("ALTER", alter.object_type()),
        N::AlterObjectSchemaStmt(alter) => ("ALTER", alter.object_type()),
        N::AlterOwnerStmt(alter) => ("ALTER", alter.object_type()),
        N::RenameStmt(rename) if rename.rename_type() == Kind::ObjectColumn => {
            ("ALTER", rename.relation_type())
        }
        N::RenameStmt(rename) => ("ALTER", rename.rename_type()),
        other => return unknown_name(other),
    };
    format!("{verb} {}", object_words(kind))
}

fn transaction_name(kind: ast::TransactionStmtKind) -> &'static str {
    use ast::TransactionStmtKind as Kind;
    match kind {
        Kind::TransStmtBegin => "BEGIN",
        Kind::TransStmtStart => "START TRANSACTION",
        Kind::TransStmtCommit => "COMMIT",
        Kind::TransStmtSavepoint => "SAVEPOINT",
        Kind::TransStmtRelease => "RELEASE",
        Kind::TransStmtPrepare => "PREPARE TRANSACTION",
        Kind::TransStmtCommitPrepared => "COMMIT PREPARED",
        Kind::TransStmtRollbackPrepared => "ROLLBACK PREPARED",
        _ => "ROLLBACK",
    }
}

/// A kind of object as command tags say it: an attribute is its type's, a constraint
/// its table's.
fn object_words(kind: ast::ObjectType) -> String {
    use ast::ObjectType as Kind;
    match kind {
        Kind::ObjectAttribute => "TYPE".to_owned(),
        Kind::ObjectColumn | Kind::ObjectTabconstraint => "TABLE".to_owned(),
        Kind::ObjectDomconstraint => "DOMAIN".to_owned(),
        Kind::ObjectFdw => "FOREIGN DATA WRAPPER".to_owned(),
        Kind::ObjectForeignServer => "SERVER".to_owned(),
        Kind::ObjectLargeobject => "LARGE OBJECT".to_owned(),
        Kind::ObjectMatview => "MATERIALIZED VIEW".to_owned(),
        Kind::ObjectOpclass => "OPERATOR CLASS".to_owned(),
        Kind::ObjectOpfamily => "OPERATOR FAMILY".to_owned(),
        Kind::ObjectStatisticExt => "STATISTICS".to_owned(),
        Kind::ObjectTsconfiguration => "TEXT SEARCH CONFIGURATION".to_owned(),
        Kind::ObjectTsdictionary => "TEXT SEARCH DICTIONARY".to_owned(),
        Kind::ObjectTsparser => "TEXT SEARCH PARSER".to_owned(),
        Kind::ObjectTstemplate => "TEXT SEARCH TEMPLATE".to_owned(),
        other => other.as_str_name().trim_start_matches("OBJECT_").replace('_', " "),
    }
}

/// From the words that the parse tree's own name is made of.
fn unknown_name(node: &NodeEnum) -> String {
    let debug = format!("{node:?}");
    let name = debug.split(['(', ' ', '{']).next().unwrap_or_default();
    let mut out = String::new();
    for character in name.strip_suffix("Stmt").unwrap_or(name).chars() {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.push(character.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::parse;

    fn parsed(sql: &str) -> NodeEnum {
        parse(sql).expect("it parses")[0].node.clone()
    }

    #[test]
    fn statements_have_their_tags() {
        let cases = [
            ("SELECT 1", "SELECT"),
            ("SELECT 1 INTO t", "SELECT INTO"),
            ("SELECT * FROM t FOR SHARE", "SELECT FOR SHARE"),
            ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE MATERIALIZED VIEW"),
            ("ALTER VIEW v RENAME COLUMN a TO b", "ALTER VIEW"),
            ("ALTER TABLE t RENAME CONSTRAINT a TO b", "ALTER TABLE"),
            ("ALTER TYPE t RENAME ATTRIBUTE a TO b", "ALTER TYPE"),
            ("DROP OPERATOR CLASS a USING btree", "DROP OPERATOR CLASS"),
            ("CREATE AGGREGATE a(int) (sfunc = int4pl, stype = int)", "CREATE AGGREGATE"),
            ("REVOKE a FROM b", "REVOKE ROLE"),
            ("ANALYZE", "ANALYZE"),
            ("RESET ALL", "RESET"),
        ];
        for (sql, expected) in cases {
            assert_eq!(name(&parsed(sql)), expected, "{sql}");
        }
    }

    #[test]
    fn only_what_changes_the_database_is_refused() {
        for sql in ["SELECT 1", "INSERT INTO t VALUES (1)", "VACUUM", "LOCK t", "COPY t FROM STDIN"]
        {
            assert!(check_in_read_only(&parsed(sql)).is_ok(), "{sql}");
        }
        for sql in ["SELECT 1 INTO t", "CREATE TEMP TABLE t ()", "TRUNCATE t", "REVOKE a FROM b"] {
            assert!(check_in_read_only(&parsed(sql)).is_err(), "{sql}");
        }
    }
}
