//! `hstore` and rows: `hstore(record)`, and `populate_record`, which is also `#=`; the
//! binary form.

use zserver_hstore::Pairs;

use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::call::arg_or_null;
use crate::sql::functions::{CallContext, Kernel};
use crate::sql::types::{self, Datum, Oid, SqlType, oid, record};
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    call "hstore_from_record" => from_record;
    call "hstore_populate_record" => populate;
    call "hstore_send" => |call, args| {
        let ty = call.args.first().map_or(oid::UNKNOWN, |ty| ty.oid);
        let value = args.first().unwrap_or(&Datum::Null);
        let encoding = call.eval.settings.client_encoding;
        encoding.in_binary(value, ty, call.eval).map(std::borrow::Cow::into_owned)
    };
    // Binary values come by the protocol and by COPY; nobody can call it.
    call "hstore_recv" => |_, _| Err(Error::unsupported("calling hstore_recv"));
};

type Fields = Vec<(String, SqlType)>;

/// The fields of the first argument's type, or those that its value has.
fn fields(call: &CallContext<'_>, value: Option<&[(Oid, Datum)]>) -> Option<Fields> {
    let ty = call.args.first().copied()?;
    let base = call.eval.output().catalog.domain_base(ty.oid).unwrap_or(ty);
    if let Some(fields) = record::fields(base) {
        return Some(fields.to_vec());
    }
    let columns = call.eval.catalog.composite_columns(base.oid);
    if !columns.is_empty() {
        return Some(columns);
    }
    let named = |(n, (oid, _)): (usize, &(Oid, Datum))| (format!("f{}", n + 1), SqlType::new(*oid));
    value.map(|row| row.iter().enumerate().map(named).collect())
}

fn row(args: &[Datum]) -> Option<&[(Oid, Datum)]> {
    match args.first() {
        Some(Datum::Record(row)) => Some(row),
        _ => None,
    }
}

/// Each field under its name, as text. NULL of a row type has the type's fields.
fn from_record(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let row = row(args);
    let Some(fields) = fields(call, row) else { return Ok(Datum::Null) };
    let output = call.eval.output();
    let pair = |(n, (name, ty)): (usize, (String, SqlType))| {
        let value = row.and_then(|row| row.get(n)).map(|(_, value)| value);
        let value = value.filter(|value| !value.is_null());
        (name, value.map(|value| types::to_text(value, ty.oid, &output)))
    };
    let pairs = fields.into_iter().enumerate().map(pair).collect();
    Ok(Datum::Text(Pairs::new(pairs).to_string()))
}

/// The row with the values of the keys that are its fields.
fn populate(call: &CallContext<'_>, args: &[Datum]) -> Result<Datum> {
    let row = row(args);
    let ty = call.args.first().copied().unwrap_or(SqlType::new(oid::UNKNOWN));
    let Some(fields) = fields(call, row) else {
        return Err(Error::new(sqlstate::DATATYPE_MISMATCH, "first argument must be a rowtype"));
    };
    let Some(text) = arg_or_null::<&str>(args, 1)? else {
        return Ok(row.map_or(Datum::Null, |row| Datum::Record(row.to_vec())));
    };
    let pairs =
        Pairs::parse(text).map_err(|error| Error::data_corrupted(format!("an hstore: {error}")))?;
    if let Some(row) = row.filter(|_| pairs.is_empty()) {
        return Ok(Datum::Record(row.to_vec()));
    }
    let input = call.eval.input();
    let mut made = Vec::with_capacity(fields.len());
    for (n, (name, ty)) in fields.iter().enumerate() {
        let kept = row.and_then(|row| row.get(n)).map(|(_, value)| value.clone());
        let value = match (pairs.get(name), kept) {
            (Some(Some(text)), _) => {
                let repr = call.eval.catalog.repr(ty.oid)?;
                types::text_input(text, *ty, &repr, &input)?
            }
            (None, Some(kept)) => kept,
            (Some(None), _) | (None, None) => input.null(ty.oid)?,
        };
        made.push((ty.oid, value));
    }
    let made = Datum::Record(made);
    if call.eval.output().catalog.domain_base(ty.oid).is_some() {
        crate::sql::functions::domain::check(call.eval, ty.oid, &made)?;
    }
    Ok(made)
}
