//! `to_char` of numbers.
//!
//! The number is first rounded to the template's fraction; then each node of
//! the template writes a digit, a blank, a sign or itself. A sign that has no
//! place of its own goes in front of the first digit written.

use super::number_keyword::{Keyword, NumberTemplate, SignPlace};
use super::template::Node;
use super::{ordinal_suffix, roman};
use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;
use crate::sqlstate;

/// The width of a Roman numeral's column.
const ROMAN_WIDTH: usize = 15;

pub fn numeric_to_char(value: &Numeric, template: &str) -> Result<String> {
    let template = NumberTemplate::parse(template)?;
    if template.roman {
        return Ok(roman_text(value.to_i32()?, &template));
    }
    if template.scientific {
        return Ok(scientific(value, &template));
    }
    let digits = if value.is_finite() {
        let shifted = shift(value, template.shift)?;
        shifted.round(template.fraction as i32)?.to_string()
    } else {
        value.to_string()
    };
    if value.is_nan() && template.has_ordinal() && !template.has_point {
        return Err(Error::new(sqlstate::INVALID_TEXT_REPRESENTATION, "\"NaN\" is not a number"));
    }
    Ok(layout(&digits, template))
}

pub fn int_to_char(value: i64, template: &str) -> Result<String> {
    numeric_to_char(&Numeric::from(value), template)
}

/// Floats print with their 15 significant digits.
pub fn float8_to_char(value: f64, template: &str) -> Result<String> {
    numeric_to_char(&Numeric::from_f64(value), template)
}

/// Floats print with their 6 significant digits.
pub fn float4_to_char(value: f32, template: &str) -> Result<String> {
    numeric_to_char(&Numeric::from_f32(value), template)
}

fn shift(value: &Numeric, digits: usize) -> Result<Numeric> {
    if digits == 0 {
        return Ok(value.clone());
    }
    value.mul(&Numeric::from(10).power(&Numeric::from(digits as i64))?)
}

fn roman_text(value: i32, template: &NumberTemplate) -> String {
    let text = match value {
        1..4000 => roman::numeral(value),
        _ => return "#".repeat(ROMAN_WIDTH),
    };
    let text = if template.roman_lower { text.to_lowercase() } else { text };
    if template.fill { text } else { format!("{text:>ROMAN_WIDTH$}") }
}

/// `d.ddde+xx`; special values are shown as `#`.
fn scientific(value: &Numeric, template: &NumberTemplate) -> String {
    let fraction = template.fraction;
    if !value.is_finite() {
        return format!(" {}", "#.".to_owned() + &"#".repeat(fraction) + "####");
    }
    let text = value.abs().trim_scale().to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0');
    let point = text.find('.').unwrap_or(text.len()) as i32;
    let exponent = match significant.len() {
        0 => 0,
        length => point - 1 - (digits.len() - length) as i32,
    };
    let mantissa_text =
        format!("{}.{}", &significant.get(..1).unwrap_or("0"), significant.get(1..).unwrap_or(""));
    // Rounding may make it 10.0, which PostgreSQL prints so too.
    let mantissa = Numeric::parse(mantissa_text.trim_end_matches('.'))
        .and_then(|mantissa| mantissa.round(fraction as i32))
        .unwrap_or(Numeric::ZERO);
    let sign = if value.signum() < 0 { '-' } else { ' ' };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{mantissa}e{exponent_sign}{:02}", exponent.abs())
}

/// Puts a rounded number's text into the template's places.
fn layout(text: &str, template: NumberTemplate) -> String {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let places = template.whole + template.shift;
    let whole = digits.find('.').unwrap_or(digits.len());
    let digits = if whole > places {
        // Too large: every place shows `#`.
        let mut filler = "#".repeat(places);
        if template.fraction > 0 || template.has_point {
            filler.push('.');
        }
        filler + &"#".repeat(template.fraction)
    } else {
        digits.to_owned()
    };
    let blanks = places.saturating_sub(whole);
    Layout::new(digits.into_bytes(), negative, blanks, places, template).run()
}

struct Layout {
    template: NumberTemplate,
    digits: Vec<u8>,
    /// The next digit to write.
    at: usize,
    negative: bool,
    /// Places in front of the number's first digit.
    blanks: usize,
    /// The place that the next digit keyword fills.
    place: usize,
    /// Digit places in all, less one.
    last_place: usize,
    sign_written: bool,
    sign_place: Option<SignPlace>,
    /// With `FM`, the last digit that is not a trailing zero of the fraction.
    last_relevant: Option<usize>,
    /// Whether a digit has just been written, so that separators count.
    in_number: bool,
    out: String,
    /// Where the text ends when the digits ran out: NaN has no fraction.
    end: Option<usize>,
}

impl Layout {
    fn new(
        digits: Vec<u8>,
        negative: bool,
        blanks: usize,
        places: usize,
        mut template: NumberTemplate,
    ) -> Layout {
        let mut sign_place = template.sign;
        let sign_written = if template.plus || template.minus {
            !template.plus || template.minus
        } else {
            if !negative && template.brackets && template.fill {
                template.brackets = false;
            }
            if sign_place == Some(SignPlace::Before) && template.whole == template.whole_before_sign
            {
                sign_place = Some(SignPlace::After);
            }
            !negative && template.fill && sign_place.is_none()
        };
        let mut last_place = (template.fraction + places).saturating_sub(1);
        let last_relevant = last_relevant(&digits, blanks, &template);
        if !sign_written && blanks == 0 {
            last_place += 1;
        }
        Layout {
            template,
            digits,
            at: 0,
            negative,
            blanks,
            place: 0,
            last_place,
            sign_written,
            sign_place,
            last_relevant,
            in_number: false,
            out: String::new(),
            end: None,
        }
    }

