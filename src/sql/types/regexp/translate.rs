//! PostgreSQL's advanced regular expressions, in the syntax of the matcher.
//!
//! The expression is read character by character and written anew, so nothing
//! reaches the matcher that means something else there. Two things differ from
//! PostgreSQL by the nature of a backtracking matcher: among alternatives the
//! first that leads to a match wins, not the longest; and each quantifier keeps
//! its own greediness.

use crate::error::{Error, Result};
use crate::sqlstate;

/// Options of one expression, from flags and from a `(?flags)` prefix.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Options {
    pub ignore_case: bool,
    /// `.` and negated brackets do not match a newline.
    pub newline_stops: bool,
    /// `^` and `$` match at lines.
    pub newline_anchors: bool,
    pub expanded: bool,
    /// The expression is an ordinary string.
    pub literal: bool,
}

impl Options {
    /// Applies one option letter; `false` when it is not one.
    pub fn apply(&mut self, letter: char) -> bool {
        match letter {
            'i' => self.ignore_case = true,
            'c' => self.ignore_case = false,
            'n' | 'm' => (self.newline_stops, self.newline_anchors) = (true, true),
            's' => (self.newline_stops, self.newline_anchors) = (false, false),
            'p' => (self.newline_stops, self.newline_anchors) = (true, false),
            'w' => (self.newline_stops, self.newline_anchors) = (false, true),
            'x' => self.expanded = true,
            't' => self.expanded = false,
            'q' => self.literal = true,
            'e' => self.literal = false,
            _ => return false,
        }
        true
    }
}

pub fn invalid(what: &str) -> Error {
    Error::new(sqlstate::INVALID_REGULAR_EXPRESSION, format!("invalid regular expression: {what}"))
}

/// Nesting of groups beyond this is refused.
const DEPTH_MAX: usize = 250;

/// The largest count in `{m,n}`, as in PostgreSQL.
const REPEAT_MAX: u32 = 255;

/// Translates an expression; the options may change by its own prefix.
pub fn translate(pattern: &str, mut options: Options) -> Result<String> {
    let mut rest = pattern;
    if let Some(literal) = rest.strip_prefix("***=") {
        options.literal = true;
        rest = literal;
    } else if let Some(advanced) = rest.strip_prefix("***:") {
        rest = advanced;
    }
    if !options.literal {
        rest = embedded_options(rest, &mut options)?;
    }
    let mut out = prefix(&options);
    if options.literal {
        out.push_str(&fancy_regex::escape(rest));
        return Ok(out);
    }
    let mut translator = Translator {
        chars: rest.chars().collect(),
        at: 0,
        out,
        options,
        depth: 0,
        groups: 0,
        quantifiable: false,
    };
    translator.run()?;
    Ok(translator.out)
}

fn embedded_options<'a>(rest: &'a str, options: &mut Options) -> Result<&'a str> {
    let Some(inside) = rest.strip_prefix("(?") else { return Ok(rest) };
    let end = inside.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inside.len());
    if end == 0 {
        return Ok(rest);
    }
    let Some(after) = inside[end..].strip_prefix(')') else {
        return Err(invalid("invalid embedded option"));
    };
    for letter in inside[..end].chars() {
        if !options.apply(letter) {
            return Err(invalid("invalid embedded option"));
        }
    }
    Ok(after)
}

fn prefix(options: &Options) -> String {
    let mut flags = String::new();
    if options.ignore_case {
        flags.push('i');
    }
    if !options.newline_stops {
        flags.push('s');
    }
    if options.newline_anchors {
        flags.push('m');
    }
    if flags.is_empty() { flags } else { format!("(?{flags})") }
}

struct Translator {
    chars: Vec<char>,
    at: usize,
    out: String,
    options: Options,
    depth: usize,
    groups: u32,
    /// Whether a quantifier may follow what was just written.
    quantifiable: bool,
}

