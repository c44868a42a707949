//! Operator classes: which values an index compares, and by which operator.

use crate::index::{HNSW, IVFFLAT};
use crate::sql::types::vector::Distance;

/// The type of an index's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
    Vector,
    Half,
    Sparse,
    Bit,
}

/// What "near" means, by the operator that orders by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// `<->`
    L2,
    /// `<#>`
    InnerProduct,
    /// `<=>`
    Cosine,
    /// `<+>`
    L1,
    /// `<~>`
    Hamming,
    /// `<%>`
    Jaccard,
}

/// An operator class of `hnsw` or `ivfflat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    pub element: Element,
    pub measure: Measure,
}

impl Class {
    /// The class of a method by its name: `vector_l2_ops` and its siblings.
    pub fn of(method: &str, name: &str) -> Option<Class> {
        let (element, measure) = name.strip_suffix("_ops")?.split_once('_')?;
        let element = match element {
            "vector" => Element::Vector,
            "halfvec" => Element::Half,
            "sparsevec" => Element::Sparse,
            "bit" => Element::Bit,
            _ => return None,
        };
        let measure = match measure {
            "l2" => Measure::L2,
            "ip" => Measure::InnerProduct,
            "cosine" => Measure::Cosine,
            "l1" => Measure::L1,
            "hamming" => Measure::Hamming,
            "jaccard" => Measure::Jaccard,
            _ => return None,
        };
        let is_of_bits = matches!(measure, Measure::Hamming | Measure::Jaccard);
        let has = match method {
            HNSW => true,
            IVFFLAT => {
                element != Element::Sparse && !matches!(measure, Measure::L1 | Measure::Jaccard)
            }
            _ => false,
        };
        (has && is_of_bits == (element == Element::Bit)).then_some(Class { element, measure })
    }

    /// The function behind its operator; of bit strings there is none.
    pub(super) fn distance(self) -> Option<Distance> {
        match self.measure {
            Measure::L2 => Some(Distance::L2),
            Measure::InnerProduct => Some(Distance::NegativeInnerProduct),
            Measure::Cosine => Some(Distance::Cosine),
            Measure::L1 => Some(Distance::L1),
            Measure::Hamming | Measure::Jaccard => None,
        }
    }
}
