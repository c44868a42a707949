//! Statements that are the session's own: transaction control, settings,
//! prepared statements, cursors, notifications.
//!
//! [`Command::of`] translates their parse trees; every other statement is `sql`'s.

use std::sync::Arc;

use super::settings::IsolationLevel;
use crate::error::{Error, Result};
use crate::sql::ddl;
use crate::sql::parse::{NodeEnum, ParsedStatement, ast};
use crate::sql::types::SqlType;
use crate::sqlstate;

/// A statement for the session itself.
#[derive(Clone, Debug)]
pub enum Command {
    Transaction(TransactionCommand),
    Set(SetCommand),
    Show(String),
    Prepare {
        name: String,
        types: Vec<ast::TypeName>,
        statement: Arc<ParsedStatement>,
    },
    Execute {
        name: String,
        args: Vec<ast::Node>,
    },
    /// EXPLAIN or CREATE TABLE AS of an EXECUTE.
    AroundExecute {
        around: Arc<ParsedStatement>,
        name: String,
        args: Vec<ast::Node>,
    },
    /// `None`: all.
    Deallocate(Option<String>),
    Declare(DeclareCursor),
    Fetch(FetchCursor),
    /// `None`: all.
    ClosePortal(Option<String>),
    Discard(DiscardTarget),
    Listen(String),
    /// `None`: all.
    Unlisten(Option<String>),
    Notify {
        channel: String,
        payload: String,
    },
}

#[derive(Clone, Debug)]
pub enum TransactionCommand {
    /// `start`: START TRANSACTION, which differs in its tag.
    Begin {
        modes: Modes,
        start: bool,
    },
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(String),
    Release(String),
    RollbackTo(String),
    /// PREPARE TRANSACTION.
    Prepare(String),
    /// COMMIT PREPARED, ROLLBACK PREPARED.
    FinishPrepared {
        gid: String,
        is_commit: bool,
    },
}

/// What BEGIN and SET TRANSACTION may say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Modes {
    pub isolation: Option<IsolationLevel>,
    pub read_only: Option<bool>,
    pub deferrable: Option<bool>,
}

#[derive(Clone, Debug)]
pub enum SetCommand {
    Value {
        name: String,
        args: Vec<Arg>,
        local: bool,
    },
    /// SET … TO DEFAULT (`local` counts) and RESET.
    Default {
        name: String,
        local: bool,
        is_reset: bool,
    },
    ResetAll,
    /// SET TRANSACTION.
    Transaction(Modes),
    /// SET TRANSACTION SNAPSHOT.
    Snapshot(String),
    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    Characteristics(Modes),
}

/// One value in a SET.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    pub text: String,
    /// A name or string as opposed to a number.
    pub is_string: bool,
}

#[derive(Clone, Debug)]
pub struct DeclareCursor {
    pub name: String,
    pub statement: Arc<ParsedStatement>,
    pub binary: bool,
    /// Explicit SCROLL: rows are kept for going back.
    pub scroll: bool,
    pub no_scroll: bool,
    pub hold: bool,
    /// The parameters' types, of one that the client has prepared.
    pub params: Vec<SqlType>,
}

