//! Compiles the constraints of domains.

use crate::catalog::{ConstraintKind, TypeKind};
use crate::error::Result;
use crate::sql::bind::{DOMAIN_VALUE, bind_domain_check_sql};
use crate::sql::functions::EvalContext;
use crate::sql::functions::domain::{Condition, Constraints};
use crate::sql::run::eval::Evaluator;
use crate::sql::types::{Oid, SqlType};

/// The constraints of a domain and of those below it, ready to be checked.
pub fn compile_domain(eval: &EvalContext, domain: Oid) -> Result<Constraints> {
    let mut found = Constraints::default();
    let mut layers = Vec::new();
    let mut at = domain;
    while let Some(ty) = eval.catalog.type_(at)
        && let TypeKind::Domain { base, not_null, constraints, .. } = &ty.kind
    {
        found.not_null |= not_null;
        layers.push((*base, constraints.as_slice()));
        at = base.oid;
    }
    for (base, constraints) in layers.into_iter().rev() {
        found.checks.extend(compile_checks(eval, base, constraints)?);
    }
    Ok(found)
}

/// The checks of one domain, in the order of their names.
fn compile_checks(
    eval: &EvalContext,
    base: SqlType,
    constraints: &[Oid],
) -> Result<Vec<(String, Condition)>> {
    let mut checks = Vec::with_capacity(constraints.len());
    for constraint in constraints.iter().filter_map(|oid| eval.catalog.constraint(*oid)) {
        if let ConstraintKind::DomainCheck { sql, .. } = &constraint.kind {
            checks.push((constraint.name.clone(), compile_check(eval, base, sql)?));
        }
    }
    checks.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(checks)
}

/// One CHECK over `VALUE`.
pub fn compile_check(eval: &EvalContext, base: SqlType, sql: &str) -> Result<Condition> {
    let expr = bind_domain_check_sql(eval, sql, base)?;
    let evaluator = Evaluator::compile(&expr, &[DOMAIN_VALUE], &eval.catalog)?;
    Ok(Box::new(move |eval, value| evaluator.eval(eval, &[], std::slice::from_ref(value))))
}
