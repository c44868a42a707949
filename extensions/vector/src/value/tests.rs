//! Forms, limits, orders and errors: what pgvector 0.8.6 answers.

use super::*;
use crate::Random;

fn text(value: &Value) -> String {
    let mut out = Vec::new();
    value.write(&mut out);
    String::from_utf8(out).unwrap()
}

fn parsed(kind: Kind, input: &str) -> String {
    match Value::parse(kind, input) {
        Ok(value) => text(&value),
        Err(error) => format!("{:?}: {}", error.class, error.message),
    }
}

#[test]
fn text_is_read_and_printed() {
    assert_eq!(parsed(Kind::Vector, " [ 1, 2.50 ,-3e2 ] "), "[1,2.5,-300]");
    assert_eq!(
        parsed(Kind::Vector, "[1e6,1e-5,0.0001,123456.7,-0]"),
        "[1e+06,1e-05,0.0001,123456.7,-0]"
    );
    assert_eq!(
        parsed(Kind::Vector, "[1,"),
        "Syntax: invalid input syntax for type vector: \"[1,\""
    );
    assert_eq!(
        parsed(Kind::Vector, "[4e38]"),
        "OutOfRange: \"4e38\" is out of range for type vector"
    );
    assert_eq!(parsed(Kind::Vector, "[1e-46]"), "[0]");
    assert_eq!(parsed(Kind::Vector, "[nan]"), "Data: NaN not allowed in vector");
    assert_eq!(parsed(Kind::Vector, "[]"), "Data: vector must have at least 1 dimension");
    assert_eq!(parsed(Kind::Vector, "[0x10]"), "[16]");
    assert_eq!(
        parsed(Kind::Half, "[65520]"),
        "OutOfRange: \"65520\" is out of range for type halfvec"
    );
    assert_eq!(parsed(Kind::Half, "[65519,0.1]"), "[65504,0.099975586]");
    assert_eq!(parsed(Kind::Sparse, "{ 3:1.5 , 1:2 , 2:0 } / 5 "), "{1:2,3:1.5}/5");
    assert_eq!(parsed(Kind::Sparse, "{}/3"), "{}/3");
    assert_eq!(parsed(Kind::Sparse, "{4:1}/3"), "Data: sparsevec index out of bounds");
    assert_eq!(
        parsed(Kind::Sparse, "{1:1,1:2}/3"),
        "Data: sparsevec indices must not contain duplicates"
    );
    assert_eq!(
        parsed(Kind::Sparse, "{1:1e-46}/3"),
        "OutOfRange: \"1e-46\" is out of range for type sparsevec"
    );
    let long = format!("[{}]", vec!["1"; 16_001].join(","));
    assert_eq!(parsed(Kind::Vector, &long), "Limit: vector cannot have more than 16000 dimensions");
}

/// Every line of `pgvector.txt`.
#[test]
fn texts_are_read_and_refused_as_pgvector_does() {
    for line in include_str!("pgvector.txt").lines().skip(1) {
        let [name, input, answer] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("three parts: {line}")
        };
        let kinds = [Kind::Vector, Kind::Half, Kind::Sparse];
        let kind = kinds.into_iter().find(|kind| kind.name() == name).unwrap();
        let found = match Value::parse(kind, input) {
            Ok(value) => format!("ok {}", text(&value)),
            Err(error) => {
                let state = match error.class {
                    Class::Syntax => "22P02",
                    Class::Data => "22000",
                    Class::OutOfRange => "22003",
                    Class::Limit => "54000",
                };
                let detail = error.detail.map(|detail| format!(" / {detail}")).unwrap_or_default();
                format!("{state} {}{detail}", error.message)
            }
        };
        assert_eq!(found, answer, "{line}");
    }
}

fn values(random: &mut Random, kind: Kind) -> Value {
    let element = |random: &mut Random| [0.0, 0.0, -1.5, 2.0, -0.25][random.below(5)];
    let elements: Vec<f32> = (0..1 + random.below(4)).map(|_| element(random)).collect();
    Value::from_floats(kind, elements, -1).unwrap()
}

#[test]
fn stored_forms_and_keys_keep_values_and_their_order() {
    let mut random = Random::new(1);
    for kind in [Kind::Vector, Kind::Half, Kind::Sparse] {
        for _ in 0..5000 {
            let (a, b) = (values(&mut random, kind), values(&mut random, kind));
            let mut stored = Vec::new();
            a.encode(&mut stored);
            assert_eq!(Value::decode(&stored), Some(a.clone()));
            let key = |value: &Value| {
                let mut key = Vec::new();
                value.encode_key(&mut key);
                key
            };
            let mut bytes = &key(&a)[..];
            assert_eq!(Value::decode_key(kind, &mut bytes), Some(a.clone()));
            assert!(bytes.is_empty());
            assert_eq!(key(&a).cmp(&key(&b)), a.compare(&b), "{} and {}", text(&a), text(&b));
            // A sparse vector sorts as the dense one does.
            let dense = |v: &Value| v.cast(Kind::Vector, -1).unwrap();
            assert_eq!(
                a.compare(&b),
                dense(&a).compare(&dense(&b)),
                "{} and {}",
                text(&a),
                text(&b)
            );
        }
    }
    for bytes in [&[][..], &[0, 1], &[1, 1], &[2, 1, 2], &[9]] {
        assert_eq!(Value::decode(bytes), None);
    }
}

#[test]
fn elements_are_computed() {
    let v = |text: &str| Value::parse(Kind::Vector, text).unwrap();
    let combined = |a: &str, b: &str, operator| match v(a).combine(&v(b), operator) {
        Ok(value) => text(&value),
        Err(error) => error.message,
    };
    assert_eq!(combined("[1,2]", "[3,-4]", Operator::Add), "[4,-2]");
    assert_eq!(combined("[3e38]", "[3e38]", Operator::Add), "value out of range: overflow");
    assert_eq!(combined("[1e-37]", "[1e-37]", Operator::Multiply), "value out of range: underflow");
    assert_eq!(combined("[1]", "[1,2]", Operator::Add), "different vector dimensions 1 and 2");
    assert_eq!(text(&v("[1,2,3,4,5]").subvector(-1, 4).unwrap()), "[1,2]");
    assert_eq!(text(&v("[1,2,3,4,5]").subvector(4, i32::MAX).unwrap()), "[4,5]");
    assert!(v("[1,2]").subvector(3, 1).is_err());
    assert!(v("[1,2]").subvector(i32::MIN, 1).is_err());
    assert_eq!(v("[1,-1,0,2,1,1,1,1,3]").quantize(), [0b1001_1111, 0b1000_0000]);
    assert_eq!(text(&v("[3,4]").normalize().unwrap()), "[0.6,0.8]");
    assert_eq!(v("[3,4]").distance(&v("[0,0]"), Distance::L2), Ok(5.0));
    assert!(v("[3,4]").distance(&v("[0,0]"), Distance::Cosine).unwrap().is_nan());
    assert_eq!(text(&v("[0,1.5]").cast(Kind::Sparse, 2).unwrap()), "{2:1.5}/2");
    assert!(v("[0,1.5]").cast(Kind::Sparse, 3).is_err());
    assert_eq!(
        v("[1e6]").cast(Kind::Half, -1).unwrap_err().message,
        "\"1e+06\" is out of range for type halfvec"
    );
}
