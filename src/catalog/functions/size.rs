//! Sizes of relations and databases.

use crate::catalog::system::TABLESPACES;
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

pub(super) const KERNELS: &[Kernel] = kernels! {
    call "pg_relation_size_regclass" => |call, args| of_relation(call, args, |_, relation| vec![relation.oid]);
    call "pg_relation_size" => fork_size;
    call "pg_table_size" => |call, args| of_relation(call, args, |_, relation| vec![relation.oid]);
    call "pg_indexes_size" => |call, args| of_relation(call, args, |_, relation| relation.indexes.clone());
    call "pg_total_relation_size" => |call, args| {
        of_relation(call, args, |_, relation| {
            let mut parts = relation.indexes.clone();
            parts.push(relation.oid);
            parts
        })
    };
    call "pg_relation_filenode" => |call, args| {
        let relation = call.eval.catalog.relation(arg(args, 0)?);
        let stored = relation.filter(|relation| relation.storage_id != 0);
        let has_rows = |relation: &&std::sync::Arc<Relation>| {
            !relation.is_partitioned() && !relation.inheritance.index_of_partitioned
        };
        Ok(stored.filter(has_rows).map_or(Datum::Null, |relation| Datum::Oid(relation.storage_id)))
    };
    call "pg_tablespace_size_oid" => |call, args| tablespace_size(call, arg(args, 0)?);
    call "pg_tablespace_size_name" => |call, args| {
        let name: &str = arg(args, 0)?;
        match TABLESPACES.iter().find(|(_, known)| *known == name) {
            Some((oid, _)) => tablespace_size(call, *oid),
            None => Err(Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("tablespace \"{name}\" does not exist"),
            )),
        }
    };
    call "pg_database_size_oid" => |call, args| {
        let database: Oid = arg(args, 0)?;
        match call.eval.catalog.database(database) {
            Some(database) => database_size(call, database.oid),
            None => Ok(Datum::Null),
        }
    };
    call "pg_database_size_name" => |call, args| {
        let name: &str = arg(args, 0)?;
        match call.eval.catalog.database_named(name) {
            Some(database) => database_size(call, database.oid),
            None => Err(Error::new(
                sqlstate::UNDEFINED_DATABASE,
                format!("database \"{name}\" does not exist"),
            )),
        }
    };
};

/// The bytes of the parts of a relation together; NULL when there is none.
fn of_relation(
    call: &CallContext<'_>,
    args: &[Datum],
    parts: fn(&Catalog, &Relation) -> Vec<Oid>,
) -> Result<Datum> {
    let catalog = &call.eval.catalog;
    let Some(relation) = catalog.relation(arg(args, 0)?) else { return Ok(Datum::Null) };
    sum(call, parts(catalog, relation))
}

fn sum(call: &CallContext<'_>, relations: impl IntoIterator<Item = Oid>) -> Result<Datum> {
    let mut total: i64 = 0;
    for relation in relations {
        let stored = call.eval.catalog.relation(relation).is_some_and(|r| r.storage_id != 0);
        if stored {
            total = total.saturating_add(call.eval.session.relation_size_bytes(relation)?);
        }
    }
    Ok(Datum::Int8(total))
}

/// Relations have one fork here, `main`.
fn fork_size(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    match arg(args, 1)? {
        "main" => of_relation(call, args, |_, relation| vec![relation.oid]),
        "fsm" | "vm" | "init" => Ok(Datum::Int8(0)),
        _ => Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, "invalid fork name")
            .with_hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".")),
    }
}

/// Everything is in the default tablespace but the shared relations, which take no room.
fn tablespace_size(call: &CallContext<'_>, tablespace: Oid) -> Result<Datum> {
    match TABLESPACES.iter().find(|(oid, _)| *oid == tablespace) {
        Some((_, "pg_default")) => {
            let session = &call.eval.session;
            let databases = call.eval.catalog.databases();
            let sizes = databases.map(|database| session.database_size_bytes(database.oid));
            sizes.sum::<Result<i64>>().map(Datum::Int8)
        }
        Some(_) => Ok(Datum::Int8(0)),
        None => Ok(Datum::Null),
    }
}

fn database_size(call: &CallContext<'_>, database: Oid) -> Result<Datum> {
    call.eval.session.database_size_bytes(database).map(Datum::Int8)
}
