//! The trigrams that a text must have for a regular expression to match it.
//!
//! Of every part of the expression it is known which strings it can match, as long as
//! those are few, and else how what it matches begins and ends:
//!
//! ```text
//! (abc|abd)ef    matches  abcef, abdef                       abc bce cef, or abd bde def
//! abc.*def       begins with abc, ends with def              abc and def
//! ^ab            begins with an edge of the text, then ab    "  a" and " ab"
//! ```
//!
//! What is not looked into is said to match anything: more texts have the trigrams than
//! match, none fewer.

use std::collections::BTreeSet;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::{Trigram, trigrams_of_part};

/// Strings that are known of one part of an expression.
const STRINGS_MAX: usize = 16;
/// Characters of a string; a longer one is cut into its trigrams.
const CHARACTERS_MAX: usize = 32;
/// Characters of a class that are looked at one by one.
const CLASS_MAX: usize = 10;
/// Nodes of an expression. A repetition counts as often as it is written out.
const NODES_MAX: usize = 2_000;
const REPEAT_MAX: u32 = 4;
/// Stands for the edge of a text: it is no letter and in no text.
const EDGE: &str = "\0";

/// Which trigrams a text must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Nothing is known.
    Anything,
    All(Vec<Query>),
    Any(Vec<Query>),
    Has(Trigram),
}

impl Query {
    fn and(self, other: Query) -> Query {
        match (self, other) {
            (Query::Anything, other) | (other, Query::Anything) => other,
            (Query::All(mut all), Query::All(more)) => {
                all.extend(more.into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
                Query::All(all)
            }
            (Query::All(mut all), one) | (one, Query::All(mut all)) => {
                if !all.contains(&one) {
                    all.push(one);
                }
                Query::All(all)
            }
            (one, other) if one == other => one,
            (one, other) => Query::All(vec![one, other]),
        }
    }

    fn any(queries: Vec<Query>) -> Query {
        let mut distinct: Vec<Query> = Vec::new();
        for query in queries {
            match query {
                Query::Anything => return Query::Anything,
                query if distinct.contains(&query) => {}
                query => distinct.push(query),
            }
        }
        match distinct.len() {
            1 => distinct.remove(0),
            _ => Query::Any(distinct),
        }
    }
}

/// The trigrams for an expression in the syntax of `regex_syntax`; of one that it does
/// not know nothing is said.
pub fn trigrams_of_expression(pattern: &str) -> Query {
    let Ok(expression) = ParserBuilder::new().build().parse(pattern) else {
        return Query::Anything;
    };
    let mut nodes = 0;
    let known = known(&expression, &mut nodes);
    if nodes > NODES_MAX {
        return Query::Anything;
    }
    let known = known.without_exact();
    known.query.and(of_strings(&known.begins)).and(of_strings(&known.ends))
}

type Strings = BTreeSet<String>;

/// What is known of the strings that a part matches.
#[derive(Clone, Debug)]
struct Known {
    /// All of them; none if there are too many.
    exact: Option<Strings>,
    /// Each begins with one of these, and ends with one of those.
    begins: Strings,
    ends: Strings,
    query: Query,
}

fn one(text: &str) -> Strings {
    Strings::from([text.to_owned()])
}

impl Known {
    fn anything() -> Known {
        Known { exact: None, begins: one(""), ends: one(""), query: Query::Anything }
    }

    fn exactly(strings: Strings) -> Known {
        let known = Known {
            exact: Some(strings),
            begins: Strings::new(),
            ends: Strings::new(),
            query: Query::Anything,
        };
        known.bounded()
    }

