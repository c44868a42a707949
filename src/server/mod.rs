//! The server's life: open the store, listen, serve, drain, close.
//!
//! ```text
//! start ── open store, catalog ── superuser ── bind ── "ready" ── accept ⟳
//! SIGHUP            configuration and certificates anew, connections stay; the same
//!                   when a client calls `pg_reload_conf()`
//! SIGTERM, SIGINT   no more connections; idle sessions get 57P01 at once, running
//!                   statements have `shutdown_grace`; then commit what is queued
//! ```

mod lanes;
mod log;
pub mod maintenance;
mod remote;
mod scrub;
mod superuser;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use lanes::Lanes;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::pg::{self, Front, Lobby, Tls};
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
    stop: CancellationToken,
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
        let address = config.pg_listen;
        let tls = load_tls(&config)?;
        let database = open_database(config)?;
        superuser::ensure(&database).await?;
        session::drop_leftover_temporary(&database).await?;
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Error::new(
                sqlstate::SYSTEM_ERROR,
                format!("could not bind address \"{address}\": {error}"),
            )
        })?;
        let stop = CancellationToken::new();
        scrub::start(database.clone(), stop.clone())?;
        let front =
            Arc::new(Front { database, tls: ArcSwapOption::new(tls), lobby: Lobby::default() });
        Ok(Server { front, listener, stop })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        self.listener
            .local_addr()
            .map_err(|error| Error::internal(format!("listener has no address: {error}")))
    }

    /// What stops the server when it is cancelled.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Serves clients until it is stopped, then drains.
    async fn serve(self, lanes: &Lanes) -> Result<()> {
        tokio::spawn(upkeep(self.front.database.clone(), self.stop.clone()));
        tokio::spawn(resolve(self.front.database.clone(), self.stop.clone()));
        let open = self.accept(lanes).await;
        tracing::info!("shutting down");
        drop(self.listener);
        let database = &self.front.database;
        database.registry.drain(database.config().shutdown_grace.duration()).await;
        if !database.registry.emptied_within(END_TIMEOUT).await {
            tracing::warn!("some sessions did not end in time");
        }
        drop(open);
        let transactions = database.transactions.clone();
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
                (permit, self.listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                () = self.stop.cancelled() => return permits,
                next = next => next,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let front = self.front.clone();
                    let spawned = lanes.spawn(stream, move |stream| async move {
                        serve_client(stream, peer, front).await;
                        drop(permit);
                    });
                    if let Err(error) = spawned {
                        tracing::warn!(%peer, %error, "could not serve a connection");
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

async fn serve_client(stream: TcpStream, peer: SocketAddr, front: Arc<Front>) {
    // Without it small answers wait for acknowledgements.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "could not set TCP_NODELAY");
    }
    let ends = stream.local_addr().ok().map(|server| Ends { client: peer, server });
    if let Err(error) = pg::serve(stream, ends, front).await {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

fn load_tls(config: &Config) -> Result<Option<Arc<Tls>>> {
    match config.tls_files() {
        Some((certificate, key)) => Tls::load(&certificate, &key).map(|tls| Some(Arc::new(tls))),
        None => Ok(None),
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
                _ = hangup.recv() => {}
                () = front.database.reload_requested.notified() => {}
            }
            match reload_all(&front, &reload) {
                Ok(()) => tracing::info!("configuration reloaded"),
                Err(error) => tracing::error!("configuration not reloaded: {error}"),
            }
        }
        stop.cancel();
    });
    Ok(())
}

fn reload_all(front: &Front, reload: &Reload) -> Result<()> {
    let config =
        reload().map_err(|error| Error::new(sqlstate::CONFIG_FILE_ERROR, error.to_string()))?;
    let tls = load_tls(&config)?;
    front.database.reconfigure(config)?;
    front.tls.store(tls);
    Ok(())
}
