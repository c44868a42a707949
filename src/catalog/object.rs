//! What exists: one struct per kind of catalog object.
//!
//! Objects are immutable and shared (`Arc`); a change replaces the object. Field
//! names follow the columns of PostgreSQL's system catalogs without their
//! prefixes, so `Function::kind` is `pg_proc.prokind`. Stored objects are
//! persisted in this form (see `store`): a new field needs `#[serde(default)]`.

use serde::{Deserialize, Serialize};

use super::inheritance::{Inheritance, Inherited};

use crate::sql::types::{self, Oid, Rank, SqlType};

/// `pg_namespace`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Schema {
    pub oid: Oid,
    pub name: String,
    pub owner: Oid,
}

/// `pg_class` with `pg_attribute`, `pg_attrdef` and `pg_index` or `pg_sequence`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Relation {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub owner: Oid,
    pub kind: RelationKind,
    /// By position: attribute number `n` is `columns[n - 1]`. Dropped columns stay.
    pub columns: Vec<Column>,
    /// Where the rows or entries are stored; apart from the OID so that
    /// TRUNCATE and rewrites can switch it. 0 for what has no storage.
    pub storage_id: u32,
    /// Incremented by each change of the columns' physical layout; rows carry
    /// the version they were written with.
    pub schema_version: u16,
    /// Indexes of this table, by OID.
    pub indexes: Vec<Oid>,
    /// Constraints of this table, by OID (the table's own; FKs pointing here are found by `Catalog::referencing`).
    pub constraints: Vec<Oid>,
    pub persistence: Persistence,
    /// What it inherits from, and how it is partitioned.
    #[serde(default)]
    pub inheritance: Inheritance,
    /// Set for a materialized view, which else is a table.
    #[serde(default)]
    pub materialized: Option<Box<Materialized>>,
    #[serde(default)]
    pub row_security: RowSecurity,
    #[serde(default)]
    pub settings: RelationSettings,
}

/// `relrowsecurity` and `relforcerowsecurity`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, std::default::Default, Serialize, Deserialize)]
pub struct RowSecurity {
    pub enabled: bool,
    /// The owner is subject to it, too.
    pub forced: bool,
}

/// What is set of a relation beside its definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RelationSettings {
    /// `reloptions`: names and values as they were given; a view has its own.
    pub options: Vec<(String, String)>,
    pub unlogged: bool,
    /// `relreplident` of a table where it is not `d`; `i` of the index that it is.
    pub replica_identity: Option<char>,
    /// `indisclustered` of an index.
    pub clustered: bool,
    /// `reloftype`: the composite type of a typed table, or 0.
    #[serde(default)]
    pub of_type: Oid,
}

/// What is set of a column beside its definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnSettings {
    /// `attstattarget`; none is the default target.
    pub statistics: Option<i32>,
    /// `attstorage` where it is not the type's.
    pub storage: Option<char>,
    /// `attcompression`.
    pub compression: Option<char>,
    /// `attoptions`.
    pub options: Vec<(String, String)>,
}

/// What a materialized view is filled from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Materialized {
    pub view: View,
    /// `relispopulated`: false until the first refresh.
    pub populated: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum RelationKind {
    Table,
    /// A system relation computed from the catalog (or the server's state).
    Virtual,
    /// The attributes of a composite type of its own; nothing is stored.
    Composite,
    View(View),
    Index(Index),
    Sequence(Sequence),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Persistence {
    Permanent,
    /// Of one session (by pid), which drops it when it ends.
    Temporary(i32, OnCommit),
}

impl Persistence {
    /// Whether it is a temporary object of another session than the one with this pid.
    pub fn is_of_another(self, pid: i32) -> bool {
        matches!(self, Persistence::Temporary(owner, _) if owner != pid)
    }
}

/// What becomes of a temporary table when a transaction commits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum OnCommit {
    PreserveRows,
    DeleteRows,
    Drop,
}

