//! Assignment to what is at a key: `j['a']['b'] := 1` of jsonb, `h['a'] := 'b'` of hstore.

use super::Exec;
use super::assign::EvaluatedStep;
use crate::error::{Error, Result};
use crate::sql::functions::subscript::Subscripting;
use crate::sql::functions::{self, CallContext};
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

impl Exec<'_, '_> {
    /// A document with a part of it replaced.
    pub(super) fn with_json_part(
        &mut self,
        old: Datum,
        subscripts: &[EvaluatedStep],
        rest: &[EvaluatedStep],
        value: Datum,
        ty: SqlType,
    ) -> Result<Datum> {
        let json = SqlType::new(oid::JSONB);
        if !rest.is_empty() {
            return Err(Error::unsupported("assignment to a field of a jsonb element"));
        }
        let mut args = vec![old, self.converted(value, ty, json)?];
        let mut types = vec![json, json];
        for step in subscripts {
            let EvaluatedStep::Index((key, from)) = step else {
                let message = "jsonb subscript does not support slices";
                return Err(Error::new(sqlstate::DATATYPE_MISMATCH, message));
            };
            let to = SqlType::new(match from.oid {
                oid::INT2 | oid::INT4 => oid::INT4,
                _ => oid::TEXT,
            });
            args.push(self.converted(key.clone(), *from, to)?);
            types.push(to);
        }
        self.called("jsonb_assign_element", &types, json, &args)
    }

    /// A value that has one text as a subscript, with what is there replaced.
    pub(super) fn with_value_at_key(
        &mut self,
        of: &Subscripting,
        container: SqlType,
        old: Datum,
        (subscripts, rest): (&[EvaluatedStep], &[EvaluatedStep]),
        value: Datum,
        ty: SqlType,
    ) -> Result<Datum> {
        let text = SqlType::new(oid::TEXT);
        let ([EvaluatedStep::Index((key, from))], []) = (subscripts, rest) else {
            let message = format!("{} allows only one subscript", of.name);
            return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message));
        };
        let key = self.converted(key.clone(), *from, text)?;
        let args = [old, self.converted(value, ty, text)?, key];
        self.called(of.assign, &[container, text, text], container, &args)
    }

    fn called(
        &mut self,
        symbol: &str,
        types: &[SqlType],
        result: SqlType,
        args: &[Datum],
    ) -> Result<Datum> {
        let kernel = functions::kernel(symbol)
            .ok_or_else(|| Error::internal(format!("no kernel {symbol}")))?;
        let eval = self.frame.eval()?;
        let call = CallContext { eval: &eval, args: types, result };
        (kernel.scalar)(&call, args)
    }
}
