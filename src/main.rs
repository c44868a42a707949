//! The `zserver` binary: a thin shell around the library.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use zserver::config::{Config, ConfigError};
use zserver::server::{self, maintenance};
use zserver::txn::archive::ReplayTarget;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A PostgreSQL-wire-compatible database server.
#[derive(Parser)]
#[command(name = "zserver", version, about)]
struct CommandLine {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve clients until SIGTERM (the default).
    Serve,
    /// Make the data directory and its superuser.
    Init,
    /// Print the configuration that would be used, as a configuration file.
    PrintConfig,
    /// Look for damage in what is stored, or let a running server look.
    Check,
    /// Copy everything at one instant, while clients go on.
    Backup {
        /// The backup's directory: made, or empty.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// An earlier backup; what has not changed since takes no space.
        #[arg(long, value_name = "DIR")]
        previous: Option<PathBuf>,
    },
    /// Compare a backup with its checksums.
    VerifyBackup {
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Make the data directory out of a backup.
    Restore {
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Archive to replay over it: an archive directory, or the "archive" in a data
        /// directory.
        #[arg(long, value_name = "DIR")]
        archive: Vec<PathBuf>,
        /// Replay up to this time (UTC unless it names a zone).
        #[arg(long, value_name = "TIME", conflicts_with = "to_commit")]
        to_time: Option<String>,
        /// Replay up to this commit timestamp.
        #[arg(long, value_name = "NUMBER")]
        to_commit: Option<u64>,
    },
    /// Look at the audit log.
    Audit {
        #[command(subcommand)]
        verb: AuditVerb,
    },
    /// Print the version.
    Version,
}

#[derive(Subcommand)]
enum AuditVerb {
    /// Compare each record with the one before it.
    Verify {
        /// A hash that an earlier "verify" has printed, to be found again.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Print records, a line of JSON each.
    Export {
        /// Of this class only.
        #[arg(long, value_name = "CLASS")]
        class: Option<String>,
        /// From this time on (UTC unless it names a zone).
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
    },
}

#[derive(Args, Clone)]
struct Options {
    /// Directory of all data [default: ./zserver-data].
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address for PostgreSQL clients [default: 127.0.0.1:5432].
    #[arg(long, global = true, value_name = "ADDRESS")]
    pg_listen: Option<SocketAddr>,
    /// Address for HTTP clients [default: none].
    #[arg(long, global = true, value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,
    /// Directory of a Unix socket for PostgreSQL clients [default: none].
    #[arg(long, global = true, value_name = "DIR")]
    pg_socket: Option<PathBuf>,
    /// Configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Trust every client on loopback, and serve a demonstration of rooms at /demo.
    #[arg(long, global = true)]
    dev: bool,
}

impl Options {
    /// All layers of configuration, these options on top.
    fn load(&self) -> Result<Config, ConfigError> {
        let mut flags = toml::Table::new();
        let mut set = |key: &str, value: toml::Value| flags.insert(key.to_owned(), value);
        if let Some(directory) = &self.data {
            set("data_directory", directory.display().to_string().into());
        }
        if let Some(address) = self.pg_listen {
            set("pg_listen", address.to_string().into());
        }
        if let Some(address) = self.http_listen {
            set("http_listen", address.to_string().into());
        }
        if let Some(directory) = &self.pg_socket {
            set("pg_socket", directory.display().to_string().into());
        }
        if self.dev {
            set("dev", true.into());
        }
        // Other programs' variables may be anything; ours are text.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Config::load(self.config.as_deref(), std::env::vars_os().filter_map(text), flags)
    }
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    match run(command_line) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("zserver: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command_line: CommandLine) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let options = command_line.options;
    match command_line.verb.unwrap_or(Verb::Serve) {
        Verb::Serve => {
            let config = options.load()?;
            server::run(config, Box::new(move || options.load()))?;
        }
        Verb::Init => server::init(options.load()?)?,
        Verb::PrintConfig => print!("{}", options.load()?.to_toml()),
        Verb::Check => return Ok(maintenance::check(options.load()?)?),
        Verb::Backup { to, previous } => {
            maintenance::backup(options.load()?, &to, previous.as_deref())?;
        }
        Verb::VerifyBackup { directory } => return Ok(maintenance::verify_backup(&directory)?),
        Verb::Restore { from, archive, to_time, to_commit } => {
            let target = match (to_time, to_commit) {
                (Some(time), _) => maintenance::recovery_time(&time)?,
                (None, Some(commit)) => ReplayTarget::CommitTs(commit),
                (None, None) => ReplayTarget::Latest,
            };
            maintenance::restore(options.load()?, &from, &archive, target)?;
        }
        Verb::Audit { verb: AuditVerb::Verify { head } } => {
            return Ok(server::audit::verify(&options.load()?, head.as_deref())?);
        }
        Verb::Audit { verb: AuditVerb::Export { class, since } } => {
            server::audit::export(&options.load()?, class.as_deref(), since.as_deref())?;
        }
        Verb::Version => println!("zserver {}", env!("CARGO_PKG_VERSION")),
    }
    Ok(ExitCode::SUCCESS)
}
