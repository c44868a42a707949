//! From SQL values to JSON: `to_json`, `row_to_json`, `*_build_*`, `json_object`.

use crate::catalog::CastMethod;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{CallContext, EvalContext, Kernel};
use crate::sql::types::context::DateStyle;
use crate::sql::types::json::write_string;
use crate::sql::types::{
    self, ArrayValue, Datum, JsonValue, Jsonb, Numeric, Oid, OutputContext, SqlType, oid, record,
};
use crate::sqlstate;

use super::access::invalid;

pub const KERNELS: &[Kernel] = kernels! {
    call "to_json" => |call, args| text(call, args, false);
    call "row_to_json" => |call, args| text(call, args, false);
    call "row_to_json_pretty" => |call, args| text(call, args, arg(args, 1)?);
    call "array_to_json" => |call, args| text(call, args, false);
    call "array_to_json_pretty" => |call, args| text(call, args, arg(args, 1)?);
    call "to_jsonb" => |call, args| {
        let writer = Writer::new(call.eval);
        let value = writer.value(args.first().ok_or_else(wrong_type)?, type_at(call, 0))?;
        Ok(Datum::Jsonb(value.to_jsonb()))
    };
    call "json_build_array" => build_array_text;
    call "json_build_array_noargs" => build_array_text;
    call "json_build_object" => build_object_text;
    call "json_build_object_noargs" => build_object_text;
    call "jsonb_build_array" => build_array;
    call "jsonb_build_array_noargs" => build_array;
    call "jsonb_build_object" => build_object;
    call "jsonb_build_object_noargs" => build_object;
    rows1 "json_object" => |pairs: &ArrayValue| object_text(&paired(pairs)?);
    rows2 "json_object_two_arg" => |keys: &ArrayValue, values: &ArrayValue| object_text(&zipped(keys, values)?);
    rows1 "jsonb_object" => |pairs: &ArrayValue| object(paired(pairs)?);
    rows2 "jsonb_object_two_arg" => |keys: &ArrayValue, values: &ArrayValue| object(zipped(keys, values)?);
};

pub fn type_at(call: &CallContext<'_>, n: usize) -> SqlType {
    call.args.get(n).copied().unwrap_or(SqlType::new(oid::UNKNOWN))
}

fn text(call: &CallContext<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let mut out = Vec::new();
    let value = args.first().ok_or_else(wrong_type)?;
    Writer::new(call.eval).write(value, type_at(call, 0), pretty, &mut out)?;
    finished(out)
}

pub fn finished(out: Vec<u8>) -> Result<Datum> {
    String::from_utf8(out)
        .map(Datum::Text)
        .map_err(|_| Error::internal("JSON text that is not UTF-8 was made"))
}

/// Turns SQL values into JSON under one session's settings.
pub struct Writer<'a> {
    eval: &'a EvalContext,
    context: OutputContext<'a>,
}

/// How a type looks in JSON.
enum Shape {
    Bool,
    Number,
    Json,
    Jsonb,
    Array,
    Record,
    Timestamp,
    TimestampTz,
    Other,
}

/// Types below it are built in.
const FIRST_USER_OID: Oid = 16_384;

/// Nesting of arrays and rows that is written.
const DEPTH_MAX: usize = 200;

