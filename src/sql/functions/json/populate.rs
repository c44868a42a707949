//! Rows from JSON: `json_to_record`, `json_populate_record` and their sets.
//!
//! The result type of the call says which fields there are: a composite type's columns,
//! or what a column definition list names. An object's member of the same name fills
//! a field through the field type's own input; arrays become arrays, objects rows.

use super::access::{Document, invalid};
use super::raw::Raw;
use crate::catalog::TypeKind;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::wrong_type;
use crate::sql::functions::{CallContext, EvalContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{
    self, ArrayDim, ArrayValue, Datum, JsonKind, JsonRef, Oid, SqlType, oid, record,
};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "json_to_record" => |call, args| to_record::<Raw<'_>>(call, args, "json_to_record");
    call "jsonb_to_record" => |call, args| to_record::<JsonRef<'_>>(call, args, "jsonb_to_record");
    call "json_populate_record" => |call, args|
        populate_record::<Raw<'_>>(call, args, "json_populate_record");
    call "jsonb_populate_record" => |call, args|
        populate_record::<JsonRef<'_>>(call, args, "jsonb_populate_record");
};

pub const SETS: &[SetKernel] = &[
    SetKernel {
        symbol: "json_to_recordset",
        rows: |call, args| rows::<Raw<'_>>(call, None, args.first(), "json_to_recordset"),
    },
    SetKernel {
        symbol: "jsonb_to_recordset",
        rows: |call, args| rows::<JsonRef<'_>>(call, None, args.first(), "jsonb_to_recordset"),
    },
    SetKernel {
        symbol: "json_populate_recordset",
        rows: |call, args| {
            rows::<Raw<'_>>(call, args.first(), args.get(1), "json_populate_recordset")
        },
    },
    SetKernel {
        symbol: "jsonb_populate_recordset",
        rows: |call, args| {
            rows::<JsonRef<'_>>(call, args.first(), args.get(1), "jsonb_populate_recordset")
        },
    },
];

/// A field of the row that is made.
struct Field {
    name: String,
    ty: SqlType,
}

type Row = Vec<(Oid, Datum)>;

fn to_record<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    args: &'a [Datum],
    function: &str,
) -> Result<Datum> {
    let fields = fields(call, None, function)?;
    let document = D::open(args.first().ok_or_else(wrong_type)?).ok_or_else(wrong_type)?;
    Maker { eval: call.eval }.row(document, &fields, None).map(Datum::Record)
}

fn populate_record<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    args: &'a [Datum],
    function: &str,
) -> Result<Datum> {
    let [base, json, ..] = args else { return Err(wrong_type()) };
    if json.is_null() {
        return Ok(base.clone());
    }
    let fields = fields(call, Some(base), function)?;
    let document = D::open(json).ok_or_else(wrong_type)?;
    Maker { eval: call.eval }.row(document, &fields, row_of(base)).map(Datum::Record)
}

fn rows<'a, D: Document<'a>>(
    call: &CallContext<'_>,
    base: Option<&Datum>,
    json: Option<&'a Datum>,
    function: &str,
) -> Result<SetRows> {
    let json = json.ok_or_else(wrong_type)?;
    let fields = fields(call, base, function)?;
    if json.is_null() {
        return Ok(Box::new(std::iter::empty()));
    }
    let document = D::open(json).ok_or_else(wrong_type)?;
    if document.kind() != JsonKind::Array {
        let what = match (D::NAME, document.kind()) {
            ("jsonb", _) => "a non-array",
            (_, JsonKind::Object) => "an object",
            _ => "a scalar",
        };
        return Err(invalid(format!("cannot call {function} on {what}")));
    }
    let maker = Maker { eval: call.eval };
    let base = base.and_then(row_of);
    let made = document.elements().into_iter().map(|element| match element.kind() {
        JsonKind::Object => Ok(vec![Datum::Record(maker.row(element, &fields, base)?)]),
        _ => Err(invalid(format!("argument of {function} must be an array of objects"))),
    });
    // A row that fails ends the statement: the rows before it are not wanted.
    let made = made.collect::<Result<Vec<Vec<Datum>>>>()?;
    Ok(Box::new(made.into_iter().map(Ok)))
}

fn row_of(base: &Datum) -> Option<&Row> {
    match base {
        Datum::Record(row) => Some(row),
        _ => None,
    }
}

