//! Tokens that others have issued.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use zserver::auth::jwt;
use zserver::auth::signing::{Algorithm, PrivateKey};

use super::{Served, basic, bearer, now};
use crate::support::http::{post, send};

/// A server that answers every request with the same JSON, and counts them.
fn issuer(body: Arc<Mutex<String>>) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request);
            *counted.lock().expect("a count") += 1;
            let body = body.lock().expect("a body").clone();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    (url, count)
}

#[test]
fn tokens_of_other_issuers_are_roles_here() {
    let served = Served::start(&[("ZSERVER_AUTH_PRIVATE_ISSUERS", "true")]);
    served.log_in("ann", "a");
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let other = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let jwks = json!({"keys": [key.public_jwk("k1").unwrap()]}).to_string();
    served.admin(&format!(
        "select auth.create_issuer('https://idp', '{{app}}', jwks => '{jwks}', role_claim => 'realm.roles', scopes => '{{sql}}')"
    ));
    served.admin("select auth.map_role('https://idp', 'staff', 'ann')");
    let claims = |changes: Value| {
        let mut claims = json!({"iss": "https://idp", "aud": "app", "exp": now() + 60, "sub": "u1",
            "realm": {"roles": ["x", "staff"]}});
        for (name, value) in changes.as_object().expect("an object") {
            claims[name.as_str()] = value.clone();
        }
        claims
    };
    let ask = |token: &str, database: &str| {
        let headers = format!("{}Zserver-Database: {database}\r\n", bearer(token));
        served.sql_as(&headers, "select current_user, auth.claims()->>'sub', auth.scopes()::text")
    };
    let signed = |changes: Value| jwt::sign("k1", &key, &claims(changes)).unwrap();
    let answer = ask(&signed(json!({})), "postgres");
    assert_eq!(answer.json()["results"][0]["rows"], json!([["ann", "u1", "{sql}"]]));
    let headers = format!("{}Zserver-Database: postgres\r\n", bearer(&signed(json!({}))));
    assert_eq!(send(served.http, "GET", "/api/v1/auth/keys", &headers, "").status, 403);
    assert_eq!(served.role_of(&signed(json!({}))), Err(401), "no database is named");
    for changes in [
        json!({"aud": "other"}),
        json!({"exp": now() - 100}),
        json!({"iss": "https://other"}),
        json!({"realm": {"roles": ["x"]}}),
        json!({"realm": {"roles": ["*"]}}),
        json!({"realm": "staff"}),
    ] {
        assert_eq!(ask(&signed(changes.clone()), "postgres").status, 401, "{changes}");
    }
    let stranger = jwt::sign("k1", &other, &claims(json!({}))).unwrap();
    assert_eq!(ask(&stranger, "postgres").status, 401);
    // Signatures of zeros, which some have taken for any message.
    let good = signed(json!({}));
    let (message, _) = good.rsplit_once('.').expect("a signature");
    for signature in ["A".repeat(86), "A".repeat(8), String::new()] {
        assert_eq!(ask(&format!("{message}.{signature}"), "postgres").status, 401, "{signature}");
    }
    // Its value for everybody.
    served.admin("select auth.map_role('https://idp', '*', 'ann')");
    assert_eq!(ask(&signed(json!({"realm": {}})), "postgres").status, 200);
    served.admin("select auth.drop_issuer('https://idp')");
    assert_eq!(ask(&signed(json!({})), "postgres").status, 401);
    let denied =
        served.sql_as(&basic("ann", "a", "postgres"), "select auth.create_issuer('x', '{a}')");
    assert_eq!(denied.code(), "42501");
}

#[test]
fn keys_of_other_issuers_are_asked_for() {
    let served = Served::start(&[("ZSERVER_AUTH_PRIVATE_ISSUERS", "true")]);
    served.log_in("ann", "a");
    let (first, second) = (
        PrivateKey::generate(Algorithm::EdDsa).unwrap(),
        PrivateKey::generate(Algorithm::Es256).unwrap(),
    );
    let body = Arc::new(Mutex::new(json!({"keys": [first.public_jwk("k1").unwrap()]}).to_string()));
    let (url, count) = issuer(body.clone());
    served
        .admin(&format!("select auth.create_issuer('{url}', '{{app}}', jwks_url => '{url}/keys')"));
    served.admin(&format!("select auth.map_role('{url}', 'staff', 'ann')"));
    let ask = |kid: &str, key: &PrivateKey| {
        let claims = json!({"iss": url, "aud": ["app"], "exp": now() + 60, "role": "staff"});
        let token = jwt::sign(kid, key, &claims).unwrap();
        let headers = format!("{}Zserver-Database: postgres\r\n", bearer(&token));
        served.sql_as(&headers, "select 1").status
    };
    assert_eq!((ask("k1", &first), ask("k1", &first)), (200, 200));
    assert_eq!(*count.lock().unwrap(), 1, "they are kept");
    // A key that is not known is asked for, once a minute.
    *body.lock().unwrap() = json!({"keys": [second.public_jwk("k2").unwrap()]}).to_string();
    assert_eq!((ask("k2", &second), ask("k2", &second)), (401, 401));
    assert_eq!(*count.lock().unwrap(), 1);
    // An issuer that answers too much, or nothing, is as one that does not answer.
    let (large, _) = issuer(Arc::new(Mutex::new(format!(
        "{{\"keys\": [], \"x\": \"{}\"}}",
        "x".repeat(300_000)
    ))));
    for place in [large.as_str(), "http://127.0.0.1:1", "ftp://127.0.0.1"] {
        served.admin(&format!("select auth.drop_issuer('{url}')"));
        served.admin(&format!(
            "select auth.create_issuer('{url}', '{{app}}', jwks_url => '{place}')"
        ));
        served.admin(&format!("select auth.map_role('{url}', 'staff', 'ann')"));
        assert_eq!(ask("k1", &first), 401, "{place}");
    }
}