/// `pg_attribute`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub ty: SqlType,
    pub not_null: bool,
    pub default: Option<Default>,
    pub identity: Option<Identity>,
    pub dropped: bool,
    /// The schema version that added the column: rows written before it read as `missing`.
    pub since_version: u16,
    /// The value of rows older than the column (ADD COLUMN … DEFAULT const), as text input.
    pub missing: Option<String>,
    pub collation: Oid,
    #[serde(default)]
    pub inherited: Inherited,
    #[serde(default)]
    pub settings: ColumnSettings,
}

/// A column default or generation expression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Default {
    /// `pg_attrdef.oid`.
    pub oid: Oid,
    /// The expression in SQL, with every name schema-qualified as needed: it is
    /// bound again when used, and printed by `pg_get_expr`.
    pub sql: String,
    /// GENERATED ALWAYS AS (…) STORED.
    pub generated: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Identity {
    Always,
    ByDefault,
}

/// A view: its query in SQL, bound again when used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct View {
    pub sql: String,
    /// The search path under which `sql` was created and is bound.
    pub search_path: Vec<String>,
    /// `reloptions`, check_option among them: names and values as they were given.
    #[serde(default)]
    pub options: Vec<(String, String)>,
    /// Whether rows can be written through it.
    #[serde(default)]
    pub updatable: Option<super::view::Updatable>,
    /// What the names of users' objects in `sql` mean.
    #[serde(default)]
    pub names: Vec<BoundName>,
}

/// A name in a view's text, bound for good.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BoundName {
    /// Byte offset in the text.
    pub location: i32,
    pub oid: Oid,
    pub kind: BoundKind,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum BoundKind {
    /// In FROM.
    Relation {
        /// The columns that there were, under their names then.
        columns: Vec<(i16, String)>,
        alias: Option<String>,
        alias_columns: Vec<String>,
    },
    Type,
    /// A literal: `'t'::regclass`.
    Regclass,
}

/// Of a field that rows of earlier versions do not have.
fn yes() -> bool {
    true
}

/// `pg_index`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Index {
    pub table: Oid,
    pub access_method: String,
    /// Key columns, then INCLUDE columns.
    pub keys: Vec<IndexKey>,
    pub key_count: usize,
    pub unique: bool,
    pub primary: bool,
    pub nulls_not_distinct: bool,
    /// Partial index predicate, in SQL over the table's columns.
    pub predicate: Option<String>,
    /// The constraint it implements, or 0.
    pub constraint: Oid,
    /// False while it is being built: writers keep it up, queries do not use it.
    pub valid: bool,
    /// False before that: nothing is done with it.
    #[serde(default = "yes")]
    pub ready: bool,
    /// False once it is about to be dropped.
    #[serde(default = "yes")]
    pub live: bool,
    /// The index that this one is built to replace, or 0.
    #[serde(default)]
    pub replaces: Oid,
    /// The operators of an exclusion constraint; empty for other indexes.
    #[serde(default)]
    pub exclusion: Vec<Oid>,
    /// How its keys are written: [`KEY_FORM`], or 0 of one that was made when `tid` and
    /// `pg_lsn` were sorted by their text. It finds what is equal; REINDEX renews it.
    #[serde(default)]
    pub key_form: u16,
}

/// The form of keys that new indexes have.
pub const KEY_FORM: u16 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IndexKey {
    /// Attribute number, or 0 for an expression.
    pub column: i16,
    /// The expression in SQL when `column` is 0.
    pub expression: Option<String>,
    pub ty: SqlType,
    pub descending: bool,
    pub nulls_first: bool,
    pub opclass: Oid,
    /// Set by COLLATE; 0 is that of the column or expression.
    #[serde(default)]
    pub collation: Oid,
    /// Of the operator class: names and values as they were given.
    #[serde(default)]
    pub options: Vec<(String, String)>,
}

