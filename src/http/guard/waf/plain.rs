//! What a text says, whatever way it is written.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

/// Characters that pages write as `&lt;`.
const ENTITIES: [(&str, &str); 6] = [
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&apos;", "'"),
    ("&colon;", ":"),
    ("&amp;", "&"),
];

/// Decoded twice, entities read, composed alike (NFKC: `＜` is `<`), in lower case, without
/// NUL and SQL's comments, one space where there are several, `\r` for line breaks. What is not
/// ASCII then is `~`: no rule asks for more, and automata of bytes are small.
/// `is_form`: a plus is a space.
pub fn plain(text: &str, is_form: bool) -> String {
    if text.bytes().all(is_plain) {
        return text.to_ascii_lowercase();
    }
    let text: Cow<'_, str> = match is_form && text.contains('+') {
        true => text.replace('+', " ").into(),
        false => text.into(),
    };
    let once = decoded(&text);
    let twice = decoded(&once);
    let read = entities(&twice);
    let same: Cow<'_, str> = match read.is_ascii() {
        true => read,
        false => read.nfkc().collect::<String>().into(),
    };
    spaced(&without_comments(&same.to_lowercase()))
}

/// Nothing in it is written another way.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'%' | b'&' | b'+' | b'*')
}

fn decoded(text: &str) -> Cow<'_, str> {
    match text.contains('%') {
        true => percent_decode_str(text).decode_utf8_lossy().into_owned().into(),
        false => text.into(),
    }
}

fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        read.push_str(&rest[..at]);
        rest = &rest[at..];
        match entity(rest) {
            Some((character, length)) => {
                read.push_str(&character);
                rest = &rest[length..];
            }
            None => {
                read.push('&');
                rest = &rest[1..];
            }
        }
    }
    read.push_str(rest);
    read.into()
}

/// What an entity at the beginning stands for, and how many bytes it has.
fn entity(text: &str) -> Option<(String, usize)> {
    for (name, character) in ENTITIES {
        if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Some((character.to_owned(), name.len()));
        }
    }
    let number = text.strip_prefix("&#")?;
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let length = digits.bytes().take(8).take_while(|b| (*b as char).is_digit(radix)).count();
    let code = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
    let end = text.len() - digits.len() + length;
    let end = if text[end..].starts_with(';') { end + 1 } else { end };
    Some((char::from_u32(code)?.to_string(), end))
}

/// `/* … */` is a space to SQL, and what `/*!50000 …*/` has in it is read by some.
fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains("/*") {
        return text.into();
    }
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/*") {
        let Some(end) = rest[at + 2..].find("*/") else { break };
        read.push_str(&rest[..at]);
        read.push(' ');
        let inner = &rest[at + 2..at + 2 + end];
        if let Some(shown) = inner.strip_prefix('!') {
            read.push_str(shown.trim_start_matches(|c: char| c.is_ascii_digit()));
            read.push(' ');
        }
        rest = &rest[at + 2 + end + 2..];
    }
    read.push_str(rest);
    read.into()
}

fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0' => {}
            '\r' | '\n' => {
                if !spaced.ends_with('\r') {
                    spaced.push('\r');
                }
            }
            c if c.is_whitespace() => {
                if !spaced.ends_with(' ') {
                    spaced.push(' ');
                }
            }
            c if !c.is_ascii() => spaced.push('~'),
            c => spaced.push(c),
        }
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_text_says_the_same_however_it_is_written() {
        for text in [
            "<script>",
            "%3Cscript%3E",
            "%253CSCRIPT%253E",
            "&lt;script&gt;",
            "&#60;script&#x3e;",
            "＜script＞",
            "<scr\0ipt>",
        ] {
            assert_eq!(plain(text, false), "<script>", "{text}");
        }
        assert_eq!(plain("union/**/all%20%0aselect", true), "union all \rselect");
        assert_eq!(plain("/*!50000union*/+select", true), " union select");
        assert_eq!(plain("a+b", false), "a+b");
        assert_eq!(plain("100% &sure &#x110000; &#; /*", false), "100% &sure &#x110000; &#; /*");
    }
}
