//! `pg_depend`, `pg_shdepend`, `pg_description` and `pg_shdescription`.

use std::collections::BTreeSet;

use super::cell::*;
use super::description::is_shared_class;
use super::function::language_named;
use super::lookup::Lookup;
use crate::catalog::{
    AclItem, Catalog, Dependency, ObjectAddress, Relation, RelationKind, Type, TypeKind,
    relation_oid, rule_of_view,
};
use crate::sql::types::{Oid, oid as types};

/// Those of users' objects; those of the system's own are listed rows.
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
    for dependency in catalog.dependencies() {
        let Dependency { object, referenced, kind } = dependency;
        if let Some(view) = view_of(catalog, object).filter(|_| !is_of_relations(referenced.class))
        {
            push(rule(view), referenced, kind);
            continue;
        }
        if let Some(table) = table_of_part(catalog, &dependency) {
            push(object, referenced, PARTITION_PRIMARY);
            push(object, ObjectAddress::relation(table), PARTITION_SECONDARY);
            continue;
        }
        push(generated_default(catalog, &dependency).unwrap_or(object), referenced, kind);
        if is_column_of_check(catalog, &dependency) {
            push(object, referenced, NORMAL);
        }
    }
    let is_view = |relation: &Relation| relation.view().is_some();
    for view in catalog.relations().filter(|r| r.oid >= types::FIRST_NORMAL && is_view(r)) {
        push(rule(view.oid), view.address(), 'i');
        push(rule(view.oid), view.address(), NORMAL);
    }
    for function in catalog.functions().filter(|f| f.oid >= types::FIRST_NORMAL) {
        if let Some((language, _)) = language_named(&function.language)
            && !is_pinned(language)
        {
            let language = ObjectAddress::new(relation_oid::PG_LANGUAGE, language);
            push(function.address(), language, NORMAL);
        }
    }
    for privileges in catalog.all_default_privileges() {
        if privileges.schema != types::INVALID {
            let object = ObjectAddress::new(relation_oid::PG_DEFAULT_ACL, privileges.oid);
            push(object, ObjectAddress::schema(privileges.schema), 'a');
        }
    }
    rows
}

const NORMAL: char = 'n';
/// What the part of a partitioned object depends on: the object of the parent, and its
/// own table.
const PARTITION_PRIMARY: char = 'P';
const PARTITION_SECONDARY: char = 'S';

/// The languages that PostgreSQL is made with: nothing is noted of them.
fn is_pinned(language: Oid) -> bool {
    language < 100
}

/// The table of an index, constraint or trigger that is part of one of a partitioned table.
fn table_of_part(catalog: &Catalog, dependency: &Dependency) -> Option<Oid> {
    let Dependency { object, referenced, kind } = dependency;
    if *kind != 'i' || object.class != referenced.class {
        return None;
    }
    match object.class {
        relation_oid::PG_CLASS => match &catalog.relation(object.oid)?.kind {
            RelationKind::Index(index) => Some(index.table),
            _ => None,
        },
        relation_oid::PG_CONSTRAINT => {
            let constraint = catalog.constraint(object.oid)?;
            (constraint.parent == referenced.oid).then_some(constraint.table)
        }
        relation_oid::PG_TRIGGER => Some(catalog.trigger(object.oid)?.table),
        _ => None,
    }
}

/// The expression of a generated column that depends on other columns of its table.
fn generated_default(catalog: &Catalog, dependency: &Dependency) -> Option<ObjectAddress> {
    let Dependency { object, referenced, .. } = dependency;
    let is_within = object.class == relation_oid::PG_CLASS
        && object.sub > 0
        && (referenced.class, referenced.oid) == (object.class, object.oid);
    let relation = catalog.relation(object.oid).filter(|_| is_within)?;
    let column = relation.columns.get(usize::try_from(object.sub - 1).ok()?)?;
    let default = column.default.as_ref().filter(|default| default.generated)?;
    Some(ObjectAddress::new(relation_oid::PG_ATTRDEF, default.oid))
}

/// A CHECK depends on a column as part of its table, and once more as it reads it.
fn is_column_of_check(catalog: &Catalog, dependency: &Dependency) -> bool {
    let Dependency { object, referenced, kind } = dependency;
    *kind == 'a'
        && object.class == relation_oid::PG_CONSTRAINT
        && referenced.sub > 0
        && catalog.constraint(object.oid).is_some_and(|constraint| constraint.is_check())
}

/// What a view depends on itself, and not its rule: its schema, its extension.
fn is_of_relations(class: Oid) -> bool {
    matches!(class, relation_oid::PG_NAMESPACE | relation_oid::PG_EXTENSION)
}

/// The view that depends, if it is one: in PostgreSQL its rule does.
fn view_of(catalog: &Catalog, object: ObjectAddress) -> Option<Oid> {
    let relation = catalog.relation(object.oid).filter(|_| object.class == relation_oid::PG_CLASS);
    relation
        .filter(|relation| relation.view().is_some() && object.sub == 0)
        .map(|relation| relation.oid)
}

fn rule(view: Oid) -> ObjectAddress {
    ObjectAddress::new(relation_oid::PG_REWRITE, rule_of_view(view))
}

/// Owners of users' objects, and the roles of policies and of privileges; the bootstrap
/// role is pinned and not listed.
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
    let granted = catalog.access_lists().flat_map(|list| {
        let owner = catalog.guarded(list.on).map(|guarded| guarded.owner);
        granted_to(&list.items, owner).into_iter().map(|role| (list.on, role, 'a'))
    });
    let of_defaults = catalog.all_default_privileges().flat_map(|privileges| {
        let on = ObjectAddress::new(relation_oid::PG_DEFAULT_ACL, privileges.oid);
        let granted = granted_to(&privileges.items, Some(privileges.role));
        let granted = granted.into_iter().map(move |role| (on, role, 'a'));
        granted.chain([(on, privileges.role, 'o')])
    });
    owned
        .chain(of_policies)
        .chain(granted)
        .chain(of_defaults)
        .filter(|(address, role, _)| {
            address.oid >= types::FIRST_NORMAL && *role >= types::FIRST_NORMAL
        })
        .map(|(address, role, kind)| {
            vec![
                oid(if is_shared_class(address.class) { 0 } else { catalog.database }),
                oid(address.class),
                oid(address.oid),
                int4(address.sub),
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

/// The roles that have privileges by a list, but for the owner.
fn granted_to(items: &[AclItem], owner: Option<Oid>) -> BTreeSet<Oid> {
    let roles = items.iter().flat_map(|item| [item.grantee, item.grantor]);
    roles.filter(|role| Some(*role) != owner && *role != types::INVALID).collect()
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
