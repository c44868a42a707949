//! Tokens to expressions: precedence climbing over PostgreSQL's grammar.
//!
//! Expressions and predicates are read by the same functions, because a parenthesis
//! may open either; [`Item`] says which it was, and where only one of them may
//! stand, the token that shows the other is the error, as in an LALR parser.

use super::lexer::{Found, Lexer, Token, error_near};
use super::{
    Arithmetic, Comparison, DEPTH_MAX, Head, JsonPath, Level, Method, Path, Pattern, PatternFlags,
    Predicate, Range, Sign, Step,
};
use crate::error::{Error, Result};
use crate::sql::types::integer;
use crate::sql::types::numeric::Numeric;
use crate::sqlstate;

/// Words with a meaning; `true`, `false` and `null` have it in lower case only.
const KEYWORDS: [&str; 22] = [
    "abs",
    "ceiling",
    "datetime",
    "double",
    "exists",
    "false",
    "flag",
    "floor",
    "is",
    "keyvalue",
    "last",
    "lax",
    "like_regex",
    "null",
    "size",
    "starts",
    "strict",
    "to",
    "true",
    "type",
    "unknown",
    "with",
];

pub fn parse(text: &str) -> Result<JsonPath> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next()?;
    if token.token == Token::End {
        return Err(Error::invalid_input("jsonpath", text));
    }
    let mut parser = Parser { lexer, token, depth: 0 };
    let lax = match parser.keyword() {
        Some("strict") => false,
        Some("lax") => true,
        _ => {
            let item = parser.or()?;
            return parser.finish(true, item);
        }
    };
    parser.advance()?;
    let item = parser.or()?;
    parser.finish(lax, item)
}

/// An expression or a predicate, and how deep it is.
struct Item {
    path: Path,
    is_predicate: bool,
    depth: usize,
}

impl Item {
    fn leaf(head: Head) -> Item {
        Item { path: Path { head, steps: Vec::new() }, is_predicate: false, depth: 1 }
    }

    fn expression(head: Head, depth: usize) -> Result<Item> {
        check_depth(depth)?;
        Ok(Item { depth, ..Item::leaf(head) })
    }

    fn predicate(predicate: Predicate, depth: usize) -> Result<Item> {
        let head = Head::Predicate(Box::new(predicate));
        Ok(Item { is_predicate: true, ..Item::expression(head, depth)? })
    }
}

fn check_depth(depth: usize) -> Result<()> {
    if depth <= DEPTH_MAX { Ok(()) } else { Err(Error::statement_too_deep()) }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Found<'a>,
    /// Calls of [`Parser::or`] and [`Parser::unary`] under way.
    depth: usize,
}

