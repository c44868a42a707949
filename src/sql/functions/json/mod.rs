//! `json` and `jsonb`: operators and functions.
//!
//! A `json` value is text and is walked as text ([`raw`]); a `jsonb` value is a
//! binary document. What both can do is written once, over [`access::Document`].

mod access;
mod assign;
pub mod build;
mod convert;
mod modify;
mod populate;
mod raw;

use super::{Kernel, SetKernel};

pub const KERNELS: &[&[Kernel]] = &[
    access::JSON,
    access::JSONB,
    assign::KERNELS,
    build::KERNELS,
    convert::KERNELS,
    modify::KERNELS,
    modify::COMPARISON,
    populate::KERNELS,
];

pub const SET_KERNELS: &[&[SetKernel]] =
    &[access::JSON_SETS, access::JSONB_SETS, populate::SET_KERNELS];
