//! A stored expression as one session sees it: schemas that its search path
//! makes superfluous are dropped, and that of the system is named where the path finds
//! something else first; the pretty form drops parentheses.
//!
//! Which of several functions or operators of a name is meant the text does not say: all
//! that have it are named with the system's schema where one of them is hidden.
//!
//! This works on the text, token by token: the stored form is regular (every
//! operation in its own parentheses), which is all it relies on.

use crate::catalog::type_name::standard_name;
use crate::catalog::{
    Catalog, ObjectClass, PG_CATALOG, find_relation, quote_identifier, quote_literal,
};
use crate::sql::types::Oid;

/// The pieces of a stored expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token<'a> {
    /// An identifier, quotes included, or a keyword.
    Word(&'a str),
    /// A literal with its quotes.
    String(&'a str),
    Open,
    Close,
    /// Operators, numbers, commas, blanks: one run of anything else.
    Other(&'a str),
}

impl<'a> Token<'a> {
    pub(super) fn text(self) -> &'a str {
        match self {
            Token::Word(text) | Token::String(text) | Token::Other(text) => text,
            Token::Open => "(",
            Token::Close => ")",
        }
    }
}

/// The text in pieces; together they are the text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => 1,
            '\'' => quoted_length(rest, '\''),
            '"' => quoted_length(rest, '"'),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => rest
                .find(|c| is_word(c) || matches!(c, '(' | ')' | '\'' | '"'))
                .unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(length);
        tokens.push(match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '\'' => Token::String(piece),
            c if c == '"' || is_word(c) => Token::Word(piece),
            _ => Token::Other(piece),
        });
        rest = after;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Bytes up to the closing quote; doubled quotes are inside.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(next) = text[at..].find(quote) {
        at += next + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Where the parenthesis that opens at byte `open` closes.
pub(super) fn closing_parenthesis(text: &str, open: usize) -> Option<usize> {
    let mut at = open;
    let mut depth = 0;
    for token in tokens(&text[open..]) {
        match token {
            Token::Open => depth += 1,
            Token::Close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        at += token.text().len();
    }
    None
}

/// The expression for a session with this search path: `public.f(x)` is `f(x)`
/// where `f` alone means it, `'public.s'::regclass` is `'s'::regclass`.
pub fn display(catalog: &Catalog, search_path: &[Oid], sql: &str) -> String {
    shortened(catalog, search_path, sql, &[ObjectClass::Function, ObjectClass::Type])
}

/// The same for a query, which also names relations.
pub fn display_query(catalog: &Catalog, search_path: &[Oid], sql: &str) -> String {
    let classes = [ObjectClass::Relation, ObjectClass::Function, ObjectClass::Type];
    shortened(catalog, search_path, sql, &classes)
}

fn shortened(catalog: &Catalog, search_path: &[Oid], sql: &str, classes: &[ObjectClass]) -> String {
    let tokens = tokens(sql);
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    let hidden = Hidden::of(catalog, search_path);
    while at < tokens.len() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text());
        match &tokens[at..] {
            [Token::Word(schema), Token::Other("."), Token::Word(name), ..]
                if is_superfluous(catalog, search_path, classes, schema, name) =>
            {
                text.push_str(name);
                at += 3;
            }
            [
                Token::Word("OPERATOR"),
                Token::Open,
                Token::Word(schema),
                Token::Other(dotted),
                Token::Close,
                ..,
            ] if let Some(name) = dotted.strip_prefix('.')
                && all_are_visible(catalog, search_path, schema, name) =>
            {
                text.push_str(name);
                at += 5;
            }
            [Token::String(literal), Token::Other("::"), Token::Word("regclass"), ..] => {
                text.push_str(&shown_relation(catalog, search_path, literal));
                at += 1;
            }
            [Token::Word(name), after @ ..] if hidden.is_hidden(name, before, after.first()) => {
                text.push_str(&format!("pg_catalog.{name}"));
                at += 1;
            }
            [Token::Other(run), ..] if hidden.may_be => {
                text.push_str(&hidden.operators(run, before));
                at += 1;
            }
            [token, ..] => {
                text.push_str(token.text());
                at += 1;
            }
            [] => break,
        }
    }
    text
}

/// What of the system a search path hides.
struct Hidden<'a> {
    catalog: &'a Catalog,
    path: &'a [Oid],
    /// Whether something may be: the system's schema is not the first.
    may_be: bool,
}

