//! Uploads that go on. The cases follow the sections of the specification of tus 1.0.0.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tempfile::TempDir;

use crate::support::request::{Answer, Asker, answer, bytes_of};
use crate::support::zserver::Zserver;

const TUS: &str = "Tus-Resumable: 1.0.0\r\n";
const OFFSET_STREAM: &str = "Content-Type: application/offset+octet-stream\r\n";

fn started(environment: &[(&str, &str)]) -> (Zserver, Asker, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let (server, asker) = over(&directory.path().join("data"), environment);
    let made = asker.send("PUT", "/api/v1/files/b", "", b"{}");
    assert_eq!(made.status, 201, "{}", made.text());
    (server, asker, directory)
}

fn over(data: &Path, environment: &[(&str, &str)]) -> (Zserver, Asker) {
    let (server, port) = Zserver::start_with_http(data, true, environment);
    (server, Asker::new(port, "postgres"))
}

fn metadata(name: &str) -> String {
    format!(
        "Upload-Metadata: bucket {},filename {},filetype dGV4dC9wbGFpbg==,k dg==\r\n",
        STANDARD.encode("b"),
        STANDARD.encode(name)
    )
}

fn post(asker: &Asker, headers: &str, body: &[u8]) -> Answer {
    asker.send("POST", "/files", &format!("{TUS}{headers}"), body)
}

/// Begins an upload; answers its place.
fn begun(asker: &Asker, headers: &str) -> String {
    let begun = post(asker, headers, b"");
    assert_eq!(begun.status, 201, "{}", begun.text());
    begun.header("location").expect("a place").to_owned()
}

fn patch(asker: &Asker, place: &str, offset: usize, more: &str, body: &[u8]) -> Answer {
    let headers = format!("{TUS}{OFFSET_STREAM}Upload-Offset: {offset}\r\n{more}");
    asker.send("PATCH", place, &headers, body)
}

fn head(asker: &Asker, place: &str) -> Answer {
    asker.send("HEAD", place, TUS, b"")
}

fn offset(answer: &Answer) -> usize {
    let told =
        answer.header("upload-offset").unwrap_or_else(|| panic!("no offset: {}", answer.head));
    told.parse().expect("a number")
}

fn file(asker: &Asker, name: &str) -> Answer {
    asker.ask("GET", &format!("/api/v1/files/b/{name}"))
}

