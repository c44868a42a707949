//! The types' input, output and send functions as SQL functions: `int4in('1')`.
//!
//! One kernel serves all of a kind: the types involved say what to do. Receive
//! functions take `internal`, so nothing can call them; they exist by name only.

use bytes::BytesMut;

use crate::error::Result;
use crate::kernels;
use crate::sql::types::{self, Datum, Oid};

use super::call::{arg, arg_or_null, wrong_type};
use super::{CallContext, Kernel, value};

pub const KERNELS: &[&[Kernel]] = &[INPUT, OUTPUT, SEND];

/// `(cstring [, element or row type, typmod])`.
fn input(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let text: &str = arg(args, 0)?;
    let typmod = arg_or_null(args, 2)?.unwrap_or(-1);
    let declared = call.result.oid;
    let ty = match arg_or_null::<Oid>(args, 1)? {
        Some(element) if declared == types::oid::ANYARRAY => {
            types::array_of(element).unwrap_or(declared)
        }
        Some(ty)
            if matches!(
                declared,
                types::oid::ANYENUM
                    | types::oid::ANYRANGE
                    | types::oid::ANYMULTIRANGE
                    | types::oid::RECORD
                    | types::oid::ANY
            ) =>
        {
            ty
        }
        _ => declared,
    };
    value::read_text(call, text, ty, typmod)
}

fn output(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    value::text_of(call, args, 0).map(Datum::Text)
}

fn send(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let (Some(value), Some(ty)) = (args.first(), call.args.first()) else {
        return Err(wrong_type());
    };
    let mut out = BytesMut::new();
    types::binary_send(value, ty.oid, &mut out);
    Ok(Datum::Bytea(out.freeze()))
}

const INPUT: &[Kernel] = kernels! {
    call "aclitemin" => input;
    call "text_regclass" => |call, args| input(call, &args[..1]);
    call "array_in" => input;
    call "boolin" => input;
    call "bpcharin" => input;
    call "byteain" => input;
    call "charin" => input;
    call "cidin" => input;
    call "cstring_in" => input;
    call "date_in" => input;
    call "domain_in" => input;
    call "enum_in" => input;
    call "float4in" => input;
    call "float8in" => input;
    call "int2in" => input;
    call "int2vectorin" => input;
    call "int4in" => input;
    call "int8in" => input;
    call "interval_in" => input;
    call "json_in" => input;
    call "jsonb_in" => input;
    call "namein" => input;
    call "numeric_in" => input;
    call "oidin" => input;
    call "oidvectorin" => input;
    call "pg_lsn_in" => input;
    call "pg_snapshot_in" => input;
    call "range_in" => input;
    call "multirange_in" => input;
    call "record_in" => input;
    call "regclassin" => input;
    call "regcollationin" => input;
    call "regconfigin" => input;
    call "regdictionaryin" => input;
    call "regnamespacein" => input;
    call "regoperatorin" => input;
    call "regoperin" => input;
    call "regprocedurein" => input;
    call "regprocin" => input;
    call "regrolein" => input;
    call "regtypein" => input;
    call "textin" => input;
    call "tidin" => input;
    call "time_in" => input;
    call "timestamp_in" => input;
    call "timestamptz_in" => input;
    call "timetz_in" => input;
    call "unknownin" => input;
    call "uuid_in" => input;
    call "varcharin" => input;
    call "xid8in" => input;
    call "xidin" => input;
    call "bit_in" => input;
    call "varbit_in" => input;
    call "inet_in" => input;
    call "cidr_in" => input;
    call "macaddr_in" => input;
    call "macaddr8_in" => input;
    call "jsonpath_in" => input;
    call "box_in" => input;
    call "circle_in" => input;
    call "line_in" => input;
    call "lseg_in" => input;
    call "path_in" => input;
    call "point_in" => input;
    call "poly_in" => input;
};

