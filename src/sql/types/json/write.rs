//! Printing documents as text.

use super::{JsonKind, JsonRef};

impl JsonRef<'_> {
    /// Appends the text form: `{"a": 1, "b": [true, null]}`.
    pub fn write(self, out: &mut Vec<u8>) {
        match self.kind() {
            JsonKind::Array => {
                out.push(b'[');
                for (index, element) in self.elements().enumerate() {
                    separate(index, b", ", out);
                    element.write(out);
                }
                out.push(b']');
            }
            JsonKind::Object => {
                out.push(b'{');
                for (index, (key, value)) in self.members().enumerate() {
                    separate(index, b", ", out);
                    write_string(key, out);
                    out.extend_from_slice(b": ");
                    value.write(out);
                }
                out.push(b'}');
            }
            _ => self.write_scalar(out),
        }
    }

    fn write_scalar(self, out: &mut Vec<u8>) {
        if let Some(text) = self.as_str() {
            write_string(text, out);
        } else if let Some(number) = self.as_numeric() {
            number.write(out);
        } else {
            out.extend_from_slice(match self.as_bool() {
                Some(true) => b"true",
                Some(false) => b"false",
                None => b"null",
            });
        }
    }
}

fn separate(index: usize, separator: &[u8], out: &mut Vec<u8>) {
    if index > 0 {
        out.extend_from_slice(separator);
    }
}

/// Appends the form that `jsonb_pretty` gives: four spaces per level.
pub fn write_pretty(value: JsonRef<'_>, level: usize, out: &mut Vec<u8>) {
    let line = |level: usize, out: &mut Vec<u8>| {
        out.push(b'\n');
        out.resize(out.len() + 4 * level, b' ');
    };
    match value.kind() {
        JsonKind::Array => {
            out.push(b'[');
            for (index, element) in value.elements().enumerate() {
                separate(index, b",", out);
                line(level + 1, out);
                write_pretty(element, level + 1, out);
            }
            line(level, out);
            out.push(b']');
        }
        JsonKind::Object => {
            out.push(b'{');
            for (index, (key, member)) in value.members().enumerate() {
                separate(index, b",", out);
                line(level + 1, out);
                write_string(key, out);
                out.extend_from_slice(b": ");
                write_pretty(member, level + 1, out);
            }
            line(level, out);
            out.push(b'}');
        }
        _ => value.write(out),
    }
}

/// Appends a JSON string literal.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