impl<'a> Hidden<'a> {
    fn of(catalog: &'a Catalog, path: &'a [Oid]) -> Hidden<'a> {
        let may_be = path.first().is_some_and(|first| *first != PG_CATALOG);
        Hidden { catalog, path, may_be }
    }

    /// Whether a word is the bare name of a function or a type that the path does not find.
    fn is_hidden(&self, word: &str, before: &str, after: Option<&Token<'_>>) -> bool {
        if !self.may_be || before.ends_with('.') {
            return false;
        }
        let name = unquoted(word);
        if before.ends_with("::") {
            // Those of the standard are words of the grammar.
            let ty = self.catalog.type_named(PG_CATALOG, &name);
            let ty = ty.filter(|ty| standard_name(ty.oid, None).is_none());
            return ty.is_some_and(|ty| !self.catalog.type_is_visible(self.path, ty));
        }
        if after != Some(&Token::Open) {
            return false;
        }
        let named = self.catalog.named(ObjectClass::Function, PG_CATALOG, &name);
        let mut functions = named.iter().filter_map(|oid| self.catalog.function(*oid));
        functions.any(|function| !self.catalog.function_is_visible(self.path, function))
    }

    /// A run between words, its operators by their schema where they are hidden. They stand
    /// between blanks, or in front of their operand.
    fn operators(&self, run: &str, before: &str) -> String {
        let mut fields: Vec<String> = run.split(' ').map(str::to_owned).collect();
        let last = fields.len() - 1;
        for (at, field) in fields.iter_mut().enumerate() {
            let is_apart = match at {
                0 => last > 0 && matches!(before, "" | "("),
                at => at < last,
            };
            if is_apart && is_operator(field) && field != "=>" && self.hides_operator(field) {
                *field = format!("OPERATOR(pg_catalog.{field})");
            }
        }
        fields.join(" ")
    }

    fn hides_operator(&self, name: &str) -> bool {
        let named = self.catalog.named(ObjectClass::Operator, PG_CATALOG, name);
        let mut operators = named.iter().filter_map(|oid| self.catalog.operator(*oid));
        operators.any(|operator| !self.catalog.operator_is_visible(self.path, operator))
    }
}

/// Whether the operators of that name in a schema are found by their bare name, whatever
/// their operands.
fn all_are_visible(catalog: &Catalog, path: &[Oid], schema: &str, name: &str) -> bool {
    let Some(schema) = catalog.schema_named(&unquoted(schema)) else { return false };
    let named = catalog.named(ObjectClass::Operator, schema.oid, name);
    let mut operators = named.iter().filter_map(|oid| catalog.operator(*oid));
    !named.is_empty() && operators.all(|operator| catalog.operator_is_visible(path, operator))
}

/// Whether the bare name of an object of such a class means the one in that schema.
fn is_superfluous(
    catalog: &Catalog,
    path: &[Oid],
    classes: &[ObjectClass],
    schema: &str,
    name: &str,
) -> bool {
    let (schema, name) = (unquoted(schema), unquoted(name));
    let Some(schema) = catalog.schema_named(&schema) else { return false };
    classes.iter().copied().any(|class| {
        let in_schema = |schema: Oid| !catalog.named(class, schema, &name).is_empty();
        path.iter().copied().find(|oid| in_schema(*oid)) == Some(schema.oid)
    })
}

fn unquoted(word: &str) -> String {
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_owned(),
    }
}

fn shown_relation(catalog: &Catalog, path: &[Oid], literal: &str) -> String {
    let inner = literal[1..literal.len() - 1].replace("''", "'");
    let Ok(parts) = crate::catalog::parse_qualified_name(&inner) else { return literal.to_owned() };
    let [schema, name] = parts.as_slice() else { return literal.to_owned() };
    match find_relation(catalog, path, Some(schema), name) {
        Some(relation) if catalog.relation_is_visible(path, relation) => {
            quote_literal(&quote_identifier(name))
        }
        _ => literal.to_owned(),
    }
}

/// What stands around or inside a pair of parentheses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// A column, constant, call or cast: needs no parentheses by itself.
    Simple,
    /// `a + b` or `a - b`.
    Sum,
    /// `a * b`, `a / b` or `a % b`.
    Product,
    /// Any other operator, test or comparison.
    Operation,
    And,
    Or,
    Not,
    /// A function's arguments and the like: commas separate whole expressions.
    Arguments,
}

/// The expression without the parentheses that PostgreSQL's pretty form omits.
pub fn pretty(sql: &str) -> String {
    let tokens = tokens(sql);
    let group = Group::parse(&tokens, &mut 0);
    let mut text = String::with_capacity(sql.len());
    match group.parts.as_slice() {
        [Part::Group(only)] if !only.is_call => only.print(&mut text),
        _ => group.print(&mut text),
    }
    text
}

