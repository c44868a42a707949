//! The names of character sets, and their numbers in PostgreSQL.

use super::Encoding;

/// PostgreSQL's encodings by number.
pub const ENCODINGS: &[&str] = &[
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

/// Those that a database can have; the ones after them are for clients only.
pub const DATABASE_ENCODINGS: usize = 35;

/// Further names, in letters and digits only, and which encoding they mean.
const ALIASES: &[(&str, &str)] = &[
    ("abc", "WIN1258"),
    ("alt", "WIN866"),
    ("iso88591", "LATIN1"),
    ("iso885910", "LATIN6"),
    ("iso885913", "LATIN7"),
    ("iso885914", "LATIN8"),
    ("iso885915", "LATIN9"),
    ("iso885916", "LATIN10"),
    ("iso88592", "LATIN2"),
    ("iso88593", "LATIN3"),
    ("iso88594", "LATIN4"),
    ("iso88599", "LATIN5"),
    ("koi8", "KOI8R"),
    ("mskanji", "SJIS"),
    ("shiftjis", "SJIS"),
    ("tcvn", "WIN1258"),
    ("tcvn5712", "WIN1258"),
    ("unicode", "UTF8"),
    ("vscii", "WIN1258"),
    ("win", "WIN1251"),
    ("win932", "SJIS"),
    ("win936", "GBK"),
    ("win949", "UHC"),
    ("win950", "BIG5"),
    ("windows1250", "WIN1250"),
    ("windows1251", "WIN1251"),
    ("windows1252", "WIN1252"),
    ("windows1253", "WIN1253"),
    ("windows1254", "WIN1254"),
    ("windows1255", "WIN1255"),
    ("windows1256", "WIN1256"),
    ("windows1257", "WIN1257"),
    ("windows1258", "WIN1258"),
    ("windows866", "WIN866"),
    ("windows874", "WIN874"),
    ("windows932", "SJIS"),
    ("windows936", "GBK"),
    ("windows949", "UHC"),
    ("windows950", "BIG5"),
];

/// A name without its punctuation, which does not count.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

impl Encoding {
    /// PostgreSQL's number of an encoding.
    pub fn numbered(number: i32) -> Option<Encoding> {
        let number = u8::try_from(number).ok()?;
        (usize::from(number) < ENCODINGS.len()).then_some(Encoding(number))
    }

    /// An encoding by one of its names, in any case and with any punctuation.
    pub fn named(name: &str) -> Option<Encoding> {
        let wanted = letters(name);
        let alias = ALIASES.iter().find(|(alias, _)| *alias == wanted);
        let wanted = alias.map_or(wanted, |(_, name)| letters(name));
        let at = ENCODINGS.iter().position(|known| letters(known) == wanted)?;
        Some(Encoding(at as u8))
    }

    pub fn number(self) -> i32 {
        i32::from(self.0)
    }

    pub fn name(self) -> &'static str {
        ENCODINGS[usize::from(self.0)]
    }

    /// Whether a database may have it.
    pub fn is_for_databases(self) -> bool {
        usize::from(self.0) < DATABASE_ENCODINGS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_any_punctuation_and_by_their_aliases() {
        let number = |name| Encoding::named(name).map_or(-1, Encoding::number);
        assert_eq!(number("utf-8"), 6);
        assert_eq!(number("Unicode"), 6);
        assert_eq!(number("ISO 8859-15"), number("latin9"));
        assert_eq!(number("windows-932"), number("SJIS"));
        assert_eq!(number("none"), -1);
        assert_eq!(Encoding::numbered(42), None);
        assert_eq!(Encoding::numbered(-1), None);
    }
}
