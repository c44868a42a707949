//! `max` and `min`, of any type with an order.

use std::cmp::Ordering;

use super::aggregates;
use crate::error::Result;
use crate::sql::functions::call::wrong_type;
use crate::sql::functions::{AggregateKernel, AggregateState, CallContext, value};
use crate::sql::types::{self, Datum, Repr};

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    strict "max_anyarray" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_int8" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_int4" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_int2" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_oid" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_float4" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_float8" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_date" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_time" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_timetz" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_timestamp" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_timestamptz" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_interval" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_text" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_numeric" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_bpchar" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_tid" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_anyenum" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_pg_lsn" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_inet" => |call| Extreme::new(call, Ordering::Greater);
    strict "max_xid8" => |call| Extreme::new(call, Ordering::Greater);
    strict "min_anyarray" => |call| Extreme::new(call, Ordering::Less);
    strict "min_int8" => |call| Extreme::new(call, Ordering::Less);
    strict "min_int4" => |call| Extreme::new(call, Ordering::Less);
    strict "min_int2" => |call| Extreme::new(call, Ordering::Less);
    strict "min_oid" => |call| Extreme::new(call, Ordering::Less);
    strict "min_float4" => |call| Extreme::new(call, Ordering::Less);
    strict "min_float8" => |call| Extreme::new(call, Ordering::Less);
    strict "min_date" => |call| Extreme::new(call, Ordering::Less);
    strict "min_time" => |call| Extreme::new(call, Ordering::Less);
    strict "min_timetz" => |call| Extreme::new(call, Ordering::Less);
    strict "min_timestamp" => |call| Extreme::new(call, Ordering::Less);
    strict "min_timestamptz" => |call| Extreme::new(call, Ordering::Less);
    strict "min_interval" => |call| Extreme::new(call, Ordering::Less);
    strict "min_text" => |call| Extreme::new(call, Ordering::Less);
    strict "min_numeric" => |call| Extreme::new(call, Ordering::Less);
    strict "min_bpchar" => |call| Extreme::new(call, Ordering::Less);
    strict "min_tid" => |call| Extreme::new(call, Ordering::Less);
    strict "min_anyenum" => |call| Extreme::new(call, Ordering::Less);
    strict "min_pg_lsn" => |call| Extreme::new(call, Ordering::Less);
    strict "min_inet" => |call| Extreme::new(call, Ordering::Less);
    strict "min_xid8" => |call| Extreme::new(call, Ordering::Less);
};

/// The best value so far.
#[derive(Debug)]
struct Extreme {
    best: Option<Datum>,
    /// How a better value compares to the best one.
    better: Ordering,
    repr: Option<Repr>,
}

impl Extreme {
    fn new(call: &CallContext<'_>, better: Ordering) -> Extreme {
        let repr = call.args.first().and_then(|ty| value::repr(call, ty.oid).ok());
        Extreme { best: None, better, repr }
    }
}

impl AggregateState for Extreme {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let new = args.first().ok_or_else(wrong_type)?;
        let repr = self.repr.as_ref().ok_or_else(wrong_type)?;
        let replace = match &self.best {
            None => true,
            Some(best) => match types::compare(best, new, repr) {
                // Of equal values PostgreSQL keeps the last, but the first of bpchar's.
                Ordering::Equal => *repr != Repr::Bpchar,
                order => order != self.better,
            },
        };
        if replace {
            self.best = Some(new.clone());
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok(self.best.clone().unwrap_or(Datum::Null))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        if state.first().is_some_and(Datum::is_null) { Ok(()) } else { self.update(state) }
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + value::size_bytes(self.best.as_ref())
    }
}
