//! `json_agg`, `jsonb_agg`, `json_object_agg`, `jsonb_object_agg`.

use super::aggregates;
use crate::error::{Error, Result};
use crate::sql::functions::call::{arg, arg_or_null, wrong_type};
use crate::sql::functions::json::build::{Writer, finished, type_at};
use crate::sql::functions::{AggregateKernel, AggregateState, CallContext, EvalContext};
use crate::sql::types::json::write_string;
use crate::sql::types::{Datum, JsonKind, JsonRef, JsonValue, Jsonb, SqlType};
use crate::sqlstate;

pub const AGGREGATES: &[AggregateKernel] = aggregates! {
    every "json_agg_anyelement" => |call| Text::new(call, false);
    every "json_object_agg_any_any" => |call| Text::new(call, true);
    every "jsonb_agg_anyelement" => |call| Document::new(call, false);
    every "jsonb_object_agg_any_any" => |call| Document::new(call, true);
};

/// What both forms know of their call.
struct Arguments {
    eval: EvalContext,
    types: [SqlType; 2],
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("types", &self.types).finish_non_exhaustive()
    }
}

impl Arguments {
    fn new(call: &CallContext<'_>) -> Arguments {
        Arguments { eval: call.eval.clone(), types: [type_at(call, 0), type_at(call, 1)] }
    }
}

/// JSON text in the making, without its closing bracket.
#[derive(Debug)]
struct Text {
    arguments: Arguments,
    object: bool,
    /// Arrays and rows in an array start on a line of their own.
    lines: bool,
    out: Vec<u8>,
}

impl Text {
    fn new(call: &CallContext<'_>, object: bool) -> Text {
        Text { arguments: Arguments::new(call), object, lines: false, out: Vec::new() }
    }
}

impl Text {
    fn separate(&mut self) {
        if !self.out.is_empty() {
            self.out.extend_from_slice(if self.lines { b", \n " } else { b", " });
        }
    }
}

fn field_name_null() -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, "field name must not be null")
}

impl AggregateState for Text {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let value = args.first().ok_or_else(wrong_type)?;
        self.lines = !self.object && matches!(value, Datum::Array(_) | Datum::Record(_));
        self.separate();
        let writer = Writer::new(&self.arguments.eval);
        let [first, second] = self.arguments.types;
        if !self.object {
            return writer.write(value, first, false, &mut self.out);
        }
        if value.is_null() {
            return Err(field_name_null());
        }
        write_string(&writer.key(value, first)?, &mut self.out);
        self.out.extend_from_slice(b" : ");
        writer.write(args.get(1).ok_or_else(wrong_type)?, second, false, &mut self.out)
    }

    fn finish(&mut self) -> Result<Datum> {
        if self.out.is_empty() {
            return Ok(Datum::Null);
        }
        let (open, close) = if self.object { ("{ ", " }") } else { ("[", "]") };
        finished([open.as_bytes(), &self.out, close.as_bytes()].concat())
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        let out = std::mem::take(&mut self.out);
        Ok(vec![Datum::Bytea(out.into()), Datum::Bool(self.lines)])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        let more: &[u8] = arg(state, 0)?;
        if more.is_empty() {
            return Ok(());
        }
        self.lines = arg(state, 1)?;
        self.separate();
        self.out.extend_from_slice(more);
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.out.capacity()
    }
}

/// The members or elements of a document in the making.
#[derive(Debug)]
struct Document {
    arguments: Arguments,
    object: bool,
    seen: bool,
    members: Vec<(String, JsonValue)>,
    bytes: usize,
}

impl Document {
    fn new(call: &CallContext<'_>, object: bool) -> Document {
        let arguments = Arguments::new(call);
        Document { arguments, object, seen: false, members: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, key: String, value: JsonValue) {
        let value = value.to_jsonb();
        self.seen = true;
        self.bytes += size_of::<(String, JsonValue)>() + key.len() + value.0.len();
        self.members.push((key, JsonValue::Encoded(value)));
    }

    fn document(&self) -> Jsonb {
        let members = self.members.clone();
        if self.object {
            return JsonValue::Object(members).to_jsonb();
        }
        JsonValue::Array(members.into_iter().map(|(_, value)| value).collect()).to_jsonb()
    }
}

impl AggregateState for Document {
    fn update(&mut self, args: &[Datum]) -> Result<()> {
        let writer = Writer::new(&self.arguments.eval);
        let [first, second] = self.arguments.types;
        let value = args.first().ok_or_else(wrong_type)?;
        if !self.object {
            let value = writer.value(value, first)?;
            self.push(String::new(), value);
            return Ok(());
        }
        if value.is_null() {
            return Err(field_name_null());
        }
        let key = writer.key(value, first)?;
        let value = writer.value(args.get(1).ok_or_else(wrong_type)?, second)?;
        self.push(key, value);
        Ok(())
    }

    fn finish(&mut self) -> Result<Datum> {
        Ok(if self.seen { Datum::Jsonb(self.document()) } else { Datum::Null })
    }

    fn save(&mut self) -> Result<Vec<Datum>> {
        Ok(vec![self.finish()?])
    }

    fn merge(&mut self, state: &[Datum]) -> Result<()> {
        let Some(json) = arg_or_null::<&Jsonb>(state, 0)? else { return Ok(()) };
        let part = |json: JsonRef<'_>| JsonValue::Encoded(json.to_jsonb());
        let root = json.root();
        if root.kind() == JsonKind::Object {
            root.members().for_each(|(key, value)| self.push(key.to_owned(), part(value)));
        } else {
            root.elements().for_each(|value| self.push(String::new(), part(value)));
        }
        self.seen = true;
        Ok(())
    }

    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}
