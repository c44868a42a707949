//! The call into libpg_query: text to protobuf bytes, or an error with its position.
//!
//! The crate's own `parse` drops the error's cursor position, so this declares
//! the same C function (the crate links it) and reads the whole result. This
//! file is the only place of this module with `unsafe`.
//!
//! The C function redirects the process's standard error while it parses, so
//! calls are serialised: two at once could leave it redirected for good.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::ops::Range;

use parking_lot::Mutex;
use pg_query::protobuf::{ScanToken, Token};

/// What the C parser reports.
pub(super) struct RawError {
    pub message: String,
    /// In characters from 1; 0 when unknown.
    pub position: usize,
}

#[repr(C)]
struct PgQueryError {
    message: *mut c_char,
    funcname: *mut c_char,
    filename: *mut c_char,
    lineno: c_int,
    cursorpos: c_int,
    context: *mut c_char,
}

#[repr(C)]
struct PgQueryProtobuf {
    len: usize,
    data: *mut c_char,
}

#[repr(C)]
struct PgQueryProtobufParseResult {
    parse_tree: PgQueryProtobuf,
    stderr_buffer: *mut c_char,
    error: *mut PgQueryError,
}

unsafe extern "C" {
    fn pg_query_parse_protobuf_opts(
        input: *const c_char,
        parser_options: c_int,
    ) -> PgQueryProtobufParseResult;
    fn pg_query_free_protobuf_parse_result(result: PgQueryProtobufParseResult);
}

static PARSER: Mutex<()> = Mutex::new(());

/// Parses `input` with the options of `pg_query::ParserOptions` and answers the
/// encoded `ParseResult`.
pub(super) fn parse(input: &CStr, options: i32) -> Result<Vec<u8>, RawError> {
    let _serial = PARSER.lock();
    // SAFETY: `input` is NUL-terminated and lives through the call. The structs
    // repeat the C header's declarations. The result's pointers are owned by the
    // result and freed by the free function after their contents were copied.
    unsafe {
        let result = pg_query_parse_protobuf_opts(input.as_ptr(), options);
        let answer = match result.error.as_ref() {
            Some(error) => Err(RawError {
                message: text(error.message),
                position: usize::try_from(error.cursorpos).unwrap_or(0),
            }),
            None if result.parse_tree.data.is_null() => Ok(Vec::new()),
            None => Ok(std::slice::from_raw_parts(
                result.parse_tree.data.cast::<u8>(),
                result.parse_tree.len,
            )
            .to_vec()),
        };
        pg_query_free_protobuf_parse_result(result);
        answer
    }
}

/// Where the number tokens of a text are; none when it is not made of tokens.
pub(super) fn numbers(text: &str) -> Vec<Range<usize>> {
    let _serial = PARSER.lock();
    let tokens = pg_query::scan(text).map(|scanned| scanned.tokens).unwrap_or_default();
    let is_number = |token: &ScanToken| matches!(token.token(), Token::Iconst | Token::Fconst);
    tokens
        .iter()
        .filter(|token| is_number(token))
        .filter_map(|token| {
            Some(usize::try_from(token.start).ok()?..usize::try_from(token.end).ok()?)
        })
        .collect()
}

/// A token of SQL, as the grammar's scanner cuts it.
pub struct SqlToken {
    pub range: Range<usize>,
    pub kind: SqlTokenKind,
    /// A word that SQL cannot use as a name.
    pub reserved: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SqlTokenKind {
    /// A name or a keyword.
    Word,
    String,
    Number,
    Param,
    /// Operators and punctuation.
    Symbol,
}

/// The text with `$n` in place of constants; `None` if it does not parse.
pub(super) fn normalize(text: &str) -> Option<String> {
    let _serial = PARSER.lock();
    pg_query::normalize(text).ok()
}

/// The tokens of a text, comments left out.
pub(super) fn tokens(text: &str) -> Result<Vec<SqlToken>, String> {
    let _serial = PARSER.lock();
    let scanned = match pg_query::scan(text) {
        Ok(scanned) => scanned,
        Err(pg_query::Error::Scan(message)) => return Err(message),
        Err(error) => return Err(error.to_string()),
    };
    let mut tokens = Vec::with_capacity(scanned.tokens.len());
    for token in scanned.tokens {
        let (Ok(start), Ok(end)) = (usize::try_from(token.start), usize::try_from(token.end))
        else {
            continue;
        };
        let Some(written) = text.get(start..end) else { continue };
        let first = written.chars().next().unwrap_or(' ');
        let kind = match token.token() {
            Token::SqlComment | Token::CComment => continue,
            Token::Sconst | Token::Usconst | Token::Bconst | Token::Xconst => SqlTokenKind::String,
            Token::Iconst | Token::Fconst => SqlTokenKind::Number,
            Token::Param => SqlTokenKind::Param,
            _ if first == '"' || first == '_' || first.is_alphabetic() => SqlTokenKind::Word,
            _ => SqlTokenKind::Symbol,
        };
        let reserved = token.keyword_kind() == pg_query::protobuf::KeywordKind::ReservedKeyword;
        tokens.push(SqlToken { range: start..end, kind, reserved });
    }
    Ok(tokens)
}

/// # Safety
/// `pointer` is null or a NUL-terminated string.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

/// The C form of a text, or `None` when it contains a NUL.
pub(super) fn c_text(text: &str) -> Option<CString> {
    CString::new(text).ok()
}