#[test]
fn the_core_protocol() {
    let (_server, asker, _directory) = started(&[]);
    let data = bytes_of(100_000, 1);
    let place = begun(&asker, &format!("{}Upload-Length: 100000\r\n", metadata("x")));
    let first = head(&asker, &place);
    assert_eq!((first.status, offset(&first)), (200, 0));
    assert_eq!(first.header("upload-length"), Some("100000"));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.header("tus-resumable"), Some("1.0.0"));
    assert!(first.header("upload-metadata").is_some_and(|told| told.contains("k dg==")));
    let some = patch(&asker, &place, 0, "", &data[..60_000]);
    assert_eq!((some.status, offset(&some)), (204, 60_000));
    assert_eq!(offset(&head(&asker, &place)), 60_000);
    assert_eq!(file(&asker, "x").status, 404);
    // Not there, not then, not so.
    assert_eq!(patch(&asker, &place, 0, "", b"x").status, 409);
    assert_eq!(patch(&asker, &place, 70_000, "", b"x").status, 409);
    let case = |headers: &str, body: &[u8]| asker.send("PATCH", &place, headers, body).status;
    assert_eq!(
        case(&format!("{TUS}Content-Type: text/plain\r\nUpload-Offset: 60000\r\n"), b"x"),
        415
    );
    assert_eq!(case(&format!("{TUS}Upload-Offset: 60000\r\n"), b"x"), 415);
    assert_eq!(case(&format!("{TUS}{OFFSET_STREAM}"), b"x"), 400);
    assert_eq!(case(&format!("{TUS}{OFFSET_STREAM}Upload-Offset: -1\r\n"), b"x"), 400);
    assert_eq!(case(&format!("{TUS}{OFFSET_STREAM}Upload-Offset: x\r\n"), b"x"), 400);
    let old = asker.send(
        "PATCH",
        &place,
        &format!("Tus-Resumable: 0.2.2\r\n{OFFSET_STREAM}Upload-Offset: 60000\r\n"),
        b"x",
    );
    assert_eq!((old.status, old.header("tus-version")), (412, Some("1.0.0")));
    assert_eq!(asker.send("HEAD", &place, "", b"").status, 412);
    // More than there is to be.
    assert_eq!(patch(&asker, &place, 60_000, "", &bytes_of(40_001, 5)).status, 413);
    let at = offset(&head(&asker, &place));
    assert!((60_000..=100_000).contains(&at), "{at}");
    let nowhere = "/files/00000000-0000-4000-8000-000000000000";
    let missing = head(&asker, nowhere);
    assert_eq!((missing.status, missing.header("upload-offset")), (404, None));
    assert_eq!(patch(&asker, nowhere, 0, "", b"x").status, 404);
    // The guard has refused it before.
    assert_eq!(head(&asker, "/files/../x").status, 400);
    assert_eq!(asker.send("GET", &place, TUS, b"").status, 405);
    // Another role does not see it.
    asker.sql("create role ann login");
    assert_eq!(head(&Asker::new(asker.port, "ann"), &place).status, 404);
    assert_eq!(head(&Asker::nobody(asker.port), &place).status, 401);
    // Nothing is a piece, too.
    let place = begun(&asker, &format!("{}Upload-Length: 100000\r\n", metadata("x")));
    assert_eq!(patch(&asker, &place, 0, "", b"").status, 204);
    let all = patch(&asker, &place, 0, "", &data);
    assert_eq!((all.status, offset(&all)), (204, 100_000));
    assert!(all.header("zserver-version").is_some());
    let read = file(&asker, "x");
    assert!(read.body == data);
    assert_eq!(
        (read.header("content-type"), read.header("zserver-metadata")),
        (Some("text/plain"), Some("{\"k\":\"v\"}"))
    );
    assert_eq!(offset(&head(&asker, &place)), 100_000);
    assert_eq!(patch(&asker, &place, 100_000, "", b"").status, 204);
    assert_eq!(patch(&asker, &place, 100_000, "", b"x").status, 413);
    assert!(file(&asker, "x").body == data);
    assert_eq!(asker.sql("select count(*) from files.objects"), json!([[1]]));
}

#[test]
fn options_say_what_there_is() {
    let (_server, asker, _directory) = started(&[("ZSERVER_FILES_MAX_UPLOAD", "1MB")]);
    let options = Asker::nobody(asker.port).ask("OPTIONS", "/files");
    assert_eq!(options.status, 204);
    assert_eq!(options.header("tus-version"), Some("1.0.0"));
    assert_eq!(options.header("tus-max-size"), Some("1048576"));
    for extension in [
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "termination",
        "checksum",
        "expiration",
        "concatenation",
    ] {
        let told = options.header("tus-extension").expect("extensions");
        assert!(told.split(',').any(|found| found == extension), "{extension}");
    }
    assert!(options.header("tus-checksum-algorithm").is_some_and(|told| told.starts_with("sha1,")));
    let large = post(&asker, &format!("{}Upload-Length: 1048577\r\n", metadata("x")), b"");
    assert_eq!(large.status, 413);
}

