//! Parameters whose text has a grammar of its own.

use std::str::FromStr;

use super::parameter::{Parameter, Value};
use crate::error::{Error, Result};
use crate::sql::functions::context::{DateOrder, DateStyle};
use crate::sql::types::datetime::Zone;
use crate::sql::types::encoding::Encoding;
use crate::sqlstate;

/// PostgreSQL's longest identifier, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// Checks a text and brings it into the form that SHOW prints.
pub fn canonical(parameter: &Parameter, text: &str, current: &Value) -> Result<Value> {
    let wrong = || parameter.invalid_value(text);
    let canonical = match parameter.name {
        "DateStyle" => {
            let Value::Text(current) = current else { return Err(wrong()) };
            let unknown =
                |word: String| wrong().with_detail(format!("Unrecognized key word: \"{word}\"."));
            let parsed = parse_date_style(text, current);
            let (style, order) =
                parsed.ok_or_else(|| unknown_date_style(text).map_or_else(wrong, unknown))?;
            date_style_text(style, order)
        }
        "TimeZone" => parse_time_zone(text).ok_or_else(wrong)?.name,
        "client_encoding" => client_encoding(parameter, text)?,
        "search_path" => {
            parse_names(text).ok_or_else(|| wrong().with_detail("List syntax is invalid."))?;
            text.to_owned()
        }
        "restrict_nonsystem_relation_kind" => {
            let names =
                parse_names(text).ok_or_else(|| wrong().with_detail("List syntax is invalid."))?;
            let is_kind = |name: &String| matches!(name.as_str(), "view" | "foreign-table");
            if let Some(unknown) = names.iter().find(|name| !is_kind(name)) {
                let detail = format!("Unrecognized key word: \"{unknown}\".");
                return Err(wrong().with_detail(detail));
            }
            text.to_owned()
        }
        // As PostgreSQL: what is not printable ASCII is shown as a question mark.
        "application_name" => {
            let printable = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
            let clean: String = text.chars().map(printable).collect();
            clean[..clean.len().min(NAME_BYTES_MAX)].to_owned()
        }
        _ => text.to_owned(),
    };
    Ok(Value::text(&canonical))
}

fn client_encoding(parameter: &Parameter, text: &str) -> Result<String> {
    let encoding = Encoding::named(text).ok_or_else(|| parameter.invalid_value(text))?;
    if encoding.is_convertible() {
        return Ok(encoding.name().to_owned());
    }
    let detail = format!("Conversion between {} and UTF8 is not supported.", encoding.name());
    let report = parameter.invalid_value(text).into_report();
    Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, report.message).with_detail(detail))
}

/// `ISO, MDY` and every other order and subset of the words.
pub fn parse_date_style(text: &str, current: &str) -> Option<(DateStyle, DateOrder)> {
    let (mut style, mut order) = match text == current {
        true => (DateStyle::Iso, DateOrder::Mdy),
        false => parse_date_style(current, current)?,
    };
    let mut explicit_order = false;
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let word = word.trim_matches(['\'', '"']).to_ascii_uppercase();
        let (new_style, new_order) = match word.as_str() {
            "ISO" => (Some(DateStyle::Iso), None),
            "SQL" => (Some(DateStyle::Sql), None),
            "POSTGRES" => (Some(DateStyle::Postgres), None),
            "GERMAN" if explicit_order => (Some(DateStyle::German), None),
            "GERMAN" => {
                style = DateStyle::German;
                order = DateOrder::Dmy;
                continue;
            }
            "MDY" | "US" | "NONEURO" | "NONEUROPEAN" => (None, Some(DateOrder::Mdy)),
            "DMY" | "EURO" | "EUROPEAN" => (None, Some(DateOrder::Dmy)),
            "YMD" => (None, Some(DateOrder::Ymd)),
            "DEFAULT" => (Some(DateStyle::Iso), Some(DateOrder::Mdy)),
            _ => return None,
        };
        style = new_style.unwrap_or(style);
        explicit_order |= new_order.is_some();
        order = new_order.unwrap_or(order);
    }
    Some((style, order))
}

/// The first word that is none of DateStyle's.
fn unknown_date_style(text: &str) -> Option<String> {
    const WORDS: &[&str] = &[
        "iso",
        "sql",
        "postgres",
        "german",
        "mdy",
        "us",
        "noneuro",
        "noneuropean",
        "dmy",
        "euro",
        "european",
        "ymd",
        "default",
    ];
    let words = text.split(',').map(|word| word.trim().trim_matches(['\'', '"']));
    let mut words = words.map(str::to_ascii_lowercase).filter(|word| !word.is_empty());
    words.find(|word| !WORDS.contains(&word.as_str()))
}

