//! Trigrams of texts, and how similar texts are by them.
//!
//! A text is its words (runs of letters and digits, in lower case), a word the trigrams of
//! itself with two blanks before and one behind it:
//!
//! ```text
//! "Two words"   "  t" " tw" "two" "wo " │ "  w" " wo" "wor" "ord" "rds" "ds "
//! ```
//!
//! A trigram is three bytes: the characters themselves if they are of one byte each, else
//! three bytes of their CRC.

mod regexp;

pub use regexp::{Query, trigrams_of_expression};

/// One trigram. They sort by signed bytes, as PostgreSQL's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trigram([i8; 3]);

impl Trigram {
    fn of(characters: &[char]) -> Trigram {
        let text: String = characters.iter().collect();
        let bytes = match text.as_bytes() {
            [a, b, c] => [*a, *b, *c],
            long => {
                let [a, b, c, _] = crc(long).to_le_bytes();
                [a, b, c]
            }
        };
        Trigram(bytes.map(|byte| byte as i8))
    }

    pub fn bytes(self) -> [u8; 3] {
        self.0.map(|byte| byte as u8)
    }
}

impl std::fmt::Display for Trigram {
    /// The characters, or `0x` and the number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.bytes();
        let is_shown = |byte: &u8| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace();
        if bytes.iter().all(is_shown) {
            return bytes.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)));
        }
        let [a, b, c] = bytes;
        write!(f, "0x{a:02x}{b:02x}{c:02x}")
    }
}

/// PostgreSQL's old CRC-32: the table of the reflected polynomial, used from the top.
fn crc(bytes: &[u8]) -> u32 {
    let entry = |index: u32| {
        (0..8).fold(index, |value, _| match value & 1 {
            1 => value >> 1 ^ 0xedb8_8320,
            _ => value >> 1,
        })
    };
    let step = |crc: u32, byte: &u8| entry((crc >> 24 ^ u32::from(*byte)) & 0xff) ^ crc << 8;
    !bytes.iter().fold(u32::MAX, step)
}

/// A trigram where it stands in a text.
#[derive(Clone, Copy, Debug)]
struct Placed {
    trigram: Trigram,
    /// The first, or the last, of its word.
    begins: bool,
    ends: bool,
}

fn placed(text: &str) -> Vec<Placed> {
    let mut all = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut padded = vec![' ', ' '];
        padded.extend(word.chars().flat_map(char::to_lowercase));
        padded.push(' ');
        let count = padded.len() - 2;
        for (at, characters) in padded.windows(3).enumerate() {
            let (begins, ends) = (at == 0, at + 1 == count);
            all.push(Placed { trigram: Trigram::of(characters), begins, ends });
        }
    }
    all
}

/// The trigrams of a text, sorted, each once.
pub fn trigrams(text: &str) -> Vec<Trigram> {
    let mut all: Vec<Trigram> = placed(text).into_iter().map(|placed| placed.trigram).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The trigrams that every text has which a LIKE pattern fits: those of the letters and
/// digits between wildcards, with the blanks around a word where its end is known.
pub fn trigrams_of_pattern(pattern: &str) -> Vec<Trigram> {
    let mut all = Vec::new();
    let mut word: Vec<char> = Vec::new();
    // Whether a word that begins here begins a word of the text.
    let (mut is_edge, mut begins) = (true, true);
    let mut end = |word: &mut Vec<char>, begins: bool, ends: bool| {
        let mut padded = if begins && !word.is_empty() { vec![' ', ' '] } else { Vec::new() };
        padded.extend(word.drain(..).flat_map(char::to_lowercase));
        if ends && !padded.is_empty() {
            padded.push(' ');
        }
        all.extend(padded.windows(3).map(Trigram::of));
    };
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        let literal = match c {
            '%' | '_' => None,
            '\\' => characters.next(),
            c => Some(c),
        };
        match literal {
            Some(c) if c.is_alphanumeric() => {
                if word.is_empty() {
                    begins = is_edge;
                }
                word.push(c);
            }
            other => {
                end(&mut word, begins, other.is_some());
                is_edge = other.is_some();
            }
        }
    }
    end(&mut word, begins, true);
    all.sort_unstable();
    all.dedup();
    all
}

/// The trigrams that every text has in which a string stands: those of its words, with
/// the blanks around a word where the string knows its end.
pub fn trigrams_of_part(part: &str) -> Vec<Trigram> {
    let mut all = Vec::new();
    let mut word: Vec<char> = Vec::new();
    let mut begins = false;
    let mut end = |word: &mut Vec<char>, begins: bool, ends: bool| {
        let mut padded = if begins && !word.is_empty() { vec![' ', ' '] } else { Vec::new() };
        padded.extend(word.drain(..).flat_map(char::to_lowercase));
        if ends && !padded.is_empty() {
            padded.push(' ');
        }
        all.extend(padded.windows(3).map(Trigram::of));
    };
    for c in part.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            end(&mut word, begins, true);
            begins = true;
        }
    }
    end(&mut word, begins, false);
    all.sort_unstable();
    all.dedup();
    all
}

/// How many of a word's trigrams a text must have at least to be as similar to it as
/// `limit`; none if nothing can be. It need not be as similar if it has them.
pub fn trigrams_for_similarity(of_word: usize, limit: f64) -> Option<usize> {
    (0..=of_word).find(|common| {
        let most = if of_word == 0 { 0.0 } else { *common as f32 / of_word as f32 };
        f64::from(most) >= limit
    })
}

