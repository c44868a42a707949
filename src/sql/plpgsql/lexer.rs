//! The tokens of a body: SQL's own, read one after the other.

use crate::error::{Error, Result};
use crate::sql::parse::{self, SqlTokenKind};

/// A token.
#[derive(Clone, Debug)]
pub struct Token {
    pub start: usize,
    pub end: usize,
    pub kind: SqlTokenKind,
    /// A word folded to lower case, or a quoted name without its quotes.
    pub word: String,
    pub quoted: bool,
}

pub struct Lexer<'t> {
    pub text: &'t str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Result<Lexer<'t>> {
        let tokens = parse::tokens(text).map_err(|error| error.in_internal_query(text))?;
        let tokens = tokens
            .into_iter()
            .map(|token| {
                let written = &text[token.range.clone()];
                let quoted = written.starts_with('"');
                let word = match (token.kind, quoted) {
                    (SqlTokenKind::Word, true) => {
                        written[1..written.len().max(2) - 1].replace("\"\"", "\"")
                    }
                    (SqlTokenKind::Word, false) => written.to_lowercase(),
                    _ => String::new(),
                };
                Token {
                    start: token.range.start,
                    end: token.range.end,
                    kind: token.kind,
                    word,
                    quoted,
                }
            })
            .collect();
        Ok(Lexer { text, tokens, at: 0 })
    }

    pub fn position(&self) -> usize {
        self.at
    }

    pub fn seek(&mut self, at: usize) {
        self.at = at;
    }

    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    pub fn peek_at(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    pub fn previous(&self) -> Option<&Token> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at))
    }

    pub fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// The text that a token is written as.
    pub fn written(&self, token: &Token) -> &'t str {
        &self.text[token.start..token.end]
    }

    /// Whether a token ahead is this unquoted word.
    pub fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        self.peek_at(ahead)
            .is_some_and(|t| t.kind == SqlTokenKind::Word && !t.quoted && t.word == word)
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub fn is_symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        self.peek_at(ahead)
            .is_some_and(|t| t.kind == SqlTokenKind::Symbol && self.written(t) == symbol)
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.is_symbol_at(0, symbol)
    }

    pub fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    pub fn accept_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.accept_word(word) { Ok(()) } else { Err(self.syntax_error()) }
    }

    pub fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        if self.accept_symbol(symbol) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// Any name.
    pub fn name(&mut self) -> Result<String> {
        match self.peek() {
            Some(token) if token.kind == SqlTokenKind::Word => {
                let name = token.word.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.syntax_error()),
        }
    }

    /// The line that a byte offset is on, counted from 1.
    pub fn line_at(&self, offset: usize) -> u32 {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        before.iter().filter(|byte| **byte == b'\n').count() as u32 + 1
    }

    /// The line of the next token.
    pub fn line(&self) -> u32 {
        self.line_at(self.peek().map_or(self.text.len(), |token| token.start))
    }

    /// `syntax error at or near "x"`, at the next token.
    pub fn syntax_error(&self) -> Error {
        self.error_near("syntax error", self.peek())
    }

    pub fn error_near(&self, message: &str, token: Option<&Token>) -> Error {
        match token {
            Some(token) => {
                Error::syntax(format!("{message} at or near \"{}\"", self.written(token)))
                    .at(i32::try_from(token.start).unwrap_or(-1))
            }
            None => Error::syntax(format!("{message} at end of input"))
                .at(i32::try_from(self.text.len()).unwrap_or(-1)),
        }
        .in_internal_query(self.text)
    }

    /// An error at the next token.
    pub fn error_here(&self, error: Error) -> Error {
        let start = self.peek().map_or(self.text.len(), |token| token.start);
        error.at(i32::try_from(start).unwrap_or(-1)).in_internal_query(self.text)
    }
}
