//! `pg_namespace`, `pg_database`, `pg_authid`, `pg_auth_members`,
//! `pg_tablespace` and `pg_extension`.

use super::cell::*;
use super::listed;
use crate::catalog::{BOOTSTRAP_ROLE, Catalog, ObjectAddress, relation_oid};
use crate::sql::types::{Datum, InputContext, Repr, SqlType, oid as types, text_input};

/// `encoding` of UTF8.
pub(in crate::catalog) const UTF8: i32 = 6;

/// `pg_default` and `pg_global`; there are no others.
pub const TABLESPACES: &[(u32, &str)] = &[(DEFAULT_TABLESPACE, "pg_default"), (1664, "pg_global")];
const DEFAULT_TABLESPACE: u32 = 1663;

/// PostgreSQL's first normal transaction id; nothing is frozen here.
const FROZEN_XID: u32 = 3;

pub(super) fn pg_namespace(catalog: &Catalog) -> Vec<Row> {
    catalog
        .schemas()
        .map(|schema| {
            let acl = acl(catalog, schema.address());
            vec![oid(schema.oid), text(&schema.name), oid(schema.owner), acl]
        })
        .collect()
}

pub(super) fn pg_database(catalog: &Catalog) -> Vec<Row> {
    catalog
        .databases()
        .map(|database| {
            vec![
                oid(database.oid),
                text(&database.name),
                oid(database.owner),
                int4(UTF8),
                char('c'),
                boolean(database.is_template),
                boolean(database.allow_connections),
                int4(database.connection_limit),
                oid(FROZEN_XID),
                oid(1),
                oid(DEFAULT_TABLESPACE),
                text("C"),
                text("C"),
                Datum::Null,
                Datum::Null,
                acl(catalog, ObjectAddress::new(relation_oid::PG_DATABASE, database.oid)),
            ]
        })
        .collect()
}

pub(super) fn pg_db_role_setting(catalog: &Catalog) -> Vec<Row> {
    catalog
        .all_settings()
        .map(|settings| {
            let values = settings.values.iter();
            let values = values.map(|(name, value)| text(format!("{name}={value}")));
            vec![
                oid(settings.database),
                oid(settings.role),
                array_of(types::TEXT, values.collect()),
            ]
        })
        .collect()
}

pub(super) fn pg_authid(catalog: &Catalog) -> Vec<Row> {
    catalog
        .roles()
        .map(|role| {
            vec![
                oid(role.oid),
                text(&role.name),
                boolean(role.superuser),
                boolean(role.inherit),
                boolean(role.create_role),
                boolean(role.create_db),
                boolean(role.login),
                boolean(role.replication),
                boolean(role.bypass_rls),
                int4(role.connection_limit),
                text_or_null(role.verifier.as_deref()),
                role.valid_until.as_deref().map_or(Datum::Null, timestamp),
            ]
        })
        .collect()
}

/// `VALID UNTIL` as a timestamp; the text was checked when the role was made.
fn timestamp(text: &str) -> Datum {
    let ty = SqlType::new(types::TIMESTAMPTZ);
    text_input(text, ty, &Repr::TimestampTz, &InputContext::default()).unwrap_or(Datum::Null)
}

pub(super) fn pg_auth_members(catalog: &Catalog) -> Vec<Row> {
    let mut rows = Vec::new();
    for role in catalog.roles() {
        for group in &role.member_of {
            let known = role.memberships.iter().find(|known| known.group == *group);
            let grantor = known.map_or(BOOTSTRAP_ROLE, |known| known.grantor);
            let admin = known.is_some_and(|known| known.admin);
            rows.push(vec![oid(*group), oid(role.oid), oid(grantor), boolean(admin)]);
        }
    }
    rows
}

/// The privileges that objects begin with: pg_dump leaves them out.
pub(super) fn pg_init_privs(catalog: &Catalog) -> Vec<Row> {
    listed::all_initial_privileges()
        .into_iter()
        .map(|(on, privileges)| {
            let items = privileges.acl(|name| catalog.role_named(name).map_or(0, |role| role.oid));
            vec![
                oid(on.oid),
                oid(on.class),
                int4(on.sub),
                char(privileges.kind),
                acl_items(catalog, &items),
            ]
        })
        .collect()
}

pub(super) fn pg_default_acl(catalog: &Catalog) -> Vec<Row> {
    catalog
        .all_default_privileges()
        .map(|found| {
            vec![
                oid(found.oid),
                oid(found.role),
                oid(found.schema),
                char(found.kind),
                acl_items(catalog, &found.items),
            ]
        })
        .collect()
}

pub(super) fn pg_tablespace() -> Vec<Row> {
    TABLESPACES
        .iter()
        .map(|(tablespace, name)| {
            vec![oid(*tablespace), text(*name), oid(BOOTSTRAP_ROLE), Datum::Null, Datum::Null]
        })
        .collect()
}

pub(super) fn pg_extension(catalog: &Catalog) -> Vec<Row> {
    catalog
        .extensions()
        .map(|extension| {
            // NULL for those that have none.
            let config = |values: &dyn Fn() -> Datum| match extension.config.is_empty() {
                true => Datum::Null,
                false => values(),
            };
            vec![
                oid(extension.oid),
                text(&extension.name),
                oid(extension.owner),
                oid(extension.schema),
                boolean(extension.relocatable),
                text(&extension.version),
                config(&|| oid_array(extension.config.iter().map(|(table, _)| *table))),
                config(&|| text_array(extension.config.iter().map(|(_, text)| text.clone()))),
            ]
        })
        .collect()
}
