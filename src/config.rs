//! The server's configuration: one typed [`Config`], made once at start.
//!
//! Layers, each over the one before: defaults < TOML file < environment
//! (`ZSERVER_` and the key in upper case) < command line. An unknown key is an
//! error in every layer, and the result is validated as a whole. Where
//! PostgreSQL has a parameter with the same meaning, the key has its name, unit
//! and default; session parameters given here are defaults that a session may
//! change by `SET`.
//!
//! ```toml
//! pg_listen = "0.0.0.0:5432"
//! max_connections = 200
//! statement_timeout = "30s"
//! ssl_cert_file = "server.crt"
//! ssl_key_file = "server.key"
//! ```
//!
//! The password of the first superuser is not configuration: it is read from
//! `ZSERVER_PASSWORD` once, at `init`, and never stored in clear.

pub mod list;
pub mod unit;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::auth::{failures, hba};
use serde::{Deserialize, Serialize};
use unit::{Bytes, Kilobytes, Milliseconds, Seconds};

/// The prefix of environment variables that set a key.
const ENVIRONMENT_PREFIX: &str = "ZSERVER_";

/// Variables with the prefix that are not keys.
const OTHER_VARIABLES: &[&str] = &["ZSERVER_PASSWORD", "ZSERVER_RTC_TURN_SECRET"];

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where all data lives; made by the first start.
    pub data_directory: PathBuf,
    pub pg_listen: SocketAddr,
    /// The second port, for HTTP; none is opened without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_listen: Option<SocketAddr>,
    /// A directory for a Unix socket, `.s.PGSQL.` and the port of `pg_listen`; none is
    /// made without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pg_socket: Option<PathBuf>,
    /// For development on this machine; refused on any address but loopback. It trusts who
    /// comes from loopback, unless `hba_file` says otherwise, needs no password of the first
    /// superuser, lets issuers be asked at private addresses (`auth_private_issuers`), and
    /// serves a demonstration of rooms at `/demo`.
    pub dev: bool,
    /// Who may connect from where, and how they prove who they are (`auth::hba`); a
    /// relative path starts at `data_directory`. It need not exist.
    pub hba_file: PathBuf,
    /// Which users of the system and names of certificates may be which roles.
    pub ident_file: PathBuf,

    pub max_connections: usize,
    /// Of `max_connections`, how many only superusers may take.
    pub superuser_reserved_connections: usize,
    /// From the first byte to a finished login.
    pub authentication_timeout: Seconds,
    /// Connections that are not logged in yet; beyond it the oldest is dropped.
    pub max_pending_logins: usize,
    /// Connections to the HTTP port; beyond it they wait to be accepted.
    pub http_max_connections: usize,
    /// Of one request's body.
    pub http_max_body: Bytes,
    /// Of one response that is not streamed.
    pub http_max_response: Bytes,
    /// How long a request's head, and then its body, may take to come.
    pub http_read_timeout: Milliseconds,
    /// Of a file that comes in one request; larger ones come by tus, in parts.
    pub http_max_file: Bytes,
    /// Where contents of files are that are not in the database; a relative path starts at
    /// `data_directory`.
    pub files_directory: PathBuf,
    /// Contents up to this are kept in the database.
    pub files_inline_max: Bytes,
    /// Of a file that comes in parts.
    pub files_max_upload: Bytes,
    /// Uploads in parts that one role may have at a time.
    pub files_max_uploads: usize,
    /// How long an upload in parts may lie still before it is forgotten.
    pub files_upload_expiry: Seconds,
    /// What has come of an upload is made durable each time that so much has come.
    pub files_checkpoint: Bytes,
    /// Contents that no file has are removed after this time.
    pub files_grace: Seconds,
    /// How often it is looked for them.
    pub files_sweep_interval: Seconds,
    /// An S3 bucket for contents that are not in the database; without it they are in
    /// `files_directory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_s3_bucket: Option<String>,
    /// The URL of a service other than Amazon's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_s3_endpoint: Option<String>,
    pub files_s3_region: String,
    /// What the keys in the bucket begin with.
    pub files_s3_prefix: String,
    /// A TOML file with `access_key_id` and `secret_access_key`; without it they are in
    /// the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_s3_credentials_file: Option<PathBuf>,
    /// Sessions that wait for the next request of their role; 0 opens one for each.
    pub http_pool_sessions: usize,
    /// How long such a session waits.
    pub http_pool_idle_timeout: Milliseconds,
    /// How long a request waits for a session where there may be no more of them (`53300`).
    pub http_session_wait: Milliseconds,
    /// How long nobody may ask for a transaction over HTTP before it is rolled back.
    pub http_transaction_idle_timeout: Milliseconds,
    /// How long such a transaction may last.
    pub http_transaction_timeout: Milliseconds,
    /// Such transactions of one role at a time.
    pub http_max_transactions_per_role: usize,
    /// How long the answer to an `Idempotency-Key` is kept.
    pub http_idempotency_expiry: Seconds,
    /// Of one answer that is kept so.
    pub http_idempotency_max_answer: Bytes,
    /// Of one message that comes over a WebSocket of `/api/v1/sql`.
    pub http_ws_max_message: Bytes,
    /// Requests that run or wait on one such socket.
    pub http_ws_max_requests: usize,
    /// How long nothing may be said on it before it is closed; 0 is no limit.
    pub http_ws_idle_timeout: Milliseconds,
    /// How long nothing may come before it is sent a ping, and then before it is closed.
    pub http_ws_ping_interval: Milliseconds,
    /// Whether HTTP makes the extension of an area in a database that is first asked for it.
    pub http_create_extensions: bool,

    /// Logins over HTTP a minute from one address; 0 is no limit, here and in the next.
    pub http_rate_auth: u32,
    /// Requests a minute of one role that change keys, sessions and what else is an
    /// administrator's.
    pub http_rate_admin: u32,
    /// Requests a minute from one address that prove nothing.
    pub http_rate_anonymous: u32,
    /// Requests a minute of one role to what is of no other class.
    pub http_rate_user: u32,
    /// Requests a minute of one role or API key for data: SQL, collections, files, jobs.
    pub http_rate_data: u32,
    /// Other limits than `http_rate_data`, of roles and their members, comma between:
    /// `free_plan=60, pro_plan=6000`. The first that fits counts.
    pub http_rate_plans: String,
    /// Whether limits by address hold for the machine's own addresses, too.
    pub http_rate_loopback: bool,
    /// Addresses, roles and keys that limits are counted of at a time.
    pub http_rate_keys: usize,
    /// `redis://host:port/db`, where several servers count together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_rate_redis: Option<String>,
    /// Addresses of proxies, comma between, whose `X-Forwarded-For` is believed.
    pub http_trusted_proxies: String,
    /// Of a request's line and headers; taken at the start of a connection.
    pub http_max_head: Bytes,
    pub http_max_headers: usize,
    /// Of a request's path and query.
    pub http_max_url: Bytes,
    /// Connections to the HTTP port from one address; 0 is half of `http_max_connections`,
    /// and no limit for the machine's own addresses.
    pub http_max_connections_per_address: usize,
    /// Names of this server that requests may be sent to, comma between: `db.example.com,
    /// *.example.com`; `*` is all. Empty is all, but for requests that prove nothing and are
    /// trusted for where they come from: these name an address or `localhost`.
    pub http_allowed_hosts: String,
    /// Origins whose pages may ask, comma between: `https://app.example.com`; `*` is all.
    pub http_cors_origins: String,
    /// How long browsers may keep that answer.
    pub http_cors_max_age: Seconds,
    /// How long browsers shall come over TLS only; told over TLS, 0 is not at all.
    pub http_hsts_max_age: Seconds,
    /// What is done about requests that look like attacks.
    pub http_waf: WafMode,
    /// Scores of the rules that fit, added up, from which on a request does.
    pub http_waf_threshold: u32,
    /// Of a body that is looked at, the first of it.
    pub http_waf_max_body: Bytes,

    /// Classes of events that the audit log keeps, comma between; `all` or `none`.
    pub audit: String,
    /// Where it is; a relative path starts at `data_directory`.
    pub audit_directory: PathBuf,
    /// A file of it that is larger is followed by the next.
    pub audit_file_size: Bytes,
    /// Of all its files, the oldest of which are removed; 0 keeps all.
    pub audit_max_size: Bytes,
    /// How long a record may be in the system's memory only; 0 waits for the disk.
    pub audit_sync_interval: Milliseconds,

    /// How long an access token is valid.
    pub auth_token_lifetime: Seconds,
    /// How long a session over HTTP lasts that is not refreshed.
    pub auth_refresh_lifetime: Seconds,
    /// How wrong the clock of who made a token may be.
    pub auth_clock_skew: Seconds,
    /// The longest token that is read.
    pub auth_max_token: Bytes,
    /// What new signing keys are for.
    pub auth_signing_algorithm: SigningAlgorithm,
    /// How long a key signs before the next one does; 0 is until it is told to.
    pub auth_key_rotation: Seconds,
    /// Sessions of one role in one database; of more, the oldest end.
    pub auth_max_sessions: usize,
    /// API keys of one role in one database.
    pub auth_max_api_keys: usize,
    /// Failed logins of a role or from an address before there are delays.
    pub auth_login_failures: u32,
    /// The first delay; each failure doubles it.
    pub auth_login_delay: Milliseconds,
    /// The longest; half of `authentication_timeout`, where that is less.
    pub auth_login_delay_max: Milliseconds,
    /// After so long without a failure they are forgotten.
    pub auth_login_window: Seconds,
    /// How long the keys of a foreign issuer are kept before they are asked for again.
    pub auth_jwks_lifetime: Seconds,
    /// How long an issuer may take to answer.
    pub auth_jwks_timeout: Milliseconds,
    /// Of one answer of an issuer.
    pub auth_jwks_max: Bytes,
    /// Whether issuers may be asked over HTTP without TLS and at addresses that are not
    /// public; `dev` allows it too.
    pub auth_private_issuers: bool,
    /// The schema that collections are made in.
    pub collections_schema: String,
    /// One line of points that are streamed in.
    pub collections_ingest_line: Bytes,
    /// Points of a stream that are written, and committed, together.
    pub collections_ingest_rows: usize,
    /// Of the lines of points that are written together.
    pub collections_ingest_bytes: Bytes,
    /// How long a stream of points may pause.
    pub collections_ingest_timeout: Milliseconds,
    /// The version of Qdrant whose API `/collections` follows, as its clients ask for it.
    pub qdrant_version: String,
    /// Jobs that the server itself runs at a time, of all databases; each holds one of
    /// `max_connections` meanwhile, half of which are left to clients. 0 runs none.
    pub jobs_workers: usize,
    /// How often jobs are looked for of which no transaction has told.
    pub jobs_poll_interval: Milliseconds,
    /// How long one attempt may take, of a job that does not say; 0 is no limit.
    pub jobs_timeout: Milliseconds,
    /// How long a job that was asked to end has before its statement is cancelled.
    pub jobs_cancel_grace: Milliseconds,
    /// How long jobs that are finished are kept.
    pub jobs_keep: Seconds,
    /// How many of them are, in each database.
    pub jobs_keep_count: usize,
    /// Where jobs of the kind `http` may go, comma between: `example.com`, `*.example.com`.
    /// Empty is everywhere.
    pub jobs_http_hosts: String,
    /// Whether they may go to addresses that are not public: loopback, private networks.
    pub jobs_http_private: bool,
    /// Of the body of an answer to one; a longer one fails it.
    pub jobs_http_max_response: Bytes,
    /// Of the file that an `export` job makes; a larger one fails it.
    pub jobs_export_max: Bytes,
    /// One line of NDJSON that an `ingest` job reads into a table.
    pub jobs_ingest_line: Bytes,
    /// Lines of it that are written by one statement.
    pub jobs_ingest_rows: usize,
    /// How often a stream of events that has nothing to tell shows that it lives.
    pub events_heartbeat: Milliseconds,
    /// How long changes of tables that are watched are kept for readers that keep their own
    /// position.
    pub events_keep: Seconds,
    /// How long they are kept for webhooks and sinks that have not taken them; after it,
    /// these lose their position.
    pub events_keep_max: Seconds,
    /// How many changes of a database are kept, whoever has not taken them.
    pub events_keep_count: usize,
    /// How often it is looked for changes to forget.
    pub events_keep_interval: Seconds,
    /// Deliveries of one webhook that wait; its other changes wait in the feed.
    pub events_webhook_backlog: usize,
    /// The longest pause before a sink whose broker has failed is tried again.
    pub events_sink_retry_max: Milliseconds,
    /// Live rooms, of all databases.
    pub rtc_max_rooms: usize,
    /// Participants of one room.
    pub rtc_max_participants: usize,
    /// Tracks that one participant publishes.
    pub rtc_max_tracks: usize,
    /// Of one message that a participant sends to others.
    pub rtc_max_message: Bytes,
    /// Messages a second that one participant sends to others; 0 is no limit.
    pub rtc_max_messages_per_second: u32,
    /// What waits for one participant; who takes less than it has to is removed.
    pub rtc_inbox: Bytes,
    /// Of a room's or a participant's metadata, and of all attributes of a participant.
    pub rtc_max_metadata: Bytes,
    /// Whether a room that is not there is made by who comes with a token for it.
    pub rtc_create_rooms: bool,
    /// Events of rooms that are kept in `rtc.events` of a database.
    pub rtc_keep_events: usize,
    /// Recordings that are made at the same time.
    pub rtc_max_recordings: usize,
    /// Of one recording, which ends there.
    pub rtc_recording_max_bytes: Bytes,
    pub rtc_recording_max_duration: Seconds,
    /// Recordings that are played at the same time, to peers and into rooms.
    pub rtc_max_playbacks: usize,
    /// Servers of STUN and TURN, for this server and for clients: `stun:a:3478,turn:b:3478`.
    pub rtc_ice_servers: String,
    /// A TOML file with `secret` (TURN's shared secret), or `username` and `credential`, of
    /// the TURN servers; without it the secret is in `ZSERVER_RTC_TURN_SECRET`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtc_turn_file: Option<PathBuf>,
    /// How long a client's credentials for TURN are good.
    pub rtc_turn_ttl: Seconds,
    /// Addresses that peers are reached at here; empty: those of all interfaces, and of
    /// loopback where the second port is there.
    pub rtc_addresses: String,
    /// What peers are told instead, one of each family (1:1 NAT).
    pub rtc_public_addresses: String,
    /// UDP ports of peers, `50000-50999`; empty: any.
    pub rtc_ports: String,
    /// Peer connections of the server.
    pub rtc_max_peers: usize,
    /// Data channels of one peer.
    pub rtc_max_channels: usize,
    /// Streams of media of one peer, in both directions together.
    pub rtc_max_streams: usize,
    /// Of one message in a data channel.
    pub rtc_max_channel_message: Bytes,
    /// Messages a second that are taken from one data channel; the peer waits beyond.
    pub rtc_max_channel_messages_per_second: u32,
    /// What waits to be sent in a data channel before its sender waits.
    pub rtc_send_buffer: Bytes,
    /// From a peer's description until its connection stands, DTLS included.
    pub rtc_connect_timeout: Milliseconds,
    /// How long a peer may be silent before it counts as disconnected.
    pub rtc_disconnected_timeout: Milliseconds,
    /// How long it may then stay so before its connection is closed (consent, RFC 7675).
    pub rtc_consent_timeout: Milliseconds,
    /// How long a session of LiveKit's protocol waits for its client to come back after its
    /// socket has gone; 0: not at all.
    pub rtc_resume_timeout: Milliseconds,
    /// How long running statements may go on after SIGTERM.
    pub shutdown_grace: Milliseconds,

    /// PEM files; both or none. Relative paths start at `data_directory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_cert_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_key_file: Option<PathBuf>,
    /// PEM files: who signs client certificates, and which of these are revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_crl_file: Option<PathBuf>,
    /// Refuses connections over the network without TLS.
    pub require_tls: bool,

    /// Logs each connection: when it comes, who it is, that it may enter.
    pub log_connections: bool,
    /// Logs the end of each session.
    pub log_disconnections: bool,
    /// Which statements are logged; superusers may set it for their sessions.
    pub log_statement: LogStatement,

    /// Statements that take so long are logged with their duration; -1 logs none, 0 all.
    pub log_min_duration_statement: i64,
    /// Milliseconds from which on a statement's plan is logged; -1 logs none, 0 all
    /// (`auto_explain.log_min_duration`).
    pub auto_explain_log_min_duration: i64,

    /// Who may read `/metrics`.
    pub metrics_access: MetricsAccess,
    /// How long the disk may take for a commit before `/readyz` says so; 0 is no limit.
    pub ready_commit_timeout: Milliseconds,
    /// The URL of an OpenTelemetry collector that takes traces over HTTP; without it
    /// nothing is traced.
    pub otlp_endpoint: String,
    /// Of requests and statements that continue no client's trace, the share that is
    /// traced: 0 to 1.
    pub otlp_sample_ratio: f64,
    /// What the server is called there.
    pub otlp_service_name: String,
    /// Whether spans have the text of statements, without constants.
    pub otlp_statement_text: bool,
    /// Spans that wait to be sent; more are dropped, and counted.
    pub otlp_queue: usize,
    /// How long spans wait for others to be sent with.
    pub otlp_interval: Milliseconds,
    /// How long the collector may take for one request, and the server to send what is
    /// left when it ends.
    pub otlp_timeout: Milliseconds,

    /// Libraries of the server, comma between; `pg_stat_statements` is the one there is.
    pub shared_preload_libraries: String,
    /// How many statements `pg_stat_statements` keeps counts of.
    pub pg_stat_statements_max: usize,
    /// Whether the counts outlive a server that ends in good order.
    pub pg_stat_statements_save: bool,

    pub statement_timeout: Milliseconds,
    pub lock_timeout: Milliseconds,
    pub deadlock_timeout: Milliseconds,
    pub idle_in_transaction_session_timeout: Milliseconds,
    pub idle_session_timeout: Milliseconds,
    /// PostgreSQL 17's: the session of a transaction that lasts longer is ended; 0 is no
    /// limit.
    pub transaction_timeout: Milliseconds,
    /// Transactions prepared at a time, by PREPARE TRANSACTION. PostgreSQL's default is
    /// 0, which disables them.
    pub max_prepared_transactions: usize,
    /// Transactions that are prepared for longer are told of in the log, each minute; 0
    /// is never.
    pub prepared_transaction_warning: Seconds,
    /// How long another server may take to connect, and for each step of the commit of a
    /// transaction over several servers.
    pub remote_timeout: Milliseconds,
    /// How often branches of such transactions that a failure has left are resolved.
    pub remote_recovery_interval: Milliseconds,
    pub work_mem: Kilobytes,

    /// What all queries together may hold.
    pub memory_limit: Bytes,
    /// Bytes written since a snapshot was taken beyond which it can no longer be read
    /// (`72000`): it keeps about that much in memory.
    pub max_snapshot: Bytes,
    /// Bytes of one transaction's updates and deletes kept in memory; what is beyond them
    /// is written to files below the data directory until the commit.
    pub max_write_set: Bytes,
    /// Rows and index entries kept in memory for reads by key; 0 is an eighth of the
    /// machine's memory (or of the container's limit).
    pub point_cache: Bytes,
    /// Blocks of the store kept in memory for scans; 0 is an eighth of the memory.
    pub block_cache: Bytes,
    /// Graphs of vector indexes kept in memory; 0 is a quarter of the memory. Searches of
    /// an index beyond it read its entries: slower, and exact.
    pub vector_memory: Bytes,
    /// How long what has changed in such a graph waits to be saved.
    pub vector_save_interval: Milliseconds,
    /// Largest message of a client that has not logged in.
    pub max_startup_message: Bytes,
    /// Largest message after login.
    pub max_message: Bytes,
    pub max_expression_depth: usize,
    /// Output kept before a connection waits for its client.
    pub write_buffer: Bytes,
    /// Input read at a time.
    pub read_buffer: Bytes,
    /// Prepared statements and portals of one session.
    pub max_prepared_statements: usize,
    pub max_portals: usize,
    /// Rows of a WITH HOLD cursor are kept in memory up to this.
    pub max_held_cursor: Bytes,
    /// Bound statements that a session keeps by text.
    pub plan_cache_entries: usize,
    /// Notifications waiting for one listening session.
    pub max_pending_notifications: usize,
    pub max_listen_channels: usize,
    /// Notices and warnings of one statement that wait for its end; more are counted.
    pub max_pending_notices: usize,
    pub batch_rows: usize,
    /// Partitions of a scan; 0 is the number of cores.
    pub parallelism: usize,
    /// Threads that serve connections; 0 is the number of cores.
    pub worker_threads: usize,

    /// Where committed groups go, for recovery to a point in time: a directory that
    /// exists, best on another disk. Taken at the start; without it nothing is archived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive_directory: Option<PathBuf>,
    /// A segment of the archive that is older is sent there as it is; 0 waits until it
    /// is full.
    pub archive_timeout: Seconds,
    /// Bytes of a segment of the archive.
    pub archive_segment_size: Bytes,
    /// Bytes of the store that are read each second to compare them with their
    /// checksums; 0 never does.
    pub scrub_rate: Bytes,
    /// From the end of one reading to the next.
    pub scrub_interval: Seconds,

    pub log_format: LogFormat,
    /// `tracing` filter: `info`, `zserver=debug,warn`.
    pub log_filter: String,
}

