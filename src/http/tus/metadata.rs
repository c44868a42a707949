//! `Upload-Metadata`: pairs of a key and a value in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::super::problem::Problem;

/// Bytes of the header.
const BYTES_MAX: usize = 16 << 10;

/// What metadata say of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    pub bucket: Option<String>,
    pub name: Option<String>,
    pub content_type: Option<String>,
    pub others: Map<String, Value>,
}

pub fn parse(header: &str) -> Result<Metadata, Problem> {
    let wrong = |message: &str| Err(Problem::bad_request(&format!("Upload-Metadata: {message}")));
    if header.len() > BYTES_MAX {
        return wrong("more than 16384 bytes");
    }
    let mut all = Map::new();
    for pair in header.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let Ok(value) = STANDARD.decode(value.trim()) else {
            return wrong(&format!("the value of \"{key}\" is not in base64"));
        };
        let Ok(value) = String::from_utf8(value) else {
            return wrong(&format!("the value of \"{key}\" is not UTF-8"));
        };
        if value.contains('\0') {
            return wrong(&format!("the value of \"{key}\" has a zero byte"));
        }
        if all.insert(key.to_owned(), Value::String(value)).is_some() {
            return wrong(&format!("\"{key}\" is there twice"));
        }
    }
    let mut take = |names: [&str; 2]| {
        // Uppy sends the same thing under both names.
        let found: Vec<Value> = names.iter().filter_map(|name| all.remove(*name)).collect();
        found.into_iter().find_map(|value| match value {
            Value::String(text) if !text.is_empty() && text != "null" => Some(text),
            _ => None,
        })
    };
    let bucket = take(["bucket", "bucketName"]);
    let name = take(["filename", "name"]);
    let content_type = take(["filetype", "type"]);
    Ok(Metadata { bucket, name, content_type, others: all })
}

/// The name in a `Content-Disposition`, which the draft's clients may send.
pub fn name_in_disposition(header: &str) -> Option<String> {
    let parameter = |name: &str| {
        let find = |part: &str| {
            let (found, value) = part.trim().split_once('=')?;
            found
                .trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().trim_matches('"').to_owned())
        };
        header.split(';').skip(1).find_map(find)
    };
    if let Some(encoded) =
        parameter("filename*").and_then(|v| v.strip_prefix("UTF-8''").map(str::to_owned))
    {
        return percent_encoding::percent_decode_str(&encoded).decode_utf8().ok().map(String::from);
    }
    parameter("filename")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_name_a_file() {
        let header = "filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential,bucket Yg==, filetype dGV4dC9wbGFpbg==";
        let read = parse(header).ok().unwrap();
        assert_eq!(read.name.as_deref(), Some("world_domination_plan.pdf"));
        assert_eq!(read.bucket.as_deref(), Some("b"));
        assert_eq!(read.content_type.as_deref(), Some("text/plain"));
        assert_eq!(Value::Object(read.others).to_string(), r#"{"is_confidential":""}"#);
        assert!(
            parse("a !!!").is_err() && parse("a Yg==,a Yg==").is_err() && parse("a /w==").is_err()
        );
        assert_eq!(parse("").ok().unwrap(), Metadata::default());
        assert_eq!(
            name_in_disposition("attachment; filename=\"a b.txt\"").as_deref(),
            Some("a b.txt")
        );
        assert_eq!(
            name_in_disposition("x; filename=a; filename*=UTF-8''%C3%A9").as_deref(),
            Some("é")
        );
    }
}
