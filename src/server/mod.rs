//! The server's life: open the store, listen, serve, drain, close.
//!
//! ```text
//! start ── open store, catalog ── superuser ── bind ── "ready" ── accept ⟳
//! SIGHUP            configuration, certificates and pg_hba.conf anew, connections stay
//!                   (so does `pg_reload_conf`)
//! SIGTERM, SIGINT   no more connections; idle sessions get 57P01 at once, running
//!                   statements have `shutdown_grace`; then commit what is queued
//! ```

pub mod audit;
mod lanes;
mod log;
pub mod maintenance;
mod remote;
mod scrub;
mod socket;
mod superuser;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use lanes::Lanes;
use socket::UnixSocket;

use crate::audit::{Class, Event, Log, OK};
use crate::auth::failures::Failures;
use crate::auth::hba::Rules;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::events;
use crate::http;
use crate::jobs;
use crate::observe::refusal::Reason;
use crate::pg::{self, Front, Lobby, Origin, Tls};
use crate::session::{self, Database, Ends};
use crate::sqlstate;
use crate::storage::disk::{DiskEngine, DiskOptions};

/// Planning recurses deeply in unoptimised builds.
const THREAD_STACK_BYTES: usize = 16 << 20;

/// How long sessions may take to end after their last statement was stopped.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// How long threads that are still busy are waited for at the very end.
const RUNTIME_TIMEOUT: Duration = Duration::from_secs(1);

/// Reads the configuration again, for SIGHUP.
pub type Reload = Box<dyn Fn() -> std::result::Result<Config, crate::config::ConfigError> + Send>;

/// A server that listens.
pub struct Server {
    front: Arc<Front>,
    listener: TcpListener,
    /// The second port.
    http: Option<TcpListener>,
    socket: Option<UnixSocket>,
    stop: CancellationToken,
}

/// What `dev` turns on, for the log: nobody is to run it unawares.
fn tell_dev(http: Option<SocketAddr>) {
    tracing::info!(
        "\"dev\" is on: clients on loopback are trusted unless \"hba_file\" says otherwise"
    );
    if let Some(address) = http {
        tracing::info!("\"dev\" is on: a demonstration of rooms is at http://{address}/demo");
    }
}

/// Runs a server until it is told to stop by a signal.
pub fn run(config: Config, reload: Reload) -> Result<()> {
    log::start(&config);
    let lanes = Lanes::start(config.worker_threads(), THREAD_STACK_BYTES)?;
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let server = Server::start(config).await?;
        signals(server.front.clone(), server.stop.clone(), reload)?;
        println!(
            "zserver {} is ready to accept connections on {}",
            env!("CARGO_PKG_VERSION"),
            server.address()?
        );
        if let Some(address) = server.http_address() {
            println!("HTTP is served on {address}");
        }
        if server.front.database.config().dev {
            tell_dev(server.http_address());
        }
        server.serve(&lanes).await
    });
    lanes.stop(RUNTIME_TIMEOUT);
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    result
}

/// What is not a connection's: starting, accepting, signals, the end.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(THREAD_STACK_BYTES)
        .thread_name("zserver")
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("could not start threads: {error}")))
}

/// Makes the data directory and its superuser, and nothing else.
pub fn init(config: Config) -> Result<()> {
    log::start(&config);
    runtime()?.block_on(async {
        let database = open_database(config)?;
        superuser::ensure(&database).await?;
        database.transactions.shutdown();
        Ok(())
    })
}

fn open_database(config: Config) -> Result<Arc<Database>> {
    let options = DiskOptions {
        point_cache_bytes: config.point_cache_bytes(),
        cache_bytes: config.block_cache_bytes(),
        ..DiskOptions::default()
    };
    let engine = DiskEngine::open(&config.data_directory, &options)?;
    Database::open(config, Arc::new(engine))
}

