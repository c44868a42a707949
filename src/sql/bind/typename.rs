//! Types in the binder: from `TypeName` nodes, and as messages print them.

use crate::sql::parse::ast::TypeName;

use super::Binder;
use crate::catalog::{self, BoundKind, Type, TypeKind};
use crate::error::{Error, Result};
use crate::sql::types::{Oid, SqlType, oid};
use std::sync::Arc;

/// PostgreSQL's type categories (`typcategory`).
pub(super) mod category {
    pub const STRING: char = 'S';
    pub const UNKNOWN: char = 'X';
}

impl Binder<'_> {
    /// The type a `TypeName` node means.
    pub fn resolve_type_name(&mut self, name: &TypeName) -> Result<SqlType> {
        if name.setof {
            return Err(Error::unsupported("SETOF in this place").at(name.location));
        }
        let known = self.names.known(name.location).and_then(|known| self.catalog.type_(known.oid));
        if let Some(known) = known {
            let parts = [self.catalog.schema_name(known.schema), &known.name];
            let names = parts.map(super::node::string_node).to_vec();
            let renamed = TypeName { names, ..name.clone() };
            return catalog::resolve_type(&self.catalog, &[], &renamed);
        }
        let resolved = catalog::resolve_type(&self.catalog, &self.search_path, name)?;
        let named = match name.array_bounds.is_empty() {
            true => resolved.oid,
            false => self.element(resolved.oid).unwrap_or(resolved.oid),
        };
        self.names.record(name.location, named, || BoundKind::Type);
        Ok(resolved)
    }

    /// A type's name as PostgreSQL's messages have it (`format_type_be`).
    pub(super) fn display_type(&self, oid: Oid) -> String {
        self.catalog.format_type(&self.search_path, oid, None)
    }

    pub(super) fn type_of(&self, oid: Oid) -> Result<Arc<Type>> {
        self.catalog
            .type_(oid)
            .cloned()
            .ok_or_else(|| Error::internal(format!("cache lookup failed for type {oid}")))
    }

    /// The type under a domain, or the type itself.
    pub(super) fn base(&self, ty: Oid) -> Oid {
        self.catalog.base_type(SqlType::new(ty)).oid
    }

    pub(super) fn category(&self, ty: Oid) -> char {
        self.catalog.type_(ty).map_or(category::UNKNOWN, |ty| ty.category)
    }

    pub(super) fn is_preferred(&self, category: char, ty: Oid) -> bool {
        self.catalog.type_(ty).is_some_and(|ty| ty.category == category && ty.preferred)
    }

    /// The element type of a true array type (not of `point` or `name`).
    pub(super) fn element(&self, ty: Oid) -> Option<Oid> {
        let ty = self.catalog.type_(ty)?;
        (ty.element != 0 && ty.length == -1).then_some(ty.element)
    }

    /// The type of the parts of a shape that is also an array of a fixed length: of a point
    /// its numbers, of a box its corners.
    pub(super) fn fixed_element(&self, ty: Oid) -> Option<Oid> {
        let element = self.catalog.type_(ty)?.element;
        (element != 0 && crate::sql::types::geometry::is_geometric(ty)).then_some(element)
    }

    pub(super) fn array_of(&self, element: Oid) -> Option<Oid> {
        let ty = self.catalog.type_(element)?;
        (ty.array != 0).then_some(ty.array)
    }

    pub(super) fn is_complex(&self, ty: Oid) -> bool {
        ty == oid::RECORD || self.composite_relation(ty).is_some()
    }

    /// The relation whose row type this is.
    pub(super) fn composite_relation(&self, ty: Oid) -> Option<Oid> {
        match self.catalog.type_(self.base(ty))?.kind {
            TypeKind::Composite { relation } => Some(relation),
            _ => None,
        }
    }

    pub(super) fn is_domain(&self, ty: Oid) -> bool {
        self.base(ty) != ty
    }
}
