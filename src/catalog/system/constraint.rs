//! `pg_constraint`.

use super::cell::*;
use super::lookup::Lookup;
use crate::catalog::{
    Catalog, Constraint, ConstraintKind, ForeignKey, PG_CATALOG, ReferentialAction, Relation,
    Trigger,
};
use crate::sql::types::{Datum, Oid};

pub(super) fn pg_constraint(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let own = catalog.find_constraints(lookup);
    let triggers = catalog.triggers().filter_map(|trigger| trigger_row(catalog, trigger));
    own.map(|constraint| constraint_row(catalog, constraint)).chain(triggers).collect()
}

/// A constraint trigger.
fn trigger_row(catalog: &Catalog, trigger: &Trigger) -> Option<Row> {
    let constraint = trigger.constraint?;
    let table = catalog.relation(trigger.table)?;
    let nulls = |count| std::iter::repeat_n(Datum::Null, count);
    let mut row = vec![
        oid(constraint.oid),
        text(&trigger.name),
        oid(table.schema),
        char('t'),
        boolean(constraint.deferrable),
        boolean(constraint.initially_deferred),
        boolean(true),
        oid(trigger.table),
        oid(0),
        oid(0),
        oid(0),
        oid(0),
        char(' '),
        char(' '),
        char(' '),
        boolean(true),
        int4(0),
        boolean(true),
    ];
    row.extend(nulls(8));
    Some(row)
}

impl Constraint {
    pub fn is_check(&self) -> bool {
        matches!(self.kind, ConstraintKind::Check { .. })
    }

    pub fn is_foreign_key(&self) -> bool {
        matches!(self.kind, ConstraintKind::ForeignKey(_))
    }

    /// The constrained columns' attribute numbers.
    pub fn columns(&self) -> &[i16] {
        match &self.kind {
            ConstraintKind::Check { columns, .. }
            | ConstraintKind::PrimaryKey { columns, .. }
            | ConstraintKind::Exclusion { columns, .. }
            | ConstraintKind::Unique { columns, .. } => columns,
            ConstraintKind::ForeignKey(key) => &key.columns,
            ConstraintKind::DomainCheck { .. } => &[],
        }
    }

    /// The domain it is on, or 0.
    pub fn domain(&self) -> Oid {
        match self.kind {
            ConstraintKind::DomainCheck { domain, .. } => domain,
            _ => 0,
        }
    }

    /// The index that implements it (for a foreign key: the referenced one), or 0.
    pub fn index(&self) -> Oid {
        match &self.kind {
            ConstraintKind::Check { .. } | ConstraintKind::DomainCheck { .. } => 0,
            ConstraintKind::PrimaryKey { index, .. }
            | ConstraintKind::Exclusion { index, .. }
            | ConstraintKind::Unique { index, .. } => *index,
            ConstraintKind::ForeignKey(key) => key.referenced_index,
        }
    }
}