/// Each value holds the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStatement {
    None,
    /// What defines objects, GRANT and REVOKE among it.
    Ddl,
    /// What changes rows.
    Mod,
    All,
}

impl LogStatement {
    pub fn as_str(self) -> &'static str {
        match self {
            LogStatement::None => "none",
            LogStatement::Ddl => "ddl",
            LogStatement::Mod => "mod",
            LogStatement::All => "all",
        }
    }
}

/// Who may read `/metrics`. Each value lets in those of the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsAccess {
    /// Superusers and members of `pg_monitor`.
    Monitor,
    /// Whoever asks from the machine itself; a proxy on it is one.
    Loopback,
    Everyone,
}

/// What is done about requests that look like attacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WafMode {
    Off,
    /// They are told of in the log.
    Log,
    /// They are refused, too.
    Block,
}

/// Algorithms of the server's own tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "ES256")]
    Es256,
}

impl SigningAlgorithm {
    pub fn as_str(self) -> &'static str {
        match self {
            SigningAlgorithm::EdDsa => "EdDSA",
            SigningAlgorithm::Es256 => "ES256",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            data_directory: PathBuf::from("./zserver-data"),
            pg_listen: SocketAddr::from(([127, 0, 0, 1], 5432)),
            http_listen: None,
            pg_socket: None,
            dev: false,
            hba_file: PathBuf::from("pg_hba.conf"),
            ident_file: PathBuf::from("pg_ident.conf"),
            max_connections: 100,
            superuser_reserved_connections: 3,
            authentication_timeout: Seconds(60),
            max_pending_logins: 1_000,
            http_max_connections: 1_000,
            http_max_body: Bytes(10 << 20),
            http_max_response: Bytes(64 << 20),
            http_read_timeout: Milliseconds(30_000),
            http_max_file: Bytes(100 << 20),
            files_directory: PathBuf::from("files"),
            files_inline_max: Bytes(64 << 10),
            files_max_upload: Bytes(1 << 40),
            files_max_uploads: 1_000,
            files_upload_expiry: Seconds(86_400),
            files_checkpoint: Bytes(16 << 20),
            files_grace: Seconds(3_600),
            files_sweep_interval: Seconds(300),
            files_s3_bucket: None,
            files_s3_endpoint: None,
            files_s3_region: "us-east-1".to_owned(),
            files_s3_prefix: String::new(),
            files_s3_credentials_file: None,
            http_pool_sessions: 64,
            http_pool_idle_timeout: Milliseconds(60_000),
            http_session_wait: Milliseconds(5_000),
            http_transaction_idle_timeout: Milliseconds(30_000),
            http_transaction_timeout: Milliseconds(600_000),
            http_max_transactions_per_role: 20,
            http_idempotency_expiry: Seconds(86_400),
            http_idempotency_max_answer: Bytes(1 << 20),
            http_ws_max_message: Bytes(1 << 20),
            http_ws_max_requests: 100,
            http_ws_idle_timeout: Milliseconds(600_000),
            http_ws_ping_interval: Milliseconds(30_000),
            http_create_extensions: true,
            http_rate_auth: 10,
            http_rate_admin: 60,
            http_rate_anonymous: 100,
            http_rate_user: 100,
            http_rate_data: 0,
            http_rate_plans: String::new(),
            http_rate_loopback: false,
            http_rate_keys: 100_000,
            http_rate_redis: None,
            http_trusted_proxies: String::new(),
            http_max_head: Bytes(64 << 10),
            http_max_headers: 100,
            http_max_url: Bytes(16 << 10),
            http_max_connections_per_address: 0,
            http_allowed_hosts: String::new(),
            http_cors_origins: String::new(),
            http_cors_max_age: Seconds(600),
            http_hsts_max_age: Seconds(365 * 86_400),
            http_waf: WafMode::Log,
            http_waf_threshold: 5,
            http_waf_max_body: Bytes(64 << 10),
            audit: "all".to_owned(),
            audit_directory: PathBuf::from("audit"),
            audit_file_size: Bytes(64 << 20),
            audit_max_size: Bytes(1 << 30),
            audit_sync_interval: Milliseconds(1_000),
            auth_token_lifetime: Seconds(15 * 60),
            auth_refresh_lifetime: Seconds(30 * 86_400),
            auth_clock_skew: Seconds(30),
            auth_max_token: Bytes(8 << 10),
            auth_signing_algorithm: SigningAlgorithm::EdDsa,
            auth_key_rotation: Seconds(90 * 86_400),
            auth_max_sessions: 100,
            auth_max_api_keys: 100,
            auth_login_failures: 5,
            auth_login_delay: Milliseconds(500),
            auth_login_delay_max: Milliseconds(30_000),
            auth_login_window: Seconds(15 * 60),
            auth_jwks_lifetime: Seconds(10 * 60),
            auth_jwks_timeout: Milliseconds(5_000),
            auth_jwks_max: Bytes(256 << 10),
            auth_private_issuers: false,
            collections_schema: "collections".to_owned(),
            collections_ingest_line: Bytes(4 << 20),
            collections_ingest_rows: 2_000,
            collections_ingest_bytes: Bytes(8 << 20),
            collections_ingest_timeout: Milliseconds(60_000),
            qdrant_version: "1.19.0".to_owned(),
            jobs_workers: 8,
            jobs_poll_interval: Milliseconds(5_000),
            jobs_timeout: Milliseconds(3_600_000),
            jobs_cancel_grace: Milliseconds(5_000),
            jobs_keep: Seconds(7 * 86_400),
            jobs_keep_count: 100_000,
            jobs_http_hosts: String::new(),
            jobs_http_private: false,
            jobs_http_max_response: Bytes(512 << 10),
            jobs_export_max: Bytes(10 << 30),
            jobs_ingest_line: Bytes(4 << 20),
            jobs_ingest_rows: 2_000,
            events_heartbeat: Milliseconds(15_000),
            events_keep: Seconds(86_400),
            events_keep_max: Seconds(7 * 86_400),
            events_keep_count: 1_000_000,
            events_keep_interval: Seconds(60),
            events_webhook_backlog: 10_000,
            events_sink_retry_max: Milliseconds(60_000),
            rtc_max_rooms: 1_000,
            rtc_max_participants: 500,
            rtc_max_tracks: 32,
            rtc_max_message: Bytes(256 << 10),
            rtc_max_messages_per_second: 1_000,
            rtc_inbox: Bytes(8 << 20),
            rtc_max_metadata: Bytes(64 << 10),
            rtc_create_rooms: true,
            rtc_keep_events: 100_000,
            rtc_max_recordings: 100,
            rtc_recording_max_bytes: Bytes(16 << 30),
            rtc_recording_max_duration: Seconds(43_200),
            rtc_max_playbacks: 100,
            rtc_ice_servers: String::new(),
            rtc_turn_file: None,
            rtc_turn_ttl: Seconds(86_400),
            rtc_addresses: String::new(),
            rtc_public_addresses: String::new(),
            rtc_ports: String::new(),
            rtc_max_peers: 2_000,
            rtc_max_channels: 64,
            rtc_max_streams: 512,
            rtc_max_channel_message: Bytes(256 << 10),
            rtc_max_channel_messages_per_second: 10_000,
            rtc_send_buffer: Bytes(1 << 20),
            rtc_connect_timeout: Milliseconds(30_000),
            rtc_disconnected_timeout: Milliseconds(5_000),
            rtc_consent_timeout: Milliseconds(25_000),
            rtc_resume_timeout: Milliseconds(15_000),
            shutdown_grace: Milliseconds(5_000),
            ssl_cert_file: None,
            ssl_key_file: None,
            ssl_ca_file: None,
            ssl_crl_file: None,
            require_tls: false,
            log_connections: false,
            log_disconnections: false,
            log_statement: LogStatement::None,
            log_min_duration_statement: -1,
            auto_explain_log_min_duration: -1,
            metrics_access: MetricsAccess::Loopback,
            ready_commit_timeout: Milliseconds(30_000),
            otlp_endpoint: String::new(),
            otlp_sample_ratio: 1.0,
            otlp_service_name: "zserver".to_owned(),
            otlp_statement_text: true,
            otlp_queue: 10_000,
            otlp_interval: Milliseconds(1_000),
            otlp_timeout: Milliseconds(5_000),
            shared_preload_libraries: String::new(),
            pg_stat_statements_max: 5_000,
            pg_stat_statements_save: true,
            statement_timeout: Milliseconds(0),
            lock_timeout: Milliseconds(0),
            deadlock_timeout: Milliseconds(1_000),
            idle_in_transaction_session_timeout: Milliseconds(0),
            idle_session_timeout: Milliseconds(0),
            transaction_timeout: Milliseconds(0),
            max_prepared_transactions: 64,
            prepared_transaction_warning: Seconds(3_600),
            remote_timeout: Milliseconds(30_000),
            remote_recovery_interval: Milliseconds(5_000),
            work_mem: Kilobytes(4_096),
            memory_limit: Bytes(1 << 30),
            max_snapshot: Bytes(2 << 30),
            max_write_set: Bytes(128 << 20),
            point_cache: Bytes(0),
            block_cache: Bytes(0),
            vector_memory: Bytes(0),
            vector_save_interval: Milliseconds(30_000),
            max_startup_message: Bytes(10_000),
            max_message: Bytes(256 << 20),
            max_expression_depth: 1_000,
            write_buffer: Bytes(64 << 10),
            read_buffer: Bytes(8 << 10),
            max_prepared_statements: 10_000,
            max_portals: 1_000,
            max_held_cursor: Bytes(64 << 20),
            plan_cache_entries: 256,
            max_pending_notifications: 10_000,
            max_listen_channels: 1_000,
            max_pending_notices: 10_000,
            batch_rows: 8_192,
            parallelism: 0,
            worker_threads: 0,
            archive_directory: None,
            archive_timeout: Seconds(0),
            archive_segment_size: Bytes(16 << 20),
            scrub_rate: Bytes(4 << 20),
            scrub_interval: Seconds(86_400),
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
        }
    }
}

