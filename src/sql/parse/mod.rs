//! Text to parse trees, with PostgreSQL's own grammar (libpg_query).
//!
//! [`parse`] splits a string into statements and gives each as PostgreSQL's raw
//! parse tree. Syntax errors carry PostgreSQL's message and the byte offset of
//! the token. Results are cached by text.
//!
//! # Limits
//!
//! Text longer than `statement_size_max` bytes and trees nested deeper than
//! `expression_depth_max` nodes are refused (`54000`, `54001`). The depth is
//! measured on the encoded tree before it is decoded ([`depth`]), because
//! decoding recurses; a tree that is legal but deep is decoded on a thread with
//! a stack to match.
//!
//! This module knows no catalog: a tree it returns may name things that do not
//! exist. Locations in trees are byte offsets into the whole text.

mod cache;
mod deparse;
mod depth;
pub mod escapes;
mod ffi;
mod identity;
mod number;

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use pg_query::protobuf;
use prost::Message;

pub use cache::Recent;
pub use deparse::expression_text;
pub use ffi::{SqlToken, SqlTokenKind};
pub use identity::{Identity, explained};
pub use pg_query::NodeEnum;
/// PostgreSQL's parse tree.
pub use pg_query::protobuf as ast;

use crate::error::{Error, Result};
use crate::sqlstate::{self, SqlState};
use number::NewerNumber;

/// One statement of a query string.
#[derive(Clone, Debug)]
pub struct ParsedStatement {
    pub node: NodeEnum,
    /// Byte offset of the statement in `text`, blanks and comments included.
    pub location: usize,
    /// Bytes up to the semicolon or the end.
    pub length: usize,
    /// The whole query string; locations in `node` are offsets into it.
    pub text: Arc<str>,
    /// Upper bound on the nesting of nodes.
    pub depth: usize,
}

impl ParsedStatement {
    /// The statement's own text.
    pub fn sql(&self) -> &str {
        self.text[self.location..self.location + self.length].trim()
    }
}

/// Bounds on what is parsed and kept; names as in the configuration.
#[derive(Clone, Copy, Debug)]
pub struct ParseLimits {
    pub statement_size_max: usize,
    pub max_expression_depth: usize,
    pub parse_cache_entries: usize,
}

impl std::default::Default for ParseLimits {
    fn default() -> ParseLimits {
        ParseLimits {
            statement_size_max: 64 << 20,
            max_expression_depth: 1_200,
            parse_cache_entries: 1_000,
        }
    }
}

/// Texts longer than this are parsed each time: they are rarely the same twice.
const CACHED_TEXT_MAX: usize = 16 << 10;

/// Message levels that every statement has around its expressions.
const BASE_LEVELS: usize = 60;

/// Up to this many levels are decoded on the caller's stack.
const SHALLOW_LEVELS: usize = 160;

/// Stack for one level of decoding, generous for unoptimised builds.
const STACK_PER_LEVEL: usize = 16 << 10;

struct Parser {
    limits: ParseLimits,
    cache: Mutex<Recent<Arc<str>, Arc<Vec<ParsedStatement>>>>,
}

static PARSER: OnceLock<Parser> = OnceLock::new();

/// Sets the limits of this process; only before the first parse.
pub fn configure(limits: ParseLimits) {
    PARSER.get_or_init(|| Parser::new(limits));
}

/// Parses a query string of any number of statements.
pub fn parse(text: &str) -> Result<Arc<Vec<ParsedStatement>>> {
    PARSER.get_or_init(|| Parser::new(ParseLimits::default())).parse(text)
}

/// Bytes of a name (`NAMEDATALEN` without its end).
const NAME_BYTES_MAX: usize = 63;

/// The tokens of a text in SQL's lexical structure.
pub fn tokens(text: &str) -> Result<Vec<SqlToken>> {
    ffi::tokens(text).map_err(|message| Error::syntax(message.trim_start_matches("ERROR: ")))
}

/// The names in a text that are longer than names can be, and what they are cut to.
pub fn long_names(text: &str) -> Vec<(String, String)> {
    if !may_have_long_names(text) {
        return Vec::new();
    }
    let words = ffi::tokens(text).unwrap_or_default().into_iter();
    let words = words.filter(|token| token.kind == SqlTokenKind::Word);
    let mut names = Vec::new();
    for written in words.filter_map(|token| text.get(token.range)) {
        let name = match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => written.to_ascii_lowercase(),
        };
        if name.len() > NAME_BYTES_MAX {
            let cut = name[..name.floor_char_boundary(NAME_BYTES_MAX)].to_owned();
            names.push((name, cut));
        }
    }
    names
}

