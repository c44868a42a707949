//! Numbers by a picture: `to_char(1234.5, '9,999.99')`.

use crate::error::{Error, Result};
use crate::sql::types::numeric::Numeric;
use crate::sqlstate;

/// A pattern of a number's picture, or text copied as it is.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// `9`
    Digit,
    /// `0`
    Zero,
    /// `.` or `D`
    Point,
    /// `,` or `G`
    Group,
    Currency,
    /// `S`
    Sign,
    /// `MI`
    Minus,
    /// `PL`
    Plus,
    /// `SG`
    SignHere,
    Ordinal {
        upper: bool,
    },
    Roman {
        upper: bool,
    },
    Text(String),
}

/// Where the sign of `S` goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SignPlace {
    Before,
    After,
}

/// A parsed picture.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub nodes: Vec<Node>,
    /// Digits before and after the point.
    pub pre: usize,
    pub post: usize,
    /// Digits after `V`: the value is multiplied by that power of ten.
    pub multi: usize,
    /// Digit positions of the first and last `0`; `zero_start` counts from 0.
    pub zero_start: Option<usize>,
    pub zero_end: usize,
    pub point: bool,
    pub fill: bool,
    pub minus: bool,
    pub plus: bool,
    pub bracket: bool,
    pub sign: Option<SignPlace>,
    /// Digits ahead of `S`.
    sign_after_digits: usize,
    pub exponent: bool,
    pub roman: bool,
    shift: bool,
}

fn invalid(what: &str) -> Error {
    Error::new(sqlstate::SYNTAX_ERROR, what)
}

const PATTERNS: &[&str] = &[
    "EEEE", "FM", "MI", "PL", "PR", "RN", "SG", "SP", "TH", ",", ".", "0", "9", "B", "C", "D", "G",
    "L", "S", "V",
];

impl Picture {
    pub fn parse(text: &str) -> Result<Picture> {
        let mut picture = Picture::default();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let pattern = PATTERNS.iter().find(|pattern| {
                rest.get(..pattern.len()).is_some_and(|head| head.eq_ignore_ascii_case(pattern))
            });
            if let Some(pattern) = pattern {
                let upper = rest.starts_with(|c: char| c.is_ascii_uppercase());
                rest = &rest[pattern.len()..];
                picture.add(pattern, upper)?;
                continue;
            }
            if c == '"' {
                let (literal, after) = quoted(&rest[1..]);
                picture.nodes.push(Node::Text(literal));
                rest = after;
                continue;
            }
            let skipped = if c == '\\' && rest[1..].starts_with('"') { 1 } else { 0 };
            let literal = rest[skipped..].chars().next().unwrap_or(c);
            picture.nodes.push(Node::Text(literal.to_string()));
            rest = &rest[skipped + literal.len_utf8()..];
        }
        Ok(picture)
    }

    fn add(&mut self, pattern: &str, upper: bool) -> Result<()> {
        if self.exponent {
            return Err(invalid("\"EEEE\" must be the last pattern used"));
        }
        match pattern {
            "9" => {
                if self.bracket {
                    return Err(invalid("\"9\" must be ahead of \"PR\""));
                }
                self.count_digit();
                self.nodes.push(Node::Digit);
            }
            "0" => {
                if self.bracket {
                    return Err(invalid("\"0\" must be ahead of \"PR\""));
                }
                if !self.point && self.zero_start.is_none() {
                    self.zero_start = Some(self.pre);
                }
                self.count_digit();
                self.zero_end = self.pre + self.post;
                self.nodes.push(Node::Zero);
            }
            "." | "D" => {
                if self.point {
                    return Err(invalid("multiple decimal points"));
                }
                if self.shift {
                    return Err(invalid("cannot use \"V\" and decimal point together"));
                }
                self.point = true;
                self.nodes.push(Node::Point);
            }
            "," | "G" => self.nodes.push(Node::Group),
            "L" => self.nodes.push(Node::Currency),
            "FM" => self.fill = true,
            "S" => self.add_sign()?,
            "MI" | "PL" | "SG" => {
                if self.sign.is_some() {
                    return Err(invalid(&format!("cannot use \"S\" and \"{pattern}\" together")));
                }
                self.minus |= pattern != "PL";
                self.plus |= pattern != "MI";
                self.nodes.push(match pattern {
                    "MI" => Node::Minus,
                    "PL" => Node::Plus,
                    _ => Node::SignHere,
                });
            }
            "PR" => {
                if self.sign.is_some() || self.plus || self.minus {
                    return Err(invalid(
                        "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together",
                    ));
                }
                self.bracket = true;
            }
            "RN" => {
                self.roman = true;
                self.nodes.push(Node::Roman { upper });
            }
            "TH" => self.nodes.push(Node::Ordinal { upper }),
            "V" => {
                if self.point {
                    return Err(invalid("cannot use \"V\" and decimal point together"));
                }
                self.shift = true;
            }
            "EEEE" => {
                if self.fill
                    || self.sign.is_some()
                    || self.bracket
                    || self.minus
                    || self.plus
                    || self.roman
                    || self.shift
                {
                    return Err(invalid("\"EEEE\" is incompatible with other formats")
                        .with_detail("\"EEEE\" may only be used together with digit and decimal point patterns."));
                }
                self.exponent = true;
            }
            _ => {}
        }
        Ok(())
    }

    fn count_digit(&mut self) {
        match (self.shift, self.point) {
            (true, _) => self.multi += 1,
            (_, true) => self.post += 1,
            _ => self.pre += 1,
        }
    }

    fn add_sign(&mut self) -> Result<()> {
        if self.sign.is_some() {
            return Err(invalid("cannot use \"S\" twice"));
        }
        if self.plus || self.minus || self.bracket {
            return Err(invalid("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
        }
        self.sign = Some(if self.point { SignPlace::After } else { SignPlace::Before });
        self.sign_after_digits = self.pre;
        self.nodes.push(Node::Sign);
        Ok(())
    }
}

/// Text up to the closing quote; a backslash takes the next character.
pub fn quoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            '\\' => out.extend(chars.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    (out, "")
}

pub fn integer_to_char(value: i64, picture: &str) -> Result<String> {
    numeric_to_char(&Numeric::from(value), picture)
}

/// The significant digits of a float's type bound the digits after the point.
pub fn float_to_char(value: f64, digits: usize, picture: &str) -> Result<String> {
    let mut picture = Picture::parse(picture)?;
    if picture.roman {
        return roman(&picture, value.round_ties_even() as i64, value.is_finite());
    }
    if picture.exponent {
        return Ok(exponent_form(value, picture.post));
    }
    let value = value * 10_f64.powi(picture.multi as i32);
    picture.pre += picture.multi;
    if !value.is_finite() {
        let text = if value.is_nan() { "NaN" } else { "Infinity" };
        return Ok(Printer::new(&picture, value < 0.0, text.to_owned()).print());
    }
    let whole = format!("{:.0}", value.abs()).len();
    picture.post = picture.post.min(digits.saturating_sub(whole));
    let text = format!("{:.*}", picture.post, value.abs());
    Ok(Printer::new(
        &picture,
        value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)),
        text,
    )
    .print())
}