    /// Lets go of what is too much to carry on, for its trigrams.
    fn bounded(mut self) -> Known {
        let is_much = |strings: &Strings| {
            strings.len() > STRINGS_MAX
                || strings.iter().any(|text| text.chars().count() > CHARACTERS_MAX)
        };
        if self.exact.as_ref().is_some_and(is_much) {
            self = self.without_exact();
        }
        if is_much(&self.begins) {
            self.query = self.query.and(of_strings(&self.begins));
            self.begins = cut(&self.begins, |text| text.chars().take(2).collect());
        }
        if is_much(&self.ends) {
            self.query = self.query.and(of_strings(&self.ends));
            let last = |text: &str| {
                let mut last: Vec<char> = text.chars().rev().take(2).collect();
                last.reverse();
                last.into_iter().collect()
            };
            self.ends = cut(&self.ends, last);
        }
        self
    }

    fn without_exact(mut self) -> Known {
        if let Some(exact) = self.exact.take() {
            self.query = self.query.and(of_strings(&exact));
            (self.begins, self.ends) = (exact.clone(), exact);
        }
        self
    }

    fn then(self, next: Known) -> Known {
        let known = match (&self.exact, &next.exact) {
            (Some(first), Some(second)) => return Known::exactly(crossed(first, second)),
            (Some(first), None) => Known {
                exact: None,
                begins: crossed(first, &next.begins),
                ends: next.ends,
                query: next.query,
            },
            (None, Some(second)) => Known {
                exact: None,
                begins: self.begins,
                ends: crossed(&self.ends, second),
                query: self.query,
            },
            (None, None) => {
                let between = crossed(&self.ends, &next.begins);
                Known {
                    exact: None,
                    begins: self.begins,
                    ends: next.ends,
                    query: self.query.and(next.query).and(of_strings(&between)),
                }
            }
        };
        known.bounded()
    }

