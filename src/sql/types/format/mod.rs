//! Template patterns: `to_char`, `to_date`, `to_timestamp`, `to_number`.
//!
//! A template is a list of keywords (`YYYY`, `Mon`, `9`, `PR` …) with literal
//! text between them. `template` cuts it, `date_keyword` and `number_keyword` know
//! the words, the other files print and read by them.
//!
//! Month and day names are English: the locale is C.

mod date_input;
mod date_keyword;
mod date_output;
mod number_input;
mod number_keyword;
mod number_output;
mod roman;
mod standard_input;
mod template;

pub use date_input::{to_date, to_timestamp};
pub use date_output::{interval_to_char, timestamp_to_char, timestamp_tz_to_char};
pub use number_input::to_number;
pub use number_output::{float4_to_char, float8_to_char, int_to_char, numeric_to_char};
pub use standard_input::{Standard, StandardTemplate};

/// The ordinal suffix of a number's decimal text: `st`, `nd`, `rd`, `th`.
fn ordinal_suffix(digits: &str, upper: bool) -> &'static str {
    let bytes = digits.as_bytes();
    let teen = bytes.len() > 1 && bytes[bytes.len() - 2] == b'1';
    match (bytes.last(), teen, upper) {
        (Some(b'1'), false, true) => "ST",
        (Some(b'1'), false, false) => "st",
        (Some(b'2'), false, true) => "ND",
        (Some(b'2'), false, false) => "nd",
        (Some(b'3'), false, true) => "RD",
        (Some(b'3'), false, false) => "rd",
        (_, _, true) => "TH",
        (_, _, false) => "th",
    }
}