/// Why a configuration cannot be used.
#[derive(Debug)]
pub struct ConfigError(String);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

fn invalid(message: impl Into<String>) -> ConfigError {
    ConfigError(message.into())
}

impl Config {
    /// Puts the layers together. `flags` holds only what the command line gave.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: toml::Table,
    ) -> Result<Config, ConfigError> {
        let mut keys = match file {
            Some(path) => read_file(path)?,
            None => toml::Table::new(),
        };
        let known = known_keys();
        for (name, text) in environment {
            if let Some((key, value)) = environment_value(&known, &name, &text)? {
                keys.insert(key, value);
            }
        }
        keys.extend(flags);
        Config::from_keys(keys)
    }

    fn from_keys(keys: toml::Table) -> Result<Config, ConfigError> {
        let known = known_keys();
        if let Some(unknown) = keys.keys().find(|key| !known.contains_key(*key)) {
            return Err(invalid(format!("unrecognized configuration parameter \"{unknown}\"")));
        }
        let mut all = default_keys();
        all.extend(keys);
        let config: Config = all.try_into().map_err(|error: toml::de::Error| {
            invalid(format!("invalid configuration: {}", error.message()))
        })?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let at_least = |name: &str, value: u64, min: u64| {
            if value < min {
                return Err(invalid(format!("\"{name}\" must be at least {min}")));
            }
            Ok(())
        };
        at_least("auth_token_lifetime", self.auth_token_lifetime.0, 1)?;
        at_least("auth_refresh_lifetime", self.auth_refresh_lifetime.0, 1)?;
        at_least("auth_max_token", self.auth_max_token.0, 1_024)?;
        at_least("auth_max_sessions", self.auth_max_sessions as u64, 1)?;
        at_least("auth_jwks_timeout", self.auth_jwks_timeout.0, 1)?;
        at_least("auth_jwks_max", self.auth_jwks_max.0, 1_024)?;
        at_least("pg_stat_statements_max", self.pg_stat_statements_max as u64, 100)?;
        let mut libraries = self.shared_preload_libraries.split(',').map(str::trim);
        if let Some(name) = libraries.find(|name| !matches!(*name, "" | "pg_stat_statements")) {
            return Err(invalid(format!(
                "could not access file \"{name}\": there is no such library"
            )));
        }
        if self.log_min_duration_statement < -1 {
            return Err(invalid("\"log_min_duration_statement\" must be at least -1"));
        }
        if self.auto_explain_log_min_duration < -1 {
            return Err(invalid("\"auto_explain_log_min_duration\" must be at least -1"));
        }
        if !(0.0..=1.0).contains(&self.otlp_sample_ratio) {
            return Err(invalid("\"otlp_sample_ratio\" must be between 0 and 1"));
        }
        at_least("otlp_queue", self.otlp_queue as u64, 1)?;
        at_least("otlp_timeout", self.otlp_timeout.0, 1)?;
        at_least("max_connections", self.max_connections as u64, 1)?;
        at_least("http_ws_max_requests", self.http_ws_max_requests as u64, 1)?;
        at_least("http_ws_max_message", self.http_ws_max_message.0, 125)?;
        at_least("http_ws_ping_interval", self.http_ws_ping_interval.0, 1)?;
        at_least("http_transaction_idle_timeout", self.http_transaction_idle_timeout.0, 1)?;
        at_least("http_transaction_timeout", self.http_transaction_timeout.0, 1)?;
        at_least("http_idempotency_expiry", self.http_idempotency_expiry.0, 1)?;
        self.validate_guard()?;
        at_least("authentication_timeout", self.authentication_timeout.0, 1)?;
        at_least("max_pending_logins", self.max_pending_logins as u64, 1)?;
        at_least("deadlock_timeout", self.deadlock_timeout.0, 1)?;
        at_least("remote_timeout", self.remote_timeout.0, 1)?;
        at_least("remote_recovery_interval", self.remote_recovery_interval.0, 10)?;
        if self.max_prepared_transactions > 262_143 {
            return Err(invalid("\"max_prepared_transactions\" must be at most 262143"));
        }
        at_least("work_mem", self.work_mem.0, 64)?;
        at_least("memory_limit", self.memory_limit.0, 16 << 20)?;
        at_least("max_write_set", self.max_write_set.0, 64 << 10)?;
        at_least("max_snapshot", self.max_snapshot.0, 1 << 20)?;
        at_least("max_startup_message", self.max_startup_message.0, 1_000)?;
        at_least("max_message", self.max_message.0, 64 << 10)?;
        at_least("max_expression_depth", self.max_expression_depth as u64, 10)?;
        at_least("write_buffer", self.write_buffer.0, 4 << 10)?;
        at_least("read_buffer", self.read_buffer.0, 1 << 10)?;
        at_least("archive_segment_size", self.archive_segment_size.0, 64 << 10)?;
        at_least("scrub_interval", self.scrub_interval.0, 1)?;
        at_least("vector_save_interval", self.vector_save_interval.0, 10)?;
        at_least("files_sweep_interval", self.files_sweep_interval.0, 1)?;
        at_least("files_upload_expiry", self.files_upload_expiry.0, 1)?;
        at_least("files_checkpoint", self.files_checkpoint.0, 64 << 10)?;
        if self.files_inline_max.0 > 1 << 20 {
            return Err(invalid("\"files_inline_max\" must be at most 1MB"));
        }
        if self.files_max_upload.0 > i64::MAX as u64 || self.http_max_file.0 > i64::MAX as u64 {
            return Err(invalid("a file has at most 8388607TB"));
        }
        at_least("batch_rows", self.batch_rows as u64, 1)?;
        at_least("collections_ingest_rows", self.collections_ingest_rows as u64, 1)?;
        at_least("jobs_poll_interval", self.jobs_poll_interval.0, 10)?;
        at_least("jobs_keep", self.jobs_keep.0, 1)?;
        at_least("events_heartbeat", self.events_heartbeat.0, 1)?;
        at_least("events_keep", self.events_keep.0, 1)?;
        at_least("events_keep_interval", self.events_keep_interval.0, 1)?;
        at_least("events_webhook_backlog", self.events_webhook_backlog as u64, 1)?;
        if self.superuser_reserved_connections >= self.max_connections {
            return Err(invalid(
                "\"superuser_reserved_connections\" must be less than \"max_connections\"",
            ));
        }
        if self.max_message.0 > i32::MAX as u64 {
            return Err(invalid("\"max_message\" must be less than 2GB"));
        }
        if self.ssl_cert_file.is_some() != self.ssl_key_file.is_some() {
            return Err(invalid("\"ssl_cert_file\" and \"ssl_key_file\" must be set together"));
        }
        if self.ssl_ca_file.is_some() && self.ssl_cert_file.is_none() {
            return Err(invalid("\"ssl_ca_file\" needs \"ssl_cert_file\" and \"ssl_key_file\""));
        }
        if self.ssl_crl_file.is_some() && self.ssl_ca_file.is_none() {
            return Err(invalid("\"ssl_crl_file\" needs \"ssl_ca_file\""));
        }
        if self.require_tls && self.ssl_cert_file.is_none() {
            return Err(invalid("\"require_tls\" needs \"ssl_cert_file\" and \"ssl_key_file\""));
        }
        let listens = [Some(self.pg_listen), self.http_listen];
        let is_remote = |address: &SocketAddr| !address.ip().is_loopback();
        if self.dev && listens.iter().flatten().any(is_remote) {
            return Err(invalid("\"dev\" trusts every client: it needs a loopback address"));
        }
        Ok(())
    }

    /// What guards the second port, and the audit log.
    fn validate_guard(&self) -> Result<(), ConfigError> {
        let within = |name: &str, value: u64, min: u64, max: u64| match (min..=max).contains(&value)
        {
            true => Ok(()),
            false => Err(invalid(format!("\"{name}\" must be from {min} to {max}"))),
        };
        within("http_max_head", self.http_max_head.0, 8 << 10, 1 << 20)?;
        within("http_max_headers", self.http_max_headers as u64, 16, 1_000)?;
        within("http_max_url", self.http_max_url.0, 1 << 10, self.http_max_head.0)?;
        within("http_rate_keys", self.http_rate_keys as u64, 100, 10_000_000)?;
        within("http_waf_threshold", u64::from(self.http_waf_threshold), 1, 1_000)?;
        within("http_waf_max_body", self.http_waf_max_body.0, 0, 1 << 20)?;
        within("audit_file_size", self.audit_file_size.0, 4 << 10, 1 << 40)?;
        if self.audit_max_size.0 != 0 && self.audit_max_size.0 < 2 * self.audit_file_size.0 {
            return Err(invalid("\"audit_max_size\" must be twice \"audit_file_size\", or 0"));
        }
        if self.http_rate_redis.is_some() && !cfg!(feature = "redis") {
            return Err(invalid("\"http_rate_redis\" needs a server built with feature \"redis\""));
        }
        let told = |name: &str, what: String| invalid(format!("\"{name}\": {what}"));
        list::plans(&self.http_rate_plans).map_err(|what| told("http_rate_plans", what))?;
        list::addresses(&self.http_trusted_proxies)
            .map_err(|what| told("http_trusted_proxies", what))?;
        list::hosts(&self.http_allowed_hosts).map_err(|what| told("http_allowed_hosts", what))?;
        list::origins(&self.http_cors_origins).map_err(|what| told("http_cors_origins", what))?;
        list::audited(&self.audit).map_err(|what| told("audit", what))?;
        list::addresses(&self.rtc_addresses).map_err(|what| told("rtc_addresses", what))?;
        list::addresses(&self.rtc_public_addresses)
            .map_err(|what| told("rtc_public_addresses", what))?;
        list::ports(&self.rtc_ports).map_err(|what| told("rtc_ports", what))?;
        crate::rtc::ice::parse(&self.rtc_ice_servers)
            .map_err(|what| told("rtc_ice_servers", what))?;
        within("rtc_max_channel_message", self.rtc_max_channel_message.0, 1 << 10, 1 << 30)?;
        within("rtc_connect_timeout", self.rtc_connect_timeout.0, 1, 86_400_000)?;
        within("rtc_disconnected_timeout", self.rtc_disconnected_timeout.0, 1, 86_400_000)?;
        within("rtc_resume_timeout", self.rtc_resume_timeout.0, 0, 86_400_000)?;
        Ok(())
    }

    /// Where the audit log is; a relative path starts at the data directory.
    pub fn audit_directory(&self) -> PathBuf {
        self.data_directory.join(&self.audit_directory)
    }

    /// What the functions of the extension `auth` ask for.
    pub fn auth_value(&self, name: &str) -> Option<String> {
        Some(match name {
            "auth_token_lifetime" => self.auth_token_lifetime.0.to_string(),
            "auth_refresh_lifetime" => self.auth_refresh_lifetime.0.to_string(),
            "auth_clock_skew" => self.auth_clock_skew.0.to_string(),
            "auth_signing_algorithm" => self.auth_signing_algorithm.as_str().to_owned(),
            "auth_key_rotation" => self.auth_key_rotation.0.to_string(),
            "auth_max_sessions" => self.auth_max_sessions.to_string(),
            "auth_max_api_keys" => self.auth_max_api_keys.to_string(),
            _ => return None,
        })
    }

    /// When failed logins cause delays, which leave time for the login itself.
    pub fn login_policy(&self) -> failures::Policy {
        failures::Policy {
            free: self.auth_login_failures,
            delay: self.auth_login_delay.duration(),
            delay_max: self
                .auth_login_delay_max
                .duration()
                .min(self.authentication_timeout.duration() / 2),
            window: self.auth_login_window.duration(),
        }
    }

    /// Workers of jobs, as many as leave half of the connections to clients.
    pub fn jobs_workers(&self) -> usize {
        self.jobs_workers.min(self.max_connections.div_ceil(2))
    }

    /// The certificate and key, with relative paths resolved.
    pub fn tls_files(&self) -> Option<(PathBuf, PathBuf)> {
        let resolve = |path: &PathBuf| self.data_directory.join(path);
        Some((resolve(self.ssl_cert_file.as_ref()?), resolve(self.ssl_key_file.as_ref()?)))
    }

    /// The files for client certificates, with relative paths resolved.
    pub fn client_certificate_files(&self) -> Option<(PathBuf, Option<PathBuf>)> {
        let resolve = |path: &PathBuf| self.data_directory.join(path);
        Some((resolve(self.ssl_ca_file.as_ref()?), self.ssl_crl_file.as_ref().map(resolve)))
    }

    /// Where the rules for connections are.
    pub fn hba_source(&self) -> hba::Source {
        hba::Source {
            hba_file: self.data_directory.join(&self.hba_file),
            ident_file: self.data_directory.join(&self.ident_file),
            has_tls: self.ssl_cert_file.is_some(),
            dev: self.dev,
            require_tls: self.require_tls,
        }
    }

    /// Where to archive; a relative path starts at the data directory.
    pub fn archive_directory(&self) -> Option<PathBuf> {
        self.archive_directory.as_ref().map(|path| self.data_directory.join(path))
    }

    /// Where contents of files are; a relative path starts at the data directory.
    pub fn files_directory(&self) -> PathBuf {
        self.data_directory.join(&self.files_directory)
    }

    pub fn parallelism(&self) -> usize {
        if self.parallelism > 0 { self.parallelism } else { cores() }
    }

    pub fn point_cache_bytes(&self) -> u64 {
        or_eighth(self.point_cache)
    }

    pub fn block_cache_bytes(&self) -> u64 {
        or_eighth(self.block_cache)
    }

    /// What graphs of vector indexes may take.
    pub fn vector_memory_bytes(&self) -> u64 {
        match self.vector_memory.0 {
            0 => memory_bytes() / 4,
            bytes => bytes,
        }
    }

    pub fn worker_threads(&self) -> usize {
        if self.worker_threads > 0 { self.worker_threads } else { cores().max(2) }
    }

    /// The whole configuration as a TOML file that gives it again.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every field is a TOML value")
    }
}

