//! Lines and indentation of a printed query, as PostgreSQL lays them out.

/// The indentation of a query's clauses within the query that it is part of.
pub const CLAUSE: i32 = 8;
/// That of further items of a list.
pub const ITEM: i32 = 4;
/// Deeper than this, lines are not indented further.
const INDENT_MAX: usize = 40;

/// The text so far, and how far the next line is indented.
pub struct Page {
    pub text: String,
    pub indent: i32,
}

impl Page {
    pub fn new(indent: i32) -> Page {
        Page { text: String::new(), indent }
    }

    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Begins a line with a word: the indentation changes by `before`, is `plus` more on
    /// this line, and changes by `after` for those that follow.
    pub fn line(&mut self, word: &str, before: i32, after: i32, plus: i32) {
        self.indent += before;
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
        let spaces = usize::try_from(self.indent.max(0) + plus).unwrap_or(0);
        self.text.push_str(&" ".repeat(spaces.min(INDENT_MAX)));
        self.text.push_str(word);
        self.indent = (self.indent + after).max(0);
    }

    /// Adds an item of a list, on a line of its own unless it is the first.
    pub fn item(&mut self, text: &str, is_first: bool) {
        if text.starts_with('\n') {
            self.text.truncate(self.text.trim_end_matches(' ').len());
        } else if !is_first {
            self.line("", -CLAUSE, CLAUSE, ITEM);
        }
        self.text.push_str(text);
    }
}

/// The lines of CASE in an expression, indented; other line ends are not the printer's.
pub fn indented_cases(text: &str, indent: i32) -> String {
    let spaces = " ".repeat(usize::try_from(indent).unwrap_or(0).min(INDENT_MAX));
    let mut out = text.to_owned();
    for word in ["CASE", "    WHEN ", "    ELSE ", "END"] {
        out = out.replace(&format!("\n{word}"), &format!("\n{spaces}{word}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_follow_on_lines_of_their_own() {
        let mut page = Page::new(8);
        page.push(" SELECT ");
        page.item("a", true);
        page.push(", ");
        page.item("b", false);
        page.line(" FROM ", -CLAUSE, CLAUSE, 2);
        page.item("t", true);
        assert_eq!(page.text, " SELECT a,\n    b\n   FROM t");
    }

    #[test]
    fn a_case_begins_its_own_line() {
        assert_eq!(indented_cases("\nCASE\n    WHEN a", 8), "\n        CASE\n            WHEN a");
    }
}
