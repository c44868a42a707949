//! The values of hstore: sets of keys, each with a text or with nothing.
//!
//! A value is kept as its canonical text: keys in the order of their lengths and then of
//! their bytes, each once, everything quoted.
//!
//! ```text
//! bb=>2, a => NULL, a=>1      "a"=>NULL, "bb"=>"2"
//! ```

use std::cmp::Ordering;
use std::fmt;

/// A set of keys with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(Vec<(String, Option<String>)>);

/// Why a text is no hstore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    End,
    Near(char, usize),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::End => write!(f, "Unexpected end of string"),
            Malformed::Near(c, at) => write!(f, "Syntax error near \"{c}\" at position {at}"),
        }
    }
}

fn order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Pairs {
    /// Of equal keys the first counts.
    pub fn new(mut pairs: Vec<(String, Option<String>)>) -> Pairs {
        pairs.sort_by(|a, b| order(&a.0, &b.0));
        pairs.dedup_by(|next, first| next.0 == first.0);
        Pairs(pairs)
    }

    pub fn parse(text: &str) -> Result<Pairs, Malformed> {
        let mut input = Input { text, at: 0 };
        let mut pairs = Vec::new();
        loop {
            input.skip_blanks();
            if input.peek().is_none() {
                return Ok(Pairs::new(pairs));
            }
            let (key, _) = input.word(false)?;
            input.skip_blanks();
            input.expect('=')?;
            input.expect('>')?;
            input.skip_blanks();
            let (value, quoted) = input.word(true)?;
            let is_null = !quoted && value.eq_ignore_ascii_case("null");
            pairs.push((key, (!is_null).then_some(value)));
            input.skip_blanks();
            match input.peek() {
                None => return Ok(Pairs::new(pairs)),
                Some(',') => input.next(),
                Some(other) => return Err(Malformed::Near(other, input.at)),
            };
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key: nothing within, if the key has nothing.
    pub fn get(&self, key: &str) -> Option<Option<&str>> {
        let at = self.0.binary_search_by(|(known, _)| order(known, key)).ok()?;
        Some(self.0[at].1.as_deref())
    }

    /// The pairs of both; where both have a key, the other's value.
    pub fn concat(self, other: Pairs) -> Pairs {
        Pairs::new(other.0.into_iter().chain(self.0).collect())
    }

    pub fn retain(&mut self, keep: impl Fn(&str, Option<&str>) -> bool) {
        self.0.retain(|(key, value)| keep(key, value.as_deref()));
    }

    /// Whether all pairs of another set are in this one.
    pub fn contains(&self, other: &Pairs) -> bool {
        other.iter().all(|(key, value)| self.get(key) == Some(value))
    }

    /// All keys and values, one behind the other: what the order begins with.
    pub fn joined(&self) -> String {
        self.iter().map(|(key, value)| format!("{key}{}", value.unwrap_or_default())).collect()
    }

    /// The order of operator classes; it means nothing but is total.
    pub fn compare(&self, other: &Pairs) -> Ordering {
        self.joined()
            .cmp(&other.joined())
            .then_with(|| self.len().cmp(&other.len()))
            .then_with(|| self.to_string().cmp(&other.to_string()))
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        for (at, (key, value)) in self.iter().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            let value = value.map_or("NULL".to_owned(), quoted);
            write!(f, "{separator}{}=>{value}", quoted(key))?;
        }
        Ok(())
    }
}

struct Input<'t> {
    text: &'t str,
    at: usize,
}

impl Input<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_whitespace() || c == '\u{b}') {
            self.next();
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), Malformed> {
        match self.peek() {
            None => Err(Malformed::End),
            Some(found) if found == wanted => {
                self.next();
                Ok(())
            }
            Some(found) => Err(Malformed::Near(found, self.at)),
        }
    }

    /// A key or a value, and whether it is quoted. A bare value ends at a comma or a blank,
    /// a bare key at `=>` too.
    fn word(&mut self, is_value: bool) -> Result<(String, bool), Malformed> {
        let mut word = String::new();
        if self.peek() == Some('"') {
            self.next();
            loop {
                match self.next().ok_or(Malformed::End)? {
                    '"' => return Ok((word, true)),
                    '\\' => word.push(self.next().ok_or(Malformed::End)?),
                    other => word.push(other),
                }
            }
        }
        let start = self.at;
        loop {
            match self.peek() {
                None if word.is_empty() || !is_value => return Err(Malformed::End),
                None => return Ok((word, false)),
                Some('\\') => {
                    self.next();
                    word.push(self.next().ok_or(Malformed::End)?);
                }
                Some('=') if !is_value => {
                    if self.at == start {
                        return Err(Malformed::Near('=', self.at));
                    }
                    return Ok((word, false));
                }
                Some(',') if is_value => {
                    if self.at == start {
                        return Err(Malformed::Near(',', self.at));
                    }
                    return Ok((word, false));
                }
                Some(c) if c.is_ascii_whitespace() => return Ok((word, false)),
                Some(other) => {
                    self.next();
                    word.push(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_canonical() {
        let canonical = |text: &str| Pairs::parse(text).map(|pairs| pairs.to_string());
        for (text, expected) in [
            ("", ""),
            ("a=>b,", "\"a\"=>\"b\""),
            (" a => null , B=>NULL, c=>\"NULL\"", "\"B\"=>NULL, \"a\"=>NULL, \"c\"=>\"NULL\""),
            ("a=>1,a=>2, a\\=b=>c\\,d", "\"a\"=>\"1\", \"a=b\"=>\"c,d\""),
            ("\"q\\\"x\"=>\"y\\\\\"", "\"q\\\"x\"=>\"y\\\\\""),
            ("aa=>1, b=>2, Z=>4", "\"Z\"=>\"4\", \"b\"=>\"2\", \"aa\"=>\"1\""),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(canonical(expected).as_deref(), Ok(expected));
        }
        assert_eq!(canonical("a"), Err(Malformed::End));
        assert_eq!(canonical("a=>"), Err(Malformed::End));
        assert_eq!(canonical("a=>b c=>d"), Err(Malformed::Near('c', 5)));
        assert_eq!(canonical("=>b"), Err(Malformed::Near('=', 0)));
        assert_eq!(canonical("a=b"), Err(Malformed::Near('b', 2)));
    }

    #[test]
    fn sets() {
        let pairs = |text: &str| Pairs::parse(text).expect("an hstore");
        let joined = pairs("a=>1,b=>2").concat(pairs("b=>3,c=>NULL"));
        assert_eq!(joined, pairs("a=>1,b=>3,c=>NULL"));
        assert!(joined.contains(&pairs("c=>NULL,a=>1")) && !joined.contains(&pairs("b=>2")));
        assert_eq!((joined.get("c"), joined.get("d")), (Some(None), None));
        assert!(pairs("a=>1").compare(&pairs("a=>1,b=>2")).is_lt());
        assert!(pairs("b=>1").compare(&pairs("a=>1,b=>2")).is_gt());
    }
}