    fn run(mut self) -> String {
        for node in self.template.nodes.clone() {
            match node {
                Node::Keyword(keyword, _) => self.keyword(keyword),
                Node::Separator(c) | Node::Space(c) | Node::Literal(c) => self.out.push(c),
            }
        }
        if let Some(end) = self.end {
            self.out.truncate(end);
        }
        self.out
    }

    fn keyword(&mut self, keyword: Keyword) {
        let fill = self.template.fill;
        let separator = |layout: &mut Layout| {
            if layout.in_number {
                layout.out.push(',');
            } else if !fill {
                layout.out.push(' ');
            }
        };
        match keyword {
            Keyword::Nine | Keyword::Zero | Keyword::Point | Keyword::LocalePoint => {
                self.digit(keyword);
            }
            Keyword::Comma | Keyword::Group => separator(self),
            // The C locale has no currency symbol.
            Keyword::Currency => self.out.push(' '),
            Keyword::Minus if self.negative => self.out.push('-'),
            Keyword::Plus if !self.negative => self.out.push('+'),
            Keyword::Minus | Keyword::Plus if !fill => self.out.push(' '),
            Keyword::PlusMinus => self.out.push(if self.negative { '-' } else { '+' }),
            Keyword::Ordinal | Keyword::OrdinalLower => {
                let unfit = self.negative || self.template.has_point || self.digits[0] == b'#';
                if !unfit {
                    let digits = String::from_utf8_lossy(&self.digits).into_owned();
                    self.out += ordinal_suffix(&digits, keyword == Keyword::Ordinal);
                }
            }
            _ => {}
        }
    }

    /// `9.9` shows 0.1 as ` .1`: the zero before the point is not written.
    fn hides_leading_zero(&self) -> bool {
        !self.template.has_zero()
            && self.at == 0
            && self.digits.first() == Some(&b'0')
            && self.template.fraction != 0
    }

    fn relevant_is_point(&self) -> bool {
        self.last_relevant.is_some_and(|at| self.digits.get(at) == Some(&b'.'))
    }

    fn zero_fills(&self) -> bool {
        self.template.zero_start.is_some_and(|start| start <= self.place)
    }

    fn digit(&mut self, keyword: Keyword) {
        self.in_number = false;
        self.write_sign();
        let fill = self.template.fill;
        if self.place < self.blanks && !self.zero_fills() {
            if !fill {
                self.out.push(' ');
            }
        } else if self.place < self.blanks {
            self.out.push('0');
            self.in_number = true;
        } else {
            self.write_digit(keyword);
        }
        self.write_end_sign();
        self.place += 1;
    }

    fn write_digit(&mut self, keyword: Keyword) {
        let fill = self.template.fill;
        match self.digits.get(self.at).copied() {
            Some(b'.') => {
                if !self.relevant_is_point() || fill {
                    self.out.push('.');
                }
            }
            digit => {
                let irrelevant = self.last_relevant.is_some_and(|last| self.at > last);
                if irrelevant && keyword != Keyword::Zero {
                    // A trailing zero that FM drops.
                } else if self.hides_leading_zero() {
                    if !fill {
                        self.out.push(' ');
                    } else if self.relevant_is_point() {
                        self.out.push('0');
                    }
                } else if let Some(digit) = digit {
                    self.out.push(char::from(digit));
                    self.in_number = true;
                } else {
                    self.end.get_or_insert(self.out.len());
                }
            }
        }
        if self.at < self.digits.len() {
            self.at += 1;
        }
    }

    fn write_sign(&mut self) {
        let at_number = self.place >= self.blanks
            || self.template.zero_start.is_some_and(|start| start == self.place);
        if self.sign_written
            || !at_number
            || (self.hides_leading_zero() && !self.relevant_is_point())
        {
            return;
        }
        match self.sign_place {
            Some(SignPlace::Before) => {
                self.out.push(if self.negative { '-' } else { '+' });
                self.sign_written = true;
            }
            Some(SignPlace::After) => {}
            None if self.template.brackets => {
                self.out.push(if self.negative { '<' } else { ' ' });
                self.sign_written = true;
            }
            None if self.negative => {
                self.out.push('-');
                self.sign_written = true;
            }
            None => {
                if !self.template.fill {
                    self.out.push(' ');
                }
                self.sign_written = true;
            }
        }
    }

    /// After the last place: the closing bracket, or an `S` that stands behind.
    fn write_end_sign(&mut self) {
        let mut end =
            self.last_place + usize::from(self.blanks > 0) + usize::from(self.template.has_point);
        if self.last_relevant.is_some_and(|last| last == self.at) {
            end = self.place;
        }
        if self.place + 1 != end {
            return;
        }
        if self.sign_written && self.template.brackets {
            self.out.push(if self.negative { '>' } else { ' ' });
        } else if self.sign_place == Some(SignPlace::After) {
            self.out.push(if self.negative { '-' } else { '+' });
        }
    }
}

/// With `FM` and a point: the last digit to show, or the point itself.
fn last_relevant(digits: &[u8], blanks: usize, template: &NumberTemplate) -> Option<usize> {
    if !template.fill || !template.has_point {
        return None;
    }
    let point = digits.iter().position(|d| *d == b'.')?;
    let last = digits.iter().rposition(|d| *d != b'0' && *d != b'.').unwrap_or(point).max(point);
    if template.zero_end > blanks {
        let kept = (template.zero_end - blanks).min(digits.len() - 1);
        return Some(last.max(kept));
    }
    Some(last)
}