#[derive(Clone, Debug)]
pub struct FetchCursor {
    pub name: String,
    pub direction: Direction,
    /// MOVE: counts rows and shows none.
    pub is_move: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// So many rows; 0 is the current row again; `i64::MAX` is all.
    Forward(i64),
    Backward(i64),
    Absolute(i64),
    Relative(i64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiscardTarget {
    All,
    Plans,
    Sequences,
    Temporary,
}

// Bits of DeclareCursorStmt.options (PostgreSQL's parsenodes.h).
const CURSOR_OPT_BINARY: i32 = 0x0001;
const CURSOR_OPT_SCROLL: i32 = 0x0002;
const CURSOR_OPT_NO_SCROLL: i32 = 0x0004;
const CURSOR_OPT_HOLD: i32 = 0x0020;

impl Command {
    /// The session's part of a statement; `None` if the statement is for `sql`.
    pub fn of(statement: &ParsedStatement) -> Result<Option<Command>> {
        let command = match &statement.node {
            NodeEnum::TransactionStmt(node) => Command::Transaction(transaction(node)?),
            NodeEnum::VariableSetStmt(node) => Command::Set(set_command(node)?),
            NodeEnum::VariableShowStmt(node) => Command::Show(node.name.clone()),
            NodeEnum::PrepareStmt(node) => Command::Prepare {
                name: node.name.clone(),
                types: type_names(&node.argtypes),
                statement: inner(statement, node.query.as_deref())?,
            },
            NodeEnum::ExecuteStmt(node) => {
                Command::Execute { name: node.name.clone(), args: node.params.clone() }
            }
            node @ (NodeEnum::ExplainStmt(_) | NodeEnum::CreateTableAsStmt(_)) => {
                let Some(execute) = executed(node) else { return Ok(None) };
                Command::AroundExecute {
                    around: Arc::new(statement.clone()),
                    name: execute.name.clone(),
                    args: execute.params.clone(),
                }
            }
            NodeEnum::DeallocateStmt(node) => {
                Command::Deallocate((!node.isall).then(|| node.name.clone()))
            }
            NodeEnum::DeclareCursorStmt(node) if selects_into(node.query.as_deref()).is_some() => {
                let location = selects_into(node.query.as_deref()).unwrap_or(-1);
                return Err(Error::syntax("SELECT ... INTO is not allowed here").at(location));
            }
            NodeEnum::DeclareCursorStmt(node) => Command::Declare(DeclareCursor {
                name: node.portalname.clone(),
                statement: inner(statement, node.query.as_deref())?,
                binary: node.options & CURSOR_OPT_BINARY != 0,
                scroll: node.options & CURSOR_OPT_SCROLL != 0,
                no_scroll: node.options & CURSOR_OPT_NO_SCROLL != 0,
                hold: node.options & CURSOR_OPT_HOLD != 0,
                params: Vec::new(),
            }),
            NodeEnum::FetchStmt(node) => Command::Fetch(FetchCursor {
                name: node.portalname.clone(),
                direction: direction(node)?,
                is_move: node.ismove,
            }),
            NodeEnum::ClosePortalStmt(node) => Command::ClosePortal(named(&node.portalname)),
            NodeEnum::DiscardStmt(node) => Command::Discard(discard(node.target())?),
            NodeEnum::ListenStmt(node) => Command::Listen(node.conditionname.clone()),
            NodeEnum::UnlistenStmt(node) => Command::Unlisten(named(&node.conditionname)),
            NodeEnum::NotifyStmt(node) => Command::Notify {
                channel: node.conditionname.clone(),
                payload: node.payload.clone(),
            },
            _ => return Ok(None),
        };
        Ok(Some(command))
    }

    /// What it is, if it begins or ends a transaction.
    pub fn transaction_verb(&self) -> Option<&'static str> {
        use TransactionCommand as T;
        match self {
            Command::Transaction(command) => match command {
                T::Begin { .. } => Some("BEGIN"),
                T::Commit { .. } => Some("COMMIT"),
                T::Rollback { .. } => Some("ROLLBACK"),
                T::Prepare(_) => Some("PREPARE TRANSACTION"),
                T::Savepoint(_) | T::Release(_) | T::RollbackTo(_) | T::FinishPrepared { .. } => {
                    None
                }
            },
            _ => None,
        }
    }

    /// Whether it may run in a failed transaction.
    pub fn ends_failed_transaction(&self) -> bool {
        use TransactionCommand as T;
        matches!(
            self,
            Command::Transaction(
                T::Commit { .. } | T::Rollback { .. } | T::RollbackTo(_) | T::Prepare(_)
            )
        )
    }
}

/// Where INTO names a table, in a query that has it.
fn selects_into(query: Option<&ast::Node>) -> Option<i32> {
    let Some(NodeEnum::SelectStmt(select)) = query?.node.as_ref() else { return None };
    let into = ddl::into_clause(select)?;
    Some(into.rel.as_ref().map_or(-1, |table| table.location))
}

/// The EXECUTE that a statement is about.
fn executed(node: &NodeEnum) -> Option<&ast::ExecuteStmt> {
    let query = match node {
        NodeEnum::ExecuteStmt(execute) => return Some(execute),
        NodeEnum::ExplainStmt(explain) => explain.query.as_deref(),
        NodeEnum::CreateTableAsStmt(create) => create.query.as_deref(),
        _ => None,
    };
    executed(query?.node.as_ref()?)
}

/// A statement with a query in the place of its EXECUTE.
pub fn with_query(node: &NodeEnum, query: &NodeEnum) -> NodeEnum {
    let within = |inner: &Option<Box<ast::Node>>| {
        let inner = inner.as_deref().and_then(|inner| inner.node.as_ref());
        inner.map(|inner| Box::new(ast::Node { node: Some(with_query(inner, query)) }))
    };
    match node {
        NodeEnum::ExecuteStmt(_) => query.clone(),
        NodeEnum::ExplainStmt(explain) => {
            let query = within(&explain.query);
            NodeEnum::ExplainStmt(Box::new(ast::ExplainStmt { query, ..(**explain).clone() }))
        }
        NodeEnum::CreateTableAsStmt(create) => {
            let query = within(&create.query);
            let create = ast::CreateTableAsStmt { query, ..(**create).clone() };
            NodeEnum::CreateTableAsStmt(Box::new(create))
        }
        other => other.clone(),
    }
}

fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

fn incomplete(what: &str) -> Error {
    Error::internal(format!("parse tree of {what} is incomplete"))
}

/// A statement inside another one, with the same text.
fn inner(outer: &ParsedStatement, node: Option<&ast::Node>) -> Result<Arc<ParsedStatement>> {
    let node = node.and_then(|node| node.node.clone()).ok_or_else(|| incomplete("a statement"))?;
    Ok(Arc::new(ParsedStatement { node, ..outer.clone() }))
}

fn type_names(nodes: &[ast::Node]) -> Vec<ast::TypeName> {
    let type_name = |node: &ast::Node| match &node.node {
        Some(NodeEnum::TypeName(name)) => Some(name.clone()),
        _ => None,
    };
    nodes.iter().filter_map(type_name).collect()
}

fn transaction(node: &ast::TransactionStmt) -> Result<TransactionCommand> {
    use ast::TransactionStmtKind as Kind;
    Ok(match node.kind() {
        Kind::TransStmtBegin => {
            TransactionCommand::Begin { modes: modes(&node.options)?, start: false }
        }
        Kind::TransStmtStart => {
            TransactionCommand::Begin { modes: modes(&node.options)?, start: true }
        }
        Kind::TransStmtCommit => TransactionCommand::Commit { chain: node.chain },
        Kind::TransStmtRollback => TransactionCommand::Rollback { chain: node.chain },
        Kind::TransStmtSavepoint => TransactionCommand::Savepoint(node.savepoint_name.clone()),
        Kind::TransStmtRelease => TransactionCommand::Release(node.savepoint_name.clone()),
        Kind::TransStmtRollbackTo => TransactionCommand::RollbackTo(node.savepoint_name.clone()),
        Kind::TransStmtPrepare => TransactionCommand::Prepare(node.gid.clone()),
        Kind::TransStmtCommitPrepared => {
            TransactionCommand::FinishPrepared { gid: node.gid.clone(), is_commit: true }
        }
        Kind::TransStmtRollbackPrepared => {
            TransactionCommand::FinishPrepared { gid: node.gid.clone(), is_commit: false }
        }
        Kind::Undefined => return Err(incomplete("a transaction command")),
    })
}

/// The list of transaction modes of BEGIN, START and SET TRANSACTION.
fn modes(options: &[ast::Node]) -> Result<Modes> {
    let mut modes = Modes::default();
    for option in options {
        let Some(NodeEnum::DefElem(option)) = &option.node else {
            return Err(incomplete("a transaction mode"));
        };
        let value = option.arg.as_deref().and_then(constant);
        let value = value.ok_or_else(|| incomplete("a transaction mode"))?;
        match option.defname.as_str() {
            "transaction_isolation" => modes.isolation = IsolationLevel::parse(&value.text),
            "transaction_read_only" => modes.read_only = Some(value.text != "0"),
            "transaction_deferrable" => modes.deferrable = Some(value.text != "0"),
            other => return Err(Error::unsupported(format!("transaction mode \"{other}\""))),
        }
    }
    Ok(modes)
}

/// What a SET or RESET asks for.
pub fn set_command(node: &ast::VariableSetStmt) -> Result<SetCommand> {
    use ast::VariableSetKind as Kind;
    let (name, local) = (node.name.clone(), node.is_local);
    Ok(match node.kind() {
        Kind::VarSetValue => {
            let args = node.args.iter().map(|arg| set_argument(&name, arg));
            SetCommand::Value { args: args.collect::<Result<_>>()?, name, local }
        }
        Kind::VarSetDefault => SetCommand::Default { name, local, is_reset: false },
        Kind::VarReset => SetCommand::Default { name, local: false, is_reset: true },
        Kind::VarResetAll => SetCommand::ResetAll,
        Kind::VarSetMulti => match name.as_str() {
            "TRANSACTION" => SetCommand::Transaction(modes(&node.args)?),
            "TRANSACTION SNAPSHOT" => {
                let id = node.args.first().and_then(constant);
                SetCommand::Snapshot(id.ok_or_else(|| incomplete("a snapshot"))?.text)
            }
            "SESSION CHARACTERISTICS" => SetCommand::Characteristics(modes(&node.args)?),
            other => return Err(Error::unsupported(format!("SET {other}"))),
        },
        Kind::VarSetCurrent | Kind::Undefined => {
            return Err(Error::unsupported("SET … FROM CURRENT"));
        }
    })
}

fn set_argument(name: &str, node: &ast::Node) -> Result<Arg> {
    if let Some(arg) = constant(node) {
        return Ok(arg);
    }
    // SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE.
    if name.eq_ignore_ascii_case("timezone")
        && let Some(NodeEnum::TypeCast(cast)) = &node.node
        && let Some(arg) = cast.arg.as_deref().and_then(constant)
    {
        let seconds = interval_seconds(&arg.text).ok_or_else(|| {
            Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("invalid value for parameter \"TimeZone\": \"{}\"", arg.text),
            )
        })?;
        return Ok(Arg { text: (f64::from(seconds) / 3600.0).to_string(), is_string: false });
    }
    Err(Error::syntax(format!("invalid argument for parameter \"{name}\"")))
}