pub fn numeric_to_char(value: &Numeric, picture: &str) -> Result<String> {
    let mut picture = Picture::parse(picture)?;
    if picture.roman {
        let whole = value.round(0).ok().and_then(|value| value.to_i64().ok());
        return roman(&picture, whole.unwrap_or(0), whole.is_some());
    }
    if picture.exponent {
        return Ok(numeric_exponent_form(value, picture.post));
    }
    let mut value = value.clone();
    if picture.multi > 0 {
        let factor = Numeric::parse(&format!("1e{}", picture.multi))?;
        value = value.mul(&factor)?;
        picture.pre += picture.multi;
    }
    let mut text = Vec::new();
    value.round(picture.post as i32)?.write(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let digits = text.strip_prefix('-');
    let negative = digits.is_some();
    Ok(Printer::new(&picture, negative, digits.unwrap_or(&text).to_owned()).print())
}

/// What stands for an infinity or NaN that should have an exponent: ` #.#######`.
fn no_exponent(post: usize) -> String {
    format!(" #.{}", "#".repeat(post + 4))
}

/// ` 1.23e+05`: a space stands for the plus sign.
fn exponent_form(value: f64, post: usize) -> String {
    if !value.is_finite() {
        return no_exponent(post);
    }
    let text = format!("{:.*e}", post, value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    signed_exponent(mantissa, exponent.parse().unwrap_or(0))
}

fn signed_exponent(mantissa: &str, exponent: i32) -> String {
    let space = if mantissa.starts_with('-') { "" } else { " " };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{space}{mantissa}e{sign}{:02}", exponent.abs())
}

/// The exponent form of an exact number, rounded half away from zero.
fn numeric_exponent_form(value: &Numeric, post: usize) -> String {
    if !value.is_finite() {
        return no_exponent(post);
    }
    let mut text = Vec::new();
    value.abs().write(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let point = text.find('.').unwrap_or(text.len());
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let Some(first) = digits.find(|c| c != '0') else {
        return signed_exponent(&format!("{:.*}", post, 0.0), 0);
    };
    let mut exponent = point as i32 - 1 - first as i32;
    let mut kept: Vec<u8> = digits.bytes().skip(first).map(|b| b - b'0').collect();
    kept.resize(kept.len().max(post + 2), 0);
    let up = kept[post + 1] >= 5;
    kept.truncate(post + 1);
    if up && carry(&mut kept) {
        kept.insert(0, 1);
        kept.truncate(post + 1);
        exponent += 1;
    }
    let mut mantissa: String = kept.iter().map(|digit| char::from(digit + b'0')).collect();
    if post > 0 {
        mantissa.insert(1, '.');
    }
    if value.signum() < 0 {
        mantissa.insert(0, '-');
    }
    signed_exponent(&mantissa, exponent)
}

/// Adds one to the last digit; `true` when it carries out of the first.
fn carry(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return false;
        }
        *digit = 0;
    }
    true
}

/// Roman numerals exist for 1 to 3999.
fn roman(picture: &Picture, value: i64, exists: bool) -> Result<String> {
    const NUMERALS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut numeral = String::new();
    if exists && (1..4000).contains(&value) {
        let mut left = value;
        for (worth, letters) in NUMERALS {
            while left >= worth {
                numeral.push_str(letters);
                left -= worth;
            }
        }
    } else {
        numeral = "#".repeat(15);
    }
    let mut out = String::new();
    for node in &picture.nodes {
        match node {
            Node::Roman { upper } => {
                let numeral = if *upper { numeral.clone() } else { numeral.to_lowercase() };
                let width = if picture.fill { 0 } else { 15 };
                out.push_str(&format!("{numeral:>width$}"));
            }
            Node::Text(text) => out.push_str(text),
            _ => {}
        }
    }
    Ok(out)
}

/// The suffix of an ordinal number: 1st, 2nd, 3rd, 11th.
pub fn ordinal_suffix(digits: &str, upper: bool) -> &'static str {
    let bytes = digits.as_bytes();
    let teen = bytes.len() > 1 && bytes[bytes.len() - 2] == b'1';
    let lower = match bytes.last() {
        Some(b'1') if !teen => ["st", "ST"],
        Some(b'2') if !teen => ["nd", "ND"],
        Some(b'3') if !teen => ["rd", "RD"],
        _ => ["th", "TH"],
    };
    lower[usize::from(upper)]
}

