//! Transcripts over an in-memory connection. They use statements that are the
//! session's own, so that they test the protocol and nothing else.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::{Front, Lobby, Origin, Rules, serve};
use crate::auth::scram;
use crate::catalog::{Change, Role};
use crate::config::Config;
use crate::error::Result;
use crate::session::{Database, Ends};
use crate::storage::memory::MemoryEngine;
use crate::txn::{Durability, Isolation};

fn front(config: Config) -> Arc<Front> {
    let data_directory = std::env::temp_dir().join("zserver-wire-tests");
    let config = Config { data_directory, ..config };
    let database = Database::open(config, Arc::new(MemoryEngine::new())).unwrap();
    let rules = Rules::load(&database.config().hba_source()).unwrap();
    let rules = arc_swap::ArcSwap::from_pointee(rules);
    Arc::new(Front {
        database,
        tls: Default::default(),
        rules,
        lobby: Lobby::default(),
        failures: Default::default(),
    })
}

fn origin() -> Origin {
    let address = ([127, 0, 0, 1], 5432).into();
    Origin::Network(Ends { client: address, server: address })
}

fn dev() -> Config {
    Config { dev: true, ..Config::default() }
}

fn connect(front: &Arc<Front>) -> (DuplexStream, JoinHandle<Result<()>>) {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    (ours, tokio::spawn(serve(theirs, origin(), front.clone())))
}

/// A client that speaks in bytes.
struct Client {
    stream: DuplexStream,
    server: JoinHandle<Result<()>>,
    received: BytesMut,
}

/// A message of the server: tag and body.
type Answer = (char, Vec<u8>);

fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    if tag != 0 {
        bytes.put_u8(tag);
    }
    bytes.put_i32(body.len() as i32 + 4);
    bytes.put_slice(body);
    bytes.to_vec()
}

fn query(sql: &str) -> Vec<u8> {
    frame(b'Q', &[sql.as_bytes(), b"\0"].concat())
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    frame(b'P', &[name.as_bytes(), b"\0", sql.as_bytes(), b"\0\0\0"].concat())
}

fn bind(portal: &str, statement: &str) -> Vec<u8> {
    let names = [portal.as_bytes(), b"\0", statement.as_bytes(), b"\0"].concat();
    frame(b'B', &[&names[..], b"\0\0\0\0\0\0"].concat())
}

fn execute(portal: &str) -> Vec<u8> {
    frame(b'E', &[portal.as_bytes(), b"\0\0\0\0\0"].concat())
}

fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = 196_608i32.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
    }
    body.push(0);
    frame(0, &body)
}

impl Client {
    async fn open(front: &Arc<Front>) -> Client {
        let mut client = Client::raw(front);
        client.send(&startup(&[("user", "postgres"), ("database", "postgres")])).await;
        let answers = client.until_ready().await;
        assert_eq!(answers.first().unwrap().0, 'R');
        client
    }

