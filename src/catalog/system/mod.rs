//! The relations of `pg_catalog`, computed from the catalog value.
//!
//! Each relation's columns are declared in `sql/system_relations.sql` as
//! PostgreSQL 15 has them; here are the rows, one function per relation, in the
//! order of those columns. Nothing is stored, so nothing can disagree with what
//! the server does. Relations of features that do not exist here have no rows but those
//! of PostgreSQL's own objects, which [`listed`] keeps.
//!
//! Expressions (`adbin`, `conbin`, `indexprs` …) are of type `pg_node_tree`,
//! which clients only pass on to `pg_get_expr`; ours hold the SQL that it
//! prints.
//!
//! `pg_settings`, `pg_stat_activity` and other views over the server's state are
//! SQL views over functions, as in PostgreSQL; they are not here.

mod access_method;
mod attribute;
pub(in crate::catalog) mod cell;
mod class;
mod constraint;
mod depend;
mod description;
mod function;
pub(in crate::catalog) mod inherits;
pub(in crate::catalog) mod listed;
mod lookup;
pub mod policy;
mod server;
mod statistic;
pub(in crate::catalog) mod statistic_ext;
mod trigger;
mod type_;

#[cfg(test)]
mod tests;

pub use cell::{Row, array_of};
pub use description::is_shared_class;
pub use function::{is_language, language_name, language_named};
pub use lookup::Lookup;
pub(in crate::catalog) use server::TABLESPACES;

use super::relation_oid as relation;
use super::{Catalog, ObjectClass, PG_CATALOG, Relation};
use crate::error::Result;
use crate::sql::functions::EvalContext;
use crate::sql::types::Oid;

/// The rows of a system relation.
pub fn rows(relation: &Relation, eval: &EvalContext) -> Result<Vec<Row>> {
    rows_where(relation, eval, None)
}

/// The rows of a system relation, all of them or at least those that `lookup`
/// asks for.
pub fn rows_where(
    relation: &Relation,
    eval: &EvalContext,
    lookup: Option<Lookup<'_>>,
) -> Result<Vec<Row>> {
    let mut rows = listed::rows(&eval.catalog, relation, lookup);
    rows.extend(catalog_rows(&eval.catalog, relation.oid, lookup));
    Ok(rows)
}

fn catalog_rows(catalog: &Catalog, relation_oid: Oid, lookup: Option<Lookup<'_>>) -> Vec<Row> {
    match relation_oid {
        relation::PG_CLASS => class::pg_class(catalog, lookup),
        relation::PG_INHERITS => inherits::pg_inherits(catalog),
        relation::PG_PARTITIONED_TABLE => inherits::pg_partitioned_table(catalog),
        relation::PG_INDEX => class::pg_index(catalog, lookup),
        relation::PG_SEQUENCE => class::pg_sequence(catalog),
        relation::PG_REWRITE => class::pg_rewrite(catalog),
        relation::PG_ATTRIBUTE => attribute::pg_attribute(catalog, lookup),
        relation::PG_ATTRDEF => attribute::pg_attrdef(catalog, lookup),
        relation::PG_TYPE => type_::pg_type(catalog, lookup),
        relation::PG_ENUM => type_::pg_enum(catalog),
        relation::PG_RANGE => type_::pg_range(catalog),
        relation::PG_COLLATION => type_::pg_collation(catalog),
        relation::PG_CAST => type_::pg_cast(catalog),
        relation::PG_PROC => function::pg_proc(catalog, lookup),
        relation::PG_OPERATOR => function::pg_operator(catalog),
        relation::PG_AGGREGATE => function::pg_aggregate(catalog),
        relation::PG_LANGUAGE => function::pg_language(catalog),
        relation::PG_AM => access_method::pg_am(catalog),
        relation::PG_OPCLASS => access_method::pg_opclass(catalog),
        relation::PG_OPFAMILY => access_method::pg_opfamily(catalog),
        relation::PG_AMOP => access_method::pg_amop(catalog),
        relation::PG_AMPROC => access_method::pg_amproc(catalog),
        relation::PG_CONSTRAINT => constraint::pg_constraint(catalog, lookup),
        relation::PG_TRIGGER => trigger::pg_trigger(catalog),
        relation::PG_POLICY => policy::pg_policy(catalog),
        relation::PG_STATISTIC => statistic::pg_statistic(catalog),
        relation::PG_STATISTIC_EXT => statistic_ext::pg_statistic_ext(catalog),
        relation::PG_STATISTIC_EXT_DATA => statistic_ext::pg_statistic_ext_data(catalog),
        relation::PG_DEPEND => depend::pg_depend(catalog),
        relation::PG_SHDEPEND => depend::pg_shdepend(catalog),
        relation::PG_DESCRIPTION => depend::pg_description(catalog, lookup),
        relation::PG_SHDESCRIPTION => depend::pg_shdescription(catalog),
        relation::PG_NAMESPACE => server::pg_namespace(catalog),
        relation::PG_DATABASE => server::pg_database(catalog),
        relation::PG_AUTHID => server::pg_authid(catalog),
        relation::PG_DB_ROLE_SETTING => server::pg_db_role_setting(catalog),
        relation::PG_AUTH_MEMBERS => server::pg_auth_members(catalog),
        relation::PG_INIT_PRIVS => server::pg_init_privs(catalog),
        relation::PG_DEFAULT_ACL => server::pg_default_acl(catalog),
        relation::PG_TABLESPACE => server::pg_tablespace(),
        relation::PG_EXTENSION => server::pg_extension(catalog),
        _ => Vec::new(),
    }
}

impl Catalog {
    /// The OID of a built-in function by name alone, for `regproc` columns; 0
    /// when there is none.
    fn builtin_function(&self, name: &str) -> Oid {
        self.named(ObjectClass::Function, PG_CATALOG, name).first().copied().unwrap_or(0)
    }
}
