//! Numbers read by a picture: `to_number('1,234.5-', '9G999D9S')`.

use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;

use super::number::{Node, Picture};
use crate::sqlstate;

/// NULL for an empty picture, as in PostgreSQL.
pub fn to_number(text: &str, picture: &str) -> Result<Option<Numeric>> {
    let picture = Picture::parse(picture)?;
    if picture.nodes.is_empty() {
        return Ok(None);
    }
    if picture.exponent {
        return Err(Error::new(
            sqlstate::FEATURE_NOT_SUPPORTED,
            "\"EEEE\" not supported for input",
        ));
    }
    if picture.roman {
        return Err(Error::new(sqlstate::FEATURE_NOT_SUPPORTED, "\"RN\" not supported for input"));
    }
    let mut reader = Reader { rest: text, negative: false, digits: String::new(), point: false };
    for node in &picture.nodes {
        reader.read(node, &picture);
    }
    reader.trailing_sign(&picture);
    let sign = if reader.negative { "-" } else { "" };
    let number = Numeric::parse(&format!("{sign}{}", reader.digits))
        .map_err(|_| Error::invalid_input("numeric", text))?;
    if picture.multi == 0 {
        return Ok(Some(number));
    }
    let divisor = Numeric::parse(&format!("1e{}", picture.multi))?;
    number.div(&divisor).map(Some)
}

struct Reader<'a> {
    rest: &'a str,
    negative: bool,
    digits: String,
    point: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, c: char) {
        self.rest = &self.rest[c.len_utf8()..];
    }

    fn read(&mut self, node: &Node, picture: &Picture) {
        match node {
            Node::Digit | Node::Zero => self.digit(picture),
            Node::Point => {
                if self.peek() == Some('.') && !self.point {
                    self.skip('.');
                    self.point = true;
                    self.digits.push('.');
                }
            }
            Node::Group => {
                if self.peek() == Some(',') {
                    self.skip(',');
                }
            }
            Node::Currency => {
                if let Some(c) = self.peek().filter(|c| !c.is_ascii_digit() && *c != '-') {
                    self.skip(c);
                }
            }
            Node::Sign | Node::Minus | Node::Plus | Node::SignHere => self.sign(),
            Node::Text(text) => {
                for _ in text.chars() {
                    if let Some(c) = self.peek() {
                        self.skip(c);
                    }
                }
            }
            Node::Ordinal { .. } => {
                self.rest = self.rest.get(2..).unwrap_or_default();
            }
            Node::Roman { .. } => {}
        }
    }

    /// One digit position; a sign, bracket or space may stand before the first.
    fn digit(&mut self, picture: &Picture) {
        while self.digits.is_empty() {
            match self.peek() {
                Some(' ') => self.skip(' '),
                Some('-') => self.sign(),
                Some('+') => self.skip('+'),
                Some('<') if picture.bracket => {
                    self.negative = true;
                    self.skip('<');
                }
                _ => break,
            }
        }
        match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                self.digits.push(c);
                self.skip(c);
            }
            Some('.') if picture.point && !self.point => {
                self.point = true;
                self.digits.push('.');
                self.skip('.');
            }
            _ => {}
        }
    }

    fn sign(&mut self) {
        match self.peek() {
            Some('-') => {
                self.negative = true;
                self.skip('-');
            }
            Some('+') => self.skip('+'),
            _ => {}
        }
    }

    fn trailing_sign(&mut self, picture: &Picture) {
        if picture.sign.is_some() || picture.minus {
            self.sign();
        }
    }
}