impl<'a> Writer<'a> {
    pub fn new(eval: &'a EvalContext) -> Writer<'a> {
        let context = OutputContext { date_style: DateStyle::Iso, ..eval.output() };
        Writer { eval, context }
    }

    fn shape(value: &Datum, ty: SqlType) -> Shape {
        match value {
            Datum::Bool(_) => Shape::Bool,
            Datum::Int2(_) | Datum::Int4(_) => Shape::Number,
            Datum::Int8(_) if ty.oid != oid::XID8 => Shape::Number,
            Datum::Float4(_) | Datum::Float8(_) | Datum::Numeric(_) => Shape::Number,
            Datum::Text(_) if ty.oid == oid::JSON => Shape::Json,
            Datum::Jsonb(_) => Shape::Jsonb,
            Datum::Array(_) => Shape::Array,
            Datum::Record(_) => Shape::Record,
            Datum::Timestamp(_) => Shape::Timestamp,
            Datum::TimestampTz(_) => Shape::TimestampTz,
            _ => Shape::Other,
        }
    }

    /// A value's text inside a JSON string.
    fn plain(&self, value: &Datum, ty: SqlType) -> String {
        let text = types::to_text(value, ty.oid, &self.context);
        match Self::shape(value, ty) {
            Shape::Timestamp => text.replacen(' ', "T", 1),
            Shape::TimestampTz => with_offset_minutes(&text.replacen(' ', "T", 1)),
            _ => text,
        }
    }

    /// Appends JSON text.
    pub fn write(&self, value: &Datum, ty: SqlType, pretty: bool, out: &mut Vec<u8>) -> Result<()> {
        self.write_nested(value, ty, pretty, 0, out)
    }

    /// Appends an object of members with these names, values and types.
    pub fn write_object<'v>(
        &self,
        members: impl Iterator<Item = (&'v str, &'v Datum, SqlType)>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        out.push(b'{');
        for (n, (name, value, ty)) in members.enumerate() {
            if n > 0 {
                out.push(b',');
            }
            write_string(name, out);
            out.push(b':');
            self.write_nested(value, ty, false, 1, out)?;
        }
        out.push(b'}');
        Ok(())
    }

