//! A compiled function: its variables and its statements.

use std::sync::Arc;

use crate::error::Report;
use crate::sql::parse::ParsedStatement;
use crate::sql::routine::plan::Plan;
use crate::sql::types::{Oid, SqlType};
use crate::sqlstate::SqlState;

/// A variable's number.
pub type Dno = usize;

/// A function's body with everything that was declared in it.
pub struct Body {
    pub block: Block,
    pub variables: Vec<Variable>,
    /// Where the arguments go, in order.
    pub arguments: Vec<Dno>,
    /// The output parameters: none, or the one, or the fields of the result.
    pub outputs: Vec<(String, Dno)>,
    pub found: Dno,
    /// Of a trigger function.
    pub trigger: Option<TriggerVariables>,
    /// As errors name it: `f(integer)`.
    pub signature: String,
    /// PRAGMA-like options.
    pub print_strict_params: bool,
    /// What was suspicious.
    pub warnings: Vec<Report>,
}

pub struct TriggerVariables {
    pub new: Dno,
    pub old: Dno,
    pub name: Dno,
    pub when: Dno,
    pub level: Dno,
    pub op: Dno,
    pub relid: Dno,
    pub relname: Dno,
    pub table_name: Dno,
    pub table_schema: Dno,
    pub nargs: Dno,
    pub argv: Dno,
}

/// A declared variable.
#[derive(Clone)]
pub struct Variable {
    pub name: String,
    pub kind: VariableKind,
    pub constant: bool,
    pub not_null: bool,
    pub default: Option<Arc<Expr>>,
    pub line: u32,
}

#[derive(Clone)]
pub enum VariableKind {
    Scalar(SqlType),
    /// A scalar whose type comes with its value: the operand of CASE.
    Untyped,
    /// A record; of a row type, if it was declared with one.
    Record(Option<SqlType>),
    Cursor(Arc<CursorDeclaration>),
}

/// `c CURSOR (args) FOR query`.
pub struct CursorDeclaration {
    pub query: Arc<Expr>,
    pub arguments: Vec<(String, Dno)>,
    pub scroll: Option<bool>,
}

/// What a name means at one place of the body: the innermost first.
pub type Namespace = Option<Arc<Entry>>;

pub struct Entry {
    pub item: Item,
    pub outer: Namespace,
}

#[derive(Clone)]
pub enum Item {
    /// A block or loop begins here; what is outside of it stands beyond.
    Label {
        name: Option<String>,
        is_loop: bool,
    },
    Variable {
        name: String,
        dno: Dno,
        is_record: bool,
    },
}

