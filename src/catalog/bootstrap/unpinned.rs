//! OIDs of what no declaration has a place for one: casts and members of operator
//! families, from `sql/unpinned_oids.tsv`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::relation_oid;
use crate::error::{Error, Result};
use crate::sql::types::Oid;

/// Class, two types, family (0 of casts), strategy or number (0 of casts), OID a line.
const TEXT: &str = include_str!("../../../sql/unpinned_oids.tsv");

type Key = (Oid, Oid, Oid, Oid, i16);

static OIDS: LazyLock<HashMap<Key, Oid>> = LazyLock::new(|| {
    let line = |line: &str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next()?.parse::<Oid>().ok();
        let (class, left, right, family) = (next()?, next()?, next()?, next()?);
        let number = i16::try_from(next()?).ok()?;
        Some(((class, left, right, family, number), next()?))
    };
    TEXT.lines().filter_map(line).collect()
});

fn oid_of(key: Key) -> Result<Oid> {
    OIDS.get(&key).copied().ok_or_else(|| Error::syntax(format!("no OID is known of {key:?}")))
}

pub(super) fn cast(source: Oid, target: Oid) -> Result<Oid> {
    oid_of((relation_oid::PG_CAST, source, target, 0, 0))
}

pub(super) fn operator(family: Oid, left: Oid, right: Oid, strategy: i16) -> Result<Oid> {
    oid_of((relation_oid::PG_AMOP, left, right, family, strategy))
}

pub(super) fn function(family: Oid, left: Oid, right: Oid, number: i16) -> Result<Oid> {
    oid_of((relation_oid::PG_AMPROC, left, right, family, number))
}