    fn raw(front: &Arc<Front>) -> Client {
        let (stream, server) = connect(front);
        Client { stream, server, received: BytesMut::new() }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next message; `None` when the server has closed.
    async fn answer(&mut self) -> Option<Answer> {
        loop {
            if self.received.len() >= 5 {
                let length = u32::from_be_bytes(self.received[1..5].try_into().unwrap()) as usize;
                if self.received.len() > length {
                    let message = self.received.split_to(length + 1);
                    return Some((message[0].into(), message[5..].to_vec()));
                }
            }
            let read = self.stream.read_buf(&mut self.received);
            let count = tokio::time::timeout(Duration::from_secs(10), read).await;
            if count.expect("the server answers in time").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    async fn until_ready(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            let answer = self.answer().await.expect("ReadyForQuery");
            let is_ready = answer.0 == 'Z';
            answers.push(answer);
            if is_ready {
                return answers;
            }
        }
    }

    /// Sends and shows the answers up to ReadyForQuery.
    async fn ask(&mut self, messages: &[Vec<u8>]) -> String {
        self.send(&messages.concat()).await;
        shown(&self.until_ready().await)
    }
}

/// Answers in a readable form: `T C:SHOW Z:I`, errors by code and message.
fn shown(answers: &[Answer]) -> String {
    let show = |(tag, body): &Answer| match tag {
        'E' | 'N' => {
            let field = |tag: u8| {
                body.split(|byte| *byte == 0)
                    .find(|field| field.first() == Some(&tag))
                    .map(|field| String::from_utf8_lossy(&field[1..]).into_owned())
            };
            format!("{tag}:{}:{}", field(b'C').unwrap(), field(b'M').unwrap())
        }
        'C' | 'Z' => format!("{tag}:{}", String::from_utf8_lossy(body).trim_end_matches('\0')),
        'D' => {
            let value = String::from_utf8_lossy(&body[6..]).into_owned();
            format!("D:{value}")
        }
        tag => tag.to_string(),
    };
    answers.iter().map(show).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_login_tells_parameters_and_the_cancel_key() {
    let front = front(dev());
    let mut client = Client::raw(&front);
    client
        .send(&startup(&[
            ("user", "postgres"),
            ("database", "postgres"),
            ("application_name", "t"),
        ]))
        .await;
    let answers = client.until_ready().await;
    let tags: String = answers.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags, format!("R{}KZ", "S".repeat(13)));
    let has = |text: &[u8]| answers.iter().any(|(tag, body)| *tag == 'S' && body == text);
    assert!(has(b"application_name\0t\0"));
    assert!(has(b"server_version\x0015.18\0"));
    let key = &answers.iter().find(|(tag, _)| *tag == 'K').unwrap().1;
    assert_eq!(key.len(), 8);
}

#[tokio::test]
async fn protocol_3_2_has_a_long_key_and_newer_versions_are_negotiated() {
    let front = front(dev());
    for (version, tags, key_length) in [(0x3_0002, "R", 36), (0x3_0063, "v", 36)] {
        let mut client = Client::raw(&front);
        let mut body = i32::to_be_bytes(version).to_vec();
        body.extend(b"user\0postgres\0database\0postgres\0\0");
        client.send(&frame(0, &body)).await;
        let answers = client.until_ready().await;
        assert_eq!(answers[0].0.to_string(), tags);
        let key = &answers.iter().find(|(tag, _)| *tag == 'K').unwrap().1;
        assert_eq!(key.len(), key_length);
    }
}

#[tokio::test]
async fn unknown_databases_and_wrong_settings_refuse_the_login() {
    let front = front(dev());
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[("user", "postgres"), ("database", "x")], "E:3D000:database \"x\" does not exist"),
        (&[("user", "nobody"), ("database", "postgres")], "E:28000:role \"nobody\" does not exist"),
        (
            &[("user", "postgres"), ("database", "postgres"), ("work_mem", "tiny")],
            "E:22023:invalid value for parameter \"work_mem\": \"tiny\"",
        ),
    ];
    for (parameters, expected) in cases {
        let mut client = Client::raw(&front);
        client.send(&startup(parameters)).await;
        // It has proved who it is, as far as that was asked.
        assert_eq!(client.answer().await.unwrap(), ('R', vec![0; 4]));
        assert_eq!(shown(&[client.answer().await.unwrap()]), expected);
        assert!(client.answer().await.is_none());
    }
}

#[tokio::test]
async fn nothing_may_wait_behind_a_request_for_encryption() {
    let front = front(dev());
    let mut client = Client::raw(&front);
    let request = frame(0, &80_877_103i32.to_be_bytes());
    client.send(&[request.clone(), startup(&[("user", "postgres")])].concat()).await;
    let answer = shown(&[client.answer().await.unwrap()]);
    assert_eq!(answer, "E:08P01:received unencrypted data after SSL request");

    let mut polite = Client::raw(&front);
    polite.send(&request).await;
    let mut byte = [0];
    polite.stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"N");
    polite.send(&frame(0, &80_877_104i32.to_be_bytes())).await;
    polite.stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"N");
    polite.send(&startup(&[("user", "postgres")])).await;
    assert_eq!(polite.until_ready().await.last().unwrap().0, 'Z');
}