/// `+02:00`, `-05:30:00` as seconds.
fn interval_seconds(text: &str) -> Option<i32> {
    let (sign, clock) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.trim().trim_start_matches('+')),
    };
    let mut seconds = 0;
    for (part, scale) in clock.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i32>().ok().filter(|part| (0..1000).contains(part))? * scale;
    }
    Some(sign * seconds)
}

/// A constant as text.
fn constant(node: &ast::Node) -> Option<Arg> {
    use ast::a_const::Val;
    let string = |text: &str| Arg { text: text.to_owned(), is_string: true };
    let number = |text: String| Arg { text, is_string: false };
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => Some(match constant.val.as_ref()? {
            Val::Sval(value) => string(&value.sval),
            Val::Ival(value) => number(value.ival.to_string()),
            Val::Fval(value) => number(value.fval.clone()),
            Val::Boolval(value) => string(if value.boolval { "true" } else { "false" }),
            Val::Bsval(_) => return None,
        }),
        NodeEnum::String(value) => Some(string(&value.sval)),
        NodeEnum::Integer(value) => Some(number(value.ival.to_string())),
        NodeEnum::Float(value) => Some(number(value.fval.clone())),
        _ => None,
    }
}

fn direction(node: &ast::FetchStmt) -> Result<Direction> {
    use ast::FetchDirection as D;
    let count = node.how_many;
    Ok(match node.direction() {
        D::FetchForward if count < 0 => Direction::Backward(count.saturating_neg()),
        D::FetchForward => Direction::Forward(count),
        D::FetchBackward if count < 0 => Direction::Forward(count.saturating_neg()),
        D::FetchBackward => Direction::Backward(count),
        D::FetchAbsolute => Direction::Absolute(count),
        D::FetchRelative => Direction::Relative(count),
        D::Undefined => return Err(incomplete("FETCH")),
    })
}