/// `pg_sequence`. The current value lives in storage, not here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sequence {
    pub ty: SqlType,
    pub start: i64,
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cache: i64,
    pub cycle: bool,
    /// The column that owns it (table OID, attribute number), for serial and identity.
    pub owned_by: Option<(Oid, i16)>,
    /// Where the present storage begins when that is not `start`: what RESTART said.
    #[serde(default)]
    pub first: Option<i64>,
}

/// `pg_type` (enum labels included).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Type {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub owner: Oid,
    /// `typlen`: bytes, -1 varlena, -2 cstring.
    pub length: i16,
    pub by_value: bool,
    pub kind: TypeKind,
    /// `typcategory`.
    pub category: char,
    pub preferred: bool,
    pub delimiter: char,
    /// The array type over this, or 0.
    pub array: Oid,
    /// The element type if this is an array (or int2vector, oidvector), or 0.
    pub element: Oid,
    /// Names of the text and binary I/O functions, for `pg_type`.
    pub input: String,
    pub output: String,
    pub receive: String,
    pub send: String,
    pub typmod_in: String,
    pub typmod_out: String,
    /// The function that makes `value[subscript]` mean something, of a type that is no
    /// array and not built in.
    #[serde(default)]
    pub subscript: String,
    pub collation: Oid,
    pub align: char,
    pub storage: char,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TypeKind {
    Base,
    /// The row type of a relation.
    Composite {
        relation: Oid,
    },
    /// Labels in sort order.
    Enum {
        labels: Vec<EnumLabel>,
    },
    Domain {
        base: SqlType,
        #[serde(default)]
        not_null: bool,
        /// In SQL, converted to the base type.
        #[serde(default)]
        default: Option<String>,
        /// Its own CHECK constraints, by OID; a base domain's are not among them.
        #[serde(default)]
        constraints: Vec<Oid>,
    },
    Pseudo,
    Range {
        subtype: Oid,
        /// `pg_range.rngsubopc`; 0 is the subtype's default class.
        #[serde(default)]
        subtype_opclass: Oid,
        /// `pg_range.rngcollation`.
        #[serde(default)]
        collation: Oid,
        /// Built-in functions by name, or empty.
        #[serde(default)]
        canonical: String,
        #[serde(default)]
        subtype_diff: String,
    },
    Multirange {
        range: Oid,
    },
}

/// `pg_enum`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnumLabel {
    pub oid: Oid,
    /// `enumsortorder`: what clients are shown of the order.
    pub sort_order: f32,
    pub name: String,
    /// What the order is kept by, in keys: it never changes.
    pub rank: Rank,
}

impl EnumLabel {
    /// The label as values need it.
    pub fn kept(&self) -> types::EnumLabel {
        types::EnumLabel { oid: self.oid, name: self.name.clone(), rank: self.rank.clone() }
    }
}

/// `pg_proc`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Function {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub owner: Oid,
    pub kind: FunctionKind,
    /// `internal` or `sql`.
    pub language: String,
    /// The kernel's symbol (`internal`) or the body (`sql`).
    pub source: String,
    /// Input argument types.
    pub args: Vec<Oid>,
    pub arg_names: Vec<String>,
    /// All arguments with modes when there are OUT, INOUT, VARIADIC or TABLE ones: (mode, type, name).
    pub all_args: Option<Vec<(char, Oid, String)>>,
    /// Default expressions of the last arguments, in SQL.
    pub defaults: Vec<String>,
    pub returns: Oid,
    pub returns_set: bool,
    /// Element type of the VARIADIC argument, or 0. `any` for VARIADIC "any".
    pub variadic: Oid,
    pub strict: bool,
    pub volatility: Volatility,
    /// What only users' functions may have other than by default.
    #[serde(default)]
    pub options: FunctionOptions,
}

impl Function {
    /// Whether it is code of this server, under its source as the symbol.
    pub fn is_native(&self) -> bool {
        self.language == "internal" || self.language == "c"
    }

