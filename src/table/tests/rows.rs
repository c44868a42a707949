//! The row codec, byte by byte and round trip.

use proptest::prelude::*;

use super::*;
use crate::sql::types::numeric::{Coefficient, Numeric};
use crate::sql::types::{Interval, compare};
use crate::storage::row::HEADER_LEN;

#[test]
fn golden_row() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false), ("ok", oid::BOOL, false)]);
    let info = fixture.info(100);
    let bytes =
        info.encode(&[Datum::Int4(7), Datum::Text("ab".into()), Datum::Null]).expect("encodable");
    let mut expected = vec![0; HEADER_LEN];
    expected.extend_from_slice(&[0b100, 7, 0, 0, 0, 0, 2, 0, b'a', b'b']);
    assert_eq!(bytes, expected);
}

#[test]
fn rows_older_than_a_column_give_its_missing_value_and_dropped_columns_give_null() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
    let old = fixture.info(100).encode(&row(1, "x")).expect("encodable");
    let mut changed = (**fixture.catalog.relation(100).expect("the table")).clone();
    changed.columns.push(column("added", SqlType::new(TEXT), false));
    changed.columns[2].since_version = 1;
    changed.columns[1].dropped = true;
    changed.schema_version = 1;
    fixture.relation(changed);
    let info = fixture.info(100);
    let mut info = (*info).clone_for_test();
    info.columns[2].missing = Datum::Text("default".into());
    let decoded = info.decode(&old).expect("readable");
    assert!(matches!(&decoded[0], Datum::Int4(1)));
    assert!(decoded[1].is_null());
    assert!(matches!(&decoded[2], Datum::Text(text) if text == "default"));
    let new = info.encode(&[Datum::Int4(2), Datum::Null, Datum::Null]).expect("encodable");
    assert!(info.decode(&new).expect("readable")[2].is_null());
}

#[test]
fn damaged_rows_are_refused() {
    let mut fixture = Fixture::memory();
    fixture.table(100, "t", &[("id", INT4, true), ("name", TEXT, false)]);
    let info = fixture.info(100);
    let bytes = info.encode(&row(1, "abc")).expect("encodable");
    for end in 0..bytes.len() {
        assert!(info.decode(&bytes[..end]).is_err(), "{end} bytes");
    }
}

const TYPES: [Oid; 14] = [
    oid::BOOL,
    oid::INT2,
    oid::INT4,
    oid::INT8,
    oid::FLOAT4,
    oid::FLOAT8,
    oid::OID,
    oid::NUMERIC,
    oid::TEXT,
    oid::BYTEA,
    oid::DATE,
    oid::TIMESTAMP,
    oid::INTERVAL,
    oid::UUID,
];

fn value(ty: Oid) -> BoxedStrategy<Datum> {
    let some = match ty {
        oid::BOOL => any::<bool>().prop_map(Datum::Bool).boxed(),
        oid::INT2 => any::<i16>().prop_map(Datum::Int2).boxed(),
        oid::INT4 => any::<i32>().prop_map(Datum::Int4).boxed(),
        oid::INT8 => any::<i64>().prop_map(Datum::Int8).boxed(),
        oid::FLOAT4 => any::<f32>().prop_map(Datum::Float4).boxed(),
        oid::FLOAT8 => any::<f64>().prop_map(Datum::Float8).boxed(),
        oid::OID => any::<u32>().prop_map(Datum::Oid).boxed(),
        oid::NUMERIC => (any::<i64>(), 0u16..20)
            .prop_map(|(value, scale)| {
                let coefficient = Coefficient::Small(i128::from(value));
                Datum::Numeric(Numeric::Finite { coefficient, scale })
            })
            .boxed(),
        oid::TEXT => ".{0,40}".prop_map(Datum::Text).boxed(),
        oid::BYTEA => prop::collection::vec(any::<u8>(), 0..100_000)
            .prop_map(|bytes| Datum::Bytea(bytes.into()))
            .boxed(),
        oid::DATE => any::<i32>().prop_map(Datum::Date).boxed(),
        oid::TIMESTAMP => any::<i64>().prop_map(Datum::Timestamp).boxed(),
        oid::INTERVAL => (any::<i32>(), any::<i32>(), any::<i32>())
            .prop_map(|(months, days, us)| {
                Datum::Interval(Interval { months, days, microseconds: i64::from(us) })
            })
            .boxed(),
        _ => any::<[u8; 16]>().prop_map(Datum::Uuid).boxed(),
    };
    prop_oneof![1 => Just(Datum::Null), 4 => some].boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_column_comes_back(row in TYPES.map(value).to_vec()) {
        let mut fixture = Fixture::memory();
        let columns: Vec<(&str, Oid, bool)> = TYPES.iter().map(|ty| ("c", *ty, false)).collect();
        fixture.table(100, "t", &columns);
        let info = fixture.info(100);
        let decoded = info.decode(&info.encode(&row).expect("encodable")).expect("readable");
        for ((before, after), column) in row.iter().zip(&decoded).zip(&info.columns) {
            prop_assert_eq!(before.is_null(), after.is_null());
            if !before.is_null() {
                prop_assert!(compare(before, after, &column.repr).is_eq());
            }
        }
    }
}