impl Translator {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += c.is_some() as usize;
        c
    }

    fn eat(&mut self, expected: &str) -> bool {
        let found =
            expected.chars().enumerate().all(|(n, c)| self.chars.get(self.at + n) == Some(&c));
        if found {
            self.at += expected.chars().count();
        }
        found
    }

    fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.quantifiable = true;
    }

    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.quantifiable = true;
    }

    fn assertion(&mut self, text: &str) {
        self.out.push_str(text);
        self.quantifiable = false;
    }

    fn run(&mut self) -> Result<()> {
        while let Some(c) = self.next() {
            match c {
                '(' => self.open()?,
                ')' if self.depth == 0 => return Err(invalid("parentheses () not balanced")),
                ')' => {
                    self.depth -= 1;
                    self.atom(")");
                }
                '|' => self.assertion("|"),
                '^' => self.assertion("^"),
                '$' => self.assertion("$"),
                '.' => self.atom("."),
                '[' => self.bracket()?,
                '*' | '+' | '?' => self.quantifier(&c.to_string())?,
                '{' if self.peek().is_some_and(|c| c.is_ascii_digit()) => self.bound()?,
                '\\' => self.escape()?,
                c if self.options.expanded && c.is_whitespace() => {}
                '#' if self.options.expanded => while self.next().is_some_and(|c| c != '\n') {},
                c => self.literal(c),
            }
        }
        if self.depth > 0 {
            return Err(invalid("parentheses () not balanced"));
        }
        Ok(())
    }

    fn open(&mut self) -> Result<()> {
        if self.eat("?#") {
            while self.next().is_some_and(|c| c != ')') {}
            return Ok(());
        }
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(invalid("regular expression is too complex"));
        }
        for special in ["?:", "?=", "?!", "?<=", "?<!"] {
            if self.eat(special) {
                self.assertion(&format!("({special}"));
                return Ok(());
            }
        }
        if self.peek() == Some('?') {
            return Err(invalid("quantifier operand invalid"));
        }
        self.groups += 1;
        self.assertion("(");
        Ok(())
    }

    fn quantifier(&mut self, text: &str) -> Result<()> {
        if !self.quantifiable {
            return Err(invalid("quantifier operand invalid"));
        }
        self.out.push_str(text);
        if self.peek() == Some('?') {
            self.at += 1;
            self.out.push('?');
        }
        self.quantifiable = false;
        Ok(())
    }

    /// `{m}`, `{m,}` or `{m,n}`; the brace is read already.
    fn bound(&mut self) -> Result<()> {
        let low = self.count()?;
        let mut text = format!("{{{low}");
        if self.eat(",") {
            text.push(',');
            if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                let high = self.count()?;
                if high < low {
                    return Err(invalid("invalid repetition count(s)"));
                }
                text.push_str(&high.to_string());
            }
        }
        if !self.eat("}") {
            return Err(invalid("invalid repetition count(s)"));
        }
        text.push('}');
        self.quantifier(&text)
    }

    fn count(&mut self) -> Result<u32> {
        let mut value = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            value = value * 10 + digit;
            if value > REPEAT_MAX {
                return Err(invalid("invalid repetition count(s)"));
            }
        }
        Ok(value)
    }

    fn escape(&mut self) -> Result<()> {
        let Some(c) = self.next() else { return Err(invalid("invalid escape \\ sequence")) };
        match c {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => self.atom(&format!("\\{c}")),
            'A' => self.assertion("\\A"),
            'Z' => self.assertion("\\z"),
            'y' => self.assertion("\\b"),
            'Y' => self.assertion("\\B"),
            'm' => self.assertion("\\b(?=\\w)"),
            'M' => self.assertion("\\b(?<=\\w)"),
            '1'..='9' => self.back_reference(c)?,
            _ => {
                let c = self.character_escape(c)?;
                self.literal(c);
            }
        }
        Ok(())
    }

    /// A back reference, or an octal escape when there is no such group.
    fn back_reference(&mut self, first: char) -> Result<()> {
        let mut number = first.to_digit(10).unwrap_or(0);
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            if number * 10 + digit > self.groups {
                break;
            }
            self.at += 1;
            number = number * 10 + digit;
        }
        if number > self.groups {
            return Err(invalid("invalid backreference number"));
        }
        self.atom(&format!("(?:\\{number})"));
        Ok(())
    }

    /// The character that an escape stands for.
    fn character_escape(&mut self, c: char) -> Result<char> {
        Ok(match c {
            'a' => '\x07',
            'b' => '\x08',
            'B' => '\\',
            'c' => self.next().map_or('c', |c| char::from(c as u8 & 0x1f)),
            'e' => '\x1b',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'u' => self.hexadecimal(4, 4)?,
            'U' => self.hexadecimal(8, 8)?,
            'x' => self.hexadecimal(1, 255)?,
            '0' => self.octal(),
            c if c.is_ascii_alphanumeric() => return Err(invalid("invalid escape \\ sequence")),
            c => c,
        })
    }

    fn hexadecimal(&mut self, least: usize, most: usize) -> Result<char> {
        let start = self.at;
        while self.at - start < most && self.peek().is_some_and(|c| c.is_ascii_hexdigit()) {
            self.at += 1;
        }
        let digits: String = self.chars[start..self.at].iter().collect();
        u32::from_str_radix(&digits, 16)
            .ok()
            .filter(|_| digits.len() >= least)
            .and_then(char::from_u32)
            .ok_or_else(|| invalid("invalid escape \\ sequence"))
    }

    fn octal(&mut self) -> char {
        let mut value = 0;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            self.at += 1;
            value = value * 8 + digit;
        }
        char::from(value as u8)
    }

    /// A bracket expression; the opening bracket is read already.
    fn bracket(&mut self) -> Result<()> {
        for (constraint, text) in [("[:<:]]", "\\b(?=\\w)"), ("[:>:]]", "\\b(?<=\\w)")] {
            if self.eat(constraint) {
                self.assertion(text);
                return Ok(());
            }
        }
        let negated = self.eat("^");
        let mut set = String::from(if negated { "[^" } else { "[" });
        if negated && self.options.newline_stops {
            set.push_str("\\n");
        }
        let mut first = true;
        loop {
            match self.next() {
                None => return Err(invalid("brackets [] not balanced")),
                Some(']') if !first => break,
                Some('[') if matches!(self.peek(), Some(':' | '.' | '=')) => {
                    self.bracket_class(&mut set)?;
                }
                Some('\\') if matches!(self.peek(), Some('d' | 's' | 'w' | 'D' | 'S' | 'W')) => {
                    let class = self.next().expect("it was just peeked at");
                    set.push('\\');
                    set.push(class);
                }
                Some(c) => self.bracket_range(&mut set, c)?,
            }
            first = false;
        }
        set.push(']');
        self.atom(&set);
        Ok(())
    }

    /// `[:class:]`, `[.x.]` or `[=x=]`; the opening bracket is read already.
    fn bracket_class(&mut self, set: &mut String) -> Result<()> {
        let kind = self.next().expect("it was just peeked at");
        let start = self.at;
        let end = (start..self.chars.len().saturating_sub(1))
            .find(|at| self.chars[*at] == kind && self.chars[at + 1] == ']')
            .ok_or_else(|| invalid("brackets [] not balanced"))?;
        let name: String = self.chars[start..end].iter().collect();
        self.at = end + 2;
        if kind != ':' {
            let mut chars = name.chars();
            return match (chars.next(), chars.next()) {
                (Some(c), None) => {
                    push_literal(set, c);
                    Ok(())
                }
                _ => Err(invalid("invalid collating element")),
            };
        }
        set.push_str(match name.as_str() {
            "alnum" => "\\p{Alphabetic}\\p{Nd}",
            "alpha" => "\\p{Alphabetic}",
            "blank" => " \\t",
            "cntrl" => "\\p{Cc}",
            "digit" => "\\d",
            "graph" => "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}",
            "lower" => "\\p{Lowercase}",
            "print" => "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}",
            "punct" => "\\p{P}\\p{S}",
            "space" => "\\s",
            "upper" => "\\p{Uppercase}",
            "xdigit" => "0-9A-Fa-f",
            "word" => "\\w",
            _ => return Err(invalid("invalid character class")),
        });
        Ok(())
    }

    fn bracket_character(&mut self, c: char) -> Result<char> {
        if c != '\\' {
            return Ok(c);
        }
        let escaped = self.next().ok_or_else(|| invalid("invalid escape \\ sequence"))?;
        self.character_escape(escaped)
    }

    /// One character, or a range that starts with it.
    fn bracket_range(&mut self, set: &mut String, c: char) -> Result<()> {
        let low = self.bracket_character(c)?;
        push_literal(set, low);
        let range =
            self.peek() == Some('-') && !matches!(self.chars.get(self.at + 1), None | Some(']'));
        if range {
            self.at += 1;
            let c = self.next().expect("a character after the hyphen was seen");
            let high = self.bracket_character(c)?;
            if high < low {
                return Err(invalid("invalid character range"));
            }
            set.push('-');
            push_literal(set, high);
        }
        Ok(())
    }
}

