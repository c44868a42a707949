//! Subscripts of values that are no arrays and not built in: what `CREATE TYPE … SUBSCRIPT`
//! names says which kernels read and assign.
//!
//! A value has one subscript, a text, and what it finds is a text.

use std::sync::Arc;

use crate::catalog::{
    BOOTSTRAP_ROLE, Catalog, Function, FunctionKind, FunctionOptions, PG_CATALOG, Volatility,
};
use crate::sql::types::{Oid, oid};

pub struct Subscripting {
    /// The type, in messages.
    pub name: &'static str,
    /// The kernel of `value[key]`: it takes both. STRICT.
    pub fetch: &'static str,
    /// The kernel of an assignment: it takes the value, what is assigned, and the key.
    pub assign: &'static str,
}

const HSTORE: Subscripting =
    Subscripting { name: "hstore", fetch: "hstore_fetchval", assign: "hstore_assign_value" };

/// How values of a type are subscripted, if they are.
pub fn subscripting(catalog: &Catalog, ty: Oid) -> Option<&'static Subscripting> {
    match catalog.type_(ty)?.subscript.as_str() {
        "hstore_subscript_handler" => Some(&HSTORE),
        _ => None,
    }
}

/// A kernel that no function of the catalog names, as a function.
pub fn unnamed_function(symbol: &str, args: Vec<Oid>, returns: Oid, strict: bool) -> Arc<Function> {
    Arc::new(Function {
        oid: oid::INVALID,
        schema: PG_CATALOG,
        name: symbol.to_owned(),
        owner: BOOTSTRAP_ROLE,
        kind: FunctionKind::Function,
        language: "internal".to_owned(),
        source: symbol.to_owned(),
        args,
        arg_names: Vec::new(),
        all_args: None,
        defaults: Vec::new(),
        returns,
        returns_set: false,
        variadic: oid::INVALID,
        strict,
        volatility: Volatility::Immutable,
        options: FunctionOptions::default(),
    })
}
