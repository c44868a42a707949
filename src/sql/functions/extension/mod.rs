//! Kernels of extensions: what `LANGUAGE c` means in the scripts under `extensions/`.
//!
//! Symbols are PostgreSQL's own. What can be computed without SQL is in the extension's
//! own crate.

mod auth;
mod btree_gist;
mod citext;
pub mod collections;
mod files;
mod hstore;
mod hstore_record;
mod jobs;
mod openpgp;
mod pg_trgm;
mod pgcrypto;
mod rtc;
mod stat_statements;
mod uuid_ossp;
mod vector;

use super::{Kernel, SetKernel};

pub use files::PATH as FILE_PATH;
pub use pg_trgm::similarity_threshold;
pub use rtc::{KEY_PREFIX as RTC_KEY_PREFIX, purpose as rtc_key_purpose};

pub const KERNELS: &[&[Kernel]] = &[
    auth::KERNELS,
    btree_gist::KERNELS,
    citext::KERNELS,
    files::KERNELS,
    collections::KERNELS,
    hstore::KERNELS,
    hstore_record::KERNELS,
    jobs::KERNELS,
    openpgp::KERNELS,
    pg_trgm::KERNELS,
    pgcrypto::KERNELS,
    rtc::KERNELS,
    stat_statements::KERNELS,
    uuid_ossp::KERNELS,
    vector::KERNELS,
];
pub const SET_KERNELS: &[&[SetKernel]] =
    &[hstore::SET_KERNELS, openpgp::SET_KERNELS, stat_statements::SET_KERNELS];
