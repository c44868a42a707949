//! What goes over TLS, and what of it is told nobody else: browsers are told to stay there,
//! and no line of the log has a secret in it.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::block_on;
use crate::support::http::{get, post, raw, send};
use crate::support::raw::Raw;
use crate::support::websocket::WebSocket;
use crate::support::zserver::Zserver;

/// A certificate for `localhost` and its key, as files; the certificate as PEM.
fn certificate(directory: &Path) -> (String, String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("TLS");
    let (certificate, key) = (directory.join("c.pem"), directory.join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("a certificate");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a key");
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    (text(&certificate), text(&key), made.cert.pem())
}

#[test]
fn browsers_are_told_to_stay_with_tls() {
    let directory = TempDir::new().expect("a directory");
    let (certificate, key, pem) = certificate(directory.path());
    let root = reqwest::Certificate::from_pem(pem.as_bytes()).expect("a certificate");
    for (max_age, told) in
        [(None, Some("max-age=31536000")), (Some("90s"), Some("max-age=90")), (Some("0"), None)]
    {
        let mut settings = vec![
            ("ZSERVER_SSL_CERT_FILE", certificate.as_str()),
            ("ZSERVER_SSL_KEY_FILE", key.as_str()),
        ];
        settings.extend(max_age.map(|age| ("ZSERVER_HTTP_HSTS_MAX_AGE", age)));
        let data = directory.path().join(max_age.unwrap_or("default"));
        let (_server, http) = Zserver::start_with_http(&data, true, &settings);
        block_on(async {
            let client = reqwest::Client::builder().add_root_certificate(root.clone());
            let client = client.build().expect("a client");
            let url = |path: &str| format!("https://localhost:{http}{path}");
            // Whatever the answer is: a page, data, what the guard or the proof refuses.
            for (path, status) in
                [("/livez", 200), ("/docs", 200), ("/nothing", 404), ("/api/v1/jobs", 401)]
            {
                let answer = client.get(url(path)).send().await.expect("an answer");
                assert_eq!(answer.status().as_u16(), status, "{path}");
                let header = answer.headers().get("strict-transport-security");
                assert_eq!(header.map(|value| value.to_str().expect("text")), told, "{path}");
            }
            let long = client.get(url(&format!("/livez?x={}", "y".repeat(20_000))));
            let long = long.send().await.expect("an answer");
            assert_eq!(long.status().as_u16(), 414);
            assert_eq!(long.headers().contains_key("strict-transport-security"), told.is_some());
            // Who comes by a name over TLS has seen the certificate.
            let trusted = client.get(url("/api/v1/jobs")).basic_auth("postgres", Some(""));
            let trusted = trusted.header("host", "db.example").send().await.expect("an answer");
            assert_eq!(trusted.status().as_u16(), 200);
        });
        // In clear it would be a lie.
        assert_eq!(get(http, "/livez").header("strict-transport-security"), None);
    }
}

/// What is in a log that has all that was done.
const TOLD: [&str; 12] = [
    "a request is proved",
    "login refused",
    "password authentication failed",
    "the API key",
    "the token",
    "the refresh token",
    "a refresh token was used again",
    "looks like an attack",
    "files.sign_url",
    "auth.begin_session",
    "invalid input syntax for type timestamp",
    "a connection to the HTTP port ended",
];

/// Every way that a secret comes or is made, good or bad, with every line logged that there
/// is.
#[test]
fn no_line_of_the_log_has_a_secret() {
    for format in ["text", "json"] {
        let directory = TempDir::new().expect("a directory");
        let log = directory.path().join("log");
        let settings = [
            ("ZSERVER_PASSWORD", "Pf3-first word"),
            ("ZSERVER_LOG_FILTER", "debug,zserver=trace"),
            ("ZSERVER_LOG_FORMAT", format),
            ("ZSERVER_LOG_STATEMENT", "all"),
            ("ZSERVER_HTTP_WAF", "log"),
        ];
        let data = directory.path().join("data");
        let (server, http) = Zserver::start_secured_with_http(&data, &log, &settings);
        let mut secrets = vec!["Pf3-first word".to_owned(), "first word".to_owned()];
        secrets.extend(use_secrets(&server, http));
        assert!(server.terminate().success());
        let text = std::fs::read_to_string(&log).expect("the log");
        for told in TOLD {
            assert!(text.contains(told), "{format}: it is logged what is done: {told}");
        }
        assert!(text.contains("***"), "{format}: statements with a password are in it");
        for secret in secrets {
            assert!(secret.len() >= 8, "{secret} would be found anywhere");
            let line = text.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{format}: {secret}");
            let encoded = STANDARD.encode(&secret);
            assert!(!text.contains(encoded.trim_end_matches('=')), "{format}: {secret} in base64");
        }
    }
}

/// What was used, none of which may be told.
fn use_secrets(server: &Zserver, http: u16) -> Vec<String> {
    let basic = |role: &str, password: &str| {
        let text = STANDARD.encode(format!("{role}:{password}"));
        format!("Authorization: Basic {text}\r\nZserver-Database: postgres\r\n")
    };
    let admin = basic("postgres", "Pf3-first word");
    let ask = |headers: &str, query: &str| {
        post(http, "/api/v1/sql", headers, &json!({"query": query}).to_string())
    };
    let made = ask(&admin, "create role ann login password 'Kq8-second word'");
    assert_eq!(made.status, 200, "{}", made.text());
    let ann = basic("ann", "Kq8-second word");
    assert_eq!(ask(&ann, "select 1").status, 200);
    assert_eq!(ask(&basic("ann", "Wr0-wrong word"), "select 1").status, 401);
    let mut secrets = vec!["Kq8-second".to_owned(), "Wr0-wrong word".to_owned()];
    // As `Authorization` has them.
    for known in ["postgres:Pf3-first word", "ann:Kq8-second word", "ann:Wr0-wrong word"] {
        secrets.push(STANDARD.encode(known));
    }
    // Sessions and keys, good and bad.
    let log_in = |password: &str| {
        let body = json!({"role": "ann", "password": password, "database": "postgres"});
        post(http, "/api/v1/auth/login", "", &body.to_string())
    };
    assert_eq!(log_in("Wr1-wrong \"word\"").status, 401);
    secrets.push("Wr1-wrong".to_owned());
    let tokens = log_in("Kq8-second word").json();
    let member = |value: &Value, name: &str| value[name].as_str().expect(name).to_owned();
    let (access, refresh) = (member(&tokens, "access_token"), member(&tokens, "refresh_token"));
    let bearer = |token: &str| format!("Authorization: Bearer {token}\r\n");
    assert_eq!(ask(&bearer(&access), "select 1").status, 200);
    let forged = format!("{}AAAAAAAA", &access[..access.len() - 8]);
    assert_eq!(ask(&bearer(&forged), "select 1").status, 401);
    let body = json!({"refresh_token": refresh}).to_string();
    let next = post(http, "/api/v1/auth/refresh", "", &body).json();
    assert_eq!(post(http, "/api/v1/auth/refresh", "", &body).status, 401, "used once");
    let key = member(&post(http, "/api/v1/auth/keys", &ann, "{\"name\": \"k\"}").json(), "key");
    for header in ["Authorization: Bearer", "api-key:", "apikey:"] {
        assert_eq!(ask(&format!("{header} {key}\r\n"), "select 1").status, 200, "{header}");
        let last = if key.ends_with('x') { 'y' } else { 'x' };
        let wrong = format!("{header} {}{last}\r\n", &key[..key.len() - 1]);
        assert_eq!(ask(&wrong, "select 1").status, 401, "{header}");
    }
    secrets.extend([member(&next, "access_token"), member(&next, "refresh_token")]);
    // Of a token and a key the part that proves; what is before it names them.
    let proof = |text: &str| text[text.len() - 24..text.len() - 1].to_owned();
    secrets.extend([proof(&access), proof(&refresh), proof(&key), proof(&forged)]);
    // Where they should not be: a URL, a header of another protocol.
    for path in [
        format!("/api/v1/jobs?access_token={access}"),
        format!("/api/v1/jobs?apikey={key}"),
        format!("/nothing?password=Ur4-third-word&token={access}"),
        format!("/files/x?x='%20or%201=1;--&refresh_token={refresh}"),
    ] {
        assert!(send(http, "GET", &path, &ann, "").status >= 400, "{path}");
    }
    secrets.push("Ur4-third-word".to_owned());
    let neon = "Neon-Connection-String: postgresql://ann:Kq8-second%20word@localhost/postgres\r\n";
    let query = json!({"query": "select 1", "params": []}).to_string();
    assert_eq!(post(http, "/sql", neon, &query).status, 200);
    let wrong = "Neon-Connection-String: postgresql://ann:Wr2-wrong-word@localhost/postgres\r\n";
    assert_eq!(post(http, "/sql", wrong, &query).status, 401);
    secrets.push("Wr2-wrong-word".to_owned());
    drop(WebSocket::open(http, "/api/v1/sql", &bearer(&key)).expect("a socket"));
    let offer = format!("Sec-WebSocket-Protocol: zserver.sql.v1, zserver.bearer.{key}\r\n");
    drop(WebSocket::open(http, "/api/v1/sql", &offer).expect("a socket"));
    assert!(WebSocket::open(http, "/api/v1/sql", &bearer(&forged)).is_err());
    // A signed URL, good, changed, late.
    assert_eq!(send(http, "PUT", "/api/v1/files/docs", &admin, "").status, 201);
    assert_eq!(send(http, "PUT", "/api/v1/files/docs/a", &admin, "content").status, 201);
    let signed = send(http, "POST", "/api/v1/files/docs/a?sign", &admin, "").json();
    let url = member(&signed, "url");
    let path = url[url.find("/api/").expect("a path")..].to_owned();
    assert_eq!(get(http, &path).text(), "content");
    let signature = path.rsplit_once("signature=").expect("a signature").1.to_owned();
    let signature = signature.split('&').next().expect("a signature").to_owned();
    assert!(get(http, &path.replace("/docs/a", "/docs/b")).status >= 400);
    assert!(get(http, &path.replace(&signature, &signature[1..])).status >= 400);
    assert!(get(http, &format!("{path}&nothing=1")).status >= 400);
    secrets.push(signature[1..].to_owned());
    // By PostgreSQL's protocol: a login that is none, statements that fail near a secret.
    let mut stranger = Raw::connect(server.port);
    stranger.send(&crate::support::raw::startup("ann"));
    drop(stranger);
    for statement in [
        "alter role ann password 'Nw5-fourth word' valid until 'nonsense'",
        "create role bob login encrypted password 'Nw5-fourth word' in role nobody",
        "alter user ann with password E'Nw5-fourth word'",
    ] {
        ask(&admin, statement);
    }
    secrets.push("fourth word".to_owned());
    // What is no request at all.
    raw(http, format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}Bad Header: x\r\n\r\n", bearer(&key)).as_bytes());
    secrets
}