    /// The schemas that names in its body are looked for in; none of a body that means what
    /// the path of who calls it says.
    pub fn body_path(&self, catalog: &super::Catalog) -> Option<Vec<Oid>> {
        let oid = |name: &String| catalog.schema_named(name).map(|schema| schema.oid);
        Some(self.options.body_path.as_ref()?.iter().filter_map(oid).collect())
    }
}

/// The further attributes of CREATE FUNCTION.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionOptions {
    pub security_definer: bool,
    pub leakproof: bool,
    /// `proparallel`: `s`, `r` or `u`; none is `s` of built-in functions, else `u`.
    pub parallel: Option<char>,
    pub cost: Option<f32>,
    pub rows: Option<f32>,
    /// `proconfig`: parameters set while it runs.
    pub config: Vec<(String, String)>,
    /// `RETURN x` or `BEGIN ATOMIC … END` as it is printed; the statements themselves
    /// are the function's source.
    pub sql_body: Option<String>,
    /// Of such a body, the names of the schemas that its own are looked for in, whatever
    /// the path of who calls it: those of its creation, or PG_CATALOG alone where all other
    /// names in the source say their schema.
    #[serde(default)]
    pub body_path: Option<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FunctionKind {
    Function,
    Aggregate,
    Window,
    Procedure,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}

/// `pg_trigger`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trigger {
    pub oid: Oid,
    pub table: Oid,
    pub name: String,
    pub function: Oid,
    pub timing: TriggerTiming,
    /// FOR EACH ROW.
    pub row: bool,
    pub events: TriggerEvents,
    /// UPDATE OF: attribute numbers; empty for any column.
    pub columns: Vec<i16>,
    /// WHEN, in SQL over `old` and `new`.
    pub when: Option<String>,
    pub args: Vec<String>,
    /// `tgenabled`: `O` origin, `D` disabled, `R` replica, `A` always.
    pub enabled: char,
    /// CREATE CONSTRAINT TRIGGER.
    pub constraint: Option<TriggerConstraint>,
    /// REFERENCING OLD TABLE and NEW TABLE.
    pub old_table: Option<String>,
    pub new_table: Option<String>,
    /// `tgparentid`: the partitioned table's trigger that this one is a copy of, or 0.
    #[serde(default)]
    pub parent: Oid,
}

/// `pg_rewrite`, but for the rules that make views.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    pub oid: Oid,
    pub table: Oid,
    pub name: String,
    pub event: RuleEvent,
    pub instead: bool,
    /// `ev_enabled`, as a trigger's.
    pub enabled: char,
    /// WHERE, over `old` and `new`.
    pub condition: Option<RuleText>,
    /// Empty for NOTHING.
    pub actions: Vec<RuleText>,
    /// Names of schemas, as they were when the rule was made.
    pub search_path: Vec<String>,
    /// The columns that `old` and `new` have, under their names then.
    pub columns: Vec<(i16, String)>,
}

/// A piece of a rule, and what the names in it mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RuleText {
    pub sql: String,
    pub names: Vec<BoundName>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RuleEvent {
    Insert,
    Update,
    Delete,
}

impl RuleEvent {
    pub fn word(self) -> &'static str {
        match self {
            RuleEvent::Insert => "INSERT",
            RuleEvent::Update => "UPDATE",
            RuleEvent::Delete => "DELETE",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TriggerEvents {
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
    pub truncate: bool,
}

/// What CREATE CONSTRAINT TRIGGER adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TriggerConstraint {
    /// `pg_constraint.oid`.
    pub oid: Oid,
    /// FROM: another table that the constraint is about, or 0.
    pub from: Oid,
    pub deferrable: bool,
    pub initially_deferred: bool,
}

/// `pg_policy`: which rows of a table a role may see and write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Policy {
    pub oid: Oid,
    pub table: Oid,
    pub name: String,
    pub command: PolicyCommand,
    /// Of permissive policies one has to allow a row, of restrictive ones all.
    pub permissive: bool,
    /// The roles it is for; 0 is PUBLIC.
    pub roles: Vec<Oid>,
    /// USING: about rows that are there.
    pub using: Option<PolicyCondition>,
    /// WITH CHECK: about rows that are written.
    pub check: Option<PolicyCondition>,
}

