//! PostgreSQL's units of time and memory in setting values: `30s`, `5min`, `64MB`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The base unit of a numeric parameter: what a bare number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    Bytes,
    Kilobytes,
    /// Blocks of 8 kB.
    Blocks,
    Milliseconds,
    Seconds,
}

const MEMORY: &[(&str, u64)] =
    &[("B", 1), ("kB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1 << 40)];
/// In microseconds.
const TIME: &[(&str, u64)] = &[
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

impl Unit {
    /// As `pg_settings.unit` names it.
    pub fn parse(name: &str) -> Option<Unit> {
        Some(match name {
            "B" => Unit::Bytes,
            "kB" => Unit::Kilobytes,
            "8kB" => Unit::Blocks,
            "ms" => Unit::Milliseconds,
            "s" => Unit::Seconds,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Bytes => "B",
            Unit::Kilobytes => "kB",
            Unit::Blocks => "8kB",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
        }
    }

    pub fn is_memory(self) -> bool {
        matches!(self, Unit::Bytes | Unit::Kilobytes | Unit::Blocks)
    }

    /// Its size in bytes or microseconds.
    fn scale(self) -> u64 {
        match self {
            Unit::Bytes => 1,
            Unit::Kilobytes => 1 << 10,
            Unit::Blocks => 8 << 10,
            Unit::Milliseconds => 1_000,
            Unit::Seconds => 1_000_000,
        }
    }

    fn table(self) -> &'static [(&'static str, u64)] {
        if self.is_memory() { MEMORY } else { TIME }
    }

    /// How many of this unit one of the suffix's unit is.
    pub fn factor(self, suffix: &str) -> Option<f64> {
        let (_, size) = self.table().iter().find(|(name, _)| *name == suffix)?;
        Some(*size as f64 / self.scale() as f64)
    }

    /// A value with the largest unit that divides it: 65536 kB is `64MB`.
    pub fn display(self, value: i64) -> String {
        if value <= 0 {
            return value.to_string();
        }
        let Some(total) = (value as u64).checked_mul(self.scale()) else {
            return format!("{value}{}", self.as_str());
        };
        let fits = |(_, size): &&(&str, u64)| total % size == 0;
        match self.table().iter().rev().find(fits) {
            Some((name, size)) => format!("{}{name}", total / size),
            None => format!("{value}{}", self.as_str()),
        }
    }

    /// As [`Unit::display`], for a number that need not be whole: 0.9 ms is `900us`.
    pub fn display_real(self, value: f64) -> String {
        /// How far from whole a number may be that is shown as whole.
        const TOLERANCE: f64 = 1e-8;
        if value <= 0.0 {
            return value.to_string();
        }
        let total = value * self.scale() as f64;
        let in_unit = |size: u64| total / size as f64;
        let is_whole = |(_, size): &&(&str, u64)| {
            let count = in_unit(*size);
            count.round() > 0.0 && (count.round() / count - 1.0).abs() <= TOLERANCE
        };
        match self.table().iter().rev().find(is_whole) {
            Some((name, size)) => format!("{}{name}", in_unit(*size).round()),
            None => {
                let (name, size) = self.table()[0];
                format!("{}{name}", in_unit(size))
            }
        }
    }

    /// PostgreSQL's hint after a value with an unknown unit.
    pub fn hint(self) -> &'static str {
        if self.is_memory() {
            "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\"."
        } else {
            "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"."
        }
    }
}

/// Splits `10 MB` into its number and its suffix.
pub fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    let mut end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let rest = &text[end..];
    if end > 0 && rest.starts_with(['e', 'E']) {
        let exponent = rest[1..].trim_start_matches(['+', '-']);
        let digits = exponent.find(|c: char| !c.is_ascii_digit()).unwrap_or(exponent.len());
        if digits > 0 {
            end += rest.len() - exponent.len() + digits;
        }
    }
    (&text[..end], text[end..].trim())
}

/// A quantity in its base unit, read from a bare number or a number with a unit.
fn parse_quantity(text: &str, unit: Unit) -> Result<u64, String> {
    let (number, suffix) = split(text);
    let value: f64 = number.parse().map_err(|_| format!("invalid value \"{text}\""))?;
    let factor = if suffix.is_empty() {
        1.0
    } else {
        unit.factor(suffix).ok_or_else(|| format!("invalid unit in \"{text}\": {}", unit.hint()))?
    };
    let total = (value * factor).round();
    if !(0.0..=(1u64 << 53) as f64).contains(&total) {
        return Err(format!("value \"{text}\" is out of range"));
    }
    Ok(total as u64)
}

/// Declares a quantity that a configuration file writes as `30s` or `30000`.
macro_rules! quantity {
    ($name:ident, $unit:expr, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub struct $name(pub u64);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$unit.display(self.0 as i64))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(QuantityVisitor($unit)).map($name)
            }
        }
    };
}

quantity!(Milliseconds, Unit::Milliseconds, "A time in milliseconds.");
quantity!(Seconds, Unit::Seconds, "A time in seconds.");
quantity!(Kilobytes, Unit::Kilobytes, "Memory in kilobytes.");
quantity!(Bytes, Unit::Bytes, "Memory in bytes.");

impl Milliseconds {
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

impl Seconds {
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0)
    }
}

impl Bytes {
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

struct QuantityVisitor(Unit);

impl de::Visitor<'_> for QuantityVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number (of {}) or a text with a unit", self.0.as_str())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<u64, E> {
        u64::try_from(value).map_err(|_| E::custom("a negative value is not allowed"))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<u64, E> {
        Ok(value)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        parse_quantity(text, self.0).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_scales_to_the_base_unit() {
        assert_eq!(parse_quantity("64MB", Unit::Kilobytes), Ok(65536));
        assert_eq!(parse_quantity("1.5 min", Unit::Seconds), Ok(90));
        assert_eq!(parse_quantity("250", Unit::Milliseconds), Ok(250));
        assert!(parse_quantity("5 parsecs", Unit::Seconds).is_err());
        assert!(parse_quantity("-1", Unit::Seconds).is_err());
    }

    #[test]
    fn display_takes_the_largest_exact_unit() {
        assert_eq!(Unit::Kilobytes.display(65536), "64MB");
        assert_eq!(Unit::Milliseconds.display(60_000), "1min");
        assert_eq!(Unit::Milliseconds.display(1_500), "1500ms");
        assert_eq!(Unit::Blocks.display(16384), "128MB");
        assert_eq!(Unit::Milliseconds.display(0), "0");
    }
}
