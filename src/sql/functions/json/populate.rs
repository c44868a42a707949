//! From JSON to rows: `json[b]_populate_record[set]`, `json[b]_to_record[set]`.
//!
//! The row type comes from the first argument, or from the column definitions of the
//! FROM item, which the binder makes the call's result type. A member becomes a field
//! through the text that its type's input function reads; arrays and objects are taken
//! apart for fields of array and row types.

use super::access::{Document, invalid};
use super::raw::Raw;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::wrong_type;
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows, domain, value};
use crate::sql::types::json::write_string;
use crate::sql::types::{
    self, ArrayDim, ArrayValue, Datum, JsonKind, JsonRef, Oid, SqlType, oid, record,
};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "json_populate_record" => |call, args| record::<Raw<'_>>(call, args, Source::Argument("json_populate_record"));
    call "jsonb_populate_record" => |call, args| record::<JsonRef<'_>>(call, args, Source::Argument("jsonb_populate_record"));
    call "json_to_record" => |call, args| record::<Raw<'_>>(call, args, Source::Query("json_to_record"));
    call "jsonb_to_record" => |call, args| record::<JsonRef<'_>>(call, args, Source::Query("jsonb_to_record"));
};

pub const SET_KERNELS: &[SetKernel] = &[
    SetKernel {
        symbol: "json_populate_recordset",
        rows: |call, args| rows::<Raw<'_>>(call, args, Source::Argument("json_populate_recordset")),
    },
    SetKernel {
        symbol: "jsonb_populate_recordset",
        rows: |call, args| {
            rows::<JsonRef<'_>>(call, args, Source::Argument("jsonb_populate_recordset"))
        },
    },
    SetKernel {
        symbol: "json_to_recordset",
        rows: |call, args| rows::<Raw<'_>>(call, args, Source::Query("json_to_recordset")),
    },
    SetKernel {
        symbol: "jsonb_to_recordset",
        rows: |call, args| rows::<JsonRef<'_>>(call, args, Source::Query("jsonb_to_recordset")),
    },
];

/// Where the row type comes from; the function's name is what errors show.
#[derive(Clone, Copy)]
enum Source {
    /// The first argument, which may also give values to start from.
    Argument(&'static str),
    Query(&'static str),
}

impl Source {
    fn function(self) -> &'static str {
        match self {
            Source::Argument(name) | Source::Query(name) => name,
        }
    }
}

type Fields = Vec<(String, SqlType)>;

/// A row type, and the row whose values stand where the JSON has none.
struct Target<'a> {
    fields: Fields,
    base: Option<&'a [(Oid, Datum)]>,
}

/// The fields of a row type that is known.
fn fields_of(call: &CallContext<'_>, ty: SqlType) -> Option<Fields> {
    if let Some(fields) = record::fields(ty) {
        return Some(fields.to_vec());
    }
    if let Some(under) = call.eval.output().catalog.domain_base(ty.oid) {
        return fields_of(call, under);
    }
    Some(call.eval.catalog.composite_columns(ty.oid)).filter(|fields| !fields.is_empty())
}

/// The target of a call, and the argument that is the JSON.
fn target<'a>(
    call: &CallContext<'_>,
    args: &'a [Datum],
    source: Source,
) -> Result<(Target<'a>, &'a Datum)> {
    let from_query = || {
        fields_of(call, call.result).ok_or_else(|| {
            let message =
                format!("could not determine row type for result of {}", source.function());
            Error::new(sqlstate::FEATURE_NOT_SUPPORTED, message).with_hint(
                "Provide a non-null record argument, or call the function in the FROM clause \
                 using a column definition list.",
            )
        })
    };
    let (fields, base, json) = match source {
        Source::Query(_) => (from_query()?, None, args.first()),
        Source::Argument(name) => {
            let ty = call.args.first().copied().ok_or_else(wrong_type)?;
            let base = match args.first() {
                Some(Datum::Record(base)) => Some(base.as_slice()),
                _ => None,
            };
            let fields = match (fields_of(call, ty), base) {
                (Some(fields), _) => fields,
                (None, Some(base)) if ty.oid == oid::RECORD => {
                    let field = |(n, (ty, _)): (usize, &(Oid, Datum))| {
                        (format!("f{}", n + 1), SqlType::new(*ty))
                    };
                    base.iter().enumerate().map(field).collect()
                }
                (None, _) if ty.oid == oid::RECORD => from_query()?,
                (None, _) => {
                    return Err(Error::new(
                        sqlstate::DATATYPE_MISMATCH,
                        format!("first argument of {name} must be a row type"),
                    ));
                }
            };
            if base.is_some()
                && let Some(wanted) = record::fields(call.result)
            {
                require_same(call, &fields, &wanted)?;
            }
            (fields, base, args.get(1))
        }
    };
    Ok((Target { fields, base }, json.ok_or_else(wrong_type)?))
}