impl Parser<'_> {
    fn finish(&self, lax: bool, item: Item) -> Result<JsonPath> {
        if self.token.token != Token::End {
            return Err(self.unexpected());
        }
        check_places(&item.path, Place { nested: false, subscript: false })?;
        Ok(JsonPath { lax, path: item.path, depth: item.depth })
    }

    fn unexpected(&self) -> Error {
        error_near("syntax error", self.token.near)
    }

    fn advance(&mut self) -> Result<Token> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.token, next).token)
    }

    /// The keyword that the current token is.
    fn keyword(&self) -> Option<&'static str> {
        let Token::Word(word) = &self.token.token else { return None };
        let found = KEYWORDS.iter().find(|keyword| keyword.eq_ignore_ascii_case(word))?;
        let only_lower = matches!(*found, "true" | "false" | "null");
        (!only_lower || word == found).then_some(found)
    }

    fn is(&self, special: char) -> bool {
        self.token.token == Token::Special(special)
    }

    fn take(&mut self, special: char) -> Result<bool> {
        let found = self.is(special);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, special: char) -> Result<()> {
        if self.take(special)? { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<()> {
        if self.keyword() != Some(keyword) {
            return Err(self.unexpected());
        }
        self.advance().map(drop)
    }

    fn expect_string(&mut self) -> Result<String> {
        if !matches!(self.token.token, Token::String(_)) {
            return Err(self.unexpected());
        }
        match self.advance()? {
            Token::String(text) => Ok(text),
            _ => Err(self.unexpected()),
        }
    }

    fn require_predicate(&self, item: Item) -> Result<Item> {
        if item.is_predicate { Ok(item) } else { Err(self.unexpected()) }
    }

    fn require_expression(&self, item: Item) -> Result<Item> {
        if item.is_predicate { Err(self.unexpected()) } else { Ok(item) }
    }

    fn or(&mut self) -> Result<Item> {
        self.depth += 1;
        check_depth(self.depth)?;
        let mut left = self.and()?;
        while left.is_predicate && self.token.token == Token::Or {
            self.advance()?;
            let right = self.and()?;
            let right = self.require_predicate(right)?;
            let depth = left.depth.max(right.depth) + 1;
            left = Item::predicate(Predicate::Or(left.path, right.path), depth)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Item> {
        let mut left = self.predicate()?;
        while left.is_predicate && self.token.token == Token::And {
            self.advance()?;
            let right = self.predicate()?;
            let right = self.require_predicate(right)?;
            let depth = left.depth.max(right.depth) + 1;
            left = Item::predicate(Predicate::And(left.path, right.path), depth)?;
        }
        Ok(left)
    }

    /// A predicate without `&&` and `||`, or an expression.
    fn predicate(&mut self) -> Result<Item> {
        if self.token.token == Token::Not {
            self.advance()?;
            let inner = match self.keyword() {
                Some("exists") => self.exists()?,
                _ => self.parenthesized_predicate()?,
            };
            return Item::predicate(Predicate::Not(inner.path), inner.depth + 1);
        }
        if self.keyword() == Some("exists") {
            return self.exists();
        }
        let left = self.sum()?;
        if left.is_predicate {
            if self.keyword() != Some("is") {
                return Ok(left);
            }
            self.advance()?;
            self.expect_keyword("unknown")?;
            return Item::predicate(Predicate::IsUnknown(left.path), left.depth + 1);
        }
        if let Some(comparison) = self.comparison() {
            self.advance()?;
            let right = self.sum()?;
            let right = self.require_expression(right)?;
            let depth = left.depth.max(right.depth) + 1;
            return Item::predicate(Predicate::Compare(comparison, left.path, right.path), depth);
        }
        match self.keyword() {
            Some("starts") => self.starts_with(left),
            Some("like_regex") => self.like_regex(left),
            _ => Ok(left),
        }
    }

    fn comparison(&self) -> Option<Comparison> {
        Some(match self.token.token {
            Token::Equal => Comparison::Equal,
            Token::NotEqual => Comparison::NotEqual,
            Token::Less => Comparison::Less,
            Token::LessEqual => Comparison::LessEqual,
            Token::Greater => Comparison::Greater,
            Token::GreaterEqual => Comparison::GreaterEqual,
            _ => return None,
        })
    }

    fn parenthesized_predicate(&mut self) -> Result<Item> {
        self.expect('(')?;
        let inner = self.or()?;
        let inner = self.require_predicate(inner)?;
        self.expect(')')?;
        Ok(inner)
    }

    fn exists(&mut self) -> Result<Item> {
        self.advance()?;
        self.expect('(')?;
        self.depth += 1;
        check_depth(self.depth)?;
        let inner = self.sum()?;
        let inner = self.require_expression(inner)?;
        self.expect(')')?;
        self.depth -= 1;
        Item::predicate(Predicate::Exists(inner.path), inner.depth + 1)
    }

    fn starts_with(&mut self, left: Item) -> Result<Item> {
        self.advance()?;
        self.expect_keyword("with")?;
        if !matches!(self.token.token, Token::String(_) | Token::Variable(_)) {
            return Err(self.unexpected());
        }
        let head = match self.advance()? {
            Token::Variable(name) => Head::Variable(name),
            Token::String(text) => Head::String(text),
            _ => return Err(self.unexpected()),
        };
        let initial = Item::leaf(head).path;
        Item::predicate(Predicate::StartsWith(left.path, initial), left.depth + 1)
    }

    fn like_regex(&mut self, left: Item) -> Result<Item> {
        self.advance()?;
        let text = self.expect_string()?;
        let mut flags = PatternFlags::default();
        if self.keyword() == Some("flag") {
            self.advance()?;
            flags = pattern_flags(&self.expect_string()?)?;
        }
        let pattern = Pattern { text, flags };
        if flags.expanded && !flags.literal {
            return Err(Error::new(
                sqlstate::FEATURE_NOT_SUPPORTED,
                "XQuery \"x\" flag (expanded regular expressions) is not implemented",
            ));
        }
        pattern.compile()?;
        Item::predicate(Predicate::LikeRegex(left.path, pattern), left.depth + 1)
    }

    fn sum(&mut self) -> Result<Item> {
        let mut left = self.product()?;
        loop {
            let operation = match self.token.token {
                Token::Special('+') => Arithmetic::Add,
                Token::Special('-') => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            if left.is_predicate {
                return Ok(left);
            }
            self.advance()?;
            let right = self.product()?;
            left = self.arithmetic(operation, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Item> {
        let mut left = self.unary()?;
        loop {
            let operation = match self.token.token {
                Token::Special('*') => Arithmetic::Multiply,
                Token::Special('/') => Arithmetic::Divide,
                Token::Special('%') => Arithmetic::Modulo,
                _ => return Ok(left),
            };
            if left.is_predicate {
                return Ok(left);
            }
            self.advance()?;
            let right = self.unary()?;
            left = self.arithmetic(operation, left, right)?;
        }
    }

    fn arithmetic(&self, operation: Arithmetic, left: Item, right: Item) -> Result<Item> {
        let right = self.require_expression(right)?;
        let depth = left.depth.max(right.depth) + 1;
        let (left, right) = (Box::new(left.path), Box::new(right.path));
        Item::expression(Head::Arithmetic(operation, left, right), depth)
    }

    fn unary(&mut self) -> Result<Item> {
        let sign = match self.token.token {
            Token::Special('+') => Sign::Plus,
            Token::Special('-') => Sign::Minus,
            _ => return self.accessor(),
        };
        self.depth += 1;
        check_depth(self.depth)?;
        self.advance()?;
        let inner = self.unary()?;
        let inner = self.require_expression(inner)?;
        self.depth -= 1;
        match (inner.path.head, inner.path.steps.as_slice()) {
            // A sign before a number is the number's.
            (Head::Number(number), []) => Ok(Item::leaf(Head::Number(match sign {
                Sign::Plus => number,
                Sign::Minus => number.neg(),
            }))),
            (head, _) => {
                let path = Path { head, steps: inner.path.steps };
                Item::expression(Head::Unary(sign, Box::new(path)), inner.depth + 1)
            }
        }
    }

    /// A primary and the steps after it.
    fn accessor(&mut self) -> Result<Item> {
        let mut item = if self.take('(')? {
            let inner = self.or()?;
            self.expect(')')?;
            inner
        } else {
            Item::leaf(self.primary()?)
        };
        while let Some((step, depth)) = self.step()? {
            item.depth = (item.depth + 1).max(depth + 1);
            check_depth(item.depth)?;
            item.path.steps.push(step);
            item.is_predicate = false;
        }
        Ok(item)
    }

    fn primary(&mut self) -> Result<Head> {
        let head = match (&self.token.token, self.keyword()) {
            (Token::Special('$'), _) => Head::Root,
            (Token::Special('@'), _) => Head::Current,
            (Token::Word(_), Some("last")) => Head::Last,
            (Token::Word(_), Some("null")) => Head::Null,
            (Token::Word(_), Some("true")) => Head::Bool(true),
            (Token::Word(_), Some("false")) => Head::Bool(false),
            (Token::String(text), _) => Head::String(text.clone()),
            (Token::Variable(name), _) => Head::Variable(name.clone()),
            (Token::Integer(text) | Token::Number(text), _) => Head::Number(Numeric::parse(text)?),
            _ => return Err(self.unexpected()),
        };
        self.advance()?;
        Ok(head)
    }

    /// A step and the depth of what is inside it, if there is one.
    fn step(&mut self) -> Result<Option<(Step, usize)>> {
        if self.take('[')? {
            return self.subscripts().map(Some);
        }
        if self.take('?')? {
            let inner = self.parenthesized_predicate()?;
            return Ok(Some((Step::Filter(inner.path), inner.depth)));
        }
        if !self.take('.')? {
            return Ok(None);
        }
        let step = if self.take('*')? {
            Step::AnyKey
        } else if self.token.token == Token::Descendants {
            self.advance()?;
            self.levels()?
        } else {
            self.member()?
        };
        Ok(Some((step, 0)))
    }

    fn subscripts(&mut self) -> Result<(Step, usize)> {
        if self.take('*')? {
            self.expect(']')?;
            return Ok((Step::AnyElement, 0));
        }
        let (mut ranges, mut depth) = (Vec::new(), 0);
        self.depth += 1;
        check_depth(self.depth)?;
        loop {
            let from = self.sum()?;
            let from = self.require_expression(from)?;
            depth = depth.max(from.depth);
            let mut to = None;
            if self.keyword() == Some("to") {
                self.advance()?;
                let end = self.sum()?;
                let end = self.require_expression(end)?;
                depth = depth.max(end.depth);
                to = Some(end.path);
            }
            ranges.push(Range { from: from.path, to });
            if !self.take(',')? {
                break;
            }
        }
        self.expect(']')?;
        self.depth -= 1;
        Ok((Step::Elements(ranges), depth))
    }

    /// What may follow `**`: `{2}`, `{2 to last}`.
    fn levels(&mut self) -> Result<Step> {
        if !self.take('{')? {
            return Ok(Step::Descendants(Level::Number(0), Level::Last));
        }
        let first = self.level()?;
        let last = if self.keyword() == Some("to") {
            self.advance()?;
            self.level()?
        } else {
            first
        };
        self.expect('}')?;
        Ok(Step::Descendants(first, last))
    }

    fn level(&mut self) -> Result<Level> {
        let level = match &self.token.token {
            Token::Integer(text) => Level::Number(integer::parse_i32(text)?.unsigned_abs()),
            _ if self.keyword() == Some("last") => Level::Last,
            _ => return Err(self.unexpected()),
        };
        self.advance()?;
        Ok(level)
    }

    /// What follows a dot: a key, or a method with its parentheses.
    fn member(&mut self) -> Result<Step> {
        let keyword = self.keyword();
        if !matches!(self.token.token, Token::Word(_) | Token::String(_)) {
            return Err(self.unexpected());
        }
        let (Token::Word(name) | Token::String(name)) = self.advance()? else {
            return Err(self.unexpected());
        };
        if !self.is('(') {
            return Ok(Step::Key(name));
        }
        let method = match keyword {
            Some("abs") => Method::Abs,
            Some("size") => Method::Size,
            Some("type") => Method::Type,
            Some("floor") => Method::Floor,
            Some("double") => Method::Double,
            Some("ceiling") => Method::Ceiling,
            Some("keyvalue") => Method::KeyValue,
            Some("datetime") => return self.datetime(),
            _ => return Ok(Step::Key(name)),
        };
        self.expect('(')?;
        self.expect(')')?;
        Ok(Step::Method(method))
    }

    fn datetime(&mut self) -> Result<Step> {
        self.expect('(')?;
        let template = match self.token.token {
            Token::String(_) => Some(self.expect_string()?),
            _ => None,
        };
        self.expect(')')?;
        Ok(Step::Datetime(template))
    }
}

fn pattern_flags(letters: &str) -> Result<PatternFlags> {
    let mut flags = PatternFlags::default();
    for letter in letters.chars() {
        match letter {
            'i' => flags.ignore_case = true,
            's' => flags.dot_matches_newline = true,
            'm' => flags.anchors_match_lines = true,
            'x' => flags.expanded = true,
            'q' => flags.literal = true,
            other => {
                return Err(Error::new(
                    sqlstate::SYNTAX_ERROR,
                    "invalid input syntax for type jsonpath",
                )
                .with_detail(format!(
                    "Unrecognized flag character \"{other}\" in LIKE_REGEX predicate."
                )));
            }
        }
    }
    Ok(flags)
}

/// Where in the expression something stands.
#[derive(Clone, Copy)]
struct Place {
    /// In a filter, where `@` is something.
    nested: bool,
    /// In an array subscript, where `last` is something.
    subscript: bool,
}

/// Checks that `@` and `last` stand where they mean something.
fn check_places(path: &Path, place: Place) -> Result<()> {
    let misplaced = |message: &str| Err(Error::new(sqlstate::SYNTAX_ERROR, message));
    let both = |left: &Path, right: &Path| {
        check_places(left, place)?;
        check_places(right, place)
    };
    match &path.head {
        Head::Current if !place.nested => return misplaced("@ is not allowed in root expressions"),
        Head::Last if !place.subscript => {
            return misplaced("LAST is allowed only in array subscripts");
        }
        Head::Unary(_, inner) => check_places(inner, place)?,
        Head::Arithmetic(_, left, right) => both(left, right)?,
        Head::Predicate(predicate) => match &**predicate {
            Predicate::And(left, right)
            | Predicate::Or(left, right)
            | Predicate::Compare(_, left, right)
            | Predicate::StartsWith(left, right) => both(left, right)?,
            Predicate::Not(inner)
            | Predicate::IsUnknown(inner)
            | Predicate::LikeRegex(inner, _)
            | Predicate::Exists(inner) => check_places(inner, place)?,
        },
        _ => {}
    }
    for step in &path.steps {
        match step {
            Step::Filter(inner) => check_places(inner, Place { nested: true, ..place })?,
            Step::Elements(ranges) => {
                let place = Place { subscript: true, ..place };
                for range in ranges {
                    check_places(&range.from, place)?;
                    range.to.as_ref().map_or(Ok(()), |to| check_places(to, place))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
