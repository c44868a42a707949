//! Kernels that read the catalog: definitions, names, comments, visibility,
//! privileges, sizes, and the server's own state.
//!
//! They are declared with the other functions in `sql/`. A function of an OID
//! answers NULL for an object that does not exist, as PostgreSQL's do.

mod acl;
mod activity;
mod address;
mod backend;
mod comment;
mod definition;
mod maintenance;
mod name;
mod partition;
mod privilege;
mod privilege_other;
mod property;
mod remote;
mod row_security;
mod server;
mod server_more;
mod size;
mod text_search;
mod visibility;

#[cfg(test)]
pub(in crate::catalog) mod tests;

use crate::sql::functions::{CallContext, Kernel, SetKernel};
use crate::sql::types::{Datum, Oid};

pub const KERNELS: &[&[Kernel]] = &[
    acl::KERNELS,
    activity::KERNELS,
    backend::KERNELS,
    backend::COUNTERS,
    address::KERNELS,
    comment::KERNELS,
    definition::KERNELS,
    definition::FUNCTIONS,
    maintenance::KERNELS,
    name::KERNELS,
    partition::KERNELS,
    privilege::KERNELS,
    privilege::ROLES,
    privilege_other::KERNELS,
    property::KERNELS,
    remote::KERNELS,
    row_security::KERNELS,
    server::KERNELS,
    server_more::KERNELS,
    size::KERNELS,
    visibility::KERNELS,
];

pub const SET_KERNELS: &[&[SetKernel]] = &[
    activity::SET_KERNELS,
    backend::SET_KERNELS,
    maintenance::SET_KERNELS,
    server::SET_KERNELS,
    server_more::SET_KERNELS,
    &partition::SET_KERNELS,
    remote::SET_KERNELS,
    text_search::SET_KERNELS,
];

/// Text, or NULL for nothing.
fn text(value: Option<String>) -> Datum {
    value.map_or(Datum::Null, Datum::Text)
}

fn path<'a>(call: &'a CallContext<'_>) -> &'a [Oid] {
    &call.eval.settings.search_path
}
