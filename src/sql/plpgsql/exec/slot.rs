//! Variables at run time.

use std::sync::Arc;

use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::sql::plpgsql::ast::{Variable, VariableKind};
use crate::sql::routine::fields_of;
use crate::sql::types::{Datum, SqlType, oid, record};
use crate::sqlstate;

/// A variable's value.
#[derive(Clone)]
pub enum Slot {
    Scalar(SqlType, Datum),
    Record(Record),
}

/// A record: of a declared row type, or of whatever was assigned last.
#[derive(Clone)]
pub struct Record {
    pub declared: Option<SqlType>,
    pub row: Option<Row>,
    /// Fields of the declared type, for a record without a row.
    fields: Option<Fields>,
}

pub type Fields = Arc<[(String, SqlType)]>;

#[derive(Clone)]
pub struct Row {
    pub ty: SqlType,
    pub fields: Fields,
    pub values: Vec<Datum>,
}

impl Slot {
    pub fn new(variable: &Variable, catalog: &Catalog) -> Slot {
        match &variable.kind {
            VariableKind::Scalar(ty) => Slot::Scalar(*ty, Datum::Null),
            VariableKind::Untyped => Slot::Scalar(SqlType::new(oid::INT4), Datum::Null),
            // A bound cursor is called as its variable is, unless that is changed.
            VariableKind::Cursor(_) => {
                let name = Datum::Text(variable.name.clone());
                Slot::Scalar(SqlType::new(oid::REFCURSOR), name)
            }
            VariableKind::Record(declared) => {
                let fields = declared.and_then(|ty| fields_of(ty, catalog));
                Slot::Record(Record { declared: *declared, row: None, fields })
            }
        }
    }
}

impl Record {
    /// No row of a table.
    pub fn none_of_relation(relation: &Relation, ty: &SqlType) -> Record {
        let live = relation.columns.iter().filter(|column| !column.dropped);
        let fields = live.map(|column| (column.name.clone(), column.ty)).collect();
        Record { declared: Some(*ty), row: None, fields: Some(fields) }
    }

    /// The row of a table, whose values come by attribute number.
    pub fn of_relation(relation: &Relation, values: Vec<Datum>, ty: &SqlType) -> Record {
        let live = relation.columns.iter().zip(values).filter(|(column, _)| !column.dropped);
        let (fields, values): (Vec<_>, Vec<_>) =
            live.map(|(column, value)| ((column.name.clone(), column.ty), value)).unzip();
        let fields: Fields = fields.into();
        let row = Row { ty: *ty, fields: fields.clone(), values };
        Record { declared: Some(*ty), row: Some(row), fields: Some(fields) }
    }

    /// The fields, if the record has a type by now.
    pub fn fields(&self) -> Option<&Fields> {
        self.row.as_ref().map(|row| &row.fields).or(self.fields.as_ref())
    }

    pub fn ty(&self) -> Option<SqlType> {
        self.row.as_ref().map(|row| row.ty).or(self.declared)
    }

    pub fn position(&self, name: &str, field: &str) -> Result<usize> {
        let fields = self.fields().ok_or_else(|| not_assigned(name))?;
        fields.iter().position(|(known, _)| known == field).ok_or_else(|| no_field(name, field))
    }

    pub fn whole(&self) -> Datum {
        match &self.row {
            None => Datum::Null,
            Some(row) => {
                let types = row.fields.iter().map(|(_, ty)| ty.oid);
                Datum::Record(types.zip(row.values.iter().cloned()).collect())
            }
        }
    }

    /// The row to write a field into; NULLs if there was none.
    pub fn row_mut(&mut self, name: &str) -> Result<&mut Row> {
        if self.row.is_none() {
            let fields = self.fields.clone().ok_or_else(|| not_assigned(name))?;
            let ty = self.declared.unwrap_or_else(|| record::type_of(fields.to_vec()));
            let values = vec![Datum::Null; fields.len()];
            self.row = Some(Row { ty, fields, values });
        }
        self.row.as_mut().ok_or_else(|| not_assigned(name))
    }

    pub fn known_fields(&mut self, fields: Fields) {
        self.fields = Some(fields);
    }
}

/// `55000`: nothing was assigned yet, so nobody knows the fields.
pub fn not_assigned(name: &str) -> Error {
    Error::new(
        sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("record \"{name}\" is not assigned yet"),
    )
    .with_detail("The tuple structure of a not-yet-assigned record is indeterminate.")
}

pub fn no_field(name: &str, field: &str) -> Error {
    Error::new(sqlstate::UNDEFINED_COLUMN, format!("record \"{name}\" has no field \"{field}\""))
}