/// `42804` unless the row that is given has the fields that the query asks for.
fn require_same(
    call: &CallContext<'_>,
    given: &[(String, SqlType)],
    wanted: &[(String, SqlType)],
) -> Result<()> {
    let mismatch = |detail: String| {
        let message = "function return row and query-specified return row do not match";
        Err(Error::new(sqlstate::DATATYPE_MISMATCH, message).with_detail(detail))
    };
    if given.len() != wanted.len() {
        let plural = if given.len() == 1 { "" } else { "s" };
        return mismatch(format!(
            "Returned row contains {} attribute{plural}, but query expects {}.",
            given.len(),
            wanted.len()
        ));
    }
    let name = |ty: SqlType| call.eval.catalog.type_name(ty.oid, -1);
    let pairs = given.iter().zip(wanted).enumerate();
    for (n, ((_, given), (_, wanted))) in pairs {
        if given.oid != wanted.oid {
            return mismatch(format!(
                "Returned type {} at ordinal position {}, but query expects {}.",
                name(*given),
                n + 1,
                name(*wanted)
            ));
        }
    }
    Ok(())
}

fn record<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    args: &'a [Datum],
    source: Source,
) -> Result<Datum> {
    let (target, json) = target(call, args, source)?;
    if json.is_null() {
        return Ok(target.base.map_or(Datum::Null, |base| Datum::Record(base.to_vec())));
    }
    let json = D::open(json).ok_or_else(wrong_type)?;
    let row = row(call, &target, json)?;
    checked(call, source, Datum::Record(row))
}

fn rows<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    args: &'a [Datum],
    source: Source,
) -> Result<SetRows> {
    let (target, json) = target(call, args, source)?;
    if json.is_null() {
        return Ok(Box::new(std::iter::empty()));
    }
    let json = D::open(json).ok_or_else(wrong_type)?;
    let function = source.function();
    match (json.kind(), D::NAME) {
        (JsonKind::Array, _) => {}
        (JsonKind::Object, "json") => {
            return Err(invalid(format!("cannot call {function} on an object")));
        }
        (_, "json") => return Err(invalid(format!("cannot call {function} on a scalar"))),
        _ => return Err(invalid(format!("cannot call {function} on a non-array"))),
    }
    // Of rows whose type only the first argument's value tells, nobody makes columns.
    let is_known = fields_of(call, call.result).is_some();
    let mut rows = Vec::new();
    for element in json.elements() {
        if element.kind() != JsonKind::Object {
            return Err(invalid(format!("argument of {function} must be an array of objects")));
        }
        let row = checked(call, source, Datum::Record(row(call, &target, element)?))?;
        rows.push(Ok(match (is_known, row) {
            (true, Datum::Record(row)) => row.into_iter().map(|(_, value)| value).collect(),
            (_, row) => vec![row],
        }));
    }
    Ok(Box::new(rows.into_iter()))
}

/// The row that an object makes.
fn row<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    target: &Target<'_>,
    json: D,
) -> Result<Vec<(Oid, Datum)>> {
    match json.kind() {
        JsonKind::Object => {}
        JsonKind::Array => return Err(invalid("cannot call populate_composite on an array")),
        _ => return Err(invalid("cannot call populate_composite on a scalar")),
    }
    let mut row = Vec::with_capacity(target.fields.len());
    for (n, (name, ty)) in target.fields.iter().enumerate() {
        let base = target.base.and_then(|base| base.get(n)).map(|(_, value)| value);
        let value = match (json.get(name), base) {
            (None, Some(base)) => base.clone(),
            (None, None) => missing(call, *ty)?,
            (Some(member), base) => field(call, *ty, Some(name), base, member)?,
        };
        row.push((ty.oid, value));
    }
    Ok(row)
}

/// The value of a field that has none: a domain may not like it.
fn missing(call: &CallContext<'_>, ty: SqlType) -> Result<Datum> {
    if call.eval.output().catalog.domain_base(ty.oid).is_some() {
        domain::check(call.eval, ty.oid, &Datum::Null)?;
    }
    Ok(Datum::Null)
}

/// A row that was made, as a value of the domain that was asked for, if one was.
fn checked(call: &CallContext<'_>, source: Source, row: Datum) -> Result<Datum> {
    if let (Source::Argument(_), Some(ty)) = (source, call.args.first())
        && call.eval.output().catalog.domain_base(ty.oid).is_some()
    {
        domain::check(call.eval, ty.oid, &row)?;
    }
    Ok(row)
}