    fn or(self, other: Known) -> Known {
        if let (Some(first), Some(second)) = (&self.exact, &other.exact)
            && first.len() + second.len() <= STRINGS_MAX
        {
            return Known::exactly(first.union(second).cloned().collect());
        }
        let (first, second) = (self.without_exact(), other.without_exact());
        let known = Known {
            exact: None,
            begins: first.begins.union(&second.begins).cloned().collect(),
            ends: first.ends.union(&second.ends).cloned().collect(),
            query: Query::any(vec![first.query, second.query]),
        };
        known.bounded()
    }
}

/// Shorter strings; if there are still too many of them, nothing.
fn cut(strings: &Strings, short: impl Fn(&str) -> String) -> Strings {
    let cut: Strings = strings.iter().map(|text| short(text)).collect();
    if cut.len() > STRINGS_MAX { one("") } else { cut }
}

fn crossed(first: &Strings, second: &Strings) -> Strings {
    first.iter().flat_map(|a| second.iter().map(move |b| format!("{a}{b}"))).collect()
}

/// That a text has one of these strings in it.
fn of_strings(strings: &Strings) -> Query {
    let of_one = |text: &String| {
        let mut needed: Vec<Query> = trigrams_of_part(text).into_iter().map(Query::Has).collect();
        match needed.len() {
            0 => Query::Anything,
            1 => needed.remove(0),
            _ => Query::All(needed),
        }
    };
    Query::any(strings.iter().map(of_one).collect())
}

fn known(expression: &Hir, nodes: &mut usize) -> Known {
    *nodes += 1;
    if *nodes > NODES_MAX {
        return Known::anything();
    }
    match expression.kind() {
        HirKind::Empty => Known::exactly(one("")),
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => Known::exactly(one(text)),
            Err(_) => Known::anything(),
        },
        HirKind::Class(Class::Unicode(class)) => {
            let count: usize = class.ranges().iter().map(|range| range.len()).sum();
            match count {
                1..=CLASS_MAX => {
                    let characters =
                        class.ranges().iter().flat_map(|range| range.start()..=range.end());
                    Known::exactly(characters.map(String::from).collect())
                }
                _ => Known::anything(),
            }
        }
        HirKind::Class(Class::Bytes(_)) => Known::anything(),
        HirKind::Look(Look::Start | Look::End | Look::StartLF | Look::EndLF) => {
            Known::exactly(one(EDGE))
        }
        // It matches between two characters and says nothing of them here.
        HirKind::Look(_) => Known::exactly(one("")),
        HirKind::Repetition(repeated) => {
            let of = known(&repeated.sub, nodes);
            match (repeated.min, repeated.max) {
                (0, Some(1)) => Known::exactly(one("")).or(of),
                (0, _) => Known::anything(),
                (min, max) => {
                    let written = min.min(REPEAT_MAX);
                    let mut whole = of.clone();
                    for _ in 1..written {
                        whole = whole.then(of.clone());
                    }
                    if max == Some(min) && written == min {
                        return whole;
                    }
                    // It begins and ends with as many as there must be.
                    whole.without_exact()
                }
            }
        }
        HirKind::Capture(capture) => known(&capture.sub, nodes),
        HirKind::Concat(parts) => parts
            .iter()
            .map(|part| known(part, nodes))
            .reduce(Known::then)
            .unwrap_or_else(|| Known::exactly(one(""))),
        HirKind::Alternation(parts) => parts
            .iter()
            .map(|part| known(part, nodes))
            .reduce(Known::or)
            .unwrap_or_else(Known::anything),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigrams;

    fn shown(query: &Query) -> String {
        let list = |queries: &[Query], word: &str| {
            let shown: Vec<String> = queries.iter().map(shown).collect();
            format!("({})", shown.join(word))
        };
        match query {
            Query::Anything => "anything".to_owned(),
            Query::All(all) => list(all, " & "),
            Query::Any(any) => list(any, " | "),
            Query::Has(trigram) => trigram.to_string(),
        }
    }

    fn holds(query: &Query, text: &str) -> bool {
        match query {
            Query::Anything => true,
            Query::All(all) => all.iter().all(|one| holds(one, text)),
            Query::Any(any) => any.iter().any(|one| holds(one, text)),
            Query::Has(trigram) => trigrams(text).contains(trigram),
        }
    }

    #[test]
    fn expressions_need_trigrams() {
        for (pattern, needed) in [
            ("abc", "abc"),
            ("abcd", "(abc & bcd)"),
            ("(?i)AbC", "abc"),
            ("abc|bcd", "(abc | bcd)"),
            ("a(b|c)de", "((abd & bde) | (acd & cde))"),
            ("abc.*def", "(abc & def)"),
            ("^abc", "(  a &  ab & abc)"),
            ("abc$", "(abc & bc )"),
            ("x yz", "(  y &  yz)"),
            ("ab", "anything"),
            ("a.c", "anything"),
            ("(abc)?", "anything"),
            ("(abc)+", "abc"),
        ] {
            assert_eq!(shown(&trigrams_of_expression(pattern)), needed, "{pattern}");
        }
        assert_eq!(trigrams_of_expression("(?=a)b"), Query::Anything);
    }

    #[test]
    fn what_matches_has_what_is_needed() {
        for (pattern, texts) in [
            ("a(b|c)+d", &["abd", "acccd", "xabcbd"][..]),
            ("foo ?bar", &["foobar", "foo bar"]),
            ("^(one|two) [a-c]x$", &["one ax", "two cx"]),
            ("(abc){2,3}z", &["abcabcz", "abcabcabcz"]),
            ("(?i)Straße", &["STRAßE", "straße"]),
            ("(?i)sky", &["SKY", "s\u{212a}y", "\u{17f}ky"]),
            ("(a|bb|ccc)(dd|e)?f", &["af", "bbddf", "cccef"]),
            ("[^a]bcd", &["xbcd", " bcd"]),
            ("\\bword\\b", &["a word.", "word"]),
            ("(x|y|z|v|w)(x|y|z|v|w)(x|y|z|v|w)abc", &["xyzabc", "wwwabc"]),
        ] {
            let query = trigrams_of_expression(pattern);
            for text in texts {
                assert!(holds(&query, text), "{pattern} {text}: {}", shown(&query));
            }
        }
    }
}
