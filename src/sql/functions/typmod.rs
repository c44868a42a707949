//! The casts of a type to itself that apply a type modifier: `varchar(n)`,
//! `numeric(p, s)`, `timestamp(p)` ….

use crate::error::Result;
use crate::sql::types::{self, Datum, SqlType};

use super::CallContext;
use super::call::{arg, wrong_type};

/// `(value, typmod [, explicit])`; a cast without the flag counts as explicit.
pub fn apply(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let value = args.first().ok_or_else(wrong_type)?.clone();
    let typmod: i32 = arg(args, 1)?;
    let explicit = if args.len() > 2 { arg(args, 2)? } else { true };
    types::apply_typmod(value, SqlType::with_typmod(call.result.oid, typmod), explicit)
}