/// A policy's condition, kept as a view is: as the query `SELECT condition FROM table`,
/// so that it means what its names meant when it was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyCondition {
    pub query: View,
}

/// `polcmd`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PolicyCommand {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

impl PolicyCommand {
    pub fn letter(self) -> char {
        match self {
            PolicyCommand::All => '*',
            PolicyCommand::Select => 'r',
            PolicyCommand::Insert => 'a',
            PolicyCommand::Update => 'w',
            PolicyCommand::Delete => 'd',
        }
    }

    /// Whether a policy for this is one for `command`.
    pub fn covers(self, command: PolicyCommand) -> bool {
        self == PolicyCommand::All || self == command
    }
}

/// `pg_aggregate`: what is not in the function's own row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Aggregate {
    pub function: Oid,
    /// `n` normal, `o` ordered-set, `h` hypothetical-set.
    pub kind: char,
    pub direct_args: i16,
    /// The aggregate kernel's symbol; empty for one that calls its functions.
    pub kernel: String,
    /// `aggsortop`: min and max are the first value in this operator's order; 0 for others.
    pub sort_operator: Oid,
    /// The functions that it is made of; of a kernel, those that PostgreSQL has for it.
    #[serde(default)]
    pub plain: Transition,
    /// Those that go back, too, for frames of a window that move.
    #[serde(default)]
    pub moving: Option<Box<Transition>>,
}

/// How an aggregate is computed from rows: the columns of `pg_aggregate` that there are
/// twice, with the functions as OIDs, or 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub function: Oid,
    /// The type of the state; polymorphic where the arguments are.
    pub state: Oid,
    pub state_space: i32,
    pub finish: Oid,
    /// Whether the final function takes the aggregated arguments' types.
    pub finish_extra: bool,
    /// `r`, `s` or `w`: whether it leaves the state as it was.
    pub finish_modify: char,
    /// The first state, as text.
    pub initial: Option<String>,
    /// Takes a value back out of the state; only of a moving one.
    pub inverse: Oid,
    /// Only of a plain one: what would bring states of several workers together.
    pub combine: Oid,
    pub serialize: Oid,
    pub deserialize: Oid,
}

impl Aggregate {
    /// Whether its rows go through functions rather than a kernel.
    pub fn calls_functions(&self) -> bool {
        self.kernel.is_empty()
    }
}

/// `pg_operator`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operator {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    /// 0 for a prefix operator.
    pub left: Oid,
    pub right: Oid,
    pub result: Oid,
    /// The implementing function; 0 of a shell, which only others name so far.
    pub function: Oid,
    pub commutator: Oid,
    pub negator: Oid,
    pub can_merge: bool,
    pub can_hash: bool,
    #[serde(default = "bootstrap_role")]
    pub owner: Oid,
    /// `oprrest` and `oprjoin`.
    #[serde(default)]
    pub restrict: Oid,
    #[serde(default)]
    pub join: Oid,
}

fn bootstrap_role() -> Oid {
    super::BOOTSTRAP_ROLE
}

/// `pg_cast`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cast {
    pub oid: Oid,
    pub source: Oid,
    pub target: Oid,
    pub method: CastMethod,
    pub context: CastContext,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CastMethod {
    Function(Oid),
    Binary,
    InOut,
}

/// In which contexts a cast applies by itself; each includes the ones before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum CastContext {
    Implicit,
    Assignment,
    Explicit,
}

