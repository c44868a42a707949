//! Tokens, sessions, API keys and foreign issuers of the second port.

mod issuers;
mod keys;
mod own;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use tempfile::TempDir;
use zserver::auth::jwt;
use zserver::auth::signing::{Algorithm, PrivateKey};
use zserver::auth::vault::{KeyFile, from_hex};

use crate::support::http::{Answer, post, send};
use crate::support::zserver::Zserver;

/// A server that asks for passwords, with `postgres` (`s3cret`) and `ann` (`a`).
struct Served {
    server: Zserver,
    http: u16,
    data: PathBuf,
    directory: TempDir,
}

impl Served {
    fn start(environment: &[(&str, &str)]) -> Served {
        let directory = TempDir::new().expect("a directory");
        let data = directory.path().join("data");
        let mut all = vec![("ZSERVER_PASSWORD", "s3cret")];
        all.extend(environment);
        let (server, http) = Zserver::start_with_http(&data, false, &all);
        let served = Served { server, http, data, directory };
        served.admin("create role ann login password 'a'");
        served
    }

    /// Kills the server, and starts another over what is left.
    fn kill_and_start(self) -> Served {
        self.server.kill();
        let (server, http) = Zserver::start_with_http(&self.data, false, &[]);
        Served { server, http, data: self.data, directory: self.directory }
    }

    fn sql_as(&self, headers: &str, query: &str) -> Answer {
        post(self.http, "/api/v1/sql", headers, &json!({"query": query}).to_string())
    }

    /// The rows of a statement of `postgres`.
    fn admin(&self, query: &str) -> Value {
        let answer = self.sql_as(&basic("postgres", "s3cret", "postgres"), query);
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()["results"][0]["rows"].clone()
    }

    fn log_in(&self, role: &str, password: &str) -> Tokens {
        let body = json!({"role": role, "password": password, "database": "postgres"});
        let answer = post(self.http, "/api/v1/auth/login", "", &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        Tokens::of(&answer)
    }

    fn refresh(&self, token: &str) -> Answer {
        let body = json!({"refresh_token": token}).to_string();
        post(self.http, "/api/v1/auth/refresh", "", &body)
    }

    /// What a token is as a role; or its status.
    fn role_of(&self, token: &str) -> Result<String, u16> {
        let answer = self.sql_as(&bearer(token), "select current_user");
        match answer.status {
            200 => Ok(answer.json()["results"][0]["rows"][0][0].as_str().unwrap().to_owned()),
            status => Err(status),
        }
    }

    /// A token with the server's own key and these changes of good claims.
    fn forged(&self, good: &Tokens, changes: Value) -> String {
        let row = self.admin(
            "select kid, algorithm, encode(private_key, 'hex'), \
             (select oid from pg_database where datname = current_database()) \
             from auth.signing_key where state = 'current'",
        );
        let text = |at: usize| row[0][at].as_str().expect("a text").to_owned();
        let database = row[0][3].to_string().trim_matches('"').parse().expect("an OID");
        let vault = KeyFile::new(&self.data).vault(database).expect("the server's key");
        let der = vault.open(&from_hex(&text(2)).expect("hex"), &text(0)).expect("it is sealed");
        let key =
            PrivateKey::of_der(Algorithm::named(&text(1)).expect("known"), &der).expect("a key");
        let mut claims = claims_of(&good.access);
        for (name, value) in changes.as_object().expect("an object") {
            claims[name.as_str()] = value.clone();
        }
        jwt::sign(&text(0), &key, &claims).expect("a signature")
    }
}

struct Tokens {
    access: String,
    refresh: String,
    session: String,
}

impl Tokens {
    fn of(answer: &Answer) -> Tokens {
        let body = answer.json();
        let text = |name: &str| body[name].as_str().expect("a text").to_owned();
        Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
            session: text("session"),
        }
    }
}

