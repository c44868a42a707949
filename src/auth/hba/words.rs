//! The words of `pg_hba.conf` and `pg_ident.conf`: lines, fields, lists.
//!
//! Fields are parted by blanks; a field is a list of words with commas between them. A
//! word in double quotes is never a keyword. `#` begins a comment, a backslash at the
//! end of a line joins the next one, and `@name` stands for the words of another file.

use std::io::Read;
use std::path::Path;

/// Bytes of one file; a longer one is an error.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Files within files.
const DEPTH_MAX: usize = 10;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    pub text: String,
    pub is_quoted: bool,
}

/// A line that is not empty: its fields, or why they cannot be read.
pub struct Fields {
    /// Of the file, from 1; the first of lines that are joined.
    pub number: usize,
    pub fields: Result<Vec<Vec<Word>>, String>,
}

impl Word {
    /// What may be a keyword.
    pub fn keyword(&self) -> Option<&str> {
        (!self.is_quoted).then_some(self.text.as_str())
    }
}

/// A file's text; none if there is no such file.
pub fn read_file(path: &Path) -> std::io::Result<Option<String>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("longer than {FILE_BYTES_MAX} bytes")));
    }
    Ok(Some(text))
}

/// The lines of a text that have words. `directory` is where `@name` starts.
pub fn lines(text: &str, directory: &Path) -> Vec<Fields> {
    lines_at(text, directory, 0)
}

fn lines_at(text: &str, directory: &Path, depth: usize) -> Vec<Fields> {
    let mut found = Vec::new();
    let mut source = text.lines().enumerate();
    while let Some((index, line)) = source.next() {
        let mut joined = line.to_owned();
        while joined.ends_with('\\') {
            joined.pop();
            let Some((_, next)) = source.next() else { break };
            joined.push_str(next);
        }
        let fields = fields(&joined, directory, depth);
        if fields.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        found.push(Fields { number: index + 1, fields });
    }
    found
}

fn fields(line: &str, directory: &Path, depth: usize) -> Result<Vec<Vec<Word>>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let mut field = Vec::new();
        while let Some((word, has_more, after)) = next_word(rest) {
            rest = after;
            match word.keyword().and_then(|text| text.strip_prefix('@')) {
                Some(name) if !name.is_empty() => {
                    field.extend(words_of_file(name, directory, depth + 1)?);
                }
                _ => field.push(word),
            }
            if !has_more {
                break;
            }
        }
        if field.is_empty() {
            return Ok(fields);
        }
        fields.push(field);
    }
}

fn words_of_file(name: &str, directory: &Path, depth: usize) -> Result<Vec<Word>, String> {
    let path = directory.join(name);
    let failed = |why: &dyn std::fmt::Display| {
        format!(
            "could not open secondary authentication file \"@{name}\" as \"{}\": {why}",
            path.display()
        )
    };
    if depth > DEPTH_MAX {
        return Err(failed(&format!("more than {DEPTH_MAX} files within files")));
    }
    let text = match read_file(&path) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(failed(&"No such file or directory")),
        Err(error) => return Err(failed(&error)),
    };
    let below = path.parent().unwrap_or(directory);
    let mut words = Vec::new();
    for line in lines_at(&text, below, depth) {
        words.extend(line.fields?.into_iter().flatten());
    }
    Ok(words)
}

/// The next word, whether a comma follows it, and what is left; none at the line's end.
fn next_word(text: &str) -> Option<(Word, bool, &str)> {
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}');
    let start = text.trim_start_matches(|c| is_blank(c) || c == ',');
    let mut word = Word { text: String::new(), is_quoted: false };
    let (mut in_quotes, mut was_quote, mut begun) = (false, false, false);
    for (at, c) in start.char_indices() {
        if c == '#' && !in_quotes {
            return begun.then_some((word, false, ""));
        }
        if is_blank(c) && !in_quotes {
            return Some((word, false, &start[at..]));
        }
        if c == ',' && !in_quotes {
            return Some((word, true, &start[at + 1..]));
        }
        match c {
            '"' => {
                // Two quotes within quotes are one.
                if was_quote && !in_quotes {
                    word.text.push('"');
                }
                was_quote = in_quotes;
                in_quotes = !in_quotes;
                word.is_quoted |= !begun;
            }
            c => {
                word.text.push(c);
                was_quote = false;
            }
        }
        begun = true;
    }
    begun.then_some((word, false, ""))
}