/// `pg_constraint`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Constraint {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    /// The table it is on; 0 for a domain's.
    pub table: Oid,
    pub kind: ConstraintKind,
    pub deferrable: bool,
    pub initially_deferred: bool,
    pub validated: bool,
    #[serde(default)]
    pub inherited: Inherited,
    /// CHECK … NO INHERIT.
    #[serde(default)]
    pub no_inherit: bool,
    /// The constraint of the partitioned table that this one belongs to, or 0.
    #[serde(default)]
    pub parent: Oid,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ConstraintKind {
    /// In SQL over the table's columns.
    Check {
        sql: String,
        columns: Vec<i16>,
    },
    /// A domain's, in SQL over `VALUE`; `table` is 0 then.
    DomainCheck {
        domain: Oid,
        sql: String,
    },
    PrimaryKey {
        index: Oid,
        columns: Vec<i16>,
    },
    Unique {
        index: Oid,
        columns: Vec<i16>,
    },
    /// Per column its operator; 0 stands for an expression among the columns.
    Exclusion {
        index: Oid,
        columns: Vec<i16>,
        operators: Vec<Oid>,
    },
    ForeignKey(ForeignKey),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ForeignKey {
    pub columns: Vec<i16>,
    pub referenced_table: Oid,
    pub referenced_columns: Vec<i16>,
    /// The unique index on the referenced table.
    pub referenced_index: Oid,
    pub on_update: ReferentialAction,
    pub on_delete: ReferentialAction,
    /// ON DELETE SET NULL/DEFAULT (columns); empty means all.
    pub delete_set_columns: Vec<i16>,
    pub match_full: bool,
    /// Rows that refer are not checked: DISABLE TRIGGER ALL of the table.
    #[serde(default)]
    pub check_disabled: bool,
    /// Rows that are referred to may go: DISABLE TRIGGER ALL of the referenced table.
    #[serde(default)]
    pub action_disabled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReferentialAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

/// `pg_authid` and `pg_auth_members`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub oid: Oid,
    pub name: String,
    pub superuser: bool,
    pub inherit: bool,
    pub create_role: bool,
    pub create_db: bool,
    pub login: bool,
    pub replication: bool,
    pub bypass_rls: bool,
    pub connection_limit: i32,
    /// A SCRAM verifier in PostgreSQL's format, never a password.
    pub verifier: Option<String>,
    pub valid_until: Option<String>,
    pub member_of: Vec<Oid>,
    /// Who granted each membership, and whether the role may grant it on.
    #[serde(default)]
    pub memberships: Vec<Membership>,
}

impl Role {
    /// A role of which nothing is known: it has no rights of its own.
    pub fn unknown(oid: Oid) -> Role {
        Role {
            oid,
            name: oid.to_string(),
            superuser: false,
            inherit: false,
            create_role: false,
            create_db: false,
            login: false,
            replication: false,
            bypass_rls: false,
            connection_limit: -1,
            verifier: None,
            valid_until: None,
            member_of: Vec::new(),
            memberships: Vec::new(),
        }
    }
}

/// `pg_auth_members`, beyond the two roles.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Membership {
    pub group: Oid,
    pub grantor: Oid,
    pub admin: bool,
}

/// `pg_database`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Database {
    pub oid: Oid,
    pub name: String,
    pub owner: Oid,
    pub is_template: bool,
    pub allow_connections: bool,
    /// -1 is no limit.
    #[serde(default = "no_limit")]
    pub connection_limit: i32,
}

fn no_limit() -> i32 {
    -1
}

impl std::default::Default for Database {
    /// A database as CREATE DATABASE makes it, without a name.
    fn default() -> Database {
        Database {
            oid: 0,
            name: String::new(),
            owner: super::BOOTSTRAP_ROLE,
            is_template: false,
            allow_connections: true,
            connection_limit: no_limit(),
        }
    }
}

