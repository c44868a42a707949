//! `to_number`: reading a number by a template.

use super::number_keyword::{Keyword, NumberTemplate};
use super::template::Node;
use crate::error::{Error, Result};
use crate::sql::types::numeric::{Numeric, is_space};

/// Reads a number; `None` for an empty text or template.
pub fn to_number(text: &str, template: &str) -> Result<Option<Numeric>> {
    if text.is_empty() || template.is_empty() {
        return Ok(None);
    }
    let template = NumberTemplate::parse(template)?;
    if template.roman {
        return Err(Error::new(
            crate::sqlstate::FEATURE_NOT_SUPPORTED,
            "\"RN\" not supported for input",
        ));
    }
    if template.scientific {
        return Err(Error::new(
            crate::sqlstate::FEATURE_NOT_SUPPORTED,
            "\"EEEE\" not supported for input",
        ));
    }
    let mut reader = Reader {
        rest: text.trim_start_matches(is_space),
        negative: false,
        sign_read: false,
        digits: String::new(),
        point_read: false,
        brackets: template.brackets,
    };
    reader.run(&template);
    reader.finish(&template).map(Some)
}

struct Reader<'a> {
    rest: &'a str,
    negative: bool,
    sign_read: bool,
    digits: String,
    point_read: bool,
    brackets: bool,
}

impl Reader<'_> {
    fn run(&mut self, template: &NumberTemplate) {
        for node in &template.nodes {
            if self.rest.is_empty() {
                return;
            }
            match node {
                Node::Keyword(keyword, _) => self.keyword(*keyword),
                Node::Separator(_) | Node::Space(_) | Node::Literal(_) => self.skip(1),
            }
        }
        // A sign may follow the digits.
        let tail = self.rest.trim_start_matches(is_space);
        if template.sign.is_some() && !self.sign_read {
            self.negative |= tail.starts_with('-');
        }
    }

    fn skip(&mut self, count: usize) {
        let end = self.rest.char_indices().nth(count).map_or(self.rest.len(), |(at, _)| at);
        self.rest = &self.rest[end..];
    }

    /// Skips characters that cannot belong to a number.
    fn skip_other(&mut self, count: usize) {
        for _ in 0..count {
            if self.rest.starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c)) {
                return;
            }
            self.skip(1);
        }
    }

    fn keyword(&mut self, keyword: Keyword) {
        match keyword {
            Keyword::Nine | Keyword::Zero => self.digit(),
            Keyword::Point | Keyword::LocalePoint => self.point(),
            Keyword::Comma | Keyword::Group if self.rest.starts_with(',') => self.skip(1),
            Keyword::Currency | Keyword::Ordinal | Keyword::OrdinalLower => {
                let width = if keyword == Keyword::Currency { 1 } else { 2 };
                self.skip_other(width);
            }
            Keyword::Minus | Keyword::Plus | Keyword::PlusMinus => match self.rest.chars().next() {
                Some('-') if keyword != Keyword::Plus => {
                    self.negative = true;
                    self.skip(1);
                }
                Some('+') if keyword != Keyword::Minus => self.skip(1),
                _ => self.skip_other(1),
            },
            Keyword::Sign => self.sign(),
            _ => {}
        }
    }

    fn sign(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
        if self.sign_read {
            return;
        }
        match self.rest.chars().next() {
            Some('-') => self.negative = true,
            Some('+') => {}
            Some('<') if self.brackets => self.negative = true,
            _ => return,
        }
        self.sign_read = true;
        self.skip(1);
    }

    fn digit(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
        if self.digits.is_empty() {
            self.sign();
        }
        match self.rest.chars().next() {
            Some(c) if c.is_ascii_digit() => {
                self.digits.push(c);
                self.skip(1);
            }
            Some('.') if !self.point_read => {
                self.digits.push('.');
                self.point_read = true;
                self.skip(1);
            }
            _ => {}
        }
    }

    fn point(&mut self) {
        if self.rest.starts_with('.') && !self.point_read {
            self.digits.push('.');
            self.point_read = true;
            self.skip(1);
        }
    }

    fn finish(self, template: &NumberTemplate) -> Result<Numeric> {
        let digits = self.digits.trim_end_matches('.');
        let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
        if digits.is_empty() {
            return Err(Error::invalid_input("numeric", " "));
        }
        let value = Numeric::parse(&digits)?;
        let value = if self.negative { value.neg() } else { value };
        if template.shift == 0 {
            return Ok(value);
        }
        let divisor = Numeric::from(10).power(&Numeric::from(template.shift as i64))?;
        value.div(&divisor)
    }
}