impl Server {
    /// Opens the store and binds the port; nobody is served yet.
    pub async fn start(config: Config) -> Result<Server> {
        let (address, http_address) = (config.pg_listen, config.http_listen);
        let tls = Tls::load(&config)?.map(Arc::new);
        let rules = Rules::load(&config.hba_source())?;
        let socket_directory = config.pg_socket.clone();
        let database = open_database(config)?;
        superuser::ensure(&database).await?;
        session::drop_leftover_temporary(&database).await?;
        database.reclaim_left_over()?;
        database.audit.configure(&database.config())?;
        let listener = bind(address).await?;
        let http = match http_address {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let port = listener.local_addr().map_or(address.port(), |address| address.port());
        let socket = socket_directory.map(|directory| UnixSocket::bind(&directory, port));
        let socket = socket.transpose()?;
        let stop = CancellationToken::new();
        scrub::start(database.clone(), stop.clone())?;
        let front = Arc::new(Front {
            database,
            tls: ArcSwapOption::new(tls),
            rules: ArcSwap::from_pointee(rules),
            lobby: Lobby::default(),
            failures: Failures::default(),
        });
        let event = Event::new(Class::Admin, "server starts", OK);
        let version = env!("CARGO_PKG_VERSION");
        front.database.audit.record(event.with("detail", version));
        Ok(Server { front, listener, http, socket, stop })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        self.listener
            .local_addr()
            .map_err(|error| Error::internal(format!("listener has no address: {error}")))
    }

    /// Where HTTP is served, if it is.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// What stops the server when it is cancelled.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Serves clients until it is stopped, then drains.
    async fn serve(self, lanes: &Lanes) -> Result<()> {
        tokio::spawn(upkeep(self.front.database.clone(), self.stop.clone()));
        tokio::spawn(resolve(self.front.database.clone(), self.stop.clone()));
        jobs::start(self.front.database.clone(), lanes.handles(), self.stop.clone())?;
        let tracer = self.front.database.statistics.tracer.clone();
        if let Some(tracer) = tracer.clone() {
            tokio::spawn(tracer.run());
        }
        events::start(self.front.database.clone(), lanes.handles(), self.stop.clone());
        let (open, ()) = tokio::join!(self.accept(lanes), self.accept_http(lanes));
        tracing::info!("shutting down");
        drop((self.listener, self.socket));
        let database = &self.front.database;
        let drained = CancellationToken::new();
        if let Some(listener) = self.http {
            tokio::spawn(turn_away(listener, self.front.clone(), drained.clone()));
        }
        database.registry.drain(database.config().shutdown_grace.duration()).await;
        if let Some(counts) = &database.stat_statements
            && database.config().pg_stat_statements_save
        {
            counts.save();
        }
        if !database.registry.emptied_within(END_TIMEOUT).await {
            tracing::warn!("some sessions did not end in time");
        }
        drained.cancel();
        drop(open);
        if let Some(vectors) = &database.vectors {
            vectors.close();
        }
        if let Some(tracer) = tracer {
            tracer.close(database.config().otlp_timeout.duration()).await;
        }
        let transactions = database.transactions.clone();
        audit_end(&database.audit);
        let closed = tokio::task::spawn_blocking(move || transactions.shutdown()).await;
        closed.map_err(|error| Error::internal(format!("shutdown failed: {error}")))?;
        tracing::info!("stopped");
        Ok(())
    }

    /// Accepts until told to stop. Each socket holds a permit, taken before it is
    /// accepted, so that there are never more than the limits allow.
    async fn accept(&self, lanes: &Lanes) -> Arc<tokio::sync::Semaphore> {
        let config = self.front.database.config();
        let sockets = config.max_connections + config.max_pending_logins;
        let permits = Arc::new(tokio::sync::Semaphore::new(sockets));
        loop {
            let next = async {
                let permit = permits.clone().acquire_owned().await;
                (permit, self.next_client().await)
            };
            let (permit, accepted) = tokio::select! {
                () = self.stop.cancelled() => return permits,
                next = next => next,
            };
            // Nobody closes it.
            let Ok(permit) = permit else { return permits };
            match accepted {
                Ok(client) => {
                    self.front.database.statistics.pg_connections.add(1);
                    if let Err(error) = self.hand_over(client, permit, lanes) {
                        tracing::debug!(%error, "could not serve a connection");
                    }
                }
                Err(error) => {
                    // Out of descriptors, most likely: existing clients will end.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// The same for the second port.
    async fn accept_http(&self, lanes: &Lanes) {
        let Some(listener) = &self.http else { return };
        let router = http::router(self.front.clone(), self.stop.clone());
        let most = self.front.database.config().http_max_connections;
        let permits = Arc::new(tokio::sync::Semaphore::new(most));
        let addresses = http::Addresses::default();
        loop {
            let next = async { (permits.clone().acquire_owned().await, listener.accept().await) };
            let (permit, accepted) = tokio::select! {
                () = self.stop.cancelled() => return,
                next = next => next,
            };
            let Ok(permit) = permit else { return };
            match accepted {
                Ok((stream, client)) => {
                    self.front.database.statistics.http_connections.add(1);
                    let (front, stop) = (self.front.clone(), self.stop.clone());
                    let config = front.database.config();
                    let Some(counted) = addresses.admit(&config, client.ip()) else {
                        front.database.statistics.refusals.note(Reason::Connections);
                        tracing::debug!(%client, "too many connections from one address");
                        continue;
                    };
                    let router = router.clone();
                    let handed = ends_of(&stream, client).and_then(|ends| {
                        lanes.spawn(stream.into_std()?, move |stream, occupied| async move {
                            if let Ok(stream) = TcpStream::from_std(stream) {
                                let place = Box::new((permit, occupied, counted));
                                http::serve(stream, ends, router, front, stop, place).await;
                            }
                        });
                        Ok(())
                    });
                    if let Err(error) = handed {
                        tracing::debug!(%error, "could not serve a connection");
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Gives a connection to a lane.
    fn hand_over(
        &self,
        client: Client,
        permit: tokio::sync::OwnedSemaphorePermit,
        lanes: &Lanes,
    ) -> std::io::Result<()> {
        let front = self.front.clone();
        match client {
            Client::Network(stream, peer) => {
                let origin = Origin::Network(ends_of(&stream, peer)?);
                lanes.spawn(stream.into_std()?, move |stream, occupied| async move {
                    serve_client(TcpStream::from_std(stream), origin, front).await;
                    drop((permit, occupied));
                });
            }
            Client::Local(stream, peer) => {
                let origin = Origin::Local { peer };
                lanes.spawn(stream.into_std()?, move |stream, occupied| async move {
                    serve_client(UnixStream::from_std(stream), origin, front).await;
                    drop((permit, occupied));
                });
            }
        }
        Ok(())
    }

    /// The next connection, of either listener.
    async fn next_client(&self) -> std::io::Result<Client> {
        let local = async {
            match &self.socket {
                Some(socket) => socket.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = self.listener.accept() => {
                accepted.map(|(stream, peer)| Client::Network(stream, peer))
            }
            accepted = local => accepted.map(|(stream, peer)| Client::Local(stream, peer)),
        }
    }
}

/// Where a connection is between; it sends at once.
fn ends_of(stream: &TcpStream, client: SocketAddr) -> std::io::Result<Ends> {
    // Without it small answers wait for acknowledgements.
    stream.set_nodelay(true)?;
    Ok(Ends { client, server: stream.local_addr()? })
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("could not bind address \"{address}\": {error}");
        Error::new(sqlstate::SYSTEM_ERROR, message)
    })
}

/// Tells those who come to the second port while the server ends that it does.
async fn turn_away(listener: TcpListener, front: Arc<Front>, drained: CancellationToken) {
    /// Connections at a time.
    const CONNECTIONS_MAX: usize = 64;
    let permits = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async { (permits.clone().acquire_owned().await, listener.accept().await) };
        let (permit, accepted) = tokio::select! {
            () = drained.cancelled() => return,
            next = next => next,
        };
        let (Ok(permit), Ok((stream, client))) = (permit, accepted) else { return };
        if let Ok(ends) = ends_of(&stream, client) {
            let (router, front, stop) = (http::ending_router(), front.clone(), drained.clone());
            let place = Box::new(permit);
            tokio::spawn(http::serve(stream, ends, router, front, stop, place));
        }
    }
}

/// A socket, and where its other end is.
enum Client {
    Network(TcpStream, SocketAddr),
    Local(UnixStream, Option<String>),
}

/// What is done each minute.
async fn upkeep(database: Arc<Database>, stop: CancellationToken) {
    const INTERVAL: Duration = Duration::from_secs(60);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {
                database.warn_of_old_prepared();
                database.forget_dropped_counts();
            }
        }
    }
}

/// Finishes the branches of transactions over several servers that a failure has left:
/// at the start, and again and again.
async fn resolve(database: Arc<Database>, stop: CancellationToken) {
    loop {
        let pass = async {
            if let Err(error) = database.coordinator.resolve().await {
                tracing::warn!(%error, "branches on other servers are not resolved");
            }
            let interval = database.config().remote_recovery_interval.duration();
            tokio::time::sleep(interval).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = pass => {}
        }
    }
}

async fn serve_client<S>(stream: std::io::Result<S>, origin: Origin, front: Arc<Front>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let host = origin.host();
    let served = match stream {
        Ok(stream) => pg::serve(stream, origin, front).await,
        Err(error) => {
            tracing::warn!(host, %error, "could not serve a connection");
            return;
        }
    };
    if let Err(error) = served {
        tracing::debug!(host, %error, "connection ended");
    }
}

/// Waits for signals from now on: to stop, or to read the configuration again.
fn signals(front: Arc<Front>, stop: CancellationToken, reload: Reload) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let receive = |kind| {
        signal(kind)
            .map_err(|error| Error::internal(format!("signals cannot be received: {error}")))
    };
    let mut terminate = receive(SignalKind::terminate())?;
    let mut interrupt = receive(SignalKind::interrupt())?;
    let mut hangup = receive(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => reload_all(&front, &reload),
                () = front.database.reload_requested.notified() => reload_all(&front, &reload),
            }
        }
        stop.cancel();
    });
    Ok(())
}

/// The last record of a server that ends in good order.
fn audit_end(log: &Log) {
    log.record(Event::new(Class::Admin, "server stops", OK));
    log.close();
}

/// Reads the configuration, the certificates and the rules for connections again. What
/// is wrong stays as it was: the rules have to be right for themselves, all others
/// together.
fn reload_all(front: &Front, reload: &Reload) {
    let reloaded = reload()
        .map_err(|error| Error::new(sqlstate::CONFIG_FILE_ERROR, error.to_string()))
        .and_then(|config| {
            let tls = Tls::load(&config)?.map(Arc::new);
            front.database.audit.configure(&config)?;
            front.database.reconfigure(config)?;
            front.tls.store(tls);
            Ok(())
        });
    match reloaded {
        Ok(()) => tracing::info!("configuration reloaded"),
        Err(error) => tracing::error!("configuration not reloaded: {error}"),
    }
    match Rules::load(&front.database.config().hba_source()) {
        Ok(rules) => front.rules.store(Arc::new(rules)),
        Err(error) => {
            let detail = error.report().detail.clone().unwrap_or_default();
            tracing::error!("the rules for connections were not reloaded: {error} {detail}");
        }
    }
}