/// `pg_db_role_setting`: what sessions of a database, of a role, or of both begin with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Their own number; PostgreSQL has none, the catalog needs one.
    pub oid: Oid,
    /// 0 for all databases.
    pub database: Oid,
    /// 0 for all roles.
    pub role: Oid,
    /// Names and values, in the order they were set first.
    pub values: Vec<(String, String)>,
}

/// `pg_opclass`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperatorClass {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub owner: Oid,
    pub access_method: String,
    pub family: Oid,
    pub input: Oid,
    pub is_default: bool,
    /// The type stored in the index when it is not `input`, or 0.
    pub key_type: Oid,
}

/// `pg_opfamily` with its `pg_amop` and `pg_amproc` entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperatorFamily {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub owner: Oid,
    pub access_method: String,
    pub operators: Vec<FamilyOperator>,
    pub functions: Vec<FamilyFunction>,
}

/// `pg_amop`: an operator that an index of the family answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FamilyOperator {
    pub oid: Oid,
    pub left: Oid,
    pub right: Oid,
    pub strategy: i16,
    pub operator: Oid,
    /// The btree family that sorts the operator's result (`FOR ORDER BY`), or 0.
    pub sort_family: Oid,
}

/// `pg_amproc`: a support function of the family.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FamilyFunction {
    pub oid: Oid,
    pub left: Oid,
    pub right: Oid,
    pub number: i16,
    pub function: Oid,
}

/// `pg_am`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessMethod {
    pub oid: Oid,
    pub name: String,
    /// The handler's function name.
    pub handler: String,
    /// The handler, of a method that is an extension's.
    #[serde(default)]
    pub handler_function: Oid,
    /// `i` index, `t` table.
    pub kind: char,
}

/// `pg_extension`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Extension {
    pub oid: Oid,
    pub name: String,
    pub owner: Oid,
    pub schema: Oid,
    pub relocatable: bool,
    pub version: String,
    /// The objects that are there because of it and go with it.
    #[serde(default)]
    pub members: Vec<ObjectAddress>,
    /// Its tables whose rows are dumped, each with the condition by which
    /// (`pg_extension_config_dump`).
    #[serde(default)]
    pub config: Vec<(Oid, String)>,
}

/// `pg_description` and `pg_shdescription`: COMMENT ON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comment {
    /// The comment's own number; PostgreSQL has none, the catalog needs one.
    pub oid: Oid,
    pub on: ObjectAddress,
    pub text: String,
}

/// What one object needs beyond what its own fields say: the columns, functions
/// and types that its expressions or its query mention.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct References {
    /// The dependent object (for a default: the `pg_attrdef` OID).
    pub oid: Oid,
    pub edges: Vec<Dependency>,
}

/// `pg_collation`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Collation {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub provider: char,
    pub locale: String,
}

/// `pg_statistic` of one table, with `pg_class.reltuples`: what ANALYZE found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statistics {
    pub table: Oid,
    /// Rows of the table.
    pub rows: f64,
    pub columns: Vec<ColumnStatistics>,
}

/// `pg_statistic`. Values are in their type's text form, in ISO styles.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ColumnStatistics {
    /// Attribute number.
    pub column: i16,
    /// The column's type then: statistics of another type are of no use.
    pub ty: Oid,
    pub null_fraction: f32,
    /// Average bytes of a value.
    pub width: i32,
    /// `stadistinct`: a number, or if negative the part of the rows; 0 is unknown.
    pub distinct: f32,
    /// Most common values and the part of the rows that has each.
    pub common: Vec<(String, f32)>,
    pub histogram: Vec<String>,
    pub correlation: Option<f32>,
}

/// One edge of `pg_depend`: `object` needs `referenced`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Dependency {
    pub object: ObjectAddress,
    pub referenced: ObjectAddress,
    /// `n` normal, `a` auto, `i` internal.
    pub kind: char,
}

/// `(classid, objid, objsubid)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ObjectAddress {
    pub class: Oid,
    pub oid: Oid,
    pub sub: i32,
}