/// The inside of a pair of parentheses.
struct Group<'a> {
    parts: Vec<Part<'a>>,
    /// The parentheses follow a name: they are part of a call or of ANY, ARRAY.
    is_call: bool,
    /// The parentheses are followed by a cast or subscript.
    is_cast: bool,
    /// The parentheses follow WHEN, THEN or ELSE.
    is_branch: bool,
    /// A field of what is in the parentheses is taken.
    is_record: bool,
}

/// Whether parentheses after these parts belong to a call (`f(`, `ANY (`), and
/// whether they follow a branch of CASE.
fn before_parenthesis(parts: &[Part<'_>]) -> (bool, bool) {
    match parts {
        [.., Part::Token(Token::Word(word)), Part::Token(Token::Other(blank))]
            if blank.trim().is_empty() =>
        {
            (matches!(*word, "ANY" | "ALL"), matches!(*word, "WHEN" | "THEN" | "ELSE" | "CASE"))
        }
        [.., Part::Token(Token::Word(_))] => (true, false),
        _ => (false, false),
    }
}

enum Part<'a> {
    Token(Token<'a>),
    Group(Group<'a>),
}

impl<'a> Group<'a> {
    fn parse(tokens: &[Token<'a>], at: &mut usize) -> Group<'a> {
        let mut parts: Vec<Part<'a>> = Vec::new();
        while let Some(token) = tokens.get(*at).copied() {
            *at += 1;
            match token {
                Token::Open => {
                    let (is_call, is_branch) = before_parenthesis(&parts);
                    let mut group = Group::parse(tokens, at);
                    group.is_call = is_call;
                    group.is_branch = is_branch;
                    let next = tokens.get(*at).copied();
                    group.is_cast = matches!(next, Some(Token::Other(text))
                        if text.starts_with("::") || text.starts_with('['));
                    group.is_record =
                        matches!(next, Some(Token::Other(text)) if text.starts_with('.'));
                    parts.push(Part::Group(group));
                }
                Token::Close => break,
                token => parts.push(Part::Token(token)),
            }
        }
        Group { parts, is_call: false, is_cast: false, is_branch: false, is_record: false }
    }

    fn shape(&self) -> Shape {
        if self.is_call {
            return Shape::Arguments;
        }
        let mut shape = Shape::Simple;
        for (at, part) in self.parts.iter().enumerate() {
            let Part::Token(token) = part else { continue };
            let found = match token {
                Token::Word("AND") => Shape::And,
                Token::Word("OR") => Shape::Or,
                Token::Word("NOT") if at == 0 => Shape::Not,
                Token::Word("IS" | "OPERATOR") => Shape::Operation,
                Token::Other(text) => match text.trim() {
                    "+" | "-" if at > 0 => Shape::Sum,
                    "*" | "/" | "%" => Shape::Product,
                    text if is_operator(text) => Shape::Operation,
                    _ => continue,
                },
                _ => continue,
            };
            shape = found;
            if matches!(found, Shape::And | Shape::Or) {
                break;
            }
        }
        shape
    }

    fn print(&self, text: &mut String) {
        let shape = self.shape();
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Token(token) => text.push_str(token.text()),
                Part::Group(group) if group.can_be_bare(shape, at == 0) => group.print(text),
                Part::Group(group) => {
                    text.push('(');
                    group.print(text);
                    text.push(')');
                }
            }
        }
    }

    /// PostgreSQL's rules (`isSimpleNode`): which operand needs no parentheses.
    fn can_be_bare(&self, parent: Shape, is_first: bool) -> bool {
        if self.is_call || self.is_record {
            return false;
        }
        let shape = self.shape();
        if self.is_cast {
            return shape == Shape::Simple;
        }
        if self.is_branch {
            return true;
        }
        match (shape, parent) {
            (Shape::Simple | Shape::Arguments, _) => true,
            (_, Shape::Arguments) => true,
            (Shape::Product, Shape::Sum) => true,
            (Shape::Sum, Shape::Sum) | (Shape::Product, Shape::Product) => is_first,
            (
                Shape::Sum | Shape::Product | Shape::Operation,
                Shape::And | Shape::Or | Shape::Not,
            ) => true,
            (Shape::And, Shape::Or) | (Shape::And, Shape::And) | (Shape::Or, Shape::Or) => true,
            (Shape::Not, Shape::And | Shape::Or) => true,
            _ => false,
        }
    }
}

/// Characters that make operators, without punctuation.
fn is_operator(text: &str) -> bool {
    !text.is_empty() && text != "::" && text.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c))
}
