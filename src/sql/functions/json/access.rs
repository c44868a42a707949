//! Reading parts of documents: `->`, `->>`, `#>`, `#>>`, `*_each`, `*_array_elements` ….

use super::raw::Raw;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::{arg, wrong_type};
use crate::sql::functions::{CallContext, Kernel, SetKernel, SetRows};
use crate::sql::types::{ArrayValue, Datum, JsonKind, JsonRef, Jsonb};
use crate::sqlstate;

/// What `json` and `jsonb` values have in common.
pub trait Document<'a>: Copy {
    /// The type's name, as functions and errors spell it.
    const NAME: &'static str;
    fn open(datum: &'a Datum) -> Option<Self>;
    fn kind(self) -> JsonKind;
    fn get(self, key: &str) -> Option<Self>;
    fn elements(self) -> Vec<Self>;
    fn members(self) -> Vec<(String, Self)>;
    /// The decoded text of a string.
    fn string(self) -> String;
    fn text(self) -> String;
    fn datum(self) -> Datum;

    /// The element at an index; negative counts from the end.
    fn at(self, index: i32) -> Option<Self> {
        let elements = if self.kind() == JsonKind::Array { self.elements() } else { return None };
        let index = i64::from(index) + if index < 0 { elements.len() as i64 } else { 0 };
        usize::try_from(index).ok().and_then(|index| elements.get(index).copied())
    }

    /// The value as `->>` has it: strings bare, null as NULL.
    fn bare(self) -> Datum {
        match self.kind() {
            JsonKind::Null => Datum::Null,
            JsonKind::String => Datum::Text(self.string()),
            _ => Datum::Text(self.text()),
        }
    }
}

impl<'a> Document<'a> for Raw<'a> {
    const NAME: &'static str = "json";

    fn open(datum: &'a Datum) -> Option<Self> {
        match datum {
            Datum::Text(text) => Some(Raw::new(text)),
            _ => None,
        }
    }

    fn kind(self) -> JsonKind {
        Raw::kind(self)
    }

    fn get(self, key: &str) -> Option<Self> {
        self.members().into_iter().rfind(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn elements(self) -> Vec<Self> {
        Raw::elements(self)
    }

    fn members(self) -> Vec<(String, Self)> {
        Raw::members(self)
    }

    fn string(self) -> String {
        Raw::string(self)
    }

    fn text(self) -> String {
        Raw::text(self).to_owned()
    }

    fn datum(self) -> Datum {
        Datum::Text(Raw::text(self).to_owned())
    }
}

impl<'a> Document<'a> for JsonRef<'a> {
    const NAME: &'static str = "jsonb";

    fn open(datum: &'a Datum) -> Option<Self> {
        match datum {
            Datum::Jsonb(json) => Some(json.root()),
            _ => None,
        }
    }

    fn kind(self) -> JsonKind {
        JsonRef::kind(self)
    }

    fn get(self, key: &str) -> Option<Self> {
        JsonRef::get(self, key)
    }

    fn at(self, index: i32) -> Option<Self> {
        JsonRef::at(self, i64::from(index))
    }

    fn elements(self) -> Vec<Self> {
        JsonRef::elements(self).collect()
    }

    fn members(self) -> Vec<(String, Self)> {
        JsonRef::members(self).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn string(self) -> String {
        self.as_str().unwrap_or_default().to_owned()
    }

    fn text(self) -> String {
        text_of(self)
    }

    fn datum(self) -> Datum {
        Datum::Jsonb(self.to_jsonb())
    }
}

/// A document's text form.
pub fn text_of(json: JsonRef<'_>) -> String {
    let mut out = Vec::new();
    json.write(&mut out);
    String::from_utf8(out).expect("documents hold UTF-8 text only")
}

pub fn document(json: &Jsonb) -> JsonRef<'_> {
    json.root()
}

pub fn invalid(what: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_PARAMETER_VALUE, what)
}

fn open<'a, D: Document<'a>>(args: &'a [Datum]) -> Result<D> {
    args.first().and_then(D::open).ok_or_else(wrong_type)
}

fn whole<'a, D: Document<'a>>(found: Option<D>) -> Datum {
    found.map_or(Datum::Null, D::datum)
}

fn bare<'a, D: Document<'a>>(found: Option<D>) -> Datum {
    found.map_or(Datum::Null, D::bare)
}

/// The member or element behind the second argument.
fn child<'a, D: Document<'a>>(args: &'a [Datum]) -> Result<Option<D>> {
    let json: D = open(args)?;
    match args.get(1) {
        Some(Datum::Text(key)) => Ok(json.get(key)),
        Some(Datum::Int4(index)) => Ok(json.at(*index)),
        _ => Err(wrong_type()),
    }
}

/// Follows a path of keys and indexes; `None` when it leads nowhere.
fn follow<'a, D: Document<'a>>(args: &'a [Datum]) -> Result<Option<D>> {
    let mut json: D = open(args)?;
    let path: &ArrayValue = arg(args, 1)?;
    for step in &path.elements {
        let Datum::Text(step) = step else { return Ok(None) };
        let next = match json.kind() {
            JsonKind::Object => json.get(step),
            JsonKind::Array => step.trim().parse().ok().and_then(|index| json.at(index)),
            _ => None,
        };
        match next {
            Some(next) => json = next,
            None => return Ok(None),
        }
    }
    Ok(Some(json))
}

