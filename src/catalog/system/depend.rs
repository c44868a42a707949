//! `pg_depend`, `pg_shdepend`, `pg_description` and `pg_shdescription`.

use super::cell::*;
use super::description::is_shared_class;
use super::function::language_named;
use super::lookup::Lookup;
use crate::catalog::{
    AclItem, Catalog, Dependency, ObjectAddress, RULE_OID_OFFSET, Relation, RelationKind, Type,
    TypeKind, relation_oid,
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
    if let Some(extension) = catalog.extension_named("plpgsql") {
        let owner = ObjectAddress::new(relation_oid::PG_EXTENSION, extension.oid);
        let members = ["plpgsql_call_handler", "plpgsql_inline_handler", "plpgsql_validator"];
        for member in members {
            push(ObjectAddress::function(catalog.builtin_function(member)), owner, 'e');
        }
        if let Some((language, _)) = language_named("plpgsql") {
            push(ObjectAddress::new(relation_oid::PG_LANGUAGE, language), owner, 'e');
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

/// Owners of users' objects and the roles of policies; the bootstrap role is pinned and
/// not listed.
pub(super) fn pg_shdepend(catalog: &Catalog) -> Vec<Row> {
    let owned = catalog
        .relations()
        .map(|o| (o.address(), o.owner))
        .chain(catalog.types().map(|o| (o.address(), o.owner)))
        .chain(catalog.functions().map(|o| (o.address(), o.owner)))
        .chain(catalog.schemas().map(|o| (o.address(), o.owner)))
        .chain(catalog.databases().map(|o| (o.address(), o.owner)));
    let owned = owned.map(|(address, owner)| (address, owner, 'o'));
    let of_policies = catalog
        .policies()
        .flat_map(|policy| policy.roles.iter().map(|role| (policy.address(), *role, 'r')));
    owned
        .chain(of_policies)
        .filter(|(address, role, _)| {
            address.oid >= types::FIRST_NORMAL && *role >= types::FIRST_NORMAL
        })
        .map(|(address, role, kind)| {
            vec![
                oid(if is_shared_class(address.class) { 0 } else { catalog.database }),
                oid(address.class),
                oid(address.oid),
                int4(0),
                oid(relation_oid::PG_AUTHID),
                oid(role),
                char(kind),
            ]
        })
        .collect()
}

impl Catalog {
    /// How many objects of this database a role owns, or has privileges on.
    pub fn uses_of_role(&self, role: Oid) -> usize {
        let is_part = |relation: &Relation| match &relation.kind {
            RelationKind::Index(_) => true,
            RelationKind::Sequence(sequence) => sequence.owned_by.is_some(),
            _ => false,
        };
        let owned = self.relations().filter(|o| o.owner == role && !is_part(o)).count()
            + self.functions().filter(|o| o.owner == role).count()
            + self.schemas().filter(|o| o.owner == role).count()
            + self.extensions().filter(|o| o.owner == role).count()
            + self.types().filter(|o| o.owner == role && is_own_type(self, o)).count();
        let mentions =
            |items: &[AclItem]| items.iter().any(|it| it.grantee == role || it.grantor == role);
        let lists = self.access_lists().filter(|list| !is_shared_class(list.on.class));
        let lists = lists.filter(|list| {
            let owner = self.guarded(list.on).map(|guarded| guarded.owner);
            mentions(&list.items) && owner != Some(role)
        });
        let defaults = self.all_default_privileges();
        let defaults = defaults.filter(|found| found.role == role || mentions(&found.items));
        let policies = self.policies().filter(|policy| policy.roles.contains(&role));
        owned + lists.count() + defaults.count() + policies.count()
    }
}

/// Whether a type is no array and no row type, which go with something else.
fn is_own_type(catalog: &Catalog, ty: &Type) -> bool {
    let is_row_type = match ty.kind {
        TypeKind::Composite { relation } => {
            catalog.relation(relation).is_some_and(|relation| relation.name == ty.name)
        }
        _ => false,
    };
    !ty.is_true_array() && !is_row_type
}

pub(super) fn pg_description(catalog: &Catalog, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    let wanted = lookup.and_then(|lookup| lookup.oids(&["objoid"]));
    described(catalog)
        .filter(|(on, _)| !is_shared_class(on.class))
        .filter(|(on, _)| wanted.as_ref().is_none_or(|oids| oids.contains(&on.oid)))
        .map(|(on, said)| vec![oid(on.oid), oid(on.class), int4(on.sub), text(said)])
        .collect()
}

pub(super) fn pg_shdescription(catalog: &Catalog) -> Vec<Row> {
    described(catalog)
        .filter(|(on, _)| is_shared_class(on.class))
        .map(|(on, said)| vec![oid(on.oid), oid(on.class), text(said)])
        .collect()
}

/// What is said of all objects, of the built-in ones first.
fn described(catalog: &Catalog) -> impl Iterator<Item = (ObjectAddress, String)> + '_ {
    let builtin = catalog.builtin_descriptions().into_iter();
    let users = catalog.comments().map(|comment| (comment.on, comment.text.clone()));
    builtin.map(|(on, said)| (on, said.to_owned())).chain(users)
}