/// The fields that the call's result has.
fn fields(call: &CallContext<'_>, base: Option<&Datum>, function: &str) -> Result<Vec<Field>> {
    let ty = call.result;
    if ty.oid != oid::RECORD {
        return composite_fields(call.eval, ty.oid).ok_or_else(|| {
            Error::new(
                sqlstate::DATATYPE_MISMATCH,
                format!("first argument of {function} must be a row type"),
            )
        });
    }
    let wanted = record::fields(ty);
    // A row that is given says itself what its fields are.
    if let Some(row) = base.and_then(row_of) {
        if let Some(wanted) = &wanted {
            require_same(call.eval, row, wanted)?;
        }
        let name = |n: usize| match &wanted {
            Some(wanted) => wanted[n].0.clone(),
            None => format!("f{}", n + 1),
        };
        let field = |(n, (ty, _)): (usize, &(Oid, Datum))| Field { name: name(n), ty: SqlType::new(*ty) };
        return Ok(row.iter().enumerate().map(field).collect());
    }
    match wanted {
        Some(wanted) => {
            Ok(wanted.iter().map(|(name, ty)| Field { name: name.clone(), ty: *ty }).collect())
        }
        None => Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("could not determine row type for result of {function}"),
        )
        .with_hint(
            "Provide a non-null record argument, or call the function in the FROM clause using a column definition list.",
        )),
    }
}

/// `42804` unless a row has the fields that a column definition list names.
fn require_same(eval: &EvalContext, row: &Row, wanted: &[(String, SqlType)]) -> Result<()> {
    let mismatch = |detail: String| {
        Err(Error::new(
            sqlstate::DATATYPE_MISMATCH,
            "function return row and query-specified return row do not match",
        )
        .with_detail(detail))
    };
    if row.len() != wanted.len() {
        let plural = if row.len() == 1 { "" } else { "s" };
        return mismatch(format!(
            "Returned row contains {} attribute{plural}, but query expects {}.",
            row.len(),
            wanted.len()
        ));
    }
    for (n, ((returned, _), (_, expected))) in row.iter().zip(wanted).enumerate() {
        if *returned != expected.oid {
            return mismatch(format!(
                "Returned type {} at ordinal position {}, but query expects {}.",
                eval.catalog.type_name(*returned, -1),
                n + 1,
                eval.catalog.type_name(expected.oid, -1)
            ));
        }
    }
    Ok(())
}

fn composite_fields(eval: &EvalContext, ty: Oid) -> Option<Vec<Field>> {
    let TypeKind::Composite { relation } = eval.catalog.type_(ty)?.kind else { return None };
    let columns = &eval.catalog.relation(relation)?.columns;
    let live = columns.iter().filter(|column| !column.dropped);
    Some(live.map(|column| Field { name: column.name.clone(), ty: column.ty }).collect())
}

/// How deep arrays and rows may nest in each other.
const DEPTH_MAX: usize = 200;

/// Makes SQL values from JSON under one session's settings.
struct Maker<'a> {
    eval: &'a EvalContext,
}

/// What an array is being made for, as its errors name it.
struct Place<'a> {
    key: Option<&'a str>,
    depth: usize,
}

impl Maker<'_> {
    fn row<'a, D: Document<'a>>(
        &self,
        json: D,
        fields: &[Field],
        base: Option<&Row>,
    ) -> Result<Row> {
        self.row_at(json, fields, base, 0)
    }

    fn row_at<'a, D: Document<'a>>(
        &self,
        json: D,
        fields: &[Field],
        base: Option<&Row>,
        depth: usize,
    ) -> Result<Row> {
        if json.kind() != JsonKind::Object {
            let what = if json.kind() == JsonKind::Array { "an array" } else { "a scalar" };
            return Err(invalid(format!("cannot call populate_composite on {what}")));
        }
        if depth > DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        let mut row = Vec::with_capacity(fields.len());
        for (n, field) in fields.iter().enumerate() {
            let old = base.and_then(|base| base.get(n)).map(|(_, value)| value);
            let value = match (json.get(&field.name), old) {
                (Some(member), old) => {
                    let place = Place { key: Some(&field.name), depth };
                    self.value(member, field.ty, old, &place)?
                }
                (None, Some(old)) => old.clone(),
                (None, None) => Datum::Null,
            };
            row.push((field.ty.oid, value));
        }
        Ok(row)
    }

    fn value<'a, D: Document<'a>>(
        &self,
        json: D,
        ty: SqlType,
        old: Option<&Datum>,
        place: &Place<'_>,
    ) -> Result<Datum> {
        let kind = json.kind();
        if kind == JsonKind::Null {
            return Ok(Datum::Null);
        }
        match ty.oid {
            oid::JSON => return Ok(Datum::Text(json.text())),
            oid::JSONB if D::NAME == "jsonb" => return Ok(json.datum()),
            oid::JSONB => return self.read(&json.text(), ty),
            _ => {}
        }
        let Some(found) = self.eval.catalog.type_(ty.oid) else { return Err(wrong_type()) };
        if matches!(found.kind, TypeKind::Domain { .. }) {
            return Err(Error::unsupported("a domain in a row made from JSON"));
        }
        // A string is read as the type's own text form, whatever the type.
        if kind == JsonKind::String {
            return self.read(&json.string(), ty);
        }
        if let Some(fields) = composite_fields(self.eval, ty.oid) {
            let base = old.and_then(row_of);
            let depth = place.depth + 1;
            return self.row_at(json, &fields, base, depth).map(Datum::Record);
        }
        if found.category == 'A' && found.length == -1 {
            let element = SqlType::with_typmod(found.element, ty.typmod);
            return self.array(json, element, place);
        }
        self.read(&json.text(), ty)
    }

    fn read(&self, text: &str, ty: SqlType) -> Result<Datum> {
        let repr = self.eval.catalog.repr(ty.oid)?;
        types::text_input(text, ty, &repr, &self.eval.input())
    }

    fn array<'a, D: Document<'a>>(
        &self,
        json: D,
        element: SqlType,
        place: &Place<'_>,
    ) -> Result<Datum> {
        let mut array = ArrayMaker {
            maker: self,
            element,
            place,
            dimensions: 0,
            lengths: Vec::new(),
            counts: Vec::new(),
            elements: Vec::new(),
        };
        array.level(json, 1)?;
        array.finish_level(0)?;
        if array.elements.is_empty() {
            return Ok(Datum::Array(Box::new(ArrayValue::from_elements(element.oid, Vec::new()))));
        }
        let dim = |length: &Option<usize>| ArrayDim {
            length: length.unwrap_or(0) as i32,
            lower_bound: 1,
        };
        let dims = array.lengths.iter().map(dim).collect();
        let mut value = ArrayValue::from_elements(element.oid, array.elements);
        value.dims = dims;
        Ok(Datum::Array(Box::new(value)))
    }
}