fn basic(role: &str, password: &str, database: &str) -> String {
    let text = STANDARD.encode(format!("{role}:{password}"));
    format!("Authorization: Basic {text}\r\nZserver-Database: {database}\r\n")
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn part_of(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn claims_of(token: &str) -> Value {
    part_of(token, 1)
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs() as i64
}

#[test]
fn a_session_begins_goes_on_and_ends() {
    let served = Served::start(&[]);
    let tokens = served.log_in("ann", "a");
    assert_eq!(served.role_of(&tokens.access), Ok("ann".to_owned()));
    let claims = claims_of(&tokens.access);
    assert_eq!((&claims["role"], &claims["sid"]), (&json!("ann"), &json!(tokens.session)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert_eq!(part_of(&tokens.access, 0)["alg"], json!("EdDSA"));
    // What SQL sees of it, and cannot set.
    let seen = served.sql_as(
        &bearer(&tokens.access),
        "select auth.claims()->>'role', auth.session_id()::text, auth.scopes()::text, \
         current_setting('request.jwt.claims')::json->>'sid'",
    );
    let all = "{sql,collections,files,jobs,events,rooms,admin}";
    let expected = json!([["ann", tokens.session, all, tokens.session]]);
    assert_eq!(seen.json()["results"][0]["rows"], expected);
    let set = served.sql_as(&bearer(&tokens.access), "set zserver.claims = '{}'");
    assert_eq!(set.code(), "55P02");
    let me = send(served.http, "GET", "/api/v1/auth/me", &bearer(&tokens.access), "").json();
    assert_eq!((&me["role"], &me["proof"]), (&json!("ann"), &json!("token")));
    // A new pair; the session is the same.
    let second = Tokens::of(&served.refresh(&tokens.refresh));
    assert_eq!(second.session, tokens.session);
    assert_eq!(served.role_of(&second.access), Ok("ann".to_owned()));
    assert_eq!(served.role_of(&tokens.access), Ok("ann".to_owned()), "until it expires");
    // The first comes again: one of two has stolen it.
    let reused = served.refresh(&tokens.refresh);
    assert_eq!((reused.status, reused.code().as_str()), (401, "28000"));
    assert_eq!(served.refresh(&second.refresh).status, 401);
    assert_eq!(served.role_of(&second.access), Err(401));
    let ended = served.admin("select revoked_for from auth.sessions");
    assert_eq!(ended, json!([["reuse of a refresh token"]]));
    // Logging out, by the access token and by the refresh token.
    let third = served.log_in("ann", "a");
    let out = post(served.http, "/api/v1/auth/revoke", &bearer(&third.access), "");
    assert_eq!(out.status, 204);
    assert_eq!(served.role_of(&third.access), Err(401));
    assert_eq!(served.refresh(&third.refresh).status, 401);
    let fourth = served.log_in("ann", "a");
    for token in [&fourth.refresh, "zsr_nothing"] {
        let body = json!({"refresh_token": token}).to_string();
        assert_eq!(post(served.http, "/api/v1/auth/revoke", "", &body).status, 204);
    }
    assert_eq!(served.role_of(&fourth.access), Err(401));
}

#[test]
fn a_login_is_judged_as_any() {
    let served = Served::start(&[]);
    let log_in = |body: Value, headers: &str| {
        let answer = post(served.http, "/api/v1/auth/login", headers, &body.to_string());
        (answer.status, answer.code())
    };
    let wrong = |status: u16, code: &str| (status, code.to_owned());
    let with = |role: &str, password: &str, database: &str| {
        log_in(json!({"role": role, "password": password, "database": database}), "")
    };
    assert_eq!(with("ann", "b", "postgres"), wrong(401, "28P01"));
    assert_eq!(with("nobody", "a", "postgres"), wrong(401, "28P01"));
    assert_eq!(with("ann", "a", "nowhere"), wrong(404, "3D000"));
    assert_eq!(log_in(json!({"rol": "ann"}), ""), wrong(400, "08P01"));
    assert_eq!(log_in(json!({"password": "a"}), ""), wrong(400, "08P01"));
    let header = basic("ann", "a", "postgres");
    assert_eq!(log_in(json!({"role": "ann"}), &header), wrong(400, "08P01"));
    assert_eq!(log_in(json!({"scopes": ["nothing"]}), &header), wrong(400, "08P01"));
    assert_eq!(log_in(json!({"scopes": []}), &header), wrong(400, "08P01"));
    let by_header = post(served.http, "/api/v1/auth/login", &header, "");
    let tokens = Tokens::of(&by_header);
    // A token is no password.
    assert_eq!(log_in(json!({}), &bearer(&tokens.access)), wrong(403, "42501"));
    // A session of one scope.
    let body = json!({"scopes": ["files"]}).to_string();
    let narrow = Tokens::of(&post(served.http, "/api/v1/auth/login", &header, &body));
    assert_eq!(claims_of(&narrow.access)["scope"], json!("files"));
    assert_eq!(served.role_of(&narrow.access), Err(403));
    let narrow = Tokens::of(&served.refresh(&narrow.refresh));
    assert_eq!(served.role_of(&narrow.access), Err(403), "a refresh does not widen it");
    // What becomes of the role counts at once.
    served.admin("alter role ann nologin");
    assert_eq!(served.role_of(&tokens.access), Err(403));
    assert_eq!(served.refresh(&tokens.refresh).status, 403);
    served.admin("alter role ann login");
    served.admin("alter role ann rename to anna");
    assert_eq!(served.role_of(&tokens.access), Err(401));
    let renamed = Tokens::of(&served.refresh(&tokens.refresh));
    assert_eq!(served.role_of(&renamed.access), Ok("anna".to_owned()));
    served.admin("drop role anna");
    assert_eq!(served.role_of(&renamed.access), Err(401));
    served.admin("create role anna login");
    assert_eq!(served.role_of(&renamed.access), Err(401), "another of the same name");
    assert_eq!(served.refresh(&renamed.refresh).status, 401);
}

#[test]
fn tokens_that_are_not_right_are_refused() {
    let served = Served::start(&[("ZSERVER_AUTH_CLOCK_SKEW", "5s")]);
    let good = served.log_in("ann", "a");
    let forged = |changes: Value| served.role_of(&served.forged(&good, changes));
    assert_eq!(forged(json!({})), Ok("ann".to_owned()));
    assert_eq!(forged(json!({"exp": now() - 1})), Ok("ann".to_owned()), "within the skew");
    let issuer = claims_of(&good.access)["iss"].as_str().unwrap().to_owned();
    for changes in [
        json!({"exp": now() - 10}),
        json!({"nbf": now() + 60}),
        json!({"iat": now() + 60}),
        json!({"exp": null}),
        json!({"aud": "somebody"}),
        json!({"aud": format!("{issuer}:1")}),
        json!({"aud": issuer}),
        json!({"iss": "somebody"}),
        json!({"iss": null}),
        json!({"role": "postgres"}),
        json!({"sid": "00000000-0000-0000-0000-000000000000"}),
        json!({"sid": "' or true --"}),
        json!({"sid": null}),
    ] {
        assert_eq!(forged(changes.clone()), Err(401), "{changes}");
    }
    let [header, claims, signature] =
        <[&str; 3]>::try_from(good.access.split('.').collect::<Vec<_>>()).expect("three parts");
    let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let kid = part_of(&good.access, 0)["kid"].as_str().unwrap().to_owned();
    let with_header = |text: String| format!("{}.{claims}.{signature}", encoded(&text));
    let own = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let doubled =
        encoded(&claims_of(&good.access).to_string().replacen('{', "{\"role\":\"postgres\",", 1));
    let es256 = PrivateKey::generate(Algorithm::Es256).unwrap();
    for token in [
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{}", "A".repeat(86)),
        format!("{header}.{doubled}.{signature}"),
        with_header(format!(r#"{{"alg":"none","kid":"{kid}"}}"#)),
        format!("{}.{claims}.", encoded(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#))),
        with_header(format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)),
        with_header(format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#)),
        with_header(format!(r#"{{"alg":"EdDSA","kid":"{kid}","crit":["exp"]}}"#)),
        with_header(r#"{"alg":"EdDSA"}"#.to_owned()),
        with_header(r#"{"alg":"EdDSA","kid":"../../etc/passwd"}"#.to_owned()),
        with_header(r#"{"alg":"EdDSA","kid":"' union select 'a"}"#.to_owned()),
        with_header(format!(r#"{{"alg":"EdDSA","kid":"{kid}","alg":"EdDSA"}}"#)),
        // Signed by somebody else who takes the name of the key.
        jwt::sign(&kid, &own, &claims_of(&good.access)).unwrap(),
        jwt::sign(&kid, &es256, &claims_of(&good.access)).unwrap(),
        "eyJ".to_owned(),
        "...".to_owned(),
        "a".repeat(9_000),
    ] {
        let answer = served.sql_as(&bearer(&token), "select 1");
        assert_eq!((answer.status, answer.code().as_str()), (401, "28000"), "{token}");
        let challenge = answer.header("www-authenticate").unwrap_or_default().to_owned();
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
    assert_eq!(served.role_of(&good.access), Ok("ann".to_owned()));
}

/// What is known of the server is no secret, and what a header brings or points at is no key.
#[test]
fn keys_that_everybody_has_sign_nothing() {
    let served = Served::start(&[]);
    let good = served.log_in("ann", "a");
    let keys = send(served.http, "GET", "/.well-known/jwks.json?database=postgres", "", "").json();
    let jwk = keys["keys"][0].clone();
    let x = jwk["x"].as_str().expect("a public key").to_owned();
    let raw = URL_SAFE_NO_PAD.decode(&x).expect("base64url");
    let claims = URL_SAFE_NO_PAD.encode(claims_of(&good.access).to_string());
    let kid = part_of(&good.access, 0)["kid"].clone();
    let hmac = |header: Value, secret: &[u8]| {
        let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).expect("any key");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    };
    let own = PrivateKey::generate(Algorithm::EdDsa).expect("a key");
    let own_jwk = own.public_jwk("own").expect("a JWK");
    let brought = |mut header: Value| {
        header["alg"] = json!("EdDSA");
        let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(header.to_string()));
        format!("{signed}.{}", own.sign(signed.as_bytes()).expect("a signature"))
    };
    let mut der = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    der.extend_from_slice(&raw);
    let body = STANDARD.encode(der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let mut tokens = Vec::new();
    // The public key as the secret of an HMAC, in each form that a library may have read it from.
    for secret in [&raw[..], x.as_bytes(), jwk.to_string().as_bytes(), pem.as_bytes(), b""] {
        for algorithm in ["HS256", "hs256", "EdDSA"] {
            tokens.push(hmac(json!({"alg": algorithm, "typ": "JWT", "kid": kid}), secret));
        }
    }
    // Names of keys that lead to what everybody knows.
    for kid in ["/dev/null", "../../../../dev/null", "x' union select '' --", "", "\0"] {
        tokens.push(hmac(json!({"alg": "HS256", "kid": kid}), b""));
        tokens.push(brought(json!({"kid": kid})));
    }
    for kid in [json!(null), json!(1), json!(["a"]), json!({"a": 1})] {
        tokens.push(brought(json!({"kid": kid})));
    }
    // Keys that the header brings, or says where to find.
    for header in [
        json!({"kid": kid, "jwk": own_jwk}),
        json!({"kid": "own", "jwk": own_jwk}),
        json!({"kid": "own", "jku": "http://127.0.0.1:1/keys"}),
        json!({"kid": kid, "x5u": "http://127.0.0.1:1/cert"}),
        json!({"kid": kid, "x5c": [x]}),
        json!({"kid": kid, "jku": "file:///dev/null"}),
    ] {
        tokens.push(brought(header));
    }
    for token in tokens {
        let answer = served.sql_as(&bearer(&token), "select 1");
        assert_eq!((answer.status, answer.code().as_str()), (401, "28000"), "{token}");
    }
    assert_eq!(served.role_of(&good.access), Ok("ann".to_owned()));
}

#[test]
fn sessions_are_listed_and_ended() {
    let served = Served::start(&[("ZSERVER_AUTH_MAX_SESSIONS", "2")]);
    let first = served.log_in("ann", "a");
    let second = served.log_in("ann", "a");
    let list = |headers: &str| {
        let answer = send(served.http, "GET", "/api/v1/auth/sessions", headers, "");
        answer.json()["sessions"].as_array().expect("a list").clone()
    };
    let sessions = list(&bearer(&second.access));
    assert_eq!(sessions.len(), 2);
    let current: Vec<_> = sessions.iter().filter(|it| it["is_current"] == true).collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["id"], json!(second.session));
    assert_eq!(current[0]["address"], json!("127.0.0.1"));
    served.admin("create role ben login password 'b'");
    let ben = basic("ben", "b", "postgres");
    assert_eq!(list(&ben).len(), 0);
    let path = format!("/api/v1/auth/sessions/{}", first.session);
    assert_eq!(send(served.http, "DELETE", &path, &ben, "").status, 404);
    assert_eq!(served.role_of(&first.access), Ok("ann".to_owned()));
    assert_eq!(send(served.http, "DELETE", &path, &bearer(&second.access), "").status, 204);
    assert_eq!(served.role_of(&first.access), Err(401));
    assert_eq!(send(served.http, "DELETE", "/api/v1/auth/sessions/x", &ben, "").code(), "22P02");
    // Of more than there may be, the oldest end.
    let third = served.log_in("ann", "a");
    let fourth = served.log_in("ann", "a");
    assert_eq!(served.role_of(&second.access), Err(401));
    assert_eq!(served.role_of(&third.access), Ok("ann".to_owned()));
    let all = post(served.http, "/api/v1/auth/revoke", &bearer(&fourth.access), "{\"all\": true}");
    assert_eq!(all.status, 204);
    assert_eq!(served.role_of(&third.access), Err(401));
    assert_eq!(served.role_of(&fourth.access), Err(401));
}

#[test]
fn failed_logins_take_longer_and_longer() {
    let served = Served::start(&[
        ("ZSERVER_AUTH_LOGIN_FAILURES", "2"),
        ("ZSERVER_AUTH_LOGIN_DELAY", "1s"),
        ("ZSERVER_AUTH_LOGIN_DELAY_MAX", "2s"),
    ]);
    let token = served.log_in("ann", "a").access;
    let timed = |role: &str, password: &str| {
        let begun = Instant::now();
        let answer = served.sql_as(&basic(role, password, "postgres"), "select 1");
        (answer.status, begun.elapsed().as_millis())
    };
    let fast = |(status, millis): (u16, u128)| (status, millis < 1_000);
    assert_eq!(fast(timed("ann", "x")), (401, true));
    assert_eq!(fast(timed("ben", "x")), (401, true));
    // The third failure from here, whoever is guessed at.
    let (status, millis) = timed("ann", "y");
    assert!(status == 401 && millis >= 1_500, "{millis}");
    let (status, millis) = timed("ann", "z");
    assert!(status == 401 && (2_500..5_000).contains(&millis), "{millis}");
    // What was right before, and tokens, do not wait.
    assert_eq!(fast(timed("postgres", "s3cret")), (200, true));
    assert_eq!(served.role_of(&token), Ok("ann".to_owned()));
    // The other port counts with it.
    let begun = Instant::now();
    let config =
        format!("host=127.0.0.1 port={} user=ben password=x dbname=postgres", served.server.port);
    let refused = crate::support::block_on(async {
        tokio_postgres::connect(&config, tokio_postgres::NoTls).await.map(|_| ())
    });
    assert!(refused.is_err() && begun.elapsed() >= Duration::from_secs(2));
}

#[test]
fn rules_for_connections_hold_for_tokens() {
    let directory = TempDir::new().expect("a directory");
    let rules = directory.path().join("hba.conf");
    let write = |text: &str| std::fs::write(&rules, text).expect("a rule file");
    write("host all all all scram-sha-256\n");
    let path = rules.display().to_string();
    let served = Served::start(&[("ZSERVER_HBA_FILE", &path)]);
    let tokens = served.log_in("ann", "a");
    write("host all ann all reject\nhost all all all scram-sha-256\n");
    served.admin("select pg_reload_conf()");
    let begun = Instant::now();
    while served.role_of(&tokens.access) != Err(403) {
        assert!(begun.elapsed() < Duration::from_secs(20), "a rule that refuses counts");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(served.refresh(&tokens.refresh).status, 403);
}

#[test]
fn what_was_told_is_true_after_a_kill() {
    let served = Served::start(&[]);
    let kept = served.log_in("ann", "a");
    let (ended, rotated) = (served.log_in("ann", "a"), served.log_in("ann", "a"));
    let key = served.admin("select secret from auth.create_api_key('k')")[0][0].clone();
    let key = key.as_str().unwrap().to_owned();
    let next = Tokens::of(&served.refresh(&rotated.refresh));
    assert_eq!(post(served.http, "/api/v1/auth/revoke", &bearer(&ended.access), "").status, 204);
    let served = served.kill_and_start();
    assert_eq!(served.role_of(&kept.access), Ok("ann".to_owned()));
    assert_eq!(served.role_of(&ended.access), Err(401));
    assert_eq!(served.role_of(&next.access), Ok("ann".to_owned()));
    assert_eq!(served.role_of(&key), Ok("postgres".to_owned()));
    // That a refresh token was used is remembered, and what its reuse does.
    assert_eq!(served.refresh(&rotated.refresh).status, 401);
    let served = served.kill_and_start();
    assert_eq!(served.role_of(&next.access), Err(401));
    assert_eq!(served.refresh(&next.refresh).status, 401);
    assert_eq!(
        served.role_of(&Tokens::of(&served.refresh(&kept.refresh)).access),
        Ok("ann".to_owned())
    );
}

/// What is over is removed from each database where somebody logs in.
#[test]
fn what_is_over_is_removed_from_every_database() {
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    served.admin("create database other");
    let there = basic("postgres", "s3cret", "other");
    let old = "insert into auth.session (id, role, expires_at) \
        values ('00000000-0000-0000-0000-000000000001', 'ann', now() - interval '2 days')";
    for statement in ["create extension auth", old] {
        let made = served.sql_as(&there, statement);
        assert_eq!(made.status, 200, "{statement}: {}", made.text());
    }
    let body = json!({"role": "ann", "password": "a", "database": "other"}).to_string();
    assert_eq!(post(served.http, "/api/v1/auth/login", "", &body).status, 200);
    let begun = Instant::now();
    let left = || {
        let count = "select count(*) from auth.session where expires_at < now()";
        served.sql_as(&there, count).json()["results"][0]["rows"].clone()
    };
    while left() != json!([[0]]) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it is still there");
        std::thread::sleep(Duration::from_millis(100));
    }
}
