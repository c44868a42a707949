//! `pg_statistic_ext` and `pg_statistic_ext_data`: statistics of columns together.
//!
//! CREATE STATISTICS says which columns and expressions of a table belong together, and
//! ANALYZE finds out what they have in common ([`FoundTogether`]). A part of a definition
//! is a column, or one of the expressions, which come after the columns and are numbered
//! -1, -2 and so on, as PostgreSQL prints them:
//!
//! ```text
//! CREATE STATISTICS s ON a, b, (a + b) FROM t      parts 1, 2, -1
//! {"1, 2": 10, "1, -1": 12, "2, -1": 12, "1, 2, -1": 12}
//! ```

use serde::{Deserialize, Serialize};

use super::{Catalog, ColumnStatistics, ObjectAddress, ObjectClass, relation_oid};
use crate::sql::types::Oid;

/// The most columns and expressions of one object (`STATS_MAX_DIMENSIONS`).
pub const STATISTICS_PARTS_MAX: usize = 8;

/// `pg_statistic_ext`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExtendedStatistics {
    pub oid: Oid,
    pub schema: Oid,
    pub name: String,
    pub owner: Oid,
    pub table: Oid,
    /// Attribute numbers, in order.
    pub columns: Vec<i16>,
    /// In SQL over the table's columns, with their types.
    pub expressions: Vec<(String, Oid)>,
    pub kinds: Vec<StatisticsKind>,
    /// `stxstattarget`; none is what the columns say.
    pub target: Option<i32>,
    /// What ANALYZE found, if it ran since.
    pub found: Option<FoundTogether>,
}

/// What is to be found out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum StatisticsKind {
    Distinct,
    Dependencies,
    MostCommon,
    Expressions,
}

/// `pg_statistic_ext_data`. Lists of parts are in the order of the definition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FoundTogether {
    /// How many combinations of values there are, by parts.
    pub distinct: Option<Vec<(Vec<i16>, f64)>>,
    /// How far the last part follows from the ones before it: the share of the rows.
    pub dependencies: Option<Vec<(Vec<i16>, f64)>>,
    pub common: Option<Vec<CommonCombination>>,
    /// Of the expressions, each as if it were a column; in their order.
    pub expressions: Option<Vec<ColumnStatistics>>,
}

/// A combination of values that many rows have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommonCombination {
    /// In text form; none is NULL.
    pub values: Vec<Option<String>>,
    /// The part of the rows that have it.
    #[serde(with = "exact")]
    pub frequency: f64,
    /// What that would be if the columns had nothing to do with each other.
    #[serde(with = "exact")]
    pub base_frequency: f64,
}

/// Numbers as text, which reads as the same number.
mod exact {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl StatisticsKind {
    /// The letter in `stxkind`.
    pub fn letter(self) -> char {
        match self {
            StatisticsKind::Distinct => 'd',
            StatisticsKind::Dependencies => 'f',
            StatisticsKind::MostCommon => 'm',
            StatisticsKind::Expressions => 'e',
        }
    }

    /// The word in CREATE STATISTICS; of expressions there is none.
    pub fn word(self) -> Option<&'static str> {
        match self {
            StatisticsKind::Distinct => Some("ndistinct"),
            StatisticsKind::Dependencies => Some("dependencies"),
            StatisticsKind::MostCommon => Some("mcv"),
            StatisticsKind::Expressions => None,
        }
    }

    /// Those that a definition may name, in the order of `stxkind`.
    pub const NAMED: [StatisticsKind; 3] =
        [StatisticsKind::Distinct, StatisticsKind::Dependencies, StatisticsKind::MostCommon];
}

impl ExtendedStatistics {
    pub fn address(&self) -> ObjectAddress {
        ObjectAddress::new(relation_oid::PG_STATISTIC_EXT, self.oid)
    }

    pub fn has(&self, kind: StatisticsKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// The numbers of its parts: columns, then expressions.
    pub fn parts(&self) -> Vec<i16> {
        let expressions = (1..).take(self.expressions.len()).map(|number: i16| -number);
        self.columns.iter().copied().chain(expressions).collect()
    }
}

impl Catalog {
    pub fn extended_statistics_named(&self, schema: Oid, name: &str) -> Option<Oid> {
        self.named(ObjectClass::ExtendedStatistics, schema, name).first().copied()
    }
}