#[test]
fn creation() {
    let (_server, asker, _directory) = started(&[("ZSERVER_FILES_MAX_UPLOADS", "5")]);
    let case = |headers: &str| post(&asker, headers, b"").status;
    let x = metadata("x");
    assert_eq!(case(&x), 400);
    assert_eq!(case(&format!("{x}Upload-Length: -1\r\n")), 400);
    assert_eq!(case(&format!("{x}Upload-Length: x\r\n")), 400);
    assert_eq!(case(&format!("{x}Upload-Length: 5\r\nUpload-Defer-Length: 1\r\n")), 400);
    assert_eq!(case(&format!("{x}Upload-Defer-Length: 2\r\n")), 400);
    assert_eq!(case("Upload-Length: 5\r\n"), 400);
    assert_eq!(case("Upload-Length: 5\r\nUpload-Metadata: bucket !\r\n"), 400);
    assert_eq!(case("Upload-Length: 5\r\nUpload-Metadata: bucket Yg==,bucket Yg==\r\n"), 400);
    assert_eq!(case(&format!("{}Upload-Length: 5\r\n", metadata("../x"))), 400);
    assert_eq!(
        case("Upload-Length: 5\r\nUpload-Metadata: bucket bm90aGluZw==,filename eA==\r\n"),
        404
    );
    assert_eq!(asker.send("POST", "/files", &format!("{x}Upload-Length: 5\r\n"), b"").status, 412);
    assert_eq!(asker.send("PUT", "/files", TUS, b"").status, 405);
    asker.sql("create role ann login");
    assert_eq!(
        post(&Asker::new(asker.port, "ann"), &format!("{x}Upload-Length: 5\r\n"), b"").status,
        404
    );
    // Of length 0 it is there at once; its name may be in the query.
    let empty = asker.send(
        "POST",
        "/files?bucket=b&name=empty",
        &format!("{TUS}Upload-Length: 0\r\n"),
        b"",
    );
    assert_eq!(empty.status, 201, "{}", empty.text());
    assert_eq!((file(&asker, "empty").status, file(&asker, "empty").body.len()), (200, 0));
    // With its first bytes, or all.
    let data = bytes_of(70_000, 2);
    let some = post(&asker, &format!("{x}{OFFSET_STREAM}Upload-Length: 70000\r\n"), &data[..10]);
    assert_eq!((some.status, offset(&some)), (201, 10));
    let place = some.header("location").expect("a place").to_owned();
    assert_eq!(patch(&asker, &place, 10, "", &data[10..]).status, 204);
    assert!(file(&asker, "x").body == data);
    let all =
        post(&asker, &format!("{}{OFFSET_STREAM}Upload-Length: 5\r\n", metadata("y")), b"hello");
    assert_eq!((all.status, offset(&all)), (201, 5));
    assert_eq!(file(&asker, "y").text(), "hello");
    // Its length later.
    let place = begun(&asker, &format!("{}Upload-Defer-Length: 1\r\n", metadata("z")));
    assert_eq!(head(&asker, &place).header("upload-defer-length"), Some("1"));
    assert_eq!(patch(&asker, &place, 0, "", b"he").status, 204);
    assert_eq!(patch(&asker, &place, 2, "Upload-Length: 1\r\n", b"l").status, 400);
    assert_eq!(patch(&asker, &place, 2, "Upload-Length: 5\r\n", b"l").status, 204);
    let known = head(&asker, &place);
    assert_eq!(
        (known.header("upload-length"), known.header("upload-defer-length")),
        (Some("5"), None)
    );
    assert_eq!(patch(&asker, &place, 3, "Upload-Length: 6\r\n", b"lo").status, 400);
    assert_eq!(patch(&asker, &place, 3, "", b"lo").status, 204);
    assert_eq!(file(&asker, "z").text(), "hello");
    for _ in 0..5 {
        begun(&asker, &format!("{x}Upload-Length: 5\r\n"));
    }
    assert_eq!(case(&format!("{x}Upload-Length: 5\r\n")), 429);
    asker.sql("update files.buckets set quota = 200000");
    asker.sql("delete from files.uploads");
    assert_eq!(case(&format!("{x}Upload-Length: 200000\r\n")), 413);
    let place = begun(&asker, &format!("{}Upload-Defer-Length: 1\r\n", metadata("w")));
    assert_eq!(patch(&asker, &place, 0, "", &bytes_of(200_000, 3)).status, 413);
}

#[test]
fn checksums() {
    let (_server, asker, _directory) = started(&[("ZSERVER_FILES_CHECKPOINT", "64kB")]);
    let data = bytes_of(300_000, 3);
    let place = begun(&asker, &format!("{}Upload-Length: 300000\r\n", metadata("x")));
    let with = |offset: usize, checksum: &str, data: &[u8]| {
        patch(&asker, &place, offset, &format!("Upload-Checksum: {checksum}\r\n"), data).status
    };
    // Of "hello".
    assert_eq!(with(0, "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", b"hello"), 204);
    assert_eq!(with(5, "md5 XUFAKrxLKna5cZ2REBfFkg==", b"hello"), 204);
    assert_eq!(with(10, "sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", b"hello"), 204);
    let blake3 = format!("blake3 {}", STANDARD.encode(blake3::hash(b"hello").as_bytes()));
    assert_eq!(with(15, &blake3, b"hello"), 204);
    assert_eq!(with(20, "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", &data[..200_000]), 460);
    assert_eq!(offset(&head(&asker, &place)), 20);
    assert_eq!(with(20, "crc32 AAAA", b"hello"), 400);
    assert_eq!(with(20, "sha1 !", b"hello"), 400);
    assert_eq!(with(20, "sha1", b"hello"), 400);
    assert_eq!(offset(&head(&asker, &place)), 20);
    assert_eq!(patch(&asker, &place, 20, "", &data[20..]).status, 204);
    let read = file(&asker, "x").body;
    assert!(read[..20] == *b"hellohellohellohello" && read[20..] == data[20..]);
    // What was refused does not stay behind the end that is told later.
    let place = begun(&asker, &format!("{}Upload-Defer-Length: 1\r\n", metadata("y")));
    assert_eq!(patch(&asker, &place, 0, "", b"hello").status, 204);
    let wrong = "Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n";
    assert_eq!(patch(&asker, &place, 5, wrong, &bytes_of(3_000_000, 8)).status, 460);
    let ended = patch(&asker, &place, 5, "Upload-Length: 5\r\n", b"");
    assert_eq!(ended.status, 204, "{}", ended.text());
    assert_eq!(file(&asker, "y").text(), "hello");
}

