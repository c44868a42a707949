//! Compiled expressions, cached per thread, and the walk over their matches.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use fancy_regex::{Regex, RegexBuilder};

use super::translate::{Options, invalid, translate};
use crate::error::{Error, Result};
use crate::sqlstate;

/// Expressions one thread keeps compiled; when full, all are forgotten.
const CACHE_MAX: usize = 64;

/// Steps of the backtracking matcher before it gives up on one text.
const BACKTRACK_MAX: usize = 5_000_000;

/// Bytes that one compiled expression may take.
const COMPILED_MAX_BYTES: usize = 10 << 20;

/// One compiled expression.
#[derive(Clone)]
pub struct Expression(Arc<Regex>);

thread_local! {
    static CACHE: RefCell<HashMap<(String, Options), Expression>> = RefCell::new(HashMap::new());
}

/// Flags of the `regexp_*` functions: the expression's options, and `g`.
pub struct Flags {
    pub options: Options,
    pub global: bool,
}

impl Flags {
    pub fn parse(text: &str) -> Result<Flags> {
        let mut flags = Flags { options: Options::default(), global: false };
        for letter in text.chars() {
            if letter == 'g' {
                flags.global = true;
            } else if !flags.options.apply(letter) {
                return Err(Error::new(
                    sqlstate::INVALID_PARAMETER_VALUE,
                    format!("invalid regular expression option: \"{letter}\""),
                ));
            }
        }
        Ok(flags)
    }

    /// For a function that has no use for `g`.
    pub fn parse_without_global(text: &str, function: &str) -> Result<Flags> {
        let flags = Flags::parse(text)?;
        if flags.global {
            return Err(Error::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("{function} does not support the \"global\" option"),
            ));
        }
        Ok(flags)
    }
}

impl Expression {
    pub fn new(pattern: &str, options: Options) -> Result<Expression> {
        CACHE.with_borrow_mut(|cache| {
            let key = (pattern.to_owned(), options);
            if let Some(found) = cache.get(&key) {
                return Ok(found.clone());
            }
            let expression = Self::compile(pattern, options)?;
            if cache.len() >= CACHE_MAX {
                cache.clear();
            }
            cache.insert(key, expression.clone());
            Ok(expression)
        })
    }

    fn compile(pattern: &str, options: Options) -> Result<Expression> {
        let translated = translate(pattern, options)?;
        let regex = RegexBuilder::new(&translated)
            .backtrack_limit(BACKTRACK_MAX)
            .delegate_size_limit(COMPILED_MAX_BYTES)
            .delegate_dfa_size_limit(COMPILED_MAX_BYTES)
            .build()
            .map_err(|error| invalid(&error.to_string()))?;
        Ok(Expression(Arc::new(regex)))
    }

    pub fn is_match(&self, text: &str) -> Result<bool> {
        self.0.is_match(text).map_err(|_| too_complex())
    }

    /// The first match at or after a byte offset: the whole, then each group.
    pub fn captures_at(&self, text: &str, at: usize) -> Result<Option<Match>> {
        if at > text.len() {
            return Ok(None);
        }
        let found = self.0.captures_from_pos(text, at).map_err(|_| too_complex())?;
        Ok(found.map(|captures| Match {
            groups: (0..captures.len()).map(|n| captures.get(n).map(|g| g.range())).collect(),
        }))
    }

    /// All matches from a byte offset on, at most `limit`. After an empty match
    /// the search goes on one character further.
    pub fn matches_from(&self, text: &str, at: usize, limit: usize) -> Result<Vec<Match>> {
        let mut found = Vec::new();
        let mut at = at;
        while found.len() < limit
            && let Some(one) = self.captures_at(text, at)?
        {
            let whole = one.whole();
            at = if whole.is_empty() { after(text, whole.end) } else { whole.end };
            found.push(one);
        }
        Ok(found)
    }
}

/// The offset one character further; beyond the end at the end.
fn after(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

fn too_complex() -> Error {
    Error::new(
        sqlstate::INVALID_REGULAR_EXPRESSION,
        "regular expression failed: regular expression is too complex",
    )
}

/// Byte ranges of one match: the whole first, then the groups.
#[derive(Clone, Debug)]
pub struct Match {
    groups: Vec<Option<Range<usize>>>,
}

impl Match {
    pub fn whole(&self) -> Range<usize> {
        self.groups[0].clone().expect("group 0 is the match itself")
    }

    pub fn group(&self, n: usize) -> Option<Range<usize>> {
        self.groups.get(n).cloned().flatten()
    }

    /// The groups, or the whole match when there are none.
    pub fn parts<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Option<&'a str>> {
        let first = usize::from(self.groups.len() > 1);
        self.groups[first..].iter().map(move |range| range.clone().map(|range| &text[range]))
    }
}
