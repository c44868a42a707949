//! Entries, searches, and graphs that are fed by commits.

mod graphs;

use super::point::Ruler;
use super::*;
use crate::sql::types::vector::Value;
use crate::sql::types::{Bits, Datum};

#[test]
fn classes_are_pgvectors() {
    let class = |element, measure| Some(Class { element, measure });
    assert_eq!(Class::of("hnsw", "vector_l2_ops"), class(Element::Vector, Measure::L2));
    assert_eq!(
        Class::of("hnsw", "sparsevec_ip_ops"),
        class(Element::Sparse, Measure::InnerProduct)
    );
    assert_eq!(Class::of("ivfflat", "bit_hamming_ops"), class(Element::Bit, Measure::Hamming));
    assert_eq!(Class::of("ivfflat", "vector_l1_ops"), None);
    assert_eq!(Class::of("ivfflat", "sparsevec_l2_ops"), None);
    assert_eq!(Class::of("hnsw", "bit_l2_ops"), None);
    assert_eq!(Class::of("btree", "vector_ops"), None);
}

#[test]
fn entries_keep_their_values() {
    let l2 = Class { element: Element::Vector, measure: Measure::L2 };
    let hamming = Class { element: Element::Bit, measure: Measure::Hamming };
    let points = [
        (l2, Point::Vector(Value::vector(vec![1.0, -2.5, 0.0]).expect("a vector"))),
        (hamming, Point::Bits(Bits::new(vec![0b1010_0000], 3))),
    ];
    for (class, point) in points {
        let entry = point.entry(7);
        assert_eq!(crate::storage::key::index_rid(&[0; 12], &entry), Some(7));
        assert_eq!(Point::of_entry(&entry).expect("decodes"), point);
        let zero = point.distance(&point, class).expect("a distance");
        assert_eq!(zero, 0.0);
        assert_eq!(Ruler::new(class, point).distance(&entry).expect("a distance"), 0.0);
        assert!(Point::of_entry(&entry[..8]).is_err());
    }
}

#[test]
fn what_has_no_direction_has_no_entry_under_cosine() {
    let zero = Datum::Vector(Value::vector(vec![0.0, 0.0]).expect("a vector"));
    let of = |measure| {
        let class = Class { element: Element::Vector, measure };
        Point::of(class, &zero).expect("a point").is_some()
    };
    assert!(of(Measure::L2) && !of(Measure::Cosine));
}