#[tokio::test]
async fn transaction_commands_move_the_block_as_in_postgresql() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let steps = [
        ("", "I Z:I"),
        ("COMMIT", "N:25P01:there is no transaction in progress C:COMMIT Z:I"),
        ("BEGIN", "C:BEGIN Z:T"),
        ("BEGIN", "N:25001:there is already a transaction in progress C:BEGIN Z:T"),
        ("SAVEPOINT a", "C:SAVEPOINT Z:T"),
        ("SET work_mem = '8MB'", "C:SET Z:T"),
        ("SHOW nothing", "E:42704:unrecognized configuration parameter \"nothing\" Z:E"),
        (
            "SHOW work_mem",
            "E:25P02:current transaction is aborted, commands ignored until end of transaction block Z:E",
        ),
        ("ROLLBACK TO a", "C:ROLLBACK Z:T"),
        ("SHOW work_mem", "T D:4MB C:SHOW Z:T"),
        ("RELEASE a", "C:RELEASE Z:T"),
        ("ROLLBACK TO a", "E:3B001:savepoint \"a\" does not exist Z:E"),
        ("COMMIT", "C:ROLLBACK Z:I"),
        ("START TRANSACTION", "C:START TRANSACTION Z:T"),
        ("COMMIT AND CHAIN", "C:COMMIT Z:T"),
        ("ROLLBACK", "C:ROLLBACK Z:I"),
        ("SAVEPOINT a", "E:25P01:SAVEPOINT can only be used in transaction blocks Z:I"),
        ("COMMIT AND CHAIN", "E:25P01:COMMIT AND CHAIN can only be used in transaction blocks Z:I"),
    ];
    for (sql, expected) in steps {
        assert_eq!(client.ask(&[query(sql)]).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn statements_of_one_query_share_an_implicit_transaction() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let shown = client.ask(&[query("SET work_mem = '8MB'; SHOW nothing; SHOW work_mem")]).await;
    assert_eq!(shown, "C:SET E:42704:unrecognized configuration parameter \"nothing\" Z:I");
    assert_eq!(client.ask(&[query("SHOW work_mem")]).await, "T D:4MB C:SHOW Z:I");
    let shown = client.ask(&[query("SET work_mem = '8MB'; COMMIT; SHOW nothing")]).await;
    assert!(shown.contains("C:COMMIT E:42704"), "{shown}");
    assert_eq!(client.ask(&[query("SHOW work_mem")]).await, "T D:8MB C:SHOW Z:I");
}

#[tokio::test]
async fn set_local_ends_with_its_transaction_and_changes_are_told() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    assert_eq!(client.ask(&[query("SET TimeZone = 'Europe/Berlin'")]).await, "C:SET S Z:I");
    client.ask(&[query("BEGIN")]).await;
    assert_eq!(client.ask(&[query("SET LOCAL TimeZone = 'Asia/Tokyo'")]).await, "C:SET S Z:T");
    assert_eq!(client.ask(&[query("COMMIT")]).await, "C:COMMIT S Z:I");
    let shown = client.ask(&[query("SHOW timezone")]).await;
    assert_eq!(shown, "T D:Europe/Berlin C:SHOW Z:I");
    let shown = client.ask(&[query("SET LOCAL TimeZone = 'Asia/Tokyo'")]).await;
    assert_eq!(shown, "N:25P01:SET LOCAL can only be used in transaction blocks C:SET Z:I");
}

