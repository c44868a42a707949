//! SIMILAR TO: SQL's regular expressions, rewritten as PostgreSQL's.

use super::functions::substring;
use crate::error::{Error, Result};
use crate::kernels;
use crate::sql::functions::Kernel;
use crate::sql::functions::call::arg_or_null;
use crate::sql::functions::pattern::escape_character;
use crate::sql::types::Datum;
use crate::sqlstate;

pub const KERNELS: &[Kernel] = kernels! {
    columns1 "similar_to_escape_1" => |pattern: &str| rewrite(pattern, Some('\\'));
    columns2 "similar_to_escape_2" =>
        |pattern: &str, escape: &str| rewrite(pattern, escape_character(escape)?);
    call "similar_escape" => |_, args| match arg_or_null::<&str>(args, 0)? {
        None => Ok(Datum::Null),
        Some(pattern) => {
            let escape = arg_or_null::<&str>(args, 1)?.map_or(Ok(Some('\\')), escape_character)?;
            rewrite(pattern, escape).map(Datum::Text)
        }
    };
    rows3 "substring_text_text_text" => |text: &str, pattern: &str, escape: &str|
        substring(text, &rewrite(pattern, escape_character(escape)?)?);
};

/// Rewrites a pattern. Two `escape "` marks divide it into three parts, of
/// which `substring` takes the middle; the first part matches as little as it can.
fn rewrite(pattern: &str, escape: Option<char>) -> Result<String> {
    let marks = escape.map_or(0, |escape| pattern.matches(&format!("{escape}\"")).count());
    if marks > 2 {
        return Err(Error::new(
            sqlstate::INVALID_USE_OF_ESCAPE_CHARACTER,
            "SQL regular expression may not contain more than two escape-double-quote separators",
        ));
    }
    let mut out = String::from("^(?:");
    let mut chars = pattern.chars();
    let mut bracket = false;
    let mut mark = 0;
    while let Some(c) = chars.next() {
        if Some(c) == escape {
            match chars.next() {
                Some('"') if !bracket => {
                    out.push_str(if mark == 0 { ")(" } else { ")(?:" });
                    mark += 1;
                }
                Some(c) => out.extend(['\\', c]),
                None => out.push_str("\\\\"),
            }
        } else if bracket {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
            bracket = c != ']';
        } else {
            bracket = c == '[';
            match c {
                '%' if marks == 2 && mark == 0 => out.push_str(".*?"),
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
    }
    out.push_str(")$");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_and_marks_become_expressions() {
        assert_eq!(rewrite("a%_.", Some('\\')).unwrap(), "^(?:a.*.\\.)$");
        assert_eq!(
            substring("foobar", &rewrite("%#\"o_b#\"%", Some('#')).unwrap()).unwrap().as_deref(),
            Some("oob")
        );
    }
}
