//! Who may enter: `pg_hba.conf`, Unix sockets, direct TLS, client certificates; and the
//! messages that only a client without a driver sees.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::support::block_on;
use crate::support::raw::{Message, Raw, field, frame, query};
use crate::support::zserver::Zserver;

/// A server over a rule file.
pub(crate) struct Ruled {
    pub(crate) server: Zserver,
    directory: TempDir,
}

impl Ruled {
    fn start(rules: &str, more: &[(&str, String)]) -> Ruled {
        let directory = TempDir::new().expect("a temporary directory");
        Ruled::start_in(directory, rules, more)
    }

    fn start_in(directory: TempDir, rules: &str, more: &[(&str, String)]) -> Ruled {
        let file = directory.path().join("hba.conf");
        std::fs::write(&file, rules).expect("a rule file");
        let path = file.display().to_string();
        let mut environment = vec![("ZSERVER_PASSWORD", "sesame"), ("ZSERVER_HBA_FILE", &path)];
        environment.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
        let server = Zserver::start_secured(&directory.path().join("data"), &environment);
        Ruled { server, directory }
    }

    fn write(&self, rules: &str) {
        std::fs::write(self.directory.path().join("hba.conf"), rules).expect("a rule file");
    }

    /// The first messages of a login up to an error or a request.
    fn log_in(&self, user: &str) -> (Raw, Vec<Message>) {
        let mut client = Raw::connect(self.server.port);
        client.send(&startup(user));
        let answers = answers(&mut client);
        (client, answers)
    }

    /// Code and message of a refusal.
    fn refusal(&self, user: &str) -> (String, String) {
        refusal(&self.log_in(user).1)
    }
}

fn startup(user: &str) -> Vec<u8> {
    crate::support::raw::startup(user)
}

/// Messages until the server waits for the client, or has ended.
fn answers(client: &mut Raw) -> Vec<Message> {
    let mut all = Vec::new();
    while let Some(message) = client.message() {
        let asks = message.0 == b'R' && message.1[..4] != [0; 4];
        let ends = message.0 == b'Z' || message.0 == b'E';
        all.push(message);
        if asks || ends {
            break;
        }
    }
    all
}

fn refusal(answers: &[Message]) -> (String, String) {
    let (_, body) = answers.iter().find(|(tag, _)| *tag == b'E').expect("a refusal");
    (field(body, b'C'), field(body, b'M'))
}

fn is_in(answers: &[Message]) -> bool {
    answers.iter().any(|(tag, _)| *tag == b'Z')
}

#[test]
fn the_first_rule_that_fits_decides() {
    let ruled = Ruled::start(
        "host all bob 127.0.0.1/32 reject\nhost all postgres 127.0.0.1/32 trust\n\
         host nowhere all all trust\nhost all dave all trust\n",
        &[],
    );
    assert!(is_in(&ruled.log_in("postgres").1));
    let place = "host \"127.0.0.1\", user";
    let rest = "database \"postgres\", no encryption";
    assert_eq!(
        ruled.refusal("bob"),
        ("28000".into(), format!("pg_hba.conf rejects connection for {place} \"bob\", {rest}"))
    );
    assert_eq!(
        ruled.refusal("carl"),
        ("28000".into(), format!("no pg_hba.conf entry for {place} \"carl\", {rest}"))
    );
    // Trusted, and told so before it is told that there is no such role.
    let (_, answers) = ruled.log_in("dave");
    assert_eq!((answers[0].0, &answers[0].1[..]), (b'R', &[0, 0, 0, 0][..]));
    assert_eq!(refusal(&answers), ("28000".into(), "role \"dave\" does not exist".into()));
}

#[test]
fn a_password_in_clear_is_compared_with_the_verifier() {
    let ruled = Ruled::start("host all all all password\n", &[]);
    let answer = |password: &[u8]| {
        let (mut client, asked) = ruled.log_in("postgres");
        assert_eq!(asked.last().map(|(tag, body)| (*tag, body[3])), Some((b'R', 3)));
        client.send(&frame(b'p', password));
        answers(&mut client)
    };
    assert!(is_in(&answer(b"sesame\0")));
    let failed = "password authentication failed for user \"postgres\"".to_owned();
    assert_eq!(refusal(&answer(b"open\0")), ("28P01".into(), failed));
    assert_eq!(refusal(&answer(b"\0")).1, "empty password returned by client");
    assert_eq!(refusal(&answer(b"sesame")).0, "08P01");
    assert_eq!(refusal(&answer(b"ses\0ame\0")).0, "08P01");
}

