//! The one integration-test binary; each suite is a module.
//!
//! | suite | what it holds true |
//! |---|---|
//! | [`layers`] | the `use` lines follow the architecture |
//! | [`sql`] | `tests/sql/**/*.slt` pass on this server and on PostgreSQL 15 |
//! | [`client`] | an unmodified driver: types, transactions, COPY, streams |
//! | [`sessions`] | sessions beside each other: names, locks, temporary objects |
//! | [`crash`] | kill −9 under load loses no acknowledged commit |
//!
//! What a test needs and the machine lacks (PostgreSQL's server) is said in one
//! line, and the test is skipped.

mod client;
mod crash;
mod layers;
mod sessions;
mod sql;
mod support;
