//! The canonical text: keys quoted, parentheses only where precedence asks for them.

use super::{Arithmetic, Head, JsonPath, Level, Path, Predicate, Step};
use crate::sql::types::json::write_string;

pub fn print(path: &JsonPath) -> String {
    let mut out = Vec::new();
    if !path.lax {
        out.extend_from_slice(b"strict ");
    }
    write(&path.path, true, &mut out);
    // Everything written is UTF-8.
    String::from_utf8_lossy(&out).into_owned()
}

/// How strongly an operation binds.
fn priority(path: &Path) -> u8 {
    match &path.head {
        Head::Predicate(predicate) => match **predicate {
            Predicate::Or(..) => 0,
            Predicate::And(..) => 1,
            Predicate::Compare(..) | Predicate::StartsWith(..) => 2,
            _ => 6,
        },
        Head::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, ..) => 3,
        Head::Arithmetic(..) => 4,
        Head::Unary(..) => 5,
        _ => 6,
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

/// `parentheses`: around an operation.
fn write(path: &Path, parentheses: bool, out: &mut Vec<u8>) {
    let own = priority(path);
    let operand = |operand: &Path, out: &mut Vec<u8>| write(operand, priority(operand) <= own, out);
    let binary = |left: &Path, symbol: &str, right: &Path, out: &mut Vec<u8>| {
        enclosed(parentheses, out, |out| {
            operand(left, out);
            text(&format!(" {symbol} "), out);
            operand(right, out);
        });
    };
    match &path.head {
        Head::Null => text("null", out),
        Head::Bool(value) => text(if *value { "true" } else { "false" }, out),
        Head::Number(number) => {
            enclosed(!path.steps.is_empty(), out, |out| number.write(out));
        }
        Head::String(value) => write_string(value, out),
        Head::Variable(name) => {
            text("$", out);
            write_string(name, out);
        }
        Head::Root => text("$", out),
        Head::Current => text("@", out),
        Head::Last => text("last", out),
        Head::Unary(sign, inner) => enclosed(parentheses, out, |out| {
            text(sign.symbol(), out);
            operand(inner, out);
        }),
        Head::Arithmetic(operation, left, right) => binary(left, operation.symbol(), right, out),
        Head::Predicate(predicate) => match &**predicate {
            Predicate::And(left, right) => binary(left, "&&", right, out),
            Predicate::Or(left, right) => binary(left, "||", right, out),
            Predicate::Compare(comparison, left, right) => {
                binary(left, comparison.symbol(), right, out);
            }
            Predicate::StartsWith(left, right) => binary(left, "starts with", right, out),
            Predicate::Not(inner) => wrapped("!(", inner, ")", out),
            Predicate::IsUnknown(inner) => wrapped("(", inner, ") is unknown", out),
            Predicate::Exists(inner) => wrapped("exists (", inner, ")", out),
            Predicate::LikeRegex(left, pattern) => enclosed(parentheses, out, |out| {
                operand(left, out);
                text(" like_regex ", out);
                write_string(&pattern.text, out);
                write_flags(pattern.flags, out);
            }),
        },
    }
    for step in &path.steps {
        write_step(step, out);
    }
}

fn enclosed(parentheses: bool, out: &mut Vec<u8>, inside: impl FnOnce(&mut Vec<u8>)) {
    if parentheses {
        out.push(b'(');
    }
    inside(out);
    if parentheses {
        out.push(b')');
    }
}

fn wrapped(before: &str, inner: &Path, after: &str, out: &mut Vec<u8>) {
    text(before, out);
    write(inner, false, out);
    text(after, out);
}

fn write_flags(flags: super::PatternFlags, out: &mut Vec<u8>) {
    let letters: String = [
        (flags.ignore_case, 'i'),
        (flags.dot_matches_newline, 's'),
        (flags.anchors_match_lines, 'm'),
        (flags.expanded, 'x'),
        (flags.literal, 'q'),
    ]
    .into_iter()
    .filter_map(|(set, letter)| set.then_some(letter))
    .collect();
    if !letters.is_empty() {
        text(&format!(" flag \"{letters}\""), out);
    }
}

fn write_step(step: &Step, out: &mut Vec<u8>) {
    match step {
        Step::Key(key) => {
            out.push(b'.');
            write_string(key, out);
        }
        Step::AnyKey => text(".*", out),
        Step::AnyElement => text("[*]", out),
        Step::Elements(ranges) => {
            out.push(b'[');
            for (n, range) in ranges.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write(&range.from, false, out);
                if let Some(to) = &range.to {
                    text(" to ", out);
                    write(to, false, out);
                }
            }
            out.push(b']');
        }
        Step::Descendants(first, last) => text(&levels(*first, *last), out),
        Step::Method(method) => text(&format!(".{}()", method.name()), out),
        Step::Datetime(template) => {
            text(".datetime(", out);
            if let Some(template) = template {
                write_string(template, out);
            }
            out.push(b')');
        }
        Step::Filter(inner) => wrapped("?(", inner, ")", out),
    }
}

fn levels(first: Level, last: Level) -> String {
    let name = |level: Level| match level {
        Level::Number(number) => number.to_string(),
        Level::Last => "last".to_owned(),
    };
    match (first, last) {
        (Level::Number(0), Level::Last) => ".**".to_owned(),
        (first, last) if first == last => format!(".**{{{}}}", name(first)),
        (first, last) => format!(".**{{{} to {}}}", name(first), name(last)),
    }
}
