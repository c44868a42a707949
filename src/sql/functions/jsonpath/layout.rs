//! Where PostgreSQL would have an object within its document's bytes.
//!
//! `.keyvalue()` tells objects of one document apart by that number, and clients
//! may see it. A container is a header of 4 bytes, one word per element (or per key
//! and per value), then keys, strings, numbers and containers one after another;
//! numbers and containers start at multiples of 4.

use crate::sql::types::numeric::Numeric;
use crate::sql::types::{JsonKind, JsonRef};

const WORD: usize = 4;

/// The offset of a container inside another one, which it is a part of.
pub fn offset_of(base: JsonRef<'_>, target: JsonRef<'_>) -> Option<usize> {
    if std::ptr::eq(base.bytes(), target.bytes()) {
        return Some(0);
    }
    let wanted = target.bytes().as_ptr_range();
    let mut at = first_byte(base);
    for value in values(base) {
        let own = value.bytes().as_ptr_range();
        let start = aligned_start(at, value);
        if own.start <= wanted.start && wanted.end <= own.end && value.is_container() {
            return Some(start + offset_of(value, target)?);
        }
        at = start + size(value);
    }
    None
}

/// Where a container's values begin: behind its words and keys.
fn first_byte(container: JsonRef<'_>) -> usize {
    let words = match container.kind() {
        JsonKind::Object => 2 * container.len(),
        _ => container.len(),
    };
    let keys: usize = container.members().map(|(key, _)| key.len()).sum();
    WORD * (1 + words) + keys
}

fn values(container: JsonRef<'_>) -> impl Iterator<Item = JsonRef<'_>> {
    (0..container.len()).map(move |n| container.value_at(n))
}

fn aligned_start(at: usize, value: JsonRef<'_>) -> usize {
    match value.kind() {
        JsonKind::Number | JsonKind::Array | JsonKind::Object => at.next_multiple_of(WORD),
        _ => at,
    }
}

/// The bytes of a value, without the padding in front of it.
fn size(value: JsonRef<'_>) -> usize {
    match value.kind() {
        JsonKind::Null | JsonKind::Bool => 0,
        JsonKind::String => value.as_str().unwrap_or_default().len(),
        JsonKind::Number => value.as_numeric().map_or(0, |number| number_size(&number)),
        JsonKind::Array | JsonKind::Object => values(value)
            .fold(first_byte(value), |at, child| aligned_start(at, child) + size(child)),
    }
}

/// A number's length word, its header, and two bytes for every four decimal digits.
fn number_size(number: &Numeric) -> usize {
    let text = number.abs().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.trim_start_matches('0');
    let padded_whole = whole.len().next_multiple_of(4);
    let padded_fraction = fraction.len().next_multiple_of(4);
    let digits = format!("{whole:0>padded_whole$}{fraction:0<padded_fraction$}");
    let groups: Vec<&[u8]> = digits.as_bytes().chunks(4).collect();
    let is_zero = |group: &&[u8]| group.iter().all(|digit| *digit == b'0');
    let leading = groups.iter().take_while(|group| is_zero(group)).count();
    let trailing = groups[leading..].iter().rev().take_while(|group| is_zero(group)).count();
    let kept = groups.len() - leading - trailing;
    // Of the first digits' group; the point is behind group 0.
    let weight = (padded_whole / 4) as i64 - 1 - leading as i64;
    let is_short = fraction.len() <= 63 && (kept == 0 || (-64..=63).contains(&weight));
    let header = if is_short { 2 } else { 4 };
    WORD + header + 2 * kept
}