/// A value of the type; `key` is where it stands.
fn field<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    ty: SqlType,
    key: Option<&str>,
    base: Option<&Datum>,
    json: D,
) -> Result<Datum> {
    if let Some(under) = call.eval.output().catalog.domain_base(ty.oid) {
        let value = match json.kind() {
            JsonKind::String => return scalar(call, ty, json),
            _ => field(call, under, key, base, json)?,
        };
        domain::check(call.eval, ty.oid, &value)?;
        return Ok(value);
    }
    match json.kind() {
        JsonKind::Null => return Ok(Datum::Null),
        // A string is read as a whole, by the input function even of arrays and rows.
        JsonKind::String => return scalar(call, ty, json),
        _ => {}
    }
    let array = call.eval.catalog.type_(ty.oid).filter(|ty| ty.is_true_array());
    if let Some(array) = array {
        let element = SqlType::with_typmod(array.element, ty.typmod);
        return Elements::new(element, key).read(call, json);
    }
    if let Some(fields) = fields_of(call, ty) {
        let base = match base {
            Some(Datum::Record(base)) => Some(base.as_slice()),
            _ => None,
        };
        return row(call, &Target { fields, base }, json).map(Datum::Record);
    }
    scalar(call, ty, json)
}

fn scalar<'a, D: Document<'a>>(call: &CallContext<'_>, ty: SqlType, json: D) -> Result<Datum> {
    let text = match (json.kind(), ty.oid) {
        (JsonKind::String, oid::JSON | oid::JSONB) => {
            let mut quoted = Vec::new();
            write_string(&json.string(), &mut quoted);
            String::from_utf8_lossy(&quoted).into_owned()
        }
        (JsonKind::String, _) => json.string(),
        _ => json.text(),
    };
    value::read_text(call, &text, ty.oid, ty.typmod)
}

/// The elements of an array that is being read, of any number of dimensions.
struct Elements<'k> {
    element: SqlType,
    key: Option<&'k str>,
    /// The length of each dimension, once it is known; none before their number is.
    lengths: Vec<Option<usize>>,
    /// Elements so far of the arrays that are open, from the outermost on.
    counts: Vec<usize>,
    values: Vec<Datum>,
}

impl<'k> Elements<'k> {
    fn new(element: SqlType, key: Option<&'k str>) -> Elements<'k> {
        Elements { element, key, lengths: Vec::new(), counts: vec![0], values: Vec::new() }
    }

    fn read<'a, D: Document<'a>>(mut self, call: &CallContext<'_>, json: D) -> Result<Datum> {
        self.dimension(call, json, 1)?;
        let mut lengths: Vec<usize> =
            self.lengths.iter().map(|length| length.unwrap_or(0)).collect();
        if let Some(first) = lengths.first_mut() {
            *first = self.counts[0];
        }
        let mut array = ArrayValue::from_elements(self.element.oid, Vec::new());
        if !self.values.is_empty() {
            let dim = |length: usize| ArrayDim { length: length as i32, lower_bound: 1 };
            array.dims = lengths.into_iter().map(dim).collect();
            array.elements = self.values;
        }
        Ok(Datum::Array(Box::new(array)))
    }

    /// One array; `depth` counts from 1.
    fn dimension<'a, D: Document<'a>>(
        &mut self,
        call: &CallContext<'_>,
        json: D,
        depth: usize,
    ) -> Result<()> {
        if json.kind() != JsonKind::Array {
            return Err(self.expected_array(depth - 1));
        }
        if depth > types::array::DIMENSIONS_MAX {
            return Err(types::array::too_many_dimensions(depth));
        }
        let elements = json.elements();
        let goes_deeper = elements.first().is_some_and(|first| first.kind() == JsonKind::Array);
        if self.lengths.is_empty() && !goes_deeper {
            self.lengths = vec![None; depth];
            self.counts.resize(depth, 0);
        }
        for element in elements {
            if !self.lengths.is_empty() && depth >= self.lengths.len() {
                let value = field(call, self.element, None, None, element)?;
                self.values.push(value);
                self.counts[depth - 1] += 1;
                continue;
            }
            self.counts.resize(self.counts.len().max(depth + 1), 0);
            self.dimension(call, element, depth + 1)?;
            self.close(depth)?;
        }
        Ok(())
    }

    /// An array at this depth is read: all at one depth must have the same length.
    fn close(&mut self, depth: usize) -> Result<()> {
        let length = std::mem::replace(&mut self.counts[depth], 0);
        match self.lengths.get_mut(depth) {
            Some(known @ None) => *known = Some(length),
            Some(Some(known)) if *known != length => {
                return Err(Error::new(
                    sqlstate::INVALID_TEXT_REPRESENTATION,
                    "malformed JSON array",
                )
                .with_detail(
                    "Multidimensional arrays must have sub-arrays with matching dimensions.",
                ));
            }
            _ => {}
        }
        self.counts[depth - 1] += 1;
        Ok(())
    }

    fn expected_array(&self, depth: usize) -> Error {
        let error = Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "expected JSON array");
        let place: String = self.counts.iter().take(depth).map(|n| format!("[{n}]")).collect();
        match (self.key, depth) {
            (Some(key), 0) => error.with_hint(format!("See the value of key \"{key}\".")),
            (None, 0) => error,
            (Some(key), _) => {
                error.with_hint(format!("See the array element {place} of key \"{key}\"."))
            }
            (None, _) => error.with_hint(format!("See the array element {place}.")),
        }
    }
}