#[tokio::test]
async fn the_extended_protocol_runs_prepared_statements() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let describe = |what: &str| frame(b'D', &[what.as_bytes(), b"\0"].concat());
    let shown = client
        .ask(&[
            parse("s", "SHOW work_mem"),
            describe("Ss"),
            bind("p", "s"),
            describe("Pp"),
            execute("p"),
            sync(),
        ])
        .await;
    assert_eq!(shown, "1 t T 2 T D:4MB C:SHOW Z:I");
    // Portals end with their transaction, statements do not.
    let shown = client.ask(&[execute("p"), sync()]).await;
    assert_eq!(shown, "E:34000:portal \"p\" does not exist Z:I");
    let shown = client.ask(&[bind("", "s"), execute(""), sync()]).await;
    assert_eq!(shown, "2 D:4MB C:SHOW Z:I");
    let shown = client.ask(&[parse("s", "BEGIN"), sync()]).await;
    assert_eq!(shown, "E:42P05:prepared statement \"s\" already exists Z:I");
    let empty = [frame(b'C', b"Ss\0"), parse("s", ""), bind("", "s"), execute(""), sync()];
    assert_eq!(client.ask(&empty).await, "3 1 2 I Z:I");
}

#[tokio::test]
async fn an_error_skips_to_sync() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let shown = client
        .ask(&[bind("", "none"), parse("", "SHOW work_mem"), query("SHOW work_mem"), sync()])
        .await;
    assert_eq!(shown, "E:26000:prepared statement \"none\" does not exist Z:I");
    let shown = client.ask(&[parse("", "BEGIN; COMMIT"), sync()]).await;
    assert_eq!(shown, "E:42601:cannot insert multiple commands into a prepared statement Z:I");
    let params = frame(b'B', b"\0x\0\0\0\0\x01\0\0\0\x011\0\0");
    let shown = client.ask(&[parse("x", "BEGIN"), params, sync()]).await;
    assert_eq!(
        shown,
        "1 E:08P01:bind message supplies 1 parameters, but prepared statement \"x\" requires 0 Z:I"
    );
    let malformed = frame(b'B', b"\0x\0\0\xff");
    let shown = client.ask(&[malformed, sync()]).await;
    assert_eq!(shown, "E:08P01:insufficient data left in message Z:I");
}

#[tokio::test]
async fn a_pipeline_is_one_transaction() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let run = |sql: &str| [parse("", sql), bind("", ""), execute("")].concat();
    let shown = client
        .ask(&[run("SET work_mem = '8MB'"), run("SHOW nothing"), run("SHOW work_mem"), sync()])
        .await;
    assert!(shown.starts_with("1 2 C:SET 1 "), "{shown}");
    assert!(shown.contains("E:42704"), "{shown}");
    assert_eq!(client.ask(&[query("SHOW work_mem")]).await, "T D:4MB C:SHOW Z:I");
}

#[tokio::test]
async fn syntax_errors_have_a_position_in_characters() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    client.send(&query("SHOW é é")).await;
    let answers = client.until_ready().await;
    let fields: Vec<&[u8]> = answers[0].1.split(|byte| *byte == 0).collect();
    assert!(fields.contains(&&b"C42601"[..]));
    assert!(fields.contains(&&b"P8"[..]), "{fields:?}");
}

#[tokio::test]
async fn notifications_reach_idle_listeners_after_the_commit() {
    let front = front(dev());
    let mut listener = Client::open(&front).await;
    let mut sender = Client::open(&front).await;
    assert_eq!(listener.ask(&[query("LISTEN news")]).await, "C:LISTEN Z:I");
    assert_eq!(sender.ask(&[query("BEGIN")]).await, "C:BEGIN Z:T");
    sender.ask(&[query("NOTIFY news, 'x'; NOTIFY news, 'x'")]).await;
    assert_eq!(sender.ask(&[query("COMMIT")]).await, "C:COMMIT Z:I");
    let (tag, body) = listener.answer().await.unwrap();
    assert_eq!((tag, &body[4..]), ('A', &b"news\0x\0"[..]));
    assert_eq!(listener.ask(&[query("UNLISTEN *")]).await, "C:UNLISTEN Z:I");
    // A rolled back transaction says nothing.
    assert_eq!(listener.ask(&[query("LISTEN news")]).await, "C:LISTEN Z:I");
    sender.ask(&[query("BEGIN; NOTIFY news; ROLLBACK")]).await;
    sender.ask(&[query("NOTIFY news, 'y'")]).await;
    assert_eq!(&listener.answer().await.unwrap().1[4..], b"news\0y\0");
}

