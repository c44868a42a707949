//! The declarations against PostgreSQL's own numbers.

use std::collections::HashMap;

use super::*;
use crate::sql::types::oid;

/// Names and OIDs of the built-in objects of PostgreSQL 15, from its system
/// catalogs: kind, name, OID.
const POSTGRES: &str = include_str!("../../../tests/data/postgres_oids.tsv");

fn postgres() -> HashMap<(&'static str, &'static str), Oid> {
    POSTGRES
        .lines()
        .map(|line| {
            let mut fields = line.split('\t');
            let mut next = || fields.next().expect("three fields");
            ((next(), next()), next().parse().expect("an OID"))
        })
        .collect()
}

/// Every built-in object that PostgreSQL has too: kind, name, OID. `sql/server_functions.sql`
/// declares what it has not.
fn ours(catalog: &Catalog) -> Vec<(&'static str, String, Oid)> {
    let schema = |oid| catalog.schema_name(oid);
    let type_name = |oid: Oid| {
        catalog.type_(oid).map_or(String::new(), |ty| format!("{}.{}", schema(ty.schema), ty.name))
    };
    let bare = |oid: Oid| catalog.type_(oid).map_or("", |ty| &ty.name);
    let mut found = Vec::new();
    for ty in catalog.types() {
        found.push(("type", type_name(ty.oid), ty.oid));
    }
    for relation in catalog.relations() {
        let name = format!("{}.{}", schema(relation.schema), relation.name);
        found.push(("relation", name, relation.oid));
    }
    for function in catalog.functions() {
        let args: Vec<String> = function.args.iter().map(|ty| type_name(*ty)).collect();
        let name = format!("{}.{}({})", schema(function.schema), function.name, args.join(","));
        found.push(("function", name, function.oid));
    }
    for operator in catalog.operators() {
        let name = format!("{}({},{})", operator.name, bare(operator.left), bare(operator.right));
        found.push(("operator", name, operator.oid));
    }
    for class in catalog.operator_classes() {
        found.push(("opclass", format!("{}.{}", class.access_method, class.name), class.oid));
    }
    for family in catalog.operator_families() {
        found.push(("opfamily", format!("{}.{}", family.access_method, family.name), family.oid));
    }
    for schema in catalog.schemas() {
        found.push(("schema", schema.name.clone(), schema.oid));
    }
    for role in catalog.roles() {
        found.push(("role", role.name.clone(), role.oid));
    }
    found
}

#[test]
fn every_builtin_oid_is_that_of_postgres() {
    let catalog = bootstrap().expect("the declarations load");
    let postgres = postgres();
    let wrong: Vec<String> = ours(&catalog)
        .iter()
        .filter(|(_, name, _)| !name.starts_with("pg_catalog.zserver_"))
        .filter(|(kind, name, oid)| postgres.get(&(*kind, name.as_str())) != Some(oid))
        .map(|(kind, name, oid)| format!("{kind} {name} {oid}"))
        .collect();
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(40)]);
}

#[test]
fn every_type_has_its_functions_and_its_array_refers_back() {
    let catalog = bootstrap().expect("the declarations load");
    for ty in catalog.types() {
        if let Some(array) = catalog.type_(ty.array) {
            assert_eq!(array.element, ty.oid, "{}", array.name);
        }
        let is_usable = catalog.repr(ty.oid).is_ok();
        assert!(is_usable || catalog.is_listed_only(ty.oid), "{} has a representation", ty.name);
    }
}

#[test]
fn operators_name_each_other() {
    let catalog = bootstrap().expect("the declarations load");
    let equal = catalog
        .operator_for(&[PG_CATALOG], None, "=", oid::INT4, oid::INT4)
        .expect("resolves")
        .expect("exists");
    let negator = catalog.operator(equal.negator).expect("= has a negator");
    assert_eq!((equal.oid, equal.commutator, negator.name.as_str()), (96, 96, "<>"));
    for operator in catalog.operators() {
        if let Some(commutator) = catalog.operator(operator.commutator) {
            assert_eq!(commutator.commutator, operator.oid, "{}", operator.name);
        }
    }
}

#[test]
fn two_servers_do_not_share_counters() {
    let (one, other) = (bootstrap().expect("loads"), bootstrap().expect("loads"));
    assert_eq!(one.next_oid(), oid::FIRST_NORMAL);
    assert_eq!(one.next_oid(), oid::FIRST_NORMAL + 1);
    assert_eq!(other.next_oid(), oid::FIRST_NORMAL);
    assert_eq!(one.clone().next_oid(), oid::FIRST_NORMAL + 2);
}
