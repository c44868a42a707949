//! The one integration-test binary; each suite is a module.
//!
//! | suite | what it holds true |
//! |---|---|
//! | [`layers`] | the `use` lines follow the architecture |
//! | [`sql`] | `tests/sql/**/*.slt` pass on this server and on PostgreSQL 15 |
//! | [`activity`] | sessions as others see and stop them; every operator can be stopped |
//! | [`client`] | an unmodified driver: types, transactions, COPY, streams |
//! | [`abuse`] | what no client should send harms nobody |
//! | [`history`] | each isolation level rules out the anomalies it has to |
//! | [`locks`] | table locks: who waits for whom, and what is seen after a wait |
//! | [`login`] | rules for connections, sockets, certificates, function calls, order of messages |
//! | [`sessions`] | sessions beside each other: names, locks, temporary objects |
//! | [`regress`] | what was equal in PostgreSQL's regression files stays equal |
//! | [`remembered`] | rows that are remembered to pass a condition of a search stay right |
//! | [`rtc_channels`] | SQL over data channels: a driver, JSON-RPC, what a closed one leaves |
//! | [`rtc_livekit`] | LiveKit's sessions: resumed, over one connection, what they refuse |
//! | [`rtc_peers`] | peers of WebRTC: signalling, channels, WHIP, WHEP, forwarding, servers of ICE |
//! | [`rtc_playback`] | recordings are played to a peer and into a room, from any place, to their end |
//! | [`rtc_quality`] | what is lost lowers the score of a call, and is told; what comes again raises it |
//! | [`rtc_recordings`] | recordings: what is in their files, what a kill leaves of them, who may ask |
//! | [`rtc_signalling`] | what no peer should signal harms nobody |
//! | [`http`] | the second port: SQL over HTTP, who may ask, what is refused |
//! | [`http_auth`] | tokens, sessions, API keys, foreign issuers: what is refused, what a kill leaves |
//! | [`http_dumps`] | what is set up in jobs, sagas, pgmq and files is in a dump, and works where that is restored |
//! | [`http_events`] | the change feed: order, rights, resuming over kills, webhooks, sinks |
//! | [`http_files`] | files: names, ranges, rights, quotas, contents that are swept, killed and damaged |
//! | [`http_collections`] | collections over HTTP: points, searches against comparing all, streams and kills |
//! | [`http_guard`] | what stands before its routes: limits, sizes, origins, paths, rules |
//! | [`http_jobs`] | jobs over HTTP and in SQL: states, workers, schedules, kills |
//! | [`http_jobs_batches`] | many jobs at a time: claims, completions, sessions used again |
//! | [`http_openapi`] | the document of the second port against its routes; problems, methods, pages everywhere |
//! | [`http_secrets`] | TLS is told to be stayed with; no line of the log has a secret |
//! | [`http_sagas`] | sagas are done or undone, whenever the server is killed |
//! | [`http_sinks`] | sinks and shared limits against real brokers, read with their clients |
//! | [`http_transfers`] | jobs that export rows to files and ingest files: formats, limits, rights, cancels, kills |
//! | [`http_tus`] | uploads that go on: tus 1.0 case by case, the IETF's draft, kills |
//! | [`http_sql`] | its transactions, keys, Arrow, pool of sessions |
//! | [`http_ws`] | its WebSockets: queries, pages, cancels, notifications, PostgreSQL's protocol |
//! | [`rtc_rooms`] | rooms: who may be in them, tokens, moderators, limits, restarts, LiveKit's RoomService |
//! | [`indexes`] | partial and expression indexes are read, statistics of columns together used |
//! | [`isolation`] | PostgreSQL's isolation specs that passed keep passing |
//! | [`functions`] | `compat/functions.md` lists the functions that exist |
//! | [`large`] | statements that change more rows than memory holds |
//! | [`large_objects`] | large objects: snapshots, writers beside each other, kills |
//! | [`catalogs`] | psql describes and pg_dump dumps as on PostgreSQL |
//! | [`observe`] | what the server tells of itself: metrics, health, traces, slow statements |
//! | [`online`] | indexes are built, partitions detached while the table is in use |
//! | [`memory`] | queries within the memory limit |
//! | [`coordinator`] | a transaction over several servers is on all of them or on none |
//! | [`long`] | long transactions and clients that vanish do not harm the server |
//! | [`two_phase`] | prepared transactions survive every end of the server |
//! | [`crash`] | kill −9 under load loses no acknowledged commit |
//! | [`power`] | nor does a power cut |
//! | [`check`] | `zserver check` names what is planted |
//! | [`backup`] | a backup under load restores, at its instant and at later ones |
//! | [`wire`] | the same bytes have the same answers as from PostgreSQL |
//! | [`audit_log`] | what the audit log has, and that no change of it goes unseen |
//! | [`audit`] | what the log tells, reserved places, counts of statements, revoked certificates |
//! | [`vacuum`] | VACUUM removes what nobody can see, and says how much |
//! | [`nearest`] | searches of vectors: plans, snapshots, own writes, policies |
//! | [`databases`] | databases beside each other, their templates, a crash in between |
//! | [`vectors`] | kill −9 under vector indexes: every committed row is found by its vector |
//! | [`formats`] | data directories of earlier formats open |
//!
//! What a test needs and the machine lacks (PostgreSQL's server) is said in one
//! line, and the test is skipped.

mod abuse;
mod activity;
mod audit;
mod audit_log;
mod backup;
mod catalogs;
mod check;
mod client;
mod coordinator;
mod crash;
mod databases;
mod formats;
mod functions;
mod history;
mod http;
mod http_auth;
mod http_bad_input;
mod http_collections;
mod http_dumps;
mod http_events;
mod http_files;
mod http_guard;
mod http_jobs;
mod http_jobs_batches;
mod http_openapi;
mod http_sagas;
mod http_secrets;
mod http_sinks;
mod http_sql;
mod http_transfers;
mod http_tus;
mod http_ws;
mod indexes;
mod isolation;
mod large;
mod large_objects;
mod layers;
mod locks;
mod login;
mod long;
mod memory;
mod nearest;
mod observe;
mod online;
mod power;
mod regress;
mod remembered;
mod rtc_channels;
mod rtc_livekit;
mod rtc_peers;
mod rtc_playback;
mod rtc_quality;
mod rtc_recordings;
mod rtc_rooms;
mod rtc_signalling;
mod sessions;
mod sql;
mod support;
mod two_phase;
mod vacuum;
mod vectors;
mod wire;