/// Writes a character so that it stands for itself, inside brackets or not.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_punctuation() && c != '_' && c != '<' && c != '>' {
        out.push('\\');
        out.push(c);
    } else if c.is_ascii_control() {
        out.push_str(&format!("\\x{:02x}", c as u32));
    } else {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(pattern: &str) -> String {
        translate(pattern, Options::default()).unwrap()
    }

    #[test]
    fn escapes_and_brackets_are_written_in_the_matchers_syntax() {
        assert_eq!(translated("a\\mb\\y"), "(?s)a\\b(?=\\w)b\\b");
        assert_eq!(translated("[]a-c[:digit:]]"), "(?s)[\\]a-c\\d]");
        assert_eq!(translated("a{2,3}?b{"), "(?s)a{2,3}?b\\{");
        assert_eq!(translated("(?i)x"), "(?is)x");
        assert_eq!(translated("***=a.b"), "(?s)a\\.b");
    }

    #[test]
    fn errors_are_worded_as_postgresql_words_them() {
        for (pattern, expected) in [
            ("(", "parentheses () not balanced"),
            ("a)", "parentheses () not balanced"),
            ("[", "brackets [] not balanced"),
            ("*a", "quantifier operand invalid"),
            ("a**", "quantifier operand invalid"),
            ("a{3,2}", "invalid repetition count(s)"),
            ("[b-a]", "invalid character range"),
            ("\\", "invalid escape \\ sequence"),
        ] {
            let error = translate(pattern, Options::default()).unwrap_err();
            assert_eq!(
                error.message(),
                format!("invalid regular expression: {expected}"),
                "{pattern}"
            );
        }
    }
}
