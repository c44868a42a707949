//! Kernels of extensions: what `LANGUAGE c` means in the scripts under `extensions/`.
//!
//! Symbols are PostgreSQL's own. What can be computed without SQL is in the extension's
//! own crate.

mod citext;
mod hstore;
mod hstore_record;
mod pg_trgm;
mod pgcrypto;
mod stat_statements;
mod uuid_ossp;
mod vector;

use super::{Kernel, SetKernel};

pub const KERNELS: &[&[Kernel]] = &[
    citext::KERNELS,
    hstore::KERNELS,
    hstore_record::KERNELS,
    pg_trgm::KERNELS,
    pgcrypto::KERNELS,
    stat_statements::KERNELS,
    uuid_ossp::KERNELS,
    vector::KERNELS,
];
pub const SET_KERNELS: &[&[SetKernel]] =
    &[hstore::SET_KERNELS, pgcrypto::SET_KERNELS, stat_statements::SET_KERNELS];