#[test]
fn termination_and_other_methods() {
    let (_server, asker, directory) = started(&[]);
    let place = begun(&asker, &format!("{}Upload-Length: 10\r\n", metadata("x")));
    let override_with = |method: &str, headers: &str, body: &[u8]| {
        asker.send(
            "POST",
            &place,
            &format!("{TUS}X-HTTP-Method-Override: {method}\r\n{headers}"),
            body,
        )
    };
    assert_eq!(
        override_with("PATCH", &format!("{OFFSET_STREAM}Upload-Offset: 0\r\n"), b"hello").status,
        204
    );
    assert_eq!(offset(&override_with("HEAD", "", b"")), 5);
    assert_eq!(override_with("DELETE", "", b"").status, 204);
    assert_eq!(head(&asker, &place).status, 404);
    assert_eq!(asker.send("DELETE", &place, TUS, b"").status, 404);
    assert_eq!(patch(&asker, &place, 5, "", b"x").status, 404);
    let uploads = directory.path().join("data/files/uploads");
    assert_eq!(std::fs::read_dir(uploads).expect("a directory").count(), 0);
    // A file that an upload has become outlives it.
    let done =
        post(&asker, &format!("{}{OFFSET_STREAM}Upload-Length: 5\r\n", metadata("x")), b"hello");
    let place = done.header("location").expect("a place");
    assert_eq!(asker.send("DELETE", place, TUS, b"").status, 204);
    assert_eq!(file(&asker, "x").text(), "hello");
}

