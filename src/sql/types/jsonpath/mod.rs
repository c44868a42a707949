//! `jsonpath`: expressions over JSON documents (SQL/JSON path language).
//!
//! A value of the type is its canonical text, which is what PostgreSQL prints:
//! reading it checks the expression and writes it anew. Evaluation
//! (`sql::functions::jsonpath`) parses that text, and keeps what it parsed.
//!
//! ```text
//! '$.a ? (@ > 1)'  →  lexer → parser → Path { Root, [Key a, Filter (@ > 1)] }
//!                  →  print → '$."a"?(@ > 1)'
//! ```
//!
//! An expression is a head (`$`, a constant, a comparison …) and the steps after it.

mod lexer;
mod parser;
mod print;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::numeric::Numeric;
use super::regexp;
use crate::error::{Error, Result};

/// Nesting of expressions, steps included, that is read.
pub const DEPTH_MAX: usize = 1_500;

/// Nesting that every thread's stack has room for.
const SHALLOW: usize = 40;
/// Stack for one level of nesting, in bytes, parsing and evaluating alike.
const STACK_PER_LEVEL_BYTES: usize = 40 << 10;

/// Paths one thread keeps parsed; when full, all are forgotten.
const CACHE_MAX: usize = 64;

#[derive(Clone, PartialEq, Debug)]
pub struct JsonPath {
    /// `lax`, unless the text says `strict`.
    pub lax: bool,
    pub path: Path,
    /// How deep the expression is nested, steps included.
    pub depth: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    pub head: Head,
    pub steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Head {
    Null,
    Bool(bool),
    Number(Numeric),
    String(String),
    Variable(String),
    /// `$`
    Root,
    /// `@`
    Current,
    Last,
    Unary(Sign, Box<Path>),
    Arithmetic(Arithmetic, Box<Path>, Box<Path>),
    Predicate(Box<Predicate>),
}

#[derive(Clone, PartialEq, Debug)]
pub enum Predicate {
    And(Path, Path),
    Or(Path, Path),
    Not(Path),
    IsUnknown(Path),
    Compare(Comparison, Path, Path),
    StartsWith(Path, Path),
    LikeRegex(Path, Pattern),
    Exists(Path),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    Plus,
    Minus,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// `.key`
    Key(String),
    /// `.*`
    AnyKey,
    /// `[*]`
    AnyElement,
    /// `[1, 2 to last]`
    Elements(Vec<Range>),
    /// `.**{first to last}`
    Descendants(Level, Level),
    Method(Method),
    /// `.datetime(template)`
    Datetime(Option<String>),
    /// `?(…)`
    Filter(Path),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    pub from: Path,
    pub to: Option<Path>,
}

/// How deep below an item: a number, or `last`, which is greater than all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    Number(u32),
    Last,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Abs,
    Size,
    Type,
    Floor,
    Double,
    Ceiling,
    KeyValue,
}

/// The pattern of `like_regex` and its flags.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    pub text: String,
    pub flags: PatternFlags,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PatternFlags {
    pub ignore_case: bool,
    pub dot_matches_newline: bool,
    pub anchors_match_lines: bool,
    pub expanded: bool,
    pub literal: bool,
}

impl Pattern {
    /// The compiled expression.
    pub fn compile(&self) -> Result<regexp::Expression> {
        let flags = self.flags;
        let options = regexp::Options {
            ignore_case: flags.ignore_case,
            newline_stops: !flags.literal && !flags.dot_matches_newline,
            newline_anchors: !flags.literal && flags.anchors_match_lines,
            expanded: false,
            literal: flags.literal,
        };
        regexp::Expression::new(&self.text, options)
    }
}

impl Method {
    /// The name as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Method::Abs => "abs",
            Method::Size => "size",
            Method::Type => "type",
            Method::Floor => "floor",
            Method::Double => "double",
            Method::Ceiling => "ceiling",
            Method::KeyValue => "keyvalue",
        }
    }
}

impl Arithmetic {
    pub fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Modulo => "%",
        }
    }
}

impl Sign {
    pub fn symbol(self) -> &'static str {
        match self {
            Sign::Plus => "+",
            Sign::Minus => "-",
        }
    }
}

impl Comparison {
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterEqual => ">=",
        }
    }
}

/// Reads an expression.
pub fn parse(text: &str) -> Result<JsonPath> {
    with_stack(nesting_at_most(text), || parser::parse(text))
}

/// The canonical text of an expression.
pub fn canonical(text: &str) -> Result<String> {
    with_stack(nesting_at_most(text), || Ok(print::print(&parser::parse(text)?)))
}

/// What opens a level: no text is nested deeper than it has of these.
fn nesting_at_most(text: &str) -> usize {
    text.bytes().filter(|byte| b"([-+!?*/%|&.=<>".contains(byte)).count().min(DEPTH_MAX)
}

/// Runs `work`, which goes `depth` levels deep, where the stack has room for it.
pub fn with_stack<T: Send, E: Send + From<Error>>(
    depth: usize,
    work: impl FnOnce() -> Result<T, E> + Send,
) -> Result<T, E> {
    if depth <= SHALLOW {
        return work();
    }
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .name("deep-jsonpath".into())
            .stack_size((depth + SHALLOW) * STACK_PER_LEVEL_BYTES)
            .spawn_scoped(scope, work)
            .map_err(|error| Error::out_of_memory(format!("no stack for a jsonpath: {error}")))?;
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

thread_local! {
    static PARSED: RefCell<HashMap<String, Arc<JsonPath>>> = RefCell::new(HashMap::new());
}

/// The expression of a value, parsed once per thread.
pub fn open(text: &str) -> Result<Arc<JsonPath>> {
    PARSED.with_borrow_mut(|parsed| {
        if let Some(found) = parsed.get(text) {
            return Ok(found.clone());
        }
        let path = Arc::new(parse(text)?);
        if parsed.len() >= CACHE_MAX {
            parsed.clear();
        }
        parsed.insert(text.to_owned(), path.clone());
        Ok(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn deep_expressions_are_refused_not_followed() {
        for text in ["(".repeat(100_000), "!(".repeat(100_000), "-".repeat(100_000)] {
            assert!(parse(&text).is_err());
        }
        let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(parse(&deep).unwrap_err().code(), crate::sqlstate::STATEMENT_TOO_COMPLEX);
        let wide = format!("1{}", "+1".repeat(5000));
        assert_eq!(parse(&wide).unwrap_err().code(), crate::sqlstate::STATEMENT_TOO_COMPLEX);
        let long = format!("${}", ".a".repeat(5000));
        assert_eq!(parse(&long).unwrap_err().code(), crate::sqlstate::STATEMENT_TOO_COMPLEX);
    }

    proptest! {
        /// What is accepted prints as itself from then on, and nothing panics.
        #[test]
        fn canonical_text_is_stable(text in r#"[$@.a1"\[\]()?!&|=<>*+/,\\ -]{0,12}"#) {
            if let Ok(once) = canonical(&text)
                // As in PostgreSQL, `(1 + 2).type() == 1` is printed without its parentheses.
                && let Ok(twice) = canonical(&once)
            {
                prop_assert_eq!(once.len() >= twice.len(), true);
            }
        }
    }
}
