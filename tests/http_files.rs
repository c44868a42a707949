//! Files over HTTP.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::request::{Answer, Asker, bytes_of};
use crate::support::zserver::Zserver;

fn started(environment: &[(&str, &str)]) -> (Zserver, Asker, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, port) =
        Zserver::start_with_http(&directory.path().join("data"), true, environment);
    (server, Asker::new(port, "postgres"), directory)
}

fn make(asker: &Asker, bucket: &str, settings: Value) {
    let made =
        asker.send("PUT", &format!("/api/v1/files/{bucket}"), "", settings.to_string().as_bytes());
    assert_eq!(made.status, 201, "{}", made.text());
}

fn path(name: &str) -> String {
    format!("/api/v1/files/{name}")
}

fn put(asker: &Asker, name: &str, headers: &str, body: &[u8]) -> Answer {
    asker.send("PUT", &path(name), headers, body)
}

fn hash(data: &[u8]) -> String {
    blake3::hash(data).to_hex().to_string()
}

/// The files of contents below a data directory.
fn contents(data: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for first in 0..=255_u8 {
        let directory = data.join("files").join(format!("{first:02x}"));
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        found.extend(entries.map(|entry| entry.path()));
    }
    found
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn files_are_stored_and_read() {
    let (_server, asker, directory) = started(&[]);
    make(&asker, "b", json!({}));
    for (name, size) in
        [("empty", 0), ("small.txt", 10), ("d/large.bin", 300_000), ("d/e/two.bin", 3_000_000)]
    {
        let data = bytes_of(size, size as u64);
        let stored = put(
            &asker,
            &format!("b/{name}"),
            "Content-Type: text/plain\r\nZserver-Metadata: {\"a\": \"é\"}\r\n",
            &data,
        );
        assert_eq!(stored.status, 201, "{}", stored.text());
        assert_eq!(stored.json()["hash"], json!(hash(&data)));
        let read = asker.ask("GET", &path(&format!("b/{name}")));
        assert!(read.status == 200 && read.body == data, "{name}: {}", read.head);
        assert_eq!(read.header("etag"), Some(format!("\"{}\"", hash(&data)).as_str()));
        assert_eq!(read.header("content-type"), Some("text/plain"));
        assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(read.header("zserver-metadata"), Some("{\"a\":\"\\u00e9\"}"), "{}", read.head);
        let head = asker.ask("HEAD", &path(&format!("b/{name}")));
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
    }
    // The same content once more is no other file.
    let before = contents(&directory.path().join("data")).len();
    assert_eq!(before, 2);
    put(&asker, "b/again", "", &bytes_of(300_000, 300_000));
    assert_eq!(contents(&directory.path().join("data")).len(), before);
    let list = |query: &str| asker.ask("GET", &path(&format!("b?{query}"))).json();
    let names = |list: &Value| -> Vec<String> {
        list["files"]
            .as_array()
            .expect("files")
            .iter()
            .map(|f| f["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&list("")), ["again", "d/e/two.bin", "d/large.bin", "empty", "small.txt"]);
    let delimited = list("delimiter=/");
    assert_eq!(
        (names(&delimited), &delimited["prefixes"]),
        (vec!["again".to_owned(), "empty".to_owned(), "small.txt".to_owned()], &json!(["d/"]))
    );
    let inner = list("prefix=d/&delimiter=/");
    assert_eq!(
        (names(&inner), &inner["prefixes"]),
        (vec!["d/large.bin".to_owned()], &json!(["d/e/"]))
    );
    let page = list("delimiter=/&limit=2");
    assert_eq!((&page["next"], &page["prefixes"]), (&json!("d/"), &json!(["d/"])));
    assert_eq!(names(&list("delimiter=/&after=d/")), ["empty", "small.txt"]);
    let gone = asker.ask("DELETE", &path("b/again"));
    assert_eq!(gone.status, 204);
    assert_eq!(asker.ask("GET", &path("b/again")).refusal(), (404, "58P01".to_owned()));
    assert_eq!(asker.ask("DELETE", &path("b/again")).status, 404);
    assert_eq!(asker.ask("DELETE", &path("b")).refusal(), (409, "23503".to_owned()));
    assert_eq!(asker.ask("GET", &path("nothing")).refusal(), (404, "42704".to_owned()));
    assert_eq!(put(&asker, "nothing/x", "", b"x").refusal(), (404, "42704".to_owned()));
}

#[test]
fn parts_of_files_are_read_and_conditions_held() {
    let (_server, asker, _directory) = started(&[]);
    make(&asker, "b", json!({}));
    for size in [1_000, 200_000] {
        let data = bytes_of(size, 1);
        put(&asker, "b/x", "", &data);
        let get = |headers: &str| asker.send("GET", &path("b/x"), headers, b"");
        let etag = get("").header("etag").expect("a tag").to_owned();
        let modified = get("").header("last-modified").expect("a time").to_owned();
        let part = get("Range: bytes=10-19\r\n");
        assert_eq!((part.status, part.body.as_slice()), (206, &data[10..20]));
        assert_eq!(part.header("content-range"), Some(format!("bytes 10-19/{size}").as_str()));
        assert_eq!(get("Range: bytes=-5\r\n").body, data[size - 5..]);
        assert_eq!(get(&format!("Range: bytes={}-\r\n", size - 7)).body, data[size - 7..]);
        let beyond = get(&format!("Range: bytes={size}-\r\n"));
        assert_eq!(
            (beyond.status, beyond.header("content-range")),
            (416, Some(format!("bytes */{size}").as_str()))
        );
        assert_eq!(get("Range: bytes=x\r\n").status, 200);
        let several = get("Range: bytes=0-1,100-102\r\n");
        assert_eq!(several.status, 206);
        let kind = several.header("content-type").expect("a type").to_owned();
        let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("parts");
        let mut expected = Vec::new();
        for (from, to) in [(0, 1), (100, 102)] {
            let head = format!(
                "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {from}-{to}/{size}\r\n\r\n"
            );
            expected.extend_from_slice(head.as_bytes());
            expected.extend_from_slice(&data[from..=to]);
        }
        expected.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert!(several.is_whole && several.body == expected);
        let range = "Range: bytes=0-0\r\n";
        assert_eq!(get(&format!("{range}If-Range: {etag}\r\n")).status, 206);
        assert_eq!(get(&format!("{range}If-Range: {modified}\r\n")).status, 206);
        assert_eq!(get(&format!("{range}If-Range: \"other\"\r\n")).status, 200);
        assert_eq!(get(&format!("If-None-Match: \"y\", {etag}\r\n")).status, 304);
        assert_eq!(get(&format!("If-Modified-Since: {modified}\r\n")).status, 304);
        assert_eq!(get("If-Match: \"other\"\r\n").status, 412);
        assert_eq!(get("If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT\r\n").status, 412);
        let put = |headers: &str, body: &[u8]| put(&asker, "b/x", headers, body).status;
        assert_eq!(put("If-None-Match: *\r\n", b"new"), 412);
        assert_eq!(put("If-Match: \"00\"\r\n", b"new"), 412);
        assert_eq!(put("If-Match: \"00\"\r\n", &data), 412);
        assert_eq!(put(&format!("If-Match: {etag}\r\n"), b"new"), 201);
        assert_eq!(put("If-Match: *\r\n", b"newer"), 201);
        assert_eq!(
            asker.send("DELETE", &path("b/x"), &format!("If-Match: {etag}\r\n"), b"").status,
            412
        );
    }
    assert_eq!(put(&asker, "b/y", "If-None-Match: *\r\n", b"y").status, 201);
    assert_eq!(put(&asker, "b/z", "If-Match: *\r\n", b"y").status, 412);
    // Of those who would make the same name, one does.
    let made: usize = std::thread::scope(|scope| {
        let asker = &asker;
        let tries: Vec<_> = (0..8_u8)
            .map(|n| scope.spawn(move || put(asker, "b/one", "If-None-Match: *\r\n", &[n]).status))
            .collect();
        tries
            .into_iter()
            .filter_map(|one| (one.join().expect("no panic") == 201).then_some(()))
            .count()
    });
    assert_eq!(made, 1);
}

#[test]
fn digests_names_and_bodies_are_checked() {
    let (_server, asker, _directory) = started(&[("ZSERVER_HTTP_MAX_FILE", "1MB")]);
    make(&asker, "b", json!({}));
    let right = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
    let wrong = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCX=:";
    let put_with = |headers: &str| put(&asker, "b/x", headers, b"hello").status;
    assert_eq!(put_with(&format!("Content-Digest: {right}\r\n")), 201);
    assert_eq!(put_with(&format!("Repr-Digest: {right}, unixsum=:AA==:\r\n")), 201);
    for refused in [
        &format!("Content-Digest: {wrong}\r\n"),
        "Repr-Digest: md5=:AA==:\r\n",
        "Content-Digest: x\r\n",
        "Zserver-Metadata: [1]\r\n",
        "Zserver-Metadata: {\r\n",
    ] {
        assert_eq!(put_with(refused), 400, "{refused}");
    }
    for unsupported in [
        "Content-Encoding: gzip\r\n",
        "Content-Range: bytes 0-1/5\r\n",
        "If-None-Match: \"x\"\r\n",
        "If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT\r\n",
    ] {
        assert_eq!(put_with(unsupported), 501, "{unsupported}");
    }
    for name in [
        "b/..",
        "b/a/../c",
        "b/a/%2e%2e/c",
        "b/%252e%252e",
        "b/a%00b",
        "b/%2Fetc/passwd",
        "b/a//b",
        "b/C:x",
        "b/a%5Cb",
        "b/nul.txt",
        "b/COM1",
        "b/%ff",
        "B/x",
        &format!("b/{}", "x".repeat(256)),
        &format!("b/{}", "x/".repeat(600)),
    ] {
        assert_eq!(put(&asker, name, "", b"x").status, 400, "{name}");
        assert_eq!(asker.ask("GET", &path(name)).status, 400, "{name}");
    }
    assert_eq!(asker.ask("GET", &path("b/x?unknown=1")).status, 400);
    // What is known and meant for other requests is not passed over.
    for (method, query) in [
        ("GET", "copy=b/y"),
        ("GET", "sign"),
        ("GET", "after=1"),
        ("GET", "versions&download"),
        ("HEAD", "versions"),
        ("PUT", "version=1"),
        ("PUT", "copy=b/y"),
        ("POST", "copy=b/x&download"),
        ("POST", "sign&version=1"),
        ("DELETE", "versions"),
        ("DELETE", "signature"),
    ] {
        let answer = asker.ask(method, &path(&format!("b/x?{query}")));
        assert!(matches!(answer.status, 400 | 403), "{method} {query}: {}", answer.status);
    }
    assert_eq!(asker.ask("GET", &path("b/x")).text(), "hello");
    asker.send("PATCH", &path("b"), "", b"{\"public\": true}");
    let nobody = Asker::nobody(asker.port);
    assert_eq!(nobody.ask("GET", &path("b/x?download&database=postgres")).status, 200);
    assert_eq!(nobody.ask("GET", &path("b/x?limit=1")).status, 400);
    assert_eq!(nobody.ask("GET", &path("b/x?versions")).status, 401);
    let large = bytes_of((1 << 20) + 1, 1);
    assert_eq!(put(&asker, "b/large", "", &large).refusal(), (413, "54000".to_owned()));
    // Without a length it is noticed on the way.
    let mut stream = asker
        .begin("PUT", &path("b/large"), "Transfer-Encoding: chunked\r\n")
        .expect("a connection");
    use std::io::Write;
    for piece in large.chunks(50_000) {
        let sent = stream
            .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
            .and_then(|()| stream.write_all(piece))
            .and_then(|()| stream.write_all(b"\r\n"));
        if sent.is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    if let Some(answer) = crate::support::request::answer(&mut stream, "PUT") {
        assert_eq!(answer.status, 413);
    }
    assert_eq!(asker.ask("GET", &path("b/large")).status, 404);
    assert_eq!(asker.send("PUT", &path("Bad"), "", b"{}").status, 400);
    assert_eq!(asker.send("PUT", &path("c"), "", b"{\"publik\": true}").status, 400);
    assert_eq!(asker.send("PUT", &path("b"), "", b"{}").refusal(), (409, "23505".to_owned()));
    assert_eq!(asker.ask("PATCH", &path("b/x")).status, 405);
}

#[test]
fn a_query_holds_what_the_request_looks_at() {
    let (_server, asker, _directory) = started(&[]);
    make(&asker, "b", json!({}));
    assert_eq!(put(&asker, "b/x", "", b"one").status, 201);
    for (method, query, status) in [
        ("GET", "", 200),
        ("GET", "?download", 200),
        ("GET", "?versions&limit=1", 200),
        ("GET", "?database=postgres", 200),
        ("GET", "?versions&version=1", 400),
        ("GET", "?limit=1", 400),
        ("GET", "?copy=b/x", 400),
        ("HEAD", "?versions", 400),
        ("PUT", "?version=1", 400),
        ("PUT", "?copy=b/x", 400),
        ("PUT", "?database=postgres", 400),
        ("POST", "?sign&version=1", 400),
        ("POST", "?valid_for_s=5", 400),
        ("POST", "?copy=b/x&sign", 400),
        ("DELETE", "?versions", 400),
        ("DELETE", "", 204),
    ] {
        let answer = asker.ask(method, &path(&format!("b/x{query}")));
        assert_eq!(answer.status, status, "{method} {query}: {}", answer.text());
    }
    // Nor does a URL that is signed take what is said of a file.
    for header in ["If-Match: *", "If-None-Match: *", "Zserver-Metadata: {}", "Repr-Digest: x"] {
        let answer = asker.send("POST", &path("b/x?sign"), &format!("{header}\r\n"), b"");
        assert_eq!(answer.status, 400, "{header}: {}", answer.text());
    }
    assert_eq!(asker.ask("POST", &path("b/x?sign")).status, 200);
}

#[test]
fn versions_and_copies() {
    let (_server, asker, _directory) = started(&[]);
    make(&asker, "v", json!({"versioning": true}));
    make(&asker, "b", json!({}));
    let version = |answer: Answer| answer.json()["version"].as_i64().expect("a version");
    let one = version(put(&asker, "v/x", "Content-Type: text/html\r\n", b"one"));
    let large = bytes_of(100_000, 2);
    let two = version(put(&asker, "v/x", "", &large));
    let get = |path: &str| asker.ask("GET", path);
    assert!(get(&path("v/x")).body == large);
    let old = get(&path(&format!("v/x?version={one}")));
    assert_eq!(old.text(), "one");
    assert_eq!(old.header("content-disposition"), Some("attachment; filename=\"x\""));
    let versions = get(&path("v/x?versions")).json();
    assert_eq!(versions["versions"][0]["version"], json!(two));
    assert_eq!(versions["versions"][1]["latest"], json!(false));
    let page = get(&path("v/x?versions&limit=1")).json();
    assert_eq!((page["versions"].as_array().map(Vec::len), &page["next"]), (Some(1), &json!(two)));
    // What is deleted stays as a version; a version that is deleted uncovers the one before.
    assert_eq!(asker.ask("DELETE", &path("v/x")).status, 204);
    assert_eq!(get(&path("v/x")).status, 404);
    assert!(get(&path(&format!("v/x?version={two}"))).body == large);
    let three = version(put(&asker, "v/x", "", b"three"));
    assert_eq!(asker.ask("DELETE", &path(&format!("v/x?version={three}"))).status, 204);
    assert!(get(&path("v/x")).body == large);
    let copied = asker.ask("POST", &path(&format!("b/y?copy=v/x&version={one}")));
    assert_eq!(copied.status, 201, "{}", copied.text());
    let copy = get(&path("b/y"));
    assert_eq!((copy.text().as_str(), copy.header("content-type")), ("one", Some("text/html")));
    assert_eq!(asker.ask("POST", &path("b/z?copy=v/nothing")).status, 404);
    assert_eq!(asker.send("POST", &path("b/y?copy=v/x"), "If-None-Match: *\r\n", b"").status, 412);
    let changed = asker.send("PATCH", &path("b"), "", b"{\"quota\": 10, \"public\": true}");
    assert_eq!((changed.status, &changed.json()["quota"]), (200, &json!(10)));
    assert_eq!(asker.ask("POST", &path("b/z?copy=v/x")).refusal(), (413, "54000".to_owned()));
    let buckets = get("/api/v1/files").json();
    assert_eq!(buckets["buckets"][0]["name"], json!("b"));
    assert_eq!(
        asker.send("PATCH", &path("b"), "", b"{\"quota\": null}").json()["quota"],
        Value::Null
    );
}

#[test]
fn rights_are_those_of_roles() {
    let (_server, asker, _directory) = started(&[]);
    make(&asker, "b", json!({}));
    for role in ["ann", "bob", "eve"] {
        asker.sql(&format!("create role {role} login"));
    }
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|role| Asker::new(asker.port, role));
    let refused = (403, "42501".to_owned());
    assert_eq!(ann.send("PUT", &path("own"), "", b"{}").refusal(), refused);
    make(&asker, "own", json!({"owner": "ann", "readers": ["bob"]}));
    let secret = bytes_of(70_000, 3);
    assert_eq!(put(&ann, "own/x", "", &secret).status, 201);
    assert!(bob.ask("GET", &path("own/x")).body == secret);
    assert_eq!(put(&bob, "own/y", "", b"y").refusal(), refused);
    assert_eq!(put(&bob, "own/y", "", &secret).refusal(), refused);
    assert_eq!(bob.ask("DELETE", &path("own/x")).refusal(), refused);
    for who in [&eve, &Asker::new(asker.port, "eve")] {
        assert_eq!(who.ask("GET", &path("own/x")).status, 404);
        assert_eq!(who.ask("GET", &path("own")).status, 404);
        assert_eq!(put(who, "own/y", "", b"y").status, 404);
    }
    // A hash is no key to its content.
    make(&asker, "eves", json!({"owner": "eve"}));
    let known = hash(&secret);
    let theft = format!(
        "insert into files.objects (bucket, name, hash, size) values ('eves', 'x', '\\x{known}', 70000)"
    );
    let body = json!({"query": theft}).to_string();
    assert_eq!(eve.send("POST", "/api/v1/sql", "", body.as_bytes()).refusal(), refused);
    let forged =
        json!({"query": format!("select files.add_content('\\x{known}', 70000, 'disk', null)")})
            .to_string();
    assert_eq!(eve.send("POST", "/api/v1/sql", "", forged.as_bytes()).refusal(), refused);
    // A receipt for a small content is none to say where a content is.
    let shared = bytes_of(1_000, 4);
    assert_eq!(put(&ann, "own/small", "", &shared).status, 201);
    let digits: String = shared.iter().map(|byte| format!("{byte:02x}")).collect();
    let lost = json!({"query": format!(
        "do $$ begin perform set_config('files.receipt', files.add_small('\\x{digits}'), true); \
         perform files.add_content(files.blake3('\\x{digits}'), 1000, 's3', null); end $$"
    )});
    let lost = eve.send("POST", "/api/v1/sql", "", lost.to_string().as_bytes());
    assert_eq!(lost.refusal(), refused, "{}", lost.text());
    assert!(ann.ask("GET", &path("own/small")).body == shared);
    assert_eq!(eve.ask("POST", &path("eves/x?copy=own/x")).status, 404);
    // Who has the content in hand may bring it, whoever has it already.
    assert_eq!(put(&eve, "eves/x", "", &secret).status, 201);
    // A policy of somebody's own.
    asker.sql("create policy drop_box on files.objects for insert to bob with check (bucket = 'own' and name like 'in/%')");
    assert_eq!(put(&bob, "own/in/note", "", b"note").status, 201);
    assert_eq!(put(&bob, "own/out/note", "", b"note").refusal(), refused);
    assert_eq!(
        asker.sql("select made_by from files.objects where name = 'in/note'"),
        json!([["bob"]])
    );
    // Everybody reads what is public, without a name.
    let nobody = Asker::nobody(asker.port);
    assert_eq!(nobody.ask("GET", &path("own/x")).status, 401);
    assert_eq!(asker.send("PATCH", &path("own"), "", b"{\"public\": true}").status, 200);
    assert!(nobody.ask("GET", &path("own/x")).body == secret);
    assert_eq!(nobody.send("GET", &path("own/x"), "Range: bytes=0-1\r\n", b"").body, secret[..2]);
    assert!(eve.ask("GET", &path("own/x")).body == secret);
    assert_eq!(put(&nobody, "own/z", "", b"z").status, 401);
    assert_eq!(nobody.ask("GET", &path("own/nothing")).status, 401);
    // The rights of a role that is gone are gone.
    asker.sql("update files.buckets set writers = '{gone}' where name = 'own'");
    assert_eq!(put(&eve, "own/z", "", b"z").refusal(), refused);
}

/// Functions of a role's own that its search path names before PostgreSQL's.
#[test]
fn no_receipt_is_shown_to_functions_of_roles() {
    let (_server, asker, _directory) = started(&[]);
    let shared = bytes_of(1_000, 4);
    let digits = hash(&shared);
    make(&asker, "others", json!({}));
    assert_eq!(put(&asker, "others/x", "", &shared).status, 201);
    for statement in [
        "create role ann login".to_owned(),
        "create schema mine authorization ann".to_owned(),
        "create table mine.seen (step text, receipt text)".to_owned(),
        "alter table mine.seen owner to ann".to_owned(),
        "create function mine.set_config(name text, value text, is_local boolean) returns text language plpgsql as $$ begin \
         insert into mine.seen values ('set', value); return pg_catalog.set_config(name, value, is_local); end $$"
            .to_owned(),
        format!(
            "create function mine.hashtextextended(of text, seed bigint) returns bigint language plpgsql as $$ begin \
             insert into mine.seen values ('store', current_setting('files.receipt')); \
             begin perform files.add_content('\\x{digits}', 1000, 's3', null); \
             exception when insufficient_privilege then null; end; return 1; end $$"
        ),
        "alter role ann set search_path = mine, pg_catalog".to_owned(),
    ] {
        asker.sql(&statement);
    }
    make(&asker, "own", json!({"owner": "ann"}));
    assert_eq!(put(&Asker::new(asker.port, "ann"), "own/x", "", &shared).status, 201);
    // Its own function did run, with what lets it have the content.
    assert_eq!(asker.sql("select step from mine.seen"), json!([["store"]]));
    assert!(asker.ask("GET", &path("others/x")).body == shared);
    let where_it_is = format!("select location from files.contents where hash = '\\x{digits}'");
    assert_eq!(asker.sql(&where_it_is), json!([["database"]]));
    // Nor does an operator of its own decide whether it may read a content.
    let secret = hash(&bytes_of(500, 5));
    assert_eq!(put(&asker, "others/secret", "", &bytes_of(500, 5)).status, 201);
    asker.sql("create function mine.always(a bytea, b bytea) returns boolean language sql immutable as 'select true'");
    asker.sql("create operator mine.= (leftarg = bytea, rightarg = bytea, function = mine.always)");
    let theft = format!(
        "insert into files.objects (bucket, name, hash, size) values ('own', 'y', '\\x{secret}', 500)"
    );
    let body = json!({"query": theft}).to_string();
    let ann = Asker::new(asker.port, "ann");
    let answer = ann.send("POST", "/api/v1/sql", "", body.as_bytes());
    assert_eq!(answer.refusal(), (403, "42501".to_owned()), "{}", answer.text());
}

#[test]
fn signed_urls_lend_rights_for_a_time() {
    let (_server, asker, _directory) = started(&[]);
    asker.sql("create role ann login");
    make(&asker, "own", json!({"owner": "ann"}));
    let ann = Asker::new(asker.port, "ann");
    let nobody = Asker::nobody(asker.port);
    let sign = |query: &str| {
        let answer = ann.ask("POST", &path(&format!("own/%C3%A9%20x?sign{query}")));
        answer.json()["url"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
    };
    put(&ann, "own/%C3%A9%20x", "", b"data");
    let url = sign("");
    assert_eq!(nobody.ask("GET", &url).text(), "data");
    assert_eq!(nobody.ask("HEAD", &url).status, 200);
    assert_eq!(nobody.ask("DELETE", &url).status, 403);
    assert_eq!(nobody.send("PUT", &url, "", b"x").status, 403);
    let upload = sign("&method=PUT");
    assert_eq!(nobody.send("PUT", &upload, "", b"new data").status, 201);
    assert_eq!(nobody.ask("GET", &upload).status, 403);
    assert_eq!(nobody.ask("GET", &url).text(), "new data");
    for tampered in [
        url.replace("%C3%A9", "%C3%AA"),
        url.replace("role=ann", "role=postgres"),
        url.replace("expires=1", "expires=2"),
        format!("{}{}", &url[..url.len() - 1], if url.ends_with('0') { '1' } else { '0' }),
        url.replace("&expires", "&limit"),
    ] {
        let status = nobody.ask("GET", &tampered).status;
        assert!(matches!(status, 400 | 403), "{status} {tampered}");
    }
    // Who has proved nothing makes nothing: neither in a database without files nor in none.
    asker.sql("create database bare");
    let mut bare = Asker::new(asker.port, "postgres");
    bare.headers = bare.headers.replace("Database: postgres", "Database: bare");
    for database in ["bare", "nowhere"] {
        let elsewhere = url.replace("database=postgres", &format!("database={database}"));
        assert_eq!(nobody.ask("GET", &elsewhere).status, 403, "{elsewhere}");
        let open = format!("{}?database={database}", path("own/x"));
        assert_eq!(nobody.ask("GET", &open).status, 401);
    }
    assert_eq!(bare.sql("select count(*) from pg_extension where extname = 'files'"), json!([[0]]));
    let brief = sign("&valid_for_s=1");
    std::thread::sleep(Duration::from_millis(3_100));
    assert_eq!(nobody.ask("GET", &brief).status, 403);
    assert_eq!(ann.ask("POST", &path("own/x?sign&valid_for_s=9999999")).status, 400);
    // A role signs for itself only.
    let forged =
        json!({"query": "select files.signature('postgres', 'GET', 'own', 'x', 1900000000)"})
            .to_string();
    assert_eq!(
        ann.send("POST", "/api/v1/sql", "", forged.as_bytes()).refusal(),
        (403, "42501".to_owned())
    );
    // What the signer may not do any more, the URL does not.
    asker.sql("update files.buckets set owner = 'postgres'");
    assert_eq!(nobody.ask("GET", &url).status, 404);
}

#[test]
fn sql_sees_files_and_makes_small_ones() {
    let (_server, asker, _directory) = started(&[]);
    asker.sql("create extension files");
    asker.sql("insert into files.buckets (name, quota) values ('b', 200000)");
    asker.sql("select files.put('b', 'a.txt', 'from sql', 'text/plain', '{\"k\": 1}')");
    let read = asker.ask("GET", &path("b/a.txt"));
    assert_eq!(
        (read.text().as_str(), read.header("content-type")),
        ("from sql", Some("text/plain"))
    );
    put(&asker, "b/b.txt", "", b"from http");
    assert_eq!(
        asker.sql("select convert_from(files.read('b', 'b.txt'), 'UTF8')"),
        json!([["from http"]])
    );
    put(&asker, "b/c", "", &bytes_of(100_000, 1));
    assert_eq!(
        asker.sql("select name, size from files.list('b')"),
        json!([["a.txt", 8], ["b.txt", 9], ["c", 100_000]])
    );
    let run = |query: &str| {
        asker
            .send("POST", "/api/v1/sql", "", json!({"query": query}).to_string().as_bytes())
            .refusal()
    };
    assert_eq!(run("select files.read('b', 'c')"), (501, "0A000".to_owned()));
    assert_eq!(run("select files.read('b', 'd')"), (404, "58P01".to_owned()));
    assert_eq!(run("select files.put('b', '../x', 'x')"), (400, "42602".to_owned()));
    assert_eq!(
        run("select files.put('b', 'big', convert_to(repeat('x', 2000000), 'UTF8'))"),
        (413, "54000".to_owned())
    );
    // Quotas of buckets and roles count what is there, and are held on the way.
    assert_eq!(put(&asker, "b/d", "", &bytes_of(100_000, 2)).refusal(), (413, "54000".to_owned()));
    assert_eq!(put(&asker, "b/d", "", &bytes_of(60_000, 2)).status, 201);
    assert_eq!(put(&asker, "b/e", "", &bytes_of(60_000, 3)).refusal(), (413, "54000".to_owned()));
    asker.sql("insert into files.quotas values ('postgres', 170000)");
    assert_eq!(put(&asker, "b/e", "", &bytes_of(20_000, 3)).refusal(), (413, "54000".to_owned()));
    assert_eq!(put(&asker, "b/e", "", &bytes_of(1_000, 3)).status, 201);
    // Beside each other they stay within it, too.
    std::thread::scope(|scope| {
        for n in 0..8 {
            let asker = &asker;
            scope
                .spawn(move || put(asker, &format!("b/p{n}"), "", &bytes_of(2_000, 50 + n)).status);
        }
    });
    assert_eq!(
        asker.sql(
            "select sum(size) <= 170000, count(*) filter (where name like 'p%') from files.objects"
        ),
        json!([[true, 4]])
    );
}

#[test]
fn contents_without_files_are_swept() {
    let environment = [("ZSERVER_FILES_GRACE", "1s"), ("ZSERVER_FILES_SWEEP_INTERVAL", "1s")];
    let (_server, asker, directory) = started(&environment);
    let data = directory.path().join("data");
    asker.sql("create database other");
    make(&asker, "b", json!({}));
    let (one, two) = (bytes_of(100_000, 1), bytes_of(100_000, 2));
    put(&asker, "b/one", "", &one);
    put(&asker, "b/one-again", "", &one);
    put(&asker, "b/two", "", &two);
    put(&asker, "b/small", "", b"small");
    // The same content in another database is the same file.
    let mut other = Asker::new(asker.port, "postgres");
    other.headers = other.headers.replace("Database: postgres", "Database: other");
    make(&other, "o", json!({}));
    assert_eq!(put(&other, "o/two", "", &two).status, 201);
    // What a crash between a file and its row would leave.
    let orphan = bytes_of(100_000, 9);
    let digits = hash(&orphan);
    std::fs::create_dir_all(data.join("files").join(&digits[..2])).expect("a directory");
    std::fs::write(data.join("files").join(&digits[..2]).join(&digits[2..]), &orphan)
        .expect("a file");
    let lost = data.join("files/uploads/00000000-0000-4000-8000-000000000000");
    std::fs::write(&lost, b"x").expect("a file");
    assert_eq!(contents(&data).len(), 3);
    for name in ["b/one", "b/two", "b/small"] {
        assert_eq!(asker.ask("DELETE", &path(name)).status, 204);
    }
    until("the orphans are gone", || contents(&data).len() == 2 && !lost.exists());
    std::thread::sleep(Duration::from_secs(4));
    assert!(asker.ask("GET", &path("b/one-again")).body == one);
    assert!(other.ask("GET", &path("o/two")).body == two);
    assert_eq!(asker.sql("select count(*) from files.contents"), json!([[1]]));
    other.ask("DELETE", &path("o/two"));
    asker.ask("DELETE", &path("b/one-again"));
    until("all are gone", || contents(&data).is_empty());
    // Uploads of a content that is being swept, again and again.
    for round in 0..6 {
        let stored = put(&asker, "b/x", "", &one);
        assert_eq!(stored.status, 201, "{}", stored.text());
        assert!(asker.ask("GET", &path("b/x")).body == one, "round {round}");
        asker.ask("DELETE", &path("b/x"));
        std::thread::sleep(Duration::from_millis(700));
    }
}

#[test]
fn no_acknowledged_file_is_lost_in_kills() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let environment = [("ZSERVER_FILES_GRACE", "1s"), ("ZSERVER_FILES_SWEEP_INTERVAL", "1s")];
    let known: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    for round in 0..crate::support::count("TEST_KILLS", 4) {
        let (server, port) = Zserver::start_with_http(&data, true, &environment);
        let asker = Asker::new(port, "postgres");
        if round == 0 {
            make(&asker, "b", json!({}));
        }
        for (name, hash_of) in known.lock().expect("no panic").iter() {
            let read = asker.ask("GET", &path(&format!("b/{name}")));
            assert_eq!((read.status, &hash(&read.body)), (200, hash_of), "{name}");
        }
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..3_usize)
            .map(|writer| {
                let (asker, known, stop) = (asker.clone(), known.clone(), stop.clone());
                std::thread::spawn(move || {
                    for n in 0.. {
                        if stop.load(Ordering::SeqCst) {
                            return;
                        }
                        let size = [100, 80_000, 1_500_000][(n + writer) % 3];
                        let data = bytes_of(size, (round * 1_000_000 + writer * 10_000 + n) as u64);
                        let name = format!("{round}-{writer}-{n}");
                        let sent = asker.try_send("PUT", &path(&format!("b/{name}")), "", &data);
                        match sent {
                            Some(answer) if answer.status == 201 => {
                                known.lock().expect("no panic").insert(name, hash(&data));
                            }
                            _ => return,
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(1_500));
        server.kill();
        stop.store(true, Ordering::SeqCst);
        writers.into_iter().for_each(|writer| writer.join().expect("no panic"));
    }
    let (server, port) = Zserver::start_with_http(&data, true, &environment);
    let asker = Asker::new(port, "postgres");
    let known = known.lock().expect("no panic");
    assert!(known.len() > 5, "{} files", known.len());
    for (name, hash_of) in known.iter() {
        assert_eq!(&hash(&asker.ask("GET", &path(&format!("b/{name}"))).body), hash_of, "{name}");
    }
    // Nothing is left that has no row.
    std::thread::sleep(Duration::from_secs(1));
    let rows =
        || asker.sql("select count(*) from files.contents where location = 'disk'")[0][0].as_u64();
    until("what the kills have left is swept", || rows() == Some(contents(&data).len() as u64));
    assert_eq!(std::fs::read_dir(data.join("files/tmp")).expect("a directory").count(), 0);
    let (status, said) = server.ask(&["check"]);
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn damage_cuts_the_answer_and_is_named() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (server, port) = Zserver::start_with_http(&data, true, &[]);
    let asker = Asker::new(port, "postgres");
    make(&asker, "b", json!({}));
    let (whole, cut) = (bytes_of(3_000_000, 1), bytes_of(100_000, 2));
    put(&asker, "b/whole", "", &whole);
    put(&asker, "b/cut", "", &cut);
    let file = |data_of: &[u8]| {
        let digits = hash(data_of);
        data.join("files").join(&digits[..2]).join(&digits[2..])
    };
    let mut changed = whole.clone();
    changed[1_000_000] ^= 1;
    std::thread::sleep(Duration::from_millis(20));
    std::fs::write(file(&whole), &changed).expect("the file is written");
    std::fs::write(file(&cut), &cut[..50_000]).expect("the file is written");
    let read = asker.ask("GET", &path("b/whole"));
    assert!(read.status == 200 && !read.is_whole, "{} of {}", read.body.len(), whole.len());
    let part = asker.send("GET", &path("b/whole"), "Range: bytes=0-9\r\n", b"");
    assert_eq!(part.refusal(), (500, "XX001".to_owned()));
    assert_eq!(asker.ask("GET", &path("b/cut")).refusal(), (500, "XX001".to_owned()));
    let (status, said) = server.ask(&["check"]);
    assert_eq!(status, Some(3), "{said}");
    for damaged in [&whole, &cut] {
        assert!(said.contains(&hash(damaged)), "{said}");
    }
    server.terminate();
    std::fs::remove_file(file(&cut)).expect("the file is removed");
    let (status, said) = Zserver::command(&data, &["check"]);
    assert!(status == Some(3) && said.contains(&hash(&cut)), "{said}");
    // Who brings the content again heals it.
    let (_server, port) = Zserver::start_with_http(&data, true, &[]);
    let asker = Asker::new(port, "postgres");
    assert_eq!(put(&asker, "b/again", "", &cut).status, 201);
    assert_eq!(put(&asker, "b/again", "", &whole).status, 201);
    assert!(asker.ask("GET", &path("b/cut")).body == cut);
    assert!(asker.ask("GET", &path("b/whole")).body == whole);
}

#[test]
fn backups_have_contents() {
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let (server, port) = Zserver::start_with_http(&data, true, &[]);
    let asker = Asker::new(port, "postgres");
    make(&asker, "b", json!({}));
    let (one, two) = (bytes_of(300_000, 1), bytes_of(100, 2));
    put(&asker, "b/one", "", &one);
    put(&asker, "b/two", "", &two);
    let place = |name: &str| directory.path().join(name).display().to_string();
    let (status, said) = server.ask(&["backup", "--to", &place("first")]);
    assert_eq!(status, Some(0), "{said}");
    put(&asker, "b/three", "", &bytes_of(300_000, 3));
    let (status, said) =
        server.ask(&["backup", "--to", &place("second"), "--previous", &place("first")]);
    assert_eq!(status, Some(0), "{said}");
    drop(server);
    let (status, said) =
        Zserver::command(Path::new(&place("restored")), &["restore", "--from", &place("first")]);
    assert_eq!(status, Some(0), "{said}");
    let (server, port) = Zserver::start_with_http(Path::new(&place("restored")), true, &[]);
    let asker = Asker::new(port, "postgres");
    assert!(asker.ask("GET", &path("b/one")).body == one);
    assert!(asker.ask("GET", &path("b/two")).body == two);
    assert_eq!(asker.ask("GET", &path("b/three")).status, 404);
    assert_eq!(server.ask(&["check"]).0, Some(0));
    let digits = hash(&one);
    let copy = directory.path().join("second/files").join(&digits[..2]).join(&digits[2..]);
    assert_eq!(Zserver::command(&data, &["verify-backup", &place("second")]).0, Some(0));
    std::fs::remove_file(&copy)
        .and_then(|()| std::fs::write(&copy, b"other"))
        .expect("the copy is changed");
    assert_eq!(Zserver::command(&data, &["verify-backup", &place("second")]).0, Some(3));
}

/// A small file system for contents; none where mounting is not allowed.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path, size: &str) -> Option<Small> {
        std::fs::create_dir_all(at).expect("a directory");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at)
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Small(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let directory = TempDir::new().expect("a directory");
    let small = directory.path().join("small");
    let Some(_mounted) = Small::mount(&small, "8m") else {
        println!("skipped: no file system can be mounted");
        return;
    };
    let environment = [
        ("ZSERVER_FILES_DIRECTORY", small.to_str().expect("text")),
        ("ZSERVER_FILES_GRACE", "1s"),
        ("ZSERVER_FILES_SWEEP_INTERVAL", "1s"),
        ("ZSERVER_FILES_CHECKPOINT", "1MB"),
    ];
    let (_server, port) =
        Zserver::start_with_http(&directory.path().join("data"), true, &environment);
    let asker = Asker::new(port, "postgres");
    make(&asker, "b", json!({}));
    let one = bytes_of(3_000_000, 1);
    assert_eq!(put(&asker, "b/one", "", &one).status, 201);
    let full = put(&asker, "b/two", "", &bytes_of(9_000_000, 2));
    assert_eq!(full.refusal(), (507, "53100".to_owned()), "{}", full.text());
    assert!(asker.ask("GET", &path("b/one")).body == one);
    assert_eq!(asker.ask("GET", &path("b/two")).status, 404);
    // An upload in parts keeps what there was room for, and goes on when there is more.
    let tus = "Tus-Resumable: 1.0.0\r\n";
    let metadata = "Upload-Metadata: bucket Yg==,filename dHdv\r\n";
    let begun =
        asker.send("POST", "/files", &format!("{tus}{metadata}Upload-Length: 6000000\r\n"), b"");
    assert_eq!(begun.status, 201, "{}", begun.text());
    let location = begun.header("location").expect("a place").to_owned();
    let two = bytes_of(6_000_000, 4);
    let patch = |offset: usize| {
        let headers = format!(
            "{tus}Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\n"
        );
        asker.send("PATCH", &location, &headers, &two[offset..])
    };
    assert_eq!(patch(0).refusal(), (507, "53100".to_owned()));
    let offset = || -> usize {
        let head = asker.send("HEAD", &location, tus, b"");
        head.header("upload-offset").expect("an offset").parse().expect("a number")
    };
    let here = offset();
    assert!((1_000_000..6_000_000).contains(&here), "{here}");
    assert_eq!(asker.ask("DELETE", &path("b/one")).status, 204);
    until("there is room again", || contents_of(&small).is_empty());
    assert_eq!(patch(here).status, 204);
    assert!(asker.ask("GET", &path("b/two")).body == two);
}

fn contents_of(root: &Path) -> Vec<PathBuf> {
    let directories = std::fs::read_dir(root).expect("a directory").flatten();
    let two = directories.filter(|entry| entry.file_name().len() == 2);
    two.flat_map(|entry| std::fs::read_dir(entry.path()).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .collect()
}

#[test]
fn contents_may_be_in_an_s3_service() {
    let service = crate::support::s3::S3::start();
    let directory = TempDir::new().expect("a directory");
    let data = directory.path().join("data");
    let keys = directory.path().join("keys.toml");
    std::fs::write(&keys, "access_key_id = \"a\"\nsecret_access_key = \"b\"\n").expect("a file");
    let endpoint = format!("http://127.0.0.1:{}", service.port);
    let environment = [
        ("ZSERVER_FILES_S3_ENDPOINT", endpoint.as_str()),
        ("ZSERVER_FILES_S3_BUCKET", "store"),
        ("ZSERVER_FILES_S3_PREFIX", "zs"),
        ("ZSERVER_FILES_S3_CREDENTIALS_FILE", keys.to_str().expect("text")),
        ("ZSERVER_FILES_GRACE", "1s"),
        ("ZSERVER_FILES_SWEEP_INTERVAL", "1s"),
    ];
    let (_server, port) = Zserver::start_with_http(&data, true, &environment);
    let asker = Asker::new(port, "postgres");
    make(&asker, "b", json!({}));
    let (small, one, two) = (bytes_of(1_000, 1), bytes_of(300_000, 2), bytes_of(20_000_000, 3));
    for (name, data) in [("small", &small), ("one", &one), ("two", &two)] {
        let stored = put(&asker, &format!("b/{name}"), "", data);
        assert_eq!(stored.status, 201, "{}", stored.text());
        assert!(asker.ask("GET", &path(&format!("b/{name}"))).body == *data, "{name}");
    }
    assert_eq!(service.keys().len(), 2, "{:?}", service.keys());
    assert!(contents(&data).is_empty());
    let digits = hash(&one);
    let key = format!("/store/zs/{}/{}", &digits[..2], &digits[2..]);
    assert!(service.keys().contains(&key), "{:?}", service.keys());
    let part = asker.send("GET", &path("b/two"), "Range: bytes=9999990-10000009\r\n", b"");
    assert!(part.status == 206 && part.body == two[9_999_990..10_000_010]);
    // An upload in parts ends there, too.
    let three = bytes_of(9_000_000, 4);
    let headers = "Tus-Resumable: 1.0.0\r\nUpload-Metadata: bucket Yg==,filename dGhyZWU=\r\nUpload-Length: 9000000\r\nContent-Type: application/offset+octet-stream\r\n";
    assert_eq!(asker.send("POST", "/files", headers, &three).status, 201);
    assert!(asker.ask("GET", &path("b/three")).body == three);
    // Damage, a loss, and a service that is gone.
    service.change(&key, |data| data[5] ^= 1);
    assert!(!asker.ask("GET", &path("b/one")).is_whole);
    service.change(&key, |data| data[5] ^= 1);
    service.set_down(true);
    assert_eq!(asker.ask("GET", &path("b/one")).refusal(), (500, "58030".to_owned()));
    assert_eq!(
        put(&asker, "b/four", "", &bytes_of(300_000, 5)).refusal(),
        (500, "58030".to_owned())
    );
    assert_eq!(asker.ask("GET", &path("b/four")).status, 404);
    service.set_down(false);
    assert!(asker.ask("GET", &path("b/one")).body == one);
    // What has no file goes, what somebody else has there stays.
    service.put("/store/other/ab/cd", b"x");
    asker.ask("DELETE", &path("b/two"));
    until("the content is gone", || service.keys().len() == 3);
    assert!(asker.ask("GET", &path("b/one")).body == one);
}