/// Whether a text has a run that may be such a name: most have none, and are not scanned
/// a second time.
fn may_have_long_names(text: &str) -> bool {
    let (mut run, mut since_quote) = (0, 0);
    text.len() > NAME_BYTES_MAX
        && text.bytes().any(|byte| {
            let is_word =
                byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
            run = if is_word { run + 1 } else { 0 };
            let was_long = byte == b'"' && since_quote > NAME_BYTES_MAX;
            since_quote = if byte == b'"' { 0 } else { since_quote + 1 };
            run > NAME_BYTES_MAX || was_long
        })
}

/// Prints a statement (a view's query) as SQL again.
pub fn deparse(node: &ast::Node) -> Result<String> {
    let Some(node) = &node.node else { return Err(Error::internal("an empty parse tree")) };
    node.deparse(pg_query::DeparseOptions::default())
        .map_err(|error| Error::internal(format!("could not print a statement: {error}")))
}

/// Parses exactly one expression, as in a column default.
pub fn parse_expression(sql: &str) -> Result<Arc<Vec<ParsedStatement>>> {
    parse(&format!("SELECT {sql}"))
}

/// Parses a type name alone: `varchar(10)`, `int[]`, `timestamp with time zone`.
pub fn parse_type_name(text: &str) -> Result<protobuf::TypeName> {
    let statements = parse(&format!("SELECT NULL::{text}"))?;
    let invalid = || Error::syntax(format!("invalid type name \"{text}\""));
    let [statement] = statements.as_slice() else { return Err(invalid()) };
    let NodeEnum::SelectStmt(select) = &statement.node else { return Err(invalid()) };
    let simple = select.from_clause.is_empty() && select.where_clause.is_none();
    let [target] = select.target_list.as_slice() else { return Err(invalid()) };
    let Some(NodeEnum::ResTarget(target)) = &target.node else { return Err(invalid()) };
    match target.val.as_ref().and_then(|value| value.node.as_ref()) {
        Some(NodeEnum::TypeCast(cast)) if simple && target.name.is_empty() => {
            cast.type_name.clone().ok_or_else(invalid)
        }
        _ => Err(invalid()),
    }
}

impl Parser {
    fn new(limits: ParseLimits) -> Parser {
        Parser { limits, cache: Mutex::new(Recent::new(limits.parse_cache_entries)) }
    }

    fn parse(&self, text: &str) -> Result<Arc<Vec<ParsedStatement>>> {
        let cached = text.len() <= CACHED_TEXT_MAX;
        if cached && let Some(parsed) = self.cache.lock().get(text) {
            return Ok(parsed.clone());
        }
        let text: Arc<str> = text.into();
        let parsed = Arc::new(self.parse_uncached(&text)?);
        if cached {
            self.cache.lock().add(text, parsed.clone());
        }
        Ok(parsed)
    }

    fn parse_uncached(&self, text: &Arc<str>) -> Result<Vec<ParsedStatement>> {
        let bytes = self.encoded_tree(text)?;
        let levels = depth::nesting(&bytes);
        if levels > self.limits.max_expression_depth * 2 + BASE_LEVELS {
            return Err(Error::statement_too_deep());
        }
        let tree = decode(&bytes, levels)?;
        tree.stmts
            .into_iter()
            .filter_map(|raw| statement(raw, text, levels / 2).transpose())
            .collect()
    }

    fn encoded_tree(&self, text: &str) -> Result<Vec<u8>> {
        if text.len() > self.limits.statement_size_max {
            return Err(Error::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!(
                    "statement of {} bytes exceeds the limit of {} bytes",
                    text.len(),
                    self.limits.statement_size_max
                ),
            )
            .with_hint("Increase the configuration parameter \"statement_size_max\"."));
        }
        let input = ffi::c_text(text).ok_or_else(|| {
            Error::new(
                sqlstate::CHARACTER_NOT_IN_REPERTOIRE,
                "invalid byte sequence for encoding \"UTF8\": 0x00",
            )
        })?;
        let parsed = ffi::parse(&input, 0).map_err(|raw| syntax_error(raw, text));
        match (NewerNumber::find(text), parsed) {
            (Some(newer), Err(error)) if newer.is_before(&error) => Err(newer.error),
            (Some(newer), Ok(_)) => Err(newer.error),
            (_, parsed) => parsed,
        }
    }
}

fn decode(bytes: &[u8], levels: usize) -> Result<protobuf::ParseResult> {
    let decode = || {
        protobuf::ParseResult::decode(bytes)
            .map_err(|error| Error::internal(format!("could not decode the parse tree: {error}")))
    };
    if levels <= SHALLOW_LEVELS {
        return decode();
    }
    with_stack(levels * STACK_PER_LEVEL, decode)
}

