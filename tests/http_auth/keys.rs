//! API keys, signing keys, and that both are good in one database of one server.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Served, Tokens, basic, bearer, part_of};
use crate::support::http::{get, post, send};

#[test]
fn api_keys_are_made_used_rotated_and_revoked() {
    let served = Served::start(&[("ZSERVER_AUTH_MAX_API_KEYS", "4")]);
    let ann = basic("ann", "a", "postgres");
    let create = |headers: &str, body: Value| {
        post(served.http, "/api/v1/auth/keys", headers, &body.to_string())
    };
    let made = create(&ann, json!({"name": "all"}));
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, key) = (made.json()["id"].clone(), made.json()["key"].clone());
    let (id, key) = (id.as_str().unwrap(), key.as_str().unwrap());
    assert!(key.starts_with("zsk_") && key[4..].starts_with(id) && key.len() == 68);
    let role = |headers: &str| {
        let answer = served.sql_as(headers, "select current_user");
        (answer.status, answer.json()["results"][0]["rows"][0][0].clone())
    };
    for header in ["Authorization: Bearer", "api-key:", "apikey:"] {
        assert_eq!(role(&format!("{header} {key}\r\n")), (200, json!("ann")), "{header}");
    }
    let mistyped = format!("{}{}", &key[..67], if key.ends_with('A') { 'B' } else { 'A' });
    assert_eq!(role(&bearer(&mistyped)).0, 401);
    // Scopes.
    let files = create(&ann, json!({"name": "files", "scopes": ["files"]})).json();
    let files = bearer(files["key"].as_str().unwrap());
    let refused = served.sql_as(&files, "select 1");
    assert_eq!((refused.status, refused.code().as_str()), (403, "42501"));
    assert_eq!(create(&files, json!({"name": "x"})).status, 403);
    assert_eq!(
        send(served.http, "GET", "/api/v1/auth/me", &files, "").json()["scopes"],
        json!(["files"])
    );
    // Mistakes.
    assert_eq!(create(&ann, json!({"name": ""})).code(), "23514");
    assert_eq!(create(&ann, json!({"name": "x", "role": "postgres"})).code(), "42501");
    assert_eq!(create(&ann, json!({"name": "x", "role": "nobody"})).code(), "42704");
    assert_eq!(create(&ann, json!({"name": "x", "scopes": ["y"]})).code(), "22023");
    assert_eq!(create(&ann, json!({"name": "x", "expires_at": "2001-01-01"})).code(), "22023");
    // A key does not make one that may do more.
    let some = create(&ann, json!({"name": "some", "scopes": ["sql", "admin"]})).json();
    let some = bearer(some["key"].as_str().unwrap());
    let more = served.sql_as(&some, "select auth.create_api_key('more', scopes => '{files}')");
    assert_eq!((more.status, more.code().as_str()), (403, "42501"));
    let rotate = format!("/api/v1/auth/keys/{id}/rotate");
    assert_eq!(post(served.http, &rotate, &some, "").code(), "42501");
    // Without the scope "admin" there is none to be made or to be ended, in SQL either.
    let sql = create(&ann, json!({"name": "sql", "scopes": ["sql"]})).json();
    let sql_only = bearer(sql["key"].as_str().unwrap());
    for call in [
        "auth.create_api_key('more')",
        "auth.create_api_key('more', scopes => '{sql}')",
        &format!("auth.rotate_api_key('{}')", sql["id"].as_str().unwrap()),
        &format!("auth.revoke_api_key('{id}')"),
        "auth.revoke_sessions()",
        "auth.revoke_session('00000000-0000-0000-0000-000000000000')",
    ] {
        let refused = served.sql_as(&sql_only, &format!("select {call}"));
        assert_eq!((refused.status, refused.code().as_str()), (403, "42501"), "{call}");
    }
    // One more than there may be.
    assert_eq!(create(&ann, json!({"name": "five"})).code(), "53400");
    served.admin(&format!("select auth.revoke_api_key('{}')", sql["id"].as_str().unwrap()));
    // Two secrets live for a while.
    let rotated = post(served.http, &rotate, &ann, "{\"grace_seconds\": 3600}");
    let next = rotated.json()["key"].as_str().unwrap().to_owned();
    assert!(next != key && next[4..].starts_with(id));
    assert_eq!((role(&bearer(key)).0, role(&bearer(&next)).0), (200, 200));
    served.admin("update auth.api_key set previous_until = now() where previous_until is not null");
    assert_eq!((role(&bearer(key)).0, role(&bearer(&next)).0), (401, 200));
    let last = post(served.http, &rotate, &ann, "{\"grace_seconds\": 0}");
    let last = last.json()["key"].as_str().unwrap().to_owned();
    assert_eq!((role(&bearer(&next)).0, role(&bearer(&last)).0), (401, 200));
    // Others do not see it, and cannot.
    served.admin("create role ben login password 'b'");
    let ben = basic("ben", "b", "postgres");
    let list = |headers: &str, more: &str| {
        send(served.http, "GET", &format!("/api/v1/auth/keys{more}"), headers, "").json()
    };
    assert_eq!(list(&ben, "")["keys"], json!([]));
    assert_eq!(post(served.http, &rotate, &ben, "").status, 404);
    let path = format!("/api/v1/auth/keys/{id}");
    assert_eq!(send(served.http, "DELETE", &path, &ben, "").status, 404);
    assert_eq!(served.sql_as(&ben, "select hash from auth.api_key").code(), "42501");
    // Pages.
    let first = list(&ann, "?limit=2");
    assert_eq!(first["keys"].as_array().unwrap().len(), 2);
    let rest = list(&ann, &format!("?limit=2&after={}", first["next"].as_str().unwrap()));
    assert_eq!((rest["keys"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    // Expiry and the end.
    served.admin("update auth.api_key set expires_at = now() where name = 'some'");
    assert_eq!(served.sql_as(&some, "select 1").status, 401);
    assert_eq!(send(served.http, "DELETE", &path, &ann, "").status, 204);
    assert_eq!(role(&bearer(&last)).0, 401);
    assert_eq!(send(served.http, "DELETE", &path, &ann, "").status, 404);
    // Its use was noted.
    let noted = Instant::now();
    let used = "select count(*) from auth.api_keys where last_used_at is not null and last_address = '127.0.0.1'";
    while served.admin(used) == json!([[0]]) {
        assert!(noted.elapsed() < Duration::from_secs(30), "the use is noted");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn signing_keys_are_changed_and_revoked() {
    let served = Served::start(&[]);
    let kid_of = |tokens: &Tokens| part_of(&tokens.access, 0)["kid"].clone();
    let first = served.log_in("ann", "a");
    // The one that signs next is known before.
    let jwks = get(served.http, "/.well-known/jwks.json").json();
    served.admin("select auth.rotate_keys()");
    let second = served.log_in("ann", "a");
    assert_ne!(kid_of(&first), kid_of(&second));
    let known: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert!(known.contains(&&kid_of(&second)));
    assert_eq!(served.role_of(&first.access), Ok("ann".to_owned()), "a previous key is good");
    served.admin("select auth.rotate_keys('ES256')");
    let third = served.log_in("ann", "a");
    assert_eq!(part_of(&third.access, 0)["alg"], json!("ES256"));
    for tokens in [&first, &second, &third] {
        assert_eq!(served.role_of(&tokens.access), Ok("ann".to_owned()));
    }
    let revoke =
        |kid: Value| served.admin(&format!("select auth.revoke_key('{}')", kid.as_str().unwrap()));
    assert_eq!(revoke(kid_of(&first)), json!([[true]]));
    assert_eq!(revoke(kid_of(&third)), json!([[true]]));
    assert_eq!(served.role_of(&first.access), Err(401));
    assert_eq!(served.role_of(&second.access), Ok("ann".to_owned()));
    assert_eq!(served.role_of(&third.access), Err(401));
    let fourth = served.log_in("ann", "a");
    assert_eq!(served.role_of(&fourth.access), Ok("ann".to_owned()));
    // A private key is kept as long as something is signed with it, and never in clear.
    let kept =
        served.admin("select state from auth.signing_key where private_key is not null order by 1");
    assert_eq!(kept, json!([["current"], ["standby"]]));
    let denied = served.sql_as(&bearer(&fourth.access), "select private_key from auth.signing_key");
    assert_eq!(denied.code(), "42501");
    for call in ["auth.rotate_keys()", "auth.make_secret()", "auth.refresh(null, null, null, null)"]
    {
        let denied = served.sql_as(&bearer(&fourth.access), &format!("select {call}"));
        assert_eq!(denied.code(), "42501", "{call}");
    }
}

#[test]
fn a_server_without_its_key_takes_nothing_and_goes_on() {
    let served = Served::start(&[]);
    let tokens = served.log_in("ann", "a");
    let mode = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).expect("the key").permissions().mode() & 0o777
    };
    let path = served.data.join("auth.key");
    assert_eq!(mode(&path), 0o600);
    std::fs::remove_file(&path).expect("the key is there");
    let served = served.kill_and_start();
    assert_eq!(served.role_of(&tokens.access), Err(401));
    assert_eq!(served.refresh(&tokens.refresh).status, 401);
    let again = served.log_in("ann", "a");
    assert_eq!(served.role_of(&again.access), Ok("ann".to_owned()));
}

#[test]
fn nothing_crosses_from_one_database_to_another() {
    let served = Served::start(&[]);
    let tokens = served.log_in("ann", "a");
    let key = served.admin("select secret from auth.create_api_key('k')")[0][0].clone();
    let key = key.as_str().unwrap().to_owned();
    served.admin("create database copy template postgres");
    let elsewhere = |token: &str, database: &str| {
        let headers = format!("{}Zserver-Database: {database}\r\n", bearer(token));
        served.sql_as(&headers, "select current_database()").status
    };
    for token in [&tokens.access, &key] {
        assert_eq!(elsewhere(token, "postgres"), 200);
        assert_eq!(elsewhere(token, "copy"), 401);
        assert_eq!(elsewhere(token, "nowhere"), 401);
    }
    // The copy has the rows, and keys of its own after the first login.
    let jwks = |database: &str| {
        let answer = get(served.http, &format!("/.well-known/jwks.json?database={database}"));
        assert_eq!(answer.status, 200);
        answer.json()["keys"].clone()
    };
    let body = json!({"role": "ann", "password": "a", "database": "copy"}).to_string();
    let there = Tokens::of(&post(served.http, "/api/v1/auth/login", "", &body));
    let answer = served.sql_as(&bearer(&there.access), "select current_database()");
    assert_eq!(answer.json()["results"][0]["rows"], json!([["copy"]]));
    assert_eq!(elsewhere(&there.access, "postgres"), 401);
    let (here, copied) = (jwks("postgres"), jwks("copy"));
    assert_eq!((here.as_array().unwrap().len(), copied.as_array().unwrap().len()), (2, 2));
    assert_ne!(here[0]["kid"], copied[0]["kid"]);
    assert_eq!(here[0]["alg"], json!("EdDSA"));
    assert!(here[0].get("d").is_none());
    assert_eq!(jwks("nowhere"), json!([]));
    assert_eq!(get(served.http, "/.well-known/jwks.json").json()["keys"], here);
    assert_eq!(get(served.http, "/.well-known/jwks.json?databse=copy").status, 400);
}

#[test]
fn a_dump_holds_what_belongs_to_the_database_and_restores() {
    let Some(bin) = crate::support::postgres::bin_directory() else { return };
    let served = Served::start(&[]);
    served.log_in("ann", "a");
    served.admin("select auth.create_issuer('https://idp', '{app}')");
    served.admin("select auth.map_role('https://idp', 'x', 'ann')");
    served.admin("create database restored");
    let run = |program: &str, arguments: &[&str]| {
        let output = std::process::Command::new(bin.join(program))
            .args(["-h", "127.0.0.1", "-p", &served.server.port.to_string(), "-U", "postgres"])
            .args(arguments)
            .env("PGPASSWORD", "s3cret")
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let file = served.directory.path().join("dump.sql");
    let path = file.display().to_string();
    run("pg_dump", &["-f", &path, "postgres"]);
    let dump = std::fs::read_to_string(&file).expect("the dump");
    assert!(!dump.contains("CREATE VIEW") && !dump.contains("CREATE TABLE"), "{dump}");
    run("psql", &["-q", "-v", "ON_ERROR_STOP=1", "-f", &path, "restored"]);
    let issuers = run("psql", &["-Atc", "select issuer, roles from auth.issuers", "restored"]);
    assert_eq!(issuers, "https://idp|{\"x\": \"ann\"}\n");
    let sessions = run("psql", &["-Atc", "select count(*) from auth.sessions", "restored"]);
    assert_eq!(sessions, "0\n");
}

#[test]
fn an_extension_is_not_made_in_a_schema_of_others() {
    let served = Served::start(&[]);
    served.admin("create database shared owner ann");
    let ann = basic("ann", "a", "shared");
    assert_eq!(served.sql_as(&ann, "create schema auth").status, 200);
    let body = json!({"role": "ann", "password": "a", "database": "shared"}).to_string();
    let refused = post(served.http, "/api/v1/auth/login", "", &body);
    assert_eq!((refused.status, refused.code().as_str()), (403, "42501"));
    assert_eq!(served.sql_as(&ann, "drop schema auth").status, 200);
    assert_eq!(post(served.http, "/api/v1/auth/login", "", &body).status, 200);
}
