//! What stored expressions and views refer to, recorded for DROP and `pg_depend`.
//!
//! Everything else an object needs is in its own fields (an index names its
//! table, a constraint its columns), and the catalog derives those edges.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Ddl;
use crate::catalog::{Dependency, ObjectAddress, ObjectClass, References, Relation};
use crate::sql::ir::{Expr, ExprKind, Rel, Scan, Statement, visit};
use crate::sql::types::{Datum, Oid, oid};

impl Ddl<'_> {
    /// Records what the expressions of `object` mention.
    pub fn record_references<'e>(
        &mut self,
        object: ObjectAddress,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) {
        let found = Found::of(exprs);
        self.put_references(object.oid, object, found.needed());
    }

    /// As [`Ddl::record_references`], for an index, which goes with the columns of the
    /// table that its expressions read.
    pub fn record_index_references<'e>(
        &mut self,
        index: ObjectAddress,
        table: Oid,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) {
        let found = Found::of(exprs);
        let mut edges = found.needed();
        edges.extend(found.columns_of(table).map(|column| (column, 'a')));
        self.put_references(index.oid, index, edges);
    }

    /// As [`Ddl::record_references`], for a generated column, which needs the columns
    /// that it is computed from; kept under its default's OID.
    pub fn record_generated_references(
        &mut self,
        default: Oid,
        column: ObjectAddress,
        expr: &Expr,
    ) {
        let found = Found::of([expr]);
        let mut edges = found.needed();
        edges.extend(found.columns_of(column.oid).map(|column| (column, 'n')));
        self.put_references(default, column, edges);
    }

    /// As [`Ddl::record_references`], for the WHEN of a trigger, whose columns are those of
    /// the old row and then of the new one.
    pub fn record_trigger_references(
        &mut self,
        trigger: ObjectAddress,
        relation: &Relation,
        expr: &Expr,
    ) {
        let found = Found::of([expr]);
        let width = relation.columns.len() as i16;
        let mut edges = found.needed();
        let columns: BTreeSet<i16> = found
            .columns
            .take()
            .into_iter()
            .filter(|attnum| *attnum <= 2 * width)
            .map(|attnum| if attnum > width { attnum - width } else { attnum })
            .collect();
        edges.extend(
            columns.into_iter().map(|attnum| (ObjectAddress::column(relation.oid, attnum), 'n')),
        );
        self.put_references(trigger.oid, trigger, edges);
    }

    /// Records what a view's query mentions, and the primary keys that its grouping
    /// relies on.
    pub fn record_query_references(&mut self, view: ObjectAddress, query: &Rel, keys: &[Oid]) {
        let found = Found::default();
        found.relation(query);
        let mut edges = found.needed();
        edges.extend(keys.iter().map(|key| (ObjectAddress::constraint(*key), 'n')));
        self.put_references(view.oid, view, edges);
    }

    /// Records what the conditions of a policy mention.
    pub fn record_policy_references(&mut self, policy: ObjectAddress, table: Oid, queries: &[Rel]) {
        let found = Found::default();
        queries.iter().for_each(|query| found.relation(query));
        // With its table a policy goes anyway.
        let mut needed = found.needed();
        needed.retain(|(address, _)| *address != ObjectAddress::relation(table));
        self.put_references(policy.oid, policy, needed);
    }

    /// As [`Ddl::record_query_references`], for what a rule's actions read and write.
    pub fn record_rule_references(
        &mut self,
        rule: ObjectAddress,
        table: Oid,
        statements: &[&Statement],
    ) {
        let found = Found::default();
        let mut edges = Vec::new();
        for statement in statements {
            found.relation(visit::statement_rel(statement));
            visit::statement_expressions(statement, &mut |expr| found.expression(expr));
            let written = match statement {
                Statement::Insert(insert) => Some(insert.relation.oid),
                Statement::Update(update) => Some(update.target.relation.oid),
                Statement::Delete(delete) => Some(delete.target.relation.oid),
                _ => None,
            };
            edges.extend(written.map(|oid| (ObjectAddress::relation(oid), 'n')));
        }
        edges.extend(found.needed());
        edges.retain(|(address, _)| address.whole() != ObjectAddress::relation(table));
        self.put_references(rule.oid, rule, edges);
    }

    fn put_references(
        &mut self,
        oid: Oid,
        object: ObjectAddress,
        needed: Vec<(ObjectAddress, char)>,
    ) {
        let users_own = needed
            .into_iter()
            .filter(|(address, _)| address.oid >= oid::FIRST_NORMAL && *address != object);
        let edges: Vec<_> =
            users_own.map(|(referenced, kind)| Dependency { object, referenced, kind }).collect();
        if edges.is_empty() {
            self.remove(ObjectClass::References, oid);
        } else {
            self.put(References { oid, edges });
        }
    }
}

/// The objects met while walking an expression or a query.
#[derive(Default)]
struct Found {
    addresses: RefCell<BTreeSet<ObjectAddress>>,
    /// Columns of the relation that the expressions are over.
    columns: RefCell<BTreeSet<i16>>,
}

impl Found {
    fn of<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> Found {
        let found = Found::default();
        exprs.into_iter().for_each(|expr| found.expression(expr));
        found
    }

    /// A relation of which columns are mentioned is not listed by itself.
    fn needed(&self) -> Vec<(ObjectAddress, char)> {
        let addresses = self.addresses.borrow();
        let has_column = |whole: &ObjectAddress| {
            let columns =
                ObjectAddress { sub: 1, ..*whole }..ObjectAddress { sub: i32::MAX, ..*whole };
            addresses.range(columns).next().is_some()
        };
        let stated = addresses.iter().filter(|address| address.sub != 0 || !has_column(address));
        stated.map(|address| (*address, 'n')).collect()
    }

    fn columns_of(&self, relation: Oid) -> impl Iterator<Item = ObjectAddress> {
        self.columns.take().into_iter().map(move |attnum| ObjectAddress::column(relation, attnum))
    }

    fn expression(&self, expr: &Expr) {
        visit::each_in_expr(expr, &mut |expr| self.note(expr), &mut |scan| self.note_scan(scan));
    }

    fn relation(&self, rel: &Rel) {
        visit::each_in_rel(rel, &mut |expr| self.note(expr), &mut |scan| self.note_scan(scan));
    }

    fn note(&self, expr: &Expr) {
        self.add(ObjectAddress::type_(expr.ty.oid));
        match &expr.kind {
            ExprKind::Call(call) => self.add(call.function.address()),
            // nextval('s'::regclass): the constant is the sequence.
            ExprKind::Const(Datum::Oid(value)) if expr.ty.oid == oid::REGCLASS => {
                self.add(ObjectAddress::relation(*value));
            }
            // In an expression over a relation, the id is the attribute number.
            ExprKind::Column(id) => {
                self.columns.borrow_mut().extend(i16::try_from(id.0).ok());
            }
            _ => {}
        }
    }

    fn note_scan(&self, scan: &Scan) {
        self.add(scan.relation.address());
        for (attnum, _) in &scan.columns {
            if *attnum > 0 {
                self.add(ObjectAddress::column(scan.relation.oid, *attnum));
            }
        }
    }

    fn add(&self, address: ObjectAddress) {
        self.addresses.borrow_mut().insert(address);
    }
}
