//! From plain Rust functions to kernels.
//!
//! A kernel is written as a function over Rust values: `|a: i32, b: i32| …`.
//! The [`kernels!`](super::kernels) macro wraps it twice: over [`Datum`]s, and over Arrow
//! columns without a `Datum` per row. [`Arg`] and [`Ret`] name the Rust type
//! that stands for each representation; [`ColumnArg`] and [`ColumnRet`] are the
//! ones that also have a columnar reader or builder.
//!
//! A column of one row stands for a constant next to longer ones. A NULL in any
//! argument makes the row NULL, as STRICT functions have it.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, BooleanBuilder, FixedSizeBinaryArray,
    FixedSizeBinaryBuilder, PrimitiveArray, PrimitiveBuilder, StringViewArray, StringViewBuilder,
};
use datafusion::arrow::datatypes::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType, UInt8Type, UInt32Type,
};

use crate::error::{Error, Result};
use crate::sql::types::json::Jsonb;
use crate::sql::types::numeric::Numeric;
use crate::sql::types::vector::Value as Vector;
use crate::sql::types::{ArrayValue, Bits, Datum, Inet, Interval, Oid};

/// Days from 1970-01-01 to 2000-01-01: Arrow counts from the first, PostgreSQL
/// from the second.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// Days since 2000-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Date(pub i32);

/// Microseconds since midnight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Time(pub i64);

/// Microseconds since midnight, and seconds west of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeTz(pub i64, pub i32);

/// Microseconds since 2000-01-01 00:00.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp(pub i64);

/// Microseconds since 2000-01-01 00:00 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimestampTz(pub i64);

/// A timestamp of either type, for the kernels that both share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(pub i64);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Uuid(pub [u8; 16]);

/// A Rust value read from a datum.
pub trait Arg<'a>: Sized {
    fn from_datum(datum: &'a Datum) -> Option<Self>;
}

/// A Rust value that becomes a datum.
pub trait Ret {
    fn into_datum(self) -> Datum;
}

/// An argument that is also read straight from an Arrow array.
pub trait ColumnArg<'a>: Arg<'a> {
    type Column;
    fn column(array: &'a dyn Array) -> Option<Self::Column>;
    fn at(column: &Self::Column, row: usize) -> Self;
}

/// A result that is also appended straight to an Arrow array.
pub trait ColumnRet: Ret + Sized {
    type Builder;
    fn builder(rows: usize) -> Self::Builder;
    fn push(builder: &mut Self::Builder, value: Option<Self>);
    fn finish(builder: Self::Builder) -> ArrayRef;
}

/// The error of a kernel that met a value of another type than it is declared for.
pub fn wrong_type() -> Error {
    Error::internal("a function was called with an argument of another type than declared")
}

/// Implements the row form of a type that is copied out of its datum.
macro_rules! copied {
    ($($rust:ty, $pattern:pat => $value:expr, $build:expr;)*) => {$(
        impl<'a> Arg<'a> for $rust {
            fn from_datum(datum: &'a Datum) -> Option<Self> {
                match *datum { $pattern => Some($value), _ => None }
            }
        }
        impl Ret for $rust {
            fn into_datum(self) -> Datum {
                ($build)(self)
            }
        }
    )*};
}

copied! {
    bool, Datum::Bool(v) => v, Datum::Bool;
    i16, Datum::Int2(v) => v, Datum::Int2;
    i32, Datum::Int4(v) => v, Datum::Int4;
    i64, Datum::Int8(v) => v, Datum::Int8;
    f32, Datum::Float4(v) => v, Datum::Float4;
    f64, Datum::Float8(v) => v, Datum::Float8;
    Oid, Datum::Oid(v) => v, Datum::Oid;
    u8, Datum::Char(v) => v, Datum::Char;
    Date, Datum::Date(v) => Date(v), |v: Date| Datum::Date(v.0);
    Time, Datum::Time(v) => Time(v), |v: Time| Datum::Time(v.0);
    TimeTz, Datum::TimeTz(t, z) => TimeTz(t, z), |v: TimeTz| Datum::TimeTz(v.0, v.1);
    Timestamp, Datum::Timestamp(v) => Timestamp(v), |v: Timestamp| Datum::Timestamp(v.0);
    TimestampTz, Datum::TimestampTz(v) => TimestampTz(v), |v: TimestampTz| Datum::TimestampTz(v.0);
    Interval, Datum::Interval(v) => v, Datum::Interval;
    Uuid, Datum::Uuid(v) => Uuid(v), |v: Uuid| Datum::Uuid(v.0);
    Inet, Datum::Inet(v) => v, Datum::Inet;
    [u8; 6], Datum::MacAddr(v) => v, Datum::MacAddr;
    [u8; 8], Datum::MacAddr8(v) => v, Datum::MacAddr8;
}

/// Implements the row form of a type that is borrowed from its datum.
macro_rules! borrowed {
    ($($rust:ty, $variant:ident;)*) => {$(
        impl<'a> Arg<'a> for &'a $rust {
            fn from_datum(datum: &'a Datum) -> Option<Self> {
                match datum { Datum::$variant(v) => Some(v), _ => None }
            }
        }
    )*};
}