/// Prints one number by a picture.
struct Printer<'a> {
    picture: &'a Picture,
    negative: bool,
    bracket: bool,
    sign: Option<SignPlace>,
    /// The absolute value's digits with its point, or hashes when it does not fit.
    number: Vec<char>,
    /// Digit positions ahead of the number.
    blanks: usize,
    /// With FM: the last digit worth printing (an index into `number`).
    last: Option<usize>,
    sign_written: bool,
    /// Digit positions seen, and the next character of `number`.
    position: usize,
    next: usize,
    /// Whether a digit was the last thing printed, so that groups separate.
    inside: bool,
    /// The digit position after which a trailing sign follows.
    end: usize,
    out: String,
}

impl<'a> Printer<'a> {
    fn new(picture: &'a Picture, negative: bool, text: String) -> Printer<'a> {
        let whole = text.find('.').unwrap_or(text.len());
        let number: Vec<char> = if whole > picture.pre {
            let mut hashes = vec!['#'; picture.pre];
            if picture.point || text.contains('.') {
                hashes.push('.');
                hashes.extend(vec!['#'; picture.post]);
            }
            hashes
        } else {
            text.chars().collect()
        };
        let blanks = picture.pre.saturating_sub(whole);
        let mut printer = Printer {
            picture,
            negative,
            bracket: picture.bracket,
            sign: picture.sign,
            number,
            blanks,
            last: None,
            sign_written: false,
            position: 0,
            next: 0,
            inside: false,
            end: 0,
            out: String::new(),
        };
        printer.place_sign();
        printer.find_last();
        let mut count = picture.pre + picture.post;
        count = count.saturating_sub(1) + usize::from(!printer.sign_written && blanks == 0);
        printer.end = count + usize::from(blanks > 0) + usize::from(picture.point);
        printer
    }

    /// Decides whether the sign is still to be written by the digits.
    fn place_sign(&mut self) {
        let picture = self.picture;
        if picture.plus || picture.minus {
            self.sign_written = picture.minus;
            return;
        }
        if !self.negative && picture.fill {
            self.bracket = false;
            self.sign_written = self.sign.is_none();
        }
        if self.sign == Some(SignPlace::Before) && picture.pre == picture.sign_after_digits {
            self.sign = Some(SignPlace::After);
        }
    }

    /// With FM, zeros at the end of the fraction are dropped, but not below a `0`.
    fn find_last(&mut self) {
        if !self.picture.fill || !self.picture.point {
            return;
        }
        let Some(point) = self.number.iter().position(|c| *c == '.') else { return };
        let tail = self.number[point..].iter().rposition(|c| *c != '0').unwrap_or(0);
        let mut last = point + tail;
        if self.picture.zero_end > self.blanks {
            last = last.max((self.number.len() - 1).min(self.picture.zero_end - self.blanks));
        }
        self.last = Some(last);
    }

    fn print(mut self) -> String {
        let picture = self.picture;
        for node in &picture.nodes {
            match node {
                Node::Digit => self.digit(false),
                Node::Zero => self.digit(true),
                Node::Point => self.digit(false),
                Node::Group if self.inside => self.out.push(','),
                Node::Group | Node::Currency => self.space(),
                Node::Minus if self.negative => self.out.push('-'),
                Node::Plus if !self.negative => self.out.push('+'),
                Node::Minus | Node::Plus => self.space(),
                Node::SignHere => self.out.push(if self.negative { '-' } else { '+' }),
                Node::Ordinal { upper } => self.ordinal(*upper),
                Node::Text(text) => self.out.push_str(text),
                Node::Sign | Node::Roman { .. } => {}
            }
        }
        self.out
    }

    fn space(&mut self) {
        if !self.picture.fill {
            self.out.push(' ');
        }
    }

    fn ordinal(&mut self, upper: bool) {
        if self.negative || self.picture.point || self.number.first() == Some(&'#') {
            return;
        }
        let digits: String = self.number.iter().collect();
        self.out.push_str(ordinal_suffix(&digits, upper));
    }

    /// Whether this is the zero of `0.1` under a `9`, which prints as a space.
    fn leading_zero(&self) -> bool {
        self.picture.zero_start.is_none()
            && self.next == 0
            && self.number.first() == Some(&'0')
            && self.picture.post != 0
    }

    /// With FM nothing of the fraction is left.
    fn ends_at_point(&self) -> bool {
        self.last.is_some_and(|last| self.number[last] == '.')
    }

    fn write_sign(&mut self) {
        let reached =
            self.position >= self.blanks || self.picture.zero_start == Some(self.position);
        if self.sign_written || !reached || (self.leading_zero() && !self.ends_at_point()) {
            return;
        }
        match self.sign {
            Some(SignPlace::Before) => self.out.push(if self.negative { '-' } else { '+' }),
            Some(SignPlace::After) => return,
            None if self.bracket => self.out.push(if self.negative { '<' } else { ' ' }),
            None if self.negative => self.out.push('-'),
            None => self.space(),
        }
        self.sign_written = true;
    }

    /// One digit position, the point included.
    fn digit(&mut self, zero: bool) {
        self.inside = false;
        self.write_sign();
        let zero_from = self.picture.zero_start;
        if self.position < self.blanks {
            if zero_from.is_some_and(|from| from <= self.position) {
                self.out.push('0');
                self.inside = true;
            } else {
                self.space();
            }
        } else {
            self.number_character(zero);
            self.next += usize::from(self.next < self.number.len());
        }
        self.close();
        self.position += 1;
    }

    fn number_character(&mut self, zero: bool) {
        match self.number.get(self.next) {
            None => {}
            Some('.') => self.out.push('.'),
            Some(_) if self.last.is_some_and(|last| self.next > last) && !zero => {}
            Some(_) if self.leading_zero() => {
                if !self.picture.fill {
                    self.out.push(' ');
                } else if self.ends_at_point() {
                    self.out.push('0');
                }
            }
            Some(c) => {
                self.out.push(*c);
                self.inside = true;
            }
        }
    }

    /// Writes what follows the last digit: a bracket or a trailing sign.
    fn close(&mut self) {
        let mut end = self.end;
        if self.last == Some(self.next) {
            end = self.position;
        }
        if self.position + 1 != end {
            return;
        }
        if self.sign_written && self.bracket {
            self.out.push(if self.negative { '>' } else { ' ' });
        } else if self.sign == Some(SignPlace::After) {
            self.out.push(if self.negative { '-' } else { '+' });
        }
    }
}