const OUTPUT: &[Kernel] = kernels! {
    call "boolout" => output;
    call "int2out" => output;
    call "int4out" => output;
    call "int8out" => output;
    call "float4out" => output;
    call "float8out" => output;
    call "numeric_out" => output;
    call "bpcharout" => output;
    call "charout" => output;
    call "nameout" => output;
    call "textout" => output;
    call "unknownout" => output;
    call "varcharout" => output;
    call "byteaout" => output;
    call "date_out" => output;
    call "time_out" => output;
    call "timetz_out" => output;
    call "timestamp_out" => output;
    call "timestamptz_out" => output;
    call "interval_out" => output;
    call "uuid_out" => output;
    call "json_out" => output;
    call "jsonb_out" => output;
    call "array_out" => output;
    call "enum_out" => output;
    call "range_out" => output;
    call "multirange_out" => output;
    call "record_out" => output;
    call "cidout" => output;
    call "int2vectorout" => output;
    call "oidout" => output;
    call "oidvectorout" => output;
    call "pg_lsn_out" => output;
    call "pg_snapshot_out" => output;
    call "regclassout" => output;
    call "regcollationout" => output;
    call "regconfigout" => output;
    call "regdictionaryout" => output;
    call "regnamespaceout" => output;
    call "regoperatorout" => output;
    call "regoperout" => output;
    call "regprocedureout" => output;
    call "regprocout" => output;
    call "regroleout" => output;
    call "regtypeout" => output;
    call "tidout" => output;
    call "xid8out" => output;
    call "xidout" => output;
    call "bit_out" => output;
    call "varbit_out" => output;
    call "inet_out" => output;
    call "cidr_out" => output;
    call "macaddr_out" => output;
    call "macaddr8_out" => output;
    call "jsonpath_out" => output;
    call "box_out" => output;
    call "circle_out" => output;
    call "line_out" => output;
    call "lseg_out" => output;
    call "path_out" => output;
    call "point_out" => output;
    call "poly_out" => output;
    call "cstring_out" => output;
    call "aclitemout" => output;
};

const SEND: &[Kernel] = kernels! {
    call "boolsend" => send;
    call "int2send" => send;
    call "int4send" => send;
    call "int8send" => send;
    call "float4send" => send;
    call "float8send" => send;
    call "numeric_send" => send;
    call "bpcharsend" => send;
    call "charsend" => send;
    call "namesend" => send;
    call "textsend" => send;
    call "unknownsend" => send;
    call "varcharsend" => send;
    call "byteasend" => send;
    call "date_send" => send;
    call "time_send" => send;
    call "timetz_send" => send;
    call "timestamp_send" => send;
    call "timestamptz_send" => send;
    call "interval_send" => send;
    call "uuid_send" => send;
    call "json_send" => send;
    call "jsonb_send" => send;
    call "array_send" => send;
    call "enum_send" => send;
    call "range_send" => send;
    call "multirange_send" => send;
    call "record_send" => send;
    call "cidsend" => send;
    call "int2vectorsend" => send;
    call "oidsend" => send;
    call "oidvectorsend" => send;
    call "pg_lsn_send" => send;
    call "pg_snapshot_send" => send;
    call "regclasssend" => send;
    call "regcollationsend" => send;
    call "regconfigsend" => send;
    call "regdictionarysend" => send;
    call "regnamespacesend" => send;
    call "regoperatorsend" => send;
    call "regopersend" => send;
    call "regproceduresend" => send;
    call "regprocsend" => send;
    call "regrolesend" => send;
    call "regtypesend" => send;
    call "tidsend" => send;
    call "xid8send" => send;
    call "xidsend" => send;
    call "bit_send" => send;
    call "varbit_send" => send;
    call "inet_send" => send;
    call "cidr_send" => send;
    call "macaddr_send" => send;
    call "macaddr8_send" => send;
    call "jsonpath_send" => send;
    call "box_send" => send;
    call "circle_send" => send;
    call "line_send" => send;
    call "lseg_send" => send;
    call "path_send" => send;
    call "point_send" => send;
    call "poly_send" => send;
    call "cstring_send" => send;
};