/// A cache's size: an eighth of the memory where none is set.
fn or_eighth(size: Bytes) -> u64 {
    match size.get() as u64 {
        0 => memory_bytes() / 8,
        bytes => bytes,
    }
}

/// Of the machine, or what the control group may have; 1 GiB where nobody tells.
fn memory_bytes() -> u64 {
    let read = |path| std::fs::read_to_string(path).ok();
    let limit = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    let total = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kb| kb << 10)
    });
    limit.into_iter().chain(total).min().unwrap_or(1 << 30)
}

/// Asked once: the answer comes from the file system (cgroups), and statements ask.
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, |count| count.get()))
}

fn read_file(path: &Path) -> Result<toml::Table, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| invalid(format!("could not read \"{}\": {error}", path.display())))?;
    text.parse()
        .map_err(|error: toml::de::Error| invalid(format!("\"{}\": {error}", path.display())))
}

fn default_keys() -> toml::Table {
    toml::Table::try_from(Config::default()).expect("every field is a TOML value")
}

/// All keys, each with a value that shows its TOML type.
fn known_keys() -> toml::Table {
    let sample = Config {
        ssl_cert_file: Some(PathBuf::new()),
        ssl_key_file: Some(PathBuf::new()),
        ssl_ca_file: Some(PathBuf::new()),
        ssl_crl_file: Some(PathBuf::new()),
        pg_socket: Some(PathBuf::new()),
        http_listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        http_rate_redis: Some(String::new()),
        archive_directory: Some(PathBuf::new()),
        files_s3_bucket: Some(String::new()),
        files_s3_endpoint: Some(String::new()),
        files_s3_credentials_file: Some(PathBuf::new()),
        rtc_turn_file: Some(PathBuf::new()),
        ..Config::default()
    };
    toml::Table::try_from(sample).expect("every field is a TOML value")
}

