//! The architecture, held by reading the `use` lines of `src`.
//!
//! A layer names only what stands at its own height or below it, and each
//! outside library is named in one folder.

use std::path::{Path, PathBuf};

/// Folders from the top down. `error` and `sqlstate` are everybody's.
const LAYERS: [&[&str]; 7] = [
    &["server"],
    &["pg", "http", "rtc", "jobs", "events"],
    &["session"],
    &["sql"],
    &[
        "audit",
        "auth",
        "table",
        "index",
        "catalog",
        "backup",
        "coordinator",
        "files",
        "observe",
        "rooms",
    ],
    &["txn"],
    &["storage"],
];

/// What a lower layer may name above it, because it is vocabulary, not machinery.
const VOCABULARY: [&str; 5] =
    ["sql::types", "sql::functions", "sql::ir", "sql::run::work", "sql::outcome"];

/// Libraries that one folder hides from the rest.
const HIDDEN: [(&str, &[&str]); 14] = [
    ("axum", &["src/http"]),
    ("hyper", &["src/http"]),
    ("object_store", &["src/files"]),
    ("opentelemetry", &["src/observe"]),
    ("opentelemetry_otlp", &["src/observe"]),
    ("opentelemetry_sdk", &["src/observe"]),
    ("prometheus_client", &["src/observe"]),
    ("pgwire", &["src/pg"]),
    ("pg_query", &["src/sql/parse"]),
    ("fjall", &["src/storage"]),
    ("sfa", &["src/storage"]),
    ("tokio_postgres", &["src/coordinator", "src/server"]),
    ("webrtc", &["src/rtc"]),
    ("rustls", &["src/coordinator", "src/pg", "src/server"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(Path::new("src"), &mut found);
    // Tests may look at everything.
    found.retain(|(path, _)| !path.iter().any(|part| part == "tests" || part == "tests.rs"));
    found
}

fn collect(directory: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(directory).expect("the directory is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("the file is readable");
            found.push((path, text));
        }
    }
}

/// The paths that a file's code names, without comments.
fn named<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> + 't {
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")).flat_map(move |line| {
        line.match_indices(prefix).map(move |(at, _)| &line[at + prefix.len()..])
    })
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

#[test]
fn arrows_point_down_only() {
    let mut upward = Vec::new();
    for (path, text) in sources() {
        let Some(folder) = path.strip_prefix("src").ok().and_then(|path| path.iter().next()) else {
            continue;
        };
        let folder = folder.to_string_lossy().trim_end_matches(".rs").to_owned();
        let Some(own) = layer_of(&folder) else { continue };
        for rest in named(&text, "crate::") {
            let module = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next();
            let Some(layer) = module.and_then(layer_of) else { continue };
            let vocabulary = VOCABULARY.iter().any(|name| rest.starts_with(name))
                || rest.starts_with("sql::run::{StatementContext, Work}")
                || rest.starts_with("sql::run::StatementContext")
                || rest.starts_with("sql::run::Work")
                || rest.starts_with("sql::parse");
            if layer < own && !(vocabulary && own < layer_of("txn").expect("a layer")) {
                upward.push(format!("{}: crate::{rest}", path.display()));
            }
        }
    }
    assert!(upward.is_empty(), "these point up:\n{}", upward.join("\n"));
}

#[test]
fn each_outside_library_is_named_in_one_folder() {
    let mut elsewhere = Vec::new();
    for (path, text) in sources() {
        for (library, folders) in HIDDEN {
            let inside = folders.iter().any(|folder| path.starts_with(folder));
            let prefix = format!("{library}::");
            let used = named(&text, &prefix).next().is_some();
            if used && !inside {
                elsewhere.push(format!("{} names {library}", path.display()));
            }
        }
    }
    assert!(elsewhere.is_empty(), "{}", elsewhere.join("\n"));
}

#[test]
fn storage_and_txn_know_bytes_only() {
    for (path, text) in sources() {
        if !path.starts_with("src/storage") && !path.starts_with("src/txn") {
            continue;
        }
        for library in ["datafusion", "arrow", "tokio", "pg_query"] {
            let prefix = format!("{library}::");
            assert!(named(&text, &prefix).next().is_none(), "{} names {library}", path.display());
        }
    }
}