fn array_length<'a, D: Document<'a>>(args: &'a [Datum]) -> Result<Datum> {
    let json: D = open(args)?;
    match json.kind() {
        JsonKind::Array => Ok(Datum::Int4(json.elements().len() as i32)),
        JsonKind::Object => Err(invalid("cannot get array length of a non-array")),
        _ => Err(invalid("cannot get array length of a scalar")),
    }
}

fn type_of<'a, D: Document<'a>>(args: &'a [Datum]) -> Result<Datum> {
    Ok(Datum::Text(open::<D>(args)?.kind().name().to_owned()))
}

/// Rows made while the document is at hand.
fn rows(rows: Vec<Vec<Datum>>) -> SetRows {
    Box::new(rows.into_iter().map(Ok))
}

fn each<'a, D: Document<'a>>(
    args: &'a [Datum],
    function: &str,
    value: fn(Option<D>) -> Datum,
) -> Result<SetRows> {
    let json: D = open(args)?;
    if json.kind() != JsonKind::Object {
        return Err(invalid(match (D::NAME, json.kind()) {
            ("json", JsonKind::Array) => "cannot deconstruct an array as an object".to_owned(),
            ("json", _) => "cannot deconstruct a scalar".to_owned(),
            _ => format!("cannot call {function} on a non-object"),
        }));
    }
    let members = json.members().into_iter();
    Ok(rows(members.map(|(key, json)| vec![Datum::Text(key), value(Some(json))]).collect()))
}

fn elements<'a, D: Document<'a>>(
    args: &'a [Datum],
    function: &str,
    value: fn(Option<D>) -> Datum,
) -> Result<SetRows> {
    let json: D = open(args)?;
    if json.kind() != JsonKind::Array {
        let object = json.kind() == JsonKind::Object;
        return Err(invalid(match (D::NAME, object) {
            ("json", true) => format!("cannot call {function} on a non-array"),
            ("json", false) => format!("cannot call {function} on a scalar"),
            (_, true) => "cannot extract elements from an object".to_owned(),
            (_, false) => "cannot extract elements from a scalar".to_owned(),
        }));
    }
    Ok(rows(json.elements().into_iter().map(|json| vec![value(Some(json))]).collect()))
}

fn keys<'a, D: Document<'a>>(args: &'a [Datum]) -> Result<SetRows> {
    let json: D = open(args)?;
    let name = D::NAME;
    match json.kind() {
        JsonKind::Object => {
            Ok(rows(json.members().into_iter().map(|(key, _)| vec![Datum::Text(key)]).collect()))
        }
        JsonKind::Array => Err(invalid(format!("cannot call {name}_object_keys on an array"))),
        _ => Err(invalid(format!("cannot call {name}_object_keys on a scalar"))),
    }
}

/// The kernels of one of the two types.
macro_rules! family {
    ($scalars:ident $sets:ident $prefix:literal $document:ty) => {
        pub const $scalars: &[Kernel] = kernels! {
            call concat!($prefix, "_object_field") => |_, args| Ok(whole(child::<$document>(args)?));
            call concat!($prefix, "_object_field_text") => |_, args| Ok(bare(child::<$document>(args)?));
            call concat!($prefix, "_array_element") => |_, args| Ok(whole(child::<$document>(args)?));
            call concat!($prefix, "_array_element_text") => |_, args| Ok(bare(child::<$document>(args)?));
            call concat!($prefix, "_extract_path") => |_, args| Ok(whole(follow::<$document>(args)?));
            call concat!($prefix, "_extract_path_text") => |_, args| Ok(bare(follow::<$document>(args)?));
            call concat!($prefix, "_array_length") => |_, args| array_length::<$document>(args);
            call concat!($prefix, "_typeof") => |_, args| type_of::<$document>(args);
        };

        pub const $sets: &[SetKernel] = &[
            SetKernel {
                symbol: concat!($prefix, "_each"),
                rows: |_: &CallContext<'_>, args| {
                    each::<$document>(args, concat!($prefix, "_each"), whole)
                },
            },
            SetKernel {
                symbol: concat!($prefix, "_each_text"),
                rows: |_: &CallContext<'_>, args| {
                    each::<$document>(args, concat!($prefix, "_each_text"), bare)
                },
            },
            SetKernel {
                symbol: concat!($prefix, "_array_elements"),
                rows: |_: &CallContext<'_>, args| {
                    elements::<$document>(args, concat!($prefix, "_array_elements"), whole)
                },
            },
            SetKernel {
                symbol: concat!($prefix, "_array_elements_text"),
                rows: |_: &CallContext<'_>, args| {
                    elements::<$document>(args, concat!($prefix, "_array_elements_text"), bare)
                },
            },
            SetKernel {
                symbol: concat!($prefix, "_object_keys"),
                rows: |_: &CallContext<'_>, args| keys::<$document>(args),
            },
        ];
    };
}

family!(JSON JSON_SETS "json" Raw<'_>);
family!(JSONB JSONB_SETS "jsonb" JsonRef<'_>);