/// An environment variable as a key and its value, typed like the default.
fn environment_value(
    known: &toml::Table,
    name: &str,
    text: &str,
) -> Result<Option<(String, toml::Value)>, ConfigError> {
    let Some(suffix) = name.strip_prefix(ENVIRONMENT_PREFIX) else { return Ok(None) };
    if OTHER_VARIABLES.contains(&name) {
        return Ok(None);
    }
    let key = suffix.to_ascii_lowercase();
    let bad = |_| invalid(format!("invalid value for environment variable {name}: \"{text}\""));
    let value = match known.get(&key) {
        None => return Err(invalid(format!("unrecognized environment variable {name}"))),
        Some(toml::Value::Integer(_)) => toml::Value::Integer(text.parse().map_err(bad)?),
        Some(toml::Value::Float(_)) => toml::Value::Float(text.parse().map_err(|_| {
            invalid(format!("invalid value for environment variable {name}: \"{text}\""))
        })?),
        Some(toml::Value::Boolean(_)) => match text {
            "true" | "on" | "1" => toml::Value::Boolean(true),
            "false" | "off" | "0" => toml::Value::Boolean(false),
            _ => return Err(invalid(format!("{name} must be true or false"))),
        },
        Some(_) => toml::Value::String(text.to_owned()),
    };
    Ok(Some((key, value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("zserver.toml");
        std::fs::write(&path, file).unwrap();
        let environment = environment.iter().map(|(k, v)| (k.to_string(), v.to_string()));
        Config::load(Some(&path), environment, toml::Table::new())
    }

    #[test]
    fn environment_wins_over_the_file_and_the_file_over_defaults() {
        let config = load(
            "max_connections = 7\nstatement_timeout = \"2min\"",
            &[("ZSERVER_MAX_CONNECTIONS", "9"), ("ZSERVER_WORK_MEM", "64MB")],
        )
        .unwrap();
        assert_eq!(config.max_connections, 9);
        assert_eq!(config.statement_timeout, Milliseconds(120_000));
        assert_eq!(config.work_mem, Kilobytes(65_536));
        assert_eq!(config.deadlock_timeout, Config::default().deadlock_timeout);
        let ratio = load("", &[("ZSERVER_OTLP_SAMPLE_RATIO", "0.25")]).unwrap();
        assert_eq!(ratio.otlp_sample_ratio, 0.25);
        assert!(load("", &[("ZSERVER_OTLP_SAMPLE_RATIO", "2")]).is_err());
        assert!(load("", &[("ZSERVER_METRICS_ACCESS", "nobody")]).is_err());
    }

    #[test]
    fn unknown_keys_are_errors_in_every_layer() {
        assert!(load("max_conections = 7", &[]).is_err());
        assert!(load("", &[("ZSERVER_MAX_CONECTIONS", "7")]).is_err());
        assert!(load("", &[("ZSERVER_PASSWORD", "secret"), ("PATH", "/bin")]).is_ok());
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(load("require_tls = true", &[]).is_err());
        assert!(load("dev = true\npg_listen = \"0.0.0.0:5432\"", &[]).is_err());
        assert!(load("ssl_cert_file = \"a\"", &[]).is_err());
        assert!(load("ssl_ca_file = \"a\"", &[]).is_err());
        assert!(load("max_connections = 3", &[]).is_err());
    }

    #[test]
    fn printed_configuration_loads_as_itself() {
        let config = load("work_mem = \"1GB\"\nlog_format = \"json\"", &[]).unwrap();
        assert_eq!(load(&config.to_toml(), &[]).unwrap(), config);
    }
}
