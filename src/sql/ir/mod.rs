//! The typed tree: what the binder produces and the planner consumes.
//!
//! Every name is resolved and every expression typed. A relation's output is a
//! list of [`ColumnId`]s; an id is unique within the statement, so a column
//! reference never needs a qualifier, and a reference to an id that the
//! surrounding [`Rel`] does not produce is an outer (correlated) reference.
//!
//! ```text
//! SELECT a + 1 FROM t WHERE b = $1
//!   Project [c3 := int4pl(c1, 1)]
//!     Filter int4eq(c2, $1)
//!       Scan t [c1 := a, c2 := b]
//! ```

pub mod visit;

use std::sync::Arc;

use super::types::{Datum, Oid, SqlType};
use crate::catalog::{Aggregate, Function, Relation};

/// Names one column produced somewhere in a statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ColumnId(pub u32);

/// Names one common table expression within a statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CteId(pub u32);

/// A scalar expression with its PostgreSQL type.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: SqlType,
    /// Byte offset in the statement's text, or -1.
    pub location: i32,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Const(Datum),
    /// `$n`, counted from 0.
    Param(usize),
    Column(ColumnId),
    /// A function, operator or cast function. `args` are already coerced to the
    /// function's (resolved) argument types; a VARIADIC tail is one array.
    Call(Call),
    /// A cast that changes nothing but the type (binary-coercible, relabel).
    Relabel(Box<Expr>),
    /// A value that becomes one of the expression's type, a domain, if the domain's
    /// constraints allow it.
    CoerceToDomain(Box<Expr>),
    /// A cast through the types' text forms (PostgreSQL's CoerceViaIO).
    CoerceViaText(Box<Expr>),
    /// An array cast, element by element; `element` reads `ExprKind::Element`.
    ArrayCoerce {
        array: Box<Expr>,
        element: Box<Expr>,
    },
    /// The current element inside `ArrayCoerce`.
    Element,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    IsNotNull(Box<Expr>),
    /// `x IS [NOT] TRUE/FALSE/UNKNOWN`: true when `x` is (is not) `value`.
    BoolTest {
        arg: Box<Expr>,
        value: Option<bool>,
        negated: bool,
    },
    /// `a IS [NOT] DISTINCT FROM b`; `equal` is the `=` call over both.
    Distinct {
        equal: Box<Call>,
        negated: bool,
    },
    /// `operand` is set for the simple form, whose `when`s are then already
    /// `operand = value` calls over `ExprKind::CaseOperand`.
    Case {
        operand: Option<Box<Expr>>,
        whens: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    CaseOperand,
    Coalesce(Vec<Expr>),
    /// `NULLIF(a, b)`: NULL when `equal` (over a and b) is true, else `a`.
    NullIf {
        equal: Box<Call>,
    },
    Greatest(Vec<Expr>),
    Least(Vec<Expr>),
    /// `left op ANY/ALL (array)`; `operator` is the boolean function of `op`.
    ArrayCompare {
        operator: Arc<Function>,
        left: Box<Expr>,
        array: Box<Expr>,
        all: bool,
    },
    /// `x IN (a, b, …)` over constants or expressions of one type: `=` function.
    InList {
        equal: Arc<Function>,
        left: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    /// `ARRAY[…]`; the elements have the array's element type, or are arrays
    /// (`nested`) of it.
    Array {
        elements: Vec<Expr>,
        nested: bool,
    },
    /// `a[i]`, `a[i][j]`; on int2vector and oidvector the lower bound is 0. On a value that
    /// is no array (`functions::subscript`) there is one, a text.
    Subscript {
        array: Box<Expr>,
        indexes: Vec<Expr>,
    },
    /// `a[l:u]`: bounds per dimension.
    Slice {
        array: Box<Expr>,
        bounds: Vec<(Option<Expr>, Option<Expr>)>,
    },
    Row(Vec<Expr>),
    /// `(record).field`, by position from 0.
    Field {
        record: Box<Expr>,
        index: usize,
    },
    Subquery(Box<Subquery>),
    /// `nextval`-like per-row functions and everything else is a `Call`;
    /// `DEFAULT` in INSERT and UPDATE is resolved by the binder.
    /// `GROUPING(a, b)`: indexes into the aggregate's group-by list.
    Grouping(Vec<usize>),
}

#[derive(Clone, Debug)]
pub struct Call {
    pub function: Arc<Function>,
    pub args: Vec<Expr>,
    pub ty: SqlType,
    /// Whether it is written in a form of SQL's own, as `EXTRACT(year FROM x)` is.
    pub sql_syntax: bool,
}

#[derive(Clone, Debug)]
pub struct Subquery {
    pub kind: SubqueryKind,
    pub query: Query,
}

#[derive(Clone, Debug)]
pub enum SubqueryKind {
    /// One row, one column; more rows are `21000`.
    Scalar,
    Exists,
    /// `left op ANY/ALL (SELECT …)`: `test` compares `left` expressions with the
    /// query's output columns (as `Column`s); IN is `= ANY`, NOT IN is `<> ALL`.
    Quantified {
        test: Box<Expr>,
        all: bool,
    },
    /// `ARRAY(SELECT …)`.
    Array,
}

/// A relational expression. `columns()` names what it produces, in order.
#[derive(Clone, Debug)]
pub enum Rel {
    /// One row without columns: `SELECT 1`.
    OneRow,
    Scan(Scan),
    Values {
        columns: Vec<OutputColumn>,
        rows: Vec<Vec<Expr>>,
    },
    /// Set-returning (or any) functions in FROM, side by side (ROWS FROM).
    Functions(FunctionScan),
    Cte {
        id: CteId,
        columns: Vec<OutputColumn>,
    },
    Filter {
        input: Box<Rel>,
        predicate: Expr,
    },
    /// The input's rows; no condition from above, and no function, sees others.
    Barrier {
        input: Box<Rel>,
    },
    /// Computes columns; produces exactly `exprs`.
    Project {
        input: Box<Rel>,
        exprs: Vec<(OutputColumn, Expr)>,
    },
    /// Set-returning functions in a select list, in lockstep (PostgreSQL 10+
    /// rules). Produces the input's columns followed by the calls' columns.
    ProjectSet {
        input: Box<Rel>,
        calls: Vec<(OutputColumn, Call)>,
    },
    /// `lateral`: the right side may refer to the left side's columns.
    Join {
        kind: JoinKind,
        left: Box<Rel>,
        right: Box<Rel>,
        on: Option<Expr>,
        lateral: bool,
    },
    /// Produces the group-by columns followed by the aggregates' columns.
    Aggregate {
        input: Box<Rel>,
        group_by: Vec<(OutputColumn, Expr)>,
        /// Index lists into `group_by`; `None` is the one set of all of them.
        grouping_sets: Option<Vec<Vec<usize>>>,
        aggregates: Vec<(OutputColumn, AggregateCall)>,
    },
    /// Produces the input's columns followed by the calls' columns.
    Window {
        input: Box<Rel>,
        calls: Vec<(OutputColumn, WindowCall)>,
    },
    Sort {
        input: Box<Rel>,
        keys: Vec<SortKey>,
    },
    Limit {
        input: Box<Rel>,
        limit: Option<Expr>,
        offset: Option<Expr>,
        with_ties: Vec<SortKey>,
    },
    /// DISTINCT over all columns, or DISTINCT ON: the first row per `on` value
    /// in the order of the input.
    Distinct {
        input: Box<Rel>,
        on: Option<Vec<Expr>>,
    },
    SetOp {
        kind: SetOpKind,
        all: bool,
        left: Box<Rel>,
        right: Box<Rel>,
        columns: Vec<OutputColumn>,
    },
    /// WITH RECURSIVE: `recursive` reads the working table through `Cte { id }`.
    RecursiveUnion {
        id: CteId,
        all: bool,
        initial: Box<Rel>,
        recursive: Box<Rel>,
        columns: Vec<OutputColumn>,
    },
    /// FOR UPDATE/SHARE over the scans named by their row-identity columns.
    LockRows {
        input: Box<Rel>,
        locks: Vec<RowLock>,
    },
    With {
        ctes: Vec<Cte>,
        body: Box<Rel>,
    },
}

/// A produced column: identity, name as the client sees it, and type.
#[derive(Clone, Debug)]
pub struct OutputColumn {
    pub id: ColumnId,
    pub name: String,
    pub ty: SqlType,
    /// The table column it is a plain copy of, for RowDescription.
    pub origin: Option<(Oid, i16)>,
}

/// A scan of a stored table or a virtual system relation.
#[derive(Clone, Debug)]
pub struct Scan {
    pub relation: Arc<Relation>,
    /// The columns read: attribute number and the id it is known by.
    pub columns: Vec<(i16, OutputColumn)>,
    /// Set when the row's identity (its rid, as int8) is needed too.
    pub rid: Option<ColumnId>,
    /// The rows of the tables that inherit from this one are read, too.
    pub descendants: bool,
    /// The name that the query gives it, or empty: EXPLAIN shows it.
    pub alias: String,
}

impl Scan {
    /// The column that tells which table of a family a row is of.
    pub fn tableoid(&self) -> Option<ColumnId> {
        let found = self.columns.iter().find(|(number, _)| *number == system_column::TABLEOID);
        found.map(|(_, column)| column.id)
    }
}

/// Attribute numbers of PostgreSQL's system columns.
pub mod system_column {
    pub const CTID: i16 = -1;
    pub const XMIN: i16 = -2;
    pub const CMIN: i16 = -3;
    pub const XMAX: i16 = -4;
    pub const CMAX: i16 = -5;
    pub const TABLEOID: i16 = -6;
}

#[derive(Clone, Debug)]
pub struct FunctionScan {
    /// Each call with the columns it contributes.
    pub calls: Vec<(Call, Vec<OutputColumn>)>,
    /// WITH ORDINALITY: the extra int8 column.
    pub ordinality: Option<OutputColumn>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetOpKind {
    Union,
    Intersect,
    Except,
}

#[derive(Clone, Debug)]
pub struct SortKey {
    pub expr: Expr,
    pub descending: bool,
    pub nulls_first: bool,
}

#[derive(Clone, Debug)]
pub struct AggregateCall {
    pub function: Arc<Function>,
    pub aggregate: Arc<Aggregate>,
    /// Coerced; empty for `count(*)`. Direct arguments of ordered-set
    /// aggregates come first.
    pub args: Vec<Expr>,
    pub distinct: bool,
    pub order_by: Vec<SortKey>,
    pub filter: Option<Expr>,
    pub ty: SqlType,
}

#[derive(Clone, Debug)]
pub struct WindowCall {
    pub function: WindowFunction,
    pub args: Vec<Expr>,
    pub filter: Option<Expr>,
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<SortKey>,
    pub frame: Frame,
    pub ty: SqlType,
    pub name: WindowName,
}

/// How a call names a window of the WINDOW clause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WindowName {
    None,
    /// `OVER w`
    Named(String),
    /// `OVER (w ORDER BY a)`
    Refined,
}

#[derive(Clone, Debug)]
pub enum WindowFunction {
    /// `row_number`, `rank`, `lag` …: a function of kind `w`.
    Window(Arc<Function>),
    Aggregate(Arc<Function>, Arc<Aggregate>),
}

#[derive(Clone, Debug)]
pub struct Frame {
    pub units: FrameUnits,
    pub start: FrameBound,
    pub end: FrameBound,
    pub exclusion: FrameExclusion,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameUnits {
    Rows,
    Range,
    Groups,
}

#[derive(Clone, Debug)]
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(Box<Expr>),
    CurrentRow,
    Following(Box<Expr>),
    UnboundedFollowing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameExclusion {
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

#[derive(Clone, Debug)]
pub struct RowLock {
    pub relation: Arc<Relation>,
    /// The `Scan::rid` column of the locked scan.
    pub rid: ColumnId,
    /// Where the scan reads a family of tables: which of them the row is of.
    pub tableoid: Option<ColumnId>,
    pub strength: RowLockStrength,
    pub wait: LockWaitPolicy,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RowLockStrength {
    KeyShare,
    Share,
    NoKeyUpdate,
    Update,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockWaitPolicy {
    Block,
    SkipLocked,
    NoWait,
}

#[derive(Clone, Debug)]
pub struct Cte {
    pub id: CteId,
    pub name: String,
    pub columns: Vec<OutputColumn>,
    pub body: CteBody,
    /// MATERIALIZED, or referenced more than once, or volatile.
    pub materialized: bool,
}

#[derive(Clone, Debug)]
pub enum CteBody {
    Query(Box<Rel>),
    /// A data-modifying statement; its RETURNING list is the output.
    Modify(Box<Statement>),
}

/// A whole query: its relation and the columns sent to the client, which may be
/// fewer than the relation produces (ORDER BY expressions are "junk").
#[derive(Clone, Debug)]
pub struct Query {
    pub rel: Rel,
    pub output: Vec<OutputColumn>,
}

/// A bound statement that the planner runs.
#[derive(Clone, Debug)]
pub enum Statement {
    Query(Query),
    Insert(Insert),
    Update(Update),
    Delete(Delete),
    Merge(Merge),
    /// What rules have made of a statement.
    Several(Several),
}

/// The statements that rules make of one, in the order in which they are run.
#[derive(Clone, Debug)]
pub struct Several {
    /// The relation that the statement was about.
    pub relation: Arc<Relation>,
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub verb: &'static str,
    pub parts: Vec<(Statement, RuleSource)>,
    /// Which of them counts for the client and gives it rows.
    pub tagged: Option<usize>,
    /// No rows of its own.
    pub nothing: Rel,
}

/// Where a statement comes from that rules have made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleSource {
    Original,
    Instead,
    Also,
    /// NOTIFY.
    Utility,
}

impl Several {
    pub fn tagged(&self) -> Option<&Statement> {
        self.parts.get(self.tagged?).map(|(part, _)| part)
    }
}

impl Statement {
    /// RETURNING of what the client gets rows from.
    pub fn returning(&self) -> Option<&Returning> {
        match self {
            Statement::Query(_) | Statement::Merge(_) => None,
            Statement::Insert(insert) => insert.returning.as_ref(),
            Statement::Update(update) => update.returning.as_ref(),
            Statement::Delete(delete) => delete.returning.as_ref(),
            Statement::Several(several) => several.tagged()?.returning(),
        }
    }

    pub fn returning_mut(&mut self) -> Option<&mut Option<Returning>> {
        match self {
            Statement::Query(_) | Statement::Merge(_) => None,
            Statement::Insert(insert) => Some(&mut insert.returning),
            Statement::Update(update) => Some(&mut update.returning),
            Statement::Delete(delete) => Some(&mut delete.returning),
            Statement::Several(several) => {
                several.parts.get_mut(several.tagged?)?.0.returning_mut()
            }
        }
    }
}

#[derive(Clone, Debug)]
pub struct Insert {
    pub relation: Arc<Relation>,
    /// Produces one column per entry of `columns`, coerced for assignment.
    pub source: Query,
    /// Target attribute numbers, in the order of the source's output. Columns
    /// not named here take their default (see `defaults`).
    pub columns: Vec<i16>,
    /// For attributes not in `columns`: the default's expression (constant NULL
    /// columns are left out). Generated columns are computed by `table`.
    pub defaults: Vec<(i16, Expr)>,
    pub on_conflict: Option<OnConflict>,
    /// WITH CHECK OPTION of the views that the table is written through.
    pub checks: Vec<RowCheck>,
    pub policies: PolicyChecks,
    /// OVERRIDING SYSTEM/USER VALUE has been applied by the binder.
    pub returning: Option<Returning>,
}

#[derive(Clone, Debug)]
pub struct OnConflict {
    /// The arbiter indexes' OIDs; empty means any unique index (DO NOTHING only).
    pub arbiters: Vec<Oid>,
    pub action: ConflictAction,
}

#[derive(Clone, Debug)]
pub enum ConflictAction {
    Nothing,
    Update {
        /// Target row's columns as the expressions below name them.
        target: Scan,
        /// `excluded.*` as the expressions below name them (attnum, column).
        excluded: Vec<(i16, OutputColumn)>,
        assignments: Vec<(i16, Expr)>,
        condition: Option<Expr>,
    },
}

#[derive(Clone, Debug)]
pub struct Update {
    /// The target; `rid` is always set, and all columns are read.
    pub target: Scan,
    /// Produces the target's columns and rid, joined with FROM and filtered.
    pub input: Rel,
    /// New values by attribute number, over `input`'s columns.
    pub assignments: Vec<(i16, Expr)>,
    /// WHERE CURRENT OF: the cursor whose row is meant.
    pub current_of: Option<String>,
    /// WITH CHECK OPTION of the views that the table is written through.
    pub checks: Vec<RowCheck>,
    pub policies: PolicyChecks,
    pub returning: Option<Returning>,
}

/// What the policies of the target ask of rows, by what is done to them.
#[derive(Clone, Default, Debug)]
pub struct PolicyChecks {
    /// Of rows to be inserted.
    pub insert: Vec<RowCheck>,
    /// Of the new versions of rows.
    pub update: Vec<RowCheck>,
    /// Of rows that ON CONFLICT or MERGE is about to update.
    pub update_target: Vec<RowCheck>,
    /// Of rows that MERGE is about to delete.
    pub delete_target: Vec<RowCheck>,
}

/// Who asks for a condition.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// WITH CHECK OPTION of a view.
    View(String),
    Policy {
        table: String,
        /// A restrictive policy by name; the permissive ones speak together.
        policy: Option<String>,
        /// It is about the row that is there.
        is_target: bool,
        /// It is the USING condition.
        is_using: bool,
    },
}

/// A condition on a row that is written.
#[derive(Clone, Debug)]
pub struct RowCheck {
    pub kind: CheckKind,
    /// The row's columns as the predicate names them.
    pub row: Vec<(i16, OutputColumn)>,
    pub predicate: Expr,
}

#[derive(Clone, Debug)]
pub struct Delete {
    pub target: Scan,
    pub input: Rel,
    /// As an update's.
    pub current_of: Option<String>,
    pub returning: Option<Returning>,
}

/// RETURNING: expressions over the new (for DELETE: old) row, whose columns are
/// known by `row`'s ids, and over the other columns of the statement's input.
#[derive(Clone, Debug)]
pub struct Returning {
    pub row: Vec<(i16, OutputColumn)>,
    pub exprs: Vec<(OutputColumn, Expr)>,
}

#[derive(Clone, Debug)]
pub struct Merge {
    /// The target; `rid` is set, and NULL in `input` where nothing matched.
    pub target: Scan,
    /// The source joined with the target.
    pub input: Rel,
    /// Of those for a row's kind, the first whose condition holds is carried out.
    pub actions: Vec<MergeAction>,
    pub policies: PolicyChecks,
}

/// WHEN [NOT] MATCHED [AND condition] THEN …
#[derive(Clone, Debug)]
pub struct MergeAction {
    pub matched: bool,
    pub condition: Option<Expr>,
    pub kind: MergeKind,
}

#[derive(Clone, Debug)]
pub enum MergeKind {
    Nothing,
    Delete,
    Update {
        assignments: Vec<(i16, Expr)>,
    },
    Insert {
        columns: Vec<i16>,
        values: Vec<Expr>,
        /// For attributes not in `columns`.
        defaults: Vec<(i16, Expr)>,
    },
}