    fn write_nested(
        &self,
        value: &Datum,
        ty: SqlType,
        pretty: bool,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        if value.is_null() {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        if let Some(json) = self.by_cast(value, ty)? {
            out.extend_from_slice(json.as_bytes());
            return Ok(());
        }
        match (Self::shape(value, ty), value) {
            (Shape::Bool, Datum::Bool(value)) => {
                out.extend_from_slice(if *value { b"true" } else { b"false" });
            }
            (Shape::Number, _) => {
                let text = self.plain(value, ty);
                if text.ends_with(|c: char| c.is_ascii_digit()) {
                    out.extend_from_slice(text.as_bytes());
                } else {
                    write_string(&text, out);
                }
            }
            (Shape::Json, Datum::Text(text)) => out.extend_from_slice(text.as_bytes()),
            (Shape::Jsonb, Datum::Jsonb(json)) => json.root().write(out),
            (Shape::Array, Datum::Array(array)) => self.write_array(array, pretty, depth, out)?,
            (Shape::Record, Datum::Record(fields)) => {
                let names = self.field_names(ty, fields.len());
                out.push(b'{');
                for (n, ((ty, field), name)) in fields.iter().zip(names).enumerate() {
                    if n > 0 {
                        out.extend_from_slice(if pretty && depth == 0 { b",\n " } else { b"," });
                    }
                    write_string(&name, out);
                    out.push(b':');
                    self.write_nested(field, SqlType::new(*ty), pretty, depth + 1, out)?;
                }
                out.push(b'}');
            }
            _ => write_string(&self.plain(value, ty), out),
        }
        Ok(())
    }

    /// A value of an extension's type that has a cast to json, as JSON.
    fn by_cast(&self, value: &Datum, ty: SqlType) -> Result<Option<String>> {
        if ty.oid < FIRST_USER_OID {
            return Ok(None);
        }
        let catalog = &self.eval.catalog;
        let base = catalog.base_type(ty);
        let function =
            catalog.cast_between(base.oid, oid::JSON).and_then(|cast| match cast.method {
                CastMethod::Function(function) => catalog.function(function),
                _ => None,
            });
        let Some(function) = function.filter(|function| function.is_native()) else {
            return Ok(None);
        };
        let kernel = crate::sql::functions::kernel(&function.source).ok_or_else(wrong_type)?;
        let call = CallContext { eval: self.eval, args: &[base], result: SqlType::new(oid::JSON) };
        match (kernel.scalar)(&call, std::slice::from_ref(value))? {
            Datum::Text(json) => Ok(Some(json)),
            _ => Err(wrong_type()),
        }
    }

    fn write_array(
        &self,
        array: &ArrayValue,
        pretty: bool,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if array.elements.is_empty() {
            out.extend_from_slice(b"[]");
            return Ok(());
        }
        let spans: Vec<usize> = (0..array.dims.len())
            .map(|d| array.dims[d..].iter().map(|dim| dim.length as usize).product())
            .collect();
        for (index, element) in array.elements.iter().enumerate() {
            if index > 0 {
                let outer = index % spans.get(1).copied().unwrap_or(1) == 0;
                let line = pretty && depth == 0 && outer;
                out.extend_from_slice(if line { b",\n " } else { b"," });
            }
            spans.iter().filter(|span| index % **span == 0).for_each(|_| out.push(b'['));
            self.write_nested(element, SqlType::new(array.element_type), pretty, depth + 1, out)?;
            spans.iter().filter(|span| (index + 1) % **span == 0).for_each(|_| out.push(b']'));
        }
        Ok(())
    }

    /// The names of a row's fields: its type's columns, `f1` … when there are none.
    fn field_names(&self, ty: SqlType, count: usize) -> Vec<String> {
        if let Some(fields) = record::fields(ty) {
            return fields.iter().map(|(name, _)| name.clone()).collect();
        }
        let columns = self.eval.catalog.composite_columns(ty.oid);
        if columns.len() == count {
            return columns.into_iter().map(|(name, _)| name).collect();
        }
        (1..=count).map(|n| format!("f{n}")).collect()
    }

    /// The value as a tree.
    pub fn value(&self, value: &Datum, ty: SqlType) -> Result<JsonValue> {
        if !value.is_null()
            && let Some(json) = self.by_cast(value, ty)?
        {
            return JsonValue::parse(&json);
        }
        Ok(match (Self::shape(value, ty), value) {
            (_, Datum::Null) => JsonValue::Null,
            (_, Datum::Bool(value)) => JsonValue::Bool(*value),
            (Shape::Number, _) => {
                let text = self.plain(value, ty);
                match Numeric::parse(&text) {
                    Ok(number) if number.is_finite() => JsonValue::Number(number),
                    _ => JsonValue::String(text),
                }
            }
            (Shape::Json, Datum::Text(text)) => JsonValue::parse(text)?,
            (_, Datum::Jsonb(json)) => JsonValue::Encoded(json.clone()),
            (Shape::Array | Shape::Record, _) => {
                let mut out = Vec::new();
                self.write(value, ty, false, &mut out)?;
                let text = String::from_utf8(out).map_err(|_| wrong_type())?;
                JsonValue::parse(&text)?
            }
            _ => JsonValue::String(self.plain(value, ty)),
        })
    }

    /// An object key from a value of any scalar type.
    pub fn key(&self, value: &Datum, ty: SqlType) -> Result<String> {
        match Self::shape(value, ty) {
            Shape::Json | Shape::Jsonb | Shape::Array | Shape::Record => {
                Err(invalid("key value must be scalar, not array, composite, or json"))
            }
            Shape::Bool => {
                Ok(if matches!(value, Datum::Bool(true)) { "true" } else { "false" }.into())
            }
            _ => Ok(self.plain(value, ty)),
        }
    }
}

/// `…+02` as `…+02:00`: JSON's timestamps always show the minutes.
fn with_offset_minutes(text: &str) -> String {
    let (time, era) = text.strip_suffix(" BC").map_or((text, ""), |time| (time, " BC"));
    match time.rfind(['+', '-']) {
        Some(sign) if time.contains('T') && time.len() - sign == 3 => format!("{time}:00{era}"),
        _ => text.to_owned(),
    }
}

fn build_array_text(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let writer = Writer::new(call.eval);
    let mut out = vec![b'['];
    for (n, value) in args.iter().enumerate() {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        writer.write(value, type_at(call, n), false, &mut out)?;
    }
    out.push(b']');
    finished(out)
}

fn build_array(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let writer = Writer::new(call.eval);
    let values = args.iter().enumerate().map(|(n, value)| writer.value(value, type_at(call, n)));
    Ok(Datum::Jsonb(JsonValue::Array(values.collect::<Result<_>>()?).to_jsonb()))
}

/// Checks that arguments alternate keys and values, and no key is NULL.
fn check_pairs(args: &[Datum], function: &str) -> Result<()> {
    if args.len() % 2 == 1 {
        return Err(invalid("argument list must have even number of elements").with_hint(format!(
            "The arguments of {function}() must consist of alternating keys and values."
        )));
    }
    match args.iter().step_by(2).position(Datum::is_null) {
        None => Ok(()),
        Some(n) if function.starts_with("jsonb") => {
            Err(invalid(format!("argument {}: key must not be null", 2 * n + 1)))
        }
        Some(n) => Err(invalid(format!("argument {} cannot be null", 2 * n + 1))
            .with_hint("Object keys should be text.")),
    }
}

fn build_object_text(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    check_pairs(args, "json_build_object")?;
    let writer = Writer::new(call.eval);
    let mut out = vec![b'{'];
    for n in (0..args.len()).step_by(2) {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        write_string(&writer.key(&args[n], type_at(call, n))?, &mut out);
        out.extend_from_slice(b" : ");
        writer.write(&args[n + 1], type_at(call, n + 1), false, &mut out)?;
    }
    out.push(b'}');
    finished(out)
}

fn build_object(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    check_pairs(args, "jsonb_build_object")?;
    let writer = Writer::new(call.eval);
    let mut members = Vec::with_capacity(args.len() / 2);
    for n in (0..args.len()).step_by(2) {
        let key = writer.key(&args[n], type_at(call, n))?;
        members.push((key, writer.value(&args[n + 1], type_at(call, n + 1))?));
    }
    Ok(Datum::Jsonb(JsonValue::Object(members).to_jsonb()))
}

type Pairs<'a> = Vec<(&'a str, Option<&'a str>)>;

fn element(datum: &Datum) -> Option<&str> {
    match datum {
        Datum::Text(text) => Some(text),
        _ => None,
    }
}

fn key(datum: &Datum) -> Result<&str> {
    element(datum).ok_or_else(|| {
        Error::new(sqlstate::NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key")
    })
}

fn subscripts(what: &str) -> Error {
    Error::new(sqlstate::ARRAY_SUBSCRIPT_ERROR, what)
}

/// The pairs of a flat array, or of an array of pairs.
fn paired(array: &ArrayValue) -> Result<Pairs<'_>> {
    match array.dims.as_slice() {
        [] => {}
        [dim] if dim.length % 2 == 0 => {}
        [_] => return Err(subscripts("array must have even number of elements")),
        [_, dim] if dim.length == 2 => {}
        [_, _] => return Err(subscripts("array must have two columns")),
        _ => return Err(subscripts("wrong number of array subscripts")),
    }
    array.elements.chunks(2).map(|pair| Ok((key(&pair[0])?, element(&pair[1])))).collect()
}

fn zipped<'a>(keys: &'a ArrayValue, values: &'a ArrayValue) -> Result<Pairs<'a>> {
    if keys.dims.len() > 1 || keys.dims.len() != values.dims.len() {
        return Err(subscripts("wrong number of array subscripts"));
    }
    if keys.elements.len() != values.elements.len() {
        return Err(subscripts("mismatched array dimensions"));
    }
    keys.elements.iter().zip(&values.elements).map(|(k, v)| Ok((key(k)?, element(v)))).collect()
}

fn object_text(pairs: &Pairs<'_>) -> Result<String> {
    let mut out = vec![b'{'];
    for (n, (key, value)) in pairs.iter().enumerate() {
        if n > 0 {
            out.extend_from_slice(b", ");
        }
        write_string(key, &mut out);
        out.extend_from_slice(b" : ");
        match value {
            Some(value) => write_string(value, &mut out),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    String::from_utf8(out).map_err(|_| wrong_type())
}

fn object(pairs: Pairs<'_>) -> Result<Jsonb> {
    let value =
        |value: Option<&str>| value.map_or(JsonValue::Null, |v| JsonValue::String(v.into()));
    let members = pairs.into_iter().map(|(k, v)| (k.to_owned(), value(v)));
    Ok(JsonValue::Object(members.collect()).to_jsonb())
}
