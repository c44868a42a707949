//! What an index of the access methods `hnsw` and `ivfflat` orders by: its operator class
//! and its parameters, as the catalog says them.
//!
//! | class | operator | values |
//! |---|---|---|
//! | `…_l2_ops` | `<->` | vector, halfvec, sparsevec |
//! | `…_ip_ops` | `<#>` | vector, halfvec, sparsevec |
//! | `…_cosine_ops` | `<=>` | vector, halfvec, sparsevec |
//! | `…_l1_ops` | `<+>` | vector, halfvec, sparsevec; not of `ivfflat` |
//! | `bit_hamming_ops` | `<~>` | bit |
//! | `bit_jaccard_ops` | `<%>` | bit; not of `ivfflat` |
//!
//! `ivfflat` has no classes of sparsevec. pgvector also bounds the dimensions of what may be
//! indexed, because an entry has to fit a page; here the type's own bound is the only one.

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

/// How an index finds the nearest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// A graph of neighbours.
    Hnsw,
    /// Inverted lists around centres.
    IvfFlat,
}

/// What near means: the operator that an index orders by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Distance {
    L2,
    /// The negative inner product.
    InnerProduct,
    Cosine,
    L1,
    Hamming,
    Jaccard,
}

impl Distance {
    /// The name of the operator.
    pub fn operator(self) -> &'static str {
        match self {
            Distance::L2 => "<->",
            Distance::InnerProduct => "<#>",
            Distance::Cosine => "<=>",
            Distance::L1 => "<+>",
            Distance::Hamming => "<~>",
            Distance::Jaccard => "<%>",
        }
    }
}

/// What is indexed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Values {
    Vector,
    Half,
    Sparse,
    Bits,
}

/// An operator class of `hnsw` or `ivfflat`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VectorClass {
    pub method: Method,
    pub distance: Distance,
    pub values: Values,
}

impl VectorClass {
    /// The class of a method by its name; none where there is none.
    pub fn named(method: &str, name: &str) -> Option<VectorClass> {
        let method = match method {
            HNSW => Method::Hnsw,
            IVFFLAT => Method::IvfFlat,
            _ => return None,
        };
        let (values, distance) = name.strip_suffix("_ops")?.rsplit_once('_')?;
        let values = match values {
            "vector" => Values::Vector,
            "halfvec" => Values::Half,
            "sparsevec" => Values::Sparse,
            "bit" => Values::Bits,
            _ => return None,
        };
        let distance = match (distance, values) {
            ("hamming", Values::Bits) => Distance::Hamming,
            ("jaccard", Values::Bits) => Distance::Jaccard,
            (_, Values::Bits) => return None,
            ("l2", _) => Distance::L2,
            ("ip", _) => Distance::InnerProduct,
            ("cosine", _) => Distance::Cosine,
            ("l1", _) => Distance::L1,
            _ => return None,
        };
        Some(VectorClass { method, distance, values })
    }
}

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
pub fn class_of(catalog: &Catalog, index: &Relation) -> Option<VectorClass> {
    let RelationKind::Index(index) = &index.kind else { return None };
    let class = catalog.operator_class(index.keys.first()?.opclass)?;
    VectorClass::named(&index.access_method, &class.name)
}

/// Refuses an index that cannot be built whatever the rows are: `22023` for a column
/// without dimensions and for parameters that contradict each other.
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
    let options = VectorOptions::of(relation);
    match class.method {
        Method::Hnsw if options.ef_construction / 2 < options.m => {
            invalid("ef_construction must be greater than or equal to 2 * m")
        }
        Method::IvfFlat
            if key.ty.typmod == 1
                && matches!(class.distance, Distance::InnerProduct | Distance::Cosine) =>
        {
            invalid("dimensions must be greater than one for this opclass")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_known_by_their_names() {
        let named = |method, name| VectorClass::named(method, name);
        let found = named(HNSW, "halfvec_cosine_ops").unwrap();
        assert_eq!((found.distance, found.values), (Distance::Cosine, Values::Half));
        let found = named(IVFFLAT, "bit_hamming_ops").unwrap();
        assert_eq!((found.method, found.values), (Method::IvfFlat, Values::Bits));
        assert_eq!(named(HNSW, "bit_l2_ops"), None);
        assert_eq!(named("btree", "vector_ops"), None);
        assert_eq!(named(HNSW, "vector_hamming_ops"), None);
    }
}
