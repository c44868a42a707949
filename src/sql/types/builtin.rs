//! What is fixed about the built-in types: representation, array type, name.

use super::numeric::NumericTypmod;
use super::{ElementType, Oid, PositionKind, Repr, SqlType, datetime, oid, text};

/// One built-in type: its OID, the OID of its array type (0 for none), and its
/// SQL name.
struct Builtin(Oid, Oid, &'static str);

const TYPES: &[Builtin] = &[
    Builtin(oid::BOOL, oid::BOOL_ARRAY, "boolean"),
    Builtin(oid::BYTEA, oid::BYTEA_ARRAY, "bytea"),
    Builtin(oid::CHAR, oid::CHAR_ARRAY, "\"char\""),
    Builtin(oid::NAME, oid::NAME_ARRAY, "name"),
    Builtin(oid::INT8, oid::INT8_ARRAY, "bigint"),
    Builtin(oid::INT2, oid::INT2_ARRAY, "smallint"),
    Builtin(oid::INT2VECTOR, oid::INT2VECTOR_ARRAY, "int2vector"),
    Builtin(oid::INT4, oid::INT4_ARRAY, "integer"),
    Builtin(oid::REGPROC, oid::REGPROC_ARRAY, "regproc"),
    Builtin(oid::TEXT, oid::TEXT_ARRAY, "text"),
    Builtin(oid::OID, oid::OID_ARRAY, "oid"),
    Builtin(oid::TID, oid::TID_ARRAY, "tid"),
    Builtin(oid::XID, oid::XID_ARRAY, "xid"),
    Builtin(oid::CID, oid::CID_ARRAY, "cid"),
    Builtin(oid::OIDVECTOR, oid::OIDVECTOR_ARRAY, "oidvector"),
    Builtin(oid::JSON, oid::JSON_ARRAY, "json"),
    Builtin(oid::XML, oid::XML_ARRAY, "xml"),
    Builtin(oid::CIDR, oid::CIDR_ARRAY, "cidr"),
    Builtin(oid::MACADDR8, oid::MACADDR8_ARRAY, "macaddr8"),
    Builtin(oid::MACADDR, oid::MACADDR_ARRAY, "macaddr"),
    Builtin(oid::INET, oid::INET_ARRAY, "inet"),
    Builtin(oid::BIT, oid::BIT_ARRAY, "bit"),
    Builtin(oid::VARBIT, oid::VARBIT_ARRAY, "bit varying"),
    Builtin(oid::PG_NODE_TREE, 0, "pg_node_tree"),
    Builtin(oid::PG_NDISTINCT, 0, "pg_ndistinct"),
    Builtin(oid::PG_DEPENDENCIES, 0, "pg_dependencies"),
    Builtin(oid::PG_MCV_LIST, 0, "pg_mcv_list"),
    Builtin(oid::FLOAT4, oid::FLOAT4_ARRAY, "real"),
    Builtin(oid::FLOAT8, oid::FLOAT8_ARRAY, "double precision"),
    Builtin(oid::UNKNOWN, 0, "unknown"),
    Builtin(oid::ACLITEM, oid::ACLITEM_ARRAY, "aclitem"),
    Builtin(oid::BPCHAR, oid::BPCHAR_ARRAY, "character"),
    Builtin(oid::VARCHAR, oid::VARCHAR_ARRAY, "character varying"),
    Builtin(oid::DATE, oid::DATE_ARRAY, "date"),
    Builtin(oid::TIME, oid::TIME_ARRAY, "time without time zone"),
    Builtin(oid::TIMESTAMP, oid::TIMESTAMP_ARRAY, "timestamp without time zone"),
    Builtin(oid::TIMESTAMPTZ, oid::TIMESTAMPTZ_ARRAY, "timestamp with time zone"),
    Builtin(oid::INTERVAL, oid::INTERVAL_ARRAY, "interval"),
    Builtin(oid::TIMETZ, oid::TIMETZ_ARRAY, "time with time zone"),
    Builtin(oid::NUMERIC, oid::NUMERIC_ARRAY, "numeric"),
    Builtin(oid::REFCURSOR, 2201, "refcursor"),
    Builtin(oid::REGPROCEDURE, oid::REGPROCEDURE_ARRAY, "regprocedure"),
    Builtin(oid::REGOPER, oid::REGOPER_ARRAY, "regoper"),
    Builtin(oid::REGOPERATOR, oid::REGOPERATOR_ARRAY, "regoperator"),
    Builtin(oid::REGCLASS, oid::REGCLASS_ARRAY, "regclass"),
    Builtin(oid::REGTYPE, oid::REGTYPE_ARRAY, "regtype"),
    Builtin(oid::RECORD, oid::RECORD_ARRAY, "record"),
    Builtin(oid::CSTRING, oid::CSTRING_ARRAY, "cstring"),
    Builtin(oid::UUID, oid::UUID_ARRAY, "uuid"),
    Builtin(oid::PG_LSN, 3221, "pg_lsn"),
    Builtin(oid::REGCONFIG, oid::REGCONFIG_ARRAY, "regconfig"),
    Builtin(oid::REGDICTIONARY, oid::REGDICTIONARY_ARRAY, "regdictionary"),
    Builtin(oid::JSONB, oid::JSONB_ARRAY, "jsonb"),
    Builtin(oid::INT4RANGE, oid::INT4RANGE_ARRAY, "int4range"),
    Builtin(oid::NUMRANGE, oid::NUMRANGE_ARRAY, "numrange"),
    Builtin(oid::TSRANGE, oid::TSRANGE_ARRAY, "tsrange"),
    Builtin(oid::TSTZRANGE, oid::TSTZRANGE_ARRAY, "tstzrange"),
    Builtin(oid::DATERANGE, oid::DATERANGE_ARRAY, "daterange"),
    Builtin(oid::INT8RANGE, oid::INT8RANGE_ARRAY, "int8range"),
    Builtin(oid::INT4MULTIRANGE, oid::INT4MULTIRANGE_ARRAY, "int4multirange"),
    Builtin(oid::NUMMULTIRANGE, oid::NUMMULTIRANGE_ARRAY, "nummultirange"),
    Builtin(oid::TSMULTIRANGE, oid::TSMULTIRANGE_ARRAY, "tsmultirange"),
    Builtin(oid::TSTZMULTIRANGE, oid::TSTZMULTIRANGE_ARRAY, "tstzmultirange"),
    Builtin(oid::DATEMULTIRANGE, oid::DATEMULTIRANGE_ARRAY, "datemultirange"),
    Builtin(oid::INT8MULTIRANGE, oid::INT8MULTIRANGE_ARRAY, "int8multirange"),
    Builtin(oid::JSONPATH, oid::JSONPATH_ARRAY, "jsonpath"),
    Builtin(oid::POINT, oid::POINT_ARRAY, "point"),
    Builtin(oid::LSEG, oid::LSEG_ARRAY, "lseg"),
    Builtin(oid::PATH, oid::PATH_ARRAY, "path"),
    Builtin(oid::BOX, oid::BOX_ARRAY, "box"),
    Builtin(oid::POLYGON, oid::POLYGON_ARRAY, "polygon"),
    Builtin(oid::LINE, oid::LINE_ARRAY, "line"),
    Builtin(oid::CIRCLE, oid::CIRCLE_ARRAY, "circle"),
    Builtin(oid::REGNAMESPACE, oid::REGNAMESPACE_ARRAY, "regnamespace"),
    Builtin(oid::REGROLE, oid::REGROLE_ARRAY, "regrole"),
    Builtin(oid::REGCOLLATION, oid::REGCOLLATION_ARRAY, "regcollation"),
    Builtin(oid::PG_SNAPSHOT, oid::PG_SNAPSHOT_ARRAY, "pg_snapshot"),
    Builtin(oid::TXID_SNAPSHOT, oid::TXID_SNAPSHOT_ARRAY, "txid_snapshot"),
    Builtin(oid::XID8, oid::XID8_ARRAY, "xid8"),
    Builtin(oid::ANY, 0, "\"any\""),
    Builtin(oid::ANYARRAY, 0, "anyarray"),
    Builtin(oid::VOID, 0, "void"),
    Builtin(oid::TRIGGER, 0, "trigger"),
    Builtin(oid::EVENT_TRIGGER, 0, "event_trigger"),
    Builtin(oid::LANGUAGE_HANDLER, 0, "language_handler"),
    Builtin(oid::INTERNAL, 0, "internal"),
    Builtin(oid::ANYELEMENT, 0, "anyelement"),
    Builtin(oid::ANYNONARRAY, 0, "anynonarray"),
    Builtin(oid::ANYENUM, 0, "anyenum"),
    Builtin(oid::ANYRANGE, 0, "anyrange"),
    Builtin(oid::ANYMULTIRANGE, 0, "anymultirange"),
    Builtin(oid::ANYCOMPATIBLE, 0, "anycompatible"),
    Builtin(oid::ANYCOMPATIBLEARRAY, 0, "anycompatiblearray"),
    Builtin(oid::ANYCOMPATIBLENONARRAY, 0, "anycompatiblenonarray"),
    Builtin(oid::ANYCOMPATIBLERANGE, 0, "anycompatiblerange"),
    Builtin(oid::ANYCOMPATIBLEMULTIRANGE, 0, "anycompatiblemultirange"),
];

/// The representation of a built-in type; `None` for others.
pub fn builtin_repr(type_oid: Oid) -> Option<Repr> {
    if let Some(repr) = scalar_repr(type_oid) {
        return Some(repr);
    }
    let element = match type_oid {
        oid::INT2VECTOR => oid::INT2,
        oid::OIDVECTOR => oid::OID,
        _ => element_of(type_oid)?,
    };
    let repr = match element {
        oid::INT2VECTOR | oid::OIDVECTOR => builtin_repr(element)?,
        _ => scalar_repr(element)?,
    };
    let delimiter = char::from(super::array::delimiter(element));
    Some(Repr::Array(Box::new(ElementType { oid: element, repr, delimiter })))
}

fn scalar_repr(type_oid: Oid) -> Option<Repr> {
    Some(match type_oid {
        oid::BOOL => Repr::Bool,
        oid::INT2 => Repr::Int2,
        oid::INT4 => Repr::Int4,
        oid::INT8 | oid::XID8 => Repr::Int8,
        oid::FLOAT4 => Repr::Float4,
        oid::FLOAT8 => Repr::Float8,
        oid::OID | oid::XID | oid::CID => Repr::Oid,
        reg if is_reg(reg) => Repr::Oid,
        oid::CHAR => Repr::Char,
        oid::NUMERIC => Repr::Numeric,
        oid::TEXT | oid::VARCHAR | oid::NAME | oid::JSON | oid::XML | oid::CSTRING => Repr::Text,
        oid::UNKNOWN | oid::REFCURSOR | oid::PG_NODE_TREE | oid::ACLITEM => Repr::Text,
        oid::JSONPATH => Repr::Text,
        type_oid if super::geometry::is_geometric(type_oid) => Repr::Text,
        oid::TID => Repr::Position(PositionKind::Row),
        oid::PG_LSN => Repr::Position(PositionKind::Lsn),
        oid::PG_NDISTINCT | oid::PG_DEPENDENCIES | oid::PG_MCV_LIST => Repr::Text,
        oid::PG_SNAPSHOT | oid::TXID_SNAPSHOT => Repr::Text,
        oid::BPCHAR => Repr::Bpchar,
        oid::BYTEA => Repr::Bytea,
        oid::DATE => Repr::Date,
        oid::TIME => Repr::Time,
        oid::TIMETZ => Repr::TimeTz,
        oid::TIMESTAMP => Repr::Timestamp,
        oid::TIMESTAMPTZ => Repr::TimestampTz,
        oid::INTERVAL => Repr::Interval,
        oid::UUID => Repr::Uuid,
        oid::BIT | oid::VARBIT => Repr::Bit,
        oid::INET | oid::CIDR => Repr::Inet,
        oid::MACADDR => Repr::MacAddr,
        oid::MACADDR8 => Repr::MacAddr8,
        oid::JSONB => Repr::Jsonb,
        oid::RECORD => Repr::Record(None),
        oid::INT4RANGE..=oid::INT8RANGE_ARRAY | oid::INT4MULTIRANGE..=oid::INT8MULTIRANGE => {
            return super::range::builtin_repr(type_oid);
        }
        oid::VOID | oid::INTERNAL | oid::TRIGGER | oid::EVENT_TRIGGER => Repr::Pseudo,
        _ => return None,
    })
}

/// Whether the type names catalog objects: `regclass`, `regtype`, ….
pub fn is_reg(type_oid: Oid) -> bool {
    matches!(
        type_oid,
        oid::REGPROC
            | oid::REGPROCEDURE
            | oid::REGOPER
            | oid::REGOPERATOR
            | oid::REGCLASS
            | oid::REGTYPE
            | oid::REGCONFIG
            | oid::REGDICTIONARY
            | oid::REGNAMESPACE
            | oid::REGROLE
            | oid::REGCOLLATION
    )
}

/// The element type of a built-in array type.
pub fn element_of(array_type: Oid) -> Option<Oid> {
    if array_type == oid::INVALID {
        return None;
    }
    TYPES.iter().find(|entry| entry.1 == array_type).map(|entry| entry.0)
}

/// The array type over a built-in type.
pub fn array_of(element_type: Oid) -> Option<Oid> {
    let entry = TYPES.iter().find(|entry| entry.0 == element_type)?;
    (entry.1 != oid::INVALID).then_some(entry.1)
}

/// The SQL name of a built-in type with its modifier, as `format_type` prints
/// it: `numeric(10,2)`, `timestamp(3) with time zone`, `text[]`.
pub fn format_type(ty: SqlType) -> Option<String> {
    if let Some(element) = element_of(ty.oid) {
        return Some(format_type(SqlType::with_typmod(element, ty.typmod))? + "[]");
    }
    let name = TYPES.iter().find(|entry| entry.0 == ty.oid)?.2;
    Some(match ty.oid {
        // Without a modifier, `bpchar` is not `character`, which means character(1).
        oid::BPCHAR if ty.typmod < 0 => "bpchar".to_owned(),
        // The same with `bit`, which means bit(1).
        oid::BIT if ty.typmod < 0 => "\"bit\"".to_owned(),
        oid::BIT | oid::VARBIT if ty.typmod >= 0 => format!("{name}({})", ty.typmod),
        oid::BPCHAR | oid::VARCHAR => match text::length_limit(ty.typmod) {
            Some(limit) => format!("{name}({limit})"),
            None => name.to_owned(),
        },
        oid::NUMERIC => match NumericTypmod::decode(ty.typmod) {
            Some(NumericTypmod { precision, scale }) => format!("numeric({precision},{scale})"),
            None => name.to_owned(),
        },
        oid::TIME | oid::TIMETZ | oid::TIMESTAMP | oid::TIMESTAMPTZ if ty.typmod >= 0 => {
            let (head, tail) = name.split_once(' ').expect("these names have several words");
            format!("{head}({}) {tail}", ty.typmod)
        }
        oid::INTERVAL if ty.typmod >= 0 => datetime::interval_type_name(ty.typmod),
        _ => name.to_owned(),
    })
}