#[test]
fn expiration() {
    let environment = [
        ("ZSERVER_FILES_UPLOAD_EXPIRY", "2s"),
        ("ZSERVER_FILES_SWEEP_INTERVAL", "1s"),
        ("ZSERVER_FILES_GRACE", "1s"),
    ];
    let (_server, asker, directory) = started(&environment);
    let begun = post(&asker, &format!("{}Upload-Length: 10\r\n", metadata("x")), b"");
    assert!(begun.header("upload-expires").is_some_and(|time| time.ends_with("GMT")));
    let place = begun.header("location").expect("a place");
    for at in 0..4 {
        let more = patch(&asker, place, at, "", b"x");
        assert!(more.status == 204 && more.header("upload-expires").is_some());
        std::thread::sleep(Duration::from_millis(700));
    }
    std::thread::sleep(Duration::from_millis(3_000));
    assert!(matches!(head(&asker, place).status, 404 | 410));
    let uploads = directory.path().join("data/files/uploads");
    for _ in 0..100 {
        if std::fs::read_dir(&uploads).expect("a directory").count() == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the file of the upload is still there");
}

#[test]
fn concatenation() {
    let (_server, asker, _directory) = started(&[]);
    let data = bytes_of(150_000, 4);
    let part = |from: usize, to: usize| {
        let place =
            begun(&asker, &format!("Upload-Concat: partial\r\nUpload-Length: {}\r\n", to - from));
        assert_eq!(patch(&asker, &place, 0, "", &data[from..to]).status, 204);
        place
    };
    let (one, two) = (part(0, 70_000), part(70_000, 150_000));
    assert_eq!(head(&asker, &one).header("upload-concat"), Some("partial"));
    let unfinished = begun(&asker, "Upload-Concat: partial\r\nUpload-Length: 5\r\n");
    let final_of = |parts: &str, more: &str| {
        post(&asker, &format!("{}Upload-Concat: final;{parts}\r\n{more}", metadata("x")), b"")
    };
    assert_eq!(final_of(&unfinished, "").status, 403);
    assert_eq!(final_of("/files/00000000-0000-4000-8000-000000000000", "").status, 404);
    assert_eq!(final_of("", "").status, 400);
    assert_eq!(final_of(&one, "Upload-Length: 70000\r\n").status, 400);
    let whole = begun(&asker, &format!("{}Upload-Length: 5\r\n", metadata("y")));
    assert_eq!(final_of(&whole, "").status, 403);
    assert_eq!(post(&asker, "Upload-Concat: other\r\nUpload-Length: 5\r\n", b"").status, 400);
    let made = final_of(&format!("http://localhost{one} {two}"), "");
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(file(&asker, "x").body == data);
    let place = made.header("location").expect("a place");
    let told = head(&asker, place);
    assert_eq!((offset(&told), told.header("upload-length")), (150_000, Some("150000")));
    assert!(told.header("upload-concat").is_some_and(|concat| concat.starts_with("final;/files/")));
    assert_eq!(patch(&asker, place, 150_000, "", b"x").status, 403);
    // Should the answer have been lost.
    assert_eq!(final_of(&format!("{one} {two}"), "").status, 201);
}

/// Sentences of the specification that the tests above are without.
#[test]
fn what_the_specification_says_of_every_answer() {
    let (_server, asker, _directory) = started(&[]);
    let place = begun(&asker, &format!("{}Upload-Length: 5\r\n", metadata("x")));
    let piece = format!("{OFFSET_STREAM}Upload-Offset: 0\r\n");
    let nowhere = "/files/00000000-0000-4000-8000-000000000000";
    let untold = format!("{TUS}{OFFSET_STREAM}");
    let elsewhere = format!("{untold}Upload-Offset: 1\r\n");
    // "The Tus-Resumable header MUST be included in every request and response in all
    // versions of the protocol except for OPTIONS requests."
    for (method, path, headers, status) in [
        ("HEAD", place.as_str(), TUS, 200),
        ("HEAD", nowhere, TUS, 404),
        ("HEAD", "/files/x", TUS, 404),
        ("PATCH", place.as_str(), TUS, 415),
        ("PATCH", place.as_str(), untold.as_str(), 400),
        ("PATCH", place.as_str(), elsewhere.as_str(), 409),
        ("DELETE", nowhere, TUS, 404),
        ("POST", "/files", TUS, 400),
        ("POST", "/files/", TUS, 400),
    ] {
        let answer = asker.send(method, path, headers, b"");
        let told = (answer.status, answer.header("tus-resumable"));
        assert_eq!(told, (status, Some("1.0.0")), "{method} {path}");
    }
    // "If the version specified by the Client is not supported by the Server, it MUST
    // respond with the 412 Precondition Failed status and MUST include the Tus-Version
    // header into the response. In addition, the Server MUST NOT process the request."
    for version in ["", "Tus-Resumable: 0.2.2\r\n", "Tus-Resumable: 1.0\r\n"] {
        for (method, path) in [("PATCH", &place[..]), ("DELETE", &place[..]), ("POST", "/files")] {
            let headers = format!("{version}{piece}Upload-Length: 5\r\n{}", metadata("no"));
            let answer = asker.send(method, path, &headers, b"");
            let told = (answer.status, answer.header("tus-version"));
            assert_eq!(told, (412, Some("1.0.0")), "{method} {version}");
        }
    }
    assert_eq!(offset(&head(&asker, &place)), 0);
    assert_eq!(asker.sql("select count(*) from files.uploads"), json!([[1]]));
    // OPTIONS: "Tus-Resumable ... MUST be ignored by the server".
    let options = asker.send("OPTIONS", "/files", "Tus-Resumable: 0.2.2\r\n", b"");
    assert_eq!(options.status, 204);
    let extensions = options.header("tus-extension").expect("extensions");
    assert!(!extensions.contains("checksum-trailer"), "trailers are not read: {extensions}");
    // Numbers are digits that an upload may have.
    for wrong in ["+5", "5.0", "0x5", "5 5", "", "9223372036854775808"] {
        let headers = format!("{TUS}{OFFSET_STREAM}Upload-Offset: {wrong}\r\n");
        assert_eq!(asker.send("PATCH", &place, &headers, b"x").status, 400, "{wrong}");
        let headers = format!("{}Upload-Length: {wrong}\r\n", metadata("y"));
        assert_eq!(post(&asker, &headers, b"").status, 400, "{wrong}");
    }
    // A piece whose length nobody has said.
    let headers = format!("{TUS}{piece}Transfer-Encoding: chunked\r\n");
    let mut chunked = asker.begin("PATCH", &place, &headers).expect("a connection");
    chunked.write_all(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n").expect("it is sent");
    assert_eq!(answer(&mut chunked, "PATCH").map(|answer| answer.status), Some(204));
    assert_eq!(file(&asker, "x").text(), "hello");
    // "The key MUST NOT be empty ... the value MAY be empty": as it was sent it is told.
    let sent = format!("bucket Yg==,filename {},is_secret,empty ", STANDARD.encode("m"));
    let headers = format!("Upload-Length: 5\r\nUpload-Metadata: {sent}\r\n");
    let place = begun(&asker, &headers);
    let told = head(&asker, &place);
    assert_eq!(told.header("upload-metadata"), Some(sent.trim_end()));
    assert_eq!(patch(&asker, &place, 0, "", b"hello").status, 204);
    let stored = file(&asker, "m");
    assert_eq!(stored.header("zserver-metadata"), Some("{\"empty\":\"\",\"is_secret\":\"\"}"));
}

#[test]
fn creation_with_upload() {
    let (_server, asker, _directory) = started(&[]);
    let named = |name: &str, more: &str| format!("{}{more}", metadata(name));
    // A body that is not said to be bytes of the upload.
    for kind in ["", "Content-Type: text/plain\r\n", "Content-Type: application/json\r\n"] {
        let headers = named("x", &format!("Upload-Length: 5\r\n{kind}"));
        assert_eq!(post(&asker, &headers, b"hello").status, 415, "{kind}");
    }
    assert_eq!(asker.sql("select count(*) from files.uploads"), json!([[0]]));
    let empty = named("x", "Upload-Length: 5\r\nContent-Type: text/plain\r\n");
    assert_eq!(post(&asker, &empty, b"").status, 201, "there is no body");
    // More than there is to be.
    let headers = named("x", &format!("Upload-Length: 4\r\n{OFFSET_STREAM}"));
    assert_eq!(post(&asker, &headers, b"hello").status, 413);
    // With a checksum that is right, and one that is not: of "hello".
    let sum = "Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=\r\n";
    let headers = named("x", &format!("Upload-Length: 5\r\n{OFFSET_STREAM}{sum}"));
    assert_eq!(post(&asker, &headers, b"hallo").status, 460);
    assert_eq!(file(&asker, "x").status, 404);
    assert_eq!(post(&asker, &headers, b"hello").status, 201);
    assert_eq!(file(&asker, "x").text(), "hello");
    // Of a length that is told later.
    let headers = named("y", &format!("Upload-Defer-Length: 1\r\n{OFFSET_STREAM}"));
    let some = post(&asker, &headers, b"hel");
    assert_eq!((some.status, offset(&some)), (201, 3));
    let place = some.header("location").expect("a place");
    let told = head(&asker, place);
    assert_eq!((offset(&told), told.header("upload-defer-length")), (3, Some("1")));
    assert_eq!(patch(&asker, place, 3, "Upload-Length: 5\r\n", b"lo").status, 204);
    assert_eq!(file(&asker, "y").text(), "hello");
    // A partial one.
    let headers = format!("Upload-Concat: partial\r\nUpload-Length: 5\r\n{OFFSET_STREAM}");
    let part = post(&asker, &headers, b"hello");
    assert_eq!((part.status, offset(&part)), (201, 5));
    let place = part.header("location").expect("a place");
    // The same one twice; what parts are called is not what the file is called.
    let whole =
        post(&asker, &named("z", &format!("Upload-Concat: final;{place} {place}\r\n")), b"");
    assert_eq!((whole.status, offset(&whole)), (201, 10), "{}", whole.text());
    assert_eq!(file(&asker, "z").text(), "hellohello");
    // Parts and the whole are given up each for itself.
    assert_eq!(asker.send("DELETE", place, TUS, b"").status, 204);
    let whole = whole.header("location").expect("a place");
    assert_eq!(head(&asker, whole).status, 200);
    assert_eq!(asker.send("DELETE", whole, TUS, b"").status, 204);
    assert_eq!(file(&asker, "z").text(), "hellohello");
}

#[test]
fn the_newer_request_takes_over() {
    let (_server, asker, _directory) = started(&[]);
    let data = bytes_of(200_000, 5);
    let place = begun(&asker, &format!("{}Upload-Length: 200000\r\n", metadata("x")));
    let headers = format!("{TUS}{OFFSET_STREAM}Upload-Offset: 0\r\nContent-Length: 200000\r\n");
    let mut stalled = asker.begin("PATCH", &place, &headers).expect("a connection");
    stalled.write_all(&data[..50_000]).expect("some is sent");
    std::thread::sleep(Duration::from_millis(500));
    let at = offset(&head(&asker, &place));
    assert_eq!(at, 50_000, "what came is kept");
    assert_eq!(answer(&mut stalled, "PATCH").map(|answer| answer.status), Some(423));
    // A connection that breaks keeps what it has brought.
    let headers = format!("{TUS}{OFFSET_STREAM}Upload-Offset: 50000\r\nContent-Length: 150000\r\n");
    let mut broken = asker.begin("PATCH", &place, &headers).expect("a connection");
    broken.write_all(&data[50_000..120_000]).expect("some is sent");
    std::thread::sleep(Duration::from_millis(300));
    drop(broken);
    std::thread::sleep(Duration::from_millis(300));
    let at = offset(&head(&asker, &place));
    assert_eq!(at, 120_000);
    // Several at once: one goes on, none spoils it.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| patch(&asker, &place, at, "", &data[at..]).status);
        }
    });
    let at = offset(&head(&asker, &place));
    patch(&asker, &place, at, "", &data[at..]);
    assert_eq!(offset(&head(&asker, &place)), 200_000);
    assert!(file(&asker, "x").body == data);
    assert_eq!(asker.sql("select count(*) from files.objects"), json!([[1]]));
}

