//! `boolean`.

use super::numeric::is_space;
use crate::error::{Error, Result};

/// Reads any unambiguous prefix of true, false, yes, no, on, off; or 1, 0.
pub fn parse(text: &str) -> Result<bool> {
    let word = text.trim_matches(is_space);
    parse_word(word).ok_or_else(|| Error::invalid_input("boolean", text))
}

fn parse_word(word: &str) -> Option<bool> {
    let prefix_of = |whole: &str, least: usize| {
        word.len() >= least
            && word.len() <= whole.len()
            && word.as_bytes().eq_ignore_ascii_case(&whole.as_bytes()[..word.len()])
    };
    if prefix_of("true", 1) || prefix_of("yes", 1) || prefix_of("on", 2) || word == "1" {
        Some(true)
    } else if prefix_of("false", 1) || prefix_of("no", 1) || prefix_of("off", 2) || word == "0" {
        Some(false)
    } else {
        None
    }
}