#[tokio::test]
async fn idle_clients_are_told_when_they_are_ended() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let backend = front.database.registry.all().pop().unwrap();
    backend.terminate();
    assert_eq!(
        shown(&[client.answer().await.unwrap()]),
        "E:57P01:terminating connection due to administrator command"
    );
    assert!(client.answer().await.is_none());
    client.server.await.unwrap().unwrap();
    assert!(front.database.registry.all().is_empty());
}

#[tokio::test]
async fn idle_timeouts_end_the_connection() {
    let front = front(dev());
    let mut idle = Client::open(&front).await;
    idle.ask(&[query("SET idle_session_timeout = '300ms'")]).await;
    let mut in_block = Client::open(&front).await;
    in_block.ask(&[query("SET idle_in_transaction_session_timeout = '100ms'; BEGIN")]).await;
    assert!(shown(&[in_block.answer().await.unwrap()]).starts_with("E:25P03:"));
    assert!(shown(&[idle.answer().await.unwrap()]).starts_with("E:57P05:"));
}

#[tokio::test]
async fn huge_and_unknown_messages_end_the_connection() {
    let front = front(dev());
    for bytes in [&b"Q\x7f\xff\xff\xff"[..], b"G\0\0\0\x04", b"Q\0\0\0\0"] {
        let mut client = Client::open(&front).await;
        client.send(bytes).await;
        let (tag, body) = client.answer().await.unwrap();
        assert_eq!(tag, 'E');
        assert!(body.starts_with(b"SFATAL\0"));
        assert!(client.answer().await.is_none());
    }
}

#[tokio::test]
async fn a_cursor_holds_its_place_by_name() {
    let front = front(dev());
    let mut client = Client::open(&front).await;
    let shown = client.ask(&[query("FETCH 1 FROM nothing")]).await;
    assert_eq!(shown, "E:34000:cursor \"nothing\" does not exist Z:I");
    let shown = client.ask(&[query("CLOSE nothing")]).await;
    assert_eq!(shown, "E:34000:cursor \"nothing\" does not exist Z:I");
    assert_eq!(client.ask(&[query("CLOSE ALL")]).await, "C:CLOSE CURSOR ALL Z:I");
    assert_eq!(client.ask(&[query("DEALLOCATE ALL")]).await, "C:DEALLOCATE ALL Z:I");
    assert_eq!(client.ask(&[query("DISCARD ALL")]).await, "C:DISCARD ALL Z:I");
    let shown = client.ask(&[query("BEGIN; DISCARD ALL")]).await;
    assert_eq!(shown, "C:BEGIN E:25001:DISCARD ALL cannot run inside a transaction block Z:E");
}

async fn set_password(front: &Front, password: &str) {
    let catalog = front.database.shared_catalog();
    let role = catalog.role_named("postgres").unwrap();
    let verifier = Some(scram::stored_form(password));
    let role = Role { verifier, ..Role::clone(role) };
    let mut work = front.database.begin(0, Isolation::ReadCommitted, false, None).unwrap();
    work.change(Change::put(role));
    front.database.commit(work, Durability::Buffer).await.unwrap();
}

