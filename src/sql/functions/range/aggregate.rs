//! `range_agg` and `range_intersect_agg`.

use crate::error::Result;
use crate::sql::functions::call::wrong_type;
use crate::sql::functions::{AggregateKernel, AggregateState, CallContext, value};
use crate::sql::types::{Datum, RangeType, Repr, Span};

use super::{multirange, range, spans};

pub const AGGREGATES: &[AggregateKernel] = &[
    aggregate("range_agg_anyrange", |call| Ok(Box::new(Union::new(call)?))),
    aggregate("range_agg_anymultirange", |call| Ok(Box::new(Union::new(call)?))),
    aggregate("range_intersect_agg_anyrange", |call| Ok(Box::new(Intersection::new(call)?))),
    aggregate("range_intersect_agg_anymultirange", |call| Ok(Box::new(Intersection::new(call)?))),
];

/// All of them pass over NULLs.
const fn aggregate(
    symbol: &'static str,
    new_state: fn(&CallContext<'_>) -> Result<Box<dyn AggregateState>>,
) -> AggregateKernel {
    AggregateKernel { symbol, strict: true, new_state }
}

/// The type of the argument, and whether it is a multirange.
fn argument(call: &CallContext<'_>) -> Result<(RangeType, bool)> {
    let ty = call.args.first().ok_or_else(wrong_type)?;
    match value::repr(call, ty.oid)? {
        Repr::Range(ty) => Ok((*ty, false)),
        Repr::Multirange(ty) => Ok((*ty, true)),
        _ => Err(wrong_type()),
    }
}

fn spans_size_bytes(spans: &[Span]) -> usize {
    // Bounds of any length are rare; two datums stand for them.
    size_of_val(spans)
}

/// All that any of the ranges covers.
#[derive(Debug)]
struct Union {
    ty: RangeType,
    spans: Vec<Span>,
    any: bool,
    /// How many spans are merged already.
    merged: usize,
}

/// Unmerged spans are merged when there are as many as merged ones, and this many.
const UNMERGED_MIN: usize = 1024;

impl Union {
    fn new(call: &CallContext<'_>) -> Result<Union> {
        let (ty, _) = argument(call)?;
        Ok(Union { ty, spans: Vec::new(), any: false, merged: 0 })
    }
}

impl AggregateState for Union {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let new = args.first().ok_or_else(wrong_type)?;
        if new.is_null() {
            return Ok(());
        }
        self.any = true;
        self.spans.extend_from_slice(spans(new)?);
        if self.spans.len() >= UNMERGED_MIN && self.spans.len() >= self.merged * 2 {
            self.spans = self.ty.normalised(std::mem::take(&mut self.spans))?;
            self.merged = self.spans.len();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        match self.any {
            true => Ok(multirange(&self.ty, self.ty.normalised(self.spans.clone())?)),
            false => Ok(Datum::Null),
        }
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        self.update(state)
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + spans_size_bytes(&self.spans)
    }
}

/// All that every range covers.
#[derive(Debug)]
struct Intersection {
    ty: RangeType,
    is_multirange: bool,
    spans: Option<Vec<Span>>,
}

impl Intersection {
    fn new(call: &CallContext<'_>) -> Result<Intersection> {
        let (ty, is_multirange) = argument(call)?;
        Ok(Intersection { ty, is_multirange, spans: None })
    }
}

impl AggregateState for Intersection {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let new = args.first().ok_or_else(wrong_type)?;
        if new.is_null() {
            return Ok(());
        }
        let new = spans(new)?;
        self.spans = Some(match &self.spans {
            Some(known) => self.ty.intersection(known, new),
            None => new.to_vec(),
        });
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok(match self.spans.clone() {
            None => Datum::Null,
            Some(spans) if self.is_multirange => multirange(&self.ty, spans),
            Some(spans) => range(&self.ty, spans.into_iter().next()),
        })
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        self.update(state)
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.spans.as_deref().map_or(0, spans_size_bytes)
    }
}