/// An array while its elements are met. How many dimensions it has is known when the
/// first thing is met that is no array, or is an empty one.
struct ArrayMaker<'a> {
    maker: &'a Maker<'a>,
    element: SqlType,
    place: &'a Place<'a>,
    dimensions: usize,
    /// The length of each dimension, once one of its arrays has ended.
    lengths: Vec<Option<usize>>,
    /// How many elements the array that is open in each dimension has so far.
    counts: Vec<usize>,
    elements: Vec<Datum>,
}

/// The most dimensions of an array, as in PostgreSQL.
const DIMENSIONS_MAX: usize = 6;

impl ArrayMaker<'_> {
    /// The elements of an array in dimension `depth`, counted from 1.
    fn level<'a, D: Document<'a>>(&mut self, json: D, depth: usize) -> Result<()> {
        if json.kind() != JsonKind::Array {
            return Err(self.expected_array(depth - 1));
        }
        let elements = json.elements();
        let is_last = elements.first().is_none_or(|first| first.kind() != JsonKind::Array);
        self.counts.resize(self.counts.len().max(depth), 0);
        if self.dimensions == 0 && is_last {
            if depth > DIMENSIONS_MAX {
                return Err(Error::new(
                    sqlstate::PROGRAM_LIMIT_EXCEEDED,
                    format!(
                        "number of array dimensions ({depth}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
                    ),
                ));
            }
            self.dimensions = depth;
            self.lengths = vec![None; depth];
        }
        if depth > DEPTH_MAX {
            return Err(Error::statement_too_deep());
        }
        for element in elements {
            if self.dimensions > 0 && depth >= self.dimensions {
                let place = Place { key: None, depth: self.place.depth + 1 };
                let value = self.maker.value(element, self.element, None, &place)?;
                self.elements.push(value);
                self.counts[depth - 1] += 1;
            } else {
                self.level(element, depth + 1)?;
                self.finish_level(depth)?;
            }
        }
        Ok(())
    }

    /// An array in the dimension after `depth` has ended: all of them are equally long.
    fn finish_level(&mut self, depth: usize) -> Result<()> {
        let count = std::mem::take(&mut self.counts[depth]);
        match self.lengths[depth] {
            None => self.lengths[depth] = Some(count),
            Some(length) if length != count => {
                return Err(Error::new(
                    sqlstate::INVALID_TEXT_REPRESENTATION,
                    "malformed JSON array",
                )
                .with_detail(
                    "Multidimensional arrays must have sub-arrays with matching dimensions.",
                ));
            }
            Some(_) => {}
        }
        if depth > 0 {
            self.counts[depth - 1] += 1;
        }
        Ok(())
    }

    fn expected_array(&self, depth: usize) -> Error {
        let error = Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "expected JSON array");
        let indexes: String = self.counts[..depth].iter().map(|n| format!("[{n}]")).collect();
        match (indexes.as_str(), self.place.key) {
            ("", None) => error,
            ("", Some(key)) => error.with_hint(format!("See the value of key \"{key}\".")),
            (indexes, None) => error.with_hint(format!("See the array element {indexes}.")),
            (indexes, Some(key)) => {
                error.with_hint(format!("See the array element {indexes} of key \"{key}\"."))
            }
        }
    }
}