#[test]
fn rules_are_read_again_and_broken_ones_are_not_taken() {
    let ruled = Ruled::start("host all postgres all trust\n", &[]);
    let mut client = Raw::log_in(ruled.server.port);
    let select =
        b"SELECT line_number || ' ' || coalesce(error, auth_method) FROM pg_hba_file_rules";
    let mut rows = |sql: &[u8]| {
        client.send(&query(sql));
        let messages = client.until_ready().expect("an answer");
        let rows = messages.iter().filter(|(tag, _)| *tag == b'D');
        rows.map(|(_, body)| String::from_utf8_lossy(&body[6..]).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(rows(b"CREATE ROLE erin LOGIN; SELECT 1"), ["1"]);
    assert_eq!(ruled.refusal("erin").0, "28000");
    ruled.write("host all erin all trust\n\nhost all postgres all nonsense\n");
    assert_eq!(rows(b"SELECT pg_reload_conf()"), ["t"]);
    let shown = ["1 trust", "3 invalid authentication method \"nonsense\""];
    assert_eq!(rows(select), shown);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(ruled.refusal("erin").0, "28000", "a broken file is not taken in part");
    ruled.write("host all all all trust\n");
    assert_eq!(rows(b"SELECT pg_reload_conf()"), ["t"]);
    let begun = Instant::now();
    while !is_in(&ruled.log_in("erin").1) {
        assert!(begun.elapsed() < Duration::from_secs(30), "the rules are not in force");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut erin = Raw::connect(ruled.server.port);
    erin.send(&startup("erin"));
    erin.until_ready().expect("a login");
    assert_eq!(erin.error_of(b"SELECT pg_reload_conf()").as_deref(), Some("42501"));
    assert_eq!(erin.error_of(b"SELECT * FROM pg_hba_file_rules").as_deref(), Some("42501"));
}

#[test]
fn a_unix_socket_takes_the_systems_word() {
    let directory = TempDir::new().expect("a temporary directory");
    let socket = directory.path().display().to_string();
    std::fs::write(directory.path().join("ident.conf"), "m /^.*$ postgres\n").expect("a file");
    let ident = directory.path().join("ident.conf").display().to_string();
    let more = [("ZSERVER_PG_SOCKET", socket), ("ZSERVER_IDENT_FILE", ident)];
    let ruled =
        Ruled::start_in(directory, "local all postgres peer map=m\nlocal all all peer\n", &more);
    let path = ruled.directory.path().join(format!(".s.PGSQL.{}", ruled.server.port));
    let entered = local(&path, "postgres");
    assert!(entered.contains(&b'Z'), "{entered:?}");
    // Nobody of this machine is called so.
    assert_eq!(local(&path, "no-such-user").first(), Some(&b'E'));
    assert_eq!(ruled.refusal("postgres").0, "28000", "TCP has no rule");
    ruled.server.terminate();
    assert!(!path.exists());
}

/// The tags of what a Unix socket answers to a StartupMessage.
fn local(path: &Path, user: &str) -> Vec<u8> {
    let mut stream = std::os::unix::net::UnixStream::connect(path).expect("the socket");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    stream.write_all(&startup(user)).expect("a startup message");
    let mut tags = Vec::new();
    loop {
        let mut head = [0; 5];
        if stream.read_exact(&mut head).is_err() {
            return tags;
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        stream.read_exact(&mut vec![0; length - 4]).expect("a body");
        tags.push(head[0]);
        if matches!(head[0], b'Z' | b'E') {
            return tags;
        }
    }
}

/// A certificate authority and what it has signed.
pub(crate) struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Authority { certificate, issuer: rcgen::Issuer::new(params, key) }
    }

    fn sign(&self, name: &str, host: Option<&str>) -> Signed {
        self.sign_numbered(name, host, None)
    }

    /// With a serial number of one's own.
    pub(crate) fn sign_numbered(
        &self,
        name: &str,
        host: Option<&str>,
        serial: Option<u64>,
    ) -> Signed {
        let hosts = host.map(str::to_owned).into_iter().collect::<Vec<_>>();
        let mut params = rcgen::CertificateParams::new(hosts).expect("parameters");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "Test, Inc.");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.serial_number = serial.map(rcgen::SerialNumber::from);
        let key = rcgen::KeyPair::generate().expect("a key");
        (params.signed_by(&key, &self.issuer).expect("a certificate"), key)
    }

    /// A list of certificates that this authority has revoked.
    pub(crate) fn revoke(&self, serials: &[u64]) -> String {
        let day = |year| rcgen::date_time_ymd(year, 1, 1);
        let revoked = |serial: &u64| rcgen::RevokedCertParams {
            serial_number: rcgen::SerialNumber::from(*serial),
            revocation_time: day(2024),
            reason_code: Some(rcgen::RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = rcgen::CertificateRevocationListParams {
            this_update: day(2024),
            next_update: day(2124),
            crl_number: rcgen::SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    fn client(&self, certificate: Option<&str>, alpn: &[&[u8]]) -> ClientConfig {
        self.client_of(self, certificate, alpn)
    }

    /// A client that trusts this authority, with a certificate of another.
    fn client_of(
        &self,
        signer: &Authority,
        certificate: Option<&str>,
        alpn: &[&[u8]],
    ) -> ClientConfig {
        self.client_with(certificate.map(|name| signer.sign(name, None)), alpn)
    }

    pub(crate) fn client_with(&self, certificate: Option<Signed>, alpn: &[&[u8]]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
                let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
                builder.with_client_auth_cert(chain, key).expect("a client certificate")
            }
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config
    }
}

/// A certificate and its key.
type Signed = (rcgen::Certificate, rcgen::KeyPair);

/// A server with a certificate that knows the authority.
fn encrypted(authority: &Authority, rules: &str) -> Ruled {
    encrypted_with(authority, rules, None)
}

/// The same, with a list of revoked certificates.
pub(crate) fn encrypted_with(authority: &Authority, rules: &str, revoked: Option<&str>) -> Ruled {
    let directory = TempDir::new().expect("a temporary directory");
    let path = |name: &str| directory.path().join(name);
    let (certificate, key) = authority.sign("server", Some("localhost"));
    std::fs::write(path("c.pem"), certificate.pem()).expect("a certificate");
    std::fs::write(path("k.pem"), key.serialize_pem()).expect("a key");
    std::fs::write(path("ca.pem"), authority.certificate.pem()).expect("a root");
    std::fs::write(path("ident.conf"), "dn \"CN=ann,O=Test\\, Inc.\" postgres\n").expect("a file");
    let more = [
        ("ZSERVER_SSL_CERT_FILE", path("c.pem").display().to_string()),
        ("ZSERVER_SSL_KEY_FILE", path("k.pem").display().to_string()),
        ("ZSERVER_SSL_CA_FILE", path("ca.pem").display().to_string()),
        ("ZSERVER_IDENT_FILE", path("ident.conf").display().to_string()),
    ];
    let mut more = more.to_vec();
    if let Some(revoked) = revoked {
        std::fs::write(path("crl.pem"), revoked).expect("a list");
        more.push(("ZSERVER_SSL_CRL_FILE", path("crl.pem").display().to_string()));
    }
    Ruled::start_in(directory, rules, &more)
}

/// A TLS handshake that the client begins at once, and the tags of a login over it, with
/// the error's text at the end. `Err`: no handshake, or no answer.
pub(crate) async fn direct(port: u16, config: ClientConfig, user: &str) -> std::io::Result<String> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    let name = "localhost".try_into().expect("a name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(&startup(user)).await?;
    let mut tags = String::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        stream.read_exact(&mut body).await?;
        tags.push(char::from(head[0]));
        match head[0] {
            b'Z' => return Ok(tags),
            b'E' => return Ok(format!("{tags} {}", field(&body, b'M'))),
            _ => {}
        }
    }
}

pub(crate) const ALPN: &[&[u8]] = &[b"postgresql"];

#[test]
fn tls_may_begin_at_once_with_the_protocols_name() {
    let authority = Authority::new();
    let ruled = encrypted(&authority, "hostssl all all all trust\n");
    let port = ruled.server.port;
    block_on(async {
        let entered = direct(port, authority.client(None, ALPN), "postgres").await.expect("TLS");
        assert!(entered.ends_with('Z'), "{entered}");
        let nameless = direct(port, authority.client(None, &[]), "postgres").await;
        assert!(nameless.is_err() || nameless.is_ok_and(|answer| answer.starts_with('E')));
        assert!(direct(port, authority.client(None, &[b"http/1.1"]), "postgres").await.is_err());
    });
    assert_eq!(ruled.refusal("postgres").0, "28000", "without TLS there is no rule");
}

#[test]
fn a_certificate_proves_who_the_client_is() {
    let authority = Authority::new();
    let ruled = encrypted(
        &authority,
        "hostssl all ann all cert\nhostssl all postgres all cert map=dn clientname=DN\n\
         hostssl all bob all trust clientcert=verify-ca\n",
    );
    let port = ruled.server.port;
    let with = |name: Option<&str>| authority.client(name, ALPN);
    block_on(async {
        let role = direct(port, with(Some("ann")), "ann").await.expect("TLS");
        assert_eq!(role, "RE role \"ann\" does not exist", "she has proved who she is");
        let other = direct(port, with(Some("carl")), "ann").await.expect("TLS");
        assert_eq!(other, "E certificate authentication failed for user \"ann\"");
        let none = direct(port, with(None), "ann").await.expect("TLS");
        assert_eq!(none, "E connection requires a valid client certificate");
        let mapped = direct(port, with(Some("ann")), "postgres").await.expect("TLS");
        assert!(mapped.ends_with('Z'), "{mapped}");
        let unmapped = direct(port, with(Some("carl")), "postgres").await.expect("TLS");
        assert!(unmapped.starts_with("E certificate"), "{unmapped}");
        let any = direct(port, with(Some("carl")), "bob").await.expect("TLS");
        assert_eq!(any, "RE role \"bob\" does not exist");
        // Signed by somebody else: no connection at all.
        let config = authority.client_of(&Authority::new(), Some("ann"), ALPN);
        assert!(direct(port, config, "ann").await.is_err());
    });
}

/// A FunctionCall with binary arguments; `None` is NULL.
fn call(oid: u32, arguments: &[Option<&[u8]>], formats: &[i16], result: i16) -> Vec<u8> {
    let mut body = oid.to_be_bytes().to_vec();
    body.extend((formats.len() as i16).to_be_bytes());
    formats.iter().for_each(|format| body.extend(format.to_be_bytes()));
    body.extend((arguments.len() as i16).to_be_bytes());
    for argument in arguments {
        match argument {
            None => body.extend((-1i32).to_be_bytes()),
            Some(bytes) => {
                body.extend((bytes.len() as i32).to_be_bytes());
                body.extend(*bytes);
            }
        }
    }
    body.extend(result.to_be_bytes());
    frame(b'F', &body)
}

#[test]
fn functions_are_called_by_their_number() {
    const INT4PL: u32 = 177;
    const UPPER: u32 = 871;
    const GENERATE_SERIES: u32 = 1067;
    const COUNT: u32 = 2803;
    let server = Zserver::start();
    let mut client = Raw::log_in(server.port);
    let mut answer = |message: Vec<u8>| {
        client.send(&message);
        let messages = client.until_ready().expect("the connection stays");
        match &messages[..] {
            [(b'V', body)] => Ok(body[4..].to_vec()),
            [(b'E', body)] => Err((field(body, b'C'), field(body, b'M'))),
            other => panic!("{other:?}"),
        }
    };
    let (two, three) = (2i32.to_be_bytes(), 3i32.to_be_bytes());
    let sum = answer(call(INT4PL, &[Some(&two), Some(&three)], &[1], 1));
    assert_eq!(sum, Ok(5i32.to_be_bytes().to_vec()));
    let sum = answer(call(INT4PL, &[Some(b"2"), Some(&three)], &[0, 1], 0));
    assert_eq!(sum, Ok(b"5".to_vec()));
    assert_eq!(answer(call(UPPER, &[Some(b"abc")], &[], 0)), Ok(b"ABC".to_vec()));
    assert_eq!(answer(call(UPPER, &[None], &[], 0)), Ok(Vec::new()), "NULL");
    let code = |answer: Result<Vec<u8>, (String, String)>| answer.unwrap_err();
    assert_eq!(
        code(answer(call(1, &[], &[], 0))),
        ("42883".into(), "function with OID 1 does not exist".into())
    );
    let message = "function call message contains 1 arguments but function requires 2";
    assert_eq!(
        code(answer(call(INT4PL, &[Some(&two)], &[1], 1))),
        ("08P01".into(), message.into())
    );
    for oid in [GENERATE_SERIES, COUNT] {
        let refused = code(answer(call(oid, &[Some(&two), Some(&three)], &[1], 1)));
        assert!(refused.1.ends_with("via fastpath interface"), "{refused:?}");
    }
    let message = "function call message contains 2 argument formats but 1 arguments";
    assert_eq!(code(answer(call(UPPER, &[Some(b"a")], &[0, 0], 0))).1, message);
    assert_eq!(code(answer(call(UPPER, &[Some(b"a")], &[0], 7))).0, "22023");
    let overflow =
        code(answer(call(INT4PL, &[Some(&two), Some(&i32::MAX.to_be_bytes())], &[1], 1)));
    assert_eq!(overflow.0, "22003");
}

#[test]
fn columns_are_told_before_the_rows_that_fail() {
    let server = Zserver::start();
    let mut client = Raw::log_in(server.port);
    let mut tags = |sql: &[u8]| {
        client.send(&query(sql));
        let messages = client.until_ready().expect("the connection stays");
        messages.iter().map(|(tag, _)| char::from(*tag)).collect::<String>()
    };
    assert_eq!(tags(b"CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (0)"), "CC");
    assert_eq!(tags(b"SELECT 1/a FROM t"), "TE");
    assert_eq!(tags(b"SELECT 1/a FROM t WHERE a = 0"), "TE");
    // The rows before the one that fails, and what planning finds.
    let rows = b"CREATE TABLE u (a int); INSERT INTO u VALUES (3), (2), (1), (0), (5)";
    assert_eq!(tags(rows), "CC");
    assert_eq!(tags(b"SELECT 1/a FROM u"), "TDDDE");
    assert_eq!(tags(b"SELECT a FROM u WHERE 1/a < 5"), "TDDDE");
    assert_eq!(tags(b"SELECT 7 % (a - 2) FROM u WHERE 1/a < 5"), "TDE");
    assert_eq!(tags(b"SELECT a FROM u WHERE 1/a < 5 LIMIT 3"), "TDDDC");
    assert_eq!(tags(b"SELECT a FROM u WHERE 1/a < 5 OFFSET 2 LIMIT 2"), "TDE");
    assert_eq!(tags(b"SELECT EXISTS (SELECT FROM u WHERE 1/a < 5)"), "TDC");
    assert_eq!(tags(b"SELECT 1.0/g FROM generate_series(3, -1, -1) g"), "TDDDE");
    assert_eq!(tags(b"SELECT 1/unnest(array[2, 1, 0])"), "TDDE");
    assert_eq!(tags(b"SELECT unnest(array[a, 1/a]) FROM u"), "TDDDDDDE");
    assert_eq!(tags(b"SELECT 1/v FROM (VALUES (2), (1), (0)) s(v)"), "TDDE");
    assert_eq!(tags(b"VALUES (1), (1/0)"), "E");
    assert_eq!(tags(b"SELECT 1/0"), "E");
    assert_eq!(tags(b"SELECT a FROM nowhere"), "E");
    assert_eq!(tags(b"INSERT INTO t VALUES (0) RETURNING a"), "E");
}

/// Parse, Bind and Execute of one statement with parameters as text, and Sync.
fn extended(name: &str, sql: Option<&str>, types: &[u32], values: &[Option<&str>]) -> Vec<u8> {
    let mut message = Vec::new();
    if let Some(sql) = sql {
        let mut body = [name.as_bytes(), b"\0", sql.as_bytes(), b"\0"].concat();
        body.extend((types.len() as u16).to_be_bytes());
        types.iter().for_each(|ty| body.extend(ty.to_be_bytes()));
        message.extend(frame(b'P', &body));
    }
    let mut body = [&b"\0"[..], name.as_bytes(), b"\0\0\0"].concat();
    body.extend((values.len() as u16).to_be_bytes());
    for value in values {
        body.extend(value.map_or(-1, |value| value.len() as i32).to_be_bytes());
        body.extend(value.unwrap_or_default().as_bytes());
    }
    body.extend([0, 0]);
    message.extend(frame(b'B', &body));
    message.extend(frame(b'D', b"P\0"));
    message.extend(frame(b'E', b"\0\0\0\0\0"));
    message.extend(frame(b'S', b""));
    message
}

#[test]
fn a_statement_whose_columns_have_changed_fails_at_bind() {
    let server = Zserver::start();
    let mut client = Raw::log_in(server.port);
    client.send(&query(b"CREATE TABLE t (a int); INSERT INTO t VALUES (1)"));
    client.until_ready().expect("a table");
    let mut tags = |message: Vec<u8>| {
        client.send(&message);
        let messages = client.until_ready().expect("the connection stays");
        messages.iter().map(|(tag, _)| char::from(*tag)).collect::<String>()
    };
    assert_eq!(tags(extended("s", Some("SELECT * FROM t"), &[], &[])), "12TDC");
    assert_eq!(tags(query(b"ALTER TABLE t ADD b int")), "C");
    // No answer to Bind, no description.
    assert_eq!(tags(extended("s", None, &[], &[])), "E");
    assert_eq!(tags(query(b"ALTER TABLE t DROP b")), "C");
    assert_eq!(tags(extended("s", None, &[], &[])), "2TDC");
    // Programs that check queries ask for the plan of each, whatever it is.
    assert_eq!(tags(extended("shown", Some("SHOW work_mem"), &[], &[])), "12TDC");
    assert_eq!(tags(extended("plan", Some("EXPLAIN SELECT 1"), &[], &[])), "12TDC");
    let mut said = |sql: &[u8]| {
        client.send(&query(sql));
        let messages = client.until_ready().expect("the connection stays");
        let row = messages.iter().find(|(tag, _)| *tag == b'D').expect("a row").1.clone();
        String::from_utf8_lossy(&row[6..]).into_owned()
    };
    assert_eq!(said(b"EXPLAIN EXECUTE shown"), "Utility statements have no plan structure");
    let group = "[\n  \"Utility Statement\"\n]";
    assert_eq!(said(b"EXPLAIN (FORMAT JSON) EXECUTE shown"), group);
    assert_eq!(said(b"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE plan"), group);
}

/// JDBC gives the results of a call parameters of type void.
#[test]
fn a_parameter_of_type_void_stands_for_a_result() {
    const VOID: u32 = 2278;
    const INT4: u32 = 23;
    let server = Zserver::start();
    let mut client = Raw::log_in(server.port);
    let routines = b"CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'; \
        CREATE PROCEDURE p(INOUT a int, OUT b text) LANGUAGE plpgsql AS \
        $$ BEGIN a := a * 2; b := 'x' || a; END $$";
    client.send(&query(routines));
    client.until_ready().expect("routines");
    let mut row = |sql, types: &[u32], values: &[Option<&str>]| {
        client.send(&extended("", Some(sql), types, values));
        let messages = client.until_ready().expect("the connection stays");
        let found = messages.iter().find(|(tag, _)| *tag == b'D').map(|(_, row)| row.clone());
        String::from_utf8_lossy(&found.unwrap_or_default()).replace(|c: char| c < ' ', "")
    };
    assert_eq!(row("SELECT * FROM f($1, $2)", &[VOID, INT4], &[None, Some("41")]), "42");
    assert_eq!(row("CALL p($1, $2)", &[INT4, VOID], &[Some("21"), None]), "42x42");
}

#[test]
fn the_log_tells_who_came_and_what_was_changed() {
    let directory = TempDir::new().expect("a temporary directory");
    let (data, log) = (directory.path().join("data"), directory.path().join("log"));
    let environment = [
        ("ZSERVER_LOG_CONNECTIONS", "true"),
        ("ZSERVER_LOG_DISCONNECTIONS", "true"),
        ("ZSERVER_LOG_STATEMENT", "ddl"),
    ];
    let server = Zserver::start_logged(&data, &log, &environment);
    let mut client = Raw::log_in(server.port);
    for sql in ["CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)", "GRANT SELECT ON t TO PUBLIC"]
    {
        assert_eq!(client.error_of(sql.as_bytes()), None, "{sql}");
    }
    assert_eq!(client.error_of(b"SET log_statement = 'all'"), None);
    assert_eq!(client.error_of(b"SELECT 'seen'"), None);
    client.send(&frame(b'X', b""));
    assert!(client.message().is_none());
    let mut nobody = Raw::connect(server.port);
    nobody.send(&startup("nobody"));
    assert_eq!(nobody.ended_with(), "28000");
    server.terminate();
    let text = std::fs::read_to_string(&log).expect("the log");
    for line in [
        "connection received: host=127.0.0.1 port=",
        "connection authorized: user=postgres database=postgres",
        "statement: CREATE TABLE t (a int)",
        "statement: GRANT SELECT ON t TO PUBLIC",
        "statement: SELECT 'seen'",
        "disconnection: session time: 0:00:0",
        "role \"nobody\" does not exist",
    ] {
        assert!(text.contains(line), "{line} is not in the log:\n{text}");
    }
    assert!(!text.contains("INSERT INTO"), "{text}");
}
