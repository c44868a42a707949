//! `bool_and`, `bool_or`, `every`, `bit_and`, `bit_or`, `bit_xor`.

use super::aggregates;
use crate::error::Result;
use crate::sql::functions::bits;
use crate::sql::functions::call::wrong_type;
use crate::sql::functions::{AggregateKernel, AggregateState, value};
use crate::sql::types::Datum;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    strict "bool_and_bool" => |_| Fold::new(and);
    strict "every_bool" => |_| Fold::new(and);
    strict "bool_or_bool" => |_| Fold::new(or);
    strict "bit_and_int2" => |_| Fold::new(and);
    strict "bit_and_int4" => |_| Fold::new(and);
    strict "bit_and_int8" => |_| Fold::new(and);
    strict "bit_and_bit" => |_| Fold::new(and);
    strict "bit_or_int2" => |_| Fold::new(or);
    strict "bit_or_int4" => |_| Fold::new(or);
    strict "bit_or_int8" => |_| Fold::new(or);
    strict "bit_or_bit" => |_| Fold::new(or);
    strict "bit_xor_int2" => |_| Fold::new(xor);
    strict "bit_xor_int4" => |_| Fold::new(xor);
    strict "bit_xor_int8" => |_| Fold::new(xor);
    strict "bit_xor_bit" => |_| Fold::new(xor);
};

/// A state of the values' own type, folded by an associative function.
#[derive(Debug)]
struct Fold {
    value: Option<Datum>,
    step: fn(&Datum, &Datum) -> Result<Datum>,
}

impl Fold {
    fn new(step: fn(&Datum, &Datum) -> Result<Datum>) -> Fold {
        Fold { value: None, step }
    }
}

/// Defines a step over booleans and integers alike.
macro_rules! step {
    ($($name:ident $operator:tt;)*) => {$(
        fn $name(a: &Datum, b: &Datum) -> Result<Datum> {
            Ok(match (a, b) {
                (Datum::Bool(a), Datum::Bool(b)) => Datum::Bool(a $operator b),
                (Datum::Int2(a), Datum::Int2(b)) => Datum::Int2(a $operator b),
                (Datum::Int4(a), Datum::Int4(b)) => Datum::Int4(a $operator b),
                (Datum::Int8(a), Datum::Int8(b)) => Datum::Int8(a $operator b),
                (Datum::Bit(a), Datum::Bit(b)) => Datum::Bit(bits::$name(a, b)?),
                _ => return Err(wrong_type()),
            })
        }
    )*};
}

step! {
    and &;
    or |;
    xor ^;
}

impl AggregateState for Fold {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let new = args.first().ok_or_else(wrong_type)?;
        self.value = Some(match &self.value {
            None => new.clone(),
            Some(old) => (self.step)(old, new)?,
        });
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok(self.value.clone().unwrap_or(Datum::Null))
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        if state.first().is_some_and(Datum::is_null) { Ok(()) } else { self.update(state) }
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + value::size_bytes(self.value.as_ref())
    }
}