/// A piece of SQL: an expression or a statement.
pub struct Expr {
    pub plan: Plan,
    /// As errors show it.
    pub shown: String,
    /// What to take from a position in the parsed text for one in `shown`.
    pub shift: i32,
    pub kind: ExprKind,
    pub namespace: Namespace,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExprKind {
    Expression,
    Assignment,
    Statement,
}

impl Expr {
    pub fn parsed(&self) -> &ParsedStatement {
        &self.plan.parsed
    }
}

/// Where a value goes.
pub struct Target {
    pub dno: Dno,
    pub steps: Vec<Step>,
}

/// From a variable to a part of it.
pub enum Step {
    Field(String),
    Index(Arc<Expr>),
    Slice(Option<Arc<Expr>>, Option<Arc<Expr>>),
}

/// Where a row goes.
pub enum Into {
    Record(Dno),
    List(Vec<Target>),
}

pub struct Block {
    pub label: Option<String>,
    /// The variables that begin anew when the block is entered.
    pub declared: Vec<Dno>,
    pub body: Vec<Statement>,
    pub handlers: Option<Handlers>,
}

pub struct Handlers {
    pub sqlstate: Dno,
    pub sqlerrm: Dno,
    pub handlers: Vec<Handler>,
}

pub struct Handler {
    pub conditions: Vec<Condition>,
    pub body: Vec<Statement>,
}

#[derive(Clone, Copy)]
pub enum Condition {
    Others,
    Code(SqlState),
}

pub struct Statement {
    pub line: u32,
    pub kind: Kind,
}

pub enum Kind {
    Block(Block),
    Assign {
        target: Target,
        value: Arc<Expr>,
    },
    If {
        branches: Vec<(Arc<Expr>, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    Case {
        /// The operand and the hidden variable that keeps it.
        operand: Option<(Arc<Expr>, Dno)>,
        whens: Vec<(Arc<Expr>, Vec<Statement>)>,
        otherwise: Option<Vec<Statement>>,
    },
    Loop {
        label: Option<String>,
        body: Vec<Statement>,
    },
    While {
        label: Option<String>,
        condition: Arc<Expr>,
        body: Vec<Statement>,
    },
    ForInteger {
        label: Option<String>,
        variable: Dno,
        lower: Arc<Expr>,
        upper: Arc<Expr>,
        step: Option<Arc<Expr>>,
        reverse: bool,
        body: Vec<Statement>,
    },
    ForQuery {
        label: Option<String>,
        into: Into,
        query: Query,
        body: Vec<Statement>,
    },
    ForCursor {
        label: Option<String>,
        record: Dno,
        cursor: Dno,
        arguments: Vec<Arc<Expr>>,
        body: Vec<Statement>,
    },
    Foreach {
        label: Option<String>,
        target: Into,
        slice: usize,
        array: Arc<Expr>,
        body: Vec<Statement>,
    },
    Exit {
        is_exit: bool,
        label: Option<String>,
        condition: Option<Arc<Expr>>,
    },
    Return(Option<Arc<Expr>>),
    ReturnNext(Option<Arc<Expr>>),
    ReturnQuery(Query),
    Raise(Raise),
    Assert {
        condition: Arc<Expr>,
        message: Option<Arc<Expr>>,
    },
    Perform(Arc<Expr>),
    Call {
        statement: Arc<Expr>,
        is_do: bool,
    },
    Sql {
        statement: Arc<Expr>,
        into: Option<(Into, bool)>,
    },
    Execute {
        query: Arc<Expr>,
        into: Option<(Into, bool)>,
        using: Vec<Arc<Expr>>,
    },
    GetDiagnostics {
        stacked: bool,
        items: Vec<(Target, Diagnostic)>,
    },
    Open {
        cursor: Dno,
        source: OpenSource,
        scroll: Option<bool>,
    },
    Fetch {
        cursor: Dno,
        direction: Direction,
        into: Option<Into>,
    },
    Close(Dno),
    EndTransaction {
        commit: bool,
        chain: bool,
    },
    Null,
}

pub enum Query {
    Static(Arc<Expr>),
    Dynamic { query: Arc<Expr>, using: Vec<Arc<Expr>> },
}

pub enum OpenSource {
    /// A bound cursor's own query, with arguments.
    Bound(Vec<Arc<Expr>>),
    Query(Query),
}

pub enum Direction {
    /// So many forward (negative: backward) from here; none is all.
    Count {
        backward: bool,
        count: FetchCount,
    },
    Absolute(Arc<Expr>),
    Relative(Arc<Expr>),
    First,
    Last,
}

pub enum FetchCount {
    One,
    All,
    Expr(Arc<Expr>),
}

pub struct Raise {
    pub level: RaiseLevel,
    /// `RAISE` alone: the error that is being handled.
    pub again: bool,
    pub code: Option<(SqlState, String)>,
    pub message: Option<String>,
    pub arguments: Vec<Arc<Expr>>,
    pub options: Vec<(RaiseOption, Arc<Expr>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RaiseLevel {
    Debug,
    Log,
    Info,
    Notice,
    Warning,
    Exception,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RaiseOption {
    Errcode,
    Message,
    Detail,
    Hint,
    Column,
    Constraint,
    Datatype,
    Table,
    Schema,
}

impl RaiseOption {
    pub fn name(self) -> &'static str {
        match self {
            RaiseOption::Errcode => "ERRCODE",
            RaiseOption::Message => "MESSAGE",
            RaiseOption::Detail => "DETAIL",
            RaiseOption::Hint => "HINT",
            RaiseOption::Column => "COLUMN",
            RaiseOption::Constraint => "CONSTRAINT",
            RaiseOption::Datatype => "DATATYPE",
            RaiseOption::Table => "TABLE",
            RaiseOption::Schema => "SCHEMA",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Diagnostic {
    RowCount,
    RoutineOid,
    Context,
    ErrorContext,
    ErrorDetail,
    ErrorHint,
    ReturnedSqlstate,
    ColumnName,
    ConstraintName,
    DatatypeName,
    MessageText,
    TableName,
    SchemaName,
}

impl Kind {
    /// As errors name the statement.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Block(_) => "statement block",
            Kind::Assign { .. } => "assignment",
            Kind::If { .. } => "IF",
            Kind::Case { .. } => "CASE",
            Kind::Loop { .. } => "LOOP",
            Kind::While { .. } => "WHILE",
            Kind::ForInteger { .. } => "FOR with integer loop variable",
            Kind::ForQuery { query: Query::Static(_), .. } => "FOR over SELECT rows",
            Kind::ForQuery { query: Query::Dynamic { .. }, .. } => "FOR over EXECUTE statement",
            Kind::ForCursor { .. } => "FOR over cursor",
            Kind::Foreach { .. } => "FOREACH over array",
            Kind::Exit { is_exit: true, .. } => "EXIT",
            Kind::Exit { is_exit: false, .. } => "CONTINUE",
            Kind::Return(_) => "RETURN",
            Kind::ReturnNext(_) => "RETURN NEXT",
            Kind::ReturnQuery(_) => "RETURN QUERY",
            Kind::Raise(_) => "RAISE",
            Kind::Assert { .. } => "ASSERT",
            Kind::Perform(_) => "PERFORM",
            Kind::Call { is_do: false, .. } => "CALL",
            Kind::Call { is_do: true, .. } => "DO",
            Kind::Sql { .. } => "SQL statement",
            Kind::Execute { .. } => "EXECUTE",
            Kind::GetDiagnostics { stacked: false, .. } => "GET DIAGNOSTICS",
            Kind::GetDiagnostics { stacked: true, .. } => "GET STACKED DIAGNOSTICS",
            Kind::Open { .. } => "OPEN",
            Kind::Fetch { into: Some(_), .. } => "FETCH",
            Kind::Fetch { into: None, .. } => "MOVE",
            Kind::Close(_) => "CLOSE",
            Kind::EndTransaction { commit: true, .. } => "COMMIT",
            Kind::EndTransaction { commit: false, .. } => "ROLLBACK",
            Kind::Null => "NULL",
        }
    }
}

/// What a dotted name means in a namespace.
pub enum Found {
    Variable(Dno),
    /// A record, and the field that the next part of the name is.
    Field(Dno, String),
}

/// Looks a dotted name up, the innermost block first.
pub fn find(namespace: &Namespace, names: &[&str]) -> Option<Found> {
    let mut at = namespace.as_ref();
    // The variables of the level so far, for a label that ends it.
    let mut level: Vec<(&str, Dno, bool)> = Vec::new();
    while let Some(entry) = at {
        match &entry.item {
            Item::Variable { name, dno, is_record } => {
                if name == names[0] {
                    match names {
                        [_] => return Some(Found::Variable(*dno)),
                        [_, field] if *is_record => {
                            return Some(Found::Field(*dno, (*field).to_owned()));
                        }
                        _ => {}
                    }
                }
                level.push((name, *dno, *is_record));
            }
            Item::Label { name, .. } => {
                if names.len() > 1 && name.as_deref() == Some(names[0]) {
                    let found = level.iter().find(|(name, ..)| *name == names[1]);
                    match (found, names) {
                        (Some((_, dno, _)), [_, _]) => return Some(Found::Variable(*dno)),
                        (Some((_, dno, true)), [_, _, field]) => {
                            return Some(Found::Field(*dno, (*field).to_owned()));
                        }
                        _ => {}
                    }
                }
                level.clear();
            }
        }
        at = entry.outer.as_ref();
    }
    None
}

/// A block or loop by its label: whether it is a loop.
pub fn find_label(namespace: &Namespace, wanted: &str) -> Option<bool> {
    let mut at = namespace.as_ref();
    while let Some(entry) = at {
        if let Item::Label { name: Some(name), is_loop } = &entry.item
            && name == wanted
        {
            return Some(*is_loop);
        }
        at = entry.outer.as_ref();
    }
    None
}

/// Whether there is a loop around.
pub fn is_in_loop(namespace: &Namespace) -> bool {
    let mut at = namespace.as_ref();
    while let Some(entry) = at {
        if matches!(entry.item, Item::Label { is_loop: true, .. }) {
            return true;
        }
        at = entry.outer.as_ref();
    }
    false
}

/// What a function is compiled for.
pub struct Purpose {
    pub returns_set: bool,
    pub result: SqlType,
    pub is_procedure: bool,
    pub is_trigger: bool,
    /// The table of a trigger.
    pub table: Oid,
    /// CREATE FUNCTION checks the body, too, for what is only suspicious.
    pub creation: bool,
}
