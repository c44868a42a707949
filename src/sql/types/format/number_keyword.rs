//! The keywords of number templates, and what a template as a whole asks for.

use super::template::{self, Node};
use crate::error::{Error, Result};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keyword {
    Comma,
    Point,
    Zero,
    Nine,
    Blank,
    LocalePoint,
    Scientific,
    Fill,
    Group,
    Currency,
    Minus,
    Plus,
    Brackets,
    Roman,
    RomanLower,
    PlusMinus,
    Sign,
    Spelled,
    Ordinal,
    OrdinalLower,
    Shift,
}

const KEYWORDS: &[(&str, Keyword)] = &[
    (",", Keyword::Comma),
    (".", Keyword::Point),
    ("0", Keyword::Zero),
    ("9", Keyword::Nine),
    ("B", Keyword::Blank),
    ("D", Keyword::LocalePoint),
    ("EEEE", Keyword::Scientific),
    ("FM", Keyword::Fill),
    ("G", Keyword::Group),
    ("L", Keyword::Currency),
    ("MI", Keyword::Minus),
    ("PL", Keyword::Plus),
    ("PR", Keyword::Brackets),
    ("RN", Keyword::Roman),
    ("SG", Keyword::PlusMinus),
    ("SP", Keyword::Spelled),
    ("S", Keyword::Sign),
    ("TH", Keyword::Ordinal),
    ("V", Keyword::Shift),
    ("b", Keyword::Blank),
    ("d", Keyword::LocalePoint),
    ("eeee", Keyword::Scientific),
    ("fm", Keyword::Fill),
    ("g", Keyword::Group),
    ("l", Keyword::Currency),
    ("mi", Keyword::Minus),
    ("pl", Keyword::Plus),
    ("pr", Keyword::Brackets),
    ("rn", Keyword::RomanLower),
    ("sg", Keyword::PlusMinus),
    ("sp", Keyword::Spelled),
    ("s", Keyword::Sign),
    ("th", Keyword::OrdinalLower),
    ("v", Keyword::Shift),
];

fn find(text: &str) -> Option<(Keyword, usize)> {
    let (word, keyword) = KEYWORDS.iter().find(|(word, _)| text.starts_with(word))?;
    Some((*keyword, word.len()))
}

/// Where `S` puts the sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignPlace {
    Before,
    After,
}

/// A parsed number template.
#[derive(Clone, Debug, Default)]
pub struct NumberTemplate {
    pub nodes: Vec<Node<Keyword>>,
    /// Digit positions before and after the point.
    pub whole: usize,
    pub fraction: usize,
    /// Digits that `V` shifts in.
    pub shift: usize,
    pub sign: Option<SignPlace>,
    /// Digit positions before an `S` that stands in front.
    pub whole_before_sign: usize,
    pub has_point: bool,
    pub fill: bool,
    pub brackets: bool,
    pub minus: bool,
    pub plus: bool,
    pub has_shift: bool,
    pub scientific: bool,
    pub roman: bool,
    pub roman_lower: bool,
    /// The position of the first `0` before the point.
    pub zero_start: Option<usize>,
    /// The position after the last `0`.
    pub zero_end: usize,
}

fn syntax(message: &str) -> Error {
    Error::syntax(message)
}

impl NumberTemplate {
    pub fn parse(text: &str) -> Result<NumberTemplate> {
        let nodes = template::parse(text, false, find);
        let mut template = NumberTemplate::default();
        for node in &nodes {
            if let Node::Keyword(keyword, _) = node {
                template.note(*keyword)?;
            }
        }
        template.nodes = nodes;
        Ok(template)
    }

    fn note(&mut self, keyword: Keyword) -> Result<()> {
        if self.scientific && keyword != Keyword::Scientific {
            return Err(syntax("\"EEEE\" must be the last pattern used"));
        }
        match keyword {
            Keyword::Nine => self.digit("9", false),
            Keyword::Zero => self.digit("0", true),
            Keyword::Point | Keyword::LocalePoint => {
                if self.has_point {
                    return Err(syntax("multiple decimal points"));
                }
                if self.has_shift {
                    return Err(syntax("cannot use \"V\" and decimal point together"));
                }
                self.has_point = true;
                Ok(())
            }
            Keyword::Fill => {
                self.fill = true;
                Ok(())
            }
            Keyword::Sign => self.note_sign(),
            Keyword::Minus => self.note_separate_sign("MI", true, false),
            Keyword::Plus => self.note_separate_sign("PL", false, true),
            Keyword::PlusMinus => self.note_separate_sign("SG", true, true),
            Keyword::Brackets => {
                if self.sign.is_some() || self.plus || self.minus {
                    return Err(syntax(
                        "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together",
                    ));
                }
                self.brackets = true;
                Ok(())
            }
            Keyword::Roman | Keyword::RomanLower => {
                self.roman = true;
                self.roman_lower |= keyword == Keyword::RomanLower;
                Ok(())
            }
            Keyword::Shift => {
                if self.has_point {
                    return Err(syntax("cannot use \"V\" and decimal point together"));
                }
                self.has_shift = true;
                Ok(())
            }
            Keyword::Scientific => self.note_scientific(),
            _ => Ok(()),
        }
    }

    fn digit(&mut self, name: &str, zero: bool) -> Result<()> {
        if self.brackets {
            return Err(syntax(&format!("\"{name}\" must be ahead of \"PR\"")));
        }
        if !zero && self.has_shift {
            self.shift += 1;
            return Ok(());
        }
        if zero && self.zero_start.is_none() && !self.has_point {
            self.zero_start = Some(self.whole);
        }
        if self.has_point {
            self.fraction += 1;
        } else {
            self.whole += 1;
        }
        if zero {
            self.zero_end = self.whole + self.fraction;
        }
        Ok(())
    }

    fn note_sign(&mut self) -> Result<()> {
        if self.sign.is_some() {
            return Err(syntax("cannot use \"S\" twice"));
        }
        if self.plus || self.minus || self.brackets {
            return Err(syntax("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together"));
        }
        self.whole_before_sign = self.whole;
        self.sign = Some(if self.has_point { SignPlace::After } else { SignPlace::Before });
        Ok(())
    }

    fn note_separate_sign(&mut self, name: &str, minus: bool, plus: bool) -> Result<()> {
        if self.sign.is_some() {
            return Err(syntax(&format!("cannot use \"S\" and \"{name}\" together")));
        }
        self.minus |= minus;
        self.plus |= plus;
        Ok(())
    }

    fn note_scientific(&mut self) -> Result<()> {
        if self.scientific {
            return Err(syntax("cannot use \"EEEE\" twice"));
        }
        let others = self.sign.is_some()
            || self.brackets
            || self.minus
            || self.plus
            || self.roman
            || self.has_shift
            || self.fill;
        if others {
            return Err(syntax("\"EEEE\" is incompatible with other formats").with_detail(
                "\"EEEE\" may only be used together with digit and decimal point patterns.",
            ));
        }
        self.scientific = true;
        Ok(())
    }

    pub fn has_ordinal(&self) -> bool {
        let ordinal = |node: &Node<Keyword>| {
            matches!(node, Node::Keyword(Keyword::Ordinal | Keyword::OrdinalLower, _))
        };
        self.nodes.iter().any(ordinal)
    }

    /// Whether a `0` position is among the digits.
    pub fn has_zero(&self) -> bool {
        self.zero_start.is_some()
    }
}
