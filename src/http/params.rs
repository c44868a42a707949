//! JSON values as a statement's parameters.
//!
//! | JSON | parameter |
//! |---|---|
//! | null | NULL |
//! | string | its text, read as the parameter's type |
//! | number, true, false | the same, in digits and words |
//! | array, of a parameter that is an array | its elements, each by these rules |
//! | array, object | its text, for `json` and `jsonb` |

use bytes::Bytes;
use serde_json::Value;

use crate::sql::functions::hex;

/// The text of a parameter, or NULL. `is_array`: of an array type.
pub fn text(value: &Value, is_array: bool) -> Option<Bytes> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes().into()),
        Value::Array(elements) if is_array => {
            let mut out = String::new();
            put_array(elements, &mut out);
            Some(out.into())
        }
        other => Some(other.to_string().into()),
    }
}

/// A parameter that is bytes, as `bytea` reads it.
pub fn bytea(bytes: &[u8]) -> Value {
    Value::String(format!("\\x{}", hex(bytes)))
}

fn put_array(elements: &[Value], out: &mut String) {
    out.push('{');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match element {
            Value::Null => out.push_str("NULL"),
            Value::Array(inner) => put_array(inner, out),
            Value::String(text) => put_quoted(text, out),
            other => put_quoted(&other.to_string(), out),
        }
    }
    out.push('}');
}

fn put_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{bytea, text};
    use serde_json::json;

    #[test]
    fn parameters_are_texts_of_their_types() {
        let of = |value, is_array| text(&value, is_array).map(|text| text.to_vec());
        assert_eq!(of(json!(null), false), None);
        assert_eq!(of(json!("a"), false), Some(b"a".to_vec()));
        assert_eq!(
            of(serde_json::from_str("1.50").expect("a number"), false),
            Some(b"1.50".to_vec())
        );
        assert_eq!(of(json!(true), false), Some(b"true".to_vec()));
        let array = json!([1, null, "a\"b\\c", [true], {"k": 1}]);
        let expected = r#"{"1",NULL,"a\"b\\c",{"true"},"{\"k\":1}"}"#;
        assert_eq!(of(array, true), Some(expected.as_bytes().to_vec()));
        assert_eq!(of(json!([1, {"k": 2}]), false), Some(br#"[1,{"k":2}]"#.to_vec()));
        assert_eq!(bytea(&[0, 255, 16]), json!("\\x00ff10"));
    }
}