#[test]
fn told_offsets_survive_kills() {
    let directory = TempDir::new().expect("a directory");
    let data_directory = directory.path().join("data");
    let environment = [
        ("ZSERVER_FILES_CHECKPOINT", "1MB"),
        ("ZSERVER_FILES_SWEEP_INTERVAL", "1s"),
        ("ZSERVER_FILES_GRACE", "2s"),
    ];
    let data = bytes_of(20_000_000, 6);
    let (mut server, mut asker) = over(&data_directory, &environment);
    assert_eq!(asker.send("PUT", "/api/v1/files/b", "", b"{}").status, 201);
    let place = begun(&asker, &format!("{}Upload-Length: {}\r\n", metadata("x"), data.len()));
    let mut told = 0;
    let mut kills = 0;
    loop {
        let at = offset(&head(&asker, &place));
        assert!(at >= told, "{at} of {told}");
        if at == data.len() {
            break;
        }
        // A piece that is answered, then one that is cut off by a kill.
        let end = (at + 1_500_000).min(data.len());
        let some = patch(&asker, &place, at, "", &data[at..end]);
        assert_eq!(some.status, 204, "{}", some.text());
        told = offset(&some);
        let headers = format!(
            "{TUS}{OFFSET_STREAM}Upload-Offset: {told}\r\nContent-Length: {}\r\n",
            data.len() - told
        );
        let mut stream = asker.begin("PATCH", &place, &headers).expect("a connection");
        let sending = data[told..].to_vec();
        let sender = std::thread::spawn(move || {
            for piece in sending.chunks(100_000) {
                if stream.write_all(piece).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = answer(&mut stream, "PATCH");
        });
        std::thread::sleep(Duration::from_millis(400 + 150 * kills));
        server.kill();
        sender.join().expect("no panic");
        kills += 1;
        (server, asker) = over(&data_directory, &environment);
    }
    assert!(kills > 1, "{kills} kills");
    assert!(file(&asker, "x").body == data);
    // All was here, and the server was killed before it made the file: it does so then.
    let place = begun(&asker, &format!("{}Upload-Length: 100000\r\n", metadata("late")));
    assert_eq!(patch(&asker, &place, 0, "", &data[..99_999]).status, 204);
    let id = place.rsplit('/').next().expect("an id").to_owned();
    std::fs::write(data_directory.join("files/uploads").join(&id), &data[..100_000])
        .expect("the last byte");
    asker.sql(&format!("update files.uploads set received = 100000 where id = '{id}'"));
    server.kill();
    let (_server, asker) = over(&data_directory, &environment);
    assert_eq!(file(&asker, "late").status, 404);
    assert_eq!(offset(&head(&asker, &place)), 100_000);
    assert!(file(&asker, "late").body == data[..100_000]);
    assert_eq!(asker.sql("select count(*) from files.objects where name = 'late'"), json!([[1]]));
}

#[test]
fn the_draft_of_the_ietf() {
    let (_server, asker, _directory) = started(&[]);
    let data = bytes_of(100_000, 7);
    for (version, word, done, not_done) in [
        (3, "Upload-Incomplete", "?0", "?1"),
        (5, "Upload-Complete", "?1", "?0"),
        (6, "Upload-Complete", "?1", "?0"),
        (8, "Upload-Complete", "?1", "?0"),
    ] {
        let own = format!("Upload-Draft-Interop-Version: {version}\r\n");
        let kind = if version >= 6 { "Content-Type: application/partial-upload\r\n" } else { "" };
        let name = format!("v{version}");
        let at = format!("/files?bucket=b&name={name}");
        let some =
            asker.send("POST", &at, &format!("{own}{word}: {not_done}\r\n"), &data[..40_000]);
        assert_eq!((some.status, offset(&some)), (201, 40_000), "{}", some.text());
        assert_eq!(some.header(word), Some(not_done));
        assert_eq!(some.header("tus-resumable"), None);
        let place = some.header("location").expect("a place").to_owned();
        let told = asker.send("HEAD", &place, &own, b"");
        assert_eq!((told.status, offset(&told), told.header(word)), (204, 40_000, Some(not_done)));
        assert!(
            told.header("upload-limit").is_some()
                && told.header("cache-control") == Some("no-store")
        );
        let wrong = asker.send(
            "PATCH",
            &place,
            &format!("{own}{kind}Upload-Offset: 5\r\n{word}: {done}\r\n"),
            b"x",
        );
        assert_eq!((wrong.status, wrong.json()["expected-offset"].as_u64()), (409, Some(40_000)));
        if version >= 6 {
            assert_eq!(
                asker
                    .send(
                        "PATCH",
                        &place,
                        &format!("{own}Upload-Offset: 40000\r\n{word}: {done}\r\n"),
                        b"x"
                    )
                    .status,
                415
            );
        }
        assert_eq!(
            asker
                .send("PATCH", &place, &format!("{own}{kind}Upload-Offset: 40000\r\n"), b"x")
                .status,
            400
        );
        let more = asker.send(
            "PATCH",
            &place,
            &format!("{own}{kind}Upload-Offset: 40000\r\n{word}: {not_done}\r\n"),
            &data[40_000..70_000],
        );
        assert_eq!((more.status, offset(&more), more.header(word)), (204, 70_000, Some(not_done)));
        let last = asker.send(
            "PATCH",
            &place,
            &format!("{own}{kind}Upload-Offset: 70000\r\n{word}: {done}\r\n"),
            &data[70_000..],
        );
        assert_eq!((last.status, offset(&last), last.header(word)), (204, 100_000, Some(done)));
        assert!(file(&asker, &name).body == data);
        let whole = asker.send(
            "POST",
            &format!("{at}-whole"),
            &format!("{own}Content-Type: text/plain\r\n{word}: {done}\r\n"),
            b"all",
        );
        assert_eq!((whole.status, whole.header(word)), (201, Some(done)), "{}", whole.text());
        let read = file(&asker, &format!("{name}-whole"));
        assert_eq!(
            (read.text().as_str(), read.header("content-type")),
            ("all", Some("text/plain"))
        );
        assert_eq!(asker.send("DELETE", &place, &own, b"").status, 204);
        assert_eq!(asker.send("POST", &at, &own, b"x").status, 400);
    }
    assert_eq!(
        asker.send("POST", "/files", "Upload-Draft-Interop-Version: 99\r\n", b"x").status,
        400
    );
    // What breaks off in the first request is kept; its client learns the place by none.
    let own = "Upload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\nContent-Length: 100\r\n";
    let mut broken = asker.begin("POST", "/files?bucket=b&name=broken", own).expect("a connection");
    broken.write_all(b"some").expect("some is sent");
    drop(broken);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(file(&asker, "broken").status, 404);
}