fn ratio(common: usize, first: usize, second: usize) -> f32 {
    common as f32 / (first + second - common) as f32
}

/// The share of trigrams that two texts have in common: 0 to 1.
pub fn similarity(first: &str, second: &str) -> f32 {
    let (first, second) = (trigrams(first), trigrams(second));
    if first.is_empty() || second.is_empty() {
        return 0.0;
    }
    let common = first.iter().filter(|trigram| second.binary_search(trigram).is_ok()).count();
    ratio(common, first.len(), second.len())
}

/// The greatest similarity of a word, or words, to an extent of a text: any extent, or one
/// of whole words if `strict`.
pub fn word_similarity(word: &str, text: &str, strict: bool) -> f32 {
    let wanted = trigrams(word);
    let text = placed(text);
    if wanted.is_empty() || text.is_empty() {
        return 0.0;
    }
    // Trigrams of the text by number, and whether the word has them.
    let mut known: Vec<Trigram> = text.iter().map(|placed| placed.trigram).collect();
    known.sort_unstable();
    known.dedup();
    let numbers: Vec<usize> = text
        .iter()
        .map(|placed| known.binary_search(&placed.trigram).unwrap_or_default())
        .collect();
    let is_wanted: Vec<bool> = known.iter().map(|it| wanted.binary_search(it).is_ok()).collect();
    let mut extent = Extent {
        last: vec![None; known.len()],
        distinct: 0,
        common: 0,
        lower: strict.then_some(0),
    };
    let mut best: f32 = 0.0;
    for (at, number) in numbers.iter().enumerate() {
        if extent.lower.is_some() || is_wanted[*number] {
            if extent.last[*number].is_none() {
                extent.distinct += 1;
                extent.common += usize::from(is_wanted[*number]);
            }
            extent.last[*number] = Some(at);
        }
        let may_end = if strict { text[at].ends } else { is_wanted[*number] };
        if may_end {
            let begins = |at: usize| !strict || text[at].begins;
            let shrunk = extent.shrink(at, &numbers, &is_wanted, wanted.len(), &begins);
            best = best.max(shrunk);
        }
    }
    best
}

/// A part of the text, from `lower` to the trigram at hand.
struct Extent {
    /// Where in it each trigram stands last.
    last: Vec<Option<usize>>,
    distinct: usize,
    common: usize,
    lower: Option<usize>,
}

impl Extent {
    /// Moves the lower bound up as far as that makes the extent more similar; answers how
    /// similar it is.
    fn shrink(
        &mut self,
        upper: usize,
        numbers: &[usize],
        is_wanted: &[bool],
        wanted: usize,
        begins: &dyn Fn(usize) -> bool,
    ) -> f32 {
        let from = *self.lower.get_or_insert_with(|| {
            self.distinct = 1;
            upper
        });
        let mut best = ratio(self.common, wanted, self.distinct);
        let (mut distinct, mut common) = (self.distinct, self.common);
        let mut lower = from;
        for (at, number) in numbers.iter().enumerate().take(upper + 1).skip(from) {
            if begins(at) {
                let now = ratio(common, wanted, distinct);
                if now > best {
                    best = now;
                    (self.distinct, self.common, lower) = (distinct, common, at);
                }
            }
            if self.last[*number] == Some(at) {
                distinct -= 1;
                common -= usize::from(is_wanted[*number]);
            }
        }
        for (at, number) in numbers.iter().enumerate().take(lower).skip(from) {
            if self.last[*number] == Some(at) {
                self.last[*number] = None;
            }
        }
        self.lower = Some(lower);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        trigrams(text).iter().map(|it| format!("{it}")).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn a_patterns_trigrams_are_in_every_text_that_fits() {
        let shown = |pattern: &str| -> Vec<String> {
            trigrams_of_pattern(pattern).iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown("%abc%"), ["abc"]);
        assert_eq!(shown("abc%"), ["  a", " ab", "abc"]);
        assert_eq!(shown("%abc"), ["abc", "bc "]);
        assert_eq!(shown("%a bc%"), ["  b", " bc"]);
        assert_eq!(shown("%ab_cd%"), Vec::<String>::new());
        assert_eq!(shown("ABC"), shown("abc"));
        assert_eq!(shown("%x\\%yz%"), ["  y", " yz"]);
        for (text, pattern) in [("two words", "%o wor%"), ("Ünïcode", "%nïc%"), ("a-b", "a-b")] {
            let of_text = trigrams(text);
            let needed = trigrams_of_pattern(pattern);
            assert!(needed.iter().all(|trigram| of_text.contains(trigram)), "{text} {pattern}");
        }
    }

    #[test]
    fn trigrams_are_those_of_postgres() {
        assert_eq!(shown("word"), "  w, wo,ord,rd ,wor");
        assert_eq!(shown("Ärger é"), "0xe69b54,0xe82c48,0xf05920,0x0bfdec,0x5be7e5,er ,ger,rge");
        assert_eq!(shown("--"), "");
    }

    #[test]
    fn similarities_are_those_of_the_documentation() {
        assert_eq!(similarity("word", "two words"), 0.363_636_37);
        assert_eq!(word_similarity("word", "two words", false), 0.8);
        assert_eq!(word_similarity("word", "two words", true), 0.571_428_6);
        assert_eq!(word_similarity("words", "two words", true), 1.0);
        assert_eq!(similarity("", "a"), 0.0);
        assert_eq!(word_similarity("a", "", true), 0.0);
    }
}
