//! `pg_depend`, `pg_shdepend`, `pg_description` and `pg_shdescription`.

use super::cell::*;
use super::lookup::Lookup;
use crate::catalog::{
    Catalog, Comment, Dependency, ObjectAddress, RULE_OID_OFFSET, Relation, relation_oid,
};
use crate::sql::types::{Oid, oid as types};

pub(super) fn pg_depend(catalog: &Catalog) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut push = |object: ObjectAddress, referenced: ObjectAddress, kind: char| {
        rows.push(vec![
            oid(object.class),
            oid(object.oid),
            int4(object.sub),
            oid(referenced.class),
            oid(referenced.oid),
            int4(referenced.sub),
            char(kind),
        ]);
    };
    for Dependency { object, referenced, kind } in catalog.dependencies() {
        match view_of(catalog, object).filter(|_| referenced.class != relation_oid::PG_NAMESPACE) {
            Some(view) => push(rule(view), referenced, kind),
            None => push(object, referenced, kind),
        }
    }
    let is_view = |relation: &Relation| relation.view().is_some();
    for view in catalog.relations().filter(|r| r.oid >= types::FIRST_NORMAL && is_view(r)) {
        push(rule(view.oid), view.address(), 'i');
    }
    rows
}

/// The view that depends, if it is one: in PostgreSQL its rule does.
fn view_of(catalog: &Catalog, object: ObjectAddress) -> Option<Oid> {
    let relation = catalog.relation(object.oid).filter(|_| object.class == relation_oid::PG_CLASS);
    relation
        .filter(|relation| relation.view().is_some() && object.sub == 0)
        .map(|relation| relation.oid)
}

fn rule(view: Oid) -> ObjectAddress {
    ObjectAddress::new(relation_oid::PG_REWRITE, view.wrapping_add(RULE_OID_OFFSET))
}

/// Owners of users' objects; the bootstrap role is pinned and not listed.
pub(super) fn pg_shdepend(catalog: &Catalog) -> Vec<Row> {
    let database = catalog.databases().find(|d| d.oid == DATABASE).map_or(0, |d| d.oid);
    let owned = catalog
        .relations()
        .map(|o| (o.address(), o.owner))
        .chain(catalog.types().map(|o| (o.address(), o.owner)))
        .chain(catalog.functions().map(|o| (o.address(), o.owner)))
        .chain(catalog.schemas().map(|o| (o.address(), o.owner)));
    owned
        .filter(|(address, owner)| {
            address.oid >= types::FIRST_NORMAL && *owner >= types::FIRST_NORMAL
        })
        .map(|(address, owner)| {
            vec![
                oid(database),
                oid(address.class),
                oid(address.oid),
                int4(0),
                oid(relation_oid::PG_AUTHID),
                oid(owner),
                char('o'),
            ]
        })
        .collect()
}

/// The database whose objects this catalog holds.
const DATABASE: Oid = 5;

/// Classes of objects that all databases share: their comments are apart.
fn is_shared(comment: &Comment) -> bool {
    matches!(
        comment.on.class,
        relation_oid::PG_AUTHID | relation_oid::PG_DATABASE | relation_oid::PG_TABLESPACE
    )
}

pub(super) fn pg_description(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let wanted = lookup.and_then(|lookup| lookup.oids(&["objoid"]));
    catalog
        .comments()
        .filter(|comment| !is_shared(comment))
        .filter(|comment| wanted.as_ref().is_none_or(|oids| oids.contains(&comment.on.oid)))
        .map(|comment| {
            let on = comment.on;
            vec![oid(on.oid), oid(on.class), int4(on.sub), text(&comment.text)]
        })
        .collect()
}

pub(super) fn pg_shdescription(catalog: &Catalog) -> Vec<Row> {
    catalog
        .comments()
        .filter(|comment| is_shared(comment))
        .map(|comment| vec![oid(comment.on.oid), oid(comment.on.class), text(&comment.text)])
        .collect()
}
