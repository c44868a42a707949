//! Domains' constraints, checked wherever a value becomes a domain's: by a cast, by
//! an assignment, by reading it from text or from its binary form.
//!
//! The catalog keeps a CHECK in SQL. Compiling SQL is above this layer, so the
//! session does it ([`SessionHooks::compile_domain`]); what it makes is kept with
//! the catalog value that it was made from.
//!
//! [`SessionHooks::compile_domain`]: super::SessionHooks::compile_domain

use std::sync::Arc;

use super::EvalContext;
use crate::catalog::{Catalog, TypeKind};
use crate::error::{Error, Result};
use crate::sql::types::{Datum, Oid};
use crate::sqlstate;

/// Computes a CHECK over a value.
pub type Condition = Box<dyn Fn(&EvalContext, &Datum) -> Result<Datum> + Send + Sync>;

/// A domain's constraints with those of the domains below it.
#[derive(Default)]
pub struct Constraints {
    pub not_null: bool,
    /// Name and condition: those of the lowest domain first, of one domain by name.
    pub checks: Vec<(String, Condition)>,
}

/// `23502` or `23514` if the value may not be of the domain.
pub fn check(eval: &EvalContext, domain: Oid, value: &Datum) -> Result<()> {
    let constraints = match eval.catalog.derived::<Constraints>(domain) {
        Some(known) => known,
        None => {
            let compiled = match is_constrained(&eval.catalog, domain) {
                true => eval.session.compile_domain(eval, domain)?,
                false => Constraints::default(),
            };
            eval.catalog.derive(domain, Arc::new(compiled))
        }
    };
    if constraints.not_null && value.is_null() {
        let name = display_name(eval, domain);
        let error = Error::new(
            sqlstate::NOT_NULL_VIOLATION,
            format!("domain {name} does not allow null values"),
        );
        return Err(of_domain(error, eval, domain));
    }
    for (name, condition) in &constraints.checks {
        if matches!(condition(eval, value)?, Datum::Bool(false)) {
            let domain_name = display_name(eval, domain);
            let message =
                format!("value for domain {domain_name} violates check constraint \"{name}\"");
            let error = Error::new(sqlstate::CHECK_VIOLATION, message).with_constraint(name);
            return Err(of_domain(error, eval, domain));
        }
    }
    Ok(())
}

/// Whether the domain, or one below it, has constraints.
pub fn is_constrained(catalog: &Catalog, domain: Oid) -> bool {
    match catalog.type_(domain).map(|ty| &ty.kind) {
        Some(TypeKind::Domain { base, not_null, constraints, .. }) => {
            *not_null || !constraints.is_empty() || is_constrained(catalog, base.oid)
        }
        _ => false,
    }
}

fn display_name(eval: &EvalContext, domain: Oid) -> String {
    eval.catalog.format_type(&eval.settings.search_path, domain, None)
}

/// The error's fields that name the domain.
pub fn of_domain(error: Error, eval: &EvalContext, domain: Oid) -> Error {
    match eval.catalog.type_(domain) {
        Some(ty) => error.with_data_type(eval.catalog.schema_name(ty.schema), &ty.name),
        None => error,
    }
}