borrowed! {
    str, Text;
    [u8], Bytea;
    Numeric, Numeric;
    Jsonb, Jsonb;
    Bits, Bit;
    Vector, Vector;
    ArrayValue, Array;
}

impl<'a> Arg<'a> for &'a Datum {
    fn from_datum(datum: &'a Datum) -> Option<Self> {
        Some(datum)
    }
}

impl<'a> Arg<'a> for Instant {
    fn from_datum(datum: &'a Datum) -> Option<Self> {
        match datum {
            Datum::Timestamp(value) | Datum::TimestampTz(value) => Some(Instant(*value)),
            _ => None,
        }
    }
}

impl<'a> ColumnArg<'a> for Instant {
    type Column = &'a PrimitiveArray<TimestampMicrosecondType>;
    fn column(array: &'a dyn Array) -> Option<Self::Column> {
        array.as_any().downcast_ref()
    }
    fn at(column: &Self::Column, row: usize) -> Self {
        Instant(microseconds_from_arrow(column.value(row)))
    }
}

impl Ret for String {
    fn into_datum(self) -> Datum {
        Datum::Text(self)
    }
}

impl Ret for &str {
    fn into_datum(self) -> Datum {
        Datum::Text(self.to_owned())
    }
}

impl Ret for Vec<u8> {
    fn into_datum(self) -> Datum {
        Datum::Bytea(self.into())
    }
}

impl Ret for Numeric {
    fn into_datum(self) -> Datum {
        Datum::Numeric(self)
    }
}

impl Ret for Vector {
    fn into_datum(self) -> Datum {
        Datum::Vector(self)
    }
}

impl Ret for Bits {
    fn into_datum(self) -> Datum {
        Datum::Bit(self)
    }
}

impl Ret for Jsonb {
    fn into_datum(self) -> Datum {
        Datum::Jsonb(self)
    }
}

impl Ret for ArrayValue {
    fn into_datum(self) -> Datum {
        Datum::Array(Box::new(self))
    }
}

impl Ret for Datum {
    fn into_datum(self) -> Datum {
        self
    }
}

impl<T: Ret> Ret for Option<T> {
    fn into_datum(self) -> Datum {
        self.map_or(Datum::Null, Ret::into_datum)
    }
}

/// Implements the column form of a type with a primitive Arrow array.
macro_rules! primitive {
    ($($rust:ty, $arrow:ty, $read:expr, $write:expr;)*) => {$(
        impl<'a> ColumnArg<'a> for $rust {
            type Column = &'a PrimitiveArray<$arrow>;
            fn column(array: &'a dyn Array) -> Option<Self::Column> {
                array.as_any().downcast_ref()
            }
            fn at(column: &Self::Column, row: usize) -> Self {
                ($read)(column.value(row))
            }
        }
        impl ColumnRet for $rust {
            type Builder = PrimitiveBuilder<$arrow>;
            fn builder(rows: usize) -> Self::Builder {
                PrimitiveBuilder::with_capacity(rows)
            }
            fn push(builder: &mut Self::Builder, value: Option<Self>) {
                builder.append_option(value.map($write));
            }
            fn finish(mut builder: Self::Builder) -> ArrayRef {
                Arc::new(builder.finish())
            }
        }
    )*};
}

primitive! {
    i16, Int16Type, |v| v, |v| v;
    i32, Int32Type, |v| v, |v| v;
    i64, Int64Type, |v| v, |v| v;
    f32, Float32Type, |v| v, |v| v;
    f64, Float64Type, |v| v, |v| v;
    Oid, UInt32Type, |v| v, |v| v;
    u8, UInt8Type, |v| v, |v| v;
    Date, Date32Type, |v| Date(days_from_arrow(v)), |v: Date| days_to_arrow(v.0);
    Time, Time64MicrosecondType, Time, |v: Time| v.0;
    Timestamp, TimestampMicrosecondType,
        |v| Timestamp(microseconds_from_arrow(v)), |v: Timestamp| microseconds_to_arrow(v.0);
}

fn days_from_arrow(days: i32) -> i32 {
    if days == i32::MIN || days == i32::MAX { days } else { days - EPOCH_DAYS }
}