/// Runs `work` on a thread of its own with at least `stack_bytes` of stack, for
/// recursion that is bounded but deep.
pub fn with_stack<T: Send>(
    stack_bytes: usize,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .name("deep-statement".into())
            .stack_size(stack_bytes + (1 << 20))
            .spawn_scoped(scope, work)
            .map_err(|error| {
                Error::out_of_memory(format!("no stack for a deep statement: {error}"))
            })?;
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn statement(
    raw: protobuf::RawStmt,
    text: &Arc<str>,
    depth: usize,
) -> Result<Option<ParsedStatement>> {
    let Some(node) = raw.stmt.and_then(|node| node.node) else { return Ok(None) };
    let location = usize::try_from(raw.stmt_location).unwrap_or(0).min(text.len());
    let rest = text.len() - location;
    let length = match usize::try_from(raw.stmt_len).unwrap_or(0) {
        0 => rest,
        length => length.min(rest),
    };
    Ok(Some(ParsedStatement { node, location, length, text: text.clone(), depth }))
}

fn syntax_error(raw: ffi::RawError, text: &str) -> Error {
    let code = code_of(&raw.message);
    if code == sqlstate::STATEMENT_TOO_COMPLEX {
        return Error::statement_too_deep();
    }
    // What later grammars say otherwise than PostgreSQL 15's.
    if raw.message == "constraints cannot be altered to be NOT VALID" {
        return Error::new(code, "FOREIGN KEY constraints cannot be marked NOT VALID");
    }
    if raw.message.starts_with("unrecognized row security option") {
        let detail = "Only PERMISSIVE or RESTRICTIVE policies are supported currently.";
        let place = raw.position.checked_sub(1).map_or(-1, |at| byte_offset(text, at));
        return Error::new(code, raw.message).with_detail(detail).at(place);
    }
    // Nor does it say where these are.
    let is_nowhere = matches!(
        raw.message.as_str(),
        "SKIP LOCKED and WITH TIES options cannot be used together"
            | "WITH TIES cannot be specified without ORDER BY clause"
    );
    let Some(characters) = raw.position.checked_sub(1).filter(|_| !is_nowhere) else {
        return Error::new(code, raw.message);
    };
    let offset = byte_offset(text, characters);
    let rest = usize::try_from(offset).ok().and_then(|offset| text.get(offset..));
    // Only an escape string's own escapes have a code of their own.
    let is_escape = rest.is_some_and(|rest| rest.starts_with("\\u") || rest.starts_with("\\U"));
    let is_exact = raw.message == "invalid Unicode escape" && is_escape;
    let code = match code == sqlstate::INVALID_ESCAPE_SEQUENCE && !is_exact {
        true => sqlstate::SYNTAX_ERROR,
        false => code,
    };
    Error::new(code, raw.message).at(offset)
}

fn byte_offset(text: &str, characters: usize) -> i32 {
    let offset = text.char_indices().nth(characters).map_or(text.len(), |(offset, _)| offset);
    i32::try_from(offset).unwrap_or(-1)
}

/// The SQLSTATE of a raw parser's message: the C result has only the message.
fn code_of(message: &str) -> SqlState {
    const CODES: &[(&str, SqlState)] = &[
        ("stack depth limit exceeded", sqlstate::STATEMENT_TOO_COMPLEX),
        ("memory exhausted", sqlstate::STATEMENT_TOO_COMPLEX),
        ("nested too deeply", sqlstate::STATEMENT_TOO_COMPLEX),
        ("invalid byte sequence", sqlstate::CHARACTER_NOT_IN_REPERTOIRE),
        ("unsafe use of", sqlstate::NONSTANDARD_USE_OF_ESCAPE_CHARACTER),
        ("invalid Unicode escape value", sqlstate::SYNTAX_ERROR),
        ("invalid Unicode escape character", sqlstate::SYNTAX_ERROR),
        ("invalid Unicode escape", sqlstate::INVALID_ESCAPE_SEQUENCE),
        ("not yet implemented", sqlstate::FEATURE_NOT_SUPPORTED),
        ("not implemented", sqlstate::FEATURE_NOT_SUPPORTED),
        ("not supported", sqlstate::FEATURE_NOT_SUPPORTED),
        ("is only supported for ON DELETE actions", sqlstate::FEATURE_NOT_SUPPORTED),
        ("cannot be altered to be NOT VALID", sqlstate::FEATURE_NOT_SUPPORTED),
        ("frame start", sqlstate::WINDOWING_ERROR),
        ("frame end", sqlstate::WINDOWING_ERROR),
        ("frame starting", sqlstate::WINDOWING_ERROR),
        ("precision for type float", sqlstate::INVALID_PARAMETER_VALUE),
        ("role name \"public\" is reserved", sqlstate::RESERVED_NAME),
        ("role name \"none\" is reserved", sqlstate::RESERVED_NAME),
    ];
    CODES
        .iter()
        .find(|(part, _)| message.contains(part))
        .map_or(sqlstate::SYNTAX_ERROR, |(_, code)| *code)
}

#[cfg(test)]
mod tests;
