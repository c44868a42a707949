//! What stored expressions and views refer to, recorded for DROP and `pg_depend`.
//!
//! Everything else an object needs is in its own fields (an index names its
//! table, a constraint its columns), and the catalog derives those edges.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Ddl;
use crate::catalog::{Dependency, ObjectAddress, ObjectClass, References};
use crate::sql::ir::{Expr, ExprKind, Rel, Scan, visit};
use crate::sql::types::{Datum, oid};

impl Ddl<'_> {
    /// Records what the expressions of `object` mention.
    pub fn record_references<'e>(
        &mut self,
        object: ObjectAddress,
        exprs: impl IntoIterator<Item = &'e Expr>,
    ) {
        let found = Found::default();
        for expr in exprs {
            found.expression(expr);
        }
        self.put_references(object, found);
    }

    /// Records what a view's query mentions.
    pub fn record_query_references(&mut self, object: ObjectAddress, query: &Rel) {
        let found = Found::default();
        found.relation(query);
        self.put_references(object, found);
    }

    fn put_references(&mut self, object: ObjectAddress, found: Found) {
        let users_own = found
            .addresses
            .into_inner()
            .into_iter()
            .filter(|address| address.oid >= oid::FIRST_NORMAL && *address != object);
        let edges: Vec<_> =
            users_own.map(|referenced| Dependency { object, referenced, kind: 'n' }).collect();
        if edges.is_empty() {
            self.remove(ObjectClass::References, object.oid);
        } else {
            self.put(References { oid: object.oid, edges });
        }
    }
}

/// The objects met while walking an expression or a query.
#[derive(Default)]
struct Found {
    addresses: RefCell<BTreeSet<ObjectAddress>>,
}

impl Found {
    fn expression(&self, expr: &Expr) {
        visit::expressions(expr, &mut |expr| self.note(expr), &mut |scan| self.note_scan(scan));
    }

    fn relation(&self, rel: &Rel) {
        visit::relations(rel, &mut |expr| self.note(expr), &mut |scan| self.note_scan(scan));
    }

    fn note(&self, expr: &Expr) {
        self.add(ObjectAddress::type_(expr.ty.oid));
        match &expr.kind {
            ExprKind::Call(call) => self.add(call.function.address()),
            // nextval('s'::regclass): the constant is the sequence.
            ExprKind::Const(Datum::Oid(value)) if expr.ty.oid == oid::REGCLASS => {
                self.add(ObjectAddress::relation(*value));
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