fn date_style_text(style: DateStyle, order: DateOrder) -> String {
    let style = match style {
        DateStyle::Iso => "ISO",
        DateStyle::Sql => "SQL",
        DateStyle::Postgres => "Postgres",
        DateStyle::German => "German",
    };
    let order = match order {
        DateOrder::Mdy => "MDY",
        DateOrder::Dmy => "DMY",
        DateOrder::Ymd => "YMD",
    };
    format!("{style}, {order}")
}

/// A time zone setting.
pub struct TimeZone {
    /// As SHOW prints it.
    pub name: String,
    pub zone: Zone,
}

/// Reads `Europe/Berlin`, `utc`, `-7` (hours east), `+02:00` or `<+02>-02`
/// (POSIX: positive is west).
pub fn parse_time_zone(text: &str) -> Option<TimeZone> {
    let text = text.trim();
    // A bare number is hours east of UTC.
    if let Ok(hours) = f64::from_str(text)
        && hours.abs() < 168.0
    {
        let seconds = (hours * 3600.0) as i32;
        return Some(TimeZone { name: posix_name(seconds), zone: Zone::Fixed(seconds) });
    }
    let zone = Zone::by_name(text)?;
    Some(TimeZone { name: zone.name(), zone })
}

/// The name that PostgreSQL gives a fixed offset: `<+02>-02`.
fn posix_name(seconds_east: i32) -> String {
    let sign = |negative: bool| if negative { '-' } else { '+' };
    let size = seconds_east.abs();
    let clock = match (size / 3600, size % 3600 / 60, size % 60) {
        (hours, 0, 0) => format!("{hours:02}"),
        (hours, minutes, 0) => format!("{hours:02}:{minutes:02}"),
        (hours, minutes, seconds) => format!("{hours:02}:{minutes:02}:{seconds:02}"),
    };
    format!("<{}{clock}>{}{clock}", sign(seconds_east < 0), sign(seconds_east >= 0))
}

/// A list of names as `search_path` is written: folded to lower case unless
/// quoted. `None` if it is not one.
pub fn parse_names(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_name(quoted)?,
            None => {
                let end = rest.find([',', ' ', '\t', '\n']).unwrap_or(rest.len());
                (rest[..end].to_lowercase(), &rest[end..])
            }
        };
        if name.is_empty() && !rest.starts_with('"') {
            return None;
        }
        names.push(name);
        let after = after.trim_start();
        if after.is_empty() {
            return Some(names);
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// The rest of a quoted name, with doubled quotes undone, and what follows it.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_unless_quoted() {
        let names = |text| parse_names(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(names("\"$user\", public"), ["$user", "public"]);
        assert_eq!(names("A,\"B\"\"c\" , d"), ["a", "B\"c", "d"]);
        assert_eq!(names(""), [""; 0]);
        assert_eq!(names("\"\""), [""]);
        assert_eq!(parse_names("a,,b"), None);
        assert_eq!(parse_names("a b"), None);
        assert_eq!(parse_names("\"a"), None);
    }

    #[test]
    fn a_part_of_the_date_style_keeps_the_rest() {
        let style = |text| {
            let (style, order) = parse_date_style(text, "ISO, MDY").unwrap();
            date_style_text(style, order)
        };
        assert_eq!(style("dmy"), "ISO, DMY");
        assert_eq!(style("sql, ymd"), "SQL, YMD");
        assert_eq!(style("German"), "German, DMY");
        assert!(parse_date_style("julian", "ISO, MDY").is_none());
    }

    #[test]
    fn time_zones_are_names_or_offsets() {
        let zone = |text| parse_time_zone(text).map(|zone| (zone.name, zone.zone.offset_at(0)));
        assert_eq!(zone("europe/berlin"), Some(("Europe/Berlin".to_owned(), 3_600)));
        assert_eq!(zone("-7"), Some(("<-07>+07".to_owned(), -7 * 3600)));
        assert_eq!(zone("5.5"), Some(("<+05:30>-05:30".to_owned(), 19_800)));
        assert_eq!(zone("<+02>-02"), Some(("<+02>-02".to_owned(), 7_200)));
        assert_eq!(zone("Mars/Olympus"), None);
        assert_eq!(zone(""), None);
    }
}