#[test]
fn issuers_without_tls_and_within_are_not_asked() {
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    let key = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let body = json!({"keys": [key.public_jwk("k1").unwrap()]}).to_string();
    let (url, count) = issuer(Arc::new(Mutex::new(body)));
    served.admin(&format!("select auth.create_issuer('{url}', '{{app}}', jwks_url => '{url}')"));
    served.admin(&format!("select auth.map_role('{url}', '*', 'ann')"));
    let claims = json!({"iss": url, "aud": "app", "exp": now() + 60});
    let token = jwt::sign("k1", &key, &claims).unwrap();
    let headers = format!("{}Zserver-Database: postgres\r\n", bearer(&token));
    assert_eq!(served.sql_as(&headers, "select 1").status, 401);
    assert_eq!(*count.lock().unwrap(), 0);
}

/// Two who are the same role are two: what one has begun is not the other's.
#[test]
fn subjects_of_one_role_are_kept_apart() {
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    let key = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let jwks = json!({"keys": [key.public_jwk("k").unwrap()]}).to_string();
    served.admin(&format!("select auth.create_issuer('https://idp', '{{app}}', jwks => '{jwks}')"));
    served.admin("select auth.map_role('https://idp', '*', 'ann')");
    let token = |subject: Value, mark: &str| {
        let claims = json!({"iss": "https://idp", "aud": "app", "exp": now() + 60, "jti": mark,
            "sub": subject});
        format!("{}Zserver-Database: postgres\r\n", bearer(&jwt::sign("k", &key, &claims).unwrap()))
    };
    let (one, other) = (token(json!("u1"), "a"), token(json!("u2"), "a"));
    let ask = |who: &str, query: &str| served.sql_as(who, query);
    let shown = ask(&one, "show zserver.subject").json()["results"][0]["rows"].clone();
    assert_eq!(shown, json!([["[\"https://idp\",\"u1\"]"]]));
    assert_eq!(ask(&one, "set zserver.subject = ''").code(), "55P02");
    let password = basic("ann", "a", "postgres");
    let shown = ask(&password, "show zserver.subject").json()["results"][0]["rows"].clone();
    assert_eq!(shown, json!([[""]]));
    // A transaction.
    let begin = |who: &str| {
        let made = post(served.http, "/api/v1/transactions", who, "");
        assert_eq!(made.status, 201, "{}", made.text());
        format!("/api/v1/transactions/{}", made.json()["id"].as_str().expect("an id"))
    };
    let path = begin(&one);
    let within = |who: &str| {
        post(served.http, &format!("{path}/sql"), who, r#"{"query": "select 1"}"#).status
    };
    let nobody = token(Value::Null, "a");
    for stranger in [&other, &password, &nobody] {
        assert_eq!(within(stranger), 404);
        assert_eq!(post(served.http, &format!("{path}/commit"), stranger, "").status, 404);
        let list = send(served.http, "GET", "/api/v1/transactions", stranger, "").json();
        assert_eq!(list["transactions"], json!([]));
    }
    assert_eq!(within(&token(json!("u1"), "b")), 200, "the same one by another token");
    assert_eq!(post(served.http, &format!("{path}/commit"), &one, "").status, 200);
    assert_eq!(send(served.http, "GET", &path, &other, "").status, 404, "nor what became of it");
    // Without a subject only the same token is the same.
    let path = begin(&nobody);
    let shown = |who: &str| send(served.http, "GET", &path, who, "").status;
    assert_eq!((shown(&nobody), shown(&token(Value::Null, "b"))), (200, 404));
    // A key.
    let keyed = |who: &str| {
        let headers = format!("{who}Idempotency-Key: k\r\n");
        let answer = post(served.http, "/api/v1/sql", &headers, r#"{"query": "select 1"}"#);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("idempotency-replayed").is_some()
    };
    let once = [keyed(&one), keyed(&other), keyed(&password), keyed(&nobody)];
    assert_eq!(once, [false; 4], "each has its own");
    assert_eq!([keyed(&one), keyed(&other), keyed(&password), keyed(&nobody)], [true; 4]);
    let count = "select count(*) from http.idempotency_keys";
    for who in [&one, &other, &password] {
        assert_eq!(ask(who, count).json()["results"][0]["rows"], json!([[1]]));
    }
    assert_eq!(served.admin(count), json!([[4]]));
}

/// Nor is what one uploads, and nobody else cuts it off.
#[test]
fn uploads_are_kept_apart_by_subject() {
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    let key = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let jwks = json!({"keys": [key.public_jwk("k").unwrap()]}).to_string();
    served.admin(&format!("select auth.create_issuer('https://idp', '{{app}}', jwks => '{jwks}', scopes => '{{sql,files}}')"));
    served.admin("select auth.map_role('https://idp', '*', 'ann')");
    let token = |subject: &str| {
        let claims = json!({"iss": "https://idp", "aud": "app", "exp": now() + 60, "sub": subject});
        format!("{}Zserver-Database: postgres\r\n", bearer(&jwt::sign("k", &key, &claims).unwrap()))
    };
    let (one, other) = (token("u1"), token("u2"));
    let password = basic("ann", "a", "postgres");
    let admin = basic("postgres", "s3cret", "postgres");
    let shared = "{\"readers\": [\"ann\"], \"writers\": [\"ann\"]}";
    let made = send(served.http, "PUT", "/api/v1/files/b", &admin, shared);
    assert_eq!(made.status, 201, "{}", made.text());
    let tus = |method: &str, path: &str, who: &str, more: &str, body: &str| {
        let headers = format!("{who}Tus-Resumable: 1.0.0\r\n{more}");
        send(served.http, method, path, &headers, body)
    };
    let begin = |path: &str, who: &str, more: &str| {
        let begun = tus("POST", path, who, more, "");
        assert_eq!(begun.status, 201, "{}", begun.text());
        begun.header("location").expect("a place").to_owned()
    };
    let path = begin("/files?bucket=b&name=x", &one, "Upload-Length: 6\r\n");
    let path = &path[path.find("/files/").expect("a path")..];
    let piece = |offset: usize| {
        format!("Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\n")
    };
    assert_eq!(tus("PATCH", path, &one, &piece(0), "abc").status, 204);
    // One that goes on while others ask for it.
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{one}Tus-Resumable: 1.0.0\r\n\
         {}Content-Length: 3\r\n\r\nd",
        piece(3)
    );
    let mut going = TcpStream::connect(("127.0.0.1", served.http)).expect("the port is open");
    going.write_all(head.as_bytes()).expect("a piece is sent");
    std::thread::sleep(std::time::Duration::from_millis(300));
    for stranger in [&other, &password] {
        assert_eq!(tus("HEAD", path, stranger, "", "").status, 404);
        assert_eq!(tus("PATCH", path, stranger, &piece(3), "xyz").status, 404);
        assert_eq!(tus("DELETE", path, stranger, "", "").status, 404);
        let seen = served.sql_as(stranger, "select count(*) from files.uploads").json();
        assert_eq!(seen["results"][0]["rows"], json!([[0]]));
    }
    going.write_all(b"ef").expect("the rest is sent");
    let mut answer = String::new();
    going.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let seen = served.sql_as(&one, "select count(*) from files.uploads").json();
    assert_eq!(seen["results"][0]["rows"], json!([[1]]));
    assert_eq!(send(served.http, "GET", "/api/v1/files/b/x", &password, "").text(), "abcdef");
    // Parts of one are not another's to put together.
    let part = begin("/files", &one, "Upload-Length: 0\r\nUpload-Concat: partial\r\n");
    let join = format!("Upload-Concat: final;{part}\r\n");
    let joined = |who: &str| tus("POST", "/files?bucket=b&name=y", who, &join, "").status;
    assert_eq!((joined(&other), joined(&password)), (404, 404));
    assert_eq!(joined(&one), 201);
}

/// What a transaction's session may, whoever goes on with it has to have proved.
#[test]
fn transactions_are_of_the_scopes_that_they_began_with() {
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    let ann = basic("ann", "a", "postgres");
    let made =
        served.sql_as(&ann, "select secret from auth.create_api_key('k', scopes => '{sql}')");
    let key = made.json()["results"][0]["rows"][0][0].clone();
    let narrow = bearer(key.as_str().expect("a key"));
    let made = post(served.http, "/api/v1/transactions", &ann, "");
    let path = format!("/api/v1/transactions/{}/sql", made.json()["id"].as_str().expect("an id"));
    let ask = |who: &str| post(served.http, &path, who, r#"{"query": "select 1"}"#).status;
    assert_eq!((ask(&narrow), ask(&ann)), (404, 200));
}
