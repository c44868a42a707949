//! The storage parameters of vector indexes, and which of them cannot be built.
//!
//! pgvector also bounds the dimensions of vectors that may be indexed, because an entry has
//! to fit a page; here the type's own bound is the only one. `bit` has none that memory would
//! allow, so its is pgvector's.

use super::vector::{Class, Element, Measure};
use super::{HNSW, IVFFLAT};
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::sql::types::oid;
use crate::sqlstate;

/// `hnsw`: edges of a node on a layer, twice as many on the lowest.
pub const M_MIN: i64 = 2;
pub const M_MAX: i64 = 100;
pub const M_DEFAULT: i64 = 16;

/// `hnsw`: candidates that are kept while a node is linked.
pub const EF_CONSTRUCTION_MIN: i64 = 4;
pub const EF_CONSTRUCTION_MAX: i64 = 1000;
pub const EF_CONSTRUCTION_DEFAULT: i64 = 64;

/// `ivfflat`: inverted lists.
pub const LISTS_MIN: i64 = 1;
pub const LISTS_MAX: i64 = 32_768;
pub const LISTS_DEFAULT: i64 = 100;

/// Bits of an indexed value at most.
pub const BITS_MAX: i32 = 64_000;

/// An index's storage parameters, with the defaults of those that are not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VectorOptions {
    pub m: usize,
    pub ef_construction: usize,
    pub lists: usize,
}

impl VectorOptions {
    pub fn of(index: &Relation) -> VectorOptions {
        let value = |name: &str, default: i64| {
            let mut options = index.settings.options.iter();
            let set = options.find(|(known, _)| known == name);
            let number = set.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(default);
            usize::try_from(number).unwrap_or_default()
        };
        VectorOptions {
            m: value("m", M_DEFAULT),
            ef_construction: value("ef_construction", EF_CONSTRUCTION_DEFAULT),
            lists: value("lists", LISTS_DEFAULT),
        }
    }
}

/// Whether the method indexes vectors.
pub fn is_vector_method(method: &str) -> bool {
    matches!(method, HNSW | IVFFLAT)
}

/// The class of an index; none unless its method indexes vectors.
pub fn class_of(catalog: &Catalog, index: &Relation) -> Option<Class> {
    let RelationKind::Index(index) = &index.kind else { return None };
    let class = catalog.operator_class(index.keys.first()?.opclass)?;
    Class::of(&index.access_method, &class.name)
}

/// Refuses an index that cannot be built whatever the rows are: `22023` for a column
/// without dimensions and for parameters that contradict each other, `54000` for too many
/// bits.
pub fn check_definition(catalog: &Catalog, relation: &Relation) -> Result<()> {
    let RelationKind::Index(index) = &relation.kind else { return Ok(()) };
    let (Some(class), Some(key)) = (class_of(catalog, relation), index.keys.first()) else {
        return Ok(());
    };
    let invalid =
        |message: &str| Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, message.to_owned()));
    if key.ty.oid == oid::VARBIT {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            format!("type not supported for {} index", index.access_method),
        ));
    }
    if key.ty.typmod < 0 {
        return invalid("column does not have dimensions");
    }
    if class.element == Element::Bit && key.ty.typmod > BITS_MAX {
        let method = &index.access_method;
        let message =
            format!("column cannot have more than {BITS_MAX} dimensions for {method} index");
        return Err(Error::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message));
    }
    let options = VectorOptions::of(relation);
    let is_spherical = matches!(class.measure, Measure::InnerProduct | Measure::Cosine);
    if index.access_method == HNSW && options.ef_construction / 2 < options.m {
        return invalid("ef_construction must be greater than or equal to 2 * m");
    }
    if index.access_method == IVFFLAT && is_spherical && key.ty.typmod == 1 {
        return invalid("dimensions must be greater than one for this opclass");
    }
    Ok(())
}
