//! Stored rows to Arrow columns, one column at a time.
//!
//! Every native type is read from its constant offset straight into an Arrow
//! buffer; no [`Datum`] is made. Rows of an older layout, and types whose Arrow
//! form is not native, go value by value through `types::arrow`.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryViewBuilder, BooleanArray, BooleanBufferBuilder,
    FixedSizeBinaryArray, Int64Array, NullBufferBuilder, PrimitiveArray, StringViewArray,
    StringViewBuilder, UInt32Array,
};
use datafusion::arrow::buffer::{Buffer, NullBuffer};
use datafusion::arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType, UInt8Type, UInt32Type,
};

use super::info::{ColumnInfo, TableInfo};
use super::layout::Slot;
use super::row::RowView;
use super::scan::ScanColumn;
use super::system_column;
use super::value::{self, array};
use crate::error::{Error, Result};
use crate::sql::types::{self, Repr};
use crate::storage::Value;
use crate::storage::row as header;

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
/// Microseconds from 1970-01-01 to 2000-01-01.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// Rows of one table, as read from storage.
#[derive(Default)]
pub struct StoredRows {
    pub rids: Vec<i64>,
    pub values: Vec<Value>,
}

impl StoredRows {
    pub fn with_capacity(rows: usize) -> StoredRows {
        StoredRows { rids: Vec::with_capacity(rows), values: Vec::with_capacity(rows) }
    }

    pub fn push(&mut self, rid: u64, value: Value) {
        self.rids.push(rid as i64);
        self.values.push(value);
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Rows checked and ready for their columns to be read.
pub struct Decoder<'a> {
    info: &'a TableInfo,
    rids: Vec<i64>,
    views: Vec<RowView<'a>>,
    /// All rows have the newest layout.
    uniform: bool,
}

impl<'a> Decoder<'a> {
    pub fn new(info: &'a TableInfo, rows: &'a StoredRows) -> Result<Decoder<'a>> {
        let newest = info.layout().since_version;
        let mut uniform = true;
        let mut views = Vec::with_capacity(rows.len());
        for row in &rows.values {
            uniform &= header::schema_version(row) >= newest;
            views.push(info.view(row)?);
        }
        Ok(Decoder { info, rids: rows.rids.clone(), views, uniform })
    }