async fn log_in(front: &Arc<Front>, user: &str, password: &str) -> Result<(), String> {
    let (stream, _server) = connect(front);
    let mut config = tokio_postgres::Config::new();
    config.user(user).password(password).dbname("postgres");
    match config.connect_raw(stream, tokio_postgres::NoTls).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = error.as_db_error().map(|error| error.to_string());
            Err(error.unwrap_or_else(|| "closed".to_owned()))
        }
    }
}

#[tokio::test]
async fn passwords_are_proved_and_failures_look_alike() {
    let front = front(Config::default());
    set_password(&front, "sesame").await;
    assert_eq!(log_in(&front, "postgres", "sesame").await, Ok(()));
    for (user, password) in [("postgres", "Sesame"), ("nobody", "sesame")] {
        let error = log_in(&front, user, password).await.unwrap_err();
        assert_eq!(error, format!("FATAL: password authentication failed for user \"{user}\""));
    }
}

#[tokio::test]
async fn more_sessions_than_allowed_are_refused() {
    let config = Config { max_connections: 2, superuser_reserved_connections: 0, ..dev() };
    let front = front(config);
    let _first = Client::open(&front).await;
    let second = Client::open(&front).await;
    let mut third = Client::raw(&front);
    third.send(&startup(&[("user", "postgres")])).await;
    assert_eq!(shown(&[third.answer().await.unwrap()]), "E:53300:sorry, too many clients already");
    drop(second.stream);
    second.server.await.unwrap().unwrap();
    Client::open(&front).await;
}

/// Mutated conversations: whatever comes, the server neither panics nor hangs,
/// and serves the next client.
#[tokio::test]
async fn mutated_messages_do_no_harm() {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    let front = front(dev());
    let mut random = StdRng::seed_from_u64(20_000_101);
    let script = [
        query("SHOW work_mem; SET work_mem = '8MB'"),
        parse("s", "SHOW work_mem"),
        bind("p", "s"),
        frame(b'D', b"Pp\0"),
        execute("p"),
        frame(b'C', b"Pp\0"),
        frame(b'H', b""),
        sync(),
        frame(b'd', b"data"),
        frame(b'f', b"no\0"),
        query("BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT"),
        sync(),
    ]
    .concat();
    for _ in 0..300 {
        let mut bytes = script.clone();
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                0 => bytes[at] = random.random(),
                1 => bytes[at] ^= 1 << random.random_range(0..8),
                2 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.random()),
            }
        }
        let mut client = Client::open(&front).await;
        client.send(&bytes).await;
        client.stream.shutdown().await.unwrap();
        while client.answer().await.is_some() {}
        let ended = tokio::time::timeout(Duration::from_secs(10), client.server).await;
        assert!(ended.expect("the connection ends").is_ok(), "a panic reached the task");
    }
    Client::open(&front).await;
    assert_eq!(front.database.registry.all().len(), 1);
}

#[tokio::test]
async fn tls_is_offered_and_binds_the_login_to_its_certificate() {
    let front = front(Config { require_tls: true, ..Config::default() });
    set_password(&front, "sesame").await;
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("c.pem"), directory.path().join("k.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let files =
        Config { ssl_cert_file: Some(certificate), ssl_key_file: Some(key), ..Config::default() };
    front.tls.store(super::Tls::load(&files).unwrap().map(Arc::new));

    let refused = log_in(&front, "postgres", "sesame").await.unwrap_err();
    assert!(refused.ends_with("no encryption"), "{refused}");

    let mut client = Client::raw(&front);
    client.send(&frame(0, &80_877_103i32.to_be_bytes())).await;
    let mut byte = [0];
    client.stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"S");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls_pki_types::ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
    let mut stream = connector.connect(name, client.stream).await.unwrap();
    stream.write_all(&startup(&[("user", "postgres")])).await.unwrap();
    let mut answer = vec![0; 64];
    let count = stream.read(&mut answer).await.unwrap();
    assert!(answer[..count].ends_with(b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"));
}