fn days_to_arrow(days: i32) -> i32 {
    if days == i32::MIN || days == i32::MAX { days } else { days + EPOCH_DAYS }
}

fn microseconds_from_arrow(value: i64) -> i64 {
    if value == i64::MIN || value == i64::MAX { value } else { value - EPOCH_MICROSECONDS }
}

fn microseconds_to_arrow(value: i64) -> i64 {
    if value == i64::MIN || value == i64::MAX { value } else { value + EPOCH_MICROSECONDS }
}

impl<'a> ColumnArg<'a> for TimestampTz {
    type Column = &'a PrimitiveArray<TimestampMicrosecondType>;
    fn column(array: &'a dyn Array) -> Option<Self::Column> {
        array.as_any().downcast_ref()
    }
    fn at(column: &Self::Column, row: usize) -> Self {
        TimestampTz(microseconds_from_arrow(column.value(row)))
    }
}

impl ColumnRet for TimestampTz {
    type Builder = PrimitiveBuilder<TimestampMicrosecondType>;
    fn builder(rows: usize) -> Self::Builder {
        PrimitiveBuilder::with_capacity(rows).with_data_type(
            datafusion::arrow::datatypes::DataType::Timestamp(
                datafusion::arrow::datatypes::TimeUnit::Microsecond,
                Some("UTC".into()),
            ),
        )
    }
    fn push(builder: &mut Self::Builder, value: Option<Self>) {
        builder.append_option(value.map(|v| microseconds_to_arrow(v.0)));
    }
    fn finish(mut builder: Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

impl<'a> ColumnArg<'a> for bool {
    type Column = &'a BooleanArray;
    fn column(array: &'a dyn Array) -> Option<Self::Column> {
        array.as_any().downcast_ref()
    }
    fn at(column: &Self::Column, row: usize) -> Self {
        column.value(row)
    }
}

impl ColumnRet for bool {
    type Builder = BooleanBuilder;
    fn builder(rows: usize) -> Self::Builder {
        BooleanBuilder::with_capacity(rows)
    }
    fn push(builder: &mut Self::Builder, value: Option<Self>) {
        builder.append_option(value);
    }
    fn finish(mut builder: Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

impl<'a> ColumnArg<'a> for &'a str {
    type Column = &'a StringViewArray;
    fn column(array: &'a dyn Array) -> Option<Self::Column> {
        array.as_any().downcast_ref()
    }
    fn at(column: &Self::Column, row: usize) -> Self {
        column.value(row)
    }
}

impl ColumnRet for String {
    type Builder = StringViewBuilder;
    fn builder(rows: usize) -> Self::Builder {
        StringViewBuilder::with_capacity(rows)
    }
    fn push(builder: &mut Self::Builder, value: Option<Self>) {
        builder.append_option(value);
    }
    fn finish(mut builder: Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

impl<'a> ColumnArg<'a> for &'a [u8] {
    type Column = &'a BinaryViewArray;
    fn column(array: &'a dyn Array) -> Option<Self::Column> {
        array.as_any().downcast_ref()
    }
    fn at(column: &Self::Column, row: usize) -> Self {
        column.value(row)
    }
}

impl<'a> ColumnArg<'a> for Uuid {
    type Column = &'a FixedSizeBinaryArray;
    fn column(array: &'a dyn Array) -> Option<Self::Column> {
        array.as_any().downcast_ref::<FixedSizeBinaryArray>().filter(|a| a.value_length() == 16)
    }
    fn at(column: &Self::Column, row: usize) -> Self {
        Uuid(column.value(row).try_into().expect("the column's width was checked to be 16"))
    }
}

impl ColumnRet for Uuid {
    type Builder = FixedSizeBinaryBuilder;
    fn builder(rows: usize) -> Self::Builder {
        FixedSizeBinaryBuilder::with_capacity(rows, 16)
    }
    fn push(builder: &mut Self::Builder, value: Option<Self>) {
        match value {
            Some(value) => builder.append_value(value.0).expect("the builder's width is 16"),
            None => builder.append_null(),
        }
    }
    fn finish(mut builder: Self::Builder) -> ArrayRef {
        Arc::new(builder.finish())
    }
}

/// One argument column and how to step through it.
struct Input<'a, A: ColumnArg<'a>> {
    array: &'a dyn Array,
    column: A::Column,
    constant: bool,
}

impl<'a, A: ColumnArg<'a>> Input<'a, A> {
    fn new(array: &'a ArrayRef) -> Result<Self> {
        let array: &'a dyn Array = array.as_ref();
        let column = A::column(array).ok_or_else(wrong_type)?;
        Ok(Input { array, column, constant: array.len() == 1 })
    }

    fn get(&self, row: usize) -> Option<A> {
        let row = if self.constant { 0 } else { row };
        (!self.array.is_null(row)).then(|| A::at(&self.column, row))
    }
}

/// Defines the row and column adapters of one arity.
macro_rules! adapters {
    ($scalar:ident, $vector:ident, $($arg:ident $name:ident),*) => {
        pub fn $scalar<'a, $($arg: Arg<'a>,)* R: Ret>(
            args: &'a [Datum],
            f: impl Fn($($arg),*) -> Result<R>,
        ) -> Result<Datum> {
            let [$($name),*] = args else { return Err(wrong_type()) };
            $(let $name = $arg::from_datum($name).ok_or_else(wrong_type)?;)*
            f($($name),*).map(Ret::into_datum)
        }

        pub fn $vector<'a, $($arg: ColumnArg<'a>,)* R: ColumnRet>(
            arrays: &'a [ArrayRef],
            rows: usize,
            f: impl Fn($($arg),*) -> Result<R>,
        ) -> Result<ArrayRef> {
            let [$($name),*] = arrays else { return Err(wrong_type()) };
            $(let $name = Input::<$arg>::new($name)?;)*
            let mut out = R::builder(rows);
            for row in 0..rows {
                let value = match ($($name.get(row),)*) {
                    ($(Some($name),)*) => Some(f($($name),*)?),
                    _ => None,
                };
                R::push(&mut out, value);
            }
            Ok(R::finish(out))
        }
    };
}

adapters!(scalar1, vector1, A a);
adapters!(scalar2, vector2, A a, B b);
adapters!(scalar3, vector3, A a, B b, C c);
adapters!(scalar4, vector4, A a, B b, C c, D d);

/// The `n`th argument as a Rust value.
pub fn arg<'a, A: Arg<'a>>(args: &'a [Datum], n: usize) -> Result<A> {
    args.get(n).and_then(A::from_datum).ok_or_else(wrong_type)
}

/// The `n`th argument, `None` when it is NULL or absent.
pub fn arg_or_null<'a, A: Arg<'a>>(args: &'a [Datum], n: usize) -> Result<Option<A>> {
    match args.get(n) {
        None | Some(Datum::Null) => Ok(None),
        Some(datum) => A::from_datum(datum).map(Some).ok_or_else(wrong_type),
    }
}

/// Declares a group of kernels, one a line:
///
/// - `columns2 "symbol" => |a: i32, b: i32| …`: a function of two Rust values,
///   in row and in column form;
/// - `rows2 "symbol" => …`: the same in row form only, for types without a
///   columnar reader;
/// - `call "symbol" => function`: a [`ScalarFn`](super::ScalarFn) as it is.
#[macro_export]
macro_rules! kernels {
    ($($form:ident $symbol:expr => $f:expr;)*) => {
        &[$($crate::kernel!($form $symbol, $f)),*]
    };
}

/// One entry of [`kernels!`].
#[macro_export]
macro_rules! kernel {
    (columns1 $symbol:expr, $f:expr) => {
        $crate::kernel!(@both $symbol, $f, scalar1, vector1)
    };
    (columns2 $symbol:expr, $f:expr) => {
        $crate::kernel!(@both $symbol, $f, scalar2, vector2)
    };
    (columns3 $symbol:expr, $f:expr) => {
        $crate::kernel!(@both $symbol, $f, scalar3, vector3)
    };
    (rows1 $symbol:expr, $f:expr) => { $crate::kernel!(@row $symbol, $f, scalar1) };
    (rows2 $symbol:expr, $f:expr) => { $crate::kernel!(@row $symbol, $f, scalar2) };
    (rows3 $symbol:expr, $f:expr) => { $crate::kernel!(@row $symbol, $f, scalar3) };
    (rows4 $symbol:expr, $f:expr) => { $crate::kernel!(@row $symbol, $f, scalar4) };
    (call $symbol:expr, $f:expr) => {
        $crate::sql::functions::Kernel { symbol: $symbol, scalar: $f, vector: None }
    };
    (@both $symbol:expr, $f:expr, $scalar:ident, $vector:ident) => {
        $crate::sql::functions::Kernel {
            symbol: $symbol,
            scalar: |_, args| $crate::sql::functions::call::$scalar(args, $f),
            vector: Some(|_, arrays, rows| {
                $crate::sql::functions::call::$vector(arrays, rows, $f)
            }),
        }
    };
    (@row $symbol:expr, $f:expr, $scalar:ident) => {
        $crate::sql::functions::Kernel {
            symbol: $symbol,
            scalar: |_, args| $crate::sql::functions::call::$scalar(args, $f),
            vector: None,
        }
    };
}
