//! From a type's OID to the representation of its values.

use std::sync::Arc;

use super::{Catalog, Type, TypeKind};
use crate::error::{Error, Result};
use crate::sql::types::vector::Kind;
use crate::sql::types::{
    self, Attribute, ElementType, EnumLabels, Oid, RangeType, Repr, RowShape, oid,
};

impl Catalog {
    /// How values of a type are represented.
    pub fn repr(&self, type_oid: Oid) -> Result<Repr> {
        if let Some(repr) = types::builtin_repr(type_oid) {
            return Ok(repr);
        }
        let ty = self
            .type_(type_oid)
            .ok_or_else(|| Error::internal(format!("cache lookup failed for type {type_oid}")))?;
        match &ty.kind {
            TypeKind::Enum { labels } => Ok(Repr::Enum(Arc::new(EnumLabels {
                type_name: ty.name.clone(),
                labels: labels.iter().map(|label| label.kept()).collect(),
            }))),
            TypeKind::Composite { relation } => self.row_shape(type_oid, *relation),
            TypeKind::Domain { base, .. } => self.repr(base.oid),
            TypeKind::Base if ty.is_true_array() => self.array_repr(ty),
            TypeKind::Base => base_repr(&ty.input).ok_or_else(|| {
                Error::unsupported(format!("type {}", self.type_name(type_oid, -1)))
            }),
            // Only `pg_statistic` has columns of it: arrays in their text form.
            TypeKind::Pseudo if type_oid == oid::ANYARRAY => Ok(Repr::Text),
            TypeKind::Pseudo if ty.name.starts_with('_') => self.array_repr(ty),
            TypeKind::Pseudo => Ok(Repr::Pseudo),
            TypeKind::Range { subtype, .. } => {
                Ok(Repr::Range(Box::new(self.range_type(*subtype)?)))
            }
            TypeKind::Multirange { range } => match self.repr(*range)? {
                Repr::Range(ty) => Ok(Repr::Multirange(ty)),
                _ => Err(Error::internal(format!("type {range} is not a range type"))),
            },
        }
    }

    /// Whether a built-in type has no values here: it is listed in `pg_type` for clients
    /// to read, and using it answers `0A000`.
    pub fn is_listed_only(&self, type_oid: Oid) -> bool {
        match self.type_(type_oid) {
            Some(ty) if ty.is_true_array() => self.is_listed_only(ty.element),
            Some(ty) => {
                let is_unknown =
                    types::builtin_repr(type_oid).is_none() && base_repr(&ty.input).is_none();
                matches!(ty.kind, TypeKind::Base)
                    && (is_unknown || WITHOUT_FUNCTIONS.contains(&type_oid))
            }
            None => false,
        }
    }

    /// A user's range type: what makes one discrete would be a function in C.
    fn range_type(&self, subtype: Oid) -> Result<RangeType> {
        Ok(RangeType { subtype, repr: self.repr(subtype)?, is_discrete: false })
    }

    /// Composite types are met for every value of theirs, so their shapes are kept.
    fn row_shape(&self, type_oid: Oid, relation: Oid) -> Result<Repr> {
        if let Some(known) = self.derived::<RowShape>(type_oid) {
            return Ok(Repr::Record(Some(known)));
        }
        let relation = self
            .relation(relation)
            .ok_or_else(|| Error::internal(format!("cache lookup failed for type {type_oid}")))?;
        let attributes = relation
            .columns
            .iter()
            .map(|column| match column.dropped {
                true => Ok(None),
                false => Ok(Some(Attribute { ty: column.ty, repr: self.repr(column.ty.oid)? })),
            })
            .collect::<Result<_>>()?;
        Ok(Repr::Record(Some(self.derive(type_oid, Arc::new(RowShape { attributes })))))
    }

    fn array_repr(&self, array: &Type) -> Result<Repr> {
        let delimiter = self.type_(array.element).map_or(',', |element| element.delimiter);
        let repr = self.repr(array.element)?;
        Ok(Repr::Array(Box::new(ElementType { oid: array.element, repr, delimiter })))
    }
}

/// Types whose values could be kept, but nothing reads or checks them.
const WITHOUT_FUNCTIONS: [Oid; 1] = [oid::XML];

/// Other base types (an extension's, the catalog's own) follow their input function.
fn base_repr(input: &str) -> Option<Repr> {
    match input {
        "textin" | "varcharin" => Some(Repr::Text),
        "citextin" => Some(Repr::Citext),
        "hstore_in" => Some(Repr::Hstore),
        "vector_in" => Some(Repr::Vector(Kind::Vector)),
        "halfvec_in" => Some(Repr::Vector(Kind::Half)),
        "sparsevec_in" => Some(Repr::Vector(Kind::Sparse)),
        _ => None,
    }
}