fn discard(mode: ast::DiscardMode) -> Result<DiscardTarget> {
    use ast::DiscardMode as D;
    Ok(match mode {
        D::DiscardAll => DiscardTarget::All,
        D::DiscardPlans => DiscardTarget::Plans,
        D::DiscardSequences => DiscardTarget::Sequences,
        D::DiscardTemp => DiscardTarget::Temporary,
        D::Undefined => return Err(incomplete("DISCARD")),
    })
}

/// Where a statement may run, by the name it has in the error.
pub enum BlockRule {
    Inside(&'static str),
    Outside(&'static str),
}

/// The rule of a statement that has one.
pub fn block_rule(parsed: &ParsedStatement) -> Option<BlockRule> {
    Some(match &parsed.node {
        NodeEnum::LockStmt(_) => BlockRule::Inside("LOCK TABLE"),
        NodeEnum::CreatedbStmt(_) => BlockRule::Outside("CREATE DATABASE"),
        NodeEnum::DropdbStmt(_) => BlockRule::Outside("DROP DATABASE"),
        NodeEnum::AlterDatabaseStmt(alter) if moves_tablespace(alter) => {
            BlockRule::Outside("ALTER DATABASE SET TABLESPACE")
        }
        NodeEnum::AlterSystemStmt(_) => BlockRule::Outside("ALTER SYSTEM"),
        _ => BlockRule::Outside(crate::sql::stages::alone(parsed)?),
    })
}

fn moves_tablespace(alter: &ast::AlterDatabaseStmt) -> bool {
    let is_tablespace = |node: &ast::Node| match &node.node {
        Some(NodeEnum::DefElem(option)) => option.defname == "tablespace",
        _ => false,
    };
    alter.options.iter().any(is_tablespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::parse::parse;

    fn command(sql: &str) -> Command {
        Command::of(&parse(sql).unwrap()[0]).unwrap().unwrap()
    }

    #[test]
    fn transaction_modes_are_read() {
        let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY, NOT DEFERRABLE";
        let Command::Transaction(TransactionCommand::Begin { modes, start: false }) = command(sql)
        else {
            panic!()
        };
        let expected = Modes {
            isolation: Some(IsolationLevel::RepeatableRead),
            read_only: Some(true),
            deferrable: Some(false),
        };
        assert_eq!(modes, expected);
        let sql = "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE";
        let Command::Set(SetCommand::Characteristics(modes)) = command(sql) else { panic!() };
        assert_eq!(modes.read_only, Some(false));
    }

    #[test]
    fn set_takes_names_strings_and_numbers() {
        let args = |sql: &str| match command(sql) {
            Command::Set(SetCommand::Value { args, .. }) => {
                args.into_iter().map(|arg| (arg.text, arg.is_string)).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(args("SET a.b TO c, 'D e'"), [("c".into(), true), ("D e".into(), true)]);
        assert_eq!(args("SET work_mem = 1000"), [("1000".into(), false)]);
        assert_eq!(args("SET jit = off"), [("off".into(), true)]);
        assert_eq!(args("SET jit = false"), [("false".into(), true)]);
        assert_eq!(
            args("SET TIME ZONE INTERVAL '-08:30' HOUR TO MINUTE"),
            [("-8.5".into(), false)]
        );
    }

    #[test]
    fn fetch_counts_both_ways() {
        let direction = |sql: &str| match command(sql) {
            Command::Fetch(fetch) => fetch.direction,
            other => panic!("{other:?}"),
        };
        assert_eq!(direction("FETCH NEXT FROM c"), Direction::Forward(1));
        assert_eq!(direction("FETCH ALL FROM c"), Direction::Forward(i64::MAX));
        assert_eq!(direction("FETCH -3 c"), Direction::Backward(3));
        assert_eq!(direction("FETCH FIRST FROM c"), Direction::Absolute(1));
        assert_eq!(direction("MOVE PRIOR FROM c"), Direction::Backward(1));
    }
}