fn constraint_row(catalog: &Catalog, constraint: &Constraint) -> Row {
    let key = match &constraint.kind {
        ConstraintKind::ForeignKey(key) => Some(key),
        _ => None,
    };
    let check = match &constraint.kind {
        ConstraintKind::Check { sql, .. } | ConstraintKind::DomainCheck { sql, .. } => Some(sql),
        _ => None,
    };
    let equality = |tables: fn(&ForeignKey, Oid) -> Ends<'_>| match key {
        Some(key) => oid_array(equality_operators(catalog, tables(key, constraint.table))),
        None => Datum::Null,
    };
    let letter = |of: fn(&ForeignKey) -> char| char(key.map_or(' ', of));
    vec![
        oid(constraint.oid),
        text(&constraint.name),
        oid(constraint.schema),
        char(match constraint.kind {
            ConstraintKind::Check { .. } | ConstraintKind::DomainCheck { .. } => 'c',
            ConstraintKind::PrimaryKey { .. } => 'p',
            ConstraintKind::Unique { .. } => 'u',
            ConstraintKind::Exclusion { .. } => 'x',
            ConstraintKind::ForeignKey(_) => 'f',
        }),
        boolean(constraint.deferrable),
        boolean(constraint.initially_deferred),
        boolean(constraint.validated),
        oid(constraint.table),
        oid(constraint.domain()),
        oid(constraint.index()),
        oid(constraint.parent),
        oid(key.map_or(0, |key| key.referenced_table)),
        letter(|key| action(key.on_update)),
        letter(|key| action(key.on_delete)),
        letter(|key| if key.match_full { 'f' } else { 's' }),
        boolean(constraint.inherited.local),
        int4(i32::from(constraint.inherited.count)),
        boolean(is_not_inherited(catalog, constraint)),
        match constraint.columns() {
            [] => Datum::Null,
            columns => int2_array(columns.iter().copied()),
        },
        key.map_or(Datum::Null, |key| int2_array(key.referenced_columns.iter().copied())),
        equality(|key, table| (key.referenced_table, &key.referenced_columns, table, &key.columns)),
        equality(|key, _| {
            let (table, columns) = (key.referenced_table, &key.referenced_columns);
            (table, columns, table, columns)
        }),
        equality(|key, table| (table, &key.columns, table, &key.columns)),
        match key {
            Some(key) if !key.delete_set_columns.is_empty() => {
                int2_array(key.delete_set_columns.iter().copied())
            }
            _ => Datum::Null,
        },
        match &constraint.kind {
            ConstraintKind::Exclusion { operators, .. } => oid_array(operators.iter().copied()),
            _ => Datum::Null,
        },
        text_or_null(check),
    ]
}

/// The two sides that a foreign key's `=` operators compare: table and columns.
type Ends<'a> = (Oid, &'a [i16], Oid, &'a [i16]);

fn equality_operators(catalog: &Catalog, ends: Ends<'_>) -> Vec<Oid> {
    let (left_table, left_columns, right_table, right_columns) = ends;
    let ty = |table: Option<&Relation>, attnum: i16| {
        super::class::table_column(&table?.columns, attnum).map(|column| column.ty.oid)
    };
    let table = |oid| catalog.relation(oid).map(|relation| &**relation);
    let (left_table, right_table) = (table(left_table), table(right_table));
    left_columns
        .iter()
        .zip(right_columns)
        .map(|(left, right)| {
            let (left, right) = (ty(left_table, *left), ty(right_table, *right));
            left.zip(right).and_then(|(left, right)| equality(catalog, left, right)).unwrap_or(0)
        })
        .collect()
}

impl Catalog {
    /// The `=` of a type, by which its values are the same.
    pub fn equality_operator(&self, ty: Oid) -> Option<Oid> {
        equality(self, ty, ty)
    }
}

fn equality(catalog: &Catalog, left: Oid, right: Oid) -> Option<Oid> {
    let operator =
        |left, right| catalog.operator_for(&[PG_CATALOG], None, "=", left, right).ok().flatten();
    let through_class = || {
        let class = catalog.operator_class(catalog.default_operator_class("btree", left)?)?;
        operator(class.input, class.input)
    };
    operator(left, right).or_else(through_class).map(|operator| operator.oid)
}

fn action(action: ReferentialAction) -> char {
    match action {
        ReferentialAction::NoAction => 'a',
        ReferentialAction::Restrict => 'r',
        ReferentialAction::Cascade => 'c',
        ReferentialAction::SetNull => 'n',
        ReferentialAction::SetDefault => 'd',
    }
}

/// `connoinherit`: a CHECK says so; what belongs to a partitioned table's is inherited.
fn is_not_inherited(catalog: &Catalog, constraint: &Constraint) -> bool {
    match constraint.kind {
        ConstraintKind::Check { .. } => constraint.no_inherit,
        ConstraintKind::DomainCheck { .. } => false,
        ConstraintKind::ForeignKey(_) if constraint.parent == 0 => {
            !catalog.relation(constraint.table).is_some_and(|table| table.is_partitioned())
        }
        _ => constraint.parent == 0,
    }
}