    /// The rows at these positions only, ascending.
    pub fn select(&self, positions: &[usize]) -> Decoder<'a> {
        Decoder {
            info: self.info,
            rids: positions.iter().map(|position| self.rids[*position]).collect(),
            views: positions.iter().map(|position| self.views[*position]).collect(),
            uniform: self.uniform,
        }
    }

    pub fn row_count(&self) -> usize {
        self.views.len()
    }

    /// What a field of a scan's schema is of every row.
    pub fn scan_column(&self, column: ScanColumn) -> Result<ArrayRef> {
        Ok(match column {
            ScanColumn::Stored(position) => self.column(position)?,
            ScanColumn::Rid => Arc::new(Int64Array::from(self.rids.clone())),
            ScanColumn::Ctid => {
                let ctids = self.rids.iter().map(|rid| system_column::ctid(*rid as u64));
                Arc::new(StringViewArray::from_iter_values(ctids))
            }
            ScanColumn::Xmin => {
                let writers = self.views.iter().map(|view| header::writer(view.bytes()));
                Arc::new(UInt32Array::from_iter_values(writers))
            }
        })
    }

    /// The column at a position (attribute number - 1).
    pub fn column(&self, position: usize) -> Result<ArrayRef> {
        let column = &self.info.columns[position];
        match self.info.layout().slots[position] {
            slot if self.uniform && !column.dropped => self.native(column, slot, position),
            _ => self.by_value(column, position),
        }
    }

    fn native(&self, column: &ColumnInfo, slot: Slot, position: usize) -> Result<ArrayRef> {
        Ok(match &column.repr {
            Repr::Bool => self.booleans(slot),
            Repr::Char => self.primitive::<UInt8Type>(column, slot, |b| b[0]),
            Repr::Int2 => {
                self.primitive::<Int16Type>(column, slot, |b| i16::from_le_bytes(array(b)))
            }
            Repr::Int4 => {
                self.primitive::<Int32Type>(column, slot, |b| i32::from_le_bytes(array(b)))
            }
            Repr::Int8 => {
                self.primitive::<Int64Type>(column, slot, |b| i64::from_le_bytes(array(b)))
            }
            Repr::Float4 => {
                self.primitive::<Float32Type>(column, slot, |b| f32::from_le_bytes(array(b)))
            }
            Repr::Float8 => {
                self.primitive::<Float64Type>(column, slot, |b| f64::from_le_bytes(array(b)))
            }
            Repr::Oid => {
                self.primitive::<UInt32Type>(column, slot, |b| u32::from_le_bytes(array(b)))
            }
            Repr::Date => self.primitive::<Date32Type>(column, slot, |b| {
                since_1970(i32::from_le_bytes(array(b)), i32::MIN, i32::MAX, EPOCH_DAYS)
            }),
            Repr::Time => self
                .primitive::<Time64MicrosecondType>(column, slot, |b| i64::from_le_bytes(array(b))),
            Repr::Timestamp | Repr::TimestampTz if self.fits_arrow(slot) => {
                self.primitive::<TimestampMicrosecondType>(column, slot, |b| {
                    since_1970(i64::from_le_bytes(array(b)), i64::MIN, i64::MAX, EPOCH_MICROSECONDS)
                })
            }
            Repr::Numeric if column.decimal_scale.is_some() => {
                self.primitive::<Decimal128Type>(column, slot, |b| i128::from_le_bytes(array(b)))
            }
            Repr::Text | Repr::Bpchar | Repr::Citext | Repr::Hstore | Repr::Position(_) => {
                self.texts(slot)?
            }
            Repr::Enum(labels) => self.labels(labels, slot)?,
            // The type's attributes may have changed since.
            repr if types::record::is_shaped(repr) => self.by_value(column, position)?,
            // `types::arrow` holds these in the form they are stored in.
            Repr::Bytea
            | Repr::Jsonb
            | Repr::Numeric
            | Repr::Array(_)
            | Repr::Range(_)
            | Repr::Multirange(_)
            | Repr::Record(_) => self.binaries(slot),
            Repr::Bit | Repr::Inet | Repr::MacAddr | Repr::MacAddr8 | Repr::Vector(_) => {
                self.binaries(slot)
            }
            Repr::Uuid => self.uuids(slot)?,
            _ => self.by_value(column, position)?,
        })
    }

    fn primitive<T: ArrowPrimitiveType>(
        &self,
        column: &ColumnInfo,
        slot: Slot,
        read: impl Fn(&[u8]) -> T::Native,
    ) -> ArrayRef {
        let mut values: Vec<T::Native> = Vec::with_capacity(self.views.len());
        let mut nulls = NullBufferBuilder::new(self.views.len());
        for view in &self.views {
            match view.bytes_of(slot) {
                Some(bytes) => {
                    values.push(read(bytes));
                    nulls.append_non_null();
                }
                None => {
                    values.push(T::Native::default());
                    nulls.append_null();
                }
            }
        }
        let array = PrimitiveArray::<T>::new(values.into(), nulls.finish());
        Arc::new(array.with_data_type(column.arrow.clone()))
    }

    fn booleans(&self, slot: Slot) -> ArrayRef {
        let mut values = BooleanBufferBuilder::new(self.views.len());
        let mut nulls = NullBufferBuilder::new(self.views.len());
        for view in &self.views {
            let bytes = view.bytes_of(slot);
            values.append(bytes.is_some_and(|bytes| bytes[0] != 0));
            nulls.append(bytes.is_some());
        }
        Arc::new(BooleanArray::new(values.finish(), nulls.finish()))
    }

    /// The last years that PostgreSQL knows do not fit microseconds since 1970; such
    /// a column goes value by value, which reports it.
    fn fits_arrow(&self, slot: Slot) -> bool {
        let limit = i64::MAX - EPOCH_MICROSECONDS;
        self.views.iter().filter_map(|view| view.bytes_of(slot)).all(|bytes| {
            let value = i64::from_le_bytes(array(bytes));
            value <= limit || value == i64::MAX
        })
    }

    fn texts(&self, slot: Slot) -> Result<ArrayRef> {
        let mut builder = StringViewBuilder::with_capacity(self.views.len());
        for view in &self.views {
            match view.bytes_of(slot) {
                Some(bytes) => builder.append_value(value::read_text(bytes)?),
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    fn labels(&self, labels: &types::EnumLabels, slot: Slot) -> Result<ArrayRef> {
        let mut builder = StringViewBuilder::with_capacity(self.views.len());
        for view in &self.views {
            match view.bytes_of(slot) {
                Some(bytes) => {
                    builder.append_value(value::label(labels, u32::from_le_bytes(array(bytes)))?);
                }
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    fn binaries(&self, slot: Slot) -> ArrayRef {
        let mut builder = BinaryViewBuilder::with_capacity(self.views.len());
        for view in &self.views {
            builder.append_option(view.bytes_of(slot));
        }
        Arc::new(builder.finish())
    }

    fn uuids(&self, slot: Slot) -> Result<ArrayRef> {
        let mut values = Vec::with_capacity(self.views.len() * 16);
        let mut nulls = NullBufferBuilder::new(self.views.len());
        for view in &self.views {
            let bytes = view.bytes_of(slot);
            values.extend_from_slice(bytes.unwrap_or(&[0; 16]));
            nulls.append(bytes.is_some());
        }
        let nulls: Option<NullBuffer> = nulls.finish();
        FixedSizeBinaryArray::try_new(16, Buffer::from_vec(values), nulls)
            .map(|array| Arc::new(array) as ArrayRef)
            .map_err(|error| Error::internal(error.to_string()))
    }

    fn by_value(&self, column: &ColumnInfo, position: usize) -> Result<ArrayRef> {
        let mut builder =
            types::arrow::ArrayBuilder::new(&column.ty, &column.repr, self.views.len());
        for view in &self.views {
            builder.append(&view.datum(&self.info.columns, position)?)?;
        }
        Ok(builder.finish())
    }
}

/// Moves a value to Arrow's epoch; the infinities stay what they are.
fn since_1970<T: PartialEq + std::ops::Add<Output = T>>(
    value: T,
    lowest: T,
    highest: T,
    epoch: T,
) -> T {
    if value == lowest || value == highest { value } else { value + epoch }
}
