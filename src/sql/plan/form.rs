//! The form in which a column travels: its PostgreSQL type and its Arrow type.
//!
//! The Arrow type is that of `types::arrow` except for exact numbers: the
//! planner keeps them as decimals of a static scale for as long as PostgreSQL's
//! display scale is static too (columns, literals, sums, differences, products),
//! because decimal kernels are an order of magnitude faster. Whatever leaves a
//! plan is back in the type's own form.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Decimal256Type};
use num_bigint::BigInt;

use crate::catalog::Catalog;
use crate::error::Result;
use crate::sql::ir::ColumnId;
use crate::sql::types::numeric::{Coefficient, Numeric};
use crate::sql::types::{self, Datum, Repr, SqlType, oid};

/// How values of one column or expression travel.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    pub ty: SqlType,
    pub repr: Repr,
    pub data_type: DataType,
}

impl Form {
    /// The type's own form.
    pub fn of(ty: SqlType, catalog: &Catalog) -> Result<Form> {
        let repr = catalog.repr(ty.oid)?;
        let data_type = types::arrow::data_type(&ty, &repr);
        Ok(Form { ty, repr, data_type })
    }

    /// A decimal of static precision and scale.
    pub fn decimal(precision: u8, scale: i8) -> Form {
        let data_type = match precision {
            ..=38 => DataType::Decimal128(precision, scale),
            _ => DataType::Decimal256(precision, scale),
        };
        Form { ty: SqlType::new(oid::NUMERIC), repr: Repr::Numeric, data_type }
    }

    /// Precision and scale of a decimal form.
    pub fn decimal_parts(&self) -> Option<(u8, i8)> {
        match self.data_type {
            DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
                Some((precision, scale))
            }
            _ => None,
        }
    }

    /// Whether Arrow's equality and order on this form are PostgreSQL's.
    pub fn is_natively_ordered(&self) -> bool {
        match &self.repr {
            Repr::Bool
            | Repr::Int2
            | Repr::Int4
            | Repr::Int8
            | Repr::Oid
            | Repr::Char
            | Repr::Bytea
            | Repr::Date
            | Repr::Time
            | Repr::Timestamp
            | Repr::TimestampTz
            | Repr::Uuid
            | Repr::Inet
            | Repr::MacAddr
            | Repr::MacAddr8 => true,
            Repr::Text => self.ty.oid != oid::BPCHAR,
            Repr::Numeric => self.decimal_parts().is_some(),
            _ => false,
        }
    }

    /// The characters of a `char(n)`, blanks included.
    pub fn padded_length(&self) -> Option<usize> {
        let length = usize::try_from(self.ty.typmod.checked_sub(4)?).ok()?;
        (self.repr == Repr::Bpchar && length > 0).then_some(length)
    }

    /// Reads one value.
    pub fn datum_at(&self, array: &dyn Array, row: usize) -> Result<Datum> {
        if array.is_null(row) {
            return Ok(Datum::Null);
        }
        Ok(match array.data_type() {
            DataType::Decimal128(_, scale) => {
                let value = array.as_primitive::<Decimal128Type>().value(row);
                decimal(Coefficient::Small(value), *scale)
            }
            DataType::Decimal256(_, scale) => {
                let value = array.as_primitive::<Decimal256Type>().value(row);
                let coefficient = match value.to_i128() {
                    Some(small) => Coefficient::Small(small),
                    None => Coefficient::Big(BigInt::from_signed_bytes_le(&value.to_le_bytes())),
                };
                decimal(coefficient, *scale)
            }
            _ => types::arrow::datum_at(array, row, &self.repr)?,
        })
    }
}

fn decimal(coefficient: Coefficient, scale: i8) -> Datum {
    Datum::Numeric(Numeric::Finite { coefficient, scale: scale.max(0) as u16 })
}

/// The forms of the columns in sight.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    forms: HashMap<ColumnId, Form>,
    /// Above an aggregation with grouping sets: per group column, the column
    /// that is 1 where it was left out.
    grouping: Vec<ColumnId>,
}

impl Scope {
    pub fn insert(&mut self, id: ColumnId, form: Form) {
        self.forms.insert(id, form);
    }

    pub fn get(&self, id: ColumnId) -> Option<&Form> {
        self.forms.get(&id)
    }

    pub fn contains(&self, id: ColumnId) -> bool {
        self.forms.contains_key(&id)
    }

    pub fn extend(&mut self, other: Scope) {
        self.forms.extend(other.forms);
    }

    pub fn grouping(&self) -> &[ColumnId] {
        &self.grouping
    }

    pub fn set_grouping(&mut self, grouping: Vec<ColumnId>) {
        self.grouping = grouping;
    }
}

/// The DataFusion name of a column.
pub fn column_name(id: ColumnId) -> String {
    format!("c{}", id.0)
}
