//! Cutting a template into keywords and literal characters.

use crate::error::Result;

/// What a date keyword's neighbours `FM`, `TM`, `TH`, `th`, `SP` ask for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Affixes {
    /// `FM`: no padding.
    pub fill: bool,
    /// `TM`: names are not padded either (there is one language, English).
    pub translated: bool,
    /// `TH` or `th`: an ordinal suffix, in upper case or not.
    pub ordinal: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node<K> {
    Keyword(K, Affixes),
    /// An ASCII punctuation character (dates only).
    Separator(char),
    Space(char),
    Literal(char),
}

/// Cuts a template. `find` recognises the longest keyword at the start of a text.
pub fn parse<K>(
    template: &str,
    with_affixes: bool,
    find: impl Fn(&str) -> Option<(K, usize)>,
) -> Vec<Node<K>> {
    // Nothing is refused.
    parse_checked(template, with_affixes, find, |_| Ok(())).unwrap_or_default()
}

/// The same, where a character that is neither quoted nor of a keyword must pass a check.
pub fn parse_checked<K>(
    template: &str,
    with_affixes: bool,
    find: impl Fn(&str) -> Option<(K, usize)>,
    check: impl Fn(char) -> Result<()>,
) -> Result<Vec<Node<K>>> {
    let mut nodes = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let mut affixes = Affixes::default();
        if with_affixes {
            rest = take_prefix(rest, &mut affixes);
        }
        if let Some((keyword, length)) = find(rest) {
            rest = &rest[length..];
            if with_affixes {
                rest = take_suffix(rest, &mut affixes);
            }
            nodes.push(Node::Keyword(keyword, affixes));
        } else if let Some(quoted) = rest.strip_prefix('"') {
            rest = take_quoted(quoted, &mut nodes);
        } else {
            rest.chars().next().map_or(Ok(()), &check)?;
            rest = take_character(rest, with_affixes, &mut nodes);
        }
    }
    Ok(nodes)
}

fn take_prefix<'a>(text: &'a str, affixes: &mut Affixes) -> &'a str {
    for prefix in ["FM", "fm"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            affixes.fill = true;
            return rest;
        }
    }
    for prefix in ["TM", "tm"] {
        if let Some(rest) = text.strip_prefix(prefix) {
            affixes.translated = true;
            return rest;
        }
    }
    text
}

fn take_suffix<'a>(text: &'a str, affixes: &mut Affixes) -> &'a str {
    if let Some(rest) = text.strip_prefix("TH") {
        affixes.ordinal = Some(true);
        return rest;
    }
    if let Some(rest) = text.strip_prefix("th") {
        affixes.ordinal = Some(false);
        return rest;
    }
    text.strip_prefix("SP").unwrap_or(text)
}

/// Text in double quotes, up to the closing one; a backslash escapes.
fn take_quoted<'a, K>(text: &'a str, nodes: &mut Vec<Node<K>>) -> &'a str {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return &text[at + 1..],
            '\\' => {
                let escaped = chars.next().map_or('\\', |(_, escaped)| escaped);
                nodes.push(Node::Literal(escaped));
            }
            c => nodes.push(Node::Literal(c)),
        }
    }
    ""
}

fn take_character<'a, K>(text: &'a str, dates: bool, nodes: &mut Vec<Node<K>>) -> &'a str {
    let text = if text.starts_with("\\\"") { &text[1..] } else { text };
    let Some(c) = text.chars().next() else { return "" };
    nodes.push(if dates && c.is_ascii_punctuation() {
        Node::Separator(c)
    } else if super::super::numeric::is_space(c) {
        Node::Space(c)
    } else {
        Node::Literal(c)
    });
    &text[c.len_utf8()..]
}
