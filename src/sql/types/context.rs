//! What reading and printing values may know: session settings, the clock, and
//! the catalog through one narrow trait.
//!
//! Both contexts borrow and are `Copy`: making one costs nothing per value.

use super::datetime::Zone;
use super::encoding::Encoding;
use super::{Datum, Oid, Repr, SqlType};
use crate::error::Result;

/// How dates and times print (the first half of the DateStyle setting).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateStyle {
    Iso,
    Sql,
    Postgres,
    German,
}

/// The order of day, month and year (the second half of DateStyle).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateOrder {
    Mdy,
    Dmy,
    Ymd,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntervalStyle {
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// What the text forms ask of the catalog: names of objects behind the reg*
/// types, and the shape of user-defined types met inside records.
pub trait CatalogView: Sync {
    /// A value has been read that depends on the time.
    fn clock_was_read(&self) {}

    /// The text of a reg* value; `None` prints the number.
    fn object_name(&self, _reg_type: Oid, _object: Oid) -> Option<String> {
        None
    }

    /// Resolves the text of a reg* type; `None` when it is not resolved here.
    fn object_oid(&self, _reg_type: Oid, _text: &str) -> Result<Option<Oid>> {
        Ok(None)
    }

    /// The representation of a type that is not built in.
    fn repr(&self, _type_oid: Oid) -> Option<Repr> {
        None
    }

    /// The type right under a domain, with its modifier; `None` for other types.
    fn domain_base(&self, _type_oid: Oid) -> Option<SqlType> {
        None
    }

    /// Whether a value, or NULL, may be of this domain: its error if not.
    fn check_domain(&self, _domain: Oid, _value: &Datum) -> Result<()> {
        Ok(())
    }

    /// The fields of a composite type, in order.
    fn fields(&self, _type_oid: Oid) -> Option<Vec<(SqlType, Repr)>> {
        None
    }
}

/// A catalog that knows only the built-in types.
pub struct BuiltinsOnly;

impl CatalogView for BuiltinsOnly {}

/// What printing a value depends on.
#[derive(Clone, Copy)]
pub struct OutputContext<'a> {
    pub zone: Zone,
    pub date_style: DateStyle,
    pub date_order: DateOrder,
    pub interval_style: IntervalStyle,
    pub bytea_output_hex: bool,
    pub extra_float_digits: i32,
    pub catalog: &'a dyn CatalogView,
}

/// What reading a value depends on.
#[derive(Clone, Copy)]
pub struct InputContext<'a> {
    pub zone: Zone,
    pub date_order: DateOrder,
    pub interval_style: IntervalStyle,
    /// `transaction_timestamp()`; readers ask [`InputContext::now`].
    pub transaction_timestamp: i64,
    /// What text within binary forms is in.
    pub client_encoding: Encoding,
    pub catalog: &'a dyn CatalogView,
}

impl Default for OutputContext<'static> {
    /// PostgreSQL's settings out of the box, in UTC.
    fn default() -> OutputContext<'static> {
        OutputContext {
            zone: Zone::UTC,
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            bytea_output_hex: true,
            extra_float_digits: 1,
            catalog: &BuiltinsOnly,
        }
    }
}

impl Default for InputContext<'static> {
    /// PostgreSQL's settings out of the box, in UTC, at 2000-01-01.
    fn default() -> InputContext<'static> {
        InputContext {
            zone: Zone::UTC,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            transaction_timestamp: 0,
            client_encoding: Encoding::UTF8,
            catalog: &BuiltinsOnly,
        }
    }
}

/// Built-in types below this OID are no domains.
const DOMAINS_START: Oid = 12_000;

/// The domain's base, if the type is a domain: cheap for built-in types.
pub(super) fn domain_base(catalog: &dyn CatalogView, type_oid: Oid) -> Option<SqlType> {
    if type_oid < DOMAINS_START { None } else { catalog.domain_base(type_oid) }
}

impl<'a> InputContext<'a> {
    /// What `now` and `today` mean. A value that was read with it is good for one
    /// transaction only.
    pub fn now(&self) -> i64 {
        self.catalog.clock_was_read();
        self.transaction_timestamp
    }

    /// NULL as a value of a type: a domain may refuse it.
    pub fn null(&self, type_oid: Oid) -> Result<Datum> {
        if domain_base(self.catalog, type_oid).is_some() {
            self.catalog.check_domain(type_oid, &Datum::Null)?;
        }
        Ok(Datum::Null)
    }

    /// The printing side of the same settings, where only those two share matter.
    pub fn output(&self) -> OutputContext<'a> {
        OutputContext {
            zone: self.zone,
            date_order: self.date_order,
            interval_style: self.interval_style,
            catalog: self.catalog,
            ..OutputContext::default()
        }
    }
}
